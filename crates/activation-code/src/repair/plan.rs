//! Which stretch of what was typed may be which row of a code.
//!
//! A [`Plan`] is one number of groups, and for each row of it the stretches that may be
//! that row. Where the ends of rows are not known, a stretch leads from one shift against
//! the even cut to another, and a code is a way through the shifts.

use super::{digits, letters};
use crate::reading::{Form, Reading, Typed, TypedRow};
use crate::rows::{CodeKind, DIGITS, Element, GROUP, ROW, RowPlace, Shape, place_of};
use alloc::{vec, vec::Vec};

/// How far the rows may be shifted in a text whose row ends are not known.
const MOST_SHIFT: usize = 3;

/// The state of rows whose ends are known, and of a text before its first row.
pub(super) const EVEN: usize = MOST_SHIFT;

/// Shifts of −3 to 3.
pub(super) const SHIFTS: usize = 2 * MOST_SHIFT + 1;

/// Wrong rows that are tried in each other's places.
const MOST_EXCHANGED: usize = 4;

/// Levels of candidates: 0 to 5 events.
pub(super) const LEVELS: usize = letters::MOST_UNREADABLE + 1;

/// A candidate for a row, with what the search needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub symbols: [Element; ROW],
    /// What the row adds to the CRC of its code.
    pub crc: u16,
    pub unlikely: u8,
}

/// What a row is made from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// A stretch of what was typed; its number among the typed rows, if it is one.
    Typed { typed: &'a [Typed], form: Form, row: Option<usize> },
    /// All that it says follows from the other rows.
    Recomputed,
}

/// One stretch that may be a row.
#[derive(Debug)]
pub(super) struct Alternative<'a> {
    pub source: Source<'a>,
    pub from: usize,
    pub to: usize,
    /// Events that it costs to take it here at all.
    pub extra: usize,
    /// Fewest and most events in it that are looked at.
    pub least: usize,
    pub most: usize,
    /// By number of events; made when first asked for.
    pub lists: [Option<Vec<Listed>>; LEVELS],
}

/// One way to make a code of what was typed.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub shape: Shape,
    /// For each row of the code.
    pub rows: Vec<Vec<Alternative<'a>>>,
    /// The state after the last row.
    pub end: usize,
    /// Most events in all.
    pub most: usize,
    /// Weights of the CRC and bits that are zero, for each symbol; made when first asked for.
    pub weights: Option<Weights>,
}

/// What each symbol of a code adds to the CRC, and its bits that are zero in every code.
#[derive(Debug)]
pub(super) struct Weights {
    /// By index of the symbol in the code.
    symbols: Vec<([u16; 5], Element)>,
}

impl Weights {
    pub fn new(shape: Shape) -> Self {
        let bits = 8 * shape.capacity();
        // CRC-10/ATM: what the bit with so many behind it adds.
        let mut powers = vec![0; bits];
        let mut power = 0x233;
        for slot in powers.iter_mut().rev() {
            *slot = power;
            power = if power & 0x200 != 0 { (power << 1 ^ 0x233) & 0x3FF } else { power << 1 };
        }
        let data = shape.symbols() - 3 * shape.rows();
        let mut symbols = Vec::with_capacity(shape.symbols());
        let mut at = 0;
        for row in 0..shape.rows() {
            let length = ROW.min(shape.symbols() - row * ROW);
            for _ in 0..length.saturating_sub(3) {
                let mut weights = [0; 5];
                let mut zero = 0;
                for (i, weight) in weights.iter_mut().enumerate() {
                    let bit = 5 * at + i;
                    if at + 2 >= data {
                        // The two symbols of the CRC itself.
                        *weight = 1 << (5 * (data - 1 - at) + 4 - i);
                    } else if let Some(&power) = powers.get(bit) {
                        *weight = power;
                        // The signature's S is less than 2²⁵³, and little-endian.
                        if (bits - 8..bits - 5).contains(&bit) {
                            zero |= 16 >> i;
                        }
                    } else {
                        zero |= 16 >> i;
                    }
                }
                symbols.push((weights, zero));
                at += 1;
            }
            symbols.extend([([0; 5], 0); 3]);
        }
        Self { symbols }
    }

    /// What a row adds to the CRC; `None` if a bit of it is set that is zero in every code.
    fn of(&self, row: usize, symbols: &[Element]) -> Option<u16> {
        let weights = self.symbols.get(row * ROW..).unwrap_or_default();
        let mut crc = 0;
        for (&symbol, (weights, zero)) in symbols.iter().zip(weights) {
            if symbol & zero != 0 {
                return None;
            }
            for (i, weight) in weights.iter().enumerate() {
                crc ^= weight * u16::from(symbol >> (4 - i) & 1);
            }
        }
        Some(crc)
    }
}

/// The symbols of a row of a code.
pub(super) fn row_length(shape: Shape, row: usize) -> usize {
    ROW.min(shape.symbols().saturating_sub(row * ROW))
}

/// The place of a row, counted from 0.
pub(super) fn row_place(shape: Shape, row: usize) -> RowPlace {
    RowPlace { number: (row + 1) as u8, last: row + 1 == shape.rows(), kind: CodeKind::ActivationCode }
}

impl<'a> Alternative<'a> {
    fn new(source: Source<'a>, extra: usize, length: usize, place: RowPlace) -> Option<Self> {
        let (least, most) = match source {
            Source::Recomputed => (0, 0),
            Source::Typed { typed, form, .. } => bounds(typed, form, length, place)?,
        };
        Some(Self { source, from: EVEN, to: EVEN, extra, least, most, lists: Default::default() })
    }

    /// The candidates with so many events, and how many explanations were tried for them.
    pub fn list(&mut self, shape: Shape, row: usize, events: usize, weights: &Weights) -> u32 {
        let Some(slot) = self.lists.get_mut(events).filter(|slot| slot.is_none()) else { return 0 };
        let (place, length) = (row_place(shape, row), row_length(shape, row));
        let (found, tried) = match self.source {
            Source::Recomputed => (vec![letters::Candidate { symbols: [0; ROW], unlikely: 0 }], 1),
            Source::Typed { typed, form: Form::Letters, .. } => {
                letters::candidates(&values(typed, Form::Letters), length, place, events)
            }
            Source::Typed { typed, form: Form::Digits, .. } => {
                digits::candidates(&values(typed, Form::Digits), length, place.kind, &|found| found == place, events)
            }
        };
        let listed = found.into_iter().filter_map(|letters::Candidate { symbols, unlikely }| {
            let crc = weights.of(row, symbols.get(..length)?)?;
            Some(Listed { symbols, crc, unlikely })
        });
        *slot = Some(listed.collect());
        tried
    }
}

/// Fewest and most events that turn a row of this length into what was typed; `None` if
/// it is not looked at.
fn bounds(typed: &[Typed], form: Form, length: usize, place: RowPlace) -> Option<(usize, usize)> {
    let unreadable = unreadable(typed, form);
    let (width, most_missing, most_events, most_unreadable) = match form {
        Form::Letters => (length, letters::MOST_MISSING, letters::MOST_EVENTS, letters::MOST_UNREADABLE),
        Form::Digits => {
            let width = *DIGITS.get((length / GROUP).checked_sub(1)?)?;
            (width, digits::MOST_MISSING, digits::MOST_EVENTS, digits::MOST_UNREADABLE)
        }
    };
    let missing = typed.len().abs_diff(width);
    if missing > most_missing || unreadable > most_unreadable || typed.is_empty() {
        return None;
    }
    let row = TypedRow { label: None, typed: typed.to_vec(), form, kind: place.kind };
    if row.symbols().is_some_and(|symbols| symbols.len() == length && letters::is_right(&symbols, place)) {
        return Some((0, 0));
    }
    let least = missing.max(unreadable).max(1);
    // Beside two unreadable symbols two others are found, beside three one.
    let listed = form == Form::Letters && matches!(unreadable, 2 | 3) && missing == 0;
    Some((least, most_events.max(least) + usize::from(listed)))
}

/// What was typed; `None` for what cannot be read in this form.
pub(super) fn values(typed: &[Typed], form: Form) -> Vec<Option<Element>> {
    typed.iter().map(|typed| value(typed, form)).collect()
}

fn value(typed: &Typed, form: Form) -> Option<Element> {
    typed.symbol.filter(|&symbol| form == Form::Letters || symbol <= 9)
}

/// How many characters cannot be read in this form.
pub(super) fn unreadable(typed: &[Typed], form: Form) -> usize {
    typed.iter().filter(|typed| value(typed, form).is_none()).count()
}

/// Whether it may be digits of which a letter or two were mistyped.
pub(super) fn may_be_digits(typed: &[Typed]) -> bool {
    unreadable(typed, Form::Digits) <= 2
}

/// The form of a row; digits, too, if a letter or two came between many digits.
fn form_of(row: &TypedRow) -> Form {
    if row.typed.len() > ROW + letters::MOST_MISSING && may_be_digits(&row.typed) { Form::Digits } else { row.form }
}

/// Every plan for a reading. `stream` holds the same characters in one piece.
pub(super) fn plans<'a>(reading: &'a Reading, stream: &'a [Typed]) -> Vec<Plan<'a>> {
    let mut plans = row_plans(&reading.rows);
    let forms: Vec<_> = reading.rows.iter().map(form_of).collect();
    let full = |row: &TypedRow| row.typed.len() == if row.form == Form::Digits { DIGITS[4] } else { ROW };
    let even = reading.rows.split_last().is_none_or(|(_, before)| before.iter().all(full));
    if let Some(&form) = forms.first()
        && forms.iter().all(|&other| other == form)
        && (reading.cut || !even)
        && !stream.is_empty()
    {
        plans.extend(stream_plans(stream, form, reading.cut));
    }
    plans
}

/// Shapes of activation codes with this many rows.
fn shapes(rows: usize) -> impl Iterator<Item = Shape> {
    (1..=GROUP).filter_map(move |groups| Shape::new(GROUP * rows.checked_sub(1)? + groups)).filter(is_a_codes)
}

/// Whether there are activation codes of this shape.
fn is_a_codes(shape: &Shape) -> bool {
    CodeKind::ActivationCode.has(*shape)
}

/// Plans in which the typed rows are rows of the code, in their own or each other's places.
fn row_plans(rows: &[TypedRow]) -> Vec<Plan<'_>> {
    let places: Vec<Option<RowPlace>> =
        rows.iter().map(|row| row.symbols().and_then(|symbols| place_of(&symbols, row.kind))).collect();
    let expected = expected_numbers(rows, &places);
    let wrong = places.iter().filter(|place| place.is_none()).count();
    let last_right = places.iter().zip(rows).find(|(place, _)| place.is_some_and(|place| place.last));
    let mut plans = Vec::new();
    match last_right {
        Some((Some(place), row)) => {
            let groups =
                GROUP * (usize::from(place.number) - 1) + row.symbols().map_or(0, |symbols| symbols.len()) / GROUP;
            plans.extend(Shape::new(groups).filter(is_a_codes).and_then(|shape| plan(shape, rows, &places, &expected)));
        }
        _ => {
            let highest = expected.iter().flatten().copied().max().unwrap_or(0);
            for count in rows.len().min(highest)..=highest + 1 {
                plans.extend(shapes(count).filter_map(|shape| plan(shape, rows, &places, &expected)));
            }
        }
    }
    // Only where every row is right by itself can the fault be hidden in any of them.
    if wrong == 0 {
        for alternative in plans.iter_mut().flat_map(|plan| &mut plan.rows).flatten() {
            if matches!(alternative.source, Source::Typed { form: Form::Letters, .. }) {
                alternative.most = letters::MOST_EVENTS;
            }
        }
        plans.iter_mut().for_each(|plan| plan.most = plan.most.min(letters::MOST_EVENTS));
    }
    plans
}

/// The numbers that each row may well have: by its own check, or else by its label, its
/// turn, and the next right rows before and after it.
fn expected_numbers(rows: &[TypedRow], places: &[Option<RowPlace>]) -> Vec<Vec<usize>> {
    let number = |i: usize| places.get(i).copied().flatten().map(|place| usize::from(place.number));
    let expected = |(i, row): (usize, &TypedRow)| match number(i) {
        Some(number) => vec![number],
        None => {
            let before = (0..i).rev().find_map(|j| Some(number(j)? + i - j));
            let after = (i + 1..rows.len()).find_map(|j| (number(j)? + i).checked_sub(j));
            let hints = [row.label.map(usize::from), before, after, Some(i + 1)];
            hints.into_iter().flatten().collect()
        }
    };
    rows.iter().enumerate().map(expected).collect()
}

/// A code of this shape from these rows; `None` if a row has no alternative.
fn plan<'a>(
    shape: Shape,
    rows: &'a [TypedRow],
    places: &[Option<RowPlace>],
    expected: &[Vec<usize>],
) -> Option<Plan<'a>> {
    let wrong = places.iter().filter(|place| place.is_none()).count();
    let mut slots = Vec::new();
    for index in 0..shape.rows() {
        let (place, length) = (row_place(shape, index), row_length(shape, index));
        let mut slot: Vec<Alternative<'a>> = Vec::new();
        let typed = || rows.iter().zip(places).zip(expected).enumerate();
        let source = |i, row: &'a TypedRow| Source::Typed { typed: &row.typed, form: form_of(row), row: Some(i) };
        for (i, ((row, found), _)) in typed() {
            let again = slot.iter().any(|other| {
                matches!(other.source, Source::Typed { row: Some(other), .. }
                if rows.get(other).and_then(TypedRow::symbols) == row.symbols())
            });
            if *found == Some(place) && !again {
                slot.extend(Alternative::new(source(i, row), 0, length, place));
            }
        }
        if slot.is_empty() {
            for (i, ((row, found), expected)) in typed() {
                let elsewhere = usize::from(!expected.contains(&(index + 1)));
                if found.is_none() && (elsewhere == 0 || wrong <= MOST_EXCHANGED) {
                    slot.extend(Alternative::new(source(i, row), elsewhere, length, place));
                }
            }
        }
        // A last row of one group is three checks and the CRC.
        if place.last && length == GROUP && !slot.iter().any(|other| other.least == 0) {
            let typed_at_all = expected.iter().flatten().any(|&expected| expected > index);
            slot.extend(Alternative::new(Source::Recomputed, 1 + usize::from(typed_at_all), length, place));
        }
        if slot.is_empty() {
            return None;
        }
        slots.push(slot);
    }
    Some(Plan { shape, rows: slots, end: EVEN, most: usize::MAX, weights: None })
}

/// Plans in which only the order of the characters is sure, not where rows end.
fn stream_plans(stream: &[Typed], form: Form, cut: bool) -> Vec<Plan<'_>> {
    // Where lines look like rows, they are seldom something else.
    let most = match (cut, form) {
        (true, Form::Letters) => 5,
        (true, Form::Digits) => 3,
        (false, _) => 2,
    };
    let width = if form == Form::Digits { DIGITS[4] } else { ROW };
    let count = stream.len().div_ceil(width);
    let mut plans = Vec::new();
    for shape in [count.saturating_sub(1), count, count + 1].into_iter().flat_map(shapes) {
        let last_width = match form {
            Form::Letters => row_length(shape, shape.rows() - 1),
            Form::Digits => DIGITS.get(row_length(shape, shape.rows() - 1) / GROUP - 1).copied().unwrap_or(0),
        };
        let even = (shape.rows() - 1) * width + last_width;
        if stream.len().abs_diff(even) > MOST_SHIFT {
            continue;
        }
        let end = stream.len() + MOST_SHIFT - even;
        let mut rows = Vec::new();
        for index in 0..shape.rows() {
            let place = row_place(shape, index);
            let mut slot = Vec::new();
            for (from, to) in (0..SHIFTS).flat_map(|from| (0..SHIFTS).map(move |to| (from, to))) {
                if index == 0 && from != EVEN || place.last && to != end {
                    continue;
                }
                let start = (index * width + from).checked_sub(MOST_SHIFT);
                let stop = (if place.last { even } else { (index + 1) * width } + to).checked_sub(MOST_SHIFT);
                let typed = start.zip(stop).and_then(|(start, stop)| stream.get(start..stop));
                let Some(typed) = typed else { continue };
                let source = Source::Typed { typed, form, row: None };
                let alternative = Alternative::new(source, 0, row_length(shape, index), place);
                slot.extend(alternative.map(|alternative| Alternative { from, to, ..alternative }));
            }
            rows.push(slot);
        }
        plans.push(Plan { shape, rows, end, most, weights: None });
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::one_row;
    use alloc::string::String;

    #[test]
    fn only_what_is_too_long_for_letters_counts_as_digits_with_letters_in_it() {
        for (length, form) in [(ROW, Form::Letters), (28, Form::Letters), (29, Form::Digits), (DIGITS[4], Form::Digits)]
        {
            for (letters, form) in [(1, form), (2, form), (3, Form::Letters)] {
                let text: String = "K".repeat(letters) + &"7".repeat(length - letters);
                let row = one_row(&text, CodeKind::ActivationCode).unwrap();
                assert_eq!((row.form, form_of(&row)), (Form::Letters, form), "{text}");
            }
        }
    }
}
