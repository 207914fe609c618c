import { parseVersion, VERSION_MAX_BYTES } from '../access/issued/versions.ts';
import { CREDENTIALS_PREFIX } from '../storage/layout.ts';
import { padded } from '../storage/numbered.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

const VERSION = /^((?:robot|user)\/[a-z0-9_-]{1,160}\/)(\d{10})\.json$/;

/** Credentials that this registry has issued: the newest version can be read, and nothing lies between versions. */
export function checkCredentials({ reader }: Scope): AsyncGenerator<Finding> {
  return reader.each(reader.keys(CREDENTIALS_PREFIX), async (key) => {
    const [, account, seq] = VERSION.exec(key.slice(CREDENTIALS_PREFIX.length)) ?? [];
    if (account === undefined) return [strayFinding(key)];
    const next = `${CREDENTIALS_PREFIX}${account}${padded(Number(seq) + 1, 10)}.json`;
    return checkVersion(reader.objects, key, next);
  });
}

async function checkVersion(
  objects: Scope['reader']['objects'],
  key: string,
  next: string,
): Promise<Finding[]> {
  try {
    const bytes = await objects.read(key, VERSION_MAX_BYTES);
    if (bytes) parseVersion(bytes);
    return [];
  } catch {
    // A damaged account can be revoked: then its damaged version is not the newest.
    if (await objects.stat(next)) return [];
    return [finding('credential-unreadable', { key }, 'Its owner cannot log in')];
  }
}
