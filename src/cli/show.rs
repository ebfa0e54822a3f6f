//! `countersign show` and `countersign list`: what was issued.

use super::failure::Failure;
use super::{Context, issue, print};
use activation_code::LicenseNumber;
use countersign::desk::{self, Codes};
use countersign::ledger::Entry;
use serde::Serialize;

/// Show a license's codes again, byte for byte
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign show 1")]
pub struct ShowArguments {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
}

/// List the licenses, each with its newest revision
#[derive(clap::Args)]
pub struct ListArguments {}

pub fn show(context: &Context, arguments: &ShowArguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let Codes { entries, issued } = desk::codes_of(&mut ledger, arguments.license)?;
    if issued.is_empty() {
        let order = entries.first().and_then(|entry| entry.reference.as_ref());
        let failure = Failure::no(format!("license {} has no code: issuing it was interrupted", arguments.license));
        return Err(match order {
            Some(order) => failure.hint(format!("run the same issue command again, with --order {order}")),
            None => failure.hint("issue a new one; this number is not used again"),
        });
    }
    if context.json {
        return print::json(&issued.iter().map(print::IssuedJson::from).collect::<Vec<_>>());
    }
    let mut text = String::new();
    for issued in &issued {
        let customer = desk::find_customer(&mut ledger, &issued.entry.customer.to_string())?;
        let product = desk::find_product(&mut ledger, &issued.license.terms().product.to_string())?;
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&issue::summary(issued, &customer, &product));
    }
    print::result(&text)
}

#[derive(Serialize)]
struct LicenseJson {
    license: u32,
    revision: u16,
    customer: u32,
    customer_name: String,
    order: Option<String>,
    product: u16,
    mnemonic: String,
    units: u32,
    kind: &'static str,
    first: String,
    last: String,
    issued: String,
    state: &'static str,
}

pub fn list(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let customers = desk::customers(&mut ledger)?;
    let products = desk::products(&mut ledger)?;
    let licenses: Vec<LicenseJson> = desk::licenses(&mut ledger)?
        .iter()
        .map(|entry| {
            let customer = customers.iter().find(|customer| customer.number == entry.customer);
            let product = products.iter().find(|product| product.id == entry.terms.product);
            license(
                entry,
                customer.map(|customer| customer.name.to_string()).unwrap_or_default(),
                product.map(|product| product.mnemonic.to_string()).unwrap_or_default(),
            )
        })
        .collect();
    if context.json {
        return print::json(&licenses);
    }
    let line = |license: &LicenseJson| {
        vec![
            license.license.to_string(),
            license.revision.to_string(),
            license.state.to_owned(),
            license.mnemonic.clone(),
            license.kind.to_owned(),
            license.units.to_string(),
            license.first.clone(),
            license.last.clone(),
            license.customer_name.clone(),
        ]
    };
    let lines: Vec<_> = licenses.iter().map(line).collect();
    let heading = ["LICENSE", "REVISION", "STATE", "PRODUCT", "KIND", "UNITS", "FIRST", "LAST", "CUSTOMER"];
    print::result(&print::table(&heading, &lines))
}

fn license(entry: &Entry, customer_name: String, mnemonic: String) -> LicenseJson {
    LicenseJson {
        license: entry.terms.license.get(),
        revision: entry.terms.revision.get(),
        customer: entry.customer.get(),
        customer_name,
        order: entry.reference.as_ref().map(ToString::to_string),
        product: entry.terms.product.get(),
        mnemonic,
        units: entry.terms.units.get(),
        kind: entry.terms.kind.name(),
        first: entry.period.first().to_string(),
        last: entry.period.last().to_string(),
        issued: entry.terms.issued.to_string(),
        state: if entry.signature.is_some() { "issued" } else { "reserved" },
    }
}
