import { expect } from 'chai';
import type { Algorithm } from '../support/digest.ts';
import { check, type Group, group, type Target } from './check.ts';
import type { Answer } from './client.ts';
import { newBlob } from './content.ts';
import { expectBlobDeleted } from './deleting.ts';
import { expectPullable, expectStatus, locationOf } from './expectations.ts';
import { type Profile, REPOSITORY } from './profile.ts';
import { expectBlob } from './reading.ts';
import { begin, chunksOf, close, closeWithChunk, patch } from './uploads.ts';

const CHUNK_BYTES = 1024;
const BLOB_BYTES = 3 * CHUNK_BYTES - 5;

/** Upload sessions: chunks in order and out of it, where one stands, and giving up ("Pushing a blob in chunks"). */
export function sessionChecks(algorithm: Algorithm, profile: Profile): Group {
  return group(`${algorithm} upload sessions`, [
    inOrder(algorithm),
    outOfOrder('PATCH', algorithm),
    outOfOrder('PUT', algorithm),
    profile.version === 'dev' && cancelled(algorithm),
  ]);
}

/** Holds an answer to say that a session stands at so many bytes, and where to go on. */
function expectPosition(answer: Answer, sizeBytes: number): URL {
  // What stands for nothing is not said; `0-<integer>` it has to be.
  const range = /^0-(\d+)$/.exec(answer.get('range') ?? '');
  expect(range, `Range: ${answer.get('range')}`).not.to.equal(null);
  if (sizeBytes > 0) expect(Number(range?.[1])).to.equal(sizeBytes - 1);
  return locationOf(answer);
}

/** Asks where a session stands (end-13). */
async function expectStatusOf(on: Target, session: URL, sizeBytes: number): Promise<URL> {
  const answer = await on.client.ask(session);
  expectStatus(answer, 204);
  return expectPosition(answer, sizeBytes);
}

function inOrder(algorithm: Algorithm): Group {
  const blob = newBlob('in order', BLOB_BYTES, algorithm);
  let session = new URL('http://registry');
  return group('fed in order', [
    check('tell where they stand before the first byte', async (on) => {
      session = await begin(on, REPOSITORY);
      session = await expectStatusOf(on, session, 0);
    }),
    ...chunksOf(blob).flatMap(([start, end], i) => [
      check(`take chunk ${i + 1} and tell how far they are`, async (on) => {
        const answer = await patch(on, session, blob, start, end);
        expectStatus(answer, 202);
        session = expectPosition(answer, end);
      }),
      check(`tell the same when asked after chunk ${i + 1}`, async (on) => {
        session = await expectStatusOf(on, session, end);
      }),
    ]),
    check('close', async (on) => {
      const answer = await close(on, session, blob);
      expectStatus(answer, 201);
      await expectPullable(on, answer, blob.bytes);
    }),
    check('are gone when they are closed', async (on) => {
      expectStatus(await on.client.ask(session), 404);
      await expectBlobDeleted(on, REPOSITORY, blob.digest);
    }),
  ]);
}

/** A wrong chunk before each right one: ahead of its turn, or at the end the first one again. */
function outOfOrder(closing: 'PATCH' | 'PUT', algorithm: Algorithm): Group {
  const blob = newBlob('out of order', BLOB_BYTES, algorithm);
  const chunks = chunksOf(blob);
  const [first = [0, 0] as const, second = [0, 0] as const, last = [0, 0] as const] = chunks;
  let session = new URL('http://registry');
  const refusesThenTells = (at: number, send: (on: Target) => Promise<Answer>) => async (on: Target) => {
    const answer = await send(on);
    expectStatus(answer, 416);
    // From the very URL that was refused, whatever its query.
    session = await expectStatusOf(on, answer.url, at);
  };
  const takes = (title: string, [start, end]: readonly [number, number]) =>
    check(title, async (on) => {
      const answer = await patch(on, session, blob, start, end);
      expectStatus(answer, 202);
      session = expectPosition(answer, end);
    });
  return group(`fed out of order, the last chunk by ${closing}`, [
    check('refuse the second chunk first, with 416, and tell where they stand', async (on) => {
      session = await begin(on, REPOSITORY);
      await refusesThenTells(0, () => patch(on, session, blob, ...second))(on);
    }),
    takes('take the first after that', first),
    check(
      'refuse the first once more',
      refusesThenTells(first[1], (on) => patch(on, session, blob, ...first)),
    ),
    check(
      'refuse the last before the second',
      refusesThenTells(first[1], (on) =>
        closing === 'PUT' ? closeWithChunk(on, session, blob, ...last) : patch(on, session, blob, ...last),
      ),
    ),
    takes('take the second after that', second),
    check(
      'refuse to begin again before the last',
      refusesThenTells(second[1], (on) => patch(on, session, blob, ...first)),
    ),
    ...(closing === 'PATCH' ? [takes('take the last', last)] : []),
    check('close, and hold what was sent in order', async (on) => {
      const answer =
        closing === 'PUT' ? await closeWithChunk(on, session, blob, ...last) : await close(on, session, blob);
      expectStatus(answer, 201);
      await expectPullable(on, answer, blob.bytes);
      await expectBlob(on, REPOSITORY, blob);
    }),
    check('leave a blob to delete', (on) => expectBlobDeleted(on, REPOSITORY, blob.digest)),
  ]);
}

/** "Cancel a blob upload" (end-14, main branch). */
function cancelled(algorithm: Algorithm): Group {
  const blob = newBlob('cancelled', BLOB_BYTES, algorithm);
  const [first = [0, 0] as const, second = [0, 0] as const] = chunksOf(blob);
  let session = new URL('http://registry');
  const cancels = async (on: Target) => {
    const answer = await on.client.ask(session, { method: 'DELETE', headers: { 'content-length': '0' } });
    expectStatus(answer, 204);
  };
  return group('that are given up', [
    check('end before the first byte', async (on) => {
      session = await begin(on, REPOSITORY);
      await cancels(on);
    }),
    check('end between chunks', async (on) => {
      session = await begin(on, REPOSITORY);
      const answer = await patch(on, session, blob, ...first);
      expectStatus(answer, 202);
      session = locationOf(answer);
      await cancels(on);
    }),
    check('are unknown from then on', async (on) => {
      expectStatus(await on.client.ask(session), 404);
      expectStatus(await patch(on, session, blob, ...second), 404);
      expectStatus(await close(on, session, blob), 404);
    }),
  ]);
}
