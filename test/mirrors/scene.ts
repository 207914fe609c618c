import { z } from 'zod';
import { pushImage } from '../protocol/pushing.ts';
import { type Promoted, promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';

/** A blob this large is redirected; smaller ones are answered by the node. */
export const LAYER_BYTES = 70_000;
export const MIB = 1024 * 1024;

/** What `GET /api/v1/mirrors` says of a mirror, as far as these tests need it: by its documentation, not by our types. */
const Mirror = z.object({
  name: z.string(),
  healthy: z.boolean(),
  reason: z.string().optional(),
  since: z.string().optional(),
  watermark: z.int(),
  lag: z.int(),
  missing: z.int(),
  trouble: z.string().optional(),
  confirmed: z.int().optional(),
  lacks: z
    .array(
      z.object({
        digest: z.string(),
        sizeBytes: z.int(),
        seq: z.int(),
        reason: z.string(),
        retryAt: z.string().optional(),
      }),
    )
    .optional(),
});
export type MirrorView = z.infer<typeof Mirror>;
const Body = z.object({ head: z.int(), mirrors: z.array(Mirror) });

/** What the release service at `url` says of every mirror. */
export async function mirrorViews(url: string): Promise<MirrorView[]> {
  const answer = await fetch(`${url}/api/v1/mirrors`);
  return Body.parse(await answer.json()).mirrors;
}

/** What it says of one. */
export async function mirrorView(url: string, name: string): Promise<MirrorView> {
  const found = (await mirrorViews(url)).find((mirror) => mirror.name === name);
  if (!found) throw new Error(`there is no mirror ${name}`);
  return found;
}

/** The digests that a mirror is said to lack, sorted. */
export function lackedBy({ lacks = [] }: MirrorView): string[] {
  return lacks.map(({ digest }) => digest).sort();
}

/** Whether a mirror has been brought up to the newest publication, but for what it is said to lack. */
export function isUpToDate({ healthy, lag, confirmed }: MirrorView): boolean {
  return healthy && lag === 0 && confirmed === undefined;
}

/** Whether it lacks nothing either. */
export function isComplete(view: MirrorView): boolean {
  return isUpToDate(view) && view.missing === 0;
}

/** Waits until mirrors hold all that was published. */
export async function awaitComplete(
  url: string,
  names: readonly string[],
  timeoutMs = 15_000,
): Promise<number> {
  let views: MirrorView[] = [];
  const areComplete = async () => {
    views = await mirrorViews(url);
    return views.filter(({ name }) => names.includes(name)).every(isComplete);
  };
  return eventually(() => views, areComplete, timeoutMs, 100);
}

/** The blobs of an image that was promoted. */
export interface Released {
  readonly layers: readonly Descriptor[];
  readonly promoted: Promoted;
  /** How long the promotion took. */
  readonly promotingMs: number;
}

/** Pushes an image of new layers of these sizes to `node`, and promotes it to `app:TAG` at `release`. */
export async function releaseImage(
  { node, release }: { node: TestRegistry; release: TestRegistry },
  tag: string,
  layerSizes: readonly number[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<Released> {
  const { layers } = await pushImage(node.url, 'candidate/app', tag, layerSizes.map(newBytes));
  const startedAt = performance.now();
  const promoted = await promote(release.url, `candidate/app:${tag}`, `app:${tag}`, options);
  const promotingMs = performance.now() - startedAt;
  const last = promoted.lines.at(-1);
  if (last === undefined) throw new Error(`the promotion was refused: ${promoted.body}`);
  if (last.event === 'failed' && options['waitMirrors'] === undefined) throw new Error(JSON.stringify(last));
  return { layers, promoted, promotingMs };
}

/** So many layers of a size that is redirected. */
export function layerSizes(count: number, sizeBytes: number = LAYER_BYTES): number[] {
  return Array.from({ length: count }, () => sizeBytes);
}

/** Of these blobs of `app`, those for which clients could be sent to a mirror; asks nobody but the release service. */
export async function servable(
  url: string,
  name: string,
  blobs: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  for (const blob of blobs) {
    const query = new URLSearchParams({ repository: 'app', digest: blob.digest });
    const answer = Explained.parse(await (await fetch(`${url}/api/v1/explain?${query}`)).json());
    if (answer.mirrors.some((mirror) => mirror.name === name && mirror.obstacle === null)) found.push(blob);
  }
  return found;
}
const Explained = z.object({
  mirrors: z.array(z.object({ name: z.string(), obstacle: z.string().nullable() })),
});
