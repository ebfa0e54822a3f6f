//! A customer is forgotten when its licenses are over, and the book stays whole (domain rule D9).

use super::book::put_ledger_key;
use super::terminal::Terminal;
use crate::common::*;
use activation_code::{Day, Holder, HostId, Kind, LicenseNumber, PinnedIssuer, ProductId, Units};
use activation_host::program::clock;
use countersign::desk::{
    self, Asked, Change, ContactEdit, CustomerEdit, CustomerRow, DeskFault, Length, LimitEdit, Order, ProductEdit,
    Refused, Session,
};
use countersign::documents::customers::read_customers;
use countersign::ledger::{Action, By, Customer, CustomerNumber, Ledger, Name, OperatorName, RequestState, Role};
use countersign::signer::{Signer as _, SoftwareKey};
use serde_json::json;
use std::fs;
use std::path::Path;

fn number(number: u32) -> CustomerNumber {
    CustomerNumber::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn day(days_from_today: i32) -> Day {
    clock().plus(days_from_today).unwrap()
}

fn order_of(customer: CustomerNumber, first: Day) -> Order {
    let Change::Issue(of_the_first) = order(first, None).change else { unreachable!() };
    Order { customer, ..of_the_first }
}

/// A license whose period of 365 days ended so many days ago.
fn sell(ledger: &mut Ledger, order: Order, ended: i32) -> LicenseNumber {
    let first = day(-ended - 364);
    let period = order_of(order.customer, first).period;
    let asked = Asked::from(Change::Issue(Order { period, ..order }));
    issue(ledger, &test_key(), &asked, clock()).unwrap().entry.terms.license
}

fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn purge(ledger: &mut Ledger, customer: CustomerNumber) {
    let seen = desk::preview_purge(ledger, &session(clock()), customer).unwrap();
    let done = desk::purge(ledger, &session(clock()), &seen, &"test".parse().unwrap()).unwrap();
    assert!(done.not_erased.is_none(), "{done:?}");
}

/// What is known of a customer who is forgotten later, each word unlike any other.
const SECRETS: [&str; 8] = [
    "Qwertz Forgotten Clinic",
    "Qwertz Former Name",
    "xyzzy@qwertz.example",
    "Plugh.Former@qwertz.example",
    "77 Frobozz Lane",
    "+44 20 7946 4711",
    "Dr. Zyxwv",
    "Grue Holding",
];

const SALT: [u8; 16] = *b"\xF1salt of qwertz\xF2";

/// A customer of whom everything is known, and was another before, among hundreds of others.
fn crowded(ledger: &mut Ledger) -> Customer {
    let session = session(clock());
    let add = |ledger: &mut Ledger, from: u8, to: u8| {
        for one in from..to {
            let (name, email) = (format!("Somebody {one}"), format!("somebody{one}@example.com"));
            let (name, email) = (name.parse().unwrap(), email.parse().unwrap());
            desk::add_customer(ledger, &session, &name, Some(&email), [one; 16]).unwrap();
        }
    };
    add(ledger, 0, 100);
    let [name, former_name, email, former_email, address, telephone, person, company] = SECRETS;
    let known = |name: &str, email: &str| {
        [CustomerEdit::Name(name.parse().unwrap()), CustomerEdit::Email(Some(email.parse().unwrap()))]
    };
    let customer = &former_name.parse().unwrap();
    let [_, former_email] = known(former_name, former_email);
    let customer = desk::register_customer(ledger, &session, customer, &[former_email], SALT).unwrap();
    add(ledger, 100, 180);
    desk::change_customer(ledger, &session, customer.number, &known(name, email)).unwrap();
    let contact = [
        ContactEdit::Address(Some(address.parse().unwrap())),
        ContactEdit::Telephone(Some(telephone.parse().unwrap())),
        ContactEdit::Person(Some(person.parse().unwrap())),
        ContactEdit::Company(Some(company.parse().unwrap())),
    ];
    let contact = contact.map(CustomerEdit::Contact);
    let customer = desk::change_customer(ledger, &session, customer.number, &contact).unwrap();
    add(ledger, 180, 250);
    customer
}

/// The files of a folder that have some bytes in them, with those that they have.
fn found_in(folder: &Path, wanted: &[Vec<u8>]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for (place, wanted) in wanted.iter().enumerate() {
            if bytes.windows(wanted.len()).any(|window| window == wanted) {
                found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), place));
            }
        }
    }
    found
}

fn secrets() -> Vec<Vec<u8>> {
    // Names and addresses are there as they are searched for, too.
    let searched = SECRETS[..4].iter().map(|text| text.to_lowercase().into_bytes());
    SECRETS.iter().map(|text| text.as_bytes().to_vec()).chain(searched).chain([SALT.to_vec()]).collect()
}

#[test]
fn no_byte_of_what_was_known_is_left_in_the_files_of_the_ledger() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let customer = crowded(&mut ledger);
    sell(&mut ledger, order_of(customer.number, clock()), 100);
    // Open all the while, as another clerk has it: the log stays where it is.
    let there = found_in(&desk.folder(), &secrets());
    for place in 0..secrets().len() {
        assert!(there.iter().any(|(_, found)| *found == place), "{}", String::from_utf8_lossy(&secrets()[place]));
    }
    assert!(desk.folder().join("ledger.sqlite-wal").exists());
    let ran = desk.run(&["--yes", "customer", "purge", "Qwertz Forgotten Clinic", "--reason", "asked for"]);
    ran.assert_done();
    assert_eq!(found_in(&desk.folder(), &secrets()), []);
    for secret in SECRETS {
        assert!(!ran.out.contains(secret), "{ran:?}");
    }
    drop(ledger);
    assert_eq!(found_in(&desk.folder(), &secrets()), []);
    desk.assert_ledger_is_sound();
}

/// As where somebody was killed in between, or another one was reading all the while.
#[test]
fn a_purge_that_was_broken_off_is_finished_by_the_same_command() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let customer = crowded(&mut ledger).number;
    let by = By { operator: OperatorName::first(), day: clock() };
    ledger
        .write(|book| {
            book.purge_customer(customer, by.day)?;
            book.record(&by, Action::CustomerPurged, None, json!({"customer": customer.get()}).to_string())
        })
        .unwrap();
    drop(ledger);
    assert_ne!(found_in(&desk.folder(), &secrets()), []);
    let before = head(&mut desk.ledger());
    let number = customer.to_string();
    desk.run(&["--yes", "customer", "purge", &number, "--reason", "asked for"]).assert_done();
    assert_eq!(found_in(&desk.folder(), &secrets()), []);
    assert_eq!(head(&mut desk.ledger()), before);
    desk.assert_ledger_is_sound();
}

#[test]
fn who_was_purged_is_named_by_number_and_day_wherever_the_name_stood() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let customer = crowded(&mut ledger).number;
    let license = sell(&mut ledger, order_of(customer, clock()), 100).to_string();
    let reports = ["list", "due", "report"];
    purge(&mut ledger, customer);
    drop(ledger);
    let (number, today) = (customer.to_string(), today());
    let name = format!("customer {number} (purged {today})");
    let shown = desk.run(&["customer", "show", &number]);
    assert_eq!(shown.assert_done().out, format!("  customer     {name}\n"));
    let shown = desk.run(&["--json", "customer", "show", &number]).json();
    assert_eq!(shown, json!({"number": customer.get(), "name": name, "purged": today}));
    for command in [
        &["customer", "list"][..],
        &["list"],
        &["search", &license],
        &["history", &license],
        &["history", "--customer", &number],
        &["reprint", &license],
        &["show", &license],
        &["customer", "list", "--csv"],
    ] {
        let ran = desk.run(command);
        assert!(ran.assert_done().out.contains(&name), "{command:?}: {ran:?}");
    }
    let ran = desk.run(&["history", "--customer", &number]);
    assert!(ran.out.contains("customer purged, because: test"), "{ran:?}");
    assert!(desk.run(&["customer", "check", &number]).assert_done().out.lines().count() <= 1);
    let pdf = desk.room().join("license.html");
    desk.run(&["reprint", &license, "--certificate", pdf.to_str().unwrap()]).assert_done();
    assert!(fs::read_to_string(&pdf).unwrap().contains(&name));
    for command in reports {
        let arguments: &[&str] = if command == "report" { &["report", "--by", "customer"] } else { &[command] };
        let ran = desk.run(arguments);
        assert!(!SECRETS.iter().any(|secret| ran.assert_done().out.contains(secret)), "{ran:?}");
    }
    desk.run(&["search", "qwertz"]).assert_complains(1);
}

#[test]
fn a_customer_is_purged_when_all_its_licenses_are_over_and_not_a_day_before() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let customer = number(1);
    let full = order_of(customer, clock());
    let service = Order { product: ProductId::new(10).unwrap(), ..full.clone() };
    // In grace for 30 days, a service frozen for 30 more; an evaluation has neither.
    let in_grace = sell(&mut ledger, full.clone(), 30);
    let frozen = sell(&mut ledger, service.clone(), 60);
    let lapsed = sell(&mut ledger, full.clone(), 31);
    sell(&mut ledger, service, 61);
    sell(&mut ledger, Order { kind: Some(Kind::Evaluation), ..full.clone() }, 1);
    let preview = |ledger: &mut Ledger, today| refused(desk::preview_purge(ledger, &session(today), customer));
    let not_over = |licenses: &[(LicenseNumber, Day)]| Refused::LicensesNotOver { customer, licenses: licenses.into() };
    assert_eq!(preview(&mut ledger, clock()), not_over(&[(in_grace, clock()), (frozen, clock())]));
    let ran = desk.run(&["--yes", "customer", "purge", "1", "--reason", "test"]);
    ran.assert_complains(1);
    let today = today();
    let sentence = format!(
        "customer 1 has licenses that are not over: license {in_grace} until {today}, license {frozen} until {today}"
    );
    assert!(ran.err.contains(&sentence), "{ran:?}");
    desk::preview_purge(&mut ledger, &session(day(1)), customer).unwrap();
    // A renewal that waits, of one that had lapsed.
    let renew = Change::Renew { license: lapsed, length: Length::Until(day(10)), units: None };
    issue(&mut ledger, &test_key(), &renew.into(), clock()).unwrap();
    assert_eq!(preview(&mut ledger, day(40)), not_over(&[(lapsed, day(40))]));
    revoke(&mut ledger, &session(clock()), lapsed, None).unwrap();
    desk::preview_purge(&mut ledger, &session(day(1)), customer).unwrap();
    // Its product is gone before it is.
    let last = sell(&mut ledger, full, -100);
    assert_eq!(preview(&mut ledger, day(1)), not_over(&[(last, day(130))]));
    let life = [ProductEdit::EndOfSale(Some(clock())), ProductEdit::EndOfLife(Some(day(5)))];
    desk::change_product(&mut ledger, &session(clock()), ProductId::new(7).unwrap(), &life).unwrap();
    assert_eq!(preview(&mut ledger, day(5)), not_over(&[(last, day(5))]));
    desk::preview_purge(&mut ledger, &session(day(6)), customer).unwrap();
    desk.assert_ledger_is_sound();
}

#[test]
fn nothing_is_done_for_a_customer_that_is_purged() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let session = session(clock());
    let name = "Example City Council".parse().unwrap();
    let other = desk::add_customer(&mut ledger, &session, &name, None, [2; 16]).unwrap().number;
    let over = sell(&mut ledger, order_of(number(1), clock()), 100);
    let running = sell(&mut ledger, order_of(other, clock()), -100);
    let planned = desk::preview_transfer(&mut ledger, &session, running, number(1)).unwrap();
    let asked = Asked::from(Change::Issue(order_of(number(1), clock())));
    let desk::Preview::Planned(sold) = desk::preview(&mut ledger, &session, &asked).unwrap() else { panic!() };
    purge(&mut ledger, number(1));
    let wanted = Refused::CustomerPurged { customer: number(1), day: clock() };
    let year = Length::Term("1y".parse().unwrap());
    for change in [
        asked.change,
        Change::Renew { license: over, length: year, units: None },
        Change::AddUnits { license: over, more: Units::new(1).unwrap(), reach: desk::Reach::License },
        Change::Bind { license: over, host: HostId(7), product: None },
    ] {
        assert_eq!(refused(desk::preview(&mut ledger, &session, &change.into())), wanted);
    }
    // What somebody looked at before.
    assert_eq!(refused(desk::carry_out(&mut ledger, &session, &test_key(), &sold)), wanted);
    assert_eq!(refused(desk::transfer(&mut ledger, &session, &planned)), wanted);
    assert_eq!(refused(desk::preview_transfer(&mut ledger, &session, running, number(1))), wanted);
    let edit = [CustomerEdit::Name("Somebody".parse().unwrap())];
    assert_eq!(refused(desk::change_customer(&mut ledger, &session, number(1), &edit)), wanted);
    assert_eq!(refused(desk::import(&mut ledger, &session, &[], Some(number(1)))), wanted);
    let rows = |text: &str| -> Vec<CustomerRow> { read_customers(text.as_bytes()).unwrap() };
    let problems = desk::preview_customers(&mut ledger, &session, &rows("number,telephone\n1,112\n")).unwrap();
    assert_eq!(problems.unwrap_err()[0].refused, wanted);
    let ran =
        desk.run(&["issue", "--customer", "1", "--product", "ES", "--units", "1", "--from", &today(), "--term", "1y"]);
    ran.assert_complains(1);
    assert!(ran.err.contains(&format!("customer 1 was purged on {}", today())), "{ran:?}");
    let orders = desk.room().join("orders.csv");
    fs::write(&orders, format!("order,customer,product,units,from,term\nPO-9,1,ES,5,{},1y\n", today())).unwrap();
    let ran = desk.run(&["batch", orders.to_str().unwrap()]);
    ran.assert_complains(1);
    assert!(ran.err.contains("customer 1 was purged on"), "{ran:?}");
    // A file of all customers changes nothing still, and somebody else may take its license over, and renew it.
    let file = desk.room().join("customers.csv");
    fs::write(&file, desk.run(&["customer", "list", "--csv"]).out).unwrap();
    assert_eq!(desk.run(&["--json", "customer", "import", file.to_str().unwrap()]).json()["changed"], json!([]));
    transfer(&mut ledger, &session, over, other).unwrap();
    let renew = Change::Renew { license: over, length: year, units: None };
    issue(&mut ledger, &test_key(), &renew.into(), clock()).unwrap();
    desk.assert_ledger_is_sound();
}

#[test]
fn the_name_of_a_holder_leaves_requests_and_stays_where_it_is_signed() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    desk::set_limits(&mut ledger, &session(today), &[LimitEdit::ApprovalAbove(Some(50))]).unwrap();
    let asking = add_operator(&mut ledger, "carla", Role::LicenseManager, Some(PASSPHRASE));
    let asking = Session { operator: asking, ..session(today) };
    let approver = add_operator(&mut ledger, "dora", Role::LicenseManager, Some(PASSPHRASE));
    let approver = Session { operator: approver, ..session(today) };
    let holder = Some(Holder::new("Qwertz").unwrap());
    let past = order_of(number(1), day(-500));
    let large = Order { units: Units::new(51).unwrap(), holder: holder.clone(), ..past };
    let request = |ledger: &mut Ledger, order: &Order, reference: &str| {
        let asked = Asked { change: Change::Issue(order.clone()), reference: Some(reference.parse().unwrap()) };
        desk::request(ledger, &asking, &asked).unwrap().number
    };
    let approved = request(&mut ledger, &large, "PO-1");
    let pending = desk::preview_request(&mut ledger, &approver, approved).unwrap();
    let code = desk::carry_out(&mut ledger, &approver, &test_key(), &pending.plan).unwrap().remove(0);
    let rejected = request(&mut ledger, &large, "PO-2");
    desk::reject(&mut ledger, &approver, rejected).unwrap();
    // Somebody else's, of whom nothing is taken away.
    let name = "Example City Council".parse().unwrap();
    let other = desk::add_customer(&mut ledger, &session(today), &name, None, [2; 16]).unwrap().number;
    let others = request(&mut ledger, &Order { customer: other, ..large.clone() }, "PO-3");
    let waiting = request(&mut ledger, &large, "PO-4");
    let wait = Refused::RequestWaits { customer: number(1), request: waiting };
    assert_eq!(refused(desk::preview_purge(&mut ledger, &session(today), number(1))), wait);
    desk::reject(&mut ledger, &approver, waiting).unwrap();
    let before = desk::requests(&mut ledger, None).unwrap();
    let seen = desk::preview_purge(&mut ledger, &session(today), number(1)).unwrap();
    assert_eq!(seen.requests, [approved, rejected, waiting]);
    let named: Vec<_> = seen.named.iter().map(|code| (code.license, code.revision)).collect();
    assert_eq!(named, [(code.entry.terms.license, code.entry.terms.revision)]);
    purge(&mut ledger, number(1));
    let after = desk::requests(&mut ledger, None).unwrap();
    for (before, after) in before.iter().zip(&after) {
        // Who had answered, and when, is as it was.
        assert_eq!((&before.answer, before.request.state), (&after.answer, after.request.state));
        let Change::Issue(order) = &after.asked.change else { panic!() };
        assert_eq!(order.holder.is_some(), after.request.number == others, "{after:?}");
    }
    assert_eq!(after[2].request.state, RequestState::Waiting);
    // The same order again still gives the same code, with the name that it carries.
    let again = Asked { change: Change::Issue(large), reference: Some("PO-1".parse().unwrap()) };
    let desk::Preview::Before(same) = desk::preview(&mut ledger, &asking, &again).unwrap() else { panic!() };
    assert_eq!(same[0].license.code(), code.license.code());
    let ran = desk.run(&["--operator", "administrator", "--yes", "customer", "purge", "1", "--reason", "test"]);
    let line = format!("the holder's name in codes of license {}: it is signed", code.entry.terms.license);
    assert!(ran.assert_done().out.contains(&line), "{ran:?}");
    desk.assert_ledger_is_sound();
}

#[test]
fn what_a_stolen_key_signed_for_somebody_who_is_gone_is_signed_again() {
    let desk = Desk::in_memory();
    let mut ledger = desk.ledger();
    let license = sell(&mut ledger, order_of(number(1), clock()), 1200);
    let session = session(clock());
    let seen = desk::preview_purge(&mut ledger, &session, number(1)).unwrap();
    desk::purge(&mut ledger, &session, &seen, &"a mistake".parse().unwrap()).unwrap();
    let key = SoftwareKey::from_seed(&[5; 32]).unwrap();
    let prepared = PinnedIssuer { number: "2".parse().unwrap(), key: key.public_key() };
    desk::prepare_issuer(&mut ledger, &session, prepared).unwrap();
    let loss = desk::preview_loss(&mut ledger, &session, "1".parse().unwrap(), &|_, _| {}).unwrap();
    desk::lose_issuer(&mut ledger, &session, &loss).unwrap();
    let changes: Vec<_> = desk::reissues(&loss).collect();
    assert_eq!(changes.len(), 1);
    for change in changes {
        let issued = desk::perform(&mut ledger, &session, &key, &change.into()).unwrap();
        assert_eq!((issued.len(), issued[0].license.terms().license), (1, license));
    }
}

#[test]
fn codes_that_carry_a_name_are_listed_with_those_for_hosts() {
    let desk = Desk::in_memory();
    let mut ledger = desk.ledger();
    let holder = Some(Holder::new("Qwertz").unwrap());
    let sold = order_of(number(1), day(-1564));
    let license = sell(&mut ledger, Order { holder, ..sold.clone() }, 1200);
    sell(&mut ledger, sold, 1200);
    let bind = |host: u32| Change::Bind { license, host: HostId(host), product: None };
    let length = Length::Term("1y".parse().unwrap());
    for (on, change) in
        [(-1350, bind(7)), (-1300, Change::Renew { license, length, units: None }), (-1250, bind(7)), (-1000, bind(8))]
    {
        issue(&mut ledger, &test_key(), &change.into(), day(on)).unwrap();
    }
    let seen = desk::preview_purge(&mut ledger, &session(clock()), number(1)).unwrap();
    let named = seen.named.iter().map(|code| (code.license, code.revision.get(), code.host.map(|host| host.0)));
    let wanted = [(1, None), (1, Some(7)), (2, None), (2, Some(7)), (2, Some(8))];
    assert_eq!(named.collect::<Vec<_>>(), wanted.map(|(revision, host)| (license, revision, host)));
}

#[test]
fn checkpoints_from_before_hold_and_a_backup_from_before_brings_the_name_back_and_says_so() {
    let desk = Desk::new();
    put_ledger_key(&desk);
    let path = |name: &str| desk.room().join(name).to_str().unwrap().to_owned();
    let (checkpoint, later, backup) = (path("monday.txt"), path("friday.txt"), path("monday.ledger"));
    sell(&mut desk.ledger(), order_of(number(1), clock()), 100);
    desk.run(&["audit", "checkpoint", "--output", &checkpoint]).assert_done();
    desk.run(&["backup", &backup]).assert_done();
    let purged = desk.run(&["--json", "--yes", "customer", "purge", "1", "--reason", "test"]).json();
    let today = today();
    let wanted = json!({"customer": 1, "purged": today, "removed": ["name"], "requests": [], "licenses": [1],
        "named": [], "kept": [], "erased": true});
    assert_eq!(purged, wanted);
    desk.run(&["audit", "checkpoint", "--output", &later]).assert_done();
    for checkpoint in [&checkpoint, &later] {
        desk.run(&["audit", "verify", "--signatures", "--checkpoint", checkpoint]).assert_done();
    }
    desk.run(&["audit", "verify", "--backup", &backup, "--checkpoint", &checkpoint]).assert_done();
    let restored = desk.run(&["--json", "restore", &backup]).json();
    assert_eq!(restored["purged_since"], json!([1]));
    desk.run(&["audit", "verify", "--signatures", "--checkpoint", &checkpoint]).assert_done();
    assert!(desk.run(&["customer", "show", "1"]).out.contains("Example Hospital Trust"));
    let ran = desk.run(&["--yes", "customer", "purge", "1", "--reason", "test"]);
    assert!(ran.assert_done().out.contains("ledger.sqlite.before-restore-"), "{ran:?}");
    desk.run(&["audit", "verify", "--signatures", "--checkpoint", &checkpoint]).assert_done();
    let again = desk.run(&["restore", &backup]);
    let sentence = "Customer 1 was purged after the backup was made, and is back: \
                    `countersign customer purge 1` removes it again.\n";
    assert!(again.assert_done().out.contains(sentence), "{again:?}");
    desk.assert_ledger_is_sound();
}

#[test]
fn a_purge_is_looked_at_first_and_done_once() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    sell(&mut ledger, order_of(number(1), clock()), 100);
    let before = head(&mut ledger);
    let arguments = ["customer", "purge", "1", "--reason", "End of Life"];
    let preview = desk.run(&[&arguments[..], &["--preview"]].concat());
    assert!(preview.assert_done().out.starts_with("customer 1, Example Hospital Trust\n"), "{preview:?}");
    assert!(preview.out.ends_with("Nothing was removed.\n"), "{preview:?}");
    let json = desk.run(&[&["--json"], &arguments[..], &["--preview"]].concat()).json();
    assert_eq!((&json["purged"], &json["erased"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    // A script says that it means it.
    desk.run(&arguments).assert_complains(2);
    assert_eq!(head(&mut ledger), before);
    if have("script") {
        for (answer, exit) in [("n", 1), ("y", 0)] {
            let mut terminal = Terminal::open(&desk.folder(), "customer purge 1 --reason test");
            terminal.wait_for("Purge it? It cannot be undone. [y/N] ");
            terminal.type_line(answer);
            let (code, shown) = terminal.end();
            assert_eq!(code, Some(exit), "{shown}");
            assert_eq!(head(&mut ledger), before + u64::from(exit == 0), "{shown}");
        }
    } else {
        purge(&mut ledger, number(1));
    }
    // Once more writes the files anew, and nothing into the book.
    let again = desk.run(&[&["--yes"], &arguments[..]].concat());
    assert!(again.assert_done().out.contains("all of it, before"), "{again:?}");
    assert_eq!(head(&mut ledger), before + 1);
    let seen = desk::preview_purge(&mut ledger, &session(clock()), number(1)).unwrap();
    assert_eq!(seen.since, Some(clock()));
}

#[test]
fn what_changed_since_somebody_looked_is_not_purged() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let reason: Name = "test".parse().unwrap();
    let seen = desk::preview_purge(&mut ledger, &session(clock()), number(1)).unwrap();
    let edit = [CustomerEdit::Email(Some("it@hospital.example".parse().unwrap()))];
    desk::change_customer(&mut ledger, &session(clock()), number(1), &edit).unwrap();
    let stale = desk::purge(&mut ledger, &session(clock()), &seen, &reason);
    assert_eq!(refused(stale), Refused::ChangedMeanwhile);
    let seen = desk::preview_purge(&mut ledger, &session(clock()), number(1)).unwrap();
    sell(&mut ledger, order_of(number(1), clock()), -10);
    let stale = refused(desk::purge(&mut ledger, &session(clock()), &seen, &reason));
    assert_eq!(stale, Refused::LicensesNotOver { customer: number(1), licenses: vec![(license(1), day(40))] });
}
