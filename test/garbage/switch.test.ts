/**
 * Promise: nobody can write while a garbage collection runs, and everybody can afterwards, however it ends. One that is
 * killed leaves a store in which nothing leads nowhere, and the next one finishes it.
 */
import { expect } from 'chai';
import { readNotice, writeNotice } from '../../services/registry/storage/read-only.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check, faults } from '../check/stores.ts';
import { blobPath } from '../protocol/on-disk.ts';
import { send } from '../protocol/wire.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type Daemon, startDaemon } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Content, pullEverything, pushEverything } from './content.ts';
import { collect, PROGRAM, told } from './running.ts';

const OPTIONS = { deleteUntagged: true };

describe('while a garbage collection runs', function () {
  this.timeout(90_000);
  let registry: TestRegistry;
  let content: Content;
  let objects: FilesystemStore;
  beforeEach(async () => {
    registry = await startRegistry({ delete: true });
    content = await pushEverything(registry.url);
    objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  const begin = async () =>
    (await send(registry.url, '/v2/candidate/x/blobs/uploads/', { method: 'POST' })).status;
  /** More than is deleted in one go. */
  const pushManyOrphans = async () => {
    for (let i = 0; i < 450; i++) {
      const bytes = Buffer.from(`orphan ${i}`);
      await objects.put(blobPath(sha256(bytes)), bytes);
    }
  };
  /** One that deletes slowly, when it has begun to. */
  const startSlow = (deleted: number, pauseMs: number): Promise<Daemon> =>
    startDaemon(
      process.execPath,
      [PROGRAM, registry.rootDirectory, String(pauseMs), JSON.stringify(OPTIONS)],
      {
        ready: (output) => output.split('deleted ').length > deleted,
      },
    );
  const end = async (daemon: Daemon, signal: NodeJS.Signals) => {
    const holding = setInterval(() => undefined, 1000);
    daemon.kill(signal);
    const exit = await daemon.exit;
    clearInterval(holding);
    return exit;
  };
  const isSound = async () => {
    expect(faults(await check(registry.rootDirectory))).to.deep.equal([]);
    await pullEverything(registry.url, content);
  };

  it('pushes are refused with the reason, and taken again when it has ended', async () => {
    expect(await begin()).to.equal(202);
    const running = await startSlow(1, 250);
    const refused = await send(registry.url, '/v2/candidate/x/blobs/uploads/', { method: 'POST' });
    expect(refused.status).to.equal(503);
    expect(refused.body.toString()).to.include('garbage collection');
    const exit = await running.exit;
    expect(exit.code, running.output()).to.equal(0);
    expect(await readNotice(objects)).to.equal(undefined);
    // The registry asks for the notice once a second.
    let status: number | undefined;
    const isTaken = async () => {
      status = await begin();
      return status !== 503;
    };
    await eventually('a push is taken', isTaken, 15_000, 100);
    expect(status).to.equal(202);
    await isSound();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`${signal} ends it, and writes are allowed again`, async () => {
      await pushManyOrphans();
      const running = await startSlow(2, 25);
      const exit = await end(running, signal);
      expect(exit.code, running.output()).to.equal(1);
      expect(running.output()).to.include(`stopped by ${signal}`);
      expect(await readNotice(objects)).to.equal(undefined);
      expect(await blobsOf(objects)).to.have.length.above(200);
      await isSound();
    });

  for (const deleted of process.env['NIGHTLY'] === '1' ? [1, 3, 6, 9, 12] : [1, 6, 12])
    it(`it can be killed after ${deleted} deletes: the store is sound, and the next one finishes it`, async () => {
      const plan = told(await collect(registry.rootDirectory, { ...OPTIONS, dryRun: true }));
      const running = await startSlow(deleted, 300);
      await end(running, 'SIGKILL');
      const left = await readNotice(objects);
      expect(left?.reason).to.equal('garbage collection');
      await isSound();
      const next = await collect(registry.rootDirectory, OPTIONS);
      // It is told whose switch it was that it found.
      expect(next.stderr).to.include(left?.by);
      expect(await readNotice(objects)).to.equal(undefined);
      await isSound();
      const kept = new Set((await blobsOf(objects)).map((digest) => digest));
      for (const digest of plan.blobs) expect(kept.has(digest), digest).to.equal(false);
      const rest = told(await collect(registry.rootDirectory, { ...OPTIONS, dryRun: true }));
      expect([rest.blobs, rest.manifests, rest.history, rest.referrers]).to.deep.equal([[], [], [], []]);
    });

  it('a second one is refused, and the first continues', async () => {
    // Twenty deletes, so that a second process starts well before the end, on a busy machine, too.
    const running = await startSlow(1, 500);
    const second = await collect(registry.rootDirectory, OPTIONS, { allowFailure: true });
    expect([second.code, second.stderr]).to.deep.equal([1, second.stderr]);
    expect(second.stderr).to.include('another garbage collection').and.include('wait until it has ended');
    const exit = await running.exit;
    expect(exit.code, running.output()).to.equal(0);
  });

  it('one of another machine is not taken for dead', async () => {
    const by = 'somebody, process 1 on elsewhere.example';
    await writeNotice(objects, { since: new Date().toISOString(), by, reason: 'garbage collection' });
    const refused = await collect(registry.rootDirectory, OPTIONS, { allowFailure: true });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include(by).and.include('roadstead read-only off');
    expect((await readNotice(objects))?.by).to.equal(by);
  });

  it("an operator's switch stays as it was", async () => {
    const notice = { since: new Date().toISOString(), by: 'me', reason: 'new disks' };
    await writeNotice(objects, notice);
    const done = await collect(registry.rootDirectory, OPTIONS);
    expect(done.stderr).to.include('writes were off already');
    expect(await readNotice(objects)).to.deep.equal(notice);
  });

  it('somebody who allows writes again stops it', async () => {
    await pushManyOrphans();
    const running = await startSlow(1, 25);
    await writeNotice(objects, undefined);
    const exit = await running.exit;
    expect(exit.code, running.output()).to.equal(1);
    expect(running.output()).to.include('allowed writes again').and.include('run this again to finish');
    expect(await blobsOf(objects)).to.have.length.above(200);
    await isSound();
  });
});

async function blobsOf(objects: FilesystemStore): Promise<string[]> {
  const page = await objects.list({ prefix: 'docker/registry/v2/blobs/', limit: 1000 });
  return page.keys.map((key) => `sha256:${key.split('/').at(-2)}`);
}
