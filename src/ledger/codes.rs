//! Licenses, their codes, and what finds and lists them.

use super::chain::{Action, By, Sequence, Table};
use super::{
    Book, Customer, CustomerNumber, Entry, Filter, LedgerFault, LicenseRecord, Listed, OrderReference, Outcome, Signed,
    TextFault, statements,
};
use activation_code::{
    ALPHABET, ActivationCode, Day, HostId, Kind, LicenseNumber, MaintenancePeriod, ProductId, Revision,
    SIGNATURE_BYTES, TRANSPORT_PREFIX, Terms,
};
use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};
use serde_json::json;

/// Symbols of a full row.
const ROW: usize = 25;
/// Check symbols at the end of a row.
const CHECK: usize = 3;
/// Symbols that make a key: 30 bits, all of them of the signature or the CRC.
const KEY: usize = 6;

/// What finds a code by one of its rows, in letters as printed: the last symbols before the check. The first
/// row has none: it says itself which license it belongs to.
///
/// Two codes in a billion share a key, and all those whose last row is one group: whoever looks must compare.
pub fn row_key(letters: &str) -> u32 {
    let symbols = letters.bytes().rev().filter(|byte| *byte != b'-').skip(CHECK);
    symbols.take(KEY).fold(0, |key, byte| key << 5 | u32::from(VALUES[usize::from(byte)]))
}

/// The value of each letter; 0 for what is none.
const VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// What finds a code by each of its rows but the first; a holder's name can make two rows alike.
pub fn row_keys(code: &ActivationCode) -> Vec<u32> {
    let text = code.transport();
    let symbols = text.strip_prefix(TRANSPORT_PREFIX).unwrap_or(&text);
    // Letters and digits only, one byte each.
    let rows = (ROW..symbols.len()).step_by(ROW).filter_map(|begin| symbols.get(begin..symbols.len().min(begin + ROW)));
    let mut keys: Vec<_> = rows.map(row_key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Book<'_> {
    /// The next license number that was never given away; `None` if there is none left.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn next_license_number(&self) -> Outcome<Option<LicenseNumber>> {
        let highest: u32 = self.row(statements::HIGHEST_LICENSE, [], |row| Ok(row.get(0)?))?.unwrap_or(0);
        Ok(LicenseNumber::new(self.desk()?.next_license.max(highest.saturating_add(1))))
    }

    /// Gives away all license numbers below `next`. It is no event: nobody has seen them yet.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn set_next_license_number(&self, next: u32) -> Outcome<()> {
        self.execute(statements::SET_NEXT_LICENSE, [next])?;
        Ok(())
    }

    /// Gives away all revisions of a license below `next`. It is no event: nobody has seen them yet.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn set_next_revision(&self, license: LicenseNumber, next: u16) -> Outcome<()> {
        self.execute(statements::SET_NEXT_REVISION, (next, license.get()))?;
        Ok(())
    }

    /// Makes the revisions of all licenses skip ahead by `by` from the next ones, but not above `most`.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn skip_revisions(&self, by: u16, most: u16) -> Outcome<()> {
        self.connection.execute(statements::PASS_REVISIONS, [])?;
        self.connection.execute(statements::SKIP_REVISIONS, [by, most])?;
        Ok(())
    }

    /// Records a license, or whose it is from now on and what of it is revoked. Its event is the next one.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_license(&self, number: LicenseNumber, customer: CustomerNumber, good_from: Option<u16>) -> Outcome<()> {
        self.put(
            Table::License,
            &number.to_string(),
            statements::PUT_LICENSE,
            [
                number.get().into(),
                customer.get().into(),
                good_from.map_or(Value::Null, Value::from),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The license with this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn license(&self, number: LicenseNumber) -> Outcome<Option<LicenseRecord>> {
        self.row(statements::LICENSE, [number.get()], license)
    }

    /// At most `most` licenses, by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn licenses_from(&self, first: u32, most: u32) -> Outcome<Vec<LicenseRecord>> {
        self.rows(statements::LICENSES_FROM, (first, most), license)
    }

    /// At most `most` licenses of a customer, by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn licenses_of(&self, customer: CustomerNumber, first: u32, most: u32) -> Outcome<Vec<LicenseRecord>> {
        self.rows(statements::LICENSES_OF, (customer.get(), first, most), license)
    }

    /// Records a code, and what finds it by its rows.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn insert_code(&self, entry: &Entry, code: &ActivationCode) -> Outcome<()> {
        let Entry { customer, reference, period, terms } = entry;
        let (license, revision) = (terms.license.get(), terms.revision.get());
        let number = |number: u32| ValueRef::Integer(number.into());
        let (first, last) = (period.first().to_string(), period.last().to_string());
        self.put_refs(
            Table::Revision,
            &format!("{license}/{revision}"),
            statements::INSERT_REVISION,
            [
                number(license),
                number(revision.into()),
                number(customer.get()),
                reference.as_ref().map_or(ValueRef::Null, |reference| ValueRef::Text(reference.as_str().as_bytes())),
                number(terms.product.get().into()),
                number(terms.units.get()),
                ValueRef::Text(terms.kind.name().as_bytes()),
                ValueRef::Text(first.as_bytes()),
                ValueRef::Text(last.as_bytes()),
                ValueRef::Blob(code.payload()),
                ValueRef::Blob(code.signature()),
                ValueRef::Integer(self.next_event()? as i64),
            ],
        )?;
        self.code_rows.borrow_mut().extend(row_keys(code).into_iter().map(|key| (key, license, revision)));
        Ok(())
    }

    /// Records a code of a revision that one host alone accepts, and what finds it by its rows.
    ///
    /// # Errors
    /// Those of the ledger; there is one of this license, revision and host.
    pub fn insert_bound_code(&self, host: HostId, terms: &Terms, code: &ActivationCode) -> Outcome<()> {
        let (license, revision) = (terms.license.get(), terms.revision.get());
        self.put(
            Table::BoundCode,
            &format!("{license}/{revision}/{}", host.0),
            statements::INSERT_BOUND_CODE,
            [
                license.into(),
                revision.into(),
                host.0.into(),
                code.payload().to_vec().into(),
                code.signature().to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )?;
        let mut insert = self.connection.prepare_cached(statements::INSERT_BOUND_ROW)?;
        for key in row_keys(code) {
            insert.execute((key, license, revision, host.0))?;
        }
        Ok(())
    }

    /// The codes of a license that one host alone accepts, beside those of its revisions: by revision and host, with
    /// what the revision was sold for.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn bound_codes_of(&self, license: LicenseNumber) -> Outcome<Vec<Signed>> {
        self.rows(statements::BOUND_CODES_OF, [license.get()], signed)
    }

    /// At most `most` numbers of licenses that have such codes, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn bound_licenses_from(&self, first: u32, most: u32) -> Outcome<Vec<LicenseNumber>> {
        self.rows(statements::BOUND_LICENSES_FROM, (first, most), |row| {
            LicenseNumber::new(row.get(0)?).ok_or(LedgerFault::Record { what: "a code" })
        })
    }

    /// At most `most` of such codes with a row of this key.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn bound_codes_with_row(&self, key: u32, most: u32) -> Outcome<Vec<(LicenseNumber, Revision, HostId)>> {
        self.rows(statements::BOUND_CODES_WITH_ROW, (key, most), |row| {
            let (license, revision) = (LicenseNumber::new(row.get(0)?), Revision::new(row.get(1)?));
            let (license, revision) = license.zip(revision).ok_or(LedgerFault::Record { what: "a row of a code" })?;
            Ok((license, revision, HostId(row.get(2)?)))
        })
    }

    /// Writes what finds the codes of this transaction, in the order of its table: a thousand codes at once go through
    /// it from one end to the other, and touch each page once.
    pub(super) fn insert_code_rows(&self) -> Outcome<()> {
        let mut rows = self.code_rows.take();
        rows.sort_unstable();
        let mut insert = self.connection.prepare_cached(statements::INSERT_CODE_ROW)?;
        for row in rows {
            insert.execute(row)?;
        }
        Ok(())
    }

    /// The code with this license and revision.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn code(&self, license: LicenseNumber, revision: Revision) -> Outcome<Option<Signed>> {
        self.row(statements::REVISION, (license.get(), revision.get()), signed)
    }

    /// The codes of a license, lowest revision first.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn codes_of(&self, license: LicenseNumber) -> Outcome<Vec<Signed>> {
        self.rows(statements::REVISIONS_OF, [license.get()], signed)
    }

    /// The codes that were made for a customer, whosever the licenses are by now. Reads all codes of the ledger.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn codes_for_customer(&self, customer: CustomerNumber) -> Outcome<Vec<Signed>> {
        self.rows(statements::REVISIONS_FOR, [customer.get()], signed)
    }

    /// The code of a license with the highest revision.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn newest_code(&self, license: LicenseNumber) -> Outcome<Option<Signed>> {
        self.row(statements::NEWEST_REVISION, [license.get()], signed)
    }

    /// The codes that an order made, lowest revision first.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn codes_for(&self, reference: &OrderReference) -> Outcome<Vec<Signed>> {
        let Some(first) = self.row(statements::REVISION_FOR, [reference.as_str()], signed)? else {
            return Ok(Vec::new());
        };
        let mut codes = self.codes_of(first.entry.terms.license)?;
        codes.retain(|code| code.event == first.event);
        Ok(codes)
    }

    /// At most `most` licenses and revisions with a row of this key.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn codes_with_row(&self, key: u32, most: u32) -> Outcome<Vec<(LicenseNumber, Revision)>> {
        self.rows(statements::CODES_WITH_ROW, (key, most), |row| {
            let (license, revision) = (LicenseNumber::new(row.get(0)?), Revision::new(row.get(1)?));
            license.zip(revision).ok_or(LedgerFault::Record { what: "a row of a code" })
        })
    }

    /// How many rows of codes can be looked up.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn code_rows(&self) -> Outcome<u64> {
        Ok(self.row(statements::COUNT_CODE_ROWS, [], |row| Ok(row.get(0)?))?.unwrap_or(0))
    }

    /// A license as lists show it.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn listed(&self, number: LicenseNumber) -> Outcome<Option<Listed>> {
        self.row(statements::LISTED, [number.get()], listed)
    }

    /// At most `most` licenses as lists show them, by number, from `first` on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn listed_from(&self, filter: &Filter, first: u32, most: u32) -> Outcome<Vec<Listed>> {
        let text = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let product = filter.product.map_or(0, ProductId::get);
        let kind = filter.kind.map_or("", Kind::name);
        let (after, before, revoked) = (text(filter.ends_after), text(filter.ends_before), i32::from(filter.revoked));
        match filter.customer {
            None => {
                let parameters = (product, kind, after, before, revoked, first, most);
                self.rows(statements::LISTED_FROM, parameters, listed)
            }
            Some(customer) => {
                let parameters = (product, kind, after, before, revoked, customer.get(), first, most);
                self.rows(statements::LISTED_OF, parameters, listed)
            }
        }
    }

    /// At most `most` licenses whose newest code ends in `period` and is not revoked: by last day and number,
    /// those that come after `after`.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn due(
        &self,
        period: MaintenancePeriod,
        after: Option<(Day, LicenseNumber)>,
        most: u32,
    ) -> Outcome<Vec<Listed>> {
        let (day, number) = after.map_or((period.first(), 0), |(day, number)| (day, number.get()));
        self.rows(statements::DUE, (day.to_string(), number, period.last().to_string(), most), listed)
    }

    /// Goes through the licenses that have a code which has begun by a day and is not revoked: whose the license
    /// is, and the newest of these codes.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn each_begun(&self, today: Day, mut each: impl FnMut(CustomerNumber, Terms)) -> Outcome<()> {
        let damaged = || LedgerFault::Record { what: "a code" };
        let mut statement = self.connection.prepare_cached(statements::BEGUN)?;
        let mut rows = statement.query([today.to_string()])?;
        while let Some(row) = rows.next()? {
            let customer = CustomerNumber::new(row.get(0)?).ok_or_else(damaged)?;
            let payload = row.get_ref(1)?.as_blob().map_err(|_| damaged())?;
            each(customer, Terms::from_payload(payload).map_err(|_| damaged())?);
        }
        Ok(())
    }

    /// Brings the codes of a ledger of the first schema into the book.
    pub(super) fn adopt_codes(&self, by: &By) -> Outcome<()> {
        let mut next = 1;
        while let Some(license) = self.licenses_from(next, 1)?.pop() {
            next = license.number.get() + 1;
            let mut previous: Option<Sequence> = None;
            for Signed { entry, signature, .. } in self.codes_of(license.number)? {
                let Entry { terms, customer, .. } = &entry;
                let damaged = |_| LedgerFault::Record { what: "a code" };
                let payload = terms.to_payload().map_err(|_| LedgerFault::Record { what: "a code" })?;
                let code = ActivationCode::from_parts(&payload, &signature).map_err(damaged)?;
                // Its columns and its event come with the book.
                let key = (license.number.get(), terms.revision.get());
                self.connection.execute("DELETE FROM revision WHERE license = ?1 AND revision = ?2", key)?;
                self.put_license(license.number, *customer, None)?;
                self.insert_code(&entry, &code)?;
                let facts = json!({"customer": customer.get(), "revision": terms.revision.get()}).to_string();
                let by = By { day: terms.issued, ..by.clone() };
                previous = Some(self.record_after(&by, Action::Issued, Some(license.number), previous, facts)?);
            }
        }
        self.insert_code_rows()
    }
}

fn license(row: &Row<'_>) -> Outcome<LicenseRecord> {
    let damaged = || LedgerFault::Record { what: "a license" };
    Ok(LicenseRecord {
        number: LicenseNumber::new(row.get(0)?).ok_or_else(damaged)?,
        customer: CustomerNumber::new(row.get(1)?).ok_or_else(damaged)?,
        good_from: row.get(2)?,
        event: row.get(3)?,
        next_revision: row.get(4)?,
    })
}

fn listed(row: &Row<'_>) -> Outcome<Listed> {
    let damaged = || LedgerFault::Record { what: "a license" };
    let newest = signed(row)?;
    let customer = CustomerNumber::new(row.get(12)?).ok_or_else(damaged)?;
    let (name, email): (String, Option<String>) = (row.get(16)?, row.get(17)?);
    let begins: Option<String> = row.get(19)?;
    Ok(Listed {
        license: LicenseRecord {
            number: newest.entry.terms.license,
            customer,
            good_from: row.get(13)?,
            event: row.get(14)?,
            next_revision: row.get(15)?,
        },
        owner: Customer {
            number: customer,
            name: name.parse().map_err(|_| damaged())?,
            email: email.map(|text| text.parse().map_err(|_| damaged())).transpose()?,
            salt: row.get(18).map_err(|_| damaged())?,
        },
        begins: begins.map(|text| text.parse().map_err(|_| damaged())).transpose()?,
        newest,
    })
}

fn signed(row: &Row<'_>) -> Outcome<Signed> {
    let damaged = || LedgerFault::Record { what: "a code" };
    let day =
        |column| Ok::<_, LedgerFault>(row.get_ref(column)?.as_str().ok().and_then(|text| text.parse::<Day>().ok()));
    let period = day(7)?.zip(day(8)?).and_then(|(first, last)| MaintenancePeriod::new(first, last));
    let terms = Terms::from_payload(row.get_ref(9)?.as_blob().map_err(|_| damaged())?).map_err(|_| damaged())?;
    let key: (u32, u16) = (row.get(0)?, row.get(1)?);
    if key != (terms.license.get(), terms.revision.get()) {
        return Err(damaged());
    }
    let reference: Option<String> = row.get(3)?;
    let signature: [u8; SIGNATURE_BYTES] = row.get(10).map_err(|_| damaged())?;
    Ok(Signed {
        entry: Entry {
            customer: CustomerNumber::new(row.get(2)?).ok_or_else(damaged)?,
            reference: reference.map(|text| text.parse()).transpose().map_err(|_: TextFault| damaged())?,
            period: period.ok_or_else(damaged)?,
            terms,
        },
        signature,
        event: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_six_symbols_before_the_check_counts_in_a_key() {
        // The last of them first.
        assert_eq!(row_key("00000-00000-00000-00000-1Z000"), 31 << 25 | 1 << 20);
        assert_eq!(row_key("00000-00000-00000-01230-00000"), 3 << 10 | 2 << 5 | 1);
        assert_eq!(row_key("ZZZZZ-ZZZZZ-ZZZZZ-00000-00ZZZ"), 0);
    }
}
