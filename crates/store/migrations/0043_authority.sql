-- A row that opens a door carries a MAC over what decides: whoever can write to the database and has no key makes none
-- (requirements A1, A8). What stood here before is signed once, by the first start that finds the keyring without a word
-- of it. A key counts its changes, so that an older row of it, put back, is known for one.
ALTER TABLE api_keys ADD COLUMN mac BYTEA;
ALTER TABLE api_keys ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE page_sessions ADD COLUMN mac BYTEA;
ALTER TABLE tickets ADD COLUMN mac BYTEA;
