-- Forgets what an idempotency key came to, if that is still this.
-- KEYS: result
-- ARGV: what the result begins with
local made = redis.call('GET', KEYS[1])
if made and string.sub(made, 1, #ARGV[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
