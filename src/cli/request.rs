//! `countersign requests`, `approve` and `reject`: what needs a second operator.

use super::Context;
use super::change::{self, ChangeOptions, Mode};
use super::failure::Failure;
use super::print::complain;
use super::print::{self, Line};
use countersign::desk::{self, Answered};
use countersign::documents::csv::Cell;
use countersign::ledger::{Event, RequestState};
use serde::Serialize;
use serde_json::value::RawValue;

/// List what waits for a second operator
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  countersign requests
  countersign requests --all")]
pub struct List {
    /// Also those that were approved or rejected
    #[arg(long)]
    all: bool,
}

/// Approve another operator's request, and issue what it asks for
#[derive(clap::Args)]
#[command(after_help = "\
Shows everything that will be signed. Both operators need a passphrase of their own.

Examples:
  countersign --operator bernd approve 3 --preview
  countersign --operator bernd approve 3")]
pub struct Approve {
    /// The request's number
    #[arg(value_name = "REQUEST", allow_negative_numbers = true, value_parser = number)]
    request: u32,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Reject a request: another operator's, or take back one's own
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign --operator bernd reject 3")]
pub struct Reject {
    /// The request's number
    #[arg(value_name = "REQUEST", allow_negative_numbers = true, value_parser = number)]
    request: u32,
}

fn number(text: &str) -> Result<u32, &'static str> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or("wanted the number of a request, as `countersign requests` shows it")
}

#[derive(Serialize)]
struct RequestJson {
    request: u32,
    day: String,
    operator: String,
    state: &'static str,
    what: String,
    /// As the book has it.
    asked: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerJson>,
}

#[derive(Serialize)]
struct AnswerJson {
    day: String,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<u32>,
}

impl From<&Answered> for RequestJson {
    fn from(Answered { request, asked, answer }: &Answered) -> Self {
        Self {
            request: request.number,
            day: request.day.to_string(),
            operator: request.operator.to_string(),
            state: request.state.name(),
            what: asked.to_string(),
            asked: RawValue::from_string(request.change.clone()).ok(),
            answer: answer.as_ref().map(|event| AnswerJson {
                day: event.day.to_string(),
                operator: event.operator.to_string(),
                license: event.license.map(|license| license.get()),
            }),
        }
    }
}

pub fn list(context: &Context, arguments: &List) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let which = if arguments.all { None } else { Some(RequestState::Waiting) };
    let requests = desk::requests(&mut ledger, which)?;
    print::list(context, requests.iter().map(RequestLine).map(Ok))
}

/// A request as lists show it.
struct RequestLine<'a>(&'a Answered);

impl Serialize for RequestLine<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RequestJson::from(self.0).serialize(serializer)
    }
}

impl Line for RequestLine<'_> {
    const HEADING: &'static [&'static str] = &["REQUEST", "DAY", "OPERATOR", "STATE", "WHAT"];
    const COLUMNS: &'static [&'static str] = &["request", "day", "operator", "state", "what"];

    fn cells(&self) -> Vec<String> {
        let Answered { request, asked, answer } = self.0;
        vec![
            request.number.to_string(),
            request.day.to_string(),
            request.operator.to_string(),
            answer.as_ref().map_or(request.state.name().to_owned(), |event| said(request.state, event)),
            asked.to_string(),
        ]
    }

    fn record(&self) -> Vec<Cell> {
        let Answered { request, asked, .. } = self.0;
        vec![
            request.number.into(),
            request.day.to_string().into(),
            request.operator.as_str().into(),
            request.state.name().into(),
            asked.to_string().into(),
        ]
    }
}

fn said(state: RequestState, event: &Event) -> String {
    let license = event.license.map(|license| format!(", license {license}")).unwrap_or_default();
    format!("{} {} by {}{license}", state.name(), event.day, event.operator)
}

pub fn approve(context: &Context, arguments: &Approve) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let mode = arguments.change.mode();
    let session = match mode {
        Mode::Preview => context.looking(&mut ledger)?,
        Mode::Sign => context.session(&mut ledger)?,
    };
    let pending = desk::preview_request(&mut ledger, &session, arguments.request)?;
    for Event { day, operator, action, license, .. } in &pending.since {
        let license = license.map(|license| license.to_string()).unwrap_or_default();
        let action = action.name();
        let what = format!("license {license} has changed since it was asked for: {action} by {operator}, {day}");
        complain("warning", &what, None);
    }
    match mode {
        Mode::Preview => change::preview(context, &mut ledger, &pending.plan),
        Mode::Sign => change::sign(context, &mut ledger, &session, &pending.plan, &arguments.change),
    }
}

pub fn reject(context: &Context, arguments: &Reject) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let answered = desk::reject(&mut ledger, &session, arguments.request)?;
    if context.json {
        return print::json(&RequestJson::from(&answered));
    }
    print::result(&format!("rejected request {}: {}\n", answered.request.number, answered.asked))
}
