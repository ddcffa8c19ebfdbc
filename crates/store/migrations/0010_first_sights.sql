-- The first number of views, and of plays, that was seen of a content: with the block of its observation. What was observed
-- before this migration gives it as far as its observations are kept.
ALTER TABLE contents ADD COLUMN first_views_block INTEGER;
ALTER TABLE contents ADD COLUMN first_views_time_ms INTEGER;
ALTER TABLE contents ADD COLUMN first_view_count INTEGER;
ALTER TABLE contents ADD COLUMN first_plays_block INTEGER;
ALTER TABLE contents ADD COLUMN first_plays_time_ms INTEGER;
ALTER TABLE contents ADD COLUMN first_play_count INTEGER;

UPDATE contents SET (first_views_block, first_views_time_ms, first_view_count) = (
    SELECT block, time_ms, view_count FROM observations
    WHERE observations.content_key = contents.content_key AND view_count IS NOT NULL
    ORDER BY block, observation_id LIMIT 1);
UPDATE contents SET (first_plays_block, first_plays_time_ms, first_play_count) = (
    SELECT block, time_ms, play_count FROM observations
    WHERE observations.content_key = contents.content_key AND play_count IS NOT NULL
    ORDER BY block, observation_id LIMIT 1);
