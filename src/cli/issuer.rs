//! `countersign issuer`: what an installation needs to trust this desk.

use super::failure::Failure;
use super::print::complain;
use super::{Context, print};
use activation_host::json::IssuerJson;
use countersign::desk;
use countersign::ledger::{IssuerRule, IssuerState};
use serde::Serialize;

/// Print NUMBER:HEX of each issuing key, for installations to trust
#[derive(clap::Args)]
#[command(after_help = "\
A stolen key is left out. What became of the keys and what each may issue is said on standard error,
and with --json.

Example:
  activation inspect --issuer \"$(countersign issuer)\" code.txt")]
pub struct Arguments {}

#[derive(Serialize)]
struct RuledJson {
    #[serde(flatten)]
    issuer: IssuerJson,
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    limits: String,
}

pub fn run(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let issuers = desk::issuer_rules(&mut ledger)?;
    let limits = |rule: &IssuerRule| rule.limits.to_string().trim_start().to_owned();
    if context.json {
        let ruled = |(issuer, rule): &(_, IssuerRule)| RuledJson {
            issuer: IssuerJson::from(*issuer),
            state: rule.state.name(),
            limits: limits(rule),
        };
        return print::json(&issuers.iter().map(ruled).collect::<Vec<_>>());
    }
    for (issuer, rule) in &issuers {
        let state = match rule.state {
            IssuerState::InUse => "is in use",
            IssuerState::Prepared => "is prepared, and signs nothing yet",
            IssuerState::Retired => "is retired",
            IssuerState::Stolen => "was stolen, and is void",
        };
        let limits = limits(rule);
        if rule.state != IssuerState::InUse || !limits.is_empty() {
            let may = if limits.is_empty() { String::new() } else { format!("; it may issue {limits}") };
            complain("note", &format!("key {} {state}{may}", issuer.number), None);
        }
    }
    let trusted = issuers.iter().filter(|(_, rule)| rule.state != IssuerState::Stolen);
    print::plain(&trusted.map(|(issuer, _)| format!("{issuer}\n")).collect::<String>())
}
