//! What a command leaves in its memory: no copy of the private key, and none of the passphrase.

use crate::common::*;
use activation_code::Roots;
use activation_host::program::clock;
use countersign::signer::{Signer as _, SoftwareKey, key_file};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes that are nowhere by chance.
const SEED: [u8; 32] = *b"\x9D\x61\xB1\x9D\xEF\xFD\x5A\x60\xBA\x84\x4A\xF4\x92\xEC\x2C\xC4\x44\x49\xC5\x69\x7B\x32\x69\x19\x70\x3B\xAC\x03\x1C\xAE\x7F\x60";
/// That of the key of checkpoints, and that of a root.
const OTHERS: [[u8; 32]; 2] = [
    *b"\x4C\xCD\x08\x9B\x28\xFF\x96\xDA\x9D\xB6\xC3\x46\xEC\x11\x4E\x0F\x5B\x8A\x31\x9F\x35\xAB\xA6\x24\xDA\x8C\xF6\xED\x4F\xB8\xA6\xFB",
    *b"\xC5\xAA\x8D\xF4\x3F\x9F\x83\x7B\xED\xB7\x44\x2F\x31\xDC\xB7\xB1\x66\xD3\x85\x35\x07\x6F\x09\x4B\x85\xCE\x3A\x2E\x0B\x44\x58\xF7",
];
const SECRET: &str = "a passphrase that stands nowhere else 8261";

/// Calls of the kernel in which a process is stopped for a while, and their numbers (x86-64).
const EXIT: (&str, i64) = ("exit_group", 231);
const SYNC: (&str, i64) = ("fsync", 74);

/// Copies of the seeds and of the passphrase in everything that a process can write to.
fn copies(process: u32) -> (usize, usize) {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let (mut seeds, mut passphrases, mut looked_at) = (0, 0, 0);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, mode) = (words.next().unwrap(), words.next().unwrap());
        if !mode.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (first, last) = range.split_once('-').unwrap();
        let [first, last] = [first, last].map(|place| u64::from_str_radix(place, 16).unwrap());
        let mut bytes = vec![0; (last - first) as usize];
        if memory.read_exact_at(&mut bytes, first).is_err() {
            continue;
        }
        looked_at += bytes.len();
        let secret = |window: &&[u8]| *window == SEED || OTHERS.iter().any(|seed| *window == seed);
        seeds += bytes.windows(SEED.len()).filter(secret).count();
        passphrases += bytes.windows(SECRET.len()).filter(|window| *window == SECRET.as_bytes()).count();
    }
    assert!(looked_at > 500_000, "{looked_at} bytes");
    (seeds, passphrases)
}

/// Runs a command that is stopped when it begins its `nth` call of some name, looks at its memory there, and lets it
/// go on to its end.
fn copies_at(call: (&str, i64), nth: u32, log: &Path, command: &Command) -> (usize, usize) {
    let (name, number) = call;
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o"]).arg(log).arg(format!("--trace={name}"));
    strace.arg(format!("--inject={name}:delay_enter=2s:when={nth}"));
    strace.arg(command.get_program()).args(command.get_args()).env_remove("COUNTERSIGN_DESK");
    let mut strace = strace.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = stopped_in(&mut strace, number);
    let found = copies(process);
    let mut err = String::new();
    strace.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(strace.wait().unwrap().code(), Some(0), "{err}");
    found
}

/// The process that strace watches, once it is in this call and asleep.
fn stopped_in(strace: &mut Child, number: i64) -> u32 {
    let began = Instant::now();
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    while began.elapsed() < Duration::from_secs(60) {
        let child = fs::read_to_string(&children).unwrap_or_default();
        for process in child.split_whitespace() {
            let call = fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
            let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // Stopped by who traces it.
            if call.starts_with(&format!("{number} ")) && state.contains(") t ") {
                return process.parse().unwrap();
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came to call {number}");
}

fn seal(path: &Path, seed: &[u8; 32]) -> SoftwareKey {
    let key = SoftwareKey::from_seed(seed).unwrap();
    let sealed = key_file::seal(&key, SECRET.as_bytes(), key_file::Cost::TEST, &mut rand::rngs::SysRng).unwrap();
    write_secret(path, &sealed);
    key
}

/// A desk whose keys are made of these seeds, and a bundle for the root to sign.
fn desk() -> Desk {
    let desk = Desk::with_seed(&SEED);
    fs::remove_file(desk.folder().join("issuer-1.key")).unwrap();
    seal(&desk.folder().join("issuer-1.key"), &SEED);
    seal(&desk.folder().join("ledger.key"), &OTHERS[0]);
    let root = seal(&desk.room().join("root.key"), &OTHERS[1]);
    let roots = Roots::new(1, [root.public_key()]).unwrap();
    let bundle = countersign::desk::draft_bundle(&mut desk.ledger(), clock(), Some(&roots)).unwrap();
    fs::write(desk.room().join("bundle.txt"), bundle.to_string()).unwrap();
    fs::remove_file(desk.passphrase()).unwrap();
    write_secret(&desk.passphrase(), SECRET);
    desk
}

#[test]
fn no_command_leaves_a_copy_of_the_key_or_of_the_passphrase_in_its_memory() {
    if cfg!(not(target_arch = "x86_64")) || !have("strace") {
        return;
    }
    let desk = desk();
    let log = desk.room().join("strace.log");
    let file = desk.folder().join("issuer-1.key").to_str().unwrap().to_owned();
    let orders = desk.room().join("orders.csv");
    fs::write(
        &orders,
        "order,customer,product,units,from,term\nPO-9,1,ES,5,2030-01-01,1y\nPO-10,1,ES,5,2030-01-01,1y\n",
    )
    .unwrap();
    let issue = ["--yes", "issue", "--customer", "1", "--product", "ES", "--units", "5", "--from", "2030-01-01"];
    let issue = [&issue[..], &["--term", "1y"]].concat();

    // The control: while the key is in use, at one of the syncs of the ledger, the same look finds it.
    let found = (1..=4).any(|nth| copies_at(SYNC, nth, &log, &desk.command(&issue)).0 > 0);
    assert!(found, "the control finds nothing: the scan proves nothing");

    let [bundle, root, ceremony] =
        ["bundle.txt", "root.key", "ceremony.log"].map(|name| desk.room().join(name).to_str().unwrap().to_owned());
    let commands: [&[&str]; 7] = [
        &["--yes", "root", "sign", &bundle, "--key", &root, "--log", &ceremony],
        &["audit", "checkpoint"],
        &issue[..],
        &["--yes", "renew", "1", "--term", "1y"],
        &["--yes", "batch", orders.to_str().unwrap()],
        &["key", "shares", &file],
        &["key", "recover", &file, "--check"],
    ];
    for arguments in commands {
        let found = copies_at(EXIT, 1, &log, &desk.command(arguments));
        assert_eq!(found, (0, 0), "copies of the seed and of the passphrase after {arguments:?}");
    }
}
