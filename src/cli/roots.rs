//! Root keys as they are given by hand.

use super::failure::Failure;
use activation_code::{PublicKey, Roots};

#[derive(clap::Args)]
pub struct RootArguments {
    /// A root key, in 64 hex digits; may be repeated
    #[arg(long, value_name = "HEX")]
    root: Vec<PublicKey>,
    /// How many of the roots have to sign, instead of all that are given
    #[arg(long, value_name = "M", requires = "root")]
    roots_needed: Option<u8>,
}

impl RootArguments {
    /// The roots, if any were given.
    pub fn roots(&self) -> Result<Option<Roots>, Failure> {
        if self.root.is_empty() {
            return Ok(None);
        }
        roots(&self.root, self.roots_needed).map(Some)
    }
}

/// These roots together, of which so many sign.
pub fn roots(keys: &[PublicKey], needed: Option<u8>) -> Result<Roots, Failure> {
    let all = u8::try_from(keys.len()).unwrap_or(u8::MAX);
    Roots::new(needed.unwrap_or(all), keys.iter().copied()).ok_or_else(|| {
        Failure::could_not("these roots cannot be trusted together")
            .hint("give 1 to 16 different roots, and let at least one and at most all of them sign")
    })
}
