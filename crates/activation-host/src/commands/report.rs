//! `activation report`: what the installation says of its use, for the license desk.

use super::answer;
use super::asking::{Asking, failed};
use crate::PROGRAM;
use activation_host::files::write_whole;
use activation_host::json::UsageJson;
use activation_host::program::{Exit, complain, json_text, system};
use activation_host::usage::UsageReport;
use std::path::{Path, PathBuf};

/// Writes what this installation uses: a file for the license desk, or rows to read aloud
#[derive(clap::Args)]
#[command(after_help = "\
The desk takes it with `countersign usage import`. It is a claim: nobody signs it.
How many units are in use is noted with `activation sites`.

Examples:
  activation report --output usage.txt
  activation report --receipt")]
pub struct Arguments {
    /// The file to write, instead of standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["receipt", "json"])]
    output: Option<PathBuf>,
    /// Two rows for each license, to read aloud on the telephone
    #[arg(long, conflicts_with = "json")]
    receipt: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    /// The folder of the installation
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    #[command(flatten)]
    asking: Asking,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    match report(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn report(arguments: &Arguments) -> Result<Exit, Exit> {
    let installation = arguments.asking.installation(&arguments.state)?;
    let report = installation.usage_report().map_err(|fault| failed(&fault))?;
    if arguments.receipt {
        return answer(&receipts(&report)?);
    }
    if arguments.json {
        return answer(&json_text(&UsageJson::from(&report)));
    }
    match &arguments.output {
        None => answer(&report.to_text()),
        Some(file) => {
            write(file, &report)?;
            answer(&format!("Wrote {}\n", file.display()))
        }
    }
}

fn write(file: &Path, report: &UsageReport) -> Result<(), Exit> {
    write_whole(file, report.to_text().as_bytes()).map_err(|error| {
        let what = format!("{}: {}", file.display(), system(&error));
        complain(PROGRAM, &what, Some("give a file in a folder where this user may write"));
        Exit::CouldNot
    })
}

fn receipts(report: &UsageReport) -> Result<String, Exit> {
    let receipts = report.receipts();
    if receipts.is_empty() {
        let (what, hint) = match report.in_use {
            None => ("nobody said how many units are in use", "note it with `activation sites total UNITS`"),
            Some(_) => ("no license counts here", "enter a code first"),
        };
        complain(PROGRAM, &what, Some(hint));
        return Err(Exit::No);
    }
    let receipt = |receipt: &activation_code::Receipt| {
        let rows: String = receipt.rows().iter().zip(1..).map(|(row, number)| format!("{number}) {row}\n")).collect();
        format!("Receipt of license {}: {} units in use on {}\n{rows}", receipt.license, receipt.in_use, receipt.day)
    };
    Ok(receipts.iter().map(receipt).collect::<Vec<_>>().join("\n"))
}
