import { appendFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DISTRIBUTION_ROOT } from '../protocol/on-disk.ts';
import { fileOf, type MadeStore } from './stores.ts';

/** The root of a repository's own objects. */
export function repositoryRoot({ held }: MadeStore): string {
  return `${DISTRIBUTION_ROOT}/repositories/${held.repository}`;
}

/** `sha256/<digits>`, as it stands in paths. */
export function pathOfDigest(digest: string): string {
  return digest.replace(':', '/');
}

/** Deletes an object, which must be there. */
export async function lose(store: MadeStore, key: string): Promise<void> {
  await rm(fileOf(store, key));
}

/** Writes an object over what was there, or anew. */
export async function overwrite(store: MadeStore, key: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(fileOf(store, key)), { recursive: true });
  // What is there may be one of two names of a file.
  await rm(fileOf(store, key), { force: true });
  await writeFile(fileOf(store, key), content);
}

/** Changes one byte of an object, and not its size. */
export async function flipByte(store: MadeStore, key: string, at: number): Promise<void> {
  const file = await open(fileOf(store, key), 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
}

/** Makes an object longer. */
export async function lengthen(store: MadeStore, key: string): Promise<void> {
  await appendFile(fileOf(store, key), 'more');
}

/** An object's text. */
export function textOf(store: MadeStore, key: string): Promise<string> {
  return readFile(fileOf(store, key), 'utf8');
}
