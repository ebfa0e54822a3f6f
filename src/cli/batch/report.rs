//! What became of the lines of a batch: for people, and as a file of results.

use super::super::print::complain;
use super::Arguments;
use super::spool::{Kind, Record, problem_text};
use crate::cli::failure::Failure;
use crate::cli::{Context, PROGRAM, output, print};
use activation_code::IssuerNumber;
use activation_host::program::{Exit, visible};
use countersign::desk::{Done, Problem};
use countersign::documents::{ResultCode, ResultLine, ResultsWriter};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, IsTerminal, Seek, SeekFrom};

/// Lines with problems that are shown; a file can have a million.
const SHOWN: usize = 100;

/// What became of the lines so far.
pub struct Report<'r> {
    context: &'r Context,
    arguments: &'r Arguments,
    /// How many there are.
    pub lines: u64,
    /// How many the desk has not seen before.
    pub new: u64,
    issued: u64,
    before: u64,
    bad: u64,
    /// Those of the bad that could not even be read.
    unreadable: u64,
    /// The first of the bad.
    shown: Vec<(u64, String)>,
    /// Whether it was carried out.
    began: bool,
    /// Keys that were stolen.
    stolen: Vec<IssuerNumber>,
    /// Codes of these among the results.
    void: u64,
    results: ResultsWriter<BufWriter<File>>,
}

#[derive(Serialize)]
struct CountsJson {
    lines: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<u64>,
    before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u64>,
}

impl<'r> Report<'r> {
    /// Results wait in a file without a name until they are whole.
    pub fn new(context: &'r Context, arguments: &'r Arguments, stolen: Vec<IssuerNumber>) -> Result<Self, Failure> {
        let file = tempfile::tempfile_in(context.folder.path());
        let results = file.and_then(|file| {
            let file = BufWriter::with_capacity(1 << 16, file);
            ResultsWriter::new(arguments.results(context.json), file)
        });
        Ok(Self {
            context,
            arguments,
            lines: 0,
            new: 0,
            issued: 0,
            before: 0,
            bad: 0,
            unreadable: 0,
            shown: Vec::new(),
            began: false,
            stolen,
            void: 0,
            results: results.map_err(|error| context.folder.no_room(&error))?,
        })
    }

    fn write(&mut self, line: &ResultLine<'_>) -> Result<(), Failure> {
        self.results.write(line).map_err(|error| self.context.folder.no_room(&error))
    }

    fn bad(&mut self, line: u64, text: &str) {
        self.bad += 1;
        if self.shown.len() < SHOWN {
            self.shown.push((line, text.to_owned()));
        }
    }

    /// Counts a line that was checked. In a check that is its result.
    pub fn found(&mut self, record: &Record) -> Result<(), Failure> {
        self.lines += 1;
        match record.kind {
            Kind::New => self.new += 1,
            Kind::Before => self.before += 1,
            Kind::Refused => self.bad(record.line, &record.text),
            Kind::Unreadable => {
                self.unreadable += 1;
                self.bad(record.line, &record.text);
            }
        }
        match (self.arguments.check, record.kind) {
            (false, _) => Ok(()),
            (true, Kind::New) => self.write(&ResultLine { state: "new", ..line(record) }),
            (true, Kind::Before) => self.write(&ResultLine { state: "before", ..line(record) }),
            (true, Kind::Refused | Kind::Unreadable) => self.skipped(record),
        }
    }

    /// Writes that a line was left out.
    pub fn skipped(&mut self, record: &Record) -> Result<(), Failure> {
        // What is wrong with it may be what a terminal would obey.
        let order = visible(&record.order);
        let order = Some(order.as_str()).filter(|order| !order.is_empty());
        self.write(&ResultLine { state: "skipped", problem: Some(&record.text), order, ..line(record) })
    }

    /// Writes what became of an order.
    pub fn done(&mut self, record: &Record, done: &Done) -> Result<(), Failure> {
        let (state, codes) = match done {
            Done::Issued(codes) => {
                self.issued += 1;
                ("issued", codes)
            }
            Done::Before(codes) => {
                // Counted when it was checked, unless somebody else did the order since then.
                self.before += u64::from(record.kind == Kind::New);
                ("before", codes)
            }
            Done::Refused(refused) => {
                let text = problem_text(&Problem::from(refused.clone()));
                self.bad(record.line, &text);
                return self.write(&ResultLine { state: "skipped", problem: Some(&text), ..line(record) });
            }
        };
        for code in codes {
            self.void += u64::from(self.stolen.contains(&code.entry.terms.issuer));
            self.write(&ResultLine { state, code: Some(ResultCode::from(code)), ..line(record) })?;
        }
        Ok(())
    }

    /// Whether all lines can be done, or those that cannot may be left out.
    pub fn may_sign(&self) -> bool {
        !self.arguments.check && (self.bad == 0 || self.arguments.skip_bad)
    }

    /// Asks whether it shall be signed.
    pub fn begin(&mut self) -> Result<(), Failure> {
        if self.new > 0 && !self.context.yes && io::stdin().is_terminal() {
            let bad = if self.bad == 0 { String::new() } else { format!(", {} cannot be done", self.bad) };
            let (lines, new, before) = (many(self.lines), self.new, self.before);
            let question = format!("{lines}: {new} new, {before} done before{bad}.\nSign {new}? [y/N] ");
            print::confirm(&question, "not signed, and no number was used")?;
        }
        self.began = true;
        Ok(())
    }

    /// Gives out the results, and says how it went.
    pub fn finish(self) -> Result<(), Failure> {
        if self.arguments.check {
            return self.finish_check();
        }
        if !self.began {
            let hint = "correct them, or do the others with --skip-bad; --check --output FILE lists all of them";
            return Err(self.failure(", and nothing was signed", hint));
        }
        let Self { context, lines, issued, before, bad, void, .. } = self;
        if void > 0 {
            let what = format!("{} made before, signed by a stolen key", print::counted(void, "code"));
            complain("warning", &what, Some("give out what `countersign reprint LICENSE` prints instead"));
        }
        let counts = CountsJson { lines, new: None, issued: Some(issued), before, skipped: Some(bad) };
        let skipped = if bad == 0 { String::new() } else { format!(", {bad} skipped") };
        let sentence = format!("{}: {issued} issued, {before} done before{skipped}", many(lines));
        let failure = self.failure("; the others are done", "correct them, and run the same command again");
        match &self.arguments.output {
            Some(path) => {
                output::new_file(path, &mut self.whole()?)?;
                match context.json {
                    true => print::json(&counts)?,
                    false => print::result(&visible(&format!("{}: {sentence}\n", path.display())))?,
                }
            }
            None => {
                print::copy(&mut self.whole()?)?;
                complain(PROGRAM, &sentence, None);
            }
        }
        if bad == 0 { Ok(()) } else { Err(failure) }
    }

    fn finish_check(self) -> Result<(), Failure> {
        let Self { context, lines, new, before, bad, .. } = self;
        let failure = self.failure("", "correct them, or leave them out with --skip-bad");
        if let Some(path) = &self.arguments.output {
            output::new_file(path, &mut self.whole()?)?;
        }
        match (bad, context.json) {
            (0, true) => print::json(&CountsJson { lines, new: Some(new), issued: None, before, skipped: None }),
            (0, false) => print::result(&format!("{}: {new} new, {before} done before\n", many(lines))),
            _ => Err(failure),
        }
    }

    /// The results, from the first byte on.
    fn whole(self) -> Result<File, Failure> {
        let file = self.results.finish().and_then(|file| file.into_inner().map_err(IntoInnerError::into_error));
        let file = file.and_then(|mut file| file.seek(SeekFrom::Start(0)).map(|_| file));
        file.map_err(|error| self.context.folder.no_room(&error))
    }

    fn failure(&self, what: &str, hint: &str) -> Failure {
        let mut shown = self.shown.clone();
        // What somebody else made bad was found last.
        shown.sort_by_key(|(line, _)| *line);
        let mut sentence = format!("{} of {} cannot be done{what}", self.bad, many(self.lines));
        for (line, text) in &shown {
            sentence.push_str(&format!("\nline {line}: {text}"));
        }
        let more = self.bad - shown.len() as u64;
        if more > 0 {
            sentence.push_str(&format!("\nand {more} more"));
        }
        // Lines that were left out on purpose were understood well enough.
        let exit = if self.unreadable > 0 && !self.began { Exit::CouldNot } else { Exit::No };
        Failure { sentence, hint: Some(hint.to_owned()), exit }
    }
}

fn many(orders: u64) -> String {
    if orders == 1 { "1 order".to_owned() } else { format!("{orders} orders") }
}

fn line(record: &Record) -> ResultLine<'_> {
    let order = Some(record.order.as_str()).filter(|order| !order.is_empty());
    ResultLine { line: record.line, order, ..ResultLine::default() }
}
