import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ListenLimits } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { RequestLimits } from '../http/request-limits.ts';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import { LoginGuard } from '../registry/access/login-guard.ts';
import { networkTest } from '../registry/access/networks.ts';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
/** So long a client may do nothing, beyond the least rate. */
const PACE_GRACE_MS = 60_000;
/** Of what happens all the time, the log tells once in so long. */
const TOLD_EVERY_MS = 60_000;

/** What stands before every look at a password in this program: one for the door and the token service together. */
export function loginGuardOf({ http, limits }: Config, counts: AttemptCounts): LoginGuard {
  const { enabled, attempts, maxwait } = limits.logins;
  return new LoginGuard({
    ...{ counts, attempts, maxWaitMs: maxwait },
    trustedNetworks: enabled ? limits.trustednetworks : EVERYWHERE,
    // Without a secret of the registry's own, nodes that share a Redis count apart.
    secret: http.secret ?? randomBytes(32).toString('hex'),
  });
}

/** How many requests a second clients and accounts may make; one for all that this program serves. */
export function requestLimitsOf({ limits }: Config, metrics: Metrics): RequestLimits {
  const { client: perClient, account: perAccount } = limits.requestspersecond;
  const limited = (by: string) => metrics.limitedRequests.inc({ by });
  return new RequestLimits({ perClient, perAccount, trustedNetworks: limits.trustednetworks, limited });
}

/** What clients may take of each port. */
export function listenLimitsOf({ http, limits }: Config, metrics: Metrics, logger: Logger): ListenLimits {
  const toldAt = new Map<string, number>();
  const { connections: total, connectionsperclient: perClient, minimumrate: bytesPerSecond } = limits;
  return {
    connections: {
      total,
      perClient: perClient ?? Math.ceil(total / 2),
      isExempt: networkTest([...http.trustedproxies, ...limits.trustednetworks]),
    },
    pace: bytesPerSecond === 0 ? undefined : { bytesPerSecond, graceMs: PACE_GRACE_MS },
    closed(reason, address) {
      metrics.closedConnections.inc({ reason });
      const now = performance.now();
      if (now - (toldAt.get(reason) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return;
      toldAt.set(reason, now);
      logger.warn({ reason, client: address }, WHY[reason]);
    },
  };
}

const WHY = {
  total: 'a connection was not taken: the port has limits.connections of them',
  client: 'a connection was not taken: the client has limits.connectionsperclient of them',
  body: 'a connection was closed: the client sends its body more slowly than limits.minimumrate',
  answer: 'a connection was closed: the client takes its answer more slowly than limits.minimumrate',
} as const;
