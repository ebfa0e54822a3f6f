//! Whether a state folder was put back from an older copy: a counter outside of it that only rises.
//!
//! A copy of a folder cannot be told from the folder. A counter in a TPM 2.0 can tell them apart, because nobody can
//! set it back: the state keeps the value that the counter has after each write, and a state with a lower one is an
//! older copy. It is optional, and what it finds is said aloud and blocks nothing.
//!
//! Whoever writes the state does it in this order, while it is locked:
//!
//! 1. [`RollbackCounter::read`], and [`Continuity::of`] that and what the state remembers;
//! 2. write the state with that value **plus one**;
//! 3. [`RollbackCounter::increment`].
//!
//! In this order a full disk or a power cut leaves a state that is one ahead, which is no alarm. The other order
//! would leave one that is behind, as an older copy is. Each installation needs a counter of its own.
//!
//! ```no_run
//! use activation_host::rollback::{Continuity, NvIndex, RollbackCounter, TpmCounter};
//!
//! # let remembered = Some(7);
//! let mut counter = TpmCounter::open("/dev/tpmrm0", NvIndex::SUGGESTED)?;
//! let now = counter.read()?;
//! if let Continuity::PutBack { missing } = Continuity::of(remembered, now) {
//!     eprintln!("{missing} writes are missing from the state");
//! }
//! // Here the state is written, with now + 1.
//! counter.increment()?;
//! # Ok::<(), activation_host::rollback::CounterFault>(())
//! ```

mod tpm;

#[cfg(unix)]
pub use tpm::TpmCounter;
pub use tpm::{AnswerFault, NvCommand, NvCounter, NvIndex, NvIndexFault, Origin};

use crate::program::system;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// A counter that survives restarts, that nobody can set back, and that other programs leave alone.
pub trait RollbackCounter: fmt::Debug + Send {
    /// Its value.
    ///
    /// # Errors
    /// It cannot be read now, or is not there any more.
    fn read(&mut self) -> Result<u64, CounterFault>;

    /// Raises it by one; its value then.
    ///
    /// # Errors
    /// It did not rise, or it did and the answer was lost.
    fn increment(&mut self) -> Result<u64, CounterFault>;
}

/// What a counter says of the state that an installation remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The state has seen no counter yet.
    FirstUse,
    /// It is the one that was written last, or its write was cut off before the counter rose.
    Unbroken,
    /// It was put back from an older copy, or another installation uses the same counter.
    PutBack {
        /// How many writes came after the copy.
        missing: u64,
    },
    /// The counter has never been that far: it is in another TPM.
    OtherCounter {
        /// What the state says.
        remembered: u64,
        /// What the counter says.
        found: u64,
    },
}

impl Continuity {
    /// Compares what the state remembers with the counter.
    pub fn of(remembered: Option<u64>, found: u64) -> Self {
        match remembered {
            None => Self::FirstUse,
            Some(remembered) if remembered < found => Self::PutBack { missing: found - remembered },
            Some(remembered) if remembered - found <= 1 => Self::Unbroken,
            Some(remembered) => Self::OtherCounter { remembered, found },
        }
    }
}

/// Why a counter cannot be used.
#[derive(Debug)]
pub enum CounterFault {
    /// There is no such file.
    NoDevice {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is a file, and it is no character device; nothing was written to it.
    NotADevice {
        /// Where it is.
        path: PathBuf,
    },
    /// The system does not let this user in.
    NoPermission {
        /// The device.
        path: PathBuf,
    },
    /// Another program has the device or the lock on it.
    InUse {
        /// The device.
        path: PathBuf,
    },
    /// What the system says of reading or writing.
    System(io::Error),
    /// No answer.
    Silent {
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// It is a TPM 1.2, which has other commands.
    OldTpm,
    /// An answer that is not of the form that TPM 2.0 gives it.
    Answer {
        /// To what.
        to: NvCommand,
        /// What is wrong with it.
        fault: AnswerFault,
    },
    /// The index is there and is no counter, or not one that everybody on this host may read and raise.
    Taken {
        /// Which.
        index: NvIndex,
        /// Its attributes, `TPMA_NV`.
        attributes: u32,
        /// How many bytes it holds.
        size: u16,
    },
    /// The owner of the TPM has a password, and the index has to be made with it.
    OwnerPassword {
        /// Which.
        index: NvIndex,
    },
    /// The index has a password.
    IndexPassword {
        /// Which.
        index: NvIndex,
    },
    /// The TPM has no room for one more index.
    Full {
        /// Which.
        index: NvIndex,
    },
    /// The index is locked until the TPM restarts.
    Locked {
        /// Which.
        index: NvIndex,
    },
    /// The index was removed, or was made anew and never raised.
    Gone {
        /// Which.
        index: NvIndex,
    },
    /// Another response code.
    Refused {
        /// To what.
        to: NvCommand,
        /// `TPM_RC`, as in part 2 of the specification of TPM 2.0.
        code: u32,
    },
}

impl fmt::Display for CounterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDevice { path } => write!(f, "there is no TPM at {}", path.display()),
            Self::NotADevice { path } => write!(f, "{} is no character device, wanted a TPM", path.display()),
            Self::NoPermission { path } => write!(f, "no permission to use the TPM at {}", path.display()),
            Self::InUse { path } => write!(f, "another program keeps the TPM at {} to itself", path.display()),
            Self::System(error) => write!(f, "the TPM cannot be used: {}", system(error)),
            Self::Silent { seconds } => write!(f, "the TPM did not answer for {seconds} seconds"),
            Self::OldTpm => f.write_str("this is a TPM 1.2, wanted 2.0"),
            Self::Answer { to, fault } => write!(f, "the TPM's answer to {to} {fault}"),
            Self::Taken { index, attributes, size } => {
                write!(f, "index {index} of the TPM holds ")?;
                tpm::describe(f, *attributes, *size)
            }
            Self::OwnerPassword { index } => {
                write!(f, "the owner of the TPM has a password, and index {index} is not there")
            }
            Self::IndexPassword { index } => write!(f, "index {index} of the TPM has a password"),
            Self::Full { index } => write!(f, "the TPM has no room for index {index}"),
            Self::Locked { index } => write!(f, "index {index} of the TPM is locked"),
            Self::Gone { index } => write!(f, "index {index} of the TPM is gone"),
            Self::Refused { to, code } => write!(f, "the TPM refused {to} with response code 0x{code:03x}"),
        }
    }
}

impl std::error::Error for CounterFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            Self::Answer { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_fault_is_its_source() {
        use std::error::Error;
        let fault = CounterFault::Answer { to: NvCommand::Read, fault: AnswerFault::Parts };
        assert_eq!(fault.source().unwrap().to_string(), AnswerFault::Parts.to_string());
        let fault = CounterFault::System(io::ErrorKind::Other.into());
        assert!(fault.source().is_some() && CounterFault::OldTpm.source().is_none());
    }

    #[test]
    fn a_lower_number_is_an_older_copy_and_one_more_a_write_that_was_cut_off() {
        assert_eq!(Continuity::of(None, 7), Continuity::FirstUse);
        assert_eq!(Continuity::of(Some(7), 7), Continuity::Unbroken);
        assert_eq!(Continuity::of(Some(8), 7), Continuity::Unbroken);
        assert_eq!(Continuity::of(Some(6), 7), Continuity::PutBack { missing: 1 });
        assert_eq!(Continuity::of(Some(0), u64::MAX), Continuity::PutBack { missing: u64::MAX });
        assert_eq!(Continuity::of(Some(9), 7), Continuity::OtherCounter { remembered: 9, found: 7 });
        assert_eq!(Continuity::of(Some(u64::MAX), 0), Continuity::OtherCounter { remembered: u64::MAX, found: 0 });
    }
}
