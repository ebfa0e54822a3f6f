//! Who is at the desk, and whether the clock can be right.

use super::failure::Failure;
use super::{Context, print};
use activation_host::program::clock;
use countersign::desk::{self, Clock, DeskFault, Refused, Session};
use countersign::ledger::Ledger;
use std::io::{self, IsTerminal};

impl Context {
    /// Signs the operator in, for a command that changes something. What is doubtful is asked for first.
    pub fn session(&self, ledger: &mut Ledger) -> Result<Session, Failure> {
        let session = self.looking(ledger)?;
        if session.operator.passphrase.is_some() {
            let typed = self.operator_passphrase.existing(&format!("operator {}", session.operator.name))?;
            desk::check_passphrase(&session.operator, &typed)?;
        }
        Ok(session)
    }

    /// Whether somebody is there to be asked, and wants to be.
    pub fn asks(&self) -> bool {
        !self.yes && io::stdin().is_terminal()
    }

    /// For a look at what a change would make: nobody proves who they are.
    pub fn looking(&self, ledger: &mut Ledger) -> Result<Session, Failure> {
        let operator = desk::find_operator(ledger, self.operator.as_ref())?;
        let confirmed = if self.clock_is_right { Clock::Confirmed } else { Clock::Unconfirmed };
        let mut session = Session { operator, today: clock(), clock: confirmed };
        match desk::check_day(ledger, &session) {
            Ok(()) => {}
            Err(DeskFault::Refused(refused @ Refused::ClockDoubtful { .. })) => {
                // --yes says that a sale is right, and nothing of the clock.
                if !self.asks() {
                    return Err(refused.into());
                }
                print::confirm(&format!("{refused}.\nIs it {} today? [y/N] ", session.today), "nothing was changed")?;
                session.clock = Clock::Confirmed;
            }
            Err(fault) => return Err(fault.into()),
        }
        Ok(session)
    }
}
