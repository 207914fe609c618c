import { parseTarget } from '../content/tag-names.ts';
import { isTag, type Tag } from '../oci/names.ts';
import { tagCurrentKey } from '../storage/layout.ts';
import { partPrefix } from '../storage/layout-read.ts';
import type { Area } from './area.ts';
import { type Finding, finding } from './finding.ts';

const TURN_MAX_BYTES = 1024;

/**
 * The tags of a repository that changes only by promotion: each names what the newest promotion moved it to. A tag that
 * was deleted since is no finding, and neither is one in a repository that takes pushes.
 */
export async function* checkTurns(area: Area): AsyncGenerator<Finding> {
  const { reader, isStable } = area.scope;
  if (isStable?.(area.name)) yield* reader.each(highestTurns(area), (turn) => checkTurn(area, turn));
}

interface HighestTurn {
  readonly key: string;
  readonly tag: Tag;
  readonly seq: number;
}

/** Keys are listed in order, so the last of a tag is its highest. */
async function* highestTurns({ scope: { reader }, name }: Area): AsyncGenerator<HighestTurn> {
  const prefix = `${partPrefix(name, '_roadstead')}turns/`;
  let last: HighestTurn | undefined;
  for await (const key of reader.keys(prefix)) {
    const [tag = '', seq] = key.slice(prefix.length).split('/');
    if (!isTag(tag)) continue;
    if (last && last.tag !== tag) yield last;
    last = { key, tag, seq: Number(seq) };
  }
  if (last) yield last;
}

async function checkTurn({ scope: { reader }, name }: Area, turn: HighestTurn): Promise<Finding[]> {
  const bytes = await reader.read(turn.key, TURN_MAX_BYTES);
  // A newer promotion has cleared it away.
  if (bytes === undefined) return [];
  const promoted = bytes === 'too-large' ? undefined : parseTarget(bytes.toString('utf8'));
  const key = tagCurrentKey(name, turn.tag);
  const named = await reader.link(key);
  // A malformed link is reported where it lies.
  if (named === undefined || named === 'malformed' || promoted?.canonicalDigest === named) return [];
  const place = { key, repository: name, tag: turn.tag, digest: named, seq: turn.seq };
  const meaning = `Publication ${turn.seq} moved the tag to ${promoted?.canonicalDigest ?? 'what cannot be read'}, and it names ${named}`;
  return [finding('tag-not-promoted', place, meaning)];
}
