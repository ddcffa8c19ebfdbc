-- The gist by which a claim's pair was first seen, as `username:gist_id`; NULL in claims of earlier releases.
ALTER TABLE claims ADD COLUMN gist TEXT;

-- The block of the commitment that pinned the revision. From here on `committed_at` is since when the hotkey has been
-- committed to the gist, whatever the revision.
ALTER TABLE holdings ADD COLUMN pinned_at INTEGER;
UPDATE holdings SET pinned_at = committed_at WHERE pointer LIKE '%@%';
ALTER TABLE good_pointers ADD COLUMN committed_at INTEGER;
UPDATE good_pointers SET committed_at = (
    SELECT MIN(committed_at) FROM holdings WHERE holdings.hotkey = good_pointers.hotkey
    AND holdings.pointer = good_pointers.pointer AND holdings.digest = good_pointers.digest);

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

-- Before the first round that anything tells of, none was held.
INSERT INTO unwatched_blocks SELECT 0, round FROM claims WHERE round > 0 ORDER BY round LIMIT 1;
