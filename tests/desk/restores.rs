//! What a copy that takes the place of a ledger has to know of it: which numbers were given away since, and who was
//! purged.

use crate::common::*;
use activation_code::{Day, LicenseNumber};
use countersign::desk::{self, Change, Length, Present, PresentLedger, Restored, Restoring};
use countersign::ledger::{Action, By, CustomerNumber, Ledger, OperatorName, Replacement};
use std::fs;
use std::path::{Path, PathBuf};

fn today() -> Day {
    "2027-03-05".parse().unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn copy(desk: &Desk) -> PathBuf {
    let path = desk.room().join("copy");
    fs::write(&path, "").unwrap();
    desk.ledger().copy_to(&path, &|_, _| {}).unwrap();
    path
}

fn put_back(desk: &Desk, copy: &Path, skip: (u32, u16)) -> (Present, Restored) {
    let mut replacement = Replacement::of(&desk.ledger_path(), copy, &|_, _| {}).unwrap();
    let present = Present::beside(&mut replacement).unwrap();
    let restoring = Restoring { skip_numbers: skip.0, skip_revisions: skip.1, printed: &[], customer: None };
    let restored = desk::restore(&mut replacement, &present, &session(today()), &restoring).unwrap();
    replacement.put_in_place(today()).unwrap();
    (present, restored)
}

fn sell(ledger: &mut Ledger) -> LicenseNumber {
    issue(ledger, &test_key(), &order(today(), None), today()).unwrap().entry.terms.license
}

fn renew(ledger: &mut Ledger, number: u32) -> u16 {
    let length = Length::Term("1y".parse().unwrap());
    let change = Change::Renew { license: license(number), length, units: None };
    issue(ledger, &test_key(), &change.into(), today()).unwrap().entry.terms.revision.get()
}

fn customer(ledger: &mut Ledger, name: &str) -> CustomerNumber {
    desk::add_customer(ledger, &session(today()), &name.parse().unwrap(), None, [3; 16]).unwrap().number
}

fn purge(ledger: &mut Ledger, customer: CustomerNumber) {
    let seen = desk::preview_purge(ledger, &session(today()), customer).unwrap();
    desk::purge(ledger, &session(today()), &seen, &"a mistake".parse().unwrap()).unwrap();
}

fn next_revisions(ledger: &mut Ledger) -> Vec<u16> {
    licenses(ledger).into_iter().map(|(license, _)| license.next_revision).collect()
}

#[test]
fn what_the_present_ledger_has_given_away_is_not_given_away_again() {
    let desk = Desk::in_memory();
    let mut opened = desk.ledger();
    let ledger = &mut opened;
    let second = customer(ledger, "Second");
    let third = customer(ledger, "Third");
    purge(ledger, third);
    for _ in 0..3 {
        sell(ledger);
    }
    renew(ledger, 2);
    // The last event that both have is the sale of license 4.
    sell(ledger);
    let (copy, common) = (copy(&desk), head(ledger));
    assert_eq!(renew(ledger, 1), 2);
    assert_eq!(renew(ledger, 2), 3);
    revoke(ledger, &session(today()), license(3), None).unwrap();
    assert_eq!(sell(ledger), license(5));
    purge(ledger, second);
    let fourth = customer(ledger, "Fourth");
    purge(ledger, fourth);
    let events = head(ledger);
    drop(opened);
    let (present, restored) = put_back(&desk, &copy, (0, 0));
    let Present::Ledger(PresentLedger { same_desk, events: had, common: both, purged, .. }) = &present else {
        panic!("{present:?}")
    };
    assert_eq!((*same_desk, *had, *both, &purged[..]), (true, events, common, &[second][..]));
    assert_eq!(present.lost(), Some(events - common));
    assert_eq!((restored.copied.events, restored.next_license), (common, 6));
    let ledger = &mut desk.ledger();
    // The third was only revoked, and the fourth is as it was.
    assert_eq!(next_revisions(ledger), [3, 4, 2, 2]);
    assert_eq!((renew(ledger, 1), renew(ledger, 2), renew(ledger, 4)), (3, 4, 2));
    assert_eq!(sell(ledger), license(6));
}

#[test]
fn a_counter_that_somebody_set_is_followed_for_a_million_numbers() {
    for (counter, wanted) in [(1_000_002, 1_000_002), (1_000_003, 1_000_002)] {
        let desk = Desk::in_memory();
        let mut ledger = desk.ledger();
        sell(&mut ledger);
        let copy = copy(&desk);
        let by = By { operator: OperatorName::first(), day: today() };
        ledger
            .write(|book| {
                book.set_next_license_number(counter)?;
                book.record(&by, Action::Restored, None, "{}".to_owned()).map(drop)
            })
            .unwrap();
        drop(ledger);
        assert_eq!(put_back(&desk, &copy, (0, 0)).1.next_license, wanted, "{counter}");
    }
}

#[test]
fn where_nobody_can_say_what_was_given_away_numbers_skip_ahead_each_time() {
    let desk = Desk::in_memory();
    sell(&mut desk.ledger());
    let copy = copy(&desk);
    // It is there, and says all.
    assert_eq!(put_back(&desk, &copy, (10, 3)).1.next_license, 2 + 10);
    assert_eq!(next_revisions(&mut desk.ledger()), [2 + 3]);
    // It is gone, and one of an earlier time is kept: the second time that this may be put back.
    fs::remove_file(desk.ledger_path()).unwrap();
    let (present, restored) = put_back(&desk, &copy, (10, 3));
    assert!(matches!(present, Present::Missing { kept: 1 }) && present.lost().is_none(), "{present:?}");
    assert_eq!(restored.next_license, 2 + 2 * 10);
    assert_eq!(next_revisions(&mut desk.ledger()), [2 + 2 * 3]);
    fs::write(desk.ledger_path(), "no ledger").unwrap();
    let (present, restored) = put_back(&desk, &copy, (10, 3));
    assert!(matches!(present, Present::Unreadable { kept: 1, .. }), "{present:?}");
    assert_eq!(restored.next_license, 2 + 2 * 10);
    // No number is above the last one.
    fs::remove_file(desk.ledger_path()).unwrap();
    let (_, restored) = put_back(&desk, &copy, (u32::MAX, u16::MAX));
    assert_eq!(restored.next_license, LicenseNumber::MAX.get() + 1);
    assert_eq!(next_revisions(&mut desk.ledger()), [1024]);
}
