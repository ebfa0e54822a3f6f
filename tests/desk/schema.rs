//! Ledgers of earlier releases open with everything that was in them; those of later ones are refused.

use crate::common::*;
use activation_code::{
    ActivationCode, Day, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, ProductId, Revision, Terms, Units,
    signed_message,
};
use countersign::desk::{self, DeskFault, Refused};
use countersign::ledger::{Action, CustomerNumber, Event, Founding, Ledger, LedgerFault, row_keys};
use countersign::signer::{Signer, SoftwareKey, key_file};
use rand::rngs::SysRng;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// A ledger as the first release wrote it, with two codes and a reserved one.
const SCHEMA_1: &str = include_str!("../fixtures/ledger-1.sql");
/// One of schema 2, with all that is in tests/common/work.rs.
const SCHEMA_2: &str = include_str!("../fixtures/ledger-2.sql");

/// One that an early build made under number 2.
const EARLY_SCHEMA_2: &str = include_str!("../fixtures/ledger-2-early.sql");
/// One of schema 3, with the same.
const SCHEMA_3: &str = include_str!("../fixtures/ledger-3.sql");
/// The same of schema 4.
const SCHEMA_4: &str = include_str!("../fixtures/ledger-4.sql");
/// The same of schema 5.
const SCHEMA_5: &str = include_str!("../fixtures/ledger-5.sql");
/// Its last one, as it was printed.
const LAST_CODE_OF_LICENSE_2: &str = "A1:200400E00000G0008021EKMX70PS5NADM6F7JPTD4NAJW33GM3RTW1TSNSJVE5WVD84129GB7119RA\
                                      TJ0RV002KQ3YY3W4Y2FPJW765KC3ZZR7MY93EH5Q54FRAYCKSQN4GR6SZ2TRZZAYH1M7CRZF";
/// What this release knows.
const KNOWN: i64 = 5;

/// A desk whose ledger is of the first release, after what more was done there.
pub fn desk_of_the_first_release(more: &str) -> Desk {
    let desk = Desk::new();
    desk.put_ledger(SCHEMA_1).execute_batch(more).unwrap();
    desk
}

/// Writes codes as the first release did: of these licenses and revisions, each for an order `OLD-license-revision`.
pub fn issue_as_the_first_release(desk: &Desk, issued: Day, codes: impl IntoIterator<Item = (u32, u16)>) {
    let mut connection = Connection::open(desk.ledger_path()).unwrap();
    let transaction = connection.transaction().unwrap();
    let key = test_key();
    for (license, revision) in codes {
        let terms = Terms {
            product: ProductId::new(7).unwrap(),
            license: LicenseNumber::new(license).unwrap(),
            units: Units::new(license).unwrap(),
            period: MaintenancePeriod::new(issued, issued.plus(364).unwrap()).unwrap(),
            issued,
            issuer: IssuerNumber::new(1).unwrap(),
            revision: Revision::new(revision).unwrap(),
            kind: if license % 2 == 0 { Kind::Evaluation } else { Kind::Full },
            test: false,
            grace: None,
            host: None,
            members: None,
            features: None,
            holder: None,
        };
        let payload = terms.to_payload().unwrap();
        let signature = key.sign(&signed_message(&payload)).unwrap();
        let reference = format!("OLD-{license}-{revision}");
        let period = (issued.to_string(), issued.plus(364).unwrap().to_string());
        transaction.execute("INSERT OR IGNORE INTO license VALUES (?1, 1)", [license]).unwrap();
        let row = params![license, revision, reference, period.0, period.1, payload, signature];
        transaction.execute("INSERT INTO revision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", row).unwrap();
    }
    transaction.commit().unwrap();
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What was in a ledger of the first release, as far as anybody was told.
#[derive(Debug, PartialEq)]
pub struct Before {
    vendor: Vec<Vec<Value>>,
    issuers: Vec<Vec<Value>>,
    products: Vec<Vec<Value>>,
    customers: Vec<Vec<Value>>,
    codes: Vec<Vec<Value>>,
    next_license: i64,
}

impl Before {
    pub fn of(desk: &Desk) -> Self {
        let old = Connection::open(desk.ledger_path()).unwrap();
        let mut products = rows(&old, "SELECT id, mnemonic, name, unit, kind FROM product ORDER BY id");
        for product in &mut products {
            let members = rows(&old, "SELECT suite, member FROM suite_member ORDER BY suite, member");
            let members = members.iter().filter(|row| row[0] == product[0]).map(|row| match &row[1] {
                Value::Integer(member) => member.to_string(),
                other => panic!("{other:?}"),
            });
            let members = members.collect::<Vec<_>>().join(",");
            product.push(Value::Text(members));
        }
        Self {
            vendor: rows(&old, "SELECT vendor, created FROM desk"),
            issuers: rows(&old, "SELECT number, public_key, created FROM issuer ORDER BY number"),
            products,
            customers: rows(&old, "SELECT number, name FROM customer ORDER BY number"),
            codes: rows(
                &old,
                "SELECT r.license, r.revision, l.customer, r.order_reference, r.first_day, r.last_day, r.payload,
                    r.signature FROM revision r JOIN license l ON l.number = r.license WHERE r.signature IS NOT NULL
                    ORDER BY r.license, r.revision",
            ),
            next_license: number(&old, "SELECT COALESCE(MAX(number), 0) + 1 FROM license"),
        }
    }

    fn now(desk: &Desk) -> Self {
        let new = Connection::open(desk.ledger_path()).unwrap();
        Self {
            vendor: rows(&new, "SELECT vendor, created FROM desk"),
            issuers: rows(&new, "SELECT number, public_key, created FROM issuer ORDER BY number"),
            products: rows(&new, "SELECT id, mnemonic, name, unit, kind, members FROM product ORDER BY id"),
            customers: rows(&new, "SELECT number, name FROM customer ORDER BY number"),
            codes: rows(
                &new,
                "SELECT license, revision, customer, order_reference, first_day, last_day, payload, signature
                    FROM revision ORDER BY license, revision",
            ),
            next_license: number(&new, "SELECT next_license FROM desk"),
        }
    }

    /// All of it is in the ledger that the desk has now, and in its book, and nothing else is.
    #[track_caller]
    pub fn assert_migrated(&self, desk: &Desk) {
        let mut ledger = desk.ledger();
        assert_eq!(*self, Self::now(desk));
        desk.assert_ledger_is_sound();
        let connection = Connection::open(desk.ledger_path()).unwrap();
        assert_eq!(number(&connection, "PRAGMA user_version"), KNOWN);

        let events = ledger.read(|book| book.events_from(1, u32::MAX)).unwrap();
        let told: Vec<_> = events.iter().map(|event| (event.action, event.license.map(LicenseNumber::get))).collect();
        let mut wanted = vec![(Action::Migrated, None)];
        wanted.extend(self.issuers.iter().map(|_| (Action::IssuerAdded, None)));
        wanted.extend(self.products.iter().map(|_| (Action::ProductAdded, None)));
        wanted.extend(self.customers.iter().map(|_| (Action::CustomerAdded, None)));
        wanted.extend(self.codes.iter().map(|code| match code[0] {
            Value::Integer(license) => (Action::Issued, Some(license as u32)),
            _ => panic!("{code:?}"),
        }));
        assert_eq!(told, wanted);
        let created = desk_created(&mut ledger);
        for Event { day, license, operator, .. } in &events {
            assert_eq!(operator.as_str(), "administrator");
            assert!(license.is_some() || *day == created);
        }
        ledger.read(|book| self.assert_codes_are_found(book)).unwrap();
    }

    fn assert_codes_are_found(&self, book: &countersign::ledger::Book<'_>) -> Result<(), LedgerFault> {
        let mut rows_of_codes = 0;
        for code in &self.codes {
            let [Value::Integer(license), Value::Integer(revision)] = code[..2] else { panic!("{code:?}") };
            let license = LicenseNumber::new(license as u32).unwrap();
            let revision = Revision::new(revision as u16).unwrap();
            let found = book.code(license, revision)?.unwrap();
            let [Value::Blob(payload), Value::Blob(signature)] = &code[6..] else { panic!("{code:?}") };
            let code = ActivationCode::from_parts(payload, &signature[..].try_into().unwrap()).unwrap();
            assert_eq!(found.entry.terms, *code.unverified_terms());
            let event = book.event(found.event)?.unwrap();
            assert_eq!((event.license, event.day), (Some(license), found.entry.terms.issued));
            for key in row_keys(&code) {
                assert!(book.codes_with_row(key, 10)?.contains(&(license, revision)));
                rows_of_codes += 1;
            }
        }
        assert_eq!(book.code_rows()?, rows_of_codes);
        Ok(())
    }
}

fn desk_created(ledger: &mut Ledger) -> Day {
    ledger.read(|book| book.desk()).unwrap().created
}

#[test]
fn a_ledger_of_the_first_schema_opens_and_shows_its_codes() {
    let desk = desk_of_the_first_release("");
    let before = Before::of(&desk);
    let mut ledger = desk.ledger();
    assert_eq!(desk::vendor(&mut ledger).unwrap().as_str(), "Example Security");
    assert_eq!(desk::products(&mut ledger).unwrap().len(), 2);
    assert_eq!(desk::customers(&mut ledger, None, 9).unwrap()[0].name.as_str(), "Example Hospital Trust");
    assert_eq!(licenses(&mut ledger).len(), 2);
    let codes = desk::codes_of(&mut ledger, LicenseNumber::new(1).unwrap()).unwrap();
    assert_eq!(codes[0].license.code().letters()[0], "20040-0E000-00800-02G0H-S2Z34");
    before.assert_migrated(&desk);
    // An order that was served gives its code; one that was interrupted was seen by nobody, and its number stays
    // given away.
    let order = |reference| {
        let order = ["--clock-is-right", "--json", "issue", "--customer", "1", "--product", "ES", "--units"];
        let rest = ["--from", "2030-01-01", "--until", "2030-12-31", "--order", reference];
        let units = if reference == "PO-1" { "5" } else { "7" };
        desk.run(&[&order[..], &[units], &rest[..]].concat()).json()
    };
    let before = order("PO-1");
    assert_eq!((&before["license"], &before["terms"]["issued"]), (&1.into(), &"2029-12-03".into()));
    assert_eq!(before["code"]["letters"][0], "20040-0E000-00800-02G0H-S2Z34");
    assert_eq!(order("PO-3")["license"], 4);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_new_ledger_of_the_first_schema_opens() {
    let desk = desk_of_the_first_release(
        "DELETE FROM revision; DELETE FROM license; DELETE FROM customer;
        DELETE FROM product;",
    );
    let before = Before::of(&desk);
    before.assert_migrated(&desk);
    assert_eq!(desk.run(&["--json", "list"]).json(), serde_json::json!([]));
}

/// `init` of the first release wrote the desk and its key in two steps.
#[test]
fn a_ledger_of_the_first_schema_without_a_key_opens() {
    let desk = desk_of_the_first_release("DELETE FROM revision; DELETE FROM license; DELETE FROM issuer;");
    let before = Before::of(&desk);
    before.assert_migrated(&desk);
    let issued = issue(
        &mut desk.ledger(),
        &test_key(),
        &order("2030-01-01".parse().unwrap(), None),
        desk_created(&mut desk.ledger()),
    );
    assert!(matches!(issued, Err(DeskFault::NoIssuer)), "{issued:?}");
}

#[test]
fn suites_of_the_first_schema_keep_their_members() {
    let desk = desk_of_the_first_release(
        "
        INSERT INTO product VALUES (9, 'ALL', 'Example Suite', 'seats', 'suite');
        INSERT INTO product VALUES (100, 'CLOUD', 'Example Mail Cloud', 'users', 'service');
        INSERT INTO product VALUES (4, 'TWO', 'Example Pair', 'seats', 'suite');
        INSERT INTO suite_member VALUES (9, 100), (9, 8), (9, 7), (4, 100), (4, 8);",
    );
    let before = Before::of(&desk);
    before.assert_migrated(&desk);
    let members = |mnemonic| {
        let suite = desk::find_product(&mut desk.ledger(), mnemonic).unwrap();
        suite.members.iter().map(|member| member.get()).collect::<Vec<_>>()
    };
    assert_eq!((members("ALL"), members("TWO"), members("ES")), (vec![7, 8, 100], vec![8, 100], vec![]));
    let today = today();
    let issue = ["--clock-is-right", "--json", "issue", "--customer", "1", "--product", "ALL", "--units", "3"];
    let issued = desk.run(&[&issue[..], &["--from", &today, "--term", "1y"]].concat()).json();
    assert_eq!(issued["terms"]["members"], serde_json::json!([7, 8, 100]));
}

#[test]
fn customers_of_the_first_schema_whose_names_differ_in_case_only_both_stay() {
    let desk = desk_of_the_first_release(
        "
        INSERT INTO customer VALUES (2, 'EXAMPLE hospital trust'), (3, 'Älteste'), (4, 'äLTESTE'), (5, 'St. John''s');
        INSERT INTO license VALUES (9, 2);",
    );
    issue_as_the_first_release(&desk, "2029-12-04".parse().unwrap(), [(9, 1)]);
    let before = Before::of(&desk);
    before.assert_migrated(&desk);
    let mut ledger = desk.ledger();
    let mut find = |name| desk::find_customer(&mut ledger, name).map(|customer| customer.number.get());
    assert_eq!(find("EXAMPLE hospital trust").unwrap(), 2);
    assert_eq!(find("Example Hospital Trust").unwrap(), 1);
    assert_eq!(find("äLTESTE").unwrap(), 4);
    assert_eq!(find("ST. john's").unwrap(), 5);
    let both = find("example hospital trust").unwrap_err();
    assert!(
        matches!(both, DeskFault::Refused(Refused::TwoCustomers { one, other })
        if (one.get(), other.get()) == (1, 2)),
        "{both:?}"
    );
    let name = "EXAMPLE HOSPITAL TRUST".parse().unwrap();
    let third = desk::add_customer(&mut ledger, &session("2029-12-04".parse().unwrap()), &name, None, [0; 16]);
    assert!(matches!(third, Err(DeskFault::Refused(Refused::CustomerExists { .. }))), "{third:?}");
    let sixth = ledger.read(|book| book.next_customer()).unwrap();
    assert_eq!(sixth, CustomerNumber::new(6).unwrap());
}

/// The first release made none, and its tables had room for them.
#[test]
fn later_revisions_of_the_first_schema_are_adopted() {
    let desk = desk_of_the_first_release("");
    let monday = "2029-12-03".parse().unwrap();
    issue_as_the_first_release(&desk, monday, [(1, 2), (1, 7), (5, 1), (5, 2)]);
    let before = Before::of(&desk);
    before.assert_migrated(&desk);
    let mut ledger = desk.ledger();
    let history = desk::history(&mut ledger, LicenseNumber::new(1).unwrap()).unwrap();
    let facts = history.iter().map(|event| event.facts.as_str()).collect::<Vec<_>>();
    let wanted = [1, 2, 7].map(|revision| format!(r#"{{"customer":1,"revision":{revision}}}"#));
    assert_eq!(facts, wanted);
    assert!(history.windows(2).all(|events| events[1].previous == Some(events[0].sequence)));
    // The next one is none of those.
    let renew = desk::Change::Renew {
        license: LicenseNumber::new(1).unwrap(),
        length: desk::Length::Term("1y".parse().unwrap()),
        units: None,
    };
    let renewed = issue(&mut ledger, &test_key(), &renew.into(), monday).unwrap();
    assert_eq!(renewed.entry.terms.revision.get(), 8);
}

#[test]
fn a_large_ledger_of_the_first_schema_opens() {
    const LICENSES: u32 = 10_000;
    let desk = desk_of_the_first_release("");
    issue_as_the_first_release(&desk, "2029-12-03".parse().unwrap(), (4..LICENSES + 4).map(|license| (license, 1)));
    let before = Before::of(&desk);
    let begun = Instant::now();
    desk.ledger();
    say(&format!("{LICENSES} licenses are brought to schema {KNOWN} in {:.1} s", begun.elapsed().as_secs_f32()));
    before.assert_migrated(&desk);
}

/// Where `COUNTERSIGN_WRITE_FIXTURE` is set, what this release makes is written down: as long as it is not released.
#[test]
fn the_ledger_that_the_next_release_is_tested_with_is_as_this_one_writes_it() {
    let desk = Desk::new();
    fs::write(desk.ledger_path(), "").unwrap();
    let founding =
        Founding { vendor: &work::vendor(), operator: &work::first(), day: work::monday(), identity: work::IDENTITY };
    work::work(&mut Ledger::create(&desk.ledger_path(), &founding).unwrap()).unwrap();
    let made = Connection::open(desk.ledger_path()).unwrap();
    if std::env::var_os("COUNTERSIGN_WRITE_FIXTURE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledger-5.sql");
        fs::write(path, dump(&made)).unwrap();
    }
    let kept = Connection::open_in_memory().unwrap();
    kept.execute_batch(SCHEMA_5).unwrap();
    let tables = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name";
    let [kept, made] = [kept, made].map(|ledger| rows(&ledger, tables));
    let remedy = "run this test once with COUNTERSIGN_WRITE_FIXTURE=1";
    assert_eq!(kept.len(), made.len(), "other tables: {remedy}");
    for (kept, made) in kept.iter().zip(&made) {
        assert_eq!(plain(&kept[0]), plain(&made[0]), "another table: {remedy}");
    }
}

/// A database as SQL that makes it again.
fn dump(connection: &Connection) -> String {
    let mut text = String::from(
        "-- A ledger as schema 5 keeps it, of some weeks' work; the codes are signed with the published test key.\n",
    );
    for pragma in ["application_id", "user_version"] {
        let value = number(connection, &format!("PRAGMA {pragma}"));
        writeln!(text, "PRAGMA {pragma} = {value};").unwrap();
    }
    text.push_str("BEGIN;\n");
    let made =
        rows(connection, "SELECT name, sql, type = 'table' FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid");
    for object in &made {
        let [Value::Text(name), Value::Text(sql), Value::Integer(is_table)] = &object[..] else { panic!("{object:?}") };
        writeln!(text, "{sql};").unwrap();
        if *is_table == 0 {
            continue;
        }
        let columns = rows(connection, &format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{name}')"));
        let columns: Vec<_> = columns.iter().map(|column| plain(&column[0])).collect();
        let values = format!("SELECT {} FROM {name}", columns.join(" || ',' || "));
        for row in rows(connection, &values) {
            writeln!(text, "INSERT INTO {name} VALUES ({});", plain(&row[0])).unwrap();
        }
    }
    text + "COMMIT;\n"
}

fn plain(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn a_ledger_of_an_earlier_schema_with_a_book_opens_and_goes_on() {
    let since_3 = [
        Action::TrustSet,
        Action::IssuerRuled,
        Action::BundlePublished,
        Action::PartnerAdded,
        Action::PartnerChanged,
        Action::PartnerImported,
        Action::Exported,
        Action::Reissued,
        Action::ClockReset,
        Action::Bound,
        Action::UsageImported,
        Action::AccountAdded,
        Action::AccountChanged,
        Action::KeysGenerated,
        Action::KeysCancelled,
        Action::NoticeWritten,
        Action::StatementGiven,
        Action::CustomerPurged,
    ];
    opens_and_goes_on(SCHEMA_2, &since_3);
    // The fixture was made before licenses could be issued again under another key.
    opens_and_goes_on(SCHEMA_3, &since_3[7..]);
    let since_5 = &since_3[since_3.len() - 7..];
    opens_and_goes_on(SCHEMA_4, since_5);
    opens_and_goes_on(SCHEMA_5, &[]);
}

fn opens_and_goes_on(kept: &str, later: &[Action]) {
    let desk = Desk::new();
    desk.put_ledger(kept);
    let mut ledger = desk.ledger();
    desk.assert_ledger_is_sound();
    let told = ledger.read(|book| book.events_from(1, u32::MAX)).unwrap();
    let told: BTreeSet<_> = told.iter().map(|event| event.action).collect();
    // Those are not what is asked for at a desk, and the last one is asked for at a partner's.
    let others = [
        Action::Migrated,
        Action::CheckpointSigned,
        Action::BackedUp,
        Action::Restored,
        Action::Imported,
        Action::Exported,
    ];
    let missing = Action::ALL.iter().filter(|action| !told.contains(action) && !others.contains(action));
    let missing = missing.filter(|action| !later.contains(action));
    assert_eq!(missing.collect::<Vec<_>>(), [&Action::Founded; 0]);
    let codes: Vec<_> =
        (1..=6).map(|license| desk::codes_of(&mut ledger, LicenseNumber::new(license).unwrap()).unwrap()).collect();
    assert_eq!(codes.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4, 2, 2, 1, 2]);
    assert_eq!(codes[1][3].license.code().transport(), LAST_CODE_OF_LICENSE_2);
    let operators = if told.contains(&Action::AccountAdded) { 3 } else { 2 };
    assert_eq!(desk::operators(&mut ledger).unwrap().len(), operators);
    let revoked = ledger.read(|book| book.license(LicenseNumber::new(5).unwrap())).unwrap().unwrap();
    assert!(revoked.is_revoked());

    let (number, seed) = work::LAST_KEY;
    let key = SoftwareKey::from_seed(&seed).unwrap();
    let sealed = key_file::seal(&key, PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng).unwrap();
    write_secret(&desk.folder().join(format!("issuer-{number}.key")), sealed.as_bytes());
    let operator = desk.room().join("operator");
    write_secret(&operator, work::OPERATOR_PASSPHRASE);
    let operator = ["--operator", "administrator", "--operator-file", operator.to_str().unwrap()];
    let renew = ["--clock-is-right", "--json", "renew", "2", "--term", "1y"];
    assert_eq!(desk.run(&[&operator[..], &renew].concat()).json()["revision"], 5);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_ledger_of_a_later_schema_is_refused() {
    let desk = Desk::new();
    Connection::open(desk.ledger_path()).unwrap().pragma_update(None, "user_version", KNOWN + 1).unwrap();
    let fault = Ledger::open(&desk.ledger_path()).unwrap_err();
    assert!(matches!(fault, LedgerFault::Newer { found, known } if (found, known) == (KNOWN + 1, KNOWN)), "{fault}");
}

/// A clerk sits at a question while somebody opens the ledger with a newer release.
#[test]
fn a_ledger_whose_schema_changes_after_it_was_opened_is_left_alone() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = desk_created(&mut ledger);
    Connection::open(desk.ledger_path()).unwrap().pragma_update(None, "user_version", KNOWN + 1).unwrap();
    let other = |fault: &LedgerFault| {
        matches!(fault, LedgerFault::OtherSchema { found, known }
        if (*found, *known) == (KNOWN + 1, KNOWN))
    };
    let written = issue(&mut ledger, &test_key(), &order(today, None), today).unwrap_err();
    assert!(matches!(&written, DeskFault::Ledger(fault) if other(fault)), "{written}");
    let read = desk::vendor(&mut ledger).unwrap_err();
    assert!(other(&read), "{read}");
    let write = ledger.write(|book| book.desk()).unwrap_err();
    assert!(other(&write), "{write}");
}

#[test]
fn a_ledger_of_an_early_build_of_schema_2_opens_and_goes_on() {
    let desk = Desk::new();
    desk.put_ledger(EARLY_SCHEMA_2);
    let mut ledger = desk.ledger();
    // The row of the desk is in the book now, and the tables are those of this release.
    desk.assert_ledger_is_sound();
    let events = ledger.read(|book| book.events_from(1, u32::MAX)).unwrap();
    assert_eq!(events.last().unwrap().action, Action::Migrated);
    let two = LicenseNumber::new(2).unwrap();
    assert_eq!(desk::codes_of(&mut ledger, two).unwrap().len(), 1);
    // The number after the last one, and not a license's first revision once more.
    let record = ledger.read(|book| book.license(two)).unwrap().unwrap();
    assert_eq!(record.next_revision, 2);
    let before = ledger.read(|book| book.head()).unwrap();
    drop(desk.ledger());
    assert_eq!(ledger.read(|book| book.head()).unwrap(), before);
    drop(ledger);
    desk.run(&["list"]).assert_done();
    desk.run(&["audit", "verify"]).assert_done();
}
