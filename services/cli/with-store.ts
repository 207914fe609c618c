import type { Config } from '../config/schema.ts';
import type { ObjectStore } from '../registry/object-store.ts';

/** Opens the store of a configuration for a command, and closes it when that is done. */
export async function withStore(
  config: string,
  act: (objects: ObjectStore, config: Config) => Promise<void>,
): Promise<void> {
  const serve = await import('../serve/main.ts');
  await serve.withStore(config, act);
}
