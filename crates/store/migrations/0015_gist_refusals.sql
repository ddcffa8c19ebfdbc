-- How often in a row GitHub said that there is nothing to read at a pointer: it is asked for ever more rarely then.
ALTER TABLE gists ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- What a hotkey's gist was when it was last read while the hotkey was committed to it; `round` is when it was first seen so. It
-- stands in for a newer pointer as long as that was never read.
CREATE TABLE good_pointers (
    hotkey  BLOB    PRIMARY KEY CHECK (length(hotkey) = 32),
    pointer TEXT    NOT NULL,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32),
    round   INTEGER NOT NULL
);
INSERT INTO good_pointers (hotkey, pointer, digest, round)
    SELECT hotkey, pointer, digest, round FROM holdings
    WHERE holding_id IN (SELECT MAX(holding_id) FROM holdings GROUP BY hotkey);
