import type { Cell, CellResult, Round } from './cell.ts';
import type { Attempt } from './client.ts';

/** What every cell of a table has in common. */
export function settingOf(cell: Pick<Cell, 'mode' | 'nodes' | 'hasRedis' | 'when' | 'crowd'>): string {
  const { mode, nodes, hasRedis, when, crowd } = cell;
  return [
    mode === 'token' ? 'with tokens' : 'anonymous',
    nodes === 1 ? 'one node' : `${nodes} nodes`,
    hasRedis ? 'Redis' : 'no Redis',
    ...(nodes > 1 && !hasRedis ? ['by the shipped load balancer'] : []),
    when === 'mid' ? 'not yet noticed' : 'already noticed',
    ...(crowd > 1 ? [`${crowd} clients behind one address`] : []),
  ].join(', ');
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);
const succeeded = ({ attempts }: Round) => attempts.filter(({ outcome }) => outcome === 'OK').length;

/** `OK 1.4`, `FAIL 0.1; OK at 2`, or of a crowd `3 of 10; 7 of 7 at 2`. */
export function outcomeOf({ cell, first, second }: CellResult): string {
  if (cell.crowd === 1) {
    const [one, other] = [first, second].map((round) => round?.attempts[0]);
    const again = other === undefined ? '' : `; ${other.outcome === 'OK' ? 'OK' : attemptText(other)} at 2`;
    return `${attemptText(one)}${again}`;
  }
  const again = second === undefined ? '' : `; ${succeeded(second)} of ${second.attempts.length} at 2`;
  return `${succeeded(first)} of ${first.attempts.length}${again}`;
}

function attemptText(attempt: Attempt | undefined): string {
  return attempt ? `${attempt.outcome} ${seconds(attempt.tookMs)}` : '?';
}

/** `alpha x2, beta`: the requests for blobs of each round, of which each that follows an equal one is counted. */
export function askedOf({ first, second }: CellResult): string {
  const rounds = second === undefined ? [first] : [first, second];
  return rounds.map(({ asked }) => shortened(asked) || 'nothing').join(' → ');
}

function shortened(asked: readonly string[]): string {
  const runs: [string, number][] = [];
  for (const each of asked) {
    const last = runs.at(-1);
    if (last?.[0] === each) last[1]++;
    else runs.push([each, 1]);
  }
  return runs.map(([each, times]) => (times === 1 ? each : `${each} x${times}`)).join(', ');
}

/** Whether everybody has the image, at the first try or at the second. */
export function isSaved({ first, second }: CellResult): boolean {
  return succeeded(second ?? first) === (second ?? first).attempts.length;
}

/**
 * Whether `roadstead status` named the fault in time: after the first client that met it, which may still hang in it, or
 * after its beginning, where it was to be noticed before a client comes.
 */
export function isNoticedInTime({ cell, noticedMs, metMs, atAlpha }: CellResult): boolean {
  const firstMs = cell.when === 'noticed' ? 0 : (atAlpha[0]?.afterMs ?? metMs);
  return noticedMs !== undefined && noticedMs <= firstMs + cell.fault.noticedWithinMs;
}

/** One line for people: what happened, when it was noticed, and what was asked. */
export function lineOf(result: CellResult): string {
  const { cell, noticedMs, problem } = result;
  const noticed =
    noticedMs === undefined ? 'not noticed' : `noticed after ${seconds(noticedMs)} s (${problem})`;
  const words = (result.second ?? result.first).attempts.find(({ outcome }) => outcome !== 'OK')?.words;
  const said = words === undefined ? '' : `; it said: ${words.replaceAll(/\s+/g, ' ').slice(-160)}`;
  return `${cell.fault.name} × ${cell.client.name}: ${outcomeOf(result)}; ${noticed}; asked ${askedOf(result)}${said}`;
}

/** Tables in Markdown, one for each setting: what each client got under each fault, and under it what was asked. */
export function tablesOf(results: readonly CellResult[]): string {
  const settings = Map.groupBy(results, ({ cell }) => settingOf(cell));
  return [...settings].map(([setting, cells]) => `## ${setting}\n\n${tableOf(cells)}`).join('\n\n');
}

function tableOf(results: readonly CellResult[]): string {
  const clients = [...new Set(results.map(({ cell }) => cell.client.name))];
  const rows = [...Map.groupBy(results, ({ cell }) => cell.fault.name)].map(([fault, cells]) => {
    const columns = clients.map((name) => {
      const result = cells.find(({ cell }) => cell.client.name === name);
      return result ? `${outcomeOf(result)}<br>${askedOf(result)}` : '';
    });
    return [fault, ...columns, noticedBy(cells)];
  });
  const lines = [['fault', ...clients, 'noticed'], ['---', ...clients.map(() => '---'), '---'], ...rows];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `${table}\n\n${summaryOf(results)}`;
}

function noticedBy(results: readonly CellResult[]): string {
  const times = results.flatMap(({ noticedMs }) => noticedMs ?? []);
  const most = times.length > 0 ? `, at most ${seconds(Math.max(...times))} s` : '';
  return `${times.length} of ${results.length}${most}`;
}

function summaryOf(results: readonly CellResult[]): string {
  const count = (is: (result: CellResult) => boolean) => `${results.filter(is).length} of ${results.length}`;
  return [
    `first try: ${count(({ second }) => second === undefined)}`,
    `second try at the latest: ${count(isSaved)}`,
    `noticed in time: ${count(isNoticedInTime)}`,
  ].join('; ');
}
