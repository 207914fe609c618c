/**
 * The atomic steps of a lock (Lua, run by Redis). KEYS[1] is the lock and holds its owner's token. KEYS[2] says which run of
 * the server has granted locks since when: another run, after a restart or a failover, may have lost locks, so it grants
 * none until all of those have expired.
 */

/** ARGV[2] is a lock's time to live, ms. Leaves in `wait` how long no lock may be granted, ms. */
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

/** Records when this server began to grant locks, so that the wait for the first one ends sooner. */
export const NOTE = `${MEMORY} return 0`;

/** Acquires or keeps the lock for ARGV[1]: 0 when held now, -1 when another holds it, or how long to wait, ms. */
export const TAKE = `${MEMORY}
if wait > 0 then return wait end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)
return 0
`;

/** Extends the lock of ARGV[1] by ARGV[2] ms: 1, or 0 when it is no longer held. */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/** Releases the lock: 1, or 0 when ARGV[1] no longer held it. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;
