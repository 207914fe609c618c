import { z } from 'zod';

/** The clock as its worker stored it. */
export const StoredClockSchema = z.object({
  /** What it showed, milliseconds since 1970. */
  ms: z.int(),
  /** The wall clock then. */
  wallMs: z.int(),
  /** The monotonic clock then, and the boot of the machine by which it counts; `-` if that is unknown. */
  monotonicMs: z.int(),
  boot: z.string(),
  /** Until it shows this, less than `bridgeMaxMs` may be bridged; see {@link GarbageClock}. */
  fullAtMs: z.int().optional(),
  /** A boot that several machines have in common, as copies: their monotonic clocks do not agree. */
  cloned: z.string().optional(),
  /** The last disagreement of wall clock and monotonic clock: when it was seen, RFC 3339 UTC and by this clock. */
  step: z.object({ seenAt: z.string(), seenMs: z.int(), byMs: z.int() }).optional(),
});
type StoredClock = z.infer<typeof StoredClockSchema>;

/** The clocks of a machine, in milliseconds. */
export interface Clocks {
  /** Since 1970. */
  readonly wall: () => number;
  /** Never runs backwards. */
  readonly monotonic: () => number;
  /** The same for all processes whose monotonic clocks agree; `-` if that is unknown. */
  readonly boot: string;
}

/** What a worker finds when it looks at the status of all workers. */
export interface FollowedClock {
  readonly clock?: StoredClock | undefined;
  /** The last heartbeat, RFC 3339. */
  readonly beatAt?: string;
}

/** The wall clock may be off by this much before that counts as a step. */
const STEP_MS = 60_000;

/**
 * The clock by which content grows old: it begins as the wall clock, and advances by monotonic clocks only, so a step of
 * the wall clock ends no grace and no quarantine. It follows the clock that other workers store; all it can do is fall
 * behind. Between two boots, and two machines, nothing but wall clocks connects a worker with the one before: that time
 * counts, but for no more than `bridgeMaxMs`, nor for more than was counted by monotonic clocks since time was last
 * bridged. So machines whose clocks disagree can take turns as often as they like. Between two processes of one boot at
 * most `bridgeMaxMs` counts, too, since copies of a running machine have the same boot.
 */
export class GarbageClock {
  readonly #clocks: Clocks;
  readonly #bridgeMaxMs: number;
  readonly #onStep: (byMs: number) => void;
  /** What it showed at the last look; undefined before it has followed anything. */
  #shown: { ms: number; wallMs: number; monotonicMs: number } | undefined;
  #step: StoredClock['step'];
  #fullAtMs = Number.NEGATIVE_INFINITY;
  #cloned: string | undefined;

  constructor(clocks: Clocks, bridgeMaxMs: number, onStep: (byMs: number) => void = () => undefined) {
    this.#clocks = clocks;
    this.#bridgeMaxMs = bridgeMaxMs;
    this.#onStep = onStep;
  }

  /** Takes over what the last worker has stored, if anything. */
  follow({ clock, beatAt = '' }: FollowedClock = {}): void {
    const { monotonic, boot } = this.#clocks;
    this.#step = laterOf(this.#step, clock?.step);
    this.#fullAtMs = Math.max(this.#fullAtMs, clock?.fullAtMs ?? this.#fullAtMs);
    const isSameBoot = clock?.boot === boot && boot !== '-';
    this.#cloned = isSameBoot && clock.monotonicMs > monotonic() ? boot : (clock?.cloned ?? this.#cloned);
    // It was stored a moment ago, or has been followed since: this machine's monotonic clock counts.
    if (this.#shown) this.#set(Math.max(this.#look(), clock?.ms ?? Number.NEGATIVE_INFINITY));
    else if (isSameBoot && this.#cloned !== boot) this.#continue(clock);
    else this.#bridge(clock, beatAt);
  }

  /** Milliseconds since 1970, but for what nobody can vouch for. Whole. */
  now(): number {
    if (this.#shown === undefined) this.#set(this.#clocks.wall());
    return Math.floor(this.#look());
  }

  /** To be stored. */
  get state(): StoredClock {
    const ms = this.now();
    const { wall, monotonic, boot } = this.#clocks;
    const [wallMs, monotonicMs] = [wall(), monotonic()].map(Math.floor) as [number, number];
    return {
      ...{ ms, wallMs, monotonicMs, boot },
      ...(this.#fullAtMs > ms && { fullAtMs: Math.ceil(this.#fullAtMs) }),
      ...(this.#cloned !== undefined && { cloned: this.#cloned }),
      ...(this.#step && { step: this.#step }),
    };
  }

  /** Whether the wall clock was stepped within this time, so that times of objects may be wrong by as much. */
  wasStepped(withinMs: number): boolean {
    return this.#step !== undefined && this.now() - this.#step.seenMs < withinMs;
  }

  /** The first look of a process, if the last one stored something in the same boot. */
  #continue(clock: StoredClock): void {
    const passedMs = this.#clocks.monotonic() - clock.monotonicMs;
    this.#set(clock.ms + Math.min(passedMs, this.#bridgeMaxMs));
    this.#compare(clock.wallMs, passedMs);
  }

  /** The first look of a process: only wall clocks say how long ago the last worker stored something. */
  #bridge(clock: StoredClock | undefined, beatAt: string): void {
    // Before this clock was stored, the wall clock was used in its place.
    const beatMs = Date.parse(beatAt);
    const before = clock ?? (Number.isNaN(beatMs) ? undefined : { ms: beatMs, wallMs: beatMs });
    if (before === undefined) return;
    const passedMs = this.#clocks.wall() - before.wallMs;
    const spentMs = Math.max(0, this.#fullAtMs - before.ms);
    const bridgedMs = Math.max(0, Math.min(passedMs, this.#bridgeMaxMs - spentMs));
    // Twice: what is bridged moves the clock towards that moment, but it has not been counted.
    this.#fullAtMs = before.ms + spentMs + 2 * bridgedMs;
    this.#set(before.ms + bridgedMs);
    // More than that need not be a step: perhaps no worker ran.
    if (passedMs < -STEP_MS) this.#stepped(passedMs);
  }

  /** What it shows now; notices steps since the last look. */
  #look(): number {
    const shown = this.#shown;
    if (shown === undefined) throw new Error('the clock has not begun');
    const passedMs = this.#clocks.monotonic() - shown.monotonicMs;
    this.#set(shown.ms + passedMs);
    this.#compare(shown.wallMs, passedMs);
    return shown.ms + passedMs;
  }

  #set(ms: number): void {
    this.#shown = { ms, wallMs: this.#clocks.wall(), monotonicMs: this.#clocks.monotonic() };
  }

  /** Notices a step of the wall clock since it showed `sinceWallMs`, while this time passed. */
  #compare(sinceWallMs: number, passedMs: number): void {
    const byMs = this.#clocks.wall() - sinceWallMs - passedMs;
    if (Math.abs(byMs) > STEP_MS) this.#stepped(byMs);
  }

  #stepped(byMs: number): void {
    const seenMs = Math.floor(this.#shown?.ms ?? 0);
    this.#step = { seenAt: new Date(this.#clocks.wall()).toISOString(), seenMs, byMs: Math.round(byMs) };
    this.#onStep(this.#step.byMs);
  }
}

function laterOf(one: StoredClock['step'], other: StoredClock['step']): StoredClock['step'] {
  return one && other ? (one.seenMs >= other.seenMs ? one : other) : (one ?? other);
}

/**
 * How much of the time between two boots counts: half of the shortest time that somebody relies on, so that one step of
 * the wall clock ends none of them. Zeros are relied on by nobody.
 */
export function bridgeMaxMsOf(timesMs: readonly number[]): number {
  return Math.min(...timesMs.filter((ms) => ms > 0)) / 2;
}
