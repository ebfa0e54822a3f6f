//! The book: each event is a link of a hash chain, and has a digest of every row that it wrote.
//!
//! | part | SHA-256 over |
//! | --- | --- |
//! | digest of a row, 16 bytes | `countersign/row/1\0`, the table's name, then each column |
//! | link of an event, 32 bytes | `countersign/event/1\0`, the link before (zeros at first), then each column |
//!
//! A column is one byte of type (0 nothing, 1 number, 2 text, 3 bytes), its length in 8 bytes, and its bytes; a number
//! has 8. Both orders are those of the statements that write the row.

use super::records::{CustomerNumber, OperatorName};
use super::{Book, LedgerFault, Outcome, statements};
use crate::hex;
use activation_code::{Day, LicenseNumber};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, Transaction, params_from_iter};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The place of an event in the book, from 1.
pub type Sequence = u64;

/// What binds an event to all before it.
pub type Link = [u8; 32];

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What an event is about: a closed list, names are only ever added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in the book.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The action of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

actions! {
    /// The desk was made.
    Founded "founded",
    /// The ledger of an earlier release was brought into the book.
    Migrated "migrated",
    /// An issuing key became known.
    IssuerAdded "issuer-added",
    /// A key that signs checkpoints became known.
    LedgerKeyAdded "ledger-key-added",
    /// A product was put into the catalogue.
    ProductAdded "product-added",
    /// A product was changed.
    ProductChanged "product-changed",
    /// A customer was registered.
    CustomerAdded "customer-added",
    /// A customer was changed.
    CustomerChanged "customer-changed",
    /// An operator was added.
    OperatorAdded "operator-added",
    /// An operator was changed.
    OperatorChanged "operator-changed",
    /// The limits of the desk were set.
    LimitsSet "limits-set",
    /// A new license and its first code.
    Issued "issued",
    /// A next period.
    Renewed "renewed",
    /// A next period with fewer units.
    Downsized "downsized",
    /// More units.
    UnitsAdded "units-added",
    /// Another product of the family.
    Upgraded "upgraded",
    /// From evaluation to full.
    Converted "converted",
    /// The same under another key, because the key before was stolen.
    Reissued "reissued",
    /// A code was given out again.
    Reprinted "reprinted",
    /// Codes were revoked.
    Revoked "revoked",
    /// A license went to another customer.
    Transferred "transferred",
    /// A change waits for a second operator.
    Requested "requested",
    /// A second operator said no.
    Rejected "rejected",
    /// A checkpoint was signed.
    CheckpointSigned "checkpoint-signed",
    /// The ledger was copied.
    BackedUp "backed-up",
    /// A copy was put back: numbers skip ahead from here.
    Restored "restored",
    /// A printed code that the ledger had lost was read in again.
    Imported "imported",
    /// What the desk says of itself was set.
    TrustSet "trust-set",
    /// What an issuing key may issue was set, or what becomes of its codes.
    IssuerRuled "issuer-ruled",
    /// A trust bundle was given out.
    BundlePublished "bundle-published",
    /// A partner may issue.
    PartnerAdded "partner-added",
    /// What a partner may issue was changed.
    PartnerChanged "partner-changed",
    /// The book of a partner was read.
    PartnerImported "partner-imported",
    /// The book was copied for the vendor.
    Exported "exported",
    /// A clock reset was signed for a host's request.
    ClockReset "clock-reset",
    /// A license was bound to a host: a code of the same terms that only this host accepts.
    Bound "bound",
    /// What an installation says of its use was taken in.
    UsageImported "usage-imported",
    /// A partner may sell.
    AccountAdded "account-added",
    /// What a partner may do, or what is known of it, was changed.
    AccountChanged "account-changed",
    /// What was known of a customer was removed for good.
    CustomerPurged "customer-purged",
    /// Registration keys were made for a partner.
    KeysGenerated "keys-generated",
    /// Registration keys cannot be redeemed any more.
    KeysCancelled "keys-cancelled",
    /// A renewal notice was written.
    NoticeWritten "notice-written",
    /// A statement was given out.
    StatementGiven "statement-given",
}

/// An event as it stands in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place, from 1.
    pub sequence: Sequence,
    /// The day on the desk's clock.
    pub day: Day,
    /// Who did it.
    pub operator: OperatorName,
    /// What was done.
    pub action: Action,
    /// The license concerned.
    pub license: Option<LicenseNumber>,
    /// The event before this one of the same license.
    pub previous: Option<Sequence>,
    /// What happened, as JSON; numbers and no names (rule D9).
    pub facts: String,
    /// The rows that it wrote: a line each of table, key and digest.
    pub wrote: String,
    /// SHA-256 over the link before and all of the above.
    pub link: Link,
}

/// The end of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last event.
    pub sequence: Sequence,
    /// Its day.
    pub day: Day,
    /// Its link.
    pub link: Link,
}

/// The tables whose rows the book has digests of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// What the desk knows of itself: one row.
    Desk,
    /// Issuing keys, by number.
    Issuer,
    /// Keys of checkpoints, by the key.
    LedgerKey,
    /// Products, by id.
    Product,
    /// Customers, by number.
    Customer,
    /// Operators, by name.
    Operator,
    /// The limits: one row.
    Limits,
    /// Requests, by number.
    Request,
    /// Licenses, by number.
    License,
    /// Codes, by license and revision.
    Revision,
    /// What the desk says of itself: one row.
    Trust,
    /// What issuing keys may issue, by number.
    IssuerRule,
    /// Bundles that were given out, by number.
    Bundle,
    /// Partners, by the number of their keys.
    Partner,
    /// How far the books of partners were read, by the number of their keys.
    PartnerBook,
    /// Codes of partners, by key, license and revision.
    PartnerCode,
    /// Revocations of licenses that are in no table here, by license.
    Revocation,
    /// Codes that one host alone accepts, by license, revision and host.
    BoundCode,
    /// What installations say of their use, by license, host and day.
    UsageClaim,
    /// What is known of customers beside their names, by customer.
    CustomerContact,
    /// Partners who sell, by number.
    Account,
    /// Resellers of record, by customer.
    Reseller,
    /// Which partners operators work for, by operator.
    OperatorAccount,
    /// Customers whose names are gone, by customer.
    PurgedCustomer,
    /// Registration keys, by number.
    RegistrationKey,
    /// Renewal notices that were written, by license, last day and threshold.
    NoticeWritten,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Desk,
        Self::Issuer,
        Self::LedgerKey,
        Self::Product,
        Self::Customer,
        Self::Operator,
        Self::Limits,
        Self::Request,
        Self::License,
        Self::Revision,
        Self::Trust,
        Self::IssuerRule,
        Self::Bundle,
        Self::Partner,
        Self::PartnerBook,
        Self::PartnerCode,
        Self::Revocation,
        Self::BoundCode,
        Self::UsageClaim,
        Self::CustomerContact,
        Self::Account,
        Self::Reseller,
        Self::OperatorAccount,
        Self::PurgedCustomer,
        Self::RegistrationKey,
        Self::NoticeWritten,
    ];

    /// Its name in the book.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Issuer => "issuer",
            Self::LedgerKey => "ledger-key",
            Self::Product => "product",
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Limits => "limits",
            Self::Request => "request",
            Self::License => "license",
            Self::Revision => "revision",
            Self::Trust => "trust",
            Self::IssuerRule => "issuer-rule",
            Self::Bundle => "bundle",
            Self::Partner => "partner",
            Self::PartnerBook => "partner-book",
            Self::PartnerCode => "partner-code",
            Self::Revocation => "revocation",
            Self::BoundCode => "bound-code",
            Self::UsageClaim => "usage-claim",
            Self::CustomerContact => "customer-contact",
            Self::Account => "account",
            Self::Reseller => "reseller",
            Self::OperatorAccount => "operator-account",
            Self::PurgedCustomer => "purged-customer",
            Self::RegistrationKey => "registration-key",
            Self::NoticeWritten => "notice-written",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Whether its rows have names for keys, and not numbers.
    pub(super) const fn has_text_key(self) -> bool {
        matches!(self, Self::LedgerKey | Self::Operator | Self::OperatorAccount)
    }

    /// How the row with a key is read, how all of them are, and how they are counted.
    pub(super) const fn statements(self) -> TableStatements {
        let (columns, key_columns, row, rows, count) = match self {
            Self::Desk => (5, 1, statements::DESK, statements::DESKS, statements::COUNT_DESKS),
            Self::Issuer => (4, 1, statements::ISSUER, statements::ISSUERS, statements::COUNT_ISSUERS),
            Self::LedgerKey => (3, 1, statements::LEDGER_KEY, statements::LEDGER_KEYS, statements::COUNT_LEDGER_KEYS),
            Self::Product => (14, 1, statements::PRODUCT, statements::PRODUCTS, statements::COUNT_PRODUCTS),
            Self::Customer => (7, 1, statements::CUSTOMER, statements::CUSTOMERS, statements::COUNT_CUSTOMERS),
            Self::Operator => (5, 1, statements::OPERATOR, statements::OPERATORS, statements::COUNT_OPERATORS),
            Self::Limits => (6, 1, statements::LIMITS, statements::ALL_LIMITS, statements::COUNT_LIMITS),
            Self::Request => (6, 1, statements::REQUEST, statements::REQUESTS, statements::COUNT_REQUESTS),
            Self::License => (4, 1, statements::LICENSE, statements::LICENSES, statements::COUNT_LICENSES),
            Self::Revision => (12, 2, statements::REVISION, statements::REVISIONS, statements::COUNT_REVISIONS),
            Self::Trust => (5, 1, statements::TRUST, statements::ALL_TRUST, statements::COUNT_TRUST),
            Self::IssuerRule => {
                (4, 1, statements::ISSUER_RULE, statements::ISSUER_RULES, statements::COUNT_ISSUER_RULES)
            }
            Self::Bundle => (4, 1, statements::BUNDLE, statements::BUNDLES, statements::COUNT_BUNDLES),
            Self::Partner => (10, 1, statements::PARTNER, statements::PARTNERS, statements::COUNT_PARTNERS),
            Self::PartnerBook => {
                (5, 1, statements::PARTNER_BOOK, statements::PARTNER_BOOKS, statements::COUNT_PARTNER_BOOKS)
            }
            Self::PartnerCode => {
                (6, 3, statements::PARTNER_CODE, statements::PARTNER_CODES, statements::COUNT_PARTNER_CODES)
            }
            Self::Revocation => (3, 1, statements::REVOCATION, statements::REVOCATIONS, statements::COUNT_REVOCATIONS),
            Self::BoundCode => (6, 3, statements::BOUND_CODE, statements::BOUND_CODES, statements::COUNT_BOUND_CODES),
            Self::UsageClaim => (9, 3, statements::USAGE, statements::ALL_USAGE, statements::COUNT_USAGE),
            Self::CustomerContact => (9, 1, statements::CONTACT, statements::CONTACTS, statements::COUNT_CONTACTS),
            Self::Account => (14, 1, statements::ACCOUNT, statements::ACCOUNTS, statements::COUNT_ACCOUNTS),
            Self::Reseller => (3, 1, statements::RESELLER, statements::RESELLERS, statements::COUNT_RESELLERS),
            Self::PurgedCustomer => (3, 1, statements::PURGED, statements::ALL_PURGED, statements::COUNT_PURGED),
            Self::OperatorAccount => {
                (3, 1, statements::OPERATOR_ACCOUNT, statements::OPERATOR_ACCOUNTS, statements::COUNT_OPERATOR_ACCOUNTS)
            }
            Self::RegistrationKey => (
                11,
                1,
                statements::REGISTRATION_KEY,
                statements::REGISTRATION_KEYS,
                statements::COUNT_REGISTRATION_KEYS,
            ),
            Self::NoticeWritten => (5, 3, statements::NOTICE, statements::NOTICES, statements::COUNT_NOTICES),
        };
        TableStatements { columns, key_columns, row, rows, count }
    }
}

/// What the book is checked with, for one table.
pub(super) struct TableStatements {
    /// How many columns of a row the digest is over; the last of them is the event. Counters behind them change
    /// without an event.
    pub columns: usize,
    /// How many of the first columns are the key.
    pub key_columns: usize,
    /// Reads the row with a key.
    pub row: &'static str,
    /// Reads all rows.
    pub rows: &'static str,
    /// Counts them.
    pub count: &'static str,
}

/// First bytes of SHA-256 over a row.
pub(super) type RowDigest = [u8; 16];

/// What the book says that an event wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrote<'a> {
    /// Into which table.
    pub table: Table,
    /// Under which key: numbers separated by a slash, or a name.
    pub key: &'a str,
    /// Digest of the row.
    pub digest: RowDigest,
}

/// The lines of [`Event::wrote`]; `None` where one is not as the desk writes it.
pub(super) fn written(wrote: &str) -> impl Iterator<Item = Option<Wrote<'_>>> {
    wrote.split_inclusive('\n').map(|line| {
        let (table, rest) = line.strip_suffix('\n')?.split_once(' ')?;
        let (key, digest) = rest.rsplit_once(' ')?;
        Some(Wrote { table: Table::from_name(table)?, key, digest: hex::bytes(digest)? })
    })
}

/// SHA-256 over columns.
struct Columns(Sha256);

impl Columns {
    fn new(context: &str) -> Self {
        Self(Sha256::new_with_prefix(context))
    }

    fn add(&mut self, column: ValueRef<'_>) {
        let number;
        let (kind, bytes): (u8, &[u8]) = match column {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(value) => {
                number = value.to_be_bytes();
                (1, &number)
            }
            // No column of ours is one; a row that has one differs from every row that the desk wrote.
            ValueRef::Real(value) => {
                number = value.to_be_bytes();
                (4, &number)
            }
            ValueRef::Text(text) => (2, text),
            ValueRef::Blob(bytes) => (3, bytes),
        };
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn row(self) -> RowDigest {
        let mut digest = RowDigest::default();
        digest.iter_mut().zip(self.0.finalize()).for_each(|(byte, found)| *byte = found);
        digest
    }
}

/// The digest of a row with these columns.
pub(super) fn row_digest<'v>(table: Table, columns: impl Iterator<Item = ValueRef<'v>>) -> RowDigest {
    let mut digest = Columns::new("countersign/row/1\0");
    digest.0.update(table.name());
    columns.for_each(|column| digest.add(column));
    digest.row()
}

/// How many columns of an event its link is over: all but the link itself.
pub(super) const LINKED: usize = 8;

/// The link of an event with these columns.
pub(super) fn link_over<'v>(before: &Link, columns: impl Iterator<Item = ValueRef<'v>>) -> Link {
    let mut digest = Columns::new("countersign/event/1\0");
    digest.0.update(before);
    columns.for_each(|column| digest.add(column));
    digest.0.finalize().into()
}

/// The link of an event whose own link is not looked at.
pub fn link(before: &Link, event: &Event) -> Link {
    let day = event.day.to_string();
    let columns: [ValueRef<'_>; LINKED] = [
        ValueRef::Integer(event.sequence as i64),
        ValueRef::Text(day.as_bytes()),
        ValueRef::Text(event.operator.as_str().as_bytes()),
        ValueRef::Text(event.action.name().as_bytes()),
        event.license.map_or(ValueRef::Null, |license| ValueRef::Integer(license.get().into())),
        event.previous.map_or(ValueRef::Null, |previous| ValueRef::Integer(previous as i64)),
        ValueRef::Text(event.facts.as_bytes()),
        ValueRef::Text(event.wrote.as_bytes()),
    ];
    link_over(before, columns.into_iter())
}

pub(super) fn event(row: &Row<'_>) -> Outcome<Event> {
    let sequence: Sequence = row.get(0)?;
    let damaged = || LedgerFault::Event { sequence };
    let text = |column| row.get_ref(column)?.as_str().map(str::to_owned).map_err(|_| damaged());
    Ok(Event {
        sequence,
        day: text(1)?.parse().map_err(|_| damaged())?,
        operator: text(2)?.parse().map_err(|_| damaged())?,
        action: Action::from_name(&text(3)?).ok_or_else(damaged)?,
        license: match row.get::<_, Option<u32>>(4).map_err(|_| damaged())? {
            None => None,
            Some(number) => Some(LicenseNumber::new(number).ok_or_else(damaged)?),
        },
        previous: row.get(5).map_err(|_| damaged())?,
        facts: text(6)?,
        wrote: text(7)?,
        link: row.get(8).map_err(|_| damaged())?,
    })
}

/// Who does something, and when: it goes into the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub operator: OperatorName,
    /// On which day.
    pub day: Day,
}

impl Book<'_> {
    /// The end of the book; `None` before the first event.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn head(&self) -> Outcome<Option<Head>> {
        if self.head.get().is_none() {
            let last = self.row(statements::LAST_EVENT, [], event)?;
            self.head.set(last.map(|Event { sequence, day, link, .. }| Head { sequence, day, link }));
        }
        Ok(self.head.get())
    }

    /// The place that the next event will have: what rows name that it writes.
    pub(super) fn next_event(&self) -> Outcome<Sequence> {
        Ok(self.head()?.map_or(1, |head| head.sequence + 1))
    }

    /// Writes a row, and remembers its digest for the event that follows.
    pub(super) fn put<const N: usize>(
        &self,
        table: Table,
        key: &str,
        sql: &'static str,
        columns: [Value; N],
    ) -> Outcome<()> {
        self.put_refs(table, key, sql, columns.each_ref().map(ValueRef::from))
    }

    /// The same, of columns that are elsewhere.
    pub(super) fn put_refs<const N: usize>(
        &self,
        table: Table,
        key: &str,
        sql: &'static str,
        columns: [ValueRef<'_>; N],
    ) -> Outcome<()> {
        let digest = row_digest(table, columns.into_iter());
        if self.execute(sql, params_from_iter(columns.map(ToSqlOutput::Borrowed)))? != 1 {
            // It stands there with other columns than may change.
            return Err(LedgerFault::Record { what: table.name() });
        }
        let mut wrote = self.wrote.borrow_mut();
        // Writing to a String does not fail.
        let _ = write!(wrote, "{} {key} ", table.name());
        let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
        wrote.extend(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
        wrote.push('\n');
        Ok(())
    }

    /// Ends what was written since the event before with an event of its own.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn record(&self, by: &By, action: Action, license: Option<LicenseNumber>, facts: String) -> Outcome<Sequence> {
        self.record_after(by, action, license, None, facts)
    }

    /// The same, for a license that the event `previous` wrote last.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn record_after(
        &self,
        by: &By,
        action: Action,
        license: Option<LicenseNumber>,
        previous: Option<Sequence>,
        facts: String,
    ) -> Outcome<Sequence> {
        let sequence = self.next_event()?;
        let before = self.head()?.map_or([0; 32], |head| head.link);
        let wrote = self.wrote.borrow().clone();
        let operator = by.operator.clone();
        let mut event =
            Event { sequence, day: by.day, operator, action, license, previous, facts, wrote, link: before };
        event.link = link(&before, &event);
        let columns = rusqlite::params![
            event.sequence,
            event.day.to_string(),
            event.operator.as_str(),
            event.action.name(),
            event.license.map(LicenseNumber::get),
            event.previous,
            event.facts,
            event.wrote,
            event.link,
        ];
        self.execute(statements::INSERT_EVENT, columns)?;
        // Not before: what no event has is not committed.
        self.wrote.take();
        self.head.set(Some(Head { sequence, day: by.day, link: event.link }));
        Ok(sequence)
    }

    /// One event.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn event(&self, sequence: Sequence) -> Outcome<Option<Event>> {
        self.row(statements::EVENT, [sequence], event)
    }

    /// At most `most` events from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn events_from(&self, first: Sequence, most: u32) -> Outcome<Vec<Event>> {
        self.rows(statements::EVENTS_FROM, (first, most), event)
    }

    /// The last event of an action that concerns no license.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn last_event_of(&self, action: Action) -> Outcome<Option<Event>> {
        self.row(statements::LAST_EVENT_OF_ACTION, [action.name()], event)
    }
}

/// Brings what a ledger of the first schema has into the book. A new ledger has nothing yet.
pub(super) fn begin_book(transaction: &Transaction<'_>) -> Result<(), LedgerFault> {
    let book = Book::on(transaction);
    let Some(desk) = book.desk_if_any()? else { return Ok(()) };
    let by = By { operator: OperatorName::first(), day: desk.created };
    book.put_desk(&desk)?;
    book.put_operator(&super::records::Operator::first())?;
    book.record(&by, Action::Migrated, None, json!({"desk": desk.identity, "schema": 1}).to_string())?;
    for (issuer, created) in book.issuers_with_days()? {
        book.put_issuer(issuer, created)?;
        book.record(&by, Action::IssuerAdded, None, json!({"issuer": issuer.number.get()}).to_string())?;
    }
    for product in book.products()? {
        book.put_product(&product)?;
        book.record(&by, Action::ProductAdded, None, json!({"product": product.id.get()}).to_string())?;
    }
    let mut next = CustomerNumber::new(1);
    while next.is_some()
        && let Some(customer) = book.customers_from(next, 1)?.pop()
    {
        book.put_customer(&customer)?;
        let facts = json!({"customer": customer.number.get()}).to_string();
        book.record(&by, Action::CustomerAdded, None, facts)?;
        next = customer.number.get().checked_add(1).and_then(CustomerNumber::new);
    }
    book.adopt_codes(&by)
}

/// Brings the row of the desk into a book that was begun without it.
pub(super) fn adopt_desk(transaction: &Transaction<'_>) -> Result<(), LedgerFault> {
    let book = Book::on(transaction);
    let Some(desk) = book.desk_if_any()? else { return Ok(()) };
    let day =
        book.events_from(book.head()?.map_or(1, |head| head.sequence), 1)?.pop().map_or(desk.created, |it| it.day);
    book.put_desk(&desk)?;
    let facts = json!({"desk": desk.identity, "schema": 2}).to_string();
    book.record(&By { operator: OperatorName::first(), day }, Action::Migrated, None, facts).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Founding, Ledger, Operator};
    use crate::signer::{Signer as _, SoftwareKey};
    use activation_code::{IssuerNumber, PinnedIssuer};

    fn founded(room: &tempfile::TempDir) -> Ledger {
        let path = room.path().join("ledger.sqlite");
        std::fs::write(&path, "").unwrap();
        let (vendor, operator, day) = (&"Example".parse().unwrap(), &Operator::first(), "2027-03-01".parse().unwrap());
        Ledger::create(&path, &Founding { vendor, operator, day, identity: [7; 8] }).unwrap()
    }

    fn by() -> By {
        By { operator: OperatorName::first(), day: "2027-03-01".parse().unwrap() }
    }

    #[test]
    fn what_no_event_has_is_not_committed() {
        let room = tempfile::tempdir().unwrap();
        let mut ledger = founded(&room);
        let forgotten = ledger.write(|book| book.put_operator(&Operator::first()));
        assert!(matches!(forgotten, Err(LedgerFault::Record { .. })));
        // Also not where the event could not be written, and nobody minds.
        let refuse = "CREATE TEMP TRIGGER refuse BEFORE INSERT ON event BEGIN SELECT RAISE(FAIL, 'no'); END";
        ledger.connection.execute_batch(refuse).unwrap();
        let ignored = ledger.write(|book| {
            book.put_operator(&Operator::first())?;
            book.record(&by(), Action::OperatorChanged, None, "{}".to_owned()).unwrap_err();
            Ok::<_, LedgerFault>(())
        });
        assert!(matches!(ignored, Err(LedgerFault::Record { .. })));
        let last = ledger.read(|book| book.head()).unwrap().unwrap().sequence;
        let row: u64 = ledger.connection.query_row("SELECT event FROM operator", [], |row| row.get(0)).unwrap();
        assert_eq!((last, row), (1, 1));
    }

    #[test]
    fn a_row_that_would_not_be_as_the_book_says_is_refused() {
        let room = tempfile::tempdir().unwrap();
        let mut ledger = founded(&room);
        let number = IssuerNumber::new(1).unwrap();
        let issuer = |seed| PinnedIssuer { number, key: SoftwareKey::from_seed(&[seed; 32]).unwrap().public_key() };
        crate::desk::record_issuer(&mut ledger, &by(), issuer(1)).unwrap();
        let other = crate::desk::record_issuer(&mut ledger, &by(), issuer(2)).unwrap_err();
        assert!(matches!(other, LedgerFault::Record { what: "issuer" }), "{other}");
        assert_eq!(ledger.read(|book| book.issuers()).unwrap(), [issuer(1)]);
    }
}
