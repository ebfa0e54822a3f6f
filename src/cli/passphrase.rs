//! Where the passphrase comes from: a terminal, a file descriptor or a file, never an argument.

use super::failure::Failure;
use activation_host::program::{complain, system};
use countersign::key_store::{self, SecretFileFault};
use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal, stdin};
use std::os::fd::AsFd;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Longest passphrase, in bytes: a few lines of text.
const LONGEST: u64 = 1024;
/// A shorter new passphrase is taken, with a warning.
const SHORT: usize = 12;

/// An opened source of one passphrase.
pub enum Source {
    /// A file or descriptor, and what to call it in a message.
    Stream(File, String),
    /// Asked for without echo.
    Terminal,
}

impl Source {
    /// Opens what the arguments name.
    pub fn open(file: Option<PathBuf>, descriptor: Option<u32>) -> Result<Self, Failure> {
        let (path, name) = match (file, descriptor) {
            (Some(path), _) => {
                if key_store::is_readable_by_others(&path) {
                    complain("warning", &format!("{}: others than its owner may read it", path.display()), None);
                }
                let name = path.display().to_string();
                (path, name)
            }
            (None, Some(0)) => {
                // Opening /dev/fd/0 asks the system again, which refuses a pipe that another user made, as sudo's.
                let name = "standard input".to_owned();
                return match stdin().as_fd().try_clone_to_owned() {
                    Ok(descriptor) => Ok(Self::Stream(descriptor.into(), name)),
                    Err(error) => Err(cannot_read(&name, &system(&error))),
                };
            }
            (None, Some(number)) => (PathBuf::from(format!("/dev/fd/{number}")), format!("file descriptor {number}")),
            (None, None) => return Ok(Self::Terminal),
        };
        match File::open(&path) {
            Ok(file) => Ok(Self::Stream(file, name)),
            Err(error) if descriptor.is_some() && error.kind() == ErrorKind::NotFound => {
                Err(Failure::could_not(format!("cannot read the passphrase: {name} is not open"))
                    .hint("open it in the shell, as in --passphrase-fd 3 3< FILE"))
            }
            Err(error) => Err(cannot_read(&name, &system(&error))),
        }
    }

    /// A passphrase that exists: `whose` says to a person which one.
    pub fn existing(&self, whose: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self {
            Self::Stream(file, name) => read(file, name),
            Self::Terminal => ask(&format!("Passphrase of {whose}: ")),
        }
    }

    /// A new passphrase; on a terminal it is asked for twice.
    pub fn new_one(&self, whose: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let passphrase = match self {
            Self::Stream(file, name) => read(file, name)?,
            Self::Terminal => {
                let first = ask(&format!("New passphrase for {whose}: "))?;
                if first != ask("The same again: ")? {
                    return Err(Failure::could_not("the two passphrases differ").hint("run the command again"));
                }
                first
            }
        };
        // Bytes that begin a character, in UTF-8.
        let characters = passphrase.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        if characters < SHORT {
            let what =
                format!("the passphrase has {characters} characters; {SHORT} or more keep others from guessing it");
            complain("warning", &what, None);
        }
        Ok(passphrase)
    }

    /// Whether nobody gave one and nobody can be asked.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Terminal) && !stdin().is_terminal()
    }
}

fn read(file: &File, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut passphrase = key_store::read_to_limit(file, LONGEST).map_err(|fault| match fault {
        SecretFileFault::Io(error) => cannot_read(name, &system(&error)),
        fault => cannot_read(name, &fault),
    })?;
    // The line end that editors and `echo` write is no part of it.
    if passphrase.last() == Some(&b'\n') {
        passphrase.pop();
        if passphrase.last() == Some(&b'\r') {
            passphrase.pop();
        }
    }
    if passphrase.is_empty() {
        return Err(cannot_read(name, &"it is empty"));
    }
    Ok(passphrase)
}

fn cannot_read(name: &str, why: &dyn Display) -> Failure {
    Failure::could_not(format!("cannot read the passphrase: {name}: {why}"))
        .hint("give a file or a file descriptor that holds the passphrase and nothing else")
}

fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|error| {
        Failure::could_not(format!("cannot ask for the passphrase: {}", system(&error)))
            .hint("give it with --passphrase-file F or --passphrase-fd N")
    })?;
    if typed.is_empty() {
        return Err(Failure::could_not("the passphrase is empty").hint("run the command again"));
    }
    Ok(Zeroizing::new(typed.into_bytes()))
}
