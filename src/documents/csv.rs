//! Tables for spreadsheets: RFC 4180, with cells that no spreadsheet takes for formulas.

use std::borrow::Cow;
use std::io::{self, Write};

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Somebody's text.
    Text(String),
    /// A number of ours, which may be negative.
    Number(i64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Self {
        Self::from(if yes { "true" } else { "false" })
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl From<$number> for Cell {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        })*
    };
}

numbers!(u16 u32 i32 i64);

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number.try_into().unwrap_or(i64::MAX))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A text as a cell: what a spreadsheet would take for a formula has an apostrophe before it, which the
/// spreadsheet does not show.
pub fn cell(text: &str) -> Cow<'_, str> {
    // Full-width forms are formulas too, where a spreadsheet is set up for Chinese or Japanese.
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(formula) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A table, written line by line.
pub struct Table<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Table<W> {
    /// A table with these names of columns.
    ///
    /// # Errors
    /// Those of the writer, as everywhere here.
    pub fn new(out: W, columns: &[&str]) -> io::Result<Self> {
        let mut table = Self { writer: csv::Writer::from_writer(out) };
        table.writer.write_record(columns)?;
        Ok(table)
    }

    /// Writes a line, which has as many cells as there are columns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn line(&mut self, cells: &[Cell]) -> io::Result<()> {
        for written in cells {
            match written {
                Cell::Text(text) => self.writer.write_field(cell(text).as_bytes())?,
                Cell::Number(number) => self.writer.write_field(number.to_string())?,
                Cell::Empty => self.writer.write_field("")?,
            }
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    /// Ends the table.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: &[&[Cell]]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, &["name", "days"]).unwrap();
        lines.iter().for_each(|line| table.line(line).unwrap());
        table.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_text_becomes_a_formula() {
        for text in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A"]
        {
            let out = written(&[&[text.into(), 1u16.into()]]);
            let mut reader = csv::Reader::from_reader(out.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[0], format!("'{text}"));
        }
        for text in ["a=b", "1-2", "'=1", "", " =1", "ä", "\"quoted\", with a comma\nand a line"] {
            let out = written(&[&[text.into(), 1u16.into()]]);
            let mut reader = csv::Reader::from_reader(out.as_bytes());
            assert_eq!(&reader.records().next().unwrap().unwrap()[0], text);
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(written(&[&["a".into(), (-5).into()], &[Cell::Empty, None::<u16>.into()]]), "name,days\na,-5\n,\n");
    }
}
