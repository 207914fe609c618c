import type { MirrorNotice } from '../notices/notice.ts';

/** A mirror that is down for this long is worth a notice; a shorter time is a restart. */
const DOWN_MS = 60_000;
/** A mirror that is behind for this long does not keep up. */
const BEHIND_MS = 15 * 60_000;

/** What of a mirror decides whether somebody should hear of it. */
export interface Condition {
  readonly isUp: boolean;
  /** Why it is not up. */
  readonly reason: string | undefined;
  /** After repeated failures, it stays out for minutes. */
  readonly isDamped: boolean;
  /** How many publications it is behind. */
  readonly lag: number;
}

type News = Pick<MirrorNotice, 'event' | 'reason'>;

/** Decides which changes of a mirror's condition its operator should hear of: what lasts, and that it is over. */
export class Attention {
  readonly #now: () => number;
  #downSince: number | undefined;
  #behindSince: number | undefined;
  readonly #known = new Set<MirrorNotice['event']>();

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes the condition of this moment; returns what is news. */
  look({ isUp, reason, isDamped, lag }: Condition): News[] {
    const now = this.#now();
    this.#downSince = isUp ? undefined : (this.#downSince ?? now);
    this.#behindSince = lag === 0 ? undefined : (this.#behindSince ?? now);
    const isDown = this.#downSince !== undefined && now - this.#downSince >= DOWN_MS;
    const isBehind = this.#behindSince !== undefined && now - this.#behindSince >= BEHIND_MS;
    const because = reason === undefined ? {} : { reason };
    return [
      ...(isDown && !isDamped ? this.#begin('down', because) : isUp ? this.#end('down', 'up') : []),
      ...(isDamped && !isUp
        ? this.#begin('disabled', because)
        : isUp
          ? this.#end('disabled', 'enabled')
          : []),
      ...(isBehind ? this.#begin('behind', { reason: `by ${lag} publications` }) : this.#end('behind')),
    ];
  }

  #begin(event: News['event'], because: { reason?: string }): News[] {
    if (this.#known.has(event)) return [];
    this.#known.add(event);
    return [{ event, ...because }];
  }

  #end(event: News['event'], over?: News['event']): News[] {
    return this.#known.delete(event) && over ? [{ event: over }] : [];
  }
}
