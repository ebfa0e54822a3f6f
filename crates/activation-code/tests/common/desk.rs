//! A desk of three lines, and an installation that trusts it. Fuzz targets have it too.

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey};

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
