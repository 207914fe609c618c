import pMap from 'p-map';
import type { Digest, Sha256Digest } from '../oci/digest.ts';
import { LimitError } from '../oci/limit-error.ts';
import { isTag, type RepositoryName, type Tag } from '../oci/names.ts';
import { deleteAll } from '../storage/delete-all.ts';
import type { Fence } from '../storage/fence.ts';
import { tagCurrentKey, tagIndexKey, tagPrefix, tagsPrefix } from '../storage/layout.ts';
import { LIST_PAGE_KEYS, listAll, type ObjectStore } from '../storage/object-store.ts';
import { readLink, writeLink } from './link.ts';
import { firstOf, inNameOrder } from './name-order.ts';
import { readTagName, recordTagName, type TagTarget } from './tag-names.ts';

/** How much of a repository's tags one request may touch. */
export interface TagLimits {
  /** Tags that are read at once where all have to be. */
  readonly readsAtOnce: number;
  /** Tags that the delete of a manifest takes along. */
  readonly deletedMax: number;
}

/** Tags that the delete of a manifest may have to read, for each that it may take along. */
const READ_PER_DELETED = 20;

/** Tags: asked of the store each time. */
export class Tags {
  readonly #objects: ObjectStore;
  readonly #limits: TagLimits;

  constructor(objects: ObjectStore, limits: TagLimits) {
    this.#objects = objects;
    this.#limits = limits;
  }

  /** The canonical digest of the manifest that a tag names now. */
  resolve(name: RepositoryName, tag: Tag, signal?: AbortSignal): Promise<Sha256Digest | undefined> {
    return readLink(this.#objects, tagCurrentKey(name, tag), signal);
  }

  /** The digest by which the client that moved the tag named the manifest. */
  nameOf(name: RepositoryName, tag: Tag, canonical: Sha256Digest, signal?: AbortSignal): Promise<Digest> {
    return readTagName(this.#objects, name, tag, canonical, signal);
  }

  /** {@link resolve} and {@link nameOf}, one after the other. */
  async target(name: RepositoryName, tag: Tag, signal?: AbortSignal): Promise<TagTarget | undefined> {
    const canonical = await this.resolve(name, tag, signal);
    return (
      canonical && { canonicalDigest: canonical, digest: await this.nameOf(name, tag, canonical, signal) }
    );
  }

  /** Whether there is such a tag, even one whose link names nothing any more. */
  async has(name: RepositoryName, tag: Tag): Promise<boolean> {
    return (await this.#objects.stat(tagCurrentKey(name, tag))) !== undefined;
  }

  /**
   * Moves a tag, in a turn of its repository. The write of `current` decides: before it the old manifest is served, after
   * it the new one. It comes before its entry in the tag's history, or a new tag could be listed that names nothing yet.
   */
  async move(name: RepositoryName, tag: Tag, target: TagTarget, fence: Fence): Promise<void> {
    const { canonicalDigest } = target;
    await recordTagName(this.#objects, name, tag, target, fence);
    await writeLink(this.#objects, tagCurrentKey(name, tag), canonicalDigest, fence);
    await writeLink(this.#objects, tagIndexKey(name, tag, canonicalDigest), canonicalDigest, fence);
  }

  /** Deletes tags and their histories, if there are any, in a turn of their repository. What they named stays. */
  async delete(name: RepositoryName, tags: readonly Tag[], fence: Fence): Promise<void> {
    const current = new Set(tags.map((tag) => tagCurrentKey(name, tag)));
    await deleteAll(this.#objects, this.#historyOf(name, tags), { fence });
    // Last: a delete that is interrupted before leaves tags that work, and the next try deletes them.
    await deleteAll(this.#objects, current, { fence });
  }

  /**
   * The tags that name one of these digests now, sorted; reads every tag of the repository. Throws TAGGED_TOO_OFTEN when
   * these are more than one delete takes along, or the repository has more than one request may read.
   */
  async naming(name: RepositoryName, digests: ReadonlySet<Digest>): Promise<Tag[]> {
    const { readsAtOnce, deletedMax } = this.#limits;
    const readMax = deletedMax * READ_PER_DELETED;
    const naming: Tag[] = [];
    let read = 0;
    await pMap(
      this.#listed(name, undefined),
      async (tag) => {
        if (++read > readMax) throw tooManyRead(name, readMax);
        const digest = await this.resolve(name, tag);
        if (digest === undefined || !digests.has(digest)) return;
        if (naming.push(tag) > deletedMax) throw tooManyDeleted(deletedMax);
      },
      { concurrency: readsAtOnce },
    );
    return naming.sort();
  }

  /** A page of tags in one total order, that of the names' bytes; costs O(page). */
  async list(
    name: RepositoryName,
    page: { readonly last: string | undefined; readonly limit: number },
  ): Promise<{ tags: Tag[]; more: boolean }> {
    const { first, more } = await firstOf(this.all(name, page.last, page.limit), page.limit);
    return { tags: first, more };
  }

  /** Every tag after `last` in that order, listed from the store `pageSize` at a time as it is needed. */
  all(name: RepositoryName, last = '', pageSize?: number): AsyncGenerator<Tag> {
    const exists = async (tag: string) => ((await this.has(name, tag as Tag)) ? (tag as Tag) : undefined);
    return inNameOrder(this.#listed(name, last, pageSize), last, exists);
  }

  /** Tags in the order of the store's keys, from the first that can sort after `last`. */
  async *#listed(name: RepositoryName, last: string | undefined, pageSize?: number): AsyncGenerator<Tag> {
    const prefix = tagsPrefix(name);
    const request = {
      prefix,
      delimiter: '/' as const,
      ...(last && { startAfter: prefix + last }),
      ...(pageSize !== undefined && { pageSize: Math.min(pageSize + 1, LIST_PAGE_KEYS) }),
    };
    for await (const entry of listAll(this.#objects, request)) {
      const tag = entry.key.slice(prefix.length, -1);
      if (entry.isPrefix && isTag(tag)) yield tag;
    }
  }

  /** All keys of tags but those that decide. */
  async *#historyOf(name: RepositoryName, tags: readonly Tag[]): AsyncGenerator<string> {
    for (const tag of tags) {
      const current = tagCurrentKey(name, tag);
      for await (const { key } of listAll(this.#objects, { prefix: tagPrefix(name, tag) }))
        if (key !== current) yield key;
    }
  }
}

const DELETE_TAGS_FIRST = 'delete tags one by one first, with DELETE /v2/<name>/manifests/<tag>';

function tooManyDeleted(most: number): LimitError {
  return new LimitError(
    'deleted_tags',
    'TAGGED_TOO_OFTEN',
    `more than ${most} tags name the manifest, and a delete takes no more along (limits.deletedtags): ${DELETE_TAGS_FIRST}`,
    { most },
  );
}

function tooManyRead(name: RepositoryName, most: number): LimitError {
  return new LimitError(
    'read_tags',
    'TAGGED_TOO_OFTEN',
    `${name} has more than ${most} tags, and each has to be read to delete a manifest (limits.deletedtags): ${DELETE_TAGS_FIRST}`,
    { most },
  );
}
