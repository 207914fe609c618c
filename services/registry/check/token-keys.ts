import { KEY_MAX_BYTES, KEYS_PREFIX, parseKey, seqOfKey } from '../access/keys/stored-key.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** The keys by which tokens are signed: each can be read, and nothing lies between them. */
export async function* checkTokenKeys({ reader }: Scope): AsyncGenerator<Finding> {
  for await (const key of reader.keys(KEYS_PREFIX)) {
    const seq = seqOfKey(key);
    if (seq === undefined) yield strayFinding(key);
    else yield* await reader.twice(() => checkKey(reader.objects, key, seq));
  }
}

async function checkKey(objects: Scope['reader']['objects'], key: string, seq: number): Promise<Finding[]> {
  const bytes = await objects.read(key, KEY_MAX_BYTES);
  try {
    if (bytes) parseKey(seq, bytes);
    return [];
  } catch {
    return [finding('token-key-unreadable', { key }, 'Tokens that were signed by this key are refused')];
  }
}
