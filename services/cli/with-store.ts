import type { Config } from '../config/schema.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/object-store.ts';

/** Opens the store of a configuration for a command, with the record of what it changes, and closes it when that is done. */
export async function withStore(
  config: string,
  act: (objects: ObjectStore, config: Config, audit: Audit) => Promise<void>,
): Promise<void> {
  const serve = await import('../serve/main.ts');
  await serve.withStore(config, act);
}
