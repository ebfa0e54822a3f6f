//! Line after line: a keyword, a space, what belongs to it, a line feed.

use crate::hex;
use activation_code::{Day, IssuerNumber, PinnedIssuer, PublicKey};
use std::fmt::{self, Write as _};

/// Why a text is no partner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartnerFileFault {
    /// Longer than any.
    #[error("it has more than {most} bytes")]
    TooLong {
        /// How many it may have.
        most: usize,
    },
    /// Not what stands in this place, or spelled otherwise.
    #[error("line {line}: wanted {wanted}")]
    Line {
        /// From 1.
        line: usize,
        /// What stands there.
        wanted: &'static str,
    },
    /// The ledger key that it names has not signed it.
    #[error("the ledger key that it names has not signed it: it was changed on its way")]
    NotSigned,
}

/// Reads line after line.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// How many bytes were read.
    read: usize,
    /// How many lines were read.
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, most: usize) -> Result<Self, PartnerFileFault> {
        if text.len() > most { Err(PartnerFileFault::TooLong { most }) } else { Ok(Self { text, read: 0, line: 0 }) }
    }

    /// Everything up to the line that comes next.
    pub(super) fn before(&self) -> &'a str {
        self.text.get(..self.read).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.read..).unwrap_or_default()
    }

    /// Of the line that was read last.
    pub(super) fn fault(&self, wanted: &'static str) -> PartnerFileFault {
        PartnerFileFault::Line { line: self.line, wanted }
    }

    /// What follows `keyword` in the next line, if that begins with it.
    pub(super) fn next_if(&mut self, keyword: &str) -> Option<&'a str> {
        let (line, _) = self.rest().split_once('\n')?;
        let value = line.strip_prefix(keyword)?;
        self.read += line.len() + 1;
        self.line += 1;
        Some(value)
    }

    pub(super) fn wanted(&mut self, keyword: &str, wanted: &'static str) -> Result<&'a str, PartnerFileFault> {
        self.next_if(keyword).ok_or(PartnerFileFault::Line { line: self.line + 1, wanted })
    }

    pub(super) fn title(&mut self, title: &'static str) -> Result<(), PartnerFileFault> {
        let rest = self.wanted(title, title)?;
        if rest.is_empty() { Ok(()) } else { Err(self.fault(title)) }
    }

    /// A value in the only spelling that it has.
    pub(super) fn value<T: std::str::FromStr + fmt::Display>(
        &self,
        text: &str,
        wanted: &'static str,
    ) -> Result<T, PartnerFileFault> {
        let value: Option<T> = text.parse().ok();
        value.filter(|value| is_spelled(value, text)).ok_or(self.fault(wanted))
    }

    pub(super) fn day(&mut self) -> Result<Day, PartnerFileFault> {
        const WANTED: &str = "day DAY";
        let day = self.wanted("day ", WANTED)?;
        self.value(day, WANTED)
    }

    /// What tells a book from others.
    pub(super) fn desk(&mut self) -> Result<String, PartnerFileFault> {
        const WANTED: &str = "desk and 16 hex digits";
        let desk = self.wanted("desk ", WANTED)?;
        hex::bytes::<8>(desk).ok_or(self.fault(WANTED))?;
        Ok(desk.to_owned())
    }

    pub(super) fn issuer(&mut self) -> Result<PinnedIssuer, PartnerFileFault> {
        const WANTED: &str = "issuer NUMBER KEY";
        let line = self.wanted("issuer ", WANTED)?;
        let (number, key) = line.split_once(' ').ok_or(self.fault(WANTED))?;
        Ok(PinnedIssuer { number: self.value::<IssuerNumber>(number, WANTED)?, key: self.key(key, WANTED)? })
    }

    pub(super) fn key(&self, text: &str, wanted: &'static str) -> Result<PublicKey, PartnerFileFault> {
        hex::bytes(text).and_then(|key| PublicKey::from_bytes(&key).ok()).ok_or(self.fault(wanted))
    }

    /// The two last lines: the ledger key, and its signature of everything before the line of the signature.
    pub(super) fn signed(
        &mut self,
        is_signed: impl FnOnce(&PublicKey, &str, &[u8; 64]) -> bool,
    ) -> Result<(PublicKey, [u8; 64]), PartnerFileFault> {
        const KEY: &str = "key and 64 hex digits";
        let key = self.wanted("key ", KEY)?;
        let key = self.key(key, KEY)?;
        let signed = self.before();
        const SIGNATURE: &str = "signature and 128 hex digits";
        let signature = self.wanted("signature ", SIGNATURE)?;
        let signature = hex::bytes(signature).ok_or(self.fault(SIGNATURE))?;
        if !self.rest().is_empty() {
            return Err(PartnerFileFault::Line { line: self.line + 1, wanted: "nothing after the signature" });
        }
        if is_signed(&key, signed, &signature) { Ok((key, signature)) } else { Err(PartnerFileFault::NotSigned) }
    }
}

fn is_spelled(value: &impl fmt::Display, text: &str) -> bool {
    /// Compares what is written with what should be, without a copy.
    struct Rest<'a>(&'a str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}
