//! `countersign customer import`: customers from a CSV file.

use super::super::Context;
use super::super::failure::Failure;
use super::super::print;
use super::salt;
use activation_host::program;
use countersign::desk::{self, Known, RowFate, RowProblem};
use countersign::documents::customers::{LARGEST, read_customers};
use countersign::ledger::{Contact, Ledger};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

#[derive(Serialize)]
struct ImportedJson {
    added: Vec<u32>,
    changed: Vec<u32>,
    same: usize,
}

pub fn run(context: &Context, ledger: &mut Ledger, path: &Path, preview: bool) -> Result<(), Failure> {
    let rows = read_customers(&read(path)?).map_err(|problems| refuse(path, &problems))?;
    let session = if preview { context.looking(ledger)? } else { context.session(ledger)? };
    let seen = desk::preview_customers(ledger, &session, &rows)?.map_err(|problems| refuse_rows(path, &problems))?;
    if preview {
        return report(context, &seen, "would be ");
    }
    if context.asks() {
        print::confirm(&format!("{}\nDo it? [y/N] ", said(&seen, "would be ")), "nothing was changed")?;
    }
    let rows = rows.into_iter().map(|row| Ok((row, salt()?))).collect::<Result<Vec<_>, Failure>>()?;
    let done = desk::import_customers(ledger, &session, &rows)?;
    let done = done.map_err(|problems| refuse_rows(path, &problems))?;
    report(context, &done, "")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let fault = |error: io::Error| Failure::could_not(format!("{}: {}", path.display(), program::system(&error)));
    let mut bytes = Vec::new();
    let most = LARGEST as u64 + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(fault)?;
    } else {
        File::open(path).map_err(fault)?.take(most).read_to_end(&mut bytes).map_err(fault)?;
    }
    Ok(bytes)
}

/// Most faults that are named one by one: a file of another kind has as many as lines.
const MOST_NAMED: usize = 50;

fn refuse<P: ToString>(path: &Path, problems: &[P]) -> Failure {
    let mut lines: Vec<_> = problems.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if problems.len() > MOST_NAMED {
        lines.push(format!("and {} more", problems.len() - MOST_NAMED));
    }
    Failure::no(format!("{} is not imported:\n{}", path.display(), lines.join("\n")))
        .hint("nothing was changed: mend these lines, and run the same command again")
}

fn refuse_rows(path: &Path, problems: &[RowProblem]) -> Failure {
    let lines: Vec<_> = problems.iter().map(|it| format!("line {}: {}", it.line, it.refused)).collect();
    refuse(path, &lines)
}

fn report(context: &Context, fates: &[RowFate], would: &str) -> Result<(), Failure> {
    if !context.json {
        return print::result(&format!("{}\n", said(fates, would)));
    }
    let (mut added, mut changed, mut same) = (Vec::new(), Vec::new(), 0);
    for fate in fates {
        match fate {
            RowFate::Added(known) => added.push(known.customer.number.get()),
            RowFate::Changed { after, .. } => changed.push(after.customer.number.get()),
            RowFate::Same(_) => same += 1,
        }
    }
    print::json(&ImportedJson { added, changed, same })
}

/// Most customers that are named one by one; what becomes of the others is counted.
const MOST_SHOWN: usize = 20;

fn said(fates: &[RowFate], would: &str) -> String {
    let (mut text, mut shown) = (String::new(), 0);
    let (mut added, mut changed, mut same) = (0, 0, 0);
    for fate in fates {
        let line = match fate {
            RowFate::Added(known) => {
                added += 1;
                format!("  new      {}, {}\n", known.customer.number, known.customer.name)
            }
            RowFate::Changed { before, after } => {
                changed += 1;
                let (number, name) = (after.customer.number, &after.customer.name);
                format!("  changed  {number}, {name}: {}\n", differences(before, after).join(", "))
            }
            RowFate::Same(_) => {
                same += 1;
                continue;
            }
        };
        shown += 1;
        if shown <= MOST_SHOWN {
            text.push_str(&line);
        }
    }
    if shown > MOST_SHOWN {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  and {} more", shown - MOST_SHOWN);
    }
    format!("{text}{added} {would}added, {changed} {would}changed, {same} as they were")
}

fn differences(before: &Known, after: &Known) -> Vec<&'static str> {
    fn pick<'k, T: PartialEq>(before: &'k Known, after: &'k Known, part: fn(&'k Contact) -> &'k T) -> bool {
        part(&before.contact) != part(&after.contact)
    }
    let differs = [
        (before.customer.name != after.customer.name, "name"),
        (before.customer.email != after.customer.email, "email"),
        (pick(before, after, |contact| &contact.company), "company"),
        (pick(before, after, |contact| &contact.address), "address"),
        (pick(before, after, |contact| &contact.telephone), "telephone"),
        (pick(before, after, |contact| &contact.person), "contact"),
        (pick(before, after, |contact| &contact.email), "contact_email"),
        (pick(before, after, |contact| &contact.language), "language"),
        (before.reseller != after.reseller, "reseller"),
    ];
    differs.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
}
