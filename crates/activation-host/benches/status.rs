//! `Installation::status` beside one raw `verify_strict`, in the same run: warm, as a product asks it again and again,
//! and cold, as it asks first.
//!
//! ```text
//! cargo bench -p activation-host --bench status
//! ```

#[path = "../../../benches/common/figure.rs"]
mod figure;
#[path = "common/furnished.rs"]
mod furnished;
#[path = "../tests/common/sold.rs"]
mod sold;

use activation_code::{ActivationCode, signed_message};
use ed25519_dalek::Signature;
use figure::{Wanted, figure};
use furnished::Furnished;
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3001;
const COLD_ROUNDS: usize = 301;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = ActivationCode::read(&sold::code(&sold::terms())).expect("a code");
    let message = signed_message(code.payload());
    let signature = Signature::from_bytes(code.signature());
    let key = sold::issuing_key().verifying_key();
    let raw = || black_box(&key).verify_strict(black_box(&message), black_box(&signature)).expect("it is good");
    println!(
        "medians of {ROUNDS} pairs, cold {COLD_ROUNDS}, µs: raw verify_strict, ours, ratio; warm wanted at most 1.15"
    );
    for (number, furnished) in Furnished::ALL.iter().enumerate() {
        let state = folder.path().join(number.to_string());
        furnished.furnish(&state);
        let installation = furnished.open(&state);
        let warm = || assert!(black_box(installation.status().expect("trust")).standing.run);
        report(&format!("warm, {}", furnished.name), ROUNDS, &Wanted::Times(1.15), raw, warm);
        let cold = || assert!(black_box(furnished.open(&state).status().expect("trust")).standing.run);
        report(&format!("cold, {}", furnished.name), COLD_ROUNDS, &Wanted::Nothing, raw, cold);
    }
}

fn report(name: &str, rounds: usize, wanted: &Wanted, raw: impl Fn(), ours: impl Fn()) {
    let (mut without, mut with): (Vec<_>, Vec<_>) = (0..rounds).map(|_| (time(&raw), time(&ours))).unzip();
    without.sort_unstable();
    with.sort_unstable();
    let [raw, ours] = [&without, &with].map(|times| times[rounds / 2].as_nanos() as f64 / 1000.0);
    println!("{raw:>8.1} {ours:>10.1} {:>8.2}  {name}", ours / raw);
    figure(&format!("Installation::status, {name}"), "verify_strict", (raw, ours, "µs"), wanted);
}

fn time(what: impl Fn()) -> Duration {
    let begun = Instant::now();
    what();
    begun.elapsed()
}
