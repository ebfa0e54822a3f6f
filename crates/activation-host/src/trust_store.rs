//! The trust bundle that an installation keeps, and what it takes to replace it.
//!
//! | file | what |
//! | --- | --- |
//! | `trust.bundle` | the file as it was loaded: one signed note or more |
//! | `trust.roots` | the roots in force; first line `countersign roots 1`, then `threshold M` and a `root KEY` each |
//!
//! The bundle is written first: it is signed by the roots before it too, so that after a power cut between the two it
//! still verifies.

use crate::files::write_whole;
use crate::program::system;
use activation_code::{Bundle, BundleFault, MAX_BUNDLE, PublicKey, Purpose, Roots};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

const ROOTS_HEADING: &str = "countersign roots 1";
/// Sixteen roots, and room.
const LONGEST_ROOTS: u64 = 4096;

/// Where an installation keeps its trust.
#[derive(Debug)]
pub struct TrustStore {
    folder: PathBuf,
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The roots in force.
    pub roots: Roots,
    /// The bundle.
    pub bundle: Bundle,
}

/// What loading a bundle did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It is in force now, in the place of the bundle of this number.
    New {
        /// The number of the one before; `None`: the first.
        before: Option<u32>,
    },
    /// It is the very bundle that was in force.
    Already,
}

/// Why a bundle is not loaded, or what is kept cannot be used.
#[derive(Debug)]
pub enum TrustStoreFault {
    /// The system fails.
    Io {
        /// At which file.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// Not what this release writes.
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// Nobody said which roots to trust.
    NoRoots,
    /// The file is no bundle that the roots have signed.
    Bundle(BundleFault),
    /// What is kept does not verify.
    Kept {
        /// Which file.
        path: PathBuf,
        /// Why.
        fault: BundleFault,
    },
    /// A lower number than the bundle in force: a rollback.
    Older {
        /// The number in force.
        kept: u32,
        /// The number of the file.
        found: u32,
    },
    /// The same number with other content: two bundles were signed under one number.
    Fork {
        /// The number of both.
        number: u32,
    },
    /// A bundle for testing, where only production is wanted.
    ForTesting {
        /// Its number.
        number: u32,
    },
    /// Another vendor's.
    OtherVendor {
        /// Whose is kept.
        kept: String,
        /// Whose the file is.
        found: String,
    },
}

impl fmt::Display for TrustStoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {}", path.display(), system(error)),
            Self::Damaged { path } => write!(f, "{}: damaged, or of a newer release", path.display()),
            Self::NoRoots => f.write_str("no root keys to trust"),
            Self::Bundle(fault) => fault.fmt(f),
            Self::Kept { path, fault } => write!(f, "{}: {fault}", path.display()),
            Self::Older { kept, found } => {
                write!(f, "bundle {found} is older than bundle {kept}, which is in force: it was rolled back")
            }
            Self::Fork { number } => write!(f, "another bundle with number {number} is in force"),
            Self::ForTesting { number } => write!(f, "bundle {number} is for testing only"),
            Self::OtherVendor { kept, found } => {
                write!(f, "the bundle is of {found:?}, and the one in force of {kept:?}")
            }
        }
    }
}

impl std::error::Error for TrustStoreFault {}

impl TrustStore {
    /// In a state folder that exists.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn bundle_path(&self) -> PathBuf {
        self.folder.join("trust.bundle")
    }

    fn roots_path(&self) -> PathBuf {
        self.folder.join("trust.roots")
    }

    /// The roots in force, if any were ever trusted.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn roots(&self) -> Result<Option<Roots>, TrustStoreFault> {
        let path = self.roots_path();
        let Some(text) = read(&path, LONGEST_ROOTS)? else { return Ok(None) };
        let roots = parse_roots(&text);
        roots.map(Some).ok_or(TrustStoreFault::Damaged { path })
    }

    /// The bundle in force, verified again; `None` if none was ever loaded.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn kept(&self) -> Result<Option<Kept>, TrustStoreFault> {
        let Some(roots) = self.roots()? else { return Ok(None) };
        let path = self.bundle_path();
        let Some(text) = read(&path, MAX_BUNDLE as u64)? else { return Ok(None) };
        match Bundle::read(&text, &roots) {
            Ok(bundle) => Ok(Some(Kept { roots: bundle.roots.clone(), bundle })),
            Err(fault) => Err(TrustStoreFault::Kept { path, fault }),
        }
    }

    /// Loads a bundle's file: verified by the roots in force, or by `given` where there are none yet, and never
    /// with a lower number. A damaged bundle is replaced by a good one; the roots in force are still those that count.
    ///
    /// # Errors
    /// The bundle is refused; then nothing has changed.
    pub fn load(
        &self,
        file: &str,
        given: Option<&Roots>,
        purpose: Purpose,
    ) -> Result<(Loaded, Bundle), TrustStoreFault> {
        let roots = match self.roots()? {
            Some(roots) => roots,
            None => given.cloned().ok_or(TrustStoreFault::NoRoots)?,
        };
        let bundle = Bundle::read(file, &roots).map_err(TrustStoreFault::Bundle)?;
        if bundle.test && purpose == Purpose::Production {
            return Err(TrustStoreFault::ForTesting { number: bundle.number });
        }
        let kept = match self.kept() {
            Ok(kept) => kept,
            // It is about to be replaced.
            Err(TrustStoreFault::Kept { .. } | TrustStoreFault::Damaged { .. }) => None,
            Err(fault) => return Err(fault),
        };
        let mut before = None;
        if let Some(Kept { bundle: kept, .. }) = kept {
            if kept.vendor != bundle.vendor {
                return Err(TrustStoreFault::OtherVendor { kept: kept.vendor, found: bundle.vendor });
            }
            if bundle.number < kept.number {
                return Err(TrustStoreFault::Older { kept: kept.number, found: bundle.number });
            }
            if bundle.number == kept.number {
                let same = bundle == kept;
                return if same {
                    Ok((Loaded::Already, bundle))
                } else {
                    Err(TrustStoreFault::Fork { number: kept.number })
                };
            }
            before = Some(kept.number);
        }
        write(&self.bundle_path(), file)?;
        write(&self.roots_path(), &print_roots(&bundle.roots))?;
        Ok((Loaded::New { before }, bundle))
    }
}

fn read(path: &Path, longest: u64) -> Result<Option<String>, TrustStoreFault> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| {
        // A pipe in its place would keep us waiting for ever.
        let regular = file.metadata()?.is_file();
        if regular { file.take(longest + 1).read_to_string(&mut text) } else { Err(ErrorKind::InvalidData.into()) }
    });
    match read {
        Ok(length) if length as u64 <= longest => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() != ErrorKind::InvalidData => Err(TrustStoreFault::Io { path: path.into(), error }),
        Ok(_) | Err(_) => Err(TrustStoreFault::Damaged { path: path.into() }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), TrustStoreFault> {
    write_whole(path, text.as_bytes()).map_err(|error| TrustStoreFault::Io { path: path.into(), error })
}

fn print_roots(roots: &Roots) -> String {
    let keys: String = roots.keys().iter().map(|key| format!("root {key}\n")).collect();
    format!("{ROOTS_HEADING}\nthreshold {}\n{keys}", roots.threshold())
}

fn parse_roots(text: &str) -> Option<Roots> {
    let mut lines = text.lines();
    lines.next().filter(|line| *line == ROOTS_HEADING)?;
    let threshold = lines.next()?.strip_prefix("threshold ")?.parse().ok()?;
    let keys: Option<Vec<PublicKey>> = lines.map(|line| line.strip_prefix("root ")?.parse().ok()).collect();
    Roots::new(threshold, keys?)
}
