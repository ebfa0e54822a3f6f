-- The book: every change is a link of a hash chain, and every row names the event that wrote it last.
-- Counters say which numbers were given away, so that none is given twice whatever becomes of its code.

CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    operator TEXT NOT NULL,
    action TEXT NOT NULL,
    license INTEGER,
    -- The event before this one of the same license: its history needs no index.
    previous INTEGER,
    -- What happened, as JSON; numbers and no names (rule D9).
    facts TEXT NOT NULL,
    -- The rows that it wrote, one a line, each with a digest of what is in it.
    wrote TEXT NOT NULL,
    -- SHA-256 over the link before and all of the above.
    link BLOB NOT NULL
);
CREATE INDEX event_action ON event (action) WHERE license IS NULL;

ALTER TABLE desk ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE desk ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE desk ADD COLUMN next_license INTEGER NOT NULL DEFAULT 1;
UPDATE desk SET identity = lower(hex(randomblob(8))),
    next_license = (SELECT COALESCE(MAX(number), 0) + 1 FROM license);

CREATE TABLE ledger_key (
    public_key TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    event INTEGER NOT NULL
);
CREATE TABLE operator (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    -- A hash of it, in PHC form; without one, whoever says so is that operator.
    passphrase TEXT,
    active INTEGER NOT NULL,
    event INTEGER NOT NULL
);
CREATE TABLE limits (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    most_units INTEGER,
    longest_days INTEGER,
    back_dating_days INTEGER,
    approval_above INTEGER,
    event INTEGER NOT NULL
);
CREATE TABLE request (
    number INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    operator TEXT NOT NULL,
    change TEXT NOT NULL,
    state TEXT NOT NULL,
    event INTEGER NOT NULL
);

ALTER TABLE issuer ADD COLUMN event INTEGER NOT NULL DEFAULT 0;

ALTER TABLE product ADD COLUMN members TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN family TEXT;
ALTER TABLE product ADD COLUMN edition_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN platform TEXT;
ALTER TABLE product ADD COLUMN auto_enabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN end_of_sale TEXT;
ALTER TABLE product ADD COLUMN end_of_life TEXT;
ALTER TABLE product ADD COLUMN use_ends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
UPDATE product SET members = COALESCE(
    (SELECT group_concat(member, ',') FROM (SELECT member FROM suite_member WHERE suite = id ORDER BY member)), '');
DROP TABLE suite_member;

-- SQLite cannot drop a UNIQUE, and two names may be equal but for their case in old ledgers.
CREATE TABLE new_customer (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name as it is searched for.
    name_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    -- What hides the name in the book, and goes with it when the customer's data is purged (rule D9).
    salt BLOB NOT NULL,
    event INTEGER NOT NULL
);
INSERT INTO new_customer SELECT number, name, name, NULL, NULL, randomblob(16), 0 FROM customer;
CREATE TABLE new_license (
    number INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL REFERENCES customer (number),
    -- The lowest revision that is not revoked; none: nothing is.
    good_from INTEGER,
    event INTEGER NOT NULL,
    -- The lowest revision that was never given away, where a number is not simply the next one.
    next_revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE new_revision (
    license INTEGER NOT NULL REFERENCES license (number),
    revision INTEGER NOT NULL,
    -- For whom it was issued; the license may be another's by now.
    customer INTEGER NOT NULL REFERENCES customer (number),
    order_reference TEXT,
    product INTEGER NOT NULL,
    units INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- The true days, which a code cannot always carry (rule D2).
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    -- The terms as they are signed.
    payload BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    event INTEGER NOT NULL,
    PRIMARY KEY (license, revision)
) WITHOUT ROWID;
-- A revision that was reserved and never signed was never seen by anybody; its number stays given away.
INSERT INTO new_license
    SELECT number, customer, NULL, 0, (SELECT MAX(revision) + 1 FROM revision r WHERE r.license = number) FROM license
    WHERE EXISTS (SELECT 1 FROM revision r WHERE r.license = number AND r.signature IS NOT NULL);
INSERT INTO new_revision SELECT r.license, r.revision, l.customer, r.order_reference, 0, 0, '', r.first_day,
        r.last_day, r.payload, r.signature, 0
    FROM revision r JOIN license l ON l.number = r.license WHERE r.signature IS NOT NULL;
DROP TABLE revision;
DROP TABLE license;
DROP TABLE customer;
ALTER TABLE new_customer RENAME TO customer;
ALTER TABLE new_license RENAME TO license;
ALTER TABLE new_revision RENAME TO revision;

CREATE INDEX customer_name ON customer (name_key);
CREATE INDEX customer_email ON customer (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX license_customer ON license (customer);
CREATE UNIQUE INDEX revision_order ON revision (order_reference) WHERE order_reference IS NOT NULL;
CREATE INDEX revision_last_day ON revision (last_day);
-- What finds a code by one of its rows: the key is made of the row's last symbols before its check.
CREATE TABLE code_row (
    key INTEGER NOT NULL,
    license INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (key, license, revision)
) WITHOUT ROWID;
