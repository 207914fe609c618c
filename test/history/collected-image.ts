import { setTimeout as sleep } from 'node:timers/promises';
import { Uploader } from '../faults/uploads.ts';
import { sha256 } from '../support/digest.ts';
import type { Content, Image } from '../support/image.ts';
import type { Actor, Part } from './actors.ts';
import type { Recorder } from './recorder.ts';
import type { Sender } from './sender.ts';
import { GRACE_MS, QUARANTINE_MS } from './settings.ts';

const REST_MS = 50;
const PULLS = { least: 1, most: 6 } as const;

/** Pushes an image, pulls the whole of it, deletes it, and pushes it again about when the collector takes it. */
export class CollectedImage implements Actor {
  readonly #part: Part;
  readonly #image: Image<Content>;
  readonly #sender: Sender;
  readonly #recorder: Recorder;

  constructor(part: Part, image: Image<Content>, sender: Sender, recorder: Recorder) {
    this.#part = part;
    this.#image = image;
    this.#sender = sender;
    this.#recorder = recorder;
  }

  async step(): Promise<void> {
    const { name, repository, random, turns } = this.#part;
    const it = turns.take();
    const tag = repository.tags[0] as string;
    if (!(await this.#bringBlobs())) return sleep(REST_MS);
    const outcome = await repository.put(name, tag, it);
    if (outcome === 'done') this.#recorder.count('whole images pushed');
    for (let pulls = random.int(PULLS.least, PULLS.most); pulls > 0; pulls--) {
      await this.#pull();
      await sleep(REST_MS);
    }
    await repository.deleteManifest(name, it);
    await sleep(random.int(0, GRACE_MS + QUARANTINE_MS * 2));
  }

  /** False if one of them could not be brought. */
  async #bringBlobs(): Promise<boolean> {
    const { repository } = this.#part;
    for (const blob of this.#image.blobs) {
      const { answer } = await this.#sender.send('HEAD', `/v2/${repository.name}/blobs/${blob.digest}`);
      if (answer?.status === 200) continue;
      const upload = new Uploader(this.#sender.anyClient).push(repository.name, blob, 'at once');
      const isThere = await upload.then(
        () => true,
        () => false,
      );
      if (!isThere) return false;
      this.#recorder.count('blobs uploaded');
    }
    return true;
  }

  /** By digest, with all its blobs. An image that lacks one is not there. */
  async #pull(): Promise<void> {
    const { name, repository, turns } = this.#part;
    const manifest = await this.#sender.send('GET', `/v2/${repository.name}/manifests/${this.#image.digest}`);
    const isThere = isWhole(manifest.answer, this.#image);
    if (!isThere) return repository.noteManifest(name, turns.take(), manifest, isThere);
    for (const blob of this.#image.blobs) {
      const sent = await this.#sender.send('GET', `/v2/${repository.name}/blobs/${blob.digest}`);
      const has = isWhole(sent.answer, blob);
      if (has === true) continue;
      if (has === undefined) return;
      // It lacked at some moment since the manifest was asked for.
      return repository.noteManifest(name, turns.take(), { ...sent, startMs: manifest.startMs }, false);
    }
    repository.noteManifest(name, turns.take(), manifest, true);
    this.#recorder.count('whole images pulled');
  }
}

/** Undefined if the answer says nothing about it. */
function isWhole(
  answer: { status: number; body: Buffer } | undefined,
  content: Content,
): boolean | undefined {
  if (answer?.status === 404) return false;
  if (answer?.status !== 200) return undefined;
  return sha256(answer.body) === content.digest;
}
