//! What an installation says of its use: a file for the desk, and a receipt for the telephone (rules I8 and D16).
//!
//! It is a claim that nobody signed. The check at its end shows damage on the way, and no change on purpose.
//!
//! | line | |
//! | --- | --- |
//! | `day DAY` | the day that counted there |
//! | `host HEX8` | |
//! | `clock right`, `behind`, `ahead`, `unreadable` | what it thinks of its clock |
//! | [`bundle NUMBER`] | the trust bundle in force |
//! | `licensed UNITS` | of the licenses that count together |
//! | [`in-use UNITS`] | where somebody counted |
//! | `assigned UNITS` | to sites |
//! | `license NUMBER REVISION PRODUCT UNITS LAST-DAY PHASE yes` * | every license; `no`: its units are not among the licensed |
//! | `site ASSIGNED IN-USE NAME` * | every site |

use crate::checked_text::{self, CheckedTextFault};
use crate::sites::{Sites, line, number};
use activation_code::{ClockState, Day, HostId, LicenseNumber, Phase, ProductId, Receipt, Revision, Units};
use std::fmt::Write;

/// Longest report that is read: thousands of sites.
pub const LONGEST_REPORT: usize = 1024 * 1024;
const HEADING: &str = "countersign usage 1";
const REMARK: &str = "# What an installation says of its use. A claim: nobody signed it.";

/// What an installation says of its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// The day that counted there.
    pub day: Day,
    /// Which host.
    pub host: HostId,
    /// What it thinks of its clock.
    pub clock: ClockState,
    /// The number of its trust bundle.
    pub bundle: Option<u32>,
    /// Units of the licenses that count together.
    pub licensed: u32,
    /// Units in use, where somebody counted.
    pub in_use: Option<u32>,
    /// All its licenses, the best first.
    pub licenses: Vec<LicenseUsage>,
    /// Its sites.
    pub sites: Sites,
}

/// A license in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicenseUsage {
    /// Its number.
    pub license: LicenseNumber,
    /// The revision that counts.
    pub revision: Revision,
    /// Its product.
    pub product: ProductId,
    /// Its units.
    pub units: Units,
    /// The last day of its maintenance.
    pub last: Day,
    /// Its phase.
    pub phase: Phase,
    /// Whether its units are among the licensed.
    pub counts: bool,
}

impl UsageReport {
    /// One receipt for each license that counts, with the units in use of the whole installation; empty where nobody
    /// counted.
    pub fn receipts(&self) -> Vec<Receipt> {
        let Some(in_use) = self.in_use else { return Vec::new() };
        let counting = self.licenses.iter().filter(|license| license.counts);
        let receipt = |license: &LicenseUsage| Receipt {
            license: license.license,
            revision: license.revision,
            in_use,
            day: self.day,
            host: self.host,
            product: license.product,
            clock: self.clock,
            bundle: self.bundle.map(|number| u16::try_from(number).unwrap_or(u16::MAX)),
        };
        counting.map(receipt).collect()
    }

    /// As it is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n{REMARK}\n");
        // Writing to a String does not fail.
        let _ = self.write(&mut text);
        checked_text::seal(&text)
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Self { day, host, clock, bundle, licensed, in_use, licenses, sites } = self;
        writeln!(text, "day {day}\nhost {host}\nclock {}", clock.name())?;
        if let Some(number) = bundle {
            writeln!(text, "bundle {number}")?;
        }
        writeln!(text, "licensed {licensed}")?;
        if let Some(units) = in_use {
            writeln!(text, "in-use {units}")?;
        }
        writeln!(text, "assigned {}", sites.assigned())?;
        for LicenseUsage { license, revision, product, units, last, phase, counts } in licenses {
            let counts = if *counts { "yes" } else { "no" };
            writeln!(text, "license {license} {revision} {product} {units} {last} {phase} {counts}")?;
        }
        sites.iter().try_for_each(|(site, units)| writeln!(text, "{}", line(site, units)))
    }

    /// From what was sent. There is one spelling of each report.
    ///
    /// # Errors
    /// It is not one that this release reads, or it was damaged on the way.
    pub fn from_text(text: &[u8]) -> Result<Self, CheckedTextFault> {
        if text.len() > LONGEST_REPORT {
            return Err(CheckedTextFault::Truncated);
        }
        let lines: Vec<_> = checked_text::open(text, HEADING)?.collect();
        let mut lines = Lines { lines: &lines };
        let report = Self {
            day: lines.value("day", |text| text.parse().ok())?,
            host: lines.value("host", |text| u32::from_str_radix(text, 16).ok().map(HostId))?,
            clock: lines.value("clock", |text| ClockState::ALL.into_iter().find(|state| state.name() == text))?,
            bundle: lines.optional("bundle", |text| text.parse().ok())?,
            licensed: lines.value("licensed", |text| text.parse().ok())?,
            in_use: lines.optional("in-use", number)?,
            licenses: Vec::new(),
            sites: Sites::default(),
        };
        let assigned: u32 = lines.value("assigned", |text| text.parse().ok())?;
        let mut report = report;
        while let Some(license) = lines.optional("license", license)? {
            report.licenses.push(license);
        }
        for (line, site) in lines.lines {
            let taken = if site.starts_with("site ") { report.sites.take(site) } else { None };
            taken.ok_or(CheckedTextFault::Line { line: *line })?;
        }
        if report.sites.assigned() != assigned || report.to_text().as_bytes() != text {
            return Err(CheckedTextFault::Changed);
        }
        Ok(report)
    }
}

/// What is left of a report.
struct Lines<'a> {
    lines: &'a [(usize, &'a str)],
}

impl<'a> Lines<'a> {
    fn value<T>(&mut self, keyword: &str, read: impl Fn(&'a str) -> Option<T>) -> Result<T, CheckedTextFault> {
        let line = self.lines.first().map(|(line, _)| *line);
        self.optional(keyword, read)?
            .ok_or(line.map_or(CheckedTextFault::Truncated, |line| CheckedTextFault::Line { line }))
    }

    fn optional<T>(
        &mut self,
        keyword: &str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Option<T>, CheckedTextFault> {
        let Some(((line, text), rest)) = self.lines.split_first() else { return Ok(None) };
        let Some(value) = text.strip_prefix(keyword).and_then(|rest| rest.strip_prefix(' ')) else { return Ok(None) };
        self.lines = rest;
        read(value).map(Some).ok_or(CheckedTextFault::Line { line: *line })
    }
}

fn license(text: &str) -> Option<LicenseUsage> {
    let mut words = text.split(' ');
    let usage = LicenseUsage {
        license: words.next()?.parse().ok()?,
        revision: words.next()?.parse().ok()?,
        product: words.next()?.parse().ok()?,
        units: words.next()?.parse().ok()?,
        last: words.next()?.parse().ok()?,
        phase: words.next().and_then(|name| Phase::ALL.into_iter().find(|phase| phase.name() == name))?,
        counts: match words.next()? {
            "yes" => true,
            "no" => false,
            _ => return None,
        },
    };
    words.next().is_none().then_some(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_may_be_so_long_and_not_longer() {
        let long = |length: usize| UsageReport::from_text(&vec![b'x'; length]).unwrap_err();
        assert_eq!(long(LONGEST_REPORT + 1), CheckedTextFault::Truncated);
        assert_eq!(long(LONGEST_REPORT + 2), CheckedTextFault::Truncated);
        assert_eq!(long(LONGEST_REPORT), CheckedTextFault::Heading { wanted: HEADING });
    }
    use crate::sites::Site;
    use std::num::NonZeroU32;

    fn report() -> UsageReport {
        let mut sites = Sites::default();
        sites.assign(Site::new("example.com").unwrap(), NonZeroU32::new(50).unwrap()).unwrap();
        let license = LicenseUsage {
            license: "1042".parse().unwrap(),
            revision: "3".parse().unwrap(),
            product: "7".parse().unwrap(),
            units: "250".parse().unwrap(),
            last: "2027-11-30".parse().unwrap(),
            phase: Phase::Maintenance,
            counts: true,
        };
        UsageReport {
            day: "2027-06-01".parse().unwrap(),
            host: HostId(0x00c0_ffee),
            clock: ClockState::Right,
            bundle: Some(70_000),
            licensed: 250,
            in_use: Some(260),
            licenses: vec![license, LicenseUsage { phase: Phase::Lapsed, counts: false, ..license }],
            sites,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bare = UsageReport { bundle: None, in_use: None, licenses: vec![], sites: Sites::default(), ..report() };
        for report in [report(), bare] {
            assert_eq!(UsageReport::from_text(report.to_text().as_bytes()), Ok(report));
        }
        assert!(report().to_text().contains("\nlicense 1042 3 7 250 2027-11-30 maintenance yes\n"));
    }

    #[test]
    fn a_receipt_has_the_use_of_the_whole_installation() {
        let receipts = report().receipts();
        assert_eq!(receipts.len(), 1);
        assert_eq!((receipts[0].in_use, receipts[0].bundle), (260, Some(u16::MAX)));
        assert_eq!(Receipt::read(&receipts[0].rows()), Ok(receipts[0]));
        assert!(UsageReport { in_use: None, ..report() }.receipts().is_empty());
    }

    #[test]
    fn other_spellings_and_lines_out_of_place_are_refused() {
        let text = report().to_text();
        let body = text.rsplit_once("check ").unwrap().0;
        for (from, to) in [
            ("day 2027", "day +2027"),
            ("host 00c0ffee", "host c0ffee"),
            ("host 00c0ffee\n", ""),
            ("bundle 70000", "bundle 070000"),
            ("licensed 250", "licensed 250 "),
            ("assigned 50", "assigned 51"),
            ("maintenance yes", "maintenance maybe"),
            ("maintenance yes", "maintenance yes yes"),
            ("clock right\nbundle 70000", "bundle 70000\nclock right"),
            ("site 50 - example.com\n", "site 50 - example.com\nmore\n"),
            ("# What", "# Which"),
        ] {
            assert!(body.contains(from), "{from}");
            let changed = checked_text::seal(&body.replacen(from, to, 1));
            assert!(UsageReport::from_text(changed.as_bytes()).is_err(), "{to}");
        }
    }
}
