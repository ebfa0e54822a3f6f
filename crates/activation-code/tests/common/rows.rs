//! Rows written a second time, bit by bit from `docs/code-format.md`, so that a test can
//! have rows that no desk writes.

use activation_code::ALPHABET;

/// The rows of `bytes`, cut or filled with zeros to the capacity of `groups`, as a code of `kind`.
pub fn rows(kind: u8, groups: usize, bytes: &[u8]) -> Vec<String> {
    rows_with_spare(kind, groups, bytes, 0)
}

/// With the last data symbol changed by `spare`, which the CRC does not cover.
pub fn rows_with_spare(kind: u8, groups: usize, bytes: &[u8], spare: u8) -> Vec<String> {
    let count = groups.div_ceil(5);
    let data = 5 * groups - 3 * count - 2;
    let mut bytes = bytes.to_vec();
    bytes.resize(data * 5 / 8, 0);
    let mut bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1)).collect();
    bits.resize(data * 5, 0);
    let mut symbols: Vec<u8> = bits.chunks(5).map(|five| five.iter().fold(0, |n, bit| n << 1 | bit)).collect();
    *symbols.last_mut().unwrap() ^= spare;
    let crc = crc(&bytes);
    symbols.extend([(crc >> 5) as u8, crc as u8 & 31]);
    let rows = symbols.chunks(22).zip(1..).map(|(part, number)| {
        let mut row = part.to_vec();
        let place = number | if usize::from(number) == count { 16 } else { 0 };
        row.extend(checks(part, place, kind));
        let letters: Vec<char> = row.iter().map(|&symbol| ALPHABET[usize::from(symbol)].into()).collect();
        letters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-")
    });
    rows.collect()
}

/// One row of these symbols, its check for this place (16 is added for the last one) and kind behind them.
pub fn row(kind: u8, place: u8, symbols: &[u8]) -> String {
    let all = [symbols, &checks(symbols, place, kind)].concat();
    all.iter().map(|&symbol| char::from(ALPHABET[usize::from(symbol)])).collect()
}

fn crc(bytes: &[u8]) -> u16 {
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |i| u16::from(byte >> i & 1)));
    bits.fold(0, |crc, bit| (crc << 1 & 0x3FF) ^ if crc >> 9 ^ bit == 1 { 0x233 } else { 0 })
}

/// In GF(2)[x]/(x⁵+x³+1).
fn times(a: u8, b: u8) -> u8 {
    (0..5).rev().fold(0, |product: u8, i| {
        let doubled = product << 1;
        (if doubled & 32 != 0 { doubled ^ 0x29 } else { doubled }) ^ if b >> i & 1 == 1 { a } else { 0 }
    })
}

/// The remainder of the row's polynomial divided by x³ + 7x² + 14x + 8.
fn checks(part: &[u8], place: u8, kind: u8) -> Vec<u8> {
    let mut coefficients = [0; 31];
    (coefficients[0], coefficients[1]) = (place, kind);
    coefficients[31 - 3 - part.len()..28].copy_from_slice(part);
    for i in 0..28 {
        let lead = coefficients[i];
        for (j, factor) in [1, 7, 14, 8].into_iter().enumerate() {
            coefficients[i + j] ^= times(lead, factor);
        }
    }
    coefficients[28..].to_vec()
}
