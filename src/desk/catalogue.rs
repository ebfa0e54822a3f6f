//! Products, customers and issuing keys.

use super::{DeskFault, Refused};
use crate::ledger::{Customer, CustomerNumber, Ledger, LedgerFault, Name, Product, ProductKind};
use activation_code::{Day, Members, PinnedIssuer, ProductId};

/// Puts a product on sale.
///
/// # Errors
/// Its id or mnemonic is taken, a member is unknown or itself a suite.
pub fn add_product(ledger: &mut Ledger, product: &Product) -> Result<(), DeskFault> {
    ledger.write(|book| {
        if let Some(Product { id, name, .. }) = book.product(product.id)? {
            return Err(Refused::ProductExists { id, name }.into());
        }
        if let Some(Product { id, .. }) = book.product_called(&product.mnemonic)? {
            return Err(Refused::MnemonicTaken { mnemonic: product.mnemonic.clone(), id }.into());
        }
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
        Ok(book.insert_product(product)?)
    })
}

/// The catalogue, by product id.
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
    ledger.read(|book| {
        let found = match (text.parse::<ProductId>(), text.parse()) {
            (Ok(id), _) => book.product(id)?,
            (_, Ok(mnemonic)) => book.product_called(&mnemonic)?,
            _ => None,
        };
        found.ok_or_else(|| Refused::UnknownProduct(text.to_owned()).into())
    })
}

/// Registers a customer.
///
/// # Errors
/// Another has this very name: give it a place or a department. Or it is a number.
pub fn add_customer(ledger: &mut Ledger, name: &Name) -> Result<Customer, DeskFault> {
    if name.as_str().bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refused::NumberAsName(name.to_string()).into());
    }
    ledger.write(|book| match book.customer_called(name)? {
        Some(Customer { number, name }) => Err(Refused::CustomerExists { name, number }.into()),
        None => Ok(Customer { number: book.insert_customer(name)?, name: name.clone() }),
    })
}

/// The customers, by number.
///
/// # Errors
/// Those of the ledger.
pub fn customers(ledger: &mut Ledger) -> Result<Vec<Customer>, LedgerFault> {
    ledger.read(|book| book.customers())
}

/// The customer of this number, or of exactly this name. Digits are always a number: they
/// would mean another customer once the number is given away.
///
/// # Errors
/// There is none.
pub fn find_customer(ledger: &mut Ledger, text: &str) -> Result<Customer, DeskFault> {
    ledger.read(|book| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let found = match (text.parse().ok().and_then(CustomerNumber::new), text.parse()) {
            (Some(number), _) if digits => book.customer(number)?,
            (_, Ok(name)) if !digits => book.customer_called(&name)?,
            _ => None,
        };
        found.ok_or_else(|| Refused::UnknownCustomer(text.to_owned()).into())
    })
}

/// Makes an issuing key known to the ledger.
///
/// # Errors
/// Those of the ledger.
pub fn record_issuer(ledger: &mut Ledger, issuer: PinnedIssuer, today: Day) -> Result<(), LedgerFault> {
    ledger.write(|book| book.insert_issuer(issuer, today))
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
    ledger.read(|book| book.vendor()?.parse().map_err(|_| LedgerFault::Record { what: "the vendor" }))
}
