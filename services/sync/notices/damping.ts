import type { MirrorEvent, MirrorNotice } from './notice.ts';

/** Events that undo each other are of one topic: the last one is what holds. */
const TOPICS: Partial<Readonly<Record<MirrorEvent, string>>> = {
  ...{ down: 'health', up: 'health', disabled: 'use', enabled: 'use' },
};

interface Topic {
  /** The last notice that was passed on. */
  last: MirrorNotice;
  /** When each event was last passed on, in ms. */
  readonly passedAt: Map<MirrorEvent, number>;
  /** What happened since, and waits. */
  held?: MirrorNotice | undefined;
}

/**
 * Keeps a mirror that goes up and down from filling a mailbox: the same event of one mirror is passed on at most once in a
 * time. What is still true when that time is over is passed on then, so that the last notice is never a wrong one.
 */
export class Damping {
  readonly #windowMs: number;
  readonly #now: () => number;
  /** By mirror and topic. */
  readonly #topics = new Map<string, Topic>();

  /** `now` is monotonic, in ms. */
  constructor(windowMs: number, now: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Whether a notice may be passed on now; if not, it may be held until {@link due}. */
  isPassed(notice: MirrorNotice): boolean {
    const key = `${notice.mirror} ${TOPICS[notice.event] ?? notice.event}`;
    const topic: Topic = this.#topics.get(key) ?? { last: notice, passedAt: new Map() };
    this.#topics.set(key, topic);
    if (this.#opensAt(topic, notice) <= this.#now()) {
      this.#pass(topic, notice);
      return true;
    }
    topic.held = isSame(topic.last, notice) ? undefined : notice;
    return false;
  }

  /** The held notices whose time has come. */
  due(): MirrorNotice[] {
    const now = this.#now();
    return [...this.#topics.values()].flatMap((topic) => {
      const { held } = topic;
      if (held === undefined || this.#opensAt(topic, held) > now) return [];
      this.#pass(topic, held);
      return [held];
    });
  }

  /** In how many ms a held notice is due; undefined if none is held. */
  get dueInMs(): number | undefined {
    const times = [...this.#topics.values()].flatMap((topic) =>
      topic.held === undefined ? [] : [this.#opensAt(topic, topic.held)],
    );
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.#now());
  }

  #opensAt(topic: Topic, { event }: MirrorNotice): number {
    return (topic.passedAt.get(event) ?? Number.NEGATIVE_INFINITY) + this.#windowMs;
  }

  #pass(topic: Topic, notice: MirrorNotice): void {
    topic.passedAt.set(notice.event, this.#now());
    topic.last = notice;
    topic.held = undefined;
  }
}

/** Whether a notice says nothing new. */
function isSame(last: MirrorNotice, { event, reason }: MirrorNotice): boolean {
  return event === last.event && (TOPICS[event] !== undefined || reason === last.reason);
}
