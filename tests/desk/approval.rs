//! Above the threshold one operator asks and another one issues.

use crate::common::*;
use activation_code::{LicenseNumber, PublicKey, SIGNATURE_BYTES, Units};
use activation_host::program::clock;
use countersign::desk::{
    self, Approval, Asked, Change, DeskFault, Issued, LimitEdit, OperatorEdit, Order, Pending, Plan, Preview, Reach,
    Refused, Session,
};
use countersign::ledger::{Action, Ledger, Operator, RequestState, Role};
use countersign::signer::{Signer, SignerFault, SoftwareKey};
use std::cell::RefCell;

/// A desk where more than 100 units need two: anna asks, bernd approves.
struct Room {
    desk: Desk,
    ledger: Ledger,
    anna: Session,
    bernd: Session,
}

fn as_operator(operator: Operator) -> Session {
    Session { operator, ..session(clock()) }
}

impl Room {
    fn new() -> Self {
        let desk = Desk::new();
        let mut ledger = desk.ledger();
        let anna = as_operator(add_operator(&mut ledger, "anna", Role::AccountManager, Some("anna's own")));
        let bernd = as_operator(add_operator(&mut ledger, "bernd", Role::LicenseManager, Some("bernd's own")));
        desk::set_limits(&mut ledger, &session(clock()), &[LimitEdit::ApprovalAbove(Some(100))]).unwrap();
        Self { desk, ledger, anna, bernd }
    }

    fn ask(&mut self, asked: &Asked) -> u32 {
        desk::request(&mut self.ledger, &self.anna, asked).unwrap().number
    }

    fn pending(&mut self, by: &Session, number: u32) -> Result<Pending, Refused> {
        refusal(desk::preview_request(&mut self.ledger, by, number))
    }

    fn approve(&mut self, by: &Session, number: u32) -> Result<Vec<Issued>, Refused> {
        let plan = self.pending(by, number)?.plan;
        refusal(desk::carry_out(&mut self.ledger, by, &test_key(), &plan))
    }

    fn state(&mut self, number: u32) -> RequestState {
        let all = desk::requests(&mut self.ledger, None).unwrap();
        all.into_iter().find(|answered| answered.request.number == number).unwrap().request.state
    }

    /// `countersign` of somebody who types their passphrase.
    fn run_as(&self, operator: &str, arguments: &[&str]) -> Ran {
        let file = self.desk.room().join(format!("{operator}-typed"));
        write_secret(&file, format!("{operator}'s own"));
        let mut command = self.desk.command(&["--operator", operator, "--operator-file"]);
        run(command.arg(file).args(arguments))
    }
}

fn refusal<T>(done: Result<T, DeskFault>) -> Result<T, Refused> {
    done.map_err(|fault| match fault {
        DeskFault::Refused(refused) => refused,
        fault => panic!("{fault}"),
    })
}

fn of_units(units: u32, reference: Option<&str>) -> Asked {
    let Asked { change: Change::Issue(order), reference } = order(clock(), reference) else { unreachable!() };
    Asked { change: Change::Issue(Order { units: Units::new(units).unwrap(), ..order }), reference }
}

fn more(license: u32, units: u32) -> Asked {
    let (license, more) = (LicenseNumber::new(license).unwrap(), Units::new(units).unwrap());
    Change::AddUnits { license, more, reach: Reach::License }.into()
}

fn issue_as(ledger: &mut Ledger, by: &Session, asked: &Asked) -> Result<Vec<Issued>, Refused> {
    refusal(desk::perform(ledger, by, &test_key(), asked))
}

#[test]
fn a_desk_can_approve_with_two_who_sell_one_of_whom_approves_both_with_a_passphrase() {
    let can = |operators: &[(&str, Role, Option<&str>)]| {
        let desk = Desk::new();
        let mut ledger = desk.ledger();
        for (name, role, passphrase) in operators {
            add_operator(&mut ledger, name, *role, *passphrase);
        }
        desk::can_approve(&mut ledger).unwrap()
    };
    let (anna, bernd) = (("anna", Role::AccountManager, Some("a")), ("bernd", Role::LicenseManager, Some("b")));
    assert!(!can(&[]) && !can(&[anna]) && !can(&[bernd]));
    assert!(can(&[anna, bernd]));
    // Two who sell, and nobody who approves; one who sells, beside support; one whom nobody has to prove to be.
    assert!(!can(&[anna, ("carla", Role::AccountManager, Some("c"))]));
    assert!(!can(&[bernd, ("sam", Role::Support, Some("s"))]));
    assert!(!can(&[anna, ("bernd", Role::LicenseManager, None)]));
    let mut room = Room::new();
    assert!(desk::can_approve(&mut room.ledger).unwrap());
    desk::change_operator(&mut room.ledger, &session(clock()), &room.anna.operator.name, &OperatorEdit::Leaves)
        .unwrap();
    assert!(!desk::can_approve(&mut room.ledger).unwrap());
}

#[test]
fn above_the_threshold_one_asks_and_another_issues() {
    let mut room = Room::new();
    let (anna, bernd) = (room.anna.clone(), room.bernd.clone());
    issue_as(&mut room.ledger, &anna, &of_units(100, None)).unwrap();
    let large = of_units(101, Some("PO-1"));
    for by in [&anna, &bernd, &session(clock())] {
        assert_eq!(issue_as(&mut room.ledger, by, &large).unwrap_err(), Refused::NeedsApproval { above: 100 });
    }
    let number = room.ask(&large);
    assert_eq!(room.state(number), RequestState::Waiting);
    let pending = room.pending(&bernd, number).unwrap();
    assert_eq!(pending.plan.asked, large);
    assert_eq!(pending.plan.approval, Approval::Given { request: number, asked_by: "anna".parse().unwrap() });
    let before = head(&mut room.ledger);
    let issued = room.approve(&bernd, number).unwrap();
    assert_eq!(issued[0].license.terms().units.get(), 101);
    assert_eq!(room.state(number), RequestState::Approved);

    // The book names both, in one event with the code.
    let [event] = &events_after(&mut room.ledger, before)[..] else { panic!() };
    assert_eq!((event.action, event.operator.as_str()), (Action::Issued, "bernd"));
    let facts: serde_json::Value = serde_json::from_str(&event.facts).unwrap();
    assert_eq!((&facts["request"], &facts["asked_by"]), (&number.into(), &"anna".into()));
    let answered = desk::requests(&mut room.ledger, None).unwrap().pop().unwrap();
    let answer = answered.answer.unwrap();
    assert_eq!((answer.license, answer.operator.as_str()), (Some(issued[0].license.terms().license), "bernd"));
    assert!(desk::requests(&mut room.ledger, Some(RequestState::Waiting)).unwrap().is_empty());

    // The same order again gives the codes to whoever asks.
    let again = issue_as(&mut room.ledger, &anna, &large).unwrap();
    assert_eq!(again[0].license.code(), issued[0].license.code());
}

#[test]
fn what_one_operator_may_issue_is_not_asked_for() {
    let mut room = Room::new();
    let anna = room.anna.clone();
    let small = refusal(desk::request(&mut room.ledger, &anna, &of_units(100, None)));
    assert_eq!(small.unwrap_err(), Refused::NeedsNoApproval);
    // What there will be counts, not what is added.
    issue_as(&mut room.ledger, &anna, &of_units(99, None)).unwrap();
    issue_as(&mut room.ledger, &anna, &more(1, 1)).unwrap();
    assert_eq!(issue_as(&mut room.ledger, &anna, &more(1, 1)).unwrap_err(), Refused::NeedsApproval { above: 100 });
}

#[test]
fn nobody_approves_alone() {
    let mut room = Room::new();
    let (anna, bernd) = (room.anna.clone(), room.bernd.clone());
    let admin = session(clock());
    let by_bernd = desk::request(&mut room.ledger, &bernd, &of_units(200, None)).unwrap().number;
    assert_eq!(room.approve(&bernd, by_bernd).unwrap_err(), Refused::OwnRequest(by_bernd));
    // Another case of the name is the same operator.
    let same = desk::find_operator(&mut room.ledger, Some(&"BERND".parse().unwrap())).unwrap();
    assert_eq!(room.approve(&as_operator(same), by_bernd).unwrap_err(), Refused::OwnRequest(by_bernd));
    // Whoever has no passphrase could be anybody, who approves and who asks.
    let nobody = Refused::WithoutPassphrase(admin.operator.name.clone());
    assert_eq!(room.approve(&admin, by_bernd).unwrap_err(), nobody);
    assert_eq!(refusal(desk::request(&mut room.ledger, &admin, &of_units(200, None))).unwrap_err(), nobody);
    // Nor somebody whose role does not allow it.
    let refused = room.approve(&anna, by_bernd).unwrap_err();
    assert!(matches!(refused, Refused::NotAllowed { .. }), "{refused}");
    assert_eq!(room.state(by_bernd), RequestState::Waiting);
}

fn claims(plan: &Plan, approval: Approval) -> Plan {
    let mut plan = plan.clone();
    plan.approval = approval;
    plan
}

#[test]
fn a_plan_that_says_it_was_approved_is_not_believed() {
    let mut room = Room::new();
    let (anna, bernd) = (room.anna.clone(), room.bernd.clone());
    let number = room.ask(&of_units(101, None));
    let honest = room.pending(&bernd, number).unwrap().plan;
    let Preview::Planned(larger) = desk::preview(&mut room.ledger, &bernd, &of_units(100_000, None)).unwrap() else {
        panic!()
    };
    let given = |request, asked_by: &str| Approval::Given { request, asked_by: asked_by.parse().unwrap() };
    let before = head(&mut room.ledger);
    let mut carry_out = |by: &Session, plan| refusal(desk::carry_out(&mut room.ledger, by, &test_key(), plan));
    // Another change than the one that was asked for; somebody else than who asked; no request at all.
    let other = claims(&larger, given(number, "anna"));
    assert_eq!(carry_out(&bernd, &other).unwrap_err(), Refused::ChangedMeanwhile);
    let other = claims(&honest, given(number, "carl"));
    assert_eq!(carry_out(&bernd, &other).unwrap_err(), Refused::ChangedMeanwhile);
    let other = claims(&honest, given(99, "anna"));
    assert_eq!(carry_out(&bernd, &other).unwrap_err(), Refused::UnknownRequest(99));
    let other = claims(&honest, Approval::NotNeeded);
    assert_eq!(carry_out(&bernd, &other).unwrap_err(), Refused::NeedsApproval { above: 100 });
    let refused = carry_out(&anna, &honest).unwrap_err();
    assert!(matches!(refused, Refused::NotAllowed { .. }), "{refused}");
    assert_eq!(head(&mut room.ledger), before);
    refusal(desk::carry_out(&mut room.ledger, &bernd, &test_key(), &honest)).unwrap();
}

#[test]
fn of_two_who_approve_at_once_one_does() {
    for reference in [None, Some("PO-1")] {
        let mut room = Room::new();
        let carl = add_operator(&mut room.ledger, "carl", Role::Administrator, Some("carl's own"));
        let (bernd, carl) = (room.bernd.clone(), as_operator(carl));
        let number = room.ask(&of_units(101, reference));
        let (one, two) = (room.pending(&bernd, number).unwrap().plan, room.pending(&carl, number).unwrap().plan);
        desk::carry_out(&mut room.ledger, &bernd, &test_key(), &one).unwrap();
        let done = Refused::RequestDone { number, state: RequestState::Approved };
        let late = refusal(desk::carry_out(&mut room.ledger, &carl, &test_key(), &two));
        assert_eq!(late.unwrap_err(), done);
        assert_eq!(room.approve(&carl, number).unwrap_err(), done);
        assert_eq!(licenses(&mut room.ledger).len(), 1);
    }
}

/// A key that is slow, as a smart card is: somebody else does something before it has signed.
struct Slow<'a> {
    key: SoftwareKey,
    meanwhile: RefCell<Option<Box<dyn FnOnce() + 'a>>>,
}

impl Signer for Slow<'_> {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        self.key.sign(message)
    }
}

#[test]
fn what_changed_while_the_key_signed_is_not_overlooked() {
    type Meanwhile = fn(&mut Ledger, &Session);
    type Wanted = fn(&Refused) -> bool;
    let cases: [(Meanwhile, Wanted); 6] = [
        (
            |ledger, carl| {
                let plan = desk::preview_request(ledger, carl, 1).unwrap().plan;
                desk::carry_out(ledger, carl, &test_key(), &plan).unwrap();
            },
            |refused| matches!(refused, Refused::RequestDone { state: RequestState::Approved, .. }),
        ),
        (
            |ledger, carl| drop(desk::reject(ledger, carl, 1).unwrap()),
            |refused| matches!(refused, Refused::RequestDone { state: RequestState::Rejected, .. }),
        ),
        (
            |ledger, carl| {
                desk::change_operator(ledger, carl, &"anna".parse().unwrap(), &OperatorEdit::Leaves).unwrap();
            },
            |refused| matches!(refused, Refused::AskerGone { .. }),
        ),
        (
            |ledger, carl| {
                let role = OperatorEdit::Role(Role::AccountManager);
                desk::change_operator(ledger, carl, &"bernd".parse().unwrap(), &role).unwrap();
            },
            |refused| matches!(refused, Refused::NotAllowed { .. }),
        ),
        (
            |ledger, carl| {
                let passphrase = OperatorEdit::Passphrase(cheap_hash("another"));
                desk::change_operator(ledger, carl, &"bernd".parse().unwrap(), &passphrase).unwrap();
            },
            |refused| matches!(refused, Refused::WrongPassphrase(_)),
        ),
        (
            |ledger, carl| {
                desk::set_limits(ledger, carl, &[LimitEdit::ApprovalAbove(None)]).unwrap();
                issue_as(ledger, carl, &of_units(101, Some("PO-1"))).unwrap();
            },
            |refused| matches!(refused, Refused::MadeAlready { .. }),
        ),
    ];
    for (number, (meanwhile, wanted)) in cases.into_iter().enumerate() {
        let mut room = Room::new();
        let carl = as_operator(add_operator(&mut room.ledger, "carl", Role::Administrator, Some("carl's own")));
        let bernd = room.bernd.clone();
        room.ask(&of_units(101, Some("PO-1")));
        let plan = room.pending(&bernd, 1).unwrap().plan;
        let mut elsewhere = room.desk.ledger();
        let slow: Slow<'_> =
            Slow { key: test_key(), meanwhile: RefCell::new(Some(Box::new(move || meanwhile(&mut elsewhere, &carl)))) };
        let refused = refusal(desk::carry_out(&mut room.ledger, &bernd, &slow, &plan)).unwrap_err();
        assert!(wanted(&refused), "{number}: {refused:?}");
        assert!(licenses(&mut room.ledger).len() <= 1, "{number}");
        room.desk.assert_ledger_is_sound();
    }
}

#[test]
fn of_two_programs_that_approve_at_once_one_prints_codes() {
    let mut room = Room::new();
    add_operator(&mut room.ledger, "carl", Role::Administrator, Some("carl's own"));
    for round in 1..=4 {
        let number = room.ask(&of_units(101, None)).to_string();
        let start = |operator: &str| {
            let file = room.desk.room().join(format!("{operator}-typed"));
            write_secret(&file, format!("{operator}'s own"));
            let mut command = room.desk.command(&["--json", "--operator", operator, "--operator-file"]);
            command.arg(file).args(["approve", &number]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        };
        let ran: Vec<Ran> =
            ["bernd", "carl"].map(start).into_iter().map(|it| it.wait_with_output().unwrap().into()).collect();
        let (done, late): (Vec<_>, Vec<_>) = ran.iter().partition(|ran| ran.code == Some(0));
        assert_eq!((done.len(), late.len()), (1, 1), "{ran:?}");
        late[0].assert_complains(1);
        assert!(late[0].err.contains("is approved already") || late[0].err.contains("somebody else"), "{late:?}");
        assert_eq!(licenses(&mut room.ledger).len(), round);
    }
    room.desk.assert_ledger_is_sound();
}

#[test]
fn whoever_approves_sees_what_became_of_the_license_since() {
    let mut room = Room::new();
    let (anna, bernd) = (room.anna.clone(), room.bernd.clone());
    let license = issue_as(&mut room.ledger, &anna, &of_units(90, None)).unwrap()[0].license.terms().license;
    let number = room.ask(&more(1, 50));
    desk::reprint(&mut room.ledger, &anna, license, None).unwrap();
    let pending = room.pending(&bernd, number).unwrap();
    assert_eq!((pending.since.len(), pending.plan.entries[0].terms.units.get()), (0, 140), "a reprint changes nothing");
    issue_as(&mut room.ledger, &anna, &more(1, 10)).unwrap();
    let changed = refusal(desk::carry_out(&mut room.ledger, &bernd, &test_key(), &pending.plan));
    assert_eq!(changed.unwrap_err(), Refused::ChangedMeanwhile, "between looking and signing");
    let pending = room.pending(&bernd, number).unwrap();
    let since: Vec<_> = pending.since.iter().map(|event| (event.action, event.operator.as_str())).collect();
    assert_eq!(since, [(Action::UnitsAdded, "anna")]);
    assert_eq!(pending.plan.entries[0].terms.units.get(), 150, "what it makes today");
    let shown = room.run_as("bernd", &["approve", &number.to_string(), "--preview"]);
    assert!(
        shown.err.contains("warning: license 1 has changed since it was asked for: units-added by anna"),
        "{shown:?}"
    );
    assert!(shown.assert_done().out.contains("units        150"), "{shown:?}");
    revoke(&mut room.ledger, &bernd, license, None).unwrap();
    assert_eq!(room.approve(&bernd, number).unwrap_err(), Refused::Revoked(license));
}

#[test]
fn what_somebody_asked_for_who_does_not_issue_any_more_is_not_approved() {
    let mut room = Room::new();
    let (anna, bernd, admin) = (room.anna.clone(), room.bernd.clone(), session(clock()));
    let number = room.ask(&of_units(101, None));
    let name = anna.operator.name.clone();
    let gone = Refused::AskerGone { request: number, operator: name.clone() };
    for (away, back) in [
        (OperatorEdit::Leaves, OperatorEdit::Returns),
        (OperatorEdit::Role(Role::Support), OperatorEdit::Role(Role::AccountManager)),
    ] {
        let plan = room.pending(&bernd, number).unwrap().plan;
        desk::change_operator(&mut room.ledger, &admin, &name, &away).unwrap();
        assert_eq!(room.approve(&bernd, number).unwrap_err(), gone);
        let late = refusal(desk::carry_out(&mut room.ledger, &bernd, &test_key(), &plan));
        assert_eq!(late.unwrap_err(), gone, "between looking and signing");
        desk::change_operator(&mut room.ledger, &admin, &name, &back).unwrap();
    }
    desk::change_operator(&mut room.ledger, &admin, &name, &OperatorEdit::Leaves).unwrap();
    desk::reject(&mut room.ledger, &bernd, number).unwrap();
    assert_eq!(room.state(number), RequestState::Rejected);
}

#[test]
fn an_order_waits_once_and_is_made_once() {
    let mut room = Room::new();
    let (anna, bernd, admin) = (room.anna.clone(), room.bernd.clone(), session(clock()));
    let asked = of_units(101, Some("PO-1"));
    let number = room.ask(&asked);
    assert_eq!(room.ask(&asked), number, "asked again");
    let usual = Asked {
        change: match asked.change.clone() {
            Change::Issue(order) => Change::Issue(Order { kind: Some(activation_code::Kind::Full), ..order }),
            change => change,
        },
        ..asked.clone()
    };
    assert_eq!(room.ask(&usual), number, "with what is usual said aloud");
    assert_eq!(desk::request(&mut room.ledger, &bernd, &asked).unwrap().number, number, "by somebody else");
    let other = refusal(desk::request(&mut room.ledger, &anna, &of_units(102, Some("PO-1")))).unwrap_err();
    assert!(matches!(other, Refused::WaitsOtherwise { request, .. } if request == number), "{other}");
    // Without a reference nobody can tell.
    assert_ne!(room.ask(&of_units(101, None)), room.ask(&of_units(101, None)));

    // The threshold goes up, and the order is carried out by itself.
    let plan = room.pending(&bernd, number).unwrap().plan;
    desk::set_limits(&mut room.ledger, &admin, &[LimitEdit::ApprovalAbove(None)]).unwrap();
    let issued = issue_as(&mut room.ledger, &anna, &asked).unwrap();
    let license = issued[0].license.terms().license;
    let made = Refused::MadeAlready { reference: "PO-1".parse().unwrap(), license };
    assert_eq!(room.pending(&bernd, number).unwrap_err(), made);
    let late = refusal(desk::carry_out(&mut room.ledger, &bernd, &test_key(), &plan));
    assert_eq!(late.unwrap_err(), made);
    desk::set_limits(&mut room.ledger, &admin, &[LimitEdit::ApprovalAbove(Some(100))]).unwrap();
    assert_eq!(refusal(desk::request(&mut room.ledger, &anna, &asked)).unwrap_err(), made);
    desk::reject(&mut room.ledger, &anna, number).unwrap();
    assert_eq!(licenses(&mut room.ledger).len(), 1);
}

#[test]
fn the_limits_of_the_day_hold_for_what_was_asked_for_before() {
    let mut room = Room::new();
    let (bernd, admin) = (room.bernd.clone(), session(clock()));
    let number = room.ask(&of_units(500, None));
    desk::set_limits(&mut room.ledger, &admin, &[LimitEdit::MostUnits(Some(499))]).unwrap();
    let refused = room.approve(&bernd, number).unwrap_err();
    assert!(matches!(refused, Refused::TooManyUnits { most: 499, .. }), "{refused}");
    let end = desk::ProductEdit::EndOfSale(Some(clock()));
    desk::set_limits(&mut room.ledger, &admin, &[LimitEdit::MostUnits(None)]).unwrap();
    let product = activation_code::ProductId::new(7).unwrap();
    desk::change_product(&mut room.ledger, &admin, product, &[end]).unwrap();
    let refused = room.approve(&bernd, number).unwrap_err();
    assert!(matches!(refused, Refused::EndOfSale { .. }), "{refused}");
    desk::change_product(&mut room.ledger, &admin, product, &[desk::ProductEdit::EndOfSale(None)]).unwrap();
    // A threshold that is gone makes nothing of a request undone.
    desk::set_limits(&mut room.ledger, &admin, &[LimitEdit::ApprovalAbove(None)]).unwrap();
    room.approve(&bernd, number).unwrap();
}

#[test]
fn a_request_is_rejected_by_who_may_approve_it_or_taken_back() {
    let mut room = Room::new();
    let (anna, bernd) = (room.anna.clone(), room.bernd.clone());
    let (own, other) = (room.ask(&of_units(101, None)), room.ask(&of_units(102, None)));
    let carl = as_operator(add_operator(&mut room.ledger, "carl", Role::AccountManager, None));
    let refused = refusal(desk::reject(&mut room.ledger, &carl, own)).unwrap_err();
    assert!(matches!(refused, Refused::NotAllowed { .. }), "{refused}");
    desk::reject(&mut room.ledger, &anna, own).unwrap();
    let answered = desk::reject(&mut room.ledger, &bernd, other).unwrap();
    assert_eq!(answered.answer.unwrap().operator, bernd.operator.name);
    for number in [own, other] {
        let done = Refused::RequestDone { number, state: RequestState::Rejected };
        assert_eq!(room.approve(&bernd, number).unwrap_err(), done);
        assert_eq!(refusal(desk::reject(&mut room.ledger, &bernd, number)).unwrap_err(), done);
    }
    assert_eq!(room.approve(&bernd, 99).unwrap_err(), Refused::UnknownRequest(99));
    assert!(licenses(&mut room.ledger).is_empty());
}

#[test]
fn the_program_asks_shows_and_signs() {
    let room = Room::new();
    let today = today();
    let mut order = room.desk.order("PO-1", &today).to_vec();
    order[7] = "101";
    assert_eq!(order[6], "--units");
    let asked = room.run_as("anna", &order);
    asked.assert_complains(1);
    assert!(asked.err.contains("more than 100 units need a second operator: request 1 waits"), "{asked:?}");
    assert!(asked.err.contains("hint: another operator runs `countersign --operator NAME approve 1`"), "{asked:?}");
    room.run_as("anna", &order).assert_complains(1);

    let listed = room.desk.run(&["--json", "requests"]).json();
    let what = format!("issue 101 units of product 7 to customer 1, {today} to");
    assert_eq!(listed.as_array().unwrap().len(), 1, "the same order is one request");
    assert_eq!((&listed[0]["operator"], &listed[0]["state"]), (&"anna".into(), &"waiting".into()));
    assert!(listed[0]["what"].as_str().unwrap().starts_with(&what), "{listed}");
    assert_eq!(listed[0]["asked"]["units"], 101);

    let plan = room.run_as("bernd", &["--json", "approve", "1", "--preview"]).json();
    assert_eq!((&plan["terms"]["units"], &plan["request"]), (&101.into(), &1.into()));
    assert_eq!(plan["asked_by"], "anna");
    let looked = room.desk.run(&["--operator", "bernd", "--json", "approve", "1", "--preview"]);
    assert_eq!(looked.json(), plan, "a look needs no passphrase");
    let code = room.run_as("bernd", &["--json", "approve", "1"]).json();
    assert_eq!(code["terms"]["units"], 101);
    assert_eq!(room.run_as("anna", &order).json()["code"], code["code"]);
    assert_eq!(room.desk.run(&["--json", "requests"]).json(), serde_json::json!([]));
    let all = room.desk.run(&["--json", "requests", "--all"]).json();
    let answer = serde_json::json!({"day": today, "operator": "bernd", "license": 1});
    assert_eq!((&all[0]["state"], &all[0]["answer"]), (&"approved".into(), &answer));
    for text in ["", "x", "-1", "0x1", "99999999999"] {
        room.run_as("bernd", &["approve", text]).assert_calm();
        assert_eq!(room.run_as("bernd", &["approve", text]).code, Some(2), "{text}");
    }
}
