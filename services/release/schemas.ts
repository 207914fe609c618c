import { z } from 'zod';
import { WAIT_DEFAULT_MS, WAIT_MAX_MS } from '../registry/publishing/promotion/open.ts';
import { PublicationSchema } from '../registry/publishing/publication/entry.ts';

/**
 * Requests and answers of the release service; the OpenAPI document is generated from these. Requests may have no unknown
 * fields; answers may, since they can come from the next version (docs/decisions/0010-rolling-upgrades.md).
 */

/** A request names at most this many tags or manifests. */
const NAMED_MAX = 500;

export const PromotionRequestBody = z.strictObject({
  source: z
    .string()
    .max(600)
    .describe('The image to promote, such as candidate/hello:1 or candidate/hello@sha256:…'),
  target: z.string().max(600).describe('Where it goes, such as hello:1'),
  dryRun: z.boolean().default(false).describe('Plan and verify, and change nothing'),
  replaceAttached: z
    .array(z.string().max(128))
    .max(NAMED_MAX)
    .default([])
    .describe('Tags such as sha256-….sig that may be moved to something else in the target'),
  attachTo: z
    .array(z.string().max(140))
    .max(NAMED_MAX)
    .default([])
    .describe('Manifests that other promotions brought into the target, and that this one may attach to'),
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

const AttachmentBody = z.object({
  subject: Digest.describe('What it is attached to'),
  digest: Digest,
  tag: z.string().optional().describe('The tag by which it is attached; absent for a referrer'),
  artifactType: z.string().optional(),
});

const PlannedAttachmentBody = AttachmentBody.extend({
  state: z
    .enum(['added', 'kept', 'replaced'])
    .describe('The target lacks it, has the same, or has another one under this tag'),
  previousDigest: Digest.optional().describe('What is replaced'),
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
    attached: z
      .array(PlannedAttachmentBody)
      .optional()
      .describe('Signatures and the like that the promotion attaches in the target; at most 100'),
    attachedTotal: z.int().optional().describe('How many there are, if not all are named'),
    leftOut: z
      .array(AttachmentBody)
      .optional()
      .describe(
        'Attached in the source to what another promotion brought into the target; stays in the source unless `attachTo` names its subject; at most 100',
      ),
    leftOutTotal: z.int().optional().describe('How many there are, if not all are named'),
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

/** An entry of the publication log, as far as the client may see it. */
export const PublicationBody = PublicationSchema.extend({
  source: PublicationSchema.shape.source
    .optional()
    .describe('Absent if the client may not pull from the source'),
});

export const PublicationsBody = z.object({
  head: z.int().describe('The number of the newest entry; 0 for an empty log'),
  publications: z
    .array(PublicationBody)
    .describe('Newest first; only those into repositories that the client may pull from'),
  damaged: z.array(z.int()).optional().describe('Numbers of entries on this page that cannot be read'),
  next: z
    .int()
    .optional()
    .describe('Pass as `before` for older entries; a page may have fewer entries than its limit, or none'),
});

const LackedBlobBody = z.object({
  digest: Digest.optional().describe('Absent if the client may not pull what this publication published'),
  sizeBytes: z.int(),
  seq: z.int().describe('The publication that it belongs to'),
  reason: z.string().describe('Why the mirror lacks it'),
  retryAt: z.string().optional().describe('When it is tried again'),
});

const MirrorBody = z.object({
  name: z.string(),
  url: z.string(),
  healthy: z.boolean().describe('Whether clients may be sent there'),
  reason: z.string().optional().describe('Why not'),
  since: z.string().optional().describe('Since when it has this health'),
  watermark: z.int().describe('The publication up to which it is complete'),
  lag: z.int().describe('How many publications it is behind'),
  confirmed: z
    .int()
    .optional()
    .describe('While it is looked through after an absence: clients are sent there up to this publication'),
  missing: z.int().describe('How many blobs up to the watermark it lacks'),
  lacks: z.array(LackedBlobBody).default([]).describe('Some of them; at most 20'),
  warnings: z.array(z.string()).default([]).describe('What may become trouble'),
  notes: z
    .array(z.string())
    .default([])
    .describe('All of this in sentences; a line that begins with blanks continues the one before'),
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
export type LackedLine = z.infer<typeof LackedBlobBody>;
export type MirrorLine = z.infer<typeof MirrorBody>;
export type Status = z.infer<typeof StatusBody>;
export type Publications = z.infer<typeof PublicationsBody>;
export type PublicationLine = z.infer<typeof PublicationBody>;
export type Explanation = z.infer<typeof ExplainBody>;
