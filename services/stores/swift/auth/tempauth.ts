import { OperatorError } from '../../../registry/runtime/operator-error.ts';
import type { SwiftCredentials } from '../options.ts';
import type { Wire } from '../wire.ts';
import type { Grant } from './session.ts';

/** The lifetime of a token if the server does not say: shorter than any default. */
const ASSUMED_LIFE_SECONDS = 3600;

/** Version 1: TempAuth of Swift, and of Ceph's radosgw (docs.openstack.org/swift/latest/overview_auth.html). */
export async function logInToTempAuth(wire: Wire, credentials: SwiftCredentials): Promise<Grant> {
  const { authUrl, username, password } = credentials;
  if (username === undefined || password === undefined)
    throw new OperatorError("Swift's TempAuth needs a username and a password");
  const response = await wire.send(
    authUrl,
    {
      method: 'GET',
      headers: { 'x-auth-user': username, 'x-auth-key': password },
      expects: [200, 204],
    },
    'the log-in at TempAuth',
  );
  await response.body.dump();
  const token = response.header('x-auth-token');
  const storageUrl = response.header('x-storage-url');
  if (token === undefined || storageUrl === undefined)
    throw new OperatorError('TempAuth answered without a token');
  const lifeSeconds = Number(response.header('x-auth-token-expires') ?? ASSUMED_LIFE_SECONDS);
  return { token, storageUrl, expiresAtMs: Date.now() + lifeSeconds * 1000 };
}
