//! `--certificate`: what goes to the customer with a code, as a file.

use super::Context;
use super::failure::Failure;
use super::output::refuse_early;
use super::printer::{Format, Letter, PaperName, Printer, Saved, addressee, put, save, template_failure};
use countersign::desk::{self, Issued};
use countersign::documents::certificate::Certificate;
use countersign::documents::mail::Enclosure;
use countersign::ledger::Ledger;
use std::path::{Path, PathBuf};

/// Certificates of the codes that a command makes or gives out.
#[derive(clap::Args)]
pub struct CertificateOptions {
    /// Write the certificate to a new file, .pdf, .html or .eml (a mail to be sent), or a PDF for each code to a folder
    #[arg(long = "certificate", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Its language, as in `de`, instead of the customer's
    #[arg(long, value_name = "TAG", requires = "paths")]
    language: Option<String>,
    /// Its paper
    #[arg(long, value_enum, requires = "paths")]
    paper: Option<PaperName>,
}

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
            for issued in codes {
                let file = if path.is_dir() { path.join(name(issued)) } else { path.clone() };
                if codes.len() > 1 && file == *path {
                    let what = format!("{}: there are {} codes for one file", path.display(), codes.len());
                    return Err(Failure::no(what)
                        .hint("nothing is lost: `countersign reprint` with --certificate and a folder"));
                }
                let contents = certificate(&mut self.printer, ledger, issued, format_of(&file)?, self.options)?;
                save(&file, &contents)?;
            }
        }
        Ok(())
    }
}

/// Writes the certificate of a code into a folder, in the customer's language.
pub fn save_into(printer: &mut Printer, ledger: &mut Ledger, issued: &Issued, folder: &Path) -> Result<Saved, Failure> {
    let usual = CertificateOptions { paths: Vec::new(), language: None, paper: None };
    let contents = certificate(printer, ledger, issued, Format::Pdf, &usual)?;
    put(&folder.join(name(issued)), &contents)
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
            let file = name(issued);
            // It is dated as the code is, so that the same code has the same mail.
            let letter = Letter {
                vendor: (&paperwork.vendor, &paperwork.contact),
                to,
                day: issued.license.terms().issued,
                id: file.trim_end_matches(".pdf"),
            };
            let enclosed = Enclosure { name: &file, media_type: "application/pdf", contents: &pages };
            printer.mail(&letter, &document, paper, &[enclosed])
        }
    }
}

/// The file of a code in a folder of certificates.
fn name(issued: &Issued) -> String {
    let terms = issued.license.terms();
    let host = terms.host.map(|host| format!("-host-{host}")).unwrap_or_default();
    format!("license-{}-revision-{}{host}.pdf", terms.license, terms.revision)
}
