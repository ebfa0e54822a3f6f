//! Finding a license by whatever a customer has of it, and what is asked of the whole ledger.

use crate::common::*;
use activation_code::*;
use countersign::desk::{
    self, Asked, Change, Clue, DeskFault, Findings, FoundBy, HistoryEntry, Issued, Length, LicenseState, Order,
    Refused, Session,
};
use countersign::ledger::{
    Action, By, Customer, CustomerNumber, Email, Entry, Event, Filter, Ledger, Listed, OperatorName, Role,
};
use countersign::signer::{Signer, SoftwareKey};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

fn customer(number: u32) -> CustomerNumber {
    CustomerNumber::new(number).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The numbers of the licenses that were found, and how.
#[track_caller]
fn found(findings: &Findings) -> Vec<(u32, &'static str)> {
    assert!(!findings.more, "{findings:?}");
    findings.licenses.iter().map(|found| (found.listed.license.number.get(), found.by.name())).collect()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

/// A small generator, so that every run makes the same mistakes.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Codes of every shape that a desk sells: with and without grace, host, features, holder; suites; revisions.
fn any_terms(number: u32, today: Day) -> Terms {
    let n = number as usize;
    Terms {
        product: ProductId::new([7, 8, 9, 10][n % 4]).unwrap(),
        license: license(number),
        units: Units::new(1 + number * 37 % 5_000).unwrap(),
        period: MaintenancePeriod::new(today, today.plus(30 + n as i32 * 7 % 700).unwrap()).unwrap(),
        issued: today,
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        kind: if n % 4 == 3 { Kind::Service } else { Kind::Full },
        test: false,
        grace: (n % 3 == 1).then_some((n % 90) as u8),
        host: (n % 7 == 2).then_some(HostId(number.wrapping_mul(2_654_435_761))),
        members: (n % 4 == 2).then(|| Members::new([7, 8].map(|id| ProductId::new(id).unwrap())).unwrap()),
        features: (n % 5 == 3).then_some(Features(number as u16)),
        holder: (n % 6 == 4).then(|| Holder::new(&format!("Company{number:05}")).unwrap()),
    }
}

/// A code as a desk signs it.
fn code(terms: &Terms, key: &SoftwareKey) -> ActivationCode {
    let payload = terms.to_payload().unwrap();
    let signature = key.sign(&signed_message(&payload)).unwrap();
    ActivationCode::from_parts(&payload, &signature).unwrap()
}

/// Writes codes into the ledger, in one transaction.
fn write_down(ledger: &mut Ledger, owner: CustomerNumber, codes: &[ActivationCode], today: Day) {
    let by = By { operator: OperatorName::first(), day: today };
    let written: Result<(), DeskFault> = ledger.write(|book| {
        for code in codes {
            let terms = code.unverified_terms().clone();
            let (number, revision) = (terms.license, terms.revision);
            let previous = book.license(number)?.map(|record| record.event);
            book.put_license(number, owner, None)?;
            book.insert_code(&Entry { customer: owner, reference: None, period: terms.period, terms }, code)?;
            let facts = serde_json::json!({"customer": owner.get(), "revision": revision.get()}).to_string();
            let action = if previous.is_some() { Action::Renewed } else { Action::Issued };
            book.record_after(&by, action, Some(number), previous, facts)?;
        }
        Ok(())
    });
    written.unwrap();
}

/// One mistake of each kind that people make with letters.
fn mistyped(row: &str, chance: &mut Chance) -> Vec<String> {
    let symbols: Vec<char> = row.chars().filter(char::is_ascii_alphanumeric).collect();
    let place = |chance: &mut Chance| chance.below(symbols.len() - 1);
    let digits = symbols.iter().all(char::is_ascii_digit);
    let other = |chance: &mut Chance, not: char| loop {
        let letters = if digits { &ALPHABET[..10] } else { ALPHABET };
        let letter = char::from(letters[chance.below(letters.len())]);
        if letter != not {
            return letter;
        }
    };
    let mut typed = Vec::new();
    // Another character, two neighbours swapped, one left out, one too many, one that cannot be read.
    for kind in 0..5 {
        let mut changed = symbols.clone();
        let i = place(chance);
        match kind {
            0 => changed[i] = other(chance, changed[i]),
            1 => changed.swap(i, i + 1),
            2 => drop(changed.remove(i)),
            3 => changed.insert(i, other(chance, ' ')),
            _ => changed[i] = '?',
        }
        if changed != symbols {
            let groups: Vec<String> = changed.chunks(5).map(|group| group.iter().collect()).collect();
            typed.push(groups.join(" "));
        }
    }
    typed
}

#[test]
fn every_row_of_a_code_finds_its_license_also_mistyped_and_in_digits() {
    const CODES: u32 = 210;
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    let codes: Vec<_> = (1..=CODES).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes, today);
    let mut chance = Chance(7);
    let (mut rows, mut one_group, mut asked, mut several) = (0, 0, 0, 0);
    for code in &codes {
        let number = code.unverified_terms().license;
        for (number_of_row, (letters, digits)) in (1..).zip(code.letters().iter().zip(code.digits())) {
            rows += 1;
            one_group += usize::from(letters.len() == 5);
            let mut texts = vec![
                letters.clone(),
                letters.to_lowercase().replace('-', " "),
                format!("Row {number_of_row}) {letters}"),
                digits.clone(),
                format!("{number_of_row}) {digits}"),
            ];
            let right = texts.len();
            texts.extend(mistyped(letters, &mut chance));
            if rows % 4 == 0 {
                texts.extend(mistyped(&digits, &mut chance));
            }
            for (i, text) in texts.into_iter().enumerate() {
                asked += 1;
                let findings = desk::find(&mut ledger, &Clue::Rows(vec![text.clone()]));
                let findings = findings.unwrap_or_else(|fault| panic!("{letters} as {text:?}: {fault}"));
                let found = findings.licenses.iter().find(|found| found.listed.license.number == number);
                let found = found.unwrap_or_else(|| panic!("{letters} as {text:?}: {findings:?}"));
                assert!(!findings.more, "{letters} as {text:?}");
                let FoundBy::Rows { revision, host: None, rows, repairs } = &found.by else { panic!("{found:?}") };
                assert_eq!((*revision, &rows[..]), (Revision::FIRST, &[number_of_row][..]));
                // A row that would be another one with one character less is right as it stands.
                assert!(!repairs.is_empty() || i < right, "{letters} as {text:?}");
                assert!(repairs.is_empty() || i >= right, "{letters} as {text:?}: {repairs:?}");
                several += usize::from(findings.licenses.len() > 1);
                // Two symbols, or a name that many have, cannot tell codes apart; all else can.
                let alike = letters.len() == 5 || code.unverified_terms().holder.is_some();
                assert!(findings.licenses.len() == 1 || alike, "{letters} as {text:?}: {findings:?}");
            }
        }
    }
    assert!(rows > 1_400 && one_group > 10 && asked > 15_000, "{rows} rows, {one_group} of one group, {asked} asked");
    assert!(several < asked / 20, "{several} of {asked} fit another license too");
}

#[test]
fn a_whole_code_finds_its_license_however_it_was_given() {
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    let codes: Vec<_> = (1..=20).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes, today);
    for code in &codes {
        let number = code.unverified_terms().license.get();
        let letters = code.letters();
        let mail = format!("Dear desk,\n\nwe lost this:\n> {}\n\nregards", letters.join("\n> "));
        let mut wrong = letters.clone();
        for (row, place) in [(2, 0), (4, 6)] {
            let other = if &letters[row][place..=place] == "7" { "8" } else { "7" };
            wrong[row].replace_range(place..=place, other);
        }
        for (text, by) in [
            (letters.join("\n"), "code"),
            (code.digits().join("\n"), "code"),
            (code.transport(), "code"),
            (wrong.join("\n"), "code"),
            // Without its last rows it is no code, but rows of one.
            (letters[..4].join("\n"), "row"),
            (letters[2..].join("\n"), "row"),
            (mail, "code"),
        ] {
            let findings = desk::find(&mut ledger, &Clue::Rows(vec![text.clone()])).unwrap();
            assert!(found(&findings).contains(&(number, by)), "{text}: {findings:?}");
            assert_eq!(findings.licenses.len(), 1, "{text}: {findings:?}");
        }
    }
    let strange = code(&any_terms(21, today), &key);
    let asked = Clue::Rows(vec![strange.letters().join("\n")]);
    let lost = Refused::NotInLedger { license: license(21), revision: Revision::FIRST };
    assert_eq!(refused(desk::find(&mut ledger, &asked)), lost);
    assert_eq!(refused(desk::search(&mut ledger, &strange.transport())), lost);
}

#[test]
fn rows_of_other_codes_and_other_texts_find_nothing() {
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    let codes: Vec<_> = (1..=50).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes, today);
    let find = |ledger: &mut Ledger, text: &str| desk::find(ledger, &Clue::Rows(vec![text.to_owned()]));
    // Another vendor's desk sold the same license numbers.
    let other = SoftwareKey::from_seed(&[9; 32]).unwrap();
    for number in [1, 2, 3] {
        let terms = Terms { units: Units::new(9_999).unwrap(), ..any_terms(number, today) };
        let theirs = code(&terms, &other);
        for row in theirs.letters().iter().filter(|row| row.len() > 5) {
            assert_eq!(refused(find(&mut ledger, row)), Refused::NobodysRow { wrong: None }, "{row}");
        }
        let whole = refused(find(&mut ledger, &theirs.letters().join("\n")));
        assert_eq!(whole, Refused::NobodysRow { wrong: None });
    }
    for text in [
        "",
        " ",
        "-",
        "%",
        "hello",
        "Example Hospital Trust, Ward 9, second floor on the left",
        "\u{202E}\u{0}\u{FFFF}",
        "12",
        "'; DROP TABLE license; --",
        "????? ????? ????? ????? ?????",
    ] {
        let refused = refused(find(&mut ledger, text));
        assert!(matches!(refused, Refused::NoRow(_) | Refused::NobodysRow { .. }), "{text:?}: {refused:?}");
    }
    let long = codes[0].letters()[1].repeat(40_000);
    assert!(long.len() > 1_000_000);
    let begun = std::time::Instant::now();
    assert!(matches!(refused(find(&mut ledger, &long)), Refused::NoRow(_)));
    let lines = "20040-0E000-84G00-3X00H-7FRHT\n".repeat(40_000);
    assert!(matches!(refused(find(&mut ledger, &lines)), Refused::NobodysRow { wrong: None }));
    assert!(desk::search(&mut ledger, &long).unwrap().licenses.is_empty());
    assert!(desk::search(&mut ledger, &lines).unwrap().licenses.is_empty());
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_row_that_many_codes_have_asks_for_another_one() {
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    // A row of nothing but the holder's name, in 1,000 codes.
    let holder = Holder::new(&"The Very Long Name of a Ministry ".repeat(2).trim_end()[..64]).unwrap();
    let of = |number: u32| Terms {
        product: ProductId::new(7).unwrap(),
        kind: Kind::Full,
        members: None,
        grace: None,
        host: None,
        features: None,
        holder: Some(holder.clone()),
        ..any_terms(number, today)
    };
    let codes: Vec<_> = (1..=1_000).map(|number| code(&of(number), &key)).collect();
    write_down(&mut ledger, customer(1), &codes, today);
    let wanted = &codes[876];
    let common = (1..wanted.letters().len()).find(|&i| wanted.letters()[i] == codes[3].letters()[i]).unwrap();
    let own = (common + 1..wanted.letters().len()).find(|&i| wanted.letters()[i] != codes[3].letters()[i]).unwrap();
    let rows = |rows: &[usize]| Clue::Rows(rows.iter().map(|&i| wanted.letters()[i].clone()).collect());
    let begun = std::time::Instant::now();
    let findings = desk::find(&mut ledger, &rows(&[common])).unwrap();
    assert!(findings.more);
    assert_eq!(findings.licenses.len(), desk::MOST_FOUND);
    for both in [[common, own], [own, common], [common, 0]] {
        let findings = desk::find(&mut ledger, &rows(&both)).unwrap();
        assert_eq!(found(&findings), [(877, "row")], "{both:?}");
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn two_rows_of_different_codes_find_both() {
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    let codes: Vec<_> = (1..=3).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes, today);
    let rows = vec![codes[0].letters()[1].clone(), codes[2].letters()[3].clone()];
    let findings = desk::find(&mut ledger, &Clue::Rows(rows)).unwrap();
    assert_eq!(found(&findings), [(1, "row"), (3, "row")]);
    // One of two rows is nobody's: the other one is enough.
    let rows = vec!["6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM".to_owned(), codes[2].letters()[3].clone()];
    assert_eq!(found(&desk::find(&mut ledger, &Clue::Rows(rows)).unwrap()), [(3, "row")]);
}

/// A desk where a customer's codes were sold as a clerk sells them.
struct Sold {
    /// Its folder goes away with it.
    folder: Desk,
    ledger: Ledger,
    key: SoftwareKey,
    today: Day,
}

impl Sold {
    fn new() -> Self {
        let desk = Desk::new();
        Self { ledger: desk.ledger(), key: test_key(), today: day("2026-11-22"), folder: desk }
    }

    fn session(&self) -> Session {
        session(self.today)
    }

    fn customer(&mut self, name: &str, email: Option<&str>) -> Customer {
        let email: Option<Email> = email.map(|text| text.parse().unwrap());
        let session = self.session();
        desk::add_customer(&mut self.ledger, &session, &name.parse().unwrap(), email.as_ref(), [3; 16]).unwrap()
    }

    fn perform(&mut self, change: Change, reference: Option<&str>) -> Vec<Issued> {
        let asked = Asked { change, reference: reference.map(|text| text.parse().unwrap()) };
        let session = self.session();
        desk::perform(&mut self.ledger, &session, &self.key, &asked).unwrap()
    }

    /// A license of ten endpoints, or what else is said.
    fn sell(&mut self, owner: u32, first: &str, last: &str, change: impl FnOnce(&mut Order)) -> LicenseNumber {
        self.sell_for(None, owner, first, last, change)
    }

    fn sell_for(
        &mut self,
        reference: Option<&str>,
        owner: u32,
        first: &str,
        last: &str,
        change: impl FnOnce(&mut Order),
    ) -> LicenseNumber {
        let Asked { change: Change::Issue(order), .. } = order(day(first), None) else { panic!() };
        let period = MaintenancePeriod::new(day(first), day(last)).unwrap();
        let mut order = Order { customer: customer(owner), period, ..order };
        change(&mut order);
        self.perform(Change::Issue(order), reference)[0].license.terms().license
    }

    fn renew(&mut self, license: LicenseNumber, reference: Option<&str>) {
        let length = Length::Term("1y".parse().unwrap());
        self.perform(Change::Renew { license, length, units: None }, reference);
    }

    fn find(&mut self, clue: Clue) -> Result<Findings, DeskFault> {
        desk::find(&mut self.ledger, &clue)
    }

    fn search(&mut self, text: &str) -> Vec<(u32, &'static str)> {
        found(&desk::search(&mut self.ledger, text).unwrap())
    }
}

#[test]
fn a_license_is_found_by_number_customer_address_and_order() {
    let mut desk = Sold::new();
    desk.customer("Example City Council", Some("Licenses@City.example"));
    desk.customer("Example City Library", Some("licenses@city.example"));
    desk.customer("100% Example_Works", None);
    let first = desk.sell_for(Some("PO-1"), 1, "2026-11-22", "2027-11-21", |_| ());
    let second = desk.sell_for(Some("PO-2"), 2, "2026-11-22", "2027-11-21", |_| ());
    let third = desk.sell(3, "2026-11-22", "2027-11-21", |_| ());
    desk.renew(second, Some("PO-3"));
    let (a, b, c) = (first.get(), second.get(), third.get());
    let mut check = |clue: Clue, wanted: &[(u32, &'static str)]| {
        assert_eq!(found(&desk.find(clue.clone()).unwrap()), wanted, "{clue:?}");
    };
    check(Clue::License(second), &[(b, "license")]);
    check(Clue::Customer("1".into()), &[(a, "customer")]);
    check(Clue::Customer("EXAMPLE hospital TRUST".into()), &[(a, "customer")]);
    check(Clue::Customer("hospital".into()), &[(a, "customer")]);
    check(Clue::Customer("city".into()), &[(b, "customer"), (c, "customer")]);
    // Two customers with one address, in whatever case.
    check(Clue::Email("LICENSES@CITY.EXAMPLE".parse().unwrap()), &[(b, "email"), (c, "email")]);
    for order in ["PO-2", "PO-3"] {
        check(Clue::Order(order.parse().unwrap()), &[(b, "order")]);
    }
    let found_by = |desk: &mut Sold, text: &str| desk.find(Clue::Order(text.parse().unwrap())).unwrap();
    assert_eq!(found_by(&mut desk, "PO-3").licenses[0].by, FoundBy::Order { revision: Revision::new(2).unwrap() });

    assert_eq!(refused(desk.find(Clue::License(license(77)))), Refused::UnknownLicense(license(77)));
    assert_eq!(refused(desk.find(Clue::Customer("nobody".into()))), Refused::UnknownCustomer("nobody".into()));
    assert_eq!(refused(desk.find(Clue::Customer("4".into()))), Refused::OwnsNothing(customer(4)));
    let email: Email = "nobody@city.example".parse().unwrap();
    assert_eq!(refused(desk.find(Clue::Email(email.clone()))), Refused::UnknownEmail(email));
    let order: countersign::ledger::OrderReference = "po-2".parse().unwrap();
    assert_eq!(refused(desk.find(Clue::Order(order.clone()))), Refused::UnknownOrder(order));
    // What stands for anything in SQL stands for itself here.
    for text in ["%", "_", "!", "%%", "ex%le", "E_ample"] {
        let hits = desk::find_customers(&mut desk.ledger, text, 10).unwrap();
        let names: Vec<_> = hits.iter().map(|customer| customer.name.as_str()).collect();
        let wanted: &[&str] = if ["%", "_"].contains(&text) { &["100% Example_Works"] } else { &[] };
        assert_eq!(names, wanted, "{text:?}");
    }
    assert_eq!(
        refused(desk.find(Clue::Customer("x".repeat(1_000_000)))),
        Refused::UnknownCustomer("x".repeat(1_000_000))
    );
}

#[test]
fn a_search_says_what_matched() {
    let mut desk = Sold::new();
    desk.customer("Example City Council", Some("licenses@city.example"));
    desk.customer("Studio 2", None);
    let first = desk.sell_for(Some("2"), 1, "2026-11-22", "2027-11-21", |_| ());
    let second = desk.sell_for(Some("PO-2"), 2, "2026-11-22", "2027-11-21", |_| ());
    let (a, b) = (first.get(), second.get());
    let row = {
        let codes = desk::codes_of(&mut desk.ledger, second).unwrap();
        codes[0].license.code().letters()[3].clone()
    };
    assert_eq!(desk.search("council"), [(b, "customer")]);
    assert_eq!(desk.search(" licenses@city.example\n"), [(b, "email")]);
    assert_eq!(desk.search("PO-2"), [(b, "order")]);
    assert_eq!(desk.search(&row), [(b, "row")]);
    let mistyped = format!("{}?{}", &row[..2], &row[3..]);
    assert_eq!(desk.search(&mistyped), [(b, "row")]);
    // One text may mean several things: order 2 of license 1, license 2.
    assert_eq!(desk.search("2"), [(a, "order"), (b, "license")]);
    let findings = desk::search(&mut desk.ledger, "studio").unwrap();
    assert!(findings.licenses.is_empty());
    assert_eq!(findings.customers[0].name.as_str(), "Studio 2");
    for text in ["", "nothing of the kind", "%", "\u{0}", "99999999999999999999"] {
        assert_eq!(desk::search(&mut desk.ledger, text).unwrap(), Findings::default(), "{text:?}");
    }
}

#[test]
fn more_licenses_than_anybody_chooses_from_are_cut() {
    let (desk, today, key) = (Desk::new(), day("2026-11-22"), test_key());
    let mut ledger = desk.ledger();
    let codes: Vec<_> = (1..=desk::MOST_FOUND as u32 + 1).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes[1..], today);
    let all = Clue::Customer("1".into());
    let findings = desk::find(&mut ledger, &all).unwrap();
    assert_eq!((findings.licenses.len(), findings.more), (desk::MOST_FOUND, false));
    write_down(&mut ledger, customer(1), &codes[..1], today);
    let findings = desk::find(&mut ledger, &all).unwrap();
    assert_eq!((findings.licenses.len(), findings.more), (desk::MOST_FOUND, true));
    let email = "licenses@reseller.example".parse().unwrap();
    for number in 0..=desk::MOST_FOUND {
        let name = format!("Company {number}").parse().unwrap();
        desk::add_customer(&mut ledger, &session(today), &name, Some(&email), [5; 16]).unwrap();
    }
    let findings = desk::search(&mut ledger, "licenses@RESELLER.example").unwrap();
    assert_eq!((findings.customers.len(), findings.more), (desk::MOST_FOUND, true));
}

#[test]
fn as_many_as_are_shown_are_all() {
    let mut desk = Sold::new();
    let email = "licenses@reseller.example";
    for number in 1..=desk::MOST_FOUND {
        desk.customer(&format!("Company {number}"), Some(email));
    }
    let findings = desk::search(&mut desk.ledger, email).unwrap();
    assert_eq!((findings.customers.len(), findings.more), (desk::MOST_FOUND, false));
}

#[test]
fn what_is_known_by_another_name_is_taken_for_no_mistyped_row() {
    let mut desk = Sold::new();
    let sold = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    let row = desk::codes_of(&mut desk.ledger, sold).unwrap()[0].license.code().letters()[3].clone();
    let mistyped = format!("{}?{}", &row[..2], &row[3..]);
    assert_eq!(desk.search(&mistyped), [(sold.get(), "row")]);
    let named = desk.sell_for(Some(&mistyped), 1, "2026-11-22", "2027-11-21", |_| ());
    assert_eq!(desk.search(&mistyped), [(named.get(), "order")]);
    // Whoever types a row has typed a row, and what stands beside it is passed over.
    for texts in [vec![mistyped.clone()], vec!["what is this".to_owned(), mistyped]] {
        assert_eq!(found(&desk.find(Clue::Rows(texts)).unwrap()), [(sold.get(), "row")]);
    }
}

#[test]
fn no_revision_of_a_revoked_license_is_given_out_again() {
    let mut desk = Sold::new();
    let sold = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    let session = desk.session();
    let mut reprint = |revision: Option<u16>| {
        desk::reprint(&mut desk.ledger, &session, sold, revision.map(|revision| Revision::new(revision).unwrap()))
    };
    assert_eq!(reprint(Some(1)).unwrap().len(), 1);
    let unknown = Refused::UnknownRevision { license: sold, revision: Revision::new(2).unwrap() };
    assert_eq!(refused(reprint(Some(2))), unknown);
    revoke(&mut desk.ledger, &session, sold, None).unwrap();
    let mut reprint = |revision: Option<u16>| {
        desk::reprint(&mut desk.ledger, &session, sold, revision.map(|revision| Revision::new(revision).unwrap()))
    };
    for revision in [None, Some(1), Some(2)] {
        assert_eq!(refused(reprint(revision)), Refused::Revoked(sold), "{revision:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_looked_for(text in "\\PC{0,60}|(?s).{0,200}|[0-9A-Z -]{4,40}") {
        SOLD.with_borrow_mut(|sold| {
            let _ = desk::search(&mut sold.ledger, &text).unwrap();
            for clue in [Clue::Rows(vec![text.clone(), text.clone()]), Clue::Customer(text.clone())] {
                match sold.find(clue) {
                    Ok(_) | Err(DeskFault::Refused(_)) => {}
                    Err(fault) => panic!("{fault}"),
                }
            }
        });
    }
}

std::thread_local! {
    static SOLD: RefCell<Sold> = RefCell::new(Sold::new());
}

fn told(events: Result<Vec<Event>, DeskFault>) -> Vec<HistoryEntry> {
    events.unwrap().iter().map(|event| HistoryEntry::of(event).unwrap()).collect()
}

#[test]
fn a_reprint_is_the_same_code_and_is_written_down() {
    let mut desk = Sold::new();
    let number = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    desk.renew(number, None);
    let codes = |desk: &mut Sold| -> Vec<_> {
        let codes = desk::codes_of(&mut desk.ledger, number).unwrap();
        codes.iter().map(|issued| issued.license.code().as_bytes().to_vec()).collect()
    };
    let before = codes(&mut desk);
    let session = desk.session();
    let seen = desk::preview_reprint(&mut desk.ledger, &session, number, None).unwrap();
    assert_eq!(desk::history(&mut desk.ledger, number).unwrap().len(), 2, "nobody has seen it yet");
    let given = desk::reprint(&mut desk.ledger, &session, number, None).unwrap();
    for codes in [seen, given] {
        assert_eq!(codes.iter().map(|issued| issued.license.code().as_bytes().to_vec()).collect::<Vec<_>>(), before);
    }
    let one = desk::reprint(&mut desk.ledger, &session, number, Some(Revision::FIRST)).unwrap();
    assert_eq!(one[0].license.code().as_bytes(), &before[0][..]);
    let history = told(desk::history(&mut desk.ledger, number));
    let told: Vec<_> = history.iter().map(|entry| (entry.action, entry.codes.len())).collect();
    let wanted = [(Action::Issued, 1), (Action::Renewed, 1), (Action::Reprinted, 2), (Action::Reprinted, 1)];
    assert_eq!(told, wanted);
    assert_eq!(codes(&mut desk), before);

    let name = "eve".parse().unwrap();
    let auditor = desk::add_operator(&mut desk.ledger, &session, &name, Role::Auditor, None).unwrap();
    let eve = Session { operator: auditor, ..session };
    for result in [
        desk::reprint(&mut desk.ledger, &eve, number, None),
        desk::preview_reprint(&mut desk.ledger, &eve, number, None),
    ] {
        assert!(matches!(refused(result), Refused::NotAllowed { .. }));
    }
    assert_eq!(desk::history(&mut desk.ledger, number).unwrap().len(), 4);
}

#[test]
fn a_history_tells_who_did_what_and_when() {
    let mut desk = Sold::new();
    desk.customer("Example City Council", None);
    let number = desk.sell_for(Some("PO-1"), 1, "2026-11-22", "2027-11-21", |_| ());
    let other = desk.sell(2, "2026-11-22", "2027-11-21", |_| ());
    desk.today = day("2026-11-23");
    let (session, length) = (desk.session(), Length::Term("1y".parse().unwrap()));
    let request = "letter of 2026-11-20".parse().unwrap();
    let units = Units::new(5).unwrap();
    desk.perform(Change::Downsize { license: number, length, units, request }, Some("PO-2"));
    desk::reprint(&mut desk.ledger, &session, number, None).unwrap();
    let reason = "sent to the wrong address".parse().unwrap();
    let revocation = desk::preview_revocation(&mut desk.ledger, &session, number, Revision::new(2)).unwrap();
    desk::revoke(&mut desk.ledger, &session, &revocation, Some(&reason)).unwrap();
    transfer(&mut desk.ledger, &session, number, customer(2)).unwrap();
    let history = told(desk::history(&mut desk.ledger, number));
    let actions: Vec<_> = history.iter().map(|entry| entry.action.name()).collect();
    assert_eq!(actions, ["issued", "downsized", "reprinted", "revoked", "transferred"]);
    assert!(history.iter().all(|entry| entry.license == Some(number) && entry.operator == OperatorName::first()));
    let days: Vec<_> = history.iter().map(|entry| entry.day.to_string()).collect();
    assert_eq!(days, ["2026-11-22", "2026-11-23", "2026-11-23", "2026-11-23", "2026-11-23"]);
    let [issued, downsized, reprinted, revoked, transferred] = &history[..] else { panic!() };
    assert_eq!(issued.order.as_ref().unwrap().as_str(), "PO-1");
    assert_eq!(issued.codes[0].sold.unwrap().units.get(), 10);
    assert_eq!(downsized.written_request.as_ref().unwrap().as_str(), "letter of 2026-11-20");
    assert_eq!(downsized.codes[0].sold.unwrap().last, day("2028-11-21"));
    assert_eq!(reprinted.codes.iter().map(|code| code.revision.get()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((revoked.good_from, revoked.reason.as_deref()), (Some(2), Some("sent to the wrong address")));
    assert_eq!((transferred.from, transferred.customer), (Some(customer(1)), Some(customer(2))));

    // Whoever owns it now has its history.
    let (owner, all) = desk::history_of_customer(&mut desk.ledger, customer(2)).unwrap();
    assert_eq!(owner.name.as_str(), "Example City Council");
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by_key(|entry| entry.sequence));
    assert_eq!(all.iter().map(|event| event.license).collect::<BTreeSet<_>>(), [Some(number), Some(other)].into());
    assert!(desk::history_of_customer(&mut desk.ledger, customer(1)).unwrap().1.is_empty());
    let nobody = refused(desk::history_of_customer(&mut desk.ledger, customer(9)));
    assert_eq!(nobody, Refused::UnknownCustomer("9".into()));
}

#[test]
fn a_history_names_the_host_that_a_code_was_sold_for() {
    let mut desk = Sold::new();
    let host = HostId(7);
    let number = desk.sell(1, "2026-11-22", "2027-11-21", |order| order.host = Some(host));
    assert_eq!(told(desk::history(&mut desk.ledger, number))[0].host, Some(host));
    let unbound = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    assert_eq!(told(desk::history(&mut desk.ledger, unbound))[0].host, None);
}

#[test]
fn a_history_that_was_edited_into_a_circle_has_an_end() {
    let mut desk = Sold::new();
    let number = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    desk.renew(number, None);
    assert_eq!(told(desk::history(&mut desk.ledger, number)).len(), 2);
    let raw = rusqlite::Connection::open(desk.folder.ledger_path()).unwrap();
    assert_eq!(raw.execute("UPDATE event SET previous = sequence WHERE action = 'renewed'", []).unwrap(), 1);
    assert_eq!(told(desk::history(&mut desk.ledger, number)).len(), 1);
}

/// Licenses in every state, and what is said of them on 2026-11-22.
fn states(desk: &mut Sold) -> BTreeMap<LicenseNumber, LicenseState> {
    use LicenseState::{Active, Ended, NotYetValid, Revoked};
    let session = desk.session();
    let mut states = BTreeMap::new();
    states.insert(desk.sell(1, "2026-11-22", "2027-11-21", |_| ()), Active);
    states.insert(desk.sell(1, "2026-01-01", "2026-11-22", |_| ()), Active);
    states.insert(desk.sell(1, "2026-01-01", "2026-11-21", |_| ()), Ended);
    states.insert(desk.sell(1, "2026-11-23", "2027-11-22", |_| ()), NotYetValid);
    // Renewed early: the running code counts, the newest one waits.
    let renewed = desk.sell(1, "2026-01-01", "2026-12-31", |_| ());
    desk.renew(renewed, None);
    states.insert(renewed, Active);
    let revoked = desk.sell(1, "2026-11-22", "2027-11-21", |_| ());
    revoke(&mut desk.ledger, &session, revoked, None).unwrap();
    states.insert(revoked, Revoked);
    // Its first code is revoked; the renewal has not begun.
    let partly = desk.sell(1, "2026-01-01", "2026-12-31", |_| ());
    desk.renew(partly, None);
    revoke(&mut desk.ledger, &session, partly, Revision::new(2)).unwrap();
    states.insert(partly, NotYetValid);
    states.insert(desk.sell(1, "2026-11-22", "2026-12-21", |order| order.kind = Some(Kind::Evaluation)), Active);
    let mail = ProductId::new(8).unwrap();
    desk.customer("Example City Council", None);
    states.insert(desk.sell(2, "2026-11-22", "2027-05-31", |order| order.product = mail), Active);
    states
}

fn numbers(listed: &[Listed]) -> Vec<LicenseNumber> {
    listed.iter().map(|listed| listed.license.number).collect()
}

#[test]
fn lists_are_filtered_by_state_customer_product_kind_and_days() {
    let mut desk = Sold::new();
    let states = states(&mut desk);
    let today = desk.today;
    let all = desk::licenses(&mut desk.ledger, &Filter::default(), None, None, 1_000).unwrap();
    let seen: BTreeMap<_, _> = all.iter().map(|listed| (listed.license.number, listed.state(today))).collect();
    assert_eq!(seen, states);
    for most in [1, 2, 1_000] {
        for state in LicenseState::ALL {
            assert_eq!(LicenseState::from_name(state.name()), Some(state));
            let wanted: Vec<_> =
                states.iter().filter(|(_, other)| **other == state).map(|(number, _)| *number).collect();
            // Page by page.
            let mut found: Vec<LicenseNumber> = Vec::new();
            loop {
                let page = desk::licenses(
                    &mut desk.ledger,
                    &Filter::default(),
                    Some((state, today)),
                    found.last().copied(),
                    most,
                );
                let page = numbers(&page.unwrap());
                assert!(page.len() <= most as usize);
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found, wanted, "{state:?}");
        }
    }
    let mut count = |filter: Filter, naive: &dyn Fn(&Listed) -> bool| {
        let found = desk::licenses(&mut desk.ledger, &filter, None, None, 1_000).unwrap();
        let wanted: Vec<_> = all.iter().filter(|listed| naive(listed)).cloned().collect();
        assert_eq!(found, wanted, "{filter:?}");
        assert!(!found.is_empty() && found.len() < all.len(), "{filter:?}");
    };
    let (terms, last) = (|it: &Listed| it.newest.entry.terms.clone(), |it: &Listed| it.newest.entry.period.last());
    let mail = ProductId::new(8).unwrap();
    let (end, ends) = (day("2027-05-31"), Filter::default());
    count(Filter { customer: Some(customer(2)), ..ends }, &|it| it.owner.number == customer(2));
    count(Filter { product: Some(mail), ..ends }, &|it| terms(it).product == mail);
    count(Filter { kind: Some(Kind::Evaluation), ..ends }, &|it| terms(it).kind == Kind::Evaluation);
    count(Filter { ends_after: Some(end), ..ends }, &|it| last(it) > end);
    count(Filter { ends_before: Some(end), ..ends }, &|it| last(it) < end);
    count(Filter { revoked: true, ..ends }, &|it| it.license.good_from.is_some());
    let both = Filter { customer: Some(customer(1)), ends_before: Some(end), revoked: false, ..ends };
    count(both, &|it| it.owner.number == customer(1) && last(it) < end);
}

#[test]
fn what_falls_due_is_the_last_code_of_a_license_by_day() {
    let mut desk = Sold::new();
    let states = states(&mut desk);
    let today = desk.today;
    // Two end on one day.
    desk.sell(2, "2026-11-22", "2026-12-21", |_| ());
    for (first, last) in [(0, 60), (-30, 60), (-400, 4_000), (0, 0), (29, 29), (30, 40)] {
        let period = MaintenancePeriod::new(today.plus(first).unwrap(), today.plus(last).unwrap()).unwrap();
        let all = desk::licenses(&mut desk.ledger, &Filter::default(), None, None, 1_000).unwrap();
        let ends = |it: &Listed| it.newest.entry.period.last();
        let mut wanted: Vec<_> = all
            .into_iter()
            .filter(|it| (period.first()..=period.last()).contains(&ends(it)))
            .filter(|it| it.state(today) != LicenseState::Revoked)
            .collect();
        wanted.sort_by_key(|it| (ends(it), it.license.number));
        assert_eq!(desk::due(&mut desk.ledger, period, None, 1_000).unwrap(), wanted);
        let mut paged: Vec<Listed> = Vec::new();
        loop {
            let after = paged.last().map(|last| (ends(last), last.license.number));
            let page = desk::due(&mut desk.ledger, period, after, 1).unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, wanted, "{period}");
    }
    let soon = MaintenancePeriod::new(today, today.plus(60).unwrap()).unwrap();
    let soon = numbers(&desk::due(&mut desk.ledger, soon, None, 1_000).unwrap());
    assert!(
        soon.len() == 3 && soon.iter().all(|number| states.get(number).is_none_or(|it| *it == LicenseState::Active))
    );
}

#[test]
fn a_report_counts_the_units_that_are_in_force_today() {
    let mut desk = Sold::new();
    states(&mut desk);
    let today = desk.today;
    desk.sell(2, "2026-11-22", "2027-11-21", |order| order.test = true);
    desk.sell(1, "2026-11-22", "2027-11-21", |order| order.product = ProductId::new(10).unwrap());
    // More units from today on: the code that runs counts, once.
    let grown = desk.sell(2, "2026-01-01", "2027-12-31", |_| ());
    let reach = desk::Reach::License;
    desk.perform(Change::AddUnits { license: grown, more: Units::new(90).unwrap(), reach }, None);
    let by_product: Vec<_> = desk::units_by_product(&mut desk.ledger, today)
        .unwrap()
        .into_iter()
        .map(|line| (line.product.id.get(), line.kind.name(), line.sum.licenses, line.sum.units))
        .collect();
    assert_eq!(by_product, [(7, "full", 4, 130), (7, "evaluation", 1, 10), (8, "full", 1, 10), (10, "service", 1, 10)]);
    let by_customer: Vec<_> = desk::units_by_customer(&mut desk.ledger, today)
        .unwrap()
        .into_iter()
        .map(|line| (line.customer.number.get(), line.unit.name(), line.kind.name(), line.sum.licenses, line.sum.units))
        .collect();
    assert_eq!(
        by_customer,
        [
            (1, "endpoints", "full", 3, 30),
            (1, "endpoints", "evaluation", 1, 10),
            (1, "users", "service", 1, 10),
            (2, "endpoints", "full", 1, 100),
            (2, "users", "full", 1, 10),
        ]
    );
    let by_partner: Vec<_> = desk::units_by_partner(&mut desk.ledger, today)
        .unwrap()
        .into_iter()
        .map(|line| (line.account, line.unit.name(), line.kind.name(), line.sum.licenses, line.sum.units))
        .collect();
    let lines = [
        ("endpoints", "full", 4, 130),
        ("endpoints", "evaluation", 1, 10),
        ("users", "full", 1, 10),
        ("users", "service", 1, 10),
    ];
    assert_eq!(by_partner, lines.map(|(unit, kind, licenses, units)| (None, unit, kind, licenses, units)));
    // After the last period of all nothing is in force.
    assert!(desk::units_by_product(&mut desk.ledger, day("2040-01-01")).unwrap().is_empty());
    assert!(desk::units_by_customer(&mut desk.ledger, day("2020-01-01")).unwrap().is_empty());
}

#[test]
fn a_list_is_the_same_as_a_table_as_json_and_as_csv() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = activation_host::program::clock();
    let session = session(today);
    let formula = desk::add_customer(&mut ledger, &session, &"=cmd|'/C calc'!A0".parse().unwrap(), None, [4; 16]);
    assert_eq!(formula.unwrap().number, customer(2));
    // More than a page.
    let key = test_key();
    let codes: Vec<_> = (1..=2_500).map(|number| code(&any_terms(number, today), &key)).collect();
    write_down(&mut ledger, customer(1), &codes[1..], today);
    write_down(&mut ledger, customer(2), &codes[..1], today);
    let json = desk.run(&["list", "--json"]).json();
    let json = json.as_array().unwrap();
    let csv = desk.run(&["list", "--csv"]);
    let mut reader = csv::Reader::from_reader(csv.assert_done().out.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let table = desk.run(&["list"]);
    let table: Vec<_> = table.assert_done().out.lines().skip(1).collect();
    assert_eq!((json.len(), records.len(), table.len()), (2_500, 2_500, 2_500));
    for ((object, record), line) in json.iter().zip(&records).zip(table) {
        for (column, cell) in columns.iter().zip(record) {
            let wanted = match &object[column] {
                serde_json::Value::String(text) if text.starts_with('=') => format!("'{text}"),
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null if column == "test" => "false".to_owned(),
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(cell, wanted, "{column}");
        }
        let number = object["license"].to_string();
        assert!(line.starts_with(&format!("{number} ")) && line.ends_with(object["customer_name"].as_str().unwrap()));
    }
    for by in ["product", "customer"] {
        let sums = |column: usize, csv: &str| -> u64 {
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            reader.records().map(|record| record.unwrap()[column].parse::<u64>().unwrap()).sum()
        };
        let json = desk.run(&["report", "--by", by, "--json"]).json();
        let units: u64 = json.as_array().unwrap().iter().map(|line| line["units"].as_u64().unwrap()).sum();
        let csv = desk.run(&["report", "--by", by, "--csv"]);
        let last = csv.assert_done().out.lines().next().unwrap().split(',').count() - 1;
        let wanted: u64 = codes.iter().map(|code| u64::from(code.unverified_terms().units.get())).sum();
        assert_eq!((units, sums(last, &csv.out), sums(last - 1, &csv.out)), (wanted, wanted, 2_500));
        assert!(desk.run(&["report", "--by", by]).assert_done().out.lines().count() > 1);
    }
    let ran = desk.run(&["due", "--within", "9999d", "--csv"]);
    let mut reader = csv::Reader::from_reader(ran.assert_done().out.as_bytes());
    let days: Vec<i64> = reader.records().map(|record| record.unwrap()[1].parse().unwrap()).collect();
    assert_eq!(days.len(), 2_500);
    assert!(days.is_sorted());
}

#[test]
fn a_reprint_by_a_row_on_standard_input_is_byte_for_byte_the_code() {
    use std::io::Write as _;
    let desk = Desk::new();
    let today = today();
    let issued = desk.run(&desk.order("PO-1", &today)).json();
    let mut rows: Vec<String> =
        issued["code"]["letters"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect();
    rows[3].replace_range(0..1, "?");
    let reprint = |stdin: &[u8]| -> Ran {
        let mut command = desk.command(&["--json", "reprint", "--row", "-"]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        // It may not want all of it.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        child.wait_with_output().unwrap().into()
    };
    let ran = reprint(rows[3].as_bytes());
    assert_eq!(ran.json().as_array().unwrap(), std::slice::from_ref(&issued));
    assert!(ran.err.starts_with("repaired: row 4, group 1: you typed ?"), "{ran:?}");
    assert_eq!(reprint(rows.join("\r\n").as_bytes()).json()[0], issued);
    let ran = reprint(&vec![b'7'; 1 << 20]);
    ran.assert_complains(1);
    reprint(b"\xFF\xFE").assert_complains(1);
}
