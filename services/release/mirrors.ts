import type { Handler } from '../http/routes.ts';
import type { MirrorState } from '../registry/mirrors/board.ts';
import type { MirrorLine, Mirrors, Status } from './schemas.ts';
import type { ReleaseService } from './service.ts';

/** GET of every mirror's watermark, lag and health. */
export function getMirrors(service: ReleaseService): Handler {
  return async (ctx) => {
    const body: Mirrors = await mirrorLines(service);
    ctx.body = body;
  };
}

/** GET of everything at a glance, for a person at three in the morning: what is wrong, and where. */
export function getStatus(service: ReleaseService): Handler {
  return async (ctx) => {
    const { head, mirrors } = await mirrorLines(service);
    const problems = mirrors.flatMap((mirror) => [
      ...(mirror.healthy ? [] : [`mirror ${mirror.name} gets no clients: ${mirror.reason ?? 'unknown'}`]),
      ...(mirror.missing > 0
        ? [`mirror ${mirror.name} lacks ${mirror.missing} blobs; they will be written again`]
        : []),
      ...(mirror.trouble ? [`mirror ${mirror.name} cannot be published to: ${mirror.trouble}`] : []),
    ]);
    const status = problems.length > 0 ? 'degraded' : 'ok';
    const body: Status = { status, problems, version: service.version, head, mirrors };
    ctx.body = body;
  };
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
