//! What a row in digits may have been meant as.
//!
//! Changes of digits add to the row's number, so their sum modulo 97 must be what its
//! check lacks; only those changes are tried that have that sum. Then the number's
//! symbols must be a right row.

use super::letters::{EXTRA, GROUP_SWAP, JUMP, LOOK_ALIKE, OMISSION, SUBSTITUTION, SWAP, TWIN};
use crate::rows::{CodeKind, DIGITS, Element, GROUP, ROW, RowPlace, place_of};
use alloc::{vec, vec::Vec};

use super::letters::Candidate;

/// Most digits that a row may have too few or too many and still be repaired.
pub(super) const MOST_MISSING: usize = 2;

/// Most events in one row: the check of two digits sorts out fewer explanations than
/// those of a row in letters.
pub(super) const MOST_EVENTS: usize = 2;

/// Most unreadable digits in one row: 10,000 rows, of which 103 have the right check.
pub(super) const MOST_UNREADABLE: usize = 4;

/// Most digits in a row.
const WIDTH: usize = DIGITS[4];

/// The rows of `length` symbols in these places that exactly so many events turn into the
/// digits that were typed, and how many explanations were tried. More places take no
/// longer: a row's check is looked at last.
pub(super) fn candidates(
    typed: &[Option<u8>],
    length: usize,
    kind: CodeKind,
    places: &dyn Fn(RowPlace) -> bool,
    events: usize,
) -> (Vec<Candidate>, u32) {
    let Some(&width) = length.checked_sub(1).and_then(|n| DIGITS.get(n / GROUP)) else { return (Vec::new(), 0) };
    let mut search = Search { typed, width, length, kind, places, events, found: Vec::new(), tried: 0 };
    let missing = width.saturating_sub(typed.len());
    let surplus = typed.len().saturating_sub(width);
    for extra in 0..=1 {
        let (drops, gaps) = (surplus + extra, missing + extra);
        if drops + gaps <= events {
            search.align(Row::EMPTY, 0, drops, gaps);
        }
    }
    (search.found, search.tried)
}

/// Digits brought to the row's length.
#[derive(Clone, Copy)]
struct Row {
    /// `None` is not known.
    digits: [Option<u8>; WIDTH],
    filled: usize,
    drops: usize,
    unlikely: u8,
}

impl Row {
    const EMPTY: Self = Self { digits: [None; WIDTH], filled: 0, drops: 0, unlikely: 0 };

    fn push(&mut self, digit: Option<u8>) {
        self.digits.get_mut(self.filled).into_iter().for_each(|place| *place = digit);
        self.filled += 1;
    }

    fn at(&self, index: usize) -> Option<u8> {
        self.digits.get(index).copied().flatten()
    }
}

/// A number of the row, and what its check lacks.
#[derive(Clone, Copy, Default)]
struct Value {
    /// Without the check digits; wraps where a change of digits is negative.
    number: u128,
    /// Number and check together, modulo 97; 1 in a right row.
    residue: u32,
}

impl Value {
    fn plus(self, other: Self) -> Self {
        Self { number: self.number.wrapping_add(other.number), residue: (self.residue + other.residue) % 97 }
    }
}

/// One event that keeps the length.
#[derive(Clone, Copy)]
struct Edit {
    value: Value,
    unlikely: u8,
}

struct Search<'a> {
    typed: &'a [Option<u8>],
    /// Digits of the row.
    width: usize,
    /// Symbols of the row.
    length: usize,
    kind: CodeKind,
    /// Which are wanted.
    places: &'a dyn Fn(RowPlace) -> bool,
    events: usize,
    found: Vec<Candidate>,
    tried: u32,
}

impl Search<'_> {
    fn align(&mut self, row: Row, from: usize, drops: usize, gaps: usize) {
        let mut row = row;
        if drops == 0 && gaps == 0 {
            let rest = self.typed.get(from..).unwrap_or_default();
            if row.filled + rest.len() == self.width {
                rest.iter().for_each(|&digit| row.push(digit));
                self.mend(&row);
            }
            return;
        }
        if gaps > 0 && row.filled < self.width {
            let mut gapped = row;
            gapped.push(None);
            gapped.unlikely += OMISSION;
            self.align(gapped, from, drops, gaps - 1);
        }
        let Some(&digit) = self.typed.get(from) else { return };
        let previous = from.checked_sub(1).and_then(|index| self.typed.get(index));
        if drops > 0 && previous != Some(&digit) {
            let mut dropped = row;
            dropped.drops += 1;
            dropped.unlikely += EXTRA;
            self.align(dropped, from + 1, drops - 1, gaps);
        }
        if row.filled < self.width {
            row.push(digit);
            self.align(row, from + 1, drops, gaps);
        }
    }

    fn mend(&mut self, row: &Row) {
        let unknown: Vec<usize> = (0..self.width).filter(|&index| row.at(index).is_none()).collect();
        // At most four are unknown, for each is an event; beside one there is at most one event more.
        let Some(left) = self.events.checked_sub(row.drops + unknown.len()) else { return };
        let start = (0..self.width)
            .fold(Value::default(), |sum, index| sum.plus(self.worth(index, row.at(index).unwrap_or(0))));
        // By residue, so that what is lacking is found at once.
        let mut edits: Vec<Vec<Edit>> = Vec::new();
        if left > 0 {
            edits = vec![Vec::new(); 97];
            for edit in self.edits(row) {
                edits.get_mut(edit.value.residue as usize).into_iter().for_each(|list| list.push(edit));
            }
        }
        let lacking = |residue: u32| edits.get((98 - residue % 97) as usize % 97).map_or(&[][..], Vec::as_slice);
        for filling in 0..10u32.pow(unknown.len() as u32) {
            self.tried += 1;
            let mut rest = filling;
            let filled = unknown.iter().fold(start, |sum, &index| {
                let digit = (rest % 10) as u8;
                rest /= 10;
                sum.plus(self.worth(index, digit))
            });
            match left {
                0 => {
                    if filled.residue == 1 {
                        self.keep(filled, row.unlikely);
                    }
                }
                1 => {
                    for edit in lacking(filled.residue) {
                        self.keep(filled.plus(edit.value), row.unlikely.saturating_add(edit.unlikely));
                    }
                }
                _ => {
                    for first in edits.iter().flatten() {
                        let once = filled.plus(first.value);
                        for edit in lacking(once.residue) {
                            let unlikely = row.unlikely.saturating_add(first.unlikely).saturating_add(edit.unlikely);
                            self.keep(once.plus(edit.value), unlikely);
                        }
                    }
                }
            }
        }
    }

    /// What a digit in this place adds.
    fn worth(&self, index: usize, digit: u8) -> Value {
        self.change(index, 0, digit)
    }

    /// What one digit instead of another adds.
    fn change(&self, index: usize, from: u8, to: u8) -> Value {
        let exponent = (self.width - 1).saturating_sub(index) as u32;
        let (from, to) = (u32::from(from), u32::from(to));
        let residue = (to + 97 - from) * POWERS_MOD_97.get(exponent as usize).copied().unwrap_or(0) % 97;
        let number = match exponent.checked_sub(2) {
            Some(exponent) => POWERS
                .get(exponent as usize)
                .copied()
                .unwrap_or(0)
                .wrapping_mul(u128::from(to).wrapping_sub(u128::from(from))),
            None => 0,
        };
        Value { number, residue }
    }

    /// Every event that keeps the length.
    fn edits(&self, row: &Row) -> Vec<Edit> {
        let mut edits = Vec::with_capacity(450);
        for index in 0..self.width {
            let Some(digit) = row.at(index) else { continue };
            for other in (0..10).filter(|&other| other != digit) {
                let unlikely = if matches!((digit.min(other), digit.max(other)), (1, 7) | (0, 6) | (3 | 6, 8) | (4, 9))
                {
                    LOOK_ALIKE
                } else {
                    SUBSTITUTION
                };
                edits.push(Edit { value: self.change(index, digit, other), unlikely });
                if row.at(index + 1) == Some(digit) {
                    let value = self.change(index, digit, other).plus(self.change(index + 1, digit, other));
                    edits.push(Edit { value, unlikely: TWIN });
                }
            }
            for (reach, unlikely) in [(1, SWAP), (2, JUMP)] {
                if let Some(other) = row.at(index + reach).filter(|&other| other != digit) {
                    let value = self.change(index, digit, other).plus(self.change(index + reach, other, digit));
                    edits.push(Edit { value, unlikely });
                }
            }
        }
        for first in (0..self.width).step_by(GROUP) {
            for second in (first + GROUP..self.width).step_by(GROUP) {
                let value = (0..GROUP).try_fold(Value::default(), |sum, i| {
                    let (a, b) = (row.at(first + i)?, row.at(second + i)?);
                    Some(sum.plus(self.change(first + i, a, b)).plus(self.change(second + i, b, a)))
                });
                edits.extend(value.map(|value| Edit { value, unlikely: GROUP_SWAP }));
            }
        }
        edits
    }

    fn keep(&mut self, value: Value, unlikely: u8) {
        self.tried += 1;
        if value.number >> (5 * self.length) != 0 {
            return;
        }
        let mut symbols = [0; ROW];
        for (symbol, i) in symbols.iter_mut().zip((0..self.length).rev()) {
            *symbol = (value.number >> (5 * i)) as Element & 31;
        }
        if symbols.get(..self.length).and_then(|row| place_of(row, self.kind)).is_some_and(self.places) {
            self.found.push(Candidate { symbols, unlikely });
        }
    }
}

/// Of ten; a row's number has at most 38 digits.
const POWERS: [u128; WIDTH - 2] = {
    let mut table = [1; WIDTH - 2];
    let mut i = 1;
    while i < table.len() {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

const POWERS_MOD_97: [u32; WIDTH] = {
    let mut table = [1; WIDTH];
    let mut i = 1;
    while i < WIDTH {
        table[i] = table[i - 1] * 10 % 97;
        i += 1;
    }
    table
};
