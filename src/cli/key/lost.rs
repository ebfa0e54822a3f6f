//! `countersign key lost`: an issuing key was stolen, or may have been.

use super::new;
use crate::cli::batch::Format;
use crate::cli::failure::Failure;
use crate::cli::print::complain;
use crate::cli::progress::{Progress, watch};
use crate::cli::{Context, PROGRAM, output, print};
use activation_code::{IssuerNumber, LicenseNumber};
use activation_host::json::IssuerJson;
use activation_host::program::{clock, visible};
use countersign::desk::{self, Asked, Done, Loss, Permission, Refused, Session};
use countersign::documents::{ResultCode, ResultLine, ResultsFormat, ResultsWriter};
use countersign::ledger::{IssuerState, Ledger};
use countersign::signer::SoftwareKey;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Seek as _, SeekFrom};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

/// Say that an issuing key was stolen: it is void for ever, and its codes are listed or re-issued
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("remedy"))]
#[command(after_help = "\
For a key that somebody else may have; it works without the key's file and passphrase. One that is
gone and nobody has: see docs/key-rotation.md. The prepared key takes its place, or a new one is
made; if the folder was taken, say `key lost` of the prepared key first. --list: the next bundle
lists its codes, and nothing is sent. --reissue: codes that count go out again, signed by the other
key; stopped at any moment, the same command with NUMBER goes on. Results are like those of batch.

Examples:
  countersign key lost
  countersign key lost 1 --list
  countersign key lost 1 --reissue --output codes.csv")]
pub struct Arguments {
    /// The key; without it, the only one that was ever in use
    #[arg(value_name = "NUMBER")]
    number: Option<IssuerNumber>,
    /// Keep its codes good: the next bundle lists them
    #[arg(long, group = "remedy")]
    list: bool,
    /// Sign the codes that count again, with the other key
    #[arg(long, group = "remedy")]
    reissue: bool,
    /// Write the new codes to a new file
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    output: Option<PathBuf>,
    /// How they are written; without it, --output's end says so
    #[arg(long, value_name = "csv|jsonl", hide_possible_values = true, conflicts_with = "list")]
    results: Option<Format>,
}

/// What becomes of the codes of a stolen key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    List,
    Reissue,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.output {
        output::refuse_early(path)?;
    }
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    desk::check_may(&session.operator, Permission::Trust)?;
    let number = desk::lost_issuer(&mut ledger, arguments.number)?.number;
    let loss = desk::preview_loss(&mut ledger, &session, number, &watch("counting"))?;
    let remedy = agreed(context, arguments, &loss)?;
    let signer = give_up(context, &mut ledger, &session, &loss)?;
    let results = match remedy {
        Remedy::List => None,
        Remedy::Reissue => {
            let skipped = reissue(context, &mut ledger, &session, &loss, signer)?;
            Some(results(context, arguments, &mut ledger, number, &skipped)?)
        }
    };
    let after = desk::preview_loss(&mut ledger, &session, number, &watch("counting"))?;
    finish(context, arguments, &mut ledger, &after, results)
}

/// What becomes of its codes, as somebody said or says now.
fn agreed(context: &Context, arguments: &Arguments, loss: &Loss) -> Result<Remedy, Failure> {
    let asks = context.asks();
    let said = match (arguments.list, arguments.reissue) {
        (true, _) => Some(Remedy::List),
        (_, true) => Some(Remedy::Reissue),
        // There is nothing to choose.
        _ if loss.listed == 0 && loss.concerned.is_empty() && loss.reissued == 0 => Some(Remedy::List),
        _ => None,
    };
    let number = loss.issuer.number;
    let remedy = match said {
        Some(remedy) => remedy,
        None if asks => {
            let remedy = choose(&format!(
                "{}\nList its codes in the next bundle, or re-issue those that count? [list/reissue/N] ",
                planned(loss)
            ))?;
            return fits(loss, remedy).and_then(|remedy| {
                print::confirm(&question(loss), "nothing was changed")?;
                Ok(remedy)
            });
        }
        None => {
            return Err(Failure::could_not(format!("nobody said what becomes of the codes of key {number}"))
                .hint("--list keeps them good, --reissue signs those that count again"));
        }
    };
    let remedy = fits(loss, remedy)?;
    if asks {
        print::confirm(&format!("{}\n{}", planned(loss), question(loss)), "nothing was changed")?;
    }
    Ok(remedy)
}

fn fits(loss: &Loss, remedy: Remedy) -> Result<Remedy, Failure> {
    if remedy == Remedy::List && !loss.fits() {
        return Err(Refused::ListTooLong { codes: loss.listed, bytes: loss.bundle_bytes }.into());
    }
    Ok(remedy)
}

fn question(loss: &Loss) -> String {
    let number = loss.issuer.number;
    match loss.state {
        IssuerState::Stolen => "Go on? [y/N] ".to_owned(),
        _ => format!("Make key {number} void? It cannot be taken back. [y/N] "),
    }
}

fn choose(question: &str) -> Result<Remedy, Failure> {
    match print::ask(question, "say it with --list or --reissue")?.as_str() {
        "l" | "list" => Ok(Remedy::List),
        "r" | "reissue" | "re-issue" => Ok(Remedy::Reissue),
        _ => Err(Failure::no("nothing was changed")),
    }
}

/// What it comes to, in words.
fn planned(loss: &Loss) -> String {
    let Loss { issuer, codes, licenses, listed, bundle_bytes, concerned, reissued, successor, .. } = loss;
    let state = match loss.state {
        IssuerState::Stolen => "stolen, as was said before",
        IssuerState::InUse => "in use",
        IssuerState::Prepared => "prepared; it has signed nothing",
        IssuerState::Retired => "retired",
    };
    let mut text = format!(
        "  key          {issuer}, {state}\n\
         \x20 codes        {} of {}\n\
         \x20 to list      {}, in a bundle of {} of at most 8192 KiB\n\
         \x20 to re-issue  the codes that count of {}",
        print::counted(*codes, "code"),
        print::counted(*licenses, "license"),
        print::counted(*listed, "code"),
        format_args!("{} KiB", bundle_bytes.div_ceil(1024)),
        print::counted(concerned.len() as u64, "license"),
    );
    if *reissued > 0 {
        text.push_str(&format!("; those of {} are", print::counted(*reissued, "license")));
    }
    text.push('\n');
    match successor {
        Some(successor) => text.push_str(&format!(
            "  signs then   key {successor}\n\
             If the desk's folder was taken, this key was too: answer no, and say `key lost {}` first.\n",
            successor.number
        )),
        None if loss.needs_successor => text.push_str("  signs then   a new key, which is made now\n"),
        None => {}
    }
    text
}

/// Says in the ledger that the key is void, and which one signs from now on. Gives that one, if it had to be opened.
fn give_up(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    loss: &Loss,
) -> Result<Option<SoftwareKey>, Failure> {
    let mut loss = loss.clone();
    let signer = match loss.successor {
        _ if !loss.needs_successor => None,
        Some(successor) => {
            // A key that does not open would leave the desk without one.
            let passphrase = context.passphrase.existing(&format!("issuing key {}", successor.number))?;
            Some(context.folder.issuing_key(successor, &passphrase)?)
        }
        None => {
            let new::Made { issuer, key, .. } = new::make(context, ledger, session)?;
            loss.successor = Some(issuer);
            Some(key)
        }
    };
    desk::lose_issuer(ledger, session, &loss)?;
    context.folder.put_aside(loss.issuer.number)?;
    Ok(signer)
}

/// A license whose codes cannot be signed again, and why.
type Skipped = (LicenseNumber, Refused);

/// Signs the codes that count again. What cannot be is told, and stays listed.
fn reissue(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    loss: &Loss,
    signer: Option<SoftwareKey>,
) -> Result<Vec<Skipped>, Failure> {
    let mut skipped = Vec::new();
    if loss.concerned.is_empty() {
        return Ok(skipped);
    }
    let signer = match signer {
        Some(signer) => signer,
        None => {
            let passphrase = context.passphrase.existing("the issuing key")?;
            context.folder.signer(ledger, &passphrase)?
        }
    };
    let mut progress = Progress::new("re-issuing", Some(loss.concerned.len() as u64));
    let mut licenses = (1..).zip(&loss.concerned);
    let orders = desk::reissues(loss).map(|change| Ok::<_, Failure>(Asked::from(change)));
    let done = |done: Done| {
        let Some((place, license)) = licenses.next() else { return Ok(()) };
        progress.at(place);
        match done {
            // Somebody else gave out another code meanwhile.
            Done::Refused(Refused::NotOfKey { .. } | Refused::Revoked(_)) => {}
            Done::Refused(refused) => skipped.push((*license, refused)),
            Done::Issued(_) | Done::Before(_) => {}
        }
        Ok(())
    };
    // One more than there are cores: one of them waits for the disk now and then.
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN).saturating_add(1);
    desk::carry_out_orders(ledger, session, &signer, threads, orders, done)?;
    Ok(skipped)
}

/// The new codes as a file without a name, and how many licenses could not be done.
struct Results {
    file: File,
    codes: u64,
    skipped: u64,
}

/// All codes that were ever signed again because of this key, and count: they are the same however often it was
/// stopped.
fn results(
    context: &Context,
    arguments: &Arguments,
    ledger: &mut Ledger,
    lost: IssuerNumber,
    skipped: &[Skipped],
) -> Result<Results, Failure> {
    let no_room = |error: io::Error| context.folder.no_room(&error);
    let named = arguments.output.as_deref().and_then(Format::of_name);
    let usual = if context.json && arguments.output.is_none() { Format::Jsonl } else { Format::Csv };
    let format: ResultsFormat = arguments.results.or(named).unwrap_or(usual).into();
    let file = tempfile::tempfile_in(context.folder.path()).map_err(no_room)?;
    let mut writer = ResultsWriter::new(format, BufWriter::with_capacity(1 << 16, file)).map_err(no_room)?;
    let (mut line, mut codes) = (0, 0);
    desk::each_reissued(ledger, clock(), lost, &watch("writing"), |issued| {
        line += 1;
        for issued in &issued {
            codes += 1;
            let code = Some(ResultCode::from(issued));
            writer.write(&ResultLine { line, state: "issued", code, ..ResultLine::default() }).map_err(no_room)?;
        }
        Ok::<_, Failure>(())
    })?;
    for (license, refused) in skipped {
        line += 1;
        let problem = format!("license {license}: {refused}");
        let result = ResultLine { line, state: "skipped", problem: Some(&problem), ..ResultLine::default() };
        writer.write(&result).map_err(no_room)?;
    }
    let file = writer.finish().and_then(|file| file.into_inner().map_err(IntoInnerError::into_error));
    let file = file.and_then(|mut file| file.seek(SeekFrom::Start(0)).map(|_| file)).map_err(no_room)?;
    Ok(Results { file, codes, skipped: skipped.len() as u64 })
}

#[derive(Serialize)]
struct LostJson {
    issuer: IssuerJson,
    state: &'static str,
    codes: u64,
    licenses: u64,
    listed: u64,
    bundle_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reissued: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u64>,
    signs: Option<IssuerJson>,
}

/// Gives out the results, and says what follows.
fn finish(
    context: &Context,
    arguments: &Arguments,
    ledger: &mut Ledger,
    loss: &Loss,
    results: Option<Results>,
) -> Result<(), Failure> {
    let signs = desk::issuer_to_sign_with(ledger).ok();
    let counts = results.as_ref().map(|results| (results.codes, results.skipped));
    let mut text = done(loss, counts, signs.map(|issuer| issuer.to_string()));
    text.push_str(&next(context, loss, signs.map(|issuer| issuer.number), counts.is_some_and(|(codes, _)| codes > 0)));
    if !loss.fits() {
        let what = "the next bundle is larger than hosts take";
        complain("warning", &what, Some("`countersign key lost NUMBER --reissue` makes it smaller"));
    }
    let json = LostJson {
        issuer: loss.issuer.into(),
        state: loss.state.name(),
        codes: loss.codes,
        licenses: loss.licenses,
        listed: loss.listed,
        bundle_bytes: loss.bundle_bytes,
        reissued: counts.map(|(codes, _)| codes),
        skipped: counts.map(|(_, skipped)| skipped),
        signs: signs.map(IssuerJson::from),
    };
    match (results, &arguments.output) {
        (Some(mut results), None) => {
            print::copy(&mut results.file)?;
            complain(PROGRAM, &text.trim_end(), None);
            Ok(())
        }
        (results, path) => {
            if let (Some(mut results), Some(path)) = (results, path) {
                output::new_file(path, &mut results.file)?;
                text.insert_str(0, &format!("{}: the new codes\n", visible(&path.display().to_string())));
            }
            if context.json { print::json(&json) } else { print::result(&text) }
        }
    }
}

fn done(loss: &Loss, counts: Option<(u64, u64)>, signs: Option<String>) -> String {
    let Loss { issuer, codes, licenses, listed, bundle_bytes, reissued, .. } = loss;
    let mut text = format!(
        "Key {} is void: its number and its key are never used again\n\
         \x20 codes        {} of {}\n",
        issuer.number,
        print::counted(*codes, "code"),
        print::counted(*licenses, "license"),
    );
    if let Some((codes, skipped)) = counts {
        text.push_str(&format!(
            "  re-issued    {} of {}\n",
            print::counted(codes, "code"),
            print::counted(*reissued, "license")
        ));
        if skipped > 0 {
            text.push_str(&format!(
                "  left         {} could not be re-issued: the results say why\n",
                print::counted(skipped, "license")
            ));
        }
    }
    if loss.bundle.is_some() {
        text.push_str(&format!(
            "  listed       {}, which no other has replaced, in a bundle of {} KiB\n",
            print::counted(*listed, "code"),
            bundle_bytes.div_ceil(1024)
        ));
    }
    match signs {
        Some(signs) => text.push_str(&format!("  signs now    key {signs}\n")),
        None => text.push_str("  signs now    no key: `countersign key new`\n"),
    }
    text
}

/// What a person has to do now.
fn next(context: &Context, loss: &Loss, signs: Option<IssuerNumber>, codes: bool) -> String {
    let number = loss.issuer.number;
    let other = signs.map(|number| number.to_string()).unwrap_or_else(|| "another".to_owned());
    let mut steps = Vec::new();
    if loss.bundle.is_some() {
        steps.push(format!(
            "`countersign bundle draft FILE`, root sign, `countersign bundle publish FILE`: it makes key {number} void"
        ));
        steps.push("build this bundle into the next release of each product".to_owned());
        if codes {
            steps.push(
                "send each customer the bundle with the new codes: a host loads the bundle, then enters its code"
                    .to_owned(),
            );
        } else {
            steps.push("send it to customers when it suits; nothing else changes for them".to_owned());
        }
    } else {
        steps.push(format!(
            "no bundle was published: build key {other} into the next release of each product, and take key {number} out"
        ));
        if codes {
            steps.push("send each customer that release with the new codes".to_owned());
        } else {
            steps.push("without a bundle nothing lists its codes: `key lost --reissue` signs them again".to_owned());
        }
    }
    if context.folder.was_stolen(number) {
        steps.push(format!(
            "keep issuer-{number}.key.stolen as evidence, or destroy it; the desk makes no use of it any more"
        ));
    }
    let mut text = "Next:\n".to_owned();
    for (place, step) in (1..).zip(&steps) {
        text.push_str(&format!("  {place}. {step}\n"));
    }
    text.push_str(&format!(
        "A host that never learns of it goes on with the code that it has, takes what the thief signs within the\n\
         limits of key {number}, and refuses what key {other} signs.\n"
    ));
    text
}
