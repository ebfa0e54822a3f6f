//! Who owns licenses, and what is known of them.

use super::accounts::{Bounds, ContactEdit};
use super::operators::{Permission, Session};
use super::purge::refuse_purged;
use super::{DeskFault, Refused};
use crate::ledger::{
    AccountNumber, Action, Book, By, Contact, ContactField, Customer, CustomerNumber, Email, Ledger, LedgerFault, Name,
    Privilege,
};
use activation_code::{Day, LicenseNumber};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Registers a customer of whom nothing else is known. `salt` is random: it hides the name in the book.
///
/// # Errors
/// Those of [`register_customer`].
pub fn add_customer(
    ledger: &mut Ledger,
    session: &Session,
    name: &Name,
    email: Option<&Email>,
    salt: [u8; 16],
) -> Result<Customer, DeskFault> {
    register_customer(ledger, session, name, &[CustomerEdit::Email(email.cloned())], salt)
}

/// Registers a customer. `salt` is random: it hides all that is known of it in the book. Where the operator works for
/// a partner, that is its reseller of record.
///
/// # Errors
/// Another has this name, in whatever case: give it a place or a department. Or it is a number.
pub fn register_customer(
    ledger: &mut Ledger,
    session: &Session,
    name: &Name,
    edits: &[CustomerEdit],
    salt: [u8; 16],
) -> Result<Customer, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Customers)?;
        let bounds = session.bounds(book)?;
        let mut known = Known::of_new(book.next_customer()?, name, salt, &bounds);
        let before = known.reseller;
        edits.iter().try_for_each(|edit| known.apply(book, edit))?;
        if known.reseller != before {
            session.begin(book, Permission::Accounts)?;
        }
        write_new(book, &by, &known)?;
        Ok(known.customer)
    })
}

/// All that is known of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number, name and address.
    pub customer: Customer,
    /// What a renewal needs beside.
    pub contact: Contact,
    /// Its reseller of record.
    pub reseller: Option<AccountNumber>,
    /// Since when nothing else is known of it any more.
    pub purged: Option<Day>,
}

impl Known {
    pub(super) fn of_new(number: CustomerNumber, name: &Name, salt: [u8; 16], bounds: &Bounds) -> Self {
        let customer = Customer { number, name: name.clone(), email: None, salt };
        Self { customer, contact: Contact::default(), reseller: bounds.account(), purged: None }
    }

    pub(super) fn of(book: &Book<'_>, customer: Customer) -> Result<Self, LedgerFault> {
        let number = customer.number;
        let purged = book.purged(number)?.map(|purged| purged.day);
        Ok(Self { customer, contact: book.contact(number)?, reseller: book.reseller_of(number)?, purged })
    }

    pub(super) fn apply(&mut self, book: &Book<'_>, edit: &CustomerEdit) -> Result<(), DeskFault> {
        match edit {
            CustomerEdit::Name(name) => {
                refuse_name(book, name, Some(self.customer.number))?;
                self.customer.name = name.clone();
            }
            CustomerEdit::Email(email) => self.customer.email.clone_from(email),
            CustomerEdit::Contact(edit) => edit.apply(&mut self.contact),
            CustomerEdit::Reseller(None) => self.reseller = None,
            CustomerEdit::Reseller(Some(account)) => {
                let account = book.account(*account)?.ok_or_else(|| Refused::UnknownAccount(account.to_string()))?;
                self.reseller = Some(account.number);
            }
        }
        Ok(())
    }

    /// What a renewal needs to know and nobody has said (rule D8). Who is purged renews nothing.
    pub fn missing(&self) -> Vec<ContactField> {
        if self.purged.is_some() {
            return Vec::new();
        }
        self.contact.missing(&self.customer)
    }
}

/// Writes a customer down that is not there yet.
pub(super) fn write_new(book: &Book<'_>, by: &By, known: &Known) -> Result<(), DeskFault> {
    let Known { customer, contact, reseller, .. } = known;
    refuse_name(book, &customer.name, None)?;
    book.put_customer(customer)?;
    let mut facts = json!({"customer": customer.number.get()});
    if *contact != Contact::default() {
        book.put_contact(customer, contact)?;
        facts["contact"] = true.into();
    }
    if let Some(account) = reseller {
        book.put_reseller(customer.number, Some(*account))?;
        facts["reseller"] = account.get().into();
    }
    book.record(by, Action::CustomerAdded, None, facts.to_string())?;
    Ok(())
}

/// What is changed of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerEdit {
    /// Its name.
    Name(Name),
    /// Where it is written to; `None`: nowhere.
    Email(Option<Email>),
    /// What a renewal needs beside (rule D8).
    Contact(ContactEdit),
    /// Its reseller of record; `None`: the vendor sells to it itself.
    Reseller(Option<AccountNumber>),
}

/// Changes what is known of a customer, and gives its name and address. What changes nothing is no event.
///
/// # Errors
/// There is none of this number, or another has the name; or it is not the operator's to say who sells to it.
pub fn change_customer(
    ledger: &mut Ledger,
    session: &Session,
    number: CustomerNumber,
    edits: &[CustomerEdit],
) -> Result<Customer, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Customers)?;
        session.bounds(book)?.customer(book, number, Privilege::Register)?;
        let customer = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
        let before = Known::of(book, customer)?;
        let mut known = before.clone();
        edits.iter().try_for_each(|edit| known.apply(book, edit))?;
        refuse_purged(book, number)?;
        if known.reseller != before.reseller {
            session.begin(book, Permission::Accounts)?;
        }
        write_changed(book, &by, &before, &known)?;
        Ok(known.customer)
    })
}

/// Writes down what differs.
pub(super) fn write_changed(book: &Book<'_>, by: &By, before: &Known, known: &Known) -> Result<(), DeskFault> {
    if known == before {
        return Ok(());
    }
    let (customer, number) = (&known.customer, known.customer.number);
    let mut facts = json!({
        "customer": number.get(),
        "name": customer.name != before.customer.name,
        "email": customer.email != before.customer.email,
    });
    if *customer != before.customer {
        book.put_customer(customer)?;
    }
    if known.contact != before.contact {
        book.put_contact(customer, &known.contact)?;
        facts["contact"] = true.into();
    }
    if known.reseller != before.reseller {
        book.put_reseller(number, known.reseller)?;
        facts["reseller"] = known.reseller.map_or(Value::Null, |account| account.get().into());
    }
    book.record(by, Action::CustomerChanged, None, facts.to_string())?;
    Ok(())
}

/// All that is known of a customer.
///
/// # Errors
/// There is none of this number.
pub fn known_of(ledger: &mut Ledger, number: CustomerNumber) -> Result<Known, DeskFault> {
    ledger.read(|book| {
        let customer = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
        Ok(Known::of(book, customer)?)
    })
}

/// The same of at most `most` customers, by number, from `first` on.
///
/// # Errors
/// Those of the ledger.
pub fn known_customers(
    ledger: &mut Ledger,
    first: Option<CustomerNumber>,
    most: u32,
) -> Result<Vec<Known>, LedgerFault> {
    ledger
        .read(|book| book.customers_from(first, most)?.into_iter().map(|customer| Known::of(book, customer)).collect())
}

/// All that is known of the owner of a license.
///
/// # Errors
/// There is no such license.
pub fn owner_of(ledger: &mut Ledger, license: LicenseNumber) -> Result<Known, DeskFault> {
    ledger.read(|book| {
        let number = book.license(license)?.ok_or(Refused::UnknownLicense(license))?.customer;
        let customer = book.customer(number)?.ok_or(LedgerFault::Record { what: "a customer" })?;
        Ok(Known::of(book, customer)?)
    })
}

/// A customer as a file says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The line of the file, from 1.
    pub line: u64,
    /// Its number; `None`: the customer of this name, or a new one.
    pub number: Option<CustomerNumber>,
    /// Its name; `None`: as it is.
    pub name: Option<Name>,
    /// What else the file says.
    pub edits: Vec<CustomerEdit>,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFate {
    /// A new customer.
    Added(Known),
    /// Something of it changes.
    Changed {
        /// As it was.
        before: Box<Known>,
        /// As it is then.
        after: Box<Known>,
    },
    /// Nothing changes.
    Same(Known),
}

/// A row that a rule of the desk refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// The line, from 1.
    pub line: u64,
    /// Why.
    pub refused: Refused,
}

/// What the rows of a file come to, or all that is wrong with them. Nothing is written.
///
/// # Errors
/// The operator may not, or those of the ledger.
pub fn preview_customers(
    ledger: &mut Ledger,
    session: &Session,
    rows: &[CustomerRow],
) -> Result<Result<Vec<RowFate>, Vec<RowProblem>>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Customers)?;
        fates(book, session, rows.iter().map(|row| (row, [0; 16])))
    })
}

/// Does what the rows of a file say: all of it, or nothing. The same file again changes nothing. Each has a random salt
/// with it, for the case that it is a new customer.
///
/// # Errors
/// Those of [`preview_customers`].
pub fn import_customers(
    ledger: &mut Ledger,
    session: &Session,
    rows: &[(CustomerRow, [u8; 16])],
) -> Result<Result<Vec<RowFate>, Vec<RowProblem>>, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Customers)?;
        let fates = match fates(book, session, rows.iter().map(|(row, salt)| (row, *salt)))? {
            Ok(fates) => fates,
            Err(problems) => return Ok(Err(problems)),
        };
        for fate in &fates {
            match fate {
                RowFate::Added(known) => write_new(book, &by, known)?,
                RowFate::Changed { before, after } => write_changed(book, &by, before, after)?,
                RowFate::Same(_) => {}
            }
        }
        Ok(Ok(fates))
    })
}

fn fates<'r>(
    book: &Book<'_>,
    session: &Session,
    rows: impl Iterator<Item = (&'r CustomerRow, [u8; 16])>,
) -> Result<Result<Vec<RowFate>, Vec<RowProblem>>, DeskFault> {
    let bounds = session.bounds(book)?;
    let mut next = Some(book.next_customer()?);
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let (mut numbers, mut names) = (HashMap::new(), HashMap::new());
    for (row, salt) in rows {
        let line = row.line;
        match fate(book, session, &bounds, row, next, salt) {
            Ok(fate) => {
                let known = match &fate {
                    RowFate::Added(known) | RowFate::Same(known) => known,
                    RowFate::Changed { after, .. } => after,
                };
                let name = known.customer.name.as_str().to_lowercase();
                let twice = [numbers.insert(known.customer.number, line), names.insert(name, line)];
                if let Some(other) = twice.into_iter().flatten().next() {
                    problems.push(RowProblem { line, refused: Refused::CustomerTwice { line: other } });
                } else if matches!(fate, RowFate::Added(_)) {
                    next = known.customer.number.get().checked_add(1).and_then(CustomerNumber::new);
                }
                found.push(fate);
            }
            Err(DeskFault::Refused(refused)) => problems.push(RowProblem { line, refused }),
            Err(fault) => return Err(fault),
        }
    }
    Ok(if problems.is_empty() { Ok(found) } else { Err(problems) })
}

fn fate(
    book: &Book<'_>,
    session: &Session,
    bounds: &Bounds,
    row: &CustomerRow,
    next: Option<CustomerNumber>,
    salt: [u8; 16],
) -> Result<RowFate, DeskFault> {
    let there = match (row.number, &row.name) {
        (Some(number), _) => Some(book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?),
        (None, Some(name)) => match customer_called(book, name.as_str()) {
            Ok(customer) => Some(customer),
            Err(DeskFault::Refused(Refused::UnknownCustomer(_))) => None,
            Err(fault) => return Err(fault),
        },
        (None, None) => return Err(Refused::WhichCustomer.into()),
    };
    let (before, mut known) = match (there, &row.name) {
        (Some(customer), name) => {
            bounds.customer(book, customer.number, Privilege::Register)?;
            let before = Known::of(book, customer)?;
            let mut known = before.clone();
            if let Some(name) = name {
                known.apply(book, &CustomerEdit::Name(name.clone()))?;
            }
            (Some(before), known)
        }
        (None, Some(name)) => {
            refuse_name(book, name, None)?;
            let number = next.ok_or(LedgerFault::Record { what: "a customer" })?;
            (None, Known::of_new(number, name, salt, bounds))
        }
        (None, None) => return Err(Refused::WhichCustomer.into()),
    };
    let reseller = known.reseller;
    row.edits.iter().try_for_each(|edit| known.apply(book, edit))?;
    if known.reseller != reseller {
        session.begin(book, Permission::Accounts)?;
    }
    Ok(match before {
        None => RowFate::Added(known),
        Some(before) if before == known => RowFate::Same(known),
        Some(before) => {
            refuse_purged(book, before.customer.number)?;
            RowFate::Changed { before: Box::new(before), after: Box::new(known) }
        }
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
