//! A second opinion on the book, from its description in src/ledger/chain.rs and with nothing of its code.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

/// The tables whose rows the book has digests of: as it calls them, and their columns in its order; the columns of
/// the key, which stands in the book with slashes.
const TABLES: [(&str, &str, &str); 26] = [
    ("desk", "id, vendor, created, identity, event FROM desk", "id"),
    ("issuer", "number, public_key, created, event FROM issuer", "number"),
    ("ledger-key", "public_key, created, event FROM ledger_key", "public_key"),
    (
        "product",
        "id, mnemonic, name, unit, kind, members, family, edition_rank, platform, auto_enabled, end_of_sale, \
         end_of_life, use_ends, event FROM product",
        "id",
    ),
    ("customer", "number, name, name_key, email, email_key, salt, event FROM customer", "number"),
    ("operator", "name, role, passphrase, active, event FROM operator", "name"),
    ("limits", "id, most_units, longest_days, back_dating_days, approval_above, event FROM limits", "id"),
    ("request", "number, day, operator, change, state, event FROM request", "number"),
    ("license", "number, customer, good_from, event FROM license", "number"),
    (
        "revision",
        "license, revision, customer, order_reference, product, units, kind, first_day, last_day, payload, \
         signature, event FROM revision",
        "license || '/' || revision",
    ),
    ("trust", "id, role, test, contact, event FROM trust", "id"),
    ("issuer-rule", "issuer, state, limits, event FROM issuer_rule", "issuer"),
    ("bundle", "number, issued, text, event FROM bundle", "number"),
    (
        "partner",
        "issuer, name, public_key, ledger_key, desk, state, limits, allotment, created, event FROM partner",
        "issuer",
    ),
    ("partner-book", "issuer, sequence, day, link, event FROM partner_book", "issuer"),
    (
        "partner-code",
        "issuer, license, revision, payload, signature, event FROM partner_code",
        "issuer || '/' || license || '/' || revision",
    ),
    ("revocation", "license, good_from, event FROM revocation", "license"),
    (
        "bound-code",
        "license, revision, host, payload, signature, event FROM bound_code",
        "license || '/' || revision || '/' || host",
    ),
    (
        "usage-claim",
        "license, host, day, revision, product, in_use, clock, bundle, event FROM usage_claim",
        "license || '/' || host || '/' || day",
    ),
    (
        "customer-contact",
        "customer, company, address, telephone, person, email, language, salt, event FROM customer_contact",
        "customer",
    ),
    (
        "account",
        "number, kind, name, name_key, company, address, telephone, person, email, language, privileges, active, \
         salt, event FROM account",
        "number",
    ),
    ("reseller", "customer, account, event FROM reseller", "customer"),
    ("purged-customer", "customer, day, event FROM purged_customer", "customer"),
    ("operator-account", "operator, account, event FROM operator_account", "operator"),
    (
        "registration-key",
        "number, digest, account, product, units, kind, term, state, license, day, event FROM registration_key",
        "number",
    ),
    (
        "notice-written",
        "license, last, threshold, day, event FROM notice_written",
        "license || '/' || last || '/' || threshold",
    ),
];

/// The book is one chain from its first event on, and every row of the ledger is as the last event that wrote it
/// says.
#[track_caller]
pub fn assert_book_is_whole(ledger: &Path) {
    let connection = Connection::open(ledger).unwrap();
    let columns = "sequence, day, operator, action, license, previous, facts, wrote";
    let mut events = connection.prepare(&format!("SELECT {columns}, link FROM event ORDER BY sequence")).unwrap();
    let mut events = events.query([]).unwrap();
    let mut before = [0; 32];
    let mut wrote = BTreeMap::new();
    let mut last_of_license = BTreeMap::new();
    let mut sequence = 0;
    while let Some(event) = events.next().unwrap() {
        sequence += 1;
        assert_eq!(event.get::<_, i64>(0).unwrap(), sequence);
        let link = hash(&[b"countersign/event/1\0", &before[..]], event, 0..=7);
        assert_eq!(event.get::<_, [u8; 32]>(8).unwrap(), link, "link of event {sequence}");
        before = link;
        for line in event.get::<_, String>(7).unwrap().lines() {
            let (row, digest) = line.rsplit_once(' ').unwrap();
            wrote.insert(row.to_owned(), (sequence, digest.to_owned()));
        }
        if let Some(license) = event.get::<_, Option<i64>>(4).unwrap() {
            let previous = last_of_license.insert(license, sequence);
            assert_eq!(event.get::<_, Option<i64>>(5).unwrap(), previous, "of license {license} before {sequence}");
        }
    }
    for (table, columns, key) in TABLES {
        let count = columns.matches(',').count() + 1;
        let mut rows = connection.prepare(&format!("SELECT {key}, {columns}")).unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let key = match row.get_ref(0).unwrap() {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap().to_owned(),
            };
            let digest = hash(&[b"countersign/row/1\0", table.as_bytes()], row, 1..=count);
            let digest = digest[..16].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            let found = (row.get::<_, i64>(count).unwrap(), digest);
            assert_eq!(wrote.remove(&format!("{table} {key}")), Some(found), "{table} {key}");
        }
    }
    assert!(wrote.is_empty(), "rows that are gone, or of an unknown table: {wrote:?}");
}

fn hash(context: &[&[u8]], row: &Row<'_>, columns: RangeInclusive<usize>) -> [u8; 32] {
    let mut hash = Sha256::new();
    context.iter().for_each(|part| hash.update(part));
    for column in columns {
        let (kind, bytes) = match row.get_ref(column).unwrap() {
            ValueRef::Null => (0, Vec::new()),
            ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
            ValueRef::Text(text) => (2, text.to_vec()),
            ValueRef::Blob(bytes) => (3, bytes.to_vec()),
            ValueRef::Real(number) => panic!("column {column} is {number}"),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}
