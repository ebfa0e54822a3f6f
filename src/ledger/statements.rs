//! Every statement of the ledger, in the SQL that SQLite and PostgreSQL share: parameters are `$1`, `$2`, ...
//! in the order in which they first occur, and a row is replaced with `ON CONFLICT`. A test executes each of
//! them on both.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        /// All of them, by name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// What a revision is read by; its columns are those of [`INSERT_REVISION`].
macro_rules! revision {
    ($rest:literal) => {
        concat!(
            "SELECT r.license, r.revision, r.customer, r.order_reference, r.product, r.units, r.kind, r.first_day, ",
            "r.last_day, r.payload, r.signature, r.event FROM revision r ",
            $rest
        )
    };
}

macro_rules! product {
    ($rest:literal) => {
        concat!(
            "SELECT id, mnemonic, name, unit, kind, members, family, edition_rank, platform, auto_enabled, ",
            "end_of_sale, end_of_life, use_ends, event FROM product ",
            $rest
        )
    };
}

macro_rules! customer {
    ($rest:literal) => {
        concat!("SELECT number, name, name_key, email, email_key, salt, event FROM customer ", $rest)
    };
}

macro_rules! partner {
    ($rest:literal) => {
        concat!(
            "SELECT issuer, name, public_key, ledger_key, desk, state, limits, allotment, created, event FROM partner ",
            $rest
        )
    };
}

macro_rules! partner_code {
    ($rest:literal) => {
        concat!("SELECT issuer, license, revision, payload, signature, event FROM partner_code ", $rest)
    };
}

macro_rules! contact {
    ($rest:literal) => {
        concat!(
            "SELECT customer, company, address, telephone, person, email, language, salt, event FROM customer_contact ",
            $rest
        )
    };
}

macro_rules! account {
    ($rest:literal) => {
        concat!(
            "SELECT number, kind, name, name_key, company, address, telephone, person, email, language, privileges, ",
            "active, salt, event FROM account ",
            $rest
        )
    };
}

macro_rules! registration_key {
    ($rest:literal) => {
        concat!(
            "SELECT number, digest, account, product, units, kind, term, state, license, day, event ",
            "FROM registration_key ",
            $rest
        )
    };
}

macro_rules! event {
    ($rest:literal) => {
        concat!("SELECT sequence, day, operator, action, license, previous, facts, wrote, link FROM event ", $rest)
    };
}

/// A license with its owner, its newest revision, and the first day of those that are not revoked: the columns of
/// `revision!`, and those of a license and a customer behind them.
macro_rules! listed {
    ($rest:expr) => {
        concat!(
            "SELECT r.license, r.revision, r.customer, r.order_reference, r.product, r.units, r.kind, r.first_day, ",
            "r.last_day, r.payload, r.signature, r.event, l.customer, l.good_from, l.event, l.next_revision, ",
            "c.name, c.email, c.salt, (SELECT MIN(b.first_day) FROM revision b ",
            "WHERE b.license = l.number AND b.revision >= COALESCE(l.good_from, 0)) ",
            $rest
        )
    };
}

/// By the license's number.
macro_rules! listed_by_number {
    ($rest:expr) => {
        listed!(concat!(
            "FROM license l JOIN revision r ON r.license = l.number ",
            "AND r.revision = (SELECT MAX(n.revision) FROM revision n WHERE n.license = l.number) ",
            "JOIN customer c ON c.number = l.customer ",
            $rest
        ))
    };
}

/// What a list is filtered by; 0 and the empty text: by nothing. As it is written, no index on a day can be used,
/// by which everything would be read and sorted.
macro_rules! filtered {
    ($rest:literal) => {
        concat!(
            "WHERE (r.product = $1 OR $1 = 0) AND (r.kind = $2 OR $2 = '') AND (r.last_day > $3 OR $3 = '') ",
            "AND (r.last_day < $4 OR $4 = '') AND COALESCE(l.good_from, 0) >= $5 ",
            $rest
        )
    };
}

statements! {
    PUT_DESK = "INSERT INTO desk (id, vendor, created, identity, event) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET event = excluded.event
            WHERE desk.vendor = excluded.vendor AND desk.created = excluded.created
                AND desk.identity = excluded.identity";
    DESK = "SELECT id, vendor, created, identity, event, next_license FROM desk WHERE id = $1";
    DESKS = "SELECT id, vendor, created, identity, event FROM desk ORDER BY id";
    SET_NEXT_LICENSE = "UPDATE desk SET next_license = $1 WHERE id = 1";

    LAST_EVENT = event!("ORDER BY sequence DESC LIMIT 1");
    EVENT = event!("WHERE sequence = $1");
    EVENTS = event!("WHERE sequence >= $1 ORDER BY sequence");
    EVENTS_FROM = event!("WHERE sequence >= $1 ORDER BY sequence LIMIT $2");
    LAST_EVENT_OF_ACTION = event!("WHERE action = $1 AND license IS NULL ORDER BY sequence DESC LIMIT 1");
    INSERT_EVENT = "INSERT INTO event (sequence, day, operator, action, license, previous, facts, wrote, link)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    PUT_ISSUER = "INSERT INTO issuer (number, public_key, created, event) VALUES ($1, $2, $3, $4)
        ON CONFLICT (number) DO UPDATE SET event = excluded.event
            WHERE issuer.public_key = excluded.public_key AND issuer.created = excluded.created";
    ISSUERS = "SELECT number, public_key, created, event FROM issuer ORDER BY number";
    ISSUER = "SELECT number, public_key, created, event FROM issuer WHERE number = $1";

    INSERT_LEDGER_KEY = "INSERT INTO ledger_key (public_key, created, event) VALUES ($1, $2, $3)";
    LEDGER_KEYS = "SELECT public_key, created, event FROM ledger_key ORDER BY event";
    LEDGER_KEY = "SELECT public_key, created, event FROM ledger_key WHERE public_key = $1";

    PUT_PRODUCT = "INSERT INTO product (id, mnemonic, name, unit, kind, members, family, edition_rank, platform,
            auto_enabled, end_of_sale, end_of_life, use_ends, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (id) DO UPDATE SET mnemonic = excluded.mnemonic, name = excluded.name, unit = excluded.unit,
            kind = excluded.kind, members = excluded.members, family = excluded.family,
            edition_rank = excluded.edition_rank, platform = excluded.platform,
            auto_enabled = excluded.auto_enabled, end_of_sale = excluded.end_of_sale,
            end_of_life = excluded.end_of_life, use_ends = excluded.use_ends, event = excluded.event";
    PRODUCTS = product!("ORDER BY id");
    PRODUCT = product!("WHERE id = $1");
    PRODUCT_CALLED = product!("WHERE mnemonic = $1");

    PUT_CUSTOMER = "INSERT INTO customer (number, name, name_key, email, email_key, salt, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (number) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
            email = excluded.email, email_key = excluded.email_key, salt = excluded.salt, event = excluded.event";
    CUSTOMERS = customer!("ORDER BY number");
    HIGHEST_CUSTOMER = "SELECT COALESCE(MAX(number), 0) FROM customer";
    CUSTOMERS_FROM = customer!("WHERE number >= $1 ORDER BY number LIMIT $2");
    CUSTOMER = customer!("WHERE number = $1");
    HAS_CUSTOMER = "SELECT number FROM customer WHERE number = $1";
    CUSTOMERS_CALLED = customer!("WHERE name_key = $1 ORDER BY number");
    CUSTOMERS_AT = customer!("WHERE email_key = $1 ORDER BY number LIMIT $2");
    CUSTOMERS_LIKE = customer!("WHERE name_key LIKE $1 ESCAPE '!' ORDER BY number LIMIT $2");

    PUT_OPERATOR = "INSERT INTO operator (name, role, passphrase, active, event) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (name) DO UPDATE SET role = excluded.role, passphrase = excluded.passphrase,
            active = excluded.active, event = excluded.event";
    OPERATORS = "SELECT name, role, passphrase, active, event FROM operator ORDER BY name";
    OPERATOR = "SELECT name, role, passphrase, active, event FROM operator WHERE name = $1";

    PUT_LIMITS = "INSERT INTO limits (id, most_units, longest_days, back_dating_days, approval_above, event)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET most_units = excluded.most_units, longest_days = excluded.longest_days,
            back_dating_days = excluded.back_dating_days, approval_above = excluded.approval_above,
            event = excluded.event";
    LIMITS = "SELECT id, most_units, longest_days, back_dating_days, approval_above, event FROM limits WHERE id = $1";
    ALL_LIMITS = "SELECT id, most_units, longest_days, back_dating_days, approval_above, event FROM limits ORDER BY id";

    PUT_REQUEST = "INSERT INTO request (number, day, operator, change, state, event) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (number) DO UPDATE SET state = excluded.state, event = excluded.event
            WHERE request.day = excluded.day AND request.operator = excluded.operator
                AND request.change = excluded.change";
    REWRITE_REQUEST = "INSERT INTO request (number, day, operator, change, state, event)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (number) DO UPDATE SET change = excluded.change, event = excluded.event
            WHERE request.day = excluded.day AND request.operator = excluded.operator
                AND request.state = excluded.state";
    HIGHEST_REQUEST = "SELECT COALESCE(MAX(number), 0) FROM request";
    REQUEST = "SELECT number, day, operator, change, state, event FROM request WHERE number = $1";
    REQUESTS = "SELECT number, day, operator, change, state, event FROM request ORDER BY number";
    REQUESTS_IN_STATE = "SELECT number, day, operator, change, state, event FROM request
        WHERE state = $1 ORDER BY number";

    HIGHEST_LICENSE = "SELECT COALESCE(MAX(number), 0) FROM license";
    PUT_LICENSE = "INSERT INTO license (number, customer, good_from, event) VALUES ($1, $2, $3, $4)
        ON CONFLICT (number) DO UPDATE SET customer = excluded.customer, good_from = excluded.good_from,
            event = excluded.event";
    LICENSE = "SELECT number, customer, good_from, event, next_revision FROM license WHERE number = $1";
    LICENSES = "SELECT number, customer, good_from, event, next_revision FROM license ORDER BY number";
    LICENSES_FROM = "SELECT number, customer, good_from, event, next_revision FROM license
        WHERE number >= $1 ORDER BY number LIMIT $2";
    LICENSES_OF = "SELECT number, customer, good_from, event, next_revision FROM license
        WHERE customer = $1 AND number >= $2 ORDER BY number LIMIT $3";
    SET_NEXT_REVISION = "UPDATE license SET next_revision = $1 WHERE number = $2";
    PASS_REVISIONS = "UPDATE license SET next_revision =
        (SELECT CASE WHEN MAX(r.revision) >= license.next_revision THEN MAX(r.revision) + 1 ELSE license.next_revision END
            FROM revision r WHERE r.license = license.number)";
    SKIP_REVISIONS = "UPDATE license SET next_revision =
        CASE WHEN next_revision + $1 > $2 THEN $2 ELSE next_revision + $1 END";

    INSERT_REVISION = "INSERT INTO revision (license, revision, customer, order_reference, product, units, kind,
            first_day, last_day, payload, signature, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    REVISIONS = revision!("ORDER BY r.license, r.revision");
    REVISION = revision!("WHERE r.license = $1 AND r.revision = $2");
    REVISIONS_OF = revision!("WHERE r.license = $1 ORDER BY r.revision");
    REVISIONS_FOR = revision!("WHERE r.customer = $1 ORDER BY r.license, r.revision");
    NEWEST_REVISION = revision!("WHERE r.license = $1 ORDER BY r.revision DESC LIMIT 1");
    REVISION_FOR = revision!("WHERE r.order_reference = $1");

    LISTED = listed_by_number!("WHERE l.number = $1");
    LISTED_FROM = listed_by_number!(filtered!("AND l.number >= $6 ORDER BY l.number LIMIT $7"));
    LISTED_OF = listed_by_number!(filtered!("AND l.customer = $6 AND l.number >= $7 ORDER BY l.number LIMIT $8"));
    DUE = listed!("FROM revision r JOIN license l ON l.number = r.license JOIN customer c ON c.number = l.customer
        WHERE (r.last_day, r.license) > ($1, $2) AND r.last_day <= $3
        AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.license = r.license AND n.revision > r.revision)
        AND (l.good_from IS NULL OR l.good_from <= r.revision)
        ORDER BY r.last_day, r.license LIMIT $4");
    BEGUN = "SELECT l.customer, r.payload FROM license l
        JOIN revision r ON r.license = l.number AND r.revision = (SELECT MAX(n.revision) FROM revision n
            WHERE n.license = l.number AND n.first_day <= $1 AND n.revision >= COALESCE(l.good_from, 0))
        ORDER BY l.number";

    INSERT_CODE_ROW = "INSERT INTO code_row (key, license, revision) VALUES ($1, $2, $3)";
    CODES_WITH_ROW = "SELECT license, revision FROM code_row WHERE key = $1 ORDER BY license, revision LIMIT $2";
    CODE_ROW = "SELECT key FROM code_row WHERE key = $1 AND license = $2 AND revision = $3";
    COUNT_CODE_ROWS = "SELECT COUNT(*) FROM code_row";
    CODE_ROWS = "SELECT key, license, revision FROM code_row ORDER BY key, license, revision";
    CODES = "SELECT r.license, r.revision, r.payload, r.signature, l.next_revision
        FROM revision r LEFT JOIN license l ON l.number = r.license ORDER BY r.license, r.revision";

    PUT_TRUST = "INSERT INTO trust (id, role, test, contact, event) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET role = excluded.role, test = excluded.test, contact = excluded.contact,
            event = excluded.event";
    TRUST = "SELECT id, role, test, contact, event FROM trust WHERE id = $1";
    ALL_TRUST = "SELECT id, role, test, contact, event FROM trust ORDER BY id";

    PUT_ISSUER_RULE = "INSERT INTO issuer_rule (issuer, state, limits, event) VALUES ($1, $2, $3, $4)
        ON CONFLICT (issuer) DO UPDATE SET state = excluded.state, limits = excluded.limits, event = excluded.event";
    ISSUER_RULES = "SELECT issuer, state, limits, event FROM issuer_rule ORDER BY issuer";
    ISSUER_RULE = "SELECT issuer, state, limits, event FROM issuer_rule WHERE issuer = $1";

    INSERT_BUNDLE = "INSERT INTO bundle (number, issued, text, event) VALUES ($1, $2, $3, $4)";
    BUNDLES = "SELECT number, issued, text, event FROM bundle ORDER BY number";
    BUNDLE_NUMBERS = "SELECT number, issued FROM bundle ORDER BY number";
    BUNDLE = "SELECT number, issued, text, event FROM bundle WHERE number = $1";
    LAST_BUNDLE = "SELECT number, issued, text, event FROM bundle ORDER BY number DESC LIMIT 1";

    PUT_PARTNER = "INSERT INTO partner (issuer, name, public_key, ledger_key, desk, state, limits, allotment, created,
            event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (issuer) DO UPDATE SET name = excluded.name, ledger_key = excluded.ledger_key,
            desk = excluded.desk, state = excluded.state, limits = excluded.limits, allotment = excluded.allotment,
            event = excluded.event
            WHERE partner.public_key = excluded.public_key AND partner.created = excluded.created";
    PARTNERS = partner!("ORDER BY issuer");
    PARTNER = partner!("WHERE issuer = $1");

    PUT_PARTNER_BOOK = "INSERT INTO partner_book (issuer, sequence, day, link, event) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (issuer) DO UPDATE SET sequence = excluded.sequence, day = excluded.day, link = excluded.link,
            event = excluded.event";
    PARTNER_BOOKS = "SELECT issuer, sequence, day, link, event FROM partner_book ORDER BY issuer";
    PARTNER_BOOK = "SELECT issuer, sequence, day, link, event FROM partner_book WHERE issuer = $1";

    INSERT_PARTNER_CODE = "INSERT INTO partner_code (issuer, license, revision, payload, signature, event)
        VALUES ($1, $2, $3, $4, $5, $6)";
    PARTNER_CODE = partner_code!("WHERE issuer = $1 AND license = $2 AND revision = $3");
    PARTNER_CODES = partner_code!("ORDER BY issuer, license, revision");
    PARTNER_CODES_AFTER = partner_code!("WHERE issuer = $1 AND (license, revision) > ($2, $3)
        ORDER BY license, revision LIMIT $4");

    PUT_REVOCATION = "INSERT INTO revocation (license, good_from, event) VALUES ($1, $2, $3)
        ON CONFLICT (license) DO UPDATE SET good_from = excluded.good_from, event = excluded.event";
    REVOCATIONS = "SELECT license, good_from, event FROM revocation ORDER BY license";
    REVOCATION = "SELECT license, good_from, event FROM revocation WHERE license = $1";
    REVOKED = "SELECT number, good_from FROM license WHERE good_from IS NOT NULL ORDER BY number";

    INSERT_BOUND_CODE = "INSERT INTO bound_code (license, revision, host, payload, signature, event)
        VALUES ($1, $2, $3, $4, $5, $6)";
    BOUND_CODE = "SELECT license, revision, host, payload, signature, event FROM bound_code
        WHERE license = $1 AND revision = $2 AND host = $3";
    BOUND_CODES = "SELECT license, revision, host, payload, signature, event FROM bound_code
        ORDER BY license, revision, host";
    BOUND_CODES_OF = "SELECT b.license, b.revision, r.customer, r.order_reference, r.product, r.units, r.kind,
            r.first_day, r.last_day, b.payload, b.signature, b.event
        FROM bound_code b JOIN revision r ON r.license = b.license AND r.revision = b.revision
        WHERE b.license = $1 ORDER BY b.revision, b.host";
    BOUND_LICENSES_FROM = "SELECT DISTINCT license FROM bound_code WHERE license >= $1 ORDER BY license LIMIT $2";
    INSERT_BOUND_ROW = "INSERT INTO bound_row (key, license, revision, host) VALUES ($1, $2, $3, $4)";
    BOUND_CODES_WITH_ROW = "SELECT license, revision, host FROM bound_row WHERE key = $1
        ORDER BY license, revision, host LIMIT $2";
    BOUND_ROWS = "SELECT key, license, revision, host FROM bound_row ORDER BY key, license, revision, host";
    COUNT_BOUND_CODES = "SELECT COUNT(*) FROM bound_code";

    PUT_USAGE = "INSERT INTO usage_claim (license, host, day, revision, product, in_use, clock, bundle, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (license, host, day) DO UPDATE
        SET revision = excluded.revision, product = excluded.product, in_use = excluded.in_use,
            clock = excluded.clock, bundle = excluded.bundle, event = excluded.event";
    USAGE = "SELECT license, host, day, revision, product, in_use, clock, bundle, event FROM usage_claim
        WHERE license = $1 AND host = $2 AND day = $3";
    USAGE_OF = "SELECT license, host, day, revision, product, in_use, clock, bundle, event FROM usage_claim
        WHERE license = $1 ORDER BY host, day";
    ALL_USAGE = "SELECT license, host, day, revision, product, in_use, clock, bundle, event FROM usage_claim
        ORDER BY license, host, day";
    COUNT_USAGE = "SELECT COUNT(*) FROM usage_claim";

    PUT_CONTACT = "INSERT INTO customer_contact (customer, company, address, telephone, person, email, language, salt,
            event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (customer) DO UPDATE SET company = excluded.company, address = excluded.address,
            telephone = excluded.telephone, person = excluded.person, email = excluded.email,
            language = excluded.language, salt = excluded.salt, event = excluded.event";
    CONTACT = contact!("WHERE customer = $1");
    CONTACTS = contact!("ORDER BY customer");
    COUNT_CONTACTS = "SELECT COUNT(*) FROM customer_contact";

    PUT_ACCOUNT = "INSERT INTO account (number, kind, name, name_key, company, address, telephone, person, email,
            language, privileges, active, salt, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, name = excluded.name, name_key = excluded.name_key,
            company = excluded.company, address = excluded.address, telephone = excluded.telephone,
            person = excluded.person, email = excluded.email, language = excluded.language,
            privileges = excluded.privileges, active = excluded.active, salt = excluded.salt, event = excluded.event";
    ACCOUNT = account!("WHERE number = $1");
    ACCOUNT_CALLED = account!("WHERE name_key = $1");
    ACCOUNTS = account!("ORDER BY number");
    HIGHEST_ACCOUNT = "SELECT COALESCE(MAX(number), 0) FROM account";
    COUNT_ACCOUNTS = "SELECT COUNT(*) FROM account";

    PUT_RESELLER = "INSERT INTO reseller (customer, account, event) VALUES ($1, $2, $3)
        ON CONFLICT (customer) DO UPDATE SET account = excluded.account, event = excluded.event";
    RESELLER = "SELECT customer, account, event FROM reseller WHERE customer = $1";
    RESELLERS = "SELECT customer, account, event FROM reseller ORDER BY customer";
    CUSTOMERS_OF_ACCOUNT = "SELECT customer FROM reseller WHERE account = $1 AND customer >= $2
        ORDER BY customer LIMIT $3";
    COUNT_RESELLERS = "SELECT COUNT(*) FROM reseller";

    INSERT_PURGED = "INSERT INTO purged_customer (customer, day, event) VALUES ($1, $2, $3)";
    PURGED = "SELECT customer, day, event FROM purged_customer WHERE customer = $1";
    ALL_PURGED = "SELECT customer, day, event FROM purged_customer ORDER BY customer";
    COUNT_PURGED = "SELECT COUNT(*) FROM purged_customer";

    PUT_REGISTRATION_KEY = "INSERT INTO registration_key (number, digest, account, product, units, kind, term, state,
            license, day, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (number) DO UPDATE SET state = excluded.state, license = excluded.license, day = excluded.day,
            event = excluded.event
        WHERE registration_key.digest = excluded.digest AND registration_key.account = excluded.account";
    REGISTRATION_KEY = registration_key!("WHERE number = $1");
    REGISTRATION_KEY_OF = registration_key!("WHERE digest = $1");
    REGISTRATION_KEYS = registration_key!("ORDER BY number");
    REGISTRATION_KEYS_FROM = registration_key!("WHERE number >= $1 ORDER BY number LIMIT $2");
    REGISTRATION_KEYS_OF = registration_key!("WHERE account = $1 AND number >= $2 ORDER BY number LIMIT $3");
    HIGHEST_REGISTRATION_KEY = "SELECT COALESCE(MAX(number), 0) FROM registration_key";
    COUNT_REGISTRATION_KEYS = "SELECT COUNT(*) FROM registration_key";

    PUT_NOTICE = "INSERT INTO notice_written (license, last, threshold, day, event) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (license, last, threshold) DO UPDATE SET day = excluded.day, event = excluded.event";
    NOTICE = "SELECT license, last, threshold, day, event FROM notice_written
        WHERE license = $1 AND last = $2 AND threshold = $3";
    NOTICES = "SELECT license, last, threshold, day, event FROM notice_written ORDER BY license, last, threshold";
    NOTICES_AFTER = "SELECT license, last, threshold, day, event FROM notice_written
        WHERE (license, last, threshold) > ($1, $2, $3) ORDER BY license, last, threshold LIMIT $4";
    COUNT_NOTICES = "SELECT COUNT(*) FROM notice_written";

    PUT_OPERATOR_ACCOUNT = "INSERT INTO operator_account (operator, account, event) VALUES ($1, $2, $3)
        ON CONFLICT (operator) DO UPDATE SET account = excluded.account, event = excluded.event";
    OPERATOR_ACCOUNT = "SELECT operator, account, event FROM operator_account WHERE operator = $1";
    OPERATOR_ACCOUNTS = "SELECT operator, account, event FROM operator_account ORDER BY operator";
    COUNT_OPERATOR_ACCOUNTS = "SELECT COUNT(*) FROM operator_account";

    COUNT_TRUST = "SELECT COUNT(*) FROM trust";
    COUNT_ISSUER_RULES = "SELECT COUNT(*) FROM issuer_rule";
    COUNT_BUNDLES = "SELECT COUNT(*) FROM bundle";
    COUNT_PARTNERS = "SELECT COUNT(*) FROM partner";
    COUNT_PARTNER_BOOKS = "SELECT COUNT(*) FROM partner_book";
    COUNT_PARTNER_CODES = "SELECT COUNT(*) FROM partner_code";
    COUNT_REVOCATIONS = "SELECT COUNT(*) FROM revocation";

    COUNT_DESKS = "SELECT COUNT(*) FROM desk";
    COUNT_ISSUERS = "SELECT COUNT(*) FROM issuer";
    COUNT_LEDGER_KEYS = "SELECT COUNT(*) FROM ledger_key";
    COUNT_PRODUCTS = "SELECT COUNT(*) FROM product";
    COUNT_CUSTOMERS = "SELECT COUNT(*) FROM customer";
    COUNT_OPERATORS = "SELECT COUNT(*) FROM operator";
    COUNT_LIMITS = "SELECT COUNT(*) FROM limits";
    COUNT_REQUESTS = "SELECT COUNT(*) FROM request";
    COUNT_LICENSES = "SELECT COUNT(*) FROM license";
    COUNT_REVISIONS = "SELECT COUNT(*) FROM revision";
}

/// Tables that stay small however much is sold.
#[cfg(test)]
const SMALL: [&str; 13] = [
    "account",
    "operator_account",
    "desk",
    "issuer",
    "ledger_key",
    "operator",
    "limits",
    "product",
    "trust",
    "issuer_rule",
    "bundle",
    "partner",
    "partner_book",
];

/// Whether a table becomes larger with everything that is sold.
#[cfg(test)]
pub(super) fn grows(table: &str) -> bool {
    !SMALL.contains(&table)
}

/// Why a statement may read all of a table that grows.
#[cfg(test)]
pub(super) fn scans(name: &str) -> Option<&'static str> {
    match name {
        "REQUESTS" | "REQUESTS_IN_STATE" => Some("a person has read each of them"),
        "CUSTOMERS_LIKE" => Some("looks into names; there are fewer customers than licenses"),
        "COUNT_CUSTOMERS"
        | "COUNT_REQUESTS"
        | "COUNT_LICENSES"
        | "COUNT_REVISIONS"
        | "COUNT_CODE_ROWS"
        | "COUNT_PARTNER_CODES"
        | "COUNT_REVOCATIONS"
        | "CODE_ROWS"
        | "PARTNER_CODES"
        | "COUNT_BOUND_CODES"
        | "BOUND_CODES"
        | "BOUND_ROWS"
        | "COUNT_CONTACTS"
        | "COUNT_RESELLERS"
        | "COUNT_PURGED"
        | "COUNT_REGISTRATION_KEYS"
        | "COUNT_NOTICES"
        | "COUNT_USAGE" => Some("`audit verify` has read all of it"),
        "CUSTOMERS" | "LICENSES" | "REVISIONS" | "CODES" | "CONTACTS" | "RESELLERS" | "REGISTRATION_KEYS"
        | "NOTICES" | "ALL_PURGED" => Some("`audit verify` reads all of it"),
        "REVISIONS_FOR" => Some("a purge is rare, and looks for names in all that a customer was given"),
        "REVOKED" | "REVOCATIONS" => Some("a bundle has all of it"),
        "PASS_REVISIONS" | "SKIP_REVISIONS" => Some("`restore` changes all of it"),
        "LISTED_FROM" => Some("a list without a customer goes through all licenses, page by page"),
        "ALL_USAGE" => Some("adherence is of all licenses, and `audit verify` reads all of it"),
        "BEGUN" => Some("a report counts all licenses"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, grows, scans};
    use rusqlite::Connection;

    #[test]
    fn no_statement_reads_or_sorts_all_of_a_table_that_grows() {
        let ledger = Connection::open_in_memory().unwrap();
        ledger.execute_batch(include_str!("schema-1.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-2.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-3.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-4.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-5.sql")).unwrap();
        for (name, sql) in ALL {
            let mut explain = ledger.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            let reads_all = |step: &String| {
                let table = step.strip_prefix("SCAN ").or_else(|| {
                    // Everything behind a number, while the wanted rows are those with some value.
                    let open = step.contains(">?") && !step.contains("<?") && !step.contains("=?");
                    step.strip_prefix("SEARCH ").filter(|_| open && sql.contains(" = $"))
                });
                let table = table.and_then(|step| step.split(' ').next());
                table.is_some_and(|table| grows(real_name(sql, table)))
            };
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            // Where every row is wanted, and they come in their order, LIMIT ends the reading.
            let ends = sql.contains(" LIMIT ") && !sql.contains(" WHERE ") && !sorts;
            let scan = steps.iter().any(reads_all) && !ends;
            let from = sql.split(" FROM ").nth(1).and_then(|from| from.split(' ').next());
            let sort = sorts && from.is_some_and(grows);
            assert_eq!(scan || sort, scans(name).is_some(), "{name}: {steps:#?}");
        }
    }

    /// Of a table that a statement calls by one letter.
    fn real_name<'s>(sql: &'s str, alias: &'s str) -> &'s str {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let named = words.windows(3).find(|words| ["FROM", "JOIN"].contains(&words[0]) && words[2] == alias);
        named.map_or(alias, |words| words[1])
    }

    #[test]
    fn parameters_first_occur_in_their_order() {
        for (name, sql) in ALL {
            let numbers = sql.split('$').skip(1).map(|rest| {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<usize>().unwrap()
            });
            let mut highest = 0;
            for number in numbers {
                assert!((1..=highest + 1).contains(&number), "{name}: ${number} after ${highest}");
                highest = highest.max(number);
            }
        }
    }

    #[test]
    fn a_question_goes_by_the_index_that_is_there_for_it() {
        let ledger = Connection::open_in_memory().unwrap();
        ledger.execute_batch(include_str!("schema-1.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-2.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-3.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-4.sql")).unwrap();
        ledger.execute_batch(include_str!("schema-5.sql")).unwrap();
        for (sql, search) in [
            (super::LISTED_FROM, "SEARCH l USING INTEGER PRIMARY KEY (rowid>?)"),
            (super::LISTED_OF, "SEARCH l USING INDEX license_customer (customer=? AND rowid>?)"),
            // By the day alone it would read everything of the period, for each page.
            (super::DUE, "SEARCH r USING INDEX revision_last_day ((last_day,license)>(?,?) AND last_day<?)"),
        ] {
            let mut explain = ledger.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            assert!(steps.iter().any(|step| step == search), "{sql}: {steps:#?}");
        }
    }
}
