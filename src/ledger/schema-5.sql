-- Who sells, and what is known of customers beside their names. Tables of their own, because the book has digests of
-- the rows that were there before.

-- What a renewal needs to know of a customer.
CREATE TABLE customer_contact (
    customer INTEGER PRIMARY KEY,
    -- Nothing: the customer's name.
    company TEXT,
    -- Lines.
    address TEXT,
    telephone TEXT,
    person TEXT,
    -- Nothing: the customer's own.
    email TEXT,
    -- Nothing: the vendor's.
    language TEXT,
    -- Hides all of it in the book.
    salt BLOB NOT NULL,
    event INTEGER NOT NULL
);
-- Partners who sell. The vendor is none of them.
CREATE TABLE account (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    company TEXT,
    address TEXT,
    telephone TEXT,
    person TEXT,
    email TEXT,
    language TEXT,
    -- Names, separated by commas.
    privileges TEXT NOT NULL,
    active INTEGER NOT NULL,
    salt BLOB NOT NULL,
    event INTEGER NOT NULL
);
-- Resellers of record. Nothing: the vendor sells itself.
CREATE TABLE reseller (
    customer INTEGER PRIMARY KEY,
    account INTEGER,
    event INTEGER NOT NULL
);
CREATE INDEX reseller_account ON reseller (account);
-- Customers whose names are gone (rule D9).
CREATE TABLE purged_customer (
    customer INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    event INTEGER NOT NULL
);
-- Operators who work for a partner. Nothing: for the vendor again.
CREATE TABLE operator_account (
    operator TEXT PRIMARY KEY,
    account INTEGER,
    event INTEGER NOT NULL
);
-- Keys that partners hand out, each to be redeemed once.
CREATE TABLE registration_key (
    number INTEGER PRIMARY KEY,
    -- Of what is printed, which stands nowhere: whoever reads a backup can redeem nothing.
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    account INTEGER NOT NULL,
    product INTEGER NOT NULL,
    units INTEGER NOT NULL,
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Of the license that it became.
    license INTEGER,
    -- On which day its state became what it is.
    day TEXT NOT NULL,
    event INTEGER NOT NULL
);
CREATE INDEX registration_key_account ON registration_key (account);
-- Which renewal notices were written: once for each license, last day and threshold.
CREATE TABLE notice_written (
    license INTEGER NOT NULL,
    -- Which it names, in days since 2020-01-01.
    last INTEGER NOT NULL,
    -- In days.
    threshold INTEGER NOT NULL,
    day TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (license, last, threshold)
);
