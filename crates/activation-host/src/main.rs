//! `activation`: what an installation without internet makes of an activation code.

mod commands;

use activation_host::program;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

const PROGRAM: &str = "activation";

/// Says what an activation code is worth, without any network.
#[derive(Parser)]
#[command(
    name = PROGRAM,
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 accepted, 1 refused, 2 not readable or not possible.

Example:
  activation inspect --issuer 1:HEX code.txt"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Inspect(commands::inspect::Arguments),
    Enter(commands::enter::Arguments),
    Trust(commands::trust::Arguments),
    #[command(hide = true, name = commands::picture::NAME)]
    Picture(commands::picture::Arguments),
}

fn main() -> ExitCode {
    let outcome = program::arguments(PROGRAM).map(|Arguments { command }| match command {
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Enter(arguments) => commands::enter::run(arguments),
        Command::Trust(arguments) => commands::trust::run(&arguments),
        Command::Picture(arguments) => commands::picture::run(&arguments),
    });
    match outcome {
        Ok(exit) | Err(exit) => exit.into(),
    }
}
