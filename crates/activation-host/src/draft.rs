//! The rows of a code that is being typed, kept so that nobody types them twice: `draft.txt`, first line
//! `countersign draft 1`.

use crate::storage::{Storage, StorageFault};
use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;

const NAME: &str = "draft.txt";
/// What a draft begins with; the number is that of its format.
const HEADING: &str = "countersign draft 1";
/// Fifteen rows of 40 digits with their labels are some 1,000 bytes.
const LONGEST: usize = 16 * 1024;
/// Most rows of a code.
pub(crate) const MOST_ROWS: u8 = 15;

/// The rows that were typed so far, by number, as they were typed.
pub type Draft = BTreeMap<u8, String>;

/// Why there is no draft to go on with.
#[derive(Debug)]
pub enum DraftFault {
    /// What the system says.
    Storage(StorageFault),
    /// A draft that this release did not write: damaged, or of a newer release.
    NotADraft {
        /// Where.
        place: String,
    },
}

impl fmt::Display for DraftFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(fault) => fault.fmt(f),
            Self::NotADraft { place } => write!(f, "{place}: no draft that this release can read, wanted `{HEADING}`"),
        }
    }
}

impl std::error::Error for DraftFault {}

/// The draft that was left, if one was.
///
/// # Errors
/// It cannot be read, or another release wrote it.
pub fn draft(storage: &dyn Storage) -> Result<Option<Draft>, DraftFault> {
    let place = || storage.place(NAME);
    let text = match storage.read(NAME, LONGEST) {
        Ok(Some(text)) => String::from_utf8(text).map_err(|_| DraftFault::NotADraft { place: place() })?,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(DraftFault::NotADraft { place: place() }),
        Err(error) => return Err(DraftFault::Storage(StorageFault { place: place(), error })),
    };
    let mut lines = text.split_terminator('\n');
    let rows = (lines.next() == Some(HEADING)).then(|| lines.map(draft_row).collect::<Option<Draft>>());
    rows.flatten().map(Some).ok_or_else(|| DraftFault::NotADraft { place: place() })
}

/// Keeps what was typed so far.
///
/// # Errors
/// What the system says; then the former draft is still there.
pub fn keep_draft(storage: &dyn Storage, draft: &Draft) -> Result<(), StorageFault> {
    let rows: String = draft.iter().map(|(number, row)| format!("{number}) {row}\n")).collect();
    let text = format!("{HEADING}\n{rows}");
    storage.write(NAME, text.as_bytes()).map_err(|error| StorageFault { place: storage.place(NAME), error })
}

/// Forgets the draft.
///
/// # Errors
/// What the system says.
pub fn forget_draft(storage: &dyn Storage) -> Result<(), StorageFault> {
    storage.remove(NAME).map_err(|error| StorageFault { place: storage.place(NAME), error })
}

fn draft_row(line: &str) -> Option<(u8, String)> {
    let (number, row) = line.split_once(") ")?;
    Some((number.parse().ok().filter(|number| (1..=MOST_ROWS).contains(number))?, row.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Folder, InMemory};
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_draft_comes_back_as_it_was_typed() {
        let folder = tempfile::tempdir().unwrap();
        for storage in [&Folder::new(folder.path().join("state")) as &dyn Storage, &InMemory::default()] {
            assert_eq!(draft(storage).unwrap(), None);
            let rows = Draft::from([(1, "20040-0E000-84G00".to_owned()), (12, "not a) row ?".to_owned())]);
            keep_draft(storage, &rows).unwrap();
            assert_eq!(draft(storage).unwrap(), Some(rows));
            forget_draft(storage).unwrap();
            forget_draft(storage).unwrap();
            assert_eq!(draft(storage).unwrap(), None);
        }
    }

    #[test]
    fn a_draft_of_another_release_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Folder::new(folder.path().to_owned());
        let path = folder.path().join(NAME);
        for text in [
            &b"countersign draft 2\n1) x\n"[..],
            b"",
            b"\xFF\xFE",
            b"countersign draft 1\nrow one\n",
            b"countersign draft 1\n16) x\n",
        ] {
            fs::write(&path, text).unwrap();
            let fault = draft(&storage).unwrap_err();
            assert!(matches!(&fault, DraftFault::NotADraft { place } if Path::new(place) == path), "{text:?}");
            let sentence = "no draft that this release can read, wanted `countersign draft 1`";
            assert_eq!(fault.to_string(), format!("{}: {sentence}", path.display()));
            assert_eq!(fs::read(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_draft_that_is_too_long_is_none_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "1".repeat(LONGEST + 1)).unwrap();
        let fault = draft(&Folder::new(folder.path().to_owned())).unwrap_err();
        assert!(matches!(fault, DraftFault::NotADraft { .. }), "{fault}");
    }

    #[cfg(unix)]
    #[test]
    fn a_draft_that_the_system_does_not_give_is_no_draft_of_another_release() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        std::os::unix::fs::symlink(NAME, &path).unwrap();
        let DraftFault::Storage(StorageFault { place, error }) =
            draft(&Folder::new(folder.path().to_owned())).unwrap_err()
        else {
            panic!("a link to itself was read")
        };
        assert_eq!(Path::new(&place), path);
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
        let sentence = DraftFault::Storage(StorageFault { place, error }).to_string();
        assert!(sentence.starts_with(&format!("{}: ", path.display())), "{sentence}");
    }
}
