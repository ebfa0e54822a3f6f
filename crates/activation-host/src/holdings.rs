//! The codes of one installation together: which of them count today, and what they come to (rules I5 and I6).

use activation_code::{
    Bundle, CodeDigest, Day, HostId, Kind, License, LicenseNumber, Phase, ProductId, Refusal, Standing, Target,
    Warning, code_digest, notice_days,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The products that an installation accepts: the editions of one family, and suites with one of them (rule I6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Empty: any product.
    accepted: Vec<ProductId>,
    ranks: BTreeMap<ProductId, u16>,
}

impl Family {
    /// What the integrator names, with the ranks of the editions, and what a bundle says of the same family. Where
    /// both say a rank, the bundle's counts.
    pub fn of(named: &[(ProductId, u16)], bundle: Option<&Bundle>) -> Self {
        let mut ranks: BTreeMap<ProductId, u16> = named.iter().copied().collect();
        let mut accepted: Vec<_> = named.iter().map(|&(id, _)| id).collect();
        let products = bundle.map_or(&[][..], |bundle| &bundle.products);
        let of_family = |id: &ProductId| products.iter().find(|product| product.id == *id)?.family.as_deref();
        let families: Vec<_> = accepted.iter().filter_map(of_family).collect();
        for product in products {
            ranks.insert(product.id, product.rank);
            if product.family.as_deref().is_some_and(|family| families.contains(&family)) {
                accepted.push(product.id);
            }
        }
        accepted.sort_unstable();
        accepted.dedup();
        Self { accepted, ranks }
    }

    /// What a code must be for.
    pub fn target(&self, host: Option<HostId>) -> Target {
        Target { products: self.accepted.clone(), host }
    }

    /// The rank of the edition that a license is for; of a suite, the highest of the editions in it.
    pub fn rank(&self, license: &License) -> u16 {
        let own = license.terms().product;
        if self.accepted.binary_search(&own).is_err() {
            let member = |id: &&ProductId| license.enables(**id);
            let ranks = self.accepted.iter().filter(member).filter_map(|id| self.ranks.get(id));
            if let Some(&highest) = ranks.max() {
                return highest;
            }
        }
        self.ranks.get(&own).copied().unwrap_or(0)
    }
}

/// What one license is worth, of all its codes that are held.
#[derive(Clone, Debug)]
pub struct LicenseStanding {
    /// The code that counts: the highest revision that has begun, or else the first to begin.
    pub license: License,
    /// What it is worth, with the warnings of this license.
    pub standing: Standing,
    /// The code that takes over next.
    pub successor: Option<License>,
    /// The rank of its edition.
    pub rank: u16,
    /// Whether its units are among those that count.
    pub counts: bool,
}

/// What all codes of an installation come to.
#[derive(Clone, Debug)]
pub struct HeldStanding {
    /// The best license decides the phase; run, updates and support are entitled if any license entitles to them.
    pub standing: Standing,
    /// Units of the licenses that count together.
    pub units: u32,
    /// All licenses, the best first.
    pub licenses: Vec<LicenseStanding>,
}

/// The newer code that takes the place of one with this license number, revision and first day, on this day (rule I5).
pub fn superseded_by<'a>(held: &'a [License], code: &License, today: Day) -> Option<&'a License> {
    let terms = code.terms();
    held.iter()
        .filter(|other| other.terms().license == terms.license && other.terms().revision > terms.revision)
        // From its first day on; a code that would begin no sooner never counts.
        .filter(|other| other.terms().period.first() <= today.max(terms.period.first()))
        .max_by_key(|other| precedence(other))
}

/// The same as a refusal.
///
/// # Errors
/// There is a newer code.
pub fn not_superseded(held: &[License], code: &License, today: Day) -> Result<(), Refusal> {
    match superseded_by(held, code, today) {
        Some(newer) => Err(Refusal::Superseded { by: newer.terms().revision, issued: newer.terms().issued }),
        None => Ok(()),
    }
}

/// Of codes of one license the higher revision; of a conflict the later day of issue.
fn precedence(license: &License) -> (activation_code::Revision, Day, CodeDigest) {
    (license.terms().revision, license.terms().issued, code_digest(license.code().as_bytes()))
}

/// What the codes of an installation are worth on a day, for a release; `revoked`: whether there are codes that would
/// be held, had they not been revoked.
pub fn standing<'a>(
    held: impl Iterator<Item = &'a License>,
    revoked: bool,
    today: Day,
    released: Option<Day>,
    family: &Family,
) -> HeldStanding {
    let mut by_number: BTreeMap<LicenseNumber, Vec<&License>> = BTreeMap::new();
    for license in held {
        by_number.entry(license.terms().license).or_default().push(license);
    }
    let mut licenses: Vec<_> =
        by_number.into_values().filter_map(|codes| of_license(codes, today, released, family)).collect();
    licenses.sort_by_key(|license| Reverse(preference(license)));
    let Some(best) = licenses.first() else {
        let mut standing = Standing::revoked(today);
        if !revoked {
            standing.phase = Phase::None;
        }
        return HeldStanding { standing, units: 0, licenses };
    };
    let (worth, rank) = (group(&best.standing), best.rank);
    let mut standing = best.standing.clone();
    let mut units = 0u32;
    for license in &mut licenses {
        let Standing { run, updates, support, .. } = license.standing;
        standing.run |= run;
        standing.updates |= updates;
        standing.support |= support;
        license.counts = group(&license.standing) == worth && license.rank == rank;
        if license.counts {
            units = units.saturating_add(license.license.terms().units.get());
            standing.warnings.extend_from_slice(&license.standing.warnings);
        } else if license.standing.warnings.contains(&Warning::Conflict) {
            standing.warnings.push(Warning::Conflict);
        }
    }
    // By a license that lets it run, if there is one: another that has ended, or not begun, covers nothing today.
    let covering = licenses.iter().filter(|license| license.standing.run || !standing.run);
    standing.release_covered = covering.filter_map(|license| license.standing.release_covered).max();
    standing.warnings.sort_unstable();
    standing.warnings.dedup();
    HeldStanding { standing, units, licenses }
}

fn of_license(mut codes: Vec<&License>, today: Day, released: Option<Day>, family: &Family) -> Option<LicenseStanding> {
    codes.sort_by_cached_key(|code| precedence(code));
    let identity = |code: &License| (code.terms().revision, code.terms().host);
    let conflict = codes.iter().enumerate().any(|(i, code)| {
        codes[..i].iter().any(|other| identity(other) == identity(code) && other.terms() != code.terms())
    });
    let first = |code: &License| code.terms().period.first();
    let begun = codes.iter().rposition(|code| first(code) <= today);
    // Of those that wait, one that begins no sooner than a newer one never counts.
    let waiting = codes.split_off(begun.map_or(0, |at| at + 1));
    let next =
        waiting.iter().enumerate().filter(|(i, code)| waiting[i + 1..].iter().all(|newer| first(newer) > first(code)));
    let next = next.map(|(_, code)| *code).min_by_key(|code| first(code));
    let (counting, successor) = match begun.and_then(|at| codes.get(at)) {
        Some(counting) => (*counting, next),
        None => (next?, None),
    };
    let mut standing = counting.standing_on(today, released);
    if let Some(successor) = successor {
        let last = counting.terms().period.last();
        let end = counting.end_of_life().map_or(last, |end| end.day.min(last));
        let begins = successor.standing_on(first(successor), None).phase == Phase::Maintenance;
        if begins && first(successor).days_after(end) <= 1 {
            standing.warnings.retain(|warning| *warning != Warning::EndsSoon);
            standing.warnings.push(Warning::QueuedSuccessor);
        } else {
            standing.warnings.push(Warning::GapBeforeSuccessor);
        }
    }
    if conflict {
        standing.warnings.push(Warning::Conflict);
    }
    standing.warnings.sort_unstable();
    let (license, successor) = (counting.clone(), successor.cloned());
    Some(LicenseStanding { rank: family.rank(&license), license, standing, successor, counts: false })
}

/// What a license is good for, coarsely: licenses of one group add up.
fn group(standing: &Standing) -> u8 {
    match standing.phase {
        Phase::Maintenance | Phase::Grace => 9,
        Phase::Lapsed => 8,
        Phase::EndOfLife if standing.run => 7,
        Phase::Frozen => 6,
        Phase::NotYetValid => 5,
        Phase::Purge => 4,
        Phase::Expired => 3,
        Phase::EndOfLife => 2,
        Phase::Revoked => 1,
        Phase::None => 0,
    }
}

/// One active license is enough; then the higher edition counts, then the later end.
fn preference(license: &LicenseStanding) -> (bool, u8, u16, Day, Reverse<LicenseNumber>) {
    let terms = license.license.terms();
    let active = license.standing.phase == Phase::Maintenance;
    (active, group(&license.standing), license.rank, terms.period.last(), Reverse(terms.license))
}

/// Whether a person should be told today that a license ends, who was told last on some day: 60 and 30 days ahead,
/// 14 for evaluations, and every day in grace (rule I4).
pub fn notice_is_due(license: &LicenseStanding, told: Option<Day>) -> bool {
    let Standing { today, phase, .. } = license.standing;
    let warned = |warning| license.standing.warnings.contains(&warning);
    let since = |day: Option<Day>| day.is_some_and(|day| day <= today && told.is_none_or(|told| told < day));
    match phase {
        Phase::Grace => told.is_none_or(|told| told < today),
        Phase::Maintenance if warned(Warning::EndsSoon) => {
            let terms = license.license.terms();
            let end = license.standing.days_left.and_then(|days| today.plus(i32::try_from(days).ok()?));
            let ahead = |days: u32| end.and_then(|end| end.plus(-i32::try_from(days).ok()?));
            let again = (terms.kind != Kind::Evaluation).then_some(30);
            since(ahead(notice_days(terms.kind))) || again.is_some_and(|days| since(ahead(days)))
        }
        _ => false,
    }
}
