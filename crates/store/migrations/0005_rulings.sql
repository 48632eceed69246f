-- What an owner ruled on two sentences that contradict each other. Both sentences are text that the
-- bank published; the note is a person's words, and sealed.
CREATE TABLE rulings (
    conflict TEXT NOT NULL PRIMARY KEY,
    collection TEXT NOT NULL CONSTRAINT rulings_collection CHECK (collection IN ('customer', 'banker')),
    one_document TEXT NOT NULL CONSTRAINT rulings_one_given CHECK (one_document <> ''),
    one_sentence TEXT NOT NULL,
    other_document TEXT NOT NULL CONSTRAINT rulings_other_given CHECK (other_document <> ''),
    other_sentence TEXT NOT NULL,
    verdict TEXT NOT NULL CONSTRAINT rulings_verdict CHECK (verdict IN ('prefer', 'not_a_conflict')),
    preferred TEXT,
    note BYTEA,
    ruled_by TEXT NOT NULL CONSTRAINT rulings_ruled_by CHECK (ruled_by <> ''),
    ruled_at BIGINT NOT NULL,
    CONSTRAINT rulings_conflict_id CHECK (length(conflict) = 16),
    CONSTRAINT rulings_two_documents CHECK (one_document <> other_document),
    CONSTRAINT rulings_preferred CHECK (
        (verdict = 'not_a_conflict' AND preferred IS NULL)
        OR (verdict = 'prefer' AND preferred IS NOT NULL AND preferred IN (one_document, other_document)))
);

-- Passages that read like instructions to a model: kept, listed, and not indexed unless released.
CREATE TABLE quarantined_passages (
    document TEXT NOT NULL,
    position BIGINT NOT NULL,
    text_hash TEXT NOT NULL CONSTRAINT quarantined_passages_hash CHECK (length(text_hash) = 64),
    score DOUBLE PRECISION NOT NULL CONSTRAINT quarantined_passages_score CHECK (score BETWEEN 0 AND 1),
    reasons TEXT NOT NULL,
    released_by TEXT CONSTRAINT quarantined_passages_released_by CHECK (released_by <> ''),
    released_at BIGINT,
    CONSTRAINT quarantined_passages_once PRIMARY KEY (document, position),
    CONSTRAINT quarantined_passages_passage FOREIGN KEY (document, position)
        REFERENCES passages (document, position),
    CONSTRAINT quarantined_passages_released CHECK ((released_by IS NULL) = (released_at IS NULL))
);
CREATE INDEX quarantined_passages_by_hash ON quarantined_passages (text_hash);
