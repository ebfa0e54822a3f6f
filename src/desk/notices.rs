//! Renewal notices: customers hear that a license ends, once for each threshold (domain rule D3).

use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{AccountNumber, Action, Book, Ledger, LedgerFault, Listed, NoticeRecord, Privilege};
use activation_code::{Day, Kind, LicenseNumber, MaintenancePeriod};
use serde_json::json;

/// How many days ahead customers hear of the end of a license, where nothing else is said.
pub const NOTICE_THRESHOLDS: [u16; 2] = [60, 30];

/// Nobody hears of it later than this, in days.
pub const LATEST_THRESHOLD: u16 = 30;

/// Earliest threshold, in days.
pub const EARLIEST_THRESHOLD: u16 = 366;

/// Which notices are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticesWanted {
    /// How many days ahead, each from [`LATEST_THRESHOLD`] to [`EARLIEST_THRESHOLD`].
    pub thresholds: Vec<u16>,
    /// Of licenses that end at most so many days from today.
    pub within: u16,
    /// Also those that were written before.
    pub again: bool,
}

/// A notice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeDue {
    /// The license, with the code that ends.
    pub listed: Listed,
    /// The threshold that was reached: the smallest one.
    pub threshold: u16,
    /// On which day it was written before.
    pub before: Option<Day>,
}

impl NoticeDue {
    /// The last day that it names.
    pub fn last(&self) -> Day {
        self.listed.newest.entry.period.last()
    }
}

/// Notices that are due, and after which license the next ones come; `None`: there are no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticesPage {
    /// By last day and number.
    pub due: Vec<NoticeDue>,
    /// For the next page.
    pub next: Option<(Day, LicenseNumber)>,
}

/// The notices that are due today, of at most `most` licenses that end soon, those that come after `after`.
///
/// A license that was renewed has none: another code of it ends later. Neither has one that is revoked, for testing (but
/// at a desk for testing) or for an evaluation, which is not renewed and of which the installation itself warns. An
/// operator of a partner gets those of its customers.
///
/// # Errors
/// A threshold is later than [`LATEST_THRESHOLD`] days ahead, or the operator may not.
pub fn notices_due(
    ledger: &mut Ledger,
    session: &Session,
    wanted: &NoticesWanted,
    after: Option<(Day, LicenseNumber)>,
    most: u32,
) -> Result<NoticesPage, DeskFault> {
    check_thresholds(wanted)?;
    ledger.read(|book| {
        session.begin(book, Permission::Notices)?;
        let account = session.bounds(book)?.account();
        let end = session.today.plus_or_last(wanted.within.into());
        let period = MaintenancePeriod::new(session.today, end);
        let period = period.ok_or(LedgerFault::Record { what: "a day" })?;
        let page = book.due(period, after, most)?;
        let last = page.last().map(|listed| (listed.newest.entry.period.last(), listed.license.number));
        let next = last.filter(|_| page.len() == most as usize);
        let mut due = Vec::new();
        for listed in page {
            due.extend(one_due(book, session.today, account, wanted, listed)?);
        }
        Ok(NoticesPage { due, next })
    })
}

fn check_thresholds(wanted: &NoticesWanted) -> Result<(), Refused> {
    let possible = LATEST_THRESHOLD..=EARLIEST_THRESHOLD;
    match wanted.thresholds.iter().find(|days| !possible.contains(days)) {
        Some(&days) => Err(Refused::Threshold { days }),
        None => Ok(()),
    }
}

fn one_due(
    book: &Book<'_>,
    today: Day,
    account: Option<AccountNumber>,
    wanted: &NoticesWanted,
    listed: Listed,
) -> Result<Option<NoticeDue>, DeskFault> {
    let (terms, last) = (&listed.newest.entry.terms, listed.newest.entry.period.last());
    if terms.kind == Kind::Evaluation || (terms.test && !book.trust_settings()?.test) {
        return Ok(None);
    }
    // Where a product's End of Life has passed, a customer may be purged before the last day.
    if book.purged(listed.license.customer)?.is_some() {
        return Ok(None);
    }
    if account.is_some() && book.reseller_of(listed.license.customer)? != account {
        return Ok(None);
    }
    let left = last.days_after(today);
    let reached = wanted.thresholds.iter().copied().filter(|days| left <= i32::from(*days)).min();
    let Some(threshold) = reached else { return Ok(None) };
    let before = book.notice(terms.license, last, threshold)?.map(|record| record.day);
    let due = NoticeDue { listed, threshold, before };
    Ok(Some(due).filter(|due| wanted.again || due.before.is_none()))
}

/// Whether a notice was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Now.
    Now,
    /// Somebody else did meanwhile.
    Meanwhile,
}

/// Records that a notice was written, after its file is safe: what is lost in between is written again.
///
/// # Errors
/// The operator may not, or the license is somebody else's by now, or was renewed or revoked meanwhile.
pub fn record_notice(ledger: &mut Ledger, session: &Session, due: &NoticeDue) -> Result<Noticed, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Notices)?;
        let (license, last) = (due.listed.license.number, due.last());
        session.bounds(book)?.license(book, license, Privilege::Renew)?;
        let before = book.notice(license, last, due.threshold)?.map(|record| record.day);
        if before != due.before {
            return Ok(Noticed::Meanwhile);
        }
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        let (was, newest) = (&due.listed.license, book.codes_of(license)?.pop());
        let revision = newest.map(|code| code.entry.terms.revision);
        if (record.customer, record.good_from) != (was.customer, was.good_from)
            || revision != Some(due.listed.newest.entry.terms.revision)
        {
            return Err(Refused::ChangedMeanwhile.into());
        }
        book.put_license(license, record.customer, record.good_from)?;
        book.put_notice(&NoticeRecord { license, last, threshold: due.threshold, day: by.day })?;
        let facts = json!({"last": last.to_string(), "threshold": due.threshold}).to_string();
        book.record_after(&by, Action::NoticeWritten, Some(license), Some(record.event), facts)?;
        Ok(Noticed::Now)
    })
}

/// At most `most` notices that were written, by license, last day and threshold, those that come after `after`.
///
/// # Errors
/// Those of the ledger.
pub fn notices_written(
    ledger: &mut Ledger,
    after: Option<&NoticeRecord>,
    most: u32,
) -> Result<Vec<NoticeRecord>, LedgerFault> {
    ledger.read(|book| book.notices_after(after, most))
}
