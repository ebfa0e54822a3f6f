//! What several tests need: the vectors as data, and a desk of three lines.

#![allow(dead_code)]

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey};
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

/// The key of 32 bytes 0x01 that all vectors are signed with.
pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

pub fn sign(terms: &Terms) -> ActivationCode {
    let payload = terms.to_payload().unwrap();
    let signature = key().sign(&signed_message(&payload)).to_bytes();
    ActivationCode::from_parts(&payload, &signature).unwrap()
}

/// Trust in the vectors' key under these numbers.
pub fn trust(purpose: Purpose, numbers: &[u16]) -> Trust {
    let key = PublicKey::from_bytes(&key().verifying_key().to_bytes()).unwrap();
    let issuers = numbers.iter().map(|&number| PinnedIssuer { number: IssuerNumber::new(number).unwrap(), key });
    Trust::pinned(purpose, issuers).unwrap()
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

/// The law of reading what people type: nothing is accepted that the signature does not
/// cover, a repair is told, and the search stays within its bounds.
pub fn reading_never_accepts_what_is_not_signed(text: &str) {
    let trust = trust(Purpose::Testing, &[1, 2, 1023]);
    let straight = ActivationCode::read(text);
    if let Ok(Accepted { license, repairs }) = trust.read(text) {
        let code = license.code();
        let signature = ed25519_dalek::Signature::from_bytes(code.signature());
        key().verifying_key().verify_strict(&signed_message(code.payload()), &signature).expect("signed");
        // As typed without a repair, and never both.
        assert_eq!(straight.as_ref() == Ok(code), repairs.is_empty());
        assert_eq!(&ActivationCode::read(&code.letters().join("\n")).unwrap(), code);
    }
    if let Err(ReadFault::Typing(faults)) = straight {
        assert!(!faults.all().is_empty());
        search_stays_within_its_bounds(text);
    }
}

/// What the search looks at when nothing is ever taken.
pub fn search_stays_within_its_bounds(text: &str) -> Effort {
    let mut judged = 0;
    let (proposal, effort) = propose(text, &mut |_| {
        judged += 1;
        false
    });
    assert_eq!(proposal, None);
    assert_eq!(effort.signatures, judged);
    assert!(effort.signatures <= MOST_SIGNATURES);
    assert!(effort.combinations <= MOST_COMBINATIONS);
    // One list of candidates is finished when the bound is reached.
    assert!(effort.explanations <= MOST_EXPLANATIONS + 250_000, "{effort:?}");
    effort
}
