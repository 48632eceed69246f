-- Retention, erasure, legal hold and consent (requirements A7, E7).

-- When the texts of an interaction were taken out: its time was over, or its person asked. What stays is figures.
ALTER TABLE interactions ADD COLUMN anonymised_at BIGINT;
CREATE INDEX interactions_with_texts ON interactions (created_at) WHERE anonymised_at IS NULL;

-- When the person of a conversation was erased. What is still on its way here is written without its texts.
ALTER TABLE conversations ADD COLUMN erased_at BIGINT;
CREATE INDEX conversations_erased ON conversations (id) WHERE erased_at IS NOT NULL;

-- Who is not to be erased or purged, and why. A person is the subject and the key that speaks for it, '' for none.
CREATE TABLE legal_holds (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL CONSTRAINT legal_holds_subject_given CHECK (subject <> ''),
    owner_key TEXT NOT NULL,
    -- The bank's own words for the case: a number, never a text of the person.
    matter TEXT NOT NULL CONSTRAINT legal_holds_matter_given CHECK (matter <> ''),
    placed_by TEXT NOT NULL CONSTRAINT legal_holds_placed_by CHECK (placed_by <> ''),
    placed_at BIGINT NOT NULL,
    lifted_by TEXT CONSTRAINT legal_holds_lifted_by CHECK (lifted_by <> ''),
    lifted_at BIGINT,
    CONSTRAINT legal_holds_lifted CHECK ((lifted_by IS NULL) = (lifted_at IS NULL)),
    CONSTRAINT legal_holds_lifted_after CHECK (lifted_at IS NULL OR lifted_at >= placed_at)
);
CREATE INDEX legal_holds_in_force ON legal_holds (subject, owner_key) WHERE lifted_at IS NULL;

-- What was erased when, by whom: the receipts. The person is a keyed hash, which nobody turns back.
CREATE TABLE erasures (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL CONSTRAINT erasures_person CHECK (length(person) = 64),
    erased_by TEXT NOT NULL CONSTRAINT erasures_erased_by CHECK (erased_by <> ''),
    erased_at BIGINT NOT NULL,
    conversations BIGINT NOT NULL CONSTRAINT erasures_conversations CHECK (conversations >= 0),
    interactions BIGINT NOT NULL CONSTRAINT erasures_interactions CHECK (interactions >= 0)
);
CREATE INDEX erasures_by_person ON erasures (person);

-- What a person agreed to, the last word of each purpose.
CREATE TABLE consents (
    subject TEXT NOT NULL CONSTRAINT consents_subject_given CHECK (subject <> ''),
    owner_key TEXT NOT NULL,
    purpose TEXT NOT NULL CONSTRAINT consents_purpose CHECK (purpose IN ('history')),
    given BOOLEAN NOT NULL,
    noted_by TEXT NOT NULL CONSTRAINT consents_noted_by CHECK (noted_by <> ''),
    noted_at BIGINT NOT NULL,
    CONSTRAINT consents_once PRIMARY KEY (subject, owner_key, purpose)
);
