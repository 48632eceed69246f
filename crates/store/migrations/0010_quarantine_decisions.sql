-- What owners decided on words that read like instructions to a model: one row for the words under one name, with
-- the last word on them. It was kept with each version of the document, so that versions could differ.
CREATE TABLE quarantine_decisions (
    collection TEXT NOT NULL CONSTRAINT quarantine_decisions_collection CHECK (collection IN ('customer', 'banker')),
    slug TEXT NOT NULL CONSTRAINT quarantine_decisions_slug_given CHECK (slug <> ''),
    text_hash TEXT NOT NULL CONSTRAINT quarantine_decisions_hash CHECK (length(text_hash) = 64),
    released BOOLEAN NOT NULL,
    decided_by TEXT NOT NULL CONSTRAINT quarantine_decisions_decided_by CHECK (decided_by <> ''),
    decided_at BIGINT NOT NULL,
    CONSTRAINT quarantine_decisions_once PRIMARY KEY (collection, slug, text_hash)
);

-- As it stands: that of the document in force, else of its last version with these words.
INSERT INTO quarantine_decisions (collection, slug, text_hash, released, decided_by, decided_at)
    SELECT DISTINCT d.collection, d.slug, q.text_hash, TRUE, q.released_by, q.released_at
    FROM quarantined_passages q JOIN documents d ON d.id = q.document
    WHERE q.released_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM quarantined_passages r JOIN documents e ON e.id = r.document
        WHERE e.collection = d.collection AND e.slug = d.slug AND r.text_hash = q.text_hash
            AND ((e.is_current AND NOT d.is_current)
                OR (e.is_current = d.is_current AND e.version > d.version)
                OR (e.id = d.id AND r.position < q.position)));

-- What was found, as before; what was decided stands above.
CREATE TABLE suspect_passages (
    document TEXT NOT NULL,
    position BIGINT NOT NULL,
    text_hash TEXT NOT NULL CONSTRAINT suspect_passages_hash CHECK (length(text_hash) = 64),
    score DOUBLE PRECISION NOT NULL CONSTRAINT suspect_passages_score CHECK (score BETWEEN 0 AND 1),
    reasons TEXT NOT NULL,
    CONSTRAINT suspect_passages_once PRIMARY KEY (document, position),
    CONSTRAINT suspect_passages_passage FOREIGN KEY (document, position) REFERENCES passages (document, position)
);
CREATE INDEX suspect_passages_by_hash ON suspect_passages (text_hash);
INSERT INTO suspect_passages (document, position, text_hash, score, reasons)
    SELECT document, position, text_hash, score, reasons FROM quarantined_passages;
DROP TABLE quarantined_passages;

-- The passages that nothing is made of: in whichever version they stand, the last word on their words counts.
CREATE VIEW held_passages AS
    SELECT s.document, s.position, s.text_hash
    FROM suspect_passages s JOIN documents d ON d.id = s.document
        LEFT JOIN quarantine_decisions q
            ON q.collection = d.collection AND q.slug = d.slug AND q.text_hash = s.text_hash
    WHERE q.released IS NOT TRUE;
