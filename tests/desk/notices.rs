//! What customers are told: that a license ends (domain rule D3), and what they have (rule D18).

use crate::common::*;
use activation_code::{Day, Kind, LicenseNumber, Units};
use activation_host::program::clock;
use countersign::desk::{
    self, Asked, Change, Clock, CustomerEdit, DeskFault, LicenseState, Noticed, NoticesWanted, Order, Refused, Session,
    Whose,
};
use countersign::ledger::{
    AccountKind, AccountNumber, CustomerNumber, Ledger, OperatorName, Privilege, Privileges, Role,
};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn customer(number: u32) -> CustomerNumber {
    CustomerNumber::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn usual() -> NoticesWanted {
    NoticesWanted { thresholds: desk::NOTICE_THRESHOLDS.into(), within: 60, again: false }
}

/// A license of the first customer that ends so many days from today.
fn ending_in(ledger: &mut Ledger, days: u32) -> LicenseNumber {
    ending(ledger, days, |order| order)
}

fn ending(ledger: &mut Ledger, days: u32, other: impl Fn(Order) -> Order) -> LicenseNumber {
    let first = clock().plus_or_last(days);
    let first = Day::from_days_since_2020(first.days_since_2020() - 364).unwrap();
    let Change::Issue(order) = order(first, None).change else { unreachable!() };
    let issued = issue(ledger, &test_key(), &Asked::from(Change::Issue(other(order))), clock()).unwrap();
    assert_eq!(issued.entry.period.last().days_after(clock()), days as i32);
    issued.entry.terms.license
}

/// License and threshold of what is due on a day.
fn due(ledger: &mut Ledger, day: Day, wanted: &NoticesWanted) -> Vec<(u32, u16)> {
    let page = desk::notices_due(ledger, &session(day), wanted, None, 100).unwrap();
    page.due.iter().map(|due| (due.listed.license.number.get(), due.threshold)).collect()
}

fn write_all(ledger: &mut Ledger, day: Day, wanted: &NoticesWanted) {
    for due in desk::notices_due(ledger, &session(day), wanted, None, 100).unwrap().due {
        assert_eq!(desk::record_notice(ledger, &session(day), &due).unwrap(), Noticed::Now);
    }
}

#[test]
fn a_customer_hears_at_sixty_days_and_at_thirty_and_once_of_each() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    ending_in(&mut ledger, 61);
    let today = clock();
    let on = |days: i32| today.plus(days).unwrap();
    assert_eq!(due(&mut ledger, today, &usual()), []);
    assert_eq!(due(&mut ledger, on(1), &usual()), [(1, 60)]);
    assert_eq!(due(&mut ledger, on(20), &usual()), [(1, 60)], "nobody wrote it yet");
    write_all(&mut ledger, on(20), &usual());
    assert_eq!(due(&mut ledger, on(20), &usual()), []);
    assert_eq!(due(&mut ledger, on(30), &usual()), []);
    // The day on which thirty are left, and the last day of all.
    assert_eq!(due(&mut ledger, on(31), &usual()), [(1, 30)]);
    assert_eq!(due(&mut ledger, on(61), &usual()), [(1, 30)]);
    assert_eq!(due(&mut ledger, on(62), &usual()), []);
    write_all(&mut ledger, on(40), &usual());
    assert_eq!(due(&mut ledger, on(61), &usual()), []);
    let again = NoticesWanted { again: true, ..usual() };
    assert_eq!(due(&mut ledger, on(61), &again), [(1, 30)]);
    let written = desk::notices_written(&mut ledger, None, 9).unwrap();
    let lines: Vec<_> = written.iter().map(|it| (it.license.get(), it.threshold, it.day)).collect();
    assert_eq!(lines, [(1, 30, on(40)), (1, 60, on(20))]);
    drop(ledger);
    desk.assert_ledger_is_sound();
}

#[test]
fn who_hears_late_hears_once_and_the_nearer_threshold() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    ending_in(&mut ledger, 10);
    assert_eq!(due(&mut ledger, clock(), &usual()), [(1, 30)]);
    write_all(&mut ledger, clock(), &usual());
    assert_eq!(due(&mut ledger, clock(), &usual()), []);
}

#[test]
fn what_was_renewed_or_revoked_or_is_no_sale_has_no_notice() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let [renewed, revoked, stays] = [10, 11, 12].map(|days| ending_in(&mut ledger, days));
    let kind = Some(Kind::Evaluation);
    ending(&mut ledger, 13, |order| Order { kind, ..order });
    ending(&mut ledger, 14, |order| Order { test: true, ..order });
    let length = desk::Length::Term("1y".parse().unwrap());
    let renewal = Change::Renew { license: renewed, length, units: None };
    issue(&mut ledger, &test_key(), &renewal.into(), today).unwrap();
    revoke(&mut ledger, &session(today), revoked, None).unwrap();
    assert_eq!(due(&mut ledger, today, &usual()), [(stays.get(), 30)]);
}

#[test]
fn more_units_to_the_same_day_are_no_reason_to_tell_it_twice_but_another_end_is() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let license = ending_in(&mut ledger, 20);
    write_all(&mut ledger, today, &usual());
    let more = Change::AddUnits { license, more: Units::new(5).unwrap(), reach: desk::Reach::License };
    issue(&mut ledger, &test_key(), &more.into(), today).unwrap();
    assert_eq!(due(&mut ledger, today, &usual()), []);
    let length = desk::Length::Term("1m".parse().unwrap());
    issue(&mut ledger, &test_key(), &Change::Renew { license, length, units: None }.into(), today).unwrap();
    assert_eq!(due(&mut ledger, today, &usual()), [(1, 60)]);
}

#[test]
fn no_threshold_is_later_than_thirty_days_ahead() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    for days in [0, 29, 367] {
        let wanted = NoticesWanted { thresholds: vec![60, days], ..usual() };
        let refusal = refused(desk::notices_due(&mut ledger, &session(clock()), &wanted, None, 1));
        assert_eq!(refusal, Refused::Threshold { days });
    }
    desk.run(&["notices", "write", "--into", ".", "--threshold", "29"]).assert_complains(1);
}

#[test]
fn two_who_write_the_same_notice_record_it_once_and_what_changed_meanwhile_is_not_recorded() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let license = ending_in(&mut ledger, 20);
    let mine = desk::notices_due(&mut ledger, &session(today), &usual(), None, 9).unwrap().due.remove(0);
    let theirs = mine.clone();
    assert_eq!(desk::record_notice(&mut ledger, &session(today), &mine).unwrap(), Noticed::Now);
    let before = head(&mut ledger);
    assert_eq!(desk::record_notice(&mut ledger, &session(today), &theirs).unwrap(), Noticed::Meanwhile);
    assert_eq!(head(&mut ledger), before);
    let again = NoticesWanted { again: true, ..usual() };
    let due = desk::notices_due(&mut ledger, &session(today), &again, None, 9).unwrap().due.remove(0);
    let length = desk::Length::Term("1y".parse().unwrap());
    issue(&mut ledger, &test_key(), &Change::Renew { license, length, units: None }.into(), today).unwrap();
    assert_eq!(refused(desk::record_notice(&mut ledger, &session(today), &due)), Refused::ChangedMeanwhile);
}

/// A partner with the second customer, and one of its people.
fn with_partner(ledger: &mut Ledger, privileges: &[Privilege]) -> (AccountNumber, Session) {
    let today = clock();
    let admin = session(today);
    let name = "Example City Council".parse().unwrap();
    desk::add_customer(ledger, &admin, &name, None, [2; 16]).unwrap();
    let privileges = Privileges::of(privileges.iter().copied());
    let name = "North Systems".parse().unwrap();
    let account = (AccountKind::Reseller, &name);
    let north = desk::add_account(ledger, &admin, account, &[], privileges, [3; 16]).unwrap().number;
    let edit = [CustomerEdit::Reseller(Some(north))];
    desk::change_customer(ledger, &admin, customer(2), &edit).unwrap();
    let name: OperatorName = "nora".parse().unwrap();
    let operator = desk::add_operator_of(ledger, &admin, &name, Role::AccountManager, None, Some(north)).unwrap();
    (north, Session { operator, today, clock: Clock::Unconfirmed })
}

#[test]
fn a_partners_operator_tells_its_own_customers_alone() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let (_, nora) = with_partner(&mut ledger, &[Privilege::Renew]);
    let foreign = ending_in(&mut ledger, 20);
    let own = ending(&mut ledger, 21, |order| Order { customer: customer(2), ..order });
    let page = desk::notices_due(&mut ledger, &nora, &usual(), None, 9).unwrap();
    assert_eq!(page.due.iter().map(|due| due.listed.license.number).collect::<Vec<_>>(), [own]);
    desk::record_notice(&mut ledger, &nora, &page.due[0]).unwrap();
    let all = desk::notices_due(&mut ledger, &session(clock()), &usual(), None, 9).unwrap();
    assert_eq!(all.due[0].listed.license.number, foreign);
    let refusal = refused(desk::record_notice(&mut ledger, &nora, &all.due[0]));
    assert!(matches!(refusal, Refused::OthersCustomer { .. }), "{refusal:?}");
}

#[test]
fn pages_of_notices_have_every_one_once() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    for days in [20, 20, 21, 21, 21, 40, 59] {
        ending_in(&mut ledger, days);
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = desk::notices_due(&mut ledger, &session(clock()), &usual(), after, 2).unwrap();
        seen.extend(page.due.iter().map(|due| due.listed.license.number.get()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_notice_whose_recording_was_lost_is_written_again_over_the_same_file() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    ending_in(&mut ledger, 20);
    drop(ledger);
    let outbox = desk.room().join("outbox");
    std::fs::create_dir(&outbox).unwrap();
    desk.run(&["customer", "change", "1", "--email", "it@hospital.example"]).assert_done();
    desk.run(&["bundle", "contact", "licenses@example.com"]).assert_done();
    let write = |more: &[&str]| desk.run(&[&["notices", "write", "--into", outbox.to_str().unwrap()], more].concat());
    let before = std::fs::read(desk.ledger_path()).unwrap();
    write(&[]).assert_done();
    let files = || {
        let names = std::fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let last = clock().plus(20).unwrap();
    assert_eq!(files(), [format!("notice-1-{last}-30.eml")]);
    // As if the program had been killed between the file and the ledger.
    std::fs::write(desk.ledger_path(), before).unwrap();
    let again = write(&["--json"]);
    assert_eq!(again.json()[0]["license"], 1);
    assert!(again.err.contains("was there before"), "{again:?}");
    assert_eq!(files().len(), 1);
    assert_eq!(write(&[]).assert_done().out, "no notice is due\n");
    // What is there with other contents is nobody's to overwrite.
    std::fs::write(outbox.join(&files()[0]), "mine").unwrap();
    let refused = write(&["--again"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(std::fs::read(outbox.join(&files()[0])).unwrap(), b"mine");
}

#[test]
fn a_statement_has_all_licenses_of_a_customer_and_the_codes_that_count() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let license_1 = ending_in(&mut ledger, 20);
    let revoked = ending_in(&mut ledger, 30);
    revoke(&mut ledger, &session(today), revoked, None).unwrap();
    ending_in(&mut ledger, 400);
    let length = desk::Length::Term("1y".parse().unwrap());
    let renew = Change::Renew { license: license_1, length, units: None };
    let renewed = issue(&mut ledger, &test_key(), &renew.into(), today).unwrap();
    let statement = desk::statement(&mut ledger, &session(today), Whose::Customer(customer(1)), true).unwrap();
    let lines: Vec<_> = statement
        .holdings
        .iter()
        .map(|it| {
            (
                it.listed.license.number.get(),
                it.state,
                it.codes.iter().map(|code| code.entry.terms.revision.get()).collect::<Vec<_>>(),
            )
        })
        .collect();
    let (active, later) = (LicenseState::Active, LicenseState::NotYetValid);
    assert_eq!(lines, [(1, active, vec![1, 2]), (2, LicenseState::Revoked, vec![]), (3, later, vec![1])]);
    assert_eq!(statement.holdings[0].codes[1].license.code().letters(), renewed.license.code().letters());
    let before = head(&mut ledger);
    let without = desk::statement(&mut ledger, &session(today), Whose::Customer(customer(1)), false).unwrap();
    assert!(without.holdings.iter().all(|holding| holding.codes.is_empty()));
    let events = events_after(&mut ledger, before);
    assert_eq!(events[0].facts, r#"{"codes":0,"customer":1,"licenses":3}"#);
    drop(ledger);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_partners_statement_has_its_own_customers_alone_and_only_for_itself() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let (north, nora) = with_partner(&mut ledger, &[Privilege::Reprint]);
    ending_in(&mut ledger, 20);
    let own = ending(&mut ledger, 21, |order| Order { customer: customer(2), ..order });
    let admin = session(clock());
    for who in [&admin, &nora] {
        let statement = desk::statement(&mut ledger, who, Whose::Account(north), true).unwrap();
        let licenses: Vec<_> = statement.holdings.iter().map(|it| it.listed.license.number).collect();
        assert_eq!(licenses, [own]);
    }
    let name = "South".parse().unwrap();
    let south = (AccountKind::Msp, &name);
    let south = desk::add_account(&mut ledger, &admin, south, &[], Privileges::default(), [4; 16]).unwrap().number;
    let refusal = refused(desk::statement(&mut ledger, &nora, Whose::Account(south), false));
    assert_eq!(refusal, Refused::OthersAccount { account: north, other: south });
    let refusal = refused(desk::statement(&mut ledger, &nora, Whose::Customer(customer(1)), false));
    assert_eq!(refusal, Refused::OthersCustomer { account: north, customer: customer(1) });
    let none = desk::statement(&mut ledger, &admin, Whose::Account(south), true).unwrap();
    assert!(none.holdings.is_empty());
    assert_eq!(own, license(2));
}

#[test]
fn the_codes_of_a_long_statement_can_be_entered_from_its_text() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    for days in 20..60 {
        ending_in(&mut ledger, days);
    }
    drop(ledger);
    let file = desk.room().join("statement.html");
    let done = desk.run(&["statement", "--customer", "1", file.to_str().unwrap()]);
    assert_eq!(done.assert_done().out, "40 licenses, 40 codes\n");
    let page = std::fs::read_to_string(&file).unwrap();
    let (_, codes) = page.split_once("Activation codes").unwrap();
    let listed = licenses(&mut desk.ledger());
    assert_eq!(listed.len(), 40);
    let codes_of = |number| desk::codes_of(&mut desk.ledger(), number).unwrap();
    for (record, _) in listed {
        for row in codes_of(record.number)[0].license.code().letters() {
            assert!(codes.contains(&row), "{row} of license {}", record.number);
        }
    }
}

/// What Python's parser, which is strict here, finds in a mail.
const SCRIPT: &str = "
import sys, email, json
from email import policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=policy.strict)
defects = [str(d) for p in mail.walk() for d in p.defects] + [str(d) for v in mail.values() for d in v.defects]
enclosed = next(mail.iter_attachments())
print(json.dumps({
    'defects': defects, 'headers': sorted(mail.keys()), 'subject': mail['subject'],
    'to': [(a.display_name, a.addr_spec) for a in mail['to'].addresses],
    'from': [(a.display_name, a.addr_spec) for a in mail['from'].addresses],
    'file': enclosed.get_filename(), 'type': enclosed.get_content_type(), 'calendar': enclosed.get_content(),
    'plain': mail.get_body(('plain',)).get_content(),
}))";

#[test]
fn a_notice_is_a_mail_to_the_customer_that_names_its_reseller_and_brings_the_last_day() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    ending_in(&mut ledger, 20);
    drop(ledger);
    // Short enough for one encoded word: this parser makes a space of the end of one.
    let name = "Müller; <it@b.example>, Bcc: x@y.example";
    desk.run(&["account", "add", "Süd, \"&\"; END:VCALENDAR", "--kind", "msp", "--telephone", "+44 20 7946 0000"])
        .assert_done();
    let change = ["customer", "change", "1", "--name", name, "--email", "it@hospital.example", "--reseller", "1"];
    desk.run(&change).assert_done();
    desk.run(&["bundle", "contact", "licenses@example.com"]).assert_done();
    let outbox = desk.room().to_str().unwrap().to_owned();
    let written = desk.run(&["notices", "write", "--into", &outbox, "--json"]).json();
    let bytes = std::fs::read(desk.room().join(written[0]["file"].as_str().unwrap())).unwrap();
    if !have("python3") {
        return;
    }
    let mut python = Command::new("python3");
    let python = python.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(&bytes).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(read["defects"], serde_json::json!([]));
    let headers =
        ["Content-Language", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To", "X-Unsent"];
    assert_eq!(read["headers"], serde_json::json!(headers));
    assert_eq!(read["to"], serde_json::json!([[name, "it@hospital.example"]]));
    assert_eq!(read["from"][0][1], "licenses@example.com");
    let last = clock().plus(20).unwrap();
    assert!(read["plain"].as_str().unwrap().replace("\r\n", " ").contains("Bcc: x@y.example"), "{read}");
    assert_eq!((&read["file"], &read["type"]), (&"last-day.ics".into(), &"text/calendar".into()));
    let calendar = read["calendar"].as_str().unwrap().replace("\r\n", "\n");
    let day = last.to_string().replace('-', "");
    for line in ["BEGIN:VCALENDAR", &format!("DTSTART;VALUE=DATE:{day}"), "UID:license-1@example.com", "SEQUENCE:1"] {
        assert_eq!(calendar.lines().filter(|it| *it == line).count(), 1, "{line} in {calendar}");
    }
    assert_eq!(calendar.lines().filter(|line| *line == "END:VCALENDAR").count(), 1, "{calendar}");
    assert!(calendar.replace("\n ", "").contains("+44 20 7946 0000"), "{calendar}");
}
