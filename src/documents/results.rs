//! What became of the orders of a batch, as CSV or JSON Lines.

use super::csv::cell;
use crate::desk::Issued;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// What became of one line. A line that made several codes has one of these for each.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResultLine<'r> {
    /// Its number in the file of orders, from 1.
    pub line: u64,
    /// The order's reference, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<&'r str>,
    /// `issued`, `before`, `skipped`; in a check `new`.
    pub state: &'static str,
    /// The code and what it says.
    #[serde(flatten)]
    pub code: Option<ResultCode>,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'r str>,
}

/// A code among results.
#[derive(Clone, Debug, Serialize)]
pub struct ResultCode {
    license: u32,
    revision: u16,
    product: u16,
    units: u32,
    kind: &'static str,
    first: String,
    last: String,
    issued: String,
    code: String,
}

impl From<&Issued> for ResultCode {
    /// The days are the true ones, which a code cannot always carry.
    fn from(Issued { entry, license }: &Issued) -> Self {
        let terms = &entry.terms;
        Self {
            license: terms.license.get(),
            revision: terms.revision.get(),
            product: terms.product.get(),
            units: terms.units.get(),
            kind: terms.kind.name(),
            first: entry.period.first().to_string(),
            last: entry.period.last().to_string(),
            issued: terms.issued.to_string(),
            code: license.code().transport(),
        }
    }
}

/// As what results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultsFormat {
    /// Comma-separated, under a line of names.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// Writes results, a line at a time.
#[derive(Debug)]
pub struct ResultsWriter<W: Write> {
    form: Form<W>,
}

#[derive(Debug)]
enum Form<W: Write> {
    Csv(Box<csv::Writer<W>>),
    JsonLines(W),
}

const NAMES: [&str; 13] = [
    "line", "order", "state", "license", "revision", "product", "units", "kind", "first", "last", "issued", "code",
    "problem",
];

impl<W: Write> ResultsWriter<W> {
    /// Begins; CSV with its names.
    ///
    /// # Errors
    /// What the system says, as everywhere here.
    pub fn new(format: ResultsFormat, to: W) -> io::Result<Self> {
        let form = match format {
            ResultsFormat::Csv => {
                let mut writer = csv::Writer::from_writer(to);
                writer.write_record(NAMES)?;
                Form::Csv(Box::new(writer))
            }
            ResultsFormat::JsonLines => Form::JsonLines(to),
        };
        Ok(Self { form })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&mut self, result: &ResultLine<'_>) -> io::Result<()> {
        match &mut self.form {
            Form::Csv(writer) => {
                let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
                let code = result.code.as_ref();
                let text = |field: fn(&ResultCode) -> &str| code.map(field).unwrap_or_default();
                let plain = |text| Cow::Owned(text);
                writer.write_record(
                    [
                        plain(result.line.to_string()),
                        cell(result.order.unwrap_or_default()),
                        Cow::Borrowed(result.state),
                        plain(number(code.map(|code| code.license))),
                        plain(number(code.map(|code| code.revision.into()))),
                        plain(number(code.map(|code| code.product.into()))),
                        plain(number(code.map(|code| code.units))),
                        Cow::Borrowed(text(|code| code.kind)),
                        Cow::Borrowed(text(|code| &code.first)),
                        Cow::Borrowed(text(|code| &code.last)),
                        Cow::Borrowed(text(|code| &code.issued)),
                        Cow::Borrowed(text(|code| &code.code)),
                        cell(result.problem.unwrap_or_default()),
                    ]
                    .iter()
                    .map(|cell: &Cow<'_, str>| cell.as_bytes()),
                )?;
                Ok(())
            }
            Form::JsonLines(writer) => {
                serde_json::to_writer(&mut *writer, result)?;
                writer.write_all(b"\n")
            }
        }
    }

    /// Ends, and gives back what it was written to.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> io::Result<W> {
        match self.form {
            Form::Csv(writer) => writer.into_inner().map_err(csv::IntoInnerError::into_error),
            Form::JsonLines(writer) => Ok(writer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: ResultsFormat, result: &ResultLine<'_>) -> String {
        let mut writer = ResultsWriter::new(format, Vec::new()).unwrap();
        writer.write(result).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn no_cell_is_a_formula() {
        let problem = Some("=HYPERLINK(\"x\")");
        let result = ResultLine { line: 7, order: Some("=cmd()"), state: "skipped", code: None, problem };
        assert_eq!(
            written(ResultsFormat::Csv, &result),
            "line,order,state,license,revision,product,units,kind,first,last,issued,code,problem\n\
             7,'=cmd(),skipped,,,,,,,,,,\"'=HYPERLINK(\"\"x\"\")\"\n"
        );
        // JSON is no spreadsheet: there the order is what it was.
        assert_eq!(
            written(ResultsFormat::JsonLines, &result),
            "{\"line\":7,\"order\":\"=cmd()\",\"state\":\"skipped\",\"problem\":\"=HYPERLINK(\\\"x\\\")\"}\n"
        );
    }
}
