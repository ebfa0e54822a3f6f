//! Texts that a person can read, and that show when they were damaged or changed by hand.
//!
//! The first line names what it is and its version, as in `countersign memory 1`; the last one is `check` and the
//! first 8 bytes of SHA-256 of everything before it, in hex. Lines that begin with `#` are remarks.

use sha2::{Digest, Sha256};
use std::fmt;

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedTextFault {
    /// Not text in UTF-8.
    NotText,
    /// It begins with something else than the wanted heading.
    Heading {
        /// What it should begin with.
        wanted: &'static str,
    },
    /// Written by a newer release.
    Newer {
        /// Its first line.
        found: String,
    },
    /// It ends before its last line.
    Truncated,
    /// It is not what was written.
    Changed,
    /// A line that no release writes.
    Line {
        /// From 1.
        line: usize,
    },
}

impl fmt::Display for CheckedTextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("bytes that are no text"),
            Self::Heading { wanted } => write!(f, "begins with something else, wanted `{wanted}`"),
            Self::Newer { found } => write!(f, "written by a newer release: `{found}`"),
            Self::Truncated => f.write_str("ends before its last line, `check`"),
            Self::Changed => f.write_str("does not match its last line, `check`: damaged, or changed by hand"),
            Self::Line { line } => write!(f, "line {line} is not one that this program writes"),
        }
    }
}

impl std::error::Error for CheckedTextFault {}

/// A heading and lines, each with its line feed, and the check behind them.
pub fn seal(text: &str) -> String {
    format!("{text}check {}\n", check(text))
}

/// The lines between heading and check, with their numbers, without remarks.
///
/// # Errors
/// Another heading, or not what was sealed.
pub fn open<'a>(
    text: &'a [u8],
    heading: &'static str,
) -> Result<impl Iterator<Item = (usize, &'a str)> + use<'a>, CheckedTextFault> {
    let text = str::from_utf8(text).map_err(|_| CheckedTextFault::NotText)?;
    let first = text.lines().next().unwrap_or_default();
    if first != heading {
        let (kind, _) = heading.rsplit_once(' ').unwrap_or((heading, ""));
        let version = first.strip_prefix(kind).and_then(|rest| rest.strip_prefix(' '));
        return Err(match version.filter(|version| version.parse::<u32>().is_ok()) {
            Some(_) if text.contains('\n') => CheckedTextFault::Newer { found: first.to_owned() },
            _ => CheckedTextFault::Heading { wanted: heading },
        });
    }
    let Some((sealed, last)) = text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n')) else {
        return Err(CheckedTextFault::Truncated);
    };
    let Some(found) = last.strip_prefix("check ") else { return Err(CheckedTextFault::Truncated) };
    let sealed = &text[..sealed.len() + 1];
    if found != check(sealed) {
        return Err(CheckedTextFault::Changed);
    }
    let lines = sealed.split_terminator('\n');
    Ok(lines.zip(1..).skip(1).filter(|(line, _)| !line.starts_with('#')).map(|(line, number)| (number, line)))
}

fn check(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "countersign memory 1";

    #[test]
    fn what_was_sealed_is_opened_without_its_remarks() {
        let text = seal("countersign memory 1\n# A remark.\nseen 2026-11-23\n");
        let lines: Vec<_> = open(text.as_bytes(), HEADING).unwrap().collect();
        assert_eq!(lines, [(3, "seen 2026-11-23")]);
    }

    #[test]
    fn every_cut_and_every_changed_byte_shows() {
        let text = seal("countersign memory 1\nseen 2026-11-23\n");
        for end in 0..text.len() {
            assert!(open(&text.as_bytes()[..end], HEADING).is_err(), "{end}");
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[end] ^= 1 << bit;
                assert!(open(&bytes, HEADING).is_err(), "byte {end}, bit {bit}");
            }
        }
    }

    #[test]
    fn each_way_to_be_damaged_has_its_name() {
        let text = seal("countersign memory 1\nseen 2026-11-23\n");
        let changed = text.replacen("23", "24", 1);
        for (text, fault, sentence) in [
            (&b"countersign memory 1\n\xFF\n"[..], CheckedTextFault::NotText, "bytes that are no text"),
            (
                b"countersign sites 1\n",
                CheckedTextFault::Heading { wanted: HEADING },
                "begins with something else, wanted `countersign memory 1`",
            ),
            (
                b"countersign memory 2",
                CheckedTextFault::Heading { wanted: HEADING },
                "begins with something else, wanted `countersign memory 1`",
            ),
            (
                b"countersign memory 2\nanything\n",
                CheckedTextFault::Newer { found: "countersign memory 2".to_owned() },
                "written by a newer release: `countersign memory 2`",
            ),
            (
                b"countersign memory 1\nseen 2026-11-23\n",
                CheckedTextFault::Truncated,
                "ends before its last line, `check`",
            ),
            (&text.as_bytes()[..text.len() - 1], CheckedTextFault::Truncated, "ends before its last line, `check`"),
            (
                changed.as_bytes(),
                CheckedTextFault::Changed,
                "does not match its last line, `check`: damaged, or changed by hand",
            ),
        ] {
            let found = open(text, HEADING).err().unwrap();
            assert_eq!((&found, found.to_string().as_str()), (&fault, sentence));
        }
    }

    #[test]
    fn another_version_is_not_called_damaged() {
        let newer = seal("countersign memory 2\nanything\n");
        let fault = open(newer.as_bytes(), HEADING).err().unwrap();
        assert_eq!(fault.to_string(), "written by a newer release: `countersign memory 2`");
        assert!(matches!(open(b"countersign draft 1\n", HEADING).err(), Some(CheckedTextFault::Heading { .. })));
    }
}
