//! What several tests need: a desk that is quick to open, and its program.

#![allow(dead_code, unused_imports)]

mod book;
pub mod laws;
pub mod tools;
pub mod work;

pub use tools::{have, say};

use activation_code::{
    Day, IssuerNumber, LicenseNumber, MaintenancePeriod, PinnedIssuer, ProductId, PublicKey, Revision, SIGNATURE_BYTES,
    Units,
};
use activation_host::program::clock;
use countersign::desk::{
    self, Asked, Change, Clock, DeskFault, Issued, Order, Refused, Session, Signatures, Verdict, Witnesses,
};
use countersign::key_store;
use countersign::ledger::{
    By, CustomerNumber, Event, Filter, Founding, Ledger, LedgerFault, LicenseRecord, Operator, OperatorName, Product,
    ProductKind, Role, Signed, UnitType, chain,
};
use countersign::signer::{Signer, SignerFault, SoftwareKey, key_file};
use rand::rngs::SysRng;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The published test key.
pub const SEED: [u8; 32] = [1; 32];
/// Its public half, as an issuer.
pub const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
pub const PASSPHRASE: &str = "correct horse battery staple";

/// A desk in a temporary folder, with a catalogue and a customer. Its key is
/// the published test key and opens in milliseconds.
pub struct Desk {
    room: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { room: tempfile::tempdir().unwrap() };
        furnish(&desk.folder());
        write_secret(&desk.passphrase(), PASSPHRASE);
        desk
    }

    /// The same with a key of its own.
    pub fn with_seed(seed: &[u8; 32]) -> Self {
        let desk = Self { room: tempfile::tempdir().unwrap() };
        furnish_with(&desk.folder(), seed);
        write_secret(&desk.passphrase(), PASSPHRASE);
        desk
    }

    /// The same where syncing costs nothing, for tests that are not about disks.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        let room = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let desk = Self { room: room.unwrap() };
        furnish(&desk.folder());
        write_secret(&desk.passphrase(), PASSPHRASE);
        desk
    }

    /// Another one like it, with everything that has happened there.
    pub fn copy(&self) -> Self {
        let copy = Self { room: tempfile::tempdir().unwrap() };
        copy_folder(self.room.path(), copy.room.path());
        copy
    }

    /// The folder that holds the desk's folder and the passphrase.
    pub fn room(&self) -> &Path {
        self.room.path()
    }

    pub fn folder(&self) -> PathBuf {
        self.room.path().join("license-desk")
    }

    pub fn ledger_path(&self) -> PathBuf {
        self.folder().join("ledger.sqlite")
    }

    pub fn key_path(&self) -> PathBuf {
        self.folder().join("issuer-1.key")
    }

    pub fn passphrase(&self) -> PathBuf {
        self.room.path().join("passphrase")
    }

    pub fn ledger(&self) -> Ledger {
        Ledger::open(&self.ledger_path()).unwrap()
    }

    /// `countersign` with this desk and its passphrase.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--desk").arg(self.folder()).arg("--passphrase-file").arg(self.passphrase()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut self.command(arguments))
    }

    /// The same with the clock on a day, as `faketime` sets it.
    pub fn run_on(&self, day: &str, arguments: &[&str]) -> Ran {
        let mut command = program("faketime");
        command.arg(format!("{day} 12:00:00")).arg(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--desk").arg(self.folder()).arg("--passphrase-file").arg(self.passphrase());
        // The day that faketime reads is of the place where it runs.
        run(command.env("TZ", "UTC").args(arguments))
    }

    /// Puts a ledger in the place of its own: what this SQL makes.
    pub fn put_ledger(&self, sql: &str) -> rusqlite::Connection {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.folder().join(format!("ledger.sqlite{end}")));
        }
        key_store::create(&self.ledger_path(), b"").unwrap();
        let connection = rusqlite::Connection::open(self.ledger_path()).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    /// The arguments of an order of 10 endpoints for a year from today.
    pub fn order<'a>(&self, reference: &'a str, today: &'a str) -> [&'a str; 13] {
        let [json, issue] = ["--json", "issue"];
        let [customer, product, units, from, term] = ["--customer", "--product", "--units", "--from", "--term"];
        [json, issue, customer, "1", product, "ES", units, "10", from, today, term, "1y", concat(reference)]
    }

    /// What the program's own audit says, every signature included.
    pub fn audit(&self, witnesses: &Witnesses<'_>) -> Verdict {
        let mut ledger = Ledger::open_to_read(&self.ledger_path()).unwrap();
        desk::audit(&mut ledger, witnesses, Signatures::Verified, &|_, _| {}).unwrap()
    }

    /// Everything that must hold of a ledger, whatever happened to the process that wrote it.
    pub fn assert_ledger_is_sound(&self) {
        let connection = rusqlite::Connection::open(self.ledger_path()).unwrap();
        let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, "ok");
        let strays = connection.prepare("PRAGMA foreign_key_check").unwrap().query_map([], |_| Ok(())).unwrap().count();
        assert_eq!(strays, 0);
        let unknown: i64 = connection
            .query_row("SELECT COUNT(*) FROM revision, desk WHERE license >= next_license", [], |row| row.get(0))
            .unwrap();
        assert_eq!(unknown, 0, "no number is used that was not given away");
        book::assert_book_is_whole(&self.ledger_path());
        let verdict = self.audit(&Witnesses::default());
        assert!(verdict.is_sound(), "{:?}", verdict.audit.findings);
    }
}

/// `--order=REF`, kept for the length of the test.
fn concat(reference: &str) -> &'static str {
    Box::leak(format!("--order={reference}").into_boxed_str())
}

/// Makes a desk's folder without the program, whose own key costs half a second to open.
pub fn furnish(folder: &Path) {
    let issuer = furnish_with(folder, &SEED);
    assert_eq!(issuer.to_string(), ISSUER);
}

fn furnish_with(folder: &Path, seed: &[u8; 32]) -> PinnedIssuer {
    fs::create_dir(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let key = SoftwareKey::from_seed(seed).unwrap();
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: key.public_key() };
    let sealed = key_file::seal(&key, PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng).unwrap();
    key_store::create(&folder.join("issuer-1.key"), sealed.as_bytes()).unwrap();
    let path = folder.join("ledger.sqlite");
    key_store::create(&path, b"").unwrap();
    let today = clock();
    let vendor = "Example Security".parse().unwrap();
    let founding = Founding { vendor: &vendor, operator: &Operator::first(), day: today, identity: [7; 8] };
    let mut ledger = Ledger::create(&path, &founding).unwrap();
    desk::record_issuer(&mut ledger, &By { operator: OperatorName::first(), day: today }, issuer).unwrap();
    let session = session(today);
    for (id, mnemonic, name, unit, kind, members) in [
        (7, "ES", "Example Endpoint Security", UnitType::Endpoints, ProductKind::Software, &[][..]),
        (8, "MAIL", "Example Mail Gateway", UnitType::Users, ProductKind::Software, &[]),
        (9, "ALL", "Example Suite", UnitType::Seats, ProductKind::Suite, &[7, 8]),
        (10, "CLOUD", "Example Mail Cloud", UnitType::Users, ProductKind::Service, &[]),
    ] {
        let id = ProductId::new(id).unwrap();
        let product = Product {
            members: members.iter().map(|&id| ProductId::new(id).unwrap()).collect(),
            ..Product::new(id, mnemonic.parse().unwrap(), name.parse().unwrap(), unit, kind)
        };
        desk::add_product(&mut ledger, &session, &product).unwrap();
    }
    let name = "Example Hospital Trust".parse().unwrap();
    desk::add_customer(&mut ledger, &session, &name, None, [1; 16]).unwrap();
    issuer
}

/// SplitMix64: tests need no better chance, and the same run can be repeated.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Signs, and never says so: as if the process died then.
pub struct Dying {
    key: SoftwareKey,
    pub signed: Cell<Option<[u8; SIGNATURE_BYTES]>>,
}

impl Dying {
    pub fn new() -> Self {
        Self { key: test_key(), signed: Cell::new(None) }
    }
}

impl Signer for Dying {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        self.signed.set(Some(self.key.sign(message)?));
        Err(SignerFault)
    }
}

/// The administrator on some day, whatever day the ledger has seen.
pub fn session(today: Day) -> Session {
    Session { operator: Operator::first(), today, clock: Clock::Confirmed }
}

/// The hash of a passphrase that is known again in a millisecond.
pub fn cheap_hash(passphrase: &str) -> String {
    use scrypt::password_hash::CustomizedPasswordHasher as _;
    let cost = scrypt::Params::new(4, 8, 1).unwrap();
    let hashed = scrypt::Scrypt::default().hash_password_customized(passphrase.as_bytes(), &[9; 16], None, None, cost);
    hashed.unwrap().to_string()
}

/// Somebody new at the desk.
pub fn add_operator(ledger: &mut Ledger, name: &str, role: Role, passphrase: Option<&str>) -> Operator {
    let hash = passphrase.map(cheap_hash);
    desk::add_operator(ledger, &session(clock()), &name.parse().unwrap(), role, hash).unwrap()
}

/// The last event of the book.
pub fn head(ledger: &mut Ledger) -> u64 {
    ledger.read(|book| Ok::<_, LedgerFault>(book.head()?.unwrap().sequence)).unwrap()
}

/// The events after one, oldest first.
pub fn events_after(ledger: &mut Ledger, sequence: u64) -> Vec<Event> {
    ledger.read(|book| book.events_from(sequence + 1, u32::MAX)).unwrap()
}

/// Issues what is ordered, and gives the one code that it makes.
pub fn issue(ledger: &mut Ledger, signer: &dyn Signer, asked: &Asked, today: Day) -> Result<Issued, DeskFault> {
    desk::perform(ledger, &session(today), signer, asked).map(|mut issued| issued.pop().unwrap())
}

/// Revokes the codes of a license below a revision, or all of them.
pub fn revoke(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    below: Option<Revision>,
) -> Result<LicenseRecord, DeskFault> {
    let planned = desk::preview_revocation(ledger, session, license, below)?;
    desk::revoke(ledger, session, &planned, None)
}

/// Gives a license to another customer.
pub fn transfer(
    ledger: &mut Ledger,
    session: &Session,
    license: LicenseNumber,
    to: CustomerNumber,
) -> Result<LicenseRecord, DeskFault> {
    let planned = desk::preview_transfer(ledger, session, license, to)?;
    desk::transfer(ledger, session, &planned)
}

/// Every license with its newest code.
pub fn licenses(ledger: &mut Ledger) -> Vec<(LicenseRecord, Signed)> {
    let listed = desk::licenses(ledger, &Filter::default(), None, None, u32::MAX).unwrap();
    listed.into_iter().map(|listed| (listed.license, listed.newest)).collect()
}

pub fn test_key() -> SoftwareKey {
    SoftwareKey::from_seed(&SEED).unwrap()
}

/// Whose private half is published with this project too.
pub fn test_root() -> SoftwareKey {
    SoftwareKey::from_seed(&[2; 32]).unwrap()
}

/// Ten endpoints for the customer of [`furnish`], for a year from a day on.
pub fn order(first: Day, reference: Option<&str>) -> Asked {
    let order = Order {
        customer: CustomerNumber::new(1).unwrap(),
        product: ProductId::new(7).unwrap(),
        units: Units::new(10).unwrap(),
        period: MaintenancePeriod::new(first, first.plus(364).unwrap()).unwrap(),
        kind: None,
        test: false,
        grace: None,
        host: None,
        features: None,
        holder: None,
        registration_key: None,
    };
    Asked { change: Change::Issue(order), reference: reference.map(|text| text.parse().unwrap()) }
}

pub fn today() -> String {
    clock().to_string()
}

/// A file of mode 0600.
pub fn write_secret(path: &Path, contents: impl AsRef<[u8]>) {
    fs::write(path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn program(path: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(path);
    command.env_remove("COUNTERSIGN_DESK").env_remove("COUNTERSIGN_OPERATOR").stdin(Stdio::null());
    command
}

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It failed as programs of this house fail: a sentence, a hint, and nothing else.
    #[track_caller]
    pub fn assert_could_not(&self) {
        self.assert_complains(2);
    }

    #[track_caller]
    pub fn assert_complains(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.contains("countersign: "), "a sentence: {self:?}");
        assert!(self.err.contains("\nhint: "), "a hint: {self:?}");
        self.assert_calm();
    }

    /// A rule of the desk said no, in its own words.
    #[track_caller]
    pub fn assert_refused(&self, refused: &Refused) {
        self.assert_complains(1);
        assert!(self.err.contains(&format!("countersign: {refused}\n")), "{refused}: {self:?}");
    }

    /// No panic, no backtrace, no words of the machine.
    #[track_caller]
    pub fn assert_calm(&self) {
        for word in ["panicked", "RUST_BACKTRACE", "os error", "Err(", "Error {"] {
            assert!(!self.err.contains(word), "{self:?}");
        }
    }

    #[track_caller]
    pub fn assert_done(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        self.assert_done();
        serde_json::from_str(&self.out).unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

pub fn run(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

/// The system calls in a log of strace, from the first that names the ledger on: each with how many
/// of its name there were up to it, as `inject=...:when=` counts them.
pub fn calls_that_concern_the_ledger(log: &str) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    let mut begun = false;
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((name, rest)) = line.split_once('(') else { continue };
        let name = name.rsplit(' ').next().unwrap();
        let count = counts.entry(name.to_owned()).or_insert(0);
        *count += 1;
        begun |= rest.contains("ledger.sqlite");
        if begun {
            calls.push((name.to_owned(), *count));
        }
    }
    calls
}

/// Somebody who is not root, with a copy of the program that anybody may run.
pub struct Stranger {
    room: TempDir,
}

/// `nobody`.
const NOBODY: u32 = 65534;

impl Stranger {
    pub fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        fs::set_permissions(room.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_countersign"), room.path().join("countersign")).unwrap();
        Self { room }
    }

    fn is_needed() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Makes everything below a path theirs.
    pub fn give(&self, path: &Path) {
        if Self::is_needed() {
            std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                fs::read_dir(path).unwrap().for_each(|entry| self.give(&entry.unwrap().path()));
            }
        }
    }

    /// A program run by them.
    pub fn run_as(&self, path: impl AsRef<std::ffi::OsStr>) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = program(path);
        if Self::is_needed() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// `countersign` run by them.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.run_as(self.room.path().join("countersign"));
        command.args(arguments);
        command
    }
}
