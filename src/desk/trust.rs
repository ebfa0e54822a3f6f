//! What installations are told: who may issue what, and what is revoked (domain rules D12, D15; the trust bundle).

use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{
    Action, Book, By, DeskRole, Entry, IssuerRule, IssuerState, Ledger, LedgerFault, LicenseRecord, Name, Product,
    PublishedBundle, Signed, TrustSettings,
};
use crate::trust::{BundleFile, BundleFileFault};
use activation_code::{
    Bundle, BundleIssuer, BundleProduct, CodeDigest, Day, IssuerLimits, IssuerNumber, LicenseNumber, Members,
    PinnedIssuer, Revision, Roots, code_digest,
};
use serde_json::json;
use std::collections::HashSet;

/// Licenses that are looked at together.
const PAGE: u32 = 1000;

/// What the desk says of itself.
///
/// # Errors
/// Those of the ledger.
pub fn trust_settings(ledger: &mut Ledger) -> Result<TrustSettings, LedgerFault> {
    ledger.read(|book| book.trust_settings())
}

/// Says what a new desk is.
///
/// # Errors
/// Those of the ledger.
pub fn record_trust_settings(ledger: &mut Ledger, by: &By, settings: &TrustSettings) -> Result<(), LedgerFault> {
    ledger.write(|book| write_settings(book, by, settings))
}

pub(super) fn write_settings(book: &Book<'_>, by: &By, settings: &TrustSettings) -> Result<(), LedgerFault> {
    book.put_trust_settings(settings)?;
    let facts = json!({
        "role": settings.role.name(),
        "test": settings.test,
        "contact": settings.contact.iter().map(Name::as_str).collect::<Vec<_>>(),
    });
    book.record(by, Action::TrustSet, None, facts.to_string())?;
    Ok(())
}

/// Sets whom customers ask, as the next bundle says it. What changes nothing is no event.
///
/// # Errors
/// The operator may not.
pub fn set_contact(ledger: &mut Ledger, session: &Session, contact: &[Name]) -> Result<TrustSettings, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let before = book.trust_settings()?;
        let settings = TrustSettings { contact: contact.to_vec(), ..before.clone() };
        if settings != before {
            write_settings(book, &by, &settings)?;
        }
        Ok(settings)
    })
}

/// The issuing keys of this desk by number, and what each may issue.
///
/// # Errors
/// Those of the ledger.
pub fn issuer_rules(ledger: &mut Ledger) -> Result<Vec<(PinnedIssuer, IssuerRule)>, LedgerFault> {
    ledger.read(|book| {
        let rule = |issuer: PinnedIssuer| Ok((issuer, book.issuer_rule(issuer.number)?));
        book.issuers()?.into_iter().map(rule).collect()
    })
}

/// Whether it is a partner's desk that has loaded no bundle.
pub(super) fn knows_nothing(book: &Book<'_>) -> Result<bool, LedgerFault> {
    Ok(book.trust_settings()?.role == DeskRole::Partner && book.bundle_numbers()?.is_empty())
}

/// The key that the desk issues with: of those in use, that with the highest number.
pub(super) fn issuer_in_use(book: &Book<'_>) -> Result<PinnedIssuer, DeskFault> {
    if knows_nothing(book)? {
        return Err(Refused::NoBundleLoaded.into());
    }
    let issuers = book.issuers()?;
    for issuer in issuers.iter().rev() {
        if book.issuer_rule(issuer.number)?.state == IssuerState::InUse {
            return Ok(*issuer);
        }
    }
    match issuers.last() {
        Some(last) if book.trust_settings()?.role == DeskRole::Partner => {
            Err(Refused::EndedByVendor { issuer: last.number, last: None }.into())
        }
        _ => Err(DeskFault::NoIssuer),
    }
}

/// The key that the desk issues with.
///
/// # Errors
/// There is none.
pub fn issuer_to_sign_with(ledger: &mut Ledger) -> Result<PinnedIssuer, DeskFault> {
    ledger.read(issuer_in_use)
}

/// Sets what an issuing key of this desk may issue, for the desk from now on, and for installations with the next
/// bundle. What changes nothing is no event.
///
/// # Errors
/// The desk has no such key, or the operator may not.
pub fn limit_issuer(
    ledger: &mut Ledger,
    session: &Session,
    issuer: IssuerNumber,
    limits: &IssuerLimits,
) -> Result<IssuerRule, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        if !book.issuers()?.iter().any(|known| known.number == issuer) {
            return Err(Refused::UnknownIssuer(issuer).into());
        }
        let before = book.issuer_rule(issuer)?;
        let rule = IssuerRule { limits: limits.clone(), ..before.clone() };
        if rule != before {
            write_rule(book, &by, &rule)?;
        }
        Ok(rule)
    })
}

pub(super) fn write_rule(book: &Book<'_>, by: &By, rule: &IssuerRule) -> Result<(), DeskFault> {
    if rule.state != IssuerState::Stolen && book.issuer_rule(rule.issuer)?.state == IssuerState::Stolen {
        return Err(Refused::StaysStolen(rule.issuer).into());
    }
    book.put_issuer_rule(rule)?;
    let facts = json!({
        "issuer": rule.issuer.get(),
        "state": rule.state.name(),
        "limits": rule.limits.to_string().trim_start(),
    });
    book.record(by, Action::IssuerRuled, None, facts.to_string())?;
    Ok(())
}

/// The newest bundle that was given out.
///
/// # Errors
/// Those of the ledger.
pub fn last_bundle(ledger: &mut Ledger) -> Result<Option<PublishedBundle>, LedgerFault> {
    ledger.read(|book| book.last_bundle())
}

/// The bundle of this number that was given out.
///
/// # Errors
/// There is none.
pub fn bundle(ledger: &mut Ledger, number: u32) -> Result<PublishedBundle, DeskFault> {
    ledger.read(|book| book.bundle(number)?.ok_or_else(|| Refused::UnknownBundle(number).into()))
}

/// Numbers and days of the bundles that were given out, oldest first.
///
/// # Errors
/// Those of the ledger.
pub fn bundles(ledger: &mut Ledger) -> Result<Vec<(u32, Day)>, LedgerFault> {
    ledger.read(|book| book.bundle_numbers())
}

/// What the next bundle says, for the roots to sign. `roots` are those in force from it on; without them those of the
/// bundle before. Nothing changes until it is published.
///
/// # Errors
/// There was no bundle before, and no roots are given; or this is no vendor's desk.
pub fn draft_bundle(ledger: &mut Ledger, today: Day, roots: Option<&Roots>) -> Result<BundleFile, DeskFault> {
    ledger.read(|book| {
        let settings = book.trust_settings()?;
        vendor_only(&settings)?;
        let before = Published::last(book)?;
        let former = before.as_ref().map(|before| &before.bundle);
        let roots = roots.or(former.map(|bundle| &bundle.roots)).ok_or(Refused::NoRoots)?.clone();
        let number = former.map_or(1, |bundle| bundle.number + 1);
        // A desk whose clock was set back must not make a bundle look older than the one before.
        let issued = former.map_or(today, |bundle| bundle.issued.max(today));
        let listed = Listed::of(book)?;
        let mut bundle = Bundle {
            vendor: book.desk()?.vendor.to_string(),
            number,
            issued,
            test: settings.test,
            contact: settings.contact.iter().map(Name::to_string).collect(),
            issuers: issuers(book)?,
            listed: listed.good,
            revoked: book.revoked()?,
            products: book.products()?.iter().map(product).collect(),
            roots,
        };
        if let Some(former) = former {
            keep_for_good(former, &listed.known, &mut bundle);
        }
        not_both(&bundle)?;
        let earlier = match &before {
            Some(before) => before.notes_to_follow(book, &bundle.roots)?,
            None => String::new(),
        };
        Ok(BundleFile::draft(earlier, &bundle))
    })
}

pub(super) fn vendor_only(settings: &TrustSettings) -> Result<(), Refused> {
    match settings.role {
        DeskRole::Vendor => Ok(()),
        DeskRole::Partner => Err(Refused::PartnersDesk),
    }
}

fn issuers(book: &Book<'_>) -> Result<Vec<BundleIssuer>, LedgerFault> {
    let mut issuers = Vec::new();
    for PinnedIssuer { number, key } in book.issuers()? {
        let IssuerRule { state, limits, .. } = book.issuer_rule(number)?;
        issuers.push(BundleIssuer { number, key, void: state == IssuerState::Stolen, limits });
    }
    for partner in book.partners()? {
        let void = partner.state == IssuerState::Stolen;
        issuers.push(BundleIssuer { number: partner.issuer, key: partner.key, void, limits: partner.limits });
    }
    issuers.sort_unstable_by_key(|issuer| issuer.number);
    Ok(issuers)
}

/// The codes of stolen keys that the ledger has, and those of them that stay good: no code of another key has replaced
/// them.
#[derive(Default)]
struct Listed {
    good: Vec<(IssuerNumber, CodeDigest)>,
    known: HashSet<CodeDigest>,
}

impl Listed {
    fn of(book: &Book<'_>) -> Result<Self, DeskFault> {
        let mut listed = Self::default();
        let stolen = super::keys::stolen(book)?;
        if !stolen.is_empty() {
            each_license(book, |license, codes| listed.look_at(license, codes, codes, &stolen))?;
            each_bound_license(book, |license, bound, all| listed.look_at(license, bound, all, &stolen))?;
        }
        for partner in book.partners()?.iter().filter(|partner| partner.state == IssuerState::Stolen) {
            let mut after: Option<(LicenseNumber, Revision)> = None;
            loop {
                let codes = book.partner_codes(partner.issuer, after, PAGE)?;
                let Some(last) = codes.last() else { break };
                after = Some((last.terms.license, last.terms.revision));
                for code in &codes {
                    let payload = code.terms.to_payload().map_err(Refused::Terms)?;
                    listed.add(partner.issuer, code_digest(&[&payload[..], &code.signature].concat()), true);
                }
            }
        }
        listed.good.sort_unstable();
        Ok(listed)
    }

    /// Some of the codes of a license, and all that may have replaced them.
    fn look_at(
        &mut self,
        license: &LicenseRecord,
        codes: &[Signed],
        all: &[Signed],
        stolen: &[IssuerNumber],
    ) -> Result<(), DeskFault> {
        for code in codes.iter().filter(|code| stolen.contains(&code.entry.terms.issuer)) {
            let Signed { entry: Entry { terms, .. }, signature, .. } = code;
            let payload = terms.to_payload().map_err(Refused::Terms)?;
            let digest = code_digest(&[&payload[..], signature].concat());
            self.add(terms.issuer, digest, stays_listed(license, code, all, stolen));
        }
        Ok(())
    }

    fn add(&mut self, issuer: IssuerNumber, digest: CodeDigest, good: bool) {
        self.known.insert(digest);
        if good {
            self.good.push((issuer, digest));
        }
    }
}

/// Whether a code of a stolen key stays good: it is not revoked, and no code of another key among those of its license
/// has replaced it.
pub(super) fn stays_listed(license: &LicenseRecord, code: &Signed, codes: &[Signed], stolen: &[IssuerNumber]) -> bool {
    let terms = &code.entry.terms;
    let replaces = |other: &Signed| {
        let other = &other.entry.terms;
        other.revision > terms.revision
            // What another host alone accepts replaces nothing here.
            && other.host.is_none_or(|host| terms.host == Some(host))
            && other.period.first() <= terms.period.first()
            && !stolen.contains(&other.issuer)
    };
    stolen.contains(&terms.issuer) && !license.revokes(terms.revision) && !codes.iter().any(replaces)
}

/// Goes through all licenses, each with its codes.
pub(super) fn each_license(
    book: &Book<'_>,
    mut each: impl FnMut(&LicenseRecord, &[Signed]) -> Result<(), DeskFault>,
) -> Result<(), DeskFault> {
    let mut next = 1;
    loop {
        let licenses = book.licenses_from(next, PAGE)?;
        let Some(last) = licenses.last() else { return Ok(()) };
        next = last.number.get() + 1;
        for license in &licenses {
            each(license, &book.codes_of(license.number)?)?;
        }
    }
}

/// Goes through the licenses with codes that one host alone accepts: these codes, and with them those of the revisions.
pub(super) fn each_bound_license(
    book: &Book<'_>,
    mut each: impl FnMut(&LicenseRecord, &[Signed], &[Signed]) -> Result<(), DeskFault>,
) -> Result<(), DeskFault> {
    let mut next = 1;
    loop {
        let licenses = book.bound_licenses_from(next, PAGE)?;
        let Some(last) = licenses.last() else { return Ok(()) };
        next = last.get() + 1;
        for number in licenses {
            let license = book.license(number)?.ok_or(LedgerFault::Record { what: "a license" })?;
            let bound = book.bound_codes_of(number)?;
            let all = [book.codes_of(number)?, bound.clone()].concat();
            each(&license, &bound, &all)?;
        }
    }
}

fn product(product: &Product) -> BundleProduct {
    BundleProduct {
        id: product.id,
        mnemonic: product.mnemonic.to_string(),
        unit: product.unit.name().to_owned(),
        kind: product.kind.name().to_owned(),
        rank: product.rank,
        members: Members::new(product.members.iter().copied()),
        end_of_life: product.end_of_life,
        use_ends: product.use_ends,
        family: product.family.as_ref().map(Name::to_string),
        name: product.name.to_string(),
    }
}

/// A bundle that was given out, read again.
pub(super) struct Published {
    file: BundleFile,
    pub(super) bundle: Bundle,
}

impl Published {
    pub(super) fn last(book: &Book<'_>) -> Result<Option<Self>, DeskFault> {
        book.last_bundle()?.map(|published| Self::read(&published)).transpose()
    }

    fn read(published: &PublishedBundle) -> Result<Self, DeskFault> {
        let damaged = || LedgerFault::Record { what: "a bundle" };
        let file = BundleFile::parse(&published.text).map_err(|_| damaged())?;
        let bundle = file.bundle().map_err(|_| damaged())?;
        Ok(Self { file, bundle })
    }

    /// The notes by which a host that slept follows the changes of the roots up to a bundle with these.
    fn notes_to_follow(&self, book: &Book<'_>, roots: &Roots) -> Result<String, DeskFault> {
        let notes = self.file.notes().map_err(|_| LedgerFault::Record { what: "a bundle" })?;
        let last = notes.len() - 1;
        let mut kept = String::new();
        for (at, (note, bundle)) in notes.iter().enumerate() {
            let before = match bundle.number.checked_sub(1).filter(|number| *number > 0) {
                Some(number) => book.bundle(number)?.map(|before| Self::read(&before)).transpose()?,
                None => None,
            };
            let changed = before.is_some_and(|before| before.bundle.roots != bundle.roots);
            // Who signs a change of the roots has to see which ones it follows.
            if changed || (at == last && bundle.roots != *roots) {
                kept.push_str(note);
            }
        }
        Ok(kept)
    }
}

/// Gives a bundle out that enough roots have signed: from now on it is the one that the next one follows.
///
/// # Errors
/// Not enough have signed, it does not follow the one before, or it takes back what that one revoked.
pub fn publish_bundle(ledger: &mut Ledger, session: &Session, file: &BundleFile) -> Result<Bundle, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let before = Published::last(book)?;
        let bundle = follows(book, before.as_ref().map(|before| &before.bundle), file)?;
        let number = before.as_ref().map_or(0, |before| before.bundle.number);
        let ahead = bundle.issued.days_after(session.today);
        if ahead > MOST_AHEAD.0 || bundle.number.saturating_sub(number) > MOST_AHEAD.1 {
            let what =
                format!("bundle {} of {} is too far ahead of the last one and of today", bundle.number, bundle.issued);
            return Err(Refused::Bundle(what).into());
        }
        if was_restored_since(book)? {
            learn(book, &by, &bundle)?;
        }
        // The same for the keys of this desk: none that was said to be stolen signs again.
        let own = book.issuers()?;
        for void in bundle.issuers.iter().filter(|issuer| issuer.void) {
            let rule = book.issuer_rule(void.number)?;
            if rule.state != IssuerState::Stolen && own.iter().any(|own| own.number == void.number) {
                book.put_issuer_rule(&IssuerRule { state: IssuerState::Stolen, ..rule })?;
            }
        }
        book.insert_bundle(&PublishedBundle { number: bundle.number, issued: bundle.issued, text: file.to_string() })?;
        let facts = json!({
            "number": bundle.number,
            "roots": bundle.roots.fingerprint(),
            "issuers": bundle.issuers.len(),
            "listed": bundle.listed.len(),
            "revoked": bundle.revoked.len(),
        });
        book.record(&by, Action::BundlePublished, None, facts.to_string())?;
        Ok(bundle)
    })
}

fn follows(book: &Book<'_>, before: Option<&Bundle>, file: &BundleFile) -> Result<Bundle, DeskFault> {
    let refused = |fault: BundleFileFault| Refused::Bundle(fault.to_string());
    let claimed = file.bundle().map_err(|fault| refused(fault.into()))?;
    let trusted = before.map_or(&claimed.roots, |before| &before.roots);
    let bundle = file.verify(trusted).map_err(|fault| refused(fault.into()))?;
    let vendor = book.desk()?.vendor;
    if bundle.vendor != vendor.as_str() {
        return Err(Refused::OtherVendor { found: bundle.vendor, wanted: vendor }.into());
    }
    not_both(&bundle)?;
    // Not simply the next one: a ledger that was put back from a backup has to learn of those that were published since.
    let number = before.map_or(1, |before| before.number + 1);
    if bundle.number < number {
        return Err(Refused::BundleNumber { found: bundle.number, wanted: number }.into());
    }
    if let Some(before) = before {
        if before.issued > bundle.issued {
            return Err(Refused::Bundle("it is dated before the bundle that it follows".to_owned()).into());
        }
        takes_nothing_back(before, &bundle)?;
    }
    Ok(bundle)
}

/// What a ledger that was restored from a backup may have forgotten: what was revoked stays revoked, a stolen key void,
/// and codes of it that the ledger does not know stay listed. Keys, partners and products that it does not know stay
/// as they were; no ledger drops one.
fn keep_for_good(before: &Bundle, known: &HashSet<CodeDigest>, now: &mut Bundle) {
    for &(license, good_from) in &before.revoked {
        match now.revoked.binary_search_by_key(&license, |(license, _)| *license) {
            Err(place) => now.revoked.insert(place, (license, good_from)),
            Ok(place) => {
                if let Some((_, still)) = now.revoked.get_mut(place) {
                    *still = still.zip(good_from).map(|(now, before)| now.max(before));
                }
            }
        }
    }
    for issuer in &before.issuers {
        match now.issuers.binary_search_by_key(&issuer.number, |issuer| issuer.number) {
            Err(place) => now.issuers.insert(place, issuer.clone()),
            Ok(place) => now.issuers.get_mut(place).into_iter().for_each(|still| still.void |= issuer.void),
        }
    }
    let void = |number: IssuerNumber| now.issuers.iter().any(|issuer| issuer.number == number && issuer.void);
    now.listed.extend(before.listed.iter().filter(|(number, digest)| void(*number) && !known.contains(digest)));
    now.listed.sort_unstable();
    now.listed.dedup();
    for product in &before.products {
        if let Err(place) = now.products.binary_search_by_key(&product.id, |product| product.id) {
            now.products.insert(place, product.clone());
        }
    }
}

/// A root signs bundles and nothing else.
fn not_both(bundle: &Bundle) -> Result<(), Refused> {
    let both = bundle.roots.keys().iter().find(|root| bundle.issuers.iter().any(|issuer| issuer.key == **root));
    match both {
        Some(key) => {
            Err(Refused::Bundle(format!("root {key} is an issuing key, and a root signs nothing but bundles")))
        }
        None => Ok(()),
    }
}

/// What a ledger learns from a bundle that was published after the backup that it was restored from.
fn learn(book: &Book<'_>, by: &By, bundle: &Bundle) -> Result<(), DeskFault> {
    for &(license, good_from) in &bundle.revoked {
        let Some(record) = book.license(license)? else { continue };
        let good_from = good_from.map_or(LicenseRecord::NONE_GOOD, Revision::get);
        if record.good_from.is_none_or(|good| good < good_from) {
            book.put_license(license, record.customer, Some(good_from))?;
            let facts = json!({"customer": record.customer.get(), "good_from": good_from, "bundle": bundle.number});
            book.record_after(by, Action::Revoked, Some(license), Some(record.event), facts.to_string())?;
        }
    }
    for own in book.issuers()? {
        let Some(issuer) = bundle.issuers.iter().find(|issuer| issuer.number == own.number) else { continue };
        let before = book.issuer_rule(own.number)?;
        let rule = IssuerRule { limits: issuer.limits.clone(), ..before.clone() };
        if rule != before {
            write_rule(book, by, &rule)?;
        }
    }
    Ok(())
}

/// Whether the ledger was put back from a backup after the newest bundle that it knows.
fn was_restored_since(book: &Book<'_>) -> Result<bool, LedgerFault> {
    let last = |action| Ok::<_, LedgerFault>(book.last_event_of(action)?.map_or(0, |event| event.sequence));
    Ok(last(Action::Restored)? > last(Action::BundlePublished)?)
}

/// Most days that a bundle may be dated ahead, and most numbers that may be left out.
const MOST_AHEAD: (i32, u32) = (30, 1000);

/// What was revoked stays revoked, and a stolen key stays void: its number and key are never used again.
///
/// # Errors
/// What is taken back.
pub fn takes_nothing_back(before: &Bundle, now: &Bundle) -> Result<(), Refused> {
    for (license, good_from) in &before.revoked {
        let still = now.revoked.iter().find(|(other, _)| other == license).map(|(_, good_from)| good_from);
        let holds = match (good_from, still) {
            (_, Some(None)) => true,
            (Some(before), Some(Some(now))) => now >= before,
            (_, _) => false,
        };
        if !holds {
            return Err(Refused::TakesBack(format!("license {license} is revoked in bundle {}", before.number)));
        }
    }
    for issuer in &before.issuers {
        let again = now.issuers.iter().find(|other| other.number == issuer.number);
        let number = issuer.number;
        match again {
            Some(again) if again.key != issuer.key => {
                return Err(Refused::TakesBack(format!("issuer {number} has another key in bundle {}", before.number)));
            }
            Some(again) if issuer.void && !again.void => {
                return Err(Refused::TakesBack(format!("issuer {number} is void in bundle {}", before.number)));
            }
            None if issuer.void => {
                return Err(Refused::TakesBack(format!("issuer {number} is void in bundle {}", before.number)));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::example::terms;
    use crate::ledger::{CustomerNumber, Founding, Operator, OperatorName};
    use activation_code::{HostId, MaintenancePeriod, Terms};

    /// One of every line that a bundle has.
    const BUNDLE: &str = include_str!("../../fuzz/corpus/bundle/every-line");

    #[test]
    fn what_a_bundle_takes_back_is_told() {
        let before = BundleFile::parse(BUNDLE).unwrap().bundle().unwrap();
        let number = before.number;
        let told = |edit: &dyn Fn(&mut Bundle)| {
            let mut now = before.clone();
            edit(&mut now);
            takes_nothing_back(&before, &now)
        };
        let taken = |what: String| Err(Refused::TakesBack(format!("{what} in bundle {number}")));
        assert_eq!(told(&|_| {}), Ok(()));
        let (below, good_from) = before
            .revoked
            .iter()
            .position(|(_, from)| from.is_some())
            .map(|at| (at, before.revoked[at].1.unwrap()))
            .unwrap();
        let (all, _) = before.revoked.iter().enumerate().find(|(_, (_, from))| from.is_none()).unwrap();
        let revoked = |at: usize| taken(format!("license {} is revoked", before.revoked[at].0));
        assert_eq!(told(&|now| now.revoked.retain(|it| *it != before.revoked[below])), revoked(below));
        assert_eq!(told(&|now| now.revoked[below].1 = Revision::new(good_from.get() - 1)), revoked(below));
        assert_eq!(told(&|now| now.revoked[below].1 = Revision::new(good_from.get() + 1)), Ok(()));
        assert_eq!(told(&|now| now.revoked[below].1 = None), Ok(()));
        assert_eq!(told(&|now| now.revoked[all].1 = Some(Revision::MAX)), revoked(all));
        let void = before.issuers.iter().position(|issuer| issuer.void).unwrap();
        let good = before.issuers.iter().position(|issuer| !issuer.void).unwrap();
        let issuer = |at: usize| before.issuers[at].number;
        let is_void = || taken(format!("issuer {} is void", issuer(void)));
        assert_eq!(told(&|now| now.issuers[void].void = false), is_void());
        assert_eq!(told(&|now| drop(now.issuers.remove(void))), is_void());
        assert_eq!(
            told(&|now| now.issuers[good].key = before.issuers[void].key),
            taken(format!("issuer {} has another key", issuer(good)))
        );
        // A key that is gone is not believed at all.
        assert_eq!(told(&|now| drop(now.issuers.remove(good))), Ok(()));
    }

    #[test]
    fn what_a_ledger_forgot_stays_in_the_bundle() {
        let before = BundleFile::parse(BUNDLE).unwrap().bundle().unwrap();
        let kept = |known: &[CodeDigest], edit: &dyn Fn(&mut Bundle)| {
            let mut now = before.clone();
            edit(&mut now);
            keep_for_good(&before, &known.iter().copied().collect(), &mut now);
            now
        };
        assert_eq!(kept(&[], &|_| {}), before);
        let forgotten = kept(&[], &|now| {
            now.revoked.clear();
            now.issuers.clear();
            now.listed.clear();
            now.products.clear();
        });
        assert_eq!(forgotten, before);
        let known = before.listed[0].1;
        assert_eq!(kept(&[known], &|now| now.listed.clear()).listed, before.listed[1..]);
        let stolen = before.issuers.iter().position(|issuer| issuer.void).unwrap();
        assert!(kept(&[], &|now| now.issuers[stolen].void = false).issuers[stolen].void);
        let good = before.issuers.iter().position(|issuer| !issuer.void).unwrap();
        assert!(kept(&[], &|now| now.issuers[good].void = true).issuers[good].void);
        let below = before.revoked.iter().position(|(_, from)| from.is_some()).unwrap();
        let from = |from: Option<u16>| {
            let from = from.map(|from| Revision::new(from).unwrap());
            kept(&[], &|now| now.revoked[below].1 = from).revoked[below].1.map(Revision::get)
        };
        assert_eq!([from(Some(1)), from(Some(2)), from(Some(3)), from(None)], [Some(2), Some(2), Some(3), None]);
        let mut of_good = before.clone();
        of_good.listed = vec![(before.issuers[good].number, known)];
        let mut now = before.clone();
        now.listed.clear();
        keep_for_good(&of_good, &HashSet::new(), &mut now);
        assert_eq!(now.listed, [], "its key is good, and so are its codes");
    }

    #[test]
    fn what_was_stolen_stays_stolen_whoever_asks() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("ledger.sqlite");
        std::fs::write(&path, "").unwrap();
        let (vendor, day) = ("Example Security".parse().unwrap(), "2026-11-23".parse().unwrap());
        let founding = Founding { vendor: &vendor, operator: &Operator::first(), day, identity: [7; 8] };
        let mut ledger = Ledger::create(&path, &founding).unwrap();
        let by = By { operator: OperatorName::first(), day };
        let number = "1".parse().unwrap();
        let key = crate::signer::SoftwareKey::from_seed(&[1; 32]).unwrap();
        let issuer = PinnedIssuer { number, key: crate::signer::Signer::public_key(&key) };
        super::super::record_issuer(&mut ledger, &by, issuer).unwrap();
        let mut write = |state| {
            let rule = IssuerRule { issuer: number, state, limits: IssuerLimits::default() };
            ledger.write(|book| write_rule(book, &by, &rule))
        };
        write(IssuerState::Stolen).unwrap();
        let back = write(IssuerState::InUse);
        assert!(matches!(back, Err(DeskFault::Refused(Refused::StaysStolen(stolen))) if stolen == number), "{back:?}");
        write(IssuerState::Stolen).unwrap();
    }

    /// What is signed by issuers 1, stolen, and 2.
    fn code(issuer: u16, revision: u16, first: &str, host: Option<HostId>) -> Signed {
        let period = MaintenancePeriod::new(first.parse().unwrap(), "2027-12-31".parse().unwrap()).unwrap();
        let (issuer, revision) = (IssuerNumber::new(issuer).unwrap(), Revision::new(revision).unwrap());
        let terms = Terms { issuer, revision, period, host, ..terms() };
        let customer = CustomerNumber::new(1).unwrap();
        Signed { entry: Entry { customer, reference: None, period, terms }, signature: [7; 64], event: 1 }
    }

    #[test]
    fn a_code_of_a_stolen_key_stays_listed_until_another_key_has_replaced_it_where_it_counts() {
        let record = |good_from: Option<u16>| LicenseRecord {
            number: LicenseNumber::new(1042).unwrap(),
            customer: CustomerNumber::new(1).unwrap(),
            good_from,
            event: 1,
            next_revision: 9,
        };
        let stolen = [IssuerNumber::new(1).unwrap()];
        let stays = |code: &Signed, other: Option<Signed>| {
            let codes: Vec<Signed> = other.into_iter().chain([code.clone()]).collect();
            stays_listed(&record(None), code, &codes, &stolen)
        };
        let (day, host, elsewhere) = ("2027-01-01", Some(HostId(7)), Some(HostId(8)));
        let (lost, bound) = (code(1, 2, day, None), code(1, 2, day, host));
        assert!(stays(&lost, None) && stays(&bound, None));
        assert!(!stays(&code(2, 2, day, None), None), "its key was not stolen");
        assert!(stays_listed(&record(Some(2)), &lost, std::slice::from_ref(&lost), &stolen));
        assert!(!stays_listed(&record(Some(3)), &lost, std::slice::from_ref(&lost), &stolen), "it is revoked");
        // A later revision of a good key, which counts no later, takes its place.
        assert!(!stays(&lost, Some(code(2, 3, day, None))) && !stays(&lost, Some(code(2, 3, "2026-12-01", None))));
        assert!(stays(&lost, Some(code(2, 3, "2027-01-02", None))));
        assert!(stays(&lost, Some(code(2, 2, day, host))) && stays(&lost, Some(code(2, 1, day, None))));
        assert!(stays(&bound, Some(code(2, 2, day, None))));
        assert!(stays(&lost, Some(code(1, 3, day, None))), "the other one is of the stolen key too");
        // What a host alone accepts replaces what that host has.
        assert!(stays(&lost, Some(code(2, 3, day, host))));
        assert!(!stays(&bound, Some(code(2, 3, day, host))) && !stays(&bound, Some(code(2, 3, day, None))));
        assert!(stays(&bound, Some(code(2, 3, day, elsewhere))));
    }
}
