-- Keeps a completion, unless one of the same interaction was kept before or the claim of its request has passed to
-- another worker: whoever is first counts, whatever dies in between.
-- One that was withdrawn before it came is as good as overtaken: its caller heard that it failed.
-- KEYS: stream, record, said, told, counted [, result, lease]
-- ARGV: field, bytes, interaction, seconds readable, longest list [, fence, result, seconds of the result]
-- Returns the first completion's bytes, 'overtaken', or nothing when it is kept now.
local first = redis.call('GET', KEYS[2])
if first then
    return { 'before', first }
end
local told = redis.call('GET', KEYS[4])
if told and string.sub(told, 1, 10) == 'withdrawn ' and string.find(ARGV[2], string.sub(told, 11), 1, true) then
    return { 'overtaken' }
end
if KEYS[7] then
    local made = redis.call('GET', KEYS[6])
    local fence = redis.call('HGET', KEYS[7], 'fence')
    if (made and made ~= ARGV[7]) or (fence and fence ~= ARGV[6]) then
        return { 'overtaken' }
    end
end
-- What stood there before anybody counted is counted from here on.
if redis.call('EXISTS', KEYS[5]) == 0 then
    redis.call('HSET', KEYS[5], 'in', redis.call('XLEN', KEYS[1]), 'out', 0)
end
-- First what nobody may lose: a step that fails behind it takes nothing back.
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[5], 'in', 1)
if KEYS[7] then
    redis.call('SET', KEYS[6], ARGV[7], 'EX', ARGV[8])
    redis.call('DEL', KEYS[7])
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[4])
redis.call('RPUSH', KEYS[3], ARGV[3])
redis.call('LTRIM', KEYS[3], -tonumber(ARGV[5]), -1)
redis.call('EXPIRE', KEYS[3], ARGV[4])
return {}
