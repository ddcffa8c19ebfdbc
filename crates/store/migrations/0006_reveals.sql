-- Timelocked commits: when the chain is to reveal them, and whether it did; both NULL for plain weights.
ALTER TABLE intents ADD COLUMN reveal_json TEXT;
ALTER TABLE intents ADD COLUMN reveal_outcome_json TEXT;

-- What is still watched is found without a walk over all intents.
CREATE INDEX watched_reveals ON intents (window_start)
    WHERE reached_chain = 1 AND reveal_json IS NOT NULL AND reveal_outcome_json IS NULL;
