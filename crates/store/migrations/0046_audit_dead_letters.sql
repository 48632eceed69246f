-- What stood in the outbox of the audit log and is no event (requirement E6): put aside as it stands, so that it is not in
-- the way of the events behind it. A version that can read one puts it back.
CREATE TABLE audit_dead_letters (
    id TEXT NOT NULL PRIMARY KEY CONSTRAINT audit_dead_letters_id_given CHECK (id <> ''),
    happened TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    found_at BIGINT NOT NULL
);
