import { CollectionGuard, type PinnedWork } from '../../services/registry/content/quarantine/guard.ts';
import type { Change } from '../../services/registry/content/turns/change.ts';
import type { Turn } from '../../services/registry/content/turns/held-turn.ts';
import { type TakeOptions, Turns } from '../../services/registry/content/turns/turns.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import type { Fence } from '../../services/registry/storage/fence.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { type NodeMaker, nodeOf } from './node.ts';

/** Everybody is let in at once. */
class NoTurns extends Turns {
  override take<T>(_: RepositoryName, __: readonly Change[], act: (turn: Turn) => Promise<T>): Promise<T> {
    return act({ fence: OPEN_FENCE, declare: async () => undefined });
  }

  override share<T>(_: RepositoryName, __: readonly Change[], act: (fence: Fence) => Promise<T>): Promise<T> {
    return act(OPEN_FENCE);
  }
}

/** Who was in a turn once goes on writing, but says what is in doubt. */
class OpenTurns extends Turns {
  override take<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (turn: Turn) => Promise<T>,
    options?: TakeOptions,
  ): Promise<T> {
    const open = ({ fence, declare }: Turn) => act({ fence: opened(fence), declare });
    return super.take(name, changes, open, options);
  }

  override share<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (fence: Fence) => Promise<T>,
    options?: TakeOptions,
  ): Promise<T> {
    return super.share(name, changes, (fence) => act(opened(fence)), options);
  }
}

function opened(fence: Fence): Fence {
  return { check: () => undefined, doubt: () => fence.doubt() };
}

/** Nobody hears that a client has gone. */
class DeafTurns extends Turns {
  override take<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (turn: Turn) => Promise<T>,
    { signal: _, ...options }: TakeOptions = {},
  ): Promise<T> {
    return super.take(name, changes, act, options);
  }

  override share<T>(
    name: RepositoryName,
    changes: readonly Change[],
    act: (fence: Fence) => Promise<T>,
    { signal: _, ...options }: TakeOptions = {},
  ): Promise<T> {
    return super.share(name, changes, act, options);
  }
}

/** All changes of a node that wait share a turn, also those at odds. */
class CrowdedTurns extends Turns {
  #changes = 0;

  override share<T>(
    name: RepositoryName,
    _: readonly Change[],
    act: (fence: Fence) => Promise<T>,
    options?: TakeOptions,
  ): Promise<T> {
    return super.share(name, [{ of: `change ${this.#changes++}`, to: 'made' }], act, options);
  }
}

/** What is committed stays, although what it names has gone. */
class HastyGuard extends CollectionGuard {
  override pin<V>(digests: readonly Sha256Digest[], { undo: _, ...work }: PinnedWork<V>): Promise<V> {
    return super.pin(digests, work);
  }
}

/** Nodes that lack one part of what keeps changes in order: each is a fault that the model has to find. */
export const FAULTY = {
  turns: (hands) => nodeOf(hands, { turns: NoTurns }),
  'the time of a fence': (hands) => nodeOf(hands, { turns: OpenTurns }),
  'the signal of a client that has gone': (hands) => nodeOf(hands, { turns: DeafTurns }),
  'a look at what may share a turn': (hands) => nodeOf(hands, { turns: CrowdedTurns }),
  doubts: (hands) => nodeOf(hands, { timing: { lateMs: 0 } }),
  'taking back': (hands) => nodeOf(hands, { guard: HastyGuard, isSlow: true }),
} as const satisfies Record<string, NodeMaker>;
