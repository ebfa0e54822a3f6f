//! The registration key: one row that a partner hands out and a desk redeems once (rule D13).
//!
//! | bits | |
//! | ---: | --- |
//! | 4 | version 1 |
//! | 92 | random |

use crate::host_codes::{HostCodeFault, opened};
use crate::kinds::{from_rows, to_rows, to_rows_in_digits};
use crate::rows::CodeKind;
use alloc::string::String;
use core::fmt;

/// What a desk knows again by its ledger: nobody signed it, and nobody can guess it. Whoever has it can redeem it, so
/// that it is printed for those who shall have it and for nobody else.
///
/// ```
/// use activation_code::RegistrationKey;
///
/// let key = RegistrationKey::from_random([0xA5; 12]);
/// assert_eq!(RegistrationKey::read(&key.row())?, key);
/// # Ok::<(), activation_code::HostCodeFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationKey([u8; 12]);

impl RegistrationKey {
    /// Of random bytes, of which 92 bits are used.
    pub fn from_random(mut random: [u8; 12]) -> Self {
        if let Some(first) = random.first_mut() {
            *first = 0x10 | (*first & 0x0F);
        }
        Self(random)
    }

    /// Version and random.
    pub fn bytes(&self) -> [u8; 12] {
        self.0
    }

    /// In letters.
    pub fn row(&self) -> String {
        // Twelve bytes are one row.
        to_rows(CodeKind::RegistrationKey, &self.0).unwrap_or_default().concat()
    }

    /// In digits.
    pub fn row_in_digits(&self) -> String {
        to_rows_in_digits(CodeKind::RegistrationKey, &self.0).unwrap_or_default().concat()
    }

    /// From the row, in letters or digits.
    ///
    /// # Errors
    /// It is mistyped, another kind of code, or of a newer release.
    pub fn read(row: &str) -> Result<Self, HostCodeFault> {
        let fault = HostCodeFault::NotCanonical { kind: CodeKind::RegistrationKey };
        let bytes = from_rows(CodeKind::RegistrationKey, &[row])?;
        opened(&bytes, &fault)?;
        bytes.try_into().map(Self).map_err(|_| fault)
    }
}

/// Not the key: whoever reads a log could redeem it.
impl fmt::Debug for RegistrationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistrationKey(..)")
    }
}
