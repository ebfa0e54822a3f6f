//! Codes of other kinds: the same rows, with the same help for who types them. What their bytes mean is somebody
//! else's to know.

use crate::reading::one_row;
use crate::rows::{CodeKind, ROW, Shape, encode, to_grouped_digits, to_letters};
use crate::typing::{Rows, TypingFault, TypingFaults, join, judge_row};
use alloc::{string::String, vec, vec::Vec};

/// The rows of bytes in letters; `None` if no code of this kind has so many bytes.
///
/// ```
/// use activation_code::{CodeKind, from_rows, to_rows};
///
/// let rows = to_rows(CodeKind::RegistrationKey, b"twelve bytes").expect("a registration key has 12 bytes");
/// assert_eq!(rows.len(), 1);
/// assert_eq!(from_rows(CodeKind::RegistrationKey, &rows)?, b"twelve bytes");
/// assert!(from_rows(CodeKind::HostRequest, &rows).is_err());
/// # Ok::<(), activation_code::TypingFaults>(())
/// ```
pub fn to_rows(kind: CodeKind, bytes: &[u8]) -> Option<Vec<String>> {
    Shape::holding(bytes.len()).filter(|shape| kind.has(*shape))?;
    Some(encode(kind, bytes)?.chunks(ROW).map(to_letters).collect())
}

/// The same rows in digits, for keypads and the telephone.
pub fn to_rows_in_digits(kind: CodeKind, bytes: &[u8]) -> Option<Vec<String>> {
    Shape::holding(bytes.len()).filter(|shape| kind.has(*shape))?;
    Some(encode(kind, bytes)?.chunks(ROW).map(to_grouped_digits).collect())
}

/// The bytes of rows that stand in their order, each as it was typed or as
/// [`read_row_of`](crate::read_row_of) proposes it.
///
/// # Errors
/// A row that is wrong as it stands, rows that are missing, or rows of different codes.
pub fn from_rows<R: AsRef<str>>(kind: CodeKind, rows: &[R]) -> Result<Vec<u8>, TypingFaults> {
    let mut right = Vec::with_capacity(rows.len());
    for (row, number) in rows.iter().zip(1u8..) {
        let typed = one_row(row.as_ref(), kind)?;
        let (place, symbols) = judge_row(&typed, number)?;
        right.push((place, symbols, number));
    }
    let right = right.iter().map(|(place, symbols, number)| (*place, symbols.as_slice(), *number)).collect();
    match join(right, true)? {
        Rows::Bytes(bytes) => Ok(bytes),
        Rows::SpareBits => Err(TypingFaults::new(vec![TypingFault::DifferentCodes])),
    }
}
