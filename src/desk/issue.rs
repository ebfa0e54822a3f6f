//! Issuing: reserve, sign, verify, commit; only then may anybody see the code.

use super::{DeskFault, Refused};
use crate::ledger::{Book, CustomerNumber, Entry, Ledger, LedgerFault, OrderReference, Product, ProductKind};
use crate::signer::Signer;
use activation_code::{
    ActivationCode, Day, Features, Holder, HostId, IssuerNumber, Kind, License, LicenseNumber, MaintenancePeriod,
    Members, PinnedIssuer, ProductId, Purpose, Revision, Terms, Trust, Units, signed_message,
};

/// What a customer orders: everything of a code that the desk does not decide itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// For whom.
    pub customer: CustomerNumber,
    /// What.
    pub product: ProductId,
    /// How many.
    pub units: Units,
    /// Maintained from when to when.
    pub period: MaintenancePeriod,
    /// `None`: what the product sells.
    pub kind: Option<Kind>,
    /// Whether the code is for testing.
    pub test: bool,
    /// Days of grace, if not the usual ones.
    pub grace: Option<u8>,
    /// The only host that shall accept the code.
    pub host: Option<HostId>,
    /// Switches of the product.
    pub features: Option<Features>,
    /// The name that the code carries.
    pub holder: Option<Holder>,
    /// The order's reference: the same again gives the same code (rule D1).
    pub reference: Option<OrderReference>,
}

/// A code that the shipping verifier has accepted.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What the ledger has of it.
    pub entry: Entry,
    /// The code and its proof.
    pub license: License,
}

/// Issues a code, or gives the code that the same order made before.
///
/// # Errors
/// A rule of the desk, the ledger, or the signer. A number that was reserved by then is not used again,
/// and the same order goes on with it.
pub fn issue(ledger: &mut Ledger, signer: &dyn Signer, order: &Order, today: Day) -> Result<Issued, DeskFault> {
    let entry = reserve(ledger, order, today)?;
    sign(ledger, signer, entry)
}

/// The code that an order made before, if it did: for that no key is needed.
///
/// # Errors
/// The reference made a code of other terms.
pub fn issued_for(ledger: &mut Ledger, order: &Order) -> Result<Option<Issued>, DeskFault> {
    ledger.read(|book| match recorded(book, order)? {
        Some(entry) if entry.signature.is_some() => verified(entry, &book.issuers()?).map(Some),
        _ => Ok(None),
    })
}

/// First step: number, revision and day of issue, in the ledger before anything is signed.
///
/// # Errors
/// A rule of the desk, or the ledger.
pub fn reserve(ledger: &mut Ledger, order: &Order, today: Day) -> Result<Entry, DeskFault> {
    ledger.write(|book| {
        if let Some(entry) = recorded(book, order)? {
            return Ok(entry);
        }
        let entry = first_entry(book, order, today)?;
        book.insert_license(entry.terms.license, entry.customer)?;
        book.insert_entry(&entry)?;
        Ok(entry)
    })
}

/// What an order would make if nobody were quicker, before anybody is asked for a
/// passphrase: the rules of the desk allow it.
///
/// # Errors
/// Those of [`reserve`].
pub fn preview(ledger: &mut Ledger, order: &Order, today: Day) -> Result<Entry, DeskFault> {
    ledger.read(|book| match recorded(book, order)? {
        Some(entry) => Ok(entry),
        None => first_entry(book, order, today),
    })
}

/// The other steps: signs what was reserved, verifies the code as a host does, and
/// commits the signature.
///
/// # Errors
/// The signer, the verifier, or the ledger.
pub fn sign(ledger: &mut Ledger, signer: &dyn Signer, mut entry: Entry) -> Result<Issued, DeskFault> {
    let issuers = ledger.read(|book| book.issuers())?;
    if entry.signature.is_some() {
        return verified(entry, &issuers);
    }
    let number = entry.terms.issuer;
    if !issuers.contains(&PinnedIssuer { number, key: signer.public_key() }) {
        return Err(DeskFault::OtherKey { number });
    }
    let payload = entry.terms.to_payload().map_err(Refused::Terms)?;
    let signature = signer.sign(&signed_message(&payload))?;
    entry.signature = Some(signature);
    let issued = verified(entry, &issuers)?;
    let terms = &issued.entry.terms;
    ledger.write(|book| book.set_signature(terms.license, terms.revision, &signature))?;
    Ok(issued)
}

/// A license's entries, and its codes as far as they are signed.
#[derive(Clone, Debug)]
pub struct Codes {
    /// Every revision, lowest first.
    pub entries: Vec<Entry>,
    /// Those that are signed, lowest revision first.
    pub issued: Vec<Issued>,
}

/// The codes of a license, verified again.
///
/// # Errors
/// There is no such license, or a code does not verify.
pub fn codes_of(ledger: &mut Ledger, license: LicenseNumber) -> Result<Codes, DeskFault> {
    ledger.read(|book| {
        let entries = book.entries_of(license)?;
        if entries.is_empty() {
            return Err(Refused::UnknownLicense(license).into());
        }
        let issuers = book.issuers()?;
        let signed = entries.iter().filter(|entry| entry.signature.is_some()).cloned();
        let issued = signed.map(|entry| verified(entry, &issuers)).collect::<Result<_, _>>()?;
        Ok(Codes { entries, issued })
    })
}

/// The newest revision of each license, by number.
///
/// # Errors
/// Those of the ledger.
pub fn licenses(ledger: &mut Ledger) -> Result<Vec<Entry>, LedgerFault> {
    let mut newest: Vec<Entry> = Vec::new();
    for entry in ledger.read(|book| book.entries())? {
        match newest.last_mut() {
            Some(last) if last.terms.license == entry.terms.license => *last = entry,
            _ => newest.push(entry),
        }
    }
    Ok(newest)
}

/// What the order's reference made before, if it asked for the same.
fn recorded(book: &Book<'_>, order: &Order) -> Result<Option<Entry>, DeskFault> {
    let Some(reference) = &order.reference else { return Ok(None) };
    let Some(entry) = book.entry_for(reference)? else { return Ok(None) };
    let product = product(book, order)?;
    let mut wanted = Entry {
        customer: order.customer,
        reference: order.reference.clone(),
        period: order.period,
        terms: terms(order, &product, entry.terms.license, entry.terms.issued, entry.terms.issuer)?,
        signature: entry.signature,
    };
    // What the desk decided itself is no part of the order.
    wanted.terms.revision = entry.terms.revision;
    wanted.terms.members =
        if wanted.terms.product == entry.terms.product { entry.terms.members.clone() } else { wanted.terms.members };
    if wanted == entry {
        return Ok(Some(entry));
    }
    let (recorded, wanted) = (Box::new(entry), Box::new(wanted));
    Err(Refused::OtherTerms { reference: reference.clone(), recorded, wanted }.into())
}

/// What a new license begins with.
fn first_entry(book: &Book<'_>, order: &Order, today: Day) -> Result<Entry, DeskFault> {
    let product = product(book, order)?;
    let customer = book.customer(order.customer)?;
    let customer = customer.ok_or_else(|| Refused::UnknownCustomer(order.customer.to_string()))?.number;
    let number = book.next_license_number()?.ok_or(Refused::NoNumberLeft)?;
    let issuer = book.issuers()?.pop().ok_or(DeskFault::NoIssuer)?;
    let terms = terms(order, &product, number, today, issuer.number)?;
    terms.to_payload().map_err(Refused::Terms)?;
    Ok(Entry { customer, reference: order.reference.clone(), period: order.period, terms, signature: None })
}

fn product(book: &Book<'_>, order: &Order) -> Result<Product, DeskFault> {
    let product = book.product(order.product)?;
    Ok(product.ok_or_else(|| Refused::UnknownProduct(order.product.to_string()))?)
}

/// The terms of a first revision.
fn terms(
    order: &Order,
    product: &Product,
    license: LicenseNumber,
    issued: Day,
    issuer: IssuerNumber,
) -> Result<Terms, Refused> {
    let (usual, sold) = match product.kind {
        ProductKind::Service => (Kind::Service, [Kind::Service, Kind::Evaluation]),
        ProductKind::Software | ProductKind::Suite => (Kind::Full, [Kind::Full, Kind::Evaluation]),
    };
    let kind = order.kind.unwrap_or(usual);
    if !sold.contains(&kind) {
        return Err(Refused::Kind { id: product.id, product: product.kind, wanted: kind });
    }
    Ok(Terms {
        product: product.id,
        license,
        units: order.units,
        period: order.period,
        issued,
        issuer,
        revision: Revision::FIRST,
        kind,
        test: order.test,
        grace: order.grace,
        host: order.host,
        members: Members::new(product.members.iter().copied()),
        features: order.features,
        holder: order.holder.clone(),
    })
}

/// The code of a signed entry, accepted by the verifier that ships in products.
fn verified(entry: Entry, issuers: &[PinnedIssuer]) -> Result<Issued, DeskFault> {
    let license = entry.terms.license;
    let refusal = |refusal| DeskFault::DoesNotVerify { license, refusal };
    let payload = entry.terms.to_payload().map_err(Refused::Terms)?;
    let signature = entry.signature.ok_or(LedgerFault::Record { what: "a code" })?;
    let code =
        ActivationCode::from_parts(&payload, &signature).map_err(|fault| DeskFault::NotReadable { license, fault })?;
    // Testing: the desk verifies codes for testing too.
    let trust = Trust::pinned(Purpose::Testing, issuers.iter().copied()).map_err(|_| DeskFault::NoIssuer)?;
    let license = trust.verify(code).map_err(refusal)?;
    Ok(Issued { entry, license })
}
