//! `countersign key`: the life of issuing keys.

mod lost;
mod new;
mod recover;
mod rotate;
mod shares;
mod typed;

use super::Context;
use super::failure::Failure;
use clap::Subcommand;
use std::path::Path;

/// Make, replace and give up issuing keys
#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
A planned change: key new, then a bundle that has it (bundle draft, root sign, bundle publish), then
key rotate; every code stays good. A key that somebody else may have: key lost. `countersign issuer`
shows the keys.

Examples:
  countersign key new
  countersign key rotate
  countersign key lost 1 --reissue --output codes.csv
  countersign key shares license-desk/issuer-1.key"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(new::Arguments),
    Rotate(rotate::Arguments),
    Lost(lost::Arguments),
    Shares(shares::Arguments),
    Recover(recover::Arguments),
}

impl Arguments {
    /// Where the passphrase of a new key file comes from, if not from the terminal.
    pub fn new_passphrase_file(&self) -> Option<&Path> {
        match &self.command {
            Command::Recover(arguments) => arguments.new_passphrase_file(),
            _ => None,
        }
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::New(arguments) => new::run(context, arguments),
        Command::Rotate(arguments) => rotate::run(context, arguments),
        Command::Lost(arguments) => lost::run(context, arguments),
        Command::Shares(arguments) => shares::run(context, arguments),
        Command::Recover(arguments) => recover::run(context, arguments),
    }
}
