//! What a question costs in a ledger of 10,000, 100,000 and 1,000,000 licenses: the same ledger, growing.
//!
//!     cargo bench -p countersign --bench ledger [-- LICENSES...]
//!
//! The codes are real ones, signed with the published test key. *Warm* is one connection that has
//! answered before; *new* opens the ledger for each question, as every command does. The pages of the
//! file are in the system's cache in both. The last column of each is the 99th of 100 too, without the
//! time in which other processes had the processor or the disk worked.

#[path = "common/figure.rs"]
mod figure;

use activation_code::*;
use countersign::desk::{self, Clock, Clue, LicenseState, Session};
use countersign::ledger::*;
use countersign::signer::{Signer, SoftwareKey};
use figure::{Wanted, figure};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// Licenses, unless arguments say otherwise.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// Licenses of a customer, on the average.
const OWNED: u32 = 4;
/// Licenses in one transaction.
const BATCH: u32 = 10_000;
/// Questions of a kind with one connection, and with a new one each.
const WARM: usize = 1_000;
const NEW: usize = 200;

fn main() {
    let mut sizes: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = SIZES.to_vec();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    std::fs::write(&path, b"").unwrap();
    let mut desk = Desk::new(&path);
    for size in sizes {
        let begun = Instant::now();
        desk.fill(size);
        let (bytes, seconds) = (desk.bytes(), begun.elapsed().as_secs_f64());
        println!(
            "\n## {size} licenses: {:.0} MB, {} bytes a license, {seconds:.0} s more to fill\n",
            bytes as f64 / 1e6,
            bytes / u64::from(size)
        );
        println!("| question | warm: median | 99 of 100 | on the CPU | new: median | 99 of 100 | on the CPU |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        desk.ask();
        println!("\n| of all | lines | |\n| --- | ---: | ---: |");
        desk.ask_of_all();
    }
}

struct Desk<'p> {
    path: &'p Path,
    ledger: Option<Ledger>,
    key: SoftwareKey,
    session: Session,
    licenses: u32,
    chance: u64,
}

impl<'p> Desk<'p> {
    fn new(path: &'p Path) -> Self {
        let today: Day = "2026-11-22".parse().unwrap();
        let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
        let vendor = "Example Security".parse().unwrap();
        let operator = Operator::first();
        let founding = Founding { vendor: &vendor, operator: &operator, day: today, identity: [7; 8] };
        let mut ledger = Ledger::create(path, &founding).unwrap();
        let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: key.public_key() };
        desk::record_issuer(&mut ledger, &By { operator: operator.name.clone(), day: today }, issuer).unwrap();
        let session = Session { operator, today, clock: Clock::Confirmed };
        for (id, mnemonic, unit) in [(7, "ES", UnitType::Endpoints), (8, "MAIL", UnitType::Users)] {
            let (id, mnemonic) = (ProductId::new(id).unwrap(), mnemonic.parse().unwrap());
            let product = Product::new(id, mnemonic, "A product".parse().unwrap(), unit, ProductKind::Software);
            desk::add_product(&mut ledger, &session, &product).unwrap();
        }
        Self { path, ledger: Some(ledger), key, session, licenses: 0, chance: 7 }
    }

    fn ledger(&mut self) -> &mut Ledger {
        self.ledger.as_mut().unwrap()
    }

    /// A number below `end`; the same ones in every run.
    fn any(&mut self, end: u32) -> u32 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) as u32 % end
    }

    fn any_license(&mut self) -> LicenseNumber {
        LicenseNumber::new(1 + self.any(self.licenses)).unwrap()
    }

    /// A license and its owner.
    fn any_sale(&mut self) -> (LicenseNumber, Customer) {
        let license = self.any_license();
        let owner: Result<_, LedgerFault> = self.ledger().read(|book| Ok(book.listed(license)?.unwrap().owner));
        (license, owner.unwrap())
    }

    fn customer(number: CustomerNumber) -> Customer {
        Customer {
            number,
            name: format!("Example Company {number}").parse().unwrap(),
            email: Some(format!("licenses@company-{number}.example").parse().unwrap()),
            salt: [3; 16],
        }
    }

    /// The codes of a license: every fourth one was renewed.
    fn codes(&self, number: u32) -> Vec<ActivationCode> {
        let today = self.session.today;
        let first = today.plus((number.wrapping_mul(2_654_435_761) >> 8) as i32 % 730 - 500).unwrap();
        let terms = |revision, first: Day| Terms {
            product: ProductId::new(if number.is_multiple_of(3) { 8 } else { 7 }).unwrap(),
            license: LicenseNumber::new(number).unwrap(),
            units: Units::new(1 + number % 500).unwrap(),
            period: MaintenancePeriod::new(first, first.plus(364).unwrap()).unwrap(),
            issued: first,
            issuer: IssuerNumber::new(1).unwrap(),
            revision: Revision::new(revision).unwrap(),
            kind: if number.is_multiple_of(20) { Kind::Evaluation } else { Kind::Full },
            test: false,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        let code = |terms: Terms| {
            let payload = terms.to_payload().unwrap();
            ActivationCode::from_parts(&payload, &self.key.sign(&signed_message(&payload)).unwrap()).unwrap()
        };
        let mut codes = vec![code(terms(1, first))];
        if number.is_multiple_of(4) {
            codes.push(code(terms(2, first.plus(365).unwrap())));
        }
        codes
    }

    /// Sells licenses until there are so many; the new ones go to all customers, old and new.
    fn fill(&mut self, licenses: u32) {
        let by = By { operator: OperatorName::first(), day: self.session.today };
        let (before, now) = (self.licenses / OWNED, licenses / OWNED);
        for first in (before + 1..=now).step_by(BATCH as usize) {
            let done: Result<(), LedgerFault> = self.ledger().write(|book| {
                for number in first..=now.min(first + BATCH - 1) {
                    book.put_customer(&Self::customer(CustomerNumber::new(number).unwrap()))?;
                    book.record(&by, Action::CustomerAdded, None, json!({ "customer": number }).to_string())?;
                }
                Ok(())
            });
            done.unwrap();
        }
        for first in (self.licenses + 1..=licenses).step_by(BATCH as usize) {
            let numbers = first..=licenses.min(first + BATCH - 1);
            let signed: Vec<_> = numbers.map(|number| (number, self.codes(number))).collect();
            let done: Result<(), LedgerFault> = self.ledger().write(|book| {
                for (number, codes) in &signed {
                    let customer = CustomerNumber::new(1 + number.wrapping_mul(2_246_822_519) % now).unwrap();
                    let mut previous = None;
                    for code in codes {
                        let terms = code.unverified_terms().clone();
                        let (license, revision) = (terms.license, terms.revision);
                        let reference = Some(format!("PO-{number}-{revision}").parse().unwrap());
                        book.put_license(license, customer, None)?;
                        let facts = facts(customer, &terms);
                        book.insert_code(&Entry { customer, reference, period: terms.period, terms }, code)?;
                        let action = if previous.is_none() { Action::Issued } else { Action::Renewed };
                        previous = Some(book.record_after(&by, action, Some(license), previous, facts)?);
                    }
                }
                book.set_next_license_number(licenses + 1)
            });
            done.unwrap();
        }
        self.licenses = licenses;
    }

    fn bytes(&self) -> u64 {
        let wal = self.path.with_extension("sqlite-wal");
        [self.path, &wal].iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    fn row(&mut self, first: bool) -> (LicenseNumber, String) {
        let license = self.any_license();
        let letters = self.codes(license.get())[0].letters();
        let row = if first { 0 } else { 1 + self.any(letters.len() as u32 - 1) as usize };
        (license, letters[row].clone())
    }

    /// Prints what a question costs. `wanted` makes it, and is not timed.
    fn time<Q>(
        &mut self,
        name: &str,
        mut wanted: impl FnMut(&mut Self) -> Q,
        mut answer: impl FnMut(&mut Ledger, &Session, Q),
    ) {
        let mut times = [Times::default(), Times::default()];
        for round in 0..WARM + WARM / 10 {
            let (question, session) = (wanted(self), self.session.clone());
            let watch = Watch::start();
            answer(self.ledger(), &session, question);
            // The first tenth warms it.
            if round >= WARM / 10 {
                times[0].add(&watch);
            }
        }
        let questions: Vec<Q> = (0..NEW).map(|_| wanted(self)).collect();
        // Nobody else has it open, as usual: the last one to close it puts everything into the file.
        self.ledger = None;
        for question in questions {
            let watch = Watch::start();
            let mut ledger = Ledger::open(self.path).unwrap();
            answer(&mut ledger, &self.session, question);
            times[1].add(&watch);
        }
        self.ledger = Some(Ledger::open(self.path).unwrap());
        let raw = self.raw_lookup();
        let median = times[0].median().as_secs_f64() * 1e6;
        let what = format!("{name}, of {} licenses", self.licenses);
        figure(&what, "a row by its number, SQLite alone", (raw, median, "µs"), &Wanted::AtMost(20_000.0));
        let [warm, new] = times.map(Times::shown);
        println!("| {name} | {warm} | {new} |");
    }

    /// What SQLite alone needs for one row of as large a table, in microseconds.
    fn raw_lookup(&mut self) -> f64 {
        let connection = Connection::open(self.path).unwrap();
        let mut statement = connection.prepare("SELECT customer FROM license WHERE number = ?1").unwrap();
        let mut times = Times::default();
        for _ in 0..WARM {
            let number = self.any_license().get();
            let watch = Watch::start();
            let customer: u32 = statement.query_row([number], |row| row.get(0)).unwrap();
            times.add(&watch);
            black_box(customer);
        }
        times.median().as_secs_f64() * 1e6
    }

    fn find<Q: Fn(&mut Self) -> (LicenseNumber, Clue)>(&mut self, name: &str, wanted: Q) {
        self.time(name, wanted, |ledger, _, (license, clue)| {
            let findings = desk::find(ledger, &clue).unwrap();
            assert!(findings.licenses.iter().any(|found| found.listed.license.number == license));
            assert!(!findings.more);
        });
    }

    fn ask(&mut self) {
        self.find("find by a row", |desk| {
            let (license, row) = desk.row(false);
            (license, Clue::Rows(vec![row]))
        });
        self.find("find by the first row", |desk| {
            let (license, row) = desk.row(true);
            (license, Clue::Rows(vec![row]))
        });
        self.find("find by a row, one character mistyped, without its number", |desk| {
            let (license, mut row) = desk.row(false);
            let place = [0, 1, 6, 8, 14][desk.any(5) as usize];
            let other = if row.as_bytes()[place] == b'7' { "8" } else { "7" };
            row.replace_range(place..=place, other);
            (license, Clue::Rows(vec![row]))
        });
        self.find("find by a row, two neighbours swapped and one mistyped", |desk| {
            let (license, row) = desk.row(false);
            let mut letters: Vec<char> = row.chars().collect();
            letters.swap(1, 2);
            letters[12] = if letters[12] == '7' { '8' } else { '7' };
            (license, Clue::Rows(vec![letters.into_iter().collect()]))
        });
        self.find("find by e-mail", |desk| {
            let (license, owner) = desk.any_sale();
            (license, Clue::Email(owner.email.unwrap()))
        });
        self.find("find by order", |desk| {
            let license = desk.any_license();
            (license, Clue::Order(format!("PO-{license}-1").parse().unwrap()))
        });
        self.find("find by customer, whole name", |desk| {
            let (license, owner) = desk.any_sale();
            (license, Clue::Customer(owner.name.to_string()))
        });
        self.time(
            "reprint: found by a row, verified, written down, synced",
            |desk| desk.row(false),
            |ledger, session, (license, row)| {
                let findings = desk::find(ledger, &Clue::Rows(vec![row])).unwrap();
                let [found] = &findings.licenses[..] else { panic!() };
                assert_eq!(found.listed.license.number, license);
                black_box(desk::reprint(ledger, session, license, None).unwrap());
            },
        );
        self.time("history of a license", Self::any_license, |ledger, _, license| {
            assert!(!desk::history(ledger, license).unwrap().is_empty());
        });
        self.time("history of a customer", Self::any_sale, |ledger, _, (_, owner)| {
            assert!(!desk::history_of_customer(ledger, owner.number).unwrap().1.is_empty());
        });
        self.time("list of a customer", Self::any_sale, |ledger, _, (_, owner)| {
            let filter = Filter { customer: Some(owner.number), ..Filter::default() };
            assert!(!desk::licenses(ledger, &filter, None, None, 1_000).unwrap().is_empty());
        });
        self.time(
            "due within 60 days: a page of 100",
            |desk| desk.any(300) as i32,
            |ledger, session, later| {
                let first = session.today.plus(later).unwrap();
                let period = MaintenancePeriod::new(first, first.plus(60).unwrap()).unwrap();
                assert_eq!(desk::due(ledger, period, None, 100).unwrap().len(), 100);
            },
        );
    }

    /// What grows with the ledger, or with the answer.
    fn ask_of_all(&mut self) {
        let today = self.session.today;
        let ledger = self.ledger();
        let mut time = |name: &str, answer: &mut dyn FnMut(&mut Ledger) -> usize| {
            let begun = Instant::now();
            let lines = answer(ledger);
            println!("| {name} | {lines} | {} |", shown(begun.elapsed()));
        };
        time("find by a part of a name that nobody has", &mut |ledger| {
            assert!(desk::find(ledger, &Clue::Customer("nobody at all".into())).is_err());
            0
        });
        time("list, page by page", &mut |ledger| {
            let (mut lines, mut last) = (0, None);
            loop {
                let page = desk::licenses(ledger, &Filter::default(), None, last, 1_000).unwrap();
                lines += page.len();
                match page.last() {
                    Some(listed) => last = Some(listed.license.number),
                    None => return lines,
                }
            }
        });
        time("list of what has ended", &mut |ledger| {
            let (mut lines, mut last) = (0, None);
            loop {
                let state = Some((LicenseState::Ended, today));
                let page = desk::licenses(ledger, &Filter::default(), state, last, 1_000).unwrap();
                lines += page.len();
                match page.last() {
                    Some(listed) => last = Some(listed.license.number),
                    None => return lines,
                }
            }
        });
        time("due within 60 days, page by page", &mut |ledger| {
            let period = MaintenancePeriod::new(today, today.plus(60).unwrap()).unwrap();
            let (mut lines, mut last) = (0, None);
            loop {
                let page = desk::due(ledger, period, last, 1_000).unwrap();
                lines += page.len();
                match page.last() {
                    Some(listed) => last = Some((listed.newest.entry.period.last(), listed.license.number)),
                    None => return lines,
                }
            }
        });
        time("report by product", &mut |ledger| desk::units_by_product(ledger, today).unwrap().len());
        time("report by customer", &mut |ledger| desk::units_by_customer(ledger, today).unwrap().len());
    }
}

/// Time on the wall, and of this thread on a processor: what a busy machine does not lengthen.
struct Watch {
    begun: Instant,
    worked: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { begun: Instant::now(), worked: worked() }
    }
}

fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[derive(Default)]
struct Times {
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Times {
    fn add(&mut self, watch: &Watch) {
        self.wall.push(watch.begun.elapsed());
        self.processor.push(worked() - watch.worked);
    }

    fn median(&self) -> Duration {
        let mut wall = self.wall.clone();
        wall.sort();
        wall[wall.len() / 2]
    }

    /// Median and 99th of 100 on the wall, 99th on the processor.
    fn shown(mut self) -> String {
        self.wall.sort();
        self.processor.sort();
        let (median, most) = (self.wall.len() / 2, self.wall.len() * 99 / 100);
        [self.wall[median], self.wall[most], self.processor[most]].map(shown).join(" | ")
    }
}

/// What the desk writes down of a sale.
fn facts(customer: CustomerNumber, terms: &Terms) -> String {
    let revisions = json!([{
        "revision": terms.revision.get(),
        "product": terms.product.get(),
        "units": terms.units.get(),
        "first": terms.period.first().to_string(),
        "last": terms.period.last().to_string(),
    }]);
    json!({ "customer": customer.get(), "revisions": revisions }).to_string()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        _ if micros < 10_000.0 => format!("{micros:.0} µs"),
        _ if micros < 10_000_000.0 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.0} s", micros / 1e6),
    }
}
