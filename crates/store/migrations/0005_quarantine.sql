-- What crashed its handling, and how often; `block` is the chain's at the latest crash.
CREATE TABLE quarantine (
    kind    TEXT    NOT NULL,
    item_id TEXT    NOT NULL,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32),
    crashes INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    PRIMARY KEY (kind, item_id, digest)
);

-- Claims of a hotkey that is registered no more are found without a walk over all of them.
CREATE INDEX claims_by_hotkey ON claims (hotkey);
