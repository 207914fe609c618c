import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import { ABSENT, ANY } from './operation.ts';
import type { Labelled, RecordedRepository } from './repository.ts';
import type { Outcome } from './sender.ts';
import { CHOSEN } from './settings.ts';

/** How long a client rests between two operations. */
const REST_MS = { least: 20, most: 160 } as const;
/** How far apart two requests of a race are sent. */
const RACE_MS = 3;

/** Longer than nodes may show what was before. */
const QUIET_MS = 1400;

/** Somebody who does one thing after another. */
export interface Actor {
  step(): Promise<void>;
}

/** One of some deeds at random, by their weights. */
type Deeds = Readonly<Record<string, readonly [weight: number, deed: () => Promise<unknown>]>>;

/** Deletes, and what has to do with them, if this run has any. */
function withDeletes(deeds: Deeds): Deeds {
  return CHOSEN.has('delete') ? deeds : {};
}

async function doOne(random: Random, deeds: Deeds): Promise<void> {
  const weighted = Object.values(deeds).flatMap(([weight, deed]) =>
    Array.from({ length: weight }, () => deed),
  );
  await random.pick(weighted)?.();
  await sleep(random.int(REST_MS.least, REST_MS.most));
}

/** Gives each manifest in turn, so that the same one comes again only after all others. */
export class Turns {
  readonly #all: readonly Labelled[];
  #next = 0;

  constructor(all: readonly Labelled[]) {
    this.#all = all;
  }

  take(): Labelled {
    return this.#all[this.#next++ % this.#all.length] as Labelled;
  }
}

/** After what may go wrong nobody changes anything for a while: the next change would hide what came of it. */
export class Quiet {
  #untilMs = 0;

  get isOn(): boolean {
    return performance.now() < this.#untilMs;
  }

  begin(): void {
    this.#untilMs = performance.now() + QUIET_MS;
  }
}

/** What an actor is given. */
export interface Part {
  readonly quiet: Quiet;
  readonly name: string;
  readonly repository: RecordedRepository;
  readonly turns: Turns;
  readonly random: Random;
}

/** Moves, deletes and reads tags without conditions; sometimes two at once. */
export class TagActor implements Actor {
  readonly #part: Part;

  constructor(part: Part) {
    this.#part = part;
  }

  async step(): Promise<void> {
    const { name, repository, turns, random, quiet } = this.#part;
    const tag = random.pick(repository.tags) as string;
    const put = () => {
      const options = { byDigest: random.chance(0.3) };
      const next = turns.take();
      return insist(random, () => repository.put(name, tag, next, options));
    };
    const remove = () => repository.deleteTag(name, tag);
    const looks: Deeds = {
      read: [8, () => repository.read(name, tag, random.chance(0.5) ? 'GET' : 'HEAD')],
      list: [3, () => repository.list(name)],
    };
    const changes: Deeds = {
      put: [5, put],
      ...withDeletes({ delete: [1, remove], race: [1, () => race(this.#part, put, remove)] }),
    };
    await doOne(random, { ...looks, ...(!quiet.isOn && changes) });
  }
}

/** Moves tags from what it has read. */
export class ConditionalActor implements Actor {
  readonly #part: Part;

  constructor(part: Part) {
    this.#part = part;
  }

  async step(): Promise<void> {
    const { name, repository, turns, random, quiet } = this.#part;
    const tag = random.pick(repository.tags) as string;
    const put = (expected: string) => {
      const next = turns.take();
      return insist(random, () => repository.put(name, tag, next, { expected }));
    };
    const move = async () => {
      const seen = await repository.read(name, tag);
      if (seen === undefined) return;
      if (random.chance(0.4))
        await both(
          random,
          () => put(seen),
          () => put(seen),
        );
      else await put(seen);
    };
    const looks: Deeds = { read: [5, () => repository.read(name, tag)] };
    const changes: Deeds = {
      move: [6, move],
      create: [1, () => put(ABSENT)],
      replace: [1, () => put(ANY)],
      ...withDeletes({ delete: [1, () => repository.deleteTag(name, tag)] }),
    };
    await doOne(random, { ...looks, ...(!quiet.isOn && changes) });
  }
}

/** Tags few manifests again and again, and deletes them by digest. */
export class SharedActor implements Actor {
  readonly #part: Part;

  constructor(part: Part) {
    this.#part = part;
  }

  async step(): Promise<void> {
    const { name, repository, random, quiet } = this.#part;
    const tag = random.pick(repository.tags) as string;
    const each = random.pick(repository.manifests) as Labelled;
    const put = () => repository.put(name, tag, each, { byDigest: random.chance(0.3) });
    const remove = () => repository.deleteManifest(name, each);
    const looks: Deeds = {
      read: [6, () => repository.read(name, tag)],
      look: [4, () => repository.readManifest(name, each)],
      list: [4, () => repository.list(name)],
    };
    const changes: Deeds = {
      put: [5, put],
      ...withDeletes({
        delete: [2, remove],
        race: [2, () => race(this.#part, put, remove)],
        untag: [1, () => repository.deleteTag(name, tag)],
      }),
    };
    await doOne(random, { ...looks, ...(!quiet.isOn && changes) });
  }
}

/** Asks once more, as some clients do, if nobody knows what came of it. */
async function insist(random: Random, put: () => Promise<Outcome>): Promise<void> {
  if ((await put()) === 'unknown' && random.chance(0.5)) await put();
}

/** Has a change and a delete race, and leaves time to see what came of it. */
async function race({ random, quiet }: Part, one: () => Promise<unknown>, other: () => Promise<unknown>) {
  quiet.begin();
  await both(random, one, other);
  quiet.begin();
}

/** Does two things at once, in either order. */
async function both(
  random: Random,
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<void> {
  const later = async (act: () => Promise<unknown>) => {
    await sleep(random.int(0, RACE_MS));
    await act();
  };
  await Promise.all([later(one), later(other)]);
}
