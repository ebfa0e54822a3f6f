//! What the programs say to people: answers, remedies and warnings in words.

pub mod status;

use crate::inspect::{Inspection, Obstacle, Outcome};
use crate::picture::PictureFault;
use crate::rollback::CounterFault;
use activation_code::{Bundle, Day, Event, Phase, ReadFault, Reason, Repair, Standing, Terms, Warning};
use std::fmt::Write;

/// The answer of an inspection, for standard output.
pub fn answer(inspection: &Inspection) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_answer(&mut text, inspection);
    text
}

fn write_answer(text: &mut String, inspection: &Inspection) -> std::fmt::Result {
    match (&inspection.outcome, &inspection.standing) {
        (Outcome::Accepted | Outcome::Repaired, Some(standing)) => {
            writeln!(text, "{}: {}", standing.phase.answer().name(), phase(standing, inspection.terms()))?
        }
        _ => writeln!(text, "Not accepted")?,
    }
    let Some(terms) = inspection.terms() else { return Ok(()) };
    if let Some(obstacle) = &inspection.obstacle {
        // In the order of the list: what comes later is looked at after a good signature only.
        let signed = obstacle.reason() >= Reason::ForTestingOnly;
        writeln!(text, "{}", if signed { "the code says:" } else { "what the code claims, which nothing proves:" })?;
    }
    write_terms(text, terms)?;
    if let Some(issuer) = inspection.issuer() {
        writeln!(text, "  signed with  {}", issuer.key)?;
    }
    if let Some(standing) = &inspection.standing {
        writeln!(text, "  entitled to  {} (on {})", entitlements(standing), standing.today)?;
        match standing.release_covered {
            Some(true) => writeln!(text, "  release      covered by maintenance")?,
            Some(false) => writeln!(
                text,
                "  release      not covered: made after maintenance ended; releases up to {} are",
                terms.period.last()
            )?,
            None => {}
        }
    }
    Ok(())
}

/// `run, updates, support`, or what is left of it.
fn entitlements(standing: &Standing) -> String {
    let all = [(standing.run, "run"), (standing.updates, "updates"), (standing.support, "support")];
    let entitled: Vec<_> = all.into_iter().filter_map(|(yes, what)| yes.then_some(what)).collect();
    if entitled.is_empty() { "nothing".to_owned() } else { entitled.join(", ") }
}

/// The terms as lines of a label and a value.
pub fn terms(terms: &Terms) -> String {
    let mut text = String::new();
    let _ = write_terms(&mut text, terms);
    text
}

fn write_terms(text: &mut String, terms: &Terms) -> std::fmt::Result {
    let test = if terms.test { ", FOR TESTING ONLY" } else { "" };
    writeln!(text, "  product      {}", terms.product)?;
    writeln!(text, "  license      {}, revision {}, {}{test}", terms.license, terms.revision, terms.kind.name())?;
    writeln!(text, "  units        {}", terms.units)?;
    writeln!(text, "  maintenance  {}, both days included", terms.period)?;
    if let Some(days) = terms.grace {
        writeln!(text, "  grace        {days} days")?;
    }
    if let Some(members) = &terms.members {
        let members: Vec<_> = members.products().iter().map(ToString::to_string).collect();
        writeln!(text, "  members      {}", members.join(", "))?;
    }
    if let Some(host) = terms.host {
        writeln!(text, "  host         {host}")?;
    }
    if let Some(features) = terms.features {
        writeln!(text, "  features     {features}")?;
    }
    if let Some(holder) = &terms.holder {
        writeln!(text, "  holder       {}", holder.as_str())?;
    }
    writeln!(text, "  issued       {} by issuer {}", terms.issued, terms.issuer)
}

/// The phase in words, with the days that are left.
fn phase(standing: &Standing, terms: Option<&Terms>) -> String {
    let days = days(standing.days_left.unwrap_or(0));
    match standing.phase {
        Phase::None => "no code has been entered".into(),
        Phase::NotYetValid => match terms {
            Some(terms) => format!("maintenance begins on {}", terms.period.first()),
            None => "maintenance has not begun".into(),
        },
        Phase::Maintenance if standing.days_left == Some(0) => "in maintenance, today is the last day".into(),
        Phase::Maintenance => format!("in maintenance, {days} left"),
        Phase::Grace if standing.days_left == Some(0) => {
            "maintenance has ended, today is the last day of grace; renew with your license desk".into()
        }
        Phase::Grace => format!("maintenance has ended, {days} of grace left; renew with your license desk"),
        Phase::Lapsed => "maintenance has ended; the software runs on without updates and support".into(),
        Phase::Expired => "the evaluation has ended; ask your license desk for a full license".into(),
        Phase::Frozen if standing.days_left == Some(0) => {
            "the service is frozen, today is the last day to renew before its data is purged".into()
        }
        Phase::Frozen => format!("the service is frozen; {days} left to renew before its data is purged"),
        Phase::Purge => "the service has ended and its data is to be purged".into(),
        Phase::EndOfLife => "the product has reached its End of Life".into(),
        Phase::Revoked => "the license desk has revoked this code".into(),
    }
}

fn days(number: u32) -> String {
    match number {
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

/// Everything that is wrong, one sentence each, and what to do about it.
pub fn obstacle(obstacle: &Obstacle) -> (Vec<String>, &'static str) {
    let sentences = match obstacle {
        Obstacle::Read(ReadFault::Typing(faults)) => faults.all().iter().map(ToString::to_string).collect(),
        Obstacle::Read(fault) => vec![fault.to_string()],
        Obstacle::Refused(refusal) => vec![refusal.to_string()],
    };
    (sentences, remedy(obstacle.reason()))
}

/// What was changed, exactly.
pub fn repair(repair: &Repair) -> String {
    changed(repair, "the code says")
}

/// What a person may have meant.
pub fn proposal(repair: &Repair) -> String {
    changed(repair, "probably")
}

/// Another thing that may have been meant, in short.
pub fn other_proposal(repair: &Repair) -> String {
    let group = repair.group.map(|group| format!("group {group}, ")).unwrap_or_default();
    format!("{group}{} ({})", repair.meant, event(repair.event))
}

fn changed(repair: &Repair, says: &str) -> String {
    let Repair { row, group, typed, meant, event } = repair;
    let place = match group {
        Some(group) => format!("row {row}, group {group}"),
        None => format!("row {row}"),
    };
    let what = self::event(*event);
    match (typed.is_empty(), meant.is_empty()) {
        (true, true) => format!("{place}: {what}"),
        (false, true) => format!("{place}: you typed {typed}, {says} nothing there ({what})"),
        (true, false) => format!("{place}: {says} {meant}, which was not typed ({what})"),
        (false, false) => format!("{place}: you typed {typed}, {says} {meant} ({what})"),
    }
}

/// What happened, in words.
pub fn event(event: Event) -> &'static str {
    match event {
        Event::Substitution => "another character",
        Event::Swap => "two characters swapped",
        Event::Jump => "swapped around a third",
        Event::GroupSwap => "two groups swapped",
        Event::Twin => "a doubled character mistyped",
        Event::Omission => "a character left out",
        Event::Extra => "a character too many",
        Event::Unreadable => "an unreadable character",
        Event::Moved => "a character in another place",
        Event::WrongRow => "a row in another place",
        Event::KeyboardLayout => "another keyboard layout",
        _ => "a mistake",
    }
}

/// What a person can do about a refusal.
pub fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::Empty => "give the rows of the code, or the file that the license desk sent",
        Reason::TooLong => "give only the code, or the part of the mail that holds it",
        Reason::UnknownCharacter => {
            "compare that group with the paper; a code has the letters A to Z without I, L, O, U, and digits"
        }
        Reason::RowLength | Reason::MissingGroup => {
            "compare that row with the paper: five groups of five, the last perhaps fewer"
        }
        Reason::RowCheck => "compare that row with the paper, group by group",
        Reason::CharactersSwapped => "compare the order of the characters with the paper",
        Reason::WrongRow => "type the rows in the order of the paper, or with their numbers before them, as in `3)`",
        Reason::MissingRow | Reason::LastRowMissing => "type that row too",
        Reason::OtherKind => "use the rows under the heading `Activation code`",
        Reason::RowsFromDifferentCodes => "take all rows from one sheet, and give one code at a time",
        Reason::NotCanonical => "ask the license desk for the code again; this one was not made by a desk",
        Reason::NewerFormat => {
            "install a newer release of this program, or ask the license desk for a code that this one reads"
        }
        Reason::UnknownIssuer => {
            "ask the license desk which issuer it has, and whether this installation should trust it"
        }
        Reason::BadSignature => "ask the license desk whether it issued this code; it was typed correctly",
        Reason::ForTestingOnly => {
            "ask the license desk for a code for production, or use --allow-test on a test system"
        }
        Reason::IssuerVoid => "ask the license desk for a new code; it has replaced its issuing key",
        Reason::Revoked => "ask the license desk why the code was revoked",
        Reason::LimitExceeded => "ask whoever issued the code; its issuer may not issue this",
        Reason::Superseded => "use the newer code that was entered before",
        Reason::OtherProduct => "use the code for this product; one sheet may hold several",
        Reason::OtherHost => "enter it on the host that it was requested for, or request a code for this one",
        // The list is open for the library's later releases.
        _ => "ask the license desk",
    }
}

/// What a person can do about a picture that gives no code.
pub fn picture(fault: &PictureFault) -> &'static str {
    match fault {
        PictureFault::Foreign(_) => "photograph the QR code or save it as PNG or JPEG, or give the rows as text",
        PictureFault::TooLong | PictureFault::TooLarge { .. } => "cut the QR code out, or take a smaller picture",
        PictureFault::Damaged(_) => "copy the file again, or take another picture",
        PictureFault::NoCode | PictureFault::Unreadable => {
            "take it again: the whole code with its white border, from above, sharp, in even light; or type the rows"
        }
        PictureFault::OtherCode => "use the QR code under the heading `Activation code`",
        PictureFault::Several(_) => "take a picture of only one of them",
        PictureFault::TooSlow | PictureFault::Failed => "cut the QR code out of the picture, or type the rows",
    }
}

/// What a person can do about a counter that cannot be used. A product runs without it.
pub fn counter(fault: &CounterFault) -> String {
    match fault {
        CounterFault::NoDevice { .. } => "look for it (ls /dev/tpm*); it may be switched off in the firmware".into(),
        CounterFault::NotADevice { .. } | CounterFault::Silent { .. } | CounterFault::Answer { .. } => {
            "give the device of a TPM 2.0, /dev/tpmrm0 as a rule".into()
        }
        CounterFault::NoPermission { .. } => "run it as root or in the group of the device, tss as a rule".into(),
        CounterFault::InUse { .. } => "give /dev/tpmrm0, which programs can share, or end the other program".into(),
        CounterFault::System(_) => "look for what the kernel says of the TPM (dmesg)".into(),
        CounterFault::OldTpm => "leave the counter out; it needs a TPM 2.0".into(),
        CounterFault::Taken { .. } | CounterFault::IndexPassword { .. } => {
            "give another index; `tpm2_getcap handles-nv-index` lists those that are taken".into()
        }
        CounterFault::OwnerPassword { index } => format!(
            "make it with that password: tpm2_nvdefine {index} -C o -P OWNERPASSWORD -s 8 \
             -a 'authread|authwrite|no_da|nt=counter'"
        ),
        CounterFault::Full { .. } => {
            "remove an index that nobody needs (`tpm2_getcap handles-nv-index` lists them), or leave the counter out"
                .into()
        }
        CounterFault::Locked { .. } => "restart the machine, or give another index".into(),
        CounterFault::Gone { .. } => "run it again: the counter is made anew, above its last value".into(),
        CounterFault::Refused { code, .. } => format!("`tpm2_rc_decode 0x{code:03x}` says what that means"),
    }
}

/// A warning as a sentence.
pub fn warning(warning: Warning, standing: &Standing) -> String {
    match warning {
        Warning::EndsSoon if standing.days_left == Some(0) => {
            "maintenance ends today; renew with your license desk".into()
        }
        Warning::EndsSoon => {
            format!("maintenance ends in {}; renew with your license desk", days(standing.days_left.unwrap_or(0)))
        }
        Warning::InGrace => format!(
            "maintenance has ended; grace ends {}; renew with your license desk",
            if standing.days_left == Some(0) {
                "today".into()
            } else {
                format!("in {}", days(standing.days_left.unwrap_or(0)))
            }
        ),
        Warning::ClockBehind => {
            format!("the clock is behind: something that is here was made on {}; that day counts", standing.today)
        }
        Warning::HostNotChecked => "the code is bound to a host, and no --host was given to compare".into(),
        Warning::TestTrust => {
            "this is a code for testing, or signed with a test key that everybody has; it proves nothing".into()
        }
        other => other.name().replace('-', " "),
    }
}

/// What a trust bundle says, a line each, as it is on a day.
pub fn bundle_in_words(bundle: &Bundle, today: Day) -> String {
    let age = today.days_after(bundle.issued);
    let mut text = format!("  vendor       {}\n", bundle.vendor);
    for line in &bundle.contact {
        text.push_str(&format!("  contact      {line}\n"));
    }
    text.push_str(&format!("  issued       {}, {age} days ago\n", bundle.issued));
    if bundle.test {
        text.push_str("  test         FOR TESTING ONLY\n");
    }
    let roots = &bundle.roots;
    text.push_str(&format!(
        "  roots        {} of {} sign, fingerprint {}\n",
        roots.threshold(),
        roots.keys().len(),
        roots.fingerprint()
    ));
    for issuer in &bundle.issuers {
        let void = if issuer.void { ", VOID" } else { "" };
        text.push_str(&format!("  issuer       {}:{}{void}{}\n", issuer.number, issuer.key, issuer.limits));
    }
    for (license, good) in &bundle.revoked {
        match good {
            Some(revision) => text.push_str(&format!("  revoked      license {license} below revision {revision}\n")),
            None => text.push_str(&format!("  revoked      license {license}\n")),
        }
    }
    for product in &bundle.products {
        text.push_str(&format!("  product      {}, {}: {}\n", product.id, product.mnemonic, product.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of last resort are for what a later release of the library adds.
    #[test]
    fn each_reason_has_its_remedy_and_each_mistake_its_words() {
        for &reason in Reason::ALL {
            assert_ne!(remedy(reason), "ask the license desk", "{reason:?}");
        }
        for &event in Event::ALL {
            assert_ne!(super::event(event), "a mistake", "{event:?}");
        }
    }
}
