//! `countersign customer`: who owns licenses.

mod import;
mod purge;

use super::Context;
use super::contact::{self, ContactJson, ContactOptions, ForgetOption};
use super::failure::Failure;
use super::print::{self, Line, complain};
use clap::Subcommand;
use countersign::desk::{self, CustomerEdit, Known};
use countersign::documents::csv::Cell;
use countersign::documents::customers::CustomerColumn;
use countersign::ledger::{AccountNumber, ContactField, Customer, CustomerNumber, Email, Ledger, Name};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;
use std::path::PathBuf;

/// Add, change and list customers
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    Change(Change),
    /// List the customers
    List,
    Show(Show),
    Check(Check),
    Import(Import),
    Purge(purge::PurgeCustomer),
}

/// Register a customer
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign customer add 'Example Hospital Trust'
  countersign customer add 'Example City Council' --email it@council.example")]
struct Add {
    /// Its name, unlike that of any other customer
    #[arg(value_name = "NAME")]
    name: Name,
    /// Its e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<Email>,
    /// The partner who sells to it, by number or name
    #[arg(long, value_name = "ACCOUNT")]
    reseller: Option<String>,
    #[command(flatten)]
    contact: ContactOptions,
}

/// Change what is known of a customer
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign customer change 1 --name 'Example Hospital Trust, London'
  countersign customer change 1 --address '1 High Street; London' --contact 'Ann Example'
  countersign customer change 'Example City Council' --no-email --forget telephone,language")]
struct Change {
    /// The customer, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    customer: String,
    /// Its name from now on
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// Its e-mail address from now on
    #[arg(long, value_name = "ADDRESS")]
    email: Option<Email>,
    /// It has no e-mail address any more
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
    /// The partner who sells to it from now on, by number or name
    #[arg(long, value_name = "ACCOUNT")]
    reseller: Option<String>,
    /// The vendor sells to it itself from now on
    #[arg(long, conflicts_with = "reseller")]
    no_reseller: bool,
    #[command(flatten)]
    forget: ForgetOption,
    #[command(flatten)]
    contact: ContactOptions,
}

/// List what a renewal needs to know of customers and nobody has said
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign customer check
  countersign customer check 1")]
struct Check {
    /// One customer alone, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    customer: Option<String>,
}

/// Register and change customers as a CSV file says: all of it, or nothing
#[derive(clap::Args)]
#[command(after_help = "\
Columns as `customer list --csv` writes them, those that are wanted. A line without number is the
customer of that name, or a new one. An empty cell takes away what was known.

Examples:
  countersign customer import customers.csv --preview
  countersign customer import - < customers.csv")]
struct Import {
    /// The file; - for the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show what it would change, and change nothing
    #[arg(long)]
    preview: bool,
}

/// Show what is known of a customer
#[derive(clap::Args)]
struct Show {
    /// The customer, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    customer: String,
}

#[derive(Serialize)]
struct CustomerJson {
    number: u32,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(flatten)]
    contact: ContactJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    reseller: Option<u32>,
    /// Since when nothing else is known of it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<String>,
}

impl From<&Known> for CustomerJson {
    fn from(Known { customer, contact, reseller, purged }: &Known) -> Self {
        Self {
            number: customer.number.get(),
            name: customer.name.to_string(),
            email: customer.email.as_ref().map(ToString::to_string),
            contact: contact.into(),
            reseller: reseller.map(AccountNumber::get),
            purged: purged.map(|day| day.to_string()),
        }
    }
}

impl Line for CustomerJson {
    const HEADING: &'static [&'static str] = &["NUMBER", "NAME", "E-MAIL"];
    const COLUMNS: &'static [&'static str] = CustomerColumn::NAMES;

    fn cells(&self) -> Vec<String> {
        vec![self.number.to_string(), self.name.clone(), self.email.clone().unwrap_or_default()]
    }

    fn record(&self) -> Vec<Cell> {
        let contact = &self.contact;
        vec![
            self.number.into(),
            self.name.as_str().into(),
            self.email.as_deref().into(),
            contact.company.as_deref().into(),
            contact.address.as_deref().into(),
            contact.telephone.as_deref().into(),
            contact.contact.as_deref().into(),
            contact.contact_email.as_deref().into(),
            contact.language.as_deref().into(),
            self.reseller.into(),
        ]
    }
}

/// A customer of whom a renewal lacks something.
#[derive(Serialize)]
struct CheckLine {
    number: u32,
    name: String,
    missing: Vec<&'static str>,
}

impl CheckLine {
    fn of(known: &Known) -> Option<Self> {
        let missing: Vec<_> = known.missing().into_iter().map(ContactField::name).collect();
        let (number, name) = (known.customer.number.get(), known.customer.name.to_string());
        (!missing.is_empty()).then_some(Self { number, name, missing })
    }
}

impl Line for CheckLine {
    const HEADING: &'static [&'static str] = &["NUMBER", "MISSING", "NAME"];
    const COLUMNS: &'static [&'static str] = &["number", "name", "missing"];

    fn cells(&self) -> Vec<String> {
        vec![self.number.to_string(), self.missing.join(","), self.name.clone()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![self.number.into(), self.name.as_str().into(), self.missing.join(",").into()]
    }
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List | Command::Check(_))
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let customer = match arguments.command {
        Command::List => return print::list(context, paged(&mut ledger, |known| Some(CustomerJson::from(known)))),
        Command::Check(Check { customer: None }) => {
            return print::list(context, paged(&mut ledger, CheckLine::of));
        }
        Command::Check(Check { customer: Some(text) }) => {
            let customer = desk::find_customer(&mut ledger, &text)?;
            let known = desk::known_of(&mut ledger, customer.number)?;
            return print::list(context, CheckLine::of(&known).map(Ok));
        }
        Command::Import(arguments) => return import::run(context, &mut ledger, &arguments.file, arguments.preview),
        Command::Purge(arguments) => return purge::run(context, &mut ledger, &arguments),
        Command::Show(Show { customer }) => {
            let customer = desk::find_customer(&mut ledger, &customer)?;
            let known = desk::known_of(&mut ledger, customer.number)?;
            if context.json {
                return print::json(&CustomerJson::from(&known));
            }
            return show(&mut ledger, &known);
        }
        Command::Add(Add { name, email, reseller, contact }) => {
            let reseller = account(&mut ledger, reseller.as_deref())?;
            let edits = [email.map(|email| CustomerEdit::Email(Some(email))), reseller];
            let edits: Vec<_> = edits.into_iter().flatten().chain(contact.edits().map(CustomerEdit::Contact)).collect();
            let session = context.session(&mut ledger)?;
            desk::register_customer(&mut ledger, &session, &name, &edits, salt()?)?
        }
        Command::Change(Change { customer, name, email, no_email, reseller, no_reseller, forget, contact }) => {
            let number = desk::find_customer(&mut ledger, &customer)?.number;
            let email = if no_email { Some(None) } else { email.map(Some) };
            let reseller = match account(&mut ledger, reseller.as_deref())? {
                None if no_reseller => Some(CustomerEdit::Reseller(None)),
                reseller => reseller,
            };
            let edits: Vec<_> = [name.map(CustomerEdit::Name), email.map(CustomerEdit::Email), reseller]
                .into_iter()
                .flatten()
                .chain(forget.edits().chain(contact.edits()).map(CustomerEdit::Contact))
                .collect();
            if edits.is_empty() {
                return Err(Failure::nothing_to_change());
            }
            let session = context.session(&mut ledger)?;
            desk::change_customer(&mut ledger, &session, number, &edits)?
        }
    };
    if context.json {
        return print::json(&CustomerJson::from(&desk::known_of(&mut ledger, customer.number)?));
    }
    let email = customer.email.map(|email| format!(" <{email}>")).unwrap_or_default();
    print::result(&format!("customer {}: {}{email}\n", customer.number, customer.name))
}

fn account(ledger: &mut Ledger, text: Option<&str>) -> Result<Option<CustomerEdit>, Failure> {
    let account = text.map(|text| desk::find_account(ledger, text)).transpose()?;
    Ok(account.map(|account| CustomerEdit::Reseller(Some(account.number))))
}

fn show(ledger: &mut Ledger, known: &Known) -> Result<(), Failure> {
    let Known { customer, contact, reseller, purged } = known;
    let email = customer.email.as_ref().map(|email| format!("  e-mail       {email}\n")).unwrap_or_default();
    let reseller = match reseller {
        Some(number) => {
            let account = desk::find_account(ledger, &number.to_string())?;
            format!("  reseller     {number}, {}\n", account.name)
        }
        None => String::new(),
    };
    let contact = contact::lines(contact);
    // Its name says the number, too.
    let number = if purged.is_some() { String::new() } else { format!("{}, ", customer.number) };
    print::result(&format!("  customer     {number}{}\n{email}{contact}{reseller}", customer.name))
}

/// Says what a renewal needs to know of a customer and nobody has said, all of it (rule D8).
pub fn warn_of_missing(known: &Known) {
    let missing: Vec<_> = known.missing().into_iter().map(ContactField::sentence).collect();
    if missing.is_empty() {
        return;
    }
    let number = known.customer.number;
    let what = format!("a renewal needs to know more of customer {number}: {}", missing.join(", "));
    complain("warning", &what, Some(&format!("`countersign customer change {number} --help` shows how to say it")));
}

/// The same of several customers.
pub fn warn_of_missing_many(customers: usize) {
    if customers > 0 {
        let what = format!("a renewal needs to know more of {}", print::counted(customers as u64, "customer"));
        complain("warning", &what, Some("`countersign customer check` lists what is missing"));
    }
}

/// How many customers are read in one transaction: a long one would keep the ledger's log from being tidied up.
const PAGE: u32 = 1000;

fn paged<'l, L>(ledger: &'l mut Ledger, line: fn(&Known) -> Option<L>) -> impl Iterator<Item = Result<L, Failure>> + 'l
where
    L: 'l,
{
    let mut next = None;
    let mut whole = true;
    let pages = std::iter::from_fn(move || {
        if !std::mem::take(&mut whole) {
            return None;
        }
        let page = desk::known_customers(ledger, next, PAGE);
        if let Ok(customers) = &page {
            let last = customers.last().filter(|_| customers.len() == PAGE as usize);
            next = last.and_then(|last| last.customer.number.get().checked_add(1)).and_then(CustomerNumber::new);
            whole = next.is_some();
        }
        Some(page)
    });
    pages.flat_map(move |page| match page {
        Ok(customers) => customers.iter().filter_map(line).map(Ok).collect(),
        Err(fault) => vec![Err(fault.into())],
    })
}

/// Most customers that are named where one is wanted.
const MOST_NAMED: u32 = 20;

/// The one customer with this number or name, or with this in its name.
pub fn the_customer(ledger: &mut Ledger, text: &str) -> Result<Customer, Failure> {
    let mut found = desk::find_customers(ledger, text, MOST_NAMED)?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(desk::Refused::UnknownCustomer(text.to_owned()).into()),
        (Some(last), false) => {
            found.push(last);
            let cells = |customer: &Customer| {
                let email = customer.email.as_ref().map(ToString::to_string);
                vec![customer.number.to_string(), customer.name.to_string(), email.unwrap_or_default()]
            };
            let lines: Vec<_> = found.iter().map(cells).collect();
            let table = print::table(CustomerJson::HEADING, &lines);
            let failure = Failure::no(format!("{text:?} fits several customers:\n{}", table.trim_end()));
            Err(failure.hint("give the customer's number, or more of the name"))
        }
    }
}

/// Random bytes: what hides a customer's name in the book, or makes the hash of a passphrase unlike others.
pub fn salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(salt)
}
