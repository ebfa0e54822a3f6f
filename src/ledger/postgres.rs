//! The same statements on PostgreSQL: a desk works on SQLite, and what it says there is said to a PostgreSQL server
//! too. Both have to give the same rows.

use super::statements::ALL;
use super::{Action, CustomerNumber, Filter, Founding, Ledger, row_keys, schema};
use crate::desk::{self, DeskFault, LicenseState};
use activation_code::{LicenseNumber, MaintenancePeriod};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use server::{Client, Prepared, Server, Type};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

#[path = "../../tests/common/postgres.rs"]
mod server;
#[path = "../../tests/common/tools.rs"]
mod tools;
#[path = "../../tests/common/work.rs"]
mod work;

const SCHEMA: &str = concat!(
    include_str!("schema-2.postgres.sql"),
    include_str!("schema-3.postgres.sql"),
    include_str!("schema-4.postgres.sql"),
    include_str!("schema-5.postgres.sql")
);

#[test]
fn both_schemas_have_the_same_tables_columns_and_indexes() {
    let Some(mut server) = Server::start() else { return };
    let mut there = server.connect();
    there.run(SCHEMA).unwrap();
    let room = tempfile::tempdir().unwrap();
    let here = empty_ledger(&room);
    assert_eq!(rows_of(&here, COLUMNS_HERE, &[]), there.run(COLUMNS_THERE).unwrap());
    assert_eq!(indexes_here(&here), indexes_there(&mut there));
}

#[test]
fn what_a_desk_does_has_the_same_outcome_on_postgresql() {
    let Some(mut server) = Server::start() else { return };
    let mut there = server.connect();
    there.run(SCHEMA).unwrap();
    let prepared = prepare_all(&mut there);
    let room = tempfile::tempdir().unwrap();
    let here = empty_ledger(&room);

    let said = said_at_a_desk();
    let mut unheard: BTreeSet<&str> = ALL.iter().map(|(name, _)| *name).collect();
    for said in &said {
        match said {
            Said::Aside(sql) => {
                here.execute_batch(sql).unwrap();
                there.run(if sql.starts_with("BEGIN") { "BEGIN" } else { sql }).unwrap();
            }
            Said::Statement { name, sql, parameters } => {
                compare(&here, &mut there, (name, sql), &prepared[name], parameters);
                unheard.remove(name);
            }
        }
    }
    let writes = unheard.iter().filter(|name| !reads(statement(name)));
    assert_eq!(writes.collect::<Vec<_>>(), [&""; 0], "nothing in tests/common/work.rs runs these");

    // Also with parameters that nobody has asked for yet.
    let pool = Pool::of(&said);
    let mut tries = 0;
    for (name, sql) in ALL.iter().filter(|(_, sql)| reads(sql)) {
        for parameters in pool.parameters(sql, &prepared[name].parameters) {
            compare(&here, &mut there, (name, sql), &prepared[name], &parameters);
            tries += 1;
        }
    }
    for table in tables(&here) {
        let columns = rows_of(&here, "SELECT name FROM pragma_table_info(?1)", &[table.clone().into()]);
        let columns = columns.into_iter().map(|column| text(&column[0])).collect::<Vec<_>>().join(", ");
        let all = format!("SELECT {columns} FROM {table} ORDER BY {columns}");
        assert_eq!(rows_of(&here, &all, &[]), there.run(&all).unwrap(), "{table}");
    }
    tools::say(&format!(
        "{} statements of a desk's work and {tries} more gave the same rows; by the latter only: {unheard:?}",
        said.len(),
    ));
}

/// The planner may take whatever it likes better; here it may not read a whole table where an index will do.
#[test]
fn postgresql_finds_by_an_index_what_sqlite_finds_by_one() {
    let Some(mut server) = Server::start() else { return };
    let mut there = server.connect();
    there.run(SCHEMA).unwrap();
    there.run("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").unwrap();
    for (name, sql) in ALL {
        let prepared = there.prepare("", sql).unwrap();
        let nothing = vec!["NULL"; prepared.parameters.len()].join(", ");
        let arguments = if nothing.is_empty() { String::new() } else { format!("({nothing})") };
        there.run(&format!("PREPARE {name} AS {sql}")).unwrap();
        let plan = there.run(&format!("EXPLAIN (COSTS OFF) EXECUTE {name}{arguments}")).unwrap();
        let plan: Vec<String> = plan.iter().map(|line| text(&line[0])).collect();
        let scans = plan.iter().any(|line| {
            let table = line.split_once("Seq Scan on ").and_then(|(_, table)| table.split(' ').next());
            table.is_some_and(super::statements::grows)
        });
        assert!(!scans || super::statements::scans(name).is_some(), "{name} reads a whole table:\n{}", plan.join("\n"));
    }
}

/// The type of a column and how it is ordered, whether it may be empty, and its place in the primary key.
const COLUMNS_HERE: &str = "
    SELECT t.name, c.name,
        CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'TEXT' THEN 'text C' WHEN 'BLOB' THEN 'bytea' ELSE c.type END,
        CASE WHEN c.\"notnull\" OR c.pk THEN 'NO' ELSE 'YES' END, c.pk
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2";
const COLUMNS_THERE: &str = "
    SELECT c.table_name::text, c.column_name::text, c.data_type || COALESCE(' ' || c.collation_name, ''),
        c.is_nullable::text,
        COALESCE((SELECT array_position(i.indkey::int2[], c.ordinal_position::int2) + 1
            FROM pg_index i WHERE i.indisprimary AND i.indrelid = c.table_name::regclass), 0)::bigint
    FROM information_schema.columns c WHERE c.table_schema = 'public'
    ORDER BY c.table_name::text COLLATE \"C\", c.column_name::text COLLATE \"C\"";

/// Beside those of primary keys: whether only once, the columns in front of those of the primary key, and of which
/// rows.
type Index = (String, bool, Vec<String>, String);

fn indexes_here(connection: &Connection) -> BTreeSet<Index> {
    let mut indexes = BTreeSet::new();
    for table in tables(connection) {
        let list = "SELECT name, \"unique\" FROM pragma_index_list(?1) WHERE origin <> 'pk'";
        for index in rows_of(connection, list, &[table.clone().into()]) {
            let name = text(&index[0]);
            let columns = "SELECT name FROM pragma_index_info(?1) ORDER BY seqno";
            let columns = rows_of(connection, columns, &[name.clone().into()]);
            let columns = columns.iter().map(|column| text(&column[0])).collect();
            let sql = "SELECT COALESCE(sql, '') FROM sqlite_master WHERE name = ?1";
            let sql = text(&rows_of(connection, sql, &[name.into()])[0][0]);
            let rows = sql.split_once(" WHERE ").map_or("", |(_, rows)| rows).to_owned();
            indexes.insert((table.clone(), index[1] == Value::Integer(1), columns, rows));
        }
    }
    indexes
}

fn indexes_there(client: &mut Client) -> BTreeSet<Index> {
    let list = "
        SELECT c.relname::text, i.indisunique::int::bigint, COALESCE(pg_get_expr(i.indpred, i.indrelid), ''),
            (SELECT string_agg(a.attname, ' ' ORDER BY k.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (at, place)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.at
                -- Those that SQLite puts there by itself.
                WHERE k.place = 1 OR NOT EXISTS (SELECT 1 FROM pg_index p
                    WHERE p.indisprimary AND p.indrelid = i.indrelid AND k.at = ANY (p.indkey::int2[])))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND NOT i.indisprimary";
    let index = |row: Vec<Value>| {
        let columns = text(&row[3]).split(' ').map(str::to_owned).collect();
        let rows = text(&row[2]).trim_matches(['(', ')']).to_owned();
        (text(&row[0]), row[1] == Value::Integer(1), columns, rows)
    };
    client.run(list).unwrap().into_iter().map(index).collect()
}

fn tables(connection: &Connection) -> Vec<String> {
    let tables = rows_of(connection, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", &[]);
    tables.iter().map(|table| text(&table[0])).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}

fn empty_ledger(room: &tempfile::TempDir) -> Connection {
    let path = room.path().join("ledger.sqlite");
    std::fs::write(&path, "").unwrap();
    schema::create(&path).unwrap()
}

fn rows_of(connection: &Connection, sql: &str, parameters: &[Value]) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(parameters)).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..columns).map(|column| row.get(column).unwrap()).collect());
    }
    found
}

fn statement(name: &str) -> &'static str {
    ALL.iter().find(|(known, _)| *known == name).unwrap().1
}

fn reads(sql: &str) -> bool {
    sql.starts_with("SELECT")
}

fn prepare_all(client: &mut Client) -> BTreeMap<&'static str, Prepared> {
    let prepare = |(name, sql): &(&'static str, &str)| {
        let prepared = client.prepare(name, sql).unwrap_or_else(|error| panic!("{name}: {error}\n{sql}"));
        let foreign = |of: &[Type]| of.iter().any(|kind| matches!(kind, Type::Other(_)));
        assert!(!foreign(&prepared.parameters), "{name}: a parameter of a type that is none of ours: {prepared:?}");
        assert!(!foreign(&prepared.columns), "{name}: a column of a type that is none of ours, CAST it: {prepared:?}");
        (*name, prepared)
    };
    ALL.iter().map(prepare).collect()
}

/// Executes a statement on both.
#[track_caller]
fn compare(here: &Connection, there: &mut Client, (name, sql): (&str, &str), prepared: &Prepared, with: &[Value]) {
    assert_eq!(prepared.parameters.len(), with.len(), "{name}");
    for (kind, value) in prepared.parameters.iter().zip(with) {
        assert!(kind.has(value), "{name}: {value:?} for a parameter that PostgreSQL takes for {kind:?}");
    }
    let found = there.execute(prepared, with).unwrap_or_else(|error| panic!("{name} {with:?}: {error}"));
    if reads(sql) {
        assert_eq!(found.rows, rows_of(here, sql, with), "{name} {with:?}");
    } else {
        let changed = here.prepare_cached(sql).unwrap().execute(params_from_iter(with)).unwrap();
        assert_eq!(found.count, changed, "{name} {with:?}");
    }
}

/// What was said to SQLite.
enum Said {
    /// That a transaction begins or ends.
    Aside(String),
    Statement {
        name: &'static str,
        sql: &'static str,
        parameters: Vec<Value>,
    },
}

fn said_at_a_desk() -> Vec<Said> {
    let room = tempfile::tempdir().unwrap();
    let mut ledger = Ledger { connection: empty_ledger(&room), path: PathBuf::new(), _presence: None };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let listen = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            ear.lock().unwrap().push((statement.sql().into_owned(), statement.expanded_sql().unwrap()));
        }
    };
    ledger.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(listen)).unwrap();
    let (vendor, operator, day) = (&work::vendor(), &work::first(), work::monday());
    ledger.found(&Founding { vendor, operator, day, identity: work::IDENTITY }).unwrap();
    work::work(&mut ledger).unwrap();
    questions(&mut ledger).unwrap();
    drop(ledger);
    let said = std::mem::take(&mut *heard.lock().unwrap());
    // SQLite's own settings and its upkeep: those of PostgreSQL are others.
    let said = said.into_iter().filter(|(sql, _)| !sql.starts_with("PRAGMA") && sql != "VACUUM");
    let said = said.map(|(sql, expanded)| {
        if ["BEGIN IMMEDIATE", "BEGIN DEFERRED", "COMMIT", "ROLLBACK"].contains(&sql.as_str()) {
            return Said::Aside(sql);
        }
        let known = ALL.iter().find(|(_, known)| *known == sql);
        let (name, sql) = *known.unwrap_or_else(|| panic!("not in the list of statements: {sql}"));
        Said::Statement { name, sql, parameters: parameters(sql, &expanded) }
    });
    said.collect()
}

/// The parameters in a statement as SQLite tells it, with each of them in its place.
fn parameters(mut sql: &str, mut expanded: &str) -> Vec<Value> {
    let mut values = Vec::new();
    while let Some((before, rest)) = sql.split_once('$') {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let (value, after_value) = literal(expanded.strip_prefix(before).unwrap());
        if number.parse::<usize>().unwrap() > values.len() {
            values.push(value);
        }
        (sql, expanded) = (after, after_value);
    }
    assert_eq!(sql, expanded);
    values
}

fn literal(text: &str) -> (Value, &str) {
    if let Some(rest) = text.strip_prefix("NULL") {
        return (Value::Null, rest);
    }
    if let Some(rest) = text.strip_prefix("x'") {
        let (digits, rest) = rest.split_once('\'').unwrap();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        return (Value::Blob((0..digits.len()).step_by(2).map(byte).collect()), rest);
    }
    if let Some(mut rest) = text.strip_prefix('\'') {
        let mut value = String::new();
        loop {
            let (part, after) = rest.split_once('\'').unwrap();
            value.push_str(part);
            match after.strip_prefix('\'') {
                Some(after) => (rest, value) = (after, value + "'"),
                None => return (Value::Text(value), after),
            }
        }
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (Value::Integer(number.parse().unwrap()), rest)
}

/// Values that occurred somewhere.
struct Pool {
    numbers: Vec<Value>,
    texts: Vec<Value>,
    bytes: Vec<Value>,
}

impl Pool {
    fn of(said: &[Said]) -> Self {
        let (mut numbers, mut texts, mut bytes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for said in said {
            let Said::Statement { parameters, .. } = said else { continue };
            for value in parameters {
                match value {
                    Value::Integer(number) => drop(numbers.insert(*number)),
                    Value::Text(text) => drop(texts.insert(text.clone())),
                    Value::Blob(blob) => drop(bytes.insert(blob.clone())),
                    Value::Null | Value::Real(_) => {}
                }
            }
        }
        Self {
            numbers: numbers.into_iter().map(Value::Integer).collect(),
            texts: texts.into_iter().map(Value::Text).collect(),
            bytes: bytes.into_iter().map(Value::Blob).collect(),
        }
    }

    /// Some choices of parameters of these types; the same ones every time.
    fn parameters(&self, sql: &str, kinds: &[Type]) -> Vec<Vec<Value>> {
        // A pattern is in lower case, as the ledger makes it: SQLite knows no other.
        let patterns = ["%", "%e%", "%example%", "%!%%", "%st. john''s%", ""].map(|text| Value::from(text.to_owned()));
        let texts = if sql.contains(" LIKE ") { &patterns[..] } else { &self.texts[..] };
        let of = |kind: &Type| match kind {
            Type::Integer => &self.numbers[..],
            Type::Bytes => &self.bytes[..],
            Type::Text | Type::Other(_) => texts,
        };
        match kinds {
            [] => return vec![Vec::new()],
            [only] => return of(only).iter().map(|value| vec![value.clone()]).collect(),
            _ => {}
        }
        let mut chance = 0_usize;
        let mut choose = |kind| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Every other one is small, as numbers of licenses and revisions are.
            let most = if chance >> 62 & 1 == 0 { 10 } else { usize::MAX };
            of(kind)[(chance >> 33) % of(kind).len().min(most)].clone()
        };
        (0..200).map(|_| kinds.iter().map(&mut choose).collect()).collect()
    }
}

/// What can be asked of a ledger.
fn questions(ledger: &mut Ledger) -> Result<(), DeskFault> {
    let license = LicenseNumber::new(2).unwrap();
    desk::find_operator(ledger, None).unwrap_err();
    desk::products(ledger)?;
    desk::history(ledger, license)?;
    let owner = CustomerNumber::new(1).unwrap();
    desk::history_of_customer(ledger, owner)?;
    let today = work::monday();
    for customer in [None, Some(owner)] {
        let filter = Filter { customer, ends_after: Some(today), ..Filter::default() };
        for state in LicenseState::ALL {
            desk::licenses(ledger, &filter, Some((state, today)), None, 1)?;
        }
    }
    assert!(!desk::units_by_product(ledger, today)?.is_empty());
    assert!(!desk::units_by_customer(ledger, today)?.is_empty());
    desk::customers(ledger, None, 100)?;
    desk::find_customer(ledger, "ÉXAMPLE clinic")?;
    let period = MaintenancePeriod::new(work::monday(), "2028-06-01".parse().unwrap()).unwrap();
    let codes = desk::codes_of(ledger, license)?;
    for text in ["2", "licenses0@example.com", &codes[0].license.code().letters()[2]] {
        assert!(!desk::search(ledger, text)?.licenses.is_empty(), "{text}");
    }
    ledger.read(|book| {
        let due = book.due(period, None, 1)?;
        let last = due.last().map(|listed| (listed.newest.entry.period.last(), listed.license.number));
        assert_eq!(book.due(period, last, 9)?.len(), 3);
        for text in ["%", "_", "!", "é", "S", "o"] {
            book.customers_like(text, 9)?;
        }
        book.customers_at(&"licenses0@example.com".parse().unwrap(), 9)?;
        for key in row_keys(codes[0].license.code()) {
            assert!(!book.codes_with_row(key, 10)?.is_empty());
        }
        book.ledger_keys()?;
        book.last_event_of(Action::LimitsSet)?;
        book.events_from(1, 1000)?;
        Ok(())
    })
}
