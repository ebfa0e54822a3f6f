//! One row at a time, as a prompt asks for them.

use super::{Repair, digits, group_repairs, letters};
use crate::reading::{Form, one_row};
use crate::rows::{DIGITS, Element, FEWEST_ROWS, GROUP, ROW, RowPlace, letter};
use crate::typing::{TypingFaults, judge_row};
use alloc::{string::String, vec::Vec};
use letters::Candidate;

/// Most proposals for one row: more than a person compares with the paper.
const MOST_PROPOSALS: usize = 5;

/// What one row is, by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowAnswer {
    /// A right row of some activation code.
    Right {
        /// Which, by its own check: 1 to 15.
        row: u8,
        /// Whether the code ends with it.
        last: bool,
        /// As it is printed, in letters.
        letters: String,
    },
    /// Not right.
    Wrong {
        /// What is wrong with it.
        faults: TypingFaults,
        /// What it may have been meant as, the likeliest first; at most five, or none.
        proposals: Vec<RowProposal>,
    },
}

impl RowAnswer {
    /// Whether it is a right row.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Right { .. })
    }
}

/// What a row may have been meant as. It proves nothing: compare it with the paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProposal {
    /// Which row: 1 to 15.
    pub row: u8,
    /// Whether the code would end with it.
    pub last: bool,
    /// The row as it would be printed, in letters.
    pub letters: String,
    /// What would be changed.
    pub repairs: Vec<Repair>,
    /// How sure that is.
    pub sureness: Sureness,
}

/// How sure a proposal for a row is, before the rest of the code is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// One event explains the row, and no other one does. Of rows with two mistakes one
    /// in thirty looks like that.
    Likely,
    /// One of several explanations.
    Possible,
}

/// What the text of one row is, with or without its label. `expected` is the number that
/// it should have (1 to 15); without one and without a label nothing is proposed.
pub fn read_row(text: &str, expected: Option<u8>) -> RowAnswer {
    let typed = match one_row(text) {
        Ok(row) => row,
        Err(nothing) => return RowAnswer::Wrong { faults: nothing.into(), proposals: Vec::new() },
    };
    let number = expected.or(typed.label).filter(|number| (1..=15).contains(number));
    match judge_row(&typed, number.unwrap_or(1)) {
        Ok((place, symbols)) => RowAnswer::Right { row: place.number, last: place.last, letters: grouped(&symbols) },
        Err(faults) => {
            let values: Vec<_> = typed.typed.iter().map(|typed| typed.symbol).collect();
            let found = number.map(|number| likeliest(&values, typed.form, number)).unwrap_or_default();
            let sure = matches!(found.as_slice(), [Ranked { events: 1, .. }]);
            let proposals = found.iter().take(MOST_PROPOSALS).filter_map(|ranked| {
                let symbols = ranked.candidate.symbols.get(..ranked.length)?;
                Some(RowProposal {
                    row: ranked.place.number,
                    last: ranked.place.last,
                    letters: grouped(symbols),
                    repairs: group_repairs(ranked.place.number, &typed.typed, typed.form, symbols),
                    sureness: if sure { Sureness::Likely } else { Sureness::Possible },
                })
            });
            RowAnswer::Wrong { faults, proposals: proposals.collect() }
        }
    }
}

/// A candidate with what it takes.
struct Ranked {
    candidate: Candidate,
    events: usize,
    place: RowPlace,
    length: usize,
}

/// The candidates with the fewest events, the likeliest first.
fn likeliest(typed: &[Option<Element>], form: Form, number: u8) -> Vec<Ranked> {
    let lengths = (1..=ROW / GROUP).rev().map(|groups| groups * GROUP);
    let last = lengths.filter(|_| number >= FEWEST_ROWS).map(|length| (RowPlace { number, last: true }, length));
    let places: Vec<_> = core::iter::once((RowPlace { number, last: false }, ROW)).chain(last).collect();
    let unreadable = typed.iter().filter(|symbol| symbol.is_none()).count();
    for events in unreadable.max(1)..=unreadable.max(2) {
        let mut found: Vec<Ranked> = Vec::new();
        for &(place, length) in &places {
            let candidates = candidates(typed, form, length, place, events);
            found.extend(candidates.into_iter().map(|candidate| Ranked { candidate, events, place, length }));
        }
        found.sort_by_key(|ranked| (ranked.candidate.unlikely, ranked.candidate.symbols));
        found.dedup_by_key(|ranked| (ranked.candidate.symbols, ranked.length));
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn candidates(typed: &[Option<Element>], form: Form, length: usize, place: RowPlace, events: usize) -> Vec<Candidate> {
    let unreadable = typed.iter().filter(|symbol| symbol.is_none()).count();
    let (width, missing, most) = match form {
        Form::Letters => (length, letters::MOST_MISSING, letters::MOST_UNREADABLE),
        Form::Digits => {
            (DIGITS.get(length / GROUP - 1).copied().unwrap_or(0), digits::MOST_MISSING, digits::MOST_UNREADABLE)
        }
    };
    if typed.len().abs_diff(width) > missing || unreadable > most {
        return Vec::new();
    }
    match form {
        Form::Letters => letters::candidates(typed, length, place, events).0,
        Form::Digits => digits::candidates(typed, length, place, events).0,
    }
}

/// A row as it is printed.
fn grouped(symbols: &[Element]) -> String {
    let mut text = String::new();
    for (i, &symbol) in symbols.iter().enumerate() {
        if i > 0 && i % GROUP == 0 {
            text.push('-');
        }
        text.push(letter(symbol));
    }
    text
}
