-- What the guard refused, and beside it now what moderation flagged and the house answered all the same, and what
-- the output guard kept back of a model: with what a reviewer says of it. The table is made anew, since no engine
-- widens a CHECK; it keeps its name, because each message is sealed for it.
DROP INDEX refusals_by_time;
ALTER TABLE refusals RENAME TO refusals_before;
CREATE TABLE refusals (
    id TEXT NOT NULL CONSTRAINT refusals_once PRIMARY KEY,
    interaction TEXT NOT NULL CONSTRAINT refusals_of REFERENCES interactions (id),
    kind TEXT NOT NULL CONSTRAINT refusals_kinds
        CHECK (kind IN ('injection', 'moderation', 'sql_pattern', 'script_pattern', 'flagged', 'output')),
    rules TEXT NOT NULL,
    message BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    decision TEXT CONSTRAINT refusals_decision CHECK (decision IN ('right', 'false_alarm')),
    decided_by TEXT CONSTRAINT refusals_decided_by CHECK (decided_by <> ''),
    decided_at BIGINT,
    CONSTRAINT refusals_decided CHECK ((decision IS NULL) = (decided_by IS NULL)
        AND (decision IS NULL) = (decided_at IS NULL))
);
INSERT INTO refusals (id, interaction, kind, rules, message, created_at)
    SELECT id, interaction, kind, rules, message, created_at FROM refusals_before;
DROP TABLE refusals_before;
CREATE INDEX refusals_by_time ON refusals (created_at);
CREATE INDEX refusals_by_interaction ON refusals (interaction);
