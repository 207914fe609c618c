/** Promise: an object is written to a stream whole, or in a range; the stream is left open; a stream that closes is told. */
import { PassThrough, Writable } from 'node:stream';
import { expect } from 'chai';
import { type Area, bytesOf, rejection } from './area.ts';

export function describeSending(area: () => Area): void {
  describe('sending', () => {
    /** What arrives; the buffers that a driver writes from are its own, so they are copied as they come. */
    async function sent(name: string, range?: { first: number; last: number }): Promise<Buffer | undefined> {
      const chunks: Buffer[] = [];
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(Buffer.from(chunk));
          setImmediate(done);
        },
      });
      const isThere = await area().store.send(area().key(name), range, sink);
      expect(sink.writableEnded, 'the stream is left open').to.equal(false);
      return isThere ? Buffer.concat(chunks) : undefined;
    }

    for (const sizeBytes of [0, 1, 1000, 256 * 1024, 3 * 1024 * 1024 + 1])
      it(`writes all of ${sizeBytes} bytes`, async () => {
        const content = bytesOf(sizeBytes);
        await area().put('object', content);
        expect((await sent('object'))?.equals(content)).to.equal(true);
      });

    it('writes a range, both ends included', async () => {
      const content = bytesOf(1_000_000);
      await area().put('object', content);
      for (const range of [
        { first: 0, last: 0 },
        { first: 999_999, last: 999_999 },
        { first: 10, last: 700_000 },
      ])
        expect((await sent('object', range))?.equals(content.subarray(range.first, range.last + 1))).to.equal(
          true,
        );
    });

    it('writes nothing of an object that is not there', async () => {
      expect(await sent('absent')).to.equal(undefined);
      await area().put('a/b', 'content');
      expect(await sent('a')).to.equal(undefined);
    });

    it('leaves the bytes alone until the stream says that it is done with them', async () => {
      const content = bytesOf(5_000_000);
      await area().put('object', content);
      const chunks: Buffer[] = [];
      const sink = new Writable({
        highWaterMark: 1000,
        write(chunk: Buffer, _encoding, done) {
          // Looked at only at the last moment: a buffer that was used again too early shows.
          setTimeout(() => {
            chunks.push(Buffer.from(chunk));
            done();
          }, 2);
        },
      });
      await area().store.send(area().key('object'), undefined, sink);
      expect(Buffer.concat(chunks).equals(content)).to.equal(true);
    });

    it('rejects when the stream is closed before the last byte, as a client that goes away does', async () => {
      await area().put('object', bytesOf(3_000_000));
      const sink = new PassThrough({ highWaterMark: 1000 });
      const sending = area().store.send(area().key('object'), undefined, sink);
      setTimeout(() => sink.destroy(), 20);
      await rejection(sending);
      // And the next one is not harmed by it.
      expect((await sent('object'))?.length).to.equal(3_000_000);
    });
  });
}
