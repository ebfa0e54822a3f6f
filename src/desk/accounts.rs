//! Partners who sell, and what their operators are confined to (domain rule D14).

use super::change::Change;
use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::ledger::{
    Account, AccountKind, AccountNumber, Action, Address, Book, Contact, CustomerNumber, Email, Language, Ledger,
    LedgerFault, Name, OperatorName, Privilege, Privileges, Telephone,
};
use activation_code::LicenseNumber;
use serde_json::json;

/// What is changed of a contact; `None`: it is known no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactEdit {
    /// Whose letterhead.
    Company(Option<Name>),
    /// The postal address.
    Address(Option<Address>),
    /// The telephone number.
    Telephone(Option<Telephone>),
    /// Who is asked for.
    Person(Option<Name>),
    /// Where that person is written to.
    Email(Option<Email>),
    /// In which language.
    Language(Option<Language>),
}

impl ContactEdit {
    pub(super) fn apply(&self, contact: &mut Contact) {
        match self {
            Self::Company(company) => contact.company.clone_from(company),
            Self::Address(address) => contact.address.clone_from(address),
            Self::Telephone(telephone) => contact.telephone.clone_from(telephone),
            Self::Person(person) => contact.person.clone_from(person),
            Self::Email(email) => contact.email.clone_from(email),
            Self::Language(language) => contact.language.clone_from(language),
        }
    }
}

/// Adds a partner. `salt` is random: it hides the names in the book.
///
/// # Errors
/// Another has this name, in whatever case, or it is a number.
pub fn add_account(
    ledger: &mut Ledger,
    session: &Session,
    (kind, name): (AccountKind, &Name),
    contact: &[ContactEdit],
    privileges: Privileges,
    salt: [u8; 16],
) -> Result<Account, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Accounts)?;
        refuse_name(book, name, None)?;
        let number = book.next_account()?;
        let mut account =
            Account { number, kind, name: name.clone(), contact: Contact::default(), privileges, active: true, salt };
        contact.iter().for_each(|edit| edit.apply(&mut account.contact));
        book.put_account(&account)?;
        book.record(&by, Action::AccountAdded, None, facts(&account))?;
        Ok(account)
    })
}

/// What is changed of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountEdit {
    /// What it is.
    Kind(AccountKind),
    /// Its name.
    Name(Name),
    /// Whom to write to there.
    Contact(ContactEdit),
    /// What it may do: these, and no others.
    Privileges(Privileges),
    /// It sells no more. Its customers stay its customers.
    Leaves,
    /// It is back.
    Returns,
}

/// Changes what is known of a partner, and gives all of it. What changes nothing is no event.
///
/// # Errors
/// There is none of this number, or another has the name.
pub fn change_account(
    ledger: &mut Ledger,
    session: &Session,
    number: AccountNumber,
    edits: &[AccountEdit],
) -> Result<Account, DeskFault> {
    ledger.write(|book| {
        let by = session.begin(book, Permission::Accounts)?;
        let before = book.account(number)?.ok_or_else(|| Refused::UnknownAccount(number.to_string()))?;
        let mut account = before.clone();
        for edit in edits {
            match edit {
                AccountEdit::Kind(kind) => account.kind = *kind,
                AccountEdit::Name(name) => {
                    refuse_name(book, name, Some(number))?;
                    account.name = name.clone();
                }
                AccountEdit::Contact(edit) => edit.apply(&mut account.contact),
                AccountEdit::Privileges(privileges) => account.privileges = privileges.clone(),
                AccountEdit::Leaves => account.active = false,
                AccountEdit::Returns => account.active = true,
            }
        }
        if account != before {
            book.put_account(&account)?;
            book.record(&by, Action::AccountChanged, None, facts(&account))?;
        }
        Ok(account)
    })
}

fn facts(account: &Account) -> String {
    let privileges: Vec<_> = account.privileges.iter().map(Privilege::name).collect();
    json!({
        "account": account.number.get(),
        "kind": account.kind.name(),
        "privileges": privileges,
        "active": account.active,
    })
    .to_string()
}

fn refuse_name(book: &Book<'_>, name: &Name, own: Option<AccountNumber>) -> Result<(), DeskFault> {
    if name.as_str().bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refused::NumberAsAccount(name.to_string()).into());
    }
    match book.account_called(name)?.filter(|other| Some(other.number) != own) {
        Some(Account { number, name, .. }) => Err(Refused::AccountExists { name, number }.into()),
        None => Ok(()),
    }
}

/// All partners, by number, those who sell no more too.
///
/// # Errors
/// Those of the ledger.
pub fn accounts(ledger: &mut Ledger) -> Result<Vec<Account>, LedgerFault> {
    ledger.read(|book| book.accounts())
}

/// The partner of this number or name, in whatever case.
///
/// # Errors
/// There is none.
pub fn find_account(ledger: &mut Ledger, text: &str) -> Result<Account, DeskFault> {
    ledger.read(|book| account_called(book, text))
}

pub(super) fn account_called(book: &Book<'_>, text: &str) -> Result<Account, DeskFault> {
    let found = if text.bytes().all(|b| b.is_ascii_digit()) {
        match text.parse().ok().and_then(AccountNumber::new) {
            Some(number) => book.account(number)?,
            None => None,
        }
    } else {
        text.parse().ok().map_or(Ok(None), |name| book.account_called(&name))?
    };
    found.ok_or_else(|| Refused::UnknownAccount(text.to_owned()).into())
}

/// How many customers a partner is the reseller of record of.
///
/// # Errors
/// Those of the ledger.
pub fn count_customers_of(ledger: &mut Ledger, account: AccountNumber) -> Result<usize, LedgerFault> {
    ledger.read(|book| Ok(book.customers_of_account(account, None, u32::MAX)?.len()))
}

/// The partner that an operator works for; `None`: the vendor.
///
/// # Errors
/// Those of the ledger.
pub fn account_of_operator(ledger: &mut Ledger, operator: &OperatorName) -> Result<Option<AccountNumber>, LedgerFault> {
    ledger.read(|book| book.account_of(operator))
}

/// What an operator may do because of the partner that they work for, beside what their role says. Nothing is
/// refused to the vendor's own.
pub(super) struct Bounds {
    account: Option<Account>,
}

impl Bounds {
    pub(super) fn of(book: &Book<'_>, operator: &OperatorName) -> Result<Self, DeskFault> {
        let Some(number) = book.account_of(operator)? else { return Ok(Self { account: None }) };
        let account = book.account(number)?.ok_or(LedgerFault::Record { what: "an account" })?;
        if !account.active {
            return Err(Refused::AccountLeft { operator: operator.clone(), account: number }.into());
        }
        Ok(Self { account: Some(account) })
    }

    /// The partner.
    pub(super) fn account(&self) -> Option<AccountNumber> {
        self.account.as_ref().map(|account| account.number)
    }

    /// Refuses what no privilege of the partner allows, whosoever the customer is.
    pub(super) fn permit(&self, permission: Permission) -> Result<(), Refused> {
        use Privilege::{Change, Keys, Register, Renew, Reprint, Sell};
        let Some(account) = &self.account else { return Ok(()) };
        let any: &[Privilege] = match permission {
            Permission::Customers => &[Register],
            Permission::Sell => &[Sell, Renew, Change, Keys],
            Permission::Usage => &[Change],
            Permission::Notices => &[Renew],
            Permission::Reprint => &[Reprint],
            Permission::Transfer
            | Permission::Revoke
            | Permission::Approve
            | Permission::Catalogue
            | Permission::KeepBook
            | Permission::Restore
            | Permission::Operators
            | Permission::Limits
            | Permission::Accounts
            | Permission::Keys
            | Permission::Trust
            | Permission::Purge => return Err(Refused::VendorAlone { account: account.number, permission }),
        };
        match any {
            [only] => self.privilege(*only),
            several if several.iter().any(|it| account.privileges.has(*it)) => Ok(()),
            _ => Err(Refused::NoPrivilege { account: account.number, privilege: Sell }),
        }
    }

    fn privilege(&self, privilege: Privilege) -> Result<(), Refused> {
        match &self.account {
            Some(account) if !account.privileges.has(privilege) => {
                Err(Refused::NoPrivilege { account: account.number, privilege })
            }
            _ => Ok(()),
        }
    }

    /// Refuses what concerns no customer of a partner's, as signing for a host's clock does.
    pub(super) fn vendor_alone(&self, permission: Permission) -> Result<(), Refused> {
        match self.account() {
            Some(account) => Err(Refused::VendorAlone { account, permission }),
            None => Ok(()),
        }
    }

    /// Refuses what the partner may not do for a customer, or for one that is not its own.
    pub(super) fn customer(
        &self,
        book: &Book<'_>,
        customer: CustomerNumber,
        privilege: Privilege,
    ) -> Result<(), DeskFault> {
        let Some(account) = self.account() else { return Ok(()) };
        self.privilege(privilege)?;
        if book.reseller_of(customer)? != Some(account) {
            return Err(Refused::OthersCustomer { account, customer }.into());
        }
        Ok(())
    }

    /// The same for the owner of a license.
    pub(super) fn license(
        &self,
        book: &Book<'_>,
        license: LicenseNumber,
        privilege: Privilege,
    ) -> Result<(), DeskFault> {
        if self.account.is_none() {
            return Ok(());
        }
        self.privilege(privilege)?;
        let record = book.license(license)?.ok_or(Refused::UnknownLicense(license))?;
        self.customer(book, record.customer, privilege)
    }

    /// Refuses a registration key that another partner handed out.
    pub(super) fn registration_key(&self, book: &Book<'_>, number: u32) -> Result<(), DeskFault> {
        self.privilege(Privilege::Keys)?;
        let record = super::registration::known_key(book, number)?;
        match self.account() {
            Some(account) if account != record.account => Err(Refused::OthersKey { account, number }.into()),
            _ => Ok(()),
        }
    }

    /// The same for all that a change does.
    pub(super) fn change(&self, book: &Book<'_>, change: &Change) -> Result<(), DeskFault> {
        if self.account.is_none() {
            return Ok(());
        }
        match change {
            Change::Issue(order) => match order.registration_key {
                Some(key) => {
                    self.registration_key(book, key)?;
                    self.customer(book, order.customer, Privilege::Keys)
                }
                None => self.customer(book, order.customer, Privilege::Sell),
            },
            Change::Renew { license, .. } | Change::Downsize { license, .. } => {
                self.license(book, *license, Privilege::Renew)
            }
            Change::AddUnits { license, .. } | Change::Bind { license, .. } => {
                self.license(book, *license, Privilege::Change)
            }
            Change::Upgrade { license, renew, .. } | Change::Convert { license, renew, .. } => {
                if renew.is_some() {
                    self.privilege(Privilege::Renew)?;
                }
                self.license(book, *license, Privilege::Change)
            }
            Change::Reissue { .. } => Ok(self.vendor_alone(Permission::Trust)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_needs_one_of_its_privileges() {
        use Privilege::{Change, Keys, Register, Renew, Reprint, Sell};
        let number = AccountNumber::new(3).unwrap();
        let bounds = |privileges: Privileges| Bounds {
            account: Some(Account {
                number,
                kind: AccountKind::Reseller,
                name: "North".parse().unwrap(),
                contact: Contact::default(),
                privileges,
                active: true,
                salt: [0; 16],
            }),
        };
        let sellers: &[Privilege] = &[Sell, Renew, Change, Keys];
        for (permission, any) in [
            (Permission::Customers, &[Register][..]),
            (Permission::Sell, sellers),
            (Permission::Usage, &[Change]),
            (Permission::Notices, &[Renew]),
            (Permission::Reprint, &[Reprint]),
        ] {
            for privilege in Privilege::ALL {
                let permitted = bounds(Privileges::of([privilege])).permit(permission);
                let wanted = Refused::NoPrivilege { account: number, privilege: any[0] };
                assert_eq!(permitted, if any.contains(&privilege) { Ok(()) } else { Err(wanted) }, "{permission:?}");
            }
            assert_eq!(Bounds { account: None }.permit(permission), Ok(()));
        }
        let all = bounds(Privileges::of(Privilege::ALL));
        let refused = Refused::VendorAlone { account: number, permission: Permission::Revoke };
        assert_eq!(all.permit(Permission::Revoke), Err(refused));
    }
}
