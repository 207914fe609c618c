import { z } from 'zod';
import type { ObjectStore } from '../storage/object-store.ts';

const HeaderSchema = z.object({
  version: z.literal(1),
  /** Why events were given up, for people, and when, RFC 3339 UTC. */
  death: z.object({ reason: z.string(), at: z.string() }).optional(),
});

/** The content of an object of the outbox: events as JSON, and, of a dead letter, why it is one. */
export interface ItemContent {
  readonly events: readonly string[];
  readonly death?: z.infer<typeof HeaderSchema>['death'];
}

/** The most that an object holds, unless a single event is larger; more events become several objects. */
export const ITEM_MAX = { events: 1000, bytes: 1024 * 1024 } as const;
const READ_MAX_BYTES = 8 * 1024 * 1024;

/** A header line, then a line for each event: no event is parsed again on its way to the receiver. */
export function encodeItem({ events, death }: ItemContent): Buffer {
  const header = JSON.stringify({ version: 1, ...(death && { death }) });
  return Buffer.from(`${[header, ...events].join('\n')}\n`);
}

/** Reads an item; undefined where it is missing. Throws on one that this version cannot read. */
export async function readItem(
  objects: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<ItemContent | undefined> {
  const bytes = await objects.read(key, READ_MAX_BYTES, signal);
  if (bytes === undefined) return undefined;
  const [header = '', ...lines] = bytes.toString('utf8').split('\n');
  const { death } = HeaderSchema.parse(JSON.parse(header));
  return { events: lines.filter((line) => line !== ''), death };
}

/** Cuts a list of events into what one object, or one POST, may hold. */
export function* inParts(
  events: readonly string[],
  most: { readonly events: number; readonly bytes: number },
): Generator<string[]> {
  let part: string[] = [];
  let partBytes = 0;
  for (const event of events) {
    const sizeBytes = Buffer.byteLength(event);
    if (part.length > 0 && (part.length === most.events || partBytes + sizeBytes > most.bytes)) {
      yield part;
      part = [];
      partBytes = 0;
    }
    part.push(event);
    partBytes += sizeBytes;
  }
  if (part.length > 0) yield part;
}
