//! The inputs of fuzzing, for the tests that replay them.

use std::fs;
use std::path::{Path, PathBuf};

/// The inputs of a target that are saved, and with `FUZZ_WORK` the seeds and those that fuzzing has found since:
/// `fuzz/coverage.py` counts what they come to.
fn saved(target: &str) -> Vec<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("fuzz"));
    let fuzz = folders.into_iter().find(|folder| folder.join("corpus").is_dir()).unwrap();
    let folders = [Some("corpus"), std::env::var_os("FUZZ_WORK").is_some().then_some("work")];
    let entries = folders.into_iter().flatten().filter_map(|folder| fs::read_dir(fuzz.join(folder).join(target)).ok());
    let inputs: Vec<_> = entries.flatten().map(|file| file.unwrap().path()).collect();
    assert!(!inputs.is_empty(), "{target}");
    inputs
}

/// Holds each of them to its law.
pub fn replay(target: &str, law: impl Fn(&[u8])) {
    for path in saved(target) {
        // A broken law names the input in what the test has printed.
        println!("{}", path.display());
        law(&fs::read(&path).unwrap());
    }
}
