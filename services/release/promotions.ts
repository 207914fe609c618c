import { finished } from 'node:stream';
import { recordChange } from '../http/audit.ts';
import type { RouteContext } from '../http/context.ts';
import { answerTo } from '../http/errors.ts';
import { readJson } from '../http/json.ts';
import { requestInfoOf } from '../http/request-info.ts';
import type { Handler } from '../http/routes.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { parseImageName, printImageName } from '../registry/oci/names.ts';
import {
  type PromotionPlan,
  type PromotionRequest,
  planPromotion,
} from '../registry/publishing/promotion/plan.ts';
import { promote } from '../registry/publishing/promotion/promote.ts';
import { type PromotionEventLine, PromotionRequestBody } from './schemas.ts';
import type { ReleaseService } from './service.ts';

const BODY_MAX_BYTES = 64 * 1024;

/**
 * POST of a promotion. What is wrong with the request or the image is answered with a status; then each step is
 * told as a line of JSON as it happens, and the last line is `done` or `failed`. A client that goes away while mirrors
 * are awaited stops the promotion before its tag moves; asking again finishes it.
 */
export function postPromotion(service: ReleaseService): Handler {
  return async (ctx) => {
    const body = await parseBody(ctx);
    const request = parseRequest(body.source, body.target);
    ctx.state.logFields['repository'] = request.target.repository;
    ctx.state.principal = await service.authenticator.authorize(ctx, [
      { type: 'repository', name: request.target.repository, action: 'promote' },
      { type: 'repository', name: request.source.repository, action: 'pull' },
    ]);
    // Who says who they are is believed only where nobody can be asked.
    const actor = ctx.state.principal.name || body.actor;
    const mirrors = service.board.states.length;
    if (body.waitMirrors > mirrors)
      throw new RegistryError(
        'PARAMETER_INVALID',
        `waiting for ${body.waitMirrors} mirrors would never end: ${mirrors} ${mirrors === 1 ? 'is' : 'are'} configured`,
      );
    if (!body.dryRun) service.readOnly.refuseWrites();
    const plan = await planPromotion(service.content, service.policy, request);
    ctx.state.logFields['digest'] = plan.digest;

    ctx.respond = false;
    ctx.res.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
    const tell = (line: PromotionEventLine) => ctx.res.write(`${JSON.stringify(line)}\n`);
    tell(planned(plan));
    const gone = new AbortController();
    finished(ctx.res, () => gone.abort());
    try {
      if (!body.dryRun)
        for await (const event of promote(service.content, service.board, service.changes, plan, {
          actor,
          waitMirrors: body.waitMirrors,
          waitTimeoutMs: body.waitTimeoutMs,
          signal: AbortSignal.any([gone.signal, service.signal]),
          beforePublished: () => recordPublication(service, ctx, plan, actor),
          beforeTagged: async (seq) => {
            await recordTag(service, ctx, plan, seq);
            await tellEndpoints(service, ctx, plan, actor);
          },
        }))
          tell(event.event === 'waiting' ? { ...event, ready: [...event.ready] } : event);
      const outcome = plan.alreadyThere ? 'already-there' : body.dryRun ? 'dry-run' : 'promoted';
      service.metrics.promotions.inc({ outcome });
      ctx.state.logFields['outcome'] = outcome;
      tell({ event: 'done', outcome });
    } catch (error) {
      service.metrics.promotions.inc({ outcome: 'failed' });
      ctx.state.logFields['outcome'] = 'failed';
      tell({ event: 'failed', error: answerTo(stopped(service, error), ctx.state.requestId).body.errors[0] });
      // Told in the answer's last line, so the connection stays; what is ours to mend goes into the log as well.
      if (!(error instanceof RegistryError) && !gone.signal.aborted)
        service.logger.error({ err: error, requestId: ctx.state.requestId }, 'a promotion failed');
    } finally {
      ctx.res.end();
    }
  };
}

/** A promotion changes two things, and may end between them: what is public, and what the tag names. */
function recordPublication(
  { audit }: ReleaseService,
  ctx: RouteContext,
  { source, target, digest }: PromotionPlan,
  actor: string,
): Promise<void> {
  return recordChange(audit, ctx, {
    action: 'promotion.publish',
    repository: target.repository,
    digest,
    details: { source: printImageName(source), actor },
  });
}

function recordTag(
  { audit }: ReleaseService,
  ctx: RouteContext,
  { source, target, image, digest, previousDigest }: PromotionPlan,
  publication: number,
): Promise<void> {
  return recordChange(audit, ctx, {
    action: 'promotion.tag',
    repository: target.repository,
    tags: [target.tag, ...image.attached.map(({ tag }) => tag)],
    digest,
    details: { source: printImageName(source), publication, ...(previousDigest && { previousDigest }) },
  });
}

/** To those who are notified of pushes, a promotion is the push of its target. */
async function tellEndpoints(
  service: ReleaseService,
  ctx: RouteContext,
  { target, image, digest }: PromotionPlan,
  actor: string,
): Promise<void> {
  const manifest = image.manifests.find((each) => each.digest === digest);
  if (!service.notifier.wantsChanges || manifest === undefined) return;
  const { mediaType, bytes } = manifest;
  await service.notifier.changed(
    [{ kind: 'manifest', action: 'push', ...target, mediaType, digest, bytes }],
    requestInfoOf(ctx, service.baseUrlOf(ctx, ''), actor),
  );
}

function stopped(service: ReleaseService, error: unknown): unknown {
  if (!service.signal.aborted) return error;
  return new RegistryError(
    'UNAVAILABLE',
    'the release service is shutting down; the tag was not moved: promote again',
  );
}

async function parseBody(ctx: RouteContext): Promise<ReturnType<typeof PromotionRequestBody.parse>> {
  // A browser sends other types to any address without asking first; this one it may not.
  if (ctx.get('content-type').split(';')[0] !== 'application/json')
    throw new RegistryError('MEDIA_TYPE_UNSUPPORTED', 'send the promotion as application/json');
  return readJson(ctx, PromotionRequestBody, BODY_MAX_BYTES);
}

function parseRequest(source: string, target: string): PromotionRequest {
  const { repository, reference } = parseImageName(target);
  if (reference.kind === 'digest')
    throw new RegistryError('TAG_INVALID', 'a promotion moves a tag: write the target as name:tag');
  return { source: parseImageName(source), target: { repository, tag: reference.tag } };
}

function planned(plan: PromotionPlan): PromotionEventLine {
  const bytes = (blobs: readonly { sizeBytes: number }[]) =>
    blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  return {
    event: 'planned',
    source: printImageName(plan.source),
    target: `${plan.target.repository}:${plan.target.tag}`,
    digest: plan.digest,
    ...(plan.previousDigest && { previousDigest: plan.previousDigest }),
    manifests: plan.image.manifests.length,
    blobs: plan.image.blobs.length,
    sizeBytes: bytes(plan.image.blobs),
    newBlobs: plan.unpublished.length,
    newBytes: bytes(plan.unpublished),
    ...(plan.image.nonDistributable.length > 0 && {
      nonDistributableBlobs: plan.image.nonDistributable.length,
      nonDistributableBytes: bytes(plan.image.nonDistributable),
    }),
  };
}
