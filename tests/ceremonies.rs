//! Every ceremony that an operator may have to do, as a script that runs headless: `tests/ceremonies/*.sh`. What each
//! is for is told to people in `docs/ceremonies.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ceremonies");
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<_> = all.filter(|path| !path.ends_with("common.sh")).collect();
    scripts.sort();
    scripts
}

/// Runs a script in an empty folder, with both programs in its path.
#[track_caller]
fn hold(name: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ceremonies").join(name).with_extension("sh");
    let programs = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    assert!(programs.join("activation").exists(), "`cargo build --workspace` makes the program `activation`");
    let room = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.arg(&script).current_dir(room.path()).env("PATH", path);
    for variable in ["COUNTERSIGN_DESK", "COUNTERSIGN_OPERATOR", "ACTIVATION_STATE"] {
        bash.env_remove(variable);
    }
    let ran = bash.output().unwrap();
    let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ran.status.success(), "{}:\n{out}{err}", script.display());
}

macro_rules! ceremonies {
    ($($test:ident $name:literal,)*) => {
        $(#[test] fn $test() { hold($name); })*

        #[test]
        fn every_script_is_run() {
            let names: Vec<_> = scripts().iter().map(|path| path.file_stem().unwrap().to_owned()).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

ceremonies! {
    the_desks_key_is_stolen "desk-key-stolen",
    a_desk_is_restored "desk-restored",
    the_first_setup "first-setup",
    the_desks_key_is_rotated "key-rotation",
    a_partner_is_ended "partner-ended",
    roots_are_rotated "root-rotation",
}
