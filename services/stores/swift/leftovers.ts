import pMap from 'p-map';
import type { SwiftClient } from './client.ts';
import { deleteObjects } from './delete.ts';
import { SegmentGroup } from './group.ts';
import { look } from './head.ts';
import type { Capabilities } from './info.ts';
import { type ListedObject, walk } from './list.ts';
import { mentionedIn, putManifest } from './manifest.ts';

const AT_ONCE = 8;
/** Bounds memory: with more groups, the manifests are read once for each so many. */
const GROUPS_AT_ONCE = 50_000;
/** Of the clocks of Swift's proxies against ours. */
const SKEW_MS = 60 * 60_000;

/**
 * Deletes the segments that no manifest names, of ours and of Distribution's, if all of their group are older than the
 * date; answers how many. Safe while others write, for nobody lets a manifest name a segment that is half as old
 * (`finish`): what was unused when it grew old stays so. docs/decisions/0007-swift-large-objects.md has the reasoning.
 */
export async function removeLeftovers(
  client: SwiftClient,
  capabilities: Capabilities,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for await (const groups of oldGroups(client, capabilities, olderThan, signal)) {
    await checkListings(client, capabilities, signal);
    const startedAt = Date.now();
    await dropUsed(client, capabilities, groups, undefined, signal);
    // Distribution moves a manifest from an upload to a blob, so one may have passed us by; it cannot do so twice.
    if (groups.size > 0) await dropUsed(client, capabilities, groups, new Date(startedAt - SKEW_MS), signal);
    for (const group of groups) removed += await removeGroup(client, capabilities, group, olderThan, signal);
  }
  return removed;
}

/**
 * Throws unless listings tell static large objects from others, which they do since Swift 2.18 but not in all that speak
 * its language: taken for plain ones, they would lose their segments.
 */
async function checkListings(
  client: SwiftClient,
  capabilities: Capabilities,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const group = new SegmentGroup(client, capabilities);
  try {
    const segment = await group.put(Buffer.from('is this told?'), signal);
    const { name } = await putManifest(client, group.newName(), [segment], signal);
    for await (const object of walk(client, capabilities.listingMax, name, signal))
      if (object.isStatic) return;
    throw new Error('this Swift does not list which objects are static large ones: leftovers cannot be told');
  } finally {
    await group.discard();
  }
}

/** Names of groups of which no segment is younger, so many at a time. */
async function* oldGroups(
  client: SwiftClient,
  { listingMax }: Capabilities,
  olderThan: Date,
  signal?: AbortSignal,
): AsyncGenerator<Set<string>> {
  let groups = new Set<string>();
  let current: string | undefined;
  let isOld = true;
  const take = () => {
    if (current !== undefined && isOld) groups.add(current);
  };
  for await (const { name, modifiedAt } of walk(client, listingMax, client.names.segments, signal)) {
    const group = client.names.groupOf(name);
    if (group === undefined) continue;
    if (group !== current) {
      take();
      [current, isOld] = [group, true];
      if (groups.size >= GROUPS_AT_ONCE) {
        yield groups;
        groups = new Set();
      }
    }
    if (modifiedAt >= olderThan) isOld = false;
  }
  take();
  if (groups.size > 0) yield groups;
}

/**
 * Takes those groups out that a manifest names, wherever it lies in the container: among the segments, too, where the
 * parts of very long manifests are. Looks only at manifests since a date, if there is one.
 */
async function dropUsed(
  client: SwiftClient,
  { listingMax }: Capabilities,
  groups: Set<string>,
  since: Date | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const manifests = mayBeManifests(walk(client, listingMax, '', signal), since);
  await pMap(
    manifests,
    async (object) => {
      if (object.isStatic) {
        // A manifest among the segments of its own group keeps only other groups: it is as unused as they are.
        const own = client.names.groupOf(object.name);
        for (const name of await mentionedIn(client, object.name, signal)) {
          const group = client.names.groupOf(name);
          if (group !== undefined && group !== own) groups.delete(group);
        }
        return;
      }
      const prefix = (await look(client, object.name, signal))?.segmentPrefix;
      const names = prefix === undefined ? undefined : client.names.fromManifest(`/${prefix}`);
      if (names === undefined) return;
      // Whatever begins so is a segment of it: usually a group without the slash at its end.
      const isUsed = (group: string) => group.startsWith(names) || names.startsWith(group);
      if (!groups.delete(`${names}/`)) for (const group of groups) if (isUsed(group)) groups.delete(group);
    },
    { concurrency: AT_ONCE, ...(signal && { signal }) },
  );
}

async function* mayBeManifests(
  objects: AsyncIterable<ListedObject>,
  since: Date | undefined,
): AsyncGenerator<ListedObject> {
  for await (const object of objects) {
    if (since && object.modifiedAt < since) continue;
    // A dynamic manifest is listed as what it is itself: an empty object.
    if (object.isStatic || object.sizeBytes === 0) yield object;
  }
}

async function removeGroup(
  client: SwiftClient,
  capabilities: Capabilities,
  group: string,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  const names: string[] = [];
  for await (const { name, modifiedAt } of walk(client, capabilities.listingMax, group, signal)) {
    // Distribution adds to the segments of an upload that it goes on with.
    if (modifiedAt >= olderThan) return 0;
    names.push(name);
  }
  await deleteObjects(client, capabilities, names, signal);
  return names.length;
}
