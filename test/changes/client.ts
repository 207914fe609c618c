import { removeManifest, removeTag } from '../../services/registry/content/delete.ts';
import { type ManifestPush, pushManifest } from '../../services/registry/content/push-manifest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import type { Manifest } from '../../services/registry/oci/manifest.ts';
import type { RepositoryName, Tag } from '../../services/registry/oci/names.ts';
import type { PromotionPlan } from '../../services/registry/publishing/promotion/plan.ts';
import { promote } from '../../services/registry/publishing/promotion/promote.ts';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import type { Hands } from '../garbage/interleaving.ts';
import { NOBODY } from '../support/library-pushes.ts';
import type { Op, Outcome } from './history.ts';
import type { Node } from './node.ts';

type Unfinished = Pick<Op, 'kind' | 'tags' | 'digest' | 'expected'>;
type Found = { readonly outcome: Outcome; readonly digest?: string | undefined };

/** What clients did, in the order of a clock that counts beginnings and ends. */
export class Journal {
  readonly ops: Op[] = [];
  #time = 0;

  /** Writes the beginning of an operation; returns how to write its end. */
  begin(op: Unfinished): (found: Found) => void {
    const begun: Op = { ...op, start: this.#time++, end: Number.POSITIVE_INFINITY, outcome: 'unknown' };
    const at = this.ops.push(begun) - 1;
    return (found) => {
      const end = this.#time++;
      this.ops[at] = { ...begun, ...found, end };
    };
  }
}

/** Where a change is made, and of what. */
export interface Place {
  readonly repository: RepositoryName;
  readonly tag: Tag;
}

const DONE: Found = { outcome: 'done' };

function pushOf(repository: RepositoryName, manifest: Manifest, tags: readonly Tag[]): ManifestPush {
  const rules = { indexes: 'all', urls: { allow: [], deny: [] } } as const;
  return { repository, manifest, rules, tags };
}

/** A client of one node. Each of its requests is in the journal, also one that never ends. */
export class Client {
  readonly #hands: Hands;
  readonly #journal: Journal;
  readonly #node: Node;

  constructor(hands: Hands, journal: Journal, node: Node) {
    this.#hands = hands;
    this.#journal = journal;
    this.#node = node;
  }

  /** PUT of a manifest under tags, or by its digest alone. `expected`: what If-Match says that they name. */
  put(
    repository: RepositoryName,
    manifest: Manifest,
    tags: readonly Tag[] = [],
    expected?: Manifest,
  ): Promise<void> {
    const op = {
      kind: 'put',
      digest: manifest.canonicalDigest,
      expected: expected?.canonicalDigest,
      tags,
    } as const;
    const condition = expected && ({ kind: 'one-of', digests: [expected.digest] } as const);
    return this.#does(op, async () => {
      await pushManifest(this.#node, NOBODY, { ...pushOf(repository, manifest, tags), condition });
      return DONE;
    });
  }

  /**
   * Carries out a PUT that its client, or the load balancer for it, sends to another node as soon as `gone` aborts. Returns
   * how to write down that the client was answered there: until then this one may take effect, too.
   */
  putForNobody({ repository, tag }: Place, manifest: Manifest, gone: AbortSignal): () => void {
    const push = { ...pushOf(repository, manifest, [tag]), signal: gone };
    pushManifest(this.#node, NOBODY, push).catch(foundBy);
    return this.#begin({ kind: 'put', digest: manifest.canonicalDigest, tags: [tag] });
  }

  /** The same for a DELETE of a tag. */
  deleteTagForNobody({ repository, tag }: Place, gone: AbortSignal): () => void {
    removeTag(this.#node, NOBODY, repository, tag, gone).catch(foundBy);
    return this.#begin({ kind: 'delete-tag', tags: [tag] });
  }

  /** Calls back when the next request to the store is made. */
  atNextStep(hear: () => void): void {
    this.#hands.atNextStep(hear);
  }

  /** DELETE of a tag. */
  deleteTag({ repository, tag }: Place): Promise<void> {
    return this.#does({ kind: 'delete-tag', tags: [tag] }, async () => {
      await removeTag(this.#node, NOBODY, repository, tag);
      return DONE;
    });
  }

  /** DELETE of a manifest, and of the tags that name it. */
  deleteManifest(repository: RepositoryName, { canonicalDigest: digest }: Manifest): Promise<void> {
    return this.#does({ kind: 'delete-digest', digest }, async () => {
      await removeManifest(this.#node, NOBODY, repository, digest);
      return DONE;
    });
  }

  /** HEAD of a tag. */
  look({ repository, tag }: Place): Promise<void> {
    return this.#does({ kind: 'look', tags: [tag] }, async () => {
      const digest = await this.#node.content.tags.resolve(repository, tag);
      return { outcome: 'done', digest };
    });
  }

  /** Carries a promotion out. */
  promote(plan: PromotionPlan): Promise<void> {
    const op = { kind: 'put', tags: [plan.target.tag], digest: plan.digest } as const;
    return this.#does(op, async () => {
      const options = { actor: 'x', waitMirrors: 0, waitTimeoutMs: 0, signal: new AbortController().signal };
      for await (const _ of promote({ ...this.#node, board: { states: [] } }, NOBODY, plan, options));
      return DONE;
    });
  }

  async #does(op: Unfinished, act: () => Promise<Found>): Promise<void> {
    const end = this.#begin(op);
    const found = await act().catch(foundBy);
    if (found.outcome !== 'unknown') end(found);
  }

  /** It begins with its first request to the store, and never if there is none. */
  #begin(op: Unfinished): (found?: Found) => void {
    let end: ((found: Found) => void) | undefined;
    this.#hands.atNextStep(() => {
      end = this.#journal.begin(op);
    });
    return (found = { outcome: 'unknown' }) => end?.(found);
  }
}

function foundBy(error: unknown): Found {
  if (error instanceof StoreUnavailableError) return { outcome: 'unknown' };
  if (!(error instanceof RegistryError)) throw error;
  const { kind } = error;
  if (kind === 'MANIFEST_UNKNOWN') return { outcome: 'absent' };
  if (kind === 'MANIFEST_BLOB_UNKNOWN') return { outcome: 'refused' };
  if (kind === 'TAG_MOVED') return { outcome: 'moved' };
  if (kind === 'SUPERSEDED') return { outcome: 'superseded' };
  return { outcome: 'unknown' };
}
