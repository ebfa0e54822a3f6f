//! Results: for people, as JSON, and lists as CSV.

use super::Context;
use super::failure::Failure;
use activation_host::json::{CodeJson, IssuerJson, TermsJson};
use activation_host::program;
use countersign::desk::Issued;
use countersign::documents::csv::{Cell, Table};
use countersign::ledger::LicenseRecord;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{Display, Write as _};
use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// What every line for people begins with at a desk for testing.
const MARK: &str = "TEST";

/// Whether the desk is for testing.
static FOR_TESTING: AtomicBool = AtomicBool::new(false);

/// From here on nothing that is printed can be taken for the work of a real desk.
pub fn mark_as_testing() {
    FOR_TESTING.store(true, Ordering::Relaxed);
}

fn marked(text: &str) -> Cow<'_, str> {
    if !FOR_TESTING.load(Ordering::Relaxed) {
        return text.into();
    }
    let mark = |line: &str| if line == "\n" { format!("{MARK}\n") } else { format!("{MARK} {line}") };
    text.split_inclusive('\n').map(mark).collect::<String>().into()
}

/// `program: what`, and on the next line a hint if there is one, to standard error.
pub fn complain(program: &str, what: &dyn Display, hint: Option<&str>) {
    let sentence = program::complaint(program, what, hint);
    // Where standard error is gone there is nobody left to tell.
    let _ = io::stderr().write_all(marked(&sentence).as_bytes());
}

/// Writes a result to standard output, whole or not at all.
pub fn result(text: &str) -> Result<(), Failure> {
    program::print(&marked(text)).map_err(cannot_write)
}

/// The same of what a program reads, or a camera: its lines stay as they are.
pub fn plain(text: &str) -> Result<(), Failure> {
    say_if_testing();
    program::print(text).map_err(cannot_write)
}

fn say_if_testing() {
    if FOR_TESTING.load(Ordering::Relaxed) {
        complain("note", &"this desk is for testing only", None);
    }
}

fn cannot_write(error: io::Error) -> Failure {
    Failure::could_not(format!("cannot write the result: {}", program::system(&error)))
        .hint("nothing is lost: `countersign list` and `countersign show` print it again")
}

/// Writes a result that is in a file.
pub fn copy(file: &mut impl Read) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    io::copy(file, &mut out).and_then(|_| out.flush()).map_err(|error| {
        Failure::could_not(format!("cannot write the result: {}", program::system(&error)))
            .hint("nothing is lost: the same command writes it again")
    })
}

/// Writes a result as JSON.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    plain(&program::json_text(value))
}

/// Asks a question that only yes answers; anything else is a refusal, and `no` says what did not happen.
pub fn confirm(question: &str, no: &str) -> Result<(), Failure> {
    match ask(question, "use --yes to sign without a question")?.as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::no(no)),
    }
}

/// Asks a question, and gives the answer in small letters. `hint`: what to do where nobody can be asked.
pub fn ask(question: &str, hint: &str) -> Result<String, Failure> {
    let mut answer = String::new();
    let asked = io::stderr().write_all(marked(question).as_bytes()).and_then(|()| io::stdin().read_line(&mut answer));
    asked.map_err(|error| Failure::could_not(format!("cannot ask: {}", program::system(&error))).hint(hint))?;
    Ok(answer.trim().to_ascii_lowercase())
}

/// A code, as every command prints it that makes or shows one.
#[derive(Serialize)]
pub struct IssuedJson {
    license: u32,
    revision: u16,
    issuer: IssuerJson,
    terms: TermsJson,
    code: CodeJson,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
}

impl IssuedJson {
    /// Of a license that may have been revoked since.
    pub fn of(license: &LicenseRecord, issued: &Issued) -> Self {
        Self { revoked: license.revokes(issued.entry.terms.revision), ..issued.into() }
    }
}

impl From<&Issued> for IssuedJson {
    fn from(issued: &Issued) -> Self {
        let terms = issued.license.terms();
        Self {
            license: terms.license.get(),
            revision: terms.revision.get(),
            issuer: issued.license.issuer().into(),
            terms: terms.into(),
            code: issued.license.code().into(),
            revoked: false,
        }
    }
}

/// A number of things: `1 code`, `2 codes`.
pub fn counted(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{end}")
}

/// Lines of columns, as wide as their widest; the last column may be anything.
pub fn table(heading: &[&str], lines: &[Vec<String>]) -> String {
    let mut columns = Columns::default();
    let heading = heading.iter().map(ToString::to_string).collect();
    columns.lines(&std::iter::once(heading).chain(lines.iter().cloned()).collect::<Vec<_>>())
}

/// How wide the columns of a table are; they become wider, never narrower.
#[derive(Default)]
struct Columns(Vec<usize>);

impl Columns {
    fn lines(&mut self, lines: &[Vec<String>]) -> String {
        for line in lines {
            self.0.resize(self.0.len().max(line.len()), 0);
            for (width, cell) in self.0.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for line in lines {
            for (cell, width) in line.iter().zip(&self.0) {
                // Writing to a String does not fail.
                let _ = write!(text, "{cell:width$}", width = width + 2);
            }
            // The last cell is as wide as it is, and may be empty.
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}

/// A line of a list: an object of the JSON array, a line of the table, a line of the CSV.
pub trait Line: Serialize {
    /// Of the table's columns.
    const HEADING: &'static [&'static str];
    /// Of the CSV's columns: names of the JSON.
    const COLUMNS: &'static [&'static str];

    /// The table's cells.
    fn cells(&self) -> Vec<String>;

    /// The CSV's cells.
    fn record(&self) -> Vec<Cell>;
}

/// How many lines of a table are looked at for the widths of its columns, before they are written.
const TABLE_PAGE: usize = 1_000;

/// A list of up to so many bytes appears whole or not at all; a longer one is written as it is read.
const WHOLE: usize = 1 << 20;

/// Writes a list: it may be longer than memory.
pub fn list<L: Line>(context: &Context, lines: impl IntoIterator<Item = Result<L, Failure>>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(WHOLE, io::stdout().lock());
    let lines = lines.into_iter();
    if context.json || context.csv {
        say_if_testing();
    }
    let written = if context.json {
        write_array(&mut out, lines)
    } else if context.csv {
        write_csv(&mut out, lines)
    } else {
        write_table(&mut out, lines)
    };
    let written = written.and_then(|()| out.flush().map_err(cannot_write));
    // Dropped, it would try once more to write what has failed.
    let _ = out.into_parts();
    written
}

fn write_table<L: Line>(out: &mut impl Write, lines: impl Iterator<Item = Result<L, Failure>>) -> Result<(), Failure> {
    let mut columns = Columns::default();
    let mut page = vec![L::HEADING.iter().map(ToString::to_string).collect()];
    for line in lines {
        page.push(line?.cells());
        if page.len() >= TABLE_PAGE {
            out.write_all(marked(&columns.lines(&page)).as_bytes()).map_err(cannot_write)?;
            page.clear();
        }
    }
    out.write_all(marked(&columns.lines(&page)).as_bytes()).map_err(cannot_write)
}

fn write_csv<L: Line>(out: &mut impl Write, lines: impl Iterator<Item = Result<L, Failure>>) -> Result<(), Failure> {
    let mut table = Table::new(out, L::COLUMNS).map_err(cannot_write)?;
    for line in lines {
        table.line(&line?.record()).map_err(cannot_write)?;
    }
    table.finish().map_err(cannot_write)
}

/// Lines that serialise as they come, until one fails.
struct Array<I> {
    lines: RefCell<I>,
    failure: RefCell<Option<Failure>>,
}

impl<L: Serialize, I: Iterator<Item = Result<L, Failure>>> Serialize for Array<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for line in &mut *self.lines.borrow_mut() {
            match line {
                Ok(line) => array.serialize_element(&line)?,
                Err(failure) => {
                    *self.failure.borrow_mut() = Some(failure);
                    break;
                }
            }
        }
        array.end()
    }
}

fn write_array<L: Serialize>(
    out: &mut impl Write,
    lines: impl Iterator<Item = Result<L, Failure>>,
) -> Result<(), Failure> {
    let array = Array { lines: RefCell::new(lines), failure: RefCell::default() };
    let written = serde_json::to_writer_pretty(&mut *out, &array);
    if let Some(failure) = array.failure.into_inner() {
        return Err(failure);
    }
    written.map_err(io::Error::from).and_then(|()| out.write_all(b"\n")).map_err(cannot_write)
}
