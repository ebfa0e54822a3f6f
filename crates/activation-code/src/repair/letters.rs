//! What a row in letters may have been meant as.
//!
//! A wrong row is explained by *events*: characters dropped and gaps filled bring it to
//! its length, a few exchanges put characters in order, and what is left is up to three
//! symbols of unknown value, which the three checks give. With fewer unknowns the checks
//! that are left over sort out most explanations.

use crate::rows::{Element, GROUP, ROW, RowPlace, Syndromes, alpha, inverse, times};
use alloc::vec::Vec;

/// Most characters that a row may have too few or too many and still be repaired.
pub(super) const MOST_MISSING: usize = 3;

/// Most events in one row, but for unreadable characters. Four would be 400,000 candidates.
pub(super) const MOST_EVENTS: usize = 3;

/// Most unreadable characters in one row: two more than the checks can fill are tried as
/// a list of 1,024.
pub(super) const MOST_UNREADABLE: usize = 5;

/// Longest list for one row. The longest ones, three events in a row that is one
/// character short, have about 8,500.
const MOST_CANDIDATES: usize = 10_000;

/// A row that its check says is right, and how far it is from what was typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// The first ones, as many as the row has; then zeros.
    pub symbols: [Element; ROW],
    /// Ranks candidates with equally many events; less is likelier.
    pub unlikely: u8,
}

// How unlikely an event is beside others, about ten times the negative logarithm of its
// share in the mixes that `docs/typing-figures.md` measures. Only ranks candidates with
// equally many events.
pub(super) const LOOK_ALIKE: u8 = 10;
pub(super) const SWAP: u8 = 15;
pub(super) const SUBSTITUTION: u8 = 20;
pub(super) const OMISSION: u8 = 24;
pub(super) const EXTRA: u8 = 24;
pub(super) const JUMP: u8 = 32;
pub(super) const GROUP_SWAP: u8 = 35;
pub(super) const TWIN: u8 = 35;

/// Whether two symbols are easily taken for one another on paper.
pub(super) const fn look_alike(a: Element, b: Element) -> bool {
    ALIKE[(a & 31) as usize] >> (b & 31) & 1 != 0
}

const ALIKE: [u32; 32] = {
    const PAIRS: &[u8] = b"0D0Q0CDQ171J1T2Z3858355S6G6B8B9G9P4A4HVYVWMNMWHNHMCGEFPRKXKRBRBEJTXY";
    let mut table = [0u32; 32];
    let mut i = 0;
    while i + 1 < PAIRS.len() {
        if let (Some(a), Some(b)) = (crate::rows::value_of(PAIRS[i]), crate::rows::value_of(PAIRS[i + 1])) {
            table[(a & 31) as usize] |= 1 << b;
            table[(b & 31) as usize] |= 1 << a;
        }
        i += 2;
    }
    table
};

/// The syndromes S₀, S₁, S₂ of a row in one number, eight bits each: adding is xor.
type Sum = u32;

/// What a symbol adds to the syndromes, by its exponent and its value.
const SHARE: [[Sum; 32]; 32] = {
    let mut table = [[0; 32]; 32];
    let mut exponent = 0;
    while exponent < 31 {
        let mut value = 0;
        while value < 32 {
            let v = value as Element;
            table[exponent][value] =
                v as Sum | (times(v, alpha(exponent)) as Sum) << 8 | (times(v, alpha(2 * exponent)) as Sum) << 16;
            value += 1;
        }
        exponent += 1;
    }
    table
};

fn share(exponent: usize, value: Element) -> Sum {
    SHARE[exponent & 31][usize::from(value & 31)]
}

/// What the row's place and the kind of code add.
fn share_of_place(place: RowPlace) -> Sum {
    let Syndromes([s0, s1, s2]) = Syndromes::of(&[], place);
    Sum::from(s0) | Sum::from(s1) << 8 | Sum::from(s2) << 16
}

/// Whether symbols are a right row in this place.
pub(super) fn is_right(symbols: &[Element], place: RowPlace) -> bool {
    Syndromes::of(symbols, place).is_right()
}

/// The rows of `length` symbols in `place` that exactly so many events turn into what was
/// typed, and how many explanations were tried. Not sorted; one row may come more than
/// once.
pub(super) fn candidates(
    typed: &[Option<Element>],
    length: usize,
    place: RowPlace,
    events: usize,
) -> (Vec<Candidate>, u32) {
    let mut search = Search { typed, length, events, found: Vec::new(), tried: 0, gaps: 0 };
    let missing = length.saturating_sub(typed.len());
    let surplus = typed.len().saturating_sub(length);
    // A dropped character and a gap at another place may come on top.
    for extra in 0..=1 {
        let (drops, gaps) = (surplus + extra, missing + extra);
        if drops + gaps <= events {
            search.gaps = gaps;
            search.align(Row::empty(share_of_place(place)), 0, drops, gaps, Before::Kept);
        }
    }
    (search.found, search.tried)
}

/// A row brought to its length.
#[derive(Clone, Copy)]
struct Row {
    symbols: [Element; ROW],
    /// How many symbols there are so far.
    filled: usize,
    /// One bit for each symbol of unknown value, which stands as zero.
    unknown: u32,
    /// One bit for each symbol that an exchange has moved.
    moved: u32,
    sum: Sum,
    /// Drops and gaps.
    events: usize,
    unlikely: u8,
}

impl Row {
    fn empty(sum: Sum) -> Self {
        Self { symbols: [0; ROW], filled: 0, unknown: 0, moved: 0, sum, events: 0, unlikely: 0 }
    }

    fn push(&mut self, symbol: Option<Element>, length: usize) {
        match symbol {
            Some(value) => {
                self.symbols.get_mut(self.filled).into_iter().for_each(|place| *place = value);
                self.sum ^= share(length - 1 - self.filled.min(length - 1), value);
            }
            None => self.unknown |= 1 << self.filled,
        }
        self.filled += 1;
    }

    fn at(&self, index: usize) -> Element {
        self.symbols.get(index).copied().unwrap_or(0)
    }

    fn is_known(&self, index: usize) -> bool {
        self.unknown >> index & 1 == 0
    }

    /// With the symbol at `index` changed.
    fn plus(mut self, index: usize, change: Element, length: usize) -> Self {
        self.symbols.get_mut(index).into_iter().for_each(|symbol| *symbol ^= change);
        self.sum ^= share(length - 1 - index.min(length - 1), change);
        self
    }
}

/// What happened just before, while a row is brought to its length: a drop beside a gap
/// would be a substitution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Kept,
    Dropped,
    Gap,
}

/// Two stretches of a row that change places.
#[derive(Clone, Copy)]
struct Exchange {
    first: usize,
    second: usize,
    width: usize,
    change: Sum,
    /// One bit for each symbol that it moves.
    moved: u32,
    unlikely: u8,
}

struct Search<'a> {
    typed: &'a [Option<Element>],
    length: usize,
    events: usize,
    gaps: usize,
    found: Vec<Candidate>,
    tried: u32,
}

impl Search<'_> {
    /// Every way to drop and to leave gaps, from the typed character `from` on.
    fn align(&mut self, mut row: Row, from: usize, drops: usize, gaps: usize, before: Before) {
        let length = self.length;
        if drops == 0 && gaps == 0 {
            let rest = self.typed.get(from..).unwrap_or_default();
            if row.filled + rest.len() == length {
                rest.iter().for_each(|&symbol| row.push(symbol, length));
                self.mend(row);
            }
            return;
        }
        if gaps > 0 && row.filled < length && before != Before::Dropped {
            let mut gapped = row;
            gapped.push(None, length);
            gapped.events += 1;
            gapped.unlikely += OMISSION;
            self.align(gapped, from, drops, gaps - 1, Before::Gap);
        }
        let Some(&symbol) = self.typed.get(from) else { return };
        let previous = from.checked_sub(1).and_then(|index| self.typed.get(index));
        // Of equal neighbours only the first is dropped.
        if drops > 0 && before != Before::Gap && !(before == Before::Kept && previous == Some(&symbol)) {
            let mut dropped = row;
            dropped.events += 1;
            dropped.unlikely += EXTRA;
            self.align(dropped, from + 1, drops - 1, gaps, Before::Dropped);
        }
        if row.filled < length {
            row.push(symbol, length);
            self.align(row, from + 1, drops, gaps, Before::Kept);
        }
    }

    /// Every way to spend the events that are left on a row of the right length.
    fn mend(&mut self, row: Row) {
        let unknown = row.unknown.count_ones() as usize;
        let drops = row.events - self.gaps.min(row.events);
        let Some(left) = self.events.checked_sub(drops + unknown) else { return };
        // More unknowns than checks are a list, kept to 8,000 explanations.
        let list = row.events == 0 && matches!((unknown, left), (4 | 5, 0) | (3, 1) | (2, 2));
        if unknown + left <= 3 || list {
            self.substitute(row, left);
        }
        if left == 0 {
            return;
        }
        let mut exchanges = [None; 64];
        for (slot, exchange) in exchanges.iter_mut().zip(exchanges_of(&row, self.length)) {
            *slot = Some(exchange);
        }
        for exchanged in 1..=left {
            if unknown + left - exchanged <= 3 {
                self.exchange(row, &exchanges, exchanged, left - exchanged);
            }
        }
        if self.events <= 2 {
            self.twins(row, left - 1);
        }
    }

    /// With so many exchanges of stretches that do not overlap, and then substitutions.
    fn exchange(&mut self, row: Row, exchanges: &[Option<Exchange>], count: usize, substitutions: usize) {
        if count == 0 {
            return self.substitute(row, substitutions);
        }
        for (i, exchange) in exchanges.iter().enumerate() {
            let Some(exchange) = exchange else { return };
            if exchange.moved & row.moved != 0 {
                continue;
            }
            // Most explanations end here, so the syndromes are looked at before the row is made.
            if count == 1 && !may_be_mended(row.sum ^ exchange.change, row.unknown, substitutions) {
                self.tried += 1;
                continue;
            }
            let rest = exchanges.get(i + 1..).unwrap_or_default();
            self.exchange(exchange.applied(row), rest, count - 1, substitutions);
        }
    }

    /// Two equal neighbours that should be two others, and then substitutions.
    fn twins(&mut self, row: Row, substitutions: usize) {
        for first in 0..self.length.saturating_sub(1) {
            if row.is_known(first) && row.is_known(first + 1) && row.at(first) == row.at(first + 1) {
                for change in 1..32 {
                    let exponent = self.length - 2 - first;
                    let sum = row.sum ^ share(exponent, change) ^ share(exponent + 1, change);
                    if !may_be_mended(sum, row.unknown, substitutions) {
                        self.tried += 1;
                        continue;
                    }
                    let mut changed = row.plus(first, change, self.length).plus(first + 1, change, self.length);
                    changed.unlikely += TWIN;
                    self.substitute(changed, substitutions);
                }
            }
        }
    }

    /// With so many substitutions, and the unknown symbols found.
    fn substitute(&mut self, row: Row, substitutions: usize) {
        let mut places = [0; MOST_UNREADABLE];
        let mut unknown = 0;
        for (slot, index) in places.iter_mut().zip((0..self.length).filter(|&index| !row.is_known(index))) {
            *slot = index;
            unknown += 1;
        }
        self.choose(&row, &mut places, unknown, 0, substitutions);
    }

    fn choose(&mut self, row: &Row, places: &mut [usize; 5], chosen: usize, from: usize, left: usize) {
        if left == 0 {
            return self.solve(row, places.get(..chosen).unwrap_or_default());
        }
        if chosen == 0 && !may_be_mended(row.sum, 0, left) {
            self.tried += 1;
            return;
        }
        for index in from..self.length {
            if row.is_known(index) {
                places.get_mut(chosen).into_iter().for_each(|place| *place = index);
                self.choose(row, places, chosen + 1, index + 1, left - 1);
            }
        }
    }

    /// The row in which the symbols in these places, and no others, have other values.
    fn solve(&mut self, row: &Row, places: &[usize]) {
        self.tried += 1;
        let [s0, s1, s2, _] = row.sum.to_le_bytes();
        let locator = |index: usize| alpha(self.length - 1 - index.min(self.length - 1));
        match *places {
            [] => {
                if row.sum == 0 {
                    self.keep(row, &[]);
                }
            }
            [a] => {
                let x = locator(a);
                if s1 == times(s0, x) && s2 == times(s1, x) {
                    self.keep(row, &[(a, s0)]);
                }
            }
            [a, b] => {
                let (x, y) = (locator(a), locator(b));
                if s2 == times(s1, x ^ y) ^ times(s0, times(x, y)) {
                    let second = times(s1 ^ times(s0, x), inverse(x ^ y));
                    self.keep(row, &[(a, s0 ^ second), (b, second)]);
                }
            }
            [a, b, c] => {
                let (x, y, z) = (locator(a), locator(b), locator(c));
                let third = s2 ^ times(s1, x ^ y) ^ times(s0, times(x, y));
                let third = times(third, inverse(times(x ^ z, y ^ z)));
                let (s0, s1) = (s0 ^ third, s1 ^ times(third, z));
                let second = times(s1 ^ times(s0, x), inverse(x ^ y));
                self.keep(row, &[(a, s0 ^ second), (b, second), (c, third)]);
            }
            [a, ref rest @ ..] => {
                for value in 0..32 {
                    self.solve(&row.plus(a, value, self.length), rest);
                }
            }
        }
    }

    /// Keeps the row with these changes, unless one changes nothing.
    fn keep(&mut self, row: &Row, changes: &[(usize, Element)]) {
        let mut candidate = Candidate { symbols: row.symbols, unlikely: row.unlikely };
        for &(index, change) in changes {
            let Some(symbol) = candidate.symbols.get_mut(index) else { return };
            if row.is_known(index) {
                if change == 0 {
                    return;
                }
                let alike = look_alike(*symbol, *symbol ^ change);
                candidate.unlikely += if alike { LOOK_ALIKE } else { SUBSTITUTION };
            }
            *symbol ^= change;
        }
        if self.found.len() < MOST_CANDIDATES {
            self.found.push(candidate);
        }
    }
}

impl Exchange {
    fn applied(&self, mut row: Row) -> Row {
        for i in 0..self.width {
            let (first, second) = (row.at(self.first + i), row.at(self.second + i));
            row.symbols.get_mut(self.first + i).into_iter().for_each(|symbol| *symbol = second);
            row.symbols.get_mut(self.second + i).into_iter().for_each(|symbol| *symbol = first);
        }
        row.sum ^= self.change;
        row.moved |= self.moved;
        row.unlikely += self.unlikely;
        row
    }
}

/// Whether these unknown symbols, one bit each, and so many substitutions could make a row
/// with these syndromes right.
fn may_be_mended(sum: Sum, unknown: u32, substitutions: usize) -> bool {
    let [s0, s1, s2, _] = sum.to_le_bytes();
    match unknown.count_ones() as usize + substitutions {
        0 => sum == 0,
        // Of one the syndromes are a geometric series. An unknown symbol may be the zero that
        // stands for it.
        1 => s0 != 0 && times(s1, s1) == times(s0, s2) || sum == 0 && unknown != 0,
        _ => true,
    }
}

/// Swaps of neighbours, jumps over one symbol, and swaps of groups: at most 57.
fn exchanges_of(row: &Row, length: usize) -> impl Iterator<Item = Exchange> {
    let groups = (0..length).step_by(GROUP);
    let pairs = groups.clone().flat_map(move |first| {
        groups.clone().filter(move |&second| second > first).map(move |second| (first, second, GROUP, GROUP_SWAP))
    });
    let near = (1..=2).flat_map(move |reach| {
        let unlikely = if reach == 1 { SWAP } else { JUMP };
        (reach..length).map(move |second| (second - reach, second, 1, unlikely))
    });
    let row = *row;
    near.chain(pairs).filter_map(move |(first, second, width, unlikely)| {
        let mask = (1u32 << width) - 1;
        let moved = mask << first | mask << second;
        let mut change = 0;
        for i in 0..width {
            let difference = row.at(first + i) ^ row.at(second + i);
            change ^= share(length - 1 - (first + i), difference) ^ share(length - 1 - (second + i), difference);
        }
        (row.unknown & moved == 0 && change != 0).then_some(Exchange { first, second, width, change, moved, unlikely })
    })
}
