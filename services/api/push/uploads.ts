import { bodyOf } from '../../http/body.ts';
import { answerEmpty } from '../../http/empty.ts';
import { type Handler, param, query, type RouteContext } from '../../http/routes.ts';
import type { UploadBody } from '../../registry/content/uploads.ts';
import { type Digest, isDigest, parseDigest } from '../../registry/digest.ts';
import { RegistryError } from '../../registry/errors.ts';
import {
  isRepositoryName,
  parseRepositoryName,
  parseUploadId,
  type RepositoryName,
  type UploadId,
} from '../../registry/names.ts';
import { refusePushToStable } from '../../registry/promotion/policy.ts';
import type { ApiNode } from '../node.ts';

/** POST: mount a blob from elsewhere, take a whole one, or open an upload (end-4a, end-4b, end-11). */
export function beginUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const name = writableName(node, ctx);
    const mount = query(ctx, 'mount');
    if (mount !== undefined && (await mountBlob(node, name, mount, query(ctx, 'from')))) {
      node.metrics.uploads.inc({ outcome: 'mounted' });
      return answerCreated(ctx, name, parseDigest(mount));
    }
    const given = query(ctx, 'digest');
    const digest = given === undefined ? undefined : parseDigest(given);
    const id = await node.content.uploads.begin(name);
    if (digest !== undefined) return commit(node, ctx, name, id, digest);
    node.metrics.uploads.inc({ outcome: 'begun' });
    answerEmpty(ctx, 202);
    tellUpload(ctx, name, id, 0);
  };
}

/** GET: how far an upload is (end-13). */
export function getUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const { name, id } = session(node, ctx);
    const sizeBytes = await node.content.uploads.sizeBytes(name, id);
    answerEmpty(ctx, 204);
    tellUpload(ctx, name, id, sizeBytes);
  };
}

/** PATCH: the next bytes (end-5). */
export function appendToUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const { name, id } = session(node, ctx);
    const sizeBytes = await node.content.uploads
      .append(name, id, uploadBody(ctx))
      .catch(async (error: unknown) => {
        await tellPosition(node, ctx, name, id, error);
        throw error;
      });
    answerEmpty(ctx, 202);
    tellUpload(ctx, name, id, sizeBytes);
  };
}

/** PUT: the last bytes, if any, and the digest of them all (end-6). */
export function commitUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const { name, id } = session(node, ctx);
    const digest = query(ctx, 'digest');
    if (digest === undefined)
      throw new RegistryError('DIGEST_INVALID', 'closing an upload takes ?digest=sha256:…');
    await commit(node, ctx, name, id, parseDigest(digest));
  };
}

/** DELETE: give an upload up (end-14). */
export function cancelUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const { name, id } = session(node, ctx);
    await node.content.uploads.cancel(name, id);
    node.metrics.uploads.inc({ outcome: 'cancelled' });
    answerEmpty(ctx, 204);
  };
}

async function commit(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  id: UploadId,
  digest: Digest,
): Promise<void> {
  ctx.state.facts['digest'] = digest;
  try {
    const blob = await node.content.uploads.commit(name, id, digest, uploadBody(ctx));
    node.metrics.uploads.inc({ outcome: 'committed' });
    node.metrics.uploadedBytes.inc(blob.sizeBytes);
  } catch (error) {
    node.metrics.uploads.inc({ outcome: 'failed' });
    await tellPosition(node, ctx, name, id, error);
    throw error;
  }
  answerCreated(ctx, name, digest);
}

/** A mount that cannot be done is no error: the client uploads instead. */
async function mountBlob(
  node: ApiNode,
  name: RepositoryName,
  mount: string,
  from: string | undefined,
): Promise<boolean> {
  if (from === undefined || !isDigest(mount) || !isRepositoryName(from)) return false;
  // Asked in the store, not in the cache: what a push is told exists must exist.
  const blob = await node.content.blobs.stat(from, mount);
  if (blob === undefined) return false;
  await node.content.blobs.link(name, blob.digest);
  return true;
}

function writableName(node: ApiNode, ctx: RouteContext): RepositoryName {
  const name = parseRepositoryName(param(ctx, 'name'));
  ctx.state.facts['repository'] = name;
  refusePushToStable(node.policy, name);
  return name;
}

function session(node: ApiNode, ctx: RouteContext): { name: RepositoryName; id: UploadId } {
  const name = writableName(node, ctx);
  const id = parseUploadId(param(ctx, 'id'));
  ctx.state.facts['upload'] = id;
  return { name, id };
}

function uploadBody(ctx: RouteContext): UploadBody {
  const length = ctx.get('content-length');
  const isChunked = ctx.get('transfer-encoding') !== '';
  return {
    stream: bodyOf(ctx.req),
    sizeBytes: length !== '' ? Number(length) : isChunked ? undefined : 0,
    range: contentRange(ctx.get('content-range')),
  };
}

/** `<first>-<last>`, as the specification has it (without RFC 9110's unit, which some clients send all the same). */
function contentRange(header: string): UploadBody['range'] {
  if (header === '') return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match && first <= last) return { first, last };
  throw new RegistryError('RANGE_INVALID', 'Content-Range is <first byte>-<last byte>', {
    contentRange: header.slice(0, 100),
  });
}

/** With 416 the client learns where to go on. */
async function tellPosition(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  id: UploadId,
  error: unknown,
): Promise<void> {
  if (!(error instanceof RegistryError) || error.kind !== 'RANGE_INVALID') return;
  tellUpload(ctx, name, id, await node.content.uploads.sizeBytes(name, id));
}

function tellUpload(ctx: RouteContext, name: RepositoryName, id: UploadId, sizeBytes: number): void {
  ctx.set('Location', `/v2/${name}/blobs/uploads/${id}`);
  // An inclusive range cannot say "nothing": 0-0 stands for it, as in Distribution.
  ctx.set('Range', `0-${Math.max(0, sizeBytes - 1)}`);
  ctx.set('Docker-Upload-UUID', id);
}

function answerCreated(ctx: RouteContext, name: RepositoryName, digest: Digest): void {
  answerEmpty(ctx, 201);
  ctx.set('Location', `/v2/${name}/blobs/${digest}`);
  ctx.set('Docker-Content-Digest', digest);
}
