import type { ByNameOrId } from '../../openstack/auth-request.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import type { Locks } from '../../registry/storage/locks.ts';
import type { StoreMode } from '../../registry/storage/object-store.ts';

/**
 * The store's credentials. TempAuth (v1, also Ceph's and Swauth's) takes a name and a key; Keystone v3 a user's password,
 * scoped to a project or a trust, or an application credential, which carries its own scope.
 */
export interface SwiftCredentials {
  /** `https://keystone.example.org:5000/v3`, or TempAuth's `https://swift.example.org/auth/v1.0`. */
  readonly authUrl: string;
  /** @default from the URL (`/v3`, `/v1`) */
  readonly authVersion?: 1 | 3 | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The user's domain; Keystone's `default` unless given. */
  readonly domain?: ByNameOrId | undefined;
  /** The project, which OpenStack once called tenant. */
  readonly tenant?: ByNameOrId | undefined;
  /** The project's domain; the user's unless given. */
  readonly tenantDomain?: ByNameOrId | undefined;
  /** Authenticates with this trust instead of in a project. */
  readonly trustId?: string | undefined;
  /** By id, or by name together with `username` and its domain. */
  readonly applicationCredential?: (ByNameOrId & { readonly secret: string }) | undefined;
}

/** The container, and how to reach it; the names are those of Distribution's `storage.swift`. */
export interface SwiftOptions {
  readonly credentials: SwiftCredentials;
  /** Made at the start if it does not exist and the user may make it, as in Distribution. */
  readonly container: string;
  /** The part before `/files/` and `/segments/` in every object's name, as in Distribution (there `prefix`). */
  readonly prefix?: string | undefined;
  /** Which of the catalogue's regions; the first unless given. */
  readonly region?: string | undefined;
  /** @default 'public' */
  readonly endpointType?: 'public' | 'internal' | 'admin' | undefined;
  /** The account's URL, if it differs from that of the catalogue or of TempAuth (`https://…/v1/AUTH_abc`). */
  readonly storageUrl?: string | undefined;
  /** Accepts any certificate: for tests only. */
  readonly insecureSkipVerify?: boolean | undefined;
  /**
   * Largest segment of a large object.
   * @default 20 MiB, as in Distribution
   */
  readonly chunkSizeBytes?: number | undefined;
  /** The key that signs URLs for clients (`secretkey`). @default the key of the container or the account */
  readonly tempUrlKey?: string | undefined;
  /** The URL by which clients reach Swift, if it differs from ours: an origin, or an account's URL. */
  readonly publicEndpoint?: string | undefined;
  /** Decides races to create an object: Swift itself cannot, see docs/decisions/0007-swift-large-objects.md. */
  readonly locks: Locks | undefined;
  /** With `read`, opening writes nothing. @default 'write' */
  readonly mode?: StoreMode | undefined;
  /**
   * Segments younger than this never count as leftovers; those older than half of it are copied before another object may
   * use them.
   * @default 24 hours
   */
  readonly leftoverAgeMs?: number | undefined;
  /**
   * How long Swift may be silent.
   * @default 60 seconds
   */
  readonly timeoutMs?: number | undefined;
}

/** Swift slows down reads of objects with smaller segments (`rate_limit_under_size`); Distribution's minimum. */
const MIN_CHUNK_BYTES = 1024 * 1024;
export const DEFAULTS = {
  chunkSizeBytes: 20 * 1024 * 1024,
  leftoverAgeMs: 24 * 60 * 60 * 1000,
  timeoutMs: 60_000,
} as const;

/** Throws an error that says what to change, before any request. */
export function checkOptions(options: SwiftOptions): asserts options is SwiftOptions & { locks: Locks } {
  const { chunkSizeBytes = DEFAULTS.chunkSizeBytes, container, locks } = options;
  if (locks === undefined)
    throw new OperatorError(
      'Swift has no conditional create: configure Redis, whose locks replace it for several processes',
    );
  if (container === '' || container.includes('/'))
    throw new OperatorError('expected the name of a Swift container');
  if (chunkSizeBytes < MIN_CHUNK_BYTES)
    throw new OperatorError(`Swift segments need at least ${MIN_CHUNK_BYTES} bytes, not ${chunkSizeBytes}`);
}
