//! What a person at an installation sees, as transcripts: `tests/transcripts/*.md`, each run in a
//! folder with the files of `tests/codes`. `TRYCMD=overwrite` writes them anew.

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/tools.rs"]
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Transcripts that need another clock than the machine's.
const WITH_FAKED_CLOCKS: &str = "disasters.md";

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
        if name == WITH_FAKED_CLOCKS {
            damage(&inside);
        }
        names.push(name);
    }
    assert!(names.len() >= 4);
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").case(room.path().join("*.md"));
    let library = faked_clocks();
    match &library {
        Some(library) => cases.env("TZ", "UTC0").env("LD_PRELOAD", library.to_str().unwrap()),
        None => cases.skip(room.path().join(WITH_FAKED_CLOCKS)),
    };
    cases.run();
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        for name in names {
            fs::copy(room.path().join(&name), tests.join("transcripts").join(&name)).unwrap();
        }
    }
}

/// The library that gives a program another clock.
fn faked_clocks() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.is_file());
    let there = tools::required(found.is_some(), "libfaketime")
        && tools::required(!cfg!(target_feature = "crt-static"), "a program that is linked dynamically");
    found.filter(|_| there)
}

/// Folders of installations that something happened to.
fn damage(inside: &Path) {
    const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
    const CODE: &str = "codes/license-1042-revision-1-issued-2026-11-22.lic";
    for (name, cut) in [
        ("cut-memory", &["memory.txt"][..]),
        ("cut-memory-and-copy", &["memory.txt", "memory.txt.copy"]),
        ("cut-code", &[CODE]),
    ] {
        let state = inside.join(name);
        let mut enter = Command::new(env!("CARGO_BIN_EXE_activation"));
        enter.args(["enter", "--today", "2026-12-20", "--issuer", ISSUER, "full.txt", "--state", name]);
        assert!(enter.current_dir(inside).output().unwrap().status.success());
        for file in cut {
            let text = fs::read(state.join(file)).unwrap();
            fs::write(state.join(file), &text[..text.len() / 2]).unwrap();
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
