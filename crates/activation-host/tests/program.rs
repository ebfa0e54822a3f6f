//! What a transcript cannot show: standard input, closed outputs, and whom the program trusts.

#[path = "common/tools.rs"]
mod tools;

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

fn code(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/codes").join(name)
}

fn activation(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_activation"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        activation(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program stops reading a text that is too long.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn a_code_is_read_from_standard_input_with_and_without_a_dash() {
    let text = fs::read(code("full.txt")).unwrap();
    let from_file =
        activation(&["inspect", "--issuer", ISSUER, "--today", "2027-10-01"]).arg(code("full.txt")).output().unwrap();
    for arguments in [
        &["inspect", "--issuer", ISSUER, "--today", "2027-10-01"][..],
        &["inspect", "--issuer", ISSUER, "--today", "2027-10-01", "-"],
    ] {
        let output = with_input(arguments, &text);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stdout, from_file.stdout);
    }
}

#[test]
fn noise_of_any_length_is_an_answer_and_no_panic() {
    let mut state = 1_u64;
    let mut noise = Vec::new();
    for length in [0, 1, 2, 5, 25, 100, 640, 641, 65_535, 65_536, 65_537, 4_000_000] {
        noise.resize_with(length, || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        let output = with_input(&["inspect", "--issuer", ISSUER, "--json"], &noise);
        assert_eq!(output.status.code(), Some(2), "{length} bytes");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["outcome"], "refused");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    }
}

/// The published test keys are known to everybody: who runs the program as it was built trusts nobody.
#[test]
fn without_an_issuer_the_program_trusts_nobody() {
    for name in ["full.txt", "test.txt"] {
        for more in [&["inspect", "--json"][..], &["inspect", "--json", "--allow-test"]] {
            let output = activation(more).arg(code(name)).output().unwrap();
            assert_eq!(output.status.code(), Some(2));
            assert!(output.stdout.is_empty());
            assert!(String::from_utf8_lossy(&output.stderr).starts_with("activation: no issuer to trust\nhint: "));
        }
    }
}

/// What a program does not import it cannot call: it has no other way to the system than the C library.
#[test]
fn the_program_imports_nothing_of_the_network() {
    if !tools::have("nm") || !tools::required(!cfg!(target_feature = "crt-static"), "a program with imports") {
        return;
    }
    let output =
        Command::new("nm").args(["-D", "--undefined-only", env!("CARGO_BIN_EXE_activation")]).output().unwrap();
    let imports = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = imports.lines().filter_map(|line| line.split_whitespace().last()?.split('@').next()).collect();
    assert!(names.contains(&"read") && names.contains(&"write"), "{imports}");
    for name in ["socket", "connect", "getaddrinfo", "gethostbyname", "sendto", "bind", "listen"] {
        assert!(!names.contains(&name), "{name}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure_whatever_the_code_is_worth() {
    for name in ["full.txt", "bad-signature.txt", "empty.txt"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output =
            activation(&["inspect", "--issuer", ISSUER]).arg(code(name)).stdout(full).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("activation: cannot write the answer: No space left on device\n"), "{said}");
    }
}

/// Every name of the interface, and no other.
#[test]
fn the_json_of_inspect_has_the_names_of_the_interface() {
    let names = |value: &serde_json::Value| -> Vec<String> {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let inspect = |name: &str, more: &[&str]| -> serde_json::Value {
        let output =
            activation(&["inspect", "--issuer", ISSUER, "--json"]).args(more).arg(code(name)).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let top = ["code", "outcome", "places", "reason", "repairs", "standing", "terms"];
    let accepted = inspect("everything.txt", &["--allow-test", "--released", "2027-01-01"]);
    assert_eq!(names(&accepted), top);
    assert_eq!(
        names(&accepted["standing"]),
        ["days_left", "phase", "release_covered", "run", "support", "updates", "warnings"]
    );
    assert_eq!(names(&accepted["code"]), ["letters"]);
    assert_eq!(
        names(&accepted["terms"]),
        [
            "features", "first", "grace", "holder", "host", "issued", "issuer", "kind", "last", "license", "members",
            "product", "revision", "test", "units",
        ]
    );
    assert!(accepted["reason"].is_null());
    let refused = inspect("bound.txt", &["--host", "00000000"]);
    assert_eq!(names(&refused), top);
    assert_eq!((&refused["outcome"], &refused["reason"]), (&"refused".into(), &"other-host".into()));
    assert!(refused["standing"].is_null());
    assert_eq!(refused["terms"]["host"], 0x8001_f00d_u32);
    let repaired = inspect("one-character.txt", &[]);
    assert_eq!(names(&repaired), top);
    assert_eq!(repaired["outcome"], "repaired");
    assert_eq!(names(&repaired["repairs"][0]), ["event", "group", "meant", "row", "typed"]);
    assert_eq!(repaired["repairs"][0]["event"], "substitution");
    let unreadable = inspect("one-character.txt", &["--strict"]);
    assert_eq!(names(&unreadable), top);
    assert!(unreadable["terms"].is_null() && unreadable["code"].is_null() && unreadable["standing"].is_null());
    assert_eq!(names(&unreadable["places"][0]), ["group", "row"]);
}
