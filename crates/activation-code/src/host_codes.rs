//! What goes between a host and its desk beside activation codes: a host's request, its receipt, and the desk's
//! clock reset. Rows like those of a code, so that who types them has the same help.
//!
//! # Bits, most significant first
//!
//! | request, 12 bytes | | receipt, 20 bytes | | clock reset, 11 bytes and a signature | |
//! | ---: | --- | ---: | --- | ---: | --- |
//! | 4 | version 1 | 4 | version 1 | 4 | version 1 |
//! | 32 | host | 28 | license number | 32 | host |
//! | 16 | product, 0: none named | 10 | revision | 16 | nonce of the request |
//! | 28 | license number, 0: none | 24 | units in use | 15 | day |
//! | 16 | nonce | 15 | day | 10 | issuer |
//! | | | 32 | host | 11 | zero |
//! | | | 16 | product | 512 | signature |
//! | | | 3 | clock | | |
//! | | | 16 | bundle, 0: none; 65535: that or later | | |
//! | | | 12 | zero | | |
//!
//! Days count from 2020-01-01. Only the clock reset is signed: a request asks, and a receipt claims.

use crate::bits::{Bits, Rest};
use crate::day::Day;
use crate::kinds::{from_rows, to_rows, to_rows_in_digits};
use crate::rows::CodeKind;
use crate::terms::{HostId, IssuerNumber, LicenseNumber, ProductId, Revision, SIGNATURE_BYTES};
use crate::trust::{PinnedIssuer, Refusal, Trust};
use crate::typing::TypingFaults;
use alloc::{string::String, vec::Vec};
use core::fmt;

/// What stands before the payload in the signed bytes of a clock reset.
pub const CLOCK_RESET_CONTEXT: &[u8] = b"countersign/clock-reset/1\0";

const VERSION: u32 = 1;
/// Of a clock reset, before its signature.
const RESET_PAYLOAD: usize = 11;

/// Why rows are no request, receipt, clock reset or registration key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostCodeFault {
    /// They are not typed as one.
    Typing(TypingFaults),
    /// Made for a newer release.
    Newer {
        /// Its format version.
        version: u8,
    },
    /// Not what any release writes: a number that is 0, or padding that is not.
    NotCanonical {
        /// Of which kind.
        kind: CodeKind,
    },
}

impl From<TypingFaults> for HostCodeFault {
    fn from(faults: TypingFaults) -> Self {
        Self::Typing(faults)
    }
}

impl fmt::Display for HostCodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typing(faults) => faults.fmt(f),
            Self::Newer { version } => write!(f, "it has format {version}, this release reads format {VERSION}"),
            Self::NotCanonical { kind } => write!(f, "no program writes such a {kind}"),
        }
    }
}

impl core::error::Error for HostCodeFault {}

/// Tells one request of a host from another. A host's random numbers; not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(pub u16);

impl Nonce {
    /// Of a request for a code.
    pub const fn for_code(random: u16) -> Self {
        Self(random & !1)
    }

    /// Of a request for a clock reset.
    pub const fn for_clock_reset(random: u16) -> Self {
        Self(random | 1)
    }

    /// Whether a clock reset is asked for.
    pub const fn asks_for_clock_reset(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What a host asks its desk for: a code that only this host accepts, or a clock reset (rule I9). One row; nothing
/// proves who wrote it.
///
/// ```
/// use activation_code::{HostId, HostRequest, Nonce, ProductId};
///
/// let nonce = Nonce::for_code(0x1234);
/// let request = HostRequest { host: HostId(0x89ab_cdef), product: ProductId::new(7), license: None, nonce };
/// assert_eq!(HostRequest::read(&request.row())?, request);
/// # Ok::<(), activation_code::HostCodeFault>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRequest {
    /// Which host.
    pub host: HostId,
    /// For which product, if the host has one in mind.
    pub product: Option<ProductId>,
    /// Which license is to be bound to the host; `None`: a new one.
    pub license: Option<LicenseNumber>,
    /// Which request of the host, and what for.
    pub nonce: Nonce,
}

impl HostRequest {
    /// In letters.
    pub fn row(&self) -> String {
        let mut bits = Bits::default();
        bits.put(4, VERSION);
        bits.put(32, self.host.0);
        bits.put(16, self.product.map_or(0, |product| product.get().into()));
        bits.put(28, self.license.map_or(0, LicenseNumber::get));
        bits.put(16, self.nonce.0.into());
        // Twelve bytes are one row.
        to_rows(CodeKind::HostRequest, &bits.bytes).unwrap_or_default().concat()
    }

    /// From the row, in letters or digits.
    ///
    /// # Errors
    /// It is mistyped, another kind of code, or of a newer release.
    pub fn read(row: &str) -> Result<Self, HostCodeFault> {
        let fault = HostCodeFault::NotCanonical { kind: CodeKind::HostRequest };
        let bytes = from_rows(CodeKind::HostRequest, &[row])?;
        let mut rest = opened(&bytes, &fault)?;
        let mut field = |bits| rest.bits(bits).map_err(|_| fault.clone());
        let host = HostId(field(32)?);
        let product = ProductId::new(field(16)? as u16);
        let license = LicenseNumber::new(field(28)?);
        Ok(Self { host, product, license, nonce: Nonce(field(16)? as u16) })
    }
}

/// What an installation thinks of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ClockState {
    /// Nothing speaks against it.
    Right = 0,
    /// Behind a day that has certainly passed.
    Behind = 1,
    /// Further ahead than can be believed.
    Ahead = 2,
    /// It cannot be read.
    Unreadable = 3,
}

impl ClockState {
    /// All of them, by their numbers.
    pub const ALL: [Self; 4] = [Self::Right, Self::Behind, Self::Ahead, Self::Unreadable];

    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a host says of its use of a license, short enough for the telephone. A claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Of which license.
    pub license: LicenseNumber,
    /// Which revision of it counts there.
    pub revision: Revision,
    /// Units in use, 0..=16,777,215.
    pub in_use: u32,
    /// On which day, 2020-01-01 to 2109-09-18.
    pub day: Day,
    /// Which host.
    pub host: HostId,
    /// Its product.
    pub product: ProductId,
    /// What it thinks of its clock.
    pub clock: ClockState,
    /// The number of its trust bundle; `None`: it has none. 65535 stands for later ones too.
    pub bundle: Option<u16>,
}

impl Receipt {
    /// In letters. What is outside of a field's range is cut to it.
    pub fn rows(&self) -> Vec<String> {
        let mut bits = Bits::default();
        bits.put(4, VERSION);
        bits.put(28, self.license.get());
        bits.put(10, self.revision.get().into());
        bits.put(24, self.in_use.min((1 << 24) - 1));
        bits.put(15, day_bits(self.day));
        bits.put(32, self.host.0);
        bits.put(16, self.product.get().into());
        bits.put(3, self.clock as u32);
        bits.put(16, self.bundle.unwrap_or(0).into());
        bits.put(12, 0);
        // Twenty bytes are eight groups.
        to_rows(CodeKind::Receipt, &bits.bytes).unwrap_or_default()
    }

    /// From its rows, in letters or digits.
    ///
    /// # Errors
    /// They are mistyped, another kind of code, or of a newer release.
    pub fn read<R: AsRef<str>>(rows: &[R]) -> Result<Self, HostCodeFault> {
        let fault = HostCodeFault::NotCanonical { kind: CodeKind::Receipt };
        let bytes = from_rows(CodeKind::Receipt, rows)?;
        let mut rest = opened(&bytes, &fault)?;
        let mut field = |bits| rest.bits(bits).map_err(|_| fault.clone());
        let (license, revision) = (LicenseNumber::new(field(28)?), Revision::new(field(10)? as u16));
        let (in_use, day) = (field(24)?, Day::from_days_since_2020(field(15)? as i32));
        let (host, product) = (HostId(field(32)?), ProductId::new(field(16)? as u16));
        let (clock, bundle) = (ClockState::ALL.get(field(3)? as usize).copied(), field(16)? as u16);
        let (Some(license), Some(revision), Some(day), Some(product), Some(clock), 0) =
            (license, revision, day, product, clock, field(12)?)
        else {
            return Err(fault);
        };
        Ok(Self { license, revision, in_use, day, host, product, clock, bundle: (bundle > 0).then_some(bundle) })
    }
}

/// What a clock reset says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockResetTerms {
    /// For which host.
    pub host: HostId,
    /// For which request of the host.
    pub nonce: Nonce,
    /// No evidence later than this day counts any more; 2020-01-01 to 2109-09-18.
    pub day: Day,
    /// Who signs it.
    pub issuer: IssuerNumber,
}

impl ClockResetTerms {
    /// What is signed, without its context. A day outside of the range is cut to it.
    pub fn to_payload(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(4, VERSION);
        bits.put(32, self.host.0);
        bits.put(16, self.nonce.0.into());
        bits.put(15, day_bits(self.day));
        bits.put(10, self.issuer.get().into());
        bits.put(11, 0);
        bits.bytes
    }

    /// The bytes that an issuer signs.
    pub fn signed_message(&self) -> Vec<u8> {
        [CLOCK_RESET_CONTEXT, &self.to_payload()].concat()
    }

    /// The rows in letters, with the issuer's signature, which nobody checks here.
    pub fn rows(&self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<String> {
        // 75 bytes are 28 groups.
        to_rows(CodeKind::ClockReset, &self.with(signature)).unwrap_or_default()
    }

    /// The same rows in digits.
    pub fn rows_in_digits(&self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<String> {
        to_rows_in_digits(CodeKind::ClockReset, &self.with(signature)).unwrap_or_default()
    }

    fn with(&self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
        [self.to_payload().as_slice(), signature].concat()
    }
}

/// A clock reset whose signature nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedClockReset {
    terms: ClockResetTerms,
    signature: [u8; SIGNATURE_BYTES],
}

impl UnverifiedClockReset {
    /// From its rows, in letters or digits.
    ///
    /// # Errors
    /// They are mistyped, another kind of code, or of a newer release.
    pub fn read<R: AsRef<str>>(rows: &[R]) -> Result<Self, HostCodeFault> {
        let fault = HostCodeFault::NotCanonical { kind: CodeKind::ClockReset };
        let bytes = from_rows(CodeKind::ClockReset, rows)?;
        let (payload, signature) = bytes.split_last_chunk().ok_or(fault.clone())?;
        let mut rest = opened(payload, &fault)?;
        let mut field = |bits| rest.bits(bits).map_err(|_| fault.clone());
        let (host, nonce) = (HostId(field(32)?), Nonce(field(16)? as u16));
        let (day, issuer) = (Day::from_days_since_2020(field(15)? as i32), IssuerNumber::new(field(10)? as u16));
        let (Some(day), Some(issuer), 0, RESET_PAYLOAD) = (day, issuer, field(11)?, payload.len()) else {
            return Err(fault);
        };
        Ok(Self { terms: ClockResetTerms { host, nonce, day, issuer }, signature: *signature })
    }

    /// What it claims.
    pub fn unverified_terms(&self) -> ClockResetTerms {
        self.terms
    }
}

/// A clock reset, proven by an issuer of a [`Trust`]. [`Trust::verify_clock_reset`] is the only way to one.
///
/// ```compile_fail,E0423
/// # fn forge(terms: activation_code::ClockResetTerms, issuer: activation_code::PinnedIssuer) {
/// let reset = activation_code::ClockReset(terms, issuer);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReset(ClockResetTerms, PinnedIssuer);

impl ClockReset {
    /// What the issuer says.
    pub fn terms(&self) -> ClockResetTerms {
        self.0
    }

    /// Who signed it.
    pub fn issuer(&self) -> PinnedIssuer {
        self.1
    }
}

impl Trust {
    /// The clock reset that an issuer of this trust has signed. Whether it is for this host and its request is the
    /// host's to compare.
    ///
    /// # Errors
    /// Unknown or void issuer, bad signature, or a day on which the issuer may not issue.
    pub fn verify_clock_reset(&self, code: &UnverifiedClockReset) -> Result<ClockReset, Refusal> {
        let terms = code.terms;
        let number = terms.issuer;
        let key = self.key(number).ok_or(Refusal::UnknownIssuer { number })?;
        if !key.has_signed(&terms.signed_message(), &code.signature) {
            return Err(Refusal::BadSignature { number });
        }
        self.judge_clock_reset(terms)?;
        Ok(ClockReset(terms, PinnedIssuer { number: terms.issuer, key }))
    }
}

/// What follows the version.
pub(crate) fn opened<'a>(bytes: &'a [u8], fault: &HostCodeFault) -> Result<Rest<'a>, HostCodeFault> {
    let mut rest = Rest::new(bytes);
    match rest.bits(4) {
        Ok(VERSION) => Ok(rest),
        Ok(version) => Err(HostCodeFault::Newer { version: version as u8 }),
        Err(_) => Err(fault.clone()),
    }
}

fn day_bits(day: Day) -> u32 {
    u32::try_from(day.days_since_2020()).unwrap_or(0).min((1 << 15) - 1)
}
