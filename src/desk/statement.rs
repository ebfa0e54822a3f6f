//! Statements: what a customer, or the customers of a partner, have (domain rule D18).

use super::operators::{Permission, Session};
use super::questions::LicenseState;
use super::schedule::Schedule;
use super::{DeskFault, Issued, Refused};
use crate::ledger::{
    Account, AccountNumber, Action, Book, Contact, Customer, CustomerNumber, Filter, Ledger, Listed, Name, Privilege,
    Product,
};
use activation_code::Day;
use serde_json::json;

/// Whose licenses a statement lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of a customer.
    Customer(CustomerNumber),
    /// Those of the customers whose reseller of record a partner is.
    Account(AccountNumber),
}

/// What a customer or a partner has.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Who sells.
    pub vendor: Name,
    /// How trust bundles say that it is reached, a line each.
    pub contact: Vec<String>,
    /// The partner, if it is a partner's.
    pub account: Option<Account>,
    /// The customer, if it is a customer's, and how it is reached.
    pub customer: Option<(Customer, Contact)>,
    /// The licenses: by number, or by customer and number.
    pub holdings: Vec<Holding>,
    /// On which day.
    pub day: Day,
}

/// A license of a statement.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The license, its owner and its newest code.
    pub listed: Listed,
    /// What was sold.
    pub product: Product,
    /// What a suite enables, as the newest code has it.
    pub members: Vec<Name>,
    /// What it is worth on the day.
    pub state: LicenseState,
    /// The codes that count on the day and later; none where they are not wanted.
    pub codes: Vec<Issued>,
}

/// Makes a statement, and writes down that it was given out, as reprints are.
///
/// # Errors
/// There is no such customer or partner, or the operator works for a partner and the customer is not its own.
pub fn statement(
    ledger: &mut Ledger,
    session: &Session,
    whose: Whose,
    with_codes: bool,
) -> Result<Statement, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Reprint)?;
        let bounds = session.bounds(book)?;
        let (account, customer, customers) = match whose {
            Whose::Customer(number) => {
                bounds.customer(book, number, Privilege::Reprint)?;
                let customer = book.customer(number)?.ok_or_else(|| Refused::UnknownCustomer(number.to_string()))?;
                super::purge::refuse_purged(book, number)?;
                (None, Some((customer, book.contact(number)?)), vec![number])
            }
            Whose::Account(number) => {
                if let Some(account) = bounds.account().filter(|own| *own != number) {
                    return Err(Refused::OthersAccount { account, other: number }.into());
                }
                let account = book.account(number)?.ok_or_else(|| Refused::UnknownAccount(number.to_string()))?;
                (Some(account), None, book.customers_of_account(number, None, u32::MAX)?)
            }
        };
        let trust = super::issuing::trust(&book.issuers()?)?;
        let mut holdings = Vec::new();
        for customer in customers {
            let filter = Filter { customer: Some(customer), ..Filter::default() };
            for listed in book.listed_from(&filter, 0, u32::MAX)? {
                holdings.push(holding(book, session.today, listed, with_codes.then_some(&trust))?);
            }
        }
        let codes: usize = holdings.iter().map(|holding| holding.codes.len()).sum();
        let mut facts = json!({"licenses": holdings.len(), "codes": codes});
        match whose {
            Whose::Customer(number) => facts["customer"] = number.get().into(),
            Whose::Account(number) => facts["account"] = number.get().into(),
        }
        book.record(&by, Action::StatementGiven, None, facts.to_string())?;
        let contact = book.trust_settings()?.contact.iter().map(ToString::to_string).collect();
        Ok(Statement { vendor: book.desk()?.vendor, contact, account, customer, holdings, day: by.day })
    })
}

fn holding(
    book: &Book<'_>,
    today: Day,
    listed: Listed,
    trust: Option<&activation_code::Trust>,
) -> Result<Holding, DeskFault> {
    let terms = &listed.newest.entry.terms;
    let codes = match trust {
        Some(trust) => {
            let codes = book.codes_of(terms.license)?;
            let schedule = Schedule::of(&listed.license, &codes, today);
            schedule.counting().map(|code| super::issuing::verified(code.clone(), trust)).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let members = terms.members.iter().flat_map(|members| members.products()).copied();
    let members = members.map(|id| super::paperwork::product(book, id).map(|product| product.name));
    Ok(Holding {
        product: super::paperwork::product(book, terms.product)?,
        members: members.collect::<Result<_, _>>()?,
        state: listed.state(today),
        codes,
        listed,
    })
}
