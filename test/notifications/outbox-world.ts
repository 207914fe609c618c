import { join } from 'node:path';
import { Metrics } from '../../services/http/metrics.ts';
import type { EndpointConfig, EventOutcome } from '../../services/registry/notifications/endpoint.ts';
import type { BlobChange, RequestInfo } from '../../services/registry/notifications/event.ts';
import { Notifier } from '../../services/registry/notifications/notifier.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import type { LeaseTiming } from '../../services/sync/lease.ts';
import { EndpointWorker } from '../../services/sync/notify/worker.ts';
import { tempDir } from '../support/temp.ts';

/** An endpoint that is tried again quickly. */
export function endpointAt(url: string, options: Partial<EndpointConfig> = {}): EndpointConfig {
  return {
    name: 'hook',
    url,
    headers: {},
    timeout: 20_000,
    threshold: 3,
    backoff: 20,
    ignore: { mediatypes: [], actions: [] },
    batchsize: 100,
    queuelimit: 100_000,
    ...options,
  };
}

export const FACTS: RequestInfo = {
  id: '5b0c9f3e-0000-4000-8000-000000000001',
  addr: '192.0.2.7:40000',
  host: 'registry.example.org',
  method: 'PUT',
  userAgent: 'test/1',
  actor: 'alice',
  baseUrl: 'https://registry.example.org',
};

/** The push of a blob that is recognised by its repository's name: `r/0`, `r/1`, … */
export function push(n: number): BlobChange {
  return {
    kind: 'blob',
    action: 'push',
    repository: `r/${n}`,
    digest: digestOf(Buffer.from(String(n))),
    sizeBytes: 10,
  };
}

/** Its pull. */
export function pull(n: number): BlobChange & { readonly action: 'pull' } {
  return { ...push(n), action: 'pull' };
}

/** A line that was logged. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A store, and notifiers and workers over it. */
export interface OutboxWorld extends AsyncDisposable {
  readonly rootDirectory: string;
  readonly objects: FilesystemStore;
  readonly metrics: Metrics;
  readonly logged: readonly LogLine[];
  /** Events that a process counted, by outcome. */
  readonly counts: Record<EventOutcome, number>;
  notifier(endpoints: readonly EndpointConfig[], includereferences?: boolean): Notifier;
  /** Disposed with the world, unless before. */
  worker(endpoint: EndpointConfig, timing?: LeaseTiming): EndpointWorker;
}

/** Makes an empty store in a directory of its own. */
export async function outboxWorld(): Promise<OutboxWorld> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('notify'));
  const rootDirectory = join(home.path, 'store');
  const objects = cleanUp.use(await FilesystemStore.open({ rootDirectory, sync: false }));
  const logged: LogLine[] = [];
  const log = (level: LogLine['level']) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level, fields, message });
  const logger = { info: log('info'), warn: log('warn'), error: log('error') };
  const counts = { queued: 0, delivered: 0, dead: 0, dropped: 0 };
  const metrics = new Metrics();
  const held = cleanUp.move();
  return {
    rootDirectory,
    objects,
    metrics,
    logged,
    counts,
    notifier: (endpoints, includereferences = false) =>
      held.use(
        new Notifier({
          config: { includereferences, endpoints },
          objects,
          source: { addr: 'node-1:5000', instanceID: 'a1b2' },
          count: (_, outcome, events) => {
            counts[outcome] += events;
          },
          logger,
        }),
      ),
    worker: (endpoint, timing) =>
      held.use(new EndpointWorker({ endpoint, objects, metrics, logger, ...(timing && { timing }) })),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The numbers of the pushes that events tell of, in their order. */
export function numbersOf(events: readonly { readonly target: { readonly repository: string } }[]): number[] {
  return events.map(({ target }) => Number(target.repository.slice('r/'.length)));
}

/** 0 to n - 1. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
