import pMap from 'p-map';
import type { SwiftClient } from './client.ts';
import { deleteObjects } from './delete.ts';
import { SegmentGroup } from './group.ts';
import { look } from './head.ts';
import { type ListedObject, walk } from './list.ts';
import { mentionedIn, putManifest } from './manifest.ts';

const AT_ONCE = 8;
/** Bounds memory: with more groups, the manifests are read once per batch of this size. */
const GROUPS_AT_ONCE = 50_000;
/** The difference allowed between the clocks of Swift's proxies and ours. */
const SKEW_MS = 60 * 60_000;

/**
 * Deletes segments of ours and of Distribution's that no manifest names, if the whole group is older than the date;
 * returns how many. Safe during writes, because no writer lets a manifest name a segment even half as old (`finish`): a
 * segment that is unused at that age stays unused. docs/decisions/0007-swift-large-objects.md has the reasoning.
 */
export async function removeLeftovers(
  client: SwiftClient,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for await (const groups of oldGroups(client, olderThan, signal)) {
    await checkListings(client, signal);
    const startedAt = Date.now();
    await dropUsed(client, groups, undefined, signal);
    // Distribution moves a manifest from an upload to a blob, so one may have passed us by; it cannot do so twice.
    if (groups.size > 0) await dropUsed(client, groups, new Date(startedAt - SKEW_MS), signal);
    for (const group of groups) removed += await removeGroup(client, group, olderThan, signal);
  }
  return removed;
}

/**
 * Throws unless listings mark static large objects, as Swift does since 2.18, but not every compatible server: taken for
 * plain objects, they would lose their segments.
 */
async function checkListings(
  client: SwiftClient,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const group = new SegmentGroup(client);
  try {
    const segment = await group.put(Buffer.from('is this marked?'), signal);
    const { name } = await putManifest(client, group.newName(), [segment], signal);
    for await (const object of walk(client, name, signal)) if (object.isStatic) return;
    throw new Error(
      'listings of this Swift do not mark static large objects: leftovers cannot be recognised',
    );
  } finally {
    await group.discard();
  }
}

/** Names of groups without a younger segment, in batches. */
async function* oldGroups(
  client: SwiftClient,
  olderThan: Date,
  signal?: AbortSignal,
): AsyncGenerator<Set<string>> {
  let groups = new Set<string>();
  let current: string | undefined;
  let isOld = true;
  const take = () => {
    if (current !== undefined && isOld) groups.add(current);
  };
  for await (const { name, modifiedAt } of walk(client, client.names.segments, signal)) {
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
 * Removes the groups that a manifest names, wherever it is in the container: also among the segments, where the parts of
 * very long manifests are. Reads only manifests since a date, if given.
 */
async function dropUsed(
  client: SwiftClient,
  groups: Set<string>,
  since: Date | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const manifests = mayBeManifests(walk(client, '', signal), since);
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
      // Every object with this prefix is a segment of it: usually a group without its trailing slash.
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
  group: string,
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  const names: string[] = [];
  for await (const { name, modifiedAt } of walk(client, group, signal)) {
    // Distribution adds to the segments of an upload that it continues.
    if (modifiedAt >= olderThan) return 0;
    names.push(name);
  }
  await deleteObjects(client, names, signal);
  return names.length;
}
