import pMap from 'p-map';
import { listPages } from '../compat/pulling.ts';
import { send } from '../protocol/wire.ts';
import type { Journal } from './journal.ts';
import type { Processes } from './processes.ts';
import type { Puller } from './puller.ts';
import { TAG_STALE_MS } from './settings.ts';
import type { State } from './state.ts';

const AT_ONCE = 6;
const CHECK_TIMEOUT_MS = 180_000;

/** Pulls all that was acknowledged and not deleted, by tag and by digest, with what is attached; answers how many images. */
export async function pullEverything(state: State, puller: Puller, journal: Journal): Promise<number> {
  const due = [...state.placements].filter((placement) => placement.snapshot(journal.nowMs).byDigest);
  await pMap(
    due,
    async (placement) => {
      await puller.image(placement, 'digest', 'whole');
      if (placement.tagged === 'present') await puller.image(placement, 'tag', 'none');
      await puller.artifacts(placement);
    },
    { concurrency: AT_ONCE },
  );
  for (const tag of state.sharedTags)
    await puller.shared(tag, (digest) => state.find(tag.repository, digest));
  return due.length;
}

/** Holds the lists of tags to be what was acknowledged. */
export async function compareTags(state: State, journal: Journal, url: string): Promise<void> {
  const repositories = new Set([...state.placements].map(({ repository }) => repository));
  for (const repository of repositories) {
    const listed = new Set(await tagsOf(url, repository));
    for (const placement of state.placements) {
      if (placement.repository !== repository) continue;
      const { tag, tagged, name, subjects } = placement;
      if (tagged === 'present' && !listed.has(tag)) journal.broken(`${name} is not listed`, ...subjects);
      if (tagged === 'absent' && listed.has(tag))
        journal.broken(`${name} is listed, although its deletion was acknowledged`, ...subjects);
    }
  }
}

/** None where nothing came to be: all that was to go there may have been given up. */
async function tagsOf(url: string, repository: string): Promise<string[]> {
  const list = `/v2/${repository}/tags/list?n=100`;
  const { status, body } = await send(url, list);
  if (status === 404 && body.includes('NAME_UNKNOWN')) return [];
  return listPages(url, list, 'tags');
}

/** What `roadstead check --deep` says of the store. */
export interface CheckSummary {
  readonly error: number;
  readonly warning: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly objectsRead: number;
}

/** Runs `roadstead check --deep` over the store; answers with its summary and what it has found amiss. */
export async function checkDeep({ workers }: Processes): Promise<{ summary: CheckSummary; amiss: string[] }> {
  const { stdout, stderr } = (await workers[0]?.offline(['check', '--deep', '--json'], {
    ...{ allowFailure: true, timeoutMs: CHECK_TIMEOUT_MS },
  })) ?? { stdout: '', stderr: '' };
  const lines = stdout.trimEnd().split('\n');
  const last = lines.pop() ?? '';
  if (!last.startsWith('{"summary"'))
    throw new Error(`roadstead check did not come to its end: ${stderr}${last}`);
  const amiss = lines.filter((line) => !line.includes('"severity":"info"'));
  return { summary: (JSON.parse(last) as { summary: CheckSummary }).summary, amiss };
}

/** So long nothing may change before the final check: then no node shows an older tag. */
export const SETTLED_MS = TAG_STALE_MS + 500;
