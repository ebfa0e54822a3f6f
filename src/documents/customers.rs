//! Customers as lines of CSV under a line of names, as `customer list --csv` writes them.

use crate::desk::{ContactEdit, CustomerEdit, CustomerRow};
use crate::ledger::{AccountNumber, CustomerNumber, TextFault};
use std::fmt;
use std::str::FromStr;

/// Largest file that is looked at, in bytes: some 60,000 customers with all that is known of them.
pub const LARGEST: usize = 16 << 20;

macro_rules! columns {
    ($($variant:ident $name:literal,)*) => {
        /// What a column has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is called as its column")]
        pub enum CustomerColumn { $($variant,)* }

        impl CustomerColumn {
            /// The names of all of them, in the order of a list.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its name in the line of names.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

columns! {
    Number "number",
    Name "name",
    Email "email",
    Company "company",
    Address "address",
    Telephone "telephone",
    Contact "contact",
    ContactEmail "contact_email",
    Language "language",
    Reseller "reseller",
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// The line, from 1.
    pub line: u64,
    /// The column's name.
    pub column: Option<CustomerColumn>,
    /// What is wrong.
    pub fault: CellFault,
}

/// What is wrong with a line or a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellFault {
    /// More than [`LARGEST`].
    TooLarge,
    /// Nothing is in the file.
    Empty,
    /// Not UTF-8.
    NotUtf8,
    /// A name that means nothing.
    UnknownColumn(String),
    /// It stands twice in the line of names.
    ColumnTwice,
    /// Neither a number nor a name says which customer it is.
    NoNames,
    /// More or fewer cells than names.
    CellCount {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// Not a number from 1.
    NotANumber,
    /// Not what should stand there.
    Text(TextFault),
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", {}", column.name())?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the file is larger than {LARGEST} bytes"),
            Self::Empty => f.write_str("the file is empty, wanted a line of names"),
            Self::NotUtf8 => f.write_str("not UTF-8, which spreadsheets call \"CSV UTF-8\""),
            Self::UnknownColumn(name) => {
                write!(f, "unknown column {name:?}, wanted some of {}", CustomerColumn::NAMES.join(", "))
            }
            Self::ColumnTwice => f.write_str("the column stands twice"),
            Self::NoNames => f.write_str("there is neither a column name nor a column number"),
            Self::CellCount { found, wanted } => write!(f, "{found} cells, wanted {wanted} as in the line of names"),
            Self::NotANumber => f.write_str("wanted a whole number from 1"),
            Self::Text(fault) => fault.fmt(f),
        }
    }
}

/// The rows of a file, or all that is wrong with it. A column that is not there leaves what is known; an empty cell
/// takes it away.
///
/// # Errors
/// What is wrong, by line.
pub fn read_customers(bytes: &[u8]) -> Result<Vec<CustomerRow>, Vec<FileProblem>> {
    let whole = |fault| vec![FileProblem { line: 1, column: None, fault }];
    if bytes.len() > LARGEST {
        return Err(whole(CellFault::TooLarge));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
            return Err(vec![FileProblem { line, column: None, fault: CellFault::NotUtf8 }]);
        }
    };
    // csv 1 counts a record's line from the end of the one before: with CR LF it is one line behind.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records().map_while(Result::ok);
    let names = records.next().ok_or_else(|| whole(CellFault::Empty))?;
    let columns = columns(&names)?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for record in records {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.len() {
            let fault = CellFault::CellCount { found: record.len(), wanted: columns.len() };
            problems.push(FileProblem { line, column: None, fault });
            continue;
        }
        let mut row = CustomerRow { line, number: None, name: None, edits: Vec::new() };
        for (&column, cell) in columns.iter().zip(&record) {
            if let Err(fault) = put(&mut row, column, as_it_was(cell)) {
                problems.push(FileProblem { line, column: Some(column), fault });
            }
        }
        rows.push(row);
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Without the apostrophe that keeps a spreadsheet from taking it for a formula.
fn as_it_was(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if super::csv::cell(rest) != rest => rest,
        _ => cell,
    }
}

fn columns(names: &csv::StringRecord) -> Result<Vec<CustomerColumn>, Vec<FileProblem>> {
    let (mut columns, mut problems) = (Vec::new(), Vec::new());
    let mut say = |column, fault| problems.push(FileProblem { line: 1, column, fault });
    for name in names {
        match CustomerColumn::from_name(&name.trim().to_lowercase()) {
            None => say(None, CellFault::UnknownColumn(name.to_owned())),
            Some(column) if columns.contains(&column) => say(Some(column), CellFault::ColumnTwice),
            Some(column) => columns.push(column),
        }
    }
    if problems.is_empty() && !columns.iter().any(|it| matches!(it, CustomerColumn::Number | CustomerColumn::Name)) {
        problems.push(FileProblem { line: 1, column: None, fault: CellFault::NoNames });
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

fn put(row: &mut CustomerRow, column: CustomerColumn, cell: &str) -> Result<(), CellFault> {
    use CustomerColumn as Column;
    let number = |text: &str| match text.parse::<u32>() {
        Ok(number) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(number),
        _ => Err(CellFault::NotANumber),
    };
    let edit = match column {
        Column::Number => {
            if !cell.is_empty() {
                row.number = Some(number(cell).ok().and_then(CustomerNumber::new).ok_or(CellFault::NotANumber)?);
            }
            return Ok(());
        }
        Column::Name => {
            // A number alone says which customer it is.
            row.name = Some(cell.parse().map_err(CellFault::Text)?);
            return Ok(());
        }
        Column::Email => CustomerEdit::Email(value(cell)?),
        Column::Company => CustomerEdit::Contact(ContactEdit::Company(value(cell)?)),
        Column::Address => CustomerEdit::Contact(ContactEdit::Address(value(cell)?)),
        Column::Telephone => CustomerEdit::Contact(ContactEdit::Telephone(value(cell)?)),
        Column::Contact => CustomerEdit::Contact(ContactEdit::Person(value(cell)?)),
        Column::ContactEmail => CustomerEdit::Contact(ContactEdit::Email(value(cell)?)),
        Column::Language => CustomerEdit::Contact(ContactEdit::Language(value(cell)?)),
        Column::Reseller if cell.is_empty() => CustomerEdit::Reseller(None),
        Column::Reseller => {
            let account = number(cell).ok().and_then(AccountNumber::new);
            CustomerEdit::Reseller(Some(account.ok_or(CellFault::NotANumber)?))
        }
    };
    row.edits.push(edit);
    Ok(())
}

fn value<T: FromStr<Err = TextFault>>(cell: &str) -> Result<Option<T>, CellFault> {
    if cell.is_empty() { Ok(None) } else { cell.parse().map(Some).map_err(CellFault::Text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_file_is_said_with_its_line_and_column() {
        let text = "name,email,telephone,language,reseller\n\
                    North,it@north.example,'+44 20 7946 0000,en,1\n\
                    ,no address,call,deutsch,x\n\
                    \"South\nEast\",,,,\n\
                    West,\n";
        let problems = read_customers(text.as_bytes()).unwrap_err();
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "line 3, name: it is empty",
                "line 3, email: wanted an e-mail address, as in licenses@example.com",
                "line 3, telephone: wanted a telephone number, as in +44 20 7946 0000",
                "line 3, language: wanted the tag of a language, as in en or pt-BR",
                "line 3, reseller: wanted a whole number from 1",
                "line 4, name: it has the character U+000A, which is invisible or changes the direction of writing",
                "line 6: 2 cells, wanted 5 as in the line of names",
            ]
        );
    }

    #[test]
    fn a_file_of_something_else_is_refused_by_name() {
        let said = |bytes: &[u8]| {
            let problems = read_customers(bytes).unwrap_err();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(said(b""), "line 1: the file is empty, wanted a line of names");
        assert!(said(b"name,fax\n").starts_with("line 1: unknown column \"fax\", wanted some of number, name, "));
        assert_eq!(said(b"name,name\n"), "line 1, name: the column stands twice");
        assert_eq!(said(b"email\n"), "line 1: there is neither a column name nor a column number");
        assert_eq!(said(b"name\nA\n\xff\n"), "line 3: not UTF-8, which spreadsheets call \"CSV UTF-8\"");
        assert!(said(&vec![b'a'; LARGEST + 1]).contains("larger than"));
    }

    #[test]
    fn what_spreadsheets_add_is_taken_away() {
        let rows = read_customers("\u{FEFF}Name,Telephone\r\nÄrzte,'+49 30 123\r\n".as_bytes()).unwrap();
        let telephone = CustomerEdit::Contact(ContactEdit::Telephone(Some("+49 30 123".parse().unwrap())));
        let name = Some("Ärzte".parse().unwrap());
        assert_eq!(rows, [CustomerRow { line: 2, number: None, name, edits: vec![telephone] }]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_facts() {
        let fault = |bytes: &[u8]| {
            let problems = read_customers(bytes).unwrap_err();
            problems.into_iter().map(|it| (it.line, it.column, it.fault)).collect::<Vec<_>>()
        };
        let too_large = vec![b'a'; LARGEST + 1];
        for (bytes, wanted) in [
            (&too_large[..], (1, None, CellFault::TooLarge)),
            (b"", (1, None, CellFault::Empty)),
            (b"name\nA\n\xff\n", (3, None, CellFault::NotUtf8)),
            (b"name,fax\n", (1, None, CellFault::UnknownColumn("fax".to_owned()))),
            (b"name,name\n", (1, Some(CustomerColumn::Name), CellFault::ColumnTwice)),
            (b"email\n", (1, None, CellFault::NoNames)),
            (b"name,email\nA\n", (2, None, CellFault::CellCount { found: 1, wanted: 2 })),
            (b"number\n0\n", (2, Some(CustomerColumn::Number), CellFault::NotANumber)),
            (b"name\n A\n", (2, Some(CustomerColumn::Name), CellFault::Text(TextFault::Spaces))),
            (b"name,email\nA,b\n", (2, Some(CustomerColumn::Email), CellFault::Text(TextFault::Email))),
            (b"name,telephone\nA,b\n", (2, Some(CustomerColumn::Telephone), CellFault::Text(TextFault::Telephone))),
        ] {
            assert_eq!(fault(bytes), [wanted]);
        }
    }
}
