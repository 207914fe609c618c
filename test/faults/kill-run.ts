import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { Client } from './client.ts';
import { ImageWalk } from './image-walk.ts';
import { makeLayer } from './images.ts';
import { Load } from './load.ts';
import { MirrorCheck } from './mirror-check.ts';
import { Random } from './random.ts';
import { startStaticMirror } from './static-mirror.ts';
import { StoreView } from './store-view.ts';
import { type OpenUpload, Uploader } from './uploads.ts';
import { type BlobFacts, STABLE, World } from './world.ts';

const MIRROR = 'near';
const LIFE_MAX_MS = 350;
/** On a slow machine lives become longer, up to these, until one in two gets an image pushed: else no kill hits a promotion. */
const LONG_LIFE_MAX_MS = 5000;
const ROUNDS_PER_IMAGE = 2;
const BASES = 3;

/** What was under way when the registry was killed; one kill may hit several. */
export type Hit = 'upload' | 'manifest' | 'promotion' | 'pull' | 'sync';

/** A registry with a mirror, clients at work on it, and someone who kills it again and again. */
export class KillRun implements AsyncDisposable {
  readonly hits: Record<Hit, number> = { upload: 0, manifest: 0, promotion: 0, pull: 0, sync: 0 };
  readonly world: World;
  readonly mirror: MirrorCheck;
  readonly store: StoreView;
  resumed = 0;
  startingMs = 0;
  #rounds = 0;
  #lifeMaxMs = LIFE_MAX_MS;
  readonly #registry: TestRegistry;
  readonly #held: AsyncDisposableStack;

  private constructor(
    registry: TestRegistry,
    mirrorRoot: string,
    random: Random,
    held: AsyncDisposableStack,
  ) {
    this.world = new World(
      random,
      Array.from({ length: BASES }, () => makeLayer(random)),
    );
    this.mirror = new MirrorCheck(mirrorRoot);
    this.store = new StoreView(registry.rootDirectory);
    this.#registry = registry;
    this.#held = held;
  }

  static async start(seed: number): Promise<KillRun> {
    await using held = new AsyncDisposableStack();
    const home = held.use(await tempDir('kill'));
    const mirrorRoot = join(home.path, 'mirror');
    await mkdir(mirrorRoot);
    const { url } = held.use(await startStaticMirror(mirrorRoot));
    const mirrors = [{ name: MIRROR, url, sameoperator: true, write: { directory: mirrorRoot } }];
    const registry = held.use(await startRegistry({ mirrors, sync: true }));
    return new KillRun(registry, mirrorRoot, new Random(seed), held.move());
  }

  /** Lets clients work for a moment, kills the registry, starts it again, and checks what they had to do with. */
  async round(): Promise<void> {
    const { random } = this.world;
    const { touched, interrupted } = await this.#workAndKill();
    if (random.chance(0.1)) {
      await this.#start();
      await this.#registry.stop('SIGKILL');
    }
    await this.#start();
    await this.checkTags(touched, { mirror: this.mirror });
    await this.#resume(interrupted);
  }

  /** Every tag must name what it was acknowledged to name, or what was tried later, and that must be complete. */
  async checkTags(names: Iterable<string>, options: { mirror?: MirrorCheck } = {}): Promise<void> {
    await using client = new Client(this.#registry.url);
    const walk = new ImageWalk(client, options);
    for (const name of names) {
      const history = this.world.tags.get(name);
      if (!history) continue;
      const [repository = '', tag = ''] = name.split(':');
      let digest: string | undefined;
      // Not the same for a moment where a promotion that had died is finished just now.
      await eventually(`${name} is stored as it resolves`, async () => {
        digest = await walk.tag(repository, tag);
        return (await this.store.tag(repository, tag)) === digest;
      });
      const allowed = history.allowed();
      if (!allowed.has(digest))
        throw new Error(`${name} names ${digest ?? 'nothing'} instead of ${[...allowed].join(' or ')}`);
      history.observe(digest);
    }
  }

  /** The log must have no gap, and hold each publication that a promotion told of. */
  async checkLog(): Promise<void> {
    const entries = await this.store.readLog();
    this.store.published();
    for (const { seq, digest } of this.world.publications)
      if (seq !== undefined && entries[seq - 1]?.manifestDigest !== digest)
        throw new Error(`publication ${seq} is not that of ${digest}, as was told`);
  }

  /** Waits until the mirror has all that the log names. */
  async waitForMirror(patienceMs: number): Promise<void> {
    const { length: head } = await this.store.readLog();
    let watermark: number | undefined;
    const isThere = async () => {
      watermark = await this.store.watermark(MIRROR);
      return watermark === head;
    };
    await eventually(() => `the mirror is at ${watermark} of ${head}`, isThere, patienceMs, 50);
  }

  async pull(blob: BlobFacts): Promise<void> {
    await using client = new Client(this.#registry.url);
    await this.mirror.pull(client, STABLE, blob);
  }

  async #workAndKill(): Promise<{ touched: Set<string>; interrupted: Iterable<OpenUpload> }> {
    await using client = new Client(this.#registry.url);
    const load = new Load(client, this.world, this.mirror);
    const isSlow = this.world.candidates.length * ROUNDS_PER_IMAGE < this.#rounds++;
    if (isSlow) this.#lifeMaxMs = Math.min(1.5 * this.#lifeMaxMs, LONG_LIFE_MAX_MS);
    await sleep(this.world.random.int(0, Math.round(this.#lifeMaxMs)));
    const { inFlight } = load;
    for (const hit of ['upload', 'manifest', 'promotion', 'pull'] as const)
      if (inFlight[hit] > 0) this.hits[hit]++;
    await Promise.all([this.#registry.stop('SIGKILL'), load.endWithKill()]);
    if (load.problems.length > 0) throw new AggregateError(load.problems, load.problems.join('\n'));
    for (const name of load.touched) this.world.tags.get(name)?.cut();
    await this.checkLog();
    await this.mirror.checkNewFiles();
    if ((await this.store.watermark(MIRROR)) < this.store.entries.length) this.hits.sync++;
    return { touched: load.touched, interrupted: load.uploader.open };
  }

  async #start(): Promise<void> {
    const startedAt = performance.now();
    await this.#registry.start();
    this.startingMs += performance.now() - startedAt;
  }

  /** An upload that the registry had opened must be there, with every byte whose receipt it confirmed. */
  async #resume(uploads: Iterable<OpenUpload>): Promise<void> {
    await using client = new Client(this.#registry.url);
    const uploader = new Uploader(client);
    for (const upload of uploads) {
      await uploader.resume(upload);
      this.resumed++;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }
}
