import { ROBOT_PREFIX } from '../../registry/access/subject.ts';

/** The content of an htpasswd file. */
export interface Htpasswd {
  /** The bcrypt hash of each name, as `$2b$…`. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The cost of each hash, in two digits; never empty. */
  readonly costs: readonly string[];
}

/** The cost that most programs use. */
export const DEFAULT_COST = '10';

/** Each step doubles the time: a higher cost is a mistake or an attack. */
const COST_MAX = 16;
const BCRYPT = /^\$2[aby]\$(\d{2})\$([./A-Za-z0-9]{53})$/;
const CONTROL = /\p{Cc}/u;
const HOW = 'make one with: htpasswd -Bn NAME';

/**
 * Parses an htpasswd file: `name:hash` a line, `#` before comments, as in Distribution (registry/auth/htpasswd there).
 * Throws an Error that names the line, and never quotes what follows the colon.
 */
export function readHtpasswd(text: string): Htpasswd {
  const hashes = new Map<string, string>();
  const lineOf = new Map<string, number>();
  for (const [i, raw] of text
    .replace(/^\u{feff}/u, '')
    .split('\n')
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const problem = (what: string) => new Error(`line ${i + 1}: ${what}`);
    const colon = line.indexOf(':');
    if (colon <= 0) throw problem(`expected NAME:HASH; ${HOW}`);
    const name = line.slice(0, colon);
    const [, cost, rest] = BCRYPT.exec(line.slice(colon + 1)) ?? [];
    if (CONTROL.test(name)) throw problem('expected a name without control characters');
    if (name.startsWith(ROBOT_PREFIX))
      throw problem(`names that begin with ${ROBOT_PREFIX} are robots': expected another name`);
    if (cost === undefined)
      throw problem(`expected a bcrypt hash for ${name}, since others can be broken; ${HOW}`);
    if (Number(cost) < 4 || Number(cost) > COST_MAX)
      throw problem(`expected a bcrypt cost from 4 to ${COST_MAX} for ${name}, not ${cost}`);
    const before = lineOf.get(name);
    if (before !== undefined) throw problem(`expected ${name} once; line ${before} has it too`);
    lineOf.set(name, i + 1);
    // 2y (crypt_blowfish) and 2b (OpenBSD) are the same.
    hashes.set(name, `$2b$${cost}$${rest}`);
  }
  const costs = [...hashes.values()].map((hash) => hash.slice(4, 6));
  return { hashes, costs: costs.length > 0 ? costs : [DEFAULT_COST] };
}
