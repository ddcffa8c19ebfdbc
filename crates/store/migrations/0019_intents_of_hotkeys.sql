-- Whose weights an intent holds: another wallet on the same store has windows of its own. What was signed before this
-- migration names its signer itself: an extrinsic is its length (compact: 1, 2 or 4 bytes), 0x84 for a signed one of version
-- 4, 0x00 for an account's id, and the account. NULL where these bytes say nothing.
ALTER TABLE intents ADD COLUMN hotkey BLOB;

UPDATE intents SET hotkey = substr(extrinsic, 4, 32) WHERE substr(extrinsic, 2, 2) = x'8400' AND length(extrinsic) > 35;
UPDATE intents SET hotkey = substr(extrinsic, 5, 32) WHERE substr(extrinsic, 3, 2) = x'8400' AND length(extrinsic) > 36
    AND hotkey IS NULL;
UPDATE intents SET hotkey = substr(extrinsic, 7, 32) WHERE substr(extrinsic, 5, 2) = x'8400' AND length(extrinsic) > 38
    AND hotkey IS NULL;

-- NULL outcome: not known yet.
DROP INDEX one_submission_a_window;
CREATE UNIQUE INDEX one_submission_a_window ON intents (window_start, COALESCE(hotkey, x''))
    WHERE reached_chain IS NULL OR reached_chain = 1;
