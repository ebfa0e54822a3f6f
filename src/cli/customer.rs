//! `countersign customer`: who owns licenses.

use super::failure::Failure;
use super::{Context, print};
use clap::Subcommand;
use countersign::desk;
use countersign::ledger::{Customer, Email, Name};
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
            if context.json {
                return print::json(&customers.iter().map(CustomerJson::from).collect::<Vec<_>>());
            }
            let lines: Vec<_> =
                customers.iter().map(|customer| vec![customer.number.to_string(), customer.name.to_string()]).collect();
            print::result(&print::table(&["NUMBER", "NAME"], &lines))
        }
    }
}

/// Random bytes that hide a customer's name in the book.
pub fn salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(salt)
}
