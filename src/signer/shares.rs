//! Shares of a key on paper: any two of three restore it, and one alone says nothing of it.
//!
//! A share is a code of kind 5, four rows, 53 bytes:
//!
//! | bytes | |
//! | ---: | --- |
//! | 1 | version 1 in the high half, how many shares are needed (2..=15) in the low one |
//! | 1 | which share, from 1: the place x of Shamir's polynomials over GF(2⁸) |
//! | 2 | the set, random: shares of two splittings never mix |
//! | 13 | the first bytes of the public key: what was restored is compared with them |
//! | 32 | the values of the polynomials at x, whose values at 0 are the seed (RFC 8032) |
//! | 4 | the first bytes of SHA-256 over `countersign/key-share/1\0` and all of the above |
//!
//! GF(2⁸) is that of x⁸+x⁴+x³+x²+1, and each byte of the seed has a polynomial of its own (crate `blahaj`).

use super::{GenerateFault, Signer, SoftwareKey};
use activation_code::{CodeKind, PublicKey, TypingFaults, from_rows, to_rows};
use blahaj::{Share as Point, Sharks};
use rand::rand_core::{CryptoRng, TryCryptoRng, UnwrapErr};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Fewest and most shares that are needed.
const NEEDED: std::ops::RangeInclusive<u8> = 2..=15;
/// Most shares of a set.
pub const MOST_SHARES: u8 = 255;
/// Bytes of a share.
const BYTES: usize = 53;
const CONTEXT: &[u8] = b"countersign/key-share/1\0";

/// One of several parts of a key. Secret: wiped when dropped.
#[derive(PartialEq, Eq)]
pub struct KeyShare {
    bytes: Zeroizing<[u8; BYTES]>,
}

/// What is no share, or no set of shares.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareFault {
    /// Typed wrongly.
    #[error(transparent)]
    Typing(#[from] TypingFaults),
    /// Right rows, and not what a desk has printed.
    #[error("its rows are right, and do not belong to one share")]
    Check,
    /// Of a later release.
    #[error("it was made by a newer release")]
    Newer,
    /// Two shares of different splittings.
    #[error("share {one} and share {other} are of different sets: a key that is split again makes a new set")]
    OtherSet {
        /// One of them.
        one: u8,
        /// The other.
        other: u8,
    },
    /// The same share twice.
    #[error("share {0} is there twice")]
    Twice(u8),
    /// Not enough.
    #[error("{needed} shares are needed, and {found} are there")]
    TooFew {
        /// How many it takes.
        needed: u8,
        /// How many there are.
        found: usize,
    },
    /// What comes out is not the key that was split.
    #[error("these shares make another key than the one that was split")]
    OtherKey,
    /// A set that cannot be made.
    #[error("2 to 15 shares are needed, and there are at least so many and at most 255")]
    Numbers,
}

impl From<activation_code::KeyFault> for ShareFault {
    fn from(_: activation_code::KeyFault) -> Self {
        Self::OtherKey
    }
}

impl KeyShare {
    fn new(needed: u8, index: u8, set: u16, public: &PublicKey, values: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let (claims, check) = bytes.split_at_mut(BYTES - 4);
        let [high, low] = set.to_be_bytes();
        let heading = [0x10 | needed, index, high, low].into_iter().chain(public.as_bytes().iter().copied().take(13));
        claims.iter_mut().zip(heading.chain(values.iter().copied())).for_each(|(to, from)| *to = from);
        check.copy_from_slice(&digest(claims));
        Self { bytes }
    }

    /// A share from its bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ShareFault> {
        let bytes = Zeroizing::new(<[u8; BYTES]>::try_from(bytes).map_err(|_| ShareFault::Check)?);
        let (claims, check) = bytes.split_at(BYTES - 4);
        if check != digest(claims) {
            return Err(ShareFault::Check);
        }
        let share = Self { bytes };
        match share.bytes[0] >> 4 {
            1 if NEEDED.contains(&share.needed()) && share.index() > 0 => Ok(share),
            1 => Err(ShareFault::Check),
            _ => Err(ShareFault::Newer),
        }
    }

    /// A share from its four rows, each right as it stands.
    ///
    /// # Errors
    /// They are not, or are no share.
    pub fn from_rows<R: AsRef<str>>(rows: &[R]) -> Result<Self, ShareFault> {
        let bytes = Zeroizing::new(from_rows(CodeKind::KeyShare, rows)?);
        Self::from_bytes(&bytes)
    }

    /// Its rows in letters.
    pub fn rows(&self) -> Zeroizing<Vec<String>> {
        // 53 bytes are four rows of a key share.
        Zeroizing::new(to_rows(CodeKind::KeyShare, &*self.bytes).unwrap_or_default())
    }

    /// How many shares restore the key.
    pub fn needed(&self) -> u8 {
        self.bytes[0] & 15
    }

    /// Which share it is, from 1.
    pub fn index(&self) -> u8 {
        self.bytes[1]
    }

    /// Which splitting it is of.
    pub fn set(&self) -> u16 {
        u16::from_be_bytes([self.bytes[2], self.bytes[3]])
    }

    fn public(&self) -> &[u8] {
        &self.bytes[4..17]
    }

    fn point(&self) -> Result<Point, ShareFault> {
        let mut point = Zeroizing::new(Vec::with_capacity(33));
        point.push(self.index());
        point.extend_from_slice(&self.bytes[17..49]);
        Point::try_from(point.as_slice()).map_err(|_| ShareFault::Check)
    }
}

/// Nothing of the secret.
impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({} of set {:04x})", self.index(), self.set())
    }
}

fn digest(claims: &[u8]) -> [u8; 4] {
    let digest = Sha256::new_with_prefix(CONTEXT).chain_update(claims).finalize();
    let mut first = [0; 4];
    first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    first
}

/// Splits a key into `shares` parts of which any `needed` restore it.
///
/// # Errors
/// So many cannot be, or there are no random numbers.
pub fn split(
    key: &SoftwareKey,
    needed: u8,
    shares: u8,
    random: &mut impl TryCryptoRng,
) -> Result<Vec<KeyShare>, GenerateOrShareFault> {
    if !NEEDED.contains(&needed) || shares < needed {
        return Err(ShareFault::Numbers.into());
    }
    let mut set = [0; 2];
    // Also finds out whether there are random numbers at all.
    random.try_fill_bytes(&mut set).map_err(|_| GenerateFault::Random)?;
    let mut random = UnwrapErr(random);
    let made = key.with_seed(|seed| deal(seed, needed, shares, &mut random));
    let public = key.public_key();
    let share = |point: Zeroizing<Vec<u8>>| {
        let (index, values) = point.split_first().unwrap_or((&0, &[]));
        KeyShare::new(needed, *index, u16::from_be_bytes(set), &public, values)
    };
    let made: Vec<_> = made.into_iter().map(share).collect();
    // What was printed can be put together again: else nothing is printed.
    let enough = usize::from(needed);
    for first in 0..=made.len() - enough {
        if combine(made.iter().skip(first).take(enough))?.public_key() != public {
            return Err(ShareFault::OtherKey.into());
        }
    }
    Ok(made)
}

fn deal(seed: &[u8; 32], needed: u8, shares: u8, random: &mut impl CryptoRng) -> Vec<Zeroizing<Vec<u8>>> {
    let dealer = Sharks(needed).dealer_rng(seed, random);
    dealer.take(usize::from(shares)).map(|point| Zeroizing::new(Vec::from(&point))).collect()
}

/// Why a key is not split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateOrShareFault {
    /// No random numbers.
    #[error(transparent)]
    Generate(#[from] GenerateFault),
    /// Not so many shares, or they do not restore it.
    #[error(transparent)]
    Share(#[from] ShareFault),
}

/// The key that shares were made of.
///
/// # Errors
/// Too few, of different sets, one twice, or not what was split.
pub fn combine<'s>(shares: impl IntoIterator<Item = &'s KeyShare>) -> Result<SoftwareKey, ShareFault> {
    let shares: Vec<_> = shares.into_iter().collect();
    let first = shares.first().ok_or(ShareFault::TooFew { needed: *NEEDED.start(), found: 0 })?;
    for (at, share) in shares.iter().enumerate() {
        if (share.set(), share.public(), share.needed()) != (first.set(), first.public(), first.needed()) {
            return Err(ShareFault::OtherSet { one: first.index(), other: share.index() });
        }
        if shares.iter().take(at).any(|before| before.index() == share.index()) {
            return Err(ShareFault::Twice(share.index()));
        }
    }
    let needed = first.needed();
    if shares.len() < usize::from(needed) {
        return Err(ShareFault::TooFew { needed, found: shares.len() });
    }
    let points = shares.iter().map(|share| share.point()).collect::<Result<Vec<_>, _>>()?;
    let recovered = Zeroizing::new(Sharks(needed).recover(&points).map_err(|_| ShareFault::Check)?);
    let mut seed = Zeroizing::new([0; 32]);
    if recovered.len() != seed.len() {
        return Err(ShareFault::Check);
    }
    seed.copy_from_slice(&recovered);
    let key = SoftwareKey::from_seed(&seed)?;
    if key.public.as_bytes().get(..13) != Some(first.public()) {
        return Err(ShareFault::OtherKey);
    }
    Ok(key)
}

impl Drop for KeyShare {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SysRng;

    fn key() -> SoftwareKey {
        SoftwareKey::from_seed(&[7; 32]).unwrap()
    }

    #[test]
    fn any_two_of_three_restore_the_key_and_one_does_not() {
        let shares = split(&key(), 2, 3, &mut SysRng).unwrap();
        for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 0)] {
            let restored = combine([&shares[a], &shares[b]]).unwrap();
            assert_eq!(restored.public_key(), key().public_key());
        }
        assert_eq!(combine(&shares).unwrap().public_key(), key().public_key());
        assert_eq!(combine([&shares[1]]).unwrap_err(), ShareFault::TooFew { needed: 2, found: 1 });
        assert_eq!(combine([&shares[1], &shares[1]]).unwrap_err(), ShareFault::Twice(2));
    }

    #[test]
    fn every_number_of_shares_up_to_the_limits_restores() {
        for (needed, shares) in [(2, 2), (3, 5), (15, 15), (2, 255)] {
            let made = split(&key(), needed, shares, &mut SysRng).unwrap();
            assert_eq!(made.len(), usize::from(shares));
            assert_eq!(combine(made.iter().rev()).unwrap().public_key(), key().public_key());
        }
        for (needed, shares) in [(1, 3), (0, 0), (3, 2), (16, 20)] {
            assert_eq!(split(&key(), needed, shares, &mut SysRng).unwrap_err(), ShareFault::Numbers.into());
        }
    }

    #[test]
    fn shares_of_two_sets_or_two_keys_never_mix() {
        let [a, b] = [split(&key(), 2, 3, &mut SysRng).unwrap(), split(&key(), 2, 3, &mut SysRng).unwrap()];
        // One in 65,536 has the same number, and then another key comes out.
        let mixed = combine([&a[0], &b[1]]).unwrap_err();
        assert!(matches!(mixed, ShareFault::OtherSet { one: 1, other: 2 } | ShareFault::OtherKey), "{mixed}");
        let other = SoftwareKey::from_seed(&[8; 32]).unwrap();
        let c = split(&other, 2, 3, &mut SysRng).unwrap();
        assert!(matches!(combine([&a[0], &c[1]]).unwrap_err(), ShareFault::OtherSet { .. }));
    }

    #[test]
    fn rows_are_read_again_and_no_changed_symbol_makes_another_share() {
        let share = split(&key(), 2, 3, &mut SysRng).unwrap().remove(0);
        let rows = share.rows();
        assert_eq!(rows.len(), 4);
        assert!(KeyShare::from_rows(&rows).unwrap() == share);
        for (row, text) in rows.iter().enumerate() {
            for (at, was) in text.char_indices().filter(|(_, c)| *c != '-') {
                for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|symbol| *symbol != was) {
                    let mut changed = rows.to_vec();
                    changed[row].replace_range(at..=at, &symbol.to_string());
                    assert!(KeyShare::from_rows(&changed).is_err(), "row {row}, {at}: {symbol}");
                }
            }
        }
    }

    #[test]
    fn no_changed_bit_makes_another_share() {
        let share = split(&key(), 2, 3, &mut SysRng).unwrap().remove(0);
        for bit in 0..BYTES * 8 {
            let mut bytes = *share.bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(KeyShare::from_bytes(&bytes).unwrap_err(), ShareFault::Check, "bit {bit}");
        }
    }

    #[test]
    fn rows_that_are_typed_wrongly_and_shares_of_later_releases_are_told_apart() {
        let share = split(&key(), 2, 3, &mut SysRng).unwrap().remove(0);
        let rows = share.rows();
        let typing = KeyShare::from_rows(&rows[..3]).unwrap_err();
        assert_eq!(typing, ShareFault::Typing(from_rows(CodeKind::KeyShare, &rows[..3]).unwrap_err()));
        // Right by its own check, with a version that this release does not know.
        let mut bytes = *share.bytes;
        bytes[0] = 0x20 | share.needed();
        let (claims, check) = bytes.split_at_mut(BYTES - 4);
        check.copy_from_slice(&digest(claims));
        let newer = KeyShare::from_rows(&to_rows(CodeKind::KeyShare, &bytes).unwrap()).unwrap_err();
        assert_eq!((newer.to_string().as_str(), newer), ("it was made by a newer release", ShareFault::Newer));
    }
}
