//! Tools that some tests need and some machines lack.

use std::io::{self, Write};

/// Whether what a test needs is there. Where it is missing the test says aloud that it was skipped, and fails if
/// `COUNTERSIGN_REQUIRE_TOOLS` is set, as in CI.
pub fn required(there: bool, what: &str) -> bool {
    if !there {
        assert!(std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_none(), "{what} is missing, and it is required");
        say(&format!("SKIPPED: {what} is missing"));
    }
    there
}

/// Whether a tool is on the path.
pub fn have(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    required(std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file()), tool)
}

/// To standard error, also from a test that passes: the test runner catches only `eprintln`.
pub fn say(what: &str) {
    let thread = std::thread::current();
    let _ = io::stderr().write_all(format!("{}: {what}\n", thread.name().unwrap_or("test")).as_bytes());
}
