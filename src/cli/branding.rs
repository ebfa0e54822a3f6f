//! `countersign branding`: how the vendor's documents look and what they say.

use super::failure::Failure;
use super::printer::{PaperName, print, save, template_failure};
use super::{Context, print};
use activation_host::program::{system, visible};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use countersign::documents::branding::{self, Branding, Files, Kind, LARGEST_LOGO};
use countersign::documents::html::{Pictures, html};
use countersign::documents::pdf::{Paper, Press};
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Say how certificates, notices and statements look: name, contact, logo, texts, languages
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(Check),
    Export(Export),
    Sample(Sample),
}

/// Read the branding folder of the desk, and say what is wrong with it
#[derive(clap::Args)]
#[command(after_help = "\
The folder is `branding` in the desk's folder. Each template is tried with made-up licenses of every
kind, so that a mistake is found before a customer waits.

Example:
  countersign branding check")]
struct Check {}

/// Write the texts that come with the program into the branding folder, to be changed there
#[derive(clap::Args)]
#[command(after_help = "\
Files that are there stay as they are. What you do not change, delete: then a new release's text counts.

Examples:
  countersign branding export
  countersign branding export ./texts")]
struct Export {
    /// Another folder
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Write a document of a made-up license, to look at
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign branding sample certificate.pdf
  countersign branding sample certificate.html --language de --paper letter
  countersign branding sample notice.pdf --document notice")]
struct Sample {
    /// A new file, .pdf or .html
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which document
    #[arg(long, value_name = "KIND", default_value = "certificate", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::name)))]
    document: String,
    /// The language, as in `de`
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The paper
    #[arg(long, value_enum)]
    paper: Option<PaperName>,
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Check(Check {}) => {
            let branding = read(context)?;
            let languages: Vec<_> =
                branding.languages().map(|(tag, language)| format!("{tag} ({})", language.name)).collect();
            print::result(&format!("in order; languages: {}\n", visible(&languages.join(", "))))
        }
        Command::Export(Export { folder }) => export(context, folder),
        Command::Sample(sample) => write_sample(context, &sample),
    }
}

fn write_sample(context: &Context, Sample { file, document, language, paper }: &Sample) -> Result<(), Failure> {
    let branding = read(context)?;
    let tag = branding.language(language.as_deref()).0.to_owned();
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == document).unwrap_or(Kind::Certificate);
    let document = branding.sample(kind, &tag).map_err(|fault| template_failure(kind.name(), &fault))?;
    let paper = paper.map_or(branding.paper(), Paper::from);
    let page = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("html"));
    let contents = match page {
        true => html(&document, paper, Pictures::Inside).into_bytes(),
        false if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("pdf")) => {
            print(&mut Press::new(), &document, paper)?
        }
        false => {
            let what = format!("{}: wanted a name that ends in .pdf or .html", file.display());
            return Err(Failure::could_not(what));
        }
    };
    save(file, &contents)
}

fn folder(context: &Context) -> PathBuf {
    context.folder.path().join("branding")
}

fn export(context: &Context, to: Option<PathBuf>) -> Result<(), Failure> {
    // A desk has to be there.
    context.folder.ledger_to_read()?;
    let folder = to.unwrap_or_else(|| folder(context));
    let mut written = Vec::new();
    for (name, contents) in branding::built_in() {
        let path = folder.join(&name);
        let made = path.parent().map_or(Ok(()), |parent| DirBuilder::new().recursive(true).create(parent));
        made.map_err(|error| fault(&path, &error))?;
        if path.symlink_metadata().is_err() {
            super::output::new_file(&path, &mut &contents[..])?;
            written.push(format!("{}\n", visible(&path.display().to_string())));
        }
    }
    if written.is_empty() {
        return print::result("all of them are there already\n");
    }
    print::result(&written.concat())
}

/// The desk's branding; without a folder of its own what comes with the program.
pub fn read(context: &Context) -> Result<Branding, Failure> {
    let files = files(&folder(context))?;
    Branding::read(&files).map_err(|faults| {
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("\n  branding/{}", visible(&fault.to_string()))).collect();
        let s = if lines.len() == 1 { "" } else { "s" };
        Failure::no(format!("the branding has {} mistake{s}:{}", lines.len(), lines.concat()))
            .hint("mend it, or move the file away: then the text that comes with the program counts")
    })
}

/// All files of the folder, and of the folders in it. What editors and file managers leave behind is not looked at.
fn files(folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    for (path, name) in entries(folder)? {
        if path.is_dir() {
            for (path, inner) in entries(&path)? {
                take(&mut files, &path, format!("{name}/{inner}"))?;
            }
        } else {
            take(&mut files, &path, name)?;
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(|error| fault(folder, &error))?,
    };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|error| fault(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            entries.push((entry.path(), name));
        }
    }
    Ok(entries)
}

fn take(files: &mut Files, path: &Path, name: String) -> Result<(), Failure> {
    let metadata = fs::metadata(path).map_err(|error| fault(path, &error))?;
    if !metadata.is_file() {
        return Err(Failure::no(format!("branding/{}: it is no file", visible(&name))));
    }
    if metadata.len() > LARGEST_LOGO as u64 {
        let what =
            format!("branding/{}: it has {} bytes, wanted at most {LARGEST_LOGO}", visible(&name), metadata.len());
        return Err(Failure::no(what).hint("give a smaller picture"));
    }
    files.insert(name, fs::read(path).map_err(|error| fault(path, &error))?);
    Ok(())
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    Failure::could_not(format!("{}: {}", path.display(), system(error)))
}
