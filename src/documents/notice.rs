//! The renewal notice (rule D3): what a customer hears before a license ends.

use super::branding::{Branding, Kind};
use super::calendar_file::{LastDay, calendar_file};
use super::document::Document;
use super::fields::{License, Party, Sold};
use super::template::TemplateFault;
use crate::desk::Paperwork;
use crate::ledger::{ContactField, Entry};
use activation_code::Day;
use serde::Serialize;

/// Everything that a notice says.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// The desk, its customer, its product.
    pub paperwork: &'a Paperwork,
    /// The code that ends.
    pub entry: &'a Entry,
    /// How many days ahead it is said, at least.
    pub threshold: u16,
    /// The day of the notice.
    pub day: Day,
}

impl Notice<'_> {
    /// The notice as a document, in the customer's language or the one that is most like it.
    ///
    /// # Errors
    /// The template has a mistake.
    pub fn document(&self, branding: &Branding, language: Option<&str>) -> Result<Document, TemplateFault> {
        let (tag, words) = branding.language(language);
        let Paperwork { vendor, contact, customer, reached, product, members, .. } = self.paperwork;
        let missing = reached.missing(customer);
        let lacks = |field| missing.contains(&field);
        let fields = Fields {
            vendor: branding.party(vendor.as_str(), contact),
            renew: self.renew(branding),
            customer: Party::of_customer(customer, reached),
            product: Sold::of(product, members),
            license: License::of(self.entry, product.unit, words),
            notice: About { days: self.threshold, day: words.day(self.day) },
            missing: Missing {
                address: lacks(ContactField::Address),
                telephone: lacks(ContactField::Telephone),
                person: lacks(ContactField::Person),
                email: lacks(ContactField::Email),
                any: !missing.is_empty(),
            },
        };
        let letterhead = branding.letterhead(vendor.as_str(), contact);
        branding.document(Kind::Notice, tag, letterhead, fields, (&[], Some(self.day)))
    }

    /// The last day for the customer's own calendar. `domain` is the vendor's; a later revision replaces what an
    /// earlier one said.
    pub fn calendar_file(&self, branding: &Branding, title: &str, domain: &str) -> String {
        let Party { name, contact, .. } = self.renew(branding);
        let text = if contact.is_empty() { name } else { format!("{name}\n{contact}") };
        let terms = &self.entry.terms;
        calendar_file(&LastDay {
            id: &format!("license-{}@{domain}", terms.license),
            sequence: terms.revision.get().into(),
            issued: self.day,
            last: self.entry.period.last(),
            title,
            text: &text,
        })
    }

    fn renew(&self, branding: &Branding) -> Party {
        let Paperwork { vendor, contact, reseller, .. } = self.paperwork;
        reseller.as_ref().map_or_else(|| branding.party(vendor.as_str(), contact), Party::of_account)
    }
}

/// Evaluates the template of a language with made-up licenses.
pub(super) fn check(branding: &Branding, tag: &str) -> Result<(), TemplateFault> {
    let [full, ..] = samples(branding, tag);
    let mut known = samples(branding, tag);
    known[0] = Fields { missing: Missing::default(), ..full };
    for fields in samples(branding, tag).into_iter().chain(known) {
        branding.document(Kind::Notice, tag, branding.sample_letterhead(), fields, (&[], None))?;
    }
    Ok(())
}

pub(super) fn sample(branding: &Branding, tag: &str) -> Result<Document, TemplateFault> {
    let [full, ..] = samples(branding, tag);
    branding.document(Kind::Notice, tag, branding.sample_letterhead(), full, (&[], None))
}

/// Everything is said in the first; the other leaves out all that can be.
fn samples(branding: &Branding, tag: &str) -> [Fields; 2] {
    let (_, words) = branding.language(Some(tag));
    let sample = |kind| Fields {
        vendor: branding.sample_party(),
        renew: branding.sample_party(),
        customer: Party::sample(),
        product: Sold::sample(),
        license: License::sample(kind, words),
        notice: About { days: 60, day: "2027-10-01".parse().map(|day| words.day(day)).unwrap_or_default() },
        missing: Missing { address: true, telephone: true, person: true, email: true, any: true },
    };
    let mut full = sample(activation_code::Kind::Full);
    full.customer = Party::full_sample();
    full.product.platform = "Linux, Windows".to_owned();
    full.product.members = "Example Mail Gateway, Example VPN".to_owned();
    full.license.order = "PO-77".to_owned();
    full.license.test = true;
    [full, sample(activation_code::Kind::Service)]
}

/// What a template can say.
#[derive(Serialize)]
struct Fields {
    vendor: Party,
    renew: Party,
    customer: Party,
    product: Sold,
    license: License,
    notice: About,
    missing: Missing,
}

#[derive(Serialize)]
struct About {
    /// How many days ahead.
    days: u16,
    /// The day of the notice.
    day: String,
}

/// What a renewal needs to know and nobody has said (rule D8).
#[derive(Default, Serialize)]
struct Missing {
    address: bool,
    telephone: bool,
    person: bool,
    email: bool,
    any: bool,
}
