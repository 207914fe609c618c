/**
 * Promise: `roadstead check` tells people and programs what it found, and its exit code says whether anything is wrong
 * (2), or whether that could not be found out (1).
 */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CheckCommandOptions } from '../../services/cli/commands/check.ts';
import { checkStore } from '../../services/registry/check/check.ts';
import { FINDINGS } from '../../services/registry/check/finding.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { textOf } from '../house/source.ts';
import { blobPath } from '../protocol/on-disk.ts';
import { type RunResult, run } from '../support/process.ts';
import { lose } from './breaking.ts';
import { copyOf, type MadeStore, ownStore } from './stores.ts';

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

describe('the report of a check', () => {
  let sound: MadeStore;
  before(async () => {
    sound = await ownStore();
  });
  after(() => sound[Symbol.asyncDispose]());

  const tell = (path: string, options: Partial<CheckCommandOptions> = {}): Promise<RunResult> =>
    run(process.execPath, [PROGRAM, path, JSON.stringify(options)], { allowFailure: true });

  it('of a sound store is that it is sound, with code 0', async () => {
    const { code, stdout, stderr } = await tell(sound.path);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^sound: 0 errors, 0 warnings; \d+ objects read, /m);
    expect(stdout).to.match(/^info +blobs-unreferenced +1 /m);
  });

  it('of a broken one is where it is broken and what to do, with code 2', async () => {
    await using store = await copyOf(sound);
    const data = blobPath(store.held.earlier.config.digest);
    await lose(store, data);
    const { code, stdout } = await tell(store.path);
    expect(code).to.equal(2);
    expect(stdout).to.include(`error: layer-without-data ${store.held.repository}: The manifest `);
    expect(stdout).to.include('Push the image again').and.include(`\n  ${data}\n`);
    expect(stdout).to.match(/^1 errors, 0 warnings; /m);
  });

  it('a program is a line of JSON a finding, and a summary', async () => {
    await using store = await copyOf(sound);
    const { digest } = store.held.earlier.config;
    await lose(store, blobPath(digest));
    const { code, stdout } = await tell(store.path, { json: true, deep: true });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(code).to.equal(2);
    expect(lines[0]).to.deep.include({
      ...{ kind: 'layer-without-data', severity: 'error', key: blobPath(digest) },
      ...{ repository: store.held.repository, digest },
    });
    expect(lines.at(-1)).to.have.nested.property('summary.kinds').that.deep.equals({
      'layer-without-data': 1,
      'blobs-unreferenced': 1,
    });
    expect(lines.at(-1)).to.have.nested.property('summary.objectsRead').that.is.above(50);
    expect(lines.at(-1)).to.have.nested.property('summary.bytesRead').that.is.above(200_000);
  });

  it('of a blob that cannot be read is a finding: the check continues', async () => {
    await using objects = await FilesystemStore.open({ rootDirectory: sound.path, sync: false });
    const { digest } = sound.held.earlier.config;
    const get = objects.get.bind(objects);
    objects.get = (key, ...rest) =>
      key === blobPath(digest) ? Promise.reject(new Error('EIO: i/o error')) : get(key, ...rest);
    const faulty = [];
    for await (const found of checkStore(objects, { deep: true }).findings)
      if (found.severity !== 'info') faulty.push(found);
    expect(faulty.map(({ kind, digest: of }) => [kind, of])).to.deep.equal([['blob-unreadable', digest]]);
    expect(faulty[0]?.message).to.include('EIO');
  });

  it('is documented: every kind, how bad it is, and what to do', () => {
    const rows = Object.entries(FINDINGS).map(
      ([kind, [severity, advice]]) => `| \`${kind}\` | ${severity} | ${advice} |`,
    );
    const documented = textOf('docs/check.md')
      .split('\n')
      .filter((line) => /^\| `[a-z-]+` \| (error|warn|info)/.test(line));
    expect(documented).to.deep.equal(rows);
  });

  it('about a repository that is not there is that, with code 1', async () => {
    const { code, stderr } = await tell(sound.path, { repository: ['nowhere'] });
    expect([code, stderr]).to.deep.equal([1, 'there is no repository nowhere in this store\n']);
  });
});
