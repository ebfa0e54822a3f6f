//! The laws stand in the test library of activation-code, so that `cargo test` replays
//! what is saved here.

#[path = "../crates/activation-code/tests/common/desk.rs"]
pub mod desk;
#[path = "../crates/activation-code/tests/common/laws.rs"]
pub mod laws;
