//! What was done to a row, told from what was typed and what was meant.
//!
//! Found anew and not by the search: the shortest explanation may be another one than
//! that which led to the row.

use super::Event;
use crate::rows::GROUP;
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// One stretch of what was typed for one stretch of what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// `None`: nothing was done.
    pub event: Option<Event>,
    pub typed: Range<usize>,
    pub meant: Range<usize>,
}

/// A group that was typed differently than it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangedGroup {
    /// From 0.
    pub group: usize,
    pub event: Event,
    pub typed: Range<usize>,
    pub meant: Range<usize>,
}

/// The groups of a row that were changed, symbols or digits.
pub(super) fn changed_groups(typed: &[Option<u8>], meant: &[u8]) -> Vec<ChangedGroup> {
    let steps = steps(typed, meant);
    let mut groups = Vec::new();
    let mut start = 0;
    for group in 0..meant.len().div_ceil(GROUP) {
        let range = group * GROUP..meant.len().min((group + 1) * GROUP);
        let end = if range.end == meant.len() { typed.len() } else { boundary(&steps, range.end) };
        let event = steps.iter().filter(|step| touches(step, &range)).find_map(|step| step.event);
        if let Some(event) = event {
            groups.push(ChangedGroup { group, event, typed: start..end.max(start), meant: range });
        }
        start = end.max(start);
    }
    groups
}

/// Whether a step changes these symbols. What was typed between two groups belongs to
/// the first of them.
fn touches(step: &Step, group: &Range<usize>) -> bool {
    if step.meant.is_empty() {
        step.meant.start > group.start && step.meant.start <= group.end || step.meant.start == 0 && group.start == 0
    } else {
        step.meant.start < group.end && group.start < step.meant.end
    }
}

/// Where the symbols meant before `at` end in what was typed.
fn boundary(steps: &[Step], at: usize) -> usize {
    let before = steps.iter().take_while(|step| step.meant.start < at || step.meant.end <= at);
    before.last().map_or(0, |step| match step.meant.is_empty() {
        // Surplus: it belongs to what stands before it.
        true => step.typed.end,
        false => (step.typed.start + at.saturating_sub(step.meant.start)).min(step.typed.end),
    })
}

/// The cheapest steps from the first symbol to the last.
pub(super) fn steps(typed: &[Option<u8>], meant: &[u8]) -> Vec<Step> {
    let (mut cost, mut best) = aligned(typed, meant);
    // Groups in each other's places, where that leaves less to explain.
    for (first, second) in exchanged_groups(typed, meant) {
        let mut exchanged = typed.to_vec();
        (first..first + GROUP).zip(second..).for_each(|(a, b)| exchanged.swap(a, b));
        let (other_cost, other) = aligned(&exchanged, meant);
        if other_cost + GROUP_SWAP < cost {
            cost = other_cost + GROUP_SWAP;
            best = other;
            let moved = |step: &Step| [first, second].iter().any(|&at| (at..at + GROUP).contains(&step.meant.start));
            best.iter_mut().filter(|step| moved(step)).for_each(|step| step.event = Some(Event::GroupSwap));
        }
    }
    mark_moved(&mut best, typed, meant);
    best
}

/// Pairs of groups that fit better in each other's places: where they start.
fn exchanged_groups(typed: &[Option<u8>], meant: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let fit = |from: usize, to: usize| {
        let pairs = typed.iter().skip(from).zip(meant.iter().skip(to)).take(GROUP);
        pairs.filter(|(typed, meant)| typed.as_ref() == Some(*meant)).count()
    };
    let end = if typed.len() == meant.len() { meant.len() } else { 0 };
    let starts = move |from: usize| (from..end).step_by(GROUP);
    let pairs = starts(0).flat_map(move |first| starts(first + GROUP).map(move |second| (first, second)));
    pairs.filter(move |&(first, second)| {
        fit(first, second) + fit(second, first) > fit(first, first) + fit(second, second) + 1
    })
}

/// One symbol left out and the same one typed elsewhere was moved.
fn mark_moved(steps: &mut [Step], typed: &[Option<u8>], meant: &[u8]) {
    let find = |steps: &[Step], event| {
        let mut all = steps.iter().enumerate().filter(|(_, step)| step.event == Some(event));
        all.next().filter(|_| all.next().is_none()).map(|(i, step)| (i, step.clone()))
    };
    if let (Some((left_out, omitted)), Some((added, extra))) = (find(steps, Event::Omission), find(steps, Event::Extra))
        && typed.get(extra.typed.start).copied().flatten().as_ref() == meant.get(omitted.meant.start)
    {
        for (i, step) in steps.iter_mut().enumerate() {
            if i == left_out || i == added {
                step.event = Some(Event::Moved);
            }
        }
    }
}

/// What two groups in each other's places cost, beside the steps.
const GROUP_SWAP: u32 = 12;

/// What a step may be: its event, its length in what was typed and in what was meant,
/// and its cost. Rarer events cost a little more than the commoner that explain as much.
const KINDS: [(Option<Event>, usize, usize, u32); 8] = [
    (None, 1, 1, 0),
    (Some(Event::Unreadable), 1, 1, 10),
    (Some(Event::Substitution), 1, 1, 10),
    (Some(Event::Swap), 2, 2, 10),
    (Some(Event::Jump), 3, 3, 11),
    (Some(Event::Twin), 2, 2, 11),
    (Some(Event::Omission), 0, 1, 11),
    (Some(Event::Extra), 1, 0, 11),
];

/// Whether a step of this kind explains these symbols.
fn explains(event: Option<Event>, typed: &[Option<u8>], meant: &[u8]) -> bool {
    match (event, typed, meant) {
        (None, [Some(a)], [x]) => a == x,
        (Some(Event::Unreadable), [None], [_]) => true,
        (Some(Event::Substitution), [Some(a)], [x]) => a != x,
        (Some(Event::Swap), [Some(a), Some(b)], [x, y]) => (a, b) == (y, x) && a != b,
        (Some(Event::Jump), [Some(a), Some(b), Some(c)], [x, y, z]) => (a, b, c) == (z, y, x) && a != c,
        (Some(Event::Twin), [Some(a), Some(b)], [x, y]) => a == b && x == y && a != x,
        (Some(Event::Omission), [], [_]) | (Some(Event::Extra), [_], []) => true,
        _ => false,
    }
}

/// The cheapest way to explain everything, and its cost.
fn aligned(typed: &[Option<u8>], meant: &[u8]) -> (u32, Vec<Step>) {
    let width = meant.len() + 1;
    // The cost up to each pair of places, and the kind of the step that leads there.
    let mut table = vec![(u32::MAX, 0usize); (typed.len() + 1) * width];
    if let Some(start) = table.first_mut() {
        start.0 = 0;
    }
    for i in 0..=typed.len() {
        for j in 0..=meant.len() {
            let Some(&(here, _)) = table.get(i * width + j).filter(|cell| cell.0 != u32::MAX) else { continue };
            for (kind, &(event, from, to, cost)) in KINDS.iter().enumerate() {
                let stretch = typed.get(i..i + from).zip(meant.get(j..j + to));
                if !stretch.is_some_and(|(typed, meant)| explains(event, typed, meant)) {
                    continue;
                }
                if let Some(next) = table.get_mut((i + from) * width + j + to).filter(|next| next.0 > here + cost) {
                    *next = (here + cost, kind);
                }
            }
        }
    }
    let (mut i, mut j) = (typed.len(), meant.len());
    let total = table.get(i * width + j).map_or(u32::MAX, |cell| cell.0);
    let mut steps = Vec::new();
    while (i, j) != (0, 0) {
        let kind = table.get(i * width + j).and_then(|cell| KINDS.get(cell.1));
        let Some(&(event, from, to, _)) = kind.filter(|kind| kind.1 <= i && kind.2 <= j) else { break };
        steps.push(Step { event, typed: i - from..i, meant: j - to..j });
        (i, j) = (i - from, j - to);
    }
    steps.reverse();
    (total, steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    /// The events of a row, from its beginning: each by the first letter of its name, a jump as `j`, a swap as `w`.
    fn events(typed: &str, meant: &str) -> String {
        let symbols = |text: &str| text.bytes().collect::<Vec<u8>>();
        let typed: Vec<_> = typed.bytes().map(|symbol| (symbol != b'?').then_some(symbol)).collect();
        let steps = steps(&typed, &symbols(meant));
        let letter = |event: Event| match event {
            Event::Jump => 'j',
            Event::Swap => 'w',
            other => other.name().chars().next().unwrap_or_default(),
        };
        steps.iter().filter_map(|step| step.event).map(letter).collect()
    }

    #[test]
    fn groups_are_exchanged_only_where_that_leaves_less_to_explain() {
        for (typed, meant, told) in [
            ("KKKKKLLLLLMMMMM", "KKKKKMMMMMLLLLL", "gggggggggg"),
            ("KKKKKLLLLLMMMMM", "MMMMMLLLLLKKKKK", "gggggggggg"),
            // As much is left to explain: no group is said to be exchanged.
            ("AEDCBDEDBDEEADB", "EADDBDEBDEAEDCB", "wsewo"),
            // The pair that leaves the least, and not the last one that leaves less than there was at first.
            ("AABBACACCBCABCABACCC", "CACCBAABAACABCBABCCC", "ggggggggggsw"),
            // Pairs that hardly fit better are not tried.
            ("EDBEBDBEEEAEDEA", "EEDBEEAEEABDDBE", "oesssssss"),
            ("DACFBCFDFBBAGCGBBBCE", "DACEFBBGGCBCFDFGBBBC", "mssssssssm"),
            ("BCEAAACECCAEBDCACACC", "BAEAACEBDCCAECAACACC", "sggggggggg"),
            ("CBBABCBBBB", "BBCBBCBBAB", "gggggggg"),
            ("CGDBDDBBDAFFCBC", "FCCBCBBDAFGDBDE", "gggggesggggg"),
        ] {
            assert_eq!(events(typed, meant), told, "{typed} for {meant}");
        }
    }
}
