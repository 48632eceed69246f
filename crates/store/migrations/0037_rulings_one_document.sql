-- Two passages of one document may contradict each other too. An owner can say that both stand; which of them is
-- right only the document can say.
CREATE TABLE rulings_anew (
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
    CONSTRAINT rulings_two_documents CHECK (one_document <> other_document OR verdict = 'not_a_conflict'),
    CONSTRAINT rulings_preferred CHECK (
        (verdict = 'not_a_conflict' AND preferred IS NULL)
        OR (verdict = 'prefer' AND preferred IS NOT NULL AND preferred IN (one_document, other_document)))
);
INSERT INTO rulings_anew
    (conflict, collection, one_document, one_sentence, other_document, other_sentence, verdict, preferred, note,
     ruled_by, ruled_at)
SELECT conflict, collection, one_document, one_sentence, other_document, other_sentence, verdict, preferred, note,
     ruled_by, ruled_at
FROM rulings;
DROP TABLE rulings;
ALTER TABLE rulings_anew RENAME TO rulings;
