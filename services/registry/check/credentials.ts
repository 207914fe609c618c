import { parseVersion, VERSION_MAX_BYTES } from '../access/issued/versions.ts';
import { CREDENTIALS_PREFIX } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

const VERSION = /^(?:robot|user)\/[a-z0-9_-]{1,160}\/\d{10}\.json$/;

/** Credentials that this registry has issued: each version can be read, and nothing lies between them. */
export function checkCredentials({ reader }: Scope): AsyncGenerator<Finding> {
  return reader.each(reader.keys(CREDENTIALS_PREFIX), async (key) => {
    const isVersion = VERSION.test(key.slice(CREDENTIALS_PREFIX.length));
    return isVersion ? checkVersion(reader.objects, key) : [strayFinding(key)];
  });
}

async function checkVersion(objects: Scope['reader']['objects'], key: string): Promise<Finding[]> {
  try {
    const bytes = await objects.read(key, VERSION_MAX_BYTES);
    if (bytes) parseVersion(bytes);
    return [];
  } catch {
    return [finding('credential-unreadable', { key }, 'Its owner cannot log in')];
  }
}
