-- How many entries of each kind the audit log had at some of its sizes, with a MAC of the house over size, root and counts
-- (requirement E6, docs/audit.md): who looks for the entries of a kind knows by it how many there must be. A missing row
-- costs the reading of the entries behind the one before it, and nothing else. The newest few are kept.
CREATE TABLE audit_counts (
    tree_size BIGINT NOT NULL PRIMARY KEY CONSTRAINT audit_counts_size CHECK (tree_size > 0),
    counted TEXT NOT NULL,
    mac BYTEA NOT NULL
);
