//! `countersign show` and `countersign list`: what was issued.

use super::failure::Failure;
use super::output::Output;
use super::{Context, change, print};
use activation_code::LicenseNumber;
use activation_host::program::{complain, visible};
use clap::ValueEnum;
use countersign::desk::{self, Issued};
use countersign::documents::{self, QrSymbol, Sale, Surface};
use countersign::ledger::{Entry, Ledger, LicenseRecord};
use serde::Serialize;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Show a license's codes again, byte for byte
#[derive(clap::Args)]
#[command(after_help = "\
Letters show every revision, the other forms the newest.

Examples:
  countersign show 1
  countersign show 1 --as digits
  countersign show 1 --as qr --output code.png
  countersign show 1 --as file --output code.lic")]
pub struct ShowArguments {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
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

/// List the licenses, each with its newest revision
#[derive(clap::Args)]
pub struct ListArguments {}

pub fn show(context: &Context, arguments: &ShowArguments) -> Result<(), Failure> {
    let output = arguments.output.as_deref().map(|path| Output::new(path, arguments.form)).transpose()?;
    let mut ledger = context.folder.ledger()?;
    let issued = desk::codes_of(&mut ledger, arguments.license)?;
    let license = desk::find_license(&mut ledger, arguments.license)?;
    let Some(newest) = issued.last() else { return Ok(()) };
    let written = match &output {
        Some(output) => Some(write(&mut ledger, newest, output)?),
        None => None,
    };
    if context.json {
        return print::json(&issued.iter().map(|issued| ShownJson::of(&license, issued)).collect::<Vec<_>>());
    }
    let form = arguments.form;
    if form != Form::Letters && license.revokes(newest.entry.terms.revision) {
        let revoked = format!("license {}, revision {} is revoked", license.number, newest.entry.terms.revision);
        complain("warning", &revoked, Some("do not give this code out"));
    }
    if let Some(written) = written {
        return print::result(&written);
    }
    if form != Form::Letters {
        return print::result(&shown(&mut ledger, newest, form)?);
    }
    let mut texts = Vec::new();
    for issued in &issued {
        let revoked = if license.revokes(issued.entry.terms.revision) { "REVOKED\n" } else { "" };
        texts.push(format!("{revoked}{}", shown(&mut ledger, issued, form)?));
    }
    print::result(&texts.join("\n"))
}

#[derive(Serialize)]
struct ShownJson {
    #[serde(flatten)]
    issued: print::IssuedJson,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
}

impl ShownJson {
    fn of(license: &LicenseRecord, issued: &Issued) -> Self {
        Self { issued: issued.into(), revoked: license.revokes(issued.entry.terms.revision) }
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

#[derive(Serialize)]
struct LicenseJson {
    license: u32,
    revision: u16,
    customer: u32,
    customer_name: String,
    order: Option<String>,
    product: u16,
    mnemonic: String,
    units: u32,
    kind: &'static str,
    first: String,
    last: String,
    issued: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    state: &'static str,
}

pub fn list(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let products = desk::products(&mut ledger)?;
    let mut licenses: Vec<LicenseJson> = Vec::new();
    for (record, newest) in desk::licenses(&mut ledger, 0, u32::MAX)? {
        let customer = desk::find_customer(&mut ledger, &record.customer.to_string())?;
        let product = products.iter().find(|product| product.id == newest.entry.terms.product);
        let mnemonic = product.map(|product| product.mnemonic.to_string()).unwrap_or_default();
        licenses.push(license(&record, &newest.entry, customer.name.to_string(), mnemonic));
    }
    if context.json {
        return print::json(&licenses);
    }
    let line = |license: &LicenseJson| {
        vec![
            license.license.to_string(),
            license.revision.to_string(),
            license.state.to_owned(),
            license.mnemonic.clone(),
            if license.test { format!("{}, TEST", license.kind) } else { license.kind.to_owned() },
            license.units.to_string(),
            license.first.clone(),
            license.last.clone(),
            license.customer_name.clone(),
        ]
    };
    let lines: Vec<_> = licenses.iter().map(line).collect();
    let heading = ["LICENSE", "REVISION", "STATE", "PRODUCT", "KIND", "UNITS", "FIRST", "LAST", "CUSTOMER"];
    print::result(&print::table(&heading, &lines))
}

fn license(record: &LicenseRecord, entry: &Entry, customer_name: String, mnemonic: String) -> LicenseJson {
    LicenseJson {
        license: entry.terms.license.get(),
        revision: entry.terms.revision.get(),
        customer: record.customer.get(),
        customer_name,
        order: entry.reference.as_ref().map(ToString::to_string),
        product: entry.terms.product.get(),
        mnemonic,
        units: entry.terms.units.get(),
        kind: entry.terms.kind.name(),
        first: entry.period.first().to_string(),
        last: entry.period.last().to_string(),
        issued: entry.terms.issued.to_string(),
        test: entry.terms.test,
        state: if record.revokes(entry.terms.revision) { "revoked" } else { "issued" },
    }
}
