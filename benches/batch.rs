//! What a batch costs above its signatures, measured in the same run: the program as a clerk runs it, from the file of
//! orders to the file of codes, in turns with dalek alone; and what each index of the ledger costs.
//!
//!     cargo bench -p countersign --bench batch [-- ORDERS...]
//!
//! With numbers it measures batches of so many orders, without the indexes. `PAIRS` sets how many pairs; with `KEEP=folder` it only makes the desk there, for a profiler. Both sides have
//! as many threads: one more than there are cores, so that neither gets more of a machine that others use too. Time
//! is on the clock, and of the processor, which does not count the time in which others had it.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "common/figure.rs"]
mod figure;

use activation_code::*;
use common::*;
use countersign::ledger::{Action, By, Customer, CustomerNumber, Entry, LedgerFault, OperatorName};
use ed25519_dalek::{Signer as _, SigningKey};
use figure::{Wanted, figure};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Customers of the desk; each order is for one of them.
const CUSTOMERS: u32 = 10_000;
/// Orders of a batch.
const ORDERS: u32 = 100_000;
/// Pairs of measurements.
const PAIRS: u32 = 5;
/// Codes that are written in one transaction, as in a batch.
const CHUNK: usize = 8192;
/// Measurements of what each index costs, of which the median counts.
const ROUNDS: usize = 5;

fn main() {
    let cores = thread::available_parallelism().unwrap().get();
    let asked: Vec<u32> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let pairs = number("PAIRS", PAIRS);
    println!("{cores} cores, {} threads, {CUSTOMERS} customers", cores + 1);
    let master = Desk::new();
    add_customers(&master);
    if let Some(keep) = std::env::var_os("KEEP") {
        std::fs::create_dir_all(&keep).unwrap();
        return copy_folder(master.room(), Path::new(&keep));
    }
    for &orders in &asked {
        compare(&master, cores + 1, orders, pairs);
    }
    if !asked.is_empty() {
        return;
    }
    compare(&master, cores + 1, ORDERS, pairs);
    let (cost, memory) = batch(&master.copy(), 10_000, &[]);
    println!("10000 orders: {:.2} s, {memory} KiB", cost.clock.as_secs_f64());
    indexes(&master, ORDERS);
}

fn number(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// What something took.
#[derive(Clone, Copy)]
struct Cost {
    clock: Duration,
    processor: Duration,
}

fn compare(master: &Desk, threads: usize, orders: u32, pairs: u32) {
    println!("{orders} orders");
    println!("| pair | raw/s | batch/s | ratio | raw, processor | batch, processor | ratio | most memory |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (mut ratios, mut costs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for pair in 1..=pairs {
        let raw = raw(threads, orders);
        let (batch, memory) = batch(&master.copy(), orders, &[]);
        let rate = |cost: Cost| f64::from(orders) / cost.clock.as_secs_f64();
        let each = |cost: Cost| cost.processor.as_secs_f64() * 1e6 / f64::from(orders);
        let ratio = [rate(batch) / rate(raw), each(raw) / each(batch)];
        println!(
            "| {pair} | {:.0} | {:.0} | {:.3} | {:.1} µs | {:.1} µs | {:.3} | {memory} KiB |",
            rate(raw),
            rate(batch),
            ratio[0],
            each(raw),
            each(batch),
            ratio[1],
        );
        ratios.iter_mut().zip(ratio).for_each(|(all, one)| all.push(one));
        costs.iter_mut().zip([raw, batch]).for_each(|(all, one)| all.push(1e6 / rate(one)));
    }
    let [clock, processor] = ratios.map(median);
    println!("medians of {pairs} pairs: {clock:.3} by the clock, {processor:.3} of the processor");
    let [raw, batch] = costs.map(median);
    // At least 0.60 of what signing and verifying alone does.
    let what = format!("batch of {orders}, an order by the clock");
    figure(&what, "sign and verify_strict", (raw, batch, "µs"), &Wanted::Times(1.0 / 0.6));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What each index costs where codes are written down, without their signatures: the ledger as it is, in turns with
/// one in which that index is not there.
fn indexes(master: &Desk, codes: u32) {
    const WITHOUT: [(&str, &str); 6] = [
        ("nothing: the ledger as it is", ""),
        ("rows of codes: `code_row`, five for each", NO_CODE_ROWS),
        ("codes by order: `revision_order`", "DROP INDEX revision_order"),
        ("codes by last day: `revision_last_day`", "DROP INDEX revision_last_day"),
        ("licenses by customer: `license_customer`", "DROP INDEX license_customer"),
        ("those of few rows: `license_revoked`, `event_action`", "DROP INDEX license_revoked; DROP INDEX event_action"),
    ];
    // The rows are still made and handed to SQLite, which does nothing with them.
    const NO_CODE_ROWS: &str = "DROP TABLE code_row; CREATE VIEW code_row AS SELECT 0 key, 0 license, 0 revision;
        CREATE TRIGGER no_code_row INSTEAD OF INSERT ON code_row BEGIN SELECT 1; END";
    let mut costs = WITHOUT.map(|_| (Vec::new(), 0.0));
    for _ in 0..ROUNDS {
        for ((_, sql), (times, size)) in WITHOUT.iter().zip(&mut costs) {
            let desk = master.copy();
            let connection = Connection::open(desk.ledger_path()).unwrap();
            connection.execute_batch(sql).unwrap();
            connection.execute_batch("VACUUM").unwrap();
            drop(connection);
            let before = std::fs::metadata(desk.ledger_path()).unwrap().len();
            times.push(write_codes(&desk, codes).as_secs_f64() * 1e6 / f64::from(codes));
            let written = std::fs::metadata(desk.ledger_path()).unwrap().len() - before;
            *size = written as f64 / f64::from(codes);
        }
    }
    let costs = costs.map(|(times, size)| (median(times), size));
    println!("| {codes} codes written down, without | processor, a code | bytes a code | so it costs | |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for ((name, _), (time, size)) in WITHOUT.iter().zip(costs) {
        let (more, larger) = (costs[0].0 - time, costs[0].1 - size);
        println!("| {name} | {time:.2} µs | {size:.0} | {more:.2} µs | {larger:.0} bytes |");
    }
}

/// Writes codes with made-up signatures into a ledger; closes it, so that everything is in its file.
fn write_codes(desk: &Desk, codes: u32) -> Duration {
    let by = By { operator: OperatorName::first(), day: today().parse().unwrap() };
    let period = MaintenancePeriod::new(by.day, by.day.plus(364).unwrap()).unwrap();
    let mut chance = 1u64;
    let made: Vec<_> = (1..=codes)
        .map(|license| {
            let mut random = || {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                chance >> 33
            };
            let customer = CustomerNumber::new(random() as u32 % CUSTOMERS + 1).unwrap();
            let terms = Terms {
                product: ProductId::new(7).unwrap(),
                license: LicenseNumber::new(license).unwrap(),
                units: Units::new(1 + license % 500).unwrap(),
                period,
                issued: by.day,
                issuer: IssuerNumber::new(1).unwrap(),
                revision: Revision::FIRST,
                kind: Kind::Full,
                test: false,
                grace: None,
                host: None,
                members: None,
                features: None,
                holder: None,
            };
            let mut signature = [0; SIGNATURE_BYTES];
            signature.chunks_mut(4).for_each(|part| part.copy_from_slice(&(random() as u32).to_be_bytes()));
            let code = ActivationCode::from_parts(&terms.to_payload().unwrap(), &signature).unwrap();
            let reference = Some(format!("PO-2026-{license:07}").parse().unwrap());
            (Entry { customer, reference, period, terms }, code)
        })
        .collect();
    let mut ledger = desk.ledger();
    let began = worked();
    for chunk in made.chunks(CHUNK) {
        ledger
            .write::<_, LedgerFault>(|book| {
                for (entry, code) in chunk {
                    let (license, customer) = (entry.terms.license, entry.customer);
                    book.put_license(license, customer, None)?;
                    book.insert_code(entry, code)?;
                    book.record(&by, Action::Issued, Some(license), format!("{{\"customer\":{customer}}}"))?;
                }
                Ok(())
            })
            .unwrap();
    }
    drop(ledger);
    worked() - began
}

/// Time of the processor, of all threads.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The same of the processes that were waited for, in hundredths of a second as Linux counts them.
fn worked_by_others() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Fields 16 and 17 of proc(5); the first two are the number and the name.
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}

fn add_customers(desk: &Desk) {
    let by = By { operator: OperatorName::first(), day: today().parse().unwrap() };
    desk.ledger()
        .write::<_, LedgerFault>(|book| {
            for _ in 1..CUSTOMERS {
                let number = book.next_customer()?;
                let name = format!("Customer {number}").parse().unwrap();
                book.put_customer(&Customer { number, name, email: None, salt: [2; 16] })?;
                book.record(&by, Action::CustomerAdded, None, format!("{{\"customer\":{number}}}"))?;
            }
            Ok(())
        })
        .unwrap();
}

/// Signatures made and verified, on several threads.
fn raw(threads: usize, count: u32) -> Cost {
    let key = SigningKey::from_bytes(&SEED);
    let (began, before) = (Instant::now(), worked());
    thread::scope(|scope| {
        for thread in 0..threads {
            let key = &key;
            scope.spawn(move || {
                let verifying = key.verifying_key();
                for number in (thread as u32..count).step_by(threads) {
                    let mut message = b"countersign/activation-code/1\0".to_vec();
                    message.extend_from_slice(&[0; 13]);
                    message.extend_from_slice(&number.to_be_bytes());
                    let signature = key.sign(black_box(&message));
                    verifying.verify_strict(&message, black_box(&signature)).unwrap();
                }
            });
        }
    });
    Cost { clock: began.elapsed(), processor: worked() - before }
}

/// What a batch takes, and the most memory that it had, in KiB.
fn batch(desk: &Desk, orders: u32, options: &[&str]) -> (Cost, u64) {
    let mut text = String::from("order,customer,product,units,from,term\n");
    let today = today();
    let mut chance = 1u64;
    for order in 1..=orders {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let customer = (chance >> 33) as u32 % CUSTOMERS + 1;
        writeln!(text, "PO-2026-{order:07},{customer},ES,{},{today},1y", 1 + order % 500).unwrap();
    }
    let file = desk.room().join("orders.csv");
    std::fs::write(&file, text).unwrap();
    let output = desk.room().join("codes.csv");
    let mut command = desk.command(&["batch"]);
    command.arg(&file).arg("--output").arg(&output).args(options).stdout(Stdio::null());
    let measured = run_and_watch(&mut command);
    let codes = std::fs::read_to_string(&output).unwrap();
    assert_eq!(codes.lines().count(), orders as usize + 1);
    measured
}

fn run_and_watch(command: &mut Command) -> (Cost, u64) {
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
    let cost = Cost { clock: began.elapsed(), processor: worked_by_others() - before };
    (cost, watch.join().unwrap())
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
