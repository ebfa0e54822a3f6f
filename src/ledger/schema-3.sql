-- Trust without a network: what installations are told, and what partners issue. Tables of their own, because the
-- book has digests of the rows that were there before.

CREATE TABLE trust (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Whether the desk is the vendor's, or a partner's.
    role TEXT NOT NULL,
    test INTEGER NOT NULL,
    -- Whom customers ask, a line each.
    contact TEXT NOT NULL,
    event INTEGER NOT NULL
);
-- What an issuing key of this desk may issue; one without a row may issue everything.
CREATE TABLE issuer_rule (
    issuer INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    -- As in a bundle.
    limits TEXT NOT NULL,
    event INTEGER NOT NULL
);
CREATE TABLE bundle (
    number INTEGER PRIMARY KEY,
    issued TEXT NOT NULL,
    -- The whole file, signed.
    text TEXT NOT NULL,
    event INTEGER NOT NULL
);
CREATE TABLE partner (
    issuer INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    -- What signs the copies of its ledger that it sends.
    ledger_key TEXT NOT NULL,
    -- What tells its book from others.
    desk TEXT NOT NULL,
    state TEXT NOT NULL,
    limits TEXT NOT NULL,
    -- How many units it may have issued at most; none: any number.
    allotment INTEGER,
    created TEXT NOT NULL,
    event INTEGER NOT NULL
);
-- How far the book of a partner was read.
CREATE TABLE partner_book (
    issuer INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    day TEXT NOT NULL,
    link BLOB NOT NULL CHECK (length(link) = 32),
    event INTEGER NOT NULL
);
CREATE TABLE partner_code (
    issuer INTEGER NOT NULL,
    license INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    -- The terms as they are signed.
    payload BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    event INTEGER NOT NULL,
    PRIMARY KEY (issuer, license, revision)
) WITHOUT ROWID;
-- Licenses that are not in this ledger, of partners.
CREATE TABLE revocation (
    license INTEGER PRIMARY KEY,
    -- The lowest revision that is not revoked, as in the table of licenses.
    good_from INTEGER NOT NULL,
    event INTEGER NOT NULL
);
-- Few of many.
CREATE INDEX license_revoked ON license (number) WHERE good_from IS NOT NULL;
