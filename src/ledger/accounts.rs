//! Partners who sell, and what is known of customers beside their names.

use super::chain::Table;
use super::people::name_key;
use super::records::plain_text;
use super::{Book, Customer, CustomerNumber, Email, LedgerFault, Name, OperatorName, Outcome, TextFault, statements};
use rusqlite::Row;
use rusqlite::types::Value;
use std::fmt;
use std::str::FromStr;

/// A postal address: up to 8 lines of visible text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// Most lines.
    pub const MOST_LINES: usize = 8;

    /// Its lines, none of them empty.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

/// Lines are separated by line feeds, as in a file, or by semicolons, as on a command line.
impl FromStr for Address {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let lines: Vec<&str> = text.split(['\n', ';']).map(str::trim).collect();
        let found = lines.len();
        if found > Self::MOST_LINES {
            return Err(TextFault::Lines { found, most: Self::MOST_LINES });
        }
        for line in &lines {
            plain_text(line, Name::LONGEST)?;
        }
        Ok(Self(lines.join("\n")))
    }
}

/// Its lines, separated by line feeds.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A telephone number as people write it: digits, at least three of them, and what stands between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Telephone(String);

impl Telephone {
    /// In characters.
    pub const LONGEST: usize = 40;

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Telephone {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let text = plain_text(text, Self::LONGEST)?;
        let known = |c: char| c.is_ascii_digit() || " +-/().,#*xext".contains(c);
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if digits < 3 || !text.chars().all(known) { Err(TextFault::Telephone) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for Telephone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A language as RFC 5646 (BCP 47) tags it: `en`, `de`, `zh-Hant-TW`. The shape is checked, not the registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Language(String);

impl Language {
    /// In characters: more than any that is in use.
    pub const LONGEST: usize = 35;

    /// The tag: the language in lower case, scripts as `Hant`, regions as `TW`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Case means nothing in a tag (RFC 5646 §2.1.1).
impl FromStr for Language {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let mut parts = text.split('-');
        let first = parts.next().unwrap_or_default();
        let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
        if text.len() > Self::LONGEST || !(2..=3).contains(&first.len()) || !letters(first) {
            return Err(TextFault::Language);
        }
        let mut tag = first.to_ascii_lowercase();
        let mut private = false;
        for part in parts {
            if !(1..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(TextFault::Language);
            }
            tag.push('-');
            match part.len() {
                2 if letters(part) && !private => tag.push_str(&part.to_ascii_uppercase()),
                4 if letters(part) && !private => {
                    tag.push_str(&part[..1].to_ascii_uppercase());
                    tag.push_str(&part[1..].to_ascii_lowercase());
                }
                _ => tag.push_str(&part.to_ascii_lowercase()),
            }
            private |= part.len() == 1;
        }
        // After a single letter something follows that it says the meaning of.
        if tag.rsplit('-').next().is_some_and(|last| last.len() == 1) {
            Err(TextFault::Language)
        } else {
            Ok(Self(tag))
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom to write to, and how; what a renewal needs to know (rule D8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Whose letterhead; `None`: the name of the customer or partner.
    pub company: Option<Name>,
    /// The postal address.
    pub address: Option<Address>,
    /// The telephone number.
    pub telephone: Option<Telephone>,
    /// Who is asked for.
    pub person: Option<Name>,
    /// Where that person is written to; `None`: the customer's own address.
    pub email: Option<Email>,
    /// In which language; `None`: the vendor's.
    pub language: Option<Language>,
}

/// What a renewal needs to know and the desk may not (rule D8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactField {
    /// The postal address.
    Address,
    /// The telephone number.
    Telephone,
    /// The name of a person.
    Person,
    /// An e-mail address.
    Email,
}

impl ContactField {
    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Telephone => "telephone",
            Self::Person => "contact",
            Self::Email => "contact-email",
        }
    }

    /// What it is, in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Telephone => "telephone",
            Self::Person => "contact name",
            Self::Email => "contact e-mail",
        }
    }
}

impl Contact {
    /// What is missing for a renewal, all of it (rule D8). A company is never: there is the customer's name.
    pub fn missing(&self, customer: &Customer) -> Vec<ContactField> {
        let fields = [
            (self.address.is_none(), ContactField::Address),
            (self.telephone.is_none(), ContactField::Telephone),
            (self.person.is_none(), ContactField::Person),
            (self.email.is_none() && customer.email.is_none(), ContactField::Email),
        ];
        fields.into_iter().filter_map(|(missing, field)| missing.then_some(field)).collect()
    }

    /// Where the customer's person is written to.
    pub fn email_of<'c>(&'c self, customer: &'c Customer) -> Option<&'c Email> {
        self.email.as_ref().or(customer.email.as_ref())
    }

    fn columns(&self) -> [Value; 6] {
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        [
            text(self.company.as_ref().map(ToString::to_string)),
            text(self.address.as_ref().map(ToString::to_string)),
            text(self.telephone.as_ref().map(ToString::to_string)),
            text(self.person.as_ref().map(ToString::to_string)),
            text(self.email.as_ref().map(ToString::to_string)),
            text(self.language.as_ref().map(ToString::to_string)),
        ]
    }

    fn read(row: &Row<'_>, first: usize, what: &'static str) -> Outcome<Self> {
        fn value<T: FromStr>(row: &Row<'_>, column: usize, what: &'static str) -> Outcome<Option<T>> {
            let text: Option<String> = row.get(column)?;
            text.map(|text| text.parse().map_err(|_| LedgerFault::Record { what })).transpose()
        }
        Ok(Self {
            company: value(row, first, what)?,
            address: value(row, first + 1, what)?,
            telephone: value(row, first + 2, what)?,
            person: value(row, first + 3, what)?,
            email: value(row, first + 4, what)?,
            language: value(row, first + 5, what)?,
        })
    }
}

/// A partner's number at this desk, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(u32);

impl AccountNumber {
    /// `None` for 0.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number, from 1.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a partner is (rule D14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Manages services for its customers.
    Msp,
    /// Sells and renews.
    Reseller,
}

impl AccountKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Msp, Self::Reseller];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Msp => "msp",
            Self::Reseller => "reseller",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the vendor lets a partner do for its own customers (rule D14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// Register customers, and change what is known of its own.
    Register,
    /// Issue new licenses.
    Sell,
    /// Renew and downsize.
    Renew,
    /// Add units, upgrade, convert, bind to hosts; take in usage.
    Change,
    /// Hand out registration keys.
    Keys,
    /// Give codes out again.
    Reprint,
}

impl Privilege {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Register, Self::Sell, Self::Renew, Self::Change, Self::Keys, Self::Reprint];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Sell => "sell",
            Self::Renew => "renew",
            Self::Change => "change",
            Self::Keys => "keys",
            Self::Reprint => "reprint",
        }
    }

    /// The privilege of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privilege| privilege.name() == name)
    }

    /// What it is, after "may not".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Register => "register customers",
            Self::Sell => "sell licenses",
            Self::Renew => "renew licenses",
            Self::Change => "change licenses",
            Self::Keys => "hand out registration keys",
            Self::Reprint => "reprint codes",
        }
    }
}

/// A set of privileges; each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges(Vec<Privilege>);

impl Privileges {
    /// Whether a privilege is among them.
    pub fn has(&self, privilege: Privilege) -> bool {
        self.0.contains(&privilege)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Privilege> {
        self.0.iter().copied()
    }

    /// These, and no others.
    pub fn of(privileges: impl IntoIterator<Item = Privilege>) -> Self {
        let mut all: Vec<_> = privileges.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }
}

/// Separated by commas; empty where there are none.
impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Privilege::name).collect();
        f.write_str(&names.join(","))
    }
}

/// A partner who sells (rule D14). The vendor is tier 1 and has no account; this is tier 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number at this desk.
    pub number: AccountNumber,
    /// What it is.
    pub kind: AccountKind,
    /// Its name.
    pub name: Name,
    /// Whom to write to there.
    pub contact: Contact,
    /// What the vendor lets it do.
    pub privileges: Privileges,
    /// Whether it sells still.
    pub active: bool,
    /// What hides the names in the book.
    pub salt: [u8; 16],
}

impl Book<'_> {
    /// Records what is known of a customer beside its name. The customer's salt hides it in the book.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_contact(&self, customer: &Customer, contact: &Contact) -> Outcome<()> {
        let [company, address, telephone, person, email, language] = contact.columns();
        self.put(
            Table::CustomerContact,
            &customer.number.to_string(),
            statements::PUT_CONTACT,
            [
                customer.number.get().into(),
                company,
                address,
                telephone,
                person,
                email,
                language,
                customer.salt.to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// What is known of a customer beside its name; nothing where nobody said anything.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn contact(&self, customer: CustomerNumber) -> Outcome<Contact> {
        let read = |row: &Row<'_>| Contact::read(row, 1, "a customer's contact");
        Ok(self.row(statements::CONTACT, [customer.get()], read)?.unwrap_or_default())
    }

    /// Whether anything was ever known of a customer beside its name.
    pub(super) fn has_contact(&self, customer: CustomerNumber) -> Outcome<bool> {
        Ok(self.row(statements::CONTACT, [customer.get()], |_| Ok(()))?.is_some())
    }

    /// Records a partner, or what is known of it from now on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_account(&self, account: &Account) -> Outcome<()> {
        let [company, address, telephone, person, email, language] = account.contact.columns();
        self.put(
            Table::Account,
            &account.number.to_string(),
            statements::PUT_ACCOUNT,
            [
                account.number.get().into(),
                account.kind.name().to_owned().into(),
                account.name.to_string().into(),
                name_key(account.name.as_str()).into(),
                company,
                address,
                telephone,
                person,
                email,
                language,
                account.privileges.to_string().into(),
                account.active.into(),
                account.salt.to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The number of the next partner.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_account(&self) -> Outcome<AccountNumber> {
        let highest: u32 = self.row(statements::HIGHEST_ACCOUNT, [], |row| Ok(row.get(0)?))?.unwrap_or(0);
        highest.checked_add(1).and_then(AccountNumber::new).ok_or(LedgerFault::Record { what: "an account" })
    }

    /// The partner with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn account(&self, number: AccountNumber) -> Outcome<Option<Account>> {
        self.row(statements::ACCOUNT, [number.get()], account)
    }

    /// The partner of this name, in whatever case.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn account_called(&self, name: &Name) -> Outcome<Option<Account>> {
        self.row(statements::ACCOUNT_CALLED, [name_key(name.as_str())], account)
    }

    /// All partners, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn accounts(&self) -> Outcome<Vec<Account>> {
        self.rows(statements::ACCOUNTS, [], account)
    }

    /// Records who is a customer's reseller of record; `None`: the vendor sells to it itself.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_reseller(&self, customer: CustomerNumber, account: Option<AccountNumber>) -> Outcome<()> {
        self.put(
            Table::Reseller,
            &customer.to_string(),
            statements::PUT_RESELLER,
            [
                customer.get().into(),
                account.map_or(Value::Null, |account| account.get().into()),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// Who is a customer's reseller of record; `None`: the vendor sells to it itself.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn reseller_of(&self, customer: CustomerNumber) -> Outcome<Option<AccountNumber>> {
        let read = |row: &Row<'_>| account_number(row, 1);
        Ok(self.row(statements::RESELLER, [customer.get()], read)?.flatten())
    }

    /// The customers that have a reseller of record, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn resellers(&self) -> Outcome<Vec<(CustomerNumber, AccountNumber)>> {
        let read = |row: &Row<'_>| {
            let customer = CustomerNumber::new(row.get(0)?);
            let customer = customer.ok_or(LedgerFault::Record { what: "a reseller of record" })?;
            Ok(account_number(row, 1)?.map(|account| (customer, account)))
        };
        Ok(self.rows(statements::RESELLERS, [], read)?.into_iter().flatten().collect())
    }

    /// At most `most` customers of a partner, by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers_of_account(
        &self,
        account: AccountNumber,
        first: Option<CustomerNumber>,
        most: u32,
    ) -> Outcome<Vec<CustomerNumber>> {
        let first = first.map_or(0, CustomerNumber::get);
        self.rows(statements::CUSTOMERS_OF_ACCOUNT, (account.get(), first, most), |row| {
            CustomerNumber::new(row.get(0)?).ok_or(LedgerFault::Record { what: "a reseller of record" })
        })
    }

    /// Records which partner an operator works for; `None`: the vendor.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_operator_account(&self, operator: &OperatorName, account: Option<AccountNumber>) -> Outcome<()> {
        self.put(
            Table::OperatorAccount,
            operator.as_str(),
            statements::PUT_OPERATOR_ACCOUNT,
            [
                operator.to_string().into(),
                account.map_or(Value::Null, |account| account.get().into()),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// Which partner an operator works for; `None`: the vendor.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn account_of(&self, operator: &OperatorName) -> Outcome<Option<AccountNumber>> {
        let read = |row: &Row<'_>| account_number(row, 1);
        Ok(self.row(statements::OPERATOR_ACCOUNT, [operator.as_str()], read)?.flatten())
    }
}

fn account_number(row: &Row<'_>, column: usize) -> Outcome<Option<AccountNumber>> {
    let number: Option<u32> = row.get(column)?;
    let damaged = LedgerFault::Record { what: "a partner's number" };
    number.map(|number| AccountNumber::new(number).ok_or(damaged)).transpose()
}

fn account(row: &Row<'_>) -> Outcome<Account> {
    const WHAT: &str = "an account";
    let damaged = || LedgerFault::Record { what: WHAT };
    let privileges: String = row.get(10)?;
    let privileges = privileges.split(',').filter(|name| !name.is_empty());
    let privileges = privileges.map(|name| Privilege::from_name(name).ok_or_else(damaged));
    Ok(Account {
        number: AccountNumber::new(row.get(0)?).ok_or_else(damaged)?,
        kind: AccountKind::from_name(&row.get::<_, String>(1)?).ok_or_else(damaged)?,
        name: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
        contact: Contact::read(row, 4, WHAT)?,
        privileges: Privileges::of(privileges.collect::<Outcome<Vec<_>>>()?),
        active: row.get(11)?,
        salt: row.get(12).map_err(|_| damaged())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_customer_is_checked_before_it_exists() {
        let address = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(address("1 High Street; London").unwrap(), "1 High Street\nLondon");
        assert_eq!(address("1 High Street\nLondon").unwrap(), "1 High Street\nLondon");
        assert_eq!(address(""), Err(TextFault::Empty));
        assert_eq!(address("a;;b"), Err(TextFault::Empty));
        assert_eq!(address("a\rb"), Err(TextFault::Character('\r')));
        assert_eq!(address("a\u{202E}b"), Err(TextFault::Character('\u{202E}')));
        assert_eq!(address("1;2;3;4;5;6;7;8").unwrap().lines().count(), 8);
        assert_eq!(address("1;2;3;4;5;6;7;8;9"), Err(TextFault::Lines { found: 9, most: 8 }));
        for telephone in ["+44 20 7946 0000", "(030) 123-456 ext. 7", "112"] {
            assert_eq!(telephone.parse::<Telephone>().unwrap().as_str(), telephone);
        }
        for telephone in ["12", "call me", "+44 20\n7946", "0800 CALL"] {
            telephone.parse::<Telephone>().unwrap_err();
        }
        let longest = "en-x-a2345678-b2345678-c2345678-def";
        assert_eq!(longest.len(), Language::LONGEST);
        for (typed, tag) in [
            ("EN", "en"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("de-1996", "de-1996"),
            ("de-A123", "de-a123"),
            ("en-x-us", "en-x-us"),
            ("en-x-Hant", "en-x-hant"),
            (longest, longest),
        ] {
            assert_eq!(typed.parse::<Language>().unwrap().as_str(), tag);
        }
        assert_eq!(format!("{longest}f").parse::<Language>(), Err(TextFault::Language));
        for tag in ["", "e", "english", "de_DE", "de-", "de-x", "de-toolongpart", "1e"] {
            assert_eq!(tag.parse::<Language>(), Err(TextFault::Language), "{tag}");
        }
    }

    #[test]
    fn what_a_renewal_lacks_is_said_all_at_once() {
        let customer = |email: Option<&str>| Customer {
            number: CustomerNumber::new(1).unwrap(),
            name: "Example".parse().unwrap(),
            email: email.map(|email| email.parse().unwrap()),
            salt: [0; 16],
        };
        use ContactField::{Address, Email, Person, Telephone};
        assert_eq!(Contact::default().missing(&customer(None)), [Address, Telephone, Person, Email]);
        assert_eq!(Contact::default().missing(&customer(Some("a@b.example"))), [Address, Telephone, Person]);
        let whole = Contact {
            address: Some("1 High Street".parse().unwrap()),
            telephone: Some("112".parse().unwrap()),
            person: Some("Ann".parse().unwrap()),
            email: Some("ann@b.example".parse().unwrap()),
            ..Contact::default()
        };
        assert_eq!(whole.missing(&customer(None)), []);
        assert_eq!(whole.email_of(&customer(Some("a@b.example"))).unwrap().as_str(), "ann@b.example");
    }

    #[test]
    fn a_kind_of_account_is_known_by_its_name() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(AccountKind::from_name("MSP"), None);
    }
}
