-- Receipts of erasures are signed when they are made, with the key of the audit log.
ALTER TABLE erasures ADD COLUMN signed TEXT CONSTRAINT erasures_signed CHECK (signed <> '');
