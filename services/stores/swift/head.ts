import { StoreUnavailableError } from '../../registry/storage/object-store.ts';
import type { SwiftClient } from './client.ts';
import { pause, type WireResponse } from './wire.ts';

/** The properties of an object, without its bytes. */
export interface ObjectHead {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** In Swift's form: quoted for large objects. */
  readonly etag: string;
  /** Static: a manifest that names its segments. Dynamic (Distribution's): all objects with a prefix, in order. */
  readonly kind: 'plain' | 'static' | 'dynamic';
  /** `<container>/<prefix>` of a dynamic large object's segments. */
  readonly segmentPrefix: string | undefined;
  /** Identifies the writer, if it was a conditional create of ours. */
  readonly creator: string | undefined;
}

/** Swift asks all replicas for the newest, so that a read after a write sees it even while some lag behind. */
export const NEWEST = { 'x-newest': 'true' } as const;

export const CREATOR = 'x-object-meta-roadstead-creator';

/** Reads the headers of an answer; `sizeBytes` is the whole object's even for a range. */
export function headOf(response: WireResponse): ObjectHead {
  const ofRange = /\/(\d+)$/.exec(response.header('content-range') ?? '')?.[1];
  const sizeBytes = Number(ofRange ?? response.header('content-length') ?? Number.NaN);
  const seconds = Number(response.header('x-timestamp') ?? Number.NaN);
  const modifiedAt = Number.isNaN(seconds)
    ? new Date(response.header('last-modified') ?? Number.NaN)
    : new Date(seconds * 1000);
  if (Number.isNaN(sizeBytes) || Number.isNaN(modifiedAt.getTime()))
    throw new StoreUnavailableError('Swift answered without the size or the time of an object');
  const segmentPrefix = response.header('x-object-manifest');
  const ofManifest = segmentPrefix === undefined ? 'plain' : 'dynamic';
  return {
    sizeBytes,
    modifiedAt,
    etag: response.header('etag') ?? '',
    kind: response.header('x-static-large-object') ? 'static' : ofManifest,
    // Percent-encoded in the header, as all names in headers are.
    segmentPrefix: segmentPrefix === undefined ? undefined : decodeURIComponent(segmentPrefix),
    creator: response.header(CREATOR),
  };
}

/** The contents of a dynamic large object come from the container's listing, which may lag for a moment. */
const UNSETTLED_WAITS_MS = [200, 400, 800];

export function isUnsettled({ kind, sizeBytes }: ObjectHead): boolean {
  return kind === 'dynamic' && sizeBytes === 0;
}

/** Retries for a moment while a dynamic large object seems to have no segments, as Distribution does. */
export async function whenSettled<T>(
  look: () => Promise<T>,
  isSettled: (found: T) => boolean,
  signal?: AbortSignal,
): Promise<T> {
  let found = await look();
  for (const waitMs of UNSETTLED_WAITS_MS) {
    if (isSettled(found)) break;
    await pause(waitMs, signal);
    found = await look();
  }
  return found;
}

/** An object's properties, from its newest replica; undefined if it does not exist. */
export function head(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<ObjectHead | undefined> {
  return whenSettled(
    () => twice(() => look(client, name, signal)),
    (found) => found === undefined || !isUnsettled(found),
    signal,
  );
}

/**
 * Looks up a missing object a second time: an object server that opens the old file of an object at the moment of its
 * replacement answers 404. Only writes in quick succession could hide it from both requests.
 */
export async function twice<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  return (await look()) ?? (await look());
}

/** An object's properties from one request, even if a dynamic large object seems to be empty. */
export async function look(
  client: SwiftClient,
  name: string,
  signal?: AbortSignal,
): Promise<ObjectHead | undefined> {
  const response = await client.ask({ method: 'HEAD', name, headers: NEWEST, expects: [200, 404], signal });
  return response.status === 404 ? undefined : headOf(response);
}
