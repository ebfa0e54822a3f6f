//! Who works at the desk: names, roles, passphrases, limits.

use crate::common::*;
use activation_code::Day;
use activation_host::program::clock;
use countersign::desk::{self, Asked, Change, DeskFault, Length, LimitEdit, OperatorEdit, Order, Refused, Session};
use countersign::ledger::{Action, Ledger, Operator, OperatorName, Role};

fn name(text: &str) -> OperatorName {
    text.parse().unwrap()
}

fn as_operator(operator: &Operator) -> Session {
    Session { operator: operator.clone(), ..session(clock()) }
}

fn change(ledger: &mut Ledger, by: &Session, who: &str, edit: OperatorEdit) -> Result<Operator, Refused> {
    match desk::change_operator(ledger, by, &name(who), &edit) {
        Ok(operator) => Ok(operator),
        Err(DeskFault::Refused(refused)) => Err(refused),
        Err(fault) => panic!("{fault}"),
    }
}

fn hash(passphrase: &str) -> String {
    desk::hash_passphrase(passphrase.as_bytes(), &[5; 16]).unwrap()
}

#[test]
fn a_name_means_one_person_for_ever() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let admin = session(clock());
    add_operator(&mut ledger, "anna", Role::Support, None);
    change(&mut ledger, &admin, "anna", OperatorEdit::Leaves).unwrap();
    let fault = desk::add_operator(&mut ledger, &admin, &name("ANNA"), Role::Support, None).unwrap_err();
    assert!(matches!(fault, DeskFault::Refused(Refused::OperatorExists(_))), "{fault}");
    assert!(desk::find_operator(&mut ledger, Some(&name("anna"))).is_err(), "who left does not work here");
    let back = change(&mut ledger, &admin, "Anna", OperatorEdit::Returns).unwrap();
    assert_eq!(desk::find_operator(&mut ledger, Some(&name("anna"))).unwrap(), back);
}

#[test]
fn somebody_is_left_who_may_change_operators() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let admin = session(clock());
    let first = OperatorName::first();
    let before = head(&mut ledger);
    for edit in [OperatorEdit::Leaves, OperatorEdit::Role(Role::LicenseManager), OperatorEdit::Role(Role::Auditor)] {
        assert_eq!(change(&mut ledger, &admin, first.as_str(), edit), Err(Refused::LastAdministrator));
    }
    assert_eq!(head(&mut ledger), before);
    let second = add_operator(&mut ledger, "berta", Role::Administrator, None);
    change(&mut ledger, &admin, "berta", OperatorEdit::Leaves).unwrap();
    // Somebody who left administers nothing.
    assert_eq!(change(&mut ledger, &admin, first.as_str(), OperatorEdit::Leaves), Err(Refused::LastAdministrator));
    change(&mut ledger, &admin, "berta", OperatorEdit::Returns).unwrap();
    change(&mut ledger, &admin, first.as_str(), OperatorEdit::Role(Role::Auditor)).unwrap();
    assert!(change(&mut ledger, &admin, first.as_str(), OperatorEdit::Role(Role::Administrator)).is_err());
    change(&mut ledger, &as_operator(&second), first.as_str(), OperatorEdit::Role(Role::Administrator)).unwrap();
}

#[test]
fn who_left_ends_at_once_also_for_a_session_that_is_open() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let anna = as_operator(&add_operator(&mut ledger, "anna", Role::LicenseManager, None));
    let customer = "Somebody".parse().unwrap();
    change(&mut ledger, &session(clock()), "anna", OperatorEdit::Leaves).unwrap();
    let before = head(&mut ledger);
    let fault = desk::add_customer(&mut ledger, &anna, &customer, None, [1; 16]).unwrap_err();
    assert!(matches!(fault, DeskFault::Refused(Refused::UnknownOperator(_))), "{fault}");
    let own = change(&mut ledger, &anna, "anna", OperatorEdit::Passphrase(hash("horse")));
    assert!(matches!(own, Err(Refused::UnknownOperator(_))));
    assert_eq!(head(&mut ledger), before);
}

#[test]
fn a_session_ends_with_the_passphrase_that_began_it() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let without = as_operator(&add_operator(&mut ledger, "anna", Role::LicenseManager, None));
    let anna = change(&mut ledger, &without, "anna", OperatorEdit::Passphrase(hash("horse"))).unwrap();
    let customer = "Somebody".parse().unwrap();
    let fault = desk::add_customer(&mut ledger, &without, &customer, None, [1; 16]).unwrap_err();
    assert!(matches!(fault, DeskFault::Refused(Refused::WrongPassphrase(_))), "{fault}");
    desk::add_customer(&mut ledger, &as_operator(&anna), &customer, None, [1; 16]).unwrap();
}

#[test]
fn everybody_changes_their_own_passphrase_and_only_administrators_another() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    add_operator(&mut ledger, "somebody", Role::Support, None);
    for role in Role::ALL {
        let who = format!("one-{}", role.name());
        let operator = add_operator(&mut ledger, &who, role, None);
        let changed = change(&mut ledger, &as_operator(&operator), &who, OperatorEdit::Passphrase(hash("a"))).unwrap();
        desk::check_passphrase(&changed, b"a").unwrap();
        let other = change(&mut ledger, &as_operator(&changed), "somebody", OperatorEdit::Passphrase(hash("b")));
        assert_eq!(other.is_ok(), role == Role::Administrator, "{other:?}");
        // Nothing else of one's own.
        let more = change(&mut ledger, &as_operator(&changed), &who, OperatorEdit::Role(Role::Administrator));
        assert_eq!(more.is_ok(), role == Role::Administrator, "{more:?}");
    }
}

#[test]
fn the_book_says_that_a_passphrase_was_set_and_never_what_it_is() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let before = head(&mut ledger);
    let anna = as_operator(&add_operator(&mut ledger, "anna", Role::Support, Some("horse")));
    change(&mut ledger, &session(clock()), "anna", OperatorEdit::Role(Role::Auditor)).unwrap();
    change(&mut ledger, &anna, "anna", OperatorEdit::Passphrase(hash("battery"))).unwrap();
    let events = events_after(&mut ledger, before);
    let facts = |index: usize| serde_json::from_str::<serde_json::Value>(&events[index].facts).unwrap();
    assert_eq!(facts(0)["passphrase"], "set");
    assert_eq!((&facts(1)["passphrase"], &facts(1)["role"]), (&"kept".into(), &"auditor".into()));
    assert_eq!(facts(2)["passphrase"], "set");
    let by: Vec<_> = events.iter().map(|event| (event.action, event.operator.as_str())).collect();
    let (added, changed) = (Action::OperatorAdded, Action::OperatorChanged);
    assert_eq!(by, [(added, "administrator"), (changed, "administrator"), (changed, "anna")]);
    for event in &events {
        assert!(!event.facts.contains("scrypt") && !event.wrote.contains("scrypt"), "{event:?}");
    }
}

#[test]
fn edits_of_different_things_do_not_undo_each_other() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let anna = as_operator(&add_operator(&mut ledger, "anna", Role::Support, None));
    // The administrator has looked at the role before, and sets it after.
    change(&mut ledger, &anna, "anna", OperatorEdit::Passphrase(hash("horse"))).unwrap();
    let after = change(&mut ledger, &session(clock()), "anna", OperatorEdit::Role(Role::Auditor)).unwrap();
    assert_eq!((after.role, desk::check_passphrase(&after, b"horse").is_ok()), (Role::Auditor, true));
    let by = session(clock());
    desk::set_limits(&mut ledger, &by, &[LimitEdit::MostUnits(Some(5))]).unwrap();
    let limits = desk::set_limits(&mut ledger, &by, &[LimitEdit::ApprovalAbove(Some(3))]).unwrap();
    assert_eq!((limits.most_units, limits.approval_above), (Some(5), Some(3)));
}

/// The limits of the administrator hold for whoever issues.
#[test]
fn nobody_issues_beyond_the_limits() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let admin = session("2027-06-15".parse().unwrap());
    let day = |text: &str| text.parse::<Day>().unwrap();
    let on = |first: &str, term: &str, units: u32| {
        let Change::Issue(order) = order(day(first), None).change else { unreachable!() };
        let last = term.parse::<countersign::calendar::Term>().unwrap().last_day(day(first)).unwrap();
        let period = activation_code::MaintenancePeriod::new(day(first), last).unwrap();
        Asked::from(Change::Issue(Order { units: activation_code::Units::new(units).unwrap(), period, ..order }))
    };
    let try_to = |ledger: &mut Ledger, asked: &Asked| match desk::perform(ledger, &admin, &test_key(), asked) {
        Ok(_) => None,
        Err(DeskFault::Refused(refused)) => Some(refused),
        Err(fault) => panic!("{fault}"),
    };
    let longest = countersign::calendar::Term::Months(12).most_days();
    let edits = [LimitEdit::MostUnits(Some(100)), LimitEdit::LongestDays(longest), LimitEdit::BackDatingDays(Some(14))];
    desk::set_limits(&mut ledger, &admin, &edits).unwrap();
    assert_eq!(try_to(&mut ledger, &on("2027-06-01", "1y", 100)), None);
    assert_eq!(try_to(&mut ledger, &on("2028-03-01", "1y", 1)), None);
    assert_eq!(try_to(&mut ledger, &on("2027-06-15", "366d", 1)), None);
    let many = try_to(&mut ledger, &on("2027-06-15", "1y", 101));
    assert!(matches!(many, Some(Refused::TooManyUnits { most: 100, .. })), "{many:?}");
    let long = Some(Refused::TooLong { days: 367, most: 366 });
    assert_eq!(try_to(&mut ledger, &on("2027-06-15", "367d", 1)), long);
    let back = Some(Refused::TooFarBack { first: day("2027-05-31"), days: 14 });
    assert_eq!(try_to(&mut ledger, &on("2027-05-31", "1y", 1)), back);

    let license = activation_code::LicenseNumber::new(1).unwrap();
    let more = |more| {
        let more = activation_code::Units::new(more).unwrap();
        Asked::from(Change::AddUnits { license, more, reach: desk::Reach::License })
    };
    let over = try_to(&mut ledger, &more(1));
    assert!(matches!(over, Some(Refused::TooManyUnits { .. })), "what there will be counts: {over:?}");
    let renew = |days: u32| {
        let length = Length::Term(countersign::calendar::Term::Days(days));
        Asked::from(Change::Renew { license, length, units: None })
    };
    // From 2028-06-01 on: the days between today and then are no part of what is bought.
    assert_eq!(try_to(&mut ledger, &renew(367)), long);
    assert_eq!(try_to(&mut ledger, &renew(366)), None);
    let none = [LimitEdit::MostUnits(None), LimitEdit::LongestDays(None), LimitEdit::BackDatingDays(None)];
    desk::set_limits(&mut ledger, &admin, &none).unwrap();
    for asked in [on("2027-05-31", "5y", 101), more(1)] {
        assert_eq!(try_to(&mut ledger, &asked), None);
    }
}

/// `countersign` of somebody, where there is no terminal.
fn run_as(desk: &Desk, operator: &str, passphrase: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = program("setsid");
    command.arg("-w").arg(env!("CARGO_BIN_EXE_countersign")).arg("--desk").arg(desk.folder());
    command.arg("--passphrase-file").arg(desk.passphrase()).args(["--operator", operator]);
    if let Some(passphrase) = passphrase {
        let file = desk.room().join(format!("{operator}-typed"));
        write_secret(&file, passphrase);
        command.arg("--operator-file").arg(file);
    }
    run(command.args(arguments))
}

#[test]
fn who_has_a_passphrase_is_asked_for_it_for_every_change_and_for_nothing_else() {
    let desk = Desk::new();
    add_operator(&mut desk.ledger(), "anna", Role::LicenseManager, Some("anna's own"));
    let add = ["customer", "add", "Somebody"];
    let before = head(&mut desk.ledger());
    // Nobody says who it is, nobody can be asked, somebody guesses.
    desk.run(&add).assert_complains(1);
    let silent = run_as(&desk, "anna", None, &add);
    silent.assert_complains(2);
    assert!(silent.err.contains("--operator-file F"), "{silent:?}");
    for wrong in ["anna's", "anna's own ", PASSPHRASE] {
        let ran = run_as(&desk, "anna", Some(wrong), &add);
        ran.assert_complains(1);
        assert!(ran.err.contains("this is not the passphrase of operator anna"), "{ran:?}");
    }
    assert_eq!(head(&mut desk.ledger()), before);
    for reads in [&["customer", "list"][..], &["limits"], &["requests"], &["operator", "list"], &["product", "list"]] {
        run_as(&desk, "anna", None, reads).assert_done();
        desk.run(reads).assert_done();
    }
    run_as(&desk, "ANNA", Some("anna's own"), &add).assert_done();
    run(desk.command(&add).env("COUNTERSIGN_OPERATOR", "administrator")).assert_complains(1);
    let events = events_after(&mut desk.ledger(), before);
    assert_eq!(events.iter().map(|event| event.operator.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[test]
fn a_new_passphrase_comes_from_a_file_and_is_known_by_its_hash_alone() {
    let desk = Desk::new();
    let file = desk.room().join("new");
    write_secret(&file, "a new passphrase\n");
    let file = file.to_str().unwrap();
    let add = ["--json", "operator", "add", "anna", "--role", "account-manager", "--new-passphrase-file", file];
    let added = desk.run(&add).json();
    let wanted = serde_json::json!({"name": "anna", "role": "account-manager", "active": true, "passphrase": true});
    assert_eq!(added, wanted);
    run_as(&desk, "anna", Some("a new passphrase"), &["customer", "add", "One"]).assert_done();
    // Another one, by herself; the old one is needed for that.
    write_secret(file.as_ref(), "another passphrase");
    let own = ["operator", "passphrase", "--new-passphrase-file", file];
    run_as(&desk, "anna", Some("another passphrase"), &own).assert_complains(1);
    run_as(&desk, "anna", Some("a new passphrase"), &own).assert_done();
    run_as(&desk, "anna", Some("a new passphrase"), &["customer", "add", "Two"]).assert_complains(1);
    run_as(&desk, "anna", Some("another passphrase"), &["customer", "add", "Two"]).assert_done();
    let bytes = std::fs::read(desk.ledger_path()).unwrap();
    assert!(!bytes.windows(16).any(|part| part == b"a new passphrase"));
    // With neither terminal nor file there is nothing to set.
    let missing = run_as(&desk, "anna", Some("another passphrase"), &["operator", "passphrase"]);
    missing.assert_complains(2);
    assert!(missing.err.contains("--new-passphrase-file F"), "{missing:?}");
}

#[test]
fn an_operator_without_a_passphrase_is_made_and_said_to_be_anybody() {
    let desk = Desk::new();
    let ran = desk.run(&["operator", "add", "Carl", "--role", "support"]);
    assert_eq!(ran.assert_done().out, "operator carl: support, without a passphrase\n");
    assert!(ran.err.contains("whoever gives that name with --operator is carl"), "{ran:?}");
    assert!(ran.err.contains("hint: `countersign --operator carl operator passphrase` sets one"), "{ran:?}");
    let list = desk.run(&["--json", "operator", "list"]).json();
    assert_eq!(list[1], serde_json::json!({"name": "carl", "role": "support", "active": true, "passphrase": false}));
}

#[test]
fn a_new_desk_begins_with_the_administrator_who_makes_it() {
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    for (folder, options, first) in [("one", &["--operator", "Anna"][..], "anna"), ("two", &[], "administrator")] {
        let command = |arguments: &[&str]| {
            let mut command = program(env!("CARGO_BIN_EXE_countersign"));
            command.arg("--desk").arg(room.path().join(folder)).arg("--passphrase-file").arg(&passphrase);
            run(command.args(options).args(arguments))
        };
        assert_eq!(command(&["--json", "init", "--vendor", "Example"]).json()["operator"], first);
        let added = command(&["--json", "operator", "add", "berta", "--role", "support"]).json();
        assert_eq!(added["name"], "berta");
        let mut ledger = Ledger::open(&room.path().join(folder).join("ledger.sqlite")).unwrap();
        assert!(events_after(&mut ledger, 0).iter().all(|event| event.operator.as_str() == first));
    }
    let named = program(env!("CARGO_BIN_EXE_countersign"))
        .args(["--desk", room.path().join("quick").to_str().unwrap(), "quickstart"])
        .env("COUNTERSIGN_OPERATOR", "anna")
        .output()
        .unwrap();
    Ran::from(named).assert_done();
}
