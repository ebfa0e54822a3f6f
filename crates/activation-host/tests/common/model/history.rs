//! What may happen to an installation in its life, at random.

use super::pool::{LICENSES, REVISIONS, VARIANTS};
use super::rules::World;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes, or the clock is set.
    Clock(Move),
    /// A code is entered, by its place in the pool.
    Enter(usize),
    /// Somebody looks once a day, or every so many days.
    Days {
        looks: u8,
        apart: u8,
    },
    /// A bundle is loaded, by its place in the pool.
    Load(usize),
    /// Another release is installed, made so many days after the clock.
    Release(Option<i32>),
    /// By the license's number.
    Forget(u32, Option<u16>),
    ReadDamage,
    AskForReset,
    /// Its day is so many days after the clock; `asks`: for the first time, or again.
    Reset {
        asks: bool,
        after_clock: i32,
        flaw: ResetFlaw,
    },
    Lose(Loss),
    /// Another process.
    Reopen,
    /// So many days after the clock.
    WhatIf(i32),
    /// The state is copied.
    Copy,
    /// And put back.
    PutBack,
}

#[derive(Clone, Copy, Debug)]
pub enum Move {
    By(i32),
    Years(i32),
    /// To a day that matters to a code of the pool, and so many days after it.
    To(usize, Edge, i32),
    Unreadable,
}

#[derive(Clone, Copy, Debug)]
pub enum Edge {
    First,
    Last,
    GraceEnd,
    Issued,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ResetFlaw {
    None,
    Nonce,
    Host,
    UnknownIssuer,
    Signature,
    /// It is good, and by the second issuer.
    OtherIssuer,
}

#[derive(Clone, Copy, Debug)]
pub enum Loss {
    Memory,
    MemoryFirst,
    MemoryCopy,
    /// One of the codes, counted around.
    Code(usize),
    Garbled(usize),
    BundleFirst,
    Bundle,
    Trust,
    Everything,
}

/// A life: what the product says of itself, the first day on the clock, and what happens; with each step whether
/// somebody looks after it.
#[derive(Clone, Debug)]
pub struct History {
    pub world: World,
    pub start: i32,
    pub released: Option<i32>,
    pub steps: Vec<(Step, bool)>,
}

fn code() -> impl Strategy<Value = usize> {
    let license = prop_oneof![4 => Just(0), 2 => Just(1), 1 => 2..LICENSES.len()];
    let variant = prop_oneof![1 => Just(0), 2 => 0..VARIANTS];
    let of_license = (license, 0..usize::from(REVISIONS), variant);
    let sold = of_license
        .prop_map(|(license, revision, variant)| (license * usize::from(REVISIONS) + revision) * VARIANTS + variant);
    let all = LICENSES.len() * usize::from(REVISIONS) * VARIANTS;
    prop_oneof![14 => sold, 1 => all..all + 7]
}

fn clock() -> impl Strategy<Value = Move> {
    let edge = prop_oneof![Just(Edge::First), Just(Edge::Last), Just(Edge::GraceEnd), Just(Edge::Issued)];
    // The day itself, the day after, and where warnings and frozen services begin and end.
    let days = prop_oneof![4 => -1..=1, 1 => -62..=-58, 1 => -16..=-12, 1 => 29..=32];
    prop_oneof![
        2 => (0..4).prop_map(Move::By),
        3 => (-40..80).prop_map(Move::By),
        1 => (34..38).prop_map(Move::By),
        2 => (-400..900).prop_map(Move::By),
        1 => (-20..=20).prop_map(Move::Years),
        5 => (code(), edge, days).prop_map(|(code, edge, days)| Move::To(code, edge, days)),
        1 => Just(Move::Unreadable),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::MemoryFirst),
        Just(Loss::MemoryCopy),
        Just(Loss::Memory),
        (0..4usize).prop_map(Loss::Code),
        (0..4usize).prop_map(Loss::Garbled),
        Just(Loss::BundleFirst),
        Just(Loss::Bundle),
        Just(Loss::Trust),
        Just(Loss::Everything),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let flaw = prop_oneof![
        6 => Just(ResetFlaw::None),
        1 => Just(ResetFlaw::Nonce),
        1 => Just(ResetFlaw::Host),
        1 => Just(ResetFlaw::UnknownIssuer),
        1 => Just(ResetFlaw::Signature),
        1 => Just(ResetFlaw::OtherIssuer),
    ];
    let license = prop_oneof![4 => 1..=3u32, 1 => 4..=6u32];
    prop_oneof![
        12 => clock().prop_map(Step::Clock),
        16 => code().prop_map(Step::Enter),
        2 => (prop_oneof![1..4u8, 9..14u8], prop_oneof![2 => Just(1u8), 1 => 1..50u8])
            .prop_map(|(looks, apart)| Step::Days { looks, apart }),
        4 => (0..21usize).prop_map(Step::Load),
        1 => option::of(-800..800).prop_map(Step::Release),
        2 => (license, option::of(1..=REVISIONS)).prop_map(|(license, revision)| Step::Forget(license, revision)),
        1 => Just(Step::ReadDamage),
        1 => Just(Step::AskForReset),
        3 => (prop::bool::weighted(0.9), prop_oneof![2 => Just(0), 1 => -500..500], flaw)
            .prop_map(|(asks, after_clock, flaw)| Step::Reset { asks, after_clock, flaw }),
        2 => loss().prop_map(Step::Lose),
        1 => Just(Step::Reopen),
        1 => (-100..800).prop_map(Step::WhatIf),
        1 => Just(Step::Copy),
        1 => Just(Step::PutBack),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let products =
        prop_oneof![Just(vec![(7, 0)]), Just(vec![]), Just(vec![(7, 1), (8, 2)]), Just(vec![(7, 0), (9, 3)]),];
    let trust = prop_oneof![Just((true, false)), Just((true, true)), Just((false, true))];
    (trust, products).prop_map(|((pinned, roots), products)| World { pinned, roots, products })
}

/// At most so many steps.
pub fn history(steps: usize) -> impl Strategy<Value = History> {
    let steps = vec((step(), prop::bool::weighted(0.8)), 1..=steps);
    // From 2026-11-23.
    (world(), prop_oneof![2 => 2518..2700, 1 => 2518..4300], option::of(2300..2600), steps)
        .prop_map(|(world, start, released, steps)| History { world, start, released, steps })
}
