/**
 * Promise: storage that takes no writes is found out at the start and by readiness, not by the first push; it can be served
 * and looked at; and what promises to change nothing writes nothing at all.
 */
import { chown, lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { mountAt, requiresMounts } from '../support/mounts.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const NOBODY = 65534;

/** All that is below a directory: names, kinds, owners, and when they were changed. */
async function snapshot(directory: string): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(directory, { recursive: true })).sort()) {
    const { mode, uid, gid, size, mtimeNs, ctimeNs } = await lstat(join(directory, name), { bigint: true });
    lines.push([name, mode, uid, gid, size, mtimeNs, ctimeNs].join(' '));
  }
  return lines;
}

/** Does something as a user without rights. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

const messageOf = (failing: Promise<unknown>) =>
  failing.then(
    () => 'no failure',
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function push(registry: TestRegistry): Promise<number> {
  const begun = await fetch(`${registry.url}/v2/candidate/a/blobs/uploads/`, { method: 'POST' });
  await begun.arrayBuffer();
  return begun.status;
}

async function readyz(registry: TestRegistry, query = ''): Promise<string> {
  const answer = await fetch(`${registry.url}/readyz${query}`);
  return `${answer.status} ${await answer.text()}`;
}

const OK = '200 {"status":"ok"}';
const DEGRADED = '200 {"status":"degraded","reason":"pushes fail: the object store is read-only"}';
const UNAVAILABLE = '503 {"status":"unavailable","reason":"pushes fail: the object store is read-only"}';

requiresMounts()('a directory that a user may not write to', () => {
  let home: TempDir;
  let root: string;
  beforeEach(async () => {
    home = await tempDir('half');
    await chown(home.path, NOBODY, NOBODY);
    root = join(home.path, 'root');
  });
  afterEach(() => home[Symbol.asyncDispose]());

  const openAndProbe = () =>
    asNobody(async () => {
      await using store = await FilesystemStore.open({ rootDirectory: root, sync: true });
      await store.probeWrites();
    });
  const WAY_OUT = `storage.filesystem.rootdirectory = `;

  it('is named, with the user and the way out, when it is the whole store', async () => {
    await mkdir(root, { mode: 0o755 });
    expect(await messageOf(openAndProbe())).to.equal(
      `StoreNotWritableError: ${WAY_OUT}${root}: user ${NOBODY} may not write to ${root}: make that user its owner, ` +
        'or set storage.maintenance.readonly.enabled: true to serve existing content',
    );
  });

  for (const part of [
    'roadstead',
    'roadstead/.tmp',
    'docker/registry/v2/blobs',
    'docker/registry/v2/repositories',
  ])
    it(`is named when it is ${part}`, async () => {
      await asNobody(() => mkdir(join(root, part, '..'), { recursive: true }));
      await mkdir(join(root, part), { mode: 0o755 });
      expect(await messageOf(openAndProbe())).to.include(
        `may not write to ${join(root, part)}: make that user`,
      );
    });

  it('is named when it cannot be made', async () => {
    await chown(home.path, 0, 0);
    expect(await messageOf(openAndProbe())).to.match(
      /^StoreNotWritableError: .*user 65534 may not make that directory/,
    );
  });

  it('does not matter above the store, where it can be passed (0711)', async () => {
    await mkdir(join(home.path, 'passable'), { mode: 0o711 });
    root = join(home.path, 'passable', 'root');
    await mkdir(root);
    await chown(root, NOBODY, NOBODY);
    expect(await messageOf(openAndProbe())).to.equal('no failure');
  });

  it('is noticed by the next probe, which leaves large directories as listings remember them', async () => {
    const repositories = join(root, 'docker/registry/v2/repositories');
    await asNobody(() => mkdir(repositories, { recursive: true }));
    const store = await asNobody(() => FilesystemStore.open({ rootDirectory: root, sync: false }));
    const probe = () => messageOf(asNobody(() => store.probeWrites()));
    expect(await probe()).to.equal('no failure');
    const { mtimeNs } = await lstat(repositories, { bigint: true });
    expect(await probe()).to.equal('no failure');
    expect((await lstat(repositories, { bigint: true })).mtimeNs).to.equal(mtimeNs);
    await chown(repositories, 0, 0);
    for (const _ of [1, 2]) expect(await probe()).to.include(`may not write to ${repositories}`);
    await chown(repositories, NOBODY, NOBODY);
    expect(await probe()).to.equal('no failure');
  });

  it('leaves nothing of a probe', async () => {
    await openAndProbe();
    expect(await readdir(root, { recursive: true })).to.have.members(['roadstead', 'roadstead/.tmp']);
  });
});

requiresMounts()('a registry over storage that takes no writes', function () {
  this.timeout(60_000);
  let home: TempDir;
  let filled: TestRegistry;
  before(async () => {
    home = await tempDir('half');
    filled = await startRegistry({
      rootDirectory: join(home.path, 'store'),
      config: (config) => ({ ...config, audit: { enabled: true } }),
    });
    expect(await push(filled)).to.equal(202);
    await filled.stop();
  });
  after(async () => {
    await filled?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const COMMANDS = [
    ['check', '--deep'],
    ['garbage-collect', '--dry-run', '--delete-untagged', '--grace', '0'],
    ['gc', 'dry-run'],
    ['gc', 'status'],
    ['audit'],
    ['audit', '--verify'],
    ['notifications'],
    ['read-only', 'status'],
    ['robots', 'list'],
    ['credentials', 'list'],
    ['keys', 'list'],
  ];

  it('is looked at, and dry-run, without a trace', async () => {
    const before = await snapshot(filled.rootDirectory);
    const results = await Promise.all(COMMANDS.map((args) => filled.offline(args, { allowFailure: true })));
    for (const [i, { code, stderr }] of results.entries())
      expect(stderr, `${COMMANDS[i]?.join(' ')} ended with ${code}`).to.not.match(
        / {4}at |this was to change/,
      );
    expect(await snapshot(filled.rootDirectory)).to.deep.equal(before);
  });

  it('is looked at without a trace when nothing of ours is there yet, as after Distribution', async () => {
    const rootDirectory = join(home.path, 'distribution');
    await mkdir(join(rootDirectory, 'docker/registry/v2/repositories'), { recursive: true });
    const configPath = join(home.path, 'distribution.yml');
    await writeFile(configPath, stringify(configOf(rootDirectory, await freePort())));
    const before = await snapshot(rootDirectory);
    await Promise.all(
      [['check'], ['garbage-collect', '--dry-run']].map((args) =>
        run(process.execPath, [...CLI, ...args, configPath]),
      ),
    );
    expect(await snapshot(rootDirectory)).to.deep.equal(before);
  });

  it('is written to by root as its owner would, who then finds no obstacle', async () => {
    const rootDirectory = join(home.path, 'owned');
    await chown(home.path, NOBODY, NOBODY);
    await mkdir(rootDirectory);
    await chown(rootDirectory, NOBODY, NOBODY);
    const configPath = join(home.path, 'owned.yml');
    const config = { ...configOf(rootDirectory, await freePort()), audit: { enabled: true } };
    await writeFile(configPath, stringify(config));
    await run(process.execPath, [...CLI, 'read-only', 'on', configPath]);
    const names = await readdir(rootDirectory, { recursive: true });
    expect(names).to.include('roadstead/read-only.json');
    for (const name of names) expect((await lstat(join(rootDirectory, name))).uid, name).to.equal(NOBODY);
    const { stdout } = await run(process.execPath, [...CLI, 'audit', '--json', configPath]);
    expect(stdout).to.include('local:root');
  });

  const configOf = (rootdirectory: string, port: number, readonly = false) => ({
    version: 0.1,
    storage: { filesystem: { rootdirectory }, maintenance: { readonly: { enabled: readonly } } },
    http: { addr: `127.0.0.1:${port}` },
  });

  it('does not start on a read-only mount, and says so in one sentence', async () => {
    const path = join(home.path, 'ro');
    await using _mount = await mountAt(path, ['-o', 'bind,ro', filled.rootDirectory]);
    const configPath = join(home.path, 'ro.yml');
    await writeFile(configPath, stringify(configOf(path, await freePort())));
    const { code, stderr } = await run(process.execPath, [...CLI, 'serve', configPath], {
      allowFailure: true,
    });
    expect(code).to.equal(1);
    expect(stderr.trim().split('\n').at(-1)).to.match(
      /^storage\.filesystem\.rootdirectory = \S+: \S+ is on a file system that is mounted read-only: mount it read-write, or set storage\.maintenance\.readonly\.enabled: true/,
    );
    expect(stderr).to.not.match(/ {4}at /);
  });

  it('is served from a read-only mount when it is to take no writes', async () => {
    const path = join(home.path, 'served');
    await using _mount = await mountAt(path, ['-o', 'bind,ro', filled.rootDirectory]);
    await using registry = await startRegistry({
      rootDirectory: path,
      config: (config) => {
        const { filesystem } = config['storage'] as Record<string, unknown>;
        return { ...config, storage: { filesystem, maintenance: { readonly: { enabled: true } } } };
      },
    });
    expect((await fetch(`${registry.url}/v2/_catalog`)).status).to.equal(200);
    expect(await push(registry)).to.be.oneOf([405, 503]);
    expect(await readyz(registry, '?writes')).to.equal(OK);
    const check = await registry.offline(['check'], { allowFailure: true });
    expect(check.stderr).to.not.match(/EROFS| {4}at /);
  });

  it('says so while it runs, stays ready for pulls, and recovers by itself', async () => {
    const path = join(home.path, 'turning');
    await using _mount = await mountAt(path, ['--bind', filled.rootDirectory]);
    await using registry = await startRegistry({ rootDirectory: path });
    expect(await readyz(registry, '?writes')).to.equal(OK);
    await run('mount', ['-o', 'remount,bind,ro', path]);
    await eventually('degraded', async () => (await readyz(registry)) === DEGRADED);
    expect(await readyz(registry, '?writes')).to.equal(UNAVAILABLE);
    const { stdout } = await registry.cli(['status'], { allowFailure: true });
    expect(stdout).to.include('pushes and promotions fail: ').and.include('mounted read-only');
    await run('mount', ['-o', 'remount,bind,rw', path]);
    await eventually('ok again', async () => (await readyz(registry)) === OK);
    expect(await push(registry)).to.equal(202);
  });
});
