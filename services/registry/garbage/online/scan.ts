import pMap from 'p-map';
import { type Digest, isDigest, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import type { DigestList } from '../../storage/digest-list.ts';
import { DigestTable } from '../../storage/digest-table.ts';
import { REPOSITORIES_PREFIX } from '../../storage/layout.ts';
import { digestOfLink, digestOfPath, isUnknownDigestLink } from '../../storage/layout-read.ts';
import type { ListPage } from '../../storage/object-store.ts';
import { UnreadableError, unknownDigest } from '../reader.ts';
import type { CycleContext } from './context.ts';
import type { AliasFact } from './facts.ts';

const PAGE = 1000;
const READS_AT_ONCE = 16;
const LINK_MAX_BYTES = 1024;
const LINKS = ['_layers/', '_manifests/revisions/'];

/** What a scan of all repositories finds. */
export class ScanFindings {
  /** Manifests that a repository has a link to. */
  readonly linked = new DigestTable();
  /** What tags name now; only with `deleteUntagged`. */
  readonly tagged = new Set<Digest>();
  /** Names by SHA-512 that no fact told of. */
  readonly aliases: AliasFact[] = [];
  /** The keys of what says anything of content that is due, by its digest. */
  readonly records = new Map<Sha256Digest, string[]>();
  recordsCount = 0;
}

/** What a scan looks for. */
export interface ScanQuery {
  readonly deleteUntagged: boolean;
  /** What is to be deleted unless this scan finds it in use. */
  readonly due: readonly DigestList[];
  /** SHA-256 digests of what is known by SHA-512; what is found is added. */
  readonly aliases: Map<Digest, Sha256Digest>;
}

/**
 * Lists everything below all repositories once, flat, in large pages: what it costs is the number of keys divided by
 * that of a page, however many repositories there are. Adds each page to `findings()`, then yields the key to go on from.
 */
export async function* scanPages(
  { objects, signal, counts }: CycleContext,
  query: ScanQuery,
  findings: () => ScanFindings,
  startAfter: string | undefined,
): AsyncGenerator<string> {
  let cursor = startAfter;
  do {
    const page: ListPage = await objects.list(
      { prefix: REPOSITORIES_PREFIX, limit: PAGE, ...(cursor !== undefined && { startAfter: cursor }) },
      signal,
    );
    counts.objectsListed += page.keys.length;
    const contents = new PageReader(query, findings());
    for (const key of page.keys) contents.take(key);
    const { unknown } = contents;
    if (unknown.length > 0) throw new UnreadableError(unknown.map(unknownDigest), unknown.length);
    // What a tag names, and what a name by SHA-512 stands for, only the objects themselves tell.
    await pMap(
      contents.toRead,
      async ({ key, take }) => {
        const text = (await objects.read(key, LINK_MAX_BYTES, signal))?.toString('utf8').trim();
        if (text === undefined) return;
        if (!isDigest(text)) throw new UnreadableError([`${key}: holds no digest`], 1);
        take(text);
      },
      { concurrency: READS_AT_ONCE },
    );
    cursor = page.next;
    if (cursor !== undefined) yield cursor;
  } while (cursor !== undefined);
}

class PageReader {
  readonly #query: ScanQuery;
  readonly #findings: ScanFindings;
  /** Links by digests that nobody here can follow. */
  readonly unknown: string[] = [];
  readonly toRead: { readonly key: string; readonly take: (digest: Digest) => void }[] = [];

  constructor(query: ScanQuery, findings: ScanFindings) {
    this.#query = query;
    this.#findings = findings;
  }

  take(key: string): void {
    // No part of a repository's name begins with an underscore, and every part of a repository does.
    const at = key.indexOf('/_', REPOSITORIES_PREFIX.length - 1) + 1;
    const path = key.slice(at);
    const prefix = LINKS.find((each) => path.startsWith(each));
    if (prefix && isUnknownDigestLink(path, prefix)) this.unknown.push(key);
    else if (path.startsWith('_layers/')) this.#link(key, digestOfLink(path, '_layers/'));
    else if (path.startsWith('_manifests/revisions/')) {
      const digest = digestOfLink(path, '_manifests/revisions/');
      if (digest && isSha256(digest)) this.#findings.linked.set(digest, 1);
      this.#link(key, digest);
    } else if (path.startsWith('_manifests/tags/')) this.#tag(key, path);
    else if (path.startsWith('_roadstead/referrers/'))
      this.#record(key, digestOfPath(path.split('/').slice(4).join('/')));
    else if (path.startsWith('_roadstead/keepers/'))
      this.#record(key, digestOfLink(path, '_roadstead/keepers/'));
  }

  /** A link to a blob or manifest, perhaps under its second name. */
  #link(key: string, named: Digest | undefined): void {
    if (named === undefined || isSha256(named) || this.#query.aliases.has(named)) {
      this.#record(key, named);
      return;
    }
    this.toRead.push({
      key,
      take: (stored) => {
        // Where Distribution mounts such content, the link holds the name, and leads nowhere.
        if (!isSha256(stored)) return;
        if (!this.#query.aliases.has(named)) this.#findings.aliases.push({ kind: 'alias', named, stored });
        this.#query.aliases.set(named, stored);
        this.#recordStored(key, stored);
      },
    });
  }

  #tag(key: string, path: string): void {
    if (path.endsWith('/current/link')) {
      const { tagged } = this.#findings;
      if (this.#query.deleteUntagged) this.toRead.push({ key, take: (digest) => tagged.add(digest) });
      return;
    }
    const index = path.indexOf('/index/');
    if (index > 0) this.#record(key, digestOfLink(path.slice(index), '/index/'));
  }

  #record(key: string, named: Digest | undefined): void {
    const stored = named && (isSha256(named) ? named : this.#query.aliases.get(named));
    if (stored) this.#recordStored(key, stored);
  }

  #recordStored(key: string, stored: Sha256Digest): void {
    if (!this.#query.due.some((list) => list.has(stored))) return;
    const { records } = this.#findings;
    const known = records.get(stored);
    if (known) known.push(key);
    else records.set(stored, [key]);
    this.#findings.recordsCount++;
  }
}
