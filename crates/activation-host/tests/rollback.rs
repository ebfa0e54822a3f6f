//! The counter against older copies of the state, on a TPM in software (swtpm), with tpm2-tools as a second look.
#![cfg(target_os = "linux")]

#[path = "common/swtpm.rs"]
mod swtpm;
#[path = "../../../tests/common/tools.rs"]
mod tools;

use activation_host::rollback::{
    AnswerFault, Continuity, CounterFault, NvCommand, NvCounter, NvIndex, Origin, RollbackCounter, TpmCounter,
};
use activation_host::sentences;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use swtpm::{Device, Generation, Swtpm};
use tempfile::TempDir;
use tools::have;

const INDEX: NvIndex = NvIndex::SUGGESTED;
/// Makes the test `another_process` one: the device.
const DEVICE: &str = "COUNTERSIGN_TEST_TPM";
const RISES: u64 = 40;

fn room() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn tpm_and_tools() -> bool {
    have("swtpm") && have("tpm2_nvread")
}

fn open(tpm: &Swtpm) -> Result<TpmCounter, CounterFault> {
    TpmCounter::open(tpm.path(), INDEX)
}

/// What tpm2-tools read at the index.
fn second_look(tpm: &Swtpm) -> u64 {
    u64::from_be_bytes(tpm.tool(&format!("tpm2_nvread {INDEX} -C {INDEX} -s 8")).try_into().unwrap())
}

#[test]
fn a_counter_is_made_once_and_rises_by_one() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let mut counter = open(&tpm).unwrap();
    assert_eq!((counter.origin(), counter.index()), (Origin::Made, INDEX));
    let first = counter.read().unwrap();
    assert_eq!(counter.increment().unwrap(), first + 1);
    assert_eq!(counter.increment().unwrap(), first + 2);
    assert_eq!(second_look(&tpm), first + 2);
    let public = String::from_utf8(tpm.tool(&format!("tpm2_nvreadpublic {INDEX}"))).unwrap();
    assert!(public.contains("friendly: authwrite|nt=0x1|authread|no_da|written\n"), "{public}");

    let mut again = open(&tpm).unwrap();
    assert_eq!((again.origin(), again.read().unwrap()), (Origin::Found, first + 2));
    tpm.tool(&format!("tpm2_nvincrement {INDEX} -C {INDEX}"));
    assert_eq!(counter.read().unwrap(), first + 3);
    // Its neighbour counts for itself.
    let mut neighbour = TpmCounter::open(tpm.path(), NvIndex::new(0x0180_C517).unwrap()).unwrap();
    neighbour.increment().unwrap();
    assert_eq!(counter.read().unwrap(), first + 3);
}

#[test]
fn a_counter_survives_a_power_cut() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let before = open(&tpm).unwrap().increment().unwrap();
    drop(tpm);
    let tpm = Swtpm::start(state.path());
    let mut counter = open(&tpm).unwrap();
    assert_eq!((counter.origin(), counter.read().unwrap()), (Origin::Found, before));
    assert_eq!(Continuity::of(Some(before), counter.increment().unwrap()), Continuity::PutBack { missing: 1 });
}

#[test]
fn an_older_copy_is_found_and_a_write_that_was_cut_off_is_none() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let mut counter = open(&tpm).unwrap();
    let mut copies = Vec::new();
    let mut remembered = None;
    for cut in [false, true, false, true, true, false] {
        let now = counter.read().unwrap();
        let wanted = if remembered.is_none() { Continuity::FirstUse } else { Continuity::Unbroken };
        assert_eq!(Continuity::of(remembered, now), wanted);
        copies.push(remembered);
        remembered = Some(now + 1);
        if !cut {
            counter.increment().unwrap();
        }
    }
    let now = counter.read().unwrap();
    assert_eq!(Continuity::of(remembered, now), Continuity::Unbroken);
    let found: Vec<_> = copies.into_iter().map(|copy| Continuity::of(copy, now)).collect();
    let older = |missing| Continuity::PutBack { missing };
    // The last three are the same write, tried three times.
    assert_eq!(found, [Continuity::FirstUse, older(2), older(1), older(1), Continuity::Unbroken, Continuity::Unbroken]);
}

#[test]
fn a_counter_that_was_removed_begins_above_its_last_value() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let mut counter = open(&tpm).unwrap();
    let before = counter.increment().unwrap();
    tpm.tool(&format!("tpm2_nvundefine {INDEX} -C o"));
    let (read, increment) = (counter.read().unwrap_err(), counter.increment().unwrap_err());
    assert!(matches!(read, CounterFault::Gone { index: INDEX }), "{read:?}");
    assert!(matches!(increment, CounterFault::Gone { index: INDEX }), "{increment:?}");
    let mut anew = open(&tpm).unwrap();
    assert_eq!(anew.origin(), Origin::Made);
    assert!(anew.read().unwrap() > before);
    // Cleared by its owner, as in the firmware's menu.
    let before = anew.read().unwrap();
    tpm.tool("tpm2_clear");
    assert_eq!(anew.read().unwrap_err().to_string(), "index 0x0180c516 of the TPM is gone");
    assert!(open(&tpm).unwrap().read().unwrap() > before);
}

#[test]
fn an_index_that_is_not_ours_is_left_alone_and_named() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    for (size, attributes, holds) in [
        (32, "ownerread|ownerwrite|authread|authwrite|no_da", "data of 32 bytes"),
        (8, "authread|authwrite|no_da|nt=bits", "a set of bits"),
        (32, "authread|authwrite|no_da|nt=extend", "a hash that is extended"),
        (8, "authwrite|authread|nt=counter", "a counter without no_da"),
        (8, "ownerread|ownerwrite|nt=counter|no_da", "a counter without authread without authwrite"),
        (8, "authread|authwrite|no_da|orderly|nt=counter", "a counter that jumps after a power cut (orderly)"),
    ] {
        tpm.tool(&format!("tpm2_nvdefine {INDEX} -C o -s {size} -a '{attributes}'"));
        let before = tpm.tool(&format!("tpm2_nvreadpublic {INDEX}"));
        let fault = open(&tpm).unwrap_err();
        assert!(matches!(fault, CounterFault::Taken { index: INDEX, size: found, .. } if found == size), "{fault:?}");
        assert_eq!(fault.to_string(), format!("index {INDEX} of the TPM holds {holds}, wanted a counter of ours"));
        assert!(sentences::counter(&fault).starts_with("give another index"));
        assert_eq!(tpm.tool(&format!("tpm2_nvreadpublic {INDEX}")), before);
        tpm.tool(&format!("tpm2_nvundefine {INDEX} -C o"));
    }
    tpm.tool(&format!("tpm2_nvdefine {INDEX} -C o -s 8 -p secret -a 'authread|authwrite|no_da|nt=counter'"));
    let fault = open(&tpm).unwrap_err();
    assert!(matches!(fault, CounterFault::IndexPassword { index: INDEX }), "{fault:?}");
}

#[test]
fn a_locked_counter_is_named() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let attributes = "authread|authwrite|no_da|nt=counter|write_stclear|read_stclear";
    tpm.tool(&format!("tpm2_nvdefine {INDEX} -C o -s 8 -a '{attributes}'"));
    let mut counter = open(&tpm).unwrap();
    let value = counter.read().unwrap();
    tpm.tool(&format!("tpm2_nvwritelock {INDEX} -C {INDEX}"));
    let fault = counter.increment().unwrap_err();
    assert!(matches!(fault, CounterFault::Locked { index: INDEX }), "{fault:?}");
    assert_eq!(counter.read().unwrap(), value);
    tpm.tool(&format!("tpm2_nvreadlock {INDEX} -C {INDEX}"));
    assert_eq!(counter.read().unwrap_err().to_string(), "index 0x0180c516 of the TPM is locked");
}

#[test]
fn where_the_owner_has_a_password_the_advice_works_when_pasted() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    tpm.tool("tpm2_changeauth -c owner horse-battery");
    let fault = open(&tpm).unwrap_err();
    assert!(matches!(fault, CounterFault::OwnerPassword { index: INDEX }), "{fault:?}");
    let advice = sentences::counter(&fault);
    let (_, line) = advice.split_once(": ").unwrap();
    let page = include_str!("../../../docs/installation-tpm.md");
    assert!(page.contains(&format!("\n    {line}\n")), "the page has another line than {line}");
    tpm.tool(&line.replace("OWNERPASSWORD", "horse-battery"));
    let mut counter = open(&tpm).unwrap();
    assert_eq!(counter.origin(), Origin::Made);
    let value = counter.increment().unwrap();
    assert_eq!(second_look(&tpm), value);
    assert_eq!(open(&tpm).unwrap().origin(), Origin::Found);
}

#[test]
fn a_tpm_without_room_says_so() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let full = (0..1000).find(|i| {
        let index = 0x0190_0000 + i;
        !tpm.tools(&format!("tpm2_nvdefine {index:#x} -C o -s 2048 -a 'ownerread|ownerwrite'")).status.success()
    });
    assert!(full.is_some());
    // The rest, in counters.
    let fault = (0..1000).find_map(|i| TpmCounter::open(tpm.path(), NvIndex::new(0x01A0_0000 + i).unwrap()).err());
    let fault = fault.unwrap();
    assert!(matches!(fault, CounterFault::Full { .. }), "{fault:?}");
}

#[test]
fn what_is_no_tpm_is_not_written_to() {
    let room = room();
    let missing = room.path().join("tpmrm0");
    let fault = TpmCounter::open(&missing, INDEX).unwrap_err();
    assert!(matches!(&fault, CounterFault::NoDevice { path } if *path == missing), "{fault:?}");
    assert_eq!(fault.to_string(), format!("there is no TPM at {}", missing.display()));

    fs::write(&missing, "precious").unwrap();
    for path in [missing.as_path(), room.path()] {
        let fault = TpmCounter::open(path, INDEX).unwrap_err();
        assert!(matches!(fault, CounterFault::NotADevice { .. }), "{fault:?}");
    }
    assert_eq!(fs::read_to_string(&missing).unwrap(), "precious");

    // It takes nothing.
    let fault = TpmCounter::open("/dev/full", INDEX).unwrap_err();
    let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
    assert!(matches!(&fault, CounterFault::System(error) if full(error)), "{fault:?}");
    assert!(fault.to_string().starts_with("the TPM cannot be used: "), "{fault}");
    assert!(std::error::Error::source(&fault).is_some());
    // It takes everything and gives nothing.
    let fault = TpmCounter::open("/dev/null", INDEX).unwrap_err();
    assert_eq!(fault.to_string(), "the TPM's answer to NV_ReadPublic ends after 0 bytes, wanted 10");
    // It answers with zeros.
    let fault = TpmCounter::open("/dev/zero", INDEX).unwrap_err();
    assert_eq!(fault.to_string(), "the TPM's answer to NV_ReadPublic gives its size as 0 bytes, wanted 10 to 4096");
}

#[test]
fn a_tpm_that_answers_nothing_is_given_up() {
    let device = Device::new();
    let begun = Instant::now();
    let fault = TpmCounter::open(&device.path, INDEX).unwrap_err();
    assert!(matches!(fault, CounterFault::Silent { seconds: 5 }), "{fault:?}");
    assert!((5..15).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[test]
fn a_device_that_another_program_keeps_is_named() {
    let device = Device::new();
    let keeper = File::options().read(true).write(true).open(&device.path).unwrap();
    keeper.lock().unwrap();
    let fault = TpmCounter::open(&device.path, INDEX).unwrap_err();
    assert!(matches!(&fault, CounterFault::InUse { path } if *path == device.path), "{fault:?}");
}

#[test]
fn a_tpm_1_2_is_named() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start_as(Generation::Tpm12, state.path());
    let fault = open(&tpm).unwrap_err();
    assert!(matches!(fault, CounterFault::OldTpm), "{fault:?}");
}

#[test]
fn two_processes_never_get_the_same_value() {
    if !tpm_and_tools() {
        return;
    }
    let state = room();
    let tpm = Swtpm::start(state.path());
    let start = || process(&std::env::current_exe().unwrap(), tpm.path()).stdout(Stdio::piped()).spawn().unwrap();
    // Both make it, too.
    let processes = [start(), start()];
    let mut values = BTreeSet::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        values.extend(text.lines().filter_map(|line| line.strip_prefix("value ")?.parse::<u64>().ok()));
    }
    let (first, last) = (*values.first().unwrap(), *values.last().unwrap());
    assert_eq!((values.len() as u64, last - first + 1), (2 * RISES, 2 * RISES));
    assert_eq!(second_look(&tpm), last);
}

#[test]
fn without_permission_the_group_is_named() {
    let device = Device::new();
    fs::set_permissions(&device.path, Permissions::from_mode(0o000)).unwrap();
    let wanted = CounterFault::NoPermission { path: device.path.clone() };
    assert_eq!(wanted.to_string(), format!("no permission to use the TPM at {}", device.path.display()));
    let wanted = format!("{wanted:?}");
    if !rustix::process::geteuid().is_root() {
        return assert_eq!(format!("{:?}", TpmCounter::open(&device.path, INDEX).unwrap_err()), wanted);
    }
    // Root is let in everywhere: somebody else has to try.
    let room = room_of_everybody();
    let program = room.path().join("another");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = process(&program, &device.path).uid(65_534).gid(65_534).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&wanted), "{text}");
}

fn room_of_everybody() -> TempDir {
    let room = tempfile::tempdir().unwrap();
    fs::set_permissions(room.path(), Permissions::from_mode(0o755)).unwrap();
    room
}

fn process(program: &Path, device: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", "another_process", "--nocapture"]).env(DEVICE, device);
    command
}

/// A program of its own for the tests above; by itself it has nothing to do.
#[test]
fn another_process() {
    let Some(device) = std::env::var_os(DEVICE) else { return };
    let mut counter = TpmCounter::open(&device, INDEX).unwrap_or_else(|fault| {
        println!("{fault:?}");
        panic!("{fault}");
    });
    for _ in 0..RISES {
        println!("\nvalue {}", counter.increment().unwrap());
    }
}

/// What a TPM answers, written down.
struct Recorder<'a> {
    file: File,
    answers: &'a mut Vec<Vec<u8>>,
}

impl Read for Recorder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.answers.last_mut().unwrap().extend(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Recorder<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.push(Vec::new());
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A TPM that answers what was written down, so many bytes at a time; a signal arrives before each other reading.
#[derive(Debug)]
struct Replay<'a> {
    answers: std::slice::Iter<'a, Vec<u8>>,
    rest: &'a [u8],
    at_a_time: usize,
    interrupted: bool,
}

impl<'a> Replay<'a> {
    fn of(answers: &'a [Vec<u8>], at_a_time: usize) -> Self {
        Self { answers: answers.iter(), rest: &[], at_a_time, interrupted: false }
    }
}

impl Read for Replay<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = self.rest.len().min(buffer.len()).min(self.at_a_time);
        let (now, rest) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.rest = rest;
        Ok(count)
    }
}

impl Write for Replay<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest = self.answers.next().map_or(&[], Vec::as_slice);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the counter comes from, its value, and its value after a rise.
type Used = (Origin, u64, u64);

fn use_counter<S: Read + Write + Send + std::fmt::Debug>(stream: S) -> Result<Used, CounterFault> {
    let (mut counter, origin) = NvCounter::over(stream, INDEX)?;
    Ok((origin, counter.read()?, counter.increment()?))
}

impl std::fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.fmt(f)
    }
}

/// What swtpm says where the counter has to be made, and where it is there.
fn recorded() -> [(Vec<Vec<u8>>, Used); 2] {
    let state = room();
    let tpm = Swtpm::start(state.path());
    [Origin::Made, Origin::Found].map(|origin| {
        let mut answers = Vec::new();
        let file = File::options().read(true).write(true).open(tpm.path()).unwrap();
        let result = use_counter(Recorder { file, answers: &mut answers }).unwrap();
        assert_eq!((result.0, result.1 + 1), (origin, result.2));
        (answers, result)
    })
}

#[test]
fn no_answer_of_a_hostile_tpm_is_a_panic_or_another_value() {
    if !tpm_and_tools() {
        return;
    }
    for (answers, right) in recorded() {
        for at_a_time in [1, 7, 4096] {
            assert_eq!(use_counter(Replay::of(&answers, at_a_time)).unwrap(), right);
        }
        for (place, answer) in answers.iter().enumerate() {
            let answered = |changed: Vec<u8>| {
                let mut answers = answers.clone();
                answers[place] = changed;
                use_counter(Replay::of(&answers, 4096))
            };
            for end in 0..answer.len() {
                let fault = answered(answer[..end].to_vec()).unwrap_err();
                assert!(
                    matches!(fault, CounterFault::Answer { fault: AnswerFault::Ends { found, .. }, .. } if found == end),
                    "{fault:?}"
                );
                // The same with a size that says so: never what it was.
                if end >= 10 {
                    let mut short = answer[..end].to_vec();
                    short[2..6].copy_from_slice(&(end as u32).to_be_bytes());
                    answered(short).unwrap_err();
                }
            }
            for more in [1, 100, 5000] {
                let longer = [answer.as_slice(), &vec![0; more]].concat();
                let fault = answered(longer).unwrap_err();
                assert!(matches!(fault, CounterFault::Answer { fault: AnswerFault::Longer { .. }, .. }), "{fault:?}");
            }
            for size in [0, 9, 4097, u32::MAX] {
                let mut huge = answer.clone();
                huge[2..6].copy_from_slice(&size.to_be_bytes());
                let fault = answered(huge).unwrap_err();
                assert!(
                    matches!(fault, CounterFault::Answer { fault: AnswerFault::Size { found }, .. } if found == size),
                    "{fault:?}"
                );
            }
            // The value itself is what a TPM is believed.
            let values = if answer.len() == 29 { 16..24 } else { 0..0 };
            for byte in (0..answer.len()).filter(|byte| !values.contains(byte)) {
                for change in 1..=255 {
                    let mut changed = answer.clone();
                    changed[byte] ^= change;
                    if let Ok(result) = answered(changed) {
                        assert_eq!(result, right, "answer {place}, byte {byte}, change {change:#x}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_answer_about_something_else_is_named() {
    if !tpm_and_tools() {
        return;
    }
    let [_, (answers, _)] = recorded();
    let with = |place: usize, from: usize, bytes: &[u8]| {
        let mut answers = answers.clone();
        answers[place][from..from + bytes.len()].copy_from_slice(bytes);
        use_counter(Replay::of(&answers, 4096)).unwrap_err()
    };
    let answer = |fault: &CounterFault| match fault {
        CounterFault::Answer { to: NvCommand::ReadPublic, fault } => *fault,
        other => panic!("{other:?}"),
    };
    let fault = with(0, 12, &[0x01, 0x80, 0, 1]);
    assert_eq!(answer(&fault), AnswerFault::Index { found: 0x0180_0001 });
    assert_eq!(fault.to_string(), "the TPM's answer to NV_ReadPublic is about index 0x01800001");
    let fault = with(0, 0, &[0x80, 0x02]);
    assert_eq!(answer(&fault), AnswerFault::Tag { found: 0x8002 });
    assert_eq!(
        fault.to_string(),
        "the TPM's answer to NV_ReadPublic begins with tag 0x8002, which does not belong to it"
    );
    let fault = with(1, 14, &[0, 9]);
    let CounterFault::Answer { to, fault } = fault else { panic!("{fault:?}") };
    assert_eq!((to, fault), (NvCommand::Read, AnswerFault::Parts));
    // Failure mode.
    let failure = vec![vec![0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x01]];
    let fault = use_counter(Replay::of(&failure, 4096)).unwrap_err();
    assert_eq!(fault.to_string(), "the TPM refused NV_ReadPublic with response code 0x101");
    assert_eq!(sentences::counter(&fault), "`tpm2_rc_decode 0x101` says what that means");
}

/// One more byte, in the parts whose sizes stand there, in two or four bytes.
fn grown(answer: &[u8], at: usize, sizes: &[std::ops::Range<usize>]) -> Vec<u8> {
    let mut grown = answer.to_vec();
    for size in sizes {
        let number = grown[size.clone()].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) + 1;
        let bytes = number.to_be_bytes();
        grown[size.clone()].copy_from_slice(&bytes[8 - size.len()..]);
    }
    grown.insert(at, 0);
    grown
}

#[test]
fn an_answer_with_room_for_more_than_belongs_into_it_is_refused() {
    if !tpm_and_tools() {
        return;
    }
    let [(making, _), (using, _)] = recorded();
    let all = 2..6;
    for (answers, place, at, sizes) in [
        // No such index; then what an index is: at the end, in its area, in its name.
        (&making, 0, 10, vec![all.clone()]),
        (&using, 0, 62, vec![all.clone()]),
        (&using, 0, 26, vec![all.clone(), 10..12]),
        // Made, raised: parameters where there are none.
        (&making, 1, 14, vec![all.clone(), 10..14]),
        (&making, 3, 14, vec![all.clone(), 10..14]),
        // A value: at the end, behind it, in it; a nonce, and an acknowledgement of the password.
        (&using, 1, 29, vec![all.clone()]),
        (&using, 1, 24, vec![all.clone(), 10..14]),
        (&using, 1, 24, vec![all.clone(), 10..14, 14..16]),
        (&using, 1, 26, vec![all.clone(), 24..26]),
        (&using, 1, 29, vec![all.clone(), 27..29]),
    ] {
        let mut answers = answers.clone();
        answers[place] = grown(&answers[place], at, &sizes);
        let fault = use_counter(Replay::of(&answers, 4096)).unwrap_err();
        let parts = matches!(fault, CounterFault::Answer { fault: AnswerFault::Parts, .. });
        assert!(parts, "answer {place}, byte {at}, {sizes:?}: {fault:?}");
    }
    let mut answers = using;
    answers[0][25] = 9;
    let fault = use_counter(Replay::of(&answers, 4096)).unwrap_err();
    assert!(matches!(fault, CounterFault::Taken { size: 9, .. }), "{fault:?}");
}

#[test]
fn who_makes_it_second_finds_it() {
    if !tpm_and_tools() {
        return;
    }
    let [(mut answers, right), _] = recorded();
    answers[1] = vec![0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x4C];
    assert_eq!(use_counter(Replay::of(&answers, 4096)).unwrap(), right);
}

#[test]
fn a_tpm_that_stays_busy_is_given_up() {
    let busy = vec![vec![0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x20]; 12];
    let fault = use_counter(Replay::of(&busy, 4096)).unwrap_err();
    assert!(matches!(fault, CounterFault::Refused { to: NvCommand::ReadPublic, code: 0x920 }), "{fault:?}");
}

#[test]
fn a_tpm_that_is_busy_is_asked_again() {
    if !tpm_and_tools() {
        return;
    }
    let [_, (answers, right)] = recorded();
    for code in [0x908_u32, 0x90A, 0x920, 0x922] {
        let busy = [&[0x80, 0x01, 0, 0, 0, 10], code.to_be_bytes().as_slice()].concat();
        let busy: Vec<_> = answers.iter().flat_map(|answer| [busy.clone(), answer.clone()]).collect();
        assert_eq!(use_counter(Replay::of(&busy, 4096)).unwrap(), right);
    }
}

#[test]
fn an_index_is_one_of_the_owners() {
    for (text, number) in [("0x0180c516", 0x0180_C516), ("01800000", 0x0180_0000), ("0x01BFFFFF", 0x01BF_FFFF)] {
        assert_eq!(text.parse(), Ok(NvIndex::new(number).unwrap()));
    }
    for text in ["", "0x", "0x017fffff", "0x01c00002", "0x+180c516", "0x10180c516", "25216278", "0X0180c516"] {
        assert!(text.parse::<NvIndex>().is_err(), "{text}");
    }
    assert_eq!(INDEX.to_string(), "0x0180c516");
}
