//! `countersign statement`: what a customer, or a partner's customers, have.

use super::Context;
use super::failure::Failure;
use super::print;
use super::printer::{Format, Letter, PaperName, Printer, addressee, check_place, save, template_failure};
use activation_host::program::visible;
use countersign::desk::{self, Statement, Whose};
use countersign::documents::mail::{Correspondent, Enclosure};
use countersign::documents::statement;
use countersign::ledger::{Account, Ledger};
use serde::Serialize;
use std::path::PathBuf;

/// Write a statement of a customer's licenses, or of those of a partner's customers
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("whose").required(true))]
#[command(after_help = "\
It lists licenses, units and periods, and the codes that count. That codes are given out is written
down, as reprints are.

Examples:
  countersign statement --customer 1 statement.pdf
  countersign statement --customer 'Example Hospital Trust' mail.eml --language de
  countersign statement --account 'North Systems' partner.pdf --without-codes")]
pub struct Arguments {
    /// A new file, .pdf, .html or .eml (a mail to be sent)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Of a customer, by number or name
    #[arg(long, value_name = "NUMBER|NAME", group = "whose")]
    customer: Option<String>,
    /// Of the customers of a partner, by number or name
    #[arg(long, value_name = "ACCOUNT", group = "whose")]
    account: Option<String>,
    /// Leave the activation codes out
    #[arg(long)]
    without_codes: bool,
    /// Its language, as in `de`, instead of the customer's or partner's
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Its paper
    #[arg(long, value_enum)]
    paper: Option<PaperName>,
}

#[derive(Serialize)]
struct StatementJson {
    file: String,
    licenses: usize,
    codes: usize,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let format = check_place(&arguments.file)?;
    let mut printer = Printer::new(context)?;
    let mut ledger = context.folder.ledger()?;
    let whose = whose(&mut ledger, arguments)?;
    let session = context.session(&mut ledger)?;
    let statement = desk::statement(&mut ledger, &session, whose, !arguments.without_codes)?;
    let contents = contents(&mut printer, &statement, format, arguments)?;
    save(&arguments.file, &contents)?;
    let licenses = statement.holdings.len();
    let codes = statement.holdings.iter().map(|holding| holding.codes.len()).sum();
    if context.json {
        return print::json(&StatementJson { file: arguments.file.display().to_string(), licenses, codes });
    }
    let (licenses, codes) = (print::counted(licenses as u64, "license"), print::counted(codes as u64, "code"));
    print::result(&format!("{licenses}, {codes}\n"))
}

fn whose(ledger: &mut Ledger, arguments: &Arguments) -> Result<Whose, Failure> {
    Ok(match (&arguments.customer, &arguments.account) {
        (Some(text), _) => Whose::Customer(desk::find_customer(ledger, text)?.number),
        (None, Some(text)) => Whose::Account(desk::find_account(ledger, text)?.number),
        (None, None) => return Err(Failure::could_not("whose statement: --customer or --account")),
    })
}

fn contents(
    printer: &mut Printer,
    statement: &Statement,
    format: Format,
    arguments: &Arguments,
) -> Result<Vec<u8>, Failure> {
    let of_customer = statement.customer.as_ref().and_then(|(_, reached)| reached.language.as_ref());
    let of_account = statement.account.as_ref().and_then(|account| account.contact.language.as_ref());
    let theirs = of_customer.or(of_account).map(|language| language.as_str());
    let document = statement::document(statement, &printer.branding, arguments.language.as_deref().or(theirs));
    let document = document.map_err(|fault| template_failure("statement", &fault))?;
    let paper = printer.paper(arguments.paper);
    match format {
        Format::Html => Ok(Printer::page(&document, paper)),
        Format::Pdf => printer.pages(&document, paper),
        Format::Mail => {
            let (to, who) = recipient(statement)?;
            let pages = printer.pages(&document, paper)?;
            let id = format!("statement-{who}-{}", statement.day);
            let letter = Letter { vendor: (&statement.vendor, &statement.contact), to, day: statement.day, id: &id };
            let name = format!("{id}.pdf");
            let enclosed = Enclosure { name: &name, media_type: "application/pdf", contents: &pages };
            printer.mail(&letter, &document, paper, &[enclosed])
        }
    }
}

/// Whom it is sent to, and what that is called in the name of a file.
fn recipient(statement: &Statement) -> Result<(Correspondent<'_>, String), Failure> {
    match (&statement.customer, &statement.account) {
        (Some((customer, reached)), _) => Ok((addressee(customer, reached)?, format!("customer-{}", customer.number))),
        (None, Some(account)) => Ok((correspondent(account)?, format!("account-{}", account.number))),
        (None, None) => Err(Failure::could_not("whose statement: --customer or --account")),
    }
}

fn correspondent(account: &Account) -> Result<Correspondent<'_>, Failure> {
    let Account { number, name, contact, .. } = account;
    let email = contact.email.as_ref().ok_or_else(|| {
        Failure::no(format!("account {number}, {} has no e-mail address", visible(name.as_str())))
            .hint(format!("`countersign account change {number} --contact-email ADDRESS`"))
    })?;
    Ok(Correspondent { name: contact.person.as_ref().unwrap_or(name).as_str(), email })
}
