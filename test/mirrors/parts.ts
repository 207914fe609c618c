import { join } from 'node:path';
import { freePort } from '../support/ports.ts';
import {
  type MirrorEntry,
  type RegistryOptions,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** A registry whose parts are processes of their own; they share nothing but the store. */
export interface Parts extends AsyncDisposable {
  readonly api: TestRegistry;
  readonly release: TestRegistry;
  /** Starts a sync worker; it ends with the rest. */
  startSync(): Promise<TestRegistry>;
}

type Part = 'api' | 'release' | 'sync';

export interface PartsOptions {
  readonly mirrors: readonly MirrorEntry[];
  /** The last word on the configuration of a part, such as another store. */
  readonly config?: (
    part: Part,
    config: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
}

/** Starts an API node and the release service; the sync worker is left to the caller. */
export async function startParts({ mirrors, config }: PartsOptions): Promise<Parts> {
  await using cleanUp = new AsyncDisposableStack();
  const rootDirectory = join(cleanUp.use(await tempDir('parts')).path, 'store');
  const start = async (command: Part, more: RegistryOptions = {}) =>
    startRegistry({
      ...{ command, rootDirectory, mirrors, ...more },
      ...(config && { config: (own) => ({ ...config(command, own) }) }),
    });
  const api = cleanUp.use(await start('api'));
  const release = cleanUp.use(await start('release', { releasePort: await freePort() }));
  const held = cleanUp.move();
  return {
    ...{ api, release },
    startSync: async () => held.use(await start('sync')),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
