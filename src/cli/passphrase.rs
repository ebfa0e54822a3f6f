//! Where the passphrase comes from: a terminal, a file descriptor or a file, never an argument.

use super::failure::Failure;
use super::print::complain;
use activation_host::program::system;
use countersign::key_store::{self, SecretFileFault};
use rustix::fs::OFlags;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Seek as _, SeekFrom, stdin};
use std::os::fd::AsFd;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Longest passphrase, in bytes: a few lines of text.
const LONGEST: u64 = 1024;
/// A shorter new passphrase is taken, with a warning.
const SHORT: usize = 12;

/// An opened source of one passphrase.
pub struct Source {
    from: Origin,
    /// What could be given instead of typing.
    options: &'static str,
}

enum Origin {
    File(File, PathBuf),
    Descriptor(File, String),
    /// Asked for without echo.
    Terminal,
}

impl Source {
    /// Opens what the arguments name. `options` are those that name something.
    pub fn open(file: Option<PathBuf>, descriptor: Option<u32>, options: &'static str) -> Result<Self, Failure> {
        let source = |from| Self { from, options };
        match (file, descriptor) {
            (Some(path), _) => match File::open(&path) {
                Ok(file) => Ok(source(Origin::File(file, path))),
                Err(error) => Err(cannot_read(&path.display().to_string(), &system(&error))),
            },
            (None, Some(0)) => {
                // Opening /dev/fd/0 asks the system again, which refuses a pipe that another user made, as sudo's.
                let name = "standard input".to_owned();
                match stdin().as_fd().try_clone_to_owned() {
                    Ok(descriptor) => Ok(source(Origin::Descriptor(descriptor.into(), name))),
                    Err(error) => Err(cannot_read(&name, &system(&error))),
                }
            }
            (None, Some(number)) => {
                let name = format!("file descriptor {number}");
                match open_descriptor(number) {
                    Ok(file) => Ok(source(Origin::Descriptor(file, name))),
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        Err(Failure::could_not(format!("cannot read the passphrase: {name} is not open"))
                            .hint("open it in the shell, as in --passphrase-fd 3 3< FILE"))
                    }
                    Err(error) => Err(cannot_read(&name, &system(&error))),
                }
            }
            (None, None) => Ok(source(Origin::Terminal)),
        }
    }

    /// A passphrase that exists: `whose` says to a person which one.
    pub fn existing(&self, whose: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.read_or_ask(&format!("Passphrase of {whose}: "))
    }

    /// A new passphrase; on a terminal it is asked for twice.
    pub fn new_one(&self, whose: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let passphrase = self.read_or_ask(&format!("New passphrase for {whose}: "))?;
        if self.asks() && passphrase != self.read_or_ask("The same again: ")? {
            return Err(Failure::could_not("the two passphrases differ").hint("run the command again"));
        }
        // Bytes that begin a character, in UTF-8.
        let characters = passphrase.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        if characters < SHORT {
            let what =
                format!("the passphrase has {characters} characters; {SHORT} or more keep others from guessing it");
            complain("warning", &what, None);
        }
        Ok(passphrase)
    }

    /// Whether somebody types it, and can type it again.
    pub fn asks(&self) -> bool {
        matches!(self.from, Origin::Terminal)
    }

    /// Whether nobody gave one and nobody can be asked.
    pub fn is_missing(&self) -> bool {
        self.asks() && !stdin().is_terminal()
    }

    fn read_or_ask(&self, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match &self.from {
            Origin::File(file, path) => {
                let path = path.display().to_string();
                if key_store::is_readable_by_others(file) {
                    let what = format!("{path}: others than its owner may read it");
                    complain("warning", &what, Some(&format!("chmod 600 {path}")));
                }
                read(file, &path)
            }
            Origin::Descriptor(file, name) => read(file, name),
            Origin::Terminal => ask(prompt, self.options),
        }
    }
}

/// What a descriptor reads, from where it stands. It is opened a second time, which a pipe does not mind; a file
/// would begin anew, and the other end of a pipe wait for itself.
fn open_descriptor(number: u32) -> io::Result<File> {
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{number}"))?;
    let field = |name: &str| about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let flags = field("flags").and_then(|flags| u32::from_str_radix(flags, 8).ok()).unwrap_or_default();
    if flags & OFlags::ACCMODE.bits() == OFlags::WRONLY.bits() {
        return Err(io::Error::other("it is open for writing only"));
    }
    let mut file = File::open(format!("/dev/fd/{number}"))?;
    let place = field("pos").and_then(|place| place.parse().ok()).unwrap_or(0);
    if place > 0 && file.metadata()?.is_file() {
        file.seek(SeekFrom::Start(place))?;
    }
    Ok(file)
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

fn ask(prompt: &str, options: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|error| {
        Failure::could_not(format!("cannot ask for the passphrase: {}", system(&error)))
            .hint(format!("give it with {options}"))
    })?;
    if typed.is_empty() {
        return Err(Failure::could_not("the passphrase is empty").hint("run the command again"));
    }
    Ok(Zeroizing::new(typed.into_bytes()))
}
