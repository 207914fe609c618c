import type { Content } from '../faults/images.ts';
import { Random } from '../faults/random.ts';
import { MEDIA_TYPES } from '../protocol/pushing.ts';
import { sha256 } from '../support/digest.ts';

const KIB = 1024;
/** Smaller blobs are answered by the node, larger ones by a mirror that holds them. */
const REDIRECTED_KIB = 66;
/** Images are built on layers of so many newest ones; older ones fall out of use, and come back with old images. */
const WINDOW = 40;
const IMAGES_PER_LAYER = 2;
const PLATFORMS = ['amd64', 'arm64'] as const;
const ARTIFACT_TYPE = 'application/vnd.example.signature.v1+json';

/** An image, whole: what is pushed, in this order, and what has to come back. */
export interface Picture {
  readonly id: number;
  /** Configs and layers, each once. */
  readonly blobs: readonly Content[];
  /** Manifests that `top` lists; none for an image of one platform. */
  readonly children: readonly Content[];
  /** What gets the tag. */
  readonly top: Content;
}

/** A manifest that names another one as its subject, with its one blob and the empty config. */
export interface Artifact {
  readonly blobs: readonly Content[];
  readonly manifest: Content;
}

function content(mediaType: string, bytes: Buffer): Content {
  return { bytes, digest: sha256(bytes), mediaType };
}

function json(mediaType: string, value: Readonly<Record<string, unknown>>): Content {
  return content(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, bytes }: Content) {
  return { mediaType, digest, size: bytes.length };
}

const EMPTY = content('application/vnd.oci.empty.v1+json', Buffer.from('{}'));

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
    const platforms = (isIndex ? PLATFORMS : PLATFORMS.slice(0, 1)).map((architecture) =>
      this.#platform(id, architecture),
    );
    const blobs = [
      ...new Map(platforms.flatMap((each) => each.blobs.map((blob) => [blob.digest, blob]))).values(),
    ];
    const manifests = platforms.map(({ manifest }) => manifest);
    const [only] = manifests;
    if (!isIndex && only) return { id, blobs, children: [], top: only };
    const listed = manifests.map((manifest, i) => ({
      ...descriptor(manifest),
      platform: { architecture: PLATFORMS[i], os: 'linux' },
    }));
    const top = json(MEDIA_TYPES.index, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: listed,
    });
    return { id, blobs, children: manifests, top };
  }

  /** A signature, say, of a manifest. */
  artifact(subject: Content): Artifact {
    const blob = content(ARTIFACT_TYPE, this.#random.bytes(200));
    const manifest = json(MEDIA_TYPES.image, {
      ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.image, artifactType: ARTIFACT_TYPE },
      ...{ config: descriptor(EMPTY), layers: [descriptor(blob)], subject: descriptor(subject) },
    });
    return { blobs: [EMPTY, blob], manifest };
  }

  #platform(id: number, architecture: string): { blobs: Content[]; manifest: Content } {
    const layers: Content[] = [];
    for (let count = this.#random.int(1, 4); count > 0; count--) {
      const layer = this.#random.pick(this.#layers.slice(-WINDOW));
      if (layer && !layers.includes(layer)) layers.push(layer);
    }
    // What only this image has: it goes with it, and comes back with it.
    if (this.#random.chance(0.6)) layers.push(content(MEDIA_TYPES.layer, this.#random.bytes(3 * KIB)));
    const config = json(MEDIA_TYPES.config, {
      ...{ architecture, os: 'linux', author: `image ${id}` },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    });
    const manifest = json(MEDIA_TYPES.image, {
      ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.image },
      ...{ config: descriptor(config), layers: layers.map(descriptor) },
    });
    return { blobs: [...layers, config], manifest };
  }

  #layer(): Content {
    const isLarge = this.#random.chance(0.3);
    const sizeKib = isLarge ? this.#random.int(REDIRECTED_KIB, 150) : this.#random.int(1, 30);
    return content(MEDIA_TYPES.layer, this.#random.bytes(sizeKib * KIB));
  }
}
