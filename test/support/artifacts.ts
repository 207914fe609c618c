import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fullVersion } from '../../services/serve/version.ts';
import { ownDirectory } from './go-programs.ts';
import { run } from './process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What artifacts are made from. */
const SOURCES = [
  'services/**',
  'infra/**',
  'docs/**',
  '*.md',
  'LICENSE',
  'package.json',
  'package-lock.json',
];
const BUILD_TIMEOUT_MS = 5 * 60_000;
/** An image comes as an archive, and as an image layout next to it. */
export const LAYOUT = 'image';
/** Artifacts of earlier sources are removed when nobody has used them for this long. */
const KEPT_MS = 6 * 60 * 60_000;

/** Kinds of artifacts, as `npm run build -- --only` calls them. */
export type ArtifactKind = 'npm' | 'tarball' | 'deb' | 'rpm' | 'image';

/**
 * Artifacts of this source tree, one path for each kind, made by `npm run build`. They are built once, whichever suites ask
 * for them, and kept for later runs over the same sources.
 */
export async function artifacts<Kind extends ArtifactKind>(
  kinds: readonly Kind[],
): Promise<Record<Kind, string>> {
  const kept = await ownDirectory(`roadstead-artifacts-${process.getuid?.() ?? 0}`);
  const key = await keyOfSources();
  await removeOld(kept, key);
  const found: [Kind, string][] = [];
  for (const kind of kinds) found.push([kind, await artifact(kind, join(kept, `${key}-${kind}`))]);
  return Object.fromEntries(found) as Record<Kind, string>;
}

async function artifact(kind: ArtifactKind, directory: string): Promise<string> {
  if (!existsSync(directory)) await build(kind, directory);
  await utimes(directory, new Date(), new Date());
  const files = (await readdir(directory)).filter((name) => !name.endsWith('.cdx.json') && name !== LAYOUT);
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`${directory} has not one ${kind}: ${files}`);
  return join(directory, file);
}

/** Suites in other processes may want the same artifact now: one builds it, the others wait. */
async function build(kind: ArtifactKind, directory: string): Promise<void> {
  const script =
    '[ -d "$1" ] || { rm -rf "$1.tmp" && "$2" infra/build/main.ts --only "$3" --out "$1.tmp" && mv "$1.tmp" "$1"; }';
  const args = [`${directory}.lock`, 'sh', '-c', script, 'sh', directory, process.execPath, kind];
  // Packing as tightly as for a release takes a processor's minute.
  const env = { ROADSTEAD_BUILD: 'quick' };
  await run('flock', args, { cwd: ROOT, env, timeoutMs: BUILD_TIMEOUT_MS });
}

async function keyOfSources(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(fullVersion()));
  const entries = await Array.fromAsync(glob(SOURCES, { cwd: ROOT, withFileTypes: true }));
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort())
    hash
      .update(`${file}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function removeOld(kept: string, key: string): Promise<void> {
  for (const name of await readdir(kept)) {
    const path = join(kept, name);
    const usedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (!name.startsWith(key) && Date.now() - usedMs > KEPT_MS)
      await rm(path, { recursive: true, force: true });
  }
}
