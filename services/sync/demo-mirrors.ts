import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { type Listener, listen } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { publicBaseUrl } from '../http/urls.ts';
import { createDemoMirror } from './demo-mirror.ts';

interface Port {
  readonly listener: Listener;
  handler: RequestListener;
}

/** The mirrors of a configuration that this process serves itself (`mirrors.*.serve`). */
export class DemoMirrors implements AsyncDisposable {
  readonly #parts: { readonly metrics: Metrics; readonly logger: Logger };
  /** By address. */
  #ports = new Map<string, Port>();

  constructor(parts: { readonly metrics: Metrics; readonly logger: Logger }) {
    this.#parts = parts;
  }

  /**
   * Opens the ports that are new in a configuration. Throws if one cannot be opened; then nothing has changed. The function
   * that it returns gives all ports their mirrors and closes those that are no longer wanted; disposing it first closes the new ones.
   */
  async prepare(config: Config): Promise<AsyncDisposable & { readonly take: () => Promise<void> }> {
    await using opening = new AsyncDisposableStack();
    const next = new Map<string, Port>();
    const handlers = new Map<string, RequestListener>();
    for (const [i, { serve, write }] of config.mirrors.entries())
      if (serve && 'directory' in write) {
        const { directory } = write;
        const mirror = createDemoMirror({ directory, originUrl: originUrl(config), ...this.#parts });
        const key = `${serve.host} ${serve.port}`;
        const handler = mirror.callback();
        const port =
          this.#ports.get(key) ?? opening.use(await openPort(handler, serve, `mirrors.${i}.serve`));
        next.set(key, port);
        handlers.set(key, handler);
      }
    const opened = opening.move();
    return {
      take: async () => {
        opened.move();
        for (const [key, port] of next) port.handler = handlers.get(key) ?? port.handler;
        const closed = [...this.#ports].filter(([key]) => !next.has(key));
        this.#ports = next;
        await Promise.all(closed.map(([, { listener }]) => listener[Symbol.asyncDispose]()));
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#ports.values()].map((port) => port.listener[Symbol.asyncDispose]()));
  }
}

async function openPort(
  handler: RequestListener,
  serve: NonNullable<Config['mirrors'][number]['serve']>,
  key: string,
): Promise<Port & AsyncDisposable> {
  const current = { handler };
  const listener = await listen((request, response) => current.handler(request, response), { ...serve, key });
  return Object.assign(current, { listener, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() });
}

/** Where clients reach an API node: as configured, or as it listens. */
function originUrl({ http }: Config): string {
  if (http.host) return publicBaseUrl(http.host, http.prefix);
  const host = http.addr.host.includes(':') ? `[${http.addr.host}]` : http.addr.host || '127.0.0.1';
  return `${http.tls ? 'https' : 'http'}://${host}:${http.addr.port}${http.prefix}`;
}
