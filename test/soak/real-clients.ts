import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { Content } from '../support/image.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { layoutBlobPath } from '../support/layout-writer.ts';
import type { TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import type { Caller } from './caller.ts';
import type { Picture } from './content.ts';
import type { Journal } from './journal.ts';
import type { Placement } from './placement.ts';
import { REAL_CANDIDATE, REAL_STABLE, type State } from './state.ts';

/** What these clients need on the machine. */
export const REAL_CLIENTS = ['skopeo', 'podman'];

const IMAGES = 2;
/** Not a number that the factory reaches. */
const FIRST_ID = 1_000_000;
const PAUSE_MAX_MS = 3000;

/** skopeo pushes and pulls, the command promotes, podman pulls what was promoted; then skopeo deletes, and it begins anew. */
export class RealClients implements AsyncDisposable {
  readonly #host: string;
  readonly #state: State;
  readonly #caller: Caller;
  readonly #journal: Journal;
  readonly #random: Random;
  readonly #release: TestRegistry;
  readonly #held = new AsyncDisposableStack();
  readonly #images: { readonly layout: ImageLayout; readonly picture: Picture }[] = [];
  #skopeo!: Skopeo;
  #podman!: Podman;
  #home!: string;

  private constructor(
    host: string,
    release: TestRegistry,
    state: State,
    caller: Caller,
    journal: Journal,
    random: Random,
  ) {
    this.#host = host;
    this.#release = release;
    this.#state = state;
    this.#caller = caller;
    this.#journal = journal;
    this.#random = random;
  }

  /** Makes images for clients of the registry at `host`. */
  static async open(
    { host, release }: { host: string; release: TestRegistry },
    { state, caller, journal, random }: { state: State; caller: Caller; journal: Journal; random: Random },
  ): Promise<RealClients> {
    const clients = new RealClients(host, release, state, caller, journal, random);
    const held = clients.#held;
    clients.#home = held.use(await tempDir('real')).path;
    clients.#skopeo = held.use(await Skopeo.open());
    clients.#podman = held.use(await Podman.open());
    for (let i = 0; i < IMAGES; i++) {
      const layout = await makeImageLayout(join(clients.#home, `layout-${i}`), {
        layerSizesMib: [0.1, 0.02],
      });
      clients.#images.push({ layout, picture: await pictureOf(layout, FIRST_ID + i) });
    }
    return clients;
  }

  async step(): Promise<void> {
    const image = this.#random.pick(this.#images);
    if (!image) return;
    const placement = this.#state.place(REAL_CANDIDATE, image.picture);
    await this.#push(image.layout, placement);
    await this.#pull(placement);
    if (this.#journal.isClosing) return;
    await sleep(this.#random.int(0, PAUSE_MAX_MS));
    // Once promoted its blobs stay for ever: only one of them is.
    if (image === this.#images[0]) await this.#promoteAndPull(placement);
    await this.#delete(placement);
    await sleep(this.#random.int(0, PAUSE_MAX_MS));
  }

  async #push(layout: ImageLayout, placement: Placement): Promise<void> {
    placement.endChange('uncertain', 'uncertain', this.#journal.nowMs);
    await this.#caller.insist('skopeo copy', () =>
      orWhy(() => this.#skopeo.copyAll(layout.directory, 'multi', `${this.#host}/${placement.name}`)),
    );
    placement.endChange('present', 'present', this.#journal.nowMs);
    this.#journal.note('skopeo', 'pushed', placement.name, placement.picture.top.digest);
    this.#journal.count('pushes by skopeo');
  }

  async #pull(placement: Placement): Promise<void> {
    const directory = join(this.#home, 'pulled');
    const { subjects, picture } = placement;
    await this.#caller.pull(`skopeo copy of ${placement.name}`, subjects, async () => {
      await rm(directory, { recursive: true, force: true });
      return orWhy(() => this.#skopeo.copyToDir(`${this.#host}/${placement.name}`, directory, { all: true }));
    });
    const hexOf = (digest: string) => digest.slice('sha256:'.length);
    const files = [
      { file: 'manifest.json', content: picture.top },
      ...picture.blobs.map((content) => ({ file: hexOf(content.digest), content })),
      ...picture.children.map((content) => ({ file: `${hexOf(content.digest)}.manifest.json`, content })),
    ];
    for (const { file, content } of files)
      if (!(await readFile(join(directory, file))).equals(content.bytes))
        this.#journal.broken(`skopeo was given wrong bytes for ${file}`, content.digest, ...subjects);
    this.#journal.count('pulls by skopeo');
  }

  async #promoteAndPull(placement: Placement): Promise<void> {
    const target = this.#state.place(REAL_STABLE, placement.picture);
    if (target.manifest !== 'present') {
      target.endChange('uncertain', 'uncertain', this.#journal.nowMs);
      await this.#caller.insist('roadstead promote', () =>
        orWhy(() => this.#release.cli(['promote', placement.name, target.name])),
      );
      target.endChange('present', 'present', this.#journal.nowMs);
      this.#journal.count('promotions by the command');
    }
    await this.#caller.pull(`podman pull ${target.name}`, target.subjects, () =>
      orWhy(() => this.#podman.pull(`${this.#host}/${target.name}`)),
    );
    await this.#podman.forget();
    this.#journal.count('pulls by podman');
  }

  async #delete(placement: Placement): Promise<void> {
    placement.endChange('uncertain', 'uncertain', this.#journal.nowMs);
    await this.#caller.insist('skopeo delete', async () => {
      const done = await orWhy(() =>
        this.#skopeo.run('delete', '--tls-verify=false', `docker://${this.#host}/${placement.name}`),
      );
      // Deleted by a try whose answer was lost.
      return typeof done === 'string' && /manifest unknown|MANIFEST_UNKNOWN|404/i.test(done) ? {} : done;
    });
    placement.endChange('absent', 'absent', this.#journal.nowMs);
    this.#journal.note('skopeo', 'deleted', placement.name, placement.picture.top.digest);
    this.#journal.count('deletes by skopeo');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }
}

/** What came of a client's run, or in its own words why it failed. */
async function orWhy(act: () => Promise<unknown>): Promise<object | string> {
  try {
    await act();
    return {};
  } catch (error) {
    return String(error);
  }
}

async function pictureOf({ directory, digests, layers, configs }: ImageLayout, id: number): Promise<Picture> {
  const bytesOf = (digest: string) => readFile(layoutBlobPath(directory, digest));
  const manifest = async (digest: string) => {
    const bytes = await bytesOf(digest);
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string };
    return new Content(bytes, mediaType);
  };
  const blobs = [...layers.amd64, ...layers.arm64, configs.amd64, configs.arm64];
  const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  return {
    id,
    blobs: await Promise.all(
      distinct.map(async ({ digest, mediaType }) => new Content(await bytesOf(digest), mediaType)),
    ),
    children: [await manifest(digests.amd64), await manifest(digests.arm64)],
    top: await manifest(digests.multi),
  };
}
