import { parseVersion } from '../../services/registry/access/issued/versions.ts';
import { PublicationSchema } from '../../services/registry/publishing/publication/entry.ts';
import type { Stored } from './stored.ts';

/** What may differ between two runs that did the same: names by chance, times, turns that are over. */
const PASSING =
  /\/_uploads\/|\/_roadstead\/(?:changes|turns)\/|^roadstead\/(?:notifications|boards|publications|published|publishers|garbage\/facts|audit)\//;

/** A version of an account whose credentials the registry issued; what is in it is chance. */
const CREDENTIAL = /^roadstead\/credentials\//;

/** What the collector keeps, by names of which some part is chance. */
const COLLECTOR_NAME = /^roadstead\/garbage\/(quarantine|announced|rescued|deleting|suspects|scan|worker)\//;

/**
 * What a store holds in the end, so that a run with deaths can be compared with one without. Of the publication log it
 * counts what was promoted where and which blobs are public: a promotion that was repeated after a death may stand
 * there twice, the second time with no blob that is new. Of what the collector keeps, it counts how much there is of it.
 */
export function stateOf({ held }: Stored): Record<string, string> {
  const state: Record<string, string> = {};
  const inOrder = [...held].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [key, { bytes }] of inOrder) {
    if (key.startsWith('roadstead/published/')) state[key] = 'published';
    else if (key.startsWith('roadstead/publications/')) {
      const entry = PublicationSchema.parse(JSON.parse(bytes.toString()));
      state[`promoted to ${entry.target.repository}:${entry.target.tag}`] = entry.manifestDigest;
    } else if (COLLECTOR_NAME.test(key)) {
      const kind = COLLECTOR_NAME.exec(key)?.[1] ?? '';
      state[`the collector's ${kind}`] = String(Number(state[`the collector's ${kind}`] ?? 0) + 1);
    } else if (CREDENTIAL.test(key)) {
      // Versions come in their order, so that the last one stays: repeated changes make more of them.
      const [account = ''] = key.split(/\/\d+\.json$/);
      const { secrets, revokedAt } = parseVersion(bytes);
      state[account] = `${secrets.length} secrets${revokedAt === undefined ? '' : ', revoked'}`;
    } else if (key === 'roadstead/garbage/request.json') {
      // When it was made is chance.
      state[key] = 'a request';
    } else if (key.startsWith('roadstead/keys/')) {
      // By chance; which of them are there is not.
      state[key] = 'a key';
    } else if (!PASSING.test(key)) state[key] = bytes.toString('base64').slice(0, 200);
  }
  return state;
}

/** How two states differ, a line each. */
export function differences(wanted: Record<string, string>, found: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...keys]
    .filter((key) => wanted[key] !== found[key])
    .map((key) =>
      found[key] === undefined
        ? `lacks ${key}`
        : wanted[key] === undefined
          ? `has ${key} too`
          : `other ${key}`,
    );
}
