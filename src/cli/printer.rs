//! Documents as files: pages, web pages and mails, as the desk's branding has them.

use super::Context;
use super::branding;
use super::failure::Failure;
use super::output::{new_file, refuse_early};
use super::print::complain;
use activation_code::Day;
use activation_host::program::visible;
use clap::ValueEnum;
use countersign::documents::branding::Branding;
use countersign::documents::document::Document;
use countersign::documents::html::{Pictures, html};
use countersign::documents::mail::{Correspondent, Enclosure, Mail, mail};
use countersign::documents::pdf::{Paper, Press};
use countersign::documents::template::TemplateFault;
use countersign::ledger::{Contact, Customer, Email, Name};
use std::fs;
use std::path::Path;

/// Paper that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PaperName {
    #[value(name = "A4", alias = "a4")]
    A4,
    #[value(name = "letter", alias = "Letter")]
    Letter,
}

impl From<PaperName> for Paper {
    fn from(name: PaperName) -> Self {
        match name {
            PaperName::A4 => Self::A4,
            PaperName::Letter => Self::Letter,
        }
    }
}

/// What a file is, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Pdf,
    Html,
    #[value(name = "eml")]
    Mail,
}

impl Format {
    /// The end of a file's name.
    pub const fn end(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Mail => "eml",
        }
    }

    pub fn of(path: &Path) -> Result<Self, Failure> {
        Self::of_name(path).ok_or_else(|| {
            let what = format!("{}: wanted a name that ends in .pdf, .html or .eml", path.display());
            Failure::could_not(what).hint("name the file as it shall be made")
        })
    }

    pub fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "pdf" => Some(Self::Pdf),
            "html" | "htm" => Some(Self::Html),
            "eml" => Some(Self::Mail),
            _ => None,
        }
    }
}

/// A file that is to be made. What is there already may be this very document.
pub fn check_place(path: &Path) -> Result<Format, Failure> {
    let format = Format::of(path)?;
    if !path.exists() {
        refuse_early(path)?;
    }
    Ok(format)
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was made.
    New,
    /// It was there, with the same contents.
    Before,
}

/// A mail beside its document.
pub struct Letter<'a> {
    /// The vendor's name in the ledger, and its contact there.
    pub vendor: (&'a Name, &'a [String]),
    pub to: Correspondent<'a>,
    pub day: Day,
    /// What no other mail of this desk is called.
    pub id: &'a str,
}

/// Makes documents: any number of them.
pub struct Printer {
    pub branding: Branding,
    press: Press,
}

impl Printer {
    /// With the desk's branding.
    pub fn new(context: &Context) -> Result<Self, Failure> {
        Ok(Self { branding: branding::read(context)?, press: Press::new() })
    }

    pub fn paper(&self, wanted: Option<PaperName>) -> Paper {
        wanted.map_or(self.branding.paper(), Paper::from)
    }

    /// The pages of a document.
    pub fn pages(&mut self, document: &Document, paper: Paper) -> Result<Vec<u8>, Failure> {
        print(&mut self.press, document, paper)
    }

    /// A web page of a document.
    pub fn page(document: &Document, paper: Paper) -> Vec<u8> {
        html(document, paper, Pictures::Inside).into_bytes()
    }

    /// Where the vendor's mail comes from.
    pub fn sender(&self, contact: &[String]) -> Result<Email, Failure> {
        self.branding.sender(contact).ok_or_else(|| {
            Failure::no("there is no address that mail could come from")
                .hint("write one into `contact` of branding.toml, as in \"licenses@example.com\"")
        })
    }

    /// A mail that says what a document says.
    pub fn mail(
        &self,
        letter: &Letter<'_>,
        document: &Document,
        paper: Paper,
        enclosures: &[Enclosure<'_>],
    ) -> Result<Vec<u8>, Failure> {
        let Letter { vendor: (vendor, contact), to, day, id } = *letter;
        let sender = self.sender(contact)?;
        let from = Correspondent { name: self.branding.vendor(vendor.as_str()), email: &sender };
        mail(&Mail { from, to, day, id, document, paper, enclosures })
            .map_err(|fault| Failure::no(format!("the mail: {fault}")))
    }
}

/// Whom a mail to a customer is for.
pub fn addressee<'a>(customer: &'a Customer, reached: &'a Contact) -> Result<Correspondent<'a>, Failure> {
    let email = reached.email_of(customer).ok_or_else(|| {
        Failure::no(format!("customer {}, {} has no e-mail address", customer.number, visible(customer.name.as_str())))
            .hint(format!("`countersign customer change {} --email ADDRESS`", customer.number))
    })?;
    let name = reached.person.as_ref().or(reached.company.as_ref()).unwrap_or(&customer.name);
    Ok(Correspondent { name: name.as_str(), email })
}

/// A mistake of a template, which a check of the branding cannot have seen.
pub fn template_failure(what: &str, fault: &TemplateFault) -> Failure {
    Failure::could_not(format!("the {what}'s template: {fault}"))
        .hint("`countersign branding check` tries the templates with made-up licenses")
}

/// Prints a document, and says what could not be printed as it is written.
pub fn print(press: &mut Press, document: &Document, paper: Paper) -> Result<Vec<u8>, Failure> {
    let printed = press.print(document, paper).map_err(|fault| Failure::could_not(format!("the pages: {fault}")))?;
    if !printed.missing.is_empty() {
        let characters: Vec<_> = printed.missing.iter().map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
        let what = format!("no font has {}: U+FFFD is printed instead", characters.join(", "));
        complain("warning", &visible(&what), Some("write the name as it can be printed, or send the HTML"));
    }
    Ok(printed.bytes)
}

/// Writes a file, and says so. What is there already with the same contents stays.
pub fn save(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    let shown = visible(&path.display().to_string());
    match put(path, contents)? {
        Saved::New => complain("written", &shown, None),
        Saved::Before => complain("note", &format!("{shown} was there before"), None),
    }
    Ok(())
}

/// Writes a file. What is there already with the same contents stays.
pub fn put(path: &Path, contents: &[u8]) -> Result<Saved, Failure> {
    if fs::read(path).is_ok_and(|there| there == contents) {
        return Ok(Saved::Before);
    }
    new_file(path, &mut &*contents)?;
    Ok(Saved::New)
}
