//! What the programs `activation` and `countersign` have in common: exit codes, how
//! they complain, and how they write a result.

use activation_code::Day;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How a program ends, the worse the later. One meaning per number, in both programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done; accepted.
    Done,
    /// 1: understood, and the answer is no.
    No,
    /// 2: could not tell or could not do.
    CouldNot,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::CouldNot => 2,
        })
    }
}

/// A text that a terminal shows and does not obey: what moves a cursor, clears a screen,
/// changes the direction of writing or cannot be seen is named instead. Line ends stay.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            shown.push_str(&format!("<U+{:04X}>", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether nobody sees a character, or a terminal obeys it.
pub fn is_hidden(c: char) -> bool {
    let invisible = matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    c.is_control() || invisible
}

/// `program: what`, and on the next line a hint if there is one.
pub fn complaint(program: &str, what: &dyn Display, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
    visible(&format!("{program}: {what}\n{hint}"))
}

/// The same to standard error.
pub fn complain(program: &str, what: &dyn Display, hint: Option<&str>) {
    // Where standard error is gone there is nobody left to tell.
    let _ = io::stderr().write_all(complaint(program, what, hint).as_bytes());
}

/// Parses the command line. Help and version are printed here.
///
/// # Errors
/// How to end, after everything that had to be said was said.
pub fn arguments<P: clap::Parser>(program: &str) -> Result<P, Exit> {
    P::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => Exit::Done,
            Err(_) => Exit::CouldNot,
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Help that nobody asked for is no result: it goes to standard error.
            let _ = error.print();
            Exit::CouldNot
        }
        _ => {
            let (what, hint) = usage(&error);
            complain(program, &what, hint.as_deref());
            Exit::CouldNot
        }
    })
}

/// What the system says, without its number.
pub fn system(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}

/// What is wrong with the command line, and what to do. For a bad value: the option, what
/// was found and what was wanted; else clap's own words without its usage line.
fn usage(error: &clap::Error) -> (String, Option<String>) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let similar = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(text)
        .map(|similar| format!("perhaps {similar}"));
    let wanted = match error.kind() {
        ErrorKind::ValueValidation => std::error::Error::source(error).map(ToString::to_string),
        ErrorKind::InvalidValue => text(ContextKind::ValidValue)
            .filter(|values| !values.is_empty())
            .map(|values| format!("wanted one of {values}")),
        _ => None,
    };
    if let (Some(option), Some(value), Some(wanted)) =
        (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue), wanted)
    {
        // `--units <N>` and `<NAME>` are called --units and NAME.
        let option = option.split(' ').next().unwrap_or(&option).trim_matches(['<', '>']);
        return (format!("{option} {value:?}: {wanted}"), similar);
    }
    let help = || Some("run it with --help to see what it understands".to_owned());
    if let (ErrorKind::MissingRequiredArgument, Some(missing)) = (error.kind(), text(ContextKind::InvalidArg)) {
        return (format!("missing: {missing}"), help());
    }
    let rendered = error.render().to_string();
    let sentence = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    let end = ["\n\n  tip:", "\n\nUsage:", "\n\nFor more"].into_iter().filter_map(|rest| sentence.find(rest)).min();
    (sentence[..end.unwrap_or(sentence.len())].trim_end().to_owned(), similar.or_else(help))
}

/// Writes a result to standard output, whole or not at all.
///
/// # Errors
/// What the system says, for a full disk or a closed pipe.
pub fn print(result: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(result.as_bytes())?;
    out.flush()
}

/// A value as JSON text, with a line end.
pub fn json_text(value: &impl Serialize) -> String {
    // Only maps with keys that are no strings, and failing `Serialize`s, do not serialise; there are none here.
    let mut text = serde_json::to_string_pretty(value).expect("plain structs serialise");
    text.push('\n');
    text
}

/// The day that the system's clock shows, UTC.
pub fn clock() -> Day {
    day_at(SystemTime::now())
}

/// The day of a time, before 1970 too.
fn day_at(time: SystemTime) -> Day {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Day::from_unix_seconds(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()) - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::{day_at, visible};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_clock_may_stand_before_1970() {
        let day = |seconds| day_at(UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        assert_eq!((day(0), day(86_399), day(86_400)), ("1970-01-01".into(), "1970-01-01".into(), "1970-01-02".into()));
        let before = |nanoseconds| day_at(UNIX_EPOCH - Duration::from_nanos(nanoseconds)).to_string();
        assert_eq!((before(1), before(86_400_000_000_001)), ("1969-12-31".into(), "1969-12-30".into()));
    }

    #[test]
    fn what_a_terminal_would_obey_is_named() {
        assert_eq!(
            visible("a\u{1B}[2Jb\u{7}\u{9B}c\u{202E}d\r\n"),
            "a<U+001B>[2Jb<U+0007><U+009B>c<U+202E>d<U+000D>\n"
        );
        assert_eq!(visible("Ä 例 é — `x`\n"), "Ä 例 é — `x`\n");
    }
}
