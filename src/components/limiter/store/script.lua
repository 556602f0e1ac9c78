-- Takes tokens from every bucket of a request, or from none. One script, so nobody comes between reading and writing.
--
-- KEYS     one bucket a level (tenant, global, ...), in the order in which they are asked. In a cluster all of them need
--          one hash tag, such as limit:{shop}:tenant:42.
-- ARGV[1]  cost
-- ARGV[2]  the caller's time in ms; empty: this server's time
-- ARGV[3]  ms that an idle bucket is kept beyond the time in which it is full again
-- then for each key: what comes in a ms, and what the bucket holds
--
-- Amounts are whole numbers of billionths of a token, up to 2^52: doubles hold them exactly.
-- Returns { allowed (0 or 1), whole tokens remaining, retry_after_ms (-1: never), level that refused first (0: none) }.

local UNIT = 1000000000

local function whole(x, y)
  return (x - math.fmod(x, y)) / y
end

local cost, now, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + whole(tonumber(time[2]), 1000)
end

local refused, retry, least = 0, 0, nil
local buckets = {}
for i, key in ipairs(KEYS) do
  local rate, capacity = tonumber(ARGV[2 + 2 * i]), tonumber(ARGV[3 + 2 * i])
  local held = redis.call('HMGET', key, 'tokens', 'last_refill_ms')
  local tokens, mark = tonumber(held[1] or ''), tonumber(held[2] or '')
  if not tokens or not mark then
    tokens, mark = capacity, now
  elseif now > mark then
    tokens, mark = tokens + (now - mark) * rate, now
  end
  -- A late command, or a clock behind the others, finds the mark ahead of it: the mark stays, nothing is refilled twice.
  tokens = math.min(tokens, capacity)
  buckets[i] = { tokens = tokens, mark = mark, ttl = whole(capacity, rate) + 1 + slack }
  local left = tokens
  if tokens < cost then
    if refused == 0 then refused = i end
    if cost > capacity then
      retry = -1
    elseif retry >= 0 then
      local wait = mark - now + whole(cost - tokens + rate - 1, rate)
      retry = math.max(retry, wait)
    end
  else
    left = tokens - cost
  end
  local remaining = whole(left, UNIT)
  if not least or remaining < least then least = remaining end
end

if refused == 0 then
  for i, key in ipairs(KEYS) do
    local b = buckets[i]
    redis.call('HSET', key, 'tokens', string.format('%.0f', b.tokens - cost), 'last_refill_ms', string.format('%.0f', b.mark))
    redis.call('PEXPIRE', key, string.format('%.0f', b.ttl))
  end
end
return { refused == 0 and 1 or 0, least, retry, refused }
