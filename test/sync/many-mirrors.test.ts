/** Promise: mirrors share one read of the store, and one that hangs, or is full, delays the others by no more than moments. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { PublicSide } from '../../services/sync/mirrors/public-side.ts';
import { WebdavTarget } from '../../services/sync/targets/webdav.ts';
import { Lines } from '../../services/sync/transfer/lines.ts';
import { type PublishResult, publishBlob } from '../../services/sync/transfer/publish-blob.ts';
import { SizeRefusals } from '../../services/sync/transfer/size-refusals.ts';
import { Spool } from '../../services/sync/transfer/spool.ts';
import { tempDir } from '../support/temp.ts';
import { CountedStore, makeBlob } from './made-blobs.ts';
import { type MemoryMirror, startMemoryMirror } from './memory-mirror.ts';
import type { Answer } from './switchable-server.ts';

const MIB = 1024 * 1024;
const STUCK_MS = 400;
const UPLOAD_MS = 100;
const never = new AbortController().signal;

describe('many mirrors', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  const blobs = Array.from({ length: 10 }, () => makeBlob(MIB));
  const total = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let home: string;
  before(async () => {
    home = held.use(await tempDir('many')).path;
  });
  after(() => held.disposeAsync());

  const start = async (count: number, put?: Answer) => {
    const mirrors: MemoryMirror[] = [];
    for (let i = 0; i < count; i++) {
      const mirror = held.use(await startMemoryMirror());
      if (put)
        mirror.answer = (request, response) =>
          (request.method === 'PUT' ? put : mirror.ordinary)(request, response);
      mirrors.push(mirror);
    }
    return mirrors;
  };

  /** What all mirrors share, and how all blobs get onto one of them. */
  function transfer(uploads: number, signal = never) {
    const store = new CountedStore(blobs);
    const spool = held.use(new Spool({ directory: home, maxBytes: total, open: store.open }));
    const lines = new Lines({ uploads, stuckMs: STUCK_MS });
    const publishAll = (mirror: MemoryMirror): Promise<PublishResult[]> => {
      const target = new WebdavTarget({ url: mirror.url });
      const publicSide = new PublicSide({ url: mirror.url });
      const own = { mirror: mirror.url, publicSide, target, refusals: new SizeRefusals() };
      const parts = { ...own, verify: 'full' as const, spool, lines };
      return Promise.all(blobs.map((blob) => publishBlob(parts, blob, signal)));
    };
    return { store, publishAll };
  }

  it('get what is read once from the store', async () => {
    const { store, publishAll } = transfer(16);
    const results = await Promise.all((await start(8)).map(publishAll));
    expect(new Set(results.flat())).to.deep.equal(new Set(['held']));
    expect(store.readBytes).to.equal(total);
  });

  it('do not wait for those that hang, or are full', async () => {
    /** As an ordinary mirror of which each upload takes a known time. */
    const slow = async () => {
      const mirrors = await start(4);
      for (const mirror of mirrors)
        mirror.answer = async (request, response) => {
          if (request.method === 'PUT') await sleep(UPLOAD_MS);
          await mirror.ordinary(request, response);
        };
      return mirrors;
    };
    const stop = new AbortController();
    const { publishAll } = transfer(4, stop.signal);
    const hanging = await start(3, (request) => void request.pause());
    const full = await start(1, (request, response) => {
      request.resume();
      response.writeHead(507).end();
    });
    // The hanging ones have all lines first, and are given up after 30 s; how much later others are is measured elsewhere.
    let isGivenUp = false;
    const stuck = Promise.allSettled([...hanging, ...full].map(publishAll));
    void Promise.allSettled(hanging.map(publishAll)).then(() => {
      isGivenUp = true;
    });
    const results = await Promise.all((await slow()).map(publishAll));
    expect(new Set(results.flat())).to.deep.equal(new Set(['held']));
    expect(isGivenUp, 'the hanging ones still hang').to.equal(false);
    stop.abort(new Error('enough'));
    await stuck;
  });
});
