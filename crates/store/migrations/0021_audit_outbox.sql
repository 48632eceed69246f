-- What is to become an entry of the audit log (requirement E6), written in the transaction of what happened. The
-- sequencer takes it from here, in batches, the oldest first. Each of these tables has one index, in the order in which
-- rows come: they are written with every record.
CREATE TABLE audit_outbox (
    happened_at BIGINT NOT NULL,
    event TEXT NOT NULL CONSTRAINT audit_outbox_event_given CHECK (event <> ''),
    body TEXT NOT NULL,
    CONSTRAINT audit_outbox_once PRIMARY KEY (happened_at, event)
);

-- The salts under which entries commit to records of interactions. They stand outside the log, because they are
-- destroyed when a record is erased: nobody can find out then what its entry stood for.
CREATE TABLE audit_salts (
    interaction TEXT NOT NULL,
    event TEXT NOT NULL,
    salt BYTEA NOT NULL CONSTRAINT audit_salts_length CHECK (length(salt) = 32),
    CONSTRAINT audit_salts_once PRIMARY KEY (interaction, event)
);
