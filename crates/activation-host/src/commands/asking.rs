//! What `inspect` and `enter` have in common: whom to trust, and what to ask.

use super::embedded;
use super::trust::{self, GivenRoots};
use crate::PROGRAM;
use activation_code::{Bundle, Day, HostId, PinnedIssuer, ProductId, Purpose, Target, Trust, TrustFault};
use activation_host::host::HostSource;
use activation_host::inspect::{Inspection, Obstacle, Question, Repairs};
use activation_host::installation::InstallationFault;
use activation_host::program::{Exit, clock, complain};
use activation_host::rollback::{NvIndex, TpmCounter};
use activation_host::sentences;
use activation_host::sites::SitesFault;
use activation_host::trust_store::TrustStoreFault;
use activation_host::{Installation, Settings};
use std::path::{Path, PathBuf};

/// A code has at most 15 rows; more faults than that are noise, and JSON has all their places.
const MOST_SENTENCES: usize = 15;

#[derive(clap::Args)]
#[command(next_help_heading = "What to trust and to ask")]
pub struct Asking {
    /// An issuer to trust, as the desk's `countersign issuer` prints it; may be repeated
    #[arg(long, value_name = "N:HEX")]
    issuer: Vec<PinnedIssuer>,
    /// A trust bundle to trust instead, with its roots
    #[arg(long, value_name = "FILE", conflicts_with = "issuer", requires = "root")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    roots: GivenRoots,
    /// Accept only codes for this product, by number, or by mnemonic where a bundle has it; may be repeated
    #[arg(long, value_name = "ID|MNEMONIC", allow_negative_numbers = true)]
    product: Vec<String>,
    /// This host, for codes that are bound to one
    #[arg(long, value_name = "HEX8", allow_hyphen_values = true, value_parser = host)]
    host: Option<HostId>,
    /// The day to ask about, instead of the clock's
    #[arg(long, value_name = "D")]
    today: Option<Day>,
    /// The day on which the release that wants to run was made
    #[arg(long, value_name = "D")]
    released: Option<Day>,
    /// Refuse what has to be repaired
    #[arg(long)]
    strict: bool,
    /// A TPM whose counter tells an older copy of the folder that was put back, such as /dev/tpmrm0
    #[arg(long, value_name = "DEVICE", env = "ACTIVATION_TPM", hide_env_values = true)]
    tpm: Option<PathBuf>,
    /// The index of the counter: each installation needs its own
    #[arg(long, value_name = "HEX", requires = "tpm")]
    tpm_index: Option<NvIndex>,
    /// Accept codes for testing too
    #[arg(long)]
    allow_test: bool,
}

fn host(text: &str) -> Result<HostId, &'static str> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| digits).map(HostId).ok_or("a host is written as eight hex digits")
}

impl Asking {
    /// The installation in a folder, as it is asked: with what is given by hand, or else with the bundle in the
    /// folder, or else with what was compiled in.
    pub fn installation(&self, state: &Path) -> Result<Installation, Exit> {
        let mut settings = self.settings()?;
        if !self.product.is_empty() {
            let trust = self.trust(state)?;
            for text in &self.product {
                settings = settings.product(product(text, &trust)?);
            }
        }
        Ok(Installation::open(state, settings))
    }

    /// Whom to trust, of the same.
    pub fn trust(&self, state: &Path) -> Result<Trust, Exit> {
        Installation::open(state, self.settings()?).trust().map_err(|fault| failed(&fault))
    }

    fn settings(&self) -> Result<Settings, Exit> {
        let mut settings = Settings::new();
        if self.allow_test {
            settings = settings.for_testing();
        }
        if self.strict {
            settings = settings.without_repairs();
        }
        if let Some(day) = self.today {
            settings = settings.what_if(day);
        }
        if let Some(day) = self.released {
            settings = settings.released(day);
        }
        if let Some(host) = self.host {
            settings = settings.host(HostSource::Known(host));
        }
        if let Some(device) = &self.tpm {
            match TpmCounter::open(device, self.tpm_index.unwrap_or(NvIndex::SUGGESTED)) {
                Ok(counter) => settings = settings.counter(counter),
                // It blocks nothing.
                Err(fault) => complain("warning", &fault, Some(&sentences::counter(&fault))),
            }
        }
        if let Some(trust) = self.given_trust()? {
            return Ok(settings.trust(trust));
        }
        if let Some(roots) = trust::embedded_roots()? {
            settings = settings.roots(roots);
        }
        let issuers = embedded::issuers().map_err(|fault| {
            complain(PROGRAM, &fault, Some("build it with the issuers of your license desk"));
            Exit::CouldNot
        })?;
        Ok(issuers.into_iter().fold(settings, Settings::issuer))
    }

    /// Whom to trust, of what is given by hand.
    fn given_trust(&self) -> Result<Option<Trust>, Exit> {
        let purpose = if self.allow_test { Purpose::Testing } else { Purpose::Production };
        let trust = match &self.trust {
            Some(path) => Trust::of_bundle(purpose, self.given_bundle(path)?),
            None if self.issuer.is_empty() => return Ok(None),
            None => Trust::pinned(purpose, self.issuer.iter().copied()),
        };
        trust.map(Some).map_err(|fault| failed(&InstallationFault::Trust(fault)))
    }

    fn given_bundle(&self, path: &Path) -> Result<Bundle, Exit> {
        let text = trust::bundle_text(path)?;
        let roots = self.roots.roots()?.ok_or(Exit::CouldNot)?;
        Bundle::read(&text, &roots).map_err(|fault| trust::refused(TrustStoreFault::Bundle(fault)))
    }

    /// The same question without a memory.
    pub fn question(&self, trust: &Trust) -> Result<Question, Exit> {
        let products = self.product.iter().map(|text| product(text, trust)).collect::<Result<_, _>>()?;
        Ok(Question {
            target: Target { products, host: self.host },
            clock: self.today.unwrap_or_else(clock),
            released: self.released,
            repairs: if self.strict { Repairs::Refused } else { Repairs::Accepted },
        })
    }
}

/// Says what an installation could not do, and what helps.
pub fn failed(fault: &InstallationFault) -> Exit {
    let (exit, hint) = match fault {
        InstallationFault::Storage(_) => {
            (Exit::CouldNot, "give a folder where this user may read and write, with --state DIR")
        }
        InstallationFault::NoTrust => (
            Exit::CouldNot,
            "give the issuer of your license desk: --issuer NUMBER:HEX, as `countersign issuer` prints it",
        ),
        InstallationFault::Trust(TrustFault::TestBundle { .. }) => {
            (Exit::No, "--allow-test accepts it, where nothing but tests runs")
        }
        InstallationFault::Trust(TrustFault::NoIssuer | TrustFault::TwoKeys { .. }) => (
            Exit::CouldNot,
            "give the issuer of your license desk: --issuer NUMBER:HEX, as `countersign issuer` prints it",
        ),
        InstallationFault::Kept(damage) if damage.is_foreign() => {
            (Exit::CouldNot, "run it as the user whose folder this is, with the newest release")
        }
        InstallationFault::Kept(_) => {
            (Exit::CouldNot, "load the newest bundle of the vendor again with `activation trust load`")
        }
        InstallationFault::Sites(SitesFault::NoSite { .. }) => {
            (Exit::No, "assign units to it first: `activation sites assign SITE UNITS`")
        }
        InstallationFault::Sites(SitesFault::TooMany) => (Exit::No, "compare the number"),
        InstallationFault::NoRandomNumbers => (Exit::CouldNot, "run it where the system is up"),
        InstallationFault::NothingToForget { .. } => (Exit::No, "`activation status` shows which codes are here"),
    };
    complain(PROGRAM, fault, Some(hint));
    exit
}

/// A product by number, or by mnemonic as the bundle has it.
fn product(text: &str, trust: &Trust) -> Result<ProductId, Exit> {
    let called = |bundle: &Bundle| {
        let found = bundle.products.iter().find(|product| product.mnemonic.eq_ignore_ascii_case(text));
        found.map(|product| product.id)
    };
    let found = text.parse().ok().or_else(|| trust.bundle().and_then(called));
    found.ok_or_else(|| {
        let hint = match trust.bundle() {
            Some(_) => "`activation trust show` names the products of the bundle",
            None => "give its number, 1 to 65535: only a trust bundle knows mnemonics",
        };
        complain(PROGRAM, &format!("--product {text}: there is no such product"), Some(hint));
        Exit::CouldNot
    })
}

/// Repairs, warnings and refusals of an answer, to standard error.
pub fn explain(inspection: &Inspection) {
    for repair in &inspection.repairs {
        complain("repaired", &sentences::repair(repair), None);
    }
    if let Some(standing) = &inspection.standing {
        for &warning in &standing.warnings {
            complain("warning", &sentences::warning(warning, standing), None);
        }
    }
    if let Some(obstacle) = &inspection.obstacle {
        explain_obstacle(obstacle);
    }
}

/// What is wrong and what to do about it, to standard error.
pub fn explain_obstacle(obstacle: &Obstacle) {
    let (sentences, remedy) = sentences::obstacle(obstacle);
    let sentences = shortened(sentences);
    let last = sentences.len().saturating_sub(1);
    for (i, sentence) in sentences.iter().enumerate() {
        complain(PROGRAM, sentence, (i == last).then_some(remedy));
    }
}

/// At most [`MOST_SENTENCES`], and how many more there are.
fn shortened(mut sentences: Vec<String>) -> Vec<String> {
    if sentences.len() > MOST_SENTENCES {
        let more = sentences.len() - MOST_SENTENCES;
        sentences.truncate(MOST_SENTENCES);
        sentences.push(format!("and {more} more"));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_off_and_says_so() {
        let sentences = |count: usize| vec!["row 1 is wrong".to_owned(); count];
        assert_eq!(shortened(sentences(MOST_SENTENCES)), sentences(MOST_SENTENCES));
        let cut = shortened(sentences(MOST_SENTENCES + 2));
        assert_eq!((cut.len(), cut.last().unwrap().as_str()), (MOST_SENTENCES + 1, "and 2 more"));
    }
}
