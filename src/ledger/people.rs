//! Customers, operators and their requests.

use super::chain::Table;
use super::{
    Book, Contact, Customer, CustomerNumber, Email, LedgerFault, Name, Operator, OperatorName, Outcome, PurgedCustomer,
    Request, RequestState, Role, statements,
};
use activation_code::Day;
use rusqlite::Row;
use rusqlite::types::Value;

/// As names are compared and searched: nobody tells them apart by case.
pub(super) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

impl Book<'_> {
    /// Records a customer, or what is known of it from now on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_customer(&self, customer: &Customer) -> Outcome<()> {
        let email = customer.email.as_ref();
        self.put(
            Table::Customer,
            &customer.number.to_string(),
            statements::PUT_CUSTOMER,
            [
                customer.number.get().into(),
                customer.name.to_string().into(),
                name_key(customer.name.as_str()).into(),
                email.map_or(Value::Null, |email| email.to_string().into()),
                email.map_or(Value::Null, |email| email.key().into()),
                customer.salt.to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The number of the next customer.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_customer(&self) -> Outcome<CustomerNumber> {
        let highest: u32 = self.row(statements::HIGHEST_CUSTOMER, [], |row| Ok(row.get(0)?))?.unwrap_or(0);
        highest.checked_add(1).and_then(CustomerNumber::new).ok_or(LedgerFault::Record { what: "a customer" })
    }

    /// At most `most` customers, by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers_from(&self, first: Option<CustomerNumber>, most: u32) -> Outcome<Vec<Customer>> {
        self.rows(statements::CUSTOMERS_FROM, (first.map_or(0, CustomerNumber::get), most), customer)
    }

    /// The customer with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customer(&self, number: CustomerNumber) -> Outcome<Option<Customer>> {
        self.row(statements::CUSTOMER, [number.get()], customer)
    }

    /// Whether there is a customer with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn has_customer(&self, number: CustomerNumber) -> Outcome<bool> {
        Ok(self.row(statements::HAS_CUSTOMER, [number.get()], |_| Ok(()))?.is_some())
    }

    /// The customers of this name, in whatever case; one, except where an old ledger has two.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers_called(&self, name: &Name) -> Outcome<Vec<Customer>> {
        self.rows(statements::CUSTOMERS_CALLED, [name_key(name.as_str())], customer)
    }

    /// At most `most` customers with this address.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers_at(&self, email: &Email, most: u32) -> Outcome<Vec<Customer>> {
        self.rows(statements::CUSTOMERS_AT, (email.key(), most), customer)
    }

    /// At most `most` customers with this text in their names, in whatever case.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn customers_like(&self, text: &str, most: u32) -> Outcome<Vec<Customer>> {
        let mut pattern = String::from("%");
        for c in name_key(text).chars() {
            if matches!(c, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(c);
        }
        pattern.push('%');
        self.rows(statements::CUSTOMERS_LIKE, (pattern, most), customer)
    }

    /// Records that what was known of a customer is gone, and takes it away: its name says so from now on, and its salt
    /// hides nothing any more.
    ///
    /// # Errors
    /// Those of the ledger; it is recorded already.
    pub fn purge_customer(&self, customer: CustomerNumber, day: Day) -> Outcome<()> {
        let name = format!("customer {customer} (purged {day})");
        let name = name.parse().map_err(|_| LedgerFault::Record { what: "a customer" })?;
        let nobody = Customer { number: customer, name, email: None, salt: [0; 16] };
        self.put_customer(&nobody)?;
        if self.has_contact(customer)? {
            self.put_contact(&nobody, &Contact::default())?;
        }
        self.put(
            Table::PurgedCustomer,
            &customer.to_string(),
            statements::INSERT_PURGED,
            [customer.get().into(), day.to_string().into(), Value::Integer(self.next_event()? as i64)],
        )
    }

    /// When what was known of a customer was removed; `None`: it was not.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn purged(&self, customer: CustomerNumber) -> Outcome<Option<PurgedCustomer>> {
        self.row(statements::PURGED, [customer.get()], purged)
    }

    /// The customers of whom nothing is known any more, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn all_purged(&self) -> Outcome<Vec<PurgedCustomer>> {
        self.rows(statements::ALL_PURGED, [], purged)
    }

    /// Records an operator, or what they may do from now on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_operator(&self, operator: &Operator) -> Outcome<()> {
        self.put(
            Table::Operator,
            operator.name.as_str(),
            statements::PUT_OPERATOR,
            [
                operator.name.to_string().into(),
                operator.role.name().to_owned().into(),
                operator.passphrase.clone().map_or(Value::Null, Value::Text),
                operator.active.into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The operators, by name.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn operators(&self) -> Outcome<Vec<Operator>> {
        self.rows(statements::OPERATORS, [], operator)
    }

    /// The operator of this name.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn operator(&self, name: &OperatorName) -> Outcome<Option<Operator>> {
        self.row(statements::OPERATOR, [name.as_str()], operator)
    }

    /// Records a request, or what became of it. Its event is the next one.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_request(&self, request: &Request) -> Outcome<()> {
        self.write_request(statements::PUT_REQUEST, request)
    }

    fn write_request(&self, statement: &'static str, request: &Request) -> Outcome<()> {
        self.put(
            Table::Request,
            &request.number.to_string(),
            statement,
            [
                request.number.into(),
                request.day.to_string().into(),
                request.operator.to_string().into(),
                request.change.clone().into(),
                request.state.name().to_owned().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// Records that a request says its change with other words, as when a name is taken out of it. Its event is the next
    /// one.
    ///
    /// # Errors
    /// Those of the ledger; there is no such request, or something else of it differs.
    pub fn rewrite_request(&self, request: &Request) -> Outcome<()> {
        self.write_request(statements::REWRITE_REQUEST, request)
    }

    /// The number of the next request.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_request(&self) -> Outcome<u32> {
        let highest: u32 = self.row(statements::HIGHEST_REQUEST, [], |row| Ok(row.get(0)?))?.unwrap_or(0);
        highest.checked_add(1).ok_or(LedgerFault::Record { what: "a request" })
    }

    /// The request with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn request(&self, number: u32) -> Outcome<Option<Request>> {
        self.row(statements::REQUEST, [number], request)
    }

    /// All requests, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn requests(&self) -> Outcome<Vec<Request>> {
        self.rows(statements::REQUESTS, [], request)
    }

    /// The requests that became this, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn requests_in(&self, state: RequestState) -> Outcome<Vec<Request>> {
        self.rows(statements::REQUESTS_IN_STATE, [state.name()], request)
    }
}

fn customer(row: &Row<'_>) -> Outcome<Customer> {
    let damaged = || LedgerFault::Record { what: "a customer" };
    let email: Option<String> = row.get(3)?;
    Ok(Customer {
        number: CustomerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        name: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        email: email.map(|text| text.parse().map_err(|_| damaged())).transpose()?,
        salt: row.get(5).map_err(|_| damaged())?,
    })
}

fn purged(row: &Row<'_>) -> Outcome<PurgedCustomer> {
    let damaged = || LedgerFault::Record { what: "a purged customer" };
    Ok(PurgedCustomer {
        customer: CustomerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        day: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        event: row.get(2)?,
    })
}

fn operator(row: &Row<'_>) -> Outcome<Operator> {
    let damaged = || LedgerFault::Record { what: "an operator" };
    Ok(Operator {
        name: row.get::<_, String>(0)?.parse().map_err(|_| damaged())?,
        role: Role::from_name(&row.get::<_, String>(1)?).ok_or_else(damaged)?,
        passphrase: row.get(2)?,
        active: row.get(3)?,
    })
}

fn request(row: &Row<'_>) -> Outcome<Request> {
    let damaged = || LedgerFault::Record { what: "a request" };
    Ok(Request {
        number: row.get(0)?,
        day: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        operator: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
        change: row.get(3)?,
        state: RequestState::from_name(&row.get::<_, String>(4)?).ok_or_else(damaged)?,
        event: row.get(5)?,
    })
}
