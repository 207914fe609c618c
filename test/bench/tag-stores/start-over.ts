import { startRedis } from '../../support/redis.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Server } from '../servers/server.ts';

/** Starts a plain registry over a `storage` section, without its access log, and with the Redis that locks are held in. */
export async function startOver(
  storage: Readonly<Record<string, unknown>>,
): Promise<Server & AsyncDisposable> {
  await using cleanUp = new AsyncDisposableStack();
  const redis = cleanUp.use(await startRedis());
  const { url, daemon } = cleanUp.use(
    await startRegistry({
      promotion: false,
      config: (config) => ({
        ...config,
        storage,
        redis: { addr: redis.address },
        log: { accesslog: { disabled: true } },
      }),
    }),
  );
  const held = cleanUp.move();
  return { url, daemon, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
