//! Trust bundles on the side that makes them: a text that is carried from root to root until enough have signed,
//! and what it changes, in words.

mod changes;

pub use changes::changes;

use crate::signer::{Signer, SignerFault};
use activation_code::{BUNDLE_CONTEXT, Bundle, BundleFault, PublicKey, Roots, signature_line};
use std::fmt;

/// A bundle's file while it is made: notes that are signed already and that change roots, and a last text with the
/// signatures that it has so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Older notes, as hosts need them to follow a change of the roots.
    earlier: String,
    /// What is signed.
    text: String,
    /// Its lines of signatures.
    signatures: Vec<String>,
}

/// Why a bundle's file is not signed.
#[derive(Debug, thiserror::Error)]
pub enum BundleFileFault {
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleFault),
    /// The key is none of the roots that have to sign.
    #[error("{key} is none of the roots that sign this bundle")]
    NotARoot {
        /// The key.
        key: Box<PublicKey>,
    },
    /// The key has signed already.
    #[error("{key} has signed this bundle already")]
    SignedAlready {
        /// The key.
        key: Box<PublicKey>,
    },
    /// The key cannot be used.
    #[error(transparent)]
    Signer(#[from] SignerFault),
}

impl BundleFile {
    /// A bundle that nobody has signed, after the notes that hosts need to get there.
    pub fn draft(earlier: String, bundle: &Bundle) -> Self {
        Self { earlier, text: bundle.to_string(), signatures: Vec::new() }
    }

    /// The file as it is carried around.
    ///
    /// # Errors
    /// It is none, or its last text is no bundle.
    pub fn parse(file: &str) -> Result<Self, BundleFileFault> {
        let heading = format!("{BUNDLE_CONTEXT}\n");
        let inside = file.rfind(&format!("\n{heading}")).map_or(0, |at| at + 1);
        let (earlier, last) = file.split_at(inside);
        let (text, signatures) = match last.find("\n\n") {
            Some(blank) => (last.get(..=blank).unwrap_or_default(), last.get(blank + 2..).unwrap_or_default()),
            None => (last, ""),
        };
        Bundle::parse_unverified(text)?;
        let signatures = signatures.lines().map(str::to_owned).collect();
        Ok(Self { earlier: earlier.to_owned(), text: text.to_owned(), signatures })
    }

    /// What the last text says. Whether it is signed is another question.
    ///
    /// # Errors
    /// It is no bundle.
    pub fn bundle(&self) -> Result<Bundle, BundleFault> {
        Bundle::parse_unverified(&self.text)
    }

    /// All of its notes, oldest first, each with its signatures and what it says.
    ///
    /// # Errors
    /// One of them is no bundle.
    pub fn notes(&self) -> Result<Vec<(String, Bundle)>, BundleFileFault> {
        let mut notes = match self.earlier.as_str() {
            "" => Vec::new(),
            earlier => Self::parse(earlier)?.notes()?,
        };
        notes.push((self.last_note(), self.bundle()?));
        Ok(notes)
    }

    /// The roots in force before this text: those of the newest of the older notes.
    ///
    /// # Errors
    /// The older notes are none.
    pub fn former_roots(&self) -> Result<Option<Roots>, BundleFileFault> {
        if self.earlier.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self::parse(&self.earlier)?.bundle()?.roots))
    }

    /// Which of these keys have signed it so far.
    ///
    /// # Errors
    /// A line that is no signature of this text.
    pub fn signers(&self, keys: &[PublicKey]) -> Result<Vec<PublicKey>, BundleFault> {
        if self.signatures.is_empty() {
            return Ok(Vec::new());
        }
        Ok(activation_code::note_signers(&self.last_note(), keys)?)
    }

    /// Adds the signature of a root of this text, or of the roots before it.
    ///
    /// # Errors
    /// The key is not one of them, or has signed already.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), BundleFileFault> {
        let key = signer.public_key();
        let mut roots = self.bundle()?.roots.keys().to_vec();
        roots.extend(self.former_roots()?.iter().flat_map(|former| former.keys()));
        if !roots.contains(&key) {
            return Err(BundleFileFault::NotARoot { key: Box::new(key) });
        }
        if self.signers(&[key])?.contains(&key) {
            return Err(BundleFileFault::SignedAlready { key: Box::new(key) });
        }
        let line = signature_line(&key, &signer.sign(self.text.as_bytes())?);
        self.signatures.push(line.trim_end().to_owned());
        // With the code that ships in products: a signature that it does not accept never leaves.
        if !self.signers(&[key]).is_ok_and(|signers| signers.contains(&key)) {
            self.signatures.pop();
            return Err(SignerFault.into());
        }
        Ok(())
    }

    /// Whether an installation that trusts these roots takes the file, and what it says.
    ///
    /// # Errors
    /// Why not.
    pub fn verify(&self, trusted: &Roots) -> Result<Bundle, BundleFault> {
        if self.signatures.is_empty() {
            // Without its signatures it is no note, which would be said of its first line.
            return Err(BundleFault::BelowThreshold { threshold: self.bundle()?.roots.threshold() });
        }
        Bundle::read(&self.to_string(), trusted)
    }

    fn last_note(&self) -> String {
        let signatures: String = self.signatures.iter().map(|line| format!("{line}\n")).collect();
        format!("{}\n{signatures}", self.text)
    }
}

/// The file.
impl fmt::Display for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.earlier)?;
        if self.signatures.is_empty() { f.write_str(&self.text) } else { f.write_str(&self.last_note()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::SoftwareKey;
    use activation_code::SIGNATURE_BYTES;

    /// Gives another key's signatures.
    struct Broken(SoftwareKey);

    impl Signer for Broken {
        fn public_key(&self) -> PublicKey {
            self.0.public_key()
        }

        fn sign(&self, _: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
            Ok([1; SIGNATURE_BYTES])
        }
    }

    #[test]
    fn a_bundle_is_signed_once_by_each_of_its_roots_and_by_nobody_else() {
        let key = |seed| SoftwareKey::from_seed(&[seed; 32]).unwrap();
        let root = key(1);
        let text = format!(
            "{BUNDLE_CONTEXT}\nvendor Example Security\nnumber 1\nissued 2026-11-22\nthreshold 1\nroot {}\n",
            root.public_key()
        );
        let mut file = BundleFile::parse(&text).unwrap();
        let fault = file.sign(&key(2)).unwrap_err();
        let theirs = key(2).public_key();
        assert!(matches!(&fault, BundleFileFault::NotARoot { key } if **key == theirs), "{fault}");
        let fault = file.sign(&Broken(key(1))).unwrap_err();
        assert!(matches!(fault, BundleFileFault::Signer(SignerFault)), "{fault}");
        assert_eq!(file.to_string(), text);
        file.sign(&root).unwrap();
        let fault = file.sign(&root).unwrap_err();
        assert!(matches!(&fault, BundleFileFault::SignedAlready { key } if **key == root.public_key()), "{fault}");
        assert_eq!(file.verify(&Roots::new(1, [root.public_key()]).unwrap()).unwrap().number, 1);
        let fault = BundleFile::parse(&text.replace("number 1", "number 0")).unwrap_err();
        assert!(matches!(&fault, BundleFileFault::Bundle(_)) && fault.to_string().contains("line 3"), "{fault}");
    }
}
