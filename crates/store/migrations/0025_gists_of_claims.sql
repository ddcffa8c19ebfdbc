-- The gist by which a claim's pair was first seen, as `username:gist_id`; NULL in claims of earlier releases.
ALTER TABLE claims ADD COLUMN gist TEXT;

-- The block of the commitment that pinned the revision. From here on `committed_at` is since when the hotkey has been
-- committed to the gist, whatever the revision: as far as is known, since the first of its commitments to it.
ALTER TABLE holdings ADD COLUMN pinned_at INTEGER;
UPDATE holdings SET pinned_at = committed_at WHERE pointer LIKE '%@%';
ALTER TABLE good_pointers ADD COLUMN committed_at INTEGER;
-- A pointer is `username:gist_id` or `username:gist_id@revision`. A gist's id is its own; its user may be written in several ways.
CREATE TABLE commitments (
    hotkey  BLOB    NOT NULL,
    gist_id TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (hotkey, gist_id)
);
INSERT INTO commitments
    SELECT hotkey, substr(pointer, instr(pointer, ':') + 1, instr(pointer || '@', '@') - instr(pointer, ':') - 1) AS gist_id,
           MIN(committed_at)
    FROM holdings GROUP BY hotkey, gist_id;
UPDATE holdings SET committed_at = (
    SELECT since FROM commitments WHERE commitments.hotkey = holdings.hotkey AND commitments.gist_id =
    substr(pointer, instr(pointer, ':') + 1, instr(pointer || '@', '@') - instr(pointer, ':') - 1));
UPDATE good_pointers SET committed_at = (
    SELECT since FROM commitments WHERE commitments.hotkey = good_pointers.hotkey AND commitments.gist_id =
    substr(pointer, instr(pointer, ':') + 1, instr(pointer || '@', '@') - instr(pointer, ':') - 1));
DROP TABLE commitments;

-- The round in which a holding's pairs did not all have room among the claims of its hotkey.
ALTER TABLE holdings ADD COLUMN short_of_room INTEGER;

-- A hotkey may have been seen by several gists in one round: each has a date of its own. Both names are empty where nothing
-- says which gist a date was of.
CREATE TABLE dates_by_gist (
    hotkey        BLOB    NOT NULL CHECK (length(hotkey) = 32),
    round         INTEGER NOT NULL,
    username      TEXT    NOT NULL,
    gist_id       TEXT    NOT NULL,
    waiting_since INTEGER NOT NULL,
    asked_round   INTEGER,
    silent_rounds INTEGER NOT NULL,
    absences      INTEGER NOT NULL,
    updated_at_ms INTEGER,
    undatable     TEXT,
    PRIMARY KEY (hotkey, round, username, gist_id)
);
INSERT INTO dates_by_gist
    SELECT hotkey, round, COALESCE(username, ''), COALESCE(gist_id, ''), waiting_since, asked_round, silent_rounds,
           absences, updated_at_ms, undatable FROM gist_dates;
DROP TABLE gist_dates;
ALTER TABLE dates_by_gist RENAME TO gist_dates;
CREATE INDEX gists_to_date ON gist_dates (waiting_since) WHERE updated_at_ms IS NULL AND undatable IS NULL;
CREATE INDEX dated_gists ON gist_dates (gist_id, asked_round) WHERE updated_at_ms IS NOT NULL;
CREATE INDEX dates_by_round ON gist_dates (asked_round, gist_id) WHERE updated_at_ms IS NOT NULL;

-- Before the first round that anything tells of, none was held.
INSERT INTO unwatched_blocks SELECT 0, round FROM claims WHERE round > 0 ORDER BY round LIMIT 1;
