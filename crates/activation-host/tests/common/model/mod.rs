//! A model of the rules of an installation, and histories to compare it by.

pub mod history;
pub mod play;
pub mod pool;
pub mod rules;
#[path = "../sold.rs"]
mod sold;
