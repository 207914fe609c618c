import { parseVersion, VERSION_MAX_BYTES } from '../access/issued/versions.ts';
import { CREDENTIALS_PREFIX } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

const VERSION = /^(?:robot|user)\/[a-z0-9_-]{1,160}\/\d{10}\.json$/;

/** Credentials that this registry has issued: each version can be read, and nothing lies between them. */
export async function* checkCredentials({ reader }: Scope): AsyncGenerator<Finding> {
  for await (const key of reader.keys(CREDENTIALS_PREFIX)) {
    if (!VERSION.test(key.slice(CREDENTIALS_PREFIX.length))) yield strayFinding(key);
    else yield* await reader.twice(() => checkVersion(reader.objects, key));
  }
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
