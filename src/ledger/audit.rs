//! Whether the book and the tables agree: every event in order, every row that one wrote, every row of a code.
//!
//! The chain proves that the events are those that were written, in their order, up to an end that somebody else
//! knows. Each event has digests of the rows that it wrote, and each row names the event that wrote it last. So a
//! row is proven if that event has its digest, and a table is whole if it has exactly the rows that are proven:
//!
//! | of a row that event e wrote | what it means |
//! | --- | --- |
//! | the row names e, with the digest | proven |
//! | the row names e, with another digest | changed |
//! | the row names a later event | that event has to have written it |
//! | the row names an earlier event | put back as it was |
//! | there is no row | deleted |
//!
//! A row that is not proven in the end was never written by the event that it names.

use super::chain::{
    Action, Head, LINKED, Link, RowDigest, Sequence, Table, Wrote, event, link_over, row_digest, written,
};
use super::records::{LicenseRecord, OperatorName};
use super::{Ledger, LedgerFault, Outcome, codes, schema, statements};
use activation_code::{ActivationCode, Day, LicenseNumber, SIGNATURE_BYTES};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Statement};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::thread;

/// Findings that are listed; who has more has a damaged disk, and needs a backup and no list.
const MOST_FINDINGS: usize = 100;
/// Codes whose signatures are verified at once.
const CODES_AT_ONCE: usize = 8192;
/// Events between two words of progress.
const STEP: u64 = 10_000;
/// Places that are tried one after the other behind an event that cannot be read: a page has some ten.
const TRIED_IN_ORDER: i64 = 64;
/// Unreadable places after which nothing more is read.
const MOST_PLACES: usize = 1000;

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// SQLite says so of its own file.
    Database {
        /// What.
        says: String,
    },
    /// A table, index, view or trigger that is not as this release makes it.
    Schema {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: SchemaFault,
    },
    /// A table that cannot be read, or not to its end.
    TableUnreadable {
        /// Which.
        table: &'static str,
    },
    /// An event before the first.
    EventBeforeFirst {
        /// Its number.
        sequence: i64,
    },
    /// Events are gone.
    EventsMissing {
        /// The first of them.
        first: Sequence,
        /// The last of them.
        last: Sequence,
    },
    /// Events cannot be read.
    EventsUnreadable {
        /// The first of them.
        first: Sequence,
        /// The last of them; `None`: to the end.
        last: Option<Sequence>,
    },
    /// Its link does not fit to what it says and to the event before.
    EventChanged {
        /// Which.
        sequence: Sequence,
    },
    /// It says something that no desk writes.
    EventMalformed {
        /// Which.
        sequence: Sequence,
        /// Where.
        column: &'static str,
    },
    /// The first event made another desk, or none.
    Founding,
    /// A row is not what the event says that wrote it last.
    RowChanged(RowName),
    /// A row that an event wrote is gone.
    RowMissing(RowName),
    /// A row is older than the event that wrote it last.
    RowPutBack(RowName),
    /// A row that the event which it names did not write.
    RowUnknown(RowName),
    /// A row cannot be read.
    RowUnreadable(RowName),
    /// A code was written again, which never happens.
    CodeRewritten(RowName),
    /// A payload and a signature that are no code.
    CodeUnreadable(CodeName),
    /// A code that the verifier does not accept.
    CodeNotSigned(CodeName),
    /// A code is not found by one of its rows.
    CodeRowMissing(CodeName),
    /// Something finds a code that has no such row, or no code.
    CodeRowUnknown(CodeName),
    /// A license number would be used again.
    NextLicense {
        /// The next one that would be given away.
        next: i64,
        /// The highest that is used.
        used: u32,
    },
    /// A revision would be used again, or none could be.
    NextRevision {
        /// Of which license.
        license: i64,
        /// The next one that would be given away.
        next: i64,
        /// One that is used.
        used: i64,
    },
}

/// What is wrong with a table, index, view or trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaFault {
    /// It is gone.
    Missing,
    /// It is not the ledger's.
    Unknown,
    /// It is made otherwise.
    Different,
}

/// A row that the book has, or should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowName {
    /// In which table.
    pub table: Table,
    /// Under which key.
    pub key: String,
    /// The event that wrote it, or that it names.
    pub event: Sequence,
}

/// A code, by numbers that need not be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeName {
    /// Of which license.
    pub license: i64,
    /// Which revision.
    pub revision: i64,
    /// The host that it is bound to, beside the revision's own code.
    pub host: Option<i64>,
}

impl Finding {
    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Database { .. } => "database",
            Self::Schema { .. } => "schema",
            Self::TableUnreadable { .. } => "table-unreadable",
            Self::EventBeforeFirst { .. } => "event-before-first",
            Self::EventsMissing { .. } => "events-missing",
            Self::EventsUnreadable { .. } => "events-unreadable",
            Self::EventChanged { .. } => "event-changed",
            Self::EventMalformed { .. } => "event-malformed",
            Self::Founding => "founding",
            Self::RowChanged(_) => "row-changed",
            Self::RowMissing(_) => "row-missing",
            Self::RowPutBack(_) => "row-put-back",
            Self::RowUnknown(_) => "row-unknown",
            Self::RowUnreadable(_) => "row-unreadable",
            Self::CodeRewritten(_) => "code-rewritten",
            Self::CodeUnreadable(_) => "code-unreadable",
            Self::CodeNotSigned(_) => "code-not-signed",
            Self::CodeRowMissing(_) => "code-row-missing",
            Self::CodeRowUnknown(_) => "code-row-unknown",
            Self::NextLicense { .. } => "next-license",
            Self::NextRevision { .. } => "next-revision",
        }
    }

    /// The row that it is about.
    pub const fn row(&self) -> Option<&RowName> {
        match self {
            Self::RowChanged(row)
            | Self::RowMissing(row)
            | Self::RowPutBack(row)
            | Self::RowUnknown(row)
            | Self::RowUnreadable(row)
            | Self::CodeRewritten(row) => Some(row),
            _ => None,
        }
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table.name(), self.key)
    }
}

impl fmt::Display for CodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "license {}, revision {}", self.license, self.revision)?;
        match self.host {
            Some(host) => write!(f, ", for host {host:08x}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { says } => write!(f, "the database: {says}"),
            Self::Schema { name, fault } => {
                let what = match fault {
                    SchemaFault::Missing => "is missing",
                    SchemaFault::Unknown => "is not the ledger's",
                    SchemaFault::Different => "is not as the ledger makes it",
                };
                write!(f, "{name:?} in the database {what}")
            }
            Self::TableUnreadable { table } => write!(f, "table {table}: it cannot be read to its end"),
            Self::EventBeforeFirst { sequence } => write!(f, "event {sequence}: no desk writes such a number"),
            Self::EventsMissing { first, last } if first == last => write!(f, "event {first}: it is missing"),
            Self::EventsMissing { first, last } => write!(f, "events {first} to {last}: they are missing"),
            Self::EventsUnreadable { first, last: None } => write!(f, "event {first} and all after: not readable"),
            Self::EventsUnreadable { first, last: Some(last) } if first == last => {
                write!(f, "event {first}: it cannot be read")
            }
            Self::EventsUnreadable { first, last: Some(last) } => {
                write!(f, "events {first} to {last}: they cannot be read")
            }
            Self::EventChanged { sequence } => {
                write!(f, "event {sequence}: its link does not fit to what it says and to the event before")
            }
            Self::EventMalformed { sequence, column } => {
                write!(f, "event {sequence}: no desk writes what is under {column:?}")
            }
            Self::Founding => write!(f, "event 1: it did not make this desk"),
            Self::RowChanged(row) => write!(f, "{row}: it was changed after event {}, which wrote it last", row.event),
            Self::RowMissing(row) => write!(f, "{row}: it is missing; event {} wrote it", row.event),
            Self::RowPutBack(row) => write!(f, "{row}: it is older than event {}, which wrote it last", row.event),
            Self::RowUnknown(row) => write!(f, "{row}: event {}, which it names, did not write it so", row.event),
            Self::RowUnreadable(row) => write!(f, "{row}: it cannot be read; event {} wrote it", row.event),
            Self::CodeRewritten(row) => write!(f, "{row}: event {} wrote it again, which no desk does", row.event),
            Self::CodeUnreadable(code) => write!(f, "{code}: what is recorded is no code"),
            Self::CodeNotSigned(code) => write!(f, "{code}: no issuing key of this ledger has signed it"),
            Self::CodeRowMissing(code) => write!(f, "{code}: it is not found by one of its rows"),
            Self::CodeRowUnknown(code) => write!(f, "{code}: it would be found by a row that it does not have"),
            Self::NextLicense { next, used } => {
                write!(f, "the next license would be {next}, and {used} is used already")
            }
            Self::NextRevision { license, next, used } => {
                write!(f, "license {license}: the next revision would be {next}, and {used} is used already")
            }
        }
    }
}

/// What is wrong, as far as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first of them.
    pub listed: Vec<Finding>,
    /// How many more there are; some are not looked for when there are so many.
    pub more: u64,
}

impl Findings {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.listed.len() as u64 + self.more
    }

    fn add(&mut self, finding: Finding) {
        if self.are_many() {
            self.more += 1;
        } else {
            self.listed.push(finding);
        }
    }

    fn are_many(&self) -> bool {
        self.listed.len() >= MOST_FINDINGS
    }

    fn append(&mut self, other: Self) {
        other.listed.into_iter().for_each(|finding| self.add(finding));
        self.more += other.more;
    }
}

/// What is asked of a ledger beside whether it is sound.
#[derive(Default)]
pub struct Question<'a> {
    /// Events whose links are wanted.
    pub places: BTreeSet<Sequence>,
    /// Whether a code is signed; `None`: nobody asks.
    pub is_signed: Option<&'a (dyn Fn(ActivationCode) -> bool + Sync)>,
    /// Told now and then how many events were looked at, and how many there are.
    pub progress: Option<&'a dyn Fn(u64, u64)>,
}

/// What was found out about a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many events there are.
    pub events: u64,
    /// The end of the book; `None` where it has none that can be read.
    pub head: Option<Head>,
    /// What tells its book from those of other desks.
    pub identity: Option<String>,
    /// How many rows are proven.
    pub rows: u64,
    /// How many codes there are.
    pub codes: u64,
    /// The links that were asked for, of those events that are there.
    pub links: BTreeMap<Sequence, Link>,
    /// What is wrong.
    pub findings: Findings,
}

impl Audit {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.count() == 0
    }
}

impl Ledger {
    /// Looks at everything in the ledger, and changes nothing. What cannot be read is a finding.
    ///
    /// # Errors
    /// The ledger cannot be opened a second time, or is held by somebody.
    pub fn audit(&mut self, question: &Question<'_>) -> Outcome<Audit> {
        let (path, is_signed) = (self.path.clone(), question.is_signed);
        let (book, tables) = thread::scope(|scope| {
            // The file, the codes and the counters need nothing of the book: another processor's work.
            let tables = scope.spawn(move || Tables::of(&schema::open_to_read(&path)?, is_signed));
            let book = BookAudit::of(&self.connection, question);
            (book, tables.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (mut audit, tables) = (book?, tables?);
        let mut findings = tables.findings;
        findings.append(std::mem::take(&mut audit.findings));
        Ok(Audit { findings, codes: tables.codes, ..audit })
    }
}

/// Whether somebody else is in the way, so that nothing can be said.
fn is_busy(fault: &LedgerFault) -> bool {
    matches!(fault, LedgerFault::Locked)
}

/// `None` if it cannot be read.
fn readable<T>(read: Result<T, rusqlite::Error>) -> Outcome<Option<T>> {
    match read.map_err(LedgerFault::from) {
        Ok(value) => Ok(Some(value)),
        Err(fault) if is_busy(&fault) => Err(fault),
        Err(_) => Ok(None),
    }
}

/// The walk along the events, and the look at each row that they wrote.
struct BookAudit<'c, 'q> {
    connection: &'c Connection,
    question: &'q Question<'q>,
    tables: BTreeMap<Table, TableAudit<'c>>,
    audit: Audit,
    /// The event that must come next.
    expected: Sequence,
    /// The link of the event before; `None`: not known.
    before: Option<Link>,
    /// Rows that were named already.
    named: HashSet<(Table, String)>,
    total: u64,
}

struct TableAudit<'c> {
    row: Option<Statement<'c>>,
    columns: usize,
    proven: u64,
}

/// What stands under a key.
struct Standing {
    event: Sequence,
    digest: RowDigest,
}

impl<'c, 'q> BookAudit<'c, 'q> {
    fn of(connection: &'c Connection, question: &'q Question<'q>) -> Outcome<Audit> {
        let transaction = connection.unchecked_transaction()?;
        let mut tables = BTreeMap::new();
        let mut audit = Audit::default();
        for table in Table::ALL {
            let statements = table.statements();
            let row = readable(connection.prepare(statements.row))?;
            if row.is_none() {
                audit.findings.add(Finding::TableUnreadable { table: table.name() });
            }
            tables.insert(table, TableAudit { row, columns: statements.columns, proven: 0 });
        }
        let identity = connection.query_row(statements::DESK, [1], |row| row.get::<_, String>(3));
        audit.identity = readable(identity)?;
        let last = connection.query_row(statements::LAST_EVENT, [], |row| row.get::<_, Sequence>(0));
        let total = readable(last)?.unwrap_or(0);
        let (expected, before, named) = (1, Some([0; 32]), HashSet::new());
        let mut walk = Self { connection, question, tables, audit, expected, before, named, total };
        walk.events()?;
        if walk.audit.events == 0 {
            walk.find(Finding::Founding);
        }
        walk.rows_that_no_event_wrote()?;
        let mut audit = walk.audit;
        audit.rows = walk.tables.values().map(|table| table.proven).sum();
        drop(walk.tables);
        transaction.finish()?;
        Ok(audit)
    }

    fn find(&mut self, finding: Finding) {
        self.audit.findings.add(finding);
    }

    fn find_row(&mut self, table: Table, key: &str, event: Sequence, finding: fn(RowName) -> Finding) {
        // With so many findings no more are listed, and need not be told apart.
        if self.audit.findings.are_many() || self.named.insert((table, key.to_owned())) {
            self.find(finding(RowName { table, key: key.to_owned(), event }));
        }
    }

    fn events(&mut self) -> Outcome<()> {
        let Some(mut statement) = readable(self.connection.prepare(statements::EVENTS))? else {
            self.find(Finding::TableUnreadable { table: "event" });
            return Ok(());
        };
        let mut from = i64::MIN;
        for _ in 0..MOST_PLACES {
            let mut rows = statement.query([from])?;
            loop {
                match readable(rows.next())? {
                    Some(Some(row)) => self.event(row)?,
                    Some(None) => return Ok(()),
                    None => break,
                }
            }
            drop(rows);
            let first = self.expected;
            match self.next_readable(first as i64)? {
                Some(next) => {
                    self.find(Finding::EventsUnreadable { first, last: Some(next - 1) });
                    (self.expected, self.before, from) = (next, None, next as i64);
                }
                None => {
                    self.find(Finding::EventsUnreadable { first, last: None });
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The first event behind this one that can be read, or one soon after.
    fn next_readable(&self, unreadable: i64) -> Outcome<Option<Sequence>> {
        let far = (0..63).map_while(|power| TRIED_IN_ORDER.checked_shl(power).filter(|step| *step > 0));
        for step in (1..TRIED_IN_ORDER).chain(far) {
            let Some(from) = unreadable.checked_add(step) else { break };
            let found = self.connection.query_row(statements::EVENTS_FROM, (from, 1), |row| row.get::<_, i64>(0));
            match found {
                Ok(sequence) => return Ok(u64::try_from(sequence).ok()),
                Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(None),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    fn event(&mut self, row: &Row<'_>) -> Outcome<()> {
        let number: i64 = row.get(0)?;
        let Some(sequence) = u64::try_from(number).ok().filter(|sequence| *sequence > 0) else {
            self.find(Finding::EventBeforeFirst { sequence: number });
            return Ok(());
        };
        if sequence > self.expected {
            self.find(Finding::EventsMissing { first: self.expected, last: sequence - 1 });
            self.before = None;
        }
        self.expected = sequence + 1;
        self.audit.events += 1;
        if self.audit.events.is_multiple_of(STEP)
            && let Some(progress) = self.question.progress
        {
            progress(self.audit.events, self.total);
        }
        let stored: Option<Link> = row.get(8).ok();
        if let (Some(before), Some(stored)) = (self.before, stored) {
            let columns = (0..LINKED).map(|column| row.get_ref(column).unwrap_or(ValueRef::Null));
            if link_over(&before, columns) != stored {
                self.find(Finding::EventChanged { sequence });
            }
        }
        self.before = stored;
        if let Some(column) = malformed_column(row) {
            self.find(Finding::EventMalformed { sequence, column });
        }
        if let Ok(Ok(wrote)) = row.get_ref(7).map(|wrote| wrote.as_str()) {
            self.rows(sequence, wrote)?
        }
        let day = row.get_ref(1)?.as_str().ok().and_then(|day| day.parse::<Day>().ok());
        self.audit.head = stored.zip(day).map(|(link, day)| Head { sequence, day, link });
        if let Some(link) = stored.filter(|_| self.question.places.contains(&sequence)) {
            self.audit.links.insert(sequence, link);
        }
        if sequence == 1 && !self.is_founding(row) {
            self.find(Finding::Founding);
        }
        Ok(())
    }

    fn is_founding(&self, row: &Row<'_>) -> bool {
        #[derive(serde::Deserialize)]
        struct Facts {
            desk: String,
        }
        let Ok(event) = event(row) else { return false };
        let facts: Option<Facts> = serde_json::from_str(&event.facts).ok();
        matches!(event.action, Action::Founded | Action::Migrated)
            && facts.is_some_and(|facts| self.audit.identity == Some(facts.desk))
    }

    /// The rows that an event says it wrote.
    fn rows(&mut self, sequence: Sequence, wrote: &str) -> Outcome<()> {
        let mut lines = Vec::with_capacity(4);
        for line in written(wrote) {
            match line {
                Some(line) => lines.push(line),
                None => self.find(Finding::EventMalformed { sequence, column: "wrote" }),
            }
        }
        // What one event writes twice counts as it was written last.
        let mut seen = HashSet::new();
        for (i, line) in lines.iter().enumerate().rev() {
            let name = (line.table, line.key);
            let again = if lines.len() > 8 {
                !seen.insert(name)
            } else {
                lines.iter().skip(i + 1).any(|later| (later.table, later.key) == name)
            };
            if !again {
                self.row(sequence, line)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, sequence: Sequence, wrote: &Wrote<'_>) -> Outcome<()> {
        let Some(table) = self.tables.get_mut(&wrote.table) else { return Ok(()) };
        let Some(statement) = &mut table.row else { return Ok(()) };
        let Some(standing) = readable(standing(wrote, statement, table.columns))? else {
            self.find_row(wrote.table, wrote.key, sequence, Finding::RowUnreadable);
            return Ok(());
        };
        let finding = match standing {
            Ok(Some(standing)) if standing.event > sequence => match wrote.table {
                Table::Revision | Table::BoundCode => {
                    self.find_row(wrote.table, wrote.key, standing.event, Finding::CodeRewritten);
                    return Ok(());
                }
                _ => return Ok(()),
            },
            Ok(Some(standing)) if standing.event < sequence => Finding::RowPutBack,
            Ok(Some(standing)) if standing.digest != wrote.digest => Finding::RowChanged,
            Ok(Some(_)) => {
                table.proven += 1;
                return Ok(());
            }
            Ok(None) => Finding::RowMissing,
            Err(NotAKey) => {
                self.find(Finding::EventMalformed { sequence, column: "wrote" });
                return Ok(());
            }
        };
        self.find_row(wrote.table, wrote.key, sequence, finding);
        Ok(())
    }

    /// Where a table has more rows than are proven, those that are not, but for those that were named.
    fn rows_that_no_event_wrote(&mut self) -> Outcome<()> {
        for table in Table::ALL {
            let statements = table.statements();
            let count = self.connection.query_row(statements.count, [], |row| row.get::<_, u64>(0));
            let proven = self.tables.get(&table).map_or(0, |table| table.proven);
            if readable(count)? != Some(proven) && !self.audit.findings.are_many() {
                self.unproven_rows(table)?;
            }
        }
        Ok(())
    }

    fn unproven_rows(&mut self, table: Table) -> Outcome<()> {
        let unreadable = Finding::TableUnreadable { table: table.name() };
        let statements = table.statements();
        let prepared = [statements.rows, statements::EVENT].map(|sql| self.connection.prepare(sql));
        let [Ok(mut all), Ok(mut event)] = prepared else { return Ok(()) };
        let mut rows = all.query([])?;
        loop {
            let row = match readable(rows.next())? {
                Some(Some(row)) => row,
                Some(None) => return Ok(()),
                None => {
                    self.find(unreadable);
                    return Ok(());
                }
            };
            let columns: Vec<_> = (0..statements.columns).filter_map(|column| row.get_ref(column).ok()).collect();
            let key = columns.iter().take(statements.key_columns).map(|column| shown(*column)).collect::<Vec<_>>();
            let key = key.join("/");
            let names = named_event(columns.last().copied());
            let digest = row_digest(table, columns.into_iter());
            let is_proven = |wrote: String| {
                written(&wrote).flatten().any(|line| (line.table, line.key, line.digest) == (table, &*key, digest))
            };
            let wrote = event.query_row([names], |row| row.get(7));
            if !wrote.is_ok_and(is_proven) {
                self.find_row(table, &key, names, Finding::RowUnknown);
            }
            if self.audit.findings.are_many() {
                return Ok(());
            }
        }
    }
}

/// The first column of an event that no desk writes so.
fn malformed_column(row: &Row<'_>) -> Option<&'static str> {
    let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let number = |column| match row.get_ref(column) {
        Ok(ValueRef::Null) => Some(None),
        Ok(ValueRef::Integer(number)) => Some(Some(number)),
        _ => None,
    };
    let sequence = row.get::<_, i64>(0).unwrap_or(0);
    let is_license = |number: i64| u32::try_from(number).ok().and_then(LicenseNumber::new).is_some();
    let right = [
        ("day", text(1).is_some_and(|day| day.parse::<Day>().is_ok())),
        ("operator", text(2).is_some_and(OperatorName::is_one)),
        ("action", text(3).is_some_and(|action| Action::from_name(action).is_some())),
        ("license", number(4).is_some_and(|license| license.is_none_or(is_license))),
        ("previous", number(5).is_some_and(|previous| previous.is_none_or(|it| (1..sequence).contains(&it)))),
        ("facts", text(6).is_some_and(|facts| serde_json::from_str::<serde::de::IgnoredAny>(facts).is_ok())),
        ("wrote", text(7).is_some()),
        ("link", row.get::<_, Link>(8).is_ok()),
    ];
    right.into_iter().find(|(_, right)| !right).map(|(column, _)| column)
}

/// A key that is none of its table.
struct NotAKey;

/// What stands under a key that an event wrote.
fn standing(
    wrote: &Wrote<'_>,
    statement: &mut Statement<'_>,
    columns: usize,
) -> Result<Result<Option<Standing>, NotAKey>, rusqlite::Error> {
    if wrote.table.has_text_key() {
        statement.raw_bind_parameter(1, wrote.key)?;
    } else {
        let mut bound = 0;
        for part in wrote.key.split('/') {
            let Some(number) = as_written(part).filter(|_| bound < statement.parameter_count()) else {
                return Ok(Err(NotAKey));
            };
            bound += 1;
            statement.raw_bind_parameter(bound, number)?;
        }
        if bound != statement.parameter_count() {
            return Ok(Err(NotAKey));
        }
    }
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(Ok(None)) };
    let column = |column| row.get_ref(column).unwrap_or(ValueRef::Null);
    let event = named_event(Some(column(columns - 1)));
    Ok(Ok(Some(Standing { event, digest: row_digest(wrote.table, (0..columns).map(column)) })))
}

/// A number in the only way in which the desk writes it.
fn as_written(text: &str) -> Option<i64> {
    let plain = text == "0" || text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

/// The event that a row names; 0 is none.
fn named_event(column: Option<ValueRef<'_>>) -> Sequence {
    match column {
        Some(ValueRef::Integer(event)) => u64::try_from(event).unwrap_or(0),
        _ => 0,
    }
}

fn shown(column: ValueRef<'_>) -> String {
    match Value::try_from(column) {
        Ok(Value::Integer(number)) => number.to_string(),
        Ok(Value::Text(text)) => text,
        _ => "?".to_owned(),
    }
}

/// What needs nothing of the book: the file, the codes, the counters.
#[derive(Default)]
struct Tables {
    codes: u64,
    findings: Findings,
}

impl Tables {
    fn of(connection: &Connection, is_signed: Option<&(dyn Fn(ActivationCode) -> bool + Sync)>) -> Outcome<Self> {
        let mut tables = Self::default();
        for says in schema::integrity(connection)? {
            tables.findings.add(Finding::Database { says });
        }
        match schema::differences(connection) {
            Ok(differences) => {
                for (name, fault) in differences {
                    tables.findings.add(Finding::Schema { name, fault });
                }
            }
            Err(fault) if is_busy(&fault) => return Err(fault),
            Err(fault) => tables.findings.add(Finding::Database { says: fault.to_string() }),
        }
        let transaction = connection.unchecked_transaction()?;
        let unreadable = |table| Finding::TableUnreadable { table };
        if readable_table(tables.codes(connection, is_signed))?.is_none() {
            tables.findings.add(unreadable("revision, license or code_row"));
        }
        if readable_table(tables.bound_codes(connection, is_signed))?.is_none() {
            tables.findings.add(unreadable("bound_code or bound_row"));
        }
        if readable_table(tables.next_license(connection))?.is_none() {
            tables.findings.add(unreadable("desk"));
        }
        transaction.finish()?;
        Ok(tables)
    }

    /// Each code is found by its rows and nothing else is, and no revision would be used again.
    fn codes(
        &mut self,
        connection: &Connection,
        is_signed: Option<&(dyn Fn(ActivationCode) -> bool + Sync)>,
    ) -> Outcome<()> {
        // A sum of hashes is the same in any order. The hashes are keyed anew in each run, so that nobody can
        // choose rows that make up for others.
        let hasher = RandomState::new();
        let (mut wanted, mut found) = (0_u64, 0_u64);
        let mut named = None;
        let mut waiting = Vec::new();
        let mut statement = connection.prepare(statements::CODES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.codes += 1;
            let (name, code) = code(row);
            if let Some(finding) = next_revision(name, row).filter(|_| named != Some(name.license)) {
                named = Some(name.license);
                self.findings.add(finding);
            }
            let Some(code) = code else {
                self.findings.add(Finding::CodeUnreadable(name));
                continue;
            };
            for key in codes::row_keys(&code) {
                let row = (i64::from(key), name.license, name.revision);
                wanted = wanted.wrapping_add(hasher.hash_one(row));
            }
            if let Some(is_signed) = is_signed {
                waiting.push((name, code));
                if waiting.len() == CODES_AT_ONCE {
                    self.signatures(std::mem::take(&mut waiting), is_signed);
                }
            }
        }
        if let Some(is_signed) = is_signed {
            self.signatures(waiting, is_signed);
        }
        let mut statement = connection.prepare(statements::CODE_ROWS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let row = (number(row, 0), number(row, 1), number(row, 2));
            found = found.wrapping_add(hasher.hash_one(row));
        }
        if found != wanted {
            self.code_rows(connection)?;
        }
        Ok(())
    }

    /// Names what makes the sums differ.
    fn code_rows(&mut self, connection: &Connection) -> Outcome<()> {
        let mut code_row = connection.prepare(statements::CODE_ROW)?;
        let mut codes = connection.prepare(statements::CODES)?;
        let mut rows = codes.query([])?;
        while let Some(row) = rows.next()?.filter(|_| !self.findings.are_many()) {
            let (name, code) = code(row);
            for key in code.iter().flat_map(codes::row_keys) {
                if !code_row.exists((key, name.license, name.revision))? {
                    self.findings.add(Finding::CodeRowMissing(name));
                }
            }
        }
        let mut revision = connection.prepare(statements::REVISION)?;
        let mut all = connection.prepare(statements::CODE_ROWS)?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()?.filter(|_| !self.findings.are_many()) {
            let (key, name) =
                (number(row, 0), CodeName { license: number(row, 1), revision: number(row, 2), host: None });
            let mut found = revision.query((name.license, name.revision))?;
            let keys = match found.next()? {
                Some(row) => code_of(row, 9, 10).map(|code| codes::row_keys(&code)),
                None => None,
            };
            if !keys.is_some_and(|keys| keys.iter().any(|&it| i64::from(it) == key)) {
                self.findings.add(Finding::CodeRowUnknown(name));
            }
        }
        Ok(())
    }

    /// The same of codes that are bound to a host. There are few of them.
    fn bound_codes(
        &mut self,
        connection: &Connection,
        is_signed: Option<&(dyn Fn(ActivationCode) -> bool + Sync)>,
    ) -> Outcome<()> {
        let mut wanted = BTreeMap::new();
        let mut waiting = Vec::new();
        let mut statement = connection.prepare(statements::BOUND_CODES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.codes += 1;
            let name = CodeName { license: number(row, 0), revision: number(row, 1), host: Some(number(row, 2)) };
            let Some(code) = code_of(row, 3, 4) else {
                self.findings.add(Finding::CodeUnreadable(name));
                continue;
            };
            let place = (name.license, name.revision, number(row, 2));
            wanted.extend(codes::row_keys(&code).into_iter().map(|key| ((i64::from(key), place), name)));
            if is_signed.is_some() {
                waiting.push((name, code));
            }
        }
        if let Some(is_signed) = is_signed {
            self.signatures(waiting, is_signed);
        }
        let mut statement = connection.prepare(statements::BOUND_ROWS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let place = (number(row, 1), number(row, 2), number(row, 3));
            if wanted.remove(&(number(row, 0), place)).is_none() {
                let name = CodeName { license: place.0, revision: place.1, host: Some(place.2) };
                self.findings.add(Finding::CodeRowUnknown(name));
            }
        }
        wanted.into_values().for_each(|name| self.findings.add(Finding::CodeRowMissing(name)));
        Ok(())
    }

    fn signatures(
        &mut self,
        codes: Vec<(CodeName, ActivationCode)>,
        is_signed: &(dyn Fn(ActivationCode) -> bool + Sync),
    ) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = codes.len().div_ceil(threads).max(1);
        let bad = |codes: &[(CodeName, ActivationCode)]| -> Vec<CodeName> {
            codes.iter().filter(|(_, code)| !is_signed(code.clone())).map(|(name, _)| *name).collect()
        };
        let bad: Vec<CodeName> = thread::scope(|scope| {
            let workers: Vec<_> = codes.chunks(share).map(|codes| scope.spawn(move || bad(codes))).collect();
            let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join();
            workers
                .into_iter()
                .flat_map(|worker| join(worker).unwrap_or_else(|it| std::panic::resume_unwind(it)))
                .collect()
        });
        bad.into_iter().for_each(|name| self.findings.add(Finding::CodeNotSigned(name)));
    }

    fn next_license(&mut self, connection: &Connection) -> Outcome<()> {
        let next: i64 = connection.query_row(statements::DESK, [1], |row| Ok(number(row, 5)))?;
        let used: u32 = connection.query_row(statements::HIGHEST_LICENSE, [], |row| row.get(0))?;
        if !(i64::from(used) + 1..=i64::from(LicenseNumber::MAX.get()) + 1).contains(&next) {
            self.findings.add(Finding::NextLicense { next, used });
        }
        Ok(())
    }
}

fn readable_table(read: Outcome<()>) -> Outcome<Option<()>> {
    match read {
        Ok(()) => Ok(Some(())),
        Err(fault) if is_busy(&fault) => Err(fault),
        Err(_) => Ok(None),
    }
}

/// A column that is a number; what is none is below all of them.
fn number(row: &Row<'_>, column: usize) -> i64 {
    row.get(column).unwrap_or(i64::MIN)
}

/// What is wrong with the counter of a code's license: the next revision is above all that are used, or was never
/// counted because there was only the first.
fn next_revision(CodeName { license, revision, .. }: CodeName, row: &Row<'_>) -> Option<Finding> {
    let next = row.get::<_, Option<i64>>(4).unwrap_or(Some(i64::MIN))?;
    let right = next == 0 && revision == 1 || (revision + 1..=i64::from(LicenseRecord::NONE_GOOD)).contains(&next);
    (!right).then_some(Finding::NextRevision { license, next, used: revision })
}

fn code(row: &Row<'_>) -> (CodeName, Option<ActivationCode>) {
    (CodeName { license: number(row, 0), revision: number(row, 1), host: None }, code_of(row, 2, 3))
}

fn code_of(row: &Row<'_>, payload: usize, signature: usize) -> Option<ActivationCode> {
    let signature: [u8; SIGNATURE_BYTES] = row.get(signature).ok()?;
    ActivationCode::from_parts(row.get_ref(payload).ok()?.as_blob().ok()?, &signature).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn findings(listed: u32, more: u64) -> Findings {
        let listed = (0..listed).map(|n| Finding::Database { says: n.to_string() }).collect();
        Findings { listed, more }
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        assert!(!findings(99, 0).are_many() && findings(100, 0).are_many());
        let mut all = Findings::default();
        all.append(findings(99, 2));
        assert_eq!((all.listed.len(), all.more, all.count()), (99, 2, 101));
        all.append(findings(3, 4));
        assert_eq!((all.listed.len(), all.more, all.count()), (100, 8, 108));
        let of = |findings| Audit { findings, ..Audit::default() };
        assert!(of(Findings::default()).is_sound());
        assert!(!of(findings(1, 0)).is_sound() && !of(findings(0, 1)).is_sound());
    }

    #[test]
    fn one_event_and_several_are_said_in_their_own_words() {
        let said = |finding: Finding| finding.to_string();
        assert_eq!(said(Finding::EventsMissing { first: 7, last: 7 }), "event 7: it is missing");
        assert_eq!(said(Finding::EventsMissing { first: 7, last: 8 }), "events 7 to 8: they are missing");
        let unreadable = |last| said(Finding::EventsUnreadable { first: 7, last });
        assert_eq!(unreadable(Some(7)), "event 7: it cannot be read");
        assert_eq!(unreadable(Some(8)), "events 7 to 8: they cannot be read");
        assert_eq!(unreadable(None), "event 7 and all after: not readable");
    }

    /// A ledger without codes that nobody else has open, and that cannot be read while somebody writes.
    fn without_log(room: &tempfile::TempDir) -> (Connection, Connection) {
        let (path, ledger) = schema::made_in(room);
        schema::into_one_file(ledger).unwrap();
        let (somebody, reader) = (Connection::open(&path).unwrap(), schema::open_to_read(&path).unwrap());
        reader.busy_timeout(Duration::ZERO).unwrap();
        (somebody, reader)
    }

    #[test]
    fn while_somebody_is_in_the_way_nothing_is_said() {
        let room = tempfile::tempdir().unwrap();
        let (somebody, reader) = without_log(&room);
        somebody.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(matches!(BookAudit::of(&reader, &Question::default()), Err(LedgerFault::Locked)));
        assert!(matches!(Tables::of(&reader, None), Err(LedgerFault::Locked)));
        assert!(matches!(readable_table(Err(LedgerFault::Locked)), Err(LedgerFault::Locked)));
        assert!(matches!(readable_table(Err(LedgerFault::Damaged)), Ok(None)));
        somebody.execute_batch("COMMIT").unwrap();
        BookAudit::of(&reader, &Question::default()).unwrap();
        Tables::of(&reader, None).unwrap();
    }

    #[test]
    fn a_schema_that_cannot_be_read_is_a_finding() {
        let room = tempfile::tempdir().unwrap();
        let (somebody, reader) = without_log(&room);
        somebody.pragma_update(None, "writable_schema", true).unwrap();
        let nameless = "UPDATE sqlite_schema SET name = x'00' WHERE name = 'license_customer'";
        assert_eq!(somebody.execute(nameless, []).unwrap(), 1);
        drop(somebody);
        let listed = Tables::of(&reader, None).unwrap().findings.listed;
        assert!(listed.iter().any(|finding| matches!(finding, Finding::Database { .. })), "{listed:?}");
    }
}
