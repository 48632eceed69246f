-- A client that resends what was said instead of naming the conversation is recognised by what it resends: a mark, which
-- only the server's key can make, of every exchange up to this one. Nothing here can be read. The row of the interaction
-- may still lie in the spool, so it is not referred to.
CREATE TABLE transcripts (
    interaction TEXT NOT NULL CONSTRAINT transcripts_once PRIMARY KEY,
    conversation TEXT NOT NULL CONSTRAINT transcripts_conversation_given CHECK (conversation <> ''),
    mark TEXT NOT NULL CONSTRAINT transcripts_mark CHECK (length(mark) = 64),
    continued BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX transcripts_by_mark ON transcripts (mark);
CREATE INDEX transcripts_by_age ON transcripts (created_at);
