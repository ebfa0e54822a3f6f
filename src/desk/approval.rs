//! Changes above one operator's threshold: one asks, another one issues (domain rule D14).
//!
//! Both need a passphrase of their own: otherwise one person could be both.

use super::change::Asked;
use super::history::events_back_to;
use super::issuing::{made_before, usual};
use super::operators::{Permission, Session, may};
use super::plan::{Approval, Plan, Planner};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, Event, Ledger, LedgerFault, Request, RequestState};
use serde_json::json;

/// Asks for a change that needs a second operator. The same order that waits already is not asked for again.
///
/// # Errors
/// The rules of the desk do not allow it, it needs nobody else, or the order waits or was made with other terms.
pub fn request(ledger: &mut Ledger, session: &Session, asked: &Asked) -> Result<Request, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Sell)?;
        session.bounds(book)?.change(book, &asked.change)?;
        refuse_made(book, asked)?;
        let plan = Planner::new(book, session.today)?.plan(asked, Approval::NotNeeded)?;
        if plan.approval == Approval::NotNeeded {
            return Err(Refused::NeedsNoApproval.into());
        }
        if session.operator.passphrase.is_none() {
            return Err(Refused::WithoutPassphrase(by.operator).into());
        }
        if let Some(waits) = same_order(book, asked)? {
            return Ok(waits);
        }
        let request = Request {
            number: book.next_request()?,
            day: by.day,
            operator: by.operator.clone(),
            change: asked.to_text(),
            state: RequestState::Waiting,
            event: 0,
        };
        book.put_request(&request)?;
        let event = book.record(&by, Action::Requested, None, json!({"request": request.number}).to_string())?;
        Ok(Request { event, ..request })
    })
}

/// The request that waits for the same order.
fn same_order(book: &Book<'_>, asked: &Asked) -> Result<Option<Request>, DeskFault> {
    let Some(reference) = &asked.reference else { return Ok(None) };
    for request in book.requests_in(RequestState::Waiting)? {
        let recorded = Asked::from_text(&request.change)?;
        if recorded.reference.as_ref() != Some(reference) {
            continue;
        }
        let (recorded, wanted) = (usual(book, &recorded)?, usual(book, asked)?);
        if recorded == wanted {
            return Ok(Some(request));
        }
        let (reference, request) = (reference.clone(), request.number);
        let (recorded, wanted) = (Box::new(recorded), Box::new(wanted));
        return Err(Refused::WaitsOtherwise { reference, request, recorded, wanted }.into());
    }
    Ok(None)
}

/// No order is asked for, or approved, that has made its codes already.
fn refuse_made(book: &Book<'_>, asked: &Asked) -> Result<(), DeskFault> {
    match (made_before(book, asked)?.first(), &asked.reference) {
        (Some(first), Some(reference)) => {
            let license = first.entry.terms.license;
            Err(Refused::MadeAlready { reference: reference.clone(), license }.into())
        }
        _ => Ok(()),
    }
}

/// A request with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The request.
    pub request: Request,
    /// What was asked for.
    pub asked: Asked,
    /// Who answered it, when, and the license that was made or changed. `None`: it waits.
    pub answer: Option<Event>,
}

/// The requests that wait, or all, by number.
///
/// # Errors
/// Those of the ledger.
pub fn requests(ledger: &mut Ledger, state: Option<RequestState>) -> Result<Vec<Answered>, DeskFault> {
    ledger.read(|book| {
        let requests = match state {
            Some(state) => book.requests_in(state)?,
            None => book.requests()?,
        };
        let answered = |request: Request| {
            let asked = Asked::from_text(&request.change)?;
            let answer = match request.state {
                RequestState::Waiting => None,
                RequestState::Approved | RequestState::Rejected => Some(super::purge::answer(book, &request)?),
            };
            Ok(Answered { request, asked, answer })
        };
        requests.into_iter().map(answered).collect()
    })
}

/// Whether two operators can stand behind a request, one who asks and another who approves.
///
/// # Errors
/// Those of the ledger.
pub fn can_approve(ledger: &mut Ledger) -> Result<bool, LedgerFault> {
    let mut operators = super::operators(ledger)?;
    operators.retain(|operator| operator.active && operator.passphrase.is_some());
    let asking = operators.iter().filter(|operator| may(operator.role, Permission::Sell)).count();
    Ok(asking >= 2 && operators.iter().any(|operator| may(operator.role, Permission::Approve)))
}

/// What a second operator decides on.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The request.
    pub request: Request,
    /// What it makes if it is approved today.
    pub plan: Plan,
    /// What happened to the license since it was asked for, but for reprints: whoever asked did not know of it.
    pub since: Vec<Event>,
}

/// What a request would make if this operator did it today.
///
/// # Errors
/// It is not waiting, this operator may not approve it, its order was made otherwise, or the rules of the desk do
/// not allow it any more.
pub fn preview_request(ledger: &mut Ledger, session: &Session, number: u32) -> Result<Pending, DeskFault> {
    ledger.read(|book| {
        let request = approvable(book, session, number)?;
        let asked = Asked::from_text(&request.change)?;
        refuse_made(book, &asked)?;
        let approval = Approval::Given { request: number, asked_by: request.operator.clone() };
        let plan = Planner::new(book, session.today)?.plan(&asked, approval)?;
        let license = asked.change.license().map(|license| book.license(license)).transpose()?.flatten();
        let mut since = match &license {
            Some(license) => events_back_to(book, license, request.event)?,
            None => Vec::new(),
        };
        since.retain(|event| event.action != Action::Reprinted);
        Ok(Pending { request, plan, since })
    })
}

/// Says no to a request, somebody else's or one's own.
///
/// # Errors
/// It is not waiting, or the operator may not.
pub fn reject(ledger: &mut Ledger, session: &Session, number: u32) -> Result<Answered, DeskFault> {
    ledger.write(|book| {
        let request = waiting(book, number)?;
        let own = request.operator == session.operator.name;
        let by = session.begin(book, if own { Permission::Sell } else { Permission::Approve })?;
        let asked = Asked::from_text(&request.change)?;
        let request = Request { state: RequestState::Rejected, ..request };
        book.put_request(&request)?;
        let event = book.record(&by, Action::Rejected, None, json!({"request": number}).to_string())?;
        Ok(Answered { request: Request { event, ..request }, asked, answer: book.event(event)? })
    })
}

fn waiting(book: &Book<'_>, number: u32) -> Result<Request, DeskFault> {
    let request = book.request(number)?.ok_or(Refused::UnknownRequest(number))?;
    if request.state != RequestState::Waiting {
        return Err(Refused::RequestDone { number, state: request.state }.into());
    }
    Ok(request)
}

/// A request that waits, and that two people stand behind if this operator approves it.
fn approvable(book: &Book<'_>, session: &Session, number: u32) -> Result<Request, DeskFault> {
    session.begin(book, Permission::Approve)?;
    let request = waiting(book, number)?;
    let approver = &session.operator;
    if request.operator == approver.name {
        return Err(Refused::OwnRequest(number).into());
    }
    if approver.passphrase.is_none() {
        return Err(Refused::WithoutPassphrase(approver.name.clone()).into());
    }
    let asker = book.operator(&request.operator)?;
    if !asker.is_some_and(|asker| asker.active && may(asker.role, Permission::Sell)) {
        return Err(Refused::AskerGone { request: number, operator: request.operator }.into());
    }
    Ok(request)
}

/// Within a transaction that gives away numbers or codes for it: a plan is what was asked for, nobody answered
/// meanwhile, and this operator may.
pub(super) fn confirm(book: &Book<'_>, session: &Session, plan: &Plan) -> Result<(), DeskFault> {
    let Approval::Given { request: number, asked_by } = &plan.approval else { return Ok(()) };
    let request = approvable(book, session, *number)?;
    if request.operator != *asked_by || request.change != plan.asked.to_text() {
        return Err(Refused::ChangedMeanwhile.into());
    }
    refuse_made(book, &plan.asked)
}

/// Within the transaction that issues what was approved: it is answered now.
pub(super) fn approve(book: &Book<'_>, plan: &Plan) -> Result<(), DeskFault> {
    let Approval::Given { request, .. } = plan.approval else { return Ok(()) };
    let request = waiting(book, request)?;
    Ok(book.put_request(&Request { state: RequestState::Approved, ..request })?)
}
