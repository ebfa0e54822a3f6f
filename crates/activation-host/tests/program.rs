//! What a transcript cannot show: standard input, closed outputs, and whom the program trusts.

#[path = "common/sold.rs"]
mod sold;
#[path = "common/tools.rs"]
mod tools;

use activation_code::{HostId, HostRequest};
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

/// What it wrote to standard output and standard error, and its exit code.
fn told(command: &mut Command) -> (String, String, i32) {
    let Output { stdout, stderr, status } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code().unwrap())
}

#[test]
fn a_bundle_is_loaded_shown_and_named_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let file = folder.path().join("bundle.txt");
    let root = sold::public(&sold::root_key()).to_string();
    let load = |number: u32| {
        let products = "product 7 SRV seats software name=Server\n";
        fs::write(&file, sold::bundle(number, "2026-11-22", products)).unwrap();
        told(activation(&["trust", "load", "--root", &root, "--state"]).arg(&state).arg(&file))
    };
    let show = || told(activation(&["trust", "show", "--state"]).arg(&state));
    let (nothing, said, exit) = show();
    assert_eq!((nothing.as_str(), exit), ("", 1));
    assert!(said.contains("this installation has no trust bundle"), "{said}");
    let (loaded, _, exit) = load(1);
    let (heading, words) = loaded.split_once('\n').unwrap();
    assert_eq!((heading, exit), ("Loaded trust bundle 1", 0));
    for line in [
        "vendor       Acme",
        "contact      desk@acme.example",
        "issued       2026-11-22, ",
        "roots        1 of 1 sign, ",
    ] {
        assert!(words.contains(&format!("  {line}")), "{line}: {words}");
    }
    assert!(words.contains("  product      7, SRV: Server\n") && words.contains("  issuer       1:"), "{words}");
    assert_eq!(show(), (format!("Trust bundle 1\n{words}"), String::new(), 0));
    assert!(load(1).0.starts_with("Trust bundle 1 is in force already\n"));
    assert!(load(2).0.starts_with("Loaded trust bundle 2 in the place of 1\n"));
    // Where its first text is damaged nothing has to be done.
    fs::write(state.join("trust.bundle"), "damaged").unwrap();
    let (shown, said, _) = show();
    assert!(
        shown.starts_with("Trust bundle 2\n") && said.contains("nothing is lost") && !said.contains("hint"),
        "{said}"
    );
    // Where both are, the bundle is loaded anew: it takes the place of no other.
    fs::write(state.join("trust.bundle.copy"), "damaged").unwrap();
    let (shown, said, exit) = show();
    assert_eq!((shown.as_str(), exit), ("", 2));
    assert!(said.contains("hint: load the newest bundle of the vendor again"), "{said}");
    let (loaded, _, exit) = load(2);
    assert!(loaded.starts_with("Loaded trust bundle 2\n") && exit == 0, "{loaded}");
}

#[test]
fn a_report_is_the_same_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("report.txt"));
    let report = |output: &[&str]| {
        told(activation(&["report", "--issuer", ISSUER, "--today", "2027-10-01", "--state"]).arg(&state).args(output))
    };
    let (text, _, exit) = report(&[]);
    assert!(text.contains("day 2027-10-01\n") && exit == 0, "{text}");
    let path = file.to_str().unwrap();
    assert_eq!(report(&["--output", path]), (format!("Wrote {path}\n"), String::new(), 0));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let (nothing, said, exit) = report(&["--output", "/nowhere/report.txt"]);
    assert_eq!((nothing.as_str(), exit), ("", 2));
    assert!(said.contains("/nowhere/report.txt: "), "{said}");
}

#[test]
fn a_value_that_is_none_of_a_list_is_answered_with_the_list() {
    let (_, said, exit) = told(&mut activation(&["status", "--format", "xml"]));
    assert!(said.starts_with("activation: --format \"xml\": wanted one of text, line, json, nagios"), "{said}");
    assert_eq!(exit, 2);
}

#[test]
fn an_index_that_is_not_the_owners_is_answered_with_those_that_are() {
    for index in ["0x01c00000", "0x017fffff", "+180c516", "counter", ""] {
        let (_, said, exit) = told(&mut activation(&["status", "--tpm", "/dev/null", "--tpm-index", index]));
        let wanted = "wanted an NV index of the TPM's owner, 0x01800000 to 0x01bfffff";
        assert!(said.starts_with(&format!("activation: --tpm-index {index:?}: {wanted}")), "{said}");
        assert_eq!(exit, 2);
    }
}

#[test]
fn one_byte_more_than_may_be_is_too_long() {
    let arguments = ["inspect", "--issuer", ISSUER, "--today", "2027-10-01", "--json"];
    let mut text = fs::read(code("full.txt")).unwrap();
    text.resize(65_536, b'\n');
    let reason = |input: &[u8]| {
        let answer: serde_json::Value = serde_json::from_slice(&with_input(&arguments, input).stdout).unwrap();
        answer["reason"].clone()
    };
    assert_eq!(reason(&text), serde_json::Value::Null);
    text.push(b'\n');
    assert_eq!(reason(&text), "too-long");
    // A picture, and what follows it.
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 300, 300);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::NoCompression);
    encoder.write_header().unwrap().write_image_data(&[200; 300 * 300]).unwrap();
    let said = |input: &[u8]| String::from_utf8(with_input(&arguments, input).stderr).unwrap();
    file.resize(20 << 20, 0);
    assert!(said(&file).contains("the picture shows no QR code"), "{}", said(&file));
    file.push(0);
    assert!(said(&file).contains("the picture's file has more than 20 MiB"), "{}", said(&file));
}

#[test]
fn a_clock_reset_from_a_file_is_followed_and_what_is_wrong_with_one_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let issuer = sold::issuer().to_string();
    let enter = |rows: &[String], more: &[&str]| {
        let file = folder.path().join("reset.txt");
        fs::write(&file, rows.join("\n")).unwrap();
        told(activation(&["enter", "--issuer", &issuer, "--state"]).arg(&state).arg(&file).args(more))
    };
    let wanted = |(_, said, exit): (String, String, i32), hint: &str, code: i32| {
        assert!(said.contains(hint) && exit == code, "{exit}: {said}");
    };
    let asked = || {
        let (row, said, _) = told(activation(&["request", "--clock", "--issuer", &issuer, "--state"]).arg(&state));
        let row = row.lines().find_map(|line| HostRequest::read(line.trim()).ok());
        row.unwrap_or_else(|| panic!("{said}"))
    };
    let request = asked();
    let rows = sold::reset_rows(&request, "2026-11-23");
    wanted(enter(&rows[..1], &[]), "the clock reset is not complete: row 2 is wanted", 2);
    fs::remove_file(state.join("draft.txt")).unwrap();
    let other = HostRequest { host: HostId(request.host.0 ^ 1), ..request };
    wanted(enter(&sold::reset_rows(&other, "2026-11-23"), &["--new"]), "enter it on the host that asked for it", 1);
    let unsigned = sold::reset_rows_by(&sold::root_key(), &request, "2026-11-23");
    wanted(enter(&unsigned, &["--new"]), "ask the license desk whether it issued this code", 1);
    let (answer, said, exit) = enter(&rows, &["--new"]);
    assert_eq!(
        (answer.as_str(), exit),
        ("Clock reset to 2026-11-23: no later day that this host saw counts any more\n", 0)
    );
    assert!(!state.join("draft.txt").exists(), "{said}");
    wanted(enter(&rows, &["--new"]), "give the desk the row that `activation request --clock` prints here", 1);
    let (answer, _, exit) = enter(&sold::reset_rows(&asked(), "2026-11-24"), &["--new", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((answer["clock_reset"]["day"].as_str(), exit), (Some("2026-11-24"), 0));
}

#[test]
fn a_folder_of_a_newer_release_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let newer = activation_host::checked_text::seal("countersign memory 9\nanything\n");
    for name in ["memory.txt", "memory.txt.copy"] {
        fs::write(folder.path().join(name), &newer).unwrap();
    }
    let of = |arguments: &[&str]| told(activation(arguments).args(["--state"]).arg(folder.path()));
    let (_, said, exit) = of(&["request", "--issuer", ISSUER]);
    assert!(said.contains("hint: run it as the user whose folder this is, with the newest release"), "{said}");
    assert_eq!(exit, 2);
    for name in ["trust.bundle", "trust.roots"] {
        fs::write(folder.path().join(name), "damaged").unwrap();
    }
    let (_, said, exit) = of(&["inspect", "--today", "2027-10-01"]);
    assert!(exit != 0 && !said.contains("panicked"), "{said}");
    let (_, said, exit) = of(&["enter", "-"]);
    assert!(said.contains("hint: load the newest bundle of the vendor again"), "{said}");
    assert_eq!(exit, 2);
}
