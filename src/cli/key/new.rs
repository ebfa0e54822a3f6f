//! `countersign key new`: an issuing key that signs nothing yet.

use crate::cli::failure::Failure;
use crate::cli::print::complain;
use crate::cli::{Context, print};
use activation_code::{IssuerNumber, PinnedIssuer};
use activation_host::json::IssuerJson;
use activation_host::program::visible;
use countersign::desk::{self, Refused, Session};
use countersign::ledger::{IssuerRule, Ledger};
use countersign::signer::{Signer as _, SoftwareKey};
use serde::Serialize;

/// Make an issuing key: it goes into the next bundle, and signs nothing yet
#[derive(clap::Args)]
#[command(after_help = "\
It gets the next free number, and may issue what the key in use may. Keep a copy of its file and of
its passphrase in two other places.

Examples:
  countersign key new
  countersign key new --spare")]
pub struct Arguments {
    /// Make one more where one is prepared already: a spare that is kept elsewhere
    #[arg(long)]
    spare: bool,
}

#[derive(Serialize)]
struct NewJson {
    #[serde(flatten)]
    issuer: IssuerJson,
    state: &'static str,
    limits: String,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, desk::Permission::Trust)?;
    if !arguments.spare
        && let Some(prepared) = desk::prepared_issuers(&mut ledger)?.first()
    {
        return Err(Refused::PreparedAlready(prepared.number).into());
    }
    let Made { issuer, rule, .. } = make(context, &mut ledger, &session)?;
    let limits = rule.limits.to_string().trim_start().to_owned();
    if context.json {
        return print::json(&NewJson { issuer: issuer.into(), state: rule.state.name(), limits });
    }
    let may = if limits.is_empty() { "everything".to_owned() } else { limits };
    let number = issuer.number;
    print::result(&format!(
        "issuer {issuer}\n  prepared: it signs nothing yet\n  may issue    {may}\n\
         Keep copies of issuer-{number}.key and of its passphrase in two other places.\n\
         Next: `countersign bundle draft FILE`, let the roots sign it, `countersign bundle publish FILE`,\n\
         then `countersign key rotate`.\n"
    ))
}

/// A key that was prepared.
pub struct Made {
    pub issuer: PinnedIssuer,
    pub rule: IssuerRule,
    pub key: SoftwareKey,
}

/// A new key, or one that the ledger does not know yet.
pub fn make(context: &Context, ledger: &mut Ledger, session: &Session) -> Result<Made, Failure> {
    let free = desk::free_issuers(ledger, session)?;
    let folder = &context.folder;
    let usable = |(number, key): &(IssuerNumber, Option<_>)| {
        !folder.was_stolen(*number) && (key.is_none() || folder.unknown_key(*number).is_some())
    };
    let (number, _) = free.into_iter().find(usable).ok_or_else(|| {
        Failure::no("all numbers of issuing keys are used").hint("open a new desk, with other programs that trust it")
    })?;
    let whose = format!("issuing key {number}");
    let passphrase = match context.folder.unknown_key(number) {
        Some(path) => {
            let what = format!(
                "{}: the ledger does not know this key; it is taken over, as a command that was stopped left it",
                visible(&path.display().to_string())
            );
            complain("note", &what, None);
            context.passphrase.existing(&whose)?
        }
        None => context.passphrase.new_one(&whose)?,
    };
    let key = context.folder.new_issuing_key(number, &passphrase)?;
    drop(passphrase);
    let issuer = PinnedIssuer { number, key: key.public_key() };
    let rule = desk::prepare_issuer(ledger, session, issuer)?;
    Ok(Made { issuer, rule, key })
}
