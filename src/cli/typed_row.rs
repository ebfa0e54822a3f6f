//! A code of one row as somebody typed it, with the help that activation codes have.

use super::failure::Failure;
use super::{Context, print, reprint};
use activation_code::{CodeKind, RowAnswer, read_row_of};
use activation_host::entry::without_label;
use activation_host::sentences;

/// Which row is wanted, and how it is spoken of.
pub struct Wanted {
    pub kind: CodeKind,
    /// As in `this is no registration key`.
    pub what: &'static str,
    /// Asks whether a row is what was meant, as in `Does the host show`.
    pub question: &'static str,
    /// What to do where nothing is found.
    pub compare: &'static str,
}

impl Wanted {
    /// Not the row.
    pub fn none(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::could_not(format!("this is no {}: {why}", self.what)).hint(self.compare)
    }

    /// The row in letters. `-`: from standard input, where lines that are no row may stand around it, as programs print
    /// them. A mistyped row is mended only to one that is `likely`, and only if somebody says so.
    pub fn read(
        &self,
        context: &Context,
        text: &str,
        mut likely: impl FnMut(&str) -> Result<bool, Failure>,
    ) -> Result<String, Failure> {
        let given = reprint::given(text)?;
        let lines = || given.lines().map(|line| without_label(line).1).filter(|line| !line.is_empty());
        let answers = || lines().map(|line| read_row_of(self.kind, line, Some(1)));
        let right = answers().find(RowAnswer::is_right);
        let Some(answer) = right.or_else(|| answers().next()) else {
            return Err(Failure::could_not(format!("there is no row of a {}", self.what)).hint(self.compare));
        };
        let (faults, proposals) = match answer {
            RowAnswer::Right { letters, .. } => return Ok(letters),
            RowAnswer::Wrong { faults, proposals } => (faults, proposals),
            _ => return Err(Failure::could_not(format!("this is no {}", self.what)).hint(self.compare)),
        };
        for proposal in &proposals {
            if !likely(&proposal.letters)? {
                continue;
            }
            let wrong = format!("this is no {}: {faults}", self.what);
            let said: Vec<_> = proposal.repairs.iter().map(sentences::proposal).collect();
            if !context.asks() {
                let hint = format!("{}; the row would be {}", said.join("; "), proposal.letters);
                return Err(Failure::could_not(wrong).hint(hint));
            }
            let question = format!("{wrong}\n{}\n{} {}? [y/N] ", said.join("\n"), self.question, proposal.letters);
            print::confirm(&question, "nothing was signed")?;
            return Ok(proposal.letters.clone());
        }
        Err(self.none(&faults))
    }
}
