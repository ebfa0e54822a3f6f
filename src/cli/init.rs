//! `countersign init`: a new desk.

use super::failure::Failure;
use super::folder::NewDesk;
use super::{Context, print};
use activation_code::IssuerNumber;
use activation_host::json::IssuerJson;
use activation_host::program::clock;
use countersign::ledger::{DeskRole, Name, TrustSettings};
use serde::Serialize;

/// Make a new desk: a folder with a ledger and an issuing key
#[derive(clap::Args)]
#[command(after_help = "\
The issuing key is encrypted with a passphrase. Without it no code can be issued, by nobody.
--operator names the first administrator, who is `administrator` otherwise.

Examples:
  countersign init --vendor 'Example Security'
  countersign --operator anna init --vendor 'Example Security'
  countersign --desk /srv/desk --passphrase-file secret init --vendor 'Example Security'
  countersign init --vendor 'Example Security' --partner --issuer 17")]
pub struct Arguments {
    /// The vendor's name, as customers know it
    #[arg(long, value_name = "NAME")]
    vendor: Name,
    /// Make a desk for testing: all its codes and bundles are for testing only, and every line says so
    #[arg(long)]
    test: bool,
    /// Make a partner's desk: it issues what the vendor's trust bundle allows
    #[arg(long, requires = "issuer")]
    partner: bool,
    /// The number of a partner's issuing key, as the vendor says it
    #[arg(long, value_name = "N", requires = "partner")]
    issuer: Option<IssuerNumber>,
}

#[derive(Serialize)]
struct DeskJson {
    desk: String,
    vendor: String,
    operator: String,
    issuer: IssuerJson,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    // Before the passphrase is asked for.
    context.folder.refuse_existing()?;
    let passphrase = context.passphrase.new_one("the issuing key")?;
    let operator = context.first_operator();
    let role = if arguments.partner { DeskRole::Partner } else { DeskRole::Vendor };
    let new = NewDesk {
        vendor: &arguments.vendor,
        operator: &operator,
        today: clock(),
        trust: TrustSettings { role, test: arguments.test, ..TrustSettings::default() },
        issuer: arguments.issuer.unwrap_or(NewDesk::FIRST_ISSUER),
    };
    let issuer = context.folder.create(&new, &passphrase, &[])?;
    if arguments.test {
        print::mark_as_testing();
    }
    let desk = context.folder.path().display();
    if context.json {
        return print::json(&DeskJson {
            desk: desk.to_string(),
            vendor: arguments.vendor.to_string(),
            operator: operator.name.to_string(),
            issuer: issuer.into(),
        });
    }
    let kind = if arguments.partner { "a partner's license desk" } else { "a license desk" };
    let next = if arguments.partner {
        "It issues nothing before it has loaded the vendor's trust bundle: `countersign partner request FILE` asks.\n"
    } else {
        ""
    };
    print::result(&format!(
        "{desk}: {kind} for {}\nissuer {issuer}\n\
         operator {}, administrator, without a passphrase: `countersign operator passphrase` sets one\n\
         Keep a copy of the folder and the passphrase in two other places.\n{next}",
        arguments.vendor, operator.name
    ))
}
