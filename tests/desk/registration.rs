//! Registration keys, which partners hand out and which become licenses once (domain rule D13).

use crate::common::*;
use activation_code::{Day, Kind, LicenseNumber, ProductId, RegistrationKey, Units};
use activation_host::program::clock;
use countersign::desk::{
    self, AccountEdit, Asked, Change, Clock, CustomerEdit, DeskFault, KeyTerms, LimitEdit, Order, Preview, ProductEdit,
    Refused, Session,
};
use countersign::ledger::{
    AccountKind, AccountNumber, Action, CustomerNumber, KeyRecord, KeyState, Ledger, OperatorName, Privilege,
    Privileges, Role,
};

fn key(seed: u8) -> RegistrationKey {
    RegistrationKey::from_random([seed; 12])
}

fn customer(number: u32) -> CustomerNumber {
    CustomerNumber::new(number).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn partner(ledger: &mut Ledger, name: &str, privileges: &[Privilege]) -> AccountNumber {
    let name = name.parse().unwrap();
    let privileges = Privileges::of(privileges.iter().copied());
    let session = session(clock());
    desk::add_account(ledger, &session, (AccountKind::Reseller, &name), &[], privileges, [9; 16]).unwrap().number
}

fn worth(account: AccountNumber) -> KeyTerms {
    KeyTerms {
        account,
        product: ProductId::new(7).unwrap(),
        units: Units::new(25).unwrap(),
        kind: None,
        term: "1y".parse().unwrap(),
    }
}

/// A desk with a partner who has three keys, and a second customer.
fn with_keys() -> (Desk, Ledger, AccountNumber, Vec<KeyRecord>) {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let name = "Example City Council".parse().unwrap();
    desk::add_customer(&mut ledger, &session(clock()), &name, None, [2; 16]).unwrap();
    let account = partner(&mut ledger, "North Systems", &[Privilege::Keys]);
    let keys = [key(1), key(2), key(3)];
    let records = desk::generate_keys(&mut ledger, &session(clock()), &worth(account), &keys).unwrap();
    (desk, ledger, account, records)
}

fn redeem(ledger: &mut Ledger, record: &KeyRecord, whose: u32, first: Day) -> Result<Vec<desk::Issued>, DeskFault> {
    let asked = desk::redemption(record, customer(whose), first)?;
    desk::perform(ledger, &session(clock()), &test_key(), &asked)
}

fn state(ledger: &mut Ledger, number: u32) -> KeyState {
    desk::registration_keys(ledger, None, number, 1).unwrap()[0].state
}

#[test]
fn a_key_becomes_one_license_with_the_terms_that_it_was_made_for() {
    let (desk, mut ledger, account, records) = with_keys();
    let today = clock();
    let issued = redeem(&mut ledger, &records[1], 2, today).unwrap();
    let [only] = &issued[..] else { panic!("{issued:?}") };
    let terms = &only.entry.terms;
    assert_eq!((terms.product.get(), terms.units.get(), terms.kind), (7, 25, Kind::Full));
    assert_eq!(only.entry.period.first(), today);
    assert_eq!(only.entry.period.last(), "1y".parse::<countersign::calendar::Term>().unwrap().last_day(today).unwrap());
    assert_eq!(only.entry.customer, customer(2));
    let found = desk::find_key(&mut ledger, &key(2)).unwrap();
    assert_eq!((found.state, found.license, found.day), (KeyState::Redeemed, Some(terms.license), today));
    assert_eq!(state(&mut ledger, 1), KeyState::Available);
    // Whoever handed it out is whom a renewal is ordered from.
    assert_eq!(desk::known_of(&mut ledger, customer(2)).unwrap().reseller, Some(account));
    drop(ledger);
    desk.assert_ledger_is_sound();
}

#[test]
fn the_same_customer_gets_the_same_code_again_and_another_one_is_told_whose_it_is() {
    let (_desk, mut ledger, _, records) = with_keys();
    let today = clock();
    let first = redeem(&mut ledger, &records[0], 1, today).unwrap();
    let before = head(&mut ledger);
    // Whatever day is said.
    for day in [today, today.plus(30).unwrap()] {
        let again = redeem(&mut ledger, &records[0], 1, day).unwrap();
        assert_eq!(again[0].license.code().letters(), first[0].license.code().letters());
        assert_eq!(again.len(), 1);
    }
    let license = LicenseNumber::new(1).unwrap();
    let renewal = Change::Renew { license, length: desk::Length::Term("1y".parse().unwrap()), units: None };
    let refusal = refused(redeem(&mut ledger, &records[0], 2, today));
    assert_eq!(refusal, Refused::KeyRedeemed { number: 1, license, customer: customer(1), day: today });
    assert_eq!(refusal.to_string(), format!("registration key 1 became license 1 of customer 1 on {today}"));
    assert_eq!(head(&mut ledger), before);
    issue(&mut ledger, &test_key(), &renewal.into(), today).unwrap();
    let again = redeem(&mut ledger, &records[0], 1, today).unwrap();
    assert_eq!(again[0].license.code().letters(), first[0].license.code().letters());
    assert_eq!(again.len(), 1);
}

#[test]
fn of_two_who_redeem_one_key_at_once_one_gets_a_license() {
    let (_desk, mut ledger, _, records) = with_keys();
    let today = clock();
    let plan = |ledger: &mut Ledger, whose| {
        let asked = desk::redemption(&records[0], customer(whose), today).unwrap();
        let Preview::Planned(plan) = desk::preview(ledger, &session(today), &asked).unwrap() else { panic!("made") };
        plan
    };
    let (one, other) = (plan(&mut ledger, 1), plan(&mut ledger, 2));
    desk::carry_out(&mut ledger, &session(today), &test_key(), &other).unwrap();
    let refusal = refused(desk::carry_out(&mut ledger, &session(today), &test_key(), &one));
    assert!(matches!(refusal, Refused::KeyRedeemed { number: 1, .. }), "{refusal:?}");
    assert_eq!(licenses(&mut ledger).len(), 1);
}

#[test]
fn an_order_with_a_key_is_for_what_the_key_is_worth() {
    let (_desk, mut ledger, _, records) = with_keys();
    let today = clock();
    let Change::Issue(order) = desk::redemption(&records[0], customer(1), today).unwrap().change else { panic!() };
    let later = activation_code::MaintenancePeriod::new(today, order.period.last().plus(1).unwrap()).unwrap();
    let others = [
        Order { units: Units::new(26).unwrap(), ..order.clone() },
        Order { product: ProductId::new(8).unwrap(), ..order.clone() },
        Order { period: later, ..order.clone() },
        Order { kind: Some(Kind::Evaluation), ..order.clone() },
        Order { kind: None, ..order.clone() },
    ];
    for other in others {
        let asked = Asked::from(Change::Issue(other));
        let refusal = refused(desk::preview(&mut ledger, &session(today), &asked));
        assert_eq!(refusal, Refused::ChangedMeanwhile, "{asked}");
    }
    let asked = Asked::from(Change::Issue(Order { registration_key: Some(4), ..order }));
    assert_eq!(refused(desk::preview(&mut ledger, &session(today), &asked)), Refused::UnknownKey(4));
}

#[test]
fn a_cancelled_key_is_worth_nothing_and_a_redeemed_one_is_not_cancelled() {
    let (desk, mut ledger, _, records) = with_keys();
    let today = clock();
    redeem(&mut ledger, &records[2], 1, today).unwrap();
    let before = head(&mut ledger);
    let refusal = refused(desk::cancel_keys(&mut ledger, &session(today), &[1..=3]));
    assert!(matches!(refusal, Refused::KeyRedeemed { number: 3, .. }), "{refusal:?}");
    assert_eq!(refused(desk::cancel_keys(&mut ledger, &session(today), &[2..=2, 9..=9])), Refused::UnknownKey(9));
    assert_eq!(head(&mut ledger), before);
    assert_eq!(state(&mut ledger, 1), KeyState::Available);
    let cancelled = desk::cancel_keys(&mut ledger, &session(today), &[1..=2]).unwrap();
    assert_eq!(cancelled.iter().map(|record| record.number).collect::<Vec<_>>(), [1, 2]);
    let refusal = refused(redeem(&mut ledger, &records[0], 1, today));
    assert_eq!(refusal, Refused::KeyCancelled { number: 1, day: today });
    // Once more is no event.
    let before = head(&mut ledger);
    assert!(desk::cancel_keys(&mut ledger, &session(today), &[1..=2]).unwrap().is_empty());
    assert_eq!(head(&mut ledger), before);
    drop(ledger);
    desk.assert_ledger_is_sound();
}

#[test]
fn keys_are_made_for_partners_who_may_hand_them_out_and_for_products_that_are_sold() {
    let (_desk, mut ledger, account, _) = with_keys();
    let today = clock();
    let generate =
        |ledger: &mut Ledger, terms: KeyTerms| refused(desk::generate_keys(ledger, &session(today), &terms, &[key(9)]));
    let before = head(&mut ledger);
    let terms = worth(account);
    let product = ProductId::new(99).unwrap();
    assert_eq!(generate(&mut ledger, KeyTerms { product, ..terms }), Refused::UnknownProduct("99".into()));
    let refusal = generate(&mut ledger, KeyTerms { kind: Some(Kind::Service), ..terms });
    assert!(matches!(refusal, Refused::Kind { .. }), "{refusal:?}");
    let nobody = AccountNumber::new(99).unwrap();
    assert_eq!(generate(&mut ledger, KeyTerms { account: nobody, ..terms }), Refused::UnknownAccount("99".into()));
    let none = refused(desk::generate_keys(&mut ledger, &session(today), &terms, &[]));
    assert_eq!(none, Refused::NumberOfKeys { wanted: 0 });
    let many = vec![key(9); desk::MOST_KEYS as usize + 1];
    let refusal = refused(desk::generate_keys(&mut ledger, &session(today), &terms, &many));
    assert_eq!(refusal.to_string(), "1 to 10000 registration keys are made at once, and not 10001");
    assert_eq!(head(&mut ledger), before);

    let south = partner(&mut ledger, "South", &[Privilege::Sell]);
    let refusal = generate(&mut ledger, worth(south));
    assert_eq!(refusal, Refused::NoPrivilege { account: south, privilege: Privilege::Keys });
    desk::change_account(&mut ledger, &session(today), account, &[AccountEdit::Leaves]).unwrap();
    assert_eq!(generate(&mut ledger, terms), Refused::SellsNoMore(account));
    let ended = ProductEdit::EndOfSale(Some(today));
    desk::change_product(&mut ledger, &session(today), terms.product, &[ended]).unwrap();
    desk::change_account(&mut ledger, &session(today), account, &[AccountEdit::Returns]).unwrap();
    assert!(matches!(generate(&mut ledger, terms), Refused::EndOfSale { .. }));
}

#[test]
fn a_key_outlives_the_partner_who_handed_it_out_but_not_the_products_end_of_sale() {
    let (_desk, mut ledger, account, records) = with_keys();
    let today = clock();
    desk::change_account(&mut ledger, &session(today), account, &[AccountEdit::Leaves]).unwrap();
    redeem(&mut ledger, &records[0], 1, today).unwrap();
    let ended = ProductEdit::EndOfSale(Some(today));
    desk::change_product(&mut ledger, &session(today), records[0].product, &[ended]).unwrap();
    assert!(matches!(refused(redeem(&mut ledger, &records[1], 1, today)), Refused::EndOfSale { .. }));
}

#[test]
fn a_partners_operator_redeems_its_own_keys_for_its_own_customers() {
    let (_desk, mut ledger, account, records) = with_keys();
    let today = clock();
    let south = partner(&mut ledger, "South", &Privilege::ALL);
    let name: OperatorName = "sue".parse().unwrap();
    let admin = session(today);
    let operator = desk::add_operator_of(&mut ledger, &admin, &name, Role::LicenseManager, None, Some(south)).unwrap();
    let sue = Session { operator, today, clock: Clock::Unconfirmed };
    let give = |ledger: &mut Ledger, account| {
        let edit = [CustomerEdit::Reseller(Some(account))];
        desk::change_customer(ledger, &admin, customer(1), &edit).unwrap();
    };
    give(&mut ledger, south);
    let asked = desk::redemption(&records[0], customer(1), today).unwrap();
    let refusal = refused(desk::perform(&mut ledger, &sue, &test_key(), &asked));
    assert_eq!(refusal, Refused::OthersKey { account: south, number: 1 });
    let refusal = refused(desk::check_redeemable(&mut ledger, &sue, 1));
    assert_eq!(refusal, Refused::OthersKey { account: south, number: 1 });
    let own = desk::generate_keys(&mut ledger, &admin, &worth(south), &[key(7)]).unwrap();
    desk::check_redeemable(&mut ledger, &sue, own[0].number).unwrap();
    let asked = desk::redemption(&own[0], customer(1), today).unwrap();
    desk::perform(&mut ledger, &sue, &test_key(), &asked).unwrap();
    for refusal in [
        refused(desk::generate_keys(&mut ledger, &sue, &worth(south), &[key(8)])),
        refused(desk::cancel_keys(&mut ledger, &sue, &[1..=1])),
    ] {
        assert!(matches!(refusal, Refused::VendorAlone { .. }), "{refusal:?}");
    }
    // A customer keeps the reseller that it has.
    redeem(&mut ledger, &records[0], 1, today).unwrap();
    assert_eq!(desk::known_of(&mut ledger, customer(1)).unwrap().reseller, Some(south));
    assert_ne!(south, account);
}

#[test]
fn a_large_key_waits_for_a_second_operator_and_is_redeemed_by_the_approval() {
    let (_desk, mut ledger, _, records) = with_keys();
    let today = clock();
    let limits = [LimitEdit::ApprovalAbove(Some(20))];
    desk::set_limits(&mut ledger, &session(today), &limits).unwrap();
    let asker = add_operator(&mut ledger, "anna", Role::AccountManager, Some(PASSPHRASE));
    let approver = add_operator(&mut ledger, "berta", Role::LicenseManager, Some(PASSPHRASE));
    let (asker, approver) =
        (Session { operator: asker, ..session(today) }, Session { operator: approver, ..session(today) });
    let asked = desk::redemption(&records[0], customer(1), today).unwrap();
    let request = desk::request(&mut ledger, &asker, &asked).unwrap();
    assert_eq!(desk::request(&mut ledger, &asker, &asked).unwrap().number, request.number);
    assert_eq!(state(&mut ledger, 1), KeyState::Available);
    let pending = desk::preview_request(&mut ledger, &approver, request.number).unwrap();
    desk::carry_out(&mut ledger, &approver, &test_key(), &pending.plan).unwrap();
    assert_eq!(state(&mut ledger, 1), KeyState::Redeemed);
}

#[test]
fn no_key_stands_in_the_ledger_or_its_book() {
    let (desk, mut ledger, _, records) = with_keys();
    redeem(&mut ledger, &records[0], 1, clock()).unwrap();
    let events = events_after(&mut ledger, 0);
    let made = events.iter().find(|event| event.action == Action::KeysGenerated).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&made.facts).unwrap();
    assert_eq!((&facts["first"], &facts["last"]), (&1.into(), &3.into()));
    drop(ledger);
    let bytes: Vec<u8> = std::fs::read_dir(desk.folder())
        .unwrap()
        .flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default())
        .collect();
    for seed in [1, 2, 3] {
        let (raw, row) = (key(seed).bytes(), key(seed).row());
        assert!(!bytes.windows(12).any(|window| window == raw), "key {seed}");
        assert!(!bytes.windows(29).any(|window| window == row.as_bytes()), "key {seed}");
    }
}

#[test]
fn ten_thousand_keys_are_one_event_and_listed_by_partner_and_state() {
    let desk = Desk::new();
    let generate =
        ["registration-key", "generate", "--account", "1", "--product", "ES", "--units", "1", "--term", "30d"];
    desk.run(&["account", "add", "North", "--kind", "msp", "--privileges", "keys"]).assert_done();
    let before = head(&mut desk.ledger());
    let made = desk.run(&[&generate[..], &["--count", "10000", "--csv"]].concat());
    made.assert_done();
    assert_eq!(made.out.lines().count(), 10_001);
    assert_eq!(events_after(&mut desk.ledger(), before).len(), 1);
    let mut rows: Vec<_> = made.out.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), 10_000, "each is another one");
    let shown = desk.run(&["registration-key", "show", rows[0], "--json"]).json();
    assert_eq!(shown["state"], "available");
    desk.run(&["registration-key", "cancel", "1-9990", "10000"]).assert_done();
    let left = desk.run(&["registration-key", "list", "--account", "north", "--state", "available", "--json"]).json();
    let numbers: Vec<_> = left.as_array().unwrap().iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (9991..10_000).collect::<Vec<_>>());
    desk.assert_ledger_is_sound();
}

#[test]
fn a_mistyped_key_is_mended_to_one_that_this_desk_made_and_to_no_other() {
    let (desk, ledger, ..) = with_keys();
    drop(ledger);
    let redeem = |row: &str| desk.run(&["registration-key", "redeem", row, "--customer", "1", "--from", &today()]);
    let mistyped = |row: String| {
        let mut row: Vec<char> = row.chars().collect();
        row[8] = if row[8] == 'Z' { 'Y' } else { 'Z' };
        row.into_iter().collect::<String>()
    };
    let wrong = redeem(&mistyped(key(1).row()));
    wrong.assert_could_not();
    assert!(wrong.err.contains(&format!("the row would be {}", key(1).row())), "{wrong:?}");
    let foreign = redeem(&mistyped(key(77).row()));
    foreign.assert_could_not();
    assert!(!foreign.err.contains("would be"), "{foreign:?}");
    let unknown = redeem(&key(77).row());
    unknown.assert_complains(1);
    assert!(unknown.err.contains("this desk made no such registration key"), "{unknown:?}");
    assert_eq!(redeem(&key(1).row_in_digits()).assert_done().out.lines().next(), Some("Redeemed"));
}

#[test]
fn a_new_customer_is_registered_by_the_way_and_only_if_the_key_is_good() {
    let (desk, ledger, ..) = with_keys();
    drop(ledger);
    let redeem = |row: &str, more: &[&str]| {
        let command = ["registration-key", "redeem", row, "--name", "Example Clinic", "--from"];
        desk.run(&[&command[..], &[&today()], more].concat())
    };
    let preview = redeem(&key(1).row(), &["--preview"]);
    preview.assert_complains(1);
    desk.run(&["registration-key", "cancel", "2"]).assert_done();
    redeem(&key(2).row(), &[]).assert_complains(1);
    desk.run(&["customer", "show", "Example Clinic"]).assert_complains(1);
    let made = redeem(&key(1).row(), &["--email", "it@clinic.example"]);
    assert!(made.assert_done().err.contains("customer 3 is registered: Example Clinic"), "{made:?}");
    let known = desk.run(&["customer", "show", "3", "--json"]).json();
    assert_eq!((&known["email"], &known["reseller"]), (&"it@clinic.example".into(), &1.into()));
    assert_eq!(redeem(&key(1).row(), &[]).assert_done().out.lines().next(), Some("Issued before"));
    desk.assert_ledger_is_sound();
}
