import { DAMAGED, encodeJson, orDamaged, parseJson } from '../../storage/json.ts';
import { keySegment, nameOfSegment } from '../../storage/key-segment.ts';
import { CREDENTIALS_PREFIX } from '../../storage/layout.ts';
import { Numbered, padded } from '../../storage/numbered.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { type DamagedAccount, type IssuedAccount, IssuedAccountSchema, type IssuedKind } from './account.ts';

export const VERSION_MAX_BYTES = 256 * 1024;

/** An account, and the number of its version. */
export interface Version {
  readonly seq: number;
  /** Undefined for a record that is damaged, or of a later version of this program. */
  readonly account: IssuedAccount | undefined;
}

/** Prefix of all accounts of a kind. */
export const kindPrefix = (kind: IssuedKind) => `${CREDENTIALS_PREFIX}${kind}/`;

/** Prefix of an account's versions. */
const accountPrefix = (kind: IssuedKind, name: string) => `${kindPrefix(kind)}${keySegment(name)}/`;

/** The versions of the account with this prefix: numbered from 1 without gaps, and never replaced. */
function versionsUnder(objects: ObjectStore, prefix: string): Numbered {
  const keyOf = (seq: number) => `${prefix}${padded(seq, 10)}.json`;
  return new Numbered(objects, { prefix, keyOf, maxBytes: VERSION_MAX_BYTES });
}

/** The newest version of an account; undefined if the account never existed. */
export function readVersion(
  objects: ObjectStore,
  kind: IssuedKind,
  name: string,
): Promise<Version | undefined> {
  return readNewest(objects, accountPrefix(kind, name));
}

/** Every account of a kind, in no particular order; one that is damaged does not hide the others. */
export async function* listVersions(
  objects: ObjectStore,
  kind: IssuedKind,
): AsyncGenerator<IssuedAccount | DamagedAccount> {
  const prefix = kindPrefix(kind);
  for await (const { key, isPrefix } of listAll(objects, { prefix, delimiter: '/' })) {
    const version = isPrefix ? await readNewest(objects, key) : undefined;
    if (version)
      yield version.account ?? { name: nameOfSegment(key.slice(prefix.length, -1)), isDamaged: true };
  }
}

/**
 * Writes an account's next version; false when another process has changed the account since `before`. The conditional
 * create of the next number is the only coordination.
 */
export async function writeVersion(
  objects: ObjectStore,
  before: Version | undefined,
  account: IssuedAccount,
): Promise<boolean> {
  const versions = versionsUnder(objects, accountPrefix(account.kind, account.name));
  // Nothing is written that could not be read.
  const bytes = encodeJson(IssuedAccountSchema.parse(account));
  return (await versions.putIfAbsent((before?.seq ?? 0) + 1, bytes)) === 'created';
}

/** Parses a version. Throws if it is malformed, or of a format that is not known here. */
export function parseVersion(bytes: Buffer): IssuedAccount {
  return parseJson(IssuedAccountSchema, bytes);
}

async function readNewest(objects: ObjectStore, prefix: string): Promise<Version | undefined> {
  const versions = versionsUnder(objects, prefix);
  const seq = await versions.end();
  // Read even if there is no version, so that the response time does not reveal which names exist.
  const reading = versions.read(Math.max(1, seq)).then((bytes) => bytes && parseVersion(bytes));
  const account = await orDamaged(reading);
  return account && { seq, account: account === DAMAGED ? undefined : account };
}
