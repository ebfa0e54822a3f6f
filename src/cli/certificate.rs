//! `--certificate`: what goes to the customer with a code, as a file.

use super::Context;
use super::failure::Failure;
use super::output::refuse_early;
use super::printer::{Format, Letter, PaperName, Printer, Saved, addressee, put, save, template_failure};
use countersign::desk::{self, Issued, Paperwork};
use countersign::documents::certificate::Certificate;
use countersign::documents::mail::Enclosure;
use countersign::ledger::{CustomerNumber, Ledger};
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

    /// Says before anything is signed that no mail could be written.
    pub fn refuse_early(&self, ledger: &mut Ledger, printer: &Printer) -> Result<(), Failure> {
        if !self.forms.contains(&Format::Mail) {
            return Ok(());
        }
        let contact = desk::trust_settings(ledger)?.contact;
        let contact: Vec<_> = contact.iter().map(ToString::to_string).collect();
        printer.sender(&contact).map(drop)
    }
}

/// A customer who has no address that a mail could go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddress(pub CustomerNumber);

fn format_of(path: &Path) -> Result<Format, Failure> {
    Format::of_name(path).ok_or_else(|| {
        Failure::could_not(format!(
            "{}: wanted a name that ends in .pdf, .html or .eml, or a folder that is there",
            path.display()
        ))
    })
}

/// Certificates that are wanted, everything checked that can be before something is signed.
pub struct Certificates<'a> {
    options: &'a CertificateOptions,
    printer: Printer,
}

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
            format_of(path)?;
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
            let formats = if is_folder { self.options.forms.all() } else { &[format_of(path)?] };
            for issued in codes {
                for format in formats {
                    let file = if is_folder { path.join(name(issued, *format)) } else { path.clone() };
                    let contents = certificate(&mut self.printer, ledger, issued, *format, self.options)?;
                    save(&file, &contents)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes the certificate of a code into a folder, in the customer's language, in each form that is wanted.
pub fn save_into(
    printer: &mut Printer,
    ledger: &mut Ledger,
    issued: &Issued,
    folder: &Path,
    forms: &FolderOptions,
) -> Result<Vec<Result<Saved, NoAddress>>, Failure> {
    let usual = CertificateOptions { paths: Vec::new(), forms: forms.clone(), language: None, paper: None };
    let mut saved = Vec::new();
    for format in forms.all() {
        if *format == Format::Mail {
            let Paperwork { customer, reached, .. } = desk::paperwork(ledger, &issued.entry)?;
            if reached.email_of(&customer).is_none() {
                saved.push(Err(NoAddress(customer.number)));
                continue;
            }
        }
        let contents = certificate(printer, ledger, issued, *format, &usual)?;
        saved.push(Ok(put(&folder.join(name(issued, *format)), &contents)?));
    }
    Ok(saved)
}

fn certificate(
    printer: &mut Printer,
    ledger: &mut Ledger,
    issued: &Issued,
    format: Format,
    options: &CertificateOptions,
) -> Result<Vec<u8>, Failure> {
    let paperwork = desk::paperwork(ledger, &issued.entry)?;
    let certificate = Certificate { paperwork: &paperwork, issued };
    let customers = paperwork.reached.language.as_ref().map(|language| language.as_str());
    let document = certificate.document(&printer.branding, options.language.as_deref().or(customers));
    let document = document.map_err(|fault| template_failure("certificate", &fault))?;
    let paper = printer.paper(options.paper);
    match format {
        Format::Html => Ok(Printer::page(&document, paper)),
        Format::Pdf => printer.pages(&document, paper),
        Format::Mail => {
            printer.sender(&paperwork.contact)?;
            let to = addressee(&paperwork.customer, &paperwork.reached)?;
            let pages = printer.pages(&document, paper)?;
            let file = name(issued, Format::Pdf);
            // It is dated as the code is, so that the same code has the same mail.
            let letter = Letter {
                vendor: (&paperwork.vendor, &paperwork.contact),
                to,
                day: issued.license.terms().issued,
                id: &stem(issued),
            };
            let enclosed = Enclosure { name: &file, media_type: "application/pdf", contents: &pages };
            printer.mail(&letter, &document, paper, &[enclosed])
        }
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
