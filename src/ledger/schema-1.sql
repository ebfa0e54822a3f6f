-- The first tables: what was sold, and the codes. Never changed.
CREATE TABLE desk (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    vendor TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE TABLE issuer (
    number INTEGER PRIMARY KEY,
    public_key TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL
);
CREATE TABLE product (
    id INTEGER PRIMARY KEY,
    mnemonic TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE TABLE suite_member (
    suite INTEGER NOT NULL REFERENCES product (id),
    member INTEGER NOT NULL REFERENCES product (id),
    PRIMARY KEY (suite, member)
);
CREATE TABLE customer (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE license (
    number INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL REFERENCES customer (number)
);
-- A revision without a signature is reserved: its number is never used again, and
-- the same order goes on from there. The payload has the terms as they are signed;
-- the days are the true ones, which a code cannot always carry (rule D2).
CREATE TABLE revision (
    license INTEGER NOT NULL REFERENCES license (number),
    revision INTEGER NOT NULL,
    order_reference TEXT UNIQUE,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    payload BLOB NOT NULL,
    signature BLOB CHECK (length(signature) = 64),
    PRIMARY KEY (license, revision)
);
