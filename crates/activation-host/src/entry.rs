//! A code that is being typed, row by row. No terminal, no files: what was heard and
//! what is still missing.

use crate::draft::{Draft, MOST_ROWS};
use activation_code::{CodeKind, RowAnswer, TypingFault, read_row_of};
use std::collections::BTreeMap;

/// Rows of one code in any order, each answered by its own check.
///
/// ```
/// use activation_code::RowAnswer;
/// use activation_host::entry::Entry;
///
/// let mut entry = Entry::default();
/// let (row, answer) = entry.hear("20040-0E000-84G00-3X00H-7FRHT", 1);
/// assert!(row == 1 && matches!(answer, RowAnswer::Right { last: false, .. }));
/// assert_eq!(entry.next_wanted(), Some(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Entry {
    kind: CodeKind,
    rows: BTreeMap<u8, Row>,
}

/// A row as it was typed, and what its check says.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it was typed, without its label.
    pub typed: String,
    /// What it is.
    pub answer: RowAnswer,
    /// Whether it was proposed and taken, not typed.
    pub proposed: bool,
}

/// Longest line that is kept as a row, in bytes: 40 digits with spaces between them are 80.
const LONGEST_ROW: usize = 400;

impl Entry {
    /// A code of another kind, with the same help.
    pub fn of(kind: CodeKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// What is being typed: an activation code, unless its first right row is one of a clock reset.
    pub fn kind(&self) -> CodeKind {
        self.kind
    }

    /// The rows in letters, if the code is complete.
    pub fn complete(&self) -> Option<Vec<String>> {
        let letters = |row: &Row| match &row.answer {
            RowAnswer::Right { letters, .. } => Some(letters.clone()),
            _ => None,
        };
        self.next_wanted().is_none().then(|| self.rows.values().filter_map(letters).collect())
    }

    /// Goes on with rows that were kept.
    pub fn from_draft(draft: Draft) -> Self {
        let mut entry = Self::default();
        for (number, typed) in draft {
            entry.hear(&typed, number);
        }
        entry
    }

    /// The rows to keep.
    pub fn draft(&self) -> Draft {
        self.rows.iter().map(|(&number, row)| (number, row.typed.clone())).collect()
    }

    /// Takes a row for the one that was asked for, unless a label or its check says that
    /// it is another. Gives its number and what it is. It replaces what stood there, but a
    /// right row is replaced by a right one only.
    pub fn hear(&mut self, text: &str, asked: u8) -> (u8, RowAnswer) {
        self.put(text, asked, false)
    }

    /// Takes a proposal for a row as what was meant: 0 is the likeliest. `None` if there
    /// is no such proposal.
    pub fn take_proposal(&mut self, row: u8, index: usize) -> Option<(u8, RowAnswer)> {
        let RowAnswer::Wrong { proposals, .. } = &self.rows.get(&row)?.answer else { return None };
        let meant = proposals.get(index)?.letters.clone();
        Some(self.put(&meant, row, true))
    }

    fn put(&mut self, text: &str, asked: u8, proposed: bool) -> (u8, RowAnswer) {
        let (label, typed) = without_label(text);
        let expected = Some(label.unwrap_or(asked));
        let mut answer = read_row_of(self.kind, typed, expected);
        if is_of_a_clock_reset(&answer) && !self.rows.values().any(|row| row.answer.is_right()) {
            self.kind = CodeKind::ClockReset;
            answer = read_row_of(self.kind, typed, expected);
        }
        let number = match answer {
            RowAnswer::Right { row, .. } => row,
            _ => label.unwrap_or(asked),
        };
        if typed.len() <= LONGEST_ROW && (answer.is_right() || !self.is_right(number)) {
            self.rows.insert(number, Row { typed: typed.to_owned(), answer: answer.clone(), proposed });
        }
        (number, answer)
    }

    /// Whether this row was typed and is right.
    pub fn is_right(&self, number: u8) -> bool {
        self.rows.get(&number).is_some_and(|row| row.answer.is_right())
    }

    /// The first row that was taken as proposed.
    pub fn first_proposed(&self) -> Option<u8> {
        self.rows().find(|(_, row)| row.proposed).map(|(number, _)| number)
    }

    /// The rows that were typed, by number.
    pub fn rows(&self) -> impl Iterator<Item = (u8, &Row)> {
        self.rows.iter().map(|(&number, row)| (number, row))
    }

    /// The first row that is missing or not right; `None` if the code is complete.
    pub fn next_wanted(&self) -> Option<u8> {
        self.first(|row| row.answer.is_right())
    }

    /// The first row that was not typed at all; `None` if there is none before the last.
    pub fn next_untyped(&self) -> Option<u8> {
        self.first(|_| true)
    }

    fn first(&self, done: impl Fn(&Row) -> bool) -> Option<u8> {
        for number in 1..=MOST_ROWS {
            match self.rows.get(&number) {
                Some(row) if done(row) => {
                    if matches!(row.answer, RowAnswer::Right { last: true, .. }) {
                        return None;
                    }
                }
                _ => return Some(number),
            }
        }
        None
    }

    /// The code as far as it was typed, with labels.
    pub fn text(&self) -> String {
        let last = self.rows.iter().find(|(_, row)| matches!(row.answer, RowAnswer::Right { last: true, .. }));
        let end = last.map_or(MOST_ROWS, |(&number, _)| number);
        self.rows.range(..=end).map(|(number, row)| format!("Row {number}) {}\n", row.typed)).collect()
    }
}

fn is_of_a_clock_reset(answer: &RowAnswer) -> bool {
    let RowAnswer::Wrong { faults, .. } = answer else { return false };
    let named = |fault: &TypingFault| matches!(fault, TypingFault::OtherKind { kind: CodeKind::ClockReset, .. });
    faults.all().iter().any(named)
}

/// A label of this row at its beginning, and what follows.
pub fn without_label(text: &str) -> (Option<u8>, &str) {
    let text = text.trim();
    let rest = match text.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("row") => text[3..].trim_start(),
        _ => text,
    };
    let labelled = rest.split_once(')').and_then(|(number, row)| {
        let number: u8 = number.parse().ok().filter(|number| (1..=MOST_ROWS).contains(number))?;
        Some((Some(number), row.trim()))
    });
    labelled.unwrap_or((None, text))
}

/// The codes of a text in which several stand one below the other, as a desk prints a change and the renewal that
/// waits behind it: each from its first row to the next one's. `None` where there are not several; the same code in
/// letters and digits is two of them.
pub fn several(text: &str) -> Option<Vec<&str>> {
    let mut begins = Vec::new();
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        if begins_a_code(line) {
            begins.push(place);
        }
        place += line.len();
    }
    if begins.len() < 2 {
        return None;
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins.iter().zip(ends).map(|(begin, end)| text.get(*begin..end)).collect()
}

/// Whether a line has the label of a first row, in whatever language, and a first row behind it.
fn begins_a_code(line: &str) -> bool {
    let Some((before, row)) = line.split_once("1)") else { return false };
    if !before.is_empty() && !before.ends_with(char::is_whitespace) {
        return false;
    }
    match read_row_of(CodeKind::ActivationCode, row, Some(1)) {
        RowAnswer::Right { row: 1, .. } => true,
        RowAnswer::Wrong { proposals, .. } => proposals.iter().any(|proposal| proposal.row == 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [&str; 6] = [
        "20040-0E000-84G00-3X00H-7FRHT",
        "0PS04-NGZPE-9CK4J-7DT4X-VA7K6",
        "6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM",
        "7G669-0T3SX-645X4-R6SRN-861EK",
        "J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H",
        "SBXV8-F7K7R-SNN7P-Y1T14-49974",
    ];

    #[test]
    fn rows_in_any_order_find_their_place() {
        let mut entry = Entry::default();
        for number in [4, 0, 5, 2, 1, 3] {
            let asked = entry.next_wanted().unwrap();
            assert_eq!(entry.hear(ROWS[number], asked).0, number as u8 + 1);
        }
        assert_eq!(entry.next_wanted(), None);
        assert!(activation_code::ActivationCode::read(&entry.text()).is_ok());
    }

    #[test]
    fn codes_below_each_other_are_told_apart_and_prose_is_none() {
        let labelled = |word: &str| -> String {
            ROWS.iter().zip(1..).map(|(row, number)| format!("{word}{number}) {row}\n")).collect()
        };
        let text = format!("1) Open the product.\n{}then\n{}", labelled("Row "), labelled("Zeile "));
        let codes = several(&text).unwrap();
        assert_eq!(codes.len(), 2);
        assert!(codes.iter().all(|code| activation_code::ActivationCode::read(code).is_ok()), "{codes:?}");
        assert_eq!(several(&labelled("")), None);
        let mistyped = text.replacen("7FRHT", "7FRHH", 1);
        assert_eq!(several(&mistyped).unwrap().len(), 2);
    }

    #[test]
    fn a_wrong_row_is_kept_where_it_was_asked_for_and_mended_by_its_proposal() {
        let mut entry = Entry::default();
        let (row, answer) = entry.hear("Row 2) 0PS04-NGZPE-9KC4J-7DT4X-VA7K6", 1);
        assert_eq!(row, 2);
        assert!(matches!(answer, RowAnswer::Wrong { proposals, .. } if proposals[0].letters == ROWS[1]));
        assert_eq!(entry.first_proposed(), None);
        assert_eq!(entry.next_untyped(), Some(1));
        entry.hear(ROWS[0], 1);
        assert_eq!((entry.next_wanted(), entry.next_untyped()), (Some(2), Some(3)));
        assert!(entry.take_proposal(2, 99).is_none());
        assert!(entry.take_proposal(1, 0).is_none());
        assert!(matches!(entry.take_proposal(2, 0), Some((2, RowAnswer::Right { .. }))));
        assert_eq!((entry.next_wanted(), entry.first_proposed()), (Some(3), Some(2)));
        entry.hear(ROWS[1], 2);
        assert_eq!(entry.first_proposed(), None);
    }

    #[test]
    fn a_right_row_is_replaced_by_a_right_one_only() {
        let mut entry = Entry::default();
        entry.hear(ROWS[0], 1);
        let (row, answer) = entry.hear("oops", 1);
        assert!(row == 1 && !answer.is_right() && entry.is_right(1));
        assert_eq!(entry.draft()[&1], ROWS[0]);
    }

    #[test]
    fn what_was_typed_comes_back_from_a_draft() {
        let mut entry = Entry::default();
        entry.hear(ROWS[0], 1);
        entry.hear("not a row ?", 2);
        let again = Entry::from_draft(entry.draft());
        assert_eq!(again.draft(), entry.draft());
        assert_eq!(again.next_wanted(), Some(2));
    }

    #[test]
    fn labels_are_read_as_people_write_them() {
        assert_eq!(without_label(" Row 3)  ABC "), (Some(3), "ABC"));
        assert_eq!(without_label("row 12)ABC"), (Some(12), "ABC"));
        assert_eq!(without_label("3) ABC"), (Some(3), "ABC"));
        assert_eq!(without_label("16) ABC"), (None, "16) ABC"));
        assert_eq!(without_label("ROWAN"), (None, "ROWAN"));
        assert_eq!(without_label("ü)"), (None, "ü)"));
    }
}
