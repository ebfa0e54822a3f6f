//! Requests, receipts and clock resets: what is written is read, and nothing else is.

use activation_code::{
    Bundle, ClockResetTerms, ClockState, CodeKind, Day, HostCodeFault, HostId, HostRequest, IssuerNumber,
    LicenseNumber, Limit, Nonce, PinnedIssuer, ProductId, PublicKey, Purpose, Receipt, Refusal, Revision, Trust,
    UnverifiedClockReset, to_rows,
};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

fn day(number: i32) -> Day {
    Day::from_days_since_2020(number).unwrap()
}

prop_compose! {
    fn request()(host: u32, product: u16, license in 0u32..=0x0FFF_FFFF, nonce: u16) -> HostRequest {
        let (product, license) = (ProductId::new(product), LicenseNumber::new(license));
        HostRequest { host: HostId(host), product, license, nonce: Nonce(nonce) }
    }
}

prop_compose! {
    fn receipt()(
        license in 1u32..=0x0FFF_FFFF,
        revision in 1u16..=1023,
        in_use in 0u32..=0x00FF_FFFF,
        at in 0i32..32_768,
        host: u32,
        product in 1u16..,
        clock in 0usize..4,
        bundle: Option<u16>,
    ) -> Receipt {
        Receipt {
            license: LicenseNumber::new(license).unwrap(),
            revision: Revision::new(revision).unwrap(),
            in_use,
            day: day(at),
            host: HostId(host),
            product: ProductId::new(product).unwrap(),
            clock: ClockState::ALL[clock],
            bundle: bundle.filter(|&number| number > 0),
        }
    }
}

fn terms() -> ClockResetTerms {
    let issuer = IssuerNumber::new(1).unwrap();
    ClockResetTerms { host: HostId(0x89AB_CDEF), nonce: Nonce::for_clock_reset(0x1234), day: day(2517), issuer }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public() -> PublicKey {
    PublicKey::from_bytes(key().verifying_key().as_bytes()).unwrap()
}

fn pinned() -> Trust {
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: public() };
    Trust::pinned(Purpose::Production, [issuer]).unwrap()
}

fn signed(terms: ClockResetTerms) -> UnverifiedClockReset {
    let signature = key().sign(&terms.signed_message()).to_bytes();
    UnverifiedClockReset::read(&terms.rows(&signature)).unwrap()
}

proptest! {
    #[test]
    fn a_request_that_is_written_is_read(request in request()) {
        prop_assert_eq!(HostRequest::read(&request.row()), Ok(request));
        prop_assert_eq!(request.row().len(), 29);
    }

    #[test]
    fn a_receipt_that_is_written_is_read(receipt in receipt()) {
        let rows = receipt.rows();
        prop_assert_eq!(Receipt::read(&rows), Ok(receipt));
        prop_assert_eq!(rows.iter().map(String::len).collect::<Vec<_>>(), [29, 17]);
    }

    #[test]
    fn bytes_that_are_read_are_those_that_are_written(bytes: [u8; 12], more: [u8; 20]) {
        let row = to_rows(CodeKind::HostRequest, &bytes).unwrap().concat();
        if let Ok(request) = HostRequest::read(&row) {
            prop_assert_eq!(request.row(), row);
        }
        let rows = to_rows(CodeKind::Receipt, &more).unwrap();
        if let Ok(receipt) = Receipt::read(&rows) {
            prop_assert_eq!(receipt.rows(), rows);
        }
    }
}

#[test]
fn a_newer_version_is_named() {
    let row = to_rows(CodeKind::HostRequest, &[0x20; 12]).unwrap().concat();
    assert_eq!(HostRequest::read(&row), Err(HostCodeFault::Newer { version: 2 }));
    assert_eq!(HostRequest::read(&row).unwrap_err().to_string(), "it has format 2, this release reads format 1");
}

#[test]
fn a_receipt_with_a_zero_or_spare_bits_is_no_receipt() {
    let refused = Err(HostCodeFault::NotCanonical { kind: CodeKind::Receipt });
    let mut bytes = [0x10; 20];
    let rows = |bytes: &[u8; 20]| to_rows(CodeKind::Receipt, bytes).unwrap();
    // The spare bits are the last twelve.
    assert_eq!(Receipt::read(&rows(&bytes)), refused);
    bytes[18..].copy_from_slice(&[0, 0]);
    assert!(Receipt::read(&rows(&bytes)).is_ok());
    // The license number, after the version.
    bytes[..4].copy_from_slice(&[0x10, 0, 0, 0]);
    assert_eq!(Receipt::read(&rows(&bytes)), refused);
}

#[test]
fn what_a_receipt_has_no_room_for_is_cut_to_the_most() {
    let receipt = Receipt {
        license: LicenseNumber::new(1042).unwrap(),
        revision: Revision::new(3).unwrap(),
        in_use: u32::MAX,
        day: "2110-01-01".parse().unwrap(),
        host: HostId(7),
        product: ProductId::new(7).unwrap(),
        clock: ClockState::Right,
        bundle: None,
    };
    let most = Receipt { in_use: 0x00FF_FFFF, day: day(32_767), ..receipt };
    assert_eq!(Receipt::read(&receipt.rows()), Ok(most));
    let early = Receipt { in_use: 0, day: "2019-12-31".parse().unwrap(), ..receipt };
    assert_eq!(Receipt::read(&early.rows()), Ok(Receipt { in_use: 0, day: day(0), ..receipt }));
}

#[test]
fn what_no_program_writes_is_named_by_its_kind() {
    let refused = |kind, sentence: &str| {
        let fault = HostCodeFault::NotCanonical { kind };
        assert_eq!(fault.to_string(), sentence);
        fault
    };
    let receipt = refused(CodeKind::Receipt, "no program writes such a receipt");
    assert_eq!(Receipt::read(&to_rows(CodeKind::Receipt, &[0x10; 20]).unwrap()), Err(receipt));
    // Bits that carry nothing, and an issuer that is 0.
    let reset = refused(CodeKind::ClockReset, "no program writes such a clock reset");
    let payload = terms().to_payload();
    for (places, byte) in [(10..11, 1), (8..10, 0)] {
        let mut bytes = [payload.as_slice(), &[0; 64]].concat();
        bytes[places].fill(byte);
        let rows = to_rows(CodeKind::ClockReset, &bytes).unwrap();
        assert_eq!(UnverifiedClockReset::read(&rows), Err(reset.clone()));
    }
    assert_eq!(ClockState::ALL.map(ClockState::name), ["right", "behind", "ahead", "unreadable"]);
}

#[test]
fn a_clock_reset_is_read_in_digits_too() {
    let signature = key().sign(&terms().signed_message()).to_bytes();
    let read = UnverifiedClockReset::read(&terms().rows_in_digits(&signature)).unwrap();
    assert_eq!((read.unverified_terms(), &read), (terms(), &signed(terms())));
    let fault = UnverifiedClockReset::read(&terms().rows(&signature)[1..]).unwrap_err();
    let HostCodeFault::Typing(faults) = &fault else { panic!("{fault:?}") };
    assert_eq!(fault.to_string(), faults.to_string());
}

#[test]
fn a_row_of_another_kind_is_named() {
    let row = to_rows(CodeKind::RegistrationKey, &[0x10; 12]).unwrap().concat();
    let HostCodeFault::Typing(faults) = HostRequest::read(&row).unwrap_err() else { panic!("not a typing fault") };
    assert_eq!(faults.reason().name(), "other-kind");
}

#[test]
fn a_signed_clock_reset_is_proven() {
    let reset = pinned().verify_clock_reset(&signed(terms())).unwrap();
    assert_eq!((reset.terms(), reset.issuer().key), (terms(), public()));
}

#[test]
fn a_clock_reset_that_was_changed_is_refused() {
    let signature = key().sign(&terms().signed_message()).to_bytes();
    let number = terms().issuer;
    for changed in [
        ClockResetTerms { host: HostId(1), ..terms() },
        ClockResetTerms { nonce: Nonce::for_clock_reset(1), ..terms() },
        ClockResetTerms { day: day(2518), ..terms() },
    ] {
        let code = UnverifiedClockReset::read(&changed.rows(&signature)).unwrap();
        assert_eq!(pinned().verify_clock_reset(&code), Err(Refusal::BadSignature { number }));
    }
    let number = IssuerNumber::new(2).unwrap();
    let other = signed(ClockResetTerms { issuer: number, ..terms() });
    assert_eq!(pinned().verify_clock_reset(&other), Err(Refusal::UnknownIssuer { number }));
}

#[test]
fn a_signature_for_a_code_is_none_for_a_clock_reset() {
    let signature = key().sign(&activation_code::signed_message(&terms().to_payload())).to_bytes();
    let code = UnverifiedClockReset::read(&terms().rows(&signature)).unwrap();
    assert!(matches!(pinned().verify_clock_reset(&code), Err(Refusal::BadSignature { .. })));
}

fn under(issuers: &str) -> Trust {
    let text = format!(
        "countersign/trust-bundle/1\nvendor Acme\nnumber 1\nissued 2026-11-01\nthreshold 1\nroot {}\n{issuers}",
        public()
    );
    Trust::of_bundle(Purpose::Production, Bundle::parse_unverified(&text).unwrap()).unwrap()
}

#[test]
fn a_stolen_key_resets_no_clock_under_any_number() {
    let number = terms().issuer;
    let void = Err(Refusal::IssuerVoid { number });
    assert_eq!(under(&format!("issuer 1 {} void\n", public())).verify_clock_reset(&signed(terms())), void);
    let both = format!("issuer 1 {key}\nissuer 2 {key} void\n", key = public());
    assert_eq!(under(&both).verify_clock_reset(&signed(terms())), void);
}

#[test]
fn a_key_resets_clocks_to_its_days_of_issue_only() {
    let number = terms().issuer;
    let trust = under(&format!("issuer 1 {} from=2026-01-01 to=2026-12-31\n", public()));
    let on = |text: &str| trust.verify_clock_reset(&signed(ClockResetTerms { day: text.parse().unwrap(), ..terms() }));
    assert!(on("2026-01-01").is_ok() && on("2026-12-31").is_ok());
    assert_eq!(on("2025-12-31"), Err(Refusal::LimitExceeded { number, limit: Limit::From }));
    assert_eq!(on("2027-01-01"), Err(Refusal::LimitExceeded { number, limit: Limit::To }));
}
