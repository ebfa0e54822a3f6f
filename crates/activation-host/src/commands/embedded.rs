//! Issuers that a vendor compiles into the program: `ACTIVATION_ISSUERS="1:HEX,2:HEX" cargo build`.

use activation_code::{IssuerFault, IssuerNumber, PinnedIssuer, PublicKey, Roots};
use std::fmt;

/// Why the issuers that were compiled in are not used.
#[derive(Debug, PartialEq, Eq)]
pub enum EmbeddedFault {
    /// One of them is no issuer.
    Issuer(IssuerFault),
    /// One of them is a published test key, in a release build.
    TestKey(IssuerNumber),
}

impl fmt::Display for EmbeddedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this program was built with an issuer that it does not trust: ")?;
        match self {
            Self::Issuer(fault) => fault.fmt(f),
            Self::TestKey(number) => write!(f, "issuer {number} has a published test key"),
        }
    }
}

/// The issuers compiled into this program; none in the project's own builds.
///
/// # Errors
/// One that no release may trust.
pub fn issuers() -> Result<Vec<PinnedIssuer>, EmbeddedFault> {
    parse(option_env!("ACTIVATION_ISSUERS").unwrap_or(""), cfg!(debug_assertions))
}

/// The roots compiled into this program (`ACTIVATION_ROOTS="2 HEX,HEX,HEX" cargo build`): the threshold, and the keys.
///
/// # Errors
/// They make no set of roots.
pub fn roots() -> Result<Option<Roots>, EmbeddedRootsFault> {
    parse_roots(option_env!("ACTIVATION_ROOTS").unwrap_or(""))
}

/// The roots that were compiled in are not used.
#[derive(Debug, PartialEq, Eq)]
pub struct EmbeddedRootsFault;

impl fmt::Display for EmbeddedRootsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this program was built with roots that it cannot trust: wanted a threshold and keys, as in `2 HEX,HEX`",
        )
    }
}

fn parse_roots(text: &str) -> Result<Option<Roots>, EmbeddedRootsFault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (threshold, keys) = text.trim().split_once(' ').ok_or(EmbeddedRootsFault)?;
    let threshold = threshold.parse().map_err(|_| EmbeddedRootsFault)?;
    let keys = keys.split(',').map(|key| key.trim().parse().map_err(|_| EmbeddedRootsFault));
    Roots::new(threshold, keys.collect::<Result<Vec<PublicKey>, _>>()?).map(Some).ok_or(EmbeddedRootsFault)
}

fn parse(list: &str, test_keys_allowed: bool) -> Result<Vec<PinnedIssuer>, EmbeddedFault> {
    list.split(',')
        .filter(|text| !text.trim().is_empty())
        .map(|text| {
            let issuer: PinnedIssuer = text.trim().parse().map_err(EmbeddedFault::Issuer)?;
            if issuer.key.is_published_test_key() && !test_keys_allowed {
                return Err(EmbeddedFault::TestKey(issuer.number));
            }
            Ok(issuer)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST_KEY: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
    // RFC 8032, section 7.1, test 1.
    const OTHER_KEY: &str = "2:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn what_was_compiled_in_and_is_not_used_is_said() {
        let words = parse(TEST_KEY, false).unwrap_err().to_string();
        let wanted = "this program was built with an issuer that it does not trust: issuer 1 has a published test key";
        assert_eq!(words, wanted);
        let words = parse("nonsense", false).unwrap_err().to_string();
        assert!(words.starts_with("this program was built with an issuer that it does not trust: "), "{words}");
        let words = parse_roots("nonsense").unwrap_err().to_string();
        assert!(words.contains("wanted a threshold and keys, as in `2 HEX,HEX`"), "{words}");
    }

    #[test]
    fn a_release_build_trusts_no_test_key() {
        assert!(matches!(parse(TEST_KEY, false), Err(EmbeddedFault::TestKey(_))));
        assert!(matches!(parse(&format!("{OTHER_KEY}, {TEST_KEY}"), false), Err(EmbeddedFault::TestKey(_))));
        assert_eq!(parse(TEST_KEY, true).unwrap().len(), 1);
    }

    #[test]
    fn roots_are_read_with_their_threshold() {
        let key = &OTHER_KEY[2..];
        assert_eq!(parse_roots(""), Ok(None));
        assert_eq!(parse_roots(&format!("1 {key}")).unwrap().unwrap().threshold(), 1);
        for text in [key.to_owned(), format!("2 {key}"), format!("0 {key}"), format!("1 {key},{key}"), "1 x".to_owned()]
        {
            assert_eq!(parse_roots(&text), Err(EmbeddedRootsFault), "{text}");
        }
    }

    #[test]
    fn issuers_are_read_from_a_list() {
        assert_eq!(parse("", false), Ok(vec![]));
        assert_eq!(parse(OTHER_KEY, false).unwrap()[0].to_string(), OTHER_KEY);
        assert_eq!(parse("nonsense", false), Err(EmbeddedFault::Issuer(IssuerFault::Shape)));
    }
}
