//! Options that say whom to write to, and how: of a customer, and of a partner.

use clap::ValueEnum;
use countersign::desk::ContactEdit;
use countersign::ledger::{Address, Contact, Email, Language, Name, Telephone};
use serde::Serialize;

#[derive(clap::Args)]
#[command(next_help_heading = "Contact")]
pub struct ContactOptions {
    /// The company, where it is not the name
    #[arg(long, value_name = "NAME")]
    company: Option<Name>,
    /// The postal address, its lines separated by semicolons
    #[arg(long, value_name = "LINES")]
    address: Option<Address>,
    /// The telephone number
    #[arg(long, value_name = "NUMBER")]
    telephone: Option<Telephone>,
    /// Who is asked for
    #[arg(long, value_name = "NAME")]
    contact: Option<Name>,
    /// Where that person is written to
    #[arg(long, value_name = "ADDRESS")]
    contact_email: Option<Email>,
    /// The language of letters, as en or pt-BR
    #[arg(long, value_name = "TAG")]
    language: Option<Language>,
}

/// What is known no more.
#[derive(clap::Args)]
pub struct ForgetOption {
    /// What is known no more of the contact; several with commas
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    forget: Vec<Field>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Field {
    Company,
    Address,
    Telephone,
    Contact,
    ContactEmail,
    Language,
}

impl ContactOptions {
    pub fn edits(self) -> impl Iterator<Item = ContactEdit> {
        let Self { company, address, telephone, contact, contact_email, language } = self;
        let edits = [
            company.map(|company| ContactEdit::Company(Some(company))),
            address.map(|address| ContactEdit::Address(Some(address))),
            telephone.map(|telephone| ContactEdit::Telephone(Some(telephone))),
            contact.map(|person| ContactEdit::Person(Some(person))),
            contact_email.map(|email| ContactEdit::Email(Some(email))),
            language.map(|language| ContactEdit::Language(Some(language))),
        ];
        edits.into_iter().flatten()
    }
}

impl ForgetOption {
    pub fn edits(self) -> impl Iterator<Item = ContactEdit> {
        self.forget.into_iter().map(|field| match field {
            Field::Company => ContactEdit::Company(None),
            Field::Address => ContactEdit::Address(None),
            Field::Telephone => ContactEdit::Telephone(None),
            Field::Contact => ContactEdit::Person(None),
            Field::ContactEmail => ContactEdit::Email(None),
            Field::Language => ContactEdit::Language(None),
        })
    }
}

#[derive(Default, Serialize)]
pub struct ContactJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Its lines, separated by line feeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl From<&Contact> for ContactJson {
    fn from(contact: &Contact) -> Self {
        Self {
            company: contact.company.as_ref().map(ToString::to_string),
            address: contact.address.as_ref().map(ToString::to_string),
            telephone: contact.telephone.as_ref().map(ToString::to_string),
            contact: contact.person.as_ref().map(ToString::to_string),
            contact_email: contact.email.as_ref().map(ToString::to_string),
            language: contact.language.as_ref().map(ToString::to_string),
        }
    }
}

/// A line for each thing that is known.
pub fn lines(contact: &Contact) -> String {
    let ContactJson { company, address, telephone, contact, contact_email, language } = contact.into();
    let address = address.map(|address| address.replace('\n', "\n               "));
    let known = [
        ("company", company),
        ("address", address),
        ("telephone", telephone),
        ("contact", contact),
        ("written to", contact_email),
        ("language", language),
    ];
    let lines = known.into_iter().filter_map(|(what, value)| Some(format!("  {what:<12} {}\n", value?)));
    lines.collect()
}
