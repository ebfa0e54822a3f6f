//! `countersign clock-reset`: what makes a host forget days that its clock showed by mistake.

use super::failure::Failure;
use super::{Context, host_request, print};
use activation_code::{Day, HostId};
use countersign::desk::{self, Asking, Refused, SignedClockReset};
use serde::Serialize;

/// Reset the clock of a host that believed a day in the future
#[derive(clap::Args)]
#[command(after_help = "\
The row is what `activation request --clock` prints on the host; - reads it from standard input.
The host forgets all evidence of days after the one that is signed; nothing that was issued
changes. The same row and day again give the same clock reset, and each is written down.

Examples:
  countersign clock-reset 32DBS-QQG01-R0000-03FAG-EFM25
  countersign clock-reset - --day 2026-11-01 < request.txt")]
pub struct Arguments {
    /// The row that the host shows, in letters or digits
    #[arg(value_name = "ROW", allow_hyphen_values = true)]
    row: String,
    /// The last day that has certainly passed, YYYY-MM-DD; without it, today
    #[arg(long, value_name = "D")]
    day: Option<Day>,
}

#[derive(Serialize)]
struct ClockResetJson<'a> {
    clock_reset: SignedJson<'a>,
}

#[derive(Serialize)]
struct SignedJson<'a> {
    letters: &'a [String],
    digits: &'a [String],
    host: u32,
    nonce: u16,
    day: String,
    issuer: u16,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let (host, nonce) = match host_request::read(context, &arguments.row)? {
        Asking::ClockReset { host, nonce } => (host, nonce),
        Asking::Code { .. } => return Err(Refused::AsksForCode.into()),
    };
    let session = context.session(&mut ledger)?;
    let day = arguments.day.unwrap_or(session.today);
    let terms = desk::preview_clock_reset(&mut ledger, &session, (host, nonce), day)?;
    if context.asks() {
        let question = format!(
            "Host {host}: its clock is reset to {day}, and it forgets everything that says it is later.\n\
             Sign this clock reset? [y/N] "
        );
        print::confirm(&question, "not signed")?;
    }
    let passphrase = context.passphrase.existing("the issuing key")?;
    let signer = context.folder.signer(&mut ledger, &passphrase)?;
    drop(passphrase);
    let signed = desk::reset_clock(&mut ledger, &session, &signer, terms)?;
    drop(signer);
    if context.json {
        return print::json(&ClockResetJson {
            clock_reset: SignedJson {
                letters: &signed.letters,
                digits: &signed.digits,
                host: host.0,
                nonce: nonce.0,
                day: day.to_string(),
                issuer: terms.issuer.get(),
            },
        });
    }
    print::result(&sheet(host, day, &signed))
}

fn sheet(host: HostId, day: Day, signed: &SignedClockReset) -> String {
    let rows = |rows: &[String]| -> String {
        rows.iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}\n")).collect()
    };
    format!(
        "Clock reset for host {host}, to {day}\n\n{}\nOr in digits\n{}\nOn that host, `activation enter` takes these \
         rows. The request that they answer must be the last one that the host made.\n",
        rows(&signed.letters),
        rows(&signed.digits)
    )
}
