//! A file for somebody else: new, and whole or not there at all.

use super::failure::Failure;
use super::show::Form;
use activation_host::files::sync_folder;
use activation_host::program::system;
use countersign::key_store;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where a code goes, and as what: the end of the name says it.
#[derive(Clone, Copy, Debug)]
pub enum Output<'a> {
    /// A picture in PNG.
    Png(&'a Path),
    /// A drawing in SVG.
    Svg(&'a Path),
    /// Text.
    Text(&'a Path),
}

impl<'a> Output<'a> {
    /// For a name and the form that was asked for.
    pub fn new(path: &'a Path, form: Form) -> Result<Self, Failure> {
        let (wanted, found) = match form {
            Form::Qr => ("a name that ends in .png or .svg", Self::picture(path)),
            Form::File => ("a name that ends in .lic or .txt", Self::text(path)),
            Form::Letters | Form::Digits | Form::Spelling => {
                return Err(Failure::could_not("--output goes with --as qr and --as file only")
                    .hint("these rows go to a file with `> FILE`"));
            }
        };
        found.ok_or_else(|| {
            let failure = Failure::could_not(format!("--output {}: wanted {wanted}", path.display()));
            match form {
                Form::File if Self::picture(path).is_some() => failure.hint("use --as qr for a picture"),
                Form::Qr if Self::text(path).is_some() => failure.hint("use --as file for a license file"),
                _ => failure,
            }
        })
    }

    fn picture(path: &'a Path) -> Option<Self> {
        if ends_in(path, "png") {
            Some(Self::Png(path))
        } else if ends_in(path, "svg") {
            Some(Self::Svg(path))
        } else {
            None
        }
    }

    fn text(path: &'a Path) -> Option<Self> {
        (ends_in(path, "lic") || ends_in(path, "txt")).then_some(Self::Text(path))
    }

    /// The file.
    pub fn path(&self) -> &'a Path {
        match self {
            Self::Png(path) | Self::Svg(path) | Self::Text(path) => path,
        }
    }

    /// Makes the file. What is there already is never touched, whatever it is.
    pub fn create(&self, contents: &[u8]) -> Result<(), Failure> {
        new_file(self.path(), &mut &*contents)
    }
}

/// Makes a file. What is there already is never touched, whatever it is.
pub fn new_file(path: &Path, contents: &mut impl Read) -> Result<(), Failure> {
    create(path, contents).map_err(|error| fault(path, &error))
}

/// Says before long work that a file could not be made after it.
pub fn refuse_early(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let possible = match (path.symlink_metadata(), path.file_name()) {
        (Ok(_), _) => Err(ErrorKind::AlreadyExists.into()),
        (Err(_), None) => Err(ErrorKind::IsADirectory.into()),
        (Err(_), Some(_)) => tempfile::tempfile_in(folder).map(drop),
    };
    possible.map_err(|error| fault(path, &error))
}

/// Makes a file that its owner alone may read, of whatever `fill` writes into an empty one beside its place: whole and
/// synced, or not at all.
pub fn new_secret_file<T>(path: &Path, fill: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    refuse_early(path)?;
    let (draft, fail) = (draft_of(path), |error: &io::Error| fault(path, error));
    let made = key_store::create(&draft, b"").map_err(|error| fail(&error)).and_then(|()| {
        let made = fill(&draft)?;
        give_name(&draft, path).map_err(|error| fail(&error))?;
        Ok(made)
    });
    if made.is_err() {
        // What cannot be removed has a name that nobody takes for the file. SQLite leaves its own beside a copy when
        // the disk is full.
        let _ = fs::remove_file(&draft);
        for end in ["-wal", "-shm", "-journal"] {
            let mut name = draft.clone().into_os_string();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }
    let made = made?;
    sync_folder(path).map_err(|error| fail(&error))?;
    Ok(made)
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::no(format!("{}: something is there already, and it is not touched", path.display()))
                .hint("choose another name, or move the old file away")
        }
        _ => Failure::could_not(format!("{}: {}", path.display(), system(error)))
            .hint("choose a folder that exists and has room, where this user may write"),
    }
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn create(path: &Path, contents: &mut impl Read) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let draft = draft_of(path);
    let made = fill(&draft, contents).and_then(|()| give_name(&draft, path));
    if made.is_err() {
        // What cannot be removed has a name that nobody takes for the file.
        let _ = fs::remove_file(&draft);
    }
    made?;
    sync_folder(path)
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".new-{}", std::process::id()));
    path.with_file_name(name)
}

fn fill(draft: &Path, contents: &mut impl Read) -> io::Result<()> {
    let mut file = File::create_new(draft)?;
    io::copy(contents, &mut file)?;
    file.sync_all()
}

/// Renames, but not over a file that somebody made in the meantime.
fn give_name(draft: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        // NFS and some file systems of USB sticks do not know how; then the look beforehand must do.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => fs::rename(draft, path),
        done => done.map_err(io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.lic");
        create(&path, &mut &b"first"[..]).unwrap();
        assert_eq!(create(&path, &mut &b"second"[..]).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let draft = folder.path().join("draft");
        fill(&draft, &mut &b"third"[..]).unwrap();
        assert_eq!(give_name(&draft, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let link = folder.path().join("link.lic");
        std::os::unix::fs::symlink(folder.path().join("nothing"), &link).unwrap();
        assert_eq!(create(&link, &mut &b"fourth"[..]).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_file_that_cannot_be_made_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert!(create(&folder.path().join("missing/code.lic"), &mut &b"x"[..]).is_err());
        let path = folder.path().join("code.lic");
        create(&path, &mut &b"whole"[..]).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["code.lic"]);
    }

    #[test]
    fn the_name_says_what_is_written() {
        let output = |name, form| Output::new(Path::new(name), form);
        assert!(matches!(output("a.png", Form::Qr), Ok(Output::Png(_))));
        assert!(matches!(output("a.SVG", Form::Qr), Ok(Output::Svg(_))));
        assert!(matches!(output("a.lic", Form::File), Ok(Output::Text(_))));
        for (name, form) in [
            ("a.jpg", Form::Qr),
            ("png", Form::Qr),
            ("a.png", Form::File),
            ("a.lic", Form::Qr),
            ("a.txt", Form::Digits),
        ] {
            assert!(output(name, form).is_err(), "{name} {form:?}");
        }
    }
}
