//! At a terminal: the questions, and a passphrase that is not seen.

use crate::common::*;
use countersign::ledger::Role;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A program at a terminal of its own, which `script` makes.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Receiver<u8>,
    shown: String,
}

impl Terminal {
    pub fn open(desk: &std::path::Path, arguments: &str) -> Self {
        let line = format!("'{}' --desk '{}' {arguments}", env!("CARGO_BIN_EXE_countersign"), desk.display());
        let mut command = Command::new("script");
        command.args(["-q", "-e", "-c", &line, "/dev/null"]).env_remove("COUNTERSIGN_DESK");
        command.env_remove("COUNTERSIGN_OPERATOR").env("SHELL", "/bin/sh");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keyboard, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            while output.read(&mut byte).is_ok_and(|read| read == 1) && sender.send(byte[0]).is_ok() {}
        });
        Self { child, keyboard, screen, shown: String::new() }
    }

    /// Waits until the screen shows a text that was not there before.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let before = self.shown.len();
        let began = Instant::now();
        while !self.shown[before..].contains(text) {
            match self.screen.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(byte) => self.shown.push(char::from(byte)),
                Err(fault) => panic!("{fault}: no {text:?} in {:?}", self.shown),
            }
        }
    }

    pub fn type_line(&mut self, text: &str) {
        // The prompt stands a moment before the echo is off.
        std::thread::sleep(Duration::from_millis(250));
        self.keyboard.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    /// The exit code and everything that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        while let Ok(byte) = self.screen.recv_timeout(PATIENCE) {
            self.shown.push(char::from(byte));
        }
        drop(self.keyboard);
        (self.child.wait().unwrap().code(), self.shown)
    }
}

const ISSUE: &str = "issue --customer 1 --product ES --units 10 --from 2030-01-01 --until 2030-12-31 --order PO-1";

#[test]
fn at_a_terminal_the_clerk_is_asked_before_a_code_is_signed() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    for no in ["n", "", "no", "yess"] {
        let mut terminal = Terminal::open(&desk.folder(), ISSUE);
        terminal.wait_for("Sign this code? [y/N] ");
        terminal.type_line(no);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("countersign: not signed, and no number was used"), "{shown}");
    }
    let mut terminal = Terminal::open(&desk.folder(), ISSUE);
    terminal.wait_for("Sign this code? [y/N] ");
    terminal.type_line("y");
    terminal.wait_for("Passphrase of the issuing key: ");
    terminal.type_line(PASSPHRASE);
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(PASSPHRASE), "the passphrase is not seen: {shown}");
    assert!(shown.contains("Row 6) "), "{shown}");
    // All that is signed is shown, before the question.
    let asked = shown.split("Sign this code?").next().unwrap();
    for fact in [
        "customer     1, Example Hospital Trust",
        "order        PO-1",
        "sold as      ES, Example Endpoint Security, by endpoints",
        "units        10",
        "maintenance  2030-01-01 to 2030-12-31, both days included",
    ] {
        assert!(asked.contains(fact), "{fact}: {shown}");
    }
    assert!(shown.contains("license      1, revision 1"), "the refusals used no number: {shown}");
}

#[test]
fn at_a_terminal_a_mistyped_request_is_taken_as_proposed_when_the_clerk_says_so() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let right = "32DBS-QQG01-R0000-0B0C0-JB4BN";
    let wrong = ISSUE.replace("--product ES", "--request 32DBS-QQG10-R0000-0B0C0-JB4BN");
    for (answer, exit) in [("n", 1), ("y", 0)] {
        let mut terminal = Terminal::open(&desk.folder(), &wrong);
        terminal.wait_for(&format!("Does the host show {right}? [y/N] "));
        terminal.type_line(answer);
        if answer == "y" {
            terminal.wait_for("Sign this code? [y/N] ");
            terminal.type_line("y");
            terminal.wait_for("Passphrase of the issuing key: ");
            terminal.type_line(PASSPHRASE);
        }
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(exit), "{shown}");
        let said = if answer == "y" { "host         89abcdef" } else { "countersign: nothing was signed" };
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn with_yes_only_the_passphrase_is_asked_for_and_a_wrong_one_uses_no_number() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let mut terminal = Terminal::open(&desk.folder(), &format!("--yes {ISSUE}"));
    terminal.wait_for("Passphrase of the issuing key: ");
    terminal.type_line("wrong horse");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the passphrase does not open it") && !shown.contains("[y/N]"), "{shown}");
    assert_eq!(desk.run(&["--json", "list"]).json(), serde_json::json!([]));
}

#[test]
fn what_a_rule_refuses_is_refused_before_anything_is_asked() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let terminal = Terminal::open(&desk.folder(), &format!("{ISSUE} --kind service"));
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!shown.contains("[y/N]") && !shown.contains("Passphrase"), "{shown}");
}

#[test]
fn a_new_passphrase_is_asked_for_twice() {
    if !have("script") {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("desk");
    let init = |second: &str| {
        let mut terminal = Terminal::open(&folder, "init --vendor Example");
        terminal.wait_for("New passphrase for the issuing key: ");
        terminal.type_line("tr0ub4dor");
        terminal.wait_for("The same again: ");
        terminal.type_line(second);
        terminal.end()
    };
    let (code, shown) = init("tr0ub4dor!");
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the two passphrases differ"), "{shown}");
    assert!(!folder.exists());
    let (code, shown) = init("tr0ub4dor");
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("tr0ub4dor"), "{shown}");
    assert!(shown.contains("warning: the passphrase has 9 characters; 12 or more keep"), "{shown}");
}

#[test]
fn a_doubtful_clock_is_asked_about_and_yes_does_not_answer() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let late = session(activation_host::program::clock().plus(40).unwrap());
    let name = "Somebody".parse().unwrap();
    countersign::desk::add_customer(&mut desk.ledger(), &late, &name, None, [1; 16]).unwrap();
    let question = format!("Is it {} today? [y/N] ", today());
    let (code, shown) = Terminal::open(&desk.folder(), "--yes customer add Another").end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!shown.contains("[y/N]") && shown.contains("--clock-is-right"), "{shown}");
    for (answer, exit) in [("n", 1), ("y", 0)] {
        let mut terminal = Terminal::open(&desk.folder(), "customer add Another");
        terminal.wait_for(&question);
        terminal.type_line(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(exit), "{shown}");
        assert_eq!(shown.contains("nothing was changed"), exit == 1, "{shown}");
    }
    assert_eq!(desk.run(&["--json", "customer", "list"]).json().as_array().unwrap().len(), 3);
}

#[test]
fn an_operators_passphrase_may_be_mistyped_twice() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    add_operator(&mut desk.ledger(), "anna", Role::AccountManager, Some("anna's own"));
    for (right, exit) in [(1, 0), (3, 0), (4, 1)] {
        let mut terminal = Terminal::open(&desk.folder(), &format!("--operator anna customer add 'Customer {right}'"));
        for attempt in 1..=right.min(3) {
            terminal.wait_for("Passphrase of operator anna: ");
            terminal.type_line(if attempt == right { "anna's own" } else { "anna's" });
        }
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(exit), "{shown}");
        assert_eq!(shown.matches("this is not the passphrase of operator anna").count(), right - 1, "{shown}");
        assert!(!shown.contains("anna's"), "{shown}");
    }
    assert_eq!(desk.run(&["--json", "customer", "list"]).json().as_array().unwrap().len(), 3);
}

#[test]
fn a_new_operators_passphrase_is_asked_for_twice() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let (code, shown) = Terminal::open(&desk.folder(), "operator add Administrator --role support").end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(!shown.contains("New passphrase"), "a name that is taken is refused before: {shown}");
    let add = |second: &str| {
        let mut terminal = Terminal::open(&desk.folder(), "operator add anna --role account-manager");
        terminal.wait_for("New passphrase for operator anna: ");
        terminal.type_line("anna's own passphrase");
        terminal.wait_for("The same again: ");
        terminal.type_line(second);
        terminal.end()
    };
    let (code, shown) = add("anna's own");
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the two passphrases differ"), "{shown}");
    let (code, shown) = add("anna's own passphrase");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("operator anna: account-manager, with a passphrase"), "{shown}");
    assert!(!shown.contains("anna's own"), "{shown}");
    let mut terminal = Terminal::open(&desk.folder(), "--operator anna customer add Somebody");
    terminal.wait_for("Passphrase of operator anna: ");
    terminal.type_line("anna's own passphrase");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn what_needs_a_second_operator_is_shown_to_both_before_they_say_yes() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    add_operator(&mut ledger, "anna", Role::AccountManager, Some("anna's own"));
    add_operator(&mut ledger, "bernd", Role::LicenseManager, Some("bernd's own"));
    let limit = [countersign::desk::LimitEdit::ApprovalAbove(Some(9))];
    countersign::desk::set_limits(&mut ledger, &session(activation_host::program::clock()), &limit).unwrap();
    let answered = |operator: &str, command: &str, question: &str, answer: &str| {
        let mut terminal = Terminal::open(&desk.folder(), &format!("--operator {operator} {command}"));
        terminal.wait_for(&format!("Passphrase of operator {operator}: "));
        terminal.type_line(&format!("{operator}'s own"));
        terminal.wait_for(question);
        assert!(terminal.shown.contains("units        10"), "{}", terminal.shown);
        terminal.type_line(answer);
        if (operator, answer) == ("bernd", "y") {
            terminal.wait_for("Passphrase of the issuing key: ");
            terminal.type_line(PASSPHRASE);
        }
        terminal.end()
    };
    let waiting = || desk.run(&["--json", "requests"]).json().as_array().unwrap().len();
    let (code, shown) = answered("anna", ISSUE, "Ask for it? [y/N] ", "n");
    assert_eq!((code, waiting()), (Some(1), 0), "{shown}");
    let (code, shown) = answered("anna", ISSUE, "Ask for it? [y/N] ", "y");
    assert_eq!((code, waiting()), (Some(1), 1), "{shown}");
    assert!(shown.contains("More than 9 units: a second operator has to approve."), "{shown}");
    let (code, shown) = answered("bernd", "approve 1", "Sign this code? [y/N] ", "n");
    assert_eq!((code, waiting()), (Some(1), 1), "{shown}");
    let (code, shown) = answered("bernd", "approve 1", "Sign this code? [y/N] ", "y");
    assert_eq!((code, waiting()), (Some(0), 0), "{shown}");
    assert!(shown.contains("Operator anna asked for it: request 1.") && shown.contains("Row 6) "), "{shown}");
}

#[test]
fn a_change_shows_what_was_and_all_that_it_signs() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    desk.run(&ISSUE.split(' ').collect::<Vec<_>>()).assert_done();
    desk.run(&["renew", "1", "--term", "1y"]).assert_done();
    let add = "add-units 1 --more 5 --order PO-2";
    let (code, shown) = Terminal::open(&desk.folder(), &format!("{add} --preview")).end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("[y/N]") && !shown.contains("Passphrase"), "{shown}");
    let asked = |answer: &str| {
        let mut terminal = Terminal::open(&desk.folder(), add);
        terminal.wait_for("Sign these codes? [y/N] ");
        for fact in [
            "Before: revision 1, ES, full, by endpoints: 10, 2030-01-01 to 2030-12-31",
            "order        PO-2",
            "license      1, revision 3, full",
            "units        15",
            "maintenance  2030-01-01 to 2030-12-31, both days included",
            "license      1, revision 4, full",
            "maintenance  2031-01-01 to 2031-12-31, both days included",
            "The renewal sold before as revision 2 goes out again",
        ] {
            assert!(terminal.shown.contains(fact), "{fact}: {}", terminal.shown);
        }
        terminal.type_line(answer);
        if answer == "y" {
            terminal.wait_for("Passphrase of the issuing key: ");
            terminal.type_line(PASSPHRASE);
        }
        terminal.end()
    };
    let (code, shown) = asked("n");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("not signed, and no number was used"), "{shown}");
    let (code, shown) = asked("y");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches("Activation code").count(), 2, "{shown}");
}

#[test]
fn a_revocation_says_what_will_be_void_and_who_will_not_know() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    desk.run(&ISSUE.split(' ').collect::<Vec<_>>()).assert_done();
    desk.run(&["renew", "1", "--term", "1y"]).assert_done();
    let answered = |command: &str, question: &str, facts: &[&str], answer: &str| {
        let mut terminal = Terminal::open(&desk.folder(), command);
        terminal.wait_for(question);
        for fact in facts {
            assert!(terminal.shown.contains(fact), "{fact}: {}", terminal.shown);
        }
        terminal.type_line(answer);
        terminal.end()
    };
    let void = "void  revision 1, ES, full, by endpoints: 10, 2030-01-01 to 2030-12-31";
    let facts = [
        void,
        "good  revision 2, ES, full, by endpoints: 10, 2031-01-01 to 2031-12-31",
        "An installation that never loads a newer bundle will not know",
        "What was revoked stays revoked.",
    ];
    let (code, shown) = answered("revoke 1 --below 2", "Revoke this code? [y/N] ", &facts, "n");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("not revoked, and nothing was changed"), "{shown}");
    assert!(!desk.run(&["show", "1"]).out.contains("REVOKED"));
    let (code, shown) = answered("revoke 1", "Revoke these codes? [y/N] ", &[void], "y");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.run(&["show", "1"]).out.matches("REVOKED").count(), 2);
    // With --yes nothing is asked.
    desk.run(&ISSUE.replace("PO-1", "PO-2").split(' ').collect::<Vec<_>>()).assert_done();
    let (code, shown) = Terminal::open(&desk.folder(), "--yes revoke 2").end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("[y/N]") && shown.contains("will not know"), "{shown}");
}

#[test]
fn a_transfer_says_whose_name_the_codes_carry() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    let issue = [&ISSUE.split(' ').collect::<Vec<_>>()[..], &["--holder", "Example Hospital"]].concat();
    desk.run(&issue).assert_done();
    desk.run(&["customer", "add", "Example City Council"]).assert_done();
    for (answer, exit) in [("n", 1), ("y", 0)] {
        let mut terminal = Terminal::open(&desk.folder(), "transfer 1 --to 'example city council'");
        terminal.wait_for("Transfer it? [y/N] ");
        for fact in [
            "from  customer 1, Example Hospital Trust",
            "to    customer 2, Example City Council",
            "Its codes stay as they are",
            "Its codes carry the name \"Example Hospital\", and codes of renewals will too.",
        ] {
            assert!(terminal.shown.contains(fact), "{fact}: {}", terminal.shown);
        }
        terminal.type_line(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(exit), "{shown}");
        assert_eq!(shown.contains("not transferred, and nothing was changed"), exit == 1, "{shown}");
    }
    assert_eq!(desk.run(&["--json", "list"]).json()[0]["customer"], 2);
}

#[test]
fn a_stolen_key_is_shown_with_what_it_signed_before_it_is_void_for_ever() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    desk.run(&desk.order("PO-1", &today())).assert_done();
    desk.run(&["key", "new"]).assert_done();
    let passphrase = format!("--passphrase-file '{}' ", desk.passphrase().display());
    for (answers, no) in [(&["no"][..], true), (&["reissue", "n"], true), (&["reissue", "y"], false)] {
        let mut terminal = Terminal::open(&desk.folder(), &format!("{passphrase} key lost"));
        terminal.wait_for("List its codes in the next bundle, or re-issue those that count? [list/reissue/N] ");
        terminal.type_line(answers[0]);
        for answer in &answers[1..] {
            terminal.wait_for("Make key 1 void? It cannot be taken back. [y/N] ");
            terminal.type_line(answer);
        }
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(if no { 1 } else { 0 }), "{shown}");
        assert!(shown.contains("codes        1 code of 1 license"), "{shown}");
        assert!(shown.contains("say `key lost 2` first"), "{shown}");
        assert_eq!(shown.contains("nothing was changed"), no, "{shown}");
        assert_eq!(shown.contains("Key 1 is void"), !no, "{shown}");
    }
}

#[test]
fn a_rotation_is_shown_before_it_is_done() {
    if !have("script") {
        return;
    }
    let desk = Desk::new();
    desk.run(&desk.order("PO-1", &today())).assert_done();
    desk.run(&["key", "new"]).assert_done();
    let passphrase = format!("--passphrase-file '{}' ", desk.passphrase().display());
    for (answer, wanted) in [("n", 1), ("y", 0)] {
        let mut terminal = Terminal::open(&desk.folder(), &format!("{passphrase} key rotate --without-bundle"));
        terminal.wait_for("Switch to key 2? [y/N] ");
        terminal.type_line(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(wanted), "{shown}");
        let asked = shown.split("Switch to key 2?").next().unwrap();
        assert!(
            asked.contains(&format!("key 1, last day of issue {}, what it signed stays good: 1 code", today())),
            "{shown}"
        );
    }
}
