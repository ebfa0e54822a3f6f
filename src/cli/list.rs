//! `countersign list` and `countersign due`: the licenses that there are, and those that end soon.

use super::customer::the_customer;
use super::failure::Failure;
use super::print::{self, Line};
use super::{Context, catalogue};
use activation_code::{Day, Kind, MaintenancePeriod};
use activation_host::program::clock;
use catalogue::Catalogue;
use clap::builder::PossibleValuesParser;
use countersign::calendar::Term;
use countersign::desk::{self, LicenseState};
use countersign::documents::csv::Cell;
use countersign::ledger::{ContactField, Filter, Ledger, Listed};
use serde::Serialize;

/// How many licenses are read at once.
const PAGE: u32 = 1_000;

/// List the licenses, each with its newest revision
#[derive(clap::Args)]
#[command(after_help = "\
A license is active, not-yet-valid, ended or revoked: what its codes are worth today. The other
columns, and what the list is filtered by, are those of the newest code.

Examples:
  countersign list --customer 1
  countersign list --product ES --state active
  countersign list --ends-after 2026-12-31 --ends-before 2027-02-01 --csv > january.csv")]
pub struct ListArguments {
    /// Only those of a customer: number, name, or a part of the name that no other has
    #[arg(long, value_name = "X")]
    customer: Option<String>,
    /// Only those for a product, by id or mnemonic
    #[arg(long, value_name = "ID|MNEMONIC")]
    product: Option<String>,
    /// Only those of a kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::name)))]
    kind: Option<String>,
    /// Only those in a state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(LicenseState::ALL.map(LicenseState::name)))]
    state: Option<String>,
    /// Only those whose last day is before this day
    #[arg(long, value_name = "D")]
    ends_before: Option<Day>,
    /// Only those whose last day is after this day
    #[arg(long, value_name = "D")]
    ends_after: Option<Day>,
    /// Only those of which something is revoked, a code or all
    #[arg(long)]
    revoked: bool,
}

/// List the licenses that end soon, by day
#[derive(clap::Args)]
#[command(after_help = "\
A license that was renewed already is not due. Days left are counted from today; 0 is the last day.

Examples:
  countersign due
  countersign due --within 30d --overdue 90d
  countersign due --within 2m --csv > due.csv")]
pub struct DueArguments {
    /// That end within this time from today: 60d, 2m or 1y
    #[arg(long, value_name = "TERM", default_value = "60d")]
    within: Term,
    /// And those that ended at most this long ago
    #[arg(long, value_name = "TERM")]
    overdue: Option<Term>,
}

/// A license as lists show it.
#[derive(Serialize)]
pub struct LicenseLine {
    pub license: u32,
    revision: u16,
    customer: u32,
    pub customer_name: String,
    order: Option<String>,
    product: u16,
    mnemonic: String,
    units: u32,
    kind: &'static str,
    first: String,
    last: String,
    issued: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    state: &'static str,
}

impl LicenseLine {
    pub fn new(listed: &Listed, catalogue: &Catalogue, today: Day) -> Self {
        let entry = &listed.newest.entry;
        let terms = &entry.terms;
        Self {
            license: terms.license.get(),
            revision: terms.revision.get(),
            customer: listed.owner.number.get(),
            customer_name: listed.owner.name.to_string(),
            order: entry.reference.as_ref().map(ToString::to_string),
            product: terms.product.get(),
            mnemonic: catalogue.mnemonic(terms.product),
            units: terms.units.get(),
            kind: terms.kind.name(),
            first: entry.period.first().to_string(),
            last: entry.period.last().to_string(),
            issued: terms.issued.to_string(),
            test: terms.test,
            state: listed.state(today).name(),
        }
    }

    fn kind(&self) -> String {
        if self.test { format!("{}, TEST", self.kind) } else { self.kind.to_owned() }
    }
}

impl Line for LicenseLine {
    const HEADING: &'static [&'static str] =
        &["LICENSE", "REVISION", "STATE", "PRODUCT", "KIND", "UNITS", "FIRST", "LAST", "CUSTOMER"];
    const COLUMNS: &'static [&'static str] = &[
        "license",
        "revision",
        "customer",
        "customer_name",
        "order",
        "product",
        "mnemonic",
        "units",
        "kind",
        "first",
        "last",
        "issued",
        "test",
        "state",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.license.to_string(),
            self.revision.to_string(),
            self.state.to_owned(),
            self.mnemonic.clone(),
            self.kind(),
            self.units.to_string(),
            self.first.clone(),
            self.last.clone(),
            self.customer_name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.license.into(),
            self.revision.into(),
            self.customer.into(),
            self.customer_name.as_str().into(),
            self.order.as_deref().into(),
            self.product.into(),
            self.mnemonic.as_str().into(),
            self.units.into(),
            self.kind.into(),
            self.first.as_str().into(),
            self.last.as_str().into(),
            self.issued.as_str().into(),
            self.test.into(),
            self.state.into(),
        ]
    }
}

pub fn list(context: &Context, arguments: &ListArguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let today = clock();
    let catalogue = Catalogue::read(&mut ledger)?;
    let customer = arguments.customer.as_deref().map(|text| the_customer(&mut ledger, text)).transpose()?;
    let product = arguments.product.as_deref().map(|text| desk::find_product(&mut ledger, text)).transpose()?;
    let filter = Filter {
        customer: customer.map(|customer| customer.number),
        product: product.map(|product| product.id),
        kind: arguments.kind.as_ref().and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name)),
        ends_after: arguments.ends_after,
        ends_before: arguments.ends_before,
        revoked: arguments.revoked,
    };
    let state = arguments.state.as_deref().and_then(LicenseState::from_name).map(|state| (state, today));
    let lines = paged(&mut ledger, |ledger, last: Option<&Listed>| {
        Ok(desk::licenses(ledger, &filter, state, last.map(|last| last.license.number), PAGE)?)
    });
    print::list(context, lines.map(|listed| Ok(LicenseLine::new(&listed?, &catalogue, today))))
}

/// A license that ends soon.
#[derive(Serialize)]
struct DueLine {
    #[serde(flatten)]
    license: LicenseLine,
    email: Option<String>,
    unit: &'static str,
    days_left: i32,
    /// What a renewal needs to know of the customer and nobody has said.
    missing: Vec<&'static str>,
}

impl Line for DueLine {
    const HEADING: &'static [&'static str] =
        &["LAST", "DAYS LEFT", "LICENSE", "PRODUCT", "KIND", "UNITS", "E-MAIL", "CUSTOMER"];
    const COLUMNS: &'static [&'static str] = &[
        "last",
        "days_left",
        "license",
        "revision",
        "customer",
        "customer_name",
        "email",
        "product",
        "mnemonic",
        "units",
        "unit",
        "kind",
        "test",
        "state",
        "missing",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.license.last.clone(),
            self.days_left.to_string(),
            self.license.license.to_string(),
            self.license.mnemonic.clone(),
            self.license.kind(),
            format!("{} {}", self.license.units, self.unit),
            self.email.clone().unwrap_or_else(|| "-".to_owned()),
            self.license.customer_name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        let license = &self.license;
        vec![
            license.last.as_str().into(),
            self.days_left.into(),
            license.license.into(),
            license.revision.into(),
            license.customer.into(),
            license.customer_name.as_str().into(),
            self.email.as_deref().into(),
            license.product.into(),
            license.mnemonic.as_str().into(),
            license.units.into(),
            self.unit.into(),
            license.kind.into(),
            license.test.into(),
            license.state.into(),
            self.missing.join(",").into(),
        ]
    }
}

pub fn due(context: &Context, arguments: &DueArguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let today = clock();
    let catalogue = Catalogue::read(&mut ledger)?;
    let first = match arguments.overdue {
        None => Some(today),
        Some(term) => Some(term.before(today).unwrap_or(Day::MIN)),
    };
    let last = today.plus(1).map(|tomorrow| arguments.within.last_day(tomorrow).unwrap_or(Day::MAX));
    let period = first.zip(last).and_then(|(first, last)| MaintenancePeriod::new(first, last));
    let period = period.ok_or_else(|| Failure::could_not(format!("the clock shows {today}, the last day of all")))?;
    let lines = paged(&mut ledger, |ledger, last: Option<&(Listed, Vec<&'static str>)>| {
        let after = last.map(|(last, _)| (last.newest.entry.period.last(), last.license.number));
        let due = desk::due(ledger, period, after, PAGE)?;
        let missing = |listed: Listed| {
            let known = desk::known_of(ledger, listed.license.customer)?;
            Ok((listed, known.missing().into_iter().map(ContactField::name).collect()))
        };
        due.into_iter().map(missing).collect()
    });
    let line = |(listed, missing): (Listed, Vec<&'static str>)| DueLine {
        missing,
        email: listed.owner.email.as_ref().map(ToString::to_string),
        unit: catalogue.unit(listed.newest.entry.terms.product),
        days_left: listed.newest.entry.period.last().days_after(today),
        license: LicenseLine::new(&listed, &catalogue, today),
    };
    print::list(context, lines.map(|listed| Ok(line(listed?))))
}

/// Licenses, read page by page: `page` gives those that follow the last one of the page before.
fn paged<'l, T: Clone + 'l>(
    ledger: &'l mut Ledger,
    mut page: impl FnMut(&mut Ledger, Option<&T>) -> Result<Vec<T>, Failure> + 'l,
) -> impl Iterator<Item = Result<T, Failure>> + 'l {
    let mut last: Option<T> = None;
    let mut whole = true;
    std::iter::from_fn(move || {
        if !std::mem::take(&mut whole) {
            return None;
        }
        let lines = page(ledger, last.as_ref());
        if let Ok(lines) = &lines {
            whole = lines.len() == PAGE as usize;
            last = lines.last().cloned();
        }
        Some(lines)
    })
    .flat_map(|page| match page {
        Ok(lines) => lines.into_iter().map(Ok).collect(),
        Err(failure) => vec![Err(failure)],
    })
}
