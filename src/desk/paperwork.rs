//! What stands on paper beside a code: who sold it, to whom, and what its numbers mean.

use super::trust::Published;
use super::{DeskFault, Refused};
use crate::ledger::{Account, Book, Contact, Customer, Entry, Ledger, Name, Product};
use activation_code::ProductId;

/// What belongs to a code on a certificate (rule D7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paperwork {
    /// Who sells.
    pub vendor: Name,
    /// How trust bundles say that it is reached, a line each.
    pub contact: Vec<String>,
    /// Who owns the license.
    pub customer: Customer,
    /// How it is reached, as far as that is known.
    pub reached: Contact,
    /// The reseller of record, with whom it renews; none: with the vendor.
    pub reseller: Option<Account>,
    /// What was sold.
    pub product: Product,
    /// What a suite enables, as the code has it.
    pub members: Vec<Name>,
    /// The fingerprint of the roots of the newest bundle, by which installations know the vendor.
    pub root: Option<String>,
}

/// What belongs to a code.
///
/// # Errors
/// Those of the ledger.
pub fn paperwork(ledger: &mut Ledger, entry: &Entry) -> Result<Paperwork, DeskFault> {
    ledger.read(|book| {
        let terms = &entry.terms;
        let number = entry.customer;
        let customer = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
        let members = terms.members.iter().flat_map(|members| members.products()).copied();
        let members = members.map(|id| product(book, id).map(|product| product.name));
        Ok(Paperwork {
            vendor: book.desk()?.vendor,
            contact: book.trust_settings()?.contact.iter().map(ToString::to_string).collect(),
            customer,
            reached: book.contact(number)?,
            reseller: book.reseller_of(number)?.map(|account| book.account(account)).transpose()?.flatten(),
            product: product(book, terms.product)?,
            members: members.collect::<Result<_, _>>()?,
            root: Published::last(book)?.map(|published| published.bundle.roots.fingerprint()),
        })
    })
}

pub(super) fn product(book: &Book<'_>, id: ProductId) -> Result<Product, DeskFault> {
    book.product(id)?.ok_or_else(|| Refused::UnknownProduct(id.to_string()).into())
}
