import { ReleaseError } from '../release-error.ts';
import { readAuthFiles } from './auth-files.ts';
import type { Login } from './identity.ts';

/**
 * The login for a registry: `--username` (or ROADSTEAD_USERNAME) with ROADSTEAD_PASSWORD, or the one that `docker login`
 * or `podman login` stored. A password is never an argument, since other users can read command lines. Throws a
 * {@link ReleaseError} that says what to do.
 */
export async function findLogin(server: string, username: string | undefined): Promise<Login> {
  const { host } = new URL(server);
  const name = username ?? process.env['ROADSTEAD_USERNAME'];
  const password = process.env['ROADSTEAD_PASSWORD'];
  if (name && password) return { kind: 'password', username: name, password };
  if (username !== undefined)
    throw new ReleaseError(
      'UNAUTHORIZED',
      `set ROADSTEAD_PASSWORD to the password of ${username} at ${host}`,
    );
  const kept = await readAuthFiles(host);
  if (kept) return kept;
  throw new ReleaseError(
    'UNAUTHORIZED',
    `${host} requires a login: log in first (docker login ${host}, or podman login ${host}), or give --username NAME and ` +
      'set ROADSTEAD_PASSWORD',
  );
}
