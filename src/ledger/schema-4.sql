-- What hosts asked for. Tables of their own, because the book has digests of the rows that were there before.

-- Codes of a revision that one host alone accepts: of the same license and terms, beside the revision's own code.
CREATE TABLE bound_code (
    license INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    host INTEGER NOT NULL,
    -- The terms as they are signed.
    payload BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    event INTEGER NOT NULL,
    PRIMARY KEY (license, revision, host)
) WITHOUT ROWID;
-- What finds one of them by one of its rows, as code_row does the others.
CREATE TABLE bound_row (
    key INTEGER NOT NULL,
    license INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    host INTEGER NOT NULL,
    PRIMARY KEY (key, license, revision, host)
) WITHOUT ROWID;
-- What installations say of their use: claims, which nobody signed. The newest of a license and a host counts.
CREATE TABLE usage_claim (
    license INTEGER NOT NULL,
    host INTEGER NOT NULL,
    -- Since 2020-01-01: keys of rows are numbers.
    day INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    product INTEGER NOT NULL,
    -- By the whole installation, which may have several licenses.
    in_use INTEGER NOT NULL,
    clock TEXT NOT NULL,
    bundle INTEGER,
    event INTEGER NOT NULL,
    PRIMARY KEY (license, host, day)
) WITHOUT ROWID;
