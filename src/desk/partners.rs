//! Partners at the vendor's desk: what they may issue, and what they issued (domain rule D15).

use super::issuing::trust;
use super::operators::{Permission, Session};
use super::trust::{Published, vendor_only};
use super::{DeskFault, Refused};
use crate::ledger::{
    Action, Book, By, Event, Head, IssuerState, Ledger, LedgerFault, LicenseRecord, Name, Partner, PartnerCode,
    Sequence,
};
use crate::partner::{PartnerExport, PartnerRequest};
use activation_code::{
    ActivationCode, Day, Features, IssuerLimits, IssuerNumber, Kind, LicenseNumber, Limit, PinnedIssuer, ProductId,
    Revision, Terms, Trust, Units,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// Codes that are read, and written with one event.
const CHUNK: usize = 500;
/// License numbers of a partner of whom nobody said which.
const USUAL_RANGE: u32 = 1_000_000;
/// Findings that are listed; who has more needs no list.
pub const MOST_LISTED: usize = 1000;

/// What is changed of what an issuing key may issue; `None` or nothing: no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerLimitEdit {
    /// Only these products.
    Products(Vec<ProductId>),
    /// Only codes of these kinds.
    Kinds(Vec<Kind>),
    /// Most units of a code.
    Units(Option<Units>),
    /// Most days of grace.
    Grace(Option<u8>),
    /// Only these features.
    Features(Option<Features>),
    /// Only these license numbers.
    Licenses(Option<(LicenseNumber, LicenseNumber)>),
    /// Most days from the day of issue to the last day.
    Days(Option<u32>),
    /// The latest last day.
    Until(Option<Day>),
    /// The first day of issue.
    From(Option<Day>),
    /// The last day of issue.
    To(Option<Day>),
}

/// Limits with these changes.
pub fn change_limits(mut limits: IssuerLimits, edits: &[IssuerLimitEdit]) -> IssuerLimits {
    for edit in edits.iter().cloned() {
        match edit {
            IssuerLimitEdit::Products(mut products) => {
                products.sort_unstable();
                products.dedup();
                limits.products = products;
            }
            IssuerLimitEdit::Kinds(kinds) => {
                limits.kinds = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect();
            }
            IssuerLimitEdit::Units(most) => limits.units = most,
            IssuerLimitEdit::Grace(most) => limits.grace = most,
            IssuerLimitEdit::Features(all) => limits.features = all,
            IssuerLimitEdit::Licenses(range) => limits.licenses = range,
            IssuerLimitEdit::Days(most) => limits.days = most,
            IssuerLimitEdit::Until(day) => limits.until = day,
            IssuerLimitEdit::From(day) => limits.from = day,
            IssuerLimitEdit::To(day) => limits.to = day,
        }
    }
    limits
}

/// How a partner ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerEnd {
    /// In good order: what it issued up to this day stays good.
    Retired {
        /// Its last day of issue.
        last: Day,
    },
    /// Its key cannot be believed: only codes that were imported stay good.
    Stolen,
}

/// Lets a partner issue, from the next bundle on. It has license numbers of its own: a million that are free, unless
/// somebody says which.
///
/// # Errors
/// Its number or a key is in use, its license numbers are not free, a product is unknown, a key is published, or the
/// request is for another vendor.
pub fn add_partner(
    ledger: &mut Ledger,
    session: &Session,
    request: &PartnerRequest,
    name: &Name,
    edits: &[IssuerLimitEdit],
    allotment: Option<u32>,
) -> Result<Partner, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let settings = book.trust_settings()?;
        vendor_only(&settings)?;
        let vendor = book.desk()?.vendor;
        if request.vendor != vendor {
            return Err(Refused::OtherVendor { found: request.vendor.to_string(), wanted: vendor }.into());
        }
        if request.test != settings.test {
            return Err(Refused::OtherPurpose.into());
        }
        let others = book.partners()?;
        is_new(book, &others, request)?;
        if !settings.test {
            let published = [request.issuer.key, request.ledger_key];
            if let Some(key) = published.into_iter().find(|key| key.is_published_test_key()) {
                return Err(Refused::PublishedKey(Box::new(key)).into());
            }
        }
        let mut limits = change_limits(IssuerLimits::default(), edits);
        if limits.licenses.is_none() {
            limits.licenses = Some(free_range(book, &others)?);
        }
        let partner = Partner {
            issuer: request.issuer.number,
            name: name.clone(),
            key: request.issuer.key,
            ledger_key: request.ledger_key,
            desk: request.desk.clone(),
            state: IssuerState::InUse,
            limits,
            allotment,
            created: session.today,
        };
        possible(book, &others, &partner, None)?;
        write(book, &by, Action::PartnerAdded, &partner)?;
        Ok(partner)
    })
}

/// A number and keys that nobody has, or had.
fn is_new(book: &Book<'_>, others: &[Partner], request: &PartnerRequest) -> Result<(), DeskFault> {
    let PinnedIssuer { number, key } = request.issuer;
    let taken = |key| Err(Refused::KeyTaken(Box::new(key)).into());
    let own = book.issuers()?;
    if own.iter().any(|own| own.number == number) || others.iter().any(|other| other.issuer == number) {
        return Err(Refused::IssuerTaken(number).into());
    }
    if let Some(before) = Published::last(book)?.map(|before| before.bundle) {
        // A ledger that was put back from a backup may have forgotten a partner, who then comes again as it was.
        let same = |issuer: &activation_code::BundleIssuer| issuer.key == key && !issuer.void;
        if before.issuers.iter().any(|issuer| issuer.number == number && !same(issuer)) {
            return Err(Refused::IssuerTaken(number).into());
        }
        let root = [key, request.ledger_key].into_iter().find(|key| before.roots.keys().contains(key));
        if let Some(key) = root {
            return taken(key);
        }
        if before.issuers.iter().any(|issuer| issuer.number != number && issuer.key == key) {
            return taken(key);
        }
    }
    let mut used: Vec<_> = own.iter().map(|own| own.key).chain(book.ledger_keys()?).collect();
    used.extend(others.iter().map(|other| other.key));
    if let Some(key) = [key, request.ledger_key].into_iter().find(|key| used.contains(key)) {
        return taken(key);
    }
    // A desk may have two issuing keys and signs its book with one; nothing else has the same.
    let of_another = |other: &&Partner| other.desk != request.desk && other.ledger_key == request.ledger_key;
    if key == request.ledger_key || others.iter().any(|other| other.ledger_key == key) {
        return taken(key);
    }
    if others.iter().any(|other| of_another(&other)) {
        return taken(request.ledger_key);
    }
    Ok(())
}

fn own_numbers_end(book: &Book<'_>) -> Result<u32, LedgerFault> {
    Ok(book.next_license_number()?.map_or(u32::MAX, LicenseNumber::get))
}

fn overlap(a: (LicenseNumber, LicenseNumber), b: (LicenseNumber, LicenseNumber)) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}

fn free_range(book: &Book<'_>, others: &[Partner]) -> Result<(LicenseNumber, LicenseNumber), DeskFault> {
    let own = own_numbers_end(book)?;
    let blocks = (1..).map(|block: u32| block.checked_mul(USUAL_RANGE));
    let ranges = blocks.map_while(|first| {
        let first = first?;
        Some((LicenseNumber::new(first)?, LicenseNumber::new(first.checked_add(USUAL_RANGE - 1)?)?))
    });
    let forgotten = forgotten_ranges(book)?;
    let free = |range: &(LicenseNumber, LicenseNumber)| {
        let theirs = |other: &Partner| other.limits.licenses.is_some_and(|theirs| overlap(theirs, *range));
        range.0.get() >= own
            && !others.iter().any(theirs)
            && !forgotten.iter().any(|(_, theirs)| overlap(*theirs, *range))
    };
    let mut ranges = ranges;
    Ok(ranges.find(free).ok_or(Refused::NoRange { wanted: USUAL_RANGE })?)
}

/// License numbers, first and last.
type Range = (LicenseNumber, LicenseNumber);

/// License numbers of issuers that the newest bundle has and the ledger does not know, as after a restore.
fn forgotten_ranges(book: &Book<'_>) -> Result<Vec<(IssuerNumber, Range)>, DeskFault> {
    let Some(last) = Published::last(book)? else { return Ok(Vec::new()) };
    let own: Vec<_> = book.issuers()?.into_iter().map(|own| own.number).collect();
    let partners: Vec<_> = book.partners()?.into_iter().map(|partner| partner.issuer).collect();
    let forgotten =
        last.bundle.issuers.into_iter().filter(|it| !own.contains(&it.number) && !partners.contains(&it.number));
    Ok(forgotten.filter_map(|issuer| Some((issuer.number, issuer.limits.licenses?))).collect())
}

/// What a partner can be allowed. `before`: what it is allowed now.
fn possible(
    book: &Book<'_>,
    others: &[Partner],
    partner: &Partner,
    before: Option<&IssuerLimits>,
) -> Result<(), DeskFault> {
    for product in &partner.limits.products {
        book.product(*product)?.ok_or_else(|| Refused::UnknownProduct(product.to_string()))?;
    }
    let range = partner.limits.licenses.ok_or(Refused::NoRange { wanted: 0 })?;
    for other in others.iter().filter(|other| other.issuer != partner.issuer) {
        if let Some(theirs) = other.limits.licenses.filter(|theirs| overlap(*theirs, range)) {
            return Err(Refused::RangeOfPartner { issuer: other.issuer, range: theirs }.into());
        }
    }
    for (issuer, theirs) in forgotten_ranges(book)?.into_iter().filter(|(issuer, _)| *issuer != partner.issuer) {
        if overlap(theirs, range) {
            return Err(Refused::RangeOfPartner { issuer, range: theirs }.into());
        }
    }
    let inside = |had: (LicenseNumber, LicenseNumber)| had.0 <= range.0 && range.1 <= had.1;
    let next = own_numbers_end(book)?;
    if range.0.get() < next && !before.and_then(|before| before.licenses).is_some_and(inside) {
        return Err(Refused::RangeUsed { next }.into());
    }
    Ok(())
}

fn write(book: &Book<'_>, by: &By, action: Action, partner: &Partner) -> Result<(), DeskFault> {
    book.put_partner(partner)?;
    let facts = json!({
        "issuer": partner.issuer.get(),
        "key": partner.key.to_string(),
        "desk": partner.desk,
        "state": partner.state.name(),
        "limits": partner.limits.to_string().trim_start(),
        "allotment": partner.allotment,
    });
    book.record(by, action, None, facts.to_string())?;
    Ok(())
}

/// Changes what a partner may issue, from the next bundle on. `allotment`: `None`: as it is. What changes nothing is
/// no event.
///
/// # Errors
/// There is no such partner, it was ended, or it cannot be allowed that.
pub fn change_partner(
    ledger: &mut Ledger,
    session: &Session,
    issuer: IssuerNumber,
    edits: &[IssuerLimitEdit],
    allotment: Option<Option<u32>>,
) -> Result<Partner, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let before = known(book, issuer)?;
        if before.state != IssuerState::InUse {
            return Err(Refused::PartnerEnded(issuer).into());
        }
        let limits = change_limits(before.limits.clone(), edits);
        let partner = Partner { limits, allotment: allotment.unwrap_or(before.allotment), ..before.clone() };
        if partner != before {
            possible(book, &book.partners()?, &partner, Some(&before.limits))?;
            write(book, &by, Action::PartnerChanged, &partner)?;
        }
        Ok(partner)
    })
}

/// Ends a partner, with the next bundle. What was ended in good order may be ended again, with another day or for
/// good.
///
/// # Errors
/// There is no such partner, or its key is void already.
pub fn end_partner(
    ledger: &mut Ledger,
    session: &Session,
    issuer: IssuerNumber,
    end: PartnerEnd,
) -> Result<Partner, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let before = known(book, issuer)?;
        let mut partner = before.clone();
        match end {
            _ if before.state == IssuerState::Stolen => return Err(Refused::PartnerEnded(issuer).into()),
            PartnerEnd::Retired { last } => {
                partner.state = IssuerState::Retired;
                partner.limits.to = Some(last);
            }
            PartnerEnd::Stolen => partner.state = IssuerState::Stolen,
        }
        if partner != before {
            write(book, &by, Action::PartnerChanged, &partner)?;
        }
        Ok(partner)
    })
}

fn known(book: &Book<'_>, issuer: IssuerNumber) -> Result<Partner, DeskFault> {
    Ok(book.partner(issuer)?.ok_or(Refused::UnknownPartner(issuer))?)
}

/// The partners, by number.
///
/// # Errors
/// Those of the ledger.
pub fn partners(ledger: &mut Ledger) -> Result<Vec<Partner>, LedgerFault> {
    ledger.read(|book| book.partners())
}

/// The partner that issues under this number.
///
/// # Errors
/// There is none.
pub fn find_partner(ledger: &mut Ledger, issuer: IssuerNumber) -> Result<Partner, DeskFault> {
    ledger.read(|book| known(book, issuer))
}

/// Why a book is not the one that was imported before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnotherBook {
    /// It is of another desk.
    Desk,
    /// It has fewer events: its end was cut off, or a backup put back.
    Shorter {
        /// The last event now.
        last: Sequence,
        /// The last one that was imported.
        imported: Sequence,
    },
    /// The last event that was imported is another one: it was written anew.
    Rewritten {
        /// Which.
        imported: Sequence,
    },
    /// The file does not show the last event that was imported.
    NotShown {
        /// The first that it shows.
        first: Sequence,
        /// The last one that was imported; 0: none was.
        imported: Sequence,
    },
}

impl fmt::Display for AnotherBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desk => f.write_str("it is of another desk"),
            Self::Shorter { last, imported } => {
                write!(f, "it ends with event {last}, and event {imported} was imported: its end is gone")
            }
            Self::Rewritten { imported } => write!(f, "event {imported} is another one now: it was written anew"),
            Self::NotShown { first, imported: 0 } => {
                write!(f, "it shows events from {first} on, and none was imported before")
            }
            Self::NotShown { first, imported } => {
                write!(f, "it shows events from {first} on, and {imported} is the last one that was imported")
            }
        }
    }
}

/// What is done with a book that does not continue what was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherBook {
    /// It is refused.
    Refused,
    /// It is reported, and the next import continues it.
    Accepted,
}

/// What is wrong with a code of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerFinding {
    /// The next bundle's installations refuse it.
    BeyondLimit {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
        /// What it is above.
        limit: Limit,
    },
    /// It bears a day on which the partner could not issue yet.
    BackDated {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
        /// Its day of issue.
        issued: Day,
    },
    /// It bears a day before the end of the book that was imported last, and was not in that.
    Late {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
    },
    /// It was imported before, and is not in the newest export.
    Gone {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
    },
    /// Another code of this revision was imported before.
    OtherContent {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
    },
    /// The partner's key has not signed it.
    NotSigned {
        /// Which.
        license: LicenseNumber,
        /// Which of its codes.
        revision: Revision,
    },
}

impl PartnerFinding {
    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BeyondLimit { limit: Limit::License, .. } => "out-of-range",
            Self::BeyondLimit { .. } => "beyond-limit",
            Self::BackDated { .. } => "back-dated",
            Self::Late { .. } => "late",
            Self::Gone { .. } => "gone",
            Self::OtherContent { .. } => "other-content",
            Self::NotSigned { .. } => "not-signed",
        }
    }

    /// Of which code.
    pub const fn code(&self) -> (LicenseNumber, Revision) {
        match *self {
            Self::BeyondLimit { license, revision, .. }
            | Self::BackDated { license, revision, .. }
            | Self::Late { license, revision }
            | Self::Gone { license, revision }
            | Self::OtherContent { license, revision }
            | Self::NotSigned { license, revision } => (license, revision),
        }
    }
}

impl fmt::Display for PartnerFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (license, revision) = self.code();
        write!(f, "license {license}, revision {revision}: ")?;
        match self {
            Self::BeyondLimit { limit: Limit::License, .. } => f.write_str("the number is none of the partner's"),
            Self::BeyondLimit { limit, .. } => write!(f, "the partner may not issue {limit}"),
            Self::BackDated { issued, .. } => {
                write!(f, "it bears {issued} as its day of issue, before the partner could issue")
            }
            Self::Late { .. } => {
                f.write_str("it bears a day of issue before the end of the book imported last, and was not in that")
            }
            Self::Gone { .. } => f.write_str("it was imported before, and is not in the newest export"),
            Self::OtherContent { .. } => f.write_str("another code of this revision was imported before"),
            Self::NotSigned { .. } => f.write_str("the partner's key has not signed it"),
        }
    }
}

/// What a partner has issued, held against what it may issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Of whom.
    pub partner: Partner,
    /// How far its book was read; `None`: not at all.
    pub head: Option<Head>,
    /// How many codes it has issued.
    pub codes: u64,
    /// How many of them were not known before this import.
    pub new: u64,
    /// How many licenses count against the allotment.
    pub licenses: u64,
    /// How many units: of each license those of its newest revision that is not revoked.
    pub used: u64,
    /// Why the book is not the one that was imported before, where that was accepted.
    pub other_book: Option<AnotherBook>,
    /// What is wrong.
    pub findings: Vec<PartnerFinding>,
    /// How many findings more there are than are listed.
    pub more: u64,
}

impl Reconciliation {
    /// How many units were issued above the allotment.
    pub fn over_issue(&self) -> u64 {
        self.partner.allotment.map_or(0, |allotment| self.used.saturating_sub(allotment.into()))
    }

    /// Whether nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.findings.is_empty() && self.more == 0 && self.over_issue() == 0 && self.other_book.is_none()
    }

    fn find(&mut self, finding: PartnerFinding) {
        if self.findings.len() < MOST_LISTED { self.findings.push(finding) } else { self.more += 1 }
    }
}

type Place = (LicenseNumber, Revision);
type Codes = BTreeMap<Place, PartnerCode>;
type Revoked = HashMap<LicenseNumber, Option<Revision>>;

/// What is known of a partner's codes, as the newest import left it, by the limits of today.
///
/// # Errors
/// There is no such partner.
pub fn reconcile(ledger: &mut Ledger, issuer: IssuerNumber) -> Result<Reconciliation, DeskFault> {
    ledger.read(|book| {
        let partner = known(book, issuer)?;
        let codes = imported(book, issuer)?;
        let head = book.partner_head(issuer)?;
        let mut found = reconciled(book, partner, head, &codes, &book.revoked()?.into_iter().collect())?;
        if let Some(sequence) = book.partner_book_event(issuer)? {
            let event = book.event(sequence)?.ok_or(LedgerFault::Event { sequence })?;
            Remembered::of(&event)?.tell(&mut found);
        }
        Ok(found)
    })
}

fn imported(book: &Book<'_>, issuer: IssuerNumber) -> Result<Codes, LedgerFault> {
    let mut codes = Codes::new();
    loop {
        let after = codes.last_key_value().map(|(place, _)| *place);
        let page = book.partner_codes(issuer, after, CHUNK as u32)?;
        if page.is_empty() {
            return Ok(codes);
        }
        codes.extend(page.into_iter().map(|code| ((code.terms.license, code.terms.revision), code)));
    }
}

fn reconciled(
    book: &Book<'_>,
    partner: Partner,
    head: Option<Head>,
    codes: &Codes,
    revoked: &Revoked,
) -> Result<Reconciliation, LedgerFault> {
    let test = book.trust_settings()?.test;
    let mut found = Reconciliation {
        head,
        codes: codes.len() as u64,
        new: 0,
        licenses: 0,
        used: 0,
        other_book: None,
        findings: Vec::new(),
        more: 0,
        partner,
    };
    let mut counted: HashMap<LicenseNumber, Units> = HashMap::new();
    for (&(license, revision), PartnerCode { terms, .. }) in codes {
        if let Some(limit) = found.partner.limits.exceeded(terms, &[]) {
            found.find(PartnerFinding::BeyondLimit { license, revision, limit });
        }
        if terms.issued < found.partner.created {
            found.find(PartnerFinding::BackDated { license, revision, issued: terms.issued });
        }
        let good = revoked.get(&license).is_none_or(|good_from| good_from.is_some_and(|good| revision >= good));
        if good && terms.test == test {
            // Ascending: the newest one stays.
            counted.insert(license, terms.units);
        }
    }
    found.licenses = counted.len() as u64;
    found.used = counted.values().map(|units| u64::from(units.get())).sum();
    Ok(found)
}

/// What only an import shows, as its event keeps it.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    late: Vec<(u32, u16)>,
    gone: Vec<(u32, u16)>,
    other_content: Vec<(u32, u16)>,
    not_signed: Vec<(u32, u16)>,
    more: u64,
}

impl Remembered {
    fn of(event: &Event) -> Result<Self, LedgerFault> {
        #[derive(Deserialize)]
        struct Facts {
            findings: Remembered,
        }
        let facts: Facts =
            serde_json::from_str(&event.facts).map_err(|_| LedgerFault::Event { sequence: event.sequence })?;
        Ok(facts.findings)
    }

    fn add(list: &mut Vec<(u32, u16)>, more: &mut u64, (license, revision): Place) {
        if list.len() < MOST_LISTED { list.push((license.get(), revision.get())) } else { *more += 1 }
    }

    fn tell(&self, found: &mut Reconciliation) {
        let mut tell = |list: &[(u32, u16)], finding: fn(LicenseNumber, Revision) -> PartnerFinding| {
            for (license, revision) in list {
                if let (Some(license), Some(revision)) = (LicenseNumber::new(*license), Revision::new(*revision)) {
                    found.find(finding(license, revision));
                }
            }
        };
        tell(&self.late, |license, revision| PartnerFinding::Late { license, revision });
        tell(&self.gone, |license, revision| PartnerFinding::Gone { license, revision });
        tell(&self.other_content, |license, revision| PartnerFinding::OtherContent { license, revision });
        tell(&self.not_signed, |license, revision| PartnerFinding::NotSigned { license, revision });
        found.more += self.more;
    }
}

/// What an export brings.
struct Compared {
    found: Reconciliation,
    new: Vec<PartnerCode>,
    /// By license, where more is revoked than before.
    revoked: Vec<(LicenseNumber, u16)>,
    remembered: Remembered,
    moved: bool,
}

/// What importing a partner's export would show; nothing is written.
///
/// # Errors
/// Those of [`import_export`].
pub fn preview_export(
    ledger: &mut Ledger,
    session: &Session,
    export: &PartnerExport,
    other: OtherBook,
) -> Result<Reconciliation, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Trust)?;
        Ok(compare(book, export, other)?.found)
    })
}

/// Takes over what a partner has issued: codes that its key signed, and its revocations of them. What is wrong is
/// reported and no reason to refuse it. What brings nothing new is no event.
///
/// # Errors
/// There is no such partner, it was ended as stolen (whoever has its keys could make any code good), its ledger key has not signed the file, or the book does not continue what was imported
/// before.
pub fn import_export(
    ledger: &mut Ledger,
    session: &Session,
    export: &PartnerExport,
    other: OtherBook,
) -> Result<Reconciliation, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let Compared { found, new, revoked, remembered, moved } = compare(book, export, other)?;
        if !moved && new.is_empty() && revoked.is_empty() {
            return Ok(found);
        }
        let issuer = found.partner.issuer;
        if found.partner.state == IssuerState::Stolen {
            return Err(Refused::PartnerEnded(issuer).into());
        }
        for codes in new.chunks(CHUNK) {
            codes.iter().try_for_each(|code| book.insert_partner_code(code))?;
            let facts = json!({"issuer": issuer.get(), "codes": codes.len()});
            book.record(&by, Action::PartnerImported, None, facts.to_string())?;
        }
        for licenses in revoked.chunks(CHUNK) {
            licenses.iter().try_for_each(|(license, good_from)| book.put_revocation(*license, *good_from))?;
            let facts = json!({"issuer": issuer.get(), "revoked": licenses.len()});
            book.record(&by, Action::PartnerImported, None, facts.to_string())?;
        }
        book.put_partner_head(issuer, &export.head())?;
        let facts = json!({
            "issuer": issuer.get(),
            "events": export.head().sequence,
            "codes": found.codes,
            "new": found.new,
            "licenses": found.licenses,
            "used": found.used,
            "other_book": found.other_book.map(|why| why.to_string()),
            "findings": remembered,
        });
        book.record(&by, Action::PartnerImported, None, facts.to_string())?;
        Ok(found)
    })
}

fn compare(book: &Book<'_>, export: &PartnerExport, other: OtherBook) -> Result<Compared, DeskFault> {
    vendor_only(&book.trust_settings()?)?;
    let issuer = export.issuer.number;
    let partner = known(book, issuer)?;
    if export.ledger_key != partner.ledger_key {
        return Err(Refused::OtherLedgerKey(issuer).into());
    }
    let before = book.partner_head(issuer)?;
    let other_book = continues(&partner, before.as_ref(), export);
    match (other_book, other) {
        (None, _) => {}
        (Some(AnotherBook::Shorter { .. } | AnotherBook::Rewritten { .. }), OtherBook::Accepted) => {}
        (Some(why), _) => return Err(Refused::OtherBook { issuer, why }.into()),
    }
    let trust = trust(&[PinnedIssuer { number: issuer, key: partner.key }])?;
    let mut codes = imported(book, issuer)?;
    let known_before = codes.len();
    let mut remembered = Remembered::default();
    let (mut new, mut more) = (Vec::new(), 0);
    let mut exported = export.codes().iter().map(|code| (code.terms.license, code.terms.revision)).peekable();
    for place in codes.keys() {
        while exported.next_if(|other| other < place).is_some() {}
        if exported.next_if_eq(place).is_none() {
            Remembered::add(&mut remembered.gone, &mut more, *place);
        }
    }
    for code in export.codes() {
        let place = (code.terms.license, code.terms.revision);
        let code = PartnerCode { issuer, terms: code.terms.clone(), signature: code.signature };
        match codes.get(&place) {
            Some(same) if *same == code => continue,
            _ if !is_signed(&trust, &code) => Remembered::add(&mut remembered.not_signed, &mut more, place),
            Some(_) => Remembered::add(&mut remembered.other_content, &mut more, place),
            None => {
                if before.is_some_and(|before| code.terms.issued < before.day) {
                    Remembered::add(&mut remembered.late, &mut more, place);
                }
                new.push(code);
            }
        }
    }
    codes.extend(new.iter().map(|code| ((code.terms.license, code.terms.revision), code.clone())));
    remembered.more = more;
    let (revoked, all_revoked) = newly_revoked(book, &codes, export)?;
    let head = export.head();
    let mut found = reconciled(book, partner, Some(head), &codes, &all_revoked)?;
    found.new = (codes.len() - known_before) as u64;
    found.other_book = other_book;
    remembered.tell(&mut found);
    Ok(Compared { found, new, revoked, remembered, moved: before != Some(head) })
}

fn continues(partner: &Partner, before: Option<&Head>, export: &PartnerExport) -> Option<AnotherBook> {
    if partner.desk != export.desk {
        return Some(AnotherBook::Desk);
    }
    let (first, last) = (export.first, export.head().sequence);
    let Some(&Head { sequence: imported, link, .. }) = before else {
        return (first > 1).then_some(AnotherBook::NotShown { first, imported: 0 });
    };
    match export.link(imported) {
        Some(same) if *same == link => None,
        Some(_) => Some(AnotherBook::Rewritten { imported }),
        None if imported > last => Some(AnotherBook::Shorter { last, imported }),
        None => Some(AnotherBook::NotShown { first, imported }),
    }
}

fn is_signed(trust: &Trust, code: &PartnerCode) -> bool {
    let payload = code.terms.to_payload().ok();
    let code = payload.and_then(|payload| ActivationCode::from_parts(&payload, &code.signature).ok());
    code.is_some_and(|code| trust.verify(code).is_ok())
}

/// The partner's revocations of codes that it issued, where they revoke more than is revoked; and all there are then.
fn newly_revoked(
    book: &Book<'_>,
    codes: &Codes,
    export: &PartnerExport,
) -> Result<(Vec<(LicenseNumber, u16)>, Revoked), DeskFault> {
    let mut all: Revoked = book.revoked()?.into_iter().collect();
    let mut more = Vec::new();
    for &(license, good_from) in export.revoked() {
        // Nobody revokes what somebody else issued.
        let theirs = codes.range((license, Revision::FIRST)..).next().is_some_and(|(place, _)| place.0 == license);
        if !theirs || book.license(license)?.is_some() {
            continue;
        }
        let wanted = good_from.map_or(LicenseRecord::NONE_GOOD, Revision::get);
        if book.revocation(license)?.is_none_or(|before| before < wanted) {
            more.push((license, wanted));
            all.insert(license, good_from);
        }
    }
    Ok((more, all))
}

/// What revoking codes of a partner comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRevocation {
    /// Whose license it is.
    pub issuer: IssuerNumber,
    /// Which.
    pub license: LicenseNumber,
    /// Its imported codes that will be void.
    pub void: Vec<Terms>,
    /// Its imported codes that stay good.
    pub good: Vec<Terms>,
    good_from: u16,
}

/// What revoking the codes of a partner's license below a revision, or all of them, comes to. `None`: the license is
/// no partner's.
///
/// # Errors
/// It is revoked already, it has no such revision, or the operator may not.
pub fn preview_partner_revocation(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    below: Option<Revision>,
) -> Result<Option<PartnerRevocation>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Revoke)?;
        partner_revocation(book, license, below)
    })
}

fn partner_revocation(
    book: &Book<'_>,
    license: LicenseNumber,
    below: Option<Revision>,
) -> Result<Option<PartnerRevocation>, DeskFault> {
    for partner in book.partners()? {
        let issuer = partner.issuer;
        let mut codes = Vec::new();
        // The last place before the license's own.
        let before = LicenseNumber::new(license.get() - 1).map(|before| (before, Revision::MAX));
        for code in book.partner_codes(issuer, before, Revision::MAX.get().into())? {
            if code.terms.license == license {
                codes.push(code.terms);
            }
        }
        let theirs = partner.limits.licenses.is_some_and(|(first, last)| (first..=last).contains(&license));
        if codes.is_empty() && !theirs {
            continue;
        }
        let good_from = below.map_or(LicenseRecord::NONE_GOOD, Revision::get);
        if let Some(revision) = below.filter(|below| codes.last().is_none_or(|last| *below > last.revision)) {
            return Err(Refused::UnknownRevision { license, revision }.into());
        }
        let was = book.revocation(license)?;
        if was.is_some_and(|was| was >= good_from) {
            return Err(Refused::RevokedBefore { license, good_from: was }.into());
        }
        let left = codes.into_iter().filter(|terms| was.is_none_or(|was| terms.revision.get() >= was));
        let (void, good) = left.partition(|terms| terms.revision.get() < good_from);
        return Ok(Some(PartnerRevocation { issuer, license, void, good, good_from }));
    }
    Ok(None)
}

/// Revokes codes of a partner, as they were looked at; it goes into the next bundle.
///
/// # Errors
/// They were revoked meanwhile, or the operator may not.
pub fn revoke_of_partner(
    ledger: &mut Ledger,
    session: &Session,
    revocation: &PartnerRevocation,
    reason: Option<&Name>,
) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Revoke)?;
        let below = Revision::new(revocation.good_from);
        if partner_revocation(book, revocation.license, below)?.as_ref() != Some(revocation) {
            return Err(Refused::ChangedMeanwhile.into());
        }
        book.put_revocation(revocation.license, revocation.good_from)?;
        let facts = json!({
            "partner": revocation.issuer.get(),
            "license": revocation.license.get(),
            "good_from": revocation.good_from,
            "reason": reason.map(Name::as_str),
        });
        // Its events are in the partner's book: this one follows none of them.
        book.record(&by, Action::Revoked, None, facts.to_string())?;
        Ok(())
    })
}
