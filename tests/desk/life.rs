//! The life of a license as a model: random histories, and the rules of the desk written once more as plainly as
//! they can be, without a word from `src/desk`.

use crate::common::*;
use activation_code::{
    ActivationCode, Day, Features, Holder, HostId, Kind, License, LicenseNumber, MaintenancePeriod, Phase, ProductId,
    Purpose, Revision, Trust, Units,
};
use countersign::calendar::Term;
use countersign::desk::{self, Asked, Change, DeskFault, Issued, Length, Note, Order, Preview, Reach, Refused};
use countersign::ledger::{CustomerNumber, Entry, Ledger, Product, ProductKind, UnitType};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use std::cell::{Cell, RefCell};

/// How many histories there are, if nobody asks for more.
const HISTORIES: u32 = 2000;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// What is on sale: a family with editions, one that ends, two that count users, one of them hosted, and a stranger.
#[derive(Clone, Copy)]
struct Sale {
    id: u16,
    family: u8,
    rank: u16,
    counts: UnitType,
    kind: Kind,
    end_of_sale: Option<&'static str>,
    end_of_life: Option<&'static str>,
}

const STANDARD: u16 = 101;
const OLD: u16 = 102;
const HOSTED: u16 = 104;

const CATALOGUE: [Sale; 6] = [
    Sale {
        id: STANDARD,
        family: 1,
        rank: 1,
        counts: UnitType::Endpoints,
        kind: Kind::Full,
        end_of_sale: None,
        end_of_life: None,
    },
    Sale {
        id: OLD,
        family: 1,
        rank: 2,
        counts: UnitType::Endpoints,
        kind: Kind::Full,
        end_of_sale: Some("2027-07-01"),
        end_of_life: Some("2028-02-29"),
    },
    Sale {
        id: 103,
        family: 1,
        rank: 3,
        counts: UnitType::Endpoints,
        kind: Kind::Full,
        end_of_sale: None,
        end_of_life: None,
    },
    Sale {
        id: HOSTED,
        family: 1,
        rank: 4,
        counts: UnitType::Users,
        kind: Kind::Service,
        end_of_sale: None,
        end_of_life: None,
    },
    Sale {
        id: 105,
        family: 1,
        rank: 1,
        counts: UnitType::Users,
        kind: Kind::Full,
        end_of_sale: None,
        end_of_life: None,
    },
    Sale {
        id: 106,
        family: 2,
        rank: 9,
        counts: UnitType::Endpoints,
        kind: Kind::Full,
        end_of_sale: None,
        end_of_life: None,
    },
];

fn sale(id: u16) -> Sale {
    *CATALOGUE.iter().find(|sale| sale.id == id).unwrap()
}

impl Sale {
    /// Rule D9: from its End of Sale on nothing more of it is sold, and nothing at all after its End of Life.
    fn is_on_sale(&self, today: Day) -> bool {
        self.end_of_sale.is_none_or(|end| today < day(end)) && self.end_of_life.is_none_or(|end| today <= day(end))
    }

    fn put_on_sale(&self, ledger: &mut Ledger) {
        let kind = if self.kind == Kind::Service { ProductKind::Service } else { ProductKind::Software };
        let mnemonic = format!("P-{}", self.id).parse().unwrap();
        let name = format!("Product {}", self.id).parse().unwrap();
        let product = Product {
            family: format!("family {}", self.family).parse().ok(),
            rank: self.rank,
            end_of_sale: self.end_of_sale.map(day),
            end_of_life: self.end_of_life.map(day),
            ..Product::new(ProductId::new(self.id).unwrap(), mnemonic, name, self.counts, kind)
        };
        desk::add_product(ledger, &session(day("2020-01-01")), &product).unwrap();
    }
}

/// One period that was sold, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sold {
    first: Day,
    last: Day,
    product: u16,
    units: u32,
    kind: Kind,
    revision: u16,
}

/// What a customer has, by the rules of the domain.
#[derive(Clone, Debug)]
struct Model {
    /// One after the other.
    periods: Vec<Sold>,
    /// The highest number that was given away.
    given_away: u16,
}

/// The last day of a term: the day before the same day number, or the month's last day where the month lacks it.
fn ends(first: Day, length: Wanted) -> Option<Day> {
    match length {
        Wanted::Until(last) => Some(last),
        Wanted::Days(days) => first.plus(days - 1),
        Wanted::Months(months) => {
            let (year, month, number) = first.ymd();
            let months = i32::from(month) - 1 + months;
            let (year, month) = (year + months / 12, (months % 12 + 1) as u8);
            match Day::from_ymd(year, month, number) {
                Some(same) => same.plus(-1),
                None => (28..31).rev().find_map(|number| Day::from_ymd(year, month, number)),
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Days(i32),
    Months(i32),
    Until(Day),
}

impl Wanted {
    fn length(self) -> Length {
        match self {
            Self::Days(days) => Length::Term(Term::Days(days as u32)),
            Self::Months(months) => Length::Term(Term::Months(months as u32)),
            Self::Until(last) => Length::Until(last),
        }
    }
}

/// What is done to a license on a day; units and days are beside what is there.
#[derive(Clone, Debug)]
enum Step {
    Renew { length: Span, units: Option<i32> },
    Downsize { length: Span, by: i32 },
    AddUnits { more: u32, only_this_period: bool },
    Upgrade { product: u16, units: Option<i32>, renew: Option<Span>, only_this_period: bool },
    Convert { units: Option<i32>, renew: Option<Span> },
    RevokeBelow { back: u16 },
    RevokeAll,
    Reprint,
    Transfer,
}

#[derive(Clone, Copy, Debug)]
enum Span {
    Days(i32),
    Months(i32),
    /// To a day so many days after today.
    Until(i32),
}

impl Span {
    fn on(self, today: Day) -> Wanted {
        match self {
            Self::Days(days) => Wanted::Days(days),
            Self::Months(months) => Wanted::Months(months),
            Self::Until(days) => Wanted::Until(today.plus(days).unwrap()),
        }
    }
}

/// When something is done.
#[derive(Clone, Copy, Debug)]
enum When {
    /// So many days after the step before.
    After(i32),
    /// So many days after the last day of the running period, if that is to come.
    AfterTheEnd(i32),
}

/// A step, when, and whether the machine fails once before it is done.
#[derive(Clone, Debug)]
struct Act {
    when: When,
    fails_once: bool,
    step: Step,
}

#[derive(Clone, Debug)]
struct History {
    begins: Day,
    ahead: i32,
    days: i32,
    product: u16,
    evaluation: bool,
    units: u32,
    acts: Vec<Act>,
    order: u64,
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        4 => (1i32..=36).prop_map(Span::Months),
        2 => Just(Span::Months(12)),
        2 => (1i32..=900).prop_map(Span::Days),
        1 => (-200i32..1500).prop_map(Span::Until),
    ]
}

/// How many units beside those that there are; fewer are refused.
fn units() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![3 => Just(None), 2 => (0i32..50).prop_map(Some), 1 => (-20i32..0).prop_map(Some)]
}

fn step() -> impl Strategy<Value = Step> {
    let product = prop_oneof![9 => 101u16..=105, 1 => Just(106u16)];
    let product_and_units = (product, units());
    prop_oneof![
        8 => (span(), units()).prop_map(|(length, units)| Step::Renew { length, units }),
        2 => (span(), 0i32..30).prop_map(|(length, by)| Step::Downsize { length, by }),
        5 => (1u32..40, prop::bool::weighted(0.2))
            .prop_map(|(more, only_this_period)| Step::AddUnits { more, only_this_period }),
        6 => (product_and_units, prop::option::weighted(0.3, span()), prop::bool::weighted(0.4)).prop_map(
            |((product, units), renew, only_this_period)| Step::Upgrade { product, units, renew, only_this_period }
        ),
        2 => (units(), prop::option::weighted(0.5, span())).prop_map(|(units, renew)| Step::Convert { units, renew }),
        1 => (0u16..4).prop_map(|back| Step::RevokeBelow { back }),
        1 => prop_oneof![1 => Just(Step::RevokeAll), 3 => Just(Step::Reprint), 3 => Just(Step::Transfer)],
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let when = prop_oneof![
        4 => (0i32..30).prop_map(When::After),
        4 => (30i32..500).prop_map(When::After),
        1 => (500i32..3000).prop_map(When::After),
        2 => (-1i32..=2).prop_map(When::AfterTheEnd),
    ];
    (when, prop::bool::weighted(0.1), step()).prop_map(|(when, fails_once, step)| Act { when, fails_once, step })
}

/// Renewed, moved to another edition for the rest of the period only, and back: what waits differs from what runs.
fn there_and_back() -> impl Strategy<Value = Vec<Act>> {
    let [there, back] = [HOSTED + 1, STANDARD];
    (span(), 0i32..9, 0i32..9, any::<bool>()).prop_map(move |(length, by, more, only_this_period)| {
        let upgrade =
            |product, by, only_this_period| Step::Upgrade { product, units: Some(by), renew: None, only_this_period };
        let steps =
            [Step::Renew { length, units: None }, upgrade(there, by, true), upgrade(back, more, only_this_period)];
        steps.map(|step| Act { when: When::After(1), fails_once: false, step }).to_vec()
    })
}

prop_compose! {
    fn history()(
        begins in prop_oneof![2 => 0i32..4748, 1 => 2000i32..2700],
        ahead in prop_oneof![2 => Just(0i32), 2 => -400i32..800],
        days in prop_oneof![3 => 1i32..1100, 1 => 1100i32..6000],
        product in prop_oneof![4 => Just(STANDARD), 1 => Just(OLD), 1 => Just(HOSTED), 1 => Just(105u16)],
        evaluation in prop::bool::weighted(0.3),
        units in 1u32..100,
        acts in prop::collection::vec(prop_oneof![9 => act().prop_map(|act| vec![act]), 1 => there_and_back()], 1..10),
        order: u64,
    ) -> History {
        let begins = Day::from_days_since_2020(begins).unwrap();
        History { begins, ahead, days, product, evaluation, units, acts: acts.concat(), order }
    }
}

/// Why the model says no; the words are for reading a failure.
type No = &'static str;

impl Model {
    /// The period that a day is in, or that was in force last before it; else the one that comes first.
    fn running(&self, today: Day) -> Result<usize, No> {
        if self.periods.is_empty() {
            return Err("revoked");
        }
        Ok(self.periods.iter().rposition(|sold| sold.first <= today).unwrap_or(0))
    }

    /// What is sold for a day.
    fn on(&self, day: Day) -> Option<Sold> {
        self.periods.iter().find(|sold| sold.first <= day && day <= sold.last).copied()
    }

    /// Rules D2 and D9: the next period follows the last one; a late one has the lapsed days in addition.
    fn next_period(&self, before: Sold, product: u16, length: Wanted, today: Day) -> Result<(Day, Day), No> {
        let first = before.last.plus(1).unwrap();
        let last = ends(first.max(today), length).unwrap();
        if last < first { Err("ends before it begins") } else { Self::in_its_life(first, last, product, today) }
    }

    fn in_its_life(first: Day, last: Day, product: u16, today: Day) -> Result<(Day, Day), No> {
        match sale(product).end_of_life.map(day) {
            Some(end) if today > end || first > end => Err("its End of Life"),
            Some(end) => Ok((first, last.min(end))),
            None => Ok((first, last)),
        }
    }

    /// The earliest day that a code which is issued today can begin with.
    fn code_begins(first: Day, today: Day) -> Day {
        first.max(today.plus(-2048).unwrap()).max(day("2020-01-01"))
    }

    fn can_be_carried(first: Day, last: Day, today: Day) -> Result<(), No> {
        let begins = Self::code_begins(first, today);
        let fits = begins <= last && begins.days_after(today) <= 2047 && last.days_after(begins) <= 8191;
        if fits { Ok(()) } else { Err("no code can carry it") }
    }

    /// Gives periods new codes, from one of them on.
    fn reissued(mut self, from: usize, today: Day) -> Result<Self, No> {
        for sold in &mut self.periods[from..] {
            Self::can_be_carried(sold.first, sold.last, today)?;
            self.given_away += 1;
            sold.revision = self.given_away;
        }
        Ok(self)
    }

    fn renew(&self, length: Wanted, units: Option<u32>, downsize: bool, today: Day) -> Result<Self, No> {
        let before = *self.periods.last().ok_or("revoked")?;
        let units = units.unwrap_or(before.units);
        if downsize != (units < before.units) {
            return Err("units fall with a downsize and only then");
        }
        if units > before.units && !sale(before.product).is_on_sale(today) {
            return Err("no more units are sold");
        }
        let (first, last) = self.next_period(before, before.product, length, today)?;
        let mut after = self.clone();
        after.periods.push(Sold { first, last, units, ..before });
        let new = after.periods.len() - 1;
        after.reissued(new, today)
    }

    fn add_units(&self, more: u32, only_this_period: bool, today: Day) -> Result<Self, No> {
        let running = self.running(today)?;
        if self.periods[running].last < today {
            return Err("maintenance has ended");
        }
        let mut after = self.clone();
        let reached = if only_this_period { running + 1 } else { after.periods.len() };
        for sold in &mut after.periods[running..reached] {
            if !sale(sold.product).is_on_sale(today) {
                return Err("no more units are sold");
            }
            sold.units += more;
        }
        after.reissued(running, today)
    }

    /// Rule D17, in the family and not downwards.
    fn move_to(sold: Sold, to: u16, today: Day) -> Result<Sold, No> {
        let (from, to) = (sale(sold.product), sale(to));
        let kind = if sold.kind == Kind::Evaluation { Kind::Evaluation } else { to.kind };
        if !to.is_on_sale(today) {
            return Err("not on sale");
        }
        if from.family != to.family || from.rank > to.rank {
            return Err("no upgrade");
        }
        Ok(Sold { product: to.id, kind, ..sold })
    }

    fn upgrade(
        &self,
        to: u16,
        units: Option<u32>,
        renew: Option<Wanted>,
        only_this_period: bool,
        today: Day,
    ) -> Result<Self, No> {
        let running = self.running(today)?;
        let before = self.periods[running];
        if before.product == to {
            return Err("it is this product already");
        }
        let mut sold = Self::move_to(before, to, today)?;
        let same_unit = sale(before.product).counts == sale(to).counts;
        sold.units = match units {
            Some(units) if same_unit && units < before.units => return Err("units fall"),
            Some(units) => units,
            None if same_unit => before.units,
            None => return Err("nobody said how many"),
        };
        let mut after = self.clone();
        after.periods[running] = sold;
        after.extend(running, renew, today)?;
        let queued = running + 1..after.periods.len();
        if after.periods[running].last < before.last && !queued.is_empty() {
            return Err("a gap before what was sold");
        }
        for index in queued.filter(|_| !only_this_period) {
            let waits = after.periods[index];
            let counted = sale(waits.product).counts;
            let mut moved = if waits.product == to { waits } else { Self::move_to(waits, to, today)? };
            if counted != sale(to).counts {
                moved.units = sold.units;
            } else if same_unit {
                moved.units += sold.units - before.units;
            }
            (moved.first, moved.last) = Self::in_its_life(moved.first, moved.last, to, today)?;
            after.periods[index] = moved;
        }
        after.reissued(running, today)
    }

    fn convert(&self, units: Option<u32>, renew: Option<Wanted>, today: Day) -> Result<Self, No> {
        let running = self.running(today)?;
        let before = self.periods[running];
        let units = units.unwrap_or(before.units);
        if before.kind != Kind::Evaluation || units < before.units {
            return Err("no evaluation, or units fall");
        }
        let mut after = self.clone();
        for sold in &mut after.periods[running..] {
            if !sale(sold.product).is_on_sale(today) {
                return Err("not on sale");
            }
            sold.kind = sale(sold.product).kind;
            sold.units += units - before.units;
        }
        after.extend(running, renew, today)?;
        after.reissued(running, today)
    }

    /// To the same last day, unless it is renewed too: then one code has both.
    fn extend(&mut self, running: usize, renew: Option<Wanted>, today: Day) -> Result<(), No> {
        let sold = self.periods[running];
        let last = match renew {
            None if sold.last < today => return Err("maintenance has ended"),
            None => sold.last,
            Some(_) if running + 1 < self.periods.len() => return Err("renewed already"),
            Some(length) => self.next_period(sold, sold.product, length, today)?.1,
        };
        (_, self.periods[running].last) = Self::in_its_life(sold.first, last, sold.product, today)?;
        Ok(())
    }
}

/// An installation that is given codes, and keeps those that can ever count (rule I5).
struct Installation {
    kept: Vec<License>,
}

impl Installation {
    /// Enters codes, in any order, on one day.
    fn with(codes: &[License], chance: &mut Chance, today: Day) -> Self {
        let mut codes = codes.to_vec();
        let mut kept: Vec<License> = Vec::new();
        while !codes.is_empty() {
            let code = codes.swap_remove(chance.below(codes.len() as u64) as usize);
            let first = |license: &License| license.terms().period.first();
            let replaces = |it: &License| it.terms().revision > code.terms().revision && first(it) <= today;
            if !kept.iter().any(replaces) {
                kept.push(code);
            }
        }
        Self { kept }
    }

    /// The highest revision that has begun.
    fn counts(&self, day: Day) -> Option<&License> {
        let begun = self.kept.iter().filter(|license| license.terms().period.first() <= day);
        begun.max_by_key(|license| license.terms().revision)
    }
}

/// A desk that lives through histories.
struct Room {
    ledger: Ledger,
    key: countersign::signer::SoftwareKey,
    trust: Trust,
    customers: [CustomerNumber; 2],
}

/// A license on a day, and what became of it.
struct Life {
    license: LicenseNumber,
    model: Model,
    /// What was ordered first.
    order: Order,
    kind: Kind,
    /// Which of the customers has it.
    owner: usize,
    today: Day,
    chance: u64,
    tally: Tally,
}

fn number(number: u32) -> Units {
    Units::new(number).unwrap()
}

macro_rules! check {
    ($it:expr) => {
        check!($it, "no more is known")
    };
    ($it:expr, $($fact:tt)+) => {
        if !$it {
            let facts = format!($($fact)+);
            return Err(TestCaseError::fail(format!("{}: {facts} (line {})", stringify!($it), line!())));
        }
    };
}

impl Room {
    fn new(desk: &Desk) -> Self {
        let mut ledger = desk.ledger();
        CATALOGUE.iter().for_each(|sale| sale.put_on_sale(&mut ledger));
        let name = "Example City Council".parse().unwrap();
        let other = desk::add_customer(&mut ledger, &session(day("2020-01-01")), &name, None, [3; 16]).unwrap();
        let trust = Trust::pinned(Purpose::Testing, [ISSUER.parse().unwrap()]).unwrap();
        Self { ledger, key: test_key(), trust, customers: [CustomerNumber::new(1).unwrap(), other.number] }
    }

    fn perform(&mut self, change: Change, today: Day) -> Result<Vec<Issued>, DeskFault> {
        desk::perform(&mut self.ledger, &session(today), &self.key, &change.into())
    }

    /// The codes that are not revoked, as they are typed, and what the ledger has of them.
    fn codes(&mut self, license: LicenseNumber) -> Vec<(Entry, License)> {
        let record = desk::find_license(&mut self.ledger, license).unwrap();
        let mut codes = Vec::new();
        for issued in desk::codes_of(&mut self.ledger, license).unwrap() {
            if !record.revokes(issued.entry.terms.revision) {
                let typed = issued.license.code().letters().join("\n");
                let license = self.trust.verify(ActivationCode::read(&typed).unwrap()).unwrap();
                codes.push((issued.entry, license));
            }
        }
        codes
    }

    fn live(&mut self, history: &History) -> Result<Tally, TestCaseError> {
        let Some(mut life) = self.begin(history)? else {
            return Ok(Tally { refused: 1, ..Tally::default() });
        };
        for act in &history.acts {
            let ends = life.model.running(life.today).map_or(life.today, |running| life.model.periods[running].last);
            life.today = match act.when {
                When::After(days) => life.today.plus(days).unwrap(),
                When::AfterTheEnd(days) => ends.plus(days).unwrap().max(life.today),
            };
            if life.today > day("2035-12-31") {
                break;
            }
            life.tally.steps += 1;
            let Life { license, today, .. } = life;
            match act.step {
                Step::Transfer => {
                    let to = self.customers[1 - life.owner];
                    let done = transfer(&mut self.ledger, &session(today), license, to);
                    check!(done.is_ok() != life.model.periods.is_empty(), "{done:?}");
                    life.owner = if done.is_ok() { 1 - life.owner } else { life.owner };
                }
                Step::Reprint => {
                    let codes = desk::reprint(&mut self.ledger, &session(today), license, None);
                    check!(codes.is_ok() != life.model.periods.is_empty(), "{codes:?}");
                }
                Step::RevokeAll => self.revoke(&mut life, None)?,
                Step::RevokeBelow { back } => {
                    let below = Revision::new(life.model.given_away.saturating_sub(back));
                    self.revoke(&mut life, below)?;
                }
                _ => self.sell(&mut life, act)?,
            }
        }
        Ok(life.tally)
    }

    /// The first code; `None` where the rules, and the desk, say no.
    fn begin(&mut self, history: &History) -> Result<Option<Life>, TestCaseError> {
        let today = history.begins;
        let first = today.plus(history.ahead).unwrap().max(day("2020-01-01"));
        let last = first.plus(history.days - 1).unwrap();
        let has = |bit: u32| history.order >> bit & 1 == 1;
        let order = Order {
            customer: self.customers[0],
            product: ProductId::new(history.product).unwrap(),
            units: number(history.units),
            period: MaintenancePeriod::new(first, last).unwrap(),
            kind: history.evaluation.then_some(Kind::Evaluation),
            test: has(0),
            grace: has(1).then_some(7),
            host: has(2).then_some(HostId(77)),
            features: has(3).then_some(Features(0x8001)),
            holder: has(4).then(|| Holder::new("Example").unwrap()),
            registration_key: None,
        };
        let kind = if history.evaluation { Kind::Evaluation } else { sale(history.product).kind };
        let lives = Model::in_its_life(first, last, history.product, today)
            .and_then(|within| Model::can_be_carried(first, within.1, today).map(|()| within))
            .and_then(|within| if sale(history.product).is_on_sale(today) { Ok(within) } else { Err("off sale") });
        let issued = self.perform(Change::Issue(order.clone()), today);
        let Ok((first, last)) = lives else {
            check!(matches!(issued, Err(DeskFault::Refused(_))), "{lives:?}: {issued:?}");
            return Ok(None);
        };
        let issued = issued.map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        let license = issued[0].entry.terms.license;
        let sold = Sold { first, last, product: history.product, units: history.units, kind, revision: 1 };
        let model = Model { periods: vec![sold], given_away: 1 };
        let chance = history.order;
        let life = Life { license, model, order, kind, owner: 0, today, chance, tally: Tally::default() };
        self.compare(&life, &issued)?;
        Ok(Some(life))
    }

    fn revoke(&mut self, life: &mut Life, below: Option<Revision>) -> Result<(), TestCaseError> {
        let known = self.codes(life.license).iter().any(|(it, _)| Some(it.terms.revision) >= below);
        match revoke(&mut self.ledger, &session(life.today), life.license, below) {
            Ok(_) => {
                check!(known, "{below:?}");
                let below = below.map_or(u16::MAX, Revision::get);
                life.model.periods.retain(|sold| sold.revision >= below);
                life.tally.revoked += 1;
            }
            Err(fault) => check!(matches!(fault, DeskFault::Refused(_)), "{fault}"),
        }
        self.compare(life, &[])
    }

    /// What makes codes, or is refused by the rules and by the desk.
    fn sell(&mut self, life: &mut Life, act: &Act) -> Result<(), TestCaseError> {
        let today = life.today;
        let (change, _) = wanted(life, &act.step);
        if act.fails_once {
            let dying = Dying::new();
            let died = desk::perform(&mut self.ledger, &session(today), &dying, &Asked::from(change.clone()));
            check!(died.is_err());
            if dying.signed.get().is_some() {
                life.tally.died += 1;
                // Those numbers are gone.
                let record = desk::find_license(&mut self.ledger, life.license).unwrap();
                life.model.given_away = record.next_revision - 1;
            }
        }
        let (change, expected) = wanted(life, &act.step);
        let notes = match desk::preview(&mut self.ledger, &session(today), &change.clone().into()) {
            Ok(Preview::Planned(plan)) => plan.notes,
            _ => Vec::new(),
        };
        match (expected, self.perform(change, today)) {
            (Ok(after), Ok(issued)) => {
                check_notes(&notes, &life.model, &after, &act.step, today)?;
                check_days(&life.model, &after, &act.step, today)?;
                let Life { order, kind, owner, .. } = life;
                for Issued { entry: Entry { customer, terms, .. }, .. } in &issued {
                    check!(*customer == self.customers[*owner] && terms.issued == today);
                    check!((terms.test, terms.host, terms.features) == (order.test, order.host, order.features));
                    check!(terms.holder == order.holder);
                    let converted = terms.kind != *kind && *kind == Kind::Evaluation;
                    check!(terms.grace == if converted { None } else { order.grace });
                }
                life.model = after;
                life.tally.done += 1;
                self.compare(life, &issued)
            }
            (Err(_), Err(DeskFault::Refused(refused))) => {
                check!(refused != Refused::ChangedMeanwhile);
                life.tally.refused += 1;
                Ok(())
            }
            (expected, done) => {
                let done = done.map(|_| "issued");
                Err(TestCaseError::fail(format!("{today} {act:?}: {expected:?}, and the desk: {done:?}")))
            }
        }
    }

    /// The ledger and an installation that has every code count what the model says.
    fn compare(&mut self, life: &Life, issued: &[Issued]) -> Result<(), TestCaseError> {
        let Life { license, model, today, chance, .. } = life;
        let (codes, today) = (self.codes(*license), *today);
        check!(codes.windows(2).all(|pair| pair[0].0.terms.revision < pair[1].0.terms.revision));
        // What was made now is what the model made anew, first things first.
        let new = model.periods.len() - issued.len();
        for (issued, sold) in issued.iter().zip(&model.periods[new..]) {
            let Entry { period, terms, .. } = &issued.entry;
            check!((period.first(), period.last()) == (sold.first, sold.last), "{sold:?}: {period}");
            check!(terms.revision.get() == sold.revision, "{sold:?}: {}", terms.revision);
            check!(terms.period.first() == Model::code_begins(sold.first, today) && terms.period.last() == sold.last);
        }
        let mut chance = Chance(*chance);
        let licenses: Vec<License> = codes.iter().map(|(_, license)| license.clone()).collect();
        let installation = Installation::with(&licenses, &mut chance, today);
        let edges = codes.iter().flat_map(|(entry, license)| {
            let (truth, code) = (entry.period, license.terms().period);
            [truth.first(), truth.last(), code.first()]
        });
        let mut days: Vec<Day> =
            edges.chain([today]).flat_map(|edge| (-1..=1).map(move |by| edge.plus(by).unwrap())).collect();
        days.extend((0..8).map(|_| today.plus(chance.below(4000) as i32 - 500).unwrap()));
        for day in days {
            let sold = model.on(day);
            let seen = |entry: &Entry| (entry.terms.product.get(), entry.terms.units.get(), entry.terms.kind);
            let of_model = sold.map(|sold| (sold.product, sold.units, sold.kind));
            // The ledger has the true days, also those long past.
            let begun = codes.iter().map(|(entry, _)| entry).filter(|entry| entry.period.first() <= day);
            let counts = begun.max_by_key(|entry| entry.terms.revision).filter(|entry| day <= entry.period.last());
            check!(counts.map(seen) == of_model, "the ledger on {day}: {counts:?}, {sold:?}");
            if day < today {
                continue;
            }
            let counts = installation.counts(day);
            let active = counts.filter(|license| license.standing(day, None).phase == Phase::Maintenance);
            let counted = active.map(|license| {
                let terms = license.terms();
                (terms.product.get(), terms.units.get(), terms.kind)
            });
            check!(counted == of_model, "the installation on {day}: {counts:?}, {sold:?}");
        }
        Ok(())
    }
}

/// The change that a step is, and what becomes of the license by the rules.
fn wanted(life: &Life, step: &Step) -> (Change, Result<Model, No>) {
    let Life { license, model, today, .. } = life;
    let (license, today) = (*license, *today);
    let running = model.running(today).ok().map(|index| model.periods[index]);
    let beside = |had: Option<Sold>, units: i32| (had.map_or(1, |sold| sold.units) as i32 + units).max(1) as u32;
    let reach = |only| if only { Reach::RunningPeriod } else { Reach::License };
    match *step {
        Step::Renew { length, units } => {
            let (length, last) = (length.on(today), model.periods.last().copied());
            let units = units.map(|units| beside(last, units));
            let change = Change::Renew { license, length: length.length(), units: units.map(number) };
            (change, model.renew(length, units, false, today))
        }
        Step::Downsize { length, by } => {
            let (length, units) = (length.on(today), beside(model.periods.last().copied(), -by));
            let request = "a letter".parse().unwrap();
            let change = Change::Downsize { license, length: length.length(), units: number(units), request };
            let downsized = model.renew(length, Some(units), true, today);
            (change, downsized)
        }
        Step::AddUnits { more, only_this_period } => (
            Change::AddUnits { license, more: number(more), reach: reach(only_this_period) },
            model.add_units(more, only_this_period, today),
        ),
        Step::Upgrade { product, units, renew, only_this_period } => {
            let (units, renew) = (units.map(|units| beside(running, units)), renew.map(|span| span.on(today)));
            let change = Change::Upgrade {
                license,
                product: ProductId::new(product).unwrap(),
                units: units.map(number),
                renew: renew.map(Wanted::length),
                reach: reach(only_this_period),
            };
            (change, model.upgrade(product, units, renew, only_this_period, today))
        }
        Step::Convert { units, renew } => {
            let (units, renew) = (units.map(|units| beside(running, units)), renew.map(|span| span.on(today)));
            let change = Change::Convert { license, units: units.map(number), renew: renew.map(Wanted::length) };
            (change, model.convert(units, renew, today))
        }
        Step::RevokeBelow { .. } | Step::RevokeAll | Step::Reprint | Step::Transfer => unreachable!(),
    }
}

/// Lapsed days are those of the new period that had passed, and a term comes on top of them (rule D2).
fn check_notes(notes: &[Note], before: &Model, after: &Model, step: &Step, today: Day) -> Result<(), TestCaseError> {
    let length = match step {
        Step::Renew { length, .. } | Step::Downsize { length, .. } => Some(*length),
        Step::Upgrade { renew, .. } | Step::Convert { renew, .. } => *renew,
        _ => None,
    };
    let said = notes.iter().find_map(|note| if let Note::Lapsed { days, .. } = note { Some(*days) } else { None });
    let (Some(length), Some(ended), Some(new)) = (length, before.periods.last(), after.periods.last()) else {
        check!(said.is_none(), "{said:?}");
        return Ok(());
    };
    let first = ended.last.plus(1).unwrap();
    let cut =
        notes.iter().find_map(|note| if let Note::CutByEndOfLife { wanted } = note { Some(*wanted) } else { None });
    let wanted = cut.unwrap_or(new.last);
    let lapsed =
        (0..).map(|by| first.plus(by).unwrap()).take_while(|day| *day <= wanted && *day < today).count() as u32;
    check!(said.unwrap_or(0) == lapsed, "{said:?} {lapsed}");
    if let Span::Days(days) = length {
        check!(wanted.days_after(first) + 1 == days + lapsed as i32, "{days} + {lapsed}: {first} to {wanted}");
    }
    Ok(())
}

/// What was sold stays sold: no gap, no day that loses units, and the product stays in its family.
fn check_days(before: &Model, after: &Model, step: &Step, today: Day) -> Result<(), TestCaseError> {
    check!(after.periods.windows(2).all(|pair| pair[0].last < pair[1].first));
    // A revocation leaves gaps, and nothing else does.
    let gaps =
        |model: &Model| model.periods.windows(2).filter(|pair| pair[0].last.plus(1) != Some(pair[1].first)).count();
    check!(gaps(after) <= gaps(before));
    check!(after.periods.iter().all(|sold| sale(sold.product).family == sale(before.periods[0].product).family));
    check!(after.given_away > before.given_away);
    for sold in &before.periods {
        let days = [sold.first, sold.last, today.max(sold.first).min(sold.last)];
        for day in days {
            let Some(now) = after.on(day) else {
                // A product that ends earlier was chosen.
                check!(matches!(step, Step::Upgrade { product: OLD, .. }), "{day} was sold: {sold:?}");
                continue;
            };
            if sale(now.product).counts == sale(sold.product).counts {
                check!(now.units >= sold.units, "{day}: {sold:?}, {now:?}");
            }
            check!(sale(now.product).rank >= sale(sold.product).rank);
        }
    }
    if let [.., last, new] = &after.periods[..]
        && after.periods.len() > before.periods.len()
    {
        check!(new.units >= last.units || matches!(step, Step::Downsize { .. }));
    }
    Ok(())
}

/// What histories came to, so that nobody takes a test for good that refuses everything.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    steps: u32,
    done: u32,
    refused: u32,
    revoked: u32,
    died: u32,
}

#[test]
fn whatever_happens_an_installation_counts_what_the_ledger_says_was_sold() {
    let histories = std::env::var("COUNTERSIGN_HISTORIES").map_or(HISTORIES, |text| text.parse().unwrap());
    let desk = Desk::in_memory();
    let room = RefCell::new(Room::new(&desk));
    let config = ProptestConfig {
        cases: histories,
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..ProptestConfig::default()
    };
    let all = Cell::new(Tally::default());
    let lived = TestRunner::new(config).run(&history(), |history| {
        let tally = room.borrow_mut().live(&history)?;
        let sum = all.get();
        all.set(Tally {
            steps: sum.steps + tally.steps,
            done: sum.done + tally.done,
            refused: sum.refused + tally.refused,
            revoked: sum.revoked + tally.revoked,
            died: sum.died + tally.died,
        });
        Ok(())
    });
    if let Err(failure) = lived {
        panic!("{failure}");
    }
    drop(room);
    let all = all.get();
    assert!(all.done > histories && all.refused > histories / 2 && all.died > histories / 20, "{all:?}");
    desk.assert_ledger_is_sound();
    say(&format!("{histories} histories: {all:?}"));
}
