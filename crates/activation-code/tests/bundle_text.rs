//! The text of a trust bundle, line by line: what stands where, and which line is named when it does not.

use activation_code::*;
use ed25519_dalek::{Signer, SigningKey};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().as_bytes()).unwrap()
}

/// One of each line, and two of those that stand in order; the roots have seeds 100 and 101.
fn text() -> String {
    let mut roots = [public(100), public(101)];
    roots.sort_by_key(|key| *key.as_bytes());
    let [first, second] = roots;
    let (one, two) = (public(1), public(2));
    format!(
        "countersign/trust-bundle/1\n\
         vendor Example Security\n\
         number 3\n\
         issued 2026-11-22\n\
         test\n\
         contact licenses@example.com\n\
         contact +49 30 1234\n\
         threshold 1\n\
         root {first}\n\
         root {second}\n\
         issuer 1 {one} products=7,8 kinds=full,evaluation units=500 grace=30 features=0fff licenses=1-9999 days=400 \
         until=2030-12-31 from=2026-01-01 to=2027-12-31\n\
         issuer 2 {two} void\n\
         listed 2 000000000000000000000000000000ab\n\
         listed 2 000000000000000000000000000000ac\n\
         revoked 5 all\n\
         revoked 6 2\n\
         product 7 ES endpoints software rank=7 end-of-life=2040-01-01 use-ends family=11:All of them name=Seven\n\
         product 9 ALL-2 in-use suite rank=9 members=7,8 name=Nine\n"
    )
}

/// The text with another line in this place, from 1; nothing: without the line.
fn with(line: usize, other: &str) -> String {
    let text = text();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let other = format!("{other}\n");
    lines[line - 1] = if other == "\n" { "" } else { &other };
    lines.concat()
}

fn note(text: &str) -> String {
    format!("{text}\n{}", signature_line(&public(100), &key(100).sign(text.as_bytes()).to_bytes()))
}

fn trusted() -> Roots {
    Roots::new(1, [public(100)]).unwrap()
}

#[test]
fn a_bundle_has_one_of_each_line() {
    let bundle = Bundle::parse_unverified(&text()).unwrap();
    assert_eq!(bundle.to_string(), text());
    assert!(bundle.test);
    assert_eq!((bundle.issuers.len(), bundle.listed.len(), bundle.revoked.len(), bundle.products.len()), (2, 2, 2, 2));
    let limits = text().lines().nth(10).unwrap().split(' ').skip(3).collect::<Vec<_>>().join(" ");
    assert_eq!(bundle.issuers[0].limits.to_string().trim_start(), limits);
    assert_eq!(bundle.products[0].family.as_deref(), Some("All of them"));
    assert!(bundle.products[0].use_ends && !bundle.products[1].use_ends);
}

const PRODUCT: &str = "product ID MNEMONIC UNIT KIND and more, name=NAME last";
const ORDER: &str = "entries ascending, none twice";
const REVOKED: &str = "revoked LICENSE REVISION, or revoked LICENSE all";
const LISTED: &str = "listed N and 32 hex digits";
const MOVED: &str = "a line of a bundle, in its place";

#[test]
fn a_line_that_is_wrong_is_named_with_what_belongs_there() {
    let one = public(1);
    let issuer = |limits: &str| format!("issuer 1 {one} {limits}");
    let product = |rest: &str| format!("product 7 {rest}");
    let cases: Vec<(usize, String, &str)> = vec![
        (1, "countersign/trust-bundle/2".into(), "countersign/trust-bundle/1"),
        (2, "vendor".into(), "vendor NAME"),
        (2, "vendor  Example".into(), "vendor NAME"),
        (2, "vendor Example ".into(), "vendor NAME"),
        (2, "vendor  ".into(), "vendor NAME"),
        (2, format!("vendor {}", "n".repeat(1001)), "vendor NAME"),
        (2, "vendor Exam\u{7}ple".into(), "vendor NAME"),
        (2, "vendor Exam\u{202e}ple".into(), "vendor NAME"),
        (3, "number".into(), "number N"),
        (3, "number x".into(), "number N"),
        (3, "number 0".into(), "number N, from 1"),
        (4, "issued tomorrow".into(), "issued DAY"),
        (4, "day 2026-11-22".into(), "issued DAY"),
        (6, "contact  ".into(), "contact TEXT"),
        (7, "contact \u{200f}1".into(), "contact TEXT"),
        (8, "threshold x".into(), "threshold M"),
        (8, "thresholds 1".into(), "threshold M"),
        (9, "root 00".into(), "root KEY, a public key in 64 hex digits"),
        (11, "issuer x".into(), "issuer N KEY and its limits"),
        (11, "issuer 1 00".into(), "a public key in 64 hex digits"),
        (11, issuer("never"), "NAME=VALUE for each limit"),
        (11, issuer("more=1"), "a limit that this release knows"),
        (11, issuer("products=x"), "numbers of products, ascending"),
        (11, issuer("products=8,7"), "numbers of products, ascending"),
        (11, issuer("products=7,7"), "numbers of products, ascending"),
        (11, issuer("kinds=half"), "kinds of full, evaluation, service"),
        (11, issuer("kinds=evaluation,full"), "kinds in the order full, evaluation, service"),
        (11, issuer("kinds=full,full"), "kinds in the order full, evaluation, service"),
        (11, issuer("units=0"), "units=N"),
        (11, issuer("grace=256"), "grace=N, 0 to 255"),
        (11, issuer("features=10000"), "features=HEX4"),
        (11, issuer("licenses=5"), "licenses=FIRST-LAST"),
        (11, issuer("licenses=5-4"), "licenses=FIRST-LAST"),
        (11, issuer("days=x"), "days=N"),
        (11, issuer("until=x"), "until=DAY"),
        (11, issuer("from=x"), "from=DAY"),
        (11, issuer("to=x"), "to=DAY"),
        (12, format!("issuer 1 {one}"), ORDER),
        (13, "listed 2".into(), LISTED),
        (13, "listed 2 ab".into(), LISTED),
        (13, format!("listed 2 {}", "x".repeat(32)), LISTED),
        (13, format!("listed x {}", "0".repeat(32)), LISTED),
        (13, format!("listed 1 {}", "0".repeat(32)), "codes of void issuers only"),
        (13, format!("listed 3 {}", "0".repeat(32)), "codes of void issuers only"),
        (14, "listed 2 000000000000000000000000000000ab".into(), ORDER),
        (15, "revoked 5".into(), REVOKED),
        (15, "revoked 5 none".into(), REVOKED),
        (15, "revoked 0 all".into(), REVOKED),
        (16, "revoked 5 2".into(), ORDER),
        (17, "product x ES endpoints software rank=7 name=Seven".into(), PRODUCT),
        (17, "product 7 ES endpoints".into(), PRODUCT),
        (17, product("ES endpoints software rank=7"), PRODUCT),
        (17, product("es endpoints software rank=7 name=Seven"), PRODUCT),
        (17, product("E_S endpoints software rank=7 name=Seven"), PRODUCT),
        (17, product(" endpoints software rank=7 name=Seven"), PRODUCT),
        (17, product("ABCDEFGHIJKLMNOPQ endpoints software rank=7 name=Seven"), PRODUCT),
        (17, product("ES Endpoints software rank=7 name=Seven"), PRODUCT),
        (17, product("ES end1points software rank=7 name=Seven"), PRODUCT),
        (17, product("ES  software rank=7 name=Seven"), PRODUCT),
        (17, product("ES abcdefghijklmnopqrstuvwxyzabcdefg software rank=7 name=Seven"), PRODUCT),
        (17, product("ES endpoints hardware rank=7 name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=x name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 ends name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 use-ends=1 name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 end-of-life=x name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 members=8,7 name=Seven"), "numbers of products, ascending"),
        (17, product("ES endpoints software rank=7 members=7,7 name=Seven"), "numbers of products, ascending"),
        (17, product("ES endpoints software rank=7 family=x:All name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 family=All name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 family=99:All name=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 family=3:Allname=Seven"), PRODUCT),
        (17, product("ES endpoints software rank=7 name= Seven"), PRODUCT),
        (18, "product 7 ALL suite suite rank=9 name=Nine".into(), ORDER),
        (18, "revoked 7 all".into(), MOVED),
        (18, "product".into(), MOVED),
    ];
    for (line, other, wanted) in cases {
        let text = with(line, &other);
        assert_eq!(Bundle::parse_unverified(&text), Err(BundleFault::Line { line, wanted }), "{other}");
    }
    // Roots and threshold are judged together, on the last of them.
    let roots = "1 to 16 different roots, and a threshold of at most so many";
    let line = |line, wanted| Err(BundleFault::Line { line, wanted });
    assert_eq!(Bundle::parse_unverified(&with(8, "threshold 3")), line(10, roots));
    assert_eq!(Bundle::parse_unverified(&with(8, "threshold 0")), line(10, roots));
    let second = text().lines().nth(9).unwrap().to_owned();
    assert_eq!(Bundle::parse_unverified(&with(9, &second)), line(10, ORDER));
    assert_eq!(Bundle::parse_unverified(&format!("{}\n", text())), line(19, MOVED));
    assert_eq!(Bundle::parse_unverified(text().trim_end()), line(19, MOVED));
    assert_eq!(Bundle::parse_unverified(""), line(1, "countersign/trust-bundle/1"));
}

#[test]
fn a_line_that_is_missing_is_missed_in_its_place() {
    let missed = |line| Bundle::parse_unverified(&with(line, "")).unwrap_err();
    for (line, wanted) in
        [(1, "countersign/trust-bundle/1"), (2, "vendor NAME"), (3, "number N"), (4, "issued DAY"), (8, "threshold M")]
    {
        assert_eq!(missed(line), BundleFault::Line { line, wanted });
    }
    for line in [5, 6, 7, 9, 10, 11, 13, 14, 15, 16, 17, 18] {
        assert!(Bundle::parse_unverified(&with(line, "")).is_ok(), "line {line}");
    }
    // Codes are listed of an issuer that is void.
    assert_eq!(missed(12), BundleFault::Line { line: 12, wanted: "codes of void issuers only" });
}

#[test]
fn what_is_spelled_otherwise_is_not_canonical_on_its_line() {
    let one = public(1);
    for (line, other) in [
        (3, "number 03"),
        (3, "number +3"),
        (8, "threshold 01"),
        (11, &format!("issuer 01 {one}")),
        (11, &format!("issuer 1 {one} units=500 products=7")),
        (11, &format!("issuer 1 {one} units=0500")),
        (11, &format!("issuer 1 {one} features=FFF")),
        (13, "listed 2 000000000000000000000000000000AB"),
        (15, "revoked 05 all"),
        (16, "revoked 6 02"),
        (17, "product 07 ES endpoints software rank=7 name=Seven"),
        (17, "product 7 ES endpoints software rank=07 name=Seven"),
        (17, "product 7 ES endpoints software rank=0 name=Seven"),
        (17, "product 7 ES endpoints software rank=7 use-ends end-of-life=2040-01-01 name=Seven"),
        (17, "product 7 ES endpoints software rank=7 family=03:All name=Seven"),
    ] {
        let found = Bundle::parse_unverified(&with(line, other));
        assert_eq!(found, Err(BundleFault::NotCanonical { line }), "{other}");
    }
    // The second note of a file goes on counting.
    let newer = with(3, "number 4").replace("revoked 5 all", "revoked 05 all");
    let file = note(&text()) + &note(&newer);
    assert_eq!(Bundle::read(&file, &trusted()), Err(BundleFault::NotCanonical { line: 20 + 15 }));
    let newer = with(3, "number 4").replace("revoked 5 all", "revoked 5 none");
    let file = note(&text()) + &note(&newer);
    assert_eq!(Bundle::read(&file, &trusted()), Err(BundleFault::Line { line: 20 + 15, wanted: REVOKED }));
}

#[test]
fn words_are_as_long_as_they_may_be() {
    for (line, other) in [
        (2, format!("vendor {}", "n".repeat(1000))),
        (17, "product 7 ABCDEFGHIJKLMN-1 endpoints software rank=7 name=Seven".into()),
        (17, "product 7 E abcdefghijklmnopqrstuvwxyzabcd-f service rank=7 name=S".into()),
        (17, "product 65535 E e suite rank=65535 members=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 name=S".into()),
    ] {
        let text = if other.contains("65535") {
            with(17, "").replace(text().lines().nth(17).unwrap(), &other)
        } else {
            with(line, &other)
        };
        assert_eq!(Bundle::parse_unverified(&text).map(|bundle| bundle.to_string()), Ok(text), "{other}");
    }
}

#[test]
fn a_file_is_text_of_8_mebibytes_at_most() {
    let most = "a".repeat(MAX_BUNDLE);
    let more = "a".repeat(MAX_BUNDLE + 1);
    let much = "a".repeat(MAX_BUNDLE + 2);
    assert_eq!(Bundle::text_of(text().as_bytes()), Ok(text().as_str()));
    assert_eq!(Bundle::text_of(most.as_bytes()), Ok(most.as_str()));
    let unsigned = BundleFault::Note(NoteFault::NoSignatures { line: 1 });
    assert_eq!(Bundle::read(&most, &trusted()), Err(unsigned));
    assert!(matches!(Bundle::parse_unverified(&most), Err(BundleFault::Line { line: 1, .. })));
    for long in [&more, &much] {
        assert_eq!(Bundle::text_of(long.as_bytes()), Err(BundleFault::TooLong));
        assert_eq!(Bundle::read(long, &trusted()), Err(BundleFault::TooLong));
        assert_eq!(Bundle::parse_unverified(long), Err(BundleFault::TooLong));
    }
    assert_eq!(Bundle::text_of(b"\xFF"), Err(BundleFault::NotText { line: 1 }));
    assert_eq!(Bundle::text_of(b"one\ntwo\n\n.\xFF\n"), Err(BundleFault::NotText { line: 4 }));
    assert_eq!(Bundle::read("", &trusted()), Err(BundleFault::Empty));
}

#[test]
fn limits_are_read_as_they_are_written() {
    let text = "products=7,8 kinds=full,service units=16777215 grace=0 features=8001 licenses=4-4 days=1 until=2030-12-31 \
                from=2026-01-01 to=2026-01-01";
    let limits: IssuerLimits = text.parse().unwrap();
    assert_eq!(limits.to_string().trim_start(), text);
    assert_eq!(limits.licenses, LicenseNumber::new(4).zip(LicenseNumber::new(4)));
    assert_eq!("".parse(), Ok(IssuerLimits::default()));
    assert_eq!("  ".parse(), Ok(IssuerLimits::default()));
    let fault: LimitFault = "units=5 grace=x".parse::<IssuerLimits>().unwrap_err();
    assert_eq!(fault.to_string(), "wanted grace=N, 0 to 255");
}

#[test]
fn a_note_is_text_an_empty_line_and_signatures() {
    let text = text();
    let lines = 18;
    let good = signature_line(&public(100), &key(100).sign(text.as_bytes()).to_bytes());
    let other = signature_line(&public(101), &key(101).sign(text.as_bytes()).to_bytes());
    let strange = signature_line(&public(7), &key(7).sign(text.as_bytes()).to_bytes());
    let keys = [public(100), public(101)];
    let signers = |signatures: &str| note_signers(&format!("{text}\n{signatures}"), &keys);
    assert_eq!(signers(&good), Ok(vec![public(100)]));
    assert_eq!(signers(&[good.as_str(), &strange, &other].concat()), Ok(vec![public(100), public(101)]));
    assert_eq!(signers(&strange), Ok(vec![]));

    let first = lines + 2;
    let wrong = signature_line(&public(100), &key(100).sign(b"another text").to_bytes());
    assert_eq!(signers(&wrong), Err(NoteFault::Wrong { line: first }));
    assert_eq!(signers(&[strange.as_str(), &wrong].concat()), Err(NoteFault::Wrong { line: first + 1 }));
    assert_eq!(signers(&[good.as_str(), &other, &good].concat()), Err(NoteFault::Twice { line: first + 2 }));
    assert_eq!(signers(&[strange.as_str(), &strange].concat()), Err(NoteFault::Twice { line: first + 1 }));
    let (dash, rest) = good.split_at(good.find("countersign").unwrap());
    let (name, base64) = rest.split_once(' ').unwrap();
    for broken in [
        format!("{dash}{name}\n"),
        format!("{dash} {base64}"),
        format!("{dash}count+er {base64}"),
        format!("{dash}count\tersign-root {base64}"),
        format!("{dash}{name} {}\n", base64.trim_end().trim_end_matches('=')),
        format!("{dash}{name} {}\n", &base64[4..].trim_end()),
        format!("{dash}{name} AAAA{base64}"),
        format!("{dash}{name} {}\r\n", base64.trim_end()),
    ] {
        assert_eq!(signers(&broken), Err(NoteFault::Signature { line: first }), "{broken:?}");
    }
    // So many are looked at, and no more.
    let named = |n: u8| signature_line(&public(n), &key(n).sign(text.as_bytes()).to_bytes());
    let many: Vec<String> = (1..=33).map(named).collect();
    assert_eq!(signers(&many[..32].concat()), Ok(vec![]));
    assert_eq!(signers(&many.concat()), Err(NoteFault::TooMany { line: first + 32 }));

    for unsigned in ["", "\n", "text", "text\n", "text\n\n", &text, &format!("{text}\n"), &format!("{text}{good}")] {
        assert_eq!(note_signers(unsigned, &keys), Err(NoteFault::NoSignatures { line: 1 }), "{unsigned:?}");
    }
    assert_eq!(signers(good.trim_end()), Err(NoteFault::NoSignatures { line: 1 }));
    let twice = format!("{text}\n{good}{text}\n{good}");
    assert_eq!(note_signers(&twice, &keys), Err(NoteFault::NoSignatures { line: 1 }));
    // What follows a note is the next one, and begins on its own line.
    let file = format!("{text}\n{good}rest");
    let unsigned = BundleFault::Note(NoteFault::NoSignatures { line: lines + 3 });
    assert_eq!(Bundle::read(&file, &trusted()), Err(unsigned));
    let newer = with(3, "number 4");
    let wrong = signature_line(&public(100), &key(100).sign(b"another text").to_bytes());
    let file = format!("{text}\n{good}{newer}\n{wrong}");
    let line = (lines + 2) + lines + 2;
    assert_eq!(Bundle::read(&file, &trusted()), Err(BundleFault::Note(NoteFault::Wrong { line })));
}
