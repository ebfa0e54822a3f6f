//! Codes and bundles as a desk makes them, signed by keys of these tests alone.

#![allow(dead_code, reason = "each test uses some of it")]

use activation_code::{
    ActivationCode, BUNDLE_CONTEXT, ClockResetTerms, Day, HostRequest, IssuerNumber, Kind, MaintenancePeriod,
    PinnedIssuer, PublicKey, Roots, Terms, signature_line, signed_message,
};
use ed25519_dalek::{Signer, SigningKey};

/// Issuer 1.
pub fn issuing_key() -> SigningKey {
    SigningKey::from_bytes(&[41; 32])
}

/// The only root.
pub fn root_key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

pub fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().as_bytes()).unwrap()
}

pub fn issuer() -> PinnedIssuer {
    PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: public(&issuing_key()) }
}

pub fn roots() -> Roots {
    Roots::new(1, [public(&root_key())]).unwrap()
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// License 1042: 250 units of product 7, maintained for 2027, issued on 2026-11-22.
pub fn terms() -> Terms {
    Terms {
        product: "7".parse().unwrap(),
        license: "1042".parse().unwrap(),
        units: "250".parse().unwrap(),
        period: period("2027-01-01", "2027-12-31"),
        issued: day("2026-11-22"),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: "1".parse().unwrap(),
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    }
}

pub fn period(first: &str, last: &str) -> MaintenancePeriod {
    MaintenancePeriod::new(day(first), day(last)).unwrap()
}

/// The code as a person types it.
pub fn code(terms: &Terms) -> String {
    let payload = terms.to_payload().unwrap();
    let signature = issuing_key().sign(&signed_message(&payload)).to_bytes();
    ActivationCode::from_parts(&payload, &signature).unwrap().letters().join("\n")
}

/// A bundle with issuer 1; `lines`: what follows the issuer's line.
pub fn bundle(number: u32, issued: &str, lines: &str) -> String {
    signed_by_root(&bundle_text(number, issued, &public(&issuing_key()), lines))
}

/// Its text, with any key as that of issuer 1.
pub fn bundle_text(number: u32, issued: &str, issuer: &PublicKey, lines: &str) -> String {
    format!(
        "{BUNDLE_CONTEXT}\nvendor Acme\nnumber {number}\nissued {issued}\ncontact desk@acme.example\nthreshold 1\n\
         root {}\nissuer 1 {issuer}\n{lines}",
        public(&root_key())
    )
}

/// A text as the root signs it.
pub fn signed_by_root(text: &str) -> String {
    let signature = root_key().sign(text.as_bytes()).to_bytes();
    format!("{text}\n{}\n", signature_line(&public(&root_key()), &signature).trim_end())
}

/// The rows of a clock reset that a host asked for.
pub fn reset_rows(request: &HostRequest, to: &str) -> Vec<String> {
    reset_rows_by(&issuing_key(), request, to)
}

/// The same, signed with any key.
pub fn reset_rows_by(key: &SigningKey, request: &HostRequest, to: &str) -> Vec<String> {
    let terms = ClockResetTerms { host: request.host, nonce: request.nonce, day: day(to), issuer: issuer().number };
    terms.rows(&key.sign(&terms.signed_message()).to_bytes())
}
