import type { World } from './world.ts';

/** Why alerts fire. */
export interface Cause {
  readonly what: string;
  /** The alerts that have to fire; others may. */
  readonly alerts: readonly string[];
  /** Brings it about, and returns how to end it. */
  readonly make: (world: World) => Promise<() => Promise<void> | void>;
}
