-- What hotkeys owe after a cycle for what earlier cycles paid too much. Cycles after which nothing is owed have no row.
CREATE TABLE cycle_debts (
    cycle      INTEGER PRIMARY KEY REFERENCES cycles (cycle),
    debts_json TEXT    NOT NULL
);
