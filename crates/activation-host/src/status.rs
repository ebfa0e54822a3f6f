//! What an installation answers when it is asked what it is worth.

use crate::damage::Damage;
use crate::days::Today;
use crate::holdings::{LicenseStanding, notice_is_due};
use crate::installation::InstallationFault;
use crate::rollback::CounterFault;
use crate::sites::Sites;
use activation_code::{Answer, Bundle, Day, HostId, LicenseNumber, Refusal, Revision, Standing};
use std::sync::Arc;

/// The answer of an installation.
#[derive(Debug)]
pub struct Status {
    /// Which day counts, and what is thought of the clock.
    pub today: Today,
    /// The phase, what is entitled, and all warnings. The best license decides.
    pub standing: Standing,
    /// Units of the licenses that count together.
    pub units: u32,
    /// Units in use, where somebody counted.
    pub in_use: Option<u32>,
    /// Units that are assigned to sites.
    pub sites: Sites,
    /// All licenses, the best first.
    pub licenses: Vec<LicenseStanding>,
    /// Codes that are here and do not count, and why.
    pub set_aside: Vec<SetAside>,
    /// What is damaged now.
    pub damage: Vec<Damage>,
    /// What was found damaged before, until somebody says that it was read.
    pub damaged_before: Vec<(Day, String)>,
    /// The trust bundle in force.
    pub bundle: Option<Bundle>,
    /// Whom to ask, a line each.
    pub contact: Vec<String>,
    /// The number of this host, if it has one.
    pub host: Option<HostId>,
    /// Why the counter against older copies cannot be read, where one was wanted.
    pub counter_fault: Option<Arc<CounterFault>>,
    /// Why what was seen today could not be remembered.
    pub not_remembered: Option<InstallationFault>,
}

/// A code that is here and does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its name in the storage.
    pub name: String,
    /// Where it is.
    pub place: String,
    /// The license that it claims to be of.
    pub license: LicenseNumber,
    /// The revision that it claims.
    pub revision: Revision,
    /// Why it does not count.
    pub refusal: Refusal,
}

impl Status {
    /// The answer that a person gets first (rule I2).
    pub fn answer(&self) -> Answer {
        self.standing.phase.answer()
    }

    /// Whether a person should be told today that a license ends, who was told last on some day (rule I4): 60 and 30
    /// days ahead, 14 for evaluations, and every day in grace.
    pub fn notice_is_due(&self, told: Option<Day>) -> bool {
        self.licenses.iter().any(|license| license.counts && notice_is_due(license, told))
    }
}
