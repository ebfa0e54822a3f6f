//! A partner's desk: it issues what its vendor's trust bundle allows, and tells the vendor what it issued (domain
//! rule D15).

use super::catalogue::{possible, write};
use super::checkpoint::refuse_issuer;
use super::operators::{Permission, Session};
use super::trust::{Published, each_license, takes_nothing_back, write_rule, write_settings};
use super::{DeskFault, Refused};
use crate::ledger::{
    Action, Book, By, DeskRole, IssuerState, Ledger, LedgerFault, Product, ProductKind, PublishedBundle, Sequence,
    TrustSettings, UnitType,
};
use crate::partner::{Exported, ExportedCode, PartnerExport, PartnerRequest};
use crate::signer::Signer;
use crate::trust::{BundleFile, BundleFileFault};
use activation_code::{
    Bundle, BundleProduct, IssuerLimits, IssuerNumber, LicenseNumber, Members, PinnedIssuer, Revision, Roots,
};
use serde_json::json;

/// Events that are read together.
const PAGE: u32 = 1000;

/// What loading a bundle has changed at a partner's desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What it says.
    pub bundle: Bundle,
    /// The desk's own key in it.
    pub issuer: IssuerNumber,
    /// What becomes of its codes.
    pub state: IssuerState,
    /// What it may issue.
    pub limits: IssuerLimits,
    /// Products that are new in the catalogue.
    pub added: u64,
    /// Products that changed.
    pub changed: u64,
    /// Whether it had been loaded before: nothing changed then.
    pub again: bool,
}

fn partner_only(settings: &TrustSettings) -> Result<(), Refused> {
    match settings.role {
        DeskRole::Partner => Ok(()),
        DeskRole::Vendor => Err(Refused::VendorsDesk),
    }
}

/// The key that a partner's desk issues with, or did.
fn own_issuer(book: &Book<'_>) -> Result<PinnedIssuer, DeskFault> {
    let issuers = book.issuers()?;
    for issuer in issuers.iter().rev() {
        if book.issuer_rule(issuer.number)?.state == IssuerState::InUse {
            return Ok(*issuer);
        }
    }
    issuers.last().copied().ok_or(DeskFault::NoIssuer)
}

/// Asks the vendor to certify this desk. `signer` has the ledger key.
///
/// # Errors
/// It is the vendor's own desk, the key signs codes, or the operator may not.
pub fn request_partnership(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
) -> Result<PartnerRequest, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let settings = book.trust_settings()?;
        partner_only(&settings)?;
        let issuer = own_issuer(book)?;
        know_ledger_key(book, &by, signer)?;
        let desk = book.desk()?;
        let request = PartnerRequest::sign(signer, desk.vendor, settings.test, desk.identity, issuer, session.today)?;
        let facts = json!({"request": issuer.number.get(), "fingerprint": request.fingerprint()});
        book.record(&by, Action::Exported, None, facts.to_string())?;
        Ok(request)
    })
}

/// One key signs one kind of thing, and the book knows which one signs what leaves the desk.
fn know_ledger_key(book: &Book<'_>, by: &By, signer: &dyn Signer) -> Result<(), DeskFault> {
    let key = signer.public_key();
    refuse_issuer(&key, &book.issuers()?)?;
    if !book.ledger_keys()?.contains(&key) {
        super::catalogue::write_ledger_key(book, by, &key)?;
    }
    Ok(())
}

/// Loads what the vendor allows. The first time `roots` say whom to believe; later those of the bundle before count,
/// and `roots` too if they are given.
///
/// # Errors
/// The roots have not signed it, it is older than the one before or another of the same number, another vendor's, or
/// it does not name this desk's key.
pub fn load_bundle(
    ledger: &mut Ledger,
    session: &Session,
    file: &BundleFile,
    roots: Option<&Roots>,
) -> Result<Loaded, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let settings = book.trust_settings()?;
        partner_only(&settings)?;
        let before = Published::last(book)?.map(|before| before.bundle);
        let bundle = verified(book, &settings, before.as_ref(), file, roots)?;
        let known = before.as_ref().is_some_and(|before| before.number == bundle.number);
        if known && before.as_ref() != Some(&bundle) {
            return Err(Refused::BundleFork(bundle.number).into());
        }
        let named = |issuer: &PinnedIssuer| {
            bundle.issuers.iter().find(|named| named.number == issuer.number && named.key == issuer.key)
        };
        let own = book.issuers()?;
        let mut loaded = None;
        for issuer in own.iter().filter_map(named) {
            let before = book.issuer_rule(issuer.number)?;
            let state = if issuer.void { IssuerState::Stolen } else { before.state };
            let rule = crate::ledger::IssuerRule { issuer: issuer.number, state, limits: issuer.limits.clone() };
            if rule != before {
                write_rule(book, &by, &rule)?;
            }
            if loaded.is_none() || rule.state == IssuerState::InUse {
                loaded = Some(rule);
            }
        }
        let Some(rule) = loaded else {
            return Err(Refused::NotNamed(own_issuer(book)?.number).into());
        };
        let (mut added, mut changed) = (0, 0);
        if !known {
            (added, changed) = take_products(book, &by, &bundle.products)?;
            let contact = bundle.contact.iter().map(|line| line.parse().map_err(|_| unusable("its contact")));
            let told = TrustSettings { contact: contact.collect::<Result<_, _>>()?, ..settings.clone() };
            if told != settings {
                write_settings(book, &by, &told)?;
            }
            let text = file.to_string();
            book.insert_bundle(&PublishedBundle { number: bundle.number, issued: bundle.issued, text })?;
            let facts = json!({
                "number": bundle.number,
                "roots": bundle.roots.fingerprint(),
                "loaded": rule.issuer.get(),
            });
            book.record(&by, Action::BundlePublished, None, facts.to_string())?;
        }
        if let Some((first, _)) = rule.limits.licenses
            && book.desk()?.next_license < first.get()
        {
            book.set_next_license_number(first.get())?;
        }
        let (issuer, state, limits) = (rule.issuer, rule.state, rule.limits);
        Ok(Loaded { bundle, issuer, state, limits, added, changed, again: known })
    })
}

fn unusable(what: &str) -> Refused {
    Refused::Bundle(format!("{what} cannot be taken over by a desk"))
}

fn verified(
    book: &Book<'_>,
    settings: &TrustSettings,
    before: Option<&Bundle>,
    file: &BundleFile,
    roots: Option<&Roots>,
) -> Result<Bundle, DeskFault> {
    let refused = |fault: BundleFileFault| Refused::Bundle(fault.to_string());
    let trusted = before.map(|before| &before.roots).or(roots).ok_or(Refused::NoRoots)?;
    let bundle = file.verify(trusted).map_err(|fault| refused(fault.into()))?;
    if let Some(roots) = roots {
        file.verify(roots).map_err(|fault| refused(fault.into()))?;
    }
    let vendor = book.desk()?.vendor;
    if bundle.vendor != vendor.as_str() {
        return Err(Refused::OtherVendor { found: bundle.vendor, wanted: vendor }.into());
    }
    if bundle.test != settings.test {
        return Err(Refused::OtherPurpose.into());
    }
    if let Some(before) = before {
        if bundle.number < before.number {
            return Err(Refused::BundleNumber { found: bundle.number, wanted: before.number + 1 }.into());
        }
        if bundle.number > before.number {
            takes_nothing_back(before, &bundle)?;
        }
    }
    Ok(bundle)
}

/// What the vendor sells; what a bundle does not say of a product stays as it was here.
fn take_products(book: &Book<'_>, by: &By, products: &[BundleProduct]) -> Result<(u64, u64), DeskFault> {
    let (mut added, mut changed) = (0, 0);
    // A suite comes after its members.
    let (suites, others): (Vec<_>, Vec<_>) =
        products.iter().partition(|product| product.kind == ProductKind::Suite.name());
    for told in others.into_iter().chain(suites) {
        let before = book.product(told.id)?;
        let wanted = possible(book, product(told, before.as_ref())?)?;
        let action = match &before {
            None => Action::ProductAdded,
            Some(before) if before.kind != wanted.kind || before.unit != wanted.unit => {
                return Err(Refused::OtherProduct(told.id).into());
            }
            Some(before) if *before == wanted => continue,
            Some(_) => Action::ProductChanged,
        };
        *(if before.is_none() { &mut added } else { &mut changed }) += 1;
        write(book, by, action, &wanted)?;
    }
    Ok((added, changed))
}

fn product(told: &BundleProduct, before: Option<&Product>) -> Result<Product, Refused> {
    let cannot = || unusable(&format!("product {}", told.id));
    let unit = UnitType::from_name(&told.unit).ok_or_else(cannot)?;
    let kind = ProductKind::from_name(&told.kind).ok_or_else(cannot)?;
    let mnemonic = told.mnemonic.parse().map_err(|_| cannot())?;
    let new = Product::new(told.id, mnemonic, told.name.parse().map_err(|_| cannot())?, unit, kind);
    let family = told.family.as_ref().map(|family| family.parse().map_err(|_| cannot())).transpose()?;
    let end_of_sale = before.and_then(|before| before.end_of_sale);
    Ok(Product {
        members: told.members.as_ref().map_or_else(Vec::new, |members: &Members| members.products().to_vec()),
        family,
        rank: told.rank,
        end_of_life: told.end_of_life,
        use_ends: told.use_ends,
        platform: before.and_then(|before| before.platform.clone()),
        auto_enabled: before.is_some_and(|before| before.auto_enabled),
        end_of_sale: end_of_sale.filter(|sale| told.end_of_life.is_none_or(|life| *sale <= life)),
        ..new
    })
}

/// What this desk has issued, for the vendor: all of its codes, and the links of its book from the event `since` on.
/// The event that says so comes after what it covers. `signer` has the ledger key.
///
/// # Errors
/// It is the vendor's own desk, the book has no event `since`, or the operator may not.
pub fn export_book(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
    since: Option<Sequence>,
) -> Result<PartnerExport, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::KeepBook)?;
        partner_only(&book.trust_settings()?)?;
        know_ledger_key(book, &by, signer)?;
        let head = book.head()?.ok_or(LedgerFault::Record { what: "the book" })?;
        let first = since.unwrap_or(1);
        if first == 0 || first > head.sequence {
            return Err(Refused::NoSuchEvent { wanted: first, last: head.sequence }.into());
        }
        let issuer = own_issuer(book)?;
        let (codes, revoked) = issued(book, issuer.number)?;
        let desk = book.desk()?;
        let exported = Exported {
            vendor: desk.vendor,
            desk: desk.identity,
            issuer,
            day: session.today,
            head_day: head.day,
            first,
            links: links(book, first)?,
            codes,
            revoked,
        };
        let export = PartnerExport::sign(signer, exported)?;
        let facts = json!({
            "issuer": issuer.number.get(),
            "events": head.sequence,
            "since": first,
            "codes": export.codes().len(),
        });
        book.record(&by, Action::Exported, None, facts.to_string())?;
        Ok(export)
    })
}

fn links(book: &Book<'_>, first: Sequence) -> Result<Vec<crate::ledger::Link>, LedgerFault> {
    let mut links = Vec::new();
    loop {
        let events = book.events_from(first + links.len() as u64, PAGE)?;
        if events.is_empty() {
            return Ok(links);
        }
        links.extend(events.iter().map(|event| event.link));
    }
}

type Issued = (Vec<ExportedCode>, Vec<(LicenseNumber, Option<Revision>)>);

fn issued(book: &Book<'_>, issuer: IssuerNumber) -> Result<Issued, DeskFault> {
    let mut issued = Vec::new();
    each_license(book, |_, codes| {
        let own = codes.iter().filter(|code| code.entry.terms.issuer == issuer);
        issued.extend(own.map(|code| ExportedCode { terms: code.entry.terms.clone(), signature: code.signature }));
        Ok(())
    })?;
    Ok((issued, book.revoked()?))
}
