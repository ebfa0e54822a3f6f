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
