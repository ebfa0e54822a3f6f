//! A signed statement of how far the book went on a day: what is kept elsewhere, so that nobody can rewrite the book
//! unseen.
//!
//! | line | what stands there |
//! | --- | --- |
//! | `countersign checkpoint 1` | what it is |
//! | `desk 0707070707070707` | the desk's identity, 16 hex digits |
//! | `day 2026-11-22` | when it was signed |
//! | `head 1234:9f86...` | how many events there were, and the link of the last one, 64 hex digits |
//! | `key 8a88...` | the ledger key that signs, 64 hex digits |
//! | `signature 1f54...` | Ed25519 over `countersign/checkpoint/1`, a zero byte and all lines above; 128 hex digits |
//!
//! Each line ends with a line feed, hex digits are lower case, and nothing else is in the file.

use super::{DeskFault, Refused};
use crate::hex::{self, Hex};
use crate::ledger::{Head, Link, Sequence};
use crate::signer::{Signer, has_signed};
use activation_code::{Day, PinnedIssuer, PublicKey, SIGNATURE_BYTES};
use std::fmt;
use std::str::FromStr;

/// What stands before the lines in the signed bytes, so that a checkpoint is never taken for a code or for anything
/// else.
pub const CONTEXT: &[u8] = b"countersign/checkpoint/1\0";

/// Longest file that is read as a checkpoint; one has some 350 bytes.
pub const LONGEST: u64 = 1024;

const TITLE: &str = "countersign checkpoint 1";

/// How far the book went, as somebody wrote it down: `1234:9f86d081884c7d659a2f`.
///
/// On paper the first 20 digits of the link are enough: to find another book with them takes 2^80 tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedHead {
    /// How many events there were.
    pub events: Sequence,
    /// The first digits of the last one's link, in lower case.
    digits: String,
}

impl NotedHead {
    /// Digits that are written down.
    pub const FEWEST: usize = 20;

    /// As it is written down.
    pub fn of(events: Sequence, link: &Link) -> Self {
        let mut digits = Hex(link).to_string();
        digits.truncate(Self::FEWEST);
        Self { events, digits }
    }

    /// Whether a link is the one that was written down.
    pub fn is_of(&self, link: &Link) -> bool {
        Hex(link).to_string().starts_with(&self.digits)
    }
}

impl fmt::Display for NotedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.events, self.digits)
    }
}

/// Not `N:HEX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wanted a number of events, a colon and 20 to 64 hex digits, as in 1234:9f86d081884c7d659a2f")]
pub struct NotedHeadFault;

impl FromStr for NotedHead {
    type Err = NotedHeadFault;

    fn from_str(text: &str) -> Result<Self, NotedHeadFault> {
        let (events, digits) = text.split_once(':').ok_or(NotedHeadFault)?;
        let events = number(events).ok_or(NotedHeadFault)?;
        let right =
            (Self::FEWEST..=64).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if right { Ok(Self { events, digits: digits.to_ascii_lowercase() }) } else { Err(NotedHeadFault) }
    }
}

/// What a checkpoint says. Nothing is proven before [`Checkpoint::is_signed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Of which desk.
    pub desk: String,
    /// When it was signed.
    pub day: Day,
    /// How many events there were.
    pub events: Sequence,
    /// The link of the last one.
    pub link: Link,
    /// Who says so.
    pub key: PublicKey,
    signature: [u8; SIGNATURE_BYTES],
}

/// Why a file is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// A line is not what stands in this place of a checkpoint.
    #[error("line {line} is not that of a checkpoint: wanted {wanted:?} and its value")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What it begins with.
        wanted: &'static str,
    },
    /// There is something after the last line.
    #[error("something follows after its last line")]
    Longer,
}

impl Checkpoint {
    /// Signs, and checks the signature as whoever is shown it does.
    ///
    /// # Errors
    /// The key is one that signs codes, or cannot be used.
    pub fn sign(
        signer: &dyn Signer,
        issuers: &[PinnedIssuer],
        desk: String,
        head: Head,
        today: Day,
    ) -> Result<Self, DeskFault> {
        let key = signer.public_key();
        refuse_issuer(&key, issuers)?;
        let Head { sequence: events, link, .. } = head;
        let mut checkpoint = Self { desk, day: today, events, link, key, signature: [0; SIGNATURE_BYTES] };
        checkpoint.signature = signer.sign(&checkpoint.message())?;
        if checkpoint.is_signed() { Ok(checkpoint) } else { Err(DeskFault::CheckpointDoesNotVerify) }
    }

    /// Whether its key has signed it. Whether the key is the desk's is another question.
    pub fn is_signed(&self) -> bool {
        has_signed(&self.key, &self.message(), &self.signature)
    }

    /// As it is written down on paper.
    pub fn noted(&self) -> NotedHead {
        NotedHead::of(self.events, &self.link)
    }

    fn message(&self) -> Vec<u8> {
        [CONTEXT, self.signed_lines().as_bytes()].concat()
    }

    fn signed_lines(&self) -> String {
        let Self { desk, day, events, link, key, .. } = self;
        format!("{TITLE}\ndesk {desk}\nday {day}\nhead {events}:{}\nkey {key}\n", Hex(link))
    }
}

/// The file.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}signature {}", self.signed_lines(), Hex(&self.signature))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointFault;

    fn from_str(text: &str) -> Result<Self, CheckpointFault> {
        let (mut lines, mut line) = (text.split_inclusive('\n'), 0);
        let mut value = |wanted: &'static str| {
            line += 1;
            let fault = CheckpointFault::Line { line, wanted };
            let rest = lines.next().and_then(|text| text.strip_suffix('\n')?.strip_prefix(wanted));
            rest.map(|rest| (rest, fault)).ok_or(fault)
        };
        let (rest, fault) = value(TITLE)?;
        if !rest.is_empty() {
            return Err(fault);
        }
        let (desk, fault) = value("desk ")?;
        hex::bytes::<8>(desk).ok_or(fault)?;
        let (day, fault) = value("day ")?;
        let day = day.parse().map_err(|_| fault)?;
        let (head, fault) = value("head ")?;
        let (events, link) = head.split_once(':').ok_or(fault)?;
        let (events, link) = number(events).zip(hex::bytes(link)).ok_or(fault)?;
        let (key, fault) = value("key ")?;
        let key = hex::bytes(key).and_then(|key| PublicKey::from_bytes(&key).ok()).ok_or(fault)?;
        let (signature, fault) = value("signature ")?;
        let signature = hex::bytes(signature).ok_or(fault)?;
        match lines.next() {
            Some(_) => Err(CheckpointFault::Longer),
            None => Ok(Self { desk: desk.to_owned(), day, events, link, key, signature }),
        }
    }
}

/// One key signs one kind of thing.
pub(super) fn refuse_issuer(key: &PublicKey, issuers: &[PinnedIssuer]) -> Result<(), Refused> {
    let issuer = issuers.iter().find(|issuer| issuer.key == *key);
    issuer.map_or(Ok(()), |issuer| Err(Refused::SignsCodes(issuer.number)))
}

/// A number from 1 in the only way in which it is written.
fn number(text: &str) -> Option<Sequence> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::SoftwareKey;
    use activation_code::{IssuerNumber, signed_message};

    fn head() -> Head {
        Head { sequence: 1234, day: "2026-11-20".parse().unwrap(), link: [0xAB; 32] }
    }

    fn signed(seed: u8) -> Checkpoint {
        let key = SoftwareKey::from_seed(&[seed; 32]).unwrap();
        Checkpoint::sign(&key, &[], "07".repeat(8), head(), "2026-11-22".parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let checkpoint = signed(2);
        let text = checkpoint.to_string();
        assert!(text.starts_with("countersign checkpoint 1\ndesk 0707070707070707\nday 2026-11-22\nhead 1234:abab"));
        assert_eq!(text.parse::<Checkpoint>().unwrap(), checkpoint);
        assert!(checkpoint.is_signed());
        assert!(text.len() as u64 <= LONGEST);
    }

    #[test]
    fn a_line_that_is_none_of_a_checkpoint_is_named() {
        let text = signed(2).to_string();
        let wanted = [TITLE, "desk ", "day ", "head ", "key ", "signature "];
        for (line, wanted) in (1..).zip(wanted) {
            let damaged: String = (1..)
                .zip(text.lines())
                .map(|(at, text)| format!("{text}{}\n", if at == line { "x" } else { "" }))
                .collect();
            let fault = damaged.parse::<Checkpoint>().unwrap_err();
            assert_eq!(fault, CheckpointFault::Line { line, wanted });
            let says = format!("line {line} is not that of a checkpoint: wanted {wanted:?} and its value");
            assert_eq!(fault.to_string(), says);
        }
        let fault = format!("{text}\n").parse::<Checkpoint>().unwrap_err();
        assert_eq!(
            (fault, fault.to_string().as_str()),
            (CheckpointFault::Longer, "something follows after its last line")
        );
    }

    #[test]
    fn no_other_text_is_a_checkpoint_with_a_good_signature() {
        let text = signed(2).to_string();
        for place in 0..text.len() {
            for change in [1, 2, 4, 16, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= change;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(!changed.parse::<Checkpoint>().is_ok_and(|it| it.is_signed()), "{changed}");
            }
            assert!(text[..place].parse::<Checkpoint>().is_err());
            let longer = format!("{} {}", &text[..place], &text[place..]);
            assert!(!longer.parse::<Checkpoint>().is_ok_and(|it| it.is_signed()), "{longer}");
        }
        for other in [
            text.replace('\n', "\r\n"),
            format!("{text}\n"),
            format!("\n{text}"),
            format!("\u{FEFF}{text}"),
            text.to_uppercase(),
            text.replace("head 1234:", "head 01234:"),
            text.replace("head 1234:", "head +1234:"),
            text.replace("desk 07", "desk 0"),
            text.trim_end().to_owned(),
        ] {
            assert!(other.parse::<Checkpoint>().is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_key_that_signs_codes_signs_no_checkpoint() {
        let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
        let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: key.public_key() };
        let today = "2026-11-22".parse().unwrap();
        let refused = Checkpoint::sign(&key, &[issuer], "07".repeat(8), head(), today).unwrap_err();
        assert!(matches!(refused, DeskFault::Refused(Refused::SignsCodes(number)) if number == issuer.number));
    }

    /// Even if one key signed both, by mistake.
    #[test]
    fn a_signature_of_a_code_is_none_of_a_checkpoint() {
        let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
        let mut checkpoint = signed(1);
        let lines = checkpoint.signed_lines().into_bytes();
        checkpoint.signature = key.sign(&signed_message(&lines)).unwrap();
        assert!(!checkpoint.is_signed());
        for (a, b) in [(CONTEXT, activation_code::CONTEXT), (activation_code::CONTEXT, CONTEXT)] {
            assert!(!a.starts_with(b));
        }
    }

    #[test]
    fn a_head_on_paper_has_twenty_digits_or_more() {
        let noted = signed(2).noted();
        assert_eq!(noted.to_string(), "1234:abababababababababab");
        assert_eq!(noted.to_string().to_uppercase().parse::<NotedHead>().unwrap(), noted);
        assert!(noted.is_of(&[0xAB; 32]) && !noted.is_of(&[0xAC; 32]));
        let whole: NotedHead = format!("1234:{}", "ab".repeat(32)).parse().unwrap();
        let mut other = [0xAB; 32];
        other[31] ^= 1;
        assert!(whole.is_of(&[0xAB; 32]) && !whole.is_of(&other));
        for text in ["", ":", "1234:", "1234", "1234:ababababababababaja", "0:abababababababababab", "1:xx"] {
            assert_eq!(text.parse::<NotedHead>(), Err(NotedHeadFault), "{text}");
        }
        assert!(format!("1:{}", "ab".repeat(33)).parse::<NotedHead>().is_err());
        assert!("1:abababababababababa".parse::<NotedHead>().is_err());
    }
}
