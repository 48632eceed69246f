-- Two documents may say the same to different people or on different days, and a document that is corrected
-- may come to say what another says: `documents::put` decides, and keeps one where both are for the same.
DROP INDEX documents_content_once;
CREATE INDEX documents_content ON documents (collection, content_hash) WHERE is_current;
