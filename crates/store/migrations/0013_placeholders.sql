-- Which value of a conversation has which placeholder (<PERSON_1>), sealed; no secret is among them. It is a column of
-- the conversation, so that nothing can take the conversation away and leave it behind.
ALTER TABLE conversations ADD COLUMN placeholders BYTEA;

-- Keyed tokens of personal data, for counting; only where the bank has set a key. Pseudonymous data: they go with the
-- interaction.
CREATE TABLE pii_tokens (
    interaction TEXT NOT NULL CONSTRAINT pii_tokens_interaction REFERENCES interactions (id) ON DELETE CASCADE,
    type TEXT NOT NULL CONSTRAINT pii_tokens_type_given CHECK (type <> ''),
    token TEXT NOT NULL CONSTRAINT pii_tokens_token CHECK (length(token) = 16),
    created_at BIGINT NOT NULL,
    CONSTRAINT pii_tokens_once PRIMARY KEY (interaction, type, token)
);
CREATE INDEX pii_tokens_by_token ON pii_tokens (type, token);
