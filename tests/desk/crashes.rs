//! A crash at any moment loses nothing that was printed, and uses no number twice.

use crate::common::*;
use activation_code::{LicenseNumber, PublicKey, SIGNATURE_BYTES};
use countersign::desk::{self, Asked, Change, Length};
use countersign::signer::{Signer, SignerFault, SoftwareKey};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many processes are killed, if nobody asks for more.
const KILLS: usize = 200;

/// Signs, and never says so.
struct Dying {
    key: SoftwareKey,
    signed: Mutex<Option<[u8; SIGNATURE_BYTES]>>,
}

impl Signer for Dying {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        *self.signed.lock().unwrap() = Some(self.key.sign(message)?);
        Err(SignerFault)
    }
}

#[test]
fn a_number_that_was_given_away_is_never_used_again() {
    let room = Desk::new();
    let first = "2030-01-01".parse().unwrap();
    let monday = "2029-12-03".parse().unwrap();
    let dying = Dying { key: test_key(), signed: Mutex::new(None) };
    issue(&mut room.ledger(), &dying, &order(first, Some("PO-1")), monday).unwrap_err();
    assert!(dying.signed.lock().unwrap().is_some());
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

/// Ends the order of a killed process, and answers what it made.
fn finish(room: &Desk, reference: &str, seen: &str, today: &str) -> (u64, String) {
    let again = room.run(&room.order(reference, today));
    let json = again.json();
    // What was printed before it was killed is what is printed now; half a text counts for nothing.
    if serde_json::from_str::<serde_json::Value>(seen).is_ok() {
        assert_eq!(seen, again.out);
    }
    (json["license"].as_u64().unwrap(), again.out)
}

fn assert_all_are_kept(room: &Desk, made: &BTreeMap<u64, String>, orders: usize) {
    assert_eq!(made.len(), orders, "every order has a number of its own");
    room.assert_ledger_is_sound();
    assert_eq!(licenses(&mut room.ledger()).len(), orders, "no order has two licenses");
    for (license, printed) in made {
        let number = LicenseNumber::new(u32::try_from(*license).unwrap()).unwrap();
        let codes = desk::codes_of(&mut room.ledger(), number).unwrap();
        assert!(printed.contains(&codes[0].license.code().transport()));
    }
}

#[test]
fn killed_at_random_moments_every_order_has_exactly_one_code() {
    let wanted = std::env::var("COUNTERSIGN_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let room = Desk::new();
    let today = today();
    let began = Instant::now();
    let mut made = BTreeMap::new();
    for warm in ["warm-1", "warm-2", "warm-3"] {
        let (license, printed) = finish(&room, warm, "", &today);
        made.insert(license, printed);
    }
    let usual = began.elapsed() / 3;
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (mut kills, mut runs, mut given_away) = (0, 0, 0);
    while kills < wanted {
        runs += 1;
        assert!(runs < wanted * 10, "only {kills} of {runs} were killed in time");
        let reference = format!("PO-{runs}");
        let mut command = room.command(&room.order(&reference, &today));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let moment = usual.as_nanos() as u64 * (chance.next() % 1000) / 900;
        std::thread::sleep(Duration::from_nanos(moment));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        kills += usize::from(output.status.signal() == Some(9));
        let mut ledger = room.ledger();
        let next = ledger.read(|book| book.desk()).unwrap().next_license;
        given_away += usize::from(licenses(&mut ledger).last().is_some_and(|(it, _)| it.number.get() + 1 < next));
        let (license, printed) = finish(&room, &reference, &String::from_utf8_lossy(&output.stdout), &today);
        made.insert(license, printed);
    }
    assert_all_are_kept(&room, &made, runs + 3);
    say(&format!("{kills} of {runs} processes killed, {given_away} of them between numbering and committing"));
}

#[test]
fn killed_before_any_system_call_every_order_has_exactly_one_code() {
    if !have("strace") {
        return;
    }
    const CALLS: &str = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,fcntl,munmap,close";
    let room = Desk::new();
    let today = today();
    let log = room.room().join("strace.log");
    let traced = |extra: &[&str], reference: &str| {
        let issue = room.command(&room.order(reference, &today));
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}")]).args(extra);
        strace.arg(issue.get_program()).args(issue.get_args()).env_remove("COUNTERSIGN_DESK");
        strace.stdin(Stdio::null()).output().unwrap()
    };
    assert!(traced(&[], "PO-0").status.success());
    let calls = calls_that_concern_the_ledger(&std::fs::read_to_string(&log).unwrap());
    let (mut made, mut kills) = (BTreeMap::new(), 0);
    let (license, printed) = finish(&room, "PO-0", "", &today);
    made.insert(license, printed);
    for (call, nth) in &calls {
        let reference = format!("PO-{call}-{nth}");
        let output = traced(&["-e", &format!("inject={call}:signal=KILL:when={nth}")], &reference);
        kills += usize::from(output.status.signal() == Some(9));
        let (license, printed) = finish(&room, &reference, &String::from_utf8_lossy(&output.stdout), &today);
        made.insert(license, printed);
    }
    assert_all_are_kept(&room, &made, calls.len() + 1);
    assert!(kills * 10 > calls.len() * 9, "{kills} kills at {} calls", calls.len());
    say(&format!("{kills} processes killed, one before each of {} system calls", calls.len()));
}

/// SplitMix64: moments need no better chance, and the same run can be repeated.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
