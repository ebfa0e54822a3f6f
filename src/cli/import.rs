//! `countersign import`: printed codes that the ledger has lost.

use super::failure::Failure;
use super::print::counted;
use super::{Context, print};
use activation_host::program::system;
use countersign::desk::{self, Imported, PrintedText};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest text that is read: a hundred thousand codes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Read printed codes in again that the ledger has lost
#[derive(clap::Args)]
#[command(after_help = "\
Any form in which a host reads a code, any number of codes in a file. All are read in, or none.

Examples:
  countersign import printed.txt
  countersign import mail-1.txt mail-2.txt --customer 'Example Hospital Trust'")]
pub struct Arguments {
    /// A text with codes; - is standard input
    #[arg(value_name = "FILE", required = true)]
    file: Vec<PathBuf>,
    /// Whose licenses those are that the ledger does not know, by number or name
    #[arg(long, value_name = "NUMBER|NAME")]
    customer: Option<String>,
}

#[derive(Serialize)]
pub struct ImportedJson {
    imported: Vec<CodeJson>,
    known: u32,
    repaired: u32,
}

#[derive(Serialize)]
struct CodeJson {
    license: u32,
    revision: u16,
}

impl From<&Imported> for ImportedJson {
    fn from(imported: &Imported) -> Self {
        let code = |license: &activation_code::License| {
            let terms = license.terms();
            CodeJson { license: terms.license.get(), revision: terms.revision.get() }
        };
        Self { imported: imported.codes.iter().map(code).collect(), known: imported.known, repaired: imported.repaired }
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let printed = arguments.file.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let customer = arguments.customer.as_deref().map(|text| desk::find_customer(&mut ledger, text)).transpose()?;
    let imported = desk::import(&mut ledger, &session, &printed, customer.map(|customer| customer.number))?;
    if context.json {
        return print::json(&ImportedJson::from(&imported));
    }
    print::result(&text(&imported))
}

/// What was read in, in words.
pub fn text(imported: &Imported) -> String {
    let mut text = String::new();
    for license in &imported.codes {
        let terms = license.terms();
        // Writing to a String does not fail.
        let _ = writeln!(text, "read in: license {}, revision {}", terms.license, terms.revision);
    }
    let read = counted(imported.codes.len() as u64, "code");
    let _ = writeln!(text, "{read} read in, {} known before", imported.known);
    if imported.repaired > 0 {
        let mended = counted(imported.repaired.into(), "code");
        let _ = writeln!(text, "{mended} had mistakes, which the signature mends");
    }
    text
}

/// The text of a file, or of standard input.
pub fn read(path: &Path) -> Result<PrintedText, Failure> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let mut limited = |from: &mut dyn Read| from.take(LONGEST + 1).read_to_end(&mut bytes);
    let read = if path == Path::new("-") {
        limited(&mut io::stdin().lock())
    } else {
        File::open(path).and_then(|mut file| limited(&mut file))
    };
    let hint = "give a text file with activation codes";
    read.map_err(|error| Failure::could_not(format!("{name}: {}", system(&error))).hint(hint))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::could_not(format!("{name}: it has more than {LONGEST} bytes")).hint(hint));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::could_not(format!("{name}: it is no text")).hint(hint))?;
    Ok(PrintedText { name, text })
}
