//! The commands of `activation`: arguments in, sentences and exit codes out.

pub mod asking;
pub mod embedded;
pub mod enter;
pub mod input;
pub mod inspect;
pub mod picture;
pub mod trust;
