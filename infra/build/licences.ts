import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { z } from 'zod';
import { ROOT } from './root.ts';

const PackageJson = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
});

/** A package whose code an artifact contains. */
export interface Bundled extends z.output<typeof PackageJson> {
  /** Where it is, from the root of the source tree: `node_modules/koa`. */
  readonly path: string;
  /** What its LICENSE and NOTICE files say. */
  readonly text: string;
}

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const LEGAL = /^(licen[cs]e|copying|notice)([.-]|$)/i;

/** The packages whose code is in a bundle, and others, sorted by name. */
export async function packagesOf({ inputs }: Metafile, others: readonly string[]): Promise<Bundled[]> {
  const paths = Object.keys(inputs).flatMap((input) => PACKAGE.exec(input)?.[0] ?? []);
  const all = new Set([...paths, ...others.map((name) => `node_modules/${name}`)]);
  const found = await Promise.all([...all].sort().map(readPackage));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readPackage(path: string): Promise<Bundled> {
  const directory = join(ROOT, path);
  const read = PackageJson.parse(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')));
  const files = (await readdir(directory)).filter((name) => LEGAL.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
  return { ...read, path, text: texts.map((text) => text.trim()).join('\n\n') };
}

/** One file with the licences of all packages. */
export function licencesText(packages: readonly Bundled[]): string {
  const parts = packages.map(({ name, version, license, text }) =>
    [`${name} ${version}`, `License: ${license}`, ...(text === '' ? [] : ['', text])].join('\n'),
  );
  return `Roadstead contains these packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
