-- Takes a completion back: nobody reads it any more, and whoever writes it finds its withdrawal behind it.
-- KEYS: stream, record, said [, result]
-- ARGV: field, bytes of the withdrawal, interaction [, result]
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('LREM', KEYS[3], 0, ARGV[3])
-- The claim may have come to the answer of another worker.
if KEYS[4] and redis.call('GET', KEYS[4]) == ARGV[4] then
    redis.call('DEL', KEYS[4])
end
