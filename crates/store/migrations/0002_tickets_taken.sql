-- Who took a ticket, and when it was taken and closed.
ALTER TABLE tickets ADD COLUMN assignee TEXT;
ALTER TABLE tickets ADD COLUMN taken_at BIGINT;
ALTER TABLE tickets ADD COLUMN closed_at BIGINT;
