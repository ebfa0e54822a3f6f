//! Whatever happens while an old ledger is brought to this release's schema, it is the old one or the new one.

use super::schema::{Before, desk_of_the_first_release, issue_as_the_first_release};
use super::together::all;
use crate::common::*;
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

const DESKS: u32 = 8;

/// Opens the ledger under strace: a command that changes nothing itself.
fn open_traced(desk: &Desk, log: &Path, options: &[&str]) -> Ran {
    let list = desk.command(&["--json", "product", "list"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-o"]).arg(log).args(options);
    strace.arg(list.get_program()).args(list.get_args());
    run(strace.env_remove("COUNTERSIGN_DESK").stdin(Stdio::null()))
}

/// What writes, brings to the disk, makes or removes.
const CALLS: &str = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink";

/// An old desk, and the calls of opening it, by name and place.
fn old_desk_and_its_calls() -> (Desk, Before, Vec<(String, usize)>) {
    let master = desk_of_the_first_release("");
    issue_as_the_first_release(&master, "2029-12-03".parse().unwrap(), (4..20).map(|license| (license, 1)));
    let before = Before::of(&master);
    let room = master.copy();
    let log = room.room().join("strace.log");
    open_traced(&room, &log, &["-e", CALLS]).assert_done();
    before.assert_migrated(&room);
    let calls = calls_that_concern_the_ledger(&fs::read_to_string(&log).unwrap());
    (master, before, calls)
}

#[test]
fn killed_at_any_call_it_leaves_the_old_ledger_or_the_new_one() {
    if !have("strace") {
        return;
    }
    let (master, before, calls) = old_desk_and_its_calls();
    let (mut old, mut new) = (0, 0);
    for (call, nth) in &calls {
        let room = master.copy();
        let log = room.room().join("strace.log");
        let kill = format!("inject={call}:signal=KILL:when={nth}");
        if open_traced(&room, &log, &["-e", CALLS, "-e", &kill]).code.is_some() {
            continue;
        }
        let left = rusqlite::Connection::open(room.ledger_path()).unwrap();
        match left.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap() {
            1 => {
                assert_eq!(before, Before::of(&room), "{kill}");
                old += 1;
            }
            5 => new += 1,
            other => panic!("schema {other} after {kill}"),
        }
        drop(left);
        before.assert_migrated(&room);
    }
    assert!(old > 5 && new > 0, "{old} old and {new} new of {} calls", calls.len());
    say(&format!(
        "killed before each of {} calls: {old} times the old ledger was left, {new} times the new one",
        calls.len()
    ));
}

#[test]
fn a_disk_that_fails_at_any_call_leaves_the_old_ledger_or_the_new_one() {
    if !have("strace") {
        return;
    }
    let (master, before, calls) = old_desk_and_its_calls();
    let (mut faults, mut seen) = (0, 0);
    for (error, but) in
        [("EIO", &["unlink", "ftruncate"][..]), ("ENOSPC", &["unlink", "ftruncate", "fsync", "fdatasync"])]
    {
        for (call, nth) in calls.iter().filter(|(call, _)| !but.contains(&call.as_str())) {
            for still in ["", "+"] {
                let room = master.copy();
                let log = room.room().join("strace.log");
                let fault = format!("inject={call}:error={error}:when={nth}{still}");
                let ran = open_traced(&room, &log, &["-e", CALLS, "-e", &fault]);
                faults += 1;
                match ran.code {
                    Some(0) => {}
                    // Where standard error fails too there is nobody left to tell.
                    Some(2) if call == "write" && still == "+" => seen += 1,
                    _ => {
                        ran.assert_could_not();
                        seen += 1;
                    }
                }
                // The disk is mended.
                before.assert_migrated(&room);
            }
        }
    }
    assert!(seen > 10, "{seen} of {faults}");
    say(&format!("{faults} faults injected, {seen} of them seen by the clerk"));
}

#[test]
fn eight_desks_that_open_an_old_ledger_at_once_bring_it_over_once() {
    let today = today();
    let master = desk_of_the_first_release("DELETE FROM revision; DELETE FROM license;");
    issue_as_the_first_release(&master, today.parse().unwrap(), (1..=2000).map(|license| (license, 1)));
    let before = Before::of(&master);
    let start = |room: &Desk, arguments: &[&str]| {
        let mut command = room.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };

    let room = master.copy();
    let ran = all((0..DESKS).map(|_| start(&room, &["--json", "list"])).collect());
    for other in &ran {
        assert_eq!(other.assert_done().out, ran[0].out);
    }
    before.assert_migrated(&room);

    // Also where each of them has something to write.
    let room = master.copy();
    let mut numbers = BTreeSet::new();
    for ran in all((0..DESKS).map(|desk| start(&room, &room.order(&format!("PO-{desk}"), &today))).collect()) {
        numbers.insert(ran.json()["license"].as_u64().unwrap());
    }
    assert_eq!(numbers, (2001..2001 + u64::from(DESKS)).collect());
    room.assert_ledger_is_sound();
}

#[test]
fn an_old_ledger_that_cannot_be_written_says_what_to_do_and_stays_as_it_is() {
    let stranger = Stranger::new();
    let desk = desk_of_the_first_release("");
    let before = Before::of(&desk);
    stranger.give(desk.room());
    for (ledger, folder) in [(0o400, 0o500), (0o400, 0o700), (0o600, 0o500)] {
        let whole = fs::read(desk.ledger_path()).unwrap();
        fs::set_permissions(desk.ledger_path(), Permissions::from_mode(ledger)).unwrap();
        fs::set_permissions(desk.folder(), Permissions::from_mode(folder)).unwrap();
        let mut list = stranger.command(&["--desk"]);
        let ran = run(list.arg(desk.folder()).arg("list"));
        fs::set_permissions(desk.folder(), Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(desk.ledger_path(), Permissions::from_mode(0o600)).unwrap();
        ran.assert_could_not();
        assert!(ran.err.contains("ledger.sqlite: the ledger: it cannot be written\n"), "{ran:?}");
        assert!(ran.err.contains("let this user write to the desk's folder and to the files in it"), "{ran:?}");
        assert_eq!(fs::read(desk.ledger_path()).unwrap(), whole);
    }
    before.assert_migrated(&desk);
}
