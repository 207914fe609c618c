import { DoubtObjects } from '../../registry/publishing/mirrors/doubt-objects.ts';
import type { MirrorStates } from '../../registry/publishing/mirrors/mirror-states.ts';
import { Troubles } from '../../registry/publishing/mirrors/trouble/troubles.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { Changes } from '../../registry/storage/changes.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

export interface FollowTroublesOptions {
  readonly objects: ObjectStore;
  readonly changes: Changes;
  readonly board: Pick<MirrorStates, 'states'>;
  readonly logger: Log;
}

/**
 * Makes a node's memory of clients in trouble, and joins it to those of the other nodes. Doubts reach the sync worker over
 * the changes; where these do not leave the process (no Redis), also as an object, since the worker may be elsewhere.
 */
export function followTroubles({ objects, changes, board, logger }: FollowTroublesOptions) {
  const by = crypto.randomUUID();
  const sink = changes.settleMs === 0 ? new DoubtObjects({ objects, node: by, logger }) : undefined;
  const troubles = new Troubles({
    states: () => board.states,
    redirected: (redirects) => changes.publish({ kind: 'blobs-redirected', by, redirects }),
    doubted: (doubt) => {
      changes.publish({ kind: 'mirror-doubted', by, ...doubt });
      sink?.doubt(doubt.mirror, doubt.digest);
    },
    restarted: (restart) => changes.publish({ kind: 'pull-restarted', by, ...restart }),
  });
  const unsubscribe = changes.subscribe((change) => {
    if (change.kind === 'blobs-redirected' && change.by !== by) troubles.heardRedirects(change.redirects);
    if (change.kind === 'pull-restarted' && change.by !== by) troubles.heardRestart(change);
    if (change.kind !== 'mirror-doubted' || change.by === by || change.key === undefined) return;
    troubles.heardDoubt({ mirror: change.mirror, digest: change.digest, key: change.key });
  });
  return {
    troubles,
    async [Symbol.asyncDispose](): Promise<void> {
      unsubscribe();
      troubles[Symbol.dispose]();
      await sink?.[Symbol.asyncDispose]();
    },
  };
}
