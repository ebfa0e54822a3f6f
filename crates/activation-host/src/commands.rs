//! The commands of `activation`: arguments in, sentences and exit codes out.

pub mod embedded;
pub mod input;
pub mod inspect;
