//! What happens to a license beside new codes: reprinting, revoking, another owner.

use super::issuing::{Issued, trust, verified};
use super::operators::{Permission, Session};
use super::plan::Seen;
use super::purge::refuse_purged;
use super::schedule::Schedule;
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, Customer, CustomerNumber, Entry, Ledger, LicenseRecord, Name, Privilege, Signed};
use activation_code::{Day, HostId, LicenseNumber, Revision};
use serde_json::json;

/// Gives a code out again, byte for byte, and writes that down (rule D6). Without a revision: those that count
/// today and later.
///
/// # Errors
/// There is no such license or revision, or it is revoked.
pub fn reprint(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    revision: Option<Revision>,
) -> Result<Vec<Issued>, DeskFault> {
    reprint_for(ledger, session, license, revision, None)
}

/// The same of the codes that one host alone accepts; `None`: of those of the license.
///
/// # Errors
/// Those of [`reprint`], or no such code is bound to the host.
pub fn reprint_for(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    revision: Option<Revision>,
    host: Option<HostId>,
) -> Result<Vec<Issued>, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Reprint)?;
        session.bounds(book)?.license(book, license, Privilege::Reprint)?;
        let (record, issued) = chosen(book, license, revision, host, session.today)?;
        let revisions: Vec<_> = issued.iter().map(|issued| issued.entry.terms.revision.get()).collect();
        let mut facts = json!({"customer": record.customer.get(), "revisions": revisions});
        if let Some(host) = host {
            facts["host"] = host.0.into();
        }
        let facts = facts.to_string();
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
    preview_reprint_for(ledger, session, license, revision, None)
}

/// The same of [`reprint_for`].
///
/// # Errors
/// There is no such license, revision or code.
pub fn preview_reprint_for(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    revision: Option<Revision>,
    host: Option<HostId>,
) -> Result<Vec<Issued>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Reprint)?;
        session.bounds(book)?.license(book, license, Privilege::Reprint)?;
        Ok(chosen(book, license, revision, host, session.today)?.1)
    })
}

/// The codes of a license that are wanted, verified again.
fn chosen(
    book: &Book<'_>,
    license: LicenseNumber,
    revision: Option<Revision>,
    host: Option<HostId>,
    today: Day,
) -> Result<(LicenseRecord, Vec<Issued>), DeskFault> {
    let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
    let codes = book.codes_of(license)?;
    if let Some(revision) = revision.filter(|revision| !record.is_revoked() && record.revokes(*revision)) {
        return Err(Refused::RevokedRevision { license, revision }.into());
    }
    let chosen: Vec<_> = match revision {
        _ if record.is_revoked() => Vec::new(),
        Some(revision) => codes.iter().filter(|code| code.entry.terms.revision == revision).collect(),
        None => {
            let schedule = Schedule::of(&record, &codes, today);
            schedule.running.into_iter().chain(schedule.queued).collect()
        }
    };
    match (chosen.is_empty(), revision) {
        (true, Some(revision)) if !record.is_revoked() => {
            return Err(Refused::UnknownRevision { license, revision }.into());
        }
        (true, _) => return Err(Refused::Revoked(license).into()),
        (false, _) => {}
    }
    let bound = if host.is_some() { book.bound_codes_of(license)? } else { Vec::new() };
    let for_host = |code: &Signed| {
        let (host, revision) = (host?, code.entry.terms.revision);
        let is_for = |code: &&Signed| code.entry.terms.revision == revision && code.entry.terms.host == Some(host);
        bound.iter().chain(&codes).find(is_for)
    };
    let chosen: Vec<_> = match host {
        Some(_) => chosen.into_iter().filter_map(for_host).collect(),
        None => chosen,
    };
    if let (Some(host), true) = (host, chosen.is_empty()) {
        return Err(Refused::NotBound { license, host }.into());
    }
    let trust = trust(&book.issuers()?)?;
    let issued = chosen.into_iter().map(|code| verified(code.clone(), &trust)).collect::<Result<_, _>>()?;
    Ok((record, issued))
}

/// What a revocation makes void, before anybody says yes to it (rule D12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The license as it is.
    pub license: LicenseRecord,
    /// The codes that will be void and are not yet, lowest revision first.
    pub void: Vec<Entry>,
    /// The codes that stay good.
    pub good: Vec<Entry>,
    good_from: u16,
    seen: Option<Seen>,
}

/// What revoking the codes of a license below a revision, or all of it, would make void.
///
/// # Errors
/// There is no such license or revision, nothing would change, or the operator may not.
pub fn preview_revocation(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    below: Option<Revision>,
) -> Result<Revocation, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Revoke)?;
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        let codes = book.codes_of(license)?;
        let seen = Seen::of(&record, &codes);
        let good_from = match below {
            None => LicenseRecord::NONE_GOOD,
            Some(revision) if codes.last().is_none_or(|newest| revision > newest.entry.terms.revision) => {
                return Err(Refused::UnknownRevision { license, revision }.into());
            }
            Some(revision) => revision.get(),
        };
        let entries = codes.into_iter().map(|code| code.entry);
        let (void, good): (Vec<_>, Vec<_>) =
            entries.filter(|it| !record.revokes(it.terms.revision)).partition(|it| it.terms.revision.get() < good_from);
        if void.is_empty() {
            return Err(Refused::RevokedBefore { license, good_from: record.good_from }.into());
        }
        Ok(Revocation { license: record, void, good, good_from, seen })
    })
}

/// Revokes what was looked at. It goes into the next trust bundle; an installation that never loads one does not
/// know. What was revoked stays revoked.
///
/// # Errors
/// Somebody else changed the license meanwhile, or the operator may not.
pub fn revoke(
    ledger: &mut Ledger,
    session: &Session,
    revocation: &Revocation,
    reason: Option<&Name>,
) -> Result<LicenseRecord, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Revoke)?;
        let record = as_seen(book, revocation.license.number, revocation.seen)?;
        let facts = json!({
            "customer": record.customer.get(),
            "good_from": revocation.good_from,
            "reason": reason.map(Name::as_str),
        });
        let license = record.number;
        book.put_license(license, record.customer, Some(revocation.good_from))?;
        let event = book.record_after(&by, Action::Revoked, Some(license), Some(record.event), facts.to_string())?;
        Ok(LicenseRecord { good_from: Some(revocation.good_from), event, ..record })
    })
}

fn as_seen(book: &Book<'_>, license: LicenseNumber, seen: Option<Seen>) -> Result<LicenseRecord, DeskFault> {
    let (record, now) = Seen::now(book, license)?.ok_or(Refused::UnknownLicense(license))?;
    if seen != Some(now) {
        return Err(Refused::ChangedMeanwhile.into());
    }
    Ok(record)
}

/// What a transfer comes to, before anybody says yes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The license as it is.
    pub license: LicenseRecord,
    /// Whose it is.
    pub from: Customer,
    /// Whose it will be.
    pub to: Customer,
    /// Its codes that are not revoked, lowest revision first: they stay as they are.
    pub codes: Vec<Entry>,
    seen: Option<Seen>,
}

/// What giving a license to another customer comes to.
///
/// # Errors
/// There is no such license or customer, it is theirs already or revoked, or the operator may not.
pub fn preview_transfer(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    to: CustomerNumber,
) -> Result<Transfer, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Transfer)?;
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        if record.is_revoked() {
            return Err(Refused::Revoked(license).into());
        }
        let customer = |number: CustomerNumber| {
            let found = book.customer(number)?;
            found.ok_or_else(|| DeskFault::from(Refused::UnknownCustomer(number.to_string())))
        };
        let (from, to) = (customer(record.customer)?, customer(to)?);
        refuse_purged(book, to.number)?;
        if from.number == to.number {
            return Err(Refused::OwnedAlready { license, customer: to.number }.into());
        }
        let codes = book.codes_of(license)?;
        let seen = Seen::of(&record, &codes);
        let good = codes.into_iter().map(|code| code.entry).filter(|it| !record.revokes(it.terms.revision));
        Ok(Transfer { license: record, from, to, codes: good.collect(), seen })
    })
}

/// Gives a license to another customer, as it was looked at. Its codes stay as they are.
///
/// # Errors
/// Somebody else changed the license meanwhile, or the operator may not.
pub fn transfer(ledger: &mut Ledger, session: &Session, transfer: &Transfer) -> Result<LicenseRecord, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Transfer)?;
        let record = as_seen(book, transfer.license.number, transfer.seen)?;
        let (license, to) = (record.number, transfer.to.number);
        refuse_purged(book, to)?;
        let facts = json!({"from": record.customer.get(), "customer": to.get()}).to_string();
        book.put_license(license, to, record.good_from)?;
        let event = book.record_after(&by, Action::Transferred, Some(license), Some(record.event), facts)?;
        Ok(LicenseRecord { customer: to, event, ..record })
    })
}

/// What the desk knows of a license beside its codes.
///
/// # Errors
/// There is no such license.
pub fn find_license(ledger: &mut Ledger, license: LicenseNumber) -> Result<LicenseRecord, DeskFault> {
    ledger.read(|book| Ok(book.license(license)?.ok_or(Refused::UnknownLicense(license))?))
}
