import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AuditEntrySchema } from './entry.ts';
import { HashSchema, type Place } from './place.ts';
import type { Seal, Sealer } from './seal.ts';

/** The maximum size of a record; batches stay far below it. */
export const RECORD_MAX_BYTES = 4 * 1024 * 1024;

/** The previous hash of the first record. */
export const NO_HASH = '0'.repeat(64);

const BodySchema = z.looseObject({
  version: z.literal(1),
  /** The record's place, from 1, without gaps. */
  seq: z.int().positive(),
  /** The hash of the whole object of the record before it. */
  prev: HashSchema,
  /** Makes every record unique. */
  id: z.string(),
  /** The machine that wrote it. */
  node: z.string(),
  entries: z.array(AuditEntrySchema).min(1),
});

const SealSchema = z.looseObject({ key: z.string(), mac: HashSchema });

/** A link of the chain: changes that one process recorded together. */
export type AuditRecord = z.infer<typeof BodySchema>;

/** Before the first record. */
export const BEGINNING: Place = { seq: 0, hash: NO_HASH };

/** The parts of a stored record. */
export interface Stored {
  readonly record: AuditRecord;
  /** The line that the seal covers. */
  readonly body: Buffer;
  readonly seal: Seal | undefined;
}

/**
 * Encodes a record: a line of JSON and, if nodes have a secret, a second line with the seal over the first. `entries` are
 * JSON already.
 */
export function encodeRecord(
  header: Omit<AuditRecord, 'version' | 'entries'>,
  entries: readonly string[],
  sealer: Sealer | undefined,
): Buffer {
  const { seq, prev, id, node } = header;
  const head = JSON.stringify({ version: 1, seq, prev, id, node });
  const body = Buffer.from(`${head.slice(0, -1)},"entries":[${entries.join(',')}]}`);
  return Buffer.concat([body, Buffer.from(`\n${sealer ? `${JSON.stringify(sealer.seal(body))}\n` : ''}`)]);
}

/** Decodes a record; undefined if it is not a record of a known version. */
export function decodeRecord(bytes: Buffer): Stored | undefined {
  const end = bytes.indexOf('\n');
  const body = bytes.subarray(0, end);
  const rest = bytes.subarray(end + 1).toString('utf8');
  try {
    const record = BodySchema.parse(JSON.parse(body.toString('utf8')));
    if (rest === '') return { record, body, seal: undefined };
    return { record, body, seal: SealSchema.parse(JSON.parse(rest)) };
  } catch {
    return undefined;
  }
}

/** The hash by which the next record names this one. */
export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
