import { sha256 } from '../support/digest.ts';
import { type Answer, all, type Client } from './client.ts';
import type { MirrorCheck } from './mirror-check.ts';
import type { BlobFacts } from './world.ts';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

interface ManifestJson {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** With a mirror, blobs are pulled to their last byte; without, it is only asked whether they are there. */
export interface WalkOptions {
  readonly mirror?: MirrorCheck;
}

/** Walks images from a tag down to every byte; a blob that several of them share is walked once. */
export class ImageWalk {
  readonly #client: Client;
  readonly #mirror: MirrorCheck | undefined;
  readonly #walked = new Map<string, Promise<void>>();

  constructor(client: Client, { mirror }: WalkOptions = {}) {
    this.#client = client;
    this.#mirror = mirror;
  }

  /** Follows a tag; answers with what it names, or undefined if it is not there. Throws if anything below it lacks. */
  async tag(repository: string, tag: string): Promise<string | undefined> {
    const answer = await this.#client.expect([200, 404], 'GET', `/v2/${repository}/manifests/${tag}`);
    if (answer.status === 404) return undefined;
    const digest = sha256(answer.body);
    if (answer.header('docker-content-digest') !== digest)
      throw new Error(`${repository}:${tag} says that it is not ${digest}`);
    await this.#once(repository, digest, () => this.#below(repository, answer));
    return digest;
  }

  async #below(repository: string, manifest: Answer): Promise<void> {
    const { config, layers = [], manifests = [] } = JSON.parse(manifest.body.toString()) as ManifestJson;
    const blobs = [...(config ? [config] : []), ...layers];
    await all([
      ...manifests.map(({ digest }) =>
        this.#once(repository, digest, async () => {
          const answer = await this.#client.expect(200, 'GET', `/v2/${repository}/manifests/${digest}`);
          if (sha256(answer.body) !== digest) throw new Error(`${repository}@${digest} has other bytes`);
          await this.#below(repository, answer);
        }),
      ),
      ...blobs.map(({ digest, size }) =>
        this.#once(repository, digest, () => this.#blob(repository, { digest, sizeBytes: size })),
      ),
    ]);
  }

  async #blob(repository: string, blob: BlobFacts): Promise<void> {
    const path = `/v2/${repository}/blobs/${blob.digest}`;
    const { header } = await this.#client.expect(200, 'HEAD', path);
    if (Number(header('content-length')) !== blob.sizeBytes) throw new Error(`${path} has another size`);
    if (this.#mirror) await this.#mirror.pull(this.#client, repository, blob);
  }

  #once(repository: string, digest: string, walk: () => Promise<void>): Promise<void> {
    const key = `${repository}@${digest}`;
    const walked = this.#walked.get(key) ?? walk();
    this.#walked.set(key, walked);
    return walked;
  }
}
