//! Removing what is known of a customer whose licenses are over (domain rule D9). Numbers, days and the book stay.

use super::change::{Asked, Change};
use super::operators::{Permission, Session};
use super::schedule::Schedule;
use super::{DeskFault, Refused};
use crate::ledger::Action;
use crate::ledger::{
    Book, Contact, Customer, CustomerNumber, Event, Ledger, LedgerFault, LicenseRecord, Name, PurgedCustomer, Request,
    RequestState, Sequence, Signed,
};
use activation_code::{Day, FROZEN_DAYS, HostId, Kind, LicenseNumber, Revision, Terms};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What a purge removes and what it leaves, before anybody says yes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// The customer as it is.
    pub customer: Customer,
    /// What is known of it beside its name.
    pub contact: Contact,
    /// Since when it is purged already: nothing of it is known any more then, and only the files are written anew.
    pub since: Option<Day>,
    /// Its licenses, by number. They are over, and stay.
    pub licenses: Vec<LicenseNumber>,
    /// Requests that name the holder of a code, by number. The name is taken out of them.
    pub requests: Vec<u32>,
    /// Codes that were made for it and carry a name: it is signed with them, and stays. Those of hosts are each one.
    pub named: Vec<NamedCode>,
}

/// A code that carries a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedCode {
    /// Of which license.
    pub license: LicenseNumber,
    /// Which revision.
    pub revision: Revision,
    /// The host that alone accepts it; `None`: the code of the revision.
    pub host: Option<HostId>,
}

/// A purge that was done.
#[derive(Debug)]
pub struct PurgeDone {
    /// Since when the customer is purged.
    pub since: Day,
    /// Why bytes of what was removed may be in the ledger's files still; `None`: they are not.
    pub not_erased: Option<LedgerFault>,
}

/// What purging a customer would remove.
///
/// # Errors
/// There is no such customer, not all its licenses are over, a request for it waits, or the operator may not.
pub fn preview_purge(ledger: &mut Ledger, session: &Session, number: CustomerNumber) -> Result<Purge, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Purge)?;
        purge_of(book, number, session.today)
    })
}

/// Removes what is known of a customer, as it was looked at, and then the bytes of it from the ledger's files. For one
/// that is purged already only the files are written anew.
///
/// # Errors
/// Those of [`preview_purge`], or somebody else changed something meanwhile.
pub fn purge(ledger: &mut Ledger, session: &Session, seen: &Purge, reason: &Name) -> Result<PurgeDone, DeskFault> {
    let since = ledger.write(|book| {
        let by = session.begin(book, Permission::Purge)?;
        let number = seen.customer.number;
        let now = purge_of(book, number, session.today)?;
        if now != *seen {
            return Err(DeskFault::from(Refused::ChangedMeanwhile));
        }
        if let Some(since) = now.since {
            return Ok(since);
        }
        let mut requests = Vec::new();
        for request in &now.requests {
            let request = book.request(*request)?.ok_or(LedgerFault::Record { what: "a request" })?;
            requests.push(Answer { request: request.number, event: request.event });
            let change = Asked::from_text(&request.change)?.without_holder().to_text();
            book.rewrite_request(&Request { change, ..request })?;
        }
        book.purge_customer(number, by.day)?;
        let facts = json!({"customer": number.get(), "reason": reason.as_str(), "answered": requests});
        book.record(&by, Action::CustomerPurged, None, facts.to_string())?;
        Ok(by.day)
    })?;
    Ok(PurgeDone { since, not_erased: ledger.erase_what_was_deleted().err() })
}

fn purge_of(book: &Book<'_>, number: CustomerNumber, today: Day) -> Result<Purge, DeskFault> {
    let customer = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
    let since = book.purged(number)?.map(|purged| purged.day);
    let records = book.licenses_of(number, 0, u32::MAX)?;
    let mut purge = Purge {
        customer,
        contact: book.contact(number)?,
        since,
        licenses: records.iter().map(|record| record.number).collect(),
        requests: Vec::new(),
        named: named(book, number)?,
    };
    if since.is_some() {
        return Ok(purge);
    }
    let mut alive = Vec::new();
    for record in &records {
        alive.extend(last_day(book, record, today)?.filter(|last| *last >= today).map(|last| (record.number, last)));
    }
    if !alive.is_empty() {
        return Err(Refused::LicensesNotOver { customer: number, licenses: alive }.into());
    }
    for request in book.requests()? {
        let asked = Asked::from_text(&request.change)?;
        let (is_its, has_name) = match &asked.change {
            Change::Issue(order) => (order.customer == number, order.holder.is_some()),
            other => (other.license().is_some_and(|license| purge.licenses.contains(&license)), false),
        };
        if is_its && request.state == RequestState::Waiting {
            return Err(Refused::RequestWaits { customer: number, request: request.number }.into());
        }
        if is_its && has_name {
            purge.requests.push(request.number);
        }
    }
    Ok(purge)
}

/// The last day on which a license is worth anything but running on: its last period with its grace, and for a service
/// the days for which it is frozen, or the End of Life of its product. `None`: it is revoked.
fn last_day(book: &Book<'_>, record: &LicenseRecord, today: Day) -> Result<Option<Day>, DeskFault> {
    let codes = book.codes_of(record.number)?;
    let schedule = Schedule::of(record, &codes, today);
    let mut last = None;
    for Signed { entry, .. } in schedule.counting() {
        let product = book.product(entry.terms.product)?.ok_or(LedgerFault::Record { what: "a product" })?;
        let ends = product.end_of_life.map_or(end(&entry.terms), |life| end(&entry.terms).min(life));
        last = last.max(Some(ends));
    }
    Ok(last)
}

fn end(terms: &Terms) -> Day {
    let frozen = if terms.kind == Kind::Service { FROZEN_DAYS } else { 0 };
    terms.period.last().plus_or_last(terms.grace_days().into()).plus_or_last(frozen)
}

/// The codes that were made for a customer and carry a name.
fn named(book: &Book<'_>, customer: CustomerNumber) -> Result<Vec<NamedCode>, DeskFault> {
    let mut named = Vec::new();
    let mut hosts = BTreeMap::new();
    for Signed { entry, .. } in book.codes_for_customer(customer)? {
        let Terms { license, revision, holder, .. } = entry.terms;
        if holder.is_none() {
            continue;
        }
        named.push(NamedCode { license, revision, host: None });
        if let std::collections::btree_map::Entry::Vacant(vacant) = hosts.entry(license) {
            vacant.insert(book.bound_codes_of(license)?);
        }
        let bound = hosts.get(&license).into_iter().flatten().map(|code| &code.entry.terms);
        let bound = bound.filter(|terms| terms.revision == revision && terms.holder.is_some());
        named.extend(bound.map(|terms| NamedCode { license, revision, host: terms.host }));
    }
    Ok(named)
}

/// Refuses what is done for a customer of whom nothing is known any more.
pub(super) fn refuse_purged(book: &Book<'_>, customer: CustomerNumber) -> Result<(), DeskFault> {
    match book.purged(customer)? {
        Some(PurgedCustomer { customer, day, .. }) => Err(Refused::CustomerPurged { customer, day }.into()),
        None => Ok(()),
    }
}

/// Which event had answered a request before a name was taken out of it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Answer {
    request: u32,
    event: Sequence,
}

/// The event that answered a request: not the one that took a name out of it since.
pub(super) fn answer(book: &Book<'_>, request: &Request) -> Result<Event, DeskFault> {
    #[derive(Deserialize)]
    struct Facts {
        answered: Vec<Answer>,
    }
    let sequence = request.event;
    let damaged = || LedgerFault::Event { sequence };
    let event = book.event(sequence)?.ok_or_else(damaged)?;
    if event.action != Action::CustomerPurged {
        return Ok(event);
    }
    let facts: Facts = serde_json::from_str(&event.facts).map_err(|_| damaged())?;
    let before = facts.answered.iter().find(|it| it.request == request.number && it.event < sequence);
    Ok(book.event(before.ok_or_else(damaged)?.event)?.ok_or_else(damaged)?)
}
