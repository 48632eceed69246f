-- Takes a completion back: nobody reads it any more, and whoever writes it finds its withdrawal behind it.
-- KEYS: stream, record, said [, result]
-- ARGV: field, bytes of the withdrawal, interaction, what stands in the completion and in no other of it [, result]
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
local kept = redis.call('GET', KEYS[2])
if kept and not string.find(kept, ARGV[4], 1, true) then
    -- Somebody else finished the same interaction, and that one stands.
    return
end
redis.call('DEL', KEYS[2])
redis.call('LREM', KEYS[3], 0, ARGV[3])
-- The claim may have come to the answer of another worker.
if KEYS[4] and redis.call('GET', KEYS[4]) == ARGV[5] then
    redis.call('DEL', KEYS[4])
end
