//! `countersign show`: the codes of a license, and the forms that a code is shown in.

use super::failure::Failure;
use super::output::Output;
use super::print::complain;
use super::{Context, change, print, stolen};
use activation_code::LicenseNumber;
use activation_host::program::visible;
use clap::ValueEnum;
use countersign::desk::{self, Issued};
use countersign::documents::{self, QrSymbol, Sale, Surface};
use countersign::ledger::{Ledger, LicenseRecord};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Show a license's codes again, byte for byte
#[derive(clap::Args)]
#[command(after_help = "\
Letters show every revision, and codes that are bound to a host behind it; the other forms show
the newest revision.

Examples:
  countersign show 1
  countersign show 1 --as digits
  countersign show 1 --as qr --output code.png
  countersign show 1 --as file --output code.lic")]
pub struct ShowArguments {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
    #[command(flatten)]
    form: FormOptions,
}

/// In which form a code is shown.
#[derive(clap::Args)]
pub struct FormOptions {
    /// How to show the code: rows to type, rows of digits, a QR code, a license file with remarks, a sheet to read aloud
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Letters)]
    form: Form,
    /// Write the QR code (.png or .svg) or the license file (.lic or .txt) to a new file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms of a code.
// What they are stands with --as: described one by one they make the help longer than a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Letters,
    Digits,
    Qr,
    File,
    Spelling,
}

pub fn show(context: &Context, arguments: &ShowArguments) -> Result<(), Failure> {
    let output = arguments.form.output()?;
    let mut ledger = context.folder.ledger()?;
    let issued = desk::codes_of(&mut ledger, arguments.license)?;
    let license = desk::find_license(&mut ledger, arguments.license)?;
    let Some(newest) = issued.last() else { return Ok(()) };
    let all = context.json || arguments.form.form == Form::Letters;
    let mut every = issued.clone();
    if all && output.is_none() {
        // Those that are bound to a host come behind the one that they are of.
        every.extend(desk::bound_codes_of(&mut ledger, arguments.license)?);
        every.sort_by_key(|issued| issued.entry.terms.revision.get());
    }
    let shown = if all { &every[..] } else { std::slice::from_ref(newest) };
    arguments.form.print(context, &mut ledger, &license, shown, output)
}

impl FormOptions {
    /// The file to write, if one is wanted and can be.
    pub fn output(&self) -> Result<Option<Output<'_>>, Failure> {
        self.output.as_deref().map(|path| Output::new(path, self.form)).transpose()
    }

    /// Prints codes of a license, lowest revision first; of several the last one goes to the file.
    pub fn print(
        &self,
        context: &Context,
        ledger: &mut Ledger,
        license: &LicenseRecord,
        codes: &[Issued],
        output: Option<Output<'_>>,
    ) -> Result<(), Failure> {
        stolen::warn(ledger, codes)?;
        let written = match (output, codes.last()) {
            (Some(output), Some(newest)) => Some(write(ledger, newest, &output)?),
            _ => None,
        };
        if context.json {
            return print::json(&codes.iter().map(|issued| print::IssuedJson::of(license, issued)).collect::<Vec<_>>());
        }
        if self.form != Form::Letters
            && let Some(newest) = codes.last().filter(|newest| license.revokes(newest.entry.terms.revision))
        {
            let revoked = format!("license {}, revision {} is revoked", license.number, newest.entry.terms.revision);
            complain("warning", &revoked, Some("do not give this code out"));
        }
        if let Some(written) = written {
            return print::result(&written);
        }
        let mut texts = Vec::new();
        for issued in codes {
            let mark = if self.form == Form::Letters { change::mark(license, issued) } else { "" };
            texts.push(format!("{mark}{}", shown(ledger, issued, self.form)?));
        }
        let text = texts.join("\n");
        match self.form {
            Form::File | Form::Qr => print::plain(&text),
            Form::Letters | Form::Digits | Form::Spelling => print::result(&text),
        }
    }
}

/// A code in some form, with what belongs to it.
fn shown(ledger: &mut Ledger, issued: &Issued, form: Form) -> Result<String, Failure> {
    let code = issued.license.code();
    let text = match form {
        Form::Letters => documents::letters(code),
        Form::Digits => documents::digits(code),
        Form::Qr => QrSymbol::of(code).text(surface()),
        Form::Spelling => documents::spelling(code),
        Form::File => {
            let vendor = desk::vendor(ledger)?;
            let customer = desk::find_customer(ledger, &issued.entry.customer.to_string())?;
            let product = desk::find_product(ledger, &issued.license.terms().product.to_string())?;
            return Ok(documents::file(&Sale { vendor: &vendor, customer: &customer, product: &product, issued }));
        }
    };
    change::summary_with(ledger, issued, &text)
}

/// A terminal with colours, or else what is printed on paper in the end.
fn surface() -> Surface {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let colours = set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb");
    if colours && io::stdout().is_terminal() { Surface::Colours } else { Surface::Paper }
}

/// Writes the newest code to a file, and gives the sentence that says so.
fn write(ledger: &mut Ledger, newest: &Issued, output: &Output<'_>) -> Result<String, Failure> {
    let code = newest.license.code();
    let (contents, what) = match output {
        Output::Text(_) => (shown(ledger, newest, Form::File)?.into_bytes(), "license file".to_owned()),
        Output::Png(_) | Output::Svg(_) => {
            let symbol = QrSymbol::of(code);
            let what = format!("QR code, version {}-M", symbol.version());
            (if matches!(output, Output::Png(_)) { symbol.png() } else { symbol.svg().into_bytes() }, what)
        }
    };
    output.create(&contents)?;
    let terms = newest.license.terms();
    let path = visible(&output.path().display().to_string());
    Ok(format!("{path}: license {}, revision {}, {what}\n", terms.license, terms.revision))
}
