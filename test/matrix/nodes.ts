import { join } from 'node:path';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { type MirrorEntry, startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { askToken, startTokenRegistry } from '../token/registry.ts';

/** Whether clients come with a token. */
export type Mode = 'anonymous' | 'token';

export interface NodeOptions {
  readonly mode: Mode;
  /** How many API nodes share the store. */
  readonly count: number;
  readonly hasRedis: boolean;
  readonly port: number;
  readonly mirrors: readonly MirrorEntry[];
  /** What a load balancer that ends TLS makes of them: the URL of clients, and its own networks. */
  readonly behind?: { readonly url: string; readonly proxies: readonly string[] };
  readonly env: Readonly<Record<string, string>>;
}

/** The API nodes of one store; the first is also release service, sync worker and token service. */
export interface Nodes {
  readonly all: readonly TestRegistry[];
  readonly first: TestRegistry;
  /** Where the first one promotes and shows its status. */
  readonly releaseUrl: string;
  /** Headers of a request by a person with these scopes; none where nobody needs a token. */
  headersOf(person: string, ...scopes: string[]): Promise<Record<string, string>>;
}

/** Starts them; they end with the stack. */
export async function startNodes(held: AsyncDisposableStack, options: NodeOptions): Promise<Nodes> {
  const { mode, count, hasRedis, mirrors, behind, env } = options;
  const rootDirectory = join(held.use(await tempDir('matrix')).path, 'store');
  const redis = hasRedis ? held.use(await startRedis()) : undefined;
  const more = { ...(redis && { redis: { addr: redis.address } }) };
  const http = behind ? { host: behind.url, trustedproxies: behind.proxies } : {};
  // Behind a proxy, the release service of an open registry has to have a port of its own.
  const releasePort = behind && mode === 'anonymous' ? await freePort() : undefined;
  let people: string | undefined;
  const start = async (i: number): Promise<TestRegistry> => {
    const common = {
      ...{ command: i === 0 ? ('serve' as const) : ('api' as const), mirrors, rootDirectory, env },
      ...(i === 0 && { port: options.port }),
      ...(releasePort !== undefined && { releasePort }),
      startTimeoutMs: 60_000,
    };
    if (mode === 'token') {
      const running = held.use(
        await startTokenRegistry({ ...common, http, more, ...(people && { people }) }),
      );
      people ??= running.people;
      return running.registry;
    }
    const config = (given: Readonly<Record<string, unknown>>) => ({
      ...{ ...given, http: { ...(given['http'] as object), ...http }, ...more },
      ...(behind && { auth: 'none' }),
    });
    return held.use(await startRegistry({ ...common, config }));
  };
  const first = await start(0);
  const others = await Promise.all(Array.from({ length: count - 1 }, (_, i) => start(i + 1)));
  return {
    ...{ first, all: [first, ...others] },
    releaseUrl: releasePort === undefined ? first.url : `http://127.0.0.1:${releasePort}`,
    async headersOf(person, ...scopes) {
      if (mode === 'anonymous') return {};
      const { token } = await askToken(first.url, scopes, person);
      return { authorization: `Bearer ${token}` };
    },
  };
}
