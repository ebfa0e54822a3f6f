//! The trust bundle that an installation keeps, and what it takes to replace it.
//!
//! | text | what |
//! | --- | --- |
//! | `trust.bundle` | the file as it was loaded: one signed note or more |
//! | `trust.roots` | the roots in force; first line `countersign roots 1`, then `threshold M` and a `root KEY` each |
//!
//! Both are kept twice. The bundle is written first: it is signed by the roots before it too, so that after a power
//! cut between the two it still verifies.

use crate::damage::{self, Damage, Flaw, either, keep_twice};
use crate::storage::{Storage, StorageFault};
use activation_code::{Bundle, BundleFault, MAX_BUNDLE, PublicKey, Purpose, Roots};
use std::fmt;

const BUNDLE: &str = "trust.bundle";
const ROOTS: &str = "trust.roots";
const ROOTS_HEADING: &str = "countersign roots 1";
/// Sixteen roots, and room.
const LONGEST_ROOTS: usize = 4096;

/// What is kept, as far as it is good.
#[derive(Clone, Debug, Default)]
pub struct KeptTrust {
    /// The roots in force, if any were ever trusted.
    pub roots: Option<Roots>,
    /// The bundle in force, verified again.
    pub bundle: Option<Bundle>,
    /// What is not good.
    pub damage: Vec<Damage>,
}

/// What loading a bundle did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It is in force now, in the place of the bundle of this number.
    New {
        /// The number of the one before; `None`: the first.
        before: Option<u32>,
    },
    /// It is the very bundle that was in force.
    Already,
}

/// Why a bundle is not loaded.
#[derive(Debug)]
pub enum TrustStoreFault {
    /// The system fails.
    Storage(StorageFault),
    /// What is kept cannot be read, and it is not ours to replace.
    Kept(Damage),
    /// Nobody said which roots to trust.
    NoRoots,
    /// The file is no bundle that the roots have signed.
    Bundle(BundleFault),
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

impl From<StorageFault> for TrustStoreFault {
    fn from(fault: StorageFault) -> Self {
        Self::Storage(fault)
    }
}

impl fmt::Display for TrustStoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(fault) => fault.fmt(f),
            Self::Kept(damage) => damage.fmt(f),
            Self::NoRoots => f.write_str("no root keys to trust"),
            Self::Bundle(fault) => fault.fmt(f),
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

/// What a process has read last: the same text, trusted by the same roots, says the same, and a key is worth trusting
/// for ever. (Checking a key for torsion takes as long as a signature.)
#[derive(Debug, Default)]
pub(crate) struct ReadTrust {
    roots: Option<(Vec<u8>, Roots)>,
    bundle: Option<(String, Roots, Bundle)>,
}

impl ReadTrust {
    fn roots(&mut self, text: &[u8]) -> Option<Roots> {
        if let Some((_, roots)) = self.roots.as_ref().filter(|(known, _)| known == text) {
            return Some(roots.clone());
        }
        let roots = parse_roots(text)?;
        self.roots = Some((text.to_vec(), roots.clone()));
        Some(roots)
    }

    fn bundle(&mut self, text: &str, trusted: &Roots) -> Result<Bundle, BundleFault> {
        let same = |(known, by, _): &&(String, Roots, Bundle)| known == text && by == trusted;
        if let Some((_, _, bundle)) = self.bundle.as_ref().filter(same) {
            return Ok(bundle.clone());
        }
        let bundle = Bundle::read(text, trusted)?;
        self.bundle = Some((text.to_owned(), trusted.clone(), bundle.clone()));
        Ok(bundle)
    }
}

impl KeptTrust {
    /// What a storage has. `given`: the roots of the release, for where those that were kept are damaged.
    pub(crate) fn of(storage: &dyn Storage, given: Option<&Roots>, read: &mut ReadTrust) -> Self {
        let (roots, damaged_roots) = either(storage, ROOTS, LONGEST_ROOTS, |text| read.roots(text).ok_or(Flaw::Roots));
        let mut damage: Vec<_> = damaged_roots.into_iter().collect();
        let trusted = roots.as_ref().or(given);
        let (bundle, damaged_bundle) = either(storage, BUNDLE, MAX_BUNDLE, |text| {
            let text = Bundle::text_of(text).map_err(Flaw::Bundle)?;
            // Without roots a bundle proves nothing.
            trusted.map_or(Ok(None), |roots| read.bundle(text, roots).map(Some).map_err(Flaw::Bundle))
        });
        damage.extend(damaged_bundle);
        let bundle = bundle.flatten();
        // After a power cut the bundle is newer than the roots.
        let roots = bundle.as_ref().map(|bundle| bundle.roots.clone()).or(roots);
        let lost = match (&roots, &bundle) {
            (Some(_), None) if damage.is_empty() => Some(BUNDLE),
            // A bundle without the roots that it was trusted by.
            (None, None) if damage.is_empty() && storage.read(BUNDLE, MAX_BUNDLE).is_ok_and(|text| text.is_some()) => {
                Some(ROOTS)
            }
            _ => None,
        };
        damage.extend(lost.map(|name| Damage { place: storage.place(name), what: Flaw::Missing, recovered: false }));
        Self { roots, bundle, damage }
    }

    /// Whether a bundle's file takes the place of this: verified by the roots in force, or by `given` where there are
    /// none yet, and never with a lower number than `known`, also where the bundle that had it is damaged.
    ///
    /// # Errors
    /// The bundle is refused.
    pub fn judge(
        &self,
        file: &str,
        given: Option<&Roots>,
        known: Option<u32>,
        purpose: Purpose,
    ) -> Result<(Loaded, Bundle), TrustStoreFault> {
        let unreadable = |damage: &&Damage| matches!(damage.what, Flaw::Unreadable(_));
        if let Some(damage) = self.damage.iter().find(unreadable) {
            return Err(TrustStoreFault::Kept(damage.clone()));
        }
        let roots = self.roots.as_ref().or(given).ok_or(TrustStoreFault::NoRoots)?;
        let bundle = Bundle::read(file, roots).map_err(TrustStoreFault::Bundle)?;
        let number = bundle.number;
        if bundle.test && purpose == Purpose::Production {
            return Err(TrustStoreFault::ForTesting { number });
        }
        let before = self.bundle.as_ref().map(|kept| kept.number).max(known);
        if let Some(kept) = &self.bundle
            && kept.vendor != bundle.vendor
        {
            return Err(TrustStoreFault::OtherVendor { kept: kept.vendor.clone(), found: bundle.vendor });
        }
        match (before, &self.bundle) {
            (Some(kept), _) if number < kept => Err(TrustStoreFault::Older { kept, found: number }),
            (_, Some(kept)) if number == kept.number && *kept == bundle => Ok((Loaded::Already, bundle)),
            (_, Some(kept)) if number == kept.number => Err(TrustStoreFault::Fork { number }),
            (before, _) => Ok((Loaded::New { before }, bundle)),
        }
    }
}

/// Makes good what was found damaged and is good in its second text.
pub(crate) fn heal(storage: &dyn Storage, damage: &[Damage]) -> Result<(), StorageFault> {
    for (name, longest) in [(BUNDLE, MAX_BUNDLE), (ROOTS, LONGEST_ROOTS)] {
        if damage.iter().any(|damage| damage.recovered && damage.place == storage.place(name)) {
            damage::heal(storage, name, longest)?;
        }
    }
    Ok(())
}

/// Keeps a bundle that was judged.
///
/// # Errors
/// What the system says; then the former bundle is in force, or this one.
pub(crate) fn keep(storage: &dyn Storage, file: &str, bundle: &Bundle) -> Result<(), StorageFault> {
    keep_twice(storage, BUNDLE, file.as_bytes())?;
    keep_twice(storage, ROOTS, print_roots(&bundle.roots).as_bytes())
}

fn print_roots(roots: &Roots) -> String {
    let keys: String = roots.keys().iter().map(|key| format!("root {key}\n")).collect();
    format!("{ROOTS_HEADING}\nthreshold {}\n{keys}", roots.threshold())
}

fn parse_roots(text: &[u8]) -> Option<Roots> {
    let mut lines = str::from_utf8(text).ok()?.lines();
    lines.next().filter(|line| *line == ROOTS_HEADING)?;
    let threshold = lines.next()?.strip_prefix("threshold ")?.parse().ok()?;
    let keys: Option<Vec<PublicKey>> = lines.map(|line| line.strip_prefix("root ")?.parse().ok()).collect();
    Roots::new(threshold, keys?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sold::{bundle, issuing_key, public, roots};

    #[test]
    fn what_was_read_is_known_by_its_text_and_by_who_is_trusted() {
        let (first, second) = (roots(), Roots::new(1, [public(&issuing_key())]).unwrap());
        let mut read = ReadTrust::default();
        let texts = [&first, &second].map(|roots| print_roots(roots).into_bytes());
        for _ in 0..2 {
            assert_eq!(read.roots(&texts[0]).as_ref(), Some(&first));
            assert_eq!(read.roots(&texts[1]).as_ref(), Some(&second));
            assert_eq!(read.roots(b"nothing"), None);
        }
        let text = bundle(1, "2026-11-22", "");
        assert_eq!(read.bundle(&text, &first).unwrap().number, 1);
        assert_eq!(read.bundle(&text, &first).unwrap().number, 1);
        assert!(read.bundle(&text, &second).is_err());
        assert!(read.bundle(&text.replace("number 1", "number 2"), &first).is_err());
    }

    #[test]
    fn what_of_the_trust_is_lost_is_named_once() {
        let (roots, text) = (roots(), bundle(1, "2026-11-22", ""));
        let storage = crate::storage::InMemory::default();
        let of = |storage: &dyn Storage| {
            let kept = KeptTrust::of(storage, None, &mut ReadTrust::default());
            kept.damage.into_iter().map(|damage| (damage.place, damage.what)).collect::<Vec<_>>()
        };
        assert_eq!(of(&storage), []);
        keep(&storage, &text, &Bundle::read(&text, &roots).unwrap()).unwrap();
        assert_eq!(of(&storage), []);
        for name in [ROOTS.to_owned(), format!("{ROOTS}{}", damage::COPY)] {
            storage.remove(&name).unwrap();
        }
        assert_eq!(of(&storage), [(storage.place(ROOTS), Flaw::Missing)]);
        keep(&storage, &text, &Bundle::read(&text, &roots).unwrap()).unwrap();
        for name in [BUNDLE.to_owned(), format!("{BUNDLE}{}", damage::COPY)] {
            storage.write(&name, b"nonsense").unwrap();
        }
        let damaged = of(&storage);
        assert!(matches!(&damaged[..], [(place, Flaw::Bundle(_))] if *place == storage.place(BUNDLE)), "{damaged:?}");
        for name in [BUNDLE.to_owned(), format!("{BUNDLE}{}", damage::COPY)] {
            storage.remove(&name).unwrap();
        }
        assert_eq!(of(&storage), [(storage.place(BUNDLE), Flaw::Missing)]);
    }

    #[test]
    fn only_what_was_recovered_is_mended() {
        let (roots, text) = (roots(), bundle(1, "2026-11-22", ""));
        let storage = crate::storage::InMemory::default();
        keep(&storage, &text, &Bundle::read(&text, &roots).unwrap()).unwrap();
        storage.write(BUNDLE, b"damaged").unwrap();
        let damage = |name, recovered| Damage { place: storage.place(name), what: Flaw::Missing, recovered };
        heal(&storage, &[damage(BUNDLE, false), damage("memory.txt", true)]).unwrap();
        assert_eq!(storage.read(BUNDLE, MAX_BUNDLE).unwrap().as_deref(), Some(&b"damaged"[..]));
        heal(&storage, &[damage(BUNDLE, true)]).unwrap();
        assert_eq!(storage.read(BUNDLE, MAX_BUNDLE).unwrap().as_deref(), Some(text.as_bytes()));
    }
}
