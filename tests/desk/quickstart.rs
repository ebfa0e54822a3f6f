//! What quickstart prints works when it is pasted.

use crate::common::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn the_next_steps_of_quickstart_work_when_pasted() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("the desk's folder & more");
    let mut command = program("setsid");
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_countersign")).arg("--desk").arg(&folder).arg("quickstart");
    let ran = run(&mut command);
    let steps: Vec<&str> = ran.assert_done().out.lines().filter_map(|line| line.strip_prefix("  /")).collect();
    let steps: Vec<String> = steps.iter().map(|step| format!("/{step}")).collect();
    assert_eq!(steps.len(), 4, "{ran:?}");
    let host = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("activation");
    for step in &steps {
        if step.contains("activation inspect") && !host.exists() {
            say("SKIPPED: the program `activation` is not built; `cargo test --workspace` builds it");
            assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none());
            continue;
        }
        let pasted = run(program("sh").args(["-c", step]));
        assert_eq!(pasted.code, Some(0), "{step}: {pasted:?}");
        assert!(!step.contains("inspect") || pasted.out.starts_with("Activated: "), "{pasted:?}");
    }
    let passphrase = std::fs::metadata(folder.join("passphrase")).unwrap();
    assert_eq!((passphrase.permissions().mode() & 0o7777, passphrase.len()), (0o600, 26));
}
