//! What hosts ask for: codes that one host alone accepts, and clock resets.

use crate::common::*;
use crate::key_life::{prepare, second_key};
use activation_code::{
    CodeKind, Day, HostId, HostRequest, IssuerNumber, LicenseNumber, Limit, Nonce, ProductId, Purpose, Revision, Trust,
    UnverifiedClockReset, code_digest, from_rows,
};
use activation_host::program::clock;
use countersign::desk::{
    self, Asked, Change, Clue, DeskFault, Issued, Length, Note, Preview, ProductEdit, Reach, Refused,
};
use countersign::ledger::{Action, Ledger};
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

const HOST: HostId = HostId(0x89ab_cdef);
const OTHER: HostId = HostId(0x0123_4567);

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn product(number: u16) -> ProductId {
    ProductId::new(number).unwrap()
}

fn row(host: HostId, product: Option<u16>, license: Option<u32>) -> String {
    let nonce = Nonce::for_code(0xABCD);
    let (product, license) = (product.and_then(ProductId::new), license.and_then(LicenseNumber::new));
    HostRequest { host, product, license, nonce }.row()
}

fn clock_row(host: HostId, nonce: u16) -> String {
    HostRequest { host, product: None, license: None, nonce: Nonce::for_clock_reset(nonce) }.row()
}

/// A desk with license 1, of ten endpoints of product 7 for a year from today on.
fn sold() -> Desk {
    let desk = Desk::new();
    issue(&mut desk.ledger(), &test_key(), &order(clock(), Some("PO-1")), clock()).unwrap();
    desk
}

fn bind(host: HostId) -> Change {
    Change::Bind { license: license(1), host, product: None }
}

fn perform(ledger: &mut Ledger, change: Change) -> Result<Vec<Issued>, DeskFault> {
    desk::perform(ledger, &session(clock()), &test_key(), &change.into())
}

fn refused(ledger: &mut Ledger, change: Change) -> Refused {
    match perform(ledger, change) {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn year() -> Length {
    Length::Term("1y".parse().unwrap())
}

/// What the program of a host says of a code.
fn host_says(desk: &Desk, code: &Value, host: HostId) -> Value {
    let path = desk.room().join("code.txt");
    fs::write(&path, code["code"]["transport"].as_str().unwrap()).unwrap();
    let activation = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("activation");
    assert!(activation.exists(), "`cargo build --workspace` makes the program `activation`");
    let mut command = program(activation);
    command.args(["inspect", "--json", "--allow-test", "--issuer", ISSUER, "--product", "7", "--host"]);
    let ran = run(command.arg(host.to_string()).arg(&path));
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn a_code_for_one_host_is_accepted_there_and_nowhere_else() {
    let desk = sold();
    let own = desk.run(&["--json", "show", "1"]).json()[0].clone();
    let request = row(HOST, Some(7), Some(1));
    let bound = desk.run(&["--json", "issue", "--request", &request]).json();
    assert_eq!(bound["terms"]["host"], HOST.0);
    let mut terms = bound["terms"].clone();
    terms.as_object_mut().unwrap().remove("host");
    assert_eq!(terms, own["terms"]);
    assert_eq!(host_says(&desk, &bound, HOST)["outcome"], "accepted");
    assert_eq!(host_says(&desk, &bound, OTHER)["reason"], "other-host");
    assert_eq!(host_says(&desk, &own, OTHER)["outcome"], "accepted");

    // The same again, also by another request of that host, is the same code; another host has another one.
    let events = head(&mut desk.ledger());
    assert_eq!(desk.run(&["--json", "issue", "--request", &request]).json()["code"], bound["code"]);
    let later = HostRequest { host: HOST, product: None, license: Some(license(1)), nonce: Nonce::for_code(2) };
    assert_eq!(desk.run(&["--json", "issue", "--request", &later.row()]).json()["code"], bound["code"]);
    assert_eq!(head(&mut desk.ledger()), events);
    let other = desk.run(&["--json", "issue", "--request", &row(OTHER, None, Some(1))]).json();
    assert_eq!((&other["revision"], &other["terms"]["host"]), (&bound["revision"], &OTHER.0.into()));
    assert_eq!(host_says(&desk, &other, OTHER)["outcome"], "accepted");

    let shown = desk.run(&["--json", "show", "1"]).json();
    assert_eq!(
        shown.as_array().unwrap().iter().map(|code| code["terms"]["host"].as_u64()).collect::<Vec<_>>(),
        [None, Some(OTHER.0.into()), Some(HOST.0.into())]
    );
    let history = desk.run(&["--json", "history", "1"]).json();
    assert_eq!((&history[1]["action"], &history[1]["host"]), (&"bound".into(), &HOST.0.into()));
    desk.assert_ledger_is_sound();
}

#[test]
fn a_new_license_for_a_host_is_bound_from_the_first_code_on() {
    let desk = Desk::new();
    let today = today();
    let sale = ["--customer", "1", "--units", "5", "--from", &today, "--term", "1y", "--order", "PO-9"];
    let request = row(HOST, Some(7), None);
    let asked = [&["--json", "issue", "--request", &request][..], &sale].concat();
    let issued = desk.run(&asked).json();
    assert_eq!((&issued["terms"]["product"], &issued["terms"]["host"]), (&7.into(), &HOST.0.into()));
    assert_eq!(host_says(&desk, &issued, HOST)["outcome"], "accepted");
    assert_eq!(host_says(&desk, &issued, OTHER)["reason"], "other-host");
    assert_eq!(desk.run(&asked).json()["code"], issued["code"]);
    // It has its code; another host can have one, too.
    let mut ledger = desk.ledger();
    assert_eq!(perform(&mut ledger, bind(HOST)).unwrap()[0].license.terms().revision, Revision::FIRST);
    let other = perform(&mut ledger, bind(OTHER)).unwrap();
    assert_eq!(other[0].entry.terms.host, Some(OTHER));
    // What is renewed is for the first one, and the other one is named.
    let renew = Change::Renew { license: license(1), length: year(), units: None }.into();
    let Preview::Planned(plan) = desk::preview(&mut ledger, &session(clock()), &renew).unwrap() else { panic!() };
    assert_eq!(plan.entries[0].terms.host, Some(HOST));
    assert!(plan.notes.contains(&Note::BoundHost { license: license(1), host: OTHER }), "{:?}", plan.notes);
    desk.assert_ledger_is_sound();
}

#[test]
fn what_a_request_contradicts_is_refused_by_name() {
    let desk = sold();
    let today = today();
    let says = |arguments: &[&str], code: i32, what: &str| {
        let ran = desk.run(&[&["issue"], arguments].concat());
        ran.assert_complains(code);
        assert!(ran.err.contains(what), "{ran:?}");
    };
    let new = row(HOST, Some(7), None);
    let sale = ["--customer", "1", "--units", "5", "--from", &today, "--term", "1y"];
    says(&[&["--request", &new, "--product", "8"][..], &sale].concat(), 1, "asks for product 7, and this is product 8");
    says(&["--request", &new], 2, "--customer is missing");
    let none = row(HOST, None, None);
    says(&[&["--request", &none][..], &sale].concat(), 2, "--product is missing");
    says(&["--request", &row(HOST, Some(8), Some(1))], 1, "asks for product 8, and this is product 7");
    says(&["--request", &row(HOST, None, Some(1)), "--units", "5"], 2, "--units would change it");
    says(&["--request", &row(HOST, None, Some(2))], 1, "there is no license 2");
    says(&["--request", &clock_row(HOST, 1)], 1, &Refused::AsksForClockReset.to_string());
    says(&sale, 2, "--product");
    let code = desk.run(&["clock-reset", &new]);
    code.assert_complains(1);
    assert!(code.err.contains("asks for a code, not for a clock reset"), "{code:?}");
    // A suite with the product fits.
    assert!(desk.run(&[&["issue", "--request", &new, "--product", "9"][..], &sale].concat()).code == Some(0));
}

#[test]
fn a_mistyped_request_is_not_taken_for_what_it_probably_is() {
    let desk = sold();
    let right = row(HOST, Some(7), Some(1));
    let mut wrong: Vec<char> = right.chars().collect();
    wrong[7] = if wrong[7] == '7' { '8' } else { '7' };
    let wrong: String = wrong.into_iter().collect();
    let ran = desk.run(&["issue", "--request", &wrong]);
    ran.assert_complains(2);
    assert!(ran.err.contains("row 1, group 2") && ran.err.contains(&right), "{ran:?}");
    assert_eq!(desk::bound_codes_of(&mut desk.ledger(), license(1)).unwrap().len(), 0);
    let digits = desk.run(&["--json", "issue", "--request", &format!("Row 1) {right}")]).json();
    assert_eq!(digits["terms"]["host"], HOST.0);
    let code = digits["code"]["letters"][0].as_str().unwrap();
    let kind = desk.run(&["issue", "--request", code]);
    kind.assert_complains(2);
    assert!(kind.err.contains("wanted a host request"), "{kind:?}");
}

#[test]
fn a_renewal_that_waits_is_bound_with_the_running_period_and_later_ones_when_they_are_asked_for() {
    let desk = sold();
    let mut ledger = desk.ledger();
    let first = perform(&mut ledger, bind(HOST)).unwrap();
    assert_eq!(first.len(), 1);
    let renew = Change::Renew { license: license(1), length: year(), units: None };
    let Preview::Planned(plan) = desk::preview(&mut ledger, &session(clock()), &renew.clone().into()).unwrap() else {
        panic!()
    };
    assert!(plan.notes.contains(&Note::BoundHost { license: license(1), host: HOST }));
    let renewed = perform(&mut ledger, renew).unwrap();
    assert_eq!((renewed[0].entry.terms.revision.get(), renewed[0].entry.terms.host), (2, None));
    let both = perform(&mut ledger, bind(HOST)).unwrap();
    assert_eq!(both.iter().map(|code| code.entry.terms.revision.get()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(both[0].license.code(), first[0].license.code());
    // No number was used.
    let more = Change::AddUnits { license: license(1), more: order_units(1), reach: Reach::License };
    let added = perform(&mut ledger, more).unwrap();
    assert_eq!(added.iter().map(|code| code.entry.terms.revision.get()).collect::<Vec<_>>(), [3, 4]);
    let again = perform(&mut ledger, bind(HOST)).unwrap();
    assert_eq!(again.iter().map(|code| code.entry.terms.revision.get()).collect::<Vec<_>>(), [3, 4]);
    assert!(again.iter().all(|code| code.entry.terms.units.get() == 11));
    desk.assert_ledger_is_sound();
}

fn order_units(units: u32) -> activation_code::Units {
    activation_code::Units::new(units).unwrap()
}

#[test]
fn what_was_bound_is_found_and_given_out_again() {
    let desk = sold();
    let mut ledger = desk.ledger();
    let codes = [HOST, OTHER].map(|host| perform(&mut ledger, bind(host)).unwrap().remove(0));
    for code in &codes {
        let text = code.license.code();
        let host = code.entry.terms.host;
        for (row, at) in text.letters().iter().zip(1..) {
            // The first row does not get as far as the host.
            let host = host.filter(|_| at > 1);
            let found = desk::find(&mut ledger, &Clue::Rows(vec![row.clone()])).unwrap();
            let [found] = &found.licenses[..] else { panic!("{found:?}") };
            assert_eq!((found.listed.license.number, found.by.host()), (license(1), host), "{row}");
        }
        let found = desk::find(&mut ledger, &Clue::Rows(vec![text.transport()])).unwrap();
        assert_eq!(found.licenses[0].by.host(), host);
        let given = desk::reprint_for(&mut ledger, &session(clock()), license(1), None, host).unwrap();
        assert_eq!(given[0].license.code(), text);
        let printed = desk.run(&["--json", "reprint", "--row", &text.letters()[2]]).json();
        assert_eq!(printed[0]["code"]["transport"], text.transport());
        let printed = desk.run(&["--json", "reprint", "1", "--host", &host.unwrap().to_string()]).json();
        assert_eq!(printed[0]["code"]["transport"], text.transport());
    }
    let own = desk::reprint(&mut ledger, &session(clock()), license(1), None).unwrap();
    assert_eq!(own[0].entry.terms.host, None);
    let nobody = desk::reprint_for(&mut ledger, &session(clock()), license(1), None, Some(HostId(5)));
    assert!(matches!(nobody, Err(DeskFault::Refused(Refused::NotBound { .. }))));
    let last = ledger.read(|book| book.events_from(head_of(book), 1)).unwrap();
    assert_eq!(last[0].action, Action::Reprinted);
    desk.assert_ledger_is_sound();
}

fn head_of(book: &countersign::ledger::Book<'_>) -> u64 {
    book.head().unwrap().unwrap().sequence
}

#[test]
fn a_revoked_license_or_one_past_its_end_of_life_is_bound_to_nothing() {
    let desk = sold();
    let mut ledger = desk.ledger();
    perform(&mut ledger, bind(HOST)).unwrap();
    let ended = [ProductEdit::EndOfLife(Some(clock().plus(-1).unwrap()))];
    desk::change_product(&mut ledger, &session(clock()), product(7), &ended).unwrap();
    assert!(matches!(refused(&mut ledger, bind(OTHER)), Refused::EndOfLife { .. }));
    desk::change_product(&mut ledger, &session(clock()), product(7), &[ProductEdit::EndOfLife(None)]).unwrap();
    desk::limit_issuer(&mut ledger, &session(clock()), IssuerNumber::new(1).unwrap(), &"units=9".parse().unwrap())
        .unwrap();
    assert!(matches!(refused(&mut ledger, bind(OTHER)), Refused::IssuerLimit { limit: Limit::Units, .. }));
    revoke(&mut ledger, &session(clock()), license(1), None).unwrap();
    for host in [HOST, OTHER] {
        assert!(matches!(refused(&mut ledger, bind(host)), Refused::Revoked(_)));
    }
    let given = desk::reprint_for(&mut ledger, &session(clock()), license(1), None, Some(HOST));
    assert!(matches!(given, Err(DeskFault::Refused(Refused::Revoked(_)))));
}

#[test]
fn a_large_license_is_bound_when_a_second_operator_says_yes() {
    let desk = sold();
    let mut ledger = desk.ledger();
    desk::set_limits(&mut ledger, &session(clock()), &[desk::LimitEdit::ApprovalAbove(Some(9))]).unwrap();
    let asked: Asked = bind(HOST).into();
    assert_eq!(Asked::from_text(&asked.to_text()).unwrap(), asked);
    assert!(matches!(refused(&mut ledger, bind(HOST)), Refused::NeedsApproval { above: 9 }));
    use countersign::ledger::Role::LicenseManager;
    let [anna, berta] = ["anna", "berta"].map(|name| {
        let operator = add_operator(&mut ledger, name, LicenseManager, Some(PASSPHRASE));
        desk::Session { operator, ..session(clock()) }
    });
    let request = desk::request(&mut ledger, &anna, &asked).unwrap();
    let pending = desk::preview_request(&mut ledger, &berta, request.number).unwrap();
    let bound = desk::carry_out(&mut ledger, &berta, &test_key(), &pending.plan).unwrap();
    assert_eq!(bound[0].entry.terms.host, Some(HOST));
    desk.assert_ledger_is_sound();
}

#[test]
fn two_who_bind_at_once_make_one_code() {
    let desk = sold();
    let (mut one, mut other) = (desk.ledger(), desk.ledger());
    let asked: Asked = bind(HOST).into();
    let Preview::Planned(plan) = desk::preview(&mut one, &session(clock()), &asked).unwrap() else { panic!() };
    let quicker = perform(&mut other, bind(HOST)).unwrap();
    let slower = desk::carry_out(&mut one, &session(clock()), &test_key(), &plan).unwrap();
    assert_eq!(slower[0].license.code(), quicker[0].license.code());
    assert_eq!(desk::bound_codes_of(&mut one, license(1)).unwrap().len(), 1);
    desk.assert_ledger_is_sound();
}

#[test]
fn codes_for_hosts_of_a_stolen_key_are_listed_until_the_host_can_have_another_one() {
    let desk = sold();
    let mut ledger = desk.ledger();
    let bound = perform(&mut ledger, bind(HOST)).unwrap();
    let number = IssuerNumber::new(1).unwrap();
    let loss = desk::preview_loss(&mut ledger, &session(clock()), number, &|_, _| {}).unwrap();
    // The own code of the license, and the one for the host; each is a line of 42 bytes.
    assert_eq!((loss.codes, loss.licenses, loss.listed, loss.bundle_bytes), (2, 1, 2, 84));
    let next = countersign::signer::SoftwareKey::from_seed(&[22; 32]).unwrap();
    use countersign::signer::Signer as _;
    let prepared = activation_code::PinnedIssuer { number: IssuerNumber::new(2).unwrap(), key: next.public_key() };
    desk::prepare_issuer(&mut ledger, &session(clock()), prepared).unwrap();
    let unused = desk::preview_loss(&mut ledger, &session(clock()), prepared.number, &|_, _| {}).unwrap();
    assert_eq!((unused.codes, unused.licenses, unused.listed, unused.bundle_bytes), (0, 0, 0, 0));
    let loss = desk::preview_loss(&mut ledger, &session(clock()), number, &|_, _| {}).unwrap();
    desk::lose_issuer(&mut ledger, &session(clock()), &loss).unwrap();
    let roots = activation_code::Roots::new(1, [test_root().public_key()]).unwrap();
    let listed = |ledger: &mut Ledger| {
        let draft = desk::draft_bundle(ledger, clock(), Some(&roots)).unwrap();
        draft.bundle().unwrap().listed
    };
    let digest = (number, code_digest(bound[0].license.code().as_bytes()));
    assert!(listed(&mut ledger).contains(&digest));
    assert_eq!(desk::stolen_issuers(&mut ledger).unwrap(), [number]);
    let text = desk::draft_bundle(&mut ledger, clock(), Some(&roots)).unwrap().to_string();
    let lines: usize = text.split_inclusive('\n').filter(|line| line.starts_with("listed ")).map(str::len).sum();
    assert_eq!(lines as u64, loss.bundle_bytes);
    let reissue = Change::Reissue { license: license(1), lost: number };
    desk::perform(&mut ledger, &session(clock()), &next, &reissue.into()).unwrap();
    // The new code is for every host, so that nobody needs the old ones.
    assert_eq!(listed(&mut ledger), []);
    let again = desk::perform(&mut ledger, &session(clock()), &next, &bind(HOST).into()).unwrap();
    assert_eq!((again[0].entry.terms.revision.get(), again[0].entry.terms.issuer.get()), (2, 2));
    desk.assert_ledger_is_sound();
}

#[test]
fn a_license_of_which_a_stolen_key_signed_codes_for_hosts_alone_is_counted_once() {
    let desk = sold();
    let mut ledger = desk.ledger();
    let next = second_key();
    prepare(&desk, 2, &next);
    perform(&mut ledger, bind(OTHER)).unwrap();
    desk.run(&["key", "rotate", "--without-bundle"]).assert_done();
    desk::perform(&mut ledger, &session(clock()), &next, &bind(HOST).into()).unwrap();
    let mut loss = |number: u16| {
        let number = IssuerNumber::new(number).unwrap();
        let loss = desk::preview_loss(&mut ledger, &session(clock()), number, &|_, _| {}).unwrap();
        (loss.codes, loss.licenses)
    };
    assert_eq!((loss(1), loss(2)), ((2, 1), (1, 1)));
}

#[test]
fn a_clock_reset_is_what_the_verifier_accepts_and_the_same_again() {
    let desk = sold();
    let request = clock_row(HOST, 0x1234);
    let answer = desk.run(&["--json", "clock-reset", &request]).json();
    let signed = &answer["clock_reset"];
    assert_eq!((&signed["host"], &signed["nonce"]), (&HOST.0.into(), &0x1235.into()));
    assert_eq!((&signed["day"], &signed["issuer"]), (&today().into(), &1.into()));
    let rows = |form: &str| -> Vec<String> {
        let rows = signed[form].as_array().unwrap().iter();
        rows.map(|row| row.as_str().unwrap().to_owned()).collect()
    };
    let (letters, digits) = (rows("letters"), rows("digits"));
    assert_eq!((letters.len(), digits.len()), (6, 6));
    assert_eq!(from_rows(CodeKind::ClockReset, &letters), from_rows(CodeKind::ClockReset, &digits));
    let trust = Trust::pinned(Purpose::Testing, [ISSUER.parse().unwrap()]).unwrap();
    let reset = trust.verify_clock_reset(&UnverifiedClockReset::read(&digits).unwrap()).unwrap();
    assert_eq!((reset.terms().host, reset.terms().nonce), (HOST, Nonce(0x1235)));
    assert_eq!(desk.run(&["--json", "clock-reset", &request]).json(), answer);
    let earlier = desk.run(&["--json", "clock-reset", &request, "--day", "2026-01-01"]).json();
    assert_eq!(earlier["clock_reset"]["day"], "2026-01-01");
    let told = desk.ledger().read(|book| book.last_event_of(Action::ClockReset)).unwrap().unwrap();
    assert_eq!(told.facts, r#"{"day":"2026-01-01","host":2309737967,"issuer":1,"nonce":4661}"#);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_clock_is_not_reset_to_a_day_that_has_not_come_or_that_the_key_may_not_sign() {
    let desk = sold();
    let mut ledger = desk.ledger();
    let asked = (HOST, Nonce::for_clock_reset(1));
    let mut on = |day: Day| match desk::preview_clock_reset(&mut ledger, &session(clock()), asked, day) {
        Err(DeskFault::Refused(refused)) => Some(refused),
        other => other.map(|_| None).unwrap(),
    };
    assert_eq!(on(clock()), None);
    assert!(matches!(on(clock().plus(1).unwrap()), Some(Refused::NoResetDay { .. })));
    assert!(matches!(on("2019-12-31".parse().unwrap()), Some(Refused::NoResetDay { .. })));
    let code = desk::preview_clock_reset(&mut desk.ledger(), &session(clock()), (HOST, Nonce::for_code(1)), clock());
    assert!(matches!(code, Err(DeskFault::Refused(Refused::AsksForCode))));
    let limits = "from=2026-11-02 to=2026-11-10".parse().unwrap();
    desk::limit_issuer(&mut desk.ledger(), &session(clock()), IssuerNumber::new(1).unwrap(), &limits).unwrap();
    assert!(matches!(on("2026-11-01".parse().unwrap()), Some(Refused::IssuerLimit { limit: Limit::From, .. })));
    assert!(matches!(on("2026-11-11".parse().unwrap()), Some(Refused::IssuerLimit { limit: Limit::To, .. })));
    for last_or_first in ["2026-11-02", "2026-11-10"] {
        assert_eq!(on(last_or_first.parse().unwrap()), None);
    }
}

#[test]
fn a_printed_code_for_a_host_is_read_in_again_and_one_with_other_terms_is_not() {
    let (desk, lost) = (sold(), sold());
    let bound = perform(&mut desk.ledger(), bind(HOST)).unwrap();
    let printed =
        |code: &Issued| vec![desk::PrintedText { name: "paper".to_owned(), text: code.license.code().transport() }];
    let mut ledger = lost.ledger();
    let read = desk::import(&mut ledger, &session(clock()), &printed(&bound[0]), None).unwrap();
    assert_eq!((read.codes.len(), read.known), (1, 0));
    assert_eq!(perform(&mut ledger, bind(HOST)).unwrap()[0].license.code(), bound[0].license.code());
    let again = desk::import(&mut ledger, &session(clock()), &printed(&bound[0]), None).unwrap();
    assert_eq!((again.codes.len(), again.known), (0, 1));
    lost.assert_ledger_is_sound();
    let mut terms = bound[0].entry.terms.clone();
    terms.units = order_units(99);
    terms.host = Some(OTHER);
    let other = work::signed(1, terms);
    let payload = other.terms.to_payload().unwrap();
    let code = activation_code::ActivationCode::from_parts(&payload, &other.signature).unwrap();
    let text = vec![desk::PrintedText { name: "paper".to_owned(), text: code.transport() }];
    let conflict = desk::import(&mut ledger, &session(clock()), &text, None);
    assert!(matches!(conflict, Err(DeskFault::Refused(Refused::Import(_)))), "{conflict:?}");
}

#[test]
fn killed_before_any_system_call_a_host_has_exactly_its_code() {
    if !have("strace") {
        return;
    }
    const CALLS: &str = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink";
    let desk = sold();
    let log = desk.room().join("strace.log");
    let traced = |host: HostId, extra: &[&str]| {
        let request = row(host, None, Some(1));
        let command = desk.command(&["--json", "issue", "--request", &request]);
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}")]).args(extra);
        strace.arg(command.get_program()).args(command.get_args()).env_remove("COUNTERSIGN_DESK");
        strace.stdin(Stdio::null()).output().unwrap()
    };
    assert!(traced(HostId(0), &[]).status.success());
    let calls = calls_that_concern_the_ledger(&fs::read_to_string(&log).unwrap());
    let mut kills = 0;
    for ((call, nth), host) in calls.iter().zip(1..) {
        let host = HostId(host);
        let killed = traced(host, &["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
        kills += usize::from(killed.status.signal() == Some(9));
        let now = desk.run(&["--json", "issue", "--request", &row(host, None, Some(1))]).json();
        assert_eq!((&now["revision"], &now["terms"]["host"]), (&1.into(), &host.0.into()), "{call} {nth}");
        if let Ok(printed) = serde_json::from_slice::<Value>(&killed.stdout) {
            assert_eq!(printed["code"], now["code"], "{call} {nth}");
        }
    }
    assert!(kills * 10 > calls.len() * 9, "{kills} kills at {} calls", calls.len());
    say(&format!("{kills} processes killed that bound a license, one before each of {} system calls", calls.len()));
    assert_eq!(desk::bound_codes_of(&mut desk.ledger(), license(1)).unwrap().len(), calls.len() + 1);
    desk.assert_ledger_is_sound();
}
