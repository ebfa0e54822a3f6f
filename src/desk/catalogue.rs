//! Products, issuing keys, limits.

use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, By, Ledger, LedgerFault, Limits, Name, Product, ProductKind};
use activation_code::{Day, Members, PinnedIssuer, ProductId, PublicKey};
use serde_json::json;

/// Puts a product into the catalogue.
///
/// # Errors
/// Its id or mnemonic is taken, a member is unknown or itself a suite.
pub fn add_product(ledger: &mut Ledger, session: &Session, product: &Product) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Catalogue)?;
        if let Some(Product { id, name, .. }) = book.product(product.id)? {
            return Err(Refused::ProductExists { id, name }.into());
        }
        if let Some(Product { id, .. }) = book.product_called(&product.mnemonic)? {
            return Err(Refused::MnemonicTaken { mnemonic: product.mnemonic.clone(), id }.into());
        }
        write(book, &by, Action::ProductAdded, product)
    })
}

/// Changes a product: everything but its id, kind and unit type, which codes were sold by.
///
/// # Errors
/// There is none of this id, another has the mnemonic, or what must stay would change.
pub fn change_product(ledger: &mut Ledger, session: &Session, product: &Product) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Catalogue)?;
        let unknown = || Refused::UnknownProduct(product.id.to_string());
        let before = book.product(product.id)?.ok_or_else(unknown)?;
        if (before.kind, before.unit) != (product.kind, product.unit) {
            return Err(Refused::SoldOtherwise(product.id).into());
        }
        if let Some(Product { id, .. }) = book.product_called(&product.mnemonic)?.filter(|it| it.id != product.id) {
            return Err(Refused::MnemonicTaken { mnemonic: product.mnemonic.clone(), id }.into());
        }
        write(book, &by, Action::ProductChanged, product)
    })
}

fn write(book: &Book<'_>, by: &By, action: Action, product: &Product) -> Result<(), DeskFault> {
    let suite = product.kind == ProductKind::Suite;
    if suite != Members::new(product.members.iter().copied()).is_some() || !suite && !product.members.is_empty() {
        return Err(Refused::Members.into());
    }
    for &member in &product.members {
        match book.product(member)? {
            None => return Err(Refused::UnknownProduct(member.to_string()).into()),
            Some(Product { kind: ProductKind::Suite, .. }) => return Err(Refused::Members.into()),
            Some(_) => {}
        }
    }
    if let (Some(sale), Some(life)) = (product.end_of_sale, product.end_of_life)
        && life < sale
    {
        return Err(Refused::LifeEndsBeforeSale { sale, life }.into());
    }
    let facts = json!({
        "product": product.id.get(),
        "mnemonic": product.mnemonic.as_str(),
        "end_of_sale": product.end_of_sale.map(|day| day.to_string()),
        "end_of_life": product.end_of_life.map(|day| day.to_string()),
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

/// The issuing keys, by number; the last one is in use.
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

/// Sets what the administrator allows.
///
/// # Errors
/// The operator may not.
pub fn set_limits(ledger: &mut Ledger, session: &Session, limits: &Limits) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Limits)?;
        let facts = json!({
            "most_units": limits.most_units,
            "longest_days": limits.longest_days,
            "back_dating_days": limits.back_dating_days,
            "approval_above": limits.approval_above,
        });
        book.put_limits(limits)?;
        book.record(&by, Action::LimitsSet, None, facts.to_string())?;
        Ok(())
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
}
