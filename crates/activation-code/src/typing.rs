//! Typed rows as the symbols of a code, or else every fault with its name and place.

use crate::reading::{Form, MAX_SYMBOLS, MAX_TEXT, NoReading, Reading, TextPlace, Typed, TypedRow};
use crate::reason::Reason;
use crate::rows::{CodeKind, Element, GROUP, KIND_EXPONENT, MOST_ROWS, ROW, RowPlace, RowsFault, Syndromes, decode};
use alloc::{vec, vec::Vec};
use core::fmt;

/// One thing that is wrong with what was typed. Rows and groups count from 1, as printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypingFault {
    /// No character that could belong to a code.
    Empty,
    /// More text, or more symbols, than a code and its mail can have.
    TooLong,
    /// A character that cannot be read.
    UnknownCharacter {
        /// The row.
        row: u8,
        /// The group, as typed.
        group: u8,
        /// As it was typed.
        character: char,
        /// Where it stands in the text.
        place: TextPlace,
    },
    /// Too few or too many characters.
    RowLength {
        /// The row.
        row: u8,
        /// The group whose length shows it, if one does.
        group: Option<u8>,
        /// How many characters there are.
        found: usize,
        /// How many there should be; for a last row the nearest length that it could have.
        wanted: usize,
    },
    /// At least one character is wrong.
    RowCheck {
        /// The row.
        row: u8,
        /// The group, if one wrong character explains it.
        group: Option<u8>,
    },
    /// The characters are right and their order is not.
    Swapped {
        /// The row.
        row: u8,
        /// The groups of two neighbours whose exchange mends the row, if there are such; often one group.
        groups: Option<(u8, u8)>,
    },
    /// A right row of a code, in another place than its own.
    WrongRow {
        /// Where it was typed.
        row: u8,
        /// Where it belongs.
        belongs: u8,
    },
    /// A row between others is missing.
    MissingRow {
        /// Which.
        row: u8,
    },
    /// At least three characters too few: a group was left out.
    MissingGroup {
        /// The row.
        row: u8,
        /// How many characters there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// No row is the code's last.
    LastRowMissing {
        /// The first row that is missing.
        row: u8,
    },
    /// A right row of another kind of code.
    OtherKind {
        /// The row.
        row: u8,
        /// What it is a row of.
        kind: CodeKind,
        /// What is wanted.
        wanted: CodeKind,
    },
    /// Every row is right, and together they are no code.
    DifferentCodes,
    /// Right rows of more than one code: which is meant is not for us to guess.
    SeveralCodes {
        /// A row that is there twice, and differs.
        row: u8,
    },
}

/// Where to look: a row, and a group of it if that is known. Both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowGroup {
    /// The row.
    pub row: u8,
    /// The group in the row.
    pub group: Option<u8>,
}

impl TypingFault {
    /// Its name in the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Empty => Reason::Empty,
            Self::TooLong => Reason::TooLong,
            Self::UnknownCharacter { .. } => Reason::UnknownCharacter,
            Self::RowLength { .. } => Reason::RowLength,
            Self::RowCheck { .. } => Reason::RowCheck,
            Self::Swapped { .. } => Reason::CharactersSwapped,
            Self::WrongRow { .. } => Reason::WrongRow,
            Self::MissingRow { .. } => Reason::MissingRow,
            Self::MissingGroup { .. } => Reason::MissingGroup,
            Self::LastRowMissing { .. } => Reason::LastRowMissing,
            Self::OtherKind { .. } => Reason::OtherKind,
            Self::DifferentCodes | Self::SeveralCodes { .. } => Reason::RowsFromDifferentCodes,
        }
    }

    /// Where to look; two places if a swap spans two groups.
    fn places(&self) -> impl Iterator<Item = RowGroup> {
        let (row, groups) = match *self {
            Self::Empty | Self::TooLong | Self::DifferentCodes => return None.into_iter().chain(None),
            Self::UnknownCharacter { row, group, .. } => (row, (Some(group), None)),
            Self::RowLength { row, group, .. } | Self::RowCheck { row, group } => (row, (group, None)),
            Self::Swapped { row, groups: Some((a, b)) } => (row, (Some(a), (a != b).then_some(b))),
            Self::Swapped { row, groups: None }
            | Self::WrongRow { row, .. }
            | Self::MissingRow { row }
            | Self::MissingGroup { row, .. }
            | Self::LastRowMissing { row }
            | Self::SeveralCodes { row }
            | Self::OtherKind { row, .. } => (row, (None, None)),
        };
        let second = groups.1.map(|group| RowGroup { row, group: Some(group) });
        Some(RowGroup { row, group: groups.0 }).into_iter().chain(second)
    }
}

impl fmt::Display for TypingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("there is no code here"),
            Self::TooLong => write!(
                f,
                "the text is too long for a code: wanted at most {} KiB and {MAX_SYMBOLS} symbols",
                MAX_TEXT / 1024
            ),
            Self::UnknownCharacter { row, group, character, place } => {
                write!(f, "row {row}, group {group} has a character that no code has: ")?;
                if character.is_control() || character == '\u{FFFD}' {
                    write!(f, "U+{:04X}", u32::from(character))?;
                } else {
                    write!(f, "{character}")?;
                }
                write!(f, " (line {}, column {})", place.line, place.column)
            }
            Self::RowLength { row, group, found, wanted } => {
                write!(f, "row {row} has {found} characters, wanted {wanted}")?;
                if let Some(group) = group {
                    write!(f, "; group {group} shows it")?;
                }
                Ok(())
            }
            Self::RowCheck { row, group: Some(group) } => write!(f, "row {row}, group {group} does not check"),
            Self::RowCheck { row, group: None } => write!(f, "row {row} does not check"),
            Self::Swapped { row, groups: Some((a, b)) } if a == b => {
                write!(f, "row {row}, group {a} has two characters in the wrong order")
            }
            Self::Swapped { row, groups: Some((a, b)) } => {
                write!(
                    f,
                    "row {row}: the last character of group {a} and the first of group {b} are in the wrong order"
                )
            }
            Self::Swapped { row, groups: None } => write!(f, "row {row} has the right characters in the wrong order"),
            Self::WrongRow { row, belongs } => write!(f, "what stands as row {row} is row {belongs} of a code"),
            Self::MissingRow { row } => write!(f, "row {row} is missing"),
            Self::MissingGroup { row, found, wanted } => {
                write!(f, "row {row} has {found} characters, wanted {wanted}: a group is missing")
            }
            Self::LastRowMissing { row } => write!(f, "the code goes on: row {row} is missing"),
            Self::OtherKind { row, kind, wanted } => {
                write!(f, "row {row} is a row of {}, wanted {}", kind.one(), wanted.one())
            }
            Self::DifferentCodes => f.write_str("every row is right by itself, and they are not rows of one code"),
            Self::SeveralCodes { row } => {
                write!(f, "there is more than one code: row {row} is there twice, and differs")
            }
        }
    }
}

/// All that is wrong with what was typed: at least one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypingFaults {
    faults: Vec<TypingFault>,
}

impl TypingFaults {
    pub(crate) fn new(mut faults: Vec<TypingFault>) -> Self {
        // In place: there may be as many faults as symbols, and sort_by_key takes room for as many again.
        for i in 1..faults.len() {
            let Some((&fault, before)) = faults.get(..=i).and_then(<[_]>::split_last) else { break };
            let at = before.partition_point(|other| other.reason() <= fault.reason());
            let mut carried = fault;
            for place in faults.iter_mut().take(i + 1).skip(at) {
                core::mem::swap(place, &mut carried);
            }
        }
        Self { faults }
    }

    /// Every fault, in the order of the closed list and then of the rows.
    pub fn all(&self) -> &[TypingFault] {
        &self.faults
    }

    /// The first of the closed list.
    pub fn reason(&self) -> Reason {
        self.faults.first().map_or(Reason::Empty, TypingFault::reason)
    }

    /// Where to look, by row and group, each once.
    pub fn places(&self) -> Vec<RowGroup> {
        let mut places: Vec<_> = self.faults.iter().flat_map(TypingFault::places).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl From<NoReading> for TypingFaults {
    fn from(nothing: NoReading) -> Self {
        Self::new(vec![match nothing {
            NoReading::Empty => TypingFault::Empty,
            NoReading::TooLong => TypingFault::TooLong,
        }])
    }
}

/// The first fault; the rest is in [`TypingFaults::all`].
impl fmt::Display for TypingFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.first() {
            Some(fault) => fault.fmt(f),
            None => Ok(()),
        }
    }
}

impl core::error::Error for TypingFaults {}

/// What right rows are together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Rows of one code, whose bytes have bits that carry nothing and are not zero.
    SpareBits,
}

/// A row with what its check says.
struct Judged {
    /// Where it belongs, if it is right.
    place: Option<RowPlace>,
    /// Where it was typed: its label, or else its turn.
    stands: u8,
}

/// The rows of a reading, each with where it was typed.
fn standing(reading: &Reading) -> impl Iterator<Item = (&TypedRow, u8)> {
    reading.rows.iter().zip(1usize..).map(|(row, turn)| {
        // A text can have more rows than any code: 640 lines of one character each.
        let turn = u8::try_from(turn).unwrap_or(u8::MAX);
        (row, row.label.unwrap_or(turn))
    })
}

/// The rows of a reading together, or what is wrong with them.
pub(crate) fn assemble(reading: &Reading) -> Result<Rows, TypingFaults> {
    if let Some(joined) = join_right(reading) {
        return joined;
    }
    let rows: Vec<_> = standing(reading)
        .map(|(row, stands)| {
            let place = row.symbols().and_then(|symbols| row.place_with(&symbols));
            Judged { place, stands }
        })
        .collect();
    Err(TypingFaults::new(faults(&reading.rows, &rows)))
}

/// The rows of a reading together, or what is wrong with that; `None` if one is wrong by itself.
pub(crate) fn join_right(reading: &Reading) -> Option<Result<Rows, TypingFaults>> {
    let mut right = Vec::with_capacity(reading.rows.len().min(MOST_ROWS));
    for (row, stands) in standing(reading) {
        let symbols = row.symbols()?;
        right.push((row.place_with(&symbols)?, symbols, stands));
    }
    let right = right.iter().map(|(place, symbols, stands)| (*place, symbols.as_slice(), *stands)).collect();
    Some(join(right, reading.rows.iter().all(|row| row.label.is_some())))
}

/// Where a row stands by its own check and its symbols, or what is wrong with it as the
/// row with this number.
pub(crate) fn judge_row(row: &TypedRow, number: u8) -> Result<(RowPlace, Vec<Element>), TypingFaults> {
    let symbols = row.symbols();
    if let Some(symbols) = &symbols
        && let Some(place) = row.place_with(symbols)
    {
        return Ok((place, symbols.clone()));
    }
    let full = if row.form == Form::Digits { 40 } else { ROW };
    // Only a last row is much shorter than a full one; the other kinds have one size each.
    let short = row.typed.len() + GROUP < full;
    let last = number >= row.kind.fewest_rows() && (short || row.kind != CodeKind::ActivationCode);
    let mut faults = Vec::new();
    row_faults(row, RowPlace { number, last, kind: row.kind }, &mut faults);
    Err(TypingFaults::new(faults))
}

/// Rows that are all right: in order, complete, and of one code?
pub(crate) fn join(mut rows: Vec<(RowPlace, &[Element], u8)>, labelled: bool) -> Result<Rows, TypingFaults> {
    // Labels may come in any order; the check decides the place.
    if labelled {
        rows.sort_by_key(|(place, ..)| place.number);
    }
    let mut faults = Vec::new();
    let ascending = rows.is_sorted_by(|(a, ..), (b, ..)| a.number < b.number);
    let belongs: Vec<u8> = rows.iter().map(|(place, ..)| place.number).collect();
    for (place, symbols, stands) in &rows {
        let moved = if labelled { place.number != *stands } else { !ascending && place.number != *stands };
        let twin = rows.iter().any(|(other, others, _)| other.number == place.number && others != symbols);
        if twin {
            faults.push(TypingFault::SeveralCodes { row: place.number });
        } else if moved {
            faults.push(TypingFault::WrongRow { row: *stands, belongs: place.number });
        }
    }
    let highest = belongs.iter().copied().max().unwrap_or(0);
    faults.extend((1..highest).filter(|number| !belongs.contains(number)).map(|row| TypingFault::MissingRow { row }));
    match rows.iter().find(|(place, ..)| place.last) {
        None => faults.push(TypingFault::LastRowMissing { row: highest + 1 }),
        Some((place, ..)) if place.number != highest => faults.push(TypingFault::DifferentCodes),
        Some(_) => {}
    }
    faults.dedup();
    if !faults.is_empty() {
        return Err(TypingFaults::new(faults));
    }
    match decode(rows.iter().map(|(_, symbols, _)| *symbols)) {
        Ok(bytes) => Ok(Rows::Bytes(bytes)),
        Err(RowsFault::SpareBits) => Ok(Rows::SpareBits),
        Err(RowsFault::Crc) => Err(TypingFaults::new(vec![TypingFault::DifferentCodes])),
    }
}

/// What is wrong where at least one row is.
fn faults(typed: &[TypedRow], rows: &[Judged]) -> Vec<TypingFault> {
    // Of each row one, and of each character that cannot be read.
    let unreadable = typed.iter().flat_map(|row| &row.typed).filter(|typed| typed.symbol.is_none()).count();
    let mut faults = Vec::with_capacity(rows.len() + unreadable);
    // The number that a right row says is the surer count for those that follow it.
    let mut offset = 0u8;
    // Rows that were exchanged say nothing about those that follow them.
    let ascending = rows.iter().filter_map(|row| row.place).is_sorted_by(|a, b| a.number < b.number);
    for (i, (row, typed)) in rows.iter().zip(typed).enumerate() {
        let stands = if typed.label.is_some() { row.stands } else { row.stands.saturating_add(offset) };
        let last = i + 1 == rows.len() && row.place.is_none_or(|place| place.last);
        match row.place {
            None => row_faults(typed, RowPlace { number: stands, last, kind: typed.kind }, &mut faults),
            Some(place) if place.number == stands => {}
            Some(place) if ascending && place.number > stands && typed.label.is_none() => {
                faults.extend((stands..place.number).map(|row| TypingFault::MissingRow { row }));
                offset += place.number - stands;
            }
            Some(place) => faults.push(TypingFault::WrongRow { row: stands, belongs: place.number }),
        }
    }
    if let Some(RowPlace { number, last: false, .. }) = rows.last().and_then(|row| row.place) {
        faults.push(TypingFault::LastRowMissing { row: number + 1 });
    }
    faults
}

/// What is wrong with one row that should stand in this place.
fn row_faults(judged: &TypedRow, place: RowPlace, faults: &mut Vec<TypingFault>) {
    let TypedRow { typed, form, .. } = judged;
    let row = place.number;
    let before = faults.len();
    faults.extend(typed.iter().enumerate().filter(|(_, typed)| typed.symbol.is_none()).map(|(i, typed)| {
        TypingFault::UnknownCharacter {
            row,
            group: (i / GROUP + 1) as u8,
            character: typed.character,
            place: typed.place.into(),
        }
    }));
    let found = typed.len();
    let wanted = wanted_length(found, *form, place.last);
    if found != wanted {
        faults.push(if found + 3 <= wanted {
            TypingFault::MissingGroup { row, found, wanted }
        } else {
            TypingFault::RowLength { row, group: odd_group(typed), found, wanted }
        });
    }
    if faults.len() > before {
        return;
    }
    let Some(symbols) = judged.symbols() else {
        // Digits whose own check is wrong.
        faults.push(TypingFault::RowCheck { row, group: None });
        return;
    };
    let symbols = symbols.as_slice();
    let group_of = |index: usize| (index / GROUP + 1) as u8;
    let syndromes = Syndromes::of(symbols, place);
    let group_of_symbol = |index| (*form == Form::Letters).then(|| group_of(index));
    faults.push(match syndromes.single_error() {
        Some(error) if error.exponent == KIND_EXPONENT => {
            match CodeKind::from_element(place.kind as Element ^ error.change) {
                Some(kind) => TypingFault::OtherKind { row, kind, wanted: place.kind },
                None => TypingFault::RowCheck { row, group: None },
            }
        }
        Some(error) => {
            let index = symbols.len().checked_sub(error.exponent + 1);
            TypingFault::RowCheck { row, group: index.and_then(group_of_symbol) }
        }
        None => match syndromes.neighbours_exchanged(symbols) {
            _ if let Some(kind) = other_kind(symbols, place) => {
                TypingFault::OtherKind { row, kind, wanted: place.kind }
            }
            Some(first) if *form == Form::Letters => {
                TypingFault::Swapped { row, groups: Some((group_of(first), group_of(first + 1))) }
            }
            _ if syndromes.0[0] == 0 => TypingFault::Swapped { row, groups: None },
            _ => TypingFault::RowCheck { row, group: None },
        },
    });
}

/// Of which kind this is a right row, if its code has more or fewer rows than the one that is wanted.
fn other_kind(symbols: &[Element], place: RowPlace) -> Option<CodeKind> {
    let other = |element| CodeKind::from_element(element).filter(|&kind| kind != place.kind);
    (1..=6)
        .filter_map(other)
        .find(|&kind| Syndromes::of(symbols, RowPlace { last: !place.last, kind, ..place }).is_right())
}

/// The length that a row of about `found` characters should have.
fn wanted_length(found: usize, form: Form, last: bool) -> usize {
    match (form, last) {
        (Form::Letters, false) => ROW,
        (Form::Digits, false) => 40,
        (Form::Letters, true) => (found + 2).clamp(GROUP, ROW) / GROUP * GROUP,
        (Form::Digits, true) => {
            crate::rows::DIGITS.into_iter().min_by_key(|&length| length.abs_diff(found)).unwrap_or(40)
        }
    }
}

/// The only group, as typed with separators, that has not five characters.
fn odd_group(typed: &[Typed]) -> Option<u8> {
    let groups: Vec<_> = typed.chunk_by(|_, next| !next.starts_group).map(<[_]>::len).collect();
    let mut odd = groups.iter().zip(1..).filter(|&(&length, _)| length != GROUP);
    let (_, group) = odd.next().filter(|_| groups.len() > 1)?;
    odd.next().is_none().then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::one_row;
    use crate::rows::{encode, to_digits};

    #[test]
    fn symbols_that_are_exchanged_are_in_no_group_of_digits() {
        let symbols = encode(CodeKind::ActivationCode, &[0xA7; 96]).unwrap();
        let mut row: Vec<Element> = symbols[..ROW].to_vec();
        let at = (0..ROW - 1).find(|&at| row[at] != row[at + 1]).unwrap();
        row.swap(at, at + 1);
        let digits = one_row(&to_digits(&row), CodeKind::ActivationCode).unwrap();
        let faults = judge_row(&digits, 1).unwrap_err();
        assert_eq!(faults.all(), [TypingFault::Swapped { row: 1, groups: None }]);
    }
}
