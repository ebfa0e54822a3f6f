//! A private key as text: PKCS#8 v2 with the public key inside (RFC 5958), encrypted
//! by PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-GCM.
//!
//! GCM, and the comparison of the public key afterwards, because PKCS#8 with CBC is
//! malleable: of 1,320 single-bit flips, 128 gave another key silently.

use super::SoftwareKey;
use activation_code::PublicKey;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use pkcs5::{pbes2, scrypt};
use pkcs8::der::{Decode, asn1::OctetStringRef, pem};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use rand::rand_core::TryCryptoRng;
use zeroize::Zeroizing;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// Longest key file that is read; ours has some 400 bytes.
pub const LONGEST: u64 = 16 * 1024;

/// What trying one passphrase costs: scrypt with N = 2^`log_n`, r = 8, p = 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    log_n: u8,
}

impl Cost {
    /// What a desk uses: 128 MiB and about half a second.
    pub const DESK: Self = Self { log_n: 17 };
    /// For tests alone; `init` never writes it.
    pub const TEST: Self = Self { log_n: 10 };

    const R: u32 = 8;
    const P: u32 = 1;
}

/// Limits of what a hostile file can make us pay: 2 GiB at most, refused before it is paid.
const MOST_LOG_N: u8 = 20;
const MOST_R: u16 = 16;
const MOST_P: u16 = 4;

/// Why a key file does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileFault {
    /// Not one PEM block `ENCRYPTED PRIVATE KEY`, or what is inside is not PKCS#8.
    #[error("it is not an encrypted private key (PEM, PKCS#8)")]
    Shape,
    /// Not scrypt and AES-256-GCM.
    #[error("it is not encrypted with scrypt and AES-256-GCM")]
    Algorithm,
    /// Parameters that would cost more than any desk asks for.
    #[error("opening it would cost too much: scrypt N {n}, r {r}, p {p}, wanted at most 2^20, 16, 4")]
    Cost {
        /// Cost parameter.
        n: u64,
        /// Block size.
        r: u16,
        /// Parallelization.
        p: u16,
    },
    /// The passphrase is wrong, or the file was changed: GCM cannot tell which.
    #[error("the passphrase does not open it")]
    Passphrase,
    /// Decrypted, and not an Ed25519 key with its public half.
    #[error("it holds no Ed25519 key with its public half")]
    NotEd25519,
    /// The public key inside is not that of the private key.
    #[error("its private and public key do not belong together")]
    PublicKey,
    /// The system has no random numbers for salt and nonce.
    #[error("the system gives no random numbers")]
    Random,
}

/// The text of a key file.
///
/// # Errors
/// The system has no random numbers.
pub fn seal(
    key: &SoftwareKey,
    passphrase: &[u8],
    cost: Cost,
    random: &mut impl TryCryptoRng,
) -> Result<Zeroizing<String>, KeyFileFault> {
    let mut salt = [0; 16];
    let mut nonce = [0; 12];
    random.try_fill_bytes(&mut salt).map_err(|_| KeyFileFault::Random)?;
    random.try_fill_bytes(&mut nonce).map_err(|_| KeyFileFault::Random)?;
    let scrypt = scrypt::Params::new(cost.log_n, Cost::R, Cost::P).map_err(|_| KeyFileFault::Algorithm)?;
    let parameters = pbes2::Parameters::scrypt_aes256gcm(scrypt, &salt, nonce).map_err(|_| KeyFileFault::Algorithm)?;

    let plain = key.key.to_pkcs8_der().map_err(|_| KeyFileFault::Shape)?;
    let sealed = parameters.encrypt(passphrase, plain.as_bytes()).map_err(|_| KeyFileFault::Algorithm)?;
    let sealed = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetStringRef::new(&sealed).map_err(|_| KeyFileFault::Shape)?,
    };
    let document = SecretDocument::try_from(sealed).map_err(|_| KeyFileFault::Shape)?;
    document.to_pem(LABEL, pem::LineEnding::LF).map_err(|_| KeyFileFault::Shape)
}

/// The key in the text of a key file.
///
/// # Errors
/// Not such a file, too expensive, wrong passphrase, or a key that does not fit itself.
pub fn open(text: &str, passphrase: &[u8]) -> Result<SoftwareKey, KeyFileFault> {
    let key = decrypt(text, passphrase);
    super::wipe_stack();
    key
}

#[inline(never)]
fn decrypt(text: &str, passphrase: &[u8]) -> Result<SoftwareKey, KeyFileFault> {
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| KeyFileFault::Shape)?;
    if label != LABEL {
        return Err(KeyFileFault::Shape);
    }
    let sealed = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes()).map_err(|_| KeyFileFault::Shape)?;
    let parameters = sealed.encryption_algorithm.pbes2().ok_or(KeyFileFault::Algorithm)?;
    let pbes2::EncryptionScheme::Aes256Gcm { .. } = parameters.encryption else {
        return Err(KeyFileFault::Algorithm);
    };
    let scrypt = parameters.kdf.scrypt().ok_or(KeyFileFault::Algorithm)?;
    if scrypt.cost_parameter > 1 << MOST_LOG_N || scrypt.block_size > MOST_R || scrypt.parallelization > MOST_P {
        return Err(KeyFileFault::Cost { n: scrypt.cost_parameter, r: scrypt.block_size, p: scrypt.parallelization });
    }

    let mut buffer = Zeroizing::new(sealed.encrypted_data.as_bytes().to_vec());
    let plain = parameters.decrypt_in_place(passphrase, &mut buffer).map_err(|_| KeyFileFault::Passphrase)?;
    let info = PrivateKeyInfoRef::from_der(plain).map_err(|_| KeyFileFault::NotEd25519)?;
    // Wiped when dropped (crate ed25519, feature zeroize).
    let pair = KeypairBytes::try_from(info).map_err(|_| KeyFileFault::NotEd25519)?;
    let stated = pair.public_key.as_ref().ok_or(KeyFileFault::NotEd25519)?;
    let key = SoftwareKey::from_seed(&pair.secret_key).map_err(|_| KeyFileFault::NotEd25519)?;
    if PublicKey::from_bytes(stated.as_ref()) != Ok(key.public) {
        return Err(KeyFileFault::PublicKey);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::super::Signer;
    use super::*;
    use pkcs8::der::Encode;
    use rand::rngs::SysRng;

    fn sealed() -> (SoftwareKey, Zeroizing<String>) {
        let key = SoftwareKey::generate(&mut SysRng).unwrap();
        let text = seal(&key, b"correct horse", Cost::TEST, &mut SysRng).unwrap();
        (key, text)
    }

    fn fault(text: &str, passphrase: &[u8]) -> KeyFileFault {
        open(text, passphrase).map(|_| ()).unwrap_err()
    }

    fn with_parameters(parameters: pbes2::Parameters) -> Zeroizing<String> {
        let sealed = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: parameters.into(),
            encrypted_data: OctetStringRef::new(&[0; 100]).unwrap(),
        };
        SecretDocument::try_from(sealed).unwrap().to_pem(LABEL, pem::LineEnding::LF).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_only() {
        let (key, text) = sealed();
        assert_eq!(open(&text, b"correct horse").unwrap().public_key(), key.public_key());
        assert_eq!(fault(&text, b"correct horsf"), KeyFileFault::Passphrase);
        assert_eq!(fault(&text, b""), KeyFileFault::Passphrase);
    }

    #[test]
    fn no_single_bit_flip_of_the_file_opens_as_another_key() {
        let (key, text) = sealed();
        let (_, document) = SecretDocument::from_pem(&text).unwrap();
        for bit in 0..document.as_bytes().len() * 8 {
            let mut bytes = document.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(flipped) = SecretDocument::try_from(bytes) else { continue };
            let flipped = flipped.to_pem(LABEL, pem::LineEnding::LF).unwrap();
            if let Ok(opened) = open(&flipped, b"correct horse") {
                assert_eq!(opened.public_key(), key.public_key(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_file_that_would_cost_too_much_is_refused_before_it_is_paid() {
        let scrypt = |log_n, r, p| {
            let params = scrypt::Params::new(log_n, r, p).unwrap();
            with_parameters(pbes2::Parameters::scrypt_aes256gcm(params, &[7; 16], [0; 12]).unwrap())
        };
        for (log_n, r, p) in [(21, 8, 1), (17, 17, 1), (17, 8, 5), (40, 8, 1)] {
            let wanted = KeyFileFault::Cost { n: 1 << log_n, r: r as u16, p: p as u16 };
            assert_eq!(fault(&scrypt(log_n, r, p), b"x"), wanted);
        }
        assert_eq!(fault(&scrypt(10, 8, 1), b"x"), KeyFileFault::Passphrase);
    }

    #[test]
    fn other_ciphers_and_other_files_are_refused_by_name() {
        let params = scrypt::Params::new(10, 8, 1).unwrap();
        let weaker = with_parameters(pbes2::Parameters::scrypt_aes128gcm(params, &[7; 16], [0; 12]).unwrap());
        assert_eq!(fault(&weaker, b"x"), KeyFileFault::Algorithm);
        assert_eq!(fault("", b"x"), KeyFileFault::Shape);
        assert_eq!(
            fault("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", b"x"),
            KeyFileFault::Shape
        );
        let (_, text) = sealed();
        assert_eq!(fault(&text.replace("ENCRYPTED ", ""), b"correct horse"), KeyFileFault::Shape);
        assert_eq!(fault(&text[..text.len() / 2], b"correct horse"), KeyFileFault::Shape);
    }

    #[test]
    fn a_key_whose_public_half_is_anothers_or_missing_is_refused() {
        let key = SoftwareKey::generate(&mut SysRng).unwrap();
        let other = SoftwareKey::generate(&mut SysRng).unwrap();
        let seal_pair = |public: Option<&SoftwareKey>| {
            let pair = KeypairBytes {
                secret_key: key.key.to_bytes(),
                public_key: public.map(|key| ed25519_dalek::pkcs8::PublicKeyBytes(*key.public.as_bytes())),
            };
            let plain = pair.to_pkcs8_der().unwrap();
            let params = scrypt::Params::new(10, 8, 1).unwrap();
            let parameters = pbes2::Parameters::scrypt_aes256gcm(params, &[7; 16], [0; 12]).unwrap();
            let data = parameters.encrypt(b"x", plain.as_bytes()).unwrap();
            let sealed = EncryptedPrivateKeyInfoRef {
                encryption_algorithm: parameters.into(),
                encrypted_data: OctetStringRef::new(&data).unwrap(),
            };
            pem::encode_string(LABEL, pem::LineEnding::LF, &sealed.to_der().unwrap()).unwrap()
        };
        assert!(open(&seal_pair(Some(&key)), b"x").is_ok());
        assert_eq!(fault(&seal_pair(Some(&other)), b"x"), KeyFileFault::PublicKey);
        assert_eq!(fault(&seal_pair(None), b"x"), KeyFileFault::NotEd25519);
    }

    #[test]
    fn a_key_says_only_its_public_half_when_it_is_printed() {
        let key = SoftwareKey::from_seed(&[1; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "SoftwareKey(8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c)");
    }
}
