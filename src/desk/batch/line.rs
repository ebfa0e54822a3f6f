//! What a line of a batch may say, and what is wrong with it.

use crate::calendar::Term;
use crate::desk::catalogue::product_called;
use crate::desk::change::{Asked, Change, Length, Order, Reach};
use crate::desk::customers::customer_called;
use crate::desk::{DeskFault, Refused};
use crate::ledger::{Book, CustomerNumber, OrderReference};
use activation_code::{Day, Features, Holder, Kind, LicenseNumber, MaintenancePeriod, ProductId, Units};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident $name:literal $wanted:literal,)*) => {
        /// What a line may say. Names are added, never changed; those of the book are the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $variant,)* }

        impl Column {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name, as it stands in a file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The column of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// What its cells have.
            pub const fn wanted(self) -> &'static str {
                match self { $(Self::$variant => $wanted,)* }
            }
        }
    };
}

columns! {
    /// What is to be done.
    Do "do" "issue, renew, downsize, add-units, upgrade or convert",
    /// The order's reference.
    Order "order" "1 to 100 visible characters, no space at either end",
    /// For whom.
    Customer "customer" "a customer's number or name",
    /// Which license.
    License "license" "a license number, 1 to 268435455",
    /// What.
    Product "product" "a product's id or mnemonic",
    /// How many; more, for added units.
    Units "units" "a whole number, 1 to 16777215",
    /// The first day.
    From "from" "a day, as in 2026-12-01",
    /// The last day.
    Until "until" "a day, as in 2027-11-30",
    /// How long instead.
    Term "term" "1y, 18m or 90d",
    /// What the code is for.
    Kind "kind" "full, evaluation or service",
    /// Days of grace.
    Grace "grace" "a whole number of days, 0 to 255",
    /// Switches of the product.
    Features "features" "four hex digits",
    /// The name that the code carries.
    Holder "holder" "1 to 64 bytes of visible text",
    /// Whether the code is for testing.
    Test "test" "yes or no",
    /// The customer's written request.
    Request "request" "1 to 100 visible characters, no space at either end",
    /// Whether a renewal that was sold before stays as it is.
    ThisPeriodOnly "this_period_only" "yes or no",
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The cells of one line. An empty one is as good as none.
#[derive(Clone, Debug, Default)]
pub struct Cells<'t> {
    cells: [Option<Cow<'t, str>>; Column::ALL.len()],
}

impl<'t> Cells<'t> {
    /// Fills a cell.
    pub fn set(&mut self, column: Column, text: impl Into<Cow<'t, str>>) {
        self.cells[column as usize] = Some(text.into());
    }

    /// What a cell has.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.cells[column as usize].as_deref().filter(|text| !text.is_empty())
    }
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deed {
    /// A new license.
    #[default]
    Issue,
    /// The next period.
    Renew,
    /// The next period with fewer units.
    Downsize,
    /// More units.
    AddUnits,
    /// Another product of the family.
    Upgrade,
    /// From evaluation to full.
    Convert,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Issue, Self::Renew, Self::Downsize, Self::AddUnits, Self::Upgrade, Self::Convert];

    /// Its name, as it stands in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renew => "renew",
            Self::Downsize => "downsize",
            Self::AddUnits => "add-units",
            Self::Upgrade => "upgrade",
            Self::Convert => "convert",
        }
    }

    /// The columns that it needs, and those that it may have. `until` and `term` are one: see [`Self::end`].
    pub const fn columns(self) -> (&'static [Column], &'static [Column]) {
        use Column::{
            Customer, Features, From, Grace, Holder, Kind, License, Product, Request, Test, ThisPeriodOnly, Units,
        };
        match self {
            Self::Issue => (&[Customer, Product, Units, From], &[Kind, Grace, Features, Holder, Test]),
            Self::Renew => (&[License], &[Units]),
            Self::Downsize => (&[License, Units, Request], &[]),
            Self::AddUnits => (&[License, Units], &[ThisPeriodOnly]),
            Self::Upgrade => (&[License, Product], &[Units, ThisPeriodOnly]),
            Self::Convert => (&[License], &[Units]),
        }
    }

    /// Whether it needs `until` or `term`; `None`: it has neither.
    pub const fn end(self) -> Option<bool> {
        match self {
            Self::Issue | Self::Renew | Self::Downsize => Some(true),
            Self::Upgrade | Self::Convert => Some(false),
            Self::AddUnits => None,
        }
    }
}

impl FromStr for Deed {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|deed| deed.name() == text).ok_or(())
    }
}

/// Longest piece of a cell that a message shows, in characters.
const SHOWN: usize = 60;

/// Why a line cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A cell is empty that must not be.
    Missing {
        /// Which.
        column: Column,
        /// What needs it.
        deed: Deed,
    },
    /// Neither `until` nor `term`.
    NoEnd {
        /// What needs one of them.
        deed: Deed,
    },
    /// Both `until` and `term`.
    TwoEnds,
    /// A cell that means nothing here.
    Needless {
        /// Which.
        column: Column,
        /// What has no use for it.
        deed: Deed,
    },
    /// A cell that cannot be what it should be.
    Value {
        /// Which.
        column: Column,
        /// What stands there.
        found: String,
    },
    /// The last day is before the first.
    Reversed {
        /// The first.
        from: Day,
        /// The last.
        until: Day,
    },
    /// Another line has the same order.
    OrderTwice {
        /// The first line that has it.
        line: u64,
    },
    /// Another line changes the same license.
    LicenseTwice {
        /// The first line that does.
        line: u64,
    },
    /// A rule of the desk says no. Boxed: it is the largest.
    Refused(Box<Refused>),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl Problem {
    /// Whether the line was understood, and the answer is no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::OrderTwice { .. } | Self::LicenseTwice { .. } | Self::Refused(_))
    }

    /// The column to look at.
    pub fn column(&self) -> Column {
        use Refused::{
            EndOfLife, EndOfSale, FewerUnits, LowerEdition, NeedsApproval, NeedsNoCode, NoSuchPeriod, NotFewer,
            OtherFamily, OtherTerms, OtherUnit, SameProduct, Terms, TooFarBack, TooLong, TooManyUnits,
            TooManyUnitsForCode, TwoCustomers, UnknownCustomer, UnknownProduct,
        };
        match self {
            Self::Missing { column, .. } | Self::Needless { column, .. } | Self::Value { column, .. } => *column,
            Self::NoEnd { .. } | Self::TwoEnds | Self::Reversed { .. } => Column::Until,
            Self::OrderTwice { .. } => Column::Order,
            Self::LicenseTwice { .. } => Column::License,
            Self::Refused(refused) => match **refused {
                UnknownCustomer(_) | TwoCustomers { .. } => Column::Customer,
                UnknownProduct(_)
                | NeedsNoCode(_)
                | EndOfSale { .. }
                | EndOfLife { .. }
                | SameProduct { .. }
                | OtherFamily { .. }
                | LowerEdition { .. } => Column::Product,
                FewerUnits { .. }
                | NotFewer { .. }
                | OtherUnit { .. }
                | TooManyUnits { .. }
                | TooManyUnitsForCode { .. }
                | NeedsApproval { .. } => Column::Units,
                NoSuchPeriod { .. } => Column::Until,
                TooLong { .. } => Column::Term,
                TooFarBack { .. } | Terms(_) => Column::From,
                Refused::Kind { .. } => Column::Kind,
                OtherTerms { .. } => Column::Order,
                _ => Column::License,
            },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { column, deed } => write!(f, "empty, {} wants {}", deed.name(), column.wanted()),
            Self::NoEnd { deed } => write!(f, "empty, {} wants until or term", deed.name()),
            Self::TwoEnds => write!(f, "until and term, wanted one of them"),
            Self::Needless { deed, .. } => write!(f, "{} has no use for it", deed.name()),
            Self::Value { column, found } => {
                let cut: String = found.chars().take(SHOWN).collect();
                let more = if cut.len() < found.len() { "..." } else { "" };
                write!(f, "{cut:?}{more}, wanted {}", column.wanted())
            }
            Self::Reversed { from, until } => write!(f, "{until} is before from, {from}"),
            Self::OrderTwice { line } => write!(f, "line {line} has the same order"),
            Self::LicenseTwice { line } => write!(f, "line {line} changes the same license; make it two batches"),
            Self::Refused(refused) => {
                refused.fmt(f)?;
                match &**refused {
                    Refused::OtherTerms { recorded, wanted, .. } => {
                        write!(f, " (recorded: {recorded}; asked for now: {wanted})")
                    }
                    Refused::NeedsApproval { .. } => write!(f, "; run it by itself"),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// A line whose cells are right one by one. What it names may not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    reference: OrderReference,
    change: Wanted,
}

/// A change that names customers and products as a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Issue(Box<NewLicense>),
    Upgrade { license: LicenseNumber, product: String, units: Option<Units>, renew: Option<Length>, reach: Reach },
    Other(Change),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewLicense {
    customer: String,
    product: String,
    units: Units,
    period: MaintenancePeriod,
    kind: Option<Kind>,
    test: bool,
    grace: Option<u8>,
    features: Option<Features>,
    holder: Option<Holder>,
}

impl Draft {
    /// What a line asks for.
    ///
    /// # Errors
    /// Everything that is wrong with its cells.
    pub fn read(cells: &Cells<'_>) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading { cells, deed: Deed::Issue, problems: Vec::new() };
        if let Some(deed) = reading.read(Column::Do, |text| text.parse().ok()) {
            reading.deed = deed;
        }
        if reading.problems.is_empty() {
            reading.refuse_needless();
        }
        let reference = reading.needed(Column::Order, |text| text.parse().ok());
        let change = if reading.deed == Deed::Issue { reading.issue() } else { reading.change() };
        match (reference, change) {
            (Some(reference), Some(change)) if reading.problems.is_empty() => Ok(Self { reference, change }),
            _ => Err(reading.problems),
        }
    }

    /// Its reference, which no other line has.
    pub fn reference(&self) -> &OrderReference {
        &self.reference
    }

    /// The license that it changes, which no other line does.
    pub fn license(&self) -> Option<LicenseNumber> {
        match &self.change {
            Wanted::Issue(_) => None,
            Wanted::Upgrade { license, .. } => Some(*license),
            Wanted::Other(change) => change.license(),
        }
    }

    /// The same with the numbers of what it names; or all that it names and that does not exist.
    pub(super) fn asked(&self, names: &Names<'_, '_>) -> Result<Result<Asked, Vec<Problem>>, DeskFault> {
        let mut unknown = Vec::new();
        let change = match &self.change {
            Wanted::Issue(new) => {
                let customer = known(names.customer(&new.customer), &mut unknown)?;
                let product = known(names.product(&new.product), &mut unknown)?;
                if product.is_none() && customer.is_some() {
                    known(customer_called(names.book, &new.customer), &mut unknown)?;
                }
                customer.zip(product).map(|(customer, product)| {
                    Change::Issue(Order {
                        customer,
                        product,
                        units: new.units,
                        period: new.period,
                        kind: new.kind,
                        test: new.test,
                        grace: new.grace,
                        host: None,
                        features: new.features,
                        holder: new.holder.clone(),
                        registration_key: None,
                    })
                })
            }
            Wanted::Upgrade { license, product, units, renew, reach } => {
                let (license, units, renew, reach) = (*license, *units, *renew, *reach);
                let product = known(names.product(product), &mut unknown)?;
                product.map(|product| Change::Upgrade { license, product, units, renew, reach })
            }
            Wanted::Other(change) => Some(change.clone()),
        };
        Ok(change.map(|change| Asked { change, reference: Some(self.reference.clone()) }).ok_or(unknown))
    }
}

/// What was found; what does not exist goes to the problems.
fn known<T>(found: Result<T, DeskFault>, problems: &mut Vec<Problem>) -> Result<Option<T>, DeskFault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(DeskFault::Refused(refused)) => {
            problems.push(refused.into());
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

struct Reading<'c, 't> {
    cells: &'c Cells<'t>,
    deed: Deed,
    problems: Vec<Problem>,
}

impl Reading<'_, '_> {
    fn read<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.cells.get(column)?;
        let value = read(text);
        if value.is_none() {
            self.problems.push(Problem::Value { column, found: text.to_owned() });
        }
        value
    }

    fn needed<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if self.cells.get(column).is_none() {
            self.problems.push(Problem::Missing { column, deed: self.deed });
        }
        self.read(column, read)
    }

    fn answer(&mut self, column: Column) -> bool {
        let answer = |text: &str| match text {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        };
        self.read(column, answer).unwrap_or(false)
    }

    fn refuse_needless(&mut self) {
        let (needed, possible) = self.deed.columns();
        for &column in Column::ALL {
            let known = match column {
                Column::Do | Column::Order => true,
                Column::Until | Column::Term => self.deed.end().is_some(),
                _ => needed.contains(&column) || possible.contains(&column),
            };
            // "no" says what is usual.
            let usual = matches!(column, Column::Test | Column::ThisPeriodOnly)
                && matches!(self.cells.get(column), Some("no" | "false"));
            if !known && !usual && self.cells.get(column).is_some() {
                self.problems.push(Problem::Needless { column, deed: self.deed });
            }
        }
    }

    fn length(&mut self) -> Option<Length> {
        let until = self.read(Column::Until, |text| text.parse().ok()).map(Length::Until);
        let term = self.read(Column::Term, |text| text.parse::<Term>().ok()).map(Length::Term);
        match (self.cells.get(Column::Until), self.cells.get(Column::Term)) {
            (Some(_), Some(_)) => self.problems.push(Problem::TwoEnds),
            (None, None) if self.deed.end() == Some(true) => self.problems.push(Problem::NoEnd { deed: self.deed }),
            _ => {}
        }
        until.or(term)
    }

    fn issue(&mut self) -> Option<Wanted> {
        let customer = self.needed(Column::Customer, |text| Some(text.to_owned()));
        let product = self.needed(Column::Product, |text| Some(text.to_owned()));
        let units = self.needed(Column::Units, |text| text.parse().ok());
        let from: Option<Day> = self.needed(Column::From, |text| text.parse().ok());
        let length = self.length();
        let kind = self.read(Column::Kind, |text| Kind::ALL.into_iter().find(|kind| kind.name() == text));
        let grace = self.read(Column::Grace, digits);
        let features = self.read(Column::Features, |text| {
            let value = u16::from_str_radix(text, 16).ok();
            value.filter(|_| text.len() == 4 && !text.starts_with('+')).map(Features)
        });
        let holder = self.read(Column::Holder, |text| Holder::new(text).ok());
        let test = self.answer(Column::Test);
        let period = self.period(from?, length?);
        Some(Wanted::Issue(Box::new(NewLicense {
            customer: customer?,
            product: product?,
            units: units?,
            period: period?,
            kind,
            test,
            grace,
            features,
            holder,
        })))
    }

    fn period(&mut self, from: Day, length: Length) -> Option<MaintenancePeriod> {
        match length {
            Length::Until(until) => {
                let period = MaintenancePeriod::new(from, until);
                if period.is_none() {
                    self.problems.push(Problem::Reversed { from, until });
                }
                period
            }
            Length::Term(term) => {
                let period = term.last_day(from).and_then(|last| MaintenancePeriod::new(from, last));
                if period.is_none() {
                    self.problems.push(Refused::NoSuchPeriod { after: from }.into());
                }
                period
            }
        }
    }

    fn change(&mut self) -> Option<Wanted> {
        let license = self.needed(Column::License, |text| text.parse().ok());
        let units = match self.deed {
            Deed::Downsize | Deed::AddUnits => self.needed(Column::Units, |text| text.parse().ok()),
            _ => self.read(Column::Units, |text| text.parse().ok()),
        };
        let length = if self.deed.end().is_some() { self.length() } else { None };
        let reach = if self.answer(Column::ThisPeriodOnly) { Reach::RunningPeriod } else { Reach::License };
        Some(match self.deed {
            Deed::Issue => return self.issue(),
            Deed::Renew => Wanted::Other(Change::Renew { license: license?, length: length?, units }),
            Deed::Downsize => {
                let request = self.needed(Column::Request, |text| text.parse().ok());
                let change = Change::Downsize { license: license?, length: length?, units: units?, request: request? };
                Wanted::Other(change)
            }
            Deed::AddUnits => Wanted::Other(Change::AddUnits { license: license?, more: units?, reach }),
            Deed::Upgrade => {
                let product = self.needed(Column::Product, |text| Some(text.to_owned()));
                Wanted::Upgrade { license: license?, product: product?, units, renew: length, reach }
            }
            Deed::Convert => Wanted::Other(Change::Convert { license: license?, units, renew: length }),
        })
    }
}

fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Customers and products by what lines call them. A customer that is called by a number is looked for by the planner.
pub(super) struct Names<'b, 'l> {
    book: &'b Book<'l>,
    customers: RefCell<HashMap<String, CustomerNumber>>,
    products: RefCell<HashMap<String, ProductId>>,
}

impl<'b, 'l> Names<'b, 'l> {
    pub(super) fn new(book: &'b Book<'l>) -> Self {
        Self { book, customers: RefCell::default(), products: RefCell::default() }
    }

    fn customer(&self, text: &str) -> Result<CustomerNumber, DeskFault> {
        if let Some(number) = digits(text).and_then(CustomerNumber::new) {
            return Ok(number);
        }
        if let Some(&number) = self.customers.borrow().get(text) {
            return Ok(number);
        }
        let number = customer_called(self.book, text)?.number;
        self.customers.borrow_mut().insert(text.to_owned(), number);
        Ok(number)
    }

    fn product(&self, text: &str) -> Result<ProductId, DeskFault> {
        if let Some(&id) = self.products.borrow().get(text) {
            return Ok(id);
        }
        let id = product_called(self.book, text)?.id;
        self.products.borrow_mut().insert(text.to_owned(), id);
        Ok(id)
    }
}
