//! What a history is made of: codes and bundles, signed once.

use super::sold::{self, issuing_key, public, root_key, terms};
use activation_code::{
    ActivationCode, Bundle, BundleIssuer, BundleProduct, CodeDigest, Day, HostId, IssuerLimits, IssuerNumber, Kind,
    MaintenancePeriod, Members, ProductId, Terms, code_digest, signature_line, signed_message,
};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;

/// The host that is played.
pub const HERE: HostId = HostId(0x0000_0001);
/// Another one.
pub const THERE: HostId = HostId(0x0000_0002);
/// The licenses that have a life of their own in the pool.
pub const LICENSES: [u32; 3] = [1, 2, 3];
/// Revisions of each.
pub const REVISIONS: u16 = 5;
/// Ways in which each revision was sold.
pub const VARIANTS: usize = 20;

/// A code, and who really signed it.
pub struct Code {
    pub terms: Terms,
    pub text: String,
    pub digest: CodeDigest,
    /// The issuer whose key it was signed with.
    pub signer: u16,
}

/// A bundle's file.
pub struct BundleFile {
    pub bundle: Bundle,
    pub text: String,
    /// Whether the roots signed it.
    pub signed: bool,
}

/// Everything that can be typed or loaded.
pub struct Pool {
    pub codes: Vec<Code>,
    pub by_digest: BTreeMap<CodeDigest, usize>,
    pub bundles: Vec<BundleFile>,
}

/// A day by its number, days since 2020-01-01.
pub fn day(number: i32) -> Day {
    Day::from_days_since_2020(number).unwrap()
}

/// The number of a day.
pub fn number(day: Day) -> i32 {
    day.days_since_2020()
}

/// The key that stands under an issuer's number.
pub fn key(issuer: u16) -> SigningKey {
    if issuer == 1 { issuing_key() } else { SigningKey::from_bytes(&[100 + issuer as u8; 32]) }
}

pub fn issuer(number: u16) -> IssuerNumber {
    IssuerNumber::new(number).unwrap()
}

pub fn product(id: u16) -> ProductId {
    ProductId::new(id).unwrap()
}

fn period(first: i32, last: i32) -> MaintenancePeriod {
    MaintenancePeriod::new(day(first), day(last)).unwrap()
}

impl Pool {
    pub fn new() -> Self {
        let mut codes = Vec::new();
        for license in LICENSES {
            for revision in 1..=REVISIONS {
                for variant in 0..VARIANTS {
                    codes.push(sign(variant_of(license, revision, variant), 1));
                }
            }
        }
        codes.extend(specials());
        let by_digest = codes.iter().enumerate().map(|(i, code)| (code.digest, i)).collect();
        let bundles = bundles(&codes);
        Self { codes, by_digest, bundles }
    }
}

fn sign(terms: Terms, signer: u16) -> Code {
    // Variants say who should have signed; only a special code has another key.
    let signer = if signer == 1 { terms.issuer.get() } else { signer };
    let payload = terms.to_payload().unwrap();
    let signature = key(signer).sign(&signed_message(&payload)).to_bytes();
    let code = ActivationCode::from_parts(&payload, &signature).unwrap();
    Code { digest: code_digest(code.as_bytes()), text: code.letters().join("\n"), terms, signer }
}

/// One revision of a license as it may have been sold. Variant 0 of successive revisions is a license that is renewed
/// on time each year.
fn variant_of(license: u32, revision: u16, variant: usize) -> Terms {
    let base = number(sold::day(["2027-01-01", "2027-07-01", "2028-02-29"][license as usize - 1]));
    let first = base + (i32::from(revision) - 1) * 365;
    let last = first + 364;
    let plain = Terms {
        license: license.to_string().parse().unwrap(),
        revision: revision.to_string().parse().unwrap(),
        period: period(first, last),
        issued: day(first - 40),
        ..terms()
    };
    let units = |units: u32| units.to_string().parse().unwrap();
    let shift = |by: i32| period(first + by, last + by);
    match variant {
        0 => plain,
        // Downsized.
        1 => Terms { units: units(100), issued: day(first - 5), ..plain },
        // Units added, or reissued, from the start of the period before.
        2 => Terms { units: units(400), period: period(first - 365, last - 365), issued: day(first - 200), ..plain },
        // To another edition of the family, in the middle of the period.
        3 => Terms { product: product(8), issued: day(first + 100), ..plain },
        4 => Terms { kind: Kind::Evaluation, period: period(first, first + 29), issued: day(first), ..plain },
        // Late: the lapsed days in addition.
        5 => Terms { period: period(first, last + 45), issued: day(first + 45), ..plain },
        // A year and more in advance.
        6 => Terms { issued: day(first - 400), ..plain },
        7 => Terms { kind: Kind::Service, ..plain },
        // Not continuous: a day between.
        8 => Terms { period: shift(1), ..plain },
        // A conflict with variant 0: a desk restored from a backup.
        9 => Terms { units: units(300), issued: day(first - 30), ..plain },
        // And one on the same day.
        10 => Terms { units: units(301), ..plain },
        11 => Terms { host: Some(HERE), ..plain },
        12 => Terms { host: Some(THERE), ..plain },
        // A suite that names its members.
        13 => Terms { product: product(10), members: Members::new([product(7), product(8)]), ..plain },
        // A suite whose members a bundle names.
        14 => Terms { product: product(11), units: units(60), ..plain },
        // Dated years ahead by a desk with a wrong clock.
        15 => Terms { issued: day(first + 1200), ..plain },
        16 => Terms { issuer: issuer(2), ..plain },
        17 => Terms { grace: Some(5), ..plain },
        18 => Terms { kind: Kind::Evaluation, grace: Some(10), product: product(8), ..plain },
        _ => Terms { kind: Kind::Service, product: product(8), period: period(first, first), units: units(7), ..plain },
    }
}

/// Codes that are never good, or seldom.
fn specials() -> Vec<Code> {
    let plain = |license| variant_of(license, 2, 0);
    let wrong_key = sign(Terms { units: "9".parse().unwrap(), ..plain(1) }, 4);
    let rest = [
        Terms { issuer: issuer(3), ..plain(1) },
        Terms { test: true, ..plain(2) },
        Terms { product: product(9), license: "4".parse().unwrap(), ..plain(1) },
        Terms { license: "5".parse().unwrap(), units: "16777215".parse().unwrap(), ..plain(3) },
        Terms { license: "6".parse().unwrap(), period: period(0, 0), issued: day(0), ..plain(1) },
        Terms { license: "6".parse().unwrap(), period: period(14_000, 14_364), issued: day(14_000), ..plain(1) },
    ];
    rest.into_iter().map(|terms| sign(terms, 1)).chain([wrong_key]).collect()
}

fn catalogue() -> Vec<BundleProduct> {
    let product = |id: u16, rank, family: Option<&str>| BundleProduct {
        id: product(id),
        mnemonic: format!("P{id}"),
        unit: "seats".into(),
        kind: "software".into(),
        rank,
        members: None,
        end_of_life: None,
        use_ends: false,
        family: family.map(Into::into),
        name: format!("Product {id}"),
    };
    let suite = |id, members: &[u16]| BundleProduct {
        kind: "suite".into(),
        members: Members::new(members.iter().map(|&id| ProductId::new(id).unwrap())),
        ..product(id, 0, None)
    };
    vec![
        product(7, 1, Some("server")),
        product(8, 2, Some("server")),
        product(9, 0, None),
        suite(10, &[7, 9]),
        suite(11, &[7]),
    ]
}

/// Bundles of many minds: a desk's would never take back what they say, and an installation must not rely on it.
fn bundles(codes: &[Code]) -> Vec<BundleFile> {
    let known = |number: u16| BundleIssuer {
        number: issuer(number),
        key: public(&key(number)),
        void: false,
        limits: IssuerLimits::default(),
    };
    let plain = |number: u32| Bundle {
        vendor: "Acme".into(),
        number,
        issued: day(2400 + 90 * number as i32),
        test: false,
        contact: vec!["desk@acme.example".into()],
        roots: sold::roots(),
        issuers: vec![known(1), known(2)],
        listed: vec![],
        revoked: vec![],
        products: catalogue(),
    };
    let limited = |number, limits: IssuerLimits| Bundle {
        issuers: vec![BundleIssuer { limits, ..known(1) }, known(2)],
        ..plain(number)
    };
    let ending = |number, ends: &[(u16, i32)], use_ends| {
        let mut bundle = plain(number);
        for product in &mut bundle.products {
            let ends = ends.iter().find(|(id, _)| *id == product.id.get());
            product.end_of_life = ends.map(|&(_, last)| day(last));
            product.use_ends = use_ends && product.end_of_life.is_some();
        }
        bundle
    };
    let listed = |number, these: &[usize]| {
        let mut listed: Vec<_> = these.iter().map(|&at| (codes[at].terms.issuer, codes[at].digest)).collect();
        listed.sort_unstable();
        Bundle { issuers: vec![BundleIssuer { void: true, ..known(1) }, known(2)], listed, ..plain(number) }
    };
    let license = |number: u32| number.to_string().parse().unwrap();
    let revision = |number: u16| number.to_string().parse().unwrap();
    let no_limit = IssuerLimits::default;
    let made = [
        plain(1),
        Bundle { revoked: vec![(license(1), None)], ..plain(2) },
        Bundle { revoked: vec![(license(1), Some(revision(3))), (license(2), Some(revision(2)))], ..plain(3) },
        // The same number with other content.
        plain(3),
        limited(4, IssuerLimits { units: Some("250".parse().unwrap()), grace: Some(30), ..no_limit() }),
        listed(5, &[0, VARIANTS, VARIANTS * 6 + 1]),
        ending(6, &[(7, 3300)], false),
        ending(6, &[(7, 2900), (8, 3300)], true),
        limited(7, IssuerLimits { days: Some(600), kinds: vec![Kind::Full, Kind::Service], ..no_limit() }),
        limited(8, IssuerLimits { products: vec![product(7), product(8)], until: Some(day(3700)), ..no_limit() }),
        limited(9, IssuerLimits { from: Some(day(2500)), to: Some(day(3000)), ..no_limit() }),
        Bundle { issuers: vec![known(2)], ..plain(10) },
        Bundle { products: vec![], ..plain(11) },
        // Made on a wrong day, years ahead.
        Bundle { issued: day(5000), ..plain(12) },
        Bundle { test: true, ..plain(13) },
        Bundle { vendor: "Other".into(), ..plain(14) },
        Bundle { issuers: vec![known(1), known(2), known(3)], ..plain(15) },
        listed(16, &[]),
        plain(17),
        Bundle { revoked: LICENSES.map(|number| (license(number), None)).into(), ..plain(18) },
    ];
    let mut files: Vec<_> = made.into_iter().map(|bundle| bundle_file(bundle, true)).collect();
    files.push(bundle_file(plain(19), false));
    files
}

fn bundle_file(bundle: Bundle, signed: bool) -> BundleFile {
    let text = bundle.to_string();
    let key = if signed { root_key() } else { key(9) };
    let line = signature_line(&public(&key), &key.sign(text.as_bytes()).to_bytes());
    BundleFile { text: format!("{text}\n{}\n", line.trim_end()), bundle, signed }
}
