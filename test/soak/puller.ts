import type { Answer } from '../faults/client.ts';
import { all } from '../faults/client.ts';
import { type Content, type Image, MEDIA_TYPES } from '../support/image.ts';
import { type Caller, isNotNow } from './caller.ts';
import type { Journal } from './journal.ts';
import type { Placement, Snapshot } from './placement.ts';
import type { SharedTag } from './shared-tag.ts';

/** How much of a blob a pull asks for. */
export type Portion = 'whole' | 'range' | 'none';

const REDIRECTS_MAX = 4;
const ACCEPT = [MEDIA_TYPES.index, MEDIA_TYPES.image].join();

/** Pulls, compares every byte with what was pushed, and knows what has to be there. */
export class Puller {
  readonly #caller: Caller;
  readonly #journal: Journal;

  constructor(caller: Caller, journal: Journal) {
    this.#caller = caller;
    this.#journal = journal;
  }

  /**
   * Pulls an image by its tag or digest, with all it leads to. What is acknowledged and not deleted has to be there;
   * whatever is there has to be right.
   */
  async image(placement: Placement, by: 'tag' | 'digest', portion: Portion = 'whole'): Promise<void> {
    const { picture, tag } = placement;
    const known = placement.snapshot(this.#journal.nowMs);
    const reference = by === 'tag' ? tag : picture.top.digest;
    const isDue = by === 'tag' ? known.byTag : known.byDigest;
    const top = await this.#manifest(placement, known, reference, picture.top, isDue);
    if (top === undefined) return;
    await this.#below(placement, known, portion);
    this.#journal.count('pulls');
  }

  /** Pulls what is attached to an image, and asks which that is. */
  async artifacts(placement: Placement): Promise<void> {
    const { repository, picture } = placement;
    const known = placement.snapshot(this.#journal.nowMs);
    if (known.artifacts.length === 0) return;
    const target = `/v2/${repository}/referrers/${picture.top.digest}`;
    const answer = await this.#ask(target, placement);
    const { manifests = [] } = JSON.parse(answer.body.toString()) as { manifests?: { digest: string }[] };
    const listed = new Set(manifests.map(({ digest }) => digest));
    for (const artifact of known.artifacts) {
      const { digest } = artifact;
      if (!listed.has(digest) && placement.isStill(known))
        this.#journal.broken(`${target} does not name ${digest}`, digest, ...placement.subjects);
      await this.#artifact(placement, known, artifact);
    }
    this.#journal.count('pulls of referrers');
  }

  /** Pulls what a tag that many move names; `find` knows the images that it may name. */
  async shared(tag: SharedTag, find: (digest: string) => Placement | undefined): Promise<void> {
    const askedAtMs = this.#journal.nowMs;
    const target = `/v2/${tag.repository}/manifests/${tag.tag}`;
    const answer = await this.#caller.pull(`GET ${target}`, [tag.name], () =>
      this.#try(target, { accept: ACCEPT }),
    );
    const seen = answer.status === 404 ? undefined : answer.header('docker-content-digest');
    const allowed = tag.allowed(askedAtMs);
    if (!allowed.has(seen))
      this.#journal.broken(
        `${tag.name} names ${seen ?? 'nothing'} instead of ${[...allowed].join(' or ')}`,
        ...[tag.name, ...[...allowed, seen].filter((digest) => digest !== undefined)],
      );
    const placement = seen === undefined ? undefined : find(seen);
    if (!placement) return;
    const { top } = placement.picture;
    if (!answer.body.equals(top.bytes)) this.#wrong(target, answer, top, placement);
    await this.#below(placement, placement.snapshot(this.#journal.nowMs), 'none');
    this.#journal.count('pulls of moving tags');
  }

  async #below(placement: Placement, known: Snapshot, portion: Portion): Promise<void> {
    const { picture } = placement;
    await all<unknown>([
      ...picture.children.map((child) =>
        this.#manifest(placement, known, child.digest, child, known.byDigest),
      ),
      ...picture.blobs.map((blob) => this.#blob(placement, known, blob, portion)),
    ]);
  }

  async #artifact(placement: Placement, known: Snapshot, artifact: Image<Content>): Promise<void> {
    await this.#manifest(placement, known, artifact.digest, artifact, true);
    for (const blob of artifact.blobs) await this.#blob(placement, known, blob, 'whole');
  }

  async #manifest(
    placement: Placement,
    known: Snapshot,
    reference: string,
    content: Content,
    isDue: boolean,
  ): Promise<Answer | undefined> {
    const target = `/v2/${placement.repository}/manifests/${reference}`;
    const answer = await this.#ask(target, placement, { accept: ACCEPT });
    if (answer.status === 404) return this.#absent(target, placement, known, isDue, content);
    const isRight =
      answer.status === 200 &&
      answer.body.equals(content.bytes) &&
      answer.header('docker-content-digest') === content.digest &&
      answer.header('content-type') === content.mediaType;
    if (!isRight) this.#wrong(target, answer, content, placement);
    this.#journal.count('manifests compared');
    return answer;
  }

  async #blob(placement: Placement, known: Snapshot, content: Content, portion: Portion): Promise<void> {
    const target = `/v2/${placement.repository}/blobs/${content.digest}`;
    const { bytes } = content;
    const [first, last] = [bytes.length >> 2, bytes.length - 1 - (bytes.length >> 2)];
    const range: Record<string, string> = portion === 'range' ? { range: `bytes=${first}-${last}` } : {};
    const method = portion === 'none' ? 'HEAD' : 'GET';
    const answer = await this.#ask(target, placement, range, method);
    if (answer.status === 404) {
      // A HEAD is a question of those who push: what a collector that has died was deleting counts as gone to it, until
      // another one takes over (decision 9). A GET has to find it.
      if (method === 'HEAD' && known.byDigest && placement.isStill(known)) {
        this.#journal.count('HEADs that did not find what is there');
        return this.#blob(placement, known, content, 'whole');
      }
      this.#absent(target, placement, known, known.byDigest, content);
      return;
    }
    const wanted = portion === 'range' ? bytes.subarray(first, last + 1) : bytes;
    const isRight =
      portion === 'none'
        ? answer.status === 200 && Number(answer.header('content-length')) === bytes.length
        : answer.status === (portion === 'range' ? 206 : 200) && answer.body.equals(wanted);
    if (!isRight) this.#wrong(target, answer, content, placement);
    if (portion !== 'none') this.#journal.count('blobs compared');
  }

  #ask(
    target: string,
    placement: Placement,
    headers: Record<string, string> = {},
    method: 'GET' | 'HEAD' = 'GET',
  ): Promise<Answer> {
    return this.#caller.pull(`${method} ${target}`, placement.subjects, () =>
      this.#try(target, headers, method),
    );
  }

  /** One pull, to its end, wherever it is sent; or why it failed. */
  async #try(
    target: string,
    headers: Record<string, string>,
    method: 'GET' | 'HEAD' = 'GET',
  ): Promise<Answer | string> {
    let at = target;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const answer = await this.#caller.once(method, at, { headers });
      if (isNotNow(answer)) return `no answer from ${at}`;
      if (answer.status !== 302 && answer.status !== 307) return answer;
      this.#journal.count('redirects');
      at = answer.header('location') ?? '';
    }
    return `sent on again and again, at last to ${at}`;
  }

  #absent(
    target: string,
    placement: Placement,
    known: Snapshot,
    isDue: boolean,
    { digest }: Content,
  ): undefined {
    if (isDue && placement.isStill(known))
      this.#journal.broken(
        `${target} is gone: it was acknowledged ${Math.round(this.#journal.nowMs - placement.changedAtMs)} ms ago`,
        ...[digest, ...placement.subjects],
      );
  }

  #wrong(target: string, answer: Answer, content: Content, placement: Placement): never {
    return this.#journal.broken(
      `${target} was answered with ${answer.status}, ${answer.body.length} bytes of ${answer.header('content-type')}, ` +
        `instead of the ${content.bytes.length} bytes of ${content.mediaType} that were pushed`,
      ...[content.digest, ...placement.subjects],
    );
  }
}
