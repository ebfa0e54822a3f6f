//! Codes that were printed, read in again: which are known, which are new, and which contradict the ledger.

use crate::common::work::signed;
use crate::common::*;
use activation_code::{ActivationCode, Day, HostId, LicenseNumber, MaintenancePeriod, Terms};
use countersign::desk::{self, Change, DeskFault, ImportFault, Imported, Order, PrintedText, Refused};
use countersign::ledger::{CustomerNumber, Ledger};

fn today() -> Day {
    "2027-03-05".parse().unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

/// The code that the desk's key makes of terms.
fn printed(terms: Terms) -> String {
    let code = signed(SEED[0], terms);
    let code = ActivationCode::from_parts(&code.terms.to_payload().unwrap(), &code.signature).unwrap();
    code.letters().join("\n") + "\n"
}

fn read_in(ledger: &mut Ledger, texts: &[String]) -> Result<Imported, DeskFault> {
    let texts: Vec<_> =
        texts.iter().map(|text| PrintedText { name: "letter".to_owned(), text: text.clone() }).collect();
    desk::import(ledger, &session(today()), &texts, CustomerNumber::new(1))
}

/// How many are new, and how many known.
fn counts(imported: &Imported) -> (usize, u32) {
    (imported.codes.len(), imported.known)
}

#[track_caller]
fn assert_conflict(result: Result<Imported, DeskFault>) {
    let Err(DeskFault::Refused(Refused::Import(problems))) = &result else { panic!("{result:?}") };
    assert!(
        matches!(&problems[..], [problem] if matches!(problem.fault, ImportFault::Conflict { .. })),
        "{problems:?}"
    );
}

/// A desk with license 1, for any host, and license 2, for host 7; and what both say.
fn sold() -> (Desk, Ledger, [Terms; 2]) {
    let desk = Desk::in_memory();
    let mut ledger = desk.ledger();
    let Change::Issue(order) = order(today(), None).change else { unreachable!() };
    let terms = [None, Some(HostId(7))].map(|host| {
        let change = Change::Issue(Order { host, ..order.clone() });
        issue(&mut ledger, &test_key(), &change.into(), today()).unwrap().entry.terms
    });
    (desk, ledger, terms)
}

#[test]
fn a_code_is_known_or_contradicts_what_is_known() {
    let (_desk, mut ledger, [plain, bound]) = sold();
    let all = [printed(plain.clone()), printed(bound.clone())];
    assert_eq!(counts(&read_in(&mut ledger, &all).unwrap()), (0, 2));
    let yesterday = today().plus(-1).unwrap();
    for other in [
        Terms { units: "11".parse().unwrap(), ..plain.clone() },
        Terms { issued: yesterday, ..plain.clone() },
        // For the host that has the code already.
        Terms { issued: yesterday, ..bound },
        // For a host, with another last day.
        Terms {
            host: Some(HostId(7)),
            period: MaintenancePeriod::new(plain.period.first(), plain.period.last().plus(1).unwrap()).unwrap(),
            ..plain.clone()
        },
        Terms { host: Some(HostId(7)), units: "11".parse().unwrap(), ..plain },
    ] {
        assert_conflict(read_in(&mut ledger, &[printed(other)]));
    }
}

#[test]
fn a_code_for_one_more_host_is_read_in_once() {
    let (_desk, mut ledger, [plain, _]) = sold();
    let on = |host: u32| Terms { host: Some(HostId(host)), ..plain.clone() };
    let hosts = |ledger: &mut Ledger| {
        let codes = desk::bound_codes_of(ledger, plain.license).unwrap();
        codes.iter().map(|code| code.entry.terms.host.unwrap().0).collect::<Vec<_>>()
    };
    assert_eq!(counts(&read_in(&mut ledger, &[printed(on(7))]).unwrap()), (1, 0));
    assert_eq!(hosts(&mut ledger), [7]);
    assert_eq!(counts(&read_in(&mut ledger, &[printed(on(7))]).unwrap()), (0, 1));
    assert_eq!(counts(&read_in(&mut ledger, &[printed(on(8)), printed(on(7))]).unwrap()), (1, 1));
    assert_eq!(hosts(&mut ledger), [7, 8]);
    let later = today().plus(1).unwrap();
    assert_conflict(read_in(&mut ledger, &[printed(Terms { issued: later, ..on(7) })]));
}

#[test]
fn a_code_that_stands_twice_in_what_is_read_is_one() {
    let (_desk, mut ledger, [plain, _]) = sold();
    let lost = Terms { license: license(50), ..plain };
    let twice = [printed(lost.clone()), printed(lost.clone())];
    assert_eq!(counts(&read_in(&mut ledger, &twice).unwrap()), (1, 0));
    let other = Terms { license: license(51), ..lost };
    let more = Terms { units: "11".parse().unwrap(), ..other.clone() };
    assert_conflict(read_in(&mut ledger, &[printed(other), printed(more)]));
    assert_eq!(licenses(&mut ledger).len(), 3);
}
