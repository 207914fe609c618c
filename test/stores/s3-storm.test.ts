/** Promise: under faults of all kinds at once, what was acknowledged stands, and what failed is there whole or not at all. */
import { expect } from 'chai';
import { Random } from '../faults/random.ts';
import type { Fault } from '../support/fault-proxy.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { nightly, requires } from '../support/requirements.ts';
import { bodyOf, errorBody, MEBIBYTE, operationOf, type S3World, startS3World } from './s3-world.ts';

const LIMIT_BYTES = 64 * MEBIBYTE;
const LANES = 6;
const STEPS = 30;
const FAULT_CHANCE = 0.6;

/** What may be at a key: one thing after what was acknowledged, more after what failed. */
type Possible = readonly (Buffer | undefined)[];

nightly(requires(RADOSGW_PROGRAMS))('S3 in a storm of faults', function () {
  this.timeout(180_000);
  let world: S3World;
  before(async () => {
    world = await startS3World();
  });
  after(() => world[Symbol.asyncDispose]());

  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  it(`keeps its word (SEED=${seed})`, async () => {
    const random = new Random(seed);
    const happened = { acknowledged: 0, failed: 0 };
    world.proxy.rule = (request) =>
      random.chance(FAULT_CHANCE) ? faultFor(operationOf(request), random) : undefined;
    const lanes = Array.from({ length: LANES }, (_, i) => new Lane(world, `lane/${i}`, random, happened));
    await Promise.all(lanes.map((lane) => lane.run()));
    world.proxy.rule = () => undefined;
    expect(happened.acknowledged).to.be.above(LANES);
    expect(happened.failed).to.be.above(0);
    for (const lane of lanes) await lane.verify();
    await world.truth.removeLeftovers(new Date(Date.now() + 60_000));
    expect(await world.openUploads()).to.deep.equal([]);
    const page = await world.truth.list({ prefix: 'lane/', limit: 1000 });
    expect(page.keys.filter((key) => !lanes.some((lane) => lane.mayHave(key)))).to.deep.equal([]);
  });
});

function faultFor(operation: string, random: Random): Fault | undefined {
  const body = errorBody(random.pick(['InternalError', 'SlowDown']) ?? '');
  const kinds: Fault[] = [
    { kind: 'reset' },
    { kind: 'lose answer' },
    { kind: 'delay', ms: random.int(0, 50) },
    { kind: 'answer', status: random.pick([500, 503]) ?? 500, body },
    { kind: 'replace answer', status: 500, body },
  ];
  if (operation === 'GetObject') kinds.push({ kind: 'truncate', bytes: random.int(0, 3 * MEBIBYTE) });
  if (/^(Complete|Copy|UploadPartCopy)/.test(operation)) kinds.push({ kind: 'answer', status: 200, body });
  return random.pick(kinds);
}

/** One client, with keys of its own, that does one thing after another and remembers what it was told. */
class Lane {
  readonly #world: S3World;
  readonly #prefix: string;
  readonly #random: Random;
  readonly #happened: { acknowledged: number; failed: number };
  readonly #keys = new Map<string, Possible>();

  constructor(
    world: S3World,
    prefix: string,
    random: Random,
    happened: { acknowledged: number; failed: number },
  ) {
    this.#world = world;
    this.#prefix = prefix;
    this.#random = random;
    this.#happened = happened;
    for (let i = 0; i < 4; i++) this.#keys.set(`${prefix}/${i}`, [undefined]);
  }

  mayHave(key: string): boolean {
    return this.#keys.get(key)?.some((content) => content !== undefined) ?? false;
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      const key = `${this.#prefix}/${this.#random.int(0, 3)}`;
      const act = this.#random.pick([
        this.#put,
        this.#put,
        this.#create,
        this.#compose,
        this.#remove,
        this.#read,
      ]);
      await act?.call(this, key);
    }
  }

  /** What is really there has to be what was said. */
  async verify(): Promise<void> {
    for (const [key, possible] of this.#keys) {
      const found = await this.#world.truth.read(key, LIMIT_BYTES);
      expect(isAmong(found, possible), `${key}, with ${possible.length} possible contents`).to.equal(true);
    }
  }

  async #put(key: string): Promise<void> {
    const sizeBytes = this.#random.pick([0, 100, 2 * MEBIBYTE, 11 * MEBIBYTE]) ?? 0;
    const { bytes, body } = bodyOf(sizeBytes);
    await this.#told(key, () => this.#world.store.put(key, body()), bytes);
  }

  async #remove(key: string): Promise<void> {
    await this.#told(key, () => this.#world.store.delete([key, `${key}-absent`]), undefined);
  }

  async #compose(key: string): Promise<void> {
    const source = `${this.#prefix}/source`;
    const { bytes } = bodyOf(this.#random.pick([10, 7 * MEBIBYTE]) ?? 0);
    this.#keys.set(source, [bytes]);
    await this.#world.truth.put(source, bytes);
    const whole = Buffer.concat([bytes, bytes]);
    await this.#told(key, () => this.#world.store.compose([source, source], key), whole);
  }

  async #create(key: string): Promise<void> {
    const bytes = Buffer.from(crypto.randomUUID());
    const before = this.#keys.get(key) ?? [];
    const outcome = await this.#world.store.putIfAbsent(key, bytes).catch(() => 'failed' as const);
    if (outcome === 'created') {
      expect(before.includes(undefined), `${key} was created although it is there`).to.equal(true);
      this.#keys.set(key, [bytes]);
    } else if (outcome === 'exists') {
      this.#keys.set(
        key,
        before.filter((content) => content !== undefined),
      );
      expect(this.#keys.get(key), `${key} is there although it is not`).to.have.length.above(0);
    } else if (before.includes(undefined)) this.#keys.set(key, [...before, bytes]);
  }

  async #read(key: string): Promise<void> {
    const found = await this.#world.store.read(key, LIMIT_BYTES).catch(() => 'failed' as const);
    if (found === 'failed') return;
    expect(isAmong(found, this.#keys.get(key) ?? []), `${key} as it is read`).to.equal(true);
  }

  async #told(key: string, act: () => Promise<void>, content: Buffer | undefined): Promise<void> {
    try {
      await act();
      this.#keys.set(key, [content]);
      this.#happened.acknowledged++;
    } catch {
      this.#keys.set(key, [...(this.#keys.get(key) ?? []), content]);
      this.#happened.failed++;
    }
  }
}

function isAmong(found: Buffer | undefined, possible: Possible): boolean {
  return possible.some((each) => (each === undefined ? found === undefined : found?.equals(each)));
}
