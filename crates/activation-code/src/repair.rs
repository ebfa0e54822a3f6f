//! What mistyped rows may have been meant as. It may only propose: a signature decides.
//!
//! ```text
//! rows as typed ─plan─> which stretch may be which row
//!               ─letters, digits─> candidates for each row, by number of events
//!               ─search─> codes, fewest events first, joined on the CRC
//!               ─judge─> the one that is signed
//!               ─explain─> what was changed
//! ```
//!
//! Bounded whatever is typed: [`MOST_COMBINATIONS`], [`MOST_SIGNATURES`] and
//! [`MOST_EXPLANATIONS`]. So is memory: a long list of candidates is 280 KB, and there
//! are no more of them than explanations allow.

#[allow(clippy::indexing_slicing, reason = "tables that are made while this is compiled")]
mod digits;
mod explain;
#[allow(clippy::indexing_slicing, reason = "tables that are made while this is compiled, or whose index is masked")]
mod letters;
mod one_row;
mod plan;
mod search;

pub use one_row::{
    MOST_POSSIBLE_ROWS, PossibleRow, PossibleRows, RowAnswer, RowProposal, Sureness, possible_rows, read_row,
    read_row_of,
};
pub use search::{Effort, MOST_COMBINATIONS, MOST_EXPLANATIONS, MOST_SIGNATURES};

use crate::reading::{Form, Reading, Typed, TypedRow, readings};
use crate::rows::{Element, GROUP, ROW, letter, place_of, to_digits, value_of};
use crate::typing::{Rows, assemble};
use alloc::{string::String, vec::Vec};
use core::fmt;
use plan::Source;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What happened to what was meant, so that it became what was typed.
        ///
        /// Names are added, never changed or reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant,)*
        }

        impl Event {
            /// Every event, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, for programs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

events! {
    /// Another character.
    Substitution = "substitution",
    /// Two neighbours in each other's places.
    Swap = "swap",
    /// Two characters on both sides of a third in each other's places.
    Jump = "jump",
    /// Two groups in each other's places.
    GroupSwap = "group-swap",
    /// Two equal neighbours typed as two others that are equal.
    Twin = "twin",
    /// A character left out.
    Omission = "omission",
    /// A character too many.
    Extra = "extra",
    /// A character that cannot be read.
    Unreadable = "unreadable",
    /// A character that stands in another place.
    Moved = "moved",
    /// A row that stands in another place.
    WrongRow = "wrong-row",
    /// Typed as if on a keyboard of another country.
    KeyboardLayout = "keyboard-layout",
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One change between what was typed and what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The row, from 1, as printed; for [`Event::WrongRow`] where it was typed.
    pub row: u8,
    /// The group of the row, from 1; `None` if the whole row is meant.
    pub group: Option<u8>,
    /// As it was typed, without separators; empty if nothing was.
    pub typed: String,
    /// In the form that was typed, letters or digits; empty if nothing was meant.
    pub meant: String,
    /// What happened; the first in the group, if several things did.
    pub event: Event,
}

/// Bytes that somebody took for a code, and what had to be changed for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Payload and signature.
    pub bytes: Vec<u8>,
    /// What was changed.
    pub repairs: Vec<Repair>,
}

/// Goes through the codes that a mistyped text may have been meant as, the likeliest
/// first, until `judge` takes one; and tells how much was looked at.
///
/// The bytes that `judge` sees have right rows and a right CRC, and that proves nothing:
/// one noise in a thousand million has too. Judge by the signature.
pub fn propose(text: &str, judge: &mut dyn FnMut(&[u8]) -> bool) -> (Option<Proposal>, Effort) {
    let Ok(readings) = readings(text) else { return (None, Effort::default()) };
    let mut search = search::Search::new(judge);
    if let Some(proposal) = other_keyboard(&readings, &mut search) {
        return (Some(proposal), search.effort);
    }
    let streams: Vec<Vec<Typed>> = readings
        .iter()
        .map(|reading| reading.rows.iter().flat_map(|row| row.typed.iter().copied()).collect())
        .collect();
    let mut plans = Vec::new();
    let mut reading_of = Vec::new();
    for (reading, stream) in readings.iter().zip(&streams) {
        plans.extend(plan::plans(reading, stream));
        reading_of.resize(plans.len(), reading);
    }
    let Some((plan, found)) = search.run(&mut plans) else { return (None, search.effort) };
    let rows = reading_of.get(plan).map_or(&[][..], |reading| &reading.rows);
    let proposal = crate::rows::decode(found.symbols.chunks(ROW))
        .ok()
        .map(|bytes| Proposal { bytes, repairs: repairs(&found, rows) });
    (proposal, search.effort)
}

/// Keys that change places: German and most of central Europe; French and Belgian.
const LAYOUTS: [&[(u8, u8)]; 2] = [&[(b'Y', b'Z')], &[(b'A', b'Q'), (b'Z', b'W')]];

/// The code that is typed as if on another keyboard, if at least two rows are wrong and
/// all are right then.
fn other_keyboard(readings: &[Reading], search: &mut search::Search<'_>) -> Option<Proposal> {
    for reading in readings {
        let wrong = |row: &&TypedRow| row.symbols().and_then(|symbols| place_of(&symbols, row.kind)).is_none();
        if reading.rows.iter().filter(wrong).count() < 2 {
            continue;
        }
        for keys in LAYOUTS {
            let mut meant = reading.clone();
            for typed in meant.rows.iter_mut().flat_map(|row| &mut row.typed) {
                typed.symbol = typed.symbol.map(|symbol| exchanged(symbol, keys));
            }
            if let Ok(Rows::Bytes(bytes)) = assemble(&meant)
                && search.judged(&bytes)
            {
                let rows = reading.rows.iter().zip(&meant.rows);
                let repairs = rows.flat_map(|(typed, meant)| layout_repairs(typed, meant)).collect();
                return Some(Proposal { bytes, repairs });
            }
        }
    }
    None
}

fn exchanged(symbol: Element, keys: &[(u8, u8)]) -> Element {
    let other = keys.iter().find_map(|&(a, b)| match (value_of(a)?, value_of(b)?) {
        (a, b) if symbol == a => Some(b),
        (a, b) if symbol == b => Some(a),
        _ => None,
    });
    other.unwrap_or(symbol)
}

fn layout_repairs(typed: &TypedRow, meant: &TypedRow) -> Vec<Repair> {
    // Digits are on the same keys everywhere.
    let Some(symbols) = meant.symbols().filter(|_| meant.form == Form::Letters) else { return Vec::new() };
    let Some(place) = place_of(&symbols, meant.kind) else { return Vec::new() };
    let groups = typed.typed.chunks(GROUP).zip(symbols.chunks(GROUP)).zip(1..);
    let changed = groups
        .filter(|((typed, meant), _)| typed.iter().zip(*meant).any(|(typed, &meant)| typed.symbol != Some(meant)));
    changed
        .map(|((typed, meant), group)| Repair {
            row: place.number,
            group: Some(group),
            typed: typed_text(typed),
            meant: letters_text(meant),
            event: Event::KeyboardLayout,
        })
        .collect()
}

/// What was changed to get from the typed rows to the code that was found.
fn repairs(found: &search::Found<'_>, rows: &[TypedRow]) -> Vec<Repair> {
    let code: Vec<&[Element]> = found.symbols.chunks(ROW).collect();
    let used: Vec<Option<usize>> =
        found.sources.iter().map(|source| if let Source::Typed { row, .. } = source { *row } else { None }).collect();
    let in_rows = found.sources.iter().any(|source| matches!(source, Source::Typed { row: Some(_), .. }));
    let unused = || (0..rows.len()).filter(|i| in_rows && !used.contains(&Some(*i)));
    let mut repairs = Vec::new();
    // Rows that were typed in another order, or too often.
    let turn = |i: usize| used.iter().flatten().filter(|&&other| other <= i).count();
    let ascending = used.iter().flatten().is_sorted();
    for (number, i) in (1u8..).zip(&used) {
        let Some((i, row)) = i.and_then(|i| Some((i, rows.get(i)?))) else { continue };
        let stands = row.label.unwrap_or(if ascending { number } else { turn(i) as u8 });
        if stands != number {
            let meant = usize::from(stands).checked_sub(1).and_then(|index| code.get(index));
            repairs.push(Repair {
                row: stands,
                group: None,
                typed: typed_text(&row.typed),
                meant: meant.map_or_else(String::new, |symbols| text_in(row.form, symbols)),
                event: Event::WrongRow,
            });
        }
    }
    let mut surplus: Vec<usize> = unused().collect();
    for ((number, source), symbols) in (1u8..).zip(&found.sources).zip(&code) {
        match source {
            Source::Typed { typed, form, .. } => repairs.extend(group_repairs(number, typed, *form, symbols)),
            Source::Recomputed => {
                let typed =
                    surplus.pop().and_then(|i| rows.get(i)).map(|row| typed_text(&row.typed)).unwrap_or_default();
                let event = if typed.is_empty() { Event::Omission } else { Event::Substitution };
                repairs.push(Repair { row: number, group: Some(1), typed, meant: letters_text(symbols), event });
            }
        }
    }
    for row in surplus.into_iter().filter_map(|i| rows.get(i).map(|row| (i, row))) {
        let (i, row) = row;
        repairs.push(Repair {
            row: row.label.unwrap_or((i + 1) as u8),
            group: None,
            typed: typed_text(&row.typed),
            meant: String::new(),
            event: Event::Extra,
        });
    }
    if repairs.is_empty() {
        // Every symbol was typed, and some stand in a neighbouring row.
        for ((number, symbols), row) in (1u8..).zip(&code).zip(rows) {
            if row.symbols().as_deref() != Some(symbols) {
                let (typed, meant) = (typed_text(&row.typed), text_in(row.form, symbols));
                repairs.push(Repair { row: number, group: None, typed, meant, event: Event::Moved });
            }
        }
    }
    repairs.sort_by_key(|repair| (repair.row, repair.group));
    repairs
}

/// What was changed in one row.
fn group_repairs(row: u8, typed: &[Typed], form: Form, meant: &[Element]) -> Vec<Repair> {
    let values: Vec<_> = typed.iter().map(|typed| typed.symbol).collect();
    // The symbols 0 to 9 are printed as those digits.
    let meant: Vec<Element> = match form {
        Form::Letters => meant.to_vec(),
        Form::Digits => to_digits(meant).bytes().map(|digit| digit - b'0').collect(),
    };
    // The digits are the first ten letters of the alphabet.
    explain::changed_groups(&values, &meant)
        .into_iter()
        .map(|changed| Repair {
            row,
            group: Some((changed.group + 1) as u8),
            typed: typed_text(typed.get(changed.typed).unwrap_or_default()),
            meant: letters_text(meant.get(changed.meant).unwrap_or_default()),
            event: changed.event,
        })
        .collect()
}

fn typed_text(typed: &[Typed]) -> String {
    typed.iter().map(|typed| typed.character).collect()
}

fn letters_text(symbols: &[Element]) -> String {
    symbols.iter().copied().map(letter).collect()
}

fn text_in(form: Form, symbols: &[Element]) -> String {
    match form {
        Form::Letters => letters_text(symbols),
        Form::Digits => to_digits(symbols),
    }
}
