-- What schema-3.sql adds, for PostgreSQL.

CREATE TABLE trust (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    role TEXT COLLATE "C" NOT NULL,
    test BIGINT NOT NULL,
    contact TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE issuer_rule (
    issuer BIGINT PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    limits TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE bundle (
    number BIGINT PRIMARY KEY,
    issued TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE partner (
    issuer BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    public_key TEXT COLLATE "C" NOT NULL UNIQUE,
    ledger_key TEXT COLLATE "C" NOT NULL,
    desk TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    limits TEXT COLLATE "C" NOT NULL,
    allotment BIGINT,
    created TEXT COLLATE "C" NOT NULL,
    event BIGINT NOT NULL
);
CREATE TABLE partner_book (
    issuer BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    link BYTEA NOT NULL CHECK (octet_length(link) = 32),
    event BIGINT NOT NULL
);
CREATE TABLE partner_code (
    issuer BIGINT NOT NULL,
    license BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    signature BYTEA NOT NULL CHECK (octet_length(signature) = 64),
    event BIGINT NOT NULL,
    PRIMARY KEY (issuer, license, revision)
);
CREATE TABLE revocation (
    license BIGINT PRIMARY KEY,
    good_from BIGINT NOT NULL,
    event BIGINT NOT NULL
);
CREATE INDEX license_revoked ON license (number) WHERE good_from IS NOT NULL;
