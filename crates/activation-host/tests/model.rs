//! An installation over many lives, compared with the rules written plainly.

#[path = "common/model/mod.rs"]
mod model;

use model::history::history;
use model::play::{Tally, play};
use model::pool::Pool;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use std::env;

/// In an ordinary test; `COUNTERSIGN_HISTORIES` says another number.
const HISTORIES: u32 = 10_000;
/// Most steps of a history.
const STEPS: usize = 16;

#[test]
fn whatever_happens_an_installation_says_what_the_rules_say() {
    let histories = env::var("COUNTERSIGN_HISTORIES").map_or(HISTORIES, |text| text.parse().unwrap());
    let seed = env::var("COUNTERSIGN_SEED").map_or(RngSeed::Random, |text| RngSeed::Fixed(text.parse().unwrap()));
    let config = Config {
        cases: histories,
        rng_seed: seed,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let pool = Pool::new();
    let all = Cell::new(Tally::default());
    let played = TestRunner::new(config).run(&history(STEPS), |history| {
        let tally = play(&pool, &history)?;
        let sum = all.get();
        all.set(Tally {
            steps: sum.steps + tally.steps,
            accepted: sum.accepted + tally.accepted,
            refused: sum.refused + tally.refused,
            loaded: sum.loaded + tally.loaded,
            resets: sum.resets + tally.resets,
            losses: sum.losses + tally.losses,
            renewed: sum.renewed + tally.renewed,
            answers: sum.answers + tally.answers,
        });
        Ok(())
    });
    if let Err(failure) = played {
        panic!("{failure}");
    }
    let all = all.get();
    let often = u64::from(histories) / 50;
    assert!([all.accepted, all.refused, all.loaded, all.losses, all.renewed].iter().all(|&n| n > often), "{all:?}");
    assert!(all.resets > often / 10, "{all:?}");
    println!("{histories} histories: {all:?}");
}
