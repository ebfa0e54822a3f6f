//! The license certificate (rule D7): what goes to a customer with a code.

use super::branding::{Branding, Kind, sample_code};
use super::document::Document;
use super::fields::{License, Party, Sold};
use super::language::Language;
use super::template::TemplateFault;
use crate::desk::{Issued, Paperwork};
use serde::Serialize;

/// Everything that a certificate says.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    /// The desk, its customer, its product.
    pub paperwork: &'a Paperwork,
    /// The code, with its proof.
    pub issued: &'a Issued,
}

impl Certificate<'_> {
    /// The certificate as a document, in the customer's language or the one that is most like it.
    ///
    /// # Errors
    /// The template has a mistake.
    pub fn document(&self, branding: &Branding, language: Option<&str>) -> Result<Document, TemplateFault> {
        let (tag, words) = branding.language(language);
        let Paperwork { vendor, contact, .. } = self.paperwork;
        let fields = self.fields(branding, words);
        let letterhead = branding.letterhead(vendor.as_str(), contact);
        let day = Some(self.issued.license.terms().issued);
        branding.document(Kind::Certificate, tag, letterhead, fields, (&[self.issued.license.code()], day))
    }

    fn fields(&self, branding: &Branding, words: &Language) -> Fields {
        let Paperwork { vendor, contact, customer, reached, reseller, product, members, root } = self.paperwork;
        let vendor = branding.party(vendor.as_str(), contact);
        let issuer = self.issued.license.issuer();
        Fields {
            renew: reseller.as_ref().map_or_else(|| vendor.clone(), Party::of_account),
            vendor,
            customer: Party::of_customer(customer, reached),
            product: Sold::of(product, members),
            license: License::of(&self.issued.entry, product.unit, words),
            issuer: Issuer { number: issuer.number.to_string(), key: issuer.key.to_string() },
            trust: Trust { root: root.clone().unwrap_or_default() },
        }
    }
}

/// Evaluates the template of a language with made-up licenses of every kind, so that a mistake is found before a
/// customer waits for a certificate.
///
/// # Errors
/// The first mistake.
pub fn check(branding: &Branding, tag: &str) -> Result<(), TemplateFault> {
    for sample in samples(branding, tag) {
        sample_document(branding, tag, sample)?;
    }
    Ok(())
}

/// A certificate of a made-up license, to look at.
///
/// # Errors
/// The template has a mistake.
pub fn sample(branding: &Branding, tag: &str) -> Result<Document, TemplateFault> {
    let [full, ..] = samples(branding, tag);
    sample_document(branding, tag, full)
}

fn sample_document(branding: &Branding, tag: &str, fields: Fields) -> Result<Document, TemplateFault> {
    branding.document(Kind::Certificate, tag, branding.sample_letterhead(), fields, (&[&sample_code()], None))
}

/// Everything is said in the first; the others leave out all that can be.
fn samples(branding: &Branding, tag: &str) -> [Fields; 3] {
    let (_, words) = branding.language(Some(tag));
    let vendor = branding.sample_party();
    let sample = |kind: activation_code::Kind| Fields {
        renew: vendor.clone(),
        vendor: vendor.clone(),
        customer: Party::sample(),
        product: Sold::sample(),
        license: License::sample(kind, words),
        issuer: Issuer {
            number: "1".to_owned(),
            key: "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c".to_owned(),
        },
        trust: Trust { root: String::new() },
    };
    let mut full = sample(activation_code::Kind::Full);
    full.customer = Party::full_sample();
    full.product.platform = "Linux, Windows".to_owned();
    full.product.members = "Example Mail Gateway, Example VPN".to_owned();
    full.license = License {
        revision: "2".to_owned(),
        revision_number: 2,
        begins_later: true,
        order: "PO-77".to_owned(),
        holder: "Example Hospital Trust".to_owned(),
        host: "89abcdef".to_owned(),
        test: true,
        ..full.license
    };
    full.trust.root = "01234-56789-abcde-f0123".to_owned();
    [full, sample(activation_code::Kind::Service), sample(activation_code::Kind::Evaluation)]
}

/// What a template can say. All fields are there for every license: one that does not apply is an empty text.
#[derive(Serialize)]
struct Fields {
    vendor: Party,
    customer: Party,
    product: Sold,
    license: License,
    issuer: Issuer,
    trust: Trust,
    renew: Party,
}

#[derive(Serialize)]
struct Issuer {
    number: String,
    key: String,
}

#[derive(Serialize)]
struct Trust {
    root: String,
}
