//! Who is at the desk, and whether the clock can be right.

use super::failure::Failure;
use super::print::complain;
use super::{Context, PROGRAM, print};
use activation_host::program::clock;
use countersign::desk::{self, Clock, DeskFault, Refused, Session};
use countersign::ledger::{Ledger, Operator};
use std::io::{self, IsTerminal};

/// How often a person may mistype a passphrase.
const TRIES: u32 = 3;

impl Context {
    /// Signs the operator in, for a command that changes something. What is doubtful is asked for first.
    pub fn session(&self, ledger: &mut Ledger) -> Result<Session, Failure> {
        let session = self.looking(ledger)?;
        self.prove(&session.operator)?;
        Ok(session)
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

    /// Whether somebody is there to be asked, and wants to be.
    pub fn asks(&self) -> bool {
        !self.yes && io::stdin().is_terminal()
    }

    /// Asks an operator who has a passphrase for it.
    fn prove(&self, operator: &Operator) -> Result<(), Failure> {
        if operator.passphrase.is_none() {
            return Ok(());
        }
        let mut tries = if self.operator_passphrase.asks() { TRIES } else { 1 };
        loop {
            let typed = self.operator_passphrase.existing(&format!("operator {}", operator.name))?;
            tries -= 1;
            match desk::check_passphrase(operator, &typed) {
                Ok(()) => return Ok(()),
                Err(DeskFault::Refused(refused)) if tries > 0 => complain(PROGRAM, &refused, Some("type it again")),
                Err(fault) => return Err(fault.into()),
            }
        }
    }
}
