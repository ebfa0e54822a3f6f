//! What installations say of their use, and what the desk makes of it.

use crate::common::*;
use activation_code::{ClockState, Day, HostId, LicenseNumber, ProductId, Revision};
use activation_host::host::HostSource;
use activation_host::program::clock;
use activation_host::sites::SitesFault;
use activation_host::{Installation, Settings};
use countersign::desk::{self, DeskFault, Refused, Taken};
use countersign::ledger::{Action, Ledger, UsageClaim};
use std::fs;

fn license(number: u32) -> LicenseNumber {
    LicenseNumber::new(number).unwrap()
}

/// Licenses 1 to 3, of ten endpoints each for a year from today on.
fn sold() -> Desk {
    let desk = Desk::new();
    for reference in ["PO-1", "PO-2", "PO-3"] {
        issue(&mut desk.ledger(), &test_key(), &order(clock(), Some(reference)), clock()).unwrap();
    }
    desk
}

fn claim(number: u32, host: u32, in_use: u32) -> UsageClaim {
    UsageClaim {
        license: license(number),
        host: HostId(host),
        day: clock(),
        revision: Revision::FIRST,
        product: ProductId::new(7).unwrap(),
        in_use,
        clock: ClockState::Right,
        bundle: None,
    }
}

fn import(ledger: &mut Ledger, claims: &[UsageClaim], today: Day) -> Result<Vec<Taken>, DeskFault> {
    let imported = desk::import_usage(ledger, &session(today), claims)?;
    Ok(imported.into_iter().map(|claim| claim.taken).collect())
}

fn refused(ledger: &mut Ledger, claim: UsageClaim) -> Refused {
    match import(ledger, &[claim], clock()) {
        Err(DeskFault::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

#[derive(Debug)]
enum Failed {
    Sites(SitesFault),
    Installation(activation_host::installation::InstallationFault),
}

impl From<activation_host::installation::InstallationFault> for Failed {
    fn from(fault: activation_host::installation::InstallationFault) -> Self {
        Self::Installation(fault)
    }
}

#[test]
fn what_an_installation_reports_the_desk_takes_in() {
    let desk = sold();
    let code = desk.run(&["show", "1", "--json"]).assert_done().out.clone();
    let letters: serde_json::Value = serde_json::from_str(&code).unwrap();
    let rows = letters[0]["code"]["letters"].as_array().unwrap();
    let rows: Vec<_> = rows.iter().map(|row| row.as_str().unwrap()).collect();
    let issuer = desk.run(&["issuer"]).assert_done().out.trim().parse().unwrap();
    let settings = Settings::new().issuer(issuer).host(HostSource::Known(HostId(0x00c0_ffee)));
    let installation = Installation::open(desk.room().join("state"), settings);
    assert!(installation.enter(&rows.join("\n")).unwrap().is_accepted());
    installation.change_sites(|sites| sites.set_total(Some(14)).map_err(Failed::Sites)).unwrap();
    let report = installation.usage_report().unwrap();
    fs::write(desk.room().join("usage.txt"), report.to_text()).unwrap();
    let usage = |arguments: &[&str]| run(desk.command(&[&["usage"], arguments].concat()).current_dir(desk.room()));
    let taken = usage(&["import", "usage.txt"]);
    let day = clock();
    let said = format!("usage.txt: license 1, revision 1, host 00c0ffee: 14 units in use on {day}: taken in\n");
    assert_eq!(taken.assert_done().out, said);
    // The receipt says the same, in letters and in digits of any spacing.
    let receipt = &report.receipts()[0];
    let known = usage(&["import", "--receipt", &receipt.rows().join(" ")]);
    assert!(known.assert_done().out.ends_with("is here already\n"), "{known:?}");
    let over = usage(&["list", "--over"]);
    assert!(over.assert_done().out.contains("1         10        14      4     00c0ffee 14 on"), "{}", over.out);
    assert!(over.err.contains("service levels and support are not assured"), "{}", over.err);
    let history = desk.run(&["history", "1"]).assert_done().out.clone();
    assert!(history.contains("issued to customer 1") && history.contains("usage imported for host 00c0ffee: 14 units"));
    desk.run(&["audit", "verify"]).assert_done();
}

#[test]
fn a_mistyped_receipt_is_named_with_what_was_probably_meant() {
    let desk = sold();
    let rows = activation_code::Receipt {
        license: license(1),
        revision: Revision::FIRST,
        in_use: 5,
        day: clock(),
        host: HostId(1),
        product: ProductId::new(7).unwrap(),
        clock: ClockState::Right,
        bundle: None,
    }
    .rows();
    let wrong = rows.join(" ").replacen('-', "-9", 1).replacen("-90", "-9", 1);
    let ran = desk.run(&["usage", "import", "--receipt", &wrong]);
    ran.assert_complains(2);
    assert!(ran.err.contains("this is no receipt: row 1") && ran.err.contains("the row would be"), "{}", ran.err);
    let ran = desk.run(&["usage", "import", "--receipt", &rows[0]]);
    ran.assert_complains(2);
    assert!(ran.err.contains("row 2 is missing"), "{}", ran.err);
    let other = desk.run(&["usage", "import", "--receipt", "32DBS-QQG00-00000-10000-H5F25"]);
    other.assert_complains(2);
    assert!(other.err.contains("row 1 is a row of a host request, wanted a receipt"), "{}", other.err);
}

#[test]
fn the_newest_of_each_host_counts_and_the_same_again_changes_nothing() {
    let desk = sold();
    let ledger = &mut desk.ledger();
    let tomorrow = clock().plus(1).unwrap();
    let later = UsageClaim { day: tomorrow, ..claim(1, 1, 8) };
    assert_eq!(import(ledger, &[later], tomorrow).unwrap(), [Taken::New]);
    let before = head(ledger);
    assert_eq!(import(ledger, &[later], tomorrow).unwrap(), [Taken::Known]);
    assert_eq!(head(ledger), before);
    assert_eq!(import(ledger, &[claim(1, 1, 20)], tomorrow).unwrap(), [Taken::Older { newest: tomorrow }]);
    assert_eq!(import(ledger, &[UsageClaim { in_use: 9, ..later }], tomorrow).unwrap(), [Taken::Corrected]);
    let groups = desk::adherence(ledger, tomorrow).unwrap();
    assert_eq!((groups.len(), groups[0].in_use(), groups[0].over()), (1, 9, 0));
}

#[test]
fn licenses_and_hosts_that_are_used_together_count_together() {
    let desk = sold();
    let ledger = &mut desk.ledger();
    // Host 1 has licenses 1 and 2, host 2 has license 2, host 3 has license 3.
    import(ledger, &[claim(1, 1, 15), claim(2, 1, 15)], clock()).unwrap();
    import(ledger, &[claim(2, 2, 4)], clock()).unwrap();
    import(ledger, &[claim(3, 3, 11)], clock()).unwrap();
    let groups = desk::adherence(ledger, clock()).unwrap();
    let found: Vec<_> = groups.iter().map(|it| (it.licenses.len(), it.licensed, it.in_use(), it.over())).collect();
    assert_eq!(found, [(2, 20, 19, 0), (1, 10, 11, 1)]);
}

#[test]
fn what_this_desk_did_not_issue_so_is_refused_by_name_and_nothing_is_half_taken_in() {
    let desk = sold();
    let ledger = &mut desk.ledger();
    let today = clock();
    let two = Revision::FIRST.next().unwrap();
    let before = head(ledger);
    assert!(matches!(refused(ledger, claim(9, 1, 1)), Refused::UnknownLicense(_)));
    let revision = UsageClaim { revision: two, ..claim(1, 1, 1) };
    assert!(matches!(refused(ledger, revision), Refused::UsageOfNoRevision { .. }));
    let product = UsageClaim { product: ProductId::new(8).unwrap(), ..claim(1, 1, 1) };
    assert!(matches!(refused(ledger, product), Refused::UsageOfOtherProduct { .. }));
    let future = UsageClaim { day: today.plus(1).unwrap(), ..claim(1, 1, 1) };
    assert!(matches!(refused(ledger, future), Refused::UsageInTheFuture { .. }));
    let past = UsageClaim { day: today.plus(-1).unwrap(), ..claim(1, 1, 1) };
    assert!(matches!(refused(ledger, past), Refused::UsageBeforeIssue { .. }));
    // The first would be fine, the second is not.
    assert!(import(ledger, &[claim(1, 1, 1), claim(9, 1, 1)], today).is_err());
    assert_eq!(head(ledger), before);
}

#[test]
fn a_revoked_revision_is_taken_in_and_said() {
    let desk = sold();
    let ledger = &mut desk.ledger();
    let revocation = desk::preview_revocation(ledger, &session(clock()), license(1), None).unwrap();
    desk::revoke(ledger, &session(clock()), &revocation, None).unwrap();
    let imported = desk::import_usage(ledger, &session(clock()), &[claim(1, 1, 3)]).unwrap();
    assert!(imported[0].revoked);
    // Nothing of it is licensed any more.
    assert_eq!(desk::adherence(ledger, clock()).unwrap()[0].over(), 3);
    assert_eq!(desk::history(ledger, license(1)).unwrap().last().unwrap().action, Action::UsageImported);
}
