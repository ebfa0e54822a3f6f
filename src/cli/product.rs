//! `countersign product`: the catalogue.

use super::Context;
use super::failure::Failure;
use super::print::{self, Line};
use activation_code::{Day, ProductId};
use activation_host::program::clock;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::desk::{self, ProductEdit};
use countersign::documents::csv::Cell;
use countersign::ledger::{Ledger, Mnemonic, Name, Product, ProductKind, UnitType};
use serde::Serialize;
use std::collections::BTreeMap;

/// Add, change, show and list products
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
    Show(Show),
    List(List),
}

/// Put a product on sale
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign product add 7 ES 'Endpoint Security' --unit endpoints --family Endpoint --rank 1
  countersign product add 8 MAIL 'Mail Gateway' --unit users --platform Linux
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
    #[command(flatten)]
    facts: Facts,
}

/// What may be said of a product when it is added and later.
#[derive(clap::Args)]
struct Facts {
    /// A member of a suite, by id or mnemonic; may be repeated
    #[arg(long, value_name = "ID|MNEMONIC")]
    member: Vec<String>,
    /// The family of products that a license may move within
    #[arg(long, value_name = "NAME")]
    family: Option<Name>,
    /// Its edition: a license moves to the same rank or a higher one
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = rank)]
    rank: Option<u16>,
    /// What it runs on
    #[arg(long, value_name = "NAME")]
    platform: Option<Name>,
    /// It works without a code
    #[arg(long)]
    auto_enabled: bool,
    /// From this day on no new license and no added units
    #[arg(long, value_name = "D")]
    end_of_sale: Option<Day>,
    /// The last day of any period
    #[arg(long, value_name = "D")]
    end_of_life: Option<Day>,
    /// Software stops running after its End of Life
    #[arg(long)]
    use_ends: bool,
}

fn rank(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or("wanted a whole number from 0 to 65535")
}

/// Change a product: all but its id, kind and unit type, which codes were sold by
#[derive(clap::Args)]
#[command(after_help = "\
A suite gets the members that are named, in place of those that it had.

Examples:
  countersign product change ES --end-of-sale 2027-06-30 --end-of-life 2029-06-30
  countersign product change ES --without end-of-sale --without end-of-life
  countersign product change ALL --member ES --member MAIL --member VPN")]
struct Change {
    /// The product, by id or mnemonic
    #[arg(value_name = "ID|MNEMONIC")]
    product: String,
    /// Its short name from now on
    #[arg(long, value_name = "MNEMONIC")]
    mnemonic: Option<Mnemonic>,
    /// Its name from now on
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    #[command(flatten)]
    facts: Facts,
    /// Take away: family, platform, auto-enabled, end-of-sale, end-of-life, use-ends; may be repeated
    #[arg(long, value_name = "FACT", value_parser = without)]
    without: Vec<ProductEdit>,
}

/// Takes away what is named as the option is that gives it.
fn without(fact: &str) -> Result<ProductEdit, &'static str> {
    Ok(match fact {
        "family" => ProductEdit::Family(None),
        "platform" => ProductEdit::Platform(None),
        "auto-enabled" => ProductEdit::AutoEnabled(false),
        "end-of-sale" => ProductEdit::EndOfSale(None),
        "end-of-life" => ProductEdit::EndOfLife(None),
        "use-ends" => ProductEdit::UseEnds(false),
        _ => return Err("wanted one of family, platform, auto-enabled, end-of-sale, end-of-life, use-ends"),
    })
}

/// Show all that is known of a product
#[derive(clap::Args)]
struct Show {
    /// The product, by id or mnemonic
    #[arg(value_name = "ID|MNEMONIC")]
    product: String,
}

/// List the catalogue
#[derive(clap::Args)]
struct List {
    /// Also products after their End of Life
    #[arg(long)]
    all: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    rank: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    auto_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_sale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_life: Option<String>,
    use_ends: bool,
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
            family: product.family.as_ref().map(ToString::to_string),
            rank: product.rank,
            platform: product.platform.as_ref().map(ToString::to_string),
            auto_enabled: product.auto_enabled,
            end_of_sale: product.end_of_sale.map(|day| day.to_string()),
            end_of_life: product.end_of_life.map(|day| day.to_string()),
            use_ends: product.use_ends,
        }
    }
}

impl Facts {
    /// What is said, and nothing of what is not.
    fn edits(self, ledger: &mut Ledger) -> Result<Vec<ProductEdit>, Failure> {
        let members = self.member.iter().map(|text| Ok(desk::find_product(ledger, text)?.id));
        let members = members.collect::<Result<Vec<_>, Failure>>()?;
        let edits = [
            (!members.is_empty()).then_some(ProductEdit::Members(members)),
            self.family.map(|family| ProductEdit::Family(Some(family))),
            self.rank.map(ProductEdit::Rank),
            self.platform.map(|platform| ProductEdit::Platform(Some(platform))),
            self.auto_enabled.then_some(ProductEdit::AutoEnabled(true)),
            self.end_of_sale.map(|day| ProductEdit::EndOfSale(Some(day))),
            self.end_of_life.map(|day| ProductEdit::EndOfLife(Some(day))),
            self.use_ends.then_some(ProductEdit::UseEnds(true)),
        ];
        Ok(edits.into_iter().flatten().collect())
    }
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List(_))
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let product = match arguments.command {
        Command::List(List { all }) => return list(context, &mut ledger, all),
        Command::Show(Show { product }) => {
            let product = desk::find_product(&mut ledger, &product)?;
            if context.json {
                return print::json(&ProductJson::from(&product));
            }
            return print::result(&shown(&mut ledger, &product)?);
        }
        Command::Add(Add { id, mnemonic, name, unit, kind, facts }) => {
            let known = || Failure::could_not("an unknown name passed the command line");
            let unit = UnitType::from_name(&unit).ok_or_else(known)?;
            let kind = ProductKind::from_name(&kind).ok_or_else(known)?;
            let mut product = Product::new(id, mnemonic, name, unit, kind);
            facts.edits(&mut ledger)?.into_iter().for_each(|edit| edit.apply(&mut product));
            let session = context.session(&mut ledger)?;
            desk::add_product(&mut ledger, &session, &product)?
        }
        Command::Change(change) => {
            let id = desk::find_product(&mut ledger, &change.product)?.id;
            let mut edits = change.facts.edits(&mut ledger)?;
            edits.extend(change.mnemonic.map(ProductEdit::Mnemonic));
            edits.extend(change.name.map(ProductEdit::Name));
            edits.extend(change.without);
            if edits.is_empty() {
                return Err(Failure::nothing_to_change());
            }
            let session = context.session(&mut ledger)?;
            let product = desk::change_product(&mut ledger, &session, id, &edits)?;
            if !context.json {
                return print::result(&shown(&mut ledger, &product)?);
            }
            product
        }
    };
    if context.json {
        return print::json(&ProductJson::from(&product));
    }
    print::result(&format!("product {}, {}: {}\n", product.id, product.mnemonic, product.name))
}

fn list(context: &Context, ledger: &mut Ledger, all: bool) -> Result<(), Failure> {
    let mut products = desk::products(ledger)?;
    let mnemonics: BTreeMap<ProductId, String> =
        products.iter().map(|product| (product.id, product.mnemonic.to_string())).collect();
    let today = clock();
    products.retain(|product| all || product.is_in_catalogue(today));
    let line = |product: &Product| {
        let members = product.members.iter().map(|id| mnemonics.get(id).cloned().unwrap_or_else(|| id.to_string()));
        ProductLine { product: product.into(), members: members.collect::<Vec<_>>().join(", ") }
    };
    print::list(context, products.iter().map(line).map(Ok))
}

/// A product as lists show it, with the short names of its members.
#[derive(Serialize)]
struct ProductLine {
    #[serde(flatten)]
    product: ProductJson,
    #[serde(skip)]
    members: String,
}

impl Line for ProductLine {
    const HEADING: &'static [&'static str] =
        &["ID", "MNEMONIC", "KIND", "UNIT", "FAMILY", "RANK", "END OF SALE", "END OF LIFE", "MEMBERS", "NAME"];
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "mnemonic",
        "name",
        "unit",
        "kind",
        "members",
        "family",
        "rank",
        "platform",
        "auto_enabled",
        "end_of_sale",
        "end_of_life",
        "use_ends",
    ];

    fn cells(&self) -> Vec<String> {
        let ProductJson { id, mnemonic, name, unit, kind, family, rank, end_of_sale, end_of_life, .. } = &self.product;
        vec![
            id.to_string(),
            mnemonic.clone(),
            (*kind).to_owned(),
            (*unit).to_owned(),
            family.clone().unwrap_or_default(),
            // A rank means nothing outside of a family.
            family.as_ref().map(|_| rank.to_string()).unwrap_or_default(),
            end_of_sale.clone().unwrap_or_default(),
            end_of_life.clone().unwrap_or_default(),
            self.members.clone(),
            name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        let product = &self.product;
        let text = |text: &Option<String>| Cell::from(text.as_deref());
        vec![
            product.id.into(),
            product.mnemonic.as_str().into(),
            product.name.as_str().into(),
            product.unit.into(),
            product.kind.into(),
            self.members.as_str().into(),
            text(&product.family),
            product.rank.into(),
            text(&product.platform),
            product.auto_enabled.into(),
            text(&product.end_of_sale),
            text(&product.end_of_life),
            product.use_ends.into(),
        ]
    }
}

/// All that is known of a product, as lines of a label and a value.
fn shown(ledger: &mut Ledger, product: &Product) -> Result<String, Failure> {
    let mut lines = vec![
        ("product", format!("{}, {}, {}", product.id, product.mnemonic, product.name)),
        ("kind", format!("{}, by {}", product.kind.name(), product.unit.name())),
    ];
    for member in &product.members {
        let Product { id, mnemonic, name, .. } = desk::find_product(ledger, &member.to_string())?;
        lines.push(("member", format!("{id}, {mnemonic}, {name}")));
    }
    if let Some(family) = &product.family {
        lines.push(("family", format!("{family}, rank {}", product.rank)));
    }
    lines.extend(product.platform.as_ref().map(|platform| ("platform", platform.to_string())));
    if product.auto_enabled {
        lines.push(("code", "none needed: it is auto-enabled".to_owned()));
    }
    let sale = |day| ("end of sale", format!("{day}: from then on no new license and no added units"));
    lines.extend(product.end_of_sale.map(sale));
    let after = match (product.kind, product.use_ends) {
        (ProductKind::Service, _) => "the service ends",
        (ProductKind::Software | ProductKind::Suite, true) => "its use ends too",
        (ProductKind::Software | ProductKind::Suite, false) => "it runs on without updates and support",
    };
    let life = |day| ("end of life", format!("{day}, the last day of any period; afterwards {after}"));
    lines.extend(product.end_of_life.map(life));
    Ok(lines.into_iter().map(|(label, value)| format!("  {label:<12} {value}\n")).collect())
}
