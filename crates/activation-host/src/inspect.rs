//! What a code is worth, asked once and without a memory.

use activation_code::{
    ActivationCode, Day, PinnedIssuer, ReadFault, Reason, Refusal, RowGroup, Standing, Target, Terms, Trust, Warning,
};

/// What is asked about a code.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the code must be for.
    pub target: Target,
    /// The day that the clock shows.
    pub clock: Day,
    /// When the release that wants to run was made.
    pub released: Option<Day>,
}

impl Question {
    /// What is it worth on this day, for any product, host and release?
    pub fn on(clock: Day) -> Self {
        Self { target: Target::default(), clock, released: None }
    }
}

/// Whether a code is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was typed.
    Accepted,
    /// Not, for a [`Reason`].
    Refused,
}

impl Outcome {
    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// Why a code is not accepted, with the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It cannot be read.
    Read(ReadFault),
    /// It is read and refused.
    Refused(Refusal),
}

impl Obstacle {
    /// Its name in the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Read(fault) => fault.reason(),
            Self::Refused(refusal) => refusal.reason(),
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
    /// What the code says, where it could be read: proven if it is accepted, else a claim.
    pub terms: Option<Terms>,
    /// The code in its own spelling, where it could be read.
    pub letters: Option<Vec<String>>,
    /// Who signed it, if it is accepted.
    pub issuer: Option<PinnedIssuer>,
    /// What it is worth, if it is accepted.
    pub standing: Option<Standing>,
}

impl Inspection {
    /// Of whatever was typed, pasted or read from a file.
    pub fn of(text: &str, trust: &Trust, question: &Question) -> Self {
        let code = match ActivationCode::read(text) {
            Ok(code) => code,
            Err(fault) => return Self::refused(Obstacle::Read(fault), None),
        };
        let license = match trust.verify(code.clone()) {
            Ok(license) => license,
            Err(refusal) => return Self::refused(Obstacle::Refused(refusal), Some(&code)),
        };
        if let Err(refusal) = license.fits(&question.target) {
            return Self::refused(Obstacle::Refused(refusal), Some(&code));
        }
        let mut standing = license.standing(question.clock, question.released);
        if license.terms().host.is_some() && question.target.host.is_none() {
            standing.warnings.push(Warning::HostNotChecked);
            standing.warnings.sort_unstable();
        }
        Self {
            outcome: Outcome::Accepted,
            obstacle: None,
            terms: Some(license.terms().clone()),
            letters: Some(code.letters()),
            issuer: Some(license.issuer()),
            standing: Some(standing),
        }
    }

    fn refused(obstacle: Obstacle, code: Option<&ActivationCode>) -> Self {
        Self {
            outcome: Outcome::Refused,
            obstacle: Some(obstacle),
            terms: code.map(|code| code.unverified_terms().clone()),
            letters: code.map(ActivationCode::letters),
            issuer: None,
            standing: None,
        }
    }

    /// Where to look for what was typed wrongly.
    pub fn places(&self) -> Vec<RowGroup> {
        match &self.obstacle {
            Some(Obstacle::Read(ReadFault::Typing(faults))) => faults.places(),
            _ => Vec::new(),
        }
    }
}
