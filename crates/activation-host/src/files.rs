//! Files that are there whole or not at all, also after a power cut.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file, or makes it: written beside its place, synced, moved there, and
/// the folder synced.
///
/// # Errors
/// What the system says; then the file is as it was.
pub fn write_whole(path: &Path, contents: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = write_beside(&beside, contents).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What cannot be removed is replaced the next time.
        let _ = fs::remove_file(&beside);
    }
    written.and_then(|()| sync_folder(path))
}

fn write_beside(path: &Path, contents: &[u8]) -> io::Result<()> {
    // What an earlier process of this number left, or somebody put there to be followed; where it stays, the new file
    // cannot be made.
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// A name of this process's own in the same folder.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

/// Syncs the folder that a file is in, so that the file's name lasts.
///
/// # Errors
/// What the system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_left_beside_it_is_replaced_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.txt");
        fs::write(beside(&path), "what a killed process wrote").unwrap();
        write_whole(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        fs::create_dir(beside(&path)).unwrap();
        assert_eq!(write_whole(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn where_it_cannot_be_written_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_whole(&folder.path().join("missing/file"), b"x").is_err());
        let occupied = folder.path().join("folder");
        fs::create_dir(&occupied).unwrap();
        assert!(write_whole(&occupied, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
