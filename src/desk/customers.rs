//! Who owns licenses.

use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, Customer, CustomerNumber, Email, Ledger, LedgerFault, Name};
use serde_json::json;

/// Registers a customer. `salt` is random: it hides the name in the book.
///
/// # Errors
/// Another has this name, in whatever case: give it a place or a department. Or it is a number.
pub fn add_customer(
    ledger: &mut Ledger,
    session: &Session,
    name: &Name,
    email: Option<&Email>,
    salt: [u8; 16],
) -> Result<Customer, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Customers)?;
        refuse_name(book, name, None)?;
        let customer = Customer { number: book.next_customer()?, name: name.clone(), email: email.cloned(), salt };
        book.put_customer(&customer)?;
        let facts = json!({"customer": customer.number.get()}).to_string();
        book.record(&by, Action::CustomerAdded, None, facts)?;
        Ok(customer)
    })
}

/// What is changed of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerEdit {
    /// Its name.
    Name(Name),
    /// Where it is written to; `None`: nowhere.
    Email(Option<Email>),
}

/// Changes what is known of a customer, and gives all of it. What changes nothing is no event.
///
/// # Errors
/// There is none of this number, or another has the name.
pub fn change_customer(
    ledger: &mut Ledger,
    session: &Session,
    number: CustomerNumber,
    edits: &[CustomerEdit],
) -> Result<Customer, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Customers)?;
        let before = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
        let mut customer = before.clone();
        for edit in edits {
            match edit {
                CustomerEdit::Name(name) => {
                    refuse_name(book, name, Some(number))?;
                    customer.name = name.clone();
                }
                CustomerEdit::Email(email) => customer.email.clone_from(email),
            }
        }
        if customer != before {
            book.put_customer(&customer)?;
            let facts = json!({
                "customer": number.get(),
                "name": customer.name != before.name,
                "email": customer.email != before.email,
            });
            book.record(&by, Action::CustomerChanged, None, facts.to_string())?;
        }
        Ok(customer)
    })
}

fn refuse_name(book: &Book<'_>, name: &Name, own: Option<CustomerNumber>) -> Result<(), DeskFault> {
    if is_number(name.as_str()) {
        return Err(Refused::NumberAsName(name.to_string()).into());
    }
    match book.customers_called(name)?.into_iter().find(|other| Some(other.number) != own) {
        Some(Customer { number, name, .. }) => Err(Refused::CustomerExists { name, number }.into()),
        None => Ok(()),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// At most `most` customers, by number, from `first` on.
///
/// # Errors
/// Those of the ledger.
pub fn customers(ledger: &mut Ledger, first: Option<CustomerNumber>, most: u32) -> Result<Vec<Customer>, LedgerFault> {
    ledger.read(|book| book.customers_from(first, most))
}

/// The customer of this number or name, in whatever case. Digits are always a number: they would mean another
/// customer once the number is given away.
///
/// # Errors
/// There is none, or an old ledger has two whose names differ by case only.
pub fn find_customer(ledger: &mut Ledger, text: &str) -> Result<Customer, DeskFault> {
    ledger.read(|book| customer_called(book, text))
}

/// At most `most` customers that a text may mean: the one with this number, or with this name in whatever case, or
/// else all with this text in their names.
///
/// # Errors
/// Those of the ledger.
pub fn find_customers(ledger: &mut Ledger, text: &str, most: u32) -> Result<Vec<Customer>, LedgerFault> {
    ledger.read(|book| customers_like(book, text, most))
}

pub(super) fn customers_like(book: &Book<'_>, text: &str, most: u32) -> Result<Vec<Customer>, LedgerFault> {
    match customer_called(book, text) {
        Ok(customer) => return Ok(vec![customer]),
        Err(DeskFault::Ledger(fault)) => return Err(fault),
        Err(_) => {}
    }
    // No name has such a part; SQLite ends a pattern at a NUL, and would find everybody.
    if text.is_empty() || text.chars().count() > Name::LONGEST || text.chars().any(char::is_control) {
        return Ok(Vec::new());
    }
    book.customers_like(text, most)
}

pub(super) fn customer_called(book: &Book<'_>, text: &str) -> Result<Customer, DeskFault> {
    let unknown = || DeskFault::from(Refused::UnknownCustomer(text.to_owned()));
    if is_number(text) {
        let number = text.parse().ok().and_then(CustomerNumber::new).ok_or_else(unknown)?;
        return book.customer(number)?.ok_or_else(unknown);
    }
    let mut found = text.parse().map(|name| book.customers_called(&name)).unwrap_or(Ok(Vec::new()))?;
    if let Some(exactly) = found.iter().position(|customer| customer.name.as_str() == text) {
        return Ok(found.swap_remove(exactly));
    }
    match (found.pop(), found.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(unknown()),
        (Some(one), Some(other)) => Err(Refused::TwoCustomers { one: other.number, other: one.number }.into()),
    }
}
