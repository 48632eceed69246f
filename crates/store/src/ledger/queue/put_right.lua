-- Puts what a spool took, and was shown, in the place of what a worker finished without being heard; unless somebody
-- who asked again was told that one.
-- KEYS: told, record
-- ARGV: bytes, seconds readable
-- Returns 0 when the other one stands.
if redis.call('GET', KEYS[1]) == 'again' then
    return 0
end
-- Whoever asks from now on is told this one, also before the table says so.
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return 1
