//! The rules of an installation (I1 to I7, and the section on time), written plainly: everything that ever happened is
//! kept in one list, and each answer is found by reading that list again from its beginning.
//!
//! Where the rules leave something open, this is how they are read here (`docs/rules.md` says so too):
//!
//! - *Not yet begun.* A code that would begin no sooner than a newer one that is held never counts, and is refused.
//! - *Conflicts.* Of two codes of one revision the later day of issue wins from its own first day on, as a higher
//!   revision would.
//! - *The first clock.* Without any evidence a clock is not doubted, and not believed before its eleventh day either.
//! - *A clock reset* says that its day has come. It makes void what is here then, whether it counts or is set aside;
//!   what comes later counts, and the last reset is the one in force.
//! - *Several licenses.* A release is covered if a license that entitles to run covers it; where none does, any.
//! - *A successor* leaves no gap if the period that it follows, and its own, are not cut short by End of Life.
//! - *End of Life* of a code that had not begun: it has ended, and does not run.
//! - *Damage* is reported until somebody says that it was read, however it was mended.

use super::pool::{HERE, Pool, number};
use activation_code::{ClockState, Day, IssuerLimits, Kind, Phase, ProductId, Reason, Revision, Terms, Warning};
use std::collections::{BTreeMap, BTreeSet};

/// What does not change in a history: what the product says of itself.
#[derive(Clone, Debug)]
pub struct World {
    /// Issuers 1 and 2 are compiled in.
    pub pinned: bool,
    /// The root is compiled in.
    pub roots: bool,
    /// Products, with the rank of their editions.
    pub products: Vec<(u16, u16)>,
}

/// Where a code is kept: license, revision, host and day of issue, and which of several.
pub type Slot = (u32, u16, Option<u32>, i32, u32);

#[derive(Clone, Debug)]
enum Event {
    Looked { clock: i32, evidence: Option<i32> },
    Kept { slot: Slot, code: usize },
    Garbled { slot: Slot },
    Gone { slot: Slot },
    Loaded { bundle: usize },
    BundleGone,
    Released { day: Option<i32> },
    ClockReset { day: i32 },
    MemoryGone,
}

/// How a text that is kept twice is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wear {
    Good,
    FirstGone,
    Gone,
}

/// Everything that happened.
#[derive(Clone)]
pub struct Model<'a> {
    pool: &'a Pool,
    world: World,
    log: Vec<Event>,
    memory: Wear,
    /// Whether there is a memory at all.
    remembers: bool,
    trust_texts: Wear,
    /// What should be there.
    expected: BTreeSet<Slot>,
    /// Damage that nobody has read about yet.
    reported: bool,
    pub asked: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trusted {
    Nobody,
    Pinned,
    Bundle(usize),
}

/// Which day it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Today {
    pub day: i32,
    pub floor: Option<i32>,
    pub state: ClockState,
}

/// What one license is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct LicenseAnswer {
    pub code: usize,
    pub phase: Phase,
    pub entitled: [bool; 3],
    pub covered: Option<bool>,
    pub days_left: Option<u32>,
    pub warnings: BTreeSet<Warning>,
    pub successor: Option<usize>,
    pub rank: u16,
    pub counts: bool,
}

/// What `status` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub today: Today,
    pub phase: Phase,
    /// Run, updates, support.
    pub entitled: [bool; 3],
    pub covered: Option<bool>,
    pub days_left: Option<u32>,
    pub warnings: BTreeSet<Warning>,
    pub units: u32,
    /// The best first.
    pub licenses: Vec<LicenseAnswer>,
    pub set_aside: BTreeSet<(u32, u16, Reason)>,
    pub damage: usize,
    pub bundle: Option<u32>,
}

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotTaken {
    NoTrust,
    Refused(Reason),
    Superseded { by: Revision, issued: Day },
}

/// What becomes of a bundle's file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loading {
    New,
    Already,
    NoRoots,
    NotSigned,
    ForTesting,
    OtherVendor,
    Older,
    Fork,
}

/// What becomes of a clock reset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resetting {
    Done,
    NoTrust,
    Refused(Reason),
    OtherHost,
    NotAsked,
}

/// What a clock reset says.
#[derive(Clone, Copy, Debug)]
pub struct ResetCode {
    pub host: u32,
    pub nonce: u16,
    pub day: i32,
    pub issuer: u16,
    pub signer: u16,
}

impl<'a> Model<'a> {
    pub fn new(pool: &'a Pool, world: World) -> Self {
        Self {
            pool,
            world,
            log: vec![],
            memory: Wear::Good,
            remembers: false,
            trust_texts: Wear::Good,
            expected: BTreeSet::new(),
            reported: false,
            asked: None,
        }
    }

    fn terms(&self, code: usize) -> &Terms {
        &self.pool.codes[code].terms
    }

    // What is here.

    fn files_after(&self, events: usize) -> BTreeMap<Slot, Option<usize>> {
        let mut files = BTreeMap::new();
        for event in &self.log[..events] {
            match event {
                Event::Kept { slot, code } => drop(files.insert(*slot, Some(*code))),
                Event::Garbled { slot } => drop(files.insert(*slot, None)),
                Event::Gone { slot } => drop(files.remove(slot)),
                _ => {}
            }
        }
        files
    }

    pub fn files(&self) -> BTreeMap<Slot, Option<usize>> {
        self.files_after(self.log.len())
    }

    fn expected(&self) -> BTreeSet<Slot> {
        match self.memory {
            Wear::Gone => self.files().into_keys().collect(),
            _ => self.expected.clone(),
        }
    }

    fn kept_bundle_after(&self, events: usize) -> Option<usize> {
        let mut kept = None;
        for event in &self.log[..events] {
            match event {
                Event::Loaded { bundle } => kept = Some(*bundle),
                Event::BundleGone => kept = None,
                _ => {}
            }
        }
        kept
    }

    fn kept_bundle(&self) -> Option<usize> {
        self.kept_bundle_after(self.log.len())
    }

    fn trusted(&self) -> Trusted {
        match self.kept_bundle() {
            Some(bundle) => Trusted::Bundle(bundle),
            None if self.world.pinned => Trusted::Pinned,
            None => Trusted::Nobody,
        }
    }

    pub fn released(&self) -> Option<i32> {
        self.released_after(self.log.len())
    }

    fn released_after(&self, events: usize) -> Option<i32> {
        let released = self.log[..events].iter().rev();
        released.filter_map(|event| if let Event::Released { day } = event { Some(*day) } else { None }).next()?
    }

    // Whether a code is good.

    fn refused_by_trust(&self, code: usize) -> Option<Reason> {
        let terms = self.terms(code);
        let issuer = terms.issuer.get();
        let bundle = match self.trusted() {
            Trusted::Nobody => return Some(Reason::UnknownIssuer),
            Trusted::Pinned => None,
            Trusted::Bundle(bundle) => Some(&self.pool.bundles[bundle].bundle),
        };
        let entry = bundle.map(|bundle| bundle.issuers.iter().find(|entry| entry.number.get() == issuer));
        let is_known = entry.map_or(issuer == 1 || issuer == 2, |entry| entry.is_some());
        if !is_known {
            return Some(Reason::UnknownIssuer);
        }
        if self.pool.codes[code].signer != issuer {
            return Some(Reason::BadSignature);
        }
        if terms.test {
            return Some(Reason::ForTestingOnly);
        }
        let (Some(bundle), Some(Some(entry))) = (bundle, entry) else { return None };
        if entry.void && !bundle.listed.contains(&(terms.issuer, self.pool.codes[code].digest)) {
            return Some(Reason::IssuerVoid);
        }
        let revoked = bundle.revoked.iter().find(|(license, _)| *license == terms.license);
        if revoked.is_some_and(|(_, good_from)| match good_from {
            Some(good_from) => terms.revision < *good_from,
            None => true,
        }) {
            return Some(Reason::Revoked);
        }
        (!self.is_within(&entry.limits, terms)).then_some(Reason::LimitExceeded)
    }

    fn is_within(&self, limits: &IssuerLimits, terms: &Terms) -> bool {
        let (first, last) = (number(terms.period.first()), number(terms.period.last()));
        let issued = number(terms.issued);
        assert!(first <= last && limits.licenses.is_none() && limits.features.is_none(), "not in the pool");
        let products = limits.products.is_empty()
            || self.enabled(terms).iter().all(|product| limits.products.iter().any(|may| may == product));
        products
            && (limits.kinds.is_empty() || limits.kinds.contains(&terms.kind))
            && limits.units.is_none_or(|most| terms.units.get() <= most.get())
            && limits.grace.is_none_or(|most| grace(terms) <= i32::from(most))
            && limits.days.is_none_or(|most| last - issued <= most as i32)
            && limits.until.is_none_or(|day| last <= number(day))
            && limits.from.is_none_or(|day| issued >= number(day))
            && limits.to.is_none_or(|day| issued <= number(day))
    }

    fn bundle(&self) -> Option<&'a activation_code::Bundle> {
        match self.trusted() {
            Trusted::Bundle(bundle) => Some(&self.pool.bundles[bundle].bundle),
            _ => None,
        }
    }

    /// The product of a code, and the members of a suite, which the code names or else the bundle.
    fn enabled(&self, terms: &Terms) -> Vec<ProductId> {
        let mut enabled = vec![terms.product];
        if let Some(members) = &terms.members {
            enabled.extend(members.products());
        } else if let Some(product) = self.product(terms.product)
            && let Some(members) = &product.members
        {
            enabled.extend(members.products());
        }
        enabled
    }

    fn product(&self, id: ProductId) -> Option<&'a activation_code::BundleProduct> {
        self.bundle()?.products.iter().find(|product| product.id == id)
    }

    // For which products (rule I6).

    fn accepts(&self, id: ProductId) -> bool {
        let named = |id: ProductId| self.world.products.iter().any(|(named, _)| *named == id.get());
        let family = |id: ProductId| self.product(id).and_then(|product| product.family.clone());
        let of_family = |one: &(u16, u16)| {
            let theirs = family(ProductId::new(one.0).unwrap());
            theirs.is_some() && theirs == family(id)
        };
        named(id) || self.world.products.iter().any(of_family)
    }

    fn is_for_another_product(&self, terms: &Terms) -> bool {
        !self.world.products.is_empty() && !self.enabled(terms).iter().any(|id| self.accepts(*id))
    }

    fn rank_of(&self, id: ProductId) -> Option<u16> {
        let named = self.world.products.iter().find(|(named, _)| *named == id.get()).map(|(_, rank)| *rank);
        self.product(id).map(|product| product.rank).or(named)
    }

    fn rank(&self, terms: &Terms) -> u16 {
        let editions = self.enabled(terms).into_iter().filter(|id| self.accepts(*id));
        let highest = if self.accepts(terms.product) {
            self.rank_of(terms.product)
        } else {
            editions.filter_map(|id| self.rank_of(id)).max().or_else(|| self.rank_of(terms.product))
        };
        highest.unwrap_or(0)
    }

    fn is_for_another_host(terms: &Terms) -> bool {
        terms.host.is_some_and(|host| host != HERE)
    }

    fn misfit(&self, code: usize) -> Option<Reason> {
        let terms = self.terms(code);
        if self.is_for_another_product(terms) {
            Some(Reason::OtherProduct)
        } else {
            Self::is_for_another_host(terms).then_some(Reason::OtherHost)
        }
    }

    /// Codes that are good and meant for this.
    fn held(&self) -> Vec<usize> {
        let codes = self.files().into_values().flatten();
        codes.filter(|code| self.refused_by_trust(*code).is_none() && self.misfit(*code).is_none()).collect()
    }

    fn set_aside(&self) -> BTreeSet<(u32, u16, Reason)> {
        let mut aside = BTreeSet::new();
        if self.trusted() != Trusted::Nobody {
            for code in self.files().into_values().flatten() {
                if let Some(reason) = self.refused_by_trust(code).or_else(|| self.misfit(code)) {
                    aside.insert((self.terms(code).license.get(), self.terms(code).revision.get(), reason));
                }
            }
        }
        aside
    }

    // Which day it is (rule I7).

    /// The clock reset in force: its place in the list, and its day.
    fn reset(&self) -> Option<(usize, i32)> {
        for (at, event) in self.log.iter().enumerate().rev() {
            match event {
                Event::ClockReset { day } => return Some((at, *day)),
                Event::MemoryGone => return None,
                _ => {}
            }
        }
        None
    }

    fn code_is_evidence(&self, code: usize) -> bool {
        let Some((at, day)) = self.reset() else { return true };
        let was_here = self.files_after(at).into_values().any(|here| here == Some(code));
        number(self.terms(code).issued) <= day || !was_here
    }

    fn bundle_is_evidence(&self, bundle: usize) -> bool {
        let Some((at, day)) = self.reset() else { return true };
        let file = |bundle: usize| &self.pool.bundles[bundle].bundle;
        let void = self.kept_bundle_after(at).filter(|bundle| number(file(*bundle).issued) > day);
        number(file(bundle).issued) <= day || void.is_none_or(|void| file(bundle).number > file(void).number)
    }

    fn release_is_evidence(&self, released: i32) -> bool {
        let Some((at, day)) = self.reset() else { return true };
        let void = self.released_after(at).filter(|released| *released > day);
        released <= day || void.is_none_or(|void| released > void)
    }

    /// The latest day that has come, by what is here; `and`: a code that is about to be.
    fn evidence(&self, and: Option<usize>) -> Option<i32> {
        let mut days = vec![];
        for code in self.held().into_iter().chain(and) {
            if self.code_is_evidence(code) {
                days.push(number(self.terms(code).issued));
            }
        }
        if let Trusted::Bundle(bundle) = self.trusted()
            && self.bundle_is_evidence(bundle)
        {
            days.push(number(self.pool.bundles[bundle].bundle.issued));
        }
        if let Some(released) = self.released()
            && self.release_is_evidence(released)
        {
            days.push(released);
        }
        days.into_iter().max()
    }

    /// All looks at the clock that are remembered, with what the evidence was then.
    fn looks(&self) -> Vec<(i32, Option<i32>)> {
        let mut looks = vec![];
        for event in &self.log {
            match event {
                Event::Looked { clock, evidence } => looks.push((*clock, *evidence)),
                Event::ClockReset { .. } | Event::MemoryGone => looks.clear(),
                _ => {}
            }
        }
        looks
    }

    /// The highest day that was seen to pass in these looks.
    fn passed(&self, looks: &[(i32, Option<i32>)]) -> Option<i32> {
        let mut passed = self.reset().map(|(_, day)| day);
        let mut far: Vec<bool> = vec![];
        for (now, (clock, evidence)) in looks.iter().enumerate() {
            let near = |passed: Option<i32>| passed.max(*evidence).is_some_and(|floor| *clock <= floor + 35);
            far.push(!near(passed));
            // Days too far ahead after which no clock stepped back to them.
            let mut rising: Vec<i32> = (0..=now)
                .filter(|at| far[*at] && looks[at + 1..=now].iter().all(|(later, _)| *later > looks[*at].0))
                .map(|at| looks[at].0)
                .collect();
            rising.sort_unstable();
            if far[now] && rising.len() >= 11 {
                passed = passed.max(Some(rising[rising.len() - 11]));
            }
            if near(passed) {
                passed = passed.max(Some(*clock));
            }
        }
        passed
    }

    /// What today would be if the clock were looked at now.
    pub fn today(&self, clock: Option<i32>, and: Option<usize>) -> Today {
        let evidence = self.evidence(and);
        let mut looks = self.looks();
        let Some(clock) = clock else {
            let floor = self.passed(&looks).max(evidence);
            return Today { day: floor.unwrap_or(0), floor, state: ClockState::Unreadable };
        };
        looks.push((clock, evidence));
        let floor = self.passed(&looks).max(evidence);
        let is_first = looks[0].0 == clock;
        let state = match floor {
            Some(floor) if clock < floor => ClockState::Behind,
            Some(floor) if clock > floor + 35 && !is_first => ClockState::Ahead,
            _ => ClockState::Right,
        };
        Today { day: floor.map_or(clock, |floor| clock.max(floor)), floor, state }
    }

    // What a code is worth on a day (rules I3 and I4).

    fn end_of_life(&self, terms: &Terms) -> Option<(i32, bool)> {
        let product = self.product(terms.product)?;
        Some((number(product.end_of_life?), product.use_ends))
    }

    pub fn phase(&self, code: usize, day: i32) -> Phase {
        let terms = self.terms(code);
        let last = number(terms.period.last());
        if self.end_of_life(terms).is_some_and(|(end, _)| day > end) {
            return Phase::EndOfLife;
        }
        if day < number(terms.period.first()) {
            return Phase::NotYetValid;
        }
        if day <= last {
            return Phase::Maintenance;
        }
        if day <= last + grace(terms) {
            return Phase::Grace;
        }
        match terms.kind {
            Kind::Full => Phase::Lapsed,
            Kind::Evaluation => Phase::Expired,
            Kind::Service => {
                if day <= last + grace(terms) + 30 {
                    Phase::Frozen
                } else {
                    Phase::Purge
                }
            }
        }
    }

    fn entitled(&self, code: usize, day: i32) -> [bool; 3] {
        let terms = self.terms(code);
        match self.phase(code, day) {
            Phase::Maintenance | Phase::Grace => [true; 3],
            Phase::Lapsed => [true, false, false],
            Phase::EndOfLife => {
                let use_ends = self.end_of_life(terms).is_some_and(|(_, use_ends)| use_ends);
                let has_begun = day >= self.first(code);
                [terms.kind == Kind::Full && has_begun && !use_ends, false, false]
            }
            _ => [false; 3],
        }
    }

    fn days_left(&self, code: usize, today: i32) -> Option<u32> {
        let phase = self.phase(code, today);
        if matches!(phase, Phase::Lapsed | Phase::Expired | Phase::Purge | Phase::EndOfLife) {
            return None;
        }
        let mut day = today;
        while self.phase(code, day + 1) == phase {
            day += 1;
        }
        Some((day - today) as u32)
    }

    // Of several codes of a license (rule I5).

    /// Whether a code takes the place of another one, once it has begun.
    fn is_newer(&self, one: usize, than: usize) -> bool {
        let key = |code: usize| (self.terms(code).revision, self.terms(code).issued, self.pool.codes[code].digest);
        key(one) > key(than)
    }

    fn first(&self, code: usize) -> i32 {
        number(self.terms(code).period.first())
    }

    fn license_answer(&self, codes: &[usize], today: i32) -> LicenseAnswer {
        let newest = |codes: &[usize]| {
            codes.iter().copied().find(|one| codes.iter().all(|other| other == one || self.is_newer(*one, *other)))
        };
        let begun: Vec<_> = codes.iter().copied().filter(|code| self.first(*code) <= today).collect();
        let running = newest(&begun);
        // What will run on the next day on which something changes.
        let changes = |after: i32, now: Option<usize>| -> Option<usize> {
            let mut days: Vec<_> = codes.iter().map(|code| self.first(*code)).filter(|day| *day > after).collect();
            days.sort_unstable();
            days.into_iter().find_map(|day| {
                let then: Vec<_> = codes.iter().copied().filter(|code| self.first(*code) <= day).collect();
                newest(&then).filter(|next| Some(*next) != now)
            })
        };
        let (code, successor) = match running {
            Some(running) => (running, changes(today, Some(running))),
            None => (changes(today, None).expect("a license has a code"), None),
        };
        let phase = self.phase(code, today);
        let days_left = self.days_left(code, today);
        let mut warnings = BTreeSet::new();
        let covers_without_gap = |next: usize| {
            let first = self.first(next);
            let day_before_runs = (today.max(self.first(code))..first).all(|day| {
                let phase = self.phase(code, day);
                phase == Phase::Maintenance
            });
            day_before_runs && self.phase(next, first) == Phase::Maintenance
        };
        match successor {
            Some(next) if covers_without_gap(next) => drop(warnings.insert(Warning::QueuedSuccessor)),
            _ => {
                let notice = if self.terms(code).kind == Kind::Evaluation { 14 } else { 60 };
                if phase == Phase::Maintenance && days_left.is_some_and(|days| days <= notice) {
                    warnings.insert(Warning::EndsSoon);
                }
                if successor.is_some() {
                    warnings.insert(Warning::GapBeforeSuccessor);
                }
            }
        }
        if phase == Phase::Grace {
            warnings.insert(Warning::InGrace);
        }
        let identity = |code: usize| (self.terms(code).revision, self.terms(code).host);
        let conflict =
            codes.iter().any(|one| codes.iter().any(|other| one != other && identity(*one) == identity(*other)));
        if conflict {
            warnings.insert(Warning::Conflict);
        }
        let terms = self.terms(code);
        LicenseAnswer {
            code,
            phase,
            entitled: self.entitled(code, today),
            covered: self.released().map(|day| day <= number(terms.period.last())),
            days_left,
            warnings,
            successor,
            rank: self.rank(terms),
            counts: false,
        }
    }

    // All licenses together (rule I6).

    /// What is better; the first is best. Maintenance and grace entitle to the same.
    fn worth(license: &LicenseAnswer) -> usize {
        let order = [
            &[Phase::Maintenance, Phase::Grace][..],
            &[Phase::Lapsed],
            &[Phase::EndOfLife],
            &[Phase::Frozen],
            &[Phase::NotYetValid],
            &[Phase::Purge],
            &[Phase::Expired],
        ];
        if license.phase == Phase::EndOfLife && !license.entitled[0] {
            return order.len();
        }
        order.iter().position(|phases| phases.contains(&license.phase)).unwrap()
    }

    fn is_better(&self, one: &LicenseAnswer, than: &LicenseAnswer) -> bool {
        let active = |license: &LicenseAnswer| license.phase == Phase::Maintenance;
        if active(one) != active(than) {
            return active(one);
        }
        if Self::worth(one) != Self::worth(than) {
            return Self::worth(one) < Self::worth(than);
        }
        if one.rank != than.rank {
            return one.rank > than.rank;
        }
        let last = |license: &LicenseAnswer| self.terms(license.code).period.last();
        if last(one) != last(than) {
            return last(one) > last(than);
        }
        self.terms(one.code).license < self.terms(than.code).license
    }

    /// What `status` says with this clock; `None`: there is nobody to trust.
    pub fn answer(&self, clock: Option<i32>) -> Option<Answer> {
        if self.trusted() == Trusted::Nobody && self.trust_texts == Wear::Good {
            return None;
        }
        let today = self.today(clock, None);
        let held = self.held();
        let numbers: BTreeSet<_> = held.iter().map(|code| self.terms(*code).license).collect();
        let mut licenses: Vec<LicenseAnswer> = vec![];
        for license in numbers {
            let codes: Vec<_> = held.iter().copied().filter(|code| self.terms(*code).license == license).collect();
            let answer = self.license_answer(&codes, today.day);
            let place = licenses.iter().position(|other| self.is_better(&answer, other)).unwrap_or(licenses.len());
            licenses.insert(place, answer);
        }
        if let Some(best) = licenses.first().cloned() {
            for license in &mut licenses {
                license.counts = Self::worth(license) == Self::worth(&best) && license.rank == best.rank;
            }
        }
        let counting = || licenses.iter().filter(|license| license.counts);
        let set_aside = self.set_aside();
        let revoked = set_aside.iter().any(|(_, _, reason)| *reason == Reason::Revoked);
        let mut warnings: BTreeSet<_> = counting().flat_map(|license| license.warnings.clone()).collect();
        if licenses.iter().any(|license| license.warnings.contains(&Warning::Conflict)) {
            warnings.insert(Warning::Conflict);
        }
        let clock_warning = match today.state {
            ClockState::Right => None,
            ClockState::Behind => Some(Warning::ClockBehind),
            ClockState::Ahead => Some(Warning::ClockAhead),
            ClockState::Unreadable => Some(Warning::ClockUnreadable),
        };
        warnings.extend(clock_warning);
        match self.bundle() {
            Some(bundle) if today.day - number(bundle.issued) > 400 => drop(warnings.insert(Warning::BundleOld)),
            None if self.world.roots => drop(warnings.insert(Warning::BundleMissing)),
            _ => {}
        }
        let damage = self.damage();
        if damage > 0 || self.reported {
            warnings.insert(Warning::StateDamaged);
        }
        let none = if revoked { Phase::Revoked } else { Phase::None };
        let any = |entitled: usize| licenses.iter().any(|license| license.entitled[entitled]);
        let running: Vec<_> = licenses.iter().filter(|license| license.entitled[0]).collect();
        let covering = if running.is_empty() { licenses.iter().collect() } else { running };
        Some(Answer {
            today,
            phase: licenses.first().map_or(none, |best| best.phase),
            entitled: [any(0), any(1), any(2)],
            covered: covering.iter().filter_map(|license| license.covered).max(),
            days_left: licenses.first().and_then(|best| best.days_left),
            warnings,
            units: counting().map(|license| self.terms(license.code).units.get()).sum(),
            licenses,
            set_aside,
            damage,
            bundle: self.bundle().map(|bundle| bundle.number),
        })
    }

    /// How many parts of the state are damaged.
    fn damage(&self) -> usize {
        let files = self.files();
        let missing = self.expected().iter().filter(|slot| !files.contains_key(slot)).count();
        let garbled = files.values().filter(|code| code.is_none()).count();
        let garbled = if self.trusted() == Trusted::Nobody { 0 } else { garbled };
        let memory = match self.memory {
            Wear::Good => false,
            Wear::FirstGone => true,
            Wear::Gone => !files.is_empty(),
        };
        missing + garbled + usize::from(memory) + usize::from(self.trust_texts != Wear::Good)
    }

    // What happens.

    /// What is remembered is written down: what was lost of it is there again.
    fn write(&mut self) {
        self.expected = self.expected();
        self.memory = Wear::Good;
        self.remembers = true;
    }

    fn report_and_write(&mut self) {
        self.reported |= self.damage() > 0;
        self.write();
    }

    /// Somebody asks what the installation is worth.
    pub fn status(&mut self, clock: Option<i32>) -> Option<Answer> {
        let (damage, evidence) = (self.damage(), self.evidence(None));
        let answer = self.answer(clock);
        if damage > 0 {
            self.report_and_write();
            if self.trust_texts == Wear::FirstGone {
                self.trust_texts = Wear::Good;
            }
        }
        // Who only looks makes no folder.
        let is_blank = self.files().is_empty() && self.kept_bundle().is_none() && self.trust_texts == Wear::Good;
        if self.remembers || !is_blank {
            self.log.extend(clock.map(|clock| Event::Looked { clock, evidence }));
            self.remembers |= clock.is_some();
        }
        answer
    }

    /// The codes that a code is refused for, were it entered today.
    pub fn superseding(&self, code: usize, today: i32) -> Vec<usize> {
        let terms = self.terms(code);
        let begins = self.first(code).max(today);
        let held = self.held().into_iter();
        held.filter(|other| {
            let newer = self.terms(*other);
            newer.license == terms.license && newer.revision > terms.revision && self.first(*other) <= begins
        })
        .collect()
    }

    /// Whether a code that is entered is taken.
    pub fn judge(&self, code: usize, clock: Option<i32>) -> Result<Today, NotTaken> {
        if self.trusted() == Trusted::Nobody {
            return Err(NotTaken::NoTrust);
        }
        if let Some(reason) = self.refused_by_trust(code) {
            return Err(NotTaken::Refused(reason));
        }
        let today = self.today(clock, Some(code));
        let superseding = self.superseding(code, today.day);
        let newest = superseding.iter().find(|one| superseding.iter().all(|o| o == *one || self.is_newer(**one, *o)));
        if let Some(newest) = newest {
            let terms = self.terms(*newest);
            return Err(NotTaken::Superseded { by: terms.revision, issued: terms.issued });
        }
        match self.misfit(code) {
            Some(reason) => Err(NotTaken::Refused(reason)),
            None => Ok(today),
        }
    }

    pub fn enter(&mut self, code: usize, clock: Option<i32>) -> Result<Today, NotTaken> {
        let today = self.judge(code, clock)?;
        let evidence = self.evidence(Some(code));
        self.report_and_write();
        let files = self.files();
        let terms = self.terms(code);
        let stem = |n| {
            let host = terms.host.map(|host| host.0);
            (terms.license.get(), terms.revision.get(), host, number(terms.issued), n)
        };
        let same = files.iter().find(|(_, kept)| **kept == Some(code)).map(|(slot, _)| *slot);
        let free = |slot: &Slot| files.get(slot).is_none_or(Option::is_none);
        let slot = same.or_else(|| (1..).map(stem).find(free)).unwrap();
        self.log.extend(clock.map(|clock| Event::Looked { clock, evidence }));
        self.log.push(Event::Kept { slot, code });
        self.expected.insert(slot);
        Ok(today)
    }

    pub fn load(&mut self, bundle: usize) -> Loading {
        if !self.world.roots {
            return Loading::NoRoots;
        }
        let file = &self.pool.bundles[bundle];
        if !file.signed {
            return Loading::NotSigned;
        }
        if file.bundle.test {
            return Loading::ForTesting;
        }
        let in_force = self.kept_bundle().map(|kept| &self.pool.bundles[kept].bundle);
        if in_force.is_some_and(|kept| kept.vendor != file.bundle.vendor) {
            return Loading::OtherVendor;
        }
        // The number is remembered, also where the bundle is lost.
        let mut known = in_force.map(|kept| kept.number);
        for event in self.log.iter().rev() {
            match event {
                Event::Loaded { bundle } => known = known.max(Some(self.pool.bundles[*bundle].bundle.number)),
                Event::MemoryGone => break,
                _ => {}
            }
        }
        if known.is_some_and(|known| file.bundle.number < known) {
            return Loading::Older;
        }
        let loading = match in_force {
            Some(kept) if kept.number == file.bundle.number && *kept != file.bundle => return Loading::Fork,
            Some(kept) if kept.number == file.bundle.number => Loading::Already,
            _ => Loading::New,
        };
        self.report_and_write();
        self.trust_texts = Wear::Good;
        self.log.push(Event::Loaded { bundle });
        loading
    }

    pub fn release(&mut self, day: Option<i32>) {
        self.log.push(Event::Released { day });
    }

    /// Forgets codes; how many.
    pub fn forget(&mut self, license: u32, revision: Option<u16>) -> usize {
        let mut slots = self.expected();
        slots.extend(self.files().into_keys());
        slots.retain(|slot| slot.0 == license && revision.is_none_or(|revision| revision == slot.1));
        if slots.is_empty() {
            return 0;
        }
        self.report_and_write();
        for slot in &slots {
            self.expected.remove(slot);
            self.log.push(Event::Gone { slot: *slot });
        }
        slots.len()
    }

    pub fn forget_damage(&mut self) {
        let files = self.files();
        self.write();
        self.expected.retain(|slot| files.contains_key(slot));
        self.reported = false;
    }

    /// A clock reset is asked for; `nonce`: as the installation says.
    pub fn ask(&mut self, nonce: u16) {
        if self.asked.is_none() {
            self.report_and_write();
            self.asked = Some(nonce);
        }
    }

    pub fn reset_clock(&mut self, code: ResetCode) -> Resetting {
        let bundle = match self.trusted() {
            Trusted::Nobody => return Resetting::NoTrust,
            Trusted::Pinned => None,
            Trusted::Bundle(bundle) => Some(&self.pool.bundles[bundle].bundle),
        };
        let entry = bundle.map(|bundle| bundle.issuers.iter().find(|entry| entry.number.get() == code.issuer));
        if !entry.map_or(code.issuer == 1 || code.issuer == 2, |entry| entry.is_some()) {
            return Resetting::Refused(Reason::UnknownIssuer);
        }
        if code.signer != code.issuer {
            return Resetting::Refused(Reason::BadSignature);
        }
        if let Some(Some(entry)) = entry {
            if entry.void {
                return Resetting::Refused(Reason::IssuerVoid);
            }
            let early = entry.limits.from.is_some_and(|day| code.day < number(day));
            if early || entry.limits.to.is_some_and(|day| code.day > number(day)) {
                return Resetting::Refused(Reason::LimitExceeded);
            }
        }
        if code.host != HERE.0 {
            return Resetting::OtherHost;
        }
        if self.asked != Some(code.nonce) {
            return Resetting::NotAsked;
        }
        self.report_and_write();
        self.log.push(Event::ClockReset { day: code.day });
        self.asked = None;
        Resetting::Done
    }

    /// A disk lost something: which texts of the memory are there now.
    pub fn memory_is(&mut self, first: bool, copy: bool) {
        match (first, copy) {
            (true, _) => {}
            (false, true) => self.memory = Wear::FirstGone,
            (false, false) => {
                self.log.push(Event::MemoryGone);
                self.memory = Wear::Gone;
                self.remembers = false;
                self.expected.clear();
                self.reported = false;
                self.asked = None;
            }
        }
    }

    /// A disk lost something: which texts of the bundle are there now, and whether the roots are.
    pub fn bundle_is(&mut self, first: bool, copy: bool, roots: bool) {
        match (first, copy) {
            (true, _) => {}
            (false, true) => self.trust_texts = Wear::FirstGone,
            (false, false) => {
                self.log.push(Event::BundleGone);
                self.trust_texts = if roots { Wear::Gone } else { Wear::Good };
            }
        }
    }

    pub fn code_is_gone(&mut self, slot: Slot) {
        self.log.push(Event::Gone { slot });
    }

    pub fn code_is_garbled(&mut self, slot: Slot) {
        self.log.push(Event::Garbled { slot });
    }
}

/// Days of grace (rule I3).
pub fn grace(terms: &Terms) -> i32 {
    match (terms.grace, terms.kind) {
        (Some(days), _) => days.into(),
        (None, Kind::Full | Kind::Service) => 30,
        (None, Kind::Evaluation) => 0,
    }
}
