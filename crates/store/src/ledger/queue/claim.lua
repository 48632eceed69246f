-- Claims an idempotency key for a body.
-- KEYS: lease, result
-- ARGV: fence, body, milliseconds of the lease
local made = redis.call('GET', KEYS[2])
if made then
    return { 'done', made }
end
local held = redis.call('HGET', KEYS[1], 'body')
if held then
    return { held == ARGV[2] and 'held' or 'mismatch' }
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'new' }
