//! `countersign report`: how many units count today.

use super::Context;
use super::failure::Failure;
use super::print::{self, Line};
use activation_host::program::clock;
use clap::ValueEnum;
use countersign::desk::{self, UnitsOfCustomer, UnitsOfPartner, UnitsOfProduct};
use countersign::documents::csv::Cell;
use serde::Serialize;

/// Count the units that are in maintenance today
#[derive(clap::Args)]
#[command(after_help = "\
Of each license the code counts that is in force today; codes for testing, ended and revoked ones do not.
A partner is the reseller of record.

Examples:
  countersign report --by product
  countersign report --by customer --csv > units.csv
  countersign report --by partner")]
pub struct Arguments {
    /// What the sums are made for
    #[arg(long, value_name = "WHAT", value_enum)]
    by: By,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Product,
    Customer,
    Partner,
}

#[derive(Serialize)]
struct ProductLine {
    product: u16,
    mnemonic: String,
    name: String,
    unit: &'static str,
    kind: &'static str,
    licenses: u64,
    units: u64,
}

impl From<UnitsOfProduct> for ProductLine {
    fn from(UnitsOfProduct { product, kind, sum }: UnitsOfProduct) -> Self {
        Self {
            product: product.id.get(),
            mnemonic: product.mnemonic.to_string(),
            name: product.name.to_string(),
            unit: product.unit.name(),
            kind: kind.name(),
            licenses: sum.licenses,
            units: sum.units,
        }
    }
}

impl Line for ProductLine {
    const HEADING: &'static [&'static str] = &["PRODUCT", "KIND", "LICENSES", "UNITS", "UNIT", "NAME"];
    const COLUMNS: &'static [&'static str] = &["product", "mnemonic", "name", "unit", "kind", "licenses", "units"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.mnemonic.clone(),
            self.kind.to_owned(),
            self.licenses.to_string(),
            self.units.to_string(),
            self.unit.to_owned(),
            self.name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.product.into(),
            self.mnemonic.as_str().into(),
            self.name.as_str().into(),
            self.unit.into(),
            self.kind.into(),
            self.licenses.into(),
            self.units.into(),
        ]
    }
}

#[derive(Serialize)]
struct CustomerLine {
    customer: u32,
    customer_name: String,
    unit: &'static str,
    kind: &'static str,
    licenses: u64,
    units: u64,
}

impl From<UnitsOfCustomer> for CustomerLine {
    fn from(UnitsOfCustomer { customer, unit, kind, sum }: UnitsOfCustomer) -> Self {
        Self {
            customer: customer.number.get(),
            customer_name: customer.name.to_string(),
            unit: unit.name(),
            kind: kind.name(),
            licenses: sum.licenses,
            units: sum.units,
        }
    }
}

impl Line for CustomerLine {
    const HEADING: &'static [&'static str] = &["NUMBER", "KIND", "LICENSES", "UNITS", "UNIT", "CUSTOMER"];
    const COLUMNS: &'static [&'static str] = &["customer", "customer_name", "unit", "kind", "licenses", "units"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.customer.to_string(),
            self.kind.to_owned(),
            self.licenses.to_string(),
            self.units.to_string(),
            self.unit.to_owned(),
            self.customer_name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.customer.into(),
            self.customer_name.as_str().into(),
            self.unit.into(),
            self.kind.into(),
            self.licenses.into(),
            self.units.into(),
        ]
    }
}

#[derive(Serialize)]
struct PartnerLine {
    account: Option<u32>,
    account_name: Option<String>,
    unit: &'static str,
    kind: &'static str,
    licenses: u64,
    units: u64,
}

impl From<UnitsOfPartner> for PartnerLine {
    fn from(UnitsOfPartner { account, unit, kind, sum }: UnitsOfPartner) -> Self {
        Self {
            account: account.as_ref().map(|account| account.number.get()),
            account_name: account.map(|account| account.name.to_string()),
            unit: unit.name(),
            kind: kind.name(),
            licenses: sum.licenses,
            units: sum.units,
        }
    }
}

impl Line for PartnerLine {
    const HEADING: &'static [&'static str] = &["ACCOUNT", "KIND", "LICENSES", "UNITS", "UNIT", "NAME"];
    const COLUMNS: &'static [&'static str] = &["account", "account_name", "unit", "kind", "licenses", "units"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.account.map_or_else(|| "-".to_owned(), |account| account.to_string()),
            self.kind.to_owned(),
            self.licenses.to_string(),
            self.units.to_string(),
            self.unit.to_owned(),
            self.account_name.clone().unwrap_or_else(|| "(no reseller)".to_owned()),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.account.into(),
            self.account_name.as_deref().into(),
            self.unit.into(),
            self.kind.into(),
            self.licenses.into(),
            self.units.into(),
        ]
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let today = clock();
    match arguments.by {
        By::Product => {
            print::list(context, desk::units_by_product(&mut ledger, today)?.into_iter().map(ProductLine::from).map(Ok))
        }
        By::Customer => {
            let lines = desk::units_by_customer(&mut ledger, today)?;
            print::list(context, lines.into_iter().map(CustomerLine::from).map(Ok))
        }
        By::Partner => {
            let lines = desk::units_by_partner(&mut ledger, today)?;
            print::list(context, lines.into_iter().map(PartnerLine::from).map(Ok))
        }
    }
}
