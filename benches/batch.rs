//! What a batch costs above its signatures, measured in the same run: the program as a clerk runs it, from the file of
//! orders to the file of codes, in turns with dalek alone on as many threads.
//!
//!     cargo bench -p countersign --bench batch

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use countersign::ledger::{Action, By, Customer, OperatorName};
use ed25519_dalek::{Signer as _, SigningKey};
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
const ROUNDS: usize = 3;

fn main() {
    let threads = thread::available_parallelism().unwrap().get();
    let orders: u32 = std::env::var("ORDERS").map_or(ORDERS, |text| text.parse().unwrap());
    println!("{threads} threads, {orders} orders, {CUSTOMERS} customers");
    let master = Desk::new();
    add_customers(&master);
    if let Some(keep) = std::env::var_os("KEEP") {
        std::fs::create_dir_all(&keep).unwrap();
        return copy_folder(master.room(), Path::new(&keep));
    }
    for round in 1..=ROUNDS {
        let raw = raw_rate(threads, 100_000);
        let (time, memory) = batch(&master.copy(), orders, &[]);
        let rate = f64::from(orders) / time.as_secs_f64();
        println!(
            "{round}: raw {raw:6.0}/s, batch {rate:6.0}/s, ratio {:.3}, {:.2} s, {} KiB",
            rate / raw,
            time.as_secs_f64(),
            memory
        );
    }
    let (time, memory) = batch(&master.copy(), 10_000, &[]);
    println!("10000 orders: {:.2} s, {memory} KiB", time.as_secs_f64());
}

fn add_customers(desk: &Desk) {
    let by = By { operator: OperatorName::first(), day: today().parse().unwrap() };
    desk.ledger()
        .write::<_, countersign::ledger::LedgerFault>(|book| {
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

/// Signatures made and verified in a second, on several threads.
fn raw_rate(threads: usize, count: u32) -> f64 {
    let key = SigningKey::from_bytes(&SEED);
    let began = Instant::now();
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
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// How long a batch takes, and the most memory that it had, in KiB.
fn batch(desk: &Desk, orders: u32, options: &[&str]) -> (Duration, u64) {
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

fn run_and_watch(command: &mut Command) -> (Duration, u64) {
    let began = Instant::now();
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
    let time = began.elapsed();
    (time, watch.join().unwrap())
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
