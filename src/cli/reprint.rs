//! `countersign reprint` and `countersign search`: a license found by whatever a customer has of it.

use super::Context;
use super::catalogue::Catalogue;
use super::certificate::CertificateOptions;
use super::failure::Failure;
use super::list::LicenseLine;
use super::print::complain;
use super::print::{self, Line};
use super::show::FormOptions;
use activation_code::{HostId, LicenseNumber, MAX_TEXT, Revision};
use activation_host::json::RepairJson;
use activation_host::program::{clock, system};
use activation_host::sentences;
use countersign::desk::{self, Clue, Findings, Found, FoundBy, MOST_FOUND};
use countersign::documents::csv::Cell;
use countersign::ledger::{Customer, Email, Ledger, OrderReference};
use serde::Serialize;
use std::io::{self, Read as _};

/// Give a code out again, byte for byte
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("clue").required(true))]
#[command(after_help = "\
Without --revision: the codes that count, today and later. Each reprint is written down.
A row is any row of the code, in letters or digits, also mistyped; where one row fits several
codes, give --row again. The whole code does too, and - reads it from standard input.

Examples:
  countersign reprint 1
  countersign reprint --email licenses@hospital.example
  countersign reprint 1 --host 89abcdef
  countersign reprint --order PO-77 --as file --output code.lic
  countersign reprint 1 --certificate certificate.pdf
  countersign reprint --row '3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM'")]
pub struct ReprintArguments {
    /// The license's number
    #[arg(value_name = "LICENSE", group = "clue")]
    license: Option<LicenseNumber>,
    /// Or its customer: number, name, or part of the name
    #[arg(long, value_name = "X", group = "clue")]
    customer: Option<String>,
    /// Or the customer's e-mail address
    #[arg(long, value_name = "ADDRESS", group = "clue")]
    email: Option<Email>,
    /// Or the reference of an order that made a code of it
    #[arg(long, value_name = "REF", group = "clue")]
    order: Option<OrderReference>,
    /// Or a row of a code of it
    #[arg(long, value_name = "TEXT", group = "clue")]
    row: Vec<String>,
    /// This code and no other
    #[arg(long, value_name = "N")]
    revision: Option<Revision>,
    /// The codes that this host alone accepts; a row of one of them means its host
    #[arg(long, value_name = "HEX8", value_parser = host_id)]
    host: Option<HostId>,
    #[command(flatten)]
    form: FormOptions,
    #[command(flatten)]
    certificate: CertificateOptions,
}

/// Search licenses: by number, customer, e-mail, order, or a row of a code
#[derive(clap::Args)]
#[command(after_help = "\
Everything that the text may mean is looked for, and MATCHED says what it was; - reads it from
standard input. Customers without a license are listed too.

Examples:
  countersign search hospital
  countersign search licenses@hospital.example
  countersign search '3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM'")]
pub struct SearchArguments {
    /// A number, a part of a name, an address, a reference, a code or a row of one
    #[arg(value_name = "TEXT")]
    text: String,
}

/// The number of a host, as programs print it.
pub fn host_id(text: &str) -> Result<HostId, &'static str> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let host = u32::from_str_radix(text, 16).ok().filter(|_| digits);
    host.map(HostId).ok_or("a host is written as eight hex digits")
}

impl ReprintArguments {
    fn clue(&self) -> Result<Clue, Failure> {
        if let Some(license) = self.license {
            return Ok(Clue::License(license));
        }
        if let Some(customer) = &self.customer {
            return Ok(Clue::Customer(customer.clone()));
        }
        if let Some(email) = &self.email {
            return Ok(Clue::Email(email.clone()));
        }
        if let Some(order) = &self.order {
            return Ok(Clue::Order(order.clone()));
        }
        Ok(Clue::Rows(self.row.iter().map(|text| given(text)).collect::<Result<_, _>>()?))
    }
}

/// A text, or what standard input has if it is `-`. One byte more than a code's text may have: the library refuses
/// a longer one by name.
pub fn given(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(|error| {
        Failure::could_not(format!("cannot read standard input: {}", system(&error)))
            .hint("give the row as an argument")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub fn reprint(context: &Context, arguments: &ReprintArguments) -> Result<(), Failure> {
    let output = arguments.form.output()?;
    let mut certificates = arguments.certificate.prepare(context)?;
    let clue = arguments.clue()?;
    let mut ledger = context.folder.ledger()?;
    let findings = desk::find(&mut ledger, &clue)?;
    let found = match findings.licenses.as_slice() {
        [only] if !findings.more => only,
        _ => return Err(several(&mut ledger, &findings, &clue)?),
    };
    let license = found.listed.license.number;
    let session = context.session(&mut ledger)?;
    let host = arguments.host.or(found.by.host());
    let codes = desk::preview_reprint_for(&mut ledger, &session, license, arguments.revision, host)?;
    if output.is_some() && codes.len() > 1 {
        let revisions: Vec<_> = codes.iter().map(|code| code.entry.terms.revision.to_string()).collect();
        return Err(Failure::no(format!("license {license} has {} codes that count", codes.len()))
            .hint(format!("write one file for each, with --revision {}", revisions.join(" and --revision "))));
    }
    for repair in found.by.repairs() {
        complain("repaired", &sentences::repair(repair), None);
    }
    let codes = desk::reprint_for(&mut ledger, &session, license, arguments.revision, host)?;
    if let Some(found) =
        found.by.revision().filter(|found| codes.iter().all(|code| code.entry.terms.revision != *found))
    {
        let now: Vec<_> = codes.iter().map(|code| code.entry.terms.revision.to_string()).collect();
        let what = format!("found by revision {found}, and revision {} is what counts now", now.join(" and "));
        complain(
            "note",
            &what,
            Some(&format!("`countersign reprint {license} --revision {found}` prints the old one")),
        );
    }
    let Some(first) = codes.first() else { return Ok(()) };
    let license = desk::find_license(&mut ledger, first.entry.terms.license)?;
    arguments.form.print(context, &mut ledger, &license, &codes, output)?;
    certificates.as_mut().map_or(Ok(()), |certificates| certificates.write(&mut ledger, &codes))
}

/// What to say where more than one license fits.
fn several(ledger: &mut Ledger, findings: &Findings, clue: &Clue) -> Result<Failure, Failure> {
    let catalogue = Catalogue::read(ledger)?;
    let today = clock();
    let lines: Vec<_> =
        findings.licenses.iter().map(|found| LicenseLine::new(&found.listed, &catalogue, today).cells()).collect();
    let table = print::table(LicenseLine::HEADING, &lines);
    let more = if findings.more { "more licenses than these" } else { "several licenses" };
    let failure = Failure::no(format!("this fits {more}:\n{}", table.trim_end()));
    Ok(failure.hint(match clue {
        Clue::Rows(_) => {
            "give another row too, best the first one, with --row again; or choose one by its number: \
             `countersign reprint LICENSE`"
        }
        _ => "choose one by its number: `countersign reprint LICENSE`",
    }))
}

/// What fits a text.
#[derive(Serialize)]
#[serde(untagged)]
enum SearchLine {
    License(Box<FoundLine>),
    Customer(CustomerLine),
}

#[derive(Serialize)]
struct FoundLine {
    matched: &'static str,
    #[serde(flatten)]
    license: LicenseLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_revision: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_host: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<RepairJson>,
    #[serde(skip)]
    what: String,
}

#[derive(Serialize)]
struct CustomerLine {
    matched: &'static str,
    customer: u32,
    customer_name: String,
}

impl FoundLine {
    fn new(found: &Found, catalogue: &Catalogue) -> Self {
        let Found { listed, by } = found;
        let rows = match by {
            FoundBy::Rows { rows, .. } => rows.clone(),
            _ => Vec::new(),
        };
        Self {
            matched: by.name(),
            license: LicenseLine::new(listed, catalogue, clock()),
            matched_revision: by.revision().map(Revision::get),
            matched_host: by.host().map(|host| host.0),
            repairs: by.repairs().iter().map(RepairJson::from).collect(),
            what: matched(by),
            rows,
        }
    }
}

/// What matched, in words.
fn matched(by: &FoundBy) -> String {
    let mended = if by.repairs().is_empty() { "" } else { ", mistyped" };
    let bound = by.host().map(|host| format!(" for host {host}")).unwrap_or_default();
    match by {
        FoundBy::License | FoundBy::Customer => by.name().to_owned(),
        FoundBy::Email => "e-mail".to_owned(),
        FoundBy::Order { revision } => format!("order of revision {revision}"),
        FoundBy::Code { revision, .. } => format!("code of revision {revision}{bound}{mended}"),
        FoundBy::Rows { revision, rows, .. } => {
            let numbers: Vec<_> = rows.iter().map(ToString::to_string).collect();
            let s = if numbers.len() == 1 { "" } else { "s" };
            format!("row{s} {} of revision {revision}{bound}{mended}", numbers.join(", "))
        }
    }
}

impl Line for SearchLine {
    const HEADING: &'static [&'static str] =
        &["MATCHED", "LICENSE", "REVISION", "STATE", "PRODUCT", "KIND", "UNITS", "FIRST", "LAST", "CUSTOMER"];
    const COLUMNS: &'static [&'static str] = &[
        "matched",
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
        match self {
            Self::License(found) => [vec![found.what.clone()], found.license.cells()].concat(),
            Self::Customer(customer) => {
                let mut cells = vec!["-".to_owned(); Self::HEADING.len()];
                cells[0] = format!("{} {}", customer.matched, customer.customer);
                if let Some(last) = cells.last_mut() {
                    last.clone_from(&customer.customer_name);
                }
                cells
            }
        }
    }

    fn record(&self) -> Vec<Cell> {
        match self {
            Self::License(found) => [vec![found.matched.into()], found.license.record()].concat(),
            Self::Customer(customer) => {
                let known = [customer.matched.into(), Cell::Empty, Cell::Empty, customer.customer.into()];
                let name = std::iter::once(customer.customer_name.as_str().into());
                let rest = std::iter::repeat(Cell::Empty);
                known.into_iter().chain(name).chain(rest).take(Self::COLUMNS.len()).collect()
            }
        }
    }
}

pub fn search(context: &Context, arguments: &SearchArguments) -> Result<(), Failure> {
    let text = given(&arguments.text)?;
    let mut ledger = context.folder.ledger()?;
    let findings = desk::search(&mut ledger, &text)?;
    if findings.licenses.is_empty() && findings.customers.is_empty() && !findings.more {
        return Err(Failure::no("nothing here fits that")
            .hint("a number, a part of a name, an address, an order's reference, a row of a code as it is printed"));
    }
    if findings.more {
        let what = format!("there are more than these, and {MOST_FOUND} are shown");
        complain("note", &what, Some("give more of the name, or another row; `countersign list` shows all"));
    }
    let catalogue = Catalogue::read(&mut ledger)?;
    let licenses = findings.licenses.iter().map(|found| SearchLine::License(FoundLine::new(found, &catalogue).into()));
    let customers = findings.customers.iter().map(|customer: &Customer| {
        let (customer, customer_name) = (customer.number.get(), customer.name.to_string());
        SearchLine::Customer(CustomerLine { matched: "customer", customer, customer_name })
    });
    print::list(context, licenses.chain(customers).map(Ok))
}
