import type { Answer } from '../faults/client.ts';
import { linesOf } from '../release/promoting.ts';
import type { TestRegistry } from '../support/registry.ts';

/** An entry as `roadstead audit --json` tells it. */
export interface ToldEntry {
  readonly at: string;
  readonly seq: number;
  readonly action: string;
  readonly requestId?: string;
  readonly digest?: string;
  readonly tags?: readonly string[];
}

/** The changes that a request makes by its acknowledgement; none where it only asks, or begins something. */
function changesOf(method: string, target: string, answer: Answer): readonly string[] {
  const { status } = answer;
  if (status === 201 && method === 'PUT')
    return [target.includes('/blobs/uploads/') ? 'blob.push' : 'manifest.push'];
  if (status === 201 && method === 'POST') return [/[?&]mount=/.test(target) ? 'blob.mount' : 'blob.push'];
  if (status === 202 && method === 'DELETE') {
    if (target.includes('/blobs/')) return ['blob.delete'];
    return [target.includes('/manifests/sha') ? 'manifest.delete' : 'tag.delete'];
  }
  if (status !== 200 || !target.startsWith('/api/v1/promotions')) return [];
  const last = linesOf(answer).at(-1);
  const isPromoted = last?.event === 'done' && last.outcome === 'promoted';
  return isPromoted ? ['promotion.publish', 'promotion.tag'] : [];
}

/** What clients were told that it was done, by the ids that their answers bore. */
export class Acknowledged {
  readonly #changes = new Map<string, readonly string[]>();

  get size(): number {
    return this.#changes.size;
  }

  /** To be told of every answer. */
  note(method: string, target: string, answer: Answer): void {
    const id = answer.header('x-request-id');
    const changes = changesOf(method, target, answer);
    if (id !== undefined && changes.length > 0) this.#changes.set(id, changes);
  }

  /** What is not so: each acknowledged change has to stand in the record once, and any other once at most. */
  missing(entries: readonly ToldEntry[]): string[] {
    const counts = new Map<string, number>();
    for (const { requestId, action } of entries)
      if (requestId !== undefined)
        counts.set(`${action} ${requestId}`, (counts.get(`${action} ${requestId}`) ?? 0) + 1);
    const wrong = [...counts].filter(([, count]) => count > 1).map(([what]) => `${what} stands twice`);
    for (const [id, changes] of this.#changes)
      for (const change of changes)
        if (!counts.has(`${change} ${id}`))
          wrong.push(`${change} ${id} was acknowledged, and does not stand`);
    return wrong;
  }
}

/** Every entry of a store's record, newest first, by the command. */
export async function entriesTold(registry: TestRegistry): Promise<ToldEntry[]> {
  const { stdout } = await registry.offline(['audit', '--json', '--limit', '0'], { timeoutMs: 180_000 });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ToldEntry);
}

/** What `roadstead audit --verify` tells, expecting every end that these have logged. */
export async function verifiedBy(registry: TestRegistry, logged: readonly TestRegistry[]) {
  const ends = logged
    .flatMap((each) => each.log())
    .flatMap(({ msg, expect }) => (msg === 'audit record: current end' ? [String(expect)] : []));
  const args = ends.flatMap((end) => ['--expect', end]);
  const { stdout, code } = await registry.offline(['audit', '--verify', '--json', ...args], {
    ...{ allowFailure: true, timeoutMs: 180_000 },
  });
  const found = JSON.parse(stdout) as {
    isWhole: boolean;
    faults: unknown[];
    records: number;
    entries: number;
    sealed: number;
  };
  return { ...found, code, ends: ends.length };
}
