//! `countersign product`: the catalogue.

use super::failure::Failure;
use super::{Context, print};
use activation_code::ProductId;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::desk;
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

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let add = match arguments.command {
        Command::Add(add) => add,
        Command::List => {
            let products = desk::products(&mut ledger)?;
            if context.json {
                return print::json(&products.iter().map(ProductJson::from).collect::<Vec<_>>());
            }
            let line = |product: &Product| {
                vec![
                    product.id.to_string(),
                    product.mnemonic.to_string(),
                    product.kind.name().to_owned(),
                    product.unit.name().to_owned(),
                    product.name.to_string(),
                ]
            };
            let lines: Vec<_> = products.iter().map(line).collect();
            return print::result(&print::table(&["ID", "MNEMONIC", "KIND", "UNIT", "NAME"], &lines));
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
