import { keySegment } from '../../storage/key-segment.ts';
import { CREDENTIALS_PREFIX } from '../../storage/layout.ts';
import { endOfLog } from '../../storage/log-end.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { type IssuedAccount, IssuedAccountSchema, type IssuedKind } from './account.ts';

export const VERSION_MAX_BYTES = 256 * 1024;

/** An account, and the number of its version. */
export interface Version {
  readonly seq: number;
  readonly account: IssuedAccount;
}

/** Prefix of all accounts of a kind. */
export const kindPrefix = (kind: IssuedKind) => `${CREDENTIALS_PREFIX}${kind}/`;

/** Prefix of an account's versions. */
const accountPrefix = (kind: IssuedKind, name: string) => `${kindPrefix(kind)}${keySegment(name)}/`;

const versionKey = (prefix: string, seq: number) => `${prefix}${String(seq).padStart(10, '0')}.json`;

/** The newest version of an account; undefined if it never existed. */
export function readVersion(
  objects: ObjectStore,
  kind: IssuedKind,
  name: string,
  signal?: AbortSignal,
): Promise<Version | undefined> {
  return readNewest(objects, accountPrefix(kind, name), signal);
}

/** Every account of a kind, in no particular order. */
export async function* listVersions(objects: ObjectStore, kind: IssuedKind): AsyncGenerator<Version> {
  for await (const { key, isPrefix } of listAll(objects, { prefix: kindPrefix(kind), delimiter: '/' })) {
    const version = isPrefix ? await readNewest(objects, key) : undefined;
    if (version) yield version;
  }
}

/**
 * Writes the next version of an account; false if it was changed since `before`. Versions are numbered from 1 without
 * gaps, and the conditional create of the next one is the only coordination: nothing is ever replaced.
 */
export async function writeVersion(
  objects: ObjectStore,
  before: Version | undefined,
  account: IssuedAccount,
): Promise<boolean> {
  const key = versionKey(accountPrefix(account.kind, account.name), (before?.seq ?? 0) + 1);
  const bytes = Buffer.from(`${JSON.stringify(account, undefined, 2)}\n`);
  return (await objects.putIfAbsent(key, bytes)) === 'created';
}

/** Reads a version. Throws if this software does not understand it. */
export function parseVersion(bytes: Buffer): IssuedAccount {
  return IssuedAccountSchema.parse(JSON.parse(bytes.toString('utf8')));
}

async function readNewest(
  objects: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): Promise<Version | undefined> {
  const seq = await endOfLog(0, async (each) => {
    return (await objects.stat(versionKey(prefix, each), signal)) !== undefined;
  });
  // Read even if there is no version, so that timing does not reveal which names exist.
  const bytes = await objects.read(versionKey(prefix, Math.max(1, seq)), VERSION_MAX_BYTES, signal);
  return bytes && { seq, account: parseVersion(bytes) };
}
