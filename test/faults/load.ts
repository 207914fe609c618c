import { setTimeout as sleep } from 'node:timers/promises';
import type { Content } from '../support/image.ts';
import type { Bundle } from '../support/platforms.ts';
import { type Answer, all, type Client, UnexpectedAnswer } from './client.ts';
import { makeImage } from './images.ts';
import type { MirrorCheck } from './mirror-check.ts';
import type { Move } from './tag-history.ts';
import { Uploader, type UploadStyle } from './uploads.ts';
import { type BlobFacts, CANDIDATES, type Candidate, STABLE, type World } from './world.ts';

/** What clients do. */
export type Activity = 'upload' | 'manifest' | 'promotion' | 'pull';

const STYLES: readonly UploadStyle[] = ['at once', 'patch', 'chunks'];
const PAUSE_MAX_MS = 12;
/** Promoters take one of so many newest candidates. */
const RECENT = 10;

interface PromotionLine {
  readonly event: string;
  readonly seq?: number;
  readonly error?: { readonly code: string };
}

/** A promotion ends well, or by giving way to a later one of the same tag. */
function outcomeOf({ body }: Answer): { seq: number | undefined; superseded: boolean } {
  const text = body.toString().trim();
  const lines = text.split('\n').map((line) => JSON.parse(line) as PromotionLine);
  const last = lines.at(-1);
  const superseded = last?.event === 'failed' && last.error?.code === 'DENIED';
  if (last?.event !== 'done' && !superseded)
    throw new UnexpectedAnswer(`a promotion went like this: ${text}`);
  return { seq: lines.find(({ event }) => event === 'published')?.seq, superseded };
}

/** Build systems, release engineers and users at work, until the registry is killed under their hands. */
export class Load {
  /** How many requests of each kind are under way. */
  readonly inFlight: Record<Activity, number> = { upload: 0, manifest: 0, promotion: 0, pull: 0 };
  /** Tags that someone tried to move. */
  readonly touched = new Set<string>();
  /** What should not have happened, even so. */
  readonly problems: Error[] = [];
  readonly uploader: Uploader;
  readonly #client: Client;
  readonly #world: World;
  readonly #mirror: MirrorCheck;
  readonly #workers: Promise<void>[];
  #killed = false;

  constructor(client: Client, world: World, mirror: MirrorCheck) {
    this.#client = client;
    this.#world = world;
    this.#mirror = mirror;
    this.uploader = new Uploader(client);
    const steps = [this.#build, this.#build, this.#promote, this.#promote, this.#pull];
    this.#workers = steps.map((step) => this.#repeat(step.bind(this)));
  }

  /** The process was just sent SIGKILL: from now on connections may break. Returns when every client has noticed. */
  async endWithKill(): Promise<void> {
    this.#killed = true;
    await Promise.all(this.#workers);
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#killed)
      try {
        await step();
        await sleep(this.#world.random.int(0, PAUSE_MAX_MS));
      } catch (error) {
        if (!this.#killed || error instanceof UnexpectedAnswer) this.problems.push(error as Error);
        return;
      }
  }

  /** Builds an image and pushes it as clients do: blobs side by side, then manifests, the tagged one last. */
  async #build(): Promise<void> {
    const { random, bases } = this.#world;
    const base = random.pick(bases);
    if (!base) throw new Error('there is no base layer');
    const image = makeImage(random, base, random.chance(0.2));
    await all(image.blobs.map((blob) => this.#pushBlob(blob)));
    for (const child of image.children) await this.#putManifest(child);
    const tag = this.#world.nextBuild();
    await this.#tag(image, tag);
    const blobs = image.blobs.map(({ digest, size }) => ({ digest, sizeBytes: size }));
    this.#world.candidates.push({ tag, digest: image.top.digest, blobs });
    if (random.chance(0.3)) await this.#tag(image, 'edge');
  }

  async #pushBlob(blob: Content): Promise<void> {
    const style = this.#world.random.pick(STYLES) ?? 'patch';
    await this.#during('upload', async () => {
      const path = `/v2/${CANDIDATES}/blobs/${blob.digest}`;
      const asked = await this.#client.expect([200, 404], 'HEAD', path);
      if (asked.status === 404) await this.uploader.push(CANDIDATES, blob, style);
    });
  }

  async #tag(image: Bundle, tag: string): Promise<void> {
    const move = this.#beginMove(`${CANDIDATES}:${tag}`, image.top.digest);
    await this.#putManifest(image.top, tag);
    move.acknowledge();
  }

  async #putManifest({ bytes, digest, mediaType }: Content, reference = digest): Promise<void> {
    const headers = { 'content-type': mediaType };
    const path = `/v2/${CANDIDATES}/manifests/${reference}`;
    await this.#during('manifest', () => this.#client.expect(201, 'PUT', path, { headers, body: bytes }));
  }

  async #promote(): Promise<void> {
    const { random, candidates } = this.#world;
    const candidate = random.pick(candidates.slice(-RECENT));
    if (!candidate) return;
    const tags = random.chance(0.5) ? ['latest', candidate.tag] : [candidate.tag, 'latest'];
    for (const tag of tags) {
      await this.#promoteTo(candidate, tag);
      // Who waits for a release comes at once, while the mirrors are still behind.
      await this.#during('pull', () => all(candidate.blobs.map((blob) => this.#pullStable(blob))));
    }
  }

  async #promoteTo(candidate: Candidate, tag: string): Promise<void> {
    const { digest, blobs } = candidate;
    const move = this.#beginMove(`${STABLE}:${tag}`, digest);
    const waitMirrors = this.#world.random.chance(0.1) ? 1 : 0;
    const body = { source: `${CANDIDATES}:${candidate.tag}`, target: `${STABLE}:${tag}`, waitMirrors };
    const { seq, superseded } = await this.#during('promotion', async () =>
      outcomeOf(
        await this.#client.expect(200, 'POST', '/api/v1/promotions', {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      ),
    );
    this.#world.publications.push({ seq, digest });
    for (const blob of blobs) this.#world.promoted.set(blob.digest, blob);
    if (superseded) move.withdraw();
    else move.acknowledge();
  }

  async #pull(): Promise<void> {
    const blob = this.#world.random.pick([...this.#world.promoted.values()].slice(-50));
    if (blob) await this.#during('pull', () => this.#pullStable(blob));
  }

  #pullStable(blob: BlobFacts): Promise<void> {
    return this.#mirror.pull(this.#client, STABLE, blob);
  }

  #beginMove(name: string, digest: string): Move {
    this.touched.add(name);
    return this.#world.beginMove(name, digest);
  }

  async #during<T>(activity: Activity, act: () => Promise<T>): Promise<T> {
    this.inFlight[activity]++;
    try {
      return await act();
    } finally {
      this.inFlight[activity]--;
    }
  }
}
