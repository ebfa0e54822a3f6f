//! Reading printed codes in again that the ledger has lost, so that nothing of them is used twice.

use super::issuing::trust;
use super::operators::{Permission, Session};
use super::purge::refuse_purged;
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, By, CustomerNumber, Entry, Ledger, LedgerFault, Sequence};
use activation_code::{
    Accepted, ActivationCode, License, LicenseNumber, Obstacle, ProductId, Refusal, Rejected, Revision, RowAnswer,
    TRANSPORT_PREFIX, Terms, Trust, read_row,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

/// Codes as text: printed, mailed or scanned, any number of them.
#[derive(Clone, Debug)]
pub struct PrintedText {
    /// What to call it in a message.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What was read in.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The codes that the ledger has now, by license and revision.
    pub codes: Vec<License>,
    /// How many it had already.
    pub known: u32,
    /// How many were typed with mistakes that their signature mends.
    pub repaired: u32,
}

/// A code that is not read in, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// In which text.
    pub name: String,
    /// The line where the code begins, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ImportFault,
}

/// Why a code is not read in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportFault {
    /// It cannot be read.
    NotReadable(Box<Rejected>),
    /// No key of this ledger has signed it.
    NotOurs(Refusal),
    /// Another code has its license and revision.
    Conflict {
        /// What that says.
        recorded: Box<Terms>,
        /// What this says.
        found: Box<Terms>,
    },
    /// The catalogue has no such product.
    UnknownProduct(ProductId),
    /// The ledger does not know the license, and nobody said whose it is.
    WhoseLicense(LicenseNumber),
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.name, self.line, self.fault)
    }
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReadable(rejected) => write!(f, "not readable as a code: {rejected}"),
            Self::NotOurs(refusal) => write!(f, "not a code of this desk: {refusal}"),
            Self::Conflict { recorded, found } => {
                let (license, revision) = (found.license, found.revision);
                writeln!(f, "license {license}, revision {revision} is another code in the ledger")?;
                writeln!(f, "  recorded: {}", said(recorded))?;
                write!(f, "  read:     {}", said(found))
            }
            Self::UnknownProduct(product) => write!(f, "there is no product {product}"),
            Self::WhoseLicense(license) => write!(f, "the ledger does not know license {license}, nor whose it is"),
        }
    }
}

fn said(terms: &Terms) -> String {
    let Terms { product, units, period, kind, issued, .. } = terms;
    format!("{units} units of product {product}, {}, {period}, issued {issued}", kind.name())
}

/// One sentence for each.
pub(super) fn problems(problems: &[ImportProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads printed codes into the ledger that it does not have: all of them or none. Licenses that it does not know
/// are the customer's.
///
/// # Errors
/// The operator may not; or what is wrong with each text, all at once.
pub fn import(
    ledger: &mut Ledger,
    session: &Session,
    printed: &[PrintedText],
    customer: Option<CustomerNumber>,
) -> Result<Imported, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Restore)?;
        into(book, &by, printed, customer)
    })
}

/// The codes that the ledger does not have.
#[derive(Default)]
struct New {
    /// Those of licenses, by revision.
    codes: BTreeMap<LicenseNumber, BTreeMap<Revision, License>>,
    /// Those that one host alone accepts, of revisions that the ledger has.
    bound: BTreeMap<(LicenseNumber, Revision, u32), License>,
}

pub(super) fn into(
    book: &Book<'_>,
    by: &By,
    printed: &[PrintedText],
    customer: Option<CustomerNumber>,
) -> Result<Imported, DeskFault> {
    if let Some(number) = customer {
        if book.customer(number)?.is_none() {
            return Err(Refused::UnknownCustomer(number.to_string()).into());
        }
        refuse_purged(book, number)?;
    }
    let trust = trust(&book.issuers()?)?;
    let (mut new, mut imported, mut problems) = (New::default(), Imported::default(), Vec::new());
    for PrintedText { name, text } in printed {
        for Piece { line, text } in pieces(text) {
            let fault = match read(&trust, &text) {
                Ok(Accepted { license, repairs }) => {
                    imported.repaired += u32::from(!repairs.is_empty());
                    look_up(book, customer, &license, &mut new, &mut imported)?
                }
                Err(fault) => Some(fault),
            };
            problems.extend(fault.map(|fault| ImportProblem { name: name.clone(), line, fault }));
        }
    }
    if !problems.is_empty() {
        return Err(Refused::Import(problems).into());
    }
    for (_, license) in new.bound {
        write_bound(book, by, &license)?;
        imported.codes.push(license);
    }
    for (number, codes) in new.codes {
        write(book, by, number, &codes, customer)?;
        imported.codes.extend(codes.into_values());
    }
    Ok(imported)
}

fn read(trust: &Trust, text: &str) -> Result<Accepted, ImportFault> {
    trust.read(text).map_err(|rejected| match rejected.obstacle {
        Obstacle::Refused(refusal) => ImportFault::NotOurs(refusal),
        Obstacle::Read(_) => ImportFault::NotReadable(Box::new(rejected)),
    })
}

/// Whether a code is known already; if not, and nothing is wrong with it, it is one of the new ones.
fn look_up(
    book: &Book<'_>,
    customer: Option<CustomerNumber>,
    license: &License,
    new: &mut New,
    imported: &mut Imported,
) -> Result<Option<ImportFault>, DeskFault> {
    let terms = license.terms();
    let conflict = |recorded: &Terms| {
        let (recorded, found) = (Box::new(recorded.clone()), Box::new(terms.clone()));
        Some(ImportFault::Conflict { recorded, found })
    };
    if let Some(recorded) = book.code(terms.license, terms.revision)? {
        // Signatures are deterministic: the same terms have the same.
        if recorded.entry.terms == *terms && recorded.signature == *license.code().signature() {
            imported.known += 1;
            return Ok(None);
        }
        return match terms.host.filter(|_| is_bound_copy(&recorded.entry.terms, terms)) {
            Some(host) => {
                let bound = book
                    .bound_codes_of(terms.license)?
                    .into_iter()
                    .find(|code| code.entry.terms.revision == terms.revision && code.entry.terms.host == Some(host));
                match bound {
                    Some(bound) if bound.signature == *license.code().signature() => {
                        imported.known += 1;
                        Ok(None)
                    }
                    Some(bound) => Ok(conflict(&bound.entry.terms)),
                    None => {
                        new.bound.insert((terms.license, terms.revision, host.0), license.clone());
                        Ok(None)
                    }
                }
            }
            None => Ok(conflict(&recorded.entry.terms)),
        };
    }
    if book.product(terms.product)?.is_none() {
        return Ok(Some(ImportFault::UnknownProduct(terms.product)));
    }
    if customer.is_none() && book.license(terms.license)?.is_none() {
        return Ok(Some(ImportFault::WhoseLicense(terms.license)));
    }
    let codes = new.codes.entry(terms.license).or_default();
    match codes.get(&terms.revision) {
        Some(other) if other.code() != license.code() => Ok(conflict(other.terms())),
        Some(_) => Ok(None),
        None => {
            codes.insert(terms.revision, license.clone());
            Ok(None)
        }
    }
}

/// Whether a code says what another one says, for one more host: when and by which key it was made is its own.
fn is_bound_copy(own: &Terms, bound: &Terms) -> bool {
    let last = own.period.last() == bound.period.last();
    let (host, issued, issuer, period) = (bound.host, bound.issued, bound.issuer, bound.period);
    last && own.host != bound.host && Terms { host, issued, issuer, period, ..own.clone() } == *bound
}

/// Writes a code that one host alone accepts, of a revision that is there.
fn write_bound(book: &Book<'_>, by: &By, license: &License) -> Result<(), DeskFault> {
    let Terms { license: number, revision, product, units, period, host, .. } = license.terms();
    let damaged = || LedgerFault::Record { what: "a license" };
    let (record, host) = book.license(*number)?.zip(*host).ok_or_else(damaged)?;
    book.put_license(*number, record.customer, record.good_from)?;
    book.insert_bound_code(host, license.terms(), license.code())?;
    let facts = json!({
        "customer": record.customer.get(),
        "host": host.0,
        "revisions": [{
            "revision": revision.get(),
            "product": product.get(),
            "units": units.get(),
            "first": period.first().to_string(),
            "last": period.last().to_string(),
        }],
    });
    book.record_after(by, Action::Imported, Some(*number), Some(record.event), facts.to_string())?;
    Ok(())
}

/// Writes the codes of one license, and counts them as given away.
fn write(
    book: &Book<'_>,
    by: &By,
    number: LicenseNumber,
    codes: &BTreeMap<Revision, License>,
    customer: Option<CustomerNumber>,
) -> Result<Sequence, DeskFault> {
    let before = book.license(number)?;
    let customer = before.map(|record| record.customer).or(customer);
    let customer = customer.ok_or(LedgerFault::Record { what: "a license" })?;
    book.put_license(number, customer, before.and_then(|record| record.good_from))?;
    let mut revisions = String::new();
    for license in codes.values() {
        let terms = license.terms();
        // The code may begin later than the true period, which nobody knows any more (rule D2).
        let entry = Entry { customer, reference: None, period: terms.period, terms: terms.clone() };
        book.insert_code(&entry, license.code())?;
        let Terms { revision, product, units, period, .. } = terms;
        let comma = if revisions.is_empty() { "" } else { "," };
        // Numbers and days only, which need no escapes; writing to a String does not fail.
        let _ = write!(
            revisions,
            r#"{comma}{{"revision":{revision},"product":{product},"units":{units},"first":"{}","last":"{}"}}"#,
            period.first(),
            period.last()
        );
    }
    let newest = book.newest_code(number)?.map_or(0, |code| code.entry.terms.revision.get());
    let next = before.map_or(0, |record| record.next_revision).max(newest + 1);
    book.set_next_revision(number, next)?;
    book.set_next_license_number(book.desk()?.next_license.max(number.get() + 1))?;
    let facts = format!(r#"{{"customer":{customer},"revisions":[{revisions}]}}"#);
    Ok(book.record_after(by, Action::Imported, Some(number), before.map(|record| record.event), facts)?)
}

/// A part of a text that is one code, or should be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    /// Where it begins, from 1.
    line: usize,
    text: String,
}

/// What a line is, as far as it says where a code begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// A right row: which, and whether the code ends with it.
    Row {
        number: u8,
        last: bool,
    },
    /// `Row 1)` and no right row.
    FirstLabel,
    /// `A1:` and what follows.
    Transport,
    Blank,
    Other,
}

impl Line {
    fn of(text: &str) -> Self {
        let bare = text.trim_start_matches(|c: char| c == '>' || c.is_whitespace());
        if bare.is_empty() {
            return Self::Blank;
        }
        if bare.starts_with('#') {
            return Self::Other;
        }
        if bare.get(..TRANSPORT_PREFIX.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(TRANSPORT_PREFIX)) {
            return Self::Transport;
        }
        let unlabelled = match bare.get(..3) {
            Some(row) if row.eq_ignore_ascii_case("row") => bare[3..].trim_start(),
            _ => bare,
        };
        let label = unlabelled.split_once([')', '.', ':']).and_then(|(number, _)| number.parse::<u8>().ok());
        match read_row(bare, None) {
            // Of a short word one in thousands is a right last row; a row that is none must be a long one.
            RowAnswer::Right { row, last, letters } if label.is_some() || letters.len() >= FULL_ROW => {
                Self::Row { number: row, last }
            }
            _ if label == Some(1) => Self::FirstLabel,
            _ => Self::Other,
        }
    }

    fn begins(self) -> bool {
        matches!(self, Self::Row { number: 1, .. } | Self::FirstLabel | Self::Transport)
    }
}

/// A full row in letters: five groups of five, and dashes.
const FULL_ROW: usize = 29;

/// The codes of a text, one piece each. Each begins with a first row or with `A1:`, and ends with the row that is
/// its last, or else where the next one begins. Rows that are none of these are pieces too, so that a code whose
/// first row cannot be read is not passed over. A text that has neither is one piece: it may be wrapped somehow.
fn pieces(text: &str) -> Vec<Piece> {
    let lines: Vec<(&str, Line)> = text.lines().map(|text| (text, Line::of(text))).collect();
    // Remarks may stand above the code.
    let first = lines.iter().position(|(_, line)| line.begins()).unwrap_or(0);
    let whole = || vec![Piece { line: first + 1, text: text.to_owned() }];
    // Rows in any order, and whatever else a host reads; but no rows beside them, which it may take for remarks.
    if lines.iter().filter(|(_, line)| line.begins()).count() < 2
        && let Ok(code) = ActivationCode::read(text)
    {
        let rows = lines.iter().filter(|(_, line)| matches!(line, Line::Row { .. })).count();
        if rows <= code.letters().len().max(code.digits().len()) {
            return whole();
        }
    }
    let is_row = |line: Line| line.begins() || matches!(line, Line::Row { .. });
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some((_, line)) = lines.get(at) {
        if !is_row(*line) {
            at += 1;
            continue;
        }
        // What stands directly above a stray row can be the rows before it.
        let above = lines[..at].iter().rev().take_while(|(_, line)| *line == Line::Other).count();
        let begin = if line.begins() { at } else { at - above };
        let end = end_of(&lines, at);
        let text = lines[begin..end].iter().map(|(text, _)| format!("{text}\n")).collect();
        pieces.push(Piece { line: begin + 1, text });
        at = end;
    }
    if pieces.is_empty() { whole() } else { pieces }
}

/// The line behind the code that begins at a line.
fn end_of(lines: &[(&str, Line)], begin: usize) -> usize {
    let rest = || lines.iter().enumerate().skip(begin + 1);
    let next = rest().find(|(_, (_, line))| line.begins()).map_or(lines.len(), |(at, _)| at);
    if lines.get(begin).is_some_and(|(text, line)| *line == Line::Transport && ActivationCode::read(text).is_ok()) {
        return begin + 1;
    }
    // All rows in their order, and the last one is the code's: what follows is something else.
    let mut wanted = 1;
    for (at, (_, line)) in lines.iter().enumerate().take(next).skip(begin) {
        match *line {
            Line::Row { number, last } if number == wanted => {
                if last {
                    return at + 1;
                }
                wanted += 1;
            }
            Line::Row { .. } => break,
            _ => {}
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::example::terms;
    use activation_code::HostId;

    /// The rows of a code; nobody has signed it. Its last row is short.
    fn rows(license: u32) -> Vec<String> {
        let (license, host) = (LicenseNumber::new(license).unwrap(), Some(HostId(license)));
        let terms = Terms { license, host, ..terms() };
        let code = ActivationCode::from_parts(&terms.to_payload().unwrap(), &[license.get() as u8; 64]).unwrap();
        let rows = code.letters();
        assert!(rows.len() > 3 && rows.iter().rev().skip(1).all(|row| row.len() == FULL_ROW));
        assert!(rows.last().is_some_and(|row| row.len() < FULL_ROW));
        rows
    }

    fn places(lines: &[String]) -> Vec<(usize, usize)> {
        let pieces = pieces(&lines.join("\n"));
        pieces.iter().map(|piece| (piece.line, piece.text.lines().count())).collect()
    }

    #[test]
    fn a_line_says_whether_a_code_begins_there() {
        let rows = rows(1);
        let last = rows.len() as u8;
        let short = rows.last().unwrap();
        for (text, wanted) in [
            (String::new(), Line::Blank),
            (" > > ".to_owned(), Line::Blank),
            ("# Row 1) a remark".to_owned(), Line::Other),
            ("A1:20040".to_owned(), Line::Transport),
            ("> a1:20040".to_owned(), Line::Transport),
            (rows[0].clone(), Line::Row { number: 1, last: false }),
            (format!("> Row 2) {}", rows[1]), Line::Row { number: 2, last: false }),
            (format!("3. {}", rows[2].to_lowercase()), Line::Row { number: 3, last: false }),
            (format!("Row {last}) {short}"), Line::Row { number: last, last: true }),
            // A short row without a label may be any word.
            (short.clone(), Line::Other),
            ("Row 1) nothing".to_owned(), Line::FirstLabel),
            ("ROW 1: nothing".to_owned(), Line::FirstLabel),
            ("1. nothing".to_owned(), Line::FirstLabel),
            ("Row 2) nothing".to_owned(), Line::Other),
            ("Box 1) nothing".to_owned(), Line::Other),
            ("Dear customer,".to_owned(), Line::Other),
        ] {
            assert_eq!(Line::of(&text), wanted, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_where_codes_begin_and_end() {
        let (first, second) = (rows(1), rows(2));
        let count = first.len();
        let text = |parts: &[&[String]]| parts.concat();
        let line = |text: &str| [text.to_owned()];
        let labelled: Vec<_> = first.iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}")).collect();
        let prose = [line("Dear customer,"), line(""), line("here it is:")].concat();
        // One code, wherever it stands in a letter, is the whole letter: a host reads it too.
        assert_eq!(places(&first), [(1, count)]);
        assert_eq!(places(&text(&[&prose, &labelled])), [(4, count + 3)]);
        // Of two, each ends with its last row, or where the other begins.
        assert_eq!(places(&text(&[&first, &second])), [(1, count), (count + 1, count)]);
        assert_eq!(places(&text(&[&prose, &labelled, &prose, &second])), [(4, count), (count + 7, count)]);
        assert_eq!(places(&text(&[&first, &line("-- "), &second])), [(1, count + 1), (count + 2, count)]);
        // A row too few, and rows in another order, are found out when they are read.
        assert_eq!(places(&text(&[&first[..2], &second])), [(1, 2), (3, count)]);
        let turned = [&labelled[..1], &labelled[2..3], &labelled[1..2], &labelled[3..]].concat();
        assert_eq!(places(&text(&[&turned, &prose, &second])), [(1, count + 3), (count + 4, count)]);
        // Where the first row cannot be read, it stands above those that can.
        let broken = [&line("nonsense")[..], &second[1..]].concat();
        // Without labels nobody sees where a code with a short last row ends: both are refused as one, and nothing is lost.
        assert_eq!(places(&text(&[&first, &line(""), &broken])), [(1, 2 * count + 1)]);
        assert_eq!(places(&text(&[&labelled, &line(""), &broken])), [(1, count), (count + 2, count)]);
        // A scanner's line is a code by itself; one that was cut off goes on below.
        let scanned =
            |rows: &[String]| ActivationCode::read(&rows.join("\n")).map(|code| vec![code.transport()]).unwrap();
        let (one, other) = (scanned(&first), scanned(&second));
        assert_eq!(places(&text(&[&one, &prose, &other])), [(1, 1), (5, 1)]);
        let cut = [one[0][..40].to_owned(), one[0][40..].to_owned()];
        assert_eq!(places(&text(&[&cut, &other])), [(1, 2), (3, 1)]);
        // What is none at all is one piece.
        assert_eq!(places(&prose), [(1, 3)]);
    }
}
