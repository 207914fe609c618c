import type { Sha256Digest } from '../../oci/digest.ts';
import { isRepositoryName, type RepositoryName } from '../../oci/names.ts';
import { Cached } from '../../storage/cached.ts';
import type { PublicationLog } from './log.ts';
import type { PublishedBlobs } from './published.ts';

/** Who gets a published blob without credentials now. */
export type Audience = 'everyone' | 'this address' | 'nobody';

export interface PublicBlobsOptions {
  readonly log: Pick<PublicationLog, 'read'>;
  readonly published: Pick<PublishedBlobs, 'laterPublishers'>;
  /**
   * Whether clients without credentials may pull from a repository now, at an address or, if it is empty, at any;
   * undefined in an open registry, where everyone may do everything.
   */
  readonly mayPull: ((repository: RepositoryName, address: string) => boolean) | undefined;
}

const REMEMBERED_ENTRIES = 100_000;
/** What an entry says never changes; a cache needs a limit of age. */
const ENTRY_MAX_AGE_MS = 60 * 60_000;
const REMEMBERED_NAMES = 100_000;
/** How late a node may learn that another repository has published a blob. */
const LATER_MAX_AGE_MS = 5000;

/** What the store says of publishers. */
interface Known {
  readonly first: Cached<RepositoryName>;
  readonly later: Cached<readonly RepositoryName[]>;
}

function nothingKnown(): Known {
  return {
    first: new Cached({ maxSize: REMEMBERED_ENTRIES, maxAgeMs: ENTRY_MAX_AGE_MS }),
    later: new Cached({
      maxSize: REMEMBERED_NAMES,
      sizeOf: (names) => names.length,
      maxAgeMs: LATER_MAX_AGE_MS,
    }),
  };
}

/**
 * Decides which published blobs are public now: those that a repository has published from which clients without
 * credentials may pull today. Rules decide each time, from memory; who has published a blob is asked of the store once.
 */
export class PublicBlobs {
  readonly #options: PublicBlobsOptions;
  readonly #known: Known;

  constructor(options: PublicBlobsOptions, known: Known = nothingKnown()) {
    this.#options = options;
    this.#known = known;
  }

  /** The same with other rules; the names that the store was asked for are remembered for both. */
  withRules(mayPull: PublicBlobsOptions['mayPull']): PublicBlobs {
    return new PublicBlobs({ ...this.#options, mayPull }, this.#known);
  }

  /** @param seq the blob's publication number */
  async audience(digest: Sha256Digest, seq: number, address: string): Promise<Audience> {
    const { mayPull, published } = this.#options;
    if (mayPull === undefined) return 'everyone';
    const audienceOf = (repository: RepositoryName): Audience => {
      if (mayPull(repository, '')) return 'everyone';
      return mayPull(repository, address) ? 'this address' : 'nobody';
    };
    const first = await this.#known.first.get(String(seq), () => this.#publisher(seq));
    const audience = first === undefined ? 'nobody' : audienceOf(first);
    if (audience !== 'nobody') return audience;
    const later = (await this.#known.later.get(digest, () => published.laterPublishers(digest))) ?? [];
    const audiences = new Set(later.map(audienceOf));
    if (audiences.has('everyone')) return 'everyone';
    return audiences.has('this address') ? 'this address' : 'nobody';
  }

  /** The repository that an entry promoted into; undefined when the entry is lost. */
  async #publisher(seq: number): Promise<RepositoryName | undefined> {
    const { repository = '' } = (await this.#options.log.read(seq))?.target ?? {};
    return isRepositoryName(repository) ? repository : undefined;
  }
}
