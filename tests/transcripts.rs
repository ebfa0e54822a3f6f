//! What a clerk sees, as transcripts: `tests/transcripts/*.md`, each in a folder of its own with a desk
//! in `license-desk`, its passphrase in `passphrase`, those of two operators, and the files of the folder beside it
//! (`*.in`). `TRYCMD=overwrite` writes them anew.

mod common;

use std::fs;
use std::path::Path;

#[test]
fn the_desk_answers_as_its_transcripts_say() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let room = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "in") {
            assert!(path.with_extension("md").exists(), "{}", path.display());
            continue;
        }
        assert_eq!(path.extension().unwrap(), "md", "{}", path.display());
        let name = path.file_name().unwrap().to_owned();
        fs::copy(&path, room.path().join(&name)).unwrap();
        let inside = room.path().join(&name).with_extension("in");
        fs::create_dir(&inside).unwrap();
        if path.with_extension("in").exists() {
            common::copy_folder(&path.with_extension("in"), &inside);
        }
        common::furnish(&inside.join("license-desk"));
        common::write_secret(&inside.join("passphrase"), common::PASSPHRASE);
        for operator in ["anna", "bernd"] {
            let passphrase = inside.join(format!("{operator}.passphrase"));
            common::write_secret(&passphrase, format!("{operator} has one of their own"));
        }
        names.push(name);
    }
    assert!(names.len() >= 4);
    let cases = trycmd::TestCases::new();
    cases.env("COUNTERSIGN_DESK", "license-desk").env("COLUMNS", "100").insert_var("[TODAY]", common::today()).unwrap();
    cases.case(room.path().join("*.md")).run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in names {
            fs::copy(room.path().join(&name), source.join(&name)).unwrap();
        }
    }
}
