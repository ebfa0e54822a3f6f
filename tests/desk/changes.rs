//! What becomes of a license: the worked examples of the rules, and what the desk refuses.

use crate::common::*;
use activation_code::{Day, Features, Holder, HostId, Kind, LicenseNumber, PinnedIssuer, ProductId, Revision, Units};
use countersign::calendar::Term;
use countersign::desk::{
    self, Asked, Change, DeskFault, Issued, Length, LimitEdit, Note, Order, Plan, Preview, ProductEdit, Reach, Refused,
};
use countersign::ledger::{Action, CustomerNumber, Entry, Ledger, Product, ProductKind, UnitType};
use countersign::signer::{Signer as _, SoftwareKey};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn units(number: u32) -> Units {
    Units::new(number).unwrap()
}

fn term(text: &str) -> Length {
    Length::Term(text.parse::<Term>().unwrap())
}

fn product(id: u16) -> ProductId {
    ProductId::new(id).unwrap()
}

/// A desk with a family: STD, PRO and HOST, which is a service and counts users; and a license of 10 STD.
struct Room {
    ledger: Ledger,
    key: SoftwareKey,
    license: LicenseNumber,
    desk: Desk,
}

const STD: u16 = 31;
const PRO: u16 = 32;
const HOST: u16 = 33;

impl Room {
    /// With a license from the first to the last day, issued on its first day.
    fn with(first: &str, last: &str) -> Self {
        Self::with_order(first, last, |_| {})
    }

    fn with_order(first: &str, last: &str, change: impl FnOnce(&mut Order)) -> Self {
        let desk = Desk::in_memory();
        let mut ledger = desk.ledger();
        for (id, mnemonic, rank, unit, kind) in [
            (STD, "STD", 1, UnitType::Endpoints, ProductKind::Software),
            (PRO, "PRO", 2, UnitType::Endpoints, ProductKind::Software),
            (HOST, "HOST", 3, UnitType::Users, ProductKind::Service),
        ] {
            let name = format!("Example {mnemonic}").parse().unwrap();
            let family = "Example".parse().ok();
            let new = Product::new(product(id), mnemonic.parse().unwrap(), name, unit, kind);
            desk::add_product(&mut ledger, &session(day(first)), &Product { family, rank, ..new }).unwrap();
        }
        let name = "Example City Council".parse().unwrap();
        desk::add_customer(&mut ledger, &session(day(first)), &name, None, [2; 16]).unwrap();
        let mut asked = order(day(first), None);
        let Change::Issue(order) = &mut asked.change else { unreachable!() };
        order.product = product(STD);
        order.period = activation_code::MaintenancePeriod::new(day(first), day(last)).unwrap();
        change(order);
        let license = issue(&mut ledger, &test_key(), &asked, day(first)).unwrap().entry.terms.license;
        Self { ledger, key: test_key(), license, desk }
    }

    fn perform(&mut self, today: &str, change: Change) -> Result<Vec<Issued>, DeskFault> {
        desk::perform(&mut self.ledger, &session(day(today)), &self.key, &change.into())
    }

    fn done(&mut self, today: &str, change: Change) -> Vec<Entry> {
        self.perform(today, change).unwrap().into_iter().map(|issued| issued.entry).collect()
    }

    #[track_caller]
    fn refused(&mut self, today: &str, change: Change) -> Refused {
        match self.perform(today, change) {
            Err(DeskFault::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        }
    }

    fn plan(&mut self, today: &str, change: Change) -> Plan {
        match desk::preview(&mut self.ledger, &session(day(today)), &change.into()).unwrap() {
            Preview::Planned(plan) => *plan,
            Preview::Before(before) => panic!("{before:?}"),
        }
    }

    fn renew(&self, length: Length) -> Change {
        Change::Renew { license: self.license, length, units: None }
    }

    fn add(&self, more: u32, reach: Reach) -> Change {
        Change::AddUnits { license: self.license, more: units(more), reach }
    }

    fn upgrade(&self, to: u16, renew: Option<Length>) -> Change {
        Change::Upgrade { license: self.license, product: product(to), units: None, renew, reach: Reach::License }
    }

    fn revoke(&mut self, today: &str, below: Option<u16>) -> Result<(), DeskFault> {
        revoke(&mut self.ledger, &session(day(today)), self.license, below.and_then(Revision::new)).map(|_| ())
    }

    /// The key with seed 5 signs from now on; what has to be done with the license then.
    fn lose_the_key(&mut self, today: &str) -> Change {
        let (session, key) = (session(day(today)), SoftwareKey::from_seed(&[5; 32]).unwrap().public_key());
        let prepared = PinnedIssuer { number: "2".parse().unwrap(), key };
        desk::prepare_issuer(&mut self.ledger, &session, prepared).unwrap();
        let loss = desk::preview_loss(&mut self.ledger, &session, "1".parse().unwrap(), &|_, _| {}).unwrap();
        desk::lose_issuer(&mut self.ledger, &session, &loss).unwrap();
        Change::Reissue { license: self.license, lost: loss.issuer.number }
    }

    fn change_product(&mut self, id: u16, edit: ProductEdit) {
        desk::change_product(&mut self.ledger, &session(day("2027-01-01")), product(id), &[edit]).unwrap();
    }
}

/// Revision, units, true period, period in the code.
fn facts(entries: &[Entry]) -> Vec<(u16, u32, String, String)> {
    let one = |Entry { terms, period, .. }: &Entry| {
        (terms.revision.get(), terms.units.get(), period.to_string(), terms.period.to_string())
    };
    entries.iter().map(one).collect()
}

fn same(revision: u16, units: u32, period: &str) -> (u16, u32, String, String) {
    (revision, units, period.to_owned(), period.to_owned())
}

#[test]
fn a_renewal_follows_the_last_period_and_a_late_one_has_the_lapsed_days_on_top() {
    for (today, period, code, lapsed) in [
        ("2027-11-01", "2027-12-01 to 2028-11-30", "2027-12-01 to 2028-11-30", None),
        ("2028-01-15", "2027-12-01 to 2029-01-14", "2027-12-01 to 2029-01-14", Some(45)),
        ("2034-10-05", "2027-12-01 to 2035-10-04", "2029-02-25 to 2035-10-04", Some(2500)),
    ] {
        let mut room = Room::with("2026-12-01", "2027-11-30");
        let renew = room.renew(term("1y"));
        let notes = room.plan(today, renew.clone()).notes;
        let entries = room.done(today, renew);
        assert_eq!(facts(&entries), [(2, 10, period.to_owned(), code.to_owned())]);
        let said = |note: &Note| matches!(note, Note::Lapsed { days, first, on_top: true } if Some(*days) == lapsed && *first == day("2027-12-01"));
        assert_eq!(notes.iter().any(said), lapsed.is_some(), "{notes:?}");
        let cut = Note::CodeBegins { code: day("2029-02-25"), truth: day("2027-12-01") };
        assert_eq!(notes.contains(&cut), code != period, "{notes:?}");
        let queued = Note::Queued { after: day("2027-11-30") };
        assert_eq!(notes.contains(&queued), lapsed.is_none(), "{notes:?}");
        // What the ledger keeps is the true period.
        let codes = desk::codes_of(&mut room.ledger, room.license).unwrap();
        assert_eq!(codes[1].entry.period.to_string(), period);
    }
}

/// The same examples as a clerk meets them, with the clock on the day.
#[test]
fn the_program_says_what_is_lapsed_and_what_a_code_cannot_carry() {
    if !have("faketime") {
        return;
    }
    for (today, period, said) in [
        (
            "2027-11-01",
            "maintenance  2027-12-01 to 2028-11-30",
            &["The new period begins when the one before has ended, after 2027-11-30"][..],
        ),
        (
            "2028-01-15",
            "maintenance  2027-12-01 to 2029-01-14",
            &["the period has 45 lapsed days, 2027-12-01 to 2028-01-14, on top of what was ordered"],
        ),
        (
            "2034-10-05",
            "maintenance  2029-02-25 to 2035-10-04",
            &[
                "the period has 2500 lapsed days, 2027-12-01 to 2034-10-04, on top of what was ordered",
                "The code says 2029-02-25, the earliest day that it can carry; the true first day is 2027-12-01.",
            ],
        ),
    ] {
        let room = Room::with("2026-12-01", "2027-11-30");
        let renew = ["--clock-is-right", "renew", "1", "--term", "1y"];
        let preview = room.desk.run_on(today, &[&renew[..], &["--preview"]].concat());
        let signed = room.desk.run_on(today, &renew);
        for shown in [&preview, &signed] {
            for fact in said.iter().chain([&period]) {
                assert!(shown.assert_done().out.contains(fact), "{fact}: {}", shown.out);
            }
        }
        assert!(preview.out.starts_with("Before: revision 1, STD, full, by endpoints: 10, 2026-12-01 to 2027-11-30"));
        assert!(!preview.out.contains("Row 1)") && signed.out.contains("Row 1)"));
        let listed = &room.desk.run(&["--json", "list"]).json()[0];
        assert_eq!((&listed["first"], &listed["issued"]), (&"2027-12-01".into(), &today.into()), "the true first day");
        room.desk.assert_ledger_is_sound();
    }
}

#[test]
fn a_license_may_be_renewed_several_times_in_advance_as_far_as_a_code_can_carry() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let mut ends = Vec::new();
    for _ in 0..5 {
        let renew = room.renew(term("1y"));
        ends.extend(room.done("2026-12-15", renew).iter().map(|entry| entry.period.to_string()));
    }
    assert_eq!(ends[0], "2027-12-01 to 2028-11-30");
    assert_eq!(ends[4], "2031-12-01 to 2032-11-30");
    // 2,047 days after today a period can begin at the latest: the next one begins after 2,178.
    let renew = room.renew(term("1y"));
    assert!(matches!(room.refused("2026-12-15", renew.clone()), Refused::Terms(_)));
    assert_eq!(room.done("2027-06-01", renew)[0].period.to_string(), "2032-12-01 to 2033-11-30");
    room.desk.assert_ledger_is_sound();
}

#[test]
fn a_renewal_may_bring_more_units_and_never_fewer() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    let renew = |many| Change::Renew { license, length: term("1y"), units: Some(units(many)) };
    let fewer = Refused::FewerUnits { license, had: units(10), wanted: units(9) };
    assert_eq!(room.refused("2027-11-01", renew(9)), fewer);
    assert_eq!(facts(&room.done("2027-11-01", renew(12))), [same(2, 12, "2027-12-01 to 2028-11-30")]);
    // From then on there are 12, also for a renewal that says nothing.
    assert!(matches!(room.refused("2027-11-01", renew(11)), Refused::FewerUnits { .. }));
    let next = room.renew(term("1y"));
    assert_eq!(facts(&room.done("2027-11-01", next)), [same(3, 12, "2028-12-01 to 2029-11-30")]);
}

#[test]
fn units_fall_at_a_renewal_only_and_with_the_customers_written_request() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    let downsize = |many| Change::Downsize {
        license,
        length: term("1y"),
        units: units(many),
        request: "letter of 2027-10-04".parse().unwrap(),
    };
    let not_fewer = Refused::NotFewer { license, had: units(10), wanted: units(10) };
    assert_eq!(room.refused("2027-11-01", downsize(10)), not_fewer);
    assert_eq!(facts(&room.done("2027-11-01", downsize(4))), [same(2, 4, "2027-12-01 to 2028-11-30")]);
    let events = desk::history(&mut room.ledger, license).unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.action, Action::Downsized);
    assert!(last.facts.contains(r#""request":"letter of 2027-10-04""#), "{}", last.facts);
    // Going up again is a purchase: it keeps what waits as much smaller as it was sold.
    let more = room.add(5, Reach::License);
    assert_eq!(
        facts(&room.done("2027-11-02", more)),
        [same(3, 15, "2026-12-01 to 2027-11-30"), same(4, 9, "2027-12-01 to 2028-11-30")]
    );
}

#[test]
fn added_units_end_with_the_period_and_what_waits_goes_out_again() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let (once, twice) = (room.renew(term("1y")), room.renew(term("6m")));
    room.done("2027-06-01", once);
    room.done("2027-06-02", twice);
    let more = room.add(5, Reach::License);
    let plan = room.plan("2027-07-01", more.clone());
    let again = |was| Note::GoesOutAgain { was: Revision::new(was).unwrap() };
    assert_eq!(plan.notes, [again(2), again(3)]);
    assert_eq!(plan.before.as_ref().unwrap().terms.revision, Revision::FIRST);
    assert_eq!(
        facts(&room.done("2027-07-01", more)),
        [
            same(4, 15, "2026-12-01 to 2027-11-30"),
            same(5, 15, "2027-12-01 to 2028-11-30"),
            same(6, 15, "2028-12-01 to 2029-05-31"),
        ]
    );
    // One event has them all.
    let events = desk::history(&mut room.ledger, room.license).unwrap();
    assert_eq!(
        events.iter().map(|event| event.action.name()).collect::<Vec<_>>(),
        ["issued", "renewed", "renewed", "units-added"]
    );
    assert_eq!(events[3].wrote.lines().count(), 4, "the license and three codes: {}", events[3].wrote);
    let only = room.add(1, Reach::RunningPeriod);
    assert_eq!(
        facts(&room.done("2028-01-10", only)),
        [same(7, 16, "2027-12-01 to 2028-11-30"), same(8, 15, "2028-12-01 to 2029-05-31")]
    );
    room.desk.assert_ledger_is_sound();
}

#[test]
fn units_are_added_to_what_runs_or_is_to_come_and_not_to_what_has_ended() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let more = room.add(5, Reach::License);
    assert_eq!(facts(&room.done("2027-11-30", more.clone())), [same(2, 15, "2026-12-01 to 2027-11-30")]);
    let ended = Refused::Ended { license: room.license, last: day("2027-11-30") };
    assert_eq!(room.refused("2027-12-01", more.clone()), ended);
    let mut room = Room::with_order("2026-12-01", "2027-11-30", |order| {
        order.period = activation_code::MaintenancePeriod::new(day("2027-03-01"), day("2028-02-29")).unwrap();
    });
    assert_eq!(facts(&room.done("2027-01-01", more)), [same(2, 15, "2027-03-01 to 2028-02-29")]);
    let too_many = room.add(Units::MAX.get(), Reach::License);
    assert!(matches!(room.refused("2027-01-01", too_many), Refused::TooManyUnitsForCode { .. }));
}

#[test]
fn a_renewal_waits_unless_it_begins_today() {
    for (today, waits) in [("2027-11-29", true), ("2027-11-30", true), ("2027-12-01", false)] {
        let mut room = Room::with("2026-12-01", "2027-11-30");
        let renew = room.renew(term("1y"));
        let notes = room.plan(today, renew).notes;
        assert_eq!(notes.contains(&Note::Queued { after: day("2027-11-30") }), waits, "{today}: {notes:?}");
    }
}

#[test]
fn units_that_are_added_before_a_license_begins_replace_its_first_code() {
    let mut room = Room::with_order("2026-12-01", "2027-11-30", |_| ());
    let early = "2026-11-01";
    let (more, license) = (room.add(5, Reach::License), room.license);
    assert_eq!(facts(&room.done(early, more)), [same(2, 15, "2026-12-01 to 2027-11-30")]);
    // One code counts from then on.
    let bound = Change::Bind { license, host: HostId(7), product: None };
    assert_eq!(facts(&room.done(early, bound)), [same(2, 15, "2026-12-01 to 2027-11-30")]);
    let more = room.add(1, Reach::License);
    assert_eq!(facts(&room.done(early, more)), [same(3, 16, "2026-12-01 to 2027-11-30")]);
}

#[test]
fn what_a_code_cannot_carry_is_said_when_it_is_bound_or_signed_again_too() {
    let cut = Note::CodeBegins { code: day("2029-05-24"), truth: day("2026-01-01") };
    let mut room = Room::with("2026-01-01", "2037-12-31");
    let bind = Change::Bind { license: room.license, host: HostId(7), product: None };
    assert!(!room.plan("2027-01-01", bind.clone()).notes.contains(&cut));
    assert!(room.plan("2035-01-01", bind).notes.contains(&cut));
    let reissue = room.lose_the_key("2035-01-01");
    assert!(room.plan("2035-01-01", reissue.clone()).notes.contains(&cut));
    assert!(!room.plan("2027-01-01", reissue).notes.contains(&cut));
}

#[test]
fn limits_of_today_hold_for_nothing_that_was_sold_before_and_is_signed_again() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let today = "2027-01-01";
    let limits = [LimitEdit::MostUnits(Some(9)), LimitEdit::ApprovalAbove(Some(5))];
    desk::set_limits(&mut room.ledger, &session(day(today)), &limits).unwrap();
    let renew = room.renew(term("1y"));
    assert!(matches!(room.refused(today, renew), Refused::TooManyUnits { most: 9, .. }));
    let reissue = room.lose_the_key(today);
    assert_eq!(room.plan(today, reissue.clone()).approval, desk::Approval::NotNeeded);
    room.key = SoftwareKey::from_seed(&[5; 32]).unwrap();
    assert_eq!(facts(&room.done(today, reissue)), [same(2, 10, "2026-12-01 to 2027-11-30")]);
}

#[test]
fn a_period_that_began_long_ago_is_cut_in_a_code_of_today() {
    let mut room = Room::with("2026-01-01", "2037-12-31");
    let more = room.add(5, Reach::License);
    let entries = room.done("2035-01-01", more);
    let cut = "2029-05-24 to 2037-12-31".to_owned();
    assert_eq!(facts(&entries), [(2, 15, "2026-01-01 to 2037-12-31".to_owned(), cut)]);
}

#[test]
fn an_upgrade_stays_in_the_family_goes_upwards_and_keeps_the_last_day_unless_renewed() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let (license, pro) = (room.license, room.upgrade(PRO, None));
    let entries = room.done("2027-07-01", pro.clone());
    assert_eq!(facts(&entries), [same(2, 10, "2026-12-01 to 2027-11-30")]);
    assert_eq!((entries[0].terms.product, entries[0].terms.kind), (product(PRO), Kind::Full));
    let again = Refused::SameProduct { license, product: product(PRO) };
    assert_eq!(room.refused("2027-07-01", pro), again);
    let down = room.upgrade(STD, None);
    assert_eq!(room.refused("2027-07-01", down), Refused::LowerEdition { from: product(PRO), to: product(STD) });
    let stranger = room.upgrade(7, None);
    assert_eq!(room.refused("2027-07-01", stranger), Refused::OtherFamily { from: product(PRO), to: product(7) });
    let users = room.upgrade(HOST, None);
    let other_unit = Refused::OtherUnit { from: UnitType::Endpoints, to: UnitType::Users };
    assert_eq!(room.refused("2027-07-01", users), other_unit);
    // A service counts something else, and its codes are of another kind. Renewed as well: one code for both.
    let hosted = Change::Upgrade {
        license,
        product: product(HOST),
        units: Some(units(3)),
        renew: Some(term("1y")),
        reach: Reach::License,
    };
    let entries = room.done("2027-12-10", hosted);
    assert_eq!(facts(&entries), [same(3, 3, "2026-12-01 to 2028-12-09")]);
    assert_eq!(entries[0].terms.kind, Kind::Service);
    room.desk.assert_ledger_is_sound();
}

#[test]
fn an_upgrade_moves_what_waits_too_unless_it_is_for_this_period_only() {
    for (reach, next) in [(Reach::License, PRO), (Reach::RunningPeriod, STD)] {
        let mut room = Room::with("2026-12-01", "2027-11-30");
        let renew = room.renew(term("1y"));
        room.done("2027-06-01", renew);
        let license = room.license;
        let upgrade = |renew| Change::Upgrade { license, product: product(PRO), units: Some(units(12)), renew, reach };
        assert_eq!(room.refused("2027-07-01", upgrade(Some(term("1y")))), Refused::RenewedAlready(license));
        let entries = room.done("2027-07-01", upgrade(None));
        let many = if reach == Reach::License { 12 } else { 10 };
        assert_eq!(
            facts(&entries),
            [same(3, 12, "2026-12-01 to 2027-11-30"), same(4, many, "2027-12-01 to 2028-11-30")]
        );
        assert_eq!(entries.iter().map(|entry| entry.terms.product.get()).collect::<Vec<_>>(), [PRO, next]);
    }
}

#[test]
fn an_evaluation_becomes_what_the_product_sells() {
    let evaluation = |order: &mut Order| (order.kind, order.grace) = (Some(Kind::Evaluation), Some(3));
    let convert = |license, renew, many: Option<u32>| Change::Convert { license, units: many.map(units), renew };
    // To the same last day.
    let mut room = Room::with_order("2027-01-01", "2027-01-30", evaluation);
    let license = room.license;
    let entries = room.done("2027-01-20", convert(license, None, Some(50)));
    assert_eq!(facts(&entries), [same(2, 50, "2027-01-01 to 2027-01-30")]);
    assert_eq!((entries[0].terms.kind, entries[0].terms.grace), (Kind::Full, None));
    let full = Refused::NotEvaluation { license, kind: Kind::Full };
    assert_eq!(room.refused("2027-01-20", convert(license, None, None)), full);
    // Renewed as well, before the end and after it.
    for (today, period) in [("2027-01-20", "2027-01-01 to 2028-01-30"), ("2027-02-10", "2027-01-01 to 2028-02-09")] {
        let mut room = Room::with_order("2027-01-01", "2027-01-30", evaluation);
        let ended = Refused::Ended { license, last: day("2027-01-30") };
        if today > "2027-01-30" {
            assert_eq!(room.refused(today, convert(license, None, None)), ended);
        }
        let entries = room.done(today, convert(license, Some(term("1y")), None));
        assert_eq!(facts(&entries), [same(2, 10, period)]);
        assert_eq!(entries[0].terms.kind, Kind::Full);
    }
    // An evaluation that was prolonged: what waits becomes full too.
    let mut room = Room::with_order("2027-01-01", "2027-01-30", evaluation);
    let prolong = room.renew(term("1m"));
    assert_eq!(room.done("2027-01-10", prolong)[0].terms.kind, Kind::Evaluation);
    let entries = room.done("2027-01-20", convert(license, None, None));
    assert_eq!(entries.iter().map(|entry| entry.terms.kind).collect::<Vec<_>>(), [Kind::Full; 2]);
    assert_eq!(entries[1].period.to_string(), "2027-01-31 to 2027-02-28");
    // A service's evaluation becomes a service.
    let mut room = Room::with_order("2027-01-01", "2027-01-30", |order| {
        (order.kind, order.product) = (Some(Kind::Evaluation), product(HOST));
    });
    assert_eq!(room.done("2027-01-20", convert(license, None, None))[0].terms.kind, Kind::Service);
}

#[test]
fn what_a_code_says_beside_its_period_is_carried_over() {
    let mut room = Room::with_order("2026-12-01", "2027-11-30", |order| {
        order.test = true;
        order.grace = Some(14);
        order.host = Some(HostId(0xBEEF));
        order.features = Some(Features(0x8001));
        order.holder = Some(Holder::new("Example Hospital").unwrap());
    });
    let first = desk::codes_of(&mut room.ledger, room.license).unwrap().pop().unwrap().entry.terms;
    let changes = [
        room.renew(term("1y")),
        room.add(1, Reach::License),
        room.upgrade(PRO, None),
        Change::Downsize {
            license: room.license,
            length: term("1y"),
            units: units(5),
            request: "a letter".parse().unwrap(),
        },
    ];
    for change in changes {
        for Entry { terms, .. } in room.done("2027-07-01", change) {
            let said = (terms.test, terms.grace, terms.host, terms.features, terms.holder);
            assert_eq!(said, (first.test, first.grace, first.host, first.features, first.holder.clone()));
        }
    }
    // The book has numbers and no names (rule D9).
    let events = desk::history(&mut room.ledger, room.license).unwrap();
    assert!(events.iter().all(|event| !event.facts.contains("Hospital")));
}

#[test]
fn a_suite_is_renewed_with_the_members_that_it_has_then() {
    let mut room = Room::with_order("2026-12-01", "2027-11-30", |order| order.product = product(9));
    room.change_product(9, ProductEdit::Members(vec![product(8)]));
    let renew = room.renew(term("1y"));
    let members = room.done("2027-11-01", renew)[0].terms.members.clone().unwrap();
    assert_eq!(members.products(), [product(8)]);
}

#[test]
fn end_of_sale_ends_growth_and_end_of_life_ends_periods() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    room.change_product(STD, ProductEdit::EndOfSale(Some(day("2027-06-01"))));
    room.change_product(STD, ProductEdit::EndOfLife(Some(day("2028-03-31"))));
    let (renew, more) = (room.renew(term("1y")), room.add(1, Reach::License));
    let bigger = Change::Renew { license, length: term("1y"), units: Some(units(12)) };
    assert_eq!(room.done("2027-05-31", more.clone()).len(), 1);
    let off_sale = Refused::EndOfSale { product: product(STD), day: day("2027-06-01") };
    for change in [more, bigger] {
        assert_eq!(room.refused("2027-06-01", change), off_sale);
    }
    let plan = room.plan("2027-11-01", renew.clone());
    assert!(plan.notes.contains(&Note::CutByEndOfLife { wanted: day("2028-11-30") }));
    assert_eq!(facts(&room.done("2027-11-01", renew.clone())), [same(3, 11, "2027-12-01 to 2028-03-31")]);
    let ended = Refused::EndOfLife { product: product(STD), day: day("2028-03-31") };
    assert_eq!(room.refused("2027-11-01", renew.clone()), ended);
    // A late one is sold as long as the product lives, and not a day longer.
    let mut room = Room::with("2026-12-01", "2027-11-30");
    room.change_product(STD, ProductEdit::EndOfLife(Some(day("2028-03-31"))));
    assert_eq!(room.refused("2028-04-01", renew.clone()), ended);
    assert_eq!(room.done("2028-03-31", renew)[0].period.to_string(), "2027-12-01 to 2028-03-31");
    let mut asked = order(day("2028-04-01"), None);
    let Change::Issue(new) = &mut asked.change else { unreachable!() };
    new.product = product(STD);
    assert_eq!(room.refused("2028-04-01", asked.change), ended);
}

#[test]
fn an_end_of_life_that_is_set_later_cuts_what_is_issued_again() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    for _ in 0..2 {
        let renew = room.renew(term("1y"));
        room.done("2027-01-10", renew);
    }
    room.change_product(STD, ProductEdit::EndOfLife(Some(day("2028-03-31"))));
    let more = room.add(1, Reach::License);
    let plan = room.plan("2027-02-01", more.clone());
    let was = |number| Revision::new(number).unwrap();
    assert_eq!(
        plan.notes,
        [
            Note::GoesOutAgain { was: was(2) },
            Note::CutByEndOfLife { wanted: day("2028-11-30") },
            Note::EndsWithLife { was: was(3) },
        ]
    );
    let entries = room.done("2027-02-01", more);
    assert_eq!(facts(&entries), [same(4, 11, "2026-12-01 to 2027-11-30"), same(5, 11, "2027-12-01 to 2028-03-31")]);
    // A product that ends before the renewal is no upgrade for it.
    let mut room = Room::with("2026-12-01", "2027-11-30");
    room.change_product(PRO, ProductEdit::EndOfLife(Some(day("2027-10-31"))));
    let (renew, upgrade) = (room.renew(term("1y")), room.upgrade(PRO, None));
    let plan = room.plan("2027-02-01", upgrade.clone());
    assert_eq!(plan.notes, [Note::CutByEndOfLife { wanted: day("2027-11-30") }]);
    let renewed = room.upgrade(PRO, Some(term("1y")));
    let ends = Refused::EndOfLife { product: product(PRO), day: day("2027-10-31") };
    assert_eq!(room.refused("2027-02-01", renewed), ends);
    room.done("2027-02-01", renew);
    assert_eq!(room.refused("2027-02-01", upgrade), ends);
    let only = Change::Upgrade {
        license: room.license,
        product: product(PRO),
        units: None,
        renew: None,
        reach: Reach::RunningPeriod,
    };
    assert_eq!(room.refused("2027-02-01", only), ends);
}

#[test]
fn a_period_is_over_the_day_after_its_last() {
    for (last, over) in [("2027-02-28", true), ("2027-03-01", false)] {
        let mut room = Room::with("2026-12-01", "2027-11-30");
        let Change::Issue(order) = order(day("2027-01-01"), None).change else { unreachable!() };
        let period = activation_code::MaintenancePeriod::new(day("2027-01-01"), day(last)).unwrap();
        let notes = room.plan("2027-03-01", Change::Issue(Order { period, ..order })).notes;
        assert_eq!(notes.contains(&Note::Over { last: day(last) }), over, "{notes:?}");
    }
}

#[test]
fn a_period_that_is_over_is_sold_with_a_word() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let late = room.renew(Length::Until(day("2028-03-31")));
    let plan = room.plan("2028-06-01", late.clone());
    let first = day("2027-12-01");
    assert_eq!(plan.notes, [Note::Lapsed { days: 122, first, on_top: false }, Note::Over { last: day("2028-03-31") }]);
    room.done("2028-06-01", late.clone());
    assert_eq!(room.refused("2028-06-01", late), Refused::NoSuchPeriod { after: day("2028-03-31") });
}

#[test]
fn limits_hold_for_what_is_bought_and_not_for_lapsed_days() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let limits = [LimitEdit::LongestDays(Some(366)), LimitEdit::MostUnits(Some(12))];
    desk::set_limits(&mut room.ledger, &session(day("2027-01-01")), &limits).unwrap();
    let (year, longer) = (room.renew(term("1y")), room.renew(term("13m")));
    assert_eq!(room.refused("2029-01-15", longer), Refused::TooLong { days: 396, most: 366 });
    assert_eq!(room.done("2029-01-15", year)[0].period.days(), 776);
    let more = room.add(3, Reach::License);
    assert_eq!(room.refused("2029-01-15", more), Refused::TooManyUnits { units: units(13), most: 12 });
}

#[test]
fn revoked_codes_count_for_nothing_and_stay_revoked() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    let (renew, more) = (room.renew(term("1y")), room.add(5, Reach::License));
    room.done("2027-01-10", renew.clone());
    let unknown = |revision| Refused::UnknownRevision { license, revision: Revision::new(revision).unwrap() };
    let refused = |done: Result<(), DeskFault>| match done {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(room.revoke("2027-01-11", Some(3))), unknown(3));
    assert!(matches!(refused(room.revoke("2027-01-11", Some(1))), Refused::RevokedBefore { good_from: None, .. }));
    room.revoke("2027-01-11", Some(2)).unwrap();
    assert!(matches!(refused(room.revoke("2027-01-11", Some(2))), Refused::RevokedBefore { good_from: Some(2), .. }));
    // What is left is the renewal: it is what a change changes, and what is printed again.
    let first = Refused::RevokedRevision { license, revision: Revision::FIRST };
    let printed =
        |room: &mut Room, revision| desk::reprint(&mut room.ledger, &session(day("2027-01-12")), license, revision);
    assert!(matches!(printed(&mut room, Some(Revision::FIRST)), Err(DeskFault::Refused(refused)) if refused == first));
    let again = printed(&mut room, None).unwrap();
    assert_eq!(again.iter().map(|issued| issued.entry.terms.revision.get()).collect::<Vec<_>>(), [2]);
    assert_eq!(facts(&room.done("2027-01-12", more.clone())), [same(3, 15, "2027-12-01 to 2028-11-30")]);
    // All of it: nothing follows, and no revision comes back.
    room.revoke("2027-01-13", None).unwrap();
    for change in [renew, more, room.upgrade(PRO, None)] {
        assert_eq!(room.refused("2027-01-14", change), Refused::Revoked(license));
    }
    assert!(matches!(printed(&mut room, None), Err(DeskFault::Refused(Refused::Revoked(_)))));
    assert!(matches!(refused(room.revoke("2027-01-14", Some(3))), Refused::RevokedBefore { .. }));
    let transfer =
        desk::preview_transfer(&mut room.ledger, &session(day("2027-01-14")), license, CustomerNumber::new(2).unwrap());
    assert!(matches!(transfer, Err(DeskFault::Refused(Refused::Revoked(_)))));
    room.desk.assert_ledger_is_sound();
}

#[test]
fn a_revocation_says_what_will_be_void_before_it_is_done() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let renew = room.renew(term("1y"));
    room.done("2027-01-10", renew);
    let look = |room: &mut Room| {
        desk::preview_revocation(&mut room.ledger, &session(day("2027-01-11")), room.license, Revision::new(2)).unwrap()
    };
    let planned = look(&mut room);
    let revisions = |entries: &[Entry]| entries.iter().map(|entry| entry.terms.revision.get()).collect::<Vec<_>>();
    assert_eq!((revisions(&planned.void), revisions(&planned.good)), (vec![1], vec![2]));
    // Looking changes nothing, and what was looked at must still be so.
    assert_eq!(look(&mut room), planned);
    let renew = room.renew(term("1y"));
    room.done("2027-01-11", renew);
    let late = desk::revoke(&mut room.ledger, &session(day("2027-01-11")), &planned, None);
    assert!(matches!(late, Err(DeskFault::Refused(Refused::ChangedMeanwhile))));
    let planned = look(&mut room);
    let reason = "wrong customer".parse().unwrap();
    desk::revoke(&mut room.ledger, &session(day("2027-01-11")), &planned, Some(&reason)).unwrap();
    let events = desk::history(&mut room.ledger, room.license).unwrap();
    assert!(events.last().unwrap().facts.contains(r#""good_from":2,"reason":"wrong customer""#));
}

#[test]
fn a_license_goes_to_another_customer_and_its_codes_stay() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    let [one, two] = [1, 2].map(|number| CustomerNumber::new(number).unwrap());
    let before = desk::codes_of(&mut room.ledger, license).unwrap().remove(0);
    let look = |room: &mut Room, to| desk::preview_transfer(&mut room.ledger, &session(day("2027-01-11")), license, to);
    assert!(matches!(look(&mut room, one), Err(DeskFault::Refused(Refused::OwnedAlready { .. }))));
    let unknown = CustomerNumber::new(9).unwrap();
    assert!(matches!(look(&mut room, unknown), Err(DeskFault::Refused(Refused::UnknownCustomer(_)))));
    let (planned, stale) = (look(&mut room, two).unwrap(), look(&mut room, two).unwrap());
    let renew = room.renew(term("1y"));
    let plan = room.plan("2027-01-11", renew.clone());
    desk::transfer(&mut room.ledger, &session(day("2027-01-11")), &planned).unwrap();
    let again = desk::transfer(&mut room.ledger, &session(day("2027-01-11")), &stale);
    assert!(matches!(again, Err(DeskFault::Refused(Refused::ChangedMeanwhile))));
    // A renewal that was shown for the former owner is not made for the new one.
    let done = desk::carry_out(&mut room.ledger, &session(day("2027-01-11")), &room.key, &plan);
    assert!(matches!(done, Err(DeskFault::Refused(Refused::ChangedMeanwhile))));
    let entries = room.done("2027-01-12", renew);
    assert_eq!(entries[0].customer, two);
    let codes = desk::codes_of(&mut room.ledger, license).unwrap();
    assert_eq!(codes[0].license.code().transport(), before.license.code().transport());
    assert_eq!(codes[0].entry.customer, one, "for whom it was issued");
    room.desk.assert_ledger_is_sound();
}

#[test]
fn the_same_order_again_gives_the_same_codes_and_other_terms_are_refused() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let renew = room.renew(term("1y"));
    room.done("2027-01-10", renew.clone());
    let asked = |change: Change, reference: &str| Asked { change, reference: reference.parse().ok() };
    let letters =
        |issued: Vec<Issued>| issued.iter().map(|issued| issued.license.code().transport()).collect::<Vec<_>>();
    let orders = [
        asked(room.add(5, Reach::License), "PO-1"),
        asked(room.renew(term("1y")), "PO-2"),
        asked(room.upgrade(PRO, None), "PO-3"),
    ];
    let mut made = Vec::new();
    for order in &orders {
        let issued = desk::perform(&mut room.ledger, &session(day("2027-02-01")), &room.key, order).unwrap();
        made.push(letters(issued));
    }
    assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 3]);
    for (order, made) in orders.iter().zip(&made) {
        let again = desk::perform(&mut room.ledger, &session(day("2027-09-01")), &room.key, order).unwrap();
        assert_eq!(&letters(again), made);
    }
    let other = asked(room.add(6, Reach::License), "PO-1");
    let refused = desk::perform(&mut room.ledger, &session(day("2027-02-01")), &room.key, &other);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::OtherTerms { .. }))), "{refused:?}");
}

#[test]
fn a_license_has_1023_revisions_and_then_no_more() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let license = room.license;
    let renew = room.renew(term("1y"));
    room.done("2027-01-10", renew);
    room.ledger.write(|book| book.set_next_revision(license, 1022)).unwrap();
    let more = room.add(1, Reach::License);
    let entries = room.done("2027-01-10", more.clone());
    assert_eq!(entries.iter().map(|entry| entry.terms.revision.get()).collect::<Vec<_>>(), [1022, 1023]);
    let renew = room.renew(term("1y"));
    for change in [more, renew, room.upgrade(PRO, None)] {
        assert_eq!(room.refused("2027-01-10", change), Refused::NoRevisionLeft(license));
    }
    // Where two are wanted and one is left, none is used.
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let (renew, more) = (room.renew(term("1y")), room.add(1, Reach::License));
    room.done("2027-01-10", renew.clone());
    room.ledger.write(|book| book.set_next_revision(license, 1023)).unwrap();
    assert_eq!(room.refused("2027-01-10", more), Refused::NoRevisionLeft(license));
    assert_eq!(room.done("2027-01-10", renew)[0].terms.revision, Revision::MAX);
    room.revoke("2027-01-10", Some(1023)).unwrap();
    room.revoke("2027-01-10", None).unwrap();
    room.desk.assert_ledger_is_sound();
}

#[test]
fn a_reprint_in_between_stops_nobody() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let renew = room.renew(term("1y"));
    let plan = room.plan("2027-01-10", renew);
    let revocation =
        desk::preview_revocation(&mut room.ledger, &session(day("2027-01-10")), room.license, None).unwrap();
    desk::reprint(&mut room.ledger, &session(day("2027-01-10")), room.license, None).unwrap();
    desk::carry_out(&mut room.ledger, &session(day("2027-01-10")), &room.key, &plan).unwrap();
    // That changed what would be void.
    let late = desk::revoke(&mut room.ledger, &session(day("2027-01-10")), &revocation, None);
    assert!(matches!(late, Err(DeskFault::Refused(Refused::ChangedMeanwhile))));
    room.desk.assert_ledger_is_sound();
}

#[test]
fn a_preview_signs_nothing_and_uses_no_number() {
    let mut room = Room::with("2026-12-01", "2027-11-30");
    let before = room
        .ledger
        .read(|book| Ok::<_, countersign::ledger::LedgerFault>((book.head()?, book.license(room.license)?)))
        .unwrap();
    for change in [room.renew(term("1y")), room.add(5, Reach::License), room.upgrade(PRO, Some(term("1y")))] {
        let plan = room.plan("2027-01-10", change);
        assert_eq!(plan.entries[0].terms.revision.get(), 2);
    }
    let after = room
        .ledger
        .read(|book| Ok::<_, countersign::ledger::LedgerFault>((book.head()?, book.license(room.license)?)))
        .unwrap();
    assert_eq!(before, after);
}
