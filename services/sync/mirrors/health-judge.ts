/** After it went down, a mirror has to be well for this many looks in a row before clients are sent there again. */
const GOOD_LOOKS = 2;
/** For one that is well and ill by turns. */
const FLAPPING_LOOKS = 15;
/** A mirror that fell out again and again waits for at most this many looks: ten minutes. */
const GOOD_LOOKS_MAX = 300;
/** From here on it counts as disabled: two minutes. */
const DAMPED_LOOKS = 60;
/** Answers that are remembered. */
const WINDOW = 40;
/** This many changes from good to failing within the window are no outage, but flapping. */
const FLAPS = 3;
/** A mirror that stayed up for this long has been forgiven. */
const FORGIVEN_MS = 30 * 60_000;

/**
 * Decides whether a mirror is up, by what its probes answer: it is down with the first failure, and up again after a good
 * period that grows each time it falls out (the damping of flapping routes, RFC 2439, and of circuit breakers).
 */
export class HealthJudge {
  readonly #now: () => number;
  readonly #answers: boolean[] = [];
  #isUp = false;
  #isNew = true;
  #goodLooks = 0;
  #falls = 0;
  #changedAt: number;

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#changedAt = now();
  }

  /** Takes the answers of one look, true for good ones. None says nothing. Returns whether the mirror is up. */
  look(answers: readonly boolean[]): boolean {
    if (answers.length === 0) return this.#isUp;
    for (const isGood of answers) this.#answers.push(isGood);
    this.#answers.splice(0, this.#answers.length - WINDOW);
    const isGood = answers.every(Boolean);
    this.#goodLooks = isGood ? this.#goodLooks + 1 : 0;
    if (this.#isUp && !isGood) this.#fall();
    else if (!this.#isUp && isGood && this.#goodLooks >= this.#wantedLooks()) this.#rise();
    if (!isGood) this.#isNew = false;
    return this.#isUp;
  }

  /** Whether it stays out for minutes, after repeated failures. */
  get isDamped(): boolean {
    return !this.#isUp && this.#wantedLooks() >= DAMPED_LOOKS;
  }

  #fall(): void {
    if (this.#now() - this.#changedAt > FORGIVEN_MS) this.#falls = 0;
    this.#falls++;
    this.#isUp = false;
    this.#changedAt = this.#now();
  }

  #rise(): void {
    this.#isUp = true;
    this.#isNew = false;
    this.#changedAt = this.#now();
  }

  #wantedLooks(): number {
    // A worker that begins, or takes over, sends clients to what it finds well.
    if (this.#isNew) return 1;
    const base = this.#isFlapping() ? FLAPPING_LOOKS : GOOD_LOOKS;
    return Math.min(base * 2 ** Math.max(0, this.#falls - 1), GOOD_LOOKS_MAX);
  }

  #isFlapping(): boolean {
    return this.#answers.filter((isGood, i) => !isGood && this.#answers[i - 1] === true).length >= FLAPS;
  }
}
