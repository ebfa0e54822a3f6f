//! Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature.
//!
//! | line | content |
//! | --- | --- |
//! | text | any lines, the first of them says what it is |
//! | | empty |
//! | signatures | `— NAME BASE64`, where BASE64 is 4 bytes of key hash and 64 of signature over the text |
//!
//! The key hash is the beginning of SHA-256 over NAME, a line feed, 0x01 (Ed25519) and the key.

use crate::terms::SIGNATURE_BYTES;
use crate::trust::PublicKey;
use alloc::{string::String, vec::Vec};
use base64ct::{Base64, Encoding};
use core::fmt;
use sha2::{Digest, Sha256};

/// The name under which roots sign. Keys tell them apart.
const NAME: &str = "countersign-root";
/// An em dash and a space.
const DASH: &str = "\u{2014} ";
const HASH: usize = 4;
/// Signatures of one note that are looked at: each costs a check.
const MOST_SIGNATURES: usize = 32;

/// A note as it is cut out of a file.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// What is signed, with its last line feed.
    pub text: &'a str,
    /// The lines of the signatures.
    signatures: &'a str,
    /// How many lines stand before it in the file.
    pub lines_before: usize,
}

/// Why a file is not made of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteFault {
    /// No empty line and signatures after the text that begins on this line.
    NoSignatures {
        /// From 1.
        line: usize,
    },
    /// Not the line of a signature.
    Signature {
        /// From 1.
        line: usize,
    },
    /// One key has signed twice.
    Twice {
        /// The second one, from 1.
        line: usize,
    },
    /// More signatures than are looked at.
    TooMany {
        /// The first that is too many, from 1.
        line: usize,
    },
    /// The signature of a root is not one of this text.
    Wrong {
        /// From 1.
        line: usize,
    },
}

impl fmt::Display for NoteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignatures { line } => {
                write!(f, "line {line}: wanted an empty line and signatures after this text")
            }
            Self::Signature { line } => write!(f, "line {line}: wanted a signature, as in: {DASH}{NAME} BASE64"),
            Self::Twice { line } => write!(f, "line {line}: this key has signed before"),
            Self::TooMany { line } => write!(f, "line {line}: more than {MOST_SIGNATURES} signatures"),
            Self::Wrong { line } => write!(f, "line {line}: the signature does not belong to this text"),
        }
    }
}

/// How many lines a text has that ends with a line feed.
pub(crate) fn line_feeds(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// Cuts a file into notes, oldest first.
pub fn notes(file: &str) -> impl Iterator<Item = Result<Note<'_>, NoteFault>> {
    let mut rest = file;
    let mut lines_before = 0;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let fault = NoteFault::NoSignatures { line: lines_before + 1 };
        let Some(blank) = rest.find("\n\n") else {
            rest = "";
            return Some(Err(fault));
        };
        let (text, after) = rest.split_at(blank + 1);
        let after = after.get(1..).unwrap_or_default();
        let length: usize = after.split_inclusive('\n').take_while(|line| line.starts_with(DASH)).map(str::len).sum();
        let (signatures, next) = after.split_at(length);
        if signatures.is_empty() || !signatures.ends_with('\n') {
            rest = "";
            return Some(Err(fault));
        }
        let note = Note { text, signatures, lines_before };
        lines_before += line_feeds(text) + 1 + line_feeds(signatures);
        rest = next;
        Some(Ok(note))
    })
}

impl Note<'_> {
    /// Which of these keys have signed it, each once.
    ///
    /// # Errors
    /// A line that is no signature, a key that signs twice, or a signature by one of the keys that is wrong.
    /// Signatures by other keys are somebody else's.
    pub fn signers(&self, keys: &[PublicKey]) -> Result<Vec<PublicKey>, NoteFault> {
        let mut signers: Vec<PublicKey> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let first = self.lines_before + line_feeds(self.text) + 2;
        // `lines` would drop a carriage return: two spellings of one note.
        for (line, text) in (first..).zip(self.signatures.split_terminator('\n')) {
            if seen.len() == MOST_SIGNATURES {
                return Err(NoteFault::TooMany { line });
            }
            if seen.contains(&text) {
                return Err(NoteFault::Twice { line });
            }
            seen.push(text);
            let (name, hash, signature) = read(text).ok_or(NoteFault::Signature { line })?;
            let mut known = keys.iter().filter(|key| key_hash(name, key) == hash).peekable();
            if known.peek().is_none() {
                continue;
            }
            // Two keys may share four bytes of hash.
            let signer = known.find(|key| key.has_signed(self.text.as_bytes(), &signature));
            let signer = *signer.ok_or(NoteFault::Wrong { line })?;
            if signers.contains(&signer) {
                return Err(NoteFault::Twice { line });
            }
            signers.push(signer);
        }
        Ok(signers)
    }
}

fn read(line: &str) -> Option<(&str, [u8; HASH], [u8; SIGNATURE_BYTES])> {
    let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
    if name.is_empty() || name.contains(char::is_whitespace) || name.contains('+') {
        return None;
    }
    let mut bytes = [0; HASH + SIGNATURE_BYTES];
    // base64ct refuses other spellings of the same bytes.
    let decoded = Base64::decode(base64, &mut bytes).ok()?;
    let (hash, signature) = decoded.split_first_chunk()?;
    Some((name, *hash, *signature.first_chunk().filter(|_| signature.len() == SIGNATURE_BYTES)?))
}

fn key_hash(name: &str, key: &PublicKey) -> [u8; HASH] {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', 0x01]).chain_update(key.as_bytes()).finalize();
    let mut hash = [0; HASH];
    hash.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    hash
}

/// The line of a signature over a note's text, for whoever signs it.
pub fn signature_line(key: &PublicKey, signature: &[u8; SIGNATURE_BYTES]) -> String {
    let mut bytes = [0; HASH + SIGNATURE_BYTES];
    bytes.iter_mut().zip(key_hash(NAME, key).iter().chain(signature)).for_each(|(to, from)| *to = *from);
    alloc::format!("{DASH}{NAME} {}\n", Base64::encode_string(&bytes))
}

/// Which of these keys have signed the one note of a file, for whoever collects signatures.
///
/// # Errors
/// A line that is no signature, one that stands twice, or a file that is not one note.
pub fn note_signers(file: &str, keys: &[PublicKey]) -> Result<Vec<PublicKey>, NoteFault> {
    let mut found = notes(file);
    match (found.next(), found.next()) {
        (Some(note), None) => note?.signers(keys),
        _ => Err(NoteFault::NoSignatures { line: 1 }),
    }
}
