import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import type { Journal } from './journal.ts';
import type { Placement } from './placement.ts';
import type { Portion, Puller } from './puller.ts';
import { CANDIDATES, pickRecent, STABLE_REPOSITORIES, type State } from './state.ts';

const PORTIONS: readonly Portion[] = ['whole', 'whole', 'range', 'none'];
const PAUSE_MAX_MS = 100;
const RECENT = 20;

/** Goes round all the time and pulls what was acknowledged, new and old. */
export class Reader {
  readonly #state: State;
  readonly #puller: Puller;
  readonly #journal: Journal;
  readonly #random: Random;

  constructor(state: State, puller: Puller, journal: Journal, random: Random) {
    this.#state = state;
    this.#puller = puller;
    this.#journal = journal;
    this.#random = random;
  }

  async step(): Promise<void> {
    const dice = this.#random.next();
    if (dice < 0.15) await this.#sharedTag();
    else {
      const repositories = dice < 0.35 ? STABLE_REPOSITORIES : CANDIDATES;
      // What was deleted, too: whatever of it is shown has to be right.
      const fits = ({ manifest }: Placement) => manifest === 'present' || this.#random.chance(0.02);
      const placement = pickRecent(this.#random, this.#state.those(repositories, fits), RECENT);
      if (!placement) await sleep(PAUSE_MAX_MS);
      else if (dice > 0.85) await this.#puller.artifacts(placement);
      else {
        const by = this.#random.chance(0.5) ? 'tag' : 'digest';
        await this.#puller.image(placement, by, this.#random.pick(PORTIONS));
      }
    }
    await sleep(this.#random.int(0, PAUSE_MAX_MS));
    this.#journal.signal.throwIfAborted();
  }

  async #sharedTag(): Promise<void> {
    const tag = this.#random.pick(this.#state.sharedTags);
    if (!tag) return;
    await this.#puller.shared(tag, (digest) => this.#state.find(tag.repository, digest));
    tag.prune();
  }
}
