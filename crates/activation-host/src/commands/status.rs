//! `activation status`: what the installation is worth today.

use super::answer;
use super::asking::{Asking, failed};
use crate::PROGRAM;
use activation_host::json::StatusJson;
use activation_host::monitoring::{NagiosState, nagios, prometheus};
use activation_host::program::{Exit, complain, json_text, print};
use activation_host::sentences::status::{in_full, in_one_line, next_step, warnings};
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::ExitCode;

/// Says what this installation is worth today, what to do next, and whom to ask
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 entitled to run, 1 not, 2 could not tell.
With --format nagios: 0 ok, 1 warning, 2 critical (not entitled to run), 3 unknown.

Examples:
  activation status
  activation status --format line
  activation status --format nagios --state /var/lib/product/activation
  activation status --json --product 7 --released 2026-11-01")]
pub struct Arguments {
    /// The folder of the installation
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Everything, for a person
    Text,
    /// One line
    Line,
    /// For programs
    Json,
    /// A check of Nagios, Icinga, Checkmk
    Nagios,
    /// Metrics for the text file collector of Prometheus
    Prometheus,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let outcome = status(arguments, format);
    match (format, outcome) {
        (Format::Nagios, Ok(Answer::Nagios(state))) => ExitCode::from(state as u8),
        (Format::Nagios, Err(_)) => {
            // A check says its state on standard output, also where it could not look; why stands on standard error.
            let _ = print("ACTIVATION UNKNOWN - could not tell\n");
            ExitCode::from(NagiosState::Unknown as u8)
        }
        (_, Ok(Answer::Run(true))) => Exit::Done.into(),
        (_, Ok(_)) => Exit::No.into(),
        (_, Err(exit)) => exit.into(),
    }
}

enum Answer {
    Run(bool),
    Nagios(NagiosState),
}

fn status(arguments: &Arguments, format: Format) -> Result<Answer, Exit> {
    let status = arguments.asking.installation(&arguments.state)?.status().map_err(|fault| failed(&fault))?;
    let mut outcome = Answer::Run(status.standing.run);
    let text = match format {
        Format::Text => {
            let next = next_step(&status).map(|step| format!("Next: {step}\n")).unwrap_or_default();
            in_full(&status) + &next
        }
        Format::Line => in_one_line(&status),
        Format::Json => json_text(&StatusJson::from(&status)),
        Format::Prometheus => prometheus(&status),
        Format::Nagios => {
            let (state, line) = nagios(&status);
            outcome = Answer::Nagios(state);
            line
        }
    };
    answer(&text)?;
    if !matches!(format, Format::Line | Format::Nagios) {
        for (sentence, hint) in warnings(&status) {
            complain("warning", &sentence, hint.as_deref());
        }
    } else if let Some(fault) = &status.not_remembered {
        complain(PROGRAM, &format!("cannot remember today: {fault}"), None);
    }
    Ok(outcome)
}
