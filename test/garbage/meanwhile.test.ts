/**
 * Promise: while clients push, mount and delete the same few blobs again and again, and collectors with no grace and the
 * shortest quarantine run beside them and are killed, every manifest that was acknowledged and not deleted stays
 * pullable to the last byte, and what a HEAD or a mount told to be there can be referred to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { check, faults } from '../check/stores.ts';
import { pullAll } from '../compat/pulling.ts';
import { Random } from '../faults/random.ts';
import { putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Content, type Descriptor, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { type Daemon, startDaemon } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { nightly } from '../support/requirements.ts';

const PROGRAM = fileURLToPath(new URL('worker-program.ts', import.meta.url));
const SECONDS = 22;
const CLIENTS = 6;
const POOL = 30;
const REPOSITORIES = ['candidate/one', 'candidate/two', 'candidate/one/three'];

interface Pushed {
  readonly name: string;
  readonly digest: string;
  readonly tag: string;
}

/** What clients do, and what they were told. */
class Clients {
  readonly #url: string;
  readonly #random: Random;
  readonly #pool = Array.from({ length: POOL }, () => newBytes(3000));
  readonly kept: Pushed[] = [];
  readonly seen = { exists: 0, mounted: 0, uploaded: 0, again: 0, deleted: 0, pushed: 0 };
  readonly #everUploaded = new Set<string>();
  readonly broken: string[] = [];

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#random = new Random(seed);
  }

  async work(until: number): Promise<void> {
    while (performance.now() < until) {
      await this.#push();
      // So that blobs fall out of use.
      while (this.kept.length > 2)
        await this.#delete(this.kept.splice(this.#random.int(0, this.kept.length - 1), 1));
      await sleep(this.#random.int(0, 60));
    }
  }

  async #push(): Promise<void> {
    const name = this.#pick(REPOSITORIES);
    const blobs = [this.#pick(this.#pool), this.#pick(this.#pool)];
    const told: string[] = [];
    const layers: Descriptor[] = [];
    for (const bytes of blobs) {
      const blob = new Content(bytes);
      told.push(await this.#bring(name, blob.digest, bytes));
      layers.push(blob);
    }
    // A client takes its time.
    if (this.#random.chance(0.3)) await sleep(this.#random.int(0, 1500));
    const [config, ...rest] = layers;
    const annotations = { number: crypto.randomUUID() };
    const { bytes, digest } = manifestOf(MEDIA_TYPES.image, { config, layers: rest, annotations });
    const tag = digest.slice(7, 27);
    const answer = await putManifest(this.#url, name, tag, bytes, MEDIA_TYPES.image);
    if (answer.status !== 201)
      this.broken.push(`${name}: ${told.join(', ')}, then ${answer.status} ${answer.body.toString()}`);
    else {
      this.seen.pushed++;
      this.kept.push({ name, digest, tag });
      await pullAll(this.#url, name, digest).catch((error: unknown) => this.broken.push(String(error)));
    }
  }

  async #bring(name: string, digest: string, bytes: Buffer): Promise<string> {
    const head = await send(this.#url, `/v2/${name}/blobs/${digest}`, { method: 'HEAD' });
    if (head.status === 200) {
      this.seen.exists++;
      return 'it is there';
    }
    const from = this.#pick(REPOSITORIES);
    const begun = await send(this.#url, `/v2/${name}/blobs/uploads/?mount=${digest}&from=${from}`, {
      method: 'POST',
    });
    if (begun.status === 201) {
      this.seen.mounted++;
      return 'mounted';
    }
    if (this.#everUploaded.has(digest)) this.seen.again++;
    this.#everUploaded.add(digest);
    const { pathname } = new URL(begun.headers.location ?? '', this.#url);
    for (;;) {
      const closed = await send(this.#url, `${pathname}?digest=${digest}`, { method: 'PUT', body: bytes });
      if (closed.status === 201) break;
      // It is being deleted, and its collector was killed.
      expect(closed.status, closed.body.toString()).to.equal(503);
      const again = await send(this.#url, `/v2/${name}/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body: bytes,
      });
      if (again.status === 201) break;
      await sleep(200);
    }
    this.seen.uploaded++;
    return 'uploaded';
  }

  async #delete(pushed: readonly Pushed[]): Promise<void> {
    for (const { name, digest } of pushed) {
      const answer = await send(this.#url, `/v2/${name}/manifests/${digest}`, { method: 'DELETE' });
      expect(answer.status, answer.body.toString()).to.equal(202);
      this.seen.deleted++;
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.int(0, items.length - 1)] as T;
  }
}

nightly(describe)('pushes, mounts and deletes while garbage is collected', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry({ delete: true });
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  for (const deleteUntagged of [false, true])
    it(`lose nothing${deleteUntagged ? ', with deleteuntagged' : ''}`, async function () {
      this.timeout(120_000);
      const output: Daemon[] = [];
      const start = async () => {
        const worker = await startDaemon(
          process.execPath,
          [PROGRAM, registry.rootDirectory, String(deleteUntagged)],
          {
            ready: (text) => text.includes('collecting'),
          },
        );
        output.push(worker);
        return worker;
      };
      const clients = new Clients(registry.url, Date.now());
      const until = performance.now() + SECONDS * 1000;
      const kill = async () => {
        let worker = await start();
        while (performance.now() < until) {
          await sleep(1500 + Math.random() * 3000);
          worker.kill('SIGKILL');
          await worker.exit;
          worker = await start();
        }
        return worker;
      };
      await using second = await start();
      const [last] = await Promise.all([
        kill(),
        ...Array.from({ length: CLIENTS }, () => clients.work(until)),
      ]);
      await last[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
      console.log(`      ${JSON.stringify(clients.seen)}`);
      expect(clients.broken).to.deep.equal([]);
      for (const { name, digest, tag } of clients.kept) {
        await pullAll(registry.url, name, digest);
        await pullAll(registry.url, name, tag);
      }
      await registry.stop();
      const findings = await check(registry.rootDirectory, { deep: true });
      expect(faults(findings)).to.deep.equal([]);
      // Or nothing was at stake.
      expect(clients.seen.again, 'blobs that had been collected, and came again').to.be.above(0);
      expect(clients.seen.exists).to.be.above(0);
    });
});
