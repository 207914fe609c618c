/** Which node `sampler.ts` watches. */
export interface SamplerOptions {
  readonly url: string;
  readonly pid: number;
}

/** What it saw since it was last asked. */
export interface Sampled {
  /** The slowest answer of `/livez`. */
  readonly slowestMs: number;
  /** The most descriptors that were open at once. */
  readonly descriptors: number;
}
