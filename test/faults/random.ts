/** Random numbers that a seed repeats: what a failing run did can be done again, but for the timing. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // xorshift never leaves zero.
    this.#state = seed | 0 || 1;
  }

  /** In [0, 1). */
  next(): number {
    return (this.#step() >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both possible. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[this.int(0, from.length - 1)];
  }

  /** The same in any order. */
  shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((each) => ({ each, at: this.next() }))
      .sort((one, other) => one.at - other.at)
      .map(({ each }) => each);
  }

  bytes(sizeBytes: number): Buffer {
    const words = new Int32Array(Math.ceil(sizeBytes / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.#step();
    return Buffer.from(words.buffer, 0, sizeBytes);
  }

  #step(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }
}
