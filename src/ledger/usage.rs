//! What installations say of their use.

use super::chain::Table;
use super::{Book, LedgerFault, Outcome, statements};
use activation_code::{ClockState, Day, HostId, LicenseNumber, ProductId, Revision};
use rusqlite::Row;
use rusqlite::types::Value;

/// What an installation says of its use of a license: a claim, which nobody signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageClaim {
    /// Of which license.
    pub license: LicenseNumber,
    /// Which host.
    pub host: HostId,
    /// On which day, as it counts there; 2020-01-01 or later.
    pub day: Day,
    /// Which revision counts there.
    pub revision: Revision,
    /// Its product.
    pub product: ProductId,
    /// Units in use by the whole installation.
    pub in_use: u32,
    /// What it thinks of its clock.
    pub clock: ClockState,
    /// The number of its trust bundle.
    pub bundle: Option<u32>,
}

impl Book<'_> {
    /// Records what an installation says, in the place of what it said of that day before.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_usage(&self, claim: &UsageClaim) -> Outcome<()> {
        let UsageClaim { license, host, day, revision, product, in_use, clock, bundle } = *claim;
        self.put(
            Table::UsageClaim,
            &format!("{license}/{}/{}", host.0, day.days_since_2020()),
            statements::PUT_USAGE,
            [
                license.get().into(),
                host.0.into(),
                day.days_since_2020().into(),
                revision.get().into(),
                product.get().into(),
                in_use.into(),
                clock.name().to_owned().into(),
                bundle.map_or(Value::Null, Into::into),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// What a host says of a license and a day.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn usage(&self, license: LicenseNumber, host: HostId, day: Day) -> Outcome<Option<UsageClaim>> {
        let key = (license.get(), host.0, day.days_since_2020());
        Ok(self.rows(statements::USAGE, key, claim)?.pop())
    }

    /// What was said of a license, by host and day.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn usage_of(&self, license: LicenseNumber) -> Outcome<Vec<UsageClaim>> {
        self.rows(statements::USAGE_OF, [license.get()], claim)
    }

    /// What was said of all licenses, by license, host and day.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn all_usage(&self) -> Outcome<Vec<UsageClaim>> {
        self.rows(statements::ALL_USAGE, [], claim)
    }
}

fn claim(row: &Row<'_>) -> Outcome<UsageClaim> {
    let damaged = || LedgerFault::Record { what: "a claim of use" };
    let clock = row.get::<_, String>(6)?;
    Ok(UsageClaim {
        license: LicenseNumber::new(row.get(0)?).ok_or_else(damaged)?,
        host: HostId(row.get(1)?),
        day: Day::from_days_since_2020(row.get(2)?).ok_or_else(damaged)?,
        revision: Revision::new(row.get(3)?).ok_or_else(damaged)?,
        product: ProductId::new(row.get(4)?).ok_or_else(damaged)?,
        in_use: row.get(5)?,
        clock: ClockState::ALL.into_iter().find(|state| state.name() == clock).ok_or_else(damaged)?,
        bundle: row.get(7)?,
    })
}
