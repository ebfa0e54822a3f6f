//! `countersign customer`: who owns licenses.

use super::Context;
use super::failure::Failure;
use super::print::{self, Line};
use clap::Subcommand;
use countersign::desk::{self, CustomerEdit};
use countersign::documents::csv::Cell;
use countersign::ledger::{Customer, CustomerNumber, Email, Ledger, Name};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;

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
}

/// Change what is known of a customer
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign customer change 1 --name 'Example Hospital Trust, London'
  countersign customer change 'Example City Council' --no-email")]
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
}

impl From<&Customer> for CustomerJson {
    fn from(customer: &Customer) -> Self {
        Self {
            number: customer.number.get(),
            name: customer.name.to_string(),
            email: customer.email.as_ref().map(ToString::to_string),
        }
    }
}

impl Line for CustomerJson {
    const HEADING: &'static [&'static str] = &["NUMBER", "NAME", "E-MAIL"];
    const COLUMNS: &'static [&'static str] = &["number", "name", "email"];

    fn cells(&self) -> Vec<String> {
        vec![self.number.to_string(), self.name.clone(), self.email.clone().unwrap_or_default()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![self.number.into(), self.name.as_str().into(), self.email.as_deref().into()]
    }
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List)
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let customer = match arguments.command {
        Command::List => return list(context, &mut ledger),
        Command::Show(Show { customer }) => {
            let customer = desk::find_customer(&mut ledger, &customer)?;
            if context.json {
                return print::json(&CustomerJson::from(&customer));
            }
            let email = customer.email.map(|email| format!("  e-mail       {email}\n")).unwrap_or_default();
            return print::result(&format!("  customer     {}, {}\n{email}", customer.number, customer.name));
        }
        Command::Add(Add { name, email }) => {
            let session = context.session(&mut ledger)?;
            desk::add_customer(&mut ledger, &session, &name, email.as_ref(), salt()?)?
        }
        Command::Change(Change { customer, name, email, no_email }) => {
            let number = desk::find_customer(&mut ledger, &customer)?.number;
            let email = if no_email { Some(None) } else { email.map(Some) };
            let edits: Vec<_> =
                name.map(CustomerEdit::Name).into_iter().chain(email.map(CustomerEdit::Email)).collect();
            if edits.is_empty() {
                return Err(Failure::nothing_to_change());
            }
            let session = context.session(&mut ledger)?;
            desk::change_customer(&mut ledger, &session, number, &edits)?
        }
    };
    if context.json {
        return print::json(&CustomerJson::from(&customer));
    }
    let email = customer.email.map(|email| format!(" <{email}>")).unwrap_or_default();
    print::result(&format!("customer {}: {}{email}\n", customer.number, customer.name))
}

/// How many customers are read in one transaction: a long one would keep the ledger's log from being tidied up.
const PAGE: u32 = 1000;

fn list(context: &Context, ledger: &mut Ledger) -> Result<(), Failure> {
    let mut next = None;
    let mut whole = true;
    let pages = std::iter::from_fn(|| {
        if !std::mem::take(&mut whole) {
            return None;
        }
        let page = desk::customers(ledger, next, PAGE);
        if let Ok(customers) = &page {
            let last = customers.last().filter(|_| customers.len() == PAGE as usize);
            next = last.and_then(|last| last.number.get().checked_add(1)).and_then(CustomerNumber::new);
            whole = next.is_some();
        }
        Some(page)
    });
    let lines = pages.flat_map(|page| match page {
        Ok(customers) => customers.iter().map(CustomerJson::from).map(Ok).collect(),
        Err(fault) => vec![Err(fault.into())],
    });
    print::list(context, lines)
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
            let lines: Vec<_> = found.iter().map(|customer| CustomerJson::from(customer).cells()).collect();
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
