//! Folders and ledgers that cannot be used, and results that cannot be printed.

use crate::common::*;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

#[test]
fn a_folder_that_cannot_be_written_is_a_sentence_for_those_who_are_not_root() {
    let stranger = Stranger::new();
    let desk = Desk::new();
    desk.run(&desk.order("PO-0", &today())).assert_done();
    stranger.give(desk.room());
    let as_stranger = |arguments: &[&str]| {
        let mut command = stranger.command(&["--desk"]);
        command.arg(desk.folder()).arg("--passphrase-file").arg(desk.passphrase()).args(arguments);
        run(&mut command)
    };
    fs::set_permissions(desk.ledger_path(), Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(desk.folder(), Permissions::from_mode(0o500)).unwrap();
    as_stranger(&desk.order("PO-1", &today())).assert_could_not();
    as_stranger(&["customer", "add", "Somebody"]).assert_could_not();
    let before = fs::read(desk.ledger_path()).unwrap();
    for look in [&["list"][..], &["report", "--by", "product"], &["show", "1"], &["audit", "verify", "--signatures"]] {
        as_stranger(look).assert_done();
    }
    let shelf = tempfile::tempdir().unwrap();
    stranger.give(shelf.path());
    let copy = shelf.path().join("copy.ledger");
    let backup = as_stranger(&["backup", copy.to_str().unwrap()]);
    assert!(backup.assert_done().err.contains("the ledger does not say that this copy was made"), "{backup:?}");
    desk.run(&["audit", "verify", "--backup", copy.to_str().unwrap()]).assert_done();
    assert!(fs::read(desk.ledger_path()).unwrap() == before, "an auditor needs no more than to read");
    fs::set_permissions(desk.ledger_path(), Permissions::from_mode(0o000)).unwrap();
    as_stranger(&["list"]).assert_could_not();
    fs::set_permissions(desk.folder(), Permissions::from_mode(0o000)).unwrap();
    as_stranger(&["list"]).assert_could_not();

    let room = tempfile::tempdir().unwrap();
    stranger.give(room.path());
    fs::set_permissions(room.path(), Permissions::from_mode(0o500)).unwrap();
    let mut init = stranger.command(&["--desk"]);
    init.arg(room.path().join("desk")).arg("--passphrase-file").arg(desk.passphrase());
    run(init.args(["init", "--vendor", "Example Security"])).assert_could_not();
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);

    fs::set_permissions(desk.folder(), Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(desk.ledger_path(), Permissions::from_mode(0o600)).unwrap();
    desk.assert_ledger_is_sound();
    assert_eq!(as_stranger(&["--json", "list"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_ledger_that_is_something_else_is_refused_and_not_changed() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 7] = [
        ("it is not a ledger of countersign", |path| fs::write(path, "").unwrap()),
        ("it is damaged, or no ledger", |path| fs::write(path, "customer,product,code\n".repeat(50)).unwrap()),
        ("it is damaged, or no ledger", |path| fs::write(path, [0xA5; 5000]).unwrap()),
        ("it is not a ledger of countersign", |path| {
            fs::remove_file(path).unwrap();
            rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE license (number)").unwrap();
        }),
        ("it was made by a newer release (schema 6, this release knows 5)", |path| {
            rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 6).unwrap();
        }),
        ("it was made by a newer release (schema -1, this release knows 5)", |path| {
            rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", -1).unwrap();
        }),
        ("it cannot be opened", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (sentence, make) in cases {
        let desk = Desk::new();
        make(&desk.ledger_path());
        let before = fs::read(desk.ledger_path()).ok();
        for command in [&["list"][..], &["customer", "list"], &["show", "1"], &["issuer"]] {
            let ran = desk.run(command);
            ran.assert_could_not();
            let expected = format!("{}: the ledger: {sentence}\n", desk.ledger_path().display());
            assert!(ran.err.contains(&expected), "{sentence}: {ran:?}");
        }
        desk.run(&desk.order("PO-1", &today())).assert_could_not();
        assert_eq!(fs::read(desk.ledger_path()).ok(), before, "{sentence}");
    }
}

/// SQLite does not see every flipped bit; what it hands over is checked again, and a code by its signature.
#[test]
fn a_damaged_ledger_gives_the_right_code_or_a_sentence() {
    let desk = Desk::new();
    let code = desk.run(&desk.order("PO-1", &today())).json();
    let whole = fs::read(desk.ledger_path()).unwrap();
    let (mut refused, mut right) = (0, 0);
    let mut check = |desk: &Desk, what: &str| {
        let ran = desk.run(&["--json", "show", "1"]);
        ran.assert_calm();
        match ran.code {
            Some(0) => {
                assert_eq!(ran.json()[0]["code"], code["code"], "{what}");
                right += 1;
            }
            Some(1 | 2) => {
                assert_eq!(ran.out, "", "{what}");
                assert!(ran.err.contains("\nhint: "), "{what}: {ran:?}");
                refused += 1;
            }
            other => panic!("{what}: {other:?}"),
        }
    };
    for place in (0..whole.len()).filter(|place| whole[*place] != 0).step_by(13) {
        let damaged = desk.copy();
        let mut bytes = whole.clone();
        bytes[place] ^= 0x11;
        fs::write(damaged.ledger_path(), bytes).unwrap();
        check(&damaged, &format!("byte {place}"));
    }
    for length in [1, 15, 16, 99, 100, 511, 512, 4095, 4096, 4097, 8192, whole.len() - 4096, whole.len() - 1] {
        let damaged = desk.copy();
        fs::write(damaged.ledger_path(), &whole[..length]).unwrap();
        check(&damaged, &format!("cut to {length} bytes"));
    }
    assert!(refused > 50 && right > 0, "{refused} refused, {right} right");
}

#[test]
fn a_result_that_cannot_be_printed_is_not_lost() {
    let desk = Desk::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = run(desk.command(&desk.order("PO-1", &today())).stdout(full).stderr(Stdio::piped()));
    ran.assert_could_not();
    assert!(ran.err.contains("cannot write the result: No space left on device\nhint: nothing is lost"), "{ran:?}");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = run(desk.command(&desk.order("PO-2", &today())).stdout(writer).stderr(Stdio::piped()));
    ran.assert_could_not();
    assert!(ran.err.contains("cannot write the result: Broken pipe"), "{ran:?}");

    for license in ["1", "2"] {
        desk.run(&["--json", "show", license]).json();
    }
    assert_eq!(desk.run(&["--json", "list"]).json().as_array().unwrap().len(), 2);
}

/// The system gives the next file that is opened the lowest free number: without care
/// a result would be written into the ledger.
#[test]
fn with_its_standard_streams_closed_the_program_does_not_write_into_its_files() {
    let desk = Desk::new();
    let mut command = program("sh");
    command.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh"]).arg(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--desk").arg(desk.folder()).arg("--passphrase-file").arg(desk.passphrase());
    run(command.args(desk.order("PO-1", &today())));
    desk.assert_ledger_is_sound();
    desk.run(&["--json", "show", "1"]).json();
    let mut header = [0; 15];
    fs::File::open(desk.ledger_path()).unwrap().read_exact(&mut header).unwrap();
    assert_eq!(&header, b"SQLite format 3");
}

#[test]
fn help_that_cannot_be_printed_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = run(program(env!("CARGO_BIN_EXE_countersign")).arg("--help").stdout(full));
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_desk_that_is_not_there_is_said_so() {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join("file"), "").unwrap();
    for name in ["nowhere", "nowhere/desk", "file", "."] {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        let ran = run(command.current_dir(room.path()).args(["--desk", name, "list"]));
        ran.assert_could_not();
    }
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    for name in ["nowhere/desk", ".", "..", "file/desk"] {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(room.path()).args(["--desk", name, "--passphrase-file", "passphrase"]);
        let ran = run(command.args(["init", "--vendor", "Example Security"]));
        assert_ne!(ran.code, Some(0));
        ran.assert_calm();
        assert!(ran.err.contains("\nhint: "), "{ran:?}");
    }
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 2);
}
