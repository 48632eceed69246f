-- Takes a completion back: nobody reads it any more, whoever writes it finds its withdrawal behind it, and one that
-- comes later is not kept. Unless somebody who asked again was told it: then it stands.
-- KEYS: stream, record, said, told, counted [, result]
-- ARGV: field, bytes of the withdrawal, interaction, what stands in the completion and in no other of it, seconds [, result]
local kept = redis.call('GET', KEYS[2])
local own = kept and string.find(kept, ARGV[4], 1, true)
if own and redis.call('GET', KEYS[4]) == 'again ' .. ARGV[4] then
    return
end
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[5], 'in', 1)
if kept and not own then
    -- Somebody else finished the same interaction, and that one stands.
    return
end
if string.sub(redis.call('GET', KEYS[4]) or '', 1, 6) ~= 'again ' then
    redis.call('SET', KEYS[4], 'withdrawn ' .. ARGV[4], 'EX', ARGV[5])
end
redis.call('DEL', KEYS[2])
redis.call('LREM', KEYS[3], 0, ARGV[3])
-- The claim may have come to the answer of another worker.
if KEYS[6] and redis.call('GET', KEYS[6]) == ARGV[6] then
    redis.call('DEL', KEYS[6])
end
