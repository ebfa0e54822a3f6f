//! What hosts ask the desk for: clock resets. Codes that are bound to a host are changes like others.

use super::issuing::SigningDesk;
use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, DeskRole, Ledger};
use crate::signer::Signer;
use activation_code::{ClockReset, ClockResetTerms, Day, HostId, HostRequest, LicenseNumber, Limit, Nonce, ProductId};
use serde_json::json;

/// What a host wants of its desk: one row can ask for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A code that only this host accepts.
    Code {
        /// Which host.
        host: HostId,
        /// For which product, if it says one.
        product: Option<ProductId>,
        /// Which license is to be bound to it; `None`: a new one.
        license: Option<LicenseNumber>,
    },
    /// A clock reset.
    ClockReset {
        /// Which host.
        host: HostId,
        /// Which request of it.
        nonce: Nonce,
    },
}

impl From<HostRequest> for Asking {
    fn from(HostRequest { host, product, license, nonce }: HostRequest) -> Self {
        if nonce.asks_for_clock_reset() {
            Self::ClockReset { host, nonce }
        } else {
            Self::Code { host, product, license }
        }
    }
}

/// Whether a host that asks for one product can use another one that is sold.
///
/// # Errors
/// It cannot.
pub fn check_product(ledger: &mut Ledger, wanted: ProductId, sold: ProductId) -> Result<(), DeskFault> {
    ledger.read(|book| super::plan::fits(book, Some(wanted), sold))
}

/// A clock reset that the shipping verifier has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedClockReset {
    /// What it says, proven.
    pub reset: ClockReset,
    /// Its rows in letters.
    pub letters: Vec<String>,
    /// The same rows in digits.
    pub digits: Vec<String>,
}

/// What a clock reset for a host's request would say, before anybody is asked for a passphrase.
///
/// # Errors
/// The day has not come, the issuing key may not issue on it, or the operator may not.
pub fn preview_clock_reset(
    ledger: &mut Ledger,
    session: &Session,
    (host, nonce): (HostId, Nonce),
    day: Day,
) -> Result<ClockResetTerms, DeskFault> {
    ledger.read(|book| {
        session.begin(book, Permission::Sell)?;
        session.bounds(book)?.vendor_alone(Permission::Sell)?;
        terms(book, session.today, (host, nonce), day)
    })
}

fn terms(book: &Book<'_>, today: Day, (host, nonce): (HostId, Nonce), day: Day) -> Result<ClockResetTerms, DeskFault> {
    if !nonce.asks_for_clock_reset() {
        return Err(Refused::AsksForCode.into());
    }
    if !(Day::from_days_since_2020(0)..=Some(today)).contains(&Some(day)) {
        return Err(Refused::NoResetDay { day, today }.into());
    }
    let issuer = super::trust::issuer_in_use(book)?.number;
    let limits = book.issuer_rule(issuer)?.limits;
    if limits.from.is_some_and(|from| day < from) {
        return Err(Refused::IssuerLimit { issuer, limit: Limit::From }.into());
    }
    if limits.to.is_some_and(|to| day > to) {
        return Err(match book.trust_settings()?.role {
            DeskRole::Partner => Refused::EndedByVendor { issuer, last: limits.to },
            DeskRole::Vendor => Refused::IssuerLimit { issuer, limit: Limit::To },
        }
        .into());
    }
    Ok(ClockResetTerms { host, nonce, day, issuer })
}

/// Signs a clock reset as it was looked at. The same again gives the same rows; each is written down.
///
/// # Errors
/// Those of [`preview_clock_reset`], the signer's, or another key has taken the place of the one that it was to be
/// signed with.
pub fn reset_clock(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
    wanted: ClockResetTerms,
) -> Result<SignedClockReset, DeskFault> {
    let desk = SigningDesk::of(ledger, signer)?;
    let signed = desk.sign_clock_reset(wanted)?;
    ledger.write(|book| {
        let by = session.begin(book, Permission::Sell)?;
        session.bounds(book)?.vendor_alone(Permission::Sell)?;
        desk.confirm_key(book)?;
        if terms(book, session.today, (wanted.host, wanted.nonce), wanted.day)? != wanted {
            return Err(Refused::KeyChangedMeanwhile.into());
        }
        let facts = json!({
            "host": wanted.host.0,
            "nonce": wanted.nonce.0,
            "day": wanted.day.to_string(),
            "issuer": wanted.issuer.get(),
        });
        book.record(&by, Action::ClockReset, None, facts.to_string())?;
        Ok(signed)
    })
}
