//! One row at a time, as a prompt asks for them.

use super::plan::{may_be_digits, unreadable, values};
use super::{Repair, digits, group_repairs, letters};
use crate::reading::{Form, Typed, TypedRow, one_row};
use crate::rows::{CodeKind, DIGITS, Element, GROUP, MOST_ROWS, ROW, RowPlace, Shape, place_of, to_letters};
use crate::typing::{TypingFaults, judge_row};
use alloc::{string::String, vec::Vec};
use core::ops::RangeInclusive;
use letters::Candidate;

/// Most proposals for one row: more than a person compares with the paper.
const MOST_PROPOSALS: usize = 5;

/// Most rows that one typed row is taken for. Two events at all places give about 280 for a
/// row of 25 letters, 460 for one that is a letter short, and 739 for the worst text found. That
/// takes 1 ms, 4 ms at worst, and to look each up in 5 µs takes 4 ms more.
pub const MOST_POSSIBLE_ROWS: usize = 1_000;

/// Most unreadable letters in a row whose place is not known: the checks give three, and
/// of four there are 32 rows for every place.
const MOST_UNREADABLE_ANYWHERE: usize = 3;

/// How many letters write a row of one to five groups.
const LETTERS: [usize; 5] = [5, 10, 15, 20, 25];

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
    read_row_of(CodeKind::ActivationCode, text, expected)
}

/// The same of a code of any kind.
pub fn read_row_of(kind: CodeKind, text: &str, expected: Option<u8>) -> RowAnswer {
    let typed = match one_row(text, kind) {
        Ok(row) => row,
        Err(nothing) => return RowAnswer::Wrong { faults: nothing.into(), proposals: Vec::new() },
    };
    let number = expected.or(typed.label).filter(|number| (1..=15).contains(number));
    match judge_row(&typed, number.unwrap_or(1)) {
        Ok((place, symbols)) => RowAnswer::Right { row: place.number, last: place.last, letters: to_letters(&symbols) },
        Err(faults) => {
            let found = number.map(|number| likeliest(&typed, number)).unwrap_or_default();
            let sure = matches!(found.as_slice(), [Ranked { events: 1, .. }]);
            let proposals = found.iter().take(MOST_PROPOSALS).map(|ranked| RowProposal {
                row: ranked.slot.place.number,
                last: ranked.slot.place.last,
                letters: to_letters(ranked.symbols()),
                repairs: ranked.repairs(&typed),
                sureness: if sure { Sureness::Likely } else { Sureness::Possible },
            });
            RowAnswer::Wrong { faults, proposals: proposals.collect() }
        }
    }
}

/// One row as it was typed, to be looked for among rows that are known: whichever row it is,
/// and whatever its label says.
///
/// ```
/// use activation_code::possible_rows;
///
/// let printed = "6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM";
/// let typed = possible_rows("6NJMY NGSGN 1PF2G N3ZG3 XG6ZM")?;
/// let found = typed.iter().find(|possible| possible.letters == printed).expect("two neighbours are swapped");
/// assert_eq!((found.row, found.events, found.repairs().len()), (3, 1, 1));
/// # Ok::<(), activation_code::TypingFaults>(())
/// ```
#[derive(Clone, Debug)]
pub struct PossibleRows {
    typed: TypedRow,
    judged: Result<(RowPlace, Vec<Element>), TypingFaults>,
}

/// A row that may have been meant. It proves nothing, and of several that are known the
/// first need not be the right one.
#[derive(Clone, Debug)]
pub struct PossibleRow<'a> {
    /// Which row: 1 to 15.
    pub row: u8,
    /// Whether the code would end with it.
    pub last: bool,
    /// The row as it would be printed, in letters.
    pub letters: String,
    /// How many events lie between this and what was typed; 0 if it is right as it stands.
    pub events: usize,
    typed: &'a TypedRow,
    ranked: Ranked,
}

/// What the text of one row, with or without its label, may have been meant as.
///
/// # Errors
/// It has not about the length of a row, or too much of it is unreadable; the faults are
/// those of [`read_row`].
pub fn possible_rows(text: &str) -> Result<PossibleRows, TypingFaults> {
    let typed = one_row(text, CodeKind::ActivationCode)?;
    let judged = judge_row(&typed, typed.label.unwrap_or(1));
    match judged {
        Err(faults) if ways(&typed.typed).is_empty() => Err(faults),
        judged => Ok(PossibleRows { typed, judged }),
    }
}

impl PossibleRows {
    /// What is wrong with it as it stands; `None` if it is a right row.
    pub fn faults(&self) -> Option<&TypingFaults> {
        self.judged.as_ref().err()
    }

    /// Each row that it may have been meant as, once, and at most [`MOST_POSSIBLE_ROWS`]: what
    /// it is as it stands, then the rows with the number of its label, then all others; there
    /// with one event before two, and of these the likelier first. Unreadable characters are
    /// events, and up to three letters or four digits of them are looked at if nothing else
    /// is wrong. Searched for only when the iterator gets there.
    pub fn iter(&self) -> impl Iterator<Item = PossibleRow<'_>> {
        let as_typed =
            self.judged.as_ref().ok().and_then(|(place, symbols)| Ranked::as_typed(*place, symbols, self.typed.form));
        let (labelled, others): (Vec<_>, Vec<_>) = (1..=MOST_ROWS as u8)
            .flat_map(|number| slots(number, CodeKind::ActivationCode))
            .partition(|slot| Some(slot.place.number) == self.typed.label);
        let most = ways(&self.typed.typed).iter().map(|(_, events)| *events.end()).max().unwrap_or(0);
        let stages =
            [labelled, others].into_iter().flat_map(move |slots| (1..=most).map(move |events| (slots.clone(), events)));
        let mut before: Vec<Ranked> = as_typed.iter().cloned().collect();
        let searched = stages.flat_map(move |(slots, events)| {
            let mut found = Vec::new();
            for (form, _) in ways(&self.typed.typed).into_iter().filter(|(_, levels)| levels.contains(&events)) {
                found.extend(search(&self.typed.typed, form, self.typed.kind, &slots, events));
            }
            let mut found = ranked(found);
            found.retain(|ranked| before.iter().all(|other| other.symbols() != ranked.symbols()));
            before.extend(found.iter().cloned());
            found
        });
        as_typed.into_iter().chain(searched).take(MOST_POSSIBLE_ROWS).map(|ranked| PossibleRow {
            row: ranked.slot.place.number,
            last: ranked.slot.place.last,
            letters: to_letters(ranked.symbols()),
            events: ranked.events,
            typed: &self.typed,
            ranked,
        })
    }
}

impl PossibleRow<'_> {
    /// What would be changed, in the form that was typed; nothing if it is right as it stands.
    pub fn repairs(&self) -> Vec<Repair> {
        self.ranked.repairs(self.typed)
    }
}

/// A row that a code can have: where it stands and how many symbols it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    place: RowPlace,
    length: usize,
}

/// The rows with this number: a full one, and where a code can end with it, each length of
/// a last one.
fn slots(number: u8, kind: CodeKind) -> impl Iterator<Item = Slot> {
    let rows_before = usize::from(number).saturating_sub(1);
    let last = (1..=ROW / GROUP).rev().filter(move |groups| {
        Shape::new(rows_before * ROW / GROUP + groups).as_ref().is_some_and(|shape| kind.has(*shape))
    });
    let last = last.map(move |groups| Slot { place: RowPlace { number, last: true, kind }, length: groups * GROUP });
    core::iter::once(Slot { place: RowPlace { number, last: false, kind }, length: ROW }).chain(last)
}

/// A candidate with what it takes.
#[derive(Clone, Debug)]
struct Ranked {
    candidate: Candidate,
    events: usize,
    slot: Slot,
    /// As what it was read.
    form: Form,
}

impl Ranked {
    /// A row that is right as it stands.
    fn as_typed(place: RowPlace, row: &[Element], form: Form) -> Option<Self> {
        let mut candidate = Candidate { symbols: [0; ROW], unlikely: 0 };
        candidate.symbols.get_mut(..row.len())?.copy_from_slice(row);
        Some(Self { candidate, events: 0, slot: Slot { place, length: row.len() }, form })
    }

    fn symbols(&self) -> &[Element] {
        self.candidate.symbols.get(..self.slot.length).unwrap_or_default()
    }

    fn repairs(&self, typed: &TypedRow) -> Vec<Repair> {
        group_repairs(self.slot.place.number, &typed.typed, self.form, self.symbols())
    }
}

/// The rows with this number that the fewest events turn into what was typed, the likeliest
/// first.
fn likeliest(typed: &TypedRow, number: u8) -> Vec<Ranked> {
    let slots: Vec<_> = slots(number, typed.kind).collect();
    let levels = levels(unreadable(&typed.typed, typed.form));
    let mut found = levels.map(|events| ranked(search(&typed.typed, typed.form, typed.kind, &slots, events)));
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

/// How many events are looked for where so many characters are unreadable, each of them one.
fn levels(unreadable: usize) -> RangeInclusive<usize> {
    unreadable.max(1)..=unreadable.max(2)
}

/// The forms that it may have been typed in, whatever its place, and how many events are
/// looked for in each. The form that was chosen for it may be the wrong one: a letter may
/// have come among digits, and a last row in letters may have digits only.
fn ways(typed: &[Typed]) -> Vec<(Form, RangeInclusive<usize>)> {
    let way = |form: Form| {
        let unreadable = unreadable(typed, form);
        let levels = levels(unreadable);
        let (widths, most_unreadable) = match form {
            Form::Letters => (LETTERS, MOST_UNREADABLE_ANYWHERE),
            Form::Digits => (DIGITS, digits::MOST_UNREADABLE),
        };
        let fits = widths.iter().any(|width| typed.len().abs_diff(*width) <= *levels.end());
        (unreadable <= most_unreadable && fits).then_some((form, levels))
    };
    let digits = may_be_digits(typed).then_some(Form::Digits);
    [Form::Letters].into_iter().chain(digits).filter_map(way).collect()
}

/// The rows in these slots that exactly so many events turn into what was typed.
fn search(typed: &[Typed], form: Form, kind: CodeKind, slots: &[Slot], events: usize) -> Vec<Ranked> {
    let values = values(typed, form);
    let unreadable = unreadable(typed, form);
    let is_near = |width: usize, missing: usize| values.len().abs_diff(width) <= missing;
    let mut found = Vec::new();
    let mut keep = |candidates: Vec<Candidate>, length: usize| {
        found.extend(candidates.into_iter().filter_map(|candidate| {
            let place = candidate.symbols.get(..length).and_then(|row| place_of(row, kind))?;
            Some(Ranked { candidate, events, slot: Slot { place, length }, form })
        }));
    };
    match form {
        Form::Letters if unreadable <= letters::MOST_UNREADABLE => {
            for &Slot { place, length } in slots.iter().filter(|slot| is_near(slot.length, letters::MOST_MISSING)) {
                keep(letters::candidates(&values, length, place, events).0, length);
            }
        }
        Form::Digits if unreadable <= digits::MOST_UNREADABLE => {
            let near = LETTERS.into_iter().zip(DIGITS).filter(|&(_, width)| is_near(width, digits::MOST_MISSING));
            for (length, _) in near {
                let wanted = |place| slots.contains(&Slot { place, length });
                keep(digits::candidates(&values, length, kind, &wanted, events).0, length);
            }
        }
        _ => {}
    }
    found
}

/// The likeliest first, and each row once.
fn ranked(mut found: Vec<Ranked>) -> Vec<Ranked> {
    found.sort_by(|a, b| a.symbols().cmp(b.symbols()).then(a.candidate.unlikely.cmp(&b.candidate.unlikely)));
    found.dedup_by(|a, b| a.symbols() == b.symbols());
    // Stable: of equally likely ones that with the smaller symbols stays first.
    found.sort_by_key(|ranked| ranked.candidate.unlikely);
    found
}
