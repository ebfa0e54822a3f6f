//! `countersign audit`: whether the ledger is what was written, and what proves it elsewhere.

use super::failure::Failure;
use super::output::{new_file, refuse_early};
use super::print::complain;
use super::print::counted;
use super::progress::watch;
use super::{Context, print};
use activation_code::PublicKey;
use activation_host::program::{system, visible};
use clap::Subcommand;
use countersign::desk::{
    self, Checkpoint, Contradiction, NotedHead, Permission, PutBack, Signatures, Verdict, Witnesses,
};
use countersign::hex::Hex;
use countersign::ledger::{Finding, Ledger};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Find out whether the ledger was changed, and prove it elsewhere
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(Verify),
    Checkpoint(CheckpointArguments),
}

/// Look at every event and every row, and name what was changed
#[derive(clap::Args)]
#[command(after_help = "\
Who rewrites the whole ledger, cuts off its end or puts an old copy back is found by what was
kept elsewhere: checkpoints, or heads on paper. Exit code 1 if anything is wrong.

Examples:
  countersign audit verify --checkpoint monday.txt --signatures
  countersign audit verify --head 1234:9f86d081884c7d659a2f")]
struct Verify {
    /// A checkpoint to hold against it; may be repeated
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// A number of events and the head as it was written down; may be repeated
    #[arg(long, value_name = "N:HEX")]
    head: Vec<NotedHead>,
    /// A key of checkpoints to trust though the ledger may not know it; may be repeated
    #[arg(long, value_name = "HEX")]
    ledger_key: Vec<PublicKey>,
    /// Verify the signature of every code too
    #[arg(long)]
    signatures: bool,
    /// Look at a backup instead
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
}

/// Sign how far the ledger goes, to be kept elsewhere
#[derive(clap::Args)]
#[command(after_help = "\
Keep the file, or the number of events and the first 20 digits of the head, where nobody who works
at this desk can change them.

Examples:
  countersign audit checkpoint --output monday.txt
  countersign audit verify --checkpoint monday.txt")]
struct CheckpointArguments {
    /// Write it to a new file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Make a new ledger key where the file of the old one is lost
    #[arg(long)]
    new_key: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Verify(arguments) => verify(context, arguments),
        Command::Checkpoint(arguments) => checkpoint(context, arguments),
    }
}

fn verify(context: &Context, arguments: &Verify) -> Result<(), Failure> {
    let checkpoints = arguments.checkpoint.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut ledger = match &arguments.backup {
        Some(path) => Ledger::open_backup(path).map_err(|fault| Failure::of_backup(path, fault))?,
        None => context.folder.ledger_to_read()?,
    };
    let witnesses = Witnesses { checkpoints: &checkpoints, heads: &arguments.head, keys: &arguments.ledger_key };
    let signatures = if arguments.signatures { Signatures::Verified } else { Signatures::Trusted };
    let verdict = desk::audit(&mut ledger, &witnesses, signatures, &watch("checking"))?;
    let names: Vec<_> = arguments.checkpoint.iter().map(|path| path.display().to_string()).collect();
    let report = Report { verdict: &verdict, names: &names, checkpoints: &checkpoints, heads: &arguments.head };
    if context.json {
        print::json(&VerdictJson::of(&report))?;
    } else {
        print::result(&report.text())?;
    }
    match verdict.is_sound() {
        true => Ok(()),
        false if verdict.is_explained_by_a_restore(&witnesses) => Err(restored_since(&verdict)),
        false => Err(not_sound(&verdict)),
    }
}

/// That something is wrong, after it was said what.
pub fn not_sound(verdict: &Verdict) -> Failure {
    Failure::no(desk::Refused::NotSound { findings: verdict.findings() }.to_string())
        .hint("keep this ledger as it is; `countersign restore BACKUP` puts a sound backup in its place")
}

/// The same, where a restore may be all that happened.
fn restored_since(verdict: &Verdict) -> Failure {
    Failure::no(desk::Refused::NotSound { findings: verdict.findings() }.to_string()).hint(
        "ask who put the backup back; what it replaced is kept as ledger.sqlite.before-restore-DAY: `audit verify \
         --backup` looks at it. Whoever holds newer checkpoints needs a new one: `countersign audit checkpoint`",
    )
}

fn read(path: &Path) -> Result<Checkpoint, Failure> {
    let name = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(desk::LONGEST_CHECKPOINT + 1).read_to_string(&mut text));
    read.map_err(|error: io::Error| {
        Failure::could_not(format!("{name}: {}", system(&error))).hint("name a file that `audit checkpoint` made")
    })?;
    text.parse().map_err(|fault| {
        Failure::could_not(format!("{name}: {fault}"))
            .hint("give the file as `audit checkpoint` made it; what is on paper goes with --head")
    })
}

/// A verdict, and what the witnesses are called.
pub struct Report<'a> {
    pub verdict: &'a Verdict,
    pub names: &'a [String],
    pub checkpoints: &'a [Checkpoint],
    pub heads: &'a [NotedHead],
}

impl Report<'_> {
    pub fn text(&self) -> String {
        let Self { verdict, names, checkpoints, heads } = self;
        let audit = &verdict.audit;
        let mut text = if verdict.is_sound() {
            format!("Sound: {}\n", self.looked_at())
        } else {
            format!("NOT SOUND: {}; looked at {}\n", counted(verdict.findings(), "finding"), self.looked_at())
        };
        // Writing to a String does not fail.
        for finding in &audit.findings.listed {
            let _ = writeln!(text, "  {}", visible(&finding.to_string()));
        }
        if audit.findings.more > 0 {
            let _ = writeln!(text, "  and {} more", audit.findings.more);
        }
        for ((name, checkpoint), contradiction) in names.iter().zip(*checkpoints).zip(&verdict.checkpoints) {
            let Checkpoint { events, day, key, .. } = checkpoint;
            let name = visible(name);
            let _ = match contradiction {
                None => writeln!(text, "{name}: it holds, {} to {day}", counted(*events, "event")),
                Some(why) => {
                    writeln!(text, "  {name}: {}{}", against(*why, *events, key), self.restored(*why, *events))
                }
            };
        }
        for (head, contradiction) in heads.iter().zip(&verdict.heads) {
            let _ = match contradiction {
                None => writeln!(text, "{head}: it holds"),
                Some(why @ Contradiction::Shorter) => {
                    writeln!(text, "  {head}: {}{}", shorter(head.events), self.restored(*why, head.events))
                }
                Some(why) => writeln!(text, "  {head}: {}{}", other(head.events), self.restored(*why, head.events)),
            };
        }
        if let Some(head) = audit.head {
            let _ = writeln!(text, "head {}", NotedHead::of(head.sequence, &head.link));
        }
        text
    }

    /// What the book says of why it contradicts a witness of what was there before.
    fn restored(&self, why: Contradiction, events: u64) -> String {
        let lost = matches!(why, Contradiction::Shorter | Contradiction::Other);
        match &self.verdict.restored {
            Some(PutBack { event, day, operator }) if lost && events >= *event => format!(
                ";\n    a backup was put back at event {event}, on {day} by {operator}: this may be of what was after it"
            ),
            _ => String::new(),
        }
    }

    fn looked_at(&self) -> String {
        let countersign::ledger::Audit { events, rows, codes, .. } = &self.verdict.audit;
        let [events, rows, codes] = [(events, "event"), (rows, "row"), (codes, "code")].map(|(n, it)| counted(*n, it));
        format!("{events}, {rows}, {codes}")
    }
}

fn against(why: Contradiction, events: u64, key: &PublicKey) -> String {
    match why {
        Contradiction::OtherDesk => "it is of another desk".to_owned(),
        Contradiction::UnknownKey => format!("the ledger does not know key {key}; if you do, give it as --ledger-key"),
        Contradiction::BadSignature => format!("key {key} has not signed it"),
        Contradiction::Shorter => shorter(events),
        Contradiction::Other => other(events),
    }
}

fn shorter(events: u64) -> String {
    format!("event {events} is not in it: its end was cut off, or an old copy put back")
}

fn other(events: u64) -> String {
    format!("event {events} is another one: what was written up to there was written anew")
}

#[derive(Serialize)]
pub struct VerdictJson {
    sound: bool,
    events: u64,
    rows: u64,
    codes: u64,
    head: Option<HeadJson>,
    findings: Vec<FindingJson>,
    more: u64,
    checkpoints: Vec<WitnessJson>,
    heads: Vec<WitnessJson>,
}

#[derive(Serialize)]
pub struct HeadJson {
    events: u64,
    link: String,
}

#[derive(Serialize)]
struct FindingJson {
    finding: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Serialize)]
struct WitnessJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    events: u64,
    finding: Option<&'static str>,
}

impl HeadJson {
    pub fn of(head: &countersign::ledger::Head) -> Self {
        Self { events: head.sequence, link: Hex(&head.link).to_string() }
    }
}

impl From<&Finding> for FindingJson {
    fn from(finding: &Finding) -> Self {
        Self {
            finding: finding.name(),
            text: finding.to_string(),
            table: finding.row().map(|row| row.table.name()),
            key: finding.row().map(|row| row.key.clone()),
        }
    }
}

impl VerdictJson {
    pub fn of(report: &Report<'_>) -> Self {
        let Report { verdict, names, checkpoints, heads } = *report;
        let audit = &verdict.audit;
        let name = |why: &Option<Contradiction>| why.map(Contradiction::name);
        let checkpoints = names.iter().zip(checkpoints).zip(&verdict.checkpoints);
        let heads = heads.iter().zip(&verdict.heads);
        Self {
            sound: verdict.is_sound(),
            events: audit.events,
            rows: audit.rows,
            codes: audit.codes,
            head: audit.head.as_ref().map(HeadJson::of),
            findings: audit.findings.listed.iter().map(FindingJson::from).collect(),
            more: audit.findings.more,
            checkpoints: checkpoints
                .map(|((file, it), why)| WitnessJson {
                    file: Some(file.clone()),
                    events: it.events,
                    finding: name(why),
                })
                .collect(),
            heads: heads.map(|(it, why)| WitnessJson { file: None, events: it.events, finding: name(why) }).collect(),
        }
    }
}

#[derive(Serialize)]
struct CheckpointJson {
    events: u64,
    day: String,
    link: String,
    key: String,
    noted: String,
    checkpoint: String,
}

fn checkpoint(context: &Context, arguments: &CheckpointArguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.output {
        refuse_early(path)?;
    }
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::KeepBook)?;
    let passphrase = context.passphrase.existing("the ledger key, which is that of the issuing key")?;
    let key = if arguments.new_key {
        context.folder.new_ledger_key(&passphrase)?
    } else {
        context.folder.ledger_key(&mut ledger, &passphrase)?
    };
    drop(passphrase);
    let checkpoint = desk::sign_checkpoint(&mut ledger, &session, &key, &watch("checking"))?;
    drop(key);
    let text = checkpoint.to_string();
    if let Some(path) = &arguments.output {
        new_file(path, &mut text.as_bytes())?;
    }
    let noted = checkpoint.noted();
    if context.json {
        return print::json(&CheckpointJson {
            events: checkpoint.events,
            day: checkpoint.day.to_string(),
            link: Hex(&checkpoint.link).to_string(),
            key: checkpoint.key.to_string(),
            noted: noted.to_string(),
            checkpoint: text,
        });
    }
    match &arguments.output {
        Some(path) => print::result(&format!(
            "{}: {}, signed {}\non paper: {noted}\n",
            visible(&path.display().to_string()),
            counted(checkpoint.events, "event"),
            checkpoint.day
        )),
        None => {
            // Standard output has the checkpoint and nothing else, to be kept as a file.
            print::result(&text)?;
            complain("on paper", &noted, None);
            Ok(())
        }
    }
}
