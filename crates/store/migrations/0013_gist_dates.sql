-- The dates of gists whose claims are in dispute, one for a hotkey and the round in which it was first seen with a content.
-- A row without `updated_at_ms` and `undatable` is in line to be asked for. Of dates that were known before this migration
-- nothing says which gist they were of.
CREATE TABLE gist_dates (
    hotkey        BLOB    NOT NULL CHECK (length(hotkey) = 32),
    round         INTEGER NOT NULL,
    username      TEXT,
    gist_id       TEXT,
    waiting_since INTEGER NOT NULL,
    asked_round   INTEGER,
    silent_rounds INTEGER NOT NULL,
    absences      INTEGER NOT NULL,
    updated_at_ms INTEGER,
    undatable     TEXT,
    PRIMARY KEY (hotkey, round)
);
CREATE INDEX gists_to_date ON gist_dates (waiting_since) WHERE updated_at_ms IS NULL AND undatable IS NULL;

INSERT INTO gist_dates (hotkey, round, waiting_since, asked_round, silent_rounds, absences, updated_at_ms)
    SELECT hotkey, round, round, round, 0, 0, MIN(gist_updated_at_ms) FROM claims
    WHERE gist_updated_at_ms IS NOT NULL GROUP BY hotkey, round;
-- From here on `claims.gist_updated_at_ms` is neither written nor read.

-- When the blocks were that date claims in dispute: as counted when that was first needed, so that it never moves.
CREATE TABLE block_times (
    block   INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL
);

-- Whose claims of a round are in dispute is asked hotkey by hotkey.
DROP INDEX claims_by_round;
CREATE INDEX claims_by_round ON claims (round, hotkey);
