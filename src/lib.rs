//! The license desk: issues activation codes that a host without internet can check.
//!
//! The rooms: [`desk`] has the operations that a clerk knows and does no I/O but the
//! ledger; [`ledger`] is the only code that knows SQL; [`signer`] is the only code that
//! sees a private key; [`key_store`] and [`hardening`] keep it on disk and in memory;
//! [`documents`] has what leaves the desk on paper and as a file; [`partner`] what passes
//! between two desks; [`calendar`] counts months; [`hex`] writes bytes. The program around
//! them is a thin shell.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(clippy::print_stdout, clippy::print_stderr)]

// What tests/common has for the tests of this crate and for those around it names the crate.
#[cfg(test)]
extern crate self as countersign;

pub mod calendar;
pub mod desk;
pub mod documents;
pub mod hardening;
pub mod hex;
pub mod key_store;
pub mod ledger;
pub mod partner;
pub mod signer;
pub mod trust;
