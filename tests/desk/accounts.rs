//! Partners who sell, and what is known of customers beside their names (domain rules D8, D14).

use crate::common::*;
use activation_code::{ClockState, HostId, LicenseNumber, Nonce, ProductId, RegistrationKey, Revision, Units};
use activation_host::program::clock;
use countersign::desk::{
    self, AccountEdit, Asked, Change, CustomerEdit, CustomerRow, DeskFault, KeyTerms, Length, OperatorEdit, Order,
    Preview, Reach, Refused, RowFate, Session,
};
use countersign::documents::customers::read_customers;
use countersign::ledger::{
    Account, AccountKind, AccountNumber, Customer, CustomerNumber, Ledger, Operator, OperatorName, Privilege,
    Privileges, Role, UsageClaim,
};

fn number(number: u32) -> CustomerNumber {
    CustomerNumber::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn year() -> Length {
    Length::Term("1y".parse().unwrap())
}

fn add_account(ledger: &mut Ledger, name: &str, privileges: &[Privilege]) -> Account {
    let privileges = Privileges::of(privileges.iter().copied());
    let name = name.parse().unwrap();
    desk::add_account(ledger, &session(clock()), (AccountKind::Reseller, &name), &[], privileges, [3; 16]).unwrap()
}

fn give(ledger: &mut Ledger, customer: u32, account: Option<AccountNumber>) {
    let edit = [CustomerEdit::Reseller(account)];
    desk::change_customer(ledger, &session(clock()), number(customer), &edit).unwrap();
}

fn of_account(ledger: &mut Ledger, name: &str, role: Role, account: AccountNumber) -> Session {
    let name: OperatorName = name.parse().unwrap();
    let operator = desk::add_operator_of(ledger, &session(clock()), &name, role, None, Some(account)).unwrap();
    Session { operator, ..session(clock()) }
}

fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

/// A customer of a partner's with license 1, and one of the vendor's with license 2; each with an evaluation of its
/// own: 3 and 4.
struct Sold {
    desk: Desk,
    ledger: Ledger,
    north: Account,
    operator: Session,
}

fn sold(privileges: &[Privilege]) -> Sold {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let name = "Example City Council".parse().unwrap();
    let second: Customer = desk::add_customer(&mut ledger, &session(today), &name, None, [2; 16]).unwrap();
    let Change::Issue(order) = order(today, None).change else { unreachable!() };
    for kind in [None, Some(activation_code::Kind::Evaluation)] {
        for customer in [number(1), second.number] {
            let asked = Change::Issue(Order { kind, customer, ..order.clone() }).into();
            issue(&mut ledger, &test_key(), &asked, today).unwrap();
        }
    }
    let north = add_account(&mut ledger, "North Systems", privileges);
    give(&mut ledger, 1, Some(north.number));
    if privileges.contains(&Privilege::Keys) {
        let product = ProductId::new(7).unwrap();
        let worth = KeyTerms {
            account: north.number,
            product,
            units: Units::new(10).unwrap(),
            kind: None,
            term: "365d".parse().unwrap(),
        };
        let keys = [RegistrationKey::from_random([1; 12])];
        desk::generate_keys(&mut ledger, &session(today), &worth, &keys).unwrap();
    }
    let operator = of_account(&mut ledger, "nora", Role::Administrator, north.number);
    Sold { desk, ledger, north, operator }
}

/// Everything that is done to a license or its owner: what it needs, and how it ends.
type Deed = fn(&mut Ledger, &Session, own: bool) -> Result<(), DeskFault>;

const DEEDS: [(Privilege, Deed); 12] = [
    (Privilege::Register, |ledger, session, own| {
        let edit = [CustomerEdit::Email(Some("it@example.org".parse().unwrap()))];
        desk::change_customer(ledger, session, number(if own { 1 } else { 2 }), &edit).map(drop)
    }),
    (Privilege::Register, |ledger, session, own| {
        let text = format!("number,telephone\n{},112\n", if own { 1 } else { 2 });
        let rows: Vec<_> = read_customers(text.as_bytes()).unwrap().into_iter().map(|row| (row, [5; 16])).collect();
        let done = desk::import_customers(ledger, session, &rows)?;
        done.map(drop).map_err(|mut problems| problems.remove(0).refused.into())
    }),
    (Privilege::Sell, |ledger, session, own| {
        let Change::Issue(order) = order(clock(), None).change else { unreachable!() };
        perform(ledger, session, Change::Issue(Order { customer: number(if own { 1 } else { 2 }), ..order }))
    }),
    (Privilege::Keys, |ledger, session, own| {
        let Change::Issue(order) = order(clock(), None).change else { unreachable!() };
        let kind = Some(activation_code::Kind::Full);
        let customer = number(if own { 1 } else { 2 });
        perform(ledger, session, Change::Issue(Order { kind, customer, registration_key: Some(1), ..order }))
    }),
    (Privilege::Renew, |ledger, session, own| {
        perform(ledger, session, Change::Renew { license: of(own), length: year(), units: None })
    }),
    (Privilege::Renew, |ledger, session, own| {
        let request = "letter".parse().unwrap();
        let units = Units::new(1).unwrap();
        perform(ledger, session, Change::Downsize { license: of(own), length: year(), units, request })
    }),
    (Privilege::Change, |ledger, session, own| {
        let more = Units::new(1).unwrap();
        perform(ledger, session, Change::AddUnits { license: of(own), more, reach: Reach::License })
    }),
    (Privilege::Change, |ledger, session, own| {
        let license = license(if own { 3 } else { 4 });
        perform(ledger, session, Change::Convert { license, units: None, renew: None })
    }),
    (Privilege::Change, |ledger, session, own| {
        let product = ProductId::new(7);
        perform(ledger, session, Change::Bind { license: of(own), host: HostId(7), product })
    }),
    (Privilege::Change, |ledger, session, own| {
        let claim = UsageClaim {
            license: of(own),
            host: HostId(1),
            day: session.today,
            revision: Revision::FIRST,
            product: ProductId::new(7).unwrap(),
            in_use: 5,
            clock: ClockState::Right,
            bundle: None,
        };
        desk::import_usage(ledger, session, &[claim]).map(drop)
    }),
    (Privilege::Reprint, |ledger, session, own| desk::reprint(ledger, session, of(own), None).map(drop)),
    (Privilege::Reprint, |ledger, session, own| desk::reprint_for(ledger, session, of(own), None, None).map(drop)),
];

fn of(own: bool) -> LicenseNumber {
    license(if own { 1 } else { 2 })
}

fn perform(ledger: &mut Ledger, session: &Session, change: Change) -> Result<(), DeskFault> {
    desk::perform(ledger, session, &test_key(), &Asked::from(change)).map(drop)
}

#[test]
fn a_partner_does_what_its_privileges_allow_for_its_own_customers_and_nothing_else() {
    for (place, (needed, deed)) in DEEDS.into_iter().enumerate() {
        for privilege in Privilege::ALL {
            let Sold { mut ledger, north, operator, .. } = sold(&[privilege]);
            let before = head(&mut ledger);
            let account = north.number;
            if privilege == needed {
                let foreign = refused(deed(&mut ledger, &operator, false));
                assert_eq!(foreign, Refused::OthersCustomer { account, customer: number(2) }, "deed {place}");
                assert_eq!(head(&mut ledger), before, "deed {place}");
                deed(&mut ledger, &operator, true).unwrap_or_else(|fault| panic!("deed {place}: {fault}"));
                assert!(head(&mut ledger) > before, "deed {place}");
            } else {
                let refusal = refused(deed(&mut ledger, &operator, true));
                assert!(matches!(refusal, Refused::NoPrivilege { .. }), "deed {place}, {privilege:?}: {refusal:?}");
                assert_eq!(head(&mut ledger), before, "deed {place}");
            }
        }
    }
}

#[test]
fn what_the_vendor_does_no_partner_does_whatever_its_operators_role() {
    let Sold { mut ledger, north, operator, .. } = sold(&Privilege::ALL);
    let before = head(&mut ledger);
    let ledger = &mut ledger;
    let account = north.number;
    let name = "South".parse().unwrap();
    let edit = OperatorEdit::Account(None);
    let refusals = [
        refused(desk::set_limits(ledger, &operator, &[])),
        refused(desk::preview_revocation(ledger, &operator, license(1), None)),
        refused(desk::preview_transfer(ledger, &operator, license(1), number(2))),
        refused(desk::change_operator(ledger, &operator, &operator.operator.name, &edit)),
        refused(desk::add_account(ledger, &operator, (AccountKind::Msp, &name), &[], Privileges::default(), [0; 16])),
        refused(desk::change_customer(ledger, &operator, number(1), &[CustomerEdit::Reseller(None)])),
        refused(desk::preview_clock_reset(ledger, &operator, (HostId(1), Nonce::for_clock_reset(7)), operator.today)),
        refused(desk::preview_request(ledger, &operator, 1)),
        refused(desk::sign_checkpoint(ledger, &operator, &test_key(), &|_, _| {})),
        refused(desk::set_contact(ledger, &operator, &[])),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Refused::VendorAlone { account: of, .. } if of == account), "{refusal:?}");
    }
    assert_eq!(head(ledger), before);
}

#[test]
fn partners_are_listed_those_who_left_too_and_counted_by_their_customers() {
    let Sold { mut ledger, north, operator, .. } = sold(&[]);
    let south = add_account(&mut ledger, "South", &[Privilege::Sell]);
    let south = desk::change_account(&mut ledger, &session(clock()), south.number, &[AccountEdit::Leaves]).unwrap();
    assert!(!south.active);
    assert_eq!(desk::accounts(&mut ledger).unwrap(), [north.clone(), south.clone()]);
    let mut customers = |account: &Account| desk::count_customers_of(&mut ledger, account.number).unwrap();
    assert_eq!((customers(&north), customers(&south)), (1, 0));
    give(&mut ledger, 2, Some(north.number));
    assert_eq!(desk::count_customers_of(&mut ledger, north.number).unwrap(), 2);
    let mut account_of = |name: &OperatorName| desk::account_of_operator(&mut ledger, name).unwrap();
    assert_eq!(account_of(&operator.operator.name), Some(north.number));
    assert_eq!(account_of(&OperatorName::first()), None);
}

#[test]
fn a_role_holds_for_a_partners_operator_too() {
    let Sold { mut ledger, north, .. } = sold(&Privilege::ALL);
    let support = of_account(&mut ledger, "sam", Role::Support, north.number);
    let change = Change::Renew { license: license(1), length: year(), units: None };
    assert!(matches!(refused(perform(&mut ledger, &support, change)), Refused::NotAllowed { .. }));
    desk::reprint(&mut ledger, &support, license(1), None).unwrap();
}

#[test]
fn what_was_planned_is_refused_where_the_privilege_or_the_customer_is_gone_by_then() {
    for gone in [0, 1, 2] {
        let Sold { mut ledger, north, operator, .. } = sold(&[Privilege::Renew]);
        let change = Asked::from(Change::Renew { license: license(1), length: year(), units: None });
        let Preview::Planned(plan) = desk::preview(&mut ledger, &operator, &change).unwrap() else { panic!("new") };
        let edit = match gone {
            0 => AccountEdit::Privileges(Privileges::of([Privilege::Reprint])),
            _ => AccountEdit::Leaves,
        };
        match gone {
            1 => give(&mut ledger, 1, None),
            _ => drop(desk::change_account(&mut ledger, &session(clock()), north.number, &[edit]).unwrap()),
        }
        let before = head(&mut ledger);
        let refusal = refused(desk::carry_out(&mut ledger, &operator, &test_key(), &plan));
        let right = match gone {
            0 => matches!(refusal, Refused::NoPrivilege { .. }),
            1 => matches!(refusal, Refused::OthersCustomer { .. }),
            _ => matches!(refusal, Refused::AccountLeft { .. }),
        };
        assert!(right, "{gone}: {refusal:?}");
        assert_eq!(head(&mut ledger), before);
    }
}

#[test]
fn an_order_that_was_made_is_not_shown_to_another_partner() {
    let Sold { mut ledger, .. } = sold(&[]);
    let asked = order(clock(), Some("PO-1"));
    issue(&mut ledger, &test_key(), &asked, clock()).unwrap();
    let south = add_account(&mut ledger, "South", &Privilege::ALL);
    let operator = of_account(&mut ledger, "sue", Role::AccountManager, south.number);
    let refusal = refused(desk::preview(&mut ledger, &operator, &asked).map(|_| ()));
    assert_eq!(refusal, Refused::OthersCustomer { account: south.number, customer: number(1) });
}

#[test]
fn whom_a_partner_registers_is_its_own() {
    let Sold { mut ledger, north, operator, .. } = sold(&[Privilege::Register]);
    let name = "New Clinic".parse().unwrap();
    let added = desk::add_customer(&mut ledger, &operator, &name, None, [6; 16]).unwrap();
    assert_eq!(desk::known_of(&mut ledger, added.number).unwrap().reseller, Some(north.number));
    let elsewhere = [CustomerEdit::Reseller(None)];
    let name = "Another Clinic".parse().unwrap();
    let refusal = refused(desk::register_customer(&mut ledger, &operator, &name, &elsewhere, [7; 16]));
    assert!(matches!(refusal, Refused::VendorAlone { .. }), "{refusal:?}");
}

#[test]
fn an_administrator_of_a_partner_is_not_the_one_who_is_left() {
    let Sold { mut ledger, operator, north, .. } = sold(&Privilege::ALL);
    let admin = session(clock());
    for edit in [OperatorEdit::Leaves, OperatorEdit::Account(Some(north.number))] {
        let refusal = refused(desk::change_operator(&mut ledger, &admin, &OperatorName::first(), &edit));
        assert_eq!(refusal, Refused::LastAdministrator);
    }
    let back = OperatorEdit::Account(None);
    desk::change_operator(&mut ledger, &admin, &operator.operator.name, &back).unwrap();
    let leaves = OperatorEdit::Leaves;
    let Operator { active, .. } = desk::change_operator(&mut ledger, &admin, &OperatorName::first(), &leaves).unwrap();
    assert!(!active);
}

#[test]
fn the_list_of_customers_is_a_file_that_changes_nothing_when_it_is_read_again() {
    let desk = Desk::new();
    desk.run(&["account", "add", "North Systems", "--kind", "reseller"]).assert_done();
    let names = ["Ärzte \"Süd\", GmbH", "病院", "=SUM(A1)", "-1 Clinic", "O'Neill"];
    for name in names {
        let contact = ["--address", "1 High Street; London", "--telephone", "+44 20 7946 0000", "--language", "de"];
        let who = ["--contact", "@nn", "--contact-email", "ann@example.org", "--company", "+Plus", "--reseller", "1"];
        let name = format!("--name={name}");
        desk.run(&["customer", "add", "Somebody"]).assert_done();
        desk.run(&[&["customer", "change", "Somebody", &name][..], &contact, &who].concat()).assert_done();
    }
    let listed = desk.run(&["customer", "list", "--csv"]);
    listed.assert_done();
    let path = desk.room().join("customers.csv");
    std::fs::write(&path, &listed.out).unwrap();
    let before = head(&mut desk.ledger());
    let again = desk.run(&["customer", "import", path.to_str().unwrap()]);
    assert_eq!(again.assert_done().out, "0 added, 0 changed, 6 as they were\n");
    assert_eq!(head(&mut desk.ledger()), before);

    // At another desk, which has none of them.
    let other = Desk::new();
    other.run(&["account", "add", "North Systems", "--kind", "reseller"]).assert_done();
    let lines = listed.out.split_inclusive('\n').collect::<String>();
    let nameless: Vec<_> = {
        let mut reader = csv_records(&lines);
        reader.iter_mut().for_each(|record| drop(record.remove(0)));
        reader
    };
    let path = other.room().join("customers.csv");
    std::fs::write(&path, nameless.iter().map(|record| csv_line(record)).collect::<String>()).unwrap();
    let path = path.to_str().unwrap();
    let preview = other.run(&["customer", "import", path, "--preview"]);
    assert!(
        preview.assert_done().out.ends_with("5 would be added, 0 would be changed, 1 as they were\n"),
        "{preview:?}"
    );
    assert!(
        other.run(&["customer", "import", path]).assert_done().out.ends_with("5 added, 0 changed, 1 as they were\n")
    );
    assert_eq!(other.run(&["customer", "import", path]).assert_done().out, "0 added, 0 changed, 6 as they were\n");
    assert_eq!(other.run(&["customer", "list", "--csv"]).out, listed.out);
    other.assert_ledger_is_sound();
}

/// Records of a table whose cells have no line breaks but those within quotes.
fn csv_records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    for c in text.chars() {
        let record = records.last_mut().unwrap();
        match c {
            '"' => {
                quoted = !quoted;
                record.last_mut().unwrap().push(c);
            }
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            c => record.last_mut().unwrap().push(c),
        }
    }
    records.pop();
    records
}

fn csv_line(record: &[String]) -> String {
    record.join(",") + "\n"
}

#[test]
fn a_file_of_customers_is_taken_in_whole_or_not_at_all() {
    let Sold { desk, mut ledger, .. } = sold(&[]);
    let before = head(&mut ledger);
    let rows = |text: &str| -> Vec<CustomerRow> { read_customers(text.as_bytes()).unwrap() };
    let text = "number,name,reseller\n,New,\n1,Example City Council,1\n99,Nobody,\n,NEW,\n,5,\n,Other,7\n";
    let problems = desk::preview_customers(&mut ledger, &session(clock()), &rows(text)).unwrap().unwrap_err();
    let said: Vec<_> = problems.iter().map(|it| format!("line {}: {}", it.line, it.refused)).collect();
    assert_eq!(
        said,
        [
            "line 3: customer 2 is called \"Example City Council\" already",
            "line 4: there is no customer \"99\"",
            "line 5: line 2 is of the same customer",
            "line 6: a customer cannot be called \"5\": digits always mean a customer's number",
            "line 7: there is no account \"7\"",
        ]
    );
    let path = desk.room().join("customers.csv");
    std::fs::write(&path, text).unwrap();
    let ran = desk.run(&["--operator", "administrator", "customer", "import", path.to_str().unwrap()]);
    ran.assert_complains(1);
    assert!(said.iter().all(|line| ran.err.contains(line)), "{ran:?}");
    assert_eq!(head(&mut ledger), before);

    let fates = desk::preview_customers(
        &mut ledger,
        &session(clock()),
        &rows("name,email\nnew,\nexample city council,a@b.example\n"),
    );
    let fates = fates.unwrap().unwrap();
    assert!(matches!(&fates[..], [RowFate::Added(_), RowFate::Changed { .. }]), "{fates:?}");
    assert_eq!(head(&mut ledger), before);
}

#[test]
fn a_renewal_says_all_that_is_not_known_and_goes_on() {
    let Sold { desk, .. } = sold(&[]);
    let admin = ["--operator", "administrator"];
    let renewed = desk.run(&[&admin[..], &["renew", "1", "--term", "1y"]].concat());
    assert_eq!(renewed.code, Some(0), "{renewed:?}");
    let wanted =
        "warning: a renewal needs to know more of customer 1: address, telephone, contact name, contact e-mail";
    assert!(renewed.err.contains(wanted), "{renewed:?}");
    let line = &desk.run(&["customer", "check", "1", "--json"]).json()[0];
    assert_eq!(line["missing"], serde_json::json!(["address", "telephone", "contact", "contact-email"]));
    let known = ["--address", "1 High Street", "--telephone", "112", "--contact", "Ann", "--email", "a@b.example"];
    desk.run(&[&admin[..], &["customer", "change", "1"], &known].concat()).assert_done();
    desk.run(&[&admin[..], &["renew", "1", "--term", "1y"]].concat()).assert_done();
    assert_eq!(desk.run(&["customer", "check", "1", "--json"]).json(), serde_json::json!([]));
    let due = desk.run(&["due", "--within", "10y", "--json"]).json();
    let missing = |customer: u32| {
        let of = due.as_array().unwrap().iter().find(|line| line["customer"] == customer);
        of.map(|line| line["missing"].as_array().unwrap().len())
    };
    assert_eq!((missing(1), missing(2)), (Some(0), Some(4)), "{due}");
}

#[test]
fn a_report_by_partner_counts_each_license_once() {
    let Sold { desk, .. } = sold(&[]);
    let report = desk.run(&["report", "--by", "partner", "--json"]).json();
    let lines = report.as_array().unwrap();
    let by_customer = desk.run(&["report", "--by", "customer", "--json"]).json();
    let sum = |lines: &[serde_json::Value]| lines.iter().map(|line| line["units"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(lines), sum(by_customer.as_array().unwrap()));
    let accounts: Vec<_> = lines.iter().map(|line| line["account"].as_u64()).collect();
    assert_eq!(accounts, [None, None, Some(1), Some(1)]);
}

#[test]
fn no_contact_stands_in_the_book() {
    let desk = Desk::new();
    let secret =
        ["--contact", "Zacharias Unmistakable", "--address", "7 Unmistakable Street", "--telephone", "555 01 77"];
    desk.run(&[&["customer", "change", "1"][..], &secret].concat()).assert_done();
    desk.run(&[&["account", "add", "Unmistakable Ltd", "--kind", "msp"][..], &secret].concat()).assert_done();
    let events = events_after(&mut desk.ledger(), 0);
    for event in events {
        let text = format!("{} {}", event.facts, event.wrote);
        assert!(!text.contains("nmistakable") && !text.contains("555 01 77"), "{text}");
    }
    desk.assert_ledger_is_sound();
}
