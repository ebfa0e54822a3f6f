//! The statement (rule D18): the licenses of a customer, or of a partner's customers, with periods, units and codes.

use super::branding::{Branding, Kind, sample_code};
use super::document::Document;
use super::fields::{License, Party, Sold};
use super::language::Language;
use super::template::TemplateFault;
use crate::desk::{Holding, LicenseState, Statement};
use crate::ledger::Contact;
use serde::Serialize;

/// The statement as a document, in the language that is wanted or the one that is most like it.
///
/// # Errors
/// The template has a mistake, or there are more licenses than a document can have.
pub fn document(statement: &Statement, branding: &Branding, language: Option<&str>) -> Result<Document, TemplateFault> {
    let (tag, words) = branding.language(language);
    let Statement { vendor, contact, account, customer, holdings, day } = statement;
    let codes: Vec<_> =
        holdings.iter().flat_map(|holding| &holding.codes).map(|issued| issued.license.code()).collect();
    let mut number = 0;
    let fields = Fields {
        vendor: branding.party(vendor.as_str(), contact),
        account: account.as_ref().map(Party::of_account).unwrap_or_default(),
        customer: customer
            .as_ref()
            .map(|(customer, contact)| Party::of_customer(customer, contact))
            .unwrap_or_default(),
        statement: About {
            day: words.day(*day),
            count: holdings.len(),
            codes: codes.len(),
            is_of_account: account.is_some(),
        },
        licenses: holdings.iter().map(|holding| Line::of(holding, words, &mut number)).collect(),
    };
    let letterhead = branding.letterhead(vendor.as_str(), contact);
    branding.document(Kind::Statement, tag, letterhead, fields, (&codes, Some(*day)))
}

/// Evaluates the template of a language with made-up licenses.
pub(super) fn check(branding: &Branding, tag: &str) -> Result<(), TemplateFault> {
    let mut none = sample_fields(branding, tag, false);
    none.licenses.clear();
    none.statement.count = 0;
    for fields in [sample_fields(branding, tag, false), sample_fields(branding, tag, true), none] {
        sample_document(branding, tag, fields)?;
    }
    Ok(())
}

pub(super) fn sample(branding: &Branding, tag: &str) -> Result<Document, TemplateFault> {
    sample_document(branding, tag, sample_fields(branding, tag, false))
}

fn sample_document(branding: &Branding, tag: &str, fields: Fields) -> Result<Document, TemplateFault> {
    let code = sample_code();
    branding.document(Kind::Statement, tag, branding.sample_letterhead(), fields, (&[&code, &code], None))
}

fn sample_fields(branding: &Branding, tag: &str, is_of_account: bool) -> Fields {
    let (_, words) = branding.language(Some(tag));
    let kinds = [activation_code::Kind::Full, activation_code::Kind::Service, activation_code::Kind::Evaluation];
    let line = |(state, kind): (LicenseState, activation_code::Kind)| Line {
        license: License::sample(kind, words),
        product: Sold::sample(),
        customer: Party::full_sample(),
        state: state.name(),
        codes: Vec::new(),
    };
    let states = LicenseState::ALL.into_iter().zip(kinds.into_iter().cycle());
    let mut licenses: Vec<Line> = states.map(line).collect();
    let code = |number| Code { number, license: License::sample(activation_code::Kind::Full, words) };
    if let Some(first) = licenses.first_mut() {
        first.codes = vec![code(1), code(2)];
    }
    Fields {
        vendor: branding.sample_party(),
        account: if is_of_account { branding.sample_party() } else { Party::default() },
        customer: if is_of_account { Party::default() } else { Party::full_sample() },
        statement: About {
            day: "2027-10-01".parse().map(|day| words.day(day)).unwrap_or_default(),
            count: licenses.len(),
            codes: 2,
            is_of_account,
        },
        licenses,
    }
}

/// What a template can say.
#[derive(Serialize)]
struct Fields {
    vendor: Party,
    /// The partner whose customers these are; all empty if it is of a customer.
    account: Party,
    /// The customer; all empty if it is of a partner.
    customer: Party,
    statement: About,
    licenses: Vec<Line>,
}

#[derive(Serialize)]
struct About {
    day: String,
    /// How many licenses.
    count: usize,
    /// How many codes: none where they were not wanted.
    codes: usize,
    is_of_account: bool,
}

#[derive(Serialize)]
struct Line {
    /// As its newest code has it.
    license: License,
    product: Sold,
    customer: Party,
    /// `active`, `not-yet-valid`, `ended` or `revoked`.
    state: &'static str,
    /// Those that count.
    codes: Vec<Code>,
}

#[derive(Serialize)]
struct Code {
    /// For the blocks `letters`, `digits` and `qr`.
    number: usize,
    /// The license as this code has it.
    license: License,
}

impl Line {
    fn of(holding: &Holding, words: &Language, number: &mut usize) -> Self {
        let Holding { listed, product, members, codes, state } = holding;
        let code = |issued: &crate::desk::Issued| {
            *number += 1;
            Code { number: *number, license: License::of(&issued.entry, product.unit, words) }
        };
        Self {
            license: License::of(&listed.newest.entry, product.unit, words),
            product: Sold::of(product, members),
            customer: Party::of_customer(&listed.owner, &Contact::default()),
            state: state.name(),
            codes: codes.iter().map(code).collect(),
        }
    }
}
