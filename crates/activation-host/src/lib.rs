//! An installation without internet: what an activation code is worth on a host.
//!
//! ```
//! use activation_code::{PinnedIssuer, Purpose, Trust};
//! use activation_host::inspect::{Inspection, Outcome, Question};
//!
//! # let issuer = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
//! # let typed = "20040-0E000-84G00-3X00H-7FRHT 0PS04-NGZPE-9CK4J-7DT4X-VA7K6 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM
//! #     7G669-0T3SX-645X4-R6SRN-861EK J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H SBXV8-F7K7R-SNN7P-Y1T14-49974";
//! let issuer: PinnedIssuer = issuer.parse()?;
//! let trust = Trust::pinned(Purpose::Production, [issuer])?;
//! let inspection = Inspection::of(typed, &trust, &Question::on("2027-10-01".parse()?));
//! assert_eq!(inspection.outcome, Outcome::Accepted);
//! assert!(inspection.standing.is_some_and(|standing| standing.run));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It never uses the network and holds no private key. [`picture`] reads the text from a
//! photo of a QR code. [`program`] and [`json`] are what the programs `activation` and
//! `countersign` have in common.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod checked_text;
pub mod damage;
pub mod days;
pub mod draft;
pub mod entry;
pub mod files;
pub mod holdings;
pub mod host;
pub mod inspect;
pub mod installation;
pub mod json;
pub mod memory;
pub mod monitoring;
pub mod picture;
pub mod program;
pub mod rollback;
pub mod sentences;
pub mod settings;
pub mod status;
pub mod storage;
pub mod trust_store;

pub use installation::Installation;
pub use settings::Settings;
pub use status::Status;
