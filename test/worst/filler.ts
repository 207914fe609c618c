import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest, Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { RepositoryName, Tag } from '../../services/registry/oci/names.ts';
import {
  blobDataKey,
  layerLinkKey,
  publicationKey,
  publicationNumberKey,
  referrerKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
} from '../../services/registry/storage/layout.ts';
import { bytesOf } from '../support/bytes.ts';
import { Content, type Descriptor, EMPTY_CONFIG, Image } from '../support/image.ts';

const DEFAULT_COLLECTION = 'default';

/** Fills a file store with more than could be pushed in the time that a test has. */
export class Filler {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Writes an object as it is. */
  put(key: string, bytes: string | Buffer): void {
    const path = join(this.#root, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }

  /** A blob of a repository; named by `named` too, where that is another algorithm's digest. */
  blob(name: string, content: Content): Content {
    const digest = canonicalOf(content);
    this.put(blobDataKey(digest), content.bytes);
    this.put(layerLinkKey(name as RepositoryName, content.digest as Digest), digest);
    this.put(layerLinkKey(name as RepositoryName, digest), digest);
    return content;
  }

  /** Small blobs that are all different. */
  blobs(name: string, label: string, count: number): Content[] {
    return Array.from({ length: count }, (_, i) =>
      this.blob(name, new Content(bytesOf(`${label} ${i}`, 64))),
    );
  }

  manifest<Manifest extends Content>(
    name: string,
    manifest: Manifest,
    tags: readonly string[] = [],
  ): Manifest {
    const digest = canonicalOf(manifest);
    this.put(blobDataKey(digest), manifest.bytes);
    this.put(revisionLinkKey(name as RepositoryName, digest), digest);
    for (const tag of tags) this.tag(name, tag, manifest);
    return manifest;
  }

  /** Artifacts that are all different, with the config that artifacts have. */
  artifacts(
    name: string,
    label: string,
    count: number,
    more: Readonly<Record<string, unknown>> = {},
  ): Image[] {
    const config = this.blob(name, EMPTY_CONFIG);
    return Array.from({ length: count }, (_, i) =>
      this.manifest(name, new Image({ config, layers: [], annotations: { n: `${label} ${i}` }, ...more })),
    );
  }

  tag(name: string, tag: string, { digest }: Descriptor): void {
    const place = [name as RepositoryName, tag as Tag] as const;
    this.put(tagCurrentKey(...place), digest);
    this.tagHistory(name, tag, digest);
  }

  /** Records that a tag has named something. */
  tagHistory(name: string, tag: string, digest: string): void {
    this.put(tagIndexKey(name as RepositoryName, tag as Tag, digest as Digest), digest);
  }

  /** Records that a manifest names another as its subject. */
  referrer(
    name: string,
    subject: Descriptor,
    { digest, mediaType, size }: Descriptor,
    more: object = {},
  ): void {
    const key = referrerKey(name as RepositoryName, subject.digest as Digest, digest as Digest);
    this.put(key, JSON.stringify({ mediaType, size, ...more }));
  }

  /** An entry of the publication log. */
  publication(seq: number, manifest: Descriptor, blobs: readonly Descriptor[]): void {
    const published = blobs.map(({ digest, size }) => ({ digest, sizeBytes: size }));
    for (const { digest } of blobs)
      this.put(publicationNumberKey(DEFAULT_COLLECTION, digest as Sha256Digest), String(seq));
    const entry = {
      ...{ version: 1, seq, time: new Date(0).toISOString(), actor: 'rita', kind: 'promotion' },
      source: { repository: 'candidate/published', reference: String(seq) },
      target: { repository: 'stable/published', tag: String(seq) },
      manifestDigest: manifest.digest,
      collections: { [DEFAULT_COLLECTION]: published },
    };
    this.put(publicationKey(seq), JSON.stringify(entry));
  }
}

function canonicalOf({ bytes }: Content): Sha256Digest {
  return new Content(bytes).digest as Sha256Digest;
}
