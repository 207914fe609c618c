import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import { type Caller, GaveUp } from './caller.ts';
import type { Journal } from './journal.ts';
import type { Placement } from './placement.ts';
import { KEEPS_UNTAGGED } from './settings.ts';
import { CANDIDATES, type State } from './state.ts';

/** So many images stay: what is beyond goes. */
const KEPT = 6;
const PAUSE_MS = 100;

/** Deletes tags and manifests, so that content falls out of use. */
export class Deleter {
  readonly #state: State;
  readonly #caller: Caller;
  readonly #journal: Journal;
  readonly #random: Random;

  constructor(state: State, caller: Caller, journal: Journal, random: Random) {
    this.#state = state;
    this.#caller = caller;
    this.#journal = journal;
    this.#random = random;
  }

  async step(): Promise<void> {
    const isThere = ({ isBusy, manifest }: Placement) => !isBusy && manifest === 'present';
    const there = this.#state.those(CANDIDATES, isThere);
    const victim = there.length > KEPT ? this.#random.pick(there) : undefined;
    if (!victim) {
      await sleep(PAUSE_MS);
      return;
    }
    victim.isBusy = true;
    try {
      const byTag = victim.tagged === 'present' && this.#random.chance(0.4);
      await (byTag ? this.#deleteTag(victim) : this.#deleteManifest(victim));
    } finally {
      victim.isBusy = false;
    }
  }

  async #deleteTag(placement: Placement): Promise<void> {
    placement.beginChange();
    const isDone = await this.#delete(placement, placement.tag, [placement.name]);
    // What no tag leads to is the collector's, where it may.
    const manifest = KEEPS_UNTAGGED ? 'present' : 'uncertain';
    placement.endChange(manifest, isDone ? 'absent' : 'uncertain', this.#journal.nowMs);
    if (isDone) this.#journal.count('tags deleted');
  }

  /** With the manifest its tags go, whoever else names it by one. */
  async #deleteManifest(placement: Placement): Promise<void> {
    const { repository, picture } = placement;
    const { artifacts } = placement.snapshot(this.#journal.nowMs);
    placement.beginChange();
    // The tag that moves goes only if it names this one now.
    const move = this.#state.sharedTag(repository).begin(undefined);
    const isDone = await this.#delete(placement, picture.top.digest, [placement.name, picture.top.digest]);
    move.lose();
    const certainty = isDone ? 'absent' : 'uncertain';
    placement.endChange(certainty, certainty, this.#journal.nowMs);
    if (isDone) this.#journal.count('manifests deleted');
    // What was below it and beside it, so that it can be collected whatever the collector keeps.
    const rest = [...picture.children, ...artifacts];
    if (this.#random.chance(0.7))
      for (const { digest } of rest) await this.#delete(placement, digest, [digest]);
  }

  /** True when it has gone, by this client's request or otherwise; false when nobody knows. */
  async #delete(
    { repository, subjects }: Placement,
    reference: string,
    about: readonly string[],
  ): Promise<boolean> {
    const target = `/v2/${repository}/manifests/${reference}`;
    this.#journal.note('deleter', `DELETE ${target} is sent`, ...about);
    try {
      const { status, body } = await this.#caller.steady('DELETE', target);
      this.#journal.note('deleter', `DELETE ${target}: ${status}`, ...about);
      if (status === 202 || status === 404) return true;
      return this.#journal.broken(`DELETE ${target} was answered with ${status}: ${body}`, ...subjects);
    } catch (error) {
      if (error instanceof GaveUp) return false;
      throw error;
    }
  }
}
