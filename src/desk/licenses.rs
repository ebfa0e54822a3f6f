//! What happens to a license beside new codes: reprinting, revoking, another owner.

use super::issuing::{Issued, trust, verified};
use super::operators::{Permission, Session};
use super::schedule::Schedule;
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, CustomerNumber, Ledger, LicenseRecord, Name};
use activation_code::{Day, LicenseNumber, Revision};
use serde_json::json;

/// Gives a code out again, byte for byte, and writes that down (rule D6). Without a revision: those that count
/// today and later.
///
/// # Errors
/// There is no such license or revision.
pub fn reprint(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    revision: Option<Revision>,
) -> Result<Vec<Issued>, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Reprint)?;
        let (record, issued) = chosen(book, license, revision, session.today)?;
        let revisions: Vec<_> = issued.iter().map(|issued| issued.entry.terms.revision.get()).collect();
        let facts = json!({"customer": record.customer.get(), "revisions": revisions}).to_string();
        book.put_license(license, record.customer, record.good_from)?;
        book.record_after(&by, Action::Reprinted, Some(license), Some(record.event), facts)?;
        Ok(issued)
    })
}

/// What [`reprint`] would give out. Nobody has seen it then, and nothing is written down.
///
/// # Errors
/// There is no such license or revision.
pub fn preview_reprint(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    revision: Option<Revision>,
) -> Result<Vec<Issued>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Reprint)?;
        Ok(chosen(book, license, revision, session.today)?.1)
    })
}

/// The codes of a license that are wanted, verified again.
fn chosen(
    book: &Book<'_>,
    license: LicenseNumber,
    revision: Option<Revision>,
    today: Day,
) -> Result<(LicenseRecord, Vec<Issued>), DeskFault> {
    let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
    let codes = book.codes_of(license)?;
    let chosen: Vec<_> = match revision {
        Some(revision) => codes.iter().filter(|code| code.entry.terms.revision == revision).collect(),
        None => {
            let schedule = Schedule::of(&record, &codes, today);
            schedule.running.into_iter().chain(schedule.queued).collect()
        }
    };
    match (chosen.is_empty(), revision) {
        (true, Some(revision)) => return Err(Refused::UnknownRevision { license, revision }.into()),
        (true, None) => return Err(Refused::Revoked(license).into()),
        (false, _) => {}
    }
    let trust = trust(&book.issuers()?)?;
    let issued = chosen.into_iter().map(|code| verified(code.clone(), &trust)).collect::<Result<_, _>>()?;
    Ok((record, issued))
}

/// Revokes the codes of a license below a revision, or all of it (rule D12). It goes into the next trust bundle;
/// an installation that never loads one does not know. What was revoked stays revoked.
///
/// # Errors
/// There is no such license or revision, or nothing would change.
pub fn revoke(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    below: Option<Revision>,
    reason: Option<&Name>,
) -> Result<LicenseRecord, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Revoke)?;
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        let newest = book.newest_code(license)?.ok_or(Refused::UnknownLicense(license))?;
        let good_from = match below {
            None => LicenseRecord::NONE_GOOD,
            Some(revision) if revision > newest.entry.terms.revision => {
                return Err(Refused::UnknownRevision { license, revision }.into());
            }
            Some(revision) => revision.get(),
        };
        // Below the first revision there is nothing to revoke.
        if good_from <= record.good_from.unwrap_or(Revision::FIRST.get()) {
            return Err(Refused::RevokedBefore { license, good_from: record.good_from }.into());
        }
        let facts = json!({
            "customer": record.customer.get(),
            "good_from": good_from,
            "reason": reason.map(Name::as_str),
        });
        book.put_license(license, record.customer, Some(good_from))?;
        let event = book.record_after(&by, Action::Revoked, Some(license), Some(record.event), facts.to_string())?;
        Ok(LicenseRecord { good_from: Some(good_from), event, ..record })
    })
}

/// Gives a license to another customer. Its codes stay as they are.
///
/// # Errors
/// There is no such license or customer, or it is theirs already.
pub fn transfer(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    to: CustomerNumber,
) -> Result<LicenseRecord, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Transfer)?;
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        if record.is_revoked() {
            return Err(Refused::Revoked(license).into());
        }
        let customer = book.customer(to)?.ok_or_else(|| Refused::UnknownCustomer(to.to_string()))?;
        if customer.number == record.customer {
            return Err(Refused::OwnedAlready { license, customer: to }.into());
        }
        let facts = json!({"from": record.customer.get(), "customer": to.get()}).to_string();
        book.put_license(license, to, record.good_from)?;
        let event = book.record_after(&by, Action::Transferred, Some(license), Some(record.event), facts)?;
        Ok(LicenseRecord { customer: to, event, ..record })
    })
}
