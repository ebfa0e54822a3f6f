//! Trust bundles: what they say holds, whoever brings them, and nothing else does.

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

/// Roots have seeds from 100 on, issuers the published ones.
fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(&key(seed).verifying_key().to_bytes()).unwrap()
}

fn roots(threshold: u8, seeds: &[u8]) -> Roots {
    Roots::new(threshold, seeds.iter().map(|&seed| public(seed))).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn id(product: u16) -> ProductId {
    ProductId::new(product).unwrap()
}

fn issuer(number: u16, seed: u8) -> BundleIssuer {
    let number = IssuerNumber::new(number).unwrap();
    BundleIssuer { number, key: public(seed), void: false, limits: IssuerLimits::default() }
}

fn bundle(number: u32, roots: Roots) -> Bundle {
    let product = |product: u16, mnemonic: &str, members: Option<Members>| BundleProduct {
        id: id(product),
        mnemonic: mnemonic.into(),
        unit: "endpoints".into(),
        kind: if members.is_some() { "suite" } else { "software" }.into(),
        rank: product,
        members,
        end_of_life: Some(day("2040-01-01")),
        use_ends: true,
        family: Some("All of them".into()),
        name: "Näme with spaces".into(),
    };
    Bundle {
        vendor: "Example Security".into(),
        number,
        issued: day("2026-11-22"),
        test: false,
        contact: vec!["licenses@example.com".into(), "+49 30 1234".into()],
        roots,
        issuers: vec![issuer(1, 1), issuer(2, 2)],
        listed: vec![],
        revoked: vec![],
        products: vec![
            product(7, "ES", None),
            product(8, "MAIL", None),
            product(9, "ALL", Members::new([id(7), id(8)])),
        ],
    }
}

/// A note over a text, signed by these roots.
fn note(text: &str, seeds: &[u8]) -> String {
    let lines = seeds.iter().map(|&seed| signature_line(&public(seed), &key(seed).sign(text.as_bytes()).to_bytes()));
    format!("{text}\n{}", lines.collect::<String>())
}

fn signed(bundle: &Bundle, seeds: &[u8]) -> String {
    note(&bundle.to_string(), seeds)
}

fn terms() -> Terms {
    Terms {
        product: id(7),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new(day("2026-12-01"), day("2027-11-30")).unwrap(),
        issued: day("2026-11-22"),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::new(3).unwrap(),
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: Some(Features(0x0011)),
        holder: None,
    }
}

fn code(terms: &Terms) -> ActivationCode {
    let payload = terms.to_payload().unwrap();
    let seed = terms.issuer.get() as u8;
    ActivationCode::from_parts(&payload, &key(seed).sign(&signed_message(&payload)).to_bytes()).unwrap()
}

#[test]
fn a_bundle_is_read_as_it_was_written() {
    let trusted = roots(2, &[100, 101, 102]);
    let mut written = bundle(3, trusted.clone());
    written.issuers[0].limits = IssuerLimits {
        products: vec![id(7), id(8)],
        kinds: vec![Kind::Full, Kind::Evaluation],
        units: Units::new(500),
        grace: Some(30),
        features: Some(Features(0x0fff)),
        licenses: LicenseNumber::new(1).zip(LicenseNumber::new(9999)),
        days: Some(400),
        until: Some(day("2030-12-31")),
        from: Some(day("2026-01-01")),
        to: Some(day("2027-12-31")),
    };
    written.issuers[1].void = true;
    written.listed = vec![(IssuerNumber::new(2).unwrap(), [0; 16]), (IssuerNumber::new(2).unwrap(), [0xAB; 16])];
    written.revoked = vec![(LicenseNumber::new(5).unwrap(), None), (LicenseNumber::new(6).unwrap(), Revision::new(2))];
    assert_eq!(Bundle::read(&signed(&written, &[100, 102]), &trusted).unwrap(), written);
    written.test = true;
    assert_eq!(Bundle::read(&signed(&written, &[102, 101]), &trusted).unwrap(), written);
    let refused = Trust::of_bundle(Purpose::Production, written.clone()).unwrap_err();
    assert_eq!(refused, TrustFault::TestBundle { number: 3 });
    assert!(Trust::of_bundle(Purpose::Testing, written).is_ok());
}

#[test]
fn signatures_count_by_distinct_trusted_keys() {
    let trusted = roots(2, &[100, 101, 102]);
    let text = bundle(3, trusted.clone()).to_string();
    let below = Err(BundleFault::BelowThreshold { threshold: 2 });
    let line = |text: &str| 1 + text.lines().count();
    assert!(Bundle::read(&note(&text, &[100, 101, 102]), &trusted).is_ok());
    assert!(
        Bundle::read(&note(&text, &[100, 101, 77]), &trusted).is_ok(),
        "somebody else's signature counts for nothing"
    );
    assert_eq!(Bundle::read(&note(&text, &[100]), &trusted), below);
    assert_eq!(Bundle::read(&note(&text, &[100, 77]), &trusted), below);
    let twice = Err(BundleFault::Note(NoteFault::Twice { line: line(&text) + 2 }));
    assert_eq!(Bundle::read(&note(&text, &[100, 100]), &trusted), twice);
    let other = note(&bundle(4, trusted.clone()).to_string(), &[101]);
    let moved = format!("{}{}", note(&text, &[100]), other.lines().last().unwrap()) + "\n";
    let wrong = Err(BundleFault::Note(NoteFault::Wrong { line: line(&text) + 2 }));
    assert_eq!(Bundle::read(&moved, &trusted), wrong);
    assert_eq!(Bundle::read("", &trusted), Err(BundleFault::Empty));
    assert_eq!(Bundle::read(&text, &trusted), Err(BundleFault::Note(NoteFault::NoSignatures { line: 1 })));
    assert!(Roots::new(1, [public(100), public(100)]).is_none());
    assert!(Roots::new(0, [public(100)]).is_none());
    assert!(Roots::new(2, [public(100)]).is_none());
}

#[test]
fn roots_change_by_the_old_and_the_new_threshold() {
    let (old, new, newest) = (roots(2, &[100, 101, 102]), roots(2, &[110, 111]), roots(1, &[120]));
    let change = bundle(5, new.clone());
    let both = [100, 102, 110, 111];
    assert_eq!(Bundle::read(&signed(&change, &both), &old).unwrap(), change);
    assert_eq!(Bundle::read(&signed(&change, &both), &new).unwrap(), change);
    let only_old = Bundle::read(&signed(&change, &[100, 101]), &old);
    assert_eq!(only_old, Err(BundleFault::NewRootsBelowThreshold { number: 5 }));
    let only_new = Bundle::read(&signed(&change, &[110, 111]), &old);
    assert_eq!(only_new, Err(BundleFault::BelowThreshold { threshold: 2 }));
    // A host that slept through two changes follows; one that did not passes over what is older.
    let second = bundle(6, newest.clone());
    let last = bundle(9, newest.clone());
    let notes = [signed(&change, &both), signed(&second, &[110, 111, 120]), signed(&last, &[120])];
    for trusted in [&old, &new, &newest] {
        assert_eq!(Bundle::read(&notes.concat(), trusted).unwrap(), last);
    }
    let skipped = [notes[0].clone(), notes[2].clone()].concat();
    assert_eq!(Bundle::read(&skipped, &old), Err(BundleFault::BelowThreshold { threshold: 2 }));
    let back = [signed(&last, &[120]), signed(&bundle(8, newest.clone()), &[120])].concat();
    assert_eq!(Bundle::read(&back, &newest), Err(BundleFault::Order { number: 8 }));
    let foreign = Bundle { vendor: "Other".into(), ..bundle(10, newest.clone()) };
    let foreign = [signed(&last, &[120]), signed(&foreign, &[120])].concat();
    assert_eq!(Bundle::read(&foreign, &newest), Err(BundleFault::OtherVendor { number: 10 }));
}

#[test]
fn a_file_longer_than_any_bundle_is_not_read() {
    let trusted = roots(1, &[100]);
    let text = signed(&bundle(1, trusted.clone()), &[100]);
    let longest = text.clone() + &"\n".repeat(MAX_BUNDLE - text.len());
    let sentence = "a trust bundle has at most 8388608 bytes";
    assert_eq!(Bundle::text_of(longest.as_bytes()), Ok(longest.as_str()));
    let longer = longest + "\n";
    assert_eq!(Bundle::text_of(longer.as_bytes()), Err(BundleFault::TooLong));
    assert_eq!(Bundle::parse_unverified(&longer), Err(BundleFault::TooLong));
    let fault = Bundle::read(&longer, &trusted).unwrap_err();
    assert_eq!((fault, fault.to_string().as_str()), (BundleFault::TooLong, sentence));
}

#[test]
fn bytes_that_are_no_text_are_shown_by_their_line() {
    let fault = Bundle::text_of(b"countersign/trust-bundle/1\nvendor \xE9\n").unwrap_err();
    assert_eq!(fault, BundleFault::NotText { line: 2 });
    assert_eq!(fault.to_string(), "line 2: bytes that are no text in UTF-8");
}

#[test]
fn so_many_notes_are_followed_and_not_one_more() {
    let trusted = roots(1, &[100]);
    let file =
        |notes: u32| (1..=notes).map(|number| signed(&bundle(number, trusted.clone()), &[100])).collect::<String>();
    assert_eq!(Bundle::read(&file(64), &trusted).unwrap().number, 64);
    let fault = Bundle::read(&file(65), &trusted).unwrap_err();
    assert_eq!(fault, BundleFault::TooManyNotes);
    assert_eq!(fault.to_string(), "a trust bundle has at most 64 notes");
}

#[test]
fn so_many_signatures_are_looked_at_and_not_one_more() {
    let trusted = roots(1, &[100]);
    let text = bundle(1, trusted.clone()).to_string();
    let first = text.lines().count() + 2;
    let others: Vec<u8> = (1..32).collect();
    assert!(Bundle::read(&note(&text, &[&others[..], &[100]].concat()), &trusted).is_ok());
    let file = note(&text, &[&others[..], &[32, 100]].concat());
    let fault = Bundle::read(&file, &trusted).unwrap_err();
    assert_eq!(fault, BundleFault::Note(NoteFault::TooMany { line: first + 32 }));
    assert_eq!(fault.to_string(), format!("line {}: more than 32 signatures", first + 32));
    assert_eq!(note_signers(&file, trusted.keys()), Err(NoteFault::TooMany { line: first + 32 }));
}

#[test]
fn a_line_that_is_no_signature_is_shown_by_its_number() {
    let trusted = roots(1, &[100]);
    let text = bundle(1, trusted.clone()).to_string();
    let line = text.lines().count() + 2;
    let signature = note(&text, &[100])[text.len() + 1..].to_owned();
    let base64 = signature.trim_end().rsplit(' ').next().unwrap();
    for wrong in [
        "\u{2014} countersign-root\n".to_owned(),
        format!("\u{2014}  {base64}\n"),
        format!("\u{2014} a+b {base64}\n"),
        format!("\u{2014} a\tb {base64}\n"),
        format!("\u{2014} countersign-root {base64}\r\n"),
        format!("\u{2014} countersign-root {}\n", &base64[..88]),
        format!("\u{2014} countersign-root {base64}AAAA\n"),
        "\u{2014} countersign-root AA==\n".to_owned(),
    ] {
        let fault = Bundle::read(&format!("{text}\n{wrong}"), &trusted).unwrap_err();
        assert_eq!(fault, BundleFault::Note(NoteFault::Signature { line }), "{wrong:?}");
        let second = note_signers(&format!("{text}\n{signature}{wrong}"), trusted.keys());
        assert_eq!(second, Err(NoteFault::Signature { line: line + 1 }), "{wrong:?}");
    }
    let sentence = format!("line {line}: wanted a signature, as in: \u{2014} countersign-root BASE64");
    assert_eq!(NoteFault::Signature { line }.to_string(), sentence);
}

#[test]
fn signatures_are_collected_over_one_note() {
    let keys = [public(100), public(101)];
    let text = bundle(1, roots(2, &[100, 101])).to_string();
    assert_eq!(note_signers(&note(&text, &[101]), &keys), Ok(vec![public(101)]));
    let two = note(&text, &[100]) + &note(&text, &[101]);
    for (file, fault, sentence) in [
        (two, NoteFault::NoSignatures { line: 1 }, "line 1: wanted an empty line and signatures after this text"),
        (
            String::new(),
            NoteFault::NoSignatures { line: 1 },
            "line 1: wanted an empty line and signatures after this text",
        ),
        (note(&text, &[100, 100]), NoteFault::Twice { line: 17 }, "line 17: this key has signed before"),
        (
            note(&text, &[100]).replacen("number 1", "number 2", 1),
            NoteFault::Wrong { line: 16 },
            "line 16: the signature does not belong to this text",
        ),
    ] {
        assert_eq!(note_signers(&file, &keys), Err(fault));
        assert_eq!(fault.to_string(), sentence);
        assert_eq!(BundleFault::Note(fault).to_string(), sentence);
    }
}

#[test]
fn what_is_wrong_with_a_bundle_as_a_whole_is_said() {
    let (one, two) = (roots(1, &[100]), roots(2, &[100, 101]));
    let first = signed(&bundle(2, one.clone()), &[100]);
    let foreign = Bundle { vendor: "Other".into(), ..bundle(3, one.clone()) };
    for (file, trusted, fault, sentence) in [
        (String::new(), &one, BundleFault::Empty, "the file is empty"),
        (
            signed(&bundle(2, two.clone()), &[100]),
            &two,
            BundleFault::BelowThreshold { threshold: 2 },
            "the bundle is not signed by 2 of the roots that are trusted",
        ),
        (
            signed(&bundle(2, two.clone()), &[100]),
            &one,
            BundleFault::NewRootsBelowThreshold { number: 2 },
            "bundle 2 is not signed by enough of the roots that it brings",
        ),
        (
            first.repeat(2),
            &one,
            BundleFault::Order { number: 2 },
            "bundle 2 stands after one with the same or a higher number",
        ),
        (
            first + &signed(&foreign, &[100]),
            &one,
            BundleFault::OtherVendor { number: 3 },
            "bundle 3 is another vendor's than the one before",
        ),
    ] {
        assert_eq!(Bundle::read(&file, trusted), Err(fault));
        assert_eq!(fault.to_string(), sentence);
    }
}

/// A bundle, its lines numbered from 1: 9 and 10 are issuers, 11 to 13 products.
#[test]
fn each_line_of_a_bundle_says_what_was_wanted_there() {
    let whole = bundle(1, roots(1, &[100])).to_string();
    assert!(Bundle::parse_unverified(&whole).is_ok());
    let key = public(1);
    let limited = |limits: &str| (format!("issuer 1 {key}"), format!("issuer 1 {key} {limits}"));
    let products = "product ID MNEMONIC UNIT KIND and more, name=NAME last";
    let before = |line: &str| ("product 7".to_owned(), format!("{line}\nproduct 7"));
    let plain = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let long = format!("vendor {}\n", "A".repeat(1001));
    for ((from, to), line, wanted) in [
        (plain("bundle/1", "bundle/2"), 1, "countersign/trust-bundle/1"),
        (plain("vendor", "seller"), 2, "vendor NAME"),
        (plain("vendor Example Security\n", &long), 2, "vendor NAME"),
        (plain("Example Security", " Example"), 2, "vendor NAME"),
        (plain("Example Security", "Ex\u{202E}ample"), 2, "vendor NAME"),
        (plain("number", "no"), 3, "number N"),
        (plain("number 1", "number x"), 3, "number N"),
        (plain("number 1", "number 0"), 3, "number N, from 1"),
        (plain("issued", "made"), 4, "issued DAY"),
        (plain("2026-11-22", "2026-02-30"), 4, "issued DAY"),
        (plain("contact licenses", "contact  licenses"), 5, "contact TEXT"),
        (plain("threshold", "most"), 7, "threshold M"),
        (plain("threshold 1", "threshold 256"), 7, "threshold M"),
        (plain("threshold 1", "threshold 2"), 8, "1 to 16 different roots, and a threshold of at most so many"),
        (plain("root ", "root 0"), 8, "root KEY, a public key in 64 hex digits"),
        (plain("issuer 2", "issuer 1"), 10, "entries ascending, none twice"),
        (plain("issuer 2", "issuer 0"), 10, "issuer N KEY and its limits"),
        (plain("issuer 1 ", "issuer 1 0"), 9, "a public key in 64 hex digits"),
        (limited("units"), 9, "NAME=VALUE for each limit"),
        (limited("products=8,7"), 9, "numbers of products, ascending"),
        (limited("products=0"), 9, "numbers of products, ascending"),
        (limited("kinds=paid"), 9, "kinds of full, evaluation, service"),
        (limited("kinds=evaluation,full"), 9, "kinds in the order full, evaluation, service"),
        (limited("units=0"), 9, "units=N"),
        (limited("grace=256"), 9, "grace=N, 0 to 255"),
        (limited("features=x"), 9, "features=HEX4"),
        (limited("licenses=5"), 9, "licenses=FIRST-LAST"),
        (limited("licenses=x-5"), 9, "licenses=FIRST-LAST"),
        (limited("licenses=5-4"), 9, "licenses=FIRST-LAST"),
        (limited("days=-1"), 9, "days=N"),
        (limited("until=never"), 9, "until=DAY"),
        (limited("from=never"), 9, "from=DAY"),
        (limited("to=never"), 9, "to=DAY"),
        (limited("region=EU"), 9, "a limit that this release knows"),
        (before("listed 1"), 11, "listed N and 32 hex digits"),
        (before(&format!("listed 1 {}", "0".repeat(31))), 11, "listed N and 32 hex digits"),
        (before(&format!("listed x {}", "0".repeat(32))), 11, "listed N and 32 hex digits"),
        (before(&format!("listed 1 {}", "0".repeat(32))), 11, "codes of void issuers only"),
        (before("revoked 5"), 11, "revoked LICENSE REVISION, or revoked LICENSE all"),
        (before("revoked 5 some"), 11, "revoked LICENSE REVISION, or revoked LICENSE all"),
        (before("revoked x all"), 11, "revoked LICENSE REVISION, or revoked LICENSE all"),
        (plain("product 8", "product 7"), 12, "entries ascending, none twice"),
        (plain("product 7 ES", "product seven ES"), 11, products),
        (before("product"), 11, "a line of a bundle, in its place"),
        (before("product 1"), 11, products),
        (before("product 1 A"), 11, products),
        (before("product 1 A seats software"), 11, products),
        (plain("7 ES", "7 es"), 11, products),
        (plain("endpoints", "Endpoints"), 11, products),
        (plain("software", "hardware"), 11, products),
        (plain("rank=7", "rank=x"), 11, products),
        (plain("rank=7", "place=7"), 11, products),
        (plain("rank=9 members=7,8", "rank=9 members=8,7"), 13, "numbers of products, ascending"),
        (plain("end-of-life=2040-01-01", "end-of-life=never"), 11, products),
        (plain("family=11:", "family=11"), 11, products),
        (plain("family=11:", "family=x:"), 11, products),
        (plain("family=11:", "family=10:"), 11, products),
        (plain("family=11:", "family=999:"), 11, products),
        (plain("name=N\u{e4}me", "name= N\u{e4}me"), 11, products),
        (before("region EU"), 11, "a line of a bundle, in its place"),
    ] {
        let text = whole.replacen(&from, &to, 1);
        assert_ne!(text, whole, "{from:?}");
        let fault = Bundle::parse_unverified(&text).unwrap_err();
        assert_eq!(fault, BundleFault::Line { line, wanted }, "{to:?}");
        assert_eq!(fault.to_string(), format!("line {line}: wanted {wanted}"));
    }
}

#[test]
fn a_line_with_another_spelling_is_shown_by_its_number() {
    let whole = bundle(1, roots(1, &[100])).to_string();
    for (from, to, line) in [
        ("number 1", "number 01", 3),
        ("number 1", "number +1", 3),
        ("rank=7 end-of-life=2040-01-01", "end-of-life=2040-01-01 rank=7", 11),
        ("rank=8", "rank=8 rank=8", 12),
        ("rank=9", "rank=09", 13),
    ] {
        let text = whole.replacen(from, to, 1);
        let fault = Bundle::parse_unverified(&text).unwrap_err();
        assert_eq!(fault, BundleFault::NotCanonical { line }, "{to:?}");
        let sentence = format!("line {line}: not spelled or not in the place as in a trust bundle");
        assert_eq!(fault.to_string(), sentence);
        // Lines are counted from the beginning of the file, whatever note they stand in.
        let trusted = roots(1, &[100]);
        let file = signed(&bundle(1, trusted.clone()), &[100]);
        let before = file.lines().count();
        let second = Bundle::read(&(file + &note(&text, &[100])), &trusted);
        assert_eq!(second, Err(BundleFault::NotCanonical { line: before + line }));
    }
}

#[test]
fn limits_are_read_as_they_are_written_and_a_wrong_one_says_what_was_wanted() {
    let text = "kinds=full,service units=500 licenses=1-9999 until=2030-12-31";
    let limits: IssuerLimits = text.parse().unwrap();
    assert_eq!(limits.to_string().trim_start(), text);
    let fault = "units=none".parse::<IssuerLimits>().unwrap_err();
    assert_eq!(fault, LimitFault { wanted: "units=N" });
    assert_eq!(fault.to_string(), "wanted units=N");
}

#[test]
fn each_limit_holds_by_one() {
    let day_before = |text: &str| day(text).plus(-1).unwrap();
    let at = |change: &dyn Fn(&mut IssuerLimits)| {
        let mut bundle = bundle(1, roots(1, &[100]));
        change(&mut bundle.issuers[0].limits);
        Trust::of_bundle(Purpose::Production, bundle).unwrap()
    };
    let number = |n: u32| LicenseNumber::new(n).unwrap();
    type Change = Box<dyn Fn(&mut IssuerLimits)>;
    let cases: Vec<(Change, Change, Limit)> = vec![
        (Box::new(|l| l.products = vec![id(7)]), Box::new(|l| l.products = vec![id(8)]), Limit::Product(id(7))),
        (Box::new(|l| l.kinds = vec![Kind::Full]), Box::new(|l| l.kinds = vec![Kind::Evaluation]), Limit::Kind),
        (Box::new(|l| l.units = Units::new(250)), Box::new(|l| l.units = Units::new(249)), Limit::Units),
        (Box::new(|l| l.grace = Some(30)), Box::new(|l| l.grace = Some(29)), Limit::Grace),
        (
            Box::new(|l| l.features = Some(Features(0x11))),
            Box::new(|l| l.features = Some(Features(1))),
            Limit::Features,
        ),
        (
            Box::new(move |l| l.licenses = Some((number(1042), number(1042)))),
            Box::new(move |l| l.licenses = Some((number(1043), number(2000)))),
            Limit::License,
        ),
        (Box::new(|l| l.days = Some(373)), Box::new(|l| l.days = Some(372)), Limit::Days),
        (
            Box::new(|l| l.until = Some(day("2027-11-30"))),
            Box::new(move |l| l.until = Some(day_before("2027-11-30"))),
            Limit::Until,
        ),
        (Box::new(|l| l.from = Some(day("2026-11-22"))), Box::new(|l| l.from = Some(day("2026-11-23"))), Limit::From),
        (Box::new(|l| l.to = Some(day("2026-11-22"))), Box::new(|l| l.to = Some(day("2026-11-21"))), Limit::To),
    ];
    for (within, above, limit) in cases {
        assert!(at(&*within).verify(code(&terms())).is_ok(), "{limit:?}");
        let refusal = at(&*above).verify(code(&terms())).unwrap_err();
        assert_eq!(refusal, Refusal::LimitExceeded { number: IssuerNumber::new(1).unwrap(), limit });
        assert_eq!(refusal.reason(), Reason::LimitExceeded);
    }
}

#[test]
fn every_member_of_a_suite_is_within_the_limits() {
    let trust = |products: Vec<ProductId>| {
        let mut bundle = bundle(1, roots(1, &[100]));
        bundle.issuers[0].limits.products = products;
        Trust::of_bundle(Purpose::Production, bundle).unwrap()
    };
    let exceeded =
        |product| Refusal::LimitExceeded { number: IssuerNumber::new(1).unwrap(), limit: Limit::Product(product) };
    let named = Terms { product: id(9), members: Members::new([id(7), id(11)]), ..terms() };
    assert_eq!(trust(vec![id(7), id(8), id(9)]).verify(code(&named)).unwrap_err(), exceeded(id(11)));
    assert!(trust(vec![id(7), id(9), id(11)]).verify(code(&named)).is_ok());
    // Where the code names none, the bundle's members count.
    let unnamed = Terms { product: id(9), ..terms() };
    assert_eq!(trust(vec![id(7), id(9)]).verify(code(&unnamed)).unwrap_err(), exceeded(id(8)));
    assert!(trust(vec![id(7), id(8), id(9)]).verify(code(&unnamed)).is_ok());
}

#[test]
fn what_is_revoked_or_of_a_stolen_key_is_refused_and_nothing_else() {
    let good = code(&terms());
    let mut stolen = bundle(2, roots(1, &[100]));
    stolen.issuers[0].void = true;
    let trust = |bundle: &Bundle| Trust::of_bundle(Purpose::Production, bundle.clone()).unwrap();
    let void = Refusal::IssuerVoid { number: IssuerNumber::new(1).unwrap() };
    assert_eq!(trust(&stolen).verify(good.clone()).unwrap_err(), void);
    stolen.listed = vec![(IssuerNumber::new(1).unwrap(), code_digest(good.as_bytes()))];
    assert!(trust(&stolen).verify(good.clone()).is_ok());
    let dated_back = Terms { issued: day("2026-11-21"), ..terms() };
    assert_eq!(trust(&stolen).verify(code(&dated_back)).unwrap_err(), void);
    assert!(trust(&stolen).verify(code(&Terms { issuer: IssuerNumber::new(2).unwrap(), ..terms() })).is_ok());

    let license = terms().license;
    for (good_from, accepted) in [(None, false), (Revision::new(4), false), (Revision::new(3), true)] {
        let mut bundle = bundle(2, roots(1, &[100]));
        bundle.revoked = vec![
            (LicenseNumber::new(1041).unwrap(), None),
            (license, good_from),
            (LicenseNumber::new(1043).unwrap(), None),
        ];
        let verified = trust(&bundle).verify(good.clone());
        assert_eq!(verified.is_ok(), accepted, "{good_from:?}");
        if let Err(refusal) = verified {
            assert_eq!(refusal, Refusal::Revoked { license, good_from });
        }
    }
}

#[test]
fn a_fingerprint_is_what_the_documentation_says() {
    // printf '1\n%s' KEY | sha256sum
    let printed = roots(1, &[1]).fingerprint();
    assert_eq!(printed.len(), 23);
    assert_ne!(printed, roots(1, &[2]).fingerprint());
    assert_ne!(roots(1, &[1, 2]).fingerprint(), roots(2, &[1, 2]).fingerprint());
    assert_eq!(roots(1, &[1, 2]).fingerprint(), roots(1, &[2, 1]).fingerprint());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_parser_and_each_bundle_has_one_spelling(text in "\\PC{0,200}", at in 0usize..2000, byte in 0u8..128) {
        let _ = Bundle::parse_unverified(&text);
        let whole = bundle(1, roots(1, &[100])).to_string();
        let mut bytes = whole.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(changed) = String::from_utf8(bytes)
            && let Ok(parsed) = Bundle::parse_unverified(&changed)
        {
            prop_assert_eq!(parsed.to_string(), changed);
        }
        let cut = whole.get(..at).unwrap_or_default();
        let same = Bundle::parse_unverified(cut).map(|parsed| parsed.to_string());
        prop_assert!(same.is_err() || same.as_deref() == Ok(cut));
    }
}
