import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { limitMetrics } from '../http/http-metrics.ts';
import type { ListenLimits } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { RequestLimits } from '../http/request-limits.ts';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import { LoginGuard } from '../registry/access/login-guard/guard.ts';
import { networkTest } from '../registry/access/networks.ts';
import { connectionsOfPort, descriptorsMax } from './descriptors.ts';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
/** Grace period before the minimum transfer rate is enforced. */
const PACE_GRACE_MS = 60_000;
/** Repeated warnings are logged at most once per this interval. */
const WARN_EVERY_MS = 60_000;

/** The guard of every password check in this program: one for the authenticator and the token service together. */
export function loginGuardOf({ http, limits }: Config, counts: AttemptCounts): LoginGuard {
  const { enabled, attempts, maxwait } = limits.logins;
  return new LoginGuard({
    ...{ counts, attempts, maxWaitMs: maxwait },
    trustedNetworks: enabled ? limits.trustednetworks : EVERYWHERE,
    // Without a configured secret, nodes that share a Redis count separately.
    secret: http.secret ?? randomBytes(32).toString('hex'),
  });
}

/** How many requests a second clients and accounts may make, over all that this program serves. */
export function requestLimitsOf({ limits }: Config, metrics: Metrics): RequestLimits {
  const { client: perClient, account: perAccount } = limits.requestspersecond;
  const { limitedRequests } = limitMetrics(metrics);
  const limited = (by: string) => limitedRequests.inc({ by });
  return new RequestLimits({ perClient, perAccount, trustedNetworks: limits.trustednetworks, limited });
}

/** Limits of each of the ports of this process. Warns if it may not have open as many connections as are configured. */
export function listenLimitsOf(
  { http, limits }: Config,
  ports: number,
  metrics: Metrics,
  logger: Logger,
): ListenLimits {
  const { closedConnections } = limitMetrics(metrics);
  const warnedAt = new Map<string, number>();
  const { connections, connectionsperclient: perClient, minimumrate: bytesPerSecond } = limits;
  const descriptors = descriptorsMax();
  const total = connectionsOfPort(connections, ports, descriptors);
  if (total < connections)
    logger.warn(
      { descriptors, connections: total },
      `limits.connections is ${connections}, but this process may open only ${descriptors} files and connections: a ` +
        `port accepts ${total} connections. Raise the limit (ulimit -n, LimitNOFILE= of systemd), or lower the key`,
    );
  return {
    connections: {
      total,
      // Of fewer connections than configured, one client may not have all.
      perClient:
        total < connections
          ? Math.min(perClient ?? total, Math.ceil(total / 2))
          : (perClient ?? Math.ceil(total / 2)),
      isExempt: networkTest([...http.trustedproxies, ...limits.trustednetworks]),
    },
    pace: bytesPerSecond === 0 ? undefined : { bytesPerSecond, graceMs: PACE_GRACE_MS },
    closed(reason, address) {
      closedConnections.inc({ reason });
      const now = performance.now();
      if (now - (warnedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
      warnedAt.set(reason, now);
      logger.warn({ reason, client: address }, WHY[reason]);
    },
  };
}

const WHY = {
  total: 'connection refused: the port has limits.connections connections',
  client: 'connection refused: the client has limits.connectionsperclient connections',
  body: 'connection closed: the client sends its body more slowly than limits.minimumrate',
  answer: 'connection closed: the client reads its answer more slowly than limits.minimumrate',
} as const;
