import type { Content } from '../support/image.ts';
import type { Random } from './random.ts';
import { type Move, TagHistory } from './tag-history.ts';

/** What a mirror may be asked for: a blob's facts without its bytes. */
export interface BlobFacts {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A candidate whose push was acknowledged. */
export interface Candidate {
  readonly tag: string;
  readonly digest: string;
  readonly blobs: readonly BlobFacts[];
}

/** What a promotion said that it had published. */
export interface PublicationFacts {
  /** Undefined if there was nothing left to publish. */
  readonly seq: number | undefined;
  readonly digest: string;
}

export const CANDIDATES = 'candidate/app';
export const STABLE = 'app';

/** All that clients were told, over all the registry's lives: what must still be so. */
export class World {
  readonly random: Random;
  readonly candidates: Candidate[] = [];
  readonly publications: PublicationFacts[] = [];
  /** Blobs of promoted images, by digest: these may be redirected. */
  readonly promoted = new Map<string, BlobFacts>();
  /** The base layers that images are built on. */
  readonly bases: readonly Content[];
  /** By `repository:tag`. */
  readonly tags = new Map<string, TagHistory>();
  #builds = 0;

  constructor(random: Random, bases: readonly Content[]) {
    this.random = random;
    this.bases = bases;
  }

  nextBuild(): string {
    return String(++this.#builds);
  }

  /** Says that a tag is about to be moved. */
  beginMove(name: string, digest: string): Move {
    // A release service finishes a promotion that had announced its move when it died.
    const history = this.tags.get(name) ?? new TagHistory({ lingers: name.startsWith(`${STABLE}:`) });
    this.tags.set(name, history);
    return history.begin(digest);
  }
}
