import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import pMap from 'p-map';
import { isAbsent } from './errors.ts';
import { readdir, stat } from './fs.ts';
import { kindOf, lookThrough, type Oddity } from './oddities.ts';

/** Smaller directories are not cached: reading them is as fast as checking whether they changed. */
const REMEMBERED_MIN_ENTRIES = 200;
/** Memory for all cached names together. */
const REMEMBERED_MAX_BYTES = 64 * 1024 * 1024;
/** The memory that a name costs in addition to its characters. */
const NAME_OVERHEAD_BYTES = 40;
/**
 * A directory's modification time has the resolution of the kernel's clock, so a second change within one tick is
 * invisible. A directory read this soon after a change is not cached.
 */
const SETTLED_MS = 100;
const LINKS_AT_ONCE = 8;

/** The contents of a directory. */
export interface Contents {
  /** Sorted; those of directories with a trailing slash, so that they sort as their contents' keys do. */
  readonly names: readonly string[];
  /** Those of the names that are symbolic links. */
  readonly links: ReadonlySet<string>;
  readonly oddities: readonly Oddity[];
}

/** The entries as the directory itself lists them: the targets of links change independently. */
interface Entries {
  readonly names: readonly string[];
  readonly links: readonly string[];
  readonly oddities: readonly Oddity[];
}

interface Remembered extends Entries {
  readonly state: string;
}

const NONE: Contents = { names: [], links: new Set(), oddities: [] };

/**
 * The sorted contents of directories; large ones are cached until the file system says that they changed. So the cost of
 * a page depends on the page, not on the directory: unlike an object store, a file system has no listing that begins in
 * the middle. Symbolic links count as their targets, because reads follow them too.
 */
export class Directories {
  readonly #remembered = new LRUCache<string, Remembered>({
    maxSize: REMEMBERED_MAX_BYTES,
    sizeCalculation: ({ names, links }) =>
      [...names, ...links].reduce(
        (sum, name) => sum + name.length + NAME_OVERHEAD_BYTES,
        NAME_OVERHEAD_BYTES,
      ),
  });

  /**
   * The contents; empty for a directory that does not exist. Names that begin with a dot are not keys and are left out.
   * Throws the file system's error if the directory cannot be read. Only links that may be at `prefix`, which is relative
   * to the directory, or lead to it are followed and returned.
   */
  async contents(path: string, prefix = ''): Promise<Contents> {
    try {
      return await followed(path, await this.#entries(path), prefix);
    } catch (error) {
      this.#remembered.delete(path);
      if (!isAbsent(error)) throw error;
      // It was listed a moment ago: its target may have been unmounted since.
      const left = await lookThrough(path);
      return typeof left === 'object' ? { ...NONE, oddities: [{ name: '', ...left }] } : NONE;
    }
  }

  async #entries(path: string): Promise<Entries> {
    const remembered = this.#remembered.get(path);
    if (remembered && remembered.state === (await stateOf(path)).state) return remembered;
    const entries = await read(path);
    if (entries.names.length + entries.links.length >= REMEMBERED_MIN_ENTRIES) return this.#remember(path);
    this.#remembered.delete(path);
    return entries;
  }

  async #remember(path: string): Promise<Entries> {
    const readAtMs = Date.now();
    const { state, changedAtMs } = await stateOf(path);
    const entries = await read(path);
    if (changedAtMs < readAtMs - SETTLED_MS) this.#remembered.set(path, { ...entries, state });
    else this.#remembered.delete(path);
    return entries;
  }
}

async function read(path: string): Promise<Entries> {
  const [names, links, oddities]: [string[], string[], Oddity[]] = [[], [], []];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    if (entry.isSymbolicLink()) links.push(name);
    else add(name, kindOf(entry), names, oddities);
  }
  // Keys are ASCII, where the order of strings is that of their bytes.
  return { names: names.sort(), links, oddities };
}

async function followed(
  path: string,
  { names, links, oddities }: Entries,
  prefix: string,
): Promise<Contents> {
  const wanted = links.filter((name) => name.startsWith(prefix) || prefix.startsWith(`${name}/`));
  if (wanted.length === 0) return { names, links: NONE.links, oddities };
  const [more, odd]: [string[], Oddity[]] = [[], [...oddities]];
  const follow = async (name: string) => add(name, await lookThrough(join(path, name)), more, odd);
  await pMap(wanted, follow, { concurrency: LINKS_AT_ONCE });
  return { names: [...names, ...more].sort(), links: new Set(more), oddities: odd };
}

function add(
  name: string,
  kind: Awaited<ReturnType<typeof lookThrough>>,
  names: string[],
  oddities: Oddity[],
): void {
  if (typeof kind === 'object') oddities.push({ name, ...kind });
  else if (kind !== undefined) names.push(kind === 'directory' ? `${name}/` : name);
}

/** Changes whenever the directory's entries do, or another directory takes its place. */
async function stateOf(path: string): Promise<{ state: string; changedAtMs: number }> {
  const { dev, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { state: [dev, ino, mtimeNs, ctimeNs].join(), changedAtMs: Number(ctimeNs / 1_000_000n) };
}
