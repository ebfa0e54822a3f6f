//! What certificates cost: a batch with `--certificates`, as a clerk runs it, beside the same batch without them, and
//! beside files of the same bytes that are only written; how large the files are, and the most memory of the program.
//!
//!     cargo bench -p countersign --bench certificates
//!
//! `ORDERS` sets how many there are in the largest batch; the smallest has a tenth.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "common/figure.rs"]
mod figure;

use activation_host::program::clock;
use common::*;
use countersign::desk::{self, ContactEdit, CustomerEdit};
use countersign::ledger::CustomerNumber;
use figure::{Wanted, figure};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Names in scripts that need fonts of their own, in turns.
const NAMES: [&str; 5] =
    ["Example Hospital Trust", "مستشفى المثال العام", "例示総合病院", "Пример ООО", "Δοκιμαστικό Νοσοκομείο"];

/// Most bytes of a certificate without a logo.
const MOST_BYTES: u64 = 60 * 1024;

fn main() {
    let orders: u32 = std::env::var("ORDERS").map_or(10_000, |text| text.parse().unwrap());
    let master = Desk::new();
    furnish_customers(&master);
    println!(
        "| orders | printing, clock | printing, processor | a second of processor | only written | bytes | memory |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for orders in [orders / 10, orders / 3, orders] {
        let plain = batch(&master.copy(), orders, None);
        let desk = master.copy();
        let folder = desk.room().join("certificates");
        fs::create_dir(&folder).unwrap();
        let printed = batch(&desk, orders, Some(&folder));
        let written = only_write(&desk.room().join("copies"), &folder);
        let bytes = sizes(&folder);
        assert_eq!(bytes.len(), orders as usize);
        let [least, median, most] = [bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]];
        let processor = printed.processor.saturating_sub(plain.processor);
        println!(
            "| {orders} | {:.1} s | {:.1} s | {:.0} | {:.1} s | {least}, {median}, {most} | {} KiB, without {} KiB |",
            printed.clock.saturating_sub(plain.clock).as_secs_f64(),
            processor.as_secs_f64(),
            f64::from(orders) / processor.as_secs_f64(),
            written.as_secs_f64(),
            printed.memory,
            plain.memory,
        );
        let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(orders);
        let (what, limit) = (format!("{orders} certificates, processor for each"), "its bytes written and synced");
        figure(&what, limit, (each(written), each(processor), "ms"), &Wanted::Nothing);
        let (what, most_bytes) = (format!("{orders} certificates, the largest"), Wanted::AtMost(MOST_BYTES as f64));
        figure(&what, "the smallest", (least as f64, most as f64, "bytes"), &most_bytes);
        assert!(most <= MOST_BYTES, "a certificate has {most} bytes");
    }
}

/// What a batch took.
struct Cost {
    clock: Duration,
    processor: Duration,
    /// The most that it had, in KiB.
    memory: u64,
}

fn furnish_customers(desk: &Desk) {
    let mut ledger = desk.ledger();
    let session = session(clock());
    for name in &NAMES[1..] {
        desk::add_customer(&mut ledger, &session, &name.parse().unwrap(), None, [1; 16]).unwrap();
    }
    let contact = [
        ContactEdit::Address(Some("1 Example Road; London".parse().unwrap())),
        ContactEdit::Telephone(Some("+44 20 7946 0000".parse().unwrap())),
        ContactEdit::Person(Some("Ann Example".parse().unwrap())),
        ContactEdit::Email(Some("ann@hospital.example".parse().unwrap())),
    ];
    for number in 1..=NAMES.len() as u32 {
        let language = if number % 2 == 0 { "de" } else { "en" };
        let edits = contact.clone().into_iter().chain([ContactEdit::Language(Some(language.parse().unwrap()))]);
        let edits: Vec<_> = edits.map(CustomerEdit::Contact).collect();
        desk::change_customer(&mut ledger, &session, CustomerNumber::new(number).unwrap(), &edits).unwrap();
    }
}

/// Runs a batch.
fn batch(desk: &Desk, orders: u32, certificates: Option<&Path>) -> Cost {
    let mut text = String::from("order,customer,product,units,from,term\n");
    let today = today();
    for order in 0..orders {
        let customer = order % NAMES.len() as u32 + 1;
        writeln!(text, "PO-2026-{order:07},{customer},ES,{},{today},1y", 1 + order % 500).unwrap();
    }
    let file = desk.room().join("orders.csv");
    fs::write(&file, text).unwrap();
    let mut command = desk.command(&["batch"]);
    command.arg(&file).arg("--output").arg(desk.room().join("codes.csv")).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(folder) = certificates {
        command.arg("--certificates").arg(folder);
    }
    run_and_watch(&mut command)
}

/// The sizes of the files of a folder, ascending.
fn sizes(folder: &Path) -> Vec<u64> {
    let size = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
    let mut bytes: Vec<u64> = fs::read_dir(folder).unwrap().map(size).collect();
    bytes.sort_unstable();
    bytes
}

/// What it takes to write files with the bytes of those of a folder, each synced as the program does.
fn only_write(to: &Path, from: &Path) -> Duration {
    fs::create_dir(to).unwrap();
    let contents: Vec<_> = fs::read_dir(from).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    let began = Instant::now();
    for (number, contents) in contents.iter().enumerate() {
        let mut file = fs::File::create_new(to.join(number.to_string())).unwrap();
        file.write_all(contents).unwrap();
        file.sync_all().unwrap();
    }
    began.elapsed()
}

fn run_and_watch(command: &mut Command) -> Cost {
    let (began, before) = (Instant::now(), worked_by_others());
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = thread::spawn(move || {
        let mut most = 0;
        while let Some(now) = high_water(Path::new(&status)) {
            most = now.max(most);
            thread::sleep(Duration::from_millis(5));
        }
        most
    });
    assert!(child.wait().unwrap().success());
    let (clock, processor) = (began.elapsed(), worked_by_others() - before);
    Cost { clock, processor, memory: watch.join().unwrap() }
}

fn high_water(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The processor time of programs that ended.
fn worked_by_others() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Fields 16 and 17 of proc(5); the first two are the number and the name.
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}
