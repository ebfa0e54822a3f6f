//! A host's request as somebody typed it, with the help that codes have.

use super::failure::Failure;
use super::{Context, print, reprint};
use activation_code::{CodeKind, HostCodeFault, HostRequest, RowAnswer, read_row_of};
use activation_host::entry::without_label;
use activation_host::sentences;
use countersign::desk::Asking;

/// What the host asks for that shows this row. `-`: standard input, where lines that are no row may stand around it, as
/// `activation request` prints them.
pub fn read(context: &Context, text: &str) -> Result<Asking, Failure> {
    let given = reprint::given(text)?;
    let lines = || given.lines().map(|line| without_label(line).1).filter(|line| !line.is_empty());
    let answers = || lines().map(|line| read_row_of(CodeKind::HostRequest, line, Some(1)));
    let right = answers().find(RowAnswer::is_right);
    let Some(answer) = right.or_else(|| answers().next()) else {
        return Err(Failure::could_not("there is no row of a host's request").hint(COMPARE));
    };
    let letters = match answer {
        RowAnswer::Right { letters, .. } => letters,
        RowAnswer::Wrong { faults, proposals } => {
            let wrong = format!("this is no request of a host: {faults}");
            let Some(likeliest) = proposals.first() else { return Err(Failure::could_not(wrong).hint(COMPARE)) };
            let said: Vec<_> = likeliest.repairs.iter().map(sentences::proposal).collect();
            if !context.asks() {
                let hint = format!("{}; the row would be {}", said.join("; "), likeliest.letters);
                return Err(Failure::could_not(wrong).hint(hint));
            }
            let question = format!("{wrong}\n{}\nDoes the host show {}? [y/N] ", said.join("\n"), likeliest.letters);
            print::confirm(&question, "nothing was signed")?;
            likeliest.letters.clone()
        }
        _ => return Err(Failure::could_not("this is no request of a host").hint(COMPARE)),
    };
    HostRequest::read(&letters).map(Asking::from).map_err(|fault| {
        let hint = match &fault {
            HostCodeFault::Newer { .. } => "use the release of countersign that belongs to the host's, or a later one",
            _ => COMPARE,
        };
        Failure::could_not(format!("this is no request of a host: {fault}")).hint(hint)
    })
}

const COMPARE: &str = "give the row as `activation request` prints it on the host, five groups of five letters";
