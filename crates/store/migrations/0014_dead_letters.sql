-- Entries of the ledger that the tables refuse, with the reason, until an operator replays or drops them
-- (requirement B3). What a person wrote is sealed inside the entry, for its table, column and row. There is no
-- foreign key: what can't be written may be the very row that one would point at.
CREATE TABLE dead_letters (
    -- The interaction and the phase; of bytes that can't be read, their fingerprint.
    id TEXT NOT NULL PRIMARY KEY CONSTRAINT dead_letters_id_given CHECK (id <> ''),
    interaction TEXT,
    phase TEXT CONSTRAINT dead_letters_phase CHECK (phase IN ('start', 'completion', 'withdrawal')),
    entry BYTEA NOT NULL,
    reason TEXT NOT NULL CONSTRAINT dead_letters_reason_given CHECK (reason <> ''),
    tries BIGINT NOT NULL CONSTRAINT dead_letters_tries CHECK (tries > 0),
    created_at BIGINT NOT NULL,
    last_tried_at BIGINT NOT NULL,
    CONSTRAINT dead_letters_tried_after CHECK (last_tried_at >= created_at),
    CONSTRAINT dead_letters_named CHECK ((interaction IS NULL) = (phase IS NULL))
);
CREATE INDEX dead_letters_by_time ON dead_letters (created_at);
