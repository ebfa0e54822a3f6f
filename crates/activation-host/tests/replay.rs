//! Every input that fuzzing has saved keeps the law that it was saved for.

#[path = "common/laws.rs"]
mod laws;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/sold.rs"]
mod sold;

use std::fs;
use std::path::{Path, PathBuf};

/// As in `crates/activation-code/tests/replay.rs`.
fn saved(name: &str) -> Vec<PathBuf> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let folders = [Some("corpus"), std::env::var_os("FUZZ_WORK").is_some().then_some("work")];
    let entries = folders.into_iter().flatten().filter_map(|folder| fs::read_dir(fuzz.join(folder).join(name)).ok());
    entries.flatten().map(|file| file.unwrap().path()).collect()
}

#[test]
fn every_saved_input_keeps_its_law() {
    for (name, law) in laws::LAWS {
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
