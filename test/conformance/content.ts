import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Algorithm, digestBy } from '../support/digest.ts';
import { makeTar } from '../support/tar.ts';

export const TYPES = {
  image: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  gzippedLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  heldBackLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  gzippedHeldBackLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  nothing: 'application/vnd.oci.empty.v1+json',
  bytes: 'application/octet-stream',
  sbom: 'application/vnd.example.sbom.v1',
  signature: 'application/vnd.example.signature.v1',
} as const;

/** Bytes that no registry has. */
export function newBytes(sizeBytes: number): Buffer {
  return randomBytes(sizeBytes);
}

/** A reference to content (OCI image specification, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** A blob to push. */
export interface Blob {
  /** What it is to the manifest that names it, as tests call it. */
  readonly label: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A blob of new bytes. */
export function newBlob(label: string, sizeBytes: number, algorithm: Algorithm): Blob {
  const bytes = newBytes(sizeBytes);
  return { label, bytes, digest: digestBy(algorithm, bytes) };
}

/** A layer of one new file. */
export function layerBytes(isGzipped: boolean): Buffer {
  const tar = makeTar([{ name: 'hello.txt', content: Buffer.from(randomBytes(32).toString('hex')) }]);
  return isGzipped ? gzipSync(tar) : tar;
}
