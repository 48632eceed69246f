-- Sessions of the pages, which every replica knows and which a restart does not end. Of a session's token there is
-- the SHA-256 alone; what the directory calls the person is sealed.
CREATE TABLE page_sessions (
    id TEXT NOT NULL CONSTRAINT page_sessions_once PRIMARY KEY,
    token_hash TEXT NOT NULL CONSTRAINT page_sessions_token UNIQUE,
    subject TEXT NOT NULL CONSTRAINT page_sessions_subject CHECK (subject <> ''),
    label BYTEA,
    role TEXT NOT NULL CONSTRAINT page_sessions_role
        CHECK (role IN ('customer', 'banker', 'supervisor', 'auditor', 'admin')),
    mode TEXT CONSTRAINT page_sessions_mode CHECK (mode IN ('customer', 'banker')),
    -- SHA-256 of the session at the identity provider, which the provider's logout names.
    provider_session TEXT,
    from_ip TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    CONSTRAINT page_sessions_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX page_sessions_by_subject ON page_sessions (subject);
CREATE INDEX page_sessions_by_provider ON page_sessions (provider_session);
CREATE INDEX page_sessions_by_end ON page_sessions (ends_at);
-- Why an attempt was refused, in one word.
ALTER TABLE access_events ADD COLUMN reason TEXT;
