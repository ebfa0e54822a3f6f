//! Issuing keys are prepared, switched to, retired and stolen; what installations make of it is asked of the program
//! that stands there.

use crate::common::*;
use activation_code::{
    ActivationCode, Day, IssuerNumber, LicenseNumber, PinnedIssuer, Roots, SIGNATURE_BYTES, Terms, signed_message,
};
use activation_host::program::clock;
use countersign::desk::{self, Asked, Change, DeskFault, Done, Learning, Length, Refused};
use countersign::key_store;
use countersign::ledger::{Action, IssuerState, Partner, PublishedBundle};
use countersign::signer::{Signer, SignerFault, SoftwareKey, key_file};
use countersign::trust::BundleFile;
use rand::rngs::SysRng;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn number(number: u16) -> IssuerNumber {
    IssuerNumber::new(number).unwrap()
}

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

/// The second key of a desk: it opens in milliseconds.
pub fn second_key() -> SoftwareKey {
    SoftwareKey::from_seed(&[22; 32]).unwrap()
}

fn put_key_file(desk: &Desk, number: u16, key: &SoftwareKey) -> PathBuf {
    let path = desk.folder().join(format!("issuer-{number}.key"));
    let sealed = key_file::seal(key, PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng).unwrap();
    key_store::create(&path, sealed.as_bytes()).unwrap();
    path
}

/// What `key new` does, with a key that is quick to open.
pub fn prepare(desk: &Desk, issuer: u16, key: &SoftwareKey) {
    put_key_file(desk, issuer, key);
    let issuer = PinnedIssuer { number: number(issuer), key: key.public_key() };
    desk::prepare_issuer(&mut desk.ledger(), &session(clock()), issuer).unwrap();
}

/// Drafts the next bundle, has it signed and publishes it; gives the file.
fn publish(desk: &Desk) -> PathBuf {
    let mut ledger = desk.ledger();
    let mut bundle = desk::draft_bundle(&mut ledger, clock(), Some(&roots())).unwrap();
    bundle.sign(&test_root()).unwrap();
    let published = desk::publish_bundle(&mut ledger, &session(clock()), &bundle).unwrap();
    let path = desk.room().join(format!("bundle-{}.txt", published.number));
    fs::write(&path, bundle.to_string()).unwrap();
    path
}

/// What a host that has this bundle says of a code: the outcome, or the reason.
fn host_says(desk: &Desk, bundle: &Path, code: &str) -> String {
    let path = desk.room().join("code.txt");
    fs::write(&path, code).unwrap();
    let activation = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("activation");
    assert!(activation.exists(), "`cargo build --workspace` makes the program `activation`");
    let mut command = program(activation);
    command.args(["inspect", "--json", "--root", &test_root().public_key().to_string(), "--trust"]);
    let ran = run(command.arg(bundle).arg(&path));
    let answer: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    answer["reason"].as_str().or(answer["outcome"].as_str()).unwrap().to_owned()
}

/// A code as whoever has the key can make it.
fn forged(key: &SoftwareKey, of: &Terms, issued: Day) -> String {
    let terms = Terms { issued, ..of.clone() };
    let payload = terms.to_payload().unwrap();
    let signature = key.sign(&signed_message(&payload)).unwrap();
    ActivationCode::from_parts(&payload, &signature).unwrap().transport()
}

fn sell(desk: &Desk, reference: &str) -> Value {
    desk.run(&desk.order(reference, &today())).json()
}

fn transport(answer: &Value) -> &str {
    answer["code"]["transport"].as_str().unwrap()
}

fn states(desk: &Desk) -> Vec<(u16, IssuerState)> {
    let rules = desk::issuer_rules(&mut desk.ledger()).unwrap();
    rules.iter().map(|(issuer, rule)| (issuer.number.get(), rule.state)).collect()
}

use IssuerState::{InUse, Prepared, Retired, Stolen};

#[test]
fn a_new_key_is_prepared_and_signs_nothing() {
    let desk = Desk::new();
    let by_hand = Partner {
        issuer: number(3),
        name: "North Systems".parse().unwrap(),
        key: SoftwareKey::from_seed(&[3; 32]).unwrap().public_key(),
        ledger_key: SoftwareKey::from_seed(&[4; 32]).unwrap().public_key(),
        desk: "0123456789abcdef".to_owned(),
        state: InUse,
        limits: Default::default(),
        allotment: None,
        created: clock(),
    };
    let by = countersign::ledger::By { operator: session(clock()).operator.name, day: clock() };
    let put = |book: &countersign::ledger::Book<'_>| {
        book.put_partner(&by_hand)?;
        book.record(&by, Action::PartnerAdded, None, "{}".to_owned()).map(drop)
    };
    desk.ledger().write(put).unwrap();
    let limits = "units=500 from=2020-01-01 to=2099-12-31".parse().unwrap();
    desk::limit_issuer(&mut desk.ledger(), &session(clock()), number(1), &limits).unwrap();
    let made = desk.run(&["--json", "key", "new"]).json();
    assert_eq!(
        (&made["number"], &made["state"], &made["limits"]),
        (&json!(2), &json!("prepared"), &json!("units=500"))
    );
    desk.run(&["key", "new"]).assert_refused(&Refused::PreparedAlready(number(2)));
    // Number 3 is a partner's.
    assert_eq!(desk.run(&["--json", "key", "new", "--spare"]).json()["number"], 4);
    assert_eq!(states(&desk), [(1, InUse), (2, Prepared), (4, Prepared)]);
    assert_eq!(sell(&desk, "PO-1")["issuer"]["number"], 1);
    let draft = desk::draft_bundle(&mut desk.ledger(), clock(), Some(&roots())).unwrap();
    let numbers: Vec<_> = draft.bundle().unwrap().issuers.iter().map(|issuer| issuer.number.get()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    desk.assert_ledger_is_sound();
}

fn roots() -> Roots {
    Roots::new(1, [test_root().public_key()]).unwrap()
}

#[test]
fn a_key_file_that_the_ledger_does_not_know_is_taken_over_or_left_alone() {
    let desk = Desk::new();
    // A copy of a key that issues is no new key.
    let path = desk.folder().join("issuer-2.key");
    fs::copy(desk.key_path(), &path).unwrap();
    let ran = desk.run(&["key", "new"]);
    ran.assert_complains(1);
    assert!(ran.err.contains("this is the key of issuer 1, and no new one"), "{ran:?}");
    fs::remove_file(&path).unwrap();
    // What a command that was stopped left behind, half and whole.
    let half = desk.folder().join(".issuer-2.key.new-77");
    write_secret(&half, "-----BEGIN ENCR");
    put_key_file(&desk, 2, &second_key());
    let other = desk.room().join("other");
    write_secret(&other, "another passphrase");
    let mut wrong = program(env!("CARGO_BIN_EXE_countersign"));
    let wrong = run(wrong.arg("--desk").arg(desk.folder()).arg("--passphrase-file").arg(&other).args(["key", "new"]));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("the ledger does not know this file"), "{wrong:?}");
    assert_eq!(states(&desk), [(1, InUse)]);
    let taken = desk.run(&["--json", "key", "new"]);
    assert!(taken.err.contains("the ledger does not know this key; it is taken over"), "{taken:?}");
    assert_eq!(taken.json()["key"], second_key().public_key().to_string());
    // The next key cleans up after itself only.
    assert!(half.exists());
    desk.assert_ledger_is_sound();
}

#[test]
fn a_planned_rotation_keeps_every_code_good_and_ends_the_old_key() {
    let desk = Desk::new();
    let before = sell(&desk, "PO-1");
    publish(&desk);
    let nothing = desk.run(&["key", "rotate"]);
    nothing.assert_complains(1);
    assert!(nothing.err.contains("no issuing key is prepared"), "{nothing:?}");
    prepare(&desk, 2, &second_key());
    for command in [&["key", "rotate"][..], &["key", "rotate", "--without-bundle"]] {
        let early = desk.run(command);
        early.assert_complains(1);
        assert!(early.err.contains("bundle 1, the newest, does not have it"), "{early:?}");
    }
    let with_both = publish(&desk);
    let rotated = desk.run(&["--json", "key", "rotate"]).json();
    assert_eq!((&rotated["issuer"]["number"], &rotated["bundle"]), (&json!(2), &json!(2)));
    assert_eq!(rotated["retired"]["limits"], format!("to={}", today()));
    assert_eq!(rotated["retired"]["codes"], 1);
    assert_eq!(states(&desk), [(1, Retired), (2, InUse)]);
    let after = desk.run(&["--json", "renew", "1", "--term", "1y"]).json();
    assert_eq!(after["issuer"]["number"], 2);
    let history = desk.run(&["--json", "history", "1"]).json();
    assert_eq!(history[0]["codes"][0]["issuer"], 1);
    assert_eq!(history[1]["codes"][0]["issuer"], 2);
    assert!(desk.run(&["history", "1"]).out.contains(", signed by key 2\n"));
    let ended = publish(&desk);
    let LedgerTerms { old, .. } = LedgerTerms::of(&desk, 1);
    for bundle in [&with_both, &ended] {
        assert_eq!(host_says(&desk, bundle, transport(&before)), "accepted");
        assert_eq!(host_says(&desk, bundle, transport(&after)), "accepted");
    }
    // Whoever has the old key can still date codes back, and no more.
    let tomorrow = clock().plus(1).unwrap();
    assert_eq!(host_says(&desk, &with_both, &forged(&test_key(), &old, tomorrow)), "accepted");
    assert_eq!(host_says(&desk, &ended, &forged(&test_key(), &old, tomorrow)), "limit-exceeded");
    // Nobody needs the old key any more.
    fs::remove_file(desk.key_path()).unwrap();
    assert_eq!(sell(&desk, "PO-2")["issuer"]["number"], 2);
    desk.run(&["backup", desk.room().join("backup").to_str().unwrap()]).assert_done();
    desk.assert_ledger_is_sound();
}

/// What the first code of a license says.
struct LedgerTerms {
    old: Terms,
    codes: Vec<(u16, u16, Terms)>,
}

impl LedgerTerms {
    fn of(desk: &Desk, number: u32) -> Self {
        let codes = desk::codes_of(&mut desk.ledger(), license(number)).unwrap();
        let codes: Vec<_> = codes.iter().map(|code| code.license.terms().clone()).collect();
        let numbered = codes.iter().map(|terms| (terms.revision.get(), terms.issuer.get(), terms.clone()));
        Self { old: codes[0].clone(), codes: numbered.collect() }
    }

    fn numbers(&self) -> Vec<(u16, u16)> {
        self.codes.iter().map(|(revision, issuer, _)| (*revision, *issuer)).collect()
    }
}

#[test]
fn a_desk_without_bundles_says_so_and_a_last_day_is_never_moved_back() {
    let desk = Desk::new();
    prepare(&desk, 2, &second_key());
    let refused = desk.run(&["key", "rotate"]);
    refused.assert_complains(1);
    assert!(refused.err.contains("no bundle was published"), "{refused:?}");
    let limits = "to=2020-06-30".parse().unwrap();
    desk::limit_issuer(&mut desk.ledger(), &session(clock()), number(1), &limits).unwrap();
    let not_prepared = desk.run(&["key", "rotate", "1", "--without-bundle"]);
    not_prepared.assert_complains(1);
    // The new key has to open, or the desk would be left without one.
    fs::rename(desk.folder().join("issuer-2.key"), desk.room().join("elsewhere")).unwrap();
    desk.run(&["key", "rotate", "--without-bundle"]).assert_could_not();
    assert_eq!(states(&desk), [(1, InUse), (2, Prepared)]);
    fs::rename(desk.room().join("elsewhere"), desk.folder().join("issuer-2.key")).unwrap();
    let rotated = desk.run(&["--json", "key", "rotate", "2", "--without-bundle"]).json();
    assert_eq!(rotated["retired"]["limits"], "to=2020-06-30");
    assert_eq!(sell(&desk, "PO-1")["issuer"]["number"], 2);
}

#[test]
fn codes_that_were_dated_ahead_stay_good_after_a_rotation() {
    let desk = Desk::new();
    let ahead = clock().plus(20).unwrap();
    let issued = issue(&mut desk.ledger(), &test_key(), &order(ahead, None), ahead).unwrap();
    prepare(&desk, 2, &second_key());
    publish(&desk);
    let mut ledger = desk.ledger();
    let rotation = desk::preview_rotation(&mut ledger, &session(clock()), None, Learning::Bundle, &|_, _| {}).unwrap();
    assert_eq!(rotation.ends.limits.to, Some(ahead));
    desk::rotate(&mut ledger, &session(clock()), &rotation).unwrap();
    let twice = desk::rotate(&mut ledger, &session(clock()), &rotation);
    assert!(matches!(twice, Err(DeskFault::Refused(Refused::KeyChangedMeanwhile))));
    let bundle = publish(&desk);
    assert_eq!(host_says(&desk, &bundle, &issued.license.code().transport()), "accepted");
}

#[test]
fn a_stolen_key_is_void_but_for_the_codes_that_the_bundle_lists() {
    let desk = Desk::new();
    let sold = sell(&desk, "PO-1");
    publish(&desk);
    // Neither the old key's file nor its passphrase is needed.
    fs::remove_file(desk.key_path()).unwrap();
    let nothing_said = desk.run(&["key", "lost", "--yes"]);
    nothing_said.assert_could_not();
    assert_eq!(states(&desk), [(1, InUse)]);
    let lost = desk.run(&["--json", "key", "lost", "--list"]).json();
    assert_eq!((&lost["codes"], &lost["licenses"], &lost["listed"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&lost["state"], &lost["signs"]["number"]), (&json!("stolen"), &json!(2)));
    assert_eq!(states(&desk), [(1, Stolen), (2, InUse)]);
    let reprinted = desk.run(&["reprint", "1"]);
    assert!(reprinted.assert_done().err.contains("the next bundle lists it, and it stays good"), "{reprinted:?}");
    let bundle = publish(&desk);
    let LedgerTerms { old, .. } = LedgerTerms::of(&desk, 1);
    assert_eq!(host_says(&desk, &bundle, transport(&sold)), "accepted");
    let back = old.issued.plus(-1).unwrap();
    assert_eq!(host_says(&desk, &bundle, &forged(&test_key(), &old, back)), "issuer-void");
    let next = sell(&desk, "PO-2");
    assert_eq!(next["issuer"]["number"], 2);
    assert_eq!(host_says(&desk, &bundle, transport(&next)), "accepted");
    let text = fs::metadata(&bundle).unwrap().len();
    let size = desk.run(&["--json", "key", "lost", "1", "--list"]).json()["bundle_bytes"].as_u64().unwrap();
    assert_eq!(size, text, "what it said of the size is what it is");
    let reprinted = desk.run(&["reprint", "1"]);
    assert!(reprinted.err.contains("bundle 2 lists it, and it stays good"), "{reprinted:?}");
    desk.assert_ledger_is_sound();
}

#[test]
fn codes_of_a_stolen_key_are_reissued_with_the_same_terms() {
    let desk = Desk::new();
    // Two codes that count; one that is revoked below; one that is revoked; one whose maintenance has ended.
    let first = sell(&desk, "PO-1");
    desk.run(&["renew", "1", "--term", "1y"]).assert_done();
    sell(&desk, "PO-2");
    desk.run(&["add-units", "2", "--more", "5", "--order", "PO-2b"]).assert_done();
    desk.run(&["revoke", "2", "--below", "2"]).assert_done();
    sell(&desk, "PO-3");
    desk.run(&["revoke", "3"]).assert_done();
    let past = clock().plus(-700).unwrap();
    issue(&mut desk.ledger(), &test_key(), &order(past, Some("PO-4")), clock()).unwrap();
    publish(&desk);
    prepare(&desk, 2, &second_key());
    let before: Vec<_> = (1..=4).map(|number| LedgerTerms::of(&desk, number)).collect();
    let jsonl = desk.room().join("codes.jsonl");
    let lost = desk.run(&["key", "lost", "1", "--reissue", "--output", jsonl.to_str().unwrap()]);
    assert!(lost.assert_done().out.contains("re-issued    4 codes of 3 licenses"), "{lost:?}");
    assert!(lost.out.contains("a host loads the bundle, then enters its code"), "{lost:?}");
    assert!(desk.folder().join("issuer-1.key.stolen").exists() && !desk.key_path().exists());
    let again = Change::Reissue { license: license(1), lost: number(1) }.into();
    let again = desk::perform(&mut desk.ledger(), &session(clock()), &second_key(), &again).unwrap_err();
    let nothing = Refused::NotOfKey { license: license(1), issuer: number(1) };
    assert!(matches!(again, DeskFault::Refused(refused) if refused == nothing));
    let after: Vec<_> = (1..=4).map(|number| LedgerTerms::of(&desk, number)).collect();
    let numbers: Vec<_> = after.iter().map(LedgerTerms::numbers).collect();
    assert_eq!(
        numbers,
        [vec![(1, 1), (2, 1), (3, 2), (4, 2)], vec![(1, 1), (2, 1), (3, 2)], vec![(1, 1)], vec![(1, 1), (2, 2)]]
    );
    for (place, old, new) in [(0, 0, 2), (0, 1, 3), (1, 1, 2), (3, 0, 1)] {
        let (old, new) = (&before[place].codes[old].2, &after[place].codes[new].2);
        let same = Terms { revision: new.revision, issuer: new.issuer, issued: new.issued, ..old.clone() };
        assert_eq!(same, *new);
    }
    let bundle = publish(&desk);
    let lines: Vec<Value> =
        fs::read_to_string(&jsonl).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert_eq!(line["state"], "issued");
        assert_eq!(host_says(&desk, &bundle, line["code"].as_str().unwrap()), "accepted", "{line}");
    }
    assert_eq!(host_says(&desk, &bundle, transport(&first)), "issuer-void");
    let forged = forged(&test_key(), &before[0].old, clock().plus(-3).unwrap());
    assert_eq!(host_says(&desk, &bundle, &forged), "issuer-void");
    // Nothing of it needs to be listed any more but what was replaced in time only.
    let text = fs::read_to_string(&bundle).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("listed ")).count(), 0, "{text}");

    // The same again is the same.
    let again = desk.run(&["--json", "key", "lost", "1", "--reissue", "--results", "jsonl"]);
    assert_eq!(again.assert_done().out, fs::read_to_string(&jsonl).unwrap());
    let history = desk.run(&["history", "1"]).out;
    assert!(history.contains("reissued, because key 1 was stolen: revision 3, "), "{history}");
    // An order stays what it was, and whoever asks for it is told.
    let order = desk.run(&desk.order("PO-1", &today()));
    assert_eq!(transport(&order.json()), transport(&first));
    assert!(order.err.contains("which was stolen: hosts that have bundle 2 refuse it"), "{order:?}");
    assert!(desk.run(&["reprint", "1"]).err.is_empty());
    let old = desk.run(&["reprint", "1", "--revision", "1"]);
    assert!(old.err.contains("warning: license 1, revision 1 is signed by key 1"), "{old:?}");
    assert!(desk.run(&["show", "3"]).out.contains("REVOKED"));
    desk.assert_ledger_is_sound();
}

#[test]
fn what_cannot_be_reissued_stays_listed_and_is_told() {
    let desk = Desk::new();
    // It ended longer ago than a code that is issued today can say.
    let long_ago = clock().plus(-2500).unwrap();
    issue(&mut desk.ledger(), &test_key(), &order(long_ago, Some("PO-1")), long_ago).unwrap();
    let old = LedgerTerms::of(&desk, 1);
    publish(&desk);
    prepare(&desk, 2, &second_key());
    let lost = desk.run(&["key", "lost", "1", "--reissue"]);
    assert!(lost.assert_done().out.contains(",skipped,"), "{lost:?}");
    assert!(lost.out.contains("license 1: a period after "), "{lost:?}");
    assert!(lost.err.contains("1 license could not be re-issued"), "{lost:?}");
    let bundle = publish(&desk);
    assert_eq!(host_says(&desk, &bundle, &forged(&test_key(), &old.old, old.old.issued)), "accepted");
}

#[test]
fn a_stolen_key_is_never_used_again() {
    let desk = Desk::new();
    prepare(&desk, 2, &second_key());
    sell(&desk, "PO-1");
    desk.run(&["key", "lost", "1", "--list"]).assert_done();
    // Nobody says the same of the next key by running a command again.
    desk.run(&["key", "lost", "--list"]).assert_refused(&Refused::WhichKey);
    assert_eq!(states(&desk), [(1, Stolen), (2, InUse)]);
    desk.run(&["key", "lost", "7", "--list"]).assert_complains(1);
    let mut ledger = desk.ledger();
    let stolen = PinnedIssuer { number: number(5), key: test_key().public_key() };
    let refused = desk::prepare_issuer(&mut ledger, &session(clock()), stolen);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::IssuerKeyUsed { number })) if number.get() == 1));
    let same_number = PinnedIssuer { number: number(1), key: SoftwareKey::from_seed(&[9; 32]).unwrap().public_key() };
    let refused = desk::prepare_issuer(&mut ledger, &session(clock()), same_number);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::IssuerNumberUsed(number))) if number.get() == 1));
    // Its file put back changes nothing.
    put_key_file(&desk, 1, &test_key());
    assert_eq!(sell(&desk, "PO-2")["issuer"]["number"], 2);
    desk.run(&["key", "rotate", "1", "--without-bundle"]).assert_complains(1);
    // The same of a key that was only prepared, and of one that was retired.
    prepare(&desk, 3, &SoftwareKey::from_seed(&[33; 32]).unwrap());
    prepare(&desk, 4, &SoftwareKey::from_seed(&[44; 32]).unwrap());
    desk.run(&["key", "lost", "3"]).assert_done();
    desk.run(&["key", "rotate", "4", "--without-bundle"]).assert_done();
    let output = desk.room().join("codes.csv");
    let lost = desk.run(&["--json", "key", "lost", "2", "--reissue", "--output", output.to_str().unwrap()]).json();
    assert_eq!((&lost["reissued"], &lost["signs"]["number"]), (&json!(1), &json!(4)));
    assert_eq!(states(&desk), [(1, Stolen), (2, Stolen), (3, Stolen), (4, InUse)]);
    publish(&desk);
    let root = PinnedIssuer { number: number(5), key: test_root().public_key() };
    let refused = desk::prepare_issuer(&mut desk.ledger(), &session(clock()), root);
    assert!(matches!(refused, Err(DeskFault::Refused(Refused::SignsOtherThings))), "{refused:?}");
    desk.assert_ledger_is_sound();
}

/// Signs, after somebody at another desk said that its key was stolen.
struct Overtaken<'d>(&'d Desk);

impl Signer for Overtaken<'_> {
    fn public_key(&self) -> activation_code::PublicKey {
        test_key().public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        self.0.run(&["key", "lost", "1", "--list"]).assert_done();
        test_key().sign(message)
    }
}

#[test]
fn a_code_that_a_key_signed_while_it_was_given_up_is_not_given_out() {
    let desk = Desk::new();
    prepare(&desk, 2, &second_key());
    let signed = issue(&mut desk.ledger(), &Overtaken(&desk), &order(clock(), Some("PO-1")), clock());
    assert!(matches!(signed, Err(DeskFault::Refused(Refused::KeyChangedMeanwhile))), "{signed:?}");
    assert_eq!(sell(&desk, "PO-1")["issuer"]["number"], 2);
    desk.assert_ledger_is_sound();
}

#[test]
fn a_list_that_no_bundle_can_carry_is_refused() {
    let desk = Desk::new();
    sell(&desk, "PO-1");
    let path = publish(&desk);
    let mut bundle = BundleFile::parse(&fs::read_to_string(path).unwrap()).unwrap().bundle().unwrap();
    bundle.number = 2;
    bundle.revoked = (2..=415_000).map(|number| (license(number), None)).collect();
    let text = bundle.to_string();
    let room = activation_code::MAX_BUNDLE - text.len();
    let one = "revoked 1000000 all\n".len();
    bundle.revoked.extend((1_000_000..).take(room / one).map(|number| (license(number), None)));
    let text = BundleFile::draft(String::new(), &bundle).to_string();
    assert!(
        text.len() <= activation_code::MAX_BUNDLE && text.len() + 42 > activation_code::MAX_BUNDLE,
        "{}",
        text.len()
    );
    let by = countersign::ledger::By { operator: session(clock()).operator.name, day: clock() };
    let put = |book: &countersign::ledger::Book<'_>| {
        book.insert_bundle(&PublishedBundle { number: 2, issued: clock(), text })?;
        book.record(&by, Action::BundlePublished, None, "{}".to_owned()).map(drop)
    };
    desk.ledger().write(put).unwrap();
    let refused = desk.run(&["key", "lost", "--list"]);
    let loss = desk::preview_loss(&mut desk.ledger(), &session(clock()), number(1), &|_, _| {}).unwrap();
    assert!(loss.bundle_bytes > activation_code::MAX_BUNDLE as u64);
    refused.assert_refused(&Refused::ListTooLong { codes: 1, bytes: loss.bundle_bytes });
    assert_eq!(states(&desk), [(1, InUse)]);
    desk.run(&["key", "lost", "--reissue"]).assert_done();
    assert_eq!(states(&desk), [(1, Stolen), (2, InUse)]);
}

#[test]
fn a_ledger_of_before_the_loss_does_not_bring_the_stolen_key_back() {
    let desk = Desk::new();
    sell(&desk, "PO-1");
    publish(&desk);
    let backup = desk.room().join("backup.ledger");
    let backup = backup.to_str().unwrap();
    desk.run(&["backup", backup]).assert_done();
    prepare(&desk, 2, &second_key());
    desk.run(&["key", "lost", "1", "--list"]).assert_done();
    let newest = publish(&desk);
    sell(&desk, "PO-2");
    // The key that it believes in is not there, and the hint says why.
    let refused = desk.run(&["--yes", "restore", backup]);
    refused.assert_could_not();
    assert!(refused.err.contains("its key was stolen, and this ledger is older than that"), "{refused:?}");
    desk.run(&["--yes", "restore", backup, "--other-desk"]).assert_done();
    assert_eq!(states(&desk), [(1, InUse)]);
    let issue = desk.run(&desk.order("PO-3", &today()));
    issue.assert_could_not();
    assert!(issue.err.contains("say `countersign key lost 1` again"), "{issue:?}");
    // The newest bundle knows better, and the file of the key that took its place is there.
    desk.run(&["bundle", "publish", newest.to_str().unwrap()]).assert_done();
    assert_eq!(states(&desk), [(1, Stolen)]);
    desk.run(&["--json", "key", "new"]).assert_done();
    assert_eq!(states(&desk), [(1, Stolen), (2, Prepared)]);
    desk.run(&["key", "lost", "1", "--list"]).assert_done();
    assert_eq!(states(&desk), [(1, Stolen), (2, InUse)]);
    let sold = sell(&desk, "PO-3");
    assert_eq!(host_says(&desk, &newest, transport(&sold)), "accepted");
    desk.assert_ledger_is_sound();
}

/// Licenses of which every third has a renewal that waits, and the last one is revoked.
fn sell_many(desk: &Desk, many: u32) {
    let mut ledger = desk.ledger();
    let threads = std::thread::available_parallelism().unwrap();
    let mut carry_out = |orders: Vec<Asked>| {
        let orders = orders.into_iter().map(Ok::<_, DeskFault>);
        let done = |done| {
            assert!(matches!(done, Done::Issued(_)), "{done:?}");
            Ok(())
        };
        desk::carry_out_orders(&mut ledger, &session(clock()), &test_key(), threads, orders, done).unwrap();
    };
    carry_out((0..many).map(|_| order(clock(), None)).collect());
    let year = Length::Term("1y".parse().unwrap());
    let renew = |number| Change::Renew { license: license(number), length: year, units: None }.into();
    carry_out((1..=many).step_by(3).map(renew).collect());
    revoke(&mut ledger, &session(clock()), license(many), None).unwrap();
    prepare(desk, 2, &second_key());
}

/// Each license was re-issued once, and what counts has the terms that were sold.
fn assert_all_are_reissued_once(desk: &Desk, many: u32) {
    assert_eq!(states(desk), [(1, Stolen), (2, InUse)]);
    assert!(!desk.key_path().exists());
    let mut ledger = desk.ledger();
    let events = events_after(&mut ledger, 0);
    let mut reissued = BTreeMap::new();
    for event in events.iter().filter(|event| event.action == Action::Reissued) {
        *reissued.entry(event.license.unwrap().get()).or_insert(0) += 1;
    }
    assert_eq!(reissued, (1..many).map(|number| (number, 1)).collect());
    for number in 1..=many {
        let codes = desk::codes_of(&mut ledger, license(number)).unwrap();
        let of = |issuer: u16| {
            let codes = codes.iter().map(|code| code.license.terms()).filter(move |terms| terms.issuer.get() == issuer);
            codes.map(|terms| (terms.period, terms.units, terms.product)).collect::<Vec<_>>()
        };
        assert_eq!(of(2), if number == many { Vec::new() } else { of(1) }, "license {number}");
    }
    drop(ledger);
    desk.assert_ledger_is_sound();
}

/// The results of the whole, which a command that was stopped gives when it is run again.
fn reissued_codes(desk: &Desk) -> String {
    let ran = desk.run(&["key", "lost", "1", "--reissue", "--results", "csv"]);
    assert!(!ran.assert_done().out.contains("skipped"), "{ran:?}");
    ran.out
}

#[test]
fn a_loss_that_is_killed_between_chunks_goes_on_where_it_stopped() {
    let desk = Desk::in_memory();
    let many = desk::CHUNK as u32 + 200;
    sell_many(&desk, many);
    let (mut kills, mut patience) = (0, Duration::from_millis(80));
    loop {
        let mut command = desk.command(&["key", "lost", "1", "--reissue"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(patience);
        child.kill().unwrap();
        if child.wait().unwrap().signal() != Some(9) {
            break;
        }
        kills += 1;
        patience = patience.mul_f64(1.6);
    }
    assert!(kills > 3, "{kills} kills");
    let codes = reissued_codes(&desk);
    assert_eq!(codes.lines().count() as u32, 1 + (many - 1) + many.div_ceil(3) - u32::from(many % 3 == 1));
    assert_eq!(reissued_codes(&desk), codes);
    assert_all_are_reissued_once(&desk, many);
    say(&format!("{kills} processes killed"));
}

/// Kills the program before each of its system calls from the first on that names `from`, each time at a copy of a
/// desk, and hands the copy over. Gives how many were killed.
fn kill_at_each_call(desk: &Desk, from: &str, arguments: &[&str], after: impl Fn(&Desk)) -> usize {
    const CALLS: &str = "openat,pwrite64,write,fsync,fdatasync,rename,renameat2,unlink,ftruncate";
    let log = desk.room().join("strace.log");
    let traced = |desk: &Desk, extra: &[&str]| {
        let command = desk.command(arguments);
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}")]).args(extra);
        strace.arg(command.get_program()).args(command.get_args()).env_remove("COUNTERSIGN_DESK");
        strace.stdin(Stdio::null()).output().unwrap()
    };
    let whole = desk.copy();
    assert!(traced(&whole, &[]).status.success());
    let calls = calls_from(from, &fs::read_to_string(&log).unwrap());
    let mut kills = 0;
    for (call, nth) in &calls {
        let copy = desk.copy();
        let output = traced(&copy, &["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
        kills += usize::from(output.status.signal() == Some(9));
        after(&copy);
    }
    assert!(kills * 10 > calls.len() * 9, "{kills} kills at {} calls", calls.len());
    kills
}

/// The system calls in a log of strace, from the first that names a file on: each with how many of its name there were
/// up to it.
fn calls_from(name: &str, log: &str) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    let mut begun = false;
    let mut calls = Vec::new();
    for (call, rest) in log.lines().filter_map(|line| line.split_once('(')) {
        let count = counts.entry(call.to_owned()).or_insert(0);
        *count += 1;
        begun |= rest.contains(name);
        if begun {
            calls.push((call.to_owned(), *count));
        }
    }
    calls
}

#[test]
fn a_loss_that_is_killed_before_any_system_call_ends_the_same() {
    if !have("strace") {
        return;
    }
    let desk = Desk::in_memory();
    sell_many(&desk, 5);
    let kills = kill_at_each_call(&desk, "issuer-2.key", &["key", "lost", "1", "--reissue"], |desk| {
        // Without the number nobody means the next key by it.
        let state = states(desk);
        if state == [(1, Stolen), (2, InUse)] {
            desk.run(&["key", "lost", "--reissue"]).assert_complains(1);
            assert_eq!(states(desk), state);
        }
        let codes = reissued_codes(desk);
        assert_eq!(codes.lines().count(), 7, "{codes}");
        assert_eq!(reissued_codes(desk), codes);
        assert_all_are_reissued_once(desk, 5);
    });
    say(&format!("{kills} processes killed, one before each system call"));
}

#[test]
fn a_new_key_that_is_killed_before_any_system_call_is_made_once() {
    if !have("strace") {
        return;
    }
    let desk = Desk::in_memory();
    let looked = Cell::new(0);
    let kills = kill_at_each_call(&desk, "issuer-2.key", &["key", "new"], |desk| {
        let again = desk.run(&["key", "new"]);
        assert!([Some(0), Some(1)].contains(&again.code), "{again:?}");
        assert_eq!(states(desk), [(1, InUse), (2, Prepared)]);
        // Its file costs half a second to open.
        looked.set(looked.get() + 1);
        if looked.get() % 5 == 1 {
            desk.run(&["key", "rotate", "--without-bundle"]).assert_done();
        }
        let names = fs::read_dir(desk.folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let keys: Vec<_> = names.filter(|name| name.contains("issuer-2.key")).collect();
        assert_eq!(keys, ["issuer-2.key"]);
        desk.assert_ledger_is_sound();
    });
    say(&format!("{kills} processes killed, one before each system call"));
}
