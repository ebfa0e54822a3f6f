//! `countersign operator`: who works at the desk.

use super::Context;
use super::failure::Failure;
use super::print::complain;
use super::print::{self, Line};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::desk::{self, OperatorEdit, Permission, Refused};
use countersign::documents::csv::Cell;
use countersign::ledger::{AccountNumber, Ledger, Operator, OperatorName, Role};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Add, change and list operators
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    Change(Change),
    /// List the operators, those who left too
    List,
    Passphrase(Passphrase),
}

/// Add an operator
#[derive(clap::Args)]
#[command(after_help = "\
The passphrase is asked for on a terminal. With neither terminal nor file there is none, and whoever
gives the name is that operator.

Examples:
  countersign operator add anna --role license-manager
  countersign operator add bernd --role support --new-passphrase-file secret
  countersign operator add nora --role account-manager --account 'North Systems'")]
struct Add {
    /// The name that stands in the book: a-z, digits, dot, hyphen
    #[arg(value_name = "NAME")]
    name: OperatorName,
    /// What they are for
    #[arg(long, value_name = "ROLE", value_parser = roles())]
    role: String,
    /// The partner they work for, by number or name
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    #[command(flatten)]
    new: NewPassphrase,
}

/// Change what an operator is for, or whether they work here
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true))]
#[command(after_help = "\
Examples:
  countersign operator change anna --role administrator
  countersign operator change bernd --deactivate")]
struct Change {
    /// Who
    #[arg(value_name = "NAME")]
    name: OperatorName,
    /// What they are for from now on
    #[arg(long, value_name = "ROLE", group = "change", value_parser = roles())]
    role: Option<String>,
    /// The partner they work for from now on, by number or name
    #[arg(long, value_name = "ACCOUNT", group = "change")]
    account: Option<String>,
    /// They work for the vendor from now on
    #[arg(long, group = "change")]
    no_account: bool,
    /// They leave; the name stays theirs
    #[arg(long, group = "change")]
    deactivate: bool,
    /// They are back
    #[arg(long, group = "change")]
    activate: bool,
}

/// Set a passphrase: one's own, or as administrator another's
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign --operator anna operator passphrase
  countersign operator passphrase bernd --new-passphrase-file secret")]
struct Passphrase {
    /// Whose; without it, one's own
    #[arg(value_name = "NAME")]
    name: Option<OperatorName>,
    #[command(flatten)]
    new: NewPassphrase,
}

#[derive(clap::Args)]
struct NewPassphrase {
    /// Read the new passphrase from a file
    #[arg(long, value_name = "F")]
    new_passphrase_file: Option<PathBuf>,
}

fn roles() -> PossibleValuesParser {
    PossibleValuesParser::new(Role::ALL.map(Role::name))
}

fn role(name: &str) -> Result<Role, Failure> {
    Role::from_name(name).ok_or_else(|| Failure::could_not("an unknown name passed the command line"))
}

impl Arguments {
    /// Where a new passphrase shall come from.
    pub fn new_passphrase_file(&self) -> Option<&Path> {
        match &self.command {
            Command::Add(Add { new, .. }) | Command::Passphrase(Passphrase { new, .. }) => {
                new.new_passphrase_file.as_deref()
            }
            Command::Change(_) | Command::List => None,
        }
    }
}

#[derive(Serialize)]
struct OperatorJson {
    name: String,
    role: &'static str,
    active: bool,
    passphrase: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<u32>,
}

impl OperatorJson {
    fn of(ledger: &mut Ledger, operator: &Operator) -> Result<Self, Failure> {
        let account = desk::account_of_operator(ledger, &operator.name)?;
        Ok(Self {
            name: operator.name.to_string(),
            role: operator.role.name(),
            active: operator.active,
            passphrase: operator.passphrase.is_some(),
            account: account.map(AccountNumber::get),
        })
    }
}

impl Line for OperatorJson {
    const HEADING: &'static [&'static str] = &["NAME", "ROLE", "STATE", "PASSPHRASE", "ACCOUNT"];
    const COLUMNS: &'static [&'static str] = &["name", "role", "active", "passphrase", "account"];

    fn cells(&self) -> Vec<String> {
        let state = if self.active { "active" } else { "left" };
        let passphrase = if self.passphrase { "yes" } else { "none" };
        let account = self.account.map_or_else(|| "-".to_owned(), |account| account.to_string());
        vec![self.name.clone(), self.role.to_owned(), state.to_owned(), passphrase.to_owned(), account]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.name.as_str().into(),
            self.role.into(),
            self.active.into(),
            self.passphrase.into(),
            self.account.into(),
        ]
    }
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List)
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let operator = match arguments.command {
        Command::List => {
            let operators = desk::operators(&mut ledger)?;
            let lines = operators.iter().map(|operator| OperatorJson::of(&mut ledger, operator));
            return print::list(context, lines);
        }
        Command::Add(Add { name, role: wanted, account, .. }) => {
            let session = context.session(&mut ledger)?;
            // Before anybody types a passphrase for nothing.
            desk::check_may(&session.operator, Permission::Operators)?;
            if desk::operators(&mut ledger)?.iter().any(|operator| operator.name == name) {
                return Err(Refused::OperatorExists(name).into());
            }
            let account = account.map(|text| desk::find_account(&mut ledger, &text)).transpose()?;
            let account = account.map(|account| account.number);
            let passphrase = if context.new_passphrase.is_missing() { None } else { Some(hash(context, &name)?) };
            desk::add_operator_of(&mut ledger, &session, &name, role(&wanted)?, passphrase, account)?
        }
        Command::Change(Change { name, role: wanted, account, no_account, deactivate, .. }) => {
            let session = context.session(&mut ledger)?;
            let account = account.map(|text| desk::find_account(&mut ledger, &text)).transpose()?;
            let edit = match wanted {
                None if account.is_some() || no_account => OperatorEdit::Account(account.map(|account| account.number)),
                Some(wanted) => OperatorEdit::Role(role(&wanted)?),
                None if deactivate => OperatorEdit::Leaves,
                None => OperatorEdit::Returns,
            };
            desk::change_operator(&mut ledger, &session, &name, &edit)?
        }
        Command::Passphrase(Passphrase { name, .. }) => {
            let session = context.session(&mut ledger)?;
            let name = name.unwrap_or_else(|| session.operator.name.clone());
            if name != session.operator.name {
                desk::check_may(&session.operator, Permission::Operators)?;
            }
            if !desk::operators(&mut ledger)?.iter().any(|operator| operator.name == name) {
                return Err(Refused::UnknownOperator(name.to_string()).into());
            }
            let edit = OperatorEdit::Passphrase(hash(context, &name)?);
            desk::change_operator(&mut ledger, &session, &name, &edit)?
        }
    };
    warn_without_passphrase(&operator);
    if context.json {
        return print::json(&OperatorJson::of(&mut ledger, &operator)?);
    }
    let Operator { name, role, active, passphrase } = &operator;
    let left = if *active { "" } else { ", left" };
    let passphrase = if passphrase.is_some() { "with a passphrase" } else { "without a passphrase" };
    let account = match desk::account_of_operator(&mut ledger, name)? {
        Some(account) => format!(", for account {account}"),
        None => String::new(),
    };
    print::result(&format!("operator {name}: {}, {passphrase}{account}{left}\n", role.name()))
}

fn hash(context: &Context, name: &OperatorName) -> Result<String, Failure> {
    let passphrase = context.new_passphrase.new_one(&format!("operator {name}"))?;
    Ok(desk::hash_passphrase(&passphrase, &super::customer::salt()?)?)
}

/// What it means to have none.
pub fn warn_without_passphrase(operator: &Operator) {
    if operator.passphrase.is_some() || !operator.active {
        return;
    }
    let name = &operator.name;
    let what = format!(
        "operator {name} has no passphrase: whoever gives that name with --operator is {name}, \
         and {name} can neither ask for approval nor give it"
    );
    complain("warning", &what, Some(&format!("`countersign --operator {name} operator passphrase` sets one")));
}
