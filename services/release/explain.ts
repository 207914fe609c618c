import ipaddr from 'ipaddr.js';
import type { RouteContext } from '../http/context.ts';
import { query } from '../http/parameters.ts';
import type { AccessRequest } from '../registry/access/access-request.ts';
import { SMALL_BLOB_MAX_BYTES } from '../registry/content/integrity.ts';
import { parseDigest, type Sha256Digest } from '../registry/oci/digest.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { parseRepositoryName } from '../registry/oci/names.ts';
import type { Ineligibility } from '../registry/publishing/mirrors/eligible.ts';
import { type Decision, ineligibilities, locate } from '../registry/publishing/mirrors/locate.ts';
import type { MirrorState } from '../registry/publishing/mirrors/mirror-states.ts';
import type { Tier } from '../registry/publishing/mirrors/tiers.ts';
import { UNTROUBLED } from '../registry/publishing/mirrors/trouble/history.ts';
import type { Explanation } from './schemas.ts';
import type { ReleaseService } from './service.ts';

/** Pull access to the repository in question. */
export function pullOfAsked(ctx: RouteContext): readonly AccessRequest[] {
  return [{ type: 'repository', name: parseRepositoryName(required(ctx, 'repository')), action: 'pull' }];
}

/** GET of where a client would be sent for a blob, and why: the decision of the API nodes, replayed. */
export async function getExplanation(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const repository = parseRepositoryName(required(ctx, 'repository'));
  const digest = parseDigest(required(ctx, 'digest'));
  const client = query(ctx, 'client');
  if (client !== undefined && !ipaddr.isValid(client))
    throw new RegistryError('PARAMETER_INVALID', 'query parameter client: expected an IP address', {
      client: client.slice(0, 100),
    });

  const blob = await service.content.blobs.stat(repository, digest);
  const publication = blob ? ((await service.content.published.number(blob.digest)) ?? 0) : 0;
  const request = blob && {
    digest: blob.digest,
    publication,
    sizeBytes: blob.sizeBytes,
    clientAddress: client,
    mirrors: service.redirects ? service.board.states : [],
    smallBlobMaxBytes: SMALL_BLOB_MAX_BYTES,
    history: UNTROUBLED,
  };
  const decision = request ? locate(request) : null;
  ctx.body = {
    repository,
    digest,
    ...(client !== undefined && { client }),
    blob: blob ? { sizeBytes: blob.sizeBytes } : null,
    publication: publication === 0 ? null : publication,
    decision,
    text: decision ? sentence(decision) : `404: ${repository} has no such blob`,
    mirrors: (request ? ineligibilities(request) : []).map(({ mirror, ineligibility }, i) => ({
      name: mirror,
      obstacle: ineligibility ?? (publication === 0 ? 'unpublished' : null),
      detail: detailOf(service.board.states[i], ineligibility, publication, blob?.digest),
    })),
  } satisfies Explanation;
}

function required(ctx: RouteContext, name: string): string {
  const value = query(ctx, name);
  if (value === undefined) throw new RegistryError('PARAMETER_INVALID', `query parameter ${name} is missing`);
  return value;
}

const REASONS: Record<Extract<Decision, { kind: 'serve' }>['reason'], string> = {
  small: `blobs up to ${SMALL_BLOB_MAX_BYTES} bytes are answered at once, without a redirect`,
  retried: 'the client came back from a mirror just now, and every other one may have failed it, too',
  unpublished: 'it is not published: no promotion has made it public',
  'no-mirrors': 'no mirrors are configured, or redirects are switched off',
  behind: 'no healthy mirror has caught up with its publication',
  missing: 'the mirrors that could serve it lack it',
  unhealthy: 'no mirror is healthy',
};

const RULES: Record<Tier, string> = {
  netblock: 'the client is in one of its netblocks',
  anywhere: 'no mirror is nearer',
};

function sentence(decision: Decision): string {
  if (decision.kind === 'serve') return `the node serves the blob itself: ${REASONS[decision.reason]}`;
  return `302 to ${decision.mirror}: it holds the blob, is healthy, and ${RULES[decision.rule]}`;
}

function detailOf(
  state: MirrorState | undefined,
  ineligibility: Ineligibility | undefined,
  publication: number,
  digest: Sha256Digest | undefined,
): string | null {
  if (state === undefined || ineligibility === undefined) return null;
  const details: Record<Ineligibility, string | null> = {
    unhealthy: state.reason ?? null,
    behind: whyBehind(state, publication),
    missing: whyMissing(state, digest),
  };
  return details[ineligibility];
}

function whyBehind({ watermark, ledger }: MirrorState, publication: number): string {
  const confirmed = ledger?.confirmed;
  return confirmed === undefined
    ? `watermark ${watermark}, publication ${publication}`
    : `looked through up to publication ${confirmed} after an absence, publication ${publication}`;
}

function whyMissing({ ledger }: MirrorState, digest: Sha256Digest | undefined): string {
  const lacked = ledger?.missing.find((blob) => blob.digest === digest);
  if (lacked === undefined) return 'it lacks the blob';
  return `${lacked.reason}${lacked.retryAt === undefined ? '' : `; tried again at ${lacked.retryAt}`}`;
}
