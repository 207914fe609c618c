import { ROBOT_PREFIX } from '../../registry/access/subject.ts';

/** What an htpasswd file holds. */
export interface Htpasswd {
  /** The bcrypt hash of each name, as `$2b$…`. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The costs of them all, in two digits each; never empty. */
  readonly costs: readonly string[];
}

/** What most programs make. */
export const DEFAULT_COST = '10';

/** Twice the time each; a file that asks for more was made to keep a registry busy, or by mistake. */
const COST_MAX = 16;
const BCRYPT = /^\$2[aby]\$(\d{2})\$([./A-Za-z0-9]{53})$/;
const CONTROL = /\p{Cc}/u;
const HOW = 'make one with: htpasswd -Bn NAME';

/**
 * Reads an htpasswd file: `name:hash` a line, with `#` before comments, as Distribution has it
 * (registry/auth/htpasswd there). Throws an Error that names the line, and never what stands there after the colon.
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
      throw problem(
        `names that begin with ${ROBOT_PREFIX} are those of robot accounts: expected another one`,
      );
    if (cost === undefined)
      throw problem(`expected a bcrypt hash for ${name}, as others can be broken; ${HOW}`);
    if (Number(cost) < 4 || Number(cost) > COST_MAX)
      throw problem(`expected a bcrypt cost from 4 to ${COST_MAX} for ${name}, not ${cost}`);
    const before = lineOf.get(name);
    if (before !== undefined) throw problem(`expected ${name} once; line ${before} is theirs, too`);
    lineOf.set(name, i + 1);
    // 2y and 2b are two names of the same: crypt_blowfish's, and OpenBSD's.
    hashes.set(name, `$2b$${cost}$${rest}`);
  }
  const costs = [...hashes.values()].map((hash) => hash.slice(4, 6));
  return { hashes, costs: costs.length > 0 ? costs : [DEFAULT_COST] };
}
