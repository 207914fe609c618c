import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { boardOf } from '../../services/registry/publishing/mirrors/board.ts';
import { boardPrefix } from '../../services/registry/storage/layout.ts';
import type { BlobFacts } from './world.ts';

/** An entry of the publication log, as far as the tests look at it. */
export interface LogEntry {
  readonly seq: number;
  readonly manifestDigest: string;
  readonly target: { readonly repository: string; readonly tag: string };
  readonly collections: Readonly<Record<string, readonly BlobFacts[]>>;
}

/** A board of mirrors, as far as the tests look at it. */
export interface Board {
  /** Who owns it; it names the process's number. */
  readonly holder: string;
  readonly mirrors: Readonly<Record<string, { readonly watermark: number }>>;
}

/** The names in a directory, none if it is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

/** Reads what a registry wrote, without it. Entries never change, so each is read once. */
export class StoreView {
  readonly entries: LogEntry[] = [];
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Reads the entries that are new; throws unless the log is 1, 2, 3 … without a gap, and names no blob twice. */
  async readLog(): Promise<readonly LogEntry[]> {
    const directory = join(this.#root, 'roadstead', 'publications');
    const names = await namesIn(directory);
    const gap = names.findIndex((name, i) => name !== `${String(i + 1).padStart(12, '0')}.json`);
    if (gap >= 0) throw new Error(`the publication log has ${names[gap]} in place ${gap + 1}`);
    if (names.length < this.entries.length) throw new Error('the publication log became shorter');
    for (const name of names.slice(this.entries.length)) {
      const entry = JSON.parse(await readFile(join(directory, name), 'utf8')) as LogEntry;
      if (entry.seq !== this.entries.length + 1) throw new Error(`${name} says that it is ${entry.seq}`);
      this.entries.push(entry);
    }
    return this.entries;
  }

  /** Every blob that the log has published; throws if one is published twice. */
  published(): Map<string, BlobFacts> {
    const blobs = new Map<string, BlobFacts>();
    for (const { seq, collections } of this.entries)
      for (const blob of Object.values(collections).flat()) {
        if (blobs.has(blob.digest)) throw new Error(`publication ${seq} publishes ${blob.digest} again`);
        blobs.set(blob.digest, blob);
      }
    return blobs;
  }

  /** How far a mirror's ledger says that the mirror is. */
  async watermark(mirror: string): Promise<number> {
    return (await this.board(mirror))?.mirrors[mirror]?.watermark ?? 0;
  }

  /** The board that a mirror is on, as its owner wrote it last; undefined if there is none, or if it is changing hands. */
  async board(mirror: string): Promise<Board | undefined> {
    const directory = join(this.#root, boardPrefix(boardOf(mirror as MirrorName)));
    const newest = (await namesIn(directory)).at(-1);
    const text = newest && (await readFile(join(directory, newest), 'utf8').catch(() => undefined));
    return text ? (JSON.parse(text) as Board) : undefined;
  }

  /** What a tag names in the store, whether or not that is there. */
  tag(repository: string, tag: string): Promise<string | undefined> {
    const directory = join(this.#root, 'docker/registry/v2/repositories', repository, '_manifests/tags', tag);
    return readFile(join(directory, 'current', 'link'), 'utf8').catch(() => undefined);
  }

  /** Temporary files that a crash left. */
  leftovers(): Promise<string[]> {
    return namesIn(join(this.#root, 'roadstead', '.tmp'));
  }
}
