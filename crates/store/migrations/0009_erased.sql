-- Documents whose text was taken out for good: slug, version and hash stay, because answers name them. What is
-- erased holds no text and can't be current again.
ALTER TABLE documents ADD COLUMN erased_by TEXT CONSTRAINT documents_erased_by CHECK (erased_by <> '');
ALTER TABLE documents ADD COLUMN erased_at BIGINT CONSTRAINT documents_erased
    CHECK (erased_at IS NULL OR (erased_by IS NOT NULL AND text = '' AND NOT is_current));
