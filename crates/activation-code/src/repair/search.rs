//! Codes from candidates for their rows: fewest events first, within bounds.

use super::letters::MOST_EVENTS;
use super::plan::{Alternative, EVEN, LEVELS, Listed, Plan, SHIFTS, Source, Weights, row_length};
use crate::reading::Form;
use crate::rows::{Element, ROW, complete, decode};
use alloc::{vec, vec::Vec};

/// Most combinations of rows with the right CRC that are looked at one by one.
pub const MOST_COMBINATIONS: u32 = 50_000;

/// Most signatures that are checked; 100 would lose almost nothing.
pub const MOST_SIGNATURES: u32 = 250;

/// Most explanations of rows that are tried, at up to fifty nanoseconds each. Three events
/// in one row are about 100,000.
pub const MOST_EXPLANATIONS: u32 = 600_000;

/// Most combinations of half of the rows: two rows with three events each are 2 × 8,500.
const MOST_HALVES: u64 = 10_000;

/// Most combinations of all rows before the CRC, which one in 1,024 passes.
const MOST_PRODUCT: u64 = MOST_COMBINATIONS as u64 * 1024;

/// About how many candidates three events in a row give.
const EXPECTED_LONG: u64 = 2_500;

/// How much was looked at before an answer; never more than the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Explanations of single rows; at most [`MOST_EXPLANATIONS`] and those of one row.
    pub explanations: u32,
    /// Combinations of rows whose CRC is right; at most [`MOST_COMBINATIONS`].
    pub combinations: u32,
    /// Codes whose signature was checked; at most [`MOST_SIGNATURES`].
    pub signatures: u32,
}

impl Effort {
    fn is_spent(&self) -> bool {
        self.explanations >= MOST_EXPLANATIONS
            || self.combinations >= MOST_COMBINATIONS
            || self.signatures >= MOST_SIGNATURES
    }
}

/// A code that was taken, and from where its rows come.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub symbols: Vec<Element>,
    pub sources: Vec<Source<'a>>,
}

/// Looks through plans.
pub(super) struct Search<'j> {
    pub effort: Effort,
    /// Whether these bytes are a code that somebody signed.
    judge: &'j mut dyn FnMut(&[u8]) -> bool,
    /// Hashes of the codes that were judged: one code can be reached on several ways.
    seen: Vec<u64>,
}

impl<'j> Search<'j> {
    pub fn new(judge: &'j mut dyn FnMut(&[u8]) -> bool) -> Self {
        Self { effort: Effort::default(), judge, seen: Vec::new() }
    }

    /// The first code that is taken, over all plans by the total number of events.
    /// With the plan that it comes from.
    pub fn run<'a>(&mut self, plans: &mut [Plan<'a>]) -> Option<(usize, Found<'a>)> {
        let most = plans.iter().map(|plan| plan.most.min(LEVELS * plan.rows.len())).max()?;
        for events in 0..=most {
            for (index, plan) in plans.iter_mut().enumerate().filter(|(_, plan)| plan.most >= events) {
                if let Some(found) = self.walk(plan, events) {
                    return Some((index, found));
                }
                if self.effort.is_spent() {
                    return None;
                }
            }
        }
        None
    }

    /// Whether these bytes are taken; asked once for each code.
    pub fn judged(&mut self, bytes: &[u8]) -> bool {
        let hash = fnv(bytes);
        if self.seen.contains(&hash) {
            return false;
        }
        self.seen.push(hash);
        self.effort.signatures += 1;
        (self.judge)(bytes)
    }

    /// Every way through a plan with exactly so many events.
    fn walk<'a>(&mut self, plan: &mut Plan<'a>, events: usize) -> Option<Found<'a>> {
        let ahead = fewest_ahead(plan);
        if ahead.first()?.get(EVEN)? > &events {
            return None;
        }
        if plan.weights.is_none() {
            plan.weights = Some(Weights::new(plan.shape));
        }
        let mut way = Way { ahead: &ahead, chosen: Vec::with_capacity(plan.rows.len()) };
        self.step(plan, &mut way, EVEN, events, 1)
    }

    /// The rows after those chosen, from this state, with so many events left.
    fn step<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        way: &mut Way<'_>,
        state: usize,
        left: usize,
        product: u64,
    ) -> Option<Found<'a>> {
        let row = way.chosen.len();
        if row == plan.rows.len() {
            return if left == 0 { self.combine(plan, &way.chosen) } else { None };
        }
        let shape = plan.shape;
        for index in 0..plan.rows.get(row)?.len() {
            let alternative = plan.rows.get_mut(row)?.get_mut(index)?;
            if alternative.from != state {
                continue;
            }
            let (to, extra) = (alternative.to, alternative.extra);
            let ahead = way.ahead.get(row + 1)?.get(to).copied()?;
            let Some(here) = left.checked_sub(ahead.saturating_add(extra)) else { continue };
            for level in alternative_levels(alternative, here) {
                if self.effort.is_spent() {
                    return None;
                }
                self.effort.explanations += 1;
                let alternative = plan.rows.get_mut(row)?.get_mut(index)?;
                let listed = alternative.lists.get(level)?.is_some();
                let long =
                    level >= MOST_EVENTS && matches!(alternative.source, Source::Typed { form: Form::Letters, .. });
                if !listed && long && product * EXPECTED_LONG > MOST_PRODUCT {
                    continue;
                }
                self.effort.explanations += alternative.list(shape, row, level, plan.weights.as_ref()?);
                let size = alternative.lists.get(level)?.as_ref()?.len() as u64;
                if size == 0 {
                    alternative.least += usize::from(level == alternative.least);
                    continue;
                }
                if product * size > MOST_PRODUCT {
                    continue;
                }
                way.chosen.push((index, level));
                let found = self.step(plan, way, to, left - extra - level, product * size);
                if found.is_some() {
                    return found;
                }
                way.chosen.pop();
            }
        }
        None
    }

    /// The likeliest codes of one list for each row, and whether one is taken.
    fn combine<'a>(&mut self, plan: &Plan<'a>, chosen: &[(usize, usize)]) -> Option<Found<'a>> {
        let rows: Option<Vec<(&Alternative<'a>, &[Listed])>> = chosen
            .iter()
            .zip(&plan.rows)
            .map(|(&(index, level), slot)| {
                let alternative = slot.get(index)?;
                Some((alternative, alternative.lists.get(level)?.as_deref()?))
            })
            .collect();
        let rows = rows?;
        let recomputed = rows.iter().any(|(alternative, _)| matches!(alternative.source, Source::Recomputed));
        let lists: Vec<&[Listed]> = rows.iter().map(|&(_, list)| list).collect();
        let best = self.join(&lists, recomputed)?;
        for picks in best {
            let mut symbols = Vec::with_capacity(plan.shape.symbols());
            for (row, (list, pick)) in lists.iter().zip(&picks).enumerate() {
                symbols.extend_from_slice(list.get(usize::from(*pick))?.symbols.get(..row_length(plan.shape, row))?);
            }
            if recomputed {
                symbols = complete(&symbols)?;
            }
            let Ok(bytes) = decode(symbols.chunks(ROW)) else { continue };
            if self.judged(&bytes) {
                let sources = rows.iter().map(|(alternative, _)| alternative.source).collect();
                return Some(Found { symbols, sources });
            }
            if self.effort.signatures >= MOST_SIGNATURES {
                return None;
            }
        }
        None
    }

    /// The likeliest combinations whose CRC is right, as a pick from each list; `None` if
    /// there are more than the bounds allow.
    fn join(&mut self, lists: &[&[Listed]], recomputed: bool) -> Option<Vec<Vec<u16>>> {
        let mut halves = [Half::default(), Half::default()];
        let mut order: Vec<usize> = (0..lists.len()).collect();
        order.sort_by_key(|&row| core::cmp::Reverse(lists.get(row).map_or(0, |list| list.len())));
        let [left, right] = &mut halves;
        for row in order {
            let half = if left.product <= right.product { &mut *left } else { &mut *right };
            half.product *= lists.get(row)?.len() as u64;
            half.rows.push(row);
        }
        let most = if recomputed { u64::from(MOST_SIGNATURES) } else { MOST_PRODUCT };
        if left.product.max(right.product) > MOST_HALVES || left.product * right.product > most {
            return None;
        }
        let (lefts, mut rights) = (left.combinations(lists), right.combinations(lists));
        rights.sort_unstable_by_key(|combination| combination.crc);
        let mut starts = vec![0u32; 1025];
        for combination in &rights {
            *starts.get_mut(usize::from(combination.crc) + 1)? += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let room = (MOST_SIGNATURES - self.effort.signatures.min(MOST_SIGNATURES)) as usize;
        let mut best = Best::of(room);
        for one in &lefts {
            let bucket = usize::from(one.crc);
            let range = match (recomputed, starts.get(bucket), starts.get(bucket + 1)) {
                (false, Some(&start), Some(&end)) => start as usize..end as usize,
                _ => 0..rights.len(),
            };
            for other in rights.get(range)? {
                if self.effort.combinations >= MOST_COMBINATIONS {
                    break;
                }
                self.effort.combinations += 1;
                best.offer(u32::from(one.unlikely) + u32::from(other.unlikely), one.index, other.index);
            }
        }
        Some(
            best.in_order()
                .map(|(_, one, other)| {
                    let mut picks = vec![0; lists.len()];
                    left.pick(one, lists, &mut picks);
                    right.pick(other, lists, &mut picks);
                    picks
                })
                .collect(),
        )
    }
}

/// How far a way through a plan has come.
struct Way<'w> {
    /// Fewest events from each row and state to the end.
    ahead: &'w [[usize; SHIFTS]],
    /// The alternative and the number of events for each row so far.
    chosen: Vec<(usize, usize)>,
}

/// The levels of an alternative up to `most` events.
fn alternative_levels(alternative: &Alternative<'_>, most: usize) -> impl Iterator<Item = usize> + use<> {
    let last = alternative.most.min(most).min(LEVELS - 1);
    // A right row is as it was typed, or else at least two events hide each other.
    let hidden = alternative.least == 0;
    (alternative.least..=last).filter(move |&level| !(hidden && level == 1))
}

/// For each row and state, and behind the last row, the fewest events to the end.
fn fewest_ahead(plan: &Plan<'_>) -> Vec<[usize; SHIFTS]> {
    let mut ahead = vec![[usize::MAX; SHIFTS]; plan.rows.len() + 1];
    if let Some(end) = ahead.last_mut().and_then(|states| states.get_mut(plan.end)) {
        *end = 0;
    }
    let mut next = ahead.last().copied().unwrap_or([usize::MAX; SHIFTS]);
    for (slot, states) in plan.rows.iter().zip(ahead.iter_mut()).rev() {
        for alternative in slot.iter().filter(|alternative| alternative.least <= alternative.most) {
            let after = next.get(alternative.to).copied().unwrap_or(usize::MAX);
            let events = after.saturating_add(alternative.least + alternative.extra);
            if let Some(state) = states.get_mut(alternative.from) {
                *state = events.min(*state);
            }
        }
        next = *states;
    }
    ahead
}

/// Some of the rows, and how many combinations their lists have.
struct Half {
    rows: Vec<usize>,
    product: u64,
}

impl Default for Half {
    fn default() -> Self {
        Self { rows: Vec::new(), product: 1 }
    }
}

/// One candidate from each list of a half.
#[derive(Clone, Copy)]
struct Combination {
    /// Its picks, as digits of a number whose bases are the lengths of the lists.
    index: u32,
    crc: u16,
    unlikely: u16,
}

impl Half {
    fn combinations(&self, lists: &[&[Listed]]) -> Vec<Combination> {
        let mut all = vec![Combination { index: 0, crc: 0, unlikely: 0 }];
        for list in self.rows.iter().filter_map(|&row| lists.get(row)) {
            let longer = all.iter().flat_map(|&so_far| {
                list.iter().zip(0..).map(move |(listed, pick)| Combination {
                    index: so_far.index * list.len() as u32 + pick,
                    crc: so_far.crc ^ listed.crc,
                    unlikely: so_far.unlikely + u16::from(listed.unlikely),
                })
            });
            all = longer.collect();
        }
        all
    }

    fn pick(&self, mut index: u32, lists: &[&[Listed]], picks: &mut [u16]) {
        for &row in self.rows.iter().rev() {
            let Some(length) = lists.get(row).map(|list| list.len() as u32).filter(|&length| length > 0) else {
                return;
            };
            picks.get_mut(row).into_iter().for_each(|pick| *pick = (index % length) as u16);
            index /= length;
        }
    }
}

/// The likeliest pairs of combinations, as many as there is room for.
struct Best {
    room: usize,
    /// Pairs with how unlikely they are; sorted only now and then.
    kept: Vec<(u32, u32, u32)>,
    /// There is no room for anything less likely.
    limit: u32,
}

impl Best {
    fn of(room: usize) -> Self {
        Self { room, kept: Vec::new(), limit: u32::MAX }
    }

    fn offer(&mut self, unlikely: u32, one: u32, other: u32) {
        if unlikely < self.limit {
            self.kept.push((unlikely, one, other));
        }
        if self.kept.len() > 2 * self.room {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        self.kept.sort_unstable();
        self.kept.truncate(self.room);
        if let (true, Some(worst)) = (self.kept.len() == self.room, self.kept.last()) {
            self.limit = worst.0;
        }
    }

    fn in_order(mut self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.shrink();
        self.kept.into_iter()
    }
}

/// FNV-1a: who finds two codes of one hash only keeps a code from being repaired.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_sorted_only_when_there_are_twice_as_many_as_wanted() {
        let mut best = Best::of(2);
        for (unlikely, kept, limit) in
            [(9, 1, u32::MAX), (7, 2, u32::MAX), (8, 3, u32::MAX), (9, 4, u32::MAX), (6, 2, 7), (7, 2, 7), (5, 3, 7)]
        {
            best.offer(unlikely, unlikely, 0);
            assert_eq!((best.kept.len(), best.limit), (kept, limit), "with {unlikely}");
        }
        assert_eq!(best.in_order().map(|(unlikely, ..)| unlikely).collect::<Vec<_>>(), [5, 6]);
    }
}
