/** Promise: a blob is read from the store once for many mirrors, in bounded memory, and nothing of it stays on the disk. */
import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { Spool } from '../../services/sync/transfer/spool.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';
import { eventually } from '../support/eventually.ts';
import { requiresMounts } from '../support/mounts.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { bytesFrom, CountedStore, type MadeBlob, makeBlob } from './made-blobs.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

describe('the spool', function () {
  this.timeout(30_000);
  let home: TempDir;
  const blobs = [makeBlob(MIB), makeBlob(MIB), makeBlob(MIB)] as const;
  const [blob, second, third] = blobs;
  let store: CountedStore;
  let spool: Spool;

  const make = (options: { maxBytes?: number; patienceMs?: number } = {}) => {
    const { maxBytes = 2 * MIB, patienceMs = 10_000 } = options;
    return new Spool({ directory: home.path, maxBytes, open: store.open, patienceMs });
  };
  const readOf = (wanted: MadeBlob, signal = never, from = spool) =>
    from.use(wanted, signal, (body) => bytesFrom(body()));

  before(async () => {
    home = await tempDir('spool');
  });
  after(() => home?.[Symbol.asyncDispose]());
  beforeEach(() => {
    store = new CountedStore(blobs);
    spool = make();
  });
  afterEach(async () => {
    await spool[Symbol.asyncDispose]();
    expect(await readdir(home.path)).to.deep.equal([]);
    await eventually('no stream of the store is left', () => store.streams.size === 0);
  });

  it('reads a blob once for all that want it, at the same time and later', async () => {
    store.beforeChunk = () => sleep(5);
    const all = await Promise.all(Array.from({ length: 8 }, () => readOf(blob)));
    for (const bytes of [...all, await readOf(blob)]) expect(bytes?.equals(blob.bytes)).to.equal(true);
    expect([store.opened, store.readBytes]).to.deep.equal([['all'], blob.sizeBytes]);
  });

  it('gives the bytes on while they come', async () => {
    const { promise: rest, resolve } = Promise.withResolvers<void>();
    store.beforeChunk = (at) => (at >= MIB / 2 ? rest : undefined);
    let readBytes = 0;
    const reading = spool.use(blob, never, async (body) => {
      for await (const chunk of body()) readBytes += chunk.length;
    });
    await eventually('the first half is read', () => readBytes === MIB / 2);
    resolve();
    await reading;
    expect(readBytes).to.equal(MIB);
  });

  it('begins again for a second try of the same reader, without the store', async () => {
    await spool.use(blob, never, async (body) => {
      for await (const _ of body()) break;
      expect((await bytesFrom(body())).equals(blob.bytes)).to.equal(true);
    });
    expect(store.opened).to.deep.equal(['all']);
  });

  it('drops what was not used for longest when it is full', async () => {
    const opened: number[] = [];
    for (const each of [blob, second, blob, third, blob, second]) {
      await readOf(each);
      opened.push(store.opened.length);
    }
    expect(opened).to.deep.equal([1, 2, 2, 3, 3, 4]);
  });

  it('passes on what it has no room for', async () => {
    await using small = make({ maxBytes: MIB - 1 });
    for (let i = 0; i < 2; i++) expect((await readOf(blob, never, small))?.equals(blob.bytes)).to.equal(true);
    expect(store.opened).to.deep.equal(['all', 'all']);
    store.opened.length = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const holding = [blob, second].map((each) => spool.use(each, never, () => promise));
    expect((await readOf(third))?.equals(third.bytes)).to.equal(true);
    resolve();
    await Promise.all(holding);
  });

  it('says that the store does not have a blob', async () => {
    expect(await readOf(makeBlob(10))).to.equal(undefined);
    await using none = make({ maxBytes: 0 });
    expect(await readOf(makeBlob(10), never, none)).to.equal(undefined);
  });

  for (const maxBytes of [2 * MIB, 0])
    it(`continues where a store stumbled, with ${maxBytes} bytes of room`, async () => {
      let failures = 0;
      store.beforeChunk = (at) => {
        if (at === MIB / 2 && ++failures < 4) throw new Error('503');
      };
      await using own = make({ maxBytes });
      expect((await readOf(blob, never, own))?.equals(blob.bytes)).to.equal(true);
      expect(store.opened).to.deep.equal(['all', MIB / 2, MIB / 2, MIB / 2]);
      expect(store.readBytes).to.equal(MIB);
    });

  it('fails those that read when the store fails for longer, and begins again for the next', async () => {
    await using own = make({ patienceMs: 300 });
    store.beforeChunk = (at) => {
      if (at >= MIB / 2) throw new Error('503');
    };
    const failures = await Promise.all(
      [1, 2].map(() => readOf(blob, never, own).catch((error: Error) => error.message)),
    );
    expect(failures).to.deep.equal(['503', '503']);
    store.beforeChunk = () => undefined;
    expect((await readOf(blob, never, own))?.equals(blob.bytes)).to.equal(true);
  });

  it('reads on when one of its readers stops, and stops with the last', async () => {
    store.beforeChunk = () => sleep(20);
    const stops = [new AbortController(), new AbortController()];
    const [stopped, other] = stops.map(({ signal }) =>
      readOf(blob, signal).catch((error: Error) => error.message),
    );
    await eventually('it is being read', () => store.readBytes > 0);
    stops[0]?.abort(new Error('stopping'));
    expect(await stopped).to.equal('stopping');
    const readBytes = store.readBytes;
    await eventually('it is read further', () => store.readBytes > readBytes);
    stops[1]?.abort(new Error('stopping, too'));
    expect(await other).to.equal('stopping, too');
    await eventually('the store is left alone', () => store.streams.size === 0);
    expect(store.readBytes).to.be.below(MIB);
  });

  it('has no name for its files, so that a kill leaves none', async () => {
    const { promise: rest, resolve } = Promise.withResolvers<void>();
    store.beforeChunk = (at) => (at > 0 ? rest : undefined);
    const reading = readOf(blob);
    await eventually('the file is open', async () => (await openFilesIn(home.path)) === 1);
    expect(await readdir(home.path)).to.deep.equal([]);
    resolve();
    await reading;
    await spool[Symbol.asyncDispose]();
    expect(await openFilesIn(home.path)).to.equal(0);
  });

  it('holds no more than a piece in memory for each reader', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const large = makeBlob(32 * MIB);
    store = new CountedStore([large]);
    await using own = make({ maxBytes: 32 * MIB });
    collect();
    const atFirst = process.memoryUsage().arrayBuffers;
    let mostBytes = 0;
    const read = async (body: () => AsyncIterable<Buffer>) => {
      let readBytes = 0;
      let looksAt = 0;
      for await (const chunk of body()) {
        readBytes += chunk.length;
        if (readBytes - looksAt < 4 * MIB) continue;
        looksAt = readBytes;
        collect();
        mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - atFirst);
      }
      return readBytes;
    };
    const all = await Promise.all([1, 2, 3, 4].map(() => own.use(large, never, read)));
    expect(all).to.deep.equal([1, 2, 3, 4].map(() => 32 * MIB));
    // Four times the blob, if each reader held all of it.
    expect(mostBytes).to.be.within(1, 24 * MIB);
  });
});

requiresMounts()('a spool whose disk is full', () => {
  it('passes on what it has no room for', async () => {
    await using disk = await mountTmpfs(1);
    const blob = makeBlob(3 * MIB);
    const store = new CountedStore([blob]);
    await using spool = new Spool({ directory: disk.path, maxBytes: 100 * MIB, open: store.open });
    const read = () => spool.use(blob, never, (body) => bytesFrom(body()));
    for (let i = 0; i < 2; i++) expect((await read())?.equals(blob.bytes)).to.equal(true);
    // Once for the spool, and then for each.
    expect(store.opened).to.have.lengthOf(3);
    expect(await disk.freeBytes()).to.be.greaterThan(0);
  });
});

/** How many files of a directory this process has open, with a name or without. */
async function openFilesIn(directory: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(`${directory}/`)).length;
}
