import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../faults/client.ts';
import { Client } from '../faults/client.ts';
import { Random } from '../faults/random.ts';
import { Uploader } from '../faults/uploads.ts';
import { Content, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { type Actor, ConditionalActor, type Part, Quiet, SharedActor, TagActor, Turns } from './actors.ts';
import { CollectedImage } from './collected-image.ts';
import { lacking } from './floors.ts';
import { Nemesis } from './nemesis.ts';
import { Promoter } from './promoter.ts';
import { Recorder } from './recorder.ts';
import { type Labelled, RecordedRepository } from './repository.ts';
import { Sender } from './sender.ts';
import type { SetUp } from './setups.ts';

/** Manifests of a repository that come one after the other. */
const POOL = 64;
const SHARED = 3;
const ACTORS = { tags: 4, conditional: 3, shared: 4, promoters: 2, images: 3 } as const;
/** Writes that are under way at the end have arrived by then, and no node shows an older tag. */
const SETTLED_MS = 3000;
const CHECK_TIMEOUT_MS = 180_000;

/** What came of a run. */
export interface Outcome {
  readonly operations: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Registers that are not linearizable, wrong answers, and what `roadstead check` calls an error. */
  readonly violations: readonly string[];
  /** What has not happened often enough. */
  readonly lacks: readonly string[];
}

/** Clients at work on processes that fail, for some seconds; then everything that they did and saw is checked. */
export async function runHistory(setUp: SetUp, seconds: number, seed: number): Promise<Outcome> {
  return new History(setUp, seed).run(seconds);
}

class History {
  readonly #setUp: SetUp;
  readonly #seed: number;
  readonly #recorder = new Recorder();
  readonly #repositories: RecordedRepository[] = [];
  readonly #quiet: Quiet[] = [];
  #seeds = 0;

  constructor(setUp: SetUp, seed: number) {
    this.#setUp = setUp;
    this.#seed = seed;
  }

  async run(seconds: number): Promise<Outcome> {
    await using held = new AsyncDisposableStack();
    const recorder = this.#recorder;
    const sender = held.use(new Sender(this.#setUp.places, recorder, this.#random()));
    const atReleases = this.#setUp.releases.map(({ name, registry }) => ({ name, url: registry.url }));
    const releases = held.use(new Sender(atReleases, recorder, this.#random()));
    const actors = await this.#actors(sender, releases);
    const quieten = () => {
      for (const quiet of this.#quiet) quiet.begin();
    };
    const nemesis = new Nemesis(this.#setUp, recorder, this.#random(), quieten);
    await this.#work(actors, nemesis, seconds);
    await sleep(SETTLED_MS);
    for (const repository of this.#repositories) {
      await repository.readEverything('at the end');
      await repository.list('at the end');
    }
    const violations = [...recorder.violations(), ...(await this.#checkStore())];
    const lacks = lacking(recorder, nemesis.kinds, seconds);
    return { operations: recorder.operations, figures: recorder.figures, violations, lacks };
  }

  async #work(actors: readonly Actor[], nemesis: Nemesis, seconds: number): Promise<void> {
    const over = new AbortController();
    const work = async (actor: Actor) => {
      while (!over.signal.aborted) await actor.step();
    };
    const everybody = [nemesis.run(), ...actors.map(work)];
    const all = Promise.all(everybody);
    // What fails in here is a mistake of the test, and ends it.
    try {
      await Promise.race([sleep(seconds * 1000), all]);
      // A machine that is busy with other things gets half as much time again.
      for (let more = 0; more < seconds / 2; more++) {
        if (lacking(this.#recorder, nemesis.kinds, seconds).length === 0) break;
        await Promise.race([sleep(1000), all]);
      }
    } finally {
      nemesis.end();
      over.abort();
      await Promise.allSettled(everybody);
    }
    await all;
  }

  async #actors(sender: Sender, releases: Sender): Promise<Actor[]> {
    const tags = await this.#repository('candidate/tags', ['a', 'b', 'c', 'd'], POOL, sender);
    const conditional = await this.#repository('candidate/conditional', ['a', 'b', 'c'], POOL, sender);
    const shared = await this.#repository('candidate/shared', ['a', 'b'], SHARED, sender);
    const [candidates, stable] = await this.#promoted(sender);
    const images = Array.from({ length: ACTORS.images }, (_, i) => this.#image(i));
    return [
      ...this.#parts('tags', tags, ACTORS.tags).map((part) => new TagActor(part)),
      ...this.#parts('conditional', conditional, ACTORS.conditional).map(
        (part) => new ConditionalActor(part),
      ),
      ...this.#parts('shared', shared, ACTORS.shared).map((part) => new SharedActor(part)),
      ...this.#parts('promoter', stable, ACTORS.promoters).map(
        (part) => new Promoter(part, candidates, releases, this.#recorder),
      ),
      ...images.flatMap((image, i) => this.#collected(image, i, sender)),
    ];
  }

  /** Actors of one repository share the order in which its manifests come. */
  #parts(name: string, repository: RecordedRepository, count: number): Part[] {
    const turns = new Turns(repository.manifests);
    const quiet = new Quiet();
    this.#quiet.push(quiet);
    return Array.from({ length: count }, (_, i) => ({
      ...{ name: `${name} ${i + 1}`, repository, turns, quiet, random: this.#random() },
    }));
  }

  async #repository(
    name: string,
    tags: readonly string[],
    count: number,
    sender: Sender,
  ): Promise<RecordedRepository> {
    const manifests = await this.#manifests(name, count);
    const options = { manifests, tags, tracksManifests: count === SHARED };
    return this.#recorded(name, options, sender);
  }

  #recorded(
    name: string,
    options: ConstructorParameters<typeof RecordedRepository>[1],
    sender: Sender,
  ): RecordedRepository {
    const repository = new RecordedRepository(name, options, sender, this.#recorder);
    this.#repositories.push(repository);
    return repository;
  }

  /** A repository of candidates under their labels, and the stable one where they go. */
  async #promoted(sender: Sender): Promise<[candidates: string, stable: RecordedRepository]> {
    const candidates = 'candidate/promoted';
    const manifests = await this.#manifests(candidates, POOL);
    await using client = this.#client();
    for (const { label, manifest } of manifests) await put(client, candidates, label, manifest);
    return [candidates, this.#recorded('stable', { manifests, tags: ['a'] }, sender)];
  }

  /** Makes manifests whose config is in the repository and stays in use. */
  async #manifests(repository: string, count: number): Promise<Labelled[]> {
    await using client = this.#client();
    await new Uploader(client).push(repository, EMPTY_CONFIG, 'at once');
    await put(client, repository, 'keeps-the-config', manifestOf(`${this.#seed} keeps ${repository}`));
    return Array.from({ length: count }, (_, i) => ({
      ...{ label: `m${i}`, manifest: manifestOf(`${this.#seed} ${repository} ${i}`) },
    }));
  }

  #image(number: number): Image<Content> {
    const random = this.#random();
    const config = new Content(Buffer.from(JSON.stringify({ number, seed: this.#seed })), MEDIA_TYPES.config);
    return new Image({ config, layers: [new Content(random.bytes(2000))] });
  }

  #collected(image: Image<Content>, number: number, sender: Sender): Actor[] {
    const options = { manifests: [{ label: 'image', manifest: image }], tags: ['a'], tracksManifests: true };
    const repository = this.#recorded(`candidate/collected-${number}`, options, sender);
    return this.#parts(`pusher ${number + 1}`, repository, 1).map(
      (part) => new CollectedImage(part, image, sender, this.#recorder),
    );
  }

  #client(): Client {
    return new Client(this.#setUp.nodes[0]?.registry.url ?? '');
  }

  /** What `roadstead check` calls an error. */
  async #checkStore(): Promise<string[]> {
    const [worker] = this.#setUp.workers;
    const options = { allowFailure: true, timeoutMs: CHECK_TIMEOUT_MS };
    const { stdout = '', stderr = '' } = (await worker?.registry.offline(['check', '--json'], options)) ?? {};
    const lines = stdout.trimEnd().split('\n');
    if (!lines.pop()?.startsWith('{"summary"')) return [`roadstead check did not come to its end: ${stderr}`];
    const kinds = ['"severity":"error"', '"tag-without-current"'];
    return lines.filter((line) => kinds.some((kind) => line.includes(kind))).map((line) => `check: ${line}`);
  }

  /** A seed of its own for each, so that what one does hangs on no other's pace. */
  #random(): Random {
    return new Random(this.#seed + 7919 * ++this.#seeds);
  }
}

function manifestOf(name: string): Image<Content> {
  return new Image({ config: EMPTY_CONFIG, layers: [], annotations: { name } });
}

function put(client: Client, repository: string, tag: string, manifest: Content): Promise<Answer> {
  return client.expect(201, 'PUT', `/v2/${repository}/manifests/${tag}`, {
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
  });
}
