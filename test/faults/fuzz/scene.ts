import { join } from 'node:path';
import { expect } from 'chai';
import { contentBelow } from '../../protocol/on-disk.ts';
import { pushImage } from '../../protocol/pushing.ts';
import { send } from '../../protocol/wire.ts';
import type { Image } from '../../support/image.ts';
import { startRegistry, type TestRegistry } from '../../support/registry.ts';
import { type TempDir, tempDir } from '../../support/temp.ts';
import { COLLECTS_GARBAGE } from './in-use.ts';

/** What requests are made of that would be right but for their fault. */
export interface Known {
  readonly name: string;
  readonly tag: string;
  readonly image: Image;
  /** Uploads that are open, or were until a request closed them. */
  readonly uploads: readonly string[];
}

const NAME = 'candidate/fuzz';
const TAG = 'known';
const UPLOADS = 8;
/** Uploads, and whose turn it is to move a tag. */
const PASSING = /\/_uploads\/|\/_roadstead\/claims\//;

/** A registry with one image, in a store that lies deep enough for a path that leads out of it to be seen. */
export class Scene implements AsyncDisposable {
  readonly registry: TestRegistry;
  readonly image: Image;
  readonly #layer: Buffer;
  readonly #home: TempDir;
  readonly #uploads: string[] = [];

  private constructor(registry: TestRegistry, image: Image, layer: Buffer, home: TempDir) {
    this.registry = registry;
    this.image = image;
    this.#layer = layer;
    this.#home = home;
  }

  static async start(): Promise<Scene> {
    const home = await tempDir('fuzz');
    const rootDirectory = join(home.path, 'a', 'b', 'c', 'store');
    const registry = await startRegistry({
      ...{ rootDirectory, delete: true, env: { NODE_OPTIONS: COLLECTS_GARBAGE } },
      // It would write a record of its own a minute after the start, in the middle of a run on a busy machine.
      config: ({ storage, ...config }) => ({
        ...config,
        storage: { ...(storage as object), maintenance: { uploadpurging: { enabled: false } } },
      }),
    });
    const layer = Buffer.alloc(100_000, 'layer');
    const image = await pushImage(registry.url, NAME, TAG, [layer]);
    const scene = new Scene(registry, image, layer, home);
    for (let i = 0; i < UPLOADS; i++) await scene.renewUpload();
    return scene;
  }

  get known(): Known {
    return { name: NAME, tag: TAG, image: this.image, uploads: this.#uploads };
  }

  /** Opens an upload in place of the oldest, which some request may have closed. */
  async renewUpload(): Promise<void> {
    const begun = await send(this.registry.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' });
    expect(begun.status).to.equal(202);
    this.#uploads.push(String(begun.headers['docker-upload-uuid']));
    if (this.#uploads.length > UPLOADS) this.#uploads.shift();
  }

  /** Every file that there is, inside of the store and around it, with its content; but for what uploads are made of. */
  async files(): Promise<Record<string, string>> {
    const files = Object.entries(await contentBelow(this.#home.path));
    return Object.fromEntries(files.filter(([name]) => !PASSING.test(name)));
  }

  /** Throws unless the image can be pulled, byte for byte. */
  async expectPullable(): Promise<void> {
    const { url } = this.registry;
    for (const reference of [TAG, this.image.digest]) {
      const manifest = await send(url, `/v2/${NAME}/manifests/${reference}`);
      expect(manifest.status).to.equal(200);
      expect(manifest.body.equals(this.image.bytes)).to.equal(true);
    }
    const blob = await send(url, `/v2/${NAME}/blobs/${this.image.layers[0]?.digest}`);
    expect(blob.status).to.equal(200);
    expect(blob.body.equals(this.#layer)).to.equal(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.#home[Symbol.asyncDispose]();
  }
}
