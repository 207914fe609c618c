import { buffer } from 'node:stream/consumers';
import { readState, segmentKey } from '../../services/registry/content/upload-records.ts';
import type { UploadBody } from '../../services/registry/content/uploads.ts';
import type { RepositoryName, UploadId } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';

/** How a client says where its bytes go, and whether it says how many they are. */
export interface Manner {
  /** Relative to where the upload ends; undefined for no Content-Range. */
  readonly shift: number | undefined;
  /** Added to the range's end: the two headers disagree unless it is 0. */
  readonly stretch: number;
  readonly tellsSize: boolean;
  /** The connection breaks behind so many bytes. */
  readonly cutAt: number | undefined;
}

/** A request's body as the registry gets it. */
export function bodyOf(bytes: Buffer, offset: number, manner: Manner): UploadBody {
  const { shift, stretch, tellsSize, cutAt } = manner;
  const first = offset + (shift ?? 0);
  const hasRange = shift !== undefined && bytes.length > 0 && first >= 0;
  return {
    stream: streamOf(bytes, cutAt),
    sizeBytes: tellsSize ? bytes.length : undefined,
    range: hasRange ? { first, last: first + bytes.length - 1 + stretch } : undefined,
  };
}

async function* streamOf(bytes: Buffer, cutAt: number | undefined): AsyncGenerator<Buffer> {
  const whole = bytes.subarray(0, cutAt);
  for (let at = 0; at < whole.length; at += 7) yield whole.subarray(at, at + 7);
  if (cutAt !== undefined) throw new Error('the connection broke');
}

/** What an upload consists of, in the store. */
export async function bytesOf(objects: ObjectStore, name: RepositoryName, id: UploadId): Promise<Buffer> {
  const place = { name, id };
  const { segments } = await readState({ objects, ...place });
  const all = await Promise.all(
    segments.map(async (segment) => {
      const range = { first: 0, last: segment.sizeBytes - 1 };
      const read = await objects.get(segmentKey(place, segment), range);
      return read ? buffer(read.body) : Buffer.alloc(0);
    }),
  );
  return Buffer.concat(all);
}
