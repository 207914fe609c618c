import { z } from 'zod';
import { freshName, SCAN_PREFIX } from '../../content/quarantine/keys.ts';
import { type Digest, isDigest, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { DigestList } from '../../storage/digest-list.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import type { ScanFindings } from './scan.ts';

const HEADER_MAX_BYTES = 1024 * 1024;
const PART_MAX_BYTES = 256 * 1024 * 1024;
const DELETE_AT_ONCE = 1000;

const HeaderSchema = z.object({
  version: z.literal(1),
  /** When it began, milliseconds since 1970. */
  startedAt: z.int(),
  deleteUntagged: z.boolean(),
  /** The lists whose quarantine was over then. */
  due: z.array(z.string()),
});
export type ScanHeader = z.infer<typeof HeaderSchema>;

const StoredDigest = z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value));
const AnyDigest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const PartSchema = z.object({
  /** Where the next part begins; null after the last. */
  cursor: z.string().nullable(),
  linked: z.base64(),
  tagged: z.array(AnyDigest),
  aliases: z.array(z.object({ named: AnyDigest, stored: StoredDigest })),
  records: z.array(z.tuple([StoredDigest, z.array(z.string())])),
});

/** A scan, and how far it is; what it has found is in the findings that it was resumed into. */
export interface StoredScan {
  readonly id: string;
  readonly header: ScanHeader;
  /** Where to go on; undefined at the beginning, null when it is complete. */
  cursor: string | null | undefined;
  parts: number;
}

/** Keeps what a scan has found, so that another worker can go on with it. */
export class ScanStore {
  readonly #objects: ObjectStore;
  readonly #signal: AbortSignal;

  constructor(objects: ObjectStore, signal: AbortSignal) {
    this.#objects = objects;
    this.#signal = signal;
  }

  /** The scan that was left, if there is one that can be gone on with; calls `found` with what each part found. */
  async resume(
    isWanted: (header: ScanHeader) => boolean,
    findings: ScanFindings,
  ): Promise<StoredScan | undefined> {
    const keys: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix: SCAN_PREFIX }, this.#signal)) keys.push(key);
    const headers = keys.filter((key) => key.endsWith('/header'));
    const [headerKey] = headers;
    if (headerKey === undefined || headers.length > 1) return undefined;
    const header = HeaderSchema.safeParse(await this.#json(headerKey, HEADER_MAX_BYTES)).data;
    if (header === undefined || !isWanted(header)) return undefined;
    const id = headerKey.slice(SCAN_PREFIX.length, -'/header'.length);
    const scan: StoredScan = { id, header, cursor: undefined, parts: 0 };
    for (const key of keys.filter((each) => each !== headerKey)) {
      if (key !== partKey(id, scan.parts)) return undefined;
      const part = PartSchema.safeParse(await this.#json(key, PART_MAX_BYTES)).data;
      if (part === undefined) return undefined;
      add(findings, part);
      scan.cursor = part.cursor;
      scan.parts++;
    }
    return scan;
  }

  /** Begins a scan, or says anew what one looks for. */
  async begin(header: ScanHeader, id = freshName(header.startedAt)): Promise<StoredScan> {
    await this.#objects.put(`${SCAN_PREFIX}${id}/header`, encode(header));
    return { id, header, cursor: undefined, parts: 0 };
  }

  /** Keeps what was found since the last time. */
  async keep(scan: StoredScan, found: ScanFindings, cursor: string | null): Promise<void> {
    const { linked, tagged, aliases, records } = found;
    const part: z.infer<typeof PartSchema> = {
      cursor,
      linked: DigestList.of([...linked.entries()].map(([digest]) => digest)).bytes.toString('base64'),
      tagged: [...tagged],
      aliases: aliases.map(({ named, stored }) => ({ named, stored })),
      records: [...records],
    };
    await this.#objects.put(partKey(scan.id, scan.parts), encode(part));
    scan.cursor = cursor;
    scan.parts++;
  }

  /** Forgets every scan. */
  async clear(): Promise<void> {
    const keys: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix: SCAN_PREFIX }, this.#signal)) keys.push(key);
    // A scan without its header is none.
    keys.sort((one, other) => Number(other.endsWith('/header')) - Number(one.endsWith('/header')));
    for (let at = 0; at < keys.length; at += DELETE_AT_ONCE)
      await this.#objects.delete(keys.slice(at, at + DELETE_AT_ONCE));
  }

  async #json(key: string, limitBytes: number): Promise<unknown> {
    const bytes = await this.#objects.read(key, limitBytes, this.#signal);
    try {
      return bytes && JSON.parse(bytes.toString('utf8'));
    } catch {
      return undefined;
    }
  }
}

/** Adds what a part has found to the rest. */
export function merge(findings: ScanFindings, part: ScanFindings): void {
  for (const [digest] of part.linked.entries()) findings.linked.set(digest, 1);
  for (const digest of part.tagged) findings.tagged.add(digest);
  findings.aliases.push(...part.aliases);
  for (const [digest, keys] of part.records) addRecords(findings, digest, keys);
}

function add(findings: ScanFindings, part: z.infer<typeof PartSchema>): void {
  for (const digest of new DigestList(Buffer.from(part.linked, 'base64'))) findings.linked.set(digest, 1);
  for (const digest of part.tagged) findings.tagged.add(digest);
  findings.aliases.push(...part.aliases.map((alias) => ({ kind: 'alias' as const, ...alias })));
  for (const [digest, keys] of part.records) addRecords(findings, digest, keys);
}

function addRecords(findings: ScanFindings, digest: Sha256Digest, keys: readonly string[]): void {
  const known = findings.records.get(digest);
  if (known) known.push(...keys);
  else findings.records.set(digest, [...keys]);
  findings.recordsCount += keys.length;
}

function partKey(id: string, part: number): string {
  return `${SCAN_PREFIX}${id}/part-${String(part).padStart(6, '0')}`;
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
