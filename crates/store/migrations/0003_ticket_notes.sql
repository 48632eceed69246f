-- Who closed a ticket, and what was noted when it was taken and closed (sealed: a person's words);
-- and which conversations were begun by `contactiq demo traffic`.
ALTER TABLE tickets ADD COLUMN closed_by TEXT;
ALTER TABLE tickets ADD COLUMN taken_note BYTEA;
ALTER TABLE tickets ADD COLUMN closed_note BYTEA;
ALTER TABLE conversations ADD COLUMN demo BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE conversations SET demo = TRUE
    WHERE id IN (SELECT conversation FROM interactions WHERE demo)
        AND id NOT IN (SELECT conversation FROM interactions WHERE NOT demo);
