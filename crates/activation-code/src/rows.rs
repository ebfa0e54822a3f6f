//! Bytes as rows of letters or digits, each with a check of its own.
//!
//! A row is up to five groups of five symbols of Crockford's base32. Its last three
//! symbols are those of a Reed–Solomon code over GF(32) with the roots 1, α, α²; the
//! check also covers the row's number and the kind of code, which are not printed:
//!
//! | exponent | coefficient |
//! | ---: | --- |
//! | 30 | row number from 1, plus 16 on the last row |
//! | 29 | kind |
//! | 28 … n | zero |
//! | n−1 … 0 | the n symbols of the row, first symbol first |
//!
//! So a row corrects one wrong symbol and notices two, and a row in the wrong place,
//! a missing last row and another kind of code show. The rows mean nothing by
//! themselves: only a signature makes a code.

use alloc::{string::String, vec::Vec};
use core::fmt;

/// The symbols, by value.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols in a group.
pub const GROUP: usize = 5;
/// Symbols in a full row.
pub const ROW: usize = 25;
/// Most rows: what the row number's four bits can name.
pub const MOST_ROWS: usize = 15;
/// The fewest groups of an activation code: 81 bytes.
const FEWEST_GROUPS: usize = 30;
/// Check symbols of a row.
const CHECKS: usize = 3;
/// Symbols of the CRC, at the end of the last row's data.
const CRC_SYMBOLS: usize = 2;

/// A number of GF(32) = GF(2)\[x\]/(x⁵+x³+1), or the symbol with this value; 0..=31.
pub(crate) type Element = u8;

const EXP: [Element; 31] = {
    let mut table = [0; 31];
    let mut power = 1u8;
    let mut i = 0;
    while i < 31 {
        table[i] = power;
        power = times_alpha(power);
        i += 1;
    }
    table
};

/// Logarithms to the base α; that of 0 is never asked for.
const LOG: [u8; 32] = {
    let mut table = [0; 32];
    let mut i = 0;
    while i < 31 {
        table[EXP[i] as usize] = i as u8;
        i += 1;
    }
    table
};

const fn times_alpha(a: Element) -> Element {
    let doubled = a << 1;
    if doubled & 0x20 != 0 { doubled ^ 0x29 } else { doubled }
}

/// α to any power.
pub(crate) const fn alpha(exponent: usize) -> Element {
    EXP[exponent % 31]
}

/// The logarithm of an element that is not 0.
fn log(a: Element) -> usize {
    LOG[usize::from(a & 31)].into()
}

/// All products: the search for repairs multiplies millions of times.
const PRODUCTS: [[Element; 32]; 32] = {
    let mut table = [[0; 32]; 32];
    let mut a = 1;
    while a < 32 {
        let mut b = 1;
        while b < 32 {
            table[a][b] = EXP[(LOG[a] as usize + LOG[b] as usize) % 31];
            b += 1;
        }
        a += 1;
    }
    table
};

pub(crate) const fn times(a: Element, b: Element) -> Element {
    PRODUCTS[(a & 31) as usize][(b & 31) as usize]
}

/// The element that times `a` is 1; 0 for 0.
pub(crate) const fn inverse(a: Element) -> Element {
    if a & 31 == 0 { 0 } else { EXP[(31 - LOG[(a & 31) as usize] as usize) % 31] }
}

/// What the rows carry. The kind is part of every row's check and never repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CodeKind {
    /// What this crate is for.
    #[default]
    ActivationCode = 1,
    /// A host asks for a code of its own.
    HostRequest = 2,
    /// What a host says of itself, for the telephone.
    Receipt = 3,
    /// Redeemed at a desk.
    RegistrationKey = 4,
    /// A part of a key's backup; secret.
    KeyShare = 5,
    /// Sets a host's clock floor back.
    ClockReset = 6,
}

impl CodeKind {
    /// The kind of a row's check; `None` for kinds that this release does not know.
    pub(crate) fn from_element(element: Element) -> Option<Self> {
        Some(match element {
            1 => Self::ActivationCode,
            2 => Self::HostRequest,
            3 => Self::Receipt,
            4 => Self::RegistrationKey,
            5 => Self::KeyShare,
            6 => Self::ClockReset,
            _ => return None,
        })
    }
}

impl CodeKind {
    /// Whether there are codes of this kind that have this shape.
    pub(crate) fn has(self, shape: Shape) -> bool {
        match self {
            Self::ActivationCode => shape.groups >= FEWEST_GROUPS,
            Self::HostRequest | Self::RegistrationKey => shape.groups == 5,
            Self::Receipt => shape.groups == 8,
            Self::KeyShare => shape.groups == 20,
            Self::ClockReset => shape.groups == 28,
        }
    }

    /// The number of the first row that can be the last one.
    pub(crate) fn fewest_rows(self) -> u8 {
        match self {
            Self::HostRequest | Self::RegistrationKey => 1,
            Self::Receipt => 2,
            Self::KeyShare => 4,
            Self::ActivationCode | Self::ClockReset => 6,
        }
    }
}

impl CodeKind {
    /// With its article.
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::ActivationCode => "an activation code",
            Self::HostRequest => "a host request",
            Self::Receipt => "a receipt",
            Self::RegistrationKey => "a registration key",
            Self::KeyShare => "a key share",
            Self::ClockReset => "a clock reset",
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.one();
        f.write_str(one.split_once(' ').map_or(one, |(_, kind)| kind))
    }
}

/// Where a row stands: its number, whether it is the last one, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowPlace {
    /// 1..=15.
    pub number: u8,
    pub last: bool,
    pub kind: CodeKind,
}

impl RowPlace {
    fn element(self) -> Element {
        self.number | if self.last { 16 } else { 0 }
    }

    fn from_element(element: Element, kind: CodeKind) -> Option<Self> {
        let place = Self { number: element & 15, last: element & 16 != 0, kind };
        (place.number != 0).then_some(place)
    }
}

/// How many groups there are, which fixes everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    groups: usize,
}

impl Shape {
    /// 1 to 75 groups of five symbols.
    pub const fn new(groups: usize) -> Option<Self> {
        if groups >= 1 && groups <= MOST_ROWS * ROW / GROUP { Some(Self { groups }) } else { None }
    }

    /// The smallest that holds so many bytes; `None` if none does.
    pub fn holding(bytes: usize) -> Option<Self> {
        (1..).map_while(Self::new).find(|shape| shape.capacity() >= bytes)
    }

    /// Groups of five symbols.
    pub const fn groups(self) -> usize {
        self.groups
    }

    /// Symbols in all.
    pub const fn symbols(self) -> usize {
        self.groups * GROUP
    }

    /// Rows of 25 symbols, the last perhaps shorter.
    pub const fn rows(self) -> usize {
        self.symbols().div_ceil(ROW)
    }

    /// Symbols that are neither a row's check nor the CRC.
    const fn data_symbols(self) -> usize {
        (self.symbols() - CHECKS * self.rows()).saturating_sub(CRC_SYMBOLS)
    }

    /// Bytes that it holds; always all of them are used.
    pub const fn capacity(self) -> usize {
        self.data_symbols() * 5 / 8
    }
}

/// The rows of `bytes`: their symbols, one row after the other. `None` if `bytes` do
/// not fill a [`Shape`] exactly.
pub(crate) fn encode(kind: CodeKind, bytes: &[u8]) -> Option<Vec<Element>> {
    let shape = Shape::holding(bytes.len()).filter(|shape| shape.capacity() == bytes.len())?;
    let mut data: Vec<_> = base32::encode(base32::Alphabet::Crockford, bytes)
        .bytes()
        .map(|letter| value_of(letter).unwrap_or(0))
        .collect();
    data.resize(shape.data_symbols(), 0);
    let crc = crc10(bytes);
    data.extend([(crc >> 5) as Element, crc as Element & 31]);

    let mut symbols = Vec::with_capacity(shape.symbols());
    for (number, part) in (1..).zip(data.chunks(ROW - CHECKS)) {
        let place = RowPlace { number, last: usize::from(number) == shape.rows(), kind };
        symbols.extend_from_slice(part);
        symbols.extend(checks(part, place));
    }
    Some(symbols)
}

/// Why right rows are not the bytes of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowsFault {
    /// The CRC over all rows is wrong: they come from different codes.
    Crc,
    /// Bits that carry nothing are not zero.
    SpareBits,
}

/// The bytes of rows whose checks are all right, so that every row has its full length.
pub(crate) fn decode<'a>(rows: impl Iterator<Item = &'a [Element]>) -> Result<Vec<u8>, RowsFault> {
    let data = data_of(rows);
    let (data, &[high, low]) = data.split_last_chunk::<CRC_SYMBOLS>().ok_or(RowsFault::Crc)?;
    let (bytes, spare) = bytes_of(data);
    if crc10(&bytes) != u16::from(high) << 5 | u16::from(low) {
        return Err(RowsFault::Crc);
    }
    if spare == 0 { Ok(bytes) } else { Err(RowsFault::SpareBits) }
}

/// The symbols of an activation code whose last row has only checks and the CRC, with
/// that row made anew; what stands in its place does not count.
pub(crate) fn complete(symbols: &[Element]) -> Option<Vec<Element>> {
    let shape = Shape::new(symbols.len() / GROUP)?;
    let rest = symbols.len().checked_sub(GROUP).filter(|rest| rest % ROW == 0)?;
    let data = data_of(symbols.get(..rest)?.chunks(ROW));
    let (bytes, _) = bytes_of(data.get(..(shape.capacity() * 8).div_ceil(5))?);
    encode(CodeKind::ActivationCode, &bytes)
}

/// The bytes that are whole in a first row, where a code's bytes begin.
pub(crate) fn first_bytes(row: &[Element]) -> Vec<u8> {
    bytes_of(&data_of(core::iter::once(row))).0
}

/// All symbols but the rows' checks.
fn data_of<'a>(rows: impl Iterator<Item = &'a [Element]>) -> Vec<Element> {
    let mut data = Vec::with_capacity(MOST_ROWS * ROW);
    for row in rows {
        data.extend_from_slice(row.get(..row.len().saturating_sub(CHECKS)).unwrap_or(&[]));
    }
    data
}

/// The whole bytes of these symbols, and the bits that are left. By hand, since base32
/// 0.5.1 ignores those, so that two texts could give the same bytes.
fn bytes_of(data: &[Element]) -> (Vec<u8>, u16) {
    let mut bytes = Vec::with_capacity(data.len() * 5 / 8);
    let (mut bits, mut count) = (0u16, 0);
    for &symbol in data {
        bits = bits << 5 | u16::from(symbol);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bytes, bits)
}

/// The value of a letter of the alphabet, exactly as printed.
pub(crate) const fn value_of(letter: u8) -> Option<Element> {
    const VALUES: [u8; 128] = {
        let mut table = [u8::MAX; 128];
        let mut i = 0;
        while i < ALPHABET.len() {
            table[ALPHABET[i] as usize] = i as u8;
            i += 1;
        }
        table
    };
    if letter >= 128 || VALUES[letter as usize] == u8::MAX { None } else { Some(VALUES[letter as usize]) }
}

/// The letter of a symbol.
pub(crate) fn letter(symbol: Element) -> char {
    ALPHABET[usize::from(symbol & 31)].into()
}

/// A row as it is printed: groups of five letters with hyphens.
pub(crate) fn to_letters(row: &[Element]) -> String {
    let mut text = String::with_capacity(row.len() + row.len() / GROUP);
    for (i, &symbol) in row.iter().enumerate() {
        if i > 0 && i % GROUP == 0 {
            text.push('-');
        }
        text.push(letter(symbol));
    }
    text
}

/// CRC-10/ATM: polynomial 0x233, start 0, no reflection, no final xor.
fn crc10(bytes: &[u8]) -> u16 {
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut crc = (i as u16) << 2;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x200 != 0 { crc << 1 ^ 0x233 } else { crc << 1 };
                bit += 1;
            }
            table[i] = crc & 0x3FF;
            i += 1;
        }
        table
    };
    bytes.iter().fold(0, |crc, &byte| (crc << 8 & 0x3FF) ^ TABLE[usize::from((crc >> 2) as u8 ^ byte)])
}

/// The three check symbols that follow a row's data: the remainder of the row's
/// polynomial divided by g(x) = x³ + 7x² + 14x + 8.
fn checks(data: &[Element], place: RowPlace) -> [Element; CHECKS] {
    let zeros = 29usize.saturating_sub(data.len() + CHECKS);
    let coefficients = [place.element(), place.kind as Element]
        .into_iter()
        .chain(core::iter::repeat_n(0, zeros))
        .chain(data.iter().copied());
    let rest = coefficients.fold(0, |rest: u16, coefficient| {
        let lead = coefficient ^ (rest >> 10) as Element;
        rest << 5 & 0x7FE0 ^ REMAINDERS[usize::from(lead & 31)]
    });
    [rest >> 10, rest >> 5, rest].map(|symbol| symbol as Element & 31)
}

/// What is left of each symbol times x³ when it is divided by g: three symbols, five bits each.
const REMAINDERS: [u16; 32] = {
    let mut table = [0; 32];
    let mut a = 0;
    while a < 32 {
        let lead = a as Element;
        table[a] = (times(lead, 7) as u16) << 10 | (times(lead, 14) as u16) << 5 | times(lead, 8) as u16;
        a += 1;
    }
    table
};

/// What each symbol at each exponent adds to the syndromes, five bits each: every row
/// that is read passes here.
const SHARES: [[u16; 32]; ROW] = {
    let mut table = [[0; 32]; ROW];
    let mut i = 0;
    while i < ROW * 32 {
        let (exponent, symbol) = (i / 32, i % 32);
        let at_alpha = times(symbol as Element, alpha(exponent));
        let at_square = times(symbol as Element, alpha(2 * exponent));
        table[exponent][symbol] = (at_square as u16) << 10 | (at_alpha as u16) << 5 | symbol as u16;
        i += 1;
    }
    table
};

/// The row's polynomial at 1, α and α²: all zero if the row is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syndromes(pub [Element; 3]);

/// One coefficient that, changed by `change`, makes a row right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// 0..=30: a symbol counted from the row's end, 29 the kind, 30 the row's place.
    pub exponent: usize,
    /// Never 0.
    pub change: Element,
}

/// The exponent of the row's place.
pub(crate) const PLACE_EXPONENT: usize = 30;
/// The exponent of the kind.
pub(crate) const KIND_EXPONENT: usize = 29;

impl Syndromes {
    /// Of a row of up to 25 symbols in this place.
    pub fn of(symbols: &[Element], place: RowPlace) -> Self {
        let add = |sum, (&symbol, shares): (&Element, &[u16; 32])| sum ^ shares[usize::from(symbol & 31)];
        let sum = symbols.iter().rev().zip(&SHARES).fold(0, add);
        Self([sum, sum >> 5, sum >> 10].map(|five| five as Element & 31))
            .plus(Error { exponent: PLACE_EXPONENT, change: place.element() })
            .plus(Error { exponent: KIND_EXPONENT, change: place.kind as Element })
    }

    /// With one coefficient changed.
    pub fn plus(self, Error { exponent, change }: Error) -> Self {
        let [s0, s1, s2] = self.0;
        Self([s0 ^ change, s1 ^ times(change, alpha(exponent)), s2 ^ times(change, alpha(2 * exponent))])
    }

    pub fn is_right(self) -> bool {
        self.0 == [0; 3]
    }

    /// The only change of one coefficient that makes the row right, if one does.
    pub fn single_error(self) -> Option<Error> {
        let [s0, s1, s2] = self.0;
        let located = s0 != 0 && s1 != 0 && times(s1, s1) == times(s0, s2);
        located
            .then(|| Error { exponent: log(s1) + 31 - log(s0), change: s0 })
            .map(|error| Error { exponent: error.exponent % 31, ..error })
    }

    /// The only pair of neighbours whose exchange makes the row right, if one does: the
    /// index of the first of the two.
    pub fn neighbours_exchanged(self, symbols: &[Element]) -> Option<usize> {
        let [s0, s1, s2] = self.0;
        if s0 != 0 || s1 == 0 || s2 == 0 {
            return None;
        }
        // Both are wrong by the same e, at exponents k and k+1:
        // s1 = e·α^k·(1+α), s2 = e·α^2k·(1+α²), so s2/s1 = α^k·(1+α).
        let exponent = (log(s2) + 2 * 31 - log(s1) - log(3)) % 31;
        let first = symbols.len().checked_sub(exponent + 2)?;
        let &[a, b] = symbols.get(first..first + 2)? else { return None };
        let exchanged =
            self.plus(Error { exponent, change: a ^ b }).plus(Error { exponent: exponent + 1, change: a ^ b });
        exchanged.is_right().then_some(first)
    }
}

/// Where a row stands by its own check; `None` if it is no right row of this kind.
pub(crate) fn place_of(symbols: &[Element], kind: CodeKind) -> Option<RowPlace> {
    let nowhere = RowPlace { number: 0, last: false, kind };
    let error = Syndromes::of(symbols, nowhere).single_error()?;
    if error.exponent == PLACE_EXPONENT { RowPlace::from_element(error.change, kind) } else { None }
}

/// How many decimal digits write a row of 5, 10, 15, 20 or 25 symbols, check included.
pub(crate) const DIGITS: [usize; 5] = [10, 20, 25, 35, 40];

/// A row as decimal digits: one number, first symbol most significant, then two
/// digits 98 − (100·N mod 97) (ISO 7064 MOD 97-10).
pub(crate) fn to_digits(row: &[Element]) -> String {
    let number = row.iter().fold(0u128, |number, &symbol| number << 5 | u128::from(symbol));
    let check = 98 - (number % 97) * 100 % 97;
    let width = DIGITS.get((row.len() / GROUP).saturating_sub(1)).map_or(0, |digits| digits - 2);
    alloc::format!("{number:0width$}{check:02}")
}

/// A row as it is printed in digits: groups of five with spaces.
pub(crate) fn to_grouped_digits(row: &[Element]) -> String {
    let digits = to_digits(row);
    let mut text = String::with_capacity(digits.len() + digits.len() / GROUP);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && i % GROUP == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Why digits are no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DigitsFault {
    /// Not 10, 20, 25, 35 or 40 of them.
    Length,
    /// The two check digits do not fit, or the number is larger than any row's.
    Check,
}

/// The symbols of a row in digits (values 0..=9).
pub(crate) fn from_digits(digits: &[u8]) -> Result<Vec<Element>, DigitsFault> {
    let groups = DIGITS.iter().position(|&length| length == digits.len()).ok_or(DigitsFault::Length)? + 1;
    let (digits, check) = digits.split_last_chunk::<2>().ok_or(DigitsFault::Length)?;
    let number = digits.iter().fold(0u128, |number, &digit| number * 10 + u128::from(digit));
    let check = check.iter().fold(0, |check, &digit| check * 10 + u128::from(digit));
    let length = groups * GROUP;
    if check != 98 - (number % 97) * 100 % 97 || number >> (5 * length) != 0 {
        return Err(DigitsFault::Check);
    }
    Ok((0..length).rev().map(|i| (number >> (5 * i)) as Element & 31).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_crc_10_atm() {
        assert_eq!(crc10(b"123456789"), 0x199);
    }

    #[test]
    fn kinds_have_the_numbers_and_shapes_of_the_format() {
        use CodeKind::{ActivationCode, ClockReset, HostRequest, KeyShare, Receipt, RegistrationKey};
        let shapes = [
            (ActivationCode, 30..=75),
            (HostRequest, 5..=5),
            (Receipt, 8..=8),
            (RegistrationKey, 5..=5),
            (KeyShare, 20..=20),
            (ClockReset, 28..=28),
        ];
        assert_eq!((CodeKind::from_element(0), CodeKind::from_element(7)), (None, None));
        for ((kind, groups), number) in shapes.into_iter().zip(1..) {
            assert_eq!((CodeKind::from_element(number), kind as Element), (Some(kind), number));
            let has = |&groups: &usize| Shape::new(groups).is_some_and(|shape| kind.has(shape));
            assert!((0..=76).filter(has).eq(groups), "{kind:?}");
        }
    }

    #[test]
    fn shapes_are_as_the_format_tabulates_them() {
        for (groups, symbols, payload) in
            [(30, 150, 17), (31, 155, 18), (32, 160, 21), (33, 165, 24), (34, 170, 27), (35, 175, 31)]
        {
            let shape = Shape::new(groups).unwrap();
            assert_eq!((shape.symbols(), shape.capacity()), (symbols, payload + 64));
            assert_eq!(Shape::holding(payload + 64), Some(shape));
        }
        assert_eq!(Shape::new(0), None);
        assert_eq!(Shape::new(76), None);
        assert_eq!(Shape::holding(1000), None);
    }

    #[test]
    fn the_generator_has_the_roots_that_the_format_names() {
        for root in [1, alpha(1), alpha(2)] {
            let square = times(root, root);
            assert_eq!(times(square, root) ^ times(7, square) ^ times(14, root) ^ 8, 0);
        }
    }

    #[test]
    fn bytes_of_every_shape_come_back() {
        for shape in (1..).map_while(Shape::new).filter(|shape| shape.capacity() > 0) {
            let bytes: Vec<u8> = (0..shape.capacity()).map(|i| (i * 89 + shape.groups()) as u8).collect();
            if Shape::holding(bytes.len()) != Some(shape) {
                continue;
            }
            let symbols = encode(CodeKind::ActivationCode, &bytes).unwrap();
            assert_eq!(symbols.len(), shape.symbols());
            for (number, row) in (1..).zip(symbols.chunks(ROW)) {
                let kind = CodeKind::ActivationCode;
                let place = RowPlace { number, last: usize::from(number) == shape.rows(), kind };
                assert_eq!(place_of(row, kind), Some(place));
                let digits: Vec<u8> = to_digits(row).bytes().map(|b| b - b'0').collect();
                assert_eq!(from_digits(&digits).as_deref(), Ok(row));
            }
            assert_eq!(decode(symbols.chunks(ROW)), Ok(bytes));
        }
    }

    #[test]
    fn rows_are_one_code_if_its_crc_says_so_and_no_bit_is_left_over() {
        let bytes = [0xA5; 81];
        let right = encode(CodeKind::ActivationCode, &bytes).unwrap();
        let other = encode(CodeKind::ActivationCode, &[0x5A; 81]).unwrap();
        assert_eq!(decode(right[..ROW].chunks(ROW).chain(other[ROW..].chunks(ROW))), Err(RowsFault::Crc));
        assert_eq!(decode(core::iter::empty()), Err(RowsFault::Crc));
        // 130 data symbols have 650 bits, 81 bytes have 648.
        let spare = right.len() - CHECKS - CRC_SYMBOLS - 1;
        for (change, found) in
            [(1, Err(RowsFault::SpareBits)), (2, Err(RowsFault::SpareBits)), (4, Err(RowsFault::Crc))]
        {
            let mut symbols = right.clone();
            symbols[spare] ^= change;
            assert_eq!(decode(symbols.chunks(ROW)), found);
        }
        assert_eq!(decode(right.chunks(ROW)).as_deref(), Ok(&bytes[..]));
    }

    #[test]
    fn a_number_too_large_for_a_row_is_refused() {
        let row = [31; 25];
        let mut digits: Vec<u8> = to_digits(&row).bytes().map(|b| b - b'0').collect();
        assert_eq!(from_digits(&digits).as_deref(), Ok(&row[..]));
        let number = (1u128 << 125) + 5;
        let text = alloc::format!("{number:038}{:02}", 98 - (number % 97) * 100 % 97);
        digits = text.bytes().map(|b| b - b'0').collect();
        assert_eq!(from_digits(&digits), Err(DigitsFault::Check));
        assert_eq!(from_digits(&digits[1..]), Err(DigitsFault::Length));
    }
}
