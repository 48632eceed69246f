-- Puts what a spool took, and was shown, in the place of what a worker finished without being heard; unless somebody
-- who asked again was told that one.
-- KEYS: told, record
-- ARGV: bytes, what stands in them and in no other of it, seconds readable
-- Returns 0 when the other one stands.
local told = redis.call('GET', KEYS[1]) or ''
if string.sub(told, 1, 6) == 'again ' and told ~= 'again ' .. ARGV[2] then
    return 0
end
-- Whoever asks from now on is told this one, also before the table says so.
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
return 1
