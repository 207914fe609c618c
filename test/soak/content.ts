import { Random } from '../faults/random.ts';
import { Content, type Descriptor, EMPTY_CONFIG, Image } from '../support/image.ts';
import { type Bundle, bundleOf, configOf } from '../support/platforms.ts';

const KIB = 1024;
/** Smaller blobs are answered by the node, larger ones by a mirror that holds them. */
const REDIRECTED_KIB = 66;
/** Images are built on layers of so many newest ones; older ones fall out of use, and come back with old images. */
const WINDOW = 40;
const IMAGES_PER_LAYER = 2;
const ARTIFACT_TYPE = 'application/vnd.example.signature.v1+json';

/** An image, whole: what is pushed, in this order, and what has to come back. */
export interface Picture extends Bundle {
  readonly id: number;
}

/** Makes images that share layers with those made shortly before. */
export class Factory {
  readonly #random: Random;
  readonly #layers: Content[] = [];
  #made = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  picture(): Picture {
    const id = ++this.#made;
    while (this.#layers.length < WINDOW + id / IMAGES_PER_LAYER) this.#layers.push(this.#layer());
    const isIndex = this.#random.chance(0.25);
    const amd64 = this.#platform(id, 'amd64');
    return { id, ...bundleOf({ amd64, ...(isIndex && { arm64: this.#platform(id, 'arm64') }) }) };
  }

  /** A signature, say, of a manifest. */
  artifact(subject: Descriptor): Image<Content> {
    const layers = [new Content(this.#random.bytes(200), ARTIFACT_TYPE)];
    return new Image({ artifactType: ARTIFACT_TYPE, config: EMPTY_CONFIG, layers, subject });
  }

  #platform(id: number, architecture: string): Image<Content> {
    const layers: Content[] = [];
    for (let count = this.#random.int(1, 4); count > 0; count--) {
      const layer = this.#random.pick(this.#layers.slice(-WINDOW));
      if (layer && !layers.includes(layer)) layers.push(layer);
    }
    // What only this image has: it goes with it, and comes back with it.
    if (this.#random.chance(0.6)) layers.push(new Content(this.#random.bytes(3 * KIB)));
    const diffIds = layers.map(({ digest }) => digest);
    return new Image({ config: configOf(architecture, diffIds, { author: `image ${id}` }), layers });
  }

  #layer(): Content {
    const isLarge = this.#random.chance(0.3);
    const sizeKib = isLarge ? this.#random.int(REDIRECTED_KIB, 150) : this.#random.int(1, 30);
    return new Content(this.#random.bytes(sizeKib * KIB));
  }
}
