import { createHash } from 'node:crypto';
import { freshName, SUSPECTS_PREFIX } from '../../content/quarantine/keys.ts';
import { hexOf, type Sha256Digest } from '../../oci/digest.ts';
import { DigestTable } from '../../storage/digest-table.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';

const MAGIC = Buffer.from('roadstead suspects 1\n');
const ENTRY_BYTES = 32 + 6;
const SUM_BYTES = 32;
const SEGMENT_ENTRIES = 100_000;
const SEGMENT_MAX_BYTES = 8 * 1024 * 1024;

/**
 * What the last scan did not find in use, and since when none did, milliseconds since 1970. Lost, it is found again,
 * and waits from then on.
 */
export async function readSuspects(objects: ObjectStore, signal?: AbortSignal): Promise<DigestTable> {
  const suspects = new DigestTable();
  for await (const { key } of listAll(objects, { prefix: SUSPECTS_PREFIX }, signal)) {
    const bytes = await objects.read(key, SEGMENT_MAX_BYTES, signal).catch(() => undefined);
    if (bytes === undefined || !isWhole(bytes)) continue;
    for (let at = MAGIC.length; at < bytes.length - SUM_BYTES; at += ENTRY_BYTES) {
      const digest = `sha256:${bytes.toString('hex', at, at + 32)}` as Sha256Digest;
      const since = bytes.readUIntLE(at + 32, 6);
      suspects.set(digest, Math.min(since, suspects.get(digest) ?? since));
    }
  }
  return suspects;
}

/** Replaces what {@link readSuspects} reads; when that breaks off, some is there twice, and none is lost. */
export async function writeSuspects(objects: ObjectStore, suspects: DigestTable, now: number): Promise<void> {
  const old: string[] = [];
  for await (const { key } of listAll(objects, { prefix: SUSPECTS_PREFIX })) old.push(key);
  let entries: Buffer[] = [];
  const flush = async () => {
    if (entries.length === 0) return;
    await objects.put(`${SUSPECTS_PREFIX}${freshName(now)}`, seal(entries));
    entries = [];
  };
  for (const [digest, since] of suspects.entries()) {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.write(hexOf(digest), 0, 'hex');
    entry.writeUIntLE(since, 32, 6);
    entries.push(entry);
    if (entries.length === SEGMENT_ENTRIES) await flush();
  }
  await flush();
  if (old.length > 0) await objects.delete(old);
}

function seal(entries: readonly Buffer[]): Buffer {
  const body = Buffer.concat([MAGIC, ...entries]);
  return Buffer.concat([body, sumOf(body)]);
}

function isWhole(bytes: Buffer): boolean {
  const body = bytes.subarray(0, -SUM_BYTES);
  return body.subarray(0, MAGIC.length).equals(MAGIC) && sumOf(body).equals(bytes.subarray(-SUM_BYTES));
}

function sumOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest();
}
