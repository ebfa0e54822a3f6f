//! The JSON of both programs. Names are added, never changed or reused: `docs/interfaces.md`.

use crate::inspect::{Inspection, Obstacle};
use crate::sentences::status::next_step;
use crate::sites::{Site, SiteUnits, Sites};
use crate::status::Status;
use crate::usage::{LicenseUsage, UsageReport};
use activation_code::{
    ActivationCode, Bundle, ClockResetTerms, Day, HostRequest, LicenseNumber, PinnedIssuer, ProductId, Repair,
    Standing, Terms,
};
use serde::Serialize;

/// What a code says.
#[derive(Serialize)]
pub struct TermsJson {
    product: u16,
    license: u32,
    units: u32,
    first: String,
    last: String,
    issued: String,
    issuer: u16,
    revision: u16,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

impl From<&Terms> for TermsJson {
    fn from(terms: &Terms) -> Self {
        Self {
            product: terms.product.get(),
            license: terms.license.get(),
            units: terms.units.get(),
            first: terms.period.first().to_string(),
            last: terms.period.last().to_string(),
            issued: terms.issued.to_string(),
            issuer: terms.issuer.get(),
            revision: terms.revision.get(),
            kind: terms.kind.name(),
            grace: terms.grace,
            host: terms.host.map(|host| host.0),
            members: terms.members.as_ref().map(|members| members.products().iter().map(|id| id.get()).collect()),
            features: terms.features.map(|features| features.0),
            holder: terms.holder.as_ref().map(|holder| holder.as_str().to_owned()),
            test: terms.test,
        }
    }
}

/// A code in its three spellings.
#[derive(Serialize)]
pub struct CodeJson {
    letters: Vec<String>,
    digits: Vec<String>,
    transport: String,
}

impl From<&ActivationCode> for CodeJson {
    fn from(code: &ActivationCode) -> Self {
        Self { letters: code.letters(), digits: code.digits(), transport: code.transport() }
    }
}

/// An issuing key.
#[derive(Serialize)]
pub struct IssuerJson {
    number: u16,
    key: String,
}

impl From<PinnedIssuer> for IssuerJson {
    fn from(issuer: PinnedIssuer) -> Self {
        Self { number: issuer.number.get(), key: issuer.key.to_string() }
    }
}

/// What `inspect --json` prints.
#[derive(Serialize)]
pub struct InspectionJson {
    outcome: &'static str,
    reason: Option<&'static str>,
    places: Vec<PlaceJson>,
    repairs: Vec<RepairJson>,
    terms: Option<TermsJson>,
    code: Option<LettersJson>,
    standing: Option<StandingJson>,
}

#[derive(Serialize)]
struct PlaceJson {
    row: u8,
    group: Option<u8>,
}

/// What was changed in a typed code.
#[derive(Serialize)]
pub struct RepairJson {
    row: u8,
    group: Option<u8>,
    typed: String,
    meant: String,
    event: &'static str,
}

impl From<&Repair> for RepairJson {
    fn from(repair: &Repair) -> Self {
        Self {
            row: repair.row,
            group: repair.group,
            typed: repair.typed.clone(),
            meant: repair.meant.clone(),
            event: repair.event.name(),
        }
    }
}

#[derive(Serialize)]
struct LettersJson {
    letters: Vec<String>,
}

#[derive(Serialize)]
struct StandingJson {
    phase: &'static str,
    run: bool,
    updates: bool,
    support: bool,
    release_covered: Option<bool>,
    days_left: Option<u32>,
    warnings: Vec<&'static str>,
}

impl From<&Standing> for StandingJson {
    fn from(standing: &Standing) -> Self {
        Self {
            phase: standing.phase.name(),
            run: standing.run,
            updates: standing.updates,
            support: standing.support,
            release_covered: standing.release_covered,
            days_left: standing.days_left,
            warnings: standing.warnings.iter().map(|warning| warning.name()).collect(),
        }
    }
}

impl From<&Inspection> for InspectionJson {
    fn from(inspection: &Inspection) -> Self {
        Self {
            outcome: inspection.outcome.name(),
            reason: inspection.obstacle.as_ref().map(Obstacle::reason).map(|reason| reason.name()),
            places: inspection
                .places()
                .into_iter()
                .map(|place| PlaceJson { row: place.row, group: place.group })
                .collect(),
            repairs: inspection.repairs.iter().map(RepairJson::from).collect(),
            terms: inspection.terms().map(TermsJson::from),
            code: inspection.code.as_ref().map(|code| LettersJson { letters: code.letters() }),
            standing: inspection.standing.as_ref().map(StandingJson::from),
        }
    }
}

/// What a clock reset did.
#[derive(Serialize)]
pub struct ClockResetJson {
    outcome: &'static str,
    clock_reset: ClockResetTermsJson,
}

#[derive(Serialize)]
struct ClockResetTermsJson {
    host: u32,
    day: String,
    issuer: u16,
}

impl From<ClockResetTerms> for ClockResetJson {
    fn from(terms: ClockResetTerms) -> Self {
        let ClockResetTerms { host, day, issuer, .. } = terms;
        Self {
            outcome: "accepted",
            clock_reset: ClockResetTermsJson { host: host.0, day: day.to_string(), issuer: issuer.get() },
        }
    }
}

/// What `status --json` prints.
#[derive(Serialize)]
pub struct StatusJson {
    answer: &'static str,
    today: String,
    clock: ClockJson,
    standing: StandingJson,
    units: u32,
    in_use: Option<u32>,
    assigned: u32,
    sites: Vec<SiteJson>,
    licenses: Vec<LicenseJson>,
    set_aside: Vec<SetAsideJson>,
    damage: Vec<DamageJson>,
    bundle: Option<BundleInForceJson>,
    host: Option<u32>,
    contact: Vec<String>,
    next: Option<String>,
}

/// Units of a site.
#[derive(Serialize)]
pub struct SiteJson {
    site: String,
    assigned: u32,
    in_use: Option<u32>,
}

impl SiteJson {
    /// All sites, by name.
    pub fn all(sites: &Sites) -> Vec<Self> {
        let one = |(site, units): (&Site, SiteUnits)| Self {
            site: site.to_string(),
            assigned: units.assigned.get(),
            in_use: units.in_use,
        };
        sites.iter().map(one).collect()
    }
}

/// What `sites --json` prints.
#[derive(Serialize)]
pub struct SitesJson {
    in_use: Option<u32>,
    assigned: u32,
    sites: Vec<SiteJson>,
}

impl From<&Sites> for SitesJson {
    fn from(sites: &Sites) -> Self {
        Self { in_use: sites.in_use(), assigned: sites.assigned(), sites: SiteJson::all(sites) }
    }
}

/// What `report --json` prints.
#[derive(Serialize)]
pub struct UsageJson {
    day: String,
    host: u32,
    clock: &'static str,
    bundle: Option<u32>,
    licensed: u32,
    in_use: Option<u32>,
    assigned: u32,
    licenses: Vec<LicenseUsageJson>,
    sites: Vec<SiteJson>,
    receipts: Vec<ReceiptJson>,
}

#[derive(Serialize)]
struct LicenseUsageJson {
    license: u32,
    revision: u16,
    product: u16,
    units: u32,
    last: String,
    phase: &'static str,
    counts: bool,
}

#[derive(Serialize)]
struct ReceiptJson {
    license: u32,
    rows: Vec<String>,
}

impl From<&UsageReport> for UsageJson {
    fn from(report: &UsageReport) -> Self {
        let license = |usage: &LicenseUsage| LicenseUsageJson {
            license: usage.license.get(),
            revision: usage.revision.get(),
            product: usage.product.get(),
            units: usage.units.get(),
            last: usage.last.to_string(),
            phase: usage.phase.name(),
            counts: usage.counts,
        };
        let receipts = report.receipts();
        let receipts =
            receipts.iter().map(|receipt| ReceiptJson { license: receipt.license.get(), rows: receipt.rows() });
        Self {
            day: report.day.to_string(),
            host: report.host.0,
            clock: report.clock.name(),
            bundle: report.bundle,
            licensed: report.licensed,
            in_use: report.in_use,
            assigned: report.sites.assigned(),
            licenses: report.licenses.iter().map(license).collect(),
            sites: SiteJson::all(&report.sites),
            receipts: receipts.collect(),
        }
    }
}

#[derive(Serialize)]
struct ClockJson {
    shows: Option<String>,
    state: &'static str,
    floor: Option<String>,
}

#[derive(Serialize)]
struct LicenseJson {
    terms: TermsJson,
    standing: StandingJson,
    counts: bool,
    successor: Option<TermsJson>,
}

#[derive(Serialize)]
struct SetAsideJson {
    license: u32,
    revision: u16,
    reason: &'static str,
    file: String,
}

/// `found`: the day, if it was found before and nobody has said that it was read.
#[derive(Serialize)]
struct DamageJson {
    found: Option<String>,
    what: String,
    recovered: Option<bool>,
}

#[derive(Serialize)]
struct BundleInForceJson {
    vendor: String,
    number: u32,
    issued: String,
    age_days: i32,
}

impl From<&Status> for StatusJson {
    fn from(status: &Status) -> Self {
        let Status {
            today,
            standing,
            units,
            in_use,
            sites,
            licenses,
            set_aside,
            damage,
            damaged_before,
            bundle,
            contact,
            host,
            ..
        } = status;
        let now = damage.iter().map(|damage| DamageJson {
            found: None,
            what: damage.to_string(),
            recovered: Some(damage.recovered),
        });
        let before = damaged_before.iter().map(|(day, what)| DamageJson {
            found: Some(day.to_string()),
            what: what.clone(),
            recovered: None,
        });
        Self {
            answer: status.answer().name(),
            today: today.day.to_string(),
            clock: ClockJson {
                shows: today.clock.map(|day| day.to_string()),
                state: today.state.name(),
                floor: today.floor.map(|day| day.to_string()),
            },
            standing: standing.into(),
            units: *units,
            in_use: *in_use,
            assigned: sites.assigned(),
            sites: SiteJson::all(sites),
            licenses: licenses
                .iter()
                .map(|license| LicenseJson {
                    terms: license.license.terms().into(),
                    standing: (&license.standing).into(),
                    counts: license.counts,
                    successor: license.successor.as_ref().map(|code| code.terms().into()),
                })
                .collect(),
            set_aside: set_aside
                .iter()
                .map(|code| SetAsideJson {
                    license: code.license.get(),
                    revision: code.revision.get(),
                    reason: code.refusal.reason().name(),
                    file: code.place.clone(),
                })
                .collect(),
            damage: now.chain(before).collect(),
            bundle: bundle.as_ref().map(|bundle| BundleInForceJson {
                vendor: bundle.vendor.clone(),
                number: bundle.number,
                issued: bundle.issued.to_string(),
                age_days: today.day.days_after(bundle.issued),
            }),
            host: host.map(|host| host.0),
            contact: contact.clone(),
            next: next_step(status),
        }
    }
}

/// What `request --json` prints.
#[derive(Serialize)]
pub struct RequestJson {
    row: String,
    host: u32,
    product: Option<u16>,
    license: Option<u32>,
    clock_reset: bool,
}

impl From<&HostRequest> for RequestJson {
    fn from(request: &HostRequest) -> Self {
        Self {
            row: request.row(),
            host: request.host.0,
            product: request.product.map(ProductId::get),
            license: request.license.map(LicenseNumber::get),
            clock_reset: request.nonce.asks_for_clock_reset(),
        }
    }
}

/// What a trust bundle says.
#[derive(Serialize)]
pub struct BundleJson {
    vendor: String,
    number: u32,
    issued: String,
    age_days: i32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    contact: Vec<String>,
    fingerprint: String,
    threshold: u8,
    roots: Vec<String>,
    issuers: Vec<BundleIssuerJson>,
    revoked: Vec<RevokedJson>,
    products: Vec<u16>,
}

#[derive(Serialize)]
struct BundleIssuerJson {
    number: u16,
    key: String,
    void: bool,
    limits: String,
}

#[derive(Serialize)]
struct RevokedJson {
    license: u32,
    good_from: Option<u16>,
}

impl BundleJson {
    /// As it is on a day.
    pub fn of(bundle: &Bundle, today: Day) -> Self {
        Self {
            vendor: bundle.vendor.clone(),
            number: bundle.number,
            issued: bundle.issued.to_string(),
            age_days: today.days_after(bundle.issued),
            test: bundle.test,
            contact: bundle.contact.clone(),
            fingerprint: bundle.roots.fingerprint(),
            threshold: bundle.roots.threshold(),
            roots: bundle.roots.keys().iter().map(ToString::to_string).collect(),
            issuers: bundle
                .issuers
                .iter()
                .map(|issuer| BundleIssuerJson {
                    number: issuer.number.get(),
                    key: issuer.key.to_string(),
                    void: issuer.void,
                    limits: issuer.limits.to_string().trim_start().to_owned(),
                })
                .collect(),
            revoked: bundle
                .revoked
                .iter()
                .map(|(license, good)| RevokedJson {
                    license: license.get(),
                    good_from: good.map(|revision| revision.get()),
                })
                .collect(),
            products: bundle.products.iter().map(|product| product.id.get()).collect(),
        }
    }
}
