//! What a clerk asks for: the changes that make codes.

use super::DeskFault;
use crate::calendar::Term;
use crate::ledger::{CustomerNumber, LedgerFault, OrderReference};
use activation_code::{
    Day, Features, Holder, HostId, IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, ProductId, Units,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// What a customer orders: everything of a first code that the desk does not decide itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// For whom.
    pub customer: CustomerNumber,
    /// What.
    pub product: ProductId,
    /// How many.
    pub units: Units,
    /// Maintained from when to when.
    pub period: MaintenancePeriod,
    /// `None`: what the product sells.
    pub kind: Option<Kind>,
    /// Whether the code is for testing.
    pub test: bool,
    /// Days of grace, if not the usual ones.
    pub grace: Option<u8>,
    /// The only host that shall accept the code.
    pub host: Option<HostId>,
    /// Switches of the product.
    pub features: Option<Features>,
    /// The name that the code carries.
    pub holder: Option<Holder>,
    /// The number of the registration key that is redeemed for it (rule D13).
    pub registration_key: Option<u32>,
}

/// How far a renewal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This long, counted as rule D2 says.
    Term(Term),
    /// To this day, inside it.
    Until(Day),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => write!(f, "for {term}"),
            Self::Until(day) => write!(f, "until {day}"),
        }
    }
}

/// Whether a change of the running period is one of renewals that wait, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The license is changed: this period and those that were sold already.
    License,
    /// This period only; what follows stays as it was sold.
    RunningPeriod,
}

/// A change of what was sold. Each makes one code or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new license (rule D1).
    Issue(Order),
    /// The next period (rule D2), perhaps with more units.
    Renew {
        /// Which license.
        license: LicenseNumber,
        /// How long.
        length: Length,
        /// How many units from then on; `None`: as many as before.
        units: Option<Units>,
    },
    /// The next period with fewer units (rule D4).
    Downsize {
        /// Which license.
        license: LicenseNumber,
        /// How long.
        length: Length,
        /// How many units from then on.
        units: Units,
        /// The reference of the customer's written request.
        request: OrderReference,
    },
    /// More units from today on, to the same last day (rule D5).
    AddUnits {
        /// Which license.
        license: LicenseNumber,
        /// How many more.
        more: Units,
        /// How far.
        reach: Reach,
    },
    /// Another product of the family (rule D17).
    Upgrade {
        /// Which license.
        license: LicenseNumber,
        /// To which product.
        product: ProductId,
        /// How many units; `None`: as many as before.
        units: Option<Units>,
        /// Renewed as well; `None`: to the same last day.
        renew: Option<Length>,
        /// How far.
        reach: Reach,
    },
    /// From evaluation to what the product sells (rule D11).
    Convert {
        /// Which license.
        license: LicenseNumber,
        /// How many units; `None`: as many as before.
        units: Option<Units>,
        /// Renewed as well; `None`: to the same last day.
        renew: Option<Length>,
    },
    /// The codes that count, once more for one host alone (rule I9): the same license, revisions and terms.
    Bind {
        /// Which license.
        license: LicenseNumber,
        /// The only host that accepts them.
        host: HostId,
        /// For which product the host asks, if it says one.
        product: Option<ProductId>,
    },
    /// The same once more, signed by another key, because the key of the codes that count was stolen.
    Reissue {
        /// Which license.
        license: LicenseNumber,
        /// The key that was stolen.
        lost: IssuerNumber,
    },
}

impl Change {
    /// The number of the registration key that is redeemed.
    pub fn registration_key(&self) -> Option<u32> {
        match self {
            Self::Issue(order) => order.registration_key,
            _ => None,
        }
    }

    /// The license that is changed; `None`: a new one.
    pub fn license(&self) -> Option<LicenseNumber> {
        match *self {
            Self::Issue(_) => None,
            Self::Renew { license, .. }
            | Self::Downsize { license, .. }
            | Self::AddUnits { license, .. }
            | Self::Upgrade { license, .. }
            | Self::Convert { license, .. }
            | Self::Bind { license, .. }
            | Self::Reissue { license, .. } => Some(license),
        }
    }
}

/// A change, and the reference of the order that asks for it: the same again gives the same codes (rule D1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What.
    pub change: Change,
    /// For which order.
    pub reference: Option<OrderReference>,
}

impl From<Change> for Asked {
    fn from(change: Change) -> Self {
        Self { change, reference: None }
    }
}

/// A change as it is written down in the book and in requests. Names are added, never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'w> {
    #[serde(rename = "do")]
    action: Cow<'w, str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    order: Option<Cow<'w, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    customer: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    license: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    product: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kind: Option<Cow<'w, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    test: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    grace: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    host: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    features: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    holder: Option<Cow<'w, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    request: Option<Cow<'w, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    running_only: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lost: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    registration_key: Option<u32>,
}

impl Written<'_> {
    fn with_length(mut self, length: Option<Length>) -> Self {
        match length {
            Some(Length::Term(term)) => self.term = Some(term.to_string()),
            Some(Length::Until(day)) => self.until = Some(day.to_string()),
            None => {}
        }
        self
    }

    fn length(&self) -> Option<Length> {
        match (&self.term, &self.until) {
            (Some(term), None) => term.parse().ok().map(Length::Term),
            (None, Some(day)) => day.parse().ok().map(Length::Until),
            _ => None,
        }
    }

    fn asked(&self) -> Option<Asked> {
        let license = || self.license.and_then(LicenseNumber::new);
        let product = || self.product.and_then(ProductId::new);
        let units = || self.units.and_then(Units::new);
        let reach = if self.running_only { Reach::RunningPeriod } else { Reach::License };
        let change = match &*self.action {
            "issue" => Change::Issue(Order {
                customer: self.customer.and_then(CustomerNumber::new)?,
                product: product()?,
                units: units()?,
                period: MaintenancePeriod::new(self.from.as_ref()?.parse().ok()?, self.until.as_ref()?.parse().ok()?)?,
                kind: match &self.kind {
                    Some(name) => Some(Kind::ALL.into_iter().find(|kind| kind.name() == name)?),
                    None => None,
                },
                test: self.test,
                grace: self.grace,
                host: self.host.map(HostId),
                features: self.features.map(Features),
                holder: match &self.holder {
                    Some(holder) => Some(Holder::new(holder).ok()?),
                    None => None,
                },
                registration_key: self.registration_key,
            }),
            "renew" => Change::Renew { license: license()?, length: self.length()?, units: units() },
            "downsize" => Change::Downsize {
                license: license()?,
                length: self.length()?,
                units: units()?,
                request: self.request.as_ref()?.parse().ok()?,
            },
            "add-units" => Change::AddUnits { license: license()?, more: units()?, reach },
            "upgrade" => Change::Upgrade {
                license: license()?,
                product: product()?,
                units: units(),
                renew: self.length(),
                reach,
            },
            "convert" => Change::Convert { license: license()?, units: units(), renew: self.length() },
            "bind" => Change::Bind { license: license()?, host: self.host.map(HostId)?, product: product() },
            "reissue" => Change::Reissue { license: license()?, lost: self.lost.and_then(IssuerNumber::new)? },
            _ => return None,
        };
        let reference = match &self.order {
            Some(reference) => Some(reference.parse().ok()?),
            None => None,
        };
        Some(Asked { change, reference })
    }
}

impl<'w> From<&'w Asked> for Written<'w> {
    fn from(asked: &'w Asked) -> Self {
        let on = |action: &'static str, license: LicenseNumber| Self {
            action: action.into(),
            order: asked.reference.as_ref().map(|reference| reference.as_str().into()),
            license: Some(license.get()),
            ..Self::default()
        };
        let only = |reach| reach == Reach::RunningPeriod;
        match &asked.change {
            Change::Issue(order) => Self {
                action: "issue".into(),
                order: asked.reference.as_ref().map(|reference| reference.as_str().into()),
                customer: Some(order.customer.get()),
                product: Some(order.product.get()),
                units: Some(order.units.get()),
                from: Some(order.period.first().to_string()),
                until: Some(order.period.last().to_string()),
                kind: order.kind.map(|kind| kind.name().into()),
                test: order.test,
                grace: order.grace,
                host: order.host.map(|host| host.0),
                features: order.features.map(|features| features.0),
                holder: order.holder.as_ref().map(|holder| holder.as_str().into()),
                registration_key: order.registration_key,
                ..Self::default()
            },
            Change::Renew { license, length, units } => {
                Self { units: units.map(Units::get), ..on("renew", *license) }.with_length(Some(*length))
            }
            Change::Downsize { license, length, units, request } => {
                Self { units: Some(units.get()), request: Some(request.as_str().into()), ..on("downsize", *license) }
                    .with_length(Some(*length))
            }
            Change::AddUnits { license, more, reach } => {
                Self { units: Some(more.get()), running_only: only(*reach), ..on("add-units", *license) }
            }
            Change::Upgrade { license, product, units, renew, reach } => Self {
                product: Some(product.get()),
                units: units.map(Units::get),
                running_only: only(*reach),
                ..on("upgrade", *license)
            }
            .with_length(*renew),
            Change::Convert { license, units, renew } => {
                Self { units: units.map(Units::get), ..on("convert", *license) }.with_length(*renew)
            }
            Change::Bind { license, host, product } => {
                Self { host: Some(host.0), product: product.map(ProductId::get), ..on("bind", *license) }
            }
            Change::Reissue { license, lost } => Self { lost: Some(lost.get()), ..on("reissue", *license) },
        }
    }
}

impl Asked {
    /// As it is written down: JSON, the same text for the same change.
    pub fn to_text(&self) -> String {
        // Strings and numbers only, which always become JSON.
        serde_json::to_string(&Written::from(self)).unwrap_or_default()
    }

    /// The same without the name that the code carries: the book keeps numbers and no names (rule D9).
    pub(super) fn without_holder(&self) -> Self {
        let mut asked = self.clone();
        if let Change::Issue(order) = &mut asked.change {
            order.holder = None;
        }
        asked
    }

    /// As it was written down.
    ///
    /// # Errors
    /// No desk wrote that.
    pub fn from_text(text: &str) -> Result<Self, DeskFault> {
        let written: Option<Written<'_>> = serde_json::from_str(text).ok();
        let asked = written.as_ref().and_then(Written::asked);
        Ok(asked.ok_or(LedgerFault::Record { what: "a request" })?)
    }
}

/// One line of words and numbers, as a clerk would say it.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |f: &mut fmt::Formatter<'_>, units: &Option<Units>| match units {
            Some(units) => write!(f, ", {units} units"),
            None => Ok(()),
        };
        let renewed = |f: &mut fmt::Formatter<'_>, renew: &Option<Length>| match renew {
            Some(length) => write!(f, ", renewed {length}"),
            None => Ok(()),
        };
        let running = |f: &mut fmt::Formatter<'_>, reach: &Reach| match reach {
            Reach::RunningPeriod => write!(f, ", this period only"),
            Reach::License => Ok(()),
        };
        match &self.change {
            Change::Issue(order) => {
                let Order { customer, product, units, period, .. } = order;
                let (first, last) = (period.first(), period.last());
                write!(f, "issue {units} units of product {product} to customer {customer}, {first} to {last}")?;
                if let Some(kind) = order.kind {
                    write!(f, ", {}", kind.name())?;
                }
                if let Some(key) = order.registration_key {
                    write!(f, ", registration key {key}")?;
                }
                if let Some(grace) = order.grace {
                    write!(f, ", {grace} days of grace")?;
                }
                if let Some(features) = order.features {
                    write!(f, ", features {:04x}", features.0)?;
                }
                if let Some(host) = order.host {
                    write!(f, ", host {:08x}", host.0)?;
                }
                if let Some(holder) = &order.holder {
                    write!(f, ", holder {}", holder.as_str())?;
                }
                if order.test {
                    write!(f, ", for testing only")?;
                }
            }
            Change::Renew { license, length, units } => {
                write!(f, "renew license {license} {length}")?;
                many(f, units)?;
            }
            Change::Downsize { license, length, units, request } => {
                write!(f, "renew license {license} {length} with {units} units as asked for in {request}")?;
            }
            Change::AddUnits { license, more, reach } => {
                write!(f, "add {more} units to license {license}")?;
                running(f, reach)?;
            }
            Change::Upgrade { license, product, units, renew, reach } => {
                write!(f, "upgrade license {license} to product {product}")?;
                many(f, units)?;
                renewed(f, renew)?;
                running(f, reach)?;
            }
            Change::Convert { license, units, renew } => {
                write!(f, "convert license {license}")?;
                many(f, units)?;
                renewed(f, renew)?;
            }
            Change::Bind { license, host, .. } => write!(f, "bind license {license} to host {host}")?,
            Change::Reissue { license, lost } => {
                write!(f, "reissue license {license}, because key {lost} was stolen")?;
            }
        }
        match &self.reference {
            Some(reference) => write!(f, ", order {reference}"),
            None => Ok(()),
        }
    }
}
