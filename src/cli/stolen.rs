//! Codes of stolen keys, where they are given out.

use super::failure::Failure;
use super::print::complain;
use countersign::desk::{self, Fate, Issued, StolenCode};
use countersign::ledger::Ledger;

/// Warns of each code whose key was stolen.
pub fn warn<'i>(ledger: &mut Ledger, codes: impl IntoIterator<Item = &'i Issued>) -> Result<(), Failure> {
    for StolenCode { license, revision, issuer, fate } in desk::stolen_codes(ledger, codes)? {
        let what = format!("license {license}, revision {revision} is signed by key {issuer}, which was stolen");
        let again = format!("give out the newest code: `countersign reprint {license}`");
        let (fate, hint) = match fate {
            Fate::Listed(bundle) => (format!("bundle {bundle} lists it, and it stays good"), None),
            Fate::WillBeListed => ("the next bundle lists it, and it stays good".to_owned(), None),
            Fate::Void(bundle) => (format!("hosts that have bundle {bundle} refuse it"), Some(again)),
            Fate::WillBeVoid => ("hosts that have the next bundle refuse it".to_owned(), Some(again)),
        };
        let word = if hint.is_some() { "warning" } else { "note" };
        complain(word, &format!("{what}: {fate}"), hint.as_deref());
    }
    Ok(())
}
