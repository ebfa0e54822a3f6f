-- What schema-2.sql comes to, for PostgreSQL: the same tables and columns, so that the same statements run. A test
-- compares them. Numbers and yes or no are BIGINT, as they are bound; texts are ordered by their bytes, as in SQLite.
-- An index here also has the columns that SQLite puts behind each of its own: those of the primary key.

CREATE TABLE desk (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    vendor TEXT COLLATE "C" NOT NULL,
    created TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL,
    next_license BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE event (
    sequence BIGINT PRIMARY KEY,
    day TEXT COLLATE "C" NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    license BIGINT,
    previous BIGINT,
    facts TEXT COLLATE "C" NOT NULL,
    wrote TEXT COLLATE "C" NOT NULL,
    link BYTEA NOT NULL
);
CREATE TABLE issuer (
    number BIGINT PRIMARY KEY,
    public_key TEXT COLLATE "C" NOT NULL UNIQUE,
    created TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE ledger_key (
    public_key TEXT COLLATE "C" PRIMARY KEY,
    created TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE operator (
    name TEXT COLLATE "C" PRIMARY KEY,
    role TEXT COLLATE "C" NOT NULL,
    passphrase TEXT COLLATE "C",
    active BIGINT NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE limits (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    most_units BIGINT,
    longest_days BIGINT,
    back_dating_days BIGINT,
    approval_above BIGINT,
    event BIGINT NOT NULL
);
CREATE TABLE request (
    number BIGINT PRIMARY KEY,
    day TEXT COLLATE "C" NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    change TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE product (
    id BIGINT PRIMARY KEY,
    mnemonic TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    members TEXT COLLATE "C" NOT NULL,
    family TEXT COLLATE "C",
    edition_rank BIGINT NOT NULL,
    platform TEXT COLLATE "C",
    auto_enabled BIGINT NOT NULL,
    end_of_sale TEXT COLLATE "C",
    end_of_life TEXT COLLATE "C",
    use_ends BIGINT NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE customer (
    number BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    email_key TEXT COLLATE "C",
    salt BYTEA NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE license (
    number BIGINT PRIMARY KEY,
    customer BIGINT NOT NULL REFERENCES customer (number),
    good_from BIGINT,
    event BIGINT NOT NULL,
    next_revision BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE revision (
    license BIGINT NOT NULL REFERENCES license (number),
    revision BIGINT NOT NULL,
    customer BIGINT NOT NULL REFERENCES customer (number),
    order_reference TEXT COLLATE "C",
    product BIGINT NOT NULL,
    units BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    first_day TEXT COLLATE "C" NOT NULL,
    last_day TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    signature BYTEA NOT NULL CHECK (length(signature) = 64),
    event BIGINT NOT NULL,
    PRIMARY KEY (license, revision)
);
CREATE TABLE code_row (
    key BIGINT NOT NULL,
    license BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (key, license, revision)
);

CREATE INDEX event_action ON event (action, sequence) WHERE license IS NULL;
CREATE INDEX customer_name ON customer (name_key, number);
CREATE INDEX customer_email ON customer (email_key, number) WHERE email_key IS NOT NULL;
CREATE INDEX license_customer ON license (customer, number);
CREATE UNIQUE INDEX revision_order ON revision (order_reference) WHERE order_reference IS NOT NULL;
CREATE INDEX revision_last_day ON revision (last_day, license, revision);
