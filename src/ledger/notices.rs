//! Which renewal notices were written (rule D3).

use super::chain::Table;
use super::{Book, LedgerFault, Outcome, statements};
use activation_code::{Day, LicenseNumber};
use rusqlite::Row;
use rusqlite::types::Value;

/// A notice that was written: that a license ends on a day, so many days ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Which license.
    pub license: LicenseNumber,
    /// The last day that it names; 2020-01-01 or later.
    pub last: Day,
    /// At least so many days ahead.
    pub threshold: u16,
    /// On which day it was written, for the last time.
    pub day: Day,
}

impl Book<'_> {
    /// Records a notice that was written, in the place of an earlier one.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_notice(&self, record: &NoticeRecord) -> Outcome<()> {
        let NoticeRecord { license, last, threshold, day } = *record;
        self.put(
            Table::NoticeWritten,
            &format!("{license}/{}/{threshold}", last.days_since_2020()),
            statements::PUT_NOTICE,
            [
                license.get().into(),
                last.days_since_2020().into(),
                threshold.into(),
                day.to_string().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The notice of a license, its last day and a threshold, if it was written.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn notice(&self, license: LicenseNumber, last: Day, threshold: u16) -> Outcome<Option<NoticeRecord>> {
        self.row(statements::NOTICE, (license.get(), last.days_since_2020(), threshold), record)
    }

    /// At most `most` notices by license, last day and threshold, those that come after `after`.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn notices_after(&self, after: Option<&NoticeRecord>, most: u32) -> Outcome<Vec<NoticeRecord>> {
        let key = after.map_or((0, 0, 0), |it| (it.license.get(), it.last.days_since_2020(), it.threshold));
        self.rows(statements::NOTICES_AFTER, (key.0, key.1, key.2, most), record)
    }
}

fn record(row: &Row<'_>) -> Outcome<NoticeRecord> {
    let damaged = || LedgerFault::Record { what: "a notice" };
    Ok(NoticeRecord {
        license: LicenseNumber::new(row.get(0)?).ok_or_else(damaged)?,
        last: Day::from_days_since_2020(row.get(1)?).ok_or_else(damaged)?,
        threshold: row.get(2)?,
        day: row.get::<_, String>(3)?.parse().map_err(|_| damaged())?,
    })
}
