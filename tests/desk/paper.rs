//! Keys on paper, and read again: `key shares` and `key recover`, on a computer that has no desk.

use crate::common::*;
use crate::terminal::Terminal;
use countersign::signer::{Signer as _, SoftwareKey, key_file};
use std::fs;
use std::path::{Path, PathBuf};

fn key() -> SoftwareKey {
    SoftwareKey::from_seed(&[0x5E; 32]).unwrap()
}

/// A folder with a key file, the passphrase of it, and one for a new file.
struct Table {
    room: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        let table = Self { room: tempfile::tempdir().unwrap() };
        let sealed = key_file::seal(&key(), PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut rand::rngs::SysRng);
        write_secret(&table.path("the.key"), sealed.unwrap().as_str());
        write_secret(&table.path("passphrase"), PASSPHRASE);
        write_secret(&table.path("new"), "another passphrase");
        table
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut countersign = program(env!("CARGO_BIN_EXE_countersign"));
        run(countersign.current_dir(self.room.path()).args(["--passphrase-file", "passphrase"]).args(arguments))
    }

    /// Each share in a file of its own: share-1, share-2, ...
    fn print_shares(&self, options: &[&str]) -> usize {
        let printed = self.run(&[&["key", "shares", "the.key"], options].concat());
        let sheets: Vec<&str> = printed.assert_done().out.split('\x0C').collect();
        for (sheet, number) in sheets.iter().zip(1..) {
            fs::write(self.path(&format!("share-{number}")), sheet).unwrap();
        }
        sheets.len()
    }
}

fn rows(sheet: &Path) -> Vec<String> {
    let text = fs::read_to_string(sheet).unwrap();
    text.lines().filter_map(|line| Some(line.strip_prefix("Row ")?.split_once(") ")?.1.to_owned())).collect()
}

#[test]
fn any_two_sheets_of_three_restore_the_key_into_a_new_file() {
    let table = Table::new();
    assert_eq!(table.print_shares(&[]), 3);
    let public = key().public_key().to_string();
    for (a, b) in [("share-1", "share-2"), ("share-3", "share-1"), ("share-2", "share-3")] {
        let checked = table.run(&["key", "recover", "--from-shares", a, b, "--check"]);
        assert!(checked.assert_done().out.contains(&public), "{checked:?}");
    }
    let recover = ["key", "recover", "--new-passphrase-file", "new", "--output", "again.key", "--from-shares"];
    table.run(&[&recover[..], &["share-3", "share-1"]].concat()).assert_done();
    let text = fs::read_to_string(table.path("again.key")).unwrap();
    assert_eq!(key_file::open(&text, b"another passphrase").unwrap().public_key(), key().public_key());
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(table.path("again.key")).unwrap().permissions().mode() & 0o7777, 0o600);
    // And never over a file that is there.
    table.run(&[&recover[..], &["share-3", "share-1"]].concat()).assert_complains(1);
}

#[test]
fn one_sheet_or_sheets_of_two_sets_restore_nothing_and_say_why() {
    let table = Table::new();
    table.print_shares(&[]);
    let refused = |arguments: &[&str], why: &str| {
        let ran = table.run(&[&["key", "recover", "--check", "--from-shares"], arguments].concat());
        ran.assert_could_not();
        assert!(ran.err.contains(why), "{ran:?}");
    };
    refused(&["share-2"], "2 shares are needed, and 1 are there");
    refused(&["share-2", "share-2"], "share 2 is there twice");
    fs::copy(table.path("share-1"), table.path("old")).unwrap();
    table.print_shares(&[]);
    // One time in 65,536 both sets have one number, and then another key comes out.
    refused(&["old", "share-2"], "");
    refused(&["passphrase"], "rows");
    refused(&["missing"], "No such file");
    assert_eq!(table.print_shares(&["--needed", "3", "--shares", "5"]), 5);
    refused(&["share-2", "share-4"], "3 shares are needed, and 2 are there");
    table.run(&["key", "recover", "--check", "--from-shares", "share-5", "share-2", "share-4"]).assert_done();
    for numbers in [["--needed", "1", "--shares", "3"], ["--needed", "4", "--shares", "3"]] {
        table.run(&[&["key", "shares", "the.key"][..], &numbers].concat()).assert_could_not();
    }
}

#[test]
fn mistyped_rows_are_mended_where_the_share_proves_it_and_nothing_is_guessed() {
    let table = Table::new();
    table.print_shares(&[]);
    let sheet = table.path("share-1");
    let rows = rows(&sheet);
    assert_eq!(rows.len(), 4);
    let typed = |rows: &[String]| fs::write(table.path("typed"), rows.join("\n")).unwrap();
    let recover = || table.run(&["key", "recover", "--check", "--from-shares", "typed", "share-2"]);
    // Two neighbours exchanged in one row, a character left out in another.
    let mut wrong = rows.clone();
    let at = wrong[1].find(|c| wrong[1].find(c).is_some_and(|i| wrong[1][i + 1..].starts_with(|d| d != c && d != '-')));
    let at = at.unwrap();
    let pair: String = wrong[1][at..at + 2].chars().rev().collect();
    wrong[1].replace_range(at..at + 2, &pair);
    wrong[3].remove(7);
    typed(&wrong);
    let mended = recover();
    assert!(mended.assert_done().err.contains("repaired: "), "{mended:?}");
    // A row of the other share.
    let mut foreign = rows.clone();
    foreign[2] = self::rows(&table.path("share-2")).swap_remove(2);
    typed(&foreign);
    recover().assert_could_not();
    // Half of a row.
    let mut half = rows.clone();
    half[0].truncate(12);
    typed(&half);
    recover().assert_could_not();
    // The rows of an activation code.
    typed(&vec!["20040-0E000-84G00-3X00H-7FRHT".to_owned(); 4]);
    let other = recover();
    other.assert_could_not();
    assert!(other.err.contains("activation code"), "{other:?}");
}

#[test]
fn a_key_file_is_read_without_a_desk() {
    let table = Table::new();
    let public = key().public_key().to_string();
    let checked = table.run(&["--json", "key", "recover", "the.key", "--check"]);
    assert_eq!(checked.json()["key"], public.as_str());
    table.run(&["key", "recover", "the.key", "--new-passphrase-file", "new", "--output", "moved.key"]).assert_done();
    let text = fs::read_to_string(table.path("moved.key")).unwrap();
    assert_eq!(key_file::open(&text, b"another passphrase").unwrap().public_key(), key().public_key());
    table.run(&["key", "recover", "moved.key", "--check"]).assert_could_not();
    table.run(&["key", "recover", "the.key"]).assert_could_not();
}

#[test]
fn at_a_terminal_shares_are_typed_row_by_row() {
    if !have("script") {
        return;
    }
    let table = Table::new();
    table.print_shares(&[]);
    let [one, three] = ["share-1", "share-3"].map(|name| rows(&table.path(name)));
    let mut terminal = Terminal::open(table.room.path(), "key recover --from-shares --check");
    terminal.wait_for("share 1, row 1: ");
    terminal.type_line(&one[0]);
    terminal.wait_for("share 1, row 2: ");
    let mut wrong = one[1].clone();
    let other = if wrong.starts_with('7') { "8" } else { "7" };
    wrong.replace_range(..1, other);
    terminal.type_line(&wrong);
    terminal.wait_for("The paper probably says ");
    terminal.wait_for("share 1, row 2: ");
    terminal.type_line("");
    for (row, number) in one[2..].iter().zip(3..) {
        terminal.wait_for(&format!("share 1, row {number}: "));
        terminal.type_line(row);
    }
    terminal.wait_for("Share 1 of set ");
    for (row, number) in three.iter().zip(1..) {
        terminal.wait_for(&format!("share 2, row {number}: "));
        terminal.type_line(row);
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(&key().public_key().to_string()), "{shown}");
}
