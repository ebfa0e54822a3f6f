//! Many orders from a file: all that is wrong is said before the first is signed, and nothing is done twice.

use crate::common::*;
use activation_code::{PublicKey, SIGNATURE_BYTES};
use countersign::desk::{
    self, Asked, Cells, Change, Column, DeskFault, Done, Draft, LimitEdit, OperatorEdit, Problem, Reach, Refused,
    Session,
};
use countersign::documents::orders::LineFault;
use countersign::ledger::{Action, Ledger, LedgerFault, OperatorName, Role, chain};
use countersign::signer::{Signer, SignerFault, SoftwareKey};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many batches are killed.
const KILLS: usize = 50;

/// A batch from standard input.
fn pipe(desk: &Desk, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = desk.command(&[&["batch", "-"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The program may refuse before it has read everything.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ran = child.wait_with_output().unwrap().into();
    feeder.join().unwrap();
    ran
}

fn csv(desk: &Desk, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    pipe(desk, &[&["--format", "csv"], arguments].concat(), input.as_ref())
}

fn jsonl(desk: &Desk, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    pipe(desk, &[&["--format", "jsonl"], arguments].concat(), input.as_ref())
}

/// Results in JSON Lines.
#[track_caller]
fn results(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// New licenses for the customer of a furnished desk.
fn orders(references: impl IntoIterator<Item = String>) -> String {
    let today = today();
    let line = |reference| format!("{reference},1,ES,10,{today},1y\n");
    "order,customer,product,units,from,term\n".to_owned() + &references.into_iter().map(line).collect::<String>()
}

fn many(name: &str, count: usize) -> String {
    orders((1..=count).map(|number| format!("{name}-{number}")))
}

/// The code of each order that the desk has; panics if an order has two.
fn codes_by_order(desk: &Desk) -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    let mut ledger = desk.ledger();
    for (record, _) in licenses(&mut ledger) {
        for issued in desk::codes_of(&mut ledger, record.number).unwrap() {
            if let Some(order) = issued.entry.reference {
                let other = codes.insert(order.to_string(), issued.license.code().transport());
                assert_eq!(other, None, "order {order} made two codes");
            }
        }
    }
    codes
}

/// Every event follows the one before it.
fn assert_chain(ledger: &mut Ledger) {
    let events = ledger.read(|book| book.events_from(1, u32::MAX)).unwrap();
    let mut before = [0; 32];
    for (event, sequence) in events.iter().zip(1..) {
        assert_eq!(event.sequence, sequence);
        assert_eq!(event.link, chain::link(&before, event), "event {sequence}");
        before = event.link;
    }
}

#[test]
fn a_batch_makes_what_single_commands_make() {
    let desk = Desk::new();
    let today = today();
    let made = csv(
        &desk,
        &["--results", "jsonl"],
        format!(
            "do,order,customer,product,units,from,until,term,kind,grace,features,holder,test\n\
             ,PO-1,1,ES,10,{today},,1y,,,,,\n\
             issue,PO-2,Example Hospital Trust,9,5,{today},,90d,evaluation,7,8001,\"Smith, \"\"J\"\"\",yes\n\
             issue,PO-3,example hospital trust,CLOUD,3,{today},2030-12-31,,,,,,no\n"
        ),
    );
    made.assert_done();
    let made = results(&made);
    assert_eq!(made.iter().map(|it| it["state"].as_str().unwrap()).collect::<Vec<_>>(), ["issued"; 3]);
    assert_eq!(made.iter().map(|it| it["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3, 4]);

    // The same orders one by one are known, and give the same codes.
    let single = |arguments: &[&str]| desk.run(&[&["--json", "issue", "--customer", "1"], arguments].concat()).json();
    let first = single(&["--product", "ES", "--units", "10", "--from", &today, "--term", "1y", "--order", "PO-1"]);
    let second = ["--product", "ALL", "--units", "5", "--from", &today, "--term", "90d", "--kind", "evaluation"];
    let rest = ["--grace", "7", "--features", "8001", "--holder", "Smith, \"J\"", "--test", "--order", "PO-2"];
    let second = single(&[&second[..], &rest].concat());
    for (result, single) in made.iter().zip([&first, &second]) {
        assert_eq!(result["code"], single["code"]["transport"]);
        for name in ["license", "revision", "product", "units", "kind", "first", "last", "issued"] {
            assert_eq!(result[name], single["terms"][name], "{name}");
        }
    }

    // And the other way round.
    desk.run(&["product", "change", "7", "--family", "endpoint"]);
    let renewed = desk.run(&["--json", "renew", "1", "--term", "1y", "--units", "20", "--order", "PO-4"]).json();
    let batch = jsonl(
        &desk,
        &["--results", "jsonl"],
        "{\"do\":\"renew\",\"order\":\"PO-4\",\"license\":1,\"term\":\"1y\",\"units\":20}\n\
         {\"do\":\"convert\",\"order\":\"PO-5\",\"license\":\"2\",\"units\":6,\"term\":\"1y\"}\n\
         {\"do\":\"downsize\",\"order\":\"PO-6\",\"license\":3,\"units\":2,\"until\":\"2031-12-31\",\"request\":\"letter\"}\n",
    );
    batch.assert_done();
    let batch = results(&batch);
    assert_eq!((&batch[0]["state"], &batch[0]["code"]), (&"before".into(), &renewed["code"]["transport"]));
    assert_eq!(
        (&batch[1]["state"], &batch[1]["kind"], &batch[1]["units"]),
        (&"issued".into(), &"full".into(), &6.into())
    );
    assert_eq!((&batch[2]["units"], &batch[2]["last"]), (&2.into(), &"2031-12-31".into()));

    // A change of the running period gives out again what was sold behind it.
    let more = jsonl(
        &desk,
        &["--results", "jsonl"],
        "{\"do\":\"add-units\",\"order\":\"PO-7\",\"license\":1,\"units\":5}\n\
         {\"do\":\"add-units\",\"order\":\"PO-8\",\"license\":3,\"units\":1,\"this_period_only\":true}\n",
    );
    more.assert_done();
    let more = results(&more);
    let found: Vec<_> = more
        .iter()
        .map(|it| (it["order"].as_str().unwrap(), it["revision"].as_u64().unwrap(), it["units"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, [("PO-7", 3, 15), ("PO-7", 4, 25), ("PO-8", 3, 4), ("PO-8", 4, 2)]);
    desk.assert_ledger_is_sound();
    assert_chain(&mut desk.ledger());
}

#[test]
fn with_one_bad_line_nothing_is_signed_and_all_that_is_wrong_is_said() {
    let desk = Desk::new();
    let today = today();
    let before = desk.ledger().read(|book| book.desk()).unwrap();
    let file = format!(
        "order,customer,product,units,from,term,kind,do,license\n\
         PO-1,1,ES,10,{today},1y,,,\n\
         PO-2,1,ES,0,{today},1x,gold,,\n\
         PO-3,Nobody,XX,10,{today},1y,,,\n\
         PO-4,1,ES,10,{today},1y,service,,\n\
         PO-1,1,ES,10,{today},1y,,,\n\
         PO-6,1,ES,10,{today},1y,,issue,7\n\
         PO-7,,,,,1y,,renew,7\n\
         PO-8,,,,,1y,,renew,7\n\
         ,1,ES,10,{today},1y,,,\n\
         PO-10,1,ES,10,{today},1y,,sell,\n"
    );
    let wanted = "\
countersign: 9 of 10 orders cannot be done, and nothing was signed
line 3: units: \"0\", wanted a whole number, 1 to 16777215; term: \"1x\", wanted 1y, 18m or 90d; kind: \"gold\", wanted full, evaluation or service
line 4: customer: there is no customer \"Nobody\"; product: there is no product \"XX\"
line 5: kind: product 7 is of kind software, and issues no codes of kind service
line 6: order: line 2 has the same order
line 7: license: issue has no use for it
line 8: license: there is no license 7
line 9: license: there is no license 7; license: line 8 changes the same license; make it two batches
line 10: order: empty, issue wants 1 to 100 visible characters, no space at either end
line 11: do: \"sell\", wanted issue, renew, downsize, add-units, upgrade or convert
hint: correct them, or do the others with --skip-bad; --check --output FILE lists all of them
";
    let ran = csv(&desk, &[], &file);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(2), "", wanted));
    assert_eq!(desk.ledger().read(|book| book.desk()).unwrap(), before, "no number was given away");
    assert_eq!(licenses(&mut desk.ledger()).len(), 0);

    // Only rules say no: understood, and the answer is no.
    let rules = csv(&desk, &[], orders(["PO-1".to_owned(), "PO-1".to_owned()]));
    rules.assert_complains(1);

    // A check finds the same, and has all of it in its results.
    let output = desk.room().join("problems.csv");
    let checked = csv(&desk, &["--check", "--output", output.to_str().unwrap()], &file);
    assert_eq!((checked.code, checked.out.as_str()), (Some(2), ""));
    let text = std::fs::read_to_string(&output).unwrap();
    assert!(text.contains("\n2,PO-1,new,,,"), "{text}");
    assert!(text.contains("\n6,PO-1,skipped,,,,,,,,,,order: line 2 has the same order\n"), "{text}");
    assert_eq!(text.lines().count(), 11);

    // The others are done if that is wanted.
    let skipped = csv(&desk, &["--skip-bad", "--results", "jsonl"], &file);
    assert_eq!(skipped.code, Some(1));
    assert!(skipped.err.starts_with("countersign: 10 orders: 1 issued, 0 done before, 9 skipped\n"), "{skipped:?}");
    assert!(skipped.err.contains("9 of 10 orders cannot be done; the others are done\nline 3: "), "{skipped:?}");
    let skipped = results(&skipped);
    let states: Vec<_> = skipped.iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, [&["issued"][..], &["skipped"; 9]].concat());
    assert_eq!(skipped[2]["problem"], "customer: there is no customer \"Nobody\"; product: there is no product \"XX\"");
    assert_eq!(skipped[8].get("order"), None);
    assert_eq!(licenses(&mut desk.ledger()).len(), 1);
}

#[test]
fn of_many_problems_the_first_hundred_are_shown_and_all_are_counted() {
    let desk = Desk::new();
    let file: String = (0..250).map(|number| format!("{{\"order\":\"PO-{number}\"}}\n")).collect();
    let ran = jsonl(&desk, &[], &file);
    ran.assert_complains(2);
    assert!(ran.err.starts_with("countersign: 250 of 250 orders cannot be done"), "{}", ran.err);
    assert!(ran.err.contains("\nline 100: ") && !ran.err.contains("\nline 101: "), "{}", ran.err);
    assert!(ran.err.contains("\nand 150 more\n"), "{}", ran.err);
}

#[test]
fn a_check_signs_nothing_and_asks_for_no_passphrase() {
    let desk = Desk::new();
    std::fs::remove_file(desk.passphrase()).unwrap();
    let file = desk.room().join("orders.csv");
    std::fs::write(&file, many("PO", 3)).unwrap();
    let check = |json: &[&str]| {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--desk").arg(desk.folder()).args(["batch", "--check"]).arg(&file).args(json);
        run(&mut command)
    };
    assert_eq!(check(&[]).assert_done().out, "3 orders: 3 new, 0 done before\n");
    assert_eq!(check(&["--json"]).json(), serde_json::json!({"lines": 3, "new": 3, "before": 0}));
    assert_eq!(desk.ledger().read(|book| book.desk()).unwrap().next_license, 1);
}

#[test]
fn the_same_batch_again_gives_the_same_codes_and_asks_for_no_passphrase() {
    let desk = Desk::new();
    let first = csv(&desk, &[], many("PO", 5));
    std::fs::remove_file(desk.passphrase()).unwrap();
    let file = desk.room().join("orders.csv");
    std::fs::write(&file, many("PO", 5)).unwrap();
    let mut again = program(env!("CARGO_BIN_EXE_countersign"));
    let again = run(again.arg("--desk").arg(desk.folder()).arg("batch").arg(&file));
    assert_eq!(
        again.assert_done().out,
        first.assert_done().out.replace(",issued,", ",before,").replacen(",before,code", ",issued,code", 1)
    );
    assert_eq!(again.err, "countersign: 5 orders: 0 issued, 5 done before\n");
    assert_eq!(licenses(&mut desk.ledger()).len(), 5);
    write_secret(&desk.passphrase(), PASSPHRASE);
    // An order that was for something else is none that was done before.
    let other = many("PO", 5).replace("PO-3,1,ES,10", "PO-3,1,ES,11");
    let ran = csv(&desk, &[], other);
    ran.assert_complains(1);
    assert!(
        ran.err.contains("line 4: order: order PO-3 was for something else, and made license 3, revision 1"),
        "{ran:?}"
    );
}

#[test]
fn results_go_to_a_new_file_whole_or_not_at_all() {
    let desk = Desk::new();
    let output = desk.room().join("codes.jsonl");
    let name = output.to_str().unwrap();
    let ran = csv(&desk, &["--output", name], many("PO", 2));
    assert_eq!(ran.assert_done().out, format!("{name}: 2 orders: 2 issued, 0 done before\n"));
    let written = std::fs::read_to_string(&output).unwrap();
    assert!(written.starts_with("{\"line\":2,\"order\":\"PO-1\",\"state\":\"issued\",\"license\":1,"), "{written}");

    // Said before anything is signed.
    let again = csv(&desk, &["--output", name], many("QO", 2));
    again.assert_complains(1);
    assert!(again.err.contains("something is there already, and it is not touched"), "{again:?}");
    csv(&desk, &["--output", "/nonexistent/codes.csv"], many("QO", 2)).assert_could_not();
    assert_eq!(licenses(&mut desk.ledger()).len(), 2);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), written);

    let json = csv(&desk, &["--json", "--output", &format!("{name}.csv")], many("PO", 3)).json();
    assert_eq!(json, serde_json::json!({"lines": 3, "issued": 1, "before": 2, "skipped": 0}));
    assert!(std::fs::read_to_string(format!("{name}.csv")).unwrap().starts_with("line,order,state,"));
    let left: BTreeSet<_> = std::fs::read_dir(desk.room()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "no drafts: {left:?}");
    assert_eq!(std::fs::read_dir(desk.folder()).unwrap().count(), 2, "no spools");
}

#[test]
fn the_rules_of_the_desk_hold_for_every_line() {
    let desk = Desk::new();
    let day = session(today().parse().unwrap());
    for (name, role) in [("sue", Role::Support), ("art", Role::Auditor), ("mia", Role::AccountManager)] {
        desk::add_operator(&mut desk.ledger(), &day, &name.parse().unwrap(), role, None).unwrap();
    }
    for who in ["sue", "art"] {
        let ran = csv(&desk, &["--operator", who, "--check"], many("PO", 1));
        ran.assert_complains(1);
        assert!(ran.err.contains("may not issue codes"), "{ran:?}");
    }
    let limits = [
        LimitEdit::MostUnits(Some(1000)),
        LimitEdit::LongestDays(Some(800)),
        LimitEdit::BackDatingDays(Some(30)),
        LimitEdit::ApprovalAbove(Some(100)),
    ];
    desk::set_limits(&mut desk.ledger(), &day, &limits).unwrap();
    let today = today();
    let ran = csv(
        &desk,
        &["--operator", "mia"],
        format!(
            "order,customer,product,units,from,term\n\
             PO-1,1,ES,101,{today},1y\n\
             PO-2,1,ES,1001,{today},1y\n\
             PO-3,1,ES,1,{today},3y\n\
             PO-4,1,ES,1,2020-01-01,1y\n\
             PO-5,1,ES,1,{today},9999y\n\
             PO-6,1,ES,1,9999-01-01,2y\n\
             PO-7,1,ES,1,2109-12-01,1m\n"
        ),
    );
    ran.assert_complains(1);
    for line in [
        "line 2: units: more than 100 units need a second operator",
        "line 3: units: 1001 units are more than the 1000 that the administrator allows",
        "line 4: term: 1096 days at once are more than the 800 that the administrator allows",
        "line 5: from: a period from 2020-01-01 on begins more than 30 days ago",
        "line 6: ",
        "line 7: until: a period after 9999-01-01 would end before it begins, or after the year 9999",
        "line 8: from: ",
    ] {
        assert!(ran.err.contains(&format!("\n{line}")), "{line}: {}", ran.err);
    }
    csv(&desk, &["--operator", "mia"], many("PO", 1)).assert_done();
}

/// A file, and what is said of it.
type BadFile<'a> = (&'a str, Vec<u8>, i32, &'a str);

#[test]
fn a_file_that_is_none_of_orders_is_refused_with_what_is_wrong() {
    let too_long = format!("-: line 1: {}", LineFault::TooLong);
    let desk = Desk::new();
    let good = orders(["PO-1".to_owned()]);
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(good.bytes().flat_map(|byte| [byte, 0])).collect();
    let with = |line: &[u8]| [good.as_bytes(), line, b"\n"].concat();
    let files: Vec<BadFile<'_>> = vec![
        ("csv", vec![], 2, "-: it is empty\n"),
        ("csv", utf16, 2, "-: it is written in UTF-16, wanted UTF-8\nhint: save it as UTF-8"),
        ("csv", b"PK\x03\x04\x14".to_vec(), 2, "-: it is a workbook, wanted CSV or JSON Lines\nhint: save it as CSV"),
        (
            "csv",
            b"\n".to_vec(),
            2,
            "-: line 1: unknown column \"\"; column missing: order, customer, product, units, from, until",
        ),
        (
            "csv",
            b"order,customer,product,units,from,until,price,units\n".to_vec(),
            2,
            "-: line 1: unknown column \"price\"; column twice: units\n",
        ),
        ("csv", b"do,license,term\n".to_vec(), 2, "-: line 1: column missing: order\n"),
        ("csv", b"order;do;license\n".to_vec(), 2, "hint: save it with commas between the columns, not semicolons"),
        ("csv", b"order,\"do\n".to_vec(), 2, "-: line 1: cell 2: wanted quotes around the whole cell"),
        ("csv", [b"x".repeat(10_000_000), b"\n".to_vec()].concat(), 2, &too_long),
        ("csv", with(b"PO-2,1,ES,10"), 2, "\nline 3: 4 cells, wanted 6 as in line 1\n"),
        ("csv", with(b"PO-2,1,ES,10,2030-01-01,1y,more"), 2, "\nline 3: 7 cells, wanted 6 as in line 1\n"),
        ("csv", with(b"\"PO-2,1,ES,10,2030-01-01,1y"), 2, "\nline 3: cell 1: wanted quotes around the whole cell"),
        ("csv", with(b"PO-2,\"1\"2,ES,10,2030-01-01,1y"), 2, "\nline 3: cell 2: wanted quotes around the whole cell"),
        ("csv", with(b"PO\0-2,1,ES,10,2030-01-01,1y"), 2, "\nline 3: byte 3 is zero, wanted text\n"),
        ("csv", with(b"PO-2,M\xFCller,ES,10,2030-01-01,1y"), 2, "\nline 3: byte 7 is no UTF-8\n"),
        ("csv", with(&b"y".repeat(10_000_000)), 2, "\nline 3: the line is longer than 65536 bytes\n"),
        (
            "csv",
            with(b" PO-2,1,ES,10,2030-01-01,1y"),
            2,
            "\nline 3: order: \" PO-2\", wanted 1 to 100 visible characters",
        ),
        ("csv", with("PO\u{202E}2,1,ES,10,2030-01-01,1y".as_bytes()), 2, "\nline 3: order: \"PO\\u{202e}2\", wanted"),
        (
            "csv",
            with(b"PO-2,1,ES,10,01.01.2030,1y"),
            2,
            "\nline 3: from: \"01.01.2030\", wanted a day, as in 2026-12-01\n",
        ),
        (
            "csv",
            with(b"PO-2,1,ES,1e3,2030-01-01,1y"),
            2,
            "\nline 3: units: \"1e3\", wanted a whole number, 1 to 16777215\n",
        ),
        ("csv", with(b"PO-2,1,ES,=1+1,2030-01-01,1y"), 2, "\nline 3: units: \"=1+1\", wanted a whole number"),
        ("csv", with(b"PO-2,1,ES,1,2030-01-01,"), 2, "\nline 3: until: empty, issue wants until or term\n"),
        (
            "csv",
            b"order,customer,product,units,from,term,until\nPO-2,1,ES,1,2030-01-01,1y,2030-12-31\n".to_vec(),
            2,
            "\nline 2: until: until and term, wanted one of them\n",
        ),
        (
            "csv",
            b"order,customer,product,units,from,until\nPO-2,1,ES,1,2030-01-01,2029-12-31\n".to_vec(),
            2,
            "\nline 2: until: 2029-12-31 is before from, 2030-01-01\n",
        ),
        ("jsonl", vec![], 2, "-: it is empty\n"),
        ("jsonl", b"order,units\n".to_vec(), 2, "\nline 1: byte 1 is no JSON\n"),
        ("jsonl", b"[{\"order\":\"PO-1\"}]\n".to_vec(), 2, "\nline 1: wanted an object"),
        (
            "jsonl",
            b"{\"order\":\"PO-1\",\"price\":1}\n".to_vec(),
            2,
            "\nline 1: unknown name \"price\", wanted do, order, customer",
        ),
        ("jsonl", b"{\"order\":\"PO-1\",\"order\":\"PO-2\"}\n".to_vec(), 2, "\nline 1: order stands twice\n"),
        ("jsonl", b"{\"order\":\"PO-1\",\"units\":2.5}\n".to_vec(), 2, "\nline 1: units: a value of another type"),
        (
            "jsonl",
            b"{\"order\":\"PO-1\",\"features\":\"+123\"}\n".to_vec(),
            2,
            "features: \"+123\", wanted four hex digits",
        ),
        (
            "jsonl",
            b"{\"do\":\"renew\",\"order\":\"PO-1\",\"license\":1,\"term\":\"1y\",\"grace\":3}\n".to_vec(),
            2,
            "\nline 1: grace: renew has no use for it\n",
        ),
        (
            "jsonl",
            b"{\"do\":\"downsize\",\"order\":\"PO-1\",\"license\":1,\"term\":\"1y\"}\n".to_vec(),
            2,
            "\nline 1: units: empty, downsize wants a whole number, 1 to 16777215; request: empty, downsize wants 1 to 100",
        ),
    ];
    for (format, file, code, said) in files {
        let ran = pipe(&desk, &["--format", format], &file);
        ran.assert_complains(code);
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
        assert!(ran.err.len() < 2000, "{}", ran.err.len());
    }
    assert_eq!(desk.ledger().read(|book| book.desk()).unwrap().next_license, 1, "nothing was signed");
    let nameless = desk.room().join("orders.txt");
    std::fs::write(&nameless, good).unwrap();
    let ran = desk.run(&["batch", nameless.to_str().unwrap()]);
    ran.assert_could_not();
    assert!(ran.err.contains("say how it is written with --format csv or --format jsonl"), "{ran:?}");
    desk.run(&["batch", "/nonexistent.csv"]).assert_could_not();
    desk.run(&["batch", "/", "--format", "csv"]).assert_could_not();
}

#[test]
fn a_file_as_spreadsheets_write_it_is_read() {
    let desk = Desk::new();
    let file = orders(["PO-1".to_owned(), "PO-2".to_owned()]).replace('\n', "\r\n");
    let file = format!("\u{FEFF}{file}\r\n,,,,,\r\n\"PO-3\",\"1\",\"ES\",\"10\",\"{}\",\"1y\"", today());
    let ran = csv(&desk, &["--results", "jsonl"], file);
    let lines: Vec<_> = results(ran.assert_done().to_owned()).iter().map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 3, 6]);
    // A line of names alone is a day without orders.
    let none = csv(&desk, &[], orders([]));
    assert_eq!(none.assert_done().out.lines().count(), 1);
    assert_eq!(none.err, "countersign: 0 orders: 0 issued, 0 done before\n");
}

#[test]
fn no_formula_is_written_back() {
    let desk = Desk::new();
    let formulas = ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1:A9)"];
    let file = orders(formulas.iter().map(ToString::to_string)) + "=bad(),1,ES,x,2030-01-01,1y\n";
    let ran = csv(&desk, &["--skip-bad"], &file);
    let mut reader = csv_reader(&ran.out);
    let cells: Vec<_> =
        reader.records().flat_map(|line| line.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!cells.iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{cells:?}");
    for formula in formulas {
        assert!(cells.contains(&format!("'{formula}")), "{formula}: {cells:?}");
    }
    // The order itself is what it was: the same again is known.
    assert!(csv(&desk, &["--skip-bad"], &file).err.contains("0 issued, 4 done before, 1 skipped"));
}

fn csv_reader(text: &str) -> csv::Reader<&[u8]> {
    csv::Reader::from_reader(text.as_bytes())
}

/// Does something at each signature, as another desk could meanwhile.
struct Meanwhile<F> {
    key: SoftwareKey,
    then: Mutex<F>,
}

impl<F: FnMut() + Send> Signer for Meanwhile<F> {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        (self.then.lock().unwrap())();
        self.key.sign(message)
    }
}

fn carry_out(desk: &Desk, signer: &(dyn Signer + Sync), orders: Vec<Asked>) -> Result<Vec<Done>, DeskFault> {
    let mut all = Vec::new();
    let today = today().parse().unwrap();
    let orders = orders.into_iter().map(Ok::<_, DeskFault>);
    let threads = NonZeroUsize::new(3).unwrap();
    desk::carry_out_orders(&mut desk.ledger(), &session(today), signer, threads, orders, |done| {
        all.push(done);
        Ok(())
    })?;
    Ok(all)
}

#[test]
fn one_thread_alone_signs_what_it_laid_out() {
    let desk = Desk::in_memory();
    let today = today().parse().unwrap();
    let orders = (0..300).map(|number| Ok::<_, DeskFault>(order(today, Some(&format!("PO-{number}")))));
    let mut done = 0;
    desk::carry_out_orders(&mut desk.ledger(), &session(today), &test_key(), NonZeroUsize::MIN, orders, |_| {
        done += 1;
        Ok::<_, DeskFault>(())
    })
    .unwrap();
    assert_eq!((done, licenses(&mut desk.ledger()).len()), (300, 300));
}

/// Everything that is wrong with a line of these cells.
fn problems_of(cells: &[(Column, &str)]) -> Vec<Problem> {
    let mut line = Cells::default();
    cells.iter().for_each(|(column, text)| line.set(*column, *text));
    Draft::read(&line).err().unwrap_or_default()
}

#[test]
fn a_cell_that_means_nothing_is_said_unless_it_says_what_is_usual() {
    use Column::{Customer, Do, License, Order, Term, Test, ThisPeriodOnly};
    let renewal = |more: &[(Column, &'static str)]| {
        problems_of(&[&[(Do, "renew"), (Order, "PO-1"), (License, "1"), (Term, "1y")], more].concat())
    };
    let needless = |column| vec![Problem::Needless { column, deed: desk::Deed::Renew }];
    for column in [Test, ThisPeriodOnly] {
        assert_eq!(renewal(&[(column, "no")]), []);
        assert_eq!(renewal(&[(column, "yes")]), needless(column));
    }
    assert_eq!(renewal(&[(Customer, "no")]), needless(Customer));
}

#[test]
fn a_line_needs_an_end_where_its_deed_does() {
    use Column::{Do, License, Order, Product};
    let renewal = problems_of(&[(Do, "renew"), (Order, "PO-1"), (License, "1")]);
    assert_eq!(renewal, [Problem::NoEnd { deed: desk::Deed::Renew }]);
    assert_eq!(problems_of(&[(Do, "upgrade"), (Order, "PO-1"), (License, "1"), (Product, "PRO")]), []);
}

#[test]
fn a_problem_of_a_line_says_no_more_of_it_than_fits() {
    let value = |found: String| Problem::Value { column: Column::Units, found }.to_string();
    assert_eq!(value("x".repeat(60)), format!("{:?}, wanted {}", "x".repeat(60), Column::Units.wanted()));
    assert_eq!(value("ü".repeat(61)), format!("{:?}..., wanted {}", "ü".repeat(60), Column::Units.wanted()));
    let refused = |refused: Refused| (refused.to_string(), Problem::from(refused).to_string());
    let (said, of_line) = refused(Refused::NeedsApproval { above: 50 });
    assert_eq!(of_line, said + "; run it by itself");
    let asked = order(today().parse().unwrap(), Some("PO-1"));
    let (license, revision) = ("7".parse().unwrap(), activation_code::Revision::FIRST);
    let (recorded, wanted) = (Box::new(asked.clone()), Box::new(asked.clone()));
    let reference = asked.reference.clone().unwrap();
    let (said, of_line) = refused(Refused::OtherTerms { reference, license, revision, recorded, wanted });
    assert_eq!(of_line, format!("{said} (recorded: {asked}; asked for now: {asked})"));
    let (said, of_line) = refused(Refused::UnknownLicense(license));
    assert_eq!(of_line, said);
}

fn add_units(license: &str, more: u32, reference: &str) -> Asked {
    let change = Change::AddUnits {
        license: license.parse().unwrap(),
        more: more.to_string().parse().unwrap(),
        reach: Reach::License,
    };
    Asked { change, reference: Some(reference.parse().unwrap()) }
}

#[test]
fn what_another_desk_does_meanwhile_is_neither_lost_nor_done_twice() {
    let room = Desk::new();
    let today = today().parse().unwrap();
    issue(&mut room.ledger(), &test_key(), &order(today, Some("PO-1")), today).unwrap();
    let (mut other, mut first) = (room.ledger(), true);
    let signer = Meanwhile {
        key: test_key(),
        then: Mutex::new(move || {
            if std::mem::take(&mut first) {
                // The license that the batch changes, and an order that it has too.
                issue(&mut other, &test_key(), &add_units("1", 100, "other"), today).unwrap();
                issue(&mut other, &test_key(), &order(today, Some("PO-3")), today).unwrap();
                issue(&mut other, &test_key(), &add_units("1", 7, "PO-4"), today).unwrap();
            }
        }),
    };
    let orders = vec![
        add_units("1", 5, "PO-2"),
        order(today, Some("PO-3")),
        // Somebody else's order of this reference is for something else.
        order(today, Some("PO-4")),
        order(today, Some("PO-5")),
    ];
    let done = carry_out(&room, &signer, orders).unwrap();
    let Done::Issued(changed) = &done[0] else { panic!("{done:?}") };
    assert_eq!(changed[0].entry.terms.units.get(), 10 + 100 + 7 + 5);
    assert!(matches!(&done[1], Done::Before(codes) if codes.len() == 1), "{done:?}");
    assert!(
        matches!(&done[2], Done::Refused(refused) if refused.to_string().contains("was for something else")),
        "{done:?}"
    );
    assert!(matches!(&done[3], Done::Issued(codes) if codes.len() == 1), "{done:?}");
    assert_eq!(codes_by_order(&room).len(), 6);
    room.assert_ledger_is_sound();
    assert_chain(&mut room.ledger());
}

#[test]
fn an_operator_who_leaves_in_the_middle_ends_the_batch_and_what_was_done_stays() {
    let room = Desk::new();
    let today: activation_code::Day = today().parse().unwrap();
    let boss = "boss".parse().unwrap();
    let boss = desk::add_operator(&mut room.ledger(), &session(today), &boss, Role::Administrator, None).unwrap();
    let (mut other, mut signatures) = (room.ledger(), 0);
    let signer = Meanwhile {
        key: test_key(),
        then: Mutex::new(move || {
            signatures += 1;
            // After the first chunk was written down, or while it is.
            if signatures == desk::CHUNK + 1 {
                let session = Session { operator: boss.clone(), ..session(today) };
                let gone = OperatorName::first();
                desk::change_operator(&mut other, &session, &gone, &OperatorEdit::Leaves).unwrap();
            }
        }),
    };
    let orders: Vec<_> = (0..desk::CHUNK * 3).map(|number| order(today, Some(&format!("PO-{number}")))).collect();
    let fault = carry_out(&room, &signer, orders).unwrap_err();
    assert!(fault.to_string().contains("there is no operator \"administrator\""), "{fault}");
    let done = codes_by_order(&room).len();
    assert!(done.is_multiple_of(desk::CHUNK) && done <= 2 * desk::CHUNK, "{done}");
    room.assert_ledger_is_sound();
    assert_chain(&mut room.ledger());
}

/// Every event of a sale is there once, and follows the one before.
fn assert_whole(room: &Desk, orders: usize) {
    room.assert_ledger_is_sound();
    room.run(&["audit", "verify", "--signatures"]).assert_done();
    let mut ledger = room.ledger();
    assert_chain(&mut ledger);
    let events = ledger.read(|book| book.events_from(1, u32::MAX)).unwrap();
    assert_eq!(events.iter().filter(|event| event.action == Action::Issued).count(), orders);
    assert_eq!(licenses(&mut ledger).len(), orders);
    assert_eq!(ledger.read(|book| book.code_rows()).unwrap(), 5 * orders as u64);
}

/// The signatures of the codes that the orders of [`many`] have made.
fn signatures(room: &Desk, name: &str, count: usize) -> BTreeMap<String, [u8; SIGNATURE_BYTES]> {
    let mut ledger = room.ledger();
    let codes = ledger.read(|book| {
        let mut made = BTreeMap::new();
        for number in 1..=count {
            let order = format!("{name}-{number}");
            let codes = book.codes_for(&order.parse().unwrap())?;
            assert!(codes.len() <= 1, "order {order} made two codes");
            made.extend(codes.iter().map(|code| (order.clone(), code.signature)));
        }
        Ok::<_, LedgerFault>(made)
    });
    codes.unwrap()
}

#[test]
fn killed_at_random_moments_a_batch_goes_on_where_it_stopped() {
    let room = Desk::new();
    let mut chance = 0x9E37_79B9_7F4A_7C15u64;
    let (mut kills, mut runs, mut orders_made, mut halfway) = (0, 0, 0, 0);
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    // Small ones are killed at every step, large ones between their chunks.
    let sizes = [150, desk::CHUNK + desk::CHUNK / 4];
    let mut usual = [Duration::from_millis(300), Duration::from_secs(2)];
    while kills < KILLS {
        runs += 1;
        assert!(runs < KILLS * 6, "only {kills} of {runs} were killed in time");
        let size = usize::from(runs % 12 == 0);
        let count = sizes[size];
        let file = room.room().join("orders.csv");
        let output = room.room().join("codes.jsonl");
        std::fs::write(&file, many(&format!("PO-{runs}"), count)).unwrap();
        let arguments = ["batch", file.to_str().unwrap(), "--output", output.to_str().unwrap()];
        let mut child = room.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = (chance >> 40) as f64 / (1u64 << 24) as f64;
        std::thread::sleep(usual[size].mul_f64(if size == 0 { moment } else { 0.6 + 0.4 * moment }));
        child.kill().unwrap();
        let killed = child.wait().unwrap().signal() == Some(9);
        kills += usize::from(killed);
        // Results are whole or not there.
        let before = signatures(&room, &format!("PO-{runs}"), count);
        if let Ok(text) = std::fs::read_to_string(&output) {
            assert_eq!(text.lines().count(), count);
            std::fs::remove_file(&output).unwrap();
        }
        halfway += usize::from(!before.is_empty() && before.len() < count);
        // Run again, it does the rest and gives again what it did.
        let began = Instant::now();
        room.run(&arguments).assert_done();
        // What was done before is verified and no more signed: a little less than the whole.
        usual[size] = began.elapsed();
        for line in std::fs::read_to_string(&output).unwrap().lines() {
            let result: Value = serde_json::from_str(line).unwrap();
            let (order, code) = (result["order"].as_str().unwrap(), result["code"].as_str().unwrap());
            assert_eq!(result["state"], if before.contains_key(order) { "before" } else { "issued" });
            assert_eq!(kept.insert(order.to_owned(), code.to_owned()), None);
        }
        let after = signatures(&room, &format!("PO-{runs}"), count);
        assert!(before.iter().all(|(order, signature)| after[order] == *signature), "what was done stays");
        std::fs::remove_file(&output).unwrap();
        orders_made += count;
        assert_eq!(kept.len(), orders_made);
    }
    assert_eq!(codes_by_order(&room), kept);
    assert_whole(&room, orders_made);
    let left: Vec<_> = std::fs::read_dir(room.folder()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "killed batches leave nothing behind: {left:?}");
    say(&format!("{kills} of {runs} batches killed, {halfway} of them between two chunks, {orders_made} orders"));
}

#[test]
fn eight_desks_issue_while_a_batch_runs() {
    let room = Desk::new();
    let today = today();
    let file = room.room().join("orders.csv");
    let count = desk::CHUNK * 2 + 10;
    std::fs::write(&file, many("PO", count)).unwrap();
    let mut batch = room.command(&["batch", file.to_str().unwrap(), "--results", "jsonl"]);
    let batch = batch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let batch = std::thread::spawn(move || Ran::from(batch.wait_with_output().unwrap()));
    let mut numbers = BTreeSet::new();
    let mut rounds = 0;
    while rounds < 2 || !batch.is_finished() {
        let start = |desk: usize| {
            let mut command = room.command(&room.order(&format!("SINGLE-{rounds}-{desk}"), &today));
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<_> = (0..8).map(start).collect();
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap());
            assert!(numbers.insert(ran.json()["license"].as_u64().unwrap()), "a number was used twice");
        }
        rounds += 1;
    }
    let batch = batch.join().unwrap();
    for result in results(batch.assert_done()) {
        assert!(numbers.insert(result["license"].as_u64().unwrap()), "a number was used twice");
    }
    assert_eq!(numbers.len(), count + rounds * 8);
    assert_whole(&room, numbers.len());
    say(&format!("{} single orders during a batch of {count}", rounds * 8));
}

/// What a batch did, and the most memory that it had, in KiB.
fn run_and_watch(mut command: Command) -> (Ran, u64) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        most = now.map_or(most, |now| most.max(now));
        std::thread::sleep(Duration::from_millis(2));
    }
    (child.wait_with_output().unwrap().into(), most)
}

#[test]
fn a_million_lines_take_no_more_memory_than_ten_thousand() {
    let room = Desk::new();
    let file = room.room().join("orders.csv");
    let memory = [10_000, 1_000_000].map(|count| {
        // The last line repeats the first.
        let last = orders([]).len();
        let text = many("PO", count - 1);
        std::fs::write(&file, format!("{text}{}", &many("PO", 1)[last..])).unwrap();
        let (ran, memory) = run_and_watch(room.command(&["batch", "--check", file.to_str().unwrap()]));
        ran.assert_complains(1);
        let said = format!("1 of {count} orders cannot be done\nline {}: order: line 2 has the same order", count + 1);
        assert!(ran.err.contains(&said), "{ran:?}");
        memory
    });
    assert!(memory[1] < memory[0] + 8 * 1024, "{memory:?} KiB");
    say(&format!("{} KiB for 10,000 lines, {} KiB for 1,000,000", memory[0], memory[1]));
}

#[test]
fn a_batch_writes_mails_with_the_pages_that_it_prints() {
    let desk = Desk::new();
    let text = |name: &str| desk.room().join(name).to_str().unwrap().to_owned();
    let (orders, folder) = (text("orders.csv"), text("certificates"));
    std::fs::create_dir(&folder).unwrap();
    let today = today();
    let lines: String = (1..=3).map(|order| format!("PO-{order},1,ES,{order},{today},1y\n")).collect();
    std::fs::write(&orders, format!("order,customer,product,units,from,term\n{lines}")).unwrap();
    let batch = ["batch", &orders, "--certificates", &folder, "--certificate-as", "eml,pdf"];
    // Before anything is signed.
    let ran = desk.run(&batch);
    ran.assert_complains(1);
    assert!(ran.err.contains("there is no address that mail could come from"), "{ran:?}");
    assert_eq!(desk.run(&["--json", "list"]).json(), serde_json::json!([]));
    desk.run(&["--yes", "bundle", "contact", "Example Security", "licenses@example.com"]).assert_done();
    desk.run(&["customer", "change", "1", "--email", "it@hospital.example"]).assert_done();
    desk.run(&batch).assert_done();
    for license in 1..=3 {
        let file = |end: &str| std::fs::read(format!("{folder}/license-{license}-revision-1.{end}")).unwrap();
        let (mail, pdf) = (file("eml"), file("pdf"));
        let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
        assert_eq!(mail.to().unwrap().first().unwrap().address.as_deref(), Some("it@hospital.example"));
        let enclosed = mail.attachments().find(|part| part.contents().starts_with(b"%PDF"));
        assert_eq!(enclosed.unwrap().contents(), pdf);
    }
}
