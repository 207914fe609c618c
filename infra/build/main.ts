/*
 * `npm run build`: makes what people install. Each artifact is made from the source tree alone, by a function that gets a
 * directory to work in; two builds of one commit give the same bytes.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { MakeArtifact } from './artifact.ts';
import { debianPackage } from './deb.ts';
import { image } from './image.ts';
import { kindsToMake } from './kinds.ts';
import { npmPackage } from './npm-package.ts';
import { releaseOf } from './release.ts';
import { ROOT } from './root.ts';
import { rpmPackage } from './rpm.ts';
import { tarball } from './tarball.ts';

/** Every kind of artifact. One made from the staged tree calls `stage` of `stage.ts`. */
const ARTIFACTS = new Map<string, MakeArtifact>([
  ['npm', npmPackage],
  ['tarball', tarball],
  ['deb', debianPackage],
  ['rpm', rpmPackage],
  ['image', image],
]);
const USAGE = `usage: npm run build -- [--out DIR] [--version X.Y.Z] [--only ${[...ARTIFACTS.keys()].join(',')}]`;

const { values } = parseArgs({
  options: { out: { type: 'string' }, version: { type: 'string' }, only: { type: 'string' } },
});
const all = [...ARTIFACTS.keys()];
const kinds = await kindsToMake(all, values.only, console.error).catch((error: Error) => {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(1);
});

const release = releaseOf(values.version);
const out = resolve(values.out ?? join(ROOT, 'dist'));
await mkdir(out, { recursive: true });
for (const kind of kinds) {
  // In the output directory: finished files are moved, whole, into place.
  const work = await mkdtemp(join(out, '.work-'));
  try {
    for (const file of (await ARTIFACTS.get(kind)?.({ release, out, work })) ?? []) console.log(file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
