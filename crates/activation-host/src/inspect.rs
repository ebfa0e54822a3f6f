//! What a code is worth, asked once and without a memory.

use crate::program::Exit;
use activation_code::{
    Accepted, ActivationCode, Bundle, Day, License, PinnedIssuer, ReadFault, ReasonClass, Refusal, Rejected, Repair,
    RowGroup, Standing, Target, Terms, Trust, Warning,
};

pub use activation_code::Obstacle;

/// An older bundle is reported: a year between two releases of a product, and a month to install one.
pub const MOST_BUNDLE_DAYS: i32 = 400;

/// Whether a bundle is so old that it is reported.
pub(crate) fn is_old(bundle: &Bundle, today: Day) -> bool {
    today.days_after(bundle.issued) > MOST_BUNDLE_DAYS
}

/// What is asked about a code.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the code must be for.
    pub target: Target,
    /// The day that the clock shows.
    pub clock: Day,
    /// When the release that wants to run was made.
    pub released: Option<Day>,
    /// Whether a code may be accepted that was not typed exactly.
    pub repairs: Repairs,
}

/// Whether a code may be accepted that was not typed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repairs {
    /// If the repaired code is signed; what was changed is said.
    Accepted,
    /// Never.
    Refused,
}

impl Question {
    /// What is it worth on this day, for any product, host and release?
    pub fn on(clock: Day) -> Self {
        Self { target: Target::default(), clock, released: None, repairs: Repairs::Accepted }
    }
}

/// Whether a code is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was typed.
    Accepted,
    /// After a repair.
    Repaired,
    /// Not, for a [`Reason`](activation_code::Reason).
    Refused,
}

impl Outcome {
    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repaired => "repaired",
            Self::Refused => "refused",
        }
    }
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Whether it is accepted.
    pub outcome: Outcome,
    /// Why it is not.
    pub obstacle: Option<Obstacle>,
    /// What had to be changed to read it.
    pub repairs: Vec<Repair>,
    /// The code, where it could be read. If it is not accepted, its terms are claims.
    pub code: Option<ActivationCode>,
    /// The proof, if it is accepted.
    pub license: Option<License>,
    /// What it is worth, if it is accepted; nothing, if it is revoked.
    pub standing: Option<Standing>,
}

impl Inspection {
    /// Of whatever was typed, pasted or read from a file.
    pub fn of(text: &str, trust: &Trust, question: &Question) -> Self {
        let Accepted { license, repairs } = match Self::read(text, trust, question.repairs, question.clock) {
            Ok(accepted) => accepted,
            Err(refused) => return *refused,
        };
        if let Err(refusal) = license.fits(&question.target) {
            return Self::refuse(license, repairs, refusal);
        }
        let mut standing = license.standing(question.clock, question.released);
        if license.terms().host.is_some() && question.target.host.is_none() {
            standing.warnings.push(Warning::HostNotChecked);
        }
        if trust.bundle().is_some_and(|bundle| is_old(bundle, standing.today)) {
            standing.warnings.push(Warning::BundleOld);
        }
        standing.warnings.sort_unstable();
        Self::accept(license, repairs, standing)
    }

    /// What a trust makes of a text.
    pub(crate) fn read(text: &str, trust: &Trust, repairs: Repairs, today: Day) -> Result<Accepted, Box<Self>> {
        let read = match repairs {
            Repairs::Accepted => trust.read(text),
            Repairs::Refused => trust.read_strictly(text),
        };
        read.map_err(|rejected| {
            let revoked = matches!(rejected.obstacle, Obstacle::Refused(Refusal::Revoked { .. }));
            let standing = revoked.then(|| Standing::revoked(today));
            Box::new(Self { standing, ..Self::refused(rejected) })
        })
    }

    /// A code that is good, and not for this.
    pub(crate) fn refuse(license: License, repairs: Vec<Repair>, refusal: Refusal) -> Self {
        let (obstacle, code) = (Obstacle::Refused(refusal), Some(Box::new(license.code().clone())));
        Self::refused(Rejected { obstacle, code, repairs })
    }

    /// A code that is good.
    pub(crate) fn accept(license: License, repairs: Vec<Repair>, standing: Standing) -> Self {
        Self {
            outcome: if repairs.is_empty() { Outcome::Accepted } else { Outcome::Repaired },
            obstacle: None,
            repairs,
            code: Some(license.code().clone()),
            license: Some(license),
            standing: Some(standing),
        }
    }

    fn refused(Rejected { obstacle, code, repairs }: Rejected) -> Self {
        let code = code.map(|code| *code);
        Self { outcome: Outcome::Refused, obstacle: Some(obstacle), repairs, code, license: None, standing: None }
    }

    /// What the code says, where it could be read: proven if it is accepted, else a claim.
    pub fn terms(&self) -> Option<&Terms> {
        self.code.as_ref().map(ActivationCode::unverified_terms)
    }

    /// Who signed it, if it is accepted.
    pub fn issuer(&self) -> Option<PinnedIssuer> {
        self.license.as_ref().map(License::issuer)
    }

    /// Where to look for what was typed wrongly: what was repaired, or what could not be.
    pub fn places(&self) -> Vec<RowGroup> {
        if let Some(Obstacle::Read(ReadFault::Typing(faults))) = &self.obstacle {
            return faults.places();
        }
        let mut places: Vec<_> =
            self.repairs.iter().map(|repair| RowGroup { row: repair.row, group: repair.group }).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// How a program ends that gives this answer.
    pub fn exit(&self) -> Exit {
        match self.obstacle.as_ref().map(|obstacle| obstacle.reason().class()) {
            None => Exit::Done,
            Some(ReasonClass::Refused) => Exit::No,
            Some(ReasonClass::NotReadable) => Exit::CouldNot,
        }
    }
}
