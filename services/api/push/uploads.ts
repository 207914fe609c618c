import { bodyOf } from '../../http/body.ts';
import type { RouteContext } from '../../http/context.ts';
import { answerEmpty } from '../../http/empty.ts';
import { goneSignal } from '../../http/gone.ts';
import { param, query } from '../../http/parameters.ts';
import { requesterOf } from '../../http/requester.ts';
import { OPEN_ACCESS } from '../../registry/access/grants.ts';
import { mountBlob, pushBlob } from '../../registry/content/push-blob.ts';
import type { UploadPlace } from '../../registry/content/upload-records.ts';
import type { UploadBody } from '../../registry/content/uploads.ts';
import { type Digest, isDigest, isSha256, parseDigest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { isRepositoryName, parseUploadId, type RepositoryName } from '../../registry/oci/names.ts';
import type { ApiNode } from '../node.ts';
import { writableName } from '../writes.ts';

/** POST: mount a blob from elsewhere, take a whole one, or open an upload (end-4a, end-4b, end-11). */
export async function beginUpload(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = writableName(node, ctx);
  const mount = query(ctx, 'mount');
  if (mount !== undefined && (await mounted(node, ctx, name, mount))) {
    node.metrics.uploads.inc({ outcome: 'mounted' });
    return answerCreated(node, ctx, name, parseDigest(mount));
  }
  checkAlgorithm(query(ctx, 'digest-algorithm'));
  const given = query(ctx, 'digest');
  const digest = given === undefined ? undefined : parseDigest(given);
  const place = { name, id: await node.content.uploads.begin(name) };
  if (digest !== undefined) return commit(node, ctx, place, digest);
  node.metrics.uploads.inc({ outcome: 'begun' });
  answerEmpty(ctx, 202);
  setUploadHeaders(node, ctx, place, 0);
}

/** GET: how far an upload is (end-13). */
export async function getUpload(node: ApiNode, ctx: RouteContext): Promise<void> {
  const place = uploadOf(node, ctx);
  const sizeBytes = await node.content.uploads.sizeBytes(place);
  answerEmpty(ctx, 204);
  setUploadHeaders(node, ctx, place, sizeBytes);
}

/** PATCH: the next bytes (end-5). */
export async function appendToUpload(node: ApiNode, ctx: RouteContext): Promise<void> {
  const place = uploadOf(node, ctx);
  const sizeBytes = await node.content.uploads
    .append(place, uploadBody(ctx))
    .catch((error: unknown) => failAt(node, ctx, place, error));
  answerEmpty(ctx, 202);
  setUploadHeaders(node, ctx, place, sizeBytes);
}

/** PUT: the last bytes, if any, and the digest of them all (end-6). */
export async function commitUpload(node: ApiNode, ctx: RouteContext): Promise<void> {
  const place = uploadOf(node, ctx);
  const digest = query(ctx, 'digest');
  if (digest === undefined)
    throw new RegistryError('DIGEST_INVALID', 'closing an upload takes ?digest=sha256:…');
  await commit(node, ctx, place, parseDigest(digest));
}

/** DELETE: give an upload up (end-14). */
export async function cancelUpload(node: ApiNode, ctx: RouteContext): Promise<void> {
  await node.content.uploads.cancel(uploadOf(node, ctx));
  node.metrics.uploads.inc({ outcome: 'cancelled' });
  answerEmpty(ctx, 204);
}

async function commit(node: ApiNode, ctx: RouteContext, place: UploadPlace, digest: Digest): Promise<void> {
  ctx.state.logFields['digest'] = digest;
  try {
    const gone = goneSignal(ctx.res);
    const blob = await pushBlob(node, requesterOf(node, ctx), place, digest, uploadBody(ctx), gone);
    node.metrics.uploads.inc({ outcome: 'committed' });
    node.metrics.uploadedBytes.inc(blob.sizeBytes);
  } catch (error) {
    node.metrics.uploads.inc({ outcome: 'failed' });
    await failAt(node, ctx, place, error);
  }
  answerCreated(node, ctx, place.name, digest);
}

/**
 * Mounts a blob from the repository that the client names, or, where it names none, from any that has it (end-11). A
 * mount that cannot be done is no error: the client uploads instead.
 */
async function mounted(
  node: ApiNode,
  ctx: RouteContext,
  repository: RepositoryName,
  digest: string,
): Promise<boolean> {
  const from = query(ctx, 'from');
  if (!isDigest(digest) || (from !== undefined && !isRepositoryName(from))) return false;
  if (!(await mayMount(node, ctx, digest, from))) return false;
  return mountBlob(node, requesterOf(node, ctx), { repository, digest, from, signal: goneSignal(ctx.res) });
}

/**
 * Whether a client may be given a blob that it has not sent: one of a repository that it may pull from, or, where it
 * names none, one that is public now, as at the origin path. Otherwise a digest would be enough to read private content.
 */
async function mayMount(node: ApiNode, ctx: RouteContext, mount: Digest, from: RepositoryName | undefined) {
  const { principal } = ctx.state;
  if (from !== undefined)
    return principal.decide({ type: 'repository', name: from, action: 'pull' }).isAllowed;
  if (principal === OPEN_ACCESS) return true;
  if (!isSha256(mount)) return false;
  const seq = await node.publications.number(mount);
  return seq > 0 && (await node.publicBlobs.audience(mount, seq, ctx.state.clientAddress)) !== 'nobody';
}

/** The specification's hint at the algorithm of the closing request; checked, but hashing needs no hint here. */
function checkAlgorithm(given: string | undefined): void {
  if (given === undefined || given === 'sha256' || given === 'sha512') return;
  throw new RegistryError('DIGEST_INVALID', 'digest-algorithm is sha256 or sha512 here', {
    algorithm: given.slice(0, 100),
  });
}

function uploadOf(node: ApiNode, ctx: RouteContext): UploadPlace {
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

/** `<first>-<last>`, as the specification has it (without RFC 9110's unit, which some clients send anyway). */
function contentRange(header: string): UploadBody['range'] {
  if (header === '') return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match && first <= last) return { first, last };
  throw new RegistryError('RANGE_INVALID', 'Content-Range is <first byte>-<last byte>', {
    contentRange: header.slice(0, 100),
  });
}

/** Throws the error again; an answer 416 says where the client is to continue. */
async function failAt(node: ApiNode, ctx: RouteContext, place: UploadPlace, error: unknown): Promise<never> {
  if (error instanceof RegistryError && error.kind === 'RANGE_INVALID')
    setUploadHeaders(node, ctx, place, await node.content.uploads.sizeBytes(place));
  throw error;
}

function setUploadHeaders(
  node: ApiNode,
  ctx: RouteContext,
  { name, id }: UploadPlace,
  sizeBytes: number,
): void {
  ctx.set('Location', node.urlOf(ctx, `/v2/${name}/blobs/uploads/${id}`));
  // An inclusive range cannot say "nothing": 0-0 means that, as in Distribution.
  ctx.set('Range', `0-${Math.max(0, sizeBytes - 1)}`);
  ctx.set('Docker-Upload-UUID', id);
}

function answerCreated(node: ApiNode, ctx: RouteContext, name: RepositoryName, digest: Digest): void {
  answerEmpty(ctx, 201);
  ctx.set('Location', node.urlOf(ctx, `/v2/${name}/blobs/${digest}`));
  ctx.set('Docker-Content-Digest', digest);
}
