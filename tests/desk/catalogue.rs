//! The catalogue and the customers: what may be changed, and what End of Sale, End of Life, suites and products
//! without codes mean for licenses (rules D9, D10).

use crate::common::*;
use activation_code::{Day, LicenseNumber, MaintenancePeriod, ProductId, Units};
use countersign::desk::{
    self, Asked, Change, CustomerEdit, DeskFault, Issued, Length, Note, Order, Plan, Preview, ProductEdit, Reach,
    Refused,
};
use countersign::ledger::{CustomerNumber, Ledger, Product, ProductKind, UnitType};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn id(number: u16) -> ProductId {
    ProductId::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn units(number: u32) -> Units {
    Units::new(number).unwrap()
}

fn year() -> Length {
    Length::Term("1y".parse().unwrap())
}

/// An order of 10 units of a product, for a year.
fn order_of(product: u16, first: &str) -> Order {
    let Change::Issue(order) = order(day(first), None).change else { unreachable!() };
    Order { product: id(product), ..order }
}

fn try_to(ledger: &mut Ledger, today: &str, change: Change) -> Result<Vec<Issued>, DeskFault> {
    desk::perform(ledger, &session(day(today)), &test_key(), &Asked::from(change))
}

#[track_caller]
fn done(ledger: &mut Ledger, today: &str, change: Change) -> Vec<Issued> {
    try_to(ledger, today, change).unwrap()
}

#[track_caller]
fn refused(ledger: &mut Ledger, today: &str, change: Change) -> Refused {
    let before = head(ledger);
    let fault = try_to(ledger, today, change).unwrap_err();
    assert_eq!(head(ledger), before);
    match fault {
        DeskFault::Refused(refused) => refused,
        fault => panic!("{fault}"),
    }
}

fn plan(ledger: &mut Ledger, today: &str, change: Change) -> Plan {
    match desk::preview(ledger, &session(day(today)), &Asked::from(change)).unwrap() {
        Preview::Planned(plan) => *plan,
        Preview::Before(_) => panic!("an order without a reference was made before"),
    }
}

fn edit(ledger: &mut Ledger, product: u16, edits: &[ProductEdit]) -> Product {
    desk::change_product(ledger, &session(day("2027-01-01")), id(product), edits).unwrap()
}

fn no_edit(ledger: &mut Ledger, product: u16, edits: &[ProductEdit]) -> Refused {
    let before = head(ledger);
    let fault = desk::change_product(ledger, &session(day("2027-01-01")), id(product), edits).unwrap_err();
    assert_eq!(head(ledger), before);
    match fault {
        DeskFault::Refused(refused) => refused,
        fault => panic!("{fault}"),
    }
}

fn renew(number: u32) -> Change {
    Change::Renew { license: license(number), length: year(), units: None }
}

fn add_units(number: u32) -> Change {
    Change::AddUnits { license: license(number), more: units(5), reach: Reach::License }
}

fn upgrade(number: u32, product: u16) -> Change {
    Change::Upgrade { license: license(number), product: id(product), units: None, renew: None, reach: Reach::License }
}

fn period(first: &str, last: &str) -> MaintenancePeriod {
    MaintenancePeriod::new(day(first), day(last)).unwrap()
}

/// ES and a second edition of it, both of one family.
fn two_editions(ledger: &mut Ledger) {
    edit(ledger, 7, &[ProductEdit::Family(Some("Endpoint".parse().unwrap())), ProductEdit::Rank(1)]);
    let name = "Example Endpoint Security Pro".parse().unwrap();
    let product = Product {
        family: Some("endpoint".parse().unwrap()),
        rank: 2,
        ..Product::new(id(11), "ES-PRO".parse().unwrap(), name, UnitType::Endpoints, ProductKind::Software)
    };
    desk::add_product(ledger, &session(day("2027-01-01")), &product).unwrap();
}

#[test]
fn from_its_end_of_sale_on_a_product_has_no_new_licenses_and_units_and_is_renewed() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let evaluation = Order { kind: Some(activation_code::Kind::Evaluation), ..order_of(7, "2027-01-01") };
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    done(&mut ledger, "2027-01-01", Change::Issue(evaluation));
    edit(&mut ledger, 7, &[ProductEdit::EndOfSale(Some(day("2027-06-01")))]);

    done(&mut ledger, "2027-05-31", Change::Issue(order_of(7, "2027-07-01")));
    done(&mut ledger, "2027-05-31", add_units(1));
    let ended = Refused::EndOfSale { product: id(7), day: day("2027-06-01") };
    for today in ["2027-06-01", "2027-11-01"] {
        let convert = Change::Convert { license: license(2), units: None, renew: None };
        let more = Change::Renew { license: license(1), length: year(), units: Some(units(99)) };
        for change in [Change::Issue(order_of(7, "2027-01-01")), add_units(1), convert, more] {
            assert_eq!(refused(&mut ledger, today, change), ended, "{today}");
        }
    }
    let renewed = done(&mut ledger, "2027-11-01", renew(1));
    assert_eq!(renewed[0].entry.period, period("2028-01-01", "2028-12-31"));
    let request = "letter".parse().unwrap();
    let fewer = Change::Downsize { license: license(1), length: year(), units: units(3), request };
    assert_eq!(done(&mut ledger, "2028-11-01", fewer)[0].entry.period, period("2029-01-01", "2029-12-31"));
}

#[test]
fn after_its_end_of_sale_nothing_moves_to_a_product_and_its_licenses_move_away() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    two_editions(&mut ledger);
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    edit(&mut ledger, 11, &[ProductEdit::EndOfSale(Some(day("2027-06-01")))]);
    let ended = Refused::EndOfSale { product: id(11), day: day("2027-06-01") };
    assert_eq!(refused(&mut ledger, "2027-06-01", upgrade(1, 11)), ended);
    edit(&mut ledger, 11, &[ProductEdit::EndOfSale(None)]);
    edit(&mut ledger, 7, &[ProductEdit::EndOfSale(Some(day("2027-06-01")))]);
    let moved = done(&mut ledger, "2027-07-01", upgrade(1, 11));
    assert_eq!(moved[0].entry.terms.product, id(11));
}

#[test]
fn renewals_go_on_until_end_of_life_cuts_the_period() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    let (sale, life) = (day("2027-06-01"), day("2029-03-31"));
    edit(&mut ledger, 7, &[ProductEdit::EndOfSale(Some(sale)), ProductEdit::EndOfLife(Some(life))]);

    assert_eq!(done(&mut ledger, "2027-11-01", renew(1))[0].entry.period, period("2028-01-01", "2028-12-31"));
    let cut = plan(&mut ledger, "2028-11-01", renew(1));
    assert_eq!(cut.entries[0].period, period("2029-01-01", "2029-03-31"));
    assert!(cut.notes.contains(&Note::CutByEndOfLife { wanted: day("2029-12-31") }), "{:?}", cut.notes);
    let issued = done(&mut ledger, "2028-11-01", renew(1));
    assert_eq!(issued[0].license.terms().period.last(), life, "the code is cut too");
    let over = Refused::EndOfLife { product: id(7), day: life };
    for today in ["2028-11-01", "2029-03-31", "2029-04-01", "2031-01-01"] {
        assert_eq!(refused(&mut ledger, today, renew(1)), over, "{today}");
    }
}

#[test]
fn a_product_that_has_ended_is_not_sold_for_days_before_its_end() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let life = day("2027-12-31");
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    edit(&mut ledger, 7, &[ProductEdit::EndOfLife(Some(life))]);
    let over = Refused::EndOfLife { product: id(7), day: life };
    let back_dated =
        || Change::Issue(Order { period: period("2027-10-01", "2027-11-30"), ..order_of(7, "2027-01-01") });
    done(&mut ledger, "2027-12-31", back_dated());
    assert_eq!(refused(&mut ledger, "2028-01-01", back_dated()), over);
    assert_eq!(refused(&mut ledger, "2027-12-01", Change::Issue(order_of(7, "2028-01-01"))), over);
    let cut = plan(&mut ledger, "2027-12-01", Change::Issue(order_of(7, "2027-12-01")));
    assert_eq!(cut.entries[0].period, period("2027-12-01", "2027-12-31"));
    assert_eq!(cut.notes, [Note::CutByEndOfLife { wanted: day("2028-11-29") }]);
}

#[test]
fn no_change_of_a_running_period_goes_past_an_end_of_life_that_was_set_since() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    two_editions(&mut ledger);
    for _ in 0..3 {
        done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    }
    // The product that the license moves to ends first.
    edit(&mut ledger, 11, &[ProductEdit::EndOfLife(Some(day("2027-09-30")))]);
    let moved = plan(&mut ledger, "2027-02-01", upgrade(1, 11));
    assert_eq!(moved.entries[0].period, period("2027-01-01", "2027-09-30"));
    assert_eq!(moved.notes, [Note::CutByEndOfLife { wanted: day("2027-12-31") }]);
    assert_eq!(done(&mut ledger, "2027-02-01", upgrade(1, 11))[0].license.terms().period.last(), day("2027-09-30"));

    // The product itself ends, within the running period.
    done(&mut ledger, "2027-03-01", renew(2));
    edit(&mut ledger, 7, &[ProductEdit::EndOfLife(Some(day("2027-10-31")))]);
    let more = plan(&mut ledger, "2027-04-01", add_units(2));
    assert_eq!(more.entries.len(), 1, "the renewal would begin after the end");
    assert_eq!(more.entries[0].period, period("2027-01-01", "2027-10-31"));
    let was = activation_code::Revision::new(2).unwrap();
    assert_eq!(more.notes, [Note::CutByEndOfLife { wanted: day("2027-12-31") }, Note::EndsWithLife { was }]);
    assert_eq!(done(&mut ledger, "2027-04-01", add_units(2)).len(), 1);

    // The product ends within the renewal that waits.
    edit(&mut ledger, 7, &[ProductEdit::EndOfLife(None)]);
    done(&mut ledger, "2027-04-01", renew(3));
    edit(&mut ledger, 7, &[ProductEdit::EndOfLife(Some(day("2028-06-30")))]);
    let both = done(&mut ledger, "2027-05-01", add_units(3));
    let periods: Vec<_> = both.iter().map(|issued| issued.entry.period).collect();
    assert_eq!(periods, [period("2027-01-01", "2027-12-31"), period("2028-01-01", "2028-06-30")]);
}

#[test]
fn a_product_that_needs_no_code_gets_none() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    two_editions(&mut ledger);
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    edit(&mut ledger, 11, &[ProductEdit::AutoEnabled(true)]);
    let none = Refused::NeedsNoCode(id(11));
    assert_eq!(refused(&mut ledger, "2027-02-01", Change::Issue(order_of(11, "2027-02-01"))), none);
    assert_eq!(refused(&mut ledger, "2027-02-01", upgrade(1, 11)), none);
    edit(&mut ledger, 7, &[ProductEdit::AutoEnabled(true)]);
    for change in [renew(1), add_units(1)] {
        assert_eq!(refused(&mut ledger, "2027-02-01", change), Refused::NeedsNoCode(id(7)));
    }
    // A suite that has it still enables it.
    let suite = done(&mut ledger, "2027-02-01", Change::Issue(order_of(9, "2027-02-01")));
    assert_eq!(suite[0].license.terms().members.as_ref().unwrap().products(), [id(7), id(8)]);
    edit(&mut ledger, 7, &[ProductEdit::AutoEnabled(false)]);
    done(&mut ledger, "2027-02-01", renew(1));
}

#[test]
fn a_suites_codes_name_its_members_as_the_catalogue_has_them_when_they_are_issued() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let members = |issued: &[Issued]| issued[0].license.terms().members.as_ref().unwrap().products().to_vec();
    let first = done(&mut ledger, "2027-01-01", Change::Issue(order_of(9, "2027-01-01")));
    assert_eq!((members(&first), first[0].license.terms().units), (vec![id(7), id(8)], units(10)));
    edit(&mut ledger, 9, &[ProductEdit::Members(vec![id(10), id(8)])]);
    let shown = desk::codes_of(&mut ledger, license(1)).unwrap();
    assert_eq!(members(&shown), [id(7), id(8)], "what was issued stays");
    assert_eq!(members(&done(&mut ledger, "2027-02-01", add_units(1))), [id(8), id(10)]);
    edit(&mut ledger, 9, &[ProductEdit::Members(vec![id(7), id(8), id(10)])]);
    assert_eq!(members(&done(&mut ledger, "2027-12-01", renew(1))), [id(7), id(8), id(10)]);
    // This period only: the renewal goes out again as it was sold.
    edit(&mut ledger, 9, &[ProductEdit::Members(vec![id(8)])]);
    let only = Change::AddUnits { license: license(1), more: units(1), reach: Reach::RunningPeriod };
    let both = done(&mut ledger, "2027-12-02", only);
    assert_eq!((members(&both[..1]), members(&both[1..])), (vec![id(8)], vec![id(7), id(8), id(10)]));
}

#[test]
fn a_member_that_ends_within_the_period_is_said_and_sold_on() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    edit(&mut ledger, 8, &[ProductEdit::EndOfLife(Some(day("2027-08-31")))]);
    let planned = plan(&mut ledger, "2027-01-01", Change::Issue(order_of(9, "2027-01-01")));
    assert_eq!(planned.notes, [Note::MemberEnds { member: id(8), day: day("2027-08-31") }]);
    assert_eq!(planned.entries[0].period.last(), day("2027-12-31"), "the suite goes on");
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(9, "2027-01-01")));
    done(&mut ledger, "2027-02-01", renew(1));
    let ends = |note: &&Note| matches!(note, Note::MemberEnds { .. });
    let both = plan(&mut ledger, "2027-03-01", add_units(1));
    assert_eq!((both.entries.len(), both.notes.iter().filter(ends).count()), (2, 1), "said once");
    edit(&mut ledger, 8, &[ProductEdit::EndOfLife(Some(day("2027-12-31")))]);
    assert_eq!(plan(&mut ledger, "2027-01-01", Change::Issue(order_of(9, "2027-01-01"))).notes, []);
}

#[test]
fn a_product_is_gone_from_the_catalogue_the_day_after_its_end_of_life() {
    let life = day("2027-12-31");
    let name = "Example".parse().unwrap();
    let mut product = Product::new(id(1), "X".parse().unwrap(), name, UnitType::Seats, ProductKind::Software);
    assert!(product.is_in_catalogue(day("9999-12-31")));
    product.end_of_life = Some(life);
    assert!(product.is_in_catalogue(life));
    assert!(!product.is_in_catalogue(day("2028-01-01")));
}

#[test]
fn everything_of_a_product_but_what_codes_were_sold_by_can_be_changed_and_taken_back() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let before = desk::find_product(&mut ledger, "ES").unwrap();
    let name = |text: &str| text.parse().unwrap();
    let changed = edit(
        &mut ledger,
        7,
        &[
            ProductEdit::Mnemonic("es-2".parse().unwrap()),
            ProductEdit::Name(name("Another Name")),
            ProductEdit::Family(Some(name("Endpoint"))),
            ProductEdit::Rank(3),
            ProductEdit::Platform(Some(name("Linux"))),
            ProductEdit::AutoEnabled(true),
            ProductEdit::EndOfSale(Some(day("2027-06-01"))),
            ProductEdit::EndOfLife(Some(day("2027-06-01"))),
            ProductEdit::UseEnds(true),
        ],
    );
    let wanted = Product {
        mnemonic: "ES-2".parse().unwrap(),
        name: name("Another Name"),
        family: Some(name("Endpoint")),
        rank: 3,
        platform: Some(name("Linux")),
        auto_enabled: true,
        end_of_sale: Some(day("2027-06-01")),
        end_of_life: Some(day("2027-06-01")),
        use_ends: true,
        ..before.clone()
    };
    assert_eq!(changed, wanted);
    assert_eq!(desk::find_product(&mut ledger, "es-2").unwrap(), wanted);
    assert!(desk::find_product(&mut ledger, "ES").is_err());
    let back = edit(
        &mut ledger,
        7,
        &[
            ProductEdit::Mnemonic(before.mnemonic.clone()),
            ProductEdit::Name(before.name.clone()),
            ProductEdit::Family(None),
            ProductEdit::Rank(0),
            ProductEdit::Platform(None),
            ProductEdit::AutoEnabled(false),
            ProductEdit::EndOfSale(None),
            ProductEdit::EndOfLife(None),
            ProductEdit::UseEnds(false),
        ],
    );
    assert_eq!(back, before);
}

#[test]
fn a_change_that_changes_nothing_is_no_event() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let before = head(&mut ledger);
    edit(&mut ledger, 7, &[ProductEdit::Rank(0), ProductEdit::Family(None)]);
    edit(&mut ledger, 9, &[ProductEdit::Members(vec![id(8), id(7)])]);
    let customer = CustomerNumber::new(1).unwrap();
    let same = [CustomerEdit::Name("Example Hospital Trust".parse().unwrap()), CustomerEdit::Email(None)];
    desk::change_customer(&mut ledger, &session(day("2027-01-01")), customer, &same).unwrap();
    desk::set_limits(&mut ledger, &session(day("2027-01-01")), &[desk::LimitEdit::MostUnits(None)]).unwrap();
    assert_eq!(head(&mut ledger), before);
}

#[test]
fn what_no_product_can_be_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let taken = Refused::MnemonicTaken { mnemonic: "MAIL".parse().unwrap(), id: id(8) };
    assert_eq!(no_edit(&mut ledger, 7, &[ProductEdit::Mnemonic("mail".parse().unwrap())]), taken);
    let (sale, life) = (day("2027-06-02"), day("2027-06-01"));
    let ends = [ProductEdit::EndOfSale(Some(sale)), ProductEdit::EndOfLife(Some(life))];
    assert_eq!(no_edit(&mut ledger, 7, &ends), Refused::LifeEndsBeforeSale { sale, life });
    for members in [vec![], vec![id(7), id(7)], vec![id(9)], (1..=17).map(id).collect()] {
        assert_eq!(no_edit(&mut ledger, 9, &[ProductEdit::Members(members)]), Refused::Members);
    }
    for members in [vec![id(8)], vec![id(8), id(8)], (1..=17).map(id).collect()] {
        assert_eq!(no_edit(&mut ledger, 7, &[ProductEdit::Members(members)]), Refused::Members);
    }
    let unknown = Refused::UnknownProduct("99".into());
    assert_eq!(no_edit(&mut ledger, 9, &[ProductEdit::Members(vec![id(99)])]), unknown);
    assert_eq!(no_edit(&mut ledger, 99, &[ProductEdit::Rank(1)]), unknown);
}

#[test]
fn editions_of_one_family_are_known_whatever_case_it_is_written_in() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    two_editions(&mut ledger);
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(7, "2027-01-01")));
    assert_eq!(done(&mut ledger, "2027-02-01", upgrade(1, 11))[0].license.terms().product, id(11));
    assert_eq!(refused(&mut ledger, "2027-02-01", upgrade(1, 7)), Refused::LowerEdition { from: id(11), to: id(7) });
    assert_eq!(refused(&mut ledger, "2027-02-01", upgrade(1, 8)), Refused::OtherFamily { from: id(11), to: id(8) });
    // Two products without a family are not of one.
    done(&mut ledger, "2027-01-01", Change::Issue(order_of(8, "2027-01-01")));
    assert_eq!(refused(&mut ledger, "2027-02-01", upgrade(2, 10)), Refused::OtherFamily { from: id(8), to: id(10) });
}

#[test]
fn a_customer_gets_another_name_and_address_and_the_book_has_neither() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let session = session(day("2027-01-01"));
    let number = CustomerNumber::new(1).unwrap();
    let before = head(&mut ledger);
    let name = CustomerEdit::Name("Example Hospital Trust, London".parse().unwrap());
    let email = CustomerEdit::Email(Some("it@hospital.example".parse().unwrap()));
    let changed = desk::change_customer(&mut ledger, &session, number, &[name, email]).unwrap();
    assert_eq!(changed.name.as_str(), "Example Hospital Trust, London");
    assert_eq!(changed.email.as_ref().unwrap().as_str(), "it@hospital.example");
    assert_eq!(desk::find_customer(&mut ledger, "example hospital trust, LONDON").unwrap(), changed);
    assert!(desk::find_customer(&mut ledger, "Example Hospital Trust").is_err());
    let gone = desk::change_customer(&mut ledger, &session, number, &[CustomerEdit::Email(None)]).unwrap();
    assert_eq!((gone.email, gone.name), (None, changed.name));
    for event in events_after(&mut ledger, before) {
        for text in [&event.facts, &event.wrote] {
            assert!(!text.contains("Hospital") && !text.contains("example"), "{event:?}");
        }
    }
}

#[test]
fn no_two_customers_have_one_name_and_none_has_a_number() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let session = session(day("2027-01-01"));
    let second = desk::add_customer(&mut ledger, &session, &"Council".parse().unwrap(), None, [2; 16]).unwrap();
    let before = head(&mut ledger);
    let mut rename = |number, name: &str| {
        let edit = CustomerEdit::Name(name.parse().unwrap());
        match desk::change_customer(&mut ledger, &session, number, &[edit]) {
            Err(DeskFault::Refused(refused)) => Some(refused),
            Err(fault) => panic!("{fault}"),
            Ok(_) => None,
        }
    };
    assert!(matches!(rename(second.number, "EXAMPLE hospital trust"), Some(Refused::CustomerExists { .. })));
    assert_eq!(rename(second.number, "12"), Some(Refused::NumberAsName("12".into())));
    let nobody = CustomerNumber::new(99).unwrap();
    assert_eq!(rename(nobody, "Somebody"), Some(Refused::UnknownCustomer("99".into())));
    assert_eq!(rename(second.number, "COUNCIL"), None, "its own name in another case");
    assert_eq!(head(&mut ledger), before + 1);
}

#[test]
fn a_list_of_customers_is_whole_beyond_a_page() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let session = session(day("2027-01-01"));
    for number in 2..=1001 {
        let name = format!("Customer {number}").parse().unwrap();
        desk::add_customer(&mut ledger, &session, &name, None, [3; 16]).unwrap();
    }
    drop(ledger);
    let listed = desk.run(&["--json", "customer", "list"]).json();
    let numbers: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=1001).collect::<Vec<_>>());
    assert_eq!(desk.run(&["customer", "list"]).out.lines().count(), 1002);
}

/// What the library does with days, the program does with today's.
#[test]
fn the_program_sells_and_lists_by_todays_date() {
    let desk = Desk::new();
    let today = activation_host::program::clock();
    let text = |days: i32| today.plus(days).unwrap().to_string();
    let order = |reference: &'static str| desk.run(&desk.order(reference, &text(0)));
    let license = order("PO-1").json()["license"].as_u64().unwrap().to_string();
    desk.run(&["product", "change", "ES", "--end-of-sale", &text(1)]).assert_done();
    order("PO-2").assert_done();
    desk.run(&["product", "change", "ES", "--end-of-sale", &text(0), "--end-of-life", &text(400)]).assert_done();
    let refused = order("PO-3");
    refused.assert_complains(1);
    assert!(refused.err.contains(&format!("product 7 is not sold any more: its End of Sale was {}", text(0))));
    desk.run(&["add-units", &license, "--more", "1"]).assert_complains(1);
    let renewed = desk.run(&["--json", "renew", &license, "--term", "1y"]).json();
    assert_eq!(renewed["terms"]["last"], text(400));
    assert!(renewed["wanted_last"].as_str().unwrap() > text(400).as_str());
    assert!(desk.run(&["product", "list"]).out.contains("Example Endpoint Security"));

    let gone = ["product", "change", "ES", "--end-of-sale", &text(-2), "--end-of-life", &text(-1)];
    desk.run(&gone).assert_done();
    assert!(!desk.run(&["product", "list"]).out.contains("Example Endpoint Security"));
    assert!(desk.run(&["product", "list", "--all"]).out.contains("Example Endpoint Security"));
    let catalogue = desk.run(&["--json", "product", "list"]).json();
    assert!(catalogue.as_array().unwrap().iter().all(|product| product["id"] != 7));
    desk.run(&["renew", &license, "--term", "1y"]).assert_complains(1);
    // It is still known by name.
    assert_eq!(desk.run(&["--json", "product", "show", "ES"]).json()["end_of_life"], text(-1));
}
