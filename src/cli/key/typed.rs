//! Shares that are typed from paper or read from a file, with the help that codes have.

use crate::cli::failure::Failure;
use crate::cli::print::complain;
use activation_code::{CodeKind, RowAnswer, TypingFaults, read_row_of};
use activation_host::entry::{Entry, without_label};
use activation_host::program::{system, visible};
use countersign::signer::shares::{KeyShare, ShareFault};
use std::io::{self, Write};
use zeroize::Zeroizing;

/// Rows of a share.
const ROWS: usize = 4;
/// Proposals for one row that are tried.
const MOST_PROPOSALS: usize = 8;

fn no_share(what: &str, fault: &ShareFault) -> Failure {
    let hint = match fault {
        ShareFault::Typing(_) | ShareFault::Check => "compare the rows with the paper, character by character",
        ShareFault::Newer => "use the release of countersign that printed it, or a later one",
        _ => "`countersign key shares` says what a set is",
    };
    Failure::could_not(format!("{what}: {fault}")).hint(hint)
}

/// The shares in a text: four rows each, one after the other. Lines without a label are remarks where others have one.
pub fn in_text(name: &str, text: &str) -> Result<Vec<KeyShare>, Failure> {
    let labelled = |line: &&str| without_label(line).0.is_some();
    let any = text.lines().any(|line| labelled(&line));
    let rows: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty() && (!any || labelled(line))).collect();
    if rows.is_empty() || !rows.len().is_multiple_of(ROWS) {
        return Err(Failure::could_not(format!("{name}: {} rows, and a share has {ROWS}", rows.len()))
            .hint("give whole shares, each row on a line of its own"));
    }
    rows.chunks(ROWS).zip(1..).map(|(rows, number)| share(&format!("{name}: share {number} in it"), rows)).collect()
}

/// A share from its rows, with mistakes mended where the share's own check proves what was meant.
fn share(what: &str, rows: &[&str]) -> Result<KeyShare, Failure> {
    let mut candidates = Vec::new();
    let mut wrong: Option<(usize, TypingFaults)> = None;
    for (row, number) in rows.iter().zip(1..) {
        candidates.push(match read_row_of(CodeKind::KeyShare, without_label(row).1, Some(number)) {
            RowAnswer::Right { letters, .. } => vec![Zeroizing::new(letters)],
            RowAnswer::Wrong { faults, proposals } => {
                wrong.get_or_insert((usize::from(number), faults));
                proposals.into_iter().take(MOST_PROPOSALS).map(|proposal| Zeroizing::new(proposal.letters)).collect()
            }
            _ => Vec::new(),
        });
    }
    if let Some((number, faults)) = wrong {
        // The likeliest of each row first, then the others of one row at a time.
        let likeliest: Option<Vec<_>> = candidates.iter().map(|row| row.first().cloned()).collect();
        let Some(likeliest) = likeliest else { return Err(no_share(&format!("{what}, row {number}"), &faults.into())) };
        let others = candidates.iter().enumerate().flat_map(|(row, candidates)| {
            let others = candidates.iter().skip(1);
            let likeliest = &likeliest;
            others.map(move |other| {
                let mut rows = likeliest.clone();
                rows.get_mut(row).into_iter().for_each(|place| place.clone_from(other));
                rows
            })
        });
        let mended = std::iter::once(likeliest.clone()).chain(others).find_map(|rows| of(&rows).ok());
        let share = mended.ok_or_else(|| no_share(&format!("{what}, row {number}"), &faults.into()))?;
        complain("repaired", &format!("{what}: mistakes from row {number} on; the share's own check holds now"), None);
        return Ok(share);
    }
    let right: Vec<_> = candidates.into_iter().flatten().collect();
    of(&right).map_err(|fault| no_share(what, &fault))
}

fn of(rows: &[Zeroizing<String>]) -> Result<KeyShare, ShareFault> {
    let rows: Vec<&str> = rows.iter().map(|row| row.as_str()).collect();
    KeyShare::from_rows(&rows)
}

/// Asks for shares on the terminal, row by row, until there are enough.
pub fn on_terminal() -> Result<Vec<KeyShare>, Failure> {
    let mut shares: Vec<KeyShare> = Vec::new();
    loop {
        let number = shares.len() + 1;
        let share = one_on_terminal(number)?;
        if shares.iter().any(|before| before.index() == share.index()) {
            complain("note", &format!("share {} was typed already; take another one", share.index()), None);
            continue;
        }
        say(&format!("Share {} of set {:04x} is right.\n", share.index(), share.set()))?;
        let needed = usize::from(share.needed());
        shares.push(share);
        if shares.len() >= needed {
            return Ok(shares);
        }
        say(&format!("{} more needed.\n", needed - shares.len()))?;
    }
}

fn one_on_terminal(number: usize) -> Result<KeyShare, Failure> {
    let mut entry = Entry::of(CodeKind::KeyShare);
    loop {
        let Some(row) = entry.next_wanted() else {
            let rows: Vec<_> = entry.rows().filter_map(|(_, row)| right(&row.answer)).collect();
            match of(&rows) {
                Ok(share) => return Ok(share),
                Err(fault) => {
                    complain("note", &fault, Some("type this share again"));
                    entry = Entry::of(CodeKind::KeyShare);
                    continue;
                }
            }
        };
        let typed = ask(&format!("share {number}, row {row}: "))?;
        if typed.trim().is_empty() {
            let taken = entry.take_proposal(row, 0);
            if taken.is_none() {
                say("Type the row as it is printed; Ctrl-C ends this, and nothing is kept.\n")?;
            }
            continue;
        }
        let (heard, answer) = entry.hear(&typed, row);
        if let RowAnswer::Wrong { faults, proposals } = answer {
            complain(
                &format!("row {heard}"),
                &faults.all().first().map_or_else(String::new, ToString::to_string),
                None,
            );
            if let Some(likeliest) = proposals.first() {
                say(&format!(
                    "The paper probably says {}: Enter takes that, or type the row again.\n",
                    likeliest.letters
                ))?;
            }
        }
    }
}

fn right(answer: &RowAnswer) -> Option<Zeroizing<String>> {
    match answer {
        RowAnswer::Right { letters, .. } => Some(Zeroizing::new(letters.clone())),
        _ => None,
    }
}

fn say(text: &str) -> Result<(), Failure> {
    io::stderr().write_all(visible(text).as_bytes()).map_err(|error| cannot_ask(&error))
}

fn ask(question: &str) -> Result<Zeroizing<String>, Failure> {
    say(question)?;
    let mut line = Zeroizing::new(String::with_capacity(256));
    match io::stdin().read_line(&mut line) {
        Ok(0) => Err(Failure::could_not("the input ended before there were enough shares")
            .hint("give whole shares, each row on a line of its own")),
        Ok(_) => Ok(line),
        Err(error) => Err(cannot_ask(&error)),
    }
}

fn cannot_ask(error: &io::Error) -> Failure {
    Failure::could_not(format!("cannot ask for the shares: {}", system(error)))
        .hint("give them in files, with --from-shares FILE")
}
