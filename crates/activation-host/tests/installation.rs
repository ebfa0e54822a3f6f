//! An installation over the years.

#[path = "common/sold.rs"]
mod sold;

use activation_code::{
    Answer, BundleFault, HostCodeFault, HostId, HostRequest, Kind, Obstacle, Phase, PinnedIssuer, Reason, Refusal,
    Roots, Terms, TrustFault, Warning,
};
use activation_host::host::{HostSource, MachineFacts, SiteName};
use activation_host::installation::{ClockResetFault, InstallationFault, Wish};
use activation_host::sites::{Site, SitesFault};
use activation_host::storage::{InMemory, Lock, Storage, StorageFault};
use activation_host::trust_store::{Loaded, TrustStoreFault};
use activation_host::{Installation, Settings, Status};
use sold::{
    bundle, bundle_text, code, day, issuer, period, public, reset_rows, reset_rows_by, root_key, roots, signed_by_root,
    terms,
};
use std::fs;
use std::io::{self, ErrorKind};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use tempfile::TempDir;

/// An installation on a day, without an identity of its machine.
fn on(folder: &TempDir, today: &str) -> Installation {
    Installation::open(folder.path().join("state"), settings(today))
}

fn settings(today: &str) -> Settings {
    let nowhere = HostSource::Machine(MachineFacts::under("/nowhere"));
    Settings::new().issuer(issuer()).clock(day(today)).host(nowhere)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn accepted(installation: &Installation, terms: &Terms) {
    let entered = installation.enter(&code(terms)).unwrap();
    assert!(entered.is_accepted(), "{:?}", entered.inspection.obstacle);
}

fn refused(installation: &Installation, terms: &Terms) -> (Reason, String) {
    let entered = installation.enter(&code(terms)).unwrap();
    assert!(!entered.is_accepted());
    let obstacle = entered.inspection.obstacle.unwrap();
    let (sentences, _) = activation_host::sentences::obstacle(&obstacle);
    (obstacle.reason(), sentences.join("; "))
}

fn status(installation: &Installation) -> Status {
    installation.status().unwrap()
}

/// Days jump in these tests, and of that other tests speak.
fn phase(installation: &Installation) -> (Phase, Option<u32>, Vec<Warning>) {
    let mut standing = status(installation).standing;
    standing.warnings.retain(|warning| *warning != Warning::ClockAhead);
    (standing.phase, standing.days_left, standing.warnings)
}

fn revision(number: &str) -> Terms {
    Terms { revision: number.parse().unwrap(), ..terms() }
}

fn renewal(number: &str, first: &str, last: &str) -> Terms {
    Terms { period: period(first, last), ..revision(number) }
}

#[test]
fn an_empty_installation_has_no_code() {
    let folder = folder();
    let status = status(&on(&folder, "2027-06-01"));
    assert_eq!(
        (status.standing.phase, status.answer(), status.standing.run),
        (Phase::None, Answer::NotActivated, false)
    );
    // Somebody who only looks leaves a memory of days, and nothing else.
    assert_eq!(phase(&on(&folder, "2027-06-02")), (Phase::None, None, vec![]));
}

#[test]
fn without_anybody_to_trust_there_is_no_answer() {
    let folder = folder();
    let installation = Installation::open(folder.path(), Settings::new());
    assert!(matches!(installation.status(), Err(InstallationFault::NoTrust)));
}

#[test]
fn an_issuer_with_two_keys_is_no_trust() {
    let folder = folder();
    let other = PinnedIssuer { key: public(&root_key()), ..issuer() };
    let fault = Installation::open(folder.path(), settings("2027-06-01").issuer(other)).status().unwrap_err();
    let number = issuer().number;
    assert!(matches!(fault, InstallationFault::Trust(TrustFault::TwoKeys { number: found }) if found == number));
    assert_eq!(fault.to_string(), "issuer 1 is given with two keys");
}

#[test]
fn a_state_that_cannot_be_kept_is_named_by_its_place() {
    let folder = folder();
    fs::write(folder.path().join("state"), "precious").unwrap();
    let lock = folder.path().join("state/lock");
    let fault = on(&folder, "2027-06-01").enter(&code(&terms())).unwrap_err();
    let InstallationFault::Storage(StorageFault { place, .. }) = &fault else { panic!("{fault:?}") };
    assert_eq!(Path::new(place), lock);
    assert!(fault.to_string().starts_with(&format!("{}: ", lock.display())), "{fault}");
    assert_eq!(fs::read(folder.path().join("state")).unwrap(), b"precious");
}

#[test]
fn what_is_asked_of_a_site_that_is_not_there_changes_nothing() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    let site = Site::new("plant-2").unwrap();
    let fault = installation.change_sites(|sites| sites.set_in_use(&site, 3)).unwrap_err();
    let InstallationFault::Sites(found) = &fault else { panic!("{fault:?}") };
    assert_eq!(*found, SitesFault::NoSite { site: site.clone() });
    assert_eq!(fault.to_string(), "no units are assigned to plant-2");
    assert_eq!(installation.sites().iter().count(), 0);
}

#[test]
fn a_downsize_sticks() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    accepted(&installation, &terms());
    let downsized = Terms { units: "100".parse().unwrap(), issued: day("2027-05-30"), ..revision("2") };
    accepted(&installation, &downsized);
    assert_eq!(status(&installation).units, 100);
    let (reason, sentence) = refused(&installation, &terms());
    assert_eq!((reason, sentence.as_str()), (Reason::Superseded, "superseded by revision 2, issued 2027-05-30"));
    let obstacle = installation.enter(&code(&terms())).unwrap().inspection.obstacle;
    let Some(Obstacle::Refused(refusal)) = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(refusal, Refusal::Superseded { by: downsized.revision, issued: downsized.issued });
    assert_eq!(status(&on(&folder, "2027-06-01")).units, 100);
}

#[test]
fn a_renewal_waits_for_its_first_day_and_silences_the_warning() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    assert_eq!(phase(&on(&folder, "2027-12-01")), (Phase::Maintenance, Some(30), vec![Warning::EndsSoon]));
    accepted(&on(&folder, "2027-12-01"), &renewal("2", "2028-01-01", "2028-12-31"));
    assert_eq!(phase(&on(&folder, "2027-12-31")), (Phase::Maintenance, Some(0), vec![Warning::QueuedSuccessor]));
    assert_eq!(phase(&on(&folder, "2028-01-01")), (Phase::Maintenance, Some(365), vec![]));
    let (reason, _) = refused(&on(&folder, "2028-01-01"), &terms());
    assert_eq!(reason, Reason::Superseded);
}

#[test]
fn a_gap_before_the_successor_is_said() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    accepted(&on(&folder, "2027-12-01"), &renewal("2", "2028-01-02", "2028-12-31"));
    let (_, _, warnings) = phase(&on(&folder, "2027-12-01"));
    assert_eq!(warnings, [Warning::EndsSoon, Warning::GapBeforeSuccessor]);
    let (found, _, warnings) = phase(&on(&folder, "2028-01-01"));
    assert_eq!((found, warnings), (Phase::Grace, vec![Warning::InGrace, Warning::GapBeforeSuccessor]));
}

#[test]
fn after_a_loss_the_renewal_may_be_entered_before_the_code_that_runs() {
    let folder = folder();
    let installation = on(&folder, "2027-12-01");
    accepted(&installation, &renewal("3", "2028-01-01", "2028-12-31"));
    assert_eq!(phase(&installation).0, Phase::NotYetValid);
    accepted(&installation, &revision("2"));
    assert_eq!(phase(&installation).0, Phase::Maintenance);
    assert_eq!(refused(&installation, &terms()).0, Reason::Superseded);
}

#[test]
fn two_codes_of_one_identity_are_a_conflict_and_the_later_one_wins() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    let later = Terms { units: "300".parse().unwrap(), issued: day("2026-12-01"), ..terms() };
    accepted(&installation, &later);
    accepted(&installation, &terms());
    let status = status(&installation);
    assert_eq!((status.units, status.standing.warnings), (300, vec![Warning::Conflict]));
    // The same on one day of issue: both files stay.
    accepted(&installation, &Terms { units: "301".parse().unwrap(), ..later });
    assert_eq!(fs::read_dir(folder.path().join("state/codes")).unwrap().count(), 3);
}

#[test]
fn units_of_active_licenses_of_the_highest_edition_add_up() {
    let folder = folder();
    let lines = "product 6 OTHER seats software family=5:other name=Other\n\
                 product 7 SRV seats software rank=1 family=6:server name=Server\n\
                 product 8 SRV-PRO seats software rank=2 family=6:server name=Server Pro\n\
                 product 9 LONER seats software name=Loner\n";
    let pro = |license: &str, units: &str| Terms {
        license: license.parse().unwrap(),
        units: units.parse().unwrap(),
        product: "8".parse().unwrap(),
        ..terms()
    };
    let settings = || settings("2027-06-01").roots(roots()).product("7".parse().unwrap());
    let installation = Installation::open(folder.path(), settings());
    installation.load_trust(&bundle(1, "2027-05-01", lines), None).unwrap();
    accepted(&installation, &terms());
    accepted(&installation, &pro("2", "10"));
    accepted(&installation, &pro("3", "5"));
    let status = status(&installation);
    assert_eq!((status.units, status.licenses[0].rank), (15, 2));
    for product in ["6", "9"] {
        let other = Terms { product: product.parse().unwrap(), license: "4".parse().unwrap(), ..terms() };
        assert_eq!(refused(&installation, &other).0, Reason::OtherProduct, "{product}");
    }
}

#[test]
fn more_units_in_use_than_licensed_are_said() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    for (in_use, warnings) in [(249, vec![]), (250, vec![]), (251, vec![Warning::OverUse])] {
        let installation = Installation::open(folder.path().join("state"), settings("2027-06-01").in_use(in_use));
        assert_eq!(phase(&installation).2, warnings, "{in_use}");
    }
}

#[test]
fn what_was_verified_counts_only_for_the_trust_that_it_was_verified_by() {
    let folder = folder();
    let installation = Installation::open(folder.path(), settings("2027-06-01").roots(roots()));
    installation.load_trust(&bundle(1, "2027-01-01", ""), None).unwrap();
    accepted(&installation, &terms());
    assert_eq!(status(&installation).units, 250);
    // The same issuer with another key, while the program runs.
    let other = bundle_text(2, "2027-01-02", &public(&root_key()), "");
    installation.load_trust(&signed_by_root(&other), None).unwrap();
    let found = status(&installation);
    assert_eq!((found.units, found.standing.phase), (0, Phase::None));
}

#[test]
fn a_revocation_in_a_newer_bundle_ends_a_license_and_its_evidence() {
    let folder = folder();
    let open = |today: &str| Installation::open(folder.path(), settings(today).roots(roots()));
    open("2027-06-01").load_trust(&bundle(1, "2027-01-01", ""), None).unwrap();
    accepted(&open("2027-06-01"), &Terms { issued: day("2028-02-01"), ..terms() });
    assert_eq!(status(&open("2027-06-02")).today.day, day("2028-02-01"));
    open("2027-06-03").load_trust(&bundle(2, "2027-06-01", "revoked 1042 all\n"), None).unwrap();
    let status = status(&open("2027-06-03"));
    assert_eq!((status.standing.phase, status.today.day), (Phase::Revoked, day("2027-06-03")));
    assert!(matches!(status.set_aside[0].refusal, Refusal::Revoked { .. }));
    assert_eq!(refused(&open("2027-06-03"), &revision("2")).0, Reason::Revoked);
}

#[test]
fn a_damaged_bundle_is_read_from_its_copy_and_never_rolled_back() {
    let folder = folder();
    let open = || Installation::open(folder.path(), settings("2027-06-01").roots(roots()));
    open().load_trust(&bundle(5, "2027-01-01", ""), None).unwrap();
    let path = folder.path().join("trust.bundle");
    fs::write(&path, "countersign/trust-bundle/1\n").unwrap();
    let found = status(&open());
    assert_eq!(found.bundle.unwrap().number, 5);
    assert_eq!(found.standing.warnings, [Warning::StateDamaged]);
    // Mended, and said until somebody has read it.
    let found = status(&open());
    assert!(found.damage.is_empty());
    assert_eq!((found.damaged_before.len(), found.standing.warnings), (1, vec![Warning::StateDamaged]));
    assert_eq!(open().forget_damage().unwrap().len(), 1);
    assert_eq!(phase(&open()).2, []);
    for name in ["trust.bundle", "trust.bundle.copy"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let rolled_back = open().load_trust(&bundle(4, "2026-12-01", ""), None);
    assert!(matches!(rolled_back, Err(TrustStoreFault::Older { kept: 5, found: 4 })));
    open().load_trust(&bundle(5, "2027-01-01", ""), None).unwrap();
}

#[test]
fn the_bundle_of_a_newer_release_stays_when_an_older_one_comes_back() {
    let folder = folder();
    let with = |bundle: &str| Installation::open(folder.path(), settings("2027-06-01").roots(roots()).bundle(bundle));
    let newer = bundle(2, "2027-05-01", "revoked 1042 all\n");
    accepted(&with(&bundle(1, "2027-01-01", "")), &terms());
    // The day was seen before, and the bundle is kept all the same.
    assert_eq!(phase(&with(&bundle(1, "2027-01-01", ""))).0, Phase::Maintenance);
    assert_eq!(phase(&with(&newer)).0, Phase::Revoked);
    assert_eq!(phase(&with(&bundle(1, "2027-01-01", ""))).0, Phase::Revoked);
}

#[test]
fn who_looks_again_on_a_day_writes_nothing() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    status(&on(&folder, "2027-06-01"));
    let memory = folder.path().join("state/memory.txt");
    let written = || fs::metadata(&memory).unwrap().modified().unwrap();
    let before = written();
    status(&on(&folder, "2027-06-01"));
    assert_eq!(written(), before);
    status(&on(&folder, "2027-06-02"));
    assert!(written() > before);
}

#[test]
fn a_missing_code_is_named_and_what_is_left_counts() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    accepted(&installation, &terms());
    let second = Terms { license: "7".parse().unwrap(), ..terms() };
    accepted(&installation, &second);
    let path = folder.path().join("state/codes/license-7-revision-1-issued-2026-11-22.lic");
    fs::remove_file(&path).unwrap();
    let found = status(&installation);
    assert_eq!((found.units, found.damage.len()), (250, 1));
    assert_eq!(found.damage[0].to_string(), format!("{}: is missing", path.display()));
    accepted(&installation, &second);
    assert!(status(&installation).damage.is_empty());
}

#[test]
fn one_wrong_character_in_a_kept_code_is_repaired_and_said() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    accepted(&installation, &terms());
    let path = folder.path().join("state/codes/license-1042-revision-1-issued-2026-11-22.lic");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, "1".repeat(1 << 20)).unwrap();
    let found = status(&installation);
    assert_eq!((found.units, found.damage[0].to_string()), (0, format!("{}: is too long, or no file", path.display())));
    fs::write(&path, text.replacen("Row 3) ", "Row 3) Q", 1)).unwrap();
    let found = status(&installation);
    assert_eq!((found.units, found.standing.warnings), (250, vec![Warning::StateDamaged]));
    accepted(&installation, &terms());
    assert!(status(&installation).damage.is_empty());
}

#[test]
fn a_bound_code_is_for_the_host_that_asked_for_it() {
    let (here, there) = (folder(), folder());
    let request = on(&here, "2027-06-01").request(Wish::Code { license: None }).unwrap();
    assert_eq!(HostRequest::read(&request.row()), Ok(request));
    let bound = Terms { host: Some(request.host), ..terms() };
    accepted(&on(&here, "2027-06-01"), &bound);
    assert_eq!(refused(&on(&there, "2027-06-01"), &bound).0, Reason::OtherHost);
    // Everything of the memory is lost: the code says which host this is.
    for name in ["memory.txt", "memory.txt.copy"] {
        fs::remove_file(here.path().join("state").join(name)).unwrap();
    }
    assert_eq!(phase(&on(&here, "2027-06-01")), (Phase::Maintenance, Some(213), vec![Warning::StateDamaged]));
}

#[test]
fn a_code_for_a_site_is_good_on_each_of_its_hosts() {
    let (one, two) = (folder(), folder());
    let site = || SiteName::new("plant-2");
    let number = on(&one, "2027-06-01").set_site(site()).unwrap();
    assert_eq!(on(&two, "2027-06-01").set_site(site()).unwrap(), number);
    let bound = Terms { host: Some(number), ..terms() };
    accepted(&on(&one, "2027-06-01"), &bound);
    accepted(&on(&two, "2027-06-01"), &bound);
    on(&two, "2027-06-01").set_site(None).unwrap();
    assert!(matches!(status(&on(&two, "2027-06-01")).set_aside[0].refusal, Refusal::OtherHost { .. }));
}

#[test]
fn a_clock_reset_that_proves_nothing_is_not_followed() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    let request = installation.request(Wish::ClockReset).unwrap();
    let reset = |rows: &[String]| installation.reset_clock(rows).unwrap_err();

    let fault = reset(&["20040-0E000".to_owned()]);
    let ClockResetFault::Read(HostCodeFault::Typing(faults)) = &fault else { panic!("{fault:?}") };
    assert_eq!(fault.to_string(), faults.to_string());
    let fault = reset(&reset_rows_by(&root_key(), &request, "2027-06-01"));
    let number = issuer().number;
    assert!(matches!(fault, ClockResetFault::Refused(Refusal::BadSignature { number: found }) if found == number));
    assert_eq!(fault.to_string(), Refusal::BadSignature { number }.to_string());
    let there = HostRequest { host: HostId(7), ..request };
    let fault = reset(&reset_rows(&there, "2027-06-01"));
    let (asked, here) = (there.host, request.host);
    assert!(
        matches!(fault, ClockResetFault::OtherHost { found, wanted: Some(wanted) } if (found, wanted) == (asked, here))
    );
    assert_eq!(fault.to_string(), format!("the clock reset is for the host {asked}, this is the host {here}"));

    let rows = reset_rows(&request, "2027-06-01");
    installation.reset_clock(&rows).unwrap();
    let fault = reset(&rows);
    assert!(matches!(fault, ClockResetFault::NotAsked));
    assert_eq!(fault.to_string(), "the clock reset answers no request of this installation that is still open");
    // Nobody has asked for it where nobody is trusted, and where the host has no number.
    let elsewhere = self::folder();
    let fault = Installation::open(elsewhere.path(), Settings::new()).reset_clock(&rows).unwrap_err();
    assert!(matches!(fault, ClockResetFault::Installation(InstallationFault::NoTrust)));
    assert_eq!(fault.to_string(), "no issuer to trust");
    let fault = on(&elsewhere, "2027-06-01").reset_clock(&rows).unwrap_err();
    assert!(matches!(fault, ClockResetFault::OtherHost { found, wanted: None } if found == here));
    assert_eq!(fault.to_string(), format!("the clock reset is for the host {here}"));
}

#[test]
fn a_bundle_that_is_not_loaded_says_why_and_changes_nothing() {
    let folder = folder();
    let state = folder.path().join("state");
    let load = |file: &str, given: Option<&Roots>| on(&folder, "2027-06-01").load_trust(file, given);
    let refused = |file: &str| load(file, Some(&roots())).unwrap_err();
    let five = bundle(5, "2027-01-01", "");

    let fault = load(&five, None).unwrap_err();
    assert!(matches!(fault, TrustStoreFault::NoRoots));
    assert_eq!(fault.to_string(), "no root keys to trust");
    assert!(!state.exists());
    assert!(matches!(load(&five, Some(&roots())), Ok((Loaded::New { before: None }, _))));
    assert!(matches!(load(&five, None), Ok((Loaded::Already, _))));
    let before = ["trust.bundle", "trust.roots", "memory.txt"].map(|name| fs::read(state.join(name)).unwrap());

    let text = |number: u32| bundle(number, "2027-02-01", "").split_once("\n\n").unwrap().0.to_owned() + "\n";
    let testing = signed_by_root(&text(6).replacen("contact ", "test\ncontact ", 1));
    let foreign = signed_by_root(&text(6).replacen("Acme", "Other", 1));
    let fault = refused("");
    assert!(matches!(fault, TrustStoreFault::Bundle(BundleFault::Empty)));
    assert_eq!(fault.to_string(), "the file is empty");
    let fault = refused(&bundle(4, "2027-02-01", ""));
    assert!(matches!(fault, TrustStoreFault::Older { kept: 5, found: 4 }));
    assert_eq!(fault.to_string(), "bundle 4 is older than bundle 5, which is in force: it was rolled back");
    let fault = refused(&bundle(5, "2027-02-01", ""));
    assert!(matches!(fault, TrustStoreFault::Fork { number: 5 }));
    assert_eq!(fault.to_string(), "another bundle with number 5 is in force");
    let fault = refused(&testing);
    assert!(matches!(fault, TrustStoreFault::ForTesting { number: 6 }));
    assert_eq!(fault.to_string(), "bundle 6 is for testing only");
    let fault = refused(&foreign);
    assert!(
        matches!(&fault, TrustStoreFault::OtherVendor { kept, found } if (kept.as_str(), found.as_str()) == ("Acme", "Other"))
    );
    assert_eq!(fault.to_string(), "the bundle is of \"Other\", and the one in force of \"Acme\"");

    // A folder in the place of the lock.
    let lock = state.join("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let fault = refused(&bundle(6, "2027-02-01", ""));
    let TrustStoreFault::Storage(StorageFault { place, .. }) = &fault else { panic!("{fault:?}") };
    assert_eq!(Path::new(place), lock);
    assert!(fault.to_string().starts_with(&format!("{}: ", lock.display())), "{fault}");
    fs::remove_dir(&lock).unwrap();
    assert_eq!(["trust.bundle", "trust.roots", "memory.txt"].map(|name| fs::read(state.join(name)).unwrap()), before);

    // What the system does not give may be good, and is not replaced.
    #[cfg(unix)]
    {
        fs::remove_file(state.join("trust.bundle")).unwrap();
        std::os::unix::fs::symlink("trust.bundle", state.join("trust.bundle")).unwrap();
        let fault = refused(&bundle(6, "2027-02-01", ""));
        let TrustStoreFault::Kept(damage) = &fault else { panic!("{fault:?}") };
        assert_eq!(Path::new(&damage.place), state.join("trust.bundle"));
        assert_eq!(fault.to_string(), damage.to_string());
        assert!(state.join("trust.bundle").is_symlink());
    }
}

#[test]
fn a_clock_reset_voids_all_later_evidence_until_newer_arrives() {
    let folder = folder();
    let released = |today: &str, release: &str| {
        Installation::open(folder.path().join("state"), settings(today).released(day(release)))
    };
    // Poisoned by everything that there is: a code, a release, a clock.
    accepted(
        &released("2029-01-01", "2028-12-20"),
        &Terms { issued: day("2028-12-24"), ..renewal("1", "2026-12-01", "2030-12-01") },
    );
    let poisoned = status(&released("2026-11-23", "2028-12-20"));
    assert_eq!((poisoned.today.day, poisoned.standing.warnings), (day("2029-01-01"), vec![Warning::ClockBehind]));

    let request = released("2026-11-23", "2028-12-20").request(Wish::ClockReset).unwrap();
    assert!(request.nonce.asks_for_clock_reset());
    assert_eq!(released("2026-11-23", "2028-12-20").request(Wish::ClockReset).unwrap(), request);
    let other = HostRequest { host: HostId(request.host.0 ^ 1), ..request };
    let installation = released("2026-11-23", "2028-12-20");
    assert!(matches!(
        installation.reset_clock(&reset_rows(&other, "2026-11-23")),
        Err(ClockResetFault::OtherHost { .. })
    ));
    let other = HostRequest { nonce: activation_code::Nonce(request.nonce.0 ^ 2), ..request };
    assert!(matches!(installation.reset_clock(&reset_rows(&other, "2026-11-23")), Err(ClockResetFault::NotAsked)));
    let rows = reset_rows(&request, "2026-11-23");
    installation.reset_clock(&rows).unwrap();
    let found = status(&released("2026-11-24", "2028-12-20"));
    assert_eq!((found.today.day, found.standing.phase), (day("2026-11-24"), Phase::NotYetValid));
    assert!(found.standing.warnings.is_empty());
    // It works once.
    assert!(matches!(installation.reset_clock(&rows), Err(ClockResetFault::NotAsked)));
    // A newer release is newer evidence.
    assert_eq!(status(&released("2026-11-24", "2028-12-21")).today.day, day("2028-12-21"));
}

#[test]
fn a_day_that_is_asked_about_is_not_remembered() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    let before = fs::read(folder.path().join("state/memory.txt")).unwrap();
    let asked = Installation::open(folder.path().join("state"), settings("2027-06-02").what_if(day("2027-06-20")));
    assert_eq!(status(&asked).today.day, day("2027-06-20"));
    accepted(&asked, &Terms { license: "5".parse().unwrap(), ..terms() });
    assert_eq!(status(&on(&folder, "2027-06-01")).today.day, day("2027-06-01"));
    assert!(before.starts_with(b"countersign memory 1\n"));
}

#[test]
fn a_memory_that_is_not_ours_is_left_alone() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    let newer = activation_host::checked_text::seal("countersign memory 2\nanything\n");
    for name in ["memory.txt", "memory.txt.copy"] {
        fs::write(folder.path().join("state").join(name), &newer).unwrap();
    }
    let found = status(&on(&folder, "2027-06-05"));
    assert_eq!((found.units, found.standing.warnings), (250, vec![Warning::StateDamaged]));
    assert!(matches!(found.not_remembered, Some(InstallationFault::Kept(_))));
    assert!(matches!(on(&folder, "2027-06-05").enter(&code(&revision("2"))), Err(InstallationFault::Kept(_))));
    assert_eq!(fs::read_to_string(folder.path().join("state/memory.txt")).unwrap(), newer);
}

#[test]
fn what_is_forgotten_no_longer_counts_and_may_be_entered_again() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    accepted(&installation, &revision("2"));
    let fault = installation.forget(terms().license, Some("1".parse().unwrap())).unwrap_err();
    assert!(matches!(fault, InstallationFault::NothingToForget { license } if license == terms().license));
    assert_eq!(fault.to_string(), "no code of license 1042 is here");
    assert_eq!(installation.forget(terms().license, None).unwrap().len(), 1);
    assert_eq!(phase(&installation), (Phase::None, None, vec![]));
    accepted(&installation, &terms());
}

#[test]
fn a_notice_is_due_at_60_and_30_days_and_every_day_in_grace() {
    let folder = folder();
    accepted(&on(&folder, "2027-06-01"), &terms());
    let due = |today: &str, told: Option<&str>| status(&on(&folder, today)).notice_is_due(told.map(day));
    assert!(!due("2027-10-31", None));
    assert!(due("2027-11-01", None) && due("2027-11-20", None));
    assert!(!due("2027-11-20", Some("2027-11-01")));
    assert!(due("2027-12-01", Some("2027-11-20")) && !due("2027-12-31", Some("2027-12-01")));
    assert!(due("2028-01-01", Some("2027-12-31")) && !due("2028-01-01", Some("2028-01-01")));
    // Whoever has the renewal need not hear of it.
    accepted(&on(&folder, "2027-11-01"), &renewal("2", "2028-01-01", "2028-12-31"));
    assert!(!due("2027-11-01", None) && !due("2027-12-31", None));
}

#[test]
fn an_evaluation_that_was_converted_is_full() {
    let folder = folder();
    let installation = on(&folder, "2027-01-05");
    accepted(&installation, &Terms { kind: Kind::Evaluation, ..renewal("1", "2027-01-01", "2027-01-30") });
    accepted(&installation, &Terms { issued: day("2027-01-05"), ..renewal("2", "2027-01-01", "2027-12-31") });
    assert_eq!(phase(&on(&folder, "2028-02-10")).0, Phase::Lapsed);
}

#[test]
fn codes_are_found_wherever_they_were_put() {
    let folder = folder();
    let codes = folder.path().join("state/codes");
    fs::create_dir_all(&codes).unwrap();
    fs::write(codes.join("from-the-vendor.lic"), code(&terms())).unwrap();
    fs::write(codes.join("again.lic"), code(&terms())).unwrap();
    fs::write(codes.join("notes.txt"), "nothing").unwrap();
    let installation = on(&folder, "2027-06-01");
    assert_eq!(status(&installation).units, 250);
    assert!(Path::new(&installation.storage().place("codes")).ends_with("state/codes"));
}

/// A counter as a TPM has it: nobody sets it back.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<std::sync::atomic::AtomicU64>);

impl activation_host::rollback::RollbackCounter for Counter {
    fn read(&mut self) -> Result<u64, activation_host::rollback::CounterFault> {
        Ok(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn increment(&mut self) -> Result<u64, activation_host::rollback::CounterFault> {
        Ok(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1)
    }
}

#[test]
fn a_folder_that_was_put_back_is_told_by_a_counter_and_blocks_nothing() {
    let folder = folder();
    let counter = Counter::default();
    let open = |today: &str| Installation::open(folder.path().join("state"), settings(today).counter(counter.clone()));
    accepted(&open("2027-06-01"), &terms());
    let texts = ["memory.txt", "memory.txt.copy"].map(|name| folder.path().join("state").join(name));
    let before = texts.clone().map(|text| fs::read(text).unwrap());
    for today in ["2027-06-02", "2027-06-03"] {
        assert!(status(&open(today)).damage.is_empty());
    }
    for (text, before) in texts.iter().zip(before) {
        fs::write(text, before).unwrap();
    }
    let found = status(&open("2027-06-03"));
    assert!(found.damage[0].to_string().contains("was put back from an older copy"), "{}", found.damage[0]);
    assert!(found.damage[0].to_string().ends_with("2 changes are missing"), "{}", found.damage[0]);
    assert!(found.standing.run && found.standing.warnings.contains(&Warning::StateDamaged));
    // It is written down, and said until somebody has read it.
    let found = status(&open("2027-06-03"));
    assert!(found.damage.is_empty() && found.damaged_before.len() == 1);
    // Without the counter nobody knows.
    open("2027-06-03").forget_damage().unwrap();
    assert!(status(&on(&folder, "2027-06-03")).damage.is_empty());
}

// What the model found (tests/model.rs).

#[test]
fn damage_that_is_mended_by_the_way_is_said_all_the_same() {
    type Mend = fn(&Installation);
    let mends: [Mend; 4] = [
        |installation| assert!(installation.load_trust(&bundle(1, "2027-01-01", ""), Some(&roots())).is_ok()),
        |installation| assert!(installation.forget(terms().license, None).is_ok()),
        |installation| assert!(installation.request(Wish::ClockReset).is_ok()),
        |installation| assert!(installation.set_site(SiteName::new("plant-2")).is_ok()),
    ];
    for mend in mends {
        let folder = folder();
        accepted(&on(&folder, "2027-06-01"), &terms());
        for name in ["memory.txt", "memory.txt.copy"] {
            fs::remove_file(folder.path().join("state").join(name)).unwrap();
        }
        mend(&on(&folder, "2027-06-02"));
        let found = status(&on(&folder, "2027-06-02"));
        assert_eq!((found.damage.len(), found.damaged_before.len()), (0, 1));
        assert!(found.standing.warnings.contains(&Warning::StateDamaged));
    }
}

#[test]
fn a_license_that_does_not_run_covers_no_release() {
    let folder = folder();
    let released = || Installation::open(folder.path(), settings("2028-06-10").released(day("2028-06-01")));
    accepted(&released(), &terms());
    let other = |terms: Terms| Terms { license: "7".parse().unwrap(), ..terms };
    // One that waits, and one for which it is over.
    accepted(&released(), &other(renewal("1", "2028-07-01", "2029-06-30")));
    let covered = || {
        let Status { standing, .. } = status(&released());
        (standing.phase, standing.run, standing.release_covered)
    };
    assert_eq!(covered(), (Phase::Lapsed, true, Some(false)));
    let evaluation = Terms { kind: Kind::Evaluation, ..other(renewal("2", "2028-06-01", "2028-06-05")) };
    accepted(&released(), &evaluation);
    assert_eq!(covered(), (Phase::Lapsed, true, Some(false)));
    accepted(&released(), &renewal("2", "2028-01-01", "2028-12-31"));
    assert_eq!(covered(), (Phase::Maintenance, true, Some(true)));
}

fn with_bundle(folder: &TempDir, today: &str, number: u32, lines: &str) -> Installation {
    let installation = Installation::open(folder.path(), settings(today).roots(roots()));
    installation.load_trust(&bundle(number, "2026-12-01", lines), None).unwrap();
    installation
}

const ENDS: &str = "product 7 SRV seats software end-of-life=2027-06-30 name=Server\n\
                    product 8 NEXT seats software name=Next\n";

#[test]
fn what_had_not_begun_at_end_of_life_does_not_run_on() {
    let folder = folder();
    let installation = with_bundle(&folder, "2027-07-01", 1, ENDS);
    accepted(&installation, &renewal("1", "2027-08-01", "2028-07-31"));
    let found = status(&installation).standing;
    assert_eq!((found.phase, found.run), (Phase::EndOfLife, false));
}

#[test]
fn end_of_life_leaves_a_gap_before_the_successor() {
    let folder = folder();
    let installation = with_bundle(&folder, "2027-06-01", 1, ENDS);
    accepted(&installation, &terms());
    let upgrade = Terms { product: "8".parse().unwrap(), ..renewal("2", "2028-01-01", "2028-12-31") };
    accepted(&installation, &upgrade);
    let wanted = (Phase::Maintenance, Some(29), vec![Warning::EndsSoon, Warning::GapBeforeSuccessor]);
    assert_eq!(phase(&installation), wanted);
    // A successor that ended before it began covers nothing.
    accepted(&installation, &renewal("3", "2027-07-01", "2028-06-30"));
    assert_eq!(phase(&installation), wanted);
}

#[test]
fn a_code_that_is_set_aside_at_a_clock_reset_is_no_evidence_later() {
    let folder = folder();
    let settings = || settings("2026-12-10").roots(roots());
    let installation = Installation::open(folder.path(), settings());
    installation.load_trust(&bundle(1, "2026-12-01", ""), None).unwrap();
    accepted(&installation, &Terms { issued: day("2028-12-24"), ..terms() });
    installation.load_trust(&bundle(2, "2026-12-02", "revoked 1042 all\n"), None).unwrap();
    let request = installation.request(Wish::ClockReset).unwrap();
    installation.reset_clock(&reset_rows(&request, "2026-12-10")).unwrap();
    installation.load_trust(&bundle(3, "2026-12-03", "revoked 1 all\n"), None).unwrap();
    let found = status(&installation);
    assert_eq!((found.units, found.today.day), (250, day("2026-12-10")));
}

// What mutants asked for (docs/proof.md).

/// A storage that lists what is written, and fails where it is told to.
#[derive(Clone, Debug, Default)]
struct Watched(Arc<(InMemory, Mutex<Watch>)>);

#[derive(Debug, Default)]
struct Watch {
    written: Vec<String>,
    fails: Option<Failing>,
}

#[derive(Clone, Copy, Debug)]
enum Failing {
    /// Nothing is written where the name begins so.
    At(&'static str),
    /// It is written, and then the folder cannot be synced.
    After(&'static str),
}

impl Watched {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.0.1.lock().unwrap()
    }

    /// What was written since it was asked last.
    fn written(&self) -> Vec<String> {
        std::mem::take(&mut self.watch().written)
    }

    fn fails(&self, failing: Option<Failing>) {
        self.watch().fails = failing;
    }

    fn on(&self, today: &str) -> Installation {
        Installation::with_storage(self.clone(), settings(today))
    }
}

impl Storage for Watched {
    fn read(&self, name: &str, longest: usize) -> io::Result<Option<Vec<u8>>> {
        self.0.0.read(name, longest)
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let mut watch = self.watch();
        match watch.fails {
            Some(Failing::At(begin)) if name.starts_with(begin) => return Err(ErrorKind::StorageFull.into()),
            Some(Failing::After(begin)) if name.starts_with(begin) => {
                self.0.0.write(name, text)?;
                return Err(ErrorKind::Other.into());
            }
            _ => {}
        }
        watch.written.push(name.to_owned());
        self.0.0.write(name, text)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.0.remove(name)
    }

    fn codes(&self) -> io::Result<Vec<String>> {
        self.0.0.codes()
    }

    fn lock(&self) -> io::Result<Lock<'_>> {
        self.0.0.lock()
    }

    fn lock_to_look(&self) -> Option<Lock<'_>> {
        self.0.0.lock_to_look()
    }

    fn stamp(&self) -> Option<Vec<u8>> {
        self.0.0.stamp()
    }

    fn place(&self, name: &str) -> String {
        self.0.0.place(name)
    }
}

const CODE_NAME: &str = "codes/license-1042-revision-1-issued-2026-11-22.lic";

#[test]
fn a_first_code_is_written_after_a_memory_and_the_memory_names_it() {
    let storage = Watched::default();
    accepted(&storage.on("2027-06-01"), &terms());
    let memory = ["memory.txt", "memory.txt.copy"];
    assert_eq!(storage.written(), [&memory[..], &[CODE_NAME], &memory].concat());
    accepted(&storage.on("2027-06-01"), &Terms { license: "7".parse().unwrap(), ..terms() });
    let second = "codes/license-7-revision-1-issued-2026-11-22.lic";
    assert_eq!(storage.written(), [&[second][..], &memory].concat());
}

#[test]
fn a_code_that_cannot_be_remembered_is_not_kept_and_one_that_was_there_stays() {
    let storage = Watched::default();
    accepted(&storage.on("2027-06-01"), &terms());
    let other = Terms { license: "7".parse().unwrap(), ..terms() };
    storage.fails(Some(Failing::At("memory.txt")));
    for _ in 0..2 {
        storage.on("2027-06-01").enter(&code(&other)).unwrap_err();
        assert_eq!(storage.codes().unwrap(), [CODE_NAME]);
        storage.on("2027-06-02").enter(&code(&terms())).unwrap_err();
        assert_eq!(storage.codes().unwrap(), [CODE_NAME]);
    }
    // The memory is in its place and names the code: the two belong together.
    storage.fails(Some(Failing::After("memory.txt")));
    storage.on("2027-06-01").enter(&code(&other)).unwrap_err();
    storage.fails(None);
    assert_eq!(storage.codes().unwrap().len(), 2);
    let found = status(&storage.on("2027-06-01"));
    assert_eq!((found.units, found.damage.len()), (500, 0));
}

#[test]
fn a_code_whose_place_could_not_be_synced_is_taken_back_and_what_was_there_before_is_not() {
    let storage = Watched::default();
    let enter = || storage.on("2027-06-01").enter(&code(&terms()));
    status(&storage.on("2027-06-01"));
    storage.fails(Some(Failing::After("codes/")));
    enter().unwrap_err();
    assert_eq!(storage.codes().unwrap(), [""; 0]);
    storage.fails(None);
    assert!(enter().unwrap().is_accepted());
    // A damaged code is replaced in its place.
    storage.write(CODE_NAME, b"nothing").unwrap();
    storage.fails(Some(Failing::At("codes/")));
    enter().unwrap_err();
    assert_eq!(storage.codes().unwrap(), [CODE_NAME]);
    storage.fails(None);
    assert!(enter().unwrap().is_accepted());
    assert_eq!(storage.codes().unwrap(), [CODE_NAME]);
}

#[test]
fn a_code_is_forgotten_by_what_it_says_and_not_by_the_name_of_its_file() {
    let storage = Watched::default();
    let wanted = terms().license;
    let held = Terms { license: "7".parse().unwrap(), ..terms() };
    storage.write(CODE_NAME, code(&held).as_bytes()).unwrap();
    let installation =
        || Installation::with_storage(storage.clone(), settings("2027-06-01").product("7".parse().unwrap()));
    let fault = installation().forget(wanted, None).unwrap_err();
    assert!(matches!(fault, InstallationFault::NothingToForget { .. }));
    // What is set aside can be read too.
    let aside = Terms { product: "9".parse().unwrap(), ..held };
    storage.write(CODE_NAME, code(&aside).as_bytes()).unwrap();
    let fault = installation().forget(wanted, None).unwrap_err();
    assert!(matches!(fault, InstallationFault::NothingToForget { .. }));
    assert_eq!(storage.codes().unwrap(), [CODE_NAME]);
    // What cannot is known by its name.
    storage.write(CODE_NAME, b"nothing").unwrap();
    assert_eq!(installation().forget(wanted, None).unwrap().len(), 1);
    assert_eq!(storage.codes().unwrap(), [""; 0]);
}

#[test]
fn a_host_that_leaves_its_site_has_its_own_number_again() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    let own = installation.request(Wish::Code { license: None }).unwrap().host;
    let of_site = installation.set_site(SiteName::new("plant-2")).unwrap();
    assert_ne!(of_site, own);
    assert_eq!(installation.set_site(None).unwrap(), own);
    assert_eq!(installation.set_site(None).unwrap(), own);
    assert_eq!(status(&on(&folder, "2027-06-01")).host, Some(own));
}

#[test]
fn whether_a_bound_code_fits_is_said_to_be_unknown_where_the_host_is() {
    let folder = folder();
    let bound = |host| code(&Terms { host: Some(host), ..terms() });
    let warned = |text: &str| {
        let inspection = on(&folder, "2027-06-01").inspect(text).unwrap();
        inspection.standing.unwrap().warnings.contains(&Warning::HostNotChecked)
    };
    assert!(warned(&bound(HostId(7))) && !warned(&code(&terms())));
    let host = on(&folder, "2027-06-01").request(Wish::Code { license: None }).unwrap().host;
    assert!(!warned(&bound(host)));
}

#[test]
fn as_many_units_as_are_licensed_may_be_in_use_and_assigned() {
    let folder = folder();
    let installation = on(&folder, "2027-06-01");
    accepted(&installation, &terms());
    let site = Site::new("plant-2").unwrap();
    let found = |units: u32| {
        installation.change_sites(|sites| sites.assign(site.clone(), NonZeroU32::new(units).unwrap())).unwrap();
        installation.change_sites(|sites| sites.set_in_use(&site, units)).unwrap();
        assert_eq!(installation.sites().assigned(), units);
        status(&installation).standing.warnings
    };
    assert_eq!(found(250), []);
    assert_eq!(found(251), [Warning::OverUse, Warning::OverAssigned]);
}

#[test]
fn sites_of_a_newer_release_are_left_alone_and_other_damage_does_not_stop_a_change() {
    let storage = Watched::default();
    accepted(&storage.on("2027-06-01"), &terms());
    let site = Site::new("plant-2").unwrap();
    let assign = |units: u32| {
        storage.on("2027-06-01").change_sites(|sites| sites.assign(site.clone(), NonZeroU32::new(units).unwrap()))
    };
    assert_eq!(assign(1).unwrap().assigned(), 1);
    // A memory of a newer release, a code that is gone, and a first text that is damaged.
    let newer = |name: &str| activation_host::checked_text::seal(&format!("countersign {name} 9\nanything\n"));
    for name in ["memory.txt", "memory.txt.copy"] {
        storage.write(name, newer("memory").as_bytes()).unwrap();
    }
    storage.write("sites.txt", b"nothing").unwrap();
    assert_eq!(assign(2).unwrap().assigned(), 2);
    for name in ["sites.txt", "sites.txt.copy"] {
        storage.write(name, newer("sites").as_bytes()).unwrap();
    }
    let fault = assign(3).unwrap_err();
    assert!(matches!(&fault, InstallationFault::Kept(damage) if damage.place == storage.place("sites.txt")));
    assert_eq!(storage.read("sites.txt", 1000).unwrap(), Some(newer("sites").into_bytes()));
}

#[test]
fn what_is_damaged_is_mended_from_its_second_text_each_time_and_never_made_worse() {
    let storage = Watched::default();
    accepted(&storage.on("2027-06-01"), &terms());
    let site = Site::new("plant-2").unwrap();
    storage.on("2027-06-01").change_sites(|sites| sites.assign(site.clone(), NonZeroU32::MIN)).unwrap();
    let text = |name: &str| storage.read(name, 1 << 16).unwrap().unwrap();
    for name in ["sites.txt", "memory.txt"] {
        // The second time there is nothing new to be remembered.
        for _ in 0..2 {
            let kept = text(&format!("{name}.copy"));
            storage.write(name, b"nothing").unwrap();
            assert!(status(&storage.on("2027-06-01")).damage.iter().all(|damage| damage.recovered));
            assert_ne!(text(name), b"nothing", "{name}");
            if name == "sites.txt" {
                assert_eq!(text(name), kept);
            }
            assert!(status(&storage.on("2027-06-01")).damage.is_empty());
        }
    }
    storage.write("sites.txt", b"nothing").unwrap();
    storage.write("sites.txt.copy", b"nothing else").unwrap();
    status(&storage.on("2027-06-01"));
    assert_eq!(text("sites.txt"), b"nothing");
}

#[test]
fn damage_that_stays_is_written_down_once() {
    let storage = Watched::default();
    accepted(&storage.on("2027-06-01"), &terms());
    // One wrong character in a code is repaired each time that it is read.
    let kept = String::from_utf8(storage.read(CODE_NAME, 4000).unwrap().unwrap()).unwrap();
    storage.write(CODE_NAME, kept.replacen("Row 3) ", "Row 3) Q", 1).as_bytes()).unwrap();
    assert_eq!(status(&storage.on("2027-06-01")).damage.len(), 1);
    storage.written();
    assert_eq!(status(&storage.on("2027-06-01")).damage.len(), 1);
    assert_eq!(storage.written(), [""; 0]);
}

#[test]
fn the_bundle_of_a_release_is_written_once() {
    let storage = Watched::default();
    let released = || {
        let settings = settings("2027-06-01").roots(roots()).bundle(bundle(3, "2027-05-01", ""));
        Installation::with_storage(storage.clone(), settings)
    };
    accepted(&released(), &terms());
    assert_eq!(status(&released()).bundle.unwrap().number, 3);
    assert!(storage.written().contains(&"trust.bundle".to_owned()));
    assert_eq!(status(&released()).bundle.unwrap().number, 3);
    assert_eq!(storage.written(), [""; 0]);
}

#[test]
fn the_codes_say_which_host_this_is_only_where_nothing_else_does() {
    let lose_memory = |storage: &Watched| {
        for name in ["memory.txt", "memory.txt.copy"] {
            storage.remove(name).unwrap();
        }
    };
    let bound = |license: &str, host| Terms { license: license.parse().unwrap(), host: Some(host), ..terms() };
    let storage = Watched::default();
    let host = storage.on("2027-06-01").request(Wish::Code { license: None }).unwrap().host;
    for license in ["7", "8"] {
        accepted(&storage.on("2027-06-01"), &bound(license, host));
    }
    lose_memory(&storage);
    let found = status(&storage.on("2027-06-01"));
    assert_eq!((found.host, found.units), (Some(host), 500));
    // Codes for two hosts say nothing.
    let storage = Watched::default();
    for (license, host) in [("7", host), ("8", HostId(host.0 ^ 1))] {
        storage.write(&format!("codes/{license}.lic"), code(&bound(license, host)).as_bytes()).unwrap();
    }
    assert_eq!(status(&storage.on("2027-06-01")).host, None);
    // A machine with an identity of its own knows better.
    let etc = folder();
    fs::create_dir(etc.path().join("etc")).unwrap();
    fs::write(etc.path().join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n").unwrap();
    storage.remove("codes/8.lic").unwrap();
    let machine = settings("2027-06-01").host(HostSource::Machine(MachineFacts::under(etc.path())));
    let found = status(&Installation::with_storage(storage.clone(), machine));
    assert!(found.host.is_some_and(|found| found != host) && found.units == 0);
}

#[test]
fn the_next_step_is_of_the_phase_and_of_what_is_set_aside() {
    use activation_host::sentences::status::next_step;
    let storage = Watched::default();
    let step = |today: &str| {
        next_step(&status(&Installation::with_storage(storage.clone(), settings(today).product("7".parse().unwrap()))))
    };
    let wanted = |wanted: &str, today: &str| {
        let found = step(today).unwrap();
        assert!(found.contains(wanted), "{found}");
    };
    wanted("enter the code of your certificate", "2027-06-01");
    // From now on this host has a number.
    storage.on("2027-06-01").request(Wish::Code { license: None }).unwrap();
    storage.write(CODE_NAME, code(&Terms { host: Some(HostId(7)), ..terms() }).as_bytes()).unwrap();
    wanted("enter it on the host that it was requested for", "2027-06-01");
    let other = Terms { product: "9".parse().unwrap(), ..terms() };
    storage.write(CODE_NAME, code(&other).as_bytes()).unwrap();
    wanted("use the code for this product", "2027-06-01");
    storage.write(CODE_NAME, code(&terms()).as_bytes()).unwrap();
    assert_eq!(step("2027-06-01"), None);
    wanted("renew with your license desk, and enter the new code", "2027-12-15");
    wanted("renew with your license desk, and enter the new code", "2028-01-15");
}

#[test]
fn settings_say_whom_to_ask_and_whether_mistakes_are_repaired() {
    let folder = folder();
    let settings = || settings("2027-06-01").contact("desk@acme.example").contact("Mo-Fr 9-17");
    let open = |settings| Installation::open(folder.path(), settings);
    assert_eq!(status(&open(settings())).contact, ["desk@acme.example", "Mo-Fr 9-17"]);
    let mistyped = code(&terms()).replacen('-', "-Q", 1);
    assert!(open(settings()).inspect(&mistyped).unwrap().license.is_some());
    let strict = open(settings().without_repairs()).inspect(&mistyped).unwrap();
    assert!(strict.license.is_none() && matches!(strict.obstacle, Some(Obstacle::Read(_))));
}
