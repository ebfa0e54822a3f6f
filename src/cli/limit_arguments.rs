//! What an issuing key may issue, as it is typed: one for the desk's own keys and those of partners.

use super::failure::Failure;
use activation_code::{Day, Features, IssuerLimits, Kind, LicenseNumber, ProductId, Units};
use countersign::desk::{self, IssuerLimitEdit};
use countersign::ledger::Ledger;
use std::str::FromStr;

/// A limit, or `none`.
#[derive(Clone, Debug)]
pub struct Limited<T>(pub Option<T>);

impl<T: FromStr> FromStr for Limited<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}

/// License numbers, first and last.
#[derive(Clone, Copy, Debug)]
pub struct Range(LicenseNumber, LicenseNumber);

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wanted = "wanted FIRST-LAST, as in 1000000-1999999";
        let (first, last) = text.split_once('-').ok_or(wanted)?;
        let range = Self(first.parse().map_err(|_| wanted)?, last.parse().map_err(|_| wanted)?);
        if range.0 <= range.1 { Ok(range) } else { Err(wanted) }
    }
}

/// Kinds of codes.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<Kind>);

impl FromStr for Kinds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let kind = |name| Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kinds: Option<Vec<_>> = text.split(',').map(kind).collect();
        kinds.map(Self).ok_or("wanted some of full,evaluation,service")
    }
}

/// Features of a code.
#[derive(Clone, Copy, Debug)]
pub struct FeatureBits(Features);

impl FromStr for FeatureBits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bits = u16::from_str_radix(text, 16).ok().filter(|_| text.len() <= 4 && !text.starts_with('+'));
        bits.map(|bits| Self(Features(bits))).ok_or("wanted at most 4 hex digits, as in 00ff")
    }
}

#[derive(clap::Args)]
pub struct LimitArguments {
    /// Only these products, by id or mnemonic: ES,MAIL
    #[arg(long, value_name = "PRODUCTS")]
    products: Option<String>,
    /// Only codes of these kinds: full,evaluation,service
    #[arg(long, value_name = "KINDS")]
    kinds: Option<Limited<Kinds>>,
    /// Most units of a code
    #[arg(long, value_name = "N")]
    units: Option<Limited<Units>>,
    /// Most days of grace
    #[arg(long, value_name = "DAYS")]
    grace: Option<Limited<u8>>,
    /// Only these features
    #[arg(long, value_name = "HEX4")]
    features: Option<Limited<FeatureBits>>,
    /// Only these license numbers
    #[arg(long, value_name = "A-B")]
    licenses: Option<Limited<Range>>,
    /// Most days from the day of issue to the last day
    #[arg(long, value_name = "N")]
    days: Option<Limited<u32>>,
    /// The latest last day of any code
    #[arg(long, value_name = "DAY")]
    until: Option<Limited<Day>>,
    /// The first day of issue
    #[arg(long, value_name = "DAY")]
    from: Option<Limited<Day>>,
    /// The last day of issue
    #[arg(long, value_name = "DAY")]
    to: Option<Limited<Day>>,
}

impl LimitArguments {
    /// What changes; products have to be in the catalogue.
    pub fn edits(&self, ledger: &mut Ledger) -> Result<Vec<IssuerLimitEdit>, Failure> {
        let mut edits = Vec::new();
        if let Some(products) = &self.products {
            let none = products == "none";
            let names = products.split(',').filter(|_| !none);
            let found: Result<Vec<ProductId>, _> =
                names.map(|name| desk::find_product(ledger, name).map(|product| product.id)).collect();
            edits.push(IssuerLimitEdit::Products(found?));
        }
        if let Some(Limited(kinds)) = &self.kinds {
            edits.push(IssuerLimitEdit::Kinds(kinds.as_ref().map_or_else(Vec::new, |kinds| kinds.0.clone())));
        }
        edits.extend(self.units.as_ref().map(|it| IssuerLimitEdit::Units(it.0)));
        edits.extend(self.grace.as_ref().map(|it| IssuerLimitEdit::Grace(it.0)));
        edits.extend(self.features.as_ref().map(|it| IssuerLimitEdit::Features(it.0.map(|it| it.0))));
        edits.extend(self.licenses.as_ref().map(|it| IssuerLimitEdit::Licenses(it.0.map(|it| (it.0, it.1)))));
        edits.extend(self.days.as_ref().map(|it| IssuerLimitEdit::Days(it.0)));
        edits.extend(self.until.as_ref().map(|it| IssuerLimitEdit::Until(it.0)));
        edits.extend(self.from.as_ref().map(|it| IssuerLimitEdit::From(it.0)));
        edits.extend(self.to.as_ref().map(|it| IssuerLimitEdit::To(it.0)));
        Ok(edits)
    }
}

/// As they stand in a bundle; `none`.
pub fn in_words(limits: &IssuerLimits) -> String {
    let words = limits.to_string();
    if words.is_empty() { "none".to_owned() } else { words.trim_start().to_owned() }
}
