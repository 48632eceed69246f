-- Vectors of published text, for all replicas. PostgreSQL alone: SQLite has one process, which keeps them
-- in a file. They are a cache; whoever finds none computes it again.

-- Encoders by number, so that a fingerprint is not repeated a hundred thousand times.
CREATE TABLE vector_encoders (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint TEXT NOT NULL CONSTRAINT vector_encoders_once UNIQUE,
    dimensions BIGINT NOT NULL CONSTRAINT vector_encoders_dimensions CHECK (dimensions > 0),
    used_at BIGINT NOT NULL
);

-- `vector` becomes a column of pgvector's type where that extension is at hand; else it holds f32, little
-- endian. A row never changes: it would be put into the search index once more.
CREATE TABLE vectors (
    encoder BIGINT NOT NULL CONSTRAINT vectors_encoder REFERENCES vector_encoders (id),
    text_hash BYTEA NOT NULL CONSTRAINT vectors_hash CHECK (length(text_hash) = 16),
    vector BYTEA NOT NULL,
    CONSTRAINT vectors_once PRIMARY KEY (encoder, text_hash)
);

-- By which vectors a passage is found: 0 is that of the whole, the others are of its likely questions and
-- sentences.
CREATE TABLE passage_vectors (
    encoder BIGINT NOT NULL,
    document TEXT NOT NULL CONSTRAINT passage_vectors_document REFERENCES documents (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    text_hash BYTEA NOT NULL,
    CONSTRAINT passage_vectors_once PRIMARY KEY (encoder, document, position, ordinal),
    CONSTRAINT passage_vectors_vector FOREIGN KEY (encoder, text_hash)
        REFERENCES vectors (encoder, text_hash) ON DELETE CASCADE
);
CREATE INDEX passage_vectors_by_text ON passage_vectors (encoder, text_hash);

-- Vectors that no passage in use is found by, and since when that is so.
CREATE TABLE unused_vectors (
    encoder BIGINT NOT NULL,
    text_hash BYTEA NOT NULL,
    since BIGINT NOT NULL,
    CONSTRAINT unused_vectors_once PRIMARY KEY (encoder, text_hash),
    CONSTRAINT unused_vectors_vector FOREIGN KEY (encoder, text_hash)
        REFERENCES vectors (encoder, text_hash) ON DELETE CASCADE
);
CREATE INDEX unused_vectors_by_time ON unused_vectors (since);
