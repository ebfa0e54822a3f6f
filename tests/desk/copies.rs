//! Copies of the ledger: made while others write, put back so that no number is used twice, and whole or not there.

use super::book::{Chance, busy, lose_a_code, put_ledger_key, raw, run_as_administrator};
use super::faults::strace;
use crate::common::*;
use activation_code::LicenseNumber;
use activation_host::program::clock;
use countersign::desk::{self, Change, ImportFault, Length, PrintedText, Signatures, Witnesses};
use countersign::ledger::{Action, Ledger};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Where a backup goes.
fn backup_of(desk: &Desk) -> PathBuf {
    desk.room().join("monday.ledger")
}

fn back_up(desk: &Desk) -> PathBuf {
    let path = backup_of(desk);
    desk.run(&["backup", text(&path)]).assert_done();
    path
}

fn issued(desk: &Desk, reference: &str) -> (u64, String) {
    let ran = desk.run(&desk.order(reference, &today()));
    (ran.json()["license"].as_u64().unwrap(), ran.out)
}

fn renewed(desk: &Desk, license: &str) -> u64 {
    desk.run(&["--json", "renew", license, "--term", "1y"]).json()["revision"].as_u64().unwrap()
}

/// The rows to type of what a command printed as JSON.
fn rows(printed: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(printed).unwrap();
    let rows = json["code"]["letters"].as_array().unwrap();
    rows.iter().map(|row| format!("{}\n", row.as_str().unwrap())).collect()
}

fn links(ledger: &mut Ledger) -> Vec<[u8; 32]> {
    ledger.read(|book| book.events_from(1, u32::MAX)).unwrap().iter().map(|event| event.link).collect()
}

/// The ledgers that were kept, each with what stood beside it.
fn kept_files(desk: &Desk) -> Vec<PathBuf> {
    let entries = fs::read_dir(desk.folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut kept: Vec<_> = entries.filter(|path| text(path).contains(".before-restore-")).collect();
    kept.sort();
    kept
}

fn kept(desk: &Desk) -> Vec<PathBuf> {
    let beside = |path: &PathBuf| ["-wal", "-shm"].iter().any(|end| text(path).ends_with(end));
    kept_files(desk).into_iter().filter(|path| !beside(path)).collect()
}

#[test]
fn a_backup_is_one_new_file_for_its_owner_alone() {
    let desk = Desk::new();
    issued(&desk, "PO-1");
    let path = back_up(&desk);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let before = fs::read(&path).unwrap();
    let ran = desk.run(&["backup", text(&path)]);
    ran.assert_complains(1);
    assert!(ran.err.contains("something is there already, and it is not touched"), "{ran:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
    // Nothing beside it, then and after it was looked at.
    desk.run(&["audit", "verify", "--signatures", "--backup", text(&path)]).assert_done();
    let mut names: Vec<_> = fs::read_dir(desk.room()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["license-desk", "monday.ledger", "passphrase"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    // That it was made is in it.
    let mut copy = Ledger::open_backup(&path).unwrap();
    let last = copy.read(|book| book.last_event_of(Action::BackedUp)).unwrap().unwrap();
    assert_eq!(last.sequence, head(&mut copy));
    assert_eq!(links(&mut copy), links(&mut desk.ledger()));
}

#[test]
fn a_backup_that_cannot_be_made_leaves_nothing_and_says_why() {
    let desk = Desk::new();
    let before = fs::read_dir(desk.room()).unwrap().count();
    for (name, sentence) in [("nowhere/copy", "No such file or directory"), ("passphrase/copy", "Not a directory")] {
        let ran = desk.run(&["backup", text(&desk.room().join(name))]);
        ran.assert_could_not();
        assert!(ran.err.contains(sentence), "{ran:?}");
    }
    assert_eq!(fs::read_dir(desk.room()).unwrap().count(), before);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_backup_of_a_ledger_that_is_not_sound_is_made_and_said_so() {
    let desk = Desk::new();
    raw(&desk).execute("UPDATE customer SET name = 'Somebody'", []).unwrap();
    let ran = desk.run(&["backup", text(&backup_of(&desk))]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("NOT SOUND: 1 finding"), "{ran:?}");
    // It has everything, and is not put in anybody's place by mistake.
    let refused = desk.run(&["restore", text(&backup_of(&desk))]);
    refused.assert_complains(1);
    assert!(refused.err.contains("customer 1: it was changed after event"), "{refused:?}");
    assert!(kept(&desk).is_empty());
    desk.run(&["restore", "--unsound", text(&backup_of(&desk))]).assert_done();
}

#[test]
fn a_backup_under_four_writers_is_of_one_moment() {
    const WRITERS: usize = 4;
    let desk = Desk::new();
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut copies = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let mut ledger = desk.ledger();
                while !stop.load(Ordering::Relaxed) {
                    issue(&mut ledger, &test_key(), &order(clock(), None), clock()).unwrap();
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..5 {
            let path = desk.room().join(format!("copy-{number}"));
            let before = made.load(Ordering::Relaxed);
            countersign::key_store::create(&path, b"").unwrap();
            copies.push(desk::back_up(&mut desk.ledger(), &session(clock()), &path, &|_, _| {}).map(|it| (path, it)));
            let began = Instant::now();
            while made.load(Ordering::Relaxed) < before + WRITERS && began.elapsed().as_secs() < 60 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let all = links(&mut desk.ledger());
    let mut lengths = BTreeSet::new();
    for copied in copies {
        let (path, copied) = copied.unwrap();
        assert!(copied.verdict.is_sound(), "{:?}", copied.verdict.audit.findings);
        let mut copy = Ledger::open_backup(&path).unwrap();
        let links = links(&mut copy);
        assert!(all.starts_with(&links));
        lengths.insert(links.len());
        let verdict = desk::audit(&mut copy, &Witnesses::default(), Signatures::Verified, &|_, _| {}).unwrap();
        assert!(verdict.is_sound());
    }
    assert_eq!(lengths.len(), 5);
    desk.assert_ledger_is_sound();
    say(&format!("{} codes issued meanwhile, copies of {lengths:?} events", made.into_inner()));
}

/// The calls of a command from the first that names a text on, each with its place among those of its name.
fn calls_from(log: &Path, names: &str) -> Vec<(String, usize)> {
    let text = fs::read_to_string(log).unwrap();
    let mut counts = std::collections::BTreeMap::new();
    let (mut begun, mut calls) = (false, Vec::new());
    for line in text.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        let call = call.rsplit(' ').next().unwrap().to_owned();
        let count = counts.entry(call.clone()).or_insert(0);
        *count += 1;
        begun |= rest.contains(names);
        if begun {
            calls.push((call, *count));
        }
    }
    calls
}

#[test]
fn a_backup_to_a_full_disk_leaves_no_half_copy() {
    if !have("strace") {
        return;
    }
    let master = Desk::new();
    issued(&master, "PO-1");
    let desk = master.copy();
    let log = master.room().join("strace.log");
    let trace = "trace=pwrite64,fsync,fdatasync";
    let other = desk.room().join("other.ledger");
    strace(&log, &["-e", trace], &desk.command(&["backup", text(&other)])).assert_done();
    // From the first write to the copy on, until the ledger is closed.
    let calls = calls_from(&log, "-journal");
    assert!(calls.len() > 20, "{calls:?}");
    let (every, mut failed) = (calls.len() / 20, 0);
    for (call, nth) in calls.iter().step_by(every) {
        let error = if call == "pwrite64" { "ENOSPC" } else { "EIO" };
        let fault = format!("inject={call}:error={error}:when={nth}+");
        let desk = master.copy();
        let path = backup_of(&desk);
        let ran = strace(&log, &["-e", trace, "-e", &fault], &desk.command(&["backup", text(&path)]));
        if ran.code == Some(0) {
            desk.run(&["audit", "verify", "--backup", text(&path)]).assert_done();
            continue;
        }
        failed += 1;
        ran.assert_could_not();
        assert!(ran.err.contains("monday.ledger"), "{fault}: {ran:?}");
        // Where only its name was not synced it is there, and whole.
        if path.exists() {
            desk.run(&["audit", "verify", "--backup", text(&path)]).assert_done();
            fs::remove_file(&path).unwrap();
        }
        let names = fs::read_dir(desk.room()).unwrap().map(|entry| entry.unwrap().file_name());
        let drafts: Vec<_> = names.filter(|name| name.to_str().unwrap().contains(".new-")).collect();
        assert!(drafts.is_empty(), "{fault}: {drafts:?}");
        desk.assert_ledger_is_sound();
        back_up(&desk);
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn after_a_restore_no_number_and_no_revision_is_used_twice() {
    let desk = Desk::new();
    let mut numbers = BTreeSet::from([issued(&desk, "PO-1").0]);
    let backup = back_up(&desk);
    for reference in ["PO-2", "PO-3", "PO-4"] {
        numbers.insert(issued(&desk, reference).0);
    }
    let lost_revisions: BTreeSet<_> = (0..3).map(|_| renewed(&desk, "1")).collect();
    assert_eq!(lost_revisions, BTreeSet::from([2, 3, 4]));
    let before = links(&mut desk.ledger());

    let ran = desk.run(&["--json", "restore", text(&backup)]);
    let json = ran.json();
    assert_eq!((&json["events"], &json["lost"]), (&9.into(), &6.into()), "{json}");
    assert_eq!(json["next_license"], 1005);
    desk.assert_ledger_is_sound();
    let numbers_before = numbers.len();
    for reference in ["PO-5", "PO-6"] {
        assert!(numbers.insert(issued(&desk, reference).0), "a number was used twice");
    }
    assert_eq!(numbers.len(), numbers_before + 2);
    assert!(!lost_revisions.contains(&renewed(&desk, "1")));
    // Nothing of what was there is gone.
    let [old] = &kept(&desk)[..] else { panic!("{:?}", kept(&desk)) };
    assert_eq!(fs::metadata(old).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(links(&mut Ledger::open_backup(old).unwrap()), before);
    // Restored again: both that were there are kept.
    desk.run(&["restore", text(&backup)]).assert_done();
    assert_eq!(kept(&desk).len(), 2);
    desk.assert_ledger_is_sound();
}

/// With a ledger that nobody can read, numbers skip ahead as far as they are told to.
#[test]
fn a_ledger_that_is_damaged_or_missing_is_restored() {
    type Harm = fn(&Path);
    let harms: [Harm; 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| fs::write(path, [0xA5; 9000]).unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let whole = bytes.len();
            bytes.truncate(whole / 2);
            fs::write(path, bytes).unwrap();
        },
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
    ];
    let master = Desk::new();
    issued(&master, "PO-1");
    let backup = back_up(&master);
    issued(&master, "PO-2");
    for (number, harm) in harms.into_iter().enumerate() {
        let desk = master.copy();
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", text(&desk.ledger_path())));
        }
        harm(&desk.ledger_path());
        let damaged = fs::read(desk.ledger_path()).ok();
        let json = desk.run(&["--json", "restore", text(&backup)]).json();
        assert!(json["next_license"].as_u64().unwrap() >= 1002, "{number}: {json}");
        desk.assert_ledger_is_sound();
        assert!(issued(&desk, "PO-3").0 >= 1002);
        match damaged {
            // As it was, also in its damage.
            Some(damaged) => assert_eq!(fs::read(&kept(&desk)[0]).unwrap(), damaged, "{number}"),
            None => assert_eq!(kept(&desk).len(), usize::from(number == 4), "{number}"),
        }
    }
}

#[test]
fn printed_codes_are_read_in_with_the_backup() {
    let desk = Desk::new();
    issued(&desk, "PO-1");
    let backup = back_up(&desk);
    let (second, printed) = issued(&desk, "PO-2");
    let renewal = desk.run(&["--json", "renew", "1", "--term", "1y"]).out;
    let codes = desk.room().join("printed.txt");
    fs::write(&codes, format!("Dear customer,\n\n{}\nand\n\n{}\nRegards\n", rows(&printed), rows(&renewal))).unwrap();
    let arguments = ["--json", "restore", text(&backup), "--skip-numbers", "0", "--skip-revisions", "0", "--codes"];
    let arguments = [&arguments[..], &[text(&codes)]].concat();
    // License 2 is nobody's: nothing is done at all.
    let before = fs::read(desk.ledger_path()).unwrap();
    let refused = desk.run(&arguments);
    refused.assert_complains(1);
    assert!(refused.err.contains("the ledger does not know license 2, nor whose it is"), "{refused:?}");
    assert_eq!(fs::read(desk.ledger_path()).unwrap(), before);
    assert_eq!(kept(&desk).len(), 0);

    let json = desk.run(&[&arguments[..], &["--customer", "1"]].concat()).json();
    let imported = serde_json::json!([{"license": 1, "revision": 2}, {"license": 2, "revision": 1}]);
    assert_eq!((&json["imported"], &json["next_license"]), (&imported, &3.into()), "{json}");
    desk.assert_ledger_is_sound();
    let shown = desk.run(&["--json", "show", &second.to_string()]).json();
    assert!(printed.contains(shown[0]["code"]["transport"].as_str().unwrap()), "byte for byte");
    assert_eq!(issued(&desk, "PO-3").0, 3);
    assert_eq!(renewed(&desk, "1"), 3);
}

#[test]
fn a_license_near_its_last_revision_is_refused_clearly_after_a_restore() {
    let desk = Desk::new();
    issued(&desk, "PO-1");
    raw(&desk).execute("UPDATE license SET next_revision = 1020", []).unwrap();
    let backup = back_up(&desk);
    desk.run(&["restore", text(&backup)]).assert_done();
    desk.assert_ledger_is_sound();
    let ran = desk.run(&["renew", "1", "--term", "1y"]);
    ran.assert_complains(1);
    assert!(ran.err.contains("license 1 has had all its 1023 revisions"), "{ran:?}");
    // Who knows that none was printed says so.
    desk.run(&["restore", text(&backup), "--skip-revisions", "3"]).assert_done();
    assert_eq!(renewed(&desk, "1"), 1023);
}

#[test]
fn a_backup_of_another_desk_is_put_nowhere() {
    let other = Desk::new();
    issued(&other, "PO-1");
    let connection = raw(&other);
    connection.execute("UPDATE desk SET identity = '0808080808080808'", []).unwrap();
    drop(connection);
    let desk = Desk::new();
    let path = other.room().join("copy");
    let _ = other.run(&["backup", text(&path)]);
    let ran = desk.run(&["restore", "--unsound", text(&path)]);
    ran.assert_complains(1);
    assert!(ran.err.contains(&desk::Refused::OtherDesk.to_string()), "{ran:?}");
    desk.run(&["restore", "--unsound", "--other-desk", text(&path)]).assert_done();

    // With nothing there to compare, the key tells.
    let desk = Desk::new();
    let path = back_up(&desk);
    fs::remove_file(desk.ledger_path()).unwrap();
    let key = countersign::signer::SoftwareKey::from_seed(&[2; 32]).unwrap();
    let cost = countersign::signer::key_file::Cost::TEST;
    let sealed =
        countersign::signer::key_file::seal(&key, PASSPHRASE.as_bytes(), cost, &mut rand::rngs::SysRng).unwrap();
    fs::write(desk.key_path(), sealed.as_bytes()).unwrap();
    let ran = desk.run(&["restore", text(&path)]);
    ran.assert_could_not();
    assert!(ran.err.contains("is not the key of issuer 1"), "{ran:?}");
    assert!(!desk.ledger_path().exists());
}

#[test]
fn what_is_no_backup_is_put_nowhere() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 5] = [
        ("it cannot be opened", |_| {}),
        ("it is not a ledger of countersign", |path| fs::write(path, "").unwrap()),
        ("it is damaged, or no ledger", |path| fs::write(path, [0xA5; 9000]).unwrap()),
        ("it is not a ledger of countersign", |path| {
            rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE license (number)").unwrap();
        }),
        ("it was made by a newer release", |path| {
            let desk = Desk::new();
            fs::copy(back_up(&desk), path).unwrap();
            rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 9).unwrap();
        }),
    ];
    let desk = Desk::new();
    let before = fs::read(desk.ledger_path()).unwrap();
    for (number, (sentence, make)) in cases.into_iter().enumerate() {
        let path = desk.room().join(format!("backup-{number}"));
        make(&path);
        let ran = desk.run(&["restore", text(&path)]);
        ran.assert_could_not();
        assert!(ran.err.contains(sentence), "{sentence}: {ran:?}");
        assert_eq!(fs::read(desk.ledger_path()).unwrap(), before);
        assert_eq!(fs::read_dir(desk.folder()).unwrap().count(), 2, "{sentence}");
    }
}

/// The first release had no backups, but copies of its file.
#[test]
fn a_copy_of_an_old_ledger_is_brought_to_this_schema_and_put_in_place() {
    let old = super::schema::desk_of_the_first_release("");
    let path = old.room().join("old.ledger");
    let connection = rusqlite::Connection::open(old.ledger_path()).unwrap();
    connection.execute("VACUUM INTO ?1", [text(&path)]).unwrap();
    drop(connection);
    fs::remove_file(old.ledger_path()).unwrap();
    old.run(&["--clock-is-right", "restore", text(&path)]).assert_done();
    old.assert_ledger_is_sound();
    assert_eq!(licenses(&mut old.ledger()).len(), 2);
}

#[test]
fn a_restore_waits_until_nobody_has_the_ledger_open() {
    let desk = Desk::new();
    let backup = back_up(&desk);
    let open = desk.ledger();
    let began = Instant::now();
    let child = desk.command(&["restore", text(&backup)]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(kept(&desk).len(), 0);
    drop(open);
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(began.elapsed() > Duration::from_millis(1500));
    assert_eq!(kept(&desk).len(), 1);
}

#[test]
fn while_others_issue_a_restore_loses_no_code_that_was_printed_after_it() {
    let desk = Desk::new();
    let backup = back_up(&desk);
    let today = today();
    let (stop, codes) = (AtomicBool::new(false), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (stop, codes, desk, today) = (&stop, &codes, &desk, &today);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let reference = format!("PO-{writer}-{number}");
                    let order = desk.order(&reference, today);
                    let json = desk.run(&order).json();
                    let code = json["code"]["transport"].as_str().unwrap().to_owned();
                    codes.lock().unwrap().push((json["license"].as_u64().unwrap(), code));
                    // A restore needs a moment in which nobody has the ledger open.
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
        }
        let restored: Vec<_> = (0..3)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(300));
                desk.run(&["restore", text(&backup)])
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        restored.iter().for_each(|ran| _ = ran.assert_done());
    });
    let codes = codes.into_inner().unwrap();
    let numbers: BTreeSet<_> = codes.iter().map(|(number, _)| number).collect();
    assert_eq!(numbers.len(), codes.len(), "a number was used twice");
    // Every code is in the ledger, or in one that was kept.
    let mut known = BTreeSet::new();
    for path in kept(&desk).into_iter().chain([desk.ledger_path()]) {
        let mut ledger = Ledger::open_backup(&path).unwrap();
        for (record, _) in licenses(&mut ledger) {
            let codes = desk::codes_of(&mut ledger, record.number).unwrap();
            known.extend(codes.iter().map(|code| code.license.code().transport()));
        }
    }
    assert!(codes.iter().all(|(_, code)| known.contains(code)));
    desk.assert_ledger_is_sound();
    say(&format!("{} codes printed", codes.len()));
}

/// What changes names, makes or removes files, or brings them to the disk.
const CALLS: &str = "openat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,ftruncate,fsync,fdatasync";

/// A desk that went on after its backup, with its last commits in the log beside its ledger; and the links of its
/// book.
fn to_be_restored() -> (Desk, Vec<[u8; 32]>) {
    let desk = Desk::new();
    issued(&desk, "PO-1");
    back_up(&desk);
    let copy = desk.copy();
    // As a killed process leaves it: copied while it is open.
    let mut ledger = desk.ledger();
    issue(&mut ledger, &test_key(), &order(clock(), Some("PO-2")), clock()).unwrap();
    copy_folder(&desk.folder(), &copy.folder());
    let log = fs::metadata(format!("{}-wal", text(&copy.ledger_path()))).unwrap().len();
    assert!(log > 0, "its log has commits");
    (copy, links(&mut ledger))
}

#[test]
fn killed_at_any_call_a_restore_leaves_the_old_ledger_or_the_new_one() {
    if !have("strace") {
        return;
    }
    let (master, before) = to_be_restored();
    let backup = backup_of(&master);
    let restore = |desk: &Desk, log: &Path, options: &[&str]| {
        strace(log, &[&["-e", &format!("trace={CALLS}")], options].concat(), &desk.command(&["restore", text(&backup)]))
    };
    let room = master.copy();
    let log = room.room().join("strace.log");
    restore(&room, &log, &[]).assert_done();
    let calls = calls_from(&log, "ledger.sqlite");
    assert!(calls.iter().any(|(call, _)| call.starts_with("link")), "{calls:?}");
    let (mut old, mut new) = (0, 0);
    for (call, nth) in &calls {
        let desk = master.copy();
        let kill = format!("inject={call}:signal=KILL:when={nth}");
        let ran = restore(&desk, &log, &["-e", &kill]);
        if ran.code.is_some() {
            continue;
        }
        desk.assert_ledger_is_sound();
        let now = links(&mut desk.ledger());
        if now == before {
            old += 1;
        } else {
            // The backup and that it was put back.
            let last = desk.ledger().read(|book| book.last_event_of(Action::Restored)).unwrap();
            assert_eq!(last.map(|event| event.sequence), Some(now.len() as u64), "{kill}");
            new += 1;
        }
        // It works as ever, and the next restore cleans up.
        issued(&desk, "PO-9");
        desk.run(&["restore", text(&backup)]).assert_done();
        desk.assert_ledger_is_sound();
        let left = fs::read_dir(desk.folder()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| !name.to_str().unwrap().contains("restoring")), "{kill}");
        let mut inodes = BTreeSet::new();
        for path in kept(&desk).into_iter().chain([desk.ledger_path()]) {
            use std::os::unix::fs::MetadataExt;
            assert!(inodes.insert(fs::metadata(path).unwrap().ino()), "{kill}: two names for one ledger");
        }
    }
    assert!(old > 10 && new > 0, "{old} old, {new} new");
    say(&format!("{old} killed before the new ledger was there, {new} after"));
}

/// There is no old ledger that could be used: what is left of it is kept, and the restore can be run again.
#[test]
fn killed_at_any_call_a_restore_of_a_damaged_ledger_keeps_what_is_left_of_it() {
    if !have("strace") {
        return;
    }
    let (master, _) = to_be_restored();
    let backup = backup_of(&master);
    let mut damaged = fs::read(master.ledger_path()).unwrap();
    damaged[..200].fill(0xA5);
    fs::write(master.ledger_path(), &damaged).unwrap();
    // The log too: SQLite mends a ledger whose log has what is damaged.
    let log_path = format!("{}-wal", text(&master.ledger_path()));
    let mut log_before = fs::read(&log_path).unwrap();
    log_before[..32].fill(0xA5);
    fs::write(&log_path, &log_before).unwrap();
    master.run(&["list"]).assert_could_not();
    assert!(fs::read(&log_path).unwrap() == log_before, "who looks at it leaves it as it is");
    let restore = |desk: &Desk, log: &Path, options: &[&str]| {
        strace(log, &[&["-e", &format!("trace={CALLS}")], options].concat(), &desk.command(&["restore", text(&backup)]))
    };
    let room = master.copy();
    let log = room.room().join("strace.log");
    restore(&room, &log, &[]).assert_done();
    let mut kills = 0;
    for (call, nth) in calls_from(&log, "ledger.sqlite") {
        let desk = master.copy();
        let kill = format!("inject={call}:signal=KILL:when={nth}");
        if restore(&desk, &log, &["-e", &kill]).code.is_some() {
            continue;
        }
        kills += 1;
        if Ledger::open_to_read(&desk.ledger_path()).is_err() {
            desk.run(&["restore", text(&backup)]).assert_done();
        }
        desk.assert_ledger_is_sound();
        let kept: Vec<_> = kept_files(&desk).into_iter().map(|path| fs::read(path).unwrap()).collect();
        assert!(kept.contains(&damaged), "{kill}");
        assert!(kept.contains(&log_before), "{kill}");
    }
    assert!(kills > 10, "{kills}");
}

#[test]
fn a_disk_that_fails_during_a_restore_leaves_the_ledger_as_it_was() {
    if !have("strace") {
        return;
    }
    let (master, before) = to_be_restored();
    let backup = backup_of(&master);
    let log = master.room().join("strace.log");
    let room = master.copy();
    let trace = format!("trace={CALLS},pwrite64");
    strace(&log, &["-e", &trace], &room.command(&["restore", text(&backup)])).assert_done();
    let calls: Vec<_> = calls_from(&log, "ledger.sqlite").into_iter().filter(|(call, _)| call != "openat").collect();
    let mut chance = Chance(7);
    let (mut failed, mut done) = (0, 0);
    for (call, nth) in &calls {
        // Of the many writes some.
        if call == "pwrite64" && !chance.next().is_multiple_of(5) {
            continue;
        }
        let desk = master.copy();
        let error = if ["pwrite64", "ftruncate"].contains(&call.as_str()) { "ENOSPC" } else { "EIO" };
        let fault = format!("inject={call}:error={error}:when={nth}");
        let ran = strace(&log, &["-e", &trace, "-e", &fault], &desk.command(&["restore", text(&backup)]));
        ran.assert_calm();
        desk.assert_ledger_is_sound();
        let now = links(&mut desk.ledger());
        match ran.code {
            Some(0) => {
                assert_ne!(now, before, "{fault}");
                done += 1;
            }
            _ => {
                assert!(ran.err.contains("\nhint: "), "{fault}: {ran:?}");
                // After the last step it may be there, and whoever ran it was told that something failed.
                failed += usize::from(now == before);
            }
        }
    }
    assert!(failed > 10, "{failed} failed, {done} done");
    say(&format!("{failed} failed and left the old ledger, {done} did not mind"));
}

/// Each form in which a host reads a code, and several codes in one text.
#[test]
fn printed_codes_are_read_in_any_form() {
    let desk = Desk::new();
    let mut forms = Vec::new();
    for reference in ["PO-1", "PO-2", "PO-3", "PO-4", "PO-5", "PO-6"] {
        forms.push(issued(&desk, reference).0.to_string());
    }
    let show = |license: &str, form: &str| desk.run(&["show", license, "--as", form]).assert_done().out.clone();
    let transport = |license: &str| {
        let json = desk.run(&["--json", "show", license]).json();
        json[0]["code"]["transport"].as_str().unwrap().to_owned()
    };
    let bare: String = rows(&serde_json::to_string(&desk.run(&["--json", "show", "4"]).json()[0]).unwrap());
    let mistyped = show("5", "letters").replacen("Row 2) ", "Row 2) 0", 1).replacen('-', "", 7);
    let text = [
        show("1", "letters"),
        show("2", "digits"),
        format!("> {}\nRegards\n", transport("3")),
        format!("Here are the rows\n{bare}"),
        mistyped,
        show("6", "file"),
    ]
    .join("\n");
    let lost = Desk::new();
    let path = lost.room().join("mail.txt");
    fs::write(&path, &text).unwrap();
    let json = lost.run(&["--json", "import", self::text(&path), "--customer", "1"]).json();
    let read: Vec<_> = json["imported"].as_array().unwrap().iter().map(|it| it["license"].to_string()).collect();
    assert_eq!(read, forms, "{text}");
    assert_eq!(json["repaired"], 1);
    lost.assert_ledger_is_sound();
    for license in 1..=6 {
        let license = LicenseNumber::new(license).unwrap();
        let code = |desk: &Desk| desk::codes_of(&mut desk.ledger(), license).unwrap()[0].license.code().clone();
        assert_eq!(code(&lost), code(&desk));
    }
    // What is there already is known, and asks for no customer.
    let json = lost.run(&["--json", "import", self::text(&path)]).json();
    assert_eq!((&json["imported"], &json["known"]), (&serde_json::json!([]), &6.into()));
    // From a pipe too.
    let mut import = lost.command(&["--json", "import", "-"]);
    assert_eq!(run(import.stdin(fs::File::open(&path).unwrap())).json()["known"], 6);
}

#[test]
fn all_that_is_wrong_with_printed_codes_is_said_at_once_and_nothing_is_read_in() {
    let desk = Desk::new();
    let (_, first) = issued(&desk, "PO-1");
    let (_, second) = issued(&desk, "PO-2");
    let cloud = ["--json", "issue", "--customer", "1", "--product", "CLOUD", "--units", "1", "--from"];
    let cloud = desk.run(&[&cloud[..], &[&today(), "--term", "1y"]].concat()).out;
    // A desk with the same key and numbers, and other licenses; and one with another key.
    let other = Desk::new();
    let [issue, units] = ["--json issue --customer 1 --product ES --from 2030-01-01 --term 1y --units", "11"];
    let conflict = other.run(&issue.split(' ').chain([units]).collect::<Vec<_>>()).out;
    let stranger = tempfile::tempdir().unwrap();
    let mut quick = program(env!("CARGO_BIN_EXE_countersign"));
    let foreign = stranger.path().join("desk");
    let quick = run(quick.arg("--desk").arg(&foreign).arg("quickstart"));
    let foreign: String = quick
        .assert_done()
        .out
        .lines()
        .filter(|line| line.starts_with("Row "))
        .fold(String::new(), |text, line| format!("{text}{line}\n"));
    raw(&desk).execute("DELETE FROM product WHERE id = 10", []).unwrap();
    raw(&desk).execute("DELETE FROM revision WHERE license = 3", []).unwrap();
    raw(&desk).execute("DELETE FROM code_row WHERE license = 3", []).unwrap();
    raw(&desk).execute("DELETE FROM license WHERE number = 3", []).unwrap();
    let broken = rows(&second).replace('-', "").chars().rev().collect::<String>();
    let file = desk.room().join("printed.txt");
    let text = format!("{}\n{}\n{foreign}\n{}\nRow 1) {broken}\n", rows(&first), rows(&conflict), rows(&cloud));
    fs::write(&file, text).unwrap();
    lose_a_code(&desk, "lost.txt");
    let nothing = desk.room().join("nothing.txt");
    fs::write(&nothing, "Dear customer, please find nothing attached.\n").unwrap();
    let lost = desk.room().join("lost.txt");
    let before = head(&mut desk.ledger());
    let ran = desk.run(&["import", self::text(&file), self::text(&lost), self::text(&nothing)]);
    ran.assert_complains(1);
    for sentence in [
        "printed.txt, line 8: license 1, revision 1 is another code in the ledger",
        "recorded: 10 units of product 7, full, ",
        "read:     11 units of product 7, full, 2030-01-01 to 2030-12-31",
        "printed.txt, line 15: not a code of this desk: ",
        "printed.txt, line 22: there is no product 10",
        "printed.txt, line 29: not readable as a code: ",
        "lost.txt, line 1: the ledger does not know license 77, nor whose it is",
        "nothing.txt, line 1: not readable as a code: ",
    ] {
        assert!(ran.err.contains(sentence), "{sentence}: {ran:?}");
    }
    let printed = [&file, &lost, &nothing].map(|path| PrintedText {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    });
    let found = desk::import(&mut desk.ledger(), &session(clock()), &printed, None).unwrap_err();
    let desk::DeskFault::Refused(desk::Refused::Import(found)) = found else { panic!("{found}") };
    let places: Vec<_> = found.iter().map(|problem| (problem.name.as_str(), problem.line)).collect();
    let file = "printed.txt";
    assert_eq!(places, [(file, 8), (file, 15), (file, 22), (file, 29), ("lost.txt", 1), ("nothing.txt", 1)]);
    let faults: Vec<_> = found.into_iter().map(|problem| problem.fault).collect();
    let Ok([other, foreign, cloud, broken, whose, empty]) = <[_; 6]>::try_from(faults) else { unreachable!() };
    assert!(matches!(other, ImportFault::Conflict { recorded, found } if recorded.units != found.units));
    assert!(matches!(foreign, ImportFault::NotOurs(_)), "{foreign}");
    assert_eq!(cloud, ImportFault::UnknownProduct(activation_code::ProductId::new(10).unwrap()));
    assert_eq!(whose, ImportFault::WhoseLicense(LicenseNumber::new(77).unwrap()));
    for unread in [broken, empty] {
        assert!(matches!(unread, ImportFault::NotReadable(_)), "{unread}");
    }
    assert_eq!(head(&mut desk.ledger()), before);
    // The conflict of two codes that the ledger does not know is one too.
    let both = desk.room().join("both.txt");
    fs::write(&both, format!("{}\n{}", rows(&first), rows(&conflict))).unwrap();
    let empty = Desk::new();
    let ran = empty.run(&["import", self::text(&both), "--customer", "1"]);
    ran.assert_complains(1);
    assert!(ran.err.contains("license 1, revision 1 is another code in the ledger"), "{ran:?}");
    for (customer, sentence) in [("7", "there is no customer \"7\""), ("Nobody", "there is no customer \"Nobody\"")] {
        let ran = empty.run(&["import", self::text(&lost), "--customer", customer]);
        ran.assert_complains(1);
        assert!(ran.err.contains(sentence), "{ran:?}");
    }
    for file in ["nowhere.txt", "."] {
        empty.run(&["import", self::text(&desk.room().join(file))]).assert_could_not();
    }
    let bytes = desk.room().join("bytes");
    fs::write(&bytes, [0xFF; 100]).unwrap();
    empty.run(&["import", self::text(&bytes)]).assert_could_not();
}

/// A license whose later revisions were lost goes on behind them.
#[test]
fn after_an_import_revisions_go_on_behind_what_was_read_in() {
    let desk = Desk::new();
    issued(&desk, "PO-1");
    let lost = desk.copy();
    let mut printed = String::new();
    for _ in 0..3 {
        printed.push_str(&rows(&desk.run(&["--json", "renew", "1", "--term", "1y"]).out));
        printed.push('\n');
    }
    // The last first: in which order they are read in does not matter.
    let mut pieces: Vec<_> = printed.split_inclusive("\n\n").collect();
    pieces.reverse();
    let path = lost.room().join("printed.txt");
    fs::write(&path, pieces.concat()).unwrap();
    let json = lost.run(&["--json", "import", text(&path)]).json();
    assert_eq!(json["imported"].as_array().unwrap().len(), 3, "{json}");
    lost.assert_ledger_is_sound();
    assert_eq!(renewed(&lost, "1"), 5);
    let first = LicenseNumber::new(1).unwrap();
    let history = desk::history(&mut lost.ledger(), first).unwrap();
    let told: Vec<_> = history.iter().map(|event| event.action).collect();
    assert_eq!(told, [Action::Issued, Action::Imported, Action::Renewed]);
    let renew = Change::Renew { license: first, length: Length::Term("1y".parse().unwrap()), units: None };
    issue(&mut lost.ledger(), &test_key(), &renew.into(), clock()).unwrap();
}

/// A desk of the first schema has no ledger key; the first checkpoint makes one.
#[test]
fn a_desk_without_a_ledger_key_gets_one_at_its_first_checkpoint() {
    let desk = Desk::new();
    let key = desk.folder().join("ledger.key");
    assert!(!key.exists());
    let first = desk.room().join("first.txt");
    desk.run(&["audit", "checkpoint", "--output", text(&first)]).assert_done();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o7777, 0o600);
    desk.run(&["audit", "verify", "--checkpoint", text(&first)]).assert_done();
    // Lost: said so, and a new one only where that is asked for.
    fs::remove_file(&key).unwrap();
    let ran = desk.run(&["audit", "checkpoint"]);
    ran.assert_could_not();
    assert!(ran.err.contains("there is no such file") && ran.err.contains("--new-key"), "{ran:?}");
    let second = desk.room().join("second.txt");
    desk.run(&["audit", "checkpoint", "--new-key", "--output", text(&second)]).assert_done();
    let ran = desk.run(&["audit", "checkpoint", "--new-key"]);
    ran.assert_could_not();
    desk.run(&["audit", "verify", "--checkpoint", text(&first), "--checkpoint", text(&second)]).assert_done();
    desk.assert_ledger_is_sound();
}

#[test]
fn a_checkpoint_file_is_read_strictly() {
    let desk = Desk::new();
    put_ledger_key(&desk);
    let path = desk.room().join("monday.txt");
    desk.run(&["audit", "checkpoint", "--output", text(&path)]).assert_done();
    let ran = desk.run(&["audit", "checkpoint", "--output", text(&path)]);
    ran.assert_complains(1);
    let whole = fs::read_to_string(&path).unwrap();
    for (changed, sentence) in [
        (String::new(), "line 1 is not that of a checkpoint: wanted \"countersign checkpoint 1\" and its value"),
        (whole.replace('\n', "\r\n"), "line 1 is not that of a checkpoint"),
        (whole.replace("desk 0", "desk O"), "line 2 is not that of a checkpoint: wanted \"desk \" and its value"),
        (whole.replace("day ", "Day "), "line 3 is not that of a checkpoint"),
        (whole.replace("head ", "head 0"), "line 4 is not that of a checkpoint"),
        (format!("{whole}and more\n"), "something follows after its last line"),
        ("x".repeat(5000), "line 1 is not that of a checkpoint"),
    ] {
        fs::write(&path, changed).unwrap();
        let ran = desk.run(&["audit", "verify", "--checkpoint", text(&path)]);
        ran.assert_could_not();
        assert!(ran.err.contains(sentence), "{sentence}: {ran:?}");
    }
    fs::write(&path, [0xFF; 10]).unwrap();
    desk.run(&["audit", "verify", "--checkpoint", text(&path)]).assert_could_not();
    desk.run(&["audit", "verify", "--checkpoint", text(&desk.room().join("nowhere"))]).assert_could_not();
}

#[test]
fn several_operators_restore_as_the_backup_knows_them() {
    let desk = busy();
    let path = backup_of(&desk);
    run_as_administrator(&desk, &["backup", text(&path)]).assert_done();
    for (operator, code) in [("berta", 1), ("carla", 1), ("nobody", 1)] {
        let mut restore = desk.command(&["restore", text(&path)]);
        restore.env("COUNTERSIGN_OPERATOR", operator).arg("--operator-file").arg(desk.passphrase());
        run(&mut restore).assert_complains(code);
        assert_eq!(kept(&desk).len(), 0);
    }
    run_as_administrator(&desk, &["restore", text(&path)]).assert_done();
    let last = desk.ledger().read(|book| book.last_event_of(Action::Restored)).unwrap().unwrap();
    assert_eq!(last.operator.as_str(), "administrator");
}
