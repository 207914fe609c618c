import { type Algorithm, digestBy } from './digest.ts';

export const MEDIA_TYPES = {
  image: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerImage: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** An OCI descriptor, as it is written in a manifest. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * A blob or a manifest: its descriptor, which knows the bytes. It can be put into a manifest as it is, with more members
 * or without, because neither JSON nor a spread copies the bytes.
 */
export class Content implements Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, mediaType: string = MEDIA_TYPES.layer, algorithm: Algorithm = 'sha256') {
    this.mediaType = mediaType;
    this.digest = digestBy(algorithm, bytes);
    this.size = bytes.length;
    this.#bytes = bytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}

/** The config of an artifact, which has none of its own. */
export const EMPTY_CONFIG = new Content(Buffer.from('{}'), MEDIA_TYPES.empty);

/** A manifest or index of any type, with these members. */
export function manifestOf(mediaType: string, members: object): Content {
  return new Content(manifestBytes(mediaType, members), mediaType);
}

/** What an image or an artifact is made of, and other members such as `subject` and `annotations`. */
export interface ImageMembers<Blob extends Descriptor = Descriptor> {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly [member: string]: unknown;
}

/** The manifest of an image or an artifact, which knows its blobs: by their descriptors, or as contents. */
export class Image<Blob extends Descriptor = Descriptor> extends Content {
  readonly #config: Blob;
  readonly #layers: readonly Blob[];

  constructor({ config, layers, ...more }: ImageMembers<Blob>, mediaType: string = MEDIA_TYPES.image) {
    super(manifestBytes(mediaType, { config, layers, ...more }), mediaType);
    this.#config = config;
    this.#layers = layers;
  }

  get config(): Blob {
    return this.#config;
  }

  get layers(): readonly Blob[] {
    return this.#layers;
  }

  get blobs(): readonly Blob[] {
    return [this.#config, ...this.#layers];
  }
}

function manifestBytes(mediaType: string, members: object): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...members }));
}
