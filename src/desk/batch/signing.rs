//! Signing on several threads while the ledger is written by one.

use super::{SharedDesk, Task, Worked};
use crate::desk::DeskFault;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

/// Orders that are handed over at once: 3 ms of signing, against some microseconds of handing over.
const PIECE: usize = 64;

/// Orders, and where to hand in what became of them.
struct Piece {
    tasks: Vec<Task>,
    reply: Sender<Result<Vec<Worked>, DeskFault>>,
}

impl Piece {
    fn work(self, desk: &SharedDesk<'_>) {
        let worked = self.tasks.into_iter().map(|task| task.work(desk)).collect();
        // Nobody waits any more where another piece failed.
        let _ = self.reply.send(worked);
    }
}

/// Where orders lie to be signed, first come, first served.
pub(super) struct Bench<'b, 's> {
    desk: &'b SharedDesk<'s>,
    pieces: Sender<Piece>,
    waiting: &'b Mutex<Receiver<Piece>>,
}

/// Orders that were laid out together.
pub(super) struct LaidOut(Vec<Receiver<Result<Vec<Worked>, DeskFault>>>);

/// Works with a bench at which this thread and `threads` - 1 others sign.
pub(super) fn with_bench<T>(desk: &SharedDesk<'_>, threads: NonZeroUsize, work: impl FnOnce(&Bench<'_, '_>) -> T) -> T {
    let (pieces, waiting) = channel();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(|| {
                while let Some(piece) = next(&waiting) {
                    piece.work(desk);
                }
            });
        }
        // Dropped before the others are waited for: it ends their work.
        let bench = Bench { desk, pieces, waiting: &waiting };
        work(&bench)
    })
}

/// The next piece, when there is one; `None` when there will be no more.
fn next(waiting: &Mutex<Receiver<Piece>>) -> Option<Piece> {
    waiting.lock().ok()?.recv().ok()
}

impl Bench<'_, '_> {
    pub(super) fn lay_out(&self, tasks: Vec<Task>) -> LaidOut {
        let mut tasks = tasks.into_iter();
        let mut replies = Vec::new();
        loop {
            let tasks: Vec<_> = tasks.by_ref().take(PIECE).collect();
            if tasks.is_empty() {
                return LaidOut(replies);
            }
            let (reply, receiver) = channel();
            replies.push(receiver);
            self.pieces.send(Piece { tasks, reply }).expect("the bench keeps the other end");
        }
    }

    /// What became of them, in their order. Lends a hand until then.
    pub(super) fn collect(&self, laid_out: LaidOut) -> Result<Vec<Worked>, DeskFault> {
        let mut all = Vec::new();
        for reply in laid_out.0 {
            let worked = loop {
                match reply.try_recv() {
                    Ok(worked) => break worked,
                    Err(TryRecvError::Empty) if self.lend_a_hand() => {}
                    // Another thread is at it.
                    Err(_) => break reply.recv().expect("a piece that was taken is worked"),
                }
            };
            all.extend(worked?);
        }
        Ok(all)
    }

    /// Works a piece that nobody has taken. Somebody who waits for one holds the lock.
    fn lend_a_hand(&self) -> bool {
        let piece = self.waiting.try_lock().ok().and_then(|waiting| waiting.try_recv().ok());
        piece.map(|piece| piece.work(self.desk)).is_some()
    }
}
