//! Activation codes: signed statements *which product, how many units, maintained from
//! when to when* that a person can type from paper and a host without internet can check.
//!
//! ```
//! use activation_code::{Accepted, PinnedIssuer, Purpose, Trust};
//!
//! // Compiled into the product: what the license desk's `issuer` command prints.
//! # let issuer = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
//! let issuer: PinnedIssuer = issuer.parse()?;
//! let trust = Trust::pinned(Purpose::Production, [issuer])?;
//!
//! let typed = "
//!     1) 20040-0E000-84G00-3X00H-7FRHT
//!     2) 0PS04-NGZPE-9CK4J-7DT4X-VA7K6
//!     3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM
//!     4) 7G669-0T3SX-645X4-R6SRN-861EK
//!     5) J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H
//!     6) SBXV8-F7K7R-SNN7P-Y1T14-49974";
//! // Mistakes are mended where the signature proves what was meant; `read_strictly` mends none.
//! let Accepted { license, repairs } = match trust.read(typed) {
//!     Ok(accepted) => accepted,
//!     Err(rejected) => panic!("{rejected}"), // a sentence; `rejected.obstacle` has the facts
//! };
//! assert_eq!(license.terms().units.get(), 250);
//! assert!(repairs.is_empty());
//!
//! // The clock is an argument; the release's day comes from the product's build.
//! let standing = license.standing("2027-10-01".parse()?, Some("2027-09-15".parse()?));
//! assert!(standing.run && standing.updates && standing.release_covered == Some(true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Forgetting to verify does not compile: an [`ActivationCode`] has only
//! [`unverified_terms`](ActivationCode::unverified_terms), and a [`License`] comes from
//! [`Trust::verify`] alone. The crate has no clock, no file, no random numbers and no
//! private key; it does not panic, and looks at no more than 64 KiB of text.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

extern crate alloc;

mod bits;
mod bundle;
mod code;
mod day;
mod host_codes;
mod kinds;
mod note;
mod reading;
mod reason;
mod registration_key;
mod repair;
#[allow(clippy::indexing_slicing, reason = "tables that are made while this is compiled, or whose index is masked")]
mod rows;
mod standing;
mod terms;
mod trust;
mod typing;

pub use bundle::{
    BUNDLE_CONTEXT, Bundle, BundleFault, BundleIssuer, BundleProduct, CodeDigest, IssuerLimits, Limit, LimitFault,
    MAX_BUNDLE, Roots, code_digest,
};
pub use code::{ActivationCode, CONTEXT, ReadFault, TRANSPORT_PREFIX, signed_message};
pub use day::{Day, DayFault, MaintenancePeriod};
pub use host_codes::{
    CLOCK_RESET_CONTEXT, ClockReset, ClockResetTerms, ClockState, HostCodeFault, HostRequest, Nonce, Receipt,
    UnverifiedClockReset,
};
pub use kinds::{from_rows, to_rows, to_rows_in_digits};
pub use note::{NoteFault, note_signers, signature_line};
pub use reading::{MAX_SYMBOLS, MAX_TEXT, TextPlace};
pub use reason::{Reason, ReasonClass};
pub use registration_key::RegistrationKey;
pub use repair::{
    Effort, Event, MOST_COMBINATIONS, MOST_EXPLANATIONS, MOST_POSSIBLE_ROWS, MOST_SIGNATURES, PossibleRow,
    PossibleRows, Proposal, Repair, RowAnswer, RowProposal, Sureness, possible_rows, propose, read_row, read_row_of,
};
pub use rows::{ALPHABET, CodeKind, Shape};
pub use standing::{Answer, FROZEN_DAYS, Phase, Standing, Warning, notice_days};
pub use terms::{
    Features, Field, Flaw, Holder, HolderFault, HostId, IssuerNumber, Kind, LicenseNumber, Members, Newer, NumberFault,
    PayloadFault, ProductId, Revision, SIGNATURE_BYTES, Terms, TermsFault, Units, UnverifiedFirstRow,
};
pub use trust::{
    Accepted, EndOfLife, IssuerFault, KeyFault, License, Obstacle, PUBLISHED_TEST_KEYS, PinnedIssuer, PublicKey,
    Purpose, Refusal, Rejected, Target, Trust, TrustFault,
};
pub use typing::{RowGroup, TypingFault, TypingFaults};
