//! A code whose signature nobody has checked yet, and its texts.

use crate::reading::readings;
use crate::reason::Reason;
use crate::rows::{self, CodeKind, Element, ROW};
use crate::terms::{Flaw, PayloadFault, SIGNATURE_BYTES, Terms};
use crate::typing::{Rows, TypingFaults, assemble, join_right};
use alloc::{string::String, vec::Vec};
use core::fmt;

/// What stands before the payload in the signed bytes, so that nothing else that the
/// same key signs is taken for a code.
pub const CONTEXT: &[u8] = b"countersign/activation-code/1\0";

/// What stands before the symbols in a QR code.
pub const TRANSPORT_PREFIX: &str = "A1:";

/// Well-formed, and not yet trusted: nobody has checked the signature.
///
/// [`Trust::verify`](crate::Trust::verify) makes a [`License`](crate::License) of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationCode {
    /// Payload and signature, as received: what is signed is never made anew.
    bytes: Vec<u8>,
    terms: Terms,
}

impl ActivationCode {
    /// Reads a code from what a person typed, pasted or scanned.
    ///
    /// Any spacing, dashes and remarks; letters or digits; up to 64 KiB of text.
    ///
    /// # Errors
    /// Every typing fault with its place, or why well-typed rows are no code.
    pub fn read(text: &str) -> Result<Self, ReadFault> {
        let mut best: Option<TypingFaults> = None;
        for reading in readings(text).map_err(TypingFaults::from)? {
            match assemble(&reading) {
                Ok(Rows::Bytes(bytes)) => return Ok(Self::from_bytes(bytes)?),
                Ok(Rows::SpareBits) => return Err(PayloadFault::from(Flaw::SpareBits).into()),
                Err(faults) => {
                    if let Some(Ok(Rows::Bytes(bytes))) = reading.in_one_piece().as_ref().and_then(join_right) {
                        return Ok(Self::from_bytes(bytes)?);
                    }
                    if best.as_ref().is_none_or(|other| other.all().len() > faults.all().len()) {
                        best = Some(faults);
                    }
                }
            }
        }
        Err(match best {
            Some(faults) => faults.into(),
            None => TypingFaults::from(crate::reading::NoReading::Empty).into(),
        })
    }

    /// A code from its payload and signature, one after the other.
    ///
    /// # Errors
    /// The payload is not canonical, or of a newer format.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PayloadFault> {
        let length = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(Flaw::Size)?;
        let terms = Terms::from_payload(bytes.get(..length).ok_or(Flaw::Size)?)?;
        Ok(Self { bytes, terms })
    }

    /// A code from terms and their signature, which nobody checks here.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_parts(payload: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<Self, PayloadFault> {
        Self::from_bytes([payload, signature].concat())
    }

    /// What the code claims. Good to print, and to find the issuer; not to act on.
    pub fn unverified_terms(&self) -> &Terms {
        &self.terms
    }

    /// Payload and signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signed part, without its context.
    pub fn payload(&self) -> &[u8] {
        self.bytes.split_last_chunk::<SIGNATURE_BYTES>().map_or(&[], |(payload, _)| payload)
    }

    /// The signature (RFC 8032).
    pub fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        self.bytes.last_chunk().unwrap_or(&[0; SIGNATURE_BYTES])
    }

    /// The rows in letters: `20040-0E000-84G00-3X00H-7FRHT`.
    pub fn letters(&self) -> Vec<String> {
        self.symbols().chunks(ROW).map(rows::to_letters).collect()
    }

    /// The rows in digits, for keypads and the telephone: groups of five with spaces.
    pub fn digits(&self) -> Vec<String> {
        self.symbols().chunks(ROW).map(rows::to_grouped_digits).collect()
    }

    /// One line for a QR code in alphanumeric mode: `A1:` and the symbols.
    pub fn transport(&self) -> String {
        let mut text = String::from(TRANSPORT_PREFIX);
        text.extend(self.symbols().into_iter().map(rows::letter));
        text
    }

    fn symbols(&self) -> Vec<Element> {
        // A payload is padded to fill its groups (`Terms::from_payload` refuses others).
        rows::encode(CodeKind::ActivationCode, &self.bytes).unwrap_or_default()
    }
}

/// The bytes that an issuer signs for a payload.
pub fn signed_message(payload: &[u8]) -> Vec<u8> {
    [CONTEXT, payload].concat()
}

/// Why a text is not read as a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// It was not typed as any code.
    Typing(TypingFaults),
    /// Typed right, and not a code that this release reads.
    Payload(PayloadFault),
}

impl ReadFault {
    /// Its name in the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Typing(faults) => faults.reason(),
            Self::Payload(PayloadFault::NotCanonical(_)) => Reason::NotCanonical,
            Self::Payload(PayloadFault::Newer(_)) => Reason::NewerFormat,
        }
    }
}

impl From<TypingFaults> for ReadFault {
    fn from(faults: TypingFaults) -> Self {
        Self::Typing(faults)
    }
}

impl From<PayloadFault> for ReadFault {
    fn from(fault: PayloadFault) -> Self {
        Self::Payload(fault)
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typing(faults) => faults.fmt(f),
            Self::Payload(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for ReadFault {}
