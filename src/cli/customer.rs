//! `countersign customer`: who owns licenses.

use super::failure::Failure;
use super::{Context, print};
use clap::Subcommand;
use countersign::desk::{self, CustomerEdit};
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
    let mut customers = Vec::new();
    let mut next = None;
    loop {
        let page = desk::customers(ledger, next, PAGE)?;
        customers.extend(page.iter().map(CustomerJson::from));
        next = match page.last() {
            Some(last) if page.len() == PAGE as usize => last.number.get().checked_add(1).and_then(CustomerNumber::new),
            _ => None,
        };
        if next.is_none() {
            break;
        }
    }
    if context.json {
        return print::json(&customers);
    }
    let line =
        |customer: CustomerJson| vec![customer.number.to_string(), customer.name, customer.email.unwrap_or_default()];
    let lines: Vec<_> = customers.into_iter().map(line).collect();
    print::result(&print::table(&["NUMBER", "NAME", "E-MAIL"], &lines))
}

/// Random bytes: what hides a customer's name in the book, or makes the hash of a passphrase unlike others.
pub fn salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(salt)
}
