//! `activation enter`: a code, typed row by row.
//!
//! A dialogue of lines, without colours or a moving cursor, so that a screen reader and
//! a pipe follow it as well as an eye. What is said goes to standard error, the answer
//! to standard output. Every row is on disk before the next one is asked for.

use super::asking::{Asking, explain, failed};
use super::input::{self, complain_of_input};
use crate::PROGRAM;
use activation_code::{CodeKind, MAX_TEXT, RowAnswer, RowProposal, TypingFaults};
use activation_host::Installation;
use activation_host::draft::{DraftFault, draft, forget_draft, keep_draft};
use activation_host::entry::{Entry, several};
use activation_host::inspect::{Inspection, Obstacle};
use activation_host::installation::{ClockResetFault, InstallationFault};
use activation_host::json::{ClockResetJson, InspectionJson};
use activation_host::program::{Exit, complain, json_text, print, visible};
use activation_host::sentences;
use activation_host::sentences::status::in_one_line;
use activation_host::storage::StorageFault;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Takes a code row by row, answers each row at once, and keeps the accepted code
#[derive(clap::Args)]
#[command(after_help = "\
While typing: `list` shows the rows, `row 3` goes to row 3, `done` checks the whole code,
`quit` stops. What was typed is kept in the state folder, and the next time goes on with it.

Exit codes: 0 accepted, 1 refused, 2 not complete or not possible.

Examples:
  activation enter --issuer 1:HEX
  activation enter --issuer 1:HEX code.txt
  activation enter --issuer 1:HEX --state /var/lib/product/activation < code.txt")]
pub struct Arguments {
    /// The folder for what was typed and for accepted codes
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    /// The file with the code, as text or as a photo or scan of its QR code; nothing or `-`: standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Start anew, without the rows that were kept
    #[arg(long)]
    new: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asking: Asking,
}

/// How the dialogue ended without an answer.
enum Stop {
    /// What was typed is kept.
    Quit,
    /// Something failed; it was said.
    Failed,
}

impl From<DraftFault> for Stop {
    fn from(fault: DraftFault) -> Self {
        match fault {
            DraftFault::Storage(fault) => fault.into(),
            fault => {
                complain(PROGRAM, &fault, Some("--new starts without it, --state DIR takes another folder"));
                Self::Failed
            }
        }
    }
}

impl From<StorageFault> for Stop {
    fn from(fault: StorageFault) -> Self {
        InstallationFault::from(fault).into()
    }
}

impl From<InstallationFault> for Stop {
    fn from(fault: InstallationFault) -> Self {
        failed(&fault);
        Self::Failed
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        complain(PROGRAM, &format!("cannot go on: {error}"), None);
        Self::Failed
    }
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Exit {
    let installation = match arguments.asking.installation(&arguments.state) {
        Ok(installation) => installation,
        Err(exit) => return exit,
    };
    let begun = Dialogue::begin(installation, &arguments.file, arguments.new);
    let outcome = begun.and_then(|mut dialogue| {
        match if dialogue.terminal { dialogue.until_complete()? } else { dialogue.given(&arguments.file)? } {
            Typed::Code(inspection) => dialogue.conclude(*inspection, arguments.json),
            Typed::Codes(inspections) => dialogue.conclude_all(inspections, arguments.json),
            Typed::ClockReset(rows) => dialogue.reset_clock(&rows, arguments.json),
        }
    });
    match outcome {
        Ok(exit) => exit,
        Err(Stop::Quit) => {
            complain(
                PROGRAM,
                &"the code is not complete",
                Some("run the same command again to go on with what is kept"),
            );
            Exit::CouldNot
        }
        Err(Stop::Failed) => Exit::CouldNot,
    }
}

/// What comes next.
enum Step {
    /// This row.
    Ask(u8),
    /// Nothing: what was typed is complete.
    Complete(Typed),
}

/// What was typed.
enum Typed {
    /// An activation code that can be read, and perhaps is refused.
    Code(Box<Inspection>),
    /// Several of them in one file, which a desk has printed together: by license and revision, each once.
    Codes(Vec<Inspection>),
    /// The rows of a clock reset.
    ClockReset(Vec<String>),
}

struct Dialogue {
    installation: Installation,
    entry: Entry,
    /// Whether a person sits there, who can be asked.
    terminal: bool,
}

/// Says a line to whoever types. If nobody is left to hear it, typing goes on.
fn say(text: &str) {
    let _ = io::stderr().write_all(format!("{}\n", visible(text)).as_bytes());
}

impl Dialogue {
    fn begin(installation: Installation, file: &Path, anew: bool) -> Result<Self, Stop> {
        // Without anybody to trust nobody need type anything.
        installation.trust()?;
        let terminal = file == Path::new("-") && io::stdin().is_terminal();
        let mut dialogue = Self { installation, entry: Entry::default(), terminal };
        if terminal {
            say("Type the code row by row, as it stands on the sheet: letters or digits,");
            say("the rows in any order. `list`, `row 3`, `done` and `quit` are understood.");
        }
        if !anew && let Some(draft) = draft(dialogue.installation.storage())? {
            dialogue.entry = Entry::from_draft(draft);
            if terminal {
                say("Rows are here from before:");
                dialogue.list();
                if !dialogue.ask("Go on with them?")? {
                    dialogue.entry = Entry::default();
                }
            }
        }
        Ok(dialogue)
    }

    /// A file or a pipe: the whole of it is read as `inspect` does. What is no code by itself is
    /// taken row by row, and goes together with what is here from before.
    fn given(&mut self, file: &Path) -> Result<Typed, Stop> {
        let text = input::read(file).map_err(|fault| {
            complain_of_input(file, &fault);
            Stop::Failed
        })?;
        let inspection = self.inspect(&text)?;
        if !is_mistyped(&inspection) {
            return Ok(Typed::Code(inspection));
        }
        if let Some(codes) = several(&text) {
            return self.all_of(&codes);
        }
        for line in text.lines() {
            let asked = self.entry.next_untyped().unwrap_or(1);
            // Prose has no proposals; a row has, or is right.
            let (row, answer) = Entry::default().hear(line, asked);
            if answer.is_right() || matches!(&answer, RowAnswer::Wrong { proposals, .. } if !proposals.is_empty()) {
                self.entry.hear(line, asked);
                answer_row(asked, row, &answer, self.terminal);
            }
        }
        if self.entry.rows().next().is_none() {
            return Ok(Typed::Code(inspection));
        }
        keep_draft(self.installation.storage(), &self.entry.draft())?;
        if self.entry.kind() == CodeKind::ClockReset {
            return match (self.entry.complete(), self.entry.next_wanted()) {
                (Some(rows), _) => Ok(Typed::ClockReset(rows)),
                (None, wanted) => {
                    let wanted = wanted.map(|row| format!(": row {row} is wanted")).unwrap_or_default();
                    complain(PROGRAM, &format!("the clock reset is not complete{wanted}"), None);
                    Err(Stop::Quit)
                }
            };
        }
        Ok(Typed::Code(self.inspect(&self.entry.text())?))
    }

    /// Several codes, of which none is left out: one that cannot be read stops all of them before any is kept.
    fn all_of(&self, codes: &[&str]) -> Result<Typed, Stop> {
        let mut inspections: Vec<Inspection> = Vec::new();
        for (code, number) in codes.iter().zip(1..) {
            let inspection = *self.inspect(code)?;
            if is_mistyped(&inspection) {
                explain(&inspection);
                let which =
                    format!("code {number} of {} in this file cannot be read, and none was entered", codes.len());
                complain(PROGRAM, &which, Some("mend it, or enter the codes one by one"));
                return Err(Stop::Failed);
            }
            // In letters and in digits it is one code.
            if inspections.iter().all(|other| other.code != inspection.code) {
                inspections.push(inspection);
            }
        }
        let identity = |inspection: &Inspection| inspection.terms().map(|terms| (terms.license, terms.revision));
        inspections.sort_by_key(identity);
        Ok(Typed::Codes(inspections))
    }

    /// Rows until they make a code that is not mistyped.
    fn until_complete(&mut self) -> Result<Typed, Stop> {
        let begin = match self.entry.next_wanted() {
            Some(row) => Step::Ask(row),
            None => self.check()?,
        };
        let mut asked = match begin {
            Step::Ask(row) => row,
            Step::Complete(typed) => return Ok(typed),
        };
        loop {
            let Some(line) = self.line(&format!("Row {asked}: "))? else { return Err(Stop::Quit) };
            let step = match line.trim() {
                "quit" | "exit" | "q" => return Err(Stop::Quit),
                "list" => {
                    self.list();
                    Step::Ask(asked)
                }
                "help" | "?" => {
                    say("Type the row, or `list`, `row 3`, `done`, `quit`.");
                    Step::Ask(asked)
                }
                "done" => self.check()?,
                "" => self.take(asked, 0)?,
                choice if choice.len() == 1 && ("1"..="5").contains(&choice) => {
                    self.take(asked, choice.parse::<usize>().unwrap_or(1) - 1)?
                }
                text => match (row_command(text), starts_transport(text)) {
                    (Some(Some(row)), _) => Step::Ask(row),
                    (Some(None), _) => {
                        say("wanted `row 1` to `row 15`");
                        Step::Ask(asked)
                    }
                    (None, true) => self.scanned(asked, text)?,
                    (None, false) => self.hear(asked, text)?,
                },
            };
            if self.entry.rows().next().is_some() {
                keep_draft(self.installation.storage(), &self.entry.draft())?;
            }
            match step {
                Step::Ask(row) => asked = row,
                Step::Complete(typed) => return Ok(typed),
            }
        }
    }

    /// A row; a wrong one is mended at once.
    fn hear(&mut self, asked: u8, text: &str) -> Result<Step, Stop> {
        let (row, answer) = self.entry.hear(text, asked);
        answer_row(asked, row, &answer, self.terminal);
        if answer.is_right() {
            return self.go_on();
        }
        if self.entry.is_right(row) {
            say(&format!("row {row} stays as it was, which is right by its check"));
        }
        Ok(Step::Ask(row))
    }

    /// Enter, or a number: takes a proposal for the row.
    fn take(&mut self, asked: u8, index: usize) -> Result<Step, Stop> {
        match self.entry.take_proposal(asked, index) {
            Some((row, answer)) => {
                answer_row(asked, row, &answer, self.terminal);
                self.go_on()
            }
            None => {
                say(&format!("type row {asked}, or `quit`"));
                Ok(Step::Ask(asked))
            }
        }
    }

    /// A scanner types the whole code in one line.
    fn scanned(&self, asked: u8, text: &str) -> Result<Step, Stop> {
        let inspection = self.inspect(text)?;
        if is_mistyped(&inspection) {
            explain(&inspection);
            return Ok(Step::Ask(asked));
        }
        Ok(Step::Complete(Typed::Code(inspection)))
    }

    /// The next row that was not typed; if there is none, the whole code.
    fn go_on(&self) -> Result<Step, Stop> {
        match self.entry.next_untyped() {
            Some(row) => Ok(Step::Ask(row)),
            None => self.check(),
        }
    }

    /// The whole code, or the first row that is wanted.
    fn check(&self) -> Result<Step, Stop> {
        let whole = match self.entry.kind() {
            CodeKind::ClockReset => self.entry.complete().map(Typed::ClockReset),
            _ => self.whole()?.map(Typed::Code),
        };
        Ok(match whole {
            Some(typed) => Step::Complete(typed),
            None => Step::Ask(self.entry.next_wanted().unwrap_or_else(|| self.doubtful())),
        })
    }

    /// The row to look at where all rows are right and are not of one code: one that was
    /// proposed and not typed, or else any.
    fn doubtful(&self) -> u8 {
        let Some(row) = self.entry.first_proposed() else { return 1 };
        say(&format!("row {row} was proposed and not typed: compare it with the sheet, and type it again"));
        row
    }

    /// The whole code, if it is not mistyped; else says what is still wrong.
    fn whole(&self) -> Result<Option<Box<Inspection>>, Stop> {
        let inspection = self.inspect(&self.entry.text())?;
        if is_mistyped(&inspection) {
            explain(&inspection);
            return Ok(None);
        }
        Ok(Some(inspection))
    }

    fn inspect(&self, text: &str) -> Result<Box<Inspection>, Stop> {
        Ok(self.installation.inspect(text)?.into())
    }

    /// Shows what the code says, and keeps it if it is accepted and wanted.
    fn conclude(&self, inspection: Inspection, json: bool) -> Result<Exit, Stop> {
        let answer = |inspection: &Inspection| {
            let text = if json { json_text(&InspectionJson::from(inspection)) } else { sentences::answer(inspection) };
            print(&text)?;
            explain(inspection);
            Ok::<_, Stop>(())
        };
        if inspection.license.is_none() {
            answer(&inspection)?;
            return Ok(inspection.exit());
        }
        // A person decides by what the code says; for a program the answer is what became of it.
        if self.terminal {
            answer(&inspection)?;
            if !self.ask("Keep this code?")? {
                say("not kept; what was typed is still here");
                return Ok(Exit::No);
            }
        }
        let entered = self.installation.enter_inspected(inspection)?;
        if !self.terminal || !entered.is_accepted() {
            answer(&entered.inspection)?;
        }
        if let Some(place) = entered.place {
            forget_draft(self.installation.storage())?;
            say(&if entered.known { format!("it is here already, in {place}") } else { format!("kept in {place}") });
            // A code that waits, or one of several, is not all that this installation has.
            let status = self.installation.status()?;
            say(&format!("this installation: {}", in_one_line(&status).trim_end()));
        }
        Ok(entered.inspection.exit())
    }

    /// The same of several codes, lowest revision first; the worst of their answers counts.
    fn conclude_all(&self, inspections: Vec<Inspection>, json: bool) -> Result<Exit, Stop> {
        if json {
            let mut entered = Vec::new();
            for inspection in inspections {
                entered.push(match inspection.license {
                    Some(_) => self.installation.enter_inspected(inspection)?.inspection,
                    None => inspection,
                });
            }
            print(&json_text(&entered.iter().map(InspectionJson::from).collect::<Vec<_>>()))?;
            forget_draft(self.installation.storage())?;
            return Ok(entered.iter().map(Inspection::exit).max().unwrap_or(Exit::Done));
        }
        let mut worst = Exit::Done;
        for inspection in inspections {
            worst = worst.max(self.conclude(inspection, false)?);
        }
        Ok(worst)
    }

    fn reset_clock(&self, rows: &[String], json: bool) -> Result<Exit, Stop> {
        let reset = match self.installation.reset_clock(rows) {
            Ok(reset) => reset.terms(),
            Err(ClockResetFault::Installation(fault)) => return Err(fault.into()),
            Err(fault) => {
                let hint = match &fault {
                    ClockResetFault::Refused(refusal) => sentences::remedy(refusal.reason()),
                    ClockResetFault::OtherHost { .. } => "enter it on the host that asked for it",
                    ClockResetFault::NotAsked => {
                        "give the desk the row that `activation request --clock` prints here, and ask for a new one"
                    }
                    _ => "compare the rows with the sheet",
                };
                complain(PROGRAM, &fault, Some(hint));
                return Ok(if matches!(fault, ClockResetFault::Read(_)) { Exit::CouldNot } else { Exit::No });
            }
        };
        forget_draft(self.installation.storage())?;
        print(&if json {
            json_text(&ClockResetJson::from(reset))
        } else {
            format!("Clock reset to {}: no later day that this host saw counts any more\n", reset.day)
        })?;
        Ok(Exit::Done)
    }

    fn list(&self) {
        for (number, row) in self.entry.rows() {
            match &row.answer {
                RowAnswer::Right { last, letters, .. } => {
                    say(&format!("  row {number} right: {letters}{}", if *last { ", the last one" } else { "" }));
                }
                _ => say(&format!("  row {number} not right: {}", row.typed)),
            }
        }
        match self.entry.next_wanted() {
            Some(number) => say(&format!("  row {number} is wanted")),
            None => say("  all rows are right"),
        }
    }

    /// A line, or `None` at the end.
    fn line(&self, prompt: &str) -> io::Result<Option<String>> {
        let _ = io::stderr().write_all(prompt.as_bytes());
        let mut bytes = Vec::new();
        let read = io::stdin().lock().take(MAX_TEXT as u64).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            say("");
        }
        Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A question whose answer is yes unless somebody says no. At the end of the input: quit.
    fn ask(&self, question: &str) -> Result<bool, Stop> {
        loop {
            let Some(answer) = self.line(&format!("{question} [Y/n] "))? else { return Err(Stop::Quit) };
            match answer.trim() {
                "" | "y" | "Y" | "yes" => return Ok(true),
                "n" | "N" | "no" => return Ok(false),
                "quit" | "exit" | "q" => return Err(Stop::Quit),
                _ => say("type y or n"),
            }
        }
    }
}

/// `row 3`, and nothing behind it; `Some(None)` for a row that no code has.
fn row_command(text: &str) -> Option<Option<u8>> {
    let number = text.strip_prefix("row ")?.trim();
    let is_row = number.contains(')') || number.len() > 3;
    (!is_row).then(|| number.parse().ok().filter(|number| (1..=15).contains(number)))
}

fn starts_transport(text: &str) -> bool {
    text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("A1:"))
}

fn is_mistyped(inspection: &Inspection) -> bool {
    matches!(&inspection.obstacle, Some(Obstacle::Read(fault)) if matches!(fault, activation_code::ReadFault::Typing(_)))
}

/// What a row is, in a line or two; and what a person can do about it.
fn answer_row(asked: u8, row: u8, answer: &RowAnswer, terminal: bool) {
    match answer {
        RowAnswer::Right { last, .. } => {
            let place = if row == asked { "" } else { ", by its check" };
            say(&format!("row {row} right{place}{}", if *last { ", the last one" } else { "" }));
        }
        RowAnswer::Wrong { faults, proposals } => {
            let choices = propose(faults, proposals);
            if terminal {
                say(&format!("{choices}type row {row} again"));
            }
        }
        _ => say(&format!("row {row} does not check")),
    }
}

/// Says what is wrong, or what was probably meant; gives the beginning of what to do.
fn propose(faults: &TypingFaults, proposals: &[RowProposal]) -> &'static str {
    let Some((first, others)) = proposals.split_first() else {
        faults.all().iter().for_each(|fault| say(&fault.to_string()));
        return "compare it with the sheet, and ";
    };
    first.repairs.iter().for_each(|repair| say(&sentences::proposal(repair)));
    for (other, number) in others.iter().zip(2..) {
        other.repairs.iter().for_each(|repair| say(&format!("or {number}: {}", sentences::other_proposal(repair))));
    }
    if others.is_empty() { "Enter takes that, or " } else { "Enter takes the first, a number another; or " }
}
