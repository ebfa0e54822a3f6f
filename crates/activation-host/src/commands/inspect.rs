//! `activation inspect`: what a code says, whether it is accepted, what it is worth.

use super::embedded;
use super::input::{self, InputFault};
use crate::PROGRAM;
use activation_code::{Day, HostId, PinnedIssuer, ProductId, Purpose, ReasonClass, Target, Trust};
use activation_host::inspect::{Inspection, Obstacle, Question};
use activation_host::json::InspectionJson;
use activation_host::program::{Exit, clock, complain, json_text, print};
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
    /// An issuer to trust, as the desk's `countersign issuer` prints it; may be repeated
    #[arg(long, value_name = "N:HEX")]
    issuer: Vec<PinnedIssuer>,
    /// Accept only codes for this product, by number; may be repeated
    #[arg(long, value_name = "ID")]
    product: Vec<ProductId>,
    /// This host, for codes that are bound to one
    #[arg(long, value_name = "HEX8", value_parser = host)]
    host: Option<HostId>,
    /// The day to ask about, instead of the clock's
    #[arg(long, value_name = "D")]
    today: Option<Day>,
    /// The day on which the release that wants to run was made
    #[arg(long, value_name = "D")]
    released: Option<Day>,
    /// Accept codes for testing too
    #[arg(long)]
    allow_test: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    /// The file with the code, as text or as a photo or scan of its QR code (PNG, JPEG); `-` or nothing for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

fn host(text: &str) -> Result<HostId, &'static str> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| digits).map(HostId).ok_or("a host is written as eight hex digits")
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    let trust = match trust(arguments) {
        Ok(trust) => trust,
        Err(exit) => return exit,
    };
    let text = match input::read(&arguments.file) {
        Ok(text) => text,
        Err(InputFault::Io(error)) => {
            let hint = "give a file that can be read, or - for standard input";
            complain(PROGRAM, &format!("{}: {error}", arguments.file.display()), Some(hint));
            return Exit::CouldNot;
        }
        Err(InputFault::Picture(fault)) => {
            complain(PROGRAM, &format!("{}: {fault}", arguments.file.display()), Some(sentences::picture(&fault)));
            return Exit::CouldNot;
        }
    };
    let question = Question {
        target: Target { products: arguments.product.clone(), host: arguments.host },
        clock: arguments.today.unwrap_or_else(clock),
        released: arguments.released,
    };
    let inspection = Inspection::of(&text, &trust, &question);
    let result =
        if arguments.json { json_text(&InspectionJson::from(&inspection)) } else { sentences::answer(&inspection) };
    if let Err(error) = print(&result) {
        complain(PROGRAM, &format!("cannot write the answer: {error}"), None);
        return Exit::CouldNot;
    }
    if let Some(standing) = &inspection.standing {
        for &warning in &standing.warnings {
            complain("warning", &sentences::warning(warning, standing), None);
        }
    }
    match &inspection.obstacle {
        None => Exit::Done,
        Some(obstacle) => {
            explain(obstacle);
            match obstacle.reason().class() {
                ReasonClass::NotReadable => Exit::CouldNot,
                ReasonClass::Refused => Exit::No,
            }
        }
    }
}

fn explain(obstacle: &Obstacle) {
    let (sentences, remedy) = sentences::obstacle(obstacle);
    let last = sentences.len().saturating_sub(1);
    for (i, sentence) in sentences.iter().enumerate() {
        complain(PROGRAM, sentence, (i == last).then_some(remedy));
    }
}

/// The issuers given by hand, or else those compiled in.
fn trust(arguments: &Arguments) -> Result<Trust, Exit> {
    let issuers = if arguments.issuer.is_empty() {
        embedded::issuers().map_err(|fault| {
            complain(PROGRAM, &fault, Some("build it with the issuers of your license desk"));
            Exit::CouldNot
        })?
    } else {
        arguments.issuer.clone()
    };
    let purpose = if arguments.allow_test { Purpose::Testing } else { Purpose::Production };
    Trust::pinned(purpose, issuers).map_err(|fault| {
        let hint = "give the issuer of your license desk: --issuer NUMBER:HEX, as `countersign issuer` prints it";
        complain(PROGRAM, &fault, Some(hint));
        Exit::CouldNot
    })
}
