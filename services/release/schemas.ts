import { z } from 'zod';
import { WAIT_DEFAULT_MS, WAIT_MAX_MS } from '../registry/publishing/promotion/open.ts';
import { PublicationSchema } from '../registry/publishing/publication/entry.ts';

/**
 * Requests and answers of the release service; the OpenAPI document is generated from these. Requests may have no unknown
 * fields; answers may, since they can come from the next version (docs/decisions/0010-rolling-upgrades.md).
 */

export const PromotionRequestBody = z.strictObject({
  source: z
    .string()
    .max(600)
    .describe('The image to promote, such as candidate/hello:1 or candidate/hello@sha256:…'),
  target: z.string().max(600).describe('Where it goes, such as hello:1'),
  dryRun: z.boolean().default(false).describe('Plan and verify, and change nothing'),
  waitMirrors: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('How many mirrors must hold the image before its tag moves'),
  waitTimeoutMs: z
    .int()
    .min(0)
    .max(WAIT_MAX_MS)
    .default(WAIT_DEFAULT_MS)
    .describe('How long to wait for them'),
  actor: z.string().max(200).default('anonymous').describe('Who promotes; goes into the publication log'),
});

const Digest = z.string().describe('sha256:<64 hexadecimal digits>');

export const ErrorBody = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string(), detail: z.unknown().optional() })),
});

/** One line of the answer to a promotion. */
export const PromotionEventBody = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('planned'),
    source: z.string(),
    target: z.string(),
    digest: Digest,
    previousDigest: Digest.optional(),
    manifests: z.int(),
    blobs: z.int(),
    sizeBytes: z.int(),
    newBlobs: z.int().describe('Blobs that become public by this promotion'),
    newBytes: z.int(),
    nonDistributableBlobs: z
      .int()
      .optional()
      .describe('Non-distributable layers: linked in the target, served from here, and on no mirror'),
    nonDistributableBytes: z.int().optional(),
  }),
  z.object({ event: z.literal('linked'), manifests: z.int(), blobs: z.int() }),
  z.object({ event: z.literal('published'), seq: z.int(), newBlobs: z.int(), newBytes: z.int() }),
  z.object({ event: z.literal('waiting'), seq: z.int(), ready: z.array(z.string()), wanted: z.int() }),
  z.object({ event: z.literal('tagged'), seq: z.int() }),
  z.object({ event: z.literal('done'), outcome: z.enum(['promoted', 'already-there', 'dry-run']) }),
  z.object({
    event: z.literal('failed'),
    error: z.object({ code: z.string(), message: z.string(), detail: z.unknown().optional() }),
  }),
]);

export const PublicationsBody = z.object({
  head: z.int().describe('The number of the newest entry; 0 for an empty log'),
  publications: z.array(PublicationSchema).describe('Newest first'),
  next: z.int().optional().describe('Pass as `before` for older entries'),
});

const MirrorBody = z.object({
  name: z.string(),
  url: z.string(),
  healthy: z.boolean().describe('Whether clients may be sent there'),
  reason: z.string().optional().describe('Why not'),
  since: z.string().optional().describe('Since when it has this health'),
  watermark: z.int().describe('The publication up to which it is complete'),
  lag: z.int().describe('How many publications it is behind'),
  missing: z.int().describe('Blobs up to the watermark that a crawl did not find'),
  trouble: z.string().optional().describe('Why its worker cannot publish'),
  lastBeatAt: z.string().optional().describe('When its worker last reported'),
});

export const MirrorsBody = z.object({ head: z.int(), mirrors: z.array(MirrorBody) });

export const StatusBody = z.object({
  status: z.enum(['ok', 'degraded']).describe('degraded: pulls work, but something needs an operator'),
  problems: z.array(z.string()),
  version: z.string(),
  head: z.int(),
  mirrors: z.array(MirrorBody),
});

export const ExplainBody = z.object({
  repository: z.string(),
  digest: Digest,
  client: z.string().optional(),
  blob: z.object({ sizeBytes: z.int() }).nullable().describe('null: the repository has no such blob'),
  publication: z.int().nullable().describe('null: not published'),
  decision: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('redirect'), mirror: z.string(), rule: z.string(), url: z.string() }),
      z.object({ kind: z.literal('serve'), reason: z.string() }),
    ])
    .nullable(),
  text: z.string().describe('The same in a sentence'),
  mirrors: z.array(
    z.object({ name: z.string(), obstacle: z.string().nullable(), detail: z.string().nullable() }),
  ),
});

export type PromotionEventLine = z.infer<typeof PromotionEventBody>;
export type Mirrors = z.infer<typeof MirrorsBody>;
export type MirrorLine = z.infer<typeof MirrorBody>;
export type Status = z.infer<typeof StatusBody>;
export type Publications = z.infer<typeof PublicationsBody>;
export type Explanation = z.infer<typeof ExplainBody>;
