//! Keys that partners hand out (rule D13).

use super::accounts::AccountNumber;
use super::chain::Table;
use super::{Book, LedgerFault, Outcome, statements};
use crate::calendar::Term;
use activation_code::{Day, Kind, LicenseNumber, ProductId, RegistrationKey, Units};
use rusqlite::Row;
use rusqlite::types::Value;
use sha2::{Digest as _, Sha256};

/// What became of a registration key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It can be redeemed.
    Available,
    /// It became a license.
    Redeemed,
    /// It cannot be redeemed any more.
    Cancelled,
}

impl KeyState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Available, Self::Redeemed, Self::Cancelled];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Redeemed => "redeemed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What the ledger keeps of a registration key: enough to know it again, and not enough to redeem it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl From<&RegistrationKey> for KeyDigest {
    fn from(key: &RegistrationKey) -> Self {
        // 92 random bits need no salt: nobody can try them all.
        Self(Sha256::new_with_prefix(b"countersign registration key\0").chain_update(key.bytes()).finalize().into())
    }
}

/// A registration key and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its number at this desk, from 1: what people may say aloud and the book may keep.
    pub number: u32,
    /// Of the key.
    pub digest: KeyDigest,
    /// Who hands it out.
    pub account: AccountNumber,
    /// What it becomes.
    pub product: ProductId,
    /// How many units.
    pub units: Units,
    /// Of which kind.
    pub kind: Kind,
    /// For how long, from the day on that is agreed on when it is redeemed.
    pub term: Term,
    /// What became of it.
    pub state: KeyState,
    /// The license that it became.
    pub license: Option<LicenseNumber>,
    /// On which day its state became what it is.
    pub day: Day,
}

impl Book<'_> {
    /// Records a registration key, or what became of it.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_registration_key(&self, record: &KeyRecord) -> Outcome<()> {
        self.put(
            Table::RegistrationKey,
            &record.number.to_string(),
            statements::PUT_REGISTRATION_KEY,
            [
                record.number.into(),
                record.digest.0.to_vec().into(),
                record.account.get().into(),
                record.product.get().into(),
                record.units.get().into(),
                record.kind.name().to_owned().into(),
                record.term.to_string().into(),
                record.state.name().to_owned().into(),
                record.license.map_or(Value::Null, |license| license.get().into()),
                record.day.to_string().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The number of the next registration key.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_registration_key(&self) -> Outcome<u32> {
        let highest: u32 = self.row(statements::HIGHEST_REGISTRATION_KEY, [], |row| Ok(row.get(0)?))?.unwrap_or(0);
        highest.checked_add(1).ok_or(LedgerFault::Record { what: WHAT })
    }

    /// The registration key of a number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn registration_key(&self, number: u32) -> Outcome<Option<KeyRecord>> {
        self.row(statements::REGISTRATION_KEY, [number], record)
    }

    /// The registration key that is printed so.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn registration_key_of(&self, key: &RegistrationKey) -> Outcome<Option<KeyRecord>> {
        self.row(statements::REGISTRATION_KEY_OF, [KeyDigest::from(key).0.to_vec()], record)
    }

    /// At most `most` registration keys by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn registration_keys_from(&self, first: u32, most: u32) -> Outcome<Vec<KeyRecord>> {
        self.rows(statements::REGISTRATION_KEYS_FROM, (first, most), record)
    }

    /// The same of a partner.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn registration_keys_of(&self, account: AccountNumber, first: u32, most: u32) -> Outcome<Vec<KeyRecord>> {
        self.rows(statements::REGISTRATION_KEYS_OF, (account.get(), first, most), record)
    }
}

const WHAT: &str = "a registration key";

fn record(row: &Row<'_>) -> Outcome<KeyRecord> {
    let damaged = || LedgerFault::Record { what: WHAT };
    let (digest, kind, term, state): (Vec<u8>, String, String, String) =
        (row.get(1)?, row.get(5)?, row.get(6)?, row.get(7)?);
    let license: Option<u32> = row.get(8)?;
    let day: String = row.get(9)?;
    Ok(KeyRecord {
        number: row.get(0)?,
        digest: KeyDigest(digest.try_into().map_err(|_| damaged())?),
        account: AccountNumber::new(row.get(2)?).ok_or_else(damaged)?,
        product: ProductId::new(row.get(3)?).ok_or_else(damaged)?,
        units: Units::new(row.get(4)?).ok_or_else(damaged)?,
        kind: Kind::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(damaged)?,
        term: term.parse().map_err(|_| damaged())?,
        state: KeyState::from_name(&state).ok_or_else(damaged)?,
        license: license.map(|number| LicenseNumber::new(number).ok_or_else(damaged)).transpose()?,
        day: day.parse().map_err(|_| damaged())?,
    })
}
