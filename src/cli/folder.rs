//! A desk's folder: `ledger.sqlite`, a key file for each issuing key, and `ledger.key`, which signs checkpoints.

use super::failure::Failure;
use super::output::new_secret_file;
use super::print;
use super::progress::watch;
use activation_code::{Day, IssuerNumber, PinnedIssuer};
use activation_host::files::sync_folder;
use activation_host::program::system;
use countersign::desk;
use countersign::key_store::{self, SecretFileFault};
use countersign::ledger::{By, CopyFault, Founding, Ledger, LedgerFault, Name, Operator, Replacement, TrustSettings};
use countersign::signer::{Signer, SoftwareKey, key_file};
use rand::TryRng;
use rand::rngs::SysRng;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where a desk is, or shall be.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// What a new desk begins with.
pub struct NewDesk<'a> {
    pub vendor: &'a Name,
    pub operator: &'a Operator,
    pub today: Day,
    pub trust: TrustSettings,
    /// The number of its issuing key.
    pub issuer: IssuerNumber,
}

const ROOM: &str = "choose a folder on a local disk with room, where this user may write";

impl NewDesk<'_> {
    /// The number of a vendor's first key.
    pub const FIRST_ISSUER: IssuerNumber = IssuerNumber::new(1).expect("1 is a number");
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn ledger_path(&self) -> PathBuf {
        self.path.join("ledger.sqlite")
    }

    fn ledger_key_path(&self) -> PathBuf {
        self.path.join("ledger.key")
    }

    fn key_path(&self, number: IssuerNumber) -> PathBuf {
        self.path.join(format!("issuer-{number}.key"))
    }

    /// The ledger of a desk that exists.
    pub fn ledger(&self) -> Result<Ledger, Failure> {
        // What cannot be written can be looked at; who changes something hears of it then.
        self.open(|path| match Ledger::open(path) {
            Err(LedgerFault::ReadOnly) => Ledger::open_to_read(path).map_err(|_| LedgerFault::ReadOnly),
            opened => opened,
        })
    }

    /// The ledger of a desk that exists, to look at it.
    pub fn ledger_to_read(&self) -> Result<Ledger, Failure> {
        self.open(Ledger::open_to_read)
    }

    fn open(&self, open: fn(&Path) -> Result<Ledger, LedgerFault>) -> Result<Ledger, Failure> {
        let path = self.ledger_path();
        if let Err(error) = fs::metadata(&path) {
            return Err(match error.kind() {
                ErrorKind::NotFound if self.has_keys() => {
                    Failure::could_not(format!("{}: the ledger is missing", path.display()))
                        .hint("`countersign restore BACKUP` puts the last backup there; the keys are here")
                }
                ErrorKind::NotFound => Failure::could_not(format!("{}: there is no license desk", self.path.display()))
                    .hint("`countersign init --vendor NAME` makes one; --desk DIR names another folder"),
                _ => Failure::could_not(format!("{}: {}", path.display(), system(&error)))
                    .hint("name the desk's folder with --desk DIR, and let this user read it"),
            });
        }
        let mut ledger = open(&path).map_err(|fault| self.ledger_failure(fault))?;
        // Of a damaged one nobody knows; what is done with it says so.
        if desk::trust_settings(&mut ledger).is_ok_and(|settings| settings.test) {
            print::mark_as_testing();
        }
        Ok(ledger)
    }

    /// Says which file a fault is of.
    pub fn ledger_failure(&self, fault: LedgerFault) -> Failure {
        let failure = Failure::from(fault);
        Failure { sentence: format!("{}: {}", self.ledger_path().display(), failure.sentence), ..failure }
    }

    /// A copy of a backup that shall take the ledger's place.
    pub fn replacement(&self, backup: &Path) -> Result<Replacement, Failure> {
        if !self.has_keys() {
            return Err(Failure::could_not(format!("{}: there is no issuing key", self.path.display()))
                .hint("name the desk's folder with --desk DIR; a backup has no keys: put their files there first"));
        }
        Replacement::of(&self.ledger_path(), backup, &watch("copying")).map_err(|fault| match fault {
            CopyFault::From(fault) => Failure::of_backup(backup, fault),
            CopyFault::To(fault) => self.ledger_failure(fault),
        })
    }

    /// Whether there is a desk.
    pub fn exists(&self) -> bool {
        self.ledger_path().symlink_metadata().is_ok()
    }

    /// A file without a name cannot be kept here.
    pub fn no_room(&self, error: &io::Error) -> Failure {
        Failure::could_not(format!("{}: {}", self.path.display(), system(error)))
            .hint("make room on the disk, let this user write to the desk's folder, and run the same command again")
    }

    /// Whether an issuing key is there: the first one may be gone since another took its place.
    fn has_keys(&self) -> bool {
        (1..=IssuerNumber::MAX.get()).filter_map(IssuerNumber::new).any(|number| self.has_key(number))
    }

    fn has_key(&self, number: IssuerNumber) -> bool {
        self.key_path(number).symlink_metadata().is_ok()
    }

    /// The key that the desk issues with.
    pub fn signer(&self, ledger: &mut Ledger, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
        let issuer = desk::issuer_to_sign_with(ledger)?;
        self.issuing_key(issuer, passphrase)
    }

    /// An issuing key that the ledger knows.
    pub fn issuing_key(&self, issuer: PinnedIssuer, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
        let number = issuer.number;
        let key = open_key(&self.key_path(number), passphrase).map_err(|failure| {
            if self.has_key(number) {
                return failure;
            }
            failure.hint(if self.was_stolen(number) {
                format!(
                    "its key was stolen, and this ledger is older than that: say `countersign key lost {number}` again"
                )
            } else {
                "restore the key file from its copy, or with `countersign key recover`; docs/key-rotation.md says what else".to_owned()
            })
        })?;
        if key.public_key() != issuer.key {
            return Err(desk::DeskFault::OtherKey { number }.into());
        }
        Ok(key)
    }

    fn stolen_path(&self, number: IssuerNumber) -> PathBuf {
        self.path.join(format!("issuer-{number}.key.stolen"))
    }

    /// Whether its key file was put aside: a ledger that is put back may not know of it.
    pub fn was_stolen(&self, number: IssuerNumber) -> bool {
        self.stolen_path(number).symlink_metadata().is_ok()
    }

    /// Puts the file of a stolen key aside, where no desk finds it, whatever ledger is put back. It may be gone.
    pub fn put_aside(&self, number: IssuerNumber) -> Result<(), Failure> {
        let (path, aside) = (self.key_path(number), self.stolen_path(number));
        let fail = |error: io::Error| Failure::could_not(format!("{}: {}", path.display(), system(&error))).hint(ROOM);
        match fs::rename(&path, &aside) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed.and_then(|()| sync_folder(&aside)).map_err(fail),
        }
    }

    /// What is at the place of an issuing key that the ledger does not know.
    pub fn unknown_key(&self, number: IssuerNumber) -> Option<PathBuf> {
        Some(self.key_path(number)).filter(|path| path.symlink_metadata().is_ok())
    }

    /// A new issuing key: its file is there, whole, before the ledger hears of it. One that is there already is opened:
    /// a command that was stopped has left it, or an older ledger was put back.
    pub fn new_issuing_key(&self, number: IssuerNumber, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
        let path = self.key_path(number);
        if self.has_key(number) {
            return open_key(&path, passphrase).map_err(|failure| {
                let hint = "the ledger does not know this file: give its passphrase, or move the file away and run it \
                            again for a new key";
                failure.hint(hint)
            });
        }
        self.remove_drafts(&path);
        let key = SoftwareKey::generate(&mut SysRng).map_err(|fault| Failure::could_not(fault.to_string()))?;
        let text = key_file::seal(&key, passphrase, key_file::Cost::DESK, &mut SysRng)
            .map_err(|fault| Failure::could_not(fault.to_string()))?;
        new_secret_file(&path, |draft| {
            fs::OpenOptions::new()
                .write(true)
                .open(draft)
                .and_then(|mut file| {
                    file.write_all(text.as_bytes())?;
                    file.sync_all()
                })
                .map_err(|error| self.no_room(&error))
        })?;
        Ok(key)
    }

    /// Removes what commands that were stopped left beside the place of a key: nobody has the key yet.
    fn remove_drafts(&self, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        let begins = format!(".{name}.new-");
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&begins)) {
                // What cannot be removed has a name that nobody takes for a key.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The key that signs checkpoints. A desk whose ledger knows none gets one.
    pub fn ledger_key(&self, ledger: &mut Ledger, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
        let path = self.ledger_key_path();
        if path.symlink_metadata().is_err() {
            if !desk::ledger_keys(ledger)?.is_empty() {
                return Err(Failure::could_not(format!("{}: there is no such file", path.display()))
                    .hint("restore the key file from its backup; if it is lost, `audit checkpoint --new-key`"));
            }
            return self.new_ledger_key(passphrase);
        }
        open_key(&path, passphrase)
    }

    /// A new key for checkpoints, in a place where there is none.
    pub fn new_ledger_key(&self, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
        let path = self.ledger_key_path();
        let fail = |error: io::Error| Failure::could_not(format!("{}: {}", path.display(), system(&error))).hint(ROOM);
        make_key(&path, passphrase, fail)
    }

    /// A new desk: made beside its place and moved there when it is whole.
    ///
    /// `files` are secret files that shall be in it too.
    pub fn create(
        &self,
        new: &NewDesk<'_>,
        passphrase: &[u8],
        files: &[(&str, &[u8])],
    ) -> Result<PinnedIssuer, Failure> {
        self.refuse_existing()?;
        let Some(name) = self.path.file_name() else {
            return Err(Failure::could_not(format!("{}: a new desk needs a name of its own", self.path.display()))
                .hint("name the folder from outside it, as in --desk ./license-desk"));
        };
        let mut name = name.to_owned();
        name.push(format!(".new-{}", std::process::id()));
        let draft = Self::new(self.path.with_file_name(name));
        let fail =
            |error: io::Error| Failure::could_not(format!("{}: {}", self.path.display(), system(&error))).hint(ROOM);
        DirBuilder::new().mode(0o700).create(&draft.path).map_err(fail)?;
        let made = draft.fill(new, passphrase, files).and_then(|issuer| {
            fs::rename(&draft.path, &self.path).map_err(|error| match error.kind() {
                ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory => self.occupied(),
                _ => fail(error),
            })?;
            sync_folder(&self.path).map_err(fail)?;
            Ok(issuer)
        });
        if made.is_err() {
            // Nothing half made stays; what cannot be removed has no ledger that opens.
            let _ = fs::remove_dir_all(&draft.path);
        }
        made
    }

    fn fill(&self, new: &NewDesk<'_>, passphrase: &[u8], files: &[(&str, &[u8])]) -> Result<PinnedIssuer, Failure> {
        let fail =
            |error: io::Error| Failure::could_not(format!("{}: {}", self.path.display(), system(&error))).hint(ROOM);
        let &NewDesk { vendor, operator, today, ref trust, issuer: number } = new;
        let key = make_key(&self.key_path(number), passphrase, fail)?;
        let issuer = PinnedIssuer { number, key: key.public_key() };
        let ledger_key = make_key(&self.ledger_key_path(), passphrase, fail)?.public_key();
        for (name, contents) in files {
            key_store::create(&self.path.join(name), contents).map_err(fail)?;
        }
        let path = self.ledger_path();
        key_store::create(&path, b"").map_err(fail)?;
        let mut identity = [0; 8];
        let random = SysRng.try_fill_bytes(&mut identity);
        random.map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
        let founding = Founding { vendor, operator, day: today, identity };
        let mut ledger = Ledger::create(&path, &founding)?;
        let by = By { operator: operator.name.clone(), day: today };
        desk::record_issuer(&mut ledger, &by, issuer)?;
        desk::record_ledger_key(&mut ledger, &by, &ledger_key)?;
        if *trust != TrustSettings::default() {
            desk::record_trust_settings(&mut ledger, &by, trust)?;
        }
        Ok(issuer)
    }

    /// An empty folder may become a desk; anything else is never touched.
    pub fn refuse_existing(&self) -> Result<(), Failure> {
        match fs::read_dir(&self.path) {
            Ok(mut entries) => {
                if entries.next().is_none() {
                    Ok(())
                } else {
                    Err(self.occupied())
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !self.path.is_symlink() => Ok(()),
            Err(_) => Err(self.occupied()),
        }
    }

    fn occupied(&self) -> Failure {
        Failure::no(format!("{}: something is there already, and it is not touched", self.path.display()))
            .hint("choose another folder with --desk DIR, or work with the desk that is there")
    }
}

/// Opens a key file.
pub fn open_key(path: &Path, passphrase: &[u8]) -> Result<SoftwareKey, Failure> {
    let fail = |what: &dyn std::fmt::Display| Failure::could_not(format!("{}: {what}", path.display()));
    let text = key_store::read(path, key_file::LONGEST).map_err(|fault| {
        let failure = match &fault {
            SecretFileFault::Io(error) => fail(&system(error)),
            fault => fail(fault),
        };
        match fault {
            SecretFileFault::Readable { .. } => failure.hint(format!("chmod 600 {}", path.display())),
            SecretFileFault::Link => failure.hint("put the key file itself there"),
            _ => failure.hint("restore the key file from its backup"),
        }
    })?;
    let text = std::str::from_utf8(&text).map_err(|_| key_file::KeyFileFault::Shape);
    text.and_then(|text| key_file::open(text, passphrase)).map_err(|fault| match fault {
        key_file::KeyFileFault::Passphrase => fail(&fault).hint("type the passphrase of this key again"),
        _ => fail(&fault).hint("restore the key file from its backup"),
    })
}

/// Makes a key and its file.
pub fn make_key(
    path: &Path,
    passphrase: &[u8],
    fail: impl FnOnce(io::Error) -> Failure,
) -> Result<SoftwareKey, Failure> {
    let key = SoftwareKey::generate(&mut SysRng).map_err(|fault| Failure::could_not(fault.to_string()))?;
    write_key(path, &key, passphrase, fail)?;
    Ok(key)
}

/// Makes the file of a key.
pub fn write_key(
    path: &Path,
    key: &SoftwareKey,
    passphrase: &[u8],
    fail: impl FnOnce(io::Error) -> Failure,
) -> Result<(), Failure> {
    let text: Zeroizing<String> = key_file::seal(key, passphrase, key_file::Cost::DESK, &mut SysRng)
        .map_err(|fault| Failure::could_not(fault.to_string()))?;
    key_store::create(path, text.as_bytes()).map_err(fail)
}
