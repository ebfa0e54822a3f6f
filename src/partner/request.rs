//! What a partner's desk asks its vendor to certify.
//!
//! | line | what stands there |
//! | --- | --- |
//! | `countersign partner request 1` | what it is |
//! | `vendor NAME` | whose products it wants to issue for |
//! | [`test`] | a desk for testing |
//! | `desk 0707070707070707` | the desk's identity, 16 hex digits |
//! | `issuer 17 8a88...` | the number and the public half of its issuing key |
//! | `day 2026-11-22` | when it was signed |
//! | `key 8a88...` | its ledger key |
//! | `signature 1f54...` | Ed25519 over `countersign/partner-request/1`, a zero byte and all lines above |

use super::lines::{Lines, PartnerFileFault};
use crate::hex::Hex;
use crate::ledger::Name;
use crate::signer::{Signer, SignerFault, has_signed};
use activation_code::{Day, PinnedIssuer, PublicKey, SIGNATURE_BYTES};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// What stands before the lines in the signed bytes.
pub const REQUEST_CONTEXT: &[u8] = b"countersign/partner-request/1\0";
/// Longest file that is read as one; the vendor's name is all that varies much.
pub const MAX_REQUEST: usize = 4096;

const TITLE: &str = "countersign partner request 1";

/// A partner's desk, as it says itself: signed by the ledger key that it names, and by nobody who knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRequest {
    /// Whose products it wants to issue for.
    pub vendor: Name,
    /// Whether it is a desk for testing.
    pub test: bool,
    /// What tells its book from others: 16 hex digits.
    pub desk: String,
    /// What it wants to issue with.
    pub issuer: PinnedIssuer,
    /// When it was signed.
    pub day: Day,
    /// What signs it, and later what the desk has issued.
    pub ledger_key: PublicKey,
    signature: [u8; SIGNATURE_BYTES],
}

impl PartnerRequest {
    /// Signs, and checks the signature as the vendor does.
    ///
    /// # Errors
    /// The key cannot be used.
    pub fn sign(
        signer: &dyn Signer,
        vendor: Name,
        test: bool,
        desk: String,
        issuer: PinnedIssuer,
        day: Day,
    ) -> Result<Self, SignerFault> {
        let ledger_key = signer.public_key();
        let mut request = Self { vendor, test, desk, issuer, day, ledger_key, signature: [0; SIGNATURE_BYTES] };
        let lines = request.signed_lines();
        request.signature = signer.sign(&[REQUEST_CONTEXT, lines.as_bytes()].concat())?;
        if is_signed(&ledger_key, &lines, &request.signature) { Ok(request) } else { Err(SignerFault) }
    }

    /// What both sides compare on the telephone: the first 20 hex digits of SHA-256 of what is signed, in groups of
    /// five.
    pub fn fingerprint(&self) -> String {
        let mut printed = String::new();
        let digest = Sha256::digest(self.signed_lines());
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(20);
        for (place, digit) in digits.enumerate() {
            if place > 0 && place % 5 == 0 {
                printed.push('-');
            }
            printed.extend(char::from_digit(digit.into(), 16));
        }
        printed
    }

    fn signed_lines(&self) -> String {
        let Self { vendor, test, desk, issuer, day, ledger_key, .. } = self;
        let test = if *test { "test\n" } else { "" };
        let PinnedIssuer { number, key } = issuer;
        format!("{TITLE}\nvendor {vendor}\n{test}desk {desk}\nissuer {number} {key}\nday {day}\nkey {ledger_key}\n")
    }
}

fn is_signed(key: &PublicKey, lines: &str, signature: &[u8; SIGNATURE_BYTES]) -> bool {
    has_signed(key, &[REQUEST_CONTEXT, lines.as_bytes()].concat(), signature)
}

/// The file.
impl fmt::Display for PartnerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}signature {}", self.signed_lines(), Hex(&self.signature))
    }
}

impl FromStr for PartnerRequest {
    type Err = PartnerFileFault;

    fn from_str(text: &str) -> Result<Self, PartnerFileFault> {
        let mut lines = Lines::new(text, MAX_REQUEST)?;
        lines.title(TITLE)?;
        const VENDOR: &str = "vendor NAME";
        let vendor = lines.wanted("vendor ", VENDOR)?;
        let vendor = lines.value(vendor, VENDOR)?;
        let test = match lines.next_if("test") {
            Some("") => true,
            Some(_) => return Err(lines.fault("test, or the desk")),
            None => false,
        };
        let (desk, issuer, day) = (lines.desk()?, lines.issuer()?, lines.day()?);
        let (ledger_key, signature) = lines.signed(is_signed)?;
        Ok(Self { vendor, test, desk, issuer, day, ledger_key, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::SoftwareKey;

    #[test]
    fn a_request_that_was_changed_on_its_way_says_where() {
        let (one, other) = (SoftwareKey::from_seed(&[1; 32]).unwrap(), SoftwareKey::from_seed(&[2; 32]).unwrap());
        let issuer = PinnedIssuer { number: "7".parse().unwrap(), key: other.public_key() };
        let (vendor, day) = ("Example Security".parse().unwrap(), "2026-11-23".parse().unwrap());
        let request = PartnerRequest::sign(&one, vendor, false, "07".repeat(8), issuer, day).unwrap();
        let text = request.to_string();
        assert_eq!(text.parse(), Ok(request));
        let fault = |text: &str| text.parse::<PartnerRequest>().unwrap_err();
        let long = fault(&"x".repeat(MAX_REQUEST + 1));
        assert_eq!(
            (long.to_string().as_str(), long),
            ("it has more than 4096 bytes", PartnerFileFault::TooLong { most: 4096 })
        );
        let line = fault(&text.replace("2026-11-23", "2026-11-31"));
        assert_eq!(
            (line.to_string().as_str(), line),
            ("line 5: wanted day DAY", PartnerFileFault::Line { line: 5, wanted: "day DAY" })
        );
        let changed = fault(&text.replace("2026-11-23", "2026-11-24"));
        assert_eq!(changed, PartnerFileFault::NotSigned);
        assert_eq!(changed.to_string(), "the ledger key that it names has not signed it: it was changed on its way");
    }
}
