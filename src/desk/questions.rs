//! What is asked of the whole ledger: which licenses there are, what falls due, how many units count.

use crate::ledger::{
    Account, AccountNumber, Book, Customer, CustomerNumber, Filter, Ledger, LedgerFault, Listed, Product, UnitType,
};
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
    /// How many.
    pub sum: Sum,
}

/// Units of a customer that count on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsOfCustomer {
    /// Whose.
    pub customer: Customer,
    /// What is counted.
    pub unit: UnitType,
    /// Codes of which kind.
    pub kind: Kind,
    /// How many.
    pub sum: Sum,
}

/// Units that a partner's customers count on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsOfPartner {
    /// The reseller of record; `None`: the vendor sold them itself.
    pub account: Option<Account>,
    /// What is counted.
    pub unit: UnitType,
    /// Codes of which kind.
    pub kind: Kind,
    /// How many.
    pub sum: Sum,
}

/// Licenses, and the units that they have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many licenses.
    pub licenses: u64,
    /// How many units.
    pub units: u64,
}

/// Sums by a key and the place of a kind in the list of kinds.
type Sums<K> = BTreeMap<(K, usize), Sum>;

/// Adds a code that has begun, if its units count: it is in maintenance, and not for testing.
fn add<K: Ord>(sums: &mut Sums<K>, key: K, terms: &Terms, today: Day) {
    if today <= terms.period.last() && !terms.test {
        let kind = Kind::ALL.iter().position(|kind| *kind == terms.kind).unwrap_or_default();
        let sum = sums.entry((key, kind)).or_default();
        sum.licenses += 1;
        sum.units += u64::from(terms.units.get());
    }
}

/// The units that count today, by product and kind.
///
/// # Errors
/// Those of the ledger.
pub fn units_by_product(ledger: &mut Ledger, today: Day) -> Result<Vec<UnitsOfProduct>, LedgerFault> {
    ledger.read(|book| {
        let mut sums = Sums::default();
        book.each_begun(today, |_, terms| add(&mut sums, terms.product, &terms, today))?;
        let products = Products::of(book)?;
        let line = |((id, kind), sum): ((ProductId, usize), Sum)| {
            Ok(UnitsOfProduct { product: products.get(id)?.clone(), kind: Kind::ALL[kind], sum })
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
        let products = Products::of(book)?;
        let mut sums = Sums::default();
        let mut unknown = None;
        book.each_begun(today, |customer, terms| match products.get(terms.product) {
            Ok(product) => {
                let unit = UnitType::ALL.iter().position(|unit| *unit == product.unit).unwrap_or_default();
                add(&mut sums, (customer, unit), &terms, today);
            }
            Err(fault) => unknown = Some(fault),
        })?;
        if let Some(fault) = unknown {
            return Err(fault);
        }
        let mut customers = Customers { book, read: Vec::new().into_iter().peekable() };
        let line = |(((customer, unit), kind), sum): (((CustomerNumber, usize), usize), Sum)| {
            let customer = customers.get(customer)?;
            Ok(UnitsOfCustomer { customer, unit: UnitType::ALL[unit], kind: Kind::ALL[kind], sum })
        };
        sums.into_iter().map(line).collect()
    })
}

/// The units that count today, by reseller of record, unit type and kind; those without one first.
///
/// # Errors
/// Those of the ledger.
pub fn units_by_partner(ledger: &mut Ledger, today: Day) -> Result<Vec<UnitsOfPartner>, LedgerFault> {
    ledger.read(|book| {
        let products = Products::of(book)?;
        let resellers: BTreeMap<CustomerNumber, AccountNumber> = book.resellers()?.into_iter().collect();
        let mut sums = Sums::default();
        let mut unknown = None;
        book.each_begun(today, |customer, terms| match products.get(terms.product) {
            Ok(product) => {
                let unit = UnitType::ALL.iter().position(|unit| *unit == product.unit).unwrap_or_default();
                add(&mut sums, (resellers.get(&customer).copied(), unit), &terms, today);
            }
            Err(fault) => unknown = Some(fault),
        })?;
        if let Some(fault) = unknown {
            return Err(fault);
        }
        let line = |(((account, unit), kind), sum): (((Option<AccountNumber>, usize), usize), Sum)| {
            let find = |number| book.account(number)?.ok_or(LedgerFault::Record { what: "an account" });
            let account = account.map(find).transpose()?;
            Ok(UnitsOfPartner { account, unit: UnitType::ALL[unit], kind: Kind::ALL[kind], sum })
        };
        sums.into_iter().map(line).collect()
    })
}

/// The catalogue by product id.
struct Products(BTreeMap<ProductId, Product>);

impl Products {
    fn of(book: &Book<'_>) -> Result<Self, LedgerFault> {
        Ok(Self(book.products()?.into_iter().map(|product| (product.id, product)).collect()))
    }

    fn get(&self, id: ProductId) -> Result<&Product, LedgerFault> {
        self.0.get(&id).ok_or(LedgerFault::Record { what: "a product" })
    }
}

/// Customers, asked for by ascending number, and read as many at once.
struct Customers<'b, 'l> {
    book: &'b Book<'l>,
    read: std::iter::Peekable<std::vec::IntoIter<Customer>>,
}

impl Customers<'_, '_> {
    fn get(&mut self, number: CustomerNumber) -> Result<Customer, LedgerFault> {
        const PAGE: u32 = 1_000;
        loop {
            match self.read.peek() {
                Some(customer) if customer.number == number => return Ok(customer.clone()),
                Some(customer) if customer.number < number => drop(self.read.next()),
                _ => {
                    self.read = self.book.customers_from(Some(number), PAGE)?.into_iter().peekable();
                    if self.read.peek().is_none_or(|customer| customer.number != number) {
                        return Err(LedgerFault::Record { what: "a customer" });
                    }
                }
            }
        }
    }
}
