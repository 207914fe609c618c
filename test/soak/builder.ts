import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import type { Eyes } from './eyes.ts';
import type { Journal } from './journal.ts';
import type { Placement } from './placement.ts';
import type { Pusher } from './pusher.ts';
import { CANDIDATES, type State } from './state.ts';

/** So old is what comes back after it was deleted: then it is in quarantine, being deleted, or gone. */
const COMES_BACK_MS = 30_000;
const PAUSE_MAX_MS = 120;

/** A build system: pushes new images, old ones again, the same ones elsewhere, and what is attached to them. */
export class Builder {
  readonly #eyes: Eyes;
  readonly #state: State;
  readonly #pusher: Pusher;
  readonly #journal: Journal;
  readonly #random: Random;

  constructor(state: State, pusher: Pusher, eyes: Eyes, journal: Journal, random: Random) {
    this.#eyes = eyes;
    this.#state = state;
    this.#pusher = pusher;
    this.#journal = journal;
    this.#random = random;
  }

  async step(): Promise<void> {
    const dice = this.#random.next();
    if (dice < 0.35) await this.#push(this.#state.place(this.#repository(), this.#state.factory.picture()));
    else if (dice < 0.7) await this.#pushAgain();
    else if (dice < 0.8) await this.#pushElsewhere();
    else if (dice < 0.9) await this.#attach();
    else await this.#moveTag();
    await sleep(this.#random.int(0, PAUSE_MAX_MS));
  }

  #repository(): string {
    return this.#random.pick(CANDIDATES) ?? CANDIDATES[0];
  }

  #live(): Placement | undefined {
    const fits = ({ isBusy, manifest, tagged }: Placement) =>
      !isBusy && manifest === 'present' && tagged === 'present';
    return this.#random.pick(this.#state.those(CANDIDATES, fits));
  }

  /** Pushes an image as a whole under its own tag. */
  async #push(placement: Placement): Promise<void> {
    if (placement.isBusy) return;
    placement.isBusy = true;
    try {
      const { repository, picture, tag } = placement;
      placement.beginChange();
      this.#journal.note('builder', 'a push begins', placement.name, placement.picture.top.digest);
      const isDone = await this.#pusher.push(repository, picture, tag);
      const certainty = isDone ? 'present' : 'uncertain';
      placement.endChange(certainty, certainty, this.#journal.nowMs);
      this.#journal.note(
        'builder',
        `the push ends: it is ${certainty}`,
        placement.name,
        placement.picture.top.digest,
      );
      if (isDone) this.#journal.count('pushes');
    } finally {
      placement.isBusy = false;
    }
  }

  async #pushAgain(): Promise<void> {
    const nowMs = this.#journal.nowMs;
    // The hardest moment is that in which its blobs are about to be deleted.
    const near = this.#random.chance(0.7) ? await this.#eyes.nearDeletion() : undefined;
    const isNear = ({ picture }: Placement) => !near || picture.blobs.some(({ digest }) => near.has(digest));
    const fits = (placement: Placement) => {
      const { isBusy, manifest, tagged, changedAtMs } = placement;
      const isGone = !isBusy && (manifest !== 'present' || tagged !== 'present');
      return isGone && nowMs - changedAtMs < COMES_BACK_MS && isNear(placement);
    };
    const placement = this.#random.pick(this.#state.those(CANDIDATES, fits));
    if (!placement) return;
    await this.#push(placement);
    this.#journal.count('pushes of what was deleted');
    if (near) this.#journal.count('pushes of what was about to be collected');
  }

  async #pushElsewhere(): Promise<void> {
    const live = this.#live();
    if (!live) return;
    const placement = this.#state.place(this.#repository(), live.picture);
    if (placement.manifest === 'absent') await this.#push(placement);
  }

  async #attach(): Promise<void> {
    const placement = this.#live();
    if (!placement) return;
    placement.isBusy = true;
    try {
      const { repository, picture } = placement;
      const artifact = this.#state.factory.artifact(picture.top);
      if (!(await this.#pusher.attach(repository, artifact))) return;
      placement.attach(artifact);
      this.#journal.note(
        'builder',
        `${artifact.digest} is attached`,
        placement.name,
        placement.picture.top.digest,
      );
      this.#journal.count('pushes of referrers');
    } finally {
      placement.isBusy = false;
    }
  }

  /** Names an image by the tag that moves. */
  async #moveTag(): Promise<void> {
    const placement = this.#live();
    if (!placement) return;
    placement.isBusy = true;
    try {
      const { repository, picture } = placement;
      const shared = this.#state.sharedTag(repository);
      const move = shared.begin(picture.top.digest);
      const isDone = await this.#pusher.push(repository, { ...picture, blobs: [], children: [] }, shared.tag);
      if (isDone) move.acknowledge();
      else move.lose();
      const how = isDone ? 'has moved' : 'may have moved';
      this.#journal.note('builder', `${shared.name} ${how} to ${picture.top.digest}`, shared.name);
      if (isDone) this.#journal.count('tags moved');
    } finally {
      placement.isBusy = false;
    }
  }
}
