import { z } from 'zod';
import type { Fence } from '../../registry/storage/fence.ts';
import type { SwiftClient } from './client.ts';
import { NEWEST } from './head.ts';

/** A segment of a large object, or a nested manifest of segments. */
export interface Segment {
  readonly name: string;
  readonly sizeBytes: number;
  /** MD5; of a manifest the MD5 of its segments' together. Never quoted. */
  readonly etag: string;
  readonly modifiedAt: Date;
}

const ManifestSchema = z.array(
  z.object({
    name: z.string().optional(),
    bytes: z.int().nonnegative().optional(),
    hash: z.string().optional(),
    last_modified: z.string().optional(),
    range: z.string().optional(),
    data: z.string().optional(),
  }),
);

/** Time limit for a manifest: Swift checks each segment before it accepts one. */
const MANIFEST_TIMEOUT_MS = 5 * 60_000;

type Entry = z.infer<typeof ManifestSchema>[number];

/** The manifest of a static large object; undefined if no static large object has that name. */
async function entriesOf(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<Entry[] | undefined> {
  const body = await client.call(
    {
      method: 'GET',
      name,
      query: '?multipart-manifest=get',
      headers: NEWEST,
      expects: [200, 404],
      signal,
    },
    async (response) => {
      // Of any other object this is the content itself.
      if (response.status === 200 && response.header('x-static-large-object')) {
        return response.body.json() as Promise<unknown>;
      }
      response.abandon();
      return undefined;
    },
  );
  return body === undefined ? undefined : ManifestSchema.parse(body);
}

/**
 * The segments of a static large object, if all are whole objects in this container; 'foreign' for those that other
 * programs made differently. Undefined if no static large object has that name.
 */
export async function readManifest(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<Segment[] | 'foreign' | undefined> {
  const entries = await entriesOf(client, name, signal);
  if (entries === undefined) return undefined;
  const segments: Segment[] = [];
  for (const entry of entries) {
    const own = entry.name === undefined ? undefined : client.names.fromManifest(entry.name);
    if (own === undefined || entry.range !== undefined || entry.data !== undefined) return 'foreign';
    if (entry.bytes === undefined || entry.hash === undefined || entry.last_modified === undefined)
      return 'foreign';
    segments.push({
      name: own,
      sizeBytes: entry.bytes,
      etag: entry.hash,
      // Swift's times are in UTC, and do not say so.
      modifiedAt: new Date(`${entry.last_modified}Z`),
    });
  }
  return segments;
}

/** Names of all objects in this container that a manifest mentions in any way, and that must not be deleted. */
export async function mentionedIn(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const entries = (await entriesOf(client, name, signal)) ?? [];
  return entries.flatMap((entry) => client.names.fromManifest(entry.name ?? '') ?? []);
}

/**
 * Reduces segments to as many as one manifest may name: if there are more, nested manifests are written under new names,
 * repeatedly.
 */
export async function nested(
  client: SwiftClient,
  segments: readonly Segment[],
  newName: () => string,
  signal: AbortSignal,
): Promise<readonly Segment[]> {
  const { manifestSegmentsMax: segmentsMax } = client.capabilities;
  let level = segments;
  while (level.length > segmentsMax) {
    const above: Segment[] = [];
    for (let first = 0; first < level.length; first += segmentsMax)
      above.push(await putManifest(client, newName(), level.slice(first, first + segmentsMax), signal));
    level = above;
  }
  return level;
}

/**
 * Makes a static large object of segments, atomically replacing the previous object. Swift checks each segment, and
 * refuses the manifest if one is missing or differs.
 */
export async function putManifest(
  client: SwiftClient,
  name: string,
  segments: readonly Segment[],
  signal: AbortSignal,
  fence?: Fence,
): Promise<Segment> {
  const entries = segments.map(({ name: segment, sizeBytes, etag }) => ({
    path: client.names.inManifest(segment),
    size_bytes: sizeBytes,
    etag,
  }));
  const response = await client.ask({
    method: 'PUT',
    name,
    query: '?multipart-manifest=put',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(JSON.stringify(entries)),
    expects: [201],
    signal,
    headersTimeoutMs: MANIFEST_TIMEOUT_MS,
    fence,
  });
  return {
    name,
    sizeBytes: segments.reduce((sum, segment) => sum + segment.sizeBytes, 0),
    etag: (response.header('etag') ?? '').replaceAll('"', ''),
    modifiedAt: new Date(),
  };
}
