//! Where a ledger lies: who has it open, how it is copied, and how a copy is put in its place.
//!
//! A ledger that is in use is one file with two more beside it, `-wal` and `-shm`, which SQLite finds by their
//! names. What takes its place must never meet those of another ledger: pages of the one would be written into the
//! other. So whoever has a ledger open holds a lock on its folder, and who puts another there holds it alone.

use super::schema;
use super::{Book, Head, Ledger, LedgerFault, Outcome, PATIENCE};
use activation_code::Day;
use activation_host::files::sync_folder;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Pages that are copied between two words of progress: four megabytes.
const PAGES: i32 = 1024;
/// Between two looks at a lock that others have.
const PAUSE: Duration = Duration::from_millis(20);

/// What is put behind the name of a ledger that made place for a backup; a day follows.
const KEPT: &str = ".before-restore-";

/// What SQLite keeps beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Somebody who has the ledger of a folder open; gone when dropped.
#[derive(Debug)]
pub(super) struct Presence {
    _folder: File,
}

impl Presence {
    /// Beside others.
    pub fn shared(ledger: &Path) -> Outcome<Self> {
        Self::wait(ledger, File::try_lock_shared, PATIENCE)
    }

    /// And nobody else.
    pub fn alone(ledger: &Path) -> Outcome<Self> {
        Self::wait(ledger, File::try_lock, PATIENCE)
    }

    fn wait(ledger: &Path, lock: fn(&File) -> Result<(), TryLockError>, patience: Duration) -> Outcome<Self> {
        let folder = File::open(folder_of(ledger)).map_err(LedgerFault::Folder)?;
        let began = Instant::now();
        loop {
            match lock(&folder) {
                Ok(()) => return Ok(Self { _folder: folder }),
                Err(TryLockError::Error(error)) => return Err(LedgerFault::Folder(error)),
                Err(TryLockError::WouldBlock) if began.elapsed() > patience => return Err(LedgerFault::InUse),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Why a ledger is not copied: whose fault it is.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// What is copied.
    #[error(transparent)]
    From(LedgerFault),
    /// The copy.
    #[error(transparent)]
    To(LedgerFault),
}

impl Ledger {
    /// The ledgers that restores kept beside this one, by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn kept(&self) -> Outcome<Vec<PathBuf>> {
        kept_beside(&self.path)
    }

    /// Copies everything of one moment into an empty file that exists, synced; others may write meanwhile.
    /// `progress` is told how many pages are copied, and of how many.
    ///
    /// # Errors
    /// The ledger cannot be read, or the copy not be written.
    pub fn copy_to(&mut self, path: &Path, progress: &dyn Fn(u64, u64)) -> Result<Option<Head>, CopyFault> {
        let from = |error: rusqlite::Error| CopyFault::From(error.into());
        let transaction = self.connection.transaction().map_err(from)?;
        // The first thing that is read fixes the moment.
        let head = Book::on(&transaction).head().map_err(CopyFault::From)?;
        copy(&transaction, path, progress)?;
        Ok(head)
    }
}

/// Copies what a connection sees into an empty file, which is one file afterwards: nothing beside it.
fn copy(from: &Connection, path: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), CopyFault> {
    let copied = copy_pages(from, path, progress);
    if copied.is_err() {
        // Whoever made the file removes it, and does not know of these.
        for end in BESIDE {
            let _ = fs::remove_file(with_end(path, end));
        }
    }
    copied
}

fn copy_pages(from: &Connection, path: &Path, progress: &dyn Fn(u64, u64)) -> Result<(), CopyFault> {
    let write = |fault: LedgerFault| CopyFault::To(fault);
    let mut to = schema::open_copy(path).map_err(write)?;
    {
        let backup = Backup::new(from, &mut to).map_err(|error| CopyFault::To(error.into()))?;
        loop {
            match backup.step(PAGES).map_err(whose)? {
                StepResult::Done => break,
                StepResult::More => {
                    let rusqlite::backup::Progress { remaining, pagecount } = backup.progress();
                    progress((pagecount - remaining).max(0) as u64, pagecount.max(0) as u64);
                }
                _ => return Err(CopyFault::From(LedgerFault::Locked)),
            }
        }
    }
    schema::into_one_file(to).map_err(write)?;
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| write(LedgerFault::NotSynced(error)))
}

/// A page that cannot be read is of the original, for the copy is written only.
fn whose(error: rusqlite::Error) -> CopyFault {
    let reading = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.extended_code,
            ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB
        ),
        _ => false,
    };
    if reading { CopyFault::From(error.into()) } else { CopyFault::To(error.into()) }
}

/// A copy of a backup that shall take a ledger's place. As long as it is there nobody else has the ledger open.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    draft: PathBuf,
    ledger: Option<Ledger>,
    /// Last: what is dropped first must not be seen by others.
    _alone: Presence,
}

impl Replacement {
    /// Copies a backup beside the place of a ledger, which may be damaged or missing, and brings the copy to this
    /// release's schema. Waits until nobody has the ledger open.
    ///
    /// # Errors
    /// The backup cannot be read, or is none; or the copy cannot be written.
    pub fn of(path: &Path, backup: &Path, progress: &dyn Fn(u64, u64)) -> Result<Self, CopyFault> {
        let from = schema::open_backup(backup).map_err(CopyFault::From)?;
        let alone = Presence::alone(path).map_err(CopyFault::To)?;
        let draft = with_end(path, ".restoring");
        let mut replacement = Self { path: path.to_owned(), draft, ledger: None, _alone: alone };
        replacement.make(&from, progress)?;
        Ok(replacement)
    }

    fn make(&mut self, from: &Connection, progress: &dyn Fn(u64, u64)) -> Result<(), CopyFault> {
        let folder = |error| CopyFault::To(LedgerFault::Folder(error));
        // What somebody who was killed left behind.
        self.remove_draft().map_err(folder)?;
        self.remove_second_names().map_err(CopyFault::To)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&self.draft).map_err(folder)?;
        copy(from, &self.draft, progress)?;
        let connection = schema::open(&self.draft).map_err(CopyFault::From)?;
        self.ledger = Some(Ledger { connection, path: self.draft.clone(), _presence: None });
        Ok(())
    }

    /// The copy. What is written there stands when it is put in place.
    ///
    /// # Errors
    /// It was put in place already.
    pub fn ledger(&mut self) -> Outcome<&mut Ledger> {
        self.ledger.as_mut().ok_or(LedgerFault::CannotOpen)
    }

    /// Whether there is anything in the place that it shall take.
    pub fn takes_a_place(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// The ledger whose place it shall take, to look at it.
    ///
    /// # Errors
    /// It is missing, or cannot be read.
    pub fn present(&self) -> Outcome<Ledger> {
        Ok(Ledger { connection: schema::open_to_read(&self.path)?, path: self.path.clone(), _presence: None })
    }

    /// Puts the copy in place, whole or not at all, and keeps what was there beside it under the name that is given
    /// back: `ledger.sqlite.before-restore-2026-11-22`.
    ///
    /// # Errors
    /// What was there cannot be kept, or the folder cannot be written.
    pub fn put_in_place(mut self, today: Day) -> Outcome<Option<PathBuf>> {
        let Some(ledger) = self.ledger.take() else { return Err(LedgerFault::CannotOpen) };
        schema::into_one_file(ledger.connection)?;
        File::open(&self.draft).and_then(|file| file.sync_all()).map_err(LedgerFault::NotSynced)?;
        let kept = self.free_name(today);
        let there = [&self.path].into_iter().cloned().chain(BESIDE.map(|end| with_end(&self.path, end)));
        let there: Vec<_> = there.filter(|path| path.symlink_metadata().is_ok()).collect();
        let whole = there.contains(&self.path) && settle(&self.path)?;
        let linked = whole && fs::hard_link(&self.path, &kept).is_ok();
        if linked {
            // At any moment there is a ledger: this one until the name is the other's.
            sync_folder(&self.path).map_err(LedgerFault::NotSynced)?;
        } else {
            // First the file, so that what cannot be read is never read without what stands beside it.
            for path in &there {
                let end = path.as_os_str().as_encoded_bytes().get(self.path.as_os_str().len()..).unwrap_or_default();
                let kept = with_end(&kept, &String::from_utf8_lossy(end));
                match fs::rename(path, kept) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(LedgerFault::Folder(error)),
                    _ => {}
                }
            }
            sync_folder(&self.path).map_err(LedgerFault::NotSynced)?;
        }
        fs::rename(&self.draft, &self.path).map_err(LedgerFault::Folder)?;
        sync_folder(&self.path).map_err(LedgerFault::NotSynced)?;
        Ok((!there.is_empty()).then_some(kept))
    }

    fn free_name(&self, today: Day) -> PathBuf {
        let name = |n: u32| match n {
            1 => with_end(&self.path, &format!("{KEPT}{today}")),
            n => with_end(&self.path, &format!("{KEPT}{today}-{n}")),
        };
        let is_free = |path: &PathBuf| {
            let ends = [""].into_iter().chain(BESIDE);
            ends.map(|end| with_end(path, end)).all(|path| path.symlink_metadata().is_err())
        };
        (1..).map(name).find(is_free).unwrap_or_else(|| name(0))
    }

    fn remove_draft(&self) -> io::Result<()> {
        for end in [""].into_iter().chain(BESIDE) {
            match fs::remove_file(with_end(&self.draft, end)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The ledgers that earlier restores kept beside this place.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn kept(&self) -> Outcome<Vec<PathBuf>> {
        kept_beside(&self.path)
    }

    /// Who was killed between giving the ledger a second name and giving its first to another left two names for
    /// one file: what is kept would change with the ledger.
    fn remove_second_names(&self) -> Outcome<()> {
        let Ok(ledger) = fs::symlink_metadata(&self.path) else { return Ok(()) };
        for path in self.kept()? {
            let same = |other: fs::Metadata| (other.dev(), other.ino()) == (ledger.dev(), ledger.ino());
            if fs::symlink_metadata(&path).is_ok_and(same) {
                fs::remove_file(path).map_err(LedgerFault::Folder)?;
            }
        }
        Ok(())
    }
}

/// The ledgers that restores kept beside the place of one, by name.
fn kept_beside(ledger: &Path) -> Outcome<Vec<PathBuf>> {
    let mut begin = ledger.file_name().unwrap_or_default().to_owned();
    begin.push(KEPT);
    let entries = fs::read_dir(folder_of(ledger)).map_err(LedgerFault::Folder)?;
    let mut kept = Vec::new();
    for entry in entries {
        let path = entry.map_err(LedgerFault::Folder)?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let beside = BESIDE.iter().any(|end| name.ends_with(end.as_bytes()));
        if name.starts_with(begin.as_encoded_bytes()) && !beside {
            kept.push(path);
        }
    }
    kept.sort_unstable();
    Ok(kept)
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // Before its files are removed.
        self.ledger = None;
        // What cannot be removed is removed the next time.
        let _ = self.remove_draft();
    }
}

/// Brings what SQLite has beside a file into it; whether the file is whole by itself then. Nobody else has it open.
fn settle(path: &Path) -> Outcome<bool> {
    match schema::settle(path) {
        Ok(()) => {}
        Err(LedgerFault::Damaged | LedgerFault::NotALedger | LedgerFault::CannotOpen | LedgerFault::Sqlite(_)) => {
            return Ok(false);
        }
        Err(fault) => return Err(fault),
    }
    Ok(!schema::has(path, "-wal") && !schema::has(path, "-journal"))
}

pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_somebody_has_open_makes_no_room() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("ledger.sqlite");
        let somebody = Presence::shared(&path).unwrap();
        let alone = Presence::wait(&path, File::try_lock, Duration::ZERO);
        assert!(matches!(alone, Err(LedgerFault::InUse)));
        drop(somebody);
        Presence::alone(&path).unwrap();
    }

    #[test]
    fn a_copy_that_fails_says_on_which_side() {
        let room = tempfile::tempdir().unwrap();
        let (path, nowhere) = (room.path().join("ledger.sqlite"), room.path().join("nowhere/ledger.sqlite"));
        let nothing = Replacement::of(&path, &nowhere, &|_, _| {});
        assert!(matches!(nothing, Err(CopyFault::From(LedgerFault::CannotOpen))));
        fs::write(&path, "").unwrap();
        drop(schema::create(&path).unwrap());
        let unwritten = Replacement::of(&nowhere, &path, &|_, _| {});
        assert!(
            matches!(unwritten, Err(CopyFault::To(LedgerFault::Folder(error))) if error.kind() == ErrorKind::NotFound)
        );
    }

    /// A ledger in a folder of its own, which nobody has open.
    fn made_in(room: &tempfile::TempDir) -> PathBuf {
        schema::made_in(room).0
    }

    #[test]
    fn a_path_without_a_folder_is_of_the_one_where_we_are() {
        assert_eq!(folder_of(Path::new("ledger.sqlite")), Path::new("."));
        assert_eq!(folder_of(Path::new("desk/ledger.sqlite")), Path::new("desk"));
        assert_eq!(folder_of(Path::new("/")), Path::new("."));
    }

    #[test]
    fn who_copies_a_large_ledger_is_told_how_far_it_is() {
        let room = tempfile::tempdir().unwrap();
        let path = made_in(&room);
        let ledger = schema::open(&path).unwrap();
        ledger.execute_batch("CREATE TABLE large AS SELECT zeroblob(10000000) AS y").unwrap();
        let copy = room.path().join("copy");
        fs::write(&copy, "").unwrap();
        let told = std::cell::RefCell::new(Vec::new());
        copy_pages(&ledger, &copy, &|done, of| told.borrow_mut().push((done, of))).unwrap();
        let pages: u64 = ledger.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let steps = (1..).map(|step| step * 1024).take_while(|done| *done < pages).map(|done| (done, pages));
        assert!(pages > 2048);
        assert_eq!(told.take(), steps.collect::<Vec<_>>());
        assert!(!schema::has(&copy, "-wal") && !schema::has(&copy, "-journal"));
    }

    #[test]
    fn a_disk_that_fails_to_read_is_the_fault_of_the_original() {
        let whose = |code| whose(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(whose(code), CopyFault::From(_)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_FULL] {
            assert!(matches!(whose(code), CopyFault::To(_)), "{code}");
        }
    }

    #[test]
    fn a_backup_takes_a_place_only_where_something_is() {
        let [room, empty] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (path, backup) = (empty.path().join("ledger.sqlite"), made_in(&room));
        let today: Day = "2026-11-22".parse().unwrap();
        let first = Replacement::of(&path, &backup, &|_, _| {}).unwrap();
        assert!(!first.takes_a_place());
        assert_eq!(first.put_in_place(today).unwrap(), None);
        let second = Replacement::of(&path, &backup, &|_, _| {}).unwrap();
        assert!(second.takes_a_place());
        let kept = empty.path().join("ledger.sqlite.before-restore-2026-11-22");
        assert_eq!(second.put_in_place(today).unwrap(), Some(kept.clone()));
        assert!(path.exists() && kept.exists());
    }

    #[test]
    fn a_draft_that_cannot_be_removed_is_said() {
        let room = tempfile::tempdir().unwrap();
        let path = made_in(&room);
        fs::create_dir(with_end(&path, ".restoring")).unwrap();
        let replaced = Replacement::of(&path, &path, &|_, _| {});
        assert!(
            matches!(&replaced, Err(CopyFault::To(LedgerFault::Folder(error))) if error.kind() == ErrorKind::IsADirectory),
            "{replaced:?}"
        );
    }

    #[test]
    fn what_is_no_ledger_is_not_whole_by_itself() {
        let room = tempfile::tempdir().unwrap();
        let path = made_in(&room);
        assert!(settle(&path).unwrap());
        fs::write(&path, "no ledger").unwrap();
        assert!(!settle(&path).unwrap());
    }
}
