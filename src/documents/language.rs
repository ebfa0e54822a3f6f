//! What a language needs beside its templates: days, numbers and the words for what is counted. It is data.

use crate::ledger::UnitType;
use activation_code::{Day, Kind};
use serde::Deserialize;

/// The words of a language, as its `language.toml` has them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// What it is called by those who speak it.
    pub name: String,
    date: String,
    months: [String; 12],
    thousands: String,
    row: Row,
    units: Units,
    kinds: Kinds,
}

/// What a row of a code is called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Row(String);

impl TryFrom<String> for Row {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Whoever scans a certificate's text gives it to the reader of codes, which looks for the number like this.
        let word = text.strip_suffix("{number})").ok_or("wanted a word and {number}), as in \"Row {number})\"")?;
        if word.is_empty() || word.ends_with(' ') { Ok(Self(text)) } else { Err("wanted a space before {number})") }
    }
}

/// One of them, and any other number of them.
type Counted = [String; 2];

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Units {
    seats: Counted,
    endpoints: Counted,
    users: Counted,
    encryption_keys: Counted,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinds {
    full: String,
    evaluation: String,
    service: String,
}

impl Language {
    /// A day, as people write it.
    pub fn day(&self, day: Day) -> String {
        let (year, month, date) = day.ymd();
        let name = self.months.get(usize::from(month) - 1).map_or("", String::as_str);
        let year = format!("{year:04}");
        let parts = [("{day}", date.to_string()), ("{month}", name.to_owned())];
        let parts = parts.into_iter().chain([("{month-number}", month.to_string()), ("{year}", year)]);
        parts.fold(self.date.clone(), |text, (field, value)| text.replace(field, &value))
    }

    /// A number, with what stands between thousands.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(&self.thousands);
            }
            text.push(digit);
        }
        text
    }

    /// A number of what is counted: `250 endpoints`.
    pub fn units(&self, number: u64, unit: UnitType) -> String {
        let Units { seats, endpoints, users, encryption_keys } = &self.units;
        let [one, many] = match unit {
            UnitType::Seats => seats,
            UnitType::Endpoints => endpoints,
            UnitType::Users => users,
            UnitType::EncryptionKeys => encryption_keys,
        };
        format!("{} {}", self.number(number), if number == 1 { one } else { many })
    }

    /// What a license of a kind is called.
    pub fn kind(&self, kind: Kind) -> &str {
        match kind {
            Kind::Full => &self.kinds.full,
            Kind::Evaluation => &self.kinds.evaluation,
            Kind::Service => &self.kinds.service,
        }
    }

    /// What a row of a code is called, with `{number}` in the place of its number.
    pub fn row(&self) -> &str {
        &self.row.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_numbers_are_written_as_the_language_has_them() {
        let english: Language = toml::from_str(include_str!("texts/en/language.toml")).unwrap();
        let german: Language = toml::from_str(include_str!("texts/de/language.toml")).unwrap();
        let day: Day = "2027-03-09".parse().unwrap();
        assert_eq!((english.day(day), german.day(day)), ("9 March 2027".to_owned(), "9. März 2027".to_owned()));
        let units = |language: &Language, number| language.units(number, UnitType::EncryptionKeys);
        assert_eq!(
            (units(&english, 1), units(&english, 1_250)),
            ("1 encryption key".to_owned(), "1,250 encryption keys".to_owned())
        );
        assert_eq!((german.number(999), german.number(16_777_215)), ("999".to_owned(), "16.777.215".to_owned()));
    }

    #[test]
    fn a_row_keeps_the_number_that_programs_look_for() {
        for (text, right) in
            [("Row {number})", true), ("{number})", true), ("Row {number}", false), ("Row{number})", false)]
        {
            assert_eq!(Row::try_from(text.to_owned()).is_ok(), right, "{text}");
        }
    }
}
