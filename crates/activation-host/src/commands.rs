//! The commands of `activation`: arguments in, sentences and exit codes out.

pub mod asking;
pub mod embedded;
pub mod enter;
pub mod forget;
pub mod input;
pub mod inspect;
pub mod picture;
pub mod report;
pub mod request;
pub mod sites;
pub mod status;
pub mod trust;

use crate::PROGRAM;
use activation_host::program::{Exit, complain, print, system};

/// Prints the answer of a command, whole or not at all.
///
/// # Errors
/// Nobody can read it; that is said.
fn answer(text: &str) -> Result<Exit, Exit> {
    print(text).map(|()| Exit::Done).map_err(|error| {
        complain(PROGRAM, &format!("cannot write the answer: {}", system(&error)), None);
        Exit::CouldNot
    })
}
