//! Every input that fuzzing has saved keeps the law that it was saved for.

#[path = "common/laws.rs"]
mod laws;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/sold.rs"]
mod sold;

use std::{fs, path::Path};

#[test]
fn every_saved_input_keeps_its_law() {
    for (name, law) in laws::LAWS {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            // A broken law names the input in what the test has printed.
            println!("{}", path.display());
            law(&fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name}");
    }
}
