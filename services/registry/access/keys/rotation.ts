import type { ObjectStore } from '../../storage/object-store.ts';
import type { SecretBox } from '../../storage/secret-box.ts';
import { KEYS_POLL_MS } from './key-ring.ts';
import type { TokenAlgorithm } from './signing-key.ts';
import { makeKey, type StoredKey, storedKeys } from './stored-key.ts';

/** A key is in the store for at least this long before it signs: two polls of the slowest node. */
export const KEY_LEAD_MIN_MS = 2 * KEYS_POLL_MS;
/** This share of a key's lifetime, up to a day, is left for copies of our public keys, made by hand or by a timer. */
const LEAD_SHARE = 0.1;
const LEAD_MAX_MS = 24 * 3_600_000;

/** How long before it begins to sign the next key is made. */
export function leadOf(keyLifetimeMs: number): number {
  return Math.max(KEY_LEAD_MIN_MS, Math.min(keyLifetimeMs * LEAD_SHARE, LEAD_MAX_MS));
}

/** The key that signs now, of keys in their order. */
export function signingNow(keys: readonly StoredKey[], now: Date): StoredKey | undefined {
  return keys.findLast(({ signsFrom }) => signsFrom <= now) ?? keys[0];
}

/** When the next key has to sign, if it must be made now; undefined while there is time. */
export function nextSignsFrom(newest: StoredKey, keyLifetimeMs: number, now: Date): Date | undefined {
  const due = newest.signsFrom.getTime() + keyLifetimeMs;
  if (now.getTime() < due - leadOf(keyLifetimeMs)) return undefined;
  return new Date(Math.max(due, now.getTime() + KEY_LEAD_MIN_MS));
}

/** Keys whose tokens have all expired, because a newer key has been signing for longer than a token lives. */
export function endedKeys(keys: readonly StoredKey[], tokenLifetimeMs: number, now: Date): StoredKey[] {
  const latest = now.getTime() - tokenLifetimeMs - CLOCKS_MS;
  return keys.filter((_, i) => {
    const next = keys[i + 1];
    return next !== undefined && next.signsFrom.getTime() < latest;
  });
}

/** For the leeway with which tokens are checked, and for clocks that do not agree. */
const CLOCKS_MS = 10 * 60_000;

export interface NewKey {
  readonly algorithm: TokenAlgorithm;
  readonly box: SecretBox;
  readonly signsFrom: Date;
  /** Makes all earlier keys void at once; they may be removed then. @default false */
  readonly revokesOlder?: boolean;
  /** Awaited before the key is written to the store. */
  readonly record: (kid: string) => Promise<void>;
}

/** Makes the key after the one with this number; undefined if another process has just made it, which is as good. */
export async function addKey(
  objects: ObjectStore,
  lastSeq: number,
  { algorithm, box, signsFrom, revokesOlder = false, record }: NewKey,
): Promise<string | undefined> {
  const { kid, object } = await makeKey(algorithm, box, {
    ...{ createdAt: new Date(), signsFrom, revokesOlder },
  });
  await record(kid);
  return (await storedKeys(objects).putIfAbsent(lastSeq + 1, object)) === 'created' ? kid : undefined;
}

/** Deletes keys: each node refuses their tokens from its next poll on. */
export async function removeKeys(
  objects: ObjectStore,
  keys: readonly Pick<StoredKey, 'seq'>[],
): Promise<void> {
  await objects.delete(keys.map(({ seq }) => storedKeys(objects).keyOf(seq)));
}
