/**
 * Promise: whatever the network and the server do, what was acknowledged is there, what failed is not there in part,
 * and what a look can tell is not told as a failure.
 */
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { rejection } from '../contract/area.ts';
import type { Fault, SeenRequest } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { requires } from '../support/requirements.ts';
import { bodyOf, errorBody, MEBIBYTE, onFirst, operationOf, type S3World, startS3World } from './s3-world.ts';

const LIMIT_BYTES = 64 * MEBIBYTE;
/** More than the driver tries. */
const ALWAYS = 1000;
const SLOW_DOWN: Fault = { kind: 'answer', status: 503, body: errorBody('SlowDown') };
const CONFLICT: Fault = { kind: 'answer', status: 409, body: errorBody('OperationAborted') };
const INTERNAL: Fault = { kind: 'answer', status: 500, body: errorBody('InternalError') };

requires(RADOSGW_PROGRAMS)('S3 with faults', function () {
  this.timeout(60_000);
  let world: S3World;
  before(async () => {
    world = await startS3World();
  });
  after(() => world[Symbol.asyncDispose]());
  beforeEach(() => world.reopen());
  afterEach(() => {
    world.proxy.rule = () => undefined;
  });

  const expectThere = async (key: string, bytes: Buffer) => {
    const found = await world.truth.read(key, LIMIT_BYTES);
    expect(found?.equals(bytes), `content of ${key}`).to.equal(true);
  };

  describe('writes that succeed in the end', () => {
    const small = bodyOf(1000);
    const large = bodyOf(12 * MEBIBYTE);
    const cases: [what: string, times: number, operation: string, fault: Fault][] = [
      ['a reset', 2, 'PutObject', { kind: 'reset' }],
      ['a server that asks for patience', 2, 'PutObject', SLOW_DOWN],
      ['conflicts with other requests', 3, 'PutObject', CONFLICT],
      ['answers that are lost', 2, 'PutObject', { kind: 'lose answer' }],
      ['answers that are lost to the last', ALWAYS, 'PutObject', { kind: 'lose answer' }],
      [
        'a server that fails after it has written',
        ALWAYS,
        'PutObject',
        { kind: 'replace answer', status: 500, body: errorBody('InternalError') },
      ],
      ['a reset', 2, 'CreateMultipartUpload', { kind: 'lose answer' }],
      ['a reset', 3, 'UploadPart', { kind: 'reset' }],
      ['a part whose answer is lost', 2, 'UploadPart', { kind: 'lose answer' }],
      ['an end that meets other requests', 3, 'CompleteMultipartUpload', CONFLICT],
      ['an end that is answered 500', 2, 'CompleteMultipartUpload', INTERNAL],
      [
        'an end that is answered 200 with an error',
        2,
        'CompleteMultipartUpload',
        { kind: 'answer', status: 200, body: errorBody('InternalError') },
      ],
      [
        'an end that is answered 200 with an error though it was one',
        ALWAYS,
        'CompleteMultipartUpload',
        { kind: 'replace answer', status: 200, body: errorBody('InternalError') },
      ],
      ['an end whose answer is lost', 1, 'CompleteMultipartUpload', { kind: 'lose answer' }],
      ['an end whose answer is lost to the last', ALWAYS, 'CompleteMultipartUpload', { kind: 'lose answer' }],
    ];
    for (const [what, times, operation, fault] of cases)
      it(`survive ${what} (${operation}, ${times === ALWAYS ? 'always' : times})`, async () => {
        const key = `written/${crypto.randomUUID()}`;
        const { bytes, body } = operation === 'PutObject' ? small : large;
        world.proxy.rule = onFirst(times, operation, fault);
        await world.store.put(key, body());
        await expectThere(key, bytes);
      });

    for (const [operation, sizeBytes] of [
      ['CopyObject', 1000],
      ['UploadPartCopy', 12 * MEBIBYTE],
    ] as const)
      for (const fault of [
        { kind: 'lose answer' },
        { kind: 'answer', status: 200, body: errorBody('InternalError') },
        SLOW_DOWN,
      ] as const)
        it(`survive ${fault.kind} (${operation}, 2)`, async () => {
          const [source, key] = [`source/${crypto.randomUUID()}`, `composed/${crypto.randomUUID()}`];
          const { bytes } = bodyOf(sizeBytes);
          await world.truth.put(source, bytes);
          world.proxy.rule = onFirst(2, operation, fault);
          await world.store.compose([source], key);
          await expectThere(key, bytes);
        });
  });

  describe('writes that fail', () => {
    for (const before of [undefined, Buffer.from('what was there')])
      for (const [operation, fault] of [
        ['PutObject', SLOW_DOWN],
        ['PutObject', { kind: 'reset' }],
        ['PutObject', CONFLICT],
        ['CreateMultipartUpload', INTERNAL],
        ['UploadPart', { kind: 'reset' }],
        ['UploadPart', { kind: 'answer', status: 403, body: errorBody('AccessDenied') }],
        ['CompleteMultipartUpload', INTERNAL],
        ['CompleteMultipartUpload', { kind: 'answer', status: 200, body: errorBody('InternalError') }],
      ] as [string, Fault][])
        it(`leave ${before ?? 'nothing'}, and no upload (${operation}: ${fault.kind})`, async () => {
          const key = `failed/${crypto.randomUUID()}`;
          if (before) await world.truth.put(key, before);
          world.proxy.rule = onFirst(ALWAYS, operation, fault);
          const body = operation === 'PutObject' ? Buffer.from('new') : bodyOf(12 * MEBIBYTE).body();
          const error = await rejection(world.store.put(key, body));
          expect(String(error))
            .to.match(/^S3Error: S3: \w+ .*failed\//)
            .and.not.include('testsecret');
          expect(await world.truth.read(key, LIMIT_BYTES)).to.deep.equal(before);
          expect((await world.openUploads()).filter((each) => each === key)).to.deep.equal([]);
        });

    it('and cannot even be tidied up leave what removeLeftovers finds', async () => {
      const key = `left/${crypto.randomUUID()}`;
      // What earlier tests have left may have grown old meanwhile.
      await world.truth.removeLeftovers(new Date(Date.now() + 60_000));
      world.proxy.rule = (request) =>
        ['CompleteMultipartUpload', 'AbortMultipartUpload'].includes(operationOf(request))
          ? INTERNAL
          : undefined;
      await rejection(world.store.put(key, bodyOf(12 * MEBIBYTE).body()));
      expect(await world.openUploads()).to.include(key);
      expect(await world.truth.removeLeftovers(new Date(Date.now() - 60_000)), 'too young').to.equal(0);
      expect(await world.openUploads()).to.include(key);
      expect(await world.truth.removeLeftovers(new Date(Date.now() + 60_000))).to.be.above(0);
      expect(await world.openUploads()).to.deep.equal([]);
    });
  });

  describe('copying from a server that denies the ETags of its own objects', () => {
    const denies = ({ headers }: SeenRequest) => headers['x-amz-copy-source-if-match'] !== undefined;
    const DENIED: Fault = { kind: 'answer', status: 412, body: errorBody('PreconditionFailed') };

    it('continues, and does not ask for it again', async () => {
      const [source, key] = [`source/${crypto.randomUUID()}`, `composed/${crypto.randomUUID()}`];
      const { bytes } = bodyOf(12 * MEBIBYTE);
      await world.truth.put(source, bytes);
      let denied = 0;
      world.proxy.rule = (request) => {
        if (!denies(request)) return undefined;
        denied++;
        return DENIED;
      };
      await world.store.compose([source], key);
      await expectThere(key, bytes);
      const before = denied;
      expect(before).to.be.above(0);
      await world.store.compose([source], key);
      expect(denied).to.equal(before);
    });

    it('makes nothing of a source that was replaced in the meantime', async () => {
      const [source, key] = [`source/${crypto.randomUUID()}`, `composed/${crypto.randomUUID()}`];
      await world.truth.put(source, bodyOf(12 * MEBIBYTE).bytes);
      let replacing: Promise<void> | undefined;
      world.proxy.rule = (request) => {
        if (denies(request)) return DENIED;
        if (operationOf(request) !== 'CopyObject' && operationOf(request) !== 'UploadPartCopy')
          return undefined;
        replacing ??= world.truth.put(source, bodyOf(12 * MEBIBYTE).bytes);
        return { kind: 'delay', ms: 3000 };
      };
      expect(String(await rejection(world.store.compose([source], key)))).to.include('is being replaced');
      await replacing;
      expect(await world.truth.stat(key)).to.equal(undefined);
    });
  });

  describe('creating', () => {
    for (const times of [1, ALWAYS])
      it(`is reported as done when only its answer was lost (${times === ALWAYS ? 'always' : times})`, async () => {
        const key = `created/${crypto.randomUUID()}`;
        world.proxy.rule = onFirst(times, 'PutObject', { kind: 'lose answer' });
        expect(await world.store.putIfAbsent(key, Buffer.from('ours'))).to.equal('created');
        expect(await world.store.putIfAbsent(key, Buffer.from('ours'))).to.equal('exists');
        await expectThere(key, Buffer.from('ours'));
      });

    it("is reported as others' when they came first, though answers are lost", async () => {
      const key = `created/${crypto.randomUUID()}`;
      await world.truth.putIfAbsent(key, Buffer.from('theirs'));
      world.proxy.rule = onFirst(2, 'PutObject', { kind: 'lose answer' });
      expect(await world.store.putIfAbsent(key, Buffer.from('theirs'))).to.equal('exists');
    });

    it('continues after a conflict with another request', async () => {
      const key = `created/${crypto.randomUUID()}`;
      const conflict = {
        kind: 'answer',
        status: 409,
        body: errorBody('ConditionalRequestConflict'),
      } as const;
      world.proxy.rule = onFirst(3, 'PutObject', conflict);
      expect(await world.store.putIfAbsent(key, Buffer.from('ours'))).to.equal('created');
    });

    it('lets one of twelve hear so, however many answers are lost', async () => {
      for (let round = 0; round < 10; round++) {
        const key = `raced/${crypto.randomUUID()}`;
        let turn = round;
        world.proxy.rule = (request) =>
          operationOf(request) === 'PutObject' && turn++ % 2 === 0 ? { kind: 'lose answer' } : undefined;
        const bodies = Array.from({ length: 12 }, (_, i) => Buffer.from(`racer ${i}`));
        const outcomes = await Promise.all(bodies.map((body) => world.store.putIfAbsent(key, body)));
        const winners = bodies.filter((_, i) => outcomes[i] === 'created');
        expect(winners).to.have.length(1);
        await expectThere(key, winners[0] ?? Buffer.alloc(0));
      }
    });
  });

  describe('reading', () => {
    const key = 'read/object';
    const { bytes } = bodyOf(9 * MEBIBYTE);
    before(() => world.truth.put(key, bytes));

    it('continues where a body broke off, as long as bytes come', async () => {
      let turn = 0;
      world.proxy.rule = (request) =>
        operationOf(request) === 'GetObject' && turn++ < 8
          ? { kind: 'truncate', bytes: MEBIBYTE }
          : undefined;
      const got = await world.store.get(key, { first: 100, last: 9 * MEBIBYTE - 100 });
      const found = got && (await buffer(got.body));
      expect(found?.equals(bytes.subarray(100, 9 * MEBIBYTE - 99))).to.equal(true);
      expect(turn).to.be.above(8);
    });

    it('ends with an error when nothing more comes', async () => {
      world.proxy.rule = onFirst(ALWAYS, 'GetObject', { kind: 'truncate', bytes: 0 });
      const error = await rejection(world.store.read(key, LIMIT_BYTES));
      expect(error).to.be.instanceOf(StoreUnavailableError);
    });

    it('never puts two versions together', async () => {
      const replaced = 'read/replaced';
      await world.truth.put(replaced, Buffer.alloc(9 * MEBIBYTE, 'a'));
      let turn = 0;
      world.proxy.rule = (request) =>
        operationOf(request) === 'GetObject' && turn++ === 0
          ? { kind: 'truncate', bytes: MEBIBYTE }
          : undefined;
      const got = await world.store.get(replaced);
      await world.truth.put(replaced, Buffer.alloc(9 * MEBIBYTE, 'b'));
      const error = await rejection(buffer(got?.body as AsyncIterable<Buffer>));
      expect(String(error)).to.include('412');
    });

    it('does not take a server that stalls for one that has nothing', async () => {
      world.proxy.rule = onFirst(ALWAYS, 'HeadObject', { kind: 'stall' });
      const error = await rejection(world.store.stat(key));
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(String(error)).to.match(/^S3Error: S3: HeadObject of read\/object: TimeoutError/);
    });

    it('ends at once when its signal aborts, though the server stalls', async () => {
      world.proxy.rule = () => ({ kind: 'stall' });
      for (const act of [
        (signal: AbortSignal) => world.store.stat(key, signal),
        (signal: AbortSignal) => world.store.get(key, undefined, signal),
        (signal: AbortSignal) => world.store.put('read/never', Buffer.from('x'), { signal }),
        (signal: AbortSignal) => world.store.putIfAbsent('read/never', Buffer.from('x'), signal),
        (signal: AbortSignal) => world.store.compose([key], 'read/never', signal),
        (signal: AbortSignal) => world.store.delete(['read/never', 'read/neither'], signal),
        (signal: AbortSignal) => world.store.list({ prefix: '', limit: 1 }, signal),
        (signal: AbortSignal) => world.store.removeLeftovers(new Date(0), signal),
      ]) {
        const controller = new AbortController();
        const acting = rejection(act(controller.signal));
        await sleep(30);
        controller.abort();
        const outcome = await Promise.race([acting, sleep(10_000, 'still waiting')]);
        expect(outcome).to.have.property('name', 'AbortError');
      }
    });
  });

  it('says which object was not deleted', async () => {
    const body =
      '<DeleteResult><Error><Key>kept/a</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>';
    world.proxy.rule = onFirst(1, 'DeleteObjects', { kind: 'answer', status: 200, body });
    const error = await rejection(world.store.delete(['kept/a', 'kept/b']));
    expect(String(error)).to.match(/1 of 2 are not deleted, one is kept\/a: AccessDenied/);
  });
});
