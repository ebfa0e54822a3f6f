//! A clock that can be wrong is asked about before anything is written by it.

use crate::common::*;
use activation_host::program::clock;
use countersign::desk::{self, Clock, DeskFault, Refused, Session};
use countersign::ledger::Ledger;

/// Makes the last entry of the ledger be of a day so many days from today.
fn last_entry(ledger: &mut Ledger, days: i32) {
    let today = clock().plus(days).unwrap();
    let name = format!("Written {days} days from today").parse().unwrap();
    desk::add_customer(ledger, &session(today), &name, None, [4; 16]).unwrap();
}

/// What the interface says.
const IDLE: i32 = 30;

#[test]
fn a_day_before_the_last_entry_or_long_after_it_needs_a_person_who_looked() {
    for (last, doubtful) in [(0, false), (-1, false), (-IDLE, false), (-IDLE - 1, true), (-400, true), (1, true)] {
        let desk = Desk::new();
        let mut ledger = desk.ledger();
        last_entry(&mut ledger, last);
        let before = head(&mut ledger);
        let unconfirmed = Session { clock: Clock::Unconfirmed, ..session(clock()) };
        let name = "Somebody".parse().unwrap();
        match desk::add_customer(&mut ledger, &unconfirmed, &name, None, [1; 16]) {
            Ok(_) => assert!(!doubtful, "{last}"),
            Err(DeskFault::Refused(Refused::ClockDoubtful { .. })) => assert!(doubtful, "{last}"),
            Err(fault) => panic!("{fault}"),
        }
        assert_eq!(head(&mut ledger) == before, doubtful);
        assert_eq!(desk::check_day(&mut ledger, &unconfirmed).is_err(), doubtful);
    }
}

#[test]
fn once_confirmed_a_day_is_the_last_one_and_nobody_is_asked_again() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    last_entry(&mut ledger, 5000);
    let unconfirmed = Session { clock: Clock::Unconfirmed, ..session(clock()) };
    let add = |ledger: &mut Ledger, session: &Session, name: &str| {
        desk::add_customer(ledger, session, &name.parse().unwrap(), None, [1; 16]).map(drop)
    };
    assert!(add(&mut ledger, &unconfirmed, "One").is_err());
    add(&mut ledger, &session(clock()), "One").unwrap();
    add(&mut ledger, &unconfirmed, "Two").unwrap();
}

#[test]
fn yes_to_a_sale_says_nothing_of_the_clock() {
    for last in [1, -IDLE - 1] {
        let desk = Desk::new();
        last_entry(&mut desk.ledger(), last);
        let before = head(&mut desk.ledger());
        let today = today();
        let order = desk.order("PO-1", &today);
        for arguments in [&order[..], &[&["--yes"], &order[..]].concat(), &["customer", "add", "X"]] {
            let ran = desk.run(arguments);
            ran.assert_complains(1);
            assert!(ran.err.contains(&format!("the clock shows {today}, and the last entry of the ledger is of")));
            assert!(ran.err.contains("--clock-is-right (--yes is not enough)"), "{ran:?}");
        }
        assert_eq!(head(&mut desk.ledger()), before);
        // What is read is read on any day.
        desk.run(&["customer", "list"]).assert_done();
        desk.run(&[&["--clock-is-right"], &order[..]].concat()).assert_done();
        desk.run(&["customer", "add", "X"]).assert_done();
    }
}

/// The same with the clock itself.
#[test]
fn a_desk_whose_clock_is_set_issues_nothing_until_somebody_has_looked() {
    if !have("faketime") {
        return;
    }
    let desk = Desk::new();
    let on = |days: i32, more: &[&str]| {
        let (day, first) = (clock().plus(days).unwrap().to_string(), today());
        desk.run_on(&day, &[more, &desk.order(&format!("PO-{days}"), &first)].concat())
    };
    for days in [-1, -2000, IDLE + 1, 3000] {
        on(days, &["--yes"]).assert_complains(1);
    }
    assert!(licenses(&mut desk.ledger()).is_empty());
    assert_eq!(on(IDLE, &[]).json()["terms"]["issued"], clock().plus(IDLE).unwrap().to_string());
    on(0, &[]).assert_complains(1);
    assert_eq!(on(0, &["--clock-is-right"]).json()["terms"]["issued"], today());
    desk.assert_ledger_is_sound();
}
