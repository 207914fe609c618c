import { Sealer } from '../../services/registry/audit/seal.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { entriesOf } from '../audit/world.ts';
import type { World } from './scenario.ts';

type Entry = Awaited<ReturnType<typeof entriesOf>>[number];

/** As the processes of the matrix have it. */
const sealer = Sealer.of('a secret of all nodes, in a test of deaths');

/**
 * Throws unless the record is whole, what was acknowledged stands in it once, nothing stands twice, and whatever can be
 * seen, or was there and has gone, has its entry: no change without one, whenever the process died.
 */
export async function expectRecorded({ stored, memory }: Pick<World, 'stored' | 'memory'>): Promise<void> {
  const { faults } = await verifyAudit(stored, { sealer });
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('; '));
  const entries = await entriesOf(stored);
  const once = new Set<string>();
  for (const { requestId, action } of entries) {
    if (requestId !== undefined && once.has(`${requestId} ${action}`))
      throw new Error(`${action} stands twice`);
    once.add(`${requestId} ${action}`);
  }
  for (const [key, text] of memory) if (key.startsWith('answered ')) expectEntry(entries, key.slice(9), text);
  await expectVisible(stored, entries);
  await expectGone(stored, entries, [...memory.values()]);
}

/** What was answered so has changed something. */
const CHANGES = /^(?:201 PUT|202 DELETE|201 POST .*[?&]mount=) ?/;

function expectEntry(entries: readonly Entry[], requestId: string, answered: string): void {
  const count = entries.filter((entry) => entry.requestId === requestId).length;
  if (CHANGES.test(answered) ? count !== 1 : count > 1)
    throw new Error(`${answered} was answered, and stands in the record ${count} times`);
}

async function expectVisible(stored: World['stored'], entries: readonly Entry[]): Promise<void> {
  const content = contentOf(stored);
  const has = (repository: string, actions: readonly string[], isIt: (entry: Entry) => boolean) =>
    entries.some((entry) => entry.repository === repository && actions.includes(entry.action) && isIt(entry));
  for await (const name of content.catalog.all()) {
    const { tags } = await content.tags.list(name, { last: undefined, limit: 1000 });
    for (const tag of tags) {
      const target = await content.tags.target(name, tag);
      const isTag = (entry: Entry) => entry.tags?.includes(tag) === true;
      const moved = has(
        name,
        ['manifest.push', 'promotion.tag'],
        (entry) => isTag(entry) && entry.digest === target?.digest,
      );
      // What is attached moves along, and has another digest.
      if (!moved && !has(name, ['promotion.tag'], isTag))
        throw new Error(`${name}:${tag} moved without an entry`);
    }
    if (!name.startsWith('candidate/')) {
      if (!has(name, ['promotion.publish'], () => true))
        throw new Error(`${name} has content without an entry`);
      continue;
    }
    for (const [part, actions] of [
      ['_manifests/revisions', ['manifest.push']],
      ['_layers', ['blob.push', 'blob.mount']],
    ] as const)
      for (const digest of linked(stored, name, part))
        if (!has(name, actions, (entry) => entry.digest === digest))
          throw new Error(`${name} has ${digest} without an entry`);
  }
}

function linked({ held }: World['stored'], name: RepositoryName, part: string): string[] {
  const prefix = `docker/registry/v2/repositories/${name}/${part}/sha256/`;
  return [...held.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => `sha256:${key.slice(prefix.length, prefix.length + 64)}`);
}

/** What was pushed and is not there: somebody deleted it, and that was recorded. */
async function expectGone(
  stored: World['stored'],
  entries: readonly Entry[],
  answers: readonly string[],
): Promise<void> {
  const { tags } = contentOf(stored);
  for (const answer of answers) {
    const [, name = '', reference = ''] = /^201 PUT \/v2\/(.+)\/manifests\/(\w+)$/.exec(answer) ?? [];
    if (name === '' || (await tags.has(name as RepositoryName, reference as never))) continue;
    const isDeleted = ({ action, repository, tags: gone = [] }: Entry) =>
      repository === name && action.endsWith('.delete') && gone.includes(reference);
    if (!entries.some(isDeleted)) throw new Error(`${name}:${reference} was deleted without an entry`);
  }
  const collected = entries
    .filter(({ action }) => action === 'garbage.delete')
    .flatMap(({ details }) => details?.['digests']);
  for (const { action, digest = '' } of entries) {
    const data = `docker/registry/v2/blobs/${digest.slice(0, 9).replace(':', '/')}/${digest.slice(7)}/data`;
    if (action !== 'blob.push' || stored.held.has(data) || collected.includes(digest)) continue;
    // One whose process died before it was there.
    const isAcknowledged = answers.some((answer) => answer.startsWith('201 PUT') && answer.includes(digest));
    if (isAcknowledged) throw new Error(`${digest} was collected without an entry`);
  }
}
