//! A disk that fails or is full: nothing that was acknowledged is lost, and the answer is a sentence.

use crate::common::*;
use crate::jobs::{Job, Jobs, codes};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a command of the desk under strace, with its log at `log`.
pub fn strace(log: &Path, options: &[&str], command: &Command) -> Ran {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-o"]).arg(log).args(options);
    strace.arg(command.get_program()).args(command.get_args());
    run(strace.env_remove("COUNTERSIGN_DESK").stdin(Stdio::null()))
}

/// A call that fails once, and one that fails from then on, as a full disk does.
const FAULTS: [(&str, &[&str]); 2] =
    [("EIO", &["openat", "pwrite64", "write", "fsync", "fdatasync"]), ("ENOSPC", &["openat", "pwrite64", "write"])];

#[test]
fn a_disk_that_fails_at_any_call_loses_nothing_that_was_acknowledged() {
    if !have("strace") {
        return;
    }
    let today = today();
    let master = Desk::new();
    let before = master.run(&master.order("PO-0", &today)).json();
    let wanted = "trace=openat,pwrite64,write,fsync,fdatasync";
    let issue = master.order("PO-1", &today);
    let renew = ["--json", "renew", "1", "--term", "1y", "--order", "PO-1"];
    for (job, arguments, number) in [("issue", &issue[..], "license"), ("renew", &renew[..], "revision")] {
        let room = master.copy();
        let log = room.room().join("strace.log");
        strace(&log, &["-e", wanted], &room.command(arguments)).assert_done();
        let calls = calls_that_concern_the_ledger(&std::fs::read_to_string(&log).unwrap());
        let (mut injections, mut failed) = (0, 0);
        for (error, names) in FAULTS {
            for (name, nth) in calls.iter().filter(|(name, _)| names.contains(&name.as_str())) {
                for still in ["", "+"] {
                    let room = master.copy();
                    let fault = format!("inject={name}:error={error}:when={nth}{still}");
                    let ran = strace(&log, &["-e", wanted, "-e", &fault], &room.command(arguments));
                    injections += 1;
                    match ran.code {
                        Some(0) => {
                            ran.json();
                        }
                        // Where standard error fails too there is nobody left to tell.
                        Some(2) if name == "write" && still == "+" => assert_eq!(ran.out, ""),
                        _ => ran.assert_could_not(),
                    }
                    failed += usize::from(ran.code != Some(0));
                    // The disk is mended.
                    let old = room.run(&room.order("PO-0", &today)).json();
                    assert_eq!(old, before, "{fault}");
                    let now = room.run(arguments).json();
                    // The next number, or the one after: one that was given away in vain is not used again.
                    assert!([2, 3].map(Into::into).contains(&now[number]), "{fault}: {now:?}");
                    assert!(ran.code != Some(0) || ran.json()["code"] == now["code"], "{fault}");
                    room.assert_ledger_is_sound();
                }
            }
        }
        assert!(failed > 0);
        say(&format!("{job}: {injections} faults injected, {failed} of them seen by the clerk"));
    }
}

#[test]
fn init_on_a_disk_that_fails_leaves_nothing_behind() {
    if !have("strace") {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    let log = room.path().join("log");
    for fault in
        ["pwrite64:error=ENOSPC:when=1+", "write:error=ENOSPC:when=1", "fsync:error=EIO:when=2", "rename:error=EIO"]
    {
        let mut init = program(env!("CARGO_BIN_EXE_countersign"));
        init.arg("--desk").arg(room.path().join("desk"));
        init.arg("--passphrase-file").arg(&passphrase).args(["init", "--vendor", "Example Security"]);
        let ran = strace(&log, &["-e", &format!("inject={fault}")], &init);
        ran.assert_could_not();
        let mut left: Vec<_> =
            std::fs::read_dir(room.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["log", "passphrase"], "{fault}");
    }
}

#[test]
fn a_killed_init_leaves_a_whole_desk_or_none() {
    if !have("strace") {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    let (mut killed, mut whole) = (0, 0);
    for call in ["mkdir:signal=KILL:when=1", "rename:signal=KILL:when=1"]
        .map(str::to_owned)
        .into_iter()
        .chain((1..).map(|nth: u32| format!("fsync:signal=KILL:when={nth}")))
    {
        let folder = room.path().join("desk");
        let mut init = program(env!("CARGO_BIN_EXE_countersign"));
        init.arg("--desk").arg(&folder).arg("--passphrase-file").arg(&passphrase);
        init.args(["init", "--vendor", "Example Security"]);
        let ran = strace(&room.path().join("log"), &["-e", &format!("inject={call}")], &init);
        if folder.exists() {
            let mut issuer = program(env!("CARGO_BIN_EXE_countersign"));
            assert!(run(issuer.arg("--desk").arg(&folder).arg("issuer")).assert_done().out.starts_with("1:"), "{call}");
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "{call}");
            std::fs::remove_dir_all(&folder).unwrap();
            whole += 1;
        }
        match ran.code {
            Some(_) => break,
            None => killed += 1,
        }
    }
    assert!(killed > 4 && whole > 0, "{killed} killed, {whole} whole");
}

/// A code that is seen and then lost by a power cut would be a license that the desk does not know.
#[test]
fn every_signature_is_synced_before_the_first_byte_is_printed() {
    if !have("strace") {
        return;
    }
    let mut jobs = Jobs::new();
    let log = jobs.room.room().join("strace.log");
    for job in [Job::Issue, Job::Renew, Job::AddUnits] {
        let task = jobs.task(job, &format!("{job:?}"));
        let options = ["-xx", "-s", "100000", "-e", "trace=pwrite64,write,fsync,fdatasync"];
        let ran = strace(&log, &options, &jobs.room.command(&task.arguments()));
        let text = std::fs::read_to_string(&log).unwrap();
        // With -xx the paths too are in hex: `-wal`.
        let wal = "\\x2d\\x77\\x61\\x6c>";
        let lines: Vec<&str> = text.lines().collect();
        let place = |what: &dyn Fn(&str) -> bool| lines.iter().position(|line| what(line));
        let printed = place(&|line| line.contains(" write(1<")).expect("the code is printed");
        for (_, transport) in codes(&ran.json()) {
            let code = activation_code::ActivationCode::read(&transport).unwrap();
            let signature: String = code.signature().iter().map(|byte| format!("\\x{byte:02x}")).collect();
            let written = place(&|line| line.contains("pwrite64(") && line.contains(wal) && line.contains(&signature));
            let written = written.expect("the signature is written to the log of the ledger");
            let synced = lines[written..printed]
                .iter()
                .any(|line| (line.contains(" fsync(") || line.contains(" fdatasync(")) && line.contains(wal));
            assert!(synced, "{job:?}: no sync between line {written} and line {printed} of\n{text}");
        }
    }
}

/// A process that dies between writing the signature and syncing it leaves a code that SQLite takes for
/// committed, and that a power cut can still undo. Whoever prints it next must sync it first.
#[test]
fn a_code_that_a_killed_process_left_unsynced_is_synced_before_it_is_printed() {
    if !have("strace") {
        return;
    }
    let wanted = "trace=pwrite64,write,fsync,fdatasync";
    let master = Desk::new();
    let today = today();
    let issue = ["issue", "--customer", "1", "--product", "ES", "--units", "10", "--from", &today, "--term", "1y"];
    let issue = [&issue[..], &["--order", "PO-1"]].concat();
    let log = master.room().join("strace.log");
    let (mut killed, mut printed_before) = (0, 0);
    loop {
        let room = master.copy();
        let fault = format!("inject=fdatasync,fsync:signal=KILL:when={}", killed + 1);
        let ran = strace(&log, &["-e", wanted, "-e", &fault], &room.command(&issue));
        if ran.code == Some(0) {
            break;
        }
        killed += 1;
        let again = strace(&log, &["-e", wanted], &room.command(&issue));
        again.assert_done();
        if again.out.starts_with("Issued before") {
            printed_before += 1;
            let text = std::fs::read_to_string(&log).unwrap();
            let before = text.split(" write(1<").next().unwrap();
            let synced = before.lines().any(|line| line.contains("sync(") && line.contains("ledger.sqlite-wal>"));
            assert!(synced, "killed at sync {killed}:\n{text}");
        }
    }
    assert!(killed > 1 && printed_before > 0, "{killed} killed, {printed_before} printed before");
}
