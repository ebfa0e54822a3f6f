//! Registration keys: what partners hand out, and what becomes a license once (domain rule D13).

use super::change::{Asked, Change, Order};
use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::calendar::Term;
use crate::ledger::{
    AccountNumber, Action, Book, By, CustomerNumber, KeyRecord, KeyState, Ledger, LedgerFault, OrderReference,
    Privilege, Signed,
};
use activation_code::{Day, Kind, LicenseNumber, MaintenancePeriod, ProductId, RegistrationKey, Revision, Units};
use serde_json::json;
use std::ops::RangeInclusive;

/// How many registration keys are made at once, at most: they are one event of the book.
pub const MOST_KEYS: u32 = 10_000;

/// What each registration key of a batch is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// Who hands them out.
    pub account: AccountNumber,
    /// What each becomes.
    pub product: ProductId,
    /// How many units.
    pub units: Units,
    /// `None`: what the product sells.
    pub kind: Option<Kind>,
    /// For how long, from the day on that is agreed on when it is redeemed.
    pub term: Term,
}

/// Makes registration keys of random ones, and gives what the ledger keeps of them, in the same order. The keys
/// themselves stand nowhere afterwards.
///
/// # Errors
/// They are none or more than [`MOST_KEYS`]; the partner sells no more, or may not hand them out; or what they would
/// become is not sold.
pub fn generate_keys(
    ledger: &mut Ledger,
    session: &Session,
    terms: &KeyTerms,
    keys: &[RegistrationKey],
) -> Result<Vec<KeyRecord>, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Keys)?;
        if keys.is_empty() || keys.len() > MOST_KEYS as usize {
            return Err(Refused::NumberOfKeys { wanted: keys.len() }.into());
        }
        let KeyTerms { account, product, units, kind, term } = *terms;
        let partner = book.account(account)?.ok_or_else(|| Refused::UnknownAccount(account.to_string()))?;
        if !partner.active {
            return Err(Refused::SellsNoMore(account).into());
        }
        if !partner.privileges.has(Privilege::Keys) {
            return Err(Refused::NoPrivilege { account, privilege: Privilege::Keys }.into());
        }
        let sold = book.product(product)?.ok_or_else(|| Refused::UnknownProduct(product.to_string()))?;
        super::plan::on_sale(&sold, session.today)?;
        let kind = super::plan::kind_of(&sold, kind)?;
        let number = book.next_registration_key()?;
        let last =
            number.checked_add(keys.len() as u32 - 1).ok_or(LedgerFault::Record { what: "a registration key" })?;
        let record = |(number, key): (u32, &RegistrationKey)| KeyRecord {
            number,
            digest: key.into(),
            account,
            product,
            units,
            kind,
            term,
            state: KeyState::Available,
            license: None,
            day: by.day,
        };
        let records: Vec<_> = (number..=last).zip(keys).map(record).collect();
        records.iter().try_for_each(|record| book.put_registration_key(record))?;
        let facts = json!({
            "account": account.get(),
            "product": product.get(),
            "units": units.get(),
            "kind": kind.name(),
            "term": term.to_string(),
            "first": number,
            "last": last,
        });
        book.record(&by, Action::KeysGenerated, None, facts.to_string())?;
        Ok(records)
    })
}

/// Cancels registration keys by number, all of them or none, and gives those that were available until now.
///
/// # Errors
/// There is none of a number, or one became a license.
pub fn cancel_keys(
    ledger: &mut Ledger,
    session: &Session,
    numbers: &[RangeInclusive<u32>],
) -> Result<Vec<KeyRecord>, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Keys)?;
        let mut cancelled = Vec::new();
        for number in numbers.iter().cloned().flatten() {
            let record = known_key(book, number)?;
            match record.state {
                KeyState::Available => {
                    let record = KeyRecord { state: KeyState::Cancelled, day: by.day, ..record };
                    book.put_registration_key(&record)?;
                    cancelled.push(record);
                }
                KeyState::Cancelled => {}
                KeyState::Redeemed => return Err(redeemed(book, &record)?.into()),
            }
        }
        if !cancelled.is_empty() {
            let numbers: Vec<_> = cancelled.iter().map(|record| record.number).collect();
            book.record(&by, Action::KeysCancelled, None, json!({"keys": numbers}).to_string())?;
        }
        Ok(cancelled)
    })
}

/// At most `most` registration keys by number, from `first` on: all, or those of a partner.
///
/// # Errors
/// Those of the ledger.
pub fn registration_keys(
    ledger: &mut Ledger,
    account: Option<AccountNumber>,
    first: u32,
    most: u32,
) -> Result<Vec<KeyRecord>, LedgerFault> {
    ledger.read(|book| match account {
        Some(account) => book.registration_keys_of(account, first, most),
        None => book.registration_keys_from(first, most),
    })
}

/// What the ledger has of a registration key.
///
/// # Errors
/// This desk made no such key.
pub fn find_key(ledger: &mut Ledger, key: &RegistrationKey) -> Result<KeyRecord, DeskFault> {
    ledger.read(|book| Ok(book.registration_key_of(key)?.ok_or(Refused::NobodysKey)?))
}

/// Whether a registration key can be redeemed by this operator, for a customer who is not registered yet.
///
/// # Errors
/// It cannot.
pub fn check_redeemable(ledger: &mut Ledger, session: &Session, number: u32) -> Result<(), DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Sell)?;
        session.bounds(book)?.registration_key(book, number)?;
        let record = available(book, number)?;
        let product =
            book.product(record.product)?.ok_or_else(|| Refused::UnknownProduct(record.product.to_string()))?;
        Ok(super::plan::on_sale(&product, session.today)?)
    })
}

/// What is asked for when a registration key is redeemed for a customer, from a first day on.
///
/// # Errors
/// The period would end after the year 9999.
pub fn redemption(record: &KeyRecord, customer: CustomerNumber, first: Day) -> Result<Asked, DeskFault> {
    let none = || Refused::NoSuchPeriod { after: first };
    let last = record.term.last_day(first).ok_or_else(none)?;
    let order = Order {
        customer,
        product: record.product,
        units: record.units,
        period: MaintenancePeriod::new(first, last).ok_or_else(none)?,
        kind: Some(record.kind),
        test: false,
        grace: None,
        host: None,
        features: None,
        holder: None,
        registration_key: Some(record.number),
    };
    Ok(Asked { change: Change::Issue(order), reference: Some(OrderReference::registration_key(record.number)) })
}

pub(super) fn known_key(book: &Book<'_>, number: u32) -> Result<KeyRecord, DeskFault> {
    Ok(book.registration_key(number)?.ok_or(Refused::UnknownKey(number))?)
}

fn available(book: &Book<'_>, number: u32) -> Result<KeyRecord, DeskFault> {
    let record = known_key(book, number)?;
    match record.state {
        KeyState::Available => Ok(record),
        KeyState::Cancelled => Err(Refused::KeyCancelled { number, day: record.day }.into()),
        KeyState::Redeemed => Err(redeemed(book, &record)?.into()),
    }
}

/// An order is for what its key is worth, and the key can be redeemed.
pub(super) fn check_order(book: &Book<'_>, number: u32, order: &Order) -> Result<(), DeskFault> {
    let record = available(book, number)?;
    let worth = (record.product, record.units, Some(record.kind));
    let last = record.term.last_day(order.period.first());
    if (order.product, order.units, order.kind) != worth || Some(order.period.last()) != last {
        return Err(Refused::ChangedMeanwhile.into());
    }
    Ok(())
}

/// The code that a key became, for whom it became it.
pub(super) fn made_of(book: &Book<'_>, number: u32, customer: CustomerNumber) -> Result<Vec<Signed>, DeskFault> {
    let record = known_key(book, number)?;
    let Some(license) = record.license else { return Ok(Vec::new()) };
    let mut codes = book.codes_of(license)?;
    codes.retain(|code| code.entry.terms.revision == Revision::FIRST);
    match codes.iter().all(|code| code.entry.customer == customer) {
        true => Ok(codes),
        false => Err(redeemed(book, &record)?.into()),
    }
}

/// Within the transaction that writes the license down: the key is redeemed now, and whoever handed it out is the
/// reseller of record where there is none.
pub(super) fn redeem(
    book: &Book<'_>,
    by: &By,
    number: u32,
    (customer, license): (CustomerNumber, LicenseNumber),
) -> Result<(), DeskFault> {
    let record = known_key(book, number)?;
    if record.state != KeyState::Available {
        return Err(Refused::ChangedMeanwhile.into());
    }
    if book.reseller_of(customer)?.is_none() {
        book.put_reseller(customer, Some(record.account))?;
    }
    let record = KeyRecord { state: KeyState::Redeemed, license: Some(license), day: by.day, ..record };
    Ok(book.put_registration_key(&record)?)
}

fn redeemed(book: &Book<'_>, record: &KeyRecord) -> Result<Refused, DeskFault> {
    let damaged = LedgerFault::Record { what: "a registration key" };
    let license = record.license.ok_or(damaged)?;
    let customer = book.license(license)?.ok_or(Refused::UnknownLicense(license))?.customer;
    Ok(Refused::KeyRedeemed { number: record.number, license, customer, day: record.day })
}
