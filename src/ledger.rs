//! What the desk has issued: an SQLite file. The only code that knows SQL.
//!
//! A [`Ledger`] is opened once per command; everything is read and written through a
//! [`Book`], which is one transaction. An operation of the desk is one closure:
//! what it wrote is on disk when [`Ledger::write`] returns, or was never written.

mod accounts;
pub mod audit;
mod catalogue;
pub mod chain;
mod codes;
mod notices;
mod people;
mod place;
#[cfg(test)]
mod postgres;
mod records;
mod registration;
mod schema;
mod statements;
mod trust;
mod usage;

pub use accounts::{
    Account, AccountKind, AccountNumber, Address, Contact, ContactField, Language, Privilege, Privileges, Telephone,
};
pub use audit::{Audit, CodeName, Finding, Findings, Question, RowName, SchemaFault};
pub use chain::{Action, By, Event, Head, Link, Sequence, Table};
pub use codes::{row_key, row_keys};
pub use notices::NoticeRecord;
pub use place::{CopyFault, Replacement};
pub use records::{
    Customer, CustomerNumber, Email, Entry, Filter, LicenseRecord, Limits, Listed, Mnemonic, Name, Operator,
    OperatorName, OrderReference, Product, ProductKind, PurgedCustomer, Request, RequestState, Role, Signed, TextFault,
    UnitType,
};
pub use registration::{KeyDigest, KeyRecord, KeyState};
pub use trust::{DeskRole, IssuerRule, IssuerState, Partner, PartnerCode, PublishedBundle, TrustSettings};
pub use usage::UsageClaim;

use activation_code::Day;
use place::Presence;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, ErrorCode, Row, TransactionBehavior};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one desk waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
    /// Last: nobody may put another ledger in the place of one that is open.
    _presence: Option<Presence>,
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFault {
    /// Another process has it for longer than we wait.
    #[error("another desk is writing and did not finish within {} seconds", PATIENCE.as_secs())]
    Locked,
    /// The file or its folder cannot be written.
    #[error("it cannot be written")]
    ReadOnly,
    /// No space left, or a quota.
    #[error("the disk is full")]
    Full,
    /// The file cannot be opened or made.
    #[error("it cannot be opened")]
    CannotOpen,
    /// Somebody has it open, and another one is to be put in its place.
    #[error("another desk has had it open for {} seconds", PATIENCE.as_secs())]
    InUse,
    /// The folder that it is in cannot be used.
    #[error("its folder cannot be used: {}", activation_host::program::system(.0))]
    Folder(#[source] std::io::Error),
    /// The system failed to read or write.
    #[error("the disk failed")]
    Disk(#[source] rusqlite::Error),
    /// The system failed to bring what is written to the disk.
    #[error("the disk failed")]
    NotSynced(#[source] std::io::Error),
    /// Not a database, or a damaged one.
    #[error("it is damaged, or no ledger")]
    Damaged,
    /// A database that is no ledger of ours.
    #[error("it is not a ledger of countersign")]
    NotALedger,
    /// Made by an older release, and only looked at.
    #[error("it was made by an older release (schema {found}, this release knows {known})")]
    Older {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Made by a newer release.
    #[error("it was made by a newer release (schema {found}, this release knows {known})")]
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another release has changed the tables since it was opened.
    #[error("another release has brought it to schema {found} since it was opened; this one knows {known}")]
    OtherSchema {
        /// Its schema now.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// SQLite does not promise what the desk needs: every commit on disk.
    #[error("it does not keep its promise: {setting} is {found}, wanted {wanted}")]
    NotDurable {
        /// The setting of SQLite.
        setting: &'static str,
        /// As read back.
        found: String,
        /// As asked for.
        wanted: &'static str,
    },
    /// An event that no desk writes.
    #[error("event {sequence} of the book is damaged")]
    Event {
        /// Which.
        sequence: u64,
    },
    /// A row that no desk writes.
    #[error("the record of {what} is damaged")]
    Record {
        /// Of what.
        what: &'static str,
    },
    /// Anything else that SQLite says.
    #[error("{0}")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for LedgerFault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(_) => Self::Sqlite(error),
            // A value of another type or range than the column's, or a row that is gone: no desk writes that.
            None => Self::Damaged,
        }
    }
}

/// What a desk knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The vendor's name, as customers know it.
    pub vendor: Name,
    /// When it was made.
    pub created: Day,
    /// What tells its book from those of other desks: 16 hex digits.
    pub identity: String,
    /// No license number below this was left to give away.
    pub next_license: u32,
}

/// A new desk.
#[derive(Clone, Debug)]
pub struct Founding<'a> {
    /// The vendor's name.
    pub vendor: &'a Name,
    /// Who makes it.
    pub operator: &'a Operator,
    /// Today.
    pub day: Day,
    /// Random, to tell its book from those of other desks.
    pub identity: [u8; 8],
}

impl Ledger {
    /// Makes a ledger in an empty file that exists.
    ///
    /// # Errors
    /// What the system or SQLite says.
    pub fn create(path: &Path, founding: &Founding<'_>) -> Result<Self, LedgerFault> {
        let presence = Presence::shared(path)?;
        let mut ledger = Self { connection: schema::create(path)?, path: path.to_owned(), _presence: Some(presence) };
        ledger.found(founding)?;
        Ok(ledger)
    }

    fn found(&mut self, founding: &Founding<'_>) -> Result<(), LedgerFault> {
        let Founding { vendor, operator, day, identity } = *founding;
        let identity = format!("{:016x}", u64::from_be_bytes(identity));
        self.write(|book| {
            let vendor = vendor.clone();
            book.put_desk(&Desk { vendor, created: day, identity: identity.clone(), next_license: 1 })?;
            book.put_operator(operator)?;
            let by = By { operator: operator.name.clone(), day };
            book.record(&by, Action::Founded, None, json!({ "desk": identity }).to_string())?;
            Ok(())
        })
    }

    /// Opens the ledger of a desk, and brings it to this release's schema.
    ///
    /// # Errors
    /// Missing, damaged, newer, not writable, or no ledger.
    pub fn open(path: &Path) -> Result<Self, LedgerFault> {
        let presence = Presence::shared(path)?;
        Ok(Self { connection: schema::open(path)?, path: path.to_owned(), _presence: Some(presence) })
    }

    /// Opens a copy of a ledger that nobody works with, to look at it: nothing of it changes.
    ///
    /// # Errors
    /// Those of [`Self::open_to_read`].
    pub fn open_backup(path: &Path) -> Result<Self, LedgerFault> {
        Ok(Self { connection: schema::open_to_read(path)?, path: path.to_owned(), _presence: None })
    }

    /// Opens a ledger to look at it: nothing of it changes.
    ///
    /// # Errors
    /// Missing, too damaged to be opened, of another schema, or no ledger.
    pub fn open_to_read(path: &Path) -> Result<Self, LedgerFault> {
        let presence = Presence::shared(path)?;
        Ok(Self { connection: schema::open_to_read(path)?, path: path.to_owned(), _presence: Some(presence) })
    }

    /// One transaction that may write: all of it, on disk when this returns, or nothing.
    /// Waits for other desks.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed, and those of the ledger.
    pub fn write<T, E: From<LedgerFault>>(&mut self, work: impl FnOnce(&Book<'_>) -> Result<T, E>) -> Result<T, E> {
        // Immediate: two desks that read first and write then would both fail halfway.
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior).map_err(LedgerFault::from)?;
        schema::check(&transaction)?;
        let book = Book::on(&transaction);
        let result = work(&book)?;
        if !book.wrote.take().is_empty() {
            return Err(LedgerFault::Record { what: "a change that is in no event" }.into());
        }
        book.insert_code_rows()?;
        drop(book);
        transaction.commit().map_err(LedgerFault::from)?;
        Ok(result)
    }

    /// Writes the whole ledger anew, so that nothing is left in its files of what was deleted or changed, and empties the
    /// log. Others may have it open; they wait meanwhile.
    ///
    /// # Errors
    /// Somebody else reads or writes for longer than we wait, there is no room for a second copy, or what the disk says.
    /// What was deleted may be in the files still then; everything else is as it was.
    pub fn erase_what_was_deleted(&mut self) -> Result<(), LedgerFault> {
        schema::check(&self.connection)?;
        schema::write_anew(&self.connection)
    }

    /// One transaction that reads: everything in it is of one moment.
    ///
    /// # Errors
    /// Those of `work`, and those of the ledger.
    pub fn read<T, E: From<LedgerFault>>(&mut self, work: impl FnOnce(&Book<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection.transaction().map_err(LedgerFault::from)?;
        schema::check(&transaction)?;
        work(&Book::on(&transaction))
    }
}

/// The ledger within one transaction.
pub struct Book<'a> {
    connection: &'a Connection,
    /// Those that were used, by the address of their text. The connection has a cache too, which looks a statement up
    /// by its text and keeps the order of use.
    ready: RefCell<Vec<(&'static str, CachedStatement<'a>)>>,
    head: Cell<Option<Head>>,
    /// The rows written since the last event.
    wrote: RefCell<String>,
    /// What finds the codes of this transaction by their rows: key, license, revision. Written at its end.
    code_rows: RefCell<Vec<(u32, u32, u16)>>,
}

type Outcome<T> = Result<T, LedgerFault>;

impl<'a> Book<'a> {
    fn on(connection: &'a Connection) -> Self {
        Self {
            connection,
            ready: RefCell::default(),
            head: Cell::default(),
            wrote: RefCell::default(),
            code_rows: RefCell::default(),
        }
    }

    /// Does something with a statement, which is kept for the next time.
    fn with<T>(&self, sql: &'static str, work: impl FnOnce(&mut CachedStatement<'a>) -> Outcome<T>) -> Outcome<T> {
        let kept = {
            let mut ready = self.ready.borrow_mut();
            let found = ready.iter().position(|(kept, _)| std::ptr::eq(*kept, sql));
            found.map(|place| ready.swap_remove(place).1)
        };
        let mut statement = match kept {
            Some(statement) => statement,
            None => self.connection.prepare_cached(sql)?,
        };
        let done = work(&mut statement);
        self.ready.borrow_mut().push((sql, statement));
        done
    }

    fn rows<T>(
        &self,
        sql: &'static str,
        parameters: impl rusqlite::Params,
        read: fn(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Vec<T>> {
        self.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(read(row)?);
            }
            Ok(found)
        })
    }

    fn row<T>(
        &self,
        sql: &'static str,
        parameters: impl rusqlite::Params,
        read: fn(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        self.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            rows.next()?.map(read).transpose()
        })
    }

    /// How many rows were written.
    fn execute(&self, sql: &'static str, parameters: impl rusqlite::Params) -> Outcome<usize> {
        self.with(sql, |statement| Ok(statement.execute(parameters)?))
    }

    /// What the desk knows of itself.
    ///
    /// # Errors
    /// Those of the ledger, as everywhere here.
    pub fn desk(&self) -> Outcome<Desk> {
        self.desk_if_any()?.ok_or(LedgerFault::Record { what: "the desk" })
    }

    fn desk_if_any(&self) -> Outcome<Option<Desk>> {
        self.row(statements::DESK, [1], |row| {
            let damaged = || LedgerFault::Record { what: "the desk" };
            Ok(Desk {
                vendor: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
                created: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
                identity: row.get(3)?,
                next_license: row.get(5)?,
            })
        })
    }

    /// Records what the desk knows of itself; its counter stays.
    fn put_desk(&self, desk: &Desk) -> Outcome<()> {
        self.put(
            Table::Desk,
            "1",
            statements::PUT_DESK,
            [
                1.into(),
                desk.vendor.to_string().into(),
                desk.created.to_string().into(),
                desk.identity.clone().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }
}
