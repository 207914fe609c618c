import { KEYS_PREFIX, parseKey, storedKeys } from '../access/keys/stored-key.ts';
import type { Numbered } from '../storage/numbered.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** The keys by which tokens are signed: each can be read, and nothing lies between them. */
export function checkTokenKeys({ reader }: Scope): AsyncGenerator<Finding> {
  const stored = storedKeys(reader.objects);
  return reader.each(reader.keys(KEYS_PREFIX), async (key) => {
    const seq = stored.numberOf(key);
    return seq === undefined ? [strayFinding(key)] : checkKey(stored, key, seq);
  });
}

async function checkKey(stored: Numbered, key: string, seq: number): Promise<Finding[]> {
  const bytes = await stored.read(seq);
  try {
    if (bytes) parseKey(seq, bytes);
    return [];
  } catch {
    return [finding('token-key-unreadable', { key }, 'Tokens that were signed by this key are refused')];
  }
}
