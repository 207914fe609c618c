import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from './digest.ts';
import { Content, type Descriptor } from './image.ts';

/** A layer, with the digest of its uncompressed tar that an image's config has to name. */
export interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Where a layout keeps a blob or manifest. */
export function layoutBlobPath(directory: string, digest: string): string {
  return join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** Writes an OCI image layout, and remembers its blobs, but not their bytes. */
export class LayoutWriter {
  readonly directory: string;
  readonly blobs = new Map<string, Descriptor>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(directory: string): Promise<LayoutWriter> {
    await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
    return new LayoutWriter(directory);
  }

  async blob(content: Content): Promise<Descriptor> {
    await this.#write(content);
    const blob = { ...content };
    this.blobs.set(blob.digest, blob);
    return blob;
  }

  async manifest<Manifest extends Content>(manifest: Manifest): Promise<Manifest> {
    await this.#write(manifest);
    return manifest;
  }

  async #write({ digest, bytes }: Content): Promise<void> {
    await writeFile(layoutBlobPath(this.directory, digest), bytes);
  }

  async layer(tar: Buffer, gzipLevel: number): Promise<Layer> {
    const descriptor = await this.blob(new Content(gzipSync(tar, { level: gzipLevel })));
    return { descriptor, diffId: sha256(tar) };
  }

  /** Writes what makes a layout of the directory: the manifests by their tags. */
  async finish(tagged: Readonly<Record<string, Descriptor>>): Promise<void> {
    const manifests = Object.entries(tagged).map(([tag, manifest]) => ({
      ...manifest,
      annotations: { 'org.opencontainers.image.ref.name': tag },
    }));
    await writeFile(join(this.directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    await writeFile(join(this.directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  }
}
