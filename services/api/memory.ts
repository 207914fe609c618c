import type { Config } from '../config/schema.ts';
import { THIS_PROCESS } from '../http/owner.ts';
import { reportDamage } from '../http/report-damage.ts';
import type { ServiceParts } from '../http/service.ts';
import { contentOf } from '../registry/content/content.ts';
import { Reader } from '../registry/content/reader.ts';
import { checkpointsWithin } from '../registry/content/upload-body.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import type { Troubles } from '../registry/publishing/mirrors/trouble/troubles.ts';
import { PublicationFollower } from '../registry/publishing/publication/follower.ts';
import { PublicBlobs } from '../registry/publishing/publication/public-blobs.ts';
import { type PublishingContent, withPublications } from '../registry/publishing/publishing-content.ts';
import { reportCaches } from './cache-metrics.ts';
import { reportMirrors } from './metrics.ts';
import { followTroubles } from './pull/follow-troubles.ts';

/** What a node has learned: it outlives a reload of the configuration. */
export interface ApiMemory extends AsyncDisposable {
  readonly content: PublishingContent;
  readonly reader: Reader;
  readonly publications: PublicationFollower;
  /** Without rules. */
  readonly publicBlobs: PublicBlobs;
  readonly board: MirrorStates;
  readonly troubles: Troubles;
}

/** The settings that it is made with; others may change while it lives. */
export const API_MEMORY_READS = [
  'storage.tag.concurrencylimit',
  'limits.deletedtags',
  'storage.maintenance.uploadpurging',
] as const;

/** Begins to follow what the store and other nodes say. */
export async function openApiMemory(
  config: Config,
  parts: Pick<ServiceParts, 'objects' | 'changes' | 'readOnly' | 'waits' | 'metrics' | 'logger'>,
): Promise<ApiMemory> {
  const { objects, changes, readOnly, metrics, logger } = parts;
  const content = withPublications(
    contentOf(objects, {
      tagReadsAtOnce: config.storage.tag.concurrencylimit,
      deletedTagsMax: config.limits.deletedtags,
      uploads: checkpointsWithin(config.storage.maintenance.uploadpurging.age),
      onDamage: reportDamage(metrics, logger),
      writes: readOnly,
      owner: THIS_PROCESS,
      ...parts.waits,
    }),
  );
  const reader = new Reader(content);
  const unsubscribe = changes.subscribe((change) => {
    if (change.kind === 'tag-moved') reader.tagMoved(change.repository, change.tag);
    if (change.kind === 'content-removed') reader.contentRemoved(change.repository, change.digest);
    if (change.kind === 'resync') reader.resync();
  });
  const publications = await PublicationFollower.start({ ...content, changes, logger });
  const publicBlobs = new PublicBlobs({ ...content, mayPull: () => false });
  const board = await MirrorStates.start({ objects, mirrors: config.mirrors, changes, logger });
  const clients = followTroubles({ objects, changes, board, logger });
  const unread = [
    reportMirrors(metrics, board, () => publications.head),
    reportCaches(metrics, () => ({ ...reader.caches, publications: publications.cache })),
  ];
  return {
    ...{ content, reader, publications, publicBlobs, board, troubles: clients.troubles },
    async [Symbol.asyncDispose]() {
      unsubscribe();
      for (const end of unread) end();
      await Promise.all([
        publications[Symbol.asyncDispose](),
        clients[Symbol.asyncDispose](),
        board[Symbol.asyncDispose](),
      ]);
    },
  };
}
