-- Completions that nobody was shown, by the time at which they ended: workers may write them before or after.
CREATE TABLE withdrawals (
    interaction TEXT NOT NULL,
    completed_at BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    CONSTRAINT withdrawals_once PRIMARY KEY (interaction, completed_at)
);
CREATE INDEX withdrawals_by_time ON withdrawals (noted_at);
-- What was shown of an answer while it was made, until its completion was held against it.
ALTER TABLE interactions ADD COLUMN shown BYTEA;
