//! The life of issuing keys: a new one is prepared, the desk switches to it, one is stolen.

use super::change::Change;
use super::issuing::{Issued, trust, verified};
use super::operators::{Permission, Session};
use super::schedule::Schedule;
use super::trust::{each_bound_license, each_license, issuer_in_use, stays_listed, vendor_only, write_rule};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, IssuerRule, IssuerState, Ledger, LedgerFault, LicenseRecord, Signed};
use activation_code::{
    Bundle, Day, IssuerLimits, IssuerNumber, LicenseNumber, MAX_BUNDLE, PinnedIssuer, PublicKey, Revision, code_digest,
};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Work that says how far it has come, and how far it goes.
pub type Watch<'w> = &'w dyn Fn(u64, u64);

/// Bytes of a bundle's line that lists a code: the word, two spaces, 32 digits and the line's end. The number comes on
/// top.
const LISTED_LINE: u64 = 41;

/// Numbers that no issuing key of the ledger has, or ever had, the best one first: one that follows the desk's own.
/// Where the newest bundle has one of them, with its key: only that key may have the number, as after an older ledger
/// was put back.
///
/// # Errors
/// This is no vendor's desk, or the operator may not.
pub fn free_issuers(
    ledger: &mut Ledger,
    session: &Session,
) -> Result<Vec<(IssuerNumber, Option<PublicKey>)>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let used = Used::read(book)?;
        let highest = book.issuers()?.last().map_or(0, |issuer| issuer.number.get());
        let all = (highest + 1..=IssuerNumber::MAX.get()).chain(1..=highest).filter_map(IssuerNumber::new);
        let free = all.filter(|number| !used.issuers.iter().any(|issuer| issuer.number == *number));
        let known = |number| used.published.iter().find(|it| it.number == number).map(|it| it.key);
        Ok(free.map(|number| (number, known(number))).collect())
    })
}

/// What no new key may be.
struct Used {
    /// Keys that issue, here or at partners, or that are void.
    issuers: Vec<PinnedIssuer>,
    /// Those that the newest bundle has, and are not void.
    published: Vec<PinnedIssuer>,
    /// Keys that sign something else.
    others: Vec<PublicKey>,
}

impl Used {
    fn read(book: &Book<'_>) -> Result<Self, DeskFault> {
        let mut used = Self { issuers: book.issuers()?, published: Vec::new(), others: book.ledger_keys()? };
        for partner in book.partners()? {
            used.issuers.push(PinnedIssuer { number: partner.issuer, key: partner.key });
            used.others.push(partner.ledger_key);
        }
        if let Some(bundle) = last_bundle(book)? {
            for issuer in &bundle.issuers {
                let list = if issuer.void { &mut used.issuers } else { &mut used.published };
                list.push(PinnedIssuer { number: issuer.number, key: issuer.key });
            }
            used.others.extend(bundle.roots.keys());
        }
        Ok(used)
    }
}

fn last_bundle(book: &Book<'_>) -> Result<Option<Bundle>, DeskFault> {
    let damaged = || LedgerFault::Record { what: "a bundle" };
    let published = book.last_bundle()?.map(|published| {
        let file = crate::trust::BundleFile::parse(&published.text).map_err(|_| damaged())?;
        file.bundle().map_err(|_| damaged())
    });
    Ok(published.transpose()?)
}

/// Refuses a number or a key that was ever used for something: what it signed would be mistaken for the new one's.
pub(super) fn refuse_used(book: &Book<'_>, issuer: PinnedIssuer) -> Result<(), DeskFault> {
    let used = Used::read(book)?;
    let published = used.published.iter().filter(|other| **other != issuer);
    let others: Vec<_> = used.issuers.iter().chain(published).collect();
    if others.iter().any(|other| other.number == issuer.number) {
        return Err(Refused::IssuerNumberUsed(issuer.number).into());
    }
    match others.iter().find(|other| other.key == issuer.key) {
        Some(other) => Err(Refused::IssuerKeyUsed { number: other.number }.into()),
        None if used.others.contains(&issuer.key) => Err(Refused::SignsOtherThings.into()),
        None => Ok(()),
    }
}

/// The keys that go into the next bundle and sign nothing yet, by number.
///
/// # Errors
/// Those of the ledger.
pub fn prepared_issuers(ledger: &mut Ledger) -> Result<Vec<PinnedIssuer>, LedgerFault> {
    ledger.read(prepared)
}

fn in_use(book: &Book<'_>) -> Result<Option<PinnedIssuer>, DeskFault> {
    match issuer_in_use(book) {
        Ok(issuer) => Ok(Some(issuer)),
        Err(DeskFault::NoIssuer) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn prepared(book: &Book<'_>) -> Result<Vec<PinnedIssuer>, LedgerFault> {
    let mut prepared = Vec::new();
    for issuer in book.issuers()? {
        if book.issuer_rule(issuer.number)?.state == IssuerState::Prepared {
            prepared.push(issuer);
        }
    }
    Ok(prepared)
}

/// Makes a new issuing key known: it goes into the next bundle and signs nothing yet. It may issue what the key in use
/// may, but for the days of issue.
///
/// # Errors
/// Its number or the key itself was used before, or the operator may not.
pub fn prepare_issuer(ledger: &mut Ledger, session: &Session, issuer: PinnedIssuer) -> Result<IssuerRule, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        refuse_used(book, issuer)?;
        let limits = match in_use(book)? {
            Some(in_use) => book.issuer_rule(in_use.number)?.limits,
            None => IssuerLimits::default(),
        };
        book.put_issuer(issuer, by.day)?;
        let facts = json!({"issuer": issuer.number.get(), "key": issuer.key.to_string()});
        book.record(&by, Action::IssuerAdded, None, facts.to_string())?;
        let limits = IssuerLimits { from: None, to: None, ..limits };
        let rule = IssuerRule { issuer: issuer.number, state: IssuerState::Prepared, limits };
        write_rule(book, &by, &rule)?;
        Ok(rule)
    })
}

/// How installations learn of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// From a trust bundle.
    Bundle,
    /// From a release of the product, which has the keys compiled in.
    Release,
}

/// A switch to another issuing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The key that ends in good order; what it signed stays good.
    pub from: PinnedIssuer,
    /// What it may issue once it has ended.
    pub ends: IssuerRule,
    /// The key that signs from now on.
    pub to: PinnedIssuer,
    /// What that one may issue.
    pub begins: IssuerRule,
    /// How many codes the first one has signed.
    pub codes: u64,
    /// The bundle that has the new key.
    pub bundle: Option<u32>,
}

/// What a switch to a prepared key comes to; without a number, to the lowest one.
///
/// # Errors
/// No such key is prepared, installations do not know it yet, or the operator may not.
pub fn preview_rotation(
    ledger: &mut Ledger,
    session: &Session,
    to: Option<IssuerNumber>,
    learning: Learning,
    watch: Watch<'_>,
) -> Result<Rotation, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let (to, begins, bundle) = successor(book, to, learning)?;
        let from = issuer_in_use(book)?;
        let mut codes = 0;
        // A clock that was set right since may have dated codes later than today.
        let mut last = session.today;
        each_license_watched(book, watch, |_, signed| {
            for code in signed.iter().filter(|code| code.entry.terms.issuer == from.number) {
                codes += 1;
                last = last.max(code.entry.terms.issued);
            }
            Ok(())
        })?;
        let rule = book.issuer_rule(from.number)?;
        let limits = IssuerLimits { to: Some(rule.limits.to.map_or(last, |to| to.min(last))), ..rule.limits };
        let ends = IssuerRule { issuer: from.number, state: IssuerState::Retired, limits };
        Ok(Rotation { from, ends, to, begins, codes, bundle })
    })
}

/// The prepared key that is to sign, and the bundle by which installations know it.
fn successor(
    book: &Book<'_>,
    wanted: Option<IssuerNumber>,
    learning: Learning,
) -> Result<(PinnedIssuer, IssuerRule, Option<u32>), DeskFault> {
    let prepared = prepared(book)?;
    let found = match wanted {
        Some(number) => prepared.into_iter().find(|issuer| issuer.number == number),
        None => prepared.into_iter().next(),
    };
    let to = found.ok_or(Refused::NotPrepared(wanted))?;
    let bundle = last_bundle(book)?;
    match (&bundle, learning) {
        (None, Learning::Release) => {}
        (None, Learning::Bundle) => return Err(Refused::NotInBundle { issuer: to.number, bundle: None }.into()),
        (Some(bundle), _) => {
            let known = |issuer: &activation_code::BundleIssuer| {
                issuer.number == to.number && issuer.key == to.key && !issuer.void
            };
            if !bundle.issuers.iter().any(known) {
                return Err(Refused::NotInBundle { issuer: to.number, bundle: Some(bundle.number) }.into());
            }
        }
    }
    let rule = IssuerRule { state: IssuerState::InUse, ..book.issuer_rule(to.number)? };
    Ok((to, rule, bundle.map(|bundle| bundle.number)))
}

/// Switches to the key that was looked at, in one transaction.
///
/// # Errors
/// Somebody changed the keys meanwhile, or the operator may not.
pub fn rotate(ledger: &mut Ledger, session: &Session, rotation: &Rotation) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let in_use = issuer_in_use(book)?;
        let (ends, begins) = (book.issuer_rule(in_use.number)?, book.issuer_rule(rotation.to.number)?);
        let limits = IssuerLimits { to: ends.limits.to, ..rotation.ends.limits.clone() };
        let same = in_use == rotation.from
            && begins.state == IssuerState::Prepared
            && begins.limits == rotation.begins.limits
            && ends.limits == limits;
        if !same {
            return Err(Refused::KeyChangedMeanwhile.into());
        }
        write_rule(book, &by, &rotation.ends)?;
        write_rule(book, &by, &rotation.begins)
    })
}

/// What it comes to that an issuing key was stolen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The key.
    pub issuer: PinnedIssuer,
    /// What it was before; [`IssuerState::Stolen`] where this was said before.
    pub state: IssuerState,
    /// How many codes it has signed, and how many licenses have one.
    pub codes: u64,
    /// Licenses that have such a code.
    pub licenses: u64,
    /// How many codes the next bundle lists, as things are: those that are not revoked, and that no code of another key
    /// has replaced.
    pub listed: u64,
    /// How large the next bundle is with them.
    pub bundle_bytes: u64,
    /// The newest bundle that was published.
    pub bundle: Option<u32>,
    /// Licenses of which a code that counts is of this key: those that are to be re-issued.
    pub concerned: Vec<LicenseNumber>,
    /// Those of which the codes that count were re-issued because of it.
    pub reissued: u64,
    /// Whether another key has to take its place: it is in use, or none is.
    pub needs_successor: bool,
    /// The prepared key that takes its place; `None`: it is not needed, or none is prepared.
    pub successor: Option<PinnedIssuer>,
}

impl Loss {
    /// Whether a bundle can have all that is listed.
    pub fn fits(&self) -> bool {
        self.bundle_bytes <= MAX_BUNDLE as u64
    }
}

/// Which key it is about: the only one that was ever in use, if none is named.
///
/// # Errors
/// There is no such key, or there are several.
pub fn lost_issuer(ledger: &mut Ledger, wanted: Option<IssuerNumber>) -> Result<PinnedIssuer, DeskFault> {
    ledger.read(|book| {
        let issuers = book.issuers()?;
        if let Some(number) = wanted {
            let found = issuers.into_iter().find(|issuer| issuer.number == number);
            return found.ok_or_else(|| Refused::UnknownIssuer(number).into());
        }
        let mut used = Vec::new();
        for issuer in issuers {
            if book.issuer_rule(issuer.number)?.state != IssuerState::Prepared {
                used.push(issuer);
            }
        }
        // What was said once is not said of the next key because a command is run again.
        match used[..] {
            [only] => Ok(only),
            _ => Err(Refused::WhichKey.into()),
        }
    })
}

/// What it comes to that a key was stolen, before anything is changed; or, where that was said before, how far its
/// codes were re-issued.
///
/// # Errors
/// There is no such key, this is no vendor's desk, or the operator may not.
pub fn preview_loss(
    ledger: &mut Ledger,
    session: &Session,
    issuer: IssuerNumber,
    watch: Watch<'_>,
) -> Result<Loss, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Trust)?;
        vendor_only(&book.trust_settings()?)?;
        let found = book.issuers()?.into_iter().find(|known| known.number == issuer);
        let found = found.ok_or(Refused::UnknownIssuer(issuer))?;
        let state = book.issuer_rule(issuer)?.state;
        let mut stolen = stolen(book)?;
        if !stolen.contains(&issuer) {
            stolen.push(issuer);
        }
        let mut loss = Loss {
            issuer: found,
            state,
            codes: 0,
            licenses: 0,
            listed: 0,
            bundle_bytes: 0,
            bundle: book.last_bundle()?.map(|bundle| bundle.number),
            concerned: Vec::new(),
            reissued: 0,
            needs_successor: in_use(book)?.is_none_or(|in_use| in_use.number == issuer),
            successor: None,
        };
        let mut lines = 0;
        each_license_watched(book, watch, |license, codes| {
            let of_key = |code: &&Signed| code.entry.terms.issuer == issuer;
            let many = codes.iter().filter(of_key).count() as u64;
            loss.codes += many;
            for code in codes.iter().filter(|code| stays_listed(license, code, codes, &stolen)) {
                let number = code.entry.terms.issuer;
                lines += LISTED_LINE + number.to_string().len() as u64;
                loss.listed += u64::from(number == issuer);
            }
            if many == 0 {
                return Ok(());
            }
            loss.licenses += 1;
            let schedule = Schedule::of(license, codes, session.today);
            if !schedule.counting_from(issuer).is_empty() {
                loss.concerned.push(license.number);
            }
            for code in schedule.counting() {
                if reissued_because_of(book, code)? == Some(issuer) {
                    loss.reissued += 1;
                    break;
                }
            }
            Ok(())
        })?;
        each_bound_license(book, |license, bound, all| {
            let of_key = |code: &&Signed| code.entry.terms.issuer == issuer;
            let many = bound.iter().filter(of_key).count();
            loss.codes += many as u64;
            loss.licenses += u64::from(many > 0 && all.iter().filter(of_key).count() == many);
            for code in bound.iter().filter(|code| stays_listed(license, code, all, &stolen)) {
                let number = code.entry.terms.issuer;
                lines += LISTED_LINE + number.to_string().len() as u64;
                loss.listed += u64::from(number == issuer);
            }
            Ok(())
        })?;
        loss.bundle_bytes = lines + rest_of_bundle(book)?;
        if loss.needs_successor {
            loss.successor = prepared(book)?.into_iter().find(|prepared| prepared.number != issuer);
        }
        Ok(loss)
    })
}

/// How large the next bundle is but for the codes that it lists: as the last one, which nearly is it.
fn rest_of_bundle(book: &Book<'_>) -> Result<u64, DeskFault> {
    let Some(last) = book.last_bundle()? else { return Ok(0) };
    let listed = last.text.lines().filter(|line| line.starts_with("listed ")).map(|line| line.len() + 1);
    Ok((last.text.len() - listed.sum::<usize>()) as u64)
}

/// The keys that were stolen.
///
/// # Errors
/// Those of the ledger.
pub fn stolen_issuers(ledger: &mut Ledger) -> Result<Vec<IssuerNumber>, LedgerFault> {
    ledger.read(stolen)
}

pub(super) fn stolen(book: &Book<'_>) -> Result<Vec<IssuerNumber>, LedgerFault> {
    let stolen = book.issuer_rules()?.into_iter().filter(|rule| rule.state == IssuerState::Stolen);
    Ok(stolen.map(|rule| rule.issuer).collect())
}

/// Says that a key was stolen: it is void for ever, and signs nothing any more. Where it was in use, the prepared key
/// takes its place in the same transaction. What was said before is no event.
///
/// # Errors
/// Somebody changed the keys meanwhile, no other key is prepared, or the operator may not.
pub fn lose_issuer(ledger: &mut Ledger, session: &Session, loss: &Loss) -> Result<(), DeskFault> {
    let issuer = loss.issuer.number;
    ledger.write(|book| {
        let by = session.begin(book, Permission::Trust)?;
        let rule = book.issuer_rule(issuer)?;
        let needed = in_use(book)?.is_none_or(|in_use| in_use.number == issuer);
        if rule.state != loss.state || needed != loss.needs_successor {
            return Err(Refused::KeyChangedMeanwhile.into());
        }
        let successor = match (loss.needs_successor, loss.successor) {
            (false, _) => None,
            (true, None) => return Err(Refused::NotPrepared(None).into()),
            (true, Some(successor)) => {
                let begins = book.issuer_rule(successor.number)?;
                if begins.state != IssuerState::Prepared {
                    return Err(Refused::KeyChangedMeanwhile.into());
                }
                Some(IssuerRule { state: IssuerState::InUse, ..begins })
            }
        };
        if rule.state != IssuerState::Stolen {
            write_rule(book, &by, &IssuerRule { state: IssuerState::Stolen, ..rule })?;
        }
        successor.iter().try_for_each(|rule| write_rule(book, &by, rule))
    })
}

/// What is asked for, for each license of which a code that counts is of the stolen key.
pub fn reissues(loss: &Loss) -> impl Iterator<Item = Change> {
    let lost = loss.issuer.number;
    loss.concerned.iter().map(move |license| Change::Reissue { license: *license, lost })
}

/// The codes that count and were made because a key was stolen, license by license: the same whenever it is asked.
///
/// # Errors
/// Those of the ledger, those of `each`, or a code does not verify.
pub fn each_reissued<F: From<DeskFault>>(
    ledger: &mut Ledger,
    today: Day,
    lost: IssuerNumber,
    watch: Watch<'_>,
    mut each: impl FnMut(Vec<Issued>) -> Result<(), F>,
) -> Result<(), F> {
    let mut failed = None;
    let read = ledger.read(|book| {
        let trust = trust(&book.issuers()?)?;
        each_license_watched(book, watch, |license, codes| {
            if failed.is_some() || !codes.iter().any(|code| code.entry.terms.issuer == lost) {
                return Ok(());
            }
            let mut made = Vec::new();
            for code in Schedule::of(license, codes, today).counting() {
                if reissued_because_of(book, code)? == Some(lost) {
                    made.push(verified(code.clone(), &trust)?);
                }
            }
            if !made.is_empty() {
                failed = each(made).err();
            }
            Ok(())
        })
    });
    match failed {
        Some(failure) => Err(failure),
        None => Ok(read?),
    }
}

/// The stolen key because of which a code was made.
fn reissued_because_of(book: &Book<'_>, code: &Signed) -> Result<Option<IssuerNumber>, DeskFault> {
    #[derive(Deserialize)]
    struct Facts<'a> {
        #[serde(borrow)]
        asked: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Reissue {
        lost: u16,
    }
    let sequence = code.event;
    let damaged = || LedgerFault::Event { sequence };
    let event = book.event(sequence)?.ok_or_else(damaged)?;
    if event.action != Action::Reissued {
        return Ok(None);
    }
    let facts: Facts<'_> = serde_json::from_str(&event.facts).map_err(|_| damaged())?;
    let asked: Reissue = serde_json::from_str(facts.asked.get()).map_err(|_| damaged())?;
    Ok(Some(IssuerNumber::new(asked.lost).ok_or_else(damaged)?))
}

/// What becomes of a code of a stolen key at installations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The next bundle lists it: it stays good.
    WillBeListed,
    /// The next bundle makes it void: a code of another key has replaced it.
    WillBeVoid,
    /// This bundle lists it.
    Listed(u32),
    /// This bundle makes it void.
    Void(u32),
}

/// A code of a stolen key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StolenCode {
    /// Of which license.
    pub license: LicenseNumber,
    /// Which revision.
    pub revision: Revision,
    /// The key.
    pub issuer: IssuerNumber,
    /// What becomes of it.
    pub fate: Fate,
}

/// Which of these codes are of stolen keys.
///
/// # Errors
/// Those of the ledger.
pub fn stolen_codes<'i>(
    ledger: &mut Ledger,
    codes: impl IntoIterator<Item = &'i Issued>,
) -> Result<Vec<StolenCode>, DeskFault> {
    ledger.read(|book| {
        let stolen = stolen(book)?;
        let mut found = Vec::new();
        if stolen.is_empty() {
            return Ok(found);
        }
        let mut bundle = None;
        for Issued { license: proof, .. } in codes {
            let terms = proof.terms();
            let (license, revision, issuer) = (terms.license, terms.revision, terms.issuer);
            if !stolen.contains(&issuer) {
                continue;
            }
            let bundle = match &bundle {
                Some(bundle) => bundle,
                None => bundle.insert(last_bundle(book)?),
            };
            let says = bundle.as_ref().filter(|it| it.issuers.iter().any(|it| it.number == issuer && it.void));
            let fate = match says {
                Some(bundle) => {
                    let digest = (issuer, code_digest(proof.code().as_bytes()));
                    let listed = bundle.listed.contains(&digest);
                    if listed { Fate::Listed(bundle.number) } else { Fate::Void(bundle.number) }
                }
                None => {
                    let codes = [book.codes_of(license)?, book.bound_codes_of(license)?].concat();
                    let this = codes.iter().find(|code| code.signature == *proof.code().signature());
                    let listed = this
                        .zip(book.license(license)?)
                        .is_some_and(|(code, license)| stays_listed(&license, code, &codes, &stolen));
                    if listed { Fate::WillBeListed } else { Fate::WillBeVoid }
                }
            };
            found.push(StolenCode { license, revision, issuer, fate });
        }
        Ok(found)
    })
}

/// Which key has signed each code of a license, lowest revision first.
///
/// # Errors
/// Those of the ledger.
pub fn signed_by(ledger: &mut Ledger, license: LicenseNumber) -> Result<Vec<(Revision, IssuerNumber)>, LedgerFault> {
    ledger.read(|book| {
        let codes = book.codes_of(license)?;
        Ok(codes.iter().map(|code| (code.entry.terms.revision, code.entry.terms.issuer)).collect())
    })
}

/// Goes through all licenses, and says how far it has come.
fn each_license_watched(
    book: &Book<'_>,
    watch: Watch<'_>,
    mut each: impl FnMut(&LicenseRecord, &[Signed]) -> Result<(), DeskFault>,
) -> Result<(), DeskFault> {
    let end = u64::from(book.desk()?.next_license);
    each_license(book, |license, codes| {
        watch(u64::from(license.number.get()), end);
        each(license, codes)
    })
}
