-- What a cycle's miners had earned, smoothed over time: before top N and burning, and so what the next cycle is smoothed with.
-- Cycles of development builds have none: nothing is smoothed with their scores.
CREATE TABLE cycle_smoothed_scores (
    cycle         INTEGER PRIMARY KEY REFERENCES cycles (cycle),
    smoothed_json TEXT    NOT NULL
);
