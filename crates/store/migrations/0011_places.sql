-- The rule for places under which a holding's claims were made (its digest); NULL where no claims were made yet, or by a release
-- that claimed every pair. Where the rule has changed since, the claims of what a gist holds now are made once more.
ALTER TABLE holdings ADD COLUMN claimed_under BLOB;

-- What a gist holds now is found by the gist, without a walk over everything that was ever held.
CREATE INDEX holdings_by_content ON holdings (pointer, digest);
