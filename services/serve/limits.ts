import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { LoginGuard } from '../registry/access/login-guard.ts';
import type { Stores } from '../stores/open.ts';

const EVERYWHERE = ['0.0.0.0/0', '::/0'];

/** What stands before every look at a password in this program: one for the door and the token service together. */
export function loginGuardOf({ http, limits }: Config, { attempts: counts }: Stores): LoginGuard {
  const { enabled, attempts, maxwait } = limits.logins;
  return new LoginGuard({
    ...{ counts, attempts, maxWaitMs: maxwait },
    trustedNetworks: enabled ? limits.trustednetworks : EVERYWHERE,
    // Without a secret of the registry's own, nodes that share a Redis count apart.
    secret: http.secret ?? randomBytes(32).toString('hex'),
  });
}
