//! Who signs. A signer has no file name, clock or random numbers of its own.

pub mod key_file;
pub mod shares;

use activation_code::{PublicKey, SIGNATURE_BYTES};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rand::rand_core::TryCryptoRng;
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// Something that holds an issuing key and signs with it (RFC 8032, pure Ed25519).
pub trait Signer {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// The signature of `message`. Whoever asks checks it with the shipping verifier
    /// before it leaves the desk.
    ///
    /// # Errors
    /// The device refuses or is gone.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault>;
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct SignerFault;

/// Whether a key has signed a message that is no code: with the same strict verifier (RFC 8032 with canonical points
/// and S < L). What is signed begins with a context of its own, so that none is taken for another.
pub fn has_signed(key: &PublicKey, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let key = VerifyingKey::from_bytes(key.as_bytes());
    key.is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// A key in this process's memory, for one command; wiped when dropped.
pub struct SoftwareKey {
    /// Boxed: a move would leave a copy behind.
    key: Box<SigningKey>,
    public: PublicKey,
}

/// Why a private key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateFault {
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The public half is not one to trust.
    #[error(transparent)]
    Key(#[from] activation_code::KeyFault),
}

impl SoftwareKey {
    /// A new key from these random numbers.
    ///
    /// # Errors
    /// There are none.
    pub fn generate(random: &mut impl TryCryptoRng) -> Result<Self, GenerateFault> {
        let mut seed = Zeroizing::new([0; 32]);
        random.try_fill_bytes(&mut *seed).map_err(|_| GenerateFault::Random)?;
        Ok(Self::from_seed(&seed)?)
    }

    /// Shows the seed to somebody who does not keep it.
    fn with_seed<T>(&self, look: impl FnOnce(&[u8; 32]) -> T) -> T {
        look(self.key.as_bytes())
    }

    /// The key of a seed (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// The public half is not one to trust.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, activation_code::KeyFault> {
        let made = Self::boxed(seed);
        wipe_stack();
        made
    }

    #[inline(never)]
    fn boxed(seed: &[u8; 32]) -> Result<Self, activation_code::KeyFault> {
        let key = Box::new(SigningKey::from_bytes(seed));
        let public = PublicKey::from_bytes(key.verifying_key().as_bytes())?;
        Ok(Self { key, public })
    }
}

/// Overwrites what returned calls have left below on the stack: a value that moves into its box leaves a copy there.
#[inline(never)]
fn wipe_stack() {
    let mut below = [0xA5_u8; 64 * 1024];
    below.zeroize();
    std::hint::black_box(&below);
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignerFault> {
        Ok(self.key.sign(message).to_bytes())
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareKey({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::key_file::{self, Cost, KeyFileFault};
    use super::shares::{self, GenerateOrShareFault, ShareFault};
    use super::*;
    use rand::rand_core::TryRng;
    use rand::rngs::SysRng;
    use std::io;

    /// As a system whose source of random numbers is gone.
    struct NoChance;

    impl TryRng for NoChance {
        type Error = io::Error;

        fn try_next_u32(&mut self) -> Result<u32, io::Error> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn try_next_u64(&mut self) -> Result<u64, io::Error> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), io::Error> {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    impl TryCryptoRng for NoChance {}

    #[test]
    fn without_random_numbers_no_key_is_made_sealed_or_split() {
        const SAYS: &str = "the system gives no random numbers";
        let made = SoftwareKey::generate(&mut NoChance).unwrap_err();
        assert_eq!((made, made.to_string().as_str()), (GenerateFault::Random, SAYS));
        let key = SoftwareKey::from_seed(&[7; 32]).unwrap();
        let sealed = key_file::seal(&key, b"x", Cost::TEST, &mut NoChance).unwrap_err();
        assert_eq!((sealed, sealed.to_string().as_str()), (KeyFileFault::Random, SAYS));
        let split = shares::split(&key, 2, 3, &mut NoChance).unwrap_err();
        assert_eq!(split.to_string(), SAYS);
        assert_eq!(split, GenerateOrShareFault::Generate(GenerateFault::Random));
    }

    #[test]
    fn a_set_that_cannot_be_is_refused_before_it_is_made() {
        let key = SoftwareKey::from_seed(&[7; 32]).unwrap();
        let split = shares::split(&key, 3, 2, &mut SysRng).unwrap_err();
        assert_eq!(split.to_string(), "2 to 15 shares are needed, and there are at least so many and at most 255");
        assert_eq!(split, GenerateOrShareFault::Share(ShareFault::Numbers));
    }

    #[test]
    fn a_key_whose_public_half_nobody_trusts_is_not_made() {
        let weak = activation_code::KeyFault::Weak;
        assert_eq!(GenerateFault::from(weak), GenerateFault::Key(weak));
        assert_eq!(GenerateFault::from(weak).to_string(), weak.to_string());
    }
}
