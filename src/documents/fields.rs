//! What templates can say of licenses, and of those who are concerned with them.

use super::language::Language;
use crate::ledger::{Account, Contact, Customer, Email, Entry, Name, Product, UnitType};
use activation_code::{Day, Kind};
use serde::Serialize;

/// What a customer, a partner or the vendor is called and how it is reached. What is not known is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// All ways to reach it, in one line.
    pub contact: String,
    /// Its number at this desk; the vendor has none.
    pub number: String,
    /// Its address, line by line.
    pub address: String,
    /// Whom to ask for.
    pub person: String,
    /// Its e-mail address.
    pub email: String,
    /// Its telephone.
    pub telephone: String,
}

impl Party {
    /// A customer, by its company's name where it has another one.
    pub fn of_customer(customer: &Customer, contact: &Contact) -> Self {
        let name = contact.company.as_ref().unwrap_or(&customer.name).to_string();
        let number = customer.number.to_string();
        Self::reached(name, number, contact, contact.email_of(customer))
    }

    /// A partner that sells.
    pub fn of_account(account: &Account) -> Self {
        let contact = &account.contact;
        Self::reached(account.name.to_string(), account.number.to_string(), contact, contact.email.as_ref())
    }

    /// A made-up customer, of whom as little as possible is known.
    pub(super) fn sample() -> Self {
        Self { name: "Example Hospital Trust".to_owned(), number: "1".to_owned(), ..Self::default() }
    }

    /// The same, of whom everything is known.
    pub(super) fn full_sample() -> Self {
        Self {
            address: "1 Example Road\nLondon".to_owned(),
            person: "A. Example".to_owned(),
            email: "it@hospital.example".to_owned(),
            telephone: "+44 20 7946 0000".to_owned(),
            contact: "A. Example, it@hospital.example".to_owned(),
            ..Self::sample()
        }
    }

    fn reached(name: String, number: String, contact: &Contact, email: Option<&Email>) -> Self {
        let text = |name: &Option<Name>| name.as_ref().map(ToString::to_string).unwrap_or_default();
        let person = text(&contact.person);
        let email = email.map(ToString::to_string).unwrap_or_default();
        let telephone = contact.telephone.as_ref().map(ToString::to_string).unwrap_or_default();
        let ways: Vec<_> = [&person, &email, &telephone].into_iter().filter(|way| !way.is_empty()).cloned().collect();
        let address = contact.address.as_ref().map(|address| address.lines().collect::<Vec<_>>().join("\n"));
        Self { name, contact: ways.join(", "), number, address: address.unwrap_or_default(), person, email, telephone }
    }
}

/// What was sold.
#[derive(Serialize)]
pub(super) struct Sold {
    pub(super) name: String,
    pub(super) mnemonic: String,
    pub(super) number: String,
    pub(super) platform: String,
    pub(super) members: String,
}

/// A license, or one code of it. All fields are there for every license: one that does not apply is an empty text.
#[derive(Serialize)]
pub(super) struct License {
    pub(super) number: String,
    pub(super) revision: String,
    pub(super) revision_number: u16,
    pub(super) kind: String,
    pub(super) is_full: bool,
    pub(super) is_service: bool,
    pub(super) is_evaluation: bool,
    pub(super) units: String,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) first_iso: String,
    pub(super) last_iso: String,
    pub(super) issued: String,
    pub(super) code_first: String,
    pub(super) begins_later: bool,
    pub(super) grace: u8,
    pub(super) order: String,
    pub(super) holder: String,
    pub(super) host: String,
    pub(super) test: bool,
}

impl Sold {
    /// A product; `members` are what a suite enables.
    pub(super) fn of(product: &Product, members: &[Name]) -> Self {
        Self {
            name: product.name.to_string(),
            mnemonic: product.mnemonic.to_string(),
            number: product.id.to_string(),
            platform: product.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
            members: members.iter().map(Name::as_str).collect::<Vec<_>>().join(", "),
        }
    }

    /// A made-up one, of which as little as possible is known.
    pub(super) fn sample() -> Self {
        Self {
            name: "Example Endpoint Security".to_owned(),
            mnemonic: "ES".to_owned(),
            number: "7".to_owned(),
            platform: String::new(),
            members: String::new(),
        }
    }
}

impl License {
    /// A license, as one of its codes has it.
    pub(super) fn of(Entry { terms, period, reference, .. }: &Entry, unit: UnitType, words: &Language) -> Self {
        let first = terms.period.first();
        Self {
            number: terms.license.to_string(),
            revision: terms.revision.to_string(),
            revision_number: terms.revision.get(),
            kind: words.kind(terms.kind).to_owned(),
            is_full: terms.kind == Kind::Full,
            is_service: terms.kind == Kind::Service,
            is_evaluation: terms.kind == Kind::Evaluation,
            units: words.units(terms.units.get().into(), unit),
            first: words.day(period.first()),
            last: words.day(period.last()),
            first_iso: period.first().to_string(),
            last_iso: period.last().to_string(),
            issued: words.day(terms.issued),
            code_first: words.day(first),
            begins_later: first != period.first(),
            grace: terms.grace_days(),
            order: reference.as_ref().map(ToString::to_string).unwrap_or_default(),
            holder: terms.holder.as_ref().map(|holder| holder.as_str().to_owned()).unwrap_or_default(),
            host: terms.host.map(|host| host.to_string()).unwrap_or_default(),
            test: terms.test,
        }
    }

    /// A made-up one, which leaves out all that can be.
    pub(super) fn sample(kind: Kind, words: &Language) -> Self {
        let day = |text: &str| text.parse().map(|day: Day| words.day(day)).unwrap_or_default();
        Self {
            number: "1042".to_owned(),
            revision: "1".to_owned(),
            revision_number: 1,
            kind: words.kind(kind).to_owned(),
            is_full: kind == Kind::Full,
            is_service: kind == Kind::Service,
            is_evaluation: kind == Kind::Evaluation,
            units: words.units(250, UnitType::Endpoints),
            first: day("2026-12-01"),
            last: day("2027-11-30"),
            first_iso: "2026-12-01".to_owned(),
            last_iso: "2027-11-30".to_owned(),
            issued: day("2026-11-22"),
            code_first: day("2026-12-01"),
            begins_later: false,
            grace: 30,
            order: String::new(),
            holder: String::new(),
            host: String::new(),
            test: false,
        }
    }
}
