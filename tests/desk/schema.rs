//! Ledgers of earlier releases open; those of later ones are refused.

use crate::common::*;
use activation_code::LicenseNumber;
use countersign::desk;
use countersign::ledger::{Ledger, LedgerFault};
use rusqlite::Connection;

/// A ledger as the first release wrote it, with two codes and a reserved one.
const SCHEMA_1: &str = include_str!("../fixtures/ledger-1.sql");
/// What this release knows.
const KNOWN: i64 = 2;

#[test]
fn a_ledger_of_the_first_schema_opens_and_shows_its_codes() {
    let desk = Desk::new();
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(desk.folder().join(name));
    }
    Connection::open(desk.ledger_path()).unwrap().execute_batch(SCHEMA_1).unwrap();
    let mut ledger = desk.ledger();
    assert_eq!(desk::vendor(&mut ledger).unwrap().as_str(), "Example Security");
    assert_eq!(desk::products(&mut ledger).unwrap().len(), 2);
    assert_eq!(desk::customers(&mut ledger, None, 9).unwrap()[0].name.as_str(), "Example Hospital Trust");
    assert_eq!(licenses(&mut ledger).len(), 2);
    let codes = desk::codes_of(&mut ledger, LicenseNumber::new(1).unwrap()).unwrap();
    assert_eq!(codes[0].license.code().letters()[0], "20040-0E000-00800-02G0H-S2Z34");
    // An order that was served gives its code; one that was interrupted was seen by nobody, and its number stays
    // given away.
    let order = |reference| {
        let order = ["--clock-is-right", "--json", "issue", "--customer", "1", "--product", "ES", "--units"];
        let rest = ["--from", "2030-01-01", "--until", "2030-12-31", "--order", reference];
        let units = if reference == "PO-1" { "5" } else { "7" };
        desk.run(&[&order[..], &[units], &rest[..]].concat()).json()
    };
    let before = order("PO-1");
    assert_eq!((&before["license"], &before["terms"]["issued"]), (&1.into(), &"2029-12-03".into()));
    assert_eq!(before["code"]["letters"][0], "20040-0E000-00800-02G0H-S2Z34");
    assert_eq!(order("PO-3")["license"], 4);
    desk.assert_ledger_is_sound();
    let version: i64 =
        Connection::open(desk.ledger_path()).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, KNOWN);
}

#[test]
fn a_ledger_of_a_later_schema_is_refused() {
    let desk = Desk::new();
    Connection::open(desk.ledger_path()).unwrap().pragma_update(None, "user_version", KNOWN + 1).unwrap();
    let fault = Ledger::open(&desk.ledger_path()).unwrap_err();
    assert!(matches!(fault, LedgerFault::Newer { found, known } if (found, known) == (KNOWN + 1, KNOWN)), "{fault}");
}
