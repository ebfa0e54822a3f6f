//! Runs the mutants of a package that `cargo mutants --list` names, all of them in one build.
//!
//! cargo-mutants builds the package anew for each of its mutants. Here every mutant is planted beside what it replaces,
//! behind the question whether it is the one that counts (mutant schemata), so that a run needs no compiler; and it runs
//! only the tests that come to the mutant's place. What cannot be planted (constants, types that do not fit) is built
//! singly.
//!
//! A mutant is caught when a test fails that passes without it.

mod kept;
mod list;
mod plant;
mod project;
mod run;

use kept::Kept;
use list::Mutant;
use project::Project;
use run::{Outcome, Tests};
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: countersign-mutants PACKAGE [--part N/OF] [--file TEXT] [--seconds N] [--singly] [--again]

  --part N/OF   of the mutants, those whose number leaves the rest N when divided by OF
  --file TEXT   only the mutants of files whose path has this text, or one of these where it is given again
  --seconds N   most seconds of tests for each mutant (120)
  --again       goes on: only those that no run has caught so far
  --singly      also those that cannot be planted, each with a build of its own

What was found is kept in target/mutants.";

struct Arguments {
    package: String,
    part: (usize, usize),
    files: Vec<String>,
    seconds: u64,
    singly: bool,
    again: bool,
}

fn arguments() -> Option<Arguments> {
    let mut given = env::args().skip(1);
    let package = given.next().filter(|package| !package.starts_with('-'))?;
    let mut wanted = Arguments { package, part: (0, 1), files: Vec::new(), seconds: 120, singly: false, again: false };
    while let Some(option) = given.next() {
        match option.as_str() {
            "--part" => {
                let value = given.next()?;
                let (part, of) = value.split_once('/')?;
                wanted.part = (part.parse().ok()?, of.parse().ok().filter(|&of| of > 0)?);
            }
            "--file" => wanted.files.push(given.next()?),
            "--seconds" => wanted.seconds = given.next()?.parse().ok()?,
            "--singly" => wanted.singly = true,
            "--again" => wanted.again = true,
            _ => return None,
        }
    }
    Some(wanted)
}

fn main() -> ExitCode {
    let Some(wanted) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project is there");
    let mutants = list::mutants(&root, &wanted.package);
    let reasons = list::equivalent(&root, &mutants);
    let work = root.join("target/mutants").join(&wanted.package);
    let project = Project::copy(&root, &work);
    let (planted, unfit) = plant::all(&project, &wanted.package, &mutants);
    let kept = Kept::open(&work.join("outcomes.jsonl"), wanted.again);
    let chosen = |mutant: &&Mutant| {
        !kept.is_done(mutant, reasons.contains_key(mutant.lasting_name.as_str()))
            && mutant.number % wanted.part.1 == wanted.part.0 % wanted.part.1
            && (wanted.files.is_empty() || wanted.files.iter().any(|text| mutant.file.contains(text)))
    };
    eprintln!("{} mutants: {} planted, {} cannot be", mutants.len(), planted.len(), unfit.len());

    let tests = Tests::of(&project, &wanted.package, wanted.seconds);
    let chosen_ones = planted.iter().copied().filter(chosen);
    let mut found = tests.planted(chosen_ones, wanted.seconds, &kept);
    if wanted.singly {
        found.extend(tests.singly(unfit.iter().copied().filter(chosen), wanted.seconds, &kept));
    }
    let all = kept.with(found);
    let found: Vec<(&Mutant, Outcome)> =
        mutants.iter().filter_map(|mutant| Some((mutant, *all.get(&mutant.lasting_name)?))).collect();

    let count = |wanted: Outcome| found.iter().filter(|(_, outcome)| *outcome == wanted).count();
    let (equivalent, missed): (Vec<_>, Vec<_>) = found
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Missed | Outcome::NotReached))
        .partition(|(mutant, _)| reasons.contains_key(mutant.lasting_name.as_str()));
    let timed_out = found.iter().filter(|(_, outcome)| *outcome == Outcome::TimedOut);
    for (mutant, outcome) in missed.iter().copied().chain(timed_out) {
        println!("{:<11} {}", outcome.name(), mutant.name);
    }
    let viable = found.len() - count(Outcome::Unviable);
    println!(
        "{}: {} viable mutants, {} caught ({:.1} %), {} timed out, {} equivalent, {} missed of which {} no test reaches; \
         {} do not compile",
        wanted.package,
        viable,
        count(Outcome::Caught),
        100.0 * (count(Outcome::Caught) + count(Outcome::TimedOut)) as f64 / viable.max(1) as f64,
        count(Outcome::TimedOut),
        equivalent.len(),
        missed.len(),
        missed.iter().filter(|(_, outcome)| *outcome == Outcome::NotReached).count(),
        count(Outcome::Unviable),
    );
    ExitCode::from(u8::from(!missed.is_empty()))
}
