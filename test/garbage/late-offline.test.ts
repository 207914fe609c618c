/**
 * Promise: with writes off, nothing is planned before nodes commit no change any more, and deletes of a run that was killed
 * can no longer take effect. Writes are not on again before a delete without an answer can no longer take effect. A run that
 * was paused deletes nothing more.
 */
import { expect } from 'chai';
import { collectGarbage } from '../../services/registry/garbage/offline/collect.ts';
import { switchWritesOff, WritesOffError } from '../../services/registry/garbage/offline/writes-off.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey, READ_ONLY_KEY, REPOSITORIES_PREFIX } from '../../services/registry/storage/layout.ts';
import type { DeleteOptions, ListRequest } from '../../services/registry/storage/object-store.ts';
import { READ_ONLY_POLL_MS, WRITES_END_MS, writeNotice } from '../../services/registry/storage/read-only.ts';
import { rejection } from '../contract/area.ts';
import { type Call, intercepted } from '../support/intercepted.ts';
import { MemoryStore, RemoteStore } from '../support/memory-store.ts';

const LATE_MS = 400;
const RUN = { by: 'a test', isRunning: () => undefined };
const KEYS = ['one', 'two'].map((text) => blobDataKey(digestOf(Buffer.from(text))));

function withGarbage(objects = new MemoryStore()): MemoryStore {
  for (const key of KEYS) objects.hold(key, 'garbage', new Date(0));
  return objects;
}

/** Collects over a store whose calls come to `around` first. */
function collect(
  objects: MemoryStore,
  around: (call: Call<MemoryStore>) => unknown,
  isRunning: () => boolean | undefined = RUN.isRunning,
) {
  const options = {
    run: { ...RUN, isRunning },
    lateMs: LATE_MS,
    deleteUntagged: false,
    youngerThan: new Date(),
  };
  return collectGarbage(intercepted(objects, around), options);
}

describe('a garbage collection with writes off', () => {
  /** Collects; returns the time from the switch to the first look at repositories, in ms. */
  const waitedMs = async (objects: MemoryStore, isRunning?: () => boolean) => {
    let [offAt, lookedAt] = [0, 0];
    const around = ({ name, args, proceed }: Call<MemoryStore>) => {
      if (name === 'put' && args[0] === READ_ONLY_KEY) offAt = performance.now();
      const { prefix = '' } = (args[0] ?? {}) as Partial<ListRequest>;
      if (name === 'list' && prefix.startsWith(REPOSITORIES_PREFIX)) lookedAt ||= performance.now();
      return proceed();
    };
    await collect(objects, around, isRunning);
    expect(KEYS.filter((key) => objects.held.has(key))).to.deep.equal([]);
    return lookedAt - offAt;
  };

  it('looks for what is in use when nodes commit nothing more', async () => {
    expect(await waitedMs(withGarbage())).to.be.at.least(WRITES_END_MS - 1);
    expect(WRITES_END_MS).to.be.above(READ_ONLY_POLL_MS);
  });

  it('says how to allow writes again when it could not', async () => {
    const objects = withGarbage();
    const around = ({ name, args, proceed }: Call<MemoryStore>) => {
      const [keys] = args as readonly unknown[];
      if (name === 'delete' && Array.isArray(keys) && keys.includes(READ_ONLY_KEY))
        throw new Error('slow down');
      return proceed();
    };
    const error = await rejection(collect(objects, around));
    expect(error).to.be.instanceOf(WritesOffError);
    expect(error).to.have.property('message').that.includes('"roadstead read-only off"');
    expect(KEYS.filter((key) => objects.held.has(key))).to.deep.equal([]);
  });

  it('waits longer if a run was killed that may have left deletes to a remote store behind', async () => {
    const objects = withGarbage(new RemoteStore());
    await writeNotice(objects, {
      since: new Date(0).toISOString(),
      by: 'killed',
      reason: 'garbage collection',
    });
    expect(await waitedMs(objects, () => false)).to.be.at.least(WRITES_END_MS + LATE_MS - 2);
  });

  it('ends at a delete without an answer, and allows writes when that can no longer take effect', async () => {
    const objects = withGarbage();
    let [doubtAt, onAt] = [0, 0];
    const ended = collect(objects, ({ name, args, proceed }) => {
      const [keys, , options] = args as [readonly string[], unknown, DeleteOptions?];
      if (name === 'delete' && keys.includes(READ_ONLY_KEY)) onAt = performance.now();
      if (name !== 'delete' || !KEYS.includes(keys[0] ?? '')) return proceed();
      doubtAt = performance.now();
      options?.fence?.doubt();
      options?.fence?.check();
      return proceed();
    });
    expect(await rejection(ended))
      .to.be.instanceOf(WritesOffError)
      .with.property('message')
      .that.includes('an answer of the store is missing');
    expect(onAt - doubtAt).to.be.at.least(LATE_MS - 1);
    expect(KEYS.filter((key) => objects.held.has(key))).to.have.length(2);
  });

  it('deletes nothing more when it wakes from a pause, until it has looked at the switch again', async () => {
    let nowMs = 0;
    await using off = await switchWritesOff(withGarbage(), RUN, { lateMs: 0, now: () => nowMs });
    off.fence.check();
    nowMs = 30_001;
    expect(() => off.fence.check()).to.throw(WritesOffError, 'this process was paused');
    await off.confirm();
    off.fence.check();
  });
});
