import { newBytes } from '../support/bytes.ts';
import { type Algorithm, digestBy } from '../support/digest.ts';
import { type Blob, type Descriptor, layerBytes, type Platform, TYPES } from './content.ts';

/** A manifest to push by its digest, in its turn. */
export interface ManifestItem {
  readonly label: string;
  readonly digest: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly subject: string | undefined;
}

/** Content that belongs together, and what a registry has to say of it once it is pushed. */
export interface DataSet {
  readonly title: string;
  readonly blobs: readonly Blob[];
  /** In the order to push them in. */
  readonly manifests: readonly ManifestItem[];
  readonly tags: readonly { readonly tag: string; readonly manifest: ManifestItem }[];
  /** By the subject's digest: the descriptors that its list of referrers must hold. */
  readonly referrers: ReadonlyMap<string, readonly Descriptor[]>;
  /** How tags are pushed: each by itself, or as `?tag=` of a push by digest. */
  readonly tagging: 'by tag' | 'by parameter';
}

/** What may be said of an image or an index. */
interface ManifestOptions {
  readonly label?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly tags?: readonly string[];
  /** Members that no specification knows. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

interface ImageOptions extends ManifestOptions {
  readonly platform?: Platform;
  readonly config?: Descriptor;
  /** Two gzipped layers unless given. */
  readonly layers?: readonly Descriptor[];
}

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
export const PLATFORMS: readonly Platform[] = [AMD64, { os: 'linux', architecture: 'arm64' }];

/** Puts a data set together. Everything it makes is new, so that no set can profit from another. */
export class DataSetBuilder {
  readonly #title: string;
  readonly #algorithm: Algorithm;
  /** Whether descriptors carry the content itself too. */
  readonly #withData: boolean;
  readonly #blobs = new Map<string, Blob>();
  readonly #manifests: ManifestItem[] = [];
  readonly #tags: { tag: string; manifest: ManifestItem }[] = [];
  readonly #referrers = new Map<string, Descriptor[]>();

  constructor(title: string, { algorithm = 'sha256' as Algorithm, withData = false } = {}) {
    this.#title = title;
    this.#algorithm = algorithm;
    this.#withData = withData;
  }

  /** Adds a blob. */
  blob(label: string, bytes: Buffer, mediaType: string): Descriptor {
    const digest = digestBy(this.#algorithm, bytes);
    if (!this.#blobs.has(digest)) this.#blobs.set(digest, { label, digest, bytes });
    const data = this.#withData ? { data: bytes.toString('base64') } : {};
    return { mediaType, digest, size: bytes.length, ...data };
  }

  /** Adds a layer of a file system. */
  layer(label: string, isGzipped = true): Descriptor {
    return this.blob(label, layerBytes(isGzipped), isGzipped ? TYPES.gzippedLayer : TYPES.layer);
  }

  /** Adds the `{}` that stands where an artifact has nothing to say (image specification, "empty descriptor"). */
  nothing(): Descriptor {
    return this.blob('{}', Buffer.from('{}'), TYPES.nothing);
  }

  /** Adds a config of an image. */
  config(label: string, platform: Platform, extra: Readonly<Record<string, unknown>> = {}): Descriptor {
    const rootfs = { type: 'layers', diff_ids: [] };
    const json = { author: newBytes(8).toString('hex'), ...platform, rootfs, ...extra };
    return this.blob(label, Buffer.from(JSON.stringify(json)), TYPES.config);
  }

  /** Adds an image with its config and layers. */
  image({ platform = AMD64, extra, ...options }: ImageOptions = {}): Descriptor {
    const label = options.label ?? 'image';
    const json = {
      config: options.config ?? this.config(`config of the ${label}`, platform, extra),
      layers: options.layers ?? [1, 2].map((number) => this.layer(`layer ${number} of the ${label}`)),
      ...extra,
    };
    const descriptor = this.#manifest(TYPES.image, json, { ...options, label });
    return { ...descriptor, platform };
  }

  /** Adds an artifact: an image manifest whose one layer is the content. */
  artifact(artifactType: string, options: ManifestOptions = {}): Descriptor {
    const label = options.label ?? 'artifact';
    const layers = [this.blob(`content of the ${label}`, newBytes(2048), artifactType)];
    return this.image({ ...options, label, artifactType, config: this.nothing(), layers });
  }

  /** Adds an index of manifests that were added before. */
  index(manifests: readonly Descriptor[], options: ManifestOptions = {}): Descriptor {
    const { extra, ...others } = options;
    return this.#manifest(TYPES.index, { manifests, ...extra }, { label: 'index', ...others });
  }

  /** Adds an image for each platform, and an index of them. */
  multiPlatform(options: ManifestOptions = {}, imageOptions: ImageOptions = {}): Descriptor {
    const within = options.label === undefined ? '' : ` of the ${options.label}`;
    const images = PLATFORMS.map((platform) =>
      this.image({ ...imageOptions, platform, label: `${platform.architecture} image${within}` }),
    );
    return this.index(images, options);
  }

  /** Has a manifest pushed after all that were added so far. */
  pushLast({ digest }: Descriptor): void {
    const at = this.#manifests.findIndex((manifest) => manifest.digest === digest);
    this.#manifests.push(...this.#manifests.splice(at, 1));
  }

  /** Leaves a blob or a manifest out that others name. */
  leaveOut({ digest }: Descriptor): void {
    this.#blobs.delete(digest);
    const at = this.#manifests.findIndex((manifest) => manifest.digest === digest);
    if (at !== -1) this.#manifests.splice(at, 1);
  }

  /** The set as it was put together. */
  build(tagging: DataSet['tagging'] = 'by tag'): DataSet {
    return {
      title: this.#title,
      blobs: [...this.#blobs.values()],
      manifests: this.#manifests,
      tags: this.#tags,
      referrers: this.#referrers,
      tagging,
    };
  }

  #manifest(mediaType: string, members: Record<string, unknown>, options: ManifestOptions): Descriptor {
    const { label = '', artifactType, annotations, subject, tags = [] } = options;
    const json = {
      ...{ schemaVersion: 2, mediaType },
      ...(artifactType !== undefined && { artifactType }),
      ...members,
      ...(subject && {
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      }),
      ...(annotations && { annotations }),
    };
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = digestBy(this.#algorithm, bytes);
    const manifest = { label, digest, bytes, mediaType, subject: subject?.digest };
    this.#manifests.push(manifest);
    this.#tags.push(...tags.map((tag) => ({ tag, manifest })));
    const descriptor = { mediaType, digest, size: bytes.length };
    if (subject) {
      // "Listing Referrers": an image without an artifactType has its config's media type, an index has none.
      const type = artifactType ?? (members['config'] as Descriptor | undefined)?.mediaType;
      const listed = {
        ...descriptor,
        ...(type !== undefined && { artifactType: type }),
        ...(annotations && { annotations }),
      };
      this.#referrers.set(subject.digest, [...(this.#referrers.get(subject.digest) ?? []), listed]);
    }
    return descriptor;
  }
}
