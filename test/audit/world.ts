import type { AuditEvent } from '../../services/registry/audit/entry.ts';
import type { Place } from '../../services/registry/audit/place.ts';
import { decodeRecord, encodeRecord, hashOf, NO_HASH } from '../../services/registry/audit/record.ts';
import { Recorder, type RecorderParts } from '../../services/registry/audit/recorder.ts';
import { type OldSecret, Sealer } from '../../services/registry/audit/seal.ts';
import { AUDIT_PREFIX, auditRecordKey } from '../../services/registry/storage/layout.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';

export const SECRET = 'a secret that all nodes share, and nobody else';
export const sealer = sealerOf(SECRET);

/** A sealer, from a secret that is long enough. */
export function sealerOf(secret: string, ...old: readonly OldSecret[]): Sealer {
  const made = Sealer.of(secret, old);
  if (made === undefined) throw new Error('the secret is too short');
  return made;
}

/** A line of a log that was kept. */
export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A recorder, and what it has logged. */
export function recorderOver(
  objects: ObjectStore,
  parts: Partial<RecorderParts> = {},
): { readonly recorder: Recorder; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: Line['level']) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields });
  const logger = { info: at('info'), warn: at('warn'), error: at('error') };
  return { recorder: new Recorder({ objects, node: 'node-1', sealer: undefined, logger, ...parts }), lines };
}

/** A change that can be told from all others. */
export function changeOf(label: string | number, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    action: 'blob.push',
    actor: { kind: 'user', name: 'alice' },
    requestId: `request ${label}`,
    repository: 'candidate/a',
    ...more,
  };
}

/** Writes records of one change each, numbered from `first` in their request ids. */
export async function writeRecords(
  objects: ObjectStore,
  count: number,
  { first = 1, ...parts }: Partial<RecorderParts> & { readonly first?: number } = {},
): Promise<void> {
  await using recorder = recorderOver(objects, parts).recorder;
  for (let i = first; i < first + count; i++) await recorder.record(changeOf(i));
}

/** Every entry that is there, oldest first, read without the code that reads them for people. */
export async function entriesOf(objects: ObjectStore) {
  const entries = [];
  for await (const { key } of listAll(objects, { prefix: AUDIT_PREFIX })) {
    const bytes = key.endsWith('.jsonl') ? await objects.read(key, 1 << 24) : undefined;
    const record = bytes && decodeRecord(bytes)?.record;
    for (const entry of record?.entries ?? []) entries.push({ seq: record?.seq ?? 0, ...entry });
  }
  return entries;
}

/** The bytes of a record that has to be there. */
export async function bytesOf(objects: ObjectStore, seq: number): Promise<Buffer> {
  const bytes = await objects.read(auditRecordKey(seq), 1 << 24);
  if (bytes === undefined) throw new Error(`there is no record ${seq}`);
  return bytes;
}

/** The place of a record, as a node logs it. */
export async function placeOf(objects: ObjectStore, seq: number): Promise<Place> {
  return { seq, hash: hashOf(await bytesOf(objects, seq)) };
}

/** Puts another name into a record. */
export async function alter(objects: ObjectStore, seq: number): Promise<void> {
  const text = (await bytesOf(objects, seq)).toString('utf8');
  await objects.put(auditRecordKey(seq), Buffer.from(text.replace('"alice"', '"mallory"')));
}

/** Writes everything anew from a record on, with right hashes: what an attacker can do who knows this code. */
export async function rewrite(objects: ObjectStore, from: number, seal?: Sealer): Promise<void> {
  let prev = from === 1 ? NO_HASH : (await placeOf(objects, from - 1)).hash;
  for (let seq = from; ; seq++) {
    const bytes = await objects.read(auditRecordKey(seq), 1 << 20);
    const record = bytes && decodeRecord(bytes)?.record;
    if (!record) return;
    const entries = record.entries.map((entry) => JSON.stringify(entry));
    const forged = encodeRecord({ ...record, prev }, entries, seal);
    await objects.put(auditRecordKey(seq), forged);
    prev = hashOf(forged);
  }
}
