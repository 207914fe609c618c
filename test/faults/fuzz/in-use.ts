import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { TestRegistry } from '../../support/registry.ts';

/** For a process whose memory in use is to be told: a value of NODE_OPTIONS. */
export const COLLECTS_GARBAGE = `--import=${pathToFileURL(`${import.meta.dirname}/collects-garbage.ts`).href}`;

/** So often garbage is collected: what a collection finalizes, only the next one frees. */
const COLLECTIONS = 3;
const COLLECTION_MS = 500;

/** Bytes that a registry started with {@link COLLECTS_GARBAGE} has in use, in V8's heap and in buffers beside it. */
export async function bytesInUse({ daemon, debugUrl }: TestRegistry): Promise<number> {
  for (let i = 0; i < COLLECTIONS; i++) {
    daemon.kill('SIGUSR2');
    await sleep(COLLECTION_MS);
  }
  const metrics = await (await fetch(`${debugUrl}/metrics`)).text();
  const value = (name: string) => {
    const text = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d\\S*)$`, 'm').exec(metrics)?.[1];
    if (text === undefined) throw new Error(`no ${name} in the metrics`);
    return Number(text);
  };
  return value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes');
}
