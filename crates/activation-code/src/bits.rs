//! Fields of bits, most significant first: how a payload is written and read.

use crate::terms::Flaw;
use alloc::vec::Vec;

/// Writes bits, most significant first.
#[derive(Default)]
pub(crate) struct Bits {
    pub bytes: Vec<u8>,
    /// Bits of the last byte that are taken; 0 means that a new byte begins.
    taken: u32,
}

impl Bits {
    pub fn put(&mut self, mut count: u32, value: u32) {
        while count > 0 {
            if self.taken == 0 {
                self.bytes.push(0);
            }
            let fitting = count.min(8 - self.taken);
            count -= fitting;
            let piece = value >> count & ((1 << fitting) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (piece as u8) << (8 - self.taken - fitting);
            }
            self.taken = (self.taken + fitting) % 8;
        }
    }
}

/// What is left of a payload.
pub(crate) struct Rest<'a> {
    pub bytes: &'a [u8],
    /// Bits of the first byte that are read.
    bit: u32,
}

impl<'a> Rest<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    pub fn bits(&mut self, mut count: u32) -> Result<u32, Flaw> {
        let mut value = 0;
        while count > 0 {
            let (&byte, after) = self.bytes.split_first().ok_or(Flaw::Short)?;
            let step = count.min(8 - self.bit);
            let chunk = u32::from(byte) >> (8 - self.bit - step) & ((1 << step) - 1);
            value = value << step | chunk;
            self.bit += step;
            if self.bit == 8 {
                self.bit = 0;
                self.bytes = after;
            }
            count -= step;
        }
        Ok(value)
    }

    // From here on at a byte's boundary: the base has 136 bits.

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Flaw::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, Flaw> {
        self.array().map(|[byte]| byte)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (&array, rest) = self.bytes.split_first_chunk().ok_or(Flaw::Short)?;
        self.bytes = rest;
        Ok(array)
    }
}
