//! What several tests need: the vectors as data, and a desk of three lines.

#![allow(dead_code, unused_imports)]

pub mod desk;
pub mod laws;
pub mod rows;

use activation_code::*;
pub use desk::{key, sign, trust};
use serde::Deserialize;

/// A file of `tests/vectors/`. Unknown fields fail the run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File<Case> {
    pub context: String,
    #[serde(rename = "issuer public key (hex)")]
    pub issuer: String,
    #[serde(rename = "issuer seed (hex)")]
    pub seed: String,
    pub cases: Vec<Case>,
}

pub fn vectors<Case: for<'a> Deserialize<'a>>(name: &str) -> File<Case> {
    let path = format!("{}/../../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the vectors are in tests/vectors");
    let file: File<Case> = serde_json::from_str(&text).expect("a vector has a field that this runner does not know");
    assert_eq!(file.context.as_bytes(), CONTEXT);
    assert!(!file.cases.is_empty());
    file
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsCase {
    product: u16,
    license: u32,
    units: u32,
    first: String,
    last: String,
    issued: String,
    issuer: u16,
    revision: u16,
    kind: String,
    grace: Option<u8>,
    host: Option<u32>,
    members: Option<Vec<u16>>,
    features: Option<u16>,
    holder: Option<String>,
    test: Option<bool>,
}

impl TermsCase {
    pub fn terms(&self) -> Terms {
        Terms {
            product: ProductId::new(self.product).unwrap(),
            license: LicenseNumber::new(self.license).unwrap(),
            units: Units::new(self.units).unwrap(),
            period: MaintenancePeriod::new(day(&self.first), day(&self.last)).unwrap(),
            issued: day(&self.issued),
            issuer: IssuerNumber::new(self.issuer).unwrap(),
            revision: Revision::new(self.revision).unwrap(),
            kind: Kind::ALL.into_iter().find(|kind| kind.name() == self.kind).expect("a kind of the closed list"),
            test: self.test.unwrap_or(false),
            grace: self.grace,
            host: self.host.map(HostId),
            members: self
                .members
                .as_ref()
                .map(|list| Members::new(list.iter().map(|&id| ProductId::new(id).unwrap())).unwrap()),
            features: self.features.map(Features),
            holder: self.holder.as_ref().map(|name| Holder::new(name).unwrap()),
        }
    }
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every issuer number that the vectors name.
pub fn vector_trust() -> Trust {
    trust(Purpose::Production, &[1, 2, 1023])
}

/// The code that `docs/code-format.md` shows.
pub fn example() -> Terms {
    Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new(day("2026-12-01"), day("2027-11-30")).unwrap(),
        issued: day("2026-11-22"),
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

/// Everything that a code can carry, each as long as it can be.
pub fn longest() -> Terms {
    Terms {
        grace: Some(255),
        host: Some(HostId(u32::MAX)),
        members: Members::new((0..16).map(|i| ProductId::new(u16::MAX - i).unwrap())),
        features: Some(Features(u16::MAX)),
        holder: Some(Holder::new(&"H".repeat(Holder::LONGEST)).unwrap()),
        ..example()
    }
}

/// Bytes that look random and are the same in every run (SplitMix64).
pub fn seeded(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).to_le_bytes()
    });
    words.flatten().take(length).collect()
}
