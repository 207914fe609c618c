import { createHmac } from 'node:crypto';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import type { StoreMode } from '../../registry/storage/object-store.ts';
import type { SwiftClient } from './client.ts';

/** The key that signs URLs, and the URL by which clients reach Swift. */
export interface UrlSigner {
  readonly digest: 'sha256' | 'sha512' | 'sha1';
  readonly key: string;
  /** An origin or an account's URL instead of ours. */
  readonly publicEndpoint: string | undefined;
}

/** Swift keeps two keys for each container and account, so that one can be changed while URLs of the other live. */
const SLOTS = ['temp-url-key', 'temp-url-key-2'] as const;

/**
 * Finds the key that signs: the given one, which is set on the container if neither it nor the account has it; otherwise
 * one of theirs. Undefined if URLs cannot be signed. Throws if both slots of the container are taken, since those keys may
 * belong to another program.
 */
export async function findSigner(
  client: SwiftClient,
  given: {
    readonly key: string | undefined;
    readonly publicEndpoint: string | undefined;
    readonly mode: StoreMode;
  },
): Promise<UrlSigner | undefined> {
  const { tempUrlDigest } = client.capabilities;
  if (tempUrlDigest === undefined) {
    if (given.key === undefined) return undefined;
    throw new OperatorError(
      'a key for temporary URLs is configured, but this Swift does not support them (its tempurl middleware is missing)',
    );
  }
  const signer = (key: string): UrlSigner => ({
    digest: tempUrlDigest,
    key,
    publicEndpoint: given.publicEndpoint,
  });
  const container = await client.ask({ method: 'HEAD', expects: [200, 204] });
  // Only the owner of an account sees its keys; a user of one container does not.
  const account = await client.ask({ method: 'HEAD', ofAccount: true, expects: [200, 204, 401, 403] });
  const ofContainer = SLOTS.map((slot) => container.header(`x-container-meta-${slot}`));
  const known = [...ofContainer, ...SLOTS.map((slot) => account.header(`x-account-meta-${slot}`))];
  const { key } = given;
  if (key === undefined) {
    const found = known.find((each) => each !== undefined);
    return found === undefined ? undefined : signer(found);
  }
  if (known.includes(key)) return signer(key);
  // Setting the key is a write.
  if (given.mode === 'read') return undefined;
  const vacant = SLOTS.find((_, i) => ofContainer[i] === undefined);
  if (vacant === undefined)
    throw new OperatorError(
      `the container ${client.names.container} has two other keys for temporary URLs: remove one, or use it`,
    );
  await client.ask({
    method: 'POST',
    headers: { [`x-container-meta-${vacant}`]: key },
    expects: [202, 204],
  });
  return signer(key);
}

/** A URL by which anyone can fetch an object for a while (docs.openstack.org/swift/latest/api/temporary_url_middleware.html). */
export function signedUrl(
  { digest, key, publicEndpoint }: UrlSigner,
  storageUrl: string,
  path: string,
  expiresAtSeconds: number,
): string {
  const own = new URL(storageUrl);
  const base = new URL(publicEndpoint ?? own);
  const accountPath = (base.pathname === '/' ? own.pathname : base.pathname).replace(/\/+$/, '');
  // Swift signs the path as it is after decoding.
  const signedPath = decodeURIComponent(accountPath + path);
  const signature = createHmac(digest, key).update(`GET\n${expiresAtSeconds}\n${signedPath}`).digest('hex');
  const url = new URL(accountPath + path, base);
  url.searchParams.set('temp_url_sig', signature);
  url.searchParams.set('temp_url_expires', String(expiresAtSeconds));
  return url.href;
}
