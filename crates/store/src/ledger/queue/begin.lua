-- Keeps a start, counts it, and keeps beside it whose it is.
-- KEYS: stream, counted, begun
-- ARGV: field, bytes, whose, seconds
-- What stood there before anybody counted is counted from here on.
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('HSET', KEYS[2], 'in', redis.call('XLEN', KEYS[1]), 'out', 0)
end
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'in', 1)
redis.call('SET', KEYS[3], ARGV[3], 'EX', ARGV[4])
