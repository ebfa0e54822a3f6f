//! `countersign key recover`: a key from its file and passphrase, or from shares on paper. No desk is needed.

use super::typed;
use crate::cli::failure::Failure;
use crate::cli::folder::{open_key, write_key};
use crate::cli::{Context, print};
use activation_host::program::{system, visible};
use countersign::key_store::{SecretFileFault, read_to_limit};
use countersign::signer::shares::{ShareFault, combine};
use countersign::signer::{Signer as _, SoftwareKey};
use serde::Serialize;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

/// Longest text with shares, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Read a key again: from its file and passphrase, or from shares on paper
#[derive(clap::Args)]
#[command(after_help = "\
Needs no desk. The recovered key goes into a new file with a new passphrase; put it where the lost one was.
The private key itself is never printed.

Examples:
  countersign key recover copy-of-issuer-1.key --check
  countersign key recover copy-of-issuer-1.key --output issuer-1.key
  countersign key recover --from-shares --output issuer-1.key
  countersign key recover --from-shares share-1.txt share-3.txt --output issuer-1.key")]
pub struct Arguments {
    /// The key file
    #[arg(value_name = "FILE", required_unless_present = "from_shares", conflicts_with = "from_shares")]
    file: Option<PathBuf>,
    /// Take shares instead, from files, or typed row by row
    #[arg(long, value_name = "FILE", num_args = 0..)]
    from_shares: Option<Vec<PathBuf>>,
    /// The new key file
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    output: Option<PathBuf>,
    /// Only look whether it can be done, and print the public key
    #[arg(long, conflicts_with = "output")]
    check: bool,
    /// Read the new file's passphrase from a file
    #[arg(long, value_name = "F")]
    new_passphrase_file: Option<PathBuf>,
}

impl Arguments {
    pub fn new_passphrase_file(&self) -> Option<&Path> {
        self.new_passphrase_file.as_deref()
    }
}

#[derive(Serialize)]
struct RecoveredJson {
    key: String,
    file: Option<String>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(path) = arguments.output.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Failure::no(format!("{}: something is there already, and it is not touched", path.display()))
            .hint("name a new file"));
    }
    let key = match (&arguments.file, &arguments.from_shares) {
        (Some(file), _) => open_key(file, &context.passphrase.existing(&file.display().to_string())?)?,
        (None, shares) => from_shares(shares.as_deref().unwrap_or_default())?,
    };
    let public = key.public_key();
    if let Some(path) = &arguments.output {
        let passphrase = context.new_passphrase.new_one("the recovered key")?;
        let fail = |error: io::Error| {
            Failure::could_not(format!("{}: {}", path.display(), system(&error)))
                .hint("name a new file in a folder that exists")
        };
        write_key(path, &key, &passphrase, fail)?;
        // What was written is what can be read.
        if open_key(path, &passphrase)?.public_key() != public {
            return Err(Failure::could_not(format!("{}: it cannot be read again", path.display()))
                .hint("look after the disk, and write it to another one"));
        }
    }
    let file = arguments.output.as_ref().map(|path| visible(&path.display().to_string()));
    if context.json {
        return print::json(&RecoveredJson { key: public.to_string(), file });
    }
    match file {
        Some(file) => print::result(&format!("key {public}\nrecovered into {file}\n")),
        None => print::result(&format!("key {public}\ncan be recovered\n")),
    }
}

fn from_shares(files: &[PathBuf]) -> Result<SoftwareKey, Failure> {
    let mut shares = Vec::new();
    if files.is_empty() && io::stdin().is_terminal() {
        shares = typed::on_terminal()?;
    }
    if files.is_empty() && shares.is_empty() {
        shares = typed::in_text("standard input", &text("standard input", io::stdin().lock())?)?;
    }
    for path in files {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            Failure::could_not(format!("{name}: {}", system(&error))).hint("name files that this user may read")
        })?;
        shares.extend(typed::in_text(&name, &text(&name, file)?)?);
    }
    combine(&shares).map_err(|fault| {
        let hint = match fault {
            ShareFault::TooFew { .. } => "give the other shares too",
            ShareFault::Twice(_) => "give each share once",
            _ => "give shares of one set: each sheet names its set",
        };
        Failure::could_not(fault.to_string()).hint(hint)
    })
}

fn text(name: &str, source: impl io::Read) -> Result<zeroize::Zeroizing<String>, Failure> {
    let fail =
        |what: String| Failure::could_not(format!("{name}: {what}")).hint("give whole shares as they are printed");
    let mut bytes = read_to_limit(source, LONGEST).map_err(|fault| match fault {
        SecretFileFault::Io(error) => fail(system(&error)),
        fault => fail(fault.to_string()),
    })?;
    let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|_| fail("it is no text in UTF-8".to_owned()))?;
    Ok(zeroize::Zeroizing::new(text))
}
