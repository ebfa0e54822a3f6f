//! Signing: numbers are given away for good, codes are signed, verified and committed; only then may anybody see
//! them.

use super::change::{Asked, Change};
use super::host_requests::SignedClockReset;
use super::operators::{Permission, Session};
use super::plan::{Approval, Plan, Planner, Preview, Seen, bound_before};
use super::purge::refuse_purged;
use super::{DeskFault, Refused};
use crate::ledger::{Book, By, Entry, Ledger, LedgerFault, Signed};
use crate::signer::Signer;
use activation_code::{
    ActivationCode, ClockResetTerms, Day, IssuerNumber, License, LicenseNumber, PinnedIssuer, Purpose, SIGNATURE_BYTES,
    Trust, UnverifiedClockReset, signed_message,
};
use serde::Deserialize;
use std::fmt::Write as _;

/// A code that the shipping verifier has accepted.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What the ledger has of it.
    pub entry: Entry,
    /// The code and its proof.
    pub license: License,
}

/// Does what was planned, or gives the codes that the same order made meanwhile.
///
/// # Errors
/// A rule of the desk, the ledger, or the signer; or somebody was quicker, and the codes would be others than the
/// plan says. A number that was given away by then is not used again.
pub fn carry_out(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
    plan: &Plan,
) -> Result<Vec<Issued>, DeskFault> {
    let desk = SigningDesk::of(ledger, signer)?;
    let reserved = ledger.write(|book| {
        session.begin(book, Permission::Sell)?;
        session.bounds(book)?.change(book, &plan.asked.change)?;
        super::approval::confirm(book, session, plan)?;
        let before = made_or_bound_before(book, session.today, &plan.asked)?;
        if !before.is_empty() {
            return Ok(Preview::Before(before));
        }
        let again = Planner::new(book, session.today)?.plan(&plan.asked, plan.approval.clone())?;
        if let Approval::Needed { above } = again.approval {
            return Err(Refused::NeedsApproval { above }.into());
        }
        if !again.makes_the_same_as(plan) {
            return Err(Refused::ChangedMeanwhile.into());
        }
        give_away(book, [&again])?;
        Ok::<_, DeskFault>(Preview::Planned(Box::new(again)))
    })?;
    let mut plan = match reserved {
        Preview::Before(issued) => return Ok(issued),
        Preview::Planned(plan) => plan,
    };
    let issued = desk.sign_all(std::mem::take(&mut plan.entries))?;
    ledger.write(|book| {
        let by = session.begin(book, Permission::Sell)?;
        session.bounds(book)?.change(book, &plan.asked.change)?;
        desk.confirm_key(book)?;
        super::approval::confirm(book, session, &plan)?;
        // The same order, by somebody who was quicker: theirs stands, and these were seen by nobody.
        let before = made_or_bound_before(book, session.today, &plan.asked)?;
        if !before.is_empty() {
            return Ok(before);
        }
        super::approval::approve(book, &plan)?;
        write_down(book, &by, &plan, &issued)?;
        match plan.asked.change {
            // With those that the host had.
            Change::Bind { .. } => made_or_bound_before(book, session.today, &plan.asked),
            _ => Ok(issued),
        }
    })
}

/// Does what is asked for, with nobody looking at it first.
///
/// # Errors
/// Those of [`preview`](super::preview) and [`carry_out`].
pub fn perform(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
    asked: &Asked,
) -> Result<Vec<Issued>, DeskFault> {
    match super::preview(ledger, session, asked)? {
        Preview::Before(issued) => Ok(issued),
        Preview::Planned(plan) => carry_out(ledger, session, signer, &plan),
    }
}

/// Gives the numbers of plans away. What becomes of them, no other code gets them.
pub(super) fn give_away<'p>(book: &Book<'_>, plans: impl IntoIterator<Item = &'p Plan>) -> Result<(), DeskFault> {
    let mut highest_license = None;
    // What is bound to a host has the numbers that it had.
    for plan in plans.into_iter().filter(|plan| !matches!(plan.asked.change, Change::Bind { .. })) {
        let Some(highest) = plan.entries.iter().map(|entry| &entry.terms).max_by_key(|terms| terms.revision) else {
            continue;
        };
        match plan.seen {
            None => highest_license = highest_license.max(Some(highest.license)),
            Some(_) => book.set_next_revision(highest.license, highest.revision.get() + 1)?,
        }
    }
    if let Some(highest) = highest_license {
        book.set_next_license_number(highest.get() + 1)?;
    }
    Ok(())
}

/// Writes the codes that were signed for a plan, and their event, into the book.
pub(super) fn write_down(book: &Book<'_>, by: &By, plan: &Plan, issued: &[Issued]) -> Result<(), DeskFault> {
    let Some(Issued { entry: Entry { customer, terms, .. }, .. }) = issued.first() else { return Ok(()) };
    let license = terms.license;
    if !matches!(plan.asked.change, Change::Reissue { .. }) {
        refuse_purged(book, *customer)?;
    }
    let (before, seen) = Seen::now(book, license)?.unzip();
    if seen != plan.seen {
        return Err(Refused::ChangedMeanwhile.into());
    }
    if let Change::Bind { host, .. } = plan.asked.change {
        let there = book.bound_codes_of(license)?;
        let same = |issued: &Issued| {
            there
                .iter()
                .any(|it| it.entry.terms.revision == issued.entry.terms.revision && it.entry.terms.host == Some(host))
        };
        if issued.iter().any(same) {
            return Err(Refused::ChangedMeanwhile.into());
        }
    }
    book.put_license(license, *customer, before.and_then(|record| record.good_from))?;
    let mut revisions = String::new();
    for Issued { entry, license } in issued {
        let Entry { period, terms, .. } = entry;
        match (&plan.asked.change, terms.host) {
            (Change::Bind { .. }, Some(host)) => book.insert_bound_code(host, terms, license.code())?,
            _ => book.insert_code(entry, license.code())?,
        }
        let (revision, product, units) = (terms.revision, terms.product, terms.units);
        let comma = if revisions.is_empty() { "" } else { "," };
        // Numbers and days only, which need no escapes; writing to a String does not fail.
        let _ = write!(
            revisions,
            r#"{comma}{{"revision":{revision},"product":{product},"units":{units},"first":"{}","last":"{}"}}"#,
            period.first(),
            period.last()
        );
    }
    let asked = plan.asked.without_holder().to_text();
    let mut facts = format!(r#"{{"customer":{customer},"revisions":[{revisions}],"asked":{asked}"#);
    if let Approval::Given { request, asked_by } = &plan.approval {
        let _ = write!(facts, r#","request":{request},"asked_by":"{asked_by}""#);
    }
    facts.push('}');
    if let Some(key) = plan.asked.change.registration_key() {
        super::registration::redeem(book, by, key, (*customer, license))?;
    }
    book.record_after(by, plan.action(), Some(license), before.map(|record| record.event), facts)?;
    Ok(())
}

/// The codes that the same order made before (rule D1), or those that a host has which asks for the same again.
pub(super) fn made_or_bound_before(book: &Book<'_>, today: Day, asked: &Asked) -> Result<Vec<Issued>, DeskFault> {
    match asked.change {
        Change::Bind { license, host, product } => {
            all_verified(book, bound_before(book, today, (license, host, product))?)
        }
        _ => made_before(book, asked),
    }
}

/// The codes that the same order made before (rule D1).
pub(super) fn made_before(book: &Book<'_>, asked: &Asked) -> Result<Vec<Issued>, DeskFault> {
    let codes = made_for(book, asked)?;
    all_verified(book, codes)
}

fn all_verified(book: &Book<'_>, codes: Vec<Signed>) -> Result<Vec<Issued>, DeskFault> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let trust = trust(&book.issuers()?)?;
    codes.into_iter().map(|code| verified(code, &trust)).collect()
}

/// The same, not verified yet.
pub(super) fn made_for(book: &Book<'_>, asked: &Asked) -> Result<Vec<Signed>, DeskFault> {
    if let Change::Issue(order) = &asked.change
        && let Some(key) = order.registration_key
    {
        return super::registration::made_of(book, key, order.customer);
    }
    let Some(reference) = &asked.reference else { return Ok(Vec::new()) };
    let codes = book.codes_for(reference)?;
    let Some(first) = codes.first() else { return Ok(Vec::new()) };
    let recorded = asked_for(book, first)?;
    let wanted = usual(book, asked)?;
    if recorded != wanted {
        let (recorded, wanted) = (Box::new(recorded), Box::new(wanted));
        let reference = reference.clone();
        let (license, revision) = (first.entry.terms.license, first.entry.terms.revision);
        return Err(Refused::OtherTerms { reference, license, revision, recorded, wanted }.into());
    }
    Ok(codes)
}

/// What was asked for when a code was made.
fn asked_for(book: &Book<'_>, code: &Signed) -> Result<Asked, DeskFault> {
    #[derive(Deserialize)]
    struct Facts {
        asked: Option<Box<serde_json::value::RawValue>>,
    }
    let sequence = code.event;
    let event = book.event(sequence)?.ok_or(LedgerFault::Event { sequence })?;
    let facts: Facts = serde_json::from_str(&event.facts).map_err(|_| LedgerFault::Event { sequence })?;
    if let Some(asked) = facts.asked {
        let mut asked = usual(book, &Asked::from_text(asked.get())?)?;
        if let Change::Issue(order) = &mut asked.change {
            order.holder.clone_from(&code.entry.terms.holder);
        }
        return Ok(asked);
    }
    // Of a ledger of the first schema, which knew nothing but new licenses.
    let Entry { customer, reference, period, terms } = &code.entry;
    let order = super::Order {
        customer: *customer,
        product: terms.product,
        units: terms.units,
        period: *period,
        kind: Some(terms.kind),
        test: terms.test,
        grace: terms.grace,
        host: terms.host,
        features: terms.features,
        holder: terms.holder.clone(),
        registration_key: None,
    };
    Ok(Asked { change: Change::Issue(order), reference: reference.clone() })
}

/// A change with what is usual said aloud, so that an order with it and one without are the same.
pub(super) fn usual(book: &Book<'_>, asked: &Asked) -> Result<Asked, DeskFault> {
    let mut asked = asked.clone();
    if let Change::Issue(order) = &mut asked.change {
        order.test |= book.trust_settings()?.test;
        if order.kind.is_none()
            && let Some(product) = book.product(order.product)?
        {
            order.kind = Some(super::plan::usual_kind(&product));
        }
    }
    Ok(asked)
}

/// A key that is the ledger's, and the verifier that ships in products.
pub(super) struct SigningDesk<'s, S: ?Sized> {
    signer: &'s S,
    number: IssuerNumber,
    trust: Trust,
}

impl<'s, S: Signer + ?Sized> SigningDesk<'s, S> {
    pub(super) fn of(ledger: &mut Ledger, signer: &'s S) -> Result<Self, DeskFault> {
        ledger.read(|book| {
            let PinnedIssuer { number, key } = super::trust::issuer_in_use(book)?;
            if signer.public_key() != key {
                return Err(DeskFault::OtherKey { number });
            }
            Ok(Self { signer, number, trust: trust(&book.issuers()?)? })
        })
    }

    /// The key is still the one that the desk issues with: what another one signs now could be void tomorrow.
    pub(super) fn confirm_key(&self, book: &Book<'_>) -> Result<(), DeskFault> {
        match super::trust::issuer_in_use(book)?.number == self.number {
            true => Ok(()),
            false => Err(Refused::KeyChangedMeanwhile.into()),
        }
    }

    /// Codes of the ledger, verified again.
    pub(super) fn verify_all(&self, codes: Vec<Signed>) -> Result<Vec<Issued>, DeskFault> {
        codes.into_iter().map(|code| verified(code, &self.trust)).collect()
    }

    pub(super) fn sign_all(&self, entries: Vec<Entry>) -> Result<Vec<Issued>, DeskFault> {
        entries.into_iter().map(|entry| self.sign(entry)).collect()
    }

    fn sign(&self, entry: Entry) -> Result<Issued, DeskFault> {
        if entry.terms.issuer != self.number {
            return Err(DeskFault::OtherKey { number: entry.terms.issuer });
        }
        let payload = entry.terms.to_payload().map_err(Refused::Terms)?;
        let signature = self.signer.sign(&signed_message(&payload))?;
        accepted(entry, &payload, &signature, &self.trust)
    }

    pub(super) fn sign_clock_reset(&self, terms: ClockResetTerms) -> Result<SignedClockReset, DeskFault> {
        if terms.issuer != self.number {
            return Err(Refused::KeyChangedMeanwhile.into());
        }
        let signature = self.signer.sign(&terms.signed_message())?;
        let (letters, digits) = (terms.rows(&signature), terms.rows_in_digits(&signature));
        let verified = |rows: &[String]| {
            let reset = UnverifiedClockReset::read(rows).ok()?;
            self.trust.verify_clock_reset(&reset).ok().filter(|reset| reset.terms() == terms)
        };
        let reset = verified(&letters).zip(verified(&digits)).ok_or(DeskFault::ClockResetDoesNotVerify)?.0;
        Ok(SignedClockReset { reset, letters, digits })
    }
}

/// Testing: the desk verifies codes for testing too.
pub(super) fn trust(issuers: &[PinnedIssuer]) -> Result<Trust, DeskFault> {
    Trust::pinned(Purpose::Testing, issuers.iter().copied()).map_err(|_| DeskFault::NoIssuer)
}

/// A code, accepted by the verifier that ships in products.
pub(super) fn verified(Signed { entry, signature, .. }: Signed, trust: &Trust) -> Result<Issued, DeskFault> {
    let payload = entry.terms.to_payload().map_err(Refused::Terms)?;
    accepted(entry, &payload, &signature, trust)
}

fn accepted(
    entry: Entry,
    payload: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
    trust: &Trust,
) -> Result<Issued, DeskFault> {
    let license = entry.terms.license;
    let code =
        ActivationCode::from_parts(payload, signature).map_err(|fault| DeskFault::NotReadable { license, fault })?;
    let license = trust.verify(code).map_err(|refusal| DeskFault::DoesNotVerify { license, refusal })?;
    Ok(Issued { entry, license })
}

/// The codes of a license that one host alone accepts, beside those of its revisions: by revision and host, verified
/// again.
///
/// # Errors
/// A code does not verify.
pub fn bound_codes_of(ledger: &mut Ledger, license: LicenseNumber) -> Result<Vec<Issued>, DeskFault> {
    ledger.read(|book| {
        let trust = trust(&book.issuers()?)?;
        book.bound_codes_of(license)?.into_iter().map(|code| verified(code, &trust)).collect()
    })
}

/// The codes of a license, lowest revision first, verified again.
///
/// # Errors
/// There is no such license, or a code does not verify.
pub fn codes_of(ledger: &mut Ledger, license: LicenseNumber) -> Result<Vec<Issued>, DeskFault> {
    ledger.read(|book| {
        let codes = book.codes_of(license)?;
        if codes.is_empty() {
            return Err(Refused::UnknownLicense(license).into());
        }
        let trust = trust(&book.issuers()?)?;
        codes.into_iter().map(|code| verified(code, &trust)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::example::terms;
    use crate::ledger::CustomerNumber;
    use crate::signer::SoftwareKey;

    #[test]
    fn what_the_shipping_reader_does_not_read_leaves_no_desk() {
        let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
        let issuer = PinnedIssuer { number: "1".parse().unwrap(), key: key.public_key() };
        let terms = activation_code::Terms { license: "12".parse().unwrap(), ..terms() };
        let mut payload = terms.to_payload().unwrap();
        payload.push(1);
        let entry = Entry { customer: CustomerNumber::new(1).unwrap(), reference: None, period: terms.period, terms };
        let fault = accepted(entry, &payload, &[0; SIGNATURE_BYTES], &trust(&[issuer]).unwrap()).unwrap_err();
        assert!(matches!(&fault, DeskFault::NotReadable { license, .. } if license.get() == 12), "{fault}");
    }
}
