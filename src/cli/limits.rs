//! `countersign limits`: what the administrator allows.

use super::failure::Failure;
use super::print::complain;
use super::{Context, print};
use activation_code::Units;
use clap::Subcommand;
use countersign::calendar::Term;
use countersign::desk::{self, LimitEdit};
use countersign::ledger::Limits;
use serde::Serialize;

/// Show and set what operators may issue
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign limits
  countersign limits set --most-units 10000 --longest 3y --back-dating 30d --approval-above 5000
  countersign limits set --approval-above none")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Set(Set),
}

/// Set limits; those that are not named stay
#[derive(clap::Args)]
#[command(after_help = "\
Above --approval-above a command makes a request, which another operator approves.

Examples:
  countersign limits set --most-units 10000 --longest 3y --back-dating 30d
  countersign limits set --approval-above 5000
  countersign limits set --approval-above none")]
struct Set {
    /// Most units of one license
    #[arg(long, value_name = "N|none", allow_negative_numbers = true, value_parser = most_units)]
    most_units: Option<Limit>,
    /// Longest term that is sold at once: 3y, 18m, 90d
    #[arg(long, value_name = "TERM|none", allow_negative_numbers = true, value_parser = longest)]
    longest: Option<Limit>,
    /// How long ago the first period of a license may begin: 30d
    #[arg(long, value_name = "DAYS|none", allow_negative_numbers = true, value_parser = back_dating)]
    back_dating: Option<Limit>,
    /// More units than these need a second operator
    #[arg(long, value_name = "N|none", allow_negative_numbers = true, value_parser = approval_above)]
    approval_above: Option<Limit>,
}

/// `None`: no limit.
#[derive(Clone, Copy)]
struct Limit(Option<u32>);

fn limit(text: &str, read: impl FnOnce(&str) -> Option<u32>) -> Option<Limit> {
    if text == "none" { Some(Limit(None)) } else { read(text).map(|number| Limit(Some(number))) }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

fn most_units(text: &str) -> Result<Limit, String> {
    let wanted = || format!("wanted a whole number from 1 to {}, or none", Units::MAX);
    limit(text, |text| text.parse::<Units>().ok().map(Units::get)).ok_or_else(wanted)
}

fn approval_above(text: &str) -> Result<Limit, String> {
    let wanted = || format!("wanted a whole number from 0 to {}, or none", Units::MAX);
    limit(text, |text| number(text).filter(|units| *units <= Units::MAX.get())).ok_or_else(wanted)
}

fn longest(text: &str) -> Result<Limit, &'static str> {
    let term = |text: &str| text.parse::<Term>().ok().and_then(Term::most_days);
    limit(text, |text| term(text).or_else(|| term(&format!("{text}d"))))
        .ok_or("wanted a term as in 3y, 18m or 90d, or none")
}

fn back_dating(text: &str) -> Result<Limit, &'static str> {
    limit(text, |text| number(text.strip_suffix('d').unwrap_or(text))).ok_or("wanted days as in 30d, or none")
}

#[derive(Serialize)]
struct LimitsJson {
    most_units: Option<u32>,
    longest_days: Option<u32>,
    back_dating_days: Option<u32>,
    approval_above: Option<u32>,
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let limits = match arguments.command {
        None => desk::limits(&mut ledger)?,
        Some(Command::Set(set)) => {
            let edits = [
                set.most_units.map(|limit| LimitEdit::MostUnits(limit.0)),
                set.longest.map(|limit| LimitEdit::LongestDays(limit.0)),
                set.back_dating.map(|limit| LimitEdit::BackDatingDays(limit.0)),
                set.approval_above.map(|limit| LimitEdit::ApprovalAbove(limit.0)),
            ];
            let edits: Vec<_> = edits.into_iter().flatten().collect();
            if edits.is_empty() {
                return Err(Failure::nothing_to_change());
            }
            let session = context.session(&mut ledger)?;
            let limits = desk::set_limits(&mut ledger, &session, &edits)?;
            if let Some(above) = limits.approval_above
                && !desk::can_approve(&mut ledger)?
            {
                let what =
                    format!("nobody can issue more than {above} units: that takes two operators with passphrases");
                complain("warning", &what, Some("`countersign operator list` shows who has one"));
            }
            limits
        }
    };
    let Limits { most_units, longest_days, back_dating_days, approval_above } = limits;
    if context.json {
        return print::json(&LimitsJson { most_units, longest_days, back_dating_days, approval_above });
    }
    let or = |limit: Option<u32>, what: &str, none: &str| match limit {
        Some(number) => format!("{number} {what}"),
        None => none.to_owned(),
    };
    print::result(&format!(
        "  most units       {}\n  longest term     {}\n  back-dating      {}\n  second operator  {}\n",
        or(most_units, "of one license", "as many as a code carries"),
        or(longest_days, "days sold at once", "as long as a code carries"),
        or(back_dating_days, "days before today", "as far as a code carries"),
        match approval_above {
            Some(above) => format!("above {above} units"),
            None => "never needed".to_owned(),
        },
    ))
}
