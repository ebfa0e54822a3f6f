//! The same claims, issued and verified by what others wrote for the same job, each in turns with raw Ed25519 on the
//! same machine: `cargo run --release --manifest-path benches/peers/Cargo.toml`.
//!
//! Issuing is from claims to text with the signature; verifying is from text to proven claims, with the key read
//! before. None of the others has rows, checks or repair, and their texts are not for typing.

#[path = "../../common/figure.rs"]
mod figure;

use activation_code::*;
use biscuit_auth::macros::{authorizer, biscuit};
use biscuit_auth::{Biscuit, KeyPair, PrivateKey};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use figure::{Wanted, figure};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pasetors::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use pasetors::token::UntrustedToken;
use pasetors::version4::{PublicToken, V4};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::time::Instant;

/// Pairs measured; odd, so that there is one in the middle.
const ROUNDS: usize = 2_001;

/// What a code says without its optional parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    product: u16,
    license: u32,
    revision: u16,
    units: u32,
    kind: String,
    first: String,
    last: String,
    issued: String,
    issuer: u16,
}

fn main() {
    let seed = [1; 32];
    let key = SigningKey::from_bytes(&seed);
    let public = VerifyingKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    let claims = Claims {
        product: 7,
        license: 1042,
        revision: 1,
        units: 250,
        kind: "full".to_owned(),
        first: "2026-12-01".to_owned(),
        last: "2027-11-30".to_owned(),
        issued: "2026-11-22".to_owned(),
        issuer: 1,
    };
    println!(
        "{:24} {:>10} {:>8} {:>10} {:>8} {:>10}",
        "medians, us", "issue", "x sign", "verify", "x strict", "characters"
    );
    code(&key, &public, &claims);
    jwt(&key, &public, &claims);
    paseto(&key, &public, &claims);
    biscuits(&seed, &public, &key, &claims);
}

fn code(key: &SigningKey, public: &VerifyingKey, claims: &Claims) {
    let day = |text: &str| text.parse().unwrap();
    let issue = || {
        let terms = Terms {
            product: ProductId::new(claims.product).unwrap(),
            license: LicenseNumber::new(claims.license).unwrap(),
            units: Units::new(claims.units).unwrap(),
            period: MaintenancePeriod::new(day(&claims.first), day(&claims.last)).unwrap(),
            issued: day(&claims.issued),
            issuer: IssuerNumber::new(claims.issuer).unwrap(),
            revision: Revision::new(claims.revision).unwrap(),
            kind: Kind::ALL.into_iter().find(|kind| kind.name() == claims.kind).unwrap(),
            test: false,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        let payload = terms.to_payload().unwrap();
        let signature = key.sign(&signed_message(&payload)).to_bytes();
        ActivationCode::from_parts(&payload, &signature).unwrap().letters().join("\n")
    };
    let number = IssuerNumber::new(claims.issuer).unwrap();
    let pinned = PinnedIssuer { number, key: PublicKey::from_bytes(&public.to_bytes()).unwrap() };
    // The key is published with this project: production refuses it.
    let trust = Trust::pinned(Purpose::Testing, [pinned]).unwrap();
    let text = issue();
    let verify = || {
        let license = trust.verify(ActivationCode::read(black_box(&text)).unwrap()).unwrap();
        assert_eq!(license.terms().units.get(), claims.units);
    };
    row("Countersign, rows", &issue, &verify, (key, public), text.len());
}

fn jwt(key: &SigningKey, public: &VerifyingKey, claims: &Claims) {
    let signing = EncodingKey::from_ed_pem(key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
    let verifying = DecodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    // A license does not end with its maintenance, and has no audience.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let issue = || jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), black_box(claims), &signing).unwrap();
    let text = issue();
    let verify = || {
        let proven = jsonwebtoken::decode::<Claims>(black_box(&text), &verifying, &validation).unwrap();
        assert_eq!(proven.claims, *claims);
    };
    row("jsonwebtoken, EdDSA", &issue, &verify, (key, public), text.len());
}

fn paseto(key: &SigningKey, public: &VerifyingKey, claims: &Claims) {
    let secret = AsymmetricSecretKey::<V4>::from(&key.to_keypair_bytes()).unwrap();
    let verifying = AsymmetricPublicKey::<V4>::from(public.as_bytes()).unwrap();
    let issue = || {
        let message = serde_json::to_vec(black_box(claims)).unwrap();
        PublicToken::sign(&secret, &message, None, None).unwrap()
    };
    let text = issue();
    let verify = || {
        let token = UntrustedToken::try_from(black_box(text.as_str())).unwrap();
        let proven = PublicToken::verify(&verifying, &token, None, None).unwrap();
        let proven: Claims = serde_json::from_str(proven.payload()).unwrap();
        assert_eq!(proven, *claims);
    };
    row("pasetors, v4.public", &issue, &verify, (key, public), text.len());
}

fn biscuits(seed: &[u8; 32], public: &VerifyingKey, key: &SigningKey, claims: &Claims) {
    let root = PrivateKey::from_bytes(seed, biscuit_auth::Algorithm::Ed25519).unwrap();
    let root = KeyPair::from(&root);
    let issue = || {
        let Claims { kind, first, last, issued, .. } = claims;
        let (product, license, revision) =
            (i64::from(claims.product), i64::from(claims.license), i64::from(claims.revision));
        let (units, issuer) = (i64::from(claims.units), i64::from(claims.issuer));
        let token = biscuit!(
            "license({product}, {license}, {revision}, {units}, {kind}, {first}, {last}, {issued}, {issuer})",
            kind = kind.clone(),
            first = first.clone(),
            last = last.clone(),
            issued = issued.clone(),
        );
        token.build(&root).unwrap().to_base64().unwrap()
    };
    let text = issue();
    let verify = || {
        let token = Biscuit::from_base64(black_box(&text), root.public()).unwrap();
        let mut authorizer = authorizer!("allow if true").build(&token).unwrap();
        let proven: Vec<(i64, i64)> =
            authorizer.query("data($l, $u) <- license($p, $l, $r, $u, $k, $f, $e, $i, $n)").unwrap();
        assert_eq!(proven, [(i64::from(claims.license), i64::from(claims.units))]);
    };
    row("biscuit-auth", &issue, &verify, (key, public), text.len());
}

fn row<T>(
    name: &str,
    issue: &impl Fn() -> T,
    verify: &impl Fn(),
    (key, public): (&SigningKey, &VerifyingKey),
    characters: usize,
) {
    let message = [7; 64];
    let signature = Signature::from_bytes(&key.sign(&message).to_bytes());
    let (issued, sign) = pair(issue, || key.sign(black_box(&message)));
    let (verified, strict) = pair(verify, || public.verify_strict(black_box(&message), &signature).unwrap());
    println!(
        "{name:24} {issued:>10.1} {:>8.2} {verified:>10.1} {:>8.2} {characters:>10}",
        issued / sign,
        verified / strict
    );
    figure(&format!("{name}, the same claims: issue"), "sign", (sign, issued, "µs"), &Wanted::Nothing);
    figure(&format!("{name}, the same claims: verify"), "verify_strict", (strict, verified, "µs"), &Wanted::Nothing);
}

/// The medians of both, in turns.
fn pair<A, B>(mut ours: impl FnMut() -> A, mut raw: impl FnMut() -> B) -> (f64, f64) {
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
    (ours, raw)
}
