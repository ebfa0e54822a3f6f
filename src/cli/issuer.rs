//! `countersign issuer`: what an installation needs to trust this desk, and what its keys may issue.

use super::failure::Failure;
use super::limit_arguments::{LimitArguments, in_words};
use super::print::complain;
use super::{Context, print};
use activation_code::IssuerNumber;
use activation_host::json::IssuerJson;
use clap::Subcommand;
use countersign::desk;
use countersign::ledger::{IssuerRule, IssuerState};
use serde::Serialize;

/// Print NUMBER:HEX of each issuing key, for installations to trust
#[derive(clap::Args)]
#[command(after_help = "\
A stolen key is left out. What became of the keys and what each may issue is said on standard error,
and with --json.

Examples:
  activation inspect --issuer \"$(countersign issuer)\" code.txt
  countersign issuer limit 1 --units 10000")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Limit(Limit),
}

/// Limit what an issuing key of this desk may issue
#[derive(clap::Args)]
#[command(after_help = "\
The desk keeps to it at once, installations when they have loaded the next trust bundle. What is not
named stays as it is; `none` takes a limit away. Without options it shows the limits.

Examples:
  countersign issuer limit 1 --units 10000 --days 1100
  countersign issuer limit 1 --units none")]
struct Limit {
    /// The key's number
    #[arg(value_name = "N")]
    number: IssuerNumber,
    #[command(flatten)]
    limits: LimitArguments,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        None => list(context),
        Some(Command::Limit(arguments)) => limit(context, arguments),
    }
}

fn list(context: &Context) -> Result<(), Failure> {
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

#[derive(Serialize)]
struct RuledJson {
    #[serde(flatten)]
    issuer: IssuerJson,
    state: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    limits: String,
}

#[derive(Serialize)]
struct RuleJson {
    issuer: u16,
    state: &'static str,
    limits: String,
}

fn limit(context: &Context, arguments: &Limit) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let edits = arguments.limits.edits(&mut ledger)?;
    let rules = desk::issuer_rules(&mut ledger)?;
    let found = rules.into_iter().find(|(issuer, _)| issuer.number == arguments.number);
    let (_, mut rule) = found.ok_or(desk::Refused::UnknownIssuer(arguments.number))?;
    if !edits.is_empty() {
        let session = context.session(&mut ledger)?;
        let limits = desk::change_limits(rule.limits, &edits);
        rule = desk::limit_issuer(&mut ledger, &session, arguments.number, &limits)?;
    }
    if context.json {
        let limits = rule.limits.to_string().trim_start().to_owned();
        return print::json(&RuleJson { issuer: rule.issuer.get(), state: rule.state.name(), limits });
    }
    let next =
        if edits.is_empty() { "" } else { "The next trust bundle carries it: `countersign bundle draft FILE`\n" };
    let (issuer, state) = (rule.issuer, rule.state.name());
    print::result(&format!("issuer {issuer}, {state}\n  limits       {}\n{next}", in_words(&rule.limits)))
}
