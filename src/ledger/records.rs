//! What the ledger keeps: values that are valid if they exist.

use super::chain::Sequence;
use activation_code::{Day, Kind, LicenseNumber, MaintenancePeriod, ProductId, Revision, SIGNATURE_BYTES, Terms};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A customer's number at this desk, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(u32);

impl CustomerNumber {
    /// `None` for 0.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number, from 1.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that cannot be what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing, or nothing but spaces.
    #[error("it is empty")]
    Empty,
    /// Spaces at an end, which nobody sees and everybody forgets.
    #[error("it begins or ends with a space")]
    Spaces,
    /// Longer than it may be.
    #[error("it has {found} characters, wanted at most {most}")]
    Long {
        /// How long it is.
        found: usize,
        /// How long it may be.
        most: usize,
    },
    /// A control character, or one that changes the direction of writing.
    #[error("it has the character U+{:04X}, which is invisible or changes the direction of writing", u32::from(*.0))]
    Character(char),
    /// Not an address.
    #[error("wanted an e-mail address, as in licenses@example.com")]
    Email,
    /// More lines than it may have.
    #[error("it has {found} lines, wanted at most {most}")]
    Lines {
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// Not a telephone number.
    #[error("wanted a telephone number, as in +44 20 7946 0000")]
    Telephone,
    /// Not a language.
    #[error("wanted the tag of a language, as in en or pt-BR")]
    Language,
    /// Not an operator's name.
    #[error("wanted 1 to 32 letters a-z, digits, dots and hyphens, a letter first")]
    Operator,
    /// Not a mnemonic.
    #[error("wanted 1 to 16 letters A-Z, digits and hyphens, at least one of them a letter")]
    Mnemonic,
}

pub(super) fn plain_text(text: &str, most: usize) -> Result<&str, TextFault> {
    if text.trim().is_empty() {
        return Err(TextFault::Empty);
    }
    if text.trim() != text {
        return Err(TextFault::Spaces);
    }
    let found = text.chars().count();
    if found > most {
        return Err(TextFault::Long { found, most });
    }
    // Persian and Indian names are written with the joiners U+200C and U+200D.
    let hidden = |c: &char| {
        c.is_control()
            || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
            || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}')
            || matches!(c, '\u{E0000}'..='\u{E007F}')
    };
    match text.chars().find(hidden) {
        Some(character) => Err(TextFault::Character(character)),
        None => Ok(text),
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// In characters.
            pub const LONGEST: usize = $most;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextFault;

            fn from_str(text: &str) -> Result<Self, TextFault> {
                plain_text(text, Self::LONGEST).map(|text| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A name of a vendor, product or customer: one line of visible text.
    Name, 200
);
text!(
    /// Somebody's reference of an order; the same reference never makes two codes (rule D1).
    OrderReference, 100
);

impl OrderReference {
    /// Of the license that a registration key became (rule D13).
    pub fn registration_key(number: u32) -> Self {
        Self(format!("registration key {number}").into())
    }
}

/// A product's short name: 1 to 16 of A-Z, 0-9 and hyphen, at least one of them a letter,
/// so that it is never taken for a product's number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mnemonic(String);

impl Mnemonic {
    /// The text, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower case is read as upper case.
impl FromStr for Mnemonic {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let right = (1..=16).contains(&text.len())
            && text.bytes().all(known)
            && text.bytes().any(|b| b.is_ascii_alphabetic())
            && !text.starts_with('-');
        if right { Ok(Self(text.to_ascii_uppercase())) } else { Err(TextFault::Mnemonic) }
    }
}

impl fmt::Display for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address, as it was given: one `@`, something on both sides, no spaces (a check for mistakes,
/// not RFC 5321).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// In characters (RFC 5321 §4.5.3.1.3).
    pub const LONGEST: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As addresses are compared: nobody tells them apart by case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let text = plain_text(text, Self::LONGEST)?;
        let (local, domain) = text.split_once('@').ok_or(TextFault::Email)?;
        let separators = |c: char| c.is_whitespace() || "@,;:<>()[]\\\"".contains(c);
        let parts = domain.split('.').all(|part| !part.is_empty());
        if local.is_empty() || !parts || local.contains(separators) || domain.contains(separators) {
            return Err(TextFault::Email);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An operator's short name: 1 to 32 of a-z, digits, dot and hyphen, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperatorName(String);

impl OperatorName {
    /// Whom a new desk begins with.
    pub fn first() -> Self {
        Self("administrator".to_owned())
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is such a name, in lower case.
    pub(super) fn is_one(text: &str) -> bool {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        (1..=32).contains(&text.len()) && text.bytes().all(known) && text.starts_with(|c: char| c.is_ascii_alphabetic())
    }
}

/// Upper case is read as lower case.
impl FromStr for OperatorName {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let text = text.to_ascii_lowercase();
        if Self::is_one(&text) { Ok(Self(text)) } else { Err(TextFault::Operator) }
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operator is for; what each may do is the desk's rule (domain rule D14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, and alone operators, limits, backups.
    Administrator,
    /// Catalogue and licenses, revoking and approving included.
    LicenseManager,
    /// Customers and their licenses.
    AccountManager,
    /// Reads and reprints.
    Support,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::LicenseManager, Self::AccountManager, Self::Support, Self::Auditor];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::LicenseManager => "license-manager",
            Self::AccountManager => "account-manager",
            Self::Support => "support",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who works at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that stands in the book.
    pub name: OperatorName,
    /// What for.
    pub role: Role,
    /// A hash of the passphrase, in PHC form; without one, whoever says so is this operator.
    pub passphrase: Option<String>,
    /// Whether they still work here.
    pub active: bool,
}

impl Operator {
    /// Whom a new desk begins with.
    pub fn first() -> Self {
        Self { name: OperatorName::first(), role: Role::Administrator, passphrase: None, active: true }
    }
}

/// What the administrator allows; `None`: anything that a code can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most units of one license.
    pub most_units: Option<u32>,
    /// Longest term that is sold at once, in days; lapsed days come on top.
    pub longest_days: Option<u32>,
    /// How many days before today a first period may begin.
    pub back_dating_days: Option<u32>,
    /// More units than these need a second operator.
    pub approval_above: Option<u32>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has looked at it.
    Waiting,
    /// A second operator issued it.
    Approved,
    /// A second operator said no.
    Rejected,
}

impl RequestState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Approved, Self::Rejected];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A change that waits for a second operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number, from 1.
    pub number: u32,
    /// When it was asked for.
    pub day: Day,
    /// By whom.
    pub operator: OperatorName,
    /// What was asked for, as the desk writes it down.
    pub change: String,
    /// What became of it.
    pub state: RequestState,
    /// The event that asked for it, or answered it.
    pub event: Sequence,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitType {
    /// Seats.
    Seats,
    /// Endpoints.
    Endpoints,
    /// Users.
    Users,
    /// Encryption keys.
    EncryptionKeys,
}

impl UnitType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Seats, Self::Endpoints, Self::Users, Self::EncryptionKeys];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Endpoints => "endpoints",
            Self::Users => "users",
            Self::EncryptionKeys => "encryption-keys",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// Runs on site.
    Software,
    /// Hosted.
    Service,
    /// Sells several products at once.
    Suite,
}

impl ProductKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Software, Self::Service, Self::Suite];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Service => "service",
            Self::Suite => "suite",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its number, which codes carry.
    pub id: ProductId,
    /// Its short name.
    pub mnemonic: Mnemonic,
    /// Its name.
    pub name: Name,
    /// What is counted.
    pub unit: UnitType,
    /// What it is.
    pub kind: ProductKind,
    /// The products that a suite enables, ascending; empty for others.
    pub members: Vec<ProductId>,
    /// The products that a license may move between (rule D17).
    pub family: Option<Name>,
    /// Its place in the family: a higher edition counts first (rule I6).
    pub rank: u16,
    /// What it runs on.
    pub platform: Option<Name>,
    /// Whether it works without a code.
    pub auto_enabled: bool,
    /// From this day on no new license and no added units (rule D9).
    pub end_of_sale: Option<Day>,
    /// The last day of any period (rule D9).
    pub end_of_life: Option<Day>,
    /// Whether software stops running after its End of Life.
    pub use_ends: bool,
}

impl Product {
    /// A product without family, platform or end, which needs a code.
    pub fn new(id: ProductId, mnemonic: Mnemonic, name: Name, unit: UnitType, kind: ProductKind) -> Self {
        Self {
            id,
            mnemonic,
            name,
            unit,
            kind,
            members: Vec::new(),
            family: None,
            rank: 0,
            platform: None,
            auto_enabled: false,
            end_of_sale: None,
            end_of_life: None,
            use_ends: false,
        }
    }
}

/// Who owns licenses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its number at this desk.
    pub number: CustomerNumber,
    /// Its name.
    pub name: Name,
    /// Where it is written to.
    pub email: Option<Email>,
    /// What hides the name in the book.
    pub salt: [u8; 16],
}

/// A customer of whom nothing is known any more (rule D9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgedCustomer {
    /// Its number.
    pub customer: CustomerNumber,
    /// Since when.
    pub day: Day,
    /// The event that says so.
    pub event: Sequence,
}

/// A license: what stays the same over its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicenseRecord {
    /// Its number.
    pub number: LicenseNumber,
    /// Who owns it.
    pub customer: CustomerNumber,
    /// Revisions below this are revoked; above the highest revision: all of it (rule D12).
    pub good_from: Option<u16>,
    /// The last event of it.
    pub event: Sequence,
    /// No revision below this was left to give away.
    pub next_revision: u16,
}

impl LicenseRecord {
    /// What `good_from` is where the whole license is revoked.
    pub const NONE_GOOD: u16 = Revision::MAX.get() + 1;

    /// Whether no code of it counts any more, also none to come.
    pub fn is_revoked(&self) -> bool {
        self.good_from == Some(Self::NONE_GOOD)
    }

    /// Whether a revision is revoked.
    pub fn revokes(&self, revision: Revision) -> bool {
        self.good_from.is_some_and(|good| revision.get() < good)
    }
}

/// What one code shall say, or says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// For whom.
    pub customer: CustomerNumber,
    /// The order that made it; of several codes of one order the first has it.
    pub reference: Option<OrderReference>,
    /// The true period; the one in the terms may be cut (rule D2).
    pub period: MaintenancePeriod,
    /// What the code says.
    pub terms: Terms,
}

/// A code as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub entry: Entry,
    /// Its signature.
    pub signature: [u8; SIGNATURE_BYTES],
    /// The event that made it.
    pub event: Sequence,
}

/// A license as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What stays the same over its codes.
    pub license: LicenseRecord,
    /// Who owns it.
    pub owner: Customer,
    /// The code with the highest revision.
    pub newest: Signed,
    /// The first day of all its codes that are not revoked; `None` if all are.
    pub begins: Option<Day>,
}

/// Which licenses a list shall have; `None`: any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Owned by this customer.
    pub customer: Option<CustomerNumber>,
    /// Whose newest code is for this product.
    pub product: Option<ProductId>,
    /// Whose newest code is of this kind.
    pub kind: Option<Kind>,
    /// Whose newest code ends after this day.
    pub ends_after: Option<Day>,
    /// Whose newest code ends before this day.
    pub ends_before: Option<Day>,
    /// Only those of which something is revoked.
    pub revoked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_others_or_like_nothing_are_refused() {
        for (text, fault) in [
            ("", TextFault::Empty),
            ("  ", TextFault::Empty),
            (" a", TextFault::Spaces),
            ("a\u{202E}b", TextFault::Character('\u{202E}')),
            ("a\u{200B}b", TextFault::Character('\u{200B}')),
            ("a\u{AD}b", TextFault::Character('\u{AD}')),
            ("\u{FEFF}a", TextFault::Character('\u{FEFF}')),
            ("a\nb", TextFault::Character('\n')),
            ("a\0b", TextFault::Character('\0')),
        ] {
            assert_eq!(text.parse::<Name>(), Err(fault), "{text:?}");
        }
        assert_eq!("ü".repeat(201).parse::<Name>(), Err(TextFault::Long { found: 201, most: 200 }));
        assert_eq!("ü".repeat(200).parse::<Name>().unwrap().as_str().len(), 400);
    }

    #[test]
    fn a_mnemonic_is_never_taken_for_a_number() {
        for text in ["", "7", "123", "A B", "ÄB", "-A", "ABCDEFGHIJKLMNOPQ"] {
            assert_eq!(text.parse::<Mnemonic>(), Err(TextFault::Mnemonic), "{text:?}");
        }
        assert_eq!("es-7".parse::<Mnemonic>().unwrap().as_str(), "ES-7");
    }

    #[test]
    fn an_operators_name_can_be_typed_anywhere() {
        for text in ["", "1a", "-a", "a b", "ä", "a_b", &"a".repeat(33)] {
            assert_eq!(text.parse::<OperatorName>(), Err(TextFault::Operator), "{text:?}");
        }
        for text in ["a", "a.b-1", &"a".repeat(32)] {
            assert_eq!(text.parse::<OperatorName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_address_of_mail_has_two_parts_and_nothing_that_separates_addresses() {
        for text in ["a@b", "a.b+c@d-e.example", "ü@ü.example"] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), text);
        }
        for text in ["a", "@b", "a@", "a@b.", "a@.b", "a@b..c", "a,b@c", "a@b,c", "a b@c", "a@b c", "a@b@c", "<a@b>"] {
            assert_eq!(text.parse::<Email>(), Err(TextFault::Email), "{text:?}");
        }
    }
}
