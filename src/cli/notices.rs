//! `countersign notices`: customers hear that a license ends.

use super::Context;
use super::customer::warn_of_missing_many;
use super::failure::Failure;
use super::print::{self, Line, complain};
use super::printer::{Letter, PaperName, Printer, Saved, addressee, put, template_failure};
use activation_host::program::visible;
use clap::Subcommand;
use countersign::calendar::Term;
use countersign::desk::{self, NOTICE_THRESHOLDS, NoticeDue, Noticed, NoticesWanted, Session};
use countersign::documents::csv::Cell;
use countersign::documents::mail::Enclosure;
use countersign::documents::notice::Notice;
use countersign::ledger::{Ledger, NoticeRecord};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Write renewal notices, ready to be sent, and list those that were written
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Write(Write),
    List(List),
}

/// Write the notices that are due: a mail for each license that ends soon
#[derive(clap::Args)]
#[command(after_help = "\
A notice is written once for each license, last day and threshold: run it every day or every week.
It is a mail (.eml) with the last day as a calendar file; for a customer without e-mail address it is
a letter (.pdf). Licenses that were renewed, revoked, or are evaluations have none.

Examples:
  countersign notices write --into outbox
  countersign notices write --into outbox --within 60d --threshold 90 --threshold 30
  countersign notices write --preview --json")]
struct Write {
    /// The folder that they are written to, which is there
    #[arg(long, value_name = "FOLDER", required_unless_present = "preview")]
    into: Option<PathBuf>,
    /// Only of licenses that end within this time from today: 60d, 2m; without it, the largest threshold
    #[arg(long, value_name = "TERM")]
    within: Option<Term>,
    /// How many days ahead, 30 to 366; several times [default: 60 and 30]
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    threshold: Vec<u16>,
    /// Also those that were written before
    #[arg(long)]
    again: bool,
    /// Show which ones are due, and write nothing
    #[arg(long, conflicts_with = "into")]
    preview: bool,
    /// Their language, as in `de`, instead of the customer's
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Their paper
    #[arg(long, value_enum)]
    paper: Option<PaperName>,
}

/// List the notices that were written
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign notices list --csv > notices.csv")]
struct List {}

/// How many licenses are looked at in one transaction.
const PAGE: u32 = 1_000;

#[derive(Serialize)]
struct NoticeJson {
    license: u32,
    last: String,
    days_left: i32,
    threshold: u16,
    customer: u32,
    customer_name: String,
    /// On which day it was written before.
    #[serde(skip_serializing_if = "Option::is_none")]
    written_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl NoticeJson {
    fn of(session: &Session, due: &NoticeDue) -> Self {
        let owner = &due.listed.owner;
        Self {
            license: due.listed.license.number.get(),
            last: due.last().to_string(),
            days_left: due.last().days_after(session.today),
            threshold: due.threshold,
            customer: owner.number.get(),
            customer_name: owner.name.to_string(),
            written_before: due.before.map(|day| day.to_string()),
            file: None,
        }
    }
}

impl Line for NoticeJson {
    const HEADING: &'static [&'static str] = &["LAST", "DAYS LEFT", "LICENSE", "THRESHOLD", "FILE", "CUSTOMER"];
    const COLUMNS: &'static [&'static str] =
        &["last", "days_left", "license", "threshold", "file", "customer", "customer_name", "written_before"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.last.clone(),
            self.days_left.to_string(),
            self.license.to_string(),
            self.threshold.to_string(),
            self.file.clone().unwrap_or_else(|| "-".to_owned()),
            self.customer_name.clone(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.last.as_str().into(),
            self.days_left.into(),
            self.license.into(),
            self.threshold.into(),
            self.file.as_deref().into(),
            self.customer.into(),
            self.customer_name.as_str().into(),
            self.written_before.as_deref().into(),
        ]
    }
}

#[derive(Serialize)]
struct WrittenJson {
    day: String,
    license: u32,
    last: String,
    threshold: u16,
}

impl From<&NoticeRecord> for WrittenJson {
    fn from(record: &NoticeRecord) -> Self {
        Self {
            day: record.day.to_string(),
            license: record.license.get(),
            last: record.last.to_string(),
            threshold: record.threshold,
        }
    }
}

impl Line for WrittenJson {
    const HEADING: &'static [&'static str] = &["WRITTEN", "LICENSE", "LAST", "THRESHOLD"];
    const COLUMNS: &'static [&'static str] = &["day", "license", "last", "threshold"];

    fn cells(&self) -> Vec<String> {
        vec![self.day.clone(), self.license.to_string(), self.last.clone(), self.threshold.to_string()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![self.day.as_str().into(), self.license.into(), self.last.as_str().into(), self.threshold.into()]
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    match &arguments.command {
        Command::List(List {}) => list(context, &mut ledger),
        Command::Write(arguments) => write(context, &mut ledger, arguments),
    }
}

fn list(context: &Context, ledger: &mut Ledger) -> Result<(), Failure> {
    let mut last: Option<NoticeRecord> = None;
    let mut whole = true;
    let pages = std::iter::from_fn(move || {
        if !std::mem::take(&mut whole) {
            return None;
        }
        let page = desk::notices_written(ledger, last.as_ref(), PAGE);
        if let Ok(records) = &page {
            whole = records.len() == PAGE as usize;
            last = records.last().copied();
        }
        Some(page)
    });
    let lines = pages.flat_map(|page| match page {
        Ok(records) => records.iter().map(|record| Ok(WrittenJson::from(record))).collect(),
        Err(fault) => vec![Err(Failure::from(fault))],
    });
    print::list(context, lines)
}

fn write(context: &Context, ledger: &mut Ledger, arguments: &Write) -> Result<(), Failure> {
    let mut printer = Printer::new(context)?;
    if let Some(folder) = arguments.into.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::could_not(format!("{}: it is no folder that is there", folder.display()))
            .hint("make the folder first"));
    }
    let session = match arguments.preview {
        true => context.looking(ledger)?,
        false => context.session(ledger)?,
    };
    let thresholds =
        if arguments.threshold.is_empty() { NOTICE_THRESHOLDS.into() } else { arguments.threshold.clone() };
    let wanted =
        NoticesWanted { within: within(arguments, &session, &thresholds)?, thresholds, again: arguments.again };
    let (mut lines, mut incomplete, mut after) = (Vec::new(), BTreeSet::new(), None);
    loop {
        let page = desk::notices_due(ledger, &session, &wanted, after, PAGE)?;
        for due in &page.due {
            let file = match &arguments.into {
                Some(folder) => match one(&mut printer, ledger, &session, due, folder, arguments)? {
                    Some(file) => Some(file),
                    None => continue,
                },
                None => None,
            };
            let customer = due.listed.license.customer;
            if !desk::known_of(ledger, customer)?.missing().is_empty() {
                incomplete.insert(customer);
            }
            lines.push(NoticeJson { file, ..NoticeJson::of(&session, due) });
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    warn_of_missing_many(incomplete.len());
    if lines.is_empty() && !context.json && !context.csv {
        return print::result("no notice is due\n");
    }
    print::list(context, lines.into_iter().map(Ok))
}

fn within(arguments: &Write, session: &Session, thresholds: &[u16]) -> Result<u16, Failure> {
    let largest = thresholds.iter().copied().max().unwrap_or_default();
    let Some(term) = arguments.within else { return Ok(largest) };
    let tomorrow = session.today.plus_or_last(1);
    let last = term.last_day(tomorrow).unwrap_or(activation_code::Day::MAX);
    let days = u16::try_from(last.days_after(session.today)).unwrap_or(u16::MAX);
    Ok(days.min(largest))
}

/// Writes a notice and then records it: what is lost in between is written again. The file's name; `None`: somebody
/// else wrote it meanwhile, or there is no need of it any more.
fn one(
    printer: &mut Printer,
    ledger: &mut Ledger,
    session: &Session,
    due: &NoticeDue,
    folder: &Path,
    arguments: &Write,
) -> Result<Option<String>, Failure> {
    let entry = &due.listed.newest.entry;
    let paperwork = desk::paperwork(ledger, entry)?;
    let notice = Notice { paperwork: &paperwork, entry, threshold: due.threshold, day: session.today };
    let theirs = paperwork.reached.language.as_ref().map(|language| language.as_str());
    let document = notice.document(&printer.branding, arguments.language.as_deref().or(theirs));
    let document = document.map_err(|fault| template_failure("notice", &fault))?;
    let paper = printer.paper(arguments.paper);
    let id = format!("notice-{}-{}-{}", entry.terms.license, due.last(), due.threshold);
    let (name, contents) = match paperwork.reached.email_of(&paperwork.customer) {
        Some(_) => {
            let sender = printer.sender(&paperwork.contact)?;
            let to = addressee(&paperwork.customer, &paperwork.reached)?;
            let domain = sender.as_str().rsplit('@').next().unwrap_or_default();
            let calendar = notice.calendar_file(&printer.branding, &document.title, domain);
            let letter = Letter { vendor: (&paperwork.vendor, &paperwork.contact), to, day: session.today, id: &id };
            let enclosed =
                Enclosure { name: "last-day.ics", media_type: "text/calendar", contents: calendar.as_bytes() };
            (format!("{id}.eml"), printer.mail(&letter, &document, paper, &[enclosed])?)
        }
        None => (format!("{id}.pdf"), printer.pages(&document, paper)?),
    };
    if put(&folder.join(&name), &contents)? == Saved::Before {
        complain("note", &format!("{} was there before", visible(&name)), None);
    }
    match desk::record_notice(ledger, session, due) {
        Ok(Noticed::Now) => Ok(Some(name)),
        Ok(Noticed::Meanwhile) => {
            complain("note", &format!("{}: somebody else wrote it meanwhile", visible(&name)), None);
            Ok(None)
        }
        Err(fault) => Err(fault.into()),
    }
}
