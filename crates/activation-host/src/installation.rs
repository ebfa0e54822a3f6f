//! One installation over the years: what it was told, what it saw, and what that is worth today.

use crate::damage::{Damage, Flaw, either, flaw, heal, keep_twice};
use crate::days::Today;
use crate::holdings::{self, Family, LicenseStanding};
use crate::host::{KeptHost, KnownHost, SiteName};
use crate::inspect::{Inspection, is_old};
use crate::memory::{self, Memory, Reset};
use crate::rollback::{Continuity, CounterFault};
use crate::settings::Settings;
use crate::sites::{self, Sites};
use crate::status::{SetAside, Status};
use crate::storage::{CODES, Folder, Lock, Storage, StorageFault};
use crate::trust_store::{self, KeptTrust, Loaded, ReadTrust, TrustStoreFault};
use crate::usage::{LicenseUsage, UsageReport};
use activation_code::{
    Accepted, ActivationCode, Bundle, ClockReset, ClockState, CodeDigest, Day, HostCodeFault, HostId, HostRequest,
    License, LicenseNumber, MAX_TEXT, Nonce, Refusal, Revision, Roots, Trust, TrustFault, UnverifiedClockReset,
    Warning, code_digest,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// More codes are not looked at: a folder that has so many is not one that this program filled.
const MOST_CODES: usize = 10_000;

/// An installation. It may be asked by several threads, and the same folder by several processes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let code = "20040-0E000-84G00-3X00H-7FRHT 0PS04-NGZPE-9CK4J-7DT4X-VA7K6 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM
/// #     7G669-0T3SX-645X4-R6SRN-861EK J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H SBXV8-F7K7R-SNN7P-Y1T14-49974";
/// use activation_host::{Installation, Settings};
///
/// let issuer = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
/// let settings = Settings::new().issuer(issuer.parse()?).product("7".parse()?).released("2026-09-15".parse()?);
/// let installation = Installation::open(folder.path(), settings);
/// # let installation = Installation::open(folder.path(), Settings::new().issuer(issuer.parse()?)
/// #     .product("7".parse()?).clock("2027-10-01".parse::<activation_code::Day>()?));
/// assert!(installation.enter(code)?.is_accepted());
/// let status = installation.status()?;
/// assert!(status.standing.run && status.units == 250);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Installation {
    storage: Box<dyn Storage>,
    settings: Settings,
    /// What was read last, and how the storage looked before.
    cache: Mutex<Option<(Vec<u8>, Arc<State>)>>,
    verified: Mutex<Verified>,
}

/// What this process has verified. Only whole texts are compared, so that nothing counts that would not verify again.
#[derive(Debug, Default)]
struct Verified {
    trust_texts: ReadTrust,
    /// Whose the licenses are.
    trust: Option<Trust>,
    /// Of the last reading, by the bytes of their codes.
    licenses: BTreeMap<Vec<u8>, License>,
}

impl Verified {
    /// The licenses of this trust, for a new reading.
    fn take(&mut self, trust: Option<&Trust>) -> BTreeMap<Vec<u8>, License> {
        let known = std::mem::take(&mut self.licenses);
        if self.trust.as_ref() == trust {
            return known;
        }
        self.trust = trust.cloned();
        BTreeMap::new()
    }
}

/// What a storage says.
#[derive(Clone, Debug)]
struct State {
    memory: Memory,
    /// Whether it was read, and not begun anew.
    remembers: bool,
    /// Why what is remembered is not ours to replace.
    foreign: Option<Damage>,
    trust: Option<Trust>,
    /// Why there is no trust, although somebody gave one.
    trust_fault: Option<TrustFault>,
    kept: KeptTrust,
    /// Whether nothing is kept at all.
    is_blank: bool,
    /// Whether the bundle of the release is in force, and not kept yet.
    release_is_newer: bool,
    family: Family,
    host: KnownHost,
    held: Vec<Held>,
    set_aside: Vec<SetAside>,
    /// When those were issued.
    aside_issued: Vec<(Day, CodeDigest)>,
    sites: Sites,
    counter_fault: Option<Arc<CounterFault>>,
    damage: Vec<Damage>,
}

/// A code that is good.
#[derive(Clone, Debug)]
struct Held {
    name: String,
    license: License,
    digest: CodeDigest,
}

/// What an operation could not do.
#[derive(Debug)]
pub enum InstallationFault {
    /// The system fails.
    Storage(StorageFault),
    /// Nobody said whom to trust.
    NoTrust,
    /// The trust that was given is none.
    Trust(TrustFault),
    /// What is kept cannot be read, and it is not ours to replace.
    Kept(Damage),
    /// There are no random numbers for a request.
    NoRandomNumbers,
    /// No code of the license is here.
    NothingToForget {
        /// Of which license.
        license: LicenseNumber,
    },
}

impl From<StorageFault> for InstallationFault {
    fn from(fault: StorageFault) -> Self {
        Self::Storage(fault)
    }
}

impl fmt::Display for InstallationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(fault) => fault.fmt(f),
            Self::NoTrust => f.write_str("no issuer to trust"),
            Self::Trust(fault) => fault.fmt(f),
            Self::Kept(damage) => damage.fmt(f),
            Self::NoRandomNumbers => f.write_str("the system gives no random numbers"),
            Self::NothingToForget { license } => write!(f, "no code of license {license} is here"),
        }
    }
}

impl std::error::Error for InstallationFault {}

/// Why a clock reset is not followed.
#[derive(Debug)]
pub enum ClockResetFault {
    /// It is not typed as one.
    Read(HostCodeFault),
    /// No issuer of the trust stands behind it.
    Refused(Refusal),
    /// It is for another host.
    OtherHost {
        /// Which.
        found: HostId,
        /// This one, if it has a number.
        wanted: Option<HostId>,
    },
    /// It answers a request that this installation did not make, or that was answered before.
    NotAsked,
    /// The installation cannot do it.
    Installation(InstallationFault),
}

impl From<InstallationFault> for ClockResetFault {
    fn from(fault: InstallationFault) -> Self {
        Self::Installation(fault)
    }
}

impl fmt::Display for ClockResetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(fault) => fault.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::OtherHost { found, wanted: Some(wanted) } => {
                write!(f, "the clock reset is for the host {found}, this is the host {wanted}")
            }
            Self::OtherHost { found, wanted: None } => write!(f, "the clock reset is for the host {found}"),
            Self::NotAsked => f.write_str("the clock reset answers no request of this installation that is still open"),
            Self::Installation(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for ClockResetFault {}

/// What a host asks its desk for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A code that only this host accepts.
    Code {
        /// For a license that there is; `None`: a new one.
        license: Option<LicenseNumber>,
    },
    /// A clock reset.
    ClockReset,
}

/// What became of a code that was entered.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The answer.
    pub inspection: Inspection,
    /// Where it is kept, if it was accepted.
    pub place: Option<String>,
    /// Whether the very code was there before.
    pub known: bool,
}

impl Entered {
    fn not(inspection: Inspection) -> Self {
        Self { inspection, place: None, known: false }
    }

    /// Whether the code is kept.
    pub fn is_accepted(&self) -> bool {
        self.inspection.license.is_some()
    }
}

impl Installation {
    /// In a folder, which is made when something is to be kept.
    pub fn open(folder: impl Into<PathBuf>, settings: Settings) -> Self {
        Self::with_storage(Folder::new(folder.into()), settings)
    }

    /// In another storage.
    pub fn with_storage(storage: impl Storage + 'static, settings: Settings) -> Self {
        Self { storage: Box::new(storage), settings, cache: Mutex::default(), verified: Mutex::default() }
    }

    /// Where its state is.
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// What the installation is worth today. Looks at the clock, and remembers what it saw; where that cannot be
    /// written, the answer is the same, and says so.
    ///
    /// # Errors
    /// Nobody said whom to trust. Damage of the state is no error but part of the answer.
    pub fn status(&self) -> Result<Status, InstallationFault> {
        let state = self.state();
        let clock = self.settings.day();
        let mut seen = state.memory.seen.clone();
        let today = seen.look(clock, state.evidence(self.settings.released));
        // Who only looks makes no folder.
        if self.settings.what_if.is_some() || state.is_blank {
            return self.told(&state, today, None);
        }
        if seen == state.memory.seen && state.damage.is_empty() && !state.release_is_newer {
            return self.told(&state, today, None);
        }
        match self.remember(clock) {
            Ok((state, today)) => self.told(&state, today, None),
            Err(fault) => self.told(&state, today, Some(fault)),
        }
    }

    fn told(
        &self,
        state: &State,
        today: Today,
        not_remembered: Option<InstallationFault>,
    ) -> Result<Status, InstallationFault> {
        if state.trust.is_none() && state.kept.damage.is_empty() {
            return Err(state.no_trust());
        }
        let held = state.held.iter().map(|held| &held.license);
        let revoked = state.set_aside.iter().any(|code| matches!(code.refusal, Refusal::Revoked { .. }));
        let holding = holdings::standing(held, revoked, today.day, self.settings.released, &state.family);
        let mut standing = holding.standing;
        standing.warnings.extend(self.warnings(state, today));
        let in_use = self.settings.in_use.or(state.sites.in_use());
        // Without a license nothing is licensed, which is said already.
        if !holding.licenses.is_empty() {
            let over_use = in_use.is_some_and(|in_use| in_use > holding.units).then_some(Warning::OverUse);
            let over_assigned = (state.sites.assigned() > holding.units).then_some(Warning::OverAssigned);
            standing.warnings.extend(over_use.into_iter().chain(over_assigned));
        }
        standing.warnings.sort_unstable();
        standing.warnings.dedup();
        let bundle = state.trust.as_ref().and_then(Trust::bundle);
        let contact = bundle.map_or(&self.settings.contact, |bundle| &bundle.contact).clone();
        Ok(Status {
            today,
            standing,
            units: holding.units,
            in_use,
            sites: state.sites.clone(),
            licenses: holding.licenses,
            set_aside: state.set_aside.clone(),
            damage: state.damage.clone(),
            damaged_before: state.memory.damaged.clone(),
            bundle: bundle.cloned(),
            contact,
            host: state.host.id(),
            counter_fault: state.counter_fault.clone(),
            not_remembered,
        })
    }

    fn warnings(&self, state: &State, today: Today) -> Vec<Warning> {
        let bundle = state.trust.as_ref().and_then(Trust::bundle);
        let expects_bundle =
            self.settings.trust.is_none() && (self.settings.roots.is_some() || state.kept.roots.is_some());
        [
            (today.state == ClockState::Behind, Warning::ClockBehind),
            (today.state == ClockState::Ahead, Warning::ClockAhead),
            (today.state == ClockState::Unreadable, Warning::ClockUnreadable),
            (bundle.is_some_and(|bundle| is_old(bundle, today.day)), Warning::BundleOld),
            (bundle.is_none() && expects_bundle, Warning::BundleMissing),
            (!state.damage.is_empty() || !state.memory.damaged.is_empty(), Warning::StateDamaged),
        ]
        .into_iter()
        .filter_map(|(holds, warning)| holds.then_some(warning))
        .collect()
    }

    /// What a code would be worth here, read from whatever was typed, pasted or read from a file. Nothing is kept.
    ///
    /// # Errors
    /// Nobody said whom to trust.
    pub fn inspect(&self, text: &str) -> Result<Inspection, InstallationFault> {
        self.inspect_in(&self.state(), text, self.settings.day())
    }

    /// Whom it trusts today.
    ///
    /// # Errors
    /// Nobody said whom to trust, or what is kept of it is damaged.
    pub fn trust(&self) -> Result<Trust, InstallationFault> {
        let state = self.state();
        state.trust.clone().ok_or_else(|| state.no_trust())
    }

    /// The roots in force, if any were ever trusted, and what of the trust that is kept is damaged.
    pub fn kept_trust(&self) -> KeptTrust {
        self.state().kept.clone()
    }

    fn inspect_in(&self, state: &State, text: &str, clock: Option<Day>) -> Result<Inspection, InstallationFault> {
        let trust = state.trust.as_ref().ok_or_else(|| state.no_trust())?;
        let evidence = state.evidence(self.settings.released);
        let look = |evidence| state.memory.seen.clone().look(clock, evidence);
        let read = Inspection::read(text, trust, self.settings.repairs, look(evidence).day);
        let Accepted { license, repairs } = match read {
            Ok(accepted) => accepted,
            Err(refused) => return Ok(*refused),
        };
        // A code is evidence of its day of issue as soon as it is held.
        let today = look(evidence.max(state.evidence_of(&license)));
        if let Err(refusal) = state.fits(&license, today.day) {
            return Ok(Inspection::refuse(license, repairs, refusal));
        }
        let mut standing = license.standing_on(today.day, self.settings.released);
        standing.warnings.extend(self.warnings(state, today));
        if license.terms().host.is_some() && state.host == KnownHost::Unknown {
            standing.warnings.push(Warning::HostNotChecked);
        }
        standing.warnings.sort_unstable();
        standing.warnings.dedup();
        Ok(Inspection::accept(license, repairs, standing))
    }

    /// Takes a code: what is accepted is kept, with everything that was here before.
    ///
    /// # Errors
    /// Nobody said whom to trust, or it cannot be kept; then nothing has changed, as far as a system that fails lets
    /// itself be told so: what it wrote all the same is a whole code, and counts. A code that is refused is no error.
    pub fn enter(&self, text: &str) -> Result<Entered, InstallationFault> {
        self.enter_inspected(self.inspect(text)?)
    }

    /// Takes the code of an inspection, as a person saw it. It is judged again: another program may have entered a
    /// newer one meanwhile.
    ///
    /// # Errors
    /// As [`Self::enter`].
    pub fn enter_inspected(&self, inspection: Inspection) -> Result<Entered, InstallationFault> {
        let Some(license) = &inspection.license else { return Ok(Entered::not(inspection)) };
        let lock = self.lock()?;
        let state = self.read();
        let clock = self.settings.day();
        let again = self.inspect_in(&state, &license.code().transport(), clock)?;
        let inspection = match again.license {
            Some(_) => Inspection { repairs: inspection.repairs, outcome: inspection.outcome, ..again },
            None => again,
        };
        self.keep(&lock, state, inspection, clock)
    }

    fn keep(
        &self,
        lock: &Lock<'_>,
        mut state: State,
        inspection: Inspection,
        clock: Option<Day>,
    ) -> Result<Entered, InstallationFault> {
        let Some(license) = &inspection.license else { return Ok(Entered::not(inspection)) };
        state.is_ours()?;
        if license.terms().host.is_some() && state.memory.host.is_none() && state.memory.site.is_none() {
            // From now on this host has a number.
            state.memory.host = self.host_to_keep()?;
            state.host = self.host(&state.memory);
            if let Err(refusal) = license.fits(&state.family.target(state.host.id())) {
                self.note_damage(&mut state);
                self.write(lock, &state.memory)?;
                return Ok(Entered::not(Inspection::refuse(license.clone(), inspection.repairs, refusal)));
            }
        }
        let digest = code_digest(license.code().as_bytes());
        let held = state.held.iter().find(|held| held.digest == digest);
        let known = held.is_some();
        let is_damaged = |name: &str| state.damage.iter().any(|damage| damage.place == self.storage.place(name));
        let evidence = state.evidence(self.settings.released).max(state.evidence_of(license));
        let mut seen = state.memory.seen.clone();
        let today = seen.look(clock, evidence);
        if !state.remembers {
            // A code without a memory would look as if the memory had been lost.
            let mut memory = state.memory.clone();
            memory.note(&state.damage, today.day);
            self.write(lock, &memory)?;
        }
        let name = match held {
            Some(held) if !is_damaged(&held.name) => held.name.clone(),
            _ => self.keep_code(license, clock, is_damaged)?,
        };
        state.memory.codes.insert(name.clone());
        if self.settings.what_if.is_none() {
            state.memory.seen = seen;
        }
        state.memory.note(&state.damage, today.day);
        if let Err(fault) = self.write(lock, &state.memory) {
            // What fails leaves nothing behind; but where the memory is in its place, and only its folder could not be
            // synced, the code belongs to it.
            if !known && !self.read().memory.codes.contains(&name) {
                let _ = self.storage.remove(&name);
            }
            return Err(fault.into());
        }
        Ok(Entered { inspection, place: Some(self.storage.place(&name)), known })
    }

    /// `is_damaged`: what of a name is in the place of a code, and is none.
    fn keep_code(
        &self,
        license: &License,
        clock: Option<Day>,
        is_damaged: impl Fn(&str) -> bool,
    ) -> Result<String, InstallationFault> {
        let terms = license.terms();
        let host = terms.host.map(|host| format!("-host-{host}")).unwrap_or_default();
        let stem = format!("license-{}-revision-{}{host}-issued-{}", terms.license, terms.revision, terms.issued);
        let rows: String =
            license.code().letters().iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}\n")).collect();
        let entered = clock.map(|day| format!("# Entered on {day}\n")).unwrap_or_default();
        let text = format!(
            "# Activation code of license {}, revision {}: {} units of product {}, {}\n{entered}{rows}",
            terms.license, terms.revision, terms.units, terms.product, terms.period
        );
        // Another code of one name is a conflict: both stay.
        let taken: BTreeSet<_> = self.storage.codes().map_err(|error| self.fault(CODES, error))?.into_iter().collect();
        let names =
            std::iter::once(format!("{CODES}/{stem}.lic")).chain((2..).map(|i| format!("{CODES}/{stem}-{i}.lic")));
        let name = names.into_iter().find(|name| !taken.contains(name) || is_damaged(name)).unwrap_or_default();
        if let Err(error) = self.storage.write(&name, text.as_bytes()) {
            // Where only its folder could not be synced it is there.
            if !taken.contains(&name) {
                let _ = self.storage.remove(&name);
            }
            return Err(self.fault(&name, error));
        }
        Ok(name)
    }

    /// Forgets the codes of a license, or of one revision of it. Their days are no evidence any more.
    ///
    /// # Errors
    /// There is none, or they cannot be removed.
    pub fn forget(&self, license: LicenseNumber, revision: Option<Revision>) -> Result<Vec<String>, InstallationFault> {
        let lock = self.lock()?;
        let mut state = self.read();
        state.is_ours()?;
        let wanted = |number, found: Revision| number == license && revision.is_none_or(|revision| revision == found);
        let held = state.held.iter().map(|held| (held.license.terms(), &held.name));
        let held = held.map(|(terms, name)| (terms.license, terms.revision, name));
        let aside = state.set_aside.iter().map(|code| (code.license, code.revision, &code.name));
        let found = held.chain(aside).filter(|&(number, revision, _)| wanted(number, revision));
        // Lower revisions first: if the power fails between two of them, no code counts that was superseded.
        let mut names: BTreeSet<(Revision, String)> =
            found.map(|(_, revision, name)| (revision, name.clone())).collect();
        // Codes that are missing or damaged are known by their names.
        let stem = format!("{CODES}/license-{license}-revision-");
        let can_be_read = |name: &String| {
            state.held.iter().any(|held| held.name == *name) || state.set_aside.iter().any(|code| code.name == *name)
        };
        let named = |name: String| {
            let found: Revision = name.strip_prefix(&stem)?.split(['-', '.']).next()?.parse().ok()?;
            (wanted(license, found) && !can_be_read(&name)).then_some((found, name))
        };
        let there = self.storage.codes().map_err(|error| self.fault(CODES, error))?;
        names.extend(there.into_iter().chain(state.memory.codes.iter().cloned()).filter_map(named));
        if names.is_empty() {
            return Err(InstallationFault::NothingToForget { license });
        }
        self.note_damage(&mut state);
        state.memory.codes.retain(|name| names.iter().all(|(_, forgotten)| forgotten != name));
        self.write(&lock, &state.memory)?;
        for (_, name) in &names {
            self.storage.remove(name).map_err(|error| self.fault(name, error))?;
        }
        Ok(names.iter().map(|(_, name)| self.storage.place(name)).collect())
    }

    /// Ends the report of damage that was found: somebody read it. Codes that are missing are no longer missed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget_damage(&self) -> Result<Vec<(Day, String)>, InstallationFault> {
        let lock = self.lock()?;
        let mut state = self.read();
        state.is_ours()?;
        let there: BTreeSet<_> = self.storage.codes().map_err(|error| self.fault(CODES, error))?.into_iter().collect();
        state.memory.codes.retain(|name| there.contains(name));
        let damaged = std::mem::take(&mut state.memory.damaged);
        self.write(&lock, &state.memory)?;
        Ok(damaged)
    }

    /// Loads a trust bundle's file; it replaces the one in force if it is newer, and signed by the roots in force, or
    /// by `given` where there are none yet.
    ///
    /// # Errors
    /// The bundle is refused; then nothing has changed.
    pub fn load_trust(&self, file: &str, given: Option<&Roots>) -> Result<(Loaded, Bundle), TrustStoreFault> {
        let given = given.or(self.settings.roots.as_ref());
        let judge = |state: &State| state.kept.judge(file, given, state.memory.bundle, self.settings.purpose);
        // What is refused touches nothing.
        judge(&self.state())?;
        let storage = |error| TrustStoreFault::Storage(self.storage_fault("lock", error));
        let lock = self.storage.lock().map_err(storage)?;
        let mut state = self.read();
        if let Some(damage) = &state.foreign {
            return Err(TrustStoreFault::Kept(damage.clone()));
        }
        let (loaded, bundle) = judge(&state)?;
        if loaded != Loaded::Already || !state.kept.damage.is_empty() {
            trust_store::keep(&*self.storage, file, &bundle)?;
        }
        self.note_damage(&mut state);
        state.memory.bundle = Some(bundle.number);
        self.write(&lock, &state.memory)?;
        Ok((loaded, bundle))
    }

    /// What this host asks its desk for, in one row. The same request for a clock reset stays until it is answered.
    ///
    /// # Errors
    /// It cannot be kept, or there are no random numbers.
    pub fn request(&self, wish: Wish) -> Result<HostRequest, InstallationFault> {
        let lock = self.lock()?;
        let mut state = self.read();
        let before = state.memory.clone();
        let host = self.number_host(&mut state)?;
        let (license, nonce) = match wish {
            Wish::Code { license } => (license, Nonce::for_code(random()? as u16)),
            Wish::ClockReset => {
                let nonce = match state.memory.asked {
                    Some(nonce) => nonce,
                    None => Nonce::for_clock_reset(random()? as u16),
                };
                state.memory.asked = Some(nonce);
                (None, nonce)
            }
        };
        if state.memory != before {
            self.note_damage(&mut state);
            self.write(&lock, &state.memory)?;
        }
        let product = self.settings.products.first().map(|&(product, _)| product);
        Ok(HostRequest { host, product, license, nonce })
    }

    /// Gives this host the number of its site: codes for the site are good on each of its hosts. `None`: a number of
    /// its own again.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn set_site(&self, site: Option<SiteName>) -> Result<HostId, InstallationFault> {
        let lock = self.lock()?;
        let mut state = self.read();
        state.is_ours()?;
        if site.is_none() && state.memory.host.is_none() {
            state.memory.host = self.host_to_keep()?;
        }
        state.memory.site = site;
        self.note_damage(&mut state);
        self.write(&lock, &state.memory)?;
        self.host(&state.memory).id().ok_or(InstallationFault::NoRandomNumbers)
    }

    /// Follows a clock reset: no evidence later than its day counts any more, until newer evidence arrives.
    ///
    /// # Errors
    /// It is not for this host and its request, or not signed; then nothing has changed.
    pub fn reset_clock<R: AsRef<str>>(&self, rows: &[R]) -> Result<ClockReset, ClockResetFault> {
        let code = UnverifiedClockReset::read(rows).map_err(ClockResetFault::Read)?;
        let lock = self.lock()?;
        let mut state = self.read();
        state.is_ours()?;
        let trust = state.trust.as_ref().ok_or_else(|| state.no_trust())?;
        let reset = trust.verify_clock_reset(&code).map_err(ClockResetFault::Refused)?;
        let terms = reset.terms();
        let wanted = state.host.id();
        if wanted != Some(terms.host) {
            return Err(ClockResetFault::OtherHost { found: terms.host, wanted });
        }
        if state.memory.asked != Some(terms.nonce) {
            return Err(ClockResetFault::NotAsked);
        }
        let later = |day: &Day| *day > terms.day;
        let held = state.held.iter().map(|held| (held.license.terms().issued, held.digest));
        // What is set aside now may count some day.
        let codes = held.chain(state.aside_issued.iter().copied());
        let bundle = trust.bundle().filter(|bundle| later(&bundle.issued)).map(|bundle| bundle.number);
        state.memory.reset = Some(Reset {
            day: terms.day,
            codes: codes.filter(|(issued, _)| later(issued)).map(|(_, digest)| digest).collect(),
            bundle,
            release: self.settings.released.filter(later),
        });
        self.note_damage(&mut state);
        state.memory.seen.reset(terms.day);
        state.memory.asked = None;
        self.write(&lock, &state.memory).map_err(InstallationFault::from)?;
        Ok(reset)
    }

    /// The sites that units are assigned to.
    pub fn sites(&self) -> Sites {
        self.state().sites.clone()
    }

    /// Changes the sites, as they are when nobody else changes them.
    ///
    /// # Errors
    /// What `change` says, or it cannot be kept; then nothing has changed.
    pub fn change_sites<F: From<InstallationFault>>(
        &self,
        change: impl FnOnce(&mut Sites) -> Result<(), F>,
    ) -> Result<Sites, F> {
        let _lock = self.lock()?;
        let State { mut sites, damage, .. } = self.read();
        let place = self.storage.place(sites::NAME);
        if let Some(damage) = damage.into_iter().find(|damage| damage.place == place && damage.is_foreign()) {
            return Err(InstallationFault::Kept(damage).into());
        }
        change(&mut sites)?;
        keep_twice(&*self.storage, sites::NAME, sites.to_text().as_bytes()).map_err(InstallationFault::from)?;
        Ok(sites)
    }

    /// What the installation says of its use.
    ///
    /// # Errors
    /// As [`Self::status`]; or this host has no number yet, and it cannot be kept.
    pub fn usage_report(&self) -> Result<UsageReport, InstallationFault> {
        let host = self.request_host()?;
        let status = self.status()?;
        let license = |license: &LicenseStanding| {
            let terms = license.license.terms();
            LicenseUsage {
                license: terms.license,
                revision: terms.revision,
                product: terms.product,
                units: terms.units,
                last: terms.period.last(),
                phase: license.standing.phase,
                counts: license.counts,
            }
        };
        Ok(UsageReport {
            day: status.today.day,
            host,
            clock: status.today.state,
            bundle: status.bundle.as_ref().map(|bundle| bundle.number),
            licensed: status.units,
            in_use: status.in_use,
            licenses: status.licenses.iter().map(license).collect(),
            sites: status.sites,
        })
    }

    /// The number of this host, made and kept if it has none.
    fn request_host(&self) -> Result<HostId, InstallationFault> {
        match self.state().host.id() {
            Some(host) => Ok(host),
            None => {
                let lock = self.lock()?;
                let mut state = self.read();
                let host = self.number_host(&mut state)?;
                self.write(&lock, &state.memory)?;
                Ok(host)
            }
        }
    }

    fn number_host(&self, state: &mut State) -> Result<HostId, InstallationFault> {
        state.is_ours()?;
        let needed = state.memory.host.is_none() && state.memory.site.is_none();
        if needed || matches!(state.host, KnownHost::Moved(_)) {
            state.memory.host = self.host_to_keep()?;
            state.host = self.host(&state.memory);
        }
        state.host.id().ok_or(InstallationFault::NoRandomNumbers)
    }

    /// Looks at the clock, and writes down what has changed.
    fn remember(&self, clock: Option<Day>) -> Result<(Arc<State>, Today), InstallationFault> {
        let lock = self.lock()?;
        let mut state = self.read();
        state.is_ours()?;
        let evidence = state.evidence(self.settings.released);
        let before = state.memory.clone();
        let today = state.memory.seen.look(clock, evidence);
        state.memory.note(&state.damage, today.day);
        if state.release_is_newer
            && let (Some(file), Some(bundle)) = (&self.settings.bundle, state.trust.as_ref().and_then(Trust::bundle))
        {
            trust_store::keep(&*self.storage, file, bundle)?;
            state.memory.bundle = state.memory.bundle.max(Some(bundle.number));
        }
        trust_store::heal(&*self.storage, &state.damage)?;
        let place = self.storage.place(sites::NAME);
        if state.damage.iter().any(|damage| damage.recovered && damage.place == place) {
            heal(&*self.storage, sites::NAME, sites::LONGEST)?;
        }
        let place = self.storage.place(memory::NAME);
        if state.memory != before || state.damage.iter().any(|damage| damage.recovered && damage.place == place) {
            self.write(&lock, &state.memory)?;
        }
        Ok((Arc::new(state), today))
    }

    fn lock(&self) -> Result<Lock<'_>, InstallationFault> {
        self.storage.lock().map_err(|error| self.fault("lock", error))
    }

    /// What is written mends what was lost: it is said before.
    fn note_damage(&self, state: &mut State) {
        let today = state.memory.seen.clone().look(self.settings.day(), state.evidence(self.settings.released));
        state.memory.note(&state.damage, today.day);
    }

    fn write(&self, _: &Lock<'_>, memory: &Memory) -> Result<(), StorageFault> {
        let keep = |memory: &Memory| keep_twice(&*self.storage, memory::NAME, memory.to_text().as_bytes());
        let Some(counter) = &self.settings.counter else { return keep(memory) };
        let mut counter = counter.lock().unwrap_or_else(PoisonError::into_inner);
        // Why it cannot be read is said where the state is read.
        let Ok(now) = counter.read() else { return keep(memory) };
        // First the state, then the counter: a power cut between the two leaves a state that is one ahead, and not one
        // that is behind, as an older copy is.
        keep(&Memory { counter: Some(now.saturating_add(1)), ..memory.clone() })?;
        let _ = counter.increment();
        Ok(())
    }

    /// What the counter says of a memory, where that is worth a word.
    fn continuity(&self, memory: &Memory) -> Result<Option<Flaw>, CounterFault> {
        let Some(counter) = &self.settings.counter else { return Ok(None) };
        let found = counter.lock().unwrap_or_else(PoisonError::into_inner).read()?;
        Ok(match Continuity::of(memory.counter, found) {
            Continuity::FirstUse | Continuity::Unbroken => None,
            Continuity::PutBack { missing } => Some(Flaw::PutBack { missing }),
            Continuity::OtherCounter { remembered, found } => Some(Flaw::OtherCounter { remembered, found }),
        })
    }

    fn storage_fault(&self, name: &str, error: std::io::Error) -> StorageFault {
        StorageFault { place: self.storage.place(name), error }
    }

    fn fault(&self, name: &str, error: std::io::Error) -> InstallationFault {
        InstallationFault::Storage(self.storage_fault(name, error))
    }

    fn host(&self, memory: &Memory) -> KnownHost {
        self.settings.host.known(memory.host, memory.site.as_ref())
    }

    fn host_to_keep(&self) -> Result<Option<KeptHost>, InstallationFault> {
        Ok(self.settings.host.to_keep(random()?))
    }

    /// What the storage says, from memory if nothing has changed since it was read: a [`License`] was verified in this
    /// process, and the same bytes would verify again.
    fn state(&self) -> Arc<State> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is read: what changes meanwhile is read again the next time.
        let stamp = self.storage.stamp();
        if let (Some(stamp), Some((before, state))) = (&stamp, &*cache)
            && stamp == before
        {
            return Arc::clone(state);
        }
        let _lock = self.storage.lock_to_look();
        let state = Arc::new(self.read());
        *cache = stamp.map(|stamp| (stamp, Arc::clone(&state)));
        state
    }

    fn read(&self) -> State {
        let storage = &*self.storage;
        let mut damage = Vec::new();
        let parse = |text: &[u8]| Memory::from_text(text).map_err(Flaw::Text);
        let (kept_memory, damaged) = either(storage, memory::NAME, memory::LONGEST, parse);
        let foreign = damaged.clone().filter(Damage::is_foreign);
        damage.extend(damaged);
        let remembers = kept_memory.is_some();
        let mut memory = kept_memory.unwrap_or_default();

        let counter_fault = match self.continuity(&memory) {
            Ok(broken) => {
                let place = storage.place(memory::NAME);
                damage.extend(broken.map(|what| Damage { place, what, recovered: false }));
                None
            }
            Err(fault) => Some(Arc::new(fault)),
        };

        let parse = |text: &[u8]| Sites::from_text(text).map_err(Flaw::Text);
        let (sites, damaged_sites) = either(storage, sites::NAME, sites::LONGEST, parse);
        damage.extend(damaged_sites);

        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = KeptTrust::of(storage, self.settings.roots.as_ref(), &mut verified.trust_texts);
        damage.extend(kept.damage.iter().cloned());
        let (trust, trust_fault) = match self.trust_of(&kept) {
            Ok(trust) => (trust, None),
            Err(fault) => (None, Some(fault)),
        };
        let number = trust.as_ref().and_then(Trust::bundle).map(|bundle| bundle.number);
        let release_is_newer = self.settings.trust.is_none() && number > kept.bundle.as_ref().map(|kept| kept.number);
        let family = Family::of(&self.settings.products, trust.as_ref().and_then(Trust::bundle));
        let mut state = State {
            is_blank: !remembers && damage.is_empty() && kept.roots.is_none() && kept.bundle.is_none(),
            release_is_newer,
            host: self.host(&memory),
            memory: Memory::default(),
            remembers,
            foreign,
            trust,
            trust_fault,
            kept,
            family,
            held: Vec::new(),
            set_aside: Vec::new(),
            aside_issued: Vec::new(),
            sites: sites.unwrap_or_default(),
            counter_fault,
            damage,
        };
        let names = self.names_of_codes(&mut state.damage);
        state.is_blank &= names.is_empty();
        let known = verified.take(state.trust.as_ref());
        for name in &names {
            self.read_code(&mut state, name, &known);
        }
        verified.licenses =
            state.held.iter().map(|held| (held.license.code().as_bytes().to_vec(), held.license.clone())).collect();
        drop(verified);
        for name in memory.codes.iter().filter(|name| !names.contains(*name)) {
            state.damage.push(Damage { place: storage.place(name), what: Flaw::Missing, recovered: false });
        }
        if !remembers && !names.is_empty() && state.foreign.is_none() {
            let place = storage.place(memory::NAME);
            if state.damage.iter().all(|damage| damage.place != place) {
                state.damage.push(Damage { place, what: Flaw::Missing, recovered: false });
            }
            memory.codes = names;
            state.adopt_host(&mut memory);
            state.host = self.host(&memory);
        }
        if matches!(state.host, KnownHost::Moved(_)) {
            state.damage.push(Damage { place: storage.place(""), what: Flaw::Moved, recovered: false });
        }
        state.memory = memory;
        state.judge_targets(storage);
        state
    }

    fn names_of_codes(&self, damage: &mut Vec<Damage>) -> BTreeSet<String> {
        match self.storage.codes() {
            Ok(names) => names.into_iter().take(MOST_CODES).collect(),
            Err(error) => {
                damage.push(Damage { place: self.storage.place(CODES), what: flaw(&error), recovered: false });
                BTreeSet::new()
            }
        }
    }

    fn read_code(&self, state: &mut State, name: &str, known: &BTreeMap<Vec<u8>, License>) {
        let Some(trust) = &state.trust else { return };
        let place = || self.storage.place(name);
        let text = match self.storage.read(name, MAX_TEXT) {
            Ok(Some(text)) => String::from_utf8_lossy(&text).into_owned(),
            // Another program has just forgotten it.
            Ok(None) => return,
            Err(error) => return state.damage.push(Damage { place: place(), what: flaw(&error), recovered: false }),
        };
        let code = match ActivationCode::read(&text) {
            Ok(code) => code,
            Err(fault) => match trust.read(&text) {
                Ok(Accepted { license, .. }) => {
                    state.damage.push(Damage { place: place(), what: Flaw::Mistyped, recovered: true });
                    license.code().clone()
                }
                Err(_) => {
                    return state.damage.push(Damage { place: place(), what: Flaw::Code(fault), recovered: false });
                }
            },
        };
        let terms = code.unverified_terms();
        let (license, revision) = (terms.license, terms.revision);
        let issued = (terms.issued, code_digest(code.as_bytes()));
        let aside = |refusal| SetAside { name: name.to_owned(), place: place(), license, revision, refusal };
        let verified = known.get(code.as_bytes()).cloned().map_or_else(|| trust.verify(code), Ok);
        match verified {
            Ok(license) => {
                let digest = issued.1;
                // The same code under two names counts once.
                if state.held.iter().all(|held| held.digest != digest) {
                    state.held.push(Held { name: name.to_owned(), license, digest });
                }
            }
            Err(refusal) => {
                state.set_aside.push(aside(refusal));
                state.aside_issued.push(issued);
            }
        }
    }

    /// Whom to trust, of what is kept and what was given.
    fn trust_of(&self, kept: &KeptTrust) -> Result<Option<Trust>, TrustFault> {
        let Settings { purpose, trust, roots, bundle, issuers, .. } = &self.settings;
        if let Some(trust) = trust {
            return Ok(Some(trust.clone()));
        }
        // The release's bundle is followed from the roots that it was built with, and from those in force.
        let of_release = bundle.as_ref().and_then(|file| {
            let read = |roots: &Roots| Bundle::read(file, roots).ok();
            kept.roots.as_ref().and_then(read).or_else(|| roots.as_ref().and_then(read))
        });
        let newest =
            [kept.bundle.as_ref(), of_release.as_ref()].into_iter().flatten().max_by_key(|bundle| bundle.number);
        if let Some(bundle) = newest {
            return Trust::of_bundle(*purpose, bundle.clone()).map(Some);
        }
        if issuers.is_empty() { Ok(None) } else { Trust::pinned(*purpose, issuers.iter().copied()).map(Some) }
    }
}

impl State {
    fn no_trust(&self) -> InstallationFault {
        match (&self.trust_fault, self.kept.damage.first()) {
            (Some(fault), _) => InstallationFault::Trust(*fault),
            (None, Some(damage)) => InstallationFault::Kept(damage.clone()),
            (None, None) => InstallationFault::NoTrust,
        }
    }

    fn is_ours(&self) -> Result<(), InstallationFault> {
        self.foreign.clone().map_or(Ok(()), |damage| Err(InstallationFault::Kept(damage)))
    }

    /// The latest day that certainly has come, by what is held.
    fn evidence(&self, released: Option<Day>) -> Option<Day> {
        let reset = self.memory.reset.as_ref();
        let codes = self.held.iter().filter_map(|held| self.evidence_of(&held.license));
        let bundle = self.trust.as_ref().and_then(Trust::bundle);
        let bundle =
            bundle.filter(|bundle| reset.is_none_or(|reset| reset.bundle_counts(bundle.issued, bundle.number)));
        let released = released.filter(|&day| reset.is_none_or(|reset| reset.release_counts(day)));
        codes.max().max(bundle.map(|bundle| bundle.issued)).max(released)
    }

    fn evidence_of(&self, license: &License) -> Option<Day> {
        let issued = license.terms().issued;
        let counts = |reset: &Reset| reset.code_counts(issued, &code_digest(license.code().as_bytes()));
        self.memory.reset.as_ref().is_none_or(counts).then_some(issued)
    }

    /// Whether a code that is good counts here.
    fn fits(&self, license: &License, today: Day) -> Result<(), Refusal> {
        let held: Vec<_> = self.held.iter().map(|held| held.license.clone()).collect();
        holdings::not_superseded(&held, license, today)?;
        license.fits(&self.family.target(self.host.id()))
    }

    /// Codes that are held and are not for this product or host do not count.
    fn judge_targets(&mut self, storage: &dyn Storage) {
        let target = self.family.target(self.host.id());
        let (fit, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .map(|held| (held.license.fits(&target), held))
            .partition(|(fits, _)| fits.is_ok());
        self.held = fit.into_iter().map(|(_, held)| held).collect();
        self.aside_issued.extend(others.iter().map(|(_, held)| (held.license.terms().issued, held.digest)));
        let aside = |(fits, held): (Result<(), Refusal>, Held)| {
            let terms = held.license.terms();
            let (license, revision) = (terms.license, terms.revision);
            let place = storage.place(&held.name);
            fits.err().map(|refusal| SetAside { name: held.name, place, license, revision, refusal })
        };
        self.set_aside.extend(others.into_iter().filter_map(aside));
    }

    /// Where what was remembered of the host is lost, and the machine has no identity, the codes that are here say
    /// which host this is: they were accepted here.
    fn adopt_host(&self, memory: &mut Memory) {
        let mut hosts = self.held.iter().filter_map(|held| held.license.terms().host);
        if self.host == KnownHost::Unknown
            && let Some(host) = hosts.next()
            && hosts.all(|other| other == host)
        {
            memory.host = Some(KeptHost::Random(host));
        }
    }
}

fn random() -> Result<u32, InstallationFault> {
    getrandom::u32().map_err(|_| InstallationFault::NoRandomNumbers)
}
