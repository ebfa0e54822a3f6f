//! Orders as a person or a program writes them down: lines of CSV under a line of names, or a JSON object a line.

use crate::desk::{Cells, Column};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Longest line, in bytes. The longest that means something has some 2,000.
pub const LONGEST_LINE: usize = 64 * 1024;

/// Why the text of a line cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// Not UTF-8.
    NotUtf8 {
        /// The first byte that is not, from 1.
        byte: usize,
    },
    /// A zero byte.
    Nul {
        /// Where, from 1.
        byte: usize,
    },
    /// Longer than [`LONGEST_LINE`].
    TooLong,
    /// More or fewer cells than names.
    CellCount {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A quote that is never closed, or does not stand around a whole cell.
    Quote {
        /// Which cell, from 1.
        cell: usize,
    },
    /// Not JSON.
    NotJson {
        /// The first byte that cannot be, from 1.
        byte: usize,
    },
    /// JSON, and no object.
    NotAnObject,
    /// A name that means nothing.
    UnknownName(String),
    /// A name that stands twice.
    NameTwice(Column),
    /// A value that is neither text nor a whole number, nor yes or no.
    OtherValue(Column),
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { byte } => write!(f, "byte {byte} is no UTF-8"),
            Self::Nul { byte } => write!(f, "byte {byte} is zero, wanted text"),
            Self::TooLong => write!(f, "the line is longer than {LONGEST_LINE} bytes"),
            Self::CellCount { found, wanted } => write!(f, "{found} cells, wanted {wanted} as in line 1"),
            Self::Quote { cell } => {
                write!(f, "cell {cell}: wanted quotes around the whole cell, and two for each one in it")
            }
            Self::NotJson { byte } => write!(f, "byte {byte} is no JSON"),
            Self::NotAnObject => write!(f, "wanted an object, as in {{\"order\": \"PO-1\"}}"),
            Self::UnknownName(name) => write!(f, "unknown name {name:?}, wanted {}", names(Column::ALL)),
            Self::NameTwice(column) => write!(f, "{column} stands twice"),
            Self::OtherValue(column) => write!(f, "{column}: a value of another type, wanted {}", column.wanted()),
        }
    }
}

impl std::error::Error for LineFault {}

/// Why the line of names cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// The line itself.
    Line(LineFault),
    /// Names that are unknown, or stand twice, or lack.
    Names {
        /// Those that mean nothing.
        unknown: Vec<String>,
        /// Those that stand twice.
        twice: Vec<Column>,
        /// Those without which no line can be right.
        missing: Vec<Column>,
    },
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(fault) => fault.fmt(f),
            Self::Names { unknown, twice, missing } => {
                let mut parts = Vec::new();
                if !unknown.is_empty() {
                    let unknown: Vec<_> = unknown.iter().map(|name| format!("{name:?}")).collect();
                    parts.push(format!("unknown column {}", unknown.join(", ")));
                }
                if !twice.is_empty() {
                    parts.push(format!("column twice: {}", names(twice)));
                }
                if !missing.is_empty() {
                    // Either says how long; the fault names the first.
                    let name = |column: &Column| match column {
                        Column::Until => "until or term",
                        other => other.name(),
                    };
                    let missing: Vec<_> = missing.iter().map(name).collect();
                    parts.push(format!("column missing: {}", missing.join(", ")));
                }
                f.write_str(&parts.join("; "))
            }
        }
    }
}

impl std::error::Error for HeaderFault {}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}

/// The names of a CSV file, in its order.
#[derive(Clone, Debug)]
pub struct CsvHeader {
    columns: Vec<Column>,
}

impl CsvHeader {
    /// Reads the line of names.
    ///
    /// # Errors
    /// Names that are unknown, stand twice, or lack.
    pub fn read(line: &[u8]) -> Result<Self, HeaderFault> {
        let line = text(line).map_err(HeaderFault::Line)?;
        let (mut columns, mut unknown, mut twice) = (Vec::new(), Vec::new(), Vec::new());
        for cell in Split::new(line) {
            let name = cell.map_err(HeaderFault::Line)?;
            match Column::from_name(&name) {
                Some(column) if columns.contains(&column) => twice.push(column),
                Some(column) => columns.push(column),
                None => unknown.push(name.into_owned()),
            }
        }
        // Without `do` every line is a new license.
        let all = [Column::Order, Column::Customer, Column::Product, Column::Units, Column::From];
        let wanted = if columns.contains(&Column::Do) { &all[..1] } else { &all[..] };
        let mut missing: Vec<_> = wanted.iter().copied().filter(|column| !columns.contains(column)).collect();
        if wanted.len() > 1 && !columns.contains(&Column::Until) && !columns.contains(&Column::Term) {
            missing.push(Column::Until);
        }
        if unknown.is_empty() && twice.is_empty() && missing.is_empty() {
            return Ok(Self { columns });
        }
        Err(HeaderFault::Names { unknown, twice, missing })
    }

    /// The cells of a line; `None` where all of them are empty, as spreadsheets leave them.
    ///
    /// # Errors
    /// The line is no text, its quotes are broken, or it has more or fewer cells than there are names.
    pub fn cells<'t>(&self, line: &'t [u8]) -> Result<Option<Cells<'t>>, LineFault> {
        let mut cells = Cells::default();
        let (mut found, mut empty) = (0, true);
        for cell in Split::new(text(line)?) {
            let cell = cell?;
            empty &= cell.is_empty();
            if let Some(&column) = self.columns.get(found) {
                cells.set(column, cell);
            }
            found += 1;
        }
        let wanted = self.columns.len();
        match (empty, found == wanted) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(cells)),
            (false, false) => Err(LineFault::CellCount { found, wanted }),
        }
    }
}

/// The cells of a line of CSV (RFC 4180), which ends with the line: the desk has no text of several lines. Not the
/// reader of the `csv` crate, which takes broken quotes for what they may mean, and the rest of the file with them.
struct Split<'t> {
    rest: Option<&'t str>,
    cell: usize,
}

impl<'t> Split<'t> {
    fn new(line: &'t str) -> Self {
        Self { rest: Some(line), cell: 0 }
    }

    fn quoted(&mut self, inside: &'t str) -> Result<Cow<'t, str>, LineFault> {
        let mut unescaped = String::new();
        let mut rest = inside;
        loop {
            let Some((text, after)) = rest.split_once('"') else { return Err(LineFault::Quote { cell: self.cell }) };
            if let Some(more) = after.strip_prefix('"') {
                unescaped.push_str(text);
                unescaped.push('"');
                rest = more;
                continue;
            }
            self.rest = match after.strip_prefix(',') {
                Some(next) => Some(next),
                None if after.is_empty() => None,
                None => return Err(LineFault::Quote { cell: self.cell }),
            };
            if unescaped.is_empty() {
                return Ok(Cow::Borrowed(text));
            }
            unescaped.push_str(text);
            return Ok(Cow::Owned(unescaped));
        }
    }
}

impl<'t> Iterator for Split<'t> {
    type Item = Result<Cow<'t, str>, LineFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        self.cell += 1;
        if let Some(inside) = rest.strip_prefix('"') {
            return Some(self.quoted(inside));
        }
        let cell = match rest.split_once(',') {
            Some((cell, next)) => {
                self.rest = Some(next);
                cell
            }
            None => rest,
        };
        Some(if cell.contains('"') { Err(LineFault::Quote { cell: self.cell }) } else { Ok(Cow::Borrowed(cell)) })
    }
}

fn text(line: &[u8]) -> Result<&str, LineFault> {
    if let Some(place) = line.iter().position(|&byte| byte == 0) {
        return Err(LineFault::Nul { byte: place + 1 });
    }
    std::str::from_utf8(line).map_err(|fault| LineFault::NotUtf8 { byte: fault.valid_up_to() + 1 })
}

/// The cells of a line of JSON Lines; `None` where there is nothing but white space.
///
/// # Errors
/// No JSON, no object, a name that is unknown or stands twice, or a value that no cell can have.
pub fn json_cells(line: &[u8]) -> Result<Option<Cells<'_>>, LineFault> {
    let line = text(line)?;
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_str(line);
    let cells = Object(&mut fault).deserialize(&mut reader).and_then(|cells| reader.end().map(|()| cells));
    match (cells, fault) {
        (Ok(cells), None) => Ok(Some(cells)),
        (_, Some(fault)) => Err(fault),
        (Err(error), None) if error.is_data() => Err(LineFault::NotAnObject),
        (Err(error), None) => Err(LineFault::NotJson { byte: error.column() }),
    }
}

/// An object, and where to put what is wrong with it.
struct Object<'f>(&'f mut Option<LineFault>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Cells<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cells<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Cells<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells<'de>, A::Error> {
        let mut cells = Cells::default();
        let mut seen = Vec::new();
        let mut fail = |fault| {
            *self.0 = Some(fault);
            A::Error::custom("told beside")
        };
        while let Some(Text(name)) = map.next_key_seed(TextSeed)? {
            let Some(column) = Column::from_name(&name) else {
                return Err(fail(LineFault::UnknownName(name.into_owned())));
            };
            if seen.contains(&column) {
                return Err(fail(LineFault::NameTwice(column)));
            }
            seen.push(column);
            match map.next_value_seed(ValueSeed)? {
                Value::Text(text) => cells.set(column, text),
                Value::Number(number) if takes_numbers(column) => cells.set(column, number.to_string()),
                Value::Answer(yes) if matches!(column, Column::Test | Column::ThisPeriodOnly) => {
                    cells.set(column, if yes { "yes" } else { "no" });
                }
                Value::Nothing => {}
                Value::Number(_) | Value::Answer(_) | Value::Other => return Err(fail(LineFault::OtherValue(column))),
            }
        }
        Ok(cells)
    }
}

/// Where digits mean a number, or a text of digits. Four hex digits are no number.
fn takes_numbers(column: Column) -> bool {
    use Column::{Customer, Grace, License, Order, Product, Request, Units};
    matches!(column, Order | Customer | License | Product | Units | Grace | Request)
}

struct Text<'t>(Cow<'t, str>);
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

enum Value<'t> {
    Text(Cow<'t, str>),
    Number(u64),
    Answer(bool),
    Nothing,
    Other,
}

struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value<'de>, E> {
        Ok(Value::Answer(yes))
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Result<Vec<String>, LineFault> {
        Split::new(line).map(|cell| cell.map(Cow::into_owned)).collect()
    }

    #[test]
    fn cells_are_separated_by_commas_and_may_be_quoted() {
        for (line, cells) in [
            ("", &[""][..]),
            (",", &["", ""]),
            ("a,b", &["a", "b"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"\",\"\"", &["", ""]),
            ("\"say \"\"yes\"\"\"", &["say \"yes\""]),
            ("\"\"\"\"", &["\""]),
            ("a;b", &["a;b"]),
            (" a , b", &[" a ", " b"]),
        ] {
            assert_eq!(split(line).unwrap(), cells, "{line}");
        }
        for (line, cell) in [("\"a", 1), ("a,\"b", 2), ("a\"b", 1), ("\"a\"b,c", 1), ("x,\"a\" ,c", 2), ("\"a\"\"", 1)]
        {
            assert_eq!(split(line), Err(LineFault::Quote { cell }), "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_as_it_was(cells in prop::collection::vec("[^\r\n]{0,6}", 1..6)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(split(text.strip_suffix('\n').unwrap()).unwrap(), cells);
        }
    }

    #[test]
    fn columns_are_refused_by_name_all_at_once() {
        let read = |text: &str| CsvHeader::read(text.as_bytes()).map(|header| header.columns);
        assert_eq!(
            read("order,customer,Units,units,units,=cmd()").unwrap_err().to_string(),
            "unknown column \"Units\", \"=cmd()\"; column twice: units; column missing: product, from, until or term"
        );
        assert_eq!(read("do,license").unwrap_err().to_string(), "column missing: order");
        let names =
            HeaderFault::Names { unknown: vec!["x".into()], twice: vec![Column::Do], missing: vec![Column::Order] };
        assert_eq!(read("do,x,do").unwrap_err(), names);
        assert_eq!(read("do,order").unwrap(), [Column::Do, Column::Order]);
        assert!(read("order,customer,product,units,from,term").is_ok());
        assert!(read("order;customer").is_err());
        assert_eq!(read("\"order").unwrap_err(), HeaderFault::Line(LineFault::Quote { cell: 1 }));
    }

    #[test]
    fn a_line_has_as_many_cells_as_there_are_names() {
        let header = CsvHeader::read(b"do,order,license").unwrap();
        assert_eq!(header.cells(b"a,b").unwrap_err(), LineFault::CellCount { found: 2, wanted: 3 });
        assert_eq!(header.cells(b"a,b,c,d").unwrap_err(), LineFault::CellCount { found: 4, wanted: 3 });
        assert_eq!(header.cells(b"a\xFF,b,c").unwrap_err(), LineFault::NotUtf8 { byte: 2 });
        assert_eq!(header.cells(b"a,\0,c").unwrap_err(), LineFault::Nul { byte: 3 });
        assert!(header.cells(b"").unwrap().is_none());
        assert!(header.cells(b",,").unwrap().is_none());
        assert!(header.cells(b",,,,,").unwrap().is_none());
        let cells = header.cells(b"renew,PO-1,").unwrap().unwrap();
        assert_eq!((cells.get(Column::Order), cells.get(Column::License)), (Some("PO-1"), None));
    }

    #[test]
    fn an_object_has_known_names_once_and_values_that_a_cell_can_have() {
        let cells = json_cells(br#" {"order":"PO-1","units":250,"test":true,"holder":null,"customer":"A\u0042"} "#);
        let cells = cells.unwrap().unwrap();
        let found =
            [Column::Order, Column::Units, Column::Test, Column::Holder, Column::Customer].map(|it| cells.get(it));
        assert_eq!(found, [Some("PO-1"), Some("250"), Some("yes"), None, Some("AB")]);
        assert!(json_cells(b" \t").unwrap().is_none());
        for (line, fault) in [
            (r#"{"order":"a","order":"b"}"#, LineFault::NameTwice(Column::Order)),
            (r#"{"order":"a","Order":"b"}"#, LineFault::UnknownName("Order".to_owned())),
            (r#"{"units":2.5}"#, LineFault::OtherValue(Column::Units)),
            (r#"{"units":-1}"#, LineFault::OtherValue(Column::Units)),
            (r#"{"units":1e99}"#, LineFault::OtherValue(Column::Units)),
            (r#"{"units":[1]}"#, LineFault::OtherValue(Column::Units)),
            (r#"{"units":{"a":1}}"#, LineFault::OtherValue(Column::Units)),
            (r#"{"features":8001}"#, LineFault::OtherValue(Column::Features)),
            (r#"{"order":true}"#, LineFault::OtherValue(Column::Order)),
            ("[]", LineFault::NotAnObject),
            ("7", LineFault::NotAnObject),
            ("{\"order\":\"a\"", LineFault::NotJson { byte: 12 }),
            ("{\"order\":\"a\"}}", LineFault::NotJson { byte: 14 }),
            ("{\"order\":\"a\"} {}", LineFault::NotJson { byte: 15 }),
            ("order,units", LineFault::NotJson { byte: 1 }),
        ] {
            assert_eq!(json_cells(line.as_bytes()).unwrap_err(), fault, "{line}");
        }
        let deep = "{\"units\":".to_owned() + &"[".repeat(30_000);
        assert!(matches!(json_cells(deep.as_bytes()), Err(LineFault::NotJson { .. })));
    }
}
