//! A crash at any moment loses nothing that was printed, and uses no number twice.

use crate::common::*;
use crate::jobs::*;
use countersign::desk::{Asked, Change, Length};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How many processes are killed, if nobody asks for more.
const KILLS: usize = 200;

#[test]
fn a_number_that_was_given_away_is_never_used_again() {
    let room = Desk::new();
    let first = "2030-01-01".parse().unwrap();
    let monday = "2029-12-03".parse().unwrap();
    let dying = Dying::new();
    issue(&mut room.ledger(), &dying, &order(first, Some("PO-1")), monday).unwrap_err();
    assert!(dying.signed.get().is_some());
    // What was signed was seen by nobody; the same order is served, under another number.
    let again = issue(&mut room.ledger(), &test_key(), &order(first, Some("PO-1")), monday).unwrap();
    assert_eq!(again.entry.terms.license.get(), 2);
    assert!(room.run(&["show", "1"]).err.contains("there is no license 1"));
    let renew = Asked::from(Change::Renew {
        license: again.entry.terms.license,
        length: Length::Term("1y".parse().unwrap()),
        units: None,
    });
    issue(&mut room.ledger(), &dying, &renew, monday).unwrap_err();
    let renewed = issue(&mut room.ledger(), &test_key(), &renew, monday).unwrap();
    assert_eq!(renewed.entry.terms.revision.get(), 3);
    room.assert_ledger_is_sound();
}

#[test]
fn an_order_that_was_committed_and_not_printed_gives_the_same_code() {
    let room = Desk::new();
    let first = "2030-01-01".parse().unwrap();
    let [monday, friday] = ["2029-12-03", "2029-12-07"].map(|day| day.parse().unwrap());
    let lost = issue(&mut room.ledger(), &test_key(), &order(first, Some("PO-1")), monday).unwrap();
    let again = issue(&mut room.ledger(), &test_key(), &order(first, Some("PO-1")), friday).unwrap();
    assert_eq!(again.license.code().letters(), lost.license.code().letters());
    assert_eq!(again.entry, lost.entry);
    assert_eq!(licenses(&mut room.ledger()).len(), 1);
}

#[test]
fn killed_at_random_moments_every_order_has_exactly_its_codes() {
    let wanted = std::env::var("COUNTERSIGN_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let mut jobs = Jobs::new();
    for (job, warm) in Job::ALL.into_iter().zip(["warm-1", "warm-2", "warm-3", "warm-4"]) {
        let task = jobs.task(job, warm);
        jobs.finish(&task, "");
    }
    // Nine of ten are killed, whatever else the machine does: what is missed makes us more impatient.
    let mut patience = Duration::from_millis(20);
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (mut kills, mut runs, mut acknowledged) = (0, 0, 0);
    while kills < wanted {
        runs += 1;
        assert!(runs < wanted * 10, "only {kills} of {runs} were killed in time");
        if runs % 200 == 0 {
            jobs.open_licenses();
        }
        let task = jobs.task(Job::ALL[runs % Job::ALL.len()], &format!("PO-{runs}"));
        let mut command = jobs.room.command(&task.arguments());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // Most of what matters happens in the second half.
        let share = if chance.below(2) == 0 { chance.below(1000) } else { 500 + chance.below(500) };
        std::thread::sleep(patience * share as u32 / 1000);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let killed = output.status.signal() == Some(9);
        kills += usize::from(killed);
        patience = if killed { patience.mul_f64(1.002) } else { patience.mul_f64(0.98) };
        let seen = String::from_utf8_lossy(&output.stdout);
        acknowledged += usize::from(!seen.is_empty());
        jobs.finish(&task, &seen);
    }
    jobs.assert_all_are_kept();
    let (vain, orders) = (jobs.given_away_in_vain(), jobs.orders());
    say(&format!(
        "{kills} of {runs} processes killed, {acknowledged} had printed, {vain} numbers given away in vain, \
         {orders} orders with their codes"
    ));
}

#[test]
fn killed_before_any_system_call_every_order_has_exactly_its_codes() {
    if !have("strace") {
        return;
    }
    const CALLS: &str = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,fcntl,munmap,close";
    let mut jobs = Jobs::new();
    let log = jobs.room.room().join("strace.log");
    let traced = |room: &Desk, extra: &[&str], task: &Task| {
        let command = room.command(&task.arguments());
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}")]).args(extra);
        strace.arg(command.get_program()).args(command.get_args()).env_remove("COUNTERSIGN_DESK");
        strace.stdin(Stdio::null()).output().unwrap()
    };
    for job in Job::ALL {
        let task = jobs.task(job, &format!("{job:?}"));
        assert!(traced(&jobs.room, &[], &task).status.success());
        let calls = calls_that_concern_the_ledger(&std::fs::read_to_string(&log).unwrap());
        jobs.finish(&task, "");
        let mut kills = 0;
        for (call, nth) in &calls {
            let task = jobs.task(job, &format!("{job:?}-{call}-{nth}"));
            let output = traced(&jobs.room, &["-e", &format!("inject={call}:signal=KILL:when={nth}")], &task);
            kills += usize::from(output.status.signal() == Some(9));
            jobs.finish(&task, &String::from_utf8_lossy(&output.stdout));
        }
        assert!(kills * 10 > calls.len() * 9, "{kills} kills at {} calls", calls.len());
        say(&format!("{job:?}: {kills} processes killed, one before each of {} system calls", calls.len()));
    }
    jobs.assert_all_are_kept();
}
