import { z } from 'zod';
import { type Digest, isDigest, isSha256, type Sha256Digest } from '../registry/oci/digest.ts';
import {
  isMirrorName,
  isRepositoryName,
  isTag,
  type RepositoryName,
  type Tag,
} from '../registry/oci/names.ts';
import { SUSPECTS_MAX } from '../registry/publishing/mirrors/trouble/restarts.ts';
import type { Change } from '../registry/storage/changes.ts';

/** A message on the channel: a change, or none, which is a heartbeat with the author's number. */
export interface Message {
  /** The author: one connection of one process. */
  readonly from: string;
  /** Counts an author's messages from 1, including those that could not be sent. */
  readonly seq: number;
  readonly change?: Change | undefined;
}

const VERSION = 1;
const MAX_CHARACTERS = 4096;

const repository = z.custom<RepositoryName>((value) => typeof value === 'string' && isRepositoryName(value));
const tag = z.custom<Tag>((value) => typeof value === 'string' && isTag(value));
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const sha256 = z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value));
const mirror = z.string().refine(isMirrorName);
const by = z.string().max(64);
/** A client, a blob or a repository, short; see `client-key.ts` in `services/registry/publishing/mirrors/trouble/`. */
const key = z.string().min(1).max(16);

const KnownChangeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tag-moved'), repository, tag }),
  z.object({ kind: z.literal('content-removed'), repository, digest }),
  z.object({ kind: z.literal('published') }),
  z.object({ kind: z.literal('mirrors-changed') }),
  z.object({
    kind: z.literal('blobs-redirected'),
    by,
    redirects: z.array(z.object({ key, blob: key, mirror })).max(100),
  }),
  z.object({
    ...{ kind: z.literal('mirror-doubted'), mirror, digest: sha256 },
    ...{ by: by.optional(), key: key.optional() },
  }),
  z.object({
    ...{ kind: z.literal('pull-restarted'), by, key, repository: key },
    mirrors: z.array(mirror).max(SUSPECTS_MAX),
  }),
  z.object({ kind: z.literal('resync') }),
]);
/** An unknown change, from a newer version, is ignored (docs/decisions/0010-rolling-upgrades.md). */
const NewerChangeSchema = z
  .object({
    kind: z
      .string()
      .refine((kind) => !KnownChangeSchema.def.options.some(({ shape }) => shape.kind.value === kind)),
  })
  .transform(() => undefined);
const MessageSchema = z.object({
  v: z.literal(VERSION),
  from: z.string().min(1).max(64),
  seq: z.int().min(1),
  change: z.union([KnownChangeSchema, NewerChangeSchema]).optional(),
});

/** A message as it is sent. */
export function encodeMessage({ from, seq, change }: Message): string {
  return JSON.stringify({ v: VERSION, from, seq, change });
}

/** Reads a message from the channel; undefined for anything else than a message of this version. */
export function parseMessage(text: string): Message | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  try {
    return MessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
