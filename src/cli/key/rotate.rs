//! `countersign key rotate`: the desk switches to a prepared key, and the one before ends in good order.

use crate::cli::failure::Failure;
use crate::cli::progress::watch;
use crate::cli::{Context, print};
use activation_code::IssuerNumber;
use activation_host::json::IssuerJson;
use countersign::desk::{self, Learning, Rotation};
use serde::Serialize;

/// Switch to the prepared key; what the key before has signed stays good
#[derive(clap::Args)]
#[command(after_help = "\
The newest published bundle must have the prepared key, or hosts would refuse its codes: key new,
bundle draft, root sign, bundle publish, key rotate.

Examples:
  countersign key rotate
  countersign --yes --passphrase-file secret key rotate 3
  countersign key rotate --without-bundle")]
pub struct Arguments {
    /// The prepared key; without it, the one with the lowest number
    #[arg(value_name = "NUMBER")]
    number: Option<IssuerNumber>,
    /// This desk publishes no bundles: its products have the keys compiled in
    #[arg(long)]
    without_bundle: bool,
}

#[derive(Serialize)]
struct RotatedJson {
    issuer: IssuerJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<u32>,
    retired: RetiredJson,
}

#[derive(Serialize)]
struct RetiredJson {
    #[serde(flatten)]
    issuer: IssuerJson,
    codes: u64,
    limits: String,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let learning = if arguments.without_bundle { Learning::Release } else { Learning::Bundle };
    let counting = watch("counting");
    let rotation = desk::preview_rotation(&mut ledger, &session, arguments.number, learning, &counting)?;
    if context.asks() {
        let question = format!("{}\nSwitch to key {}? [y/N] ", planned(&rotation), rotation.to.number);
        print::confirm(&question, "not switched, and nothing was changed")?;
    }
    // A key that does not open would leave the desk without one.
    let passphrase = context.passphrase.existing(&format!("issuing key {}", rotation.to.number))?;
    drop(context.folder.issuing_key(rotation.to, &passphrase)?);
    drop(passphrase);
    desk::rotate(&mut ledger, &session, &rotation)?;
    if context.json {
        let Rotation { from, ends, to, codes, bundle, .. } = rotation;
        let limits = ends.limits.to_string().trim_start().to_owned();
        return print::json(&RotatedJson {
            issuer: to.into(),
            bundle,
            retired: RetiredJson { issuer: from.into(), codes, limits },
        });
    }
    let number = rotation.from.number;
    let next = match rotation.bundle {
        Some(_) => format!(
            "Next: `countersign bundle draft FILE`, root sign, `countersign bundle publish FILE`: with this bundle hosts\n\
             refuse what anybody signs with key {number} from tomorrow on.\n"
        ),
        None => "Next: build the new key into the next release of each product: hosts without it refuse new codes.\n"
            .to_owned(),
    };
    print::result(&format!(
        "Switched to issuing key {}\n{}{next}\
         Nobody needs issuer-{number}.key any more: destroy it and its copies. Whoever has it could date codes back.\n",
        rotation.to.number,
        planned(&rotation)
    ))
}

/// What it comes to, in words.
fn planned(rotation: &Rotation) -> String {
    let Rotation { from, ends, to, begins, codes, bundle } = rotation;
    let last = ends.limits.to.map(|day| format!(", last day of issue {day}")).unwrap_or_default();
    let known = match bundle {
        Some(bundle) => format!("in bundle {bundle}: hosts that have not loaded it refuse its codes"),
        None => "in no bundle: hosts know it by the release of their product".to_owned(),
    };
    let limits = begins.limits.to_string();
    let may = if limits.is_empty() { "everything" } else { limits.trim_start() };
    format!(
        "  ends         key {}{last}, what it signed stays good: {}\n\
         \x20 signs        key {to}\n\
         \x20 may issue    {may}\n\
         \x20 known        {known}\n",
        from.number,
        print::counted(*codes, "code"),
    )
}
