//! `countersign issuer`: what an installation needs to trust this desk.

use super::failure::Failure;
use super::{Context, print};
use activation_host::json::IssuerJson;
use countersign::desk;

/// Print NUMBER:HEX of each issuing key, for installations to trust
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  activation inspect --issuer \"$(countersign issuer)\" code.txt")]
pub struct Arguments {}

pub fn run(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let issuers = desk::issuers(&mut ledger)?;
    if context.json {
        return print::json(&issuers.into_iter().map(IssuerJson::from).collect::<Vec<_>>());
    }
    print::plain(&issuers.iter().map(|issuer| format!("{issuer}\n")).collect::<String>())
}
