-- The first schema. Never edit a migration that was released: add the next one.
--
-- Conventions: a block is an INTEGER, a time is Unix milliseconds of chain time (`…_time_ms`), a hash or a public key is
-- a BLOB, `…_json` is JSON text, `…_json_gz` is JSON compressed with gzip. A count or a nonce is 64 bits without a sign,
-- stored with the same bits in a signed INTEGER. Tables with a `singleton` column have one row at most.

-- --- ChainWatcher ---------------------------------------------------------------------------------------------------

CREATE TABLE chain_binding (
    singleton    INTEGER PRIMARY KEY CHECK (singleton = 1),
    genesis_hash BLOB    NOT NULL CHECK (length(genesis_hash) = 32),
    netuid       INTEGER NOT NULL
);

CREATE TABLE latest_head (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    block     INTEGER NOT NULL,
    time_ms   INTEGER NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE latest_subnet (
    singleton   INTEGER PRIMARY KEY CHECK (singleton = 1),
    block       INTEGER NOT NULL,
    subnet_json TEXT    NOT NULL
);

-- --- GistFetcher ----------------------------------------------------------------------------------------------------

CREATE TABLE latest_gist_round (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    round     INTEGER NOT NULL
);

CREATE TABLE gist_documents (
    digest   BLOB PRIMARY KEY CHECK (length(digest) = 32),
    document BLOB NOT NULL
);

CREATE TABLE gists (
    pointer       TEXT    PRIMARY KEY,
    etag          TEXT,
    digest        BLOB    REFERENCES gist_documents (digest),
    fetched_round INTEGER,
    asked_round   INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    error         TEXT
);
CREATE INDEX gists_by_digest ON gists (digest);

CREATE TABLE holdings (
    holding_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    hotkey       BLOB    NOT NULL CHECK (length(hotkey) = 32),
    pointer      TEXT    NOT NULL,
    digest       BLOB    NOT NULL CHECK (length(digest) = 32),
    round        INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    claimed      BOOLEAN NOT NULL,
    UNIQUE (hotkey, pointer, digest)
);
CREATE INDEX holdings_unclaimed ON holdings (round, holding_id) WHERE NOT claimed;

-- --- Platforms ------------------------------------------------------------------------------------------------------

-- One row a content, with what the observations of it come to. Kept up by the transaction that adds observations, so
-- that no reader walks the history.
CREATE TABLE contents (
    content_key     INTEGER PRIMARY KEY,
    platform        TEXT    NOT NULL,
    content_id      TEXT    NOT NULL,
    latest_block    INTEGER,
    latest_time_ms  INTEGER,
    latest_present  BOOLEAN,
    seen_before     BOOLEAN NOT NULL,
    views_block     INTEGER,
    views_time_ms   INTEGER,
    view_count      INTEGER,
    plays_block     INTEGER,
    plays_time_ms   INTEGER,
    play_count      INTEGER,
    details_block   INTEGER,
    details_digest  BLOB,
    published_at_ms INTEGER,
    broadcast       TEXT,
    UNIQUE (platform, content_id)
);

-- The uploader's texts in their newest form, apart from the small rows that most queries read.
CREATE TABLE content_texts (
    content_key   INTEGER PRIMARY KEY REFERENCES contents (content_key),
    title         TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    author        TEXT    NOT NULL,
    tags_json     TEXT    NOT NULL,
    duration_secs INTEGER,
    thumbnail_url TEXT
);

-- The history: only ever added to, and thinned out by age. `sighting_digest` covers all that was seen, texts too, so
-- that the same observation is stored once however often it arrives.
CREATE TABLE observations (
    observation_id  INTEGER PRIMARY KEY,
    content_key     INTEGER NOT NULL REFERENCES contents (content_key),
    block           INTEGER NOT NULL,
    time_ms         INTEGER NOT NULL,
    present         BOOLEAN NOT NULL,
    view_count      INTEGER,
    play_count      INTEGER,
    like_count      INTEGER,
    comment_count   INTEGER,
    sighting_digest BLOB    NOT NULL,
    UNIQUE (content_key, block, sighting_digest)
);

CREATE TABLE quota_ledger (
    bucket      TEXT    NOT NULL,
    quota_date  TEXT    NOT NULL,
    units_spent INTEGER NOT NULL CHECK (units_spent >= 0),
    PRIMARY KEY (bucket, quota_date)
);

-- --- Scorer ---------------------------------------------------------------------------------------------------------

-- Ids as the miner wrote them, not checked: a claim may be for a task that becomes known later.
CREATE TABLE claims (
    task_id            TEXT    NOT NULL,
    content_id         TEXT    NOT NULL,
    hotkey             BLOB    NOT NULL CHECK (length(hotkey) = 32),
    pinned_at          INTEGER,
    round              INTEGER NOT NULL,
    gist_updated_at_ms INTEGER,
    committed_at       INTEGER NOT NULL,
    PRIMARY KEY (task_id, content_id, hotkey)
);

CREATE INDEX claims_by_round ON claims (round);

-- `scored_hotkeys` counts the entries of `scores_json`; both are null until the cycle is decided.
CREATE TABLE cycles (
    cycle          INTEGER PRIMARY KEY,
    block          INTEGER NOT NULL,
    time_ms        INTEGER NOT NULL,
    scored_hotkeys INTEGER,
    scores_json    TEXT
);

CREATE TABLE cycle_subnets (
    cycle       INTEGER PRIMARY KEY REFERENCES cycles (cycle),
    subnet_json TEXT    NOT NULL
);

CREATE TABLE cycle_decisions (
    cycle               INTEGER PRIMARY KEY REFERENCES cycles (cycle),
    release_version     TEXT    NOT NULL,
    policy_json         TEXT    NOT NULL,
    errors_json         TEXT    NOT NULL,
    evidence_json_gz    BLOB    NOT NULL,
    submissions_json_gz BLOB    NOT NULL
);

-- --- WeightSetter ---------------------------------------------------------------------------------------------------

-- `window` is a word of SQL, hence the longer name. A submission that reached no block (refused, or its era passed) does
-- not count; of those that may have, the index below allows one a window.
CREATE TABLE intents (
    id             INTEGER PRIMARY KEY,
    window_start   INTEGER NOT NULL,
    cycle          INTEGER NOT NULL,
    signed_block   INTEGER NOT NULL,
    signed_time_ms INTEGER NOT NULL,
    entries_json   TEXT    NOT NULL,
    extrinsic      BLOB    NOT NULL,
    extrinsic_hash BLOB    NOT NULL CHECK (length(extrinsic_hash) = 32),
    nonce          INTEGER NOT NULL,
    valid_until    INTEGER NOT NULL,
    reached_chain  INTEGER,
    outcome_json   TEXT
);

-- NULL: not known yet.
CREATE UNIQUE INDEX one_submission_a_window ON intents (window_start) WHERE reached_chain IS NULL OR reached_chain = 1;
