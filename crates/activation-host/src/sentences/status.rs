//! What an installation says of itself: the answer first, then why, what to do, and whom to ask (rule I2).

use super::{days, entitlements, phase};
use crate::holdings::LicenseStanding;
use crate::status::Status;
use activation_code::{Bundle, Phase, Reason, Terms, Warning};
use std::fmt::Write;

/// In one line, for a log or a login message.
pub fn in_one_line(status: &Status) -> String {
    let mut line = headline(status);
    if let Some(best) = status.licenses.first() {
        let terms = best.license.terms();
        let _ = write!(line, "; {} units until {}", status.units, terms.period.last());
    }
    for &warning in &status.standing.warnings {
        let _ = write!(line, "; {}", warning.name());
    }
    line.push('\n');
    line
}

/// Everything, for a person.
pub fn in_full(status: &Status) -> String {
    let mut text = headline(status) + "\n";
    // Writing to a String does not fail.
    let _ = write_body(&mut text, status);
    text
}

fn headline(status: &Status) -> String {
    let terms = status.licenses.first().map(|best| best.license.terms());
    format!("{}: {}", status.answer().name(), phase(&status.standing, terms))
}

fn write_body(text: &mut String, status: &Status) -> std::fmt::Result {
    let Status { today, standing, .. } = status;
    writeln!(text, "  today        {}{}", today.day, clock(status))?;
    writeln!(text, "  entitled to  {}", entitlements(standing))?;
    if let Some(covered) = standing.release_covered {
        let newest = status.licenses.iter().map(|license| license.license.terms().period.last()).max();
        match (covered, newest) {
            (true, _) => writeln!(text, "  release      covered by maintenance")?,
            (false, Some(last)) => writeln!(text, "  release      not covered; releases made up to {last} are")?,
            (false, None) => writeln!(text, "  release      not covered")?,
        }
    }
    if !status.licenses.is_empty() {
        let in_use = status.in_use.map(|units| format!(", {units} in use")).unwrap_or_default();
        let assigned = match status.sites.assigned() {
            0 => String::new(),
            units => format!(", {units} assigned to sites"),
        };
        writeln!(text, "  units        {}{in_use}{assigned}", status.units)?;
    }
    for license in &status.licenses {
        write_license(text, license, status.bundle.as_ref())?;
    }
    for code in &status.set_aside {
        writeln!(text, "  set aside    license {}, revision {}: {}", code.license, code.revision, code.refusal)?;
    }
    if let Some(bundle) = &status.bundle {
        let age = today.day.days_after(bundle.issued);
        writeln!(
            text,
            "  trust        bundle {} of {}, {} old",
            bundle.number,
            bundle.vendor,
            days(age.unsigned_abs())
        )?;
    }
    if let Some(host) = status.host {
        writeln!(text, "  host         {host}")?;
    }
    for (i, line) in status.contact.iter().enumerate() {
        writeln!(text, "  {}{line}", if i == 0 { "contact      " } else { "             " })?;
    }
    Ok(())
}

/// What makes today another day than the clock's.
fn clock(status: &Status) -> String {
    match status.today.clock {
        None => ", because the clock cannot be read".into(),
        Some(clock) if clock != status.today.day => format!(", the clock shows {clock}"),
        Some(_) => String::new(),
    }
}

fn write_license(text: &mut String, license: &LicenseStanding, bundle: Option<&Bundle>) -> std::fmt::Result {
    let terms = license.license.terms();
    let Terms { units, kind, revision, period, .. } = terms;
    let test = if license.license.is_test() { ", FOR TESTING ONLY" } else { "" };
    writeln!(text, "  license {}, revision {revision}: {}{test}", terms.license, product(terms, bundle))?;
    writeln!(text, "    {units} units, {}, maintenance {period}", kind.name())?;
    writeln!(text, "    {}", phase(&license.standing, Some(terms)))?;
    if let Some(successor) = &license.successor {
        let next = successor.terms();
        writeln!(text, "    then revision {}: {} units, maintenance {}", next.revision, next.units, next.period)?;
    }
    Ok(())
}

/// A product as people know it.
fn product(terms: &Terms, bundle: Option<&Bundle>) -> String {
    match bundle.and_then(|bundle| bundle.product(terms.product)) {
        Some(known) => known.name.clone(),
        None => format!("product {}", terms.product),
    }
}

/// Each warning as a sentence, and what helps.
pub fn warnings(status: &Status) -> Vec<(String, Option<String>)> {
    let mut said = Vec::new();
    for &warning in &status.standing.warnings {
        match warning {
            Warning::StateDamaged => damage(status, &mut said),
            Warning::EndsSoon | Warning::InGrace | Warning::QueuedSuccessor | Warning::GapBeforeSuccessor => {
                for license in status.licenses.iter().filter(|license| license.standing.warnings.contains(&warning)) {
                    said.push((of_license(warning, license), None));
                }
            }
            _ => said.push(of_installation(warning, status)),
        }
    }
    if let Some(fault) = &status.counter_fault {
        said.push((fault.to_string(), Some(super::counter(fault))));
    }
    if let Some(fault) = &status.not_remembered {
        let hint = "let the program write there; until then it forgets which days it has seen";
        said.push((format!("cannot remember today: {fault}"), Some(hint.into())));
    }
    said
}

fn damage(status: &Status, said: &mut Vec<(String, Option<String>)>) {
    for damage in &status.damage {
        let hint = if damage.recovered { None } else { Some(remedy(damage)) };
        said.push((damage.to_string(), hint.map(Into::into)));
    }
    for (day, what) in &status.damaged_before {
        if status.damage.iter().all(|now| now.to_string() != *what) {
            let hint = "`activation forget --damage` ends this report";
            said.push((format!("found on {day}: {what}"), Some(hint.into())));
        }
    }
}

fn remedy(damage: &crate::damage::Damage) -> &'static str {
    use crate::damage::Flaw;
    match &damage.what {
        Flaw::Code(_) | Flaw::Mistyped => "enter that code again, from its certificate",
        Flaw::Missing if damage.place.ends_with(".lic") => {
            "enter that code again, or let `activation forget --damage` no longer miss it"
        }
        Flaw::Roots | Flaw::Bundle(_) => "load the newest bundle of the vendor again with `activation trust load`",
        Flaw::Unreadable(_) => "let this user read it",
        Flaw::Moved => "ask the desk for codes for this host, with `activation request`",
        _ if damage.place.ends_with("sites.txt") => "assign the units of the sites again with `activation sites`",
        Flaw::PutBack { .. } => "enter the newest codes again, and load the newest bundle",
        Flaw::OtherCounter { .. } => {
            "give the installation its own counter, or leave it: from the next change on it counts"
        }
        _ => "the days that were seen are lost; codes and trust count as before",
    }
}

fn of_license(warning: Warning, license: &LicenseStanding) -> String {
    let number = license.license.terms().license;
    let left = match license.standing.days_left {
        Some(0) | None => "today".into(),
        Some(left) => format!("in {}", days(left)),
    };
    let successor = license.successor.as_ref().map(|code| code.terms().period.first());
    match (warning, successor) {
        (Warning::EndsSoon, _) => format!("license {number}: maintenance ends {left}; renew with your license desk"),
        (Warning::InGrace, _) => {
            format!("license {number}: maintenance has ended; grace ends {left}; renew with your license desk")
        }
        (Warning::QueuedSuccessor, Some(first)) => {
            format!("license {number}: the next code is here, and takes over on {first}")
        }
        (Warning::GapBeforeSuccessor, Some(first)) => {
            let last = license.license.terms().period.last();
            format!("license {number}: the next code begins on {first}, and nothing covers the days after {last}")
        }
        (warning, _) => format!("license {number}: {}", warning.name().replace('-', " ")),
    }
}

fn of_installation(warning: Warning, status: &Status) -> (String, Option<String>) {
    let day = status.today.day;
    let shown = status.today.clock.map(|clock| clock.to_string()).unwrap_or_default();
    let set_clock = "set the clock; `activation request --clock` asks the desk to reset what was seen wrongly";
    let newest = "ask the vendor for the newest bundle, or install a newer release, which brings it";
    let (sentence, hint) = match warning {
        Warning::ClockBehind => {
            (format!("the clock shows {shown}, and {day} has certainly begun; that day counts"), Some(set_clock))
        }
        Warning::ClockAhead => {
            let floor =
                status.today.floor.map(|floor| format!(" than {floor}, the last day that is sure")).unwrap_or_default();
            (
                format!("the clock shows {shown}, much later{floor}"),
                Some("set the clock, or leave it: after eleven days it is believed"),
            )
        }
        Warning::ClockUnreadable => (format!("the clock cannot be read; {day} counts"), Some("set the clock")),
        Warning::BundleOld => {
            let age = status.bundle.as_ref().map_or(0, |bundle| day.days_after(bundle.issued));
            (format!("the trust bundle is {age} days old; newer revocations are not known here"), Some(newest))
        }
        Warning::BundleMissing => ("there is no trust bundle; revocations are not known here".into(), Some(newest)),
        Warning::Conflict => (
            "two codes of one license and revision say different things; the one that was issued later counts".into(),
            Some("tell your license desk, which may have been restored from a backup"),
        ),
        Warning::OverUse => {
            let in_use = status.in_use.unwrap_or(0);
            let over = in_use.saturating_sub(status.units);
            let sentence =
                format!("{in_use} units are in use, {over} more than the {} that are licensed", status.units);
            (
                sentence,
                Some("ask your license desk for more units; service and support are not assured for those above"),
            )
        }
        Warning::OverAssigned => {
            let assigned = status.sites.assigned();
            let over = assigned.saturating_sub(status.units);
            let sentence =
                format!("{assigned} units are assigned, {over} more than the {} that are licensed", status.units);
            (sentence, Some("assign fewer units to the sites, or ask your license desk for more"))
        }
        Warning::TestTrust => (
            "there are codes for testing, or signed with a test key that everybody has; they prove nothing".into(),
            None,
        ),
        other => (super::warning(other, &status.standing), None),
    };
    (sentence, hint.map(Into::into))
}

/// What to do next, if anything has to be done.
pub fn next_step(status: &Status) -> Option<String> {
    let warned = |warning| status.standing.warnings.contains(&warning);
    let step = match status.standing.phase {
        Phase::None if status.set_aside.is_empty() => "enter the code of your certificate with `activation enter`",
        Phase::None | Phase::Revoked => match status.set_aside.first().map(|code| code.refusal.reason()) {
            Some(reason @ (Reason::OtherHost | Reason::OtherProduct)) => super::remedy(reason),
            _ => "ask your license desk for a new code",
        },
        Phase::NotYetValid => "ask your license desk if you need it sooner",
        Phase::Maintenance if !warned(Warning::EndsSoon) => return None,
        Phase::Maintenance | Phase::Grace | Phase::Lapsed => {
            "renew with your license desk, and enter the new code with `activation enter`"
        }
        Phase::Expired => "ask your license desk for a full license",
        Phase::Frozen | Phase::Purge => "renew with your license desk before the data is purged",
        Phase::EndOfLife => "ask your vendor for the product that replaces this one",
    };
    Some(step.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked_text::CheckedTextFault;
    use crate::damage::{Damage, Flaw};

    #[test]
    fn each_damage_has_what_mends_it() {
        let told = |place: &str, what: Flaw| remedy(&Damage { place: place.to_owned(), what, recovered: false });
        let text = || Flaw::Text(CheckedTextFault::Changed);
        let code = "enter that code again";
        let bundle = "load the newest bundle of the vendor again";
        for (place, what, words) in [
            ("state/codes/a.lic", Flaw::Mistyped, code),
            ("state/codes/a.lic", Flaw::Missing, "enter that code again, or let `activation forget --damage`"),
            ("state/trust.roots", Flaw::Roots, bundle),
            ("state/memory.txt", Flaw::Unreadable("no".into()), "let this user read it"),
            ("state", Flaw::Moved, "ask the desk for codes for this host"),
            ("state/sites.txt", text(), "assign the units of the sites again"),
            ("state/memory.txt", Flaw::PutBack { missing: 2 }, "enter the newest codes again, and load the newest"),
            (
                "state/memory.txt",
                Flaw::OtherCounter { remembered: 2, found: 1 },
                "give the installation its own counter",
            ),
            ("state/memory.txt", text(), "the days that were seen are lost"),
            ("state/memory.txt", Flaw::Missing, "the days that were seen are lost"),
        ] {
            assert!(told(place, what.clone()).starts_with(words), "{place} {what:?}: {}", told(place, what.clone()));
        }
    }
}
