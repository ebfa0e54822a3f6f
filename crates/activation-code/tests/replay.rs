//! Every input that fuzzing has saved keeps the law that it was saved for.

mod common;
#[path = "../../../fuzz/saved.rs"]
mod saved;

use common::laws::LAWS;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Replayed by `crates/activation-host/tests/replay.rs` and by `tests/desk/partners.rs`.
const ELSEWHERE: [&str; 4] = ["qr_file", "partner_export", "usage_report", "state_file"];

#[test]
fn every_saved_input_keeps_its_law() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let folders: BTreeSet<_> =
        fs::read_dir(&corpus).unwrap().map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    let known = LAWS.iter().map(|(name, _)| *name).chain(ELSEWHERE);
    assert_eq!(folders, known.map(str::to_owned).collect());
    for (name, law) in LAWS {
        saved::replay(name, law);
    }
}
