-- A completion meets another one of its interaction in the table: nobody reads it here any more, unless somebody who
-- asked again was told it.
-- KEYS: told, record
-- ARGV: what stands in it and in no other of it
-- Returns 0 when it stands.
if redis.call('GET', KEYS[1]) == 'again ' .. ARGV[1] then
    return 0
end
redis.call('DEL', KEYS[2])
return 1
