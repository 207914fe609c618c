import { recordChange } from '../../http/audit.ts';
import { bodyOf } from '../../http/body.ts';
import type { RouteContext } from '../../http/context.ts';
import { answerEmpty } from '../../http/empty.ts';
import { param, query } from '../../http/parameters.ts';
import type { Handler } from '../../http/routes.ts';
import { OPEN_ACCESS } from '../../registry/access/grants.ts';
import type { UploadBody } from '../../registry/content/uploads.ts';
import { type Digest, isDigest, isSha256, parseDigest, parseSha256 } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import {
  isRepositoryName,
  parseUploadId,
  type RepositoryName,
  type UploadId,
} from '../../registry/oci/names.ts';
import { once } from '../../registry/runtime/once.ts';
import { tellChanges } from '../events.ts';
import type { ApiNode } from '../node.ts';
import { writableName } from '../writes.ts';
import { heldBlob } from './held-blob.ts';

/** POST: mount a blob from elsewhere, take a whole one, or open an upload (end-4a, end-4b, end-11). */
export function beginUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const name = writableName(node, ctx);
    const mount = query(ctx, 'mount');
    if (mount !== undefined && (await mountBlob(node, ctx, name, mount))) {
      node.metrics.uploads.inc({ outcome: 'mounted' });
      return answerCreated(node, ctx, name, parseDigest(mount));
    }
    checkAlgorithm(query(ctx, 'digest-algorithm'));
    const given = query(ctx, 'digest');
    const digest = given === undefined ? undefined : parseDigest(given);
    const id = await node.content.uploads.begin(name);
    if (digest !== undefined) return commit(node, ctx, name, id, digest);
    node.metrics.uploads.inc({ outcome: 'begun' });
    answerEmpty(ctx, 202);
    tellUpload(node, ctx, name, id, 0);
  };
}

/** GET: how far an upload is (end-13). */
export function getUpload(node: ApiNode): Handler {
  return async (ctx) => {
    const { name, id } = session(node, ctx);
    const sizeBytes = await node.content.uploads.sizeBytes(name, id);
    answerEmpty(ctx, 204);
    tellUpload(node, ctx, name, id, sizeBytes);
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
    tellUpload(node, ctx, name, id, sizeBytes);
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
  ctx.state.logFields['digest'] = digest;
  const isMend = isSha256(digest) && node.content.blobs.isSuspect(digest);
  try {
    const blob = await node.content.uploads.commit(name, id, digest, uploadBody(ctx), {
      onVerified: () => recordChange(node.audit, ctx, { action: 'blob.push', repository: name, digest }),
      onCommitted: ({ sizeBytes }) =>
        tellChanges(node, ctx, [{ kind: 'blob', action: 'push', repository: name, digest, sizeBytes }]),
    });
    node.metrics.uploads.inc({ outcome: 'committed' });
    node.metrics.uploadedBytes.inc(blob.sizeBytes);
    // Nodes may have the size of the bytes that were replaced in memory.
    if (isMend) node.changes.publish({ kind: 'content-removed', repository: name, digest });
  } catch (error) {
    node.metrics.uploads.inc({ outcome: 'failed' });
    await tellPosition(node, ctx, name, id, error);
    throw error;
  }
  answerCreated(node, ctx, name, digest);
}

/**
 * Mounts a blob from the repository that the client names, or, where it names none, from whichever has it (end-11). A
 * mount that cannot be done is no error: the client uploads instead.
 */
async function mountBlob(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  mount: string,
): Promise<boolean> {
  const from = query(ctx, 'from');
  if (!isDigest(mount) || (from !== undefined && !isRepositoryName(from))) return false;
  if (!(await mayMount(node, ctx, mount, from))) return false;
  const { blobs } = node.content;
  const record = once(() =>
    recordChange(node.audit, ctx, {
      action: 'blob.mount',
      repository: name,
      digest: mount,
      ...(from !== undefined && { details: { from } }),
    }),
  );
  // Asked in the store, not in the cache: what a push is told exists must exist, and stay.
  const blob = await heldBlob(
    node.content,
    from !== undefined ? await blobs.resolve(from, mount) : isSha256(mount) ? mount : undefined,
    () => (from !== undefined ? blobs.stat(from, mount) : blobs.statData(parseSha256(mount))),
    async (found) => {
      await record();
      await blobs.link(name, found.digest, mount);
    },
  );
  if (blob === undefined) return false;
  await tellChanges(node, ctx, [
    {
      kind: 'blob',
      action: 'mount',
      repository: name,
      digest: mount,
      sizeBytes: blob.sizeBytes,
      fromRepository: from,
    },
  ]);
  return true;
}

/**
 * Whether a client may be given a blob without having sent it: one of a repository that it may pull from, or, where it
 * names none, one that is published and so open to everybody. Otherwise a digest would be all that it takes to read
 * what is private.
 */
async function mayMount(node: ApiNode, ctx: RouteContext, mount: Digest, from: RepositoryName | undefined) {
  const { principal } = ctx.state;
  if (from !== undefined)
    return principal.decide({ type: 'repository', name: from, action: 'pull' }).isAllowed;
  if (principal === OPEN_ACCESS) return true;
  return isSha256(mount) && (await node.publications.number(mount)) > 0;
}

/** The specification's hint at how the closing request will name the blob; hashing needs no hint here. */
function checkAlgorithm(given: string | undefined): void {
  if (given === undefined || given === 'sha256' || given === 'sha512') return;
  throw new RegistryError('DIGEST_INVALID', 'digest-algorithm is sha256 or sha512 here', {
    algorithm: given.slice(0, 100),
  });
}

function session(node: ApiNode, ctx: RouteContext): { name: RepositoryName; id: UploadId } {
  const name = writableName(node, ctx);
  const id = parseUploadId(param(ctx, 'id'));
  ctx.state.logFields['upload'] = id;
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
  tellUpload(node, ctx, name, id, await node.content.uploads.sizeBytes(name, id));
}

function tellUpload(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  id: UploadId,
  sizeBytes: number,
): void {
  ctx.set('Location', node.urlOf(ctx, `/v2/${name}/blobs/uploads/${id}`));
  // An inclusive range cannot say "nothing": 0-0 stands for it, as in Distribution.
  ctx.set('Range', `0-${Math.max(0, sizeBytes - 1)}`);
  ctx.set('Docker-Upload-UUID', id);
}

function answerCreated(node: ApiNode, ctx: RouteContext, name: RepositoryName, digest: Digest): void {
  answerEmpty(ctx, 201);
  ctx.set('Location', node.urlOf(ctx, `/v2/${name}/blobs/${digest}`));
  ctx.set('Docker-Content-Digest', digest);
}
