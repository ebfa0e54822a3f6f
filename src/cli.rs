//! Arguments, sentences and exit codes: a thin shell over the desk's operations.

mod account;
mod audit;
mod backup;
mod batch;
mod branding;
mod bundle;
mod bundle_file;
mod catalogue;
mod certificate;
mod change;
mod clock_reset;
mod contact;
mod customer;
mod failure;
mod folder;
mod history;
mod host_request;
mod import;
mod init;
mod issue;
mod issuer;
mod key;
mod license;
mod limit_arguments;
mod limits;
mod list;
mod notices;
mod operator;
mod output;
mod partner;
mod passphrase;
mod print;
mod printer;
mod product;
mod progress;
mod quickstart;
mod registration_key;
mod report;
mod reprint;
mod request;
mod revoke;
mod root;
mod roots;
mod session;
mod show;
mod statement;
mod stolen;
mod transfer;
mod typed_row;
mod usage;

use activation_host::manual;
use activation_host::program::{self, Exit};
use clap::{Parser, Subcommand};
use countersign::hardening::protect_memory;
use countersign::ledger::{Operator, OperatorName};
use failure::Failure;
use folder::Folder;
use passphrase::Source;
use print::complain;
use std::path::{Path, PathBuf};

/// As it is typed, and as it complains.
const PROGRAM: &str = "countersign";

/// The license desk: issues activation codes for software whose customers have no internet
#[derive(Parser)]
#[command(
    name = PROGRAM,
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 done, 1 a rule of the desk says no, 2 could not do it.

Examples:
  countersign quickstart
  countersign init --vendor 'Example Security'
  countersign issue --customer 1 --product ES --units 250 --from 2026-12-01 --term 1y --order PO-77
  countersign show 1"
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(clap::Args)]
#[command(next_help_heading = "Options of every command")]
struct Common {
    /// The desk's folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "COUNTERSIGN_DESK",
        hide_env_values = true,
        default_value = "./license-desk"
    )]
    desk: PathBuf,
    /// Read the passphrase from a file
    #[arg(long, global = true, value_name = "F")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from an open file descriptor
    #[arg(long, global = true, value_name = "N", conflicts_with = "passphrase_file", value_parser = descriptor)]
    passphrase_fd: Option<u32>,
    /// Who works at the desk
    #[arg(long, global = true, value_name = "NAME", env = "COUNTERSIGN_OPERATOR", hide_env_values = true)]
    operator: Option<OperatorName>,
    /// Read the operator's own passphrase from a file
    #[arg(long, global = true, value_name = "F")]
    operator_file: Option<PathBuf>,
    /// Confirm a day that the ledger doubts
    #[arg(long, global = true)]
    clock_is_right: bool,
    /// Do not ask before signing
    #[arg(long, global = true)]
    yes: bool,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print a list as CSV, for spreadsheets
    #[arg(long, global = true, conflicts_with = "json")]
    csv: bool,
}

fn descriptor(text: &str) -> Result<u32, &'static str> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or("a file descriptor is a whole number, as in --passphrase-fd 3 3< FILE")
}

#[derive(Subcommand)]
enum Command {
    Init(init::Arguments),
    Product(product::Arguments),
    Customer(customer::Arguments),
    Account(account::Arguments),
    RegistrationKey(registration_key::Arguments),
    Issue(issue::Arguments),
    Renew(license::Renew),
    Downsize(license::Downsize),
    AddUnits(license::AddUnits),
    Upgrade(license::Upgrade),
    Convert(license::Convert),
    Batch(batch::Arguments),
    Revoke(revoke::Arguments),
    Transfer(transfer::Arguments),
    ClockReset(clock_reset::Arguments),
    Show(show::ShowArguments),
    Reprint(reprint::ReprintArguments),
    List(list::ListArguments),
    Search(reprint::SearchArguments),
    Due(list::DueArguments),
    Notices(notices::Arguments),
    Statement(statement::Arguments),
    History(history::Arguments),
    Report(report::Arguments),
    Usage(usage::Arguments),
    Requests(request::List),
    Approve(request::Approve),
    Reject(request::Reject),
    Operator(operator::Arguments),
    Limits(limits::Arguments),
    Issuer(issuer::Arguments),
    Partner(partner::Arguments),
    Key(key::Arguments),
    Bundle(bundle::Arguments),
    Root(root::Arguments),
    Branding(branding::Arguments),
    Audit(audit::Arguments),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Import(import::Arguments),
    Quickstart(quickstart::Arguments),
    Completions(manual::Completions),
    #[command(name = "man")]
    ManPages(manual::ManPages),
}

impl Command {
    /// Whether it prints a list, which can be CSV too.
    fn lists(&self) -> bool {
        match self {
            Self::Product(arguments) => arguments.lists(),
            Self::Customer(arguments) => arguments.lists(),
            Self::Account(arguments) => arguments.lists(),
            Self::RegistrationKey(arguments) => arguments.lists(),
            Self::Operator(arguments) => arguments.lists(),
            Self::Usage(arguments) => arguments.lists(),
            Self::Notices(_) => true,
            Self::List(_) | Self::Search(_) | Self::Due(_) | Self::History(_) | Self::Report(_) => true,
            Self::Requests(_) => true,
            _ => false,
        }
    }
}

/// What a command needs beside its own arguments.
struct Context {
    folder: Folder,
    passphrase: Source,
    operator: Option<OperatorName>,
    operator_passphrase: Source,
    new_passphrase: Source,
    clock_is_right: bool,
    yes: bool,
    json: bool,
    csv: bool,
}

impl Context {
    /// Whom a new desk begins with.
    fn first_operator(&self) -> Operator {
        let first = Operator::first();
        Operator { name: self.operator.clone().unwrap_or(first.name), ..first }
    }
}

/// Runs the program.
pub fn run() -> Exit {
    let arguments = match program::arguments::<Arguments>(PROGRAM) {
        Ok(arguments) => arguments,
        Err(exit) => return exit,
    };
    match &arguments.command {
        Command::Completions(wanted) => return manual::completions::<Arguments>(PROGRAM, wanted),
        Command::ManPages(wanted) => return manual::man_pages::<Arguments>(PROGRAM, wanted),
        _ => {}
    }
    match execute(arguments) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            complain(PROGRAM, &failure.sentence, failure.hint.as_deref());
            failure.exit
        }
    }
}

fn execute(Arguments { common, command }: Arguments) -> Result<(), Failure> {
    if common.csv && !command.lists() {
        return Err(Failure::could_not(
            "--csv goes with lists only, as list, due, search, history and report print them",
        )
        .hint("use --json, or leave it out"));
    }
    // Before the memory is protected: afterwards /dev/fd belongs to root.
    let options = "--passphrase-file F or --passphrase-fd N";
    let passphrase = Source::open(common.passphrase_file, common.passphrase_fd, options)?;
    let operator_passphrase = Source::open(common.operator_file, None, "--operator-file F")?;
    let new_passphrase = match &command {
        Command::Operator(arguments) => arguments.new_passphrase_file().map(Path::to_owned),
        Command::Key(arguments) => arguments.new_passphrase_file().map(Path::to_owned),
        _ => None,
    };
    let new_passphrase = Source::open(new_passphrase, None, "--new-passphrase-file F")?;
    protect_memory().map_err(|error| {
        Failure::could_not(format!("cannot keep the process's memory to itself: {}", program::system(&error)))
    })?;
    let context = Context {
        folder: Folder::new(common.desk),
        passphrase,
        operator: common.operator,
        operator_passphrase,
        new_passphrase,
        clock_is_right: common.clock_is_right,
        yes: common.yes,
        json: common.json,
        csv: common.csv,
    };
    match command {
        Command::Init(arguments) => init::run(&context, &arguments),
        Command::Product(arguments) => product::run(&context, arguments),
        Command::Customer(arguments) => customer::run(&context, arguments),
        Command::Account(arguments) => account::run(&context, arguments),
        Command::RegistrationKey(arguments) => registration_key::run(&context, arguments),
        Command::Issue(arguments) => issue::run(&context, arguments),
        Command::Renew(arguments) => license::renew(&context, arguments),
        Command::Downsize(arguments) => license::downsize(&context, arguments),
        Command::AddUnits(arguments) => license::add_units(&context, arguments),
        Command::Upgrade(arguments) => license::upgrade(&context, arguments),
        Command::Convert(arguments) => license::convert(&context, arguments),
        Command::Batch(arguments) => batch::run(&context, &arguments),
        Command::Revoke(arguments) => revoke::run(&context, &arguments),
        Command::Transfer(arguments) => transfer::run(&context, &arguments),
        Command::ClockReset(arguments) => clock_reset::run(&context, &arguments),
        Command::Show(arguments) => show::show(&context, &arguments),
        Command::Reprint(arguments) => reprint::reprint(&context, &arguments),
        Command::List(arguments) => list::list(&context, &arguments),
        Command::Search(arguments) => reprint::search(&context, &arguments),
        Command::Due(arguments) => list::due(&context, &arguments),
        Command::Notices(arguments) => notices::run(&context, &arguments),
        Command::Statement(arguments) => statement::run(&context, &arguments),
        Command::History(arguments) => history::run(&context, &arguments),
        Command::Report(arguments) => report::run(&context, &arguments),
        Command::Usage(arguments) => usage::run(&context, &arguments),
        Command::Requests(arguments) => request::list(&context, &arguments),
        Command::Approve(arguments) => request::approve(&context, &arguments),
        Command::Reject(arguments) => request::reject(&context, &arguments),
        Command::Operator(arguments) => operator::run(&context, arguments),
        Command::Limits(arguments) => limits::run(&context, arguments),
        Command::Issuer(arguments) => issuer::run(&context, &arguments),
        Command::Partner(arguments) => partner::run(&context, &arguments),
        Command::Key(arguments) => key::run(&context, &arguments),
        Command::Bundle(arguments) => bundle::run(&context, &arguments),
        Command::Root(arguments) => root::run(&context, &arguments),
        Command::Branding(arguments) => branding::run(&context, arguments),
        Command::Audit(arguments) => audit::run(&context, &arguments),
        Command::Backup(arguments) => backup::back_up(&context, &arguments),
        Command::Restore(arguments) => backup::restore(&context, &arguments),
        Command::Import(arguments) => import::run(&context, &arguments),
        Command::Quickstart(_) => quickstart::run(&context),
        // They need nothing of this, and are done already.
        Command::Completions(_) | Command::ManPages(_) => Ok(()),
    }
}
