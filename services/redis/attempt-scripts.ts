/**
 * The atomic steps of counts and gates (Lua, run by Redis). KEYS[1] holds `COUNT:END`, END in the callers' milliseconds
 * since 1970; a gate holds its END alone. Each value is written together with its time to live. An END further away than
 * the time that is asked for was written before a clock was set back: it is replaced.
 */

/** ARGV: points, window (ms), now. Returns the new count; one of 0 or less is removed, or never written. */
export const ADD = `
local now = tonumber(ARGV[3])
local count, ends = 0, now + tonumber(ARGV[2])
local held = redis.call('GET', KEYS[1])
if held then
  local heldCount, heldEnd = string.match(held, '^(%d+):(%d+)$')
  if heldEnd and tonumber(heldEnd) > now then count, ends = tonumber(heldCount), math.min(tonumber(heldEnd), ends) end
end
count = count + tonumber(ARGV[1])
if count <= 0 then
  if held then redis.call('DEL', KEYS[1]) end
  return 0
end
redis.call('SET', KEYS[1], string.format('%.0f:%.0f', count, ends), 'PX', string.format('%.0f', ends - now))
return count
`;

/** ARGV: duration (ms), now. Returns 0 to the one who may pass, or how long to wait, ms. */
export const PASS = `
local now, duration = tonumber(ARGV[2]), tonumber(ARGV[1])
local ends = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local last = now + duration
if ends > now and ends <= last then return ends - now end
redis.call('SET', KEYS[1], string.format('%.0f', last), 'PX', string.format('%.0f', duration))
return ends > now and duration or 0
`;
