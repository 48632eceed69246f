-- All limits of a question in one step: nothing is taken unless all of them allow it.
--
-- KEYS     the buckets (hashes of `level` and `at`), then the windows (lists of moments, oldest first)
-- ARGV[1]  how many of the keys are buckets
-- ARGV     then the limit of each key: questions a minute of a bucket, questions an hour of a window; then `look`, where
--          nothing is to be taken
--
-- Returns the whole seconds to wait, 0 when it was taken, and then for each key how many questions are left and the
-- whole seconds after which none of it is used. Moments are microseconds of this server's clock, so that the clocks of
-- replicas do not matter. All numbers are whole and below 2^53: nothing is rounded. A full bucket holds a minute for
-- each of its questions, a question costs a minute, and each microsecond brings as much as there are questions a minute.
local MINUTE = 60000000
local HOUR = 3600000000
local SECOND = 1000000

local function text(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * SECOND + tonumber(time[2])
local buckets = tonumber(ARGV[1])

local takes = ARGV[#KEYS + 2] ~= 'look'

local wait = 0
local seen = {}
for place, key in ipairs(KEYS) do
  local most = tonumber(ARGV[place + 1])
  -- A clock that was set back stands still until it has caught up with the last question.
  if place <= buckets then
    local full = most * MINUTE
    local level, at = full, now
    local kept = redis.call('HMGET', key, 'level', 'at')
    if kept[1] then
      at = math.max(now, tonumber(kept[2]))
      local gone = math.min(at - tonumber(kept[2]), MINUTE)
      level = math.min(tonumber(kept[1]) + gone * most, full)
    end
    if level < MINUTE then
      wait = math.max(wait, math.ceil(math.ceil((MINUTE - level) / most) / SECOND))
    end
    seen[place] = { most = most, full = full, level = level, at = at }
  else
    local last = tonumber(redis.call('LINDEX', key, -1) or 0)
    local moment = math.max(now, last)
    local first = tonumber(redis.call('LINDEX', key, 0) or moment)
    while moment - first >= HOUR do
      redis.call('LPOP', key)
      first = tonumber(redis.call('LINDEX', key, 0) or moment)
    end
    local count = redis.call('LLEN', key)
    if count >= most then
      wait = math.max(wait, math.ceil((HOUR - (moment - first)) / SECOND))
    end
    seen[place] = { most = most, count = count, last = last, moment = moment }
  end
end

local told = { wait }
for place, key in ipairs(KEYS) do
  local one = seen[place]
  if place <= buckets then
    -- After a minute a bucket is full and after an hour a window is empty, which is what absence means.
    if wait == 0 and takes then
      one.level = one.level - MINUTE
      redis.call('HSET', key, 'level', text(one.level), 'at', text(one.at))
      redis.call('PEXPIRE', key, 61000)
    end
    table.insert(told, math.floor(one.level / MINUTE))
    table.insert(told, math.ceil(math.ceil((one.full - one.level) / one.most) / SECOND))
  else
    if wait == 0 and takes then
      redis.call('RPUSH', key, text(one.moment))
      redis.call('PEXPIRE', key, 3601000)
      one.count, one.last = one.count + 1, one.moment
    end
    table.insert(told, math.max(one.most - one.count, 0))
    table.insert(told, one.count == 0 and 0 or math.ceil((HOUR - (one.moment - one.last)) / SECOND))
  end
end
return told
