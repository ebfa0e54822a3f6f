//! A copy of what is committed or at least known to git, to be changed at will.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Project {
    /// The copy.
    pub folder: PathBuf,
    /// What is built of it.
    pub target: PathBuf,
    /// What tests leave behind.
    pub scratch: PathBuf,
}

impl Project {
    pub fn copy(root: &Path, work: &Path) -> Self {
        let project = Self { folder: work.join("project"), target: work.join("target"), scratch: work.join("scratch") };
        let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().expect("git runs");
        assert!(listed.status.success(), "the project is a git repository");
        for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let (from, to) = (root.join(name), project.folder.join(name));
            fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("the copy can be written");
            // What is as it was keeps its time, or all would be built anew.
            match fs::read(&from) {
                Ok(bytes) if fs::read(&to).ok().as_ref() == Some(&bytes) => {}
                Ok(_) => drop(fs::copy(&from, &to).expect("the copy can be written")),
                Err(_) => {} // Deleted, and not yet committed.
            }
        }
        fs::create_dir_all(&project.scratch).expect("the work folder can be written");
        project
    }

    /// Writes a file of the copy, if it is another.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.folder.join(file);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).expect("the copy can be written");
        }
    }

    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.folder);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("RUSTFLAGS", "--cap-lints=allow");
        // Mutants are run thousands of times, and nobody looks at them with a debugger.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0").env("CARGO_TERM_COLOR", "never");
        cargo
    }
}
