-- What schema-5.sql adds, for PostgreSQL.

CREATE TABLE customer_contact (
    customer BIGINT PRIMARY KEY,
    company TEXT COLLATE "C",
    address TEXT COLLATE "C",
    telephone TEXT COLLATE "C",
    person TEXT COLLATE "C",
    email TEXT COLLATE "C",
    language TEXT COLLATE "C",
    salt BYTEA NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE account (
    number BIGINT PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL UNIQUE,
    company TEXT COLLATE "C",
    address TEXT COLLATE "C",
    telephone TEXT COLLATE "C",
    person TEXT COLLATE "C",
    email TEXT COLLATE "C",
    language TEXT COLLATE "C",
    privileges TEXT COLLATE "C" NOT NULL,
    active BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE reseller (
    customer BIGINT PRIMARY KEY,
    account BIGINT,
    event BIGINT NOT NULL
);
CREATE INDEX reseller_account ON reseller (account, customer);
CREATE TABLE purged_customer (
    customer BIGINT PRIMARY KEY,
    day TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE operator_account (
    operator TEXT COLLATE "C" PRIMARY KEY,
    account BIGINT,
    event BIGINT NOT NULL
);
CREATE TABLE registration_key (
    number BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    account BIGINT NOT NULL,
    product BIGINT NOT NULL,
    units BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    license BIGINT,
    day TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE INDEX registration_key_account ON registration_key (account);
CREATE TABLE notice_written (
    license BIGINT NOT NULL,
    last BIGINT NOT NULL,
    threshold BIGINT NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (license, last, threshold)
);
