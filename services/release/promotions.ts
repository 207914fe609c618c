import { finished } from 'node:stream';
import type { z } from 'zod';
import type { RouteContext } from '../http/context.ts';
import { answerTo } from '../http/errors.ts';
import { readJson } from '../http/json.ts';
import { requesterOf } from '../http/requester.ts';
import { parseDigest } from '../registry/oci/digest.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { parseImageName, parseTag } from '../registry/oci/names.ts';
import {
  type PromotionRequest,
  planPromotion,
  refuseAttaching,
} from '../registry/publishing/promotion/plan.ts';
import { promote } from '../registry/publishing/promotion/promote.ts';
import { plannedLine } from './planned-line.ts';
import { type PromotionEventLine, PromotionRequestBody } from './schemas.ts';
import type { ReleaseService } from './service.ts';

const BODY_MAX_BYTES = 64 * 1024;

/**
 * POST of a promotion. Problems with the request or the image are answered with a status. After that each step is
 * written as a line of JSON as it happens, and the last line is `done` or `failed`. A client that goes away while the
 * promotion waits for mirrors stops it before its tag moves; asking again finishes it.
 */
export async function postPromotion(service: ReleaseService, ctx: RouteContext): Promise<void> {
  // A browser sends other types to any address without asking first, but not this one.
  if (ctx.get('content-type').split(';')[0] !== 'application/json')
    throw new RegistryError('MEDIA_TYPE_UNSUPPORTED', 'send the promotion as application/json');
  const body = await readJson(ctx, PromotionRequestBody, BODY_MAX_BYTES);
  const request = parseRequest(body);
  ctx.state.logFields['repository'] = request.target.repository;
  ctx.state.principal = await service.authenticator.authorize(ctx, [
    { type: 'repository', name: request.target.repository, action: 'promote' },
    { type: 'repository', name: request.source.repository, action: 'pull' },
  ]);
  // The name in the body counts only where there is no authentication.
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

  const startedAt = performance.now();
  ctx.respond = false;
  ctx.res.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const write = (line: PromotionEventLine) => ctx.res.write(`${JSON.stringify(line)}\n`);
  write(plannedLine(plan, ctx.state.principal.maySee(request.target.repository)));
  const gone = new AbortController();
  finished(ctx.res, () => gone.abort());
  try {
    const { waitMirrors, waitTimeoutMs } = body;
    const signal = AbortSignal.any([gone.signal, service.signal]);
    const options = { actor, waitMirrors, waitTimeoutMs, signal };
    if (body.dryRun) refuseAttaching(plan);
    else
      for await (const event of promote(service, requesterOf(service, ctx, actor), plan, options))
        write(event.event === 'waiting' ? { ...event, ready: [...event.ready] } : event);
    const outcome = plan.alreadyThere ? 'already-there' : body.dryRun ? 'dry-run' : 'promoted';
    service.metrics.promoted(outcome, performance.now() - startedAt);
    ctx.state.logFields['outcome'] = outcome;
    write({ event: 'done', outcome });
  } catch (error) {
    service.metrics.promoted('failed', performance.now() - startedAt);
    ctx.state.logFields['outcome'] = 'failed';
    write({
      event: 'failed',
      error: answerTo(stopped(service, error), ctx.state.requestId).body.errors[0],
    });
    // The answer's last line has it, so the connection stays; a fault of ours goes into the log as well.
    if (!(error instanceof RegistryError) && !gone.signal.aborted)
      service.logger.error({ err: error, requestId: ctx.state.requestId }, 'a promotion failed');
  } finally {
    ctx.res.end();
  }
}

function stopped(service: ReleaseService, error: unknown): unknown {
  if (!service.signal.aborted) return error;
  return new RegistryError(
    'UNAVAILABLE',
    'the release service is shutting down; the tag was not moved: promote again',
  );
}

function parseRequest({
  source,
  target,
  replaceAttached,
  attachTo,
}: z.output<typeof PromotionRequestBody>): PromotionRequest {
  const { repository, reference } = parseImageName(target);
  if (reference.kind === 'digest')
    throw new RegistryError('TAG_INVALID', 'a promotion moves a tag: write the target as name:tag');
  return {
    source: parseImageName(source),
    target: { repository, tag: reference.tag },
    replaceAttached: replaceAttached.map(parseTag),
    attachTo: attachTo.map(parseDigest),
  };
}
