//! `countersign customer purge`: a customer whose licenses are over is forgotten.

use crate::cli::Context;
use crate::cli::contact::ContactJson;
use crate::cli::failure::Failure;
use crate::cli::print;
use activation_code::LicenseNumber;
use activation_host::program::visible;
use clap::Args;
use countersign::desk::{self, NamedCode, Purge};
use countersign::ledger::{Ledger, Name};
use serde::Serialize;

/// Remove what is known of a customer whose licenses are over, for good
#[derive(Args)]
#[command(after_help = "\
Numbers, codes and the book stay. Once more for the same customer only writes the ledger's files
anew: where somebody was reading, the name may be in them still.

Examples:
  countersign customer purge 1 --reason 'End of Life' --preview
  countersign customer purge 1 --reason 'asked for in writing' --yes")]
pub struct PurgeCustomer {
    /// The customer, by number or name
    #[arg(value_name = "NUMBER|NAME")]
    customer: String,
    /// Why, without names; it goes into the ledger
    #[arg(long, value_name = "TEXT")]
    reason: Name,
    /// Show what it would remove, and remove nothing
    #[arg(long)]
    preview: bool,
}

#[derive(Serialize)]
struct PurgeJson {
    customer: u32,
    /// Since when; not in a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<String>,
    removed: Vec<&'static str>,
    requests: Vec<u32>,
    licenses: Vec<u32>,
    named: Vec<NamedJson>,
    kept: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<bool>,
}

#[derive(Serialize)]
struct NamedJson {
    license: u32,
    revision: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<u32>,
}

impl From<&NamedCode> for NamedJson {
    fn from(code: &NamedCode) -> Self {
        let (license, revision) = (code.license.get(), code.revision.get());
        Self { license, revision, host: code.host.map(|host| host.0) }
    }
}

pub fn run(context: &Context, ledger: &mut Ledger, arguments: &PurgeCustomer) -> Result<(), Failure> {
    let session = if arguments.preview { context.looking(ledger)? } else { context.session(ledger)? };
    let number = desk::find_customer(ledger, &arguments.customer)?.number;
    let purge = desk::preview_purge(ledger, &session, number)?;
    let kept = ledger.kept()?.iter().map(|path| visible(&path.display().to_string())).collect();
    let mut json = PurgeJson {
        customer: number.get(),
        purged: purge.since.map(|day| day.to_string()),
        removed: removed(&purge),
        requests: purge.requests.clone(),
        licenses: purge.licenses.iter().map(|license| license.get()).collect(),
        named: purge.named.iter().map(Into::into).collect(),
        kept,
        erased: None,
    };
    if arguments.preview {
        let text = format!("{}\n{}Nothing was removed.\n", title(&purge), what(&purge, &json));
        return if context.json { print::json(&json) } else { print::result(&text) };
    }
    if context.asks() {
        let question = format!("{}\n{}\nPurge it? It cannot be undone. [y/N] ", title(&purge), what(&purge, &json));
        print::confirm(&question, "not purged, and nothing was changed")?;
    } else if !context.yes {
        let nobody = Failure::could_not("a purge cannot be undone, and nobody is there to be asked");
        return Err(nobody.hint("look at it with --preview; --yes purges without a question"));
    }
    let done = desk::purge(ledger, &session, &purge, &arguments.reason)?;
    json.purged = Some(done.since.to_string());
    json.erased = Some(done.not_erased.is_none());
    if context.json {
        print::json(&json)?;
    } else {
        let what = what(&purge, &json);
        print::result(&format!("customer {number} (purged {})\n{what}", done.since))?;
    }
    match done.not_erased {
        None => Ok(()),
        Some(fault) => {
            let sentence =
                format!("customer {number} is purged, and its name may be in the ledger's files still: {fault}");
            Err(Failure::could_not(sentence).hint("run the same command again when nobody else works"))
        }
    }
}

fn title(purge: &Purge) -> String {
    let customer = &purge.customer;
    let email = customer.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    match purge.since {
        Some(since) => format!("customer {} (purged {since})", customer.number),
        None => format!("customer {}, {}{email}", customer.number, customer.name),
    }
}

/// What is removed, by its names in JSON.
fn removed(purge: &Purge) -> Vec<&'static str> {
    if purge.since.is_some() {
        return Vec::new();
    }
    let contact = ContactJson::from(&purge.contact);
    let known = [
        ("name", true),
        ("email", purge.customer.email.is_some()),
        ("company", contact.company.is_some()),
        ("address", contact.address.is_some()),
        ("telephone", contact.telephone.is_some()),
        ("contact", contact.contact.is_some()),
        ("contact_email", contact.contact_email.is_some()),
        ("language", contact.language.is_some()),
    ];
    known.into_iter().filter_map(|(what, is_known)| is_known.then_some(what)).collect()
}

/// What goes and what stays, and where.
fn what(purge: &Purge, json: &PurgeJson) -> String {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<12} {text}\n"));
    if purge.since.is_some() {
        say("removed", "all of it, before; the ledger's files are written anew".to_owned());
    } else {
        let spoken = |what: &&str| match *what {
            "email" => "e-mail address".to_owned(),
            "contact" => "contact name".to_owned(),
            "contact_email" => "contact e-mail".to_owned(),
            what => what.to_owned(),
        };
        say("removed", json.removed.iter().map(spoken).collect::<Vec<_>>().join(", "));
        if !purge.requests.is_empty() {
            say("", format!("the holder's name in {}", list("request", &purge.requests)));
        }
    }
    let licenses: Vec<_> = purge.licenses.iter().copied().map(LicenseNumber::get).collect();
    let licenses = if licenses.is_empty() { String::new() } else { format!(", {}", list("license", &licenses)) };
    say("stays", format!("customer {}{licenses}: numbers, days, codes, who did what", purge.customer.number));
    say("", "order references and reasons, as somebody typed them".to_owned());
    let mut named: Vec<_> = purge.named.iter().map(|code| code.license.get()).collect();
    named.dedup();
    if !named.is_empty() {
        say("", format!("the holder's name in codes of {}: it is signed", list("license", &named)));
    }
    if !purge.requests.is_empty() {
        say("", "a digest by which a guess of that name in a request can be tried".to_owned());
    }
    for kept in &json.kept {
        say("elsewhere", format!("{kept}, which a restore kept"));
    }
    say("elsewhere", "backups, exports, and what was printed or mailed: remove what must not stay".to_owned());
    say("", "partners' desks, and what the customer has itself".to_owned());
    say("checkpoints", "have no names, and stay good".to_owned());
    lines.concat()
}

/// Numbers that a sentence names.
const MOST_NAMED: usize = 10;

fn list(what: &str, numbers: &[u32]) -> String {
    let end = if numbers.len() == 1 { "" } else { "s" };
    let named: Vec<_> = numbers.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = match numbers.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what}{end} {}{more}", named.join(", "))
}
