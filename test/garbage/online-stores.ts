import { expect } from 'chai';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { pullAll } from '../compat/pulling.ts';
import { collect, expectNothingLeft, expectStored, type Pass, purgeOlderThan } from '../crash/collecting.ts';
import { faultsOf } from '../crash/invariants.ts';
import { pushBlob, pushImage, pushManifest, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import { MOMENTS, type Moment, meeting } from './meeting.ts';

/** A registry that runs over a store, and the store as the collector has it. */
export interface CollectedStore extends AsyncDisposable {
  readonly url: string;
  readonly objects: ObjectStore;
  /** Leaves behind what a write does that never comes to its end. */
  breakOff(): Promise<void>;
  /** How many such things there are. */
  leftovers(): Promise<number>;
}

const APP = 'candidate/app';
const OTHER = 'candidate/other';
const HOUR_MS = 3_600_000;

interface Order {
  readonly what: string;
  /** Where the image is pushed to that wants the garbage; it has a config, and no layer. */
  readonly name?: string;
  readonly deleteUntagged?: boolean;
  /** Asks for what is garbage; answers with the status. */
  readonly ask: (url: string, image: Image) => Promise<number>;
  /** The status, by when it asks. */
  readonly answers: Readonly<Record<Moment, number>>;
}

const putTo = async (url: string, name: string, { bytes }: Image) =>
  (await putManifest(url, name, 'wanted', bytes, MEDIA_TYPES.image)).status;

const PROMOTED = 'app';

const ORDERS: readonly Order[] = [
  {
    what: 'HEAD of a blob',
    ask: async (url, { config }) =>
      (await send(url, `/v2/${APP}/blobs/${config.digest}`, { method: 'HEAD' })).status,
    answers: { 'it begins to delete': 200, 'it has looked': 404, 'it has deleted': 404 },
  },
  {
    what: 'mount of a blob',
    name: OTHER,
    ask: async (url, { config }) => {
      const target = `/v2/${OTHER}/blobs/uploads/?mount=${config.digest}&from=${APP}`;
      return (await send(url, target, { method: 'POST' })).status;
    },
    answers: { 'it begins to delete': 201, 'it has looked': 202, 'it has deleted': 202 },
  },
  {
    what: 'PUT of a manifest',
    ask: (url, image) => putTo(url, APP, image),
    answers: { 'it begins to delete': 201, 'it has looked': 400, 'it has deleted': 400 },
  },
  {
    what: 'promotion of an untagged candidate',
    deleteUntagged: true,
    ask: async (url, { digest }) => {
      const { status, lines } = await promote(url, `${APP}@${digest}`, `${PROMOTED}:wanted`);
      return status === 200 && lines.at(-1)?.event !== 'done' ? 500 : status;
    },
    // What says that the candidate is there goes first, its bytes after another look.
    answers: { 'it begins to delete': 200, 'it has looked': 200, 'it has deleted': 409 },
  },
];

/** Goes on as a client does that was told so: what is there it does not send again. */
async function goOn(
  url: string,
  { name = APP, answers, deleteUntagged }: Order,
  { image, config }: { readonly image: Image; readonly config: Buffer },
  status: number,
): Promise<void> {
  const isThere = status === answers['it begins to delete'];
  if (!isThere) await pushBlob(url, name, config);
  if (isThere && deleteUntagged) return;
  expect(await putTo(url, name, image), 'PUT of the manifest').to.equal(201);
  if (!deleteUntagged) return;
  const { lines } = await promote(url, `${name}:wanted`, `${PROMOTED}:wanted`);
  expect(lines.at(-1)?.event).to.equal('done');
}

/** What a collection has to keep while others push, over any store. */
export function describeCollectedStore(open: () => Promise<CollectedStore>): void {
  let store: CollectedStore;
  let hour = 0;
  before(async () => {
    store = await open();
  });
  after(() => store[Symbol.asyncDispose]());

  const passBy = async (objects: ObjectStore, more: Partial<Pass> = {}) => {
    hour += 2;
    await collect({ objects }, { hour, hasGrace: false, ...more });
  };

  for (const moment of MOMENTS)
    for (const order of ORDERS)
      it(`${order.what}, when ${moment}`, async function () {
        this.timeout(60_000);
        const { url, objects } = store;
        const { name = APP, deleteUntagged = false, ask, answers } = order;
        const garbage = await leaveGarbage(url, deleteUntagged);
        const { image, orphan } = garbage;
        await passBy(objects, { deleteUntagged });
        let status = 0;
        const met = meeting(objects, moment, async () => {
          status = await ask(url, image);
        });
        await passBy(met.objects, { deleteUntagged });
        expect(met.hasMet(), 'something was deleted').to.equal(true);
        await met.acted();
        expect(status).to.equal(answers[moment]);
        await goOn(url, order, garbage, status);
        for (const _ of [1, 2]) await passBy(objects, { deleteUntagged });
        await pullAll(url, deleteUntagged ? PROMOTED : name, 'wanted');
        await expectStored({ objects }, [orphan], false);
        await expectNothingLeft({ objects });
        expect(await faultsOf(objects)).to.deep.equal([]);
      });

  it('a purge removes uploads that nobody continues, and writes that never ended', async function () {
    this.timeout(60_000);
    const { url, objects, breakOff, leftovers } = store;
    const begun = await send(url, `/v2/${APP}/blobs/uploads/`, { method: 'POST' });
    const { pathname } = new URL(begun.headers.location ?? '', url);
    const bytes = newBytes();
    expect((await send(url, pathname, { method: 'PATCH', body: bytes })).status).to.equal(202);
    await breakOff();
    await purgeOlderThan({ objects }, Date.now() - HOUR_MS);
    expect(await leftovers()).to.equal(1);
    expect((await send(url, pathname)).status).to.equal(204);
    await purgeOlderThan({ objects }, Date.now() + HOUR_MS);
    expect(await leftovers()).to.equal(0);
    expect((await send(url, pathname)).status).to.equal(404);
    const prefix = `docker/registry/v2/repositories/${APP}/_uploads/`;
    expect((await objects.list({ prefix, limit: 10 })).keys).to.deep.equal([]);
    const closed = await send(url, `${pathname}?digest=${sha256(bytes)}`, { method: 'PUT' });
    expect(closed.status).to.equal(404);
  });
}

/** An image that nothing leads to, its config, and a blob that nobody will ever want. */
async function leaveGarbage(url: string, deleteUntagged: boolean) {
  // What is to stay, so that a pass has something to mark.
  await pushImage(url, APP, 'kept');
  const bytes = newBytes(200);
  const config = await pushBlob(url, APP, bytes, MEDIA_TYPES.config);
  const orphan = await pushBlob(url, APP, newBytes());
  const image = new Image({ config, layers: [] });
  if (deleteUntagged) await pushManifest(url, APP, image);
  return { image, config: bytes, orphan: orphan.digest };
}
