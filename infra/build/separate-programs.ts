import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** How a source names a file that runs as a process or thread of its own: `new URL('./NAME.ts', import.meta.url)`. */
export const SEPARATE = /new URL\('(\.[^']*)\.ts', import\.meta\.url\)/g;

/**
 * Makes each file that runs as a process or thread of its own a program of the bundle, and lets its URL name that
 * program. All files of a bundle are in one folder, so the new URL is right in whichever file the code ends up.
 */
export function separatePrograms(): Plugin {
  return {
    name: 'separate programs',
    setup(build) {
      build.onLoad({ filter: /\/services\/.*\.ts$/ }, async ({ path }) => {
        const contents = await readFile(path, 'utf8');
        const replaced = contents.replaceAll(
          SEPARATE,
          (_, file: string) => `new URL('./${basename(file)}.js', import.meta.url)`,
        );
        return { contents: replaced, loader: 'ts' };
      });
    },
  };
}

/** The files that some sources run as a process or thread of their own, by the name of the program. */
export async function findSeparatePrograms(sources: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const source of sources) {
    const text = await readFile(source, 'utf8');
    for (const [, file = ''] of text.matchAll(SEPARATE))
      found[basename(file)] = `${join(dirname(source), file)}.ts`;
  }
  return found;
}
