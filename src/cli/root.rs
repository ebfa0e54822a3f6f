//! `countersign root`: the keys in the safe, and what they sign. No desk is needed, and no network.

use super::bundle_file::{self, Signatures};
use super::failure::Failure;
use super::folder::{make_key, open_key};
use super::print::complain;
use super::roots::roots;
use super::{Context, print};
use activation_code::{Bundle, PublicKey};
use activation_host::files::{sync_folder, write_whole};
use activation_host::program::{clock, system, visible};
use clap::Subcommand;
use countersign::signer::Signer as _;
use countersign::trust::changes;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// Make root keys, and sign trust bundles with them
#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Root keys lie in a safe, each on a medium of its own, and sign nothing but trust bundles. These
commands need no desk: run them on a computer that never has a network.

Examples:
  countersign root checklist --roots 3 --needed 2
  countersign root create /media/root-1/root-1.key
  countersign root fingerprint HEX HEX HEX --needed 2
  countersign root sign bundle.txt --key /media/root-1/root-1.key"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Checklist(Checklist),
    Create(Create),
    Fingerprint(Fingerprint),
    Sign(Sign),
}

/// Print the steps of the ceremony that makes the roots
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign root checklist --roots 3 --needed 2 > ceremony.txt")]
struct Checklist {
    /// How many root keys are made
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    roots: u8,
    /// How many of them have to sign
    #[arg(long, value_name = "M", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    needed: u8,
    /// What the ceremony did is added to this file; it has no secrets
    #[arg(long, value_name = "FILE", default_value = "ceremony.log")]
    log: PathBuf,
}

/// Make a root key: one file on one medium, with a passphrase of its own
#[derive(clap::Args)]
#[command(after_help = "\
Prints the public key, and writes into the ceremony's log what was done. The private key is in the
file alone, encrypted with the passphrase.

Examples:
  countersign root create /media/root-1/root-1.key
  countersign --passphrase-file secret root create root-1.key --log ceremony.log")]
struct Create {
    /// The new key file, on the medium that will lie in the safe
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the ceremony did is added to this file; it has no secrets
    #[arg(long, value_name = "FILE", default_value = "ceremony.log")]
    log: PathBuf,
}

/// Print the fingerprint by which people compare roots
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign root fingerprint HEX HEX HEX --needed 2")]
struct Fingerprint {
    /// The public keys of all roots, in any order
    #[arg(value_name = "HEX", required = true)]
    keys: Vec<PublicKey>,
    /// How many of them have to sign, instead of all
    #[arg(long, value_name = "M")]
    needed: Option<u8>,
}

/// Sign a trust bundle with one root: look at it, sign it, carry it to the next one
#[derive(clap::Args)]
#[command(after_help = "\
Shows what the bundle changes and asks before it signs. The signature is added to the same file. All but
the first are compared with the one before: --against; what it said for good is never signed away.
A change of the roots is signed by enough of the old roots and by enough of the new ones.

Exit codes: 0 signed; 1 this root is not asked to sign it, or has; 2 not possible.

Examples:
  countersign root sign bundle-1.txt --key /media/root-1/root-1.key
  countersign root sign bundle-7.txt --key root-2.key --against bundle-6.txt")]
struct Sign {
    /// The bundle that is carried around
    #[arg(value_name = "BUNDLE")]
    file: PathBuf,
    /// The root's key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The bundle before, to see what changes
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// What the ceremony did is added to this file; it has no secrets
    #[arg(long, value_name = "FILE", default_value = "ceremony.log")]
    log: PathBuf,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Checklist(arguments) => checklist(context, arguments),
        Command::Create(arguments) => create(context, arguments),
        Command::Fingerprint(arguments) => fingerprint(context, arguments),
        Command::Sign(arguments) => sign(context, arguments),
    }
}

#[derive(Serialize)]
struct ChecklistJson {
    roots: u8,
    needed: u8,
    steps: Vec<String>,
}

fn checklist(context: &Context, &Checklist { roots, needed, log: ref log_path }: &Checklist) -> Result<(), Failure> {
    if needed > roots {
        return Err(Failure::could_not(format!("{needed} of {roots} roots cannot sign"))
            .hint("give at most as many as --needed as there are --roots"));
    }
    let steps = steps(roots, needed);
    let spares = roots - needed;
    log(log_path, &format!("ceremony of {roots} roots begun, of which {needed} sign: {spares} can be lost"))?;
    if context.json {
        return print::json(&ChecklistJson { roots, needed, steps });
    }
    let mut text = format!("Ceremony: {roots} roots, of which {needed} sign\n\n");
    // Writing to a String does not fail.
    steps.iter().zip(1..).for_each(|(step, number)| _ = writeln!(text, "[ ] {number:>2}. {step}"));
    text.push_str("\nDay, place: ______________________   Present: ______________________\n");
    print::result(&text)
}

fn steps(roots: u8, needed: u8) -> Vec<String> {
    let mut steps = vec![
        "Two people are present from the first step to the last; one does, one reads and ticks.".to_owned(),
        "A computer without network, started from a medium that both trust; cables and radio are off.".to_owned(),
        "The program is the one that was released: its digest was compared with the published one.".to_owned(),
        "The clock of the computer shows the right day.".to_owned(),
    ];
    for number in 1..=roots {
        steps.push(format!(
            "Medium {number}: `countersign root create FILE`, its passphrase chosen and written down by who keeps it."
        ));
    }
    steps.push(if roots > needed {
        format!(
            "The cold spare: {} of the {roots} media can be lost; each lies in a place of its own, one in another \
             building.",
            roots - needed
        )
    } else {
        "The cold spare: EVERY medium is needed to sign. Copy each key file to a second medium now, and keep it in \
         another building; better: make one root more than have to sign."
            .to_owned()
    });
    steps.extend([
        "Each key file was read again from its medium: `countersign key recover FILE --check` prints its public key."
            .to_owned(),
        format!("`countersign root fingerprint KEYS --needed {needed}`: the fingerprint is written on this sheet."),
        "Fingerprint and public keys go to the desk on paper or a stick that never held a private key.".to_owned(),
        "The media and this sheet are sealed in bags; numbers of the seals are written down.".to_owned(),
        "At the desk: `countersign bundle draft bundle.txt --root HEX.. --roots-needed M`, and the first signing."
            .to_owned(),
        "ceremony.log is printed and kept with this sheet.".to_owned(),
    ]);
    steps
}

#[derive(Serialize)]
struct RootJson {
    file: String,
    root: String,
}

fn create(context: &Context, arguments: &Create) -> Result<(), Failure> {
    let path = &arguments.file;
    let fail = |error: io::Error| {
        Failure::could_not(format!("{}: {}", path.display(), system(&error)))
            .hint("name a new file in a folder that exists, on a medium with room")
    };
    if path.symlink_metadata().is_ok() {
        return Err(Failure::no(format!("{}: something is there already, and it is not touched", path.display()))
            .hint("each root has a medium of its own; name a new file"));
    }
    let passphrase = context.passphrase.new_one("this root key")?;
    let key = make_key(path, &passphrase, fail)?.public_key();
    // What was written is what can be read.
    if open_key(path, &passphrase)?.public_key() != key {
        return Err(Failure::could_not(format!("{}: it cannot be read again", path.display()))
            .hint("take another medium; this file is worth nothing"));
    }
    log(&arguments.log, &format!("root key made: {key}, in {}", path.display()))?;
    if context.json {
        return print::json(&RootJson { file: path.display().to_string(), root: key.to_string() });
    }
    print::result(&format!("root {key}\n"))?;
    complain("note", &"this is the public key; write it down and compare it: it is what installations trust", None);
    Ok(())
}

/// Adds a line to the log of the ceremony.
fn log(path: &Path, what: &str) -> Result<(), Failure> {
    let line = format!("{}  {}\n", clock(), visible(what));
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            // A terminal or /dev/null has nothing to sync, and says so.
            if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
        })
        .and_then(|()| sync_folder(path));
    written.map_err(|error| {
        Failure::could_not(format!("it is done, and cannot be logged: {}: {}", path.display(), system(&error)))
            .hint(format!("write it down: {what}"))
    })
}

#[derive(Serialize)]
struct FingerprintJson {
    fingerprint: String,
    threshold: u8,
    roots: Vec<String>,
}

fn fingerprint(context: &Context, arguments: &Fingerprint) -> Result<(), Failure> {
    let roots = roots(&arguments.keys, arguments.needed)?;
    let fingerprint = roots.fingerprint();
    if context.json {
        let keys = roots.keys().iter().map(ToString::to_string).collect();
        return print::json(&FingerprintJson { fingerprint, threshold: roots.threshold(), roots: keys });
    }
    print::result(&format!("{fingerprint}\n"))
}

#[derive(Serialize)]
struct SignedJson {
    number: u32,
    root: String,
    complete: bool,
}

/// A bundle that was published: enough of its roots have signed it.
fn published(path: &Path) -> Result<Bundle, Failure> {
    let file = bundle_file::read(path)?;
    let roots = bundle_file::claims(&file)?.roots;
    file.verify(&roots).map_err(|fault| {
        Failure::could_not(format!("{}: {fault}", path.display()))
            .hint("give the bundle before as it was published; `countersign bundle write` at the desk writes it")
    })
}

fn sign(context: &Context, arguments: &Sign) -> Result<(), Failure> {
    let path = &arguments.file;
    let mut file = bundle_file::read(path)?;
    let bundle = bundle_file::claims(&file)?;
    let against = arguments.against.as_deref().map(published).transpose()?;
    // What is not compared may take back what the bundle before said for good.
    if against.as_ref().is_none_or(|before| before.number + 1 != bundle.number) && bundle.number > 1 {
        return Err(Failure::could_not(format!(
            "bundle {} changes the bundle before it, which is not given",
            bundle.number
        ))
        .hint(format!(
            "give bundle {} with --against FILE; `countersign bundle write` at the desk writes it",
            bundle.number - 1
        )));
    }
    if let Some(before) = &against {
        countersign::desk::takes_nothing_back(before, &bundle)?;
    }
    if !context.yes && !io::stdin().is_terminal() {
        return Err(Failure::could_not("nobody is there to be asked")
            .hint("look at it with `countersign bundle show`, and say --yes"));
    }
    let mut shown = format!(
        "Trust bundle {} of {}, {}{}\n  roots        {} of {} sign, fingerprint {}\n",
        bundle.number,
        bundle.vendor,
        bundle.issued,
        if bundle.test { ", FOR TESTING ONLY" } else { "" },
        bundle.roots.threshold(),
        bundle.roots.keys().len(),
        bundle.roots.fingerprint()
    );
    shown.push_str(&match &against {
        Some(before) => format!("What it changes against bundle {}:\n", before.number),
        None => "What it says (no bundle before it was given):\n".to_owned(),
    });
    // Writing to a String does not fail.
    changes(against.as_ref(), &bundle).iter().for_each(|change| _ = writeln!(shown, "  - {change}"));
    if context.asks() {
        print::confirm(&format!("{shown}Sign it? [y/N] "), "nothing was signed")?;
    } else {
        complain("note", &shown.trim_end(), None);
    }
    let key = open_key(&arguments.key, &context.passphrase.existing(&format!("{}", arguments.key.display()))?)?;
    file.sign(&key).map_err(|fault| bundle_file::failure(&fault))?;
    let former = against.map(|before| before.roots);
    let signatures = Signatures::of(&file, former.as_ref())?;
    write_whole(path, file.to_string().as_bytes()).map_err(|error| {
        Failure::could_not(format!("{}: {}", path.display(), system(&error)))
            .hint("let this user write there; the file is as it was")
    })?;
    let root = key.public_key();
    log(&arguments.log, &format!("root {root} signed bundle {} of {}", bundle.number, bundle.vendor))?;
    let complete = signatures.suffice();
    if context.json {
        return print::json(&SignedJson { number: bundle.number, root: root.to_string(), complete });
    }
    let next = if complete {
        "It is complete: `countersign bundle publish` at the desk takes it.\n"
    } else {
        "Carry the file to the next root.\n"
    };
    print::result(&format!("Signed {} with root {root}\n{}{next}", path.display(), signatures.words()))
}
