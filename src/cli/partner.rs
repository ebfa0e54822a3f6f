//! `countersign partner`: desks that issue for a vendor with keys of their own, at both ends.

use super::bundle_file;
use super::failure::Failure;
use super::limit_arguments::{LimitArguments, Limited, in_words};
use super::output::{new_file, refuse_early};
use super::print::counted;
use super::roots::RootArguments;
use super::{Context, print};
use activation_code::{Day, IssuerNumber};
use activation_host::program::{clock, system, visible};
use clap::Subcommand;
use countersign::desk::{self, OtherBook, PartnerEnd, PartnerFinding, Permission, Reconciliation};
use countersign::ledger::{IssuerState, Name, Partner};
use countersign::partner::{MAX_EXPORT, MAX_REQUEST, PartnerExport, PartnerRequest};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Let partners issue with keys of their own, and see what they issued
#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
The partner's desk (`init --partner`) writes a request; the vendor's desk adds the partner, and its
next trust bundle says what the partner may issue. The partner's desk loads it and issues with no
connection. Now and then it exports what it issued, and the vendor's desk imports that.

At the vendor's desk: add, limit, end, list, show, import.
At a partner's desk:  request, load, export.

Examples:
  countersign partner request request.txt
  countersign partner add request.txt --name 'North Systems' --units 100 --allotment 5000
  countersign partner load bundle.txt --root HEX
  countersign partner export july.txt
  countersign partner import july.txt"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    Limit(Limit),
    End(End),
    List(List),
    Show(Show),
    Import(Import),
    Request(Request),
    Load(Load),
    Export(Export),
}

/// Let a partner issue, from the next trust bundle on
#[derive(clap::Args)]
#[command(after_help = "\
Compare the fingerprint with the partner on the telephone. Without --licenses the partner gets a
million license numbers of its own. A limit that is not named is none.

Examples:
  countersign partner add request.txt --name 'North Systems' --units 100 --allotment 5000
  countersign partner add request.txt --name North --products ES --kinds full --licenses 1000000-1999999")]
struct Add {
    /// What the partner's desk has written
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
    /// What the partner is called here
    #[arg(long, value_name = "NAME")]
    name: Name,
    #[command(flatten)]
    limits: LimitArguments,
    /// Most units in all, as imports are reconciled; or none
    #[arg(long, value_name = "UNITS")]
    allotment: Option<Limited<u32>>,
}

/// Change what a partner may issue, from the next trust bundle on
#[derive(clap::Args)]
#[command(after_help = "\
What is not named stays as it is; `none` takes a limit away.

Examples:
  countersign partner limit 17 --units 50 --until 2028-12-31
  countersign partner limit 17 --allotment none")]
struct Limit {
    /// The number of the partner's key
    #[arg(value_name = "N")]
    number: IssuerNumber,
    #[command(flatten)]
    limits: LimitArguments,
    /// Most units in all, as imports are reconciled; or none
    #[arg(long, value_name = "UNITS")]
    allotment: Option<Limited<u32>>,
}

/// End a partner with the next trust bundle, in good order or for good
#[derive(clap::Args)]
#[command(after_help = "\
In good order: what it issued up to its last day of issue stays good.
--stolen: of all that its key has signed, only codes that were imported stay good. For good.

Examples:
  countersign partner end 17
  countersign partner end 17 --to 2027-06-30
  countersign partner end 17 --stolen")]
struct End {
    /// The number of the partner's key
    #[arg(value_name = "N")]
    number: IssuerNumber,
    /// Its last day of issue, instead of today
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// The key, or who has it, cannot be believed
    #[arg(long, conflicts_with = "to")]
    stolen: bool,
}

/// List the partners
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign partner list")]
struct List {}

/// Show a partner, and what it issued against what it may issue
#[derive(clap::Args)]
#[command(after_help = "\
Units count once for each license: those of its newest revision that is not revoked.

Example:
  countersign partner show 17")]
struct Show {
    /// The number of the partner's key
    #[arg(value_name = "N")]
    number: IssuerNumber,
}

/// Take over what a partner's desk has exported, and say what is wrong with it
#[derive(clap::Args)]
#[command(after_help = "\
The file has to be signed by the partner's desk, and its book to continue what was imported before.
What is wrong with single codes is reported, and no reason to refuse the file.

Examples:
  countersign partner import july.txt --preview
  countersign partner import july.txt")]
struct Import {
    /// What the partner's desk has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only say what it would show
    #[arg(long)]
    preview: bool,
    /// Go on from a book that was restored from a backup, or rewritten
    #[arg(long)]
    accept_other_book: bool,
}

/// At a partner's desk: ask the vendor to be certified
#[derive(clap::Args)]
#[command(after_help = "\
Send the file to the vendor, and read the fingerprint out on the telephone.

Example:
  countersign partner request request.txt")]
struct Request {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// At a partner's desk: load the vendor's trust bundle, which says what may be issued
#[derive(clap::Args)]
#[command(after_help = "\
The first time name the vendor's roots; later those of the bundle before count.

Examples:
  countersign partner load bundle-1.txt --root HEX --root HEX --root HEX --roots-needed 2
  countersign partner load bundle-2.txt")]
struct Load {
    /// What the vendor has published
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    #[command(flatten)]
    roots: RootArguments,
}

/// At a partner's desk: write what was issued, for the vendor
#[derive(clap::Args)]
#[command(after_help = "\
It has all codes and no names of customers, and proves that the book only grew. The vendor says how
far it has read: then --since makes the file shorter.

Examples:
  countersign partner export july.txt
  countersign partner export july.txt --since 1234")]
struct Export {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only the links of the book from this event on
    #[arg(long, value_name = "SEQUENCE")]
    since: Option<u64>,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Add(arguments) => add(context, arguments),
        Command::Limit(arguments) => limit(context, arguments),
        Command::End(arguments) => end(context, arguments),
        Command::List(_) => list(context),
        Command::Show(arguments) => show(context, arguments),
        Command::Import(arguments) => import(context, arguments),
        Command::Request(arguments) => request(context, arguments),
        Command::Load(arguments) => load(context, arguments),
        Command::Export(arguments) => export(context, arguments),
    }
}

const NEXT: &str = "The next trust bundle carries it: `countersign bundle draft FILE`\n";

#[derive(Serialize)]
struct PartnerJson {
    issuer: u16,
    name: String,
    key: String,
    ledger_key: String,
    desk: String,
    state: &'static str,
    limits: String,
    allotment: Option<u32>,
    since: String,
}

impl PartnerJson {
    fn of(partner: &Partner) -> Self {
        Self {
            issuer: partner.issuer.get(),
            name: partner.name.to_string(),
            key: partner.key.to_string(),
            ledger_key: partner.ledger_key.to_string(),
            desk: partner.desk.clone(),
            state: partner.state.name(),
            limits: partner.limits.to_string().trim_start().to_owned(),
            allotment: partner.allotment,
            since: partner.created.to_string(),
        }
    }
}

fn state(partner: &Partner) -> &'static str {
    match partner.state {
        IssuerState::Stolen => "ended: void but for the codes that were imported",
        IssuerState::Retired => "ended in good order",
        IssuerState::Prepared | IssuerState::InUse => "may issue",
    }
}

fn in_text(partner: &Partner) -> String {
    let allotment = match partner.allotment {
        Some(units) => format!("{units} units in all"),
        None => "any number of units".to_owned(),
    };
    let Partner { issuer, name, created, limits, key, ledger_key, desk, .. } = partner;
    format!(
        "Partner {issuer}, {name}\n  state        {}, known since {created}\n  limits       {}\n  \
         allotment    {allotment}\n  key          {key}\n  ledger key   {ledger_key}\n  desk         {desk}\n",
        state(partner),
        in_words(limits),
    )
}

fn say(context: &Context, partner: &Partner, next: &str) -> Result<(), Failure> {
    if context.json {
        return print::json(&PartnerJson::of(partner));
    }
    print::result(&format!("{}{next}", in_text(partner)))
}

fn read<T>(path: &Path, most: usize) -> Result<T, Failure>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let hint = "name the file as the partner's desk has written it";
    let fail = |what: String| Failure::could_not(format!("{}: {what}", path.display())).hint(hint);
    let mut bytes = Vec::new();
    // One byte more says that there are too many.
    let opened = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    opened.map_err(|error| fail(system(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| fail("it is no text in UTF-8".to_owned()))?;
    text.parse().map_err(|fault: T::Err| fail(fault.to_string()))
}

fn add(context: &Context, arguments: &Add) -> Result<(), Failure> {
    let request: PartnerRequest = read(&arguments.request, MAX_REQUEST)?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let edits = arguments.limits.edits(&mut ledger)?;
    let allotment = arguments.allotment.as_ref().and_then(|allotment| allotment.0);
    let fingerprint = request.fingerprint();
    if context.asks() {
        print::confirm(
            &format!(
                "Issuer {}, fingerprint {fingerprint}.\nDoes the partner read out the same? [y/N] ",
                request.issuer
            ),
            "the partner was not added",
        )?;
    }
    let partner = desk::add_partner(&mut ledger, &session, &request, &arguments.name, &edits, allotment)?;
    say(context, &partner, &format!("  fingerprint  {fingerprint}\n{NEXT}"))
}

fn limit(context: &Context, arguments: &Limit) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let edits = arguments.limits.edits(&mut ledger)?;
    let allotment = arguments.allotment.as_ref().map(|allotment| allotment.0);
    if edits.is_empty() && allotment.is_none() {
        return Err(Failure::nothing_to_change());
    }
    let partner = desk::change_partner(&mut ledger, &session, arguments.number, &edits, allotment)?;
    say(context, &partner, NEXT)
}

fn end(context: &Context, arguments: &End) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let end = if arguments.stolen {
        PartnerEnd::Stolen
    } else {
        PartnerEnd::Retired { last: arguments.to.unwrap_or(session.today) }
    };
    if context.asks() {
        let known = desk::reconcile(&mut ledger, arguments.number)?;
        let what = match end {
            PartnerEnd::Retired { last } => format!("What it issued up to {last} stays good."),
            PartnerEnd::Stolen => {
                format!("Only the {} that were imported stay good. There is no way back.", counted(known.codes, "code"))
            }
        };
        let question = format!("{}{what}\nEnd this partner? [y/N] ", in_text(&known.partner));
        print::confirm(&question, "the partner was not ended")?;
    }
    let partner = desk::end_partner(&mut ledger, &session, arguments.number, end)?;
    say(context, &partner, NEXT)
}

fn list(context: &Context) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let partners = desk::partners(&mut ledger)?;
    if context.json {
        return print::json(&partners.iter().map(PartnerJson::of).collect::<Vec<_>>());
    }
    let cells: Vec<_> = partners
        .iter()
        .map(|partner| {
            vec![
                partner.issuer.to_string(),
                partner.state.name().to_owned(),
                partner.allotment.map_or_else(|| "any".to_owned(), |units| units.to_string()),
                partner.limits.licenses.map_or_else(String::new, |(first, last)| format!("{first}-{last}")),
                partner.name.to_string(),
            ]
        })
        .collect();
    print::result(&print::table(&["issuer", "state", "allotment", "licenses", "name"], &cells))
}

#[derive(Serialize)]
struct FindingJson {
    finding: &'static str,
    license: u32,
    revision: u16,
    text: String,
}

impl FindingJson {
    fn of(finding: &PartnerFinding) -> Self {
        let (license, revision) = finding.code();
        Self { finding: finding.name(), license: license.get(), revision: revision.get(), text: finding.to_string() }
    }
}

#[derive(Serialize)]
struct ReconciliationJson {
    partner: PartnerJson,
    right: bool,
    /// How far the book was read.
    events: u64,
    codes: u64,
    new: u64,
    licenses: u64,
    used: u64,
    over_issue: u64,
    other_book: Option<String>,
    findings: Vec<FindingJson>,
    more: u64,
}

fn reconciliation(context: &Context, found: &Reconciliation, heading: &str) -> Result<(), Failure> {
    let events = found.head.map_or(0, |head| head.sequence);
    if context.json {
        return print::json(&ReconciliationJson {
            partner: PartnerJson::of(&found.partner),
            right: found.is_right(),
            events,
            codes: found.codes,
            new: found.new,
            licenses: found.licenses,
            used: found.used,
            over_issue: found.over_issue(),
            other_book: found.other_book.map(|why| why.to_string()),
            findings: found.findings.iter().map(FindingJson::of).collect(),
            more: found.more,
        });
    }
    let mut text = format!("{heading}{}", in_text(&found.partner));
    // Writing to a String does not fail.
    let _ = match found.head {
        Some(head) => writeln!(text, "  book         {} to {}", counted(head.sequence, "event"), head.day),
        None => writeln!(text, "  book         nothing was imported yet"),
    };
    let (codes, licenses) = (counted(found.codes, "code"), counted(found.licenses, "license"));
    let _ = writeln!(text, "  issued       {codes}; {licenses} with {} count", counted(found.used, "unit"));
    if found.over_issue() > 0 {
        let _ = writeln!(text, "  OVER-ISSUE   {} above the allotment", counted(found.over_issue(), "unit"));
    }
    if let Some(why) = found.other_book {
        let _ = writeln!(text, "  OTHER BOOK   {why}");
    }
    let findings = found.findings.len() as u64 + found.more;
    if findings > 0 {
        let _ = writeln!(text, "  WRONG        {}", counted(findings, "finding"));
    }
    for finding in &found.findings {
        let _ = writeln!(text, "    {finding}");
    }
    if found.more > 0 {
        let _ = writeln!(text, "    and {} more", found.more);
    }
    if found.is_right() && found.head.is_some() {
        text.push_str("  Nothing is wrong.\n");
    }
    print::result(&text)
}

fn show(context: &Context, arguments: &Show) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let found = desk::reconcile(&mut ledger, arguments.number)?;
    reconciliation(context, &found, "")
}

fn import(context: &Context, arguments: &Import) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::Trust)?;
    let export: PartnerExport = read(&arguments.file, MAX_EXPORT)?;
    let other = if arguments.accept_other_book { OtherBook::Accepted } else { OtherBook::Refused };
    let (found, done) = if arguments.preview {
        (desk::preview_export(&mut ledger, &session, &export, other)?, "Nothing was imported; it would be")
    } else {
        (desk::import_export(&mut ledger, &session, &export, other)?, "Imported")
    };
    let heading = format!("{done} {} of {}, {} of them new\n", counted(found.codes, "code"), export.day, found.new);
    reconciliation(context, &found, &heading)
}

#[derive(Serialize)]
struct RequestJson {
    issuer: u16,
    key: String,
    ledger_key: String,
    desk: String,
    fingerprint: String,
}

const LEDGER_KEY: &str = "the ledger key, which is that of the issuing key";

fn request(context: &Context, arguments: &Request) -> Result<(), Failure> {
    refuse_early(&arguments.file)?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::Trust)?;
    let key = context.folder.ledger_key(&mut ledger, &context.passphrase.existing(LEDGER_KEY)?)?;
    let request = desk::request_partnership(&mut ledger, &session, &key)?;
    drop(key);
    new_file(&arguments.file, &mut request.to_string().as_bytes())?;
    let fingerprint = request.fingerprint();
    if context.json {
        return print::json(&RequestJson {
            issuer: request.issuer.number.get(),
            key: request.issuer.key.to_string(),
            ledger_key: request.ledger_key.to_string(),
            desk: request.desk,
            fingerprint,
        });
    }
    print::result(&format!(
        "{}: a request to {}\n  issuer       {}\n  fingerprint  {fingerprint}\n\
         Send it to the vendor, and read the fingerprint out on the telephone.\n",
        visible(&arguments.file.display().to_string()),
        request.vendor,
        request.issuer,
    ))
}

#[derive(Serialize)]
struct LoadedJson {
    number: u32,
    issued: String,
    issuer: u16,
    state: &'static str,
    limits: String,
    added: u64,
    changed: u64,
    again: bool,
}

fn load(context: &Context, arguments: &Load) -> Result<(), Failure> {
    let file = bundle_file::read(&arguments.bundle)?;
    let roots = arguments.roots.roots()?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let loaded = desk::load_bundle(&mut ledger, &session, &file, roots.as_ref())?;
    let state = match loaded.state {
        IssuerState::Stolen => "void: the vendor has ended this desk",
        _ if loaded.limits.to.is_some_and(|last| last < clock()) => "ended: its last day of issue has passed",
        _ => "may issue",
    };
    let (number, issued) = (loaded.bundle.number, loaded.bundle.issued);
    if context.json {
        return print::json(&LoadedJson {
            number,
            issued: issued.to_string(),
            issuer: loaded.issuer.get(),
            state: loaded.state.name(),
            limits: loaded.limits.to_string().trim_start().to_owned(),
            added: loaded.added,
            changed: loaded.changed,
            again: loaded.again,
        });
    }
    let done = if loaded.again { "Trust bundle was loaded before:" } else { "Loaded trust bundle" };
    print::result(&format!(
        "{done} {number} of {issued}\n  issuer       {}, {state}\n  limits       {}\n  \
         products     {} added, {} changed\n",
        loaded.issuer,
        in_words(&loaded.limits),
        loaded.added,
        loaded.changed,
    ))
}

#[derive(Serialize)]
struct ExportedJson {
    issuer: u16,
    day: String,
    events: u64,
    since: u64,
    codes: usize,
}

fn export(context: &Context, arguments: &Export) -> Result<(), Failure> {
    refuse_early(&arguments.file)?;
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::KeepBook)?;
    let key = context.folder.ledger_key(&mut ledger, &context.passphrase.existing(LEDGER_KEY)?)?;
    let export = desk::export_book(&mut ledger, &session, &key, arguments.since)?;
    drop(key);
    let text = export.to_string();
    if text.len() > MAX_EXPORT {
        return Err(Failure::no(format!(
            "the export has more than {MAX_EXPORT} bytes, and the vendor would not read it"
        ))
        .hint("ask the vendor how far it has read, and leave out the events before with --since"));
    }
    new_file(&arguments.file, &mut text.as_bytes())?;
    let (events, codes) = (export.head().sequence, export.codes().len());
    if context.json {
        return print::json(&ExportedJson {
            issuer: export.issuer.number.get(),
            day: export.day.to_string(),
            events,
            since: export.first,
            codes,
        });
    }
    print::result(&format!(
        "{}: {} in {}\nSend it to the vendor.\n",
        visible(&arguments.file.display().to_string()),
        counted(codes as u64, "code"),
        counted(events, "event"),
    ))
}
