//! How long it takes to find out that nothing was changed: ledgers of 10^4, 10^5 and 10^6 events, written through the
//! ledger's own doors. Of ten events eight are new licenses, one renews an older one and one is a reprint.
//!
//!     cargo bench -p countersign --bench audit [-- EVENTS...]
//!
//! The signatures are made up: nothing but `--signatures` looks at them, which is measured with 10^4 real ones.

#[path = "common/figure.rs"]
mod figure;

use activation_code::{
    ActivationCode, Day, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, ProductId, Purpose, Revision, Terms,
    Trust, Units, signed_message,
};
use countersign::ledger::{
    Action, Book, By, CustomerNumber, Entry, Founding, Ledger, LedgerFault, Operator, OperatorName, Question, Sequence,
};
use countersign::signer::{Signer, SoftwareKey};
use figure::{Wanted, figure};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Events in one transaction.
const AT_ONCE: u64 = 20_000;

fn main() {
    let asked: Vec<u64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![10_000, 100_000, 1_000_000] } else { asked };
    println!(
        "{:>9} {:>9} {:>7} {:>9} {:>11} {:>11} {:>9} {:>8}",
        "events", "MB", "made s", "audit s", "processor s", "events/s", "rows", "MB more"
    );
    for events in sizes {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("ledger.sqlite");
        let began = Instant::now();
        let mut ledger = made(&path, events, &|payload| made_up(payload));
        // What is in the log would not be in the file, of which the size and the digest are taken.
        Connection::open(&path).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let making = began.elapsed().as_secs_f64();
        let size = std::fs::metadata(&path).unwrap().len();
        let before = peak_memory();
        let (mut seconds, mut worked_seconds) = (Vec::new(), Vec::new());
        let mut rows = 0;
        for _ in 0..3 {
            let (began, before) = (Instant::now(), worked());
            let audit = ledger.audit(&Question::default()).unwrap();
            seconds.push(began.elapsed().as_secs_f64());
            worked_seconds.push((worked() - before).as_secs_f64());
            assert!(audit.is_sound(), "{:?}", audit.findings);
            assert_eq!(audit.events, events);
            rows = audit.rows;
        }
        seconds.sort_by(f64::total_cmp);
        worked_seconds.sort_by(f64::total_cmp);
        let (median, processor, more) = (seconds[1], worked_seconds[1], peak_memory() - before);
        let bytes = std::fs::read(&path).unwrap();
        let begun = worked();
        black_box(Sha256::digest(&bytes));
        let digest = (worked() - begun).as_secs_f64();
        // Promised is a million events in ten seconds.
        let wanted = Wanted::AtMost(events as f64 / 1e5);
        figure(&format!("audit of {events} events, clock"), "SHA-256 of the file", (digest, median, "s"), &wanted);
        println!(
            "{events:>9} {:>9.1} {making:>7.1} {median:>9.2} {processor:>11.2} {:>11.0} {rows:>9} {:>8.1}",
            size as f64 / 1e6,
            events as f64 / median,
            more as f64 / 1e3
        );
    }
    signatures();
}

/// What `--signatures` costs, of codes that were really signed.
fn signatures() {
    let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("ledger.sqlite");
    let mut ledger = made(&path, 10_000, &|payload| key.sign(&signed_message(payload)).unwrap());
    let issuer = activation_code::PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: key.public_key() };
    let trust = Trust::pinned(Purpose::Testing, [issuer]).unwrap();
    let is_signed = |code| trust.verify(code).is_ok();
    let began = Instant::now();
    let audit = ledger.audit(&Question { is_signed: Some(&is_signed), ..Question::default() }).unwrap();
    assert!(audit.is_sound(), "{:?}", audit.findings);
    let seconds = began.elapsed().as_secs_f64();
    println!("with signatures: {} codes in {seconds:.2} s, {:.0} codes/s", audit.codes, audit.codes as f64 / seconds);
}

type Signs<'a> = &'a dyn Fn(&[u8]) -> [u8; 64];

fn made_up(payload: &[u8]) -> [u8; 64] {
    let mut chance = Chance(payload.iter().fold(7, |sum, byte| sum * 31 + u64::from(*byte)));
    let mut signature = [0; 64];
    signature.chunks_mut(8).for_each(|part| part.copy_from_slice(&chance.next().to_be_bytes()));
    signature
}

fn made(path: &std::path::Path, events: u64, signs: Signs<'_>) -> Ledger {
    std::fs::write(path, b"").unwrap();
    let vendor = "Example Security".parse().unwrap();
    let day: Day = "2026-11-22".parse().unwrap();
    let founding = Founding { vendor: &vendor, operator: &Operator::first(), day, identity: [7; 8] };
    let mut ledger = Ledger::create(path, &founding).unwrap();
    let mut desk = Desk { by: By { operator: OperatorName::first(), day }, chance: Chance(1), licenses: Vec::new() };
    ledger.write(|book| desk.begin(book)).unwrap();
    let mut made = 2;
    while made < events {
        let many = AT_ONCE.min(events - made);
        ledger.write(|book| (0..many).try_for_each(|_| desk.event(book, signs))).unwrap();
        made += many;
    }
    ledger
}

/// What the desk knows of its licenses: the last event and revision of each.
struct Desk {
    by: By,
    chance: Chance,
    licenses: Vec<(Sequence, u16)>,
}

const CUSTOMER: u32 = 1;

impl Desk {
    fn begin(&mut self, book: &Book<'_>) -> Result<(), LedgerFault> {
        let number = CustomerNumber::new(CUSTOMER).unwrap();
        let name = "Example Hospital Trust".parse().unwrap();
        book.put_customer(&countersign::ledger::Customer { number, name, email: None, salt: [1; 16] })?;
        book.record(&self.by, Action::CustomerAdded, None, json!({"customer": CUSTOMER}).to_string())?;
        Ok(())
    }

    fn event(&mut self, book: &Book<'_>, signs: Signs<'_>) -> Result<(), LedgerFault> {
        let dice = self.chance.next() % 10;
        if dice < 8 || self.licenses.is_empty() {
            self.licenses.push((0, 0));
            self.code(book, self.licenses.len() - 1, Action::Issued, signs)
        } else {
            let index = self.chance.next() as usize % self.licenses.len();
            match dice {
                8 if self.licenses[index].1 < 1000 => self.code(book, index, Action::Renewed, signs),
                _ => self.reprint(book, index),
            }
        }
    }

    fn code(&mut self, book: &Book<'_>, index: usize, action: Action, signs: Signs<'_>) -> Result<(), LedgerFault> {
        let (previous, revision) = self.licenses[index];
        let license = LicenseNumber::new(index as u32 + 1).unwrap();
        let first: Day = "2026-12-01".parse().unwrap();
        let period = MaintenancePeriod::new(first, first.plus(364).unwrap()).unwrap();
        let terms = Terms {
            product: ProductId::new(7).unwrap(),
            license,
            units: Units::new(250).unwrap(),
            period,
            issued: self.by.day,
            issuer: IssuerNumber::new(1).unwrap(),
            revision: Revision::new(revision + 1).unwrap(),
            kind: Kind::Full,
            test: false,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        let payload = terms.to_payload().unwrap();
        let code = ActivationCode::from_parts(&payload, &signs(&payload)).unwrap();
        let customer = CustomerNumber::new(CUSTOMER).unwrap();
        let reference = format!("PO-{license}-{revision}");
        let (from, until, number) = (period.first(), period.last(), terms.revision);
        let facts = format!(
            r#"{{"customer":1,"revisions":[{{"revision":{number},"product":7,"units":250,"first":"{from}","last":"{until}"}}],"asked":{{"do":"issue","order":"{reference}","customer":1,"product":7,"units":250,"from":"{from}","until":"{until}"}}}}"#,
        );
        let entry = Entry { customer, reference: Some(reference.parse().unwrap()), period, terms };
        book.put_license(license, customer, None)?;
        book.insert_code(&entry, &code)?;
        match revision {
            0 => book.set_next_license_number(license.get() + 1)?,
            _ => book.set_next_revision(license, revision + 2)?,
        }
        let previous = (previous > 0).then_some(previous);
        let event = book.record_after(&self.by, action, Some(license), previous, facts)?;
        self.licenses[index] = (event, revision + 1);
        Ok(())
    }

    fn reprint(&mut self, book: &Book<'_>, index: usize) -> Result<(), LedgerFault> {
        let (previous, revision) = self.licenses[index];
        let license = LicenseNumber::new(index as u32 + 1).unwrap();
        book.put_license(license, CustomerNumber::new(CUSTOMER).unwrap(), None)?;
        let facts = json!({"customer": CUSTOMER, "revisions": [revision]}).to_string();
        let event = book.record_after(&self.by, Action::Reprinted, Some(license), Some(previous), facts)?;
        self.licenses[index] = (event, revision);
        Ok(())
    }
}

/// Time of the processor, of all threads: what others took of it does not count.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The most memory that this process ever had, in kilobytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// SplitMix64: the same ledger in every run.
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
