/** Something that happened to content, as a story tells it. */
interface Entry {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

/** So many of the last events of one digest, tag, or kind of disturbance are remembered. */
const REMEMBERED = 40;
const DISTURBANCES = 60;

/** A promise was broken: the message says which, and the story how it came to that. */
export class Violation extends Error {
  /** What it is about, the most telling first. */
  readonly subjects: readonly string[];

  constructor(message: string, subjects: readonly string[]) {
    super(message);
    this.subjects = subjects;
  }
}

/** What everybody did and was told, so that a broken promise comes with its story, and the end with figures. */
export class Journal {
  readonly #startedAt = performance.now();
  readonly #of = new Map<string, Entry[]>();
  readonly #disturbances: Entry[] = [];
  readonly #counts = new Map<string, number>();
  readonly #over = new AbortController();
  readonly violations: Violation[] = [];
  /** Everybody is to end what they are about, and to begin nothing new. */
  isClosing = false;

  /** Aborts at the first broken promise. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Remembers an event of some digests, or tags as `repository:tag`. */
  note(who: string, what: string, ...subjects: readonly string[]): void {
    const entry = { atMs: this.nowMs, who, what };
    for (const subject of subjects) {
      const entries = this.#of.get(subject) ?? [];
      if (entries.length === 0) this.#of.set(subject, entries);
      // Said again and again, it is kept once, as of the last time.
      const last = entries.at(-1);
      if (last?.who === who && last.what === what) entries.pop();
      entries.push(entry);
      if (entries.length > REMEMBERED) entries.shift();
    }
  }

  /** Remembers what was done to a process. */
  disturb(who: string, what: string): void {
    this.#disturbances.push({ atMs: this.nowMs, who, what });
    if (this.#disturbances.length > DISTURBANCES) this.#disturbances.shift();
  }

  /** Ends the soak for another reason than a broken promise. */
  end(reason: unknown): void {
    this.#over.abort(reason);
  }

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  /** Keeps the highest of a figure. */
  highest(what: string, value: number): void {
    this.#counts.set(what, Math.max(this.#counts.get(what) ?? 0, Math.round(value)));
  }

  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** All figures, by name. */
  get figures(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** Ends the soak with a story of what was broken; `subjects` are what it is about, the most telling first. */
  broken(what: string, ...subjects: readonly string[]): never {
    const violation = new Violation(`${clock(this.nowMs)} ${what}\n${this.#story(subjects)}`, subjects);
    this.violations.push(violation);
    this.#over.abort(violation);
    throw violation;
  }

  #story(subjects: readonly string[]): string {
    const told = new Set<Entry>();
    const lines = [...new Set(subjects)].flatMap((subject) => {
      const fresh = (this.#of.get(subject) ?? []).filter((entry) => !told.has(entry));
      for (const entry of fresh) told.add(entry);
      return [`  ${subject}`, ...fresh.map(print)];
    });
    return [...lines, '  the last that was done to processes', ...this.#disturbances.map(print)].join('\n');
  }
}

function print({ atMs, who, what }: Entry): string {
  return `    ${clock(atMs)} ${who}: ${what}`;
}

/** A moment of the soak, in seconds since its beginning. */
function clock(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
