//! What a desk gives out to installations: bundles one after the other, each of which follows the last one.

use crate::common::*;
use activation_code::{Bundle, Day, IssuerNumber, LicenseNumber, Revision, Roots};
use countersign::desk::{self, DeskFault, Refused};
use countersign::ledger::{Action, By, IssuerState, Ledger, OperatorName};
use countersign::signer::{Signer as _, SoftwareKey};
use countersign::trust::BundleFile;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn today() -> Day {
    day("2027-03-05")
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_seed(&[seed; 32]).unwrap()
}

fn roots(seeds: &[u8]) -> Roots {
    Roots::new(1, seeds.iter().map(|seed| key(*seed).public_key())).unwrap()
}

fn publish(ledger: &mut Ledger, file: &BundleFile) -> Result<Bundle, DeskFault> {
    desk::publish_bundle(ledger, &session(today()), file)
}

/// What the desk would give out now, as somebody edits its own note, signed by the roots with these seeds.
fn edited(ledger: &mut Ledger, edit: impl Fn(String) -> String, seeds: &[u8]) -> BundleFile {
    let draft = desk::draft_bundle(ledger, today(), Some(&roots(&[20]))).unwrap();
    let mut file = BundleFile::parse(&edit(draft.to_string())).unwrap();
    seeds.iter().for_each(|seed| file.sign(&key(*seed)).unwrap());
    file
}

/// The next bundle, with these roots from it on.
fn next(ledger: &mut Ledger, to: &[u8], seeds: &[u8]) -> BundleFile {
    let mut file = desk::draft_bundle(ledger, today(), Some(&roots(to))).unwrap();
    seeds.iter().for_each(|seed| file.sign(&key(*seed)).unwrap());
    publish(ledger, &file).unwrap();
    file
}

#[test]
fn a_bundle_is_neither_too_far_ahead_nor_behind_the_last_one() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    let with = |number: u32, issued: &'static str| {
        move |text: String| {
            let replaced = |line: &str| match line.split_once(' ') {
                Some(("number", _)) => format!("number {number}\n"),
                Some(("issued", _)) => format!("issued {issued}\n"),
                _ => format!("{line}\n"),
            };
            text.lines().map(replaced).collect()
        }
    };
    for (number, issued) in [(1001, "2027-03-05"), (1, "2027-04-05")] {
        let ahead = edited(ledger, with(number, issued), &[20]);
        let refused = publish(ledger, &ahead);
        let Err(DeskFault::Refused(Refused::Bundle(what))) = &refused else { panic!("{refused:?}") };
        assert_eq!(what, &format!("bundle {number} of {issued} is too far ahead of the last one and of today"));
    }
    let last = edited(ledger, with(1000, "2027-04-04"), &[20]);
    publish(ledger, &last).unwrap();
    for number in [999, 1000] {
        let behind = edited(ledger, with(number, "2027-04-04"), &[20]);
        let refused = publish(ledger, &behind);
        let Err(DeskFault::Refused(Refused::BundleNumber { found, wanted })) = refused else { panic!("{refused:?}") };
        assert_eq!((found, wanted), (number, 1001));
    }
    let older = edited(ledger, with(1001, "2027-04-03"), &[20]);
    assert!(
        matches!(publish(ledger, &older), Err(DeskFault::Refused(Refused::Bundle(what))) if what.contains("dated"))
    );
    // The day of the one before, though the desk's own clock shows an earlier one.
    let draft = desk::draft_bundle(ledger, today(), None).unwrap().bundle().unwrap();
    assert_eq!((draft.number, draft.issued), (1001, day("2027-04-04")));
    let farthest = edited(ledger, with(2000, "2027-04-04"), &[20]);
    assert_eq!(publish(ledger, &farthest).unwrap().number, 2000);
}

#[test]
fn whoever_slept_follows_the_changes_of_the_roots() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    let numbers = |file: &BundleFile| file.notes().unwrap().iter().map(|(_, it)| it.number).collect::<Vec<_>>();
    assert_eq!(numbers(&next(ledger, &[20], &[20])), [1]);
    assert_eq!(numbers(&next(ledger, &[20], &[20])), [2]);
    // Who signs a change sees what it follows: the last bundle, which the former roots have signed.
    assert_eq!(numbers(&next(ledger, &[21], &[20, 21])), [2, 3]);
    assert_eq!(numbers(&next(ledger, &[21], &[21])), [3, 4]);
    assert_eq!(numbers(&next(ledger, &[21], &[21])), [3, 5]);
    assert_eq!(numbers(&next(ledger, &[22], &[21, 22])), [3, 5, 6]);
    let last = next(ledger, &[22], &[22]);
    assert_eq!(numbers(&last), [3, 6, 7]);
    for trusted in [20, 21, 22] {
        assert_eq!(last.verify(&roots(&[trusted])).unwrap().number, 7, "{trusted}");
    }
    last.verify(&roots(&[23])).unwrap_err();
}

#[test]
fn a_ledger_that_was_put_back_learns_from_the_bundle_what_it_forgot() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    for _ in 0..3 {
        issue(ledger, &test_key(), &order(today(), None), today()).unwrap();
    }
    next(ledger, &[20], &[20]);
    let copies = [desk.copy(), desk.copy(), desk.copy()];
    let by = By { operator: OperatorName::first(), day: today() };
    revoke(ledger, &session(today()), license(1), None).unwrap();
    revoke(ledger, &session(today()), license(2), Some(Revision::FIRST)).unwrap_err();
    let limits = "units=500".parse().unwrap();
    desk::limit_issuer(ledger, &session(today()), IssuerNumber::new(1).unwrap(), &limits).unwrap();
    let second = next(ledger, &[20], &[20]);
    let third = next(ledger, &[20], &[20]);
    let knows = |ledger: &mut Ledger| {
        let license = desk::find_license(ledger, license(1)).unwrap();
        let (_, rule) = desk::issuer_rules(ledger).unwrap().remove(0);
        (license.is_revoked(), rule.limits.units.is_some())
    };
    let restored = |ledger: &mut Ledger| {
        ledger.write(|book| book.record(&by, Action::Restored, None, "{}".to_owned())).unwrap();
    };
    // Put back, it learns; and once only.
    let one = &mut copies[0].ledger();
    restored(one);
    publish(one, &second).unwrap();
    assert_eq!(knows(one), (true, true));
    let before = head(one);
    publish(one, &third).unwrap();
    let actions: Vec<_> = events_after(one, before).iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::BundlePublished]);
    // Never put back, it was not told, and yet takes nothing back.
    let other = &mut copies[1].ledger();
    publish(other, &second).unwrap();
    assert_eq!(knows(other), (false, false));
    let draft = desk::draft_bundle(other, today(), None).unwrap().bundle().unwrap();
    assert_eq!(draft.revoked, [(license(1), None)]);
    assert_eq!(draft.issuers[0].limits.units, None);
    // Put back before the last bundle that it knows, it has learned from that.
    let third_copy = &mut copies[2].ledger();
    restored(third_copy);
    next(third_copy, &[20], &[20]);
    publish(third_copy, &third).unwrap();
    assert_eq!(knows(third_copy), (false, false));
}

#[test]
fn a_desk_that_was_never_put_back_learns_nothing_from_its_first_bundle() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    issue(ledger, &test_key(), &order(today(), None), today()).unwrap();
    let revoking = |text: String| text.replacen("\nproduct ", "\nrevoked 1 all\nproduct ", 1);
    let file = edited(ledger, revoking, &[20]);
    assert_eq!(publish(ledger, &file).unwrap().revoked, [(license(1), None)]);
    assert!(!desk::find_license(ledger, license(1)).unwrap().is_revoked());
}

#[test]
fn a_key_that_a_bundle_calls_void_signs_no_more() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    let prepared = activation_code::PinnedIssuer { number: IssuerNumber::new(2).unwrap(), key: key(5).public_key() };
    desk::prepare_issuer(ledger, &session(today()), prepared).unwrap();
    let void = edited(
        ledger,
        |text| {
            let line =
                |line: &str| if line.starts_with("issuer 1 ") { format!("{line} void\n") } else { format!("{line}\n") };
            text.lines().map(line).collect()
        },
        &[20],
    );
    publish(ledger, &void).unwrap();
    let states: Vec<_> = desk::issuer_rules(ledger).unwrap().into_iter().map(|(_, rule)| rule.state).collect();
    assert_eq!(states[0], IssuerState::Stolen);
    assert_ne!(states[1], IssuerState::Stolen);
    let issued = issue(ledger, &test_key(), &order(today(), None), today());
    assert!(matches!(issued, Err(DeskFault::NoIssuer)), "{issued:?}");
}

#[test]
fn a_root_is_no_issuing_key() {
    let desk = Desk::in_memory();
    let ledger = &mut desk.ledger();
    let both = Roots::new(1, [test_key().public_key()]).unwrap();
    let refused = desk::draft_bundle(ledger, today(), Some(&both));
    assert!(matches!(&refused, Err(DeskFault::Refused(Refused::Bundle(what))) if what.contains("is an issuing key")));
}
