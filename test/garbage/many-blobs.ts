import { digestOf } from '../../services/registry/oci/digest.ts';
import type { RepositoryName, Tag } from '../../services/registry/oci/names.ts';
import {
  blobDataKey,
  layerLinkKey,
  publicationNumberKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
} from '../../services/registry/storage/layout.ts';

const REPOSITORIES = 500;
const LAYERS = 2;

/** How many there are of each. */
export interface Counts {
  readonly blobs: number;
  /** Each of a manifest, a config and {@link LAYERS} layers. */
  readonly images: number;
  /** Blobs that a repository has links to and no manifest names: 1 in 100. */
  readonly garbage: number;
}

/** What so many blobs, a multiple of 400, are made of. */
export function countsOf(blobs: number): Counts {
  const garbage = blobs / 100;
  return { blobs, images: (blobs - garbage) / (LAYERS + 2), garbage };
}

/** Every object of so many blobs in 500 repositories: keys and contents. */
export function* manyBlobs({ images, garbage }: Counts): Generator<readonly [string, string]> {
  for (let i = 0; i < images; i++) {
    const name = `candidate/part-${i % 7}/app-${i % REPOSITORIES}` as RepositoryName;
    const config = yield* blob(name, `config ${i}`);
    const layers = [];
    for (let at = 0; at < LAYERS; at++) layers.push(yield* blob(name, `layer ${i} ${at}`));
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'a/b', config, layers });
    const digest = digestOf(Buffer.from(manifest));
    const tag = `build-${i}` as Tag;
    yield [blobDataKey(digest), manifest];
    yield [revisionLinkKey(name, digest), digest];
    yield [tagCurrentKey(name, tag), digest];
    yield [tagIndexKey(name, tag, digest), digest];
    if (i % 10 === 0) yield [publicationNumberKey('default', config.digest), '1'];
  }
  for (let i = 0; i < garbage; i++) yield* blob('candidate/old' as RepositoryName, `garbage ${i}`);
}

function* blob(name: RepositoryName, text: string) {
  const digest = digestOf(Buffer.from(text));
  yield [blobDataKey(digest), text] as const;
  yield [layerLinkKey(name, digest), digest] as const;
  return { mediaType: 'application/octet-stream', digest, size: text.length };
}
