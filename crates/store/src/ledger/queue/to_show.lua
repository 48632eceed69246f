-- A record that somebody is about to be told. In one step with the note of it: whoever would take it back, or put
-- another in its place, finds that.
-- KEYS: told, record
-- ARGV: seconds, 'told' to whom it was answered or 'again' to who asked again
local kept = redis.call('GET', KEYS[2])
-- Nobody is told what is no answer.
if not kept or string.find(kept, '"outcome":"interrupted"', 1, true) then
    return kept
end
if ARGV[2] == 'again' then
    -- Which one: two may have finished the same interaction.
    local own = string.match(kept, '"completed_at":"[^"]*"')
    redis.call('SET', KEYS[1], 'again ' .. own, 'EX', ARGV[1])
-- What no key came to is never taken back.
elseif string.find(kept, '"claimed":{', 1, true) and string.sub(redis.call('GET', KEYS[1]) or '', 1, 6) ~= 'again ' then
    redis.call('SET', KEYS[1], 'told', 'EX', ARGV[1])
end
return kept
