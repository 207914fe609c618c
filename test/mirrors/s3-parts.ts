import { type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.ts';
import type { MirrorEntry } from '../support/registry.ts';
import type { S3Server } from '../support/s3-server.ts';
import { type Parts, startParts } from './parts.ts';

type Part = 'api' | 'release' | 'sync';

/** Parts of a registry on a bucket of their own, each with its own way to it. */
export interface S3Parts extends Parts {
  /** How each part reaches the bucket. */
  readonly proxies: Readonly<Record<Part, FaultProxy>>;
  /** The requests that a part sent so far. */
  readonly sent: Readonly<Record<Part, SeenRequest[]>>;
}

/** Starts an API node and a release service on a new bucket; `syncVia` makes the worker's endpoint another one. */
export async function startS3Parts(
  server: S3Server,
  mirrors: readonly MirrorEntry[],
  syncVia: (endpoint: string) => string | Promise<string> = (endpoint) => endpoint,
): Promise<S3Parts> {
  await using cleanUp = new AsyncDisposableStack();
  const { bucket, region } = await server.newBucket();
  const { accessKey: accesskey, secretKey: secretkey } = server.credentials;
  const sent: Record<Part, SeenRequest[]> = { api: [], release: [], sync: [] };
  const start = async (part: Part) => {
    const proxy = cleanUp.use(await startFaultProxy(server.endpoint));
    proxy.rule = countInto(sent[part]);
    return proxy;
  };
  const proxies = { api: await start('api'), release: await start('release'), sync: await start('sync') };
  const syncEndpoint = await syncVia(proxies.sync.endpoint);
  const config = (part: Part, own: Readonly<Record<string, unknown>>) => {
    const regionendpoint = part === 'sync' ? syncEndpoint : proxies[part].endpoint;
    const s3 = { region, regionendpoint, bucket, accesskey, secretkey, chunksize: 5 * 1024 * 1024 };
    // It begins a minute after the start, and is none of what these tests count.
    const maintenance = { uploadpurging: { enabled: false } };
    return { ...own, storage: { s3, maintenance } };
  };
  const parts = cleanUp.use(await startParts({ mirrors, config }));
  const held = cleanUp.move();
  return { ...parts, proxies, sent, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** A rule that lets everything through and keeps what it saw. */
function countInto(sent: SeenRequest[]): FaultProxy['rule'] {
  return (request) => {
    sent.push(request);
    return undefined;
  };
}
