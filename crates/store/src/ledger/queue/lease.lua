-- Renews a lease for so many milliseconds, or gives it back for none; only its holder can.
-- KEYS: lease
-- ARGV: fence, milliseconds
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
    return 0
end
if tonumber(ARGV[2]) > 0 then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('DEL', KEYS[1])
