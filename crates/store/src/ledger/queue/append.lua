-- Keeps an entry, and counts it.
-- KEYS: stream, counted
-- ARGV: field, bytes
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'in', 1)
