//! Which public keys are worth trusting, and which numbers they may stand under.

mod common;

use activation_code::*;
use common::{example, key, sign};
use curve25519_dalek::constants::EIGHT_TORSION;

/// p = 2^255 − 19, little-endian.
const P: [u8; 32] = {
    let mut p = [0xFF; 32];
    (p[0], p[31]) = (0xED, 0x7F);
    p
};

const SIGN: u8 = 0x80;

fn honest() -> PublicKey {
    PublicKey::from_bytes(&key().verifying_key().to_bytes()).unwrap()
}

fn issuer(number: u16, key: PublicKey) -> PinnedIssuer {
    PinnedIssuer { number: IssuerNumber::new(number).unwrap(), key }
}

/// Another honest key, which is no published test key.
fn other() -> PublicKey {
    PublicKey::from_bytes(&ed25519_dalek::SigningKey::from_bytes(&[77; 32]).verifying_key().to_bytes()).unwrap()
}

#[test]
fn no_encoding_but_the_canonical_one_is_a_key() {
    let (mut no_point, mut second_spelling) = (0, 0);
    // y = p .. p + 18 are the 19 numbers of 255 bits that are not below p, each with both signs.
    for above in 0..19 {
        for sign in [0, SIGN] {
            let mut bytes = P;
            bytes[0] += above;
            bytes[31] |= sign;
            match PublicKey::from_bytes(&bytes) {
                Err(KeyFault::NotCanonical) => second_spelling += 1,
                Err(KeyFault::NotOnCurve) => no_point += 1,
                other => panic!("p + {above}, sign {sign}: {other:?}"),
            }
        }
    }
    assert_eq!((second_spelling, no_point), (24, 14));
}

#[test]
fn minus_zero_is_not_a_second_spelling_of_zero() {
    // x = 0 at y = 1 and y = −1; the sign of 0 is 0 (RFC 8032 §5.1.3).
    let (mut one, mut minus_one) = ([0; 32], P);
    one[0] = 1;
    minus_one[0] -= 1;
    for mut bytes in [one, minus_one] {
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyFault::Weak));
        bytes[31] |= SIGN;
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyFault::NotCanonical));
    }
}

#[test]
fn no_point_of_small_order_is_a_key() {
    for point in EIGHT_TORSION {
        assert_eq!(PublicKey::from_bytes(&point.compress().to_bytes()), Err(KeyFault::Weak));
    }
}

#[test]
fn no_honest_key_with_a_part_of_small_order_is_a_key() {
    let [neutral, rest @ ..] = EIGHT_TORSION;
    let honest = key().verifying_key().to_edwards();
    assert!(PublicKey::from_bytes(&(honest + neutral).compress().to_bytes()).is_ok());
    for torsion in rest {
        let mixed = (honest + torsion).compress().to_bytes();
        assert_eq!(PublicKey::from_bytes(&mixed), Err(KeyFault::Torsion));
    }
}

#[test]
fn bytes_that_are_no_point_are_no_key() {
    // y = 2 has no x.
    let mut bytes = [0; 32];
    bytes[0] = 2;
    assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyFault::NotOnCurve));
}

#[test]
fn a_key_is_read_in_hex_of_either_case_and_printed_in_lower_case() {
    let text = honest().to_string();
    assert_eq!(text.len(), 64);
    assert_eq!(text.parse(), Ok(honest()));
    assert_eq!(text.to_uppercase().parse(), Ok(honest()));
    assert_eq!(format!("{:?}", honest()), format!("PublicKey({text})"));
}

#[test]
fn nothing_else_is_hex() {
    let text = honest().to_string();
    for wrong in [
        String::new(),
        text[1..].into(),
        format!("{text}0"),
        format!("{text}00"),
        format!(" {text}"),
        format!("{text}\n"),
        format!("+{}", &text[1..]),
        format!("g{}", &text[1..]),
        format!("0x{}", &text[2..]),
        "é".repeat(32),
        "٣".repeat(32),
        "\0".repeat(64),
    ] {
        assert_eq!(wrong.parse::<PublicKey>(), Err(KeyFault::Hex), "{wrong:?}");
    }
}

#[test]
fn an_issuer_is_a_number_a_colon_and_a_key() {
    let key = honest();
    assert_eq!(format!("7:{key}").parse(), Ok(issuer(7, key)));
    assert_eq!(issuer(7, key).to_string().parse(), Ok(issuer(7, key)));
    assert_eq!(format!("1023:{key}").parse(), Ok(issuer(1023, key)));
    assert_eq!(format!("7{key}").parse::<PinnedIssuer>(), Err(IssuerFault::Shape));
    assert_eq!("".parse::<PinnedIssuer>(), Err(IssuerFault::Shape));
    for number in ["", "0", "1024", "65537", "-1", "+1", " 1", "1 ", "one", "99999999999999999999"] {
        assert_eq!(format!("{number}:{key}").parse::<PinnedIssuer>(), Err(IssuerFault::Number), "{number:?}");
    }
    assert_eq!("7:".parse::<PinnedIssuer>(), Err(IssuerFault::Key(KeyFault::Hex)));
    assert_eq!(format!("7:{key}:").parse::<PinnedIssuer>(), Err(IssuerFault::Key(KeyFault::Hex)));
    let weak = "01".to_owned() + &"00".repeat(31);
    assert_eq!(format!("7:{weak}").parse::<PinnedIssuer>(), Err(IssuerFault::Key(KeyFault::Weak)));
}

#[test]
fn trust_needs_an_issuer() {
    assert_eq!(Trust::pinned(Purpose::Production, []).err(), Some(TrustFault::NoIssuer));
}

#[test]
fn one_number_has_one_key() {
    let twice = [issuer(1, honest()), issuer(2, honest()), issuer(1, other())];
    let number = IssuerNumber::new(1).unwrap();
    assert_eq!(Trust::pinned(Purpose::Production, twice).err(), Some(TrustFault::TwoKeys { number }));
    // The same twice is the same.
    let again = [issuer(1, honest()), issuer(1, honest())];
    assert_eq!(Trust::pinned(Purpose::Production, again).unwrap().issuers().count(), 1);
}

#[test]
fn one_key_may_stand_under_several_numbers() {
    let trust = Trust::pinned(Purpose::Production, [issuer(9, honest()), issuer(1, honest())]).unwrap();
    assert_eq!(trust.issuers().map(|issuer| issuer.number.get()).collect::<Vec<_>>(), [1, 9]);
    for number in [1, 9] {
        let terms = Terms { issuer: IssuerNumber::new(number).unwrap(), ..example() };
        assert_eq!(trust.verify(sign(&terms)).unwrap().issuer(), issuer(number, honest()));
    }
}

#[test]
fn nothing_verifies_without_a_known_issuer() {
    let trust = Trust::pinned(Purpose::Production, [issuer(2, honest())]).unwrap();
    let number = IssuerNumber::new(1).unwrap();
    assert_eq!(trust.verify(sign(&example())).err(), Some(Refusal::UnknownIssuer { number }));
}

#[test]
fn the_number_of_an_issuer_is_a_hint_and_its_key_the_proof() {
    let trust = Trust::pinned(Purpose::Production, [issuer(1, other()), issuer(2, honest())]).unwrap();
    let number = IssuerNumber::new(1).unwrap();
    assert_eq!(trust.verify(sign(&example())).err(), Some(Refusal::BadSignature { number }));
}

#[test]
fn what_was_mistyped_is_looked_for_with_the_key_that_it_names() {
    let mistyped = |terms: &Terms| {
        let mut rows = sign(terms).letters();
        rows[2].replace_range(..2, "KK");
        rows.join("\n")
    };
    let two = Trust::pinned(Purpose::Production, [issuer(1, honest()), issuer(2, other())]).unwrap();
    let swapped = Trust::pinned(Purpose::Production, [issuer(1, other()), issuer(2, honest())]).unwrap();
    assert_eq!(two.read(&mistyped(&example())).unwrap().license.terms(), &example());
    let rejected = swapped.read(&mistyped(&example())).unwrap_err();
    assert!(matches!(rejected.obstacle, Obstacle::Read(_)) && rejected.repairs.is_empty(), "{rejected:?}");
    // A desk that has one key only may have got its number wrong.
    let number = IssuerNumber::new(9).unwrap();
    let text = mistyped(&Terms { issuer: number, ..example() });
    let one = Trust::pinned(Purpose::Production, [issuer(1, honest()), issuer(2, honest())]).unwrap();
    for (trust, found) in [(one, true), (two, false), (swapped, false)] {
        let rejected = trust.read(&text).unwrap_err();
        assert_eq!(rejected.obstacle == Obstacle::Refused(Refusal::UnknownIssuer { number }), found, "{rejected:?}");
        assert_eq!(rejected.repairs.is_empty(), !found);
    }
}

#[test]
fn a_key_or_an_issuer_that_is_not_trusted_says_why() {
    let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
    let beginning_with = |first: u8| hex(std::array::from_fn(|i| if i == 0 { first } else { 0 }));
    let minus_zero = hex(std::array::from_fn(|i| [1, 0, SIGN][if i == 0 { 0 } else { 1 + usize::from(i == 31) }]));
    let mixed = key().verifying_key().to_edwards() + EIGHT_TORSION[1];
    for (text, fault, sentence) in [
        ("8a88".to_owned(), KeyFault::Hex, "a public key is written as 64 hex digits"),
        (beginning_with(2), KeyFault::NotOnCurve, "the public key is no point of the curve"),
        (minus_zero, KeyFault::NotCanonical, "the public key is not canonical: another spelling gives the same point"),
        (beginning_with(1), KeyFault::Weak, "the public key is weak: a point of small order"),
        (hex(mixed.compress().to_bytes()), KeyFault::Torsion, "the public key has a part of small order"),
    ] {
        assert_eq!(text.parse::<PublicKey>(), Err(fault));
        assert_eq!(fault.to_string(), sentence);
        let issuer = format!("7:{text}").parse::<PinnedIssuer>().unwrap_err();
        assert_eq!((issuer, issuer.to_string().as_str()), (IssuerFault::Key(fault), sentence));
    }
    for (text, sentence) in [
        ("7", "an issuer is written NUMBER:HEX, as the desk's `issuer` prints it"),
        ("1024:", "an issuer's number is 1 to 1023"),
    ] {
        assert_eq!(text.parse::<PinnedIssuer>().unwrap_err().to_string(), sentence);
    }
    let pinned = |issuers: &[PinnedIssuer]| Trust::pinned(Purpose::Production, issuers.iter().copied()).unwrap_err();
    assert_eq!(pinned(&[]).to_string(), "no issuer to trust");
    assert_eq!(pinned(&[issuer(3, honest()), issuer(3, other())]).to_string(), "issuer 3 is given with two keys");
    let testing = bundle_with("test\n", "");
    let fault = Trust::of_bundle(Purpose::Production, testing).unwrap_err();
    assert_eq!(fault, TrustFault::TestBundle { number: 4 });
    assert_eq!(fault.to_string(), "trust bundle 4 is for testing only");
}

/// Bundle 4, which trusts issuer 1; `issuer`: what follows its key.
fn bundle_with(head: &str, issuer: &str) -> Bundle {
    let key = honest();
    let text = format!(
        "{BUNDLE_CONTEXT}\nvendor Acme\nnumber 4\nissued 2026-11-22\n{head}threshold 1\nroot {key}\nissuer 1 {key}{issuer}\n"
    );
    Bundle::parse_unverified(&text).unwrap()
}

#[test]
fn a_code_that_is_refused_says_why() {
    let number = IssuerNumber::new(1).unwrap();
    let text = sign(&example()).transport();
    let refused = |trust: &Trust, text: &str, refusal: Refusal, sentence: &str| {
        let rejected = trust.read(text).unwrap_err();
        assert_eq!(rejected.obstacle, Obstacle::Refused(refusal));
        assert_eq!((rejected.to_string().as_str(), refusal.to_string().as_str()), (sentence, sentence));
        assert_eq!(rejected.obstacle.reason(), refusal.reason());
        assert_eq!(rejected.code.unwrap().transport(), text);
    };
    let pinned = |issuer| Trust::pinned(Purpose::Production, [issuer]).unwrap();
    refused(
        &pinned(issuer(2, honest())),
        &text,
        Refusal::UnknownIssuer { number },
        "typed correctly, but issued by issuer 1, which this installation does not know",
    );
    refused(
        &pinned(issuer(1, other())),
        &text,
        Refusal::BadSignature { number },
        "typed correctly, but not signed by issuer 1 that this installation trusts",
    );
    refused(
        &pinned(issuer(1, honest())),
        &sign(&Terms { test: true, ..example() }).transport(),
        Refusal::ForTestingOnly,
        "the code is for testing only",
    );
    let under = |issuer: &str| Trust::of_bundle(Purpose::Production, bundle_with("", issuer)).unwrap();
    refused(
        &under(" void"),
        &text,
        Refusal::IssuerVoid { number },
        "issuer 1 is void: its key was stolen, and this code is not one of those that stay good",
    );
    let license = example().license;
    let revoked = Refusal::Revoked { license, good_from: None };
    refused(&under("\nrevoked 1042 all"), &text, revoked, "license 1042 was revoked");
    let revoked = Refusal::Revoked { license, good_from: Revision::new(2) };
    refused(&under("\nrevoked 1042 2"), &text, revoked, "license 1042 was revoked below revision 2");
    let full = sign(&Terms { features: Some(Features(0x11)), ..example() }).transport();
    for (issuer, limit, what) in [
        (" products=8", Limit::Product(example().product), "product 7"),
        (" kinds=evaluation", Limit::Kind, "codes of this kind"),
        (" units=249", Limit::Units, "so many units"),
        (" grace=29", Limit::Grace, "so many days of grace"),
        (" features=0001", Limit::Features, "these features"),
        (" licenses=1-1041", Limit::License, "this license number"),
        (" days=1", Limit::Days, "so long a time from the day of issue"),
        (" until=2027-11-29", Limit::Until, "so late a last day"),
        (" from=2026-11-23", Limit::From, "so early a day of issue"),
        (" to=2026-11-21", Limit::To, "so late a day of issue"),
    ] {
        let refusal = Refusal::LimitExceeded { number, limit };
        refused(&under(issuer), &full, refusal, &format!("issuer 1 may not issue {what}"));
    }
    let bound = Terms { host: Some(HostId(5)), ..example() };
    let license = under("").verify(sign(&bound)).unwrap();
    let elsewhere = license.fits(&Target { products: vec![], host: Some(HostId(6)) }).unwrap_err();
    assert_eq!(elsewhere.to_string(), "the code is for the host 00000005, this is the host 00000006");
    let other = license.fits(&Target { products: vec![ProductId::new(8).unwrap()], host: None }).unwrap_err();
    assert_eq!(other.to_string(), "the code is for product 7, not for this one");
    let rejected = under("").read("").unwrap_err();
    assert_eq!(rejected.to_string(), "there is no code here");
    assert_eq!(rejected.obstacle.reason(), Reason::Empty);
}

#[test]
fn what_a_bundle_says_of_a_product_goes_with_its_license() {
    let suite = "\nproduct 7 ALL seats suite members=8,9 end-of-life=2030-01-31 use-ends name=All";
    let trust = Trust::of_bundle(Purpose::Production, bundle_with("", suite)).unwrap();
    assert_eq!((trust.purpose(), trust.bundle().unwrap().number), (Purpose::Production, 4));
    let license = trust.verify(sign(&example())).unwrap();
    let ends = EndOfLife { day: common::day("2030-01-31"), use_ends: true };
    assert_eq!((license.end_of_life(), license.issuer()), (Some(ends), issuer(1, honest())));
    for (id, enabled) in [(7, true), (8, true), (9, true), (10, false)] {
        assert_eq!(license.enables(ProductId::new(id).unwrap()), enabled);
    }
    assert_eq!(license.code(), &sign(&example()));
}

#[test]
fn the_published_test_keys_are_keys_and_are_known() {
    for bytes in PUBLISHED_TEST_KEYS {
        assert!(PublicKey::from_bytes(&bytes).unwrap().is_published_test_key());
    }
    assert!(!other().is_published_test_key());
}

#[test]
fn a_code_for_testing_is_refused_by_production_and_only_after_its_signature() {
    let terms = Terms { test: true, ..example() };
    let honest = [issuer(1, honest())];
    let production = Trust::pinned(Purpose::Production, honest).unwrap();
    let testing = Trust::pinned(Purpose::Testing, honest).unwrap();
    assert_eq!(production.verify(sign(&terms)).err(), Some(Refusal::ForTestingOnly));
    assert!(testing.verify(sign(&terms)).unwrap().is_test());
    let stranger = Trust::pinned(Purpose::Production, [issuer(1, other())]).unwrap();
    assert_eq!(stranger.verify(sign(&terms)).unwrap_err().reason(), Reason::BadSignature);
}

#[test]
fn a_license_fits_its_product_its_members_and_its_host() {
    let product = |id| ProductId::new(id).unwrap();
    let trust = Trust::pinned(Purpose::Production, [issuer(1, honest())]).unwrap();
    let terms = Terms { members: Members::new([product(8), product(9)]), host: Some(HostId(5)), ..example() };
    let license = trust.verify(sign(&terms)).unwrap();
    let fits = |products: &[u16], host: Option<u32>| {
        license.fits(&Target { products: products.iter().map(|&id| product(id)).collect(), host: host.map(HostId) })
    };
    for wanted in [&[][..], &[7], &[8], &[9], &[1, 9]] {
        assert_eq!(fits(wanted, Some(5)), Ok(()), "{wanted:?}");
        assert_eq!(fits(wanted, None), Ok(()), "{wanted:?}");
    }
    assert_eq!(fits(&[1, 2], None), Err(Refusal::OtherProduct { found: product(7) }));
    assert_eq!(fits(&[7], Some(6)), Err(Refusal::OtherHost { found: HostId(5), wanted: HostId(6) }));
    // The first of the closed list counts.
    assert_eq!(fits(&[1], Some(6)).unwrap_err().reason(), Reason::OtherProduct);
    let unbound = trust.verify(sign(&example())).unwrap();
    assert_eq!(unbound.fits(&Target { products: vec![], host: Some(HostId(6)) }), Ok(()));
}
