//! `countersign registration-key`: what partners hand out, each redeemed once.

use super::catalogue::Catalogue;
use super::change::{self, ChangeOptions, Mode};
use super::failure::Failure;
use super::print::{self, Line};
use super::typed_row::Wanted;
use super::{Context, customer};
use activation_code::{CodeKind, Day, HostCodeFault, Kind, RegistrationKey, Units};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::calendar::Term;
use countersign::desk::{self, DeskFault, KeyTerms, MOST_KEYS, Refused, Session};
use countersign::documents::csv::Cell;
use countersign::ledger::{CustomerNumber, Email, KeyRecord, KeyState, Ledger, Name};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;
use std::ops::RangeInclusive;

/// Make, list, cancel and redeem registration keys, which partners hand out
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Generate(Generate),
    List(List),
    Show(Show),
    Cancel(Cancel),
    Redeem(Redeem),
}

/// Make registration keys for a partner to hand out
#[derive(clap::Args)]
#[command(after_help = "\
The keys are shown once: the ledger keeps only enough to know them again. Keys that got lost are
cancelled by number, and others are made.

Examples:
  countersign registration-key generate --account 1 --product ES --units 10 --term 1y --count 50 \\
      --csv > keys.csv
  countersign registration-key generate --account 'North Systems' --product ES --units 5 \\
      --term 30d --kind evaluation --count 3")]
struct Generate {
    /// The partner who hands them out, by number or name
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// What each becomes, by id or mnemonic
    #[arg(long, value_name = "ID|MNEMONIC")]
    product: String,
    /// How many units each
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Units,
    /// For how long each: 1y, 18m or 90d
    #[arg(long, value_name = "TERM")]
    term: Term,
    /// How many keys
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_KEYS)))]
    count: u32,
    /// What the codes are for; without it, what the product sells
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::name)))]
    kind: Option<String>,
}

/// List registration keys: what they are worth, and what became of them
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign registration-key list --state available
  countersign registration-key list --account 1 --csv > keys.csv")]
struct List {
    /// Only those of a partner, by number or name
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Only those in a state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(KeyState::ALL.map(KeyState::name)))]
    state: Option<String>,
}

/// Show what a registration key is worth, and what became of it
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign registration-key show 3ZZZZ-ZZZZZ-ZZZZZ-ZZZZG-6DDEE")]
struct Show {
    /// The key in letters or digits, or its number
    #[arg(value_name = "ROW|NUMBER", allow_hyphen_values = true)]
    key: String,
}

/// Cancel registration keys by number: nobody can redeem them any more
#[derive(clap::Args)]
#[command(after_help = "\
All of them or none: a key that became a license is not cancelled, its license is revoked.

Examples:
  countersign registration-key cancel 7
  countersign registration-key cancel 12 20-50")]
struct Cancel {
    /// Which ones: a number, or the first and the last of a range
    #[arg(value_name = "NUMBERS", required = true, value_parser = range)]
    numbers: Vec<RangeInclusive<u32>>,
}

/// Redeem a registration key: a license, and its code
#[derive(clap::Args)]
#[command(after_help = "\
The key says product, units and term. For the same customer again it prints the same code. A
customer without a reseller of record has the key's partner from then on.

Examples:
  countersign registration-key redeem 3ZZZZ-ZZZZZ-ZZZZZ-ZZZZG-6DDEE --customer 1 --from 2026-12-01
  countersign registration-key redeem - --name 'Example Clinic' --email it@clinic.example \\
      --from 2026-12-01 < key.txt")]
struct Redeem {
    /// The key, in letters or digits; - reads it from standard input
    #[arg(value_name = "ROW", allow_hyphen_values = true)]
    row: String,
    /// For which customer, by number or name
    #[arg(long, value_name = "NUMBER|NAME", required_unless_present = "name")]
    customer: Option<String>,
    /// For a customer of this name, who is registered if there is none
    #[arg(long, value_name = "NAME", conflicts_with = "customer")]
    name: Option<Name>,
    /// The e-mail address of a customer who is registered
    #[arg(long, value_name = "ADDRESS", requires = "name")]
    email: Option<Email>,
    /// The first day of maintenance, YYYY-MM-DD
    #[arg(long, value_name = "D")]
    from: Day,
    #[command(flatten)]
    change: ChangeOptions,
}

fn range(text: &str) -> Result<RangeInclusive<u32>, &'static str> {
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = number(first).zip(number(last)).map(|(first, last)| first..=last);
    range.filter(|range| !range.is_empty()).ok_or("wanted a number as 7, or the first and the last as 20-50")
}

const KEY: Wanted = Wanted {
    kind: CodeKind::RegistrationKey,
    what: "registration key",
    question: "Is the key",
    compare: "give the row as it was handed out, five groups of five letters or eight of five digits",
};

#[derive(Serialize)]
struct KeyJson {
    number: u32,
    state: &'static str,
    account: u32,
    product: u16,
    mnemonic: String,
    units: u32,
    kind: &'static str,
    term: String,
    license: Option<u32>,
    /// On which day its state became what it is.
    day: String,
}

impl KeyJson {
    fn of(record: &KeyRecord, catalogue: &Catalogue) -> Self {
        Self {
            number: record.number,
            state: record.state.name(),
            account: record.account.get(),
            product: record.product.get(),
            mnemonic: catalogue.mnemonic(record.product),
            units: record.units.get(),
            kind: record.kind.name(),
            term: record.term.to_string(),
            license: record.license.map(|license| license.get()),
            day: record.day.to_string(),
        }
    }
}

impl Line for KeyJson {
    const HEADING: &'static [&'static str] =
        &["NUMBER", "STATE", "SINCE", "ACCOUNT", "PRODUCT", "KIND", "UNITS", "TERM", "LICENSE"];
    const COLUMNS: &'static [&'static str] =
        &["number", "state", "day", "account", "product", "mnemonic", "units", "kind", "term", "license"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.state.to_owned(),
            self.day.clone(),
            self.account.to_string(),
            self.mnemonic.clone(),
            self.kind.to_owned(),
            self.units.to_string(),
            self.term.clone(),
            self.license.map_or_else(|| "-".to_owned(), |license| license.to_string()),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        let license = self.license.map(|license| license.to_string());
        vec![
            self.number.into(),
            self.state.into(),
            self.day.as_str().into(),
            self.account.into(),
            self.product.into(),
            self.mnemonic.as_str().into(),
            self.units.into(),
            self.kind.into(),
            self.term.as_str().into(),
            license.as_deref().into(),
        ]
    }
}

/// A key as it is handed out: shown once.
#[derive(Serialize)]
struct NewKeyJson {
    #[serde(flatten)]
    worth: KeyJson,
    letters: String,
    digits: String,
}

impl Line for NewKeyJson {
    const HEADING: &'static [&'static str] = &["NUMBER", "KEY"];
    const COLUMNS: &'static [&'static str] =
        &["number", "letters", "digits", "account", "product", "mnemonic", "units", "kind", "term"];

    fn cells(&self) -> Vec<String> {
        vec![self.worth.number.to_string(), self.letters.clone()]
    }

    fn record(&self) -> Vec<Cell> {
        let worth = &self.worth;
        vec![
            worth.number.into(),
            self.letters.as_str().into(),
            self.digits.as_str().into(),
            worth.account.into(),
            worth.product.into(),
            worth.mnemonic.as_str().into(),
            worth.units.into(),
            worth.kind.into(),
            worth.term.as_str().into(),
        ]
    }
}

impl Arguments {
    /// Whether it prints a list.
    pub fn lists(&self) -> bool {
        matches!(self.command, Command::List(_) | Command::Generate(_))
    }
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    match arguments.command {
        Command::Generate(arguments) => generate(context, &mut ledger, &arguments),
        Command::List(arguments) => list(context, &mut ledger, &arguments),
        Command::Show(Show { key }) => {
            let record = match key.parse() {
                Ok(number) if key.len() <= 10 => numbered(&mut ledger, number)?,
                _ => key_of(context, &mut ledger, &key)?,
            };
            show(context, &mut ledger, &record)
        }
        Command::Cancel(Cancel { numbers }) => {
            let session = context.session(&mut ledger)?;
            let cancelled = desk::cancel_keys(&mut ledger, &session, &numbers)?;
            let catalogue = Catalogue::read(&mut ledger)?;
            if context.json {
                return print::list(context, cancelled.iter().map(|record| Ok(KeyJson::of(record, &catalogue))));
            }
            let what = print::counted(cancelled.len() as u64, "registration key");
            print::result(&format!("{what} cancelled\n"))
        }
        Command::Redeem(arguments) => redeem(context, &mut ledger, arguments),
    }
}

fn generate(context: &Context, ledger: &mut Ledger, arguments: &Generate) -> Result<(), Failure> {
    let terms = KeyTerms {
        account: desk::find_account(ledger, &arguments.account)?.number,
        product: desk::find_product(ledger, &arguments.product)?.id,
        units: arguments.units,
        kind: arguments.kind.as_ref().and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name)),
        term: arguments.term,
    };
    let session = context.session(ledger)?;
    let keys = (0..arguments.count).map(|_| random_key()).collect::<Result<Vec<_>, _>>()?;
    let records = desk::generate_keys(ledger, &session, &terms, &keys)?;
    let catalogue = Catalogue::read(ledger)?;
    let lines = records.iter().zip(&keys).map(|(record, key)| {
        let worth = KeyJson::of(record, &catalogue);
        Ok(NewKeyJson { worth, letters: key.row(), digits: key.row_in_digits() })
    });
    print::list(context, lines).map_err(|failure| match records.as_slice() {
        [first, .., last] => failure.hint(lost(first.number..=last.number)),
        [only] => failure.hint(lost(only.number..=only.number)),
        [] => failure,
    })
}

fn lost(numbers: RangeInclusive<u32>) -> String {
    let (first, last) = numbers.into_inner();
    format!("nobody has seen all of these keys: `countersign registration-key cancel {first}-{last}`, and make others")
}

fn random_key() -> Result<RegistrationKey, Failure> {
    let mut random = [0; 12];
    SysRng.try_fill_bytes(&mut random).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(RegistrationKey::from_random(random))
}

/// How many keys are read in one transaction: a long one would keep the ledger's log from being tidied up.
const PAGE: u32 = 1000;

fn list(context: &Context, ledger: &mut Ledger, arguments: &List) -> Result<(), Failure> {
    let account = arguments.account.as_ref().map(|text| desk::find_account(ledger, text)).transpose()?;
    let account = account.map(|account| account.number);
    let state = arguments.state.as_deref().and_then(KeyState::from_name);
    let catalogue = Catalogue::read(ledger)?;
    let mut next = Some(1);
    let pages = std::iter::from_fn(move || {
        let page = desk::registration_keys(ledger, account, next.take()?, PAGE).map_err(Failure::from);
        if let Ok(records) = &page {
            let last = records.last().filter(|_| records.len() == PAGE as usize);
            next = last.and_then(|last| last.number.checked_add(1));
        }
        Some(page)
    });
    let records = pages.flat_map(|page| match page {
        Ok(records) => records.into_iter().map(Ok).collect(),
        Err(failure) => vec![Err(failure)],
    });
    let wanted = records.filter(|record| match (record, state) {
        (Ok(record), Some(state)) => record.state == state,
        _ => true,
    });
    print::list(context, wanted.map(|record| Ok(KeyJson::of(&record?, &catalogue))))
}

fn numbered(ledger: &mut Ledger, number: u32) -> Result<KeyRecord, Failure> {
    let found = desk::registration_keys(ledger, None, number, 1)?.into_iter().next();
    Ok(found.filter(|record| record.number == number).ok_or(Refused::UnknownKey(number))?)
}

fn show(context: &Context, ledger: &mut Ledger, record: &KeyRecord) -> Result<(), Failure> {
    let catalogue = Catalogue::read(ledger)?;
    if context.json {
        return print::json(&KeyJson::of(record, &catalogue));
    }
    let account = desk::find_account(ledger, &record.account.to_string())?;
    let (mnemonic, unit) = (catalogue.mnemonic(record.product), catalogue.unit(record.product));
    let KeyRecord { number, units, kind, term, day, .. } = record;
    let became = match (record.state, record.license) {
        (KeyState::Redeemed, Some(license)) => format!("became license {license} on {day}"),
        (KeyState::Available, _) => format!("available since {day}"),
        (state, _) => format!("{} on {day}", state.name()),
    };
    print::result(&format!(
        "  key          {number}, {became}\n  worth        {mnemonic}, {}, by {unit}: {units}, for {term}\n  handed out   \
         by account {}, {}\n",
        kind.name(),
        account.number,
        account.name
    ))
}

/// The key that somebody typed. A mistyped one is mended to one that this desk made, and to no other.
fn key_of(context: &Context, ledger: &mut Ledger, text: &str) -> Result<KeyRecord, Failure> {
    let letters = KEY.read(context, text, |letters| match RegistrationKey::read(letters) {
        Ok(key) => match desk::find_key(ledger, &key) {
            Ok(_) => Ok(true),
            Err(DeskFault::Refused(_)) => Ok(false),
            Err(fault) => Err(fault.into()),
        },
        Err(_) => Ok(false),
    })?;
    let key = RegistrationKey::read(&letters).map_err(|fault| match fault {
        HostCodeFault::Newer { .. } => {
            KEY.none(&fault).hint("use the release of countersign that made it, or a later one")
        }
        _ => KEY.none(&fault),
    })?;
    Ok(desk::find_key(ledger, &key)?)
}

fn redeem(context: &Context, ledger: &mut Ledger, arguments: Redeem) -> Result<(), Failure> {
    let record = key_of(context, ledger, &arguments.row)?;
    let Redeem { customer, name, email, from, change, .. } = arguments;
    let session = change.session(context, ledger)?;
    let customer = match (&customer, &name) {
        (Some(text), _) => desk::find_customer(ledger, text)?.number,
        (None, Some(name)) => match desk::find_customer(ledger, name.as_str()) {
            Ok(customer) => customer.number,
            Err(DeskFault::Refused(Refused::UnknownCustomer(_))) => {
                desk::check_redeemable(ledger, &session, record.number)?;
                if change.mode() == Mode::Preview {
                    return Err(Failure::no(format!("there is no customer {:?} yet", name.as_str()))
                        .hint("without --preview the customer is registered and the key redeemed"));
                }
                registered(context, ledger, &session, name, email)?
            }
            Err(fault) => return Err(fault.into()),
        },
        (None, None) => return Err(Refused::WhichCustomer.into()),
    };
    let asked = desk::redemption(&record, customer, from)?;
    change::run_as(context, ledger, &session, &asked, &change)
}

fn registered(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    name: &Name,
    email: Option<Email>,
) -> Result<CustomerNumber, Failure> {
    if context.asks() {
        print::confirm(&format!("Register customer {}? [y/N] ", name.as_str()), "nobody was registered")?;
    }
    let number = desk::add_customer(ledger, session, name, email.as_ref(), customer::salt()?)?.number;
    print::complain("note", &format!("customer {number} is registered: {name}"), None);
    Ok(number)
}
