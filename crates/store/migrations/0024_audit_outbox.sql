-- What is to become an entry of the audit log (requirement E6), written in the transaction of what happened. The
-- sequencer takes it from here, in batches.
CREATE TABLE audit_outbox (
    event TEXT NOT NULL PRIMARY KEY CONSTRAINT audit_outbox_event_given CHECK (event <> ''),
    happened_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX audit_outbox_by_time ON audit_outbox (happened_at, event);

-- The salts under which entries commit to records of interactions. They stand outside the log, because they are
-- destroyed when a record is erased: nobody can find out then what its entry stood for.
CREATE TABLE audit_salts (
    event TEXT NOT NULL PRIMARY KEY,
    interaction TEXT NOT NULL,
    salt BYTEA NOT NULL CONSTRAINT audit_salts_length CHECK (length(salt) = 32)
);
CREATE INDEX audit_salts_by_interaction ON audit_salts (interaction);
