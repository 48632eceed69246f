-- The audit log: a Merkle log in the hashing of RFC 6962 (requirement E6, docs/audit.md). Rows are added and never
-- changed, and the triggers below say so to whoever tries; whoever gets past them is found by verification.

-- The bytes of a leaf are what is hashed; the other columns repeat what stands in them, to be searched.
CREATE TABLE audit_entries (
    leaf_index BIGINT NOT NULL PRIMARY KEY CONSTRAINT audit_entries_index CHECK (leaf_index >= 0),
    event TEXT NOT NULL CONSTRAINT audit_entries_once UNIQUE,
    kind TEXT NOT NULL,
    logged_at BIGINT NOT NULL,
    leaf BYTEA NOT NULL
);
CREATE INDEX audit_entries_by_kind ON audit_entries (kind, leaf_index);

-- 256 hashes of one level of the tree, written when there are as many.
CREATE TABLE audit_tiles (
    level BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes BYTEA NOT NULL CONSTRAINT audit_tiles_full CHECK (length(hashes) = 8192),
    CONSTRAINT audit_tiles_once PRIMARY KEY (level, tile_index)
);

-- Signed notes.
CREATE TABLE audit_checkpoints (
    tree_size BIGINT NOT NULL PRIMARY KEY CONSTRAINT audit_checkpoints_size CHECK (tree_size > 0),
    note TEXT NOT NULL
);

-- Who writes the log. Whoever takes the lease gets a higher number, and only the highest may append.
CREATE TABLE audit_lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
INSERT INTO audit_lease (name, holder, fence, ends_at) VALUES ('sequencer', '', 0, 0);

CREATE TRIGGER audit_entries_in_order BEFORE INSERT ON audit_entries
WHEN NEW.leaf_index <> (SELECT COALESCE(MAX(leaf_index), -1) + 1 FROM audit_entries)
BEGIN SELECT RAISE(ABORT, 'the audit log has no gap'); END;
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- INSERT OR REPLACE deletes without asking the triggers of deletion.
CREATE TRIGGER audit_tiles_no_replace BEFORE INSERT ON audit_tiles
WHEN EXISTS (SELECT 1 FROM audit_tiles WHERE level = NEW.level AND tile_index = NEW.tile_index)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_tiles_no_update BEFORE UPDATE ON audit_tiles
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_tiles_no_delete BEFORE DELETE ON audit_tiles
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_checkpoints_no_replace BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE tree_size = NEW.tree_size)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
