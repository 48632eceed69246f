-- Takes back a completion whose key came to another answer in the table, unless somebody was told it.
-- KEYS: told, record, said [, result]
-- ARGV: seconds, interaction [, what the result is]
-- Returns 1 when nobody is told it any more, 0 when somebody was.
local told = redis.call('GET', KEYS[1])
if told and (told == 'told' or string.sub(told, 1, 6) == 'again ') then
    return 0
end
redis.call('SET', KEYS[1], 'back', 'EX', ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('LREM', KEYS[3], 0, ARGV[2])
-- The key may have come to the answer of another worker.
if KEYS[4] and redis.call('GET', KEYS[4]) == ARGV[3] then
    redis.call('DEL', KEYS[4])
end
return 1
