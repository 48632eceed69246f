-- The first schema. One text for SQLite and PostgreSQL (docs/adr/0003):
-- ids are hyphenated UUIDs in TEXT, moments are BIGINT microseconds since 1970 and end in _at, days
-- are TEXT (YYYY-MM-DD), enums are TEXT with their words in a CHECK, lists are JSON in TEXT, and
-- what a person wrote is BYTEA, sealed for its table, column and row (requirement A6).
-- Constraints have names, so that an error can say which law was broken without quoting the row.

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT api_keys_name_given CHECK (name <> ''),
    prefix TEXT NOT NULL,
    -- SHA-256 of the key, hex. Keys are random and long, so a plain hash is right.
    hash TEXT NOT NULL CONSTRAINT api_keys_hash_once UNIQUE,
    role TEXT NOT NULL CONSTRAINT api_keys_role
        CHECK (role IN ('customer', 'banker', 'supervisor', 'auditor', 'admin', 'service')),
    mode TEXT CONSTRAINT api_keys_mode CHECK (mode IN ('customer', 'banker')),
    rate_per_minute BIGINT CONSTRAINT api_keys_rate CHECK (rate_per_minute > 0),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    CONSTRAINT api_keys_hash_is_sha256 CHECK (length(hash) = 64)
);
-- A name may be given again once its key is revoked: that is how a key is rotated.
CREATE UNIQUE INDEX api_keys_name_once ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    mode TEXT NOT NULL CONSTRAINT conversations_mode CHECK (mode IN ('customer', 'banker')),
    subject TEXT NOT NULL,
    -- The key that speaks for the subject. Two back ends may both have a customer "4711".
    owner_key TEXT CONSTRAINT conversations_owner REFERENCES api_keys (id),
    label BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations (subject, created_at);

-- The interaction record (requirements, section S). The columns have the names of the API;
-- in the audit's words: mode is assistant_mode, question is user_query, answer is response_text,
-- confidence is confidence_score, reason is escalation_reason, cost_nano_usd is api_cost.
-- Phase one writes the columns that are NOT NULL, phase two the others.
CREATE TABLE interactions (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL CONSTRAINT interactions_request_once UNIQUE,
    correlation_id TEXT NOT NULL,
    conversation TEXT NOT NULL CONSTRAINT interactions_conversation REFERENCES conversations (id),
    subject TEXT NOT NULL,
    session TEXT NOT NULL,
    mode TEXT NOT NULL CONSTRAINT interactions_mode CHECK (mode IN ('customer', 'banker')),
    question BYTEA NOT NULL,
    intent TEXT,
    category TEXT CONSTRAINT interactions_category CHECK (category IN ('automatable', 'sensitive', 'human_only')),
    intent_probability DOUBLE PRECISION CONSTRAINT interactions_intent_probability
        CHECK (intent_probability BETWEEN 0 AND 1),
    classification_reason TEXT,
    routing TEXT CONSTRAINT interactions_routing CHECK (routing IN ('escalate', 'answer', 'guide', 'refuse')),
    answer BYTEA,
    citations TEXT,
    confidence DOUBLE PRECISION CONSTRAINT interactions_confidence CHECK (confidence BETWEEN 0 AND 1),
    outcome TEXT CONSTRAINT interactions_outcome
        CHECK (outcome IN ('resolved', 'guided', 'escalated', 'blocked', 'failed', 'interrupted')),
    decisive_trigger TEXT CONSTRAINT interactions_trigger CHECK (decisive_trigger IN (
        'security_fraud', 'emotional_distress', 'legal_hardship', 'explicit_human_request', 'financial_advice',
        'account_specific', 'human_only', 'repeated_misunderstanding', 'conflicting_evidence',
        'insufficient_evidence', 'low_confidence')),
    triggers TEXT,
    reason TEXT,
    -- The ticket points at the interaction with a foreign key; a second one back would be a circle.
    ticket TEXT,
    steps TEXT,
    retrieved_passages BIGINT CONSTRAINT interactions_passages CHECK (retrieved_passages >= 0),
    model TEXT,
    tokens_input BIGINT CONSTRAINT interactions_tokens_input CHECK (tokens_input >= 0),
    tokens_output BIGINT CONSTRAINT interactions_tokens_output CHECK (tokens_output >= 0),
    cost_nano_usd BIGINT CONSTRAINT interactions_cost CHECK (cost_nano_usd >= 0),
    pii_detected BOOLEAN NOT NULL,
    pii_masked BOOLEAN,
    knowledge_version TEXT,
    retention_policy TEXT,
    demo BOOLEAN NOT NULL,
    processing_time_ms DOUBLE PRECISION CONSTRAINT interactions_time CHECK (processing_time_ms >= 0),
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    CONSTRAINT interactions_two_phases CHECK ((completed_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT interactions_escalated_by CHECK (outcome <> 'escalated' OR decisive_trigger IS NOT NULL),
    CONSTRAINT interactions_found_is_masked CHECK (pii_masked IS NULL OR pii_masked OR NOT pii_detected),
    CONSTRAINT interactions_whole CHECK (outcome IS NULL OR outcome = 'interrupted' OR (
        intent IS NOT NULL AND category IS NOT NULL AND intent_probability IS NOT NULL
        AND classification_reason IS NOT NULL AND routing IS NOT NULL AND answer IS NOT NULL
        AND citations IS NOT NULL AND confidence IS NOT NULL AND triggers IS NOT NULL AND reason IS NOT NULL
        AND steps IS NOT NULL AND retrieved_passages IS NOT NULL AND model IS NOT NULL
        AND tokens_input IS NOT NULL AND tokens_output IS NOT NULL AND cost_nano_usd IS NOT NULL
        AND pii_masked IS NOT NULL AND knowledge_version IS NOT NULL AND retention_policy IS NOT NULL
        AND processing_time_ms IS NOT NULL))
);
CREATE INDEX interactions_by_correlation ON interactions (correlation_id);
CREATE INDEX interactions_by_time ON interactions (created_at);
CREATE INDEX interactions_by_conversation ON interactions (conversation, created_at);
CREATE INDEX interactions_by_intent ON interactions (intent, created_at);
CREATE INDEX interactions_by_outcome ON interactions (outcome, created_at);
CREATE INDEX interactions_by_cost ON interactions (cost_nano_usd);
CREATE INDEX interactions_unfinished ON interactions (created_at) WHERE completed_at IS NULL;

CREATE TABLE tickets (
    id TEXT NOT NULL PRIMARY KEY,
    interaction TEXT NOT NULL CONSTRAINT tickets_interaction REFERENCES interactions (id)
        CONSTRAINT tickets_one_an_interaction UNIQUE,
    conversation TEXT NOT NULL CONSTRAINT tickets_conversation REFERENCES conversations (id),
    mode TEXT NOT NULL CONSTRAINT tickets_mode CHECK (mode IN ('customer', 'banker')),
    decisive_trigger TEXT NOT NULL CONSTRAINT tickets_trigger CHECK (decisive_trigger IN (
        'security_fraud', 'emotional_distress', 'legal_hardship', 'explicit_human_request', 'financial_advice',
        'account_specific', 'human_only', 'repeated_misunderstanding', 'conflicting_evidence',
        'insufficient_evidence', 'low_confidence')),
    rule TEXT NOT NULL,
    -- A ticket is never without a team that owns it.
    queue TEXT NOT NULL CONSTRAINT tickets_owned CHECK (queue <> ''),
    priority TEXT NOT NULL CONSTRAINT tickets_priority CHECK (priority IN ('urgent', 'high', 'normal')),
    state TEXT NOT NULL CONSTRAINT tickets_state CHECK (state IN ('open', 'taken', 'closed')),
    question BYTEA NOT NULL,
    told BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX tickets_by_state ON tickets (state, created_at);

CREATE TABLE feedback (
    id TEXT NOT NULL PRIMARY KEY,
    interaction TEXT NOT NULL CONSTRAINT feedback_interaction REFERENCES interactions (id),
    subject TEXT NOT NULL,
    helpful BOOLEAN,
    problem BYTEA,
    created_at BIGINT NOT NULL,
    CONSTRAINT feedback_one_a_subject UNIQUE (interaction, subject),
    CONSTRAINT feedback_says_something CHECK (helpful IS NOT NULL OR problem IS NOT NULL)
);

-- What a guard refused or filtered, for review (A11).
CREATE TABLE refusals (
    id TEXT NOT NULL PRIMARY KEY,
    interaction TEXT NOT NULL CONSTRAINT refusals_interaction REFERENCES interactions (id),
    kind TEXT NOT NULL CONSTRAINT refusals_kind
        CHECK (kind IN ('injection', 'moderation', 'sql_pattern', 'script_pattern')),
    rules TEXT NOT NULL,
    message BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX refusals_by_time ON refusals (created_at);

-- Who asked for what, from where, and what came of it (A4).
CREATE TABLE access_events (
    id TEXT NOT NULL PRIMARY KEY,
    occurred_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    from_ip TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    result TEXT NOT NULL CONSTRAINT access_events_result
        CHECK (result IN ('allowed', 'unauthenticated', 'forbidden', 'limited')),
    status BIGINT NOT NULL CONSTRAINT access_events_status CHECK (status BETWEEN 100 AND 599)
);
CREATE INDEX access_events_by_time ON access_events (occurred_at);

-- Idempotency keys (B1): in flight while resource is NULL, done afterwards.
CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    route TEXT NOT NULL,
    name TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    lease_ends_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The id of what was made, never its text.
    resource TEXT,
    status BIGINT CONSTRAINT idempotency_status CHECK (status BETWEEN 100 AND 599),
    CONSTRAINT idempotency_once PRIMARY KEY (caller, route, name),
    CONSTRAINT idempotency_settled CHECK ((resource IS NULL) = (status IS NULL))
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

-- Every version of every document stays, because an answer cites the version that it read.
CREATE TABLE documents (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL CONSTRAINT documents_slug_given CHECK (slug <> ''),
    collection TEXT NOT NULL CONSTRAINT documents_collection CHECK (collection IN ('customer', 'banker')),
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    content_type TEXT NOT NULL CONSTRAINT documents_content_type CHECK (content_type IN ('public', 'synthetic')),
    product TEXT NOT NULL,
    owner TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    version BIGINT NOT NULL CONSTRAINT documents_version CHECK (version > 0),
    content_hash TEXT NOT NULL,
    text TEXT NOT NULL,
    is_current BOOLEAN NOT NULL,
    CONSTRAINT documents_version_once UNIQUE (collection, slug, version)
);
CREATE UNIQUE INDEX documents_one_current ON documents (collection, slug) WHERE is_current;
-- The same content twice is one document (P13).
CREATE UNIQUE INDEX documents_content_once ON documents (collection, content_hash) WHERE is_current;

CREATE TABLE passages (
    document TEXT NOT NULL CONSTRAINT passages_document REFERENCES documents (id),
    position BIGINT NOT NULL CONSTRAINT passages_position CHECK (position >= 0),
    headings TEXT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT passages_once PRIMARY KEY (document, position)
);

CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
-- Moves at every change of the knowledge; answers and caches name it.
INSERT INTO counters (name, value) VALUES ('knowledge', 0);

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
