import { stat } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';

/**
 * Goes on as the owner of the store's directory when this is root, so that what a command makes there is no obstacle to
 * the registry, which runs as that user. Whatever is to be loaded has to be loaded before.
 */
export async function goOnAsOwner({ storage: { filesystem } }: Config): Promise<void> {
  if (filesystem === undefined || process.geteuid?.() !== 0) return;
  const owner = await stat(filesystem.rootdirectory);
  if (owner.uid === 0) return;
  process.setgroups?.([owner.gid]);
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
}
