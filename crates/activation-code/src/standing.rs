//! What a license is worth on a day, for a release (rules I2 to I4).

use crate::day::Day;
use crate::terms::Kind;
use crate::trust::License;
use alloc::vec::Vec;
use core::fmt;

/// Days for which a service stays frozen after its grace, before it is purged (rule I3).
pub const FROZEN_DAYS: u32 = 30;

/// Where a license is in its life (rule I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No code has been entered.
    None,
    /// Its first day is still to come.
    NotYetValid,
    /// Between its first and its last day.
    Maintenance,
    /// Past its last day, and everything goes on for some days.
    Grace,
    /// A full license after its grace: runs, without updates and support.
    Lapsed,
    /// An evaluation after its last day.
    Expired,
    /// A service after its grace.
    Frozen,
    /// A service after it was frozen.
    Purge,
    /// The product has reached its End of Life.
    EndOfLife,
    /// Revoked by the license desk.
    Revoked,
}

/// The answer before the reason (rule I2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// In maintenance.
    Activated,
    /// Past the last day, in grace.
    InGrace,
    /// Lapsed, expired, frozen, purge, End of Life.
    Expired,
    /// Still to come.
    NotYetValid,
    /// None entered, or revoked.
    NotActivated,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::NotYetValid,
        Self::Maintenance,
        Self::Grace,
        Self::Lapsed,
        Self::Expired,
        Self::Frozen,
        Self::Purge,
        Self::EndOfLife,
        Self::Revoked,
    ];

    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotYetValid => "not-yet-valid",
            Self::Maintenance => "maintenance",
            Self::Grace => "grace",
            Self::Lapsed => "lapsed",
            Self::Expired => "expired",
            Self::Frozen => "frozen",
            Self::Purge => "purge",
            Self::EndOfLife => "end-of-life",
            Self::Revoked => "revoked",
        }
    }

    /// The answer that a person gets first.
    pub const fn answer(self) -> Answer {
        match self {
            Self::Maintenance => Answer::Activated,
            Self::Grace => Answer::InGrace,
            Self::NotYetValid => Answer::NotYetValid,
            Self::None | Self::Revoked => Answer::NotActivated,
            Self::Lapsed | Self::Expired | Self::Frozen | Self::Purge | Self::EndOfLife => Answer::Expired,
        }
    }
}

/// Its name, for programs.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Its name, for programs.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Answer {
    /// As it is said.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activated => "Activated",
            Self::InGrace => "In grace",
            Self::Expired => "Expired",
            Self::NotYetValid => "Not yet valid",
            Self::NotActivated => "Not activated",
        }
    }
}

macro_rules! warnings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a person should hear although the answer stands. A closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Warning {
            $($(#[$doc])* $variant,)*
        }

        impl Warning {
            /// Every warning.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, for programs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

warnings! {
    /// The last day is near: 60 and 30 days for full licenses and services, 14 for evaluations.
    EndsSoon = "ends-soon",
    /// The last day has passed, and the grace period runs.
    InGrace = "in-grace",
    /// A later code waits for its first day.
    QueuedSuccessor = "queued-successor",
    /// A later code waits, and there are days between that nothing covers.
    GapBeforeSuccessor = "gap-before-successor",
    /// The clock is behind a day that has certainly passed; that day counts.
    ClockBehind = "clock-behind",
    /// The clock is further ahead than can be believed.
    ClockAhead = "clock-ahead",
    /// The clock cannot be read.
    ClockUnreadable = "clock-unreadable",
    /// The trust bundle is old.
    BundleOld = "bundle-old",
    /// There is no trust bundle.
    BundleMissing = "bundle-missing",
    /// The code is bound to a host, and nobody said which host this is.
    HostNotChecked = "host-not-checked",
    /// More units are used than licensed.
    OverUse = "over-use",
    /// More units are assigned than licensed.
    OverAssigned = "over-assigned",
    /// Two codes of one identity say different things.
    Conflict = "conflict",
    /// What the installation remembers is damaged.
    StateDamaged = "state-damaged",
    /// The trust is for testing, or rests on a key that everybody has.
    TestTrust = "test-trust",
}

/// What a license is worth. The product decides what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The day that counted: the clock's, or a later one that has certainly passed.
    pub today: Day,
    /// Where the license is in its life.
    pub phase: Phase,
    /// Entitled to run.
    pub run: bool,
    /// Entitled to updates.
    pub updates: bool,
    /// Entitled to support.
    pub support: bool,
    /// Whether the release was made on or before the last day of maintenance; `None`
    /// if no release was named. Needs no clock.
    pub release_covered: Option<bool>,
    /// From today to the last day of the phase; 0 on that day, `None` where the phase has no end.
    pub days_left: Option<u32>,
    /// In the order of the list.
    pub warnings: Vec<Warning>,
}

impl License {
    /// What it is worth on the day that the clock shows, for a release made on a day.
    ///
    /// Nothing issued later than today can exist: a clock behind the code's issue day
    /// or the release's day is reported, and the later day counts (rule I7).
    pub fn standing(&self, clock: Day, released: Option<Day>) -> Standing {
        let today = clock.max(self.terms().issued).max(released.unwrap_or(clock));
        let mut standing = self.standing_on(today, released);
        if today > clock {
            standing.warnings.push(Warning::ClockBehind);
            standing.warnings.sort_unstable();
        }
        standing
    }

    /// What it is worth on a day that nothing raises: for who keeps evidence of days elsewhere.
    pub fn standing_on(&self, today: Day, released: Option<Day>) -> Standing {
        let terms = self.terms();
        let (first, last) = (terms.period.first(), terms.period.last());
        let grace_end = last.plus_or_last(terms.grace_days().into());
        let frozen_end = grace_end.plus_or_last(FROZEN_DAYS);

        let end_of_life = self.end_of_life();
        let (phase, phase_end) = if end_of_life.is_some_and(|end| today > end.day) {
            (Phase::EndOfLife, None)
        } else if today < first {
            (Phase::NotYetValid, first.plus(-1))
        } else if today <= last {
            (Phase::Maintenance, Some(last))
        } else if today <= grace_end {
            (Phase::Grace, Some(grace_end))
        } else {
            match terms.kind {
                Kind::Full => (Phase::Lapsed, None),
                Kind::Evaluation => (Phase::Expired, None),
                Kind::Service if today <= frozen_end => (Phase::Frozen, Some(frozen_end)),
                Kind::Service => (Phase::Purge, None),
            }
        };
        let current = matches!(phase, Phase::Maintenance | Phase::Grace);
        // No period goes past End of Life, also of a code that was issued before it was set (rule D9).
        let phase_end = phase_end.map(|phase_end| end_of_life.map_or(phase_end, |end| phase_end.min(end.day)));
        let runs_on = match phase {
            // What never began does not run on.
            Phase::EndOfLife => {
                terms.kind == Kind::Full && today >= first && end_of_life.is_none_or(|end| !end.use_ends)
            }
            _ => phase == Phase::Lapsed,
        };
        let days_left = phase_end.map(|end| end.days_after(today).unsigned_abs());

        let mut warnings = Vec::new();
        if phase == Phase::Maintenance && days_left.is_some_and(|days| days <= notice_days(terms.kind)) {
            warnings.push(Warning::EndsSoon);
        }
        if phase == Phase::Grace {
            warnings.push(Warning::InGrace);
        }
        if self.is_test() {
            warnings.push(Warning::TestTrust);
        }
        Standing {
            today,
            phase,
            run: current || runs_on,
            updates: current,
            support: current,
            release_covered: released.map(|released| released <= last),
            days_left,
            warnings,
        }
    }
}

impl Standing {
    /// What a license is worth that was revoked: nothing.
    pub fn revoked(today: Day) -> Self {
        let (phase, warnings) = (Phase::Revoked, Vec::new());
        let (run, updates, support) = (false, false, false);
        Self { today, phase, run, updates, support, release_covered: None, days_left: None, warnings }
    }
}

/// How long before its last day a license begins to warn (rule I4).
pub const fn notice_days(kind: Kind) -> u32 {
    match kind {
        Kind::Full | Kind::Service => 60,
        Kind::Evaluation => 14,
    }
}
