//! Tools that some tests need and some machines lack.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Whether a tool can be used. Where it is missing the test says aloud that it was
/// skipped, and fails if `COUNTERSIGN_REQUIRE_TOOLS` is set, as in CI.
pub fn have(tool: &str) -> bool {
    let missing = if place(tool).is_none() {
        "is not installed"
    } else if tool == "strace" && !rustix::process::geteuid().is_root() {
        // The program lets nobody else in.
        "cannot see the desk's files without root"
    } else {
        return true;
    };
    assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none(), "{tool} {missing}, and it is required");
    say(&format!("SKIPPED: {tool} {missing}"));
    false
}

/// Where a tool is: on the path, or where Debian puts the programs of a PostgreSQL server.
pub fn place(tool: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let versions = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten();
    let servers = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    std::env::split_paths(&paths).chain(servers).map(|folder| folder.join(tool)).find(|path| path.is_file())
}

/// To standard error, also from a test that passes: the test runner catches only `eprintln`.
pub fn say(what: &str) {
    let thread = std::thread::current();
    let _ = io::stderr().write_all(format!("{}: {what}\n", thread.name().unwrap_or("test")).as_bytes());
}
