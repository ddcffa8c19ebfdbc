-- What one content, one hotkey or one cycle is asked for is found without a walk over the history.

CREATE INDEX claims_by_content ON claims (content_id);
CREATE INDEX intents_by_cycle ON intents (cycle);
