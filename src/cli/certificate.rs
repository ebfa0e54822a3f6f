//! `--certificate`: what goes to the customer with a code, as a file.

use super::Context;
use super::branding;
use super::failure::Failure;
use super::output::{new_file, refuse_early};
use super::print::complain;
use activation_host::program::visible;
use clap::ValueEnum;
use countersign::desk::{self, Issued, Paperwork};
use countersign::documents::branding::Branding;
use countersign::documents::certificate::Certificate;
use countersign::documents::document::Document;
use countersign::documents::html::{Pictures, html};
use countersign::documents::mail::{Correspondent, Enclosure, Mail, mail};
use countersign::documents::pdf::{Paper, Press};
use countersign::ledger::{CustomerNumber, Email, Ledger};
use std::fs;
use std::path::{Path, PathBuf};

/// Certificates of the codes that a command makes or gives out.
#[derive(clap::Args)]
pub struct CertificateOptions {
    /// Write the certificate to a new file, .pdf, .html or .eml (a mail to be sent), or one for each code to a folder
    #[arg(long = "certificate", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    forms: FolderOptions,
    /// Its language, as in `de`, instead of the customer's
    #[arg(long, value_name = "TAG", requires = "paths")]
    language: Option<String>,
    /// Its paper
    #[arg(long, value_enum, requires = "paths")]
    paper: Option<PaperName>,
}

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

/// What is written to a folder.
#[derive(Clone, clap::Args)]
pub struct FolderOptions {
    /// What a folder gets of each code instead of a PDF; several with commas
    #[arg(long = "certificate-as", value_name = "FORM", value_enum, value_delimiter = ',')]
    forms: Vec<Format>,
}

impl FolderOptions {
    /// Whether anything was said.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    fn all(&self) -> &[Format] {
        if self.forms.is_empty() { &[Format::Pdf] } else { &self.forms }
    }
}

/// What a file is, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Pdf,
    Html,
    #[value(name = "eml")]
    Mail,
}

impl Format {
    const fn end(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Mail => "eml",
        }
    }

    fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "pdf" => Ok(Self::Pdf),
            "html" | "htm" => Ok(Self::Html),
            "eml" => Ok(Self::Mail),
            _ => Err(Failure::could_not(format!(
                "{}: wanted a name that ends in .pdf, .html or .eml, or a folder that is there",
                path.display()
            ))),
        }
    }
}

/// Certificates that are wanted, everything checked that can be before something is signed.
pub struct Certificates<'a> {
    options: &'a CertificateOptions,
    printer: Printer,
}

/// Makes certificates: any number of them.
pub struct Printer {
    branding: Branding,
    press: Press,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was made.
    New,
    /// It was there, with the same contents.
    Before,
}

/// A customer who has no address that a mail could go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress(pub CustomerNumber);

impl CertificateOptions {
    /// Reads the branding and looks at the places.
    pub fn prepare(&self, context: &Context) -> Result<Option<Certificates<'_>>, Failure> {
        if !self.forms.is_empty() && !self.paths.iter().any(|path| path.is_dir()) {
            return Err(Failure::could_not("--certificate-as says what a folder gets, and no folder is named")
                .hint("name one that is there with --certificate; a file is what the end of its name says"));
        }
        if self.paths.is_empty() {
            return Ok(None);
        }
        for path in self.paths.iter().filter(|path| !path.is_dir()) {
            Format::of(path)?;
            // What is there already may be this very certificate.
            if !path.exists() {
                refuse_early(path)?;
            }
        }
        Ok(Some(Certificates { options: self, printer: Printer::new(context)? }))
    }
}

impl Certificates<'_> {
    /// Writes them all. What is there already with the same contents stays.
    pub fn write(&mut self, ledger: &mut Ledger, codes: &[Issued]) -> Result<(), Failure> {
        for path in &self.options.paths {
            let is_folder = path.is_dir();
            if codes.len() > 1 && !is_folder {
                let what = format!("{}: there are {} codes for one file", path.display(), codes.len());
                return Err(
                    Failure::no(what).hint("nothing is lost: `countersign reprint` with --certificate and a folder")
                );
            }
            let formats = if is_folder { self.options.forms.all() } else { &[Format::of(path)?] };
            for issued in codes {
                for format in formats {
                    let file = if is_folder { path.join(name(issued, *format)) } else { path.clone() };
                    let contents = self.printer.certificate(ledger, issued, *format, self.options)?;
                    save(&file, &contents)?;
                }
            }
        }
        Ok(())
    }
}

impl Printer {
    /// With the desk's branding.
    pub fn new(context: &Context) -> Result<Self, Failure> {
        Ok(Self { branding: branding::read(context)?, press: Press::new() })
    }

    /// Says before anything is signed that no mail could be written.
    pub fn refuse_early(&self, ledger: &mut Ledger, forms: &FolderOptions) -> Result<(), Failure> {
        match forms.all().contains(&Format::Mail) {
            true => self.sender(&desk::trust_settings(ledger)?.contact).map(drop),
            false => Ok(()),
        }
    }

    /// Writes the certificate of a code into a folder, in the customer's language, in each form that is wanted.
    pub fn save_into(
        &mut self,
        ledger: &mut Ledger,
        issued: &Issued,
        folder: &Path,
        forms: &FolderOptions,
    ) -> Result<Vec<Result<Saved, NoAddress>>, Failure> {
        let usual = CertificateOptions { paths: Vec::new(), forms: forms.clone(), language: None, paper: None };
        let mut saved = Vec::new();
        for format in forms.all() {
            if *format == Format::Mail {
                let Paperwork { customer, reached, .. } = desk::paperwork(ledger, issued)?;
                if reached.email_of(&customer).is_none() {
                    saved.push(Err(NoAddress(customer.number)));
                    continue;
                }
            }
            let contents = self.certificate(ledger, issued, *format, &usual)?;
            saved.push(Ok(put(&folder.join(name(issued, *format)), &contents)?));
        }
        Ok(saved)
    }

    /// From whom mail comes.
    fn sender<T: ToString>(&self, contact: &[T]) -> Result<Email, Failure> {
        let contact: Vec<_> = contact.iter().map(ToString::to_string).collect();
        self.branding.sender(&contact).ok_or_else(|| {
            Failure::no("there is no address that mail could come from")
                .hint("write one into `contact` of branding.toml, as in \"licenses@example.com\"")
        })
    }

    fn certificate(
        &mut self,
        ledger: &mut Ledger,
        issued: &Issued,
        format: Format,
        options: &CertificateOptions,
    ) -> Result<Vec<u8>, Failure> {
        let paperwork = desk::paperwork(ledger, issued)?;
        let certificate = Certificate { paperwork: &paperwork, issued };
        let customers = paperwork.reached.language.as_ref().map(|language| language.as_str());
        let document = certificate.document(&self.branding, options.language.as_deref().or(customers));
        let document = document.map_err(|fault| Failure::could_not(format!("the certificate's template: {fault}")))?;
        let paper = options.paper.map_or(self.branding.paper(), Paper::from);
        match format {
            Format::Html => Ok(html(&document, paper, Pictures::Inside).into_bytes()),
            Format::Pdf => print(&mut self.press, &document, paper),
            Format::Mail => self.mail(&paperwork, issued, &document, paper),
        }
    }

    /// The certificate as a mail to the customer, with the pages as a file. It is dated as the code is, so that the
    /// same code has the same mail.
    fn mail(
        &mut self,
        paperwork: &Paperwork,
        issued: &Issued,
        document: &Document,
        paper: Paper,
    ) -> Result<Vec<u8>, Failure> {
        let Paperwork { vendor, contact, customer, reached, .. } = paperwork;
        let sender = self.sender(contact)?;
        let recipient = reached.email_of(customer).ok_or_else(|| {
            Failure::no(format!(
                "customer {}, {} has no e-mail address",
                customer.number,
                visible(customer.name.as_str())
            ))
            .hint(format!("`countersign customer change {} --email ADDRESS`", customer.number))
        })?;
        let pages = print(&mut self.press, document, paper)?;
        let file = name(issued, Format::Pdf);
        let name = reached.person.as_ref().or(reached.company.as_ref()).unwrap_or(&customer.name);
        mail(&Mail {
            from: Correspondent { name: self.branding.vendor(vendor.as_str()), email: &sender },
            to: Correspondent { name: name.as_str(), email: recipient },
            day: issued.license.terms().issued,
            id: &stem(issued),
            document,
            paper,
            enclosures: &[Enclosure { name: &file, media_type: "application/pdf", contents: &pages }],
        })
        .map_err(|fault| Failure::no(format!("the mail: {fault}")))
    }
}

/// The file of a code in a folder of certificates.
fn name(issued: &Issued, format: Format) -> String {
    format!("{}.{}", stem(issued), format.end())
}

fn stem(issued: &Issued) -> String {
    let terms = issued.license.terms();
    let host = terms.host.map(|host| format!("-host-{host}")).unwrap_or_default();
    format!("license-{}-revision-{}{host}", terms.license, terms.revision)
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

fn put(path: &Path, contents: &[u8]) -> Result<Saved, Failure> {
    if fs::read(path).is_ok_and(|there| there == contents) {
        return Ok(Saved::Before);
    }
    new_file(path, &mut &*contents)?;
    Ok(Saved::New)
}
