//! What a partner's desk has issued, for its vendor.
//!
//! | line | what stands there |
//! | --- | --- |
//! | `countersign partner export 1` | what it is |
//! | `vendor NAME` | whose products it issues for |
//! | `desk 0707070707070707` | the desk's identity, 16 hex digits |
//! | `issuer 17 8a88...` | the number and the public half of its issuing key |
//! | `day 2026-11-22` | when it was signed |
//! | `head 1234 2026-11-21` | how many events its book has, and the day of the last one |
//! | `link 1 9f86...` * | the link of each event from some number on up to the last one, 64 hex digits |
//! | `code 1000001 1 2a4b... 77e1...` * | license, revision, payload and signature, ascending |
//! | `revoked 1000001 2` * | the lowest revision of a license that is still good; `all`: none is |
//! | `key 8a88...` | its ledger key |
//! | `signature 1f54...` | Ed25519 over `countersign/partner-export/1`, a zero byte and all lines above |
//!
//! Each line ends with a line feed, hex digits are lower case, numbers have no leading zeros, and nothing else is in
//! the file: there is one spelling. No customer is named but by a code that carries its holder.

use super::lines::{Lines, PartnerFileFault};
use crate::hex::{self, Hex};
use crate::ledger::{Head, Link, Name, Sequence};
use crate::signer::{Signer, SignerFault, has_signed};
use activation_code::{Day, LicenseNumber, PinnedIssuer, PublicKey, Revision, SIGNATURE_BYTES, Terms};
use std::fmt;
use std::str::FromStr;

/// What stands before the lines in the signed bytes, so that an export is never taken for anything else.
pub const EXPORT_CONTEXT: &[u8] = b"countersign/partner-export/1\0";
/// Longest file that is read as one: some 300,000 codes with all that happened to them. Whoever has more leaves out
/// the links that the vendor has.
pub const MAX_EXPORT: usize = 128 * 1024 * 1024;

const TITLE: &str = "countersign partner export 1";

/// A code as it was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedCode {
    /// What it says; who signed it is another question.
    pub terms: Terms,
    /// Its signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl ExportedCode {
    fn place(&self) -> (LicenseNumber, Revision) {
        (self.terms.license, self.terms.revision)
    }
}

/// What a partner's desk has issued: signed by the ledger key that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerExport {
    /// Whose products it issues for.
    pub vendor: Name,
    /// What tells its book from others: 16 hex digits.
    pub desk: String,
    /// What it issues with.
    pub issuer: PinnedIssuer,
    /// When it was signed.
    pub day: Day,
    /// The day of the last event.
    pub head_day: Day,
    /// The event that the first of the links is of.
    pub first: Sequence,
    /// The links up to the end of the book, at least one.
    links: Vec<Link>,
    /// By license and revision, none twice.
    codes: Vec<ExportedCode>,
    /// By license: the lowest revision that is still good; `None`: none is.
    revoked: Vec<(LicenseNumber, Option<Revision>)>,
    /// What signs it.
    pub ledger_key: PublicKey,
    signature: [u8; SIGNATURE_BYTES],
}

/// What goes into an export.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Whose products it issues for.
    pub vendor: Name,
    /// What tells its book from others.
    pub desk: String,
    /// What it issues with.
    pub issuer: PinnedIssuer,
    /// Today.
    pub day: Day,
    /// The day of the last event.
    pub head_day: Day,
    /// The event that the first of the links is of.
    pub first: Sequence,
    /// The links up to the end of the book, at least one.
    pub links: Vec<Link>,
    /// By license and revision.
    pub codes: Vec<ExportedCode>,
    /// By license.
    pub revoked: Vec<(LicenseNumber, Option<Revision>)>,
}

impl PartnerExport {
    /// Signs, and checks the signature as the vendor does.
    ///
    /// # Errors
    /// The key cannot be used, or what is exported is no book.
    pub fn sign(signer: &dyn Signer, exported: Exported) -> Result<Self, SignerFault> {
        let Exported { vendor, desk, issuer, day, head_day, first, links, mut codes, mut revoked } = exported;
        if links.is_empty() || codes.iter().any(|code| code.terms.to_payload().is_err()) {
            return Err(SignerFault);
        }
        codes.sort_unstable_by_key(ExportedCode::place);
        revoked.sort_unstable();
        let (ledger_key, signature) = (signer.public_key(), [0; SIGNATURE_BYTES]);
        let mut export =
            Self { vendor, desk, issuer, day, head_day, first, links, codes, revoked, ledger_key, signature };
        let mut message = EXPORT_CONTEXT.to_vec();
        message.extend(Signed(&export).to_string().as_bytes());
        export.signature = signer.sign(&message)?;
        // With what the vendor reads it with: a file that it would not take never leaves.
        if has_signed(&ledger_key, &message, &export.signature) { Ok(export) } else { Err(SignerFault) }
    }

    /// By license and revision, none twice.
    pub fn codes(&self) -> &[ExportedCode] {
        &self.codes
    }

    /// By license: the lowest revision that is still good; `None`: none is.
    pub fn revoked(&self) -> &[(LicenseNumber, Option<Revision>)] {
        &self.revoked
    }

    /// The end of the book.
    pub fn head(&self) -> Head {
        let link = self.links.last().copied().unwrap_or_default();
        Head { sequence: self.first + self.links.len() as u64 - 1, day: self.head_day, link }
    }

    /// The link of an event; `None` if it is not in the file.
    pub fn link(&self, sequence: Sequence) -> Option<&Link> {
        let place = sequence.checked_sub(self.first)?;
        self.links.get(usize::try_from(place).ok()?)
    }
}

/// All lines but the signature.
struct Signed<'a>(&'a PartnerExport);

impl fmt::Display for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartnerExport { vendor, desk, issuer, day, head_day, first, links, codes, revoked, ledger_key, .. } =
            self.0;
        writeln!(f, "{TITLE}\nvendor {vendor}\ndesk {desk}\nissuer {} {}\nday {day}", issuer.number, issuer.key)?;
        writeln!(f, "head {} {head_day}", self.0.head().sequence)?;
        for (sequence, link) in (*first..).zip(links) {
            writeln!(f, "link {sequence} {}", Hex(link))?;
        }
        for ExportedCode { terms, signature } in codes {
            let payload = terms.to_payload().map_err(|_| fmt::Error)?;
            writeln!(f, "code {} {} {} {}", terms.license, terms.revision, Hex(&payload), Hex(signature))?;
        }
        for (license, good_from) in revoked {
            match good_from {
                Some(revision) => writeln!(f, "revoked {license} {revision}")?,
                None => writeln!(f, "revoked {license} all")?,
            }
        }
        writeln!(f, "key {ledger_key}")
    }
}

/// The file.
impl fmt::Display for PartnerExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}signature {}", Signed(self), Hex(&self.signature))
    }
}

/// Signed by the ledger key that it names; whose that is, is another question.
impl FromStr for PartnerExport {
    type Err = PartnerFileFault;

    fn from_str(text: &str) -> Result<Self, PartnerFileFault> {
        Self::read(text, |key, signed, signature| {
            has_signed(key, &[EXPORT_CONTEXT, signed.as_bytes()].concat(), signature)
        })
    }
}

impl PartnerExport {
    /// What a text says that nobody need have signed: claims.
    ///
    /// # Errors
    /// It is no export.
    pub fn parse_unverified(text: &str) -> Result<Self, PartnerFileFault> {
        Self::read(text, |_, _, _| true)
    }

    fn read(
        text: &str,
        is_signed: impl FnOnce(&PublicKey, &str, &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> Result<Self, PartnerFileFault> {
        let mut lines = Lines::new(text, MAX_EXPORT)?;
        lines.title(TITLE)?;
        const VENDOR: &str = "vendor NAME";
        let vendor = lines.wanted("vendor ", VENDOR)?;
        let vendor = lines.value(vendor, VENDOR)?;
        let (desk, issuer, day) = (lines.desk()?, lines.issuer()?, lines.day()?);
        const HEAD: &str = "head EVENTS DAY";
        let head = lines.wanted("head ", HEAD)?;
        let (events, head_day) = head.split_once(' ').ok_or(lines.fault(HEAD))?;
        let (events, head_day): (Sequence, Day) = (lines.value(events, HEAD)?, lines.value(head_day, HEAD)?);
        let (first, links) = links(&mut lines, events)?;
        let codes = codes(&mut lines)?;
        let revoked = revoked(&mut lines)?;
        let (ledger_key, signature) = lines.signed(is_signed)?;
        Ok(Self { vendor, desk, issuer, day, head_day, first, links, codes, revoked, ledger_key, signature })
    }
}

fn links(lines: &mut Lines<'_>, events: Sequence) -> Result<(Sequence, Vec<Link>), PartnerFileFault> {
    const WANTED: &str = "link EVENT and 64 hex digits, for each event up to the last one";
    let mut links = Vec::new();
    let mut first = 0;
    while let Some(line) = lines.next_if("link ") {
        let (sequence, link) = line.split_once(' ').ok_or(lines.fault(WANTED))?;
        let sequence: Sequence = lines.value(sequence, WANTED)?;
        if links.is_empty() {
            first = sequence;
        }
        if sequence == 0 || sequence > events || sequence.checked_sub(first) != Some(links.len() as u64) {
            return Err(lines.fault(WANTED));
        }
        links.push(hex::bytes(link).ok_or(lines.fault(WANTED))?);
    }
    let whole = events.checked_sub(first).is_some_and(|after| after.checked_add(1) == Some(links.len() as u64));
    if whole && first > 0 {
        Ok((first, links))
    } else {
        Err(lines.wanted("link ", WANTED).err().unwrap_or(lines.fault(WANTED)))
    }
}

fn codes(lines: &mut Lines<'_>) -> Result<Vec<ExportedCode>, PartnerFileFault> {
    const WANTED: &str = "code LICENSE REVISION PAYLOAD SIGNATURE, ascending";
    let mut codes: Vec<ExportedCode> = Vec::new();
    while let Some(line) = lines.next_if("code ") {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or(lines.fault(WANTED));
        let (license, revision, payload, signature) = (word()?, word()?, word()?, word()?);
        let payload = hex::any_bytes(payload).ok_or(lines.fault(WANTED))?;
        let terms = Terms::from_payload(&payload).map_err(|_| lines.fault(WANTED))?;
        let signature = hex::bytes(signature).ok_or(lines.fault(WANTED))?;
        let code = ExportedCode { terms, signature };
        let place = (lines.value(license, WANTED)?, lines.value(revision, WANTED)?);
        let ascends = codes.last().is_none_or(|before| before.place() < place);
        if code.place() != place || !ascends || words.next().is_some() {
            return Err(lines.fault(WANTED));
        }
        codes.push(code);
    }
    Ok(codes)
}

fn revoked(lines: &mut Lines<'_>) -> Result<Vec<(LicenseNumber, Option<Revision>)>, PartnerFileFault> {
    const WANTED: &str = "revoked LICENSE REVISION, or revoked LICENSE all, ascending";
    let mut revoked: Vec<(LicenseNumber, Option<Revision>)> = Vec::new();
    while let Some(line) = lines.next_if("revoked ") {
        let (license, revision) = line.split_once(' ').ok_or(lines.fault(WANTED))?;
        let revision = if revision == "all" { None } else { Some(lines.value(revision, WANTED)?) };
        let license = lines.value(license, WANTED)?;
        if revoked.last().is_some_and(|(before, _)| *before >= license) {
            return Err(lines.fault(WANTED));
        }
        revoked.push((license, revision));
    }
    Ok(revoked)
}
