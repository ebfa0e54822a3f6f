//! What a code says: the values, and their bits.
//!
//! # The payload, format 1
//!
//! Bits, most significant first.
//!
//! | bits | field | range |
//! | ---: | --- | --- |
//! | 4 | version | 1 |
//! | 2 | kind | 0 full, 1 evaluation, 2 service |
//! | 1 | test | |
//! | 1 | extended | an extension follows |
//! | 10 | issuer | 1..=1023 |
//! | 16 | product | 1..=65535 |
//! | 28 | license number | 1..=268435455 |
//! | 24 | units | 1..=16777215 |
//! | 10 | revision | 1..=1023 |
//! | 15 | first day | days since 2020-01-01 |
//! | 13 | length | last day − first day |
//! | 12 | lead | first day − issue day + 2048 |
//!
//! The extension is a byte of flags and then, in this order, what the flags announce:
//!
//! | flag | field |
//! | --- | --- |
//! | 0x80 | grace period, 1 byte, days |
//! | 0x40 | host, 4 bytes |
//! | 0x20 | members: how many (1..=16), 2 bytes each, ascending |
//! | 0x10 | features, 2 bytes |
//! | 0x08 | holder: length (1..=64), UTF-8 |
//! | 0x07 | of a newer release |
//!
//! Zero bytes fill the smallest number of groups that holds it. The same terms
//! always give the same payload, and no other payload is read as these terms.

use crate::bits::{Bits, Rest};
use crate::day::{Day, MaintenancePeriod};
use crate::reading::one_row;
use crate::rows::{CodeKind, RowPlace, Shape, first_bytes};
use crate::typing::judge_row;
use alloc::{string::String, vec::Vec};
use core::fmt;

/// Bytes of an Ed25519 signature (RFC 8032), which follow the payload.
pub const SIGNATURE_BYTES: usize = 64;

const VERSION: u32 = 1;
const LEAD_BIAS: i32 = 2048;
const LAST_FIRST_DAY: i32 = (1 << 15) - 1;
const LONGEST: i32 = (1 << 13) - 1;
const LAST_LEAD: i32 = (1 << 12) - 1;

const GRACE: u8 = 0x80;
const HOST: u8 = 0x40;
const MEMBERS: u8 = 0x20;
const FEATURES: u8 = 0x10;
const HOLDER: u8 = 0x08;
const UNKNOWN: u8 = 0x07;

macro_rules! ranged {
    ($(#[$doc:meta])* $name:ident($int:ty), $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($int);

        impl $name {
            /// The largest there is; the smallest is 1.
            pub const MAX: Self = Self($max);

            /// `None` for 0 and for numbers above [`Self::MAX`].
            pub const fn new(number: $int) -> Option<Self> {
                if number != 0 && number <= Self::MAX.0 { Some(Self(number)) } else { None }
            }

            /// The number, 1 to [`Self::MAX`].
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        /// Decimal digits only, as a person writes a number; leading zeros are read.
        impl core::str::FromStr for $name {
            type Err = NumberFault;

            fn from_str(text: &str) -> Result<Self, NumberFault> {
                let fault = NumberFault { largest: Self::MAX.0 as u32 };
                if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(fault);
                }
                text.parse().ok().and_then(Self::new).ok_or(fault)
            }
        }
    };
}

/// A text that is no number of the wanted range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberFault {
    /// The largest number that would have been taken; the smallest is 1.
    pub largest: u32,
}

impl fmt::Display for NumberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wanted a whole number from 1 to {}", self.largest)
    }
}

impl core::error::Error for NumberFault {}

ranged!(
    /// Which product, in the vendor's catalogue.
    ProductId(u16), u16::MAX
);
ranged!(
    /// A license's number, for life.
    LicenseNumber(u32), (1 << 28) - 1
);
ranged!(
    /// How many, of the product's unit type.
    Units(u32), (1 << 24) - 1
);
ranged!(
    /// Which code of a license: a higher revision supersedes a lower one (rule I5).
    Revision(u16), (1 << 10) - 1
);
ranged!(
    /// Which issuing key. In a code it is a hint; the signature is the proof.
    IssuerNumber(u16), (1 << 10) - 1
);

impl Revision {
    /// The revision of a license's first code.
    pub const FIRST: Self = Self(1);

    /// The next one; `None` at the end of the range, where a new license is opened.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

/// What a license is for, which decides what follows its last day (rule I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Keeps running after maintenance has ended, without updates and support.
    Full,
    /// Ends with its period.
    Evaluation,
    /// Hosted; frozen after its grace period, then purged.
    Service,
}

impl Kind {
    /// `full`, `evaluation` or `service`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Evaluation => "evaluation",
            Self::Service => "service",
        }
    }

    /// All of them, in the order of their bits.
    pub const ALL: [Self; 3] = [Self::Full, Self::Evaluation, Self::Service];

    /// Days of grace where the code does not say (rules I3 and D11).
    pub const fn default_grace(self) -> u8 {
        match self {
            Self::Full | Self::Service => 30,
            Self::Evaluation => 0,
        }
    }
}

/// The host that a code is bound to (rule I9): 32 bits against sharing by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// Eight hex digits, as it is typed.
impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Sixteen switches that the vendor gives a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features(pub u16);

/// Four hex digits, as they are typed.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

/// The products of a suite: 1 to [`Members::MOST`], ascending, none twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Members(Vec<ProductId>);

impl Members {
    /// What its count in a code can say.
    pub const MOST: usize = 16;

    /// In any order; `None` if there are none, too many, or one twice.
    pub fn new(products: impl IntoIterator<Item = ProductId>) -> Option<Self> {
        let mut products: Vec<_> = products.into_iter().take(Self::MOST + 1).collect();
        products.sort_unstable();
        let distinct = products.is_sorted_by(|a, b| a != b);
        (distinct && (1..=Self::MOST).contains(&products.len())).then_some(Self(products))
    }

    /// Ascending.
    pub fn products(&self) -> &[ProductId] {
        &self.0
    }
}

/// A holder's name, for codes that travel as files: 1 to [`Holder::LONGEST`] bytes of
/// UTF-8 without control characters and without characters that change the
/// direction of writing, which could make a name look like another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder(String);

impl Holder {
    /// In bytes of UTF-8.
    pub const LONGEST: usize = 64;

    /// The name, if it is one.
    ///
    /// # Errors
    /// Empty, too long, or with a character that a name must not have.
    pub fn new(name: &str) -> Result<Self, HolderFault> {
        if name.is_empty() || name.len() > Self::LONGEST {
            return Err(HolderFault::Length { bytes: name.len() });
        }
        match name.chars().find(|&c| c.is_control() || is_bidirectional_control(c)) {
            Some(character) => Err(HolderFault::Character { character }),
            None => Ok(Self(name.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks, embeddings, overrides and isolates (Unicode Bidirectional Algorithm, UAX 9, section 2).
pub(crate) fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Why a name cannot stand in a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderFault {
    /// Empty, or more than [`Holder::LONGEST`] bytes.
    Length {
        /// How long it is.
        bytes: usize,
    },
    /// A control character, or one that changes the direction of writing.
    Character {
        /// The first such character.
        character: char,
    },
}

impl fmt::Display for HolderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { bytes } => {
                write!(f, "the holder's name has {bytes} bytes, wanted 1 to {}", Holder::LONGEST)
            }
            Self::Character { character } => write!(
                f,
                "the holder's name has the character U+{:04X}, wanted none that is invisible or changes the direction of writing",
                u32::from(*character)
            ),
        }
    }
}

impl core::error::Error for HolderFault {}

/// What a code says. Plain data: it proves nothing (see [`License`](crate::License)).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// What is licensed.
    pub product: ProductId,
    /// Which license.
    pub license: LicenseNumber,
    /// How many.
    pub units: Units,
    /// Maintained from when to when.
    pub period: MaintenancePeriod,
    /// The day on which the code was issued.
    pub issued: Day,
    /// Who says so.
    pub issuer: IssuerNumber,
    /// Which code of this license.
    pub revision: Revision,
    /// What follows the last day.
    pub kind: Kind,
    /// Whether the code is for testing; production trust refuses it.
    pub test: bool,
    /// Days of grace, where the code names them; see [`Terms::grace_days`].
    pub grace: Option<u8>,
    /// The only host that accepts the code, where there is one.
    pub host: Option<HostId>,
    /// The products of a suite, where the code names them.
    pub members: Option<Members>,
    /// Switches, where there are any.
    pub features: Option<Features>,
    /// Whose it is, where the code says.
    pub holder: Option<Holder>,
}

impl Terms {
    /// How many days before its day of issue the period of a code can begin.
    pub const MOST_DAYS_BACK: i32 = LEAD_BIAS;

    /// Days of grace after the last day, in force.
    pub fn grace_days(&self) -> u8 {
        self.grace.unwrap_or(self.kind.default_grace())
    }

    /// Whether the code enables this product: it is the product, or a member of the suite.
    pub fn enables(&self, product: ProductId) -> bool {
        self.product == product || self.members.as_ref().is_some_and(|members| members.products().contains(&product))
    }

    /// The payload: what is signed, padded.
    ///
    /// # Errors
    /// The days are outside what the bits hold.
    pub fn to_payload(&self) -> Result<Vec<u8>, TermsFault> {
        let first = self.period.first().days_since_2020();
        if !(0..=LAST_FIRST_DAY).contains(&first) {
            return Err(TermsFault::FirstDay { first: self.period.first() });
        }
        let length = self.period.last().days_after(self.period.first());
        if length > LONGEST {
            return Err(TermsFault::Length { days: self.period.days() });
        }
        if self.issued < Day::EPOCH {
            return Err(TermsFault::IssueDay { issued: self.issued });
        }
        let lead = self.period.first().days_after(self.issued).saturating_add(LEAD_BIAS);
        if !(0..=LAST_LEAD).contains(&lead) {
            return Err(TermsFault::Lead { first: self.period.first(), issued: self.issued });
        }

        let mut flags = 0;
        let mut extension = Vec::new();
        if let Some(days) = self.grace {
            flags |= GRACE;
            extension.push(days);
        }
        if let Some(host) = self.host {
            flags |= HOST;
            extension.extend(host.0.to_be_bytes());
        }
        if let Some(members) = &self.members {
            flags |= MEMBERS;
            extension.push(members.0.len() as u8);
            extension.extend(members.0.iter().flat_map(|product| product.get().to_be_bytes()));
        }
        if let Some(features) = self.features {
            flags |= FEATURES;
            extension.extend(features.0.to_be_bytes());
        }
        if let Some(holder) = &self.holder {
            flags |= HOLDER;
            extension.push(holder.0.len() as u8);
            extension.extend(holder.0.as_bytes());
        }

        let mut bits = Bits::default();
        bits.put(4, VERSION);
        bits.put(2, self.kind as u32);
        bits.put(1, u32::from(self.test));
        bits.put(1, u32::from(flags != 0));
        bits.put(10, self.issuer.get().into());
        bits.put(16, self.product.get().into());
        bits.put(28, self.license.get());
        bits.put(24, self.units.get());
        bits.put(10, self.revision.get().into());
        bits.put(15, first.unsigned_abs());
        bits.put(13, length.unsigned_abs());
        bits.put(12, lead.unsigned_abs());
        let mut payload = bits.bytes;
        if flags != 0 {
            payload.push(flags);
            payload.append(&mut extension);
        }
        payload.resize(padded_length(payload.len()), 0);
        Ok(payload)
    }

    /// The terms that a payload says.
    ///
    /// # Errors
    /// The payload is not the one that these terms have, or is of a newer format.
    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadFault> {
        let mut rest = Rest::new(payload);
        let Opening { kind, test, extended, issuer, product, license, units, revision } = Opening::read(&mut rest)?;
        let first = rest.bits(15)? as i32;
        let length = rest.bits(13)? as i32;
        let lead = rest.bits(12)? as i32;
        let issued = first - (lead - LEAD_BIAS);
        if issued < 0 {
            return Err(Flaw::IssueDay.into());
        }
        let day = |days| Day::from_days_since_2020(days).ok_or(Flaw::IssueDay);
        let period = MaintenancePeriod::new(day(first)?, day(first + length)?).ok_or(Flaw::IssueDay)?;
        let mut terms = Self {
            product,
            license,
            units,
            period,
            issued: day(issued)?,
            issuer,
            revision,
            kind,
            test,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        if extended {
            let flags = rest.byte()?;
            if flags & UNKNOWN != 0 {
                return Err(PayloadFault::Newer(Newer::Fields(flags & UNKNOWN)));
            }
            if flags == 0 {
                return Err(Flaw::EmptyExtension.into());
            }
            if flags & GRACE != 0 {
                terms.grace = Some(rest.byte()?);
            }
            if flags & HOST != 0 {
                terms.host = Some(HostId(u32::from_be_bytes(rest.array()?)));
            }
            if flags & MEMBERS != 0 {
                let count = usize::from(rest.byte()?);
                if !(1..=Members::MOST).contains(&count) {
                    return Err(Flaw::Members.into());
                }
                let mut products = Vec::with_capacity(count);
                for _ in 0..count {
                    let product = ProductId::new(u16::from_be_bytes(rest.array()?)).ok_or(Flaw::Members)?;
                    if products.last().is_some_and(|&before| before >= product) {
                        return Err(Flaw::Members.into());
                    }
                    products.push(product);
                }
                terms.members = Some(Members(products));
            }
            if flags & FEATURES != 0 {
                terms.features = Some(Features(u16::from_be_bytes(rest.array()?)));
            }
            if flags & HOLDER != 0 {
                let length = usize::from(rest.byte()?);
                let name = core::str::from_utf8(rest.take(length)?).map_err(|_| Flaw::Holder)?;
                terms.holder = Some(Holder::new(name).map_err(|_| Flaw::Holder)?);
            }
        }
        let used = payload.len() - rest.bytes.len();
        if rest.bytes.iter().any(|&byte| byte != 0) {
            return Err(Flaw::Padding.into());
        }
        if payload.len() != padded_length(used) {
            return Err(Flaw::PaddingLength.into());
        }
        Ok(terms)
    }
}

/// The fields of a payload before its days. They have 96 bits, and a first row holds 110:
/// every code has them whole in its first row.
struct Opening {
    kind: Kind,
    test: bool,
    extended: bool,
    issuer: IssuerNumber,
    product: ProductId,
    license: LicenseNumber,
    units: Units,
    revision: Revision,
}

impl Opening {
    fn read(rest: &mut Rest<'_>) -> Result<Self, PayloadFault> {
        let version = rest.bits(4)?;
        if version != VERSION {
            return Err(PayloadFault::Newer(Newer::Version(version as u8)));
        }
        let kind = rest.bits(2)?;
        // Read in the order of the payload: Rust evaluates fields as they are written.
        Ok(Self {
            kind: *Kind::ALL.get(kind as usize).ok_or(PayloadFault::Newer(Newer::Kind))?,
            test: rest.bits(1)? == 1,
            extended: rest.bits(1)? == 1,
            issuer: IssuerNumber::new(rest.bits(10)? as u16).ok_or(Flaw::Zero(Field::Issuer))?,
            product: ProductId::new(rest.bits(16)? as u16).ok_or(Flaw::Zero(Field::Product))?,
            license: LicenseNumber::new(rest.bits(28)?).ok_or(Flaw::Zero(Field::License))?,
            units: Units::new(rest.bits(24)?).ok_or(Flaw::Zero(Field::Units))?,
            revision: Revision::new(rest.bits(10)? as u16).ok_or(Flaw::Zero(Field::Revision))?,
        })
    }
}

/// Which code a first row says it is of. A claim: no signature covers one row, and anybody
/// can write a row that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnverifiedFirstRow {
    /// The license number that it claims.
    pub license: LicenseNumber,
    /// The revision that it claims.
    pub revision: Revision,
}

impl UnverifiedFirstRow {
    /// What a right first row claims, in letters or digits, with its label or without; good
    /// to look for a code, not to act on. `None` for every other text: a row with a mistake,
    /// another row, one of a newer format, and numbers that no code has.
    pub fn read(text: &str) -> Option<Self> {
        let (place, symbols) = judge_row(&one_row(text, CodeKind::ActivationCode).ok()?, 1).ok()?;
        let first = RowPlace { number: 1, last: false, kind: CodeKind::ActivationCode };
        let bytes = (place == first).then(|| first_bytes(&symbols))?;
        let Opening { license, revision, .. } = Opening::read(&mut Rest::new(&bytes)).ok()?;
        Some(Self { license, revision })
    }
}

/// How long a payload of `used` bytes is with its padding.
fn padded_length(used: usize) -> usize {
    // The longest extension makes 123 bytes, and 75 groups hold more than that and a signature.
    Shape::holding(used + SIGNATURE_BYTES).map_or(used, |shape| shape.capacity() - SIGNATURE_BYTES)
}

/// Why terms cannot be written as a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermsFault {
    /// The first day is before 2020-01-01 or after 2109-09-18.
    FirstDay {
        /// The first day of the period.
        first: Day,
    },
    /// The period has more than 8192 days.
    Length {
        /// How many days it has.
        days: u32,
    },
    /// Issued before 2020-01-01.
    IssueDay {
        /// The day of issue.
        issued: Day,
    },
    /// The first day is more than 2048 days before or 2047 after the day of issue.
    Lead {
        /// The first day of the period.
        first: Day,
        /// The day of issue.
        issued: Day,
    },
}

impl fmt::Display for TermsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstDay { first } => {
                write!(f, "the period begins on {first}, wanted a day from 2020-01-01 to 2109-09-18")
            }
            Self::Length { days } => write!(f, "the period has {days} days, wanted at most {}", LONGEST + 1),
            Self::IssueDay { issued } => write!(f, "issued on {issued}, wanted 2020-01-01 or later"),
            Self::Lead { first, issued } => write!(
                f,
                "the period begins on {first} and the code is issued on {issued}, wanted at most {LEAD_BIAS} days before that day or {} after it",
                LAST_LEAD - LEAD_BIAS
            ),
        }
    }
}

impl core::error::Error for TermsFault {}

/// Why a payload is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFault {
    /// Not what any terms are written as. No desk makes such a code.
    NotCanonical(Flaw),
    /// Made for a newer release than this one.
    Newer(Newer),
}

/// Where a payload differs from every canonical one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A number that starts at 1 is 0.
    Zero(Field),
    /// Issued before 2020-01-01.
    IssueDay,
    /// An extension that announces nothing.
    EmptyExtension,
    /// Members: none, too many, 0, not ascending.
    Members,
    /// A holder's name that [`Holder::new`] refuses, or that is not UTF-8.
    Holder,
    /// The payload ends inside a field.
    Short,
    /// Padding that is not zero.
    Padding,
    /// More padding than the smallest number of groups needs.
    PaddingLength,
    /// Bits between the bytes and the check symbols that are not zero.
    SpareBits,
    /// Rows that hold fewer or more bytes than any code of this format.
    Size,
}

/// A field of the payload whose range starts at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Issuer.
    Issuer,
    /// Product.
    Product,
    /// License number.
    License,
    /// Units.
    Units,
    /// Revision.
    Revision,
}

/// What makes a payload newer than this release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// Its format version.
    Version(u8),
    /// Its kind of license: 3, which format 1 leaves open.
    Kind,
    /// Flags that announce fields unknown to this release.
    Fields(u8),
}

impl From<Flaw> for PayloadFault {
    fn from(flaw: Flaw) -> Self {
        Self::NotCanonical(flaw)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(field) => write!(
                f,
                "its {} is 0",
                match field {
                    Field::Issuer => "issuer",
                    Field::Product => "product",
                    Field::License => "license number",
                    Field::Units => "number of units",
                    Field::Revision => "revision",
                }
            ),
            Self::IssueDay => f.write_str("its day of issue is before 2020-01-01"),
            Self::EmptyExtension => f.write_str("its extension announces nothing"),
            Self::Members => f.write_str("the members of its suite are not 1 to 16 ascending products"),
            Self::Holder => f.write_str("its holder's name is not a name"),
            Self::Short => f.write_str("it ends inside a field"),
            Self::Padding => f.write_str("its padding is not zero"),
            Self::PaddingLength => f.write_str("it has more padding than it needs"),
            Self::SpareBits => f.write_str("its spare bits are not zero"),
            Self::Size => f.write_str("it has the size of no activation code"),
        }
    }
}

impl fmt::Display for PayloadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCanonical(flaw) => write!(f, "no desk writes such a code: {flaw}"),
            Self::Newer(Newer::Version(version)) => {
                write!(f, "the code has format {version}, this release reads format {VERSION}")
            }
            Self::Newer(Newer::Kind) => {
                f.write_str("the code is for a kind of license that this release does not know")
            }
            Self::Newer(Newer::Fields(flags)) => {
                write!(f, "the code has fields that this release does not know (flags {flags:#04x})")
            }
        }
    }
}

impl core::error::Error for PayloadFault {}
