-- Takes entries out that are where they belong, and counts them.
-- KEYS: stream, counted, records of which the time to read is shortened
-- ARGV: group, seconds, places
for i = 3, #KEYS do
    redis.call('EXPIRE', KEYS[i], ARGV[2])
end
local places = {}
for i = 3, #ARGV do
    places[#places + 1] = ARGV[i]
end
-- What stood there before anybody counted is counted from here on.
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('HSET', KEYS[2], 'in', redis.call('XLEN', KEYS[1]), 'out', 0)
end
redis.call('XACK', KEYS[1], ARGV[1], unpack(places))
-- Another one may have taken some of them out before.
redis.call('HINCRBY', KEYS[2], 'out', redis.call('XDEL', KEYS[1], unpack(places)))
