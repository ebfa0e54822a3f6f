//! What a change makes of a license, before anything is signed.

use super::change::{Asked, Change, Length, Order, Reach};
use super::operators::{Permission, Session};
use super::purge::refuse_purged;
use super::schedule::{self, Renewal, Schedule, carried, renewal};
use super::{DeskFault, Refused};
use crate::ledger::{
    Action, Book, CustomerNumber, DeskRole, Entry, IssuerRule, IssuerState, Ledger, LicenseRecord, Limits,
    OperatorName, OrderReference, Product, ProductKind, Signed, TrustSettings,
};
use activation_code::{
    Day, HostId, IssuerNumber, Kind, LicenseNumber, Limit, MaintenancePeriod, Members, ProductId, Revision, Terms,
    Units,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What a change will make: codes that are not signed yet, and what a clerk should know of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What was asked for.
    pub asked: Asked,
    /// The new codes by revision. The first one is what was asked for; others are renewals that were sold before
    /// and go out again, because it replaces them (rule D5).
    pub entries: Vec<Entry>,
    /// What a clerk should know.
    pub notes: Vec<Note>,
    /// Who has to be asked, and whether somebody was.
    pub approval: Approval,
    /// The period that a renewal follows, or that a change is of, as it was sold; `None`: a new license.
    pub before: Option<Entry>,
    /// The license as it was; `None`: a new one.
    pub(super) seen: Option<Seen>,
}

/// Whether a second operator is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// No.
    NotNeeded,
    /// There are more units than one operator may issue.
    Needed {
        /// The most.
        above: u32,
    },
    /// This operator does it, for a request by another one.
    Given {
        /// The request.
        request: u32,
        /// Who asked.
        asked_by: OperatorName,
    },
}

/// What a clerk should know of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Maintenance had ended: these days are paid as well (rule D2).
    Lapsed {
        /// How many.
        days: u32,
        /// The first of them.
        first: Day,
        /// Whether they come on top of the term that was ordered; else they are inside the days that were.
        on_top: bool,
    },
    /// The period begins when the one before has ended; until then that one counts.
    Queued {
        /// The last day of the one before.
        after: Day,
    },
    /// The code cannot carry the true first day; the ledger has it (rule D2).
    CodeBegins {
        /// What the code says.
        code: Day,
        /// What is true.
        truth: Day,
    },
    /// The product's End of Life cuts the period (rule D9).
    CutByEndOfLife {
        /// The last day that was wanted.
        wanted: Day,
    },
    /// A renewal that was sold before would begin after the End of Life, which was set since: it ends with the
    /// revision that is replaced (rule D9).
    EndsWithLife {
        /// The revision that it had.
        was: Revision,
    },
    /// The whole period is over today.
    Over {
        /// Its last day.
        last: Day,
    },
    /// A member of the suite has its End of Life within the period (rules D9, D10).
    MemberEnds {
        /// Which product.
        member: ProductId,
        /// When.
        day: Day,
    },
    /// This host has codes of its own, beside those of the license.
    BoundHost {
        /// Of which license.
        license: LicenseNumber,
        /// Which host.
        host: HostId,
    },
    /// A renewal that was sold before goes out again, as a new revision (rule D5): each has a place in the plan after
    /// the first.
    GoesOutAgain {
        /// The revision that it had.
        was: Revision,
    },
}

impl Plan {
    /// What goes into the book.
    pub(super) fn action(&self) -> Action {
        match self.asked.change {
            Change::Issue(_) => Action::Issued,
            Change::Renew { .. } => Action::Renewed,
            Change::Downsize { .. } => Action::Downsized,
            Change::AddUnits { .. } => Action::UnitsAdded,
            Change::Upgrade { .. } => Action::Upgraded,
            Change::Convert { .. } => Action::Converted,
            Change::Bind { .. } => Action::Bound,
            Change::Reissue { .. } => Action::Reissued,
        }
    }

    /// Whether both make the same codes of the same license, whatever numbers they get: a number that somebody else
    /// was given meanwhile changes nothing of what was sold.
    pub(super) fn makes_the_same_as(&self, other: &Self) -> bool {
        let same = |(a, b): (&Entry, &Entry)| {
            let mut a = a.clone();
            a.terms.revision = b.terms.revision;
            if self.seen.is_none() {
                a.terms.license = b.terms.license;
            }
            a == *b
        };
        self.seen == other.seen
            && self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(same)
    }
}

/// What a change comes to.
#[derive(Clone, Debug)]
pub enum Preview {
    /// The same order made these codes before (rule D1): for that no key is needed.
    Before(Vec<super::Issued>),
    /// This is what it would make, if nobody is quicker. Boxed: it is the larger one.
    Planned(Box<Plan>),
}

/// What a change would make, before anybody is asked for a passphrase: the rules of the desk allow it.
///
/// # Errors
/// A rule of the desk, or the ledger.
pub fn preview(ledger: &mut Ledger, session: &Session, asked: &Asked) -> Result<Preview, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Sell)?;
        session.bounds(book)?.change(book, &asked.change)?;
        let before = super::issuing::made_or_bound_before(book, session.today, asked)?;
        if !before.is_empty() {
            return Ok(Preview::Before(before));
        }
        let planner = Planner::new(book, session.today)?;
        Ok(Preview::Planned(Box::new(planner.plan(asked, Approval::NotNeeded)?)))
    })
}

/// What plans are made from, within one transaction.
pub(super) struct Planner<'b, 'l> {
    book: &'b Book<'l>,
    today: Day,
    issuer: IssuerNumber,
    role: DeskRole,
    /// Whether all codes of the desk are for testing.
    test: bool,
    /// What the key may issue.
    rule: IssuerRule,
    /// License numbers that partners give away.
    ranges: Vec<(LicenseNumber, LicenseNumber)>,
    limits: Limits,
    /// The number of the next new license; `None`: not looked up yet.
    next_license: Cell<Option<u32>>,
    /// Those that were looked up.
    products: RefCell<HashMap<ProductId, Rc<Product>>>,
}

impl<'b, 'l> Planner<'b, 'l> {
    pub(super) fn new(book: &'b Book<'l>, today: Day) -> Result<Self, DeskFault> {
        let issuer = super::trust::issuer_in_use(book)?.number;
        let rule = book.issuer_rule(issuer)?;
        let ranges = book.partners()?.into_iter().filter_map(|partner| partner.limits.licenses).collect();
        let (limits, TrustSettings { role, test, .. }) = (book.limits()?, book.trust_settings()?);
        Ok(Self {
            book,
            today,
            issuer,
            role,
            test,
            rule,
            ranges,
            limits,
            next_license: Cell::default(),
            products: RefCell::default(),
        })
    }

    /// Each plan of a planner has a number of its own.
    fn next_license(&self) -> Result<LicenseNumber, DeskFault> {
        let next = match self.next_license.get() {
            Some(next) => LicenseNumber::new(next),
            None => self.book.next_license_number()?,
        };
        let mut number = next.ok_or(Refused::NoNumberLeft)?;
        while let Some((_, last)) = self.ranges.iter().find(|(first, last)| (first..=last).contains(&&number)) {
            number = LicenseNumber::new(last.get() + 1).ok_or(Refused::NoNumberLeft)?;
        }
        self.next_license.set(Some(number.get() + 1));
        Ok(number)
    }

    /// What a change makes. `approval` is [`Approval::Given`] where a second operator does it.
    pub(super) fn plan(&self, asked: &Asked, approval: Approval) -> Result<Plan, DeskFault> {
        let reference = asked.reference.as_ref();
        let mut plan = match &asked.change {
            Change::Issue(order) => self.issue(order, reference)?,
            Change::Renew { license, length, units } => {
                self.next_period(*license, *length, *units, reference, Sold::Renewal)?
            }
            Change::Downsize { license, length, units, .. } => {
                self.next_period(*license, *length, Some(*units), reference, Sold::Downsize)?
            }
            Change::AddUnits { license, more, reach } => {
                let more = Modification { growth: Growth::By(*more), ..Modification::default() };
                self.modify(*license, more, None, *reach, reference)?
            }
            Change::Upgrade { license, product, units, renew, reach } => {
                let growth = units.map_or(Growth::None, Growth::To);
                let to = Modification { product: Some(*product), growth, ..Modification::default() };
                self.modify(*license, to, *renew, *reach, reference)?
            }
            Change::Convert { license, units, renew } => {
                let growth = units.map_or(Growth::None, Growth::To);
                let to = Modification { converts: true, growth, ..Modification::default() };
                self.modify(*license, to, *renew, Reach::License, reference)?
            }
            Change::Bind { license, host, product } => self.bind(*license, *host, *product)?,
            Change::Reissue { license, lost } => self.reissue(*license, *lost)?,
        };
        plan.asked = asked.clone();
        self.note_bound_hosts(&mut plan)?;
        let limits = match asked.change {
            // Nothing is sold that was not sold before.
            Change::Reissue { .. } => Limits::default(),
            _ => self.limits,
        };
        self.note_ends_of_members(&mut plan)?;
        for entry in &plan.entries {
            entry.terms.to_payload().map_err(Refused::Terms)?;
            if let Some(limit) = self.rule.limits.exceeded(&entry.terms, &[]) {
                let (issuer, last) = (self.issuer, self.rule.limits.to);
                return Err(match (self.role, limit) {
                    (DeskRole::Partner, Limit::To) => Refused::EndedByVendor { issuer, last },
                    _ => Refused::IssuerLimit { issuer, limit },
                }
                .into());
            }
            if let Some(most) = limits.most_units.filter(|most| entry.terms.units.get() > *most) {
                return Err(Refused::TooManyUnits { units: entry.terms.units, most }.into());
            }
        }
        let above = limits.approval_above;
        let needed = above.filter(|above| plan.entries.iter().any(|entry| entry.terms.units.get() > *above));
        plan.approval = match (needed, approval) {
            (_, given @ Approval::Given { .. }) => given,
            (Some(above), _) => Approval::Needed { above },
            (None, _) => Approval::NotNeeded,
        };
        Ok(plan)
    }

    fn issue(&self, order: &Order, reference: Option<&OrderReference>) -> Result<Plan, DeskFault> {
        let product = self.product(order.product)?;
        on_sale(&product, self.today)?;
        if !self.book.has_customer(order.customer)? {
            return Err(Refused::UnknownCustomer(order.customer.to_string()).into());
        }
        refuse_purged(self.book, order.customer)?;
        if let Some(days) = self.limits.back_dating_days {
            let found = self.today.days_after(order.period.first());
            if i64::from(found) > i64::from(days) {
                return Err(Refused::TooFarBack { first: order.period.first(), days }.into());
            }
        }
        if let Some(key) = order.registration_key {
            super::registration::check_order(self.book, key, order)?;
        }
        self.within_longest(order.period)?;
        let mut notes = Vec::new();
        let period = self.within_life(order.period, &product, &mut notes)?;
        let kind = kind_of(&product, order.kind)?;
        let terms = Terms {
            product: product.id,
            license: self.next_license()?,
            units: order.units,
            period,
            issued: self.today,
            issuer: self.issuer,
            revision: Revision::FIRST,
            kind,
            test: order.test || self.test,
            grace: order.grace,
            host: order.host,
            members: Members::new(product.members.iter().copied()),
            features: order.features,
            holder: order.holder.clone(),
        };
        let entry = Entry { customer: order.customer, reference: reference.cloned(), period, terms };
        Ok(Plan::of(vec![entry], notes, None, None))
    }

    /// A renewal, also with other units.
    fn next_period(
        &self,
        license: LicenseNumber,
        length: Length,
        units: Option<Units>,
        reference: Option<&OrderReference>,
        sold: Sold,
    ) -> Result<Plan, DeskFault> {
        let (record, codes) = self.license(license)?;
        refuse_purged(self.book, record.customer)?;
        let schedule = Schedule::of(&record, &codes, self.today);
        let before = &schedule.last().ok_or(Refused::Revoked(license))?.entry;
        let had = before.terms.units;
        let units = units.unwrap_or(had);
        match sold {
            Sold::Renewal if units < had => return Err(Refused::FewerUnits { license, had, wanted: units }.into()),
            Sold::Downsize if units >= had => return Err(Refused::NotFewer { license, had, wanted: units }.into()),
            _ => {}
        }
        let product = self.product(before.terms.product)?;
        needs_code(&product)?;
        if units > had {
            on_sale(&product, self.today)?;
        }
        let mut notes = Vec::new();
        let period = self.renewed(before.period, length, &product, &mut notes)?;
        if period.first() > self.today {
            notes.push(Note::Queued { after: before.period.last() });
        }
        let revision = next_revision(&record, &codes)?;
        let terms = Terms { units, members: Members::new(product.members.iter().copied()), ..before.terms.clone() };
        let entry = self.next_entry(record.customer, terms, period, revision, &mut notes)?;
        let entry = Entry { reference: reference.cloned(), ..entry };
        Ok(Plan::of(vec![entry], notes, Some(before.clone()), Seen::of(&record, &codes)))
    }

    /// A change of the running period, which re-issues what waits behind it (rule D5).
    fn modify(
        &self,
        license: LicenseNumber,
        modification: Modification,
        renew: Option<Length>,
        reach: Reach,
        reference: Option<&OrderReference>,
    ) -> Result<Plan, DeskFault> {
        let (record, codes) = self.license(license)?;
        refuse_purged(self.book, record.customer)?;
        let schedule = Schedule::of(&record, &codes, self.today);
        let target = &schedule.target().ok_or(Refused::Revoked(license))?.entry;
        let behind = schedule.behind();
        let terms = self.modified(&target.terms, modification)?;
        let mut notes = Vec::new();
        let period = match renew {
            None if target.period.last() < self.today => {
                return Err(Refused::Ended { license, last: target.period.last() }.into());
            }
            None => target.period,
            Some(_) if !behind.is_empty() => return Err(Refused::RenewedAlready(license).into()),
            Some(length) => {
                let product = self.product(terms.product)?;
                let next = self.renewed(target.period, length, &product, &mut notes)?;
                let first = target.period.first();
                MaintenancePeriod::new(first, next.last()).ok_or(Refused::NoSuchPeriod { after: first })?
            }
        };
        let mut revision = next_revision(&record, &codes)?;
        let entry = self.next_entry(record.customer, terms, period, revision, &mut notes)?;
        if modification.product.is_some() && entry.period != period && !behind.is_empty() {
            // What waits would begin after a gap.
            let (product, day) = (entry.terms.product, entry.period.last());
            return Err(Refused::EndOfLife { product, day }.into());
        }
        let mut entries = vec![Entry { reference: reference.cloned(), ..entry }];
        for Signed { entry: queued, .. } in behind {
            let was = queued.terms.revision;
            let terms = match reach {
                Reach::License => self.follows(&queued.terms, modification, &target.terms, &entries[0].terms)?,
                Reach::RunningPeriod => queued.terms.clone(),
            };
            let product = self.product(terms.product)?;
            let lives = schedule::within_life(queued.period, &product, self.today);
            if lives.is_err() && terms.product == queued.terms.product {
                notes.push(Note::EndsWithLife { was });
                continue;
            }
            revision = revision.next().ok_or(Refused::NoRevisionLeft(license))?;
            notes.push(Note::GoesOutAgain { was });
            entries.push(self.next_entry(record.customer, terms, queued.period, revision, &mut notes)?);
        }
        Ok(Plan::of(entries, notes, Some(target.clone()), Seen::of(&record, &codes)))
    }

    /// The codes that count, from the first of a stolen key on, with the same terms. Those of other keys that wait
    /// behind it go out again, because it replaces them.
    fn reissue(&self, license: LicenseNumber, lost: IssuerNumber) -> Result<Plan, DeskFault> {
        if self.book.issuer_rule(lost)?.state != IssuerState::Stolen {
            return Err(Refused::NotStolen(lost).into());
        }
        let (record, codes) = self.license(license)?;
        let counting = Schedule::of(&record, &codes, self.today).counting_from(lost);
        let before = counting.first().ok_or(Refused::NotOfKey { license, issuer: lost })?.entry.clone();
        let mut revision = next_revision(&record, &codes)?;
        let mut notes = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for Signed { entry: Entry { period, terms, .. }, .. } in counting {
            if let Some(last) = entries.last() {
                revision = last.terms.revision.next().ok_or(Refused::NoRevisionLeft(license))?;
            }
            let code = carried(*period, self.today)?;
            if code.first() != period.first() {
                notes.push(Note::CodeBegins { code: code.first(), truth: period.first() });
            }
            let terms = Terms { period: code, revision, issued: self.today, issuer: self.issuer, ..terms.clone() };
            entries.push(Entry { customer: record.customer, reference: None, period: *period, terms });
        }
        Ok(Plan::of(entries, notes, Some(before), Seen::of(&record, &codes)))
    }

    /// The codes that count, once more for one host, but for those that it has.
    fn bind(&self, license: LicenseNumber, host: HostId, product: Option<ProductId>) -> Result<Plan, DeskFault> {
        if self.role == DeskRole::Partner {
            return Err(Refused::PartnerBinds(license).into());
        }
        let (record, codes) = self.license(license)?;
        refuse_purged(self.book, record.customer)?;
        let bound = self.book.bound_codes_of(license)?;
        let schedule = Schedule::of(&record, &codes, self.today);
        let before = schedule.target().ok_or(Refused::Revoked(license))?.entry.clone();
        fits(self.book, product, before.terms.product)?;
        let (mut notes, mut entries) = (Vec::new(), Vec::new());
        for Signed { entry: Entry { reference, period, terms, .. }, .. } in schedule.counting() {
            let revision = terms.revision;
            if is_for(terms, revision, host) || bound.iter().any(|code| is_for(&code.entry.terms, revision, host)) {
                continue;
            }
            let product = self.product(terms.product)?;
            match schedule::within_life(*period, &product, self.today) {
                Err(_) if product.end_of_life.is_some_and(|end| self.today <= end) => {
                    notes.push(Note::EndsWithLife { was: revision });
                    continue;
                }
                lives => lives?,
            };
            let code = carried(*period, self.today)?;
            if code.first() != terms.period.first() {
                notes.push(Note::CodeBegins { code: code.first(), truth: period.first() });
            }
            let host = Some(host);
            let terms = Terms { host, period: code, issued: self.today, issuer: self.issuer, ..terms.clone() };
            let (customer, reference) = (record.customer, reference.clone());
            entries.push(Entry { customer, reference, period: *period, terms });
        }
        if entries.is_empty() {
            return Err(Refused::BoundAlready { license, host }.into());
        }
        Ok(Plan::of(entries, notes, None, Seen::of(&record, &codes)))
    }

    /// Hosts that have codes of their own keep them as they were sold: new ones are made when they are asked for.
    fn note_bound_hosts(&self, plan: &mut Plan) -> Result<(), DeskFault> {
        let license = match plan.asked.change {
            Change::Bind { .. } => None,
            ref change => change.license(),
        };
        let Some(license) = license else { return Ok(()) };
        let bound = self.book.bound_codes_of(license)?;
        if bound.is_empty() {
            return Ok(());
        }
        let (record, codes) = self.license(license)?;
        let schedule = Schedule::of(&record, &codes, self.today);
        let counts = |code: &&Signed| {
            let revision = code.entry.terms.revision;
            schedule.counting().any(|counting| counting.entry.terms.revision == revision)
        };
        let made = plan.entries.first().and_then(|entry| entry.terms.host);
        let hosts = bound.iter().filter(counts).filter_map(|code| code.entry.terms.host);
        let hosts: BTreeSet<u32> = hosts.map(|host| host.0).collect();
        let hosts = hosts.into_iter().map(HostId).filter(|host| Some(*host) != made);
        plan.notes.extend(hosts.map(|host| Note::BoundHost { license, host }));
        Ok(())
    }

    /// The period that follows another one, and what is to be said of it.
    fn renewed(
        &self,
        before: MaintenancePeriod,
        length: Length,
        product: &Product,
        notes: &mut Vec<Note>,
    ) -> Result<MaintenancePeriod, DeskFault> {
        let Renewal { period, lapsed } = renewal(before.last(), length, self.today)?;
        // Something of it is sold; the rest is cut when it is known which days a code has.
        schedule::within_life(period, product, self.today)?;
        let bought = MaintenancePeriod::new(period.first().max(self.today), period.last());
        self.within_longest(bought.unwrap_or(period))?;
        if lapsed > 0 {
            let on_top = matches!(length, Length::Term(_));
            notes.push(Note::Lapsed { days: lapsed, first: period.first(), on_top });
        }
        Ok(period)
    }

    /// The next code of a license, with these terms but for what the desk decides.
    fn next_entry(
        &self,
        customer: CustomerNumber,
        terms: Terms,
        period: MaintenancePeriod,
        revision: Revision,
        notes: &mut Vec<Note>,
    ) -> Result<Entry, DeskFault> {
        let product = self.product(terms.product)?;
        let period = self.within_life(period, &product, notes)?;
        let code = carried(period, self.today)?;
        if code.first() != period.first() {
            notes.push(Note::CodeBegins { code: code.first(), truth: period.first() });
        }
        let terms = Terms { period: code, revision, issued: self.today, issuer: self.issuer, ..terms };
        Ok(Entry { customer, reference: None, period, terms })
    }

    /// A period that the product lives through, and what is to be said of its end.
    fn within_life(
        &self,
        wanted: MaintenancePeriod,
        product: &Product,
        notes: &mut Vec<Note>,
    ) -> Result<MaintenancePeriod, Refused> {
        let period = schedule::within_life(wanted, product, self.today)?;
        if period.last() != wanted.last() {
            notes.push(Note::CutByEndOfLife { wanted: wanted.last() });
        }
        if period.last() < self.today {
            notes.push(Note::Over { last: period.last() });
        }
        Ok(period)
    }

    fn modified(&self, terms: &Terms, modification: Modification) -> Result<Terms, DeskFault> {
        let Modification { product, growth, converts } = modification;
        let license = terms.license;
        let from = self.product(terms.product)?;
        let to = match product {
            Some(id) => self.product(id)?,
            None => from.clone(),
        };
        on_sale(&to, self.today)?;
        if product.is_some() {
            if to.id == from.id {
                return Err(Refused::SameProduct { license, product: to.id }.into());
            }
            if !from.is_of_one_family_with(&to) {
                return Err(Refused::OtherFamily { from: from.id, to: to.id }.into());
            }
            if to.rank < from.rank {
                return Err(Refused::LowerEdition { from: from.id, to: to.id }.into());
            }
        }
        let had = terms.units;
        let units = match growth {
            Growth::To(wanted) if wanted < had && to.unit == from.unit => {
                return Err(Refused::FewerUnits { license, had, wanted }.into());
            }
            Growth::To(wanted) => wanted,
            _ if to.unit != from.unit => return Err(Refused::OtherUnit { from: from.unit, to: to.unit }.into()),
            Growth::By(more) => {
                let sum = had.get().checked_add(more.get()).and_then(Units::new);
                sum.ok_or(Refused::TooManyUnitsForCode { license, had, more })?
            }
            Growth::None => had,
        };
        let kind = match (converts, terms.kind) {
            (true, Kind::Evaluation) => kind_of(&to, None)?,
            (true, kind) => return Err(Refused::NotEvaluation { license, kind }.into()),
            (false, Kind::Evaluation) => Kind::Evaluation,
            (false, _) => kind_of(&to, None)?,
        };
        // The grace of an evaluation is none, and the product's usual grace comes with the product's usual kind.
        let grace = if converts { None } else { terms.grace };
        let members = Members::new(to.members.iter().copied());
        Ok(Terms { product: to.id, units, kind, grace, members, ..terms.clone() })
    }

    /// What a change of the running period makes of a renewal that waits behind it: as many units more, and nothing
    /// that the renewal has already.
    fn follows(
        &self,
        queued: &Terms,
        modification: Modification,
        before: &Terms,
        after: &Terms,
    ) -> Result<Terms, DeskFault> {
        let unit = |id| self.product(id).map(|product| product.unit);
        let [had, was, is] = [unit(queued.product)?, unit(before.product)?, unit(after.product)?];
        let growth = match modification.product {
            Some(_) if had != is => Growth::To(after.units),
            Some(_) if was != is => Growth::None,
            _ => {
                let more = after.units.get().checked_sub(before.units.get()).and_then(Units::new);
                more.map_or(Growth::None, Growth::By)
            }
        };
        let modification = Modification {
            product: modification.product.filter(|product| *product != queued.product),
            growth,
            converts: modification.converts && queued.kind == Kind::Evaluation,
        };
        self.modified(queued, modification)
    }

    fn note_ends_of_members(&self, plan: &mut Plan) -> Result<(), DeskFault> {
        for entry in &plan.entries {
            for &member in entry.terms.members.iter().flat_map(Members::products) {
                let end = self.product(member)?.end_of_life;
                if let Some(day) = end.filter(|day| *day < entry.period.last()) {
                    let note = Note::MemberEnds { member, day };
                    if !plan.notes.contains(&note) {
                        plan.notes.push(note);
                    }
                }
            }
        }
        Ok(())
    }

    fn license(&self, number: LicenseNumber) -> Result<(LicenseRecord, Vec<Signed>), DeskFault> {
        let record = self.book.license(number)?.ok_or(Refused::UnknownLicense(number))?;
        if record.is_revoked() {
            return Err(Refused::Revoked(number).into());
        }
        Ok((record, self.book.codes_of(number)?))
    }

    fn product(&self, id: ProductId) -> Result<Rc<Product>, DeskFault> {
        if let Some(product) = self.products.borrow().get(&id) {
            return Ok(Rc::clone(product));
        }
        let product = self.book.product(id)?.ok_or_else(|| Refused::UnknownProduct(id.to_string()))?;
        let product = Rc::new(product);
        self.products.borrow_mut().insert(id, Rc::clone(&product));
        Ok(product)
    }

    fn within_longest(&self, bought: MaintenancePeriod) -> Result<(), Refused> {
        match self.limits.longest_days.filter(|most| bought.days() > *most) {
            Some(most) => Err(Refused::TooLong { days: bought.days(), most }),
            None => Ok(()),
        }
    }
}

impl Plan {
    fn of(entries: Vec<Entry>, notes: Vec<Note>, before: Option<Entry>, seen: Option<Seen>) -> Self {
        // What was asked, and whether it needs another operator, is filled in by `Planner::plan`.
        let change = Change::Convert { license: LicenseNumber::MAX, units: None, renew: None };
        Self { asked: change.into(), entries, notes, approval: Approval::NotNeeded, before, seen }
    }
}

/// A license as somebody saw it: what must be the same when their change of it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    customer: CustomerNumber,
    good_from: Option<u16>,
    newest: Revision,
}

impl Seen {
    /// With its codes, lowest revision first.
    pub(super) fn of(license: &LicenseRecord, codes: &[Signed]) -> Option<Self> {
        let newest = codes.last()?.entry.terms.revision;
        Some(Self { customer: license.customer, good_from: license.good_from, newest })
    }

    /// The license as it is now; `None`: there is none.
    pub(super) fn now(book: &Book<'_>, number: LicenseNumber) -> Result<Option<(LicenseRecord, Self)>, DeskFault> {
        let Some(license) = book.license(number)? else { return Ok(None) };
        let newest = book.newest_code(number)?.into_iter().collect::<Vec<_>>();
        Ok(Self::of(&license, &newest).map(|seen| (license, seen)))
    }
}

/// Which rule on units a next period follows.
#[derive(Clone, Copy)]
enum Sold {
    Renewal,
    Downsize,
}

/// What becomes of terms.
#[derive(Clone, Copy, Default)]
struct Modification {
    product: Option<ProductId>,
    growth: Growth,
    converts: bool,
}

/// What becomes of the units.
#[derive(Clone, Copy, Default)]
enum Growth {
    /// As many as before.
    #[default]
    None,
    /// So many more.
    By(Units),
    /// So many.
    To(Units),
}

/// Whether a code is that of a host and a revision.
fn is_for(terms: &Terms, revision: Revision, host: HostId) -> bool {
    terms.revision == revision && terms.host == Some(host)
}

/// The codes of a license that count today and later, those that are bound to a host; empty unless each of them is.
pub(super) fn bound_before(
    book: &Book<'_>,
    today: Day,
    (license, host, product): (LicenseNumber, HostId, Option<ProductId>),
) -> Result<Vec<Signed>, DeskFault> {
    let Some(record) = book.license(license)?.filter(|record| !record.is_revoked()) else { return Ok(Vec::new()) };
    let codes = book.codes_of(license)?;
    let bound = book.bound_codes_of(license)?;
    let schedule = Schedule::of(&record, &codes, today);
    let all = || codes.iter().chain(&bound);
    let of = |counting: &Signed| {
        let revision = counting.entry.terms.revision;
        all().find(|code| is_for(&code.entry.terms, revision, host)).cloned()
    };
    let found: Option<Vec<_>> = schedule.counting().map(of).collect();
    let found = found.unwrap_or_default();
    if let Some(first) = found.first() {
        fits(book, product, first.entry.terms.product)?;
    }
    Ok(found)
}

/// A host that asks for a product takes codes of that product, of a suite with it, and of products of its family
/// (rule I6).
pub(super) fn fits(book: &Book<'_>, wanted: Option<ProductId>, sold: ProductId) -> Result<(), DeskFault> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != sold) else { return Ok(()) };
    let product = |id: ProductId| {
        let found = book.product(id)?;
        found.ok_or_else(|| DeskFault::from(Refused::UnknownProduct(id.to_string())))
    };
    let (asks, sells) = (product(wanted)?, product(sold)?);
    if sells.members.contains(&wanted) || sells.is_of_one_family_with(&asks) {
        return Ok(());
    }
    Err(Refused::HostsOtherProduct { wanted, sold }.into())
}

fn needs_code(product: &Product) -> Result<(), Refused> {
    if product.auto_enabled { Err(Refused::NeedsNoCode(product.id)) } else { Ok(()) }
}

/// New licenses, more units and other products are sold of what needs a code and is in the catalogue, before its
/// End of Sale (rule D9).
pub(super) fn on_sale(product: &Product, today: Day) -> Result<(), Refused> {
    needs_code(product)?;
    if let Some(day) = product.end_of_life.filter(|_| !product.is_in_catalogue(today)) {
        return Err(Refused::EndOfLife { product: product.id, day });
    }
    if let Some(day) = product.end_of_life.filter(|end| *end < today) {
        return Err(Refused::EndOfLife { product: product.id, day });
    }
    match product.end_of_sale.filter(|end| *end <= today) {
        Some(day) => Err(Refused::EndOfSale { product: product.id, day }),
        None => Ok(()),
    }
}

/// The kind of a product's codes, but for evaluations (rule I3).
pub(super) fn usual_kind(product: &Product) -> Kind {
    match product.kind {
        ProductKind::Service => Kind::Service,
        ProductKind::Software | ProductKind::Suite => Kind::Full,
    }
}

pub(super) fn kind_of(product: &Product, wanted: Option<Kind>) -> Result<Kind, Refused> {
    let usual = usual_kind(product);
    let kind = wanted.unwrap_or(usual);
    if kind == usual || kind == Kind::Evaluation {
        Ok(kind)
    } else {
        Err(Refused::Kind { id: product.id, product: product.kind, wanted: kind })
    }
}

/// The revision of the next code: none that was given away before.
fn next_revision(record: &LicenseRecord, codes: &[Signed]) -> Result<Revision, Refused> {
    let newest = codes.last().map_or(0, |code| code.entry.terms.revision.get());
    let next = record.next_revision.max(newest + 1);
    Revision::new(next).ok_or(Refused::NoRevisionLeft(record.number))
}
