//! The way of every change that makes codes: what it would make, a question, a passphrase, the codes.

use super::certificate::{CertificateOptions, Certificates};
use super::failure::Failure;
use super::{Context, print, stolen};
use activation_code::{HostRequest, MaintenancePeriod, Nonce};
use activation_host::json::TermsJson;
use activation_host::sentences;
use countersign::desk::{self, Approval, Asked, Issued, Note, Plan, Preview, Session};
use countersign::documents;
use countersign::ledger::{Customer, Entry, Ledger, LicenseRecord, Product};
use serde::Serialize;
use std::fmt::Write as _;

/// What every command takes that makes codes.
#[derive(clap::Args)]
pub struct ChangeOptions {
    /// Show what it would make, and sign nothing
    #[arg(long, conflicts_with = "paths")]
    preview: bool,
    #[command(flatten)]
    certificate: CertificateOptions,
}

impl ChangeOptions {
    pub fn mode(&self) -> Mode {
        if self.preview { Mode::Preview } else { Mode::Sign }
    }

    /// Who asks: a look needs no proof.
    pub fn session(&self, context: &Context, ledger: &mut Ledger) -> Result<Session, Failure> {
        match self.mode() {
            Mode::Preview => context.looking(ledger),
            Mode::Sign => context.session(ledger),
        }
    }
}

/// What is wanted of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Preview,
    Sign,
}

pub fn run(context: &Context, ledger: &mut Ledger, asked: &Asked, options: &ChangeOptions) -> Result<(), Failure> {
    let session = options.session(context, ledger)?;
    run_as(context, ledger, &session, asked, options)
}

/// The same, for an operator who is signed in already.
pub fn run_as(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    asked: &Asked,
    options: &ChangeOptions,
) -> Result<(), Failure> {
    let mut certificates = options.certificate.prepare(context)?;
    let plan = match desk::preview(ledger, session, asked)? {
        Preview::Before(issued) => {
            let heading =
                if matches!(asked.change, desk::Change::Bind { .. }) { "Bound before" } else { "Issued before" };
            report(context, ledger, &issued, &[], heading)?;
            return certificates.map_or(Ok(()), |mut certificates| certificates.write(ledger, &issued));
        }
        Preview::Planned(plan) => plan,
    };
    if options.mode() == Mode::Preview {
        return preview(context, ledger, &plan);
    }
    if let Approval::Needed { above } = plan.approval {
        if context.asks() {
            let question = format!("{}\nAsk for it? [y/N] ", planned(ledger, &plan)?);
            print::confirm(&question, "not asked for, and nothing was signed")?;
        }
        let request = desk::request(ledger, session, asked)?;
        let waits = format!("more than {above} units need a second operator: request {} waits", request.number);
        return Err(Failure::no(waits)
            .hint(format!("another operator runs `countersign --operator NAME approve {}`", request.number)));
    }
    sign_with(context, ledger, session, &plan, certificates.as_mut())
}

/// Asks, signs and prints.
pub fn sign(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    plan: &Plan,
    options: &ChangeOptions,
) -> Result<(), Failure> {
    let mut certificates = options.certificate.prepare(context)?;
    sign_with(context, ledger, session, plan, certificates.as_mut())
}

fn sign_with(
    context: &Context,
    ledger: &mut Ledger,
    session: &Session,
    plan: &Plan,
    certificates: Option<&mut Certificates<'_>>,
) -> Result<(), Failure> {
    if context.asks() {
        let these = if plan.entries.len() == 1 { "this code" } else { "these codes" };
        let question = format!("{}\nSign {these}? [y/N] ", planned(ledger, plan)?);
        print::confirm(&question, "not signed, and no number was used")?;
    }
    let passphrase = context.passphrase.existing("the issuing key")?;
    let signer = context.folder.signer(ledger, &passphrase)?;
    drop(passphrase);
    let issued = desk::carry_out(ledger, session, &signer, plan)?;
    drop(signer);
    report(context, ledger, &issued, &plan.notes, &heading(plan))?;
    certificates.map_or(Ok(()), |certificates| certificates.write(ledger, &issued))
}

fn heading(plan: &Plan) -> String {
    use desk::Change::{AddUnits, Bind, Convert, Downsize, Issue, Reissue, Renew, Upgrade};
    let done = match plan.asked.change {
        Issue(desk::Order { registration_key: Some(_), .. }) => "Redeemed",
        Issue(_) => "Issued",
        Renew { .. } => "Renewed",
        Downsize { .. } => "Downsized",
        AddUnits { .. } => "Units added",
        Upgrade { .. } => "Upgraded",
        Convert { .. } => "Converted",
        Bind { .. } => "Bound to a host",
        Reissue { .. } => "Reissued",
    };
    match &plan.approval {
        Approval::Given { request, asked_by } => format!("{done}, as operator {asked_by} asked in request {request}"),
        Approval::NotNeeded | Approval::Needed { .. } => done.to_owned(),
    }
}

#[derive(Serialize)]
struct PlanJson<'a> {
    terms: TermsJson,
    period: PeriodJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<BeforeJson>,
    #[serde(flatten)]
    notes: NotesJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reissued: Vec<PlannedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_above: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
}

/// A renewal that goes out again.
#[derive(Serialize)]
struct PlannedJson {
    terms: TermsJson,
    period: PeriodJson,
}

impl From<&Entry> for PlannedJson {
    fn from(entry: &Entry) -> Self {
        Self { terms: (&entry.terms).into(), period: entry.period.into() }
    }
}

/// The true period, which a code cannot always carry.
#[derive(Serialize)]
struct PeriodJson {
    first: String,
    last: String,
}

impl From<MaintenancePeriod> for PeriodJson {
    fn from(period: MaintenancePeriod) -> Self {
        Self { first: period.first().to_string(), last: period.last().to_string() }
    }
}

/// What a change is of, as it was sold.
#[derive(Serialize)]
struct BeforeJson {
    revision: u16,
    product: u16,
    units: u32,
    kind: &'static str,
    first: String,
    last: String,
}

impl From<&Entry> for BeforeJson {
    fn from(Entry { terms, period, .. }: &Entry) -> Self {
        Self {
            revision: terms.revision.get(),
            product: terms.product.get(),
            units: terms.units.get(),
            kind: terms.kind.name(),
            first: period.first().to_string(),
            last: period.last().to_string(),
        }
    }
}

#[derive(Default, Serialize)]
struct NotesJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    lapsed_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted_last: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members_end: Vec<MemberEndJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ends_with_life: Vec<u16>,
    /// Hosts that have codes of their own of what was before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bound_hosts: Vec<u32>,
}

#[derive(Serialize)]
struct MemberEndJson {
    product: u16,
    end_of_life: String,
}

impl NotesJson {
    fn of(notes: &[Note]) -> Self {
        let mut json = Self::default();
        for note in notes {
            match note {
                Note::Lapsed { days, .. } => json.lapsed_days = Some(*days),
                Note::Queued { after } => json.queued_after = Some(after.to_string()),
                Note::CutByEndOfLife { wanted } => json.wanted_last = Some(wanted.to_string()),
                Note::MemberEnds { member, day } => {
                    json.members_end.push(MemberEndJson { product: member.get(), end_of_life: day.to_string() });
                }
                Note::EndsWithLife { was } => json.ends_with_life.push(was.get()),
                Note::BoundHost { host, .. } => json.bound_hosts.push(host.0),
                // Those show in the terms.
                Note::CodeBegins { .. } | Note::GoesOutAgain { .. } | Note::Over { .. } => {}
            }
        }
        json
    }
}

/// Shows what would be signed.
pub fn preview(context: &Context, ledger: &mut Ledger, plan: &Plan) -> Result<(), Failure> {
    if !context.json {
        return print::result(&planned(ledger, plan)?);
    }
    let Some((first, others)) = plan.entries.split_first() else { return Ok(()) };
    let (approval_above, request, asked_by) = match &plan.approval {
        Approval::NotNeeded => (None, None, None),
        Approval::Needed { above } => (Some(*above), None, None),
        Approval::Given { request, asked_by } => (None, Some(*request), Some(asked_by.to_string())),
    };
    print::json(&PlanJson {
        terms: (&first.terms).into(),
        period: first.period.into(),
        before: plan.before.as_ref().map(BeforeJson::from),
        notes: NotesJson::of(&plan.notes),
        reissued: others.iter().map(PlannedJson::from).collect(),
        approval_above,
        request,
        asked_by,
        order: first.reference.as_ref().map(|reference| reference.as_str()),
    })
}

/// A plan in words.
fn planned(ledger: &mut Ledger, plan: &Plan) -> Result<String, Failure> {
    let mut parts = Vec::new();
    if let Some(before) = &plan.before {
        parts.push(format!("Before: {}\n", in_a_line(ledger, before)?));
    }
    for entry in &plan.entries {
        parts.push(sold(ledger, entry)?);
    }
    let mut said = notes(&plan.notes);
    // Writing to a String does not fail.
    let _ = match &plan.approval {
        Approval::NotNeeded => Ok(()),
        Approval::Needed { above } => writeln!(said, "More than {above} units: a second operator has to approve."),
        Approval::Given { request, asked_by } => writeln!(said, "Operator {asked_by} asked for it: request {request}."),
    };
    if !said.is_empty() {
        parts.push(said);
    }
    Ok(parts.join("\n"))
}

/// What a clerk should know, a line each.
fn notes(notes: &[Note]) -> String {
    let mut lines: Vec<String> = notes.iter().filter_map(note).collect();
    let again = |note: &Note| if let Note::GoesOutAgain { was } = note { Some(was.to_string()) } else { None };
    let again: Vec<String> = notes.iter().filter_map(again).collect();
    match &again[..] {
        [] => {}
        [was] => lines.push(format!(
            "The renewal sold before as revision {was} goes out again, because the first code replaces it: enter both."
        )),
        all => lines.push(format!(
            "The renewals sold before as revisions {} go out again, because the first code replaces them: enter all.",
            all.join(", ")
        )),
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn note(note: &Note) -> Option<String> {
    Some(match note {
        Note::Lapsed { days, first, on_top } => {
            let lapsed = if *days == 1 { "1 lapsed day".to_owned() } else { format!("{days} lapsed days") };
            let last = first.plus_or_last(days - 1);
            let where_they_are = if *on_top { "on top of what was ordered" } else { "inside what was ordered" };
            format!("Maintenance had ended: the period has {lapsed}, {first} to {last}, {where_they_are}.")
        }
        Note::Queued { after } => {
            format!("The new period begins when the one before has ended, after {after}; enter the code at any time.")
        }
        Note::CodeBegins { code, truth } => {
            format!("The code says {code}, the earliest day that it can carry; the true first day is {truth}.")
        }
        Note::CutByEndOfLife { wanted } => {
            format!("The product's End of Life cuts the period, which would go to {wanted}.")
        }
        Note::MemberEnds { member, day } => {
            format!("Product {member}, a member, has its End of Life on {day}, within the period.")
        }
        Note::Over { last } => format!("The period is over: its last day was {last}."),
        Note::EndsWithLife { was } => format!(
            "The renewal sold before as revision {was} would begin after the product's End of Life: it ends here."
        ),
        Note::BoundHost { license, host } => {
            let nonce = Nonce::for_code(0);
            let request = HostRequest { host: *host, product: None, license: Some(*license), nonce };
            format!(
                "Host {host} has a code of its own, which stays as it was; for the next one: \
                 countersign issue --request {}",
                request.row()
            )
        }
        Note::GoesOutAgain { .. } => return None,
    })
}

#[derive(Serialize)]
struct ChangedJson {
    #[serde(flatten)]
    issued: print::IssuedJson,
    /// Where the code cannot carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<PeriodJson>,
    #[serde(flatten)]
    notes: NotesJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reissued: Vec<print::IssuedJson>,
}

fn report(
    context: &Context,
    ledger: &mut Ledger,
    issued: &[Issued],
    said: &[Note],
    heading: &str,
) -> Result<(), Failure> {
    let Some((first, others)) = issued.split_first() else { return Ok(()) };
    stolen::warn(ledger, issued)?;
    // What the same order made before may have been revoked since.
    let license = desk::find_license(ledger, first.entry.terms.license)?;
    if context.json {
        return print::json(&ChangedJson {
            issued: print::IssuedJson::of(&license, first),
            period: (first.entry.period != first.entry.terms.period).then(|| first.entry.period.into()),
            notes: NotesJson::of(said),
            reissued: others.iter().map(|issued| print::IssuedJson::of(&license, issued)).collect(),
        });
    }
    let mut codes = Vec::new();
    for issued in issued {
        codes.push(format!("{}{}", mark(&license, issued), summary(ledger, issued)?));
    }
    let said = notes(said);
    let gap = if said.is_empty() { "" } else { "\n" };
    print::result(&format!("{heading}\n{}{gap}{said}", codes.join("\n")))
}

/// What stands above a code that is revoked.
pub fn mark(license: &LicenseRecord, issued: &Issued) -> &'static str {
    if license.revokes(issued.entry.terms.revision) { "REVOKED\n" } else { "" }
}

/// A code with what a clerk wants to see beside it.
pub fn summary(ledger: &mut Ledger, issued: &Issued) -> Result<String, Failure> {
    summary_with(ledger, issued, &documents::letters(issued.license.code()))
}

/// The same, with the code in another form.
pub fn summary_with(ledger: &mut Ledger, issued: &Issued, code: &str) -> Result<String, Failure> {
    Ok(format!("{}\nActivation code\n{code}", sold(ledger, &issued.entry)?))
}

/// A code in one line.
pub fn in_a_line(ledger: &mut Ledger, Entry { terms, period, .. }: &Entry) -> Result<String, Failure> {
    let Product { mnemonic, unit, .. } = desk::find_product(ledger, &terms.product.to_string())?;
    let (revision, kind, units) = (terms.revision, terms.kind.name(), terms.units);
    Ok(format!("revision {revision}, {mnemonic}, {kind}, by {}: {units}, {period}", unit.name()))
}

/// What was sold or shall be, to whom.
fn sold(ledger: &mut Ledger, entry: &Entry) -> Result<String, Failure> {
    let Customer { number, name, .. } = desk::find_customer(ledger, &entry.customer.to_string())?;
    let Product { mnemonic, name: product, unit, .. } = desk::find_product(ledger, &entry.terms.product.to_string())?;
    let order = entry.reference.as_ref().map(|order| format!("  order        {order}\n")).unwrap_or_default();
    Ok(format!(
        "  customer     {number}, {name}\n{order}  sold as      {mnemonic}, {product}, by {}\n{}",
        unit.name(),
        sentences::terms(&entry.terms),
    ))
}
