-- A record that somebody is about to be told. In one step with the note of it: whoever would take it back finds that.
-- KEYS: told, record
-- ARGV: seconds
local kept = redis.call('GET', KEYS[2])
-- What no key came to is never taken back.
if kept and string.find(kept, '"claimed":{', 1, true) then
    redis.call('SET', KEYS[1], 'told', 'EX', ARGV[1])
end
return kept
