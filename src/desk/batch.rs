//! Many orders at once, a line each: all are checked before the first is signed, and then they are carried out in
//! chunks, so that other desks get in between.

mod line;
mod signing;

pub use line::{Cells, Column, Deed, Draft, Problem};

use super::accounts::Bounds;
use super::change::Asked;
use super::issuing::{self, Issued, SigningDesk, give_away, made_for, perform, write_down};
use super::operators::{Permission, Session};
use super::plan::{Approval, Plan, Planner};
use super::{DeskFault, Refused};
use crate::ledger::{Book, Head, Ledger, LedgerFault, Signed};
use crate::signer::Signer;
use line::Names;
use std::num::NonZeroUsize;

/// Orders that are numbered and written down in one transaction. Fewer cost more syncs, more keep other desks
/// waiting for longer (docs/performance.md).
pub const CHUNK: usize = 8192;

/// A key that several threads sign with.
type SharedDesk<'s> = SigningDesk<'s, dyn Signer + Sync + 's>;

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The rules of the desk allow it.
    New(Asked),
    /// The same order made codes before (rule D1).
    Before(Asked),
    /// It cannot be done.
    Bad(Vec<Problem>),
}

/// What became of an order.
#[derive(Clone, Debug)]
pub enum Done {
    /// It made these codes.
    Issued(Vec<Issued>),
    /// It had made these codes before.
    Before(Vec<Issued>),
    /// The rules of the desk do not allow it any more: somebody was quicker.
    Refused(Refused),
}

/// Says of each draft whether the ledger and the rules of the desk allow it, all of them at one moment.
///
/// # Errors
/// The operator may not, the day cannot be right, or those of the ledger.
pub fn check_orders<'d>(
    ledger: &mut Ledger,
    session: &Session,
    drafts: impl IntoIterator<Item = &'d Draft>,
) -> Result<Vec<Checked>, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Sell)?;
        let (planner, bounds) = (Planner::new(book, session.today)?, session.bounds(book)?);
        let names = Names::new(book);
        let checked = drafts.into_iter().map(|draft| match check(book, (&planner, &bounds), &names, draft) {
            Err(DeskFault::Refused(refused)) => Ok(Checked::Bad(vec![refused.into()])),
            checked => checked,
        });
        checked.collect()
    })
}

fn check(
    book: &Book<'_>,
    (planner, bounds): (&Planner<'_, '_>, &Bounds),
    names: &Names<'_, '_>,
    draft: &Draft,
) -> Result<Checked, DeskFault> {
    let asked = match draft.asked(names)? {
        Ok(asked) => asked,
        Err(unknown) => return Ok(Checked::Bad(unknown)),
    };
    bounds.change(book, &asked.change)?;
    if !made_for(book, &asked)?.is_empty() {
        return Ok(Checked::Before(asked));
    }
    match planner.plan(&asked, Approval::NotNeeded)?.approval {
        Approval::Needed { above } => Err(Refused::NeedsApproval { above }.into()),
        Approval::NotNeeded | Approval::Given { .. } => Ok(Checked::New(asked)),
    }
}

/// Carries orders out and says what became of each, in their order, after it is on disk. No two of them may have one
/// reference or change one license. What was done before gives its codes again, so that a batch can be run until all
/// of it is done.
///
/// # Errors
/// Those of `orders` and `done`, the ledger, or the signer. What was done by then stays done.
pub fn carry_out_orders<F: From<DeskFault>>(
    ledger: &mut Ledger,
    session: &Session,
    signer: &(dyn Signer + Sync),
    threads: NonZeroUsize,
    orders: impl IntoIterator<Item = Result<Asked, F>>,
    mut done: impl FnMut(Done) -> Result<(), F>,
) -> Result<(), F> {
    let desk = SigningDesk::of(ledger, signer)?;
    let mut orders = orders.into_iter();
    let mut others = Others::default();
    signing::with_bench(&desk, threads, |bench| {
        let mut being_signed = None;
        loop {
            let asked = orders.by_ref().take(CHUNK).collect::<Result<Vec<_>, F>>()?;
            let next = if asked.is_empty() {
                None
            } else {
                let tasks = number(ledger, session, &mut others, asked)?;
                Some(Chunk { numbered: others.times, orders: bench.lay_out(tasks) })
            };
            let last = next.is_none();
            // One chunk is written down while the next one is being signed.
            if let Some(Chunk { numbered, orders }) = std::mem::replace(&mut being_signed, next) {
                let chunk = Chunk { numbered, orders: bench.collect(orders)? };
                for outcome in write_chunk(ledger, session, signer, &desk, &mut others, chunk)? {
                    done(outcome)?;
                }
            }
            if last {
                return Ok(());
            }
        }
    })
}

/// Whether somebody else has written into the book since this desk looked last: where nobody has, nothing is looked
/// up twice.
#[derive(Default)]
struct Others {
    /// The end of the book as this desk left it.
    head: Option<Head>,
    /// How often it was another one.
    times: u64,
}

impl Others {
    /// At the begin of a transaction.
    fn look(&mut self, book: &Book<'_>) -> Result<(), LedgerFault> {
        let head = book.head()?;
        self.times += u64::from(head != self.head);
        self.head = head;
        Ok(())
    }
}

/// Orders that were numbered together.
struct Chunk<T> {
    /// How often others had written by then.
    numbered: u64,
    orders: T,
}

/// An order on its way.
enum Task {
    /// Numbers were given away for it.
    Sign(Box<Plan>),
    /// It had made these before.
    Verify(Vec<Signed>),
    /// It cannot be done.
    Refuse(Refused),
}

/// The same, a step later.
enum Worked {
    Signed(Box<Plan>, Vec<Issued>),
    Verified(Vec<Issued>),
    Refused(Refused),
}

impl Task {
    fn work(self, desk: &SharedDesk<'_>) -> Result<Worked, DeskFault> {
        Ok(match self {
            Self::Sign(mut plan) => {
                let issued = desk.sign_all(std::mem::take(&mut plan.entries))?;
                Worked::Signed(plan, issued)
            }
            Self::Verify(codes) => Worked::Verified(desk.verify_all(codes)?),
            Self::Refuse(refused) => Worked::Refused(refused),
        })
    }
}

/// Gives numbers away for a chunk of orders.
fn number(
    ledger: &mut Ledger,
    session: &Session,
    others: &mut Others,
    asked: Vec<Asked>,
) -> Result<Vec<Task>, DeskFault> {
    ledger.write(|book| {
        others.look(book)?;
        session.begin(book, Permission::Sell)?;
        let (planner, bounds) = (Planner::new(book, session.today)?, session.bounds(book)?);
        let mut tasks = Vec::with_capacity(asked.len());
        for asked in asked {
            tasks.push(match task(book, (&planner, &bounds), asked) {
                Err(DeskFault::Refused(refused)) => Task::Refuse(refused),
                task => task?,
            });
        }
        let plans = tasks.iter().filter_map(|task| match task {
            Task::Sign(plan) => Some(&**plan),
            Task::Verify(_) | Task::Refuse(_) => None,
        });
        give_away(book, plans)?;
        Ok(tasks)
    })
}

fn task(book: &Book<'_>, (planner, bounds): (&Planner<'_, '_>, &Bounds), asked: Asked) -> Result<Task, DeskFault> {
    bounds.change(book, &asked.change)?;
    let before = made_for(book, &asked)?;
    if !before.is_empty() {
        return Ok(Task::Verify(before));
    }
    let plan = planner.plan(&asked, Approval::NotNeeded)?;
    match plan.approval {
        Approval::Needed { above } => Err(Refused::NeedsApproval { above }.into()),
        Approval::NotNeeded | Approval::Given { .. } => Ok(Task::Sign(Box::new(plan))),
    }
}

/// Writes a signed chunk down.
fn write_chunk(
    ledger: &mut Ledger,
    session: &Session,
    signer: &(dyn Signer + Sync),
    desk: &SharedDesk<'_>,
    others: &mut Others,
    Chunk { numbered, orders }: Chunk<Vec<Worked>>,
) -> Result<Vec<Done>, DeskFault> {
    let written = ledger.write(|book| {
        others.look(book)?;
        let alone = others.times == numbered;
        let by = session.begin(book, Permission::Sell)?;
        desk.confirm_key(book)?;
        let written = orders.into_iter().map(|worked| match worked {
            Worked::Verified(codes) => Ok(Ok(Done::Before(codes))),
            Worked::Refused(refused) => Ok(Ok(Done::Refused(refused))),
            // Where nobody else has written since, no code was made for it either.
            Worked::Signed(plan, issued) => match if alone { Ok(Vec::new()) } else { made_for(book, &plan.asked) } {
                // The same order, by somebody who was quicker: theirs stands, and these were seen by nobody.
                Ok(before) if !before.is_empty() => Ok(Ok(Done::Before(desk.verify_all(before)?))),
                Ok(_) => match write_down(book, &by, &plan, &issued) {
                    Ok(()) => Ok(Ok(Done::Issued(issued))),
                    Err(DeskFault::Refused(Refused::ChangedMeanwhile)) => Ok(Err(plan.asked)),
                    Err(fault) => Err(fault),
                },
                Err(DeskFault::Refused(refused)) => Ok(Ok(Done::Refused(refused))),
                Err(fault) => Err(fault),
            },
        });
        let written = written.collect::<Result<Vec<_>, DeskFault>>()?;
        others.head = book.head()?;
        Ok::<_, DeskFault>(written)
    })?;
    // Where somebody changed a license meanwhile, what was signed is out of date and was seen by nobody.
    let again = written.into_iter().map(|written| match written {
        Ok(done) => Ok(done),
        Err(asked) => match perform(ledger, session, signer, &asked) {
            Ok(issued) => Ok(Done::Issued(issued)),
            Err(DeskFault::Refused(refused)) => Ok(Done::Refused(refused)),
            Err(fault) => Err(fault),
        },
    });
    again.collect()
}

/// The codes that an order made before, for a batch of which nothing is left to sign.
///
/// # Errors
/// The order did not make any, or not with these terms.
pub fn codes_for_order(ledger: &mut Ledger, asked: &Asked) -> Result<Vec<Issued>, DeskFault> {
    ledger.read(|book| issuing::made_before(book, asked))
}
