//! What a trust bundle with 1 to 100,000 revocations costs: loading it, beside the signatures alone, and a code against
//! it, beside the same code and bundle without revocations; in the same run and in turns, in processor time, because
//! others use the machine too.
//!
//!     cargo bench -p activation-code --bench bundle

#[path = "../../../benches/common/figure.rs"]
mod figure;

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use figure::{Wanted, figure};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

const REVOCATIONS: [u32; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// Pairs measured; odd, so that there is one in the middle.
const LOADS: usize = 101;
const CHECKS: usize = 5_001;

fn main() {
    let roots = Roots::new(2, (100..103).map(|seed| public(&key(seed)))).unwrap();
    for revocations in REVOCATIONS {
        measure(revocations, &roots);
    }
}

fn measure(revocations: u32, roots: &Roots) {
    let full = bundle(revocations, roots);
    let text = full.to_string();
    let signers = [key(100), key(102)];
    let signatures = signers.each_ref().map(|key| key.sign(text.as_bytes()));
    let lines = signers.iter().zip(&signatures).map(|(key, by)| signature_line(&public(key), &by.to_bytes()));
    let file = format!("{text}\n{}", lines.collect::<String>());
    println!("{revocations} revocations, {} bytes", file.len());

    let raw: [VerifyingKey; 2] = signers.each_ref().map(SigningKey::verifying_key);
    let (load, alone) = compare(
        LOADS,
        || Trust::of_bundle(Purpose::Production, Bundle::read(black_box(&file), roots).unwrap()).unwrap(),
        || raw.iter().zip(&signatures).all(|(key, by)| key.verify_strict(black_box(text.as_bytes()), by).is_ok()),
    );
    println!("load    {:8.2} ms, two signatures alone {:.2} ms; wanted at most 50 ms", load / 1e3, alone / 1e3);
    let what = format!("trust bundle of {revocations} revocations, file -> Trust");
    figure(&what, "its two signatures", (alone / 1e3, load / 1e3, "ms"), &Wanted::AtMost(50.0));

    let code = code();
    let trusts = [full, bundle(0, roots)].map(|bundle| Trust::of_bundle(Purpose::Production, bundle).unwrap());
    let [with, without] = &trusts;
    let (with, without) = compare(
        CHECKS,
        || with.verify(black_box(&code).clone()).unwrap(),
        || without.verify(black_box(&code).clone()).unwrap(),
    );
    let ratio = with / without;
    println!("check   {with:8.2} µs, without revocations {without:.2} µs: {ratio:.3}; wanted at most 1.05");
    let what = format!("a code against {revocations} revocations");
    figure(&what, "against none", (without, with, "µs"), &Wanted::Times(1.05));
}

/// The medians of both, in microseconds.
fn compare<A, B>(pairs: usize, mut one: impl FnMut() -> A, mut other: impl FnMut() -> B) -> (f64, f64) {
    fn time<T>(work: &mut impl FnMut() -> T) -> f64 {
        let start = processor_time();
        let done = black_box(work());
        let time = processor_time() - start;
        drop(done);
        time
    }
    let (mut ones, mut others): (Vec<_>, Vec<_>) = (0..pairs).map(|_| (time(&mut one), time(&mut other))).unzip();
    ones.sort_by(f64::total_cmp);
    others.sort_by(f64::total_cmp);
    (ones[pairs / 2], others[pairs / 2])
}

/// Of this thread, in microseconds.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().as_bytes()).unwrap()
}

/// Every third license is revoked, of these every other one below a revision; that of the code is not.
fn bundle(revocations: u32, roots: &Roots) -> Bundle {
    let revoked = (1..=revocations).map(|i| {
        let good_from = if i % 2 == 0 { Revision::new(2) } else { None };
        (LicenseNumber::new(3 * i).unwrap(), good_from)
    });
    Bundle {
        vendor: "Example Security".into(),
        number: 1,
        issued: "2026-11-22".parse().unwrap(),
        test: false,
        contact: vec!["licenses@example.com".into()],
        roots: roots.clone(),
        issuers: vec![BundleIssuer {
            number: IssuerNumber::new(1).unwrap(),
            key: public(&key(11)),
            void: false,
            limits: IssuerLimits::default(),
        }],
        listed: vec![],
        revoked: revoked.collect(),
        products: vec![],
    }
}

fn code() -> ActivationCode {
    let terms = Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(150_001).unwrap(),
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
    };
    let payload = terms.to_payload().unwrap();
    ActivationCode::from_parts(&payload, &key(11).sign(&signed_message(&payload)).to_bytes()).unwrap()
}
