-- What schema-4.sql adds, for PostgreSQL.

CREATE TABLE bound_code (
    license BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    host BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    signature BYTEA NOT NULL CHECK (octet_length(signature) = 64),
    event BIGINT NOT NULL,
    PRIMARY KEY (license, revision, host)
);
CREATE TABLE bound_row (
    key BIGINT NOT NULL,
    license BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    host BIGINT NOT NULL,
    PRIMARY KEY (key, license, revision, host)
);
CREATE TABLE usage_claim (
    license BIGINT NOT NULL,
    host BIGINT NOT NULL,
    day BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    product BIGINT NOT NULL,
    in_use BIGINT NOT NULL,
    clock TEXT COLLATE "C" NOT NULL,
    bundle BIGINT,
    event BIGINT NOT NULL,
    PRIMARY KEY (license, host, day)
);
