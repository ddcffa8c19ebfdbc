-- What the platform says of a content beside its numbers; NULL where it says nothing.
ALTER TABLE content_texts ADD COLUMN synthetic_media BOOLEAN;
ALTER TABLE content_texts ADD COLUMN age_restricted BOOLEAN;
ALTER TABLE content_texts ADD COLUMN upload_rejected BOOLEAN;

-- The newest verdict of each provider on each question. `task_id` is empty where the question is not about a task.
CREATE TABLE content_verdicts (
    content_key  INTEGER NOT NULL REFERENCES contents (content_key),
    check_name   TEXT    NOT NULL,
    task_id      TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    block        INTEGER NOT NULL,
    time_ms      INTEGER NOT NULL,
    verdict_json TEXT    NOT NULL,
    PRIMARY KEY (content_key, check_name, task_id, provider)
);

-- The questions of a content that lack a verdict, with the block of the first cycle that wanted it.
CREATE TABLE verdict_waits (
    content_key INTEGER NOT NULL REFERENCES contents (content_key),
    check_name  TEXT    NOT NULL,
    task_id     TEXT    NOT NULL,
    time_ms     INTEGER NOT NULL,
    wait_json   TEXT    NOT NULL,
    PRIMARY KEY (content_key, check_name, task_id)
);
