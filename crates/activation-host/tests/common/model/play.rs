//! Plays a history with the installation and with the model, and compares what they say.

use super::history::{Edge, History, Loss, Move, ResetFlaw, Step};
use super::pool::{HERE, Pool, THERE, day, issuer, key, number};
use super::rules::{Answer, LicenseAnswer, Loading, Model, NotTaken, ResetCode, Resetting, Slot, Today, World, grace};
use super::sold::{self, public};
use activation_code::{
    ClockResetTerms, Day, HostId, Kind, Nonce, Obstacle, Phase, PinnedIssuer, ProductId, Refusal, code_digest,
};
use activation_host::holdings::LicenseStanding;
use activation_host::host::HostSource;
use activation_host::installation::{ClockResetFault, InstallationFault, Wish};
use activation_host::settings::Clock;
use activation_host::storage::{InMemory, Lock, Storage};
use activation_host::trust_store::{Loaded, TrustStoreFault};
use activation_host::{Installation, Settings, Status};
use ed25519_dalek::Signer;
use proptest::test_runner::TestCaseError;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

type Played = Result<(), TestCaseError>;

/// What happened in all histories together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub steps: u64,
    pub accepted: u64,
    pub refused: u64,
    pub loaded: u64,
    pub resets: u64,
    pub losses: u64,
    pub renewed: u64,
    pub answers: u64,
}

const UNREADABLE: i32 = i32::MIN;
const MEMORY: &str = "memory.txt";
const BUNDLE: &str = "trust.bundle";
const ROOTS: &str = "trust.roots";

/// A storage that outlives the processes that use it.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<InMemory>);

impl Storage for Disk {
    fn read(&self, name: &str, longest: usize) -> io::Result<Option<Vec<u8>>> {
        self.0.read(name, longest)
    }
    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        self.0.write(name, text)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn codes(&self) -> io::Result<Vec<String>> {
        self.0.codes()
    }
    fn lock(&self) -> io::Result<Lock<'_>> {
        self.0.lock()
    }
    fn lock_to_look(&self) -> Option<Lock<'_>> {
        self.0.lock_to_look()
    }
    fn stamp(&self) -> Option<Vec<u8>> {
        self.0.stamp()
    }
    fn place(&self, name: &str) -> String {
        self.0.place(name)
    }
}

impl Disk {
    fn has(&self, name: &str) -> bool {
        self.read(name, usize::MAX).unwrap().is_some()
    }

    fn names(&self) -> Vec<String> {
        let kept_twice = [MEMORY, BUNDLE, ROOTS].into_iter().flat_map(|name| [name.to_owned(), copy(name)]);
        kept_twice.chain(self.codes().unwrap()).filter(|name| self.has(name)).collect()
    }

    fn texts(&self) -> BTreeMap<String, Vec<u8>> {
        self.names().into_iter().map(|name| (name.clone(), self.read(&name, usize::MAX).unwrap().unwrap())).collect()
    }
}

fn copy(name: &str) -> String {
    format!("{name}.copy")
}

/// A clock that is moved by the history.
#[derive(Debug, Clone)]
struct Dial(Arc<AtomicI32>);

impl Clock for Dial {
    fn day(&self) -> Option<Day> {
        Some(self.0.load(Relaxed)).filter(|shown| *shown != UNREADABLE).map(day)
    }
}

struct Play<'a> {
    pool: &'a Pool,
    world: &'a World,
    disk: Disk,
    dial: Dial,
    /// Where the clock stands when it can be read again.
    last_shown: i32,
    released: Option<i32>,
    installation: Installation,
    model: Model<'a>,
    copy: Option<(BTreeMap<String, Vec<u8>>, Model<'a>)>,
    /// All codes that were ever accepted.
    accepted: BTreeSet<usize>,
    tally: Tally,
}

/// Plays a history; an error says where the two differ.
pub fn play(pool: &Pool, history: &History) -> Result<Tally, TestCaseError> {
    let (disk, dial) = (Disk::default(), Dial(Arc::new(AtomicI32::new(history.start))));
    let settings = settings(&history.world, history.released);
    let mut model = Model::new(pool, history.world.clone());
    model.release(history.released);
    let mut play = Play {
        pool,
        world: &history.world,
        installation: Installation::with_storage(disk.clone(), settings.clock(dial.clone())),
        disk,
        dial,
        last_shown: history.start,
        released: history.released,
        model,
        copy: None,
        accepted: BTreeSet::new(),
        tally: Tally::default(),
    };
    for (at, (step, looked_at)) in history.steps.iter().enumerate() {
        play.tally.steps += 1;
        let mut result = play.step(step);
        if result.is_ok() && *looked_at {
            result = play.look();
        }
        result.map_err(|error| TestCaseError::fail(format!("step {at}, {step:?}: {error}")))?;
    }
    Ok(play.tally)
}

fn settings(world: &World, released: Option<i32>) -> Settings {
    let mut settings = Settings::new().host(HostSource::Known(HERE));
    if world.pinned {
        for number in [1, 2] {
            settings = settings.issuer(PinnedIssuer { number: issuer(number), key: public(&key(number)) });
        }
    }
    if world.roots {
        settings = settings.roots(sold::roots());
    }
    for (id, rank) in &world.products {
        settings = settings.edition(ProductId::new(*id).unwrap(), *rank);
    }
    released.into_iter().fold(settings, |settings, released| settings.released(day(released)))
}

/// The same, or what is not.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Played {
    if found == wanted {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what}:\n  installation {found:?}\n  the rules    {wanted:?}")))
}

impl Play<'_> {
    fn clock(&self) -> Option<i32> {
        self.dial.day().map(number)
    }

    fn reopen(&mut self) {
        let settings = settings(self.world, self.released).clock(self.dial.clone());
        self.installation = Installation::with_storage(self.disk.clone(), settings);
    }

    fn step(&mut self, step: &Step) -> Played {
        match *step {
            Step::Clock(to) => self.set_clock(to),
            Step::Enter(code) => self.enter(code)?,
            Step::Days { looks, apart } => {
                for _ in 0..looks {
                    self.set_clock(Move::By(apart.into()));
                    self.look()?;
                }
            }
            Step::Load(bundle) => self.load(bundle)?,
            Step::Release(after_clock) => {
                self.released = after_clock.map(|days| self.last_shown + days);
                self.model.release(self.released);
                self.reopen();
            }
            Step::Forget(license, revision) => self.forget(license, revision)?,
            Step::ReadDamage => {
                self.installation.forget_damage().unwrap();
                self.model.forget_damage();
            }
            Step::AskForReset => self.ask_for_reset()?,
            Step::Reset { asks, after_clock, flaw } => {
                if asks {
                    self.ask_for_reset()?;
                }
                self.reset_clock(after_clock, flaw)?;
            }
            Step::Lose(loss) => self.lose(loss),
            Step::Reopen => self.reopen(),
            Step::WhatIf(after_clock) => self.what_if(self.last_shown + after_clock)?,
            Step::Copy => self.copy = Some((self.disk.texts(), self.model.clone())),
            Step::PutBack => self.put_back(),
        }
        Ok(())
    }

    fn set_clock(&mut self, to: Move) {
        let terms = |code: usize| &self.pool.codes[code].terms;
        let shown = match to {
            Move::Unreadable => return self.dial.0.store(UNREADABLE, Relaxed),
            Move::By(days) => self.last_shown + days,
            Move::Years(years) => self.last_shown + years * 365,
            Move::To(code, Edge::First, days) => number(terms(code).period.first()) + days,
            Move::To(code, Edge::Last, days) => number(terms(code).period.last()) + days,
            Move::To(code, Edge::GraceEnd, days) => number(terms(code).period.last()) + grace(terms(code)) + days,
            Move::To(code, Edge::Issued, days) => number(terms(code).issued) + days,
        };
        // Years 2000 to 2118.
        self.last_shown = shown.clamp(-7_000, 36_000);
        self.dial.0.store(self.last_shown, Relaxed);
    }

    // The same is done to both.

    fn look(&mut self) -> Played {
        let clock = self.clock();
        let found = self.installation.status();
        let wanted = self.model.status(clock);
        self.compare(found, wanted.as_ref())?;
        wanted.map_or(Ok(()), |wanted| self.no_entitlement_outlives_its_last_day(&wanted))
    }

    fn what_if(&mut self, asked: i32) -> Played {
        let settings = settings(self.world, self.released).clock(self.dial.clone()).what_if(day(asked));
        let installation = Installation::with_storage(self.disk.clone(), settings);
        let before = self.disk.texts();
        let found = installation.status();
        same("texts after a question", &self.disk.texts(), &before)?;
        let wanted = self.model.answer(Some(asked));
        self.compare(found, wanted.as_ref())
    }

    fn compare(&mut self, found: Result<Status, InstallationFault>, wanted: Option<&Answer>) -> Played {
        self.tally.answers += 1;
        let found = match found {
            Ok(status) => Some(self.read(&status)),
            Err(InstallationFault::NoTrust) => None,
            Err(fault) => return Err(TestCaseError::fail(format!("status: {fault}"))),
        };
        same("status", &found.as_ref(), &wanted)
    }

    /// What the installation says, in the model's words.
    fn read(&self, status: &Status) -> Answer {
        assert!(status.not_remembered.is_none(), "{:?}", status.not_remembered);
        let standing = &status.standing;
        let code = |license: &activation_code::License| self.pool.by_digest[&code_digest(license.code().as_bytes())];
        let license = |license: &LicenseStanding| LicenseAnswer {
            code: code(&license.license),
            phase: license.standing.phase,
            entitled: [license.standing.run, license.standing.updates, license.standing.support],
            covered: license.standing.release_covered,
            days_left: license.standing.days_left,
            warnings: license.standing.warnings.iter().copied().collect(),
            successor: license.successor.as_ref().map(code),
            rank: license.rank,
            counts: license.counts,
        };
        let aside = status.set_aside.iter();
        Answer {
            today: Today {
                day: number(status.today.day),
                floor: status.today.floor.map(number),
                state: status.today.state,
            },
            phase: standing.phase,
            entitled: [standing.run, standing.updates, standing.support],
            covered: standing.release_covered,
            days_left: standing.days_left,
            warnings: standing.warnings.iter().copied().collect(),
            units: status.units,
            licenses: status.licenses.iter().map(license).collect(),
            set_aside: aside.map(|code| (code.license.get(), code.revision.get(), code.refusal.reason())).collect(),
            damage: status.damage.len(),
            bundle: status.bundle.as_ref().map(|bundle| bundle.number),
        }
    }

    fn enter(&mut self, code: usize) -> Played {
        let clock = self.clock();
        let entered = self.installation.enter(&self.pool.codes[code].text);
        let found = match &entered {
            Err(InstallationFault::NoTrust | InstallationFault::Kept(_)) => Err(NotTaken::NoTrust),
            Err(fault) => return Err(TestCaseError::fail(format!("enter: {fault}"))),
            Ok(entered) => match &entered.inspection.obstacle {
                None => {
                    let standing = entered.inspection.standing.as_ref().unwrap();
                    Ok((number(standing.today), standing.phase))
                }
                Some(Obstacle::Refused(Refusal::Superseded { by, issued })) => {
                    Err(NotTaken::Superseded { by: *by, issued: *issued })
                }
                Some(obstacle) => Err(NotTaken::Refused(obstacle.reason())),
            },
        };
        let is_renewal = self.is_a_renewal_whose_period_holds_today(code);
        let wanted = self.model.enter(code, clock);
        same("enter", &found, &wanted.map(|today| (today.day, self.model.phase(code, today.day))))?;
        if found.is_ok() {
            self.tally.accepted += 1;
            self.accepted.insert(code);
        } else {
            self.tally.refused += 1;
        }
        if is_renewal {
            self.tally.renewed += 1;
            self.the_renewal_ends_in_maintenance(code)?;
        }
        Ok(())
    }

    fn load(&mut self, bundle: usize) -> Played {
        let found = match self.installation.load_trust(&self.pool.bundles[bundle].text, None) {
            Ok((Loaded::New { .. }, _)) => Loading::New,
            Ok((Loaded::Already, _)) => Loading::Already,
            Err(TrustStoreFault::NoRoots) => Loading::NoRoots,
            Err(TrustStoreFault::Bundle(_)) => Loading::NotSigned,
            Err(TrustStoreFault::ForTesting { .. }) => Loading::ForTesting,
            Err(TrustStoreFault::OtherVendor { .. }) => Loading::OtherVendor,
            Err(TrustStoreFault::Older { .. }) => Loading::Older,
            Err(TrustStoreFault::Fork { .. }) => Loading::Fork,
            Err(fault) => return Err(TestCaseError::fail(format!("load: {fault}"))),
        };
        self.tally.loaded += u64::from(found == Loading::New);
        same("load", &found, &self.model.load(bundle))
    }

    fn forget(&mut self, license: u32, revision: Option<u16>) -> Played {
        let number = |text: String| text.parse().unwrap();
        let revision_number = revision.map(|revision| revision.to_string().parse().unwrap());
        let found = match self.installation.forget(number(license.to_string()), revision_number) {
            Ok(places) => places.len(),
            Err(InstallationFault::NothingToForget { .. }) => 0,
            Err(fault) => return Err(TestCaseError::fail(format!("forget: {fault}"))),
        };
        same("forgotten", &found, &self.model.forget(license, revision))
    }

    fn ask_for_reset(&mut self) -> Played {
        let request = self.installation.request(Wish::ClockReset).unwrap();
        self.model.ask(request.nonce.0);
        same("nonce", &Some(request.nonce.0), &self.model.asked)
    }

    fn reset_clock(&mut self, after_clock: i32, flaw: ResetFlaw) -> Played {
        let asked = self.model.asked.unwrap_or(1);
        let by = match flaw {
            ResetFlaw::UnknownIssuer => 3,
            ResetFlaw::OtherIssuer => 2,
            _ => 1,
        };
        let code = ResetCode {
            host: if flaw == ResetFlaw::Host { THERE.0 } else { HERE.0 },
            nonce: if flaw == ResetFlaw::Nonce { asked ^ 2 } else { asked },
            day: (self.last_shown + after_clock).clamp(0, 30_000),
            issuer: by,
            signer: if flaw == ResetFlaw::Signature { 4 } else { by },
        };
        let terms = ClockResetTerms {
            host: HostId(code.host),
            nonce: Nonce(code.nonce),
            day: day(code.day),
            issuer: issuer(code.issuer),
        };
        let rows = terms.rows(&key(code.signer).sign(&terms.signed_message()).to_bytes());
        let found = match self.installation.reset_clock(&rows) {
            Ok(_) => Resetting::Done,
            Err(ClockResetFault::Installation(InstallationFault::NoTrust | InstallationFault::Kept(_))) => {
                Resetting::NoTrust
            }
            Err(ClockResetFault::Refused(refusal)) => Resetting::Refused(refusal.reason()),
            Err(ClockResetFault::OtherHost { .. }) => Resetting::OtherHost,
            Err(ClockResetFault::NotAsked) => Resetting::NotAsked,
            Err(fault) => return Err(TestCaseError::fail(format!("reset: {fault}"))),
        };
        self.tally.resets += u64::from(found == Resetting::Done);
        same("clock reset", &found, &self.model.reset_clock(code))
    }

    fn lose(&mut self, loss: Loss) {
        self.tally.losses += 1;
        let remove = |name: &str| self.disk.remove(name).unwrap();
        match loss {
            Loss::MemoryFirst => remove(MEMORY),
            Loss::MemoryCopy => remove(&copy(MEMORY)),
            Loss::Memory => [MEMORY.to_owned(), copy(MEMORY)].iter().for_each(|name| remove(name)),
            Loss::BundleFirst if self.disk.has(&copy(BUNDLE)) => remove(BUNDLE),
            Loss::BundleFirst => {}
            Loss::Bundle => [BUNDLE.to_owned(), copy(BUNDLE)].iter().for_each(|name| remove(name)),
            Loss::Trust => {
                [BUNDLE, ROOTS].iter().for_each(|name| [(*name).to_owned(), copy(name)].iter().for_each(|n| remove(n)));
            }
            Loss::Everything => self.disk.names().iter().for_each(|name| remove(name)),
            Loss::Code(which) | Loss::Garbled(which) => {
                let files: Vec<_> = self.model.files().into_keys().collect();
                let Some(slot) = files.get(which % files.len().max(1)) else { return };
                if matches!(loss, Loss::Code(_)) {
                    remove(&name_of(slot));
                    self.model.code_is_gone(*slot);
                } else {
                    self.disk.write(&name_of(slot), b"x").unwrap();
                    self.model.code_is_garbled(*slot);
                }
                return;
            }
        }
        if matches!(loss, Loss::Everything) {
            for slot in self.model.files().into_keys() {
                self.model.code_is_gone(slot);
            }
        }
        if matches!(loss, Loss::MemoryFirst | Loss::MemoryCopy | Loss::Memory | Loss::Everything) {
            self.model.memory_is(self.disk.has(MEMORY), self.disk.has(&copy(MEMORY)));
        }
        let has_bundle = [BUNDLE.to_owned(), copy(BUNDLE)].map(|name| self.disk.has(&name));
        self.model.bundle_is(has_bundle[0], has_bundle[1], self.disk.has(ROOTS));
    }

    fn put_back(&mut self) {
        let Some((texts, model)) = &self.copy else { return };
        self.disk.names().iter().for_each(|name| self.disk.remove(name).unwrap());
        for (name, text) in texts {
            self.disk.write(name, text).unwrap();
        }
        // The release is not part of the state.
        self.model = model.clone();
        self.model.release(self.released);
    }

    // The two laws, by nothing but the terms of what was accepted, the clock and the floor.

    fn no_entitlement_outlives_its_last_day(&self, answer: &Answer) -> Played {
        let today = self.clock().max(answer.today.floor).unwrap_or(0);
        let any = |good: &dyn Fn(i32, i32, Kind) -> bool| {
            self.accepted.iter().any(|code| {
                let terms = &self.pool.codes[*code].terms;
                let first = number(terms.period.first());
                first <= today && good(today, number(terms.period.last()) + grace(terms), terms.kind)
            })
        };
        let [run, updates, support] = answer.entitled;
        if (updates || support) && !any(&|today, last, _| today <= last) {
            return Err(TestCaseError::fail("updates or support after the last day of every code"));
        }
        if run && !any(&|today, last, kind| today <= last || kind == Kind::Full) {
            return Err(TestCaseError::fail("runs after the last day of every code"));
        }
        Ok(())
    }

    /// A paid code, above all that is here of its license, for this product and host, by an issuer that is trusted.
    fn is_a_renewal_whose_period_holds_today(&self, code: usize) -> bool {
        let terms = &self.pool.codes[code].terms;
        let files = self.model.files();
        let is_highest = files.values().flatten().all(|kept| {
            let kept = &self.pool.codes[*kept].terms;
            kept.license != terms.license || kept.revision < terms.revision
        });
        let today = self.model.today(self.clock(), Some(code)).day;
        let holds = number(terms.period.first()) <= today && today <= number(terms.period.last());
        let is_good = self.model.judge(code, self.clock());
        let is_good = !matches!(is_good, Err(NotTaken::NoTrust | NotTaken::Refused(_)));
        let has_ended = self.model.phase(code, today) == Phase::EndOfLife;
        terms.kind != Kind::Evaluation && is_highest && holds && is_good && !has_ended
    }

    fn the_renewal_ends_in_maintenance(&mut self, code: usize) -> Played {
        let clock = self.clock();
        let status = self.installation.status().unwrap();
        self.model.status(clock);
        let license = self.pool.codes[code].terms.license;
        let counts = status.licenses.iter().find(|standing| standing.license.terms().license == license);
        let phases = (status.standing.phase, counts.map(|standing| standing.standing.phase));
        same("a renewal that was entered", &phases, &(Phase::Maintenance, Some(Phase::Maintenance)))
    }
}

fn name_of((license, revision, host, issued, which): &Slot) -> String {
    let host = host.map(|host| format!("-host-{}", HostId(host))).unwrap_or_default();
    let which = if *which == 1 { String::new() } else { format!("-{which}") };
    format!("codes/license-{license}-revision-{revision}{host}-issued-{}{which}.lic", day(*issued))
}
