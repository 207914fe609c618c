import type { Authentication } from '../../../services/registry/access/account.ts';
import type { AttemptCounts } from '../../../services/registry/access/attempts.ts';
import { LoginGuard } from '../../../services/registry/access/login-guard/guard.ts';
import { RegistryError } from '../../../services/registry/oci/errors.ts';

export const HOUR_MS = 3_600_000;
export const MAX_WAIT_MS = 300_000;

/** A clock that only tests move. */
export interface Clock {
  nowMs: number;
}

/** What became of an attempt: looked at, or how many seconds it has to wait. */
export type Outcome = 'known' | 'unknown' | number;

/** Tries to log in; the password `right` is right for every account. */
export type Login = (account: string, address: string, password: string) => Promise<Outcome>;

const KNOWN: Authentication = {
  outcome: 'known',
  identity: { kind: 'user', name: 'alice', groups: [], memberships: [] },
};

/** Logins at a guard whose time is the clock's. */
export function loginsAt(clock: Clock, counts: AttemptCounts, attempts = 5): Login {
  const guard = new LoginGuard({
    ...{ counts, attempts, maxWaitMs: MAX_WAIT_MS, trustedNetworks: [], secret: 's' },
    ...{ now: () => clock.nowMs, monotonicNow: () => clock.nowMs },
  });
  return async (account, address, password) => {
    try {
      const answer = await guard.attempt({ account, address }, password, async () =>
        password === 'right' ? KNOWN : { outcome: 'unknown' },
      );
      return answer.outcome;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.kind !== 'TOO_MANY_REQUESTS') throw error;
      return Number(error.detail?.['retryAfterSeconds']);
    }
  };
}
