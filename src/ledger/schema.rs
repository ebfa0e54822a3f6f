//! The tables, one numbered migration after the other, and how the file is opened.

use super::audit::SchemaFault;
use super::place::with_end;
use super::{LedgerFault, PATIENCE};
use activation_host::files::sync_folder;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rustix::fs::{Access, access};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// `CSGN`, in the file's header, so that `file` and we can tell a ledger from another database.
const APPLICATION_ID: i64 = 0x4353_474E;

/// Until a ledger is looked at again that another process was busy with.
const PAUSE: Duration = Duration::from_millis(10);

/// More than there are statements, so that none is parsed twice.
const STATEMENTS: usize = 192;

/// Memory for pages of a ledger that is written, in KiB, as SQLite wants it said: what a chunk of a batch writes, and
/// the indexes of some hundred thousand licenses.
const CACHE: i64 = -32_768;

/// The same for a ledger that is looked at as a whole.
const READING_CACHE: i64 = -65_536;

/// Pages of the log that are brought into the file together: one that several chunks of a batch write is then
/// brought there once.
const LOG: i64 = 8192;

/// What brings a ledger from schema i to schema i + 1. Only ever added to: with the same for PostgreSQL, and a ledger
/// of the schema before in tests/fixtures.
const MIGRATIONS: &[&str] = &[
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
];

/// The schema of this release.
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The last schema that had no book.
const WITHOUT_BOOK: i64 = 1;

/// What ledgers lack that early builds made under number 2, before it was what it is.
const EARLY_2: &str = include_str!("schema-2.early.sql");

/// A new ledger in an empty file.
pub(super) fn create(path: &Path) -> Result<Connection, LedgerFault> {
    let mut connection = connect(path)?;
    promise(&connection)?;
    take_in_the_log_at_the_end(&connection)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    guard_references(&connection)?;
    Ok(connection)
}

/// A ledger that exists.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerFault> {
    let mut connection = connect(path)?;
    // Before anything is set: WAL is written into the file, and another program's database is not ours to change.
    if pragma::<i64>(&connection, "application_id")? != APPLICATION_ID {
        return Err(LedgerFault::NotALedger);
    }
    take_in_the_log_at_the_end(&connection)?;
    sync_what_was_recovered(path)?;
    promise(&connection)?;
    migrate(&mut connection)?;
    guard_references(&connection)?;
    Ok(connection)
}

/// A ledger that is only looked at: nothing of it changes, not even its schema.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, LedgerFault> {
    let connection = open_backup(path)?;
    let (found, known) = (pragma::<i64>(&connection, "user_version")?, KNOWN);
    match found.cmp(&known) {
        Ordering::Equal => Ok(connection),
        Ordering::Less if found > 0 => Err(LedgerFault::Older { found, known }),
        _ => Err(LedgerFault::Newer { found, known }),
    }
}

/// A ledger of any schema, only to copy it.
pub(super) fn open_backup(path: &Path) -> Result<Connection, LedgerFault> {
    // One thread at a time has it, so that SQLite need not lock each call.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let absolute = std::path::absolute(path).map_err(LedgerFault::Folder)?;
    let has_log = has_log(path);
    let connection = match address_of_what_nobody_writes(&absolute) {
        Some(address) => Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI)?,
        None => Connection::open_with_flags(absolute, flags)?,
    };
    if has_log {
        leave_the_log(&connection)?;
    }
    // A damaged description of one table would keep SQLite from reading all of them. Nothing is written here.
    connection.pragma_update(None, "writable_schema", true)?;
    connection.busy_timeout(PATIENCE)?;
    if pragma::<i64>(&connection, "application_id")? != APPLICATION_ID {
        return Err(LedgerFault::NotALedger);
    }
    take_in_the_log_at_the_end(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", READING_CACHE)?;
    Ok(connection)
}

/// SQLite reads a file with a write-ahead log only where it may write beside it, unless it is told that nobody writes:
/// an auditor may look at a ledger that this user cannot change, and that has no log.
fn address_of_what_nobody_writes(path: &Path) -> Option<String> {
    let nobody = access(path.parent()?, Access::WRITE_OK).is_err() && !has(path, "-wal") && !has(path, "-journal");
    nobody.then(|| address_of_what_stays(path)).flatten()
}

/// The address by which SQLite reads a file that nobody writes.
fn address_of_what_stays(path: &Path) -> Option<String> {
    let mut address = String::from("file:");
    for byte in path.to_str()?.bytes() {
        match byte {
            // What means something else in an address.
            b'%' | b'?' | b'#' => address.push_str(&format!("%{byte:02X}")),
            b' '..=b'~' => address.push(char::from(byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(address + "?immutable=1")
}

/// An empty file that a ledger is copied into.
pub(super) fn open_copy(path: &Path) -> Result<Connection, LedgerFault> {
    connect(path)
}

/// Ends the use of a ledger that nobody else has open: everything is in its one file.
pub(super) fn into_one_file(connection: Connection) -> Result<(), LedgerFault> {
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    durable(&connection, "journal_mode", &pragma::<String>(&connection, "journal_mode")?, "delete")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Brings what the log of a ledger has into the ledger. Nobody else has it open.
pub(super) fn settle(path: &Path) -> Result<(), LedgerFault> {
    let connection = connect(path)?;
    if pragma::<i64>(&connection, "application_id")? != APPLICATION_ID {
        return Err(LedgerFault::NotALedger);
    }
    empty_the_log(&connection)?;
    take_in_the_log_at_the_end(&connection)?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Larger ledgers are written anew with a file for what comes in between, and not in memory.
const MOST_IN_MEMORY: i64 = 256 << 20;

/// Writes every table and index anew, so that pages have what is in the tables and nothing else, and takes the log in.
/// Overwriting what is deleted would not be enough: SQLite leaves copies where it moved rows between pages.
pub(super) fn write_anew(connection: &Connection) -> Result<(), LedgerFault> {
    let bytes = pragma::<i64>(connection, "page_count")?.saturating_mul(pragma(connection, "page_size")?);
    connection.pragma_update(None, "temp_store", room_for(bytes))?;
    connection.execute_batch("VACUUM")?;
    empty_the_log(connection)
}

/// Where a ledger of so many bytes is written anew: names of all customers would be in a temporary file, outside of the
/// desk's folder.
const fn room_for(bytes: i64) -> &'static str {
    if bytes > MOST_IN_MEMORY { "FILE" } else { "MEMORY" }
}

/// Brings what the log has into the file, and leaves no byte in it.
fn empty_the_log(connection: &Connection) -> Result<(), LedgerFault> {
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))?;
    if busy == 0 { Ok(()) } else { Err(LedgerFault::Locked) }
}

/// What SQLite says of a damaged file, each with the table or index if it says which; nothing if all is well.
pub(super) fn integrity(connection: &Connection) -> Result<Vec<String>, LedgerFault> {
    let mut says = Vec::new();
    let mut check = || {
        let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            says.push(row.get::<_, String>(0)?);
        }
        Ok(())
    };
    // What it said before it could not go on counts.
    match check().map_err(|error: rusqlite::Error| (error.to_string(), LedgerFault::from(error))) {
        Ok(()) => {}
        Err((_, fault @ LedgerFault::Locked)) => return Err(fault),
        Err((what, _)) => says.push(what),
    }
    let names = trees(connection).unwrap_or_default();
    let with_name = |says: &str| {
        let tree = says.strip_prefix("Tree ").and_then(|rest| rest.split(' ').next()?.parse::<i64>().ok());
        match tree.and_then(|tree| names.get(&tree)) {
            Some(name) => format!("{name}: {says}"),
            None => says.to_owned(),
        }
    };
    // SQLite puts several sentences into one row.
    let sentences = says.iter().flat_map(|says| says.lines()).filter(|says| *says != "ok" && !says.starts_with("***"));
    Ok(sentences.map(with_name).collect())
}

/// The tables and indexes by their first page.
fn trees(connection: &Connection) -> Result<BTreeMap<i64, String>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT rootpage, name FROM sqlite_schema")?;
    let named = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    named.collect()
}

/// The tables, indexes, views and triggers that are not as this release makes them.
pub(super) fn differences(connection: &Connection) -> Result<Vec<(String, SchemaFault)>, LedgerFault> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let (wanted, found) = (made(&fresh)?, made(connection)?);
    let mut differences = Vec::new();
    for (name, sql) in &wanted {
        match found.get(name) {
            None => differences.push((name.clone(), SchemaFault::Missing)),
            Some(other) if other != sql => differences.push((name.clone(), SchemaFault::Different)),
            Some(_) => {}
        }
    }
    let unknown = found.into_keys().filter(|name| !wanted.contains_key(name));
    differences.extend(unknown.map(|name| (name, SchemaFault::Unknown)));
    Ok(differences)
}

/// What makes each table, index, view and trigger, spaces aside: releases have indented it in their own ways.
fn made(connection: &Connection) -> Result<BTreeMap<String, (String, Vec<String>)>, LedgerFault> {
    let mut statement = connection.prepare("SELECT name, type, COALESCE(sql, ''), tbl_name FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        let sql: String = row.get(2)?;
        // SQLite refuses all tables where one is said to be of another.
        let of = String::from_utf8_lossy(row.get_ref(3)?.as_bytes()?).into_owned();
        let words = sql.split_ascii_whitespace().map(str::to_owned);
        Ok((row.get(0)?, (row.get(1)?, words.chain([of]).collect())))
    })?;
    Ok(rows.collect::<Result<_, rusqlite::Error>>()?)
}

fn connect(path: &Path) -> Result<Connection, LedgerFault> {
    // Never creates the file: `init` made it, readable by its owner alone. One thread at a time has it, so that SQLite
    // need not lock each call.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // An absolute path is never taken for an address (`file:...`).
    let path = std::path::absolute(path).map_err(LedgerFault::Folder)?;
    let has_log = has_log(&path);
    let connection = Connection::open_with_flags(path, flags)?;
    if has_log {
        leave_the_log(&connection)?;
    }
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Whether a log stands beside a file before anybody opens it. SQLite would write it even into a file that it cannot
/// read, when it closes that, and remove one whose heading is damaged: what is in it may be all that is left.
fn has_log(path: &Path) -> bool {
    has(path, "-wal")
}

/// Whether SQLite has something beside a file.
pub(super) fn has(path: &Path, end: &str) -> bool {
    std::fs::metadata(with_end(path, end)).is_ok_and(|beside| beside.len() > 0)
}

fn leave_the_log(connection: &Connection) -> Result<(), LedgerFault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// Of a file that is a ledger.
fn take_in_the_log_at_the_end(connection: &Connection) -> Result<(), LedgerFault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// The write-ahead log that a killed process left has commits that were written and perhaps never synced.
/// The first reader, which this connection has been by now, takes them for good, and SQLite syncs them only
/// when it closes the file: a code could be printed from them, and undone by a power cut.
fn sync_what_was_recovered(path: &Path) -> Result<(), LedgerFault> {
    let log = &with_end(path, "-wal");
    // SQLite holds no lock on this file: closing a second descriptor of one that it locks would let go of the lock.
    match File::open(log).and_then(|file| file.sync_all()) {
        Ok(()) => sync_folder(log).map_err(LedgerFault::NotSynced),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerFault::NotSynced(error)),
    }
}

/// Sets what the desk relies on, and reads it back.
fn promise(connection: &Connection) -> Result<(), LedgerFault> {
    // A commit that returned survives a power cut: WAL alone does not promise that.
    keep_a_log(connection, PATIENCE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    durable(connection, "journal_mode", &pragma::<String>(connection, "journal_mode")?, "wal")?;
    durable(connection, "synchronous", &pragma::<i64>(connection, "synchronous")?.to_string(), "2")
}

/// A ledger that was copied has no write-ahead log until somebody opens it, and while one process begins the log
/// another one is turned away at once, whatever the time that SQLite shall wait.
fn keep_a_log(connection: &Connection, patience: Duration) -> Result<(), LedgerFault> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL").map_err(LedgerFault::from) {
            Err(LedgerFault::Locked) if begun.elapsed() < patience => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn has_column(connection: &Connection, table: &str, column: &str) -> Result<bool, LedgerFault> {
    Ok(connection.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?.exists([table, column])?)
}

/// After the migrations, which put tables in the place of others.
fn guard_references(connection: &Connection) -> Result<(), LedgerFault> {
    connection.pragma_update(None, "foreign_keys", true)?;
    durable(connection, "foreign_keys", &pragma::<i64>(connection, "foreign_keys")?.to_string(), "1")
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, LedgerFault> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// SQLite leaves a setting as it was, without an error, where it cannot have it.
fn durable(
    connection: &Connection,
    setting: &'static str,
    found: &str,
    wanted: &'static str,
) -> Result<(), LedgerFault> {
    if found == wanted {
        return Ok(());
    }
    if connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(false) {
        return Err(LedgerFault::ReadOnly);
    }
    Err(LedgerFault::NotDurable { setting, found: found.to_owned(), wanted })
}

/// The tables are still those that this release opened: a desk may sit at a question while another one, of a newer
/// release, opens the ledger.
pub(super) fn check(connection: &Connection) -> Result<(), LedgerFault> {
    let (found, known) = (pragma::<i64>(connection, "user_version")?, KNOWN);
    if found == known { Ok(()) } else { Err(LedgerFault::OtherSchema { found, known }) }
}

fn migrate(connection: &mut Connection) -> Result<(), LedgerFault> {
    let known = KNOWN;
    // Looked at before the lock is taken: a reader must not wait for a writer.
    if pragma::<i64>(connection, "user_version")? == known {
        return Ok(());
    }
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = pragma::<i64>(&transaction, "user_version")?;
    let early = found == 2 && !has_column(&transaction, "desk", "event")?;
    if early {
        transaction.execute_batch(EARLY_2)?;
    }
    let steps = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..));
    for step in steps.ok_or(LedgerFault::Newer { found, known })? {
        transaction.execute_batch(step)?;
    }
    if found <= WITHOUT_BOOK {
        // After the last step: it reads and writes with the statements of this release, not with those of its step.
        super::chain::begin_book(&transaction)?;
    }
    if early {
        super::chain::adopt_desk(&transaction)?;
    }
    if transaction.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(LedgerFault::Damaged);
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// A new ledger in a folder of its own.
#[cfg(test)]
pub(super) fn made_in(room: &tempfile::TempDir) -> (std::path::PathBuf, Connection) {
    let path = room.path().join("ledger.sqlite");
    std::fs::write(&path, "").unwrap();
    let ledger = create(&path).unwrap();
    (path, ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_somebody_reads_is_not_said_to_be_written_anew() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        let reader = open(&path).unwrap();
        ledger.busy_timeout(Duration::ZERO).unwrap();
        let reading = reader.unchecked_transaction().unwrap();
        reading.query_row("SELECT COUNT(*) FROM customer", [], |row| row.get::<_, i64>(0)).unwrap();
        assert!(matches!(write_anew(&ledger), Err(LedgerFault::Locked)));
        reading.finish().unwrap();
        write_anew(&ledger).unwrap();
        assert_eq!(std::fs::metadata(with_end(&path, "-wal")).unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_ledger_or_an_old_one_is_told_apart() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        ledger.pragma_update(None, "user_version", KNOWN - 1).unwrap();
        drop(ledger);
        let older = open_to_read(&path);
        assert!(matches!(older, Err(LedgerFault::Older { found, known }) if (found, known) == (KNOWN - 1, KNOWN)));
        for found in [0, KNOWN + 1] {
            Connection::open(&path).unwrap().pragma_update(None, "user_version", found).unwrap();
            let unknown = open_to_read(&path);
            assert!(matches!(unknown, Err(LedgerFault::Newer { found: it, .. }) if it == found), "{found}");
        }
        let other = room.path().join("other.sqlite");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
        assert!(matches!(open(&other), Err(LedgerFault::NotALedger)));
        assert!(matches!(open_to_read(&other), Err(LedgerFault::NotALedger)));
        std::fs::write(&other, "no database".repeat(1000)).unwrap();
        assert!(matches!(open(&other), Err(LedgerFault::Damaged)));
        std::fs::remove_file(&other).unwrap();
        assert!(matches!(open(&other), Err(LedgerFault::CannotOpen)));
    }

    #[test]
    fn a_ledger_that_has_no_room_left_is_full() {
        let room = tempfile::tempdir().unwrap();
        let (_, ledger) = made_in(&room);
        let pages: i64 = pragma(&ledger, "page_count").unwrap();
        ledger.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap();
        let full = ledger.execute_batch("CREATE TABLE x AS SELECT zeroblob(1000000) AS y").map_err(LedgerFault::from);
        assert!(matches!(full, Err(LedgerFault::Full)));
    }

    #[test]
    fn a_ledger_that_is_only_looked_at_takes_nothing() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        drop(ledger);
        let reading = open_to_read(&path).unwrap();
        let written = reading.execute_batch("CREATE TABLE x (y)").map_err(LedgerFault::from);
        assert!(matches!(written, Err(LedgerFault::ReadOnly)));
    }

    #[test]
    fn what_sqlite_says_of_a_statement_is_passed_on() {
        let room = tempfile::tempdir().unwrap();
        let (_, ledger) = made_in(&room);
        let said = ledger.execute_batch("SELECT * FROM nowhere").map_err(LedgerFault::from).unwrap_err();
        assert!(
            matches!(said, LedgerFault::Sqlite(_)) && said.to_string().contains("no such table: nowhere"),
            "{said}"
        );
    }

    #[test]
    fn a_database_that_keeps_no_log_keeps_no_promise() {
        let memory = Connection::open_in_memory().unwrap();
        let promised = promise(&memory);
        let Err(LedgerFault::NotDurable { setting, found, wanted }) = promised else { panic!("{promised:?}") };
        assert_eq!((setting, found.as_str(), wanted), ("journal_mode", "memory", "wal"));
    }

    #[test]
    fn a_table_or_index_that_is_gone_foreign_or_otherwise_is_named() {
        let room = tempfile::tempdir().unwrap();
        let (_, ledger) = made_in(&room);
        assert_eq!(differences(&ledger).unwrap(), []);
        let mut indexes = ledger.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql > ''").unwrap();
        let names: Vec<String> = indexes.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        drop(indexes);
        let [gone, otherwise, ..] = &names[..] else { panic!("{names:?}") };
        let change = format!(
            "DROP INDEX {gone}; DROP INDEX {otherwise}; CREATE TABLE zz (y); CREATE INDEX {otherwise} ON zz (y)"
        );
        ledger.execute_batch(&change).unwrap();
        let mut found = differences(&ledger).unwrap();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut wanted = [
            (gone.clone(), SchemaFault::Missing),
            (otherwise.clone(), SchemaFault::Different),
            ("zz".to_owned(), SchemaFault::Unknown),
        ];
        wanted.sort_by(|(one, _), (other, _)| one.cmp(other));
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_log_that_cannot_be_synced_is_no_promise() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("file");
        std::fs::write(&file, "").unwrap();
        sync_what_was_recovered(&file).unwrap();
        let synced = sync_what_was_recovered(&file.join("ledger.sqlite"));
        assert!(matches!(synced, Err(LedgerFault::NotSynced(error)) if error.kind() == ErrorKind::NotADirectory));
    }

    #[test]
    fn a_disk_that_fails_is_told_from_a_ledger_that_is_damaged() {
        let said = |code| LedgerFault::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        let disk = said(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        assert!(matches!(disk, LedgerFault::Disk(_)) && disk.to_string() == "the disk failed", "{disk}");
        assert!(matches!(said(rusqlite::ffi::SQLITE_CORRUPT_INDEX), LedgerFault::Damaged));
    }

    #[test]
    fn what_has_another_meaning_in_an_address_is_escaped_there() {
        let address = |path: &str| address_of_what_stays(Path::new(path)).unwrap();
        assert_eq!(address("/a b~!/c.sqlite"), "file:/a b~!/c.sqlite?immutable=1");
        assert_eq!(address("/50%?#\u{7f}\tü"), "file:/50%25%3F%23%7F%09%C3%BC?immutable=1");
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("50%?#ü.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let found = Connection::open_with_flags(address(path.to_str().unwrap()), flags).unwrap();
        assert!(has_column(&found, "x", "y").unwrap());
    }

    #[test]
    fn only_what_has_bytes_stands_beside_a_ledger() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("ledger.sqlite");
        assert!(!has(&path, "-wal"));
        std::fs::write(with_end(&path, "-wal"), "").unwrap();
        assert!(!has(&path, "-wal"));
        std::fs::write(with_end(&path, "-wal"), "a").unwrap();
        assert!(has(&path, "-wal") && has_log(&path) && !has(&path, "-journal"));
    }

    #[test]
    fn a_large_ledger_is_not_written_anew_in_memory() {
        assert_eq!(room_for(MOST_IN_MEMORY), "MEMORY");
        assert_eq!(room_for(MOST_IN_MEMORY + 1), "FILE");
        assert_eq!(MOST_IN_MEMORY, 268_435_456);
    }

    /// A ledger with a table that stands in its log alone, as somebody who was killed leaves it.
    fn left_behind(room: &tempfile::TempDir) -> std::path::PathBuf {
        let (path, ledger) = made_in(room);
        ledger.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE left_behind (y)").unwrap();
        leave_the_log(&ledger).unwrap();
        drop(ledger);
        assert!(has_log(&path));
        path
    }

    fn is_whole(path: &Path) -> bool {
        let copy = with_end(path, ".copy");
        std::fs::copy(path, &copy).unwrap();
        has_column(&Connection::open(copy).unwrap(), "left_behind", "y").unwrap()
    }

    #[test]
    fn a_log_that_was_left_behind_is_taken_into_the_ledger() {
        for settles in [settle, |path: &Path| open(path).map(drop)] {
            let room = tempfile::tempdir().unwrap();
            let path = left_behind(&room);
            assert!(!is_whole(&path));
            settles(&path).unwrap();
            assert!(!has_log(&path) && is_whole(&path));
        }
    }

    #[test]
    fn the_log_of_a_ledger_that_is_damaged_is_left_as_it_is() {
        for opens in [open, open_to_read, |path: &Path| settle(path).and_then(|()| open(path))] {
            let room = tempfile::tempdir().unwrap();
            let path = left_behind(&room);
            let mut ledger = std::fs::read(&path).unwrap();
            ledger[..100].fill(0xff);
            std::fs::write(&path, &ledger).unwrap();
            // A log whose heading is damaged too is one that SQLite would throw away.
            let mut log = std::fs::read(with_end(&path, "-wal")).unwrap();
            log[..4].fill(0xff);
            std::fs::write(with_end(&path, "-wal"), &log).unwrap();
            assert!(opens(&path).is_err());
            assert!(std::fs::read(with_end(&path, "-wal")).is_ok_and(|left| left == log));
            assert!(std::fs::read(&path).is_ok_and(|left| left == ledger));
        }
    }

    #[test]
    fn damage_is_said_with_the_name_of_the_table() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        assert_eq!(integrity(&ledger).unwrap(), [""; 0]);
        let page: u64 = ledger
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'customer'", [], |row| row.get(0))
            .unwrap();
        let size: u64 = pragma(&ledger, "page_size").unwrap();
        into_one_file(ledger).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = usize::try_from((page - 1) * size).unwrap();
        bytes[at..at + 8].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let said = integrity(&open_to_read(&path).unwrap()).unwrap();
        assert!(said.iter().any(|says| says.starts_with("customer: Tree ")), "{said:?}");
    }

    #[test]
    fn who_begins_a_log_while_somebody_has_the_ledger_waits() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        into_one_file(ledger).unwrap();
        let (somebody, ledger) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
        ledger.busy_timeout(Duration::ZERO).unwrap();
        somebody.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(matches!(keep_a_log(&ledger, Duration::ZERO), Err(LedgerFault::Locked)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| keep_a_log(&ledger, Duration::from_secs(60)).map(|()| ledger));
            std::thread::sleep(3 * PAUSE);
            assert!(!waiting.is_finished());
            somebody.execute_batch("COMMIT").unwrap();
            let ledger = waiting.join().unwrap().unwrap();
            assert_eq!(pragma::<String>(&ledger, "journal_mode").unwrap(), "wal");
        });
    }

    #[test]
    fn a_ledger_that_is_open_guards_its_references_and_knows_its_schema() {
        let room = tempfile::tempdir().unwrap();
        let (path, ledger) = made_in(&room);
        for ledger in [&ledger, &open(&path).unwrap()] {
            assert_eq!(pragma::<i64>(ledger, "foreign_keys").unwrap(), 1);
            check(ledger).unwrap();
        }
        ledger.pragma_update(None, "user_version", KNOWN + 1).unwrap();
        let other = check(&ledger);
        assert!(matches!(other, Err(LedgerFault::OtherSchema { found, .. }) if found == KNOWN + 1), "{other:?}");
    }
}
