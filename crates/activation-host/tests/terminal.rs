//! `activation enter` as a person meets it: on a terminal.

use rexpect::session::{PtySession, spawn_command};
use std::path::Path;
use std::process::Command;

const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const ROWS: [&str; 6] = [
    "20040-0E000-84G00-3X00H-7FRHT",
    "0PS04-NGZPE-9CK4J-7DT4X-VA7K6",
    "6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM",
    "7G669-0T3SX-645X4-R6SRN-861EK",
    "J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H",
    "SBXV8-F7K7R-SNN7P-Y1T14-49974",
];
const KEPT: &str = "codes/license-1042-revision-1-issued-2026-11-22.lic";

/// A terminal that must answer within 20 seconds.
fn enter(state: &Path, arguments: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_activation"));
    command.args(["enter", "--today", "2027-01-15", "--issuer", ISSUER, "--state"]).arg(state).args(arguments);
    spawn_command(command, Some(20_000)).unwrap()
}

/// Types a line at this prompt.
fn at(session: &mut PtySession, prompt: &str, line: &str) {
    session.exp_string(prompt).unwrap();
    session.send_line(line).unwrap();
}

fn exit_code(session: &PtySession) -> String {
    format!("{:?}", session.process().wait().unwrap())
}

#[test]
fn a_code_is_typed_with_mistakes_corrected_interrupted_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");

    let mut first = enter(&state, &[]);
    at(&mut first, "Row 1: ", ROWS[0]);
    first.exp_string("row 1 right").unwrap();
    // Two characters swapped; Enter takes the proposal.
    at(&mut first, "Row 2: ", "0PS04-NGZPE-9KC4J-7DT4X-VA7K6");
    first.exp_string("row 2, group 3: you typed 9KC4J, probably 9CK4J (two characters swapped)").unwrap();
    at(&mut first, "Row 2: ", "");
    first.exp_string("row 2 right").unwrap();
    // Another row than the one asked for, in lower case and without dashes.
    at(&mut first, "Row 3: ", "j0qq3v031ws5h9zqk8cm4wq1h");
    first.exp_string("row 5 right, by its check").unwrap();
    // A row that nobody can mend is typed again.
    at(&mut first, "Row 3: ", "6NJMY-NGSNG");
    first.exp_string("type row 3 again").unwrap();
    first.exp_string("Row 3: ").unwrap();
    first.send_control('c').unwrap();
    assert!(exit_code(&first).contains("Signaled") || exit_code(&first).contains("130"));
    assert!(!state.join(KEPT).exists());

    let mut second = enter(&state, &[]);
    second.exp_string("row 1 right").unwrap();
    second.exp_string("row 5 right").unwrap();
    at(&mut second, "Go on with them? [Y/n] ", "y");
    at(&mut second, "Row 3: ", ROWS[2]);
    second.exp_string("row 3 right").unwrap();
    // In digits, and with a label.
    at(&mut second, "Row 4: ", "quit");
    second.exp_string("run the same command again to go on").unwrap();
    assert!(exit_code(&second).contains("2)"), "{}", exit_code(&second));

    let mut third = enter(&state, &[]);
    at(&mut third, "Go on with them? [Y/n] ", "");
    at(&mut third, "Row 4: ", &format!("Row 6) {}", ROWS[5]));
    third.exp_string("row 6 right, by its check, the last one").unwrap();
    // A right row can be changed later; the last row that is missing completes the code.
    at(&mut third, "Row 4: ", "row 2");
    at(&mut third, "Row 2: ", ROWS[1]);
    at(&mut third, "Row 4: ", ROWS[3]);
    let said = third.exp_string("Keep this code? [Y/n] ").unwrap();
    assert!(said.contains("Activated: in maintenance, 319 days left"), "{said}");
    assert!(!said.contains('\u{1B}'), "no colours, no moving cursor");
    assert!(!state.join(KEPT).exists(), "nothing is kept before it was agreed to");
    third.send_line("y").unwrap();
    third.exp_string("kept in ").unwrap();
    assert!(exit_code(&third).contains("0)"));
    let kept = std::fs::read_to_string(state.join(KEPT)).unwrap();
    for row in ROWS {
        assert!(kept.contains(row));
    }
    assert!(!state.join("draft.txt").exists());
}

#[test]
fn rows_that_stay_wrong_are_mended_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = enter(folder.path(), &[]);
    at(&mut session, "Row 1: ", ROWS[0]);
    // Two wrong characters in one row: too many proposals to be sure of one.
    at(&mut session, "Row 2: ", "0PS04-NGZPE-9CK4K-7DT4X-VA7K7");
    at(&mut session, "Row 2: ", "row 3");
    for (row, text) in ROWS.iter().enumerate().skip(2) {
        at(&mut session, &format!("Row {}: ", row + 1), text);
    }
    session.exp_string("Keep this code? [Y/n] ").unwrap();
    session.send_line("n").unwrap();
    session.exp_string("not kept").unwrap();
    assert!(exit_code(&session).contains("1)"));
    assert!(!folder.path().join(KEPT).exists());
    assert!(folder.path().join("draft.txt").exists());
}

#[test]
fn a_pasted_line_of_a_scanner_is_the_whole_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = enter(folder.path(), &[]);
    at(&mut session, "Row 1: ", &format!("A1:{}", ROWS.concat().replace('-', "")));
    at(&mut session, "Keep this code? [Y/n] ", "");
    session.exp_string("kept in ").unwrap();
    assert!(exit_code(&session).contains("0)"));
}

#[test]
fn nothing_is_printed_beyond_80_columns_while_typing() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = enter(folder.path(), &[]);
    at(&mut session, "Row 1: ", "20040-0E000-84G00-3X00H-7FRH?");
    at(&mut session, "Row 1: ", "20040");
    at(&mut session, "Row 1: ", "list");
    at(&mut session, "Row 1: ", "help");
    session.exp_string("Row 1: ").unwrap();
    session.send_control('d').unwrap();
    let said = session.exp_eof().unwrap();
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}
