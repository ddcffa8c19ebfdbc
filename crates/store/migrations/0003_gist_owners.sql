-- Whose a gist is, as GitHub's API says, by `username:gist_id`; `owner_id` is the account that was seen first.
CREATE TABLE gist_owners (
    username      TEXT    NOT NULL,
    gist_id       TEXT    NOT NULL,
    asked_round   INTEGER NOT NULL,
    owner_id      INTEGER,
    absences      INTEGER NOT NULL,
    refusal_json  TEXT,
    PRIMARY KEY (username, gist_id)
);

-- Blocks between two polling rounds in which no round was held.
CREATE TABLE unwatched_blocks (
    from_block  INTEGER PRIMARY KEY,
    until_block INTEGER NOT NULL
);
