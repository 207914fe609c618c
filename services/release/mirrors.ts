import type { RouteContext } from '../http/context.ts';
import type { MirrorState } from '../registry/publishing/mirrors/mirror-states.ts';
import type { MirrorLine, Mirrors, Status } from './schemas.ts';
import type { ReleaseService } from './service.ts';

/** GET of every mirror's watermark, lag and health. */
export async function getMirrors(service: ReleaseService, ctx: RouteContext): Promise<void> {
  ctx.body = await mirrorLines(service);
}

/** GET of what is wrong, and where: everything at a glance. */
export async function getStatus(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const [{ head, mirrors }, writes] = await Promise.all([mirrorLines(service), service.writes.trouble()]);
  const problems = [
    ...service.problems(),
    ...(writes ? [`pushes and promotions fail: ${writes.detail}`] : []),
    ...mirrors.flatMap(problemsOf),
  ];
  const status = problems.length > 0 ? 'degraded' : 'ok';
  ctx.body = { status, problems, version: service.version, head, mirrors } satisfies Status;
}

function problemsOf({ name, healthy, reason, missing, trouble }: MirrorLine): string[] {
  return [
    ...(healthy ? [] : [`mirror ${name} gets no clients: ${reason ?? 'unknown'}`]),
    ...(missing > 0 ? [`mirror ${name} lacks ${missing} blobs; they will be written again`] : []),
    ...(trouble ? [`mirror ${name} cannot be published to: ${trouble}`] : []),
  ];
}

async function mirrorLines(service: ReleaseService): Promise<Mirrors> {
  const head = await service.content.log.head();
  return { head, mirrors: service.board.states.map((state) => mirrorLine(state, head)) };
}

function mirrorLine(state: MirrorState, head: number): MirrorLine {
  const { mirror, ledger, reason } = state;
  return {
    name: mirror.name,
    url: mirror.url,
    healthy: state.healthy,
    ...(reason !== undefined && { reason }),
    ...(ledger && { since: ledger.health.since, lastBeatAt: ledger.beatAt }),
    watermark: state.watermark,
    lag: Math.max(0, head - state.watermark),
    missing: state.missing.size,
    ...(ledger?.trouble !== undefined && { trouble: ledger.trouble }),
  };
}
