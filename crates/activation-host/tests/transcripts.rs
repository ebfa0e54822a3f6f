//! What a person at an installation sees, as transcripts: `tests/transcripts/*.md`, each run in a
//! folder with the files of `tests/codes`. `TRYCMD=overwrite` writes them anew.

use std::fs;
use std::path::Path;

/// 4 MB that are no code.
const LONG: usize = 4_000_000;

#[test]
fn the_host_answers_as_its_transcripts_say() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let room = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(tests.join("transcripts")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "md", "{}", path.display());
        let name = path.file_name().unwrap().to_owned();
        fs::copy(&path, room.path().join(&name)).unwrap();
        let inside = room.path().join(&name).with_extension("in");
        fs::create_dir_all(inside.join("folder")).unwrap();
        for code in fs::read_dir(tests.join("codes")).unwrap() {
            let code = code.unwrap();
            fs::copy(code.path(), inside.join(code.file_name())).unwrap();
        }
        fs::write(inside.join("long.txt"), "A".repeat(LONG)).unwrap();
        fs::write(inside.join("noise.bin"), noise(LONG)).unwrap();
        fs::write(inside.join("a-little-noise.bin"), noise(100)).unwrap();
        names.push(name);
    }
    assert!(names.len() >= 4);
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").case(room.path().join("*.md")).run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in names {
            fs::copy(room.path().join(&name), tests.join("transcripts").join(&name)).unwrap();
        }
    }
}

/// The same noise every time (xorshift64).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(length)
    .collect()
}
