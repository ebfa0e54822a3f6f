//! Finding a license by whatever a customer has of it (rule D6).

use super::customers::customers_like;
use super::issuing::trust;
use super::{DeskFault, Refused};
use crate::ledger::{Book, Customer, Email, Filter, Ledger, LedgerFault, Listed, OrderReference, Signed, row_key};
use activation_code::{
    Accepted, ActivationCode, HostId, LicenseNumber, PossibleRow, PossibleRows, Repair, Revision, TypingFaults,
    UnverifiedFirstRow, possible_rows,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most licenses that are found at once: more than a person chooses from.
pub const MOST_FOUND: usize = 50;

/// One more than can be shown, to know of it.
const MOST_OWNERS: u32 = MOST_FOUND as u32 + 1;

/// Most codes that a typed text is compared with, at 10 µs each. Of a row with more than one group one code in a
/// thousand million fits by chance; the last row of one group fits one in a thousand, and a row made of a
/// holder's name all codes with that name.
const MOST_COMPARED: u32 = 600;

/// Most rows that are looked for: those of the longest code.
const MOST_ROWS: usize = 15;

/// Symbols of a last row of one group: two of them are the code's, and say next to nothing.
const ONE_GROUP: usize = 5;

/// What is known of a license that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clue {
    /// Its number.
    License(LicenseNumber),
    /// Its owner: number, name or part of the name.
    Customer(String),
    /// Its owner's address.
    Email(Email),
    /// An order that made one of its codes.
    Order(OrderReference),
    /// One of its codes, or rows of one, as somebody typed them.
    Rows(Vec<String>),
}

/// The licenses that a clue fits, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// At most [`MOST_FOUND`].
    pub licenses: Vec<Found>,
    /// Customers that the clue fits and that own no license.
    pub customers: Vec<Customer>,
    /// Whether there are more than these, or more than were looked through.
    pub more: bool,
}

/// A license that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub listed: Listed,
    /// How.
    pub by: FoundBy,
}

/// What of a license fits a clue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// Its number.
    License,
    /// Its owner.
    Customer,
    /// Its owner's address.
    Email,
    /// The order that made this revision.
    Order {
        /// The first that it made.
        revision: Revision,
    },
    /// The whole code of this revision.
    Code {
        /// Which.
        revision: Revision,
        /// The host that alone accepts it, if it is not the license's own.
        host: Option<HostId>,
        /// What was mistyped.
        repairs: Vec<Repair>,
    },
    /// Rows of the code of this revision.
    Rows {
        /// Which.
        revision: Revision,
        /// The host that alone accepts it, if it is not the license's own.
        host: Option<HostId>,
        /// Their numbers.
        rows: Vec<u8>,
        /// What was mistyped.
        repairs: Vec<Repair>,
    },
}

impl FoundBy {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::License => "license",
            Self::Customer => "customer",
            Self::Email => "email",
            Self::Order { .. } => "order",
            Self::Code { .. } => "code",
            Self::Rows { .. } => "row",
        }
    }

    /// The revision that was found.
    pub const fn revision(&self) -> Option<Revision> {
        match self {
            Self::License | Self::Customer | Self::Email => None,
            Self::Order { revision } | Self::Code { revision, .. } | Self::Rows { revision, .. } => Some(*revision),
        }
    }

    /// The host that alone accepts the code that was found, if it is not the license's own.
    pub const fn host(&self) -> Option<HostId> {
        match self {
            Self::Code { host, .. } | Self::Rows { host, .. } => *host,
            _ => None,
        }
    }

    /// What was mistyped.
    pub fn repairs(&self) -> &[Repair] {
        match self {
            Self::Code { repairs, .. } | Self::Rows { repairs, .. } => repairs,
            _ => &[],
        }
    }
}

/// The licenses that a clue fits, at least one.
///
/// # Errors
/// There is none, or what was typed cannot be a row of a code.
pub fn find(ledger: &mut Ledger, clue: &Clue) -> Result<Findings, DeskFault> {
    ledger.read(|book| {
        let mut search = Search::new(book);
        match clue {
            Clue::License(number) => {
                let listed = book.listed(*number)?.ok_or(Refused::UnknownLicense(*number))?;
                search.add(listed, FoundBy::License);
            }
            Clue::Customer(text) => {
                let customers = customers_like(book, text, MOST_OWNERS)?;
                search.owned(customers, &FoundBy::Customer, || Refused::UnknownCustomer(text.clone()))?;
            }
            Clue::Email(email) => {
                let customers = book.customers_at(email, MOST_OWNERS)?;
                search.owned(customers, &FoundBy::Email, || Refused::UnknownEmail(email.clone()))?;
            }
            Clue::Order(reference) => {
                if !search.ordered(reference)? {
                    return Err(Refused::UnknownOrder(reference.clone()).into());
                }
            }
            Clue::Rows(texts) => search.typed(texts)?,
        }
        Ok(search.findings())
    })
}

/// Everything that a text may mean: a license's or customer's number, a part of a customer's name, an address, an
/// order's reference, a code or a row of one.
///
/// # Errors
/// The desk has signed this code, and its ledger does not have it. What fits nothing is no error.
pub fn search(ledger: &mut Ledger, text: &str) -> Result<Findings, DeskFault> {
    ledger.read(|book| {
        let mut search = Search::new(book);
        let trimmed = text.trim();
        if let Ok(number) = trimmed.parse()
            && let Some(listed) = book.listed(number)?
        {
            search.add(listed, FoundBy::License);
        }
        if let Ok(reference) = trimmed.parse() {
            search.ordered(&reference)?;
        }
        if let Ok(email) = trimmed.parse() {
            search.owned_by(book.customers_at(&email, MOST_OWNERS)?, &FoundBy::Email)?;
        }
        search.owned_by(customers_like(book, trimmed, MOST_OWNERS)?, &FoundBy::Customer)?;
        // Many a name is within two mistakes of a row.
        let nothing_else = search.found.is_empty() && search.customers.is_empty();
        search.guesses = if nothing_else { Guesses::Likely } else { Guesses::None };
        match search.typed(&[text.to_owned()]) {
            // What is no row, or nobody's, is something else.
            Ok(()) | Err(DeskFault::Refused(Refused::NoRow(_) | Refused::NobodysRow { .. })) => Ok(search.findings()),
            Err(fault) => Err(fault),
        }
    })
}

/// How far a typed row may be from the code that it is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guesses {
    /// Not at all.
    None,
    /// As far as mistakes are mended, but for a row that would fit one code in a thousand even so.
    Likely,
    /// As far as mistakes are mended.
    All,
}

struct Search<'b, 'l> {
    book: &'b Book<'l>,
    found: BTreeMap<LicenseNumber, Found>,
    customers: Vec<Customer>,
    guesses: Guesses,
    more: bool,
}

/// What tells codes apart: license, revision, and the host, if it is not the license's own code.
type Place = (LicenseNumber, Revision, Option<u32>);

/// A code that has a row that was typed.
struct Hit {
    code: Place,
    row: u8,
    events: usize,
    repairs: Vec<Repair>,
}

/// What one typed row was found in.
#[derive(Default)]
struct Hits {
    hits: Vec<Hit>,
    /// Whether there are codes with a row like this that it was not compared with.
    cut: bool,
}

impl<'b, 'l> Search<'b, 'l> {
    fn new(book: &'b Book<'l>) -> Self {
        Self { book, found: BTreeMap::new(), customers: Vec::new(), guesses: Guesses::All, more: false }
    }

    fn add(&mut self, listed: Listed, by: FoundBy) {
        if self.found.contains_key(&listed.license.number) {
            return;
        }
        if self.found.len() < MOST_FOUND {
            self.found.insert(listed.license.number, Found { listed, by });
        } else {
            self.more = true;
        }
    }

    fn findings(self) -> Findings {
        Findings { licenses: self.found.into_values().collect(), customers: self.customers, more: self.more }
    }

    /// What customers own; at least one has to be known, and to own something.
    fn owned(
        &mut self,
        customers: Vec<Customer>,
        by: &FoundBy,
        unknown: impl FnOnce() -> Refused,
    ) -> Result<(), DeskFault> {
        let first = customers.first().map(|customer| customer.number).ok_or_else(unknown)?;
        self.owned_by(customers, by)?;
        if self.found.is_empty() { Err(Refused::OwnsNothing(first).into()) } else { Ok(()) }
    }

    fn owned_by(&mut self, customers: Vec<Customer>, by: &FoundBy) -> Result<(), LedgerFault> {
        self.more |= customers.len() > MOST_FOUND;
        for customer in customers.into_iter().take(MOST_FOUND) {
            // Twice the room, because some may have been found before.
            let filter = Filter { customer: Some(customer.number), ..Filter::default() };
            let owned = self.book.listed_from(&filter, 0, 2 * MOST_FOUND as u32 + 1)?;
            if owned.is_empty() && !self.customers.contains(&customer) {
                self.customers.push(customer);
            }
            owned.into_iter().for_each(|listed| self.add(listed, by.clone()));
            if self.found.len() >= MOST_FOUND && self.more {
                break;
            }
        }
        Ok(())
    }

    fn ordered(&mut self, reference: &OrderReference) -> Result<bool, LedgerFault> {
        let codes = self.book.codes_for(reference)?;
        let Some(terms) = codes.first().map(|code| &code.entry.terms) else { return Ok(false) };
        let listed = self.listed(terms.license)?;
        self.add(listed, FoundBy::Order { revision: terms.revision });
        Ok(true)
    }

    fn listed(&self, license: LicenseNumber) -> Result<Listed, LedgerFault> {
        self.book.listed(license)?.ok_or(LedgerFault::Record { what: "a license" })
    }

    /// A code, or rows of one.
    fn typed(&mut self, texts: &[String]) -> Result<(), DeskFault> {
        let mut wrong: Option<TypingFaults> = None;
        let mut rows = Vec::new();
        for text in texts {
            match possible_rows(text) {
                Ok(possible) => rows.push(possible),
                Err(faults) => {
                    if texts.len() == 1 && self.whole(text)? {
                        return Ok(());
                    }
                    let lines = text.lines().filter_map(|line| possible_rows(line).ok());
                    let before = rows.len();
                    rows.extend(lines.take(MOST_ROWS));
                    if rows.len() == before {
                        wrong = wrong.or(Some(faults));
                    }
                }
            }
        }
        match wrong {
            Some(faults) if rows.is_empty() => Err(Refused::NoRow(faults).into()),
            _ => self.rows(&rows),
        }
    }

    /// A whole code; `false` if it is none.
    fn whole(&mut self, text: &str) -> Result<bool, DeskFault> {
        let trust = trust(&self.book.issuers()?)?;
        let read = match self.guesses {
            Guesses::None => trust.read_strictly(text),
            Guesses::Likely | Guesses::All => trust.read(text),
        };
        let Ok(Accepted { license, repairs }) = read else { return Ok(false) };
        let (number, revision) = (license.terms().license, license.terms().revision);
        let same = |code: &Signed| code.signature == *license.code().signature();
        let own = self.book.code(number, revision)?.filter(same);
        let host = match own {
            Some(_) => None,
            None => {
                let bound = self.book.bound_codes_of(number)?.into_iter().find(same);
                let bound = bound.ok_or(Refused::NotInLedger { license: number, revision })?;
                bound.entry.terms.host
            }
        };
        let listed = self.listed(number)?;
        self.add(listed, FoundBy::Code { revision, host, repairs });
        Ok(true)
    }

    /// The codes that have most of these rows, with the fewest mistakes.
    fn rows(&mut self, typed: &[PossibleRows]) -> Result<(), DeskFault> {
        let typed = typed.get(..MOST_ROWS).unwrap_or(typed);
        let budget = MOST_COMPARED / typed.len().max(1) as u32;
        let searched = typed.iter().map(|row| self.search_for(row, budget)).collect::<Result<Vec<_>, _>>()?;
        // What was compared with every code there is tells more than a row that fits too many.
        let (cut, mut compared): (Vec<_>, Vec<_>) = searched.into_iter().partition(|hits| hits.cut);
        if compared.iter().all(|hits| hits.hits.is_empty()) {
            self.more |= !cut.is_empty();
            compared = cut;
        }
        let mut codes: BTreeMap<_, Vec<Hit>> = BTreeMap::new();
        for hit in compared.into_iter().flat_map(|hits| hits.hits) {
            codes.entry(hit.code).or_default().push(hit);
        }
        let merit = |hits: &Vec<Hit>| (hits.len(), Reverse(hits.iter().map(|hit| hit.events).sum::<usize>()));
        let Some(best) = codes.values().map(merit).max() else {
            let wrong = typed.iter().find_map(PossibleRows::faults).cloned();
            return Err(Refused::NobodysRow { wrong }.into());
        };
        // Of a license with several such codes the newest, which comes last.
        codes.retain(|_, hits| merit(hits) == best);
        let places: Vec<Place> = codes.keys().copied().collect();
        for ((license, revision, host), mut hits) in codes.into_iter().rev() {
            // A row that codes for several hosts have says nothing of the host.
            let several = places.iter().filter(|place| (place.0, place.1) == (license, revision)).count() > 1;
            let host = host.filter(|_| !several).map(HostId);
            hits.sort_by_key(|hit| hit.row);
            let rows = hits.iter().map(|hit| hit.row).collect();
            let repairs = hits.into_iter().flat_map(|hit| hit.repairs).collect();
            let listed = self.listed(license)?;
            self.add(listed, FoundBy::Rows { revision, host, rows, repairs });
        }
        Ok(())
    }

    /// The codes that have a row that was typed, those with the fewest mistakes.
    fn search_for(&self, typed: &PossibleRows, budget: u32) -> Result<Hits, DeskFault> {
        let mut found = Hits::default();
        let mut left = budget;
        for possible in typed.iter().filter(|possible| self.guesses.allow(possible)) {
            if found.hits.first().is_some_and(|hit| hit.events < possible.events) {
                break;
            }
            let mut codes = self.codes_with(&possible, left + 1)?;
            if codes.len() > left as usize {
                found.cut = true;
                codes.truncate(left as usize);
            }
            left -= codes.len() as u32;
            for code in codes {
                if self.has(code, &possible)? {
                    let PossibleRow { row, events, .. } = possible;
                    found.hits.push(Hit { code, row, events, repairs: possible.repairs() });
                }
            }
            // Right as it stands: what else it may be is not even made up.
            if possible.events == 0 && !found.hits.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// The codes that may have a row.
    fn codes_with(&self, row: &PossibleRow<'_>, most: u32) -> Result<Vec<Place>, LedgerFault> {
        if row.row == 1 {
            let Some(UnverifiedFirstRow { license, revision, .. }) = UnverifiedFirstRow::read(&row.letters) else {
                return Ok(Vec::new());
            };
            let bound = self.book.bound_codes_of(license)?.into_iter().map(|code| code.entry.terms);
            let bound = bound.filter(|terms| terms.revision == revision).filter_map(|terms| terms.host);
            let bound = bound.map(|host| (license, revision, Some(host.0)));
            return Ok(std::iter::once((license, revision, None)).chain(bound).collect());
        }
        let key = row_key(&row.letters);
        let own = self.book.codes_with_row(key, most)?.into_iter();
        let bound = self.book.bound_codes_with_row(key, most)?.into_iter();
        let own = own.map(|(license, revision)| (license, revision, None));
        Ok(own.chain(bound.map(|(license, revision, host)| (license, revision, Some(host.0)))).collect())
    }

    /// Whether a code is there and has a row.
    fn has(&self, (license, revision, host): Place, row: &PossibleRow<'_>) -> Result<bool, LedgerFault> {
        let code = match host {
            None => self.book.code(license, revision)?,
            Some(host) => {
                let is_it = |code: &Signed| {
                    let terms = &code.entry.terms;
                    terms.revision == revision && terms.host == Some(HostId(host))
                };
                self.book.bound_codes_of(license)?.into_iter().find(is_it)
            }
        };
        let Some(Signed { entry, signature, .. }) = code else { return Ok(false) };
        let damaged = || LedgerFault::Record { what: "a code" };
        let payload = entry.terms.to_payload().map_err(|_| damaged())?;
        let code = ActivationCode::from_parts(&payload, &signature).map_err(|_| damaged())?;
        let letters = code.letters();
        Ok(usize::from(row.row).checked_sub(1).and_then(|index| letters.get(index)) == Some(&row.letters))
    }
}

impl Guesses {
    fn allow(self, row: &PossibleRow<'_>) -> bool {
        match self {
            Self::None => row.events == 0,
            Self::Likely => row.events == 0 || row.letters.len() > ONE_GROUP,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_as_far_from_what_was_typed_as_is_likely() {
        let rows = possible_rows("6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM").unwrap();
        let row = rows.iter().next().unwrap();
        for (events, letters, allowed) in [
            (0, 5, [true, true, true]),
            (1, 5, [false, false, true]),
            (0, 6, [true, true, true]),
            (1, 6, [false, true, true]),
        ] {
            let mut row = row.clone();
            (row.events, row.letters) = (events, "A".repeat(letters));
            let found = [Guesses::None, Guesses::Likely, Guesses::All].map(|guesses| guesses.allow(&row));
            assert_eq!(found, allowed, "{events} events, {letters} letters");
        }
    }
}
