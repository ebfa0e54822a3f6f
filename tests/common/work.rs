//! Some weeks at a desk, in which everything happens that a ledger is for. Always the same.

use activation_code::{
    Day, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, PinnedIssuer, ProductId, Revision, Roots, Terms, Units,
    signed_message,
};
use countersign::desk::{
    self, Asked, Change, Clock, CustomerEdit, DeskFault, Learning, Length, LimitEdit, OperatorEdit, Order, Preview,
    ProductEdit, Reach, Refused, Session,
};
use countersign::ledger::{
    Action, By, CustomerNumber, Head, IssuerState, Ledger, LicenseRecord, Name, Operator, OperatorName, Partner,
    PartnerCode, Product, ProductKind, RequestState, Role, UnitType,
};
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
    // As after a backup was put back, which leaves no other trace here.
    ledger.write(|book| book.skip_revisions(0, LicenseRecord::NONE_GOOD))?;
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
    partners(ledger, &By { operator: operator.name.clone(), day: today })
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

/// What is known of a partner that has issued one code.
fn partners(ledger: &mut Ledger, by: &By) -> Result<(), DeskFault> {
    let [key, ledger_key] = [3, 4].map(|seed| SoftwareKey::from_seed(&[seed; 32]).unwrap());
    let issuer = IssuerNumber::new(17).unwrap();
    let partner = Partner {
        issuer,
        name: "North Systems".parse().unwrap(),
        key: key.public_key(),
        ledger_key: ledger_key.public_key(),
        desk: "0123456789abcdef".to_owned(),
        state: IssuerState::InUse,
        limits: "units=100 licenses=1000000-1999999".parse().unwrap(),
        allotment: Some(1000),
        created: by.day,
    };
    let Change::Issue(order) = asked(order(1, 20), "PO-17").change else { unreachable!() };
    let license = LicenseNumber::new(1_000_000).unwrap();
    let terms = Terms {
        product: order.product,
        license,
        units: order.units,
        period: order.period,
        issued: friday(),
        issuer,
        revision: Revision::FIRST,
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    };
    let signature = key.sign(&signed_message(&terms.to_payload().unwrap())).unwrap();
    let head = Head { sequence: 9, day: by.day, link: [5; 32] };
    ledger.write(|book| {
        book.put_partner(&partner)?;
        book.record(by, Action::PartnerAdded, None, "{}".to_owned())?;
        book.put_partner(&Partner { state: IssuerState::Stolen, ..partner })?;
        book.record(by, Action::PartnerChanged, None, "{}".to_owned())?;
        book.insert_partner_code(&PartnerCode { issuer, terms, signature })?;
        book.put_partner_head(issuer, &head)?;
        book.record(by, Action::PartnerImported, None, "{}".to_owned())?;
        book.put_revocation(license, LicenseRecord::NONE_GOOD)?;
        book.record(by, Action::Revoked, Some(license), "{}".to_owned())?;
        Ok(())
    })
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
    let transfer = desk::preview_transfer(ledger, &session, license(3), CustomerNumber::new(1).unwrap())?;
    desk::transfer(ledger, &session, &transfer)?;
    let revocation = desk::preview_revocation(ledger, &session, license(5), None)?;
    desk::revoke(ledger, &session, &revocation, Some(&"a mistake".parse().unwrap()))?;
    let renew = Change::Renew { license: license(5), length: year, units: None };
    let renewed = desk::perform(ledger, &session, key, &renew.into());
    assert!(matches!(renewed, Err(DeskFault::Refused(Refused::Revoked(_)))));
    Ok(())
}
