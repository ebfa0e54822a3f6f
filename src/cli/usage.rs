//! `countersign usage`: what installations say of their use, and what of it is above their licenses.

use super::failure::Failure;
use super::print::{self, Line};
use super::{Context, reprint};
use activation_code::{CodeKind, LicenseNumber, Receipt};
use activation_host::entry::Entry;
use activation_host::program::{clock, system};
use activation_host::sentences;
use activation_host::usage::{LONGEST_REPORT, UsageReport};
use clap::Subcommand;
use countersign::desk::{self, Adherence, ImportedClaim, Taken};
use countersign::documents::csv::Cell;
use countersign::ledger::UsageClaim;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Take in what installations say of their use, and show what is above their licenses
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign usage import usage.txt
  countersign usage list --over")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Import(Import),
    List(List),
}

/// Take in usage reports, or a receipt that was read aloud
#[derive(clap::Args)]
#[command(after_help = "\
A report is what `activation report` writes, a receipt the two rows of `activation report --receipt`.
Both are claims: nobody signs them. Each file is taken in whole or not at all; the same again changes
nothing. Of each host the newest counts.

Examples:
  countersign usage import usage.txt
  countersign usage import /media/usb/*.txt
  countersign usage import --receipt '20008-4G080-03ZHC-GG1G7-ZXG6Q R00E8-00000-S41EX'")]
struct Import {
    /// The reports; - for standard input
    #[arg(value_name = "FILE", required_unless_present = "receipt", conflicts_with = "receipt")]
    files: Vec<PathBuf>,
    /// The rows of a receipt, in letters or digits; - reads them from standard input
    #[arg(long, value_name = "ROWS", allow_hyphen_values = true)]
    receipt: Option<String>,
}

/// Show what is in use beside what is licensed today
#[derive(clap::Args)]
#[command(after_help = "\
Licenses that one host uses together count together, and so do hosts that share a license.

Examples:
  countersign usage list
  countersign usage list --over --csv > over-use.csv
  countersign usage list --license 1042")]
struct List {
    /// Only what is above the license
    #[arg(long)]
    over: bool,
    /// Only what a license belongs to
    #[arg(long, value_name = "NUMBER")]
    license: Option<LicenseNumber>,
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List(_))
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Import(import) => self::import(context, import),
        Command::List(list) => self::list(context, list),
    }
}

#[derive(Serialize)]
struct ImportedJson {
    source: String,
    license: u32,
    revision: u16,
    host: u32,
    day: String,
    in_use: u32,
    taken: &'static str,
    revoked: bool,
}

impl ImportedJson {
    fn of(source: &str, imported: &ImportedClaim) -> Self {
        let UsageClaim { license, revision, host, day, in_use, .. } = imported.claim;
        Self {
            source: source.to_owned(),
            license: license.get(),
            revision: revision.get(),
            host: host.0,
            day: day.to_string(),
            in_use,
            taken: match imported.taken {
                Taken::New => "new",
                Taken::Known => "known",
                Taken::Corrected => "corrected",
                Taken::Older { .. } => "older",
            },
            revoked: imported.revoked,
        }
    }
}

fn import(context: &Context, arguments: &Import) -> Result<(), Failure> {
    // Everything is read before anything is recorded: a file that cannot be read is said first.
    let mut sources = Vec::new();
    if let Some(rows) = &arguments.receipt {
        sources.push(("receipt".to_owned(), vec![desk::claim_of_receipt(&receipt(context, rows)?)]));
    }
    for file in &arguments.files {
        let source = file.display().to_string();
        let named = |failure: Failure| Failure { sentence: format!("{source}: {}", failure.sentence), ..failure };
        let claims = desk::claims_of_report(&report(file)?).map_err(|refused| named(refused.into()))?;
        sources.push((source, claims));
    }
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let mut imported = Vec::new();
    let mut stopped = None;
    for (source, claims) in sources {
        match desk::import_usage(&mut ledger, &session, &claims) {
            Ok(taken) => imported.extend(taken.into_iter().map(|claim| (source.clone(), claim))),
            Err(fault) => {
                let failure = Failure::from(fault);
                stopped = Some(Failure { sentence: format!("{source}: {}", failure.sentence), ..failure });
                break;
            }
        }
    }
    if imported.is_empty()
        && let Some(failure) = stopped
    {
        return Err(failure);
    }
    if context.json {
        let lines: Vec<_> = imported.iter().map(|(source, claim)| ImportedJson::of(source, claim)).collect();
        print::json(&lines)?;
    } else {
        print::result(&imported.iter().map(|(source, claim)| in_words(source, claim)).collect::<String>())?;
    }
    stopped.map_or(Ok(()), Err)
}

fn in_words(source: &str, ImportedClaim { claim, taken, revoked }: &ImportedClaim) -> String {
    let UsageClaim { license, revision, host, day, in_use, .. } = claim;
    let taken = match taken {
        Taken::New => "taken in".to_owned(),
        Taken::Known => "is here already".to_owned(),
        Taken::Corrected => "taken in, in the place of another one of that day".to_owned(),
        Taken::Older { newest } => format!("taken in; a newer one, of {newest}, counts"),
    };
    let revoked = if *revoked { "; the revision was revoked, which the host does not know" } else { "" };
    format!(
        "{source}: license {license}, revision {revision}, host {host}: {in_use} units in use on {day}: {taken}{revoked}\n"
    )
}

fn report(file: &Path) -> Result<UsageReport, Failure> {
    let mut text = Vec::new();
    let most = LONGEST_REPORT as u64 + 1;
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(most).read_to_end(&mut text))
    };
    let place = file.display();
    read.map_err(|error| {
        Failure::could_not(format!("{place}: {}", system(&error)))
            .hint("give a file that can be read, or - for standard input")
    })?;
    UsageReport::from_text(&text).map_err(|fault| {
        Failure::could_not(format!("{place}: no usage report: {fault}"))
            .hint("give the file that `activation report --output FILE` wrote, as it was written")
    })
}

/// The rows of a receipt, as somebody typed them, with the help that codes have.
fn receipt(context: &Context, text: &str) -> Result<Receipt, Failure> {
    const COMPARE: &str =
        "give the rows as `activation report --receipt` prints them: five groups of five letters, and three";
    let given = reprint::given(text)?;
    let mut entry = Entry::of(CodeKind::Receipt);
    for row in rows_in(&given) {
        let asked = entry.next_untyped().unwrap_or(1);
        let (row, answer) = entry.hear(&row, asked);
        let activation_code::RowAnswer::Wrong { faults, proposals } = &answer else { continue };
        let wrong = format!("this is no receipt: {faults}");
        let Some(likeliest) = proposals.first() else { return Err(Failure::could_not(wrong).hint(COMPARE)) };
        let said: Vec<_> = likeliest.repairs.iter().map(sentences::proposal).collect();
        if !context.asks() {
            let hint = format!("{}; the row would be {}", said.join("; "), likeliest.letters);
            return Err(Failure::could_not(wrong).hint(hint));
        }
        print::confirm(
            &format!("{wrong}\n{}\nIs that row {}? [y/N] ", said.join("\n"), likeliest.letters),
            "nothing was taken in",
        )?;
        entry.take_proposal(row, 0);
    }
    let Some(rows) = entry.complete() else {
        let missing = entry.next_wanted().map(|row| format!("row {row} is missing")).unwrap_or_default();
        return Err(Failure::could_not(format!("this is no receipt: {missing}")).hint(COMPARE));
    };
    Receipt::read(&rows).map_err(|fault| Failure::could_not(format!("this is no receipt: {fault}")).hint(COMPARE))
}

/// Rows on lines of their own; or one after the other on one line, as an argument has them: five groups, and the rest.
fn rows_in(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.as_slice() {
        [line] => {
            let symbols: Vec<char> = line.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            // Digits have rows of 40 and 25, letters of 25 and 15.
            let full = if symbols.len() > 45 { 40 } else { 25 };
            symbols.chunks(full).map(|row| row.iter().collect()).collect()
        }
        lines => lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}

#[derive(Serialize)]
struct AdherenceLine {
    licenses: Vec<u32>,
    licensed: u64,
    in_use: u64,
    over: u64,
    hosts: Vec<HostLine>,
}

#[derive(Serialize)]
struct HostLine {
    host: u32,
    day: String,
    in_use: u32,
    clock: &'static str,
    bundle: Option<u32>,
}

impl From<&Adherence> for AdherenceLine {
    fn from(adherence: &Adherence) -> Self {
        let host = |claim: &UsageClaim| HostLine {
            host: claim.host.0,
            day: claim.day.to_string(),
            in_use: claim.in_use,
            clock: claim.clock.name(),
            bundle: claim.bundle,
        };
        Self {
            licenses: adherence.licenses.iter().map(|license| license.get()).collect(),
            licensed: adherence.licensed,
            in_use: adherence.in_use(),
            over: adherence.over(),
            hosts: adherence.claims.iter().map(host).collect(),
        }
    }
}

impl AdherenceLine {
    fn numbers(&self) -> String {
        self.licenses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn each_host(&self) -> String {
        let host = |host: &HostLine| {
            let clock = if host.clock == "right" { String::new() } else { format!(", clock {}", host.clock) };
            format!("{:08x} {} on {}{clock}", host.host, host.in_use, host.day)
        };
        self.hosts.iter().map(host).collect::<Vec<_>>().join("; ")
    }
}

impl Line for AdherenceLine {
    const HEADING: &'static [&'static str] = &["LICENSES", "LICENSED", "IN USE", "OVER", "HOSTS"];
    const COLUMNS: &'static [&'static str] = &["licenses", "licensed", "in_use", "over", "hosts"];

    fn cells(&self) -> Vec<String> {
        let over = if self.over == 0 { "-".to_owned() } else { self.over.to_string() };
        vec![self.numbers(), self.licensed.to_string(), self.in_use.to_string(), over, self.each_host()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![self.numbers().into(), self.licensed.into(), self.in_use.into(), self.over.into(), self.each_host().into()]
    }
}

fn list(context: &Context, arguments: &List) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let mut all = desk::adherence(&mut ledger, clock())?;
    all.retain(|group| !arguments.over || group.over() > 0);
    all.retain(|group| arguments.license.is_none_or(|license| group.licenses.contains(&license)));
    let over = all.iter().any(|group| group.over() > 0);
    print::list(context, all.iter().map(AdherenceLine::from).map(Ok))?;
    if over && !context.json && !context.csv {
        print::complain(
            "note",
            &"service levels and support are not assured for the units above the licensed ones",
            None,
        );
    }
    Ok(())
}
