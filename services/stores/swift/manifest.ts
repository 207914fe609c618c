import { z } from 'zod';
import type { SwiftClient } from './client.ts';
import { NEWEST } from './head.ts';

/** A segment of a large object, or a manifest of segments in its place. */
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

/** Swift's own limit is 8 MiB (`max_manifest_size`), before it adds the times and types. */
const MANIFEST_MAX_BYTES = 64 * 1024 * 1024;

/** Swift looks at each segment before it takes a manifest. */
const MANIFEST_TIMEOUT_MS = 5 * 60_000;

type Entry = z.infer<typeof ManifestSchema>[number];

/** What a static large object's manifest says; undefined when there is no static large object of that name. */
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
        if (Number(response.header('content-length')) > MANIFEST_MAX_BYTES)
          throw new Error(`the manifest ${name} is too large`);
        return response.body.json() as Promise<unknown>;
      }
      response.abandon();
      return undefined;
    },
  );
  return body === undefined ? undefined : ManifestSchema.parse(body);
}

/**
 * The segments that a static large object names, if they are all segments in this container and used whole; what other
 * programs made otherwise is 'foreign'. Undefined when there is no static large object of that name.
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

/** Names of all objects of this container that a manifest mentions in whatever way: what must not be deleted. */
export async function mentionedIn(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const entries = (await entriesOf(client, name, signal)) ?? [];
  return entries.flatMap((entry) => client.names.fromManifest(entry.name ?? '') ?? []);
}

/**
 * As many segments as one manifest may name: where there are more, manifests of them are written under new names, and of
 * those again.
 */
export async function nested(
  client: SwiftClient,
  segments: readonly Segment[],
  segmentsMax: number,
  newName: () => string,
  signal: AbortSignal,
): Promise<readonly Segment[]> {
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
 * Makes a static large object of segments, replacing what was there at once. Swift looks for each segment, and refuses
 * the manifest when one is missing or another than we say.
 */
export async function putManifest(
  client: SwiftClient,
  name: string,
  segments: readonly Segment[],
  signal: AbortSignal,
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
  });
  return {
    name,
    sizeBytes: segments.reduce((sum, segment) => sum + segment.sizeBytes, 0),
    etag: (response.header('etag') ?? '').replaceAll('"', ''),
    modifiedAt: new Date(),
  };
}
