//! Every input that fuzzing has saved keeps the law that it was saved for.

mod common;

use common::laws::LAWS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Replayed by `crates/activation-host/tests/replay.rs` and by `tests/desk/partners.rs`.
const ELSEWHERE: [&str; 4] = ["qr_file", "partner_export", "usage_report", "state_file"];

/// The inputs that are saved, and with `FUZZ_WORK` those that fuzzing has found since: fuzz/coverage.sh counts what
/// they come to.
fn saved(name: &str) -> Vec<PathBuf> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let folders = [Some("corpus"), std::env::var_os("FUZZ_WORK").is_some().then_some("work")];
    let entries = folders.into_iter().flatten().filter_map(|folder| fs::read_dir(fuzz.join(folder).join(name)).ok());
    entries.flatten().map(|file| file.unwrap().path()).collect()
}

#[test]
fn every_saved_input_keeps_its_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let folders: BTreeSet<_> =
        fs::read_dir(&corpus).unwrap().map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    let known = LAWS.iter().map(|(name, _)| *name).chain(ELSEWHERE);
    assert_eq!(folders, known.map(str::to_owned).collect());
    for (name, law) in LAWS {
        let mut inputs = 0;
        for path in saved(name) {
            // A broken law names the input in what the test has printed.
            println!("{}", path.display());
            law(&fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name}");
    }
}
