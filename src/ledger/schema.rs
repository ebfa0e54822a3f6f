//! The tables, one numbered migration after the other, and how the file is opened.

use super::{LedgerFault, PATIENCE};
use activation_host::files::sync_folder;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// `CSGN`, in the file's header, so that `file` and we can tell a ledger from another database.
const APPLICATION_ID: i64 = 0x4353_474E;

/// More than there are statements, so that none is parsed twice.
const STATEMENTS: usize = 128;

/// Memory for pages, in KiB, as SQLite wants it said: what a chunk of a batch writes, and the indexes of some
/// hundred thousand licenses. Without it a batch takes half as long again (measured).
const CACHE: i64 = -32_768;

/// Pages of the log that are brought into the file together. A page that several chunks of a batch write is then
/// brought there once.
const LOG: i64 = 8192;

/// What brings a ledger from schema i to schema i + 1. Only ever added to.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("schema-1.sql"), then: nothing },
    Migration { sql: include_str!("schema-2.sql"), then: super::chain::begin_book },
];

struct Migration {
    sql: &'static str,
    /// What SQL alone cannot do.
    then: fn(&Transaction<'_>) -> Result<(), LedgerFault>,
}

fn nothing(_: &Transaction<'_>) -> Result<(), LedgerFault> {
    Ok(())
}

/// A new ledger in an empty file.
pub(super) fn create(path: &Path) -> Result<Connection, LedgerFault> {
    let mut connection = connect(path)?;
    promise(&connection)?;
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
    sync_what_was_recovered(path)?;
    promise(&connection)?;
    migrate(&mut connection)?;
    guard_references(&connection)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, LedgerFault> {
    // Never creates the file: `init` made it, readable by its owner alone.
    // One thread at a time has it, so that SQLite need not lock each call.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The write-ahead log that a killed process left has commits that were written and perhaps never synced.
/// The first reader, which this connection has been by now, takes them for good, and SQLite syncs them only
/// when it closes the file: a code could be printed from them, and undone by a power cut.
fn sync_what_was_recovered(path: &Path) -> Result<(), LedgerFault> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = Path::new(&log);
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
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    durable(connection, "journal_mode", &pragma::<String>(connection, "journal_mode")?, "wal")?;
    durable(connection, "synchronous", &pragma::<i64>(connection, "synchronous")?.to_string(), "2")
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

fn migrate(connection: &mut Connection) -> Result<(), LedgerFault> {
    let known = MIGRATIONS.len() as i64;
    // Looked at before the lock is taken: a reader must not wait for a writer.
    if pragma::<i64>(connection, "user_version")? == known {
        return Ok(());
    }
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = pragma::<i64>(&transaction, "user_version")?;
    let steps = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..));
    for step in steps.ok_or(LedgerFault::Newer { found, known })? {
        transaction.execute_batch(step.sql)?;
        (step.then)(&transaction)?;
    }
    if transaction.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(LedgerFault::Damaged);
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
