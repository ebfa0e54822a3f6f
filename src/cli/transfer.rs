//! `countersign transfer`: a license that another customer takes over.

use super::failure::Failure;
use super::{Context, print};
use activation_code::LicenseNumber;
use countersign::desk::{self, Transfer};
use serde::Serialize;

/// Transfer a license to another customer; its codes stay as they are
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign transfer 1 --to 2
  countersign transfer 1 --to 'Example City Council'")]
pub struct Arguments {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
    /// The customer, by number or name
    #[arg(long, value_name = "NUMBER|NAME")]
    to: String,
}

#[derive(Serialize)]
struct TransferredJson<'a> {
    license: u32,
    from: u32,
    customer: u32,
    customer_name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holders: Vec<&'a str>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let to = desk::find_customer(&mut ledger, &arguments.to)?.number;
    let transfer = desk::preview_transfer(&mut ledger, &session, arguments.license, to)?;
    let Transfer { license, from, to, .. } = &transfer;
    let whose = format!(
        "license {}\n  from  customer {}, {}\n  to    customer {}, {}\n\n{}",
        license.number,
        from.number,
        from.name,
        to.number,
        to.name,
        codes(&transfer)
    );
    if context.asks() {
        print::confirm(&format!("Transfer {whose}\nTransfer it? [y/N] "), "not transferred, and nothing was changed")?;
    }
    desk::transfer(&mut ledger, &session, &transfer)?;
    if context.json {
        return print::json(&TransferredJson {
            license: license.number.get(),
            from: from.number.get(),
            customer: to.number.get(),
            customer_name: to.name.as_str(),
            holders: holders(&transfer),
        });
    }
    print::result(&format!("Transferred {whose}"))
}

/// The names that codes carry, each once.
fn holders(transfer: &Transfer) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for holder in transfer.codes.iter().filter_map(|entry| entry.terms.holder.as_ref()) {
        if !names.contains(&holder.as_str()) {
            names.push(holder.as_str());
        }
    }
    names
}

fn codes(transfer: &Transfer) -> String {
    let mut text = "Its codes stay as they are, and so does what was installed with them.\n".to_owned();
    for holder in holders(transfer) {
        text.push_str(&format!("Its codes carry the name {holder:?}, and codes of renewals will too.\n"));
    }
    text
}
