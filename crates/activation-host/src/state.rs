//! What an installation keeps in its state folder.
//!
//! | file | what |
//! | --- | --- |
//! | `draft.txt` | rows typed so far; first line `countersign draft 1` |
//! | `codes/*.lic` | codes that were accepted, as text |
//!
//! Each file is written whole or not at all, and a person can read it.

use crate::files::{sync_folder, write_whole};
use crate::program::system;
use crate::trust_store::TrustStore;
use activation_code::{Day, License};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// What a draft begins with; the number is that of its format.
const DRAFT_HEADING: &str = "countersign draft 1";
/// Fifteen rows of 40 digits with their labels are some 1,000 bytes.
const LONGEST_DRAFT: u64 = 16 * 1024;
/// Most rows of a code.
pub(crate) const MOST_ROWS: u8 = 15;

/// A state folder.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
}

/// Why the state folder cannot be used.
#[derive(Debug)]
pub struct StateFault {
    /// Which file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: StateFaultKind,
}

/// What is wrong with a file of the state folder.
#[derive(Debug)]
pub enum StateFaultKind {
    /// What the system says.
    Io(io::Error),
    /// A draft that this release did not write: damaged, or of a newer release.
    NotADraft,
}

impl std::fmt::Display for StateFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.what {
            StateFaultKind::Io(error) => f.write_str(&system(error)),
            StateFaultKind::NotADraft => write!(f, "no draft that this release can read, wanted `{DRAFT_HEADING}`"),
        }
    }
}

impl std::error::Error for StateFault {}

/// The rows that were typed so far, by number, as they were typed.
pub type Draft = BTreeMap<u8, String>;

impl StateFolder {
    /// The folder, made if it is missing (with mode 0700).
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: PathBuf) -> Result<Self, StateFault> {
        let folder = Self { path };
        make_folder(&folder.codes())?;
        Ok(folder)
    }

    /// Where the trust bundle is.
    pub fn trust(&self) -> TrustStore {
        TrustStore::new(self.path.clone())
    }

    fn codes(&self) -> PathBuf {
        self.path.join("codes")
    }

    fn draft_path(&self) -> PathBuf {
        self.path.join("draft.txt")
    }

    /// The draft that was left, if one was.
    ///
    /// # Errors
    /// It cannot be read, or another release wrote it.
    pub fn draft(&self) -> Result<Option<Draft>, StateFault> {
        let path = self.draft_path();
        let mut text = String::new();
        // A pipe in its place would keep us waiting for ever.
        let regular = fs::metadata(&path).map(|metadata| metadata.is_file());
        let read = regular.and_then(|regular| match regular {
            true => fs::File::open(&path)?.take(LONGEST_DRAFT + 1).read_to_string(&mut text),
            false => Err(ErrorKind::InvalidData.into()),
        });
        match read {
            Ok(length) if length as u64 <= LONGEST_DRAFT => {}
            Ok(_) => return Err(StateFault { path, what: StateFaultKind::NotADraft }),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(StateFault { path, what: StateFaultKind::NotADraft });
            }
            Err(error) => return Err(fault(&path, error)),
        }
        let mut lines = text.lines();
        let rows = (lines.next() == Some(DRAFT_HEADING)).then(|| lines.map(draft_row).collect::<Option<Draft>>());
        rows.flatten().map(Some).ok_or(StateFault { path, what: StateFaultKind::NotADraft })
    }

    /// Keeps what was typed so far.
    ///
    /// # Errors
    /// What the system says; then the former draft is still there.
    pub fn keep_draft(&self, draft: &Draft) -> Result<(), StateFault> {
        let rows: String = draft.iter().map(|(number, row)| format!("{number}) {row}\n")).collect();
        let path = self.draft_path();
        write_whole(&path, format!("{DRAFT_HEADING}\n{rows}").as_bytes()).map_err(|error| fault(&path, error))
    }

    /// Forgets the draft.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_draft(&self) -> Result<(), StateFault> {
        let path = self.draft_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(fault(&path, error)),
            _ => Ok(()),
        }
    }

    /// Keeps an accepted code. The same again is the same file; another code of the
    /// same license never replaces it.
    ///
    /// # Errors
    /// What the system says; then nothing was kept.
    pub fn keep_code(&self, license: &License, today: Day) -> Result<PathBuf, StateFault> {
        let terms = license.terms();
        let host = terms.host.map(|host| format!("-host-{host}")).unwrap_or_default();
        let name = format!("license-{}-revision-{}{host}-issued-{}.lic", terms.license, terms.revision, terms.issued);
        let path = self.codes().join(name);
        let rows: String =
            license.code().letters().iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}\n")).collect();
        let text = format!(
            "# Activation code of license {}, revision {}: {} units of product {}, {}\n# Entered on {today}\n{rows}",
            terms.license, terms.revision, terms.units, terms.product, terms.period
        );
        write_whole(&path, text.as_bytes()).map_err(|error| fault(&path, error))?;
        Ok(path)
    }
}

fn draft_row(line: &str) -> Option<(u8, String)> {
    let (number, row) = line.split_once(") ")?;
    Some((number.parse().ok().filter(|number| (1..=MOST_ROWS).contains(number))?, row.to_owned()))
}

fn fault(path: &Path, error: io::Error) -> StateFault {
    StateFault { path: path.to_owned(), what: StateFaultKind::Io(error) }
}

fn make_folder(path: &Path) -> Result<(), StateFault> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).and_then(|()| sync_folder(path)).map_err(|error| fault(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_was_typed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path().join("state")).unwrap();
        assert_eq!(state.draft().unwrap(), None);
        let draft = Draft::from([(1, "20040-0E000-84G00".to_owned()), (12, "not a) row ?".to_owned())]);
        state.keep_draft(&draft).unwrap();
        assert_eq!(state.draft().unwrap(), Some(draft));
        state.forget_draft().unwrap();
        state.forget_draft().unwrap();
        assert_eq!(state.draft().unwrap(), None);
    }

    #[test]
    fn a_draft_of_another_release_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path().to_owned()).unwrap();
        for text in [
            &b"countersign draft 2\n1) x\n"[..],
            b"",
            b"\xFF\xFE",
            b"countersign draft 1\nrow one\n",
            b"countersign draft 1\n16) x\n",
        ] {
            fs::write(state.draft_path(), text).unwrap();
            assert!(matches!(state.draft(), Err(StateFault { what: StateFaultKind::NotADraft, .. })), "{text:?}");
            assert_eq!(fs::read(state.draft_path()).unwrap(), text);
        }
    }
}
