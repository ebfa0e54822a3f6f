//! A crash, a power cut or a failing disk at any system call: the state is the old one or the new one, and the same
//! command works afterwards.

#[path = "common/sold.rs"]
mod sold;
#[path = "common/tools.rs"]
mod tools;

use activation_code::{Phase, Terms};
use activation_host::host::{HostSource, MachineFacts};
use activation_host::installation::{InstallationFault, Wish};
use activation_host::{Installation, Settings};
use sold::{bundle, code, day, issuer, public, root_key, roots, terms};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use tools::{have, required, say};

/// Everything that names a file or has one open.
const CALLS: &str = "trace=%file,%desc";

fn downsized() -> Terms {
    Terms { revision: "2".parse().unwrap(), units: "100".parse().unwrap(), ..terms() }
}

/// A command of the program, and the folder that it is run on.
struct Job {
    name: &'static str,
    arguments: Vec<String>,
    begin: fn(&Path),
}

/// A room with the files that are entered, and in it the folder of an installation.
struct Room(TempDir);

impl Room {
    fn new(job: &Job) -> Self {
        let memory = Path::new("/dev/shm");
        let room = if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() };
        fs::write(room.path().join("code.txt"), code(&terms())).unwrap();
        fs::write(room.path().join("downsized.txt"), code(&downsized())).unwrap();
        fs::write(room.path().join("bundle-1.txt"), bundle(1, "2027-01-01", "")).unwrap();
        fs::write(room.path().join("bundle-2.txt"), bundle(2, "2027-02-01", "")).unwrap();
        (job.begin)(&room.path().join("state"));
        Self(room)
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn program(&self, job: &Job) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_activation"));
        command.args(&job.arguments).args(["--state", "state"]);
        command
    }

    fn run(&self, job: &Job) -> Output {
        self.program(job).current_dir(self.0.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn traced(&self, job: &Job, options: &[&str]) -> Output {
        let program = self.program(job);
        let mut strace = Command::new("strace");
        strace.args(["-o", "log", "-y", "-s", "0"]).args(options).arg(program.get_program()).args(program.get_args());
        strace.current_dir(self.0.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.path().join("log")).unwrap()
    }

    /// What an installation says of the folder, and changes nothing of it.
    fn says(&self) -> Says {
        let nowhere = HostSource::Machine(MachineFacts::under("/nowhere"));
        let settings = Settings::new().issuer(issuer()).roots(roots()).host(nowhere).what_if(day("2027-06-01"));
        let installation = Installation::open(self.state(), settings);
        let status = installation.status().unwrap();
        let codes: Vec<_> = installation.storage().codes().unwrap();
        let bundle = status.bundle.map(|bundle| bundle.number);
        let state = self.state().display().to_string();
        let damage = status.damage.iter().map(|damage| damage.to_string().replace(&state, "state")).collect();
        Says { phase: status.standing.phase, units: status.units, codes, bundle, damage }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Says {
    phase: Phase,
    units: u32,
    codes: Vec<String>,
    bundle: Option<u32>,
    damage: Vec<String>,
}

fn jobs() -> Vec<Job> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let issuer = format!("--issuer {}:{}", issuer().number, issuer().key);
    fn with_code(folder: &Path) {
        let settings = Settings::new().issuer(sold::issuer()).clock(day("2027-01-01"));
        assert!(Installation::open(folder, settings).enter(&code(&terms())).unwrap().is_accepted());
    }
    fn with_both(folder: &Path) {
        with_code(folder);
        let settings = Settings::new().issuer(sold::issuer()).clock(day("2027-01-01"));
        assert!(Installation::open(folder, settings).enter(&code(&downsized())).unwrap().is_accepted());
    }
    fn with_bundle(folder: &Path) {
        let settings = Settings::new().clock(day("2027-01-01"));
        Installation::open(folder, settings).load_trust(&bundle(1, "2027-01-01", ""), Some(&roots())).unwrap();
    }
    fn with_damage(folder: &Path) {
        with_code(folder);
        with_bundle(folder);
        for name in ["memory.txt", "trust.bundle", "trust.roots"] {
            fs::write(folder.join(name), "").unwrap();
        }
    }
    let root = format!("--root {}", public(&root_key()));
    let job = |name, arguments: String, begin| Job { name, arguments: words(&arguments), begin };
    vec![
        job("the first code", format!("enter code.txt {issuer}"), |_| {}),
        job("a downsize", format!("enter downsized.txt {issuer}"), with_code),
        job("the first bundle", format!("trust load bundle-1.txt {root}"), |_| {}),
        job("a newer bundle", "trust load bundle-2.txt".to_owned(), with_bundle),
        job("forget", format!("forget 1042 {issuer}"), with_both),
        job("status mends", format!("status {issuer}"), with_damage),
    ]
}

/// The calls of a log from the first on that names the folder: their names, their numbers among those of their name, and
/// what they are about.
fn calls(log: &str) -> Vec<(String, usize, String)> {
    let mut counts = BTreeMap::new();
    let mut begun = false;
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((name, rest)) = line.split_once('(') else { continue };
        let count = counts.entry(name.to_owned()).or_insert(0);
        *count += 1;
        begun |= rest.contains("state");
        if begun {
            calls.push((name.to_owned(), *count, rest.to_owned()));
        }
    }
    calls
}

#[test]
fn killed_before_any_system_call_the_state_is_the_old_or_the_new_one() {
    if !have("strace") {
        return;
    }
    for job in jobs() {
        let room = Room::new(&job);
        let old = room.says();
        assert!(room.traced(&job, &["-e", CALLS]).status.code().is_some_and(|code| code < 2), "{}", room.log());
        let calls = calls(&room.log());
        let new = room.says();
        let (mut kills, mut still_old) = (0, 0);
        for (call, nth, rest) in &calls {
            let room = Room::new(&job);
            let killed = room.traced(&job, &["-e", CALLS, "-e", &format!("inject={call}:signal=KILL:when={nth}")]);
            kills += usize::from(killed.status.signal() == Some(9));
            let context = format!("{}: killed before {call} {nth}, {rest}", job.name);
            let found = room.says();
            assert!(is_between(&old, &found, &new), "{context}\n{found:?}\nold {old:?}\nnew {new:?}");
            still_old += usize::from(found == old);
            let again = room.run(&job);
            // Nothing is left to forget.
            let done = again.status.code().is_some_and(|code| code == 0 || code == 1 && job.name != "a downsize");
            assert!(done, "{context}: {}", String::from_utf8_lossy(&again.stderr));
            assert_eq!(room.says(), new, "{context}");
        }
        assert!(kills * 10 > calls.len() * 8, "{}: {kills} kills at {} calls", job.name, calls.len());
        say(&format!("{}: {kills} kills at {} calls, {still_old} left the old state", job.name, calls.len()));
    }
}

/// The old state, the new one, or of several files that are one after another only the first ones: of codes that are
/// forgotten the superseded ones, of damage that is mended a part.
fn is_between(old: &Says, found: &Says, new: &Says) -> bool {
    let worth = |says: &Says| (says.phase, says.units, says.bundle);
    let among = |part: &[String], whole: &[String]| part.iter().all(|one| whole.contains(one));
    let files = if old.codes.len() > new.codes.len() {
        among(&found.codes, &old.codes) && among(&new.codes, &found.codes)
    } else {
        found.codes == old.codes || found.codes == new.codes
    };
    (worth(found) == worth(old) || worth(found) == worth(new)) && files && among(&found.damage, &old.damage)
}

#[test]
fn a_disk_that_fails_or_is_full_at_any_call_leaves_the_old_or_the_new_state() {
    if !have("strace") {
        return;
    }
    const MUTE: [&str; 3] = ["close", "munmap", "mmap"];
    for job in jobs() {
        let room = Room::new(&job);
        let old = room.says();
        room.traced(&job, &["-e", CALLS]);
        let calls = calls(&room.log());
        let new = room.says();
        let (mut faults, mut refused, mut new_all_the_same) = (0, 0, Vec::new());
        for (call, nth, rest) in calls.iter().filter(|(call, _, _)| !MUTE.contains(&call.as_str())) {
            let makes = ["write", "mkdir", "rename", "fsync"].contains(&call.as_str()) || rest.contains("O_CREAT");
            // A full disk stays full for what is written; what is there can still be opened.
            let full = makes.then_some(("ENOSPC", if call == "openat" { "" } else { "+" }));
            for (error, still) in [("EIO", ""), ("EACCES", "")].into_iter().chain(full) {
                let room = Room::new(&job);
                let fault = format!("inject={call}:error={error}:when={nth}{still}");
                let failed = room.traced(&job, &["-e", CALLS, "-e", &fault]);
                let said = String::from_utf8_lossy(&failed.stderr);
                let context = format!("{}: {fault}, {rest}: {:?} {said}", job.name, failed.status);
                assert!(matches!(failed.status.code(), Some(0..=2)) && !said.contains("panicked"), "{context}");
                faults += 1;
                let found = room.says();
                assert!(is_between(&old, &found, &new), "{context}\n{found:?}\nold {old:?}\nnew {new:?}");
                if failed.status.code() == Some(2) {
                    refused += 1;
                    if found != old && new != old {
                        new_all_the_same.push(format!("{call} {error}"));
                    }
                } else if job.name != "status mends" && failed.status.code() == Some(0) {
                    assert_eq!((found.units, found.bundle), (new.units, new.bundle), "{context}");
                }
                // The disk is mended.
                let again = room.run(&job);
                assert!(again.status.code().is_some_and(|code| code < 2), "{context}: {again:?}");
                assert_eq!(room.says(), new, "{context}");
            }
        }
        assert!(refused > 0 || job.name == "status mends", "{}", job.name);
        new_all_the_same.sort();
        new_all_the_same.dedup();
        say(&format!(
            "{}: {faults} faults, {refused} commands failed; new all the same: {new_all_the_same:?}",
            job.name
        ));
    }
}

/// Makes the test below a process of its own: the folder of its installation.
const STATE: &str = "COUNTERSIGN_TEST_STATE";

#[test]
fn without_random_numbers_no_request_is_made() {
    if let Some(state) = std::env::var_os(STATE) {
        let nowhere = HostSource::Machine(MachineFacts::under("/nowhere"));
        let settings = Settings::new().issuer(issuer()).host(nowhere).clock(day("2027-06-01"));
        let installation = Installation::open(state, settings);
        for wish in [Wish::ClockReset, Wish::Code { license: None }] {
            let fault = installation.request(wish).unwrap_err();
            assert!(matches!(fault, InstallationFault::NoRandomNumbers), "{fault:?}");
            assert_eq!(fault.to_string(), "the system gives no random numbers");
        }
        return;
    }
    if !have("strace") {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let mut strace = Command::new("strace");
    // Each thread counts for itself: the process takes two for its memory and its hashing, a request the third.
    strace.args(["-f", "-o", "log", "-e", "trace=getrandom", "-e", "inject=getrandom:error=EIO:when=3+"]);
    strace.arg(std::env::current_exe().unwrap());
    strace.args(["--exact", "without_random_numbers_no_request_is_made", "--nocapture"]);
    let output = strace.env(STATE, room.path().join("state")).current_dir(room.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = fs::read_to_string(room.path().join("log")).unwrap();
    // Newer systems give them without a system call.
    if required(log.contains(", 4, 0)"), "a system call for random numbers") {
        assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
        assert!(log.contains("(INJECTED)"), "{log}");
        assert!(!room.path().join("state/memory.txt").exists());
    }
}

/// A process that is killed keeps what the system has in memory; a power cut does not.
#[test]
fn what_is_renamed_is_synced_before_and_its_folder_after() {
    if !have("strace") {
        return;
    }
    for job in jobs() {
        let room = Room::new(&job);
        room.traced(&job, &["-e", CALLS]);
        let log = room.log();
        let state = room.state();
        let lines: Vec<&str> = log.lines().collect();
        let answered = lines.iter().position(|line| line.starts_with("write(1<")).unwrap_or(lines.len());
        let synced = |path: &Path, among: &[&str]| {
            let place = format!("<{}>)", path.display());
            among.iter().any(|line| line.starts_with("fsync(") && line.contains(&place) && line.ends_with("= 0"))
        };
        let (mut renames, mut syncs) = (0, 0);
        for (number, line) in lines.iter().enumerate() {
            syncs += usize::from(line.starts_with("fsync("));
            let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
            if !line.ends_with("= 0") || quoted.is_empty() {
                continue;
            }
            let folder = |path: &str| room.0.path().join(path).parent().unwrap().to_owned();
            let after = &lines[number..answered.max(number)];
            if line.starts_with("rename") {
                renames += 1;
                let written = room.0.path().join(quoted[0]);
                assert!(synced(&written, &lines[..number]), "{}: {line} is not synced before\n{log}", job.name);
                assert!(synced(&folder(quoted[1]), after), "{}: {line}: the folder is not synced\n{log}", job.name);
            } else if line.starts_with("mkdir") || line.starts_with("unlink") && quoted[0].ends_with(".lic") {
                assert!(synced(&folder(quoted[0]), after), "{}: {line}: the folder is not synced\n{log}", job.name);
            }
        }
        assert!(renames > 0 && state.is_dir(), "{}\n{log}", job.name);
        say(&format!("{}: {renames} renames, {syncs} syncs", job.name));
    }
}
