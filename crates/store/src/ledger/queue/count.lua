-- Compares what the stream holds with what was put in and taken out; from then on it is counted from what it holds.
-- KEYS: stream, counted
-- Returns what it should hold, and what it holds.
local holds = redis.call('XLEN', KEYS[1])
local put = redis.call('HGET', KEYS[2], 'in')
if not put and not redis.call('HGET', KEYS[2], 'out') then
    -- Nobody counted yet.
    redis.call('HSET', KEYS[2], 'in', holds, 'out', 0)
    return { holds, holds }
end
local should = tonumber(put or 0) - tonumber(redis.call('HGET', KEYS[2], 'out') or 0)
if should ~= holds then
    redis.call('HSET', KEYS[2], 'in', holds, 'out', 0)
end
return { should, holds }
