//! Units assigned to sites, and in use there (rule I8): `sites.txt`.
//!
//! | line | |
//! | --- | --- |
//! | `total UNITS` | in use altogether, where somebody counted: who uses several sites is counted once |
//! | `site ASSIGNED IN-USE NAME` * | by name; `-` where nobody counted |
//!
//! For mail a site is a domain, and what counts are the addresses that are managed, not mailboxes. Nothing of this
//! blocks anything.

use crate::checked_text::{self, CheckedTextFault};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::num::NonZeroU32;

/// Its name in the storage.
pub(crate) const NAME: &str = "sites.txt";
/// Thousands of sites.
pub(crate) const LONGEST: usize = 1024 * 1024;
const HEADING: &str = "countersign sites 1";
/// Most units that a license has.
const MOST_UNITS: u32 = 16_777_215;

/// The name of a site, as people write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site(String);

impl Site {
    /// 1 to 253 bytes without white space or characters that cannot be seen; upper and lower case of A to Z are the
    /// same. 253 is the longest name of a domain (RFC 1035 §3.1).
    pub fn new(name: &str) -> Option<Self> {
        let hidden = |c: char| c.is_whitespace() || crate::program::is_hidden(c);
        ((1..=253).contains(&name.len()) && name != "-" && !name.contains(hidden))
            .then(|| Self(name.to_ascii_lowercase()))
    }

    /// As it is compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a site has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteUnits {
    /// Units that are assigned to it.
    pub assigned: NonZeroU32,
    /// Units in use there, where somebody counted.
    pub in_use: Option<u32>,
}

/// The sites of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sites {
    sites: BTreeMap<Site, SiteUnits>,
    total: Option<u32>,
}

/// What is asked of sites does not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SitesFault {
    /// There is no site of this name.
    NoSite {
        /// Which.
        site: Site,
    },
    /// More units than any license has.
    TooMany,
}

impl fmt::Display for SitesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSite { site } => write!(f, "no units are assigned to {site}"),
            Self::TooMany => write!(f, "no license has more than {MOST_UNITS} units"),
        }
    }
}

impl std::error::Error for SitesFault {}

impl Sites {
    /// The sites by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Site, SiteUnits)> {
        self.sites.iter().map(|(site, units)| (site, *units))
    }

    /// Assigns units to a site, instead of those that it had.
    ///
    /// # Errors
    /// More than any license has.
    pub fn assign(&mut self, site: Site, units: NonZeroU32) -> Result<(), SitesFault> {
        fits(units.get())?;
        self.sites.entry(site).or_insert(SiteUnits { assigned: units, in_use: None }).assigned = units;
        Ok(())
    }

    /// Says how many units a site uses.
    ///
    /// # Errors
    /// The site is not there, or more than any license has.
    pub fn set_in_use(&mut self, site: &Site, units: u32) -> Result<(), SitesFault> {
        fits(units)?;
        let found = self.sites.get_mut(site).ok_or_else(|| SitesFault::NoSite { site: site.clone() })?;
        found.in_use = Some(units);
        Ok(())
    }

    /// Says how many units are in use altogether; `None`: the sum of the sites counts again.
    ///
    /// # Errors
    /// More than any license has.
    pub fn set_total(&mut self, units: Option<u32>) -> Result<(), SitesFault> {
        fits(units.unwrap_or(0))?;
        self.total = units;
        Ok(())
    }

    /// Removes a site.
    ///
    /// # Errors
    /// It is not there.
    pub fn remove(&mut self, site: &Site) -> Result<(), SitesFault> {
        self.sites.remove(site).map(drop).ok_or_else(|| SitesFault::NoSite { site: site.clone() })
    }

    /// Units that are assigned altogether.
    pub fn assigned(&self) -> u32 {
        self.sites.values().fold(0, |sum, units| sum.saturating_add(units.assigned.get()))
    }

    /// Units in use altogether: what was counted, or else the sum of the sites; `None`: nobody counted.
    pub fn in_use(&self) -> Option<u32> {
        let mut counted = self.sites.values().filter_map(|units| units.in_use);
        let sum = counted.next().map(|first| counted.fold(first, u32::saturating_add));
        self.total.or(sum)
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n# Units assigned to sites, units in use there, and the site.\n");
        // Writing to a String does not fail.
        if let Some(total) = self.total {
            let _ = writeln!(text, "total {total}");
        }
        let _ = self.iter().try_for_each(|(site, units)| writeln!(text, "{}", line(site, units)));
        checked_text::seal(&text)
    }

    /// From what was kept.
    ///
    /// # Errors
    /// It is not what this release wrote.
    pub fn from_text(text: &[u8]) -> Result<Self, CheckedTextFault> {
        let mut sites = Self::default();
        for (line, text) in checked_text::open(text, HEADING)? {
            sites.take(text).ok_or(CheckedTextFault::Line { line })?;
        }
        Ok(sites)
    }

    /// One of the lines that are kept.
    pub(crate) fn take(&mut self, line: &str) -> Option<()> {
        if let Some(total) = line.strip_prefix("total ") {
            let first = self.total.is_none() && self.sites.is_empty();
            self.total = Some(number(total)?);
            return first.then_some(());
        }
        let mut words = line.strip_prefix("site ")?.splitn(3, ' ');
        let assigned = NonZeroU32::new(number(words.next()?)?)?;
        let in_use = match words.next()? {
            "-" => None,
            units => Some(number(units)?),
        };
        let name = words.next()?;
        let site = Site::new(name).filter(|site| site.as_str() == name)?;
        let rises = self.sites.last_key_value().is_none_or(|(before, _)| *before < site);
        self.sites.insert(site, SiteUnits { assigned, in_use });
        rises.then_some(())
    }
}

/// The line of a site.
pub(crate) fn line(site: &Site, SiteUnits { assigned, in_use }: SiteUnits) -> String {
    let in_use = in_use.map_or("-".to_owned(), |units| units.to_string());
    format!("site {assigned} {in_use} {site}")
}

/// Units in their one spelling.
pub(crate) fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok().filter(|number| *number <= MOST_UNITS)?;
    (number.to_string() == text).then_some(number)
}

fn fits(units: u32) -> Result<(), SitesFault> {
    if units > MOST_UNITS { Err(SitesFault::TooMany) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_units_fit_as_a_code_can_have() {
        assert_eq!(fits(MOST_UNITS), Ok(()));
        assert_eq!(fits(MOST_UNITS + 1), Err(SitesFault::TooMany));
    }

    fn site(name: &str) -> Site {
        Site::new(name).unwrap()
    }

    fn units(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn two() -> Sites {
        let mut sites = Sites::default();
        sites.assign(site("north.example.com"), units(30)).unwrap();
        sites.assign(site("Example.COM"), units(50)).unwrap();
        sites.set_in_use(&site("example.com"), 40).unwrap();
        sites
    }

    #[test]
    fn what_is_written_is_read() {
        let mut counted = two();
        counted.set_total(Some(0)).unwrap();
        for sites in [Sites::default(), two(), counted] {
            assert_eq!(Sites::from_text(sites.to_text().as_bytes()), Ok(sites));
        }
        assert!(two().to_text().contains("\nsite 50 40 example.com\nsite 30 - north.example.com\n"));
    }

    #[test]
    fn who_uses_several_sites_is_counted_once_where_somebody_counted() {
        let mut sites = two();
        assert_eq!((sites.assigned(), sites.in_use()), (80, Some(40)));
        sites.set_in_use(&site("north.example.com"), 20).unwrap();
        assert_eq!(sites.in_use(), Some(60));
        sites.set_total(Some(45)).unwrap();
        assert_eq!(sites.in_use(), Some(45));
        sites.set_total(None).unwrap();
        assert_eq!(sites.in_use(), Some(60));
        assert_eq!(Sites::default().in_use(), None);
    }

    #[test]
    fn a_site_that_is_not_there_and_too_many_units_are_named() {
        let mut sites = two();
        let missing = SitesFault::NoSite { site: site("south") };
        assert_eq!(sites.set_in_use(&site("south"), 1), Err(missing.clone()));
        assert_eq!(sites.remove(&site("south")), Err(missing));
        assert_eq!(sites.assign(site("south"), units(MOST_UNITS + 1)), Err(SitesFault::TooMany));
        assert_eq!(sites.set_total(Some(MOST_UNITS + 1)), Err(SitesFault::TooMany));
        sites.remove(&site("EXAMPLE.com")).unwrap();
        assert_eq!(sites.iter().count(), 1);
    }

    #[test]
    fn names_that_hide_something_are_none() {
        for name in ["", "-", "a b", "a\tb", "a\u{200B}b", "a\u{202E}b", "a\nb", &"x".repeat(254)] {
            assert_eq!(Site::new(name), None, "{name:?}");
        }
        assert_eq!(site("Büro-Süd").as_str(), "büro-süd");
    }

    #[test]
    fn lines_that_nobody_writes_are_refused_by_number() {
        for line in [
            "site 0 - a",
            "site 01 - a",
            "site 1 x a",
            "site 1 - A",
            "site 1 - a b",
            "site 1 -",
            "site 2 - b\nsite 1 - a",
            "site 1 - a\nsite 1 - a",
            "site 1 - a\ntotal 1",
            "total 1\ntotal 1",
            "total 16777216",
            "total",
            "other 1",
        ] {
            let text = checked_text::seal(&format!("{HEADING}\n{line}\n"));
            let fault = Sites::from_text(text.as_bytes()).unwrap_err();
            assert!(matches!(fault, CheckedTextFault::Line { line: 2 | 3 }), "{line}: {fault}");
        }
    }
}
