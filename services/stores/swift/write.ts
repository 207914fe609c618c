import pMap from 'p-map';
import type { Fence } from '../../registry/storage/fence.ts';
import { StoreUnavailableError } from '../../registry/storage/object-store.ts';
import { BodyReader } from './body.ts';
import type { SwiftClient } from './client.ts';
import { SegmentGroup } from './group.ts';
import { nested, putManifest, type Segment } from './manifest.ts';
import { putWhole } from './put.ts';

/** Objects up to this size are held in memory and written in one request, which can be repeated. */
export const SMALL_BYTES = 1024 * 1024;

const COPIES_AT_ONCE = 4;
/** However short the times of a test are. */
const FINISH_MIN_MS = 60_000;

/**
 * Writes an object from a stream: a small one in one request, a large one in segments that go to Swift as they arrive,
 * followed by the manifest that makes an object of them. The fence is asked before each attempt that can make the object
 * appear.
 */
export async function putStream(
  client: SwiftClient,
  name: string,
  body: AsyncIterable<Buffer>,
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  await using reader = new BodyReader(body, signal);
  const { bytes, isWhole } = await reader.start(SMALL_BYTES);
  signal?.throwIfAborted();
  if (isWhole) return void (await putWhole(client, name, bytes, signal, fence));
  reader.unread(bytes);
  await inGroup(client, signal, async (group, untilFailed) => {
    const segments: Segment[] = [];
    while (!(await reader.isAtEnd()))
      segments.push(await group.stream(reader, client.chunkSizeBytes, untilFailed));
    await finish(client, group, name, segments, untilFailed, fence);
  });
}

/** Runs a function that writes segments; if it fails or exceeds its time, the segments are deleted. */
export async function inGroup(
  client: SwiftClient,
  signal: AbortSignal | undefined,
  write: (group: SegmentGroup, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const group = new SegmentGroup(client);
  const failed = new AbortController();
  try {
    await write(group, AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]));
  } catch (error) {
    // Stop everything in parallel, or it would write again what is deleted here.
    failed.abort();
    await group.discard();
    throw error;
  }
}

/**
 * Writes the manifest. Old segments are copied first: `removeLeftovers` may have seen them unused and delete them. For the
 * same reason this has a time limit.
 */
export async function finish(
  client: SwiftClient,
  group: SegmentGroup,
  name: string,
  segments: readonly Segment[],
  signal: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const adoptableMs = client.leftoverAgeMs / 2;
  const oldestMs = Date.now() - adoptableMs;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new StoreUnavailableError('Swift took too long to make a large object')),
    Math.max(FINISH_MIN_MS, adoptableMs / 2),
  );
  using _ = { [Symbol.dispose]: () => clearTimeout(timer) };
  const inTime = AbortSignal.any([signal, late.signal]);
  const fresh = await pMap(
    segments,
    (segment) =>
      segment.modifiedAt.getTime() > oldestMs
        ? [segment]
        : group.copy({ ...segment, range: { first: 0, last: segment.sizeBytes - 1 } }, inTime),
    { concurrency: COPIES_AT_ONCE },
  );
  const newName = () => group.newName();
  const top = await nested(client, fresh.flat(), newName, inTime);
  // From here on an error does not mean that nothing was written: an answer may be lost, or a request late.
  group.keep();
  await putManifest(client, name, top, inTime, fence);
}
