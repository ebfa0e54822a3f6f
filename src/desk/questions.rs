//! What is asked of the whole ledger: which licenses there are, what falls due, how many units count.

use crate::ledger::{CustomerNumber, Filter, Ledger, LedgerFault, Listed, Name, Product, UnitType};
use activation_code::{Day, Kind, LicenseNumber, MaintenancePeriod, ProductId, Terms};
use std::collections::BTreeMap;

/// What a license is worth on a day, at an installation that has all its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseState {
    /// In maintenance.
    Active,
    /// Its first period has not begun.
    NotYetValid,
    /// Its last period has ended.
    Ended,
    /// All its codes are revoked.
    Revoked,
}

impl LicenseState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::NotYetValid, Self::Ended, Self::Revoked];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotYetValid => "not-yet-valid",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Listed {
    /// Periods follow each other without a gap (rule D2): what has begun and not ended runs.
    pub fn state(&self, today: Day) -> LicenseState {
        match self.begins {
            None => LicenseState::Revoked,
            Some(first) if first > today => LicenseState::NotYetValid,
            Some(_) if self.newest.entry.period.last() < today => LicenseState::Ended,
            Some(_) => LicenseState::Active,
        }
    }
}

/// At most `most` licenses by number, those that come after `after`; with a state, those that are in it today.
///
/// # Errors
/// Those of the ledger.
pub fn licenses(
    ledger: &mut Ledger,
    filter: &Filter,
    state: Option<(LicenseState, Day)>,
    after: Option<LicenseNumber>,
    most: u32,
) -> Result<Vec<Listed>, LedgerFault> {
    let mut filter = *filter;
    filter.revoked |= matches!(state, Some((LicenseState::Revoked, _)));
    ledger.read(|book| {
        let mut found = Vec::new();
        let mut next = after.map_or(0, |after| after.get() + 1);
        loop {
            let page = book.listed_from(&filter, next, most)?;
            let last = page.last().map(|listed| listed.license.number);
            let whole = page.len() == most as usize;
            found.extend(page.into_iter().filter(|listed| is_in(state, listed)));
            match last {
                Some(last) if whole && found.len() < most as usize => next = last.get() + 1,
                _ => break,
            }
        }
        found.truncate(most as usize);
        Ok(found)
    })
}

fn is_in(state: Option<(LicenseState, Day)>, listed: &Listed) -> bool {
    state.is_none_or(|(state, today)| listed.state(today) == state)
}

/// At most `most` licenses whose newest code ends in a period and is not revoked, by last day and number: those
/// that come after `after`.
///
/// # Errors
/// Those of the ledger.
pub fn due(
    ledger: &mut Ledger,
    period: MaintenancePeriod,
    after: Option<(Day, LicenseNumber)>,
    most: u32,
) -> Result<Vec<Listed>, LedgerFault> {
    ledger.read(|book| book.due(period, after, most))
}

/// Units of a product that count on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsOfProduct {
    /// Which product.
    pub product: Product,
    /// Codes of which kind.
    pub kind: Kind,
    /// How many licenses.
    pub licenses: u64,
    /// How many units they have.
    pub units: u64,
}

/// Units of a customer that count on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsOfCustomer {
    /// Whose.
    pub customer: CustomerNumber,
    /// Its name.
    pub name: Name,
    /// What is counted.
    pub unit: UnitType,
    /// Codes of which kind.
    pub kind: Kind,
    /// How many licenses.
    pub licenses: u64,
    /// How many units they have.
    pub units: u64,
}

/// Whether the units of a code that has begun count: it is in maintenance, and not for testing.
fn counts(terms: &Terms, today: Day) -> bool {
    today <= terms.period.last() && !terms.test
}

fn place_of(kind: Kind) -> usize {
    Kind::ALL.iter().position(|other| *other == kind).unwrap_or_default()
}

/// The units that count today, by product and kind.
///
/// # Errors
/// Those of the ledger.
pub fn units_by_product(ledger: &mut Ledger, today: Day) -> Result<Vec<UnitsOfProduct>, LedgerFault> {
    ledger.read(|book| {
        let mut sums: BTreeMap<(ProductId, usize), (u64, u64)> = BTreeMap::new();
        book.each_begun(today, |_, _, terms| {
            if counts(&terms, today) {
                let (licenses, units) = sums.entry((terms.product, place_of(terms.kind))).or_default();
                *licenses += 1;
                *units += u64::from(terms.units.get());
            }
        })?;
        let products = book.products()?;
        let line = |((id, kind), (licenses, units)): ((ProductId, usize), _)| {
            let product = products.iter().find(|product| product.id == id).cloned();
            let product = product.ok_or(LedgerFault::Record { what: "a product" })?;
            Ok(UnitsOfProduct { product, kind: Kind::ALL[kind], licenses, units })
        };
        sums.into_iter().map(line).collect()
    })
}

/// The units that count today, by customer, unit type and kind.
///
/// # Errors
/// Those of the ledger.
pub fn units_by_customer(ledger: &mut Ledger, today: Day) -> Result<Vec<UnitsOfCustomer>, LedgerFault> {
    ledger.read(|book| {
        let products = book.products()?;
        let unit = |id| products.iter().find(|product| product.id == id).map(|product| product.unit);
        let mut lines: Vec<UnitsOfCustomer> = Vec::new();
        let mut begins = 0;
        let mut unknown = false;
        book.each_begun(today, |customer, name, terms| {
            if !counts(&terms, today) {
                return;
            }
            if lines.last().is_none_or(|line| line.customer != customer) {
                begins = lines.len();
            }
            let Some(unit) = unit(terms.product) else {
                unknown = true;
                return;
            };
            let (kind, units) = (terms.kind, u64::from(terms.units.get()));
            let own = lines.get_mut(begins..).unwrap_or_default();
            match own.iter_mut().find(|line| line.unit == unit && line.kind == kind) {
                Some(line) => (line.licenses, line.units) = (line.licenses + 1, line.units + units),
                None => lines.push(UnitsOfCustomer { customer, name, unit, kind, licenses: 1, units }),
            }
        })?;
        if unknown {
            return Err(LedgerFault::Record { what: "a product" });
        }
        let place = |unit| UnitType::ALL.iter().position(|other| *other == unit);
        lines.sort_by_key(|line| (line.customer, place(line.unit), place_of(line.kind)));
        Ok(lines)
    })
}
