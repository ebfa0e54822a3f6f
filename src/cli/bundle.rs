//! `countersign bundle`: what installations are told.

use super::bundle_file::{self, Signatures};
use super::failure::Failure;
use super::output::new_file;
use super::print::complain;
use super::roots::RootArguments;
use super::{Context, print};
use activation_code::{Bundle, Roots};
use activation_host::json::BundleJson;
use activation_host::program::clock;
use activation_host::sentences::bundle_in_words;
use clap::Subcommand;
use countersign::desk;
use countersign::ledger::{Ledger, LedgerFault, Name};
use countersign::trust::{BundleFile, changes};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Draft, show, verify and publish trust bundles
#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
A trust bundle says to installations without a network whose codes they accept, and which are revoked.
It is a text file: drafted here, carried to the roots, signed there (`countersign root sign`),
published here, and given to customers and product builds.

Examples:
  countersign bundle contact 'Example Security, +49 30 123456' licenses@example.com
  countersign bundle draft bundle.txt --root HEX --root HEX --root HEX --roots-needed 2
  countersign bundle show bundle.txt
  countersign bundle publish bundle.txt"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Draft(Draft),
    Show(Show),
    Verify(Verify),
    Publish(Publish),
    List(List),
    Write(Write),
    Contact(Contact),
}

/// Write what the next bundle says into a file, for the roots to sign
#[derive(clap::Args)]
#[command(after_help = "\
The roots of the first bundle are named; later ones keep them. Naming others changes the roots: enough
of the old ones and enough of the new ones sign. Nothing changes until it is published.

Examples:
  countersign bundle draft bundle.txt
  countersign bundle draft bundle.txt --root HEX --root HEX --root HEX --roots-needed 2")]
struct Draft {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    roots: RootArguments,
}

/// Show what a bundle says, what it changes, and who has signed
#[derive(clap::Args)]
#[command(after_help = "\
Without FILE: the newest one that was published. What is shown of a file is what it claims; `verify`
says whether installations take it.

Examples:
  countersign bundle show bundle.txt
  countersign bundle show bundle.txt --against bundle-6.txt
  countersign bundle show --json")]
struct Show {
    /// The bundle; `-` for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The bundle before, instead of the newest one that was published
    #[arg(long, value_name = "FILE", requires = "file")]
    against: Option<PathBuf>,
}

/// Say whether installations take a bundle
#[derive(clap::Args)]
#[command(after_help = "\
Without --root the roots of the newest published bundle count.

Exit codes: 0 they take it; 1 they do not; 2 not readable.

Examples:
  countersign bundle verify bundle.txt
  countersign bundle verify bundle.txt --root HEX --root HEX --root HEX --roots-needed 2")]
struct Verify {
    /// The bundle; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    roots: RootArguments,
}

/// Give a signed bundle out: the next one follows it
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign bundle publish bundle.txt")]
struct Publish {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// List the bundles that were published
#[derive(clap::Args)]
struct List {}

/// Write a published bundle into a file again
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign bundle write bundle.txt
  countersign bundle write bundle-6.txt --number 6")]
struct Write {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which one, instead of the newest
    #[arg(long, value_name = "N")]
    number: Option<u32>,
}

/// Show or set whom customers ask, as the next bundle says it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign bundle contact
  countersign bundle contact 'Example Security, +49 30 123456' licenses@example.com")]
struct Contact {
    /// The lines, at most 10
    #[arg(value_name = "LINE", num_args = 0..=10)]
    lines: Vec<Name>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Draft(arguments) => draft(context, arguments),
        Command::Show(arguments) => show(context, arguments),
        Command::Verify(arguments) => verify(context, arguments),
        Command::Publish(arguments) => publish(context, arguments),
        Command::List(_) => list(context),
        Command::Write(arguments) => write(context, arguments),
        Command::Contact(arguments) => contact(context, arguments),
    }
}

#[derive(Serialize)]
struct DraftJson {
    number: u32,
    fingerprint: String,
    changes: Vec<String>,
}

fn draft(context: &Context, arguments: &Draft) -> Result<(), Failure> {
    let roots = arguments.roots.roots()?;
    let mut ledger = context.folder.ledger()?;
    let before = published(&mut ledger)?;
    let file = desk::draft_bundle(&mut ledger, clock(), roots.as_ref())?;
    let bundle = bundle_file::claims(&file)?;
    if bundle.contact.is_empty() {
        let hint = "`countersign bundle contact LINE...` says whom customers ask, and draft it again";
        complain("warning", &"the bundle names no contact", Some(hint));
    }
    let text = file.to_string();
    if text.len() > activation_code::MAX_BUNDLE {
        return Err(Failure::no("the bundle has more than 8 MiB, and no installation would take it").hint(
            "re-issue the codes of a stolen key with `countersign key lost --reissue`, so that none need be listed",
        ));
    }
    new_file(&arguments.file, &mut text.as_bytes())?;
    let said = changes(before.as_ref().map(|(_, before)| before), &bundle);
    if context.json {
        let fingerprint = bundle.roots.fingerprint();
        return print::json(&DraftJson { number: bundle.number, fingerprint, changes: said });
    }
    let mut words = format!("Drafted trust bundle {} in {}\n", bundle.number, arguments.file.display());
    words.push_str(&in_words(before.as_ref().map(|(_, before)| before), &said));
    let signatures = Signatures::of(&file, before.as_ref().map(|(_, before)| &before.roots))?;
    let _ = writeln!(words, "{}Next: `countersign root sign` on the computer of each root.", signatures.words());
    print::result(&words)
}

fn in_words(before: Option<&Bundle>, said: &[String]) -> String {
    let mut text = match before {
        Some(before) if said.is_empty() => {
            format!("  It says the same as bundle {}, with a newer day.\n", before.number)
        }
        Some(before) => format!("What changes against bundle {}:\n", before.number),
        None => "What it says:\n".to_owned(),
    };
    // Writing to a String does not fail.
    said.iter().for_each(|change| _ = writeln!(text, "  - {change}"));
    text
}

/// The newest published bundle, and what it says.
fn published(ledger: &mut Ledger) -> Result<Option<(BundleFile, Bundle)>, Failure> {
    let Some(published) = desk::last_bundle(ledger)? else { return Ok(None) };
    let damaged = || Failure::from(LedgerFault::Record { what: "a bundle" });
    let file = BundleFile::parse(&published.text).map_err(|_| damaged())?;
    let bundle = file.bundle().map_err(|_| damaged())?;
    Ok(Some((file, bundle)))
}

#[derive(Serialize)]
struct ShowJson {
    bundle: BundleJson,
    signed_by: Vec<String>,
    complete: bool,
    changes: Vec<String>,
}

fn show(context: &Context, arguments: &Show) -> Result<(), Failure> {
    let (file, before) = match &arguments.file {
        Some(path) => {
            let file = bundle_file::read(path)?;
            let before = match &arguments.against {
                Some(path) => Some(bundle_file::claims(&bundle_file::read(path)?)?),
                // A root's computer has no desk.
                None if context.folder.exists() => published(&mut context.folder.ledger()?)?.map(|(_, before)| before),
                None => None,
            };
            (file, before)
        }
        None => match published(&mut context.folder.ledger()?)? {
            Some((file, _)) => (file, None),
            None => return Err(none_yet()),
        },
    };
    let bundle = bundle_file::claims(&file)?;
    let signatures = Signatures::of(&file, before.as_ref().map(|before| &before.roots))?;
    let said = changes(before.as_ref(), &bundle);
    if context.json {
        return print::json(&ShowJson {
            bundle: BundleJson::of(&bundle, clock()),
            signed_by: signatures.now.iter().map(ToString::to_string).collect(),
            complete: signatures.suffice(),
            changes: said,
        });
    }
    let mut text = format!("Trust bundle {}\n{}", bundle.number, bundle_in_words(&bundle, clock()));
    text.push_str(&signatures.words());
    if before.is_some() {
        text.push_str(&in_words(before.as_ref(), &said));
    }
    print::result(&text)
}

fn none_yet() -> Failure {
    Failure::no("no bundle was published yet").hint("`countersign bundle draft FILE --root HEX` drafts the first one")
}

#[derive(Serialize)]
struct VerifyJson {
    number: u32,
    fingerprint: String,
}

fn verify(context: &Context, arguments: &Verify) -> Result<(), Failure> {
    let file = bundle_file::read(&arguments.file)?;
    let roots: Roots = match arguments.roots.roots()? {
        Some(roots) => roots,
        None => published(&mut context.folder.ledger()?)?.ok_or_else(none_yet)?.1.roots,
    };
    let bundle = file.verify(&roots).map_err(|fault| {
        Failure::no(format!("{}: {fault}", arguments.file.display()))
            .hint("`countersign bundle show FILE` says who has signed; compare the roots with their fingerprint")
    })?;
    let fingerprint = bundle.roots.fingerprint();
    if context.json {
        return print::json(&VerifyJson { number: bundle.number, fingerprint });
    }
    print::result(&format!(
        "Installations that trust these roots take bundle {} of {}\n  roots        {} of {} sign, fingerprint {fingerprint}\n",
        bundle.number,
        bundle.vendor,
        bundle.roots.threshold(),
        bundle.roots.keys().len(),
    ))
}

#[derive(Serialize)]
struct PublishedJson {
    number: u32,
    issued: String,
}

fn publish(context: &Context, arguments: &Publish) -> Result<(), Failure> {
    let file = bundle_file::read(&arguments.file)?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let bundle = desk::publish_bundle(&mut ledger, &session, &file)?;
    if context.json {
        return print::json(&PublishedJson { number: bundle.number, issued: bundle.issued.to_string() });
    }
    print::result(&format!(
        "Published trust bundle {} of {}\n\
         Give {} to customers with their codes, and build it into the next release:\n\
         an installation that never loads it does not know what it says.\n",
        bundle.number,
        bundle.issued,
        arguments.file.display()
    ))
}

fn list(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let bundles = desk::bundles(&mut ledger)?;
    let lines: Vec<_> =
        bundles.into_iter().map(|(number, issued)| PublishedJson { number, issued: issued.to_string() }).collect();
    if context.json {
        return print::json(&lines);
    }
    let cells: Vec<_> = lines.iter().map(|line| vec![line.number.to_string(), line.issued.clone()]).collect();
    print::result(&print::table(&["bundle", "issued"], &cells))
}

fn write(context: &Context, arguments: &Write) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let bundle = match arguments.number {
        Some(number) => desk::bundle(&mut ledger, number)?,
        None => desk::last_bundle(&mut ledger)?.ok_or_else(none_yet)?,
    };
    new_file(&arguments.file, &mut bundle.text.as_bytes())?;
    if context.json {
        return print::json(&PublishedJson { number: bundle.number, issued: bundle.issued.to_string() });
    }
    print::result(&format!("Wrote trust bundle {} into {}\n", bundle.number, arguments.file.display()))
}

#[derive(Serialize)]
struct ContactJson {
    contact: Vec<String>,
}

fn contact(context: &Context, arguments: &Contact) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let settings = if arguments.lines.is_empty() {
        desk::trust_settings(&mut ledger)?
    } else {
        let session = context.session(&mut ledger)?;
        desk::set_contact(&mut ledger, &session, &arguments.lines)?
    };
    let contact: Vec<String> = settings.contact.iter().map(Name::to_string).collect();
    if context.json {
        return print::json(&ContactJson { contact });
    }
    if contact.is_empty() {
        return print::result("No contact is set: `countersign bundle contact LINE...` sets it.\n");
    }
    print::result(&contact.iter().map(|line| format!("{line}\n")).collect::<String>())
}
