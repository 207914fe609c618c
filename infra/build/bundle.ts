import { cp, glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import type { Version } from '../../services/serve/version.ts';
import { ROOT } from './root.ts';
import { findSeparatePrograms, separatePrograms } from './separate-programs.ts';

/** Packages with native code: they are installed next to the bundle, and found by Node's own rules. */
export const NATIVE = ['bcrypt'];
/** The name of the file that Node runs. */
const PROGRAM = 'roadstead';

/** Packages in CommonJS call `require` for what Node brings; a module has none. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`;

/**
 * Writes the programs in plain JavaScript into a directory, with everything they import except native packages. Each
 * program is a file with its source map; what is loaded on demand, or by several programs, is a file of its own
 * (docs/decisions/0024-bundles.md). Returns which source went where.
 */
export async function bundle(directory: string, version: Version): Promise<Metafile> {
  // Source maps name sources from where they are written, and names of files follow from their content: always as far from
  // the root, wherever the result goes.
  const cache = join(ROOT, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, 'bundle-'));
  const sources = await Array.fromAsync(glob('services/**/*.ts', { cwd: ROOT }));
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { [PROGRAM]: 'services/cli/main.ts', ...(await separate(sources)) },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: NATIVE,
    banner: { js: REQUIRE },
    define: { ROADSTEAD_VERSION: JSON.stringify(version) },
    // Logs and metrics show names of classes and functions.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'empty-glob': 'silent' },
    plugins: [separatePrograms()],
    metafile: true,
  });
  await cp(outdir, directory, { recursive: true });
  await rm(outdir, { recursive: true });
  // The launcher above it is CommonJS, which an old Node can read.
  await writeFile(join(directory, 'package.json'), '{"type": "module"}\n');
  return metafile;
}

async function separate(sources: readonly string[]): Promise<Record<string, string>> {
  const absolute = sources.toSorted().map((source) => join(ROOT, source));
  return findSeparatePrograms(absolute);
}
