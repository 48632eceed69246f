-- Takes a question, unless its gateway waits for that no more: it answers itself then.
-- KEYS: stream
-- ARGV: latest time to take it (milliseconds of this server's clock), interaction, question, gateway, within
local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(ARGV[1]) then
    return 0
end
redis.call('XADD', KEYS[1], '*', 'interaction', ARGV[2], 'question', ARGV[3], 'gateway', ARGV[4], 'within', ARGV[5])
return 1
