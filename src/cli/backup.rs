//! `countersign backup` and `countersign restore`: copies of the ledger.

use super::audit::{Report, VerdictJson, not_sound};
use super::failure::Failure;
use super::output::{new_secret_file, refuse_early};
use super::print::{complain, counted};
use super::progress::watch;
use super::{Context, import, print};
use activation_host::program::visible;
use countersign::desk::{
    self, Copied, DeskFault, NotedHead, Permission, Present, PresentLedger, Restored, Restoring, Signatures, Verdict,
    Witnesses,
};
use countersign::ledger::{CustomerNumber, LicenseRecord, Replacement};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Copy the ledger to a new file while others work, and check the copy
#[derive(clap::Args)]
#[command(after_help = "\
The keys are not in it: copy the key files once, with their passphrase kept elsewhere. Names and codes
are in it, so keep it as you keep the ledger.

Examples:
  countersign backup /media/stick/monday.ledger
  countersign audit verify --backup /media/stick/monday.ledger")]
pub struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Put a backup in the place of the ledger, and go on so that no number is used twice
#[derive(clap::Args)]
#[command(after_help = "\
The backup is checked first, and the ledger that is there is kept beside it. What was printed after
the backup was made can be read in at once: with all of it, no number needs to be left out.

Examples:
  countersign restore monday.ledger
  countersign restore monday.ledger --codes printed.txt --customer 1 --skip-numbers 0 --skip-revisions 0")]
pub struct Restore {
    /// A file that `backup` made
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// License numbers to leave out
    #[arg(long, value_name = "N", default_value_t = 1000)]
    skip_numbers: u32,
    /// Revisions of each license to leave out
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=1023))]
    skip_revisions: u16,
    /// Printed codes to read in; may be repeated
    #[arg(long, value_name = "FILE")]
    codes: Vec<PathBuf>,
    /// Whose licenses those are that the backup does not know, by number or name
    #[arg(long, value_name = "NUMBER|NAME", requires = "codes")]
    customer: Option<String>,
    /// Put it there though it is of another desk
    #[arg(long)]
    other_desk: bool,
    /// Put it there though something is wrong with it
    #[arg(long)]
    unsound: bool,
}

#[derive(Serialize)]
struct BackupJson {
    file: String,
    #[serde(flatten)]
    verdict: VerdictJson,
}

pub fn back_up(context: &Context, arguments: &Backup) -> Result<(), Failure> {
    let path = &arguments.file;
    refuse_early(path)?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::KeepBook)?;
    let name = path.display();
    let Copied { verdict, not_noted, .. } = new_secret_file(path, |draft| {
        desk::back_up(&mut ledger, &session, draft, &watch("copying and checking")).map_err(|fault| {
            let of_the_copy = matches!(fault, DeskFault::Copy(_) | DeskFault::CopyDiffers);
            let failure = Failure::from(fault);
            if of_the_copy { Failure { sentence: format!("{name}: {}", failure.sentence), ..failure } } else { failure }
        })
    })?;
    if let Some(why) = not_noted {
        let what = format!("the ledger does not say that this copy was made: {why}");
        complain("warning", &what, Some("the copy is whole; make room for the ledger, or let this user write it"));
    }
    let report = Report { verdict: &verdict, names: &[], checkpoints: &[], heads: &[] };
    if context.json {
        print::json(&BackupJson { file: name.to_string(), verdict: VerdictJson::of(&report) })?;
    } else {
        print::result(&format!(
            "{}: a copy of the ledger, read again from the file\n{}\
             The keys are not in it: keep copies of issuer-1.key, ledger.key and their passphrase elsewhere.\n",
            visible(&name.to_string()),
            report.text()
        ))?;
    }
    if verdict.is_sound() { Ok(()) } else { Err(not_sound(&verdict)) }
}

#[derive(Serialize)]
struct RestoredJson {
    backup: String,
    events: u64,
    lost: Option<u64>,
    next_license: u32,
    kept: Option<String>,
    /// Customers that were purged after the backup was made, and are back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    purged_since: Vec<u32>,
    #[serde(flatten)]
    imported: import::ImportedJson,
}

pub fn restore(context: &Context, arguments: &Restore) -> Result<(), Failure> {
    let Restore { backup, skip_numbers, skip_revisions, codes, .. } = arguments;
    let printed = codes.iter().map(|path| import::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut replacement = context.folder.replacement(backup)?;
    let verdict = check(&mut replacement, arguments)?;
    let present = Present::beside(&mut replacement)?;
    if !arguments.other_desk {
        desk::refuse_other_desk(&present).map_err(|refused| of_backup(backup, refused.into()))?;
    }
    let ledger = replacement.ledger()?;
    let session = context.session(ledger)?;
    desk::check_may(&session.operator, Permission::Restore)?;
    let customer = arguments.customer.as_deref().map(|text| desk::find_customer(ledger, text)).transpose()?;
    if context.asks() {
        let lost = lost(backup, &verdict, &present);
        let question = format!("{lost}\n{}Put it in place? [y/N] ", is_back(&present));
        print::confirm(&question, "nothing was changed")?;
    }
    if !arguments.other_desk {
        // The ledger that is there can be missing or anybody's; a key file cannot be read without its passphrase.
        let passphrase = context.passphrase.existing("the issuing key")?;
        context.folder.signer(ledger, &passphrase).map_err(|failure| of_backup(backup, failure))?;
    }
    let restoring = Restoring {
        skip_numbers: *skip_numbers,
        skip_revisions: (*skip_revisions).min(LicenseRecord::NONE_GOOD),
        printed: &printed,
        customer: customer.map(|customer| customer.number),
    };
    let restored = desk::restore(&mut replacement, &present, &session, &restoring)?;
    let kept = replacement.put_in_place(session.today).map_err(|fault| context.folder.ledger_failure(fault))?;
    // As every command will from now on.
    drop(context.folder.ledger()?);
    let Restored { copied, next_license, imported } = restored;
    let kept = kept.map(|path| path.display().to_string());
    if context.json {
        return print::json(&RestoredJson {
            backup: backup.display().to_string(),
            events: copied.events,
            lost: present.lost(),
            next_license,
            kept,
            purged_since: purged_since(&present).iter().map(|customer| customer.get()).collect(),
            imported: (&imported).into(),
        });
    }
    let mut text = format!("{}\n", lost(backup, &verdict, &present));
    if !printed.is_empty() {
        text.push_str(&import::text(&imported));
    }
    // Writing to a String does not fail.
    let _ = writeln!(text, "The ledger goes on from {copied}; the next license is {next_license}.");
    text.push_str(&is_back(&present));
    if let Some(kept) = kept {
        let _ = writeln!(text, "What was there is kept as {}", visible(&kept));
    }
    text.push_str("Make a new backup now: numbers that are given away from here on are not in this one.\n");
    print::result(&text)
}

/// Everything in the backup, before it is put anywhere.
fn check(replacement: &mut Replacement, arguments: &Restore) -> Result<Verdict, Failure> {
    let verdict = desk::audit(replacement.ledger()?, &Witnesses::default(), Signatures::Trusted, &watch("checking"))
        .map_err(|fault| of_backup(&arguments.backup, fault.into()))?;
    if verdict.is_sound() || arguments.unsound {
        return Ok(verdict);
    }
    let report = Report { verdict: &verdict, names: &[], checkpoints: &[], heads: &[] };
    let (name, report) = (arguments.backup.display(), report.text());
    Err(Failure::no(format!("{name}: {}", report.trim_end()))
        .hint("take another backup, or this one all the same with --unsound; nothing was changed"))
}

fn of_backup(path: &Path, failure: Failure) -> Failure {
    Failure { sentence: format!("{}: {}", path.display(), failure.sentence), ..failure }
}

/// Whom the ledger that is there has forgotten, and the backup knows.
fn purged_since(present: &Present) -> &[CustomerNumber] {
    match present {
        Present::Ledger(PresentLedger { purged, .. }) => purged,
        Present::Missing { .. } | Present::Unreadable { .. } => &[],
    }
}

fn is_back(present: &Present) -> String {
    let sentence = |customer: &CustomerNumber| {
        format!(
            "Customer {customer} was purged after the backup was made, and is back: \
             `countersign customer purge {customer}` removes it again.\n"
        )
    };
    purged_since(present).iter().map(sentence).collect()
}

/// What becomes of the events that the backup does not have.
fn lost(backup: &Path, verdict: &Verdict, present: &Present) -> String {
    let head = verdict.audit.head.map(|head| (NotedHead::of(head.sequence, &head.link), head.day));
    let copy = match head {
        Some((head, day)) => {
            let events = counted(head.events, "event");
            format!("{}: {events} to {day}", visible(&backup.display().to_string()))
        }
        None => visible(&backup.display().to_string()),
    };
    match present {
        Present::Missing { .. } => format!("{copy}. There is no ledger in its place; what came after is lost."),
        Present::Unreadable { fault, .. } => {
            format!("{copy}. The ledger that is there cannot be read ({fault}); what came after the backup is lost.")
        }
        Present::Ledger(PresentLedger { same_desk: false, .. }) => {
            format!("{copy}. The ledger that is there is another desk's.")
        }
        Present::Ledger(PresentLedger { events, common, .. }) => match events - common {
            0 => format!("{copy}. The ledger that is there has no others."),
            1 => format!("{copy}. The ledger that is there has 1 other, which is lost."),
            others => format!("{copy}. The ledger that is there has {others} others, which are lost."),
        },
    }
}
