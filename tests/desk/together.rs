//! Several desks at one ledger.

use crate::common::*;
use crate::jobs::{Job, Jobs};
use activation_code::{LicenseNumber, PublicKey, SIGNATURE_BYTES};
use activation_host::program::clock;
use countersign::desk::{self, Asked, Change, DeskFault, Length, Preview, Refused};
use countersign::signer::{Signer, SignerFault, SoftwareKey};
use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::sync::Barrier;

const DESKS: usize = 8;

/// Waits until all have ended.
pub fn all(children: Vec<Child>) -> Vec<Ran> {
    children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect()
}

#[test]
fn eight_desks_that_issue_at_once_all_succeed_and_share_no_number() {
    let room = Desk::new();
    let today = today();
    let mut numbers = BTreeSet::new();
    for round in 0..5 {
        let start = |desk| {
            let mut command = room.command(&room.order(&format!("PO-{round}-{desk}"), &today));
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        for ran in all((0..DESKS).map(start).collect()) {
            let license = ran.json()["license"].as_u64().unwrap();
            assert!(numbers.insert(license), "number {license} was used twice");
        }
    }
    assert_eq!(numbers.len(), 5 * DESKS);
    room.assert_ledger_is_sound();
}

/// As backups are, and what somebody else's tool has copied.
#[test]
fn eight_desks_that_open_a_ledger_without_a_log_at_once_all_succeed() {
    let room = Desk::new();
    let today = today();
    for round in 0..10 {
        let ledger = rusqlite::Connection::open(room.ledger_path()).unwrap();
        ledger.pragma_update(None, "journal_mode", "DELETE").unwrap();
        drop(ledger);
        let start = |desk| {
            let mut command = room.command(&room.order(&format!("PO-{round}-{desk}"), &today));
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        all((0..DESKS).map(start).collect()).iter().for_each(|ran| _ = ran.assert_done());
    }
    room.assert_ledger_is_sound();
}

#[test]
fn eight_desks_with_one_order_print_one_code() {
    let room = Desk::new();
    let today = today();
    let start = |_| {
        let mut command = room.command(&room.order("PO-1", &today));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ran = all((0..DESKS).map(start).collect());
    for other in &ran {
        assert_eq!(other.assert_done().out, ran[0].out);
    }
    assert_eq!(licenses(&mut room.ledger()).len(), 1);
}

/// Signs when somebody else is about to sign as well.
struct Waiting<'b> {
    key: SoftwareKey,
    both: &'b Barrier,
}

impl Signer for Waiting<'_> {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        self.both.wait();
        self.key.sign(message)
    }
}

fn renewal(license: LicenseNumber, reference: Option<&str>) -> Asked {
    let change = Change::Renew { license, length: Length::Term("1y".parse().unwrap()), units: None };
    Asked { change, reference: reference.map(|text| text.parse().unwrap()) }
}

/// What two desks get that have both looked at a change, both have numbers, and sign at the same moment.
fn at_the_same_moment(room: &Desk, asked: &[Asked; 2]) -> [Result<Vec<desk::Issued>, DeskFault>; 2] {
    let both = Barrier::new(2);
    let one = |asked: &Asked| {
        let mut ledger = room.ledger();
        let Preview::Planned(plan) = desk::preview(&mut ledger, &session(clock()), asked).unwrap() else {
            panic!("nobody was here before")
        };
        both.wait();
        let waiting = Waiting { key: test_key(), both: &both };
        desk::carry_out(&mut ledger, &session(clock()), &waiting, &plan)
    };
    std::thread::scope(|scope| {
        let [first, second] = asked.each_ref().map(|asked| scope.spawn(|| one(asked)));
        [first.join().unwrap(), second.join().unwrap()]
    })
}

#[test]
fn of_two_operators_who_renew_one_license_at_once_one_succeeds_and_one_is_told() {
    let room = Desk::in_memory();
    for _ in 0..20 {
        let license = issue(&mut room.ledger(), &test_key(), &order(clock(), None), clock()).unwrap();
        let license = license.entry.terms.license;
        let asked = [renewal(license, None), renewal(license, None)];
        let done = at_the_same_moment(&room, &asked);
        let told = |done: &Result<_, _>| matches!(done, Err(DeskFault::Refused(Refused::ChangedMeanwhile)));
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
        assert_eq!(done.iter().filter(|done| told(done)).count(), 1, "{done:?}");
        let codes = desk::codes_of(&mut room.ledger(), license).unwrap();
        assert_eq!(codes.len(), 2, "the first code and one renewal");
        // Asked again, it is the renewal after that one.
        issue(&mut room.ledger(), &test_key(), &asked[0], clock()).unwrap();
        let codes = desk::codes_of(&mut room.ledger(), license).unwrap();
        assert_eq!(codes[1].entry.period.last().plus(1), Some(codes[2].entry.period.first()));
    }
    room.assert_ledger_is_sound();
}

#[test]
fn two_operators_with_one_order_get_the_same_code() {
    let room = Desk::in_memory();
    for round in 0..20 {
        let license = issue(&mut room.ledger(), &test_key(), &order(clock(), None), clock()).unwrap();
        let reference = format!("PO-{round}");
        let asked = renewal(license.entry.terms.license, Some(&reference));
        let [one, other] = at_the_same_moment(&room, &[asked.clone(), asked]).map(Result::unwrap);
        assert_eq!(one[0].license.code().transport(), other[0].license.code().transport());
        assert_eq!(desk::codes_of(&mut room.ledger(), license.entry.terms.license).unwrap().len(), 2);
    }
    room.assert_ledger_is_sound();
}

#[test]
fn a_sale_and_a_transfer_or_a_revocation_at_once_do_not_pass_each_other() {
    let room = Desk::in_memory();
    let mut ledger = room.ledger();
    let name = "Example City Council".parse().unwrap();
    let council = desk::add_customer(&mut ledger, &session(clock()), &name, None, [2; 16]).unwrap().number;
    for revoked in [true, false] {
        let license = issue(&mut ledger, &test_key(), &order(clock(), None), clock()).unwrap().entry.terms.license;
        let meanwhile = || {
            let mut ledger = room.ledger();
            if revoked {
                revoke(&mut ledger, &session(clock()), license, None).unwrap();
            } else {
                transfer(&mut ledger, &session(clock()), license, council).unwrap();
            }
        };
        let interrupted = Interrupted { key: test_key(), meanwhile: &meanwhile };
        let done = issue(&mut ledger, &interrupted, &renewal(license, None), clock());
        assert!(matches!(done, Err(DeskFault::Refused(Refused::ChangedMeanwhile))), "{done:?}");
        assert_eq!(desk::codes_of(&mut ledger, license).unwrap().len(), 1);
    }
    drop(ledger);
    room.assert_ledger_is_sound();
}

/// Signs after something else has happened.
struct Interrupted<'m> {
    key: SoftwareKey,
    meanwhile: &'m dyn Fn(),
}

impl Signer for Interrupted<'_> {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        (self.meanwhile)();
        self.key.sign(message)
    }
}

#[test]
fn two_programs_that_renew_one_license_at_once_sell_every_day_once() {
    let room = Desk::new();
    let today = today();
    room.run(&room.order("PO-0", &today)).assert_done();
    let mut sold = 0;
    for round in 0..8 {
        // Every other time it is one order.
        let references = [format!("PO-{round}-a"), format!("PO-{round}-{}", if round % 2 == 0 { "a" } else { "b" })];
        let start = |reference: &String| {
            let mut command = room.command(&["--json", "renew", "1", "--term", "1m", "--order", reference]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let ran = all(references.iter().map(start).collect());
        let done: Vec<_> = ran.iter().filter(|ran| ran.code == Some(0)).collect();
        for refused in ran.iter().filter(|ran| ran.code != Some(0)) {
            refused.assert_complains(1);
            assert!(refused.err.contains("somebody else changed this license meanwhile"), "{refused:?}");
        }
        assert!(!done.is_empty(), "{ran:?}");
        let codes: BTreeSet<_> = done.iter().map(|ran| ran.json()["code"]["transport"].to_string()).collect();
        if round % 2 == 0 {
            assert_eq!((done.len(), codes.len()), (2, 1), "one order, one code: {ran:?}");
        } else {
            assert_eq!(done.len(), codes.len());
        }
        sold += codes.len();
    }
    let codes = desk::codes_of(&mut room.ledger(), "1".parse().unwrap()).unwrap();
    assert_eq!(codes.len(), 1 + sold);
    for pair in codes.windows(2) {
        assert_eq!(pair[0].entry.period.last().plus(1), Some(pair[1].entry.period.first()));
    }
    room.assert_ledger_is_sound();
}

#[test]
fn eight_desks_that_do_different_things_at_once_all_succeed() {
    let mut jobs = Jobs::new();
    let mut all_at_once = Vec::new();
    for round in 0..5 {
        // Renewals and added units are of licenses of their own.
        jobs.open_licenses();
        let mut tasks: Vec<_> = [Job::Issue, Job::Renew, Job::AddUnits, Job::Revoke, Job::Issue, Job::Revoke]
            .into_iter()
            .enumerate()
            .map(|(place, job)| jobs.task(job, &format!("PO-{round}-{place}")))
            .collect();
        let start = |arguments: &[&str]| {
            let mut command = jobs.room.command(arguments);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let mut children: Vec<_> = tasks.iter().map(|task| start(&task.arguments())).collect();
        let names = [0, 1].map(|place| format!("Customer {round}-{place}"));
        children.extend(names.iter().map(|name| start(&["--json", "customer", "add", name])));
        assert_eq!(children.len(), DESKS);
        let ran = all(children);
        for ran in &ran {
            ran.json();
        }
        all_at_once.extend(tasks.drain(..).zip(ran));
    }
    for (task, ran) in &all_at_once {
        jobs.finish(task, &ran.out);
    }
    jobs.assert_all_are_kept();
    assert_eq!(desk::customers(&mut jobs.room.ledger(), None, 99).unwrap().len(), 1 + 10);
    assert_eq!(jobs.orders(), 5 * 4);
}

#[test]
fn of_two_that_make_the_same_desk_one_succeeds() {
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    let start = |_| {
        let mut init = program(env!("CARGO_BIN_EXE_countersign"));
        init.arg("--desk").arg(room.path().join("desk"));
        init.arg("--passphrase-file").arg(&passphrase).args(["init", "--vendor", "Example Security"]);
        init.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ran = all((0..2).map(start).collect());
    assert_eq!(ran.iter().filter(|ran| ran.code == Some(0)).count(), 1, "{ran:?}");
    let other = ran.iter().find(|ran| ran.code != Some(0)).unwrap();
    other.assert_complains(1);
    assert!(other.err.contains("something is there already"), "{other:?}");
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 2);
}
