-- The path of the file or the address of the page that a version of a document was read from; missing where
-- that was not kept, and where the document was erased.
ALTER TABLE documents ADD COLUMN source TEXT CONSTRAINT documents_source CHECK (source <> '' AND (source IS NULL OR erased_at IS NULL));
