import type { IncomingMessage } from 'node:http';
import { TextMetric } from './text-metrics.ts';

/** Distribution's buckets of durations and sizes. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];
const ACTION_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZE_BYTES = Array.from({ length: 22 }, (_, i) => 1024 * 2 ** i);

/** Distribution's handlers by our routes; other routes do not exist there. */
const HANDLERS: Readonly<Record<string, string>> = {
  ...{ ping: 'base', manifest: 'manifest', blob: 'blob', tags: 'tags', catalog: 'catalog' },
  upload: 'blob_upload_chunk',
};

/** Distribution's actions by our operations on a store. */
const ACTIONS: Readonly<Record<string, string>> = {
  ...{ stat: 'Stat', read: 'GetContent', get: 'Reader', send: 'Reader', list: 'List', delete: 'Delete' },
  ...{ put: 'PutContent', create: 'PutContent', 'put-stream': 'Writer', grow: 'Writer', compose: 'Move' },
};
const DRIVERS: Readonly<Record<string, string>> = { s3: 's3aws' };

/** The handler of Distribution that answers what this route does; undefined if it has none. */
export function handlerOf(route: string, method: string): string | undefined {
  return route === 'upload' && method === 'POST' ? 'blob_upload' : HANDLERS[route];
}

/** An answered request. */
export interface AnsweredRequest {
  readonly handler: string;
  readonly request: IncomingMessage;
  readonly status: number;
  readonly seconds: number;
  readonly sentBytes: number;
}

/**
 * What an API node counts, by the names that CNCF Distribution 2.8 has for it, so that dashboards and alerts made for it
 * continue to work (docs/metrics.md). Its sizes of requests include the headers, as there.
 */
export class DistributionNames {
  readonly #inFlight = new TextMetric(
    'registry_http_in_flight_requests',
    'gauge',
    'The in-flight HTTP requests',
  );
  readonly #seconds = new TextMetric(
    'registry_http_request_duration_seconds',
    'histogram',
    'The HTTP request latencies in seconds.',
    REQUEST_SECONDS,
  );
  readonly #requestBytes = new TextMetric(
    'registry_http_request_size_bytes',
    'histogram',
    'The HTTP request sizes in bytes.',
    SIZE_BYTES,
  );
  readonly #requests = new TextMetric(
    'registry_http_requests_total',
    'counter',
    'Total number of HTTP requests made.',
  );
  readonly #responseBytes = new TextMetric(
    'registry_http_response_size_bytes',
    'histogram',
    'The HTTP response sizes in bytes.',
    SIZE_BYTES,
  );
  readonly #actions = new TextMetric(
    'registry_storage_action_seconds',
    'histogram',
    'The number of seconds that the storage action takes',
    ACTION_SECONDS,
  );
  readonly #cache = new TextMetric(
    'registry_storage_cache_total',
    'counter',
    'The number of cache request received',
  );

  constructor() {
    for (const handler of new Set([...Object.values(HANDLERS), 'blob_upload']))
      this.#inFlight.add(`handler="${handler}"`, 0);
  }

  /** Counts a request that begins; to be followed by {@link answered}. */
  begun(handler: string): void {
    this.#inFlight.add(`handler="${handler}"`, 1);
  }

  /** Counts a request that has been answered. */
  answered({ handler, request, status, seconds, sentBytes }: AnsweredRequest): void {
    const of = `handler="${handler}"`;
    const method = (request.method ?? '').toLowerCase();
    this.#inFlight.add(of, -1);
    this.#seconds.observe(`${of},method="${method}"`, seconds);
    this.#requestBytes.observe(of, sizeOf(request));
    this.#requests.add(`code="${status}",${of},method="${method}"`, 1);
    this.#responseBytes.observe(of, sentBytes);
  }

  /** Counts a request to the store, by our names of the driver and the operation. */
  stored(driver: string, operation: string, seconds: number): void {
    const action = ACTIONS[operation];
    if (action === undefined) return;
    this.#actions.observe(`action="${action}",driver="${DRIVERS[driver] ?? driver}"`, seconds);
  }

  /** Sets how often a cache was asked, and how often it knew the answer. */
  cached(requests: number, hits: number): void {
    this.#cache.set('type="Request"', requests);
    this.#cache.set('type="Hit"', hits);
    this.#cache.set('type="Miss"', requests - hits);
  }

  /** All of it, in Prometheus' text format. */
  text(): string {
    return [
      ...[this.#inFlight, this.#seconds, this.#requestBytes, this.#requests, this.#responseBytes],
      ...[this.#actions, this.#cache],
    ]
      .map((metric) => metric.text())
      .join('');
  }
}

/** As Prometheus' client for Go computes it: request line, headers and body. */
function sizeOf({ url = '', method = '', rawHeaders, headers }: IncomingMessage): number {
  let bytes = url.length + method.length + 'HTTP/1.1'.length;
  for (const text of rawHeaders) bytes += text.length;
  return bytes + (Number(headers['content-length']) || 0);
}
