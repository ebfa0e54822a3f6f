//! Copies of the ledger: making one while others work, and putting one back so that no number is used twice.

use super::audit::{Signatures, Verdict, Witnesses, audit};
use super::checkpoint::NotedHead;
use super::import::{self, Imported, PrintedText};
use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{Action, CustomerNumber, Head, Ledger, LedgerFault, LicenseRecord, Replacement, Sequence};
use activation_code::LicenseNumber;
use serde_json::json;
use std::path::Path;

/// A copy that was made, and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The end of its book.
    pub head: Head,
    /// What was found in it, read again from its file.
    pub verdict: Verdict,
    /// Why the ledger does not say that the copy was made, if it does not: where it cannot be written, a copy is what
    /// is needed most.
    pub not_noted: Option<String>,
}

/// Copies the ledger into an empty file that exists, while others work, and looks at everything in the copy. That a
/// copy was made is in the copy. Keys are in files of their own, and not in it.
///
/// # Errors
/// The operator may not, the ledger cannot be read, or the copy not be written or not read again. What is wrong with
/// the ledger is no error: it is copied as it is.
pub fn back_up(
    ledger: &mut Ledger,
    session: &Session,
    path: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<Copied, DeskFault> {
    ledger.read(|book| session.begin(book, Permission::KeepBook).map(drop))?;
    let noted = ledger.write(|book| {
        let by = session.begin(book, Permission::KeepBook)?;
        let events = book.head()?.map_or(0, |head| head.sequence);
        book.record(&by, Action::BackedUp, None, json!({"events": events}).to_string())?;
        Ok::<_, DeskFault>(())
    });
    let not_noted = match noted {
        Ok(()) => None,
        Err(DeskFault::Ledger(fault @ (LedgerFault::Full | LedgerFault::ReadOnly))) => Some(fault.to_string()),
        Err(fault) => return Err(fault),
    };
    let copied = ledger.copy_to(path, progress)?;
    let mut copy = Ledger::open_backup(path).map_err(DeskFault::Copy)?;
    let verdict = audit(&mut copy, &Witnesses::default(), Signatures::Trusted, progress);
    let verdict = verdict.map_err(|fault| match fault {
        DeskFault::Ledger(fault) => DeskFault::Copy(fault),
        fault => fault,
    })?;
    Ok(Copied { head: ends_as(copied, &verdict)?, verdict, not_noted })
}

/// How the ledger ended when it was copied, if its copy ends there too.
fn ends_as(copied: Option<Head>, copy: &Verdict) -> Result<Head, DeskFault> {
    copied.filter(|_| copy.audit.head == copied).ok_or(DeskFault::CopyDiffers)
}

/// What is in a ledger's place, beside the copy that shall take it.
#[derive(Debug)]
pub enum Present {
    /// Nothing.
    Missing {
        /// How many ledgers are kept there from earlier restores.
        kept: u32,
    },
    /// Something that cannot be read to its end.
    Unreadable {
        /// Why.
        fault: LedgerFault,
        /// How many ledgers are kept there from earlier restores.
        kept: u32,
    },
    /// A ledger.
    Ledger(PresentLedger),
}

/// A ledger whose place a copy shall take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentLedger {
    /// Whether it is of the desk that the copy is of.
    pub same_desk: bool,
    /// How many events it has.
    pub events: Sequence,
    /// How many of them, from the first on, the copy has too.
    pub common: Sequence,
    /// Customers that were purged there, and of whom the copy knows what was known.
    pub purged: Vec<CustomerNumber>,
    /// The next license number that it would give away.
    next_license: u32,
    /// The licenses that went on after the common events, each with the next revision that it would give away.
    went_on: Vec<(LicenseNumber, u16)>,
}

/// Numbers that a counter may be ahead of the highest that is used. One that is further ahead was changed by
/// somebody, and would leave no number to give away.
const MOST_IN_VAIN: u32 = 1_000_000;

/// Licenses that are read at once.
const AT_ONCE: u32 = 10_000;

impl Present {
    /// Looks at what is there.
    ///
    /// # Errors
    /// The copy, or the folder, cannot be read.
    pub fn beside(replacement: &mut Replacement) -> Result<Self, DeskFault> {
        let kept = u32::try_from(replacement.kept()?.len()).unwrap_or(u32::MAX);
        if !replacement.takes_a_place() {
            return Ok(Self::Missing { kept });
        }
        let present = replacement.present();
        let copy = replacement.ledger()?;
        Ok(match present.and_then(|mut present| PresentLedger::of(&mut present, copy)) {
            Ok(ledger) => Self::Ledger(ledger),
            Err(fault) => Self::Unreadable { fault, kept },
        })
    }

    /// How many events will not be in the ledger any more; `None`: nobody can say.
    pub fn lost(&self) -> Option<u64> {
        match self {
            Self::Ledger(PresentLedger { events, common, .. }) => Some(events - common),
            Self::Missing { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// How often numbers have to skip ahead: where nobody can tell which were given away, the same backup may have
    /// been put back before, and its numbers have skipped ahead each time.
    fn times(&self) -> u32 {
        match self {
            Self::Missing { kept } | Self::Unreadable { kept, .. } => kept.saturating_add(1),
            Self::Ledger(_) => 1,
        }
    }
}

impl PresentLedger {
    fn of(present: &mut Ledger, copy: &mut Ledger) -> Result<Self, LedgerFault> {
        let end = |ledger: &mut Ledger| {
            ledger.read(|book| Ok::<_, LedgerFault>((book.desk()?, book.head()?.map_or(0, |head| head.sequence))))
        };
        let ((desk, events), (of, others)) = (end(present)?, end(copy)?);
        let link = |ledger: &mut Ledger, sequence| {
            ledger.read(|book| book.event(sequence)?.map(|event| event.link).ok_or(LedgerFault::Event { sequence }))
        };
        // Each link is over all before it: where two are the same, so is everything up to there.
        let (mut common, mut differs) = (0, events.min(others) + 1);
        while common + 1 < differs {
            let middle = common + (differs - common) / 2;
            if link(present, middle)? == link(copy, middle)? {
                common = middle;
            } else {
                differs = middle;
            }
        }
        let (mut first, mut went_on) = (0, Vec::new());
        loop {
            let records = present.read(|book| book.licenses_from(first, AT_ONCE))?;
            let Some(last) = records.last() else { break };
            let above = last.number.get();
            for record in records.into_iter().filter(|record| record.event > common) {
                let newest = present.read(|book| book.newest_code(record.number))?;
                let newest = newest.map_or(0, |code| code.entry.terms.revision.get());
                went_on.push((record.number, record.next_revision.max(newest + 1)));
            }
            first = above + 1;
        }
        let counted = desk.next_license.min(first.saturating_add(MOST_IN_VAIN));
        let next_license = counted.max(first);
        let same_desk = desk.identity == of.identity;
        let mut purged = Vec::new();
        if same_desk {
            for customer in present.read(|book| book.all_purged())?.into_iter().map(|purged| purged.customer) {
                let is_back = copy.read(|book| {
                    Ok::<_, LedgerFault>(book.has_customer(customer)? && book.purged(customer)?.is_none())
                })?;
                purged.extend(is_back.then_some(customer));
            }
        }
        Ok(Self { same_desk, events, common, purged, next_license, went_on })
    }
}

/// How numbers go on after a copy is put back.
#[derive(Clone, Copy, Debug)]
pub struct Restoring<'a> {
    /// License numbers that are left out, because they may have been given away after the copy was made.
    pub skip_numbers: u32,
    /// Revisions of each license that are left out.
    pub skip_revisions: u16,
    /// What was printed after the copy was made.
    pub printed: &'a [PrintedText],
    /// Whose licenses those are that the copy does not know.
    pub customer: Option<CustomerNumber>,
}

/// What was done to a copy before it is put in place.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The end of its book as it was copied.
    pub copied: NotedHead,
    /// The next license number from now on.
    pub next_license: u32,
    /// What was read in.
    pub imported: Imported,
}

/// Makes a copy fit to go on from: reads in what was printed, and makes numbers and revisions skip ahead, so that
/// nothing is used twice.
///
/// # Errors
/// The operator may not, or what was printed cannot be read in; then nothing has changed.
pub fn restore(
    replacement: &mut Replacement,
    present: &Present,
    session: &Session,
    restoring: &Restoring<'_>,
) -> Result<Restored, DeskFault> {
    replacement.ledger()?.write(|book| {
        let by = session.begin(book, Permission::Restore)?;
        let head = book.head()?.ok_or(LedgerFault::Record { what: "the book" })?;
        let Restoring { skip_numbers, skip_revisions, printed, customer } = *restoring;
        let facts = json!({
            "events": head.sequence,
            "lost": present.lost(),
            "skip_numbers": skip_numbers,
            "skip_revisions": skip_revisions,
        });
        book.record(&by, Action::Restored, None, facts.to_string())?;
        let imported =
            if printed.is_empty() { Imported::default() } else { import::into(book, &by, printed, customer)? };
        // One above the highest number: none is left to give away, and that is said.
        let most = LicenseNumber::MAX.get() + 1;
        let mut next_license = book.desk()?.next_license;
        if let Present::Ledger(present) = present
            && present.same_desk
        {
            next_license = next_license.max(present.next_license);
            for (license, next) in &present.went_on {
                if let Some(record) = book.license(*license)? {
                    book.set_next_revision(*license, record.next_revision.max(*next).min(LicenseRecord::NONE_GOOD))?;
                }
            }
        }
        let skip = skip_numbers.saturating_mul(present.times());
        let next_license = next_license.saturating_add(skip).min(most);
        book.set_next_license_number(next_license)?;
        let skip = u32::from(skip_revisions).saturating_mul(present.times());
        let skip = u16::try_from(skip).unwrap_or(u16::MAX).min(LicenseRecord::NONE_GOOD);
        book.skip_revisions(skip, LicenseRecord::NONE_GOOD)?;
        Ok(Restored { copied: NotedHead::of(head.sequence, &head.link), next_license, imported })
    })
}

/// Whether a copy may take the place of what is there, as far as their books tell.
///
/// # Errors
/// It is of another desk.
pub fn refuse_other_desk(present: &Present) -> Result<(), Refused> {
    match present {
        Present::Ledger(PresentLedger { same_desk: false, .. }) => Err(Refused::OtherDesk),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Founding, Operator};

    #[test]
    fn a_copy_that_ends_elsewhere_is_no_backup() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("ledger.sqlite");
        std::fs::write(&path, "").unwrap();
        let (vendor, day) = ("Example Security".parse().unwrap(), "2026-11-23".parse().unwrap());
        let founding = Founding { vendor: &vendor, operator: &Operator::first(), day, identity: [7; 8] };
        let mut ledger = Ledger::create(&path, &founding).unwrap();
        let verdict = audit(&mut ledger, &Witnesses::default(), Signatures::Trusted, &|_, _| {}).unwrap();
        let head = verdict.audit.head.unwrap();
        assert_eq!(ends_as(Some(head), &verdict).unwrap(), head);
        let (longer, other) = (Head { sequence: head.sequence + 1, ..head }, Head { link: [0; 32], ..head });
        for copied in [None, Some(longer), Some(other)] {
            assert!(matches!(ends_as(copied, &verdict), Err(DeskFault::CopyDiffers)));
        }
    }
}
