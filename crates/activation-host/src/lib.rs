//! An installation without internet: what activation codes are worth on a host, over the years.
//!
//! [`Installation`] remembers the codes that were entered, the trust bundle, the days that it saw and which host it
//! is, and says what that is worth today. [`inspect`] asks about one code without a memory. Time, storage and the
//! facts of the host are given by [`Settings`], with defaults of the system.
//!
//! It never uses the network, starts no thread and holds no private key. [`entry`] is a code that is being typed,
//! [`picture`] reads the text from a photo of a QR code; [`program`], [`json`] and [`sentences`] are what the
//! programs `activation` and `countersign` have in common.

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
pub mod manual;
pub mod memory;
pub mod monitoring;
pub mod picture;
pub mod program;
pub mod rollback;
pub mod sentences;
pub mod settings;
pub mod sites;
pub mod status;
pub mod storage;
pub mod trust_store;
pub mod usage;

#[cfg(test)]
#[path = "../tests/common/sold.rs"]
mod sold;

pub use activation_code;
pub use installation::Installation;
pub use settings::Settings;
pub use status::Status;

#[doc = include_str!("../../../docs/integrators.md")]
#[cfg(doctest)]
struct IntegratorsPage;
