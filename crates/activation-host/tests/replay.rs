//! Every input that fuzzing has saved keeps the law that it was saved for.

#[path = "common/laws.rs"]
mod laws;

use std::{fs, path::Path};

#[test]
fn every_saved_picture_keeps_the_law() {
    replay("qr_file", laws::qr_file);
}

#[test]
fn every_saved_usage_report_keeps_the_law() {
    replay("usage_report", laws::usage_report);
}

fn replay(target: &str, law: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs = 0;
    for file in fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        // A broken law names the input in what the test has printed.
        println!("{}", path.display());
        law(&fs::read(&path).unwrap());
        inputs += 1;
    }
    assert!(inputs > 0);
}
