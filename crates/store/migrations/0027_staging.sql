-- Documents of a large run come in before they are in force, in many short transactions: what they are staged by
-- marks them until one transaction makes all of them current. Nothing reads them before.
ALTER TABLE documents ADD COLUMN staged_by TEXT
    CONSTRAINT documents_staged CHECK (staged_by IS NULL OR (staged_by <> '' AND NOT is_current));
CREATE INDEX documents_staged ON documents (staged_by) WHERE staged_by IS NOT NULL;
-- Runs that bring documents in. One that was not touched for a while has died, and what it staged goes.
CREATE TABLE staging_runs (
    id TEXT NOT NULL PRIMARY KEY CONSTRAINT staging_runs_named CHECK (id <> ''),
    touched_at BIGINT NOT NULL
);
