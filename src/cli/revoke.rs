//! `countersign revoke`: codes that were issued wrongly.

use super::failure::Failure;
use super::{Context, change, print};
use activation_code::{LicenseNumber, Revision, Terms};
use countersign::desk::{self, DeskFault, PartnerRevocation, Refused, Revocation, Session};
use countersign::ledger::{DeskRole, Entry, Ledger, Name};
use serde::Serialize;

/// Revoke a license's codes, those below a revision or all
#[derive(clap::Args)]
#[command(after_help = "\
It goes into the next trust bundle. An installation that never loads a newer bundle will not know.
What was revoked stays revoked.

Examples:
  countersign revoke 1 --reason 'wrong customer'
  countersign revoke 1 --below 3")]
pub struct Arguments {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
    /// Keep this revision and those after it
    #[arg(long, value_name = "REVISION")]
    below: Option<Revision>,
    /// Why; it goes into the ledger
    #[arg(long, value_name = "TEXT")]
    reason: Option<Name>,
}

#[derive(Serialize)]
struct RevokedJson<'a> {
    license: u32,
    revoked: Vec<u16>,
    good: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

const NOT_KNOWN: &str = "\
It goes into the next trust bundle. An installation that never loads a newer bundle will not know,
and goes on with the code that it has.
";

const NOT_KNOWN_YET: &str = "\
It goes into the vendor's next trust bundle after the next export (`countersign partner export`).
";

/// Who will not know of it.
fn not_known(ledger: &mut Ledger) -> Result<&'static str, Failure> {
    Ok(match desk::trust_settings(ledger)?.role {
        DeskRole::Vendor => NOT_KNOWN,
        DeskRole::Partner => NOT_KNOWN_YET,
    })
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let revocation = match desk::preview_revocation(&mut ledger, &session, arguments.license, arguments.below) {
        Err(DeskFault::Refused(Refused::UnknownLicense(license))) => {
            let theirs = desk::preview_partner_revocation(&mut ledger, &session, license, arguments.below)?;
            let theirs = theirs.ok_or(Refused::UnknownLicense(license))?;
            return of_partner(context, arguments, &mut ledger, &session, &theirs);
        }
        looked_at => looked_at?,
    };
    let (codes, not_known) = (codes(&mut ledger, &revocation)?, not_known(&mut ledger)?);
    let license = revocation.license.number;
    if context.asks() {
        let question = format!(
            "License {license}\n{codes}\n{not_known}What was revoked stays revoked.\n\nRevoke {}? [y/N] ",
            these(&revocation)
        );
        print::confirm(&question, "not revoked, and nothing was changed")?;
    }
    desk::revoke(&mut ledger, &session, &revocation, arguments.reason.as_ref())?;
    if context.json {
        let revisions = |entries: &[Entry]| entries.iter().map(|entry| entry.terms.revision.get()).collect();
        return print::json(&RevokedJson {
            license: license.get(),
            revoked: revisions(&revocation.void),
            good: revisions(&revocation.good),
            reason: arguments.reason.as_ref().map(Name::as_str),
        });
    }
    print::result(&format!("Revoked, license {license}\n{codes}\n{not_known}"))
}

/// What a partner issued; this desk knows neither the customer nor codes that were not imported.
fn of_partner(
    context: &Context,
    arguments: &Arguments,
    ledger: &mut Ledger,
    session: &Session,
    revocation: &PartnerRevocation,
) -> Result<(), Failure> {
    let (issuer, license) = (revocation.issuer, revocation.license);
    let mut codes = String::new();
    for (label, all) in [("void", &revocation.void), ("good", &revocation.good)] {
        for terms in all {
            let (revision, product, units, period) = (terms.revision, terms.product, terms.units, terms.period);
            codes.push_str(&format!(
                "  {label}  revision {revision}: product {product}, {units} units, {} to {}\n",
                period.first(),
                period.last()
            ));
        }
    }
    if codes.is_empty() {
        codes.push_str("  none of its codes was imported\n");
    }
    if context.asks() {
        let question = format!(
            "License {license} of partner {issuer}\n{codes}\n{NOT_KNOWN}What was revoked stays revoked.\n\n\
             Revoke it? [y/N] "
        );
        print::confirm(&question, "not revoked, and nothing was changed")?;
    }
    desk::revoke_of_partner(ledger, session, revocation, arguments.reason.as_ref())?;
    if context.json {
        let revisions = |all: &[Terms]| all.iter().map(|terms| terms.revision.get()).collect();
        return print::json(&RevokedJson {
            license: license.get(),
            revoked: revisions(&revocation.void),
            good: revisions(&revocation.good),
            reason: arguments.reason.as_ref().map(Name::as_str),
        });
    }
    print::result(&format!("Revoked, license {license} of partner {issuer}\n{codes}\n{NOT_KNOWN}"))
}

fn these(revocation: &Revocation) -> &'static str {
    if revocation.void.len() == 1 { "this code" } else { "these codes" }
}

fn codes(ledger: &mut Ledger, revocation: &Revocation) -> Result<String, Failure> {
    let mut text = String::new();
    for (label, entries) in [("void", &revocation.void), ("good", &revocation.good)] {
        for entry in entries {
            text.push_str(&format!("  {label}  {}\n", change::in_a_line(ledger, entry)?));
        }
    }
    Ok(text)
}
