//! The desk of a partner: what it takes over from the vendor's bundles, and what it says of itself.

use crate::common::*;
use activation_code::{Bundle, BundleIssuer, Day, IssuerNumber, PinnedIssuer, Roots};
use countersign::desk::{self, DeskFault, Loaded, ProductEdit, Refused};
use countersign::ledger::{
    Action, By, DeskRole, Founding, IssuerState, Ledger, Operator, OperatorName, Product, TrustSettings,
};
use countersign::partner::{PartnerExport, PartnerRequest};
use countersign::signer::{Signer as _, SoftwareKey};
use countersign::trust::BundleFile;

fn today() -> Day {
    "2027-03-05".parse().unwrap()
}

fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_seed(&[seed; 32]).unwrap()
}

fn issuer(number: u16) -> PinnedIssuer {
    PinnedIssuer { number: IssuerNumber::new(number).unwrap(), key: key(number as u8).public_key() }
}

/// That of the partner's ledger.
fn ledger_key() -> SoftwareKey {
    key(99)
}

fn roots() -> Roots {
    Roots::new(1, [key(20).public_key()]).unwrap()
}

/// The desk of a partner whose issuing key is that of issuer 17, and of a vendor who knows it.
struct Two {
    vendor: Desk,
    _room: tempfile::TempDir,
    partner: Ledger,
}

impl Two {
    fn new() -> Self {
        let (vendor, room) = (Desk::in_memory(), tempfile::tempdir().unwrap());
        let path = room.path().join("ledger.sqlite");
        std::fs::write(&path, "").unwrap();
        let (name, operator) = (&"Example Security".parse().unwrap(), &Operator::first());
        let founding = Founding { vendor: name, operator, day: today(), identity: [9; 8] };
        let mut partner = Ledger::create(&path, &founding).unwrap();
        let by = By { operator: OperatorName::first(), day: today() };
        desk::record_issuer(&mut partner, &by, issuer(17)).unwrap();
        let settings = TrustSettings { role: DeskRole::Partner, ..TrustSettings::default() };
        desk::record_trust_settings(&mut partner, &by, &settings).unwrap();
        let mut two = Self { vendor, _room: room, partner };
        let request = two.request();
        let name = "North".parse().unwrap();
        desk::add_partner(&mut two.vendor.ledger(), &session(today()), &request, &name, &[], None).unwrap();
        two
    }

    fn request(&mut self) -> PartnerRequest {
        desk::request_partnership(&mut self.partner, &session(today()), &ledger_key()).unwrap()
    }

    /// The vendor's next bundle, edited, signed by the root, and not yet given out.
    fn bundle(&mut self, edit: impl FnOnce(&mut Bundle)) -> BundleFile {
        let draft = desk::draft_bundle(&mut self.vendor.ledger(), today(), Some(&roots())).unwrap();
        let mut bundle = draft.bundle().unwrap();
        edit(&mut bundle);
        let mut file = BundleFile::draft(String::new(), &bundle);
        file.sign(&key(20)).unwrap();
        file
    }

    fn load(&mut self, file: &BundleFile) -> Result<Loaded, DeskFault> {
        desk::load_bundle(&mut self.partner, &session(today()), file, Some(&roots()))
    }

    /// Another bundle, which the vendor gives out.
    fn load_next(&mut self, edit: impl FnOnce(&mut Bundle)) -> Result<Loaded, DeskFault> {
        let file = self.bundle(edit);
        desk::publish_bundle(&mut self.vendor.ledger(), &session(today()), &file).unwrap();
        self.load(&file)
    }

    fn products(&mut self) -> Vec<Product> {
        desk::products(&mut self.partner).unwrap()
    }

    fn actions_after(&mut self, event: u64) -> Vec<Action> {
        events_after(&mut self.partner, event).iter().map(|event| event.action).collect()
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DeskFault>) -> Refused {
    match result {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_key_that_signs_the_book_is_written_down_once_and_signs_no_codes() {
    let mut two = Two::new();
    let before = head(&mut two.partner);
    assert_eq!(desk::ledger_keys(&mut two.partner).unwrap(), [ledger_key().public_key()]);
    two.request();
    assert_eq!(two.actions_after(before), [Action::Exported]);
    let own = desk::request_partnership(&mut two.partner, &session(today()), &key(17));
    assert_eq!(refused(own), Refused::SignsCodes(issuer(17).number));
}

#[test]
fn a_book_is_exported_from_any_of_its_events_on() {
    let mut two = Two::new();
    let links = |export: &PartnerExport| export.to_string().lines().filter(|line| line.starts_with("link ")).count();
    let mut export = |since: u64| desk::export_book(&mut two.partner, &session(today()), &ledger_key(), Some(since));
    let last = export(1).unwrap().head().sequence + 1;
    let tail = export(last).unwrap();
    assert_eq!((tail.first, links(&tail), tail.head().sequence), (last, 1, last));
    for wanted in [0, last + 2] {
        let last = last + 1;
        assert_eq!(refused(export(wanted)), Refused::NoSuchEvent { wanted, last });
    }
    assert_eq!(links(&export(last + 1).unwrap()), 1);
}

#[test]
fn a_bundle_is_loaded_once_and_numbers_begin_where_the_vendor_says() {
    let mut two = Two::new();
    let all = desk::products(&mut two.vendor.ledger()).unwrap().len() as u64;
    let name = "Example City Council".parse().unwrap();
    desk::add_customer(&mut two.partner, &session(today()), &name, None, [3; 16]).unwrap();
    let early = issue(&mut two.partner, &key(17), &order(today(), None), today());
    assert_eq!(refused(early), Refused::NoBundleLoaded);
    let loaded = two.load_next(|_| ()).unwrap();
    assert_eq!((loaded.added, loaded.changed, loaded.again), (all, 0, false));
    let first = loaded.limits.licenses.unwrap().0;
    let sold = issue(&mut two.partner, &key(17), &order(today(), None), today()).unwrap().entry.terms.license;
    assert_eq!(sold, first);
    let before = head(&mut two.partner);
    let file = desk::last_bundle(&mut two.vendor.ledger()).unwrap().unwrap().text;
    let again = two.load(&BundleFile::parse(&file).unwrap()).unwrap();
    assert_eq!((again.added, again.changed, again.again), (0, 0, true));
    assert_eq!(two.actions_after(before), []);
    let next = two.load_next(|_| ()).unwrap();
    assert_eq!((next.added, next.changed, next.again), (0, 0, false));
    assert_eq!(two.actions_after(before), [Action::BundlePublished]);
    let sold = issue(&mut two.partner, &key(17), &order(today(), None), today()).unwrap().entry.terms.license;
    assert_eq!(sold.get(), first.get() + 1, "no number is given away again");
}

#[test]
fn what_the_vendor_changes_is_changed_and_what_it_does_not_say_stays() {
    let mut two = Two::new();
    two.load_next(|_| ()).unwrap();
    let own = [ProductEdit::Platform(Some("Linux".parse().unwrap())), ProductEdit::AutoEnabled(false)];
    let id = two.products()[0].id;
    desk::change_product(&mut two.partner, &session(today()), id, &own).unwrap();
    let before = head(&mut two.partner);
    let name: countersign::ledger::Name = "Renamed".parse().unwrap();
    let contact = "Example Security, 112".to_owned();
    let told = contact.clone();
    let loaded = two
        .load_next(|bundle| {
            bundle.products[0].name = "Renamed".to_owned();
            bundle.contact = vec![told];
        })
        .unwrap();
    assert_eq!((loaded.added, loaded.changed), (0, 1));
    let actions = two.actions_after(before);
    assert_eq!(actions.len(), 3, "{actions:?}");
    let product = two.products().remove(0);
    assert_eq!((&product.name, product.platform.as_ref().map(|it| it.as_str())), (&name, Some("Linux")));
    let settings = desk::trust_settings(&mut two.partner).unwrap();
    assert_eq!(settings.contact.iter().map(ToString::to_string).collect::<Vec<_>>(), [contact]);
    for edit in [
        |bundle: &mut Bundle| bundle.products[0].unit = "users".to_owned(),
        |bundle: &mut Bundle| bundle.products[0].kind = "service".to_owned(),
    ] {
        let file = two.bundle(edit);
        assert_eq!(refused(two.load(&file)), Refused::OtherProduct(id));
    }
}

#[test]
fn an_end_of_sale_stays_unless_the_product_ends_before_it() {
    let mut two = Two::new();
    two.load_next(|_| ()).unwrap();
    let (id, sale): (_, Day) = (two.products()[0].id, "2028-06-01".parse().unwrap());
    desk::change_product(&mut two.partner, &session(today()), id, &[ProductEdit::EndOfSale(Some(sale))]).unwrap();
    for (life, kept) in [("2028-06-02", true), ("2028-06-01", true), ("2028-05-31", false)] {
        two.load_next(|bundle| bundle.products[0].end_of_life = life.parse().ok()).unwrap();
        assert_eq!(two.products()[0].end_of_sale, kept.then_some(sale), "{life}");
    }
}

#[test]
fn a_bundle_that_takes_something_back_is_refused() {
    let mut two = Two::new();
    let revoked = |bundle: &mut Bundle| bundle.revoked = vec![("5".parse().unwrap(), None)];
    let first = two.bundle(revoked);
    two.load(&first).unwrap();
    let second = two.bundle(|bundle| bundle.number = 2);
    let taken = Refused::TakesBack("license 5 is revoked in bundle 1".to_owned());
    assert_eq!(refused(two.load(&second)), taken);
    // Of the same number it is another one, whatever it says.
    let fork = two.bundle(|_| ());
    assert_eq!(refused(two.load(&fork)), Refused::BundleFork(1));
    let third = two.bundle(|bundle| {
        revoked(bundle);
        bundle.number = 3;
    });
    assert!(!two.load(&third).unwrap().again);
}

#[test]
fn another_bundle_of_the_same_number_is_none() {
    let mut two = Two::new();
    let (first, fork) = (two.bundle(|_| ()), two.bundle(|bundle| bundle.contact = vec!["somebody".to_owned()]));
    two.load(&first).unwrap();
    assert_eq!(refused(two.load(&fork)), Refused::BundleFork(1));
    assert!(two.load(&first).unwrap().again);
}

#[test]
fn a_desk_is_the_one_whose_number_and_key_are_named() {
    let mut two = Two::new();
    let not_named = Refused::NotNamed(issuer(17).number);
    let own = |bundle: &mut Bundle, edit: &dyn Fn(&mut BundleIssuer)| {
        bundle.issuers.iter_mut().filter(|it| it.number == issuer(17).number).for_each(edit);
    };
    let other_key = two.bundle(|bundle| own(bundle, &|it| it.key = key(50).public_key()));
    assert_eq!(refused(two.load(&other_key)), not_named);
    let other_number = two.bundle(|bundle| own(bundle, &|it| it.number = issuer(50).number));
    assert_eq!(refused(two.load(&other_number)), not_named);
}

#[test]
fn of_two_keys_the_one_that_is_in_use_counts() {
    let mut two = Two::new();
    let by = By { operator: OperatorName::first(), day: today() };
    desk::record_issuer(&mut two.partner, &by, issuer(18)).unwrap();
    assert_eq!(two.request().issuer, issuer(18));
    let with_second = |void: bool| {
        move |bundle: &mut Bundle| {
            let first = bundle.issuers.iter().position(|it| it.number == issuer(17).number).unwrap();
            let second =
                BundleIssuer { number: issuer(18).number, key: issuer(18).key, void, ..bundle.issuers[first].clone() };
            bundle.issuers.insert(first + 1, second);
        }
    };
    let good = two.bundle(with_second(false));
    assert_eq!(two.load(&good).unwrap().issuer, issuer(18).number);
    let mut void = two.bundle(with_second(true)).bundle().unwrap();
    void.number += 1;
    let mut file = BundleFile::draft(String::new(), &void);
    file.sign(&key(20)).unwrap();
    let loaded = two.load(&file).unwrap();
    assert_eq!((loaded.issuer, loaded.state), (issuer(17).number, IssuerState::InUse));
    assert_eq!(two.request().issuer, issuer(17));
}
