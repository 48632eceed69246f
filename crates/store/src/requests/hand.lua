-- Takes a question, unless its gateway waits for that no more: it answers itself then. A session of which many wait or
-- are being answered has the next one behind the others.
-- KEYS: stream, stream of those behind, what is asked for in this session
-- ARGV: latest time to take it (milliseconds of this server's clock), interaction, question, gateway, within, session,
--   how many of a session go before others, milliseconds after which one is forgotten
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[1]) then
    return 0
end
local stream = KEYS[1]
if ARGV[6] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[8])
    if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[7]) then
        stream = KEYS[2]
    end
    redis.call('ZADD', KEYS[3], now, ARGV[2])
    redis.call('PEXPIRE', KEYS[3], ARGV[8])
end
redis.call('XADD', stream, '*', 'interaction', ARGV[2], 'question', ARGV[3], 'gateway', ARGV[4], 'within', ARGV[5], 'session', ARGV[6])
return 1
