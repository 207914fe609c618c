import { isTag, type Tag } from '../oci/names.ts';
import { tagCurrentKey, tagPrefix, tagsPrefix } from '../storage/layout.ts';
import { recordOf } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';
import { hasManifest } from './references.ts';

/** An object of a tag; `lost` is a `current` that is not there. */
type Part = {
  readonly kind: 'tag' | 'history' | 'lost';
  readonly tag: Tag;
  readonly key: string;
};

/** What the tags of a repository name, and named. */
export function checkTags(area: Area): AsyncGenerator<Finding> {
  return area.scope.reader.each(partsOf(area), async (part) => {
    if (typeof part === 'string') return [strayFinding(part, area.name)];
    if (part.kind === 'lost') return checkLost(area, part);
    return part.kind === 'tag' ? checkCurrent(area, part) : checkHistory(area, part);
  });
}

/** The tags' objects in the order of their keys: `current` comes before `index`, or is not there; other keys alone. */
async function* partsOf({ name, scope }: Area): AsyncGenerator<Part | string> {
  let known: string | undefined;
  for await (const key of scope.reader.keys(tagsPrefix(name))) {
    const record = recordOf(key);
    if ((record?.kind !== 'tag' && record?.kind !== 'history') || !isTag(record.tag)) yield key;
    else {
      const { kind, tag } = record;
      if (kind === 'history' && tag !== known) yield { kind: 'lost', tag, key: tagCurrentKey(name, tag) };
      known = tag;
      yield { kind, tag, key };
    }
  }
}

async function checkCurrent(area: Area, { key, tag }: Part): Promise<Finding[]> {
  const digest = await area.scope.reader.link(key);
  if (digest === undefined) return [];
  const place = { key, repository: area.name, tag };
  if (digest === 'malformed')
    return [finding('link-malformed', place, 'The tag cannot be resolved: its link holds no digest')];
  if (await hasManifest(area, digest)) return [];
  return [
    finding('tag-dangling', { ...place, digest }, `The tag names ${digest}, which the repository lacks`),
  ];
}

async function checkHistory(area: Area, { key, tag }: Part): Promise<Finding[]> {
  const digest = await area.scope.reader.link(key);
  if (digest !== 'malformed') return [];
  const place = { key, repository: area.name, tag };
  return [finding('history-malformed', place, "An entry of the tag's history holds no digest")];
}

async function checkLost(area: Area, { key, tag }: Part): Promise<Finding[]> {
  const { reader } = area.scope;
  if (await reader.stat(key)) return [];
  // Deleted since, and its history with it.
  const left = await reader.objects.list({ prefix: tagPrefix(area.name, tag), limit: 1 });
  if (left.keys.length === 0) return [];
  const place = { key, repository: area.name, tag };
  return [finding('tag-without-current', place, 'The tag has a history, and names nothing now')];
}
