//! What `inspect` and `enter` have in common: whom to trust, and what to ask.

use super::embedded;
use crate::PROGRAM;
use activation_code::{Day, HostId, PinnedIssuer, ProductId, Purpose, Target, Trust};
use activation_host::inspect::{Inspection, Obstacle, Question, Repairs};
use activation_host::program::{Exit, clock, complain};
use activation_host::sentences;

/// A code has at most 15 rows; more faults than that are noise, and JSON has all their places.
const MOST_SENTENCES: usize = 15;

#[derive(clap::Args)]
#[command(next_help_heading = "What to trust and to ask")]
pub struct Asking {
    /// An issuer to trust, as the desk's `countersign issuer` prints it; may be repeated
    #[arg(long, value_name = "N:HEX")]
    issuer: Vec<PinnedIssuer>,
    /// Accept only codes for this product, by number; may be repeated
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    product: Vec<ProductId>,
    /// This host, for codes that are bound to one
    #[arg(long, value_name = "HEX8", allow_hyphen_values = true, value_parser = host)]
    host: Option<HostId>,
    /// The day to ask about, instead of the clock's
    #[arg(long, value_name = "D")]
    today: Option<Day>,
    /// The day on which the release that wants to run was made
    #[arg(long, value_name = "D")]
    released: Option<Day>,
    /// Refuse what has to be repaired
    #[arg(long)]
    strict: bool,
    /// Accept codes for testing too
    #[arg(long)]
    allow_test: bool,
}

fn host(text: &str) -> Result<HostId, &'static str> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| digits).map(HostId).ok_or("a host is written as eight hex digits")
}

impl Asking {
    /// The issuers given by hand, or else those compiled in.
    pub fn trust(&self) -> Result<Trust, Exit> {
        let issuers = if self.issuer.is_empty() {
            embedded::issuers().map_err(|fault| {
                complain(PROGRAM, &fault, Some("build it with the issuers of your license desk"));
                Exit::CouldNot
            })?
        } else {
            self.issuer.clone()
        };
        let purpose = if self.allow_test { Purpose::Testing } else { Purpose::Production };
        Trust::pinned(purpose, issuers).map_err(|fault| {
            let hint = "give the issuer of your license desk: --issuer NUMBER:HEX, as `countersign issuer` prints it";
            complain(PROGRAM, &fault, Some(hint));
            Exit::CouldNot
        })
    }

    pub fn question(&self) -> Question {
        Question {
            target: Target { products: self.product.clone(), host: self.host },
            clock: self.clock(),
            released: self.released,
            repairs: if self.strict { Repairs::Refused } else { Repairs::Accepted },
        }
    }

    /// The day to ask about.
    pub fn clock(&self) -> Day {
        self.today.unwrap_or_else(clock)
    }
}

/// Repairs, warnings and refusals of an answer, to standard error.
pub fn explain(inspection: &Inspection) {
    for repair in &inspection.repairs {
        complain("repaired", &sentences::repair(repair), None);
    }
    if let Some(standing) = &inspection.standing {
        for &warning in &standing.warnings {
            complain("warning", &sentences::warning(warning, standing), None);
        }
    }
    if let Some(obstacle) = &inspection.obstacle {
        explain_obstacle(obstacle);
    }
}

/// What is wrong and what to do about it, to standard error.
pub fn explain_obstacle(obstacle: &Obstacle) {
    let (mut sentences, remedy) = sentences::obstacle(obstacle);
    if sentences.len() > MOST_SENTENCES {
        let more = sentences.len() - MOST_SENTENCES;
        sentences.truncate(MOST_SENTENCES);
        sentences.push(format!("and {more} more"));
    }
    let last = sentences.len().saturating_sub(1);
    for (i, sentence) in sentences.iter().enumerate() {
        complain(PROGRAM, sentence, (i == last).then_some(remedy));
    }
}
