//! The trust bundle: a signed text that says whom an installation trusts, and for what.
//!
//! Each line is a keyword and what belongs to it, in this order; what may be left out is in brackets, what may
//! come again has a star. There is one spelling of each bundle: no other spaces, numbers without leading zeros,
//! entries ascending and none twice.
//!
//! | line | |
//! | --- | --- |
//! | `countersign/trust-bundle/1` | what it is |
//! | `vendor NAME` | whose |
//! | `number N` | from 1, rises with each bundle |
//! | `issued DAY` | |
//! | [`test`] | only installations for testing load it |
//! | `contact TEXT` * | whom to ask, a line each |
//! | `threshold M` | how many roots sign |
//! | `root KEY` * | in 64 hex digits |
//! | `issuer N KEY LIMITS` * | who may issue codes, and what; `void` first: all codes of a stolen key but the listed |
//! | `listed N DIGEST` * | a good code of a void issuer: 16 bytes of SHA-256 of the code, in hex |
//! | `revoked LICENSE REVISION` * | the lowest revision that is still good; `all`: none is |
//! | `product ID MNEMONIC UNIT KIND [rank=N] [members=ID,ID] [end-of-life=DAY] [use-ends] [family=NAME] name=NAME` * | |
//!
//! LIMITS, each left out where there is none: `products=1,2` `kinds=full,evaluation` `units=N` `grace=N`
//! `features=HEX4` `licenses=FIRST-LAST` `days=N` (last day at most so many after the day of issue) `until=DAY`
//! (the latest last day) `from=DAY` `to=DAY` (first and last day of issue; `to` retires a key in good order).

use crate::day::Day;
use crate::note::{Note, NoteFault, line_feeds, notes};
use crate::terms::{Features, IssuerNumber, Kind, LicenseNumber, Members, ProductId, Revision, Terms, Units};
use crate::trust::PublicKey;
use alloc::{string::String, vec::Vec};
use core::fmt::{self, Write as _};
use core::str::FromStr;
use sha2::{Digest, Sha256};

/// The first line: no other signed text begins with it.
pub const BUNDLE_CONTEXT: &str = "countersign/trust-bundle/1";
/// Longest file: half a million revocations.
pub const MAX_BUNDLE: usize = 8 * 1024 * 1024;
/// Most notes in one file: a host that slept through so many changes of the roots starts from new ones.
const MOST_NOTES: usize = 64;
/// Most roots; more cannot meet.
const MOST_ROOTS: usize = 16;
/// Longest name, in bytes.
const LONGEST_TEXT: usize = 1000;

/// The roots in force, and how many of them sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    threshold: u8,
    keys: Vec<PublicKey>,
}

impl Roots {
    /// In any order; `None` unless there are 1 to 16 keys, none twice, and a threshold from 1 to their number.
    pub fn new(threshold: u8, keys: impl IntoIterator<Item = PublicKey>) -> Option<Self> {
        let mut keys: Vec<_> = keys.into_iter().take(MOST_ROOTS + 1).collect();
        keys.sort_unstable_by_key(|key| *key.as_bytes());
        let distinct = keys.is_sorted_by(|a, b| a != b);
        let enough = (1..=keys.len()).contains(&usize::from(threshold)) && keys.len() <= MOST_ROOTS;
        (distinct && enough).then_some(Self { threshold, keys })
    }

    /// How many sign.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Who may sign, ascending.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// What people compare: SHA-256 of the threshold, a line feed and the sorted keys in hex, its first 20 hex
    /// digits in groups of five.
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}", self.threshold);
        self.keys.iter().for_each(|key| {
            let _ = write!(text, "{key}");
        });
        digest.update(&text);
        let mut printed = String::new();
        for (i, digit) in digest.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).take(20).enumerate() {
            if i > 0 && i % 5 == 0 {
                printed.push('-');
            }
            let _ = write!(printed, "{digit:x}");
        }
        printed
    }

    fn have_signed(&self, note: &Note<'_>) -> Result<bool, NoteFault> {
        Ok(note.signers(&self.keys)?.len() >= usize::from(self.threshold))
    }
}

/// What an issuer may issue; what is `None` or empty is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerLimits {
    /// Only these products, and suites of nothing but these; ascending.
    pub products: Vec<ProductId>,
    /// Only codes of these kinds, in the order of [`Kind::ALL`].
    pub kinds: Vec<Kind>,
    /// Most units of a code.
    pub units: Option<Units>,
    /// Most days of grace in force.
    pub grace: Option<u8>,
    /// Only these features.
    pub features: Option<Features>,
    /// Only these license numbers, first and last.
    pub licenses: Option<(LicenseNumber, LicenseNumber)>,
    /// The last day at most so many days after the day of issue.
    pub days: Option<u32>,
    /// No last day after this one.
    pub until: Option<Day>,
    /// Issued on this day or later.
    pub from: Option<Day>,
    /// Issued on this day or earlier.
    pub to: Option<Day>,
}

/// Which limit a code is above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// A product, or a member of the suite.
    Product(ProductId),
    /// The kind.
    Kind,
    /// The units.
    Units,
    /// The grace.
    Grace,
    /// The features.
    Features,
    /// The license number.
    License,
    /// The time from the day of issue to the last day.
    Days,
    /// The last day.
    Until,
    /// Issued before the first day of issue.
    From,
    /// Issued after the last day of issue.
    To,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(product) => write!(f, "product {product}"),
            Self::Kind => f.write_str("codes of this kind"),
            Self::Units => f.write_str("so many units"),
            Self::Grace => f.write_str("so many days of grace"),
            Self::Features => f.write_str("these features"),
            Self::License => f.write_str("this license number"),
            Self::Days => f.write_str("so long a time from the day of issue"),
            Self::Until => f.write_str("so late a last day"),
            Self::From => f.write_str("so early a day of issue"),
            Self::To => f.write_str("so late a day of issue"),
        }
    }
}

impl IssuerLimits {
    /// The first limit that terms are above. `members`: those of the suite where the code names none.
    pub fn exceeded(&self, terms: &Terms, members: &[ProductId]) -> Option<Limit> {
        let named = terms.members.as_ref().map_or(members, |members| members.products());
        let foreign = |product: &&ProductId| !self.products.is_empty() && !self.products.contains(product);
        if let Some(product) = core::iter::once(&terms.product).chain(named).find(foreign) {
            return Some(Limit::Product(*product));
        }
        let lasts = u32::try_from(terms.period.last().days_after(terms.issued)).unwrap_or(0);
        let features = terms.features.map_or(0, |features| features.0);
        let above = [
            (!self.kinds.is_empty() && !self.kinds.contains(&terms.kind), Limit::Kind),
            (self.units.is_some_and(|most| terms.units > most), Limit::Units),
            (self.grace.is_some_and(|most| terms.grace_days() > most), Limit::Grace),
            (self.features.is_some_and(|all| features & !all.0 != 0), Limit::Features),
            (self.licenses.is_some_and(|(first, last)| !(first..=last).contains(&terms.license)), Limit::License),
            (self.days.is_some_and(|most| lasts > most), Limit::Days),
            (self.until.is_some_and(|day| terms.period.last() > day), Limit::Until),
            (self.from.is_some_and(|day| terms.issued < day), Limit::From),
            (self.to.is_some_and(|day| terms.issued > day), Limit::To),
        ];
        above.into_iter().find_map(|(above, limit)| above.then_some(limit))
    }
}

/// Who may issue codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleIssuer {
    /// Its number.
    pub number: IssuerNumber,
    /// Its key.
    pub key: PublicKey,
    /// Whether the key was stolen: only listed codes are good.
    pub void: bool,
    /// What it may issue.
    pub limits: IssuerLimits,
}

/// What a code is listed by: the first 16 bytes of SHA-256 of its bytes.
pub type CodeDigest = [u8; 16];

/// The digest of a code's bytes.
pub fn code_digest(bytes: &[u8]) -> CodeDigest {
    let mut digest = [0; 16];
    digest.iter_mut().zip(Sha256::digest(bytes)).for_each(|(to, from)| *to = from);
    digest
}

/// Something that is sold, as an installation needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleProduct {
    /// Its number.
    pub id: ProductId,
    /// Its short name: `A-Z`, digits, hyphen.
    pub mnemonic: String,
    /// What is counted.
    pub unit: String,
    /// `software`, `service` or `suite`.
    pub kind: String,
    /// Its place in the family.
    pub rank: u16,
    /// The members of a suite.
    pub members: Option<Members>,
    /// The last day of any period.
    pub end_of_life: Option<Day>,
    /// Whether use ends with it.
    pub use_ends: bool,
    /// The products that replace one another.
    pub family: Option<String>,
    /// Its name.
    pub name: String,
}

/// What a trust bundle says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Whose it is.
    pub vendor: String,
    /// From 1; a bundle is replaced by a higher number only.
    pub number: u32,
    /// When it was made.
    pub issued: Day,
    /// Whether only installations for testing load it.
    pub test: bool,
    /// Whom to ask, a line each.
    pub contact: Vec<String>,
    /// The roots in force from now on.
    pub roots: Roots,
    /// Issuers, by number.
    pub issuers: Vec<BundleIssuer>,
    /// Good codes of void issuers: by number and digest.
    pub listed: Vec<(IssuerNumber, CodeDigest)>,
    /// By license: the lowest revision that is still good; `None`: none is.
    pub revoked: Vec<(LicenseNumber, Option<Revision>)>,
    /// Products, by number.
    pub products: Vec<BundleProduct>,
}

/// Why a file is no bundle to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleFault {
    /// Longer than any bundle.
    TooLong,
    /// No note at all.
    Empty,
    /// Bytes that are no UTF-8.
    NotText {
        /// From 1.
        line: usize,
    },
    /// More notes than are followed.
    TooManyNotes,
    /// It is not made of notes.
    Note(NoteFault),
    /// Not the line of a bundle, or not in its place.
    Line {
        /// From 1.
        line: usize,
        /// What stands there in a bundle.
        wanted: &'static str,
    },
    /// A line that has another spelling in a bundle, or that does not stand in order.
    NotCanonical {
        /// From 1.
        line: usize,
    },
    /// No note of it is signed by enough of the roots that are trusted.
    BelowThreshold {
        /// How many roots sign.
        threshold: u8,
    },
    /// A note is not signed by enough of the roots that it brings itself.
    NewRootsBelowThreshold {
        /// The number of the bundle.
        number: u32,
    },
    /// A note has not a higher number than the one before.
    Order {
        /// The number of the bundle.
        number: u32,
    },
    /// A note of another vendor than the one before.
    OtherVendor {
        /// The number of the bundle.
        number: u32,
    },
}

impl From<NoteFault> for BundleFault {
    fn from(fault: NoteFault) -> Self {
        Self::Note(fault)
    }
}

impl fmt::Display for BundleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a trust bundle has at most {MAX_BUNDLE} bytes"),
            Self::Empty => f.write_str("the file is empty"),
            Self::NotText { line } => write!(f, "line {line}: bytes that are no text in UTF-8"),
            Self::TooManyNotes => write!(f, "a trust bundle has at most {MOST_NOTES} notes"),
            Self::Note(fault) => fault.fmt(f),
            Self::Line { line, wanted } => write!(f, "line {line}: wanted {wanted}"),
            Self::NotCanonical { line } => {
                write!(f, "line {line}: not spelled or not in the place as in a trust bundle")
            }
            Self::BelowThreshold { threshold } => {
                write!(f, "the bundle is not signed by {threshold} of the roots that are trusted")
            }
            Self::NewRootsBelowThreshold { number } => {
                write!(f, "bundle {number} is not signed by enough of the roots that it brings")
            }
            Self::Order { number } => write!(f, "bundle {number} stands after one with the same or a higher number"),
            Self::OtherVendor { number } => write!(f, "bundle {number} is another vendor's than the one before"),
        }
    }
}

impl core::error::Error for BundleFault {}

impl Bundle {
    /// The text of a bundle's file. Nothing is mended: a text that is mended is not the one that was signed.
    ///
    /// # Errors
    /// It is too long, or not in UTF-8.
    pub fn text_of(file: &[u8]) -> Result<&str, BundleFault> {
        if file.len() > MAX_BUNDLE {
            return Err(BundleFault::TooLong);
        }
        core::str::from_utf8(file).map_err(|fault| {
            let before = file.get(..fault.valid_up_to()).unwrap_or_default();
            BundleFault::NotText { line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() }
        })
    }

    /// The bundle in force of a file: the last of its notes, each signed by the threshold of the roots before it and
    /// of those that it brings. Notes older than the trusted roots are passed over.
    ///
    /// # Errors
    /// The file is not one, or the roots have not signed it.
    pub fn read(file: &str, trusted: &Roots) -> Result<Self, BundleFault> {
        if file.len() > MAX_BUNDLE {
            return Err(BundleFault::TooLong);
        }
        let mut roots = trusted.clone();
        let mut in_force: Option<Self> = None;
        let mut before: Option<(u32, String)> = None;
        for (count, note) in notes(file).enumerate() {
            if count == MOST_NOTES {
                return Err(BundleFault::TooManyNotes);
            }
            let note = note?;
            let bundle = Self::parse(note.text, note.lines_before)?;
            let number = bundle.number;
            if let Some((before, vendor)) = before.replace((number, bundle.vendor.clone())) {
                if number <= before {
                    return Err(BundleFault::Order { number });
                }
                if bundle.vendor != vendor {
                    return Err(BundleFault::OtherVendor { number });
                }
            }
            if !roots.have_signed(&note)? {
                match in_force {
                    // Of a time before the trusted roots.
                    None => continue,
                    Some(_) => return Err(BundleFault::BelowThreshold { threshold: roots.threshold }),
                }
            }
            // A signature of a long text takes a while to check: the same roots have signed it already.
            if bundle.roots != roots && !bundle.roots.have_signed(&note)? {
                return Err(BundleFault::NewRootsBelowThreshold { number });
            }
            roots.clone_from(&bundle.roots);
            in_force = Some(bundle);
        }
        if file.is_empty() {
            return Err(BundleFault::Empty);
        }
        in_force.ok_or(BundleFault::BelowThreshold { threshold: trusted.threshold })
    }

    /// What a text says that nobody need have signed: claims.
    ///
    /// # Errors
    /// It is not the text of a bundle.
    pub fn parse_unverified(text: &str) -> Result<Self, BundleFault> {
        if text.len() > MAX_BUNDLE {
            return Err(BundleFault::TooLong);
        }
        Self::parse(text, 0)
    }

    fn parse(text: &str, lines_before: usize) -> Result<Self, BundleFault> {
        let bundle = Parser::new(text, lines_before).bundle()?;
        // One spelling: what it says, written again, is the text itself.
        let mut check = Canonical { rest: text };
        if write!(check, "{bundle}").is_ok() && check.rest.is_empty() {
            return Ok(bundle);
        }
        let same = text.strip_suffix(check.rest).unwrap_or(text);
        Err(BundleFault::NotCanonical { line: lines_before + line_feeds(same) + 1 })
    }

    /// What the bundle says of a product.
    pub fn product(&self, id: ProductId) -> Option<&BundleProduct> {
        let found = self.products.binary_search_by_key(&id, |product| product.id).ok();
        found.and_then(|at| self.products.get(at))
    }

    /// The members of a suite.
    pub fn members(&self, suite: ProductId) -> &[ProductId] {
        let members = self.product(suite).and_then(|product| product.members.as_ref());
        members.map_or(&[], |members| members.products())
    }
}

/// Compares what is written with what was read, piece by piece.
struct Canonical<'a> {
    rest: &'a str,
}

impl fmt::Write for Canonical<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.rest = self.rest.strip_prefix(piece).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// The text that is signed.
impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{BUNDLE_CONTEXT}\nvendor {}\nnumber {}\nissued {}", self.vendor, self.number, self.issued)?;
        if self.test {
            writeln!(f, "test")?;
        }
        self.contact.iter().try_for_each(|line| writeln!(f, "contact {line}"))?;
        writeln!(f, "threshold {}", self.roots.threshold)?;
        self.roots.keys.iter().try_for_each(|key| writeln!(f, "root {key}"))?;
        for BundleIssuer { number, key, void, limits } in &self.issuers {
            writeln!(f, "issuer {number} {key}{}{limits}", if *void { " void" } else { "" })?;
        }
        for (number, digest) in &self.listed {
            write!(f, "listed {number} ")?;
            digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            writeln!(f)?;
        }
        for (license, good_from) in &self.revoked {
            match good_from {
                Some(revision) => writeln!(f, "revoked {license} {revision}")?,
                None => writeln!(f, "revoked {license} all")?,
            }
        }
        self.products.iter().try_for_each(|product| product.fmt(f))
    }
}

impl fmt::Display for IssuerLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, " products=", &self.products)?;
        for (i, kind) in self.kinds.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { " kinds=" } else { "," }, kind.name())?;
        }
        option(f, "units", self.units)?;
        option(f, "grace", self.grace)?;
        option(f, "features", self.features)?;
        if let Some((first, last)) = self.licenses {
            write!(f, " licenses={first}-{last}")?;
        }
        option(f, "days", self.days)?;
        option(f, "until", self.until)?;
        option(f, "from", self.from)?;
        option(f, "to", self.to)
    }
}

impl fmt::Display for BundleProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "product {} {} {} {}", self.id, self.mnemonic, self.unit, self.kind)?;
        if self.rank > 0 {
            write!(f, " rank={}", self.rank)?;
        }
        list(f, " members=", self.members.as_ref().map_or(&[], |members| members.products()))?;
        option(f, "end-of-life", self.end_of_life)?;
        if self.use_ends {
            write!(f, " use-ends")?;
        }
        if let Some(family) = &self.family {
            // A name has spaces: how long it is says where it ends.
            write!(f, " family={}:{family}", family.len())?;
        }
        writeln!(f, " name={}", self.name)
    }
}

fn list(f: &mut fmt::Formatter<'_>, label: &str, products: &[ProductId]) -> fmt::Result {
    let labels = core::iter::once(label).chain(core::iter::repeat(","));
    products.iter().zip(labels).try_for_each(|(product, label)| write!(f, "{label}{product}"))
}

fn option(f: &mut fmt::Formatter<'_>, label: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {label}={value}"))
}

/// What is no limit of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitFault {
    /// What stands there in a bundle.
    pub wanted: &'static str,
}

impl fmt::Display for LimitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wanted {}", self.wanted)
    }
}

impl core::error::Error for LimitFault {}

/// As in a bundle, a space between two limits; nothing: no limits.
impl FromStr for IssuerLimits {
    type Err = LimitFault;

    fn from_str(text: &str) -> Result<Self, LimitFault> {
        let mut limits = Self::default();
        text.split_ascii_whitespace().try_for_each(|word| limits.add(word))?;
        Ok(limits)
    }
}

impl IssuerLimits {
    fn add(&mut self, word: &str) -> Result<(), LimitFault> {
        let (name, value) = word.split_once('=').ok_or(LimitFault { wanted: "NAME=VALUE for each limit" })?;
        match name {
            "products" => self.products = products(value)?,
            "kinds" => self.kinds = kinds(value)?,
            "units" => self.units = Some(read(value, "units=N")?),
            "grace" => self.grace = Some(read(value, "grace=N, 0 to 255")?),
            "features" => {
                let bits = u16::from_str_radix(value, 16).map_err(|_| LimitFault { wanted: "features=HEX4" })?;
                self.features = Some(Features(bits));
            }
            "licenses" => {
                const WANTED: &str = "licenses=FIRST-LAST";
                let (first, last) = value.split_once('-').ok_or(LimitFault { wanted: WANTED })?;
                let (first, last) = (read(first, WANTED)?, read(last, WANTED)?);
                if first > last {
                    return Err(LimitFault { wanted: WANTED });
                }
                self.licenses = Some((first, last));
            }
            "days" => self.days = Some(read(value, "days=N")?),
            "until" => self.until = Some(read(value, "until=DAY")?),
            "from" => self.from = Some(read(value, "from=DAY")?),
            "to" => self.to = Some(read(value, "to=DAY")?),
            _ => return Err(LimitFault { wanted: "a limit that this release knows" }),
        }
        Ok(())
    }
}

fn read<T: FromStr>(text: &str, wanted: &'static str) -> Result<T, LimitFault> {
    text.parse().map_err(|_| LimitFault { wanted })
}

fn kinds(value: &str) -> Result<Vec<Kind>, LimitFault> {
    let kind = |name| Kind::ALL.into_iter().find(|kind| kind.name() == name);
    let kinds: Option<Vec<Kind>> = value.split(',').map(kind).collect();
    let kinds = kinds.ok_or(LimitFault { wanted: "kinds of full, evaluation, service" })?;
    let place = |kind: &Kind| Kind::ALL.iter().position(|other| other == kind);
    let ascending = kinds.is_sorted_by(|a, b| place(a) < place(b));
    if ascending { Ok(kinds) } else { Err(LimitFault { wanted: "kinds in the order full, evaluation, service" }) }
}

fn products(value: &str) -> Result<Vec<ProductId>, LimitFault> {
    const WANTED: &str = "numbers of products, ascending";
    let products: Vec<ProductId> = value.split(',').map(|id| read(id, WANTED)).collect::<Result<_, _>>()?;
    if products.is_sorted_by(|a, b| a < b) { Ok(products) } else { Err(LimitFault { wanted: WANTED }) }
}

/// Reads line after line.
struct Parser<'a> {
    lines: core::iter::Peekable<core::str::Split<'a, char>>,
    line: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, lines_before: usize) -> Self {
        Self { lines: text.split('\n').peekable(), line: lines_before }
    }

    fn fault(&self, wanted: &'static str) -> BundleFault {
        BundleFault::Line { line: self.line, wanted }
    }

    /// What belongs to the keyword of the next line, if it is this one.
    fn next_if(&mut self, keyword: &str) -> Option<&'a str> {
        let rest = self.lines.peek()?.strip_prefix(keyword)?.strip_prefix(' ')?;
        self.lines.next();
        self.line += 1;
        Some(rest)
    }

    fn wanted(&mut self, keyword: &str, wanted: &'static str) -> Result<&'a str, BundleFault> {
        self.next_if(keyword).ok_or(BundleFault::Line { line: self.line + 1, wanted })
    }

    fn text(&self, text: &str, wanted: &'static str) -> Result<String, BundleFault> {
        let hidden = |c: char| c.is_control() || crate::terms::is_bidirectional_control(c);
        let right = !text.trim().is_empty() && text.trim() == text && text.len() <= LONGEST_TEXT;
        if right && !text.contains(hidden) { Ok(text.into()) } else { Err(self.fault(wanted)) }
    }

    fn value<T: FromStr>(&self, text: &str, wanted: &'static str) -> Result<T, BundleFault> {
        text.parse().map_err(|_| self.fault(wanted))
    }

    fn bundle(mut self) -> Result<Bundle, BundleFault> {
        const FIRST: &str = "countersign/trust-bundle/1";
        if self.lines.next() != Some(BUNDLE_CONTEXT) {
            return Err(BundleFault::Line { line: self.line + 1, wanted: FIRST });
        }
        self.line += 1;
        let vendor = self.wanted("vendor", "vendor NAME")?;
        let vendor = self.text(vendor, "vendor NAME")?;
        let number = self.wanted("number", "number N")?;
        let number = self.value(number, "number N")?;
        if number == 0 {
            return Err(self.fault("number N, from 1"));
        }
        let issued = self.wanted("issued", "issued DAY")?;
        let issued = self.value(issued, "issued DAY")?;
        let test = self.lines.next_if_eq(&"test").is_some();
        self.line += usize::from(test);
        let mut contact = Vec::new();
        while let Some(line) = self.next_if("contact") {
            contact.push(self.text(line, "contact TEXT")?);
        }
        let threshold = self.wanted("threshold", "threshold M")?;
        let threshold = self.value(threshold, "threshold M")?;
        let mut keys: Vec<PublicKey> = Vec::new();
        while let Some(key) = self.next_if("root") {
            let key: PublicKey = self.value(key, "root KEY, a public key in 64 hex digits")?;
            self.ascending(keys.last().map(PublicKey::as_bytes), key.as_bytes())?;
            keys.push(key);
        }
        let roots = Roots::new(threshold, keys);
        let roots = roots.ok_or_else(|| self.fault("1 to 16 different roots, and a threshold of at most so many"))?;
        let mut issuers: Vec<BundleIssuer> = Vec::new();
        while let Some(line) = self.next_if("issuer") {
            let issuer = self.issuer(line)?;
            self.ascending(issuers.last().map(|last| last.number), issuer.number)?;
            issuers.push(issuer);
        }
        let mut listed = Vec::new();
        while let Some(line) = self.next_if("listed") {
            let entry = self.listed(line)?;
            self.ascending(listed.last().copied(), entry)?;
            if !issuers.iter().any(|issuer| issuer.number == entry.0 && issuer.void) {
                return Err(self.fault("codes of void issuers only"));
            }
            listed.push(entry);
        }
        let mut revoked: Vec<(LicenseNumber, Option<Revision>)> = Vec::new();
        while let Some(line) = self.next_if("revoked") {
            const WANTED: &str = "revoked LICENSE REVISION, or revoked LICENSE all";
            let (license, revision) = line.split_once(' ').ok_or_else(|| self.fault(WANTED))?;
            let revision = if revision == "all" { None } else { Some(self.value(revision, WANTED)?) };
            let license = self.value(license, WANTED)?;
            self.ascending(revoked.last().map(|last| last.0), license)?;
            revoked.push((license, revision));
        }
        let mut products: Vec<BundleProduct> = Vec::new();
        while let Some(line) = self.next_if("product") {
            let product = self.product(line)?;
            self.ascending(products.last().map(|last| last.id), product.id)?;
            products.push(product);
        }
        match (self.lines.next(), self.lines.next()) {
            (Some(""), None) => {}
            _ => return Err(BundleFault::Line { line: self.line + 1, wanted: "a line of a bundle, in its place" }),
        }
        Ok(Bundle { vendor, number, issued, test, contact, roots, issuers, listed, revoked, products })
    }

    fn ascending<T: PartialOrd>(&self, before: Option<T>, now: T) -> Result<(), BundleFault> {
        if before.is_none_or(|before| before < now) { Ok(()) } else { Err(self.fault("entries ascending, none twice")) }
    }

    fn issuer(&self, line: &str) -> Result<BundleIssuer, BundleFault> {
        const WANTED: &str = "issuer N KEY and its limits";
        let mut words = line.split(' ').peekable();
        let number = self.value(words.next().unwrap_or_default(), WANTED)?;
        let key = self.value(words.next().unwrap_or_default(), "a public key in 64 hex digits")?;
        let void = words.next_if_eq(&"void").is_some();
        let mut limits = IssuerLimits::default();
        words.try_for_each(|word| limits.add(word)).map_err(|LimitFault { wanted }| self.fault(wanted))?;
        Ok(BundleIssuer { number, key, void, limits })
    }

    fn listed(&self, line: &str) -> Result<(IssuerNumber, CodeDigest), BundleFault> {
        const WANTED: &str = "listed N and 32 hex digits";
        let (number, hex) = line.split_once(' ').ok_or_else(|| self.fault(WANTED))?;
        let bits = u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32);
        Ok((self.value(number, WANTED)?, bits.ok_or_else(|| self.fault(WANTED))?.to_be_bytes()))
    }

    fn product(&self, line: &str) -> Result<BundleProduct, BundleFault> {
        const WANTED: &str = "product ID MNEMONIC UNIT KIND and more, name=NAME last";
        let fault = || self.fault(WANTED);
        let mut rest = line;
        let mut word = || {
            let (word, after) = rest.split_once(' ')?;
            rest = after;
            Some(word)
        };
        let id = self.value(word().ok_or_else(fault)?, WANTED)?;
        let [mnemonic, unit, kind] = [word(), word(), word()];
        let (Some(mnemonic), Some(unit), Some(kind)) = (mnemonic, unit, kind) else { return Err(fault()) };
        let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        let lower = |b: u8| b.is_ascii_lowercase() || b == b'-';
        if !(1..=16).contains(&mnemonic.len()) || !mnemonic.bytes().all(upper) {
            return Err(fault());
        }
        if !(1..=32).contains(&unit.len()) || !unit.bytes().all(lower) {
            return Err(fault());
        }
        if !["software", "service", "suite"].contains(&kind) {
            return Err(fault());
        }
        let mut product = BundleProduct {
            id,
            mnemonic: mnemonic.into(),
            unit: unit.into(),
            kind: kind.into(),
            rank: 0,
            members: None,
            end_of_life: None,
            use_ends: false,
            family: None,
            name: String::new(),
        };
        loop {
            if let Some(name) = rest.strip_prefix("name=") {
                product.name = self.text(name, WANTED)?;
                return Ok(product);
            }
            if let Some(family) = rest.strip_prefix("family=") {
                let (length, after) = family.split_once(':').ok_or_else(fault)?;
                let length = self.value(length, WANTED)?;
                let (family, after) = after.split_at_checked(length).ok_or_else(fault)?;
                product.family = Some(self.text(family, WANTED)?);
                rest = after.strip_prefix(' ').ok_or_else(fault)?;
                continue;
            }
            let (word, after) = rest.split_once(' ').ok_or_else(fault)?;
            rest = after;
            match word.split_once('=') {
                Some(("rank", rank)) => product.rank = self.value(rank, WANTED)?,
                Some(("members", members)) => {
                    product.members = Some(
                        Members::new(products(members).map_err(|fault| self.fault(fault.wanted))?).ok_or_else(fault)?,
                    );
                }
                Some(("end-of-life", day)) => product.end_of_life = Some(self.value(day, WANTED)?),
                None if word == "use-ends" => product.use_ends = true,
                _ => return Err(fault()),
            }
        }
    }
}
