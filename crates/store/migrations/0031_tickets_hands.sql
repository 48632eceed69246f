-- In whose hands a ticket is: a keyed hash of the person or key that took it on the pages. `assignee` is what people
-- read, and two people may be called the same.
ALTER TABLE tickets ADD COLUMN taken_by TEXT;
