//! Adherence: what installations say of their use, and what of it is above their licenses (rules I8 and D16).

use super::operators::{Permission, Session};
use super::schedule::Schedule;
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, Ledger, Privilege, UsageClaim};
use activation_code::{Day, HostId, LicenseNumber, Receipt, Units};
use activation_host::usage::UsageReport;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The claims of a report: one for each license that counts there.
///
/// # Errors
/// No license counts there, or nobody counted the units in use.
pub fn claims_of_report(report: &UsageReport) -> Result<Vec<UsageClaim>, Refused> {
    let in_use = report.in_use.ok_or(Refused::NothingCounted)?;
    let claims: Vec<_> = report
        .licenses
        .iter()
        .filter(|license| license.counts)
        .map(|license| UsageClaim {
            license: license.license,
            host: report.host,
            day: report.day,
            revision: license.revision,
            product: license.product,
            in_use,
            clock: report.clock,
            bundle: report.bundle,
        })
        .collect();
    if claims.is_empty() { Err(Refused::NothingCounted) } else { Ok(claims) }
}

/// The claim of a receipt.
pub fn claim_of_receipt(receipt: &Receipt) -> UsageClaim {
    let Receipt { license, revision, in_use, day, host, product, clock, bundle } = *receipt;
    UsageClaim { license, host, day, revision, product, in_use, clock, bundle: bundle.map(u32::from) }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is recorded, and counts.
    New,
    /// It was recorded before.
    Known,
    /// It is recorded, in the place of another one of that day.
    Corrected,
    /// It is recorded, and a newer one of that host counts.
    Older {
        /// The day of the newer one.
        newest: Day,
    },
}

/// A claim, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedClaim {
    /// What was said.
    pub claim: UsageClaim,
    /// What became of it.
    pub taken: Taken,
    /// Whether the revision that counts there was revoked: the host does not know.
    pub revoked: bool,
}

/// Takes in what an installation says: all of it, or nothing.
///
/// # Errors
/// A license, revision or product that this desk did not issue so, or a day that has not come or was before the code.
pub fn import_usage(
    ledger: &mut Ledger,
    session: &Session,
    claims: &[UsageClaim],
) -> Result<Vec<ImportedClaim>, DeskFault> {
    ledger.write(|book| {
        let mut imported = Vec::new();
        for claim in claims {
            let UsageClaim { license, host, day, revision, product, in_use, .. } = *claim;
            let by = session.begin(book, Permission::Usage)?;
            session.bounds(book)?.license(book, license, Privilege::Change)?;
            let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
            let code = book.code(license, revision)?.ok_or(Refused::UsageOfNoRevision { license, revision })?;
            let sold = code.entry.terms.product;
            if sold != product {
                return Err(Refused::UsageOfOtherProduct { license, sold, claimed: product }.into());
            }
            let issued = code.entry.terms.issued;
            if day < issued {
                return Err(Refused::UsageBeforeIssue { license, day, issued }.into());
            }
            if day > session.today {
                return Err(Refused::UsageInTheFuture { day, today: session.today }.into());
            }
            let before = book.usage(license, host, day)?;
            let of_host = book.usage_of(license)?.into_iter().filter(|other| other.host == host);
            let newest = of_host.map(|other| other.day).max().filter(|newest| *newest > day);
            let taken = match (before, newest) {
                (Some(before), _) if before == *claim => Taken::Known,
                (_, Some(newest)) => Taken::Older { newest },
                (Some(_), None) => Taken::Corrected,
                (None, None) => Taken::New,
            };
            if taken != Taken::Known {
                book.put_usage(claim)?;
                // It names its newest event, from which its history is read.
                book.put_license(license, record.customer, record.good_from)?;
                let facts = json!({
                    "customer": record.customer.get(),
                    "host": host.0,
                    "day": day.to_string(),
                    "revision": revision.get(),
                    "in_use": in_use,
                });
                let previous = Some(record.event);
                book.record_after(&by, Action::UsageImported, Some(license), previous, facts.to_string())?;
            }
            imported.push(ImportedClaim { claim: *claim, taken, revoked: record.revokes(revision) });
        }
        Ok(imported)
    })
}

/// Licenses and the hosts that use them. Licenses that one host uses together count together, and so do their hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adherence {
    /// Which licenses, ascending.
    pub licenses: Vec<LicenseNumber>,
    /// Units of all of them that count today.
    pub licensed: u64,
    /// The newest claim of each host.
    pub claims: Vec<UsageClaim>,
}

impl Adherence {
    /// Units in use by all hosts.
    pub fn in_use(&self) -> u64 {
        self.claims.iter().map(|claim| u64::from(claim.in_use)).sum()
    }

    /// Units in use above the license, 0 if there are none.
    pub fn over(&self) -> u64 {
        self.in_use().saturating_sub(self.licensed)
    }
}

/// What installations use, by the newest that each host said, beside what is licensed on a day.
///
/// # Errors
/// Those of the ledger.
pub fn adherence(ledger: &mut Ledger, today: Day) -> Result<Vec<Adherence>, DeskFault> {
    ledger.read(|book| {
        // What a host said on its newest day is of all its licenses.
        let all = book.all_usage()?;
        let mut newest: BTreeMap<HostId, Day> = BTreeMap::new();
        for claim in &all {
            let day = newest.entry(claim.host).or_insert(claim.day);
            *day = claim.day.max(*day);
        }
        let current = all.into_iter().filter(|claim| newest.get(&claim.host) == Some(&claim.day));
        let mut hosts: BTreeMap<HostId, Vec<UsageClaim>> = BTreeMap::new();
        current.for_each(|claim| hosts.entry(claim.host).or_default().push(claim));
        let mut groups: Vec<(BTreeSet<LicenseNumber>, Vec<UsageClaim>)> = Vec::new();
        for claims in hosts.into_values() {
            let mut licenses: BTreeSet<_> = claims.iter().map(|claim| claim.license).collect();
            let mut of_group: Vec<_> = claims.into_iter().take(1).collect();
            let (joined, apart) = groups.into_iter().partition(|(others, _)| !others.is_disjoint(&licenses));
            groups = apart;
            for (others, claims) in joined {
                licenses.extend(others);
                of_group.extend(claims);
            }
            groups.push((licenses, of_group));
        }
        let mut found = Vec::new();
        for (licenses, mut claims) in groups {
            claims.sort_by_key(|claim| claim.host);
            let mut licensed = 0;
            for &license in &licenses {
                licensed += units_today(book, license, today)?.map_or(0, |units| u64::from(units.get()));
            }
            found.push(Adherence { licenses: licenses.into_iter().collect(), licensed, claims });
        }
        found.sort_by(|one, other| one.licenses.cmp(&other.licenses));
        Ok(found)
    })
}

fn units_today(book: &Book<'_>, license: LicenseNumber, today: Day) -> Result<Option<Units>, DeskFault> {
    let Some(record) = book.license(license)? else { return Ok(None) };
    let codes = book.codes_of(license)?;
    Ok(Schedule::of(&record, &codes, today).running.map(|code| code.entry.terms.units))
}
