-- The least role that may see a document; everybody who may read its collection where there is none.
ALTER TABLE documents ADD COLUMN role TEXT
    CONSTRAINT documents_role CHECK (role IN ('customer', 'banker', 'supervisor', 'admin'));

-- Every version of the knowledge: what a record names, and what can be made current again.
CREATE TABLE knowledge_versions (
    number BIGINT NOT NULL PRIMARY KEY,
    -- Missing where it was not told: of the version in force when versions began to be kept.
    made_at BIGINT,
    made_by TEXT NOT NULL,
    command TEXT NOT NULL
);
-- What a version changed; a document that is not named is as in the version before.
CREATE TABLE knowledge_changes (
    version BIGINT NOT NULL CONSTRAINT knowledge_changes_version REFERENCES knowledge_versions (number),
    collection TEXT NOT NULL,
    slug TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT knowledge_changes_kind CHECK (kind IN ('added', 'changed', 'removed')),
    document TEXT CONSTRAINT knowledge_changes_document REFERENCES documents (id),
    CONSTRAINT knowledge_changes_once PRIMARY KEY (version, collection, slug),
    CONSTRAINT knowledge_changes_leads_somewhere CHECK ((kind = 'removed') = (document IS NULL))
);
CREATE INDEX knowledge_changes_by_document ON knowledge_changes (collection, slug, version);

INSERT INTO knowledge_versions (number, made_by, command)
    SELECT value, '', '' FROM counters WHERE name = 'knowledge';
INSERT INTO knowledge_changes (version, collection, slug, kind, document)
    SELECT counters.value, documents.collection, documents.slug, 'added', documents.id
    FROM documents, counters WHERE documents.is_current AND counters.name = 'knowledge';
