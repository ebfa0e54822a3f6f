//! Secret files on disk: made once, never overwritten, readable by their owner alone.

use activation_host::files::sync_folder;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Why a secret file is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileFault {
    /// What the system says.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// A symbolic link, which could point anywhere tomorrow.
    #[error("it is a symbolic link")]
    Link,
    /// A folder, a device, a pipe.
    #[error("it is no regular file")]
    NotAFile,
    /// Group or others may read or write it.
    #[error("others than its owner may read or change it (mode {mode:04o})")]
    Readable {
        /// The permission bits.
        mode: u32,
    },
    /// Longer than any such file.
    #[error("it has more than {limit} bytes")]
    TooLong {
        /// How much is read at most.
        limit: u64,
    },
}

impl From<io::Error> for SecretFileFault {
    fn from(error: io::Error) -> Self {
        // O_NOFOLLOW refuses a link so.
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) { Self::Link } else { Self::Io(error) }
    }
}

/// Makes a file that its owner alone may read (0600), synced with its folder.
///
/// # Errors
/// It exists, also as a link; or what the system says.
pub fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents)?;
    file.sync_all()?;
    sync_folder(path)
}

/// Reads a file that its owner alone may read, of at most `limit` bytes.
///
/// # Errors
/// A link, no regular file, readable by others, too long, or what the system says.
pub fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(SecretFileFault::NotAFile);
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileFault::Readable { mode });
    }
    read_to_limit(file, limit)
}

/// Reads at most `limit` bytes, into memory that is wiped.
///
/// # Errors
/// There are more, or what the system says.
pub fn read_to_limit(source: impl Read, limit: u64) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    // With the room taken beforehand no copy is left behind by growing.
    let mut contents = Zeroizing::new(Vec::with_capacity(limit as usize + 1));
    source.take(limit + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit { Err(SecretFileFault::TooLong { limit }) } else { Ok(contents) }
}

/// Whether it is a file that group or others may read; `false` if that cannot be found out.
pub fn is_readable_by_others(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_secret_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(create(&path, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(**read(&path, 6).unwrap(), *b"secret");
        assert!(matches!(read(&path, 5), Err(SecretFileFault::TooLong { limit: 5 })));
    }

    #[test]
    fn links_folders_pipes_and_open_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let link = folder.path().join("link");
        create(&path, b"secret").unwrap();
        symlink(&path, &link).unwrap();
        assert!(matches!(read(&link, 100), Err(SecretFileFault::Link)));
        assert_eq!(create(&link, b"x").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(matches!(read(folder.path(), 100), Err(SecretFileFault::NotAFile)));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(read(&pipe, 100), Err(SecretFileFault::NotAFile)));
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path, 100), Err(SecretFileFault::Readable { mode: found }) if found == mode));
        }
    }

    #[test]
    fn a_secret_file_that_is_not_there_is_what_the_system_says() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("key"), 100);
        assert!(matches!(missing, Err(SecretFileFault::Io(error)) if error.kind() == io::ErrorKind::NotFound));
    }
}
