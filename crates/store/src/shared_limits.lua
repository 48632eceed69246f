-- Both limits in one step: nothing is taken unless both allow it.
--
-- KEYS[1]  the bucket of a session: hash of `level` and `at`
-- KEYS[2]  the window of an address: list of moments, oldest first; absent when no address counts
-- ARGV[1]  questions a minute
-- ARGV[2]  questions an hour of the address
--
-- Returns 0, or the whole seconds to wait. Moments are microseconds of this server's clock, so that
-- the clocks of replicas do not matter. All numbers are whole and below 2^53: nothing is rounded.
-- A full bucket holds a minute for each of its questions, a question costs a minute, and each
-- microsecond brings as much as there are questions a minute.
local MINUTE = 60000000
local HOUR = 3600000000

local function text(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local per_minute = tonumber(ARGV[1])

-- A clock that was set back stands still until it has caught up with the last question.
local moment = now
if KEYS[2] then
  moment = math.max(now, tonumber(redis.call('LINDEX', KEYS[2], -1) or 0))
  local first = tonumber(redis.call('LINDEX', KEYS[2], 0) or moment)
  while moment - first >= HOUR do
    redis.call('LPOP', KEYS[2])
    first = tonumber(redis.call('LINDEX', KEYS[2], 0) or moment)
  end
  if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[2]) then
    return math.ceil((HOUR - (moment - first)) / 1000000)
  end
end

local full = per_minute * MINUTE
local level, at = full, now
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
if kept[1] then
  at = math.max(now, tonumber(kept[2]))
  local gone = math.min(at - tonumber(kept[2]), MINUTE)
  level = math.min(tonumber(kept[1]) + gone * per_minute, full)
end
if level < MINUTE then
  return math.ceil(math.ceil((MINUTE - level) / per_minute) / 1000000)
end

-- After a minute a bucket is full and after an hour a window is empty, which is what absence means.
redis.call('HSET', KEYS[1], 'level', text(level - MINUTE), 'at', text(at))
redis.call('PEXPIRE', KEYS[1], 61000)
if KEYS[2] then
  redis.call('RPUSH', KEYS[2], text(moment))
  redis.call('PEXPIRE', KEYS[2], 3601000)
end
return 0
