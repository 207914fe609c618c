import { isTag, type Tag } from '../oci/names.ts';
import { tagCurrentKey, tagPrefix, tagsPrefix } from '../storage/layout.ts';
import { digestOfLink } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';
import { hasManifest } from './references.ts';

/** An object of a tag; `lost` stands for a `current` that is not there. */
type Part = {
  readonly kind: 'current' | 'history' | 'lost' | 'stray';
  readonly tag: Tag;
  readonly key: string;
};

/** What the tags of a repository name, and named. */
export function checkTags(area: Area): AsyncGenerator<Finding> {
  return area.scope.look.each(partsOf(area), async (part) => {
    switch (part.kind) {
      case 'current':
        return checkCurrent(area, part);
      case 'history':
        return checkHistory(area, part);
      case 'lost':
        return checkLost(area, part);
      case 'stray':
        return [strayFinding(part.key, area.name)];
    }
  });
}

/** The tags' objects in the order of their keys: `current` comes before `index`, or is not there. */
async function* partsOf({ name, scope }: Area): AsyncGenerator<Part> {
  const prefix = tagsPrefix(name);
  let known: string | undefined;
  for await (const key of scope.look.keys(prefix)) {
    const [tag = '', ...rest] = key.slice(prefix.length).split('/');
    const path = rest.join('/');
    const isHistory = digestOfLink(key, `${prefix}${tag}/index/`) !== undefined;
    if (!isTag(tag) || (path !== 'current/link' && !isHistory)) yield { kind: 'stray', tag: tag as Tag, key };
    else {
      if (isHistory && tag !== known) yield { kind: 'lost', tag, key: tagCurrentKey(name, tag) };
      known = tag;
      yield { kind: isHistory ? 'history' : 'current', tag, key };
    }
  }
}

async function checkCurrent(area: Area, { key, tag }: Part): Promise<Finding[]> {
  const digest = await area.scope.look.link(key);
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
  const digest = await area.scope.look.link(key);
  if (digest !== 'malformed') return [];
  const place = { key, repository: area.name, tag };
  return [finding('history-malformed', place, "An entry of the tag's history holds no digest")];
}

async function checkLost(area: Area, { key, tag }: Part): Promise<Finding[]> {
  const { look } = area.scope;
  if (await look.stat(key)) return [];
  // Deleted meanwhile, and its history with it.
  const left = await look.objects.list({ prefix: tagPrefix(area.name, tag), limit: 1 });
  if (left.keys.length === 0) return [];
  const place = { key, repository: area.name, tag };
  return [finding('tag-without-current', place, 'The tag has a history, and names nothing now')];
}
