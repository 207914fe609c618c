import { OperatorError } from '../../../registry/runtime/operator-error.ts';
import { StoreUnavailableError } from '../../../registry/storage/object-store.ts';
import { SwiftError } from '../errors.ts';
import type { SwiftCredentials, SwiftOptions } from '../options.ts';
import { type Wire, withRetries } from '../wire.ts';
import { logInToKeystone } from './keystone.ts';
import type { Grant } from './session.ts';
import { logInToTempAuth } from './tempauth.ts';

/** The log-in for the given options; the returned function may be called repeatedly. */
export function logInWith(wire: Wire, options: SwiftOptions): () => Promise<Grant> {
  const { credentials, storageUrl } = options;
  const version = versionOf(credentials);
  const once = () => (version === 3 ? logInToKeystone(wire, options) : logInToTempAuth(wire, credentials));
  return async () => {
    try {
      const grant = await withRetries(once);
      return { ...grant, storageUrl: (storageUrl ?? grant.storageUrl).replace(/\/+$/, '') };
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      const { status } = error as Partial<SwiftError>;
      if (error instanceof SwiftError && [401, 403].includes(error.status))
        throw new StoreUnavailableError(
          `cannot log in to Swift at storage.swift.authurl = ${credentials.authUrl} (${status}): check storage.swift.username, ` +
            'password, and tenant or tenantid, or the application credential',
        );
      const reason = (error as NodeJS.ErrnoException).code ?? status ?? 'no answer that we understand';
      throw new StoreUnavailableError(
        `cannot log in to Swift at storage.swift.authurl = ${credentials.authUrl} (${reason}): expected the URL of a Keystone ` +
          '(…/v3) or a TempAuth (…/auth/v1.0) that this machine reaches',
        { cause: error },
      );
    }
  };
}

/** The version of the authentication, from the URL, as in Distribution. */
function versionOf({ authUrl, authVersion }: SwiftCredentials): 1 | 3 {
  if (authVersion !== undefined) return authVersion;
  const { pathname } = new URL(authUrl);
  if (/\/v3\b/.test(pathname)) return 3;
  if (/\/v1\b/.test(pathname)) return 1;
  throw new OperatorError(
    `cannot derive the version of Swift's authentication from the path ${pathname}: expected /v3 (Keystone) or /v1 ` +
      '(TempAuth), or authversion; version 2 is no longer spoken by any Keystone',
  );
}
