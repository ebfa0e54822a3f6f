//! The laws stand in the test libraries of activation-code, activation-host and the desk, so that `cargo test` replays
//! what is saved here.

#[path = "../crates/activation-code/tests/common/desk.rs"]
pub mod desk;
#[path = "../crates/activation-host/tests/common/laws.rs"]
pub mod host;
#[path = "../crates/activation-code/tests/common/laws.rs"]
pub mod laws;
#[path = "../tests/common/laws.rs"]
pub mod partners;
#[path = "../crates/activation-host/tests/common/sold.rs"]
pub mod sold;
