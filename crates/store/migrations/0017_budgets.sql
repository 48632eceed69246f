-- What language models cost, by whom and in which time, and what calls under way may still cost (requirement E4).
-- Amounts are billionths of a dollar. A scope is `all`, an assistant, `embeddings` or `key:ID`; a period is a day
-- (2026-11-29) or a month (2026-11) of the bank's time zone.
CREATE TABLE budget_spend (
    scope TEXT NOT NULL CONSTRAINT budget_spend_scope_given CHECK (scope <> ''),
    period TEXT NOT NULL CONSTRAINT budget_spend_period CHECK (length(period) IN (7, 10)),
    spent BIGINT NOT NULL CONSTRAINT budget_spend_spent CHECK (spent >= 0),
    reserved BIGINT NOT NULL CONSTRAINT budget_spend_reserved CHECK (reserved >= 0),
    -- Which share was told of last, in percent, and of which budget: another one is told of anew.
    told BIGINT NOT NULL CONSTRAINT budget_spend_told CHECK (told IN (0, 80, 100)),
    told_of BIGINT CONSTRAINT budget_spend_told_of CHECK (told_of > 0),
    CONSTRAINT budget_spend_once PRIMARY KEY (scope, period)
);

-- Calls under way: a lease each. One that nobody settled was of a process that died; it is charged in full when it
-- ends, because nobody knows what the provider asks for it, and stays a day so that a late settlement can correct it.
CREATE TABLE budget_reservations (
    id TEXT NOT NULL PRIMARY KEY,
    mode TEXT CONSTRAINT budget_reservations_mode CHECK (mode IN ('customer', 'banker')),
    api_key TEXT,
    day TEXT NOT NULL CONSTRAINT budget_reservations_day CHECK (length(day) = 10),
    month TEXT NOT NULL CONSTRAINT budget_reservations_month CHECK (length(month) = 7),
    amount BIGINT NOT NULL CONSTRAINT budget_reservations_amount CHECK (amount >= 0),
    lease_ends_at BIGINT NOT NULL,
    charged BOOLEAN NOT NULL
);
CREATE INDEX budget_reservations_by_end ON budget_reservations (lease_ends_at);

-- Whoever counts moves it, and so comes one after the other, on whichever replica.
INSERT INTO counters (name, value) VALUES ('budgets', 0);

ALTER TABLE api_keys ADD COLUMN budget_per_day BIGINT CONSTRAINT api_keys_budget_per_day CHECK (budget_per_day > 0);
ALTER TABLE api_keys ADD COLUMN budget_per_month BIGINT
    CONSTRAINT api_keys_budget_per_month CHECK (budget_per_month > 0);
