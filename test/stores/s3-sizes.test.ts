/** Promise: bodies and compositions of any size come out whole, however they fall on the borders of parts; in bounded memory. */
import { expect } from 'chai';
import fc from 'fast-check';
import { planParts } from '../../services/stores/s3/compose-plan.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { nightly, requires } from '../support/requirements.ts';
import { bodyOf, MEBIBYTE, operationOf, type S3World, startS3World } from './s3-world.ts';

const PART_BYTES = 5 * MEBIBYTE;
const LIMIT_BYTES = 128 * MEBIBYTE;

describe('a plan of parts', () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: 3 * PART_BYTES }),
    fc.constantFrom(0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES),
    fc.integer({ min: 0, max: 2 ** 34 }),
  );
  it('has every byte once and in order, in parts that S3 takes', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 30 }), fc.integer({ min: PART_BYTES, max: 2 ** 32 }), check),
      { numRuns: 300 },
    );
  });
  it('of more sources than S3 takes parts puts several into one', () => {
    check(
      Array.from({ length: 25_000 }, (_, i) => PART_BYTES + (i % 7)),
      PART_BYTES,
    );
  });
  it('of large objects leaves everything to the server', () => {
    const parts = planParts([4 * 2 ** 40, PART_BYTES, 3], PART_BYTES);
    expect(parts.every(({ kind }) => kind === 'copy')).to.equal(true);
  });

  function check(sizes: readonly number[], copyBytes: number): void {
    const parts = planParts(sizes, copyBytes);
    expect(parts).to.have.length.at.most(10_000);
    const pieces = parts.flatMap((part) => (part.kind === 'copy' ? [part.piece] : part.pieces));
    let [index, position] = [0, 0];
    for (const piece of pieces) {
      while (position === sizes[index]) [index, position] = [index + 1, 0];
      const { first, last } = piece.range ?? { first: 0, last: (sizes[piece.index] ?? 0) - 1 };
      const isNext = piece.index === index && first === position && last === position + piece.sizeBytes - 1;
      if (!isNext) expect.fail(`a piece out of place: ${JSON.stringify({ piece, index, position })}`);
      position += piece.sizeBytes;
    }
    while (position === sizes[index]) [index, position] = [index + 1, 0];
    expect(index, 'sources that are used up').to.equal(sizes.length);
    const isLegal = parts.every((part, i) => {
      const partPieces = part.kind === 'copy' ? [part.piece] : part.pieces;
      const partBytes = partPieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      // S3 copies ranges of objects above 5 MiB only.
      const isRangeOk =
        part.kind === 'gather' || !part.piece.range || (sizes[part.piece.index] ?? 0) > PART_BYTES;
      const isLargeEnough = partBytes >= PART_BYTES || i === parts.length - 1;
      return isLargeEnough && partBytes <= 5 * 2 ** 30 && isRangeOk;
    });
    expect(isLegal).to.equal(true);
  }
});

nightly(requires(RADOSGW_PROGRAMS))('S3 at the borders of parts', function () {
  this.timeout(60_000);
  let world: S3World;
  before(async () => {
    world = await startS3World();
  });
  after(() => world[Symbol.asyncDispose]());

  const expectThere = async (key: string, bytes: Buffer) => {
    const found = await world.truth.read(key, LIMIT_BYTES);
    expect(found?.equals(bytes), `content of ${key}`).to.equal(true);
  };

  for (const sizeBytes of [0, 1, ...[1, 2, 3].flatMap((n) => [-1, 0, 1].map((by) => n * PART_BYTES + by))])
    it(`writes ${sizeBytes} bytes, as a stream and at once`, async () => {
      const { bytes, body } = bodyOf(sizeBytes);
      await world.store.put('sized/stream', body());
      await expectThere('sized/stream', bytes);
      await world.store.put('sized/buffer', bytes);
      await expectThere('sized/buffer', bytes);
    });

  it('has no more than two parts of a body under way, and takes no more of it before', async () => {
    const isPart = (request: Parameters<typeof operationOf>[0]) => operationOf(request) === 'UploadPart';
    world.proxy.mostAtOnce(isPart);
    const chunk = Buffer.alloc(MEBIBYTE, 'x');
    let taken = 0;
    let arrived = 0;
    let aheadMax = 0;
    world.proxy.rule = (request) => {
      if (isPart(request)) arrived++;
      return isPart(request) ? { kind: 'delay', ms: 20 } : undefined;
    };
    async function* body(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 100; i++) {
        taken += chunk.length;
        aheadMax = Math.max(aheadMax, taken - arrived * PART_BYTES);
        yield chunk;
      }
    }
    await world.store.put('sized/large', body());
    world.proxy.rule = () => undefined;
    expect(world.proxy.mostAtOnce(isPart)).to.equal(2);
    expect(aheadMax).to.be.at.most(3 * PART_BYTES + chunk.length);
    expect((await world.truth.stat('sized/large'))?.sizeBytes).to.equal(100 * MEBIBYTE);
  });

  for (const sizes of [
    [PART_BYTES],
    [PART_BYTES + 1],
    [3 * PART_BYTES + 17],
    [PART_BYTES, PART_BYTES],
    [6 * MEBIBYTE, MEBIBYTE, 0, 2 * MEBIBYTE, 12 * MEBIBYTE, 100],
    [1, 6 * MEBIBYTE, 1, 6 * MEBIBYTE, 1],
    [100, 11 * MEBIBYTE],
    Array.from({ length: 40 }, (_, i) => i * 10_000),
    Array.from({ length: 12 }, () => MEBIBYTE),
    [0, 0, 7 * MEBIBYTE, 0],
  ])
    it(`composes ${sizes.length} of ${sizes.slice(0, 6).join(', ')} bytes`, async () => {
      const contents = sizes.map((sizeBytes) => bodyOf(sizeBytes).bytes);
      for (const [i, content] of contents.entries()) await world.truth.put(`piece/${i}`, content);
      await world.store.compose(
        sizes.map((_, i) => `piece/${i}`),
        'sized/composed',
      );
      await expectThere('sized/composed', Buffer.concat(contents));
      expect(await world.openUploads()).to.deep.equal([]);
    });

  it('copies large objects without their bytes coming through here', async () => {
    await world.truth.put('piece/large', bodyOf(21 * MEBIBYTE).body());
    const seen: string[] = [];
    world.proxy.rule = (request) => void seen.push(operationOf(request));
    await world.store.compose(['piece/large'], 'sized/copied');
    world.proxy.rule = () => undefined;
    expect(seen).to.include('UploadPartCopy').and.not.include('GetObject').and.not.include('UploadPart');
  });
});
