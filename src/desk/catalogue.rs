//! Products, issuing keys, limits.

use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, By, Ledger, LedgerFault, Limits, Mnemonic, Name, Product, ProductKind};
use activation_code::{Day, Members, PinnedIssuer, ProductId, PublicKey};
use serde_json::json;

/// What is changed of a product. Its id, kind and unit type stay: codes were sold by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductEdit {
    /// Its short name.
    Mnemonic(Mnemonic),
    /// Its name.
    Name(Name),
    /// All members of a suite, in any order.
    Members(Vec<ProductId>),
    /// The family that its licenses may move within; `None`: none.
    Family(Option<Name>),
    /// Its place in the family.
    Rank(u16),
    /// What it runs on.
    Platform(Option<Name>),
    /// Whether it works without a code.
    AutoEnabled(bool),
    /// From when on it is not sold.
    EndOfSale(Option<Day>),
    /// The last day of any period.
    EndOfLife(Option<Day>),
    /// Whether software stops running after its End of Life.
    UseEnds(bool),
}

impl ProductEdit {
    /// Makes the change, of which nothing is looked at yet.
    pub fn apply(self, product: &mut Product) {
        match self {
            Self::Mnemonic(mnemonic) => product.mnemonic = mnemonic,
            Self::Name(name) => product.name = name,
            Self::Members(members) => product.members = members,
            Self::Family(family) => product.family = family,
            Self::Rank(rank) => product.rank = rank,
            Self::Platform(platform) => product.platform = platform,
            Self::AutoEnabled(yes) => product.auto_enabled = yes,
            Self::EndOfSale(day) => product.end_of_sale = day,
            Self::EndOfLife(day) => product.end_of_life = day,
            Self::UseEnds(yes) => product.use_ends = yes,
        }
    }
}

/// Puts a product into the catalogue.
///
/// # Errors
/// Its id or mnemonic is taken, a member is unknown or itself a suite, or it is sold longer than it lives.
pub fn add_product(ledger: &mut Ledger, session: &Session, product: &Product) -> Result<Product, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Catalogue)?;
        if let Some(Product { id, name, .. }) = book.product(product.id)? {
            return Err(Refused::ProductExists { id, name }.into());
        }
        let product = possible(book, product.clone())?;
        write(book, &by, Action::ProductAdded, &product)?;
        Ok(product)
    })
}

/// Changes a product, and gives it as it is now. What changes nothing is no event.
///
/// # Errors
/// There is none of this id, or it cannot be as wanted, as with [`add_product`].
pub fn change_product(
    ledger: &mut Ledger,
    session: &Session,
    id: ProductId,
    edits: &[ProductEdit],
) -> Result<Product, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Catalogue)?;
        let before = book.product(id)?.ok_or_else(|| Refused::UnknownProduct(id.to_string()))?;
        let mut product = before.clone();
        edits.iter().cloned().for_each(|edit| edit.apply(&mut product));
        let product = possible(book, product)?;
        if product != before {
            write(book, &by, Action::ProductChanged, &product)?;
        }
        Ok(product)
    })
}

/// A product as the catalogue can have it, its members in order.
pub(super) fn possible(book: &Book<'_>, mut product: Product) -> Result<Product, DeskFault> {
    if let Some(Product { id, .. }) = book.product_called(&product.mnemonic)?.filter(|other| other.id != product.id) {
        return Err(Refused::MnemonicTaken { mnemonic: product.mnemonic, id }.into());
    }
    let members = Members::new(product.members.iter().copied());
    match (product.kind, &members) {
        (ProductKind::Suite, Some(members)) => product.members = members.products().to_vec(),
        (ProductKind::Software | ProductKind::Service, None) if product.members.is_empty() => {}
        _ => return Err(Refused::Members.into()),
    }
    for &member in &product.members {
        match book.product(member)? {
            None => return Err(Refused::UnknownProduct(member.to_string()).into()),
            Some(Product { kind: ProductKind::Suite, .. }) => return Err(Refused::Members.into()),
            Some(_) => {}
        }
    }
    match (product.end_of_sale, product.end_of_life) {
        (Some(sale), Some(life)) if life < sale => Err(Refused::LifeEndsBeforeSale { sale, life }.into()),
        _ => Ok(product),
    }
}

pub(super) fn write(book: &Book<'_>, by: &By, action: Action, product: &Product) -> Result<(), DeskFault> {
    let facts = json!({
        "product": product.id.get(),
        "mnemonic": product.mnemonic.as_str(),
        "members": product.members.iter().map(|id| id.get()).collect::<Vec<_>>(),
        "family": product.family.as_ref().map(Name::as_str),
        "rank": product.rank,
        "auto_enabled": product.auto_enabled,
        "end_of_sale": product.end_of_sale.map(|day| day.to_string()),
        "end_of_life": product.end_of_life.map(|day| day.to_string()),
        "use_ends": product.use_ends,
    });
    book.put_product(product)?;
    book.record(by, action, None, facts.to_string())?;
    Ok(())
}

/// All products, by product id, those that are gone from the catalogue too.
///
/// # Errors
/// Those of the ledger.
pub fn products(ledger: &mut Ledger) -> Result<Vec<Product>, LedgerFault> {
    ledger.read(|book| book.products())
}

/// The product of this id or mnemonic.
///
/// # Errors
/// There is none.
pub fn find_product(ledger: &mut Ledger, text: &str) -> Result<Product, DeskFault> {
    ledger.read(|book| product_called(book, text))
}

pub(super) fn product_called(book: &Book<'_>, text: &str) -> Result<Product, DeskFault> {
    let found = match (text.parse::<ProductId>(), text.parse()) {
        (Ok(id), _) => book.product(id)?,
        (_, Ok(mnemonic)) => book.product_called(&mnemonic)?,
        _ => None,
    };
    if found.is_none() && super::trust::knows_nothing(book)? {
        return Err(Refused::NoBundleLoaded.into());
    }
    found.ok_or_else(|| Refused::UnknownProduct(text.to_owned()).into())
}

/// Makes an issuing key known to the ledger.
///
/// # Errors
/// Those of the ledger.
pub fn record_issuer(ledger: &mut Ledger, by: &By, issuer: PinnedIssuer) -> Result<(), LedgerFault> {
    ledger.write(|book| {
        book.put_issuer(issuer, by.day)?;
        let facts = json!({"issuer": issuer.number.get(), "key": issuer.key.to_string()});
        book.record(by, Action::IssuerAdded, None, facts.to_string())?;
        Ok(())
    })
}

/// Makes a key that signs checkpoints known to the ledger.
///
/// # Errors
/// Those of the ledger.
pub fn record_ledger_key(ledger: &mut Ledger, by: &By, key: &PublicKey) -> Result<(), LedgerFault> {
    ledger.write(|book| write_ledger_key(book, by, key))
}

pub(super) fn write_ledger_key(book: &Book<'_>, by: &By, key: &PublicKey) -> Result<(), LedgerFault> {
    book.put_ledger_key(key, by.day)?;
    book.record(by, Action::LedgerKeyAdded, None, json!({"key": key.to_string()}).to_string())?;
    Ok(())
}

/// The keys that sign checkpoints, the newest last.
///
/// # Errors
/// Those of the ledger.
pub fn ledger_keys(ledger: &mut Ledger) -> Result<Vec<PublicKey>, LedgerFault> {
    ledger.read(|book| book.ledger_keys())
}

/// The issuing keys, by number.
///
/// # Errors
/// Those of the ledger.
pub fn issuers(ledger: &mut Ledger) -> Result<Vec<PinnedIssuer>, LedgerFault> {
    ledger.read(|book| book.issuers())
}

/// The vendor's name, as customers know it.
///
/// # Errors
/// Those of the ledger.
pub fn vendor(ledger: &mut Ledger) -> Result<Name, LedgerFault> {
    ledger.read(|book| Ok(book.desk()?.vendor))
}

/// What is changed of the limits; `None`: anything that a code can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitEdit {
    /// Most units of one license.
    MostUnits(Option<u32>),
    /// Longest term that is sold at once, in days.
    LongestDays(Option<u32>),
    /// How many days before today a first period may begin.
    BackDatingDays(Option<u32>),
    /// More units than these need a second operator.
    ApprovalAbove(Option<u32>),
}

/// Changes what the administrator allows, and gives all of it. What changes nothing is no event.
///
/// # Errors
/// The operator may not.
pub fn set_limits(ledger: &mut Ledger, session: &Session, edits: &[LimitEdit]) -> Result<Limits, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Limits)?;
        let before = book.limits()?;
        let mut limits = before;
        for edit in edits {
            match *edit {
                LimitEdit::MostUnits(most) => limits.most_units = most,
                LimitEdit::LongestDays(most) => limits.longest_days = most,
                LimitEdit::BackDatingDays(most) => limits.back_dating_days = most,
                LimitEdit::ApprovalAbove(above) => limits.approval_above = above,
            }
        }
        if limits != before {
            let facts = json!({
                "most_units": limits.most_units,
                "longest_days": limits.longest_days,
                "back_dating_days": limits.back_dating_days,
                "approval_above": limits.approval_above,
            });
            book.put_limits(&limits)?;
            book.record(&by, Action::LimitsSet, None, facts.to_string())?;
        }
        Ok(limits)
    })
}

/// What the administrator allows.
///
/// # Errors
/// Those of the ledger.
pub fn limits(ledger: &mut Ledger) -> Result<Limits, LedgerFault> {
    ledger.read(|book| book.limits())
}

impl Product {
    /// Whether it is in the catalogue on a day: it is gone after its End of Life (rule D9).
    pub fn is_in_catalogue(&self, today: Day) -> bool {
        self.end_of_life.is_none_or(|end| today <= end)
    }

    /// Whether licenses may move between both (rule D17). Nobody tells families apart by case.
    pub fn is_of_one_family_with(&self, other: &Self) -> bool {
        let key = |product: &Self| product.family.as_ref().map(|family| family.as_str().to_lowercase());
        key(self).is_some() && key(self) == key(other)
    }
}
