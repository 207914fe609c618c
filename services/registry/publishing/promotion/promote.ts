import type { TagTarget } from '../../content/tag-names.ts';
import { RegistryError } from '../../oci/errors.ts';
import { printReference } from '../../oci/names.ts';
import { WakeSignal } from '../../runtime/waiting.ts';
import type { Changes } from '../../storage/changes.ts';
import { ineligibility } from '../mirrors/eligible.ts';
import type { MirrorStates } from '../mirrors/mirror-states.ts';
import type { PublishingContent } from '../publishing-content.ts';
import type { PromotionPlan } from './plan.ts';
import { moveTagInOrder } from './tag-tickets.ts';

export interface PromotionOptions {
  readonly actor: string;
  /** How many mirrors must hold the image before its tag moves. */
  readonly waitMirrors: number;
  readonly waitTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Runs before anything of the image is the stable repository's. */
  readonly beforePublished: () => Promise<void>;
  /** Runs before the tag moves: whoever promotes again after that hears that it is done already. */
  readonly beforeTagged: (seq: number) => Promise<void>;
}

/** What happens during a promotion, in this order; `waiting` repeats as mirrors catch up. */
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
 * Carries a plan out: link (no byte is copied), append to the publication log, wait for mirrors if asked, and move
 * the tag last. Stopping anywhere before the last step leaves the tag as it was, and doing it again finishes it.
 */
export async function* promote(
  content: PublishingContent,
  board: MirrorStates,
  changes: Changes,
  plan: PromotionPlan,
  options: PromotionOptions,
): AsyncGenerator<PromotionEvent> {
  const { target, image } = plan;
  if (plan.alreadyThere) {
    if (options.waitMirrors > 0) yield* waitForMirrors(board, changes, plan, plan.publishedUpTo, options);
    return;
  }
  await options.beforePublished();
  const blobs = [...image.blobs, ...image.nonDistributable];
  for (const blob of blobs) {
    options.signal.throwIfAborted();
    await content.blobs.link(target.repository, blob.digest, blob.named);
  }
  for (const manifest of image.manifests) await content.manifests.link(target.repository, manifest);
  yield { event: 'linked', manifests: image.manifests.length, blobs: blobs.length };

  const entry = await content.log.append(
    {
      actor: options.actor,
      kind: 'promotion',
      source: { repository: plan.source.repository, reference: printReference(plan.source.reference) },
      target: { repository: target.repository, tag: target.tag },
      manifestDigest: plan.digest,
      ...(plan.previousDigest && { previousDigest: plan.previousDigest }),
    },
    image.blobs,
    options.signal,
  );
  changes.publish({ kind: 'published' });
  const published = Object.values(entry.collections).flat();
  const newBytes = published.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  yield { event: 'published', seq: entry.seq, newBlobs: published.length, newBytes };

  if (options.waitMirrors > 0) {
    yield* waitForMirrors(board, changes, plan, entry.seq, options);
    // Somebody may have deleted it since it was linked: no tag may lead to what has gone.
    for (const manifest of image.manifests) await content.manifests.link(target.repository, manifest);
  }

  await options.beforeTagged(entry.seq);
  // A client that finds the image finds its signatures.
  for (const { tag, digest } of image.attached) {
    await content.tags.move(target.repository, tag, { stored: digest, digest });
    changes.publish({ kind: 'tag-moved', repository: target.repository, tag });
  }
  const turn = await moveTagInOrder(content.objects, content.tags, target, {
    seq: entry.seq,
    ...topOf(plan),
  });
  changes.publish({ kind: 'tag-moved', repository: target.repository, tag: target.tag });
  if (turn.digest !== plan.digest)
    throw new RegistryError(
      'SUPERSEDED',
      `publication ${turn.seq} promotes into ${target.repository}:${target.tag} too, after this one; the tag was left to it`,
      { seq: turn.seq },
    );
  yield { event: 'tagged', seq: entry.seq };
}

/** The image's topmost manifest. */
function topOf({ image, digest }: PromotionPlan): TagTarget {
  const top = image.manifests.find((manifest) => manifest.digest === digest);
  if (top === undefined) throw new Error(`the image does not hold its own manifest ${digest}`);
  return { stored: top.stored, digest };
}

async function* waitForMirrors(
  board: MirrorStates,
  changes: Changes,
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
