//! Between looking at something and doing it somebody else does something: what was looked at is not done then.

use crate::common::*;
use activation_code::{Day, IssuerNumber, LicenseNumber, PinnedIssuer, ProductId, Roots};
use countersign::desk::{
    self, Asked, Change, DeskFault, Learning, Loss, Plan, Preview, ProductEdit, Reach, Refused, Rotation,
};
use countersign::ledger::{IssuerState, Ledger, Product, ProductKind, UnitType};
use countersign::signer::{Signer as _, SoftwareKey};

fn today() -> Day {
    "2027-03-05".parse().unwrap()
}

fn issuer(number: u16) -> IssuerNumber {
    IssuerNumber::new(number).unwrap()
}

fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_seed(&[seed; 32]).unwrap()
}

fn prepare(ledger: &mut Ledger, number: u16) {
    let prepared = PinnedIssuer { number: issuer(number), key: key(number as u8 + 10).public_key() };
    desk::prepare_issuer(ledger, &session(today()), prepared).unwrap();
}

/// The next bundle, edited as a text.
fn publish(ledger: &mut Ledger, edit: impl Fn(String) -> String) {
    let roots = Roots::new(1, [test_root().public_key()]).unwrap();
    let draft = desk::draft_bundle(ledger, today(), Some(&roots)).unwrap().to_string();
    let mut file = countersign::trust::BundleFile::parse(&edit(draft)).unwrap();
    file.sign(&test_root()).unwrap();
    desk::publish_bundle(ledger, &session(today()), &file).unwrap();
}

fn rotation(ledger: &mut Ledger, to: u16) -> Result<Rotation, DeskFault> {
    desk::preview_rotation(ledger, &session(today()), Some(issuer(to)), Learning::Bundle, &|_, _| {})
}

fn loss(ledger: &mut Ledger, of: u16) -> Loss {
    desk::preview_loss(ledger, &session(today()), issuer(of), &|_, _| {}).unwrap()
}

fn limit(ledger: &mut Ledger, of: u16, limits: &str) {
    desk::limit_issuer(ledger, &session(today()), issuer(of), &limits.parse().unwrap()).unwrap();
}

#[track_caller]
fn assert_changed<T: std::fmt::Debug>(result: Result<T, DeskFault>) {
    assert!(matches!(&result, Err(DeskFault::Refused(Refused::KeyChangedMeanwhile))), "{result:?}");
}

/// Issuer 1 in use, 2 and 3 prepared, all in a bundle.
fn three_keys() -> Desk {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    prepare(ledger, 2);
    prepare(ledger, 3);
    publish(ledger, |text| text);
    desk
}

#[test]
fn a_key_whose_place_or_limits_changed_is_looked_at_again_before_it_is_switched_to() {
    let master = three_keys();
    let switched = |meanwhile: &dyn Fn(&mut Ledger)| {
        let desk = master.copy();
        let ledger = &mut desk.ledger();
        let planned = rotation(ledger, 2).unwrap();
        meanwhile(ledger);
        desk::rotate(ledger, &session(today()), &planned)
    };
    switched(&|_| ()).unwrap();
    // The last day of issue alone is that of the day on which it ends.
    switched(&|ledger| limit(ledger, 3, "units=9")).unwrap();
    switched(&|ledger| limit(ledger, 1, "to=2027-03-09")).unwrap();
    assert_changed(switched(&|ledger| limit(ledger, 1, "units=9")));
    assert_changed(switched(&|ledger| limit(ledger, 2, "units=9")));
    assert_changed(switched(&|ledger| {
        let other = rotation(ledger, 3).unwrap();
        desk::rotate(ledger, &session(today()), &other).unwrap();
    }));
    assert_changed(switched(&|ledger| {
        let lost = loss(ledger, 2);
        desk::lose_issuer(ledger, &session(today()), &lost).unwrap();
    }));
}

#[test]
fn a_new_key_gets_a_number_above_those_of_the_desk() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    prepare(ledger, 3);
    let free = desk::free_issuers(ledger, &session(today())).unwrap();
    let numbers: Vec<u16> = free.iter().map(|(number, _)| number.get()).collect();
    assert_eq!(numbers[..2], [4, 5]);
    assert_eq!(numbers[numbers.len() - 2..], [IssuerNumber::MAX.get(), 2]);
}

#[test]
fn nobody_switches_to_a_key_that_the_bundle_does_not_know_as_it_is() {
    let desk = three_keys();
    let ledger = &mut desk.ledger();
    prepare(ledger, 4);
    let refused = rotation(ledger, 4);
    let Err(DeskFault::Refused(Refused::NotInBundle { issuer: of, bundle })) = refused else { panic!("{refused:?}") };
    assert_eq!((of, bundle), (issuer(4), Some(1)));
    let other = key(77).public_key().to_string();
    let line = move |line: &str| match line.strip_prefix("issuer 4 ") {
        Some(_) => format!("issuer 4 {other}\n"),
        None => format!("{line}\n"),
    };
    publish(ledger, |text| text.lines().map(&line).collect());
    let refused = rotation(ledger, 4);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::NotInBundle { .. }))), "{refused:?}");
    assert_eq!(rotation(ledger, 2).unwrap().bundle, Some(2));
}

#[test]
fn a_loss_that_was_said_or_changed_by_somebody_else_is_looked_at_again() {
    let master = three_keys();
    let lost = |of: u16, meanwhile: &dyn Fn(&mut Ledger)| {
        let desk = master.copy();
        let ledger = &mut desk.ledger();
        let planned = loss(ledger, of);
        meanwhile(ledger);
        let done = desk::lose_issuer(ledger, &session(today()), &planned);
        let states: Vec<_> = desk::issuer_rules(ledger).unwrap().into_iter().map(|(_, rule)| rule.state).collect();
        done.map(|()| states)
    };
    use IssuerState::{InUse, Prepared, Stolen};
    assert_eq!(lost(1, &|_| ()).unwrap(), [Stolen, InUse, Prepared]);
    assert_eq!(lost(3, &|_| ()).unwrap(), [InUse, Prepared, Stolen]);
    let rotate = |ledger: &mut Ledger| {
        let to = rotation(ledger, 2).unwrap();
        desk::rotate(ledger, &session(today()), &to).unwrap();
    };
    // Another key is in use by now; the lost one is, and needs a successor; and its successor was lost meanwhile.
    assert_changed(lost(1, &rotate));
    assert_changed(lost(2, &rotate));
    assert_changed(lost(1, &|ledger| {
        let other = loss(ledger, 2);
        desk::lose_issuer(ledger, &session(today()), &other).unwrap();
    }));
}

#[test]
fn who_stops_taking_codes_that_were_signed_again_gets_no_more() {
    let desk = three_keys();
    let ledger = &mut desk.ledger();
    for _ in 0..3 {
        issue(ledger, &test_key(), &order(today(), None), today()).unwrap();
    }
    let lost = loss(ledger, 1);
    desk::lose_issuer(ledger, &session(today()), &lost).unwrap();
    for change in desk::reissues(&lost) {
        desk::perform(ledger, &session(today()), &key(12), &change.into()).unwrap();
    }
    let mut taken = |most: usize| {
        let mut taken = 0;
        let each = |codes: Vec<desk::Issued>| {
            taken += codes.len();
            if taken < most { Ok(()) } else { Err(DeskFault::NoIssuer) }
        };
        let result = desk::each_reissued(ledger, today(), issuer(1), &|_, _| {}, each);
        (taken, result.is_ok())
    };
    assert_eq!((taken(9), taken(1), taken(2)), ((3, true), (1, false), (2, false)));
}

fn planned(ledger: &mut Ledger, asked: &Asked) -> Box<Plan> {
    match desk::preview(ledger, &session(today()), asked).unwrap() {
        Preview::Planned(plan) => plan,
        Preview::Before(_) => panic!("it is new"),
    }
}

fn carry_out(ledger: &mut Ledger, plan: &Plan) -> Result<Vec<u32>, DeskFault> {
    let issued = desk::carry_out(ledger, &session(today()), &test_key(), plan)?;
    Ok(issued.iter().map(|issued| issued.license.terms().license.get()).collect())
}

#[test]
fn what_would_be_sold_by_other_terms_than_were_looked_at_is_not_sold() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    let members = |ids: &[u16]| ids.iter().map(|id| ProductId::new(*id).unwrap()).collect::<Vec<_>>();
    let (id, mnemonic, name) = (ProductId::new(99).unwrap(), "ALL-99".parse().unwrap(), "All".parse().unwrap());
    let suite = Product::new(id, mnemonic, name, UnitType::Endpoints, ProductKind::Suite);
    let suite = Product { members: members(&[7]), ..suite };
    let suite = desk::add_product(ledger, &session(today()), &suite).unwrap();
    let Asked { change: Change::Issue(order), .. } = order(today(), None) else { unreachable!() };
    let of_suite = Asked::from(Change::Issue(desk::Order { product: suite.id, ..order.clone() }));
    let (of_suite, plain) = (planned(ledger, &of_suite), planned(ledger, &Change::Issue(order.clone()).into()));
    // Somebody else buys meanwhile, which changes the number and nothing else.
    issue(ledger, &test_key(), &Change::Issue(order).into(), today()).unwrap();
    assert_eq!(carry_out(ledger, &plain).unwrap(), [2]);
    let edit = ProductEdit::Members(members(&[7, 8]));
    desk::change_product(ledger, &session(today()), suite.id, &[edit]).unwrap();
    let refused = carry_out(ledger, &of_suite);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::ChangedMeanwhile))), "{refused:?}");
    let more =
        Change::AddUnits { license: LicenseNumber::new(1).unwrap(), more: "5".parse().unwrap(), reach: Reach::License };
    let (one, other) = (planned(ledger, &more.clone().into()), planned(ledger, &more.into()));
    carry_out(ledger, &one).unwrap();
    let refused = carry_out(ledger, &other);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::ChangedMeanwhile))), "{refused:?}");
    assert_eq!(licenses(ledger).len(), 2);
}
