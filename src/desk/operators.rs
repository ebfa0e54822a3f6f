//! Who is at the desk, and what they may do (domain rule D14).

use super::{DeskFault, Refused};
use crate::ledger::{Action, Book, By, Ledger, LedgerFault, Operator, OperatorName, Role};
use activation_code::Day;
use scrypt::Scrypt;
use scrypt::password_hash::phc::PasswordHash;
use scrypt::password_hash::{CustomizedPasswordHasher as _, PasswordVerifier as _};
use serde_json::json;

/// What somebody wants to do that changes the ledger. Reading needs no permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Give out a code again.
    Reprint,
    /// Register and change customers.
    Customers,
    /// Issue, renew, add units, downsize, upgrade, convert.
    Sell,
    /// Give a license to another customer.
    Transfer,
    /// Revoke codes.
    Revoke,
    /// Say yes or no to what somebody else asked for.
    Approve,
    /// Change the catalogue.
    Catalogue,
    /// Sign checkpoints, make backups.
    KeepBook,
    /// Put a backup back, read printed codes in again.
    Restore,
    /// Add and change operators.
    Operators,
    /// Set limits.
    Limits,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Reprint,
        Self::Customers,
        Self::Sell,
        Self::Transfer,
        Self::Revoke,
        Self::Approve,
        Self::Catalogue,
        Self::KeepBook,
        Self::Restore,
        Self::Operators,
        Self::Limits,
    ];

    /// What it is, after "may not".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Reprint => "reprint codes",
            Self::Customers => "change customers",
            Self::Sell => "issue codes",
            Self::Transfer => "transfer licenses",
            Self::Revoke => "revoke codes",
            Self::Approve => "approve requests",
            Self::Catalogue => "change the catalogue",
            Self::KeepBook => "sign checkpoints or make backups",
            Self::Restore => "restore the ledger",
            Self::Operators => "change operators",
            Self::Limits => "set limits",
        }
    }
}

/// Whether a role has a permission.
pub fn may(role: Role, permission: Permission) -> bool {
    use Permission::{Approve, Catalogue, Customers, KeepBook, Reprint, Revoke, Sell, Transfer};
    match role {
        Role::Administrator => true,
        Role::LicenseManager => {
            matches!(permission, Reprint | Customers | Sell | Transfer | Revoke | Approve | Catalogue | KeepBook)
        }
        Role::AccountManager => matches!(permission, Reprint | Customers | Sell),
        Role::Support => matches!(permission, Reprint),
        Role::Auditor => false,
    }
}

/// Whether somebody has looked at the desk's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Nobody: a day before the last event, or long after it, is refused.
    Unconfirmed,
    /// A person says that it shows the right day.
    Confirmed,
}

/// Somebody at the desk, on a day.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who, as they signed in.
    pub operator: Operator,
    /// The day on the desk's clock.
    pub today: Day,
    /// Whether a person confirmed that day.
    pub clock: Clock,
}

/// Most days between two events that nobody need confirm: a holiday, and not a clock that is a year off.
pub const MOST_DAYS_IDLE: i32 = 30;

impl Session {
    /// Begins an operation: the operator may do it, and the day can be right. What is written is theirs.
    pub(super) fn begin(&self, book: &Book<'_>, permission: Permission) -> Result<By, DeskFault> {
        let name = &self.operator.name;
        // Again, in this transaction: they may have left meanwhile.
        let operator = book.operator(name)?.filter(|operator| operator.active);
        let role = operator.ok_or_else(|| Refused::UnknownOperator(name.to_string()))?.role;
        if !may(role, permission) {
            return Err(Refused::NotAllowed { operator: name.clone(), role, permission }.into());
        }
        self.check_day(book)?;
        Ok(By { operator: name.clone(), day: self.today })
    }

    fn check_day(&self, book: &Book<'_>) -> Result<(), DeskFault> {
        let Some(head) = book.head()? else { return Ok(()) };
        let (last, today) = (head.day, self.today);
        if self.clock == Clock::Confirmed || (0..=MOST_DAYS_IDLE).contains(&today.days_after(last)) {
            return Ok(());
        }
        Err(Refused::ClockDoubtful { last, today }.into())
    }
}

/// Says whether the day of a session can be right, before anybody is asked for anything else.
///
/// # Errors
/// It is before the last event of the book, or more than [`MOST_DAYS_IDLE`] after it.
pub fn check_day(ledger: &mut Ledger, session: &Session) -> Result<(), DeskFault> {
    ledger.read(|book| session.check_day(book))
}

/// The operator of this name; without one, the only one that there is.
///
/// # Errors
/// There is none, or more than one.
pub fn find_operator(ledger: &mut Ledger, name: Option<&OperatorName>) -> Result<Operator, DeskFault> {
    ledger.read(|book| match name {
        Some(name) => {
            let found = book.operator(name)?.filter(|operator| operator.active);
            found.ok_or_else(|| Refused::UnknownOperator(name.to_string()).into())
        }
        None => {
            let mut active = book.operators()?.into_iter().filter(|operator| operator.active);
            match (active.next(), active.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(LedgerFault::Record { what: "the operators" }.into()),
                (Some(_), Some(_)) => Err(Refused::WhichOperator.into()),
            }
        }
    })
}

/// All operators, by name, those who left too.
///
/// # Errors
/// Those of the ledger.
pub fn operators(ledger: &mut Ledger) -> Result<Vec<Operator>, LedgerFault> {
    ledger.read(|book| book.operators())
}

/// Adds an operator.
///
/// # Errors
/// The name is taken, also by somebody who left: the book must never mean two people by it.
pub fn add_operator(ledger: &mut Ledger, session: &Session, operator: &Operator) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Operators)?;
        if book.operator(&operator.name)?.is_some() {
            return Err(Refused::OperatorExists(operator.name.clone()).into());
        }
        write(book, &by, Action::OperatorAdded, operator)
    })
}

/// Changes an operator: role, passphrase, whether they work here. Their own passphrase everybody may change.
///
/// # Errors
/// There is no such operator, or nobody would be left who may change operators.
pub fn change_operator(ledger: &mut Ledger, session: &Session, changed: &Operator) -> Result<(), DeskFault> {
    ledger.write(|book| {
        let unknown = || Refused::UnknownOperator(changed.name.to_string());
        let before = book.operator(&changed.name)?.ok_or_else(unknown)?;
        let own = changed.name == session.operator.name
            && *changed == Operator { passphrase: changed.passphrase.clone(), ..before.clone() }
            && before.active;
        let by = if own {
            session.check_day(book)?;
            By { operator: changed.name.clone(), day: session.today }
        } else {
            session.begin(book, Permission::Operators)?
        };
        let administers = |operator: &Operator| operator.active && may(operator.role, Permission::Operators);
        let others = book.operators()?.into_iter().filter(|operator| operator.name != changed.name);
        if !administers(changed) && !others.into_iter().any(|operator| administers(&operator)) {
            return Err(Refused::LastAdministrator.into());
        }
        write(book, &by, Action::OperatorChanged, changed)
    })
}

fn write(book: &Book<'_>, by: &By, action: Action, operator: &Operator) -> Result<(), DeskFault> {
    let facts = json!({
        "operator": operator.name.as_str(),
        "role": operator.role.name(),
        "active": operator.active,
        "passphrase": operator.passphrase.is_some(),
    });
    book.put_operator(operator)?;
    book.record(by, action, None, facts.to_string())?;
    Ok(())
}

/// How a passphrase is kept: a hash in PHC form (scrypt, N = 2^15: a tenth of a second).
///
/// # Errors
/// The hash cannot be made.
pub fn hash_passphrase(passphrase: &[u8], salt: &[u8; 16]) -> Result<String, DeskFault> {
    let cost = scrypt::Params::new(15, 8, 1).map_err(|_| DeskFault::Passphrase)?;
    let hash = Scrypt::default().hash_password_customized(passphrase, salt, None, None, cost);
    Ok(hash.map_err(|_| DeskFault::Passphrase)?.to_string())
}

/// Whether a passphrase is the operator's.
///
/// # Errors
/// It is not.
pub fn check_passphrase(operator: &Operator, passphrase: &[u8]) -> Result<(), DeskFault> {
    let Some(hash) = &operator.passphrase else { return Ok(()) };
    let hash = PasswordHash::new(hash).map_err(|_| LedgerFault::Record { what: "an operator" })?;
    let right = Scrypt::default().verify_password(passphrase, &hash).is_ok();
    if right { Ok(()) } else { Err(Refused::WrongPassphrase(operator.name.clone()).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        let table = "
            permission  administrator license-manager account-manager support auditor
            Reprint     yes           yes             yes             yes     no
            Customers   yes           yes             yes             no      no
            Sell        yes           yes             yes             no      no
            Transfer    yes           yes             no              no      no
            Revoke      yes           yes             no              no      no
            Approve     yes           yes             no              no      no
            Catalogue   yes           yes             no              no      no
            KeepBook    yes           yes             no              no      no
            Restore     yes           no              no              no      no
            Operators   yes           no              no              no      no
            Limits      yes           no              no              no      no
        ";
        let mut lines = table.lines().filter(|line| !line.trim().is_empty()).map(str::split_whitespace);
        let roles: Vec<Role> = lines.next().unwrap().skip(1).map(|name| Role::from_name(name).unwrap()).collect();
        assert_eq!(roles, Role::ALL);
        let mut seen = 0;
        for mut line in lines {
            let name = line.next().unwrap();
            let permission = Permission::ALL.into_iter().find(|it| format!("{it:?}") == name).unwrap();
            for role in &roles {
                assert_eq!(may(*role, permission), line.next().unwrap() == "yes", "{role:?} {permission:?}");
            }
            seen += 1;
        }
        assert_eq!(seen, Permission::ALL.len());
    }

    #[test]
    fn a_passphrase_is_kept_as_a_hash_and_known_again() {
        let hash = hash_passphrase(b"correct horse", &[7; 16]).unwrap();
        assert!(hash.starts_with("$scrypt$ln=15,r=8,p=1$"), "{hash}");
        let operator = Operator { passphrase: Some(hash), ..Operator::first() };
        assert!(check_passphrase(&operator, b"correct horse").is_ok());
        assert!(check_passphrase(&operator, b"correct house").is_err());
        assert!(check_passphrase(&Operator { passphrase: Some("x".into()), ..Operator::first() }, b"x").is_err());
    }
}
