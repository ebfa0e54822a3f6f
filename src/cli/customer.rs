//! `countersign customer`: who owns licenses.

use super::Context;
use super::failure::Failure;
use super::print::{self, Line};
use clap::Subcommand;
use countersign::desk;
use countersign::documents::csv::Cell;
use countersign::ledger::{Customer, Email, Ledger, Name};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;

/// Add and list customers
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    /// List the customers
    List,
}

/// Register a customer
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign customer add 'Example Hospital Trust'")]
struct Add {
    /// Its name, unlike that of any other customer
    #[arg(value_name = "NAME")]
    name: Name,
    /// Its e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<Email>,
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
    const HEADING: &'static [&'static str] = &["NUMBER", "NAME"];
    const COLUMNS: &'static [&'static str] = &["number", "name", "email"];

    fn cells(&self) -> Vec<String> {
        vec![self.number.to_string(), self.name.clone()]
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
    match arguments.command {
        Command::Add(Add { name, email }) => {
            let session = context.session(&mut ledger)?;
            let customer = desk::add_customer(&mut ledger, &session, &name, email.as_ref(), salt()?)?;
            if context.json {
                return print::json(&CustomerJson::from(&customer));
            }
            print::result(&format!("customer {}: {}\n", customer.number, customer.name))
        }
        Command::List => {
            let customers = desk::customers(&mut ledger, None, u32::MAX)?;
            print::list(context, customers.iter().map(CustomerJson::from).map(Ok))
        }
    }
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

/// Random bytes that hide a customer's name in the book.
pub fn salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(salt)
}
