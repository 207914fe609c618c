import type { ByNameOrId } from '../../openstack/auth-request.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import type { Locks } from '../../registry/storage/locks.ts';
import type { StoreMode } from '../../registry/storage/object-store.ts';

/**
 * Who the store is to Swift. TempAuth (v1, also Ceph's and Swauth's) takes a name and a key; Keystone v3 a user's
 * password, scoped to a project or a trust, or an application credential, which carries its own scope.
 */
export interface SwiftCredentials {
  /** `https://keystone.example.org:5000/v3`, or TempAuth's `https://swift.example.org/auth/v1.0`. */
  readonly authUrl: string;
  /** Told from the URL (`/v3`, `/v1`) unless given. */
  readonly authVersion?: 1 | 3 | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The user's domain; Keystone's `default` unless given. */
  readonly domain?: ByNameOrId | undefined;
  /** The project, which OpenStack once called tenant. */
  readonly tenant?: ByNameOrId | undefined;
  /** The project's domain; the user's unless given. */
  readonly tenantDomain?: ByNameOrId | undefined;
  /** Acts by this trust instead of in a project. */
  readonly trustId?: string | undefined;
  /** By id, or by name together with `username` and its domain. */
  readonly applicationCredential?: (ByNameOrId & { readonly secret: string }) | undefined;
}

/** Where the objects are, and how to reach them; the names are those of Distribution's `storage.swift`. */
export interface SwiftOptions {
  readonly credentials: SwiftCredentials;
  /** Made at the start when it is not there and the user may make it, as Distribution does. */
  readonly container: string;
  /** Stands before `/files/` and `/segments/` in every object's name, as in Distribution (there `prefix`). */
  readonly prefix?: string | undefined;
  /** Which of the catalogue's regions; the first unless given. */
  readonly region?: string | undefined;
  /** @default 'public' */
  readonly endpointType?: 'public' | 'internal' | 'admin' | undefined;
  /** The account's URL, where it is not that of the catalogue or of TempAuth (`https://…/v1/AUTH_abc`). */
  readonly storageUrl?: string | undefined;
  /** Takes any certificate: for tests only. */
  readonly insecureSkipVerify?: boolean | undefined;
  /**
   * Largest segment of a large object.
   * @default 20 MiB, as in Distribution
   */
  readonly chunkSizeBytes?: number | undefined;
  /** Signs URLs for clients; what the container or the account has is used unless given (`secretkey`). */
  readonly tempUrlKey?: string | undefined;
  /** Where clients reach Swift, if not where we do: an origin, or an account's URL. */
  readonly publicEndpoint?: string | undefined;
  /** Decides who creates an object: Swift itself cannot, see docs/decisions/0007-swift-large-objects.md. */
  readonly locks: Locks | undefined;
  /** With `read`, opening writes nothing. @default 'write' */
  readonly mode?: StoreMode | undefined;
  /**
   * Segments younger than this are never taken for leftovers; those older than half of it are copied before another
   * object may use them.
   * @default 24 hours
   */
  readonly leftoverAgeMs?: number | undefined;
  /**
   * How long Swift may be silent.
   * @default 60 seconds
   */
  readonly timeoutMs?: number | undefined;
}

/** Distribution's own. */
export const DEFAULT_CHUNK_BYTES = 20 * 1024 * 1024;
/** Swift slows the reading of objects down whose segments are smaller (`rate_limit_under_size`); Distribution's minimum. */
export const MIN_CHUNK_BYTES = 1024 * 1024;
export const DEFAULT_LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_TIMEOUT_MS = 60_000;

/** Throws an Error that says what to change, before anything is asked of a server. */
export function checkOptions(options: SwiftOptions): asserts options is SwiftOptions & { locks: Locks } {
  const { chunkSizeBytes = DEFAULT_CHUNK_BYTES, container, locks } = options;
  if (locks === undefined)
    throw new OperatorError(
      'Swift cannot create an object only if it is not there: configure Redis, which does that for several processes',
    );
  if (container === '' || container.includes('/'))
    throw new OperatorError('expected the name of a Swift container');
  if (chunkSizeBytes < MIN_CHUNK_BYTES)
    throw new OperatorError(`Swift segments need at least ${MIN_CHUNK_BYTES} bytes, not ${chunkSizeBytes}`);
}
