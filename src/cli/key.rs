//! `countersign key`: the life of issuing keys.

mod lost;
mod new;
mod rotate;

use super::Context;
use super::failure::Failure;
use clap::Subcommand;

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
  countersign key lost 1 --reissue --output codes.csv"
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
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::New(arguments) => new::run(context, arguments),
        Command::Rotate(arguments) => rotate::run(context, arguments),
        Command::Lost(arguments) => lost::run(context, arguments),
    }
}
