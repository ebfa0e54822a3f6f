//! Results, as JSON and for people.

use super::failure::Failure;
use activation_host::json::{CodeJson, IssuerJson, TermsJson};
use activation_host::program;
use countersign::desk::Issued;
use serde::Serialize;
use std::io::{self, Read, Write};

/// Writes a result to standard output, whole or not at all.
pub fn result(text: &str) -> Result<(), Failure> {
    program::print(text).map_err(|error| {
        Failure::could_not(format!("cannot write the result: {}", program::system(&error)))
            .hint("nothing is lost: `countersign list` and `countersign show` print it again")
    })
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
    result(&program::json_text(value))
}

/// Asks a question that only yes answers; anything else is a refusal, and `no` says what did not happen.
pub fn confirm(question: &str, no: &str) -> Result<(), Failure> {
    let mut answer = String::new();
    let asked = io::stderr().write_all(question.as_bytes()).and_then(|()| io::stdin().read_line(&mut answer));
    asked.map_err(|error| {
        Failure::could_not(format!("cannot ask: {}", program::system(&error)))
            .hint("use --yes to sign without a question")
    })?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::no(no)),
    }
}

/// A code, as every command prints it that makes or shows one.
#[derive(Serialize)]
pub struct IssuedJson {
    license: u32,
    revision: u16,
    issuer: IssuerJson,
    terms: TermsJson,
    code: CodeJson,
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
        }
    }
}

/// Lines of columns, as wide as their widest; the last column may be anything.
pub fn table(heading: &[&str], lines: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(ToString::to_string).collect();
    let all = || std::iter::once(&heading).chain(lines);
    let width = |column: usize| all().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let mut text = String::new();
    for line in all() {
        let mut cells = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = if column + 1 == line.len() { 0 } else { width(column).unwrap_or(0) + 2 };
            cells.push_str(&format!("{cell:width$}"));
        }
        // The last cell may be empty.
        text.push_str(cells.trim_end());
        text.push('\n');
    }
    text
}
