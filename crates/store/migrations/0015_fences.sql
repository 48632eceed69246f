-- A claimed idempotency key is a lease that its holder renews while it works, so that a killed one gives it back
-- within seconds. What tells holders apart is a number of their own: the end of the lease moves now.
ALTER TABLE idempotency ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
