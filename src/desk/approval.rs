//! Changes above one operator's threshold: one asks, another one issues (domain rule D14).

use super::change::Asked;
use super::operators::{Permission, Session};
use super::plan::{Approval, Plan, Planner};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, Ledger, LedgerFault, Request, RequestState};
use serde_json::json;

/// Asks for a change that needs a second operator.
///
/// # Errors
/// The rules of the desk do not allow it, or it needs nobody else.
pub fn request(ledger: &mut Ledger, session: &Session, asked: &Asked) -> Result<Request, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Sell)?;
        let plan = Planner::new(book, session.today)?.plan(asked, Approval::NotNeeded)?;
        if plan.approval == Approval::NotNeeded {
            return Err(Refused::NeedsNoApproval.into());
        }
        let change = asked.to_text();
        let waits = |request: &Request| request.state == RequestState::Waiting && request.change == change;
        // Asked again, as scripts do: it is the same order.
        if asked.reference.is_some()
            && let Some(request) = book.requests()?.into_iter().find(waits)
        {
            return Ok(request);
        }
        let operator = by.operator.clone();
        let number = book.next_request()?;
        let request = Request { number, day: by.day, operator, change, state: RequestState::Waiting };
        book.put_request(&request)?;
        book.record(&by, Action::Requested, None, json!({"request": number}).to_string())?;
        Ok(request)
    })
}

/// All requests, by number.
///
/// # Errors
/// Those of the ledger.
pub fn requests(ledger: &mut Ledger) -> Result<Vec<Request>, LedgerFault> {
    ledger.read(|book| book.requests())
}

/// What a request would make if this operator did it today.
///
/// # Errors
/// It is not waiting, it is their own, they may not, or the rules of the desk do not allow it any more.
pub fn preview_request(ledger: &mut Ledger, session: &Session, number: u32) -> Result<Plan, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Approve)?;
        let request = waiting(book, number)?;
        if session.operator.passphrase.is_none() {
            return Err(Refused::ApproverWithoutPassphrase(session.operator.name.clone()).into());
        }
        if request.operator == session.operator.name {
            return Err(Refused::OwnRequest(number).into());
        }
        let approval = Approval::Given { request: number, asked_by: request.operator };
        Planner::new(book, session.today)?.plan(&Asked::from_text(&request.change)?, approval)
    })
}

/// Says no to a request, somebody else's or one's own.
///
/// # Errors
/// It is not waiting, or the operator may not.
pub fn reject(ledger: &mut Ledger, session: &Session, number: u32) -> Result<Request, DeskFault> {
    ledger.write(|book| {
        let request = waiting(book, number)?;
        let own = request.operator == session.operator.name;
        let by = session.begin(book, if own { Permission::Sell } else { Permission::Approve })?;
        let request = Request { state: RequestState::Rejected, ..request };
        book.put_request(&request)?;
        book.record(&by, Action::Rejected, None, json!({"request": number}).to_string())?;
        Ok(request)
    })
}

fn waiting(book: &Book<'_>, number: u32) -> Result<Request, DeskFault> {
    let request = book.request(number)?.ok_or(Refused::UnknownRequest(number))?;
    if request.state != RequestState::Waiting {
        return Err(Refused::RequestDone { number, state: request.state }.into());
    }
    Ok(request)
}

/// Within the transaction that issues what was approved: nobody else did meanwhile, and it is done now.
pub(super) fn approve(book: &Book<'_>, session: &Session, number: u32) -> Result<(), DeskFault> {
    session.begin(book, Permission::Approve)?;
    let request = waiting(book, number)?;
    if request.operator == session.operator.name {
        return Err(Refused::OwnRequest(number).into());
    }
    Ok(book.put_request(&Request { state: RequestState::Approved, ..request })?)
}
