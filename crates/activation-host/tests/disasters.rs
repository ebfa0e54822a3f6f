//! What may happen to the folder of an installation, and to its clock, in ten years. Whatever it is: no panic, nothing
//! is entitled that what is left does not prove, everything is entitled that it proves, damage is named, and a code can
//! be entered again.

#[path = "common/sold.rs"]
mod sold;
#[path = "common/tools.rs"]
mod tools;

use activation_code::{ClockState, HostId, LicenseNumber, Phase, Revision, Terms, Warning};
use activation_host::draft::{Draft, DraftFault, draft, keep_draft};
use activation_host::host::{HostSource, MachineFacts};
use activation_host::installation::{InstallationFault, Wish};
use activation_host::sites::{Site, Sites};
use activation_host::storage::{Folder, Storage};
use activation_host::{Installation, Settings, Status};
use sold::{bundle, code, day, issuer, period, roots, terms};
use std::fs::{self, File, Permissions};
use std::num::NonZeroU32;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tools::{have, required, say};

const TODAY: &str = "2027-06-01";
/// No user of this number has a name; it stands for any who may only look.
const NOBODY: u32 = 65_534;

/// In memory where that can be had: thousands of folders are made and synced.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn settings(today: &str) -> Settings {
    let nowhere = HostSource::Machine(MachineFacts::under("/nowhere"));
    Settings::new().roots(roots()).clock(day(today)).host(nowhere)
}

fn on(folder: &Path, today: &str) -> Installation {
    Installation::open(folder, settings(today))
}

fn here(folder: &Path) -> Installation {
    on(folder, TODAY)
}

fn license(number: &str) -> Terms {
    Terms { license: number.parse().unwrap(), ..terms() }
}

fn accept(installation: &Installation, terms: &Terms) {
    let entered = installation.enter(&code(terms)).unwrap();
    assert!(entered.is_accepted(), "{:?}", entered.inspection.obstacle);
}

/// What an installation is entitled to, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worth {
    phase: Phase,
    entitled: [bool; 3],
    units: u32,
    licenses: Vec<(LicenseNumber, Revision)>,
    set_aside: Vec<(LicenseNumber, Revision)>,
}

impl Worth {
    fn of(status: &Status) -> Self {
        let standing = &status.standing;
        let counts = status.licenses.iter().map(|one| (one.license.terms().license, one.license.terms().revision));
        let mut licenses: Vec<_> = counts.collect();
        licenses.sort_unstable();
        let mut set_aside: Vec<_> = status.set_aside.iter().map(|code| (code.license, code.revision)).collect();
        set_aside.sort_unstable();
        let entitled = [standing.run, standing.updates, standing.support];
        Self { phase: standing.phase, entitled, units: status.units, licenses, set_aside }
    }

    fn now(folder: &Path) -> Self {
        Self::of(&here(folder).status().unwrap())
    }
}

fn downsized() -> Terms {
    Terms { revision: "2".parse().unwrap(), units: "100".parse().unwrap(), issued: day("2027-05-02"), ..terms() }
}

fn codes() -> [Terms; 3] {
    [terms(), downsized(), license("7")]
}

/// An installation with everything that one can have: a downsize, a second license, one that was revoked later, a code
/// for this host, rows of a code that is being typed.
fn furnished() -> TempDir {
    let folder = folder();
    let installation = here(folder.path());
    installation.load_trust(&bundle(1, "2027-01-01", ""), None).unwrap();
    for terms in codes().iter().chain([&license("9")]) {
        accept(&installation, terms);
    }
    let HostId(host) = installation.request(Wish::Code { license: None }).unwrap().host;
    accept(&installation, &Terms { host: Some(HostId(host)), ..license("8") });
    installation.load_trust(&bundle(2, "2027-05-01", "revoked 9 all\n"), None).unwrap();
    keep_draft(installation.storage(), &Draft::from([(1, "20040-0E000-84G00-3X00H-7FRHT".to_owned())])).unwrap();
    let assign = |sites: &mut Sites| {
        sites.assign(Site::new("plant-2").unwrap(), NonZeroU32::new(40).unwrap()).unwrap();
        Ok(())
    };
    installation.change_sites(assign).unwrap();
    installation.status().unwrap();
    folder
}

fn copy_of(folder: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                fs::create_dir(&to).unwrap();
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let to = self::folder();
    copy(folder, to.path());
    to
}

fn names(folder: &Path) -> Vec<String> {
    let codes = fs::read_dir(folder.join("codes")).unwrap();
    let codes = codes.map(|entry| format!("codes/{}", entry.unwrap().file_name().into_string().unwrap()));
    let mut names: Vec<_> = codes.collect();
    names.sort();
    for name in ["memory.txt", "sites.txt", "trust.bundle", "trust.roots"] {
        names.extend([name.to_owned(), format!("{name}.copy")]);
    }
    names.push("draft.txt".to_owned());
    names
}

/// Looks at a damaged installation, mends it by entering everything again, and looks again.
///
/// `left`: what it may be worth, the first of them when nothing was lost. `says`: a part of the name of what is damaged,
/// if it must be named.
fn look_and_mend(folder: &Path, left: &[&Worth], says: Option<&str>, context: &str) {
    let found = here(folder).status();
    let found = found.unwrap_or_else(|fault| panic!("{context}: {fault}"));
    let worth = Worth::of(&found);
    assert!(left.contains(&&worth), "{context}: {worth:?}, wanted one of {left:?}");
    let said: Vec<_> = found.damage.iter().map(ToString::to_string).collect();
    if let Some(name) = says {
        assert!(said.iter().any(|damage| damage.contains(name)), "{context}: {said:?}");
        assert!(found.standing.warnings.contains(&Warning::StateDamaged), "{context}");
    }
    assert!(worth == *left[0] || !said.is_empty(), "{context}: worth less, and nothing is said");
    let installation = here(folder);
    if installation.kept_trust().bundle.is_none() {
        installation.load_trust(&bundle(2, "2027-05-01", "revoked 9 all\n"), None).unwrap();
    }
    let host = installation.status().unwrap().host;
    for terms in [downsized(), license("7"), Terms { host, ..license("8") }] {
        accept(&installation, &terms);
    }
    assert_eq!(here(folder).status().unwrap().units, left[0].units, "{context}");
}

#[test]
fn every_file_cut_at_every_byte_is_named_and_what_is_left_counts() {
    let master = furnished();
    let whole = Worth::now(master.path());
    assert_eq!((whole.phase, whole.units, whole.licenses.len()), (Phase::Maintenance, 600, 3));
    assert_eq!(whole.set_aside.len(), 1);
    let mut cuts = 0;
    for name in names(master.path()) {
        let without = copy_of(master.path());
        fs::remove_file(without.path().join(&name)).unwrap();
        let without = Worth::now(without.path());
        let text = fs::read(master.path().join(&name)).unwrap();
        // Of a text that is kept twice the second is looked at when the first is no good.
        let said = !name.ends_with(".copy") && name != "draft.txt" && !name.starts_with("codes/");
        for length in 0..text.len() {
            let room = copy_of(master.path());
            fs::write(room.path().join(&name), &text[..length]).unwrap();
            // Line ends at the end of a bundle are no part of it.
            let said = said && !(name.starts_with("trust") && text[length..] == *b"\n");
            let left: &[_] = if name.starts_with("codes/") { &[&whole, &without] } else { &[&whole] };
            look_and_mend(room.path(), left, said.then_some(name.as_str()), &format!("{name} cut at {length}"));
            if name == "draft.txt" {
                let rows = draft(&Folder::new(room.path().to_owned()));
                assert!(matches!(rows, Ok(_) | Err(DraftFault::NotADraft { .. })), "{length}");
            }
            cuts += 1;
        }
    }
    say(&format!("{cuts} cuts"));
}

#[test]
fn both_copies_cut_at_once_lose_no_code_that_can_be_verified() {
    let master = furnished();
    let whole = Worth::now(master.path());
    let nothing =
        Worth { phase: Phase::None, entitled: [false; 3], units: 0, licenses: Vec::new(), set_aside: Vec::new() };
    for name in ["memory.txt", "trust.bundle", "trust.roots"] {
        let text = fs::read(master.path().join(name)).unwrap();
        let lengths = (0..text.len()).step_by(7).chain([text.len() - 2]);
        for (length, other) in lengths.flat_map(|length| [(length, length), (length, length / 2), (length / 2, length)])
        {
            let room = copy_of(master.path());
            fs::write(room.path().join(name), &text[..length]).unwrap();
            fs::write(room.path().join(format!("{name}.copy")), &text[..other]).unwrap();
            // Without a bundle nobody is trusted; without its own roots those of the release count.
            let left = if name == "trust.bundle" { &nothing } else { &whole };
            let context = format!("{name} cut at {length}, its copy at {other}");
            let found = here(room.path()).status().unwrap();
            assert_eq!(Worth::of(&found), *left, "{context}");
            assert!(found.damage.iter().any(|damage| damage.place.ends_with(name)), "{context}: {:?}", found.damage);
            let installation = here(room.path());
            installation.load_trust(&bundle(2, "2027-05-01", "revoked 9 all\n"), None).unwrap();
            accept(&installation, &downsized());
            assert_eq!(Worth::now(room.path()), whole, "{context}");
        }
    }
}

#[test]
fn each_bit_of_the_memory_that_turns_is_seen_and_mended_from_the_copy() {
    let master = furnished();
    let whole = Worth::now(master.path());
    let text = fs::read(master.path().join("memory.txt")).unwrap();
    let room = copy_of(master.path());
    let path = room.path().join("memory.txt");
    for bit in 0..text.len() * 8 {
        let mut turned = text.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &turned).unwrap();
        let found = here(room.path()).status().unwrap();
        assert_eq!(Worth::of(&found), whole, "bit {bit}");
        assert!(
            found.damage.iter().any(|damage| damage.recovered && damage.place.ends_with("memory.txt")),
            "bit {bit}"
        );
        assert!(here(room.path()).status().unwrap().damage.is_empty(), "bit {bit}");
        here(room.path()).forget_damage().unwrap();
        assert_eq!(fs::read(&path).unwrap(), text, "bit {bit}");
    }
}

#[test]
fn state_that_was_deleted_is_not_activated_until_the_codes_are_entered_again() {
    let master = furnished();
    let whole = Worth::now(master.path());
    let room = folder();
    let path = room.path().join("state");
    let found = here(&path).status();
    assert!(matches!(found, Err(InstallationFault::NoTrust)));
    let installation = here(&path);
    installation.load_trust(&bundle(2, "2027-05-01", "revoked 9 all\n"), None).unwrap();
    assert_eq!(Worth::now(&path).phase, Phase::None);
    for terms in codes() {
        installation.enter(&code(&terms)).unwrap();
    }
    let again = Worth::now(&path);
    // The code for this host is good where this host's number is; a machine without an identity has another now.
    assert_eq!((again.phase, again.entitled, again.units), (whole.phase, whole.entitled, whole.units - 250));
    // While a program runs: it does not answer from memory.
    fs::remove_dir_all(&path).unwrap();
    assert!(matches!(installation.status(), Err(InstallationFault::NoTrust)));
}

/// The program, in a folder whose bundle it trusts.
fn activation(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_activation"));
    command.args(arguments).arg("--state").arg(folder).stdin(Stdio::null());
    command
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A code's file, outside of the folder of the installation.
fn file_of(folder: &TempDir, terms: &Terms) -> String {
    let path = folder.path().join(format!("license-{}-{}.txt", terms.license, terms.revision));
    fs::write(&path, code(terms)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Puts something in the place of a file.
type Put = Box<dyn Fn(&Path)>;

/// What may stand there.
fn kinds(elsewhere: &Path) -> Vec<(&'static str, Put)> {
    let to = |target: PathBuf| move |path: &Path| symlink(&target, path).unwrap();
    vec![
        ("a pipe", Box::new(|path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()))),
        ("a folder", Box::new(|path: &Path| fs::create_dir(path).unwrap())),
        ("a link to itself", Box::new(|path: &Path| symlink(path.file_name().unwrap(), path).unwrap())),
        ("a link to nothing", Box::new(to(elsewhere.join("nothing")))),
        ("a link to a device without an end", Box::new(to("/dev/zero".into()))),
        ("a link to a full device", Box::new(to("/dev/full".into()))),
        ("100 MB", Box::new(|path: &Path| File::create(path).unwrap().set_len(100_000_000).unwrap())),
    ]
}

#[test]
fn whatever_stands_in_the_place_of_a_file_nothing_hangs_and_memory_is_bounded() {
    let master = furnished();
    let whole = Worth::now(master.path());
    let elsewhere = folder();
    let again = file_of(&elsewhere, &license("7"));
    let newer = elsewhere.path().join("bundle.txt").to_str().unwrap().to_owned();
    fs::write(&newer, bundle(3, "2027-05-02", "revoked 9 all\n")).unwrap();
    let (mut tried, mut slowest) = (0, Duration::ZERO);
    for name in names(master.path()).iter().map(String::as_str).chain(["lock", "codes"]) {
        let without = copy_of(master.path());
        let gone = without.path().join(name);
        let _ = fs::remove_file(&gone).or_else(|_| fs::remove_dir_all(&gone));
        let without = Worth::now(without.path());
        for (kind, put) in kinds(elsewhere.path()) {
            let room = copy_of(master.path());
            let path = room.path().join(name);
            fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).unwrap();
            put(&path);
            let context = format!("{kind} in the place of {name}");
            let worth = Worth::now(room.path());
            assert!(worth == whole || worth == without, "{context}: {worth:?}");
            for arguments in [
                &["status"][..],
                &["status", "--format", "nagios"],
                &["trust", "show"],
                &["enter", &again, "--new"],
                &["request"],
                &["trust", "load", &newer],
                &["sites"],
                &["report"],
                &["forget", "--damage"],
                &["forget", "1042"],
            ] {
                let begun = Instant::now();
                let program = activation(room.path(), arguments);
                // 64 MB of addresses, and 20 s: four times the patience with a lock.
                let mut limited = Command::new("prlimit");
                limited.args(["--as=67108864", "timeout", "20"]).arg(program.get_program()).args(program.get_args());
                let output = limited.stdin(Stdio::null()).output().unwrap();
                slowest = slowest.max(begun.elapsed());
                let said = text_of(&output.stderr);
                assert!(
                    matches!(output.status.code(), Some(0..=3)),
                    "{context}, {arguments:?}: {:?} {said}",
                    output.status
                );
                assert!(!said.contains("panicked") && !said.contains("memory allocation"), "{context}: {said}");
                tried += 1;
            }
        }
    }
    say(&format!("{tried} commands, the slowest took {slowest:.1?}"));
}

#[test]
fn a_folder_that_may_only_be_read_answers_and_keeps_nothing() {
    let root = rustix::process::geteuid().is_root();
    let room = tempfile::tempdir().unwrap();
    // Somewhere that another user may reach.
    let program = room.path().join("activation");
    fs::copy(env!("CARGO_BIN_EXE_activation"), &program).unwrap();
    let state = room.path().join("state");
    fs::create_dir(&state).unwrap();
    let furnished = furnished();
    assert!(Command::new("cp").arg("-r").arg(furnished.path().join(".")).arg(&state).status().unwrap().success());
    let new = file_of(&room, &license("77"));
    let mode = |folders: u32, files: u32| {
        for (path, mode) in [(room.path(), 0o755), (&state, folders), (&state.join("codes"), folders)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        for name in names(&state).iter().map(String::as_str).chain(["lock"]) {
            fs::set_permissions(state.join(name), Permissions::from_mode(files)).unwrap();
        }
    };
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(&program);
        command.args(arguments).arg("--state").arg(&state).stdin(Stdio::null());
        if root { command.uid(NOBODY).gid(NOBODY) } else { &mut command }.output().unwrap()
    };
    let before = Worth::now(&state);
    fs::write(state.join("memory.txt"), "").unwrap();
    mode(0o555, 0o444);
    let status = run(&["status", "--today", TODAY, "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((status.status.code(), &answer["units"]), (Some(0), &600.into()), "{}", text_of(&status.stderr));
    // What was found cannot be written down or mended, and that is said.
    let said = text_of(&run(&["status"]).stderr);
    assert!(said.contains("Permission denied"), "{said}");
    let enter = run(&["enter", &new]);
    assert_eq!(enter.status.code(), Some(2));
    assert!(text_of(&enter.stderr).contains("Permission denied"));
    // Not even looked at.
    mode(0o555, 0o000);
    let status = run(&["status", "--today", TODAY]);
    assert!(matches!(status.status.code(), Some(1 | 2)), "{}", text_of(&status.stdout));
    assert!(text_of(&status.stderr).contains("Permission denied"), "{}", text_of(&status.stderr));
    mode(0o000, 0o000);
    let status = run(&["status", "--today", TODAY]);
    assert!(matches!(status.status.code(), Some(1 | 2)), "{}", text_of(&status.stdout));
    mode(0o755, 0o644);
    assert_eq!(Worth::now(&state), before);
}

#[test]
fn eight_processes_and_eight_threads_that_enter_at_once_lose_nothing() {
    for round in 0..5 {
        let room = folder();
        let state = room.path().join("new/state");
        let codes: Vec<_> = (1..=8).map(|number| file_of(&room, &license(&number.to_string()))).collect();
        let issuer = format!("{}:{}", issuer().number, issuer().key);
        let spawn = |code: &String| {
            let mut enter = activation(&state, &["enter", "--issuer", &issuer, code]);
            enter.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let children: Vec<_> = codes.iter().map(spawn).collect();
        for mut child in children {
            assert_eq!(child.wait().unwrap().code(), Some(0), "round {round}");
        }
        let installation = Installation::open(&state, Settings::new().issuer(self::issuer()).clock(day(TODAY)));
        let found = installation.status().unwrap();
        assert_eq!((found.units, found.damage.len(), found.damaged_before.len()), (2000, 0, 0), "round {round}");
        std::thread::scope(|scope| {
            for number in 11..=18 {
                let installation = &installation;
                scope.spawn(move || {
                    accept(installation, &license(&number.to_string()));
                    assert!(installation.status().unwrap().units >= 2250);
                });
            }
        });
        let found = installation.status().unwrap();
        assert_eq!((found.units, found.damage.len(), found.damaged_before.len()), (4000, 0, 0), "round {round}");
        let memory = fs::read_to_string(state.join("memory.txt")).unwrap();
        assert_eq!(memory.lines().filter(|line| line.starts_with("code ")).count(), 16);
    }
}

#[test]
fn while_a_program_hangs_with_the_lock_status_answers_and_enter_says_who_is_busy() {
    let master = furnished();
    let before = Worth::now(master.path());
    let elsewhere = folder();
    let new = file_of(&elsewhere, &license("77"));
    let storage = Folder::new(master.path().to_owned());
    let lock = storage.lock().unwrap();
    let begun = Instant::now();
    let status = activation(master.path(), &["status", "--today", TODAY, "--json"]).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((status.status.code(), &answer["units"]), (Some(0), &600.into()));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // Also where there is something to write down and to mend.
    fs::write(master.path().join("memory.txt"), "").unwrap();
    let status = activation(master.path(), &["status"]).output().unwrap();
    assert!(text_of(&status.stderr).contains("another program is changing this installation"));
    let enter = activation(master.path(), &["enter", &new]).output().unwrap();
    assert_eq!(enter.status.code(), Some(2));
    assert!(text_of(&enter.stderr).contains("another program is changing this installation"));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(lock);
    assert_eq!(Worth::now(master.path()), before);
}

/// What nobody can notice without something that no copy sets back.
#[test]
fn a_restored_snapshot_gives_what_it_had_and_days_that_evidence_proves_stay() {
    let old = folder();
    let installation = here(old.path());
    installation.load_trust(&bundle(1, "2027-05-20", ""), None).unwrap();
    accept(&installation, &terms());
    let snapshot = copy_of(old.path());
    accept(&on(old.path(), "2027-06-20"), &downsized());
    on(old.path(), "2027-07-01").load_trust(&bundle(2, "2027-06-30", ""), None).unwrap();
    assert_eq!(on(old.path(), "2027-07-01").status().unwrap().units, 100);
    // The downsize is gone, and nothing shows it, not even with the clock set back to the day of the copy.
    let restored = on(snapshot.path(), "2027-06-02").status().unwrap();
    assert_eq!((restored.units, restored.damage.len()), (250, 0));
    assert!(restored.standing.warnings.is_empty());
    // A newer bundle or code brings the days back: no clock is believed that is behind it.
    let restored = on(snapshot.path(), "2027-06-02");
    restored.load_trust(&bundle(2, "2027-06-30", ""), None).unwrap();
    let found = restored.status().unwrap();
    assert_eq!((found.today.day, found.today.state), (day("2027-06-30"), ClockState::Behind));
}

#[test]
fn clocks_at_the_ends_of_time_give_the_day_that_is_sure() {
    let of = |today: &str| {
        let room = furnished();
        let status = on(room.path(), today).status().unwrap();
        (status.today.day.to_string(), status.today.state, status.standing.phase, status.standing.run)
    };
    let far = |day: &str| (day.to_owned(), ClockState::Ahead, Phase::Lapsed, true);
    assert_eq!(of("1970-01-01"), (TODAY.to_owned(), ClockState::Behind, Phase::Maintenance, true));
    for day in ["2038-01-19", "2038-01-20", "2099-12-31", "2106-02-08", "2109-09-18"] {
        assert_eq!(of(day), far(day));
    }
    // The clock that was seen first is all that there is to go by; it is not remembered as passed.
    let room = folder();
    let open = |today: &str| Installation::open(room.path(), Settings::new().issuer(issuer()).clock(day(today)));
    open("2099-01-01").status().unwrap();
    accept(&open("2027-06-01"), &terms());
    assert_eq!(open("2027-06-01").status().unwrap().today.day, day(TODAY));
}

#[test]
fn a_leap_day_is_a_day() {
    let of = |last: &str, today: &str| {
        let room = folder();
        let issued = period("2027-01-01", last);
        let open = |today: &str| Installation::open(room.path(), Settings::new().issuer(issuer()).clock(day(today)));
        accept(&open("2027-01-01"), &Terms { period: issued, ..terms() });
        let status = open(today).status().unwrap();
        (status.standing.phase, status.standing.days_left)
    };
    assert_eq!(of("2028-02-29", "2028-02-28"), (Phase::Maintenance, Some(1)));
    assert_eq!(of("2028-02-29", "2028-02-29"), (Phase::Maintenance, Some(0)));
    assert_eq!(of("2028-02-29", "2028-03-01"), (Phase::Grace, Some(29)));
    assert_eq!(of("2028-02-28", "2028-02-29"), (Phase::Grace, Some(29)));
    // 2100 has none.
    assert!("2100-02-29".parse::<activation_code::Day>().is_err());
}

/// Whether the program can be given another clock than the machine's.
fn can_fake_clocks() -> bool {
    have("faketime") && required(!cfg!(target_feature = "crt-static"), "a program that is linked dynamically")
}

fn at(moment: &str, zone: &str, command: &Command) -> Output {
    let mut faked = Command::new("faketime");
    faked.args(["-f", moment]).arg(command.get_program()).args(command.get_args());
    faked.env("TZ", zone).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_day_begins_at_the_same_moment_in_every_time_zone() {
    if !can_fake_clocks() {
        return;
    }
    let room = furnished();
    // The last moment of maintenance, and the first of grace, as a clock on the wall shows it.
    for (zone, last, first) in [
        ("UTC0", "2027-12-31 23:59:50", "2028-01-01 00:00:01"),
        ("EAST-14", "2028-01-01 13:59:50", "2028-01-01 14:00:01"),
        ("WEST+14", "2027-12-31 09:59:50", "2027-12-31 10:00:01"),
    ] {
        for (moment, wanted) in [(last, ("2027-12-31", "maintenance")), (first, ("2028-01-01", "grace"))] {
            let copy = copy_of(room.path());
            let output = at(moment, zone, &activation(copy.path(), &["status", "--json"]));
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let found = (answer["today"].as_str().unwrap(), answer["standing"]["phase"].as_str().unwrap());
            assert_eq!(found, wanted, "{moment} in {zone}");
        }
    }
}

/// The section *Time* of the description of trust, told by the program itself.
#[test]
fn the_program_believes_a_clock_for_35_days_and_after_eleven() {
    if !can_fake_clocks() {
        return;
    }
    let room = folder();
    let state = room.path().join("state");
    let issuer = format!("{}:{}", issuer().number, issuer().key);
    let code = file_of(&room, &Terms { period: period("2026-12-01", "2031-12-31"), ..terms() });
    let status = |moment: &str| {
        let command = activation(&state, &["status", "--json", "--issuer", &issuer]);
        let output = at(moment, "UTC0", &command);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["today"].as_str().unwrap().to_owned(), answer["clock"]["state"].as_str().unwrap().to_owned())
    };
    let is = |day: &str, state: &str| (day.to_owned(), state.to_owned());
    let entered = at("2026-12-01 12:00:00", "UTC0", &activation(&state, &["enter", "--issuer", &issuer, &code]));
    assert_eq!(entered.status.code(), Some(0), "{}", text_of(&entered.stderr));
    // 35 days ahead are believed at once, and from there 35 more.
    assert_eq!(status("2027-01-05 12:00:00"), is("2027-01-05", "right"));
    assert_eq!(status("2027-02-09 12:00:00"), is("2027-02-09", "right"));
    assert_eq!(status("2027-03-17 12:00:00"), is("2027-03-17", "ahead"));
    // Set back to the right day: nothing of it stays.
    assert_eq!(status("2027-02-10 12:00:00"), is("2027-02-10", "right"));
    // A year typed wrong, and mended.
    assert_eq!(status("2072-02-11 12:00:00"), is("2072-02-11", "ahead"));
    assert_eq!(status("2027-02-11 12:00:00"), is("2027-02-11", "right"));
    // No way back behind what was seen.
    assert_eq!(status("2027-01-01 12:00:00"), is("2027-02-11", "behind"));
    // A machine that slept for a year: on the eleventh day it is believed.
    for day in 1..=10 {
        assert_eq!(status(&format!("2028-03-{day:02} 12:00:00")), is(&format!("2028-03-{day:02}"), "ahead"));
    }
    assert_eq!(status("2028-03-11 12:00:00"), is("2028-03-11", "right"));
    assert_eq!(status("2028-03-01 12:00:00"), is("2028-03-11", "behind"));
    assert_eq!(status("1970-01-02 00:00:00"), is("2028-03-11", "behind"));
}
