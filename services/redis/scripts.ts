/**
 * The steps of a lock that have to be one step (Lua, run by Redis). KEYS[1] is the lock: whoever's token lies there
 * holds it. KEYS[2] says which server has given locks since when: another run of the server, after a restart or a
 * failover, may have forgotten locks, so it gives none until all that it can have forgotten have run out.
 */

/** ARGV[2] is a lock's time to live, ms. Leaves in `wait` how long no lock may be given, ms. */
const MEMORY = `
local ttl = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or 'unknown'
local known = redis.call('GET', KEYS[2])
local since = known and tonumber(string.match(known, '^' .. run .. ':(%d+)$'))
if not since or since > now then
  since = now
  redis.call('SET', KEYS[2], run .. ':' .. string.format('%.0f', now))
end
local wait = since + ttl - now
`;

/** Notes when this server began to give locks, so that waiting for the first of them is over sooner. */
export const NOTE = `${MEMORY} return 0`;

/** Takes the lock for ARGV[1], or keeps it: 0 when it is held now, -1 when another holds it, or how long to wait, ms. */
export const TAKE = `${MEMORY}
if wait > 0 then return wait end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)
return 0
`;

/** Keeps the lock for ARGV[1] for another ARGV[2] ms: 1, or 0 when it is no longer held. */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/** Gives the lock back: 1, or 0 when it was no longer held by ARGV[1]. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;
