import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { type Answer, UnexpectedAnswer } from '../faults/client.ts';
import type { Random } from '../faults/random.ts';
import { Uploader, type UploadStyle } from '../faults/uploads.ts';
import type { Content, Image } from '../support/image.ts';
import type { Bundle } from '../support/platforms.ts';
import { type Caller, isNotNow } from './caller.ts';
import type { Journal } from './journal.ts';
import { PATIENCE_MS, QUARANTINE_MS } from './settings.ts';

const STYLES: readonly UploadStyle[] = ['at once', 'patch', 'chunks'];
const BLOBS_AT_ONCE = 3;
const PAUSE_MS = 200;

/** Where a client was told that content is there, and when it had asked. */
interface Told {
  readonly digest: string;
  readonly how: string;
  readonly askedAtMs: number;
}

/** Pushes as clients do: asks what is there, mounts what another repository has, uploads the rest, then manifests. */
export class Pusher {
  readonly #caller: Caller;
  readonly #journal: Journal;
  readonly #random: Random;
  /** Repositories that a mount may name. */
  readonly #sources: readonly string[];
  /** `repository@digest` of all that was once uploaded: what has to be uploaded there again has been collected. */
  readonly #uploaded: Set<string>;

  constructor(
    caller: Caller,
    journal: Journal,
    random: Random,
    { sources, uploaded }: { sources: readonly string[]; uploaded: Set<string> },
  ) {
    this.#caller = caller;
    this.#journal = journal;
    this.#random = random;
    this.#sources = sources;
    this.#uploaded = uploaded;
  }

  /**
   * Pushes blobs and manifests, in this order, the last one under `reference`. True when all was acknowledged; false
   * when the client has lost patience, and anything may have come of it.
   */
  async push(repository: string, { blobs, children, top }: Bundle, reference: string): Promise<boolean> {
    const subjects = [`${repository}:${reference}`, top.digest];
    for (const deadline = performance.now() + PATIENCE_MS; this.#mayGoOn(deadline); ) {
      const told = await pMap(blobs, (blob) => this.#bring(repository, blob, deadline), {
        concurrency: BLOBS_AT_ONCE,
      });
      if (told.includes(undefined)) break;
      // A client takes its time.
      if (this.#random.chance(0.15)) await sleep(this.#random.int(0, QUARANTINE_MS / 2));
      const known = told.filter((each) => each !== undefined);
      let isRefused = false;
      for (const manifest of [...children, top]) {
        const askedAtMs = this.#journal.nowMs;
        const named = manifest === top ? reference : manifest.digest;
        const answer = await this.#put(repository, named, manifest, deadline);
        if (answer === undefined) return false;
        this.#journal.note('pusher', `PUT as ${named}: ${answer.status}`, manifest.digest, ...subjects);
        if (answer.status === 201) known.push({ digest: manifest.digest, how: 'pushed', askedAtMs });
        else this.#refused(repository, answer, known, subjects);
        isRefused = answer.status !== 201;
        if (isRefused) break;
      }
      if (!isRefused) return true;
      this.#journal.count('pushes begun anew');
    }
    this.#journal.count('pushes given up');
    return false;
  }

  /** Pushes what has another manifest as its subject. */
  attach(repository: string, artifact: Image<Content>): Promise<boolean> {
    return this.push(repository, { blobs: artifact.blobs, children: [], top: artifact }, artifact.digest);
  }

  #mayGoOn(deadline: number): boolean {
    return performance.now() < deadline && !this.#journal.isClosing;
  }

  /** Has a blob in the repository; tells what the client relies on from now on. */
  async #bring(repository: string, blob: Content, deadline: number): Promise<Told | undefined> {
    const { digest } = blob;
    while (this.#mayGoOn(deadline)) {
      const askedAtMs = this.#journal.nowMs;
      const how = await this.#bringOnce(repository, blob);
      if (how !== undefined) {
        this.#journal.note('pusher', `${repository} has it: ${how}`, digest);
        this.#journal.count(`blobs ${how}`);
        return { digest, how, askedAtMs };
      }
      await sleep(this.#random.int(PAUSE_MS / 2, PAUSE_MS));
    }
    return undefined;
  }

  async #bringOnce(repository: string, blob: Content): Promise<string | undefined> {
    const { digest } = blob;
    const key = `${repository}@${digest}`;
    const head = await this.#caller.once('HEAD', `/v2/${repository}/blobs/${digest}`);
    if (isNotNow(head)) return undefined;
    if (head.status === 200) return 'there already';
    const from = this.#random.pick(this.#sources.filter((source) => source !== repository));
    if (from !== undefined && this.#random.chance(0.7)) {
      const target = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${from}`;
      const mounted = await this.#caller.once('POST', target);
      if (isNotNow(mounted)) return undefined;
      if (mounted.status === 201) return 'mounted';
      await this.#caller.once('DELETE', mounted.header('location') ?? '');
    }
    try {
      await new Uploader(this.#caller.client).push(repository, blob, this.#random.pick(STYLES) ?? 'patch');
    } catch (error) {
      this.#journal.note('pusher', `upload to ${repository}: ${error}`, digest);
      const status = /answered with (\d+)/.exec(String(error))?.[1];
      const isAnswer = error instanceof UnexpectedAnswer;
      this.#journal.count(isAnswer ? `uploads answered with ${status}` : 'uploads whose connection broke');
      return undefined;
    }
    if (this.#uploaded.has(key)) this.#journal.count('blobs uploaded anew after collection');
    this.#uploaded.add(key);
    return 'uploaded';
  }

  async #put(
    repository: string,
    reference: string,
    { bytes, mediaType }: Content,
    deadline: number,
  ): Promise<Answer | undefined> {
    const headers = { 'content-type': mediaType };
    while (this.#mayGoOn(deadline)) {
      const target = `/v2/${repository}/manifests/${reference}`;
      const answer = await this.#caller.once('PUT', target, { headers, body: bytes });
      if (!isNotNow(answer)) return answer;
      await sleep(PAUSE_MS);
    }
    return undefined;
  }

  /** Content may lack when a client has taken longer than the quarantine lasts; sooner it was promised. */
  #refused(repository: string, answer: Answer, told: readonly Told[], subjects: readonly string[]): void {
    const body = answer.body.toString();
    const digests = told.map(({ digest }) => digest);
    // Who brings nothing names what is certainly there.
    if (told.length === 0 || !body.includes('BLOB_UNKNOWN'))
      this.#journal.broken(
        `${repository} refused a manifest: ${answer.status} ${body}`,
        ...subjects,
        ...digests,
      );
    for (const { digest, how, askedAtMs } of told) {
      const agoMs = Math.round(this.#journal.nowMs - askedAtMs);
      if (body.includes(digest) && agoMs < QUARANTINE_MS)
        this.#journal.broken(
          `${repository} promised ${digest} (${how}, asked ${agoMs} ms ago), and refuses a manifest with it: ${body}`,
          ...[digest, ...subjects],
        );
    }
  }
}
