//! `countersign product`: the catalogue.

use super::Context;
use super::failure::Failure;
use super::print::{self, Line};
use activation_code::ProductId;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::desk;
use countersign::documents::csv::Cell;
use countersign::ledger::{Mnemonic, Name, Product, ProductKind, UnitType};
use serde::Serialize;

/// Add and list products
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    /// List the catalogue
    List,
}

/// Put a product on sale
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign product add 7 ES 'Endpoint Security' --unit endpoints
  countersign product add 8 MAIL 'Mail Gateway' --unit users
  countersign product add 9 ALL 'Security Suite' --unit seats --kind suite --member ES --member MAIL")]
struct Add {
    /// Its number, which codes carry: 1 to 65535
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    id: ProductId,
    /// Its short name: letters A-Z, digits, hyphens
    #[arg(value_name = "MNEMONIC")]
    mnemonic: Mnemonic,
    /// Its name
    #[arg(value_name = "NAME")]
    name: Name,
    /// What is counted
    #[arg(long, value_name = "UNIT", value_parser = PossibleValuesParser::new(UnitType::ALL.map(UnitType::name)))]
    unit: String,
    /// What it is
    #[arg(long, value_name = "KIND", default_value = "software", value_parser = PossibleValuesParser::new(ProductKind::ALL.map(ProductKind::name)))]
    kind: String,
    /// A member of a suite, by id or mnemonic; may be repeated
    #[arg(long, value_name = "ID|MNEMONIC")]
    member: Vec<String>,
}

#[derive(Serialize)]
struct ProductJson {
    id: u16,
    mnemonic: String,
    name: String,
    unit: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<u16>,
}

impl From<&Product> for ProductJson {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id.get(),
            mnemonic: product.mnemonic.to_string(),
            name: product.name.to_string(),
            unit: product.unit.name(),
            kind: product.kind.name(),
            members: product.members.iter().map(|id| id.get()).collect(),
        }
    }
}

impl Line for ProductJson {
    const HEADING: &'static [&'static str] = &["ID", "MNEMONIC", "KIND", "UNIT", "NAME"];
    const COLUMNS: &'static [&'static str] = &["id", "mnemonic", "name", "unit", "kind"];

    fn cells(&self) -> Vec<String> {
        let Self { id, mnemonic, name, unit, kind, .. } = self;
        vec![id.to_string(), mnemonic.clone(), (*kind).to_owned(), (*unit).to_owned(), name.clone()]
    }

    fn record(&self) -> Vec<Cell> {
        let Self { id, mnemonic, name, unit, kind, .. } = self;
        vec![(*id).into(), mnemonic.as_str().into(), name.as_str().into(), (*unit).into(), (*kind).into()]
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
    let add = match arguments.command {
        Command::Add(add) => add,
        Command::List => {
            let products = desk::products(&mut ledger)?;
            return print::list(context, products.iter().map(ProductJson::from).map(Ok));
        }
    };
    let mut members = add
        .member
        .iter()
        .map(|text| Ok(desk::find_product(&mut ledger, text)?.id))
        .collect::<Result<Vec<_>, Failure>>()?;
    members.sort_unstable();
    let known = || Failure::could_not("an unknown name passed the command line");
    let unit = UnitType::from_name(&add.unit).ok_or_else(known)?;
    let kind = ProductKind::from_name(&add.kind).ok_or_else(known)?;
    let product = Product { members, ..Product::new(add.id, add.mnemonic, add.name, unit, kind) };
    let session = context.session(&mut ledger)?;
    desk::add_product(&mut ledger, &session, &product)?;
    if context.json {
        return print::json(&ProductJson::from(&product));
    }
    print::result(&format!("product {}, {}: {}\n", product.id, product.mnemonic, product.name))
}
