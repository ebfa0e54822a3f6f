//! Whatever is changed in a ledger behind the desk's back is found, and named.

use crate::common::*;
use activation_code::{
    ActivationCode, ClockState, LicenseNumber, ProductId, PublicKey, Revision, Units, signed_message,
};
use activation_host::program::clock;
use countersign::desk::{
    self, Change, Checkpoint, Contradiction, LimitEdit, NotedHead, Signatures, Verdict, Witnesses,
};
use countersign::key_store;
use countersign::ledger::chain::link;
use countersign::ledger::{Event, Ledger, Role, UsageClaim};
use countersign::signer::{Signer, SoftwareKey, key_file};
use rand::rngs::SysRng;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::fs;

/// The key of checkpoints in these tests.
pub fn ledger_key() -> SoftwareKey {
    SoftwareKey::from_seed(&[3; 32]).unwrap()
}

/// Puts a key file there that opens in milliseconds.
pub fn put_ledger_key(desk: &Desk) {
    let sealed = key_file::seal(&ledger_key(), PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng).unwrap();
    key_store::create(&desk.folder().join("ledger.key"), sealed.as_bytes()).unwrap();
}

/// Writes a code to a file that is signed by the desk's key, and that its ledger does not know: license 77.
pub fn lose_a_code(desk: &Desk, file: &str) {
    let Change::Issue(order) = order(clock(), None).change else { unreachable!() };
    let terms = activation_code::Terms {
        product: order.product,
        license: LicenseNumber::new(77).unwrap(),
        units: Units::new(7).unwrap(),
        period: order.period,
        issued: clock(),
        issuer: activation_code::IssuerNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        kind: activation_code::Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    };
    let payload = terms.to_payload().unwrap();
    let signature = test_key().sign(&signed_message(&payload)).unwrap();
    let code = ActivationCode::from_parts(&payload, &signature).unwrap();
    fs::write(desk.room().join(file), countersign::documents::letters(&code)).unwrap();
}

/// A desk with rows in every table.
fn full() -> Desk {
    let desk = busy();
    let mut ledger = desk.ledger();
    let (license, host) = (LicenseNumber::new(1).unwrap(), activation_code::HostId(7));
    let bind = Change::Bind { license, host, product: None };
    let administrator = countersign::ledger::Operator::first();
    let session = desk::Session { operator: administrator, ..session(clock()) };
    desk::perform(&mut ledger, &session, &test_key(), &bind.into()).unwrap();
    let claim = UsageClaim {
        license,
        host,
        day: session.today,
        revision: Revision::FIRST,
        product: ProductId::new(7).unwrap(),
        in_use: 5,
        clock: ClockState::Right,
        bundle: Some(3),
    };
    desk::import_usage(&mut ledger, &session, &[claim]).unwrap();
    desk
}

/// A desk with rows in nearly every table: licenses 1 to 3, the second one renewed.
pub fn busy() -> Desk {
    let desk = Desk::new();
    put_ledger_key(&desk);
    let mut ledger = desk.ledger();
    let (today, key) = (clock(), test_key());
    let name = "Example City Council".parse().unwrap();
    let email = "it@council.example".parse().unwrap();
    desk::add_customer(&mut ledger, &session(today), &name, Some(&email), [2; 16]).unwrap();
    add_operator(&mut ledger, "berta", Role::Auditor, None);
    for reference in ["PO-1", "PO-2", "PO-3"] {
        issue(&mut ledger, &key, &order(today, Some(reference)), today).unwrap();
    }
    let license = LicenseNumber::new(2).unwrap();
    let renew = Change::Renew { license, length: desk::Length::Term("1y".parse().unwrap()), units: None };
    issue(&mut ledger, &key, &renew.into(), today).unwrap();
    desk::set_limits(&mut ledger, &session(today), &[LimitEdit::ApprovalAbove(Some(50))]).unwrap();
    let Change::Issue(large) = order(today, None).change else { unreachable!() };
    let large = Change::Issue(desk::Order { units: Units::new(51).unwrap(), ..large });
    let operator = add_operator(&mut ledger, "carla", Role::LicenseManager, Some(PASSPHRASE));
    desk::request(&mut ledger, &desk::Session { operator, ..session(today) }, &large.into()).unwrap();
    work::trust(&mut ledger, &countersign::ledger::Operator::first(), today).unwrap();
    work::accounts(&mut ledger, &countersign::ledger::Operator::first(), today, &test_key()).unwrap();
    let name = "Example Clinic".parse().unwrap();
    let gone = desk::add_customer(&mut ledger, &session(today), &name, None, [3; 16]).unwrap().number;
    let seen = desk::preview_purge(&mut ledger, &session(today), gone).unwrap();
    desk::purge(&mut ledger, &session(today), &seen, &"a mistake".parse().unwrap()).unwrap();
    desk::sign_checkpoint(&mut ledger, &session(today), &ledger_key(), &|_, _| {}).unwrap();
    desk
}

/// With several operators somebody has to say who it is.
pub fn run_as_administrator(desk: &Desk, arguments: &[&str]) -> Ran {
    run(desk.command(arguments).env("COUNTERSIGN_OPERATOR", "administrator"))
}

/// The ledger without any of its guards.
pub fn raw(desk: &Desk) -> Connection {
    let connection = Connection::open(desk.ledger_path()).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
    connection
}

fn audit(desk: &Desk) -> Verdict {
    let mut ledger = Ledger::open_to_read(&desk.ledger_path()).unwrap();
    desk::audit(&mut ledger, &Witnesses::default(), Signatures::Trusted, &|_, _| {}).unwrap()
}

fn said(verdict: &Verdict) -> Vec<String> {
    verdict.audit.findings.listed.iter().map(ToString::to_string).collect()
}

fn tables(connection: &Connection) -> Vec<String> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A table's columns, and which of them are its key.
fn columns(connection: &Connection, table: &str) -> Vec<(String, bool)> {
    let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1)").unwrap();
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? > 0))).unwrap();
    columns.map(Result::unwrap).collect()
}

/// The values of the first row, or of the one that belongs to the renewed license.
fn a_row(connection: &Connection, table: &str) -> Vec<Value> {
    let of = if table == "license" { "WHERE number = 2" } else { "" };
    let sql = format!("SELECT * FROM {table} {of} LIMIT 1");
    let mut statement = connection.prepare(&sql).unwrap();
    let many = statement.column_count();
    statement.query_row([], |row| (0..many).map(|column| row.get(column)).collect()).unwrap()
}

/// Which row of a table that is.
fn the_row(connection: &Connection, table: &str) -> (String, Vec<Value>) {
    let (columns, values) = (columns(connection, table), a_row(connection, table));
    let keys = columns.iter().zip(&values).filter(|((_, key), _)| *key);
    let (mut condition, mut parameters) = (Vec::new(), Vec::new());
    for ((column, _), value) in keys {
        parameters.push(value.clone());
        condition.push(format!("{column} = ?{}", parameters.len()));
    }
    (condition.join(" AND "), parameters)
}

/// Another value of the same type.
fn another(value: &Value) -> Value {
    match value {
        Value::Null => Value::Text("2031-01-01".to_owned()),
        Value::Integer(number) => Value::Integer(number + 1000),
        Value::Text(text) => Value::Text(format!("{text}x")),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            bytes[0] ^= 1;
            Value::Blob(bytes)
        }
        Value::Real(_) => panic!("the ledger has none"),
    }
}

/// Counters: they may be too high, because numbers are given away before anything is signed, and only ever leave
/// numbers out then. Too low, they are found.
const COUNTERS: [(&str, &str, i64); 2] = [("desk", "next_license", 3), ("license", "next_revision", 2)];

/// How a finding names a row of a table: as the book does, or by the code or the event.
fn names(table: &str, finding: &str) -> bool {
    match table {
        "code_row" | "bound_row" => finding.starts_with("license "),
        "event" => finding.starts_with("event"),
        "desk" => finding.starts_with("desk 1") || finding.starts_with("the next license would be"),
        "license" => finding.starts_with("license "),
        "revision" => finding.starts_with("revision ") || finding.starts_with("license "),
        table => finding.starts_with(&format!("{} ", table.replace('_', "-"))),
    }
}

#[track_caller]
fn assert_found(desk: &Desk, table: &str, what: &str) {
    let verdict = audit(desk);
    let said = said(&verdict);
    assert!(!verdict.is_sound(), "{what}: not found");
    assert!(said.iter().any(|finding| names(table, finding)), "{what}: {said:?}");
}

#[test]
fn a_change_in_any_column_of_any_table_is_found_and_named() {
    let master = full();
    master.assert_ledger_is_sound();
    let connection = raw(&master);
    let (mut changed, mut counters) = (0, 0);
    for table in tables(&connection) {
        for (column, _) in columns(&connection, &table) {
            let what = format!("{table}.{column}");
            let (condition, mut parameters) = the_row(&connection, &table);
            let old: Value = connection
                .query_row(
                    &format!("SELECT {column} FROM {table} WHERE {condition}"),
                    rusqlite::params_from_iter(&parameters),
                    |row| row.get(0),
                )
                .unwrap();
            let counter = COUNTERS.iter().find(|(of, name, _)| (*of, *name) == (&*table, &*column));
            parameters.push(counter.map_or_else(|| another(&old), |(_, _, low)| Value::Integer(*low)));
            let desk = master.copy();
            let update = format!("UPDATE {table} SET {column} = ?{} WHERE {condition}", parameters.len());
            assert_eq!(raw(&desk).execute(&update, rusqlite::params_from_iter(&parameters)).unwrap(), 1, "{what}");
            assert_found(&desk, &table, &what);
            changed += 1;
            counters += usize::from(counter.is_some());
        }
    }
    assert_eq!(counters, COUNTERS.len(), "an exception that is none");
    assert!(changed >= 80, "{changed} columns");
    say(&format!("{changed} columns changed and found"));
}

#[test]
fn a_value_of_another_type_is_found() {
    let master = full();
    let connection = raw(&master);
    for table in tables(&connection) {
        for (column, is_key) in columns(&connection, &table).into_iter().filter(|(_, is_key)| !is_key) {
            let counter = COUNTERS.iter().any(|(of, name, _)| (*of, *name) == (&*table, &*column));
            let (condition, mut parameters) = the_row(&connection, &table);
            parameters.push(Value::Blob(b"\xFF".to_vec()));
            let desk = master.copy();
            let update = format!("UPDATE {table} SET {column} = ?{} WHERE {condition}", parameters.len());
            raw(&desk).execute(&update, rusqlite::params_from_iter(&parameters)).unwrap();
            assert_found(&desk, &table, &format!("{table}.{column}, key {is_key}, counter {counter}"));
        }
    }
}

#[test]
fn a_deleted_row_of_any_table_is_found_and_named() {
    let master = full();
    let connection = raw(&master);
    for table in tables(&connection) {
        let (condition, parameters) = the_row(&connection, &table);
        let desk = master.copy();
        let delete = format!("DELETE FROM {table} WHERE {condition}");
        raw(&desk).execute(&delete, rusqlite::params_from_iter(parameters)).unwrap();
        assert_found(&desk, &table, &table);
        // And all of them.
        let desk = master.copy();
        raw(&desk).execute(&format!("DELETE FROM {table}"), []).unwrap();
        let verdict = audit(&desk);
        assert!(!verdict.is_sound(), "{table}");
    }
}

/// With a key of its own and the same in all other columns, but for those that no two rows share.
#[test]
fn an_inserted_row_of_any_table_is_found_and_named() {
    let master = full();
    let connection = raw(&master);
    for table in tables(&connection) {
        let unique: BTreeSet<String> = {
            let sql = "SELECT i.name FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i WHERE l.\"unique\"";
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([&table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let columns = columns(&connection, &table);
        let (condition, parameters) = the_row(&connection, &table);
        let sql = format!("SELECT * FROM {table} WHERE {condition}");
        let mut values: Vec<Value> = connection
            .query_row(&sql, rusqlite::params_from_iter(parameters), |row| {
                (0..columns.len()).map(|column| row.get(column)).collect()
            })
            .unwrap();
        for ((column, is_key), value) in columns.iter().zip(&mut values) {
            if *is_key || unique.contains(column) {
                *value = another(value);
            }
        }
        let desk = master.copy();
        let places: Vec<_> = (1..=values.len()).map(|place| format!("?{place}")).collect();
        let insert = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
        assert_eq!(raw(&desk).execute(&insert, rusqlite::params_from_iter(values)).unwrap(), 1);
        assert_found(&desk, &table, &table);
    }
}

#[test]
fn a_row_that_is_put_back_as_it_was_is_found() {
    let desk = busy();
    let before: (u32, u64) = raw(&desk)
        .query_row("SELECT customer, event FROM license WHERE number = 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let to = countersign::ledger::CustomerNumber::new(2).unwrap();
    transfer(&mut desk.ledger(), &session(clock()), LicenseNumber::new(1).unwrap(), to).unwrap();
    desk.assert_ledger_is_sound();
    raw(&desk)
        .execute("UPDATE license SET customer = ?1, event = ?2 WHERE number = 1", params![before.0, before.1])
        .unwrap();
    let verdict = audit(&desk);
    assert_eq!(said(&verdict), ["license 1: it is older than event 47, which wrote it last"]);
}

#[test]
fn tables_indexes_and_triggers_that_are_not_the_ledgers_are_found() {
    for (sql, finding) in [
        ("CREATE TABLE notes (text)", r#""notes" in the database is not the ledger's"#),
        ("DROP INDEX license_customer", r#""license_customer" in the database is missing"#),
        (
            "CREATE TRIGGER quietly AFTER INSERT ON revision BEGIN UPDATE license SET customer = 1; END",
            r#""quietly" in the database is not the ledger's"#,
        ),
        ("CREATE VIEW everything AS SELECT * FROM revision", r#""everything" in the database is not the ledger's"#),
        (
            "ALTER TABLE customer ADD COLUMN telephone TEXT",
            r#""customer" in the database is not as the ledger makes it"#,
        ),
        (
            "DROP INDEX revision_last_day; CREATE INDEX revision_last_day ON revision (first_day)",
            r#""revision_last_day" in the database is not as the ledger makes it"#,
        ),
    ] {
        let desk = busy();
        raw(&desk).execute_batch(sql).unwrap();
        assert_eq!(said(&audit(&desk)), [finding], "{sql}");
    }
}

/// A ledger of the first release has been made by other words.
#[test]
fn a_ledger_that_was_brought_to_this_schema_is_sound() {
    let desk = super::schema::desk_of_the_first_release("");
    drop(desk.ledger());
    desk.assert_ledger_is_sound();
}

/// The events as an attacker sees them, who can count.
fn events(desk: &Desk) -> Vec<Event> {
    desk.ledger().read(|book| book.events_from(1, u32::MAX)).unwrap()
}

/// Writes the book anew, with links that fit.
fn rewrite(desk: &Desk, mut events: Vec<Event>) {
    let connection = raw(desk);
    connection.execute("DELETE FROM event", []).unwrap();
    let mut before = [0; 32];
    for (event, sequence) in events.iter_mut().zip(1..) {
        event.sequence = sequence;
        event.link = link(&before, event);
        before = event.link;
        let Event { day, operator, action, license, previous, facts, wrote, .. } = &*event;
        connection
            .execute(
                "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    sequence,
                    day.to_string(),
                    operator.as_str(),
                    action.name(),
                    license.map(LicenseNumber::get),
                    previous,
                    facts,
                    wrote,
                    event.link
                ],
            )
            .unwrap();
    }
}

fn checkpoint(desk: &Desk) -> Checkpoint {
    desk::sign_checkpoint(&mut desk.ledger(), &session(clock()), &ledger_key(), &|_, _| {}).unwrap()
}

fn against(desk: &Desk, checkpoint: &Checkpoint) -> Verdict {
    let (checkpoints, noted) = ([checkpoint.clone()], [checkpoint.noted()]);
    let verdict = desk.audit(&Witnesses { checkpoints: &checkpoints, heads: &noted, keys: &[] });
    // What is on paper says the same, as far as it can.
    assert_eq!(verdict.heads, verdict.checkpoints);
    verdict
}

#[test]
fn events_that_are_changed_without_their_links_are_found_and_named() {
    let master = busy();
    let last = events(&master).len() as u64;
    for (sql, finding) in [
        (
            "UPDATE event SET facts = '{\"customer\":9}' WHERE sequence = 8",
            "event 8: its link does not fit to what it says and to the event before",
        ),
        ("DELETE FROM event WHERE sequence = 9", "event 9: it is missing"),
        ("DELETE FROM event WHERE sequence IN (8, 9, 10)", "events 8 to 10: they are missing"),
        ("DELETE FROM event WHERE sequence = 1", "event 1: it is missing"),
        ("UPDATE event SET sequence = 0 WHERE sequence = 5", "event 0: no desk writes such a number"),
        ("UPDATE event SET sequence = 1000 WHERE sequence = 5", "event 5: it is missing"),
        (
            "UPDATE event SET wrote = replace(wrote, 'license 1 ', 'license 01 ')",
            "event 10: no desk writes what is under \"wrote\"",
        ),
        ("UPDATE event SET day = '2026-02-30' WHERE sequence = 4", "event 4: no desk writes what is under \"day\""),
        ("UPDATE event SET action = 'sold' WHERE sequence = 4", "event 4: no desk writes what is under \"action\""),
        ("UPDATE event SET operator = 'B' WHERE sequence = 4", "event 4: no desk writes what is under \"operator\""),
        ("UPDATE event SET license = 0 WHERE sequence = 10", "event 10: no desk writes what is under \"license\""),
        ("UPDATE event SET previous = 99 WHERE sequence = 10", "event 10: no desk writes what is under \"previous\""),
        ("UPDATE event SET facts = '{' WHERE sequence = 10", "event 10: no desk writes what is under \"facts\""),
        ("UPDATE event SET link = x'00' WHERE sequence = 10", "event 10: no desk writes what is under \"link\""),
        ("DELETE FROM event", "event 1: it did not make this desk"),
        (
            "UPDATE event SET facts = '{\"desk\":\"0000000000000000\"}' WHERE sequence = 1",
            "event 1: it did not make this desk",
        ),
    ] {
        let desk = master.copy();
        raw(&desk).execute_batch(sql).unwrap();
        let said = said(&audit(&desk));
        assert!(said.iter().any(|it| it == finding), "{sql}: {said:?}");
    }
    // Two that have changed places.
    let desk = master.copy();
    raw(&desk)
        .execute_batch(
            "UPDATE event SET sequence = -1 WHERE sequence = 5; UPDATE event SET sequence = 5 WHERE sequence = 6;
             UPDATE event SET sequence = 6 WHERE sequence = -1;",
        )
        .unwrap();
    let said = said(&audit(&desk));
    for event in [5, 6] {
        let finding = format!("event {event}: its link does not fit to what it says and to the event before");
        assert!(said.contains(&finding), "{said:?}");
    }
    // An event more, whose link does not fit.
    let desk = master.copy();
    let copy = format!(
        "INSERT INTO event SELECT {}, day, operator, action, license, previous, facts, wrote, link FROM event
         WHERE sequence = {last}",
        last + 1
    );
    raw(&desk).execute_batch(&copy).unwrap();
    let finding = format!("event {}: its link does not fit to what it says and to the event before", last + 1);
    assert_eq!(self::said(&audit(&desk)), [finding]);
}

#[test]
fn a_book_that_was_written_anew_is_found_by_what_was_kept_elsewhere() {
    type Forgery = fn(&mut Vec<Event>);
    let master = busy();
    let kept = checkpoint(&master);
    let forgeries: [(&str, Forgery); 4] = [
        ("another day", |events| events[7].day = events[7].day.plus(1).unwrap()),
        ("another operator", |events| events[9].operator = "berta".parse().unwrap()),
        ("two that have changed places", |events| {
            let (a, b) = (events[5].clone(), events[6].clone());
            // What they wrote stays where it was, so that the rows still fit.
            (events[5].facts, events[6].facts) = (b.facts, a.facts);
        }),
        ("one more between others", |events| {
            let mut more = events[4].clone();
            more.wrote = String::new();
            events.push(more);
        }),
    ];
    for (what, forge) in forgeries {
        let desk = master.copy();
        let mut forged = events(&desk);
        forge(&mut forged);
        // The one more is put before the last two, which wrote no rows.
        if what == "one more between others" {
            let more = forged.pop().unwrap();
            let place = forged.len() - 2;
            assert!(forged[place..].iter().all(|event| event.wrote.is_empty()));
            forged.insert(place, more);
        }
        rewrite(&desk, forged);
        // By itself it shows nothing: that is what checkpoints are for.
        assert!(audit(&desk).is_sound(), "{what}: {:?}", said(&audit(&desk)));
        let verdict = against(&desk, &kept);
        assert_eq!(verdict.checkpoints, [Some(Contradiction::Other)], "{what}");
        assert!(!verdict.is_sound());
    }
    assert_eq!(against(&master, &kept).checkpoints, [None]);
}

#[test]
fn an_end_that_was_cut_off_is_found_by_what_was_kept_elsewhere() {
    let desk = busy();
    desk::reprint(&mut desk.ledger(), &session(clock()), LicenseNumber::new(1).unwrap(), None).unwrap();
    let kept = checkpoint(&desk);
    // That somebody signed a checkpoint is an event that wrote no row: without it nothing is missing.
    let last = events(&desk).len();
    raw(&desk).execute("DELETE FROM event WHERE sequence = ?1", [last]).unwrap();
    assert!(against(&desk, &kept).is_sound());
    raw(&desk).execute("DELETE FROM event WHERE sequence = ?1", [last - 1]).unwrap();
    let verdict = against(&desk, &kept);
    assert_eq!(verdict.checkpoints, [Some(Contradiction::Shorter)]);
    // The reprint wrote the license's row, which names it still.
    assert_eq!(said(&verdict), ["license 1: event 47, which it names, did not write it so"]);
}

#[test]
fn an_old_copy_that_was_put_back_is_found_by_what_was_kept_elsewhere() {
    let desk = busy();
    let old = desk.copy();
    issue(&mut desk.ledger(), &test_key(), &order(clock(), Some("PO-9")), clock()).unwrap();
    let kept = checkpoint(&desk);
    assert!(against(&desk, &kept).is_sound());
    // It is whole, and too old.
    old.assert_ledger_is_sound();
    assert_eq!(against(&old, &kept).checkpoints, [Some(Contradiction::Shorter)]);
    // Also when it was gone on with until it is as long.
    for reference in ["PO-7", "PO-8", "PO-9"] {
        issue(&mut old.ledger(), &test_key(), &order(clock(), Some(reference)), clock()).unwrap();
    }
    old.assert_ledger_is_sound();
    assert_eq!(against(&old, &kept).checkpoints, [Some(Contradiction::Other)]);
}

#[test]
fn a_checkpoint_that_proves_nothing_is_said_to() {
    let desk = busy();
    let kept = checkpoint(&desk);
    let verdict = |checkpoint: &Checkpoint, keys: &[PublicKey]| {
        let checkpoints = [checkpoint.clone()];
        desk.audit(&Witnesses { checkpoints: &checkpoints, heads: &[], keys }).checkpoints[0]
    };
    // Somebody else signs how far the book goes.
    let other = SoftwareKey::from_seed(&[4; 32]).unwrap();
    let head = desk.ledger().read(|book| book.head()).unwrap().unwrap();
    let sign = |key, identity: &str| Checkpoint::sign(key, &[], identity.to_owned(), head, clock()).unwrap();
    let theirs = sign(&other, "0707070707070707");
    assert_eq!(verdict(&theirs, &[]), Some(Contradiction::UnknownKey));
    assert_eq!(verdict(&theirs, &[other.public_key()]), None);
    assert_eq!(verdict(&sign(&ledger_key(), "0707070707070708"), &[]), Some(Contradiction::OtherDesk));
    let forged = theirs.to_string().replace(&other.public_key().to_string(), &ledger_key().public_key().to_string());
    assert_eq!(verdict(&forged.parse().unwrap(), &[]), Some(Contradiction::BadSignature));
    assert_eq!(verdict(&kept, &[]), None);
    let refused = desk::sign_checkpoint(&mut desk.ledger(), &session(clock()), &test_key(), &|_, _| {}).unwrap_err();
    assert!(matches!(refused, desk::DeskFault::Refused(desk::Refused::SignsCodes(_))), "{refused:?}");
}

#[test]
fn nobody_vouches_for_a_book_that_is_not_sound() {
    let desk = busy();
    raw(&desk).execute("UPDATE customer SET name = 'Somebody' WHERE number = 1", []).unwrap();
    let ran = run_as_administrator(&desk, &["audit", "checkpoint"]);
    ran.assert_refused(&desk::Refused::NotSound { findings: 1 });
}

#[test]
fn a_code_that_no_key_has_signed_is_found_by_signatures_alone() {
    let desk = busy();
    // As somebody would who can write the whole book anew and has no key.
    let connection = raw(&desk);
    let mut signature: Vec<u8> =
        connection.query_row("SELECT signature FROM revision WHERE license = 3", [], |row| row.get(0)).unwrap();
    signature[0] ^= 1;
    connection.execute("UPDATE revision SET signature = ?1 WHERE license = 3", [signature]).unwrap();
    let verdict = desk.audit(&Witnesses::default());
    assert!(said(&verdict).contains(&"license 3, revision 1: no issuing key of this ledger has signed it".to_owned()));
    assert!(!said(&audit(&desk)).iter().any(|it| it.contains("issuing key")));
}

/// Every row of every table, or nothing where one cannot be read.
fn contents(desk: &Desk) -> Option<Vec<Vec<Value>>> {
    let connection = Connection::open(desk.ledger_path()).ok()?;
    let mut all = Vec::new();
    for table in [
        "code_row",
        "customer",
        "desk",
        "event",
        "issuer",
        "ledger_key",
        "license",
        "limits",
        "operator",
        "product",
        "request",
        "revision",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3")).ok()?;
        let many = statement.column_count();
        let rows = statement.query_map([], |row| (0..many).map(|column| row.get(column)).collect()).ok()?;
        all.extend(rows.collect::<Result<Vec<Vec<Value>>, _>>().ok()?);
    }
    Some(all)
}

#[test]
fn random_damage_is_never_called_sound_where_a_row_differs() {
    let master = busy();
    raw(&master).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let whole = fs::read(master.ledger_path()).unwrap();
    let before = contents(&master).unwrap();
    let mut chance = Chance(0x5EED);
    // Most of a small ledger is empty, and nobody misses that.
    let used: Vec<usize> = (0..whole.len()).filter(|place| whole[*place] != 0).collect();
    let (mut unreadable, mut found, mut harmless) = (0, 0, 0);
    for _ in 0..200 {
        let desk = master.copy();
        let mut bytes = whole.clone();
        let mut places = Vec::new();
        // Single bits, bytes, and whole runs as a failing disk leaves them.
        for _ in 0..=chance.next() % 3 {
            let place = used[chance.next() as usize % used.len()];
            let many = [1, 1, 1, 16, 512][chance.next() as usize % 5];
            bytes.iter_mut().skip(place).take(many).for_each(|byte| *byte ^= (chance.next() % 255) as u8 + 1);
            places.push((place, many));
        }
        fs::write(desk.ledger_path(), &bytes).unwrap();
        let ledger = Ledger::open_to_read(&desk.ledger_path());
        let Ok(mut ledger) = ledger else {
            unreadable += 1;
            continue;
        };
        match desk::audit(&mut ledger, &Witnesses::default(), Signatures::Verified, &|_, _| {}) {
            Err(_) => unreadable += 1,
            Ok(verdict) if verdict.is_sound() => {
                assert_eq!(contents(&desk).as_ref(), Some(&before), "{places:?}");
                harmless += 1;
            }
            Ok(verdict) => {
                assert!(verdict.findings() > 0);
                found += 1;
            }
        }
    }
    assert!(found > 100, "{unreadable} unreadable, {found} found, {harmless} harmless");
    say(&format!("{unreadable} unreadable, {found} found, {harmless} harmless"));
}

/// One page that is gone is told by the table and by what was in it; the rest is looked at.
#[test]
fn a_page_that_is_gone_is_named_and_the_rest_is_read() {
    let desk = busy();
    let mut ledger = desk.ledger();
    for number in 0..200 {
        let name = format!("Customer {number}").parse().unwrap();
        desk::add_customer(&mut ledger, &session(clock()), &name, None, [3; 16]).unwrap();
    }
    drop(ledger);
    let connection = raw(&desk);
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let page: u64 = connection
        .query_row("SELECT pageno FROM dbstat WHERE name = 'event' AND pagetype = 'leaf' LIMIT 1 OFFSET 3", [], |row| {
            row.get(0)
        })
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(desk.ledger_path()).unwrap();
    let start = (page as usize - 1) * 4096;
    bytes[start..start + 4096].fill(0xA5);
    fs::write(desk.ledger_path(), bytes).unwrap();
    let verdict = audit(&desk);
    let said = said(&verdict);
    assert!(said.iter().any(|it| it.starts_with("the database: event: Tree ")), "{said:?}");
    assert!(said.iter().any(|it| it.starts_with("events ") && it.ends_with("they cannot be read")), "{said:?}");
    assert!(verdict.audit.events > 150, "{}", verdict.audit.events);
    // Also as the program says it.
    let ran = desk.run(&["audit", "verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("NOT SOUND: "), "{ran:?}");
    ran.assert_calm();
}

/// More of them than are tried one after the other.
#[test]
fn where_many_events_are_gone_those_behind_them_are_read() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    for number in 0..1000 {
        let name = format!("Customer {number}").parse().unwrap();
        desk::add_customer(&mut ledger, &session(clock()), &name, None, [3; 16]).unwrap();
    }
    drop(ledger);
    let connection = raw(&desk);
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let mut statement = connection
        .prepare("SELECT pageno, ncell FROM dbstat WHERE name = 'event' AND pagetype = 'leaf' ORDER BY path")
        .unwrap();
    let pages: Vec<(usize, u64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    drop(statement);
    drop(connection);
    let (gone, behind) = (pages.len() / 4, pages.len() / 2);
    let mut bytes = fs::read(desk.ledger_path()).unwrap();
    for (page, _) in &pages[gone..behind] {
        bytes[(page - 1) * 4096..page * 4096].fill(0xA5);
    }
    fs::write(desk.ledger_path(), bytes).unwrap();
    let events = |pages: &[(usize, u64)]| pages.iter().map(|(_, events)| events).sum::<u64>();
    let (first, end) = (events(&pages[..gone]) + 1, events(&pages[..behind]) + 1);
    // The steps are doubled from sixty-four on.
    let next = first + (0..).map(|power| 64 << power).find(|step| first + step >= end).unwrap();
    assert!(end - first > 128, "{first} {end}");
    let verdict = audit(&desk);
    let (said, wanted) = (said(&verdict), format!("events {first} to {}: they cannot be read", next - 1));
    assert_eq!(said.iter().filter(|it| it.starts_with("event")).collect::<Vec<_>>(), [&wanted]);
    assert_eq!(verdict.audit.events, events(&pages) - (next - first));
}

/// What is said of each fault, all of it.
#[test]
fn nothing_but_what_is_wrong_is_said() {
    let master = full();
    let sound = audit(&master).audit;
    let count = |sql: &str| raw(&master).query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(sound.codes, count("SELECT (SELECT COUNT(*) FROM revision) + (SELECT COUNT(*) FROM bound_code)"));
    let proven =
        tables(&raw(&master)).into_iter().filter(|table| !["event", "code_row", "bound_row"].contains(&&**table));
    assert_eq!(sound.rows, proven.map(|table| count(&format!("SELECT COUNT(*) FROM {table}"))).sum::<u64>());
    let (last, licenses) = (count("SELECT MAX(sequence) FROM event"), count("SELECT MAX(license) FROM revision"));
    let most = LicenseNumber::MAX.get();
    for (sql, wanted) in [
        (
            format!("UPDATE revision SET event = {last} WHERE license = 1"),
            &*format!("revision 1/1: event {last} wrote it again, which no desk does"),
        ),
        (
            format!("UPDATE bound_code SET event = {last}"),
            &format!("bound-code 1/1/7: event {last} wrote it again, which no desk does"),
        ),
        (
            "DELETE FROM code_row WHERE key = (SELECT MIN(key) FROM code_row WHERE license = 3)".to_owned(),
            "license 3, revision 1: it is not found by one of its rows",
        ),
        (
            "INSERT INTO code_row (key, license, revision) VALUES (1, 2, 1)".to_owned(),
            "license 2, revision 1: it would be found by a row that it does not have",
        ),
        (
            "INSERT INTO code_row (key, license, revision) VALUES (1, 99, 1)".to_owned(),
            "license 99, revision 1: it would be found by a row that it does not have",
        ),
        (
            "DELETE FROM bound_row WHERE key = (SELECT MIN(key) FROM bound_row)".to_owned(),
            "license 1, revision 1, for host 00000007: it is not found by one of its rows",
        ),
        (
            "UPDATE bound_row SET host = 8 WHERE key = (SELECT MIN(key) FROM bound_row)".to_owned(),
            "license 1, revision 1, for host 00000008: it would be found by a row that it does not have\n\
             license 1, revision 1, for host 00000007: it is not found by one of its rows",
        ),
        (
            format!("UPDATE desk SET next_license = {licenses}"),
            &format!("the next license would be {licenses}, and {licenses} is used already"),
        ),
        (format!("UPDATE desk SET next_license = {licenses} + 1"), ""),
        (format!("UPDATE desk SET next_license = {most} + 1"), ""),
        (
            format!("UPDATE desk SET next_license = {most} + 2"),
            &format!("the next license would be {}, and {licenses} is used already", most + 2),
        ),
        (
            "UPDATE license SET next_revision = 2 WHERE number = 2".to_owned(),
            "license 2: the next revision would be 2, and 2 is used already",
        ),
        ("UPDATE license SET next_revision = 3 WHERE number = 2".to_owned(), ""),
        (
            "UPDATE license SET next_revision = 0 WHERE number = 2".to_owned(),
            "license 2: the next revision would be 0, and 2 is used already",
        ),
        ("UPDATE license SET next_revision = 1024 WHERE number = 2".to_owned(), ""),
        (
            "UPDATE license SET next_revision = 1025 WHERE number = 2".to_owned(),
            "license 2: the next revision would be 1025, and 1 is used already",
        ),
        (
            "UPDATE license SET next_revision = 1 WHERE number = 3".to_owned(),
            "license 3: the next revision would be 1, and 1 is used already",
        ),
        ("UPDATE license SET next_revision = 2 WHERE number = 3".to_owned(), ""),
        (
            "UPDATE operator SET active = 0 WHERE name = 'carla'".to_owned(),
            "operator carla: it was changed after event 15, which wrote it last",
        ),
        (
            "INSERT INTO operator SELECT 'zoe', role, passphrase, active, event FROM operator WHERE name = 'carla'"
                .to_owned(),
            "operator zoe: event 15, which it names, did not write it so",
        ),
        (
            "UPDATE event SET sequence = 0 WHERE sequence = 1".to_owned(),
            "event 0: no desk writes such a number\n\
             event 1: it is missing\n\
             desk 1: event 1, which it names, did not write it so\n\
             operator administrator: event 1, which it names, did not write it so",
        ),
        (
            "UPDATE event SET wrote = replace(wrote, 'license 3 ', 'license 3/1 ') \
             WHERE sequence = (SELECT event FROM license WHERE number = 3)"
                .to_owned(),
            "event 39: its link does not fit to what it says and to the event before\n\
             event 39: no desk writes what is under \"wrote\"\n\
             license 3: event 39, which it names, did not write it so",
        ),
        (
            "DELETE FROM event WHERE sequence = 15".to_owned(),
            "event 15: it is missing\noperator carla: event 15, which it names, did not write it so",
        ),
    ] {
        let desk = master.copy();
        assert_eq!(raw(&desk).execute(&sql, []).unwrap(), 1, "{sql}");
        let verdict = audit(&desk);
        assert_eq!(said(&verdict).join("\n"), wanted, "{sql}");
        assert_eq!(verdict.is_sound(), wanted.is_empty(), "{sql}");
    }
}

#[test]
fn what_cannot_be_read_at_all_is_a_failure_and_no_finding() {
    let desk = busy();
    fs::write(desk.ledger_path(), "customer,product,code\n".repeat(500)).unwrap();
    let ran = desk.run(&["audit", "verify"]);
    ran.assert_could_not();
    assert!(ran.err.contains("it is damaged, or no ledger") && ran.err.contains("countersign restore"), "{ran:?}");
    fs::remove_file(desk.ledger_path()).unwrap();
    let ran = desk.run(&["audit", "verify"]);
    ran.assert_could_not();
    assert!(ran.err.contains("the ledger is missing\nhint: `countersign restore BACKUP`"), "{ran:?}");
    let old = super::schema::desk_of_the_first_release("");
    let ran = old.run(&["audit", "verify"]);
    ran.assert_could_not();
    assert!(ran.err.contains("it was made by an older release"), "{ran:?}");
    old.run(&["list"]).assert_done();
    old.run(&["audit", "verify"]).assert_done();
}

/// Looking changes nothing, not a byte.
#[test]
fn an_audit_changes_nothing_and_needs_no_room() {
    let desk = busy();
    raw(&desk).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let before = fs::read(desk.ledger_path()).unwrap();
    desk.run(&["audit", "verify", "--signatures"]).assert_done();
    assert_eq!(fs::read(desk.ledger_path()).unwrap(), before);
}

#[test]
fn while_others_write_an_audit_sees_one_moment() {
    let desk = busy();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut ledger = desk.ledger();
                    let mut made = 0;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        issue(&mut ledger, &test_key(), &order(clock(), None), clock()).unwrap();
                        made += 1;
                    }
                    made
                })
            })
            .collect();
        let mut seen = 0;
        for _ in 0..20 {
            let verdict = audit(&desk);
            assert!(verdict.is_sound(), "{:?}", said(&verdict));
            assert!(verdict.audit.events >= seen);
            seen = verdict.audit.events;
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let made: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        assert!(made > 0);
    });
}

#[test]
fn a_head_on_paper_is_typed_in_any_case() {
    let desk = busy();
    let noted = NotedHead::of(3, &events(&desk)[2].link).to_string();
    for text in [noted.clone(), noted.to_uppercase()] {
        let ran = desk.run(&["--json", "audit", "verify", "--head", &text]);
        assert_eq!(ran.json()["heads"], serde_json::json!([{"events": 3, "finding": null}]));
    }
    let wrong = noted.replace(':', ":0").chars().take(noted.len()).collect::<String>();
    let ran = desk.run(&["audit", "verify", "--head", &wrong]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("event 3 is another one"), "{ran:?}");
    for text in ["3:abc", "x", "", "3:", "0:00000000000000000000"] {
        assert_eq!(desk.run(&["audit", "verify", "--head", text]).code, Some(2), "{text}");
    }
}

/// SplitMix64: the same damage in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
