-- Keys (requirements A6 and E7, docs/adr/0023). Whoever has this database alone opens nothing of it: every key in it is
-- wrapped by a key-encryption key, which stands elsewhere and is named by its fingerprint.

-- The keys of the installation: the root of keyed hashes, and what seals that which only passes through.
CREATE TABLE keyring (
    name TEXT NOT NULL PRIMARY KEY CONSTRAINT keyring_name CHECK (name IN ('root', 'passage')),
    kek TEXT NOT NULL CONSTRAINT keyring_kek CHECK (length(kek) = 16),
    wrapped BYTEA NOT NULL
);

-- The key of each person, with what the bank calls the person, sealed with it. A person is a keyed hash. A row that is
-- gone is a person who was forgotten: nothing that the key sealed opens any more.
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY CONSTRAINT data_keys_id CHECK (length(id) = 32),
    person TEXT NOT NULL CONSTRAINT data_keys_person UNIQUE CONSTRAINT data_keys_hash CHECK (length(person) = 64),
    kek TEXT NOT NULL CONSTRAINT data_keys_kek CHECK (length(kek) = 16),
    wrapped BYTEA NOT NULL,
    named BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
-- Whoever rotates looks for those of another key-encryption key.
CREATE INDEX data_keys_by_kek ON data_keys (kek);

-- With whose key a conversation, and all that hangs on it, is sealed. None where nobody is left.
ALTER TABLE conversations ADD COLUMN data_key TEXT CONSTRAINT conversations_data_key REFERENCES data_keys (id);
CREATE INDEX conversations_by_data_key ON conversations (data_key);

-- Subjects are keyed hashes from here on. Who a hold is on is told by the person's key.
ALTER TABLE legal_holds ADD COLUMN data_key TEXT;
-- Who a session of the pages is of, sealed.
ALTER TABLE page_sessions ADD COLUMN named TEXT;
