import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { TestRegistry } from '../../support/registry.ts';

/** For a process whose memory in use is to be told: a value of NODE_OPTIONS. */
export const COLLECTS_GARBAGE = `--import=${pathToFileURL(`${import.meta.dirname}/collects-garbage.ts`).href}`;

/** What a collection finalizes only the next one frees, and connections that a client left take a while to be closed. */
const COLLECTIONS = 5;
const COLLECTION_MS = 1000;

/** Bytes that a registry started with {@link COLLECTS_GARBAGE} has in use once it rests, in V8's heap and in buffers beside it. */
export async function bytesInUse(registry: TestRegistry): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < COLLECTIONS; i++) {
    registry.daemon.kill('SIGUSR2');
    await sleep(COLLECTION_MS);
    lowest = Math.min(lowest, await bytesNow(registry.debugUrl));
  }
  return lowest;
}

async function bytesNow(debugUrl: string): Promise<number> {
  const metrics = await (await fetch(`${debugUrl}/metrics`)).text();
  const value = (name: string) => {
    const text = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d\\S*)$`, 'm').exec(metrics)?.[1];
    if (text === undefined) throw new Error(`no ${name} in the metrics`);
    return Number(text);
  };
  return value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes');
}
