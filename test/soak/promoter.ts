import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import { linesOf, type PromotionLine } from '../release/promoting.ts';
import type { Caller } from './caller.ts';
import { isNotNow } from './caller.ts';
import type { Journal } from './journal.ts';
import type { Placement } from './placement.ts';
import { KEEPS_UNTAGGED, PATIENCE_MS } from './settings.ts';
import { CANDIDATES, pickRecent, type State, stableOf } from './state.ts';

const PAUSE_MS = { least: 500, most: 4000 } as const;
const AGAIN_MS = 300;
const RECENT = 8;
/** For starts of release services on a busy machine, and their looks at tags. */
const SETTLED_LATE_MS = 30_000;
/** Mirrors may be behind while their worker is dead: then a promotion that waits for them fails, and is asked for again. */
const WAIT_TIMEOUT_MS = 10_000;

/** A release engineer: promotes candidates, which others may delete meanwhile. */
export class Promoter {
  readonly #state: State;
  readonly #callers: readonly Caller[];
  readonly #journal: Journal;
  readonly #random: Random;

  /** A caller for each of the release services: whoever is not answered asks another one. */
  constructor(state: State, callers: readonly Caller[], journal: Journal, random: Random) {
    this.#state = state;
    this.#callers = callers;
    this.#journal = journal;
    this.#random = random;
  }

  async step(): Promise<void> {
    await sleep(this.#random.int(PAUSE_MS.least, PAUSE_MS.most));
    const fits = ({ manifest, tagged, isBusy }: Placement) =>
      manifest === 'present' && tagged === 'present' && (KEEPS_UNTAGGED || !isBusy);
    const candidate = pickRecent(this.#random, this.#state.those(CANDIDATES, fits), RECENT);
    if (!candidate) return;
    // A promotion may take longer than this quarantine; what no tag leads to meanwhile would go (docs/garbage-collection.md).
    candidate.isBusy ||= !KEEPS_UNTAGGED;
    try {
      await this.#promoteTo(candidate);
    } finally {
      if (!KEEPS_UNTAGGED) candidate.isBusy = false;
    }
  }

  async #promoteTo(candidate: Placement): Promise<void> {
    const target = this.#state.place(stableOf(candidate.repository), candidate.picture);
    if (target.manifest !== 'present' && !target.isBusy) await this.#toOwnTag(candidate, target);
    if (target.manifest === 'present' && this.#random.chance(0.5)) await this.#toMovingTag(candidate, target);
  }

  async #toOwnTag(candidate: Placement, target: Placement): Promise<void> {
    target.isBusy = true;
    target.beginChange();
    try {
      const outcome = await this.#promote(candidate, target, target.tag);
      const certainty = outcome === 'done' ? 'present' : 'uncertain';
      target.endChange(certainty, certainty, this.#journal.nowMs);
    } finally {
      target.isBusy = false;
    }
  }

  async #toMovingTag(candidate: Placement, target: Placement): Promise<void> {
    const shared = this.#state.sharedTag(target.repository);
    const move = shared.begin(candidate.picture.top.digest);
    const outcome = await this.#promote(candidate, target, shared.tag);
    if (outcome === 'done') move.acknowledge();
    // Whoever says that it is ready may have the tag after it has died: a release service moves it when it starts.
    else move.lose(SETTLED_LATE_MS);
    const how = outcome === 'done' ? 'was promoted' : 'may have been promoted';
    this.#journal.note('promoter', `${candidate.picture.top.digest} ${how} to it`, shared.name);
  }

  async #promote(candidate: Placement, target: Placement, tag: string): Promise<'done' | 'unknown'> {
    const known = candidate.snapshot(this.#journal.nowMs);
    const { repository, picture } = candidate;
    // Its tag may have been deleted since it was picked.
    const isByTag = this.#random.chance(0.5) && known.byTag;
    const source = isByTag ? candidate.name : `${repository}@${picture.top.digest}`;
    const body = {
      ...{ source, target: `${target.repository}:${tag}`, actor: 'soak' },
      ...{ waitMirrors: this.#random.chance(0.15) ? 1 : 0, waitTimeoutMs: WAIT_TIMEOUT_MS },
    };
    const tell = (what: string) => {
      const subjects = [target.name, `${target.repository}:${tag}`, candidate.name];
      this.#journal.note('promoter', `${body.source} to ${body.target}: ${what}`, ...subjects);
    };
    tell('asked for');
    for (
      const deadline = performance.now() + PATIENCE_MS;
      performance.now() < deadline && !this.#journal.isClosing;
    ) {
      const answer = await this.#random.pick(this.#callers)?.once('POST', '/api/v1/promotions', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const lines = answer?.status === 200 ? linesOf(answer) : [];
      const last = lines.at(-1);
      tell(last ? JSON.stringify(last) : answer ? `${answer.status} ${answer.body}` : 'no answer');
      if (last?.event === 'done') {
        this.#journal.count('promotions');
        return 'done';
      }
      if (isSuperseded(last)) return 'unknown';
      const isRefused = !isNotNow(answer) && answer.status !== 200;
      if (isRefused && known.byDigest && candidate.isStill(known))
        this.#journal.broken(
          `${body.source} is there, and its promotion was refused: ${answer.status} ${answer.body}`,
          ...candidate.subjects,
        );
      if (isRefused || !candidate.isStill(known)) return 'unknown';
      await sleep(AGAIN_MS);
    }
    return 'unknown';
  }
}

/** Another promotion has moved the tag since. */
function isSuperseded(line: PromotionLine | undefined): boolean {
  return line?.event === 'failed' && line.error.code === 'DENIED';
}
