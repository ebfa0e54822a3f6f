//! Partners with keys of their own (domain rule D15): two desks and a host, which share files and nothing else.

use crate::common::laws::partner_export as keeps_the_law;
use crate::common::work::{self, partner_code, partner_request, signed};
use crate::common::*;
use activation_code::{
    ActivationCode, Features, HostId, IssuerNumber, Kind, LicenseNumber, ProductId, Revision, Roots, Terms, Units,
};
use activation_host::program::clock;
use countersign::desk::{self, DeskFault, IssuerLimitEdit, OtherBook, PartnerEnd, PartnerFinding, Refused};
use countersign::documents;
use countersign::key_store;
use countersign::ledger::Ledger;
use countersign::partner::{ExportedCode, PartnerExport, PartnerFileFault, PartnerRequest};
use countersign::signer::{Signer as _, SoftwareKey, key_file};
use countersign::trust::BundleFile;
use rand::rngs::SysRng;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A partner's desk, as its program made it.
struct Partner {
    room: TempDir,
}

impl Partner {
    fn new(options: &[&str]) -> Self {
        let partner = Self { room: tempfile::tempdir().unwrap() };
        write_secret(&partner.path("passphrase"), PASSPHRASE);
        let init = ["init", "--vendor", "Example Security", "--partner", "--issuer", "17"];
        partner.run(&[&init, options].concat()).assert_done();
        // Its own keys cost half a second each to open.
        for name in ["issuer-17.key", "ledger.key"] {
            let path = partner.path("desk").join(name);
            let sealed = key_file::seal(&partner.key(name), PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng);
            std::fs::remove_file(&path).unwrap();
            key_store::create(&path, sealed.unwrap().as_bytes()).unwrap();
        }
        partner.run(&["customer", "add", "Example City Council"]).assert_done();
        partner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--desk").arg(self.path("desk")).arg("--passphrase-file").arg(self.path("passphrase"));
        run(command.args(arguments).current_dir(self.room.path()))
    }

    fn key(&self, name: &str) -> SoftwareKey {
        let text = std::fs::read_to_string(self.path("desk").join(name)).unwrap();
        key_file::open(&text, PASSPHRASE.as_bytes()).unwrap()
    }

    fn sell(&self, options: &[&str]) -> Ran {
        let today = today();
        let issue = ["issue", "--customer", "1", "--product", "ES", "--units", "10", "--from", &today, "--term", "1y"];
        // What is named again is named instead.
        let mut words: Vec<&str> = issue.to_vec();
        for pair in options.chunks(2) {
            match words.iter().position(|word| *word == pair[0]) {
                Some(place) => words[place + 1] = pair[1],
                None => words.extend(pair),
            }
        }
        self.run(&words)
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.path("desk/ledger.sqlite")).unwrap()
    }
}

fn roots() -> Roots {
    Roots::new(1, [test_root().public_key()]).unwrap()
}

/// The vendor's next bundle, in a file.
fn publish(vendor: &Desk, path: &Path) {
    let mut ledger = vendor.ledger();
    let mut bundle = desk::draft_bundle(&mut ledger, clock(), Some(&roots())).unwrap();
    bundle.sign(&test_root()).unwrap();
    desk::publish_bundle(&mut ledger, &session(clock()), &bundle).unwrap();
    std::fs::write(path, bundle.to_string()).unwrap();
}

/// What an installation says that has this bundle.
fn inspect(code: &Path, bundle: &Path) -> Ran {
    let activation = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("activation");
    assert!(activation.exists(), "`cargo build --workspace` makes the program `activation`");
    let mut command = program(activation);
    command.arg("inspect").arg(code).arg("--trust").arg(bundle);
    run(command.args(["--root", &test_root().public_key().to_string()]))
}

fn str(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_partner_issues_what_the_vendor_allows_and_installations_agree() {
    let (vendor, partner) = (Desk::new(), Partner::new(&[]));
    let root = test_root().public_key().to_string();
    let early = partner.sell(&[]);
    early.assert_refused(&Refused::NoBundleLoaded);
    let request = partner.path("request.txt");
    let asked = partner.run(&["--json", "partner", "request", "request.txt"]).json();
    assert_eq!(asked["issuer"], 17);
    let until = clock().plus(500).unwrap().to_string();
    let add = ["--json", "partner", "add", str(&request), "--name", "North Systems", "--products", "ES", "--kinds"];
    let limits = ["full", "--units", "50", "--grace", "40", "--features", "000f", "--licenses", "5000-5999"];
    let more = ["--days", "400", "--until", &until, "--allotment", "60"];
    let added = vendor.run(&[&add[..], &limits, &more].concat()).json();
    assert_eq!(added["key"], asked["key"]);
    let bundle = partner.path("bundle.txt");
    publish(&vendor, &bundle);
    partner.run(&["bundle", "draft", "draft.txt", "--root", &root]).assert_refused(&Refused::PartnersDesk);
    let loaded = partner.run(&["--json", "partner", "load", "bundle.txt", "--root", &root]).json();
    assert_eq!((&loaded["limits"], &loaded["added"]), (&added["limits"], &4.into()));
    assert_eq!(partner.run(&["--json", "partner", "load", "bundle.txt"]).json()["again"], true);

    let code = partner.path("code.txt");
    std::fs::write(&code, &partner.sell(&["--units", "50", "--grace", "40", "--features", "000f"]).assert_done().out)
        .unwrap();
    inspect(&code, &bundle).assert_done();
    let sold = desk::codes_of(&mut partner.ledger(), LicenseNumber::new(5000).unwrap()).unwrap();
    let within = sold[0].entry.terms.clone();
    let key = partner.key("issuer-17.key");
    type Edit = fn(&mut Terms);
    let cases: [(&[&str], Edit, &str); 9] = [
        (&["--units", "51"], |it| it.units = Units::new(51).unwrap(), "so many units"),
        (&["--product", "MAIL"], |it| it.product = ProductId::new(8).unwrap(), "product 8"),
        (&["--product", "ALL"], |it| it.product = ProductId::new(9).unwrap(), "product "),
        (&["--kind", "evaluation"], |it| it.kind = Kind::Evaluation, "codes of this kind"),
        (&["--grace", "41"], |it| it.grace = Some(41), "so many days of grace"),
        (&["--features", "0010"], |it| it.features = Some(Features(16)), "these features"),
        (&["--term", "402d"], |it| it.issued = it.issued.plus(-40).unwrap(), "so long a time"),
        (&["--term", "600d"], |it| it.issued = it.issued.plus(-300).unwrap(), "so long a time"),
        (&[], |it| it.license = LicenseNumber::new(6000).unwrap(), "this license number"),
    ];
    for (options, edit, limit) in cases {
        if !options.is_empty() {
            let refused = partner.sell(options);
            refused.assert_complains(1);
            assert!(refused.err.contains(&format!("issuer 17 may not issue {limit}")), "{options:?}: {refused:?}");
        }
        // The same by somebody who has the key and no desk.
        let mut terms = within.clone();
        edit(&mut terms);
        let payload = terms.to_payload().unwrap();
        let signature = key.sign(&activation_code::signed_message(&payload)).unwrap();
        let forged = ActivationCode::from_parts(&payload, &signature).unwrap();
        let path = partner.path("forged.txt");
        std::fs::write(&path, documents::letters(&forged)).unwrap();
        let refused = inspect(&path, &bundle);
        assert!(refused.code == Some(1) && refused.err.contains(limit), "{options:?}: {refused:?}");
    }

    partner.sell(&["--units", "20"]).assert_done();
    let license = LicenseNumber::new(5000).unwrap();
    let bind = desk::Change::Bind { license, host: HostId(7), product: None }.into();
    let bound = desk::perform(&mut partner.ledger(), &session(clock()), &key, &bind).unwrap_err();
    assert!(matches!(bound, DeskFault::Refused(Refused::PartnerBinds(refused)) if refused == license), "{bound}");
    partner.run(&["revoke", "5000"]).assert_done();
    partner.sell(&["--units", "45"]).assert_done();
    let last = head(&mut partner.ledger());
    let beyond =
        desk::export_book(&mut partner.ledger(), &session(clock()), &partner.key("ledger.key"), Some(last + 1));
    let nothing = Refused::NoSuchEvent { wanted: last + 1, last };
    assert!(matches!(beyond, Err(DeskFault::Refused(refused)) if refused == nothing));
    partner.run(&["partner", "export", "export.txt"]).assert_done();
    let export = partner.path("export.txt");
    let before = head(&mut vendor.ledger());
    let preview = vendor.run(&["--json", "partner", "import", str(&export), "--preview"]).json();
    assert!(events_after(&mut vendor.ledger(), before).is_empty());
    let imported = vendor.run(&["--json", "partner", "import", str(&export)]).json();
    assert_eq!(preview, imported);
    // The revoked one does not count: 20 and 45 of 60.
    for (field, value) in [("codes", 3), ("new", 3), ("licenses", 2), ("used", 65), ("over_issue", 5)] {
        assert_eq!(imported[field], value, "{field}: {imported}");
    }
    assert_eq!((&imported["right"], &imported["findings"]), (&false.into(), &serde_json::json!([])));
    let shown = vendor.run(&["--json", "partner", "show", "17"]).json();
    assert_eq!((&shown["used"], &shown["events"]), (&imported["used"], &imported["events"]));
    publish(&vendor, &bundle);
    let revoked = inspect(&code, &bundle);
    assert!(revoked.code == Some(1) && revoked.err.contains("revoked"), "{revoked:?}");
    vendor.assert_ledger_is_sound();
    let mut ledger = partner.ledger();
    assert!(
        desk::audit(&mut ledger, &desk::Witnesses::default(), desk::Signatures::Verified, &|_, _| {})
            .unwrap()
            .is_sound()
    );
}

#[test]
fn a_partners_desk_believes_the_roots_and_nobody_else() {
    let (vendor, partner) = (Desk::new(), Partner::new(&[]));
    let session = session(clock());
    let mut theirs = partner.ledger();
    let draft = |vendor: &Desk| {
        let mut bundle = desk::draft_bundle(&mut vendor.ledger(), clock(), Some(&roots())).unwrap();
        bundle.sign(&test_root()).unwrap();
        bundle
    };
    let stranger = draft(&vendor);
    let refused = |fault: DeskFault| match fault {
        DeskFault::Refused(refused) => refused,
        fault => panic!("{fault}"),
    };
    let mut load = |bundle: &BundleFile, roots: Option<&Roots>| {
        desk::load_bundle(&mut theirs, &session, bundle, roots).map_err(refused)
    };
    assert_eq!(load(&stranger, None), Err(Refused::NoRoots));
    assert!(matches!(load(&stranger, Some(&roots())), Err(Refused::NotNamed(_))));
    let ledger_key = partner.key("ledger.key");
    let request = desk::request_partnership(&mut partner.ledger(), &session, &ledger_key).unwrap();
    let name = "North".parse().unwrap();
    let added = desk::add_partner(&mut vendor.ledger(), &session, &request, &name, &[], None).unwrap();
    assert_eq!(added.limits.to_string(), " licenses=1000000-1999999");
    let first = draft(&vendor);
    let others = Roots::new(1, [test_key().public_key()]).unwrap();
    assert!(matches!(load(&first, Some(&others)), Err(Refused::Bundle(_))));
    load(&first, Some(&roots())).unwrap();
    desk::publish_bundle(&mut vendor.ledger(), &session, &first).unwrap();
    // Another one of the same number.
    let fork = {
        let copy = vendor.copy();
        std::fs::remove_dir_all(copy.folder()).unwrap();
        furnish(&copy.folder());
        desk::add_partner(&mut copy.ledger(), &session, &request, &name, &[], Some(1)).unwrap();
        desk::set_contact(&mut copy.ledger(), &session, &["somebody".parse().unwrap()]).unwrap();
        draft(&copy)
    };
    assert_eq!(load(&fork, None), Err(Refused::BundleFork(1)));
    let last = clock().plus(-1).unwrap();
    desk::end_partner(&mut vendor.ledger(), &session, added.issuer, PartnerEnd::Retired { last }).unwrap();
    let second = draft(&vendor);
    let loaded = load(&second, None).unwrap();
    assert_eq!((loaded.limits.to, loaded.added), (Some(last), 0));
    assert_eq!(load(&first, None), Err(Refused::BundleNumber { found: 1, wanted: 3 }));
    let mut other = second.bundle().unwrap();
    other.number = 3;
    other.products.iter_mut().for_each(|product| product.unit = "users".into());
    let mut other = BundleFile::draft(String::new(), &other);
    other.sign(&test_root()).unwrap();
    assert_eq!(load(&other, None), Err(Refused::OtherProduct(ProductId::new(7).unwrap())));
    let ended = partner.sell(&[]);
    ended.assert_refused(&Refused::EndedByVendor { issuer: added.issuer, last: Some(last) });
    // A desk for testing and a real one.
    let testing = Partner::new(&["--test"]);
    let request = desk::request_partnership(&mut testing.ledger(), &session, &testing.key("ledger.key")).unwrap();
    let mixed = desk::add_partner(&mut vendor.ledger(), &session, &request, &name, &[], None).unwrap_err();
    assert_eq!(refused(mixed), Refused::OtherPurpose);
    let mixed = desk::load_bundle(&mut testing.ledger(), &session, &second, Some(&roots())).unwrap_err();
    assert_eq!(refused(mixed), Refused::OtherPurpose);
}

fn asking(issuer: u16, seeds: [u8; 2]) -> PartnerRequest {
    partner_request("Example Security".parse().unwrap(), issuer, seeds, clock())
}

fn add(vendor: &Desk, request: &PartnerRequest, edits: &[IssuerLimitEdit]) -> Result<u32, Refused> {
    let name = "North".parse().unwrap();
    match desk::add_partner(&mut vendor.ledger(), &session(clock()), request, &name, edits, Some(20)) {
        Ok(partner) => Ok(partner.limits.licenses.unwrap().0.get()),
        Err(DeskFault::Refused(refused)) => Err(refused),
        Err(fault) => panic!("{fault}"),
    }
}

fn licenses_of(first: u32, last: u32) -> [IssuerLimitEdit; 1] {
    let number = |number| LicenseNumber::new(number).unwrap();
    [IssuerLimitEdit::Licenses(Some((number(first), number(last))))]
}

#[test]
fn numbers_keys_and_licenses_are_given_to_one_only() {
    let vendor = Desk::in_memory();
    let number = |number| IssuerNumber::new(number).unwrap();
    let key = |seed| Box::new(SoftwareKey::from_seed(&[seed; 32]).unwrap().public_key());
    for reference in ["PO-1", "PO-2"] {
        issue(&mut vendor.ledger(), &test_key(), &order(clock(), Some(reference)), clock()).unwrap();
    }
    assert_eq!(add(&vendor, &asking(1, [3, 4]), &[]), Err(Refused::IssuerTaken(number(1))));
    assert_eq!(add(&vendor, &asking(17, [1, 4]), &[]), Err(Refused::KeyTaken(key(1))));
    assert_eq!(add(&vendor, &asking(17, [3, 1]), &[]), Err(Refused::KeyTaken(key(1))));
    assert_eq!(add(&vendor, &asking(17, [3, 3]), &[]), Err(Refused::KeyTaken(key(3))));
    assert_eq!(add(&vendor, &asking(17, [2, 4]), &[]), Err(Refused::PublishedKey(key(2))));
    assert_eq!(add(&vendor, &asking(17, [3, 2]), &[]), Err(Refused::PublishedKey(key(2))));
    assert_eq!(add(&vendor, &asking(17, [3, 4]), &licenses_of(2, 100)), Err(Refused::RangeUsed { next: 3 }));
    let none = [IssuerLimitEdit::Products(vec![ProductId::new(99).unwrap()])];
    assert_eq!(add(&vendor, &asking(17, [3, 4]), &none), Err(Refused::UnknownProduct("99".to_owned())));
    assert_eq!(add(&vendor, &asking(17, [3, 4]), &licenses_of(3, 5)), Ok(3));
    // The vendor's own numbers go on behind those of the partner.
    let own = issue(&mut vendor.ledger(), &test_key(), &order(clock(), None), clock()).unwrap();
    assert_eq!(own.entry.terms.license.get(), 6);
    assert_eq!(add(&vendor, &asking(17, [5, 6]), &[]), Err(Refused::IssuerTaken(number(17))));
    assert_eq!(add(&vendor, &asking(18, [3, 6]), &[]), Err(Refused::KeyTaken(key(3))));
    assert_eq!(add(&vendor, &asking(18, [4, 6]), &[]), Err(Refused::KeyTaken(key(4))));
    assert_eq!(add(&vendor, &asking(18, [5, 3]), &[]), Err(Refused::KeyTaken(key(3))));
    assert_eq!(add(&vendor, &asking(18, [5, 4]), &[]), Err(Refused::KeyTaken(key(4))));
    let overlaps = add(&vendor, &asking(18, [5, 6]), &licenses_of(5, 900));
    assert!(matches!(overlaps, Err(Refused::RangeOfPartner { .. })), "{overlaps:?}");
    assert_eq!(add(&vendor, &asking(18, [5, 6]), &[]), Ok(1_000_000));
    assert_eq!(add(&vendor, &asking(19, [7, 8]), &[]), Ok(2_000_000));
    let other = partner_request("Another".parse().unwrap(), 20, [9, 10], clock());
    assert!(matches!(add(&vendor, &other, &[]), Err(Refused::OtherVendor { .. })));
    // A partner keeps numbers in the midst of the vendor's; other ones there it does not get.
    let change = |edits: &[IssuerLimitEdit]| {
        desk::change_partner(&mut vendor.ledger(), &session(clock()), number(17), edits, None)
            .map(|it| it.limits)
            .map_err(|fault| match fault {
                DeskFault::Refused(refused) => refused,
                fault => panic!("{fault}"),
            })
    };
    assert_eq!(change(&licenses_of(4, 5)).unwrap().to_string(), " licenses=4-5");
    assert!(change(&licenses_of(3, 5)).is_err() && change(&[IssuerLimitEdit::Licenses(None)]).is_err());
    assert_eq!(change(&[IssuerLimitEdit::Licenses(None)]), Err(Refused::NoRange { wanted: 0 }));
    let all_others = licenses_of(3_000_000, LicenseNumber::MAX.get());
    assert_eq!(add(&vendor, &asking(29, [28, 29]), &all_others), Ok(3_000_000));
    assert_eq!(add(&vendor, &asking(30, [30, 31]), &[]), Err(Refused::NoRange { wanted: 1_000_000 }));
    vendor.assert_ledger_is_sound();
}

/// The vendor's desk with a partner of 20 units, and how its exports are made and imported.
struct Reconciling {
    vendor: Desk,
    request: PartnerRequest,
}

impl Reconciling {
    const SEEDS: [u8; 2] = [3, 4];

    fn new() -> Self {
        let (vendor, request) = (Desk::in_memory(), asking(17, Self::SEEDS));
        add(&vendor, &request, &[IssuerLimitEdit::Units(Units::new(10))]).unwrap();
        Self { vendor, request }
    }

    fn export(&self, events: u8, codes: Vec<ExportedCode>) -> PartnerExport {
        work::partner_export(&self.request, Self::SEEDS, events, codes)
    }

    fn import(&self, export: &PartnerExport, other: OtherBook) -> Result<desk::Reconciliation, DeskFault> {
        let session = session(clock());
        let preview = desk::preview_export(&mut self.vendor.ledger(), &session, export, other);
        let found = desk::import_export(&mut self.vendor.ledger(), &session, export, other);
        assert_eq!(format!("{preview:?}"), format!("{found:?}"));
        if let Ok(found) = &found {
            // What was found is found again.
            let again = desk::reconcile(&mut self.vendor.ledger(), found.partner.issuer).unwrap();
            let expected = desk::Reconciliation { new: 0, other_book: None, ..found.clone() };
            assert_eq!(again, expected);
        }
        self.vendor.assert_ledger_is_sound();
        found
    }

    fn findings(&self, events: u8, codes: Vec<ExportedCode>) -> Vec<(&'static str, u32, u16)> {
        let found = self.import(&self.export(events, codes), OtherBook::Refused).unwrap();
        let name = |finding: &PartnerFinding| {
            let (license, revision) = finding.code();
            (finding.name(), license.get(), revision.get())
        };
        found.findings.iter().map(name).collect()
    }
}

#[test]
fn what_is_wrong_with_a_partners_codes_is_reported_and_stays_reported() {
    let desk = Reconciling::new();
    let today = clock();
    let code = |license| partner_code(17, 3, license, today);
    let with = |license, edit: fn(&mut Terms)| {
        let mut terms = code(license).terms;
        edit(&mut terms);
        signed(3, terms)
    };
    assert_eq!(desk.findings(5, vec![code(1_000_000)]), []);
    let units = with(1_000_001, |it| it.units = Units::new(11).unwrap());
    let dated = with(1_000_002, |it| it.issued = it.issued.plus(-1).unwrap());
    let strange = partner_code(17, 5, 1_000_003, today);
    let other_number = partner_code(18, 3, 1_000_004, today);
    let outside = code(999);
    let mut codes = vec![code(1_000_000), units, dated, strange, other_number, outside];
    let wrong = [
        ("out-of-range", 999, 1),
        ("beyond-limit", 1_000_001, 1),
        ("back-dated", 1_000_002, 1),
        ("late", 1_000_002, 1),
        ("not-signed", 1_000_003, 1),
        ("not-signed", 1_000_004, 1),
    ];
    assert_eq!(desk.findings(6, codes.clone()), wrong);
    // One is gone, and another one says something else now.
    codes.retain(|code| ![1_000_001, 1_000_003, 1_000_004].contains(&code.terms.license.get()));
    codes[0] = with(1_000_000, |it| it.units = Units::new(1).unwrap());
    let found = desk.findings(7, codes);
    for finding in [("gone", 1_000_001, 1), ("other-content", 1_000_000, 1), ("beyond-limit", 1_000_001, 1)] {
        assert!(found.contains(&finding), "{found:?}");
    }
    let issuer = IssuerNumber::new(17).unwrap();
    let known = desk::reconcile(&mut desk.vendor.ledger(), issuer).unwrap();
    // 10 and 11 of those that came first, 10 each of the rest.
    assert_eq!((known.codes, known.licenses, known.used, known.over_issue()), (4, 4, 41, 21));
}

#[test]
fn units_count_once_for_a_license_by_its_newest_good_revision() {
    let desk = Reconciling::new();
    let revision = |revision, units| {
        let terms = partner_code(17, 3, 1_000_000, clock()).terms;
        let revision = Revision::new(revision).unwrap();
        signed(3, Terms { revision, units: Units::new(units).unwrap(), ..terms })
    };
    let testing = signed(3, Terms { test: true, ..partner_code(17, 3, 1_000_001, clock()).terms });
    let codes = vec![revision(1, 4), revision(2, 9), revision(3, 2), testing];
    let found = desk.import(&desk.export(5, codes), OtherBook::Refused).unwrap();
    assert_eq!((found.licenses, found.used, found.over_issue(), found.is_right()), (1, 2, 0, true));
    let session = session(clock());
    let license = LicenseNumber::new(1_000_000).unwrap();
    let mut ledger = desk.vendor.ledger();
    let mut revoke = |below| {
        let looked_at = desk::preview_partner_revocation(&mut ledger, &session, license, below)?.unwrap();
        desk::revoke_of_partner(&mut ledger, &session, &looked_at, None)
    };
    revoke(Revision::new(3)).unwrap();
    // What was revoked stays revoked.
    let again = revoke(Revision::new(2)).unwrap_err();
    assert!(matches!(again, DeskFault::Refused(Refused::RevokedBefore { .. })), "{again}");
    let issuer = found.partner.issuer;
    assert_eq!(desk::reconcile(&mut desk.vendor.ledger(), issuer).unwrap().used, 2);
    revoke(None).unwrap();
    assert_eq!(desk::reconcile(&mut desk.vendor.ledger(), issuer).unwrap().used, 0);
    assert!(revoke(None).is_err());
    // Of numbers that are nobody's nothing is revoked.
    let nobodys = LicenseNumber::new(77).unwrap();
    assert_eq!(desk::preview_partner_revocation(&mut desk.vendor.ledger(), &session, nobodys, None).unwrap(), None);
    desk.vendor.assert_ledger_is_sound();
}

#[test]
fn findings_above_what_is_listed_are_counted() {
    let desk = Reconciling::new();
    let strange = |number| partner_code(17, 5, 1_000_000 + number, clock());
    let most = desk::MOST_LISTED as u32;
    let found = desk.import(&desk.export(5, (0..most).map(strange).collect()), OtherBook::Refused).unwrap();
    assert_eq!((found.findings.len() as u32, found.more, found.is_right()), (most, 0, false));
    // Those of its limits are told first.
    let codes =
        (0..most + 1).map(strange).chain([partner_code(17, 3, 998, clock()), partner_code(17, 3, 999, clock())]);
    let found = desk.import(&desk.export(6, codes.collect()), OtherBook::Refused).unwrap();
    assert_eq!((found.findings.len() as u32, found.more, found.is_right()), (most, 3, false));
    assert_eq!(found.findings[..2].iter().map(PartnerFinding::name).collect::<Vec<_>>(), ["out-of-range"; 2]);
    // Codes that are gone are as many.
    let desk = Reconciling::new();
    let good = |number| partner_code(17, 3, 1_000_000 + number, clock());
    desk.import(&desk.export(5, (0..most + 2).map(good).collect()), OtherBook::Refused).unwrap();
    let found = desk.import(&desk.export(6, Vec::new()), OtherBook::Refused).unwrap();
    assert_eq!((found.findings.len() as u32, found.more), (most, 2));
    assert_eq!(desk::partners(&mut desk.vendor.ledger()).unwrap(), [found.partner]);
}

#[test]
fn what_a_partner_revokes_is_revoked_and_never_comes_back() {
    let desk = Reconciling::new();
    let license = |number| LicenseNumber::new(number).unwrap();
    let revision = |number| Revision::new(number).unwrap();
    let codes: Vec<_> = (1..=3)
        .map(|number| Terms { revision: revision(number), ..partner_code(17, 3, 1_000_000, clock()).terms })
        .map(|terms| signed(3, terms))
        .collect();
    let export = |first: u8, events: u8, revoked: Vec<(LicenseNumber, Option<Revision>)>| {
        let request = &desk.request;
        let exported = countersign::partner::Exported {
            vendor: request.vendor.clone(),
            desk: request.desk.clone(),
            issuer: request.issuer,
            day: clock(),
            head_day: clock(),
            first: first.into(),
            links: (first..=events).map(|event| [event; 32]).collect(),
            codes: codes.clone(),
            revoked,
        };
        PartnerExport::sign(&SoftwareKey::from_seed(&[4; 32]).unwrap(), exported).unwrap()
    };
    // The beginning of the book is shown first.
    let why = desk::AnotherBook::NotShown { first: 2, imported: 0 };
    let refused = desk.import(&export(2, 5, vec![]), OtherBook::Refused);
    assert!(
        matches!(&refused, Err(DeskFault::Refused(Refused::OtherBook { why: it, .. })) if *it == why),
        "{refused:?}"
    );
    let import = |events: u8, revoked: Vec<(LicenseNumber, Option<Revision>)>| {
        desk.import(&export(1, events, revoked), OtherBook::Refused).unwrap();
        desk.vendor.ledger().read(|book| book.revoked()).unwrap()
    };
    let theirs = license(1_000_000);
    assert_eq!(import(5, vec![]), []);
    let session = session(clock());
    let preview = |number: u32, below| {
        desk::preview_partner_revocation(&mut desk.vendor.ledger(), &session, license(number), below)
    };
    let revisions = |terms: &[Terms]| terms.iter().map(|terms| terms.revision.get()).collect::<Vec<_>>();
    let first = preview(1_000_000, Some(revision(2))).unwrap().unwrap();
    assert_eq!((revisions(&first.void), revisions(&first.good)), (vec![1], vec![2, 3]));
    // What is nobody's code is not theirs to revoke.
    assert_eq!(import(6, vec![(theirs, Some(revision(2))), (license(1_000_001), None)]), [(theirs, Some(revision(2)))]);
    assert_eq!(import(7, vec![(theirs, Some(revision(3)))]), [(theirs, Some(revision(3)))]);
    assert_eq!(import(8, vec![(theirs, Some(revision(2)))]), [(theirs, Some(revision(3)))]);
    // What is revoked already is nothing new.
    let before = head(&mut desk.vendor.ledger());
    assert_eq!(import(8, vec![(theirs, Some(revision(3)))]), [(theirs, Some(revision(3)))]);
    assert!(events_after(&mut desk.vendor.ledger(), before).is_empty());
    // What is void already is not said to become void.
    let rest = preview(1_000_000, None).unwrap().unwrap();
    assert_eq!((revisions(&rest.void), revisions(&rest.good)), (vec![3], vec![]));
    // A number that they may give away can be revoked before a code of it is known.
    let unknown = preview(1_000_002, None).unwrap().unwrap();
    assert_eq!((unknown.issuer.get(), unknown.void.len()), (17, 0));
    assert!(preview(1_000_002, Some(revision(2))).is_err());
    assert_eq!(import(9, vec![(theirs, None)]), [(theirs, None)]);
}

/// A ledger that was put back from a backup knows from the newest bundle what it has forgotten.
#[test]
fn a_partner_that_was_forgotten_comes_again_as_it_was_and_nobody_takes_its_place() {
    let vendor = Desk::new();
    let backup = vendor.copy();
    let seventeen = asking(17, [3, 4]);
    assert_eq!(add(&vendor, &seventeen, &[]), Ok(1_000_000));
    let path = vendor.room().join("bundle.txt");
    publish(&vendor, &path);
    let newest = BundleFile::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
    desk::publish_bundle(&mut backup.ledger(), &session(clock()), &newest).unwrap();
    let number = IssuerNumber::new(17).unwrap();
    let key = |seed| Box::new(SoftwareKey::from_seed(&[seed; 32]).unwrap().public_key());
    assert_eq!(add(&backup, &asking(17, [5, 6]), &[]), Err(Refused::IssuerTaken(number)));
    assert_eq!(add(&backup, &asking(18, [3, 6]), &[]), Err(Refused::KeyTaken(key(3))));
    let range = [1_000_000, 1_999_999].map(|number| LicenseNumber::new(number).unwrap());
    let overlaps = add(&backup, &asking(18, [5, 6]), &licenses_of(1_500_000, 1_500_010));
    assert_eq!(overlaps, Err(Refused::RangeOfPartner { issuer: number, range: range.into() }));
    assert_eq!(add(&backup, &asking(18, [5, 6]), &[]), Ok(2_000_000));
    assert_eq!(add(&backup, &seventeen, &licenses_of(1_000_000, 1_999_999)), Ok(1_000_000));
    assert_eq!(desk::partners(&mut backup.ledger()).unwrap().len(), 2);
}

#[test]
fn limits_of_the_vendors_own_key_are_nobody_elses_numbers() {
    let vendor = Desk::in_memory();
    let limits = "licenses=1-9999999".parse().unwrap();
    let own = IssuerNumber::new(1).unwrap();
    desk::limit_issuer(&mut vendor.ledger(), &session(clock()), own, &limits).unwrap();
    publish(&vendor, &vendor.room().join("bundle.txt"));
    assert_eq!(add(&vendor, &asking(17, [3, 4]), &[]), Ok(1_000_000));
    assert_eq!(add(&vendor, &asking(18, [5, 6]), &licenses_of(5_000_000, 5_000_009)), Ok(5_000_000));
}

#[test]
fn a_book_that_was_put_back_or_rewritten_is_refused_until_somebody_accepts_it() {
    let desk = Reconciling::new();
    let code = |license| partner_code(17, 3, license, clock());
    desk.import(&desk.export(9, vec![code(1_000_000)]), OtherBook::Refused).unwrap();
    let head = head(&mut desk.vendor.ledger());
    let why = |export: &PartnerExport| match desk.import(export, OtherBook::Refused) {
        Err(DeskFault::Refused(Refused::OtherBook { why, .. })) => why,
        other => panic!("{other:?}"),
    };
    let shorter = desk.export(8, vec![]);
    assert_eq!(why(&shorter), desk::AnotherBook::Shorter { last: 8, imported: 9 });
    let exported = |first, links: Vec<[u8; 32]>, seed: u8, name: &str| {
        let request = &desk.request;
        let exported = countersign::partner::Exported {
            vendor: request.vendor.clone(),
            desk: name.to_owned(),
            issuer: request.issuer,
            day: clock(),
            head_day: clock(),
            first,
            links,
            codes: vec![],
            revoked: vec![(LicenseNumber::new(1).unwrap(), None)],
        };
        PartnerExport::sign(&SoftwareKey::from_seed(&[seed; 32]).unwrap(), exported).unwrap()
    };
    let own = desk.request.desk.as_str();
    let rewritten = exported(9, vec![[77; 32], [78; 32]], 4, own);
    assert_eq!(why(&rewritten), desk::AnotherBook::Rewritten { imported: 9 });
    assert_eq!(why(&exported(10, vec![[10; 32]], 4, own)), desk::AnotherBook::NotShown { first: 10, imported: 9 });
    assert_eq!(why(&exported(9, vec![[9; 32]], 4, "00000000000000ff")), desk::AnotherBook::Desk);
    let foreign = desk.import(&exported(9, vec![[9; 32]], 6, own), OtherBook::Accepted).unwrap_err();
    assert!(matches!(foreign, DeskFault::Refused(Refused::OtherLedgerKey(_))), "{foreign}");
    assert!(events_after(&mut desk.vendor.ledger(), head).is_empty());
    let accepted = desk.import(&rewritten, OtherBook::Accepted).unwrap();
    assert_eq!(accepted.other_book, Some(desk::AnotherBook::Rewritten { imported: 9 }));
    assert_eq!(accepted.findings.iter().map(PartnerFinding::name).collect::<Vec<_>>(), ["gone"]);
    // A license of the vendor is not the partner's to revoke.
    assert_eq!(desk.vendor.ledger().read(|book| book.revoked()).unwrap(), []);
    // The same again brings nothing, and is no event.
    let head = head_of(&desk.vendor);
    desk.import(&rewritten, OtherBook::Refused).unwrap();
    assert_eq!(head_of(&desk.vendor), head);
}

fn head_of(desk: &Desk) -> u64 {
    head(&mut desk.ledger())
}

#[test]
fn many_codes_are_many_events_and_of_a_stolen_key_no_more_are_taken() {
    let desk = Reconciling::new();
    let codes = |count| (0..count).map(|number| partner_code(17, 3, 1_000_000 + number, clock())).collect::<Vec<_>>();
    let before = head_of(&desk.vendor);
    desk.import(&desk.export(5, codes(1201)), OtherBook::Refused).unwrap();
    let events = events_after(&mut desk.vendor.ledger(), before);
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| event.wrote.len() < 64 * 1024 && event.facts.len() < 64 * 1024));
    let session = session(clock());
    let issuer = IssuerNumber::new(17).unwrap();
    desk::end_partner(&mut desk.vendor.ledger(), &session, issuer, PartnerEnd::Stolen).unwrap();
    let more = desk.export(6, codes(1202));
    let looked_at = desk::preview_export(&mut desk.vendor.ledger(), &session, &more, OtherBook::Refused).unwrap();
    assert_eq!(looked_at.new, 1);
    let taken = desk::import_export(&mut desk.vendor.ledger(), &session, &more, OtherBook::Refused).unwrap_err();
    assert!(matches!(taken, DeskFault::Refused(Refused::PartnerEnded(_))), "{taken}");
    let bundle = desk::draft_bundle(&mut desk.vendor.ledger(), clock(), Some(&roots())).unwrap().bundle().unwrap();
    assert_eq!(bundle.listed.len(), 1201);
    assert!(bundle.issuers.iter().any(|named| named.number == issuer && named.void));
}

#[test]
fn no_other_text_is_a_file_of_a_partner() {
    let code = partner_code(17, 3, 1_000_000, clock());
    let export = Reconciling::new().export(2, vec![code]).to_string();
    let request = asking(17, [3, 4]).to_string();
    for text in [&export, &request] {
        keeps_the_law(text.as_bytes());
        let believed = |text: &str| text.parse::<PartnerExport>().is_ok() || text.parse::<PartnerRequest>().is_ok();
        assert!(believed(text));
        for place in 0..text.len() {
            for change in [1, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= change;
                keeps_the_law(&bytes);
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(!believed(&changed), "{changed}");
            }
            assert!(!believed(&text[..place]));
        }
        for other in [text.replace('\n', "\r\n"), format!("{text}\n"), format!("\n{text}"), text.to_uppercase()] {
            assert!(!believed(&other), "{other:?}");
        }
    }
    for (was, is, line) in [
        ("head 2 ", "head 3 ", 9),
        ("link 1 ", "link 2 ", 8),
        ("link 2 ", "link 3 ", 8),
        ("code 1000000 1 ", "code 01000000 1 ", 9),
        ("code 1000000 1 ", "code 1000000 2 ", 9),
        ("issuer 17 ", "issuer 017 ", 4),
    ] {
        let fault = export.replace(was, is).parse::<PartnerExport>().unwrap_err();
        assert!(matches!(fault, PartnerFileFault::Line { line: found, .. } if found == line), "{is}: {fault}");
    }
}

#[test]
fn every_saved_input_keeps_its_law() {
    crate::saved::replay("partner_export", keeps_the_law);
}
