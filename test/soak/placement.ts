import type { Content, Image } from '../support/image.ts';
import type { Picture } from './content.ts';
import { KEEPS_UNTAGGED, TAG_STALE_MS } from './settings.ts';

/** What is known of something that was pushed or deleted; what was sent and not answered may be either. */
export type Certainty = 'absent' | 'uncertain' | 'present';

/** What a reader may rely on, as long as nobody begins to change it. */
export interface Snapshot {
  readonly epoch: number;
  readonly byDigest: boolean;
  readonly byTag: boolean;
  readonly artifacts: readonly Image<Content>[];
}

/** An image in a repository, under a tag that never names another one. */
export class Placement {
  readonly repository: string;
  readonly picture: Picture;
  readonly tag: string;
  /** Of the manifest's link in this repository, and of all that it leads to. */
  manifest: Certainty = 'absent';
  tagged: Certainty = 'absent';
  /** One client at a time changes it. */
  isBusy = false;
  /** When it was last changed, on the soak's clock. */
  changedAtMs = 0;
  readonly #artifacts: Image<Content>[] = [];
  #epoch = 0;
  #isChanging = false;

  constructor(repository: string, picture: Picture) {
    this.repository = repository;
    this.picture = picture;
    this.tag = `b${picture.id}`;
  }

  get name(): string {
    return `${this.repository}:${this.tag}`;
  }

  /** What stories about it are about. */
  get subjects(): string[] {
    const { blobs, children, top } = this.picture;
    return [
      this.name,
      top.digest,
      ...children.map(({ digest }) => digest),
      ...blobs.map(({ digest }) => digest),
    ];
  }

  /** To be called before anything is sent that changes it: what readers knew is void from now on. */
  beginChange(): void {
    this.#epoch++;
    this.#isChanging = true;
  }

  /** To be called when it is known what became of it. */
  endChange(manifest: Certainty, tagged: Certainty, nowMs: number): void {
    this.#epoch++;
    this.#isChanging = false;
    this.manifest = manifest;
    this.tagged = tagged;
    this.changedAtMs = nowMs;
    if (manifest !== 'present' || (!KEEPS_UNTAGGED && tagged !== 'present')) this.#artifacts.length = 0;
  }

  /** Something whose subject this is was acknowledged. */
  attach(artifact: Image<Content>): void {
    this.#artifacts.push(artifact);
  }

  snapshot(nowMs: number): Snapshot {
    const isTagged = this.tagged === 'present';
    const byDigest = !this.#isChanging && this.manifest === 'present' && (isTagged || KEEPS_UNTAGGED);
    return {
      epoch: this.#epoch,
      byDigest,
      byTag: byDigest && isTagged && nowMs - this.changedAtMs > TAG_STALE_MS,
      artifacts: byDigest ? [...this.#artifacts] : [],
    };
  }

  /** Whether nobody has begun to change it since. */
  isStill({ epoch }: Snapshot): boolean {
    return epoch === this.#epoch;
  }
}
