import type { Sealer } from '../audit/seal.ts';
import { COMPLETE, type ManifestRules } from '../oci/manifest-rules.ts';
import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { BLOBS_PREFIX, repositoryPrefixes } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { mayLeadToContent } from '../storage/unlisted.ts';
import { walkRepositories } from '../storage/walk.ts';
import { type Scope, strayFinding } from './area.ts';
import { BlobView } from './blob-view.ts';
import { checkBlobs } from './blobs.ts';
import { CheckReader } from './check-reader.ts';
import { type Finding, type FindingKind, finding } from './finding.ts';
import { checkAudit, checkRest } from './own.ts';
import { checkPublicationNumbers } from './publication-numbers.ts';
import { checkPublications, Published } from './publications.ts';
import { checkRepository } from './repository.ts';
import { checkTemporaries } from './temporaries.ts';

export interface CheckOptions {
  /** Read every blob to its end and compare its digest. */
  readonly deep: boolean;
  /** Check only these repositories and what they name; the whole store when none is given. */
  readonly repositories?: readonly string[];
  /** What an index may lack: `validation.manifests.indexes`. */
  readonly rules?: ManifestRules;
  /** Whether a repository changes only by promotion; none does unless given. */
  readonly isStable?: ((name: RepositoryName) => boolean) | undefined;
  /** What the audit record's seals are verified by. */
  readonly sealer?: Sealer | undefined;
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

/** A check that is under way. */
export interface Check {
  /** Everything that is found, as it is found; iterating over it is what checks. */
  readonly findings: AsyncGenerator<Finding>;
  /** What was read so far, and what is being looked at. */
  readonly progress: Pick<CheckReader, 'objectsRead' | 'bytesRead' | 'area'>;
}

/** What garbage collection refuses to work over, because it may refer to content. */
const REFUSED: ReadonlySet<FindingKind> = new Set(['repository-misnamed', 'digest-unknown']);

/** A repository that was asked for is not there. */
export class NoSuchRepositoryError extends Error {
  constructor(name: string) {
    super(`there is no repository ${name} in this store`);
    this.name = 'NoSuchRepositoryError';
  }
}

/**
 * Reads a whole store and reports every broken invariant; writes nothing. Others may write at the same time: what looks
 * amiss is looked at twice. Memory: some 60 to 115 bytes for each stored blob, as much again for each published one, and for each
 * blob and manifest of the repository that is being read; times 1.5 while a table grows.
 */
export function checkStore(objects: ObjectStore, options: CheckOptions): Check {
  const reader = new CheckReader(objects, options.signal);
  const { deep, repositories = [], rules = COMPLETE, isStable, sealer, now = new Date() } = options;
  const whole = repositories.length === 0;
  const scope = { reader, blobs: new BlobView(reader), rules, isStable, sealer, deep, whole, now };
  const findings = whole ? checkAll(scope) : checkSome(scope, repositories);
  return { findings, progress: reader };
}

async function* checkAll(scope: Scope): AsyncGenerator<Finding> {
  const { reader, blobs } = scope;
  reader.area = 'blobs';
  yield* checkBlobs(scope);
  let isDoubtful = false;
  for await (const found of walkRepositories(reader.objects)) {
    const findings = found.kind === 'stray' ? [strayOrMisnamed(found)] : checkRepository(scope, found.name);
    for await (const each of findings) {
      isDoubtful ||= REFUSED.has(each.kind);
      yield each;
    }
  }
  reader.area = 'publications';
  const published = new Published();
  yield* checkPublications(scope, published);
  yield* checkPublicationNumbers(scope, published);
  reader.area = 'the audit record';
  yield* checkAudit(scope);
  reader.area = 'the rest';
  yield* checkRest(scope);
  yield* checkTemporaries(scope);
  yield* unlistedFindings(reader);
  yield* unusedBlobs(blobs, published, isContentHidden(reader) || isDoubtful);
}

async function* checkSome(scope: Scope, names: readonly string[]): AsyncGenerator<Finding> {
  const { objects } = scope.reader;
  for (const name of names) {
    if (!isRepositoryName(name)) throw new NoSuchRepositoryError(name);
    const found = await Promise.all(
      repositoryPrefixes(name).map((prefix) => objects.list({ prefix, limit: 1 })),
    );
    const isThere = found.some((page) => page.keys.length > 0) || isContentHidden(scope.reader);
    if (!isThere) throw new NoSuchRepositoryError(name);
    yield* checkRepository(scope, name);
  }
  yield* unlistedFindings(scope.reader);
}

/** Reports what listings could not show. */
function* unlistedFindings({ unlisted }: CheckReader): Generator<Finding> {
  for (const { key, is, remedy } of unlisted.values())
    yield mayLeadToContent(key)
      ? finding('unlisted', { key }, `It ${is}, so what lies behind it is unknown: ${remedy}`)
      : finding('passed-over', { key }, `It ${is}`);
}

/** Whether listings could not show something that may refer to content. */
function isContentHidden({ unlisted }: CheckReader): boolean {
  return [...unlisted.keys()].some(mayLeadToContent);
}

function strayOrMisnamed({ key, isRepository }: { key: string; isRepository: boolean }): Finding {
  if (!isRepository) return strayFinding(key);
  return finding('repository-misnamed', { key }, 'No repository can have this name');
}

/** `isDoubtful` when something was not looked at that may refer to them. */
function* unusedBlobs(blobs: BlobView, published: Published, isDoubtful: boolean): Generator<Finding> {
  const unreferenced = { blobs: 0, bytes: 0 };
  const publishedOnly = { blobs: 0, bytes: 0 };
  for (const { digest, sizeBytes } of blobs.unused()) {
    const sum = published.has(digest) ? publishedOnly : unreferenced;
    sum.blobs++;
    sum.bytes += sizeBytes;
  }
  const which = isDoubtful ? 'that nothing that could be read refers to' : 'that nothing refers to';
  yield* countedBlobs(isDoubtful ? 'blobs-unaccounted' : 'blobs-unreferenced', unreferenced, which);
  const why = 'that were published, and that no repository refers to any more';
  yield* countedBlobs('blobs-published-only', publishedOnly, why);
}

function* countedBlobs(kind: FindingKind, sum: { blobs: number; bytes: number }, which: string) {
  if (sum.blobs === 0) return;
  const meaning = `There are ${sum.blobs} blobs of ${sum.bytes} bytes together ${which}`;
  yield finding(kind, { key: BLOBS_PREFIX, ...sum }, meaning);
}
