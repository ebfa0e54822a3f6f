//! `activation inspect`: what a code says, whether it is accepted, what it is worth.

use super::asking::{Asking, explain};
use super::input::{self, complain_of_input};
use activation_host::inspect::Inspection;
use activation_host::json::InspectionJson;
use activation_host::program::{Exit, json_text};
use activation_host::sentences;
use std::path::PathBuf;

/// Says what a code is worth: who issued it, whether it is accepted, on which day
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 accepted, 1 refused, 2 not readable or not possible.

Examples:
  activation inspect --issuer 1:HEX code.txt
  activation inspect --issuer 1:HEX photo.jpg
  activation inspect --issuer 1:HEX --product 7 --today 2027-10-01 --released 2027-09-15 code.txt
  activation inspect --issuer 1:HEX --json - < code.txt")]
pub struct Arguments {
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    /// The file with the code, as text or as a photo or scan of its QR code (PNG, JPEG); `-` or nothing for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The folder of the installation, whose trust bundle counts where nothing is given
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    #[command(flatten)]
    asking: Asking,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    let trust = arguments.asking.trust(&arguments.state);
    let (trust, question) = match trust.and_then(|trust| Ok((arguments.asking.question(&trust)?, trust))) {
        Ok((question, trust)) => (trust, question),
        Err(exit) => return exit,
    };
    let text = match input::read(&arguments.file) {
        Ok(text) => text,
        Err(fault) => {
            complain_of_input(&arguments.file, &fault);
            return Exit::CouldNot;
        }
    };
    let inspection = Inspection::of(&text, &trust, &question);
    let result =
        if arguments.json { json_text(&InspectionJson::from(&inspection)) } else { sentences::answer(&inspection) };
    if let Err(exit) = super::answer(&result) {
        return exit;
    }
    explain(&inspection);
    inspection.exit()
}
