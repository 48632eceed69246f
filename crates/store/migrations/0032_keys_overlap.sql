-- The secret that a key had before it was rotated, which may go on for a while beside the new one.
ALTER TABLE api_keys ADD COLUMN before_hash TEXT CONSTRAINT api_keys_before_is_sha256 CHECK (length(before_hash) = 64);
ALTER TABLE api_keys ADD COLUMN before_prefix TEXT;
ALTER TABLE api_keys ADD COLUMN before_ends_at BIGINT;
CREATE UNIQUE INDEX api_keys_before_once ON api_keys (before_hash);
-- Words of the permissions that are left of the key's role, with commas between them; null is all of them.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
