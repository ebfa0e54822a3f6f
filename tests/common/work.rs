//! Some weeks at a desk, in which everything happens that a ledger is for. Always the same.

use activation_code::{
    ClockState, Day, Holder, HostId, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, Nonce, PinnedIssuer,
    ProductId, RegistrationKey, Revision, Roots, Terms, Units, signed_message,
};
use countersign::desk::{
    self, AccountEdit, Asked, Change, Clock, ContactEdit, CustomerEdit, DeskFault, IssuerLimitEdit, KeyTerms, Learning,
    Length, LimitEdit, Noticed, NoticesWanted, OperatorEdit, Order, OtherBook, PartnerEnd, Preview, ProductEdit, Reach,
    Refused, Session, Whose,
};
use countersign::ledger::{
    AccountKind, AccountNumber, By, CustomerNumber, Ledger, LicenseRecord, Name, Operator, OperatorName, Privilege,
    Privileges, Product, ProductKind, RequestState, Role, UnitType, UsageClaim,
};
use countersign::partner::{Exported, ExportedCode, PartnerExport, PartnerRequest};
use countersign::signer::{Signer as _, SoftwareKey};
use std::sync::LazyLock;

/// The published test key.
const SEED: [u8; 32] = [1; 32];

/// That of both operators.
pub const OPERATOR_PASSPHRASE: &str = "correct horse";

static HASH: LazyLock<String> =
    LazyLock::new(|| desk::hash_passphrase(OPERATOR_PASSPHRASE.as_bytes(), &[9; 16]).unwrap());

/// The administrator.
pub fn first() -> Operator {
    Operator { passphrase: Some(HASH.clone()), ..Operator::first() }
}

/// What tells this desk's book from others.
pub const IDENTITY: [u8; 8] = [7; 8];

/// When it begins.
pub fn monday() -> Day {
    "2027-03-01".parse().unwrap()
}

/// When the licenses are sold.
pub fn friday() -> Day {
    "2027-03-05".parse().unwrap()
}

/// The vendor.
pub fn vendor() -> Name {
    "Example Security".parse().unwrap()
}

fn session(operator: &Operator, today: Day) -> Session {
    Session { operator: operator.clone(), today, clock: Clock::Confirmed }
}

fn by(day: Day) -> By {
    By { operator: OperatorName::first(), day }
}

/// All of it, in a ledger that was just founded.
///
/// # Errors
/// None, or the desk is broken.
pub fn work(ledger: &mut Ledger) -> Result<(), DeskFault> {
    let key = SoftwareKey::from_seed(&SEED).unwrap();
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: key.public_key() };
    desk::record_issuer(ledger, &by(monday()), issuer)?;
    let ledger_key = SoftwareKey::from_seed(&[2; 32]).unwrap();
    desk::record_ledger_key(ledger, &by(monday()), &ledger_key.public_key())?;
    catalogue(ledger)?;
    customers(ledger)?;
    let second = operators(ledger)?;
    approvals(ledger, &key, &second)?;
    licenses(ledger, &key)?;
    trust(ledger, &first(), friday())?;
    keys(ledger)?;
    accounts(ledger, &first(), friday(), &SoftwareKey::from_seed(&LAST_KEY.1).unwrap())?;
    assert_eq!(desk::units_by_partner(ledger, friday())?.len(), 3);
    purge(ledger, &second)?;
    // As after a backup was put back, which leaves no other trace here.
    ledger.write(|book| book.skip_revisions(0, LicenseRecord::NONE_GOOD))?;
    Ok(())
}

/// Two partners, one of which ends; who sells to whom, whom to write to, and an operator who works for a partner.
///
/// # Errors
/// None, or the desk is broken.
pub fn accounts(ledger: &mut Ledger, operator: &Operator, today: Day, key: &SoftwareKey) -> Result<(), DeskFault> {
    let session = session(operator, today);
    let privileges = Privileges::of([Privilege::Sell, Privilege::Register, Privilege::Renew, Privilege::Keys]);
    let person = |name: &str| ContactEdit::Person(Some(name.parse().unwrap()));
    let (kind, name) = (AccountKind::Reseller, "North's \"Systems\"".parse().unwrap());
    let north = desk::add_account(ledger, &session, (kind, &name), &[person("Ägidius")], privileges, [11; 16])?;
    let name = "East Managed".parse().unwrap();
    let east = desk::add_account(ledger, &session, (AccountKind::Msp, &name), &[], Privileges::default(), [12; 16])?;
    desk::change_account(ledger, &session, east.number, &[AccountEdit::Leaves])?;
    let taken = desk::add_account(ledger, &session, (kind, &north.name), &[], Privileges::default(), [0; 16]);
    assert!(matches!(taken, Err(DeskFault::Refused(Refused::AccountExists { .. }))));
    let customer = |number| CustomerNumber::new(number).unwrap();
    let edits = [
        CustomerEdit::Contact(ContactEdit::Address(Some("1 High Street; London".parse().unwrap()))),
        CustomerEdit::Contact(ContactEdit::Telephone(Some("+44 20 7946 0000".parse().unwrap()))),
        CustomerEdit::Contact(person("St. John's")),
        CustomerEdit::Contact(ContactEdit::Email(Some("Ann@Example.COM".parse().unwrap()))),
        CustomerEdit::Contact(ContactEdit::Language(Some("pt-br".parse().unwrap()))),
        CustomerEdit::Contact(ContactEdit::Company(Some("Zebra, \"Inc\"".parse().unwrap()))),
        CustomerEdit::Reseller(Some(north.number)),
    ];
    desk::change_customer(ledger, &session, customer(1), &edits)?;
    desk::change_customer(ledger, &session, customer(2), &edits)?;
    desk::change_customer(ledger, &session, customer(2), &[CustomerEdit::Reseller(None)])?;
    assert_eq!(desk::count_customers_of(ledger, north.number)?, 1);
    let name = "nora".parse().unwrap();
    desk::add_operator_of(ledger, &session, &name, Role::AccountManager, Some(HASH.clone()), Some(north.number))?;
    desk::change_operator(ledger, &session, &name, &OperatorEdit::Leaves)?;
    registration_keys(ledger, &session, north.number, key)?;
    notices(ledger, &session)?;
    for whose in [Whose::Account(north.number), Whose::Customer(customer(2))] {
        desk::statement(ledger, &session, whose, true)?;
    }
    Ok(())
}

/// Notices of all that ends within a year, of which one is written twice.
fn notices(ledger: &mut Ledger, session: &Session) -> Result<(), DeskFault> {
    let wanted = NoticesWanted { thresholds: vec![366, 30], within: 366, again: false };
    let page = desk::notices_due(ledger, session, &wanted, None, 100)?;
    for due in &page.due {
        assert_eq!(desk::record_notice(ledger, session, due)?, Noticed::Now);
    }
    assert!(desk::notices_due(ledger, session, &wanted, None, 100)?.due.is_empty());
    let again = desk::notices_due(ledger, session, &NoticesWanted { again: true, ..wanted }, None, 100)?.due;
    assert_eq!(again.len(), page.due.len());
    desk::record_notice(ledger, session, &again[0])?;
    assert_eq!(desk::notices_written(ledger, None, 100)?.len(), again.len());
    Ok(())
}

/// Three keys that a partner hands out, of which one is redeemed and one cancelled.
fn registration_keys(
    ledger: &mut Ledger,
    session: &Session,
    account: AccountNumber,
    key: &SoftwareKey,
) -> Result<(), DeskFault> {
    let worth = KeyTerms {
        account,
        product: ProductId::new(7).unwrap(),
        units: Units::new(5).unwrap(),
        kind: Some(Kind::Evaluation),
        term: "30d".parse().unwrap(),
    };
    let keys = [1, 2, 3].map(|seed| RegistrationKey::from_random([seed; 12]));
    let records = desk::generate_keys(ledger, session, &worth, &keys)?;
    let redeemed = desk::find_key(ledger, &keys[0])?;
    assert_eq!(redeemed, records[0]);
    let asked = desk::redemption(&redeemed, CustomerNumber::new(1).unwrap(), session.today)?;
    desk::perform(ledger, session, key, &asked)?;
    desk::cancel_keys(ledger, session, &[2..=2])?;
    assert_eq!(desk::registration_keys(ledger, Some(account), 2, 9)?.len(), 2);
    assert_eq!(desk::registration_keys(ledger, None, 1, 9)?.len(), 3);
    Ok(())
}

/// A customer who was asked for in vain is forgotten.
fn purge(ledger: &mut Ledger, second: &Operator) -> Result<(), DeskFault> {
    let (asking, second) = (session(&first(), friday()), session(second, friday()));
    let edits = [
        CustomerEdit::Email(Some("Otto@Example.COM".parse().unwrap())),
        CustomerEdit::Contact(ContactEdit::Telephone(Some("112".parse().unwrap()))),
    ];
    let customer = desk::register_customer(ledger, &asking, &"Öttö & Co".parse().unwrap(), &edits, [13; 16])?.number;
    let order = order(customer.get(), 4000);
    let large = asked(Order { holder: Some(Holder::new("Öttö").unwrap()), ..order.clone() }, "PO-L3");
    let request = desk::request(ledger, &asking, &large)?.number;
    let waits = desk::preview_purge(ledger, &asking, customer);
    assert!(matches!(waits, Err(DeskFault::Refused(Refused::RequestWaits { .. }))));
    let rejected = desk::reject(ledger, &second, request)?;
    let seen = desk::preview_purge(ledger, &asking, customer)?;
    assert_eq!(seen.requests, [request]);
    let done = desk::purge(ledger, &asking, &seen, &"a mistake".parse().unwrap())?;
    assert!(done.not_erased.is_none(), "{done:?}");
    assert_eq!(desk::requests(ledger, None)?.pop().unwrap().answer, rejected.answer);
    let issued = desk::preview(ledger, &asking, &asked(order, "PO-L4"));
    assert!(matches!(issued, Err(DeskFault::Refused(Refused::CustomerPurged { .. }))));
    Ok(())
}

/// What installations are told, by a root whose key is published with this project; and a partner.
///
/// # Errors
/// None, or the desk is broken.
pub fn trust(ledger: &mut Ledger, operator: &Operator, today: Day) -> Result<(), DeskFault> {
    let session = session(operator, today);
    desk::set_contact(ledger, &session, &["Example Security, +49 30 123456".parse().unwrap()])?;
    let limits = "kinds=full,evaluation units=100000".parse().unwrap();
    desk::limit_issuer(ledger, &session, IssuerNumber::new(1).unwrap(), &limits)?;
    let root = SoftwareKey::from_seed(&[2; 32]).unwrap();
    let roots = Roots::new(1, [root.public_key()]).unwrap();
    for _ in 0..2 {
        let mut bundle = desk::draft_bundle(ledger, today, Some(&roots))?;
        let early = desk::publish_bundle(ledger, &session, &bundle);
        assert!(matches!(early, Err(DeskFault::Refused(Refused::Bundle(_)))));
        bundle.sign(&root).unwrap();
        desk::publish_bundle(ledger, &session, &bundle)?;
    }
    assert_eq!(desk::bundles(ledger)?.len(), 2);
    partners(ledger, &session)
}

/// The key that is in use when all is done, as its number says.
pub const LAST_KEY: (u16, [u8; 32]) = (3, [6; 32]);

/// The first issuing key is retired; the second one signs license 7, and is stolen; the third one signs it again.
fn keys(ledger: &mut Ledger) -> Result<(), DeskFault> {
    let session = session(&first(), friday());
    let second = (2, [5; 32]);
    for (number, seed) in [second, LAST_KEY] {
        let key = SoftwareKey::from_seed(&seed).unwrap().public_key();
        desk::prepare_issuer(ledger, &session, PinnedIssuer { number: IssuerNumber::new(number).unwrap(), key })?;
    }
    publish(ledger, &session)?;
    let rotation = desk::preview_rotation(ledger, &session, None, Learning::Bundle, &|_, _| {})?;
    desk::rotate(ledger, &session, &rotation)?;
    let key = SoftwareKey::from_seed(&second.1).unwrap();
    desk::perform(ledger, &session, &key, &asked(order(1, 7), "PO-7"))?;
    let loss = desk::preview_loss(ledger, &session, rotation.to.number, &|_, _| {})?;
    desk::lose_issuer(ledger, &session, &loss)?;
    let key = SoftwareKey::from_seed(&LAST_KEY.1).unwrap();
    for change in desk::reissues(&loss) {
        desk::perform(ledger, &session, &key, &change.into())?;
    }
    let after = desk::preview_loss(ledger, &session, rotation.to.number, &|_, _| {})?;
    assert_eq!((after.concerned, after.reissued), (Vec::new(), 1));
    publish(ledger, &session)
}

/// The next bundle, signed by the root of the one before.
fn publish(ledger: &mut Ledger, session: &Session) -> Result<(), DeskFault> {
    let mut bundle = desk::draft_bundle(ledger, session.today, None)?;
    bundle.sign(&SoftwareKey::from_seed(&[2; 32]).unwrap()).unwrap();
    desk::publish_bundle(ledger, session, &bundle)?;
    Ok(())
}

/// The desk of a partner whose keys have these seeds, as it asks to be certified.
pub fn partner_request(vendor: Name, issuer: u16, seeds: [u8; 2], day: Day) -> PartnerRequest {
    let [key, ledger_key] = seeds.map(|seed| SoftwareKey::from_seed(&[seed; 32]).unwrap());
    let issuer = PinnedIssuer { number: IssuerNumber::new(issuer).unwrap(), key: key.public_key() };
    PartnerRequest::sign(&ledger_key, vendor, false, format!("{:016x}", seeds[0]), issuer, day).unwrap()
}

/// A code of ten units that the key with this seed has signed.
pub fn partner_code(issuer: u16, seed: u8, license: u32, issued: Day) -> ExportedCode {
    let terms = Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(license).unwrap(),
        units: Units::new(10).unwrap(),
        period: MaintenancePeriod::new(issued, issued.plus(364).unwrap()).unwrap(),
        issued,
        issuer: IssuerNumber::new(issuer).unwrap(),
        revision: Revision::FIRST,
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    };
    signed(seed, terms)
}

/// The same of any terms.
pub fn signed(seed: u8, terms: Terms) -> ExportedCode {
    let key = SoftwareKey::from_seed(&[seed; 32]).unwrap();
    let signature = key.sign(&signed_message(&terms.to_payload().unwrap())).unwrap();
    ExportedCode { terms, signature }
}

/// What the desk of a request has issued, in a book of so many events.
pub fn partner_export(request: &PartnerRequest, seeds: [u8; 2], events: u8, codes: Vec<ExportedCode>) -> PartnerExport {
    let exported = Exported {
        vendor: request.vendor.clone(),
        desk: request.desk.clone(),
        issuer: request.issuer,
        day: request.day,
        head_day: request.day,
        first: 1,
        links: (1..=events).map(|event| [event; 32]).collect(),
        codes,
        revoked: Vec::new(),
    };
    PartnerExport::sign(&SoftwareKey::from_seed(&[seeds[1]; 32]).unwrap(), exported).unwrap()
}

/// A partner that has issued one code, which is revoked; then it is ended for good.
fn partners(ledger: &mut Ledger, session: &Session) -> Result<(), DeskFault> {
    let request = partner_request(desk::vendor(ledger)?, 17, [3, 4], session.today);
    let limits = [IssuerLimitEdit::Units(Units::new(100))];
    let partner = desk::add_partner(ledger, session, &request, &"North Systems".parse().unwrap(), &limits, Some(1000))?;
    let issuer = partner.issuer;
    let taken = desk::add_partner(ledger, session, &request, &partner.name, &limits, None);
    assert!(matches!(taken, Err(DeskFault::Refused(Refused::IssuerTaken(_)))));
    desk::change_partner(ledger, session, issuer, &[IssuerLimitEdit::Grace(Some(30))], None)?;
    let license = LicenseNumber::new(1_000_000).unwrap();
    let codes = vec![partner_code(17, 3, license.get(), session.today)];
    let export = partner_export(&request, [3, 4], 9, codes);
    let found = desk::import_export(ledger, session, &export, OtherBook::Refused)?;
    assert!(found.is_right() && found.used == 10, "{found:?}");
    assert_eq!(desk::reconcile(ledger, issuer)?.codes, 1);
    let revocation = desk::preview_partner_revocation(ledger, session, license, None)?.unwrap();
    desk::revoke_of_partner(ledger, session, &revocation, None)?;
    desk::end_partner(ledger, session, issuer, PartnerEnd::Stolen)?;
    Ok(())
}

fn catalogue(ledger: &mut Ledger) -> Result<(), DeskFault> {
    let session = session(&first(), monday());
    for (id, mnemonic, kind, members) in [
        (7, "ES", ProductKind::Software, &[][..]),
        (8, "PRO", ProductKind::Software, &[]),
        (9, "ALL", ProductKind::Suite, &[7, 8]),
    ] {
        let (mnemonic, name) = (mnemonic.parse().unwrap(), "Example's \"Security\" ü".parse().unwrap());
        let product = Product {
            members: members.iter().map(|&id| ProductId::new(id).unwrap()).collect(),
            family: Some("example".parse().unwrap()),
            rank: id,
            ..Product::new(ProductId::new(id).unwrap(), mnemonic, name, UnitType::Seats, kind)
        };
        desk::add_product(ledger, &session, &product)?;
    }
    let suite = desk::find_product(ledger, "ALL")?;
    let end = Some("2030-12-31".parse().unwrap());
    desk::change_product(ledger, &session, suite.id, &[ProductEdit::EndOfLife(end), ProductEdit::UseEnds(true)])?;
    Ok(())
}

/// Names whose order by language is another one than by bytes.
const NAMES: [&str; 5] = ["Zebra", "example hospital", "St. John's", "Ärzte", "100% _safe_!"];

fn customers(ledger: &mut Ledger) -> Result<(), DeskFault> {
    let session = session(&first(), monday());
    let mut added = Vec::new();
    for (salt, name) in (0..).zip(NAMES) {
        let email = format!("Licenses{salt}@Example.COM").parse().unwrap();
        added.push(desk::add_customer(ledger, &session, &name.parse().unwrap(), Some(&email), [salt; 16])?);
    }
    let edits = [CustomerEdit::Name("Éxample Clinic".parse().unwrap()), CustomerEdit::Email(None)];
    desk::change_customer(ledger, &session, added[1].number, &edits)?;
    let taken = desk::add_customer(ledger, &session, &"ZEBRA".parse().unwrap(), None, [0; 16]);
    assert!(matches!(taken, Err(DeskFault::Refused(Refused::CustomerExists { .. }))));
    Ok(())
}

fn operators(ledger: &mut Ledger) -> Result<Operator, DeskFault> {
    let session = session(&first(), monday());
    let name = "vera.m".parse().unwrap();
    desk::add_operator(ledger, &session, &name, Role::AccountManager, Some(HASH.clone()))?;
    let changed = desk::change_operator(ledger, &session, &name, &OperatorEdit::Role(Role::LicenseManager))?;
    desk::set_limits(ledger, &session, &[LimitEdit::MostUnits(Some(50_000)), LimitEdit::ApprovalAbove(Some(1000))])?;
    Ok(changed)
}

fn order(customer: u32, units: u32) -> Order {
    Order {
        customer: CustomerNumber::new(customer).unwrap(),
        product: ProductId::new(7).unwrap(),
        units: Units::new(units).unwrap(),
        period: MaintenancePeriod::new(monday(), "2028-02-29".parse().unwrap()).unwrap(),
        kind: None,
        test: false,
        grace: None,
        host: None,
        features: None,
        holder: None,
        registration_key: None,
    }
}

fn asked(order: Order, reference: &str) -> Asked {
    Asked { change: Change::Issue(order), reference: Some(reference.parse().unwrap()) }
}

/// Two requests: license 1 is approved, the other one rejected.
fn approvals(ledger: &mut Ledger, key: &SoftwareKey, second: &Operator) -> Result<(), DeskFault> {
    let asking = session(&first(), monday());
    let second = session(second, friday());
    for (units, reference) in [(2000, "PO-L1"), (3000, "PO-L2")] {
        let large = asked(order(3, units), reference);
        let Preview::Planned(plan) = desk::preview(ledger, &asking, &large)? else { panic!("it is new") };
        let alone = desk::carry_out(ledger, &asking, key, &plan);
        assert!(matches!(alone, Err(DeskFault::Refused(Refused::NeedsApproval { .. }))));
        let request = desk::request(ledger, &asking, &large)?;
        assert_eq!(desk::request(ledger, &asking, &large)?.number, request.number);
        if reference == "PO-L1" {
            let pending = desk::preview_request(ledger, &second, request.number)?;
            desk::carry_out(ledger, &second, key, &pending.plan)?;
        } else {
            desk::reject(ledger, &second, request.number)?;
        }
    }
    assert_eq!(desk::requests(ledger, None)?.len(), 2);
    assert!(desk::requests(ledger, Some(RequestState::Waiting))?.is_empty());
    Ok(())
}

/// Licenses 2 to 6, one for each customer: renewed and enlarged, downsized, upgraded, revoked, converted.
fn licenses(ledger: &mut Ledger, key: &SoftwareKey) -> Result<(), DeskFault> {
    let session = session(&first(), friday());
    for customer in 1..=NAMES.len() as u32 {
        let kind = (customer == 5).then_some(Kind::Evaluation);
        let order = asked(Order { kind, ..order(customer, 10 + customer) }, &format!("PO-{customer}"));
        let issued = desk::perform(ledger, &session, key, &order)?;
        let again = desk::perform(ledger, &session, key, &order)?;
        assert_eq!(again[0].license.code(), issued[0].license.code());
    }
    let license = |number| LicenseNumber::new(number).unwrap();
    let (year, units) = (Length::Term("1y".parse().unwrap()), |units| Units::new(units).unwrap());
    let reach = Reach::License;
    for change in [
        Change::Renew { license: license(2), length: year, units: None },
        Change::AddUnits { license: license(2), more: units(5), reach },
        Change::Downsize { license: license(3), length: year, units: units(4), request: "letter 1".parse().unwrap() },
        Change::Upgrade { license: license(4), product: ProductId::new(8).unwrap(), units: None, renew: None, reach },
        Change::Convert { license: license(6), units: None, renew: Some(year) },
    ] {
        desk::perform(ledger, &session, key, &change.into())?;
    }
    desk::reprint(ledger, &session, license(2), None)?;
    hosts(ledger, &session, key, license(2))?;
    let transfer = desk::preview_transfer(ledger, &session, license(3), CustomerNumber::new(1).unwrap())?;
    desk::transfer(ledger, &session, &transfer)?;
    let revocation = desk::preview_revocation(ledger, &session, license(5), None)?;
    desk::revoke(ledger, &session, &revocation, Some(&"a mistake".parse().unwrap()))?;
    let renew = Change::Renew { license: license(5), length: year, units: None };
    let renewed = desk::perform(ledger, &session, key, &renew.into());
    assert!(matches!(renewed, Err(DeskFault::Refused(Refused::Revoked(_)))));
    Ok(())
}

/// A license with a renewal that waits is bound to two hosts, and the clock of one is reset.
fn hosts(ledger: &mut Ledger, session: &Session, key: &SoftwareKey, license: LicenseNumber) -> Result<(), DeskFault> {
    for host in [HostId(0x89ab_cdef), HostId(1)] {
        let bind = Change::Bind { license, host, product: ProductId::new(7) }.into();
        let bound = desk::perform(ledger, session, key, &bind)?;
        assert_eq!(bound.len(), 2);
        let again = desk::perform(ledger, session, key, &bind)?;
        assert!(again.iter().map(|it| it.license.code()).eq(bound.iter().map(|it| it.license.code())));
        assert_eq!(desk::reprint_for(ledger, session, license, None, Some(host))?.len(), 2);
        let row = bound[0].license.code().letters().swap_remove(2);
        let found = desk::find(ledger, &desk::Clue::Rows(vec![row]))?;
        assert_eq!(found.licenses[0].by.host(), Some(host));
    }
    let in_use = |day: Day, in_use| UsageClaim {
        license,
        host: HostId(1),
        day,
        revision: Revision::FIRST,
        product: ProductId::new(7).unwrap(),
        in_use,
        clock: ClockState::Right,
        bundle: None,
    };
    for claim in [in_use(session.today, 5), in_use(session.today, 7)] {
        desk::import_usage(ledger, session, &[claim])?;
    }
    assert_eq!(desk::adherence(ledger, session.today)?.len(), 1);
    let asked = (HostId(1), Nonce::for_clock_reset(7));
    let reset = desk::preview_clock_reset(ledger, session, asked, session.today)?;
    desk::reset_clock(ledger, session, key, reset)?;
    Ok(())
}
