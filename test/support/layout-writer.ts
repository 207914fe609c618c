import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from './digest.ts';

const LAYER_MEDIA_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A blob of the layout: a layer or a config. */
export interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** A layer, with the digest of its uncompressed tar that an image's config has to name. */
export interface Layer extends Blob {
  readonly diffId: string;
}

/** Where a layout keeps a blob or manifest. */
export function layoutBlobPath(directory: string, digest: string): string {
  return join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** The OCI descriptor of a blob. */
export function descriptor({ mediaType, digest, sizeBytes }: Blob) {
  return { mediaType, digest, size: sizeBytes };
}

/** Writes the blobs and manifests of an OCI image layout, and remembers the blobs. */
export class LayoutWriter {
  readonly directory: string;
  readonly blobs = new Map<string, Blob>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(directory: string): Promise<LayoutWriter> {
    await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
    return new LayoutWriter(directory);
  }

  async #write(content: Buffer, mediaType: string): Promise<Blob> {
    const digest = sha256(content);
    await writeFile(layoutBlobPath(this.directory, digest), content);
    return { digest, sizeBytes: content.length, mediaType };
  }

  async blob(content: Buffer, mediaType: string): Promise<Blob> {
    const blob = await this.#write(content, mediaType);
    this.blobs.set(blob.digest, blob);
    return blob;
  }

  manifest(value: { mediaType: string; [key: string]: unknown }): Promise<Blob> {
    return this.#write(Buffer.from(JSON.stringify({ schemaVersion: 2, ...value })), value.mediaType);
  }

  async layer(tar: Buffer, gzipLevel: number): Promise<Layer> {
    const blob = await this.blob(gzipSync(tar, { level: gzipLevel }), LAYER_MEDIA_TYPE);
    return { ...blob, diffId: sha256(tar) };
  }
}
