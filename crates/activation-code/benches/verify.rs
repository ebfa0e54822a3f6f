//! What a code costs above its signature, measured in the same run: each figure is
//! compared with dalek alone on the same bytes, in turns, so that a busy machine slows
//! both.
//!
//!     cargo bench -p activation-code

#[path = "../../../benches/common/figure.rs"]
mod figure;

use activation_code::*;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use figure::{Wanted, figure};
use std::{hint::black_box, time::Instant};

/// Pairs measured; odd, so that there is one in the middle.
const ROUNDS: usize = 3_001;

fn main() {
    let terms = terms();
    let key = SigningKey::from_bytes(&[1; 32]);
    let (license, _) = issue(&terms, &key, &trust(&key));
    let code = license.code();
    println!("{:44} {:>9} {:>9} {:>8} {:>7}", "medians", "ours", "raw", "more", "ratio");
    let raw_key = VerifyingKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    let message = signed_message(code.payload());
    let signature = Signature::from_bytes(code.signature());
    let trust = trust(&key);

    let spellings = [
        ("letters, rows", code.letters().join("\n")),
        ("letters, labels", (1..).zip(code.letters()).map(|(n, row)| format!("{n}) {row}\n")).collect()),
        ("A1: line", code.transport()),
        ("digits, rows", code.digits().join("\n")),
    ];
    for (name, text) in &spellings {
        compare(
            &format!("text -> License: {name}"),
            "verify_strict",
            &Wanted::TimesOrMore(1.06, 2.0),
            || trust.verify(ActivationCode::read(black_box(text)).unwrap()).unwrap().terms().units,
            || raw_key.verify_strict(black_box(&message), black_box(&signature)).unwrap(),
        );
    }
    compare(
        "issue without ledger",
        "sign and verify_strict",
        &Wanted::Times(1.06),
        || issue(black_box(&terms), &key, &trust),
        || {
            let signature = key.sign(black_box(&message));
            raw_key.verify_strict(black_box(&message), &signature).unwrap();
            signature
        },
    );
    let mut letters = spellings[0].1.clone();
    letters.replace_range(0..1, "3");
    compare(
        "refuse a mistyped character",
        "verify_strict",
        &Wanted::Nothing,
        || ActivationCode::read(black_box(&letters)).unwrap_err(),
        || raw_key.verify_strict(black_box(&message), black_box(&signature)).unwrap(),
    );
}

/// Terms to letters, checked with the shipping verifier before it leaves.
fn issue(terms: &Terms, key: &SigningKey, trust: &Trust) -> (License, Vec<String>) {
    let payload = terms.to_payload().unwrap();
    let signature = key.sign(&signed_message(&payload)).to_bytes();
    let code = ActivationCode::from_parts(&payload, &signature).unwrap();
    let license = trust.verify(code).unwrap();
    let letters = license.code().letters();
    (license, letters)
}

fn compare<A, B>(name: &str, limit: &str, wanted: &Wanted, mut ours: impl FnMut() -> A, mut raw: impl FnMut() -> B) {
    fn time<T>(work: &mut impl FnMut() -> T) -> f64 {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_secs_f64() * 1e6
    }
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(time(&mut ours));
        times[1].push(time(&mut raw));
    }
    let [ours, raw] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    println!("{name:44} {ours:6.2} µs {raw:6.2} µs {:+5.2} µs {:7.3}", ours - raw, ours / raw);
    figure(name, limit, (raw, ours, "µs"), wanted);
}

fn trust(key: &SigningKey) -> Trust {
    let key = PublicKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    Trust::pinned(Purpose::Production, [PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key }]).unwrap()
}

/// The code that `docs/code-format.md` shows.
fn terms() -> Terms {
    Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new("2026-12-01".parse().unwrap(), "2027-11-30".parse().unwrap()).unwrap(),
        issued: "2026-11-22".parse().unwrap(),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    }
}
