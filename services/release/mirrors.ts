import type { RouteContext } from '../http/context.ts';
import type { Grants } from '../registry/access/grants.ts';
import type { MirrorState } from '../registry/publishing/mirrors/mirror-states.ts';
import { lackedLines } from './lacked-blobs.ts';
import { type MirrorAccount, notesOf, problemsOf, withShortDigests } from './mirror-words.ts';
import type { LackedLine, MirrorLine, Mirrors, Status } from './schemas.ts';
import type { ReleaseService } from './service.ts';

/** GET of every mirror's watermark, lag and health, and of what it lacks. */
export async function getMirrors(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const accounts = accountsOf(service);
  ctx.body = await mirrorLines(service, accounts, ctx.state.principal);
}

/** GET of what is wrong, and where: everything at a glance. */
export async function getStatus(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const accounts = accountsOf(service);
  const [{ head, mirrors }, writes] = await Promise.all([
    mirrorLines(service, accounts, ctx.state.principal),
    service.writes.trouble(),
  ]);
  const problems = [
    ...service.problems(),
    ...(writes ? [`pushes and promotions fail: ${writes.detail}`] : []),
    ...accounts.flatMap(problemsOf),
  ];
  const status = problems.length > 0 ? 'degraded' : 'ok';
  ctx.body = { status, problems, version: service.version, head, mirrors } satisfies Status;
}

/** One moment of all mirrors. */
function accountsOf({ board }: ReleaseService): Account[] {
  return board.states.map(accountOf);
}

interface Account extends MirrorAccount {
  readonly state: MirrorState;
}

function accountOf(state: MirrorState): Account {
  const { mirror, healthy, reason } = state;
  const { confirmed, trouble, warnings = [], missing: lacks = [] } = state.ledger ?? {};
  // While it is looked through, nodes go by what is confirmed.
  const watermark = confirmed === undefined ? state.watermark : (state.ledger?.watermark ?? state.watermark);
  const account = { name: mirror.name, healthy, reason, watermark, confirmed, trouble, warnings };
  return { ...account, lacks, state };
}

async function mirrorLines(
  { content }: ReleaseService,
  accounts: readonly Account[],
  client: Grants,
): Promise<Mirrors> {
  const head = await content.log.head();
  const lacked = await lackedLines(
    accounts.map(({ lacks }) => lacks),
    content.log,
    client,
  );
  return { head, mirrors: accounts.map((account, i) => mirrorLine(account, lacked[i] ?? [], head)) };
}

function mirrorLine(account: Account, lacks: LackedLine[], head: number): MirrorLine {
  const { state, reason, watermark, confirmed, trouble, warnings } = account;
  return {
    name: account.name,
    url: state.mirror.url,
    healthy: account.healthy,
    ...(reason !== undefined && { reason: withShortDigests(reason) }),
    ...(state.ledger && { since: state.ledger.health.since, lastBeatAt: state.ledger.beatAt }),
    watermark,
    lag: Math.max(0, head - watermark),
    ...(confirmed !== undefined && { confirmed }),
    ...{ missing: account.lacks.length, lacks },
    ...(trouble !== undefined && { trouble: withShortDigests(trouble) }),
    warnings: warnings.map(withShortDigests),
    notes: notesOf(account),
  };
}
