//! What the ledger keeps: values that are valid if they exist.

use activation_code::{MaintenancePeriod, ProductId, SIGNATURE_BYTES, Terms};
use std::fmt;
use std::str::FromStr;

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
    /// Not a mnemonic.
    #[error("wanted 1 to 16 letters A-Z, digits and hyphens, at least one of them a letter")]
    Mnemonic,
}

fn plain_text(text: &str, most: usize) -> Result<String, TextFault> {
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
        None => Ok(text.to_owned()),
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

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
                plain_text(text, Self::LONGEST).map(Self)
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
}

/// Who owns licenses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its number at this desk.
    pub number: CustomerNumber,
    /// Its name.
    pub name: Name,
}

/// One revision of one license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who owns the license.
    pub customer: CustomerNumber,
    /// The order that made it.
    pub reference: Option<OrderReference>,
    /// The true period; the one in the terms may be cut (rule D2).
    pub period: MaintenancePeriod,
    /// What the code says.
    pub terms: Terms,
    /// `None`: reserved, and not signed yet.
    pub signature: Option<[u8; SIGNATURE_BYTES]>,
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
}
