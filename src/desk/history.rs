//! What happened to licenses, as the book tells it.

use super::change::{Asked, Change};
use super::{DeskFault, Refused};
use crate::ledger::{
    Action, Book, Customer, CustomerNumber, Event, Ledger, LedgerFault, LicenseRecord, OperatorName, OrderReference,
    Sequence,
};
use activation_code::{Day, HostId, IssuerNumber, LicenseNumber, ProductId, Revision, Units};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its place in the book.
    pub sequence: Sequence,
    /// When.
    pub day: Day,
    /// Who did it.
    pub operator: OperatorName,
    /// What was done.
    pub action: Action,
    /// To which license, if to one.
    pub license: Option<LicenseNumber>,
    /// Who owned it then; the new owner, where it changed hands.
    pub customer: Option<CustomerNumber>,
    /// Who owned it before it changed hands.
    pub from: Option<CustomerNumber>,
    /// The codes that it made or gave out again.
    pub codes: Vec<CodeFacts>,
    /// The order.
    pub order: Option<OrderReference>,
    /// The customer's written request for fewer units (rule D4).
    pub written_request: Option<OrderReference>,
    /// The request that was approved, and who had asked.
    pub approved: Option<(u32, OperatorName)>,
    /// Revisions below this were revoked.
    pub good_from: Option<u16>,
    /// Why.
    pub reason: Option<String>,
    /// The stolen key because of which codes were re-issued.
    pub lost: Option<IssuerNumber>,
    /// The host that alone accepts these codes, or that says what it uses.
    pub host: Option<HostId>,
    /// Units that an installation says are in use.
    pub in_use: Option<u32>,
}

/// What the book says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeFacts {
    /// Its revision.
    pub revision: Revision,
    /// What it is for; only where it was made.
    pub sold: Option<Sold>,
}

/// What was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold {
    /// What.
    pub product: ProductId,
    /// How many.
    pub units: Units,
    /// From when.
    pub first: Day,
    /// To when.
    pub last: Day,
}

/// The facts of an event, as the desk writes them down; what it does not know of newer ones is left out.
#[derive(Deserialize)]
struct Facts<'a> {
    customer: Option<u32>,
    from: Option<u32>,
    revision: Option<u16>,
    #[serde(default)]
    revisions: Vec<Code>,
    #[serde(borrow)]
    asked: Option<&'a RawValue>,
    request: Option<u32>,
    asked_by: Option<String>,
    good_from: Option<u16>,
    reason: Option<String>,
    host: Option<u32>,
    in_use: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Made { revision: u16, product: u16, units: u32, first: String, last: String },
    Again(u16),
}

impl Code {
    fn facts(self) -> Option<CodeFacts> {
        Some(match self {
            Self::Again(revision) => CodeFacts { revision: Revision::new(revision)?, sold: None },
            Self::Made { revision, product, units, first, last } => {
                let (product, units) = (ProductId::new(product)?, Units::new(units)?);
                let sold = Sold { product, units, first: first.parse().ok()?, last: last.parse().ok()? };
                CodeFacts { revision: Revision::new(revision)?, sold: Some(sold) }
            }
        })
    }
}

impl HistoryEntry {
    /// What an event of the book tells.
    ///
    /// # Errors
    /// No desk wrote that.
    pub fn of(event: &Event) -> Result<Self, DeskFault> {
        let damaged = || LedgerFault::Event { sequence: event.sequence };
        let facts: Facts<'_> = serde_json::from_str(&event.facts).map_err(|_| damaged())?;
        let asked = facts.asked.map(|asked| Asked::from_text(asked.get())).transpose().map_err(|_| damaged())?;
        let written_request = match asked.as_ref().map(|asked| &asked.change) {
            Some(Change::Downsize { request, .. }) => Some(request.clone()),
            _ => None,
        };
        let lost = match asked.as_ref().map(|asked| &asked.change) {
            Some(Change::Reissue { lost, .. }) => Some(*lost),
            _ => None,
        };
        let host = match asked.as_ref().map(|asked| &asked.change) {
            Some(Change::Bind { host, .. }) => Some(*host),
            Some(Change::Issue(order)) => order.host,
            _ => facts.host.map(HostId),
        };
        let codes = facts.revision.map(Code::Again).into_iter().chain(facts.revisions);
        let asked_by = facts.asked_by.map(|name| name.parse()).transpose().map_err(|_| damaged())?;
        Ok(Self {
            sequence: event.sequence,
            day: event.day,
            operator: event.operator.clone(),
            action: event.action,
            license: event.license,
            customer: facts.customer.and_then(CustomerNumber::new),
            from: facts.from.and_then(CustomerNumber::new),
            codes: codes.map(Code::facts).collect::<Option<_>>().ok_or_else(damaged)?,
            order: asked.and_then(|asked| asked.reference),
            written_request,
            approved: facts.request.zip(asked_by),
            good_from: facts.good_from,
            reason: facts.reason,
            lost,
            host,
            in_use: facts.in_use,
        })
    }
}

/// Everything that ever happened to a license, oldest first.
///
/// # Errors
/// There is no such license.
pub fn history(ledger: &mut Ledger, license: LicenseNumber) -> Result<Vec<Event>, DeskFault> {
    ledger.read(|book| {
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        events_back_to(book, &record, 0)
    })
}

/// What happened to a license after an event, oldest first.
pub(super) fn events_back_to(
    book: &Book<'_>,
    record: &LicenseRecord,
    after: Sequence,
) -> Result<Vec<Event>, DeskFault> {
    let mut events = Vec::new();
    let mut next: Option<Sequence> = Some(record.event);
    while let Some(sequence) = next.filter(|sequence| *sequence > after) {
        let event = book.event(sequence)?.filter(|event| event.license == Some(record.number));
        let event = event.ok_or(LedgerFault::Event { sequence })?;
        // Backwards only, or an edited book could keep us here for ever.
        next = event.previous.filter(|previous| *previous < sequence);
        events.push(event);
    }
    events.reverse();
    Ok(events)
}

/// What ever happened to the licenses that a customer owns now, and that it was purged, oldest first.
///
/// # Errors
/// There is no such customer.
pub fn history_of_customer(ledger: &mut Ledger, customer: CustomerNumber) -> Result<(Customer, Vec<Event>), DeskFault> {
    ledger.read(|book| {
        let found = book.customer(customer)?.ok_or_else(|| Refused::UnknownCustomer(customer.to_string()))?;
        let mut events = Vec::new();
        for record in book.licenses_of(customer, 0, u32::MAX)? {
            events.extend(events_back_to(book, &record, 0)?);
        }
        if let Some(purged) = book.purged(customer)? {
            let sequence = purged.event;
            events.push(book.event(sequence)?.ok_or(LedgerFault::Event { sequence })?);
        }
        events.sort_by_key(|event| event.sequence);
        Ok((found, events))
    })
}
