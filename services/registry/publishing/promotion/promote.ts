import pMap from 'p-map';
import { blobChange, type Change, manifestChange, tagChange } from '../../content/turns/change.ts';
import type { Turn } from '../../content/turns/held-turn.ts';
import type { Requester } from '../../notifications/requester.ts';
import { RegistryError } from '../../oci/errors.ts';
import { printImageName, printReference } from '../../oci/names.ts';
import { WakeSignal } from '../../runtime/waiting.ts';
import type { Changes } from '../../storage/changes.ts';
import { ineligibility } from '../mirrors/eligible.ts';
import type { MirrorStates } from '../mirrors/mirror-states.ts';
import type { PublishingContent } from '../publishing-content.ts';
import type { PlannedAttachment } from './attaching.ts';
import { describeAttaching } from './attaching-record.ts';
import type { AttachedTag } from './attachment.ts';
import { recordBringing } from './bringer.ts';
import { type PromotionPlan, refuseAttaching } from './plan.ts';
import { expectMovable, moveTagInOrder, superseded, type TagTicket } from './tag-tickets.ts';

/** Longer than a write may come late: a promotion had better wait than fail. */
const PATIENCE_MS = 90_000;
/** Manifests whose content is looked up at once; each look-up has several under way. */
const READS_AT_ONCE = 4;

/** What a promotion works with. */
export interface PromotionParts {
  readonly content: PublishingContent;
  readonly board: Pick<MirrorStates, 'states'>;
  readonly changes: Changes;
}

export interface PromotionOptions {
  readonly actor: string;
  /** How many mirrors must hold the image before its tag moves. */
  readonly waitMirrors: number;
  readonly waitTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** The steps of a promotion, in this order; `waiting` repeats as mirrors catch up. */
export type PromotionEvent =
  | { readonly event: 'linked'; readonly manifests: number; readonly blobs: number }
  | {
      readonly event: 'published';
      readonly seq: number;
      readonly newBlobs: number;
      readonly newBytes: number;
    }
  | {
      readonly event: 'waiting';
      readonly seq: number;
      readonly ready: readonly string[];
      readonly wanted: number;
    }
  | { readonly event: 'tagged'; readonly seq: number };

/**
 * Carries a verified plan out: record, link (no byte is copied), append to the publication log, wait for mirrors if
 * asked, record and notify, and move the tag last. Notified before, as a promotion that is repeated after its tag has
 * moved finds nothing to do. Stopping anywhere before the last step leaves the tag as it was, and doing it again
 * finishes it.
 */
export async function* promote(
  parts: PromotionParts,
  requester: Requester,
  plan: PromotionPlan,
  options: PromotionOptions,
): AsyncGenerator<PromotionEvent> {
  const { content, changes } = parts;
  const { target, image, digest, previousDigest } = plan;
  const { repository, tag } = target;
  refuseAttaching(plan);
  if (plan.alreadyThere) {
    // Promotions of versions that did not note this left it out.
    await content.published.recordAgain(
      repository,
      image.blobs.map((blob) => blob.digest),
    );
    if (options.waitMirrors > 0) yield* waitForMirrors(parts, plan, plan.publishedUpTo, options);
    return;
  }
  const { actor } = options;
  const source = printImageName(plan.source);
  const attaching = describeAttaching(plan.attached);
  await requester.record({
    ...{ action: 'promotion.publish', repository, digest },
    details: { source, actor, ...attaching },
  });
  const blobs = [...image.blobs, ...image.nonDistributable];
  for (const blob of blobs) {
    options.signal.throwIfAborted();
    const { requestedDigest: requested } = blob;
    await content.blobs.link(repository, blob.digest, {
      ...{ requested, patienceMs: PATIENCE_MS },
      signal: options.signal,
    });
  }
  const bring = ({ fence }: Turn) => recordBringing(content.objects, repository, image, fence);
  await linkManifests(content, plan, [], { before: bring }, options);
  yield { event: 'linked', manifests: image.manifests.length, blobs: blobs.length };

  const entry = await content.log.append(
    {
      actor,
      kind: 'promotion',
      source: { repository: plan.source.repository, reference: printReference(plan.source.reference) },
      target: { repository, tag },
      manifestDigest: digest,
      ...(previousDigest && { previousDigest }),
    },
    image.blobs,
    options.signal,
  );
  const { seq } = entry;
  changes.publish({ kind: 'published' });
  const published = Object.values(entry.collections).flat();
  const newBytes = published.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  yield { event: 'published', seq, newBlobs: published.length, newBytes };

  if (options.waitMirrors > 0) yield* waitForMirrors(parts, plan, seq, options);

  const attachedTags = plan.attached.filter(isByTag);
  const tags = [tag, ...attachedTags.map((attached) => attached.tag)];
  const { mediaType, bytes, canonicalDigest } = image.top;
  let ticket: TagTicket = { seq, canonicalDigest, digest };
  await expectMovable(content, target, ticket, attachedTags);
  await requester.record({
    ...{ action: 'promotion.tag', repository, tags, digest },
    details: { source, publication: seq, ...(previousDigest && { previousDigest }), ...attaching },
  });
  await requester.notify([{ kind: 'manifest', action: 'push', repository, tag, mediaType, digest, bytes }]);
  // Linked once more: manifests may have been deleted since, and no tag may name what is gone.
  await linkManifests(
    content,
    plan,
    [
      tagChange(tag, canonicalDigest),
      ...attachedTags.map((attached) => tagChange(attached.tag, attached.digest)),
    ],
    {
      async after({ fence }) {
        ticket = await moveTagInOrder(content, target, ticket, fence, attachedTags);
      },
    },
    options,
  );
  for (const each of tags) changes.publish({ kind: 'tag-moved', repository, tag: each });
  if (ticket.digest !== digest) throw superseded(target, ticket);
  yield { event: 'tagged', seq };
}

function isByTag(attachment: PlannedAttachment): attachment is PlannedAttachment & AttachedTag {
  return attachment.tag !== undefined;
}

/** Links an image's manifests to the target, and in the same turn does once what comes before and after; it moves these tags. */
async function linkManifests(
  { manifests, quarantine, turns }: PublishingContent,
  { target: { repository }, image }: PromotionPlan,
  tags: readonly Change[],
  { before, after }: { before?: (turn: Turn) => Promise<void>; after?: (turn: Turn) => Promise<void> },
  { signal }: PromotionOptions,
): Promise<void> {
  const kept = await pMap(image.manifests, (manifest) => manifests.keptBy(repository, manifest), {
    concurrency: READS_AT_ONCE,
  });
  const changes = [
    ...image.manifests.map(({ canonicalDigest }) => manifestChange(canonicalDigest, 'linked')),
    ...tags,
  ];
  const needs = image.blobs.map(({ requestedDigest }) => blobChange(requestedDigest, 'linked'));
  await quarantine.pin([...new Set(kept.flat())], {
    async verify() {
      for (const manifest of image.manifests) await manifests.expectThere(repository, manifest);
    },
    async commit(_, { isAgain, refresh }) {
      const link = async (turn: Turn) => {
        await refresh();
        if (!isAgain) await before?.(turn);
        for (const manifest of image.manifests) await manifests.link(repository, manifest, turn.fence);
        if (!isAgain) await after?.(turn);
      };
      await turns.take(repository, changes, link, { signal, needs, patienceMs: PATIENCE_MS });
    },
  });
}

async function* waitForMirrors(
  { board, changes }: PromotionParts,
  { image }: PromotionPlan,
  seq: number,
  { waitMirrors, waitTimeoutMs, signal }: PromotionOptions,
): AsyncGenerator<PromotionEvent> {
  const deadline = performance.now() + waitTimeoutMs;
  const wake = new WakeSignal();
  const unsubscribe = changes.subscribe((change) => {
    if (change.kind === 'mirrors-changed') wake.notify();
  });
  try {
    for (;;) {
      const ready = board.states
        .filter((state) => image.blobs.every((blob) => ineligibility(state, blob.digest, seq) === undefined))
        .map((state) => state.mirror.name);
      yield { event: 'waiting', seq, ready, wanted: waitMirrors };
      if (ready.length >= waitMirrors) return;
      signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new RegistryError(
          'WAIT_TIMED_OUT',
          `${ready.length} of ${waitMirrors} mirrors hold publication ${seq} after ${Math.round(waitTimeoutMs / 1000)} s; ` +
            'the tag was not moved. See "roadstead mirrors", then promote again',
          { ready, wanted: waitMirrors, seq },
        );
      await wake.wait(500, signal);
    }
  } finally {
    unsubscribe();
  }
}
