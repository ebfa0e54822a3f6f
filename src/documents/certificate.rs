//! The license certificate (rule D7): what goes to a customer with a code.

use super::branding::{Branding, Kind};
use super::document::Document;
use super::language::Language;
use super::template::{self, CodeText, TemplateFault};
use crate::desk::{Issued, Paperwork};
use crate::ledger::{Account, Contact, Customer, Email, Name, UnitType};
use activation_code::{ActivationCode, Day};
use minijinja::value::{Serde, Value};
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
        let letterhead = branding.letterhead(vendor.as_str(), contact);
        let fields = Value::from(Serde(self.fields(branding, words)));
        let code = CodeText { code: self.issued.license.code(), row: words.row() };
        let blocks = template::blocks(branding.template(Kind::Certificate, tag), &fields, Some(code))?;
        let title = template::title(&blocks)?;
        let foot = format!("{} · {title} · {}", letterhead.vendor, words.day(self.issued.license.terms().issued));
        let foot = vec![foot.as_str().into()];
        Ok(Document { title, language: tag.to_owned(), letterhead, blocks, foot })
    }

    fn fields(&self, branding: &Branding, words: &Language) -> Fields {
        let Paperwork { vendor, contact, customer, reached, reseller, product, members, root } = self.paperwork;
        let terms = self.issued.license.terms();
        let entry = &self.issued.entry;
        let period = entry.period;
        let vendor = branding.party(vendor.as_str(), contact);
        let first = terms.period.first();
        let issuer = self.issued.license.issuer();
        Fields {
            renew: reseller.as_ref().map_or_else(|| vendor.clone(), Party::of_account),
            vendor,
            customer: Party::of_customer(customer, reached),
            product: Sold {
                name: product.name.to_string(),
                mnemonic: product.mnemonic.to_string(),
                number: product.id.to_string(),
                platform: product.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
                members: members.iter().map(Name::as_str).collect::<Vec<_>>().join(", "),
            },
            license: License {
                number: terms.license.to_string(),
                revision: terms.revision.to_string(),
                revision_number: terms.revision.get(),
                kind: words.kind(terms.kind).to_owned(),
                is_full: terms.kind == activation_code::Kind::Full,
                is_service: terms.kind == activation_code::Kind::Service,
                is_evaluation: terms.kind == activation_code::Kind::Evaluation,
                units: words.units(terms.units.get().into(), product.unit),
                first: words.day(period.first()),
                last: words.day(period.last()),
                first_iso: period.first().to_string(),
                last_iso: period.last().to_string(),
                issued: words.day(terms.issued),
                code_first: words.day(first),
                begins_later: first != period.first(),
                grace: terms.grace_days(),
                order: entry.reference.as_ref().map(ToString::to_string).unwrap_or_default(),
                holder: terms.holder.as_ref().map(|holder| holder.as_str().to_owned()).unwrap_or_default(),
                host: terms.host.map(|host| host.to_string()).unwrap_or_default(),
                test: terms.test,
            },
            issuer: Issuer { number: issuer.number.to_string(), key: issuer.key.to_string() },
            trust: Trust { root: root.clone().unwrap_or_default() },
        }
    }
}

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

/// The code of the format's documentation.
const SAMPLE: &str = "\
    1) 20040-0E000-84G00-3X00H-7FRHT 2) 0PS04-NGZPE-9CK4J-7DT4X-VA7K6 3) 6NJMY-NGSNG-1PF2G-N3ZG3-XG6ZM \
    4) 7G669-0T3SX-645X4-R6SRN-861EK 5) J0QQ3-V031W-S5H9Z-QK8CM-4WQ1H 6) SBXV8-F7K7R-SNN7P-Y1T14-49974";

fn sample_document(branding: &Branding, tag: &str, fields: Fields) -> Result<Document, TemplateFault> {
    let (tag, words) = branding.language(Some(tag));
    let code = ActivationCode::read(SAMPLE).expect("a test reads it");
    let code = CodeText { code: &code, row: words.row() };
    let blocks = template::blocks(branding.template(Kind::Certificate, tag), &Value::from(Serde(fields)), Some(code))?;
    let title = template::title(&blocks)?;
    let letterhead = branding.letterhead("Example Security", &["licenses@example.com".to_owned()]);
    let foot = vec![format!("{} · {title}", letterhead.vendor).as_str().into()];
    Ok(Document { title, language: tag.to_owned(), letterhead, blocks, foot })
}

/// Everything is said in the first; the others leave out all that can be.
fn samples(branding: &Branding, tag: &str) -> [Fields; 3] {
    let (_, words) = branding.language(Some(tag));
    let vendor = branding.party("Example Security", &["licenses@example.com".to_owned()]);
    let day = |text: &str| text.parse().map(|day: Day| words.day(day)).unwrap_or_default();
    let sample = |kind: activation_code::Kind| Fields {
        renew: vendor.clone(),
        vendor: vendor.clone(),
        customer: Party { name: "Example Hospital Trust".to_owned(), number: "1".to_owned(), ..Party::default() },
        product: Sold {
            name: "Example Endpoint Security".to_owned(),
            mnemonic: "ES".to_owned(),
            number: "7".to_owned(),
            platform: String::new(),
            members: String::new(),
        },
        license: License {
            number: "1042".to_owned(),
            revision: "1".to_owned(),
            revision_number: 1,
            kind: words.kind(kind).to_owned(),
            is_full: kind == activation_code::Kind::Full,
            is_service: kind == activation_code::Kind::Service,
            is_evaluation: kind == activation_code::Kind::Evaluation,
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
        },
        issuer: Issuer {
            number: "1".to_owned(),
            key: "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c".to_owned(),
        },
        trust: Trust { root: String::new() },
    };
    let mut full = sample(activation_code::Kind::Full);
    full.customer = Party {
        address: "1 Example Road\nLondon".to_owned(),
        person: "A. Example".to_owned(),
        email: "it@hospital.example".to_owned(),
        telephone: "+44 20 7946 0000".to_owned(),
        contact: "A. Example, it@hospital.example".to_owned(),
        ..full.customer
    };
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
struct Sold {
    name: String,
    mnemonic: String,
    number: String,
    platform: String,
    members: String,
}

#[derive(Serialize)]
struct License {
    number: String,
    revision: String,
    revision_number: u16,
    kind: String,
    is_full: bool,
    is_service: bool,
    is_evaluation: bool,
    units: String,
    first: String,
    last: String,
    first_iso: String,
    last_iso: String,
    issued: String,
    code_first: String,
    begins_later: bool,
    grace: u8,
    order: String,
    holder: String,
    host: String,
    test: bool,
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
