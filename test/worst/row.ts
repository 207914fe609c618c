import type { Answer } from '../protocol/wire.ts';
import type { WorstWorld } from './world.ts';

/** One of the worst requests that a route can be sent, and what it may cost. */
export interface Row {
  /** The route's line in the product's table: method and path. */
  readonly route: string;
  /** The request, for people. */
  readonly request: string;
  readonly status: number;
  /** What a refusal says: refused for another reason, the request would be no worst one. */
  readonly refusal?: RegExp;
  /** The most requests that it may make to the store. */
  readonly storeRequests: number;
  /** The most processor time that it may take on a quiet machine; {@link CPU_MAX_MS} unless given. */
  readonly cpuMs?: number;
  /** Measured only with NIGHTLY=1: it takes long, or another of its kind costs more. */
  readonly isNightly?: boolean;
  /** The node that is asked: one whose clients have tokens unless given, or one where they send their password. */
  readonly node?: 'tokens' | 'passwords';
  /** What the client's token is for. */
  readonly scopes?: readonly string[];
  /** Puts into the store what the request is about; a node runs, but not the one that is measured. */
  readonly prepare?: (world: WorstWorld) => Promise<void> | void;
  readonly ask: (world: WorstWorld) => Promise<Answer>;
}

/** What a request may take of a node's processor. */
export const CPU_MAX_MS = 1000;
/** What every request may add to the memory of an idle node. */
export const MEMORY_MAX_MB = 100;
/** What every request may add to its open descriptors. */
export const DESCRIPTORS_MAX = 200;
/** How long `/livez` may take during every request, on a quiet machine. */
export const LIVEZ_MAX_MS = 100;

/** All rights on a repository. */
export const allOf = (name: string) => `repository:${name}:pull,push,delete,promote`;

/** Makes something when it is first needed: it may be large. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}

/** Prepares a world for several rows, once. */
export function once(
  prepare: (world: WorstWorld) => Promise<void> | void,
): (world: WorstWorld) => Promise<void> {
  const done = new WeakSet<WorstWorld>();
  return async (world) => {
    if (done.has(world)) return;
    await prepare(world);
    done.add(world);
  };
}
