//! What the desk has issued: an SQLite file. The only code that knows SQL.
//!
//! A [`Ledger`] is opened once per command; everything is read and written through a
//! [`Book`], which is one transaction. An operation of the desk is one closure:
//! what it wrote is on disk when [`Ledger::write`] returns, or was never written.

mod records;
mod schema;

pub use records::{
    Customer, CustomerNumber, Entry, Mnemonic, Name, OrderReference, Product, ProductKind, TextFault, UnitType,
};

use activation_code::{
    Day, IssuerNumber, LicenseNumber, MaintenancePeriod, PinnedIssuer, ProductId, PublicKey, Revision, SIGNATURE_BYTES,
    Terms,
};
use rusqlite::{Connection, ErrorCode, Row, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::time::Duration;

/// How long one desk waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
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
    /// Made by a newer release.
    #[error("it was made by a newer release (schema {found}, this release knows {known})")]
    Newer {
        /// Its schema.
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

impl Ledger {
    /// Makes a ledger in an empty file that exists.
    ///
    /// # Errors
    /// What the system or SQLite says.
    pub fn create(path: &Path, vendor: &Name, today: Day) -> Result<Self, LedgerFault> {
        let mut ledger = Self { connection: schema::create(path)? };
        ledger.write(|book| {
            let row = params![vendor.as_str(), today.to_string()];
            book.transaction.execute("INSERT INTO desk (id, vendor, created) VALUES (1, ?1, ?2)", row)?;
            Ok::<_, LedgerFault>(())
        })?;
        Ok(ledger)
    }

    /// Opens the ledger of a desk, and brings it to this release's schema.
    ///
    /// # Errors
    /// Missing, damaged, newer, not writable, or no ledger.
    pub fn open(path: &Path) -> Result<Self, LedgerFault> {
        Ok(Self { connection: schema::open(path)? })
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
        let book = Book { transaction };
        let result = work(&book)?;
        book.transaction.commit().map_err(LedgerFault::from)?;
        Ok(result)
    }

    /// One transaction that reads: everything in it is of one moment.
    ///
    /// # Errors
    /// Those of `work`, and those of the ledger.
    pub fn read<T, E: From<LedgerFault>>(&mut self, work: impl FnOnce(&Book<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection.transaction().map_err(LedgerFault::from)?;
        work(&Book { transaction })
    }
}

/// The ledger within one transaction.
#[derive(Debug)]
pub struct Book<'a> {
    transaction: Transaction<'a>,
}

type Outcome<T> = Result<T, LedgerFault>;

impl Book<'_> {
    fn rows<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: fn(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Vec<T>> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    fn row<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: fn(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        rows.next()?.map(read).transpose()
    }

    /// The vendor's name.
    ///
    /// # Errors
    /// Those of the ledger, as everywhere here.
    pub fn vendor(&self) -> Outcome<String> {
        Ok(self.transaction.query_row("SELECT vendor FROM desk", [], |row| row.get(0))?)
    }

    /// Records an issuing key.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_issuer(&self, issuer: PinnedIssuer, today: Day) -> Outcome<()> {
        let sql = "INSERT INTO issuer (number, public_key, created) VALUES (?1, ?2, ?3)";
        self.transaction.execute(sql, params![issuer.number.get(), issuer.key.to_string(), today.to_string()])?;
        Ok(())
    }

    /// The issuing keys, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn issuers(&self) -> Outcome<Vec<PinnedIssuer>> {
        self.rows("SELECT number, public_key FROM issuer ORDER BY number", [], |row| {
            let damaged = LedgerFault::Record { what: "an issuing key" };
            let key = row.get::<_, String>(1)?.parse::<PublicKey>();
            match (IssuerNumber::new(row.get(0)?), key) {
                (Some(number), Ok(key)) => Ok(PinnedIssuer { number, key }),
                _ => Err(damaged),
            }
        })
    }

    /// Records a product.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_product(&self, product: &Product) -> Outcome<()> {
        let sql = "INSERT INTO product (id, mnemonic, name, unit, kind) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.transaction.execute(
            sql,
            params![
                product.id.get(),
                product.mnemonic.as_str(),
                product.name.as_str(),
                product.unit.name(),
                product.kind.name()
            ],
        )?;
        for member in &product.members {
            let sql = "INSERT INTO suite_member (suite, member) VALUES (?1, ?2)";
            self.transaction.execute(sql, params![product.id.get(), member.get()])?;
        }
        Ok(())
    }

    /// The catalogue, by product id.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn products(&self) -> Outcome<Vec<Product>> {
        let products = self.rows("SELECT id, mnemonic, name, unit, kind FROM product ORDER BY id", [], product)?;
        products.into_iter().map(|product| self.with_members(product)).collect()
    }

    /// The product with this id.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn product(&self, id: ProductId) -> Outcome<Option<Product>> {
        let sql = "SELECT id, mnemonic, name, unit, kind FROM product WHERE id = ?1";
        self.row(sql, [id.get()], product)?.map(|product| self.with_members(product)).transpose()
    }

    /// The product with this mnemonic.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn product_called(&self, mnemonic: &Mnemonic) -> Outcome<Option<Product>> {
        let sql = "SELECT id, mnemonic, name, unit, kind FROM product WHERE mnemonic = ?1";
        self.row(sql, [mnemonic.as_str()], product)?.map(|product| self.with_members(product)).transpose()
    }

    fn with_members(&self, mut product: Product) -> Outcome<Product> {
        let sql = "SELECT member FROM suite_member WHERE suite = ?1 ORDER BY member";
        product.members = self.rows(sql, [product.id.get()], |row| {
            ProductId::new(row.get(0)?).ok_or(LedgerFault::Record { what: "a suite" })
        })?;
        Ok(product)
    }

    /// Records a customer and gives it the next number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_customer(&self, name: &Name) -> Outcome<CustomerNumber> {
        self.transaction.execute("INSERT INTO customer (name) VALUES (?1)", [name.as_str()])?;
        let number = self.transaction.last_insert_rowid();
        u32::try_from(number).ok().and_then(CustomerNumber::new).ok_or(LedgerFault::Record { what: "a customer" })
    }

    /// The customers, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers(&self) -> Outcome<Vec<Customer>> {
        self.rows("SELECT number, name FROM customer ORDER BY number", [], customer)
    }

    /// The customer with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customer(&self, number: CustomerNumber) -> Outcome<Option<Customer>> {
        self.row("SELECT number, name FROM customer WHERE number = ?1", [number.get()], customer)
    }

    /// The customer with exactly this name.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customer_called(&self, name: &Name) -> Outcome<Option<Customer>> {
        self.row("SELECT number, name FROM customer WHERE name = ?1", [name.as_str()], customer)
    }

    /// The next license number that was never used; `None` if there is none left.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_license_number(&self) -> Outcome<Option<LicenseNumber>> {
        let highest: u32 =
            self.transaction.query_row("SELECT COALESCE(MAX(number), 0) FROM license", [], |row| row.get(0))?;
        Ok(LicenseNumber::new(highest.saturating_add(1)))
    }

    /// Opens a license for a customer.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_license(&self, number: LicenseNumber, customer: CustomerNumber) -> Outcome<()> {
        let sql = "INSERT INTO license (number, customer) VALUES (?1, ?2)";
        self.transaction.execute(sql, params![number.get(), customer.get()])?;
        Ok(())
    }

    /// Records a revision, signed or only reserved.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_entry(&self, entry: &Entry) -> Outcome<()> {
        let payload = entry.terms.to_payload().map_err(|_| LedgerFault::Record { what: "a code" })?;
        self.transaction.execute(
            "INSERT INTO revision (license, revision, order_reference, first_day, last_day, payload, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                entry.terms.license.get(),
                entry.terms.revision.get(),
                entry.reference.as_ref().map(OrderReference::as_str),
                entry.period.first().to_string(),
                entry.period.last().to_string(),
                payload,
                entry.signature.as_ref().map(<[u8; SIGNATURE_BYTES]>::as_slice),
            ],
        )?;
        Ok(())
    }

    /// Adds the signature to a reserved revision. One that is there is never changed.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn set_signature(
        &self,
        license: LicenseNumber,
        revision: Revision,
        signature: &[u8; SIGNATURE_BYTES],
    ) -> Outcome<()> {
        let sql =
            "UPDATE revision SET signature = ?3 WHERE license = ?1 AND revision = ?2 AND COALESCE(signature, ?3) = ?3";
        let changed = self.transaction.execute(sql, params![license.get(), revision.get(), signature.as_slice()])?;
        if changed == 1 { Ok(()) } else { Err(LedgerFault::Record { what: "a reserved code" }) }
    }

    /// Every revision, by license and revision.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn entries(&self) -> Outcome<Vec<Entry>> {
        self.rows(&entry_query("ORDER BY r.license, r.revision"), [], entry)
    }

    /// The revisions of a license, lowest first.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn entries_of(&self, license: LicenseNumber) -> Outcome<Vec<Entry>> {
        self.rows(&entry_query("WHERE r.license = ?1 ORDER BY r.revision"), [license.get()], entry)
    }

    /// The revision that an order made.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn entry_for(&self, reference: &OrderReference) -> Outcome<Option<Entry>> {
        self.row(&entry_query("WHERE r.order_reference = ?1"), [reference.as_str()], entry)
    }
}

fn product(row: &Row<'_>) -> Outcome<Product> {
    let damaged = || LedgerFault::Record { what: "a product" };
    Ok(Product {
        id: ProductId::new(row.get(0)?).ok_or_else(damaged)?,
        mnemonic: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        name: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
        unit: UnitType::from_name(&row.get::<_, String>(3)?).ok_or_else(damaged)?,
        kind: ProductKind::from_name(&row.get::<_, String>(4)?).ok_or_else(damaged)?,
        members: Vec::new(),
    })
}

fn customer(row: &Row<'_>) -> Outcome<Customer> {
    let damaged = || LedgerFault::Record { what: "a customer" };
    Ok(Customer {
        number: CustomerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        name: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
    })
}

fn entry_query(rest: &str) -> String {
    format!(
        "SELECT l.customer, r.order_reference, r.first_day, r.last_day, r.payload, r.signature, r.license, r.revision
         FROM revision r JOIN license l ON l.number = r.license {rest}"
    )
}

fn entry(row: &Row<'_>) -> Outcome<Entry> {
    let damaged = || LedgerFault::Record { what: "a code" };
    let day = |column| Ok::<_, LedgerFault>(row.get::<_, String>(column)?.parse::<Day>().ok());
    let period = day(2)?.zip(day(3)?).and_then(|(first, last)| MaintenancePeriod::new(first, last));
    let terms = Terms::from_payload(&row.get::<_, Vec<u8>>(4)?).map_err(|_| damaged())?;
    let key: (u32, u16) = (row.get(6)?, row.get(7)?);
    if key != (terms.license.get(), terms.revision.get()) {
        return Err(damaged());
    }
    Ok(Entry {
        customer: CustomerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        reference: row
            .get::<_, Option<String>>(1)?
            .map(|text| text.parse())
            .transpose()
            .map_err(|_: TextFault| damaged())?,
        period: period.ok_or_else(damaged)?,
        terms,
        signature: row
            .get::<_, Option<Vec<u8>>>(5)?
            .map(|bytes| bytes.try_into())
            .transpose()
            .map_err(|_: Vec<u8>| damaged())?,
    })
}
