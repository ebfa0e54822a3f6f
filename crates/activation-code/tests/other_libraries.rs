//! Signatures, right and wrong, as `ring`, AWS-LC and the lax check of dalek see them. What we accept all accept; what
//! one of them accepts and we do not has a reason, which is our strictness and nothing else. `COUNTERSIGN_CASES` says
//! how many are made up.

mod common;

use activation_code::*;
use arbitrary::{Result, Unstructured};
use common::laws::any_terms;
use common::seeded;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use sha2::{Digest, Sha512};
use std::collections::BTreeMap;

/// If nobody asks for more.
const CASES: u64 = 20_000;

/// The order of the base point, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A key, a payload that every reader reads, and what shall be its signature by that key.
struct Case {
    way: &'static str,
    key: [u8; 32],
    terms: Terms,
    signature: [u8; 64],
}

impl Case {
    fn message(&self) -> Vec<u8> {
        signed_message(&self.terms.to_payload().unwrap())
    }
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

fn scalar(chance: &mut Unstructured<'_>) -> Result<Scalar> {
    Ok(Scalar::from_bytes_mod_order(chance.arbitrary()?))
}

/// By the equation without the cofactor: S·B = R + k·A, where the secret half of the key is `a`.
fn signed(a: &Scalar, key: &[u8; 32], r: &Scalar, big_r: &EdwardsPoint, message: &[u8]) -> [u8; 64] {
    let big_r = big_r.compress().to_bytes();
    let s = r + challenge(&big_r, key, message) * a;
    joined(&big_r, &s.to_bytes())
}

fn joined(big_r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [big_r.as_slice(), s].concat().try_into().unwrap()
}

fn torsion(chance: &mut Unstructured<'_>) -> Result<EdwardsPoint> {
    Ok(*chance.choose(&EIGHT_TORSION)?)
}

/// An encoding of a small number y or of p + y, with either sign: many are no points, some have two encodings.
fn edge(chance: &mut Unstructured<'_>) -> Result<[u8; 32]> {
    let mut bytes = [0xFF; 32];
    let y = chance.int_in_range(0..=18)?;
    if chance.arbitrary()? {
        bytes[0] = 0xED + y;
        bytes[31] = 0x7F;
    } else {
        bytes = [0; 32];
        bytes[0] = y;
    }
    if chance.arbitrary()? {
        bytes[31] |= 0x80;
    }
    Ok(bytes)
}

fn case(seed: u64) -> Result<Case> {
    let data = seeded(seed, 512);
    let chance = &mut Unstructured::new(&data);
    let (a, r) = (scalar(chance)?, scalar(chance)?);
    let mut key = (B * a).compress().to_bytes();
    let mut terms = any_terms(chance)?;
    let number = terms.license.get();
    let message = signed_message(&terms.to_payload().unwrap());
    let good = signed(&a, &key, &r, &(B * r), &message);
    let flipped = |bytes: [u8; 64], chance: &mut Unstructured<'_>, range: std::ops::RangeInclusive<usize>| {
        let mut bytes = bytes;
        let bit = chance.int_in_range(range)?;
        bytes[bit / 8] ^= 1 << (bit % 8);
        Ok::<_, arbitrary::Error>(bytes)
    };
    let (way, signature) = match chance.int_in_range(0..=14)? {
        0..=1 => ("as it shall be", good),
        2 => ("a bit of R", flipped(good, chance, 0..=255)?),
        3 => ("a bit of S", flipped(good, chance, 256..=511)?),
        4 => {
            let bit = chance.choose_index(256)?;
            key[bit / 8] ^= 1 << (bit % 8);
            ("a bit of the key", good)
        }
        5 => {
            terms.license =
                LicenseNumber::new(number % 1000 + 1).filter(|it| it.get() != number).unwrap_or(LicenseNumber::MAX);
            ("another message", good)
        }
        6 => {
            let mut bytes = good;
            let mut carry = 0u16;
            for (byte, more) in bytes[32..].iter_mut().zip(L) {
                let sum = u16::from(*byte) + u16::from(more) + carry;
                (*byte, carry) = (sum as u8, sum >> 8);
            }
            ("S + L", bytes)
        }
        7 => ("halves in each other's place", [&good[32..], &good[..32]].concat().try_into().unwrap()),
        8 => {
            // R is of small order: 0·B + T.
            ("R of small order", signed(&a, &key, &Scalar::ZERO, &torsion(chance)?, &message))
        }
        9 => {
            // The cofactor hides it, and only that.
            ("R with a part of small order", signed(&a, &key, &r, &(B * r + torsion(chance)?), &message))
        }
        10..=11 => {
            key = (B * a + torsion(chance)?).compress().to_bytes();
            // One in eight challenges does not see the part of small order.
            ("a key with a part of small order", signed(&a, &key, &r, &(B * r), &message))
        }
        12 => {
            key = torsion(chance)?.compress().to_bytes();
            ("a key of small order", signed(&Scalar::ZERO, &key, &r, &(B * r), &message))
        }
        13 => {
            key = edge(chance)?;
            ("a key at the edge of the encoding", signed(&Scalar::ZERO, &key, &r, &(B * r), &message))
        }
        _ => ("R at the edge of the encoding", {
            let big_r = edge(chance)?;
            joined(&big_r, &(challenge(&big_r, &key, &message) * a).to_bytes())
        }),
    };
    Ok(Case { way, key, terms, signature })
}

/// As products do it.
fn ours(case: &Case) -> bool {
    let Ok(key) = PublicKey::from_bytes(&case.key) else { return false };
    let pinned = PinnedIssuer { number: case.terms.issuer, key };
    let trust = Trust::pinned(Purpose::Testing, [pinned]).unwrap();
    let code = ActivationCode::from_parts(&case.terms.to_payload().unwrap(), &case.signature).unwrap();
    trust.verify(code).is_ok()
}

/// What our check asks for beyond the equation; `None`: nothing of that is missing.
fn strictness(case: &Case) -> Option<&'static str> {
    match PublicKey::from_bytes(&case.key) {
        Err(KeyFault::Weak) => return Some("the key is of small order"),
        Err(KeyFault::Torsion) => return Some("the key has a part of small order"),
        Err(KeyFault::NotCanonical) => return Some("the key has another encoding"),
        _ => {}
    }
    let big_r = CompressedEdwardsY(case.signature[..32].try_into().unwrap());
    let point = big_r.decompress()?;
    if point.is_small_order() {
        return Some("R is of small order");
    }
    (point.compress() != big_r).then_some("R has another encoding")
}

fn others(case: &Case) -> [(&'static str, bool); 3] {
    let (message, signature) = (case.message(), &case.signature);
    let lax = VerifyingKey::from_bytes(&case.key)
        .is_ok_and(|key| Verifier::verify(&key, &message, &Signature::from_bytes(signature)).is_ok());
    let ring = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, case.key);
    let aws = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, case.key);
    [
        ("dalek, lax", lax),
        ("ring", ring.verify(&message, signature).is_ok()),
        ("AWS-LC", aws.verify(&message, signature).is_ok()),
    ]
}

#[test]
fn every_difference_to_other_libraries_is_our_strictness() {
    let wanted = std::env::var("COUNTERSIGN_CASES").map_or(CASES, |text| text.parse().unwrap());
    let (mut accepted, mut ways, mut differences) = (0u64, BTreeMap::new(), BTreeMap::new());
    for seed in 0..wanted {
        let case = case(seed).unwrap();
        let ours = ours(&case);
        accepted += u64::from(ours);
        *ways.entry(case.way).or_insert(0u64) += 1;
        for (library, theirs) in others(&case) {
            match (ours, theirs) {
                (true, false) => panic!("case {seed}, {}: {library} refuses what we accept", case.way),
                (false, true) => {
                    let why = strictness(&case);
                    let why = why.unwrap_or_else(|| panic!("case {seed}, {}: {library} accepts it", case.way));
                    *differences.entry((why, library)).or_insert(0u64) += 1;
                }
                _ => {}
            }
        }
    }
    println!("{wanted} cases, {accepted} accepted by all; {ways:#?}\naccepted by others alone: {differences:#?}");
    assert!(accepted > wanted / 10, "too few are right to say anything");
    // Without these the cases would not reach what strictness is for.
    for why in ["the key is of small order", "the key has a part of small order", "R is of small order"] {
        for library in ["dalek, lax", "ring", "AWS-LC"] {
            assert!(differences.contains_key(&(why, library)), "{library} was never too lax: {why}");
        }
    }
}
