//! What an integrator says of a product, once, when it opens its installation.

use crate::host::HostSource;
use crate::inspect::Repairs;
use crate::program;
use crate::rollback::RollbackCounter;
use activation_code::{Day, PinnedIssuer, ProductId, Purpose, Roots, Trust};
use std::fmt::Debug;
use std::sync::Mutex;

/// Where the day comes from.
pub trait Clock: Debug + Send + Sync {
    /// The day of the clock, UTC; `None`: it cannot be read.
    fn day(&self) -> Option<Day>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn day(&self) -> Option<Day> {
        Some(program::clock())
    }
}

/// A clock that somebody else reads.
impl Clock for Day {
    fn day(&self) -> Option<Day> {
        Some(*self)
    }
}

/// What is given by the product. Everything may be left out but some trust: roots, or pinned issuers.
///
/// Of trust counts, first match: what is given by [`Self::trust`]; the newest bundle that is signed by the roots in
/// force, of the state folder or of the release; the pinned issuers.
#[derive(Debug)]
pub struct Settings {
    pub(crate) purpose: Purpose,
    pub(crate) trust: Option<Trust>,
    pub(crate) roots: Option<Roots>,
    pub(crate) bundle: Option<String>,
    pub(crate) issuers: Vec<PinnedIssuer>,
    pub(crate) products: Vec<(ProductId, u16)>,
    pub(crate) released: Option<Day>,
    pub(crate) contact: Vec<String>,
    pub(crate) host: HostSource,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) counter: Option<Mutex<Box<dyn RollbackCounter>>>,
    pub(crate) in_use: Option<u32>,
    pub(crate) what_if: Option<Day>,
    pub(crate) repairs: Repairs,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            purpose: Purpose::Production,
            trust: None,
            roots: None,
            bundle: None,
            issuers: Vec::new(),
            products: Vec::new(),
            released: None,
            contact: Vec::new(),
            host: HostSource::default(),
            clock: Box::new(SystemClock),
            counter: None,
            in_use: None,
            what_if: None,
            repairs: Repairs::Accepted,
        }
    }
}

impl Settings {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts this and nothing else: neither a bundle of the state folder nor one of the release.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        Self { trust: Some(trust), ..self }
    }

    /// The vendor's root keys, and how many of them sign, as long as no bundle has brought others.
    #[must_use]
    pub fn roots(self, roots: Roots) -> Self {
        Self { roots: Some(roots), ..self }
    }

    /// The newest trust bundle on the day of the release: the way by which revocations reach a host without internet.
    #[must_use]
    pub fn bundle(self, file: impl Into<String>) -> Self {
        Self { bundle: Some(file.into()), ..self }
    }

    /// An issuer to trust where there is no bundle; may be repeated.
    #[must_use]
    pub fn issuer(mut self, issuer: PinnedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// A product to accept codes for, its family included where a bundle names it; may be repeated. None: any product.
    #[must_use]
    pub fn product(self, product: ProductId) -> Self {
        self.edition(product, 0)
    }

    /// A product with the rank of its edition, where there is no bundle that says it: the higher one counts first.
    #[must_use]
    pub fn edition(mut self, product: ProductId, rank: u16) -> Self {
        self.products.push((product, rank));
        self
    }

    /// The day on which this release was made.
    #[must_use]
    pub fn released(self, day: Day) -> Self {
        Self { released: Some(day), ..self }
    }

    /// Whom to ask, a line each, where there is no bundle that says it.
    #[must_use]
    pub fn contact(mut self, line: impl Into<String>) -> Self {
        self.contact.push(line.into());
        self
    }

    /// What makes the number of this host; else the machine, or the state folder.
    #[must_use]
    pub fn host(self, host: HostSource) -> Self {
        Self { host, ..self }
    }

    /// Where the day comes from; else the system's clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Box::new(clock), ..self }
    }

    /// A counter that no copy of the state sets back, such as one in a TPM: an older copy that is put back is said.
    #[must_use]
    pub fn counter(self, counter: impl RollbackCounter + 'static) -> Self {
        Self { counter: Some(Mutex::new(Box::new(counter))), ..self }
    }

    /// How many units are in use, where the product counts them itself; instead of what was said of sites.
    #[must_use]
    pub fn in_use(self, units: u32) -> Self {
        Self { in_use: Some(units), ..self }
    }

    /// Asks what would be on this day, whatever the clock shows. Of the day nothing is remembered.
    #[must_use]
    pub fn what_if(self, day: Day) -> Self {
        Self { what_if: Some(day), ..self }
    }

    /// The day of the clock, or the one that is asked about.
    pub(crate) fn day(&self) -> Option<Day> {
        self.what_if.or_else(|| self.clock.day())
    }

    /// Accepts codes and bundles for testing too.
    #[must_use]
    pub fn for_testing(self) -> Self {
        Self { purpose: Purpose::Testing, ..self }
    }

    /// Refuses codes that were not typed exactly.
    #[must_use]
    pub fn without_repairs(self) -> Self {
        Self { repairs: Repairs::Refused, ..self }
    }
}
