import { z } from 'zod';
import { freshName, SCAN_PREFIX } from '../../content/quarantine/keys.ts';
import { type Digest, isDigest, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { deleteAll } from '../../storage/delete-all.ts';
import { DigestList } from '../../storage/digest-list.ts';
import type { Fence } from '../../storage/fence.ts';
import { tryParseJson } from '../../storage/json.ts';
import type { CollectorReader } from '../collector-reader.ts';
import { ScanFindings } from '../scan.ts';

const HEADER_MAX_BYTES = 1024 * 1024;
const PART_MAX_BYTES = 256 * 1024 * 1024;

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
  unreadable: z.array(z.tuple([z.string(), z.string()])).default([]),
});

/** A scan, and its progress. */
export interface StoredScan {
  readonly id: string;
  readonly header: ScanHeader;
  /** What it has found. */
  readonly findings: ScanFindings;
  /** Where to continue; undefined at the beginning, null when it is complete. */
  cursor: string | null | undefined;
  parts: number;
}

/** Stores what a scan has found, so that another worker can continue it. */
export class ScanStore {
  readonly #reader: CollectorReader;
  readonly #fence: Fence;

  /** The fence is for headers and parts: an older one that came late would make a scan that missed something. */
  constructor(reader: CollectorReader, fence: Fence) {
    this.#reader = reader;
    this.#fence = fence;
  }

  /** The scan that was left, if there is one that can be continued. */
  async resume(isWanted: (header: ScanHeader) => boolean): Promise<StoredScan | undefined> {
    const keys = await this.#keys();
    const headers = keys.filter((key) => key.endsWith('/header'));
    const [headerKey] = headers;
    if (headerKey === undefined || headers.length > 1) return undefined;
    const header = await this.#read(headerKey, HEADER_MAX_BYTES, HeaderSchema);
    if (header === undefined || !isWanted(header)) return undefined;
    const id = headerKey.slice(SCAN_PREFIX.length, -'/header'.length);
    const scan = newScan(id, header);
    for (const key of keys.filter((each) => each !== headerKey)) {
      if (key !== partKey(id, scan.parts)) return undefined;
      const part = await this.#read(key, PART_MAX_BYTES, PartSchema);
      if (part === undefined) return undefined;
      scan.findings.add({ ...part, linked: new DigestList(Buffer.from(part.linked, 'base64')) });
      scan.cursor = part.cursor;
      scan.parts++;
    }
    return scan;
  }

  /** Begins a scan, or changes what one looks for. */
  async begin(header: ScanHeader, id = freshName(header.startedAt)): Promise<StoredScan> {
    await this.#reader.objects.put(`${SCAN_PREFIX}${id}/header`, encode(header), { fence: this.#fence });
    return newScan(id, header);
  }

  /** Stores what was found since the last time. */
  async keep(scan: StoredScan, found: ScanFindings, cursor: string | null): Promise<void> {
    const { linked, tagged, aliases, records, unreadable } = found;
    const part: z.infer<typeof PartSchema> = {
      cursor,
      linked: DigestList.of(linked).bytes.toString('base64'),
      tagged: [...tagged],
      aliases,
      records: [...records],
      unreadable: [...unreadable],
    };
    await this.#reader.objects.put(partKey(scan.id, scan.parts), encode(part), { fence: this.#fence });
    scan.cursor = cursor;
    scan.parts++;
  }

  /** Deletes every scan. */
  async clear(): Promise<void> {
    const keys = await this.#keys();
    // Without its header a scan is not resumed.
    keys.sort((one, other) => Number(other.endsWith('/header')) - Number(one.endsWith('/header')));
    await deleteAll(this.#reader.objects, keys);
  }

  #keys(): Promise<string[]> {
    return Array.fromAsync(this.#reader.keys(SCAN_PREFIX));
  }

  async #read<T>(key: string, limitBytes: number, schema: z.ZodType<T>): Promise<T | undefined> {
    const bytes = await this.#reader.objects.read(key, limitBytes, this.#reader.signal);
    return bytes && tryParseJson(schema, bytes);
  }
}

function newScan(id: string, header: ScanHeader): StoredScan {
  return { id, header, findings: new ScanFindings(), cursor: undefined, parts: 0 };
}

function partKey(id: string, part: number): string {
  return `${SCAN_PREFIX}${id}/part-${String(part).padStart(6, '0')}`;
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
