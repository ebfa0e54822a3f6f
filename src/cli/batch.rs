//! `countersign batch`: many orders from a file.

mod lines;
mod report;
mod spool;

use super::certificate::{self, FolderOptions, NoAddress};
use super::failure::Failure;
use super::print::{complain, counted};
use super::printer::{Printer, Saved};
use super::progress::Progress;
use super::{Context, output};
use activation_host::program::{system, visible};
use clap::ValueEnum;
use countersign::desk::{self, Asked, Cells, Checked, Column, Done, Draft, Problem, Session};
use countersign::documents::ResultsFormat;
use countersign::documents::orders::{CsvHeader, LineFault, json_cells};
use countersign::ledger::Ledger;
use lines::{Lines, Text};
use report::Report;
use spool::{Kind, Record, Spool, problem_text};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// Carry out many orders from a file: all of them or none
#[derive(clap::Args)]
#[command(after_help = "\
The first line of CSV names the columns; JSON Lines have the same names:
  order     its reference, in every line: the same again gives the same code
  do        issue (if there is none), renew, downsize, add-units, upgrade or convert
  issue     customer product units from until|term [kind grace features holder test]
  renew     license until|term [units]       downsize  license until|term units request
  upgrade   license product [units until|term this_period_only]
  convert   license [units until|term]       add-units  license units [this_period_only]

Examples:
  countersign batch orders.csv --check
  countersign batch orders.csv --output codes.csv
  countersign batch orders.csv --output codes.csv --certificates ./certificates
  countersign batch orders.csv --output codes.csv --certificates ./mails --certificate-as eml")]
pub struct Arguments {
    /// The orders; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// How they are written; without it, the name's end says so
    #[arg(long, value_name = "csv|jsonl", hide_possible_values = true)]
    format: Option<Format>,
    /// Only say what is wrong; sign nothing
    #[arg(long)]
    check: bool,
    /// Leave out what cannot be done, and do the others
    #[arg(long)]
    skip_bad: bool,
    /// Write the results to a new file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print a certificate of each code into this folder, which is there
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    certificates: Option<PathBuf>,
    #[command(flatten)]
    forms: FolderOptions,
    /// How results are written; without it, --output's end says so
    #[arg(long, value_name = "csv|jsonl", hide_possible_values = true)]
    results: Option<Format>,
}

/// Customers that a sentence names.
const MOST_NAMED: usize = 20;

/// As what a file of lines is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Csv,
    Jsonl,
}

impl Format {
    /// As the end of its name says.
    pub fn of_name(path: &Path) -> Option<Self> {
        let end = path.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

impl From<Format> for ResultsFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::JsonLines,
        }
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.file;
    let format = arguments.format.or_else(|| Format::of_name(path)).ok_or_else(|| {
        Failure::could_not(format!("{}: the name ends in neither .csv nor .jsonl", path.display()))
            .hint("say how it is written with --format csv or --format jsonl")
    })?;
    if let Some(path) = &arguments.output {
        output::refuse_early(path)?;
    }
    if !arguments.forms.is_empty() && arguments.certificates.is_none() {
        return Err(Failure::could_not("--certificate-as says what a folder gets, and no folder is named")
            .hint("name one that is there with --certificates"));
    }
    let mut printer = None;
    if let Some(folder) = &arguments.certificates {
        if !folder.is_dir() {
            return Err(Failure::could_not(format!("{}: no folder is there", folder.display())).hint("make it first"));
        }
        printer = Some((Printer::new(context)?, folder));
    }
    let mut ledger = context.folder.ledger()?;
    if let Some((printer, _)) = &printer {
        arguments.forms.refuse_early(&mut ledger, printer)?;
    }
    let session = context.session(&mut ledger)?;
    let file = open(path)?;
    let mut desk = Desk { context, ledger: &mut ledger, session: &session };
    let checked = desk.check(file, &path.display().to_string(), format)?;
    let mut report = desk.look_at(&checked, arguments)?;
    if report.may_sign() {
        report.begin()?;
        desk.carry_out(&checked, &mut report)?;
    }
    let (signed, lines) = (report.may_sign(), report.lines);
    report.finish()?;
    match &mut printer {
        Some((printer, folder)) if signed => desk.print(&checked, lines, (printer, &arguments.forms), folder),
        _ => Ok(()),
    }
}

impl Arguments {
    fn results(&self, json: bool) -> ResultsFormat {
        let named = self.output.as_deref().and_then(Format::of_name);
        let usual = if json && self.output.is_none() { Format::Jsonl } else { Format::Csv };
        self.results.or(named).unwrap_or(usual).into()
    }
}

fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let opened = File::open(path).and_then(|file| {
        let metadata = file.metadata()?;
        Ok((Box::new(file) as Box<dyn Read>, metadata.is_file().then_some(metadata.len())))
    });
    opened.map_err(|error| {
        Failure::could_not(format!("{}: {}", path.display(), system(&error)))
            .hint("give the name of a file that this user may read, or - for standard input")
    })
}

/// Who works where.
struct Desk<'d> {
    context: &'d Context,
    ledger: &'d mut Ledger,
    session: &'d Session,
}

/// A line, before the ledger was asked.
struct Unchecked {
    line: u64,
    order: String,
    draft: Result<Draft, (Kind, String)>,
}

impl<'d> Desk<'d> {
    /// Reads all lines, and keeps what each asks for or what is wrong with it.
    fn check(
        &mut self,
        (input, size): (Box<dyn Read>, Option<u64>),
        name: &str,
        format: Format,
    ) -> Result<spool::Checked, Failure> {
        let cannot_read = |error: io::Error| {
            Failure::could_not(format!("{name}: {}", system(&error)))
                .hint("nothing was signed; run the same command again")
        };
        let folder = &self.context.folder;
        let no_room = |error: io::Error| folder.no_room(&error);
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, input));
        let begun = lines.begin().map_err(cannot_read)?;
        begun.map_err(|fault| Failure::could_not(format!("{name}: {fault}")).hint(fault.hint()))?;
        let header = match format {
            Format::Jsonl => None,
            Format::Csv => Some(header(name, lines.next().map_err(cannot_read)?)?),
        };
        let mut spool = Spool::new(folder.path()).map_err(no_room)?;
        let mut progress = Progress::new("checking", size);
        let mut chunk = Vec::new();
        loop {
            let line = lines.next().map_err(cannot_read)?;
            let last = line.is_none();
            if let Some((line, text)) = line
                && let Some((cells, draft)) = read(header.as_ref(), text)
            {
                let order = cells.get(Column::Order);
                let license = draft.as_ref().ok().and_then(Draft::license);
                spool.names(chunk.len(), line, order, license).map_err(no_room)?;
                let order = order.unwrap_or_default().to_owned();
                chunk.push(Unchecked { line, order, draft });
            }
            if chunk.len() == desk::CHUNK || last {
                let drafts = chunk.iter().filter_map(|line| line.draft.as_ref().ok());
                let checked = desk::check_orders(self.ledger, self.session, drafts)?;
                add(&mut spool, &mut chunk, checked).map_err(no_room)?;
                progress.at(lines.bytes());
            }
            if last {
                return spool.finish().map_err(no_room);
            }
        }
    }

    /// Counts what was found.
    fn look_at<'r>(&mut self, checked: &spool::Checked, arguments: &'r Arguments) -> Result<Report<'r>, Failure>
    where
        'd: 'r,
    {
        let no_room = |error: io::Error| self.context.folder.no_room(&error);
        let mut report = Report::new(self.context, arguments, desk::stolen_issuers(self.ledger)?)?;
        for record in checked.records() {
            report.found(&record.map_err(no_room)?)?;
        }
        Ok(report)
    }

    /// Signs what is new, and gives out again what was done before.
    fn carry_out(&mut self, checked: &spool::Checked, report: &mut Report<'_>) -> Result<(), Failure> {
        let folder = &self.context.folder;
        let no_room = |error: io::Error| folder.no_room(&error);
        let new = report.new;
        let mut progress = Progress::new("signing", Some(report.lines));
        let mut results = checked.records();
        let mut done = |done: Done| {
            for record in results.by_ref() {
                let record = record.map_err(no_room)?;
                progress.at(record.line);
                if !record.kind.is_bad() {
                    return report.done(&record, &done);
                }
                report.skipped(&record)?;
            }
            Ok(())
        };
        let orders = checked.records().filter_map(|record| match record {
            Ok(record) if record.kind.is_bad() => None,
            Ok(record) => Some(Asked::from_text(&record.text).map_err(Failure::from)),
            Err(error) => Some(Err(no_room(error))),
        });
        if new == 0 {
            for asked in orders {
                let codes = desk::codes_for_order(self.ledger, &asked?)?;
                done(Done::Before(codes))?;
            }
        } else {
            let passphrase = self.context.passphrase.existing("the issuing key")?;
            let signer = folder.signer(self.ledger, &passphrase)?;
            drop(passphrase);
            // One more than there are cores: one of them waits for the disk now and then.
            let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN).saturating_add(1);
            desk::carry_out_orders(self.ledger, self.session, &signer, threads, orders, done)?;
        }
        for record in results {
            report.skipped(&record.map_err(no_room)?)?;
        }
        Ok(())
    }
}

impl Desk<'_> {
    /// Prints a certificate of each code. All of them are in the ledger by now, so that a broken run goes on where
    /// it was: certificates that are there stay.
    fn print(
        &mut self,
        checked: &spool::Checked,
        lines: u64,
        (printer, forms): (&mut Printer, &FolderOptions),
        folder: &Path,
    ) -> Result<(), Failure> {
        let mut progress = Progress::new("printing", Some(lines));
        let (mut written, mut before) = (0, 0);
        let (mut missing, mut without_address) = (0, BTreeSet::new());
        for record in checked.records() {
            let record = record.map_err(|error| self.context.folder.no_room(&error))?;
            progress.at(record.line);
            if record.kind.is_bad() {
                continue;
            }
            for issued in desk::codes_for_order(self.ledger, &Asked::from_text(&record.text)?)? {
                for saved in certificate::save_into(printer, self.ledger, &issued, folder, forms)? {
                    match saved {
                        Ok(Saved::New) => written += 1,
                        Ok(Saved::Before) => before += 1,
                        Err(NoAddress(customer)) => {
                            missing += 1;
                            without_address.insert(customer);
                        }
                    }
                }
            }
        }
        drop(progress);
        let before = if before > 0 { format!(", {before} were there before") } else { String::new() };
        let folder = visible(&folder.display().to_string());
        complain("written", &format!("{} to {folder}{before}", counted(written, "certificate")), None);
        if missing == 0 {
            return Ok(());
        }
        let customers: Vec<_> = without_address.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        let more = match without_address.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (mails, customers) = (counted(missing, "mail"), customers.join(", "));
        let sentence = format!("{mails} not written: without an e-mail address are customers {customers}{more}");
        Err(Failure::no(sentence).hint("`countersign customer change N --email ADDRESS`, then the same batch again"))
    }
}

fn header(name: &str, line: Option<(u64, Text<'_>)>) -> Result<CsvHeader, Failure> {
    let fail = |fault: &dyn std::fmt::Display| Failure::could_not(format!("{name}: line 1: {fault}"));
    let text = match line {
        Some((_, Text::Whole(text))) => text,
        Some((_, Text::TooLong)) => return Err(fail(&LineFault::TooLong).hint(NAMES_HINT)),
        None => b"",
    };
    CsvHeader::read(text).map_err(|fault| {
        let semicolons = text.contains(&b';') && !text.contains(&b',');
        fail(&fault).hint(if semicolons {
            "save it with commas between the columns, not semicolons"
        } else {
            NAMES_HINT
        })
    })
}

/// The cells of a line, and what they ask for or what is wrong with them.
type ReadLine<'t> = (Cells<'t>, Result<Draft, (Kind, String)>);

const NAMES_HINT: &str = "the first line names the columns: `countersign batch --help` shows them";

/// What a line says, and what it asks for; `None` for an empty line.
fn read<'t>(header: Option<&CsvHeader>, text: Text<'t>) -> Option<ReadLine<'t>> {
    let cells = match (text, header) {
        (Text::TooLong, _) => Err(LineFault::TooLong),
        (Text::Whole(text), Some(header)) => header.cells(text),
        (Text::Whole(text), None) => json_cells(text),
    };
    match cells {
        Ok(cells) => {
            let cells = cells?;
            let draft = Draft::read(&cells).map_err(|problems| {
                let refused = problems.iter().all(Problem::is_refusal);
                (if refused { Kind::Refused } else { Kind::Unreadable }, texts(&problems))
            });
            Some((cells, draft))
        }
        Err(fault) => Some((Cells::default(), Err((Kind::Unreadable, fault.to_string())))),
    }
}

fn texts(problems: &[Problem]) -> String {
    problems.iter().map(problem_text).collect::<Vec<_>>().join("; ")
}

/// Keeps a chunk of lines: what was checked belongs to those that could be read, in their order.
fn add(spool: &mut Spool, chunk: &mut Vec<Unchecked>, checked: Vec<Checked>) -> io::Result<()> {
    let mut checked = checked.into_iter();
    for Unchecked { line, order, draft } in chunk.drain(..) {
        let (kind, text) = match draft {
            Err(problem) => problem,
            Ok(_) => match checked.next() {
                Some(Checked::New(asked)) => (Kind::New, asked.to_text()),
                Some(Checked::Before(asked)) => (Kind::Before, asked.to_text()),
                Some(Checked::Bad(problems)) => (Kind::Refused, texts(&problems)),
                None => break,
            },
        };
        spool.add(&Record { line, kind, order, text })?;
    }
    Ok(())
}
