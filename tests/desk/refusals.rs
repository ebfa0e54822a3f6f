//! What the desk's rules say no to, by name: those of one line, that no longer story needs.

use crate::common::*;
use activation_code::{
    ClockState, HostId, IssuerNumber, LicenseNumber, Nonce, PinnedIssuer, ProductId, PublicKey, Refusal,
    RegistrationKey, SIGNATURE_BYTES,
};
use activation_host::program::clock;
use activation_host::sites::Sites;
use activation_host::usage::UsageReport;
use countersign::desk::{self, Change, CustomerRow, DeskFault, Learning, Length, ProductEdit, Refused, Session};
use countersign::ledger::{
    AccountKind, CustomerNumber, Ledger, LedgerFault, Name, OperatorName, Privileges, Product, ProductKind, Role,
    UnitType,
};
use countersign::signer::{Signer, SignerFault, SoftwareKey};

fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn issuer(number: u16) -> IssuerNumber {
    IssuerNumber::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn product(id: u16, mnemonic: &str, name: &str) -> Product {
    let (id, mnemonic, name) = (ProductId::new(id).unwrap(), mnemonic.parse().unwrap(), name.parse().unwrap());
    Product::new(id, mnemonic, name, UnitType::Endpoints, ProductKind::Software)
}

/// A desk with license 1, of product 7.
fn sold() -> (Desk, Ledger, Session) {
    let desk = Desk::in_memory();
    let mut ledger = desk.ledger();
    issue(&mut ledger, &test_key(), &order(clock(), None), clock()).unwrap();
    (desk, ledger, session(clock()))
}

fn preview(ledger: &mut Ledger, session: &Session, change: Change) -> Refused {
    refused(desk::perform(ledger, session, &test_key(), &change.into()))
}

#[test]
fn a_product_has_an_id_of_its_own() {
    let (_desk, mut ledger, session) = sold();
    let there = desk::products(&mut ledger).unwrap().into_iter().find(|there| there.id.get() == 7).unwrap();
    let refusal = refused(desk::add_product(&mut ledger, &session, &product(7, "SEVEN", "Seven")));
    assert_eq!(refusal, Refused::ProductExists { id: there.id, name: there.name });
}

#[test]
fn a_partner_has_a_name_of_its_own_that_is_no_number() {
    let (_desk, mut ledger, session) = sold();
    let mut add = |name: &str| {
        let name: Name = name.parse().unwrap();
        desk::add_account(&mut ledger, &session, (AccountKind::Reseller, &name), &[], Privileges::default(), [3; 16])
    };
    let north = add("North Systems").unwrap();
    let exists = Refused::AccountExists { name: north.name.clone(), number: north.number };
    assert_eq!(refused(add("north systems")), exists);
    assert_eq!(refused(add("42")), Refused::NumberAsAccount("42".into()));
}

#[test]
fn a_row_of_customers_names_one_and_each_once() {
    let (_desk, mut ledger, session) = sold();
    let row = |line, number, name: Option<&str>| CustomerRow {
        line,
        number: CustomerNumber::new(number),
        name: name.map(|name| name.parse().unwrap()),
        edits: vec![],
    };
    let rows = [row(2, 1, None), row(3, 0, None), row(4, 0, Some("New Hospital")), row(5, 0, Some("new hospital"))];
    let problems = desk::preview_customers(&mut ledger, &session, &rows).unwrap().unwrap_err();
    let problems: Vec<_> = problems.into_iter().map(|problem| (problem.line, problem.refused)).collect();
    assert_eq!(problems, [(3, Refused::WhichCustomer), (5, Refused::CustomerTwice { line: 4 })]);
}

#[test]
fn who_is_one_of_several_operators_says_which() {
    let (_desk, mut ledger, session) = sold();
    assert_eq!(desk::find_operator(&mut ledger, None).unwrap(), session.operator);
    let bernd: OperatorName = "bernd".parse().unwrap();
    desk::add_operator(&mut ledger, &session, &bernd, Role::Auditor, None).unwrap();
    assert_eq!(refused(desk::find_operator(&mut ledger, None)), Refused::WhichOperator);
}

#[test]
fn keys_bundles_and_partners_that_are_not_there_are_named() {
    let (_desk, mut ledger, session) = sold();
    let limited = desk::limit_issuer(&mut ledger, &session, issuer(9), &Default::default());
    assert_eq!(refused(limited), Refused::UnknownIssuer(issuer(9)));
    assert_eq!(refused(desk::lost_issuer(&mut ledger, Some(issuer(9)))), Refused::UnknownIssuer(issuer(9)));
    assert_eq!(refused(desk::bundle(&mut ledger, 5)), Refused::UnknownBundle(5));
    assert_eq!(refused(desk::find_partner(&mut ledger, issuer(9))), Refused::UnknownPartner(issuer(9)));
    let key = RegistrationKey::from_random([7; 12]);
    assert_eq!(refused(desk::find_key(&mut ledger, &key)), Refused::NobodysKey);
    assert_eq!(refused(desk::export_book(&mut ledger, &session, &test_key(), None)), Refused::VendorsDesk);
}

#[test]
fn only_a_key_that_is_prepared_and_known_takes_over() {
    let (_desk, mut ledger, session) = sold();
    let mut rotation = |to, learning| refused(desk::preview_rotation(&mut ledger, &session, to, learning, &|_, _| {}));
    assert_eq!(rotation(None, Learning::Release), Refused::NotPrepared(None));
    assert_eq!(rotation(Some(issuer(2)), Learning::Release), Refused::NotPrepared(Some(issuer(2))));
    let key = SoftwareKey::from_seed(&[44; 32]).unwrap().public_key();
    let second = PinnedIssuer { number: issuer(2), key };
    desk::prepare_issuer(&mut ledger, &session, second).unwrap();
    let mut rotation = |to, learning| refused(desk::preview_rotation(&mut ledger, &session, to, learning, &|_, _| {}));
    assert_eq!(rotation(None, Learning::Bundle), Refused::NotInBundle { issuer: issuer(2), bundle: None });
}

#[test]
fn codes_of_a_key_that_was_not_stolen_are_not_issued_again() {
    let (_desk, mut ledger, session) = sold();
    let change = Change::Reissue { license: license(1), lost: issuer(1) };
    assert_eq!(preview(&mut ledger, &session, change), Refused::NotStolen(issuer(1)));
}

#[test]
fn a_host_takes_its_product_and_each_code_once() {
    let (_desk, mut ledger, session) = sold();
    desk::add_product(&mut ledger, &session, &product(77, "OTHER", "Other")).unwrap();
    let host = HostId(0x89AB_CDEF);
    let bind = |product: u16| Change::Bind { license: license(1), host, product: ProductId::new(product) };
    let (wanted, sold) = (ProductId::new(77).unwrap(), ProductId::new(7).unwrap());
    assert_eq!(preview(&mut ledger, &session, bind(77)), Refused::HostsOtherProduct { wanted, sold });
    // The renewal that waits ends with the product before it begins: only the code of now is left to bind.
    let renewal = Change::Renew { license: license(1), length: Length::Term("1y".parse().unwrap()), units: None };
    desk::perform(&mut ledger, &session, &test_key(), &renewal.into()).unwrap();
    let end = desk::codes_of(&mut ledger, license(1)).unwrap()[0].entry.period.last();
    desk::change_product(&mut ledger, &session, sold, &[ProductEdit::EndOfLife(Some(end))]).unwrap();
    desk::perform(&mut ledger, &session, &test_key(), &bind(7).into()).unwrap();
    assert_eq!(preview(&mut ledger, &session, bind(7)), Refused::BoundAlready { license: license(1), host });
}

#[test]
fn a_desk_that_has_sold_all_its_numbers_sells_no_more() {
    let (desk, mut ledger, _) = sold();
    let raw = rusqlite::Connection::open(desk.ledger_path()).unwrap();
    raw.execute("UPDATE desk SET next_license = ?1", [LicenseNumber::MAX.get()]).unwrap();
    let last = issue(&mut ledger, &test_key(), &order(clock(), None), clock()).unwrap();
    assert_eq!(last.license.terms().license, LicenseNumber::MAX);
    assert_eq!(refused(issue(&mut ledger, &test_key(), &order(clock(), None), clock())), Refused::NoNumberLeft);
}

#[test]
fn a_report_that_counts_nothing_claims_nothing() {
    let report = |in_use| UsageReport {
        day: clock(),
        host: HostId(7),
        clock: ClockState::Right,
        bundle: None,
        licensed: 0,
        in_use,
        licenses: vec![],
        sites: Sites::default(),
    };
    assert_eq!(desk::claims_of_report(&report(None)), Err(Refused::NothingCounted));
    assert_eq!(desk::claims_of_report(&report(Some(5))), Err(Refused::NothingCounted));
}

/// A key that gives no signatures, or others than its own.
struct Broken {
    key: SoftwareKey,
    signs: bool,
}

impl Signer for Broken {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        if self.signs { Ok([1; SIGNATURE_BYTES]) } else { Err(SignerFault) }
    }
}

#[test]
fn what_does_not_verify_never_leaves_the_desk() {
    let (desk, mut ledger, session) = sold();
    let order = order(clock(), Some("PO-7"));
    let gone = Broken { key: test_key(), signs: false };
    assert!(matches!(issue(&mut ledger, &gone, &order, clock()), Err(DeskFault::Signer(SignerFault))));
    let broken = Broken { key: test_key(), signs: true };
    let issued = issue(&mut ledger, &broken, &order, clock()).unwrap_err();
    let forged = |refusal| matches!(refusal, Refusal::BadSignature { .. });
    assert!(matches!(issued, DeskFault::DoesNotVerify { license: it, refusal } if it == license(3) && forged(refusal)));
    let asked = (HostId(7), Nonce::for_clock_reset(1));
    let reset = desk::preview_clock_reset(&mut ledger, &session, asked, clock()).unwrap();
    let reset = desk::reset_clock(&mut ledger, &session, &broken, reset).unwrap_err();
    assert!(matches!(reset, DeskFault::ClockResetDoesNotVerify), "{reset}");
    let keeper = Broken { key: SoftwareKey::from_seed(&[3; 32]).unwrap(), signs: true };
    let checkpoint = desk::sign_checkpoint(&mut ledger, &session, &keeper, &|_, _| {}).unwrap_err();
    assert!(matches!(checkpoint, DeskFault::CheckpointDoesNotVerify), "{checkpoint}");
    let other = SoftwareKey::from_seed(&[3; 32]).unwrap();
    let issued = issue(&mut ledger, &other, &order, clock()).unwrap_err();
    assert!(matches!(issued, DeskFault::OtherKey { number } if number == issuer(1)), "{issued}");
    assert_eq!(licenses(&mut ledger).len(), 1);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_copy_that_cannot_be_written_is_no_backup() {
    let (desk, mut ledger, session) = sold();
    let nowhere = desk.room().join("nowhere/copy");
    let copied = desk::back_up(&mut ledger, &session, &nowhere, &|_, _| {});
    assert!(matches!(copied, Err(DeskFault::Copy(_))), "{copied:?}");
}

#[test]
fn an_event_that_no_desk_writes_is_named() {
    let (desk, mut ledger, _) = sold();
    let asked = order(clock(), Some("PO-2"));
    let sold = issue(&mut ledger, &test_key(), &asked, clock()).unwrap();
    let again = issue(&mut ledger, &test_key(), &asked, clock()).unwrap();
    assert_eq!(again.license.terms(), sold.license.terms());
    let sequence = head(&mut ledger);
    let raw = rusqlite::Connection::open(desk.ledger_path()).unwrap();
    raw.execute("UPDATE event SET facts = 'x' WHERE sequence = ?1", [sequence]).unwrap();
    let again = issue(&mut ledger, &test_key(), &asked, clock()).unwrap_err();
    assert!(matches!(again, DeskFault::Ledger(LedgerFault::Event { sequence: it }) if it == sequence), "{again}");
}
