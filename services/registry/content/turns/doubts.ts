import { LRUCache } from 'lru-cache';
import type { RepositoryName } from '../../oci/names.ts';
import { areAtOdds, type Change } from './change.ts';
import { REMEMBERED } from './remembered.ts';
import type { TurnClock } from './timing.ts';
import type { Doubt } from './turn-store.ts';

interface DoubtsOptions {
  readonly clock: TurnClock;
  readonly lateMs: number;
  /** Called when a doubt is over, so that one who hears of it only then need not wait. */
  readonly settled: (name: RepositoryName) => Promise<unknown>;
}

/** Since when this process has known of each doubt. One is over a while after that, by this process's clock. */
export class Doubts {
  readonly #options: DoubtsOptions;
  readonly #since = new LRUCache<string, number>(REMEMBERED);

  constructor(options: DoubtsOptions) {
    this.#options = options;
  }

  /** Those that are not over. */
  unsettled(name: RepositoryName, doubts: readonly Doubt[]): Doubt[] {
    return doubts.filter((doubt) => this.#settledAt(name, doubt) > this.#options.clock.now());
  }

  /** When the last of the doubts is over that is at odds with some changes; undefined if none is. */
  until(name: RepositoryName, doubts: readonly Doubt[], changes: readonly Change[]): number | undefined {
    const contrary = doubts.filter((doubt) => areAtOdds(changes, doubt.changes));
    if (contrary.length === 0) return undefined;
    return Math.max(...contrary.map((doubt) => this.#settledAt(name, doubt)));
  }

  /** A turn left a doubt at that time. */
  hearOf(name: RepositoryName, turn: number, at: number): void {
    const { clock, lateMs, settled } = this.#options;
    this.#since.set(`${name} ${turn}`, at);
    clock.later(lateMs, async () => void (await settled(name)));
  }

  #settledAt(name: RepositoryName, { turn }: Doubt): number {
    const { clock, lateMs } = this.#options;
    const since = this.#since.get(`${name} ${turn}`);
    if (since !== undefined) return since + lateMs;
    this.hearOf(name, turn, clock.now());
    return clock.now() + lateMs;
  }
}
