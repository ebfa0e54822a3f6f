//! Where an installation keeps what it remembers: named texts, each there whole or not at all.

use crate::files::{sync_folder, write_whole};
use crate::program::system;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The folder of the codes, inside the storage.
pub(crate) const CODES: &str = "codes";

/// How long a program waits for another one that is changing something.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits to look; then it looks all the same, because each text is whole at any time.
const PATIENCE_TO_LOOK: Duration = Duration::from_millis(200);

/// Texts by name, such as `memory.txt` and `codes/1.lic`. [`Folder`] keeps them as files; an integrator may keep them
/// elsewhere.
///
/// Writing is whole or not at all, also after a power cut: a reader at any time has the old text or the new one.
pub trait Storage: fmt::Debug + Send + Sync {
    /// A text of at most `longest` bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] for what is longer or no text's place; what the system says.
    fn read(&self, name: &str, longest: usize) -> io::Result<Option<Vec<u8>>>;

    /// Puts a text in the place of the one that is there.
    ///
    /// # Errors
    /// What the system says; then the former text is there.
    fn write(&self, name: &str, text: &[u8]) -> io::Result<()>;

    /// Removes a text, if it is there.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of all codes (`codes/….lic`), ascending.
    ///
    /// # Errors
    /// What the system says.
    fn codes(&self) -> io::Result<Vec<String>>;

    /// Keeps other threads and processes from changing anything, until the lock is dropped.
    ///
    /// # Errors
    /// Another one has it for seconds ([`ErrorKind::WouldBlock`]), or what the system says.
    fn lock(&self) -> io::Result<Lock<'_>>;

    /// As [`Self::lock`], to look only: several may look at once. `None` where it cannot be had, in a folder that is
    /// read-only or while another program hangs.
    fn lock_to_look(&self) -> Option<Lock<'_>>;

    /// Something that differs as soon as any text differs; `None` where that is not known, also because a text was
    /// written just now.
    fn stamp(&self) -> Option<Vec<u8>>;

    /// How a person finds a text.
    fn place(&self, name: &str) -> String;
}

/// A storage that is locked.
#[derive(Debug)]
pub enum Lock<'a> {
    /// By a file; unlocked when it is closed.
    File(File),
    /// Inside this process.
    Thread(MutexGuard<'a, ()>),
}

/// What the system says of a text of the storage.
#[derive(Debug)]
pub struct StorageFault {
    /// Where the text is, or should be.
    pub place: String,
    /// What it says.
    pub error: io::Error,
}

impl fmt::Display for StorageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.error.kind() == ErrorKind::WouldBlock {
            return write!(f, "{}: another program is changing this installation", self.place);
        }
        write!(f, "{}: {}", self.place, system(&self.error))
    }
}

impl std::error::Error for StorageFault {}

/// A folder of files.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder is made with the first text that is written, with mode 0700.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn make(&self) -> io::Result<()> {
        let codes = self.file(CODES);
        if codes.is_dir() {
            return Ok(());
        }
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let missing: Vec<_> = codes.ancestors().take_while(is_missing).collect();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&codes)?;
        missing.into_iter().rev().try_for_each(sync_folder)
    }
}

impl Storage for Folder {
    fn read(&self, name: &str, longest: usize) -> io::Result<Option<Vec<u8>>> {
        let opened = open_to_read(self.file(name)).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // A folder, a device, a pipe.
        if !metadata.is_file() || metadata.len() > longest as u64 {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut text = Vec::with_capacity(metadata.len() as usize);
        file.take(longest as u64 + 1).read_to_end(&mut text)?;
        if text.len() > longest { Err(ErrorKind::InvalidData.into()) } else { Ok(Some(text)) }
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        self.make()?;
        write_whole(&self.file(name), text)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| sync_folder(&path)),
        }
    }

    fn codes(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.file(CODES)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            if let Some(name) = entry?.file_name().to_str()
                && name.ends_with(".lic")
                && !name.starts_with('.')
            {
                names.push(format!("{CODES}/{name}"));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn lock(&self) -> io::Result<Lock<'_>> {
        self.make()?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(without_waiting(&mut options), 0o600);
        let file = options.open(self.file("lock"))?;
        patiently(PATIENCE, || file.try_lock())?;
        Ok(Lock::File(file))
    }

    fn lock_to_look(&self) -> Option<Lock<'_>> {
        let file = open_to_read(self.file("lock")).ok()?;
        patiently(PATIENCE_TO_LOOK, || file.try_lock_shared()).ok()?;
        Some(Lock::File(file))
    }

    #[cfg(unix)]
    fn stamp(&self) -> Option<Vec<u8>> {
        use rustix::fs::{CWD, Dir, Mode, OFlags, openat};
        use rustix::io::Errno;
        let to_look = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut stamp = Stamp::new();
        let folder = match openat(CWD, &self.path, to_look, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Some(stamp.bytes),
            Err(_) => return None,
        };
        // The folder itself changes with each name in it.
        for name in [".", "memory.txt", "sites.txt", "trust.bundle", "trust.roots"] {
            stamp.add(&folder, name)?;
        }
        match openat(&folder, CODES, to_look, Mode::empty()) {
            Ok(codes) => {
                stamp.add(&codes, ".")?;
                // In the order of the folder, which is the same as long as the folder is.
                for entry in Dir::read_from(&codes).ok()? {
                    let entry = entry.ok()?;
                    let name = entry.file_name();
                    if name.to_bytes().ends_with(b".lic") {
                        stamp.bytes.extend_from_slice(name.to_bytes_with_nul());
                        stamp.add(&codes, name)?;
                    }
                }
            }
            Err(Errno::NOENT) => stamp.nothing(),
            Err(_) => return None,
        }
        Some(stamp.bytes)
    }

    #[cfg(not(unix))]
    fn stamp(&self) -> Option<Vec<u8>> {
        None
    }

    fn place(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

/// What differs as soon as a file differs.
#[cfg(unix)]
struct Stamp {
    bytes: Vec<u8>,
    now: i128,
}

/// The system's clock for files stands still for so long. A file that was written within it may be written again, and
/// look the same.
#[cfg(unix)]
const TICK: i128 = 20_000_000;

#[cfg(unix)]
impl Stamp {
    fn new() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { bytes: Vec::with_capacity(1024), now: since.as_nanos().cast_signed() }
    }

    fn nothing(&mut self) {
        self.bytes.push(0);
    }

    fn add(&mut self, folder: &rustix::fd::OwnedFd, name: impl rustix::path::Arg) -> Option<()> {
        let file = match rustix::fs::statat(folder, name, rustix::fs::AtFlags::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => {
                self.nothing();
                return Some(());
            }
            Err(_) => return None,
        };
        // The time of a change of the inode cannot be set by who writes the file.
        let changed = i128::from(file.st_ctime) * 1_000_000_000 + i128::from(file.st_ctime_nsec);
        self.bytes.extend_from_slice(&file.st_ino.to_le_bytes());
        self.bytes.extend_from_slice(&file.st_size.to_le_bytes());
        self.bytes.extend_from_slice(&changed.to_le_bytes());
        ((self.now - changed).abs() > TICK).then_some(())
    }
}

/// Opens whatever is there at once.
fn open_to_read(path: PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    without_waiting(&mut options);
    options.open(path)
}

/// A pipe in the place of a file would keep us waiting for its other end, for ever.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed())
}

pub(crate) fn patiently(patience: Duration, mut lock: impl FnMut() -> Result<(), TryLockError>) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Texts in memory, for a product that keeps its state elsewhere, and for tests.
#[derive(Debug, Default)]
pub struct InMemory {
    texts: Mutex<(u64, BTreeMap<String, Vec<u8>>)>,
    lock: Mutex<()>,
}

impl InMemory {
    fn texts(&self) -> MutexGuard<'_, (u64, BTreeMap<String, Vec<u8>>)> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for InMemory {
    fn read(&self, name: &str, longest: usize) -> io::Result<Option<Vec<u8>>> {
        match self.texts().1.get(name) {
            Some(text) if text.len() > longest => Err(ErrorKind::InvalidData.into()),
            text => Ok(text.cloned()),
        }
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let mut texts = self.texts();
        texts.0 += 1;
        texts.1.insert(name.to_owned(), text.to_vec());
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut texts = self.texts();
        texts.0 += 1;
        texts.1.remove(name);
        Ok(())
    }

    fn codes(&self) -> io::Result<Vec<String>> {
        let is_code = |name: &&String| name.starts_with(CODES) && name.ends_with(".lic");
        Ok(self.texts().1.keys().filter(is_code).cloned().collect())
    }

    fn lock(&self) -> io::Result<Lock<'_>> {
        Ok(Lock::Thread(self.lock.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn lock_to_look(&self) -> Option<Lock<'_>> {
        self.lock().ok()
    }

    fn stamp(&self) -> Option<Vec<u8>> {
        Some(self.texts().0.to_le_bytes().to_vec())
    }

    fn place(&self, name: &str) -> String {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> (tempfile::TempDir, Folder) {
        let here = tempfile::tempdir().unwrap();
        let folder = Folder::new(here.path().join("state"));
        (here, folder)
    }

    fn as_long_as_it_may_be(storage: &dyn Storage) {
        storage.write("memory.txt", b"12345").unwrap();
        assert_eq!(storage.read("memory.txt", 5).unwrap().as_deref(), Some(&b"12345"[..]));
        assert_eq!(storage.read("memory.txt", 4).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(storage.read("sites.txt", 5).unwrap(), None);
    }

    #[test]
    fn what_is_longer_than_wanted_is_not_read() {
        as_long_as_it_may_be(&kept().1);
        as_long_as_it_may_be(&InMemory::default());
    }

    /// Such a file says that it is empty, and is not: as one that grows while it is read.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says_is_not_read_to_its_end() {
        let system = Folder::new("/proc/self".into());
        let name = system.read("comm", 100).unwrap().unwrap();
        assert!(!name.is_empty());
        assert_eq!(system.read("comm", name.len()).unwrap(), Some(name.clone()));
        assert_eq!(system.read("comm", name.len() - 1).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(system.read("maps", 10).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn what_cannot_be_removed_is_said() {
        let (_here, folder) = kept();
        folder.write("codes/a.lic", b"x").unwrap();
        folder.remove("codes/a.lic").unwrap();
        folder.remove("codes/a.lic").unwrap();
        folder.remove("codes").unwrap_err();
    }

    #[test]
    fn codes_are_the_files_of_one_folder() {
        let memory = InMemory::default();
        for name in ["codes/b.lic", "codes/a.lic", "codes/a.txt", "memory.lic", "draft.txt"] {
            memory.write(name, b"x").unwrap();
        }
        assert_eq!(memory.codes().unwrap(), ["codes/a.lic", "codes/b.lic"]);
        let (here, folder) = kept();
        assert_eq!(folder.codes().unwrap(), [""; 0]);
        fs::create_dir(here.path().join("state")).unwrap();
        fs::write(here.path().join("state/codes"), "no folder").unwrap();
        folder.codes().unwrap_err();
    }

    /// Without it an answer could be read while another program writes.
    #[test]
    fn who_looks_waits_for_who_writes() {
        let (_here, folder) = kept();
        assert!(folder.lock_to_look().is_none(), "there is nothing to look at");
        let writing = folder.lock().unwrap();
        assert!(folder.lock_to_look().is_none());
        drop(writing);
        let looking = folder.lock_to_look();
        assert!(looking.is_some() && folder.lock_to_look().is_some());
        let memory = InMemory::default();
        assert!(memory.lock_to_look().is_some());
    }

    #[test]
    fn texts_in_memory_have_another_stamp_after_each_change() {
        let memory = InMemory::default();
        let before = memory.stamp().unwrap();
        memory.write("memory.txt", b"x").unwrap();
        let written = memory.stamp().unwrap();
        memory.remove("memory.txt").unwrap();
        assert!(before != written && written != memory.stamp().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_has_another_stamp_after_each_change_and_none_at_once() {
        let (_here, folder) = kept();
        let settled = || {
            // Until nothing in it is new.
            let stamps = (0..200).find_map(|_| {
                std::thread::sleep(Duration::from_millis(10));
                folder.stamp()
            });
            stamps.expect("two seconds are enough")
        };
        let mut stamps = vec![settled()];
        for (name, text) in [
            ("memory.txt", "1"),
            ("memory.txt", "2"),
            ("sites.txt", "1"),
            ("trust.bundle", "1"),
            ("trust.roots", "1"),
            ("codes/a.lic", "1"),
            ("codes/a.lic", "2"),
            ("codes/b.lic", "1"),
        ] {
            folder.write(name, text.as_bytes()).unwrap();
            stamps.push(settled());
            assert_eq!(folder.stamp().as_ref(), stamps.last());
        }
        folder.remove("codes/b.lic").unwrap();
        stamps.push(settled());
        assert_eq!(stamps.iter().collect::<std::collections::BTreeSet<_>>().len(), stamps.len());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_written_just_now_has_no_stamp() {
        use std::os::unix::fs::MetadataExt;
        let (here, folder) = kept();
        folder.write("memory.txt", b"x").unwrap();
        let written = fs::metadata(here.path().join("state/memory.txt")).unwrap();
        let changed = i128::from(written.ctime()) * 1_000_000_000 + i128::from(written.ctime_nsec());
        let state: rustix::fd::OwnedFd = File::open(here.path().join("state")).unwrap().into();
        let has_one = |now: i128| Stamp { bytes: Vec::new(), now }.add(&state, "memory.txt").is_some();
        assert!(has_one(changed + TICK + 1) && has_one(changed - TICK - 1));
        assert!(!has_one(changed + TICK) && !has_one(changed - TICK) && !has_one(changed));
        let mut nothing = Stamp { bytes: Vec::new(), now: 0 };
        assert!(nothing.add(&state, "sites.txt").is_some());
        assert_eq!(nothing.bytes, [0]);
    }
}
