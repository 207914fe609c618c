import type { NotificationEvent } from '../../services/registry/notifications/event.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import type { Stored } from './stored.ts';
import type { StoryTime } from './story-time.ts';

/** What a step has to do with. */
export interface World {
  /** The registry that runs now; another one after each death. */
  readonly url: string;
  /** The store as that process has it: what is written here is written by it. */
  readonly objects: ObjectStore;
  /** What lies in the bucket, for looking at it and for what others put there. */
  readonly stored: Stored;
  /** What the client remembers: it lives on. */
  readonly memory: Map<string, string>;
  /** The mirror's document root. */
  readonly mirrorDirectory: string;
  /** Events that the receiver has accepted, in all lives. */
  readonly accepted: () => readonly NotificationEvent[];
  /** By which the process waits; the machine's unless given. */
  readonly time?: StoryTime | undefined;
  /** Ends the process in peace. */
  readonly shutDown: () => Promise<void>;
}

/** Something that a client asks for, or that a worker gets done. */
export interface Step {
  readonly does: string;
  /** It begins long after the step before it ended: no request of that is under way any more. */
  readonly isMuchLater?: boolean;
  /** Asks, and returns when it was acknowledged; throws for any other answer. */
  act(world: World): Promise<void>;
  /** What a client does that has not heard an answer; the same again unless given. */
  retry?(world: World): Promise<void>;
  /** Throws unless what was acknowledged is still so; asked after every death that comes later, and at the end. */
  holds?(world: World): Promise<void>;
}

/** A step whose acknowledgement promises more than can be seen at a look: asked of copies, since it changes them. */
export interface BindingStep extends Step {
  /** Throws unless what was acknowledged can be gone on with, to a right end. */
  canGoOn(world: World): Promise<void>;
}

/** A story in which the process may die at any write. */
export interface Scenario {
  readonly title: string;
  /** There is a mirror, and the process publishes to it. */
  readonly hasMirror?: boolean;
  /** Somebody is notified, and the process delivers. */
  readonly hasReceiver?: boolean;
  /** The store's objects cannot grow. */
  readonly isImmutable?: boolean;
  /** Changes are recorded. */
  readonly isAudited?: boolean;
  /** Its writes depend on the clock: the last ones may be fewer in one run than in another. */
  readonly isTimed?: boolean;
  /** What is there before; nobody dies meanwhile. */
  prepare?(world: World): Promise<void>;
  readonly steps: readonly (Step | BindingStep)[];
  /** Throws unless the store is as it has to be at any moment; asked right after every death, and at the end. */
  invariant?(world: Pick<World, 'stored' | 'memory'>): Promise<void>;
  /** How the store may differ for good after a death, and why that is harmless. */
  readonly mayDiffer?: readonly (readonly [RegExp, string])[];
  /** Throws unless it came out as it should, in the store, after each run; beside being as without a death. */
  outcome?(world: World): Promise<void>;
}
