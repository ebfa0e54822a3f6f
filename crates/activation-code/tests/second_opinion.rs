//! `tests/verifier/verifier.py`, written from the documents alone, agrees with this crate about codes and bundles,
//! right and wrong, and about the cases of `tests/trust/`. `COUNTERSIGN_CASES` says how many are made up: CI asks for
//! 3,000, and 100,000 take ten minutes.

mod common;

use activation_code::*;
use arbitrary::{Result, Unstructured};
use common::laws::any_terms;
use common::{rows::rows, seeded};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// If nobody asks for more.
const CASES: u64 = 300;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(&key(seed).verifying_key().to_bytes()).unwrap()
}

/// The bytes of a code over a payload, right or wrong, by the key of this seed.
fn signed(payload: &[u8], seed: u8) -> Vec<u8> {
    [payload, &key(seed).sign(&signed_message(payload)).to_bytes()].concat()
}

fn groups_of(bytes: usize) -> usize {
    (1..=75).find(|&groups: &usize| 5 * (5 * groups - 3 * groups.div_ceil(5) - 2) / 8 >= bytes).unwrap()
}

/// A code's text: right, or wrong in one of the ways that a host meets.
fn text(terms: &Terms, chance: &mut Unstructured<'_>) -> Result<String> {
    let mut bytes = signed(&terms.to_payload().unwrap(), 1);
    let way: u8 = chance.int_in_range(0..=15)?;
    match way {
        // One bit, anywhere, with rows that are right all the same.
        0..=1 => {
            let bit = chance.choose_index(bytes.len() * 8)?;
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        // Another key's.
        2 => bytes = signed(&terms.to_payload().unwrap(), 9),
        // A payload that no desk writes, truly signed.
        3..=5 => {
            let mut payload = terms.to_payload().unwrap();
            for _ in 0..chance.int_in_range(1..=3)? {
                let at = chance.choose_index(payload.len())?;
                payload[at] ^= 1 << chance.int_in_range(0..=7)?;
            }
            bytes = signed(&payload, 1);
        }
        // Padding that is too long.
        6 => {
            let mut payload = terms.to_payload().unwrap();
            payload.resize(payload.len() + 3, 0);
            bytes = signed(&payload, 1);
        }
        // S + L in the place of S.
        7 => {
            const L: [u8; 32] = [
                0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
            ];
            let at = bytes.len() - 32;
            let mut carry = 0;
            for (byte, more) in bytes[at..].iter_mut().zip(L) {
                let sum = u16::from(*byte) + u16::from(more) + carry;
                (*byte, carry) = (sum as u8, sum >> 8);
            }
        }
        _ => {}
    }
    let mut text = match (way, ActivationCode::from_bytes(bytes.clone())) {
        (15, Ok(code)) => code.transport(),
        (14, Ok(code)) => code.digits().join("\n"),
        (13, Ok(code)) => (1..).zip(code.letters()).map(|(n, row)| format!("Row {n}) {row}\n")).collect(),
        _ => rows(1, groups_of(bytes.len()), &bytes).join("\n"),
    };
    // A symbol that was typed wrongly.
    if way == 8 {
        let at = chance.choose_index(text.len())?;
        let typed = char::from(*chance.choose(ALPHABET)?);
        if text.as_bytes()[at] != b'-' && text.as_bytes()[at] != b'\n' {
            text.replace_range(at..=at, &typed.to_string());
        }
    }
    Ok(text)
}

/// A bundle whose limits are near the terms, with the roots that it needs.
fn bundle(terms: &Terms, text: &str, chance: &mut Unstructured<'_>) -> Result<(String, Vec<PublicKey>, u8)> {
    let near = |chance: &mut Unstructured<'_>, value: i64| Ok(value + chance.int_in_range(-1..=1)?);
    let maybe = |chance: &mut Unstructured<'_>| chance.ratio(1, 6);
    let mut limits = IssuerLimits::default();
    if maybe(chance)? {
        let named = terms.members.iter().flat_map(|members| members.products().to_vec());
        limits.products = named.chain([terms.product]).collect();
        limits.products.sort_unstable();
        limits.products.dedup();
        if chance.arbitrary()? && limits.products.len() > 1 {
            let gone = chance.choose_index(limits.products.len())?;
            limits.products.remove(gone);
        }
    }
    if maybe(chance)? {
        limits.kinds = Kind::ALL.into_iter().filter(|_| chance.arbitrary().unwrap_or(true)).collect();
    }
    if maybe(chance)? {
        limits.units = Units::new(near(chance, terms.units.get().into())? as u32);
    }
    if maybe(chance)? {
        limits.grace = u8::try_from(near(chance, terms.grace_days().into())?).ok();
    }
    if maybe(chance)? {
        limits.features = Some(Features(terms.features.map_or(0, |features| features.0) & chance.arbitrary::<u16>()?));
    }
    if maybe(chance)? {
        let number = |number: i64| LicenseNumber::new(number.clamp(1, 268_435_455) as u32).unwrap();
        let (first, last) = (near(chance, terms.license.get().into())?, near(chance, terms.license.get().into())?);
        limits.licenses = Some((number(first.min(last)), number(first.max(last))));
    }
    if maybe(chance)? {
        let lasts = terms.period.last().days_after(terms.issued);
        limits.days = u32::try_from(near(chance, lasts.into())?).ok();
    }
    let day = |day: Day, chance: &mut Unstructured<'_>| -> Result<Option<Day>> {
        if maybe(chance)? { Ok(day.plus(chance.int_in_range(-1..=1)?)) } else { Ok(None) }
    };
    limits.until = day(terms.period.last(), chance)?;
    limits.from = day(terms.issued, chance)?;
    limits.to = day(terms.issued, chance)?;
    let void = chance.ratio(1, 8)?;
    let number = terms.issuer;
    let mut listed = Vec::new();
    if void && let Ok(code) = ActivationCode::read(text) {
        let bytes = if chance.arbitrary()? { code.as_bytes() } else { b"another" };
        listed.push((number, code_digest(bytes)));
    }
    let mut revoked = Vec::new();
    if chance.ratio(1, 8)? {
        let revision = near(chance, terms.revision.get().into())?;
        let good = if chance.arbitrary()? { Revision::new(revision as u16) } else { None };
        revoked.push((terms.license, good));
    }
    let seeds: Vec<u8> = (100..100 + chance.int_in_range(1..=4)?).collect();
    let threshold = chance.int_in_range(1..=seeds.len())? as u8;
    let roots = Roots::new(threshold, seeds.iter().map(|&seed| public(seed))).unwrap();
    let members = if terms.members.is_none() && chance.ratio(1, 4)? {
        Members::new([terms.product, ProductId::new(4711).unwrap()])
    } else {
        None
    };
    let product = BundleProduct {
        id: terms.product,
        mnemonic: "ES".into(),
        unit: "endpoints".into(),
        kind: "suite".into(),
        rank: chance.int_in_range(0..=2)?,
        members,
        end_of_life: None,
        use_ends: chance.arbitrary()?,
        family: chance.arbitrary::<bool>()?.then(|| "Überall und nirgends".into()),
        name: "Example".into(),
    };
    let bundle = Bundle {
        vendor: "Example Security".into(),
        number: chance.int_in_range(1..=9)?,
        issued: terms.issued,
        test: chance.ratio(1, 20)?,
        contact: vec!["licenses@example.com".into()],
        roots: roots.clone(),
        issuers: vec![BundleIssuer { number, key: public(1), void, limits }],
        listed,
        revoked,
        products: vec![product],
    };
    let signers: Vec<u8> = seeds.iter().copied().filter(|_| chance.ratio(7, 8).unwrap_or(true)).collect();
    let note = |bundle: &Bundle, signers: &[u8]| {
        let text = bundle.to_string();
        let sign = |&seed: &u8| signature_line(&public(seed), &key(seed).sign(text.as_bytes()).to_bytes());
        format!("{text}\n{}", signers.iter().map(sign).collect::<String>())
    };
    let mut file = note(&bundle, &signers);
    if chance.ratio(1, 4)? {
        let next = Bundle { number: chance.int_in_range(1..=12)?, ..bundle.clone() };
        file.push_str(&note(&next, &signers));
    }
    if chance.ratio(1, 6)? {
        // Somebody was at it.
        let at = chance.choose_index(file.len())?;
        if file.is_char_boundary(at) && file.is_char_boundary(at + 1) {
            let typed = char::from(chance.int_in_range(b' '..=b'~')?);
            file.replace_range(at..=at, &typed.to_string());
        }
    }
    Ok((file, roots.keys().to_vec(), threshold))
}

/// A case, and what this crate makes of it.
fn case(seed: u64) -> Result<(Value, Value)> {
    let bytes = seeded(seed, 4096);
    let mut chance = Unstructured::new(&bytes);
    let terms = any_terms(&mut chance)?;
    let text = text(&terms, &mut chance)?;
    let production = chance.ratio(1, 4)?;
    let purpose = if production { Purpose::Production } else { Purpose::Testing };
    let mut case = json!({"text": text, "purpose": if production { "production" } else { "testing" }});
    let trust = if chance.arbitrary()? {
        let (file, roots, threshold) = bundle(&terms, &text, &mut chance)?;
        case["roots"] = roots.iter().map(ToString::to_string).collect();
        case["threshold"] = threshold.into();
        case["bundle"] = file.clone().into();
        let trusted = Roots::new(threshold, roots).unwrap();
        match Bundle::read(&file, &trusted).map(|bundle| Trust::of_bundle(purpose, bundle)) {
            Ok(Ok(trust)) => trust,
            Ok(Err(_)) | Err(_) => return Ok((case, json!({"bundle": "refused"}))),
        }
    } else {
        let number = if chance.ratio(1, 10)? { IssuerNumber::MAX } else { terms.issuer };
        let issuer = PinnedIssuer { number, key: public(1) };
        case["issuers"] = json!([issuer.to_string()]);
        Trust::pinned(purpose, [issuer]).unwrap()
    };
    let answer = match trust.read_strictly(&text) {
        Ok(accepted) => {
            json!({"outcome": "accepted", "reason": null, "license": accepted.license.terms().license.get()})
        }
        Err(rejected) => {
            let reason = rejected.obstacle.reason();
            // What exactly was typed wrongly is this crate's own matter.
            let name = match reason.class() {
                ReasonClass::NotReadable => "not-readable",
                ReasonClass::Refused => reason.name(),
            };
            json!({"outcome": "refused", "reason": name})
        }
    };
    Ok((case, answer))
}

/// Python with a script of `tests/verifier/`. Where it is missing the test says aloud that it was skipped, and fails
/// if `COUNTERSIGN_REQUIRE_TOOLS` is set, as in CI.
fn python(script: &str) -> Option<Command> {
    let usable = Command::new("python3").args(["-c", "import cryptography"]).stderr(Stdio::null()).status();
    if !usable.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none(), "python3 with cryptography is required");
        // The test runner catches only what macros print.
        let _ = std::io::stderr().write_all(b"SKIPPED: there is no python3 with the package cryptography\n");
        return None;
    }
    let mut python = Command::new("python3");
    python.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier").join(script));
    Some(python)
}

#[test]
fn another_verifier_agrees_about_the_cases_of_trust() {
    let Some(mut python) = python("cases.py") else { return };
    let output = python.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let _ = std::io::stderr().write_all(&output.stdout);
}

#[test]
fn another_verifier_in_another_language_agrees() {
    let wanted = std::env::var("COUNTERSIGN_CASES").map_or(CASES, |text| text.parse().unwrap());
    let Some(mut python) = python("verifier.py") else { return };
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let cases = std::thread::spawn(move || {
        let mut expected = Vec::new();
        for seed in 0..wanted {
            let (case, answer) = case(seed).unwrap();
            writeln!(stdin, "{case}").unwrap();
            expected.push((case, answer));
        }
        expected
    });
    let answers: Vec<Value> = answers.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let expected = cases.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(answers.len(), expected.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for ((case, ours), mut theirs) in expected.into_iter().zip(answers) {
        let unreadable = ["empty", "unknown-character", "row-length", "row-check", "rows-from-different-codes"];
        if theirs["reason"].as_str().is_some_and(|reason| unreadable.contains(&reason)) {
            theirs["reason"] = "not-readable".into();
        }
        if theirs["outcome"] == "accepted" {
            theirs["license"] = theirs["terms"]["license"].clone();
        }
        if let Some(fields) = theirs.as_object_mut() {
            fields.remove("terms");
        }
        assert_eq!(ours, theirs, "{case:#}");
        let name = ours["reason"].as_str().or(ours["outcome"].as_str()).unwrap_or("bundle refused");
        *seen.entry(name.to_owned()).or_default() += 1;
    }
    // Every answer is among them, and neither half is rare.
    for name in
        ["accepted", "bad-signature", "not-canonical", "limit-exceeded", "revoked", "issuer-void", "bundle refused"]
    {
        assert!(seen.contains_key(name), "{name} never occurred: {seen:?}");
    }
    let accepted = seen["accepted"] as u64;
    assert!((wanted / 5..wanted * 4 / 5).contains(&accepted), "{seen:?}");
    let _ = std::io::stderr().write_all(format!("{wanted} cases, of one mind: {seen:?}\n").as_bytes());
}
