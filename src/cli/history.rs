//! `countersign history`: what happened to a license, or to all of a customer.

use super::Context;
use super::catalogue::Catalogue;
use super::customer::the_customer;
use super::failure::Failure;
use super::print::{self, Line};
use activation_code::{IssuerNumber, LicenseNumber, Revision};
use countersign::desk::{self, CodeFacts, HistoryEntry};
use countersign::documents::csv::Cell;
use countersign::ledger::{Action, CustomerNumber, Ledger, LicenseRecord};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Show what happened to a license, or to all of a customer: who did what, and when
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("whose").required(true))]
#[command(after_help = "\
The book keeps numbers; names are those of today. A customer's history is that of the licenses
that it owns now.

Examples:
  countersign history 1
  countersign history --customer 'Example Hospital Trust' --csv > history.csv")]
pub struct Arguments {
    /// The license's number
    #[arg(value_name = "LICENSE", group = "whose")]
    license: Option<LicenseNumber>,
    /// A customer: number, name, or a part of the name that no other has
    #[arg(long, value_name = "X", group = "whose")]
    customer: Option<String>,
}

#[derive(Serialize)]
struct HistoryLine {
    event: u64,
    day: String,
    operator: String,
    action: &'static str,
    license: Option<u32>,
    customer: Option<u32>,
    customer_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<CodeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<RevokedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_name: Option<String>,
    /// The stolen key because of which codes were re-issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u16>,
    /// The host that alone accepts these codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<u32>,
    #[serde(skip)]
    what: String,
}

#[derive(Serialize)]
struct CodeJson {
    revision: u16,
    /// The key that has signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<u16>,
    #[serde(flatten)]
    sold: Option<SoldJson>,
}

#[derive(Serialize)]
struct SoldJson {
    product: u16,
    mnemonic: String,
    units: u32,
    first: String,
    last: String,
}

#[derive(Serialize)]
struct RevokedJson {
    /// `None`: the whole license.
    below: Option<u16>,
    reason: Option<String>,
}

impl Line for HistoryLine {
    const HEADING: &'static [&'static str] = &["EVENT", "DAY", "OPERATOR", "LICENSE", "WHAT"];
    const COLUMNS: &'static [&'static str] =
        &["event", "day", "operator", "action", "license", "customer", "customer_name", "order", "what"];

    fn cells(&self) -> Vec<String> {
        let HistoryLine { event, day, operator, license, what, .. } = self;
        let license = license.map(|license| license.to_string()).unwrap_or_default();
        vec![event.to_string(), day.clone(), operator.clone(), license, what.clone()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.event.into(),
            self.day.as_str().into(),
            self.operator.as_str().into(),
            self.action.into(),
            self.license.into(),
            self.customer.into(),
            self.customer_name.as_deref().into(),
            self.order.as_deref().into(),
            self.what.as_str().into(),
        ]
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let events = match (arguments.license, &arguments.customer) {
        (Some(license), _) => desk::history(&mut ledger, license)?,
        (None, Some(text)) => {
            let customer = the_customer(&mut ledger, text)?;
            desk::history_of_customer(&mut ledger, customer.number)?.1
        }
        (None, None) => return Err(Failure::could_not("wanted a license or --customer")),
    };
    let mut names = Names {
        catalogue: Catalogue::read(&mut ledger)?,
        several_keys: desk::issuers(&mut ledger)?.len() > 1,
        ledger: &mut ledger,
        customers: HashMap::new(),
        signed_by: None,
    };
    print::list(context, events.iter().map(|event| names.line(&HistoryEntry::of(event)?)))
}

/// What numbers are called today.
struct Names<'l> {
    ledger: &'l mut Ledger,
    catalogue: Catalogue,
    customers: HashMap<CustomerNumber, Option<String>>,
    /// Whether it matters which key has signed.
    several_keys: bool,
    /// Of the license that was asked for last.
    signed_by: Option<(LicenseNumber, Vec<(Revision, IssuerNumber)>)>,
}

impl Names<'_> {
    fn customer(&mut self, number: CustomerNumber) -> Result<Option<String>, Failure> {
        if let Some(name) = self.customers.get(&number) {
            return Ok(name.clone());
        }
        let name = match desk::find_customer(self.ledger, &number.to_string()) {
            Ok(customer) => Some(customer.name.to_string()),
            // Gone, as rule D9 wants it; the number stays.
            Err(desk::DeskFault::Refused(_)) => None,
            Err(fault) => return Err(fault.into()),
        };
        self.customers.insert(number, name.clone());
        Ok(name)
    }

    /// Which key has signed each code of an event.
    fn issuers(&mut self, entry: &HistoryEntry) -> Result<Vec<Option<IssuerNumber>>, Failure> {
        let Some(license) = entry.license.filter(|_| !entry.codes.is_empty()) else { return Ok(Vec::new()) };
        let known = match self.signed_by.take() {
            Some((of, known)) if of == license => known,
            _ => desk::signed_by(self.ledger, license)?,
        };
        let issuer = |code: &CodeFacts| known.iter().find(|(it, _)| *it == code.revision).map(|(_, issuer)| *issuer);
        let issuers = entry.codes.iter().map(issuer).collect();
        self.signed_by = Some((license, known));
        Ok(issuers)
    }

    fn line(&mut self, entry: &HistoryEntry) -> Result<HistoryLine, Failure> {
        let issuers = self.issuers(entry)?;
        let customer_name = entry.customer.map(|number| self.customer(number)).transpose()?.flatten();
        let from_name = entry.from.map(|number| self.customer(number)).transpose()?.flatten();
        let below = entry.good_from.map(|good| (good != LicenseRecord::NONE_GOOD).then_some(good));
        Ok(HistoryLine {
            event: entry.sequence,
            day: entry.day.to_string(),
            operator: entry.operator.to_string(),
            action: entry.action.name(),
            license: entry.license.map(LicenseNumber::get),
            customer: entry.customer.map(CustomerNumber::get),
            order: entry.order.as_ref().map(ToString::to_string),
            codes: entry.codes.iter().zip(&issuers).map(|(code, issuer)| self.code(code, *issuer)).collect(),
            written_request: entry.written_request.as_ref().map(ToString::to_string),
            request: entry.approved.as_ref().map(|(request, _)| *request),
            asked_by: entry.approved.as_ref().map(|(_, asked_by)| asked_by.to_string()),
            revoked: below.map(|below| RevokedJson { below, reason: entry.reason.clone() }),
            from: entry.from.map(CustomerNumber::get),
            lost: entry.lost.map(IssuerNumber::get),
            host: entry.host.map(|host| host.0),
            what: self.what(entry, customer_name.as_deref(), from_name.as_deref(), &issuers),
            customer_name,
            from_name,
        })
    }

    fn code(&self, code: &CodeFacts, issuer: Option<IssuerNumber>) -> CodeJson {
        let sold = code.sold.map(|sold| SoldJson {
            product: sold.product.get(),
            mnemonic: self.catalogue.mnemonic(sold.product),
            units: sold.units.get(),
            first: sold.first.to_string(),
            last: sold.last.to_string(),
        });
        CodeJson { revision: code.revision.get(), issuer: issuer.map(IssuerNumber::get), sold }
    }

    /// One line of words.
    fn what(
        &self,
        entry: &HistoryEntry,
        owner: Option<&str>,
        former: Option<&str>,
        issuers: &[Option<IssuerNumber>],
    ) -> String {
        let mut text = entry.action.name().replace('-', " ");
        // Writing to a String does not fail.
        let _ = match (entry.action, entry.good_from) {
            (Action::Revoked, Some(LicenseRecord::NONE_GOOD)) => write!(text, ": all codes"),
            (Action::Revoked, Some(good)) => write!(text, ": revisions below {good}"),
            (Action::Issued, _) => write!(text, " to {}", named(entry.customer, owner)),
            (Action::Transferred, _) => {
                write!(text, " from {} to {}", named(entry.from, former), named(entry.customer, owner))
            }
            _ => Ok(()),
        };
        if let Some(host) = entry.host {
            let to = if entry.action == Action::Bound { "to" } else { "for" };
            let _ = write!(text, " {to} host {host}");
        }
        if let Some(units) = entry.in_use {
            let _ = write!(text, ": {units} units in use");
        }
        if let Some(order) = &entry.order {
            let _ = write!(text, ", order {order}");
        }
        if let Some(request) = &entry.written_request {
            let _ = write!(text, ", asked for in {request}");
        }
        if let Some((request, asked_by)) = &entry.approved {
            let _ = write!(text, ", request {request} of {asked_by}");
        }
        if let Some(lost) = entry.lost {
            let _ = write!(text, ", because key {lost} was stolen");
        }
        if let Some(reason) = &entry.reason {
            let _ = write!(text, ", because: {reason}");
        }
        let separators = std::iter::once(": ").chain(std::iter::repeat("; "));
        for ((code, issuer), before) in entry.codes.iter().zip(issuers).zip(separators) {
            let _ = write!(text, "{before}revision {}", code.revision);
            if let Some(sold) = code.sold {
                let (unit, mnemonic) = (self.catalogue.unit(sold.product), self.catalogue.mnemonic(sold.product));
                let _ = write!(text, ", {} {unit} of {mnemonic}, {} to {}", sold.units, sold.first, sold.last);
            }
            if let Some(issuer) = issuer.filter(|_| self.several_keys) {
                let _ = write!(text, ", signed by key {issuer}");
            }
        }
        text
    }
}

fn named(number: Option<CustomerNumber>, name: Option<&str>) -> String {
    match (number, name) {
        // A purged one's name says the number.
        (Some(number), Some(name)) if name.starts_with(&format!("customer {number} (")) => name.to_owned(),
        (Some(number), Some(name)) => format!("customer {number}, {name}"),
        (Some(number), None) => format!("customer {number}"),
        (None, _) => "a customer".to_owned(),
    }
}
