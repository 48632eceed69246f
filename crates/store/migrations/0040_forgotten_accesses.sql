-- The number of a case may hold somebody's name: `matter` is a keyed hash of it, and what people read is sealed with the
-- key of whom the hold is on (requirement A6). A row of before has no such words until the next purge.
ALTER TABLE legal_holds ADD COLUMN words TEXT;

-- By what the access events are found that concern whom a hold is on: keyed hashes, and `person:` with one (A7, E7).
CREATE TABLE hold_traces (
    hold TEXT NOT NULL CONSTRAINT hold_traces_hold REFERENCES legal_holds (id),
    trace TEXT NOT NULL CONSTRAINT hold_traces_given CHECK (trace <> ''),
    CONSTRAINT hold_traces_once PRIMARY KEY (trace, hold)
);
CREATE INDEX hold_traces_by_hold ON hold_traces (hold);

-- Under which keyed hashes access events knew whom was forgotten, and until when: what a spool brings later loses who and
-- from where too (E7).
CREATE TABLE erased_actors (
    whose TEXT NOT NULL CONSTRAINT erased_actors_once PRIMARY KEY CONSTRAINT erased_actors_given CHECK (whose <> ''),
    erased_at BIGINT NOT NULL
);

-- Interactions that a receipt is not of, because a legal hold keeps them.
ALTER TABLE erasures ADD COLUMN held BIGINT NOT NULL DEFAULT 0 CONSTRAINT erasures_held CHECK (held >= 0);

-- A rotation takes the keys of another key-encryption key in the order of their ids, batch by batch.
DROP INDEX data_keys_by_kek;
CREATE INDEX data_keys_by_kek ON data_keys (kek, id);
