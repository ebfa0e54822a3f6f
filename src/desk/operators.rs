//! Who is at the desk, and what they may do (domain rule D14).

use super::accounts::Bounds;
use super::{DeskFault, Refused};
use crate::ledger::{AccountNumber, Action, Book, By, Ledger, LedgerFault, Operator, OperatorName, Role};
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
    /// Take in what installations say of their use.
    Usage,
    /// Write renewal notices.
    Notices,
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
    /// Add and change partners who sell, and say who sells to whom.
    Accounts,
    /// Make and cancel registration keys.
    Keys,
    /// Say what installations trust: bundles, issuing keys, partners.
    Trust,
    /// Remove what is known of customers for good.
    Purge,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Reprint,
        Self::Usage,
        Self::Notices,
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
        Self::Accounts,
        Self::Keys,
        Self::Trust,
        Self::Purge,
    ];

    /// What it is, after "may not".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Reprint => "reprint codes",
            Self::Usage => "take in usage reports",
            Self::Notices => "write renewal notices",
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
            Self::Accounts => "say who sells to whom",
            Self::Keys => "make or cancel registration keys",
            Self::Trust => "change what installations trust",
            Self::Purge => "purge customers",
        }
    }
}

/// Whether a role has a permission.
pub fn may(role: Role, permission: Permission) -> bool {
    use Permission::{
        Accounts, Approve, Catalogue, Customers, KeepBook, Keys, Notices, Reprint, Revoke, Sell, Transfer, Usage,
    };
    match role {
        Role::Administrator => true,
        Role::LicenseManager => {
            matches!(
                permission,
                Reprint
                    | Usage
                    | Notices
                    | Customers
                    | Sell
                    | Transfer
                    | Revoke
                    | Approve
                    | Catalogue
                    | KeepBook
                    | Accounts
                    | Keys
            )
        }
        Role::AccountManager => matches!(permission, Reprint | Usage | Notices | Customers | Sell),
        Role::Support => matches!(permission, Reprint | Usage | Notices),
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
        let operator = self.signed_in(book)?;
        check_may(&operator, permission)?;
        self.bounds(book)?.permit(permission)?;
        self.check_day(book)?;
        Ok(By { operator: operator.name, day: self.today })
    }

    /// What the partner that the operator works for may do.
    pub(super) fn bounds(&self, book: &Book<'_>) -> Result<Bounds, DeskFault> {
        Bounds::of(book, &self.operator.name)
    }

    /// The operator as they are now, in this transaction: they may have left meanwhile, or have a new passphrase
    /// because somebody else knew the old one.
    fn signed_in(&self, book: &Book<'_>) -> Result<Operator, DeskFault> {
        let name = &self.operator.name;
        let operator = book.operator(name)?.filter(|operator| operator.active);
        let operator = operator.ok_or_else(|| Refused::UnknownOperator(name.to_string()))?;
        if operator.passphrase != self.operator.passphrase {
            return Err(Refused::WrongPassphrase(operator.name).into());
        }
        Ok(operator)
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

/// Says whether an operator may do something, before anybody is asked for anything else.
///
/// # Errors
/// Their role does not allow it.
pub fn check_may(operator: &Operator, permission: Permission) -> Result<(), Refused> {
    let &Operator { ref name, role, .. } = operator;
    if may(role, permission) {
        return Ok(());
    }
    Err(Refused::NotAllowed { operator: name.clone(), role, permission })
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

/// Adds an operator. `passphrase` is what [`hash_passphrase`] gives; without one, whoever says so is this operator.
///
/// # Errors
/// The name is taken, also by somebody who left: the book must never mean two people by it.
pub fn add_operator(
    ledger: &mut Ledger,
    session: &Session,
    name: &OperatorName,
    role: Role,
    passphrase: Option<String>,
) -> Result<Operator, DeskFault> {
    add_operator_of(ledger, session, name, role, passphrase, None)
}

/// The same for somebody who works for a partner: their role holds as far as the partner's privileges go, and for its
/// customers only.
///
/// # Errors
/// Those of [`add_operator`], or there is no such partner.
pub fn add_operator_of(
    ledger: &mut Ledger,
    session: &Session,
    name: &OperatorName,
    role: Role,
    passphrase: Option<String>,
    account: Option<AccountNumber>,
) -> Result<Operator, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Operators)?;
        if book.operator(name)?.is_some() {
            return Err(Refused::OperatorExists(name.clone()).into());
        }
        let operator = Operator { name: name.clone(), role, passphrase, active: true };
        let kept = if operator.passphrase.is_some() { "set" } else { "none" };
        let account = account.map(|account| known_account(book, account)).transpose()?;
        write(book, &by, Action::OperatorAdded, &operator, kept, account.map(Some))?;
        Ok(operator)
    })
}

/// What is changed of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorEdit {
    /// What they are for.
    Role(Role),
    /// They leave. Their name stays theirs.
    Leaves,
    /// They are back.
    Returns,
    /// A new passphrase, as [`hash_passphrase`] gives it. There is no way back to none.
    Passphrase(String),
    /// For which partner they work; `None`: for the vendor.
    Account(Option<AccountNumber>),
}

/// Changes an operator, and gives them as they are now. What changes nothing is no event. Everybody may change
/// their own passphrase, whatever their role.
///
/// # Errors
/// There is no such operator, or nobody would be left who may change operators.
pub fn change_operator(
    ledger: &mut Ledger,
    session: &Session,
    name: &OperatorName,
    edit: &OperatorEdit,
) -> Result<Operator, DeskFault> {
    ledger.write(|book| {
        let by = if *name == session.operator.name && matches!(edit, OperatorEdit::Passphrase(_)) {
            let operator = session.signed_in(book)?.name;
            session.check_day(book)?;
            By { operator, day: session.today }
        } else {
            session.begin(book, Permission::Operators)?
        };
        let before = book.operator(name)?.ok_or_else(|| Refused::UnknownOperator(name.to_string()))?;
        let mut operator = before.clone();
        let works_for = book.account_of(name)?;
        let mut account = works_for;
        match edit {
            OperatorEdit::Role(role) => operator.role = *role,
            OperatorEdit::Leaves => operator.active = false,
            OperatorEdit::Returns => operator.active = true,
            OperatorEdit::Passphrase(hash) => operator.passphrase = Some(hash.clone()),
            OperatorEdit::Account(wanted) => {
                account = wanted.map(|wanted| known_account(book, wanted)).transpose()?;
            }
        }
        let administers = |operator: &Operator| operator.active && may(operator.role, Permission::Operators);
        let mut is_left = administers(&operator) && account.is_none();
        for other in book.operators()? {
            is_left |= other.name != *name && administers(&other) && book.account_of(&other.name)?.is_none();
        }
        if !is_left {
            return Err(Refused::LastAdministrator.into());
        }
        let kept = match (&before.passphrase, &operator.passphrase) {
            (before, now) if before != now => "set",
            (_, Some(_)) => "kept",
            (_, None) => "none",
        };
        let moved = (account != works_for).then_some(account);
        if operator != before || moved.is_some() {
            write(book, &by, Action::OperatorChanged, &operator, kept, moved)?;
        }
        Ok(operator)
    })
}

fn known_account(book: &Book<'_>, account: AccountNumber) -> Result<AccountNumber, DeskFault> {
    Ok(book.account(account)?.ok_or_else(|| Refused::UnknownAccount(account.to_string()))?.number)
}

/// `moved`: whom they work for from now on, if that is another one.
fn write(
    book: &Book<'_>,
    by: &By,
    action: Action,
    operator: &Operator,
    passphrase: &str,
    moved: Option<Option<AccountNumber>>,
) -> Result<(), DeskFault> {
    let mut facts = json!({
        "operator": operator.name.as_str(),
        "role": operator.role.name(),
        "active": operator.active,
        "passphrase": passphrase,
    });
    book.put_operator(operator)?;
    if let Some(account) = moved {
        book.put_operator_account(&operator.name, account)?;
        facts["account"] = account.map(AccountNumber::get).into();
    }
    book.record(by, action, None, facts.to_string())?;
    Ok(())
}

/// What a hash in the ledger may cost: log N, r and p, as with key files. A desk writes 15, 8 and 1; somebody who
/// can write to the file could ask for all memory that there is.
const MOST_COST: (u8, u32, u32) = (20, 16, 4);

/// How a passphrase is kept: a hash in PHC form (scrypt, N = 2^15: a tenth of a second).
///
/// # Errors
/// The hash cannot be made.
pub fn hash_passphrase(passphrase: &[u8], salt: &[u8; 16]) -> Result<String, DeskFault> {
    hash_at_cost(passphrase, salt, 15)
}

fn hash_at_cost(passphrase: &[u8], salt: &[u8; 16], log_n: u8) -> Result<String, DeskFault> {
    let cost = scrypt::Params::new(log_n, 8, 1).map_err(|_| DeskFault::Passphrase)?;
    let hash = Scrypt::default().hash_password_customized(passphrase, salt, None, None, cost);
    Ok(hash.map_err(|_| DeskFault::Passphrase)?.to_string())
}

/// Whether a passphrase is the operator's.
///
/// # Errors
/// It is not.
pub fn check_passphrase(operator: &Operator, passphrase: &[u8]) -> Result<(), DeskFault> {
    let Some(hash) = &operator.passphrase else { return Ok(()) };
    let damaged = || LedgerFault::Record { what: "an operator" };
    let hash = PasswordHash::new(hash).map_err(|_| damaged())?;
    let cost = scrypt::Params::try_from(&hash).map_err(|_| damaged())?;
    if cost.log_n() > MOST_COST.0 || cost.r() > MOST_COST.1 || cost.p() > MOST_COST.2 {
        return Err(damaged().into());
    }
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
            Usage       yes           yes             yes             yes     no
            Notices     yes           yes             yes             yes     no
            Customers   yes           yes             yes             no      no
            Accounts    yes           yes             no              no      no
            Keys        yes           yes             no              no      no
            Sell        yes           yes             yes             no      no
            Transfer    yes           yes             no              no      no
            Revoke      yes           yes             no              no      no
            Approve     yes           yes             no              no      no
            Catalogue   yes           yes             no              no      no
            KeepBook    yes           yes             no              no      no
            Restore     yes           no              no              no      no
            Operators   yes           no              no              no      no
            Limits      yes           no              no              no      no
            Trust       yes           no              no              no      no
            Purge       yes           no              no              no      no
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
        assert!(check_passphrase(&Operator::first(), b"anything").is_ok());
    }

    #[test]
    fn a_hash_that_no_desk_writes_is_damage_and_costs_nothing() {
        let salt_and_hash = "aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";
        for hash in ["x", "", "$scrypt$ln=15,r=8,p=1", &format!("$argon2id$v=19$m=65536,t=2,p=1${salt_and_hash}")] {
            let operator = Operator { passphrase: Some(hash.to_owned()), ..Operator::first() };
            let fault = check_passphrase(&operator, b"x").unwrap_err();
            assert!(matches!(fault, DeskFault::Ledger(_) | DeskFault::Refused(_)), "{hash}: {fault}");
        }
        let began = std::time::Instant::now();
        for cost in ["ln=30,r=8,p=1", "ln=15,r=1024,p=1", "ln=15,r=8,p=1000"] {
            let operator =
                Operator { passphrase: Some(format!("$scrypt${cost}${salt_and_hash}")), ..Operator::first() };
            let fault = check_passphrase(&operator, b"x").unwrap_err();
            assert!(matches!(fault, DeskFault::Ledger(LedgerFault::Record { .. })), "{cost}: {fault}");
        }
        assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
        // The most that is taken, with little of the rest.
        for cost in ["ln=1,r=16,p=1", "ln=1,r=8,p=4"] {
            let operator =
                Operator { passphrase: Some(format!("$scrypt${cost}${salt_and_hash}")), ..Operator::first() };
            let fault = check_passphrase(&operator, b"x").unwrap_err();
            assert!(matches!(fault, DeskFault::Refused(Refused::WrongPassphrase(_))), "{cost}: {fault}");
        }
    }

    #[test]
    fn a_hash_that_cannot_be_made_is_an_error() {
        assert!(matches!(hash_at_cost(b"word", &[7; 16], 255), Err(DeskFault::Passphrase)));
        assert!(hash_at_cost(b"word", &[7; 16], 4).unwrap().starts_with("$scrypt$ln=4,r=8,p=1$"));
    }
}
