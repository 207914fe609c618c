import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ConnectionLimits } from '../http/connections.ts';
import { connectionMetrics, rateMetrics } from '../http/http-metrics.ts';
import type { ListenLimits } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import type { PaceLimits } from '../http/pace.ts';
import { RequestLimits } from '../http/request-limits.ts';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import { LOGIN_OUTCOMES, LoginGuard, type LoginOutcome } from '../registry/access/login-guard/guard.ts';
import { networkTest } from '../registry/access/networks.ts';
import { connectionsOfPort, descriptorsMax } from './descriptors.ts';
import { isOnly, type Part } from './parts.ts';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
/** Grace period before the minimum transfer rate is enforced. */
const PACE_GRACE_MS = 60_000;
/** Repeated warnings are logged at most once per this interval. */
const WARN_EVERY_MS = 60_000;

/** The guard of every password check in this program: one for the authenticator and the token service together. */
export function loginGuardOf(
  config: Config,
  counts: AttemptCounts,
  metrics: Metrics | undefined,
): LoginGuard {
  return new LoginGuard({
    ...(metrics && { ended: countLogins(metrics) }),
    ...{ counts, ...loginLimitsOf(config) },
    // Without a configured secret, nodes that share a Redis count separately.
    secret: config.http.secret ?? randomBytes(32).toString('hex'),
  });
}

/** Whether a process of these parts checks passwords. */
export function checksPasswords({ auth, token }: Config, parts: readonly Part[]): boolean {
  if (auth?.htpasswd) return !isOnly(parts, 'sync');
  return token !== undefined && parts.includes('token');
}

function countLogins(metrics: Metrics): (outcome: LoginOutcome) => void {
  const logins = metrics.counter(
    'roadstead_logins_total',
    'Passwords that were checked, by outcome: known, unknown (wrong), limited (too many failures: not checked), ' +
      'failed (the source of accounts did not answer).',
    'outcome',
  );
  for (const outcome of LOGIN_OUTCOMES) logins.inc({ outcome }, 0);
  return (outcome) => logins.inc({ outcome });
}

/** How many requests a second clients and accounts may make, over all that this program serves. */
export function requestLimitsOf(config: Config, metrics: Metrics | undefined): RequestLimits {
  const limitedRequests = metrics && rateMetrics(metrics).limitedRequests;
  const limited = (by: string) => limitedRequests?.inc({ by });
  return new RequestLimits({ ...requestRatesOf(config), limited });
}

/** Limits that live as long as the process, with what they have counted. */
export interface LivingLimits {
  readonly requests: RequestLimits;
  readonly logins: LoginGuard;
}

/** Gives limits the values of another configuration. */
export function adjustLimits({ requests, logins }: LivingLimits, config: Config): void {
  requests.adjust(requestRatesOf(config));
  logins.adjust(loginLimitsOf(config));
}

function requestRatesOf({ limits }: Config) {
  const { client: perClient, account: perAccount } = limits.requestspersecond;
  return { perClient, perAccount, trustedNetworks: limits.trustednetworks };
}

function loginLimitsOf({ limits }: Config) {
  const { enabled, attempts, maxwait: maxWaitMs } = limits.logins;
  return { attempts, maxWaitMs, trustedNetworks: enabled ? limits.trustednetworks : EVERYWHERE };
}

/** Limits of ports, and a way to change them while the ports are open. */
export interface AdjustableLimits extends ListenLimits {
  adjust(config: Config): void;
}

/** Limits of each of the ports of this process. Warns if it may not have open as many connections as are configured. */
export function listenLimitsOf(
  config: Config,
  ports: number,
  metrics: Metrics,
  logger: Logger,
): AdjustableLimits {
  const { closedConnections } = connectionMetrics(metrics);
  const warnedAt = new Map<string, number>();
  const connections = connectionLimitsOf(config, ports, logger);
  const pace = paceOf(config);
  return {
    ...{ connections, pace },
    adjust(next) {
      Object.assign(connections, connectionLimitsOf(next, ports, logger));
      Object.assign(pace, paceOf(next));
    },
    closed(reason, address) {
      closedConnections.inc({ reason });
      const now = performance.now();
      if (now - (warnedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
      warnedAt.set(reason, now);
      logger.warn({ reason, client: address }, WHY[reason]);
    },
  };
}

function paceOf({ limits }: Config): PaceLimits {
  return { bytesPerSecond: limits.minimumrate, graceMs: PACE_GRACE_MS };
}

function connectionLimitsOf({ http, limits }: Config, ports: number, logger: Logger): ConnectionLimits {
  const { connections, connectionsperclient: perClient } = limits;
  const descriptors = descriptorsMax();
  const total = connectionsOfPort(connections, ports, descriptors);
  if (total < connections)
    logger.warn(
      { descriptors, connections: total },
      `limits.connections is ${connections}, but this process may open only ${descriptors} files and connections: a ` +
        `port accepts ${total} connections. Raise the limit (ulimit -n, LimitNOFILE= of systemd), or lower the key`,
    );
  return {
    total,
    // Of fewer connections than configured, one client may not have all.
    perClient:
      total < connections
        ? Math.min(perClient ?? total, Math.ceil(total / 2))
        : (perClient ?? Math.ceil(total / 2)),
    isExempt: networkTest([...http.trustedproxies, ...limits.trustednetworks]),
  };
}

const WHY = {
  total: 'connection refused: the port has limits.connections connections',
  client: 'connection refused: the client has limits.connectionsperclient connections',
  body: 'connection closed: the client sends its body more slowly than limits.minimumrate',
  answer: 'connection closed: the client reads its answer more slowly than limits.minimumrate',
} as const;
