/** Promise: an object is written whole or not at all, whatever becomes of the body that it is made of. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Area, bytesOf, inChunks, rejection } from './area.ts';

export function describeWriting(area: () => Area): void {
  describe('writing', () => {
    it('makes an object of a body in whatever chunks it comes', async () => {
      const chunk = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes));
      const large = fc
        .integer({ min: 500_000, max: 1_500_000 })
        .map((sizeBytes) => Buffer.alloc(sizeBytes, 'x'));
      const body = fc.array(fc.oneof({ weight: 5, arbitrary: chunk }, { weight: 1, arbitrary: large }), {
        maxLength: 20,
      });
      await fc.assert(
        fc.asyncProperty(body, fc.boolean(), async (chunks, durable) => {
          await area().store.put(area().key('object'), inChunks(chunks), { durable });
          await area().expect('object', Buffer.concat(chunks));
        }),
        { numRuns: 30 },
      );
    });

    it('makes an object of very many very small chunks', async () => {
      const chunks = Array.from({ length: 20_000 }, (_, i) => Buffer.from(String(i)));
      await area().store.put(area().key('object'), inChunks(chunks));
      await area().expect('object', Buffer.concat(chunks));
    });

    it('replaces an object whole, by a longer, a shorter and an empty one', async () => {
      for (const sizeBytes of [100, 2_000_000, 10, 0, 5]) {
        const content = bytesOf(sizeBytes);
        await area().put('object', content);
        await area().expect('object', content);
      }
      expect(await area().names()).to.deep.equal(['object']);
    });

    for (const before of [undefined, 'what was there']) {
      const rest = before === undefined ? 'nothing' : 'what was there';
      for (const sentBytes of [0, 10, 5_000_000]) {
        it(`leaves ${rest} when the body throws after ${sentBytes} bytes`, async () => {
          if (before !== undefined) await area().put('object', before);
          const failure = new Error('the client went away');
          const put = area().store.put(area().key('object'), throwing(sentBytes, failure));
          expect(await rejection(put)).to.equal(failure);
          await area().expect('object', before);
          expect(await area().names()).to.deep.equal(before === undefined ? [] : ['object']);
        });

        it(`leaves ${rest} when its signal aborts after ${sentBytes} bytes`, async () => {
          if (before !== undefined) await area().put('object', before);
          const controller = new AbortController();
          async function* body(): AsyncGenerator<Buffer> {
            yield* halves(sentBytes);
            controller.abort();
            yield Buffer.from('too late');
          }
          const { signal } = controller;
          const put = area().store.put(area().key('object'), body(), { signal });
          expect(await rejection(put)).to.have.property('name', 'AbortError');
          await area().expect('object', before);
        });
      }

      it(`leaves ${rest} when its signal has aborted before it begins`, async () => {
        if (before !== undefined) await area().put('object', before);
        const signal = AbortSignal.abort();
        for (const body of [Buffer.from('new'), inChunks([Buffer.from('new')])])
          await rejection(area().store.put(area().key('object'), body, { signal }));
        await area().expect('object', before);
      });
    }

    it('ends when its signal aborts, though the body has stalled', async () => {
      const controller = new AbortController();
      const stalled = new AbortController();
      async function* body(): AsyncGenerator<Buffer> {
        yield Buffer.from('first');
        await sleep(60_000, undefined, { signal: stalled.signal }).catch(() => undefined);
      }
      const { signal } = controller;
      const put = area().store.put(area().key('object'), body(), { signal });
      const ended = put.then(
        () => 'written',
        () => 'rejected',
      );
      setTimeout(() => controller.abort(), 50);
      const outcome = await Promise.race([ended, sleep(15_000, 'still waiting')]);
      stalled.abort();
      await ended;
      expect(outcome).to.equal('rejected');
      await area().expect('object', undefined);
    });

    it('creates an object where there is none, and otherwise leaves what is there', async () => {
      const key = area().key('object');
      expect(await area().store.putIfAbsent(key, Buffer.from('first'))).to.equal('created');
      expect(await area().store.putIfAbsent(key, Buffer.from('second'))).to.equal('exists');
      await area().expect('object', 'first');
      await area().put('object', 'third');
      expect(await area().store.putIfAbsent(key, Buffer.from('fourth'))).to.equal('exists');
      await area().expect('object', 'third');
      await area().store.delete([key]);
      expect(await area().store.putIfAbsent(key, Buffer.alloc(0))).to.equal('created');
      await area().expect('object', '');
    });
  });
}

function halves(sizeBytes: number): Buffer[] {
  if (sizeBytes === 0) return [];
  const half = Math.ceil(sizeBytes / 2);
  return [bytesOf(half), bytesOf(sizeBytes - half)];
}

async function* throwing(afterBytes: number, error: Error): AsyncGenerator<Buffer> {
  yield* halves(afterBytes);
  throw error;
}
