//! The cases of `tests/trust/` through the program, each as its README says. The bundles and codes there are made by
//! `common/trust_data.rs`; what is expected of them was written by hand.
//!
//!     COUNTERSIGN_REWRITE=1 cargo test -p activation-host --test trust_cases

#[path = "common/trust_data.rs"]
mod trust_data;

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What stands in the folder that nobody makes.
const WRITTEN: [&str; 3] = [".gitattributes", "README.md", "cases.json"];
/// The roots of a step that names none.
const ROOTS: &str = "2 of root-a root-b root-c";

/// Why a bundle is refused, and what the program says then.
const REFUSALS: [(&str, &str); 21] = [
    ("too-long", "a trust bundle has at most 8388608 bytes"),
    ("too-many-notes", "a trust bundle has at most 64 notes"),
    ("empty", "the file is empty"),
    ("not-text", "no text in UTF-8"),
    ("line", "line "),
    ("no-signatures", "wanted an empty line and signatures after this text"),
    ("signature", "wanted a signature, as in"),
    ("signed-twice", "this key has signed before"),
    ("too-many-signatures", "more than 32 signatures"),
    ("wrong-signature", "the signature does not belong to this text"),
    ("below-threshold", "of the roots that are trusted"),
    ("new-roots-below-threshold", "is not signed by enough of the roots that it brings"),
    ("order", "stands after one with the same or a higher number"),
    ("other-vendor", "is another vendor's than the one before"),
    ("older", "it was rolled back"),
    ("fork", "is in force"),
    ("kept-vendor", "and the one in force of"),
    ("for-testing", "for testing only"),
    ("no-roots", "no root keys to trust"),
    ("no-bundle", "this installation has no trust bundle"),
    ("usage", ""),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    load: Option<Source>,
    show: Option<Shown>,
    inspect: Option<String>,
    trust: Option<String>,
    roots: Option<String>,
    #[serde(default)]
    issuers: Vec<String>,
    #[serde(default)]
    products: Vec<String>,
    today: Option<String>,
    #[serde(default)]
    allow_test: bool,
    exit: i32,
    loaded: Option<String>,
    refused: Option<String>,
    line: Option<usize>,
    outcome: Option<String>,
    reason: Option<String>,
    phase: Option<String>,
    run: Option<bool>,
    days_left: Option<u32>,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Source {
    File(String),
    Numbered { numbered: String, times: u32, then: Vec<String> },
    Repeated { repeated: String, bytes: usize },
    Endless { endless: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    number: Option<u32>,
    fingerprint_of: Option<String>,
    issuers: Option<Vec<u16>>,
    void: Option<Vec<u16>>,
    revoked: Option<usize>,
    test: Option<bool>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/trust")
}

fn bundle(name: &str) -> PathBuf {
    folder().join("bundles").join(format!("{name}.txt"))
}

/// Each key in hex by its name.
fn keys() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("keys.json")).unwrap();
    let all: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&text).unwrap();
    all.into_iter().map(|(name, key)| (name, key["key"].clone())).collect()
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&fs::read_to_string(folder().join("cases.json")).unwrap()).expect("fields that are known")
}

#[test]
fn the_data_are_what_the_generator_makes() {
    let made = trust_data::files();
    if std::env::var_os("COUNTERSIGN_REWRITE").is_some() {
        for part in ["bundles", "codes"] {
            let _ = fs::remove_dir_all(folder().join(part));
            fs::create_dir_all(folder().join(part)).unwrap();
        }
        made.iter().for_each(|(name, content)| fs::write(folder().join(name), content).unwrap());
    }
    let mut there: BTreeSet<String> = BTreeSet::new();
    for part in ["", "bundles/", "codes/"] {
        for entry in fs::read_dir(folder().join(part)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                there.insert(format!("{part}{}", entry.file_name().into_string().unwrap()));
            }
        }
    }
    let wanted = made.keys().map(String::as_str).chain(WRITTEN).map(str::to_owned).collect();
    assert_eq!(there, wanted);
    for (name, content) in made {
        assert_eq!(fs::read(folder().join(&name)).unwrap(), content, "{name}");
    }
}

#[test]
fn every_bundle_and_code_has_a_case() {
    let text = fs::read_to_string(folder().join("cases.json")).unwrap();
    for name in trust_data::files().keys().filter_map(|name| name.strip_suffix(".txt")) {
        let name = name.split_once('/').unwrap().1;
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn every_case_ends_as_the_design_says() {
    let keys = keys();
    let cases = cases();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 80);
    let faults: Vec<String> = cases.iter().filter_map(|case| run(case, &keys).err()).collect();
    assert!(faults.is_empty(), "{} cases\n{}", faults.len(), faults.join("\n"));
}

/// What is otherwise than expected.
type Verdict = Result<(), String>;

fn run(case: &Case, keys: &BTreeMap<String, String>) -> Verdict {
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    for (number, step) in (1..).zip(&case.steps) {
        let before = kept(&state);
        let output = perform(step, &state, keys);
        judge(step, &output, keys)
            .and_then(|()| {
                let changed = kept(&state) != before;
                let may_change = step.loaded.as_deref() == Some("new");
                expect("whether what is kept has changed", changed, may_change)
            })
            .map_err(|fault| {
                let said = String::from_utf8_lossy(&output.stderr);
                format!("{}, step {number}: {fault}\n  exit {:?}, said: {said}", case.name, output.status.code())
            })?;
    }
    Ok(())
}

/// The state's files, but for empty folders.
fn kept(state: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(state).into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn perform(step: &Step, state: &Path, keys: &BTreeMap<String, String>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_activation"));
    let mut input = None;
    match (&step.load, &step.show, &step.inspect) {
        (Some(source), None, None) => {
            command.args(["trust", "load"]);
            if let Source::File(name) = source {
                command.arg(bundle(name));
            } else {
                command.arg("-");
                input = Some(source);
            }
            give_roots(&mut command, step, keys);
        }
        (None, Some(_), None) => {
            command.args(["trust", "show"]);
        }
        (None, None, Some(code)) => {
            command.arg("inspect").arg(folder().join("codes").join(format!("{code}.txt")));
            if let Some(trust) = &step.trust {
                command.arg("--trust").arg(bundle(trust));
                give_roots(&mut command, step, keys);
            }
            for issuer in &step.issuers {
                let (number, name) = issuer.split_once(':').unwrap();
                command.args(["--issuer", &format!("{number}:{}", keys[name])]);
            }
            let products = step.products.iter().map(|product| ["--product", product]);
            let today = step.today.iter().map(|today| ["--today", today]);
            command.args(products.chain(today).flatten());
        }
        _ => panic!("a step is one of load, show and inspect"),
    }
    if step.allow_test {
        command.arg("--allow-test");
    }
    command.arg("--json").arg("--state").arg(state);
    let streams = command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = streams.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let (Some(source), Some(mut stdin)) = (input, child.stdin.take()) {
        // The program stops reading what is too long.
        while stdin.write_all(&piped(source)).is_ok() && matches!(source, Source::Endless { .. }) {}
    }
    child.wait_with_output().unwrap()
}

/// What is written to standard input, once or for ever.
fn piped(source: &Source) -> Vec<u8> {
    let text = |name: &str| fs::read_to_string(bundle(name)).unwrap();
    match source {
        Source::File(name) | Source::Endless { endless: name } => text(name).into_bytes(),
        Source::Numbered { numbered, times, then } => {
            let one = text(numbered);
            let number = one.lines().nth(2).unwrap();
            let notes = (1..=*times).map(|i| one.replacen(number, &format!("number {i}"), 1));
            notes.chain(then.iter().map(|name| text(name))).collect::<String>().into_bytes()
        }
        Source::Repeated { repeated, bytes } => text(repeated).into_bytes().into_iter().cycle().take(*bytes).collect(),
    }
}

fn give_roots(command: &mut Command, step: &Step, keys: &BTreeMap<String, String>) {
    let roots = step.roots.as_deref().unwrap_or(ROOTS);
    if roots == "none" {
        return;
    }
    let (needed, names) = roots.split_once(" of ").expect("M of NAME NAME, or none");
    let roots = names.split(' ').flat_map(|name| ["--root", keys[name].as_str()]);
    command.args(roots).args(["--roots-needed", needed]);
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Verdict {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?}, wanted {wanted:?}")) }
}

fn judge(step: &Step, output: &Output, keys: &BTreeMap<String, String>) -> Verdict {
    let said = String::from_utf8_lossy(&output.stderr);
    expect("a panic", said.contains("panicked"), false)?;
    expect("the exit code", output.status.code(), Some(step.exit))?;
    if let Some(because) = &step.refused {
        let (_, words) = REFUSALS.iter().find(|(name, _)| name == because).expect("a reason of the closed list");
        let line = step.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        expect("nothing printed", output.stdout.is_empty(), true)?;
        expect("who says it", said.starts_with(&format!("activation: {line}")), true)?;
        return expect("the reason", said.contains(words), true);
    }
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|fault| fault.to_string())?;
    match (&step.load, &step.show) {
        (Some(_), _) => {
            let known = step.loaded.as_deref();
            assert!(matches!(known, Some("new" | "already")), "an outcome of the closed list");
            expect("a number", answer["number"].is_u64(), true)
        }
        (_, Some(shown)) => judge_shown(shown, &answer, keys),
        _ => judge_inspected(step, &answer),
    }
}

fn judge_shown(shown: &Shown, answer: &serde_json::Value, keys: &BTreeMap<String, String>) -> Verdict {
    let numbers = |which: fn(&serde_json::Value) -> bool| -> Vec<u64> {
        let issuers = answer["issuers"].as_array().unwrap();
        issuers.iter().filter(|issuer| which(issuer)).map(|issuer| issuer["number"].as_u64().unwrap()).collect()
    };
    let wide = |numbers: &Vec<u16>| numbers.iter().map(|&number| number.into()).collect::<Vec<u64>>();
    if let Some(number) = shown.number {
        expect("the number", answer["number"].as_u64(), Some(number.into()))?;
    }
    if let Some(roots) = &shown.fingerprint_of {
        let (needed, names) = roots.split_once(" of ").unwrap();
        let roots = names.split(' ').map(|name| keys[name].parse().unwrap());
        let wanted = activation_code::Roots::new(needed.parse().unwrap(), roots).unwrap().fingerprint();
        expect("the fingerprint", answer["fingerprint"].as_str(), Some(wanted.as_str()))?;
    }
    if let Some(issuers) = &shown.issuers {
        expect("the issuers", numbers(|_| true), wide(issuers))?;
    }
    if let Some(void) = &shown.void {
        expect("void issuers", numbers(|issuer| issuer["void"] == true), wide(void))?;
    }
    if let Some(revoked) = shown.revoked {
        expect("what is revoked", answer["revoked"].as_array().map(Vec::len), Some(revoked))?;
    }
    if let Some(test) = shown.test {
        expect("whether it is for testing", answer["test"].as_bool().unwrap_or(false), test)?;
    }
    expect("its age", answer["age_days"].is_i64(), true)
}

fn judge_inspected(step: &Step, answer: &serde_json::Value) -> Verdict {
    let outcome = step.outcome.as_deref();
    assert!(matches!(outcome, Some("accepted" | "refused")), "an outcome of the closed list");
    expect("the outcome", answer["outcome"].as_str(), outcome)?;
    expect("the reason", answer["reason"].as_str(), step.reason.as_deref())?;
    let standing = &answer["standing"];
    if let Some(phase) = &step.phase {
        expect("the phase", standing["phase"].as_str(), Some(phase))?;
    }
    if let Some(run) = step.run {
        expect("whether it runs", standing["run"].as_bool(), Some(run))?;
    }
    if let Some(days) = step.days_left {
        expect("the days left", standing["days_left"].as_u64(), Some(days.into()))?;
    }
    if let Some(warnings) = &step.warnings {
        let found: Vec<String> = serde_json::from_value(standing["warnings"].clone()).unwrap_or_default();
        expect("the warnings", &found, warnings)?;
    }
    Ok(())
}
