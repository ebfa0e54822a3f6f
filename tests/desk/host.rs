//! What the desk issues, the host accepts; and the host says what the desk meant.

use crate::common::*;
use activation_code::*;
use activation_host::inspect::{Inspection, Outcome, Question};
use countersign::desk::{self, Asked, Change, DeskFault, Order, Refused};
use countersign::ledger::{CustomerNumber, Ledger, OrderReference};
use proptest::prelude::*;
use std::cell::RefCell;

fn host_trust() -> Trust {
    Trust::pinned(Purpose::Testing, [ISSUER.parse().unwrap()]).unwrap()
}

prop_compose! {
    /// An order that the rules of the desk allow, and the day on which it comes.
    fn any_order()(
        product in prop::sample::select(vec![7u16, 8, 9, 10]),
        units in prop_oneof![Just(1u32), Just((1 << 24) - 1), 1u32..1 << 24],
        issued in prop_oneof![Just(2048i32), Just(30720), 2048i32..=30720],
        ahead in prop_oneof![Just(-2048i32), Just(2047), Just(0), -2048i32..2048],
        days in prop_oneof![Just(1i32), Just(8192), 1i32..=8192],
        evaluation: bool,
        test: bool,
        grace in prop::option::of(any::<u8>()),
        host in prop::option::of(any::<u32>()),
        features in prop::option::of(any::<u16>()),
        holder in prop::option::of(prop_oneof![
            Just("株式会社例".to_owned()), Just("x".repeat(64)), "[a-zA-Z0-9äöü&.-]{1,20}",
        ]),
        reference in prop::option::of("[A-Z]{2}-[0-9]{12}"),
    ) -> (Order, Option<OrderReference>, Day) {
        let issued = day(issued);
        let first = issued.plus(ahead).unwrap();
        let order = Order {
            customer: CustomerNumber::new(1).unwrap(),
            product: ProductId::new(product).unwrap(),
            units: Units::new(units).unwrap(),
            period: MaintenancePeriod::new(first, first.plus(days - 1).unwrap()).unwrap(),
            kind: evaluation.then_some(Kind::Evaluation),
            test,
            grace,
            host: host.map(HostId),
            features: features.map(Features),
            holder: holder.map(|name| Holder::new(&name).unwrap()),
            registration_key: None,
        };
        (order, reference.map(|text| text.parse().unwrap()), issued)
    }
}

/// Days since 2020-01-01, which is the first that a code can carry.
fn day(days: i32) -> Day {
    "2020-01-01".parse::<Day>().unwrap().plus(days).unwrap()
}

/// The code as letters, as digits, and with its rows alternately in both.
fn spellings(code: &ActivationCode) -> [String; 4] {
    let (letters, digits) = (code.letters(), code.digits());
    let label = |rows: Vec<&String>| -> String {
        rows.iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}\n")).collect()
    };
    let mixed = letters.iter().zip(&digits).enumerate();
    let mixed = mixed.map(|(i, (letters, digits))| if i % 2 == 0 { letters } else { digits }).collect();
    [label(letters.iter().collect()), label(digits.iter().collect()), label(mixed), code.transport()]
}

#[test]
fn what_the_desk_issues_the_host_accepts() {
    let room = Desk::new();
    let ledger: RefCell<Ledger> = RefCell::new(room.ledger());
    let trust = host_trust();
    let key = test_key();
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((order, reference, today) in any_order())| {
        let mut ledger = ledger.borrow_mut();
        let asked = |order: &Order| Asked { change: Change::Issue(order.clone()), reference: reference.clone() };
        let issued = issue(&mut ledger, &key, &asked(&order), today).unwrap();
        let terms = issued.license.terms();
        prop_assert_eq!(terms.issued, today);
        prop_assert_eq!((terms.product, terms.units, terms.period), (order.product, order.units, order.period));
        prop_assert_eq!((terms.test, terms.grace, terms.host), (order.test, order.grace, order.host));
        prop_assert_eq!((terms.features, &terms.holder), (order.features, &order.holder));
        let usual = if order.product.get() == 10 { Kind::Service } else { Kind::Full };
        prop_assert_eq!(terms.kind, order.kind.unwrap_or(usual));
        let target = Target { products: vec![order.product], host: order.host };
        let question = Question { target, ..Question::on(order.period.first().max(today)) };
        for text in spellings(issued.license.code()) {
            let inspection = Inspection::of(&text, &trust, &question);
            prop_assert_eq!(inspection.outcome, Outcome::Accepted, "{:?}\n{}", inspection.obstacle, text);
            prop_assert_eq!(inspection.terms(), Some(terms));
            prop_assert_eq!(inspection.code.as_ref(), Some(issued.license.code()));
        }
        // A suite's code is good for its members too, and for nothing else.
        let target = |product: u16| Target { products: vec![ProductId::new(product).unwrap()], host: order.host };
        prop_assert_eq!(issued.license.fits(&target(7)).is_ok(), [7, 9].contains(&order.product.get()));
        prop_assert!(issued.license.fits(&target(11)).is_err());
        // The same order again, on another day.
        if reference.is_some() {
            let again = issue(&mut ledger, &key, &asked(&order), today.plus(1).unwrap()).unwrap();
            prop_assert_eq!(again.license.code().transport(), issued.license.code().transport());
            let other = Order { units: Units::new(order.units.get() ^ 2).unwrap_or(order.units), ..order.clone() };
            let refused = issue(&mut ledger, &key, &asked(&other), today);
            let refused = matches!(refused, Err(DeskFault::Refused(Refused::OtherTerms { .. })));
            prop_assert!(refused, "other terms under the same reference");
        }
    });
    drop(ledger);
    room.assert_ledger_is_sound();
}

/// The order of [`order`] itself.
fn plain(first: Day) -> Order {
    match order(first, None).change {
        Change::Issue(order) => order,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_part_of_an_order_counts_when_its_reference_comes_again() {
    let room = Desk::new();
    let mut ledger = room.ledger();
    let first: Day = "2030-01-01".parse().unwrap();
    let plain = plain(first);
    let po_1 = |order: &Order| Asked { change: Change::Issue(order.clone()), reference: "PO-1".parse().ok() };
    let name = "Somebody else".parse().unwrap();
    desk::add_customer(&mut ledger, &session(first), &name, None, [2; 16]).unwrap();
    issue(&mut ledger, &test_key(), &po_1(&plain), first).unwrap();
    let later = MaintenancePeriod::new(first, first.plus(365).unwrap()).unwrap();
    let others = [
        Order { customer: CustomerNumber::new(2).unwrap(), ..plain.clone() },
        Order { product: ProductId::new(8).unwrap(), ..plain.clone() },
        Order { product: ProductId::new(9).unwrap(), ..plain.clone() },
        Order { units: Units::new(11).unwrap(), ..plain.clone() },
        Order { period: later, ..plain.clone() },
        Order { kind: Some(Kind::Evaluation), ..plain.clone() },
        Order { test: true, ..plain.clone() },
        Order { grace: Some(30), ..plain.clone() },
        Order { host: Some(HostId(0)), ..plain.clone() },
        Order { features: Some(Features(0)), ..plain.clone() },
        Order { holder: Holder::new("X").ok(), ..plain.clone() },
    ];
    for other in others {
        let refused = issue(&mut ledger, &test_key(), &po_1(&other), first).unwrap_err();
        assert!(matches!(refused, DeskFault::Refused(Refused::OtherTerms { .. })), "{other:?}");
    }
    // Saying aloud what goes without saying changes nothing.
    issue(&mut ledger, &test_key(), &po_1(&Order { kind: Some(Kind::Full), ..plain }), first).unwrap();
    assert_eq!(licenses(&mut ledger).len(), 1);
}

#[test]
fn an_order_that_a_rule_refuses_leaves_no_trace() {
    let room = Desk::new();
    let mut ledger = room.ledger();
    let first: Day = "2030-01-01".parse().unwrap();
    let plain = plain(first);
    let far = MaintenancePeriod::new(first, first.plus(8192).unwrap()).unwrap();
    for refused in [
        Order { customer: CustomerNumber::new(2).unwrap(), ..plain.clone() },
        Order { product: ProductId::new(99).unwrap(), ..plain.clone() },
        Order { period: far, ..plain.clone() },
        Order { kind: Some(Kind::Service), ..plain.clone() },
        Order { product: ProductId::new(10).unwrap(), kind: Some(Kind::Full), ..plain.clone() },
    ] {
        let refused = Change::Issue(refused).into();
        desk::preview(&mut ledger, &session(first), &refused).unwrap_err();
        issue(&mut ledger, &test_key(), &refused, first).unwrap_err();
    }
    assert!(licenses(&mut ledger).is_empty());
    let issued = issue(&mut ledger, &test_key(), &Change::Issue(plain).into(), first).unwrap();
    assert_eq!(issued.license.terms().license.get(), 1);
}

#[test]
fn digits_are_a_customers_number_and_never_a_name() {
    let room = Desk::new();
    let mut ledger = room.ledger();
    let session = session("2030-01-01".parse().unwrap());
    for digits in ["1", "4711"] {
        let refused = desk::add_customer(&mut ledger, &session, &digits.parse().unwrap(), None, [3; 16]).unwrap_err();
        assert!(matches!(refused, DeskFault::Refused(Refused::NumberAsName(name)) if name == digits));
    }
    let two = desk::add_customer(&mut ledger, &session, &"Second".parse().unwrap(), None, [3; 16]).unwrap();
    let three = desk::add_customer(&mut ledger, &session, &"4711 Cologne".parse().unwrap(), None, [3; 16]).unwrap();
    assert_eq!(desk::find_customer(&mut ledger, "1").unwrap().number.get(), 1);
    assert_eq!(desk::find_customer(&mut ledger, "2").unwrap(), two);
    assert_eq!(desk::find_customer(&mut ledger, "3").unwrap(), three);
    assert!(desk::find_customer(&mut ledger, "4711").is_err());
    for text in ["0", "", "+1", "1 ", "4294967297"] {
        assert!(desk::find_customer(&mut ledger, text).is_err(), "{text:?}");
    }
    // Nobody tells names apart by case.
    assert_eq!(desk::find_customer(&mut ledger, "example hospital TRUST").unwrap().number.get(), 1);
    let twice = desk::add_customer(&mut ledger, &session, &"SECOND".parse().unwrap(), None, [3; 16]).unwrap_err();
    assert!(matches!(twice, DeskFault::Refused(Refused::CustomerExists { .. })));
}
