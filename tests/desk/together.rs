//! Several desks at one ledger.

use crate::common::*;
use std::collections::BTreeSet;
use std::process::{Child, Stdio};

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
