//! The names that other programs rely on: `docs/interfaces.md`, written here once more as data.

use crate::common::*;
use activation_code::{Phase, Reason, ReasonClass, Warning};
use activation_host::program::clock;
use countersign::desk;
use serde_json::Value;

const NOT_READABLE: [&str; 12] = [
    "empty",
    "too-long",
    "unknown-character",
    "row-length",
    "row-check",
    "characters-swapped",
    "wrong-row",
    "missing-row",
    "missing-group",
    "last-row-missing",
    "other-kind",
    "rows-from-different-codes",
];
const REFUSED: [&str; 11] = [
    "not-canonical",
    "newer-format",
    "unknown-issuer",
    "bad-signature",
    "for-testing-only",
    "issuer-void",
    "revoked",
    "limit-exceeded",
    "superseded",
    "other-product",
    "other-host",
];
const PHASES: [&str; 10] =
    ["none", "not-yet-valid", "maintenance", "grace", "lapsed", "expired", "frozen", "purge", "end-of-life", "revoked"];
const WARNINGS: [&str; 15] = [
    "ends-soon",
    "in-grace",
    "queued-successor",
    "gap-before-successor",
    "clock-behind",
    "clock-ahead",
    "clock-unreadable",
    "bundle-old",
    "bundle-missing",
    "host-not-checked",
    "over-use",
    "over-assigned",
    "conflict",
    "state-damaged",
    "test-trust",
];
const TERMS: [&str; 9] = ["product", "license", "units", "first", "last", "issued", "issuer", "revision", "kind"];

const PRODUCT: [&str; 8] = ["id", "mnemonic", "name", "unit", "kind", "rank", "auto_enabled", "use_ends"];

#[test]
fn the_closed_lists_are_those_of_the_interface() {
    let reasons = |class| -> Vec<_> {
        Reason::ALL.iter().filter(|reason| reason.class() == class).map(|reason| reason.name()).collect()
    };
    assert_eq!(reasons(ReasonClass::NotReadable), NOT_READABLE);
    assert_eq!(reasons(ReasonClass::Refused), REFUSED);
    assert_eq!(Reason::ALL.len(), NOT_READABLE.len() + REFUSED.len());
    assert_eq!(Phase::ALL.map(Phase::name), PHASES);
    assert_eq!(Warning::ALL.iter().map(|warning| warning.name()).collect::<Vec<_>>(), WARNINGS);
}

/// The names of an object are these and no others.
#[track_caller]
fn assert_names(value: &Value, names: &[&str]) {
    let mut found: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut names = names.to_vec();
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names);
}

#[track_caller]
fn assert_is_day(value: &Value) {
    let text = value.as_str().unwrap();
    assert_eq!(text.parse::<activation_code::Day>().unwrap().to_string(), text);
}

#[track_caller]
fn assert_is_issued(value: &Value, optional: &[&str]) {
    assert_names(value, &["license", "revision", "issuer", "terms", "code"]);
    assert_names(&value["issuer"], &["number", "key"]);
    assert_eq!(format!("{}:{}", value["issuer"]["number"], value["issuer"]["key"].as_str().unwrap()), ISSUER);
    assert_names(&value["terms"], &[&TERMS, optional].concat());
    ["first", "last", "issued"].iter().for_each(|name| assert_is_day(&value["terms"][name]));
    assert_names(&value["code"], &["letters", "digits", "transport"]);
    assert!(value["code"]["transport"].as_str().unwrap().starts_with("A1:"));
    assert_eq!(value["code"]["letters"].as_array().unwrap().len(), value["code"]["digits"].as_array().unwrap().len());
    assert_eq!(value["license"], value["terms"]["license"]);
    assert_eq!(value["revision"], value["terms"]["revision"]);
}

#[test]
fn what_the_desk_prints_as_json_has_the_names_of_the_interface() {
    let desk = Desk::new();
    let today = today();
    let plain = desk.run(&desk.order("PO-1", &today)).json();
    assert_is_issued(&plain, &[]);
    let everything = desk
        .run(&[
            "issue",
            "--json",
            "--customer",
            "1",
            "--product",
            "ALL",
            "--units",
            "5",
            "--from",
            &today,
            "--term",
            "90d",
            "--kind",
            "evaluation",
            "--grace",
            "7",
            "--test",
            "--holder",
            "Example Hospital",
            "--features",
            "8001",
        ])
        .json();
    assert_is_issued(&everything, &["grace", "members", "features", "holder", "test"]);
    assert_eq!(everything["terms"]["members"], serde_json::json!([7, 8]));
    assert_eq!(everything["terms"]["features"], 0x8001);
    assert_eq!(everything["terms"]["test"], true);
    assert_eq!(everything["terms"]["kind"], "evaluation");

    let shown = desk.run(&["--json", "show", "2"]).json();
    assert_eq!(shown, serde_json::json!([everything]));
    assert_eq!(desk.run(&["--json", "show", "1"]).json(), serde_json::json!([plain]));

    let list = desk.run(&["--json", "list"]).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    for license in list.as_array().unwrap() {
        let names = ["license", "revision", "customer", "customer_name", "order", "product", "mnemonic", "units"];
        let test: &[&str] = if license["license"] == 2 { &["test"] } else { &[] };
        assert_names(license, &[&names[..], &["kind", "first", "last", "issued", "state"], test].concat());
        assert_eq!(license["state"], "active");
        ["first", "last", "issued"].iter().for_each(|name| assert_is_day(&license[name]));
    }
    assert_eq!((&list[0]["order"], &list[1]["order"]), (&"PO-1".into(), &Value::Null));

    let reprinted = desk.run(&["--json", "reprint", "1"]).json();
    assert_eq!(reprinted, serde_json::json!([plain]));

    let license_names = ["license", "revision", "customer", "customer_name", "order", "product", "mnemonic", "units"];
    let license_names = [&license_names[..], &["kind", "first", "last", "issued", "state"]].concat();
    let due = desk.run(&["--json", "due", "--within", "2y"]).json();
    assert_eq!(due.as_array().unwrap().len(), 2);
    for license in due.as_array().unwrap() {
        let test: &[&str] = if license["license"] == 2 { &["test"] } else { &[] };
        assert_names(license, &[&license_names[..], &["email", "unit", "days_left", "missing"], test].concat());
    }

    let row = plain["code"]["letters"][2].as_str().unwrap();
    let mistyped = format!("{}?{}", &row[..7], &row[8..]);
    let found = &desk.run(&["--json", "search", &mistyped]).json()[0];
    assert_names(found, &[&license_names[..], &["matched", "matched_revision", "rows", "repairs"]].concat());
    assert_names(&found["repairs"][0], &["row", "group", "typed", "meant", "event"]);
    assert_eq!((&found["matched"], &found["rows"]), (&"row".into(), &serde_json::json!([3])));
    let found = &desk.run(&["--json", "search", "PO-1"]).json()[0];
    assert_names(found, &[&license_names[..], &["matched", "matched_revision"]].concat());
    let found = &desk.run(&["--json", "search", "hospital"]).json()[0];
    assert_names(found, &[&license_names[..], &["matched"]].concat());

    let history = desk.run(&["--json", "history", "1"]).json();
    let event_names = ["event", "day", "operator", "action", "license", "customer", "customer_name", "codes"];
    assert_names(&history[0], &[&event_names[..], &["order"]].concat());
    assert_names(&history[0]["codes"][0], &["revision", "issuer", "product", "mnemonic", "units", "first", "last"]);
    assert_names(&history[1], &event_names);
    assert_names(&history[1]["codes"][0], &["revision", "issuer"]);

    let report = desk.run(&["--json", "report", "--by", "product"]).json();
    assert_names(&report[0], &["product", "mnemonic", "name", "unit", "kind", "licenses", "units"]);
    let report = desk.run(&["--json", "report", "--by", "customer"]).json();
    assert_names(&report[0], &["customer", "customer_name", "unit", "kind", "licenses", "units"]);

    let products = desk.run(&["--json", "product", "list"]).json();
    for product in products.as_array().unwrap() {
        let members: &[&str] = if product["kind"] == "suite" { &["members"] } else { &[] };
        assert_names(product, &[&PRODUCT[..], members].concat());
    }
    assert_eq!(products.as_array().unwrap().len(), 4);

    let customers = desk.run(&["--json", "customer", "list"]).json();
    assert_names(&customers[0], &["number", "name"]);
    assert_names(&desk.run(&["--json", "customer", "add", "Somebody"]).json(), &["number", "name"]);

    let email = desk.run(&["--json", "customer", "change", "2", "--email", "a@b.example"]).json();
    assert_names(&email, &["number", "name", "email"]);
    assert_eq!(desk.run(&["--json", "customer", "show", "2"]).json(), email);

    let issuers = desk.run(&["--json", "issuer"]).json();
    assert_names(&issuers[0], &["number", "key", "state"]);
    assert_eq!(desk.run(&["issuer"]).out, format!("{ISSUER}\n"));
}

#[test]
fn what_the_life_of_keys_prints_as_json_has_the_names_of_the_interface() {
    let desk = Desk::new();
    desk.run(&desk.order("PO-1", &today())).assert_done();
    let made = desk.run(&["--json", "key", "new"]).json();
    assert_names(&made, &["number", "key", "state", "limits"]);
    let rotated = desk.run(&["--json", "key", "rotate", "--without-bundle"]).json();
    assert_names(&rotated, &["issuer", "retired"]);
    assert_names(&rotated["retired"], &["number", "key", "codes", "limits"]);
    let counts = ["issuer", "state", "codes", "licenses", "listed", "bundle_bytes", "signs"];
    assert_names(&desk.run(&["--json", "key", "lost", "1", "--list"]).json(), &counts);
    let output = desk.room().join("codes.csv");
    let lost = desk.run(&["--json", "key", "lost", "1", "--reissue", "--output", output.to_str().unwrap()]).json();
    assert_names(&lost, &[&counts[..], &["reissued", "skipped"]].concat());
    let history = desk.run(&["--json", "history", "1"]).json();
    assert_eq!((&history[1]["action"], &history[1]["lost"]), (&"reissued".into(), &1.into()));
    let issuers = desk.run(&["--json", "issuer"]).json();
    assert_names(&issuers[0], &["number", "key", "state", "limits"]);
    let states: Vec<_> = [0, 1].iter().map(|place| issuers[*place]["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["stolen", "in-use"]);
    // What nobody is to trust any more is not printed for installations.
    let printed = desk.run(&["issuer"]);
    assert!(printed.out.starts_with("2:") && printed.out.lines().count() == 1, "{printed:?}");
    assert!(printed.err.contains("note: key 1 was stolen, and is void"), "{printed:?}");
}

#[test]
fn what_is_said_of_products_operators_limits_and_requests_has_the_names_of_the_interface() {
    let desk = Desk::new();
    let day = today();
    let facts = ["--family", "F", "--rank", "2", "--platform", "Linux", "--end-of-sale", &day, "--end-of-life", &day];
    let change = [&["--json", "product", "change", "CLOUD"], &facts[..]].concat();
    let changed = desk.run(&change).json();
    assert_names(&changed, &[&PRODUCT[..], &["family", "platform", "end_of_sale", "end_of_life"]].concat());
    ["end_of_sale", "end_of_life"].iter().for_each(|name| assert_is_day(&changed[name]));
    assert_eq!(desk.run(&["--json", "product", "show", "10"]).json(), changed);
    assert_eq!(
        (&changed["rank"], &changed["auto_enabled"], &changed["use_ends"]),
        (&2.into(), &false.into(), &false.into())
    );

    let new = desk.passphrase();
    let own = ["--json", "operator", "passphrase", "--new-passphrase-file", new.to_str().unwrap()];
    let operator = desk.run(&own).json();
    assert_names(&operator, &["name", "role", "active", "passphrase"]);
    assert_eq!(desk.run(&["--json", "operator", "list"]).json(), serde_json::json!([operator]));

    let own = |arguments: &[&str]| run(desk.command(&["--json", "--operator-file"]).arg(&new).args(arguments));
    let limits = own(&["limits", "set", "--approval-above", "9"]).json();
    assert_names(&limits, &["most_units", "longest_days", "back_dating_days", "approval_above"]);
    assert_eq!((&limits["most_units"], &limits["approval_above"]), (&Value::Null, &9.into()));
    assert_eq!(own(&["limits"]).json(), limits);

    own(&desk.order("PO-1", &day)[1..]).assert_complains(1);
    let requests = own(&["requests"]).json();
    let names = ["request", "day", "operator", "state", "what", "asked"];
    assert_names(&requests[0], &names);
    let rejected = own(&["reject", "1"]).json();
    assert_names(&rejected, &[&names[..], &["answer"]].concat());
    assert_names(&rejected["answer"], &["day", "operator"]);
    assert_eq!(own(&["requests", "--all"]).json(), serde_json::json!([rejected]));
}

const CODE: [&str; 5] = ["license", "revision", "issuer", "terms", "code"];

#[test]
fn what_becomes_of_a_license_is_printed_with_the_names_of_the_interface() {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    for days in [2100, 2500] {
        let long_ago = clock().plus(-days).unwrap();
        issue(&mut ledger, &test_key(), &order(long_ago, None), long_ago).unwrap();
    }
    let name = "Example City Council".parse().unwrap();
    desk::add_customer(&mut ledger, &session(clock()), &name, None, [2; 16]).unwrap();
    let run = |arguments: &[&str]| desk.run(&[&["--json"], arguments].concat()).json();

    // A late renewal.
    let renew = ["renew", "1", "--term", "1y", "--order", "PO-1"];
    let plan = run(&[&renew[..], &["--preview"]].concat());
    assert_names(&plan, &["terms", "period", "before", "lapsed_days", "order"]);
    assert_names(&plan["terms"], &TERMS);
    assert_names(&plan["period"], &["first", "last"]);
    assert_names(&plan["before"], &["revision", "product", "units", "kind", "first", "last"]);
    assert_eq!(plan["lapsed_days"], 2100 - 365);
    let renewed = run(&renew);
    assert_names(&renewed, &[&CODE[..], &["lapsed_days"]].concat());
    assert_eq!(renewed["terms"], plan["terms"]);

    // An early one, and what goes out again with added units.
    assert_names(&run(&["renew", "1", "--term", "1y"]), &[&CODE[..], &["queued_after"]].concat());
    let add = ["add-units", "1", "--more", "5"];
    let plan = run(&[&add[..], &["--preview"]].concat());
    assert_names(&plan, &["terms", "period", "before", "reissued"]);
    assert_names(&plan["reissued"][0], &["terms", "period"]);
    let added = run(&add);
    assert_names(&added, &[&CODE[..], &["reissued"]].concat());
    assert_is_issued(&added["reissued"][0], &[]);
    assert_eq!(added["reissued"][0]["revision"], 5);

    let revoked = run(&["revoke", "1", "--below", "4", "--reason", "wrong"]);
    assert_eq!(revoked, serde_json::json!({"license": 1, "revoked": [1, 2, 3], "good": [4, 5], "reason": "wrong"}));
    let shown = run(&["show", "1"]);
    assert_names(&shown[0], &[&CODE[..], &["revoked"]].concat());
    assert_eq!(shown[0]["revoked"], true);
    assert_eq!(run(&renew)["revoked"], true, "the same order again");
    assert_names(&shown[4], &CODE);
    let transferred = run(&["transfer", "1", "--to", "2"]);
    let name = "Example City Council";
    assert_eq!(transferred, serde_json::json!({"license": 1, "from": 1, "customer": 2, "customer_name": name}));
    assert_names(&run(&["revoke", "1"]), &["license", "revoked", "good"]);
    assert_eq!(run(&["list"])[0]["state"], "revoked");
    // The code of a period that it cannot carry whole comes with the true one.
    let cut = run(&["renew", "2", "--term", "1y"]);
    assert_names(&cut, &[&CODE[..], &["lapsed_days", "period"]].concat());
    assert_ne!(cut["period"]["first"], cut["terms"]["first"]);
}

/// A program that reads JSON gets JSON or nothing.
#[test]
fn with_json_a_failure_prints_nothing_to_standard_output() {
    let desk = Desk::new();
    for arguments in [
        &["--json", "show", "99"][..],
        &["--json", "customer", "add", "Example Hospital Trust"],
        &["--json", "--desk", "/nonexistent", "list"],
    ] {
        let ran = run(desk.command(&[]).args(arguments));
        assert_ne!(ran.code, Some(0));
        assert_eq!(ran.out, "");
    }
}
