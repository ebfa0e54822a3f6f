//! `countersign customer`: who owns licenses.

use super::failure::Failure;
use super::{Context, print};
use clap::Subcommand;
use countersign::desk;
use countersign::ledger::{Customer, Name};
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
}

#[derive(Serialize)]
struct CustomerJson {
    number: u32,
    name: String,
}

impl From<&Customer> for CustomerJson {
    fn from(customer: &Customer) -> Self {
        Self { number: customer.number.get(), name: customer.name.to_string() }
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    match arguments.command {
        Command::Add(Add { name }) => {
            let customer = desk::add_customer(&mut ledger, &name)?;
            if context.json {
                return print::json(&CustomerJson::from(&customer));
            }
            print::result(&format!("customer {}: {}\n", customer.number, customer.name))
        }
        Command::List => {
            let customers = desk::customers(&mut ledger)?;
            if context.json {
                return print::json(&customers.iter().map(CustomerJson::from).collect::<Vec<_>>());
            }
            let lines: Vec<_> =
                customers.iter().map(|customer| vec![customer.number.to_string(), customer.name.to_string()]).collect();
            print::result(&print::table(&["NUMBER", "NAME"], &lines))
        }
    }
}
