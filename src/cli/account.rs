//! `countersign account`: partners who sell.

use super::Context;
use super::contact::{self, ContactJson, ContactOptions, ForgetOption};
use super::failure::Failure;
use super::print::{self, Line};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::desk::{self, AccountEdit};
use countersign::documents::csv::Cell;
use countersign::ledger::{Account, AccountKind, Name, Privilege, Privileges};
use serde::Serialize;

/// Add, change and list partners who sell: MSPs and resellers
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
    /// List the partners, those who sell no more too
    List,
    Show(Show),
}

/// Add a partner
#[derive(clap::Args)]
#[command(after_help = "\
Whom it sells to: `countersign customer change N --reseller ACCOUNT`.

Examples:
  countersign account add 'North Systems' --kind reseller --privileges sell,renew,reprint
  countersign account add 'East Managed' --kind msp --privileges register,sell,renew,change")]
struct Add {
    /// Its name, unlike that of any other partner
    #[arg(value_name = "NAME")]
    name: Name,
    /// What it is
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: String,
    /// What it may do for its customers, with commas; nothing without it
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = privileges())]
    privileges: Vec<String>,
    #[command(flatten)]
    contact: ContactOptions,
}

/// Change what a partner may do, or what is known of it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign account change 1 --privileges sell,renew
  countersign account change 1 --telephone '+44 20 7946 0000' --forget language
  countersign account change 1 --deactivate")]
struct Change {
    /// The partner, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    account: String,
    /// Its name from now on
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// What it is from now on
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Option<String>,
    /// What it may do from now on, with commas, and nothing else
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = privileges())]
    privileges: Vec<String>,
    /// It may do nothing any more
    #[arg(long, conflicts_with = "privileges")]
    no_privileges: bool,
    /// It sells no more: its operators can do nothing
    #[arg(long)]
    deactivate: bool,
    /// It is back
    #[arg(long, conflicts_with = "deactivate")]
    activate: bool,
    #[command(flatten)]
    forget: ForgetOption,
    #[command(flatten)]
    contact: ContactOptions,
}

/// Show what is known of a partner
#[derive(clap::Args)]
struct Show {
    /// The partner, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    account: String,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(AccountKind::ALL.map(AccountKind::name))
}

fn privileges() -> PossibleValuesParser {
    PossibleValuesParser::new(Privilege::ALL.map(Privilege::name))
}

fn kind(name: &str) -> Result<AccountKind, Failure> {
    AccountKind::from_name(name).ok_or_else(|| Failure::could_not("an unknown name passed the command line"))
}

fn privileges_of(names: &[String]) -> Privileges {
    Privileges::of(names.iter().filter_map(|name| Privilege::from_name(name)))
}

#[derive(Serialize)]
struct AccountJson {
    number: u32,
    kind: &'static str,
    name: String,
    privileges: Vec<&'static str>,
    active: bool,
    #[serde(flatten)]
    contact: ContactJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    customers: Option<usize>,
}

impl From<&Account> for AccountJson {
    fn from(account: &Account) -> Self {
        Self {
            number: account.number.get(),
            kind: account.kind.name(),
            name: account.name.to_string(),
            privileges: account.privileges.iter().map(Privilege::name).collect(),
            active: account.active,
            contact: (&account.contact).into(),
            customers: None,
        }
    }
}

impl Line for AccountJson {
    const HEADING: &'static [&'static str] = &["NUMBER", "KIND", "STATE", "PRIVILEGES", "NAME"];
    const COLUMNS: &'static [&'static str] = &["number", "kind", "name", "privileges", "active"];

    fn cells(&self) -> Vec<String> {
        let state = if self.active { "active" } else { "left" };
        let privileges = if self.privileges.is_empty() { "-".to_owned() } else { self.privileges.join(",") };
        vec![self.number.to_string(), self.kind.to_owned(), state.to_owned(), privileges, self.name.clone()]
    }

    fn record(&self) -> Vec<Cell> {
        vec![
            self.number.into(),
            self.kind.into(),
            self.name.as_str().into(),
            self.privileges.join(",").into(),
            self.active.into(),
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
    let account = match arguments.command {
        Command::List => {
            let accounts = desk::accounts(&mut ledger)?;
            return print::list(context, accounts.iter().map(AccountJson::from).map(Ok));
        }
        Command::Show(Show { account }) => {
            let account = desk::find_account(&mut ledger, &account)?;
            let customers = desk::count_customers_of(&mut ledger, account.number)?;
            if context.json {
                return print::json(&AccountJson { customers: Some(customers), ..(&account).into() });
            }
            let customers = format!("  customers    {customers}\n");
            return print::result(&format!("{}{customers}{}", heading(&account), contact::lines(&account.contact)));
        }
        Command::Add(Add { name, kind: wanted, privileges, contact }) => {
            let session = context.session(&mut ledger)?;
            let contact: Vec<_> = contact.edits().collect();
            let (kind, privileges) = (kind(&wanted)?, privileges_of(&privileges));
            desk::add_account(&mut ledger, &session, (kind, &name), &contact, privileges, super::customer::salt()?)?
        }
        Command::Change(change) => {
            let number = desk::find_account(&mut ledger, &change.account)?.number;
            let edits = change.edits()?;
            if edits.is_empty() {
                return Err(Failure::nothing_to_change());
            }
            let session = context.session(&mut ledger)?;
            desk::change_account(&mut ledger, &session, number, &edits)?
        }
    };
    if context.json {
        return print::json(&AccountJson::from(&account));
    }
    print::result(&heading(&account))
}

impl Change {
    fn edits(self) -> Result<Vec<AccountEdit>, Failure> {
        let mut edits: Vec<_> = self.name.map(AccountEdit::Name).into_iter().collect();
        if let Some(wanted) = &self.kind {
            edits.push(AccountEdit::Kind(kind(wanted)?));
        }
        if self.no_privileges || !self.privileges.is_empty() {
            edits.push(AccountEdit::Privileges(privileges_of(&self.privileges)));
        }
        if self.deactivate {
            edits.push(AccountEdit::Leaves);
        }
        if self.activate {
            edits.push(AccountEdit::Returns);
        }
        edits.extend(self.forget.edits().chain(self.contact.edits()).map(AccountEdit::Contact));
        Ok(edits)
    }
}

fn heading(account: &Account) -> String {
    let Account { number, kind, name, privileges, active, .. } = account;
    let left = if *active { "" } else { ", left" };
    let may = if privileges.iter().next().is_none() { "nothing".to_owned() } else { privileges.to_string() };
    format!("account {number}: {name}, {}{left}\n  may          {may}\n", kind.name())
}
