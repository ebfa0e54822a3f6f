//! Texts of an installation that are kept twice, and what is said of those that are damaged.

use crate::checked_text::CheckedTextFault;
use crate::program::system;
use crate::storage::{Storage, StorageFault};
use activation_code::{BundleFault, ReadFault};
use std::fmt;
use std::io::{self, ErrorKind};

/// What the second text is called.
pub(crate) const COPY: &str = ".copy";

/// A part of the state that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where.
    pub place: String,
    /// What is wrong.
    pub what: Flaw,
    /// Whether nothing is lost.
    pub recovered: bool,
}

/// What is wrong with a part of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was there.
    Missing,
    /// The system does not give it: in its words.
    Unreadable(String),
    /// Longer than it can be, or no file.
    NotOurs,
    /// Not what was written.
    Text(CheckedTextFault),
    /// Not a list of roots.
    Roots,
    /// Not a bundle that the roots have signed.
    Bundle(BundleFault),
    /// Not a code.
    Code(ReadFault),
    /// A code with mistakes, which its checks repair.
    Mistyped,
    /// The state was put back from an older copy of itself, says a counter that cannot be put back.
    PutBack {
        /// How many writes came after the copy.
        missing: u64,
    },
    /// The state was written with another counter, or on another machine.
    OtherCounter {
        /// What the state says.
        remembered: u64,
        /// What the counter says.
        found: u64,
    },
    /// The state was made on another machine.
    Moved,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Unreadable(words) => write!(f, "cannot be read: {words}"),
            Self::NotOurs => f.write_str("is too long, or no file"),
            Self::Text(fault) => fault.fmt(f),
            Self::Roots => f.write_str("is no list of root keys"),
            Self::Bundle(fault) => fault.fmt(f),
            Self::Code(fault) => fault.fmt(f),
            Self::Mistyped => f.write_str("has mistakes"),
            Self::PutBack { missing } => {
                write!(
                    f,
                    "was put back from an older copy, or another installation uses its counter: {missing} changes are missing"
                )
            }
            Self::OtherCounter { remembered, found } => {
                write!(
                    f,
                    "comes from a machine with another counter: it has seen {remembered}, the counter is at {found}"
                )
            }
            Self::Moved => f.write_str("was made on another machine"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if self.recovered { f.write_str("; nothing is lost") } else { Ok(()) }
    }
}

impl Damage {
    /// Whether what is there is not ours to replace: another user's, or a newer release's.
    pub fn is_foreign(&self) -> bool {
        let foreign = matches!(&self.what, Flaw::Unreadable(_) | Flaw::Text(CheckedTextFault::Newer { .. }));
        foreign && !self.recovered
    }
}

/// A text that is kept twice: the first of the two that is good.
pub(crate) fn either<T>(
    storage: &dyn Storage,
    name: &str,
    longest: usize,
    mut parse: impl FnMut(&[u8]) -> Result<T, Flaw>,
) -> (Option<T>, Option<Damage>) {
    let mut read = |name: &str| match storage.read(name, longest) {
        Ok(Some(text)) => parse(&text),
        Ok(None) => Err(Flaw::Missing),
        Err(error) => Err(flaw(&error)),
    };
    let what = match read(name) {
        Ok(value) => return (Some(value), None),
        Err(what) => what,
    };
    let place = storage.place(name);
    match (read(&format!("{name}{COPY}")), what) {
        (Ok(value), what) => (Some(value), Some(Damage { place, what, recovered: true })),
        (Err(Flaw::Missing), Flaw::Missing) => (None, None),
        (Err(_), what) => (None, Some(Damage { place, what, recovered: false })),
    }
}

/// Puts the good one of two texts in the place of the damaged one.
pub(crate) fn heal(storage: &dyn Storage, name: &str, longest: usize) -> Result<(), StorageFault> {
    let fault = |error| StorageFault { place: storage.place(name), error };
    match storage.read(&format!("{name}{COPY}"), longest).map_err(fault)? {
        Some(text) => storage.write(name, &text).map_err(fault),
        None => Ok(()),
    }
}

/// Keeps a text twice. What counts is the first: where only the second cannot be written, what it said before is
/// removed, because it would be taken for what was kept last.
pub(crate) fn keep_twice(storage: &dyn Storage, name: &str, text: &[u8]) -> Result<(), StorageFault> {
    storage.write(name, text).map_err(|error| StorageFault { place: storage.place(name), error })?;
    let copy = format!("{name}{COPY}");
    if storage.write(&copy, text).is_err() {
        let _ = storage.remove(&copy);
    }
    Ok(())
}

pub(crate) fn flaw(error: &io::Error) -> Flaw {
    match error.kind() {
        ErrorKind::InvalidData => Flaw::NotOurs,
        _ => Flaw::Unreadable(system(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_not_ours_and_what_the_system_refuses_is_in_its_words() {
        assert_eq!(flaw(&ErrorKind::InvalidData.into()), Flaw::NotOurs);
        assert_eq!(flaw(&io::Error::from_raw_os_error(13)), Flaw::Unreadable("Permission denied".to_owned()));
    }
}
