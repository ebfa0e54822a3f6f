//! `activation`: what an installation without internet makes of an activation code.

mod commands;

use activation_host::{manual, program};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

const PROGRAM: &str = "activation";

/// Says what activation codes are worth on this host, without any network.
#[derive(Parser)]
#[command(
    name = PROGRAM,
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 yes, accepted or done; 1 understood, and the answer is no; 2 could not tell or do it.

Examples:
  activation enter
  activation status
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
    Status(commands::status::Arguments),
    Trust(commands::trust::Arguments),
    Request(commands::request::Arguments),
    Sites(commands::sites::Arguments),
    Report(commands::report::Arguments),
    Forget(commands::forget::Arguments),
    Completions(manual::Completions),
    #[command(name = "man")]
    ManPages(manual::ManPages),
    #[command(hide = true, name = commands::picture::NAME)]
    Picture(commands::picture::Arguments),
}

fn main() -> ExitCode {
    let outcome = program::arguments(PROGRAM).map(|Arguments { command }| match command {
        Command::Inspect(arguments) => commands::inspect::run(&arguments).into(),
        Command::Enter(arguments) => commands::enter::run(arguments).into(),
        Command::Status(arguments) => commands::status::run(&arguments),
        Command::Trust(arguments) => commands::trust::run(&arguments).into(),
        Command::Request(arguments) => commands::request::run(&arguments).into(),
        Command::Sites(arguments) => commands::sites::run(arguments).into(),
        Command::Report(arguments) => commands::report::run(&arguments).into(),
        Command::Forget(arguments) => commands::forget::run(&arguments).into(),
        Command::Completions(arguments) => manual::completions::<Arguments>(PROGRAM, &arguments).into(),
        Command::ManPages(arguments) => manual::man_pages::<Arguments>(PROGRAM, &arguments).into(),
        Command::Picture(arguments) => commands::picture::run(&arguments).into(),
    });
    match outcome {
        Ok(code) => code,
        Err(exit) => exit.into(),
    }
}
