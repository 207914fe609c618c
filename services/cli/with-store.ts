import type { Config } from '../config/schema.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';

/**
 * Opens the store of a configuration for a command, with the audit record, and closes it afterwards. With `only-read`,
 * nothing is written to the store, which may be read-only or belong to another user.
 */
export async function withStore(
  config: string,
  mode: 'write' | 'only-read',
  act: (objects: ObjectStore, config: Config, audit: Audit) => Promise<void>,
): Promise<void> {
  const serve = await import('../serve/serve.ts');
  await serve.withStore(config, mode, act);
}
