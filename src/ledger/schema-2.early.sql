-- Ledgers that early builds made under number 2 lack a column of the desk, which later ones have before its last; and
-- in those that came from number 1 the next revision of a license is not said. The texts that make the tables are
-- compared with those of this release, so the column goes to its place.
CREATE TEMP TABLE early AS SELECT next_license FROM desk;
ALTER TABLE desk DROP COLUMN next_license;
ALTER TABLE desk ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE desk ADD COLUMN next_license INTEGER NOT NULL DEFAULT 1;
UPDATE desk SET next_license = (SELECT next_license FROM temp.early);
DROP TABLE temp.early;
UPDATE license SET next_revision = (SELECT MAX(revision) + 1 FROM revision r WHERE r.license = license.number)
    WHERE next_revision = 0;
